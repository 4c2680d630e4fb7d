//! Another master key in place of the one there is, while the store is open.
//!
//! The new key lies beside the old one, in a file ending in `.next`, before anything is done with it: that file is the
//! request, and what an interrupted change goes on from. Then all keys that the master key wraps are wrapped anew in one
//! transaction, and only then the files change places. Whenever the process dies, one of the two files opens the
//! database, and the next start finds out which and goes on.

use crate::copies::{overwrite, sync_folder};
use crate::error::StoreError;
use crate::keys::{DataKey, Keys, key_place, master_key};
use crate::sql::{Sql, transaction};
use crate::store::{Store, TenantId};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Keys that the master key wraps: those of tenants, and the installation's own.
const WRAPPED: &str = "SELECT tenant, kind, id, wrapped FROM keys WHERE tenant = 0 OR kind = 'tenant'";

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn next_of(path: &Path) -> PathBuf {
    beside(path, ".next")
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> StoreError {
    let name = path.display().to_string();
    move |e| StoreError::File(name.clone(), e)
}

/// Whether this is the master key of these keys; `None` where it wraps none yet.
pub(crate) fn opens(db: &mut dyn Sql, master: &DataKey) -> Result<Option<bool>, StoreError> {
    let rows = db.rows(&format!("{WRAPPED} ORDER BY tenant, kind, id LIMIT 1"), &[])?;
    Ok(rows.first().map(|r| {
        let place = key_place(TenantId(r.int(0) as u64), r.text(1), r.int(2) as u64);
        master.open(&place, r.bytes(3)).is_ok()
    }))
}

/// Reads the master key, or makes one where `may_make` says so. A change of it that was interrupted after its transaction
/// is ended here; one that was interrupted before is gone on with by [`Store::rotate_master`].
pub(crate) fn current(path: &Path, may_make: bool, db: &mut dyn Sql) -> Result<DataKey, StoreError> {
    let next = next_of(path);
    if !next.exists() {
        if path.exists() {
            overwrite(&beside(path, ".old"))?;
        }
        return master_key(path, may_make);
    }
    let new = master_key(&next, false)?;
    if opens(db, &new)? == Some(true) {
        change_places(path)?;
        return Ok(new);
    }
    master_key(path, may_make)
}

/// The new file takes the place of the old one, whose bytes are overwritten.
fn change_places(path: &Path) -> Result<(), StoreError> {
    let old = beside(path, ".old");
    if path.exists() {
        std::fs::rename(path, &old).map_err(failed(&old))?;
    }
    std::fs::rename(next_of(path), path).map_err(failed(path))?;
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        sync_folder(folder)?;
    }
    overwrite(&old)
}

/// Asks for another master key: makes it, beside the one there is. The store that is open, or the next one that is opened,
/// does the rest. One that was asked for before and not taken up yet stays.
///
/// # Errors
/// What the disk said.
pub fn ask_for_master(settings: &crate::store::StoreSettings) -> Result<(), StoreError> {
    let path = crate::store::file_path(&settings.keys, "keys.url")?;
    if !path.exists() {
        return Err(StoreError::NotFound(format!("there is no master key {}", path.display())));
    }
    let (next, part) = (next_of(&path), beside(&path, ".part"));
    if next.exists() {
        return Ok(());
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part).map_err(failed(&part))?;
    let text = DataKey::random()?.as_hex();
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed(&part))?;
    std::fs::rename(&part, &next).map_err(failed(&next))
}

/// Whether a master key was asked for and is not in force yet.
///
/// # Errors
/// When the configuration names no file.
pub fn master_is_asked_for(settings: &crate::store::StoreSettings) -> Result<bool, StoreError> {
    Ok(next_of(&crate::store::file_path(&settings.keys, "keys.url")?).exists())
}

impl Keys {
    /// Wraps anew, with this key, everything that the master key wraps. What the database keeps beside its own file of
    /// the old form is overwritten.
    fn wrap_anew(&mut self, new: DataKey) -> Result<(), StoreError> {
        let old = self.master_and_generation()?.0;
        transaction(self.db(), |db| {
            for row in db.rows(WRAPPED, &[])? {
                let (tenant, kind, id) = (TenantId(row.int(0) as u64), row.text(1), row.int(2) as u64);
                let place = key_place(tenant, kind, id);
                let wrapped = new.seal(&place, &old.open(&place, row.bytes(3))?)?;
                let sql = "UPDATE keys SET wrapped = $1 WHERE tenant = $2 AND kind = $3 AND id = $4";
                db.run(sql, &[wrapped.into(), tenant.into(), kind.into(), id.into()])?;
            }
            // The files of keys that lie with backups are sealed with the old one: they are to be replaced.
            db.run("UPDATE destroyed SET count = count + 1", &[])
        })?;
        self.set_master(new);
        self.forget_deleted()
    }
}

impl Store {
    /// Puts a master key in force that was asked for; false where none was. When this returns, nothing needs the old one
    /// but backups that [`Store::replace_copies`] has not reached yet.
    ///
    /// # Errors
    /// What disk or database said: one of both keys is in force, and the next call goes on.
    pub fn rotate_master(&self) -> Result<bool, StoreError> {
        let mut keys = self.keys();
        let next = next_of(self.key_path());
        if !next.exists() {
            return Ok(false);
        }
        let new = master_key(&next, false)?;
        if keys.opens_with(&new)? != Some(true) {
            keys.wrap_anew(new)?;
        }
        change_places(self.key_path())?;
        Ok(true)
    }
}
