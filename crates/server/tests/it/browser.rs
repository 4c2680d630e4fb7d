//! An agent's browser as the agent's phone: a real Chromium answers, talks, presses keys, holds, is loaded anew, changes its
//! network, and makes calls; what either side hears is judged by tones.

use crate::browser_page::{MICROPHONE, Page};
use crate::desk::{Desk, channels, has_tone};
use crate::program::Program;
use serde_json::{Value, json};

const CALLER: &str = "+493012345";

// anna has no phone but the browser; ben has one at the desk.
fn tenant(desk: &Desk) -> String {
    format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\nhold_music: music\ndial: {{allow: [\"+49\"]}}\n---\n\
         kind: Trunk\nid: all\nnetworks: [127.0.0.0/8]\naddress: \"sip:{at}\"\noutbound: true\n---\n\
         kind: Number\nid: service\nnumber: \"100\"\nflow: service\n---\n\
         kind: Number\nid: other\nnumber: \"101\"\nflow: other\n---\n\
         kind: Prompt\nid: music\ntone: {{hz: 700, length: 10s}}\n---\n\
         kind: Flow\nid: service\nsteps:\n  - record: true\n  - queue: service\n---\n\
         kind: Flow\nid: other\nsteps:\n  - queue: other\n---\n\
         kind: Queue\nid: service\nring_time: 20s\nmusic: music\nagents: [anna]\n---\n\
         kind: Queue\nid: other\nring_time: 20s\nmusic: music\nagents: [ben]\n---\n\
         kind: User\nid: anna\nroles: [agent]\nat_start: available\n---\n\
         kind: User\nid: ben\nroles: [agent]\nat_start: available\nphone: \"sip:ben@{at}\"\n",
        at = desk.addr
    )
}

struct Floor {
    desk: Desk,
    program: Program,
    page: Page,
}

impl Floor {
    /// A server, and a browser that is the phone of that agent.
    fn open(agent: &str) -> (Floor, String) {
        let desk = Desk::new();
        let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk))]);
        let mut page = Page::open(&program, agent);
        let id = page.connect();
        (Floor { desk, program, page }, id)
    }

    /// Somebody calls; the browser rings and answers.
    fn talk(&mut self, number: &str) -> (sim::PhoneId, String) {
        let caller = self.desk.dial(CALLER, "Carla", self.program.sip, number, 440);
        let ring = self.page.notice(&mut self.desk, "ring");
        assert_eq!(ring["who"], json!({"number": CALLER, "name": "Carla"}));
        assert_eq!(ring["answered"], false);
        self.page.does(&mut self.desk, "answer");
        self.hear_each_other(caller);
        (caller, ring["call"].as_str().unwrap().to_string())
    }

    #[track_caller]
    fn hear_each_other(&mut self, caller: sim::PhoneId) {
        self.page.hears(&mut self.desk, 440);
        self.desk.hears(caller, MICROPHONE);
    }

    /// Waits until nothing rings or talks in the agent's browser.
    #[track_caller]
    fn falls_idle(&mut self, agent: &str) {
        let (program, desk) = (&self.program, &mut self.desk);
        let state = || program.get(&format!("/softphone?agent={agent}")).1["state"] == "idle";
        desk.until("the browser is idle", |_| state().then_some(()));
    }

    fn phone(&self, agent: &str) -> Value {
        self.program.get(&format!("/softphone?agent={agent}")).1
    }
}

#[test]
fn a_call_is_answered_in_the_browser_talks_presses_keys_holds_and_ends() {
    let (mut f, id) = Floor::open("anna");
    assert_eq!(f.phone("anna")["state"], "idle");
    let (caller, call) = f.talk("100");
    let view = f.phone("anna");
    assert_eq!((&view["state"], &view["call"], &view["id"]), (&"talking".into(), &call.into(), &id.into()));
    assert_eq!(f.page.beside(&mut f.desk, &["codec".into()]), "audio/PCMA", "what a telephone understands");
    let before = f.desk.events_heard(caller);
    f.page.beside(&mut f.desk, &["press".into(), "59".into()]);
    // Each key is told by several packets and its end by three.
    f.desk.until("the keys arrive", |desk| (desk.events_heard(caller) >= before + 8).then_some(()));
    f.page.holds(&mut f.desk, true);
    f.desk.hears(caller, 700);
    f.page.holds(&mut f.desk, false);
    f.hear_each_other(caller);
    f.page.does(&mut f.desk, "hang-up");
    f.desk.ended(caller);
    f.page.notice(&mut f.desk, "released");
    let call = f.program.ended_call();
    assert_eq!((call["agent"].as_str(), call["ended_by"].as_str()), (Some("anna"), Some("agent")));
    let recording = call["recordings"][0].as_str().unwrap();
    let (left, right) = channels(&f.program.bytes(&format!("/recordings/{recording}"), None).1);
    assert!(has_tone(&left, 440) && has_tone(&right, MICROPHONE), "both are on the recording");
    assert_eq!(f.page.ask(&["does".into(), "answer".into()]), 409, "nothing rings any more");
    f.program.stop();
}

