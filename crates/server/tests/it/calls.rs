//! Calls through the whole program, judged by tones.

use crate::desk::{Desk, channels, has_tone};
use crate::program::Program;
use serde_json::{Value, json};
use sim::PhoneEvent;

/// A tenant whose agents are phones at `desk`.
pub fn tenant(desk: &Desk, agents: u32) -> String {
    let mut text = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\n---\n\
         kind: Trunk\nid: all\nnetworks: [127.0.0.0/8]\n---\n\
         kind: Number\nid: service\nnumber: \"100\"\nflow: service\n---\n\
         kind: Number\nid: direct\nnumber: \"500\"\nflow: direct\n---\n\
         kind: Prompt\nid: greeting\ntone: {{hz: 523, length: 1500ms}}\n---\n\
         kind: Prompt\nid: music\ntone: {{hz: 700, length: 10s}}\n---\n\
         kind: Prompt\nid: sorry\ntone: {{hz: 330, length: 2s}}\n---\n\
         kind: Flow\nid: service\nsteps:\n  - say: greeting\n  - record: true\n  - queue: service\n  - say: sorry\n---\n\
         kind: Flow\nid: direct\nsteps:\n  - connect: {{to: \"sip:desk@{addr}\", ring_time: 5s}}\n---\n\
         kind: Queue\nid: service\nring_time: 2s\nmax_wait: 20s\nmisses_to_suspend: 2\nmusic: music\nagents: [",
        addr = desk.addr
    );
    let names: Vec<String> = (1..=agents).map(|n| format!("agent{n}")).collect();
    text += &format!("{}]\n", names.join(", "));
    for name in names {
        text += &format!(
            "---\nkind: User\nid: {name}\nroles: [agent]\nphone: \"sip:{name}@{}\"\nat_start: available\n",
            desk.addr
        );
    }
    text
}

/// Requests that follow each other are one entry, and one that gives no audio is none.
fn listening_is_in_the_audit_log(program: &Program, id: &str, wav: &[u8]) {
    let entries = |program: &Program| {
        let audit = program.get("/audit?limit=500").1;
        let all = audit["items"].as_array().unwrap().iter();
        all.filter(|e| e["action"] == "recording.listen")
            .map(|e| e["who"].as_str().unwrap().to_string())
            .collect()
    };
    let told: Vec<String> = entries(program);
    assert_eq!(told.len(), 1, "two requests, one listening");
    let path = format!("/recordings/{id}");
    let (status, _) = program.bytes(&path, Some(&format!("bytes={}-", wav.len())));
    assert_eq!(status, 416);
    assert_eq!(entries(program).len(), 1, "no audio, no entry");
}

#[test]
fn every_answer_with_audio_is_in_the_audit_log() {
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let caller = desk.dial("200", "", program.sip, "100", 440);
    let (agent, _) = desk.rings();
    desk.answer(agent, 1000);
    desk.hears(caller, 1000);
    desk.hang_up(caller);
    desk.ended(agent);
    let id = program.ended_call()["recordings"][0].as_str().unwrap().to_string();
    let dir = program.dir.clone();
    program.stop();
    let ranges = ["bytes=1-", "bytes=-999999999", "bytes= 0-", "Bytes=0-", "x"];
    let tokens: Vec<String> = ranges.iter().map(|_| Program::token(dir.path(), "test", "owner")).collect();
    let mut program = Program::start_again(dir);
    for (n, (range, token)) in ranges.into_iter().zip(tokens).enumerate() {
        program.set_token(token);
        let (status, audio) = program.bytes(&format!("/recordings/{id}"), Some(range));
        assert!(status < 300 && audio.len() > 1_000, "{range}: {status}");
        let audit = program.get("/audit?limit=500").1;
        let heard = audit["items"].as_array().unwrap().iter().filter(|e| e["action"] == "recording.listen");
        assert_eq!(heard.count(), n + 1, "{range}");
    }
    program.stop();
}

