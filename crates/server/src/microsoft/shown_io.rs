//! The thread that shows in Teams who talks through us (the feature `presence-write`).
//!
//! What is shown ends by itself after minutes and is renewed while the talk lasts. Who talked when the process before ended
//! is shown no more at the start of this one, and at an orderly end nobody is.

use crate::microsoft::background::{Background, NotDone, now, wait};
use crate::running::Handle;
use engine::AgentState;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use store::TenantId;
use teams::graph::{GraphError, Pace, Shown, ShownKeeper};
use teams::permissions::{Feature, Operation, Row};

/// How often it is looked who talks.
const LOOK: Duration = Duration::from_secs(1);
/// Requests that one look may make in one tenant: the others come with the next.
const AT_ONCE: usize = 100;
/// How long an orderly end may wait for nobody being shown.
const LAST: Duration = Duration::from_secs(5);
/// Requests for presence that Graph takes of an app in one tenant within 30 seconds; reading takes the rest.
const BUDGET: u32 = 1_000;

/// Shows who talks until it is dropped.
pub struct TalkShower {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TalkShower {
    /// Begins.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn start(handle: Handle, background: Arc<Background>) -> std::io::Result<TalkShower> {
        let (stop, stopped) = channel::<()>();
        let run = move || {
            let mut job = Job { handle, background, stopped, tenants: BTreeMap::new() };
            while job.look().is_ok() && wait(&job.stopped, LOOK).is_ok() {}
            job.end();
        };
        let thread = std::thread::Builder::new().name("shown".into()).spawn(run)?;
        Ok(TalkShower { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for TalkShower {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One tenant.
struct One {
    directory: String,
    row: &'static Row,
    keeper: ShownKeeper,
    pace: Pace,
    /// Those who talk, by the object's id.
    talking: BTreeSet<String>,
}

/// A tenant as the switch knows it.
struct Found {
    tenant: TenantId,
    directory: String,
    row: &'static Row,
    talking: BTreeSet<String>,
    before: Vec<String>,
}

struct Job {
    handle: Handle,
    background: Arc<Background>,
    stopped: Receiver<()>,
    tenants: BTreeMap<TenantId, One>,
}

impl Job {
    fn look(&mut self) -> Result<(), NotDone> {
        let found = self.handle.ask_and_wait(|switch, _| {
            let mut all = Vec::new();
            for tenant in switch.tenants().iter().map(|t| t.id).collect::<Vec<_>>() {
                let before = switch.take_talked_before(tenant);
                let Some(t) = switch.tenant(tenant) else { continue };
                let row = t.meaning.features.row_for(Feature::PresenceWrite, Operation::SetPresence);
                let (Some(row), Some(directory)) = (row, t.meaning.microsoft.clone()) else { continue };
                let (mut talking, mut ended) = (BTreeSet::new(), Vec::new());
                for (object, user) in &t.meaning.work_accounts {
                    let agent = engine::AgentId(*user);
                    let state = t.engine.agents().get(&agent).map(|a| a.state);
                    if matches!(state, Some(AgentState::Talking { .. })) {
                        talking.insert(object.clone());
                    } else if before.contains(&agent) {
                        ended.push(object.clone());
                    }
                }
                all.push(Found { tenant, directory, row, talking, before: ended });
            }
            all
        });
        let found = found.ok_or(NotDone::Stopping)?;
        for one in found.iter() {
            let fresh = || One {
                directory: one.directory.clone(),
                row: one.row,
                keeper: ShownKeeper::default(),
                pace: Pace::new(now(), BUDGET, Duration::from_secs(30)),
                talking: BTreeSet::new(),
            };
            let known = self.tenants.entry(one.tenant).or_insert_with(fresh);
            if known.directory != one.directory {
                *known = fresh();
            }
            for user in &one.before {
                known.keeper.clear(now(), user);
            }
            for user in one.talking.difference(&known.talking) {
                known.keeper.talks(now(), user, Shown::InACall);
                tell(&self.handle, one.tenant, user, true);
            }
            for user in known.talking.difference(&one.talking) {
                known.keeper.clear(now(), user);
            }
            known.talking = one.talking.clone();
        }
        // Switched off: whoever is shown is shown no more.
        for (tenant, one) in &mut self.tenants {
            if found.iter().all(|f| f.tenant != *tenant) && !one.talking.is_empty() {
                one.keeper.clear_all(now());
                one.talking.clear();
            }
        }
        self.send(AT_ONCE)
    }

    /// Sends what is due.
    fn send(&mut self, most: usize) -> Result<(), NotDone> {
        let application = self.background.client_id().to_string();
        for (tenant, one) in &mut self.tenants {
            let _behalf = crate::attest::contacted::on_behalf_of(*tenant);
            for _ in 0..most {
                if one.pace.take(now()).is_err() {
                    break;
                }
                let Some((user, call)) = one.keeper.poll(now(), self.background.graph(), &application) else {
                    break;
                };
                let cleared = call.operation == Operation::ClearPresence;
                let tried = |worked| {
                    let allowed = self.background.allowed(&one.directory);
                    self.handle.stops.tried(*tenant, one.row, worked, allowed);
                };
                let worked = match self.background.ask_once(&one.directory, &call) {
                    Ok(_) => {
                        tried(true);
                        true
                    }
                    // Nothing is shown of somebody who is not shown.
                    Err(NotDone::Graph(GraphError::NotFound)) => cleared,
                    Err(NotDone::Stopping) => return Err(NotDone::Stopping),
                    Err(why) => {
                        if let NotDone::Graph(GraphError::Denied { .. }) = why {
                            tried(false);
                        }
                        tracing::warn!(event = "talk_not_shown", tenant = tenant.0, why = %why, "Teams does not show who talks");
                        if let NotDone::Graph(GraphError::Throttled { until }) = why {
                            one.pace.stop(until);
                        }
                        false
                    }
                };
                one.keeper.done(now(), &user, worked);
                if cleared && worked {
                    tell(&self.handle, *tenant, &user, false);
                }
            }
        }
        Ok(())
    }

    /// The program ends: nobody is shown by it any more, as far as there is time.
    fn end(&mut self) {
        let until = Instant::now() + LAST;
        for one in self.tenants.values_mut() {
            one.keeper.clear_all(now());
        }
        while Instant::now() < until && self.tenants.values().any(|one| one.keeper.people().next().is_some())
        {
            let due = self.tenants.values().filter_map(|one| one.keeper.deadline()).min();
            if due.is_none_or(|due| due > now()) || self.send(1).is_err() {
                return;
            }
        }
    }
}

/// The switch knows who is shown by us: what Teams says of them then is our own word.
fn tell(handle: &Handle, tenant: TenantId, user: &str, shown: bool) {
    let user = user.to_string();
    // Without a switch nobody has to know.
    let _ = handle.ask_and_wait(move |switch, now| switch.on_shown(now, tenant, &user, shown));
}
