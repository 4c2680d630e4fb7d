//! Names of header fields, long and compact (RFC 3261 section 7.3.3 and 20; compact forms of the IANA registry).

/// A header field's name, where this program has a use for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs)]
pub enum Name {
    Via,
    From,
    To,
    CallId,
    CSeq,
    Contact,
    MaxForwards,
    ContentLength,
    ContentType,
    Route,
    RecordRoute,
    Require,
    ProxyRequire,
    Supported,
    Unsupported,
    Allow,
    Accept,
    ContentEncoding,
    Expires,
    UserAgent,
    Server,
    Warning,
    RetryAfter,
    Reason,
    PAssertedIdentity,
    PPreferredIdentity,
    Privacy,
    Diversion,
    HistoryInfo,
    ReferTo,
    ReferredBy,
    Replaces,
    Date,
    Subject,
    SessionExpires,
    MinSe,
    RSeq,
    RAck,
    /// Any other; its text stands in the message.
    Other,
}

impl Name {
    /// Reads a name, whatever its case.
    pub fn from_bytes(b: &[u8]) -> Name {
        if let [c] = b {
            return match c.to_ascii_lowercase() {
                b'v' => Name::Via,
                b'f' => Name::From,
                b't' => Name::To,
                b'i' => Name::CallId,
                b'm' => Name::Contact,
                b'l' => Name::ContentLength,
                b'c' => Name::ContentType,
                b'e' => Name::ContentEncoding,
                b'k' => Name::Supported,
                b'x' => Name::SessionExpires,
                b's' => Name::Subject,
                b'r' => Name::ReferTo,
                b'b' => Name::ReferredBy,
                _ => Name::Other,
            };
        }
        let is = |n: &str| b.eq_ignore_ascii_case(n.as_bytes());
        // The length decides first: one or two comparisons a header.
        match b.len() {
            2 if is("To") => Name::To,
            3 if is("Via") => Name::Via,
            4 if is("From") => Name::From,
            4 if is("CSeq") => Name::CSeq,
            4 if is("RSeq") => Name::RSeq,
            4 if is("RAck") => Name::RAck,
            4 if is("Date") => Name::Date,
            5 if is("Route") => Name::Route,
            5 if is("Allow") => Name::Allow,
            6 if is("Accept") => Name::Accept,
            6 if is("Server") => Name::Server,
            6 if is("Reason") => Name::Reason,
            6 if is("Min-SE") => Name::MinSe,
            7 if is("Call-ID") => Name::CallId,
            7 if is("Contact") => Name::Contact,
            7 if is("Require") => Name::Require,
            7 if is("Expires") => Name::Expires,
            7 if is("Warning") => Name::Warning,
            7 if is("Privacy") => Name::Privacy,
            7 if is("Subject") => Name::Subject,
            8 if is("Refer-To") => Name::ReferTo,
            8 if is("Replaces") => Name::Replaces,
            9 if is("Supported") => Name::Supported,
            9 if is("Diversion") => Name::Diversion,
            10 if is("User-Agent") => Name::UserAgent,
            11 if is("Retry-After") => Name::RetryAfter,
            11 if is("Unsupported") => Name::Unsupported,
            11 if is("Referred-By") => Name::ReferredBy,
            12 if is("Max-Forwards") => Name::MaxForwards,
            12 if is("Content-Type") => Name::ContentType,
            12 if is("Record-Route") => Name::RecordRoute,
            12 if is("History-Info") => Name::HistoryInfo,
            13 if is("Proxy-Require") => Name::ProxyRequire,
            14 if is("Content-Length") => Name::ContentLength,
            15 if is("Session-Expires") => Name::SessionExpires,
            16 if is("Content-Encoding") => Name::ContentEncoding,
            19 if is("P-Asserted-Identity") => Name::PAssertedIdentity,
            20 if is("P-Preferred-Identity") => Name::PPreferredIdentity,
            _ => Name::Other,
        }
    }
}