/// What happened, as words in order.
fn words(call: &Value) -> Vec<&str> {
    call["timeline"].as_array().unwrap().iter().map(|m| m["what"].as_str().unwrap()).collect()
}

#[test]
fn a_call_goes_through_a_queue_to_a_person_and_is_recorded_counted_and_explained() {
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 2))]);
    let caller = desk.dial("+15550100", "Anna Example", program.sip, "100", 440);
    desk.answered(caller);
    desk.hears(caller, 523);
    let (agent, who) = desk.rings();
    desk.hears(caller, 700);
    desk.answer(agent, 1000);
    desk.hears(caller, 1000);
    desk.hears(agent, 440);

    // The agent holds: the caller hears the built-in music; back again.
    desk.hold(agent, true);
    desk.hears_music(caller);
    desk.hold(agent, false);
    desk.hears(caller, 1000);
    desk.hears(agent, 440);
    // The caller holds: the agent hears music.
    desk.hold(caller, true);
    desk.hears_music(agent);
    desk.hold(caller, false);
    desk.hears(agent, 440);
    desk.hang_up(caller);
    desk.ended(agent);

    let call = program.ended_call();
    assert_eq!(call["ended_by"], "caller");
    assert_eq!(call["reason"], "hung-up");
    assert_eq!(call["fault"], "nobody");
    assert_eq!(call["agent"], who.as_str());
    assert_eq!(call["caller"], "+15550100");
    assert_eq!(call["caller_name"], "Anna Example");
    assert_eq!(
        words(&call),
        [
            "arrived",
            "flow-entered",
            "answered",
            "said",
            "queued",
            "offered",
            "ringing",
            "connected",
            "recording-started",
            "held",
            "resumed",
            "held",
            "resumed",
            "recording-stopped",
            "ended"
        ]
    );
    let why = &call["explanation"][0];
    assert_eq!(why["agent"], who.as_str());
    assert_eq!(why["free"], 2);
    assert_eq!(why["outcome"], "answered");
    assert_eq!(why["runners_up"].as_array().unwrap().len(), 1);
    assert!(why["say"].as_str().unwrap().contains("the longest of 2 free"));

    let id = call["recordings"][0].as_str().unwrap();
    let (status, wav) = program.bytes(&format!("/recordings/{id}"), None);
    assert_eq!(status, 200);
    let (left, right) = channels(&wav);
    assert!(has_tone(&left, 440), "the caller's tone is in the left channel");
    assert!(has_tone(&right, 1000), "the agent's tone is in the right channel");
    assert!(!has_tone(&left, 1000) && !has_tone(&right, 440), "and not in the other");
    let (status, part) = program.bytes(&format!("/recordings/{id}"), Some("bytes=1000-20999"));
    assert_eq!((status, part.as_slice()), (206, &wav[1000..21_000]));
    listening_is_in_the_audit_log(&program, id, &wav);

    let (_, report) = program.get("/reports/queues");
    assert_eq!(report[0]["offered"], 1);
    assert_eq!(report[0]["answered"], 1);
    assert_eq!(report[0]["service_level"], 1.0);
    assert!(
        program
            .admin("/metrics")
            .contains("switchroom_queue_answered_total{tenant=\"test\",queue=\"service\"} 1")
    );
    let log = program.stop();
    assert!(!log.contains("ERROR"), "{log}");
}

#[test]
fn a_direct_call_is_answered_when_the_other_side_answers() {
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let caller = desk.dial("200", "", program.sip, "500", 440);
    let (far, user) = desk.rings();
    assert_eq!(user, "desk");
    desk.event("the caller hears that it rings", |e| {
        matches!(e, PhoneEvent::RingingThere { code: 180, .. }).then_some(())
    });
    desk.answer(far, 1000);
    desk.answered(caller);
    desk.hears(caller, 1000);
    desk.hears(far, 440);
    desk.hang_up(far);
    desk.ended(caller);
    let call = program.ended_call();
    assert_eq!((call["ended_by"].as_str(), call["reason"].as_str()), (Some("target"), Some("hung-up")));
    program.stop();
}

