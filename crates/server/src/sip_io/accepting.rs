//! Connections that others open: who gets a place, and who may begin a handshake.

use super::connection::Connection;
use super::handshakes::{Place, UnderWay, is_same_network, place};
use super::stream::Stream;
use super::{CONNECTIONS, SipSockets, SipTaker, TURN};
use crate::adapt::Guest;
use rustix::event::epoll;
use sip::Transport;
use std::io::ErrorKind;
use std::net::IpAddr;

/// Connections of one address at a time.
const OF_ONE_ADDRESS: usize = 200;
/// Of connections, so many are left for those whom the configuration names, for telephones that are registered, and for
/// connections of ours: strangers, however many, take no line from anybody.
const KEPT_CONNECTIONS: usize = 500;
/// Connections of one stranger's network on which nothing was said yet.
pub(super) const SILENT_STRANGERS: usize = 20;

impl SipSockets {
    pub(super) fn accept(&mut self, token: u64, to: &mut dyn SipTaker) {
        let Some(listener) = self.listeners.iter_mut().find(|l| l.token == token) else { return };
        for _ in 0..TURN {
            let (stream, addr) = match listener.socket.accept() {
                Ok(accepted) => accepted,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                // Out of files and its like: epoll would say at once that somebody still waits, so it is asked again
                // only when connections are swept.
                Err(_) => {
                    if let Some(epoll) = &self.epoll {
                        listener.deaf = epoll::delete(epoll, &listener.socket).is_ok();
                    }
                    return;
                }
            };
            // A place is for whoever may say something; dropping it here closes it.
            let Some(guest) = to.admits(addr.ip()) else { continue };
            let same = self.connections.values().filter(|c| c.addr.ip() == addr.ip()).count();
            let kept = match guest {
                Guest::Known => 0,
                Guest::Stranger => KEPT_CONNECTIONS,
            };
            let silent = |c: &&Connection| {
                c.guest == Guest::Stranger && !c.spoke && is_same_network(c.addr.ip(), addr.ip())
            };
            let is_crowd = guest == Guest::Stranger
                && self.connections.values().filter(silent).count() >= SILENT_STRANGERS;
            if self.connections.len() >= CONNECTIONS - kept || same >= OF_ONE_ADDRESS || is_crowd {
                // Dropped here, which closes it.
                continue;
            }
            let transport = listener.transport;
            let tls = match transport {
                Transport::Tls => {
                    if !self.may_shake(addr.ip(), guest, to) {
                        to.crowded();
                        return;
                    }
                    let asks = to.asks_for_names(addr.ip());
                    let Some(tls) = self.tls.as_ref().and_then(|tls| tls.accept(asks)) else { return };
                    Some(tls)
                }
                _ => None,
            };
            self.add(Stream::new(stream, tls), addr, transport, false, guest);
            return;
        }
    }

    /// Whether somebody may begin a handshake. One that stalls may be closed for it.
    fn may_shake(&mut self, ip: IpAddr, guest: Guest, to: &mut dyn SipTaker) -> bool {
        let shaking = self.connections.iter().filter(|(_, c)| !c.ours && c.stream.is_handshaking());
        let all: Vec<UnderWay> = shaking
            .map(|(id, c)| UnderWay { id: *id, ip: c.addr.ip(), guest: c.guest, began: c.began })
            .collect();
        let found = place(&all, self.now, ip, guest);
        if found == Place::None || !self.begun.may_begin(self.now, ip, guest) {
            return false;
        }
        if let Place::Of(id) = found {
            to.crowded();
            self.close(id, to);
        }
        true
    }
}
