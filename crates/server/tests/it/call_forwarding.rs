//! Agents' telephones that send calls on by a 3xx answer: followed as far as the toll lets their person call, and no further.

use crate::crossing::in_dialog;
use crate::neighbours::{Neighbour, SDP};
use crate::program::Program;
use serde_json::Value;

struct Scene {
    program: Program,
    caller: Neighbour,
    /// Hears whatever else rings there, and says nothing.
    _phone: Neighbour,
    carrier: Neighbour,
    invite: String,
    ok: String,
}

/// A caller in the queue whose one agent's telephone answers with this contact; `HERE` in it is our address.
fn sent_on(contact: &str, rights: &str) -> Scene {
    let (phone, carrier) = (Neighbour::at("127.0.0.4"), Neighbour::at("127.0.0.5"));
    let mut caller = Neighbour::at("127.0.0.3");
    let program = Program::start_as_owner(&[(
        "tenant.yaml",
        &format!(
            "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\n\
             dial: {{allow: [\"+49\"], deny: [\"+49900\"]}}\n---\n\
             kind: Trunk\nid: in\nnetworks: [127.0.0.3]\n---\n\
             kind: Trunk\nid: out\nproxies: [\"{}\"]\noutbound: true\n---\n\
             kind: Number\nid: service\nnumber: \"700\"\nflow: service\n---\n\
             kind: Flow\nid: service\nsteps:\n  - answer: true\n  - queue: service\n---\n\
             kind: Queue\nid: service\nring_time: 20s\nagents: [anna]\nmisses_to_suspend: 1\n---\n\
             kind: User\nid: anna\nroles: [agent]\nnumber: \"201\"\nphone: \"sip:anna@{}\"\nat_start: available\n{rights}",
            carrier.addr, phone.addr
        ),
    )]);
    let invite = caller.call(program.sip, "700", "From: <sip:+4942100001@x>;tag=1\r\n");
    let ok = caller.gets("SIP/2.0 200");
    caller.send(program.sip, &in_dialog(&invite, &ok, "ACK", 1, ""));
    let rings = phone.gets("INVITE ");
    phone.answers(program.sip, &rings, "180 Ringing", "");
    let contact = contact.replace("HERE", &program.sip.to_string());
    phone.answers(program.sip, &rings, "302 Moved Temporarily", &format!("Contact: <{contact}>\r\n"));
    phone.gets("ACK ");
    Scene { program, caller, _phone: phone, carrier, invite, ok }
}

impl Scene {
    /// The caller hangs up; the record.
    fn ends(&self) -> Value {
        self.caller.send(self.program.sip, &in_dialog(&self.invite, &self.ok, "BYE", 2, ""));
        self.program.ended_call()
    }
}

fn has(call: &Value, what: &str) -> bool {
    call["timeline"].as_array().unwrap().iter().any(|m| m["what"] == what)
}

#[test]
fn a_telephone_sends_a_call_on_to_a_number_that_its_person_may_call() {
    for contact in ["sip:042155599@HERE", "tel:+4942155599"] {
        let s = sent_on(contact, "");
        let asked = s.carrier.gets("INVITE ");
        assert!(asked.starts_with("INVITE sip:+4942155599@"), "{asked}");
        let there = format!("Contact: <sip:c@{}>\r\n", s.carrier.addr);
        s.carrier.answers_as("c", s.program.sip, &asked, "200 OK", &there, SDP);
        s.carrier.gets("ACK ");
        s.caller.send(s.program.sip, &in_dialog(&s.invite, &s.ok, "BYE", 2, ""));
        let bye = s.carrier.gets("BYE ");
        s.carrier.answers(s.program.sip, &bye, "200 OK", "");
        let call = s.program.ended_call();
        assert!(has(&call, "connected") && !has(&call, "declined"), "{call:#}");
        assert!(!s.program.stop().contains("42155599"), "the log says no number");
    }
}

#[test]
fn a_second_forwarding_is_not_followed() {
    let s = sent_on("sip:042155599@HERE", "");
    let asked = s.carrier.gets("INVITE ");
    // The trunk is another matter: it may name its own numbers of the same kind, but not for ever.
    let mut next = asked;
    for _ in 0..5 {
        let again = format!("Contact: <sip:+4942155598@{}>\r\n", s.carrier.addr);
        s.carrier.answers(s.program.sip, &next, "302 Moved Temporarily", &again);
        s.carrier.gets("ACK ");
        next = s.carrier.gets("INVITE ");
    }
    let again = format!("Contact: <sip:+4942155598@{}>\r\n", s.carrier.addr);
    s.carrier.answers(s.program.sip, &next, "302 Moved Temporarily", &again);
    s.carrier.gets("ACK ");
    let call = s.ends();
    assert!(!has(&call, "connected"), "{call:#}");
    s.carrier.socket.set_nonblocking(true).unwrap();
    assert!(s.carrier.socket.recv(&mut [0; 64]).is_err(), "round in a circle");
    s.program.stop();
}
