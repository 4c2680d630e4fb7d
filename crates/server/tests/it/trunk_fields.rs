//! What a trunk says of its neighbour's ways, carried out: SIPp as the neighbour.

use crate::neighbours::{Neighbour, line, tenant};
use crate::program::{Program, free_port};
use crate::sipp::{Sipp, keyed_caller};

const NUMBER: &str = "+4930901820";

/// A number with a menu, and a trunk of which `more` is said.
fn start(more: &str) -> Program {
    Program::start_as_owner(&[(
        "tenant.yaml",
        &format!(
            "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\n---\n\
             kind: Trunk\nid: all\nnetworks: [127.0.0.0/8]\n{more}---\n\
             kind: Prompt\nid: choose\ntone: {{hz: 523, length: 1s}}\n---\n\
             kind: Flow\nid: service\nsteps:\n  - menu: {{prompt: choose, keys: {{\"#\": bye}}, wait: 15s, tries: 1}}\n\
             branches:\n  bye:\n    - say: choose\n---\n\
             kind: Number\nid: service\nnumber: \"{NUMBER}\"\nflow: service\n"
        ),
    )])
}

fn call(program: &Program, request_uri: &str, to: &str, lines: &str, said: &str) -> serde_json::Value {
    let scenario = keyed_caller(to, lines, said);
    let sipp = Sipp::start(&scenario, free_port(), Some(program.sip), request_uri, 1, 440.0, "u1");
    sipp.went_well();
    program.ended_call()
}

fn chose(call: &serde_json::Value) -> bool {
    let all = call["timeline"].as_array().unwrap();
    all.iter().any(|m| m["what"] == "chosen" && m["digit"] == "#")
}

#[test]
fn the_number_stands_in_to_keys_come_in_info_and_the_session_timer_is_the_trunks() {
    let program = start("called_in: to\ndtmf: info\nsession_timer: 10m\n");
    let call = call(&program, "account", NUMBER, "", "Session-Expires: 600");
    assert_eq!((&call["reason"], chose(&call)), (&"flow-ended".into(), true), "{call:#}");
    program.stop();
}

#[test]
fn the_number_stands_in_p_called_party_id() {
    let program = start("called_in: p-called-party-id\ndtmf: info\n");
    let lines = format!("P-Called-Party-ID: <sip:{NUMBER}@carrier.test>\n      ");
    let call = call(&program, "account", "account", &lines, "Session-Expires: 1800");
    assert_eq!((&call["reason"], chose(&call)), (&"flow-ended".into(), true), "{call:#}");
    program.stop();
}

#[test]
fn keys_in_info_count_for_nothing_where_the_trunk_does_not_say_so() {
    let program = start("");
    let call = call(&program, NUMBER, NUMBER, "", "Session-Expires: 1800");
    assert!(!chose(&call), "{call:#}");
    program.stop();
}

#[test]
fn the_session_timer_of_a_trunk_is_asked_for_in_calls_to_the_outside() {
    let (desk, carrier) = (Neighbour::at("127.0.0.4"), Neighbour::at("127.0.0.5"));
    let mut caller = Neighbour::at("127.0.0.3");
    let text = tenant(desk.addr, carrier.addr, "session_timer: 10m\n");
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    let invite = caller.call(program.sip, "600", "From: <sip:+4942100001@x>;tag=1\r\n");
    let asked = carrier.gets("INVITE ");
    assert_eq!(line(&asked, "Session-Expires:"), "Session-Expires: 600", "{asked}");
    assert!(line(&asked, "Supported:").contains("timer"), "{asked}");
    carrier.answers(program.sip, &asked, "486 Busy Here", "");
    caller.refused(program.sip, &invite);
    program.stop();
}
