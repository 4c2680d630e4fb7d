//! The one STUN message that an ICE-lite agent takes, a Binding request, and the one that it sends, a success
//! (RFC 8489, RFC 8445).

use std::net::{IpAddr, SocketAddr};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

/// Length of a message's head in bytes.
const HEAD: usize = 20;
/// The largest message that is looked at, in bytes; checks are a hundred or two.
const MAX_MESSAGE: usize = 1_280;
/// The most attributes of a message.
const MAX_ATTRIBUTES: usize = 32;
/// The longest user name, in bytes (RFC 8489, 14.3).
const MAX_USERNAME: usize = 513;
const COOKIE: u32 = 0x2112_A442;

const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;

const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;

/// The length of a response of ours to an IPv6 address, the longest.
pub const MAX_RESPONSE: usize = HEAD + 24 + 24 + 8;

/// A connectivity check whose integrity was verified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Check<'a> {
    transaction: [u8; 12],
    /// The sender's user fragment.
    pub theirs: &'a [u8],
    /// What the sender thinks of this pair; higher is better.
    pub priority: u32,
    /// The sender chose this pair.
    pub nominates: bool,
}

/// Whether a datagram is STUN and not RTP or RTCP (RFC 7983).
pub fn is_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| *first < 4) && datagram.get(4..8) == Some(&COOKIE.to_be_bytes())
}

/// Reads a connectivity check for an agent of that user fragment and password. `None` for everything else: a message
/// that is malformed, too large, for somebody else, or not made with our password is not even answered, so that nobody
/// can have us send something to a stranger.
pub fn read_check<'a>(datagram: &'a [u8], ufrag: &str, key: &hmac::Key) -> Option<Check<'a>> {
    let body_len = usize::from(u16::from_be_bytes([*datagram.get(2)?, *datagram.get(3)?]));
    let whole =
        datagram.len() == HEAD + body_len && datagram.len() <= MAX_MESSAGE && body_len.is_multiple_of(4);
    if !whole || !is_stun(datagram) || u16::from_be_bytes([datagram[0], datagram[1]]) != BINDING_REQUEST {
        return None;
    }
    let (mut username, mut priority, mut nominates) = (None, None, false);
    let (mut signed, mut at, mut seen) = (None, HEAD, 0);
    while at < datagram.len() {
        seen += 1;
        let head = datagram.get(at..at + 4).filter(|_| seen <= MAX_ATTRIBUTES)?;
        let (kind, len) =
            (u16::from_be_bytes([head[0], head[1]]), usize::from(u16::from_be_bytes([head[2], head[3]])));
        let value = datagram.get(at + 4..at + 4 + len)?;
        match kind {
            FINGERPRINT => {
                // It is the last attribute, and an ICE check always has it (RFC 8445, 7.1).
                let right = value == (crc32(datagram.get(..at)?) ^ 0x5354_554E).to_be_bytes();
                if !right || at + 8 != datagram.len() || !signed? {
                    return None;
                }
                return Some(Check {
                    transaction: datagram.get(8..20)?.try_into().ok()?,
                    theirs: of_theirs(username?, ufrag)?,
                    priority: priority?,
                    nominates,
                });
            }
            // What stands behind the integrity is not protected by it.
            _ if signed.is_some() => {}
            MESSAGE_INTEGRITY => {
                signed = Some(verify_slices_are_equal(&integrity(key, datagram.get(..at)?), value).is_ok())
            }
            USERNAME if len <= MAX_USERNAME => username = Some(value),
            PRIORITY => priority = Some(u32::from_be_bytes(value.try_into().ok()?)),
            USE_CANDIDATE => nominates = true,
            _ => {}
        }
        at += 4 + len.next_multiple_of(4);
    }
    None
}

/// Theirs of `ours:theirs`; it may not be known yet.
fn of_theirs<'a>(name: &'a [u8], ufrag: &str) -> Option<&'a [u8]> {
    name.strip_prefix(ufrag.as_bytes())?.strip_prefix(b":")
}

