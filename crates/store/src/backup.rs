//! Making a backup, beside a running server or a stopped one.
//!
//! The folder holds, for each increment, a pack with those pieces of the database that are new and a manifest that says
//! where all pieces are; recordings under their names; and one file of keys, which is replaced each time (`copies.rs`).
//! The database is copied first, as it is at one moment; then recordings, which only grow; then keys, of which every one
//! that the data needs was on the disk before it. A recording that was disposed of since is removed from the backup too:
//! no older increment brings it back. Memory does not grow with the size of anything: all is read and written in pieces.

use crate::copies::{self, BackupWork, Copy};
use crate::error::StoreError;
use crate::keys::Keys;
use crate::manifest::{Line, Reading, Writing, hex, sha256};
use crate::sql::{Row, Sql, Value};
use crate::sqlite::{Sqlite, Use};
use crate::store::{StoreSettings, file_path, sqlite_path};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Bytes of the database that are one piece.
pub(crate) const PIECE: usize = 65_536;
/// Recordings that are asked for at once.
const PAGE: i64 = 500;
/// Bytes that are copied at once.
pub(crate) const BUFFER: usize = 65_536;

/// What a backup did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// Number of the increment, from 1 on.
    pub increment: u64,
    /// Size of the database, in bytes.
    pub database: u64,
    /// Bytes of it that were not in an earlier increment.
    pub new_database: u64,
    /// Recordings.
    pub blobs: u64,
    /// Their size, in bytes.
    pub blob_bytes: u64,
    /// Bytes of recordings that were copied.
    pub new_blob_bytes: u64,
    /// Recordings that were disposed of before they could be copied.
    pub gone: u64,
    /// Keys.
    pub keys: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

pub(crate) fn failed(path: &Path) -> impl Fn(std::io::Error) -> StoreError {
    let name = path.display().to_string();
    move |e| match e.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full,
        _ => StoreError::File(name.clone(), e),
    }
}

pub(crate) fn manifest_path(dir: &Path, increment: u64) -> PathBuf {
    dir.join("increments").join(format!("{increment:06}.txt"))
}

pub(crate) fn pack_path(dir: &Path, increment: u64) -> PathBuf {
    dir.join("packs").join(format!("{increment:06}.pack"))
}

/// Number of the newest increment of a folder; 0 where there is none.
pub(crate) fn newest(dir: &Path) -> Result<u64, StoreError> {
    Ok(numbers(&dir.join("increments"), ".txt")?.into_iter().max().unwrap_or(0))
}

/// Numbers of the files of a folder whose names are a number with this end.
fn numbers(folder: &Path, end: &str) -> Result<Vec<u64>, StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed(folder))?,
    };
    let number = |name: &str| name.strip_suffix(end)?.parse::<u64>().ok();
    let names = entries.filter_map(|e| e.ok()?.file_name().into_string().ok());
    Ok(names.filter_map(|name| number(&name)).collect())
}

