//! Sessions: who is signed in. A session's token is given out once and kept only as a hash.

use crate::accounts::Of;
use crate::error::StoreError;
use crate::keys::DataKey;
use crate::sql::{Value, transaction};
use crate::store::{Store, TenantId};
use crate::tokens::token_hash;
use redact::Secret;

/// Sessions of one account at a time; one more ends the oldest.
pub const MOST_SESSIONS: u32 = 20;
/// The use of a session is written down at most this often, in milliseconds.
const USED_MS: u64 = 60_000;

/// How long sessions last, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLife {
    /// Without being used.
    pub idle: u64,
    /// In all.
    pub whole: u64,
}

/// A session that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub of: Of,
    /// When it began, in milliseconds since 1970.
    pub began: u64,
    /// When it is over at the latest.
    pub ends: u64,
}

impl Store {
    /// Begins a session. Sessions that are over are cleared away meanwhile.
    ///
    /// # Errors
    /// What the database said.
    pub fn begin_session(&self, of: Of, now: u64, life: SessionLife) -> Result<Secret<String>, StoreError> {
        let token = DataKey::random()?.as_hex();
        let (tenant, account) = (of.0, u64::from(of.1));
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            let sql = "DELETE FROM sessions WHERE used <= $1 OR began <= $2";
            db.run(sql, &[now.saturating_sub(life.idle).into(), now.saturating_sub(life.whole).into()])?;
            let sql = "DELETE FROM sessions WHERE tenant = $1 AND account = $2 AND hash NOT IN \
                       (SELECT hash FROM sessions WHERE tenant = $1 AND account = $2 ORDER BY began DESC LIMIT $3)";
            let most = Value::Int(i64::from(MOST_SESSIONS) - 1);
            db.run(sql, &[tenant.into(), account.into(), most])?;
            let sql = "INSERT INTO sessions (hash, tenant, account, began, used) VALUES ($1, $2, $3, $4, $5)";
            let values = [token_hash(&token).into(), tenant.into(), account.into(), now.into(), now.into()];
            db.run(sql, &values)
        })?;
        Ok(Secret::new(token))
    }

    /// The session of a token, which is used by this.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is none of ours or is over.
    pub fn session(&self, token: &str, now: u64, life: SessionLife) -> Result<Session, StoreError> {
        let hash = token_hash(token);
        // Nobody is signed in to an account that ended.
        let sql = "SELECT tenant, account, began, used FROM sessions WHERE hash = $1 AND NOT EXISTS \
                   (SELECT 1 FROM closings c WHERE c.tenant = sessions.tenant)";
        let rows = self.reader().rows(sql, &[hash.clone().into()])?;
        let row = rows.first().ok_or_else(|| StoreError::NotFound("this session".into()))?;
        let (began, used) = (row.int(2) as u64, row.int(3) as u64);
        if now >= began.saturating_add(life.whole) || now >= used.saturating_add(life.idle) {
            return Err(StoreError::NotFound("this session".into()));
        }
        // Often enough that a short idle time counts from about the last use.
        if now > used.saturating_add(USED_MS.min(life.idle / 10)) {
            let sql = "UPDATE sessions SET used = $1 WHERE hash = $2";
            self.writer().run(sql, &[now.into(), hash.into()])?;
        }
        let of = (TenantId(row.int(0) as u64), row.int(1) as u32);
        Ok(Session { of, began, ends: began.saturating_add(life.whole) })
    }

    /// Ends all sessions of an account.
    ///
    /// # Errors
    /// What the database said.
    pub fn end_sessions_of(&self, of: Of) -> Result<(), StoreError> {
        let sql = "DELETE FROM sessions WHERE tenant = $1 AND account = $2";
        self.writer().run(sql, &[of.0.into(), u64::from(of.1).into()]).map(|_| ())
    }

    /// Ends a session. One that is over already is none.
    ///
    /// # Errors
    /// What the database said.
    pub fn end_session(&self, token: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM sessions WHERE hash = $1";
        self.writer().run(sql, &[token_hash(token).into()]).map(|_| ())
    }
}
