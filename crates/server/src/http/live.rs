//! The live page's WebSocket: a snapshot and then numbered changes, or only the changes after the last number seen.
//!
//! Agents get their own calls, state, notices and queues. Whoever takes nothing, sends too much, or is signed in no more
//! is sent away with a code that says so.

use crate::http::access::Scope;
use crate::http::identity::{Asker, Who, address_of, allowed_from, still};
use crate::http::own;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::live::{Change, Sight};
use crate::view;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::response::Response;
use engine::{QueueId, Time};
use serde::Deserialize;
use serde_json::json;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use store::TenantId;
use tokio::sync::broadcast::error::RecvError;

/// Where to go on.
#[derive(Debug, Deserialize)]
pub struct LiveQuery {
    /// What is no number is as if it were not there: a snapshot comes.
    after: Option<String>,
}

/// Between two pings. A watcher that answered neither of two is gone.
const PING: Duration = Duration::from_secs(20);
/// Between two looks at whether the session is still good, which also keep it from being idle.
const LOOK: Duration = Duration::from_secs(5);
/// How long a watcher may take nothing.
const SLOW: Duration = Duration::from_secs(20);
/// How long one who is sent away may take to hear why.
const FAREWELL: Duration = Duration::from_secs(1);
/// Messages that a watcher may send in each [`WINDOW`]; it has nothing to send but answers to pings.
const MESSAGES: u32 = 50;
const WINDOW: Duration = Duration::from_secs(10);
/// The largest message of a watcher, in bytes.
const MESSAGE: usize = 4_096;

/// Why a watcher is sent away: codes of RFC 6455 section 7.4.2 for the application's own use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Farewell {
    /// The session is over, or the person may do something else by now.
    SignedOut,
    /// Nobody may come from its address any more.
    Elsewhere,
    /// It takes too little.
    Slow,
    /// It sends too much.
    Flood,
}

impl Farewell {
    fn frame(self) -> CloseFrame {
        let (code, reason) = match self {
            Farewell::SignedOut => (4_401, "signed out: sign in again"),
            Farewell::Elsewhere => (4_403, "not from this address: the tenant allows certain networks only"),
            Farewell::Slow => (4_408, "too slow: come again with after="),
            Farewell::Flood => (4_429, "too many messages"),
        };
        CloseFrame { code, reason: reason.into() }
    }
}

/// `GET /live`
pub async fn watch(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<LiveQuery>,
    head: Parts,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let after = query.after.and_then(|n| n.parse().ok());
    let address = address_of(&api, &head.headers, &head.extensions);
    let watcher = Watcher { api, asker, address, after };
    Ok(upgrade.max_message_size(MESSAGE).on_upgrade(move |mut socket| async move {
        if let Some(farewell) = watcher.run(&mut socket).await {
            let last = Message::Close(Some(farewell.frame()));
            let _ = tokio::time::timeout(FAREWELL, socket.send(last)).await;
        }
    }))
}

struct Watcher {
    api: Api,
    asker: Asker,
    /// Where it comes from.
    address: IpAddr,
    /// Number of the last change that was sent.
    after: Option<u64>,
}

/// Sends, unless the watcher takes nothing.
async fn send(socket: &mut WebSocket, message: Message) -> Result<(), Option<Farewell>> {
    match tokio::time::timeout(SLOW, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(None),
        Err(_) => Err(Some(Farewell::Slow)),
    }
}

impl Watcher {
    /// Until the watcher goes, or is to be sent away.
    async fn run(mut self, socket: &mut WebSocket) -> Option<Farewell> {
        self.watch(socket).await.err().flatten()
    }

