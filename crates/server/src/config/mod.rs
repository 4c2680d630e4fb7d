//! The server's configuration: defaults compiled in, a file over them, the environment over that; checked whole.

mod not_opened;

use crate::backup_io::{MOST_KEPT, Schedule};
use crate::tenant::objects::Span;
use crate::tenant::schema::nearest;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use toml::{Table, Value};

pub use not_opened::not_opened;

/// The defaults, with what each key means.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// The configuration.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct ServerConfig {
    pub http: Http,
    pub admin: Admin,
    pub sip: Sip,
    pub media: Media,
    pub store: StoreSection,
    pub bus: Bus,
    pub blobs: BlobSection,
    pub keys: KeySection,
    pub backup: BackupSection,
    pub secrets: SecretSection,
    pub audit: AuditSection,
    pub outside: OutsideSection,
    pub mail: Mail,
    pub microsoft: MicrosoftSection,
    pub dial: DialSection,
    pub shutdown: Shutdown,
    pub advisories: Advisories,
}

/// `[advisories]`
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Advisories {
    pub folder: String,
}

/// The longest that somebody may stay signed in, in milliseconds: 30 days.
const MOST_SIGNED_IN: u64 = 720 * 3_600_000;

/// `[http]`
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Http {
    pub listen: String,
    pub public_url: String,
    pub tls_cert: String,
    pub tls_key: String,
    pub frame_ancestors: String,
    pub session_idle: String,
    pub session_life: String,
    pub session_fresh: String,
}

impl Http {
    /// Whether connections are HTTPS here.
    pub fn is_tls(&self) -> bool {
        !self.tls_cert.is_empty()
    }

    /// Whether a proxy in front takes HTTPS, and speaks plain HTTP with us.
    pub fn is_behind_https(&self) -> bool {
        !self.is_tls() && self.public_url.starts_with("https://")
    }

    /// Where people reach the web app and the API.
    pub fn url(&self) -> String {
        match self.public_url.trim_end_matches('/') {
            "" if self.is_tls() => format!("https://{}", self.listen),
            "" => format!("http://{}", self.listen),
            url => url.into(),
        }
    }

    fn check(&self, say: &mut impl FnMut(String)) {
        if self.tls_cert.is_empty() != self.tls_key.is_empty() {
            say("http.tls_cert and http.tls_key belong together".into());
        }
        let url = self.public_url.as_str();
        if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
            say(format!("http.public_url = {url:?}: write https:// in front"));
        }
        // Passwords and voices would go in the clear, and browsers give no microphone.
        let is_far = address(&self.listen).is_some_and(|a| !a.ip().is_loopback());
        if is_far && !self.is_tls() && !self.is_behind_https() {
            say(format!(
                "http.listen = {:?} is not this machine alone: set http.tls_cert and http.tls_key, or http.public_url to the \
                 https:// address of the proxy in front",
                self.listen
            ));
        }
    }
}

/// `[admin]`
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Admin {
    pub listen: String,
}

/// `[sip]`
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Sip {
    pub udp: String,
    pub tcp: String,
    pub tls: String,
    pub tls_cert: String,
    pub tls_key: String,
    pub tls_roots: String,
    pub tls_name: String,
    pub tls_renew: String,
    pub tls_keep_alive: String,
    pub name_servers: String,
    pub advertise: String,
}

impl Sip {
    /// The servers of the DNS that are asked, each an address or an address with a port; `None` where one is no such thing.
    /// Empty for those of the system.
    pub fn name_servers(&self) -> Option<Vec<SocketAddr>> {
        let one = |word: &str| {
            let alone = word.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 53));
            alone.or_else(|| word.parse().ok())
        };
        self.name_servers.split_whitespace().map(one).collect()
    }

    fn check(&self, say: &mut impl FnMut(String)) {
        if self.tls_cert.is_empty() != self.tls_key.is_empty() {
            say("sip.tls_cert and sip.tls_key belong together".into());
        }
        if !self.tls.is_empty() && self.tls_cert.is_empty() {
            say("sip.tls needs sip.tls_cert and sip.tls_key".into());
        }
        if self.name_servers().is_none() {
            say(format!(
                "sip.name_servers = {:?}: write addresses, as \"192.0.2.53 192.0.2.54:5353\", with a space between",
                self.name_servers
            ));
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        for (key, value) in [("tls_renew", &self.tls_renew), ("tls_keep_alive", &self.tls_keep_alive)] {
            if !Span::read(value).is_some_and(|s| (1_000..=86_400_000).contains(&s.0)) {
                say(format!("sip.{key} = {value:?}: write a number and s, m or h, from 1s to 24h"));
            }
        }
        if self.tls_name.len() > 253 || !self.tls_name.chars().all(is_name) {
            say(format!("sip.tls_name = {:?} is no name, as sbc.example.com", self.tls_name));
        }
    }
}

