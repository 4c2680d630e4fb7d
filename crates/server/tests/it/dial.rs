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

fn tenant(desk: &Desk, profile: &str) -> String {
    let at = desk.addr;
    format!(
        "kind: Tenant\nid: test\n{profile}\ncountry: DE\ndial: {{allow: [\"+49\"], deny: [\"+49900\"]}}\n---\n\
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
        Clicks::begin_as("profile: contact-center")
    }

    fn begin_as(profile: &str) -> Clicks {
        let desk = Desk::new();
        let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, profile))]);
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
    talks(&mut c);
    // The name stays used.
    assert_eq!(c.click("click-0001", "+49 421 555 99").1["progress"], "over");
    assert_eq!(c.click("click-0001", "0421 555 98").0, 409);
    c.program.stop();
}

#[test]
fn a_connector_rings_both_through_its_own_trunk_and_keeps_nothing_of_it() {
    let mut c = Clicks::begin_as("profile: connector\nfeatures: {sip-trunks: true, dial-own: true}");
    talks(&mut c);
    assert_eq!(c.program.get("/calls").1["items"], json!([]), "it was in memory only");
    let audit = c.program.get("/audit?action=call.").1;
    assert_eq!(audit["items"], json!([]), "who called when is not kept either");
    let dir = c.program.dir.clone();
    let metrics = c.program.admin("/metrics");
    let log = c.program.stop();
    assert!(!log.contains("42155599") && !metrics.contains("42155599"), "{log}");
    let mut files = 0;
    let mut folders = vec![dir.path().join("data")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(8).any(|w| w == b"42155599"), "{}", path.display());
        }
    }
    assert!(files > 1, "there are files to be searched");
}

/// A call from the click to the end, with what both hear.
fn talks(c: &mut Clicks) {
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
    assert!(page.ends_with("/call?tenant=test"), "{link}");
    assert_eq!(fragment, "scheme=maxuccall&number=%2B4942155599");
    assert_eq!(c.program.get("/dial/click-0001?agent=anna").1["open"], said["open"]);
    assert_eq!(c.program.get("/dial/click-0002?agent=anna").0, 404);
    c.program.stop();
}

#[test]
fn a_hundred_people_who_click_at_once_are_all_rung_and_none_twice() {
    const PEOPLE: usize = 100;
    let mut desk = Desk::new();
    let at = desk.addr;
    let mut text = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\ndial: {{allow: [\"+49\"]}}\n---\n\
         kind: Trunk\nid: carrier\nnetworks: [127.0.0.0/8]\naddress: \"sip:{at}\"\noutbound: true\n"
    );
    for n in 0..PEOPLE {
        text += &format!(
            "---\nkind: User\nid: u{n}\nroles: [agent]\nphone: \"sip:u{n}@{at}\"\nat_start: available\n"
        );
    }
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    let click = |n: usize| {
        let new = json!({"agent": format!("u{n}"), "to": CALLED, "correlation": format!("click-{n:04}")});
        program.post_json("/dial", &new).0
    };
    let mut rung: Vec<String> = std::thread::scope(|s| {
        // Each twice, as an impatient person does.
        let clicks: Vec<_> = (0..PEOPLE).map(|n| s.spawn(move || (click(n), click(n)))).collect();
        let mut rung = Vec::new();
        while rung.len() < PEOPLE {
            rung.push(desk.rings().1);
        }
        for (n, c) in clicks.into_iter().enumerate() {
            assert_eq!(c.join().unwrap(), (201, 200), "user {n}");
        }
        rung
    });
    for _ in 0..20 {
        desk.step();
    }
    let more = desk.events.iter().filter(|e| matches!(e, sim::PhoneEvent::Rings { .. })).count();
    assert_eq!(more, 0, "nobody is rung twice");
    rung.sort_unstable();
    rung.dedup();
    assert_eq!(rung.len(), PEOPLE, "and everybody once");
    program.stop();
}
