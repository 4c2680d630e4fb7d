//! Calling through a carrier's hosted system, with the whole program and a made-up CommPortal on this machine.

use crate::program::Program;
use serde_json::{Value, json};
use sim::commportal::{Answer, Asked, CommPortal};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

const LINE: &str = "2015550123";
const PASSWORD: &str = "canary-Pa55 word";

/// A CommPortal that listens on this machine for as long as the test lasts.
pub struct Portal {
    pub addr: SocketAddr,
    system: Arc<Mutex<CommPortal>>,
    /// How long it takes before it answers.
    slow: Arc<Mutex<Duration>>,
}

impl Portal {
    pub fn start() -> Portal {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let mut system = CommPortal::new("brand");
        system.add(LINE, PASSWORD, true);
        system.add("2015550124", PASSWORD, false);
        let (system, slow) = (Arc::new(Mutex::new(system)), Arc::new(Mutex::new(Duration::ZERO)));
        let (of_thread, slow_there) = (system.clone(), slow.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (system, slow) = (of_thread.clone(), slow_there.clone());
                let Ok(mut stream) = stream else { return };
                std::thread::spawn(move || {
                    let Some((head, body)) = request(&mut stream) else { return };
                    // The slow system itself: nothing waits for this but who asked it.
                    let wait = *slow.lock().unwrap();
                    std::thread::sleep(wait);
                    let mut words = head.split(' ');
                    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
                    let Answer { status, body } =
                        system.lock().unwrap().handle(&Asked { method, target, body: &body });
                    let head = format!(
                        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                        body.len()
                    );
                    let _ = stream.write_all((head + &body).as_bytes());
                });
            }
        });
        Portal { addr, system, slow }
    }

    pub fn system(&self) -> MutexGuard<'_, CommPortal> {
        self.system.lock().unwrap()
    }

    fn asked(&self, kind: &str) -> usize {
        self.system().asked.get(kind).copied().unwrap_or_default()
    }
}

/// A request of HTTP: its head, and its body.
pub fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut got, mut buffer) = (Vec::new(), [0; 4_096]);
    loop {
        if let Some(at) = got.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&got[..at]).into_owned();
            let length = head
                .lines()
                .find_map(|l| l.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
            let body = &got[at + 4..];
            if body.len() >= length.unwrap_or(0) {
                return Some((head, body.to_vec()));
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(n) => got.extend_from_slice(&buffer[..n]),
        }
    }
}