/// `[media]`
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Media {
    pub address: String,
    pub bind: String,
    pub ports: String,
    pub browser_port: i64,
    pub threads: i64,
    pub rtp_timeout: String,
}

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct StoreSection {
    pub url: String,
    pub sync: String,
    pub region: String,
}

/// `[bus]`
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Bus {
    pub url: String,
}

/// `[blobs]`
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct BlobSection {
    pub url: String,
    pub region: String,
}

/// `[keys]`
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct KeySection {
    pub url: String,
}

/// `[backup]`
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct BackupSection {
    pub folder: String,
    pub region: String,
    pub when: String,
    pub keep: i64,
    pub rehearse_every: String,
    pub scratch: String,
}

/// `[secrets]`
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct SecretSection {
    pub folder: String,
}

/// `[audit]`
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct AuditSection {
    pub heads_file: String,
}

/// `[outside]`
#[derive(Clone, Debug, Default, Deserialize)]
#[allow(missing_docs)]
pub struct OutsideSection {
    pub tls_roots: String,
}

/// `[mail]`
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Mail {
    pub smtp: String,
    pub from: String,
    pub user: String,
    pub password_file: String,
    pub tls: String,
}

impl Mail {
    /// Name and port of the mail server.
    pub fn host_and_port(&self) -> Option<(String, u16)> {
        let (host, port) = self.smtp.rsplit_once(':')?;
        (!host.is_empty()).then_some(())?;
        Some((host.trim_matches(['[', ']']).into(), port.parse().ok()?))
    }

    fn check(&self, say: &mut impl FnMut(String)) {
        if self.smtp.is_empty() {
            return;
        }
        if self.host_and_port().is_none() {
            say(format!("mail.smtp = {:?}: write a name and a port, as in mail.example.org:465", self.smtp));
        }
        if !self.from.contains('@') {
            say("mail.from must be the address that mail comes from".into());
        }
        if !matches!(self.tls.as_str(), "tls" | "starttls" | "none") {
            say("mail.tls is \"tls\", \"starttls\" or \"none\"".into());
        }
        if self.user.is_empty() != self.password_file.is_empty() {
            say("mail.user and mail.password_file belong together".into());
        }
        if self.tls == "none" && !self.user.is_empty() {
            say("mail.user needs mail.tls: a password does not go in the clear".into());
        }
    }
}

/// `[microsoft]`
#[derive(Clone, Debug, Default, Deserialize)]
#[allow(missing_docs)]
pub struct MicrosoftSection {
    pub cloud: String,
    pub login: String,
    pub graph: String,
    pub tab_app: String,
    pub tab_hosts: String,
    pub sign_in_app: String,
    pub sign_in_secret_file: String,
    pub sign_in_certificate: String,
    pub sign_in_key: String,
    pub background_app: String,
    pub background_secret_file: String,
    pub background_certificate: String,
    pub background_key: String,
    pub provisioning_app: String,
    pub provisioning_secret_file: String,
    pub provisioning_certificate: String,
    pub provisioning_key: String,
    pub directory_app: String,
    pub directory_secret_file: String,
    pub directory_certificate: String,
    pub directory_key: String,
    pub directory_every: String,
    pub presence_every: String,
    pub bot_app: String,
    pub bot_secret_file: String,
    pub bot_certificate: String,
    pub bot_key: String,
    pub bot_tenant: String,
    pub bot_connector: String,
    pub bot_memory: String,
}

