//! Erasing a person: the key goes first, so that nothing sealed with it can be read from then on, wherever copies of it
//! are; then the rows that say something of the person, and the audio. What counts calls stays: it knows no person.

use crate::call_index::HEARD_IN;
use crate::error::StoreError;
use crate::keys::{LOCAL, PERSON};
use crate::sql::{Sql, Value, transaction};
use crate::store::{Store, TenantId};
use redact::Secret;
use std::collections::BTreeSet;

/// Why somebody is erased: the cases of Article 17(1) of the GDPR. A closed list, because what the audit log says stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EraseReason {
    /// It was not said.
    #[default]
    Unsaid,
    /// The person asked for it.
    Requested,
    /// The person objected to the processing.
    Objected,
    /// The person took their consent back.
    ConsentWithdrawn,
    /// What it was kept for is over.
    NoLongerNeeded,
    /// It should not have been kept.
    Unlawful,
    /// A law or an authority demands it.
    RequiredByLaw,
}

impl EraseReason {
    /// All that can be said.
    pub const ALL: [EraseReason; 6] = [
        EraseReason::Requested,
        EraseReason::Objected,
        EraseReason::ConsentWithdrawn,
        EraseReason::NoLongerNeeded,
        EraseReason::Unlawful,
        EraseReason::RequiredByLaw,
    ];

    /// In the API.
    pub fn name(self) -> &'static str {
        self.action().strip_prefix("person.erase.").unwrap_or_default()
    }

    /// What the audit log calls an erasure for this reason.
    pub fn action(self) -> &'static str {
        match self {
            EraseReason::Unsaid => "person.erase",
            EraseReason::Requested => "person.erase.requested",
            EraseReason::Objected => "person.erase.objected",
            EraseReason::ConsentWithdrawn => "person.erase.consent-withdrawn",
            EraseReason::NoLongerNeeded => "person.erase.no-longer-needed",
            EraseReason::Unlawful => "person.erase.unlawful",
            EraseReason::RequiredByLaw => "person.erase.required-by-law",
        }
    }
}

/// What an erasure took away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Calls that no longer say who called. Where a hold keeps the person: how many still do.
    pub calls: u64,
    /// Recordings and messages. Where a hold keeps the person: how many stay.
    pub recordings: u64,
    /// Notes on calls. Where a hold keeps the person: how many stay.
    pub notes: u64,
    /// The person as calls and promises to call back know them: whoever remembers these in memory has to forget them.
    pub parties: Vec<engine::PartyId>,
    /// Holds that keep something of the person; then nothing was erased.
    pub kept_by: Vec<u64>,
}

/// What is known of a person who called. Of one whose erasure was interrupted neither address nor name is left.
#[derive(Clone, Debug)]
pub struct PersonAbout {
    /// Number or address.
    pub address: Secret<String>,
    /// The name that the person asked to be known by, or those that came with calls; at most [`MOST_NAMES`].
    pub names: Vec<Secret<String>>,
    /// How many calls.
    pub calls: u64,
    /// Whether the person's data is hidden from everybody but whoever looks after rights.
    pub restricted: bool,
    /// Whether the person objects to automated decisions.
    pub objected: bool,
}

/// People who are asked for at once.
const PAGE: u64 = 500;
/// The most names of one person that are given.
pub const MOST_NAMES: usize = 100;

fn opened(key: &crate::keys::DataKey, place: String, sealed: &[u8]) -> Result<Secret<String>, StoreError> {
    let bytes = key.open(&place, sealed)?;
    Ok(Secret::new(String::from_utf8(bytes).map_err(|_| StoreError::Unreadable(place))?))
}

