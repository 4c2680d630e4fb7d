//! Notes on calls, sealed with the key of the person who called: they go when that person is erased.

use crate::error::StoreError;
use crate::sql::{Sql, transaction};
use crate::store::{Store, TenantId};
use engine::{CallId, PartyId, Time};
use redact::Secret;

/// Notes on a call.
#[derive(Clone, Debug)]
pub struct Notes {
    /// What they say.
    pub text: Secret<String>,
    /// When they were changed last.
    pub at: Time,
    /// By whom: a token's number or a user's id.
    pub who: String,
}

fn place(tenant: TenantId, call: CallId) -> String {
    format!("notes/{}/{}", tenant.0, call.0)
}

/// Whether there are notes on this call, which may then be changed.
///
/// # Errors
/// [`StoreError::Refused`] when there are and a hold keeps them.
fn may_change(db: &mut dyn Sql, tenant: TenantId, call: CallId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM notes WHERE tenant = $1 AND call = $2";
    if db.rows(sql, &[tenant.into(), call.0.into()])?.is_empty() {
        return Ok(false);
    }
    crate::holds::refuse_if_held(db, tenant, call.0).map(|()| true)
}

impl Store {
    /// Keeps notes on a call of this caller, in place of those so far; empty ones are none. It is in the audit log.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the caller is not stored yet or was erased; [`StoreError::Refused`] when a hold keeps
    /// the notes so far.
    pub fn put_notes(
        &self,
        tenant: TenantId,
        call: CallId,
        party: PartyId,
        notes: &Notes,
    ) -> Result<(), StoreError> {
        let object = format!("Call/c{}", call.0);
        if notes.text.expose_secret().is_empty() {
            return transaction(&mut **self.writer(), |db| {
                if !may_change(db, tenant, call)? {
                    return Ok(());
                }
                db.run("DELETE FROM notes WHERE tenant = $1 AND call = $2", &[tenant.into(), call.0.into()])?;
                crate::audit::put(db, tenant, notes.at.0, &notes.who, "call.notes-delete", &object)
            });
        }
        let missing = || StoreError::NotFound("the caller of this call".into());
        let person = self.person_of(tenant, party.0)?.ok_or_else(missing)?;
        let key = self.keys().of_person(tenant, person)?;
        let sealed = key.seal(&place(tenant, call), notes.text.expose_secret().as_bytes())?;
        let sql = "INSERT INTO notes (tenant, call, person, text, at, who) VALUES ($1, $2, $3, $4, $5, $6) \
                   ON CONFLICT (tenant, call) DO UPDATE SET person = excluded.person, text = excluded.text, \
                   at = excluded.at, who = excluded.who";
        let values = [
            tenant.into(),
            call.0.into(),
            person.into(),
            sealed.into(),
            notes.at.0.into(),
            notes.who.as_str().into(),
        ];
        transaction(&mut **self.writer(), |db| {
            may_change(db, tenant, call)?;
            db.run(sql, &values)?;
            crate::audit::put(db, tenant, notes.at.0, &notes.who, "call.notes", &object)
        })
    }

    /// The notes on a call; `None` if there are none, or the caller was erased or is restricted.
    ///
    /// # Errors
    /// What the database said, or [`StoreError::Unreadable`].
    pub fn notes(&self, tenant: TenantId, call: CallId) -> Result<Option<Notes>, StoreError> {
        self.read_notes(tenant, call, false)
    }

    /// The same for whoever looks after rights: also of a caller whose data is restricted.
    ///
    /// # Errors
    /// What the database said, or [`StoreError::Unreadable`].
    pub fn notes_even_restricted(&self, tenant: TenantId, call: CallId) -> Result<Option<Notes>, StoreError> {
        self.read_notes(tenant, call, true)
    }

    fn read_notes(
        &self,
        tenant: TenantId,
        call: CallId,
        restricted: bool,
    ) -> Result<Option<Notes>, StoreError> {
        let sql = "SELECT n.person, n.text, n.at, n.who, p.restricted FROM notes n JOIN persons p \
                   ON p.tenant = n.tenant AND p.id = n.person WHERE n.tenant = $1 AND n.call = $2";
        let rows = self.reader().rows(sql, &[tenant.into(), call.0.into()])?;
        let Some(row) = rows.first().filter(|r| restricted || r.int(4) == 0) else { return Ok(None) };
        let key = match self.keys().of_person(tenant, row.int(0) as u64) {
            Ok(key) => key,
            Err(StoreError::NotFound(_)) => return Ok(None),
            Err(e) => return Err(e),
        };
        let place = place(tenant, call);
        let text = String::from_utf8(key.open(&place, row.bytes(1))?);
        let text = text.map_err(|_| StoreError::Unreadable(place))?;
        Ok(Some(Notes { text: Secret::new(text), at: Time(row.int(2) as u64), who: row.text(3).into() }))
    }
}
