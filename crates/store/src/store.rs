//! Opening: addresses, the lock, migrations.

use crate::blobs::Blobs;
use crate::error::StoreError;
use crate::keys::Keys;
use crate::migrations::{DATA, KEYS, migrate};
use crate::rotation;
use crate::sql::{Sql, Value};
use crate::sqlite::{Sqlite, Use};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

/// A tenant, by its number in this database.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TenantId(pub u64);

impl From<TenantId> for Value {
    fn from(t: TenantId) -> Value {
        Value::from(t.0)
    }
}

/// Where things are kept.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// `sqlite:PATH`.
    pub url: String,
    /// Whether a commit of data waits for the disk. If not, a power loss may cost everything since the system last wrote
    /// it out, half a minute as a rule; what is left is whole. Keys always wait for the disk.
    pub full_sync: bool,
    /// `file:FOLDER` for recordings and prompts.
    pub blobs: String,
    /// `file:PATH` of the master key, or a PKCS #11 address (RFC 7512).
    pub keys: String,
}

/// Everything that is remembered. One process at a time has it open.
pub struct Store {
    // One connection writes, one reads beside it; each is held for one statement or one transaction.
    writer: Mutex<Box<dyn Sql>>,
    reader: Mutex<Box<dyn Sql>>,
    keys: Mutex<Keys>,
    blobs: Blobs,
    path: PathBuf,
    held: Mutex<rotation::Held>,
    _lock: File,
}

impl Store {
    /// Opens what is there, and makes nothing where no database is: for those who only look.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no database; else as [`Store::open`].
    pub fn open_existing(settings: &StoreSettings) -> Result<Store, StoreError> {
        let path = sqlite_path(&settings.url)?;
        if !path.exists() {
            return Err(StoreError::NotFound(format!("there is no database {}", path.display())));
        }
        Store::open(settings)
    }

