//! Watching over a call that is up (RFC 4028): both sides agree on an interval within which one of them says that the
//! call goes on. A call whose far end is gone without a word ends by that.
//!
//! Whoever refreshes does so at half the interval, by UPDATE where the far end takes it, else by a re-INVITE with the
//! session as it is. Whoever hears nothing, or gets no answer, ends the call a little before the interval is over.

use crate::call::{Call, CallId, Hangup};
use crate::endpoint::Endpoint;
use crate::message::{Message, read_number};
use crate::method::Method;
use crate::name::Name;
use crate::reason::TIMER_EXPIRED;
use crate::slots::Key;
use crate::time::Time;
use crate::uri::{param, trim};
use core::time::Duration;

/// The least interval that RFC 4028 section 4 allows, in seconds.
const LEAST: u32 = 90;
/// The longest that is agreed to: beyond a day it watches over nothing.
const MOST: u32 = 86_400;
/// How often one request is sent again because a longer interval is wanted.
const MAX_TRIES: u8 = 2;
/// How long a refresh waits for another exchange to end.
const BUSY: Duration = Duration::from_secs(5);

/// How often the far end of a call has to be heard of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionTimer {
    /// The interval to ask for, in seconds, 90 to 86,400; 0 to ask for none. One that the far end asks for is kept in
    /// any case.
    pub expires: u32,
    /// The shortest interval to agree to, in seconds, 90 at least.
    pub min: u32,
}

impl SessionTimer {
    /// None asked for.
    pub const OFF: SessionTimer = SessionTimer { expires: 0, min: LEAST };

    fn checked(self) -> SessionTimer {
        let min = self.min.clamp(LEAST, MOST);
        SessionTimer { expires: if self.expires == 0 { 0 } else { self.expires.clamp(min, MOST) }, min }
    }
}

impl Default for SessionTimer {
    /// Half an hour, and nothing shorter than 90 seconds.
    fn default() -> Self {
        SessionTimer { expires: 1_800, min: LEAST }
    }
}

/// What a request of theirs says of the interval, until it is answered.
#[derive(Clone, Copy)]
struct Asked {
    expires: Option<u32>,
    /// Whether its sender wants us to refresh; `None` if that is left to us.
    by_us: Option<bool>,
    min: u32,
    /// Whether its sender knows of such timers; if not, a proxy on the way put this in.
    supported: bool,
}

impl Asked {
    fn read(m: &Message) -> Asked {
        let (expires, refresher) = read_expires(m);
        let lists = |v: &[u8]| v.split(|&c| c == b',').any(|t| trim(t).eq_ignore_ascii_case(b"timer"));
        let supported = m.values(Name::Supported).chain(m.values(Name::Require)).any(lists);
        let by_us = match refresher {
            Some(r) if r.eq_ignore_ascii_case(b"uas") => Some(true),
            Some(r) if r.eq_ignore_ascii_case(b"uac") => Some(false),
            _ => None,
        };
        Asked { expires, by_us, min: read_min(m), supported }
    }
}

// The interval of Session-Expires and its refresher. What cannot be read counts as not there.
fn read_expires(m: &Message) -> (Option<u32>, Option<&[u8]>) {
    let Some(value) = m.value(Name::SessionExpires) else { return (None, None) };
    let end = value.iter().position(|&c| c == b';').unwrap_or(value.len());
    let (number, params) = value.split_at(end);
    let seconds = read_number(trim(number)).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    (seconds, param(params, "refresher"))
}

fn read_min(m: &Message) -> u32 {
    let value = m.value(Name::MinSe).unwrap_or_default();
    let end = value.iter().position(|&c| c == b';').unwrap_or(value.len());
    read_number(trim(&value[..end])).map_or(LEAST, |n| u32::try_from(n).unwrap_or(u32::MAX))
}

/// An interval that both sides agreed on.
struct Agreed {
    seconds: u32,
    /// Whether we refresh.
    by_us: bool,
    refresh_at: Option<Time>,
    /// When the call ends unless it is refreshed before.
    end_at: Time,
}

/// What a call knows of its session: how it is watched over, and what was said of it last.
#[derive(Default)]
pub(crate) struct Session {
    timer: SessionTimer,
    asked: Option<Asked>,
    agreed: Option<Agreed>,
    tries: u8,
    /// The far end listed UPDATE but did not take it.
    no_update: bool,
    /// Our last description, for a refresh that has to repeat it.
    description: Box<[u8]>,
    /// A fingerprint of theirs, to tell whether the answer to a refresh says anything new.
    heard: u64,
}

