//! What a closed tenant left in a backup of before: readable with the keys of then, and with none that is there now.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::{Program, run};
use crate::searched;
use std::path::Path;
use std::sync::Arc;

const CALLER: &str = "+15550188905";
const NOTE: &str = "wants the blue one";

/// The backup, restored in a place of its own with the master key of this one.
pub fn restored(dir: &Path, copy: &Path) -> Arc<tempfile::TempDir> {
    let place = tempfile::tempdir().unwrap();
    let toml = std::fs::read_to_string(dir.join("switchroom.toml")).unwrap();
    let toml = toml.replace(&dir.display().to_string(), &place.path().display().to_string());
    let config = place.path().join("switchroom.toml");
    std::fs::write(&config, toml).unwrap();
    std::fs::create_dir(place.path().join("data")).unwrap();
    std::fs::copy(dir.join("data/master.key"), place.path().join("data/master.key")).unwrap();
    let (copy, config) = (copy.display().to_string(), config.display().to_string());
    let (code, said, wrong) = run(&["restore", &copy, "--config", &config]);
    assert_eq!(code, 0, "{said}{wrong}");
    Arc::new(place)
}

#[test]
fn last_weeks_backup_opens_with_the_keys_of_then_and_with_none_that_is_there_now() {
    let mut desk = Desk::new();
    let first = Program::start(&[("tenant.yaml", &tenant(&desk, 1))]);
    let dir = first.dir.clone();
    first.stop();
    let token = Program::token(dir.path(), "test", "owner");
    let mut program = Program::start_again(dir.clone());
    program.set_token(token.clone());
    let caller = desk.dial(CALLER, "Anna Zeisig", program.sip, "100", 440);
    desk.answered(caller);
    let (agent, _) = desk.rings();
    desk.answer(agent, 1000);
    desk.hears(caller, 1000);
    desk.hang_up(caller);
    desk.ended(agent);
    let call = program.ended_call();
    let path = format!("/calls/{}", call["id"].as_str().unwrap());
    assert_eq!(program.put(&format!("{path}/notes"), &serde_json::json!({"notes": NOTE})).0, 204);
    let recording = call["recordings"][0].as_str().unwrap().to_string();
    let copy = dir.path().join("copy");
    let config = dir.path().join("switchroom.toml").display().to_string();
    let (code, said, wrong) = run(&["backup", &copy.display().to_string(), "--config", &config]);
    assert_eq!(code, 0, "{said}{wrong}");
    program.stop();

    // Before the end of the account everything comes back out of it: this is where one has to look.
    let before = restored(dir.path(), &copy);
    let mut there = Program::start_again(before.clone());
    there.set_token(token.clone());
    let (status, shown) = there.get(&path);
    assert_eq!(
        (status, &shown["caller"], &shown["caller_name"]),
        (200, &CALLER.into(), &"Anna Zeisig".into())
    );
    assert_eq!(there.get(&format!("{path}/notes")).1["notes"], NOTE);
    let (status, wav) = there.bytes(&format!("/recordings/{recording}"), None);
    assert!(status == 200 && wav.len() > 4_000, "{status} {}", wav.len());
    there.stop();

    let mut program = Program::start_again(dir.clone());
    program.set_token(token.clone());
    let paper = dir.path().join("certificate.json").display().to_string();
    let server = format!("http://{}", program.http);
    let (code, said, wrong) =
        run(&["close", "test", "--days", "0", "--out", &paper, "--server", &server, "--token", &token]);
    assert!(code == 0 && said.contains("were destroyed"), "{code} {said}{wrong}");
    program.stop();

    // Byte by byte, with what the search would find planted first: the server's own files, the backup, and what comes out of it.
    let after = restored(dir.path(), &copy);
    let words = [CALLER, &CALLER[1..], "Anna Zeisig", "Zeisig", NOTE];
    for place in [dir.path().join("data"), copy.clone(), after.path().join("data")] {
        searched::nowhere(&place, &[], &words);
    }
    searched::nowhere(&after.path().join("data"), &[], &["agent1", "greeting"]);
    let keys = |dir: &Path| -> u32 {
        let db = rusqlite::Connection::open(dir.join("data/switchroom.keys.db")).unwrap();
        db.query_row("SELECT COUNT(*) FROM keys WHERE tenant = 1", [], |row| row.get(0)).unwrap()
    };
    assert!(keys(before.path()) > 0, "the keys of then were there");
    assert_eq!((keys(dir.path()), keys(after.path())), (0, 0), "none of them is there now");
    // Nor does a server that is started on it know the tenant's owner, or a call.
    let mut there = Program::start_again(after);
    there.set_token(token);
    assert!(matches!(there.get(&path).0, 401 | 403 | 404), "{:?}", there.get(&path));
    assert!(matches!(there.bytes(&format!("/recordings/{recording}"), None).0, 401 | 403 | 404));
    there.stop();
}
