//! Tokens for the API: given out once, kept only as a hash.

use crate::error::StoreError;
use crate::keys::DataKey;
use crate::sql::transaction;
use crate::store::{Store, TenantId};
use aws_lc_rs::digest;
use redact::Secret;

/// What a token may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Role {
    /// Sees calls, reports and configuration; hears nothing and changes nothing.
    Auditor,
    /// As an auditor; its own desk comes with the web app.
    Agent,
    /// Steers the floor: agents' states, hanging up, recordings.
    Supervisor,
    /// Everything.
    Owner,
}

impl Role {
    /// All, from least to most.
    pub const ALL: [Role; 4] = [Role::Auditor, Role::Agent, Role::Supervisor, Role::Owner];

    /// The role's name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Auditor => "auditor",
            Role::Agent => "agent",
            Role::Supervisor => "supervisor",
            Role::Owner => "owner",
        }
    }

    /// The role of a name.
    pub fn from_name(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|r| r.name() == name)
    }
}

/// Who a token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// The tenant.
    pub tenant: TenantId,
    /// The token's number, for the audit log.
    pub id: u64,
    /// Its role.
    pub role: Role,
}

/// What is kept of a token. Tokens are 256 random bits, so a plain SHA-256 hides them.
pub fn token_hash(token: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, token.as_bytes()).as_ref().to_vec()
}

/// A token that nobody has: 256 random bits.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn random_token() -> Result<Secret<String>, StoreError> {
    Ok(Secret::new(format!("sr_{}", DataKey::random()?.as_hex())))
}

impl Store {
    /// Makes a token. It is shown this once.
    ///
    /// # Errors
    /// What the database said.
    pub fn new_token(&self, tenant: TenantId, role: Role, now: u64) -> Result<Secret<String>, StoreError> {
        let token = random_token()?;
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            let sql = "INSERT INTO tokens (tenant, id, hash, role, created) \
                       SELECT $1, COALESCE(MAX(id), 0) + 1, $2, $3, $4 FROM tokens WHERE tenant = $1";
            db.run(
                sql,
                &[tenant.into(), token_hash(token.expose_secret()).into(), role.name().into(), now.into()],
            )?;
            crate::audit::put(db, tenant, now, "command line", "token.create", role.name())
        })?;
        Ok(token)
    }

    /// Who a token speaks for.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is none of ours; [`StoreError::Refused`] when the account ended.
    pub fn token(&self, token: &str) -> Result<TokenInfo, StoreError> {
        let sql = "SELECT t.tenant, t.id, t.role, EXISTS (SELECT 1 FROM closings c WHERE c.tenant = t.tenant) \
                   FROM tokens t WHERE t.hash = $1";
        let rows = self.reader().rows(sql, &[token_hash(token).into()])?;
        let row = rows.first().ok_or_else(|| StoreError::NotFound("this token".into()))?;
        if row.int(3) != 0 {
            return Err(StoreError::Refused(
                "this account is closed: GET /api/v1/closing says when its data is destroyed, and DELETE takes that back until then"
                    .into(),
            ));
        }
        let role =
            Role::from_name(row.text(2)).ok_or_else(|| StoreError::Unreadable("a token's role".into()))?;
        Ok(TokenInfo { tenant: TenantId(row.int(0) as u64), id: row.int(1) as u64, role })
    }
}
