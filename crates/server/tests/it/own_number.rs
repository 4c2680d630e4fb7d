//! Agents who are rung at a number outside: each ring is a call of theirs to the outside, as far as the toll goes.

use crate::call_forwarding::has;
use crate::crossing::in_dialog;
use crate::neighbours::{Neighbour, SDP};
use crate::program::Program;
use serde_json::json;

/// Two agents who may each be rung outside for a minute a day; the second may leave no caller there.
fn tenant(carrier: &Neighbour, phone: &Neighbour) -> String {
    format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\n\
         toll: {{limits: {{agent: {{minutes_per_day: 1}}}}}}\n---\n\
         kind: Trunk\nid: in\nnetworks: [127.0.0.3]\n---\n\
         kind: Trunk\nid: out\nproxies: [\"{}\"]\noutbound: true\n---\n\
         kind: Number\nid: service\nnumber: \"700\"\nflow: service\n---\n\
         kind: Flow\nid: service\nsteps:\n  - answer: true\n  - queue: service\n---\n\
         kind: Queue\nid: service\nring_time: 20s\nagents: [anna, ben]\n---\n\
         kind: User\nid: anna\nroles: [agent]\nat_start: available\n---\n\
         kind: User\nid: ben\nroles: [agent]\nmay_transfer_out: false\nphone: \"sip:ben@{}\"\n",
        carrier.addr, phone.addr
    )
}

const NUMBER: &str = "+4942155599";

#[test]
fn an_agent_at_a_number_uses_minutes_up_and_then_the_next_agent_is_rung() {
    let (phone, carrier) = (Neighbour::at("127.0.0.4"), Neighbour::at("127.0.0.5"));
    let mut caller = Neighbour::at("127.0.0.3");
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&carrier, &phone))]);
    let choice = json!({"kind": "number", "number": NUMBER});
    for (agent, status) in [("anna", 204), ("ben", 422)] {
        assert_eq!(program.put(&format!("/agents/{agent}/endpoint"), &choice).0, status, "{agent}");
    }

    // The first call rings there and is talked about: it costs the one minute that anna has.
    let from = "From: <sip:+4942100001@x>;tag=1\r\n";
    let invite = caller.call(program.sip, "700", from);
    let ok = caller.gets("SIP/2.0 200");
    caller.send(program.sip, &in_dialog(&invite, &ok, "ACK", 1, ""));
    let asked = carrier.gets("INVITE ");
    assert!(asked.starts_with(&format!("INVITE sip:{NUMBER}@")), "{asked}");
    let contact = format!("Contact: <sip:c@{}>\r\n", carrier.addr);
    carrier.answers_as("c", program.sip, &asked, "200 OK", &contact, SDP);
    carrier.gets("ACK ");
    caller.send(program.sip, &in_dialog(&invite, &ok, "BYE", 2, ""));
    let bye = carrier.gets("BYE ");
    carrier.answers(program.sip, &bye, "200 OK", "");
    assert_eq!(program.ended_call()["agent"], "anna");
    program.wait_for("/agents/anna/state", |a| (a["state"] == "available").then_some(()));

    // The second call is offered to anna, who is idle for longer and has no minute left, and then to ben.
    program.set_agent("ben", "available");
    let invite = caller.call(program.sip, "700", from);
    let ok = loop {
        let ok = caller.gets("SIP/2.0 200");
        if !ok.contains("CSeq: 2 BYE") {
            break ok;
        }
    };
    caller.send(program.sip, &in_dialog(&invite, &ok, "ACK", 1, ""));
    let rings = phone.gets("INVITE ");
    let contact = format!("Contact: <sip:ben@{}>\r\n", phone.addr);
    phone.answers_as("b", program.sip, &rings, "200 OK", &contact, SDP);
    phone.gets("ACK ");
    caller.send(program.sip, &in_dialog(&invite, &ok, "BYE", 2, ""));
    let bye = phone.gets("BYE ");
    phone.answers(program.sip, &bye, "200 OK", "");
    let call = program.wait_for("/calls", |list| {
        let last = list["items"].as_array()?.iter().find(|c| c["state"] == "ended" && c["agent"] == "ben")?;
        Some(last["id"].as_str()?.to_string())
    });
    let call = program.get(&format!("/calls/{call}")).1;
    assert!(has(&call, "outside-refused") && has(&call, "not-reached"), "{call:#}");
    program.wait_for_metric("switchroom_security_events_total{kind=\"toll-limit\"} 1");
    carrier.socket.set_nonblocking(true).unwrap();
    let mut bytes = [0; 4_096];
    while let Ok(n) = carrier.socket.recv(&mut bytes) {
        assert!(!bytes[..n].starts_with(b"INVITE "), "the carrier was called again");
    }
    assert!(!program.stop().contains("42155599"), "the log says no number");
}
