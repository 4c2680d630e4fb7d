//! Carries the requests that `teams` builds to Microsoft, and brings what came back.

use crate::outward::{NoAnswer, agent, reason};
use std::time::Duration;
use teams::{Method, Reply, Request};
use ureq::Agent;

/// How long a request may take, all of it.
const TIME_OUT: Duration = Duration::from_secs(20);
/// Headers of a reply that are kept.
const MOST_HEADERS: usize = 100;

/// Sends requests, each to the address that stands in it. Cheap to clone; connections are kept for the next request.
#[derive(Clone)]
pub struct Carrier {
    agent: Agent,
}

impl Carrier {
    /// The addresses are the operator's own configuration, so private ones are allowed: a simulated tenant stands there.
    pub fn new() -> Carrier {
        Carrier { agent: agent(true) }
    }

    /// Sends a request and waits for the reply. Redirects are replies like any other.
    ///
    /// # Errors
    /// [`NoAnswer`]
    pub fn send(&self, request: &Request) -> Result<Reply, NoAnswer> {
        crate::attest::contacted::note_operation(&request.url);
        crate::attest::contacted::note_request(&request.url);
        let body = request.body.expose_secret();
        let mut to = ureq::http::Request::builder().method(request.method.as_str()).uri(&request.url);
        for (name, value) in &request.headers {
            to = to.header(*name, value.expose_secret());
        }
        let broken = |_| NoAnswer::Forbidden;
        let answer = match request.method {
            Method::Get | Method::Delete => {
                let to = self.agent.configure_request(to.body(()).map_err(broken)?);
                self.agent.run(to.timeout_global(Some(TIME_OUT)).build())
            }
            Method::Post | Method::Patch => {
                let to = self.agent.configure_request(to.body(body.as_slice()).map_err(broken)?);
                self.agent.run(to.timeout_global(Some(TIME_OUT)).build())
            }
        };
        let mut answer = answer.map_err(reason)?;
        let mut reply = Reply::new(answer.status().as_u16(), Vec::new());
        for (name, value) in answer.headers().iter().take(MOST_HEADERS) {
            if let Ok(value) = value.to_str() {
                reply = reply.with(name.as_str(), value);
            }
        }
        let most = request.most as u64;
        let read = answer.body_mut().with_config().limit(most).read_to_vec();
        reply.body = redact::Secret::new(read.map_err(reason)?);
        Ok(reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outward::tests::{receiver, say};
    use redact::Secret;

    fn request(method: Method, url: String, body: &str, most: usize) -> Request {
        Request {
            method,
            url,
            headers: vec![("X-Canary", Secret::new("v".into()))],
            body: Secret::new(body.as_bytes().to_vec()),
            most,
        }
    }

    #[test]
    fn a_request_goes_as_it_stands_and_the_reply_comes_with_its_headers() {
        let (addr, got) = receiver(|_, s| say(s, "429 Slow\r\nRetry-After: 7", "wait"));
        let sent = request(Method::Post, format!("http://{addr}/token?x=1"), "a=b", 100);
        let reply = Carrier::new().send(&sent).unwrap();
        assert_eq!((reply.status, reply.header("retry-after")), (429, Some("7")));
        assert_eq!(reply.body.expose_secret(), b"wait");
        let head = got.recv().unwrap();
        assert!(head.starts_with("POST /token?x=1 HTTP/1.1\r\n") && head.ends_with("\r\n\r\na=b"), "{head}");
        assert!(head.to_lowercase().contains("x-canary: v"), "{head}");
    }

    #[test]
    fn a_reply_that_goes_on_is_none() {
        let (addr, _got) = receiver(|_, s| say(s, "200 OK", &"x".repeat(1_000)));
        let sent = request(Method::Get, format!("http://{addr}/"), "", 999);
        assert_eq!(Carrier::new().send(&sent).unwrap_err(), NoAnswer::TooLarge);
    }
}