impl Session {
    pub(crate) fn new(timer: SessionTimer) -> Session {
        Session { timer: timer.checked(), ..Session::default() }
    }

    /// Remembers the description that we sent.
    pub(crate) fn said(&mut self, description: &[u8]) {
        if !description.is_empty() {
            self.description = description.into();
        }
    }

    /// Remembers what they sent. Whether it is another description than before.
    pub(crate) fn heard(&mut self, description: &[u8]) -> bool {
        if description.is_empty() {
            return false;
        }
        let fingerprint = description
            .iter()
            .fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3));
        core::mem::replace(&mut self.heard, fingerprint) != fingerprint
    }

    /// The lines of a request of ours.
    pub(crate) fn lines(&self) -> Vec<u8> {
        let mut out = match &self.agreed {
            Some(a) => {
                let refresher = if a.by_us { "uac" } else { "uas" };
                format!("Session-Expires: {};refresher={refresher}\r\n", a.seconds)
            }
            None if self.timer.expires > 0 => format!("Session-Expires: {}\r\n", self.timer.expires),
            None => return Vec::new(),
        };
        if self.timer.min > LEAST {
            out.push_str(&format!("Min-SE: {}\r\n", self.timer.min));
        }
        out.into_bytes()
    }

    /// When something of it falls due.
    pub(crate) fn wake(&self) -> Option<Time> {
        self.agreed.as_ref().map(|a| a.refresh_at.map_or(a.end_at, |at| at.min(a.end_at)))
    }

    /// The far end does not take UPDATE after all.
    pub(crate) fn without_update(&mut self) {
        self.no_update = true;
    }

    fn agree(&mut self, now: Time, seconds: u32, by_us: bool) {
        let whole = Duration::from_secs(u64::from(seconds));
        let margin = (whole / 3).min(Duration::from_secs(32));
        self.agreed = Some(Agreed {
            seconds,
            by_us,
            refresh_at: by_us.then(|| now + whole / 2),
            end_at: now + (whole - margin),
        });
    }

    // Takes in the answer that we give to a request of theirs, and writes its lines (RFC 4028 section 9).
    fn answered(&mut self, now: Time) -> Vec<u8> {
        let Some(asked) = self.asked.take() else { return Vec::new() };
        let floor = asked.min.max(self.timer.min);
        let wanted = match (asked.expires, asked.supported) {
            // What we would like, whatever they asked for, but never more than they did.
            (Some(theirs), _) if self.timer.expires > 0 => Some(theirs.min(self.timer.expires)),
            (Some(theirs), _) => Some(theirs.min(MOST)),
            (None, true) if self.timer.expires > 0 => Some(self.timer.expires),
            _ => None,
        };
        let seconds = wanted.map(|s| s.max(floor)).filter(|s| *s <= MOST);
        let Some(seconds) = seconds else {
            self.agreed = None;
            return Vec::new();
        };
        // Who does not know of timers cannot refresh; who asked for one without saying more does.
        let by_us = match (asked.supported, asked.by_us) {
            (false, _) => true,
            (true, Some(by_us)) => by_us,
            (true, None) => asked.expires.is_none(),
        };
        self.agree(now, seconds, by_us);
        let refresher = if by_us { "uas" } else { "uac" };
        let require = if asked.supported { "Require: timer\r\n" } else { "" };
        format!("Session-Expires: {seconds};refresher={refresher}\r\n{require}").into_bytes()
    }

    // Takes in a 2xx to a request of ours (RFC 4028 section 7.2).
    fn accepted(&mut self, now: Time, m: &Message) {
        let (seconds, refresher) = read_expires(m);
        match seconds {
            Some(seconds) => {
                let by_us = !refresher.is_some_and(|r| r.eq_ignore_ascii_case(b"uas"));
                self.agree(now, seconds.clamp(LEAST, MOST), by_us);
            }
            None => self.agreed = None,
        }
    }
}

impl Endpoint {
    /// How often the far ends of calls have to be heard of, for all calls that begin from now on and are not told
    /// otherwise.
    pub fn set_session_timer(&mut self, timer: SessionTimer) {
        self.session_timer = timer;
    }

    /// [`Endpoint::set_session_timer`] for one call that came in and has no final answer yet.
    pub fn set_session_timer_of(&mut self, call: CallId, timer: SessionTimer) {
        if let Some(c) = self.calls.get_mut(call.0) {
            c.session.timer = timer.checked();
        }
    }

