//! Who asks about the end of an account: from which networks, and with the command line at a server as in its files.

use crate::program::{Program, run};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

const RULE: &str = "---\nkind: Retention\nid: end\nclass: closing\ndays: 20\n";

/// What somebody asks who comes from an address, as the proxy in front of the server wrote it down.
fn from(program: &Program, address: &str, method: &str, body: Option<Value>) -> (u16, Value) {
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("http://{}/api/v1/closing", program.http))
        .header("Authorization", program.bearer())
        .header("X-Forwarded-For", address)
        .header("Content-Type", "application/json");
    let body = body.map(|b| b.to_string()).unwrap_or_default();
    let mut answer = program.agent().run(request.body(body).unwrap()).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
}

#[test]
fn from_elsewhere_nobody_looks_at_the_end_of_an_account_or_changes_it() {
    let tenant = "kind: Tenant\nid: test\nprofile: contact-center\nfeatures: {address-allow-list: true}\n\
                  allowed_networks: [192.0.2.0/24]\n";
    let first = Program::start(&[("tenant.yaml", &format!("{tenant}{RULE}"))]);
    let dir = first.dir.clone();
    first.stop();
    let owner = Program::token(dir.path(), "test", "owner");
    let file = dir.path().join("switchroom.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let lines = "[http]\npublic_url = \"https://calls.example.org\"\n";
    std::fs::write(&file, config.replacen("[http]\n", lines, 1)).unwrap();
    let mut program = Program::start_again(dir);
    program.set_token(owner.clone());
    let (near, far) = ("192.0.2.7", "198.51.100.7");
    let wanted = || Some(json!({"tenant": "test"}));
    assert_eq!(from(&program, far, "POST", wanted()).1["code"], "address");
    let (status, ended) = from(&program, near, "POST", wanted());
    assert_eq!((status, &ended["state"]), (202, &json!("waiting")), "{ended}");

    let earlier = || Some(json!({"tenant": "test", "days": 0}));
    for secret in [ended["receipt"].as_str().unwrap(), &owner] {
        program.set_token(secret.into());
        for (method, body) in [("GET", None), ("PATCH", earlier()), ("DELETE", None)] {
            let (status, said) = from(&program, far, method, body);
            assert_eq!((status, &said["code"]), (403, &json!("address")), "{method} {said}");
        }
        let (status, seen) = from(&program, near, "GET", None);
        assert_eq!((status, &seen["disposal"]), (200, &ended["disposal"]), "{seen}");
    }
    let wrong = json!({"tenant": "other", "days": 0});
    assert_eq!(from(&program, near, "PATCH", Some(wrong)).0, 422, "another tenant's name destroys nothing");
    assert_eq!(from(&program, near, "DELETE", None).0, 204);
    assert_eq!(from(&program, near, "GET", None).0, 404, "it goes on");
    program.stop();
}

/// Where a tenant's account is ended: at its server with a token, or in the files of one that stands still.
struct Ending(Vec<String>);

impl Ending {
    fn at(program: &Program, token: &str) -> Ending {
        let server = format!("http://{}", program.http);
        Ending(["--server", &server, "--token", token].map(String::from).to_vec())
    }

    fn close(&self, name: &str, more: &[&str]) -> (i32, String) {
        let at = self.0.iter().map(String::as_str);
        let args: Vec<&str> = ["close", name].into_iter().chain(more.iter().copied()).chain(at).collect();
        let (code, said, wrong) = run(&args);
        (code, said + &wrong)
    }

    /// What was said of an account whose data waits, and from when on that is destroyed.
    fn waits(&self, more: &[&str]) -> (String, String) {
        let (code, said) = self.close("test", more);
        let day = said.split_once("destroyed from ").and_then(|(_, rest)| rest.split_once(" on"));
        let day = day.unwrap_or_else(|| panic!("{more:?} {code}: {said}")).0.to_string();
        (said, day)
    }
}

/// An account is ended, its data is to be destroyed earlier, that is taken back, and it is ended again. Gives what was said
/// then.
fn hastened(ending: &Ending) -> String {
    let (_, twenty) = ending.waits(&[]);
    let (code, said) = ending.close("test", &["--days", "21"]);
    assert!(code == 1 && said.contains("20 days"), "{code} {said}");
    let (_, ten) = ending.waits(&["--days", "10"]);
    assert!(ten < twenty, "{ten} {twenty}");
    assert_eq!([ending.waits(&["--days", "15"]).1, ending.waits(&[]).1], [ten.clone(), ten], "never later");
    let (code, said) = ending.close("other", &["--take-back"]);
    assert!(code == 1 && said.contains("\"test\"") | said.contains("\"other\""), "{code} {said}");
    let (code, said) = ending.close("test", &["--take-back"]);
    assert_eq!(code, 0, "another's name took nothing back: {said}");
    ending.waits(&[]).0
}

/// Its data is destroyed at once, and the certificate is given.
fn destroyed(dir: &Path, ending: &Ending) {
    let paper = dir.join("certificate.json").display().to_string();
    let (code, said) = ending.close("test", &["--days", "0", "--out", &paper]);
    assert!(code == 0 && said.contains("were destroyed"), "{code} {said}");
    assert_eq!(run(&["attest", "verify", &paper]).0, 0);
}

fn program() -> Program {
    let tenant = format!("kind: Tenant\nid: test\nprofile: contact-center\n{RULE}");
    Program::start_as_owner(&[("tenant.yaml", &tenant)])
}

#[test]
fn at_a_server_the_end_of_an_account_comes_earlier_where_that_is_wanted() {
    let program = program();
    let owner = Ending::at(&program, &program.bearer().replace("Bearer ", ""));
    let said = hastened(&owner);
    let receipt = said.split_once("(--token): ").unwrap().1.lines().next().unwrap();
    // What was hastened stands in the log as what was ended: three times by now.
    assert_eq!(owner.close("test", &["--take-back"]).0, 0);
    let (_, log) = program.get("/audit?action=tenant.close");
    let who: Vec<&Value> = log["items"].as_array().unwrap().iter().map(|e| &e["who"]).collect();
    assert_eq!(who, ["token 1"; 3], "{log:#}");
    assert_eq!(Ending::at(&program, receipt).close("test", &[]).0, 1, "this receipt is over");

    let (said, _) = owner.waits(&[]);
    let receipt = said.split_once("(--token): ").unwrap().1.lines().next().unwrap();
    // The token that asks for it is destroyed with the rest.
    let (code, said) = owner.close("test", &["--days", "0"]);
    assert!(code == 0 && said.contains("receipt") | said.contains("were destroyed"), "{code} {said}");
    destroyed(program.dir.path(), &Ending::at(&program, receipt));
    program.stop();
}

#[test]
fn in_the_files_the_end_of_an_account_comes_earlier_where_that_is_wanted() {
    let program = program();
    let dir = program.dir.clone();
    program.stop();
    let config = dir.path().join("switchroom.toml").display().to_string();
    let files = Ending(vec!["--config".into(), config]);
    hastened(&files);
    destroyed(dir.path(), &files);
}

#[test]
fn where_a_server_does_not_say_whether_an_account_ended_the_command_ends_none() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let (code, said, wrong) = std::thread::scope(|scope| {
        let command =
            scope.spawn(|| run(&["close", "test", "--days", "0", "--server", &server, "--token", "st_1"]));
        let (mut stream, _) = listener.accept().unwrap();
        // Whoever asks for more reaches nobody.
        drop(listener);
        let mut head = [0; 4_096];
        let n = stream.read(&mut head).unwrap();
        assert!(head[..n].starts_with(b"GET "), "{}", String::from_utf8_lossy(&head[..n]));
        let answer = "HTTP/1.1 503 Later\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
        stream.write_all(answer.as_bytes()).unwrap();
        command.join().unwrap()
    });
    assert!(code == 1 && wrong.contains("503"), "nothing else is asked of it: {code} {said}{wrong}");
}
