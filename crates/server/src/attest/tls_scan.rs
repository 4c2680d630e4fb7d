//! Which versions of TLS a listener offers, by asking for each alone (RFC 5246, RFC 8446). A library that refuses old
//! versions cannot ask for them, so the first message of a handshake is written here.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a listener may take.
const TIME_OUT: Duration = Duration::from_secs(5);
/// The longest record (RFC 8446, 5.1).
const RECORD: usize = 16_384 + 256;

/// The versions that are asked for.
pub const VERSIONS: [(&str, u16); 4] =
    [("TLS 1.0", 0x0301), ("TLS 1.1", 0x0302), ("TLS 1.2", 0x0303), ("TLS 1.3", 0x0304)];

/// What a listener offers, by the places of [`VERSIONS`].
///
/// # Errors
/// When it cannot be reached at all.
pub fn offered(addr: SocketAddr, name: &str) -> Result<[bool; 4], String> {
    let mut all = [false; 4];
    for (offered, (_, version)) in all.iter_mut().zip(VERSIONS) {
        let mut stream = TcpStream::connect_timeout(&addr, TIME_OUT).map_err(|e| format!("{addr}: {e}"))?;
        *offered =
            ask(&mut stream, &hello(version, name)).is_some_and(|answer| chosen(&answer) == Some(version));
    }
    Ok(all)
}

fn ask(stream: &mut TcpStream, hello: &[u8]) -> Option<Vec<u8>> {
    stream.set_read_timeout(Some(TIME_OUT)).ok()?;
    stream.set_write_timeout(Some(TIME_OUT)).ok()?;
    stream.write_all(hello).ok()?;
    let mut head = [0; 5];
    stream.read_exact(&mut head).ok()?;
    let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
    // 22 is a handshake; 21, an alert, says no.
    (head[0] == 22 && length <= RECORD).then_some(())?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(body)
}

fn put(out: &mut Vec<u8>, value: u16) {
    out.extend(value.to_be_bytes());
}

fn extension(out: &mut Vec<u8>, kind: u16, body: &[u8]) {
    put(out, kind);
    put(out, body.len() as u16);
    out.extend_from_slice(body);
}

/// A ClientHello that offers one version only.
fn hello(version: u16, name: &str) -> Vec<u8> {
    let mut extensions = Vec::new();
    if !name.is_empty() && name.parse::<std::net::IpAddr>().is_err() {
        let mut names = Vec::new();
        put(&mut names, name.len() as u16 + 3);
        names.push(0);
        put(&mut names, name.len() as u16);
        names.extend_from_slice(name.as_bytes());
        extension(&mut extensions, 0, &names);
    }
    // x25519, secp256r1, secp384r1.
    extension(&mut extensions, 10, &[0, 6, 0, 0x1d, 0, 0x17, 0, 0x18]);
    extension(&mut extensions, 11, &[1, 0]);
    if version >= 0x0303 {
        let schemes: [u16; 10] =
            [0x0403, 0x0503, 0x0804, 0x0805, 0x0806, 0x0807, 0x0401, 0x0501, 0x0203, 0x0201];
        let mut body = Vec::new();
        put(&mut body, 20);
        schemes.iter().for_each(|s| put(&mut body, *s));
        extension(&mut extensions, 13, &body);
    }
    if version == 0x0304 {
        extension(&mut extensions, 43, &[2, 3, 4]);
        // Any 32 bytes are a public key of X25519 (RFC 7748); the handshake is not gone on with.
        let mut share = vec![0, 36, 0, 0x1d, 0, 32];
        share.extend([9; 32]);
        extension(&mut extensions, 51, &share);
    }
    let suites: &[u16] = match version {
        0x0304 => &[0x1301, 0x1302, 0x1303],
        _ => &[
            0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014, 0x002f, 0x0035,
            0x000a, 0x00ff,
        ],
    };
    let mut body = Vec::new();
    put(&mut body, version.min(0x0303));
    body.extend([0x5a; 32]);
    body.push(0);
    put(&mut body, suites.len() as u16 * 2);
    suites.iter().for_each(|s| put(&mut body, *s));
    body.extend([1, 0]);
    put(&mut body, extensions.len() as u16);
    body.extend(extensions);
    let mut out = vec![22, 3, 1];
    put(&mut out, body.len() as u16 + 4);
    out.extend([1, 0]);
    put(&mut out, body.len() as u16);
    out.extend(body);
    out
}

/// The version that a ServerHello chooses.
fn chosen(answer: &[u8]) -> Option<u16> {
    let word = |at: usize| Some(u16::from_be_bytes([*answer.get(at)?, *answer.get(at + 1)?]));
    (answer.first() == Some(&2)).then_some(())?;
    let legacy = word(4)?;
    let mut at = 38;
    at += 1 + usize::from(*answer.get(at)?);
    at += 3;
    let Some(length) = word(at) else { return Some(legacy) };
    let end = at + 2 + usize::from(length);
    at += 2;
    while at + 4 <= end.min(answer.len()) {
        let (kind, length) = (word(at)?, usize::from(word(at + 2)?));
        if kind == 43 {
            return word(at + 4);
        }
        at += 4 + length;
    }
    Some(legacy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_listener_that_takes_an_old_version_is_found_out() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut hello = [0; 1_024];
                let _ = stream.read(&mut hello);
                // Chooses whatever the old field of the hello says, as a server without TLS 1.3 does.
                let mut body = vec![2, 0, 0, 38, hello[9], hello[10]];
                body.extend([1; 32]);
                body.extend([0, 0xc0, 0x13, 0]);
                let mut record = vec![22, 3, 1, 0, body.len() as u8];
                record.extend(body);
                let _ = stream.write_all(&record);
            }
        });
        assert_eq!(offered(addr, "example.org").unwrap(), [true, true, true, false]);
    }

    #[test]
    fn what_says_no_or_nothing_offers_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = stream.unwrap().write_all(&[21, 3, 3, 0, 2, 2, 70]);
            }
        });
        assert_eq!(offered(addr, "").unwrap(), [false; 4]);
        for cut in 0..40 {
            assert_eq!(chosen(&vec![2; cut]).filter(|v| *v == 0x0304), None);
        }
    }
}
