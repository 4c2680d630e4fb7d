//! Passkeys: what a browser and its authenticator say and sign, checked (WebAuthn Level 2, sections 7.1 and 7.2).
//!
//! Attestation is not asked for: which make of authenticator somebody has decides nothing here. The public key is taken as
//! the browser gives it (SubjectPublicKeyInfo, section 5.2.1.1), and the credential's id from the authenticator's data, so
//! that nothing has to be read that is written in CBOR.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use std::fmt;

/// Bytes of a challenge.
pub const CHALLENGE: usize = 32;
/// The most bytes of what the browser collected.
const MAX_CLIENT_DATA: usize = 4_096;
/// The most bytes of a credential's id (section 5.8.3).
const MAX_ID: usize = 1_023;
/// The most bytes of a public key: RSA with 8192 bits needs a little more than a kilobyte.
const MAX_KEY: usize = 2_048;
/// ES256, EdDSA and RS256, by their numbers among COSE's algorithms.
pub const ALGORITHMS: [i64; 3] = [-7, -8, -257];

/// Why something about a passkey is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It cannot be read.
    Malformed,
    /// It was made for something else.
    Purpose,
    /// It answers another challenge.
    Challenge,
    /// Another page asked for it.
    Origin,
    /// It is for another address.
    Address,
    /// Nobody touched the authenticator.
    Absent,
    /// The authenticator did not make sure of who it was.
    Unverified,
    /// The kind of key is none that is taken here.
    Key,
    /// The signature is wrong.
    Signature,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Malformed => "what the authenticator said cannot be read",
            Fault::Purpose => "this was made for something else",
            Fault::Challenge => "this answers another challenge, or an old one: begin again",
            Fault::Origin => "another page asked for this",
            Fault::Address => "this passkey is for another address",
            Fault::Absent => "nobody touched the authenticator",
            Fault::Unverified => "the authenticator did not ask for a PIN, a finger or a face",
            Fault::Key => "keys of this kind are not taken: ES256, EdDSA or RS256",
            Fault::Signature => "the signature is wrong",
        })
    }
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The challenge, which we made.
    pub challenge: &'a [u8],
    /// Our page: scheme, host and port.
    pub origin: &'a str,
    /// Our relying party id, which is the host of the page.
    pub rp_id: &'a str,
}

/// A public key that somebody registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The authenticator's id for it.
    pub credential: Vec<u8>,
    /// How often it has signed.
    pub counter: u32,
}

/// What the browser collected (section 5.8.1). It may say more.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    purpose: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
}

/// What the authenticator says (section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthenticatorData<'a> {
    /// Hash of the relying party id.
    pub rp: &'a [u8],
    /// Flags.
    pub flags: u8,
    /// How often it has signed.
    pub counter: u32,
    /// The id of a credential that was made just now.
    pub credential: Option<&'a [u8]>,
}

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

impl AuthenticatorData<'_> {
    /// Reads it. What follows the credential's id (its key and extensions, in CBOR) is left unread.
    ///
    /// # Errors
    /// [`Fault::Malformed`].
    pub fn read(bytes: &[u8]) -> Result<AuthenticatorData<'_>, Fault> {
        let (rp, rest) = bytes.split_at_checked(32).ok_or(Fault::Malformed)?;
        let (flags, rest) = rest.split_first().ok_or(Fault::Malformed)?;
        let (counter, rest) = rest.split_first_chunk::<4>().ok_or(Fault::Malformed)?;
        let credential = match flags & ATTESTED {
            0 => None,
            _ => {
                let rest = rest.get(16..).ok_or(Fault::Malformed)?;
                let (length, rest) = rest.split_first_chunk::<2>().ok_or(Fault::Malformed)?;
                let length = usize::from(u16::from_be_bytes(*length));
                let id = rest.get(..length).ok_or(Fault::Malformed)?;
                if id.is_empty() || id.len() > MAX_ID {
                    return Err(Fault::Malformed);
                }
                Some(id)
            }
        };
        Ok(AuthenticatorData { rp, flags: *flags, counter: u32::from_be_bytes(*counter), credential })
    }

    fn check(&self, rp_id: &str) -> Result<(), Fault> {
        if self.rp != digest(&SHA256, rp_id.as_bytes()).as_ref() {
            return Err(Fault::Address);
        }
        match (self.flags & PRESENT, self.flags & VERIFIED) {
            (0, _) => Err(Fault::Absent),
            (_, 0) => Err(Fault::Unverified),
            _ => Ok(()),
        }
    }
}

