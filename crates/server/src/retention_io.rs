//! The thread that disposes of what is old, by each tenant's rules of kind Retention. A run that is interrupted is gone on
//! with at the next look: what is due is asked for anew each time.

use crate::running::{Handle, stored_documents};
use crate::tenant::check::Documents;
use crate::tenant::objects::{LEAST_AUDIT_DAYS, RetainedClass, Retention};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use store::{DataClass, DisposalRule, DisposalRun, Disposed, Store, TenantId};

/// Between two runs.
const EVERY: Duration = Duration::from_secs(3_600);
/// The first run after the start waits, so that a start is not slowed.
const FIRST: Duration = Duration::from_secs(60);
const DAY_MS: u64 = 86_400_000;
/// Between two pages of what is disposed of, so that calls are written meanwhile.
const PAUSE: Duration = Duration::from_millis(20);
/// Audio that was written to within this time is never taken for audio that nobody knows: its row may be on its way.
const SETTLED: Duration = Duration::from_secs(3_600);

/// Disposes until it is dropped.
pub struct RetentionJob {
    stop: Option<Sender<()>>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl RetentionJob {
    /// Begins.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn start(handle: Handle) -> std::io::Result<RetentionJob> {
        let (stop, stopped) = channel::<()>();
        let stopping = Arc::new(AtomicBool::new(false));
        let seen = stopping.clone();
        let look = move || {
            let mut wait = FIRST;
            let mut swept = false;
            while matches!(stopped.recv_timeout(wait), Err(RecvTimeoutError::Timeout)) {
                wait = EVERY;
                if !std::mem::replace(&mut swept, true) {
                    sweep_audio(&handle.store);
                    index_names(&handle.store, &seen);
                }
                for (tenant, _) in handle.store.tenants().unwrap_or_default() {
                    if let Err(cause) = handle.store.sweep_user_keys(tenant) {
                        tracing::error!(event = "user_keys", cause = %cause, tenant = tenant.0, "keys of deleted users are still there");
                    }
                    if let Err(cause) = run(&handle, tenant, &seen) {
                        tracing::error!(
                            event = "retention",
                            cause,
                            tenant = tenant.0,
                            "old data was not disposed of"
                        );
                    }
                }
                for (tenant, parties) in end_erasures(&handle.store) {
                    // A switch that does not hear it is stopping: it knows nobody of them when it is started again.
                    let _ = handle.ask_and_wait(move |switch, _| switch.forget_parties(tenant, &parties));
                }
                replace_copies(&handle.store);
                // What was erased while somebody read the database, a backup for one, may still stand in its log.
                if let Err(cause) = handle.store.empty_log() {
                    tracing::error!(event = "log_kept", cause = %cause, "the database's log was not emptied");
                }
            }
        };
        let thread = std::thread::Builder::new().name("retention".into()).spawn(look)?;
        Ok(RetentionJob { stop: Some(stop), stopping, thread: Some(thread) })
    }
}

