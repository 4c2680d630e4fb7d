//! Supervision: who hears whom, proved by a tone for each person.

use crate::desk::{Desk, channels};
use crate::program::Program;
use media::tone::{level, power_at};
use serde_json::json;
use sim::PhoneId;

pub const CALLER: u32 = 440;
pub const AGENT: u32 = 1000;
pub const OLGA: u32 = 1500;
pub const THIRD: u32 = 620;
pub const MUSIC: u32 = 700;
pub const VOICES: [u32; 5] = [CALLER, AGENT, OLGA, THIRD, MUSIC];

/// Two queues, three agents and a supervisor, all of them phones at `desk`; the third agent is in no queue.
pub fn tenant(desk: &Desk) -> String {
    let at = desk.addr;
    let mut text = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\nhold_music: music\ndial: {{allow: [\"+49\"], deny: [\"+49900\"]}}\n---\n\
         kind: Trunk\nid: all\nnetworks: [127.0.0.0/8]\naddress: \"sip:{at}\"\noutbound: true\n---\n\
         kind: Number\nid: service\nnumber: \"100\"\nflow: service\n---\n\
         kind: Prompt\nid: music\ntone: {{hz: {MUSIC}, length: 10s}}\n---\n\
         kind: Flow\nid: service\nsteps:\n  - record: true\n  - queue: first\n---\n\
         kind: Queue\nid: first\nring_time: 20s\nwrap_up: 1s\nmusic: music\nagents: [agent1]\n---\n\
         kind: Queue\nid: second\nring_time: 20s\nwrap_up: 1s\nmusic: music\nagents: [agent2]\n"
    );
    for (name, role) in
        [("agent1", "agent"), ("agent2", "agent"), ("agent3", "agent"), ("olga", "supervisor")]
    {
        text += &format!(
            "---\nkind: User\nid: {name}\nroles: [{role}]\nphone: \"sip:{name}@{at}\"\nat_start: available\n"
        );
    }
    text
}

/// A caller and an agent who talk.
pub struct Talk {
    pub desk: Desk,
    pub program: Program,
    pub caller: PhoneId,
    pub agent: PhoneId,
    pub call: String,
}

impl Talk {
    pub fn begin() -> Talk {
        Talk::begin_with(tenant)
    }

    pub fn begin_with(tenant: impl Fn(&Desk) -> String) -> Talk {
        let mut desk = Desk::new();
        let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk))]);
        let caller = desk.dial("+4942155501", "", program.sip, "100", CALLER);
        let agent = answers(&mut desk, "agent1", AGENT);
        desk.hears_just(caller, &[AGENT], &VOICES);
        desk.hears_just(agent, &[CALLER], &VOICES);
        let call = program.wait_for("/calls", |l| Some(l["items"][0]["id"].as_str()?.to_string()));
        Talk { desk, program, caller, agent, call }
    }

    pub fn act(&self, action: serde_json::Value) {
        self.program.act(&self.call, action);
    }

    /// Everybody has to hear just these.
    #[track_caller]
    pub fn heard(&mut self, who: &[(PhoneId, &[u32])]) {
        for (phone, voices) in who {
            self.desk.hears_just(*phone, voices, &VOICES);
        }
    }

    /// The call, when it is over.
    pub fn record(&mut self) -> serde_json::Value {
        let (program, path) = (&self.program, format!("/calls/{}", self.call));
        self.desk.until("the call is over", |_| {
            let (_, call) = program.get(&path);
            (call["state"] == "ended").then_some(call)
        })
    }
}

/// The next phone to ring is this one's, and it is answered.
#[track_caller]
pub fn answers(desk: &mut Desk, user: &str, hz: u32) -> PhoneId {
    let (phone, who) = desk.rings();
    assert_eq!(who, user);
    desk.answer(phone, hz);
    phone
}

fn audited(program: &Program) -> Vec<String> {
    let (_, audit) = program.get("/audit?limit=500");
    let all = audit["items"].as_array().unwrap().iter().rev();
    let actions = all.filter_map(|e| e["action"].as_str()).filter(|a| a.starts_with("call."));
    actions.map(str::to_string).collect()
}

/// Whether any tenth of a second of this audio has this voice in it.
fn has_voice(samples: &[i16], hz: u32) -> bool {
    samples.chunks(800).any(|p| level(p) > -50.0 && power_at(p, 8_000, f64::from(hz)) > -15.0)
}

