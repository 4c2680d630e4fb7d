//! Carries calls through other telephone systems: sends what a call asks for, waits as it wants to, and tells how far it is.
//!
//! Each call has a thread while it lasts. Addresses of requests have sessions and numbers in them, so none is ever logged.

use crate::outward::{NoAnswer, agent, reason};
use pbx::exchange::{Call, Input, MOST, Method, NoReply, Output, Reply, Request};
use pbx::Progress;
use redact::Secret;
use std::sync::{Condvar, Mutex};
use std::time::Duration;
use ureq::Agent;

/// How long opening a connection may take; part of what a request may take.
const CONNECT: Duration = Duration::from_secs(5);
/// Requests of one call, after which it is given up: one that is answered at once for ever is none.
const MOST_REQUESTS: usize = 20_000;

/// The way to hang up a call that a thread carries.
#[derive(Debug, Default)]
pub struct Hook {
    down: Mutex<bool>,
    changed: Condvar,
}

impl Hook {
    /// Hangs up, at the next moment at which that is possible.
    pub fn hang_up(&self) {
        *self.down.lock().unwrap_or_else(|e| e.into_inner()) = true;
        self.changed.notify_all();
    }

    fn is_down(&self) -> bool {
        *self.down.lock().unwrap_or_else(|e| e.into_inner())
    }

    // Waits; true when it was hung up by then.
    fn wait(&self, ms: u64) -> bool {
        let guard = self.down.lock().unwrap_or_else(|e| e.into_inner());
        let waited = self.changed.wait_timeout_while(guard, Duration::from_millis(ms), |down| !*down);
        *waited.unwrap_or_else(|e| e.into_inner()).0
    }
}

/// Sends the requests of calls. Cheap to clone.
#[derive(Clone)]
pub struct Carrier {
    agent: Agent,
}

impl Carrier {
    /// `allow_private` is whether the telephone system may stand in a private network or on this machine.
    pub fn new(allow_private: bool) -> Carrier {
        Carrier { agent: agent(allow_private) }
    }

    fn send(&self, request: &Request) -> Result<Reply, NoReply> {
        let patience = Duration::from_millis(request.patience_ms);
        let url = request.url.expose_secret();
        let mut to = ureq::http::Request::builder().method(request.method.as_str()).uri(url);
        for (name, value) in &request.headers {
            to = to.header(*name, value.expose_secret());
        }
        let answer = match request.method {
            Method::Get | Method::Delete => {
                let to = self.agent.configure_request(to.body(()).map_err(|_| NoReply::Broken)?);
                self.agent.run(to.timeout_connect(Some(CONNECT)).timeout_global(Some(patience)).build())
            }
            Method::Post => {
                let body = request.body.expose_secret().as_slice();
                let to = self.agent.configure_request(to.body(body).map_err(|_| NoReply::Broken)?);
                self.agent.run(to.timeout_connect(Some(CONNECT)).timeout_global(Some(patience)).build())
            }
        };
        let mut answer = answer.map_err(no_reply)?;
        let location = answer.headers().get("location").and_then(|v| v.to_str().ok());
        let location = location.map(|l| Secret::new(l.to_string()));
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(MOST as u64).read_to_vec();
        let body = body.map_err(|e| match reason(e) {
            NoAnswer::TimedOut => NoReply::TimedOut,
            _ => NoReply::Broken,
        })?;
        Ok(Reply { status, location, body: Secret::new(body) })
    }
}

fn no_reply(e: ureq::Error) -> NoReply {
    // A connection that was refused did nothing; one that broke later may have done something.
    if matches!(&e, ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused) {
        return NoReply::Unreachable;
    }
    match reason(e) {
        NoAnswer::TimedOut => NoReply::TimedOut,
        NoAnswer::Unknown | NoAnswer::Forbidden | NoAnswer::NotTrusted => NoReply::Unreachable,
        NoAnswer::Unreachable | NoAnswer::TooLarge => NoReply::Broken,
    }
}

/// Carries a call to its end.
pub fn carry(call: &mut dyn Call, carrier: &Carrier, hook: &Hook, told: &mut dyn FnMut(Progress)) {
    let now = super::now;
    call.handle(now(), Input::Begin);
    let (mut hung_up, mut requests) = (false, 0);
    loop {
        let (mut ask, mut wait) = (None, None);
        while let Some(output) = call.poll() {
            match output {
                Output::Progress(progress) => told(progress),
                Output::Ask(request) => ask = Some(request),
                Output::Wait(ms) => wait = Some(ms),
                Output::Done => return,
                Output::Write(_) => {}
            }
        }
        if let Some(request) = ask {
            requests += 1;
            let reply = if requests > MOST_REQUESTS { Err(NoReply::Broken) } else { carrier.send(&request) };
            if requests > 2 * MOST_REQUESTS {
                return;
            }
            if hook.is_down() && !std::mem::replace(&mut hung_up, true) {
                call.handle(now(), Input::HangUp);
            }
            call.handle(now(), Input::Reply(reply));
        } else if let Some(ms) = wait {
            match !hung_up && hook.wait(ms) {
                true => {
                    hung_up = true;
                    call.handle(now(), Input::HangUp);
                }
                false => {
                    if hung_up {
                        std::thread::sleep(Duration::from_millis(ms));
                    }
                    call.handle(now(), Input::Waited);
                }
            }
        } else {
            return;
        }
    }
}
