//! Agents' telephones that send calls on by a 3xx answer: followed as far as the toll lets their person call, and no further.

use crate::crossing::in_dialog;
use crate::neighbours::{Neighbour, SDP, line};
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

pub fn has(call: &Value, what: &str) -> bool {
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

/// A person whose telephone sends calls on: an id, the number that leads there, and lines of the `User`.
const PEOPLE: [(&str, &str, &str); 4] = [
    ("anna", "701", ""),
    ("ben", "702", "may_transfer_out: false\n"),
    ("cleo", "703", "may_dial: false\n"),
    ("dora", "704", "toll_limits: {concurrent: 0}\n"),
];

/// A number that everybody may call, and one of the house as the world writes it.
const GOOD: &str = "+4942155599";
const OURS: &str = "+4942155500";

fn house(phone: &Neighbour, carrier: &Neighbour) -> String {
    let mut text = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\ntoll: {{currency: EUR}}\n---\n\
         kind: Trunk\nid: in\nnetworks: [127.0.0.3]\n---\n\
         kind: Trunk\nid: out\nproxies: [\"{}\"]\noutbound: true\n---\n\
         kind: Number\nid: ours\nnumber: \"{OURS}\"\nflow: anna\n---\n\
         kind: User\nid: colleague\nroles: []\nnumber: \"209\"\nphone: \"sip:x@127.0.0.4:9\"\n",
        carrier.addr
    );
    for (id, number, lines) in PEOPLE {
        text += &format!(
            "---\nkind: Number\nid: {id}\nnumber: \"{number}\"\nflow: {id}\n---\n\
             kind: Flow\nid: {id}\nsteps:\n  - answer: true\n  - queue: {id}\n---\n\
             kind: Queue\nid: {id}\nring_time: 20s\nagents: [{id}]\nmisses_to_suspend: 1\n---\n\
             kind: User\nid: {id}\nroles: [agent]\nphone: \"sip:{id}@{}\"\nat_start: available\n{lines}",
            phone.addr
        );
    }
    text
}

/// The next message that begins so and is the one meant; others are passed over.
#[track_caller]
fn gets_of(who: &Neighbour, start: &str, is: impl Fn(&str) -> bool) -> String {
    loop {
        let message = who.gets(start);
        if is(&message) {
            return message;
        }
    }
}

#[test]
fn where_a_telephone_may_not_send_a_call_it_declined() {
    let (phone, carrier) = (Neighbour::at("127.0.0.4"), Neighbour::at("127.0.0.5"));
    let mut caller = Neighbour::at("127.0.0.3");
    let program = Program::start_as_owner(&[("tenant.yaml", &house(&phone, &carrier))]);
    let many = |bad: usize| {
        let mut all: Vec<String> = (0..bad).map(|n| format!("<sip:x{n}@HERE>")).collect();
        all.push(format!("<sip:{GOOD}@HERE>"));
        all.join(", ")
    };
    let long = format!("sip:+49421{}@HERE", "5".repeat(100));
    let good = format!("<sip:{GOOD}@HERE>");
    // Who, the contacts, and how the toll refused where it was asked.
    let cases: Vec<(&str, String, Option<&str>)> = vec![
        // Round in a circle: the number that was called, another of the house, a colleague, the telephone itself.
        ("anna", "<sip:701@HERE>".into(), None),
        ("anna", format!("<sip:{OURS}@HERE>"), None),
        ("anna", format!("<tel:{OURS}>"), None),
        ("anna", "<sip:209@HERE>".into(), None),
        ("anna", format!("<sip:anna@{}>", phone.addr), None),
        // Another server, help, and what is no number or cannot be read.
        ("anna", format!("<sip:{GOOD}@192.0.2.77>"), None),
        ("anna", "<sip:110@HERE>".into(), None),
        ("anna", "<sip:somebody@HERE>".into(), None),
        ("anna", "<mailto:anna@example.org>".into(), None),
        ("anna", "<sip:@HERE>".into(), None),
        ("anna", format!("<{long}>"), None),
        ("anna", "<tel:>".into(), None),
        ("anna", "<sip:%00%0d%0a@HERE>".into(), None),
        ("anna", "x y z".into(), None),
        // Where nobody here may call.
        ("anna", "<sip:+33155512345@HERE>".into(), None),
        ("anna", "<sip:+4990012345@HERE>".into(), None),
        ("anna", "<tel:+53712345678>".into(), None),
        // Where only others may call, or no more than now.
        ("ben", good.clone(), Some("no-right")),
        ("cleo", good.clone(), Some("no-right")),
        ("dora", good.clone(), Some("too-many-at-once")),
        // Five addresses are looked at: the sixth is not.
        ("anna", many(5), None),
    ];
    let from = "From: <sip:+4942100001@x>;tag=1\r\n";
    let mut rung: Vec<String> = Vec::new();
    for (who, contacts, refusal) in &cases {
        let number = PEOPLE.iter().find(|p| p.0 == *who).unwrap().1;
        let invite = caller.call(program.sip, number, from);
        let is_ours = |m: &str| m.contains(&line(&invite, "Call-ID:"));
        let ok = gets_of(&caller, "SIP/2.0 200", |m| is_ours(m) && m.contains("INVITE\r\n"));
        caller.send(program.sip, &in_dialog(&invite, &ok, "ACK", 1, ""));
        // What came twice in an earlier round is not this one's.
        let rings = gets_of(&phone, &format!("INVITE sip:{who}@"), |m| !rung.contains(&line(m, "Call-ID:")));
        let contact = contacts.replace("HERE", &program.sip.to_string());
        phone.answers(program.sip, &rings, "302 Moved Temporarily", &format!("Contact: {contact}\r\n"));
        let call_id = line(&rings, "Call-ID:");
        gets_of(&phone, "ACK ", |m| m.contains(&call_id));
        rung.push(call_id);
        let ended = rung.len();
        caller.send(program.sip, &in_dialog(&invite, &ok, "BYE", 2, ""));
        let id = program.wait_for("/calls", |list| {
            let items = list["items"].as_array()?;
            let over = items.iter().filter(|c| c["state"] == "ended").count();
            (over == ended && items.len() == ended).then(|| items[0]["id"].as_str().unwrap().to_string())
        });
        let call = program.get(&format!("/calls/{id}")).1;
        assert!(has(&call, "declined") && !has(&call, "connected"), "{contacts}: {call:#}");
        let refused = call["timeline"].as_array().unwrap().iter().find(|m| m["what"] == "outside-refused");
        assert_eq!(refused.and_then(|m| m["refusal"].as_str()), *refusal, "{contacts}: {call:#}");
        program.set_agent(who, "available");
    }
    carrier.socket.set_nonblocking(true).unwrap();
    let mut bytes = [0; 4_096];
    while let Ok(n) = carrier.socket.recv(&mut bytes) {
        assert!(!bytes[..n].starts_with(b"INVITE "), "{}", String::from_utf8_lossy(&bytes[..n]));
    }
    carrier.socket.set_nonblocking(false).unwrap();

    // The fifth is followed, so the table speaks of refusals and not of a trunk that is not there.
    caller.call(program.sip, "701", from);
    let rings = gets_of(&phone, "INVITE sip:anna@", |m| !rung.contains(&line(m, "Call-ID:")));
    let contact = many(4).replace("HERE", &program.sip.to_string());
    phone.answers(program.sip, &rings, "302 Moved Temporarily", &format!("Contact: {contact}\r\n"));
    let asked = carrier.gets("INVITE ");
    assert!(asked.starts_with(&format!("INVITE sip:{GOOD}@")), "{asked}");
    let log = program.stop();
    assert!(!log.contains("42155599"), "the log says no number");
}
