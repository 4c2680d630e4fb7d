//! The same messages read by our parser and by one that nobody here wrote (ezk-sip-types): both must see the same method,
//! addresses, Call-ID, CSeq, tags, topmost Via and body. Where they do not, the reason stands in a list, and each reason
//! must still be needed.

use bytes::Bytes;
use ezk_sip_types::header::typed::{CSeq, CallID, FromTo, Via};
use ezk_sip_types::msg::{Line, MessageLine, PullParser};
use ezk_sip_types::parse::Parse;
use ezk_sip_types::uri::{SipUri, SipUriUserPart};
use ezk_sip_types::{Headers, Name as TheirName};
use sip::{Message, Method, Name, NameAddr, Start, Uri};
use std::collections::BTreeMap;

/// Messages that are compared.
const MESSAGES: usize = 4_000;

/// What is compared. Hosts in one form of their address, names in small letters.
#[derive(Debug, Default, PartialEq, Eq, Clone)]
struct Read {
    start: String,
    target: Option<Address>,
    call_id: Option<String>,
    cseq: Option<(u32, String)>,
    from: Option<(Address, Option<String>)>,
    to: Option<(Address, Option<String>)>,
    via: Option<(String, Option<u16>, String)>,
    body: Option<Vec<u8>>,
}

type Address = (String, String, Option<u16>);

fn text(b: &[u8]) -> String {
    String::from_utf8_lossy(b).into_owned()
}

fn host(b: &[u8]) -> String {
    let host = text(b).to_ascii_lowercase();
    host.parse::<std::net::IpAddr>().map_or(host, |ip| ip.to_string())
}

fn our_address(uri: &[u8]) -> Option<Address> {
    let uri = Uri::parse(uri).ok()?;
    // The password of a user, which nobody uses, is part of neither.
    let user = uri.user.split(|&c| c == b':').next().unwrap_or_default();
    Some((text(user), host(uri.host), uri.port))
}

fn ours(bytes: &[u8]) -> Option<Read> {
    let m = Message::parse(bytes).ok().filter(|m| sip::check_request(m).is_ok() || sip::check_response(m))?;
    let party = |name| {
        let address = NameAddr::parse(m.value(name)?).ok()?;
        Some((our_address(address.uri)?, address.tag().map(text)))
    };
    let (start, target) = match m.start() {
        Start::Request(_) => (text(m.method_text()), our_address(m.target())),
        Start::Response(code) => (code.to_string(), None),
    };
    let (number, _): (u32, Method) = m.cseq()?;
    let cseq = m.value(Name::CSeq)?;
    let method = cseq.split(u8::is_ascii_whitespace).rfind(|part| !part.is_empty()).map(text)?;
    let via = m.top_via()?;
    Some(Read {
        start,
        target,
        call_id: m.value(Name::CallId).map(text),
        cseq: Some((number, method)),
        from: party(Name::From),
        to: party(Name::To),
        via: Some((host(via.host), via.port, text(via.branch))),
        body: Some(m.body().to_vec()),
    })
}

fn their_uri(uri: &SipUri) -> Address {
    let user = match &uri.user_part {
        SipUriUserPart::Empty => String::new(),
        SipUriUserPart::User(user) => user.to_string(),
        SipUriUserPart::UserPw(both) => both.user.to_string(),
    };
    let at = uri.host_port.host.to_string();
    (user, host(at.trim_matches(['[', ']']).as_bytes()), uri.host_port.port)
}

fn theirs(bytes: &[u8]) -> Option<Read> {
    let src = Bytes::copy_from_slice(bytes);
    let mut lines = PullParser::new(&src, 0);
    let first = std::str::from_utf8(lines.next()?.ok()?).ok()?;
    let start = MessageLine::parse(&src)(first).ok().filter(|(rest, _)| rest.is_empty())?.1;
    let mut headers = Headers::new();
    for line in &mut lines {
        let line = std::str::from_utf8(line.ok()?).ok()?;
        let (_, Line { name, value }) = Line::parse(&src, line).ok()?;
        headers.insert(name, value);
    }
    let end = lines.head_end();
    let length = headers.get_raw(&TheirName::CONTENT_LENGTH).next().and_then(|l| l.trim().parse().ok());
    let body = bytes.get(end..)?;
    let party = |name| {
        let found: FromTo = headers.get(name).ok()?;
        Some((their_uri(&found.uri.uri), found.tag.as_ref().map(ToString::to_string)))
    };
    let cseq: CSeq = headers.get_named().ok()?;
    let via: Via = headers.get_named::<Vec<Via>>().ok()?.into_iter().next()?;
    let sent_by = via.sent_by.host.to_string();
    let branch = via.params.get_val("branch").map(ToString::to_string);
    Some(Read {
        start: match &start {
            MessageLine::Request(line) => line.method.to_string(),
            MessageLine::Response(line) => line.code.into_u16().to_string(),
        },
        target: match &start {
            MessageLine::Request(line) => Some(their_uri(&line.uri)),
            MessageLine::Response(_) => None,
        },
        call_id: headers.get_named::<CallID>().ok().map(|c| c.0.to_string()),
        cseq: Some((cseq.cseq, cseq.method.to_string())),
        from: party(TheirName::FROM),
        to: party(TheirName::TO),
        via: Some((
            host(sent_by.trim_matches(['[', ']']).as_bytes()),
            via.sent_by.port,
            branch.unwrap_or_default(),
        )),
        body: body.get(..length.unwrap_or(body.len())).map(<[u8]>::to_vec),
    })
}

