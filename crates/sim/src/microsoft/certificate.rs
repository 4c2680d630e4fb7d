//! What is read out of a certificate (X.509 in DER): its key and until when it holds.

use super::moment;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERAL_TIME: u8 = 0x18;

/// The parts of a certificate that count here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The public key with its algorithm (SubjectPublicKeyInfo in DER).
    pub key: Vec<u8>,
    /// It holds up to this moment, in milliseconds since 1970.
    pub until_ms: u64,
}

/// One element at the beginning of `bytes`: its tag, all of it, its content, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8], &[u8])> {
    let (tag, first) = (*bytes.first()?, *bytes.get(1)?);
    let (length, head) = match first {
        0..=0x7f => (usize::from(first), 2),
        0x81..=0x83 => {
            let more = usize::from(first & 0x7f);
            let length = bytes.get(2..2 + more)?.iter().fold(0, |n, b| n << 8 | usize::from(*b));
            (length, 2 + more)
        }
        _ => return None,
    };
    let end = head.checked_add(length)?;
    Some((tag, bytes.get(..end)?, bytes.get(head..end)?, bytes.get(end..)?))
}

fn content(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, _, content, rest) = element(bytes)?;
    (tag == wanted).then_some((content, rest))
}

/// The time of a certificate as `2026…` or `26…`.
fn time(bytes: &[u8]) -> Option<u64> {
    let (tag, _, text, _) = element(bytes)?;
    let text = std::str::from_utf8(text).ok().filter(|t| t.is_ascii())?;
    let text = match (tag, text.get(..2)?.parse::<u32>().ok()?) {
        (UTC_TIME, year) => format!("{}{text}", if year < 50 { "20" } else { "19" }),
        (GENERAL_TIME, _) => text.into(),
        _ => return None,
    };
    let part = |from: usize, to: usize| text.get(from..to);
    moment::read(&format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    ))
}

impl Certificate {
    /// Reads it; nothing if it is none.
    pub fn read(der: &[u8]) -> Option<Certificate> {
        let (certificate, _) = content(der, SEQUENCE)?;
        let (mut rest, _) = content(certificate, SEQUENCE)?;
        // The version is there unless it is the first.
        if rest.first() == Some(&0xa0) {
            rest = element(rest)?.3;
        }
        // Serial number, algorithm, issuer.
        for _ in 0..3 {
            rest = element(rest)?.3;
        }
        let (validity, rest) = content(rest, SEQUENCE)?;
        let until_ms = time(element(validity)?.3)?;
        let subject = element(rest)?;
        let (tag, key, _, _) = element(subject.3)?;
        (tag == SEQUENCE).then(|| Certificate { key: key.to_vec(), until_ms })
    }
}

/// Modulus and exponent of a public key (RSAPublicKey in DER), without leading zeros.
pub fn public_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (numbers, _) = content(der, SEQUENCE)?;
    let (n, rest) = content(numbers, INTEGER)?;
    let (e, _) = content(rest, INTEGER)?;
    Some((trimmed(n), trimmed(e)))
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A certificate of RSA 2048 for `CN=switchroom test`, and its private key.
    pub const DER: &[u8] = include_bytes!("keys/client.crt.der");
    pub const KEY: &[u8] = include_bytes!("keys/client.pk8");

    #[test]
    fn key_and_end_are_read_and_nothing_cut_off_is() {
        let read = Certificate::read(DER).unwrap();
        assert_eq!(moment::rfc3339(read.until_ms).get(..2), Some("21"), "a hundred years");
        assert_eq!(aws_lc_rs::rsa::PublicEncryptingKey::from_der(&read.key).unwrap().key_size_bits(), 2048);
        for n in 0..DER.len() {
            assert_eq!(Certificate::read(&DER[..n]), None, "{n}");
        }
        for n in 0..DER.len() {
            let mut changed = DER.to_vec();
            changed[n] ^= 0x81;
            let _ = Certificate::read(&changed);
        }
    }
}
