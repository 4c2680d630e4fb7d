//! What of a tenant's events other systems are told: events and what came of them go in, things to tell come out.
//!
//! It remembers only what it has told, so that a replay of the journal tells the same things with the same ids.

use crate::outside_io::Rules;
use crate::tenant::objects::WebhookEvent;
use crate::tenant::outside::WebhookRule;
use engine::{
    AgentId, CallId, CallbackStep, Changed, Effect, Engine, EntryId, Fact, MailboxId, Origin, Phase, Time,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry::Vacant;
use store::OutboxItem;

/// A call began: `call`, `number`, and `origin`, which is `inbound`, `outbound`, `callback` or `internal`.
pub const CALL_ARRIVED: &str = "call-arrived";
/// A caller waits in a queue: `call`, `queue`. Again for each further queue.
pub const CALL_QUEUED: &str = "call-queued";
/// An agent answered: `call`, `agent`, `queue`. Again when another agent talks.
pub const CALL_ANSWERED: &str = "call-answered";
/// A call is over: `call`, `number`, `queue`, `agent`, times and the reason.
pub const CALL_ENDED: &str = "call-ended";
/// An agent is in another state: `agent`, `state`.
pub const AGENT_STATE: &str = "agent-state";
/// A message lies in a voicemail box: `mailbox`, `call`, `recording`, `length_ms`.
pub const MESSAGE_LEFT: &str = "message-left";
/// A caller was promised to be called back: `callback`, `queue`, `promised`.
pub const CALLBACK_PROMISED: &str = "callback-promised";
/// A promise to call back is over: `callback`, `queue`, `promised`, `in_time`, and `outcome`, which is `kept`, `failed`
/// (after the last try) or `cancelled`.
pub const CALLBACK_ENDED: &str = "callback-ended";

/// A bound of a queue is crossed (`on`) or kept again: `queue`, `what` (`waiting`, `longest-wait` or `service-level`),
/// `value` and `bound` (callers, milliseconds or percent). It follows from the clock, not from an event of the journal, so
/// a replay does not tell it again.
pub const QUEUE_ALARM: &str = "queue-alarm";

/// Something concerns security: `kind`, and what is known of it, as ids and words. It follows from no event of the journal
/// alone, so a replay does not tell it again.
pub const SECURITY_ALERT: &str = "security-alert";

/// Where the audit log ends, signed: `entry`, `at_ms`, `digest`, `key`, `signature`. Once a day and at each export.
pub const AUDIT_HEAD: &str = "audit-head";

/// How the outbox knows a webhook: by the number of its object, so that what waits follows a change of the address.
pub fn webhook_receiver(number: u32) -> String {
    format!("webhook:{number}")
}

/// How the outbox knows the conversations in Teams that are told of security events.
pub const TEAMS_RECEIVER: &str = "teams:alerts";

/// What an event of a configuration is called.
fn name(event: WebhookEvent) -> &'static str {
    match event {
        WebhookEvent::CallArrived => CALL_ARRIVED,
        WebhookEvent::CallQueued => CALL_QUEUED,
        WebhookEvent::CallAnswered => CALL_ANSWERED,
        WebhookEvent::CallEnded => CALL_ENDED,
        WebhookEvent::AgentState => AGENT_STATE,
        WebhookEvent::MessageLeft => MESSAGE_LEFT,
        WebhookEvent::CallbackPromised => CALLBACK_PROMISED,
        WebhookEvent::CallbackEnded => CALLBACK_ENDED,
        WebhookEvent::QueueAlarm => QUEUE_ALARM,
        WebhookEvent::SecurityAlert => SECURITY_ALERT,
        WebhookEvent::AuditHead => AUDIT_HEAD,
    }
}

/// How the outbox knows those who get e-mail about a box.
pub fn mailbox_receiver(mailbox: MailboxId) -> String {
    format!("mailbox:{}", mailbox.0)
}

/// What was told of a call.
#[derive(Clone, Copy, Default)]
struct ToldOf {
    agent: Option<AgentId>,
    entry: Option<EntryId>,
}

/// One tenant's announcements.
pub struct Announcer {
    /// Calls that were told of, and what was told last.
    calls: BTreeMap<CallId, ToldOf>,
    agents: BTreeMap<AgentId, &'static str>,
    /// Receivers by event.
    webhooks: BTreeMap<&'static str, Vec<String>>,
    /// Who is told of messages, by box.
    boxes: BTreeMap<MailboxId, Vec<String>>,
    /// What the effects of this event brought.
    ended: Vec<(&'static str, Time, Value, Option<MailboxId>)>,
}

impl Announcer {
    /// Knows what is there already, and tells nothing of it.
    pub fn new(engine: &Engine, rules: &Rules) -> Announcer {
        let mut a = Announcer {
            calls: engine
                .calls()
                .values()
                .map(|c| (c.id, ToldOf { agent: talking(c), entry: waiting(c) }))
                .collect(),
            agents: engine.agents().values().map(|a| (a.id, a.state.name())).collect(),
            webhooks: BTreeMap::new(),
            boxes: BTreeMap::new(),
            ended: Vec::new(),
        };
        a.set_rules(rules);
        a
    }

