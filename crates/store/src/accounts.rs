//! Accounts of people: what they prove with who they are. How a password is hashed and a code is checked is known
//! elsewhere; here lie only sealed records.
//!
//! An account belongs to an object of kind `User`, by its number, and is deleted with it.

use crate::error::StoreError;
use crate::keys::DataKey;
use crate::sql::{Sql, Value, transaction};
use crate::store::{Store, TenantId};
use crate::tokens::token_hash;
use redact::Secret;

/// How long an invitation can be taken up, in milliseconds.
pub const INVITATION_MS: u64 = 48 * 3_600_000;

/// An account, opened. Without a password nobody can sign in with it.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// What is kept of the password.
    pub password: Option<Secret<Vec<u8>>>,
    /// The secret of the second factor, once it is in force.
    pub second: Option<Secret<Vec<u8>>>,
    /// The secret of a second factor that its owner has not proved yet.
    pub proposed: Option<Secret<Vec<u8>>>,
}

/// Whose account: the tenant, and the number of the object of kind `User`.
pub type Of = (TenantId, u32);

fn place((tenant, user): Of, what: &str) -> String {
    format!("account/{}/{user}/{what}", tenant.0)
}

fn opened(key: &DataKey, place: &str, sealed: &[u8]) -> Result<Option<Secret<Vec<u8>>>, StoreError> {
    if sealed.is_empty() {
        return Ok(None);
    }
    key.open(place, sealed).map(|plain| Some(Secret::new(plain)))
}

/// Makes the row of an account if it is not there.
fn ensure(db: &mut dyn Sql, (tenant, user): Of) -> Result<(), StoreError> {
    let sql = "INSERT INTO accounts (tenant, account, step) VALUES ($1, $2, 0) ON CONFLICT (tenant, account) DO NOTHING";
    db.run(sql, &[tenant.into(), u64::from(user).into()]).map(|_| ())
}

/// Ends what an account could still be entered by: its sessions and its invitation.
fn close(db: &mut dyn Sql, (tenant, user): Of) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM sessions WHERE tenant = $1 AND account = $2",
        "DELETE FROM invitations WHERE tenant = $1 AND account = $2",
    ] {
        db.run(sql, &[tenant.into(), u64::from(user).into()])?;
    }
    Ok(())
}

/// Deletes an account, because its user is deleted.
pub(crate) fn delete(db: &mut dyn Sql, of: Of) -> Result<(), StoreError> {
    close(db, of)?;
    let sql = "DELETE FROM accounts WHERE tenant = $1 AND account = $2";
    db.run(sql, &[of.0.into(), u64::from(of.1).into()]).map(|_| ())
}

impl Store {
    /// An account; one that was never used is empty.
    ///
    /// # Errors
    /// What the database said, or [`StoreError::Unreadable`].
    pub fn account(&self, of: Of) -> Result<Account, StoreError> {
        let sql = "SELECT password, second, proposed FROM accounts WHERE tenant = $1 AND account = $2";
        let rows = self.reader().rows(sql, &[of.0.into(), u64::from(of.1).into()])?;
        let Some(row) = rows.first() else { return Ok(Account::default()) };
        let key = self.tenant_key(of.0)?;
        let part = |n: usize, what: &str| opened(&key, &place(of, what), row.bytes(n));
        // A proposed factor comes into force as it is sealed: both belong to one place.
        Ok(Account {
            password: part(0, "password")?,
            second: part(1, "second")?,
            proposed: part(2, "second")?,
        })
    }

