//! Keys: the master key wraps each tenant's, the tenant's wraps each person's and each recording's, and a person's seals what
//! is known of them. A recording needs both, the person's and its own.
//!
//! Destroying a person's key makes everything sealed with it unreadable, wherever copies of it are. Keys stand in a
//! database of their own whose deleted rows are overwritten. Sealing is AES-256-GCM (NIST SP 800-38D) with a random nonce
//! in front; the place that a value belongs to is authenticated with it, so that sealed values cannot be exchanged.

use crate::error::StoreError;
use crate::master::{Master, MasterKey};
use crate::sql::{Sql, Value};
use crate::store::TenantId;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac, rand};
use std::collections::HashMap;
use std::path::Path;

/// A key of 256 bits that seals and opens. Its bytes are never printed.
#[derive(Clone)]
pub struct DataKey {
    bytes: [u8; 32],
}

impl core::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("DataKey(…)")
    }
}

impl DataKey {
    /// A new one from the operating system's chance.
    ///
    /// # Errors
    /// When the operating system gives none.
    pub fn random() -> Result<DataKey, StoreError> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes)
            .map_err(|_| StoreError::Refused("the operating system gave no random bytes".into()))?;
        Ok(DataKey { bytes })
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<DataKey> {
        Some(DataKey { bytes: bytes.try_into().ok()? })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn as_hex(&self) -> String {
        self.bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Of 64 hexadecimal digits.
    pub(crate) fn from_hex(text: &str) -> Option<DataKey> {
        let digits = text.as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
        bytes.filter(|_| digits.len() == 64).and_then(|b| DataKey::from_bytes(&b))
    }

    fn aead(&self) -> Result<LessSafeKey, StoreError> {
        let key = UnboundKey::new(&AES_256_GCM, &self.bytes);
        key.map(LessSafeKey::new).map_err(|_| StoreError::Refused("the key has a wrong length".into()))
    }

    /// Seals bytes that belong to `place`.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce)
            .map_err(|_| StoreError::Refused("the operating system gave no random bytes".into()))?;
        let mut out = Vec::with_capacity(NONCE_LEN + plain.len() + 16);
        out.extend_from_slice(&nonce);
        let mut body = plain.to_vec();
        self.aead()?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut body,
            )
            .map_err(|_| StoreError::Refused("too long to seal".into()))?;
        out.extend_from_slice(&body);
        Ok(out)
    }

    /// Opens what [`DataKey::seal`] sealed for the same place.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when it was changed, or sealed with another key or for another place.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let unreadable = || StoreError::Unreadable(place.into());
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or_else(unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| unreadable())?;
        let mut body = body.to_vec();
        let plain = self
            .aead()?
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut body)
            .map_err(|_| unreadable())?
            .len();
        body.truncate(plain);
        Ok(body)
    }

    /// Seals one numbered chunk in place: the number is its nonce, so a key serves one file only.
    pub(crate) fn seal_chunk(
        &self,
        number: u64,
        place: &[u8],
        chunk: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        self.aead()?
            .seal_in_place_append_tag(chunk_nonce(number), Aad::from(place), chunk)
            .map_err(|_| StoreError::Refused("too long to seal".into()))
    }

    pub(crate) fn open_chunk(
        &self,
        number: u64,
        place: &[u8],
        chunk: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        let plain = self
            .aead()?
            .open_in_place(chunk_nonce(number), Aad::from(place), chunk)
            .map_err(|_| StoreError::Unreadable(format!("chunk {number} of a recording")))?
            .len();
        chunk.truncate(plain);
        Ok(())
    }

    /// A key for another purpose, which tells nothing of this one (HKDF, RFC 5869).
    fn derive(&self, purpose: &str) -> Result<[u8; 32], StoreError> {
        let mut out = [0; 32];
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"switchroom")
            .extract(&self.bytes)
            .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut out))
            .map_err(|_| StoreError::Refused("no key could be derived".into()))?;
        Ok(out)
    }
}

