//! What happened to a call, as data and in words.

use crate::tenant::Meaning;
use crate::view::{call_id, leg_id, recording_id, time, word};
use engine::{
    AgentId, AgentState, Easier, HoursId, LegId, Moment, Overflow, QueueId, Refusal, SkillId, Test, To, What,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

/// Something that happened.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MomentView {
    /// When.
    pub at: String,
    /// What, as a word.
    pub what: String,
    /// The same in a sentence.
    pub say: String,
    /// What it is about: ids of queue, agent, leg, recording, prompt.
    #[serde(flatten)]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub about: Value,
}

/// A length of time for people: `1.4 s`, `45 s`, `9 min 5 s`.
pub fn length(ms: u64) -> String {
    match ms {
        0..10_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        10_000..60_000 => format!("{} s", ms / 1_000),
        60_000..3_600_000 if ms % 60_000 < 1_000 => format!("{} min", ms / 60_000),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
        _ => format!("{} h {} min", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

/// Members of a queue by state: `3 talking, 1 break`.
pub fn states(states: &[u32; 7], but: &str) -> String {
    let list: Vec<String> = AgentState::NAMES
        .iter()
        .zip(states)
        .filter(|(name, n)| **name != but && **n > 0)
        .map(|(name, n)| format!("{n} {name}"))
        .collect();
    if list.is_empty() { "nobody".into() } else { list.join(", ") }
}

/// A skill and how well.
pub fn skill(skill: SkillId, level: u8, m: &Meaning) -> String {
    format!("{} {level}", m.names.of("Skill", skill.0))
}

/// What a step of a queue's relaxation does.
fn easier(queue: QueueId, step: u8, m: &Meaning) -> String {
    let config = m.config.queues.iter().find(|q| q.id == queue);
    let Some(relax) = config.and_then(|q| q.relax.get(usize::from(step))) else {
        return format!("step {} of the queue's relaxation", u32::from(step) + 1);
    };
    let after = length(relax.after_ms);
    match relax.what {
        Easier::Lower { skill, by } => {
            format!("after {after}, {} may be {by} lower", m.names.of("Skill", skill.0))
        }
        Easier::Drop { skill } => {
            format!("after {after}, {} is needed no more", m.names.of("Skill", skill.0))
        }
        Easier::DropAll => format!("after {after}, no skill is needed any more"),
        Easier::AlsoQueue { queue } => {
            format!("after {after}, agents of {} are rung too", m.names.of("Queue", queue.0))
        }
        Easier::RingAtOnce { phones } => format!("after {after}, {phones} phones ring at once"),
        Easier::Priority { steps } => format!("after {after}, the caller moves ahead by {steps}"),
    }
}

fn overflow(why: Overflow) -> String {
    match why {
        Overflow::After(ms) => format!("waited {}", length(ms)),
        Overflow::WaitingOver(n) => format!("more than {n} waiting"),
        Overflow::ExpectedOver(ms) => format!("expected wait over {}", length(ms)),
        Overflow::NobodySignedIn => "no agent signed in".into(),
    }
}

/// Why Teams keeps somebody from being rung, in words.
pub fn kept_word(name: &str) -> &'static str {
    match name {
        "in-teams-call" => "in a Teams call",
        _ => "not to be disturbed in Teams",
    }
}

// What held when a flow branched.
fn test(test: Test, m: &Meaning) -> String {
    let (queue, hours) = (|q: QueueId| m.names.of("Queue", q.0), |h: HoursId| m.names.of("Hours", h.0));
    match test {
        Test::Number(n) => format!("{} was called", m.names.of("Number", n.0)),
        Test::Language(l) => format!("the language is {}", m.language(l)),
        Test::Attribute(a, value) => {
            let (name, value) = m.attribute(a, value);
            format!("{name} is {value}")
        }
        // Which digits they were stands nowhere.
        Test::Digits(slot, _) => {
            let slot = m.slots.get(&slot).cloned().unwrap_or_default();
            format!("the digits of {slot} are on its list")
        }
        Test::Withheld => "the number was withheld".into(),
        Test::Country(country) => format!("the call came from {}", String::from_utf8_lossy(&country)),
        Test::List(n) => format!("the caller is on list {}", u32::from(n) + 1),
        Test::Open(h) => format!("{} are open", hours(h)),
        Test::Holiday(h) => format!("it is a holiday in {}", hours(h)),
        Test::Emergency(h) => format!("{} are closed by the emergency switch", hours(h)),
        Test::Waiting(q, n) => format!("at least {n} wait in {}", queue(q)),
        Test::Free(q, n) => format!("at least {n} are free in {}", queue(q)),
        Test::SignedIn(q, n) => format!("at least {n} are signed in in {}", queue(q)),
        Test::Expected(q, ms) => format!("the wait in {} would be at least {}", queue(q), length(ms)),
    }
}

/// Why a call to the outside is refused, in words.
pub fn refused(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::DestinationNotAllowed => "numbers of this kind or country are not called",
        Refusal::Premium => "premium numbers are not called",
        Refusal::NoRight => "the agent has no right to it",
        Refusal::TooManyAtOnce => "there are as many calls to the outside as may be",
        Refusal::TooManyPerSecond => "calls to the outside follow each other too fast",
        Refusal::MinutesUsed => "today's minutes for calls to the outside are used up",
        Refusal::SpendUsed => "today's money for calls to the outside is used up",
        Refusal::Night => "this is not allowed outside of the hours set for it",
    }
}

fn country(code: [u8; 2]) -> Option<String> {
    let letters = code.iter().all(u8::is_ascii_uppercase);
    letters.then(|| code.iter().map(|b| char::from(*b)).collect())
}

/// A moment of a call.
pub fn moment(t: &Moment, m: &Meaning) -> MomentView {
    let user = |a: &AgentId| m.names.of("User", a.0);
    let queue = |q: &QueueId| m.names.of("Queue", q.0);
    let leg = |l: &LegId| json!({"leg": leg_id(*l)});
    let agent = |a: &AgentId| json!({"agent": user(a)});
    let by = |by: &Option<AgentId>| by.as_ref().map_or("an administrator".into(), user);
    let to = |to: &To| match to {
        To::Agent(a) => (json!({"agent": user(a)}), user(a)),
        To::Queue(q) => (json!({"queue": queue(q)}), format!("queue {}", queue(q))),
        To::Target(t) => (json!({"target": t.0}), "a fixed address".into()),
        To::Party(_) => (json!({}), "a number outside".into()),
        To::Number(n) => {
            let number = m.names.of("Number", n.0);
            (json!({"number": number}), format!("number {number}"))
        }
    };
    let (what, about, say): (&str, Value, String) = match &t.what {
        What::Arrived { number } => {
            let called = number.map(|n| m.names.of("Number", n.0));
            let say = called.as_ref().map_or("the call began".into(), |n| format!("called {n}"));
            ("arrived", called.map_or(json!({}), |n| json!({"called": n})), say)
        }
        What::Answered => ("answered", json!({}), "answered".into()),
        What::Said { prompt } => {
            let prompt = m.names.of("Prompt", prompt.0);
            ("said", json!({"prompt": prompt}), format!("heard {prompt}"))
        }
        What::Queued { queue: q } => {
            ("queued", json!({"queue": queue(q)}), format!("entered queue {}", queue(q)))
        }
        What::QueueFull { queue: q } => {
            ("queue-full", json!({"queue": queue(q)}), format!("queue {} was full", queue(q)))
        }
        What::WaitedLongest { queue: q } => (
            "waited-longest",
            json!({"queue": queue(q)}),
            format!("reached the longest wait of queue {}", queue(q)),
        ),
        What::NobodyFree { queue: q, ahead, states: s, lacking } => {
            let mut say = format!("{ahead} ahead in {}; agents: {}", queue(q), states(s, "none"));
            if *lacking > 0 {
                say += &format!("; {lacking} free without the skills that were needed");
            }
            let about = json!({"queue": queue(q), "ahead": ahead, "lacking": lacking});
            ("nobody-free", about, say)
        }
        What::Offered { agent: a, leg: l } => {
            ("offered", json!({"agent": user(a), "leg": leg_id(*l)}), format!("{} was rung", user(a)))
        }
        What::Ringing { leg: l } => ("ringing", leg(l), "the phone rings".into()),
        What::RangTooLong { leg: l } => ("rang-too-long", leg(l), "nobody picked up in the ring time".into()),
        What::Missed { agent: a } => ("missed", agent(a), format!("{} did not answer", user(a))),
        What::Declined { agent: a } => ("declined", agent(a), format!("{} declined", user(a))),
        What::NotReached { agent: a } => {
            ("not-reached", agent(a), format!("{}'s phone could not be reached", user(a)))
        }
        What::NotAvailable { agent: a } => ("not-available", agent(a), format!("{} was not free", user(a))),
        What::Suspended { agent: a } => {
            ("suspended", agent(a), format!("{} missed too many calls and gets no more", user(a)))
        }
        What::Dialled { leg: l, .. } => ("dialled", leg(l), "a fixed address was rung".into()),
        What::TargetFailed { end, .. } => (
            "target-failed",
            json!({"how": word(end)}),
            format!("the fixed address did not answer: {}", word(end)),
        ),
        What::Connected { leg: l } => ("connected", leg(l), "connected".into()),
        What::RecordingStarted { recording } => {
            ("recording-started", json!({"recording": recording_id(*recording)}), "recording began".into())
        }
        What::RecordingStopped { recording } => {
            ("recording-stopped", json!({"recording": recording_id(*recording)}), "recording ended".into())
        }
        What::RecordingPaused { recording } => {
            ("recording-paused", json!({"recording": recording_id(*recording)}), "recording paused".into())
        }
        What::RecordingResumed { recording } => {
            ("recording-resumed", json!({"recording": recording_id(*recording)}), "recording went on".into())
        }
        What::RecordingNotAllowed => (
            "recording-not-allowed",
            json!({}),
            "not recorded: the number's rule does not allow it, or nobody consented".into(),
        ),
        What::Held { leg: l } => ("held", leg(l), "put on hold".into()),
        What::Resumed { leg: l } => ("resumed", leg(l), "taken back from hold".into()),
        What::Ended { by, reason } => (
            "ended",
            json!({"by": word(by), "reason": word(reason)}),
            format!("ended by {}: {}", word(by), word(reason)),
        ),
        What::FlowEntered { flow } => {
            let flow = m.names.of("Flow", flow.0);
            ("flow-entered", json!({"flow": flow}), format!("flow {flow}"))
        }
        What::Chosen { digit } => {
            ("chosen", json!({"digit": digit.to_string()}), format!("chose {digit} in the menu"))
        }
        What::NothingChosen => ("nothing-chosen", json!({}), "chose nothing that is offered".into()),
        What::DigitsTaken { count } => {
            ("digits-taken", json!({"count": count}), format!("keyed {count} digits"))
        }
        What::TestHeld { test: t } => {
            ("test-held", json!({"test": test(*t, m)}), format!("went on because {}", test(*t, m)))
        }
        What::LookedUp { look_up, ok } => {
            let name = m.names.of("LookUp", look_up.0);
            let say = match ok {
                true => format!("look-up {name} answered"),
                false => format!("look-up {name} did not answer as it should"),
            };
            ("looked-up", json!({"look_up": name, "ok": ok}), say)
        }
        What::AttributeSet { attribute, value } => {
            let (name, value) = m.attribute(*attribute, *value);
            ("attribute-set", json!({"attribute": name, "value": value}), format!("{name} is {value}"))
        }
        What::LanguageSet { language } => {
            let language = m.language(*language);
            ("language-set", json!({"language": language}), format!("language {language}"))
        }
        What::PrioritySet { steps } => {
            ("priority-set", json!({"priority": steps}), format!("priority {steps}"))
        }
        What::SkillNeeded { skill: s, level } => {
            let name = m.names.of("Skill", s.0);
            (
                "skill-needed",
                json!({"skill": name, "level": level}),
                format!("needs {}", skill(*s, *level, m)),
            )
        }
        What::ConsentAnnounced => {
            ("consent-announced", json!({}), "was told that the call is recorded, and did not object".into())
        }
        What::ConsentRefused => ("consent-refused", json!({}), "objected to being recorded".into()),
        What::SecureBegan { secure } => {
            let name = m.names.of("SecureEntry", secure.0);
            ("secure-began", json!({"secure_entry": name}), format!("secure entry {name} began"))
        }
        What::SecureEnded { secure, ok } => {
            let name = m.names.of("SecureEntry", secure.0);
            let how = if *ok { "was accepted" } else { "failed" };
            ("secure-ended", json!({"secure_entry": name, "ok": ok}), format!("secure entry {name} {how}"))
        }
        What::Relaxed { queue: q, step } => (
            "relaxed",
            json!({"queue": queue(q), "step": step + 1}),
            format!("rule of queue {}: {}", queue(q), easier(*q, *step, m)),
        ),
        What::Overflowed { queue: q, why } => (
            "overflowed",
            json!({"queue": queue(q), "why": overflow(*why)}),
            format!("left queue {}: {}", queue(q), overflow(*why)),
        ),
        What::ToldPosition { position } => {
            ("told-position", json!({"position": position}), format!("was told to be number {position}"))
        }
        What::ToldWait { expected_ms } => (
            "told-wait",
            json!({"expected_ms": expected_ms}),
            format!("was told a wait of about {}", length(*expected_ms)),
        ),
        What::WaitsForLastAgent { agent: a } => {
            ("waits-for-last-agent", agent(a), format!("waits for {}, who had this caller last", user(a)))
        }
        What::ProfileLeftOut => (
            "profile-left-out",
            json!({}),
            "what is known of the caller was left out because of an objection".into(),
        ),
        What::LookUpLeftOut { look_up } => {
            let name = m.names.of("LookUp", look_up.0);
            let say = format!("look-up {name} was left out because of an objection");
            ("look-up-left-out", json!({"look_up": name}), say)
        }
        What::CallbackOffered { queue: q } => {
            ("callback-offered", json!({"queue": queue(q)}), "was offered a call back".into())
        }
        What::CallbackPromised { callback } => (
            "callback-promised",
            json!({"callback": format!("b{}", callback.0)}),
            "was promised a call back; the place in the queue is kept".into(),
        ),
        What::CallbackRefused => {
            ("callback-refused", json!({}), "cannot be called back at that number".into())
        }
        What::CallbackTried { callback, attempt } => (
            "callback-tried",
            json!({"callback": format!("b{}", callback.0), "attempt": attempt}),
            format!("call back, attempt {attempt}"),
        ),
        What::TransferAsked { by: b, to: t } => {
            let (about, name) = to(t);
            ("transfer-asked", json!({"by": by(b), "to": about}), format!("{} transferred to {name}", by(b)))
        }
        What::ConsultBegan { by: b, to: t } => {
            let (about, name) = to(t);
            ("consult-began", json!({"by": user(b), "to": about}), format!("{} asked {name}", user(b)))
        }
        What::ConsultEnded { by: b } => {
            ("consult-ended", json!({"by": user(b)}), format!("{}'s consultation ended", user(b)))
        }
        What::Joined { leg: l } => ("joined", leg(l), "a third joined".into()),
        What::Left { leg: l } => ("left", leg(l), "one left, the others talk on".into()),
        What::Supervised { by: b, watch } => (
            "supervised",
            json!({"by": user(b), "mode": word(watch)}),
            format!("{} supervises ({})", user(b), word(watch)),
        ),
        What::SupervisionEnded { by: b } => {
            ("supervision-ended", json!({"by": user(b)}), format!("{} supervises no more", user(b)))
        }
        What::TakenOver { by: b } => ("taken-over", json!({"by": user(b)}), format!("{} took over", user(b))),
        What::Given { agent: a, by: b } => (
            "given",
            json!({"agent": user(a), "by": by(b)}),
            format!("{} gave the call to {}", by(b), user(a)),
        ),
        What::Moved { queue: q, by: b } => (
            "moved",
            json!({"queue": queue(q), "by": by(b)}),
            format!("{} moved the call to queue {}", by(b), queue(q)),
        ),
        What::Disposed { agent: a, disposition } => {
            let name = m.names.of("Disposition", disposition.0);
            ("disposed", json!({"agent": user(a), "disposition": name}), format!("{} says: {name}", user(a)))
        }
        What::MessageBegan { mailbox } => {
            ("message-began", json!({"mailbox": m.mailbox(*mailbox)}), "a message began".into())
        }
        What::MessageLeft { mailbox, recording } => (
            "message-left",
            json!({"mailbox": m.mailbox(*mailbox), "recording": recording_id(*recording)}),
            format!("left a message for {}", m.mailbox(*mailbox)),
        ),
        What::PartyDialled { leg: l, .. } => ("party-dialled", leg(l), "a number outside was called".into()),
        What::PartyFailed { leg: l, end } => (
            "party-failed",
            json!({"leg": leg_id(*l), "how": word(end)}),
            format!("the number did not answer: {}", word(end)),
        ),
        What::OutsideRefused { agent: a, destination, refusal } => (
            "outside-refused",
            json!({
                "agent": a.as_ref().map(user),
                "class": destination.class.name(),
                "country": country(destination.country),
                "refusal": word(refusal),
            }),
            format!("a call to the outside was refused: {}", refused(*refusal)),
        ),
        What::Called { agent: a, to: t } => {
            let (about, name) = to(t);
            ("called", json!({"agent": user(a), "to": about}), format!("{} called {name}", user(a)))
        }
        What::TookIn { call, by: b } => (
            "took-in",
            json!({"call": call_id(*call), "by": user(b)}),
            format!("{} joined it with another call, which ended", user(b)),
        ),
        What::WentOnIn { call, by: b } => (
            "went-on-in",
            json!({"call": call_id(*call), "by": user(b)}),
            format!("{} joined it with another call, where it goes on", user(b)),
        ),
        What::CutOff { leg: l, refusal } => (
            "cut-off",
            json!({"leg": leg_id(*l), "refusal": word(refusal)}),
            format!("a call to the outside was ended: {}", refused(*refusal)),
        ),
        What::FarEndChanged { leg: l } => (
            "far-end-changed",
            json!({"leg": leg_id(*l)}),
            "the call was passed on behind a leg, which goes on with somebody else".into(),
        ),
        // Who that is stands in the store, for those who may see callers.
        What::Diverted { first } => (
            "diverted",
            json!({"party": first.0.to_string()}),
            "the call was for another number at first".into(),
        ),
        What::KeptByTeams { queue: q, in_call, do_not_disturb, .. } => {
            let both = [("in-teams-call", *in_call), ("do-not-disturb", *do_not_disturb)];
            let list =
                both.iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{n} {}", kept_word(name)));
            (
                "kept-by-teams",
                json!({"queue": queue(q), "in_call": in_call, "do_not_disturb": do_not_disturb}),
                format!(
                    "not rung although available in {}: {}",
                    queue(q),
                    list.collect::<Vec<_>>().join(", ")
                ),
            )
        }
        What::TookTooManySteps => {
            ("took-too-many-steps", json!({}), "the flow went round without waiting for anything".into())
        }
        What::ReturnedTo { queue: q, .. } => (
            "returned-to",
            json!({"queue": queue(q)}),
            format!("nobody took the transfer: back in queue {}, ahead of those who came later", queue(q)),
        ),
    };
    MomentView { at: time(t.at), what: what.into(), say, about }
}