fn client_data(bytes: &[u8]) -> Result<ClientData, Fault> {
    if bytes.len() > MAX_CLIENT_DATA {
        return Err(Fault::Malformed);
    }
    serde_json::from_slice(bytes).map_err(|_| Fault::Malformed)
}

/// The challenge that is answered, to be found among those that were made.
///
/// # Errors
/// [`Fault::Malformed`].
pub fn challenge_of(client: &[u8]) -> Result<[u8; CHALLENGE], Fault> {
    let text = client_data(client)?.challenge;
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Fault::Malformed)?;
    bytes.try_into().map_err(|_| Fault::Challenge)
}

fn check_client(bytes: &[u8], purpose: &str, asked: &Asked<'_>) -> Result<(), Fault> {
    let client = client_data(bytes)?;
    if client.purpose != purpose {
        return Err(Fault::Purpose);
    }
    if client.challenge != URL_SAFE_NO_PAD.encode(asked.challenge) {
        return Err(Fault::Challenge);
    }
    if !client.origin.eq_ignore_ascii_case(asked.origin) || client.cross_origin {
        return Err(Fault::Origin);
    }
    Ok(())
}

fn parsed(key: &[u8], algorithm: i64) -> Result<ParsedPublicKey, Fault> {
    // Bare points are keys to the library too, but nothing that a browser gives.
    let is_spki = key.first() == Some(&0x30) && key.len() <= MAX_KEY && key.len() > 32;
    if !is_spki {
        return Err(Fault::Key);
    }
    match algorithm {
        -7 => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key),
        -8 => ParsedPublicKey::new(&ED25519, key),
        -257 => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key),
        _ => return Err(Fault::Key),
    }
    .map_err(|_| Fault::Key)
}

/// Checks a passkey that somebody registers; `key` is its public key as SubjectPublicKeyInfo.
///
/// # Errors
/// The first thing that is wrong.
pub fn register(
    asked: &Asked<'_>,
    client: &[u8],
    authenticator: &[u8],
    key: &[u8],
    algorithm: i64,
) -> Result<Registered, Fault> {
    check_client(client, "webauthn.create", asked)?;
    let said = AuthenticatorData::read(authenticator)?;
    said.check(asked.rp_id)?;
    let credential = said.credential.ok_or(Fault::Malformed)?.to_vec();
    parsed(key, algorithm)?;
    Ok(Registered { credential, counter: said.counter })
}

