//! The thread that signs where each tenant's audit log ends, once a day (UTC), and sends that elsewhere: into a file, and
//! to the webhooks that ask for it. A head that is kept where the server cannot reach it finds a log that was made anew.

use crate::announce::AUDIT_HEAD;
use crate::audit_file::HeadLine;
use crate::running::Handle;
use engine::Time;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use store::{AuditHead, OutboxItem, StoreError, TenantId};

/// Between two looks whether a new day began.
const LOOK: Duration = Duration::from_secs(30);
const DAY_MS: u64 = 86_400_000;

/// Signs until it is dropped.
pub struct AuditHeads {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl AuditHeads {
    /// Begins, at once with the tenants whose log has no head of today.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn start(handle: Handle) -> std::io::Result<AuditHeads> {
        let (stop, stopped) = channel::<()>();
        let look = move || loop {
            if let Err(e) = sign_all(&handle) {
                tracing::error!(event = "audit_head", cause = %e, "the end of an audit log was not signed or not sent");
            }
            if !matches!(stopped.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
                return;
            }
        };
        let thread = std::thread::Builder::new().name("audit-heads".into()).spawn(look)?;
        Ok(AuditHeads { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for AuditHeads {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn sign_all(handle: &Handle) -> Result<(), String> {
    let (now, mut failed, store) = (crate::clock::wall_ms(), Ok(()), &handle.store);
    for (tenant, _) in store.tenants().map_err(|e| e.to_string())? {
        let heads = store.audit_heads(tenant).map_err(|e| e.to_string())?;
        if !heads.iter().any(|h| h.at / DAY_MS == now / DAY_MS) {
            store.sign_audit_head(tenant, now).map_err(|e| e.to_string())?;
        }
        // What could not be sent is sent at the next look, also by the server of after a restart.
        if let Some(head) = store.unsent_audit_head(tenant).map_err(|e| e.to_string())? {
            failed = send(handle, tenant, &head).and(failed);
        }
    }
    failed
}

/// Sends a head into the file and to webhooks, and writes down that it was sent.
///
/// # Errors
/// What could not be done, in a sentence.
pub fn send(handle: &Handle, tenant: TenantId, head: &AuditHead) -> Result<(), String> {
    let said = |e: StoreError| e.to_string();
    let line = HeadLine::new(&handle.store.tenant_name(tenant).map_err(said)?, head);
    if let Some(path) = &handle.audit_heads {
        append(path, &line).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let receivers = handle
        .ask_and_wait(move |switch, now| switch.receivers_of(now, tenant, AUDIT_HEAD))
        .unwrap_or_default();
    let now = crate::clock::wall_ms();
    if receivers.is_empty() {
        return handle.store.audit_head_sent(tenant, head, now).map_err(said);
    }
    let facts = json!({
        "tenant": line.tenant,
        "entry": line.head,
        "at_ms": line.at_ms,
        "digest": line.digest,
        "key": line.key,
        "signature": line.signature,
    });
    let item = OutboxItem {
        id: format!("h{}-{}", head.entry, head.at),
        event: AUDIT_HEAD,
        at: Time(head.at),
        receivers,
        facts: facts.to_string(),
    };
    handle.store.put_outbox(tenant, &[item], now).map_err(said)?;
    handle.store.audit_head_sent(tenant, head, now).map_err(said)
}

fn append(path: &Path, line: &HeadLine) -> std::io::Result<()> {
    if let Some(dir) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
        std::fs::create_dir_all(dir)?;
    }
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
