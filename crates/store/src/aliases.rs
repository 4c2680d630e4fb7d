//! What people are called in the journal: a number made by chance, which says nothing to anybody but whoever can open what
//! is kept here. It is sealed with the person's key and goes with it, so that nobody finds who was erased in the journal.

use crate::error::StoreError;
use crate::keys::DataKey;
use crate::sql::{Sql, Value};
use crate::store::{Store, TenantId};

/// The most people of a tenant whose aliases are known at a time: the newest.
pub const MOST_ALIASES: usize = 100_000;

/// How many are opened at a time: whatever happens to calls is written between two pages.
const PAGE: usize = 200;

/// What a number is called in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The number as [`Store::person_hash`] knows it, written internationally. It stands in no row unsealed.
    pub number: u64,
    /// What it is called. Never 0.
    pub alias: u64,
}

fn place(person: u64) -> String {
    format!("person-alias/{person}")
}

fn open(key: &DataKey, person: u64, sealed: &[u8]) -> Option<Alias> {
    let bytes = key.open(&place(person), sealed).ok()?;
    let (number, alias) = (bytes.first_chunk()?, bytes.last_chunk()?);
    Some(Alias { number: u64::from_be_bytes(*number), alias: u64::from_be_bytes(*alias) })
}

/// Keeps what a person is called, unless that is known. `sealed` is what is kept.
pub(crate) fn put_alias(
    db: &mut dyn Sql,
    key: &DataKey,
    (tenant, person): (TenantId, u64),
    sealed: &[u8],
    alias: Alias,
) -> Result<(), StoreError> {
    if open(key, person, sealed) == Some(alias) {
        return Ok(());
    }
    let bytes = [alias.number.to_be_bytes(), alias.alias.to_be_bytes()].concat();
    let sealed = key.seal(&place(person), &bytes)?;
    let sql = "UPDATE persons SET alias = $1 WHERE tenant = $2 AND id = $3";
    db.run(sql, &[Value::Bytes(sealed), tenant.into(), person.into()]).map(|_| ())
}

impl Store {
    /// What the newest people of a tenant are called, the newest last.
    ///
    /// # Errors
    /// What the database said.
    pub fn aliases(&self, tenant: TenantId) -> Result<Vec<Alias>, StoreError> {
        let sql =
            "SELECT id, alias FROM persons WHERE tenant = $1 AND alias IS NOT NULL ORDER BY id DESC LIMIT $2";
        let rows = self.reader().rows(sql, &[tenant.into(), (MOST_ALIASES as i64).into()])?;
        let mut all = Vec::with_capacity(rows.len());
        for page in rows.chunks(PAGE) {
            let mut keys = self.keys();
            all.extend(page.iter().filter_map(|row| {
                let person = row.int(0) as u64;
                open(&keys.of_person(tenant, person).ok()?, person, row.bytes(1))
            }));
        }
        all.reverse();
        Ok(all)
    }

    /// What a person is called; nothing where that is not known, or cannot be opened any more.
    ///
    /// # Errors
    /// What the database said.
    pub fn alias_of(&self, tenant: TenantId, person: u64) -> Result<Option<Alias>, StoreError> {
        let sql = "SELECT alias FROM persons WHERE tenant = $1 AND id = $2";
        let rows = self.reader().rows(sql, &[tenant.into(), person.into()])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let key = self.keys().of_person(tenant, person);
        Ok(key.ok().and_then(|key| open(&key, person, row.bytes(0))))
    }
}