    /// Whether a request asks for an interval that is too short, and if so the line that says which is not.
    pub(crate) fn too_short(&self, key: Option<Key>, m: &Message) -> Option<String> {
        let asked = Asked::read(m);
        let timer = key.and_then(|k| self.calls.get(k)).map_or(self.session_timer, |c| c.session.timer);
        let min = timer.min.max(LEAST);
        let short = asked.supported && asked.expires.is_some_and(|s| s < min);
        short.then(|| format!("Min-SE: {min}\r\n"))
    }

    /// Takes in what a request of theirs asks for. It is settled with its 2xx.
    pub(crate) fn session_asked(&mut self, key: Key, m: &Message) {
        if let Some(c) = self.calls.get_mut(key) {
            c.session.asked = Some(Asked::read(m));
        }
    }

    /// The lines of our 2xx to such a request; the interval begins.
    pub(crate) fn session_answered(&mut self, now: Time, key: Key) -> Vec<u8> {
        let Some(c) = self.calls.get_mut(key) else { return Vec::new() };
        let lines = c.session.answered(now);
        self.rewake(key);
        lines
    }

    /// A 2xx to a request of ours: the interval begins.
    pub(crate) fn session_accepted(&mut self, now: Time, key: Key, m: &Message) {
        if let Some(c) = self.calls.get_mut(key) {
            c.session.accepted(now, m);
            self.rewake(key);
        }
    }

    /// Sends a request again with the longer interval that its answer (422) wants. Whether it did.
    pub(crate) fn ask_longer(&mut self, now: Time, tx: Key, code: u16, m: &Message) -> bool {
        let Some(key) = self.clients.get(tx).and_then(|t| t.owner.call()).filter(|_| code == 422) else {
            return false;
        };
        let Some(c) = self.calls.get_mut(key) else { return false };
        let min = read_min(m);
        let s = &mut c.session;
        if s.tries >= MAX_TRIES || m.value(Name::MinSe).is_none() || min > MOST {
            return false;
        }
        s.tries += 1;
        s.timer.min = s.timer.min.max(min);
        s.timer.expires = s.timer.expires.max(min);
        if let Some(a) = &mut s.agreed {
            a.seconds = a.seconds.max(min);
        }
        let lines = s.lines();
        self.send_again(now, tx, None, Some(lines))
    }

    /// A refresh of ours was refused: it is tried once more when half of what is left has passed.
    pub(crate) fn refresh_later(&mut self, now: Time, key: Key, at_once: bool) {
        let Some(a) = self.calls.get_mut(key).and_then(|c| c.session.agreed.as_mut()) else { return };
        let left = a.end_at.since(now) / 2;
        a.refresh_at = Some(if at_once { now } else { now + left }).filter(|_| left > BUSY);
        self.rewake(key);
    }

    pub(crate) fn on_session_wake(&mut self, now: Time, key: Key) {
        let Some(c) = self.calls.get_mut(key) else { return };
        let busy = c.is_exchanging();
        let unconfirmed = c.unacknowledged.as_ref().map(|u| u.until);
        let Some(a) = &mut c.session.agreed else { return };
        if a.end_at <= now {
            match unconfirmed {
                // BYE has to wait for an ACK; without one, the call ends by that.
                Some(until) => a.end_at = until + BUSY,
                None => {
                    let reason = "Reason: SIP;cause=408;text=\"Session timer expired\"\r\n";
                    self.send_bye(now, key, reason, Hangup::Expired, TIMER_EXPIRED);
                }
            }
            return;
        }
        if a.refresh_at.is_some_and(|at| at <= now) {
            a.refresh_at = busy.then(|| now + BUSY);
            if !busy {
                self.refresh(now, key);
            }
        }
    }

    fn refresh(&mut self, now: Time, key: Key) {
        let Some(c) = self.calls.get(key) else { return };
        if c.may_send(Method::Update) && !c.session.no_update {
            self.refresh_by(now, key, Method::Update, b"");
        } else if !c.session.description.is_empty() {
            let description = c.session.description.clone();
            self.refresh_by(now, key, Method::Invite, &description);
        }
    }
}

impl Call {
    /// Whether an offer or a refresh is open, either way.
    pub(crate) fn is_exchanging(&self) -> bool {
        self.offered.is_some() || self.offering.is_some() || self.unacknowledged.is_some()
    }
}
