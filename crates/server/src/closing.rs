//! The end of an account: it is written down, calls and sign-in stop, and everything of the tenant is destroyed once the
//! days are over in which that can be taken back. A certificate that is signed by the installation says what was destroyed
//! and when.

use crate::adapt::StillThere;
use crate::attest::{sealed, text_of};
use crate::audit_file::hex;
use crate::retention_io;
use crate::running::{self, Handle, stored_documents};
use crate::tenant::check::{Document, Documents};
use crate::view;
use engine::Time;
use redact::Secret;
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use store::{Closing, Store, StoreError, TenantId};
use teams::permissions::{Feature, Features, Profile};

/// What stands in the certificate's field `kind`.
pub const KIND: &str = "certificate of disposal";
/// How long events that are on their way to the disk are waited for, and the ends of recordings.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the ends of calls are waited for: longer than the engine waits for a far end that says nothing.
const LAST_CALL: Duration = Duration::from_secs(60);
/// How long data is kept after the account ended where no rule says so, in days.
pub const DAYS: u64 = 30;
const DAY_MS: u64 = 86_400_000;
/// Between two looks at closings while one of them could not be done.
const AGAIN: Duration = Duration::from_secs(10);
/// The same while somebody of a tenant that is closed calls for help.
const SOON: Duration = Duration::from_secs(1);
/// The same while all that is left waits for a backup that cannot be reached, or for a day.
const SELDOM: Duration = Duration::from_secs(3_600);

/// Why a tenant is not closed.
#[derive(Debug)]
pub enum NotClosed {
    /// Something has to be ended first: which, in a sentence.
    Refused(String),
    /// Something failed: what, in a sentence.
    Failed(String),
}

impl From<StoreError> for NotClosed {
    fn from(e: StoreError) -> NotClosed {
        match e {
            StoreError::Refused(why) => NotClosed::Refused(why),
            e => NotClosed::Failed(e.to_string()),
        }
    }
}

/// How far a closing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It can be taken back.
    Waiting,
    /// Its data is being destroyed, or a backup that holds its keys cannot be reached.
    Disposing,
    /// Nothing is left.
    Done,
}

impl Stage {
    /// How far this one is.
    pub fn of(closing: &Closing) -> Stage {
        match (&closing.certificate, closing.begun) {
            (Some(_), _) => Stage::Done,
            (None, Some(_)) => Stage::Disposing,
            (None, None) => Stage::Waiting,
        }
    }

    /// In the API.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Waiting => "waiting",
            Stage::Disposing => "disposing",
            Stage::Done => "done",
        }
    }
}

/// How many days a tenant's data is kept after its account ended: by its rule, or by its profile. 0 is before the answer.
///
/// # Errors
/// A sentence.
pub fn days(store: &Store, tenant: TenantId) -> Result<u64, String> {
    let (documents, _) = stored_documents(store, tenant)?;
    if running::tenant_name(&documents).is_none() {
        return Ok(0);
    }
    Ok(days_of(&running::understand_alone(&documents)?.features, &documents))
}

/// The same of a tenant with these features and documents.
pub fn days_of(features: &Features, documents: &Documents) -> u64 {
    match features.profile() {
        Profile::Connector | Profile::Bridge => 0,
        Profile::Directory if !features.has(Feature::Queues) => 0,
        Profile::Directory | Profile::ContactCenter => {
            retention_io::days_after_closing(documents).unwrap_or(DAYS)
        }
    }
}

/// From when on data is destroyed: after the days that its rule says, or fewer that were asked for.
fn due(store: &Store, tenant: TenantId, now: u64, wanted: Option<u64>) -> Result<u64, NotClosed> {
    let most = days(store, tenant).map_err(NotClosed::Failed)?;
    match wanted {
        Some(wanted) if wanted > most => Err(NotClosed::Refused(format!(
            "the data of this tenant may be kept for {most} days after its account ended, not for {wanted}"
        ))),
        wanted => Ok(now.saturating_add(wanted.unwrap_or(most).saturating_mul(DAY_MS))),
    }
}