/// Makes a backup of everything that these settings name, or adds to the one that is in the folder. `now` is the time, in
/// milliseconds since 1970; `say` is told what is being done.
///
/// # Errors
/// A sentence; the increments that were there are as good as before.
pub fn back_up(
    settings: &StoreSettings,
    dir: &Path,
    now: u64,
    say: &mut dyn FnMut(&str),
) -> Result<BackedUp, StoreError> {
    let began = std::time::Instant::now();
    let dir = &std::path::absolute(dir).map_err(failed(dir))?;
    let database = std::path::absolute(sqlite_path(&settings.url)?).map_err(failed(dir))?;
    let key_db = database.with_extension("keys.db");
    if !database.exists() || !key_db.exists() {
        return Err(StoreError::NotFound(format!("there is no database {}", database.display())));
    }
    let master = copies::master_in_force(settings, &key_db)?;
    let mut keys = Keys::new(master, Box::new(Sqlite::open_beside(&key_db)?));
    if !keys.has_installation()? {
        return Err(StoreError::Refused(
            "start the server once before the first backup: it has no key of its own yet".into(),
        ));
    }
    let installation = keys.installation_pair()?;
    let (before, before_at) = prepare(dir, &installation.public_key())?;
    let Some(_lock) = copies::lock(dir, "lock")? else {
        return Err(StoreError::Refused(format!("another backup is being made in {}", dir.display())));
    };
    for name in ["increments", "packs", "blobs"] {
        std::fs::create_dir_all(dir.join(name)).map_err(failed(dir))?;
    }
    let mut done = BackedUp { increment: before + 1, ..BackedUp::default() };
    say("copying the database");
    let snapshot = dir.join("database.part");
    remove_database(&snapshot)?;
    Sqlite::open_beside(&database)?.copy_to(&snapshot)?;
    let part = manifest_path(dir, done.increment).with_extension("part");
    let mut manifest = Writing::begin(&part)?;
    manifest.line(&Line::First { increment: done.increment, at: now })?;
    let mut older = match before {
        0 => None,
        n => Some(Reading::begin(&manifest_path(dir, n))?),
    };
    let ended = ended_since(&snapshot, before_at)?;
    pieces(dir, &snapshot, &mut older, ended, &mut manifest, &mut done)?;
    say("copying recordings");
    let mut db = Sqlite::open(&snapshot, Use::Data, false)?;
    let from = file_path(&settings.blobs, "blobs.url")?;
    blobs(dir, &from, &mut db, &mut older, &mut manifest, &mut done)?;
    counts(&mut db, &mut manifest)?;
    drop(db);
    remove_database(&snapshot)?;
    say("copying keys");
    // Known before it has a key, so that an erasure finds it however this ends.
    expect(&database, dir)?;
    // It may have been changed since the beginning.
    done.keys = copies::write(&key_db, &*copies::master_in_force(settings, &key_db)?, dir)?;
    manifest.end(&installation)?;
    let path = manifest_path(dir, done.increment);
    std::fs::rename(&part, &path).map_err(failed(&path))?;
    copies::sync_folder(&dir.join("increments"))?;
    if ended {
        for n in 1..done.increment {
            remove(&manifest_path(dir, n))?;
            remove(&pack_path(dir, n))?;
        }
    }
    done.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let copy = Copy {
        dir: dir.clone(),
        at: now,
        increment: done.increment,
        took_ms: done.took_ms,
        bytes: done.database + done.blob_bytes,
        ..Copy::default()
    };
    register(&database, copy)?;
    Ok(done)
}

/// The packs that an increment needs.
pub(crate) fn packs_of(dir: &Path, increment: u64) -> Result<std::collections::BTreeSet<u64>, StoreError> {
    let mut needed = std::collections::BTreeSet::new();
    let mut reading = Reading::begin(&manifest_path(dir, increment))?;
    while let Some(line) = reading.next()? {
        if let Line::Piece { increment, .. } = line {
            needed.insert(increment);
        }
    }
    Ok(needed)
}

/// Removes the oldest increments of a backup so that `keep` are left, at least one, with the packs that none of these needs.
/// Gives how many were removed. Nobody may be writing there meanwhile.
///
/// # Errors
/// What the disk said, or that a manifest is damaged: then nothing is removed.
pub fn prune_backup(dir: &Path, keep: u64) -> Result<u64, StoreError> {
    let Some(_lock) = copies::lock(dir, "lock")? else {
        return Err(StoreError::Refused(format!("another backup is being made in {}", dir.display())));
    };
    let mut all = numbers(&dir.join("increments"), ".txt")?;
    all.sort_unstable();
    let kept = all.split_off(all.len().saturating_sub(usize::try_from(keep.max(1)).unwrap_or(usize::MAX)));
    if all.is_empty() {
        return Ok(0);
    }
    let mut needed = std::collections::BTreeSet::new();
    for n in &kept {
        needed.append(&mut packs_of(dir, *n)?);
    }
    // Manifests first: an increment without its pack would be one that cannot be restored.
    for n in &all {
        remove(&manifest_path(dir, *n))?;
    }
    copies::sync_folder(&dir.join("increments"))?;
    for n in numbers(&dir.join("packs"), ".pack")?.into_iter().filter(|n| !needed.contains(n)) {
        remove(&pack_path(dir, n))?;
    }
    Ok(all.len() as u64)
}

