//! Copies of keys that lie with backups: one file of keys for each backup, replaced whenever a key is destroyed, so that
//! what was erased here cannot be read there either.
//!
//! The file is sealed with the master key as a whole, although the keys in it are wrapped already: it does not even say
//! how many there are of whom. It names its generation, the number of keys that had been destroyed when it was made. A
//! file of an earlier generation than the database's may hold a key that is gone, and is replaced. Where backups are
//! stands in a file beside the database, for the one who makes them is another process than the one who erases.

use crate::backup::{pack_path, packs_of};
use crate::error::StoreError;
use crate::key_file::{self, Head};
use crate::keys::{DataKey, Keys};
use crate::master::{Master, MasterKey, Which, place_of};
use crate::sql::{Sql, Value, transaction};
use crate::sqlite::Sqlite;
use crate::store::Store;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Name of the file of keys in a backup's folder.
pub(crate) const NAME: &str = "keys";
const NEXT: &str = "keys.new";
const OLD: &str = "keys.old";
/// Keys that are sealed as one piece.
const PAGE: i64 = 1_000;
/// How often the master key is looked for while it is being changed: five seconds.
const TRIES: u32 = 100;
/// The most backups of one installation.
pub const MOST_COPIES: usize = 16;
/// The most that is kept for the audit logs of a server that stands still; the oldest goes first.
const MOST_UNTOLD: usize = 10_000;

/// A key as it is copied.
#[derive(Serialize, Deserialize)]
struct KeyRow {
    tenant: u64,
    kind: String,
    id: u64,
    wrapped: Vec<u8>,
    created: u64,
}

/// Something that was done with a backup, and stands in no audit log yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupWork {
    /// It was restored for trial, and everything was as it should be; else the increment was made.
    pub is_rehearsal: bool,
    /// Number of the increment; of a trial, the newest one then.
    pub increment: u64,
    /// When, in milliseconds since 1970.
    pub at: u64,
}

/// A backup that is known, and what its newest increment and its newest rehearsal were like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copy {
    /// Its folder.
    pub dir: PathBuf,
    /// When the newest increment was made, in milliseconds since 1970; 0 where none was made to its end yet.
    pub at: u64,
    /// Number of the newest increment, from 1 on.
    pub increment: u64,
    /// How long that took, in milliseconds.
    pub took_ms: u64,
    /// Size of what it holds, in bytes.
    pub bytes: u64,
    /// When it was last restored for trial and everything was as it should be, in milliseconds since 1970; 0 is never.
    pub rehearsed: u64,
    /// How long that took, in milliseconds.
    pub rehearsed_ms: u64,
}

impl Copy {
    /// Whether an increment of it was made to its end.
    pub fn is_made(&self) -> bool {
        self.at > 0
    }

    /// Whether the newest increment is where it was made, and each pack that it says it needs. What is in them is looked at by
    /// a rehearsal.
    pub fn is_there(&self) -> bool {
        packs_of(&self.dir, self.increment)
            .is_ok_and(|packs| packs.iter().all(|n| pack_path(&self.dir, *n).is_file()))
    }
}

/// Whether the keys that lie with a backup are without those that were destroyed.
#[derive(Clone, Debug)]
pub struct CopyState {
    /// The backup.
    pub copy: Copy,
    /// Why its file of keys could not be replaced; `None` where it holds no key that is gone.
    pub pending: Option<String>,
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> StoreError {
    let name = path.display().to_string();
    move |e| match e.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full,
        _ => StoreError::File(name.clone(), e),
    }
}

fn place(generation: u64, is_last: bool) -> Vec<u8> {
    format!("backup-keys/{generation}/{}", if is_last { "last" } else { "more" }).into_bytes()
}

fn damaged(path: &Path) -> StoreError {
    StoreError::Unreadable(path.display().to_string())
}

/// A lock that is held while a file of keys is replaced. `None` when another process holds it.
pub(crate) fn lock(dir: &Path, name: &str) -> Result<Option<File>, StoreError> {
    let path = dir.join(name);
    let mut options = File::options();
    let file = options.create(true).truncate(false).write(true).open(&path).map_err(failed(&path))?;
    Ok(file.try_lock().is_ok().then_some(file))
}

