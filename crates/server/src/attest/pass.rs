//! A token for the moments of a check, so that a request of our own takes the way of somebody who may. It is told to nobody,
//! written nowhere, and counts until it is dropped.

use redact::Secret;
use std::sync::{Mutex, MutexGuard};
use store::{Role, StoreError, TenantId, TokenInfo, token_hash};

/// Its number in the audit log: none that is given out has it.
const NUMBER: u64 = 0;

/// The one that counts now, by its hash.
#[derive(Default)]
pub struct Passes(Mutex<Option<(Vec<u8>, TokenInfo)>>);

impl Passes {
    fn held(&self) -> MutexGuard<'_, Option<(Vec<u8>, TokenInfo)>> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Who has this token; `None` unless it is the one that counts now.
    pub fn of(&self, token: &str) -> Option<TokenInfo> {
        let held = self.held();
        let (hash, info) = held.as_ref()?;
        (*hash == token_hash(token)).then(|| info.clone())
    }

    /// A token of an owner of this tenant; an earlier one counts no more.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn give(&self, tenant: TenantId) -> Result<Pass<'_>, StoreError> {
        let token = store::random_token()?;
        let info = TokenInfo { tenant, id: NUMBER, role: Role::Owner };
        *self.held() = Some((token_hash(token.expose_secret()), info));
        Ok(Pass { of: self, token })
    }
}

/// A token that counts.
pub struct Pass<'a> {
    of: &'a Passes,
    /// What stands behind `Bearer`.
    pub token: Secret<String>,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        *self.of.held() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_counts_until_it_is_dropped_and_no_other_does() {
        let passes = Passes::default();
        assert_eq!(passes.of(""), None);
        let pass = passes.give(TenantId(3)).unwrap();
        let token = pass.token.expose_secret().clone();
        assert_eq!(passes.of(&token).map(|info| (info.tenant, info.role)), Some((TenantId(3), Role::Owner)));
        assert_eq!(passes.of(&token.to_uppercase()), None);
        drop(pass);
        assert_eq!(passes.of(&token), None);
    }
}
