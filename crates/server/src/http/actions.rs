//! What can be done about a call. Each is in the audit log.

use crate::adapt::{Now, Switch};
use crate::http::access::Scope;
use crate::http::calls::read_id;
use crate::http::identity::Asker;
use crate::http::own;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::tenant::toll::{self, NotCalled};
use crate::tenant::{Meaning, objects::Span};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use engine::{
    AgentId, AgentState, Ask, CallId, CallbackId, DispositionId, Event, HoursId, QueueId, SecureId, To,
    Wanted, Watch, What,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::TenantId;

/// Something to do about a call.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct NewAction {
    /// Id of the agent or supervisor who does it, where it matters who: everything but `pause-recording`,
    /// `resume-recording`, `secure`, `stop-secure` and `move`. Agents leave it out: it is always themselves.
    #[serde(default)]
    pub by: Option<String>,
    /// Id of the page's registration as that person's phone, when a supervisor asks in that page: it is not rung but answers.
    #[serde(default)]
    pub softphone: Option<String>,
    /// What.
    #[serde(flatten)]
    pub action: Action,
}

/// What can be done.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// The agent leaves, the caller goes there.
    Transfer {
        /// Where.
        to: Place,
    },
    /// The agent asks there while the caller holds.
    Consult {
        /// Where.
        to: Place,
    },
    /// The consultation ends: caller and the one asked talk.
    Complete,
    /// The consultation ends: all three talk.
    Join,
    /// The consultation ends: agent and caller talk.
    Abort,
    /// Secret digits are taken from the caller.
    Secure {
        /// Id of the secure entry.
        entry: String,
    },
    /// Secret digits are not taken after all.
    StopSecure,
    /// How the call ended, for the agent.
    Dispose {
        /// Id of the disposition.
        disposition: String,
    },
    /// The recording pauses.
    PauseRecording,
    /// The recording goes on.
    ResumeRecording,
    /// Whoever does it hears the call; again with another mode changes it.
    Supervise {
        /// How.
        mode: Mode,
    },
    /// Supervising ends.
    StopSupervising,
    /// Whoever does it takes the agent's place.
    TakeOver,
    /// A waiting call is offered to this agent next.
    Give {
        /// Id of the agent.
        agent: String,
    },
    /// A waiting call goes to another queue; the time waited counts.
    Move {
        /// Id of the queue.
        queue: String,
    },
}

/// How to supervise.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Heard by nobody.
    Listen,
    /// Heard by the agent only.
    Whisper,
    /// Heard by everybody.
    Barge,
}

/// Where a call can go: exactly one of these.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Id of an agent.
    Agent(String),
    /// Id of a queue.
    Queue(String),
    /// A number that may be called.
    Number(String),
}

/// The emergency switch of opening hours.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// Whether they are closed, whatever the clock says.
    pub closed: bool,
}

/// A longer wrap-up.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoreWrapUp {
    /// How much longer: `30s`. The queue's `more_wrap_up` bounds it.
    pub more: Span,
}

/// A promise to call back.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CallbackView {
    /// Its id.
    pub id: String,
    /// Id of the queue.
    pub queue: String,
    /// When it was promised.
    pub promised: String,
    /// Until when.
    pub by: String,
    /// How often it was tried.
    pub tries: u8,
    /// `waiting`, `paused` or `trying`.
    pub state: String,
}

fn missing(kind: &str, id: &str) -> Problem {
    Problem::not_found(&format!("{kind} {id:?}"))
}

pub(super) fn number(m: &Meaning, kind: &'static str, id: &str) -> Result<u32, Problem> {
    m.names.number(kind, id).ok_or_else(|| missing(&kind.to_lowercase(), id))
}

impl Switch {
    // A number outside, as a party that can be called.
    fn place(&mut self, now: Now, tenant: TenantId, place: &Place) -> Result<To, Problem> {
        let t = self.tenant(tenant).ok_or_else(|| Problem::not_found("such tenant in this server"))?;
        Ok(match place {
            Place::Agent(id) => To::Agent(AgentId(number(&t.meaning, "User", id)?)),
            Place::Queue(id) => To::Queue(QueueId(number(&t.meaning, "Queue", id)?)),
            Place::Number(to) => To::Party(self.party(now, tenant, to).map_err(refused)?),
        })
    }
}

pub(super) fn refused(why: NotCalled) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("this number may not be called: {why}"))
        .because(why.why_not())
}