impl Keys {
    /// How many keys were destroyed so far.
    pub(crate) fn generation(db: &mut dyn Sql) -> Result<u64, StoreError> {
        let rows = db.rows("SELECT count FROM destroyed", &[])?;
        Ok(rows.first().map_or(0, |r| r.int(0)) as u64)
    }
}

/// The master key that opens these keys now: while it is changed by a running server, that is the new one a moment before
/// its file has the name.
pub(crate) fn master_in_force(
    settings: &crate::store::StoreSettings,
    key_db: &Path,
) -> Result<Master, StoreError> {
    let mut db = Sqlite::open_beside(key_db)?;
    let database = crate::store::sqlite_path(&settings.url)?;
    let mut last = None;
    for _ in 0..TRIES {
        // The configuration may name the place already that the key is still to be moved to.
        let known = crate::rotation::in_force(&database)?.map(|known| known.url);
        for url in [Some(settings.keys.clone()), known].into_iter().flatten() {
            match place_of(&url)?.key(Which::Current) {
                Ok(master) if crate::rotation::opens(&mut db, &*master)? != Some(false) => return Ok(master),
                Ok(_) => {}
                Err(e @ StoreError::NotFound(_)) => last = Some(e),
                Err(e) => return Err(e),
            }
        }
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    }
    Err(last.unwrap_or_else(|| {
        StoreError::Refused(format!(
            "{} was sealed with another master key than the one at keys.url: bring that one back",
            database.display()
        ))
    }))
}

/// Writes the file of keys of a backup anew, from the database of keys. Gives how many there are.
///
/// # Errors
/// [`StoreError::Refused`] when somebody else is writing it; else what disk or database said, and the old file is there.
pub(crate) fn write(key_db: &Path, master: &dyn MasterKey, dir: &Path) -> Result<u64, StoreError> {
    let Some(_lock) = lock(dir, "keys.lock")? else {
        return Err(StoreError::Refused(format!("the keys of {} are being written just now", dir.display())));
    };
    let mut db = Sqlite::open_beside(key_db)?;
    // Asked for first: a key that is destroyed from here on makes this file one of an earlier generation.
    let generation = Keys::generation(&mut db)?;
    let next = dir.join(NEXT);
    let io = failed(&next);
    let file = create_guarded(&next)?;
    let mut out = BufWriter::new(file);
    let key = DataKey::random()?;
    let wrapped = master.seal(&format!("backup-keys/{generation}"), key.as_bytes())?;
    out.write_all(&key_file::head_bytes(generation, &wrapped)).map_err(&io)?;
    let (mut after, mut pieces, mut count) = ((-1, String::new(), -1), 0, 0);
    loop {
        let sql = "SELECT tenant, kind, id, wrapped, created FROM keys WHERE (tenant, kind, id) > ($1, $2, $3) \
                   ORDER BY tenant, kind, id LIMIT $4";
        let values = [Value::Int(after.0), after.1.as_str().into(), Value::Int(after.2), Value::Int(PAGE)];
        let rows = db.rows(sql, &values)?;
        let is_last = rows.len() < PAGE as usize;
        let page: Vec<KeyRow> = rows
            .iter()
            .map(|r| KeyRow {
                tenant: r.int(0) as u64,
                kind: r.text(1).into(),
                id: r.int(2) as u64,
                wrapped: r.bytes(3).to_vec(),
                created: r.int(4) as u64,
            })
            .collect();
        if let Some(row) = page.last() {
            after = (row.tenant as i64, row.kind.clone(), row.id as i64);
        }
        count += page.len() as u64;
        let mut sealed = postcard::to_allocvec(&page).map_err(|e| StoreError::Refused(e.to_string()))?;
        key.seal_chunk(pieces, &place(generation, is_last), &mut sealed)?;
        out.write_all(&(sealed.len() as u32).to_be_bytes()).map_err(&io)?;
        out.write_all(&sealed).map_err(&io)?;
        pieces += 1;
        if is_last {
            break;
        }
    }
    out.flush().and_then(|()| out.get_ref().sync_all()).map_err(&io)?;
    let (now, old) = (dir.join(NAME), dir.join(OLD));
    if now.exists() {
        std::fs::rename(&now, &old).map_err(failed(&old))?;
    }
    std::fs::rename(&next, &now).map_err(failed(&now))?;
    sync_folder(dir)?;
    overwrite(&old)?;
    Ok(count)
}

