//! Calling through the organisation's own Asterisk or FreeSWITCH: the whole program, and exchanges composed from those
//! systems' documents on this machine.

use crate::commportal::request;
use crate::program::{Program, folder, run};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

const NAME: &str = "click-0001";

fn program(pbx: &str) -> Program {
    program_with(pbx, "")
}

/// The same with these lines of the tenant more.
fn program_with(pbx: &str, lines: &str) -> Program {
    let tenant = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: US\ndial: {{allow: [\"+1\"]}}\n{lines}---\n\
         kind: Pbx\nid: office\n{pbx}\n---\nkind: User\nid: anna\nroles: [agent]\nline: \"1001\"\n---\n\
         kind: User\nid: ben\nroles: [agent]\nline: \"1002\"\n"
    );
    Program::start_with_secrets(&[("tenant.yaml", &tenant)], &[("pbx-password", "s3cret-canary\n")])
}

fn ari(addr: SocketAddr) -> String {
    format!(
        "ari: {{url: \"http://{addr}/ari\", user: switchroom, password_file: pbx-password, context: out, allow_private: true}}"
    )
}

fn click(program: &Program) -> (u16, Value) {
    let new = json!({"agent": "anna", "to": "+12015550199", "through": "office", "correlation": NAME});
    program.post_json("/dial", &new)
}

#[track_caller]
fn reaches(program: &Program, progress: &str) -> Value {
    let path = format!("/dial/{NAME}?agent=anna");
    program.wait_for(&path, |said| (said["progress"] == progress).then(|| said.clone()))
}

/// An Asterisk with at most one channel: what it was asked, and the state that the channel is in.
#[derive(Default)]
pub struct Asterisk {
    pub asked: Vec<String>,
    pub body: String,
    pub state: Option<&'static str>,
    peer: &'static str,
}

pub fn asterisk() -> (SocketAddr, Arc<Mutex<Asterisk>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let shared: Arc<Mutex<Asterisk>> = Arc::default();
    let of_thread = shared.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let Some((head, body)) = request(&mut stream) else { continue };
            let mut a = of_thread.lock().unwrap();
            let line = head.lines().next().unwrap_or_default().to_string();
            a.asked.push(line.clone());
            let authorized =
                head.to_lowercase().contains("authorization: basic c3dpdgnocm9vbtpzm2nyzxqty2fuyxj5");
            let (status, answer) = match (line.split(' ').next().unwrap_or_default(), a.state) {
                _ if !authorized => (401, "{}".to_string()),
                ("POST", None) => {
                    a.body = String::from_utf8(body).unwrap();
                    a.state = Some("Down");
                    (200, json!({"id": "x", "state": "Down"}).to_string())
                }
                ("POST", Some(_)) => (409, "{}".into()),
                ("DELETE", _) => {
                    a.state = None;
                    (204, String::new())
                }
                (_, None) => (404, json!({"message": "Channel not found"}).to_string()),
                (_, Some(_)) if line.contains("BRIDGEPEER") => (200, json!({"value": a.peer}).to_string()),
                (_, Some(state)) => (200, json!({"state": state}).to_string()),
            };
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                answer.len()
            );
            let _ = stream.write_all((head + &answer).as_bytes());
        }
    });
    (addr, shared)
}

#[test]
fn an_asterisk_is_asked_once_and_followed_to_the_end() {
    let (addr, asterisk) = asterisk();
    let program = program(&ari(addr));
    let (_, ways) = program.get("/dial");
    let untried =
        |kind: &str| ways.as_array().unwrap().iter().find(|w| w["kind"] == kind).unwrap()["untried"].clone();
    assert_eq!((untried("ari"), untried("own")), (json!(true), json!(false)));
    let (status, said) = click(&program);
    assert_eq!(status, 201, "{said}");
    assert_eq!(click(&program).0, 200, "twice is once");
    let set = |state, peer| {
        let mut a = asterisk.lock().unwrap();
        (a.state, a.peer) = (state, peer);
    };
    program.wait_for("/dial", |_| asterisk.lock().unwrap().state);
    set(Some("Ringing"), "");
    reaches(&program, "ringing-you");
    set(Some("Up"), "");
    reaches(&program, "calling-them");
    set(Some("Up"), "PJSIP/carrier-2");
    reaches(&program, "talking");
    assert_eq!(program.delete(&format!("/dial/{NAME}?agent=anna")), 200);
    assert_eq!(reaches(&program, "over")["reason"], "hung-up");
    let a = asterisk.lock().unwrap();
    assert_eq!(a.asked.iter().filter(|l| l.starts_with("POST")).count(), 1);
    assert!(
        a.asked.iter().all(|l| !l.contains("2015550199")),
        "no number stands in an address: {:?}",
        a.asked
    );
    let body: Value = serde_json::from_str(&a.body).unwrap();
    assert_eq!((&body["endpoint"], &body["extension"]), (&json!("PJSIP/1001"), &json!("+12015550199")));
    drop(a);
    let log = program.stop();
    assert!(!log.contains("s3cret") && !log.contains("2015550199"), "{log}");
}