/// The keys of one app registration in `[microsoft]`.
#[derive(Clone, Copy, Debug)]
pub struct AppSection<'a> {
    /// How its keys begin.
    pub name: &'static str,
    /// Its application id; empty where there is none.
    pub id: &'a str,
    /// File with its secret.
    pub secret_file: &'a str,
    /// File with its certificate.
    pub certificate: &'a str,
    /// File with the certificate's key.
    pub key: &'a str,
}

impl MicrosoftSection {
    /// The certificates by which app registrations prove themselves: the key of the configuration, and the file.
    pub fn certificates(&self) -> Vec<(String, &str)> {
        let all = [self.sign_in(), self.background(), self.provisioning(), self.directory(), self.bot()];
        all.into_iter()
            .filter(|app| !app.id.is_empty() && !app.certificate.is_empty())
            .map(|app| (format!("microsoft.{}_certificate", app.name), app.certificate))
            .collect()
    }

    /// The app that people sign in with.
    pub fn sign_in(&self) -> AppSection<'_> {
        AppSection {
            name: "sign_in",
            id: &self.sign_in_app,
            secret_file: &self.sign_in_secret_file,
            certificate: &self.sign_in_certificate,
            key: &self.sign_in_key,
        }
    }

    /// The bot in Teams.
    pub fn bot(&self) -> AppSection<'_> {
        AppSection {
            name: "bot",
            id: &self.bot_app,
            secret_file: &self.bot_secret_file,
            certificate: &self.bot_certificate,
            key: &self.bot_key,
        }
    }

    /// The app by which administrators assign licences in their own name.
    pub fn provisioning(&self) -> AppSection<'_> {
        AppSection {
            name: "provisioning",
            id: &self.provisioning_app,
            secret_file: &self.provisioning_secret_file,
            certificate: &self.provisioning_certificate,
            key: &self.provisioning_key,
        }
    }

    /// The app that reads directories in the name of the administrator who connected them.
    pub fn directory(&self) -> AppSection<'_> {
        AppSection {
            name: "directory",
            id: &self.directory_app,
            secret_file: &self.directory_secret_file,
            certificate: &self.directory_certificate,
            key: &self.directory_key,
        }
    }

    /// The app that works without a person.
    pub fn background(&self) -> AppSection<'_> {
        AppSection {
            name: "background",
            id: &self.background_app,
            secret_file: &self.background_secret_file,
            certificate: &self.background_certificate,
            key: &self.background_key,
        }
    }
}

/// `[dial]`
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct DialSection {
    pub memory: String,
    pub calls: usize,
}

impl DialSection {
    /// How long a call that somebody asked for is remembered after its end.
    pub fn memory(&self) -> Option<std::time::Duration> {
        let kept = std::time::Duration::from_millis(Span::read(&self.memory)?.0);
        DIAL_MEMORY.contains(&kept).then_some(kept)
    }
}

/// How many calls through other telephone systems may be carried at once: each holds a thread.
const DIAL_CALLS: std::ops::RangeInclusive<usize> = 2..=2_000;

/// How long calls that were asked for may be remembered.
const DIAL_MEMORY: std::ops::RangeInclusive<std::time::Duration> =
    std::time::Duration::from_secs(60)..=std::time::Duration::from_secs(3_600);

/// `[shutdown]`
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Shutdown {
    pub grace: String,
}

/// Reads a configuration file, the environment over it, and checks all of it.
///
/// # Errors
/// Every problem, a sentence each.
pub fn load(path: &Path) -> Result<ServerConfig, Vec<String>> {
    let text = std::fs::read_to_string(path).map_err(|e| vec![format!("{}: {e}", path.display())])?;
    let env = std::env::vars().filter(|(k, _)| k.starts_with("SWITCHROOM_")).collect::<Vec<_>>();
    parse(&text, &path.display().to_string(), &env)
}

/// The defaults as they are, for `demo`.
///
/// # Errors
/// None, unless the defaults themselves were broken.
pub fn defaults() -> Result<ServerConfig, Vec<String>> {
    parse("[store]\nregion = \"this machine\"\n[blobs]\nregion = \"this machine\"\n", "demo", &[])
}

