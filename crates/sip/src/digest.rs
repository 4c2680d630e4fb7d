//! Digest authentication (RFC 7616, RFC 8760, RFC 3261 section 22): reads challenges and authorisations, and answers
//! challenges as a client.
//!
//! MD5 and SHA-256, with their `-sess` forms; `qop` `auth`, `auth-int` where a challenge offers nothing else, and none
//! where it names none. The other side, which makes and checks nonces, stands in [`crate::Nonces`].
//!
//! Everything read here comes from strangers: values are bounded, a parameter that is there twice or holds a control
//! character makes the whole value unreadable, and nothing unreadable is answered.

use crate::message::{Message, is_token};
use crate::uri::trim;
use md5::Md5;
use redact::Secret;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt::Write;

/// The longest challenge or authorisation that is read, in bytes.
const MAX_VALUE: usize = 4096;
/// The most parameters that one may have.
const MAX_PARAMS: usize = 24;

/// Who to be towards a server that asks.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user's name.
    pub user: Secret<String>,
    /// The password.
    pub password: Secret<String>,
}

/// The hash function, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Algorithm {
    Md5,
    Sha256,
}

/// The hash function and whether the password's hash is bound to the first nonce and cnonce (`-sess`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Hashing {
    pub(crate) algorithm: Algorithm,
    pub(crate) session: bool,
}

impl Hashing {
    /// Reads the value of `algorithm`; MD5 if there is none (RFC 7616 section 3.3).
    pub(crate) fn read(value: Option<&[u8]>) -> Option<Hashing> {
        let Some(value) = value else { return Some(Hashing { algorithm: Algorithm::Md5, session: false }) };
        [
            (&b"MD5"[..], Algorithm::Md5, false),
            (b"MD5-sess", Algorithm::Md5, true),
            (b"SHA-256", Algorithm::Sha256, false),
            (b"SHA-256-sess", Algorithm::Sha256, true),
        ]
        .into_iter()
        .find(|(name, _, _)| value.eq_ignore_ascii_case(name))
        .map(|(_, algorithm, session)| Hashing { algorithm, session })
    }

    fn name(self) -> &'static str {
        match (self.algorithm, self.session) {
            (Algorithm::Md5, false) => "MD5",
            (Algorithm::Md5, true) => "MD5-sess",
            (Algorithm::Sha256, false) => "SHA-256",
            (Algorithm::Sha256, true) => "SHA-256-sess",
        }
    }
}

/// A hash of either function.
#[derive(Clone, Copy)]
pub(crate) struct Hashed {
    bytes: [u8; 32],
    len: usize,
}

impl Hashed {
    /// The hash of `parts` with colons between them.
    pub(crate) fn of(algorithm: Algorithm, parts: &[&[u8]]) -> Hashed {
        fn run<D: Digest>(parts: &[&[u8]], out: &mut [u8; 32]) -> usize {
            let mut d = D::new();
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    d.update(b":");
                }
                d.update(part);
            }
            let hash = d.finalize();
            out[..hash.len()].copy_from_slice(&hash);
            hash.len()
        }
        let mut bytes = [0; 32];
        let len = match algorithm {
            Algorithm::Md5 => run::<Md5>(parts, &mut bytes),
            Algorithm::Sha256 => run::<Sha256>(parts, &mut bytes),
        };
        Hashed { bytes, len }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(crate) fn hex(&self) -> String {
        hex(self.bytes())
    }
}

/// Lower-case hexadecimal, two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// The parameters of a challenge or an authorisation whose scheme is Digest.
pub(crate) struct Params<'a>(Vec<(&'a [u8], Cow<'a, [u8]>)>);

impl<'a> Params<'a> {
    /// Splits a whole header value. `None` for another scheme and for what cannot be read without doubt.
    pub(crate) fn read(value: &'a [u8]) -> Option<Params<'a>> {
        let value = trim(value);
        if value.len() > MAX_VALUE || !is_digest(value) {
            return None;
        }
        let mut rest = &value[b"Digest".len()..];
        let mut found: Vec<(&[u8], Cow<'_, [u8]>)> = Vec::with_capacity(12);
        loop {
            let lead = rest.iter().take_while(|c| c.is_ascii_whitespace() || **c == b',').count();
            rest = &rest[lead..];
            if rest.is_empty() {
                return Some(Params(found));
            }
            let (name, after) = rest.split_at(rest.iter().take_while(|c| is_token(**c)).count());
            let value = after.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
            let (text, after) = if value.first() == Some(&b'"') {
                quoted(&value[1..])?
            } else {
                // Nonces that are not quoted, with characters that no token has, are sent by old equipment.
                let end = value.iter().position(|c| c.is_ascii_whitespace() || matches!(c, b',' | b'"'));
                let (text, after) = value.split_at(end.unwrap_or(value.len()));
                (Cow::Borrowed(text), after)
            };
            rest = after.trim_ascii_start();
            let twice = found.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
            let ended = matches!(rest.first(), None | Some(b','));
            if name.is_empty() || twice || !ended || found.len() == MAX_PARAMS || !is_clean(&text) {
                return None;
            }
            found.push((name, text));
        }
    }

    /// A parameter's value, quotes and escapes taken off.
    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, v)| &v[..])
    }

    /// A parameter's value as text.
    fn text(&self, name: &str) -> Option<&str> {
        core::str::from_utf8(self.get(name)?).ok()
    }
}