fn chunk_nonce(number: u64) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// All keys of the installation.
pub struct Keys {
    master: Master,
    db: Box<dyn Sql>,
    tenants: HashMap<TenantId, TenantKeys>,
    /// Keys that are on the disk and belong to nobody yet, by the number of the person who will come.
    ahead: HashMap<(TenantId, &'static str, u64), DataKey>,
    /// A transaction was begun and not ended: true at the next beginning only after a panic.
    open: bool,
}

struct TenantKeys {
    key: DataKey,
    lookup: hmac::Key,
}

pub(crate) const PERSON: &str = "person";
pub(crate) const RECORDING: &str = "recording";
/// Kinds whose numbers are given one after the other.
const NUMBERED: [&str; 2] = [PERSON, RECORDING];
/// A user, by the number of the object.
pub(crate) const USER: &str = "user";
pub(crate) const DIRECTORY: &str = "directory";
pub(crate) const LOCAL: &str = "local";
pub(crate) const ADMINISTRATOR: &str = "administrator";
const TENANT: &str = "tenant";
/// A key must be on the disk before what is sealed with it, and waiting for the disk is dear: so many people's keys are
/// made at once.
const AHEAD: u64 = 64;

impl Keys {
    pub(crate) fn new(master: Master, db: Box<dyn Sql>) -> Keys {
        Keys { master, db, tenants: HashMap::new(), ahead: HashMap::new(), open: false }
    }

    /// Makes the key of a tenant for which nothing was ever sealed. `data` is the database of records.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the tenant has no key and there is something that was sealed with it: another key
    /// would not open it, and would hide that the right one is missing.
    pub(crate) fn ensure_tenant(&mut self, tenant: TenantId, data: &mut dyn Sql) -> Result<(), StoreError> {
        if self.tenants.contains_key(&tenant) || self.read(tenant, TENANT, 0)?.is_some() {
            return Ok(());
        }
        let sql = "SELECT tenant FROM objects WHERE tenant = $1 UNION ALL SELECT tenant FROM persons WHERE tenant = $1 \
                   UNION ALL SELECT tenant FROM object_versions WHERE tenant = $1 LIMIT 1";
        if !data.rows(sql, &[tenant.into()])?.is_empty() {
            return Err(no_tenant_key(tenant));
        }
        let key = DataKey::random()?;
        let wrapped = self.master.seal(&place(tenant, TENANT, 0), &key.bytes)?;
        self.write(tenant, TENANT, 0, wrapped)
    }

    fn tenant(&mut self, tenant: TenantId) -> Result<&TenantKeys, StoreError> {
        if !self.tenants.contains_key(&tenant) {
            let wrapped = self.read(tenant, TENANT, 0)?.ok_or_else(|| no_tenant_key(tenant))?;
            let key = self.master.open(&place(tenant, TENANT, 0), &wrapped)?;
            let key =
                DataKey::from_bytes(&key).ok_or_else(|| StoreError::Unreadable("the tenant's key".into()))?;
            let lookup = hmac::Key::new(hmac::HMAC_SHA256, &key.derive("lookup")?);
            self.tenants.insert(tenant, TenantKeys { key, lookup });
        }
        self.tenants.get(&tenant).ok_or_else(|| StoreError::NotFound("the tenant's key".into()))
    }

    /// The hash by which a number or address is looked up. It says nothing to whoever lacks the tenant's key.
    ///
    /// # Errors
    /// When the tenant's key cannot be read.
    pub fn lookup(&mut self, tenant: TenantId, value: &str) -> Result<Vec<u8>, StoreError> {
        Ok(hmac::sign(&self.tenant(tenant)?.lookup, value.as_bytes()).as_ref().to_vec())
    }

    /// The key of [`Keys::lookup`], for whoever hashes often.
    pub(crate) fn lookup_key(&mut self, tenant: TenantId) -> Result<hmac::Key, StoreError> {
        Ok(self.tenant(tenant)?.lookup.clone())
    }