    /// Sets what is kept of a password. All sessions and the invitation of the account end with it.
    ///
    /// # Errors
    /// What the database said; nothing was changed then.
    pub fn set_password(
        &self,
        of: Of,
        record: &Secret<Vec<u8>>,
        now: u64,
        who: &str,
        object: &str,
    ) -> Result<(), StoreError> {
        let sealed = self.tenant_key(of.0)?.seal(&place(of, "password"), record.expose_secret())?;
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            put_password(db, of, sealed)?;
            crate::audit::put(db, of.0, now, who, "account.password", object)
        })
    }

    /// Keeps the secret of a second factor until its owner proves it.
    ///
    /// # Errors
    /// What the database said.
    pub fn propose_second(&self, of: Of, secret: &Secret<Vec<u8>>) -> Result<(), StoreError> {
        let sealed = self.tenant_key(of.0)?.seal(&place(of, "second"), secret.expose_secret())?;
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            ensure(db, of)?;
            let sql = "UPDATE accounts SET proposed = $1 WHERE tenant = $2 AND account = $3";
            db.run(sql, &[sealed.into(), of.0.into(), u64::from(of.1).into()]).map(|_| ())
        })
    }

    /// The proposed second factor is in force from here on, with this step of time used already.
    ///
    /// # Errors
    /// What the database said; nothing was changed then.
    pub fn confirm_second(
        &self,
        of: Of,
        step: u64,
        now: u64,
        who: &str,
        object: &str,
    ) -> Result<(), StoreError> {
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            let sql = "UPDATE accounts SET second = proposed, proposed = NULL, step = $1 \
                       WHERE tenant = $2 AND account = $3 AND proposed IS NOT NULL";
            if db.run(sql, &[step.into(), of.0.into(), u64::from(of.1).into()])? == 0 {
                return Err(StoreError::NotFound("a second factor to confirm".into()));
            }
            crate::audit::put(db, of.0, now, who, "account.second-factor", object)
        })
    }

    /// Takes the second factor away.
    ///
    /// # Errors
    /// What the database said; nothing was changed then.
    pub fn remove_second(&self, of: Of, now: u64, who: &str, object: &str) -> Result<(), StoreError> {
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            let sql = "UPDATE accounts SET second = NULL, proposed = NULL WHERE tenant = $1 AND account = $2";
            db.run(sql, &[of.0.into(), u64::from(of.1).into()])?;
            crate::audit::put(db, of.0, now, who, "account.second-factor-removed", object)
        })
    }

    /// Uses a step of time of the second factor: whether it is later than all that were used (RFC 6238 section 5.2).
    ///
    /// # Errors
    /// What the database said.
    pub fn use_step(&self, of: Of, step: u64) -> Result<bool, StoreError> {
        let sql = "UPDATE accounts SET step = $1 WHERE tenant = $2 AND account = $3 AND step < $4";
        let values = [step.into(), of.0.into(), u64::from(of.1).into(), step.into()];
        Ok(self.writer().run(sql, &values)? == 1)
    }

    /// Makes an invitation to choose a password, in place of an earlier one. It is shown this once.
    ///
    /// # Errors
    /// What the database said.
    pub fn invite(&self, of: Of, now: u64, who: &str, object: &str) -> Result<Secret<String>, StoreError> {
        let code = format!("si_{}", DataKey::random()?.as_hex());
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            db.run("DELETE FROM invitations WHERE expires <= $1", &[now.into()])?;
            let sql = "INSERT INTO invitations (tenant, account, hash, expires) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (tenant, account) DO UPDATE SET hash = excluded.hash, expires = excluded.expires";
            let hash = token_hash(&code);
            let values =
                [of.0.into(), u64::from(of.1).into(), hash.into(), now.saturating_add(INVITATION_MS).into()];
            db.run(sql, &values)?;
            crate::audit::put(db, of.0, now, who, "account.invite", object)
        })?;
        Ok(Secret::new(code))
    }

    /// Whom an invitation is for.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is none of ours, was used, or is too old.
    pub fn invited(&self, code: &str, now: u64) -> Result<Of, StoreError> {
        let sql = "SELECT tenant, account FROM invitations WHERE hash = $1 AND expires > $2";
        let rows = self.reader().rows(sql, &[token_hash(code).into(), now.into()])?;
        let row = rows.first().ok_or_else(|| StoreError::NotFound("this invitation".into()))?;
        Ok((TenantId(row.int(0) as u64), row.int(1) as u32))
    }

    /// Takes an invitation up: it sets the password, and is used by that.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when somebody else was faster; nothing was changed then.
    pub fn take_up_invitation(
        &self,
        code: &str,
        of: Of,
        record: &Secret<Vec<u8>>,
        now: u64,
        who: &str,
        object: &str,
    ) -> Result<(), StoreError> {
        let sealed = self.tenant_key(of.0)?.seal(&place(of, "password"), record.expose_secret())?;
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            let sql =
                "DELETE FROM invitations WHERE hash = $1 AND expires > $2 AND tenant = $3 AND account = $4";
            let values = [token_hash(code).into(), now.into(), of.0.into(), u64::from(of.1).into()];
            if db.run(sql, &values)? == 0 {
                return Err(StoreError::NotFound("this invitation".into()));
            }
            put_password(db, of, sealed)?;
            crate::audit::put(db, of.0, now, who, "account.password", object)
        })
    }
}

fn put_password(db: &mut dyn Sql, of: Of, sealed: Vec<u8>) -> Result<(), StoreError> {
    ensure(db, of)?;
    close(db, of)?;
    let sql = "UPDATE accounts SET password = $1 WHERE tenant = $2 AND account = $3";
    db.run(sql, &[Value::Bytes(sealed), of.0.into(), u64::from(of.1).into()]).map(|_| ())
}
