//! The newest attestation of each tenant, and how far the one is that is being made. It stands with the data of a tenant that
//! keeps some, and goes with it; of one that keeps nothing it is in memory alone.

use crate::attest::text_of;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use store::{Store, StoreError, TenantId};

/// How far the checks of an attestation are: of the one under way, or of the newest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Progress {
    /// Whether one is under way.
    pub running: bool,
    /// The check that is run now; null where none is.
    pub check: Option<String>,
    /// How many checks are done.
    pub done: u32,
    /// Out of how many; 0 where none was run.
    pub of: u32,
}

#[derive(Default)]
struct Known {
    progress: Progress,
    /// Of a tenant that keeps nothing. Nothing of a person stands in it.
    newest: Option<Arc<Value>>,
}

/// The attestations of a server's tenants.
#[derive(Default)]
pub struct Attestations(Mutex<BTreeMap<TenantId, Known>>);

impl Attestations {
    fn known(&self) -> MutexGuard<'_, BTreeMap<TenantId, Known>> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// How far a tenant's attestation is; of one that was made before the start, that it is done.
    ///
    /// # Errors
    /// What the store said.
    pub fn progress(&self, store: &Store, tenant: TenantId) -> Result<Progress, StoreError> {
        let progress = self.known().get(&tenant).map(|k| k.progress.clone()).unwrap_or_default();
        if progress.of > 0 {
            return Ok(progress);
        }
        let newest = self.newest(store, tenant)?;
        let checks = newest.iter().filter_map(|made| made["checks"].as_array()).flatten();
        let of = u32::try_from(checks.filter(|check| !check["at"].is_null()).count()).unwrap_or(u32::MAX);
        Ok(Progress { done: of, of, ..Progress::default() })
    }

    /// A tenant's newest attestation, as it was signed.
    ///
    /// # Errors
    /// What the store said.
    pub fn newest(&self, store: &Store, tenant: TenantId) -> Result<Option<Arc<Value>>, StoreError> {
        if let Some(newest) = self.known().get(&tenant).and_then(|k| k.newest.clone()) {
            return Ok(Some(newest));
        }
        let Some(text) = store.attestation(tenant)? else { return Ok(None) };
        let read = serde_json::from_str(&text);
        read.map(|made| Some(Arc::new(made)))
            .map_err(|_| StoreError::Unreadable("the newest attestation".into()))
    }

    /// An attestation with so many checks begins.
    pub fn begin(self: &Arc<Attestations>, tenant: TenantId, of: usize) -> Steps {
        let of = u32::try_from(of).unwrap_or(u32::MAX);
        self.known().entry(tenant).or_default().progress =
            Progress { running: true, of, ..Progress::default() };
        Steps { all: self.clone(), tenant }
    }

    /// Nothing is known of a tenant any more whose account ends.
    pub fn forget(&self, tenant: TenantId) {
        self.known().remove(&tenant);
    }
}

/// Says of a tenant how far its attestation is, and at the end, however it ends, that none is under way.
pub struct Steps {
    all: Arc<Attestations>,
    tenant: TenantId,
}

impl Steps {
    /// A tenant that was forgotten meanwhile stays so.
    fn change(&self, change: impl FnOnce(&mut Known)) {
        if let Some(known) = self.all.known().get_mut(&self.tenant) {
            change(known);
        }
    }

    /// This check begins.
    pub fn at(&self, check: &str) {
        self.change(|known| {
            known.progress.done += u32::from(known.progress.check.is_some());
            known.progress.check = Some(check.to_string());
        });
    }

    /// This is the newest one, and it stands with the tenant's data if such is kept.
    ///
    /// # Errors
    /// What the store said.
    pub fn made(&self, store: &Store, is_kept: bool, document: &Value) -> Result<(), StoreError> {
        match is_kept {
            true => store.put_attestation(self.tenant, crate::clock::wall_ms(), &text_of(document))?,
            // Of when it kept some.
            false => store.forget_attestation(self.tenant)?,
        }
        self.change(|known| {
            known.progress.done = known.progress.of;
            known.newest = (!is_kept).then(|| Arc::new(document.clone()));
        });
        Ok(())
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.change(|known| (known.progress.running, known.progress.check) = (false, None));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use store::StoreSettings;

    #[test]
    fn of_a_tenant_whose_account_ends_nothing_is_remembered_and_nothing_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().display();
        let settings = StoreSettings {
            url: format!("sqlite:{at}/s.db"),
            full_sync: false,
            blobs: format!("file:{at}/blobs"),
            keys: format!("file:{at}/k"),
        };
        let store = Store::open(&settings).unwrap();
        let tenant = store.tenant("t", 1).unwrap();
        let all = Arc::new(Attestations::default());
        let newest = || all.newest(&store, tenant).unwrap().map(|made| made["n"].clone());
        for (n, is_kept) in [(1, false), (2, true), (3, false)] {
            let steps = all.begin(tenant, 1);
            steps.at("x");
            steps.made(&store, is_kept, &json!({"n": n, "checks": [{"at": "then"}, {"at": null}]})).unwrap();
            drop(steps);
            assert_eq!(newest(), Some(json!(n)));
            assert_eq!(store.attestation(tenant).unwrap().is_some(), is_kept);
            let done = Progress { running: false, check: None, done: 1, of: 1 };
            assert_eq!(all.progress(&store, tenant).unwrap(), done);
            // From the next start on that is known of what is kept.
            let later = Attestations::default().progress(&store, tenant).unwrap();
            assert_eq!(later, if is_kept { done } else { Progress::default() });
        }
        let late = all.begin(tenant, 1);
        all.forget(tenant);
        assert_eq!(newest(), None);
        late.at("x");
        late.made(&store, false, &json!({"n": 4})).unwrap();
        drop(late);
        assert_eq!((newest(), all.progress(&store, tenant).unwrap()), (None, Progress::default()));
        // The store keeps none of an account that ended either.
        store.begin_closing(tenant, (2, 2), "x").unwrap();
        assert!(all.begin(tenant, 1).made(&store, true, &json!({"n": 5})).is_err());
        assert_eq!(store.attestation(tenant).unwrap(), None);
    }
}