/// Whether the data of an account that ended was destroyed since the increment before. Then this one is whole, and the older ones, which have more of
/// that tenant than this one, are removed.
fn ended_since(snapshot: &Path, before: u64) -> Result<bool, StoreError> {
    let mut db = Sqlite::open_beside(snapshot)?;
    let rows = db.rows("SELECT COUNT(*) FROM closings WHERE begun >= $1", &[before.into()]);
    // The server that runs may be of a version that knows of no closings, or destroys at once.
    let rows = rows.or_else(|_| db.rows("SELECT COUNT(*) FROM closings WHERE at >= $1", &[before.into()]));
    Ok(rows.is_ok_and(|rows| rows.first().is_some_and(|r| r.int(0) > 0)))
}

/// Puts a backup that is about to be made on the list, unless it stands there: erasures reach its keys from the first on.
fn expect(database: &Path, dir: &Path) -> Result<(), StoreError> {
    match copies::list(database)?.iter().any(|c| c.dir == *dir) {
        true => Ok(()),
        false => register(database, Copy { dir: dir.to_path_buf(), ..Copy::default() }),
    }
}

/// Puts a backup on the list, or what is new of it.
pub(crate) fn register(database: &Path, copy: Copy) -> Result<(), StoreError> {
    copies::change(database, |all| {
        if copy.is_made() {
            let work = BackupWork { is_rehearsal: false, increment: copy.increment, at: copy.at };
            copies::note_work(database, work)?;
        }
        if let Some(known) = all.iter_mut().find(|c| c.dir == copy.dir) {
            let (rehearsed, rehearsed_ms) = (known.rehearsed, known.rehearsed_ms);
            *known = Copy { rehearsed, rehearsed_ms, ..copy };
            return Ok(());
        }
        if all.len() >= copies::MOST_COPIES {
            return Err(StoreError::Refused(format!(
                "there are {} backups already: take one that is gone off the list with switchroom backup DIR --forget",
                all.len()
            )));
        }
        all.push(copy);
        Ok(())
    })
}

/// Whether a backup can be made there: in an empty folder, or in one with a backup of this installation. Gives the number
/// of the newest increment and when it was made.
fn prepare(dir: &Path, key: &[u8]) -> Result<(u64, u64), StoreError> {
    std::fs::create_dir_all(dir).map_err(failed(dir))?;
    let before = newest(dir)?;
    if before > 0 {
        let (_, at, by) = Reading::check(&manifest_path(dir, before))?;
        if by != key {
            return Err(StoreError::Refused(format!(
                "{} holds a backup of another installation: choose another folder",
                dir.display()
            )));
        }
        return Ok((before, at));
    }
    let ours = ["increments", "packs", "blobs", "keys", "keys.new", "keys.old", "keys.lock", "lock"];
    let is_foreign = |name: &str| !ours.contains(&name) && !name.starts_with("database.part");
    let entries = std::fs::read_dir(dir).map_err(failed(dir))?;
    let names = entries.filter_map(|e| Some(e.ok()?.file_name().to_string_lossy().into_owned()));
    match names.into_iter().find(|name| is_foreign(name)) {
        Some(name) => Err(StoreError::Refused(format!(
            "{} holds {name}, which is no part of a backup: choose an empty folder",
            dir.display()
        ))),
        None => Ok((0, 0)),
    }
}

/// Removes a database with what stands beside it.
pub(crate) fn remove_database(path: &Path) -> Result<(), StoreError> {
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        let path = PathBuf::from(name);
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(&path)(e)),
            _ => {}
        }
    }
    Ok(())
}

/// Fills `out` as far as there is something; gives how much.
pub(crate) fn fill(file: &mut impl Read, out: &mut [u8]) -> std::io::Result<usize> {
    let mut len = 0;
    while let Some(rest) = out.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(n) => len += n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(len)
}