#[test]
fn the_limits_of_the_toll_count_what_another_system_calls() {
    let (addr, asterisk) = asterisk();
    let program = program_with(&ari(addr), "toll: {limits: {tenant: {concurrent: 1}}}\n");
    assert_eq!(click(&program).0, 201);
    program.wait_for("/dial", |_| asterisk.lock().unwrap().state);
    let of_ben = |correlation: &str| {
        let new =
            json!({"agent": "ben", "to": "+12015550198", "through": "office", "correlation": correlation});
        program.post_json("/dial", &new)
    };
    let (status, said) = of_ben("click-0002");
    assert_eq!(status, 403, "{said}");
    assert!(said["detail"].as_str().unwrap().contains("too-many-at-once"), "{said}");
    assert_eq!(asterisk.lock().unwrap().asked.iter().filter(|l| l.starts_with("POST")).count(), 1);
    // One that is over is counted no longer.
    assert_eq!(program.delete(&format!("/dial/{NAME}?agent=anna")), 200);
    reaches(&program, "over");
    // And one that is called the same by somebody else is another call: nobody reaches Anna's by choosing her name for it.
    let channel = || {
        let body: Value = serde_json::from_str(&asterisk.lock().unwrap().body).unwrap();
        body["channelId"].as_str().unwrap().to_string()
    };
    let of_anna = channel();
    assert_eq!(of_ben(NAME).0, 201);
    program.wait_for("/dial", |_| (channel() != of_anna).then_some(()));
    program.stop();
}

#[test]
fn a_freeswitch_is_signed_in_at_and_told_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let program =
        program(&format!("esl: {{address: \"{addr}\", password_file: pbx-password, context: default}}"));
    assert_eq!(click(&program).0, 201);
    let (mut stream, _) = listener.accept().unwrap();
    let mut said = |text: &str, until: &str| {
        stream.write_all(text.as_bytes()).unwrap();
        read_until(&mut stream, until)
    };
    let after = |text: &str, start: &str| {
        text.split(start).nth(1).and_then(|t| t.split(['\n', ',']).next()).unwrap_or_default().to_string()
    };
    assert_eq!(said("Content-Type: auth/request\n\n", "\n\n"), "auth s3cret-canary\n\n");
    let ok = "Content-Type: command/reply\nReply-Text: +OK\n\n";
    let mut asked = said(ok, "filter Job-UUID ");
    asked += &said("", "\n\n");
    let leg = after(&asked, "filter Job-UUID ");
    assert!(leg.len() == 36 && !leg.contains(NAME), "a UUID, of which nobody else knows the name: {asked}");
    let made = said(&ok.repeat(4), &format!("Job-UUID: {leg}\n\n"));
    assert!(
        made.starts_with(&format!("bgapi originate {{origination_uuid={leg},"))
            && made.contains("}user/1001 +12015550199 XML default\n"),
        "{made}"
    );
    let event = |name: &str, more: &str| {
        let body = format!("{{\"Event-Name\":\"{name}\",\"Unique-ID\":\"{leg}\"{more}}}");
        format!("Content-Length: {}\nContent-Type: text/event-json\n\n{body}", body.len())
    };
    said(&(ok.to_string() + &event("CHANNEL_PROGRESS", "")), "");
    reaches(&program, "ringing-you");
    said(&event("CHANNEL_BRIDGE", ""), "");
    reaches(&program, "talking");
    said(&event("CHANNEL_HANGUP_COMPLETE", ",\"Hangup-Cause\":\"NORMAL_CLEARING\""), "");
    assert_eq!(reaches(&program, "over")["reason"], "hung-up");
    program.stop();
}

