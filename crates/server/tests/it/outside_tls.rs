//! Webhooks and mail over TLS, by real TLS servers: a certificate that is not trusted is refused, said in the log, and what
//! was to be told is kept and told once the certificate is right.

use crate::desk::Desk;
use crate::program::Program;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock};

const FIRST: (&str, &str) =
    (include_str!("certificates/first.crt.pem"), include_str!("certificates/first.key.pem"));
const SECOND: (&str, &str) =
    (include_str!("certificates/second.crt.pem"), include_str!("certificates/second.key.pem"));

fn config((certificate, key): (&str, &str)) -> Arc<ServerConfig> {
    let certificates = CertificateDer::pem_slice_iter(certificate.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_no_client_auth().with_single_cert(certificates, key).unwrap())
}

type Tls = StreamOwned<ServerConnection, TcpStream>;

/// A server that shows the second certificate until `right`, then the first; `talk` gives what a client brought.
fn server(
    right: Arc<AtomicBool>,
    talk: impl Fn(Tls) -> Option<String> + Send + 'static,
) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (tx, rx) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let shown = if right.load(Ordering::SeqCst) { FIRST } else { SECOND };
            let connection = ServerConnection::new(config(shown)).unwrap();
            // A client that does not believe the certificate breaks off.
            let Some(brought) = talk(StreamOwned::new(connection, stream.unwrap())) else { continue };
            if tx.send(brought).is_err() {
                return;
            }
        }
    });
    (addr, rx)
}

/// Takes one request and says that it is taken.
fn web(tls: Tls) -> Option<String> {
    let mut reader = BufReader::new(tls);
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
            length = n.trim().parse().unwrap();
        }
        request += &line;
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let taken = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    reader.get_mut().write_all(taken).ok()?;
    Some(request + &String::from_utf8_lossy(&body))
}

/// Takes one mail (SMTP).
fn mail(tls: Tls) -> Option<String> {
    let mut reader = BufReader::new(tls);
    let mut got = String::new();
    let mut within = false;
    reader.get_mut().write_all(b"220 sink\r\n").ok()?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        got += &line;
        let answer = match line.trim_end() {
            "." => "250 kept",
            "DATA" => "354 go",
            _ if within => continue,
            "QUIT" => "221 bye",
            hello if hello.starts_with("EHLO") => "250 sink",
            _ => "250 ok",
        };
        within = answer.starts_with("354");
        reader.get_mut().write_all(format!("{answer}\r\n").as_bytes()).ok()?;
        if answer == "250 kept" {
            return Some(got);
        }
    }
}

#[test]
fn what_an_untrusted_certificate_keeps_back_is_told_when_it_is_right() {
    let mut desk = Desk::new();
    let right = Arc::new(AtomicBool::new(false));
    let (hook, told) = server(right.clone(), web);
    let (post, mailed) = server(right.clone(), mail);
    let tenant = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\n---\n\
         kind: Trunk\nid: all\nnetworks: [127.0.0.0/8]\n---\n\
         kind: Number\nid: main\nnumber: \"100\"\nflow: main\n---\n\
         kind: Prompt\nid: message\ntone: {{hz: 523, length: 1s}}\n---\n\
         kind: Flow\nid: main\nsteps:\n  - voicemail: {{of: service, prompt: message, longest: 20s}}\n---\n\
         kind: Webhook\nid: crm\nurl: \"https://{hook}/events\"\nallow_private: true\nsecret_file: hook\n\
         events: [call-arrived]\n---\n\
         kind: Queue\nid: service\nagents: [agent1]\nvoicemail: {{email: anna@example.org}}\n---\n\
         kind: User\nid: agent1\nroles: [agent]\nphone: \"sip:agent1@{}\"\n",
        desk.addr
    );
    let roots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/certificates/first.crt.pem");
    let lines = format!(
        "[outside]\ntls_roots = {roots:?}\n[mail]\nsmtp = \"{post}\"\nfrom = \"phone@example.org\"\ntls = \"tls\"\n"
    );
    let program = Program::start_secure(&[("tenant.yaml", &tenant)], &[("hook", "h4\n")], &lines);
    let caller = desk.dial("+15550100", "", program.sip, "100", 440);
    desk.answered(caller);
    desk.hears(caller, 523);
    let recorded = desk.now();
    desk.until("a message of some seconds", |d| (d.now().0 > recorded.0 + 3_000_000).then_some(()));
    desk.hang_up(caller);
    // Both are refused, each with a sentence.
    let log = program.log.clone();
    let said = |receiver: &'static str, cause: &'static str| {
        let log = log.clone();
        move |_: &mut Desk| {
            let log = log.lock().unwrap();
            let waits = |l: &&str| {
                l.contains("letter_waits") && l.contains(&format!("\"{receiver}")) && l.contains(cause)
            };
            log.lines().find(waits).map(|_| ())
        }
    };
    desk.until("the webhook is kept", said("webhook:", "its certificate is not trusted"));
    desk.until("the mail is kept", said("mailbox:", "the mail server's certificate is not trusted"));
    assert!(told.try_recv().is_err() && mailed.try_recv().is_err(), "nothing went to a stranger");
    // With the right certificate both come, at their next try.
    right.store(true, Ordering::SeqCst);
    let (event, letter) = (OnceLock::new(), OnceLock::new());
    desk.until("both are told", |_| {
        told.try_iter().for_each(|e| drop(event.set(e)));
        mailed.try_iter().for_each(|l| drop(letter.set(l)));
        (event.get().is_some() && letter.get().is_some()).then_some(())
    });
    let event = event.into_inner().unwrap();
    assert!(event.starts_with("POST /events") && event.contains("call-arrived"), "{event}");
    let letter = letter.into_inner().unwrap();
    assert!(letter.contains("RCPT TO:<anna@example.org>") && letter.contains("Voicemail"), "{letter}");
    assert_eq!(program.get("/webhooks/dead").1["items"], serde_json::json!([]));
    program.stop();
}