/// The database, piece by piece: those that stand in the increment before at the same place are not written again, unless
/// this one is to be `whole`.
fn pieces(
    dir: &Path,
    snapshot: &Path,
    older: &mut Option<Reading>,
    whole: bool,
    manifest: &mut Writing,
    done: &mut BackedUp,
) -> Result<(), StoreError> {
    let path = pack_path(dir, done.increment);
    let mut pack = File::create(&path).map_err(failed(&path))?;
    let mut file = File::open(snapshot).map_err(failed(snapshot))?;
    let mut piece = vec![0; PIECE];
    // The first line is no piece.
    let mut known = next_of(older)?.and(next_of(older)?);
    loop {
        let len = fill(&mut file, &mut piece).map_err(failed(snapshot))?;
        let Some(bytes) = piece.get(..len).filter(|b| !b.is_empty()) else { break };
        let new = sha256(bytes);
        done.database += len as u64;
        match &known {
            Some(line @ Line::Piece { digest, len: before, .. })
                if !whole && *digest == new && *before == len as u64 =>
            {
                manifest.line(line)?;
            }
            _ => {
                pack.write_all(bytes).map_err(failed(&path))?;
                let (at, len) = (done.new_database, len as u64);
                manifest.line(&Line::Piece { increment: done.increment, at, len, digest: new })?;
                done.new_database += len;
            }
        }
        if matches!(known, Some(Line::Piece { .. })) {
            known = next_of(older)?;
        }
    }
    // The older database may have been longer.
    while matches!(known, Some(Line::Piece { .. })) {
        known = next_of(older)?;
    }
    if let Some(reading) = older {
        reading.held = known;
    }
    pack.sync_all().map_err(failed(&path))
}

fn next_of(older: &mut Option<Reading>) -> Result<Option<Line>, StoreError> {
    older.as_mut().map_or(Ok(None), Reading::next)
}

/// Recordings: what is there already is not copied again; what is no longer known is removed.
fn blobs(
    dir: &Path,
    from: &Path,
    db: &mut dyn Sql,
    older: &mut Option<Reading>,
    manifest: &mut Writing,
    done: &mut BackedUp,
) -> Result<(), StoreError> {
    let mut known = older.as_mut().and_then(|o| o.held.take());
    let mut after = (-1, -1);
    loop {
        let sql = "SELECT tenant, id, blob, ended FROM recordings WHERE (tenant, id) > ($1, $2) \
                   ORDER BY tenant, id LIMIT $3";
        let rows = db.rows(sql, &[Value::Int(after.0), Value::Int(after.1), Value::Int(PAGE)])?;
        for row in &rows {
            after = (row.int(0), row.int(1));
            let place = (row.int(0) as u64, row.int(1) as u64);
            known = passed_over(dir, known, older, Some(place))?;
            let had = match &known {
                Some(Line::Blob { tenant, recording, name, len, digest })
                    if (*tenant, *recording) == place && name == row.text(2) =>
                {
                    Some((*len, digest.clone()))
                }
                _ => None,
            };
            if is_at(&known, place) {
                known = next_of(older)?;
            }
            manifest.line(&blob(dir, from, row, had, done)?)?;
        }
        if rows.len() < PAGE as usize {
            break;
        }
    }
    passed_over(dir, known, older, None).map(|_| ())
}

/// Whether a line of the older manifest is about this recording.
fn is_at(known: &Option<Line>, place: (u64, u64)) -> bool {
    match known {
        Some(Line::Blob { tenant, recording, .. } | Line::Gone { tenant, recording }) => {
            (*tenant, *recording) == place
        }
        _ => false,
    }
}

/// Reads on in the older manifest up to this recording, or to the end of recordings; those before it are known no more.
fn passed_over(
    dir: &Path,
    mut known: Option<Line>,
    older: &mut Option<Reading>,
    until: Option<(u64, u64)>,
) -> Result<Option<Line>, StoreError> {
    loop {
        match &known {
            Some(Line::Blob { tenant, recording, name, .. }) => {
                let place = (*tenant, *recording);
                if until.is_some_and(|until| place >= until) {
                    return Ok(known);
                }
                remove(&inside(&dir.join("blobs"), name)?)?;
            }
            Some(Line::Gone { tenant, recording }) => {
                if until.is_some_and(|until| (*tenant, *recording) >= until) {
                    return Ok(known);
                }
            }
            _ => return Ok(known),
        }
        known = next_of(older)?;
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(failed(path)(e)),
        _ => Ok(()),
    }
}

/// A path inside a folder, whoever wrote the name.
pub(crate) fn inside(folder: &Path, name: &str) -> Result<PathBuf, StoreError> {
    let is_inside = Path::new(name).components().all(|c| matches!(c, std::path::Component::Normal(_)));
    if name.is_empty() || !is_inside {
        return Err(StoreError::Refused(format!("the name {name:?} of a recording leaves its folder")));
    }
    Ok(folder.join(name))
}

