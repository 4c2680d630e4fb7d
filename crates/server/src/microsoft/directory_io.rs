//! The thread that keeps the directories of connected tenants in step.
//!
//! Each page that comes is stored with how far it goes in one transaction, so a server that is killed goes on where it was.
//! A failure leaves the directory as it is, is said in the status, and is tried again.

use crate::microsoft::background::{Background, NotDone, wait};
use crate::microsoft::delegated::{Asked, Delegated, Held, Left};
use crate::microsoft::graph_io::{Tokens, ask_page};
use crate::microsoft::people::{Correction, Kept, MOST_FOUND, People, Person};
use crate::microsoft::subscribe;
use crate::running::Handle;
use crate::tenant::DialPlan;
use redact::Secret;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use store::{DirectoryLink, DirectoryPage, DirectoryPerson, Store, StoreError, TenantId};
use teams::BaseUrl;
use teams::graph::{Change, Given, GraphError, Progress, Sync, SyncStep};
use teams::permissions::{Feature, Features, Operation, Registration, Row, stopped_sentence};

/// How a tenant's directory stands.
#[derive(Clone, Debug, Default)]
pub struct DirectoryStatus {
    /// When it was last in step, in milliseconds since 1970.
    pub at: Option<u64>,
    /// A first reading is under way.
    pub reading: bool,
    /// Why it is not in step, in a sentence that says what to do.
    pub trouble: Option<String>,
    /// Microsoft tells of changes by itself.
    pub told: bool,
}

#[derive(Default)]
struct OneDirectory {
    people: People,
    status: DirectoryStatus,
    /// Those who may not sign in there any more: what a token says that was given before counts for nothing.
    barred: BTreeSet<String>,
    /// Everybody was read once: whoever is not among the people is not there any more.
    whole: bool,
}

impl OneDirectory {
    /// An empty directory says of nobody that they are gone: then nobody could come in any more to see what is wrong.
    fn is_barred(&self, object: &str) -> bool {
        self.barred.contains(object) || self.whole && self.people.len() > 0 && !self.people.has(object)
    }
}

/// How far a directory was read, as it is stored.
#[derive(Serialize, Deserialize)]
struct Place {
    /// Which directory.
    directory: String,
    /// Graph's own marks in it, and what was asked for: nobody's name.
    progress: Progress,
    /// Everybody was read once.
    #[serde(default)]
    whole: bool,
}

impl Place {
    /// Nothing for what an earlier form of the program stored: then all is read anew.
    fn read(link: &DirectoryLink) -> Option<Place> {
        serde_json::from_str(link.link.expose_secret()).ok()
    }
}

/// The directories of all tenants, for whoever searches.
#[derive(Default)]
pub struct Directories {
    all: RwLock<BTreeMap<TenantId, OneDirectory>>,
    /// Those whom owners entered beside them.
    pub(super) local: RwLock<BTreeMap<TenantId, People>>,
    /// What administrators who connected directories may do now.
    held: Mutex<BTreeMap<TenantId, Held>>,
    /// Held while people are written or erased: what was erased does not come back by a page that was on its way.
    pub(super) writing: Mutex<()>,
}

