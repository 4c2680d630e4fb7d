//! Challenges and authorisations: whatever is read, nothing is written that could end a header, and nobody is let in
//! whose answer was bent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use redact::Secret;
use sip::{Credentials, Nonces, Time, Verdict, answer, is_stale, strongest};

const REALM: &str = "pbx.example";
const URI: &[u8] = b"sip:pbx.example";

fn anna() -> Credentials {
    Credentials { user: Secret::new("anna".into()), password: Secret::new("swordfish".into()) }
}

fn as_client(data: &[u8]) {
    let _ = is_stale(data);
    if let Some(text) = answer(data, &anna(), b"INVITE", b"sip:x", 7, b"c", b"body") {
        assert!(!text.bytes().any(|c| (c < b' ' && c != b'\t') || c == 0x7f), "a header stays one line");
        assert!(strongest([data].into_iter()).is_some(), "what is answered can be chosen");
        // The same parser reads what was written; only a challenge may be answered, so it is no challenge to itself.
        assert!(text.starts_with("Digest username=\"anna\", realm=\""));
    }
    let _ = strongest(data.split(|c| *c == b'\n'));
}

fn as_server(data: &[u8]) {
    let mut nonces = Nonces::new([3; 32]);
    let lookup = |user: &str| (user == "anna").then(|| Secret::new("swordfish".to_string()));
    // As it comes from nowhere.
    let verdict = nonces.check(Time(5), REALM, data, b"REGISTER", URI, lookup);
    assert!(!matches!(verdict, Verdict::Good(_)), "nobody guesses a nonce");
    // A right one, with something put in the place of something.
    let [from, length, put @ ..] = data else { return };
    let challenge = nonces.challenge(Time(5), REALM, false).swap_remove(usize::from(length & 1));
    let said = answer(challenge.as_bytes(), &anna(), b"REGISTER", URI, 1, b"c", b"").unwrap_or_default();
    let from = usize::from(*from).min(said.len());
    let to = (from + usize::from(length >> 1)).min(said.len());
    let bent = [&said.as_bytes()[..from], put, &said.as_bytes()[to..]].concat();
    match nonces.check(Time(6), REALM, &bent, b"REGISTER", URI, lookup) {
        Verdict::Good(user) => {
            assert!(user.expose_secret() == "anna");
            let again = nonces.check(Time(7), REALM, &bent, b"REGISTER", URI, lookup);
            assert!(again == Verdict::Stale, "a count serves once");
        }
        _ => assert!(bent != said.as_bytes(), "the right answer is good"),
    }
    assert!(nonces.counted() <= 1);
}

fuzz_target!(|data: &[u8]| {
    as_client(data);
    as_server(data);
});
