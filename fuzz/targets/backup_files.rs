//! A manifest of a backup and a file of keys, both as somebody else may have written them.
#![no_main]

// The store is not built for this: its files are taken in as they stand, with a signature that everybody can make, so that
// what lies behind it is reached too.
#[allow(dead_code)]
#[path = "../../crates/store/src/error.rs"]
mod error;
#[allow(dead_code)]
#[path = "../../crates/store/src/key_file.rs"]
mod key_file;
#[allow(dead_code)]
#[path = "../../crates/store/src/manifest.rs"]
mod manifest;

mod installation {
    /// Signs with a key that everybody knows.
    pub struct Installation;

    impl Installation {
        pub fn public_key(&self) -> Vec<u8> {
            vec![1; 32]
        }

        pub fn sign(&self, _: &[u8]) -> Vec<u8> {
            vec![2; 64]
        }
    }

    pub fn verify_signature(key: &[u8], _: &[u8], signature: &[u8]) -> bool {
        key.len() == 32 && signature.len() == 64
    }
}

use libfuzzer_sys::fuzz_target;
use manifest::Reading;

fuzz_target!(|data: &[u8]| {
    let mut reading = Reading::of(data, "fuzzed".into());
    while let Ok(Some(line)) = reading.next() {
        // What was read is written the same way, and read again.
        let text = line.text() + "\n";
        let mut again = Reading::of(text.as_bytes(), "again".into());
        assert_eq!(again.next().ok().flatten(), Some(line));
    }
    let mut file = data;
    if let Some(head) = key_file::head(&mut file) {
        assert!(key_file::head_bytes(head.generation, &head.wrapped).starts_with(key_file::MAGIC));
        while let Some(piece) = key_file::piece(&mut file) {
            assert!(piece.len() <= key_file::LONGEST);
            if piece.is_empty() && file.is_empty() {
                break;
            }
        }
    }
});
