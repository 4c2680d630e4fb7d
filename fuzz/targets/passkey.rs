//! What a browser says of a passkey: its own words, the authenticator's data, a key and a signature, in any order of bytes.
#![no_main]

// Signing in is part of the program, which is no library: its file is taken in as it stands.
#[allow(dead_code)]
#[path = "../../crates/server/src/sign_in/passkey.rs"]
mod passkey;

use libfuzzer_sys::fuzz_target;
use passkey::{ALGORITHMS, Asked, AuthenticatorData, challenge_of, register, verify};

fuzz_target!(|data: &[u8]| {
    let [kind, cut, rest @ ..] = data else { return };
    let (first, second) = rest.split_at(usize::from(*cut).min(rest.len()));
    let algorithm = ALGORITHMS[usize::from(*kind) % ALGORITHMS.len()];
    if let Ok(said) = AuthenticatorData::read(second) {
        assert!(said.rp.len() == 32 && said.credential.is_none_or(|id| (1..=1_023).contains(&id.len())));
    }
    let challenge = challenge_of(first).unwrap_or_default();
    let asked = Asked { challenge: &challenge, origin: "https://desk.example", rp_id: "desk.example" };
    let _ = register(&asked, first, second, rest, algorithm);
    assert!(verify(&asked, rest, algorithm, first, second, rest).is_err(), "nobody signed this");
});
