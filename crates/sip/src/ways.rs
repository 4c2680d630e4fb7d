//! Where requests inside a call go whose far end names its next hop and gives no address, and going on elsewhere when nobody
//! is there: each request is sent to the next way as a new one (RFC 3263 section 4.3).

use crate::call::CallId;
use crate::dialog::Dialog;
use crate::endpoint::{Destination, Endpoint};
use crate::slots::Key;
use crate::time::Time;
use crate::transaction::ClientState;
use core::net::SocketAddr;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

/// The most ways that one request tries.
const MAX_WAYS: usize = 8;
/// The most names whose places are known.
const MAX_NAMES: usize = 256;

/// A next hop: its name in lower case, and its port if it has one.
pub type HopName = (String, Option<u16>);

/// What a call's dialog knows of its ways.
#[derive(Clone)]
pub(crate) struct Ways {
    all: Arc<[Destination]>,
    patience: Duration,
    /// Where nobody was, in this call: those are tried last.
    failed: Vec<SocketAddr>,
}

/// Where a request goes when nobody is where it went.
#[derive(Clone)]
pub(crate) struct Elsewhere {
    then: VecDeque<Destination>,
    patience: Duration,
}

impl Endpoint {
    /// Says where requests of ours in a call go as long as the far end names its next hop and gives no address: to where
    /// that name is known to be ([`Endpoint::set_places`]), then to these, and without any to where its last message came
    /// from. The next one is tried when one cannot be reached, answers 503, or says nothing for `patience`. Said of a call that
    /// is not answered yet, it holds from the ACK on.
    pub fn set_ways(&mut self, call: CallId, ways: &[Destination], patience: Duration) {
        if let Some(c) = self.calls.get_mut(call.0) {
            c.dialog.ways = Some(Box::new(Ways { all: ways.into(), patience, failed: Vec::new() }));
        }
    }

    /// Where a next hop is, as far as is known now; nowhere forgets it. Of more than 256 names no further ones are taken.
    pub fn set_places(&mut self, name: HopName, places: Vec<Destination>) {
        if places.is_empty() {
            self.places.remove(&name);
        } else if self.places.len() < MAX_NAMES || self.places.contains_key(&name) {
            self.places.insert(name, places);
        }
    }

    /// The next hop of requests of ours in a call, where the far end names one.
    pub fn next_hop_of(&self, call: CallId) -> Option<HopName> {
        self.calls.get(call.0)?.dialog.hop_name()
    }

    /// Where a request inside a dialog goes, and where it goes when nobody is there.
    pub(crate) fn hops(&self, dialog: &Dialog, last: Destination) -> (Destination, Option<Box<Elsewhere>>) {
        let (Some(ways), Some(name)) = (&dialog.ways, dialog.hop_name()) else {
            return (dialog.next_hop(last), None);
        };
        let mut all: Vec<Destination> = Vec::new();
        for to in self.places.get(&name).into_iter().flatten().chain(ways.all.iter()) {
            if all.len() < MAX_WAYS && !all.contains(to) {
                all.push(*to);
            }
        }
        all.sort_by_key(|to| ways.failed.contains(&to.addr));
        let mut then = VecDeque::from(all);
        match then.pop_front() {
            Some(first) => (first, Some(Box::new(Elsewhere { then, patience: ways.patience }))),
            None => (last, None),
        }
    }

    /// A request was sent that may go elsewhere: it waits for a word no longer than that.
    pub(crate) fn hurry(&mut self, now: Time, key: Key) {
        let elsewhere = self.clients.get(key).and_then(|tx| tx.elsewhere.as_ref());
        if let Some(e) = elsewhere.filter(|e| !e.then.is_empty()) {
            self.hurries.insert((now + e.patience, key));
        }
    }

    /// Requests that nobody said a word to go elsewhere.
    pub(crate) fn on_hurries(&mut self, now: Time) {
        while let Some((at, key)) = self.hurries.first().copied().filter(|(at, _)| *at <= now) {
            self.hurries.remove(&(at, key));
            if self.clients.get(key).is_some_and(|tx| tx.state == ClientState::Calling) {
                self.go_elsewhere(now, key);
            }
        }
    }

    /// Sends a request to its next way, because nobody is where it went. Whether there was one; then its transaction is gone.
    pub(crate) fn go_elsewhere(&mut self, now: Time, key: Key) -> bool {
        let Some(tx) = self.clients.get_mut(key) else { return false };
        let (was, owner) = (tx.to.addr, tx.owner);
        let Some(next) = tx.elsewhere.as_mut().and_then(|e| e.then.pop_front()) else { return false };
        tx.to = next;
        let c = owner.call().and_then(|call| self.calls.get_mut(call));
        if let Some(ways) = c.and_then(|c| c.dialog.ways.as_mut()) {
            if !ways.failed.contains(&was) && ways.failed.len() < MAX_WAYS {
                ways.failed.push(was);
            }
        }
        let sent = self.send_again(now, key, None, None);
        if sent {
            self.clients.remove(key);
        }
        sent
    }
}
