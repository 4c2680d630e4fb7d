//! Whoever was erased is not remembered: neither by the agent of last time, nor by anything on the disk that is made of
//! their number.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::Program;
use serde_json::json;
use std::path::Path;
use store::{Store, StoreSettings};

const ANNA: &str = "+15550177701";

/// A call of Anna's that an agent takes: whose telephone rang.
fn talk(desk: &mut Desk, program: &Program, calls: usize) -> String {
    let caller = desk.dial(ANNA, "Anna Zeisig", program.sip, "100", 440);
    desk.answered(caller);
    let (agent, who) = desk.rings();
    desk.answer(agent, 1000);
    desk.hears(caller, 1000);
    desk.hang_up(caller);
    desk.ended(agent);
    program.wait_for("/calls", |list| {
        let ended = list["items"].as_array()?.iter().filter(|c| c["state"] == "ended").count();
        (ended == calls).then_some(())
    });
    who
}

/// The keyed hash of a number, in each form in which something may have it.
fn forms_of_hash(dir: &Path) -> [Vec<u8>; 3] {
    let data = dir.join("data").display().to_string();
    let store = Store::open(&StoreSettings {
        url: format!("sqlite:{data}/switchroom.db"),
        full_sync: false,
        blobs: format!("file:{data}/blobs"),
        keys: format!("file:{data}/master.key"),
    });
    let store = store.unwrap();
    let tenant = store.tenants().unwrap()[0].0;
    let hash: u64 = store.person_hash(tenant).unwrap()(ANNA);
    // As the journal writes numbers, as they stand in a column of bytes, and as memory has them.
    [postcard::to_allocvec(&hash).unwrap(), hash.to_be_bytes().into(), hash.to_le_bytes().into()]
}

fn stands_in(dir: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(stands_in(&path, bytes));
        } else if std::fs::read(&path).unwrap().windows(bytes.len()).any(|w| w == bytes) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn who_was_erased_is_nobody_to_the_agent_of_last_time_and_in_no_file() {
    let mut desk = Desk::new();
    let text = tenant(&desk, 2).replace("max_wait: 20s", "max_wait: 20s\nlast_agent: 15s");
    let mut program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    let owner = program.bearer().trim_start_matches("Bearer ").to_string();
    let first = talk(&mut desk, &program, 1);
    assert_eq!(talk(&mut desk, &program, 2), first, "the other one was free for longer");
    let dir = program.kill();
    let data = dir.path().join("data");
    let hash = forms_of_hash(dir.path());
    assert_eq!(stands_in(&data, &hash[0]), [""; 0], "the journal has another name for her");
    assert!(!stands_in(&data, &hash[1]).is_empty(), "she is looked up by it");
    program = Program::start_again(dir.clone());
    program.set_token(owner);
    assert_eq!(talk(&mut desk, &program, 3), first, "the name is known after a restart");

    let (_, found) = program.post_json("/people/find", &json!({"number": ANNA}));
    let id = found[0]["id"].as_str().unwrap().to_string();
    assert_eq!(program.delete(&format!("/people/{id}")), 200);
    // Found nowhere while the server runs, and when it stopped.
    for form in &hash {
        assert_eq!(stands_in(&data, form), [""; 0]);
    }
    let other = talk(&mut desk, &program, 4);
    assert_ne!(other, first, "who was free for longer comes first");
    assert_eq!(talk(&mut desk, &program, 5), other, "and is the agent of last time from now on");
    let (_, found) = program.post_json("/people/find", &json!({"number": ANNA}));
    let id = found[0]["id"].as_str().unwrap().to_string();
    assert_eq!(program.delete(&format!("/people/{id}")), 200);
    program.stop();
    for form in &hash {
        assert_eq!(stands_in(&data, form), [""; 0]);
    }
}
