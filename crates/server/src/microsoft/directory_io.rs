//! The thread that keeps the directories of connected tenants in step.
//!
//! Each page that comes is stored with how far it goes in one transaction, so a server that is killed goes on where it was.
//! A failure leaves the directory as it is, is said in the status, and is tried again.

use crate::microsoft::background::{Background, NotDone, wait};
use crate::microsoft::people::{Kept, People, Person};
use crate::running::Handle;
use redact::Secret;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;
use std::time::Duration;
use store::{DirectoryLink, DirectoryPage, DirectoryPerson, StoreError, TenantId};
use teams::graph::{Change, Given, Progress, Sync, SyncStep};
use teams::permissions::{Feature, Features, Operation};

/// How a tenant's directory stands.
#[derive(Clone, Debug, Default)]
pub struct DirectoryStatus {
    /// When it was last in step, in milliseconds since 1970.
    pub at: Option<u64>,
    /// A first reading is under way.
    pub reading: bool,
    /// Why it is not in step, in a sentence that says what to do.
    pub trouble: Option<String>,
}

#[derive(Default)]
struct OneDirectory {
    people: People,
    status: DirectoryStatus,
}

/// The directories of all tenants, for whoever searches.
#[derive(Default)]
pub struct Directories(RwLock<BTreeMap<TenantId, OneDirectory>>);

