//! Methods of requests.

use crate::message::Message;
use crate::name::Name;
use crate::uri::trim;

/// The method of a request. Methods are case-sensitive (RFC 3261 section 7.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs)]
pub enum Method {
    Invite,
    Ack,
    Bye,
    Cancel,
    Options,
    Register,
    Prack,
    Update,
    Info,
    Refer,
    Notify,
    Subscribe,
    Message,
    Publish,
    /// A method of no RFC that this program knows; its text stands in the message.
    Other,
}

/// What an `Allow` header of ours lists.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY";

/// What a `Supported` header of ours lists.
pub(crate) const SUPPORTED: &str = "100rel, timer, replaces, norefersub";

/// The bodies that we read, in a call.
pub(crate) const ACCEPT: &str = "Accept: application/sdp, multipart/mixed\r\n";

/// Some of the methods that have a name here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Methods(u16);

impl Methods {
    /// Those that a message's Allow headers list; `None` if it has none.
    pub(crate) fn of(m: &Message) -> Option<Methods> {
        let mut found = None;
        for line in m.values(Name::Allow) {
            for name in line.split(|&c| c == b',') {
                *found.get_or_insert(0) |= Methods::bit(Method::from_bytes(trim(name)));
            }
        }
        found.map(Methods)
    }

    pub(crate) fn contains(self, method: Method) -> bool {
        self.0 & Methods::bit(method) != 0
    }

    fn bit(method: Method) -> u16 {
        1 << method as u16
    }
}

impl Method {
    /// Reads a method's text.
    pub fn from_bytes(b: &[u8]) -> Method {
        match b {
            b"INVITE" => Method::Invite,
            b"ACK" => Method::Ack,
            b"BYE" => Method::Bye,
            b"CANCEL" => Method::Cancel,
            b"OPTIONS" => Method::Options,
            b"REGISTER" => Method::Register,
            b"PRACK" => Method::Prack,
            b"UPDATE" => Method::Update,
            b"INFO" => Method::Info,
            b"REFER" => Method::Refer,
            b"NOTIFY" => Method::Notify,
            b"SUBSCRIBE" => Method::Subscribe,
            b"MESSAGE" => Method::Message,
            b"PUBLISH" => Method::Publish,
            _ => Method::Other,
        }
    }

    /// The method's text; empty for [`Method::Other`].
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Invite => "INVITE",
            Method::Ack => "ACK",
            Method::Bye => "BYE",
            Method::Cancel => "CANCEL",
            Method::Options => "OPTIONS",
            Method::Register => "REGISTER",
            Method::Prack => "PRACK",
            Method::Update => "UPDATE",
            Method::Info => "INFO",
            Method::Refer => "REFER",
            Method::Notify => "NOTIFY",
            Method::Subscribe => "SUBSCRIBE",
            Method::Message => "MESSAGE",
            Method::Publish => "PUBLISH",
            Method::Other => "",
        }
    }
}
