//! SIP over TLS: Kamailio as the far end with certificates on both sides, and callers whose certificates are wrong.

use crate::baresip::Baresip;
use crate::crossing;
use crate::kamailio::{ACCOUNT, Kamailio, OURS};
use crate::program::{Program, free_port};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// An authority of the test's own, and what it signed.
pub struct Authority {
    dir: tempfile::TempDir,
}

fn openssl(dir: &Path, line: &str) {
    let out = Command::new("openssl").args(line.split_whitespace()).current_dir(dir).output();
    let out = out.expect("openssl is installed: apt-get install openssl");
    assert!(out.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&out.stderr));
}

const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

impl Authority {
    pub fn new() -> Authority {
        let dir = tempfile::tempdir().unwrap();
        openssl(
            dir.path(),
            &format!("req -x509 {KEY} -keyout ca.key -out ca.pem -subj /CN=authority -days 30"),
        );
        Authority { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Signs a certificate with these alternative names, for the usage of a server alone, as Microsoft's are.
    pub fn sign(&self, name: &str, names: &str, days: i32) {
        self.sign_for("serverAuth", name, names, days);
    }

    pub fn sign_for(&self, usages: &str, name: &str, names: &str, days: i32) {
        self.sign_key(KEY, usages, name, names, days);
    }

    /// Makes a certificate that is signed by itself.
    pub fn sign_by_itself(&self, name: &str, names: &str) {
        let dir = self.dir.path();
        openssl(dir, &format!("req {KEY} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        let usage = format!("subjectAltName={names}\nextendedKeyUsage=serverAuth,clientAuth\n");
        std::fs::write(dir.join("ext"), usage).unwrap();
        openssl(
            dir,
            &format!("x509 -req -in {name}.csr -signkey {name}.key -days 30 -extfile ext -out {name}.pem"),
        );
    }

    /// Signs a certificate of an RSA key of so many bits, for the usage of a server.
    pub fn sign_rsa(&self, bits: u32, name: &str, names: &str) {
        self.sign_key(&format!("-newkey rsa:{bits} -nodes"), "serverAuth", name, names, 30);
    }

    fn sign_key(&self, key: &str, usages: &str, name: &str, names: &str, days: i32) {
        let dir = self.dir.path();
        openssl(dir, &format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        let usage = format!("subjectAltName={names}\nextendedKeyUsage={usages}\n");
        std::fs::write(dir.join("ext"), usage).unwrap();
        openssl(
            dir,
            &format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days {days} -extfile ext -out {name}.pem"
            ),
        );
    }

    /// The lines of `[sip]` for a server that shows this certificate and believes this authority.
    pub fn lines(&self, port: u16, name: &str) -> String {
        let at = |file: String| self.path(&file).display().to_string();
        format!(
            "tls = \"127.0.0.1:{port}\"\ntls_cert = \"{}\"\ntls_key = \"{}\"\ntls_roots = \"{}\"\n",
            at(format!("{name}.pem")),
            at(format!("{name}.key")),
            at("ca.pem".into())
        )
    }
}

/// A caller that believes this root, and shows a certificate if it has one.
pub fn client(root: &Path, shows: Option<(PathBuf, PathBuf)>) -> Arc<ClientConfig> {
    Arc::new(client_of(root, shows))
}

pub fn client_of(root: &Path, shows: Option<(PathBuf, PathBuf)>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(root).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    match shows {
        None => config.with_no_client_auth(),
        Some((cert, key)) => config
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_file(cert).unwrap()],
                PrivateKeyDer::from_pem_file(key).unwrap(),
            )
            .unwrap(),
    }
}

pub type Secure = StreamOwned<ClientConnection, TcpStream>;

/// A connection to whoever must prove this name there.
pub fn connect(config: &Arc<ClientConfig>, port: u16, name: &str) -> Secure {
    let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let name = ServerName::try_from(name.to_string()).unwrap();
    StreamOwned::new(ClientConnection::new(config.clone(), name).unwrap(), socket)
}

/// The status of the final answer to a call; `None` when the connection was refused.
fn call(stream: &mut Secure, port: u16) -> Option<u16> {
    call_to(stream, &format!("sip:404@127.0.0.1:{port};transport=tls"))
}

/// The status of the final answer to a call to this address; `None` when the connection was refused.
pub fn call_to(stream: &mut Secure, uri: &str) -> Option<u16> {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let n = CALLS.fetch_add(1, Ordering::Relaxed);
    let invite = format!(
        "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/TLS far.test;branch=z9hG4bK{n}\r\n\
         From: <sip:+4930555@far.test>;tag={n}\r\nTo: <{uri}>\r\nCall-ID: {n}@far.test\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:far.test:5061;transport=tls>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(invite.as_bytes()).ok()?;
    let (mut heard, mut piece) = (String::new(), [0; 4096]);
    loop {
        let final_answer =
            heard.split("SIP/2.0 ").filter_map(|m| m.get(..3)?.parse().ok()).find(|code| *code >= 200);
        if final_answer.is_some() {
            return final_answer;
        }
        match stream.read(&mut piece) {
            Ok(n) if n > 0 => heard.push_str(&String::from_utf8_lossy(&piece[..n])),
            _ => return None,
        }
    }
}

fn tenant(more: &str) -> String {
    format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\nsip_domain: phones.test\ndial: {{allow: [\"+49\"]}}\n---\n\
         kind: Number\nid: service\nnumber: \"{OURS}\"\nflow: service\n---\n\
         kind: Prompt\nid: music\ntone: {{hz: 700, length: 10s}}\n---\n\
         kind: Flow\nid: service\nsteps:\n  - queue: service\n---\n\
         kind: Queue\nid: service\nring_time: 20s\nmusic: music\nagents: [anna]\n---\n\
         kind: User\nid: anna\nroles: [agent]\nnumber: \"201\"\nregisters: {{user: anna, password_file: anna}}\nnat: true\nat_start: available\n---\n\
         {more}"
    )
}

#[test]
fn kamailio_and_we_prove_ourselves_to_each_other_and_calls_go_both_ways() {
    let authority = Authority::new();
    // Kamailio wants the usage of a client in a client's certificate; its own has only that of a server.
    authority.sign_for("serverAuth,clientAuth", "ours", "IP:127.0.0.1,DNS:sbc.ours.test", 30);
    authority.sign("carrier", "IP:127.0.0.1,DNS:sip.carrier.test", 30);
    let path = |name| authority.path(name);
    let carrier = Kamailio::start_secure(&path("carrier.pem"), &path("carrier.key"), &path("ca.pem"));
    let port = free_port();
    let trunk = format!(
        "kind: Trunk\nid: carrier\nproxies: [{{host: \"{at}\", transport: tls}}]\noutbound: true\nnat: true\n\
         tls_names: [\"*.carrier.test\"]\ncredentials: {{user: {user}, password_file: carrier}}\n\
         registration: {{registrar: \"{at}\", transport: tls, aor: \"sip:{user}@carrier.test\"}}\n",
        at = carrier.secure,
        user = ACCOUNT.0
    );
    let program = Program::start_secure(
        &[("tenant.yaml", &tenant(&trunk))],
        &[("anna", "a long one"), ("carrier", ACCOUNT.1)],
        &authority.lines(port, "ours"),
    );
    program.wait_for("/trunks/carrier/status", |t| (t["registered"] == true).then_some(()));
    let register =
        || Baresip::registers("anna", "phones.test", "a long one", program.sip, 1000.0, "pcma,pcmu");
    let mut agent = register();
    let mut outside = Baresip::registers("+4930555", "carrier.test", "none", carrier.sip, 440.0, "pcma,pcmu");
    outside.command("dial", &format!("sip:{OURS}@carrier.test"));
    agent.event("CALL_INCOMING");
    agent.command("accept", "");
    agent.event("CALL_ESTABLISHED");
    outside.hears(1000);
    agent.hears(440);
    outside.command("hangup", "");
    agent.event("CALL_CLOSED");

    let mut agent = {
        drop(agent);
        register()
    };
    agent.command("dial", "sip:030555@phones.test");
    outside.event("CALL_INCOMING");
    outside.command("accept", "");
    agent.event("CALL_ESTABLISHED");
    agent.command("hangup", "");
    outside.event("CALL_CLOSED");
    carrier.says(&format!("customer calls +4930555 from {}", ACCOUNT.0));
    program.stop();
}

/// A trunk on this machine whose callers must prove a name of `far.test`.
const FAR: &str = "kind: Trunk\nid: far\nnetworks: [127.0.0.0/8]\ntls_names: [\"*.far.test\"]\n";

#[test]
fn a_caller_is_who_its_certificate_says_or_nobody() {
    let (authority, other) = (Authority::new(), Authority::new());
    authority.sign("ours", "IP:127.0.0.1", 30);
    let port = free_port();
    let files = tenant(FAR);
    let program = Program::start_with_sip(&[("tenant.yaml", &files)], &authority.lines(port, "ours"));
    authority.sign("good", "DNS:sip.far.test", 30);
    authority.sign("family", "DNS:*.far.test", 30);
    authority.sign("foreign", "DNS:sip.elsewhere.test", 30);
    authority.sign("expired", "DNS:sip.far.test", -1);
    other.sign("stranger", "DNS:sip.far.test", 30);
    openssl(
        other.dir.path(),
        &format!(
            "req -x509 {KEY} -keyout self.key -out self.pem -subj /CN=self -addext subjectAltName=DNS:sip.far.test"
        ),
    );
    for (whose, name, expected) in [
        (&authority, "good", Some(404)),
        (&authority, "family", Some(404)),
        (&authority, "foreign", Some(403)),
        (&authority, "", Some(403)),
        (&authority, "expired", None),
        (&other, "stranger", None),
        (&other, "self", None),
    ] {
        let shows = (!name.is_empty())
            .then(|| (whose.path(&format!("{name}.pem")), whose.path(&format!("{name}.key"))));
        let config = client(&authority.path("ca.pem"), shows);
        assert_eq!(call(&mut connect(&config, port, "127.0.0.1"), port), expected, "{name:?}");
    }
    program.wait_for_metric("switchroom_security_events_total{kind=\"certificate\"} 3");
    program.stop();
}

/// A connection from this address to whoever must prove this name there.
pub fn connect_from(config: &Arc<ClientConfig>, from: [u8; 4], port: u16, name: &str) -> Secure {
    let socket = crossing::connect(from, ([127, 0, 0, 1], port).into());
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let name = ServerName::try_from(name.to_string()).unwrap();
    StreamOwned::new(ClientConnection::new(config.clone(), name).unwrap(), socket)
}

/// The status of the answer to a telephone that registers without a password; `None` when the connection was refused.
pub fn register_on(stream: &mut Secure) -> Option<u16> {
    static TELEPHONES: AtomicU32 = AtomicU32::new(0);
    let n = TELEPHONES.fetch_add(1, Ordering::Relaxed);
    let register = format!(
        "REGISTER sip:phones.test SIP/2.0\r\nVia: SIP/2.0/TLS phone.test;branch=z9hG4bKr{n}\r\nMax-Forwards: 70\r\n\
         From: <sip:anna@phones.test>;tag=r{n}\r\nTo: <sip:anna@phones.test>\r\nCall-ID: r{n}@phone.test\r\n\
         CSeq: 1 REGISTER\r\nContact: <sip:anna@phone.test;transport=tls>\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(register.as_bytes()).ok()?;
    let (mut heard, mut piece) = (String::new(), [0; 4096]);
    loop {
        if let Some(code) = heard.strip_prefix("SIP/2.0 ").and_then(|m| m.get(..3)?.parse().ok()) {
            return Some(code);
        }
        match stream.read(&mut piece) {
            Ok(n) if n > 0 => heard.push_str(&String::from_utf8_lossy(&piece[..n])),
            _ => return None,
        }
    }
}

#[test]
fn a_telephone_is_not_judged_by_a_certificate_of_its_maker() {
    let (authority, maker) = (Authority::new(), Authority::new());
    authority.sign("ours", "IP:127.0.0.1", 30);
    let port = free_port();
    let files = tenant(&FAR.replace("127.0.0.0/8", "127.0.0.9/32"));
    let program = Program::start_secure(
        &[("tenant.yaml", &files)],
        &[("anna", "a long one")],
        &authority.lines(port, "ours"),
    );
    maker.sign_for("clientAuth", "factory", "DNS:0004f2-desk-phone.maker.test", 30);
    maker.sign_for("clientAuth", "old", "DNS:0004f2-desk-phone.maker.test", -1);
    for name in ["factory", "old", ""] {
        let shows = || {
            (!name.is_empty())
                .then(|| (maker.path(&format!("{name}.pem")), maker.path(&format!("{name}.key"))))
        };
        let config = client(&authority.path("ca.pem"), shows());
        let mut telephone = connect_from(&config, [127, 0, 0, 8], port, "127.0.0.1");
        assert_eq!(register_on(&mut telephone), Some(401), "{name:?}");
        // Where a trunk wants names, whoever shows one that is not believed is not heard.
        let mut trunk = connect_from(&config, [127, 0, 0, 9], port, "127.0.0.1");
        let expected = name.is_empty().then_some(403);
        assert_eq!(call(&mut trunk, port), expected, "{name:?}");
    }
    program.wait_for_metric("switchroom_security_events_total{kind=\"certificate\"} 2");
    program.stop();
}

#[test]
fn handshakes_that_stall_delay_nobody_and_end() {
    let authority = Authority::new();
    authority.sign("ours", "IP:127.0.0.1", 30);
    authority.sign("good", "DNS:sip.far.test", 30);
    let port = free_port();
    let files = tenant(FAR);
    let program = Program::start_with_sip(&[("tenant.yaml", &files)], &authority.lines(port, "ours"));
    let mut stalled: Vec<TcpStream> =
        (0..50).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    for stream in &mut stalled {
        // The head of a record whose rest never comes.
        stream.write_all(&[22, 3, 1, 1, 0, 1]).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    }
    let shows = (authority.path("good.pem"), authority.path("good.key"));
    let config = client(&authority.path("ca.pem"), Some(shows));
    let began = Instant::now();
    assert_eq!(call(&mut connect(&config, port, "127.0.0.1"), port), Some(404));
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
    for mut stream in stalled {
        // A goodbye may come first.
        let end = loop {
            match stream.read(&mut [0; 64]) {
                Ok(n) if n > 0 => {}
                end => break end,
            }
        };
        let timed_out = end.is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!timed_out, "who says nothing more is closed");
    }
    program.stop();
}

#[test]
fn a_new_certificate_serves_new_connections_and_the_old_ones_end() {
    let authority = Authority::new();
    authority.sign("ours", "IP:127.0.0.1,DNS:first.test", 30);
    authority.sign("next", "IP:127.0.0.1,DNS:second.test", 30);
    let port = free_port();
    let files = tenant(FAR);
    let program = Program::start_with_sip(&[("tenant.yaml", &files)], &authority.lines(port, "ours"));
    let config = client(&authority.path("ca.pem"), None);
    let shown = |stream: &Secure| stream.conn.peer_certificates().map(|certs| certs[0].to_vec());
    let mut old = connect(&config, port, "127.0.0.1");
    assert_eq!(call(&mut old, port), Some(403));
    let first = shown(&old);
    for kind in ["key", "pem"] {
        std::fs::copy(authority.path(&format!("next.{kind}")), authority.path(&format!("ours.{kind}")))
            .unwrap();
    }
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let mut stream = connect(&config, port, "127.0.0.1");
        assert_eq!(call(&mut stream, port), Some(403));
        if shown(&stream) != first {
            break;
        }
        assert!(Instant::now() < until, "the new certificate is never shown");
        crate::program::look_again();
    }
    // What was asked on the old one is still answered; then it is closed.
    old.sock.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
    loop {
        match old.read(&mut [0; 4096]) {
            Ok(0) => break,
            Ok(_) => {}
            Err(e) => {
                let waits = matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut);
                assert!(!waits, "the old connection stays open");
                break;
            }
        }
    }
    program.stop();
}

#[test]
fn a_far_end_that_is_not_who_it_should_be_is_not_called() {
    let authority = Authority::new();
    authority.sign("ours", "IP:127.0.0.1", 30);
    authority.sign("wrong", "DNS:elsewhere.test", 30);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at: SocketAddr = listener.local_addr().unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(authority.path("wrong.pem")).unwrap()],
            PrivateKeyDer::from_pem_file(authority.path("wrong.key")).unwrap(),
        )
        .unwrap();
    let trunk = format!(
        "kind: Trunk\nid: far\nproxies: [{{host: \"{at}\", transport: tls}}]\noutbound: true\noptions_every: 5s\n"
    );
    let files = tenant(&trunk);
    let program = Program::start_secure(
        &[("tenant.yaml", &files)],
        &[("anna", "a long one")],
        &authority.lines(free_port(), "ours"),
    );
    // The run that only took the configuration came first, and is gone.
    let heard = loop {
        let (mut socket, _) = listener.accept().unwrap();
        let mut connection = ServerConnection::new(Arc::new(config.clone())).unwrap();
        let heard = loop {
            if let Err(e) = connection.complete_io(&mut socket) {
                break e.to_string();
            }
            let mut text = String::new();
            let _ = connection.reader().read_to_string(&mut text);
            assert!(text.is_empty(), "it was told {text:?}");
        };
        if heard.contains("alert") {
            break heard;
        }
    };
    assert!(heard.contains("BadCertificate"), "{heard}");
    program.wait_for("/trunks/far/status", |t| (t["far_ends"][0]["up"] == false).then_some(()));
    let event = program.wait_for("/security/events", |e| {
        e["items"].as_array()?.iter().find(|e| e["kind"] == "certificate").cloned()
    });
    assert_eq!(event["data"], json!({"of": "far-end", "why": "wrong-name"}), "{event:#}");
    program.stop();
}
