//! Codes of a second factor that follow from the time (RFC 6238, with HMAC-SHA-1, steps of 30 seconds and six digits,
//! which is what the apps for them read).

use aws_lc_rs::hmac;
use redact::Secret;

/// Bytes of a secret: as long as the hash (RFC 4226 section 4).
const SECRET: usize = 20;
/// Length of a step, in milliseconds.
const STEP_MS: u64 = 30_000;
/// Digits of a code.
const DIGITS: usize = 6;
/// Letters of Base32 (RFC 4648 section 6).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret.
///
/// # Errors
/// A sentence; when the operating system gives no random bytes.
pub fn secret() -> Result<Secret<Vec<u8>>, String> {
    let mut bytes = vec![0; SECRET];
    getrandom::fill(&mut bytes).map_err(|e| format!("the operating system gives no random bytes: {e}"))?;
    Ok(Secret::new(bytes))
}

/// A secret as people and apps read it: Base32 without padding.
pub fn as_text(secret: &Secret<Vec<u8>>) -> Secret<String> {
    let (mut out, mut bits, mut held) = (String::new(), 0u32, 0u32);
    for byte in secret.expose_secret() {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            out.push(letter(bits >> held));
        }
    }
    if held > 0 {
        out.push(letter(bits << (5 - held)));
    }
    Secret::new(out)
}

fn letter(bits: u32) -> char {
    BASE32.get((bits & 31) as usize).copied().map_or('A', char::from)
}

/// The address that apps read from a QR code. `issuer` and `user` must be ids of ours, which need no escaping.
pub fn address(secret: &Secret<Vec<u8>>, issuer: &str, user: &str) -> Secret<String> {
    let text = as_text(secret);
    let digits = DIGITS;
    Secret::new(format!(
        "otpauth://totp/{issuer}:{user}?secret={}&issuer={issuer}&algorithm=SHA1&digits={digits}&period=30",
        text.expose_secret()
    ))
}

/// The step of time that a code belongs to: the present one, the one before or the one after, because clocks differ.
/// `now` is in milliseconds since 1970.
pub fn step_of(secret: &Secret<Vec<u8>>, code: &Secret<String>, now: u64) -> Option<u64> {
    let code: String = code.expose_secret().chars().filter(|c| !c.is_whitespace()).collect();
    let present = now / STEP_MS;
    let mut found = None;
    // All three are computed, whichever it is.
    for step in [present.saturating_sub(1), present, present + 1] {
        let expected = code_at(secret, step);
        if aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), code.as_bytes()).is_ok() {
            found = Some(step);
        }
    }
    found
}

/// The code of a step (RFC 4226 section 5.3).
pub fn code_at(secret: &Secret<Vec<u8>>, step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.expose_secret());
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag.last().copied().unwrap_or_default() & 15);
    let four = tag.get(offset..offset + 4).and_then(|b| b.first_chunk::<4>()).copied().unwrap_or_default();
    let number = (u32::from_be_bytes(four) & 0x7fff_ffff) % 10u32.pow(DIGITS as u32);
    format!("{number:0DIGITS$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc() -> Secret<Vec<u8>> {
        Secret::new(b"12345678901234567890".to_vec())
    }

    #[test]
    fn the_vectors_of_rfc_6238_and_rfc_4226() {
        // RFC 6238 appendix B gives eight digits; the last six are these.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(&rfc(), seconds / 30), code);
        }
        for (counter, code) in [(0, "755224"), (1, "287082"), (9, "520489")] {
            assert_eq!(code_at(&rfc(), counter), code);
        }
    }

    #[test]
    fn a_code_is_taken_one_step_early_and_one_late() {
        let now = 59_000;
        for (step, expected) in [(0, Some(0)), (1, Some(1)), (2, Some(2)), (3, None)] {
            let code = Secret::new(code_at(&rfc(), step));
            assert_eq!(step_of(&rfc(), &code, now), expected, "{step}");
        }
        for (text, expected) in [("287 082", Some(1)), ("28708", None), ("", None), ("abcdef", None)] {
            assert_eq!(step_of(&rfc(), &Secret::new(text.into()), now), expected, "{text}");
        }
    }

    #[test]
    fn secrets_are_written_as_apps_read_them() {
        for (bytes, text) in [("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(as_text(&Secret::new(bytes.as_bytes().to_vec())).expose_secret(), text);
        }
        let address = address(&rfc(), "Switchroom", "anna");
        assert_eq!(
            address.expose_secret(),
            "otpauth://totp/Switchroom:anna?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Switchroom&algorithm=SHA1&digits=6&period=30"
        );
    }
}
