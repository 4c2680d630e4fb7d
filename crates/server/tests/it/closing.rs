//! The end of an account: refused while something is open or held, then nothing is left but a certificate.

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
    let (status, said) = close(&program, "test");
    assert!(status == 409 && said["detail"].as_str().unwrap().contains("1 calls"), "{status} {said}");
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
    let args = ["close", "test", "--out", &paper, "--server", &server, "--token", &tokens[0]];
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