    /// Opens what is there, or makes it.
    ///
    /// # Errors
    /// [`StoreError`] with a sentence that says what to do.
    pub fn open(settings: &StoreSettings) -> Result<Store, StoreError> {
        let path = sqlite_path(&settings.url)?;
        crate::master::place_of(&settings.keys)?;
        let blobs = Blobs::open(&settings.blobs)?;
        if let Some(dir) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
            std::fs::create_dir_all(dir).map_err(|e| StoreError::File(dir.display().to_string(), e))?;
        }
        let lock = take_lock(&path)?;
        let existed = path.exists();
        let key_path = path.with_extension("keys.db");
        // Looked at before anything is written: with another master key everything stays as it is.
        let (master, held) = match key_path.exists() {
            true => {
                let mut beside = Sqlite::open_beside(&key_path)?;
                rotation::current(&path, &settings.keys, !existed, &mut beside)?
            }
            false => {
                let mut nothing = Sqlite::in_memory()?;
                rotation::current(&path, &settings.keys, !existed, &mut nothing)?
            }
        };
        let mut writer = Sqlite::open(&path, Use::Data, settings.full_sync)?;
        migrate(&mut writer, DATA)?;
        let reader = Sqlite::open(&path, Use::Data, settings.full_sync)?;
        let mut key_db = Sqlite::open(&key_path, Use::Keys, settings.full_sync)?;
        migrate(&mut key_db, KEYS)?;
        let store = Store {
            writer: Mutex::new(Box::new(writer)),
            reader: Mutex::new(Box::new(reader)),
            keys: Mutex::new(Keys::new(master, Box::new(key_db))),
            blobs,
            path,
            held: Mutex::new(held),
            _lock: lock,
        };
        store.note_master()?;
        // A change of the master key that was asked for, or interrupted, is made now.
        store.rotate_master()?;
        Ok(store)
    }

    /// The connection that writes.
    pub(crate) fn writer(&self) -> MutexGuard<'_, Box<dyn Sql>> {
        // A panic while it was held rolled its transaction back (`sql::transaction`); the connection is still good.
        self.writer.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// The connection that reads.
    pub(crate) fn reader(&self) -> MutexGuard<'_, Box<dyn Sql>> {
        self.reader.lock().unwrap_or_else(|e| e.into_inner())
    }

    pub(crate) fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Where the master key is.
    pub(crate) fn held(&self) -> MutexGuard<'_, rotation::Held> {
        self.held.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// The database's file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where recordings and prompts are.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Whether the database answers, for the health page.
    ///
    /// # Errors
    /// What the database said.
    pub fn ping(&self) -> Result<(), StoreError> {
        self.reader().rows("SELECT 1", &[]).map(|_| ())
    }

    /// Limits the database's size, as a full disk would: for tests of what happens then. 0 lifts the limit.
    ///
    /// # Errors
    /// What the database said.
    pub fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        let pages = if pages == 0 { 1_073_741_823 } else { pages };
        self.writer().rows(&format!("PRAGMA max_page_count={pages}"), &[]).map(|_| ())
    }

    /// The names of all tables and columns, for the data catalogue's test.
    ///
    /// # Errors
    /// What the database said.
    pub fn columns(&self) -> Result<Vec<(String, String)>, StoreError> {
        let sql =
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'";
        let mut all = self.reader().rows(sql, &[])?;
        all.extend(self.keys().columns()?);
        Ok(all.iter().map(|r| (r.text(0).into(), r.text(1).into())).collect())
    }

    /// The tenants, by name.
    ///
    /// # Errors
    /// What the database said.
    pub fn tenants(&self) -> Result<Vec<(TenantId, String)>, StoreError> {
        let rows = self.reader().rows("SELECT id, name FROM tenants ORDER BY id", &[])?;
        Ok(rows.iter().map(|r| (TenantId(r.int(0) as u64), r.text(1).into())).collect())
    }

    /// The name of a tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this number.
    pub fn tenant_name(&self, tenant: TenantId) -> Result<String, StoreError> {
        let rows = self.reader().rows("SELECT name FROM tenants WHERE id = $1", &[tenant.into()])?;
        rows.first().map(|r| r.text(0).to_string()).ok_or_else(|| StoreError::NotFound("this tenant".into()))
    }

    /// The tenant of a name, made if it is not there.
    ///
    /// # Errors
    /// What the database said.
    pub fn tenant(&self, name: &str, now: u64) -> Result<TenantId, StoreError> {
        let mut db = self.writer();
        let sql = "INSERT INTO tenants (id, name, created) \
                   SELECT COALESCE(MAX(id), 0) + 1, $1, $2 FROM \
                   (SELECT id FROM tenants UNION ALL SELECT tenant FROM closings) AS known WHERE true \
                   ON CONFLICT (name) DO NOTHING";
        db.run(sql, &[name.into(), now.into()])?;
        let rows = db.rows("SELECT id FROM tenants WHERE name = $1", &[name.into()])?;
        let id = rows.first().ok_or_else(|| StoreError::NotFound(format!("tenant {name}")))?.int(0);
        Ok(TenantId(id as u64))
    }
}

impl Keys {
    fn columns(&mut self) -> Result<Vec<crate::sql::Row>, StoreError> {
        let sql =
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'";
        self.query(sql)
    }
}

pub(crate) fn sqlite_path(url: &str) -> Result<PathBuf, StoreError> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        if !path.is_empty() {
            return Ok(PathBuf::from(path));
        }
    }
    if url.starts_with("postgres") {
        return Err(StoreError::Address(
            "store.url: PostgreSQL is not supported yet; use sqlite:PATH, for example sqlite:data/switchroom.db".into(),
        ));
    }
    Err(StoreError::Address("store.url: use sqlite:PATH, for example sqlite:data/switchroom.db".into()))
}

/// The path of a `file:` address.
pub(crate) fn file_path(url: &str, key: &str) -> Result<PathBuf, StoreError> {
    match url.strip_prefix("file:") {
        Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ => Err(StoreError::Address(format!("{key}: only file:PATH is supported yet"))),
    }
}

pub(crate) fn take_lock(database: &Path) -> Result<File, StoreError> {
    let path = database.with_extension("lock");
    let name = path.display().to_string();
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| StoreError::File(name, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => Err(StoreError::InUse(database.display().to_string())),
    }
}
