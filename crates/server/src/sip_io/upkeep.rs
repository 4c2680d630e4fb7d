//! How long connections last: what is slow or quiet is closed, what served long enough or began with another certificate
//! serves no more, and what is to last is kept awake.

use super::connection::Connection;
use super::{SipSockets, SipTaker};
use crate::adapt::{Guest, Now};
use crate::sip_tls::SipTls;
use rustix::event::epoll;
use sip::Transport;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// A message that has begun must be whole after this, in microseconds.
const SLOW: u64 = 20_000_000;
/// A connection on which nothing happens is closed after this, in microseconds.
const QUIET: u64 = 600_000_000;
/// A handshake must be over after this, in microseconds.
const HANDSHAKE: u64 = 10_000_000;
/// A stranger says something after this, in microseconds, or the connection is closed.
const STRANGER_SILENT: u64 = 30_000_000;
/// A connection that serves no more is closed after this, in microseconds: all but whoever rings has answered by then.
const RETIRED: u64 = 40_000_000;
/// Who still rings on it, whose answer comes there and nowhere else, is waited for so much longer, in microseconds.
const RINGS: u64 = 260_000_000;

/// How secure connections of ours are kept, in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Upkeep {
    /// One serves so long for new requests.
    pub renew: u64,
    /// So often something is said on one when nothing else is.
    pub keep_alive: u64,
}

impl Default for Upkeep {
    /// What Microsoft's proxies want: renewed within the hour, and never silent for two minutes.
    fn default() -> Self {
        Upkeep { renew: 55 * 60_000_000, keep_alive: 60_000_000 }
    }
}

impl SipSockets {
    /// Closes connections that are too slow or too quiet. Call it now and then.
    pub fn sweep(&mut self, now: Now, to: &mut dyn SipTaker) {
        self.now = now.mono;
        self.failures.drain(..).for_each(|failed| to.failed(&failed));
        if now.mono < self.swept + 1_000_000 {
            return;
        }
        self.swept = now.mono;
        self.broken.drain(..).for_each(|id| to.gone(id));
        for listener in self.listeners.iter_mut().filter(|l| l.deaf) {
            let Some(epoll) = &self.epoll else { break };
            let token = epoll::EventData::new_u64(listener.token);
            listener.deaf = epoll::add(epoll, &listener.socket, token, epoll::EventFlags::IN).is_err();
        }
        self.renew();
        let old: Vec<u64> = self
            .connections
            .iter()
            .filter(|(_, c)| {
                c.partial_since.is_some_and(|t| now.mono - t > SLOW)
                    || (c.stream.is_handshaking() && now.mono.saturating_sub(c.began) > HANDSHAKE)
                    || now.mono.saturating_sub(c.heard) > QUIET
                    || (c.guest == Guest::Stranger
                        && !c.spoke
                        && now.mono.saturating_sub(c.began) > STRANGER_SILENT)
            })
            .map(|(id, _)| *id)
            .collect();
        for id in old {
            let stalled = self.connections.get(&id).filter(|c| c.ours && c.stream.is_handshaking());
            if let Some(c) = stalled {
                to.failed(&c.stalled());
            }
            self.close(id, to);
        }
        let due = |c: &Connection, more: u64| c.closes.is_some_and(|t| now.mono > t + more);
        let retired: Vec<u64> =
            self.connections.iter().filter(|(_, c)| due(c, 0)).map(|(id, _)| *id).collect();
        if retired.is_empty() {
            return;
        }
        // Answers come over the connection of the request, so whoever rings there would never be heard again.
        let ringing = to.ringing();
        for id in retired {
            match (ringing.contains(&id), self.connections.get(&id).is_some_and(|c| due(c, RINGS))) {
                (true, false) => {}
                // Nobody waits for an answer that cannot come.
                (true, true) => self.close(id, to),
                // Nothing failed.
                (false, _) => drop(self.say_goodbye(id, to)),
            }
        }
    }

    /// Secure connections that served long enough, or began with a certificate that is not ours any more, serve no more;
    /// on those of ours that do, something is said now and then.
    fn renew(&mut self) {
        let (now, edition) = (self.now, self.tls.as_ref().map_or(0, SipTls::edition));
        let changed = std::mem::replace(&mut self.edition, edition) != edition;
        let mut quiet = Vec::new();
        for (id, c) in self.connections.iter_mut().filter(|(_, c)| c.transport == Transport::Tls) {
            let old = c.ours && now.saturating_sub(c.began) > self.upkeep.renew;
            if c.closes.is_none() && (changed || old) {
                c.closes = Some(now + RETIRED);
                takes_no_more(&mut self.by_address, c, *id);
            }
            let says_nothing = c.ours && c.unsent.is_empty() && !c.stream.is_handshaking();
            if says_nothing && c.closes.is_none() && now.saturating_sub(c.sent) > self.upkeep.keep_alive {
                c.sent = now;
                c.unsent_bytes += 4;
                c.unsent.push_back((Arc::from(*b"\r\n\r\n"), 0));
                quiet.push(*id);
            }
        }
        for id in quiet {
            // One that is broken is found so when it is read.
            let _ = self.write(id);
        }
    }

    /// Connections of ours to this address serve no more: what was asked on them is still answered.
    pub fn retire(&mut self, addr: SocketAddr) {
        let now = self.now;
        let old = self.connections.values_mut().filter(|c| c.ours && c.addr == addr && c.closes.is_none());
        old.for_each(|c| c.closes = Some(now + RETIRED));
        self.by_address.retain(|(_, to), ids| {
            ids.retain(|id| *to != addr || self.connections.get(id).is_none_or(|c| !c.ours));
            !ids.is_empty()
        });
    }
}

/// No new request goes over a connection any more.
pub(super) fn takes_no_more(
    by_address: &mut HashMap<(Transport, SocketAddr), Vec<u64>>,
    c: &Connection,
    id: u64,
) {
    let key = (c.transport, c.addr);
    if let Some(ids) = by_address.get_mut(&key) {
        ids.retain(|other| *other != id);
        if ids.is_empty() {
            by_address.remove(&key);
        }
    }
}
