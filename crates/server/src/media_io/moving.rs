//! A leg goes from one media thread to another, so that it can be heard with legs that are there.
//!
//! Whoever orders it tells the thread that takes the leg first, and goes on to say things there at once: what is said waits
//! until the leg has come.

use crate::adapt::{MediaCommand, MediaId};
use crate::mailbox::Sender;
use crate::media_io::thread::{LegIo, Order, Wire, Worker};
use media::leg::Leg;
use rustix::event::epoll;
use std::collections::{BTreeSet, VecDeque};

/// The most commands that wait for a leg: it comes within a turn of the other thread.
const MOST: usize = 10_000;

/// A leg on its way, with its sockets.
pub(super) struct Moved {
    leg: Leg,
    io: LegIo,
}

/// Legs that are to come, and what waits for them.
#[derive(Default)]
pub(super) struct Awaited {
    legs: BTreeSet<MediaId>,
    commands: VecDeque<MediaCommand>,
}

impl Awaited {
    /// A leg is to come.
    pub(super) fn expect(&mut self, leg: MediaId) {
        self.legs.insert(leg);
    }

    /// Keeps a command until all legs are here; gives it back where none is awaited.
    pub(super) fn keep(&mut self, command: MediaCommand) -> Option<MediaCommand> {
        if self.legs.is_empty() || self.commands.len() >= MOST {
            return Some(command);
        }
        self.commands.push_back(command);
        None
    }

    /// A leg is here, or never comes. What waited, where nothing else is awaited.
    fn came(&mut self, leg: MediaId) -> VecDeque<MediaCommand> {
        self.legs.remove(&leg);
        if self.legs.is_empty() { std::mem::take(&mut self.commands) } else { VecDeque::new() }
    }
}

impl Worker {
    /// A leg goes to another thread. One that is gone, or is a browser's, does not.
    pub(super) fn leave(&mut self, leg: MediaId, to: &Sender<Order>) {
        let moved = self.take_out(leg).map(Box::new);
        to.send(Order::Arrive { leg, moved });
    }

    fn take_out(&mut self, id: MediaId) -> Option<Moved> {
        let slot = self.slot(id)?;
        let Wire::Ports { rtp, rtcp } = &self.legs.get(slot)?.as_ref()?.wire else { return None };
        for socket in [rtp, rtcp] {
            let _ = epoll::delete(&self.epoll, socket);
        }
        let now = self.now();
        self.by_id.remove(&id);
        Some(Moved { leg: self.bridge.remove(now, slot)?, io: self.legs.get_mut(slot)?.take()? })
    }

    /// A leg comes from another thread, or does not: what waited for it is done.
    pub(super) fn arrive(&mut self, id: MediaId, moved: Option<Box<Moved>>) {
        if let Some(moved) = moved {
            let Moved { leg, mut io } = *moved;
            let slot = self.bridge.add(leg);
            // What the other thread's heap holds is of its own.
            io.wakes = u64::MAX;
            self.seat(slot, io);
            self.schedule(slot);
        }
        for command in self.awaited.came(id) {
            self.obey_command(command);
        }
    }
}

#[cfg(test)]
mod tests;
