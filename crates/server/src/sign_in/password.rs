//! Passwords, hashed with Argon2id (RFC 9106). What is kept says how it was made, so that the cost can grow later.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use redact::Secret;

/// The shortest password, in characters.
pub const SHORTEST: usize = 10;
/// The longest, in bytes: longer ones only cost time.
pub const LONGEST: usize = 256;

/// Memory for a hash, in KiB; passes over it; lanes. The second of RFC 9106's recommendations needs 64 MiB, which two
/// guesses at a time would hold; this is what OWASP gives for a server that signs in many.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// The most memory that a stored record may ask for, in KiB.
const MOST_MEMORY: u32 = 1 << 20;
const SALT: usize = 16;
const HASH: usize = 32;
/// The form of a record: its number, three costs of four bytes, salt, hash.
const FORM: u8 = 1;
const RECORD: usize = 1 + 12 + SALT + HASH;

/// Why a password cannot be taken.
///
/// # Errors
/// A sentence.
pub fn check(password: &Secret<String>, user: &str) -> Result<(), String> {
    let text = password.expose_secret();
    if text.chars().count() < SHORTEST {
        return Err(format!("a password has {SHORTEST} characters or more"));
    }
    if text.len() > LONGEST {
        return Err(format!("a password has {LONGEST} bytes at the most"));
    }
    if text.to_lowercase().contains(&user.to_lowercase()) && text.len() < user.len() + SHORTEST {
        return Err("the password must not be made of the user's id".into());
    }
    let first = text.chars().next();
    if text.chars().all(|c| Some(c) == first) {
        return Err("the password must not be one character again and again".into());
    }
    Ok(())
}

/// What is kept of a password. Takes tens of milliseconds and 19 MiB: to be called where waiting is allowed.
///
/// # Errors
/// A sentence; when the operating system gives no random bytes.
pub fn record(password: &Secret<String>) -> Result<Secret<Vec<u8>>, String> {
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(|e| format!("the operating system gives no random bytes: {e}"))?;
    let hash = hash(password, COST, &salt).ok_or("the password could not be hashed")?;
    let mut out = Vec::with_capacity(RECORD);
    out.push(FORM);
    for cost in [COST.0, COST.1, COST.2] {
        out.extend(cost.to_be_bytes());
    }
    out.extend(salt);
    out.extend(hash);
    Ok(Secret::new(out))
}

/// Whether a password is the one of a record. Without a record it works as long and says no, so that the time does not
/// tell who has an account.
pub fn is_right(password: &Secret<String>, record: Option<&Secret<Vec<u8>>>) -> bool {
    let read = record.and_then(|r| read(r.expose_secret()));
    let (cost, salt, expected) = read.unwrap_or((COST, [0; SALT], [0; HASH]));
    let Some(found) = hash(password, cost, &salt) else { return false };
    let same = aws_lc_rs::constant_time::verify_slices_are_equal(&found, &expected).is_ok();
    same && read.is_some()
}

type Read = ((u32, u32, u32), [u8; SALT], [u8; HASH]);

fn read(record: &[u8]) -> Option<Read> {
    let (form, rest) = record.split_first()?;
    let (memory, rest) = rest.split_first_chunk()?;
    let (passes, rest) = rest.split_first_chunk()?;
    let (lanes, rest) = rest.split_first_chunk()?;
    let (salt, hash) = rest.split_first_chunk()?;
    let cost = (u32::from_be_bytes(*memory), u32::from_be_bytes(*passes), u32::from_be_bytes(*lanes));
    (*form == FORM).then_some((cost, *salt, hash.try_into().ok()?))
}

fn hash(
    password: &Secret<String>,
    (memory, passes, lanes): (u32, u32, u32),
    salt: &[u8],
) -> Option<[u8; HASH]> {
    let params = Params::new(memory.min(MOST_MEMORY), passes, lanes, Some(HASH)).ok()?;
    let mut blocks = vec![Block::default(); params.block_count()];
    let mut out = [0; HASH];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let text = password.expose_secret().as_bytes();
    // Whatever is longer than any password that can be set is none.
    let text = text.get(..LONGEST + 1).unwrap_or(text);
    argon.hash_password_into_with_memory(text, salt, &mut out, &mut blocks).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.into())
    }

    #[test]
    fn the_right_password_and_no_other() {
        let kept = record(&secret("correct horse")).unwrap();
        assert_eq!(kept.expose_secret().len(), RECORD);
        assert!(is_right(&secret("correct horse"), Some(&kept)));
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert!(!is_right(&secret(wrong), Some(&kept)), "{wrong:?}");
        }
        assert!(!is_right(&secret("correct horse"), None));
        assert_ne!(record(&secret("correct horse")).unwrap().expose_secret(), kept.expose_secret(), "salted");
    }

    #[test]
    fn a_record_that_is_none_opens_nothing() {
        let kept = record(&secret("correct horse")).unwrap().expose_secret().clone();
        for n in [0, 1, 13, 40, RECORD - 1] {
            assert!(!is_right(&secret("correct horse"), Some(&Secret::new(kept[..n].to_vec()))), "{n}");
        }
        let mut longer = kept.clone();
        longer.push(0);
        let mut other = kept.clone();
        other[0] = 2;
        let mut costless = kept;
        costless[1..13].fill(0);
        for bent in [longer, other, costless] {
            assert!(!is_right(&secret("correct horse"), Some(&Secret::new(bent))));
        }
    }

    #[test]
    fn what_cannot_be_taken() {
        for (text, user) in [
            ("short", "anna"),
            ("aaaaaaaaaaaa", "anna"),
            ("maximilian1", "Maximilian"),
            (&"x1".repeat(129), "anna"),
        ] {
            assert!(check(&secret(text), user).is_err(), "{text}");
        }
        for text in ["correct horse", "äöüäöüäöüä", "anna has four red bikes"] {
            assert!(check(&secret(text), "anna").is_ok(), "{text}");
        }
    }
}