/// One recording, copied if it has to be. `had` is how much of it the increment before has, and its digest.
fn blob(
    dir: &Path,
    from: &Path,
    row: &Row,
    had: Option<(u64, Vec<u8>)>,
    done: &mut BackedUp,
) -> Result<Line, StoreError> {
    let (tenant, recording, name) = (row.int(0) as u64, row.int(1) as u64, row.text(2).to_string());
    let (source, target) = (inside(from, &name)?, inside(&dir.join("blobs"), &name)?);
    let mut file = match File::open(&source) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            // Its row is in the copy of the database, and it was disposed of since.
            remove(&target)?;
            done.gone += 1;
            return Ok(Line::Gone { tenant, recording });
        }
        file => file.map_err(failed(&source))?,
    };
    let len = file.metadata().map_err(failed(&source))?.len();
    done.blobs += 1;
    // Files of recordings only grow: of the same length it is the same, and one that ended does not change any more.
    let is_there = |len| std::fs::metadata(&target).is_ok_and(|m| m.len() >= len);
    if let Some((before, digest)) = had
        && before == len
        && row.maybe_int(3).is_some()
        && is_there(len)
    {
        done.blob_bytes += len;
        return Ok(Line::Blob { tenant, recording, name, len, digest });
    }
    let part = target.with_extension("part");
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    let (len, digest) = copy(&mut file, &source, &part, u64::MAX)?;
    std::fs::rename(&part, &target).map_err(failed(&target))?;
    done.blob_bytes += len;
    done.new_blob_bytes += len;
    Ok(Line::Blob { tenant, recording, name, len, digest })
}

/// Copies at most so many bytes into a new file, and waits for the disk; length and SHA-256 of what was copied.
pub(crate) fn copy(
    file: &mut File,
    source: &Path,
    target: &Path,
    most: u64,
) -> Result<(u64, Vec<u8>), StoreError> {
    use aws_lc_rs::digest::{Context, SHA256};
    let mut out = File::create(target).map_err(failed(target))?;
    let (mut digest, mut len, mut buffer) = (Context::new(&SHA256), 0u64, vec![0; BUFFER]);
    let mut file = file.take(most);
    loop {
        let n = fill(&mut file, &mut buffer).map_err(failed(source))?;
        let Some(bytes) = buffer.get(..n).filter(|b| !b.is_empty()) else { break };
        digest.update(bytes);
        out.write_all(bytes).map_err(failed(target))?;
        len += n as u64;
    }
    out.sync_all().map_err(failed(target))?;
    Ok((len, digest.finish().as_ref().to_vec()))
}

/// What a restored database is compared with: rows of each table, and ends of audit logs.
pub(crate) fn counted(db: &mut dyn Sql) -> Result<Vec<Line>, StoreError> {
    let sql = "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c \
               WHERE m.type = 'table' AND c.name = 'tenant' ORDER BY m.name";
    let mut lines = Vec::new();
    for table in db.rows(sql, &[])?.iter().map(|r| r.text(0).to_string()) {
        let rows =
            db.rows(&format!("SELECT tenant, COUNT(*) FROM {table} GROUP BY tenant ORDER BY tenant"), &[])?;
        lines.extend(rows.iter().map(|r| Line::Count {
            tenant: r.int(0) as u64,
            table: table.clone(),
            rows: r.int(1) as u64,
        }));
    }
    let sql = "SELECT a.tenant, a.id, a.digest FROM audit a JOIN \
               (SELECT tenant, MAX(id) AS id FROM audit GROUP BY tenant) e ON e.tenant = a.tenant AND e.id = a.id \
               ORDER BY a.tenant";
    let ends = db.rows(sql, &[])?;
    lines.extend(ends.iter().map(|r| Line::Audit {
        tenant: r.int(0) as u64,
        entry: r.int(1) as u64,
        digest: r.bytes(2).to_vec(),
    }));
    Ok(lines)
}

fn counts(db: &mut dyn Sql, manifest: &mut Writing) -> Result<(), StoreError> {
    counted(db)?.iter().try_for_each(|line| manifest.line(line))
}

/// A line in words, for whoever compares.
pub(crate) fn in_words(line: &Line) -> String {
    match line {
        Line::Count { tenant, table, rows } => format!("{table} of tenant {tenant}: {rows} rows"),
        Line::Audit { tenant, entry, digest } => {
            format!("the audit log of tenant {tenant} ends with entry {entry}, {}", hex(digest))
        }
        other => format!("{other:?}"),
    }
}
