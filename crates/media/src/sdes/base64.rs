//! Base64 (RFC 4648, 4), as keys are written.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes bytes, with padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let number =
            three.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..4 {
            let digit = (number >> (18 - 6 * at)) & 63;
            text.push(if at > three.len() { '=' } else { char::from(DIGITS[digit as usize]) });
        }
    }
    text
}

/// Reads bytes into `out` and gives their number. `None` when the text is no base64 or longer than `out`. Padding may be
/// missing, as some leave it out.
pub(super) fn decode(text: &str, out: &mut [u8]) -> Option<usize> {
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 2 || digits.len() % 4 == 1 {
        return None;
    }
    let (mut number, mut bits, mut len) = (0u32, 0, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        number = (number << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            *out.get_mut(len)? = (number >> bits) as u8;
            number &= (1 << bits) - 1;
            len += 1;
        }
    }
    // What is left over of the last digit says nothing.
    (number == 0).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, 10.
    #[test]
    fn written_and_read() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            let mut out = [0; 8];
            for text in [text, text.trim_end_matches('=')] {
                assert_eq!(decode(text, &mut out), Some(bytes.len()));
                assert_eq!(&out[..bytes.len()], bytes.as_bytes());
            }
        }
        let mut out = [0; 2];
        for wrong in ["Zm9v", "Z", "Zg===", "Z-==", "Zh=="] {
            assert_eq!(decode(wrong, &mut out), None, "{wrong}");
        }
    }
}
