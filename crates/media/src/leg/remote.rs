//! Where the other side is, what was agreed with it, and when its address may be learned.

use std::net::SocketAddr;

use super::{Content, Leg};
use crate::Micros;
use crate::negotiate::Negotiated;

/// Whether the other side's address may be learned from its packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Learning {
    /// Packets come from exactly the address that was signalled, or are dropped.
    Never,
    /// The first valid packet after each negotiation fixes the address: for trunks that say they are behind
    /// NAT.
    FirstPacket,
}

pub(super) struct Remote {
    pub(super) negotiated: Negotiated,
    pub(super) learning: Learning,
    /// Where packets must come from: the last signalled address that is one, or what was learned.
    pub(super) source: SocketAddr,
    /// The signalled address that `source` began as.
    pub(super) signalled: SocketAddr,
    pub(super) rtcp_source: SocketAddr,
    /// Whether the next valid packet may still fix `source`.
    pub(super) open: bool,
    pub(super) rtcp_open: bool,
    /// Whether `source` was fixed by a packet before.
    pub(super) learned: bool,
}

impl Remote {
    pub(super) fn may_send(&self) -> bool {
        let signalled = self.negotiated.remote_rtp;
        self.negotiated.direction.sends() && !signalled.ip().is_unspecified() && signalled.port() != 0
    }

    pub(super) fn rtcp_target(&self) -> Option<SocketAddr> {
        if self.negotiated.remote_rtp.ip().is_unspecified() {
            return None;
        }
        Some(if self.negotiated.rtcp_mux { self.source } else { self.rtcp_source })
    }

    /// Where reports come from.
    pub(super) fn reports_from(&self) -> SocketAddr {
        if self.negotiated.rtcp_mux { self.source } else { self.rtcp_source }
    }

    /// Whether reports are taken from there: it is where they come from, or that may still be learned.
    pub(super) fn may_report(&self, from: SocketAddr) -> bool {
        let learnable = self.learning == Learning::FirstPacket
            && self.learned
            && self.rtcp_open
            && !self.negotiated.rtcp_mux
            && from.ip() == self.source.ip();
        from == self.reports_from() || learnable
    }

    pub(super) fn content_of(&self, payload_type: u8) -> Option<Content> {
        let agreed = &self.negotiated;
        if payload_type == agreed.recv_pt {
            return Some(Content::Audio(agreed.codec));
        }
        if agreed.dtmf_recv_pt == Some(payload_type) {
            return Some(Content::Event { clock: agreed.dtmf_clock });
        }
        if let Some((_, clock)) = agreed.also_dtmf_recv.filter(|(pt, _)| *pt == payload_type) {
            return Some(Content::Event { clock });
        }
        if agreed.noise_recv_pt == Some(payload_type) {
            return Some(Content::ComfortNoise);
        }
        let also = agreed.also_recv.iter().find(|(pt, _)| *pt == payload_type);
        also.map(|(_, codec)| Content::Audio(*codec))
    }

    /// Whether the other side owes us packets.
    pub(super) fn should_be_heard(&self) -> bool {
        self.negotiated.direction.receives() && !self.negotiated.remote_holds
    }
}

pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    // A socket for both families shows IPv4 addresses in IPv6 clothes.
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

impl Leg {
    /// Sets or changes what was agreed with the other side. The stream that goes out runs on; a prompt being
    /// played does too. A learned address is kept while the signalled one stays the same, so that a hold does
    /// not lose a telephone behind NAT, and the stream that was heard may move once.
    pub fn set_remote(&mut self, now: Micros, negotiated: Negotiated, learning: Learning) {
        let rtp = canonical(negotiated.remote_rtp);
        let rtcp = canonical(negotiated.remote_rtcp);
        let held = rtp.ip().is_unspecified();
        let may_learn = learning == Learning::FirstPacket;
        let mut remote = Remote {
            negotiated,
            learning,
            source: rtp,
            signalled: rtp,
            rtcp_source: rtcp,
            open: may_learn,
            rtcp_open: may_learn,
            learned: false,
        };
        if let Some(before) = &self.remote
            && (held || before.signalled == rtp)
        {
            remote.source = before.source;
            remote.signalled = before.signalled;
            remote.rtcp_source = before.rtcp_source;
            remote.learned = before.learned;
            if !may_learn {
                remote.source = remote.signalled;
                remote.learned = false;
            }
            if !held && (!may_learn || !before.learned) {
                remote.rtcp_source = rtcp;
            }
        }
        self.outgoing.set_clock(now, remote.negotiated.codec.clock());
        self.protection.agree(remote.negotiated.srtp.as_ref(), remote.negotiated.anew);
        self.connectivity.agree(remote.negotiated.ice.as_ref(), remote.negotiated.ice_peer.as_deref());
        self.connectivity.point(&mut remote);
        self.remote = Some(remote);
        self.agreement = self.agreement.wrapping_add(1);
        self.incoming.last_heard = now;
        self.pauses.since = self.pauses.since.max(now);
        self.timed_out = false;
        if self.reports.due.is_none() {
            self.reports.due = Some(now.saturating_add(self.reports.interval() / 2));
        }
    }

    /// Grows with each [`Leg::set_remote`]: what followed from the agreement before is to be looked at again.
    pub fn agreement(&self) -> u32 {
        self.agreement
    }

    /// Whether packets with that content can go out of this leg as they came, but for the law of G.711. Where nothing
    /// is agreed yet nothing goes out, and nothing has to be translated.
    pub fn passes(&self, content: Content) -> bool {
        match content {
            Content::Audio(codec) => self.negotiated().is_none_or(|agreed| codec.passes_as(agreed.codec)),
            Content::Event { .. } => true,
            // Nobody was asked for noise; who hears it needs it made.
            Content::ComfortNoise => self.negotiated().is_none(),
        }
    }

    /// What was agreed last.
    pub fn negotiated(&self) -> Option<&Negotiated> {
        self.remote.as_ref().map(|remote| &remote.negotiated)
    }

    /// Where packets come from and go to: signalled, or learned.
    pub fn remote(&self) -> Option<SocketAddr> {
        self.remote.as_ref().map(|remote| remote.source)
    }
}