#[test]
fn missed_offers_return_the_caller_to_the_head_and_suspend_the_agent() {
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let caller = desk.dial("200", "", program.sip, "100", 440);
    desk.answered(caller);
    for _ in 0..2 {
        let (phone, _) = desk.rings();
        desk.ended(phone);
    }
    program.wait_for("/agents/agent1/state", |a| (a["state"] == "suspended").then_some(()));
    let (_, waiting) = program.get("/reports/queues");
    assert_eq!((&waiting[0]["waiting"], &waiting[0]["agents"]["suspended"]), (&json!(1), &json!(1)));
    // Told to be available again, the same caller is offered at once.
    let (status, _) = program.put("/agents/agent1/state", &json!({"state": "available"}));
    assert_eq!(status, 200);
    let (phone, _) = desk.rings();
    desk.answer(phone, 1000);
    desk.hears(caller, 1000);
    desk.hang_up(phone);
    desk.ended(caller);
    let call = program.ended_call();
    let outcomes: Vec<_> =
        call["explanation"].as_array().unwrap().iter().map(|d| d["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["missed", "missed", "answered"]);
    program.stop();
}

#[test]
fn a_caller_who_gives_up_is_abandoned_and_the_agents_phone_falls_silent() {
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let caller = desk.dial("200", "", program.sip, "100", 440);
    desk.answered(caller);
    let (phone, _) = desk.rings();
    desk.hang_up(caller);
    desk.ended(phone);
    let call = program.ended_call();
    assert_eq!((call["reason"].as_str(), call["outcome"].as_str()), (Some("abandoned"), Some("abandoned")));
    assert_eq!(call["explanation"][0]["outcome"], "withdrawn");
    program.wait_for("/agents/agent1/state", |a| (a["state"] == "available").then_some(()));
    program.stop();
}

#[test]
fn who_waits_longest_goes_on_with_the_flow() {
    let mut desk = Desk::new();
    let text = tenant(&desk, 1)
        .replace("max_wait: 20s", "max_wait: 1s")
        .replace("at_start: available", "at_start: offline");
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    let caller = desk.dial("200", "", program.sip, "100", 440);
    desk.answered(caller);
    desk.hears(caller, 330);
    desk.ended(caller);
    let call = program.ended_call();
    assert_eq!((call["reason"].as_str(), call["outcome"].as_str()), (Some("flow-ended"), Some("flowed-out")));
    program.stop();
}

#[test]
fn a_call_keeps_its_far_end_when_the_configuration_changes() {
    let mut desk = Desk::new();
    let text = tenant(&desk, 1).replace("networks: [127.0.0.0/8]", "networks: [127.0.0.1]");
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    let caller = desk.dial("200", "", program.sip, "500", 440);
    let (far, _) = desk.rings();
    desk.answer(far, 1000);
    desk.answered(caller);
    desk.hears(caller, 1000);
    // The trunk and every phone move elsewhere.
    let (status, all) = program.get("/configuration");
    assert_eq!(status, 200);
    let moved =
        all.to_string().replace(&desk.addr.to_string(), "127.0.0.7:5060").replace("127.0.0.1", "127.0.0.8");
    let (status, said) = program.put("/configuration", &serde_json::from_str(&moved).unwrap());
    assert_eq!(status, 200, "{said}");
    desk.hang_up(caller);
    desk.ended(far);
    assert_eq!(program.ended_call()["ended_by"], "caller");
    program.stop();
}

#[test]
fn a_disk_that_is_full_for_a_while_refuses_calls_and_then_takes_them() {
    use rustix::process::{Resource, Rlimit, prlimit};
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let first = desk.dial("200", "", program.sip, "100", 440);
    desk.answered(first);
    let id = program.wait_for("/calls", |list| Some(list["items"][0]["id"].as_str()?.to_string()));
    // No file may be written beyond its first byte.
    let before =
        prlimit(Some(program.pid()), Resource::Fsize, Rlimit { current: Some(1), maximum: None }).unwrap();
    let stuck = desk.dial("201", "", program.sip, "100", 440);
    desk.step();
    program.wait_for_metric("switchroom_journal_stalled 1");
    let refused = desk.dial("202", "", program.sip, "100", 440);
    let code = desk.event("a new call is refused", |e| match e {
        PhoneEvent::Refused { phone, code } if *phone == refused => Some(*code),
        _ => None,
    });
    assert_eq!(code, 503);
    assert!(program.admin("/readyz").contains("the journal cannot be written"));
    // A call that ends now cannot be written yet, and is found all the same.
    desk.hang_up(first);
    desk.step();
    let path = format!("/calls/{id}");
    assert_eq!(program.wait_for(&path, |c| (c["state"] == "ended").then(|| c["ended_by"].clone())), "caller");
    let listed = |program: &Program| {
        let all = program.get("/calls").1;
        all["items"].as_array().unwrap().iter().filter(|c| c["id"] == *id && c["state"] == "ended").count()
    };
    assert_eq!(listed(&program), 1);
    prlimit(Some(program.pid()), Resource::Fsize, before).unwrap();
    program.wait_for_metric("switchroom_journal_stalled 0");
    // What was taken before the disk was full goes on, and new calls come in.
    desk.answered(stuck);
    let next = desk.dial("203", "", program.sip, "100", 440);
    desk.answered(next);
    assert_eq!(listed(&program), 1, "neither missing nor there twice once it is written");
    for phone in [stuck, next] {
        desk.hang_up(phone);
    }
    let log = program.stop();
    assert!(log.contains("journal_resumed"), "{log}");
    assert!(!log.contains("panic"), "{log}");
}

#[test]
fn a_stop_with_a_full_disk_ends_says_what_is_lost_and_fails() {
    use rustix::process::{Resource, Rlimit, prlimit};
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let dir = program.dir.clone();
    let token = program.bearer().replace("Bearer ", "");
    program.stop();
    let config = dir.path().join("switchroom.toml");
    let text = std::fs::read_to_string(&config).unwrap().replace("grace = \"10s\"", "grace = \"1s\"");
    std::fs::write(&config, text).unwrap();
    let mut program = Program::start_again(dir);
    program.set_token(token);
    prlimit(Some(program.pid()), Resource::Fsize, Rlimit { current: Some(1), maximum: None }).unwrap();
    // Something to write, if the events of the start were written before the limit.
    desk.dial("200", "", program.sip, "100", 440);
    desk.step();
    program.wait_for_metric("switchroom_journal_stalled 1");
    program.ask_to_stop();
    let (code, log) = program.wait_for_any_end();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("journal_lost") && log.contains("Lost: tenant 1: events "), "{log}");
}

#[test]
fn a_stop_lets_calls_finish_and_takes_no_new_ones() {
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let caller = desk.dial("200", "", program.sip, "500", 440);
    let (far, _) = desk.rings();
    desk.answer(far, 1000);
    desk.answered(caller);
    program.ask_to_stop();
    while !program.admin("/readyz").contains("stopping") {
        crate::program::look_again();
    }
    let refused = desk.until("a new call is refused", |d| {
        let late = d.dial("201", "", program.sip, "500", 440);
        let code = d.event("an answer", |e| match e {
            PhoneEvent::Refused { phone, code } if *phone == late => Some(*code),
            _ => None,
        });
        // A call that overtook the order to stop rings out; the next one cannot.
        (code != 480).then_some(code)
    });
    assert_eq!(refused, 503);
    desk.hears(caller, 1000);
    desk.hears(far, 440);
    desk.hang_up(caller);
    desk.ended(far);
    let log = program.wait_for_end();
    assert!(log.contains("\"event\":\"stopped\""), "{log}");
}