/// A file that only its owner may read.
fn create_guarded(path: &Path) -> Result<File, StoreError> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(failed(path))
}

pub(crate) fn sync_folder(dir: &Path) -> Result<(), StoreError> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(failed(dir))
}

/// Removes a file after its bytes were overwritten.
pub(crate) fn overwrite(path: &Path) -> Result<(), StoreError> {
    let io = failed(path);
    let mut file = match File::options().write(true).open(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        file => file.map_err(&io)?,
    };
    let len = file.metadata().map_err(&io)?.len();
    file.rewind().map_err(&io)?;
    std::io::copy(&mut std::io::repeat(0).take(len), &mut file).map_err(&io)?;
    file.sync_all().map_err(&io)?;
    std::fs::remove_file(path).map_err(io)
}

/// Opens the file of keys of a backup: where its pieces begin, its key, its generation.
fn open(dir: &Path) -> Result<(PathBuf, BufReader<File>, Head), StoreError> {
    // Between two renamings only the new one is there.
    let path = [NAME, NEXT].iter().map(|n| dir.join(n)).find(|p| p.exists());
    let path = path.ok_or_else(|| {
        StoreError::Refused(format!(
            "{} holds no file of keys: this is no backup, or not all of it",
            dir.display()
        ))
    })?;
    let mut file = BufReader::new(File::open(&path).map_err(failed(&path))?);
    let head = key_file::head(&mut file).ok_or_else(|| damaged(&path))?;
    Ok((path, file, head))
}

/// Puts the keys of a backup into an empty database of keys. Gives how many there are.
///
/// # Errors
/// [`StoreError::Refused`] when they are sealed with another master key; [`StoreError::Unreadable`] when they are damaged.
pub(crate) fn read(dir: &Path, master: &dyn MasterKey, into: &mut dyn Sql) -> Result<u64, StoreError> {
    let (path, mut file, Head { generation, wrapped }) = open(dir)?;
    let other = || {
        StoreError::Refused(format!(
            "{} is sealed with another master key than the one at keys.url, or damaged: bring the master key of the \
             installation that was backed up",
            path.display()
        ))
    };
    let key = master.open(&format!("backup-keys/{generation}"), &wrapped).map_err(|_| other())?;
    let key = DataKey::from_bytes(&key).ok_or_else(other)?;
    let mut count = 0;
    for number in 0.. {
        let sealed = key_file::piece(&mut file).ok_or_else(|| damaged(&path))?;
        let mut piece = sealed.clone();
        let is_last = key.open_chunk(number, &place(generation, false), &mut piece).is_err();
        if is_last {
            piece = sealed;
            key.open_chunk(number, &place(generation, true), &mut piece).map_err(|_| damaged(&path))?;
        }
        let rows: Vec<KeyRow> = postcard::from_bytes(&piece).map_err(|_| damaged(&path))?;
        count += rows.len() as u64;
        transaction(into, |db| {
            for row in rows {
                let sql = "INSERT INTO keys (tenant, kind, id, wrapped, created) VALUES ($1, $2, $3, $4, $5)";
                let (tenant, id, created) = (row.tenant, row.id, row.created);
                let values =
                    [tenant.into(), row.kind.as_str().into(), id.into(), row.wrapped.into(), created.into()];
                db.run(sql, &values)?;
            }
            Ok(())
        })?;
        if is_last {
            break;
        }
    }
    // The file of keys goes on from its generation, so that the copies of the restored installation do too.
    into.run("UPDATE destroyed SET count = $1", &[generation.into()])?;
    Ok(count)
}

