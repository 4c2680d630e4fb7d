//! Who may try to sign in: an account there is locked after some wrong tries, and it must not be us who lock it.

use crate::{Over, Time};
use redact::Secret;
use std::collections::BTreeMap;

/// After a sign-in that was refused, how long this person's next one waits, unless they give another password.
pub const NO_SIGN_IN_MS: u64 = 15 * 60_000;
/// After the system said that the account is locked, how long nobody tries it.
pub const BLOCKED_MS: u64 = 30 * 60_000;
/// Wrong passwords of one person within [`NO_SIGN_IN_MS`], after which no further one is tried.
const MOST_WRONG: u8 = 2;
/// The most people who are remembered. When it is full, nobody new signs in: not knowing who failed is worse.
pub const MOST_SIGN_INS: usize = 10_000;

struct Failed {
    at: Time,
    locked: bool,
    wrong: u8,
    /// What was refused, so that it is not tried twice. Hashed by whoever gives it.
    tried: Secret<[u8; 32]>,
}

/// Who failed to sign in lately.
pub struct SignIns<W> {
    failed: BTreeMap<W, Failed>,
}

impl<W> Default for SignIns<W> {
    fn default() -> SignIns<W> {
        SignIns { failed: BTreeMap::new() }
    }
}

impl<W: Ord + Clone> SignIns<W> {
    /// Whether this person may try with a credential, of which `hash` is a keyed hash.
    ///
    /// # Errors
    /// [`Over::NotSignedIn`] when trying could lock the account.
    pub fn may_try(&mut self, now: Time, who: &W, hash: &Secret<[u8; 32]>) -> Result<(), Over> {
        self.failed.retain(|_, f| now.since(f.at) < if f.locked { BLOCKED_MS } else { NO_SIGN_IN_MS });
        match self.failed.get(who) {
            None if self.failed.len() >= MOST_SIGN_INS => Err(Over::NotSignedIn),
            None => Ok(()),
            Some(f) if f.locked || f.wrong >= MOST_WRONG || f.tried == *hash => Err(Over::NotSignedIn),
            Some(_) => Ok(()),
        }
    }

    /// The system refused a credential; `locked` when it said that the account is.
    pub fn refused(&mut self, now: Time, who: &W, hash: Secret<[u8; 32]>, locked: bool) {
        let before = self.failed.get(who).map_or(0, |f| f.wrong);
        let failed = Failed { at: now, locked, wrong: before.saturating_add(1), tried: hash };
        self.failed.insert(who.clone(), failed);
    }

    /// It worked: what failed before counts no longer.
    pub fn worked(&mut self, who: &W) {
        self.failed.remove(who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u8) -> Secret<[u8; 32]> {
        Secret::new([n; 32])
    }

    #[test]
    fn the_same_wrong_password_is_never_tried_twice_and_a_third_one_not_at_all() {
        let mut s: SignIns<u32> = SignIns::default();
        assert_eq!(s.may_try(Time(0), &1, &hash(1)), Ok(()));
        s.refused(Time(0), &1, hash(1), false);
        assert!(s.may_try(Time(1), &1, &hash(1)).is_err());
        assert_eq!(s.may_try(Time(1), &2, &hash(1)), Ok(()), "another person");
        assert_eq!(s.may_try(Time(1), &1, &hash(2)), Ok(()), "another password");
        s.refused(Time(1), &1, hash(2), false);
        assert!(s.may_try(Time(2), &1, &hash(3)).is_err(), "the third would be one too many");
        assert_eq!(s.may_try(Time(1 + NO_SIGN_IN_MS), &1, &hash(1)), Ok(()));
        s.refused(Time(1 + NO_SIGN_IN_MS), &1, hash(1), false);
        s.worked(&1);
        assert_eq!(s.may_try(Time(2 + NO_SIGN_IN_MS), &1, &hash(1)), Ok(()));
    }

    #[test]
    fn a_locked_account_is_left_alone_for_longer() {
        let mut s: SignIns<u32> = SignIns::default();
        s.refused(Time(0), &1, hash(1), true);
        assert!(s.may_try(Time(NO_SIGN_IN_MS + 1), &1, &hash(2)).is_err());
        assert_eq!(s.may_try(Time(BLOCKED_MS), &1, &hash(2)), Ok(()));
    }
}
