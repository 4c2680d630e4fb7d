//! People: whoever called, known by a keyed hash, with what is known of them sealed under a key of their own.

use crate::aliases::Alias;
use crate::error::StoreError;
use crate::keys::{DataKey, Keys, PERSON};
use crate::sql::{Sql, Value};
use crate::store::{Store, TenantId};
use redact::Secret;

/// A far end of a call, new in this batch.
#[derive(Clone, Debug)]
pub struct Party {
    /// The number by which events know it.
    pub id: u64,
    /// Telephone number or address: who it is. The same address is the same person.
    pub address: Secret<String>,
    /// The name that came with the call.
    pub display: Secret<String>,
    /// What the journal calls whoever it is; nothing for those who withheld their number.
    pub alias: Option<Alias>,
}

/// What is known of a party, opened.
#[derive(Clone, Debug)]
pub struct PartyValue {
    /// Telephone number or address.
    pub address: Secret<String>,
    /// The name that came with the call; empty if there was none.
    pub display: Secret<String>,
}

pub(crate) fn put_party(
    db: &mut dyn Sql,
    keys: &mut Keys,
    tenant: TenantId,
    party: &Party,
    now: u64,
) -> Result<(), StoreError> {
    let lookup = keys.lookup(tenant, party.address.expose_secret())?;
    let found = db.rows(
        "SELECT id, value, name, alias FROM persons WHERE tenant = $1 AND lookup = $2",
        &[tenant.into(), lookup.clone().into()],
    )?;
    // Whoever asked to be known by another name is found by that one.
    let corrected = found.first().is_some_and(|row| !row.bytes(2).is_empty());
    let (person, key) = match found.first() {
        Some(row) => {
            let person = row.int(0) as u64;
            (person, key_of_known(db, keys, tenant, person, party, row.bytes(1))?)
        }
        None => {
            let person = crate::erase::next_number(db, tenant, PERSON)?;
            let key = keys.new_person(tenant, person)?;
            let value = key.seal(&format!("person/{person}"), party.address.expose_secret().as_bytes())?;
            let sql = "INSERT INTO persons (tenant, id, lookup, value, created) VALUES ($1, $2, $3, $4, $5)";
            db.run(sql, &[tenant.into(), person.into(), lookup.into(), value.into(), now.into()])?;
            (person, key)
        }
    };
    if let Some(alias) = party.alias {
        let sealed = found.first().map_or(&[][..], |row| row.bytes(3));
        crate::aliases::put_alias(db, &key, (tenant, person), sealed, alias)?;
    }
    let display = match party.display.expose_secret().as_str() {
        "" => Value::Null,
        name => {
            if !corrected {
                crate::names::put_words(db, keys, (tenant, person), name)?;
            }
            Value::Bytes(key.seal(&format!("party/{}", party.id), name.as_bytes())?)
        }
    };
    let sql = "INSERT INTO parties (tenant, id, person, display) VALUES ($1, $2, $3, $4)";
    db.run(sql, &[tenant.into(), party.id.into(), person.into(), display])?;
    Ok(())
}

/// The key of a person whose row is there. Where the key is gone, or opens nothing because only the key was written
/// when an earlier attempt failed, the person is as new: a caller is never refused for what was lost or erased.
fn key_of_known(
    db: &mut dyn Sql,
    keys: &mut Keys,
    tenant: TenantId,
    person: u64,
    party: &Party,
    sealed: &[u8],
) -> Result<DataKey, StoreError> {
    let place = format!("person/{person}");
    let key = match keys.of_person(tenant, person) {
        Ok(key) if key.open(&place, sealed).is_ok() => return Ok(key),
        Ok(key) => key,
        Err(StoreError::NotFound(_)) => keys.make(tenant, PERSON, person)?,
        Err(e) => return Err(e),
    };
    let value = key.seal(&place, party.address.expose_secret().as_bytes())?;
    let sql = "UPDATE persons SET value = $1 WHERE tenant = $2 AND id = $3";
    db.run(sql, &[value.into(), tenant.into(), person.into()])?;
    // Names of earlier calls were sealed with the key that is gone: nobody will read them again.
    let sql = "UPDATE parties SET display = NULL WHERE tenant = $1 AND person = $2";
    db.run(sql, &[tenant.into(), person.into()])?;
    crate::names::forget_words(db, tenant, person)?;
    Ok(key)
}

/// The first 64 bits of a keyed hash; never 0.
pub(crate) fn first_of(hash: &[u8]) -> u64 {
    u64::from_be_bytes(hash.first_chunk().copied().unwrap_or_default()).max(1)
}

impl Store {
    /// What is known of a party; of somebody who objected no name, so that nobody is recognised by it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the person was erased.
    pub fn party(&self, tenant: TenantId, id: u64) -> Result<PartyValue, StoreError> {
        let sql = "SELECT p.person, p.display, q.value, q.name, q.restricted, q.objected FROM parties p \
                   JOIN persons q ON q.tenant = p.tenant AND q.id = p.person WHERE p.tenant = $1 AND p.id = $2";
        let rows = self.reader().rows(sql, &[tenant.into(), id.into()])?;
        let row = rows.first().ok_or_else(|| StoreError::NotFound("this party".into()))?;
        let person = row.int(0) as u64;
        if row.int(4) != 0 {
            return Err(StoreError::NotFound("this party: its data is restricted".into()));
        }
        let key = self.keys().of_person(tenant, person)?;
        let open = |place: String, sealed: &[u8]| -> Result<Secret<String>, StoreError> {
            if sealed.is_empty() {
                return Ok(Secret::new(String::new()));
            }
            let bytes = key.open(&place, sealed)?;
            Ok(Secret::new(String::from_utf8(bytes).map_err(|_| StoreError::Unreadable(place))?))
        };
        Ok(PartyValue {
            address: open(format!("person/{person}"), row.bytes(2))?,
            display: match row.bytes(3) {
                _ if row.int(5) != 0 => Secret::default(),
                [] => open(format!("party/{id}"), row.bytes(1))?,
                name => open(format!("person-name/{person}"), name)?,
            },
        })
    }

    /// Whether whoever this party is was erased or is restricted, so that nobody may be shown who it is. Of a party that is
    /// not written, or not yet, nothing says so.
    ///
    /// # Errors
    /// What the database said.
    pub fn is_hidden(&self, tenant: TenantId, id: u64) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM parties p LEFT JOIN persons q ON q.tenant = p.tenant AND q.id = p.person \
                   WHERE p.tenant = $1 AND p.id = $2 AND (q.id IS NULL OR q.restricted <> 0)";
        Ok(!self.reader().rows(sql, &[tenant.into(), id.into()])?.is_empty())
    }

    /// Tells a tenant's persons apart in memory, without saying who they are: the first 64 bits of the
    /// keyed hash of their number. Never 0.
    ///
    /// # Errors
    /// When the tenant's key cannot be read.
    pub fn person_hash(&self, tenant: TenantId) -> Result<Box<dyn Fn(&str) -> u64 + Send>, StoreError> {
        let lookup = self.keys().lookup_key(tenant)?;
        Ok(Box::new(move |number| first_of(aws_lc_rs::hmac::sign(&lookup, number.as_bytes()).as_ref())))
    }

    /// The person behind a party.
    pub(crate) fn person_of(&self, tenant: TenantId, party: u64) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT person FROM parties WHERE tenant = $1 AND id = $2";
        Ok(self.reader().rows(sql, &[tenant.into(), party.into()])?.first().map(|r| r.int(0) as u64))
    }
}
