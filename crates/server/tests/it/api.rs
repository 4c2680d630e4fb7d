//! The API: rights, problems, the description, and the live page.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::Program;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

#[test]
fn tokens_and_roles_decide_what_is_allowed() {
    let desk = Desk::new();
    let mut program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    assert_eq!(program.get("/configuration").0, 200);
    let dir = program.dir.clone();
    program.stop();
    let tokens: Vec<(&str, String)> =
        ["auditor", "supervisor"].map(|role| (role, Program::token(dir.path(), "test", role))).into();
    program = Program::start_again(dir);
    for token in ["", "sr_0000", "nonsense"] {
        program.set_token(token.into());
        let (status, problem) = program.get("/calls");
        assert_eq!((status, problem["title"].as_str()), (401, Some("Unauthorized")));
    }
    for (role, token) in tokens {
        program.set_token(token);
        assert_eq!(program.get("/calls").0, 200, "{role}");
        assert_eq!(program.get("/configuration").0, 403, "{role}");
        assert_eq!(program.put("/queues/service", &json!({})).0, 403, "{role}");
        let heard = program.get("/recordings/r0").0;
        assert_eq!(heard, if role == "supervisor" { 404 } else { 403 }, "{role}");
        let state = program.put("/agents/agent1/state", &json!({"state": "break"})).0;
        assert_eq!(state, if role == "supervisor" { 200 } else { 403 }, "{role}");
    }
    program.stop();
}

#[test]
fn problems_say_what_to_do_and_bad_changes_change_nothing() {
    let desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    assert_eq!(program.get("/calls/c99").0, 404);
    assert_eq!(program.get("/calls/nonsense").0, 404);
    assert_eq!(program.get("/calls?cursor=x").0, 400);
    assert_eq!(program.get("/calls?queue=none").0, 404);
    let before = program.get("/queues/service").1;
    let mut bad = before.clone();
    bad["ring_time"] = json!("never");
    bad["agents"] = json!(["nobody"]);
    let (status, problem) = program.put("/queues/service", &bad);
    assert_eq!(status, 422);
    assert_eq!(problem["problems"].as_array().unwrap().len(), 2, "{problem}");
    assert_eq!(program.get("/queues/service").1, before);
    let (status, described) = program.get("/openapi.json");
    assert_eq!((status, described["openapi"].as_str()), (200, Some("3.1.0")));
    for path in ["/api/v1/calls/{id}", "/api/v1/recordings/{id}", "/api/v1/queues/{id}", "/api/v1/live"] {
        assert!(described["paths"][path]["get"]["responses"]["default"].is_object(), "{path}");
    }
    let catalogue = program.get("/catalogue").1;
    assert!(
        catalogue.as_array().unwrap().iter().any(|f| f["field"] == "persons.value" && f["encrypted"] == true)
    );
    let audit = program.get("/audit?limit=3").1;
    assert_eq!(audit["items"].as_array().unwrap().len(), 3);
    program.stop();
}

fn watch(program: &Program, query: &str) -> WebSocket<TcpStream> {
    let url = format!("ws://{}/api/v1/live{query}", program.http);
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("Authorization", program.bearer().parse().unwrap());
    let stream = TcpStream::connect(program.http).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    tungstenite::client(request, stream).unwrap().0
}

fn next(socket: &mut WebSocket<TcpStream>) -> Value {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

#[test]
fn watchers_get_a_snapshot_numbered_changes_and_what_they_missed() {
    let desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let mut socket = watch(&program, "");
    let snapshot = next(&mut socket);
    assert_eq!(snapshot["snapshot"]["agents"][0]["state"], "available");
    let mut number = snapshot["number"].as_u64().unwrap();
    program.put("/agents/agent1/state", &json!({"state": "break"}));
    let mut seen = Vec::new();
    while seen.last().is_none_or(|c: &Value| c["agent"]["state"] != "break") {
        let change = next(&mut socket);
        number += 1;
        assert_eq!(change["number"], number, "no change is left out");
        seen.push(change);
    }
    drop(socket);
    // Away for a change, then back: only what was missed comes.
    program.put("/agents/agent1/state", &json!({"state": "available"}));
    let mut socket = watch(&program, &format!("?after={number}"));
    let missed = next(&mut socket);
    assert!(missed["number"].as_u64().unwrap() > number && missed["snapshot"].is_null(), "{missed}");
    // From another server's life: a snapshot again.
    let mut socket = watch(&program, "?after=999999");
    let again = next(&mut socket);
    assert!(again["snapshot"].is_object());
    let (dir, token) = (program.dir.clone(), program.bearer().replace("Bearer ", ""));
    program.stop();
    let mut program = Program::start_again(dir);
    program.set_token(token);
    program.put("/agents/agent1/state", &json!({"state": "break"}));
    let mut socket = watch(&program, &format!("?after={}", again["number"]));
    let first = next(&mut socket);
    assert!(first["snapshot"].is_object(), "numbers of the process before are not ours: {first}");
    program.stop();
}

#[test]
fn every_error_is_a_problem() {
    let desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let ask = |method: &str, path: &str, body: &str| {
        let mut stream = TcpStream::connect(program.http).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            program.bearer(),
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    for (method, path, body, status) in [
        ("PUT", "/agents/agent1/state", "{nonsense", 400),
        ("PUT", "/agents/agent1/state", "{\"state\": \"asleep\"}", 422),
        ("GET", "/calls?limit=many", "", 400),
        ("GET", "/calls?colour=blue", "", 400),
        ("GET", "/calls?cursor=x", "", 400),
        ("GET", "/audit?cursor=x", "", 400),
        ("DELETE", "/calls", "", 405),
        ("GET", "/calls/%ff", "", 400),
        ("GET", "/nowhere", "", 404),
        ("GET", "/live", "", 400),
    ] {
        let answer = ask(method, path, body);
        let head = answer.split("\r\n\r\n").next().unwrap().to_lowercase();
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{method} {path}: {answer}");
        assert!(head.contains("content-type: application/problem+json"), "{method} {path}: {answer}");
        let problem: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        assert_eq!(problem["status"], status, "{answer}");
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{answer}");
        assert_eq!(head.contains("\r\nallow: "), status == 405, "{answer}");
    }
    program.stop();
}

#[test]
fn a_connection_that_asks_nothing_whole_gives_its_place_back() {
    let desk = Desk::new();
    let program = Program::start(&[("tenant.yaml", &tenant(&desk, 1))]);
    let connect = |first: &str| {
        let mut stream = TcpStream::connect(program.http).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(40))).unwrap();
        stream.write_all(first.as_bytes()).unwrap();
        stream
    };
    let began = ["", "G", "GET / HTTP/1.1\r\nHost:", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"].map(connect);
    for mut stream in began {
        let mut rest = Vec::new();
        assert!(stream.read_to_end(&mut rest).is_ok(), "closed, after the answer to what was asked");
    }
    program.stop();
}

#[test]
fn one_address_cannot_take_every_place() {
    let desk = Desk::new();
    let program = Program::start(&[("tenant.yaml", &tenant(&desk, 1))]);
    let mut open: Vec<TcpStream> = (0..257).map(|_| TcpStream::connect(program.http).unwrap()).collect();
    let mut last = open.pop().unwrap();
    last.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    assert!(crate::program::is_closed(&mut last), "one more than may be is closed");
    // A place that is given back serves again.
    open.clear();
    let answer = program.wait_for("/openapi.json", |v| v["openapi"].as_str().map(str::to_string));
    assert_eq!(answer, "3.1.0");
    program.stop();
}
