//! The end of an account: refused while something is held; calls end with it, then nothing is left but a certificate.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::{Program, folder, run};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;

const CALLER: &str = "+15550188901";
const NOTE: &str = "wants the green one";

/// Every file below a folder, and what is in it.
fn files(dir: &Path, out: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, out),
            false => out.push((path.display().to_string(), std::fs::read(&path).unwrap())),
        }
    }
}

/// In which files a word can be read.
fn readable(dir: &Path, word: &str) -> Vec<String> {
    let mut all = Vec::new();
    files(dir, &mut all);
    let holds = |bytes: &[u8]| bytes.windows(word.len()).any(|w| w == word.as_bytes());
    all.into_iter().filter(|(_, bytes)| holds(bytes)).map(|(name, _)| name).collect()
}

fn close(program: &Program, tenant: &str) -> (u16, Value) {
    program.post_json("/closing", &json!({"tenant": tenant}))
}

#[test]
fn a_closed_tenant_leaves_nothing_but_a_certificate_and_its_neighbour_stays() {
    let mut desk = Desk::new();
    let text = tenant(&desk, 1).replace("roles: [agent]", "name: Ottilie Wiesengrund\nroles: [agent]");
    let first = Program::start(&[("tenant.yaml", &text)]);
    let dir = first.dir.clone();
    first.stop();
    let config = dir.path().join("switchroom.toml").display().to_string();
    let (_kept, other) = folder(&[("t.yaml", "kind: Tenant\nid: other\nprofile: contact-center\n")]);
    let (code, said, wrong) = run(&["apply", &other.display().to_string(), "--config", &config]);
    assert_eq!(code, 0, "{said}{wrong}");
    let tokens = ["test", "other"].map(|name| Program::token(dir.path(), name, "owner"));
    let mut program = Program::start_again(dir.clone());
    program.set_token(tokens[0].clone());

    let caller = desk.dial(CALLER, "Anna Zeisig", program.sip, "100", 440);
    desk.answered(caller);
    let (agent, _) = desk.rings();
    desk.answer(agent, 1000);
    desk.hears(caller, 1000);
    let call = program.get("/calls").1["items"][0]["id"].as_str().unwrap().to_string();
    desk.hang_up(caller);
    desk.ended(agent);
    assert_eq!(program.ended_call()["id"], call.as_str());
    assert_eq!(program.put(&format!("/calls/{call}/notes"), &json!({"notes": NOTE})).0, 204);
    assert_eq!(close(&program, "other").0, 422, "another tenant's name ends nothing");
    let (_, hold) = program.post_json("/holds", &json!({"call": call, "reason": "a court asked"}));
    let (status, said) = close(&program, "test");
    assert!(status == 409 && said["detail"].as_str().unwrap().contains("legal holds"), "{status} {said}");
    assert_eq!(program.delete(&format!("/holds/{}", hold["id"].as_str().unwrap())), 204);
    assert_eq!(program.get(&format!("/calls/{call}")).0, 200, "nothing was changed");

    let copy = dir.path().join("copy");
    let backup = || run(&["backup", &copy.display().to_string(), "--config", &config]);
    assert_eq!(backup().0, 0);
    let paper = dir.path().join("certificate.json").display().to_string();
    let server = format!("http://{}", program.http);
    let args = ["close", "test", "--days", "0", "--out", &paper, "--server", &server, "--token", &tokens[0]];
    let (code, said, wrong) = run(&args);
    assert!(code == 0 && said.contains("were destroyed"), "{code} {said}{wrong}");
    let text = std::fs::read_to_string(&paper).unwrap();
    let made: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&made["kind"], &made["tenant"]), (&json!("certificate of disposal"), &json!("test")));
    let rows = &made["destroyed"]["rows"];
    assert_eq!((&rows["calls"], &rows["recordings"], &rows["notes"]), (&json!(1), &json!(1), &json!(1)));
    assert!(
        made["destroyed"]["keys"]["person"].as_u64() > Some(0) && made["audit"]["entry"].is_u64(),
        "{made}"
    );
    assert_eq!(made["backups"], json!({"known": 1, "with_keys": 0}));
    let (code, said, wrong) = run(&["attest", "verify", &paper]);
    assert!(code == 0 && said.contains("tenant test"), "{said}{wrong}");
    let bent = dir.path().join("bent.json");
    std::fs::write(&bent, text.replace("\"calls\": 1", "\"calls\": 2")).unwrap();
    assert_eq!(run(&["attest", "verify", &bent.display().to_string()]).0, 1);
    std::fs::remove_file(&bent).unwrap();

    // Nobody signs in any more; the neighbour does not notice.
    assert_eq!(program.get("/calls").0, 401);
    assert_eq!(run(&args).0, 1, "closed twice");
    program.set_token(tokens[1].clone());
    assert_eq!(program.get("/calls").0, 200);
    program.stop();

    // Byte by byte: the server's own files have no word of it, and the backup that was made before none of a person.
    let data = dir.path().join("data");
    for word in [CALLER, "15550188901", "Anna Zeisig", "Ottilie", NOTE] {
        assert_eq!(readable(&data, word), [""; 0], "{word}");
        assert_eq!(readable(&copy, word), [""; 0], "{word}");
    }
    for word in ["agent1", "greeting"] {
        assert_eq!(readable(&data, word), [""; 0], "{word}");
        assert!(!readable(&copy, word).is_empty(), "this looks where {word} was");
    }
    let keys = Connection::open(data.join("switchroom.keys.db")).unwrap();
    let count = |tenant: u32| -> u32 {
        keys.query_row("SELECT COUNT(*) FROM keys WHERE tenant = ?1", [tenant], |r| r.get(0)).unwrap()
    };
    assert_eq!((count(1), count(2)), (0, 1));
    assert!(!data.join("blobs/recordings/1").exists());
    let again = dir.path().join("again.json").display().to_string();
    let (code, _, wrong) = run(&["close", "test", "--out", &again, "--config", &config]);
    assert!(code == 0 && std::fs::read_to_string(&again).unwrap() == text, "{code} {wrong}");
    let (code, _, wrong) = run(&["close", "nobody", "--out", &again, "--config", &config]);
    assert!(code == 1 && wrong.contains("no certificate"), "{code} {wrong}");

    // What was backed up before the closing brings nothing back, and the next backup is without it.
    let elsewhere = tempfile::tempdir().unwrap();
    let toml = std::fs::read_to_string(&config).unwrap();
    let toml = toml.replace(&dir.path().display().to_string(), &elsewhere.path().display().to_string());
    let there = elsewhere.path().join("switchroom.toml");
    std::fs::write(&there, toml).unwrap();
    std::fs::create_dir(elsewhere.path().join("data")).unwrap();
    std::fs::copy(data.join("master.key"), elsewhere.path().join("data/master.key")).unwrap();
    let (code, said, wrong) =
        run(&["restore", &copy.display().to_string(), "--config", &there.display().to_string()]);
    assert_eq!(code, 0, "{said}{wrong}");
    assert_eq!(readable(&elsewhere.path().join("data"), "agent1"), [""; 0]);
    let (code, said, wrong) = backup();
    assert_eq!(code, 0, "{said}{wrong}");
    assert_eq!(readable(&copy, "agent1"), [""; 0], "older increments are gone");
    let mut program = Program::start_again(dir);
    program.set_token(tokens[1].clone());
    assert_eq!(program.get("/calls").0, 200);
    program.stop();
}

