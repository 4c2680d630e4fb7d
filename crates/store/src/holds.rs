//! Legal holds: what may not be disposed of and not be erased, whatever a rule or a request says, until the hold is lifted.

use crate::error::StoreError;
use crate::sql::{Sql, Value, transaction};
use crate::store::{Store, TenantId};
use redact::Secret;

/// What a hold keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// Everything of a person who called or was called.
    Person(u64),
    /// A call.
    Call(u64),
    /// The calls that went through a queue, by its number.
    Queue(u64),
}

impl Held {
    fn parts(self) -> (&'static str, u64) {
        match self {
            Held::Person(n) => ("person", n),
            Held::Call(n) => ("call", n),
            Held::Queue(n) => ("queue", n),
        }
    }

    /// As the audit log names it.
    fn object(self) -> String {
        match self {
            Held::Person(n) => format!("Person/p{n}"),
            Held::Call(n) => format!("Call/c{n}"),
            Held::Queue(n) => format!("Queue/{n}"),
        }
    }

    fn of(kind: &str, n: u64) -> Option<Held> {
        match kind {
            "person" => Some(Held::Person(n)),
            "call" => Some(Held::Call(n)),
            "queue" => Some(Held::Queue(n)),
            _ => None,
        }
    }
}

/// A hold.
#[derive(Clone, Debug)]
pub struct Hold {
    /// Its number.
    pub id: u64,
    /// What it keeps.
    pub held: Held,
    /// Why, as whoever placed it wrote.
    pub reason: Secret<String>,
    /// By whom: a token's number or a user's id.
    pub who: String,
    /// When, in milliseconds since 1970.
    pub at: u64,
}

/// That a hold `h` keeps the call `c`: itself, a queue that it went through, or somebody whom it names. `$1` is the tenant.
macro_rules! keeps {
    () => {
        "((h.kind = 'call' AND h.target = c.id) OR (h.kind = 'queue' AND EXISTS (SELECT 1 FROM call_queues y \
         WHERE y.tenant = $1 AND y.call = c.id AND y.queue = h.target)) OR (h.kind = 'person' AND EXISTS \
         (SELECT 1 FROM call_parties y JOIN parties z ON z.tenant = y.tenant AND z.id = y.party \
         WHERE y.tenant = $1 AND y.call = c.id AND z.person = h.target)))"
    };
}

/// Calls that no hold keeps, as a condition on `c`, a row of `calls`; `$1` is the tenant.
pub(crate) const FREE_CALL: &str =
    concat!("NOT EXISTS (SELECT 1 FROM holds h WHERE h.tenant = $1 AND ", keeps!(), ")");

fn place(id: u64) -> String {
    format!("hold/{id}")
}

