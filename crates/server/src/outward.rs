//! Requests to other systems whose addresses tenants chose: bounded in time and size, never redirected, and kept away from
//! what is not meant for them.
//!
//! A name is resolved here, its addresses are checked, and the connection goes to an address that was checked; nobody
//! resolves again in between (server-side request forgery by DNS rebinding). Proxies of the environment are not used,
//! because what they resolve could not be checked.

use crate::trusted::Trusted;
use redact::Secret;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

/// The largest head of an answer, in bytes.
const HEAD: usize = 16 * 1024;

/// Who asks; stands in User-Agent.
const PRODUCT: &str = concat!("Switchroom/", env!("CARGO_PKG_VERSION"));

/// How to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET, without a body.
    Get,
    /// POST, with a body of JSON.
    Post,
}

/// A request.
pub struct Outgoing<'a> {
    /// How.
    pub method: Method,
    /// Where: `http://` or `https://`.
    pub url: &'a str,
    /// Further headers.
    pub headers: &'a [(String, Secret<String>)],
    /// The body of a POST.
    pub body: &'a [u8],
    /// How long all of it may take, the name's resolution included.
    pub time_out: Duration,
    /// The largest body of an answer, in bytes.
    pub max_bytes: usize,
    /// Whether private networks and this machine may be asked.
    pub allow_private: bool,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Incoming {
    /// HTTP status. A redirection is an answer like any other and is not followed.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The address is none, or none that may be asked.
    Forbidden,
    /// The name is not known.
    Unknown,
    /// It took too long.
    TimedOut,
    /// The answer is larger than it may be.
    TooLarge,
    /// The connection failed or broke, or what came was not HTTP.
    Unreachable,
    /// TLS failed: the certificate is not right.
    NotTrusted,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoAnswer::Forbidden => {
                "its address is private or of no use on the internet, and may not be asked"
            }
            NoAnswer::Unknown => "its name is not known",
            NoAnswer::TimedOut => "it took too long",
            NoAnswer::TooLarge => "its answer is too large",
            NoAnswer::Unreachable => "it could not be reached",
            NoAnswer::NotTrusted => "its certificate is not trusted",
        })
    }
}

/// Asks other systems. Cheap to clone; connections are kept for the next request.
#[derive(Clone)]
pub struct Outward {
    public: Agent,
    private: Agent,
}

impl Outward {
    /// With the certificate authorities of the web (Mozilla's list).
    #[cfg(test)]
    pub fn new() -> Outward {
        Outward::trusting(&Trusted::default())
    }

    /// With these certificate authorities.
    pub fn trusting(trusted: &Trusted) -> Outward {
        Outward { public: agent_trusting(false, trusted), private: agent_trusting(true, trusted) }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`NoAnswer`]
    pub fn ask(&self, what: &Outgoing<'_>) -> Result<Incoming, NoAnswer> {
        let agent = if what.allow_private { &self.private } else { &self.public };
        let mut answer = match what.method {
            Method::Get => {
                let mut request = agent.get(what.url);
                for (name, value) in what.headers {
                    request = request.header(name, value.expose_secret());
                }
                request.config().timeout_global(Some(what.time_out)).build().call()
            }
            Method::Post => {
                let mut request = agent.post(what.url).header("Content-Type", "application/json");
                for (name, value) in what.headers {
                    request = request.header(name, value.expose_secret());
                }
                request.config().timeout_global(Some(what.time_out)).build().send(what.body)
            }
        }
        .map_err(reason)?;
        let status = answer.status().as_u16();
        let body =
            answer.body_mut().with_config().limit(what.max_bytes as u64).read_to_vec().map_err(reason)?;
        Ok(Incoming { status, body })
    }
}

/// A client that asks only addresses that may be asked, follows no redirects and bounds the head of what it reads.
pub fn agent(allow_private: bool) -> Agent {
    agent_trusting(allow_private, &Trusted::default())
}

fn agent_trusting(allow_private: bool, trusted: &Trusted) -> Agent {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ureq::tls::TlsConfig::builder()
        .unversioned_rustls_crypto_provider(provider)
        .root_certs(trusted.for_http())
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .max_response_header_size(HEAD)
        .user_agent(PRODUCT)
        .build();
    Agent::with_parts(
        config,
        DefaultConnector::default(),
        Checked { allow_private, by: DefaultResolver::default() },
    )
}

