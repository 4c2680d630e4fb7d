//! Keys of SRTP in session descriptions: `a=crypto` (RFC 4568), with the suites of [`srtp`](crate::srtp).
//!
//! A line names its suite and one key, perhaps with its lifetime and the name (MKI) that packets carry. Session parameters
//! that would weaken or change the protection make a line unusable; the others do not matter to us.

mod base64;

use std::fmt;

use crate::sdp::Media;
use crate::srtp::{MAX_MASTER, MAX_MKI, MasterKey, Suite};

/// Most `a=crypto` lines of one description that are looked at.
pub const MAX_LINES: usize = 32;
/// How many random bytes [`OwnKeys`] is made of: key and salt for each suite.
pub const SEED_LEN: usize = 30 + 30 + 28 + 44;
/// Highest tag: nine digits (RFC 4568, 9.1).
const MAX_TAG: u32 = 999_999_999;
/// The most packets that one key is for (RFC 3711, 9.2).
const MAX_LIFETIME: u64 = 1 << 48;

/// One `a=crypto` line that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CryptoLine {
    /// Names the line, so that an answer can say which it takes.
    pub tag: u32,
    /// Suite, key and perhaps the key's name.
    pub key: MasterKey,
    /// How many packets the key is for, if that is said.
    pub lifetime: Option<u64>,
}

/// Why a line cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CryptoError {
    /// It lacks tag, suite or key, or its tag is no number of up to nine digits.
    Syntax,
    /// A suite that we cannot.
    UnknownSuite,
    /// The key does not begin with `inline:`, or is not base64.
    NotInline,
    /// Key and salt have another length than the suite wants.
    KeyLength {
        /// What the suite wants, in bytes.
        wanted: usize,
        /// What stands there, in bytes.
        found: usize,
    },
    /// The lifetime is no number of packets from 1 to 2^48.
    Lifetime,
    /// The name of the key does not fit the length that is said, or is longer than 128 bytes.
    Mki,
    /// Several keys in one line.
    SeveralKeys,
    /// A session parameter that we do not do, such as `UNENCRYPTED_SRTP` or a key derivation rate.
    SessionParameter,
    /// The answer takes a line that was not offered, or several.
    NotOffered,
}

impl fmt::Display for CryptoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            CryptoError::Syntax => "a crypto line is not made of a tag, a suite and a key",
            CryptoError::UnknownSuite => "no crypto line has a suite that both sides can",
            CryptoError::NotInline => "the key of a crypto line is not inline: and base64",
            CryptoError::KeyLength { wanted, found } => {
                return write!(f, "the key of a crypto line has {found} bytes, and its suite wants {wanted}");
            }
            CryptoError::Lifetime => "the lifetime of a key is no number of packets from 1 to 2^48",
            CryptoError::Mki => "the name of a key (MKI) does not fit its length",
            CryptoError::SeveralKeys => "a crypto line has several keys",
            CryptoError::SessionParameter => "a crypto line has a session parameter that is not done here",
            CryptoError::NotOffered => "the answer does not take exactly one of the crypto lines offered",
        };
        f.write_str(text)
    }
}

impl std::error::Error for CryptoError {}

impl CryptoLine {
    /// Reads what stands behind `a=crypto:`.
    ///
    /// # Errors
    /// Why the line cannot be used.
    pub fn parse(value: &str) -> Result<CryptoLine, CryptoError> {
        let mut fields = value.split_ascii_whitespace();
        let tag = fields.next().filter(|tag| tag.len() <= 9 && tag.bytes().all(|b| b.is_ascii_digit()));
        let tag =
            tag.and_then(|tag| tag.parse().ok()).filter(|tag| *tag <= MAX_TAG).ok_or(CryptoError::Syntax)?;
        let suite = fields.next().ok_or(CryptoError::Syntax)?;
        let suite = Suite::from_name(suite).ok_or(CryptoError::UnknownSuite)?;
        let (key, lifetime) = read_key(suite, fields.next().ok_or(CryptoError::Syntax)?)?;
        if !fields.all(is_harmless) {
            return Err(CryptoError::SessionParameter);
        }
        Ok(CryptoLine { tag, key, lifetime })
    }

    /// What stands behind `a=crypto:`. The lifetime is left out: ours lasts as long as the leg.
    pub fn write(&self) -> String {
        format!("{} {} inline:{}", self.tag, self.key.suite().name(), base64::encode(self.key.master()))
    }
}

