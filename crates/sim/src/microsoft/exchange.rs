//! Requests to the simulated tenant and replies of it: HTTP without a connection, and the codings of addresses and forms.

use serde_json::Value;
use std::fmt::Write as _;

/// Names and values of a query or a form that are looked at.
const MOST_PAIRS: usize = 100;

/// A request as it came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The method in capitals.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names and values of the headers; names in any case.
    pub headers: Vec<(String, String)>,
    /// The body; empty if there was none.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: &str, target: &str) -> Request {
        Request { method: method.into(), target: target.into(), ..Request::default() }
    }

    /// The same with a header more.
    pub fn with_header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same with a token in `Authorization`.
    pub fn with_bearer(self, token: &str) -> Request {
        self.with_header("Authorization", &format!("Bearer {token}"))
    }

    /// The same with a body of JSON.
    pub fn with_json(mut self, body: &Value) -> Request {
        self.body = body.to_string().into_bytes();
        self.with_header("Content-Type", "application/json")
    }

    /// The same with a form for its body.
    pub fn with_form(mut self, pairs: &[(&str, &str)]) -> Request {
        self.body = coded(pairs).into_bytes();
        self.with_header("Content-Type", "application/x-www-form-urlencoded")
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The path, still coded.
    pub fn path(&self) -> &str {
        self.target.split(['?', '#']).next().unwrap_or_default()
    }

    /// The parts of the path between slashes, decoded; empty ones are left out.
    pub fn segments(&self) -> Vec<String> {
        self.path().split('/').filter(|s| !s.is_empty()).map(|s| decoded(s, false)).collect()
    }

    /// Names and values of the query, decoded.
    pub fn query(&self) -> Pairs {
        Pairs::read(self.target.split_once('?').map_or("", |(_, q)| q.split('#').next().unwrap_or(q)))
    }

    /// Names and values of the form in the body, decoded.
    pub fn form(&self) -> Pairs {
        Pairs::read(&String::from_utf8_lossy(&self.body))
    }

    /// The cookie of this name.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let all = self.header("Cookie")?;
        all.split(';').filter_map(|c| c.trim().split_once('=')).find(|(n, _)| *n == name).map(|(_, v)| v)
    }
}

/// Names and values, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Reads `a=b&c=d`. What is more than a bound is left out.
    pub fn read(text: &str) -> Pairs {
        let pairs = text.split('&').filter(|p| !p.is_empty()).take(MOST_PAIRS);
        Pairs(
            pairs
                .map(|p| p.split_once('=').unwrap_or((p, "")))
                .map(|(n, v)| (decoded(n, true), decoded(v, true)))
                .collect(),
        )
    }

    /// The first value of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The first value of this name that is not empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|v| !v.is_empty())
    }

    /// All of them in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// Those of both.
    pub fn and(mut self, other: Pairs) -> Pairs {
        self.0.extend(other.0);
        self
    }
}

/// Percent-coding undone; in forms and queries a plus is a space. What is no UTF-8 is replaced.
pub fn decoded(text: &str, plus: bool) -> String {
    let digit = |b: Option<&u8>| b.and_then(|b| (*b as char).to_digit(16));
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(b) = bytes.get(i) {
        i += 1;
        match b {
            b'+' if plus => out.push(b' '),
            b'%' => match (digit(bytes.get(i)), digit(bytes.get(i + 1))) {
                (Some(high), Some(low)) => {
                    out.push((high * 16 + low) as u8);
                    i += 2;
                }
                _ => out.push(b'%'),
            },
            b => out.push(*b),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A text as it may stand in a query.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(b as char),
            b => {
                let _ = write!(out, "%{b:02X}");
            }
        }
    }
    out
}

/// Names and values as a query or a form.
pub fn coded(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(n, v)| format!("{}={}", encoded(n), encoded(v))).collect::<Vec<_>>().join("&")
}

/// A text as it may stand in a page.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// What is sent back, and how badly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Names and values of the headers; the length is the carrier's to say.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The carrier waits this long before it sends, in milliseconds.
    pub delay_ms: u64,
    /// The carrier announces the whole body, sends this many bytes of it and closes.
    pub cut_at: Option<usize>,
}

impl Reply {
    /// A reply without a body.
    pub fn empty(status: u16) -> Reply {
        Reply { status, ..Reply::default() }
    }

    /// A reply of JSON.
    pub fn json(status: u16, body: &Value) -> Reply {
        Reply { status, body: body.to_string().into_bytes(), ..Reply::default() }
            .with_header("Content-Type", "application/json; charset=utf-8")
    }

    /// A page.
    pub fn page(status: u16, body: String) -> Reply {
        Reply { status, body: body.into_bytes(), ..Reply::default() }
            .with_header("Content-Type", "text/html; charset=utf-8")
            .with_header("Cache-Control", "no-store")
    }

    /// Sends the browser elsewhere.
    pub fn redirect(to: &str) -> Reply {
        // A line break must never become a header of its own.
        let to: String = to.chars().filter(|c| !c.is_control()).collect();
        Reply::empty(302).with_header("Location", &to).with_header("Cache-Control", "no-store")
    }

    /// The same with a header more.
    pub fn with_header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The body as JSON; null if it is none.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_coded_comes_back_and_what_is_half_coded_stays() {
        for text in ["", "a b+c&d=e", "Grüße 漢字", "100%", "%zz", "a/b?c#d"] {
            assert_eq!(decoded(&encoded(text), true), text);
        }
        assert_eq!(decoded("100%", true), "100%");
        assert_eq!(decoded("%4", true), "%4");
        assert_eq!(decoded("a+b", false), "a+b");
    }

    #[test]
    fn a_query_is_read_and_bounded() {
        let r = Request::new("GET", "/x/y%20z?a=1&b=%26&a=2&c#frag");
        assert_eq!(r.segments(), ["x", "y z"]);
        assert_eq!(
            (r.query().get("a"), r.query().get("b"), r.query().get("c")),
            (Some("1"), Some("&"), Some(""))
        );
        let many = format!("/?{}", "a=1&".repeat(10_000));
        assert_eq!(Request::new("GET", &many).query().iter().count(), MOST_PAIRS);
    }

    #[test]
    fn a_redirect_carries_no_line_break() {
        let reply = Reply::redirect("https://x/\r\nSet-Cookie: a=b");
        assert_eq!(reply.header("Location"), Some("https://x/Set-Cookie: a=b"));
    }
}