impl Drop for RetentionJob {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Ends erasures that were interrupted. Gives the parties that are nobody's any more, by tenant.
pub fn end_erasures(store: &Store) -> Vec<(TenantId, Vec<engine::PartyId>)> {
    match store.end_erasures(crate::clock::wall_ms()) {
        Ok(ended) => {
            if !ended.is_empty() {
                tracing::info!(
                    event = "erasures_ended",
                    people = ended.len(),
                    "erasures that were interrupted are ended"
                );
            }
            ended
        }
        Err(e) => {
            tracing::error!(event = "erasures_ended", cause = %e, "an erasure that was interrupted is not ended");
            Vec::new()
        }
    }
}

/// Removes audio whose row went while the process died.
fn sweep_audio(store: &Store) {
    let before = std::time::SystemTime::now().checked_sub(SETTLED);
    match store.sweep_audio(before.unwrap_or(std::time::UNIX_EPOCH)) {
        Ok(0) => {}
        Ok(files) => tracing::info!(event = "audio_swept", files, "audio that nobody knows was removed"),
        Err(e) => {
            tracing::error!(event = "audio_swept", cause = %e, "audio that nobody knows was not removed");
        }
    }
}

/// Makes findable by name whoever called before names could be searched.
fn index_names(store: &Store, stopping: &AtomicBool) {
    for (tenant, _) in store.tenants().unwrap_or_default() {
        match store.index_names(tenant, &|| !stopping.load(Ordering::Relaxed)) {
            Ok(0) => {}
            Ok(people) => {
                tracing::info!(event = "names_indexed", tenant = tenant.0, people, "names can be searched")
            }
            Err(e) => {
                tracing::error!(event = "names_indexed", tenant = tenant.0, cause = %e, "names cannot be searched");
            }
        }
    }
}

/// Replaces the keys of backups that may hold one that was destroyed. Gives how many could not be replaced now: the next
/// run of the job tries again.
pub fn replace_copies(store: &Store) -> u64 {
    let states = store.replace_copies().unwrap_or_else(|e| {
        tracing::error!(event = "backup_keys", cause = %e, "the list of backups cannot be read");
        Vec::new()
    });
    let mut pending = 0;
    for state in states {
        let Some(cause) = state.pending else { continue };
        pending += 1;
        tracing::warn!(event = "backup_keys", dir = %state.copy.dir.display(), cause, "a backup's keys could not be replaced after an erasure");
    }
    pending
}

/// A rule of a tenant, with its id.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The object's id.
    pub id: String,
    /// The object.
    pub body: Retention,
    queue: Option<u32>,
}

/// The rules of a tenant as they are stored.
///
/// # Errors
/// A sentence.
pub fn rules(store: &Store, tenant: TenantId) -> Result<Vec<Rule>, String> {
    let (documents, numbers) = stored_documents(store, tenant)?;
    let of_kind = documents.values().filter(|d| d.kind == "Retention");
    of_kind
        .map(|d| {
            let mut body = d.body.clone();
            if let Some(all) = body.as_object_mut() {
                all.remove("kind");
                all.remove("id");
            }
            let body: Retention =
                serde_json::from_value(body).map_err(|e| format!("Retention {}: {e}", d.id))?;
            let queue = body.queue.as_ref().and_then(|q| numbers.get(&("Queue".into(), q.clone()))).copied();
            Ok(Rule { id: d.id.clone(), body, queue })
        })
        .collect()
}

/// Days that data is kept after the account ends, by the tenant's own rule.
pub fn days_after_closing(documents: &Documents) -> Option<u64> {
    let rules = documents.values().filter(|d| d.kind == "Retention" && d.body["class"] == "closing");
    rules.filter_map(|d| d.body["days"].as_u64()).min()
}

/// The rules that run while the account goes on, ready to be run at this time; audio before records.
fn to_run(rules: &[Rule], now: u64) -> Vec<(String, DisposalRule)> {
    let class = |c| match c {
        RetainedClass::Call => Some(DataClass::Call),
        RetainedClass::Recording => Some(DataClass::Recording),
        RetainedClass::Voicemail => Some(DataClass::Voicemail),
        RetainedClass::Notes => Some(DataClass::Notes),
        RetainedClass::Report => Some(DataClass::Report),
        RetainedClass::Config => Some(DataClass::Config),
        RetainedClass::Audit => Some(DataClass::Audit),
        RetainedClass::Closing => None,
    };
    let mut all = Vec::new();
    for wanted in DataClass::ALL {
        let of_class: Vec<&Rule> = rules.iter().filter(|r| class(r.body.class) == Some(wanted)).collect();
        let except: Vec<u32> = of_class.iter().filter_map(|r| r.queue).collect();
        for rule in of_class {
            let days = match wanted {
                // A rule of fewer is refused; whoever writes it past that wins nothing.
                DataClass::Audit => rule.body.days.max(LEAST_AUDIT_DAYS),
                _ => rule.body.days,
            };
            let before = match days {
                // What ended is old at once.
                0 => now.saturating_add(1),
                days => now.saturating_sub(u64::from(days) * DAY_MS),
            };
            let except = if rule.body.queue.is_some() { Vec::new() } else { except.clone() };
            all.push((rule.id.clone(), DisposalRule { class: wanted, queue: rule.queue, except, before }));
        }
    }
    all
}

