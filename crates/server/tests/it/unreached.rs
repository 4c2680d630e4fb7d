//! Far ends of trunks that nothing gets to: a name without an address, a port where nobody listens, a listener that never
//! finishes a handshake, one that closes at once. Each is told in its own words, by the API and in a terminal.

use crate::program::{Program, free_port, run};
use crate::secure_sip::Authority;
use serde_json::Value;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Takes connections and closes them, until it is dropped.
struct Closing {
    port: u16,
    ends: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Closing {
    fn start() -> Closing {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let ends = Arc::new(AtomicBool::new(false));
        let stops = ends.clone();
        let closes = move || while listener.accept().is_ok() && !stops.load(Ordering::Relaxed) {};
        Closing { port, ends, thread: Some(std::thread::spawn(closes)) }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = std::net::TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The far end at this place, once it is told why nothing gets there.
fn unreached(program: &Program, place: usize, wanted: &[&str]) -> Value {
    program.wait_for("/trunks/out/status", |status| {
        let end = &status["far_ends"][place];
        wanted.contains(&end["unreached"].as_str()?).then(|| end.clone())
    })
}

#[test]
fn each_reason_why_nothing_gets_to_a_far_end_is_told_with_what_to_do() {
    let authority = Authority::new();
    authority.sign_for("serverAuth,clientAuth", "ours", "DNS:sbc1.contoso.test", 30);
    // Whoever connects to it is taken by the system, and nobody ever says anything.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let closing = Closing::start();
    let (silent_port, nobody) = (silent.local_addr().unwrap().port(), free_port());
    let files = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\n---\n\
         kind: Trunk\nid: out\noutbound: true\noptions_every: 5s\nproxies:\n\
         - {{host: \"nobody.invalid:5061\", transport: tls}}\n\
         - {{host: \"127.0.0.1:{nobody}\", transport: tls}}\n\
         - {{host: \"127.0.0.1:{nobody}\", transport: tcp}}\n\
         - {{host: \"127.0.0.1:{silent_port}\", transport: tls}}\n\
         - {{host: \"127.0.0.1:{}\", transport: tls}}\n",
        closing.port
    );
    let program =
        Program::start_secure(&[("tenant.yaml", &files)], &[], &authority.lines(free_port(), "ours"));
    // Which of the two depends on the DNS of the machine that runs this.
    let name = unreached(&program, 0, &["name-unknown", "name-unanswered"]);
    let unknown = name["unreached"] == "name-unknown";
    let mut told =
        vec![if unknown { "the DNS knows no address for this name" } else { "the DNS does not answer" }];
    for (place, cause, words) in [
        (1, "refused", "nothing listens there"),
        (2, "refused", "nothing listens there"),
        (3, "handshake-timeout", "does not finish the handshake of TLS"),
        (4, "broken", "closes the connection before it says anything"),
    ] {
        let end = unreached(&program, place, &[cause]);
        assert_eq!((&end["up"], &end["why"]), (&false.into(), &Value::Null), "{end:#}");
        told.push(words);
    }
    let (server, token) = (format!("http://{}", program.http), program.bearer().replace("Bearer ", ""));
    let (code, out, err) = run(&["trunks", "out", "--server", &server, "--token", &token]);
    assert_eq!(code, 1, "{out}{err}");
    let hosts: Vec<&str> = out.lines().filter(|line| line.contains(" for ")).collect();
    let is_cause = |line: &&str| line.starts_with("      ") && !line.ends_with(" ago");
    let lines: Vec<&str> = out.lines().filter(is_cause).collect();
    assert_eq!(lines.len(), told.len(), "{hosts:?} {out}");
    for (line, words) in lines.iter().zip(&told) {
        assert!(line.contains(words), "{words:?} is missing in {line:?}");
    }
    // The words follow what is there: nobody listens any more where a handshake was waited for.
    drop(silent);
    unreached(&program, 3, &["refused"]);
    let log = program.stop();
    assert!(log.contains("\"trunk_unreached\"") && log.contains("HandshakeTimeout"), "{log}");
}