/// Of which generation the file of keys of a backup is.
fn generation_of(dir: &Path) -> Result<u64, StoreError> {
    // A crash between two renamings leaves the old file too; one in the first backup leaves none, or a part of the next.
    let is_first = !dir.join(NAME).exists() && dir.join("increments").is_dir();
    if is_first || dir.join(OLD).exists() {
        return Ok(0);
    }
    open(dir).map(|(_, _, head)| head.generation)
}

/// The file that says where backups are.
fn list_path(database: &Path) -> PathBuf {
    database.with_extension("copies")
}

/// The backups that are known, by the path of the database.
pub(crate) fn list(database: &Path) -> Result<Vec<Copy>, StoreError> {
    let path = list_path(database);
    let text = match std::fs::read_to_string(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.map_err(failed(&path))?,
    };
    let read = |line: &str| -> Option<Copy> {
        let mut words = line.splitn(7, '\t');
        let mut number = || words.next()?.parse::<u64>().ok();
        let (at, increment, took_ms, bytes) = (number()?, number()?, number()?, number()?);
        let (rehearsed, rehearsed_ms) = (number()?, number()?);
        let dir = PathBuf::from(words.next()?);
        Some(Copy { dir, at, increment, took_ms, bytes, rehearsed, rehearsed_ms })
    };
    text.lines().map(|line| read(line).ok_or_else(|| damaged(&path))).collect()
}

/// Changes the list of backups.
pub(crate) fn change(
    database: &Path,
    with: impl FnOnce(&mut Vec<Copy>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let path = list_path(database);
    let lock = path.with_extension("copies.lock");
    let held = File::options().create(true).truncate(false).write(true).open(&lock).map_err(failed(&lock))?;
    held.lock().map_err(failed(&lock))?;
    let mut all = list(database)?;
    with(&mut all)?;
    let mut text = String::new();
    for c in &all {
        let dir = c.dir.display();
        text += &format!(
            "{}\t{}\t{}\t{}\t{}\t{}\t{dir}\n",
            c.at, c.increment, c.took_ms, c.bytes, c.rehearsed, c.rehearsed_ms
        );
    }
    let next = path.with_extension("copies.new");
    let mut file = File::create(&next).map_err(failed(&next))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed(&next))?;
    std::fs::rename(&next, &path).map_err(failed(&path))
}

/// The file of what was done with backups and is in no audit log yet: whoever does it may be another process than the server,
/// which alone writes the logs.
fn untold_path(database: &Path) -> PathBuf {
    database.with_extension("copies.untold")
}

/// What was done, the oldest first. A line that was cut off by a loss of power is left out.
fn untold(database: &Path) -> Result<Vec<BackupWork>, StoreError> {
    let path = untold_path(database);
    let text = match std::fs::read_to_string(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.map_err(failed(&path))?,
    };
    let read = |line: &str| -> Option<BackupWork> {
        let mut words = line.split('\t');
        let is_rehearsal = words.next()? == "rehearsed";
        let mut number = || words.next()?.parse::<u64>().ok();
        Some(BackupWork { is_rehearsal, increment: number()?, at: number()? })
    };
    Ok(text.lines().filter_map(read).collect())
}

/// Changes what is untold. To be called while the list of backups is being changed: one at a time.
fn change_untold(database: &Path, with: impl FnOnce(&mut Vec<BackupWork>)) -> Result<(), StoreError> {
    let path = untold_path(database);
    let mut all = untold(database)?;
    with(&mut all);
    let excess = all.len().saturating_sub(MOST_UNTOLD);
    let word = |w: &BackupWork| if w.is_rehearsal { "rehearsed" } else { "made" };
    let line = |w: &BackupWork| format!("{}\t{}\t{}\n", word(w), w.increment, w.at);
    let text: String = all.iter().skip(excess).map(line).collect();
    let next = path.with_extension("untold.new");
    let mut file = File::create(&next).map_err(failed(&next))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed(&next))?;
    std::fs::rename(&next, &path).map_err(failed(&path))
}

