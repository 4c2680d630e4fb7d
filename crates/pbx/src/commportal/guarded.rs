//! Who may try to sign in: an account there is locked after some wrong tries, and it must not be us who lock it.

use crate::{Over, Time};
use redact::Secret;
use std::collections::{BTreeMap, BTreeSet};

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
    /// What was refused, so that it is not tried twice. Hashed by whoever gives it. Nothing was refused for certain where no
    /// answer came.
    tried: Option<Secret<[u8; 32]>>,
}

/// Who failed to sign in lately.
pub struct SignIns<W> {
    failed: BTreeMap<W, Failed>,
    /// Accounts that somebody signs in to at this moment. Each is on a thread of its own, which bounds them.
    trying: BTreeSet<W>,
}

impl<W> Default for SignIns<W> {
    fn default() -> SignIns<W> {
        SignIns { failed: BTreeMap::new(), trying: BTreeSet::new() }
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
            Some(f) if f.locked || f.wrong >= MOST_WRONG => Err(Over::NotSignedIn),
            Some(f) if f.tried.as_ref() == Some(hash) => Err(Over::NotSignedIn),
            Some(_) => Ok(()),
        }
    }

    /// Takes these accounts for one try, which [`SignIns::end`] gives back once it is known what came of it: several tries at a
    /// time could be wrong together. False when another try is under way; then it is asked again after that one.
    ///
    /// # Errors
    /// [`Over::NotSignedIn`] when trying could lock one of the accounts.
    pub fn begin(&mut self, now: Time, accounts: &[W], hash: &Secret<[u8; 32]>) -> Result<bool, Over> {
        for who in accounts {
            self.may_try(now, who, hash)?;
        }
        if accounts.iter().any(|who| self.trying.contains(who)) {
            return Ok(false);
        }
        self.trying.extend(accounts.iter().cloned());
        Ok(true)
    }

    /// The try is over; what came of it was told before.
    pub fn end(&mut self, accounts: &[W]) {
        accounts.iter().for_each(|who| {
            self.trying.remove(who);
        });
    }

    /// It is not known what came of a try: it may have been refused. The same credential may be tried once more, and it counts.
    pub fn doubtful(&mut self, now: Time, who: &W) {
        let before = self.failed.remove(who);
        let (wrong, tried) = before.map_or((0, None), |f| (f.wrong, f.tried));
        let failed = Failed { at: now, locked: false, wrong: wrong.saturating_add(1), tried };
        self.failed.insert(who.clone(), failed);
    }

    /// The system refused a credential; `locked` when it said that the account is.
    pub fn refused(&mut self, now: Time, who: &W, hash: Secret<[u8; 32]>, locked: bool) {
        let before = self.failed.get(who).map_or(0, |f| f.wrong);
        let failed = Failed { at: now, locked, wrong: before.saturating_add(1), tried: Some(hash) };
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
    fn one_try_at_a_time_and_a_try_without_an_answer_counts() {
        let mut s: SignIns<u32> = SignIns::default();
        assert_eq!(s.begin(Time(0), &[1, 7], &hash(1)), Ok(true));
        assert_eq!(s.begin(Time(0), &[2, 7], &hash(2)), Ok(false), "somebody else at the same line");
        assert_eq!(s.begin(Time(0), &[2, 8], &hash(2)), Ok(true));
        s.doubtful(Time(1), &7);
        s.end(&[1, 7]);
        assert_eq!(
            s.begin(Time(2), &[3, 7], &hash(1)),
            Ok(true),
            "the same once more: it may have been right"
        );
        s.doubtful(Time(3), &7);
        s.end(&[3, 7]);
        assert!(s.begin(Time(4), &[3, 7], &hash(1)).is_err(), "twice may have been wrong twice");
        assert_eq!(s.begin(Time(4), &[3, 9], &hash(1)), Ok(true), "and nothing was kept by what was refused");
    }

    #[test]
    fn a_locked_account_is_left_alone_for_longer() {
        let mut s: SignIns<u32> = SignIns::default();
        s.refused(Time(0), &1, hash(1), true);
        assert!(s.may_try(Time(NO_SIGN_IN_MS + 1), &1, &hash(2)).is_err());
        assert_eq!(s.may_try(Time(BLOCKED_MS), &1, &hash(2)), Ok(()));
    }
}