#[test]
fn listen_whisper_barge_and_take_over_one_after_the_other() {
    let mut t = Talk::begin();
    t.act(json!({"by": "olga", "action": "supervise", "mode": "listen"}));
    let olga = answers(&mut t.desk, "olga", OLGA);
    let (caller, agent) = (t.caller, t.agent);
    t.heard(&[(olga, &[CALLER, AGENT]), (caller, &[AGENT]), (agent, &[CALLER])]);
    t.act(json!({"by": "olga", "action": "supervise", "mode": "whisper"}));
    t.heard(&[(agent, &[CALLER, OLGA]), (caller, &[AGENT]), (olga, &[CALLER, AGENT])]);
    t.act(json!({"by": "olga", "action": "supervise", "mode": "barge"}));
    t.heard(&[(caller, &[AGENT, OLGA]), (agent, &[CALLER, OLGA]), (olga, &[CALLER, AGENT])]);
    t.act(json!({"by": "olga", "action": "take-over"}));
    t.desk.ended(agent);
    t.heard(&[(caller, &[OLGA]), (olga, &[CALLER])]);
    t.desk.hang_up(caller);
    t.desk.ended(olga);
    let call = t.record();
    assert_eq!((&call["agent"], &call["ended_by"]), (&json!("olga"), &json!("caller")));
    assert_eq!(call["legs"].as_array().unwrap().len(), 3);
    assert_eq!(
        audited(&t.program),
        ["call.listen", "call.whisper", "call.barge", "call.take-over"],
        "each is in the audit log"
    );
    t.program.stop();
}

#[test]
fn barge_first_then_listen_leave_come_back_and_whisper() {
    let mut t = Talk::begin();
    let (caller, agent) = (t.caller, t.agent);
    t.act(json!({"by": "olga", "action": "supervise", "mode": "barge"}));
    let olga = answers(&mut t.desk, "olga", OLGA);
    t.heard(&[(caller, &[AGENT, OLGA]), (agent, &[CALLER, OLGA]), (olga, &[CALLER, AGENT])]);
    t.act(json!({"by": "olga", "action": "supervise", "mode": "listen"}));
    t.heard(&[(caller, &[AGENT]), (agent, &[CALLER]), (olga, &[CALLER, AGENT])]);
    t.act(json!({"by": "olga", "action": "stop-supervising"}));
    t.desk.ended(olga);
    t.heard(&[(caller, &[AGENT]), (agent, &[CALLER])]);
    t.act(json!({"by": "olga", "action": "supervise", "mode": "whisper"}));
    let olga = answers(&mut t.desk, "olga", OLGA);
    t.heard(&[(agent, &[CALLER, OLGA]), (caller, &[AGENT]), (olga, &[CALLER, AGENT])]);
    // The supervisor hangs up: nobody notices.
    t.desk.hang_up(olga);
    t.heard(&[(caller, &[AGENT]), (agent, &[CALLER])]);
    t.desk.hang_up(agent);
    t.desk.ended(caller);
    let call = t.record();
    assert_eq!((&call["agent"], &call["ended_by"]), (&json!("agent1"), &json!("agent")));
    let recording = call["recordings"][0].as_str().unwrap();
    let (left, right) = channels(&t.program.bytes(&format!("/recordings/{recording}"), None).1);
    assert!(has_voice(&left, CALLER) && !has_voice(&left, AGENT) && !has_voice(&left, OLGA));
    assert!(has_voice(&right, AGENT) && has_voice(&right, OLGA), "who barges is recorded with the agent");
    t.program.stop();
}

#[test]
fn whisper_is_not_recorded_and_take_over_needs_no_listening_before() {
    let mut t = Talk::begin();
    let (caller, agent) = (t.caller, t.agent);
    t.act(json!({"by": "olga", "action": "supervise", "mode": "whisper"}));
    let olga = answers(&mut t.desk, "olga", OLGA);
    t.heard(&[(agent, &[CALLER, OLGA]), (caller, &[AGENT])]);
    t.desk.hang_up(olga);
    t.heard(&[(agent, &[CALLER])]);
    t.desk.hang_up(caller);
    t.desk.ended(agent);
    let call = t.record();
    let recording = call["recordings"][0].as_str().unwrap();
    let (left, right) = channels(&t.program.bytes(&format!("/recordings/{recording}"), None).1);
    assert!(has_voice(&right, AGENT) && !has_voice(&left, OLGA) && !has_voice(&right, OLGA));
    // The next call: taken over while nobody listens.
    let before = t.call.clone();
    let caller = t.desk.dial("+4942155502", "", t.program.sip, "100", CALLER);
    let agent = answers(&mut t.desk, "agent1", AGENT);
    t.heard(&[(caller, &[AGENT])]);
    t.call = t.program.wait_for("/calls", |l| {
        let newest = l["items"][0]["id"].as_str()?;
        (newest != before).then(|| newest.to_string())
    });
    t.act(json!({"by": "olga", "action": "take-over"}));
    let olga = answers(&mut t.desk, "olga", OLGA);
    t.desk.ended(agent);
    t.heard(&[(caller, &[OLGA]), (olga, &[CALLER])]);
    t.desk.hang_up(olga);
    t.desk.ended(caller);
    assert_eq!(t.record()["agent"], "olga");
    // Nothing of that is possible any more, and an unknown call is none.
    let (status, _) = t
        .program
        .post_json(&format!("/calls/{}/actions", t.call), &json!({"by": "olga", "action": "take-over"}));
    assert_eq!(status, 404);
    t.program.stop();
}
