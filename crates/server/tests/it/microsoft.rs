//! The simulated Microsoft judged by clients that nobody here wrote (`tests/microsoft`): MSAL for Node, Microsoft's Graph
//! client, and a client of OpenID Connect.

use crate::microsoft_io;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use sim::microsoft::{Fault, Holder, Microsoft, Misbehaviour, Named, Registration, TenantPlan};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// RSA, for applications and subscribers.
const CERTIFICATE: &[u8] = include_bytes!("../../../sim/src/microsoft/keys/client.crt.der");
const PRIVATE: &[u8] = include_bytes!("../../../sim/src/microsoft/keys/client.pk8");
const WEB: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const WORKER: &str = "aaaaaaaa-0000-4000-8000-000000000002";
const PAGE: &str = "aaaaaaaa-0000-4000-8000-000000000003";
const REDIRECT: &str = "http://localhost/back";
const PEOPLE: u32 = 250;

fn pem(kind: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).unwrap()).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

fn tls() -> Arc<rustls::ServerConfig> {
    let certs = CertificateDer::pem_slice_iter(include_bytes!("certificates/first.crt.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("certificates/first.key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(certs.map(Result::unwrap).collect(), key).unwrap())
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn world(base: &str) -> Microsoft {
    let mut m = Microsoft::new(base, 11);
    let named = [("Olga", "Oak"), ("Robin", "Ray")].map(|(g, s)| Named {
        given: g.into(),
        surname: s.into(),
        job: "Agent".into(),
    });
    let plan = TenantPlan {
        name: "Harbour Bikes".into(),
        domain: "bikes.example".into(),
        country: "DE".into(),
        people: PEOPLE,
        named: named.into(),
    };
    let tid = m.add_tenant(&plan).unwrap();
    let mut web = Registration::new(WEB, "Switchroom", &tid)
        .with_redirect(REDIRECT)
        .with_secret("s3cret")
        .with_scope("access_as_user");
    web.known_clients.push(PAGE.into());
    m.register(web);
    m.register(Registration::new(WORKER, "Worker", &tid).with_secret("s3cret").with_certificate(CERTIFICATE));
    let mut page = Registration::new(PAGE, "Page", &tid).with_redirect(REDIRECT);
    page.public = true;
    m.register(page);
    for permission in ["User.Read.All", "Presence.Read.All"] {
        m.grant(&tid, WORKER, permission, Holder::Application);
    }
    m.assign_role(&tid, WEB, "olga.oak@bikes.example", "owner");
    m.stand_still(&tid, true);
    m.put_fault(Fault::next("/organization", Misbehaviour::Status(429, Some(1))));
    m
}

#[test]
fn the_clients_of_microsoft_and_of_others_find_what_they_expect() {
    let running = microsoft_io::start(loopback(), Some(tls()), world).unwrap();
    let tid = running.with(|m, _| m.tenant("bikes.example").unwrap().id().to_string());
    let thumbprint = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, CERTIFICATE);
    let thumbprint: String = thumbprint.as_ref().iter().map(|b| format!("{b:02X}")).collect();
    let facts = json!({"base": running.base(), "tid": tid, "web": WEB, "worker": WORKER, "page": PAGE, "secret": "s3cret",
        "redirect": REDIRECT, "people": PEOPLE, "robin": "robin.ray@bikes.example", "olga": "olga.oak@bikes.example",
        "certificate": STANDARD.encode(CERTIFICATE), "privateKey": pem("PRIVATE KEY", PRIVATE), "thumbprint": thumbprint});
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("facts.json");
    std::fs::write(&path, facts.to_string()).unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let folder = here.join("microsoft");
    assert!(folder.join("node_modules").exists(), "make test does this: npm ci in {}", folder.display());
    let output = Command::new("node")
        .arg(folder.join("clients.mjs"))
        .arg(&path)
        .env("NODE_EXTRA_CA_CERTS", here.join("it/certificates/first.crt.pem"))
        .output()
        .expect("node is installed: apt-get install nodejs");
    let said = String::from_utf8_lossy(&output.stdout);
    let well = said.lines().filter(|l| l.starts_with("ok ")).count();
    assert!(output.status.success() && well == 11, "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    running.stop();
}

/// Asks on a connection of its own; all that comes.
fn ask(addr: SocketAddr, target: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut all = Vec::new();
    // A connection that breaks off is what some tests want.
    let _ = stream.read_to_end(&mut all);
    all
}

#[test]
fn faults_reach_the_wire() {
    let running = microsoft_io::start(loopback(), None, world).unwrap();
    let keys = "/common/discovery/v2.0/keys";
    let whole = ask(running.addr, keys);
    running.with(|m, _| m.put_fault(Fault::next(keys, Misbehaviour::HalfPage)));
    let half = ask(running.addr, keys);
    let length = |answer: &[u8]| {
        let text = String::from_utf8_lossy(answer).to_lowercase();
        let announced: usize =
            text.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
        (announced, text.split_once("\r\n\r\n").unwrap().1.len())
    };
    let (announced, came) = length(&whole);
    assert_eq!(announced, came);
    assert_eq!(length(&half), (announced, announced / 2), "half of what was announced");
    running.with(|m, _| m.put_fault(Fault::next(keys, Misbehaviour::Slow(300))));
    let began = std::time::Instant::now();
    assert_eq!(length(&ask(running.addr, keys)), (announced, announced));
    assert!(began.elapsed() >= std::time::Duration::from_millis(300));
    running.stop();
}

/// Signs somebody in at the simulated Entra ID, and gives the cookie of their session.
pub fn signed_in(server: SocketAddr, user: &str) -> String {
    let begun = browse(&format!("http://{server}/api/v1/session/microsoft"), "");
    let kept = header(&begun, "set-cookie").split(';').next().unwrap();
    let user = user.replace('@', "%40");
    let picked = browse(&format!("{}&sim_user={user}", header(&begun, "location")), "");
    let answer = browse(header(&picked, "location"), kept);
    header(&answer, "set-cookie").split(';').next().unwrap().to_string()
}

/// What a browser sees: status line and headers, with a cookie if it has one.
pub fn browse(url: &str, cookie: &str) -> String {
    let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let head =
        format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();
    all
}

/// A header of an answer, the last of its name.
pub fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    let lines = answer.split("\r\n").take_while(|l| !l.is_empty());
    let named = |l: &&str| l.split_once(": ").is_some_and(|(n, _)| n.eq_ignore_ascii_case(name));
    lines
        .filter(named)
        .map(|l| l.split_once(": ").unwrap().1)
        .last()
        .unwrap_or_else(|| panic!("no {name} in {answer}"))
}

#[test]
fn a_visitor_of_the_demo_signs_in_with_a_work_account() {
    let program = crate::program::Program::start_demo();
    let here = format!("http://{}", program.http);
    let begun = browse(&format!("{here}/api/v1/session/microsoft"), "");
    let (entra, kept) = (header(&begun, "location"), header(&begun, "set-cookie").split(';').next().unwrap());
    assert!(browse(entra, "").contains("Robin Ray"), "the page lists the made-up people");
    let picked = browse(&format!("{entra}&sim_user=robin.ray%40harbour-bikes.example"), "");
    let back = header(&picked, "location");
    assert!(back.starts_with(&format!("{here}/api/v1/session/microsoft/callback?code=")), "{back}");
    let signed_in = browse(back, kept);
    assert_eq!(header(&signed_in, "location"), "/", "{signed_in}");
    let session = header(&signed_in, "set-cookie").split(';').next().unwrap();
    let who = browse(&format!("{here}/api/v1/session"), session);
    assert!(who.starts_with("HTTP/1.1 200") && who.contains("Robin Ray"), "{who}");
    // Their colleagues come from the same tenant.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let search = format!("{here}/api/v1/directory/users?q=olga");
    while !browse(&search, session).contains("olga.oak@harbour-bikes.example") {
        assert!(
            std::time::Instant::now() < until,
            "{}",
            browse(&format!("{here}/api/v1/directory/status"), session)
        );
        crate::program::look_again();
    }
    // The code is worth nothing to somebody else.
    assert_eq!(header(&browse(back, ""), "location"), "/?sign-in=again");
}