/// Whether a line with that session parameter can be used all the same (RFC 4568, 6.3): one that begins with `-` is
/// optional, a hint about replay windows does not bind us, and a derivation rate of zero is none.
fn is_harmless(parameter: &str) -> bool {
    let name = parameter.split('=').next().unwrap_or_default();
    parameter.starts_with('-') || name.eq_ignore_ascii_case("WSH") || parameter.eq_ignore_ascii_case("KDR=0")
}

fn read_key(suite: Suite, parameters: &str) -> Result<(MasterKey, Option<u64>), CryptoError> {
    if parameters.contains(';') {
        return Err(CryptoError::SeveralKeys);
    }
    let (method, info) = parameters.split_once(':').ok_or(CryptoError::NotInline)?;
    if !method.eq_ignore_ascii_case("inline") {
        return Err(CryptoError::NotInline);
    }
    let mut parts = info.split('|');
    let mut bytes = [0; MAX_MASTER + 4];
    let found = base64::decode(parts.next().unwrap_or_default(), &mut bytes).ok_or(CryptoError::NotInline)?;
    let wrong = CryptoError::KeyLength { wanted: suite.master_len(), found };
    let key = bytes.get(..found).and_then(|bytes| MasterKey::new(suite, bytes)).ok_or(wrong)?;
    let (mut lifetime, mut mki) = (None, None);
    for part in parts {
        if let Some((name, length)) = part.split_once(':') {
            if mki.replace(read_mki(name, length)?).is_some() {
                return Err(CryptoError::Mki);
            }
        } else if lifetime.is_some() || mki.is_some() {
            return Err(CryptoError::Syntax);
        } else {
            lifetime = Some(read_lifetime(part)?);
        }
    }
    let key = key.with_mki(&mki.unwrap_or_default()).ok_or(CryptoError::Mki)?;
    Ok((key, lifetime))
}

/// A number of packets, or a power of two (RFC 4568, 6.1).
fn read_lifetime(text: &str) -> Result<u64, CryptoError> {
    let packets = match text.strip_prefix("2^") {
        Some(power) => power.parse().ok().and_then(|power| 1u64.checked_shl(power)),
        None => text.parse().ok(),
    };
    packets.filter(|packets| (1..=MAX_LIFETIME).contains(packets)).ok_or(CryptoError::Lifetime)
}

/// A number, written in so many bytes.
fn read_mki(name: &str, length: &str) -> Result<Vec<u8>, CryptoError> {
    let number: u64 = name.parse().map_err(|_| CryptoError::Mki)?;
    let length: usize = length.parse().ok().filter(|l| (1..=MAX_MKI).contains(l)).ok_or(CryptoError::Mki)?;
    let number = number.to_be_bytes();
    let mut bytes = vec![0; length.saturating_sub(number.len())];
    let (left_out, kept) = number.split_at(number.len().saturating_sub(length));
    if left_out.iter().any(|byte| *byte != 0) {
        return Err(CryptoError::Mki);
    }
    bytes.extend_from_slice(kept);
    Ok(bytes)
}

/// The usable lines of a section, in its order. `Ok` and empty when there is no line at all.
///
/// # Errors
/// There are lines, and none can be used: what is wrong with the first whose suite we can, or with the first.
pub fn lines_of(media: &Media) -> Result<Vec<CryptoLine>, CryptoError> {
    let (mut usable, mut error) = (Vec::new(), None);
    for value in media.attributes_named("crypto").take(MAX_LINES) {
        match CryptoLine::parse(value) {
            Ok(line) => usable.push(line),
            Err(wrong) if matches!(error, None | Some(CryptoError::UnknownSuite)) => error = Some(wrong),
            Err(_) => {}
        }
    }
    match error {
        Some(error) if usable.is_empty() => Err(error),
        _ => Ok(usable),
    }
}

/// The line that an answer of ours takes: the first one whose key has no name, otherwise the first.
pub fn choose(lines: &[CryptoLine]) -> Option<&CryptoLine> {
    lines.iter().find(|line| line.key.mki().is_empty()).or(lines.first())
}

/// The keys of one leg of ours, one for each suite, made of random bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnKeys([MasterKey; 4]);

impl fmt::Debug for OwnKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnKeys")
    }
}

impl OwnKeys {
    /// Keys from random bytes, which must come from the operating system's dice and serve no other leg.
    pub fn from_random(random: &[u8; SEED_LEN]) -> Option<OwnKeys> {
        let mut rest = &random[..];
        let mut next = |suite: Suite| {
            let (master, more) = rest.split_at_checked(suite.master_len())?;
            rest = more;
            MasterKey::new(suite, master)
        };
        let [a, b, c, d] = Suite::ALL;
        Some(OwnKeys([next(a)?, next(b)?, next(c)?, next(d)?]))
    }

