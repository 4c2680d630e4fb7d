//! Private keys among many bytes: in PEM, and in the binary forms that programs carry (PKCS #1, PKCS #8, SEC 1).

use crate::attest::search::find;

/// RSA keys as PKCS #1 has them (RFC 8017, A.1.2), also inside PKCS #8: version 0 and the head of a modulus of 2048, 3072
/// or 4096 bits.
const RSA: [[u8; 8]; 3] =
    [[2, 1, 0, 2, 0x82, 1, 1, 0], [2, 1, 0, 2, 0x82, 1, 0x81, 0], [2, 1, 0, 2, 0x82, 2, 1, 0]];
/// The algorithm of elliptic curves in PKCS #8, and the first byte of the curve's own id (RFC 5480).
const CURVES: [u8; 10] = [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6];
/// SEC 1's own form for P-256 (RFC 5915).
const SEC1: [u8; 7] = [0x30, 0x77, 2, 1, 1, 4, 0x20];
/// Ed25519 in PKCS #8 (RFC 8410).
const ED25519: [u8; 9] = [6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// The longest beginning of a head in PEM: `-----BEGIN ENCRYPTED `, in bytes.
const LONGEST_HEAD: usize = 21;

/// Private keys in PEM: the head of one (RFC 7468) with base64 behind it, and not only the words.
pub fn in_pem(bytes: &[u8]) -> usize {
    let head = b"PRIVATE KEY-----\n";
    let is_base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'\n' | b'=');
    places(bytes, head)
        .filter(|at| {
            let from = at + head.len();
            // The words of this file stand in the program, and anything may stand behind them there.
            let before = bytes.get(at.saturating_sub(LONGEST_HEAD)..*at).unwrap_or_default();
            let begins = find(before, b"-----BEGIN ", 0).and_then(|b| before.get(b + 11..));
            let is_word = |c: &u8| c.is_ascii_uppercase() || *c == b' ';
            begins.is_some_and(|kind| kind.iter().all(is_word))
                && bytes.get(from..from + 60).is_some_and(|body| body.iter().all(is_base64))
        })
        .count()
}

/// Private keys in a binary form: what of each can be told from others, the bytes that hold its secret.
pub fn in_der(bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    for word in &RSA {
        // A sequence whose length is that of such a key goes before the version.
        found.extend(places(bytes, word).filter_map(|at| {
            let head = bytes.get(at.checked_sub(4)?..at)?;
            let [0x30, 0x82, high, low] = head else { return None };
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let modulus = usize::from(u16::from_be_bytes([word[5], word[6]]));
            let key = bytes.get(at..at + length)?;
            // Modulus, then the public exponent.
            (length > 2 * modulus && key.get(7 + modulus) == Some(&2)).then_some(key)
        }));
    }
    found.extend(places(bytes, &CURVES).filter_map(|at| {
        // Version, the algorithm's sequence, the curve, and then the key: of public keys it is a bit string.
        let head = bytes.get(at.checked_sub(5)?..at)?;
        let [2, 1, 0 | 1, 0x30, _] = head else { return None };
        let curve = usize::from(*bytes.get(at + CURVES.len())?);
        let key = bytes.get(at + CURVES.len() + 1 + curve..)?;
        (key.first() == Some(&4)).then(|| key.get(..40)).flatten()
    }));
    found.extend(places(bytes, &SEC1).filter_map(|at| {
        let key = bytes.get(at + SEC1.len()..at + SEC1.len() + 32)?;
        let behind = bytes.get(at + SEC1.len() + 32..)?;
        behind.starts_with(&[0xa0, 0x0a, 6, 8]).then_some(key)
    }));
    found.extend(places(bytes, &ED25519).filter_map(|at| {
        let head = bytes.get(at.checked_sub(5)?..at)?;
        let [2, 1, 0 | 1, 0x30, 5] = head else { return None };
        bytes.get(at + ED25519.len()..at + ED25519.len() + 32)
    }));
    found
}

fn places<'a>(bytes: &'a [u8], word: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = find(bytes, word, from)?;
        from = at + word.len();
        Some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair};

    fn among(key: &[u8]) -> Vec<u8> {
        [b"something before \x30\x82".as_slice(), key, b"and behind, long enough to be looked at as well"]
            .concat()
    }

    #[test]
    fn a_private_key_is_found_and_the_words_alone_are_none() {
        let begin = "-----BEGIN ";
        let key = format!("{begin}PRIVATE KEY-----\n{}\n", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC".repeat(2));
        assert_eq!(in_pem(key.as_bytes()), 1);
        let words = "PRIVATE KEY-----\nis how it begins, and here is a sentence that goes on for a while.";
        assert_eq!(in_pem(format!("{begin}{words}").as_bytes()), 0);
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC".repeat(2);
        for (head, keys) in [("RSA ", 1), ("ENCRYPTED ", 1), ("rsa ", 0)] {
            assert_eq!(
                in_pem(format!("xy{begin}{head}PRIVATE KEY-----\n{body}\n").as_bytes()),
                keys,
                "{head}"
            );
        }
        assert_eq!(in_pem(format!("a constant PRIVATE KEY-----\n{body}").as_bytes()), 0);
    }

    #[test]
    fn keys_in_binary_forms_are_found_and_public_ones_are_not() {
        let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let ed = Ed25519KeyPair::generate().unwrap();
        let all = [
            p256.to_pkcs8v1().unwrap().as_ref().to_vec(),
            ed.to_pkcs8().unwrap().as_ref().to_vec(),
            sim::microsoft::keys::demonstration()[0].to_vec(),
        ];
        for key in &all {
            assert_eq!(in_der(&among(key)).len(), 1, "{key:02x?}");
            // One that is cut off is none.
            assert!(in_der(&key[..key.len() / 3]).is_empty());
        }
        use aws_lc_rs::signature::KeyPair;
        let public = p256.public_key().as_der().unwrap();
        assert!(in_der(&among(public.as_ref())).is_empty(), "a public key is none");
    }
}
