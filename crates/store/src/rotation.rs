//! Another master key in place of the one there is, while the store is open; from one place to another too, such as from a
//! file into a token.
//!
//! The new key is there before anything is done with it, beside the old one or in its new place. Then all keys that the
//! master key wraps are wrapped anew in one transaction, and only then the old key is destroyed. Whenever the process dies,
//! one of the two keys opens the database, and the next start finds out which and goes on.
//!
//! Two small files stand beside the database: one says where the master key in force is and since when, the other that
//! somebody asked for a change. Neither holds a secret.

use crate::copies::sync_folder;
use crate::erase::KeyAge;
use crate::error::StoreError;
use crate::keys::{Keys, key_place};
use crate::master::{KeyPlace, Master, MasterKey, Which, place_of};
use crate::sql::{Sql, transaction};
use crate::sqlite::Sqlite;
use crate::store::{Store, StoreSettings, TenantId, sqlite_path};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Keys that the master key wraps: those of tenants, and the installation's own.
const WRAPPED: &str = "SELECT tenant, kind, id, wrapped FROM keys WHERE tenant = 0 OR kind = 'tenant'";

/// The master key that a store holds, and where it is.
pub(crate) struct Held {
    pub(crate) place: Arc<dyn KeyPlace>,
    pub(crate) url: String,
}

/// Where the master key in force is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterAbout {
    /// Its address, as in `keys.url`. It holds no secret.
    pub url: String,
    /// Since when it is in force, in milliseconds since 1970.
    pub since: u64,
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> StoreError {
    let name = path.display().to_string();
    move |e| StoreError::File(name.clone(), e)
}

fn note_path(database: &Path) -> PathBuf {
    database.with_extension("keys.at")
}

fn request_path(database: &Path) -> PathBuf {
    database.with_extension("keys.next")
}

fn read_if_there(path: &Path) -> Result<Option<String>, StoreError> {
    match std::fs::read_to_string(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        text => text.map(Some).map_err(failed(path)),
    }
}

/// Puts a file in place as a whole.
fn put(path: &Path, text: &str) -> Result<(), StoreError> {
    let part = PathBuf::from(format!("{}.part", path.display()));
    let mut file = std::fs::File::create(&part).map_err(failed(&part))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed(&part))?;
    std::fs::rename(&part, path).map_err(failed(path))?;
    path.parent().filter(|f| !f.as_os_str().is_empty()).map_or(Ok(()), sync_folder)
}

/// Where the master key in force is; `None` where no version that writes it down had the database open yet.
pub(crate) fn in_force(database: &Path) -> Result<Option<MasterAbout>, StoreError> {
    let text = read_if_there(&note_path(database))?;
    Ok(text.and_then(|text| {
        let (url, since) = text.trim_end().split_once('\n')?;
        Some(MasterAbout { url: url.into(), since: since.parse().ok()? })
    }))
}

fn note(database: &Path, url: &str, since: u64) -> Result<(), StoreError> {
    put(&note_path(database), &format!("{url}\n{since}\n"))
}

/// Where the master key is to be from now on, when somebody asked for a change.
fn requested(database: &Path) -> Result<Option<String>, StoreError> {
    Ok(read_if_there(&request_path(database))?.map(|text| text.trim_end().to_string()))
}

fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |d| d.as_millis() as u64)
}

/// Whether this is the master key of these keys; `None` where it wraps none yet.
///
/// # Errors
/// When a key service does not answer: then nothing is known.
pub(crate) fn opens(db: &mut dyn Sql, master: &dyn MasterKey) -> Result<Option<bool>, StoreError> {
    if db.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'keys'", &[])?.is_empty() {
        return Ok(None);
    }
    let rows = db.rows(&format!("{WRAPPED} ORDER BY tenant, kind, id LIMIT 1"), &[])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let place = key_place(TenantId(row.int(0) as u64), row.text(1), row.int(2) as u64);
    match master.open(&place, row.bytes(3)) {
        Ok(_) => Ok(Some(true)),
        Err(StoreError::Unreadable(_)) => Ok(Some(false)),
        Err(e) => Err(e),
    }
}

