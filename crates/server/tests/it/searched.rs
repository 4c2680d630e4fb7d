//! Looking for words in everything that a server wrote, and seeing first that they would be found.

use std::path::Path;

/// Every file below a folder, with what is in it.
pub fn files(dir: &Path, out: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, out),
            false => out.push((path.display().to_string(), std::fs::read(&path).unwrap())),
        }
    }
}

/// Whether a word stands in bytes that have small letters only.
fn holds(bytes: &[u8], word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    bytes.windows(word.len()).any(|w| w == word.as_bytes())
}

/// None of these words can be read in a file of this folder or in one of these other places, in capitals or small letters.
/// That the search looks there is seen first: in a file that is put there with all of them, and removed again.
#[track_caller]
pub fn nowhere(dir: &Path, others: &[(&str, &[u8])], words: &[&str]) {
    let planted = dir.join("planted-by-the-search");
    std::fs::write(&planted, format!("\u{1}{}\u{2}", words.join("\u{3}"))).unwrap();
    let mut all = Vec::new();
    files(dir, &mut all);
    std::fs::remove_file(&planted).unwrap();
    all.iter_mut().for_each(|(_, bytes)| bytes.make_ascii_lowercase());
    let others: Vec<(&str, Vec<u8>)> =
        others.iter().map(|(name, bytes)| (*name, bytes.to_ascii_lowercase())).collect();
    let (ours, theirs): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(name, _)| Path::new(name) == planted.as_path());
    for word in words {
        assert!(ours.iter().any(|(_, bytes)| holds(bytes, word)), "the search does not find {word}");
        for (name, bytes) in &theirs {
            assert!(!holds(bytes, word), "{word} can be read in {name}");
        }
        for (name, bytes) in &others {
            assert!(!holds(bytes, word), "{word} can be read in {name}");
        }
    }
}

#[test]
#[should_panic(expected = "Canary can be read in the log")]
fn a_word_in_another_place_is_found() {
    let dir = tempfile::tempdir().unwrap();
    nowhere(dir.path(), &[("the log", b"one canary more")], &["Canary"]);
}

#[test]
#[should_panic(expected = "can be read in")]
fn a_word_in_a_folder_below_is_found() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("a")).unwrap();
    std::fs::write(dir.path().join("a/b"), b"\x00CANARY\x00").unwrap();
    nowhere(dir.path(), &[], &["other", "Canary"]);
}