impl Store {
    /// What is known of a person, restricted or not.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the person was erased or never was, or stands for all who withheld their number.
    pub fn person(&self, tenant: TenantId, person: u64) -> Result<PersonAbout, StoreError> {
        let of = [tenant.into(), person.into()];
        let sql =
            "SELECT value, name, restricted, objected, lookup FROM persons WHERE tenant = $1 AND id = $2";
        let rows = self.reader().rows(sql, &of)?;
        let missing = || StoreError::NotFound("this person".into());
        let row = rows.first().ok_or_else(missing)?;
        if row.bytes(4) == self.keys().lookup(tenant, "")? {
            return Err(missing());
        }
        let sql = "SELECT id, display FROM parties WHERE tenant = $1 AND person = $2";
        let parties = self.reader().rows(sql, &of)?;
        let mut about = PersonAbout {
            address: Secret::new(String::new()),
            names: Vec::new(),
            calls: parties.len() as u64,
            restricted: row.int(2) != 0,
            objected: row.int(3) != 0,
        };
        let key = match self.keys().of_person(tenant, person) {
            Err(StoreError::NotFound(_)) => return Ok(about),
            key => key?,
        };
        let names = &mut about.names;
        match row.bytes(1) {
            [] => {
                for party in parties.iter().filter(|p| !p.bytes(1).is_empty()) {
                    let name = opened(&key, format!("party/{}", party.int(0)), party.bytes(1))?;
                    let is_new = names.iter().all(|n| n.expose_secret() != name.expose_secret());
                    if is_new && names.len() < MOST_NAMES {
                        names.push(name);
                    }
                }
            }
            name => names.push(opened(&key, format!("person-name/{person}"), name)?),
        }
        about.address = opened(&key, format!("person/{person}"), row.bytes(0))?;
        Ok(about)
    }

    /// The person as calls and promises to call back know them.
    ///
    /// # Errors
    /// What the database said.
    pub fn parties_of(&self, tenant: TenantId, person: u64) -> Result<Vec<engine::PartyId>, StoreError> {
        parties_of(&mut **self.reader(), tenant, person)
    }

    /// A call's party that is this person, if there is one.
    ///
    /// # Errors
    /// What the database said.
    pub fn party_of(&self, tenant: TenantId, person: u64) -> Result<Option<engine::PartyId>, StoreError> {
        let sql = "SELECT MIN(id) FROM parties WHERE tenant = $1 AND person = $2";
        let rows = self.reader().rows(sql, &[tenant.into(), person.into()])?;
        Ok(rows.first().and_then(|r| r.maybe_int(0)).map(|id| engine::PartyId(id as u64)))
    }

    /// From now on this name stands for those that came with calls; an empty one takes it back. The audit entry is
    /// written with it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the person was erased.
    pub fn correct_person(
        &self,
        tenant: TenantId,
        person: u64,
        name: &Secret<String>,
        now: u64,
        who: &str,
    ) -> Result<(), StoreError> {
        let key = self.keys().of_person(tenant, person)?;
        let sealed = match name.expose_secret().as_str() {
            "" => Value::Null,
            text => Value::Bytes(key.seal(&format!("person-name/{person}"), text.as_bytes())?),
        };
        let detail = crate::audit::seal_detail(&key, person, name)?;
        let object = format!("Person/p{person}");
        transaction(&mut **self.writer(), |db| {
            let sql = "UPDATE persons SET name = $1 WHERE tenant = $2 AND id = $3";
            if db.run(sql, &[sealed, tenant.into(), person.into()])? == 0 {
                return Err(StoreError::NotFound("this person".into()));
            }
            let about = (who, "person.correct", object.as_str());
            crate::audit::put_sealed(db, tenant, now, about, Some((person, detail)))
        })?;
        self.index_names_of(tenant, person)
    }

    /// Hides a person's data or shows it again; notes or takes back an objection. `None` leaves it as it is. An audit
    /// entry for each is written with it, whose action says what it is now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such person.
    pub fn mark_person(
        &self,
        tenant: TenantId,
        person: u64,
        restricted: Option<bool>,
        objected: Option<bool>,
        now: u64,
        who: &str,
    ) -> Result<(), StoreError> {
        let word = |is: Option<bool>| is.map_or(Value::Null, |is| Value::Int(i64::from(is)));
        let sql = "UPDATE persons SET restricted = COALESCE($1, restricted), objected = COALESCE($2, objected) \
                   WHERE tenant = $3 AND id = $4";
        let fields = [
            restricted.map(|is| if is { "person.restrict" } else { "person.restrict-end" }),
            objected.map(|is| if is { "person.object" } else { "person.object-end" }),
        ];
        transaction(&mut **self.writer(), |db| {
            if db.run(sql, &[word(restricted), word(objected), tenant.into(), person.into()])? == 0 {
                return Err(StoreError::NotFound("this person".into()));
            }
            for action in fields.into_iter().flatten() {
                crate::audit::put(db, tenant, now, who, action, &format!("Person/p{person}"))?;
            }
            Ok(())
        })
    }