fn opens_current(db: &mut dyn Sql, place: &dyn KeyPlace, which: Which) -> Result<Option<Master>, StoreError> {
    if !place.has(which)? {
        return Ok(None);
    }
    let key = place.key(which)?;
    Ok((opens(db, &*key)? == Some(true)).then_some(key))
}

/// Finds the master key of a database of keys, or makes one where `may_make` says so; of the database nothing is changed. A
/// change that was interrupted after its transaction is ended here; one that was interrupted before is gone on with by
/// [`Store::rotate_master`].
///
/// # Errors
/// [`StoreError::Refused`] when the one at `url` is missing, or is not the one that these keys are wrapped by.
pub(crate) fn current(
    database: &Path,
    url: &str,
    may_make: bool,
    db: &mut dyn Sql,
) -> Result<(Master, Held), StoreError> {
    let place = place_of(url)?;
    let held = |place: Arc<dyn KeyPlace>, url: &str| Held { place, url: url.into() };
    match opens_current(db, &*place, Which::Next)? {
        Some(_) => place.change_places()?,
        None => place.tidy()?,
    }
    let is_there = place.has(Which::Current)?;
    if is_there {
        let key = place.key(Which::Current)?;
        if opens(db, &*key)? != Some(false) {
            return Ok((key, held(place, url)));
        }
    } else if may_make {
        place.make(Which::Current)?;
        return Ok((place.key(Which::Current)?, held(place, url)));
    }
    let what = match is_there {
        true => format!("{} is not the master key of {}", place.name(), database.display()),
        false => format!("{} is missing", place.name()),
    };
    if let Some(known) = in_force(database)?.filter(|known| known.url != url) {
        if requested(database)?.as_deref() == Some(url) {
            let old = place_of(&known.url)?;
            if let Some(key) = opens_current(db, &*old, Which::Current)? {
                return Ok((key, held(old, &known.url)));
            }
        }
        return Err(StoreError::Refused(format!(
            "{what}: its keys are sealed by the one at {}; set keys.url back, or move it with switchroom rotate-key",
            known.url
        )));
    }
    Err(StoreError::Refused(match is_there {
        true => format!(
            "{what}: it was sealed with another master key; bring that one back from where keys are kept; nothing was changed"
        ),
        false => format!(
            "{what}, and there is a database that was sealed with it: bring it back from where keys are kept"
        ),
    }))
}

/// Asks for another master key: makes it, beside the one there is, or where the settings say when that is another place
/// than until now. The store that is open, or the next one that is opened, does the rest. One that was asked for before and
/// not taken up yet stays.
///
/// # Errors
/// What the disk or a key service said.
pub fn ask_for_master(settings: &StoreSettings) -> Result<(), StoreError> {
    let (database, place) = (sqlite_path(&settings.url)?, place_of(&settings.keys)?);
    let key_db = database.with_extension("keys.db");
    if !key_db.exists() {
        return Err(StoreError::NotFound(format!("there is no database {}", database.display())));
    }
    let mut db = Sqlite::open_beside(&key_db)?;
    let request = || put(&request_path(&database), &format!("{}\n", settings.keys));
    if opens_current(&mut db, &*place, Which::Current)?.is_some() {
        if !place.has(Which::Next)? {
            place.make(Which::Next)?;
        }
        return if place.is_cheap() { Ok(()) } else { request() };
    }
    // The change is just being made, or was interrupted: it is gone on with.
    if opens_current(&mut db, &*place, Which::Next)?.is_some() {
        return Ok(());
    }
    match in_force(&database)?.filter(|known| known.url != settings.keys) {
        Some(_) => {
            if !place.has(Which::Current)? {
                place.make(Which::Current)?;
            }
            request()
        }
        None => Err(StoreError::NotFound(format!(
            "{} is not the master key of {}, or missing: bring the right one back first",
            place.name(),
            database.display()
        ))),
    }
}

/// Whether a master key was asked for and is not in force yet.
///
/// # Errors
/// When the configuration names none, or the disk fails.
pub fn master_is_asked_for(settings: &StoreSettings) -> Result<bool, StoreError> {
    let place = place_of(&settings.keys)?;
    Ok(requested(&sqlite_path(&settings.url)?)?.is_some() || (place.is_cheap() && place.has(Which::Next)?))
}

