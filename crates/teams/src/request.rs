//! What is to be sent, and what came back.

use core::fmt;
use core::time::Duration;
use redact::Secret;

/// The most bytes of a reply that are looked at when nothing else is said.
pub(crate) const MOST_JSON: usize = 1024 * 1024;

/// The methods that are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Patch,
    Delete,
}

impl Method {
    /// As it stands in a request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// An HTTP request, to be sent as it stands: to this address, without following redirects.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole address. It never holds a token or a name; `Debug` shows it without its query.
    pub url: String,
    /// Headers, `Content-Type` among them when there is a body.
    pub headers: Vec<(&'static str, Secret<String>)>,
    /// The body; empty for none.
    pub body: Secret<Vec<u8>>,
    /// Bytes of the reply's body after which reading must stop. A reply that goes on is to be treated as unreadable.
    pub most: usize,
}

impl Request {
    pub(crate) fn get(url: String) -> Request {
        let headers = vec![("Accept", Secret::new("application/json".to_string()))];
        Request { method: Method::Get, url, headers, body: Secret::new(Vec::new()), most: MOST_JSON }
    }

    /// A form, as token endpoints want it.
    pub(crate) fn form(url: String, fields: &[(&str, &str)]) -> Request {
        let mut request = Request::get(url);
        request.method = Method::Post;
        request.headers.push(("Content-Type", Secret::new("application/x-www-form-urlencoded".to_string())));
        request.body = Secret::new(crate::address::query(fields).into_bytes());
        request
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.url.split('?').next().unwrap_or_default();
        write!(f, "{} {path}", self.method.as_str())
    }
}

/// An HTTP reply.
#[derive(Clone)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Headers as they came; names in any case.
    pub headers: Vec<(String, String)>,
    /// The body as it came, cut off by the caller at [`Request::most`].
    pub body: Secret<Vec<u8>>,
}

impl Reply {
    /// A reply without headers.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        Reply { status, headers: Vec::new(), body: Secret::new(body.into()) }
    }

    /// The same with one more header.
    pub fn with(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_string(), value.to_string()));
        self
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// All values of a header.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Whether the status says that it worked.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// How long Microsoft asks to wait (`Retry-After` in seconds), at most a day.
    pub fn retry_after(&self) -> Option<Duration> {
        let secs: u64 = self.header("Retry-After")?.trim().parse().ok()?;
        Some(Duration::from_secs(secs.min(86_400)))
    }

    /// The body as JSON. Nothing when it is none or longer than `most`.
    pub(crate) fn json<'a, T: serde::Deserialize<'a>>(&'a self, most: usize) -> Option<T> {
        let body = self.body.expose_secret();
        if body.len() > most { None } else { serde_json::from_slice(body).ok() }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} bytes", self.status, self.body.expose_secret().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_printed() {
        let request =
            Request::form("https://login.example/token?code=canary".into(), &[("secret", "canary")]);
        let reply = Reply::new(200, "canary").with("Location", "canary");
        let printed = format!("{request:?} {reply:?}");
        assert_eq!(printed, "POST https://login.example/token 200 with 6 bytes");
    }
}
