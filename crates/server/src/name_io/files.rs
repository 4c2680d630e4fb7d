//! What this machine says of names by itself: the servers to ask, and host names that need no question.

use sip::locate::{Answer, Kind, Question, Record};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// How often is looked whether a file changed.
const LOOK: Duration = Duration::from_secs(5);
/// The most of a file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;
/// The most servers that are asked (resolv.conf(5)).
const MAX_SERVERS: usize = 3;
/// The most host names that are kept.
const MAX_HOSTS: usize = 10_000;
/// For how long an entry is true, in seconds.
const TTL: u32 = 60;

/// Both files, as they were when last looked at.
pub struct Files {
    /// Whether the servers were given, not read.
    fixed: bool,
    servers: Arc<[SocketAddr]>,
    resolv_conf: Watched,
    hosts_file: Watched,
    hosts: BTreeMap<String, Vec<IpAddr>>,
    looked: Option<Instant>,
}

struct Watched {
    path: PathBuf,
    changed: Option<SystemTime>,
}

impl Watched {
    /// The text of the file if it changed since the last time; a file that cannot be read is an empty one.
    fn read(&mut self) -> Option<String> {
        let changed =
            std::fs::metadata(&self.path).and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        if self.changed == Some(changed) {
            return None;
        }
        self.changed = Some(changed);
        Some(read(&self.path).unwrap_or_default())
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Files {
    /// `servers` are asked if there are any, else those of `resolv_conf`.
    pub fn new(servers: Vec<SocketAddr>, resolv_conf: PathBuf, hosts: PathBuf) -> Files {
        Files {
            fixed: !servers.is_empty(),
            servers: servers.into(),
            resolv_conf: Watched { path: resolv_conf, changed: None },
            hosts_file: Watched { path: hosts, changed: None },
            hosts: BTreeMap::new(),
            looked: None,
        }
    }

    /// Looks whether a file changed, now and then.
    pub fn refresh(&mut self, now: Instant) {
        if self.looked.is_some_and(|at| now.saturating_duration_since(at) < LOOK) {
            return;
        }
        self.looked = Some(now);
        if !self.fixed {
            if let Some(text) = self.resolv_conf.read() {
                self.servers = servers(&text);
            }
        }
        if let Some(text) = self.hosts_file.read() {
            self.hosts = hosts(&text);
        }
    }

    /// The servers to ask, in their order.
    pub fn servers(&self) -> Arc<[SocketAddr]> {
        self.servers.clone()
    }

    /// The answer for a host name that needs no question.
    pub fn host(&self, question: &Question) -> Option<Answer> {
        let v4 = match question.kind {
            Kind::A => true,
            Kind::Aaaa => false,
            Kind::Naptr | Kind::Srv => return None,
        };
        let all = self.hosts.get(&question.name)?.iter().filter(|ip| ip.is_ipv4() == v4);
        let records: Vec<Record> = all.map(|ip| Record::Address(*ip)).collect();
        Some(if records.is_empty() {
            Answer::Nothing { ttl: TTL }
        } else {
            Answer::Found { records, ttl: TTL }
        })
    }
}

/// The lines `nameserver`; this machine itself if there is none (resolv.conf(5)).
fn servers(text: &str) -> Arc<[SocketAddr]> {
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let is_server = words.next() == Some("nameserver");
        words.next().filter(|_| is_server)?.parse::<IpAddr>().ok()
    });
    let found: Vec<SocketAddr> = lines.take(MAX_SERVERS).map(|ip| SocketAddr::new(ip, 53)).collect();
    if found.is_empty() { Arc::from([SocketAddr::from((Ipv4Addr::LOCALHOST, 53))]) } else { found.into() }
}

/// Lines of an address and its names (hosts(5)).
fn hosts(text: &str) -> BTreeMap<String, Vec<IpAddr>> {
    let mut found: BTreeMap<String, Vec<IpAddr>> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        let Some(ip) = words.next().and_then(|w| w.parse::<IpAddr>().ok()) else { continue };
        for name in words.map(str::to_ascii_lowercase) {
            if found.len() < MAX_HOSTS || found.contains_key(&name) {
                let list = found.entry(name).or_default();
                if list.len() < 32 && !list.contains(&ip) {
                    list.push(ip);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_as_the_system_does() {
        let list = |text: &str| servers(text).iter().map(ToString::to_string).collect::<Vec<_>>();
        let text = "# x\nsearch a b\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 \nnameserver x\n;nameserver 1.1.1.1\n\
             nameserver fe80::1%eth0\nnameserver 192.0.2.2\nnameserver 192.0.2.3\noptions edns0";
        assert_eq!(list(text), ["192.0.2.1:53", "[2001:db8::1]:53", "192.0.2.2:53"]);
        assert_eq!(list("nameserver\n"), ["127.0.0.1:53"]);
    }

    #[test]
    fn hosts_answer_for_their_addresses_only() {
        let dir = tempfile::tempdir().unwrap();
        let (resolv, path) = (dir.path().join("none"), dir.path().join("hosts"));
        std::fs::write(
            &path,
            "192.0.2.7 PBX.example pbx # old.example\n2001:db8::7 six\n192.0.2.8 pbx\nx y\n",
        )
        .unwrap();
        let mut files = Files::new(Vec::new(), resolv, path.clone());
        let now = Instant::now();
        files.refresh(now);
        assert_eq!(files.servers().len(), 1);
        let ask = |files: &Files, name: &str, kind| files.host(&Question { name: name.into(), kind });
        let found = |ips: &[&str]| Answer::Found {
            records: ips.iter().map(|ip| Record::Address(ip.parse().unwrap())).collect(),
            ttl: 60,
        };
        assert_eq!(ask(&files, "pbx", Kind::A), Some(found(&["192.0.2.7", "192.0.2.8"])));
        assert_eq!(ask(&files, "pbx.example", Kind::A), Some(found(&["192.0.2.7"])));
        assert_eq!(ask(&files, "pbx", Kind::Aaaa), Some(Answer::Nothing { ttl: 60 }));
        assert_eq!(ask(&files, "six", Kind::Aaaa), Some(found(&["2001:db8::7"])));
        assert_eq!(ask(&files, "old.example", Kind::A), None);
        assert_eq!(ask(&files, "y", Kind::A), None);
        assert_eq!(ask(&files, "pbx", Kind::Srv), None);
        // Looked at again after a while, and only if it changed.
        std::fs::write(&path, "192.0.2.9 pbx\n").unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() + Duration::from_secs(9)).unwrap();
        files.refresh(now + Duration::from_secs(4));
        assert_eq!(ask(&files, "pbx", Kind::A), Some(found(&["192.0.2.7", "192.0.2.8"])));
        files.refresh(now + Duration::from_secs(5));
        assert_eq!(ask(&files, "pbx", Kind::A), Some(found(&["192.0.2.9"])));
    }
}