#[test]
fn a_page_loaded_anew_and_a_change_of_network_keep_the_call() {
    let (mut f, first) = Floor::open("anna");
    let (caller, call) = f.talk("100");
    let restarted = f.page.beside(&mut f.desk, &["restart".into()]);
    assert_eq!(restarted, true, "with new credentials");
    f.hear_each_other(caller);
    let second = f.page.reload(&mut f.desk, &f.program, "anna");
    assert_ne!(first, second);
    assert_eq!((&f.phone("anna")["call"], &f.phone("anna")["state"]), (&call.into(), &"talking".into()));
    f.hear_each_other(caller);
    f.desk.hang_up(caller);
    f.page.notice(&mut f.desk, "released");
    assert_eq!(f.program.ended_call()["ended_by"], "caller");
    f.program.stop();
}

#[test]
fn a_page_that_does_not_come_back_ends_its_call() {
    let (mut f, _) = Floor::open("anna");
    let (caller, _) = f.talk("100");
    f.page.beside(&mut f.desk, &["close".into()]);
    f.desk.ended(caller);
    let call = f.program.ended_call();
    assert_eq!(
        (call["ended_by"].as_str(), call["reason"].as_str()),
        (Some("network"), Some("media-time-out")),
        "{call:#}"
    );
    assert_eq!(f.phone("anna")["id"], Value::Null, "nobody's phone any more");
    f.program.stop();
}

#[test]
fn declined_unanswered_and_given_up_calls_are_offered_as_by_any_phone() {
    let (mut f, _) = Floor::open("anna");
    let caller = f.desk.dial(CALLER, "", f.program.sip, "100", 440);
    f.page.notice(&mut f.desk, "ring");
    f.page.does(&mut f.desk, "decline");
    f.page.notice(&mut f.desk, "released");
    f.desk.hang_up(caller);
    f.desk.ended(caller);
    let call = f.program.ended_call();
    let declined = call["legs"].as_array().unwrap().iter().find(|l| l["agent"] == "anna").unwrap();
    assert_eq!(declined["state"], "declined", "{call:#}");
    f.program.set_agent("anna", "available");
    let caller = f.desk.dial(CALLER, "", f.program.sip, "100", 440);
    f.page.notice(&mut f.desk, "ring");
    f.desk.hang_up(caller);
    f.page.notice(&mut f.desk, "released");
    f.falls_idle("anna");
    f.program.stop();
}

#[test]
fn an_agent_calls_in_the_browser_and_chooses_where_to_be_rung() {
    let (mut f, id) = Floor::open("ben");
    let (status, begun) =
        f.program.post_json("/dial", &json!({"agent": "ben", "to": "03098765", "softphone": id}));
    assert_eq!(status, 201, "{begun}");
    let ring = f.page.notice(&mut f.desk, "ring");
    assert_eq!((&ring["answered"], &ring["call"]), (&true.into(), &begun["call"]));
    let (far, _) = f.desk.rings();
    f.desk.answer(far, 523);
    f.page.hears(&mut f.desk, 523);
    f.desk.hears(far, MICROPHONE);
    f.page.does(&mut f.desk, "hang-up");
    f.desk.ended(far);
    f.page.notice(&mut f.desk, "released");
    // The phone on the desk, although a browser is connected; then the browser again.
    let choose = |f: &Floor, body: Value| f.program.put("/agents/ben/endpoint", &body).0;
    assert_eq!(choose(&f, json!({"kind": "phone"})), 204);
    assert_eq!(f.program.get("/agents/ben/endpoint").1, json!({"kind": "phone"}));
    f.program.set_agent("ben", "available");
    let caller = f.desk.dial(CALLER, "", f.program.sip, "101", 440);
    let (phone, user) = f.desk.rings();
    assert_eq!(user, "ben");
    f.desk.hang_up(caller);
    f.desk.ended(phone);
    for (kind, status) in [
        (json!({"kind": "number", "number": "+4930555"}), 204),
        (json!({"kind": "number", "number": "+33123456789"}), 422),
        (json!({"kind": "number"}), 422),
        (json!({"kind": "browser"}), 204),
    ] {
        assert_eq!(choose(&f, kind.clone()), status, "{kind}");
    }
    assert_eq!(f.program.put("/agents/anna/endpoint", &json!({"kind": "phone"})).0, 422, "anna has none");
    f.program.set_agent("ben", "available");
    f.talk("101");
    f.program.stop();
}

