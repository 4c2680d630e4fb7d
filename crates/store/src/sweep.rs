//! Audio that nobody knows: its row went, and the process died before the file did. Its key went with the row, so nobody
//! can hear it; it only takes up room.

use crate::blobs::Inside;
use crate::error::StoreError;
use crate::store::{Store, TenantId};
use std::time::SystemTime;

/// The tenant and the number of the recording that a blob of this name is of.
fn recording_of(name: &str) -> Option<(TenantId, u64)> {
    let mut parts = name.strip_prefix("recordings/")?.split('/');
    let tenant = parts.next()?.parse().ok()?;
    let file = parts.nth(1)?;
    let id = file.strip_suffix(".rec")?.parse().ok()?;
    parts.next().is_none().then_some((TenantId(tenant), id))
}

impl Store {
    /// Removes audio that has no row and was not written to since `before`: what is being made has its file first. Gives
    /// how many files.
    ///
    /// # Errors
    /// What database or disk said.
    pub fn sweep_audio(&self, before: SystemTime) -> Result<u64, StoreError> {
        let mut removed = 0;
        for tenant in self.blobs().inside("recordings")? {
            for folder in self.inside(&tenant)? {
                // A folder has the recordings of a thousand numbers.
                for file in self.inside(&folder)? {
                    removed += u64::from(!file.is_folder && file.changed < before && self.sweep(&file)?);
                }
            }
        }
        Ok(removed)
    }

    fn inside(&self, folder: &Inside) -> Result<Vec<Inside>, StoreError> {
        match folder.is_folder {
            true => self.blobs().inside(&folder.name),
            false => Ok(Vec::new()),
        }
    }

    fn sweep(&self, file: &Inside) -> Result<bool, StoreError> {
        let Some((tenant, id)) = recording_of(&file.name) else { return Ok(false) };
        let sql = "SELECT 1 FROM recordings WHERE tenant = $1 AND id = $2";
        if !self.reader().rows(sql, &[tenant.into(), id.into()])?.is_empty() {
            return Ok(false);
        }
        self.blobs().remove(&file.name).map(|()| true)
    }
}