/// Notes that an increment was made, or restored for trial, until that is in the audit logs. To be called while the list of
/// backups is being changed.
pub(crate) fn note_work(database: &Path, work: BackupWork) -> Result<(), StoreError> {
    change_untold(database, |all| all.push(work))
}

impl Store {
    /// What was done with backups and is not known to be in the audit logs yet, the oldest first: by this process or another,
    /// also while no server ran.
    ///
    /// # Errors
    /// What the disk said.
    pub fn backup_work(&self) -> Result<Vec<BackupWork>, StoreError> {
        untold(self.path())
    }

    /// Forgets the work that is in the audit logs now.
    ///
    /// # Errors
    /// What the disk said.
    pub fn forget_backup_work(&self, told: &[BackupWork]) -> Result<(), StoreError> {
        change(self.path(), |_| change_untold(self.path(), |all| all.retain(|work| !told.contains(work))))
    }

    /// The backups that are known.
    ///
    /// # Errors
    /// What the disk said.
    pub fn copies(&self) -> Result<Vec<Copy>, StoreError> {
        list(self.path())
    }

    /// Replaces the file of keys of each backup that may hold a key that was destroyed. To be called after an erasure:
    /// it is complete once nothing is pending. What is pending is done by the next call.
    ///
    /// # Errors
    /// What the disk said of the list of backups.
    pub fn replace_copies(&self) -> Result<Vec<CopyState>, StoreError> {
        let copies = list(self.path())?;
        if copies.is_empty() {
            return Ok(Vec::new());
        }
        let key_db = self.path().with_extension("keys.db");
        let (master, generation) = self.keys().master_and_generation()?;
        let replaced = |copy: &Copy| -> Result<(), StoreError> {
            if generation_of(&copy.dir)? < generation {
                write(&key_db, &*master, &copy.dir)?;
            }
            Ok(())
        };
        Ok(copies
            .into_iter()
            .map(|copy| {
                let pending = replaced(&copy).err().map(|e| e.to_string());
                CopyState { copy, pending }
            })
            .collect())
    }
}

/// Notes that a backup is gone for good, so that no erasure waits for it any more.
///
/// # Errors
/// [`StoreError::NotFound`] when it is not known.
pub fn forget_backup(settings: &crate::store::StoreSettings, dir: &Path) -> Result<(), StoreError> {
    let database = crate::store::sqlite_path(&settings.url)?;
    let dir = std::path::absolute(dir).map_err(failed(dir))?;
    change(&database, |all| {
        let before = all.len();
        all.retain(|c| c.dir != dir);
        match all.len() < before {
            true => Ok(()),
            false => Err(StoreError::NotFound(format!("no backup in {} is known", dir.display()))),
        }
    })
}

/// Notes that a backup was restored for trial, and everything was as it should be.
///
/// # Errors
/// What the disk said.
pub fn note_rehearsal(
    settings: &crate::store::StoreSettings,
    dir: &Path,
    at: u64,
    took_ms: u64,
) -> Result<(), StoreError> {
    let database = crate::store::sqlite_path(&settings.url)?;
    let dir = std::path::absolute(dir).map_err(failed(dir))?;
    change(&database, |all| {
        for copy in all.iter_mut().filter(|c| c.dir == dir) {
            (copy.rehearsed, copy.rehearsed_ms) = (at, took_ms);
            note_work(&database, BackupWork { is_rehearsal: true, increment: copy.increment, at })?;
        }
        Ok(())
    })
}

/// The master key that settings name, which must be there.
pub(crate) fn master_of(settings: &crate::store::StoreSettings) -> Result<Master, StoreError> {
    place_of(&settings.keys)?.key(Which::Current).map_err(|e| match e {
        StoreError::NotFound(what) => {
            StoreError::Refused(format!("{what}: bring it from where keys are kept; no backup holds it"))
        }
        e => e,
    })
}