/// Checks that the holder of a passkey signed; gives how often it has signed by now.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(
    asked: &Asked<'_>,
    key: &[u8],
    algorithm: i64,
    client: &[u8],
    authenticator: &[u8],
    signature: &[u8],
) -> Result<u32, Fault> {
    check_client(client, "webauthn.get", asked)?;
    let said = AuthenticatorData::read(authenticator)?;
    said.check(asked.rp_id)?;
    let mut signed = authenticator.to_vec();
    signed.extend_from_slice(digest(&SHA256, client).as_ref());
    parsed(key, algorithm)?.verify_sig(&signed, signature).map_err(|_| Fault::Signature)?;
    Ok(said.counter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    };

    const CHALLENGED: [u8; CHALLENGE] = [7; CHALLENGE];
    const ASKED: Asked<'_> =
        Asked { challenge: &CHALLENGED, origin: "https://desk.example", rp_id: "desk.example" };

    fn client(purpose: &str, challenge: &[u8], origin: &str, more: &str) -> Vec<u8> {
        let challenge = URL_SAFE_NO_PAD.encode(challenge);
        format!(r#"{{"type":"{purpose}","challenge":"{challenge}","origin":"{origin}","other":1{more}}}"#)
            .into_bytes()
    }

    fn authenticator(rp: &str, flags: u8, counter: u32, id: &[u8]) -> Vec<u8> {
        let mut data = digest(&SHA256, rp.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend_from_slice(&counter.to_be_bytes());
        if flags & ATTESTED != 0 {
            data.extend_from_slice(&[0; 16]);
            data.extend_from_slice(&(id.len() as u16).to_be_bytes());
            data.extend_from_slice(id);
            data.extend_from_slice(b"\xa5 whatever follows");
        }
        data
    }

    fn signed(client: &[u8], data: &[u8]) -> Vec<u8> {
        [data, digest(&SHA256, client).as_ref()].concat()
    }

    #[test]
    fn each_kind_of_key_is_registered_and_signs() {
        let random = SystemRandom::new();
        let es = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let ed = Ed25519KeyPair::generate().unwrap();
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        fn x509<'a>(key: &impl AsDer<PublicKeyX509Der<'a>>) -> Vec<u8> {
            key.as_der().unwrap().as_ref().to_vec()
        }
        let (es_key, ed_key, rsa_key) =
            (x509(es.public_key()), x509(ed.public_key()), x509(rsa.public_key()));
        let made = client("webauthn.create", &CHALLENGED, ASKED.origin, "");
        let got = client("webauthn.get", &CHALLENGED, ASKED.origin, r#","crossOrigin":false"#);
        let data = authenticator(ASKED.rp_id, PRESENT | VERIFIED, 3, b"");
        let text = signed(&got, &data);
        let by_rsa = {
            let mut signature = vec![0; rsa.public_modulus_len()];
            rsa.sign(&RSA_PKCS1_SHA256, &random, &text, &mut signature).unwrap();
            signature
        };
        let signatures = [
            (-7, es_key, es.sign(&random, &text).unwrap().as_ref().to_vec()),
            (-8, ed_key, ed.sign(&text).as_ref().to_vec()),
            (-257, rsa_key, by_rsa),
        ];
        for (algorithm, key, signature) in &signatures {
            let new = authenticator(ASKED.rp_id, PRESENT | VERIFIED | ATTESTED, 0, b"id");
            let expected = Registered { credential: b"id".to_vec(), counter: 0 };
            assert_eq!(register(&ASKED, &made, &new, key, *algorithm), Ok(expected));
            assert_eq!(verify(&ASKED, key, *algorithm, &got, &data, signature), Ok(3), "{algorithm}");
            let mut other = signature.clone();
            *other.last_mut().unwrap() ^= 1;
            assert_eq!(verify(&ASKED, key, *algorithm, &got, &data, &other), Err(Fault::Signature));
            let more = authenticator(ASKED.rp_id, PRESENT | VERIFIED, 4, b"");
            assert_eq!(verify(&ASKED, key, *algorithm, &got, &more, signature), Err(Fault::Signature));
        }
        let (_, es_key, signature) = &signatures[0];
        assert_eq!(verify(&ASKED, es_key, -8, &got, &data, signature), Err(Fault::Key));
        assert_eq!(verify(&ASKED, es_key, -47, &got, &data, signature), Err(Fault::Key));
        assert_eq!(verify(&ASKED, es.public_key().as_ref(), -7, &got, &data, signature), Err(Fault::Key));
        assert_eq!(challenge_of(&got), Ok(CHALLENGED));
    }

    #[test]
    fn what_was_not_asked_for_is_refused() {
        let good = authenticator(ASKED.rp_id, PRESENT | VERIFIED, 3, b"");
        let get =
            |challenge: &[u8], origin: &str, more: &str| client("webauthn.get", challenge, origin, more);
        let right = get(&CHALLENGED, ASKED.origin, "");
        for (client, data, fault) in [
            (client("webauthn.create", &CHALLENGED, ASKED.origin, ""), good.clone(), Fault::Purpose),
            (get(&[8; CHALLENGE], ASKED.origin, ""), good.clone(), Fault::Challenge),
            (get(&CHALLENGED, "https://evil.example", ""), good.clone(), Fault::Origin),
            (get(&CHALLENGED, "http://desk.example", ""), good.clone(), Fault::Origin),
            (get(&CHALLENGED, ASKED.origin, r#","crossOrigin":true"#), good.clone(), Fault::Origin),
            (b"{}".to_vec(), good.clone(), Fault::Malformed),
            (vec![b' '; MAX_CLIENT_DATA + 1], good.clone(), Fault::Malformed),
            (right.clone(), authenticator("evil.example", PRESENT | VERIFIED, 3, b""), Fault::Address),
            (right.clone(), authenticator(ASKED.rp_id, VERIFIED, 3, b""), Fault::Absent),
            (right.clone(), authenticator(ASKED.rp_id, PRESENT, 3, b""), Fault::Unverified),
            (right.clone(), good[..36].to_vec(), Fault::Malformed),
            (right, good, Fault::Key),
        ] {
            assert_eq!(verify(&ASKED, b"", -7, &client, &data, b""), Err(fault));
        }
        let made = client("webauthn.create", &CHALLENGED, ASKED.origin, "");
        for id in [&[][..], &[1; MAX_ID + 1]] {
            let data = authenticator(ASKED.rp_id, PRESENT | VERIFIED | ATTESTED, 0, id);
            assert_eq!(register(&ASKED, &made, &data, b"", -7), Err(Fault::Malformed));
        }
        let short = authenticator(ASKED.rp_id, PRESENT | VERIFIED | ATTESTED, 0, b"id");
        assert_eq!(AuthenticatorData::read(&short[..56]), Err(Fault::Malformed));
        assert_eq!(challenge_of(&get(b"short", ASKED.origin, "")), Err(Fault::Challenge));
    }
}