/// Where the master key is and how old all keys are, beside a running server or a stopped one. That the master key opens
/// them is tried.
///
/// # Errors
/// A sentence, as when a store is opened.
pub fn keys_beside(settings: &StoreSettings) -> Result<(MasterAbout, Vec<KeyAge>), StoreError> {
    let database = sqlite_path(&settings.url)?;
    let key_db = database.with_extension("keys.db");
    if !key_db.exists() {
        return Err(StoreError::NotFound(format!("there is no database {}", database.display())));
    }
    let mut db = Sqlite::open_beside(&key_db)?;
    crate::copies::master_in_force(settings, &key_db)?;
    let about = in_force(&database)?;
    let about = about.unwrap_or_else(|| MasterAbout { url: settings.keys.clone(), since: 0 });
    let sql = "SELECT kind, COUNT(*), MIN(created) FROM keys GROUP BY kind ORDER BY kind";
    let ages = db.rows(sql, &[])?;
    Ok((about, ages.iter().map(crate::erase::key_age).collect()))
}

impl Keys {
    /// Wraps anew, with this key, everything that the master key wraps. What the database keeps beside its own file of
    /// the old form is overwritten.
    fn wrap_anew(&mut self, new: Master) -> Result<(), StoreError> {
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
    /// What disk, database or a key service said: one of both keys is in force, and the next call goes on.
    pub fn rotate_master(&self) -> Result<bool, StoreError> {
        let asked = requested(self.path())?;
        let mut keys = self.keys();
        let mut held = self.held();
        let url = asked.clone().unwrap_or_else(|| held.url.clone());
        if url == held.url {
            if asked.is_none() && !(held.place.is_cheap() && held.place.has(Which::Next)?) {
                return Ok(false);
            }
            if held.place.has(Which::Next)? {
                let new = held.place.key(Which::Next)?;
                if keys.opens_with(&*new)? != Some(true) {
                    keys.wrap_anew(new)?;
                }
                held.place.change_places()?;
                keys.set_master(held.place.key(Which::Current)?);
            }
        } else {
            let place = place_of(&url)?;
            let new = place.key(Which::Current)?;
            if keys.opens_with(&*new)? != Some(true) {
                keys.wrap_anew(new)?;
            }
            *held = Held { place, url: url.clone() };
        }
        if let Some(old) = in_force(self.path())?.filter(|old| old.url != url && asked.is_some()) {
            place_of(&old.url)?.destroy()?;
        }
        note(self.path(), &url, now_ms())?;
        if asked.is_some() {
            let path = request_path(self.path());
            std::fs::remove_file(&path).map_err(failed(&path))?;
        }
        Ok(true)
    }

    /// Writes down where the master key is that opened this store, unless a change is under way.
    pub(crate) fn note_master(&self) -> Result<(), StoreError> {
        let held = self.held();
        let known = in_force(self.path())?;
        if requested(self.path())?.is_some() || known.as_ref().is_some_and(|known| known.url == held.url) {
            return Ok(());
        }
        let since = known.map(|known| known.since).or_else(|| held.place.made());
        note(self.path(), &held.url, since.unwrap_or_else(now_ms))
    }

    /// Where the master key in force is, and since when.
    ///
    /// # Errors
    /// What the disk said.
    pub fn master_about(&self) -> Result<MasterAbout, StoreError> {
        let url = self.held().url.clone();
        Ok(in_force(self.path())?.unwrap_or(MasterAbout { url, since: 0 }))
    }

    /// Seals and opens something with the master key: it is there, and does what it has to.
    ///
    /// # Errors
    /// What a key service said.
    pub fn try_master(&self) -> Result<(), StoreError> {
        let (master, _) = self.keys().master_and_generation()?;
        let sealed = master.seal("trial", b"trial")?;
        match master.open("trial", &sealed)? == b"trial" {
            true => Ok(()),
            false => Err(StoreError::Refused("the master key opens something else than it sealed".into())),
        }
    }
}
