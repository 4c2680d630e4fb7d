//! Calling with one click: whose phone rings first, how often, who hears what, and who is not called at all.

use crate::desk::Desk;
use crate::program::Program;
use media::tone::{level, power_at};
use serde_json::{Value, json};
use sim::PhoneId;

/// What the one who clicks says, and the one who is called.
const YOU: u32 = 440;
const THEM: u32 = 1000;
/// The tone of a telephone that rings at the other end.
const RINGBACK: f64 = 425.0;
const CALLED: &str = "+4942155599";

fn tenant(desk: &Desk) -> String {
    let at = desk.addr;
    format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\ndial: {{allow: [\"+49\"], deny: [\"+49900\"]}}\n---\n\
         kind: Trunk\nid: carrier\nnetworks: [127.0.0.0/8]\naddress: \"sip:{at}\"\noutbound: true\n\
         caller_id: {{policy: fixed, number: \"+49421555100\"}}\n---\n\
         kind: Pbx\nid: desktop\nname: Desktop app\naddress: {{scheme: maxuccall}}\n---\n\
         kind: User\nid: anna\nroles: [agent]\nphone: \"sip:anna@{at}\"\nat_start: available\n---\n\
         kind: User\nid: ben\nroles: [agent]\nphone: \"sip:ben@{at}\"\nmay_dial: false\nat_start: available\n"
    )
}

struct Clicks {
    desk: Desk,
    program: Program,
}

impl Clicks {
    fn begin() -> Clicks {
        let desk = Desk::new();
        let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk))]);
        Clicks { desk, program }
    }

    fn click(&self, correlation: &str, to: &str) -> (u16, Value) {
        let new = json!({"agent": "anna", "to": to, "correlation": correlation});
        self.program.post_json("/dial", &new)
    }

    #[track_caller]
    fn rings(&mut self, user: &str) -> PhoneId {
        let (phone, who) = self.desk.rings();
        assert_eq!(who, user);
        phone
    }

    #[track_caller]
    fn reaches(&mut self, correlation: &str, progress: &str) -> Value {
        let program = &self.program;
        let path = format!("/dial/{correlation}?agent=anna");
        self.desk.until(progress, |_| {
            let (_, said) = program.get(&path);
            (said["progress"] == progress).then_some(said)
        })
    }
}

#[test]
fn one_click_rings_ones_own_phone_then_the_other_side_and_both_hear_each_other() {
    let mut c = Clicks::begin();
    let (status, said) = c.click("click-0001", "+49 (421) 555-99");
    assert_eq!(status, 201, "{said}");
    assert_eq!(said["correlation"], "click-0001");
    let you = c.rings("anna");
    c.reaches("click-0001", "ringing-you");
    // Twice is once: the same call is named, and no phone rings again.
    let (status, again) = c.click("click-0001", "+4942155599");
    assert_eq!((status, &again["call"]), (200, &said["call"]), "{again}");
    let (status, busy) = c.click("click-0002", "0421 555 99");
    assert_eq!(status, 409, "{busy}");
    c.desk.answer(you, YOU);
    let them = c.rings(CALLED);
    c.reaches("click-0001", "ringing-them");
    c.desk.until("the phone hears that the other side rings", |desk| {
        let now = desk.now();
        let heard = desk.phones.heard(now, you);
        (heard.len() >= 4_000 && level(&heard) > -40.0 && power_at(&heard, 8_000, RINGBACK) > -3.0)
            .then_some(())
    });
    c.desk.answer(them, THEM);
    c.desk.hears(you, THEM);
    c.desk.hears(them, YOU);
    c.reaches("click-0001", "talking");
    let rung = c.desk.events.iter().filter(|e| matches!(e, sim::PhoneEvent::Rings { .. })).count();
    assert_eq!(rung, 0, "nobody else was rung");
    assert_eq!(c.program.delete("/dial/click-0001?agent=anna"), 200);
    c.desk.ended(you);
    c.desk.ended(them);
    let over = c.reaches("click-0001", "over");
    assert_eq!(over["reason"], "hung-up");
    // The name stays used.
    assert_eq!(c.click("click-0001", "+49 421 555 99").1["progress"], "over");
    assert_eq!(c.click("click-0001", "0421 555 98").0, 409);
    c.program.stop();
}