    /// A person who has not called, by a number or address. Known by it already, it is that person.
    ///
    /// # Errors
    /// What the database said.
    pub fn add_person(
        &self,
        tenant: TenantId,
        address: &Secret<String>,
        now: u64,
    ) -> Result<u64, StoreError> {
        if let Some(person) = self.find_person(tenant, address)? {
            return Ok(person);
        }
        let mut keys = self.keys();
        let mut db = self.writer();
        keys.ensure_tenant(tenant, &mut **db)?;
        let lookup = keys.lookup(tenant, address.expose_secret())?;
        transaction(&mut **db, |db| {
            let person = next_number(db, tenant, PERSON)?;
            let key = keys.new_person(tenant, person)?;
            let value = key.seal(&format!("person/{person}"), address.expose_secret().as_bytes())?;
            let sql = "INSERT INTO persons (tenant, id, lookup, value, created) VALUES ($1, $2, $3, $4, $5)";
            db.run(sql, &[tenant.into(), person.into(), lookup.into(), value.into(), now.into()])?;
            Ok(person)
        })
    }

    /// A made-up person for a check, with an entry of the audit log about them, `(who, action, object)`, in which `detail` is
    /// sealed: both or neither. By the entry [`Store::made_up`] finds whoever a check that was interrupted left behind.
    ///
    /// # Errors
    /// What the database said; nobody was added then.
    pub fn add_made_up(
        &self,
        tenant: TenantId,
        address: &Secret<String>,
        now: u64,
        entry: (&str, &str, &str),
        detail: &Secret<String>,
    ) -> Result<u64, StoreError> {
        let mut keys = self.keys();
        let mut db = self.writer();
        keys.ensure_tenant(tenant, &mut **db)?;
        let lookup = keys.lookup(tenant, address.expose_secret())?;
        transaction(&mut **db, |db| {
            let person = next_number(db, tenant, PERSON)?;
            let key = keys.new_person(tenant, person)?;
            let value = key.seal(&format!("person/{person}"), address.expose_secret().as_bytes())?;
            let sql = "INSERT INTO persons (tenant, id, lookup, value, created) VALUES ($1, $2, $3, $4, $5)";
            db.run(sql, &[tenant.into(), person.into(), lookup.into(), value.into(), now.into()])?;
            let sealed = crate::audit::seal_detail(&key, person, detail)?;
            crate::audit::put_sealed(db, tenant, now, entry, Some((person, sealed)))?;
            Ok(person)
        })
    }

    /// Made-up people who are still there, by entries of the audit log whose action is one of these.
    ///
    /// # Errors
    /// What the database said.
    pub fn made_up(&self, actions: &[&str]) -> Result<Vec<(TenantId, u64)>, StoreError> {
        let mut found = BTreeSet::new();
        for action in actions {
            let sql = "SELECT DISTINCT a.tenant, a.person FROM audit a \
                       JOIN persons p ON p.tenant = a.tenant AND p.id = a.person WHERE a.action = $1";
            let rows = self.reader().rows(sql, &[(*action).into()])?;
            found.extend(rows.iter().map(|r| (TenantId(r.int(0) as u64), r.int(1) as u64)));
        }
        Ok(found.into_iter().collect())
    }

    /// The person of exactly this number or address, by its keyed hash. An empty one is nobody's: it stands for all who
    /// withheld their number.
    ///
    /// # Errors
    /// What the database said.
    pub fn find_person(&self, tenant: TenantId, address: &Secret<String>) -> Result<Option<u64>, StoreError> {
        if address.expose_secret().is_empty() {
            return Ok(None);
        }
        self.tenant_key(tenant)?;
        let lookup = self.keys().lookup(tenant, address.expose_secret())?;
        let sql = "SELECT id FROM persons WHERE tenant = $1 AND lookup = $2";
        let rows = self.reader().rows(sql, &[tenant.into(), lookup.into()])?;
        Ok(rows.first().map(|r| r.int(0) as u64))
    }