/// Ends the account of a tenant of a running server, and the calls that are open. Gives the receipt. What is to be
/// destroyed at once is destroyed when this returns where no calls are kept, unless a backup cannot be reached or somebody
/// called for help meanwhile; else it is begun.
///
/// # Errors
/// [`NotClosed::Refused`] while somebody calls for help or a legal hold keeps something: nothing was changed then. Nothing
/// fails once the account is closed: whoever asked gets the receipt, and what could not be done is done later.
pub fn close(
    handle: &Handle,
    tenant: TenantId,
    who: &str,
    wanted: Option<u64>,
) -> Result<Secret<String>, NotClosed> {
    let gone = || NotClosed::Failed("the server is stopping".into());
    // One after the other: a tenant that is taken up again must not be taken out meanwhile.
    let _turn = handle.closing.turn.lock().unwrap_or_else(|e| e.into_inner());
    let store = &handle.store;
    let now = crate::clock::wall_ms();
    // Whoever asks once more while it is closed must not even read: that would make a key for what is gone.
    if store.is_closing(tenant)? {
        return Err(NotClosed::Refused(
            "this account is closed already: its receipt says how far that is (GET /api/v1/closing)".into(),
        ));
    }
    let due = due(store, tenant, now, wanted)?;
    let held = store.holds(tenant)?.len();
    if held > 0 {
        return Err(NotClosed::Refused(format!(
            "legal holds keep data of this tenant ({held}): lift them first"
        )));
    }
    if handle.ask_and_wait(move |switch, _| switch.has_calls_for_help(tenant)).ok_or_else(gone)? {
        return Err(NotClosed::Refused(
            "somebody calls an emergency number: such a call is not ended, wait until it is over".into(),
        ));
    }
    let receipt = store.begin_closing(tenant, (now, due), who)?;
    // From here on it is closed, whatever happens: a server that dies now goes on with it when it is started again.
    if leave(handle, tenant) && due <= now && !keeps_calls(store, tenant) {
        match dispose(store, tenant, now) {
            Ok(_) => {}
            Err(NotClosed::Refused(cause) | NotClosed::Failed(cause)) => later(tenant, &cause),
        }
    }
    handle.closing.look();
    Ok(receipt)
}

/// Takes a tenant whose account ended out of everything that runs. Whether nothing of it is left there: while somebody calls
/// for help it stays in the switch.
fn leave(handle: &Handle, tenant: TenantId) -> bool {
    let out = take_out(handle, tenant);
    let erased = handle.directories.erase(&handle.store, tenant, None).map_err(NotClosed::from);
    handle.directories.forget_entered(tenant);
    handle.attestations.forget(tenant);
    match out.and_then(|out| erased.map(|_| out)) {
        Ok(out) => out,
        Err(NotClosed::Refused(cause) | NotClosed::Failed(cause)) => {
            later(tenant, &cause);
            false
        }
    }
}

fn keeps_calls(store: &Store, tenant: TenantId) -> bool {
    let documents = stored_documents(store, tenant).map(|(documents, _)| documents);
    let features = documents.and_then(|d| running::understand_alone(&d)).map(|m| m.features);
    features.is_ok_and(|f| f.has(Feature::Queues))
}

/// Ends the calls of a tenant, takes it out of the switch, and waits until what was on its way to the disk is there, so
/// that it is destroyed with the rest. Where the journal cannot be written, that comes later and is destroyed then. Whether it
/// is out: calls to emergency numbers are not ended and not waited for.
fn take_out(handle: &Handle, tenant: TenantId) -> Result<bool, NotClosed> {
    let gone =
        || NotClosed::Failed("the server is stopping: the account is closed when it is started again".into());
    let until_over = Instant::now() + LAST_CALL;
    let mut until = Instant::now() + PATIENCE;
    let pause = || std::thread::park_timeout(Duration::from_millis(5));
    let mut ended = Vec::new();
    let last = loop {
        let nothing = running::understand_alone(&nobody()).map_err(NotClosed::Failed)?;
        let may_wait = Instant::now() < until;
        let out = handle.ask_and_wait(move |switch, now| {
            let ended = switch.end_calls(now, tenant);
            (ended, switch.close_tenant(now, tenant, nothing, may_wait))
        });
        let (calls, out) = out.ok_or_else(gone)?;
        ended.extend(calls);
        match out {
            Ok(last) => break last,
            Err(StillThere::Unwritten) => {}
            Err(StillThere::Calls { only_for_help: false }) if Instant::now() < until_over => {
                until = Instant::now() + PATIENCE;
            }
            Err(StillThere::Calls { .. }) => {
                let what = "calls are open that are not ended: the tenant leaves when they are over";
                tracing::warn!(event = "tenant_closing", tenant = tenant.0, "{what}");
                return Ok(false);
            }
        }
        pause();
    };
    let late = || Instant::now() >= until;
    let unwritten = |what: &str| {
        tracing::warn!(event = "tenant_closing", tenant = tenant.0, "{what}");
    };
    while handle.ask_and_wait(|switch, _| switch.committed()).ok_or_else(gone)? < last {
        if late() {
            unwritten("a tenant's last events are not written yet");
            break;
        }
        pause();
    }
    for call in ended {
        while handle.store.is_recorded_now(tenant, call)? {
            if late() {
                unwritten("a tenant's last recording is not written yet");
                return Ok(true);
            }
            pause();
        }
    }
    Ok(true)
}