/// Why there is no answer, in words of ours.
pub fn reason(e: Error) -> NoAnswer {
    match e {
        Error::Timeout(_) | Error::BodyStalled => NoAnswer::TimedOut,
        Error::HostNotFound => NoAnswer::Unknown,
        Error::BodyExceedsLimit(_) | Error::LargeResponseHeader(..) => NoAnswer::TooLarge,
        Error::BadUri(_) => NoAnswer::Forbidden,
        Error::Rustls(_) | Error::Tls(_) | Error::TlsRequired => NoAnswer::NotTrusted,
        Error::Other(e) if e.is::<Refused>() => NoAnswer::Forbidden,
        Error::Io(e) => match e.kind() {
            std::io::ErrorKind::TimedOut => NoAnswer::TimedOut,
            // rustls speaks through an I/O error while it shakes hands.
            std::io::ErrorKind::InvalidData => NoAnswer::NotTrusted,
            _ if e.to_string().contains("failed to lookup") => NoAnswer::Unknown,
            _ => NoAnswer::Unreachable,
        },
        _ => NoAnswer::Unreachable,
    }
}

/// Resolves names and gives only addresses that may be asked.
#[derive(Debug)]
struct Checked {
    allow_private: bool,
    by: DefaultResolver,
}

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no address that may be asked")
    }
}

impl std::error::Error for Refused {}

impl Resolver for Checked {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        crate::attest::contacted::note(uri.host().unwrap_or_default());
        let found = self.by.resolve(uri, config, timeout)?;
        let mut good = self.empty();
        for addr in found.iter().filter(|a| may_be_asked(a.ip(), self.allow_private)) {
            good.push(*addr);
        }
        match good.is_empty() {
            true => Err(Error::Other(Box::new(Refused))),
            false => Ok(good),
        }
    }
}

/// Whether an address may be asked: one of the public internet, or, where that is allowed, of a private network or of
/// this machine. Link-local addresses, where clouds keep the keys of machines, never are.
pub fn may_be_asked(ip: IpAddr, allow_private: bool) -> bool {
    match ip {
        IpAddr::V4(ip) => v4(ip, allow_private),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => v4(ip, allow_private),
            None => v6(ip, allow_private),
        },
    }
}

// IANA IPv4 Special-Purpose Address Registry (RFC 6890 and its updates).
fn v4(ip: Ipv4Addr, allow_private: bool) -> bool {
    match ip.octets() {
        // This machine, private networks (RFC 1918), shared addresses of providers (RFC 6598).
        [127 | 10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => allow_private,
        // "This network", link-local, multicast, reserved and broadcast.
        [0, ..] | [169, 254, ..] | [224..=255, ..] => false,
        // Protocol assignments, documentation, relays of 6to4, benchmarks.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => {
            false
        }
        _ => true,
    }
}