impl Directories {
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<TenantId, OneDirectory>> {
        self.all.read().unwrap_or_else(|e| e.into_inner())
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<TenantId, OneDirectory>> {
        self.all.write().unwrap_or_else(|e| e.into_inner())
    }

    /// What is in memory of administrators' sign-ins.
    pub(super) fn held(&self) -> MutexGuard<'_, BTreeMap<TenantId, Held>> {
        self.held.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Keeps what the administrator who connects a tenant's directory leaves. What it allows is found out by its first use.
    ///
    /// # Errors
    /// What the database said.
    pub fn leave(&self, store: &Store, tenant: TenantId, left: &Left) -> Result<(), StoreError> {
        store.put_directory_token(tenant, &left.text(), crate::clock::wall_ms())
    }

    /// What the connecting administrator's newest token allows, and that it is renewed without them; nothing while that is
    /// not known.
    pub fn granted(&self, tenant: TenantId) -> Option<Vec<String>> {
        let mut granted = self.held().get(&tenant)?.granted()?.to_vec();
        // No token says so: it is here because there is a refresh token.
        granted.push("offline_access".into());
        Some(granted)
    }

    /// What the connecting administrator has to fulfil in the browser at the next sign-in.
    pub fn claims(&self, tenant: TenantId) -> Option<String> {
        Some(self.held().get(&tenant)?.claims()?.to_string())
    }

    /// People of a tenant whom a text fits.
    pub fn search(&self, tenant: TenantId, text: &str, most: usize) -> Vec<Person> {
        let mut found = self.search_local(tenant, text, most);
        let all = self.read();
        found.extend(all.get(&tenant).map(|d| d.people.search(text, most)).unwrap_or_default());
        found.sort_by(|a, b| a.name.expose_secret().cmp(b.name.expose_secret()));
        found.truncate(most.min(MOST_FOUND));
        found
    }

    /// Whether somebody is in the tenant's directory at Microsoft, as it was read.
    pub fn has(&self, tenant: TenantId, object: &str) -> bool {
        self.read().get(&tenant).is_some_and(|d| d.people.has(object))
    }

    /// Whether somebody was disabled or removed in the tenant's directory, or is not in it once it was read.
    pub fn is_barred(&self, tenant: TenantId, object: &str) -> bool {
        self.read().get(&tenant).is_some_and(|d| d.is_barred(object))
    }

    /// Erases what is kept of a tenant's people, if anything is, unless they are those of this directory. Whether something
    /// was. Nobody of another one is kept when this returns.
    ///
    /// # Errors
    /// What the database said.
    pub fn erase(&self, store: &Store, tenant: TenantId, but: Option<&str>) -> Result<bool, StoreError> {
        let _turn = self.writing.lock().unwrap_or_else(|e| e.into_inner());
        let link = store.directory_link(tenant)?;
        let left = store.directory_token(tenant)?;
        let of_link = link.as_ref().map(|l| Place::read(l).map(|place| place.directory));
        let of_token = left.as_ref().map(|l| Left::read(&l.value).map(|left| left.directory));
        let is_other =
            |of: &Option<Option<String>>| of.as_ref().is_some_and(|of| but.is_none() || of.as_deref() != but);
        // What cannot be read any more is taken away too.
        if is_other(&of_token) || but.is_none() && store.has_directory_token(tenant)? {
            store.erase_directory_token(tenant)?;
            self.held().remove(&tenant);
        }
        if is_other(&of_link) {
            store.erase_directory(tenant)?;
        }
        if is_other(&of_link) || but.is_none() {
            self.write().remove(&tenant);
        }
        Ok(is_other(&of_link) || is_other(&of_token))
    }

    /// Says something of somebody in place of what Microsoft says; with nothing said, Microsoft's word counts again. The
    /// number of the person; nothing when nobody has this id.
    ///
    /// # Errors
    /// What the database said.
    pub fn correct(
        &self,
        store: &Store,
        tenant: TenantId,
        object: &str,
        own: &Correction,
    ) -> Result<Option<u64>, StoreError> {
        self.change(store, tenant, object, &|before| Kept::corrected(before, own))
    }

    /// Changes what is kept of somebody in the store and in memory. The number of the person; nothing when nobody has this id.
    pub(super) fn change(
        &self,
        store: &Store,
        tenant: TenantId,
        object: &str,
        how: &dyn Fn(&[u8]) -> Option<Kept>,
    ) -> Result<Option<u64>, StoreError> {
        let _turn = self.writing.lock().unwrap_or_else(|e| e.into_inner());
        let made = std::cell::RefCell::new(Secret::new(Vec::new()));
        let value = |before: &[u8]| {
            let bytes = how(before)?.bytes();
            made.replace(bytes.clone());
            Some(bytes)
        };
        let changed = store.change_directory_person(tenant, &Secret::new(object.into()), &value)?;
        if let (Some(id), Some(one)) = (changed, self.write().get_mut(&tenant)) {
            one.people.put(id, made.borrow().expose_secret());
        }
        Ok(changed)
    }

    /// The people of a tenant's directory at Microsoft, as they were read.
    pub(super) fn synced<T>(&self, tenant: TenantId, look: impl FnOnce(&People) -> T) -> Option<T> {
        self.read().get(&tenant).map(|d| look(&d.people))
    }

    /// What is stored of a tenant's directory, into memory.
    ///
    /// # Errors
    /// What the database said.
    pub fn load(&self, store: &Store, tenant: TenantId, plan: DialPlan) -> Result<(), StoreError> {
        let mut people = People::new(plan);
        let link = store.directory_link(tenant)?;
        // What was stored before this was noted says it of the last reading only.
        let whole = link.is_some_and(|l| l.whole || Place::read(&l).is_some_and(|place| place.whole));
        let mut after = 0;
        loop {
            let page = store.directory(tenant, after)?;
            for person in &page {
                people.put(person.id, person.value.expose_secret());
            }
            match page.last() {
                Some(last) if page.len() == store::MOST_PEOPLE => after = last.id,
                _ => break,
            }
        }
        let mut all = self.write();
        let one = all.entry(tenant).or_default();
        one.barred = people.disabled();
        one.people = people;
        one.whole = whole;
        Ok(())
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
        (background, delegated): (Option<Arc<Background>>, Option<Arc<Delegated>>),
        (every, public): (Duration, Option<BaseUrl>),
    ) -> std::io::Result<DirectorySync> {
        let (stop, stopped) = channel::<()>();
        let mut job =
            Job { handle, background, delegated, public, stopped, compared: None, told: BTreeMap::new() };
        // Before anybody can ask: who was disabled or removed there stays out from the first moment on.
        job.load_all();
        let run = move || {
            while job.compare_permissions().is_ok() && job.round().is_ok() && job.rest(every).is_ok() {}
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
    features: Features,
    plan: DialPlan,
    /// The line of the table by which it is read.
    row: &'static Row,
    /// By which app registration it is read.
    registration: Registration,
    may_subscribe: bool,
}

struct Job {
    handle: Handle,
    /// Nothing where no app is configured: then what is not connected is erased, and nothing is read.
    background: Option<Arc<Background>>,
    /// The same for directories that are read in an administrator's name.
    delegated: Option<Arc<Delegated>>,
    /// Where Graph reaches us.
    public: Option<BaseUrl>,
    stopped: Receiver<()>,
    /// When permissions were compared last.
    compared: Option<Instant>,
    /// What was compared then.
    told: BTreeMap<TenantId, (Features, Vec<String>)>,
}

/// How often permissions are compared.
const COMPARE: Duration = Duration::from_secs(24 * 3_600);

/// What is to be said of the permissions that the app which works without a person was granted, a sentence each.
pub fn said_of_permissions(features: &Features, granted: &[String]) -> Vec<String> {
    let without = features.not_working(Registration::Background, granted);
    let surplus = features.surplus(Registration::Background, granted).into_iter().map(|p| {
        format!(
            "the app registration background was granted {p}, which no feature needs that is on: take it away"
        )
    });
    let missing = features.missing(Registration::Background, granted).into_iter().map(move |p| {
        let stops: Vec<&str> =
            without.iter().filter(|r| r.permission == Some(p)).map(|r| r.feature.name()).collect();
        let stops = match stops.is_empty() {
            true => "nothing stops by it".to_string(),
            false => format!("{} stops", stops.join(", ")),
        };
        format!("the app registration background lacks {p}, {stops}: an administrator must consent, see GET /api/v1/microsoft/connect")
    });
    surplus.chain(missing).collect()
}

/// How soon a notification is heard of.
const HEAR: Duration = Duration::from_millis(250);

impl Job {
    /// Says which permissions were granted that no feature needs, and which are missing: at the start, once a day, and when a
    /// new token allows something else than the one before.
    fn compare_permissions(&mut self) -> Result<(), NotDone> {
        let is_due = self.compared.is_none_or(|at| at.elapsed() >= COMPARE);
        if is_due {
            self.compared = Some(Instant::now());
        }
        let tenants = self.handle.ask_and_wait(|switch, _| {
            let all = switch.tenants().iter();
            all.filter(|t| t.meaning.features.registrations().contains(&Registration::Background))
                .filter_map(|t| Some((t.id, t.meaning.microsoft.clone()?, t.meaning.features.clone())))
                .collect::<Vec<_>>()
        });
        let tenants = tenants.ok_or(NotDone::Stopping)?;
        self.told.retain(|tenant, _| tenants.iter().any(|(t, ..)| t == tenant));
        for (tenant, directory, features) in tenants {
            let _behalf = crate::attest::contacted::on_behalf_of(tenant);
            let granted = match is_due {
                true => self.handle.granted.ask(&directory),
                false => self.handle.granted.of(&directory),
            };
            let Some(granted) = granted else { continue };
            let is_known = self.told.get(&tenant).is_some_and(|(f, g)| (f, g) == (&features, &granted));
            if is_known && !is_due {
                continue;
            }
            for what in said_of_permissions(&features, &granted) {
                tracing::warn!(event = "permissions", tenant = tenant.0, "{what}");
            }
            self.told.insert(tenant, (features, granted));
        }
        Ok(())
    }

    /// Waits until it is time again, or somebody changed.
    fn rest(&self, every: Duration) -> Result<(), NotDone> {
        let until = Instant::now() + every;
        while !self.handle.notices.take_news() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            wait(&self.stopped, left.min(HEAR))?;
        }
        Ok(())
    }

    /// Sees to it that changes are told.
    fn subscribe(&self, one: &Connected) -> bool {
        let Some(public) = self.public.as_ref().filter(|_| one.may_subscribe) else { return false };
        let Some(background) = &self.background else { return false };
        let of = (one.tenant, one.directory.as_str());
        let kept = subscribe::keep(&self.handle.notices, background, public, of, &self.stopped);
        if let Err(why) = &kept {
            tracing::info!(event = "changes_not_told", tenant = one.tenant.0, why = %why, "changes are found when they are asked for");
        }
        kept.is_ok()
    }

    /// The tenants whose directories are read, and all tenants. Nothing when the server stops.
    fn connected(&self) -> Option<(Vec<Connected>, Vec<TenantId>)> {
        self.handle.ask_and_wait(|switch, _| {
            let connected = switch.tenants().iter().filter_map(|t| {
                let features = &t.meaning.features;
                let row = features.row_for(Feature::DirectorySync, Operation::UsersDelta)?;
                let directory = t.meaning.microsoft.clone()?;
                let subscribing = features.row_for(Feature::DirectorySync, Operation::SubscribeUsers);
                let may_subscribe = subscribing.is_some();
                let registration = row.registration;
                let (features, plan) = (features.clone(), t.meaning.dial_plan.clone());
                let tenant = t.id;
                Some(Connected { tenant, directory, features, plan, row, registration, may_subscribe })
            });
            (connected.collect(), switch.tenants().iter().map(|t| t.id).collect())
        })
    }

    /// What is stored of all directories, into memory.
    fn load_all(&self) {
        for one in self.connected().map(|(connected, _)| connected).unwrap_or_default() {
            let is_read = match one.registration {
                Registration::Directory => self.delegated.is_some(),
                _ => self.background.is_some(),
            };
            let place = self.handle.store.directory_link(one.tenant);
            let loaded = place.and_then(|link| {
                let is_theirs =
                    link.as_ref().and_then(Place::read).is_some_and(|p| p.directory == one.directory);
                if is_read && is_theirs {
                    self.handle.directories.load(&self.handle.store, one.tenant, one.plan.clone())
                } else {
                    Ok(())
                }
            });
            self.bar(one.tenant);
            if let Err(e) = loaded {
                tracing::error!(event = "directory_not_loaded", tenant = one.tenant.0, cause = %e, "it is tried again");
            }
        }
    }

    /// One reading of all directories.
    fn round(&self) -> Result<(), NotDone> {
        let (connected, all) = self.connected().ok_or(NotDone::Stopping)?;
        for tenant in all.into_iter().filter(|t| connected.iter().all(|c| c.tenant != *t)) {
            self.forget(tenant);
        }
        for one in connected {
            let _behalf = crate::attest::contacted::on_behalf_of(one.tenant);
            match self.pass(&one) {
                Ok(false) => {}
                Ok(true) => {
                    // Other people may be users since, and the same ones again.
                    self.bar(one.tenant);
                    self.tried(&one, true);
                    let told = self.subscribe(&one);
                    self.note(one.tenant, |status| {
                        let at = Some(crate::clock::wall_ms());
                        *status = DirectoryStatus { at, told, ..DirectoryStatus::default() };
                    });
                }
                Err(NotDone::Stopping) => return Err(NotDone::Stopping),
                Err(why) => {
                    let said = match &why {
                        NotDone::Graph(GraphError::Denied { .. }) => {
                            self.tried(&one, false);
                            stopped_sentence(one.row)
                        }
                        NotDone::Entra(error) => {
                            let stops = &self.handle.stops;
                            stops.refused(one.tenant, Feature::DirectorySync, one.registration, error);
                            why.to_string()
                        }
                        _ => why.to_string(),
                    };
                    tracing::warn!(event = "directory_not_in_step", tenant = one.tenant.0, why = %said, "a directory could not be read");
                    self.note(one.tenant, |status| status.trouble = Some(said));
                }
            }
        }
        Ok(())
    }

    /// What reading a directory came to, as far as it hangs on the permission.
    fn tried(&self, one: &Connected, worked: bool) {
        let (stops, sync) = (&self.handle.stops, Feature::DirectorySync);
        if one.registration == Registration::Background {
            let allowed = self.handle.granted.of(&one.directory);
            stops.tried(one.tenant, one.row, worked, allowed);
            return;
        }
        let allowed = self.handle.directories.granted(one.tenant);
        stops.tried(one.tenant, one.row, worked, allowed.clone());
        if let Some(allowed) = allowed {
            stops.came(one.tenant, sync, (&one.features, one.registration), allowed);
        }
    }

    /// A tenant is not connected any more: nothing of its directory is kept.
    fn forget(&self, tenant: TenantId) {
        if let Some(background) = &self.background {
            subscribe::forget(&self.handle.notices, background, tenant);
        }
        let erased = self.handle.directories.erase(&self.handle.store, tenant, None);
        self.bar(tenant);
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
        // Whoever was disconnected meanwhile has no status.
        if let Some(one) = self.handle.directories.write().get_mut(&tenant) {
            what(&mut one.status);
        }
    }

    /// Reads what changed, or everybody, until it is all there. False when there is nobody to ask, or nothing to ask for any
    /// more.
    fn pass(&self, one: &Connected) -> Result<bool, NotDone> {
        let here = |e: StoreError| NotDone::Here(format!("the directory cannot be stored: {e}"));
        let (store, directories) = (&*self.handle.store, &*self.handle.directories);
        let in_their_name;
        let in_its_own_name;
        let (graph, tokens): (_, &dyn Tokens) = match (one.registration, &self.delegated, &self.background) {
            (Registration::Directory, Some(app), _) => {
                let asked = Asked { tenant: one.tenant, directory: &one.directory, features: &one.features };
                in_their_name = app.of((store, directories), asked);
                (app.graph(), &in_their_name)
            }
            (Registration::Background, _, Some(app)) => {
                in_its_own_name = app.of(&one.directory);
                (app.graph(), &in_its_own_name)
            }
            _ => return Ok(false),
        };
        if directories.erase(store, one.tenant, Some(&one.directory)).map_err(here)? {
            if let Some(background) = &self.background {
                subscribe::forget(&self.handle.notices, background, one.tenant);
            }
        }
        let link = store.directory_link(one.tenant).map_err(here)?;
        let progress = link.as_ref().and_then(Place::read).map(|place| place.progress);
        // Read anew where numbers are read in another way from now on.
        if directories.read().get(&one.tenant).is_none_or(|d| *d.people.plan() != one.plan) {
            self.handle.directories.load(&self.handle.store, one.tenant, one.plan.clone()).map_err(here)?;
        }
        let mut sync = Sync::new(graph.clone(), one.row.fields, progress);
        loop {
            let reply = ask_page(tokens, &sync.call(), &self.stopped)?;
            let step = sync.take(&reply).map_err(|e| NotDone::Here(e.to_string()))?;
            let finished = step.finished;
            self.note(one.tenant, |status| status.reading = !finished);
            if !self.take_in(one, step).map_err(here)? {
                directories.write().remove(&one.tenant);
                return Ok(false);
            }
            if finished {
                return Ok(true);
            }
        }
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
        self.bar(tenant);
        Ok(())
    }

    /// Tells the switch whom it rings no more, and whom again.
    fn bar(&self, tenant: TenantId) {
        let directories = self.handle.directories.clone();
        let bar = move |switch: &mut crate::adapt::Switch, now| {
            switch.bar(now, tenant, |object| directories.is_barred(tenant, object));
        };
        // A server that stops rings nobody.
        let _ = self.handle.ask_and_wait(bar);
    }

    /// Whether a tenant is still connected to this directory.
    fn is_connected(&self, one: &Connected) -> bool {
        let (tenant, directory) = (one.tenant, one.directory.clone());
        let found = self.handle.ask_and_wait(move |switch, _| {
            let m = &switch.tenant(tenant)?.meaning;
            m.features.row_for(Feature::DirectorySync, Operation::UsersDelta)?;
            (m.microsoft.as_ref() == Some(&directory)).then_some(())
        });
        found.flatten().is_some()
    }

    /// Takes a page in. False when the tenant is not connected any more: nothing was written then.
    fn take_in(&self, one: &Connected, step: SyncStep) -> Result<bool, StoreError> {
        let tenant = one.tenant;
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
        {
            let mut all = self.handle.directories.write();
            if let Some(one) = all.get_mut(&tenant) {
                for user in &written {
                    if user.enabled == Given::Value(true) {
                        one.barred.remove(&user.id);
                    }
                }
                one.barred.extend(out.iter().cloned());
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
        let whole = step.finished || self.handle.directories.read().get(&tenant).is_some_and(|d| d.whole);
        let place = Place { directory: one.directory.clone(), progress: step.progress, whole };
        let text = serde_json::to_string(&place).unwrap_or_default();
        let _turn = self.handle.directories.writing.lock().unwrap_or_else(|e| e.into_inner());
        if !self.is_connected(one) {
            return Ok(false);
        }
        let link = DirectoryLink {
            link: Secret::new(text),
            run: step.mark,
            whole: step.finished,
            at: crate::clock::wall_ms(),
        };
        let sweep = step.sweep_below.is_some();
        let page = DirectoryPage { people: &people, removed: &removed, link: &link, sweep };
        let change = self.handle.store.put_directory(tenant, &page)?;
        let mut gone = Vec::new();
        {
            let mut all = self.handle.directories.write();
            let of = all.entry(tenant).or_default();
            for (id, made) in change.put.iter().zip(&made) {
                of.people.put(*id, made.borrow().expose_secret());
            }
            for id in change.removed {
                gone.extend(of.people.object(id));
                of.people.remove(id);
            }
            of.barred.extend(gone.iter().cloned());
            of.whole = whole;
        }
        // Whom a whole reading did not find is gone as whoever is removed by name.
        self.sign_out(tenant, gone)?;
        Ok(true)
    }
}