/// Whether the scheme of a header value is Digest.
pub(crate) fn is_digest(value: &[u8]) -> bool {
    let scheme = value.get(..b"Digest".len()).is_some_and(|s| s.eq_ignore_ascii_case(b"Digest"));
    scheme && value.get(b"Digest".len()).is_none_or(u8::is_ascii_whitespace)
}

/// What stands before the closing quote, escapes taken off, and what follows it.
fn quoted(b: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let plain = b.iter().position(|&c| c == b'"' || c == b'\\')?;
    if b[plain] == b'"' {
        return Some((Cow::Borrowed(&b[..plain]), &b[plain + 1..]));
    }
    let mut text = b[..plain].to_vec();
    let mut bytes = b[plain..].iter();
    while let Some(&c) = bytes.next() {
        match c {
            b'"' => return Some((Cow::Owned(text), bytes.as_slice())),
            b'\\' => text.push(*bytes.next()?),
            c => text.push(c),
        }
    }
    None
}

/// Whether text can be written into a header without ending it or hiding something in it.
fn is_clean(text: &[u8]) -> bool {
    text.iter().all(|&c| (c >= b' ' && c != 0x7f) || c == b'\t')
}

/// What the answer to a challenge protects.
#[derive(Clone, Copy)]
pub(crate) enum Quality<'a> {
    /// The form of RFC 2069: no count, so an answer can be repeated.
    None,
    /// Method and address, with the count as it is written and the client's own nonce.
    Auth { nc: &'a [u8], cnonce: &'a [u8] },
    /// The body too.
    AuthInt { nc: &'a [u8], cnonce: &'a [u8], body: &'a [u8] },
}

/// The response of RFC 7616 section 3.4.1. `None` for `-sess` without a cnonce, which has no meaning.
pub(crate) fn response(
    hashing: Hashing,
    (user, realm, password): (&[u8], &[u8], &[u8]),
    nonce: &[u8],
    quality: Quality<'_>,
    method: &[u8],
    uri: &[u8],
) -> Option<Hashed> {
    let algorithm = hashing.algorithm;
    let of = |parts: &[&[u8]]| Hashed::of(algorithm, parts);
    let cnonce = match quality {
        Quality::None => None,
        Quality::Auth { cnonce, .. } | Quality::AuthInt { cnonce, .. } => Some(cnonce),
    };
    let mut a1 = of(&[user, realm, password]).hex();
    if hashing.session {
        a1 = of(&[a1.as_bytes(), nonce, cnonce?]).hex();
    }
    let a2 = match quality {
        Quality::AuthInt { body, .. } => of(&[method, uri, of(&[body]).hex().as_bytes()]),
        _ => of(&[method, uri]),
    };
    let (a1, a2) = (a1.as_bytes(), a2.hex());
    let a2 = a2.as_bytes();
    Some(match quality {
        Quality::None => of(&[a1, nonce, a2]),
        Quality::Auth { nc, cnonce } => of(&[a1, nonce, nc, cnonce, b"auth", a2]),
        Quality::AuthInt { nc, cnonce, .. } => of(&[a1, nonce, nc, cnonce, b"auth-int", a2]),
    })
}

/// Which `qop` of a challenge is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Offered {
    None,
    Auth,
    AuthInt,
}

/// How a challenge can be answered, if it can.
fn answerable(p: &Params<'_>) -> Option<(Hashing, Offered)> {
    p.text("realm")?;
    p.text("nonce").filter(|n| !n.is_empty())?;
    let hashing = Hashing::read(p.get("algorithm"))?;
    let offers = |q: &[u8], name: &[u8]| q.split(|&c| c == b',').any(|o| trim(o).eq_ignore_ascii_case(name));
    let offered = match p.get("qop") {
        None => Offered::None,
        Some(q) if trim(q).is_empty() => Offered::None,
        Some(q) if offers(q, b"auth") => Offered::Auth,
        Some(q) if offers(q, b"auth-int") => Offered::AuthInt,
        Some(_) => return None,
    };
    (!(hashing.session && offered == Offered::None)).then_some((hashing, offered))
}

