//! One connection, and what is told of it when it fails.

use super::stream::Stream;
use crate::adapt::{Failed, Guest, Unreached};
use sip::{Splitter, Transport};
use std::net::SocketAddr;
use std::sync::Arc;

/// One connection.
pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) transport: Transport,
    /// We opened it.
    pub(super) ours: bool,
    /// Who opened it.
    pub(super) guest: Guest,
    /// The far end proved a name.
    pub(super) proven: bool,
    /// The switch knows what it proved.
    pub(super) told: bool,
    pub(super) began: u64,
    pub(super) sent: u64,
    /// When it is closed, once it serves no more.
    pub(super) closes: Option<u64>,
    pub(super) addr: SocketAddr,
    /// The name that its far end has to prove; `None` where none is wanted.
    pub(super) name: Option<Box<str>>,
    pub(super) splitter: Splitter,
    pub(super) unsent: std::collections::VecDeque<(Arc<[u8]>, usize)>,
    pub(super) unsent_bytes: usize,
    pub(super) wants_write: bool,
    /// When something was heard. Only what has sent a message keeps its place by pings.
    pub(super) heard: u64,
    pub(super) spoke: bool,
    pub(super) partial_since: Option<u64>,
}

impl Connection {
    /// Whether a message may go over this connection: requests of ours do not go to a proven far end over a connection
    /// that it opened.
    pub(super) fn carries(&self, bytes: &[u8]) -> bool {
        self.ours || !self.proven || bytes.starts_with(b"SIP/2.0 ")
    }

    /// What is told of a connection of ours that fails before the far end said anything; of others nothing.
    pub(super) fn failed(&self, error: &std::io::Error) -> Option<Failed> {
        let tls = error.get_ref().filter(|e| e.is::<rustls::Error>()).map(ToString::to_string);
        let tells = self.ours && (tls.is_some() || !self.spoke);
        tells.then(|| Failed { addr: self.addr, name: self.name.clone(), cause: Unreached::of(error), tls })
    }

    /// A handshake of ours that was not over in time.
    pub(super) fn stalled(&self) -> Failed {
        // Nobody is at the other end of a socket that is not connected.
        let is_connected = self.stream.socket.peer_addr().is_ok();
        let cause = if is_connected { Unreached::HandshakeTimeout } else { Unreached::ConnectTimeout };
        Failed { addr: self.addr, name: self.name.clone(), cause, tls: None }
    }
}