/// Reads a configuration from text.
///
/// # Errors
/// Every problem, a sentence each.
pub fn parse(text: &str, name: &str, env: &[(String, String)]) -> Result<ServerConfig, Vec<String>> {
    let mut all: Table = DEFAULTS.parse().map_err(|e| vec![format!("the defaults are broken: {e}")])?;
    let file: Table = text.parse().map_err(|e: toml::de::Error| {
        let line = e.span().map_or(0, |s| text[..s.start.min(text.len())].matches('\n').count() + 1);
        vec![format!("{name}:{line}: this is not TOML: {}", e.message())]
    })?;
    let mut problems = Vec::new();
    let known: Vec<String> = all.keys().cloned().collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    for (section, values) in &file {
        let Some(Value::Table(defaults)) = all.get_mut(section) else {
            problems.push(format!("{name}: unknown section [{section}]: {}", nearest(section, &known)));
            continue;
        };
        let Value::Table(values) = values else {
            problems.push(format!("{name}: {section} must be a section: [{section}]"));
            continue;
        };
        for (key, value) in values {
            put(defaults, section, key, value.clone(), name, &mut problems);
        }
    }
    for (variable, value) in env {
        let Some((section, key)) = variable.trim_start_matches("SWITCHROOM_").split_once("__") else {
            continue;
        };
        let (section, key) = (section.to_lowercase(), key.to_lowercase());
        match all.get_mut(&section) {
            Some(Value::Table(defaults)) => {
                // A number stays a number.
                let value = match (defaults.get(&key), value.parse::<i64>()) {
                    (Some(Value::Integer(_)), Ok(n)) => Value::Integer(n),
                    _ => Value::String(value.clone()),
                };
                put(defaults, &section, &key, value, variable, &mut problems);
            }
            _ => {
                problems.push(format!("{variable}: unknown section {section}: {}", nearest(&section, &known)))
            }
        }
    }
    let config: Option<ServerConfig> = match all.try_into() {
        Ok(config) => Some(config),
        Err(e) => {
            if problems.is_empty() {
                problems.push(format!("{name}: {e}"));
            }
            None
        }
    };
    if let Some(config) = &config {
        config.check(name, &mut problems);
    }
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(problems),
    }
}

// What a value like this one is called in a sentence.
fn said_of(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text in quotes",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Array(_) => "a list in brackets",
        Value::Datetime(_) => "a time",
        Value::Table(_) => "a section",
    }
}

fn put(defaults: &mut Table, section: &str, key: &str, value: Value, name: &str, problems: &mut Vec<String>) {
    let known: Vec<&str> = defaults.keys().map(String::as_str).collect();
    match defaults.get(key) {
        None => problems.push(format!("{name}: unknown key {section}.{key}: {}", nearest(key, &known))),
        Some(old) if old.same_type(&value) => {
            defaults.insert(key.into(), value);
        }
        Some(old) => problems.push(format!("{name}: {section}.{key} must be {}", said_of(old))),
    }
}