/// What is asked of a closing with a receipt or an owner's token.
fn ask(program: &Program, method: &str, secret: &str) -> (u16, Value) {
    let url = format!("http://{}/api/v1/closing", program.http);
    let bearer = format!("Bearer {secret}");
    let answer = match method {
        "DELETE" => program.agent().delete(url).header("Authorization", bearer).call(),
        _ => program.agent().get(url).header("Authorization", bearer).call(),
    };
    let mut answer = answer.unwrap();
    (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
}

#[test]
fn until_its_data_is_destroyed_the_end_of_an_account_can_be_taken_back() {
    let mut desk = Desk::new();
    let rule = "---\nkind: Retention\nid: end\nclass: closing\ndays: 20\n";
    let first = Program::start(&[("tenant.yaml", &(tenant(&desk, 1) + rule))]);
    let dir = first.dir.clone();
    first.stop();
    let owner = Program::token(dir.path(), "test", "owner");
    let mut program = Program::start_again(dir);
    program.set_token(owner.clone());
    let talk = |desk: &mut Desk, program: &Program| {
        let caller = desk.dial(CALLER, "Anna Zeisig", program.sip, "100", 440);
        desk.answered(caller);
        let (agent, _) = desk.rings();
        desk.answer(agent, 1000);
        desk.hears(caller, 1000);
        desk.hang_up(caller);
        desk.ended(agent);
    };
    talk(&mut desk, &program);
    let call = program.ended_call()["id"].as_str().unwrap().to_string();
    assert_eq!(program.put(&format!("/calls/{call}/notes"), &json!({"notes": NOTE})).0, 204);
    assert_eq!(ask(&program, "GET", &owner).0, 404, "nothing is being closed");
    let (status, said) = program.post_json("/closing", &json!({"tenant": "test", "days": 21}));
    assert!(status == 409 && said["detail"].as_str().unwrap().contains("20 days"), "{status} {said}");

    let (status, ended) = close(&program, "test");
    let receipt = ended["receipt"].as_str().unwrap_or_default().to_string();
    assert_eq!((status, &ended["state"]), (202, &json!("waiting")), "{ended}");
    let (status, said) = program.get("/calls");
    assert_eq!((status, &said["code"]), (403, &json!("closed")), "{said}");
    let dir = program.dir.clone();
    // Killed meanwhile, it is closed as before; nobody takes its calls, and its configuration is left alone.
    program = Program::start_again(program.kill());
    for secret in [&receipt, &owner] {
        let (status, view) = ask(&program, "GET", secret);
        assert_eq!(
            (status, &view["state"], &view["tenant"]),
            (200, &json!("waiting"), &json!("test")),
            "{view}"
        );
        assert_eq!(view["disposal"], ended["disposal"]);
    }
    assert_eq!(ask(&program, "GET", "sc_00").0, 404);
    assert_eq!(ask(&program, "DELETE", "sc_00").0, 404);
    program.set_token(owner.clone());
    assert_eq!(program.get("/queues").0, 403);
    assert!(program.admin("/metrics").contains("switchroom"), "it runs");

    assert_eq!(ask(&program, "DELETE", &receipt).0, 204);
    assert_eq!(program.get(&format!("/calls/{call}/notes")).1["notes"], NOTE);
    talk(&mut desk, &program);
    program.wait_for("/calls", |list| (list["items"].as_array()?.len() == 2).then_some(()));
    let (_, log) = program.get("/audit?action=tenant.");
    let of = |entry: &Value| {
        (entry["action"].as_str().unwrap().to_string(), entry["who"].as_str().unwrap().to_string())
    };
    let said: Vec<_> = log["items"].as_array().unwrap().iter().map(of).collect();
    let word = |action: &str, who: &str| (action.to_string(), who.to_string());
    assert_eq!(said, [word("tenant.reopen", "receipt"), word("tenant.close", "token 1")]);

    program.ended_call();
    let (status, ended) = program.post_json("/closing", &json!({"tenant": "test", "days": 0}));
    let receipt = ended["receipt"].as_str().unwrap_or_default().to_string();
    assert_eq!(status, 202, "{ended}");
    program.set_token(receipt.clone());
    let made =
        program.wait_for("/closing", |view| Some(view["certificate"].clone()).filter(|c| *c != Value::Null));
    assert_eq!((&made["tenant"], &made["destroyed"]["rows"]["calls"]), (&json!("test"), &json!(2)), "{made}");
    assert_eq!(ask(&program, "GET", &owner).0, 404, "the owner's token went with the rest");
    assert_eq!(ask(&program, "DELETE", &receipt).0, 409);
    program.stop();
    let data = dir.path().join("data");
    for word in [CALLER, "Anna Zeisig", NOTE, "greeting"] {
        assert_eq!(readable(&data, word), [""; 0], "{word}");
    }
}

#[test]
fn calls_that_are_open_end_with_the_account_and_their_records_are_whole() {
    let mut desk = Desk::new();
    let rule = "---\nkind: Retention\nid: end\nclass: closing\ndays: 20\n";
    let program = Program::start_as_owner(&[("tenant.yaml", &(tenant(&desk, 1) + rule))]);
    let caller = desk.dial(CALLER, "Anna Zeisig", program.sip, "100", 440);
    desk.answered(caller);
    let (agent, _) = desk.rings();
    desk.answer(agent, 1000);
    desk.hears(caller, 1000);
    // Another waits for the only agent, who talks.
    let waiting = desk.dial("+15550188902", "", program.sip, "100", 587);
    desk.hears(waiting, 700);
    let (status, ended) = std::thread::scope(|scope| {
        let closing = scope.spawn(|| close(&program, "test"));
        for phone in [caller, agent, waiting] {
            desk.ended(phone);
        }
        closing.join().unwrap()
    });
    assert_eq!((status, &ended["state"]), (202, &json!("waiting")), "{ended}");
    assert_eq!(ask(&program, "DELETE", ended["receipt"].as_str().unwrap()).0, 204);

    let list = program.get("/calls").1;
    let calls = list["items"].as_array().unwrap();
    assert_eq!(calls.len(), 2, "{list:#}");
    let mut recordings = 0;
    for call in calls {
        let whole = program.get(&format!("/calls/{}", call["id"].as_str().unwrap())).1;
        assert_eq!(
            (&whole["state"], &whole["ended_by"]),
            (&json!("ended"), &json!("administrator")),
            "{whole:#}"
        );
        for id in whole["recordings"].as_array().unwrap() {
            let (status, audio) = program.bytes(&format!("/recordings/{}", id.as_str().unwrap()), None);
            assert!(status == 200 && audio.len() > 8_000, "{status} {whole:#}");
            recordings += 1;
        }
    }
    assert!(recordings >= 1, "{list:#}");
    program.stop();
}
