//! Restoring a backup into an empty place, and comparing what is there then with what was backed up.
//!
//! Nothing is written before the manifest was read to its signed end. Every piece is compared with its digest. The
//! database gets its name last: a restore that was interrupted leaves no database, and can be done again.

use crate::backup::{self, copy, counted, failed, fill, in_words, inside, manifest_path, newest, pack_path};
use crate::copies::{self, Copy};
use crate::error::StoreError;
use crate::keys::Keys;
use crate::manifest::{Line, Reading, sha256};
use crate::migrations::{DATA, KEYS, form_of, migrate};
use crate::sqlite::{Sqlite, Use};
use crate::store::{Store, StoreSettings, file_path, sqlite_path, take_lock};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// What was restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Number of the increment.
    pub increment: u64,
    /// When it was made, in milliseconds since 1970.
    pub at: u64,
    /// Size of the database, in bytes.
    pub database: u64,
    /// Recordings.
    pub blobs: u64,
    /// Their size, in bytes.
    pub blob_bytes: u64,
    /// Recordings that the increment names and that were disposed of since.
    pub gone: u64,
    /// Keys.
    pub keys: u64,
    /// People who were erased since, and of whom the increment had something.
    pub erased: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Counts and ends of audit logs that are the same.
    pub same: u64,
    /// What is not the same, in sentences.
    pub different: Vec<String>,
}

/// The most differences that are told.
const MOST_TOLD: usize = 100;

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
}

