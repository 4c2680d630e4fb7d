//! Which connection a request of ours goes over: one that is there, or another one.

use super::stream::Stream;
use super::{CONNECTIONS, SecurePeers, SipSockets};
use crate::adapt::{Failed, Guest, Unreached};
use sip::{Destination, Transport};
use std::net::SocketAddr;

impl SipSockets {
    /// A connection to a destination: the newest that is there and would do, or another one.
    pub(super) fn reach(&mut self, to: Destination, request: &[u8], peers: &dyn SecurePeers) -> Option<u64> {
        let name = peers.name(to.addr, request).filter(|_| to.transport == Transport::Tls);
        let there = self.serving(to.transport, to.addr, name);
        if let Some(id) = there.or_else(|| self.connect(to.addr, to.transport, name)) {
            return Some(id);
        }
        // The far end opened a connection, and nobody told us where it listens.
        let theirs = to.connection.filter(|id| self.connections.contains_key(id));
        let Some(instead) = peers.instead_of(to.connection?) else { return theirs };
        let name = peers.name(instead.addr, request).filter(|_| instead.transport == Transport::Tls);
        let known = self.serving(instead.transport, instead.addr, name);
        known.or_else(|| self.connect(instead.addr, instead.transport, name)).or(theirs)
    }

    /// The newest connection to an address that takes requests for whoever proves this name; `None` takes any.
    fn serving(&self, transport: Transport, addr: SocketAddr, name: Option<&str>) -> Option<u64> {
        let fits = |id: &u64| {
            let c = self.connections.get(id);
            c.is_some_and(|c| name.is_none() || c.name.as_deref() == name)
        };
        self.by_address.get(&(transport, addr))?.iter().rev().copied().find(fits)
    }

    pub(super) fn connect(
        &mut self,
        addr: SocketAddr,
        transport: Transport,
        name: Option<&str>,
    ) -> Option<u64> {
        if self.connections.len() >= CONNECTIONS {
            return None;
        }
        let tls = match transport {
            Transport::Tls => Some(self.tls.as_ref()?.connect(name?)?),
            _ => None,
        };
        let kind = socket2::Type::STREAM;
        let socket =
            socket2::Socket::new(socket2::Domain::for_address(addr), kind, Some(socket2::Protocol::TCP))
                .ok()?;
        socket.set_nonblocking(true).ok()?;
        match socket.connect(&addr.into()) {
            Ok(()) => {}
            Err(e) if e.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            Err(e) => {
                let name = name.map(Into::into);
                self.note(Failed { addr, name, cause: Unreached::of(&e), tls: None });
                return None;
            }
        }
        let id = self.add(Stream::new(socket.into(), tls), addr, transport, true, Guest::Known)?;
        if let Some(c) = self.connections.get_mut(&id) {
            c.name = name.map(Into::into);
        }
        Some(id)
    }

    /// Keeps what is to be told of a connection until somebody is there to be told.
    pub(super) fn note(&mut self, failed: Failed) {
        if self.failures.len() < CONNECTIONS {
            self.failures.push(failed);
        }
    }
}
