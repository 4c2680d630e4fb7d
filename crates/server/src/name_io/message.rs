//! DNS messages: writes a question and judges what comes back. Opens no socket.
//!
//! Only what answers the question is taken: records whose names lead from the name that was asked by way of aliases.
//! Whatever else stands in a message is not looked at.

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record as Raw, RecordType};
use sip::locate::{Answer, Kind, Question, Record};
use std::net::IpAddr;

/// The most aliases that lead from one name to another within a message.
const MAX_ALIASES: usize = 8;
/// The most records that are taken out of a message.
const MAX_RECORDS: usize = 64;
/// The size of datagrams that is asked for: what passes every network in one piece.
const PAYLOAD: u16 = 1232;
/// For how long there is nothing, if the answer does not say, in seconds.
const NOTHING_TTL: u32 = 60;
/// Bytes of a message's first part.
const HEADER: usize = 12;

/// What a message means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// The answer.
    Answer(Answer),
    /// The name stands for another one, about which this message says nothing; true for so many seconds.
    Alias(String, u32),
    /// Not all of it found room: ask over TCP.
    Truncated,
    /// The server does not know the extension that was asked with: ask without.
    Plain,
    /// The server cannot or does not want to say: ask another one.
    Useless,
    /// No answer to this question: go on waiting.
    NotOurs,
}

/// Writes a question. `extended` asks for more room than 512 bytes. `None` for a name that fits no message.
pub fn write(id: u16, question: &Question, extended: bool) -> Option<Vec<u8>> {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name(&question.name)?, record_type(question.kind)));
    if extended {
        let mut edns = Edns::new();
        edns.set_max_payload(PAYLOAD).set_version(0);
        message.set_edns(edns);
    }
    message.to_vec().ok()
}

/// Judges a message that came from the server which was asked.
pub fn read(bytes: &[u8], id: u16, question: &Question) -> Said {
    let Some(header) = bytes.get(..HEADER) else { return Said::NotOurs };
    let is_response = header[2] & 0x80 != 0 && header[2] & 0x78 == 0;
    if header[..2] != id.to_be_bytes() || !is_response {
        return Said::NotOurs;
    }
    if header[2] & 0x02 != 0 {
        // What was cut off need not be readable.
        return Said::Truncated;
    }
    // A server that knows nothing of extensions may send its code and no more.
    let code = ResponseCode::from_low(header[3] & 0x0f);
    if matches!(code, ResponseCode::FormErr | ResponseCode::NotImp) {
        return Said::Plain;
    }
    let Ok(message) = Message::from_vec(bytes) else { return Said::Useless };
    let Some(asked) = name(&question.name) else { return Said::Useless };
    let [query] = &message.queries[..] else { return Said::NotOurs };
    let is_ours = *query.name() == asked
        && query.query_type() == record_type(question.kind)
        && query.query_class() == DNSClass::IN;
    if !is_ours {
        return Said::NotOurs;
    }
    match code {
        ResponseCode::NoError => follow(&message, asked, question.kind),
        ResponseCode::NXDomain => Said::Answer(Answer::Nothing { ttl: nothing_ttl(&message) }),
        _ => Said::Useless,
    }
}

/// Goes from the name that was asked along its aliases to the records.
fn follow(message: &Message, asked: Name, kind: Kind) -> Said {
    let (mut at, mut ttl) = (asked, u32::MAX);
    for aliases in 0..=MAX_ALIASES {
        let here = || message.answers.iter().filter(|r| r.name == at && r.dns_class == DNSClass::IN);
        let found: Vec<(&Raw, Record)> =
            here().filter_map(|r| Some((r, record(r, kind)?))).take(MAX_RECORDS).collect();
        if !found.is_empty() {
            let ttl = found.iter().map(|(r, _)| r.ttl).fold(ttl, u32::min);
            return Said::Answer(Answer::Found { records: found.into_iter().map(|(_, r)| r).collect(), ttl });
        }
        let alias = here().find_map(|r| match &r.data {
            RData::CNAME(to) => Some((to.0.clone(), r.ttl)),
            _ => None,
        });
        let Some((to, alias_ttl)) = alias else {
            let says_nothing = message.authorities.iter().any(|r| matches!(r.data, RData::SOA(_)));
            return if aliases == 0 || says_nothing {
                Said::Answer(Answer::Nothing { ttl: nothing_ttl(message).min(ttl) })
            } else {
                Said::Alias(text(&at), ttl)
            };
        };
        (at, ttl) = (to, ttl.min(alias_ttl));
    }
    // Aliases that lead in a circle, or too far.
    Said::Useless
}

fn record(raw: &Raw, kind: Kind) -> Option<Record> {
    let lossy = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    match (kind, &raw.data) {
        (Kind::A, RData::A(a)) => Some(Record::Address(IpAddr::V4(a.0))),
        (Kind::Aaaa, RData::AAAA(a)) => Some(Record::Address(IpAddr::V6(a.0))),
        (Kind::Srv, RData::SRV(s)) => Some(Record::Srv {
            priority: s.priority,
            weight: s.weight,
            port: s.port,
            target: text(&s.target),
        }),
        (Kind::Naptr, RData::NAPTR(n)) => Some(Record::Naptr {
            order: n.order,
            preference: n.preference,
            flags: lossy(&n.flags),
            service: lossy(&n.services),
            replacement: text(&n.replacement),
        }),
        _ => None,
    }
}

/// For how long there is nothing (RFC 2308 section 5).
fn nothing_ttl(message: &Message) -> u32 {
    let said = message.authorities.iter().find_map(|r| match &r.data {
        RData::SOA(soa) => Some(soa.minimum.min(r.ttl)),
        _ => None,
    });
    said.unwrap_or(NOTHING_TTL)
}

fn name(text: &str) -> Option<Name> {
    let mut name = Name::from_ascii(text).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// A name as it is asked for: in lower case, without the dot at its end.
fn text(name: &Name) -> String {
    let text = name.to_ascii().to_ascii_lowercase();
    match text.strip_suffix('.') {
        Some("") | None => text,
        Some(short) => short.into(),
    }
}

fn record_type(kind: Kind) -> RecordType {
    match kind {
        Kind::Naptr => RecordType::NAPTR,
        Kind::Srv => RecordType::SRV,
        Kind::A => RecordType::A,
        Kind::Aaaa => RecordType::AAAA,
    }
}