/// What stands in From in some messages, and is read differently there. All else must be read alike in them too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Odd {
    /// They resolve escapes in the user part; we leave them to whoever needs the user, as the bytes are what is compared
    /// and sent back.
    EscapedUser,
    /// Telephone systems send `#` in the user part without an escape. The grammar has none there, and we take it.
    HashInUser,
    /// They take a quoted name with an escaped quote in it for no name at all.
    EscapedQuote,
    /// Names of parameters are the same in either case (RFC 3261 section 7.3.1). To them only `tag` is a tag.
    UpperCaseTag,
    /// Without brackets the first `;` ends the address (RFC 3261 section 20): what has one in its user part must have
    /// brackets. They go on to the host all the same.
    NoBrackets,
}

const ALL_ODD: [(Odd, &str); 5] = [
    (Odd::EscapedUser, "<sip:a%20b@example.com>;tag=f"),
    (Odd::HashInUser, "<sip:*31#@example.com>;tag=f"),
    (Odd::NoBrackets, "sip:x;y=z@example.com;tag=f"),
    (Odd::UpperCaseTag, "<sip:a@example.com>;TAG=f"),
    (Odd::EscapedQuote, "\"A, \\\"B\\\" <C>;tag=no\" <sip:a@example.com>;tag=f"),
];

struct Chance(u64);

impl Chance {
    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        &all[(self.0 >> 11) as usize % all.len()]
    }
}

