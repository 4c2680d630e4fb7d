//! The thread that signs where each tenant's audit log ends, once a day (UTC), and sends that elsewhere: into a file, and
//! to the webhooks that ask for it. A head that is kept where the server cannot reach it finds a log that was made anew.

use crate::announce::AUDIT_HEAD;
use crate::audit_file::HeadLine;
use crate::backup_audit;
use crate::running::Handle;
use engine::Time;
use serde_json::json;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use store::{AuditHead, OutboxItem, StoreError, TenantId};

/// Between two looks whether something was done with a backup.
const LOOK: Duration = Duration::from_secs(1);
/// So many looks are between two whether a new day began.
const LOOKS_A_HEAD: u32 = 30;
const DAY_MS: u64 = 86_400_000;
/// How many bytes from the end of the file are searched for a head that was written before: some thousand lines.
const LOOKED_BACK: u64 = 1 << 20;

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
        let (mut looks, mut failed) = (0u32, false);
        let look = move || loop {
            if looks.is_multiple_of(LOOKS_A_HEAD)
                && let Err(e) = sign_all(&handle)
            {
                tracing::error!(event = "audit_head", cause = %e, "the end of an audit log was not signed or not sent");
            }
            looks = looks.wrapping_add(1);
            match backup_audit::note(&handle.store) {
                Ok(()) => failed = false,
                // Said once, not every second.
                Err(e) if !std::mem::replace(&mut failed, true) => {
                    tracing::error!(event = "backup_audit", cause = %e, "what was done with backups is not in the audit log yet");
                }
                Err(_) => {}
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
        // A tenant whose log cannot be signed takes the heads of the others from nobody.
        failed = sign(handle, tenant, now).and(failed);
    }
    failed
}

/// Signs the log of a tenant where it has no head of today, and sends what was not sent.
fn sign(handle: &Handle, tenant: TenantId, now: u64) -> Result<(), String> {
    let (store, said) = (&handle.store, |e: StoreError| e.to_string());
    let heads = store.audit_heads(tenant).map_err(said)?;
    if !heads.iter().any(|h| h.at / DAY_MS == now / DAY_MS) {
        store.sign_audit_head(tenant, now).map_err(said)?;
    }
    // What could not be sent is sent at the next look, also by the server of after a restart.
    match store.unsent_audit_head(tenant).map_err(said)? {
        Some(head) => send(handle, tenant, &head),
        None => Ok(()),
    }
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
    // Nobody answers while the server stops: that is not the same as nobody to be told.
    let receivers = handle
        .ask_and_wait(move |switch, now| switch.receivers_of(now, tenant, AUDIT_HEAD))
        .ok_or("the server is stopping: the webhooks are told after the next start")?;
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

/// Writes a head behind the others, unless it stands there since an earlier try that failed later on.
fn append(path: &Path, line: &HeadLine) -> std::io::Result<()> {
    if let Some(dir) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
        std::fs::create_dir_all(dir)?;
    }
    let text = serde_json::to_string(line)?;
    let mut file = std::fs::OpenOptions::new().create(true).read(true).append(true).open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOOKED_BACK)))?;
    let mut tail = Vec::new();
    Read::by_ref(&mut file).take(LOOKED_BACK).read_to_end(&mut tail)?;
    if tail.split(|b| *b == b'\n').any(|known| known == text.as_bytes()) {
        return Ok(());
    }
    // A line that was cut off by a full disk does not take this one with it.
    let before = if tail.last().is_none_or(|b| *b == b'\n') { "" } else { "\n" };
    file.write_all(format!("{before}{text}\n").as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_is_written_again_stands_there_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads/of.jsonl");
        let line = |entry| {
            let head = AuditHead { entry, at: 5, digest: vec![1], key: vec![2], signature: vec![3] };
            HeadLine::new("acme", &head)
        };
        for entry in [7, 7, 8, 7] {
            append(&path, &line(entry)).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"cut").unwrap();
        append(&path, &line(9)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let last = text.lines().last().unwrap();
        assert_eq!(last, serde_json::to_string(&line(9)).unwrap());
    }
}