impl Store {
    /// Places a hold; it is in the audit log. Gives its number.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such person; [`StoreError::Refused`] once the account ended; else what the
    /// database said. Whether there is such a call or
    /// queue, only whoever knows the calls that go on and the configuration can say.
    pub fn place_hold(
        &self,
        tenant: TenantId,
        held: Held,
        reason: &Secret<String>,
        now: u64,
        who: &str,
    ) -> Result<u64, StoreError> {
        let key = self.tenant_key(tenant)?;
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            crate::closing::refuse_if_closing(db, tenant)?;
            if let Held::Person(person) = held {
                let sql = "SELECT 1 FROM persons WHERE tenant = $1 AND id = $2";
                if db.rows(sql, &[tenant.into(), person.into()])?.is_empty() {
                    return Err(StoreError::NotFound("this person".into()));
                }
            }
            let id = crate::erase::next_number(db, tenant, "hold")?;
            let (kind, target) = held.parts();
            let reason = key.seal(&place(id), reason.expose_secret().as_bytes())?;
            let sql = "INSERT INTO holds (tenant, id, kind, target, reason, who, at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
            let values =
                [tenant.into(), id.into(), kind.into(), target.into(), reason.into(), who.into(), now.into()];
            db.run(sql, &values)?;
            crate::audit::put(db, tenant, now, who, "hold.place", &format!("Hold/h{id} {}", held.object()))?;
            Ok(id)
        })
    }

    /// Lifts a hold; it is in the audit log.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this number.
    pub fn lift_hold(&self, tenant: TenantId, id: u64, now: u64, who: &str) -> Result<(), StoreError> {
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            let of = [tenant.into(), id.into()];
            let rows = db.rows("SELECT kind, target FROM holds WHERE tenant = $1 AND id = $2", &of)?;
            let row = rows.first().ok_or_else(|| StoreError::NotFound("this hold".into()))?;
            let held = Held::of(row.text(0), row.int(1) as u64).map_or_else(String::new, Held::object);
            db.run("DELETE FROM holds WHERE tenant = $1 AND id = $2", &of)?;
            crate::audit::put(db, tenant, now, who, "hold.lift", &format!("Hold/h{id} {held}"))
        })
    }

    /// The holds of a tenant.
    ///
    /// # Errors
    /// What the database said.
    pub fn holds(&self, tenant: TenantId) -> Result<Vec<Hold>, StoreError> {
        let key = self.tenant_key(tenant)?;
        let sql = "SELECT id, kind, target, reason, who, at FROM holds WHERE tenant = $1 ORDER BY id";
        let rows = self.reader().rows(sql, &[tenant.into()])?;
        rows.iter()
            .map(|r| {
                let id = r.int(0) as u64;
                let held = Held::of(r.text(1), r.int(2) as u64);
                let reason = String::from_utf8(key.open(&place(id), r.bytes(3))?);
                Ok(Hold {
                    id,
                    held: held.ok_or_else(|| StoreError::Unreadable("a hold".into()))?,
                    reason: Secret::new(reason.map_err(|_| StoreError::Unreadable("a hold".into()))?),
                    who: r.text(4).into(),
                    at: r.int(5) as u64,
                })
            })
            .collect()
    }

    /// The holds that keep something of a person: on the person, on a call that names them, on a queue that such a call went
    /// through, or on somebody else in it.
    ///
    /// # Errors
    /// What the database said.
    pub fn holds_on_person(&self, tenant: TenantId, person: u64) -> Result<Vec<u64>, StoreError> {
        holds_on(&mut **self.reader(), tenant, person)
    }
}

/// Refuses where a hold keeps this call.
pub(crate) fn refuse_if_held(db: &mut dyn Sql, tenant: TenantId, call: u64) -> Result<(), StoreError> {
    let sql = format!("SELECT 1 FROM calls c WHERE c.tenant = $1 AND c.id = $2 AND NOT ({FREE_CALL})");
    match db.rows(&sql, &[tenant.into(), call.into()])?.is_empty() {
        true => Ok(()),
        false => Err(StoreError::Refused("a legal hold keeps this call and all that belongs to it".into())),
    }
}

pub(crate) fn holds_on(db: &mut dyn Sql, tenant: TenantId, person: u64) -> Result<Vec<u64>, StoreError> {
    // Beside those on the person: whatever keeps a call that names them, be it for somebody else's sake.
    let sql = concat!(
        "SELECT h.id FROM holds h WHERE h.tenant = $1 AND ((h.kind = 'person' AND h.target = $2) OR EXISTS \
         (SELECT 1 FROM parties p JOIN call_parties x ON x.tenant = p.tenant AND x.party = p.id \
         JOIN calls c ON c.tenant = x.tenant AND c.id = x.call WHERE p.tenant = $1 AND p.person = $2 AND ",
        keeps!(),
        ")) ORDER BY h.id"
    );
    let rows = db.rows(sql, &[tenant.into(), Value::from(person)])?;
    Ok(rows.iter().map(|r| r.int(0) as u64).collect())
}