/// Restores an increment, the newest without `increment`, to where the settings say. The master key must be there already.
/// `stays` is the time, in milliseconds since 1970, where this is the installation from now on: then erasures reach the
/// backup's keys, and what an older increment still has of people who were erased is removed. Without it this is a trial.
///
/// # Errors
/// A sentence: the place is not empty, the backup is damaged or cut off, or it is sealed with another master key.
pub fn restore(
    settings: &StoreSettings,
    dir: &Path,
    increment: Option<u64>,
    stays: Option<u64>,
    say: &mut dyn FnMut(&str),
) -> Result<Restored, StoreError> {
    let began = std::time::Instant::now();
    let dir = &std::path::absolute(dir).map_err(failed(dir))?;
    let database = std::path::absolute(sqlite_path(&settings.url)?).map_err(failed(dir))?;
    let key_db = database.with_extension("keys.db");
    let blobs = file_path(&settings.blobs, "blobs.url")?;
    for path in [&database, &key_db] {
        if path.exists() {
            return Err(StoreError::Refused(format!(
                "{} is there already: a backup is restored into an empty place only",
                path.display()
            )));
        }
    }
    if !is_empty(&blobs) {
        return Err(StoreError::Refused(format!(
            "{} is not empty: a backup is restored into an empty place only",
            blobs.display()
        )));
    }
    let master = copies::master_of(settings)?;
    let last = newest(dir)?;
    if last == 0 {
        return Err(StoreError::NotFound(format!("there is no backup in {}", dir.display())));
    }
    let wanted = increment.unwrap_or(last);
    let path = manifest_path(dir, wanted);
    if !path.exists() {
        return Err(StoreError::NotFound(format!(
            "there is no increment {wanted} in {}: the newest is {last}",
            dir.display()
        )));
    }
    say("checking the manifest");
    let (number, at, by) = Reading::check(&path)?;
    if number != wanted {
        return Err(StoreError::Refused(format!("{} is the manifest of increment {number}", path.display())));
    }
    if let Some(folder) = database.parent() {
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    let lock = take_lock(&database)?;
    let mut done = Restored { increment: wanted, at, ..Restored::default() };
    let part = |path: &Path| PathBuf::from(format!("{}.part", path.display()));
    let (database_part, keys_part, blobs_part) = (part(&database), part(&key_db), part(&blobs));
    backup::remove_database(&database_part)?;
    backup::remove_database(&keys_part)?;
    if blobs_part.exists() {
        std::fs::remove_dir_all(&blobs_part).map_err(failed(&blobs_part))?;
    }
    say("restoring keys");
    let mut db = Sqlite::open(&keys_part, Use::Keys, true)?;
    migrate(&mut db, KEYS)?;
    done.keys = copies::read(dir, &*master, &mut db)?;
    let mut keys = Keys::new(master, Box::new(db));
    if !keys.has_installation()? || keys.installation_pair()?.public_key() != by {
        return Err(StoreError::Refused(format!(
            "{} was signed by another installation than the one whose keys lie there",
            path.display()
        )));
    }
    keys.forget_deleted()?;
    drop(keys);
    std::fs::create_dir_all(&blobs_part).map_err(failed(&blobs_part))?;
    say("restoring the database and recordings");
    let mut reading = Reading::begin(&path)?;
    let mut out = File::create(&database_part).map_err(failed(&database_part))?;
    while let Some(line) = reading.next()? {
        match line {
            Line::Piece { increment, at, len, digest } => {
                let bytes = piece(dir, increment, at, len, &digest)?;
                out.write_all(&bytes).map_err(failed(&database_part))?;
                done.database += len;
            }
            Line::Blob { name, len, digest, .. } => {
                // What was disposed of since is missing in older increments, and in the newest nothing is.
                match blob(dir, &blobs_part, &name, len, &digest)? {
                    true => (done.blobs, done.blob_bytes) = (done.blobs + 1, done.blob_bytes + len),
                    false if wanted < last => done.gone += 1,
                    false => return Err(damaged(dir, &format!("the recording {name} is missing"))),
                }
            }
            Line::Gone { .. } => done.gone += 1,
            _ => {}
        }
    }
    out.sync_all().map_err(failed(&database_part))?;
    drop(out);
    // What a newer version wrote is refused before it has its name.
    form_of(&mut Sqlite::open(&database_part, Use::Data, false)?, DATA)?;
    if blobs.exists() {
        std::fs::remove_dir(&blobs).map_err(failed(&blobs))?;
    }
    std::fs::rename(&blobs_part, &blobs).map_err(failed(&blobs))?;
    std::fs::rename(&keys_part, &key_db).map_err(failed(&key_db))?;
    std::fs::rename(&database_part, &database).map_err(failed(&database))?;
    if let Some(folder) = database.parent() {
        copies::sync_folder(folder)?;
    }
    if let Some(now) = stays {
        let bytes = done.database + done.blob_bytes;
        let copy = Copy { dir: dir.clone(), at, increment: last, bytes, ..Copy::default() };
        backup::register(&database, copy)?;
        drop(lock);
        say("removing what is left of people who were erased");
        done.erased = Store::open_existing(settings)?.erase_keyless(now)?;
    }
    done.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(done)
}

fn damaged(dir: &Path, what: &str) -> StoreError {
    StoreError::Refused(format!("the backup in {} is damaged or cut off: {what}", dir.display()))
}

fn piece(dir: &Path, increment: u64, at: u64, len: u64, digest: &[u8]) -> Result<Vec<u8>, StoreError> {
    let path = pack_path(dir, increment);
    let wrong = || damaged(dir, &format!("{} is not as it was written", path.display()));
    if len > backup::PIECE as u64 {
        return Err(wrong());
    }
    let mut file = File::open(&path).map_err(failed(&path))?;
    file.seek(SeekFrom::Start(at)).map_err(failed(&path))?;
    let mut bytes = vec![0; len as usize];
    let n = fill(&mut file, &mut bytes).map_err(failed(&path))?;
    if n as u64 != len || sha256(&bytes) != digest {
        return Err(wrong());
    }
    Ok(bytes)
}

/// One recording; false when the backup has it no more.
fn blob(dir: &Path, into: &Path, name: &str, len: u64, digest: &[u8]) -> Result<bool, StoreError> {
    let (source, target) = (inside(&dir.join("blobs"), name)?, inside(into, name)?);
    let mut file = match File::open(&source) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        file => file.map_err(failed(&source))?,
    };
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    // It may have grown since: what belongs to this increment is its beginning.
    let (copied, found) = copy(&mut file, &source, &target, len)?;
    match copied == len && found == digest {
        true => Ok(true),
        false => Err(damaged(dir, &format!("the recording {name} is not as it was written"))),
    }
}

/// Compares a database that was just restored with what the backup says of it: rows of every table by tenant, and where
/// audit logs end.
///
/// # Errors
/// What database or disk said.
pub fn compare(store: &Store, dir: &Path, increment: u64) -> Result<Compared, StoreError> {
    let there = counted(&mut **store.reader())?;
    let mut found = Compared::default();
    let mut reading = Reading::begin(&manifest_path(dir, increment))?;
    let mut expected = Vec::new();
    while let Some(line) = reading.next()? {
        if matches!(line, Line::Count { .. } | Line::Audit { .. }) {
            expected.push(line);
        }
    }
    let mut tell = |what: String| {
        if found.different.len() < MOST_TOLD {
            found.different.push(what);
        }
    };
    for line in expected.iter().filter(|line| !there.contains(line)) {
        tell(format!("not as it was: {}", in_words(line)));
    }
    for line in there.iter().filter(|line| !expected.contains(line)) {
        tell(format!("not backed up so: {}", in_words(line)));
    }
    found.same = there.iter().filter(|line| expected.contains(line)).count() as u64;
    Ok(found)
}