    /// Erases a person, unless a hold keeps something of them. Done again after it was interrupted, it goes on, and no hold
    /// stands against that: what was sealed cannot be read any more.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such person, or it stands for all who withheld their number; else what
    /// database or disk said: what was done stays done.
    pub fn erase_person(
        &self,
        tenant: TenantId,
        person: u64,
        now: u64,
        who: &str,
        reason: EraseReason,
    ) -> Result<Erased, StoreError> {
        self.erase_person_and(tenant, (person, &[]), now, who, reason)
    }

    /// The same, with entries beside the directory that are about the same person, by their numbers. Their keys and the
    /// person's go in one step: an erasure that is interrupted leaves nobody of them, and is ended with all of them.
    ///
    /// # Errors
    /// As of [`Store::erase_person`].
    pub fn erase_person_and(
        &self,
        tenant: TenantId,
        (person, entered): (u64, &[u64]),
        now: u64,
        who: &str,
        reason: EraseReason,
    ) -> Result<Erased, StoreError> {
        let of = [tenant.into(), person.into()];
        let object = format!("Person/p{person}");
        let missing = || StoreError::NotFound("this person".into());
        let mut keys = self.keys();
        // Held from the look at the holds to the end: none can be placed in between.
        let mut db = self.writer();
        let rows = db.rows("SELECT lookup FROM persons WHERE tenant = $1 AND id = $2", &of)?;
        let row = rows.first().ok_or_else(missing)?;
        if keys.has(tenant, PERSON, person)? {
            if row.bytes(0) == keys.lookup(tenant, "")? {
                return Err(missing());
            }
            let kept_by = crate::holds::holds_on(&mut **db, tenant, person)?;
            if !kept_by.is_empty() {
                crate::audit::put(&mut **db, tenant, now, who, "person.erase-held", &object)?;
                let count = |db: &mut dyn Sql, sql: &str| -> Result<u64, StoreError> {
                    Ok(db.rows(sql, &of)?.first().map_or(0, |r| r.int(0)) as u64)
                };
                let recordings = format!("SELECT COUNT(*) FROM recordings WHERE {HEARD_IN}");
                return Ok(Erased {
                    calls: parties_of(&mut **db, tenant, person)?.len() as u64,
                    recordings: count(&mut **db, &recordings)?,
                    notes: count(&mut **db, "SELECT COUNT(*) FROM notes WHERE tenant = $1 AND person = $2")?,
                    kept_by,
                    ..Erased::default()
                });
            }
        }
        let sql = format!("SELECT id FROM recordings WHERE {HEARD_IN}");
        let recordings: Vec<u64> = db.rows(&sql, &of)?.iter().map(|r| r.int(0) as u64).collect();
        crate::disposal::destroy(&mut keys, tenant, &[], &recordings)?;
        keys.begin()?;
        let mut all = entered.iter().map(|id| (LOCAL, *id)).chain([(PERSON, person)]);
        let destroyed = all.try_for_each(|(kind, id)| keys.destroy(tenant, kind, id));
        let ended = keys.end(destroyed.is_ok());
        destroyed.and(ended)?;
        keys.forget_deleted()?;
        drop(keys);
        // The keyed hash that the person was looked up by must not be read where the row was.
        db.rows("PRAGMA secure_delete=ON", &[])?;
        let gone = transaction(&mut **db, |db| {
            let mut erased = Erased { parties: parties_of(db, tenant, person)?, ..Erased::default() };
            let sql = format!("SELECT blob FROM recordings WHERE {HEARD_IN}");
            let blobs: Vec<String> = db.rows(&sql, &of)?.iter().map(|r| r.text(0).to_string()).collect();
            for table in ["messages", "recordings"] {
                let column = if table == "messages" { "recording" } else { "id" };
                let sql = format!(
                    "DELETE FROM {table} WHERE tenant = $1 AND {column} IN (SELECT id FROM recordings WHERE {HEARD_IN})"
                );
                let gone = db.run(&sql, &of)?;
                if table == "recordings" {
                    erased.recordings = gone;
                }
            }
            erased.notes = db.run("DELETE FROM notes WHERE tenant = $1 AND person = $2", &of)?;
            // Reports count who called again: calls of one who was erased still belong together, and to nobody. No number
            // of a person is given twice, so none has this one.
            let sql = "UPDATE parties SET person = -person, display = NULL WHERE tenant = $1 AND person = $2";
            erased.calls = db.run(sql, &of)?;
            crate::names::forget_words(db, tenant, person)?;
            for id in entered {
                let sql = "DELETE FROM local_people WHERE tenant = $1 AND id = $2";
                db.run(sql, &[tenant.into(), (*id).into()])?;
            }
            db.run("DELETE FROM persons WHERE tenant = $1 AND id = $2", &of)?;
            crate::audit::put(db, tenant, now, who, reason.action(), &object)?;
            Ok((erased, blobs))
        });
        db.rows("PRAGMA secure_delete=OFF", &[])?;
        let (erased, blobs) = gone?;
        drop(db);
        // From here on nothing can be asked for again, so nothing fails: the log is emptied at each run of retention, and
        // audio whose key is gone is removed by the sweep.
        let _ = self.empty_log();
        for blob in blobs {
            let _ = self.blobs().remove(&blob);
        }
        Ok(erased)
    }