#[test]
fn a_hang_up_that_comes_while_a_call_begins_is_not_lost() {
    let (addr, asterisk) = asterisk();
    let program = program(&ari(addr));
    // What signs in there is read from a pipe, so that the call stands in its beginning until the test writes.
    let pipe = program.dir.path().join("secrets/pbx-password");
    std::fs::remove_file(&pipe).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let began = std::thread::scope(|s| {
        let clicked = s.spawn(|| click(&program));
        reaches(&program, "asked");
        assert_eq!(program.delete(&format!("/dial/{NAME}?agent=anna")), 200);
        std::fs::write(&pipe, "s3cret-canary\n").unwrap();
        clicked.join().unwrap()
    });
    assert_eq!(began.0, 201, "{}", began.1);
    assert_eq!(reaches(&program, "over")["reason"], "hung-up");
    assert_eq!(asterisk.lock().unwrap().asked, Vec::<String>::new(), "nobody was rung");
    program.stop();
}

#[test]
fn a_tenant_with_its_share_of_calls_keeps_no_other_from_calling() {
    let far_ends = [asterisk(), asterisk()];
    let tenant = |id: &str, addr| {
        let people = ["anna", "ben"]
            .map(|user| format!("---\nkind: User\nid: {user}\nroles: [agent]\nline: \"1001\"\n"))
            .concat();
        format!(
            "kind: Tenant\nid: {id}\nprofile: contact-center\ncountry: US\ndial: {{allow: [\"+1\"]}}\n---\n\
             kind: Pbx\nid: office\n{}\n{people}",
            ari(addr)
        )
    };
    let first = Program::start_with_secrets(
        &[("tenant.yaml", &tenant("test", far_ends[0].0))],
        &[("pbx-password", "s3cret-canary\n")],
    );
    let dir = first.dir.clone();
    first.stop();
    let config = dir.path().join("switchroom.toml");
    let lines = std::fs::read_to_string(&config).unwrap() + "[dial]\ncalls = 2\n";
    std::fs::write(&config, lines).unwrap();
    let (_files, second) = folder(&[("t.yaml", &tenant("second", far_ends[1].0))]);
    let (code, _, errors) = run(&["apply", second.to_str().unwrap(), "--config", config.to_str().unwrap()]);
    assert_eq!(code, 0, "{errors}");
    let [of_first, of_second] = ["test", "second"].map(|tenant| Program::token(dir.path(), tenant, "owner"));
    let mut program = Program::start_again(dir);
    let call = |program: &Program, agent: &str, correlation: &str| {
        let new =
            json!({"agent": agent, "to": "+12015550199", "through": "office", "correlation": correlation});
        program.post_json("/dial", &new)
    };
    program.set_token(of_first.clone());
    assert_eq!(call(&program, "anna", NAME).0, 201);
    program.wait_for_metric("switchroom_calls_carried 1");
    let (status, said) = call(&program, "ben", "click-0002");
    assert_eq!((status, &said["code"]), (503, &json!("share-full")), "{said}");
    assert!(said["detail"].as_str().unwrap().contains("dial.calls"), "{said}");
    // The other tenant has its own share.
    program.set_token(of_second);
    assert_eq!(call(&program, "anna", NAME).0, 201);
    program.wait_for("/dial", |_| far_ends[1].1.lock().unwrap().state);
    program.wait_for_metric("switchroom_calls_carried 2");
    // What is over is free again, and what was refused did not use up its name.
    program.set_token(of_first);
    assert_eq!(program.delete(&format!("/dial/{NAME}?agent=anna")), 200);
    program.wait_for_metric("switchroom_calls_carried 1");
    assert_eq!(call(&program, "ben", "click-0002").0, 201);
    program.stop();
}

pub fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let (mut got, mut buffer) = (String::new(), [0; 1]);
    // A byte at a time: what comes behind the end is for the next who reads.
    while !got.ends_with(end) {
        let n = stream.read(&mut buffer).unwrap();
        assert!(n > 0, "closed after {got:?}");
        got += std::str::from_utf8(&buffer[..n]).unwrap();
    }
    got
}