impl ServerConfig {
    fn check(&self, name: &str, problems: &mut Vec<String>) {
        let mut say = |what: String| problems.push(format!("{name}: {what}"));
        for (key, value) in [("http.listen", &self.http.listen), ("admin.listen", &self.admin.listen)] {
            if address(value).is_none() {
                say(format!("{key} = {value:?}: write an address and a port, as in 127.0.0.1:8080"));
            }
        }
        self.http.check(&mut say);
        crate::microsoft::check(&self.microsoft, &mut say);
        if self.dial.memory().is_none() {
            say(format!("dial.memory = {:?} is from 1m to 60m", self.dial.memory));
        }
        if !DIAL_CALLS.contains(&self.dial.calls) {
            say(format!("dial.calls = {} is from 2 to 2000", self.dial.calls));
        }
        if let Err(e) = crate::http::policy(&self.http.frame_ancestors) {
            say(format!("http.frame_ancestors = {e}"));
        }
        if address(&self.admin.listen).is_some_and(|a| !a.ip().is_loopback() && !is_private(a.ip())) {
            say("admin.listen must not be a public address".into());
        }
        for (key, value) in [
            ("sip.udp", &self.sip.udp),
            ("sip.tcp", &self.sip.tcp),
            ("sip.tls", &self.sip.tls),
            ("sip.advertise", &self.sip.advertise),
        ] {
            if !value.is_empty() && address(value).is_none() {
                say(format!(
                    "{key} = {value:?}: write an address and a port, as in 192.0.2.1:5060, or nothing"
                ));
            }
        }
        self.sip.check(&mut say);
        if self.sip.udp.is_empty() && self.sip.tcp.is_empty() && self.sip.tls.is_empty() {
            say("sip.udp, sip.tcp and sip.tls are empty: no call could arrive".into());
        }
        let unspecified = |v: &str| address(v).is_some_and(|a| a.ip().is_unspecified());
        if self.sip.advertise.is_empty()
            && [&self.sip.udp, &self.sip.tcp, &self.sip.tls].into_iter().any(|a| unspecified(a))
        {
            say("sip.advertise is needed when SIP listens on all addresses: others must know which one to answer".into());
        }
        match self.media.address.parse::<IpAddr>() {
            Ok(ip) if ip.is_unspecified() => {
                say("media.address must be the address that others send audio to".into())
            }
            Ok(_) => {}
            Err(_) => say(format!("media.address = {:?} is no address", self.media.address)),
        }
        if !self.media.bind.is_empty() && self.media.bind.parse::<IpAddr>().is_err() {
            say(format!("media.bind = {:?} is no address", self.media.bind));
        }
        match self.ports() {
            Some((first, last)) if last > first && first >= 1024 => {}
            _ => say(format!(
                "media.ports = {:?}: write first-last, both from 1024 up, as in 20000-29999",
                self.media.ports
            )),
        }
        if !(0..=64).contains(&self.media.threads) {
            say("media.threads is 0 to 64".into());
        }
        if !(0..=65_535).contains(&self.media.browser_port) {
            say("media.browser_port is a port, or 0 for the last free one of media.ports".into());
        }
        for (key, value) in [
            ("media.rtp_timeout", &self.media.rtp_timeout),
            ("shutdown.grace", &self.shutdown.grace),
            ("backup.rehearse_every", &self.backup.rehearse_every),
            ("http.session_idle", &self.http.session_idle),
            ("http.session_life", &self.http.session_life),
            ("http.session_fresh", &self.http.session_fresh),
        ] {
            if Span::read(value).is_none() {
                say(format!("{key} = {value:?}: write a number and ms, s, m or h, as in 30s"));
            }
        }
        let life = |text: &str| Span::read(text).is_none_or(|s| (1..=MOST_SIGNED_IN).contains(&s.0));
        let http = &self.http;
        if ![&http.session_idle, &http.session_life, &http.session_fresh].into_iter().all(|text| life(text)) {
            say("http.session_idle, session_life and session_fresh are longer than 0s, and 720h at the most"
                .into());
        }
        self.mail.check(&mut say);
        if !matches!(self.store.sync.as_str(), "normal" | "full") {
            say("store.sync is \"normal\" or \"full\"".into());
        }
        if !self.store.url.starts_with("sqlite:") {
            say("store.url: only sqlite:PATH is supported yet".into());
        }
        if self.bus.url != "local:" {
            say("bus.url: only local: is supported yet".into());
        }
        if !self.blobs.url.starts_with("file:") {
            say("blobs.url: only file:PATH is supported yet".into());
        }
        if Schedule::read(&self.backup.when).is_none() {
            say(format!(
                "backup.when = {:?}: write daily HH:MM, which is UTC, or every 6h",
                self.backup.when
            ));
        }
        if !u64::try_from(self.backup.keep).is_ok_and(|n| (1..=MOST_KEPT).contains(&n)) {
            say(format!("backup.keep is 1 to {MOST_KEPT}"));
        }
        if let Err(why) = store::check_key_address(&self.keys.url) {
            say(why);
        }
        for (key, value) in [("store.region", &self.store.region), ("blobs.region", &self.blobs.region)] {
            if value.is_empty() {
                say(format!("{key} must say where the data is kept: the attestation shows it"));
            }
        }
        if !self.backup.folder.is_empty() && self.backup.region.is_empty() {
            say("backup.region must say where backup.folder is: the attestation shows it".into());
        }
    }