    /// Other receivers from here on.
    pub fn set_rules(&mut self, rules: &Rules) {
        self.webhooks.clear();
        for (number, WebhookRule { events, .. }) in &rules.webhooks {
            for event in events {
                let receivers = self.webhooks.entry(name(*event)).or_default();
                let receiver = webhook_receiver(*number);
                if !receivers.contains(&receiver) {
                    receivers.push(receiver);
                }
            }
        }
        self.boxes.clear();
        for (mailbox, rule) in &rules.mailboxes {
            let mail = rule.email.is_some().then(|| mailbox_receiver(*mailbox));
            let receivers: Vec<String> = rule.webhook.map(webhook_receiver).into_iter().chain(mail).collect();
            if !receivers.is_empty() {
                self.boxes.insert(*mailbox, receivers);
            }
        }
    }

    /// Who is told of this event.
    pub fn receivers(&self, event: &str) -> Vec<String> {
        self.webhooks.get(event).cloned().unwrap_or_default()
    }

    /// What the engine asked for. To be said for each effect of an event, before [`Announcer::tell`].
    pub fn effect(&mut self, now: Time, effect: &Effect) {
        match effect {
            Effect::Keep(r) => {
                let facts = json!({
                    "call": r.id.0,
                    "number": r.number.map(|n| n.0),
                    "queue": r.queue.map(|q| q.0),
                    "agent": r.agent.map(|a| a.0),
                    "began_ms": r.began.0,
                    "answered_ms": r.answered.map(|t| t.0),
                    "ended_ms": r.ended.0,
                    "waited_ms": r.waited_ms,
                    "talked_ms": r.talked_ms,
                    "reason": crate::view::word(&r.reason),
                    "ended_by": crate::view::word(&r.ended_by),
                });
                self.calls.remove(&r.id);
                self.ended.push((CALL_ENDED, r.ended, facts, None));
            }
            Effect::MessageLeft { mailbox, call, recording, length_ms } => {
                let facts = json!({
                    "mailbox": mailbox.0, "call": call.0, "recording": recording.0, "length_ms": length_ms,
                });
                self.ended.push((MESSAGE_LEFT, now, facts, Some(*mailbox)));
            }
            Effect::Count(Fact::Callback { callback, queue, promised, at, what, in_time }) => {
                let mut facts = json!({"callback": callback.0, "queue": queue.0, "promised_ms": promised.0});
                let event = match what {
                    CallbackStep::Promised => CALLBACK_PROMISED,
                    CallbackStep::Tried => return,
                    CallbackStep::Kept | CallbackStep::Failed | CallbackStep::Cancelled => {
                        facts["outcome"] = crate::view::word(what).into();
                        facts["in_time"] = (*in_time).into();
                        CALLBACK_ENDED
                    }
                };
                self.ended.push((event, *at, facts, None));
            }
            _ => {}
        }
    }