fn ask_of(switch: &mut Switch, now: Now, tenant: TenantId, action: &Action) -> Result<Ask, Problem> {
    let gone = || Problem::not_found("such tenant in this server");
    let names =
        |switch: &Switch, kind, id: &str| number(&switch.tenant(tenant).ok_or_else(gone)?.meaning, kind, id);
    Ok(match action {
        Action::Transfer { to } => Ask::Transfer(switch.place(now, tenant, to)?),
        Action::Consult { to } => Ask::Consult(switch.place(now, tenant, to)?),
        Action::Complete => Ask::Complete,
        Action::Join => Ask::Join,
        Action::Abort => Ask::Abort,
        Action::Secure { entry } => Ask::Secure(SecureId(names(switch, "SecureEntry", entry)?)),
        Action::StopSecure => Ask::StopSecure,
        Action::Dispose { disposition } => {
            Ask::Dispose(DispositionId(names(switch, "Disposition", disposition)?))
        }
        Action::PauseRecording => Ask::PauseRecording,
        Action::ResumeRecording => Ask::ResumeRecording,
        Action::Supervise { mode } => Ask::Supervise(match mode {
            Mode::Listen => Watch::Listen,
            Mode::Whisper => Watch::Whisper,
            Mode::Barge => Watch::Barge,
        }),
        Action::StopSupervising => Ask::StopSupervising,
        Action::TakeOver => Ask::TakeOver,
        Action::Give { agent } => Ask::Give(AgentId(names(switch, "User", agent)?)),
        Action::Move { queue } => Ask::Move(QueueId(names(switch, "Queue", queue)?)),
    })
}

// How an action is called in the audit log.
fn word(action: &Action) -> &'static str {
    match action {
        Action::Transfer { .. } => "call.transfer",
        Action::Consult { .. } => "call.consult",
        Action::Complete => "call.complete",
        Action::Join => "call.join",
        Action::Abort => "call.abort",
        Action::Secure { .. } => "call.secure",
        Action::StopSecure => "call.stop-secure",
        Action::Dispose { .. } => "call.dispose",
        Action::PauseRecording => "call.pause-recording",
        Action::ResumeRecording => "call.resume-recording",
        Action::Supervise { mode: Mode::Listen } => "call.listen",
        Action::Supervise { mode: Mode::Whisper } => "call.whisper",
        Action::Supervise { mode: Mode::Barge } => "call.barge",
        Action::StopSupervising => "call.stop-supervising",
        Action::TakeOver => "call.take-over",
        Action::Give { .. } => "call.give",
        Action::Move { .. } => "call.move",
    }
}

/// Whether agents do it themselves: what supervisors do to the calls of others they do not.
fn is_for_agents(action: &Action) -> bool {
    !matches!(
        action,
        Action::Supervise { .. }
            | Action::StopSupervising
            | Action::TakeOver
            | Action::Give { .. }
            | Action::Move { .. }
    )
}

/// The longest object that the audit log takes from an address: a kind and an id.
const LONGEST_OBJECT: usize = 200;

pub(super) async fn audited(
    api: &Api,
    asker: &Asker,
    action: &'static str,
    object: String,
) -> Result<(), Problem> {
    // What an address names is written down for good, so a text that is no name is not.
    if object.len() > LONGEST_OBJECT {
        return Err(Problem::not_found("object of this name"));
    }
    let (store, tenant, who) = (api.handle.store.clone(), asker.0.tenant, asker.name());
    tokio::task::spawn_blocking(move || store.audit(tenant, crate::clock::wall_ms(), &who, action, &object))
        .await
        .map_err(|_| Problem::stopping())??;
    Ok(())
}

pub(super) fn position(switch: &Switch, tenant: TenantId) -> u64 {
    switch.tenant(tenant).map_or(0, |t| t.engine.position())
}

// What the policy for calls to the outside says to what was just asked for; `before` is the journal's position before it.
pub(super) fn refused_outside(switch: &Switch, tenant: TenantId, before: u64) -> Result<(), Problem> {
    let last = switch.tenant(tenant).and_then(|t| t.engine.last_refusal());
    match last.filter(|(position, _)| *position > before) {
        Some((_, refusal)) => Err(Problem::new(
            StatusCode::FORBIDDEN,
            format!("refused ({}): {}", crate::view::word(&refusal), crate::view::refused(refusal)),
        )
        .because(toll::why_not(refusal))),
        None => Ok(()),
    }
}