#[test]
fn whoever_does_not_answer_has_nobody_called() {
    let mut c = Clicks::begin();
    assert_eq!(c.click("click-0001", CALLED).0, 201);
    let you = c.rings("anna");
    let now = c.desk.now();
    c.desk.phones.decline(now, you, 486);
    let over = c.reaches("click-0001", "over");
    assert!(["busy", "no-answer"].contains(&over["reason"].as_str().unwrap()), "{over}");
    // A call that is withdrawn while the first phone rings stops it.
    assert_eq!(c.click("click-0002", CALLED).0, 201);
    let you = c.rings("anna");
    assert_eq!(c.program.delete("/dial/click-0002?agent=anna"), 200);
    c.desk.ended(you);
    c.reaches("click-0002", "over");
    assert!(!c.desk.events.iter().any(|e| matches!(e, sim::PhoneEvent::Rings { .. })), "nobody was called");
    c.program.stop();
}

#[test]
fn what_may_not_be_called_is_refused_with_a_sentence_before_anything_rings() {
    let mut c = Clicks::begin();
    for (n, to) in
        ["+49900123456", "+33155501234", "*21*0421555#", "+49ANNA", "anna", "", "+4942155599;ext=1"]
            .into_iter()
            .enumerate()
    {
        for through in [Value::Null, json!("desktop")] {
            let new = json!({"agent": "anna", "to": to, "correlation": format!("click-{n:04}"), "through": through});
            let (status, said) = c.program.post_json("/dial", &new);
            assert_eq!(status, 422, "{to:?} {through}: {said}");
            assert!(said["detail"].as_str().unwrap().len() > 20, "{said}");
        }
    }
    for (body, status) in [
        (json!({"agent": "anna", "to": CALLED, "correlation": "../../etc/passwd"}), 422),
        (json!({"agent": "anna", "to": CALLED, "correlation": "x"}), 422),
        (json!({"agent": "anna", "to": CALLED, "through": "nowhere", "correlation": "click-1000"}), 404),
        (json!({"agent": "nobody", "to": CALLED, "correlation": "click-1000"}), 404),
        (json!({"agent": "ben", "to": CALLED, "correlation": "click-1000"}), 403),
        (json!({"agent": "ben", "to": CALLED, "through": "desktop", "correlation": "click-1001"}), 403),
    ] {
        let (said_status, said) = c.program.post_json("/dial", &body);
        assert_eq!(said_status, status, "{body}: {said}");
    }
    // Nothing of it was begun, so the name is free and the phone too.
    assert_eq!(c.click("click-0000", CALLED).0, 201);
    let you = c.rings("anna");
    c.desk.answer(you, YOU);
    let them = c.rings(CALLED);
    c.desk.answer(them, THEM);
    c.desk.hears(you, THEM);
    c.program.stop();
}

#[test]
fn a_softphone_is_given_a_link_whose_number_no_server_logs() {
    let c = Clicks::begin();
    let (_, ways) = c.program.get("/dial");
    let kinds: Vec<&str> = ways.as_array().unwrap().iter().map(|w| w["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["own", "address"], "{ways}");
    assert_eq!((&ways[1]["scheme"], &ways[1]["client_address"]), (&json!("maxuccall"), &json!(true)));
    let new =
        json!({"agent": "anna", "to": "0421 555 99", "through": "desktop", "correlation": "click-0001"});
    let (status, said) = c.program.post_json("/dial", &new);
    assert_eq!((status, &said["progress"]), (201, &json!("handed-over")), "{said}");
    let link = said["open"].as_str().unwrap();
    let (page, fragment) = link.split_once('#').unwrap();
    assert!(page.ends_with("/call"), "{link}");
    assert_eq!(fragment, "scheme=maxuccall&number=%2B4942155599");
    assert_eq!(c.program.get("/dial/click-0001?agent=anna").1["open"], said["open"]);
    assert_eq!(c.program.get("/dial/click-0002?agent=anna").0, 404);
    c.program.stop();
}