/// Writes the answer to a check that came from there, and gives its length; `None` when there is no room.
pub fn write_success(check: &Check<'_>, from: SocketAddr, key: &hmac::Key, out: &mut [u8]) -> Option<usize> {
    let mut mapped = [0; 20];
    let port = from.port() ^ (COOKIE >> 16) as u16;
    mapped[2..4].copy_from_slice(&port.to_be_bytes());
    let pad = [&COOKIE.to_be_bytes()[..], &check.transaction].concat();
    let len = match from.ip().to_canonical() {
        IpAddr::V4(ip) => {
            mapped[1] = 1;
            mapped[4..8].iter_mut().zip(ip.octets()).zip(&pad).for_each(|((to, byte), pad)| *to = byte ^ pad);
            8
        }
        IpAddr::V6(ip) => {
            mapped[1] = 2;
            mapped[4..].iter_mut().zip(ip.octets()).zip(&pad).for_each(|((to, byte), pad)| *to = byte ^ pad);
            20
        }
    };
    let whole = HEAD + 4 + len + 24 + 8;
    let out = out.get_mut(..whole)?;
    out[..2].copy_from_slice(&BINDING_SUCCESS.to_be_bytes());
    out[2..4].copy_from_slice(&((whole - HEAD) as u16).to_be_bytes());
    out[4..8].copy_from_slice(&COOKIE.to_be_bytes());
    out[8..20].copy_from_slice(&check.transaction);
    let mut at = HEAD;
    let mut put = |out: &mut [u8], kind: u16, value: &[u8]| {
        out[at..at + 2].copy_from_slice(&kind.to_be_bytes());
        out[at + 2..at + 4].copy_from_slice(&(value.len() as u16).to_be_bytes());
        out[at + 4..at + 4 + value.len()].copy_from_slice(value);
        at += 4 + value.len();
    };
    put(out, XOR_MAPPED_ADDRESS, &mapped[..len]);
    let signed = HEAD + 4 + len;
    let made = integrity(key, &out[..signed]);
    put(out, MESSAGE_INTEGRITY, &made);
    let print = crc32(&out[..whole - 8]) ^ 0x5354_554E;
    put(out, FINGERPRINT, &print.to_be_bytes());
    Some(whole)
}

/// The HMAC of what stands before the attribute, with the length that the message would have if it ended behind it.
fn integrity(key: &hmac::Key, before: &[u8]) -> [u8; 20] {
    let mut context = hmac::Context::with_key(key);
    let (kind, rest) = before.split_at(before.len().min(2));
    context.update(kind);
    context.update(&((before.len() + 24).saturating_sub(HEAD) as u16).to_be_bytes());
    context.update(rest.get(2..).unwrap_or_default());
    let mut made = [0; 20];
    made.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
    made
}

