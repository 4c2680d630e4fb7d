//! SRTP of a leg: taken off what comes before anything else is done with it, put on what goes out last of all.

use std::net::SocketAddr;

use super::remote::canonical;
use super::{DropReason, Leg};
use crate::rtp::is_rtcp;
use crate::srtp::{Inbound, Outbound, SrtpError, SrtpKeys};

struct Keyed {
    keys: SrtpKeys,
    inbound: Inbound,
    outbound: Outbound,
}

impl Keyed {
    /// For keys that were agreed after others: what they share goes on, and so does the count of packets, unless it is anew.
    fn after(before: Option<Keyed>, keys: &SrtpKeys, anew: bool) -> Option<Keyed> {
        let fresh = || Some((Inbound::new(&keys.theirs).ok()?, Outbound::new(&keys.ours).ok()?));
        let Some(before) = before else {
            let (inbound, outbound) = fresh()?;
            return Some(Keyed { keys: keys.clone(), inbound, outbound });
        };
        let (mut inbound, mut outbound) = fresh()?;
        if !anew {
            inbound.continue_from(&before.inbound);
            outbound.continue_from(&before.outbound);
        }
        if before.keys.theirs == keys.theirs {
            inbound = before.inbound;
        }
        if before.keys.ours == keys.ours {
            outbound = before.outbound;
        }
        Some(Keyed { keys: keys.clone(), inbound, outbound })
    }
}

/// Whether and how a leg's packets are protected.
#[derive(Default)]
pub(super) struct Protection {
    active: bool,
    /// Kept while the leg is plain in between, so that no number is used twice with one key. `None` while active when
    /// the keys cannot be used: then nothing comes in and nothing goes out.
    keyed: Option<Box<Keyed>>,
    /// The next datagram went through [`Leg::unprotect_rtp`] or [`Leg::unprotect_rtcp`].
    opened: bool,
}

impl Protection {
    pub(super) fn agree(&mut self, keys: Option<&SrtpKeys>, anew: bool) {
        self.active = keys.is_some();
        self.opened = false;
        let Some(keys) = keys else { return };
        if self.keyed.as_ref().is_some_and(|keyed| keyed.keys == *keys) {
            return;
        }
        let before = self.keyed.take().map(|keyed| *keyed);
        self.keyed = Keyed::after(before, keys, anew).map(Box::new);
    }

    /// Whether a datagram may be read, which counts once.
    pub(super) fn admits(&mut self) -> bool {
        std::mem::take(&mut self.opened) || !self.active
    }

    /// Protects an RTP packet of that length where it is to be; `None` when it must not go out.
    pub(super) fn protect_rtp(&mut self, out: &mut [u8], len: usize) -> Option<usize> {
        if !self.active {
            return Some(len);
        }
        self.keyed.as_mut()?.outbound.protect_rtp(out, len)
    }

    /// The same for reports.
    pub(super) fn protect_rtcp(&mut self, out: &mut [u8], len: usize) -> Option<usize> {
        if !self.active {
            return Some(len);
        }
        self.keyed.as_mut()?.outbound.protect_rtcp(out, len)
    }

    fn open(&mut self, datagram: &mut [u8], is_report: bool) -> Result<usize, DropReason> {
        let keyed = self.keyed.as_mut().ok_or(DropReason::Unauthenticated)?;
        let opened = if is_report {
            keyed.inbound.unprotect_rtcp(datagram)
        } else {
            keyed.inbound.unprotect_rtp(datagram)
        };
        let opened = opened.map_err(|error| match error {
            SrtpError::Malformed => DropReason::Malformed,
            SrtpError::Unauthenticated => DropReason::Unauthenticated,
            SrtpError::Replayed => DropReason::Replayed,
        });
        self.opened = opened.is_ok();
        opened
    }
}

impl Leg {
    /// Takes the protection off a datagram from the RTP socket, in place, and gives the length of what is then to be
    /// given to [`Leg::receive_rtp`]. A plain leg's datagram stays as it is.
    ///
    /// # Errors
    /// Why it is of no use; it is counted, and nothing else changes.
    pub fn unprotect_rtp(&mut self, from: SocketAddr, datagram: &mut [u8]) -> Result<usize, DropReason> {
        if !self.protection.active {
            return Ok(datagram.len());
        }
        let from = canonical(from);
        // Strangers are turned away before a key is turned for them.
        let remote = self
            .remote
            .as_ref()
            .filter(|remote| from == remote.source || remote.open || self.connectivity.knows(from, false));
        let result = match remote {
            None => Err(DropReason::Stranger),
            Some(remote) => {
                let is_report = remote.negotiated.rtcp_mux && is_rtcp(datagram);
                self.protection.open(datagram, is_report)
            }
        };
        result.inspect_err(|reason| self.dropped[*reason as usize] += 1)
    }

    /// The same for a datagram from the RTCP socket, which is then to be given to [`Leg::receive_rtcp`].
    ///
    /// # Errors
    /// As [`Leg::unprotect_rtp`].
    pub fn unprotect_rtcp(&mut self, from: SocketAddr, datagram: &mut [u8]) -> Result<usize, DropReason> {
        if !self.protection.active {
            return Ok(datagram.len());
        }
        let from = canonical(from);
        let may = self.remote.as_ref().is_some_and(|remote| remote.may_report(from));
        let result = match may || self.connectivity.knows(from, true) {
            true => self.protection.open(datagram, true),
            false => Err(DropReason::Stranger),
        };
        result.inspect_err(|reason| self.dropped[*reason as usize] += 1)
    }
}
