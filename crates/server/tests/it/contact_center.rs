//! The example of a contact centre, walked through branch by branch. Each prompt is a tone of its own, so a walk is
//! judged by the tones that its caller heard, in order.

mod asking;
mod clients;
mod hours;
mod menus;
mod queues;
mod recording;

use crate::desk::Desk;
use crate::listening::tones_in;
use crate::program::Program;
use serde_json::{Value, json};
use sim::PhoneId;
use std::net::SocketAddr;

/// The numbers of the example.
pub const MAIN: &str = "+49421555100";
pub const HOTLINE: &str = "+49421555200";
pub const FAIR: &str = "+49421555300";
pub const PAYMENTS: &str = "+49421555400";

/// What callers and agents say; no prompt is like it.
pub const CALLER: u32 = 440;
pub const AGENT: u32 = 620;
/// What is heard while waiting.
pub const MUSIC: u32 = 400;

/// The example with its phones at one desk.
pub struct Centre {
    pub desk: Desk,
    pub program: Program,
}

const FILES: [(&str, &str); 7] = [
    ("flows.yaml", include_str!("../../../../examples/contact-center/tenant/flows.yaml")),
    ("hours.yaml", include_str!("../../../../examples/contact-center/tenant/hours.yaml")),
    ("outside.yaml", include_str!("../../../../examples/contact-center/tenant/outside.yaml")),
    ("people.yaml", include_str!("../../../../examples/contact-center/tenant/people.yaml")),
    ("prompts.yaml", include_str!("../../../../examples/contact-center/tenant/prompts.yaml")),
    ("queues.yaml", include_str!("../../../../examples/contact-center/tenant/queues.yaml")),
    ("tenant.yaml", include_str!("../../../../examples/contact-center/tenant/tenant.yaml")),
];

impl Centre {
    /// Starts the example as it is.
    pub fn open() -> Centre {
        Centre::open_with(&[], None)
    }

    /// Starts the example with parts of its text exchanged, and other systems at an address.
    pub fn open_with(changes: &[(&str, &str)], outside: Option<SocketAddr>) -> Centre {
        let desk = Desk::new();
        // Nothing listens on port 9.
        let outside = outside.map_or("127.0.0.1:9".to_string(), |a| a.to_string());
        let mut files: Vec<(&str, String)> =
            FILES.iter().map(|(name, text)| (*name, text.to_string())).collect();
        let mut exchange = |what: &str, by: &str| {
            assert!(files.iter().any(|(_, text)| text.contains(what)), "the example has {what:?}");
            for (_, text) in &mut files {
                *text = text.replace(what, by);
            }
        };
        for (what, by) in changes {
            exchange(what, by);
        }
        exchange("id: hanse", "id: test");
        exchange("127.0.0.1:6300", &outside);
        for port in ["6001", "6002", "6003", "6004", "6005", "6006", "6007", "6010", "6100", "6200"] {
            exchange(&format!("127.0.0.1:{port}"), "DESK");
        }
        // At last, because the desk's own port may begin like one of these.
        exchange("DESK", &desk.addr.to_string());
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let program = Program::start_as_owner(&files);
        let secrets = program.dir.path().join("secrets");
        std::fs::create_dir(&secrets).unwrap();
        std::fs::write(secrets.join("crm-webhook.key"), "of this test\n").unwrap();
        Centre { desk, program }
    }

    /// Office hours that are always or never, but for these days.
    pub fn set_office_hours(&self, open: bool, holidays: Vec<Value>) {
        let day = if open { json!(["00:00-24:00"]) } else { json!([]) };
        // Hours that never open are refused.
        let special = json!([{"date": "2044-06-01", "open": ["09:00-18:00"]}]);
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let week: serde_json::Map<String, Value> =
            names.iter().map(|d| (d.to_string(), day.clone())).collect();
        let (status, said) = self.program.put(
            "/hours/office",
            &json!({"time_zone": "Europe/Berlin", "week": week, "holidays": holidays, "special": special}),
        );
        assert_eq!(status, 200, "{said}");
    }

    /// A call from outside, answered.
    #[track_caller]
    pub fn dial(&mut self, from: &str, number: &str) -> PhoneId {
        let phone = self.desk.dial(from, "", self.program.sip, number, CALLER);
        self.desk.answered(phone);
        phone
    }