    /// The tenant's own key, for what belongs to no person.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_tenant(&mut self, tenant: TenantId) -> Result<DataKey, StoreError> {
        Ok(self.tenant(tenant)?.key.clone())
    }

    /// The key of a person who called.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the person was erased or never was.
    pub fn of_person(&mut self, tenant: TenantId, person: u64) -> Result<DataKey, StoreError> {
        self.of(tenant, PERSON, person)
    }

    /// A key of the installation as a whole, wrapped by the master key; made when it is asked for first.
    pub(crate) fn under_master(&mut self, kind: &str) -> Result<DataKey, StoreError> {
        let nobody = TenantId(0);
        if let Some(wrapped) = self.read(nobody, kind, 0)? {
            let key = self.master.open(&place(nobody, kind, 0), &wrapped)?;
            return DataKey::from_bytes(&key)
                .ok_or_else(|| StoreError::Unreadable("the installation's key".into()));
        }
        let key = DataKey::random()?;
        let wrapped = self.master.seal(&place(nobody, kind, 0), &key.bytes)?;
        self.write(nobody, kind, 0, wrapped)?;
        Ok(key)
    }

    /// The key of one person of this kind.
    pub(crate) fn of(&mut self, tenant: TenantId, kind: &str, id: u64) -> Result<DataKey, StoreError> {
        let wrapped = self
            .read(tenant, kind, id)?
            .ok_or_else(|| StoreError::NotFound("this person's key: it was erased".into()))?;
        let key = self.tenant(tenant)?.key.open(&place(tenant, kind, id), &wrapped)?;
        DataKey::from_bytes(&key).ok_or_else(|| StoreError::Unreadable("a person's key".into()))
    }

    /// Whether one person of this kind has a key.
    pub(crate) fn has(&mut self, tenant: TenantId, kind: &str, id: u64) -> Result<bool, StoreError> {
        Ok(self.read(tenant, kind, id)?.is_some())
    }

    /// The key of a person who is new and has the highest number. People are numbered one after the other, so the next
    /// ones' keys are made too.
    pub(crate) fn new_person(&mut self, tenant: TenantId, person: u64) -> Result<DataKey, StoreError> {
        self.numbered(tenant, PERSON, person)
    }

    /// The key of a recording that begins. Recordings are numbered one after the other too.
    pub(crate) fn new_recording(&mut self, tenant: TenantId, id: u64) -> Result<DataKey, StoreError> {
        if self.open || self.ahead.contains_key(&(tenant, RECORDING, id)) {
            return self.numbered(tenant, RECORDING, id);
        }
        self.begin()?;
        let key = self.numbered(tenant, RECORDING, id);
        self.end(key.is_ok()).and(key)
    }

    fn numbered(&mut self, tenant: TenantId, kind: &'static str, number: u64) -> Result<DataKey, StoreError> {
        if let Some(key) = self.ahead.remove(&(tenant, kind, number)) {
            return Ok(key);
        }
        // What was made for numbers that are not reached this way is not used.
        self.ahead.retain(|(other, of, _), _| *other != tenant || *of != kind);
        for id in (number..).take(AHEAD as usize) {
            // An earlier process made it, and nobody came.
            let key = match self.of(tenant, kind, id) {
                Err(StoreError::NotFound(_)) => self.make(tenant, kind, id)?,
                known => known?,
            };
            self.ahead.insert((tenant, kind, id), key);
        }
        self.ahead.remove(&(tenant, kind, number)).ok_or_else(|| StoreError::NotFound("this key".into()))
    }

    /// A new key for one person of this kind, in place of any there was.
    pub(crate) fn make(&mut self, tenant: TenantId, kind: &str, id: u64) -> Result<DataKey, StoreError> {
        let key = DataKey::random()?;
        let wrapped = self.tenant(tenant)?.key.seal(&place(tenant, kind, id), &key.bytes)?;
        self.write(tenant, kind, id, wrapped)?;
        Ok(key)
    }