/// Whether a tenant is in the switch.
fn is_there(handle: &Handle, tenant: TenantId) -> bool {
    handle.ask_and_wait(move |switch, _| switch.tenant(tenant).is_some()).unwrap_or(false)
}

/// Takes back the end of an account of a running server: calls and sign-in go on.
///
/// # Errors
/// [`NotClosed::Refused`] once its data is being destroyed, and while somebody still calls for help.
pub fn take_back(handle: &Handle, tenant: TenantId, who: &str) -> Result<(), NotClosed> {
    let _turn = handle.closing.turn.lock().unwrap_or_else(|e| e.into_inner());
    // What is still in the switch takes no calls any more: it has to leave before it can be taken up.
    if handle.store.is_closing(tenant)? && is_there(handle, tenant) && !leave(handle, tenant) {
        return Err(NotClosed::Refused(
            "somebody calls an emergency number: this can be taken back as soon as that call is over".into(),
        ));
    }
    handle.store.take_back_closing(tenant, crate::clock::wall_ms(), who)?;
    tracing::info!(event = "tenant_reopened", tenant = tenant.0, "the end of an account was taken back");
    running::take_up(handle, tenant).map_err(NotClosed::Failed)
}

/// Has the data of a tenant of a running server, whose account ended, destroyed in so many days from now on, or as it was
/// said where that is sooner. Gives how far it is now.
///
/// # Errors
/// [`NotClosed::Refused`] for more days than its rule says.
pub fn hasten(handle: &Handle, tenant: TenantId, who: &str, days: u64) -> Result<Closing, NotClosed> {
    let turn = handle.closing.turn.lock().unwrap_or_else(|e| e.into_inner());
    hasten_stored(&handle.store, tenant, who, days)?;
    drop(turn);
    handle.closing.look();
    found(&handle.store, tenant)
}

fn hasten_stored(store: &Store, tenant: TenantId, who: &str, days: u64) -> Result<(), NotClosed> {
    // Of what is being destroyed not even the rule can be read.
    if Stage::of(&found(store, tenant)?) != Stage::Waiting {
        return Ok(());
    }
    let now = crate::clock::wall_ms();
    let due = due(store, tenant, now, Some(days))?;
    if store.hasten_closing(tenant, (now, due), who)? {
        tracing::info!(
            event = "closing_hastened",
            tenant = tenant.0,
            "data is destroyed earlier than was said"
        );
    }
    Ok(())
}

/// Ends the account of a tenant of a server that stands still; of one that ended already, its data is destroyed earlier
/// where that is wanted.
///
/// # Errors
/// [`NotClosed::Refused`] when a legal hold keeps something: nothing was changed then.
pub fn close_stored(store: &Store, tenant: TenantId, wanted: Option<u64>) -> Result<(), NotClosed> {
    let now = crate::clock::wall_ms();
    let who = "command line";
    match (store.is_closing(tenant)?, wanted) {
        (true, Some(days)) => hasten_stored(store, tenant, who, days)?,
        (true, None) => {}
        (false, _) => {
            let due = due(store, tenant, now, wanted)?;
            store.begin_closing(tenant, (now, due), who)?;
        }
    }
    // A clock that is read again may be a little further than one that said when.
    dispose(store, tenant, crate::clock::wall_ms()).map(|_| ())
}

/// The networks from which a tenant may be asked about, as its stored configuration says it.
///
/// # Errors
/// A sentence.
pub fn networks_of(store: &Store, tenant: TenantId) -> Result<Vec<(IpAddr, u8)>, String> {
    let (documents, _) = stored_documents(store, tenant)?;
    if running::tenant_name(&documents).is_none() {
        return Ok(Vec::new());
    }
    Ok(running::understand_alone(&documents)?.allowed_networks)
}

