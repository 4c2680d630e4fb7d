//! Looking for a word in many bytes, without a look at each of them (Horspool, 1980).

/// Where a word begins, at this place or behind it.
pub fn find(bytes: &[u8], word: &[u8], from: usize) -> Option<usize> {
    let last = word.len().checked_sub(1)?;
    // How far may be gone on when this byte stands where the word would end.
    let mut skip = [word.len(); 256];
    for (at, byte) in word.iter().enumerate().take(last) {
        skip[usize::from(*byte)] = last - at;
    }
    let mut at = from;
    loop {
        let end = bytes.get(at + last)?;
        if bytes.get(at..=at + last)? == word {
            return Some(at);
        }
        at += skip[usize::from(*end)];
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn words_are_found_wherever_they_stand() {
        let text = b"abracadabra, abra";
        for (word, from, at) in [
            ("abra", 0, Some(0)),
            ("abra", 1, Some(7)),
            ("abra", 8, Some(13)),
            ("abra", 14, None),
            ("a", 16, Some(16)),
            ("", 0, None),
        ] {
            assert_eq!(find(text, word.as_bytes(), from), at, "{word} {from}");
        }
        for at in 0..200 {
            let mut bytes = vec![b'a'; 200];
            bytes.extend(b"needle");
            bytes.rotate_right(at);
            let found = bytes.windows(6).position(|w| w == b"needle");
            assert_eq!(find(&bytes, b"needle", 0), found);
        }
    }
}
