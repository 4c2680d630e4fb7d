//! The end of an account: calls and sign-in stop, everything of the tenant is destroyed, and a certificate that is signed
//! by the installation says what was destroyed and when.

use crate::attest::{sealed, text_of};
use crate::audit_file::hex;
use crate::retention_io;
use crate::running::{self, Handle, stored_documents};
use crate::tenant::check::{Document, Documents};
use crate::view;
use engine::Time;
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};
use store::{Closing, Store, StoreError, TenantId};

/// What stands in the certificate's field `kind`.
pub const KIND: &str = "certificate of disposal";
/// How long events that are on their way to the disk are waited for.
const PATIENCE: Duration = Duration::from_secs(20);

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

/// Closes a tenant of a running server. Gives the certificate, or `None` where a backup could not be reached yet: then the
/// certificate comes when it was.
///
/// # Errors
/// [`NotClosed::Refused`] while calls are open or a legal hold keeps something: nothing was changed then.
pub fn close(handle: &Handle, tenant: TenantId, who: &str) -> Result<Option<Value>, NotClosed> {
    let held = handle.store.holds(tenant)?.len();
    if held > 0 {
        return Err(NotClosed::Refused(format!(
            "legal holds keep data of this tenant ({held}): lift them first"
        )));
    }
    let nothing = running::understand_alone(&nobody()).map_err(NotClosed::Failed)?;
    let gone = || NotClosed::Failed("the server is stopping".into());
    let closed = handle.ask_and_wait(move |switch, now| switch.close_tenant(now, tenant, nothing));
    let last = closed.ok_or_else(gone)?.map_err(|open| {
        NotClosed::Refused(format!(
            "{open} calls of this tenant are open: end them, or wait until they are over"
        ))
    })?;
    // What was on its way to the disk is there before it is destroyed.
    let until = Instant::now() + PATIENCE;
    while handle.ask_and_wait(|switch, _| switch.committed()).ok_or_else(gone)? < last {
        if Instant::now() >= until {
            return Err(NotClosed::Failed("the journal cannot be written: try again when it can".into()));
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    handle.directories.erase(&handle.store, tenant, None)?;
    handle.directories.forget_entered(tenant);
    begin(&handle.store, tenant, who)?;
    finish(&handle.store, tenant)
}

/// Closes a tenant of a server that stands still.
///
/// # Errors
/// [`NotClosed::Refused`] when a legal hold keeps something: nothing was changed then.
pub fn close_stored(store: &Store, tenant: TenantId) -> Result<Option<Value>, NotClosed> {
    begin(store, tenant, "command line")?;
    finish(store, tenant)
}

/// The configuration of nobody: it takes no call and keeps nothing.
fn nobody() -> Documents {
    let body = json!({"kind": "Tenant", "id": "closed", "profile": "bridge"});
    let document = Document { kind: "Tenant".into(), id: "closed".into(), body };
    [(("Tenant".to_string(), "closed".to_string()), document)].into_iter().collect()
}

/// Writes down what there is, and that it is to be destroyed.
fn begin(store: &Store, tenant: TenantId, who: &str) -> Result<(), NotClosed> {
    let now = crate::clock::wall_ms();
    let (documents, _) = stored_documents(store, tenant).map_err(NotClosed::Failed)?;
    let profile = documents.values().find(|d| d.kind == "Tenant").map(|d| d.body["profile"].clone());
    let name = store.tenant_name(tenant)?;
    store.audit(tenant, now, who, "tenant.close", &format!("Tenant/{name}"))?;
    let head = store.sign_audit_head(tenant, now)?;
    let there = store.belongings(tenant)?;
    let counted = |all: Vec<(String, u64)>| -> Map<String, Value> {
        all.into_iter().map(|(what, n)| (what, n.into())).collect()
    };
    let facts = json!({
        "kind": KIND,
        "tenant": name,
        "profile": profile.unwrap_or_default(),
        "asked": view::time(Time(now)),
        "destroyed": {"rows": counted(there.rows), "keys": counted(there.keys)},
        "audit": head.map(|h| json!({"entry": h.entry, "digest": hex(&h.digest)})),
    });
    Ok(store.begin_closing(tenant, now, &facts.to_string())?)
}

/// Destroys what is left of a tenant that is being closed, and makes the certificate once no backup has its keys.
fn finish(store: &Store, tenant: TenantId) -> Result<Option<Value>, NotClosed> {
    store.destroy_tenant(tenant)?;
    let pending = retention_io::replace_copies(store);
    let closings = store.closings()?;
    let found = closings.iter().find(|c| c.tenant == tenant);
    let Closing { facts, certificate, .. } =
        found.cloned().ok_or_else(|| NotClosed::Failed("the closing is not written down".into()))?;
    if let Some(made) = certificate {
        return Ok(serde_json::from_str(&made).ok());
    }
    if pending > 0 {
        return Ok(None);
    }
    let left = store.belongings(tenant)?;
    if left.rows.iter().chain(&left.keys).any(|(_, n)| *n > 0) {
        return Ok(None);
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

/// Goes on with closings that were interrupted, or waited for a backup; and destroys what a request that was under way
/// wrote after its tenant was closed.
pub fn go_on(store: &Store) {
    for closing in store.closings().unwrap_or_default() {
        let is_done = closing.certificate.is_some();
        let is_empty =
            || store.belongings(closing.tenant).is_ok_and(|b| b.rows.is_empty() && b.keys.is_empty());
        if is_done && is_empty() {
            continue;
        }
        match finish(store, closing.tenant) {
            Ok(_) => {}
            Err(NotClosed::Refused(cause) | NotClosed::Failed(cause)) => {
                tracing::error!(
                    event = "tenant_closing",
                    tenant = closing.tenant.0,
                    cause,
                    "a closing goes on later"
                );
            }
        }
    }
}

/// The certificate of a tenant that was closed, by its name; the newest where several had it.
///
/// # Errors
/// What the database said.
pub fn certificate(store: &Store, name: &str) -> Result<Option<Value>, StoreError> {
    let closings = store.closings()?;
    let found = closings.iter().rev().find(|c| c.name == name);
    Ok(found.and_then(|c| serde_json::from_str(c.certificate.as_deref()?).ok()))
}
