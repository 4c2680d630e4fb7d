//! `kill -9` in the middle of many calls: nothing is missing, nothing is open, nobody is stuck, and what was recorded is there.

use crate::calls::tenant;
use crate::desk::{Desk, channels, has_tone};
use crate::program::Program;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn all_calls(program: &Program) -> Vec<Value> {
    let (mut calls, mut cursor) = (Vec::new(), String::new());
    loop {
        let (status, page) = program.get(&format!("/calls?limit=100{cursor}"));
        assert_eq!(status, 200, "{page}");
        calls.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return calls,
        }
    }
}

#[test]
fn two_hundred_calls_survive_kill_nine() {
    let mut desk = Desk::new();
    let text = tenant(&desk, 40)
        .replace("ring_time: 2s", "ring_time: 60s\nwrap_up: 1h")
        .replace("max_wait: 20s", "max_wait: 1h");
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    // One agent is on a break: that has to come back too.
    program.put("/agents/agent40/state", &json!({"state": "break"}));
    let mut callers = Vec::new();
    for n in 0..200 {
        callers.push(desk.dial(&format!("+1555{n:04}"), "", program.sip, "100", 440));
        desk.step();
    }
    // Some are answered: those whose agents pick up; twenty of these conversations are over before the end.
    let mut talking = Vec::new();
    while talking.len() < 30 {
        let (phone, _) = desk.rings();
        desk.answer(phone, 1000);
        talking.push(phone);
    }
    desk.hears(talking[29], 440);
    for phone in talking.drain(..10) {
        desk.hang_up(phone);
        desk.ended(phone);
    }
    program.wait_for("/reports/queues", |q| (q[0]["agents"]["wrap-up"] == 10).then_some(()));
    // At least two seconds of every conversation, so that a lost last second shows.
    let heard = desk.now() + std::time::Duration::from_millis(2_500);
    desk.until("time passes", |d| (d.now() >= heard).then_some(()));
    let before = all_calls(&program);
    assert_eq!(before.len(), 200);
    let dir = program.kill();

    let mut program = Program::start_again(dir.clone());
    let again = program.stop();
    assert!(again.contains("\"open_calls\":190"), "the journal knew of them: {again}");
    let token = Program::token(dir.path(), "test", "owner");
    program = Program::start_again(dir);
    program.set_token(token);

    let after = all_calls(&program);
    let ids = |calls: &[Value]| {
        calls.iter().map(|c| c["id"].as_str().unwrap().to_string()).collect::<BTreeSet<_>>()
    };
    assert_eq!(ids(&before), ids(&after), "no call is missing, none is there twice");
    assert_eq!(after.len(), 200);
    assert!(after.iter().all(|c| c["state"] == "ended"), "none is open");
    assert_eq!(after.iter().filter(|c| c["reason"] == "restarted").count(), 190);
    assert_eq!(after.iter().filter(|c| c["reason"] == "hung-up").count(), 10);

    let (_, agents) = program.get("/agents");
    let count = |state: &str| agents.as_array().unwrap().iter().filter(|a| a["state"] == state).count();
    // Thirty talked: wrap-up as after any call. Nine rang or were free: free. One was on a break.
    assert_eq!((count("wrap-up"), count("available"), count("break")), (30, 9, 1), "{agents}");

    let recorded =
        after.iter().find(|c| c["reason"] == "restarted" && !c["recordings"].as_array().unwrap().is_empty());
    let id = recorded.unwrap()["recordings"][0].as_str().unwrap();
    let (status, wav) = program.bytes(&format!("/recordings/{id}"), None);
    assert_eq!(status, 200);
    let (left, right) = channels(&wav);
    assert!(left.len() >= 8_000 * 3 / 2, "all but the last second is there: {} samples", left.len());
    assert!(has_tone(&left, 440) && has_tone(&right, 1000));
    program.stop();
}