impl Directories {
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<TenantId, OneDirectory>> {
        self.0.read().unwrap_or_else(|e| e.into_inner())
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<TenantId, OneDirectory>> {
        self.0.write().unwrap_or_else(|e| e.into_inner())
    }

    /// People of a tenant whom a text fits.
    pub fn search(&self, tenant: TenantId, text: &str, most: usize) -> Vec<Person> {
        let all = self.read();
        let found = all.get(&tenant).map(|d| d.people.search(text, most));
        found.unwrap_or_default().into_iter().cloned().collect()
    }

    /// How a tenant's directory stands, and how many people are in it. Nothing where none is kept.
    pub fn status(&self, tenant: TenantId) -> Option<(DirectoryStatus, usize)> {
        self.read().get(&tenant).map(|d| (d.status.clone(), d.people.len()))
    }
}

/// Keeps directories in step until it is dropped.
pub struct DirectorySync {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl DirectorySync {
    /// Begins: with what is stored, then with what Graph says, and again each time that `every` is over.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn start(
        handle: Handle,
        background: Arc<Background>,
        every: Duration,
    ) -> std::io::Result<DirectorySync> {
        let (stop, stopped) = channel::<()>();
        let run = move || {
            let job = Job { handle, background, stopped };
            while job.round().is_ok() && wait(&job.stopped, every).is_ok() {}
        };
        let thread = std::thread::Builder::new().name("directory".into()).spawn(run)?;
        Ok(DirectorySync { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for DirectorySync {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A tenant whose directory is kept in step.
struct Connected {
    tenant: TenantId,
    directory: String,
    fields: &'static [&'static str],
}

struct Job {
    handle: Handle,
    background: Arc<Background>,
    stopped: Receiver<()>,
}

impl Job {
    /// One reading of all directories.
    fn round(&self) -> Result<(), NotDone> {
        let connected = self.handle.ask_and_wait(|switch, _| {
            let connected = switch.tenants().iter().filter_map(|t| {
                let features = Features::of(t.meaning.profile.into());
                let row = features.row_for(Feature::DirectorySync, Operation::UsersDelta)?;
                let directory = t.meaning.microsoft.clone()?;
                Some(Connected { tenant: t.id, directory, fields: row.fields })
            });
            (connected.collect::<Vec<_>>(), switch.tenants().iter().map(|t| t.id).collect::<Vec<_>>())
        });
        let (connected, all) = connected.ok_or(NotDone::Stopping)?;
        for tenant in all.into_iter().filter(|t| connected.iter().all(|c| c.tenant != *t)) {
            self.forget(tenant);
        }
        self.handle.directories.write().retain(|tenant, _| connected.iter().any(|c| c.tenant == *tenant));
        for one in connected {
            match self.pass(&one) {
                Ok(()) => self.note(one.tenant, |status| {
                    *status =
                        DirectoryStatus { at: Some(crate::clock::wall_ms()), ..DirectoryStatus::default() };
                }),
                Err(NotDone::Stopping) => return Err(NotDone::Stopping),
                Err(why) => {
                    tracing::warn!(event = "directory_not_in_step", tenant = one.tenant.0, why = %why, "a directory could not be read");
                    self.note(one.tenant, |status| status.trouble = Some(why.to_string()));
                }
            }
        }
        Ok(())
    }

    /// A tenant is not connected any more: nothing of its directory is kept.
    fn forget(&self, tenant: TenantId) {
        let kept = self.handle.store.directory_link(tenant);
        let erased = kept.and_then(|kept| match kept {
            Some(_) => self.handle.store.erase_directory(tenant).map(|()| true),
            None => Ok(false),
        });
        match erased {
            Ok(true) => {
                tracing::info!(event = "directory_erased", tenant = tenant.0, "a directory was disconnected")
            }
            Ok(false) => {}
            Err(e) => {
                tracing::error!(event = "directory_not_erased", tenant = tenant.0, cause = %e, "it is tried again")
            }
        }
    }

    fn note(&self, tenant: TenantId, what: impl FnOnce(&mut DirectoryStatus)) {
        what(&mut self.handle.directories.write().entry(tenant).or_default().status);
    }

    /// Reads what changed, or everybody, until it is all there.
    fn pass(&self, one: &Connected) -> Result<(), NotDone> {
        let here = |e: StoreError| NotDone::Here(format!("the directory cannot be stored: {e}"));
        let link = self.handle.store.directory_link(one.tenant).map_err(here)?;
        if !self.handle.directories.read().contains_key(&one.tenant) {
            self.load(one.tenant).map_err(here)?;
        }
        let progress: Option<Progress> = link.and_then(|l| serde_json::from_str(l.link.expose_secret()).ok());
        let mut sync = Sync::new(self.background.graph().clone(), one.fields, progress);
        loop {
            let reply = self.background.ask_page(&one.directory, &sync.call(), &self.stopped)?;
            let step = sync.take(&reply).map_err(|e| NotDone::Here(e.to_string()))?;
            let finished = step.finished;
            self.note(one.tenant, |status| status.reading = !finished);
            self.take_in(one.tenant, step).map_err(here)?;
            if finished {
                return Ok(());
            }
        }
    }

    /// What is stored, into memory.
    fn load(&self, tenant: TenantId) -> Result<(), StoreError> {
        let mut people = People::default();
        let mut after = 0;
        loop {
            let page = self.handle.store.directory(tenant, after)?;
            for person in &page {
                people.put(person.id, person.value.expose_secret());
            }
            match page.last() {
                Some(last) if page.len() == store::MOST_PEOPLE => after = last.id,
                _ => break,
            }
        }
        self.handle.directories.write().entry(tenant).or_default().people = people;
        Ok(())
    }

    fn sign_out(&self, tenant: TenantId, objects: Vec<String>) -> Result<(), StoreError> {
        if objects.is_empty() {
            return Ok(());
        }
        let accounts = self.handle.ask_and_wait(move |switch, _| {
            let t = switch.tenant(tenant)?;
            Some(objects.iter().filter_map(|o| t.meaning.work_accounts.get(o).copied()).collect::<Vec<_>>())
        });
        for account in accounts.flatten().unwrap_or_default() {
            self.handle.store.end_sessions_of((tenant, account))?;
        }
        Ok(())
    }

    fn take_in(&self, tenant: TenantId, step: SyncStep) -> Result<(), StoreError> {
        let (mut written, mut removed, mut out) = (Vec::new(), Vec::new(), Vec::new());
        for change in &step.changes {
            match change {
                Change::Write(user) => {
                    if user.enabled == Given::Value(false) {
                        out.push(user.id.clone());
                    }
                    written.push(user);
                }
                Change::Remove { id, .. } => {
                    out.push(id.clone());
                    removed.push(Secret::new(id.clone()));
                }
            }
        }
        // Before all else: whoever may not sign in there any more has no session here.
        self.sign_out(tenant, out)?;
        // The same bytes go into the store and into memory.
        let made: Vec<std::cell::RefCell<Secret<Vec<u8>>>> =
            written.iter().map(|_| Default::default()).collect();
        let values: Vec<_> = written
            .iter()
            .zip(&made)
            .map(|(user, made)| {
                move |before: Option<&[u8]>| {
                    let bytes = Kept::merged(user, before).bytes();
                    made.replace(bytes.clone());
                    bytes
                }
            })
            .collect();
        let people: Vec<DirectoryPerson<'_>> = written
            .iter()
            .zip(&values)
            .map(|(user, value)| DirectoryPerson { object: Secret::new(user.id.clone()), value })
            .collect();
        // Graph's own marks in it, and what was asked for: nobody's name.
        let text = serde_json::to_string(&step.progress).unwrap_or_default();
        let link = DirectoryLink {
            link: Secret::new(text),
            run: step.mark,
            whole: step.finished,
            at: crate::clock::wall_ms(),
        };
        let sweep = step.sweep_below.is_some();
        let page = DirectoryPage { people: &people, removed: &removed, link: &link, sweep };
        let change = self.handle.store.put_directory(tenant, &page)?;
        let mut all = self.handle.directories.write();
        let known = &mut all.entry(tenant).or_default().people;
        for (id, made) in change.put.iter().zip(&made) {
            known.put(*id, made.borrow().expose_secret());
        }
        for id in change.removed {
            known.remove(id);
        }
        Ok(())
    }
}
