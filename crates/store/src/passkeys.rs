//! Passkeys of accounts: public keys by which a browser's authenticator proves who somebody is. They are deleted with their
//! user. How a signature is checked is known elsewhere.

use crate::accounts::Of;
use crate::error::StoreError;
use crate::keys::DataKey;
use crate::sql::{Row, Sql, Value, transaction};
use crate::store::{Store, TenantId};
use aws_lc_rs::digest;
use redact::Secret;

/// The most passkeys of one account.
pub const MOST_PASSKEYS: u64 = 10;

/// A passkey.
#[derive(Clone, Debug)]
pub struct Passkey {
    /// The authenticator's id for it, up to 1023 bytes.
    pub credential: Vec<u8>,
    /// What its owner calls it.
    pub name: Secret<String>,
    /// The public key, as SubjectPublicKeyInfo (RFC 5280).
    pub key: Vec<u8>,
    /// Which kind of signature, by its number among COSE's algorithms.
    pub algorithm: i64,
    /// How often the authenticator says that it has signed; 0 where it does not count.
    pub counter: u32,
    /// When it was added, in milliseconds since 1970.
    pub created: u64,
    /// When it was used last; `None` if never.
    pub used: Option<u64>,
}

impl Passkey {
    /// By what it is found, and its id in the API: the hash of the authenticator's id.
    pub fn hash(&self) -> Vec<u8> {
        hash_of(&self.credential)
    }
}

fn hash_of(credential: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, credential).as_ref().to_vec()
}

fn place((tenant, user): Of, hash: &[u8], what: &str) -> String {
    let name: String = hash.iter().map(|b| format!("{b:02x}")).collect();
    format!("passkey/{}/{user}/{name}/{what}", tenant.0)
}

const COLUMNS: &str = "hash, credential, name, key, algorithm, counter, created, used";

fn read(key: &DataKey, of: Of, row: &Row) -> Result<Passkey, StoreError> {
    let part = |n: usize, what: &str| key.open(&place(of, row.bytes(0), what), row.bytes(n));
    let name = String::from_utf8(part(2, "name")?)
        .map_err(|_| StoreError::Unreadable(place(of, row.bytes(0), "name")))?;
    Ok(Passkey {
        credential: part(1, "credential")?,
        name: Secret::new(name),
        key: part(3, "key")?,
        algorithm: row.int(4),
        counter: row.int(5) as u32,
        created: row.int(6) as u64,
        used: row.maybe_int(7).map(|at| at as u64),
    })
}

/// Deletes the passkeys of an account, because its user is deleted.
pub(crate) fn delete(db: &mut dyn Sql, of: Of) -> Result<(), StoreError> {
    let sql = "DELETE FROM passkeys WHERE tenant = $1 AND account = $2";
    db.run(sql, &[of.0.into(), u64::from(of.1).into()]).map(|_| ())
}