    /// Ends erasures that were interrupted between a person's key and the rest; in the audit log they are the server's.
    /// Gives the parties that are nobody's any more, by tenant.
    ///
    /// # Errors
    /// What database or disk said; what was done stays done.
    pub fn end_erasures(&self, now: u64) -> Result<Vec<(TenantId, Vec<engine::PartyId>)>, StoreError> {
        let mut ended = Vec::new();
        for (tenant, _) in self.tenants()? {
            if !self.keys().has_tenant(tenant)? {
                continue;
            }
            let with_key: BTreeSet<u64> = self.keys().all(tenant, PERSON)?.into_iter().collect();
            let rows = self.reader().rows("SELECT id FROM persons WHERE tenant = $1", &[tenant.into()])?;
            for person in rows.iter().map(|r| r.int(0) as u64).filter(|person| !with_key.contains(person)) {
                // A key is made before its row: one that came meanwhile is there now.
                if self.keys().has(tenant, PERSON, person)? {
                    continue;
                }
                match self.erase_person(tenant, person, now, "server", EraseReason::Unsaid) {
                    Ok(erased) => ended.push((tenant, erased.parties)),
                    // Somebody else ended it.
                    Err(StoreError::NotFound(_)) => {}
                    Err(e) => return Err(e),
                }
            }
            self.forget_keyless_entries(tenant)?;
        }
        Ok(ended)
    }

    /// Removes entries beside the directory whose keys went with an erasure.
    fn forget_keyless_entries(&self, tenant: TenantId) -> Result<(), StoreError> {
        let rows = self.reader().rows("SELECT id FROM local_people WHERE tenant = $1", &[tenant.into()])?;
        for id in rows.iter().map(|r| r.int(0) as u64) {
            // The key is made before its row.
            if !self.keys().has(tenant, LOCAL, id)? {
                let sql = "DELETE FROM local_people WHERE tenant = $1 AND id = $2";
                self.writer().run(sql, &[tenant.into(), id.into()])?;
            }
        }
        Ok(())
    }

    /// Empties the log that the database writes ahead: it still has rows as they were. Whether it is empty; while somebody
    /// reads the database, a backup for one, it cannot be emptied.
    ///
    /// # Errors
    /// What the database said.
    pub fn empty_log(&self) -> Result<bool, StoreError> {
        crate::sqlite::empty_log(|| crate::sqlite::empty_log_now(&mut **self.writer()))
    }