    /// First and last port for audio.
    pub fn ports(&self) -> Option<(u16, u16)> {
        let (first, last) = self.media.ports.split_once('-')?;
        Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
    }

    /// The file that signed heads of audit logs go into, if any.
    pub fn audit_heads_file(&self) -> Option<std::path::PathBuf> {
        match self.audit.heads_file.as_str() {
            "none" => None,
            "" => {
                let database = Path::new(self.store.url.strip_prefix("sqlite:")?);
                Some(database.with_file_name("audit-heads.jsonl"))
            }
            path => Some(path.into()),
        }
    }

    /// How long calls may go on after the program was asked to stop.
    pub fn grace(&self) -> std::time::Duration {
        std::time::Duration::from_millis(Span::read(&self.shutdown.grace).map_or(0, |s| s.0))
    }
}

fn address(text: &str) -> Option<SocketAddr> {
    text.parse().ok()
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => (ip.segments()[0] & 0xfe00) == 0xfc00,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGION: &str = "[store]\nregion=\"x\"\n[blobs]\nregion=\"x\"\n";

    #[test]
    fn a_file_and_the_environment_override_the_defaults() {
        let env = [
            ("SWITCHROOM_HTTP__LISTEN".to_string(), "127.0.0.1:1".to_string()),
            ("SWITCHROOM_MEDIA__THREADS".into(), "3".into()),
        ];
        let c = parse(&format!("[sip]\ntcp = \"127.0.0.1:5060\"\n{REGION}"), "f", &env).unwrap();
        assert_eq!(
            (c.http.listen.as_str(), c.sip.tcp.as_str(), c.media.threads),
            ("127.0.0.1:1", "127.0.0.1:5060", 3)
        );
        assert_eq!(c.ports(), Some((20_000, 29_999)));
    }

    #[test]
    fn all_problems_at_once() {
        let text = "[http]\nlisten = \"0.0.0.0:80\"\nlistne = \"x\"\n[sip]\nudp = \"host:5060\"\n[medai]\n[media]\nthreads = \"two\"\n";
        let found = parse(text, "f.toml", &[]).unwrap_err().join("\n");
        for part in [
            "http.listen = \"0.0.0.0:80\" is not this machine alone",
            "http.listne: did you mean \"listen\"?",
            "sip.udp",
            "[medai]: did you mean \"media\"?",
            "media.threads must be a whole number",
            "store.region",
            "blobs.region",
        ] {
            assert!(found.contains(part), "{part} is not in:\n{found}");
        }
    }

    #[test]
    fn a_folder_for_backups_needs_its_region() {
        let read = |more: &str| parse(&format!("{REGION}[backup]\nfolder = \"/b\"\n{more}"), "f", &[]);
        assert!(read("").unwrap_err().join("\n").contains("backup.region"));
        assert!(read("region = \"Leipzig\"\n").is_ok());
    }

    #[test]
    fn far_away_only_over_https() {
        for (text, fine) in [
            ("listen = \"127.0.0.1:80\"", true),
            ("listen = \"[::1]:80\"", true),
            ("listen = \"192.0.2.1:443\"", false),
            ("listen = \"192.0.2.1:443\"\npublic_url = \"http://calls.example.org\"", false),
            ("listen = \"192.0.2.1:80\"\npublic_url = \"https://calls.example.org\"", true),
            ("listen = \"192.0.2.1:443\"\ntls_cert = \"c\"\ntls_key = \"k\"", true),
            ("tls_cert = \"c\"", false),
            ("tls_key = \"k\"", false),
            ("public_url = \"calls.example.org\"", false),
        ] {
            assert_eq!(parse(&format!("[http]\n{text}\n{REGION}"), "f", &[]).is_ok(), fine, "{text}");
        }
    }

    #[test]
    fn a_line_for_what_is_no_toml() {
        assert!(parse("[http]\nlisten = \n", "f.toml", &[]).unwrap_err()[0].starts_with("f.toml:2:"));
    }
}