impl Store {
    /// Adds a passkey to an account.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it is known already, or the account has [`MOST_PASSKEYS`].
    pub fn add_passkey(
        &self,
        of: Of,
        passkey: &Passkey,
        now: u64,
        who: &str,
        object: &str,
    ) -> Result<(), StoreError> {
        let key = self.tenant_key(of.0)?;
        let hash = passkey.hash();
        let seal = |what: &str, plain: &[u8]| key.seal(&place(of, &hash, what), plain);
        let credential = seal("credential", &passkey.credential)?;
        let name = seal("name", passkey.name.expose_secret().as_bytes())?;
        let public = seal("key", &passkey.key)?;
        let account = u64::from(of.1);
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            let sql = "SELECT COUNT(*) FROM passkeys WHERE tenant = $1 AND account = $2";
            let rows = db.rows(sql, &[of.0.into(), account.into()])?;
            if rows.first().map_or(0, |r| r.int(0)) as u64 >= MOST_PASSKEYS {
                let what = format!("an account has {MOST_PASSKEYS} passkeys at the most: remove one first");
                return Err(StoreError::Refused(what));
            }
            let sql = "INSERT INTO passkeys (tenant, account, hash, credential, name, key, algorithm, counter, created) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (hash) DO NOTHING";
            let values = [
                of.0.into(),
                account.into(),
                hash.clone().into(),
                credential.into(),
                name.into(),
                public.into(),
                passkey.algorithm.into(),
                u64::from(passkey.counter).into(),
                passkey.created.into(),
            ];
            if db.run(sql, &values)? == 0 {
                return Err(StoreError::Refused("this passkey is somebody's already".into()));
            }
            crate::audit::put(db, of.0, now, who, "account.passkey", object)
        })
    }

    /// The passkeys of an account, the oldest first.
    ///
    /// # Errors
    /// What the database said, or [`StoreError::Unreadable`].
    pub fn passkeys(&self, of: Of) -> Result<Vec<Passkey>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM passkeys WHERE tenant = $1 AND account = $2 ORDER BY created, hash"
        );
        let rows = self.reader().rows(&sql, &[of.0.into(), u64::from(of.1).into()])?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.tenant_key(of.0)?;
        rows.iter().map(|row| read(&key, of, row)).collect()
    }

    /// Whose a passkey is, by the authenticator's id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is nobody's here.
    pub fn passkey(&self, credential: &[u8]) -> Result<(Of, Passkey), StoreError> {
        let sql = format!("SELECT {COLUMNS}, tenant, account FROM passkeys WHERE hash = $1");
        let rows = self.reader().rows(&sql, &[hash_of(credential).into()])?;
        let row = rows.first().ok_or_else(|| StoreError::NotFound("this passkey".into()))?;
        let of = (TenantId(row.int(8) as u64), row.int(9) as u32);
        Ok((of, read(&self.tenant_key(of.0)?, of, row)?))
    }

    /// Uses a passkey: whether the authenticator's counter is above what was seen, or it counts nothing at all (WebAuthn
    /// Level 2, section 7.2, step 21).
    ///
    /// # Errors
    /// What the database said.
    pub fn use_passkey(&self, of: Of, hash: &[u8], counter: u32, now: u64) -> Result<bool, StoreError> {
        let sql = "UPDATE passkeys SET counter = $1, used = $2 WHERE tenant = $3 AND account = $4 AND hash = $5 \
                   AND (counter < $6 OR (counter = 0 AND $7 = 0))";
        let counter = u64::from(counter);
        let values = [
            counter.into(),
            now.into(),
            of.0.into(),
            u64::from(of.1).into(),
            Value::Bytes(hash.to_vec()),
            counter.into(),
            counter.into(),
        ];
        Ok(self.writer().run(sql, &values)? == 1)
    }

    /// Calls a passkey otherwise.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the account has none with this hash.
    pub fn rename_passkey(&self, of: Of, hash: &[u8], name: &Secret<String>) -> Result<(), StoreError> {
        let place = place(of, hash, "name");
        let sealed = self.tenant_key(of.0)?.seal(&place, name.expose_secret().as_bytes())?;
        let sql = "UPDATE passkeys SET name = $1 WHERE tenant = $2 AND account = $3 AND hash = $4";
        let values = [sealed.into(), of.0.into(), u64::from(of.1).into(), Value::Bytes(hash.to_vec())];
        match self.writer().run(sql, &values)? {
            0 => Err(StoreError::NotFound("this passkey".into())),
            _ => Ok(()),
        }
    }

    /// Removes a passkey of an account, or all of them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the account has none with this hash.
    pub fn remove_passkey(
        &self,
        of: Of,
        hash: Option<&[u8]>,
        now: u64,
        who: &str,
        object: &str,
    ) -> Result<(), StoreError> {
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            match hash {
                Some(hash) => {
                    let sql = "DELETE FROM passkeys WHERE tenant = $1 AND account = $2 AND hash = $3";
                    let values = [of.0.into(), u64::from(of.1).into(), Value::Bytes(hash.to_vec())];
                    if db.run(sql, &values)? == 0 {
                        return Err(StoreError::NotFound("this passkey".into()));
                    }
                }
                None => delete(db, of)?,
            }
            crate::audit::put(db, of.0, now, who, "account.passkey-removed", object)
        })
    }
}