/// A message that is in order, in one of the many ways in which it can be written.
fn message(c: &mut Chance, n: usize) -> (Option<Odd>, Vec<u8>) {
    let method = *c.of(&[
        "INVITE",
        "ACK",
        "BYE",
        "CANCEL",
        "OPTIONS",
        "REGISTER",
        "PRACK",
        "UPDATE",
        "INFO",
        "REFER",
        "NOTIFY",
        "SUBSCRIBE",
        "MESSAGE",
        "PUBLISH",
    ]);
    let users = ["", "500@", "+4930123@", "anna.berg@", "x;y=z@", "u:pw@", "*31@"];
    let hosts = [
        "example.com",
        "EXAMPLE.com",
        "192.0.2.1",
        "[2001:db8::1]",
        "[2001:DB8:0:0:0:0:0:1]",
        "a-b.c1.example",
    ];
    let ports = ["", "", ":5060", ":65535", ":1"];
    let uri = |c: &mut Chance| {
        format!(
            "{}{}{}{}",
            c.of(&["sip:", "sip:", "sips:", "SIP:"]),
            c.of(&users),
            c.of(&hosts),
            c.of(&ports)
        )
    };
    let params = [";lr", ";transport=tcp", ";user=phone", ";a=b;c", ""];
    let target = format!("{}{}", uri(c), c.of(&params));
    let party = |c: &mut Chance, tag: String| {
        let address = uri(c);
        let shown = *c.of(&["", "\"Anna\" ", "Anna Berg ", "\"A, B <C>;tag=no\" ", "\"\" ", "\"Ü\" "]);
        let inner = *c.of(&params);
        let more = *c.of(&["", ";x=y", " ; x"]);
        match (shown, *c.of(&[true, false])) {
            ("", true) if !address.contains(';') => format!("{address}{tag}{more}"),
            _ => format!("{shown}<{address}{inner}>{tag}{more}"),
        }
    };
    // One message in eight has something odd.
    let odd = c.of(&[true, false, false, false, false, false, false, false]).then(|| *c.of(&ALL_ODD));
    let from = match odd {
        Some((_, from)) => format!("{from}{n}"),
        None => party(c, format!(";tag=f{n}")),
    };
    let to_tag = c.of(&["", ";tag=9817--94", " ; tag = x"]).to_string();
    let to = party(c, to_tag);
    let via = |c: &mut Chance, branch: &str| {
        let sent_by = format!("{}{}", c.of(&hosts), c.of(&ports));
        let head = *c.of(&["SIP/2.0/UDP ", "SIP / 2.0 / TCP ", "SIP/2.0/TLS\t"]);
        format!(
            "{head}{sent_by}{};branch={branch}{}",
            c.of(&["", ";rport", " ;received=192.0.2.9"]),
            c.of(&["", ";x=\"a;b,c\"", ";ttl=1"])
        )
    };
    let top = via(c, &format!("z9hG4bK{n}"));
    let below = via(c, "z9hG4bKbelow");
    let body = *c.of(&["", "v=0\r\n", "\r\n\r\n", "a: b\r\n\r\nc", "\0\u{1}x"]);
    let call_id = *c.of(&["1@h", "a.b-c%d!e*f_g+h`i'j~k(l)<m>:n\\o\"p/q[r]?s{t}@u", "x"]);
    let number = *c.of(&["0", "1", "0001", "2147483647", "98176"]);
    let gap = *c.of(&[" ", "  ", "\t"]);
    let mut lines = vec![
        (*c.of(&["From", "f", "FROM"]), from.clone()),
        (*c.of(&["To", "t", "tO"]), to.clone()),
        (*c.of(&["Call-ID", "i", "call-id"]), call_id.to_string()),
        (*c.of(&["CSeq", "cseq"]), format!("{number}{gap}{method}")),
        (*c.of(&["Max-Forwards", "MAX-FORWARDS"]), "70".into()),
        (*c.of(&["Subject", "s", "X-Odd"]), c.of(&["", "hello", "a: b, c;d=\"e\""]).to_string()),
        (*c.of(&["Content-Length", "l", "content-length"]), body.len().to_string()),
    ];
    match *c.of(&[0, 1, 2]) {
        0 => lines.insert(0, (*c.of(&["Via", "v", "VIA"]), top)),
        1 => lines.insert(*c.of(&[0, 3]), ("Via", format!("{top}, {below}"))),
        _ => {
            lines.insert(0, ("Via", top));
            lines.push(("v", below));
        }
    }
    // A length may be left out where the end of the datagram is the end.
    if *c.of(&[true, false, false]) {
        lines.retain(|(name, _)| !name.eq_ignore_ascii_case("content-length") && *name != "l");
    }
    let colon = *c.of(&[": ", ":", " : ", ":\t", ": \r\n "]);
    let start = match *c.of(&[true, true, false]) {
        true => format!("{method} {target} SIP/2.0"),
        false => format!(
            "SIP/2.0 {}",
            c.of(&["100 Trying", "200 OK", "486 Busy Here", "699 ", "183 Session Progress ü"])
        ),
    };
    let mut head = format!("{start}\r\n");
    for (name, value) in lines {
        head += &format!("{name}{colon}{value}\r\n");
    }
    (odd.map(|(odd, _)| odd), format!("{head}\r\n{body}").into_bytes())
}

#[test]
fn two_parsers_that_do_not_know_each_other_read_the_same() {
    let mut c = Chance(88_172_645_463_325_252);
    let mut needed: BTreeMap<Odd, usize> = BTreeMap::new();
    let (mut same, mut different) = (0, Vec::new());
    for n in 0..MESSAGES {
        let (odd, bytes) = message(&mut c, n);
        let (a, b) = (ours(&bytes), theirs(&bytes));
        let but_from = |r: &Option<Read>| r.clone().map(|r| Read { from: None, ..r });
        match odd {
            _ if a.as_ref().is_none_or(|a| a.from.is_none() || a.to.is_none()) => {}
            None if a == b => same += 1,
            Some(reason) if a == b => drop(needed.entry(reason).or_default()),
            Some(reason) if but_from(&a) == but_from(&b) => *needed.entry(reason).or_default() += 1,
            _ => different.push(format!("{}\nours:   {a:?}\ntheirs: {b:?}\n", text(&bytes))),
        }
    }
    different.truncate(5);
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(same * 4 > MESSAGES * 3, "{same} of {MESSAGES} were read alike");
    for (reason, _) in ALL_ODD {
        assert!(needed.get(&reason) > Some(&0), "{reason:?} makes no difference any more: take it out");
    }
}