// IANA IPv6 Special-Purpose Address Registry: only global unicast is public, and not all of that.
fn v6(ip: Ipv6Addr, allow_private: bool) -> bool {
    if ip.is_loopback() || ip.is_unique_local() {
        return allow_private;
    }
    match ip.segments() {
        // Protocol assignments with Teredo, 6to4 (both carry IPv4 addresses within), documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::sync::mpsc::{Receiver, channel};

    /// A receiver on this machine: gives what came, and says what `answer` makes of it. It ends with the test.
    pub fn receiver(
        answer: impl Fn(&str, &mut TcpStream) + Send + 'static,
    ) -> (SocketAddr, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (tx, rx) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let request = read_request(&mut stream);
                answer(&request, &mut stream);
                if tx.send(request).is_err() {
                    return;
                }
            }
        });
        (addr, rx)
    }

    /// An answer with a status and a body, on a connection that is closed after it.
    pub fn say(stream: &mut TcpStream, status: &str, body: &str) {
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        let _ = stream.write_all((head + body).as_bytes());
    }

    fn read_request(stream: &mut TcpStream) -> String {
        let mut got = Vec::new();
        let mut buffer = [0; 4_096];
        loop {
            let text = String::from_utf8_lossy(&got).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|l| {
                        l.to_lowercase().strip_prefix("content-length:").map(|n| n.trim().to_string())
                    })
                    .map_or(0, |n| n.parse::<usize>().unwrap());
                if body.len() >= length {
                    return text;
                }
            }
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => return text,
                Ok(n) => got.extend_from_slice(&buffer[..n]),
            }
        }
    }

    fn ask(url: &str, allow_private: bool) -> Result<Incoming, NoAnswer> {
        Outward::new().ask(&Outgoing {
            method: Method::Get,
            url,
            headers: &[("X-Key".into(), Secret::new("k1".into()))],
            body: &[],
            time_out: Duration::from_millis(1_500),
            max_bytes: 1_000,
            allow_private,
        })
    }

    #[test]
    fn only_addresses_of_the_internet_are_asked() {
        let cases = [
            ("8.8.8.8", true, true),
            ("100.63.255.255", true, true),
            ("172.32.0.1", true, true),
            ("2606:4700::1111", true, true),
            ("127.0.0.1", false, true),
            ("10.1.2.3", false, true),
            ("172.16.0.1", false, true),
            ("192.168.1.1", false, true),
            ("100.64.0.1", false, true),
            ("::1", false, true),
            ("fd00::1", false, true),
            ("::ffff:10.0.0.1", false, true),
            ("::ffff:8.8.8.8", true, true),
            ("169.254.169.254", false, false),
            ("::ffff:169.254.169.254", false, false),
            ("0.0.0.0", false, false),
            ("192.0.2.1", false, false),
            ("198.51.100.1", false, false),
            ("203.0.113.1", false, false),
            ("198.18.0.1", false, false),
            ("224.0.0.1", false, false),
            ("255.255.255.255", false, false),
            ("::", false, false),
            ("fe80::1", false, false),
            ("ff02::1", false, false),
            ("2001:db8::1", false, false),
            ("2001::1", false, false),
            ("2002:a00:1::", false, false),
            ("64:ff9b::a00:1", false, false),
            ("::10.0.0.1", false, false),
            ("fec0::1", false, false),
        ];
        for (ip, public, private) in cases {
            let addr = ip.parse().unwrap();
            assert_eq!((may_be_asked(addr, false), may_be_asked(addr, true)), (public, private), "{ip}");
        }
    }

    #[test]
    fn names_and_numbers_of_this_machine_are_refused_unless_allowed() {
        let (addr, got) = receiver(|_, s| say(s, "200 OK", "hello"));
        let port = addr.port();
        // 2130706433 and 0x7f000001 are other ways to write 127.0.0.1.
        for host in ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]"] {
            let refused = ask(&format!("http://{host}:{port}/"), false).map(|a| a.status);
            assert_eq!(refused, Err(NoAnswer::Forbidden), "{host}");
        }
        assert!(got.try_recv().is_err(), "nobody was asked");
        let answer = ask(&format!("http://127.0.0.1:{port}/x"), true).unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, b"hello".as_slice()));
        let request = got.recv().unwrap().to_lowercase();
        assert!(request.starts_with("get /x ") && request.contains("x-key: k1"), "{request}");
        for url in ["ftp://127.0.0.1/", "file:///etc/passwd", "nonsense", ""] {
            assert!(ask(url, true).is_err(), "{url}");
        }
    }

    #[test]
    fn redirects_giants_and_silence_are_not_followed_read_or_waited_for() {
        let (inner, inner_got) = receiver(|_, s| say(s, "200 OK", "secret"));
        let (addr, _got) = receiver(move |request, s| match request.split(' ').nth(1) {
            Some("/redirect") => {
                let to =
                    format!("HTTP/1.1 302 Found\r\nLocation: http://{inner}/\r\nContent-Length: 0\r\n\r\n");
                let _ = s.write_all(to.as_bytes());
            }
            Some("/giant") => {
                let _ = s.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n");
                while s.write_all(&[b'x'; 65_536]).is_ok() {}
            }
            Some("/head") => {
                let _ = s.write_all(b"HTTP/1.1 200 OK\r\nX: ");
                while s.write_all(&[b'x'; 65_536]).is_ok() {}
            }
            Some("/noise") => {
                let _ = s.write_all(b"\0\0\0\0\r\n\r\n");
            }
            _ => {}
        });
        let get = |path: &str| ask(&format!("http://{addr}{path}"), true).map(|a| a.status);
        assert_eq!(get("/redirect"), Ok(302));
        assert!(inner_got.try_recv().is_err());
        assert_eq!(get("/giant"), Err(NoAnswer::TooLarge));
        assert_eq!(get("/head"), Err(NoAnswer::TooLarge));
        assert!(get("/noise").is_err());
        // A listener that never accepts: the system takes the connection, and nobody says anything.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", silent.local_addr().unwrap());
        assert_eq!(ask(&url, true).map(|a| a.status), Err(NoAnswer::TimedOut));
        // Not TLS at all.
        assert!(ask(&format!("https://{addr}/"), true).is_err());
    }
}