fn tenant(portal: SocketAddr) -> String {
    format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: US\ndial: {{allow: [\"+1\"], deny: [\"+1900\"]}}\n---\n\
         kind: Pbx\nid: office\nname: Office\ncommportal:\n  url: \"http://{portal}/brand\"\n  version: \"9.5\"\n  sign_in: password\n  numbers: {{\"+1\": \"\"}}\n  allow_private: true\n---\n\
         kind: Pbx\nid: ancient\ncommportal:\n  url: \"http://{portal}/brand\"\n  version: \"6.1\"\n  sign_in: password\n  allow_private: true\n---\n\
         kind: Pbx\nid: signed\ncommportal:\n  url: \"http://{portal}/brand\"\n  version: \"9.5\"\n  key_file: portal.key\n  key_id: ours\n  allow_private: true\n---\n\
         kind: User\nid: anna\nroles: [agent]\nline: \"{LINE}\"\n---\n\
         kind: User\nid: ben\nroles: [agent]\nline: \"2015550124\"\n---\n\
         kind: User\nid: cleo\nroles: [agent]\n"
    )
}

struct Office {
    portal: Portal,
    program: Program,
}

impl Office {
    fn begin() -> Office {
        let portal = Portal::start();
        let program = Program::start_as_owner(&[("tenant.yaml", &tenant(portal.addr))]);
        Office { portal, program }
    }

    fn click(&self, who: &str, through: &str, correlation: &str, password: &str) -> (u16, Value) {
        let new = json!({"agent": who, "to": "+1 (201) 555-0199", "through": through, "correlation": correlation, "password": password});
        self.program.post_json("/dial", &new)
    }

    /// Waits until a call is this far.
    #[track_caller]
    fn reaches(&self, who: &str, correlation: &str, progress: &str) -> Value {
        let path = format!("/dial/{correlation}?agent={who}");
        self.program.wait_for(&path, |said| (said["progress"] == progress).then(|| said.clone()))
    }
}

#[test]
fn the_carriers_system_rings_the_persons_phone_and_says_how_far_the_call_is() {
    let o = Office::begin();
    let (_, ways) = o.program.get("/dial");
    let office = ways.as_array().unwrap().iter().find(|w| w["id"] == "office").unwrap();
    assert_eq!((&office["kind"], &office["wants_password"]), (&json!("commportal"), &json!(true)));
    let (status, said) = o.click("anna", "office", "click-0001", PASSWORD);
    assert_eq!(status, 201, "{said}");
    let (status, again) = o.click("anna", "office", "click-0001", PASSWORD);
    assert_eq!(status, 200, "{again}");
    o.reaches("anna", "click-0001", "ringing-you");
    let made = o.portal.system().calls()[0].clone();
    assert_eq!(
        (made.line.as_str(), made.to.as_str()),
        (LINE, "2015550199"),
        "as this operator writes numbers"
    );
    o.portal.system().happens(&made.id, "EstablishedEvent");
    o.reaches("anna", "click-0001", "calling-them");
    o.portal.system().happens(&made.id, "DeliveredEvent");
    o.reaches("anna", "click-0001", "ringing-them");
    // The session ends in the middle: it is renewed, and the call followed on.
    o.portal.system().expire();
    o.portal.system().happens(&made.id, "EstablishedEvent");
    o.reaches("anna", "click-0001", "talking");
    assert_eq!(o.portal.asked("login"), 2);
    assert_eq!(o.program.delete("/dial/click-0001?agent=anna"), 200);
    let over = o.reaches("anna", "click-0001", "over");
    assert_eq!(over["reason"], "hung-up");
    let calls = o.portal.system().calls().to_vec();
    assert!(calls.len() == 1 && calls[0].cleared, "one call, and it was cleared: {calls:?}");
    o.wait_signed_out();
    // Nothing of it is written anywhere.
    let dir = o.program.dir.clone();
    let log = o.program.stop();
    for secret in [PASSWORD, "canary-Pa55", "5e55", "2015550199", "201) 555"] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
        assert_eq!(found_in(dir.path(), secret), Vec::<String>::new(), "{secret} is on the disk");
    }
}

/// Files of a folder in which a text stands.
pub fn found_in(folder: &std::path::Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(found_in(&path, text));
        } else if std::fs::read(&path).unwrap_or_default().windows(text.len()).any(|w| w == text.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}

impl Office {
    #[track_caller]
    fn wait_signed_out(&self) {
        let until = Instant::now() + Duration::from_secs(20);
        while self.portal.system().sessions() > 0 {
            assert!(Instant::now() < until, "nobody signed out");
            crate::program::look_again();
        }
    }
}

#[test]
fn an_account_is_never_locked_by_clicks() {
    let o = Office::begin();
    assert_eq!(o.click("anna", "office", "click-0001", "wrong").0, 201);
    assert_eq!(o.reaches("anna", "click-0001", "over")["reason"], "not-signed-in");
    // The same wrong password again, and a third one, are not even tried.
    for n in 2..10 {
        let (status, said) = o.click("anna", "office", &format!("click-000{n}"), "wrong");
        assert_eq!((status, &said["code"]), (403, &json!("pbx-refused")), "{said}");
    }
    assert_eq!(o.click("anna", "office", "click-0010", "wrong too").0, 201);
    o.reaches("anna", "click-0010", "over");
    assert_eq!(o.click("anna", "office", "click-0011", PASSWORD).0, 403);
    assert_eq!(o.portal.asked("login"), 2);
    assert!(!o.portal.system().is_locked(LINE));
    assert!(o.portal.system().calls().is_empty());
    o.program.stop();
}

#[test]
fn an_account_that_is_locked_already_is_left_alone() {
    let o = Office::begin();
    // Somebody locked it elsewhere, as with a telephone's old password.
    for _ in 0..sim::commportal::MOST_WRONG {
        let target = format!("/brand/login?version=9.5&DirectoryNumber={LINE}&Password=old");
        o.portal.system().handle(&Asked { method: "GET", target: &target, body: b"" });
    }
    assert!(o.portal.system().is_locked(LINE));
    let before = o.portal.asked("login");
    assert_eq!(o.click("anna", "office", "click-0001", PASSWORD).0, 201);
    assert_eq!(o.reaches("anna", "click-0001", "over")["reason"], "not-signed-in");
    assert_eq!(o.portal.asked("login"), before + 1);
    for n in 2..6 {
        let (status, said) = o.click("anna", "office", &format!("click-000{n}"), PASSWORD);
        assert_eq!((status, &said["code"]), (403, &json!("pbx-refused")), "{said}");
    }
    assert_eq!(o.portal.asked("login"), before + 1, "it is not tried again for a while");
    assert!(o.portal.system().calls().is_empty());
    o.program.stop();
}

#[test]
fn what_is_missing_is_said_before_anybody_is_asked() {
    let o = Office::begin();
    let new = json!({"agent": "anna", "to": "+12015550199", "through": "office"});
    let (status, said) = o.program.post_json("/dial", &new);
    assert_eq!((status, &said["code"]), (422, &json!("pbx-password")), "{said}");
    let (status, said) = o.click("cleo", "office", "click-0001", PASSWORD);
    assert_eq!(status, 422, "{said}");
    assert!(said["detail"].as_str().unwrap().contains("line"), "{said}");
    let (status, said) = o.click("anna", "signed", "click-0001", "");
    assert_eq!(status, 503, "there is no key: {said}");
    for to in ["+19005550199", "*21*2015550199#", "+1CALLNOW", "+4942155599"] {
        let new = json!({"agent": "anna", "to": to, "through": "office", "correlation": "click-0001", "password": PASSWORD});
        assert_eq!(o.program.post_json("/dial", &new).0, 422, "{to}");
    }
    assert_eq!(o.portal.asked("login"), 0);
    o.program.stop();
}

#[test]
fn a_system_that_is_too_old_slow_down_or_says_no_ends_the_call_with_a_reason() {
    let o = Office::begin();
    assert_eq!(o.click("ben", "office", "click-0001", PASSWORD).0, 201);
    assert_eq!(o.reaches("ben", "click-0001", "over")["reason"], "not-allowed");
    assert_eq!(o.click("anna", "ancient", "click-0002", PASSWORD).0, 201);
    assert_eq!(o.reaches("anna", "click-0002", "over")["reason"], "failed");
    assert_eq!(o.portal.asked("login"), 2, "asking an old system again does not make it newer");
    o.portal.system().fault = Some("serviceUnavailable".into());
    assert_eq!(o.click("anna", "office", "click-0003", PASSWORD).0, 201);
    assert_eq!(o.reaches("anna", "click-0003", "over")["reason"], "failed");
    assert_eq!(o.portal.asked("login"), 5, "three tries");
    o.portal.system().fault = None;
    // Somebody who withdraws while a slow system is asked is not called for.
    *o.portal.slow.lock().unwrap() = Duration::from_millis(700);
    assert_eq!(o.click("anna", "office", "click-0004", PASSWORD).0, 201);
    assert_eq!(o.program.delete("/dial/click-0004?agent=anna"), 200);
    assert_eq!(o.reaches("anna", "click-0004", "over")["reason"], "hung-up");
    assert!(o.portal.system().calls().is_empty());
    o.program.stop();
    // One that is not there at all.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(closed))]);
    let o = Office { portal: o.portal, program };
    assert_eq!(o.click("anna", "office", "click-0005", PASSWORD).0, 201);
    assert_eq!(o.reaches("anna", "click-0005", "over")["reason"], "failed");
    o.program.stop();
}