    async fn watch(&mut self, socket: &mut WebSocket) -> Result<(), Option<Farewell>> {
        let (mut ping, mut look) = (tokio::time::interval(PING), tokio::time::interval(LOOK));
        let mut heard = Instant::now();
        let mut sent = Sent::default();
        let mut fell_behind: Option<Instant> = None;
        loop {
            let (tenant, scope, after) = (self.asker.0.tenant, self.asker.0.scope, self.after);
            let begun =
                self.api.handle.ask(move |switch, now| begin(switch, tenant, scope, after, now.wall)).await;
            let Some(Some((texts, mut changes, mut sight))) = begun else { return Ok(()) };
            for text in texts {
                send(socket, Message::text(text)).await?;
            }
            loop {
                tokio::select! {
                    change = changes.recv() => match change {
                        Ok(change) => {
                            self.after = Some(change.number);
                            if sight.sees(&change) {
                                send(socket, Message::text(&*change.text)).await?;
                            }
                        }
                        // From its last number on, or with a new snapshot; but not again and again.
                        Err(RecvError::Lagged(_)) => {
                            if fell_behind.is_some_and(|at| at.elapsed() < SLOW) {
                                return Err(Some(Farewell::Slow));
                            }
                            fell_behind = Some(Instant::now());
                            break;
                        }
                        Err(RecvError::Closed) => return Ok(()),
                    },
                    message = socket.recv() => match message {
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                        // A pong too.
                        Some(Ok(_)) => {
                            heard = Instant::now();
                            if sent.is_too_much(heard) {
                                return Err(Some(Farewell::Flood));
                            }
                        }
                    },
                    _ = ping.tick() => {
                        if heard.elapsed() > 2 * PING {
                            return Ok(());
                        }
                        send(socket, Message::Ping(Bytes::new())).await?;
                    },
                    _ = look.tick() => self.still_signed_in().await?,
                }
            }
        }
    }

    /// A session may end meanwhile, a person may lose a role, and the tenant may allow other networks only. Tokens stay as
    /// they are.
    async fn still_signed_in(&self) -> Result<(), Option<Farewell>> {
        match allowed_from(&self.api, self.asker.0.tenant, self.address).await {
            Err(problem) if problem.status == 403 => return Err(Some(Farewell::Elsewhere)),
            _ => {}
        }
        let Who::Person(person) = &self.asker.0.who else { return Ok(()) };
        match still(&self.api, person).await {
            Ok(now) if now.rule.roles == person.rule.roles => Ok(()),
            Ok(_) => Err(Some(Farewell::SignedOut)),
            Err(problem) if problem.status == 401 => Err(Some(Farewell::SignedOut)),
            // The database or the switch does not answer: that is not the watcher's fault.
            Err(_) => Ok(()),
        }
    }
}

/// How much a watcher has sent lately.
#[derive(Default)]
struct Sent {
    since: Option<Instant>,
    count: u32,
}

impl Sent {
    fn is_too_much(&mut self, now: Instant) -> bool {
        if self.since.is_none_or(|at| now.duration_since(at) > WINDOW) {
            *self = Sent { since: Some(now), count: 0 };
        }
        self.count += 1;
        self.count > MESSAGES
    }
}

type Begun = (Vec<String>, tokio::sync::broadcast::Receiver<Change>, Sight);

fn begin(
    switch: &mut crate::adapt::Switch,
    tenant: TenantId,
    scope: Scope,
    after: Option<u64>,
    now: Time,
) -> Option<Begun> {
    let (missed, changes) = switch.live(tenant)?.subscribe(after);
    let t = switch.tenant(tenant)?;
    let (e, m) = (&t.engine, &t.meaning);
    let mut sight = match scope {
        Scope::All => Sight::All,
        Scope::Own(agent) => Sight::Own(agent, own::queues(e, agent).into()),
    };
    if let Some(missed) = missed {
        let seen = missed.iter().filter(|c| sight.sees(c)).map(|c| c.text.to_string()).collect();
        return Some((seen, changes, sight));
    }
    let (agent, queues) = match &sight {
        Sight::All => (None, None),
        Sight::Own(agent, queues) => (Some(*agent), Some(queues.clone())),
    };
    let calls = e.calls().values().filter(|c| agent.is_none_or(|a| own::takes_part(e, c, a)));
    let calls: Vec<_> = calls.map(|c| view::live_call(c, e, m)).collect();
    let agents = e.agents().values().filter(|a| agent.is_none_or(|own| own == a.id));
    let agents: Vec<_> = agents.map(|a| view::agent(a, e, m, t.presences.view(a.id.0, now))).collect();
    let seen = |queue: &QueueId| queues.as_ref().is_none_or(|own| own.contains(queue));
    let alarms: Vec<_> = t.alarms.on().filter(|a| seen(&a.queue)).map(|a| view::alarm(a, m)).collect();
    let queues: Vec<_> =
        e.queues().iter().filter(|(id, _)| seen(id)).map(|(id, q)| view::queue(*id, q, e, m)).collect();
    let snapshot = json!({"number": t.live.number(),
        "snapshot": {"calls": calls, "agents": agents, "queues": queues, "alarms": alarms}});
    Some((vec![snapshot.to_string()], changes, sight))
}