/// The challenge to answer when there are several: SHA-256 before MD5, else the first (RFC 8760 section 2.4). `None`
/// if none can be answered. `values` are whole values of WWW-Authenticate or Proxy-Authenticate.
pub fn strongest<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<&'a [u8]> {
    let mut best: Option<(Algorithm, &[u8])> = None;
    for value in values {
        let Some((hashing, _)) = Params::read(value).as_ref().and_then(answerable) else { continue };
        if best.is_none_or(|(algorithm, _)| hashing.algorithm > algorithm) {
            best = Some((hashing.algorithm, value));
        }
    }
    best.map(|(_, value)| value)
}

/// The hash function that an Authorization was made with: `MD5` or `SHA-256`, the `-sess` ones included (RFC 8760).
/// `None` if it names another one or cannot be read.
pub fn hash_of(authorization: &[u8]) -> Option<&'static str> {
    Some(match Hashing::read(Params::read(authorization)?.get("algorithm"))?.algorithm {
        Algorithm::Md5 => "MD5",
        Algorithm::Sha256 => "SHA-256",
    })
}

/// Whether a challenge says that only the nonce was too old: the same credentials are worth a second try.
pub fn is_stale(challenge: &[u8]) -> bool {
    Params::read(challenge)
        .is_some_and(|p| p.get("stale").is_some_and(|v| trim(v).eq_ignore_ascii_case(b"true")))
}

/// The values of one authentication header of a message, such as `WWW-Authenticate`, a line each.
pub fn values_of<'a>(m: &'a Message, header: &str) -> impl Iterator<Item = &'a [u8]> {
    m.headers().filter(move |h| h.name_text.eq_ignore_ascii_case(header.as_bytes())).map(|h| h.value)
}

/// The whole value of Authorization (for WWW-Authenticate) or Proxy-Authorization (for Proxy-Authenticate).
///
/// `method` and `uri` are those of the request's first line. `nc` counts the requests that answer this nonce, from 1;
/// `cnonce` is a new unguessable text; `body` is the request's, hashed only when the challenge offers nothing but
/// `auth-int`. `None` when the challenge is not Digest, cannot be read, wants what is not known here, or when a value
/// could not be written into a header.
pub fn answer(
    challenge: &[u8],
    cred: &Credentials,
    method: &[u8],
    uri: &[u8],
    nc: u32,
    cnonce: &[u8],
    body: &[u8],
) -> Option<String> {
    let p = Params::read(challenge)?;
    let (hashing, offered) = answerable(&p)?;
    let (realm, nonce) = (p.text("realm")?, p.text("nonce")?);
    let (user, uri_text) = (cred.user.expose_secret(), core::str::from_utf8(uri).ok()?);
    let cnonce_text = core::str::from_utf8(cnonce).ok()?;
    if ![user.as_bytes(), uri, cnonce].into_iter().all(is_clean) {
        return None;
    }
    let count = format!("{nc:08x}");
    let quality = match offered {
        Offered::None => Quality::None,
        Offered::Auth => Quality::Auth { nc: count.as_bytes(), cnonce },
        Offered::AuthInt => Quality::AuthInt { nc: count.as_bytes(), cnonce, body },
    };
    let who = (user.as_bytes(), realm.as_bytes(), cred.password.expose_secret().as_bytes());
    let response = response(hashing, who, nonce.as_bytes(), quality, method, uri)?.hex();
    let mut out = String::with_capacity(256 + challenge.len());
    out.push_str("Digest ");
    push_quoted(&mut out, "username", user);
    for (name, text) in [("realm", realm), ("nonce", nonce), ("uri", uri_text), ("response", &response)] {
        out.push_str(", ");
        push_quoted(&mut out, name, text);
    }
    // Named only if the challenge names it: servers of RFC 2069's time know no such parameter.
    if p.get("algorithm").is_some() {
        let _ = write!(out, ", algorithm={}", hashing.name());
    }
    if let Some(opaque) = p.get("opaque") {
        out.push_str(", ");
        push_quoted(&mut out, "opaque", core::str::from_utf8(opaque).ok()?);
    }
    if offered != Offered::None {
        let qop = if offered == Offered::Auth { "auth" } else { "auth-int" };
        let _ = write!(out, ", qop={qop}, nc={count}, ");
        push_quoted(&mut out, "cnonce", cnonce_text);
    }
    Some(out)
}

