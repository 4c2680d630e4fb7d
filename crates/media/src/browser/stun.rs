//! Just enough of STUN (RFC 8489) to see for which of our peers a check is meant, before anything else is read.

/// Every message has it in its second word (RFC 8489, section 5).
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const HEADER: usize = 20;
const USERNAME: u16 = 0x0006;
/// The longest user name (RFC 8489, section 14.3).
const LONGEST: usize = 508;

/// The part of a binding request's user name that names our side, the one before the colon (RFC 8445, section 7.2.2).
/// `None` when the datagram is no binding request or names nobody. Nothing is verified: that takes the password, which
/// the peer has.
pub fn local_user(datagram: &[u8]) -> Option<&str> {
    let header = datagram.get(..HEADER)?;
    if header[..2] != BINDING_REQUEST || header[4..8] != MAGIC_COOKIE {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let mut rest = datagram.get(HEADER..HEADER + length)?;
    while let Some((head, after)) = rest.split_at_checked(4) {
        let kind = u16::from_be_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let value = after.get(..length)?;
        if kind == USERNAME {
            let name = std::str::from_utf8(value).ok().filter(|name| name.len() <= LONGEST)?;
            return name.split_once(':').map(|(ours, _)| ours).filter(|ours| !ours.is_empty());
        }
        // Values are filled up to whole words.
        rest = after.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (kind, value) in attributes {
            body.extend(kind.to_be_bytes());
            body.extend((value.len() as u16).to_be_bytes());
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let mut all = vec![0, 1];
        all.extend((body.len() as u16).to_be_bytes());
        all.extend(MAGIC_COOKIE);
        all.extend([7; 12]);
        all.extend(body);
        all
    }

    #[test]
    fn the_name_of_our_side_is_found() {
        let plain = request(&[(USERNAME, b"ours:theirs")]);
        assert_eq!(local_user(&plain), Some("ours"));
        let second = request(&[(0x8022, b"abc"), (USERNAME, b"o:t"), (0x0024, &[0; 4])]);
        assert_eq!(local_user(&second), Some("o"));
    }

    #[test]
    fn what_names_nobody_is_nobodys() {
        let good = request(&[(USERNAME, b"ours:theirs")]);
        for (at, value) in [(0, 1), (1, 0), (4, 0), (3, 200)] {
            let mut bad = good.clone();
            bad[at] = value;
            assert_eq!(local_user(&bad), None, "byte {at}");
        }
        for n in 0..good.len() {
            assert_eq!(local_user(&good[..n]), None, "cut at {n}");
        }
        for attributes in [
            &[(0x0024, &[0u8; 4][..])][..],
            &[(USERNAME, b"without")],
            &[(USERNAME, b":theirs")],
            &[(USERNAME, &[0xFF, b':', 1])],
        ] {
            assert_eq!(local_user(&request(attributes)), None);
        }
        let long = [b'a'; 600];
        assert_eq!(local_user(&request(&[(USERNAME, &long)])), None);
        // A length that leads beyond the end.
        let mut bad = good.clone();
        bad[22] = 0xFF;
        assert_eq!(local_user(&bad), None);
    }
}
