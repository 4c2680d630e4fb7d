//! Carries calls through other telephone systems: sends what a call asks for, waits as it wants to, and tells how far it is.
//!
//! Each call has a thread while it lasts. Addresses of requests have sessions and numbers in them, so none is ever logged.

use crate::outward::{NoAnswer, agent, reason};
use pbx::Progress;
use pbx::exchange::{Call, Input, MOST, Method, NoReply, Output, Reply, Request};
use redact::Secret;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};
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

    /// Whether it was hung up.
    pub fn is_down(&self) -> bool {
        *self.down.lock().unwrap_or_else(|e| e.into_inner())
    }

    // Waits; true when it was hung up by then.
    fn wait(&self, ms: u64) -> bool {
        let guard = self.down.lock().unwrap_or_else(|e| e.into_inner());
        let waited = self.changed.wait_timeout_while(guard, Duration::from_millis(ms), |down| !*down);
        *waited.unwrap_or_else(|e| e.into_inner()).0
    }
}

/// How a telephone system is reached.
pub enum Line {
    /// By requests over HTTP.
    Web(Carrier),
    /// By one connection, which the first bytes open.
    Socket(SocketAddr),
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
pub fn carry<C: Call>(call: &mut C, line: &Line, hook: &Hook, told: &mut dyn FnMut(&C, Progress)) {
    let now = super::now;
    call.handle(now(), Input::Begin);
    let (mut hung_up, mut requests) = (false, 0);
    let mut stream: Option<TcpStream> = None;
    loop {
        let (mut ask, mut wait) = (None, None);
        while let Some(output) = call.poll() {
            match output {
                Output::Progress(progress) => told(call, progress),
                Output::Ask(request) => ask = Some(request),
                Output::Wait(ms) => wait = Some(ms),
                Output::Done => return,
                Output::Write(bytes) => {
                    let opened = stream.take().map_or_else(|| open(line), Ok);
                    stream = opened.and_then(|mut s| s.write_all(bytes.expose_secret()).map(|()| s)).ok();
                    if stream.is_none() {
                        call.handle(now(), Input::Closed);
                    }
                }
            }
        }
        if let Some(request) = ask {
            requests += 1;
            let reply = match line {
                Line::Web(carrier) if requests <= MOST_REQUESTS => carrier.send(&request),
                _ => Err(NoReply::Broken),
            };
            if requests > 2 * MOST_REQUESTS {
                return;
            }
            if hook.is_down() && !std::mem::replace(&mut hung_up, true) {
                call.handle(now(), Input::HangUp);
            }
            call.handle(now(), Input::Reply(reply));
        } else if let (Some(ms), Some(open)) = (wait, stream.as_mut()) {
            match read(open, ms, hook, hung_up) {
                Came::Bytes(bytes) => call.handle(now(), Input::Bytes(&bytes)),
                Came::Closed => {
                    stream = None;
                    call.handle(now(), Input::Closed);
                }
                Came::HangUp => {
                    hung_up = true;
                    call.handle(now(), Input::HangUp);
                }
                Came::Nothing => call.handle(now(), Input::Waited),
            }
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

/// How long one look for bytes takes: a hang-up is seen by then.
const GLANCE: Duration = Duration::from_millis(200);

/// What came while bytes were waited for.
enum Came {
    Bytes(Vec<u8>),
    Closed,
    HangUp,
    Nothing,
}

fn open(line: &Line) -> std::io::Result<TcpStream> {
    let Line::Socket(address) = line else { return Err(ErrorKind::Unsupported.into()) };
    crate::attest::contacted::note(&address.ip().to_string());
    let stream = TcpStream::connect_timeout(address, CONNECT)?;
    stream.set_read_timeout(Some(GLANCE))?;
    stream.set_write_timeout(Some(CONNECT))?;
    Ok(stream)
}

fn read(stream: &mut TcpStream, ms: u64, hook: &Hook, hung_up: bool) -> Came {
    let until = Instant::now() + Duration::from_millis(ms);
    let mut buffer = [0; 16 * 1024];
    while Instant::now() < until {
        if !hung_up && hook.is_down() {
            return Came::HangUp;
        }
        match stream.read(&mut buffer) {
            Ok(0) => return Came::Closed,
            Ok(n) => return Came::Bytes(buffer.get(..n).unwrap_or_default().to_vec()),
            Err(e)
                if matches!(
                    e.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) => {}
            Err(_) => return Came::Closed,
        }
    }
    Came::Nothing
}