/// Writes `name="text"`, escaping what would end the quotes.
pub(crate) fn push_quoted(out: &mut String, name: &str, text: &str) {
    out.push_str(name);
    out.push_str("=\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(user: &str, password: &str) -> Credentials {
        Credentials { user: Secret::new(user.into()), password: Secret::new(password.into()) }
    }

    #[track_caller]
    fn param(value: &str, name: &str) -> Option<String> {
        let p = Params::read(value.as_bytes()).expect("what was written can be read");
        p.get(name).map(|v| String::from_utf8(v.to_vec()).unwrap())
    }

    // RFC 7616 section 3.9.1.
    const EXAMPLE: &str = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=ALG, \
         nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";

    #[test]
    fn the_example_of_rfc_7616() {
        let cnonce = b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        for (algorithm, expected) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let challenge = EXAMPLE.replace("ALG", algorithm);
            let who = credentials("Mufasa", "Circle of Life");
            let said =
                answer(challenge.as_bytes(), &who, b"GET", b"/dir/index.html", 1, cnonce, b"").unwrap();
            assert_eq!(param(&said, "response").as_deref(), Some(expected), "{said}");
            for (name, value) in [
                ("username", "Mufasa"),
                ("realm", "http-auth@example.org"),
                ("uri", "/dir/index.html"),
                ("algorithm", algorithm),
                ("qop", "auth"),
                ("nc", "00000001"),
                ("opaque", "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"),
            ] {
                assert_eq!(param(&said, name).as_deref(), Some(value), "{name}");
            }
        }
    }

    // The values that draft-smith-sip-auth-examples made of RFC 3261's INVITE to Bob.
    #[test]
    fn an_invite_to_bob_in_every_form() {
        let body = "v=0\r\no=bob 2890844526 2890844526 IN IP4 media.biloxi.com\r\ns=-\r\nc=IN IP4 media.biloxi.com\r\n\
             t=0 0\r\nm=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\nm=video 51372 RTP/AVP 31\r\n\
             a=rtpmap:31 H261/90000\r\nm=video 53000 RTP/AVP 32\r\na=rtpmap:32 MPV/90000\r\n";
        for (more, expected) in [
            ("", "bf57e4e0d0bffc0fbaedce64d59add5e"),
            (", qop=\"auth,auth-int\"", "89eb0059246c02b2f6ee02c7961d5ea3"),
            (", algorithm=MD5, qop=auth", "89eb0059246c02b2f6ee02c7961d5ea3"),
            (", algorithm=MD5-sess, qop=\"auth\"", "e4e4ea61d186d07a92c9e1f6919902e9"),
            (", qop=\"auth-int\"", "bdbeebb2da6adb6bca02599c2239e192"),
            (", algorithm=MD5-sess, qop=\"auth-int\"", "91984da2d8663716e91554859c22ca70"),
        ] {
            let challenge =
                format!("Digest realm=\"biloxi.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"{more}");
            let who = credentials("bob", "zanzibar");
            let (uri, cnonce) = (b"sip:bob@biloxi.com", b"0a4f113b");
            let said =
                answer(challenge.as_bytes(), &who, b"INVITE", uri, 1, cnonce, body.as_bytes()).unwrap();
            assert_eq!(param(&said, "response").as_deref(), Some(expected), "{more}");
            assert_eq!(param(&said, "nc").is_some(), more.contains("qop"), "{said}");
            assert_eq!(param(&said, "algorithm").is_some(), more.contains("algorithm"), "{said}");
        }
    }

    #[test]
    fn the_strongest_challenge_is_taken() {
        let md5 = &b"Digest realm=\"a\", nonce=\"1\", algorithm=MD5, qop=\"auth\""[..];
        let plain = &b"Digest realm=\"a\", nonce=\"2\""[..];
        let sha = &b"digest realm=\"a\",nonce=\"3\",algorithm=sha-256,qop=\"auth\""[..];
        let unknown = &b"Digest realm=\"a\", nonce=\"4\", algorithm=SHA-512-256, qop=\"auth\""[..];
        let strange = &b"Digest realm=\"a\", nonce=\"5\", algorithm=SHA-256, qop=\"other\""[..];
        let basic = &b"Basic realm=\"a\""[..];
        let pick = |v: &[&'static [u8]]| strongest(v.iter().copied());
        assert_eq!(pick(&[md5, sha]), Some(sha));
        assert_eq!(pick(&[sha, md5]), Some(sha));
        assert_eq!(pick(&[plain, md5]), Some(plain), "the first of those that are alike");
        assert_eq!(pick(&[unknown, strange, basic, md5]), Some(md5));
        assert_eq!(pick(&[unknown, strange, basic]), None);
        assert_eq!(pick(&[]), None);
    }

    #[test]
    fn what_is_quoted_stays_quoted() {
        let challenge = br#"Digest realm="a \"b\\ c", nonce="n,\"=x", opaque="", qop="auth""#;
        let said = answer(challenge, &credentials("u\"\\", "p"), b"BYE", b"sip:x", 255, b"c", b"").unwrap();
        assert_eq!(param(&said, "realm").as_deref(), Some("a \"b\\ c"));
        assert_eq!(param(&said, "nonce").as_deref(), Some("n,\"=x"));
        assert_eq!(param(&said, "username").as_deref(), Some("u\"\\"));
        assert_eq!(param(&said, "opaque").as_deref(), Some(""));
        assert!(said.contains("nc=000000ff"), "{said}");
    }

    #[test]
    fn what_is_doubtful_is_not_answered() {
        let long = format!("Digest realm=\"a\", nonce=\"{}\"", "x".repeat(5_000));
        let many = format!("Digest realm=\"a\", nonce=\"b\"{}", ", p=1".repeat(30));
        let many_named: String = (0..30).map(|n| format!(", p{n}=1")).collect();
        let many_named = format!("Digest realm=\"a\", nonce=\"b\"{many_named}");
        for bad in [
            "",
            "Digest",
            "Digestrealm=\"a\", nonce=\"b\"",
            "Basic realm=\"a\", nonce=\"b\"",
            "Digest realm=\"a\"",
            "Digest nonce=\"b\"",
            "Digest realm=\"a\", nonce=\"\"",
            "Digest realm=\"a\", nonce=\"b",
            "Digest realm=\"a\", nonce=\"b\\",
            "Digest realm=\"a\" nonce=\"b\"",
            "Digest realm=\"a\", nonce",
            "Digest realm=\"a\", =\"b\", nonce=\"b\"",
            "Digest realm=\"a\", nonce=\"b\", nonce=\"c\"",
            "Digest realm=\"a\", nonce=\"b\", REALM=\"c\"",
            "Digest realm=\"a\rVia: x\", nonce=\"b\"",
            "Digest realm=\"a\0\", nonce=\"b\"",
            "Digest realm=\"a\", nonce=\"b\", algorithm=MD6",
            "Digest realm=\"a\", nonce=\"b\", algorithm=MD5-sess",
            "Digest realm=\"a\", nonce=\"b\"x",
            &long,
            &many,
            &many_named,
        ] {
            let said = answer(bad.as_bytes(), &credentials("u", "p"), b"BYE", b"sip:x", 1, b"c", b"");
            assert!(said.is_none(), "{bad}");
        }
        let latin = b"Digest realm=\"\xe9\", nonce=\"b\"";
        assert!(answer(latin, &credentials("u", "p"), b"BYE", b"sip:x", 1, b"c", b"").is_none());
        let good = b"Digest realm=\"a\", nonce=\"b\"";
        assert!(answer(good, &credentials("u\r\n", "p"), b"BYE", b"sip:x", 1, b"c", b"").is_none());
        assert!(answer(good, &credentials("u", "p"), b"BYE", b"sip:x\n", 1, b"c", b"").is_none());
        assert!(answer(good, &credentials("u", "p"), b"BYE", b"sip:x", 1, b"c", b"").is_some());
    }

    #[test]
    fn what_the_field_sends_is_read() {
        for odd in [
            "DIGEST realm = \"a\" , nonce=\"b\",",
            "Digest  ,, realm=\"a\",\tnonce=b/=+1, stale=TRUE",
            "Digest realm=a, nonce=\"b\", qop=\"auth-conf,auth\"",
            "Digest realm=\"a\", nonce=\"b\", qop=\"\"",
        ] {
            let said = answer(odd.as_bytes(), &credentials("u", "p"), b"BYE", b"sip:x", 1, b"c", b"");
            assert!(said.is_some(), "{odd}");
        }
        assert!(is_stale(b"Digest realm=\"a\", nonce=\"b\", stale=TRUE"));
        assert!(is_stale(b"Digest realm=\"a\", nonce=\"b\", stale=\"true\""));
        assert!(!is_stale(b"Digest realm=\"a\", nonce=\"b\", stale=false") && !is_stale(b""));
    }

    #[test]
    fn nothing_of_credentials_is_printed() {
        let text = format!("{:?}", credentials("anna", "topsecret"));
        assert!(!text.contains("anna") && !text.contains("topsecret"), "{text}");
    }
}
