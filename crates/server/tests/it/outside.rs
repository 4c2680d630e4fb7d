//! Other systems from outside: a flow asks one, a webhook tells it, and a message is left, heard and deleted.

use crate::desk::Desk;
use crate::program::Program;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};

/// A system that knows customers and takes what it is told: gives the head and the body of each request.
pub fn crm() -> (SocketAddr, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (tx, rx) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
                    length = n.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
                head += &line;
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let answer = r#"{"customer":{"level":"gold"}}"#;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
                answer.len()
            );
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
            if tx.send((head, String::from_utf8(body).unwrap())).is_err() {
                return;
            }
        }
    });
    (addr, rx)
}

fn tenant(desk: &Desk, crm: SocketAddr) -> String {
    format!(
        "kind: Tenant\nid: test\nprofile: contact-center\nattributes: {{level: [standard, gold]}}\n---\n\
         kind: Trunk\nid: all\nnetworks: [127.0.0.0/8]\n---\n\
         kind: Number\nid: main\nnumber: \"100\"\nflow: main\n---\n\
         kind: Prompt\nid: message\ntone: {{hz: 523, length: 1s}}\n---\n\
         kind: Prompt\nid: gold\ntone: {{hz: 700, length: 1s}}\n---\n\
         kind: Flow\nid: main\nsteps:\n  - look-up: {{look_up: customers}}\n  - branch:\n      - {{if: {{attribute: {{name: level, value: gold}}}}, go: gold}}\n  - hang-up: true\n\
         branches:\n  gold:\n    - say: gold\n    - voicemail: {{of: service, prompt: message, longest: 20s}}\n---\n\
         kind: LookUp\nid: customers\nurl: \"http://{crm}/customers?number={{caller}}\"\nallow_private: true\n\
         headers: [{{name: Authorization, secret_file: crm}}]\nresults: {{/customer/level: level}}\n---\n\
         kind: Webhook\nid: crm\nurl: \"http://{crm}/events\"\nallow_private: true\nsecret_file: hook\n\
         events: [call-arrived, call-ended]\n---\n\
         kind: Queue\nid: service\nagents: [agent1]\nvoicemail: {{webhook: crm}}\n---\n\
         kind: User\nid: agent1\nroles: [agent]\nphone: \"sip:agent1@{}\"\n",
        desk.addr
    )
}

#[test]
fn a_flow_asks_a_webhook_tells_and_a_message_is_left() {
    let mut desk = Desk::new();
    let (addr, got) = crm();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, addr))]);
    std::fs::create_dir(program.dir.path().join("secrets")).unwrap();
    std::fs::write(program.dir.path().join("secrets/crm"), "Bearer c4\n").unwrap();
    std::fs::write(program.dir.path().join("secrets/hook"), "h4\n").unwrap();
    let caller = desk.dial("+15550100", "Anna Example", program.sip, "100", 440);
    desk.answered(caller);
    // The answer of the other system decided what is heard.
    desk.hears(caller, 700);
    desk.hears(caller, 523);
    let recorded = desk.now();
    desk.until("a message of some seconds", |d| (d.now().0 > recorded.0 + 4_000_000).then_some(()));
    desk.hang_up(caller);
    let mut told: Vec<(String, Value)> = Vec::new();
    let mut asked = Vec::new();
    let wanted = ["call-arrived", "call-ended", "message-left"];
    let all = |told: &[(String, Value)]| wanted.iter().all(|w| told.iter().any(|(_, b)| b["event"] == *w));
    while !all(&told) {
        let (head, body) = desk.until("the other system is asked and told", |_| got.try_recv().ok());
        match head.starts_with("POST /events") {
            true => told.push((head, serde_json::from_str(&body).unwrap())),
            false => asked.push(head),
        }
    }
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("GET /customers?number=%2B15550100 "), "{}", asked[0]);
    assert!(asked[0].to_lowercase().contains("authorization: bearer c4"));
    let message = &told.iter().find(|(_, b)| b["event"] == "message-left").unwrap().1;
    assert_eq!(
        (message["tenant"].as_str(), message["data"]["mailbox"].as_str()),
        (Some("test"), Some("service"))
    );
    for (head, body) in &told {
        assert!(head.to_lowercase().contains("switchroom-signature: sha256="), "{head}");
        assert!(!body.to_string().contains("5550100") && !body.to_string().contains("Anna"), "{body}");
    }
    let call = program.ended_call();
    assert!(call["timeline"].to_string().contains("looked-up"), "{}", call["timeline"]);
    // The message.
    let list = program.get("/messages?mailbox=service").1["items"].clone();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["heard"]), (1, &Value::Null));
    let id = list[0]["id"].as_str().unwrap();
    assert_eq!(
        (Some(id), list[0]["call"].as_str()),
        (message["data"]["recording"].as_str(), call["id"].as_str())
    );
    assert_eq!(program.bytes(&format!("/recordings/{id}"), None).0, 200);
    assert_eq!(program.put(&format!("/messages/{id}"), &json!({"heard": true})).0, 204);
    assert!(program.get("/messages").1["items"][0]["heard"].is_string());
    assert_eq!(program.get("/messages?mailbox=nobody").0, 404);
    assert_eq!(program.delete(&format!("/messages/{id}")), 204);
    assert_eq!(program.delete(&format!("/messages/{id}")), 404);
    assert_eq!(program.bytes(&format!("/recordings/{id}"), None).0, 404);
    assert_eq!(program.get("/audit?limit=1").1["items"][0]["action"], "message.delete");
    // Once more, from the journal, with the same ids.
    let (status, replayed) = program.post("/webhooks/replay?from=1&to=100000");
    assert_eq!((status, replayed["told"].as_u64() >= Some(3)), (200, true), "{replayed}");
    let ids: Vec<&str> = told.iter().map(|(_, b)| b["id"].as_str().unwrap()).collect();
    for _ in &ids {
        let (_, body) = got.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert!(ids.contains(&body["id"].as_str().unwrap()), "{body}");
    }
    assert_eq!(program.get("/webhooks/dead").1["items"], json!([]));
    assert_eq!(program.post("/webhooks/dead/e1-0/retry").0, 404);
    assert_eq!(program.post("/webhooks/replay?from=0&to=1").0, 400);
    program.stop();
}