    /// Erases the people whose key is gone: an older increment of a backup has rows of them. Gives how many.
    ///
    /// # Errors
    /// What database or disk said; what was done stays done.
    pub fn erase_keyless(&self, now: u64) -> Result<u64, StoreError> {
        let mut erased = 0;
        for (tenant, _) in self.tenants()? {
            let there = self.belongings(tenant)?;
            if !self.keys().has_tenant(tenant)? && there.rows.iter().any(|(table, _)| table == "objects") {
                // Its account ended since: a tenant of which something is stored has a key.
                self.close_keyless(tenant, now)?;
                erased += there.rows.iter().find(|(table, _)| table == "persons").map_or(0, |(_, n)| *n);
                continue;
            }
            let mut after = 0;
            loop {
                let sql = "SELECT id FROM persons WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3";
                let rows = self.reader().rows(sql, &[tenant.into(), after.into(), PAGE.into()])?;
                for person in rows.iter().map(|r| r.int(0) as u64) {
                    after = person;
                    let key = self.keys().of_person(tenant, person);
                    if matches!(key, Err(StoreError::NotFound(_))) {
                        self.erase_person(tenant, person, now, "restore", EraseReason::Unsaid)?;
                        erased += 1;
                    }
                }
                if rows.len() < PAGE as usize {
                    break;
                }
            }
        }
        Ok(erased)
    }

    /// How many rows each table has of a tenant.
    ///
    /// # Errors
    /// What the database said.
    pub fn rows_of(&self, tenant: TenantId) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c \
                   WHERE m.type = 'table' AND c.name = 'tenant' ORDER BY m.name";
        let mut db = self.reader();
        let tables = db.rows(sql, &[])?;
        tables
            .iter()
            .map(|r| {
                let table = r.text(0).to_string();
                let rows =
                    db.rows(&format!("SELECT COUNT(*) FROM {table} WHERE tenant = $1"), &[tenant.into()])?;
                Ok((table, rows.first().map_or(0, |r| r.int(0)) as u64))
            })
            .collect()
    }
}

fn parties_of(db: &mut dyn Sql, tenant: TenantId, person: u64) -> Result<Vec<engine::PartyId>, StoreError> {
    let sql = "SELECT id FROM parties WHERE tenant = $1 AND person = $2";
    let rows = db.rows(sql, &[tenant.into(), person.into()])?;
    Ok(rows.iter().map(|r| engine::PartyId(r.int(0) as u64)).collect())
}

/// The number of a new person or hold. None is given twice: what was written of one who is gone, in the audit log or on
/// a page that is still open, must never mean another.
pub(crate) fn next_number(db: &mut dyn Sql, tenant: TenantId, kind: &str) -> Result<u64, StoreError> {
    let of = [tenant.into(), kind.into()];
    let sql = "INSERT INTO numbers (tenant, kind, next) VALUES ($1, $2, 2) \
               ON CONFLICT (tenant, kind) DO UPDATE SET next = numbers.next + 1";
    db.run(sql, &of)?;
    let rows = db.rows("SELECT next - 1 FROM numbers WHERE tenant = $1 AND kind = $2", &of)?;
    Ok(rows.first().map_or(1, |r| r.int(0)) as u64)
}

/// The kind of keys, and when the newest was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAge {
    /// `tenant`, `person`, `directory` or `installation`.
    pub kind: String,
    /// How many there are.
    pub count: u64,
    /// When the oldest was made, in milliseconds since 1970; 0 where that was before it was written down.
    pub oldest: u64,
}

impl Store {
    /// The keys of a tenant and of the installation, by kind.
    ///
    /// # Errors
    /// What the database of keys said.
    pub fn key_ages(&self, tenant: TenantId) -> Result<Vec<KeyAge>, StoreError> {
        let sql = "SELECT kind, COUNT(*), MIN(created) FROM keys WHERE tenant = $1 OR tenant = 0 GROUP BY kind ORDER BY kind";
        let rows = self.keys().rows(sql, &[Value::from(tenant)])?;
        Ok(rows.iter().map(key_age).collect())
    }
}

/// Of a row of kind, count and oldest.
pub(crate) fn key_age(row: &crate::sql::Row) -> KeyAge {
    KeyAge { kind: row.text(0).into(), count: row.int(1) as u64, oldest: row.int(2) as u64 }
}