#[test]
fn where_an_agent_is_rung_outlasts_a_restart_and_their_own_calls_begin_there() {
    let desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk))]);
    let choose = |program: &Program, body: Value| program.put("/agents/ben/endpoint", &body).0;
    assert_eq!(choose(&program, json!({"kind": "browser"})), 204);
    let (status, said) = program.post_json("/dial", &json!({"agent": "ben", "to": "03098765"}));
    assert_eq!(status, 409, "rung in the browser, and there is none: {said}");
    assert_eq!(choose(&program, json!({"kind": "number", "number": "030555"})), 204);
    let program = program.restarted();
    let page = Page::open(&program, "ben");
    let mut f = Floor { desk, program, page };
    let chosen = f.program.get("/agents/ben/endpoint").1;
    assert_eq!(chosen, json!({"kind": "number", "number": "+4930555"}));
    let id = f.page.connect();
    // The page says that it asks, and is still not rung: the agent sits at a number.
    let ask = json!({"agent": "ben", "to": "03098765", "softphone": id});
    assert_eq!(f.program.post_json("/dial", &ask).0, 201);
    let (own, user) = f.desk.rings();
    assert_eq!(user, "+4930555");
    f.desk.answer(own, 440);
    let (far, user) = f.desk.rings();
    assert_eq!(user, "+493098765");
    f.desk.answer(far, 523);
    f.desk.hears(own, 523);
    f.desk.hang_up(far);
    f.desk.ended(own);
    f.falls_idle("ben");
    f.program.stop();
}

#[test]
fn the_newer_of_two_tabs_is_the_phone() {
    let (mut f, first) = Floor::open("anna");
    let (caller, _) = f.talk("100");
    f.page.beside(&mut f.desk, &["tab".into()]);
    let token = f.program.bearer().trim_start_matches("Bearer ").to_string();
    f.page.beside(&mut f.desk, &["watch".into(), token.into(), "anna".into()]);
    f.page.beside(&mut f.desk, &["open".into()]);
    let second = f.page.beside(&mut f.desk, &["register".into()]);
    f.hear_each_other(caller);
    assert_eq!(f.program.delete(&format!("/softphone?agent=anna&id={first}")), 404);
    let (status, _) = f.program.get("/softphone?agent=nobody");
    assert_eq!(status, 404);
    assert_eq!(f.program.delete(&format!("/softphone?agent=anna&id={}", second.as_str().unwrap())), 204);
    f.desk.ended(caller);
    f.program.stop();
}

#[test]
fn hostile_offers_are_refused_with_a_sentence() {
    let desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk))]);
    let post = |offer: &str| program.post_json("/softphone", &json!({"agent": "anna", "offer": offer}));
    let long = format!("v=0\r\n{}", "a=x\r\n".repeat(4_000));
    let candidates = "a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n".repeat(300);
    let video = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n";
    let cases: &[(&str, u16)] = &[
        ("", 422),
        ("no offer", 422),
        ("v=0\r\n", 422),
        (&long, 413),
        (&format!("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n{candidates}"), 422),
        (video, 422),
        ("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\n", 422),
        ("v=0\r\nm=audio 9 RTP/AVP 0\r\na=rtcp-mux\r\n", 422),
    ];
    for (offer, status) in cases {
        let (got, body) = post(offer);
        assert_eq!(got, *status, "{offer:.60}: {body}");
        assert!(!body["detail"].as_str().unwrap().is_empty());
    }
    assert_eq!(post(&"x".repeat(200_000)).0, 413, "more than a request may have");
    assert_eq!(program.get("/softphone?agent=anna").1["id"], Value::Null);
    for what in ["answer", "decline", "hang-up"] {
        assert_eq!(program.post_json(&format!("/softphone/{what}"), &json!({"agent": "anna"})).0, 404);
    }
    // Whatever comes to the port for browsers: nobody is known by it, and nothing is answered.
    let log = program.log.lock().unwrap().clone();
    let ready =
        log.lines().find_map(|l| serde_json::from_str(l).ok().filter(|v: &Value| v["event"] == "ready"));
    let port: std::net::SocketAddr = ready.unwrap()["browsers"].as_str().unwrap().parse().unwrap();
    let stranger = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for first in [0u8, 1, 22, 128, 144, 200] {
        for n in 0..200usize {
            let mut bytes = vec![first; n * 7];
            if let Some(b) = bytes.get_mut(4..8) {
                b.copy_from_slice(&[0x21, 0x12, 0xA4, 0x42]);
            }
            stranger.send_to(&bytes, port).unwrap();
        }
    }
    stranger.set_read_timeout(Some(std::time::Duration::from_millis(300))).unwrap();
    assert!(stranger.recv_from(&mut [0; 2_048]).is_err(), "strangers get no answer");
    assert_eq!(program.get("/agents").0, 200);
    program.stop();
}