// Tells the engine, and whether it changed anything: what is not possible now leaves everything as it was.
fn told(
    switch: &mut Switch,
    now: Now,
    tenant: TenantId,
    call: CallId,
    by: Option<AgentId>,
    ask: Ask,
) -> bool {
    let look = |switch: &Switch| {
        let t = switch.tenant(tenant)?;
        let now = t.engine.calls().get(&call).cloned();
        // What only lets a phone go shows in its leg.
        let open = now.iter().flat_map(|c| c.open_legs());
        let legs: Vec<Box<engine::Leg>> = open.filter_map(|l| t.engine.legs().get(l).cloned()).collect();
        let said = by.and_then(|a| t.engine.agents().get(&a)?.work).map(|w| w.disposition);
        Some((now, legs, said))
    };
    let before = look(switch);
    switch.on_event(now, tenant, Event::CallAsked { call, by, ask });
    let after = look(switch);
    // Asked for somebody who is not free: that is noted, and nothing else happened.
    let moments = after.as_ref().and_then(|(call, _, _)| Some(&call.as_ref()?.timeline));
    let refused = moments.and_then(|m| m.last()).is_some_and(|m| matches!(m.what, What::NotAvailable { .. }));
    before != after && !refused
}

// Whether a disposition is for the queue from which the agent took the call.
fn fits_queue(
    switch: &Switch,
    tenant: TenantId,
    call: CallId,
    by: AgentId,
    disposition: DispositionId,
) -> Result<(), Problem> {
    let Some(t) = switch.tenant(tenant) else { return Ok(()) };
    let work = t.engine.agents().get(&by).and_then(|a| a.work).filter(|w| w.call == call);
    let (Some(work), Some(rule)) = (work, t.meaning.dispositions.get(&disposition)) else { return Ok(()) };
    let Some(queues) = &rule.queues else { return Ok(()) };
    if work.queue.is_some_and(|q| queues.contains(&q)) {
        return Ok(());
    }
    let name = |q: QueueId| t.meaning.names.of("Queue", q.0);
    let meant = queues.iter().map(|q| name(*q)).collect::<Vec<_>>().join(", ");
    let taken = work.queue.map_or("no queue".into(), |q| format!("the queue {}", name(q)));
    Err(Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        format!("the disposition {} is for calls of {meant}; this one came from {taken}", rule.id),
    ))
}

/// Whether an agent takes part in a call, or still has work with it.
async fn is_theirs(api: &Api, asker: &Asker, call: CallId, agent: AgentId) -> Result<bool, Problem> {
    let tenant = asker.0.tenant;
    let found = api.handle.ask(move |switch, _| {
        let t = switch.tenant(tenant)?;
        let busy = t.engine.agents().get(&agent).is_some_and(|a| a.state == AgentState::WrapUp { call });
        Some(busy || t.engine.calls().get(&call).is_some_and(|c| own::takes_part(&t.engine, c, agent)))
    });
    Ok(found.await.ok_or_else(Problem::stopping)?.unwrap_or_default())
}

/// `POST /calls/{id}/actions`
pub async fn act(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Json(new): Json<NewAction>,
) -> Result<StatusCode, Problem> {
    let tenant = asker.0.tenant;
    let call = CallId(read_id(&id, 'c').ok_or_else(|| missing("call", &id))?);
    let (object, action) = (format!("Call/{id}"), word(&new.action));
    let scope = asker.0.scope;
    let by = match (&new.by, scope) {
        (Some(named), _) => Some(asker.agent_id(named)?),
        (None, Scope::Own(_)) => Some(asker.agent_id("me")?),
        (None, Scope::All) => None,
    };
    if scope != Scope::All && !is_for_agents(&new.action) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "this needs the role supervisor or owner"));
    }
    if let Scope::Own(agent) = scope {
        is_theirs(&api, &asker, call, agent).await?.then_some(()).ok_or_else(|| missing("open call", &id))?;
    }
    // Who hears or steers a call stands in the log before it happens.
    audited(&api, &asker, action, object).await?;
    api.handle
        .ask(move |switch, now| {
            let t = switch.tenant(tenant).ok_or_else(|| Problem::not_found("such tenant in this server"))?;
            let by = match &by {
                Some(by) => Some(AgentId(number(&t.meaning, "User", by)?)),
                None => None,
            };
            let open = t.engine.calls().contains_key(&call) || matches!(new.action, Action::Dispose { .. });
            if !open {
                return Err(missing("open call", &id));
            }
            let ask = ask_of(switch, now, tenant, &new.action)?;
            if let (Ask::Dispose(disposition), Some(by)) = (&ask, by) {
                fits_queue(switch, tenant, call, by, *disposition)?;
            }
            let before = position(switch, tenant);
            let told = told(switch, now, tenant, call, by, ask);
            refused_outside(switch, tenant, before)?;
            let rings = matches!(new.action, Action::Supervise { .. } | Action::TakeOver);
            if let (true, true, Some(by), Some(page)) = (told, rings, by, &new.softphone) {
                switch.asked_in_browser(tenant, by, page, call);
            }
            match told {
                true => Ok(StatusCode::NO_CONTENT),
                false => Err(Problem::new(
                    StatusCode::CONFLICT,
                    "this is not possible now: look at the call and its agent, and at `by`",
                )),
            }
        })
        .await
        .ok_or_else(Problem::stopping)?
}