fn view(done: &Disposed) -> Value {
    json!({"calls": done.calls, "held": done.held, "recordings": done.recordings, "people": done.people, "rows": done.rows})
}

/// What would go now, by rule, and when the next thing is due: nothing is changed.
///
/// # Errors
/// A sentence.
pub fn look_ahead(store: &Store, tenant: TenantId) -> Result<Value, String> {
    let now = crate::clock::wall_ms();
    let rules = rules(store, tenant)?;
    let mut all = BTreeMap::new();
    for (id, rule) in to_run(&rules, now) {
        let due = store.due(tenant, &rule).map_err(|e| e.to_string())?;
        let oldest = store.oldest(tenant, &rule).map_err(|e| e.to_string())?;
        let kept = now.saturating_sub(rule.before);
        let next = oldest.map(|at| crate::view::time(engine::Time(at + kept)));
        all.insert(
            id,
            json!({"class": rule.class.name(), "calls": due.calls, "rows": due.rows, "held": due.held, "next_due": next}),
        );
    }
    Ok(json!(all))
}

/// Runs the rules of a tenant once; what came of it is remembered and in the audit log.
///
/// # Errors
/// A sentence; what went stays gone.
pub fn run(handle: &Handle, tenant: TenantId, stopping: &AtomicBool) -> Result<Value, String> {
    let store = &handle.store;
    let now = crate::clock::wall_ms();
    let rules = to_run(&rules(store, tenant)?, now);
    if rules.is_empty() {
        // What an erasure could not reach is tried again.
        replace_copies(store);
        return Ok(json!({}));
    }
    // Asked after the time was taken: of every call that ended before it, what was promised is known by now.
    let asked = handle.ask_and_wait(move |switch, _| (switch.needed_parties(tenant), switch.aliased(tenant)));
    let (needed, aliased) = asked.ok_or("the server is busy or stopping")?;
    let said = |e: store::StoreError| e.to_string();
    let mut note = DisposalRun { at: now, ended: None, report: "{}".into() };
    store.note_run(tenant, &note).map_err(said)?;
    let mut report = BTreeMap::new();
    let (mut gone, mut people, mut refused) = (0, 0, None);
    for (id, rule) in rules {
        let mut go_on = |done: &Disposed| {
            if done.calls + done.rows > 0 {
                std::thread::sleep(PAUSE);
            }
            !stopping.load(Ordering::Relaxed)
        };
        let done = match rule.class {
            DataClass::Audit => match store.cut_audit(tenant, rule.before, now, &mut go_on) {
                // What else came of the run is written down first.
                Err(cause) => {
                    refused = Some(cause.to_string());
                    continue;
                }
                done => done.map_err(said)?,
            },
            _ => store.dispose(tenant, &rule, &needed, &mut go_on).map_err(said)?,
        };
        gone += done.calls + done.rows;
        people += done.people;
        report.insert(id, view(&done));
        note.report = json!(report).to_string();
        store.note_run(tenant, &note).map_err(said)?;
    }
    note.ended = (refused.is_none() && !stopping.load(Ordering::Relaxed)).then(crate::clock::wall_ms);
    store.note_run(tenant, &note).map_err(said)?;
    if gone > 0 {
        store
            .audit(tenant, crate::clock::wall_ms(), "retention", "retention.dispose", "Retention/all")
            .map_err(said)?;
    }
    if people > 0 {
        // Whoever comes again is somebody new in the journal, too.
        let kept: HashSet<u64> = store.aliases(tenant).map_err(said)?.iter().map(|a| a.number).collect();
        let gone: HashSet<u64> = aliased.into_iter().filter(|number| !kept.contains(number)).collect();
        let _ = handle.ask_and_wait(move |switch, _| switch.forget_aliases(tenant, &gone));
    }
    replace_copies(store);
    tracing::info!(event = "retention", tenant = tenant.0, calls = gone, "old data was disposed of");
    refused.map_or_else(|| Ok(json!(report)), Err)
}
