//! The identity checklist in the handbook names tests that are there.

use std::path::Path;

#[test]
fn every_test_that_the_identity_checklist_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("docs/identity-checklist.md")).unwrap();
    let mut count = 0;
    for line in text.lines().filter(|l| l.starts_with("| ")) {
        let mut file = None;
        for word in line.split('`').skip(1).step_by(2) {
            if word.ends_with(".rs") {
                let path = root.join("crates").join(word);
                file = Some(std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{word}: {e}")));
            } else if let Some(file) = &file {
                let is_test = word.contains('_')
                    && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit());
                assert!(
                    !is_test || file.contains(&format!("fn {word}(")),
                    "no test {word}: change the checklist with it"
                );
                count += usize::from(is_test);
            }
        }
    }
    assert!(count > 20, "{count}");
}