    /// Destroys one person's key: the database overwrites what it deletes.
    pub(crate) fn destroy(&mut self, tenant: TenantId, kind: &str, id: u64) -> Result<(), StoreError> {
        if let Some(kind) = NUMBERED.into_iter().find(|known| *known == kind) {
            self.ahead.remove(&(tenant, kind, id));
        }
        let sql = "DELETE FROM keys WHERE tenant = $1 AND kind = $2 AND id = $3";
        self.counted(sql, &[tenant.into(), kind.into(), id.into()])
    }

    /// Deletes and counts in one: whoever copies keys can tell whether one was destroyed since.
    fn counted(&mut self, sql: &str, values: &[Value]) -> Result<(), StoreError> {
        let both = |db: &mut dyn Sql| {
            if db.run(sql, values)? > 0 {
                db.run("UPDATE destroyed SET count = count + 1", &[])?;
            }
            Ok(())
        };
        match self.open {
            true => both(&mut *self.db),
            false => crate::sql::transaction(&mut *self.db, both),
        }
    }

    /// The master key, and how many keys were destroyed so far.
    pub(crate) fn master_and_generation(&mut self) -> Result<(Master, u64), StoreError> {
        Ok((self.master.clone(), Keys::generation(&mut *self.db)?))
    }

    /// From here on this is the master key: what it wraps is wrapped anew already.
    pub(crate) fn set_master(&mut self, master: Master) {
        self.master = master;
    }

    /// The database of keys.
    pub(crate) fn db(&mut self) -> &mut dyn Sql {
        &mut *self.db
    }

    /// Whether this is the master key of what is wrapped here; `None` where nothing is.
    pub(crate) fn opens_with(&mut self, master: &dyn MasterKey) -> Result<Option<bool>, StoreError> {
        crate::rotation::opens(&mut *self.db, master)
    }

    /// Whether there is a key of the installation as a whole.
    pub(crate) fn has_installation(&mut self) -> Result<bool, StoreError> {
        Ok(self.read(TenantId(0), "installation", 0)?.is_some())
    }

    /// The same, and what the database keeps of it beside its own file (the log written ahead) is overwritten as well.
    pub(crate) fn destroy_for_good(
        &mut self,
        tenant: TenantId,
        kind: &str,
        id: u64,
    ) -> Result<(), StoreError> {
        self.destroy(tenant, kind, id)?;
        self.forget_deleted()
    }

    /// Overwrites what the database keeps of deleted keys in its file and beside it.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when somebody reads the keys for longer than a fifth of a second: done again it goes on.
    pub(crate) fn forget_deleted(&mut self) -> Result<(), StoreError> {
        match crate::sqlite::empty_log(|| crate::sqlite::empty_log_now(&mut *self.db))? {
            true => Ok(()),
            false => Err(StoreError::Refused(
                "keys that were destroyed still stand in the file of keys, because another program reads it: try again".into(),
            )),
        }
    }

    /// The numbers of all people of this kind who have a key.
    pub(crate) fn all(&mut self, tenant: TenantId, kind: &str) -> Result<Vec<u64>, StoreError> {
        let sql = "SELECT id FROM keys WHERE tenant = $1 AND kind = $2";
        let rows = self.db.rows(sql, &[tenant.into(), kind.into()])?;
        Ok(rows.iter().map(|row| row.int(0) as u64).collect())
    }

    /// Destroys the keys of all people of this kind.
    pub(crate) fn destroy_all(&mut self, tenant: TenantId, kind: &str) -> Result<(), StoreError> {
        self.ahead.retain(|(other, of, _), _| *of != kind || *other != tenant);
        let sql = "DELETE FROM keys WHERE tenant = $1 AND kind = $2";
        self.counted(sql, &[tenant.into(), kind.into()])
    }