/// `POST /agents/{id}/wrap-up`
pub async fn more_wrap_up(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Json(new): Json<MoreWrapUp>,
) -> Result<StatusCode, Problem> {
    let tenant = asker.0.tenant;
    let id = asker.agent_id(&id)?;
    let found = api.handle.ask(move |switch, now| {
        let agent = AgentId(number(&switch.tenant(tenant)?.meaning, "User", &id).ok()?);
        let ms = u32::try_from(new.more.0).unwrap_or(u32::MAX);
        switch.on_event(now, tenant, Event::AgentWants { agent, wanted: Wanted::MoreWrapUp(ms) });
        Some(())
    });
    found.await.ok_or_else(Problem::stopping)?.ok_or_else(|| Problem::not_found("such agent"))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn closure_of(
    api: &Api,
    asker: &Asker,
    id: String,
    set: Option<bool>,
) -> Result<Json<Closure>, Problem> {
    let tenant = asker.0.tenant;
    api.handle
        .ask(move |switch, now| {
            let t = switch.tenant(tenant).ok_or_else(|| Problem::not_found("such tenant in this server"))?;
            let hours = HoursId(number(&t.meaning, "Hours", &id)?);
            if let Some(closed) = set {
                switch.on_event(now, tenant, Event::ClosureSet { hours, closed });
            }
            let closed = switch.tenant(tenant).is_some_and(|t| t.engine.closed().contains(&hours));
            Ok(Json(Closure { closed }))
        })
        .await
        .ok_or_else(Problem::stopping)?
}

/// `GET /hours/{id}/closure`
pub async fn closure(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<Json<Closure>, Problem> {
    closure_of(&api, &asker, id, None).await
}

/// `PUT /hours/{id}/closure`
pub async fn set_closure(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Json(new): Json<Closure>,
) -> Result<Json<Closure>, Problem> {
    let action = if new.closed { "hours.close" } else { "hours.reopen" };
    audited(&api, &asker, action, format!("Hours/{id}")).await?;
    closure_of(&api, &asker, id, Some(new.closed)).await
}

/// `GET /callbacks`
pub async fn callbacks(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<Vec<CallbackView>>, Problem> {
    let (tenant, scope) = (asker.0.tenant, asker.0.scope);
    let list = api.handle.ask(move |switch, _| {
        let t = switch.tenant(tenant)?;
        let queues = match scope {
            Scope::All => None,
            Scope::Own(agent) => Some(own::queues(&t.engine, agent)),
        };
        let view = |k: &engine::Callback| CallbackView {
            id: format!("b{}", k.id.0),
            queue: t.meaning.names.of("Queue", k.queue.0),
            promised: crate::view::time(k.promised),
            by: crate::view::time(k.by),
            tries: k.tries,
            state: match k.state {
                engine::CallbackState::Waiting(_) => "waiting",
                engine::CallbackState::Paused => "paused",
                engine::CallbackState::Trying(_) => "trying",
            }
            .into(),
        };
        let shown = |k: &&engine::Callback| queues.as_ref().is_none_or(|q| q.contains(&k.queue));
        Some(t.engine.callbacks().values().filter(shown).map(view).collect())
    });
    list.await
        .ok_or_else(Problem::stopping)?
        .map(Json)
        .ok_or_else(|| Problem::not_found("such tenant in this server"))
}

/// `DELETE /callbacks/{id}`
pub async fn cancel_callback(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let tenant = asker.0.tenant;
    let callback = CallbackId(read_id(&id, 'b').ok_or_else(|| missing("callback", &id))?);
    audited(&api, &asker, "callback.cancel", format!("Callback/{id}")).await?;
    let found = api
        .handle
        .ask(move |switch, now| {
            let there = switch.tenant(tenant).is_some_and(|t| t.engine.callbacks().contains_key(&callback));
            if there {
                switch.on_event(now, tenant, Event::CallbackCancelled { callback });
            }
            there
        })
        .await
        .ok_or_else(Problem::stopping)?;
    if found { Ok(StatusCode::NO_CONTENT) } else { Err(missing("callback", &id)) }
}