/// The closing of a tenant.
fn found(store: &Store, tenant: TenantId) -> Result<Closing, NotClosed> {
    let found = store.closings()?.into_iter().find(|c| c.tenant == tenant);
    found.ok_or_else(|| NotClosed::Failed("the closing is not written down".into()))
}

/// The configuration of nobody: it takes no call and keeps nothing.
fn nobody() -> Documents {
    let body = json!({"kind": "Tenant", "id": "closed", "profile": "bridge"});
    let document = Document { kind: "Tenant".into(), id: "closed".into(), body };
    [(("Tenant".to_string(), "closed".to_string()), document)].into_iter().collect()
}

/// Destroys what is due of a tenant whose account ended. Gives how far that is.
///
/// # Errors
/// [`NotClosed::Failed`] with what could not be done now.
fn dispose(store: &Store, tenant: TenantId, now: u64) -> Result<Stage, NotClosed> {
    match store.begin_disposal(tenant, now)? {
        true => destroy(store, tenant, now),
        false => Ok(Stage::Waiting),
    }
}

/// Destroys a tenant of which that has begun: nobody takes that back, so that it needs no turn.
fn destroy(store: &Store, tenant: TenantId, now: u64) -> Result<Stage, NotClosed> {
    let closing = found(store, tenant)?;
    if closing.certificate.is_none() && closing.facts == "{}" {
        note_belongings(store, &closing, now)?;
    }
    Ok(if finish(store, tenant)?.is_some() { Stage::Done } else { Stage::Disposing })
}

/// Writes down what there is before it is destroyed.
fn note_belongings(store: &Store, closing: &Closing, now: u64) -> Result<(), NotClosed> {
    let tenant = closing.tenant;
    let (documents, _) = stored_documents(store, tenant).map_err(NotClosed::Failed)?;
    let profile = documents.values().find(|d| d.kind == "Tenant").map(|d| d.body["profile"].clone());
    store.audit(tenant, now, "server", "tenant.dispose", &format!("Tenant/{}", closing.name))?;
    let head = store.sign_audit_head(tenant, now)?;
    let there = store.belongings(tenant)?;
    let counted = |all: Vec<(String, u64)>| -> Map<String, Value> {
        all.into_iter().map(|(what, n)| (what, n.into())).collect()
    };
    let facts = json!({
        "kind": KIND,
        "tenant": closing.name,
        "profile": profile.unwrap_or_default(),
        "asked": view::time(Time(closing.at)),
        "destroyed": {"rows": counted(there.rows), "keys": counted(there.keys)},
        "audit": head.map(|h| json!({"entry": h.entry, "digest": hex(&h.digest)})),
    });
    Ok(store.note_belongings(tenant, &facts.to_string())?)
}

/// Destroys what is left of a tenant that is being closed, and makes the certificate once no backup has its keys.
fn finish(store: &Store, tenant: TenantId) -> Result<Option<Value>, NotClosed> {
    store.destroy_tenant(tenant)?;
    let pending = retention_io::replace_copies(store);
    let Closing { facts, certificate, .. } = found(store, tenant)?;
    if let Some(made) = certificate {
        return Ok(serde_json::from_str(&made).ok());
    }
    if pending > 0 {
        return Ok(None);
    }
    let left = store.belongings(tenant)?;
    if left.rows.iter().chain(&left.keys).any(|(_, n)| *n > 0) {
        return Err(NotClosed::Failed("something came while it was destroyed".into()));
    }
    let mut body: Value = serde_json::from_str(&facts).map_err(|e| NotClosed::Failed(e.to_string()))?;
    body["at"] = view::time(Time(crate::clock::wall_ms())).into();
    body["version"] = env!("CARGO_PKG_VERSION").into();
    body["backups"] = json!({"known": store.copies()?.len(), "with_keys": 0});
    let made = sealed(body, &store.installation()?);
    store.end_closing(tenant, &text_of(&made))?;
    tracing::info!(event = "tenant_closed", tenant = tenant.0, "everything of a tenant was destroyed");
    Ok(Some(made))
}

fn later(tenant: TenantId, cause: &str) {
    tracing::error!(event = "tenant_closing", tenant = tenant.0, cause, "a closing goes on later");
}