    /// Hears a prompt, then presses a key.
    #[track_caller]
    pub fn choose(&mut self, phone: PhoneId, prompt: u32, keys: &str) {
        self.desk.hears_prompt(phone, prompt);
        self.desk.press(phone, keys);
    }

    /// To the menu of topics, in German, without an objection to being recorded.
    #[track_caller]
    pub fn reaches_topics(&mut self, from: &str) -> PhoneId {
        let phone = self.dial(from, HOTLINE);
        self.choose(phone, 300, "1");
        self.desk.hears_prompt(phone, 1000);
        self.desk.hears_prompt(phone, 1150);
        phone
    }

    /// The next phone to ring is that of this user, who answers.
    #[track_caller]
    pub fn answers(&mut self, user: &str) -> PhoneId {
        let (phone, who) = self.desk.rings();
        assert_eq!(who, user);
        self.desk.answer(phone, AGENT);
        phone
    }

    /// Caller and agent hear each other.
    #[track_caller]
    pub fn talk(&mut self, caller: PhoneId, agent: PhoneId) {
        self.desk.hears_prompt(caller, AGENT);
        self.desk.hears_prompt(agent, CALLER);
    }

    /// Hangs up and gives what is known of the call then.
    #[track_caller]
    pub fn over(&mut self, phone: PhoneId, from: &str) -> Value {
        self.desk.hang_up(phone);
        self.record(from)
    }

    /// What is known of the call of this caller, when it is over.
    #[track_caller]
    pub fn record(&mut self, from: &str) -> Value {
        self.call(from, "it is over", |call| (call["state"] == "ended").then(|| call.clone()))
    }

    /// Waits until the call of this caller shows something.
    #[track_caller]
    pub fn call<T>(&mut self, from: &str, what: &str, pick: impl Fn(&Value) -> Option<T>) -> T {
        let program = &self.program;
        let mut id = None;
        self.desk.until(&format!("the call of {from}: {what}"), |_| {
            if id.is_none() {
                let (_, list) = program.get("/calls");
                let ids = list["items"].as_array()?.iter().filter_map(|c| c["id"].as_str());
                id = ids
                    .map(str::to_string)
                    .find(|id| program.get(&format!("/calls/{id}")).1["caller"] == from);
            }
            pick(&program.get(&format!("/calls/{}", id.as_ref()?)).1)
        })
    }

    /// The prompts that a phone heard, in order, without music and voices.
    pub fn prompts(&self, phone: PhoneId) -> Vec<u32> {
        let mut heard = self.heard(phone);
        heard.retain(|hz| ![MUSIC, CALLER, AGENT].contains(hz));
        heard
    }

    /// Waits until the message that this caller may leave begins.
    #[track_caller]
    pub fn message_begins(&mut self, from: &str) {
        self.call(from, "a message begins", |call| words(call).contains(&"message-began").then_some(()));
    }

    /// The tones that a phone heard, in order.
    pub fn heard(&self, phone: PhoneId) -> Vec<u32> {
        let prompts = (300..=2450).step_by(50).chain([CALLER, AGENT]);
        tones_in(self.desk.all_heard(phone), prompts)
    }
}

/// What happened in a call, as words in order.
pub fn words(call: &Value) -> Vec<&str> {
    call["timeline"].as_array().unwrap().iter().map(|m| m["what"].as_str().unwrap()).collect()
}

/// The first moment of this kind.
#[track_caller]
pub fn moment<'a>(call: &'a Value, what: &str) -> &'a Value {
    let found = call["timeline"].as_array().unwrap().iter().find(|m| m["what"] == what);
    found.unwrap_or_else(|| panic!("no {what} in {:?}", words(call)))
}

/// Milliseconds since midnight UTC of a moment.
pub fn ms(moment: &Value) -> i64 {
    let text = moment["at"].as_str().unwrap();
    let part = |at: std::ops::Range<usize>| text[at].parse::<i64>().unwrap();
    ((part(11..13) * 60 + part(14..16)) * 60 + part(17..19)) * 1_000 + part(20..23)
}

/// Milliseconds between the first two moments of these kinds, also over midnight.
#[track_caller]
pub fn between(call: &Value, first: &str, then: &str) -> i64 {
    (ms(moment(call, then)) - ms(moment(call, first))).rem_euclid(86_400_000)
}
