//! The web app over HTTPS: certificates, cookies, and a new certificate while connections go on.

use crate::browser_session::{PASSWORD, USERS};
use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::{Program, look_again, run};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const FIRST: (&str, &str) =
    (include_str!("certificates/first.crt.pem"), include_str!("certificates/first.key.pem"));
const SECOND: (&str, &str) =
    (include_str!("certificates/second.crt.pem"), include_str!("certificates/second.key.pem"));

/// Takes every certificate: tests look at it themselves.
#[derive(Debug)]
struct Anybody(rustls::crypto::CryptoProvider);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn connect(addr: SocketAddr) -> Tls {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(provider.clone()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
}

/// Asks on a connection that stays open; status line and headers, and the body.
fn ask(tls: &mut Tls, request: &str, body: &str) -> (String, String) {
    let length = body.len();
    let text = format!(
        "{request} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    tls.write_all(text.as_bytes()).unwrap();
    let mut reader = BufReader::new(tls);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "closed: {head}");
    }
    let head = head.to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|l| l.split("\r\n").next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

fn served(addr: SocketAddr) -> Vec<u8> {
    let mut tls = connect(addr);
    ask(&mut tls, "GET /", "");
    tls.conn.peer_certificates().unwrap()[0].to_vec()
}

fn put(dir: &Path, (cert, key): (&str, &str)) {
    // Written beside and moved, as those who renew certificates do.
    for (name, text) in [("cert.pem", cert), ("key.pem", key)] {
        std::fs::write(dir.join("new"), text).unwrap();
        std::fs::rename(dir.join("new"), dir.join(name)).unwrap();
    }
}

fn start() -> Program {
    let program =
        Program::start_as_owner(&[("tenant.yaml", &tenant(&Desk::new(), 1)), ("users.yaml", USERS)]);
    let (dir, token) = (program.dir.clone(), program.bearer().replace("Bearer ", ""));
    let server = format!("http://{}", program.http);
    let (code, link, said) = run(&["account", "--user", "boss", "--server", &server, "--token", &token]);
    assert_eq!(code, 0, "{said}");
    std::fs::write(dir.path().join("code"), link.trim().split_once('#').unwrap().1).unwrap();
    program.stop();
    put(dir.path(), FIRST);
    let path = dir.path().join("switchroom.toml");
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    let tls = format!("[http]\ntls_cert = {cert:?}\ntls_key = {key:?}\n");
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap().replace("[http]\n", &tls)).unwrap();
    Program::start_again(dir)
}

#[test]
fn signing_in_over_https_and_a_new_certificate_meanwhile() {
    let program = start();
    let dir = program.dir.path().to_path_buf();
    let mut tls = connect(program.http);
    let (head, _) = ask(&mut tls, "GET /", "");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("strict-transport-security: max-age="), "{head}");
    let code = std::fs::read_to_string(dir.join("code")).unwrap();
    let body = json!({"code": code, "password": PASSWORD}).to_string();
    let (head, said) = ask(&mut tls, "POST /api/v1/invitation", &body);
    assert!(head.starts_with("http/1.1 201"), "{head} {said}");
    assert!(head.contains("set-cookie: __host-switchroom="), "{head}");
    assert!(head.contains("; secure;") && head.contains("; samesite=lax"), "{head}");
    let first = served(program.http);
    put(&dir, SECOND);
    let until = Instant::now() + Duration::from_secs(30);
    while served(program.http) == first {
        assert!(Instant::now() < until, "the new certificate is never served");
        look_again();
        // The connection from before is not touched, and does not get old by waiting.
        assert!(ask(&mut tls, "GET /api/v1/openapi.json", "").0.starts_with("http/1.1 200"));
    }
    assert!(ask(&mut tls, "GET /", "").0.starts_with("http/1.1 200"), "nor when the new one is there");
    // Plain HTTP on this port is no answer.
    let mut plain = TcpStream::connect(program.http).unwrap();
    plain.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut rest = Vec::new();
    let _ = plain.read_to_end(&mut rest);
    assert!(!rest.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&rest));
    program.stop();
}

#[test]
fn a_certificate_that_cannot_be_used_stops_the_start_with_a_sentence() {
    let program = start();
    let dir = program.dir.clone();
    program.stop();
    let config = dir.path().join("switchroom.toml");
    for (files, part) in [
        ((FIRST.0, SECOND.1), "is not the key of http.tls_cert"),
        (("", FIRST.1), "has no certificate"),
        ((FIRST.0, "nonsense"), "has no private key that can be read"),
    ] {
        put(dir.path(), files);
        for command in ["serve", "check"] {
            let (code, _, said) = run(&[command, "--config", config.to_str().unwrap()]);
            assert!(code == 1 && said.contains(part), "{command} {part}: {code} {said}");
        }
    }
    std::fs::remove_file(dir.path().join("key.pem")).unwrap();
    let (code, _, said) = run(&["serve", "--config", config.to_str().unwrap()]);
    assert!(code == 1 && said.contains("http.tls_key = ") && said.contains("No such file"), "{said}");
}