    /// Our key for a suite.
    pub fn of(&self, suite: Suite) -> &MasterKey {
        let [a, b, c, d] = &self.0;
        match suite {
            Suite::AesCm128HmacSha1_80 => a,
            Suite::AesCm128HmacSha1_32 => b,
            Suite::AeadAes128Gcm => c,
            Suite::AeadAes256Gcm => d,
        }
    }

    /// Our line for a suite.
    pub fn line(&self, tag: u32, suite: Suite) -> CryptoLine {
        CryptoLine { tag, key: self.of(suite).clone(), lifetime: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk";

    fn line(rest: &str) -> Result<CryptoLine, CryptoError> {
        CryptoLine::parse(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{rest}"))
    }

    #[test]
    fn lines_are_read() {
        let plain = line(KEY).unwrap();
        assert_eq!((plain.tag, plain.key.suite(), plain.lifetime), (1, Suite::AesCm128HmacSha1_80, None));
        assert_eq!(plain.key.master(), b"0123456789abcdef0123456789abcd");
        assert_eq!(plain.write(), format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"));
        let full = line(&format!("{KEY}|2^31|1:1")).unwrap();
        assert_eq!((full.lifetime, full.key.mki()), (Some(1 << 31), &[1][..]));
        let named = line(&format!("{KEY}|258:4 WSH=128 -X=1 KDR=0")).unwrap();
        assert_eq!((named.lifetime, named.key.mki()), (None, &[0, 0, 1, 2][..]));
        assert_eq!(line(&format!("{KEY}|1048576")).unwrap().lifetime, Some(1 << 20));
        assert!(line(&format!("{KEY}|1:128")).is_ok());
        let gcm = CryptoLine::parse(
            "999999999 aead_aes_256_gcm inline:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWI=",
        );
        assert_eq!(gcm.map(|line| line.key.suite()), Ok(Suite::AeadAes256Gcm));
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let short = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYg==";
        for (rest, expected) in [
            (short, CryptoError::KeyLength { wanted: 30, found: 28 }),
            ("", CryptoError::KeyLength { wanted: 30, found: 0 }),
            ("!!!!", CryptoError::NotInline),
            (&"QUFB".repeat(100), CryptoError::NotInline),
            (&format!("{KEY}|0"), CryptoError::Lifetime),
            (&format!("{KEY}|2^49"), CryptoError::Lifetime),
            (&format!("{KEY}|2^99999999999"), CryptoError::Lifetime),
            (&format!("{KEY}|2^31|256:1"), CryptoError::Mki),
            (&format!("{KEY}|1:129"), CryptoError::Mki),
            (&format!("{KEY}|1:0"), CryptoError::Mki),
            (&format!("{KEY}|1:1|1:1"), CryptoError::Mki),
            (&format!("{KEY};inline:{KEY}"), CryptoError::SeveralKeys),
            (&format!("{KEY} UNENCRYPTED_SRTP"), CryptoError::SessionParameter),
            (&format!("{KEY} UNAUTHENTICATED_SRTP"), CryptoError::SessionParameter),
            (&format!("{KEY} KDR=1"), CryptoError::SessionParameter),
        ] {
            assert_eq!(line(rest), Err(expected), "{rest}");
            assert!(expected.to_string().len() > 20);
        }
        for (value, expected) in [
            ("", CryptoError::Syntax),
            ("1", CryptoError::Syntax),
            ("x AES_CM_128_HMAC_SHA1_80 inline:", CryptoError::Syntax),
            ("1000000000 AES_CM_128_HMAC_SHA1_80 inline:", CryptoError::Syntax),
            ("1 AES_CM_128_HMAC_SHA1_80", CryptoError::Syntax),
            ("1 F8_128_HMAC_SHA1_80 inline:x", CryptoError::UnknownSuite),
            ("1 AES_CM_128_HMAC_SHA1_80 outline:x", CryptoError::NotInline),
            ("1 AES_CM_128_HMAC_SHA1_80 inline", CryptoError::NotInline),
        ] {
            assert_eq!(CryptoLine::parse(value), Err(expected), "{value}");
        }
    }

    #[test]
    fn keys_are_never_printed() {
        let line = line(KEY).unwrap();
        let random: [u8; SEED_LEN] = std::array::from_fn(|n| n as u8);
        let own = OwnKeys::from_random(&random).unwrap();
        let said = format!("{line:?} {:?} {own:?}", line.key);
        assert!(!said.contains("48") && !said.contains(KEY), "{said}");
        let all: Vec<&[u8]> = Suite::ALL.iter().map(|suite| own.of(*suite).master()).collect();
        assert_eq!(all.concat(), random);
    }
}