/// Goes on with closings whose day has come, that were interrupted, or that waited for a backup; and destroys what a
/// request that was under way wrote after its tenant was closed. Gives how long until the next look.
pub fn go_on(store: &Store) -> Duration {
    let now = crate::clock::wall_ms();
    go_on_with(store, begun(store, store.closings().unwrap_or_default(), now), now)
}

/// The same in a running server: tenants that calls for help kept in the switch leave first. Whether something is
/// destroyed is settled while nobody else begins a closing or takes one back.
fn go_on_running(handle: &Handle) -> Duration {
    let turn = handle.closing.turn.lock().unwrap_or_else(|e| e.into_inner());
    let all = handle.store.closings().unwrap_or_default();
    let (inside, outside): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|c| is_there(handle, c.tenant) && !leave(handle, c.tenant));
    let now = crate::clock::wall_ms();
    let outside = begun(&handle.store, outside, now);
    drop(turn);
    let next = go_on_with(&handle.store, outside, now);
    if inside.is_empty() { next } else { next.min(SOON) }
}

/// Closings, and whether what is kept of each is to be destroyed by now.
type Begun = Vec<(Closing, Result<bool, StoreError>)>;

fn begun(store: &Store, closings: Vec<Closing>, now: u64) -> Begun {
    let begin = |c: Closing| {
        let begun = store.begin_disposal(c.tenant, now);
        (c, begun)
    };
    closings.into_iter().map(begin).collect()
}

fn go_on_with(store: &Store, closings: Begun, now: u64) -> Duration {
    let mut next = SELDOM;
    for (closing, begun) in closings {
        let is_empty =
            || store.belongings(closing.tenant).is_ok_and(|b| b.rows.is_empty() && b.keys.is_empty());
        if Stage::of(&closing) == Stage::Done && is_empty() {
            continue;
        }
        let done = match begun {
            Ok(true) => destroy(store, closing.tenant, now),
            Ok(false) => Ok(Stage::Waiting),
            Err(e) => Err(e.into()),
        };
        match done {
            Ok(Stage::Waiting) => {
                next = next.min(Duration::from_millis(closing.due.saturating_sub(now).max(1)));
            }
            Ok(_) => {}
            Err(NotClosed::Refused(cause) | NotClosed::Failed(cause)) => {
                later(closing.tenant, &cause);
                next = next.min(AGAIN);
            }
        }
    }
    next
}

/// The way to the thread that goes on with closings, and who may begin one or take one back.
pub struct ClosingDesk {
    turn: std::sync::Mutex<()>,
    look: SyncSender<()>,
    looked_for: std::sync::Mutex<Option<std::sync::mpsc::Receiver<()>>>,
}

impl Default for ClosingDesk {
    fn default() -> ClosingDesk {
        let (look, looked_for) = sync_channel(1);
        ClosingDesk {
            turn: std::sync::Mutex::default(),
            look,
            looked_for: std::sync::Mutex::new(Some(looked_for)),
        }
    }
}

impl ClosingDesk {
    /// Has closings looked at now.
    fn look(&self) {
        // One that waits to be read says as much as two.
        let _ = self.look.try_send(());
    }
}

/// Goes on with closings until it is dropped.
pub struct ClosingJob {
    handle: Handle,
    stopping: std::sync::Arc<std::sync::atomic::AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ClosingJob {
    /// Begins.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn start(handle: Handle) -> std::io::Result<ClosingJob> {
        let stopping = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let looked_for = handle.closing.looked_for.lock().unwrap_or_else(|e| e.into_inner()).take();
        let (running, seen) = (handle.clone(), stopping.clone());
        let work = move || {
            let Some(looked_for) = looked_for else { return };
            let mut wait = AGAIN;
            while !matches!(looked_for.recv_timeout(wait), Err(RecvTimeoutError::Disconnected))
                && !seen.load(std::sync::atomic::Ordering::Relaxed)
            {
                wait = go_on_running(&running);
            }
        };
        let thread = std::thread::Builder::new().name("closing".into()).spawn(work)?;
        Ok(ClosingJob { handle, stopping, thread: Some(thread) })
    }
}

impl Drop for ClosingJob {
    fn drop(&mut self) {
        self.stopping.store(true, std::sync::atomic::Ordering::Relaxed);
        self.handle.closing.look();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
