//! The thread that asks Graph for the presence of users who have a work account.
//!
//! Everybody of a tenant is asked for in requests of 650, within Graph's budget. What was not read for a while is forgotten,
//! so that a Graph that cannot be asked keeps nobody from being rung.

use crate::microsoft::background::{Background, NotDone, now, wait};
use crate::running::Handle;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;
use store::TenantId;
use teams::graph::{GraphError, MOST_PRESENCES, Pace, presences, read_presences};
use teams::permissions::{Feature, Operation, Row, stopped_sentence};

/// Requests for presence that Graph takes of an app in one tenant within [`BUDGET_TIME`].
const BUDGET: u32 = 1_500;
/// See [`BUDGET`].
const BUDGET_TIME: Duration = Duration::from_secs(30);
/// What was read longer ago is not known any more, unless it is asked for more rarely than that.
const STALE: Duration = Duration::from_secs(120);

/// How the presence of a tenant's people stands.
#[derive(Clone, Debug, Default)]
pub struct PresenceStatus {
    /// When it was last read, in milliseconds since 1970.
    pub at: Option<u64>,
    /// Why it cannot be read, in a sentence that says what to do.
    pub trouble: Option<String>,
}

/// How the presence stands in all tenants.
#[derive(Default)]
pub struct PresenceBoard(RwLock<BTreeMap<TenantId, PresenceStatus>>);

impl PresenceBoard {
    /// How it stands in a tenant; nothing where it is not read.
    pub fn status(&self, tenant: TenantId) -> Option<PresenceStatus> {
        self.0.read().unwrap_or_else(|e| e.into_inner()).get(&tenant).cloned()
    }

    fn note(&self, tenant: TenantId, what: impl FnOnce(&mut PresenceStatus)) {
        what(self.0.write().unwrap_or_else(|e| e.into_inner()).entry(tenant).or_default());
    }

    fn keep_only(&self, tenants: &[TenantId]) {
        self.0.write().unwrap_or_else(|e| e.into_inner()).retain(|tenant, _| tenants.contains(tenant));
    }
}

/// Asks for presence until it is dropped.
pub struct PresenceWatch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl PresenceWatch {
    /// Begins, and asks again each time that `every` is over.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn start(
        handle: Handle,
        background: Arc<Background>,
        every: Duration,
    ) -> std::io::Result<PresenceWatch> {
        let (stop, stopped) = channel::<()>();
        let run = move || {
            let mut job = Job { handle, background, stopped, every, paces: BTreeMap::new() };
            while job.round().is_ok() && wait(&job.stopped, every).is_ok() {}
        };
        let thread = std::thread::Builder::new().name("presence".into()).spawn(run)?;
        Ok(PresenceWatch { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for PresenceWatch {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A tenant whose people's presence is read.
struct Watched {
    tenant: TenantId,
    directory: String,
    row: &'static Row,
    people: Vec<String>,
}

struct Job {
    handle: Handle,
    background: Arc<Background>,
    stopped: Receiver<()>,
    every: Duration,
    /// What may still be asked, by directory.
    paces: BTreeMap<String, Pace>,
}

impl Job {
    fn round(&mut self) -> Result<(), NotDone> {
        let found = self.handle.ask_and_wait(|switch, _| {
            let watched = switch.tenants().iter().filter_map(|t| {
                let row = t.meaning.features.row_for(Feature::PresenceRead, Operation::Presences)?;
                let directory = t.meaning.microsoft.clone()?;
                let people = t.meaning.work_accounts.keys().cloned().collect();
                Some(Watched { tenant: t.id, directory, row, people })
            });
            (watched.collect::<Vec<_>>(), switch.tenants().iter().map(|t| t.id).collect::<Vec<_>>())
        });
        let (watched, all) = found.ok_or(NotDone::Stopping)?;
        let tenants: Vec<TenantId> = watched.iter().map(|w| w.tenant).collect();
        self.handle.presences.keep_only(&tenants);
        self.paces.retain(|directory, _| watched.iter().any(|w| w.directory == *directory));
        for tenant in all.into_iter().filter(|t| !tenants.contains(t)) {
            self.forget(tenant, Duration::ZERO)?;
        }
        for one in watched {
            match self.read(&one) {
                Ok(()) => {
                    // Without anybody to ask about nothing was tried.
                    if !one.people.is_empty() {
                        self.tried(&one, true);
                    }
                    self.handle.presences.note(one.tenant, |status| {
                        *status = PresenceStatus { at: Some(now().0), trouble: None };
                    });
                }
                Err(NotDone::Stopping) => return Err(NotDone::Stopping),
                Err(why) => {
                    let why = match why {
                        NotDone::Graph(GraphError::Denied { .. }) => {
                            self.tried(&one, false);
                            stopped_sentence(one.row)
                        }
                        other => other.to_string(),
                    };
                    tracing::warn!(event = "presence_not_read", tenant = one.tenant.0, why = %why, "nobody is kept from being rung by what Teams says");
                    self.handle.presences.note(one.tenant, |status| status.trouble = Some(why));
                }
            }
            self.forget(one.tenant, STALE.max(self.every * 3))?;
        }
        Ok(())
    }

    fn tried(&self, one: &Watched, worked: bool) {
        let allowed = self.background.allowed(&one.directory);
        self.handle.stops.tried(one.tenant, one.row, worked, allowed);
    }

    fn read(&mut self, one: &Watched) -> Result<(), NotDone> {
        let _behalf = crate::attest::contacted::on_behalf_of(one.tenant);
        for ids in one.people.chunks(MOST_PRESENCES) {
            let pace = self.paces.entry(one.directory.clone());
            let pace = pace.or_insert_with(|| Pace::new(now(), BUDGET, BUDGET_TIME));
            while let Err(until) = pace.take(now()) {
                wait(&self.stopped, until.since(now()))?;
            }
            let call = presences(self.background.graph(), ids)
                .ok_or_else(|| NotDone::Here("an object id of a user cannot be one".into()))?;
            let reply = self.background.ask(&one.directory, &call, &self.stopped)?;
            let said = read_presences(&reply)
                .ok_or(NotDone::Graph(GraphError::Unreadable { status: reply.status }))?;
            let tenant = one.tenant;
            self.handle
                .ask_and_wait(move |switch, now| switch.on_presences(now, tenant, said))
                .ok_or(NotDone::Stopping)?;
        }
        Ok(())
    }

    /// Forgets what was read longer ago.
    fn forget(&self, tenant: TenantId, longer: Duration) -> Result<(), NotDone> {
        let longer = u64::try_from(longer.as_millis()).unwrap_or(u64::MAX);
        let asked = self.handle.ask_and_wait(move |switch, now| {
            // What was read in this very moment is as old as nothing.
            let before =
                engine::Time(now.wall.0.saturating_sub(longer).saturating_add(u64::from(longer == 0)));
            switch.forget_presences(now, tenant, before);
        });
        asked.ok_or(NotDone::Stopping)
    }
}