    /// What is to be told of the event that the engine took in last. `changes` is what [`Engine::take_changes`] gave.
    pub fn tell(&mut self, engine: &Engine, changes: &[Changed]) -> Vec<OutboxItem> {
        let now = engine.now();
        let mut told: Vec<(&'static str, Time, Value, Option<MailboxId>)> = Vec::new();
        for change in changes {
            match *change {
                Changed::Call(id) => {
                    let Some(c) = engine.calls().get(&id) else { continue };
                    if let Vacant(new) = self.calls.entry(id) {
                        new.insert(ToldOf::default());
                        let origin = match c.origin {
                            Origin::Inbound => "inbound",
                            Origin::Outbound { .. } => "outbound",
                            Origin::Callback { .. } => "callback",
                            Origin::Internal { .. } => "internal",
                        };
                        let facts = json!({"call": id.0, "number": c.number.map(|n| n.0), "origin": origin});
                        told.push((CALL_ARRIVED, c.began, facts, None));
                    }
                    let Some(known) = self.calls.get_mut(&id) else { continue };
                    let queue = c.queue.map(|q| q.0);
                    if let Some(entry) = waiting(c).filter(|e| known.entry != Some(*e)) {
                        known.entry = Some(entry);
                        told.push((CALL_QUEUED, now, json!({"call": id.0, "queue": queue}), None));
                    }
                    if let Some(agent) = talking(c).filter(|a| known.agent != Some(*a)) {
                        known.agent = Some(agent);
                        let facts = json!({"call": id.0, "agent": agent.0, "queue": queue});
                        told.push((CALL_ANSWERED, now, facts, None));
                    }
                }
                Changed::Agent(id) => match engine.agents().get(&id) {
                    Some(agent) => {
                        let state = agent.state.name();
                        if self.agents.insert(id, state) != Some(state) {
                            told.push((AGENT_STATE, now, json!({"agent": id.0, "state": state}), None));
                        }
                    }
                    None => {
                        self.agents.remove(&id);
                    }
                },
                Changed::Queue(_) | Changed::Hours(_) => {}
            }
        }
        told.append(&mut self.ended);
        let position = engine.position();
        let mut items = Vec::new();
        // The number counts what nobody wants too, so that an id does not depend on who listens.
        for (n, (event, at, facts, mailbox)) in told.into_iter().enumerate() {
            let mut receivers = self.webhooks.get(event).cloned().unwrap_or_default();
            for receiver in mailbox.and_then(|m| self.boxes.get(&m)).into_iter().flatten() {
                if !receivers.contains(receiver) {
                    receivers.push(receiver.clone());
                }
            }
            if !receivers.is_empty() {
                items.push(OutboxItem {
                    id: format!("e{position}-{n}"),
                    event,
                    at,
                    receivers,
                    facts: facts.to_string(),
                });
            }
        }
        items
    }
}

fn talking(c: &engine::Call) -> Option<AgentId> {
    c.agent.filter(|_| matches!(c.phase, Phase::Talking))
}

fn waiting(c: &engine::Call) -> Option<EntryId> {
    match c.phase {
        Phase::Waiting { entry } => Some(entry),
        _ => None,
    }
}

/// The facts of a letter in the words of the API: ids in place of numbers, times in place of milliseconds.
pub fn in_words(facts: &str, meaning: &crate::tenant::Meaning) -> Value {
    let Ok(Value::Object(facts)) = serde_json::from_str(facts) else { return Value::Null };
    let mut out = Map::new();
    for (key, value) in facts {
        let number = value.as_u64();
        let small = number.and_then(|n| u32::try_from(n).ok());
        let named = match (key.as_str(), small) {
            ("queue", Some(n)) => Some(meaning.names.of("Queue", n)),
            ("agent", Some(n)) => Some(meaning.names.of("User", n)),
            ("number", Some(n)) => Some(meaning.names.of("Number", n)),
            ("trunk", Some(n)) => Some(meaning.names.of("Trunk", n)),
            ("mailbox", Some(n)) => Some(meaning.mailbox(MailboxId(n))),
            _ => match (key.as_str(), number) {
                ("call", Some(n)) => Some(format!("c{n}")),
                ("recording", Some(n)) => Some(format!("r{n}")),
                ("callback", Some(n)) => Some(format!("b{n}")),
                _ => None,
            },
        };
        match (named, key.strip_suffix("_ms"), number) {
            (Some(name), _, _) => out.insert(key, name.into()),
            (None, Some(when @ ("began" | "answered" | "ended" | "promised")), at) => {
                out.insert(when.into(), at.map(|t| crate::view::time(Time(t))).into())
            }
            _ => out.insert(key, value),
        };
    }
    out.into()
}

/// The things to tell of a stretch of the journal, once more, with the ids that they had. `now` is when that is asked, in
/// milliseconds since 1970.
///
/// # Errors
/// What the database said, or [`store::StoreError::Refused`] for too long a stretch.
pub fn again(
    store: &store::Store,
    tenant: store::TenantId,
    rules: &Rules,
    from: u64,
    to: u64,
    now: u64,
) -> Result<u64, store::StoreError> {
    let snapshot = store.snapshot_until(tenant, from.saturating_sub(1))?;
    let mut engine = snapshot.map_or_else(Engine::new, Engine::from_snapshot);
    if to.saturating_sub(engine.position()) > MOST_EVENTS {
        return Err(store::StoreError::Refused(format!(
            "that is more than {MOST_EVENTS} events to go through: ask for a later or shorter stretch"
        )));
    }
    engine.watch();
    let mut announcer = Announcer::new(&engine, rules);
    let mut items = Vec::new();
    let mut told = 0;
    let mut failed = Ok(());
    store.replay(tenant, engine.position(), |position, at, event| {
        if position > to {
            return false;
        }
        engine.handle(at, event);
        while let Some((_, effect)) = engine.poll() {
            announcer.effect(engine.now(), &effect);
        }
        let changes = engine.take_changes();
        let found = announcer.tell(&engine, &changes);
        if position >= from {
            // Nobody is sent the same e-mail again.
            items.extend(found.into_iter().filter_map(|mut item: OutboxItem| {
                item.receivers.retain(|r| r.starts_with("webhook:"));
                (!item.receivers.is_empty()).then_some(item)
            }));
        }
        if items.len() >= TOGETHER {
            told += items.len() as u64;
            failed = store.put_outbox(tenant, &std::mem::take(&mut items), now);
        }
        failed.is_ok()
    })?;
    failed?;
    store.put_outbox(tenant, &items, now)?;
    Ok(told + items.len() as u64)
}

/// The most events that one replay goes through.
const MOST_EVENTS: u64 = 1_000_000;
/// How many things to tell are written at once.
const TOGETHER: usize = 500;