    /// Destroys all keys of a tenant, its own too, also beside the database's own file.
    pub(crate) fn destroy_tenant(&mut self, tenant: TenantId) -> Result<(), StoreError> {
        self.ahead.retain(|(other, ..), _| *other != tenant);
        self.tenants.remove(&tenant);
        self.counted("DELETE FROM keys WHERE tenant = $1", &[tenant.into()])?;
        self.forget_deleted()
    }

    /// Whether a tenant has a key of its own.
    pub(crate) fn has_tenant(&mut self, tenant: TenantId) -> Result<bool, StoreError> {
        Ok(self.read(tenant, TENANT, 0)?.is_some())
    }

    pub(crate) fn query(&mut self, sql: &str) -> Result<Vec<crate::sql::Row>, StoreError> {
        self.db.rows(sql, &[])
    }

    pub(crate) fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<crate::sql::Row>, StoreError> {
        self.db.rows(sql, values)
    }

    pub(crate) fn begin(&mut self) -> Result<(), StoreError> {
        if self.open {
            let _ = self.end(false);
        }
        self.db.run("BEGIN", &[])?;
        self.open = true;
        Ok(())
    }

    pub(crate) fn end(&mut self, good: bool) -> Result<(), StoreError> {
        if good {
            self.db.run("COMMIT", &[])?;
        } else {
            // A tenant's key may have been made in what is undone now: it must not be used from memory any more.
            self.tenants.clear();
            self.ahead.clear();
            self.db.run("ROLLBACK", &[])?;
        }
        self.open = false;
        Ok(())
    }

    fn read(&mut self, tenant: TenantId, kind: &str, id: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT wrapped FROM keys WHERE tenant = $1 AND kind = $2 AND id = $3";
        let rows = self.db.rows(sql, &[tenant.into(), kind.into(), id.into()])?;
        Ok(rows.first().map(|r| r.bytes(0).to_vec()))
    }

    fn write(&mut self, tenant: TenantId, kind: &str, id: u64, wrapped: Vec<u8>) -> Result<(), StoreError> {
        // A key whose data never came (the process died between the two files) is replaced: nothing is sealed with it.
        let sql = "INSERT INTO keys (tenant, kind, id, wrapped, created) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (tenant, kind, id) DO UPDATE SET wrapped = excluded.wrapped, created = excluded.created";
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.map_or(0, |d| d.as_millis() as u64);
        self.db.run(sql, &[tenant.into(), kind.into(), id.into(), Value::Bytes(wrapped), now.into()])?;
        Ok(())
    }
}

fn no_tenant_key(tenant: TenantId) -> StoreError {
    StoreError::Refused(format!(
        "the key of tenant {} is missing, and there is data that was sealed with it: bring the database of keys \
         (the file ending in .keys.db) back from a backup",
        tenant.0
    ))
}

/// The place that a wrapped key belongs to.
pub(crate) fn key_place(tenant: TenantId, kind: &str, id: u64) -> String {
    place(tenant, kind, id)
}

fn place(tenant: TenantId, kind: &str, id: u64) -> String {
    format!("key/{}/{kind}/{id}", tenant.0)
}

#[cfg(unix)]
pub(crate) fn check_rights(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path)
        .map_err(|e| StoreError::File(path.display().to_string(), e))?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(StoreError::Refused(format!(
        "{} can be read by others: chmod 600 {}",
        path.display(),
        path.display()
    )))
}

#[cfg(not(unix))]
pub(crate) fn check_rights(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_what_it_sealed_and_nothing_else() {
        let (a, b) = (DataKey::random().unwrap(), DataKey::random().unwrap());
        let sealed = a.seal("here", b"value").unwrap();
        assert_eq!(a.open("here", &sealed).unwrap(), b"value");
        assert!(b.open("here", &sealed).is_err());
        assert!(a.open("there", &sealed).is_err());
        for i in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[i] ^= 1;
            assert!(a.open("here", &bent).is_err());
            assert!(a.open("here", &sealed[..i]).is_err());
        }
        assert_eq!(format!("{a:?}"), "DataKey(…)");
    }
}