/// CRC-32 of ISO 3309, as the fingerprint has it.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 16] = {
        let (mut table, mut n) = ([0; 16], 0);
        while n < 16 {
            let (mut value, mut bit) = (n as u32, 0);
            while bit < 4 {
                value = if value & 1 == 1 { (value >> 1) ^ 0xEDB8_8320 } else { value >> 1 };
                bit += 1;
            }
            table[n] = value;
            n += 1;
        }
        table
    };
    let step = |crc: u32, half: u32| (crc >> 4) ^ TABLE[((crc ^ half) & 15) as usize];
    !bytes.iter().fold(u32::MAX, |crc, byte| step(step(crc, u32::from(*byte)), u32::from(byte >> 4)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn key(password: &str) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes())
    }

    /// A check as a full agent makes it, with these attributes more in front of the integrity.
    pub(crate) fn check_of(
        username: &str,
        password: &str,
        priority: u32,
        nominates: bool,
        more: &[u8],
    ) -> Vec<u8> {
        let mut message = vec![0, 1, 0, 0];
        message.extend(COOKIE.to_be_bytes());
        message.extend([7; 12]);
        let put = |message: &mut Vec<u8>, kind: u16, value: &[u8]| {
            message.extend(kind.to_be_bytes());
            message.extend((value.len() as u16).to_be_bytes());
            message.extend(value);
            message.resize(message.len().next_multiple_of(4), 0);
        };
        put(&mut message, USERNAME, username.as_bytes());
        put(&mut message, PRIORITY, &priority.to_be_bytes());
        if nominates {
            put(&mut message, USE_CANDIDATE, &[]);
        }
        message.extend(more);
        let made = integrity(&key(password), &message);
        put(&mut message, MESSAGE_INTEGRITY, &made);
        let len = (message.len() + 8 - HEAD) as u16;
        message[2..4].copy_from_slice(&len.to_be_bytes());
        let print = crc32(&message) ^ 0x5354_554E;
        put(&mut message, FINGERPRINT, &print.to_be_bytes());
        message
    }

    /// RFC 5769, 2.1: a request with these credentials, as others make it.
    const SAMPLE: [u8; 108] = [
        0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa,
        0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73, 0x74, 0x20,
        0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff, 0x80, 0x29, 0x00,
        0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6a,
        0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c, 0xbf,
        0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49, 0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28,
        0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf,
    ];

    #[test]
    fn the_request_of_the_standard_is_read() {
        let key = key("VOkJxbRl1RmTxUk/WvJxBt");
        let check = read_check(&SAMPLE, "evtj", &key).unwrap();
        assert_eq!((check.priority, check.nominates), (0x6E00_01FF, false));
        assert_eq!(read_check(&SAMPLE, "evt", &key), None, "another's user fragment");
        assert_eq!(read_check(&SAMPLE, "evtj", &super::tests::key("wrong")), None);
        for at in 0..SAMPLE.len() {
            let mut changed = SAMPLE;
            changed[at] ^= 1;
            assert_eq!(read_check(&changed, "evtj", &key), None, "byte {at}");
            assert_eq!(read_check(&SAMPLE[..at], "evtj", &key), None, "{at} bytes");
        }
    }

    /// RFC 5769, 2.2 and 2.3, but for the software attribute, which we leave out.
    #[test]
    fn answers_say_where_the_check_came_from() {
        let key = key("VOkJxbRl1RmTxUk/WvJxBt");
        let check = read_check(&SAMPLE, "evtj", &key).unwrap();
        let mut out = [0; MAX_RESPONSE];
        let len = write_success(&check, "192.0.2.1:32853".parse().unwrap(), &key, &mut out).unwrap();
        assert_eq!(out[20..32], [0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]);
        assert_eq!(integrity(&key, &out[..32]), out[36..56]);
        assert_eq!(len, 64);
        let there = "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap();
        let len = write_success(&check, there, &key, &mut out).unwrap();
        assert_eq!(out[24..28], [0x00, 0x02, 0xa1, 0x47]);
        assert_eq!(
            out[28..44],
            [0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9]
        );
        assert_eq!(len, MAX_RESPONSE);
        assert_eq!(write_success(&check, there, &key, &mut [0; 40]), None);
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_and_what_is_unknown_is_not() {
        let key = key("password");
        let read = |more: &[u8]| {
            let message = check_of("us:them", "password", 9, true, more);
            read_check(&message, "us", &key)
                .map(|check| (check.nominates, check.priority, check.theirs.to_vec()))
        };
        assert_eq!(read(&[]), Some((true, 9, b"them".to_vec())));
        assert!(read(&[0x7F, 0xFF, 0, 4, 1, 2, 3, 4]).is_some(), "an attribute that nobody knows");
        assert!(read(&[0x7F, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4]).is_none(), "longer than the message");
        assert!(read(&[0x7F, 0xFF, 0, 0].repeat(40)).is_none(), "many attributes");
        assert!(read(&[&[0x7F, 0xFF, 0x08, 0][..], &[0; 0x800]].concat()).is_none(), "a huge attribute");
        let long = "us:".to_string() + &"x".repeat(600);
        assert!(read_check(&check_of(&long, "password", 9, true, &[]), "us", &key).is_none());
        assert!(read_check(&check_of("them:us", "password", 9, true, &[]), "us", &key).is_none());
    }
}
