//! What comes in: who may send, what it carries, and what is counted.

use std::net::SocketAddr;

use super::remote::canonical;
use super::{Content, DropReason, Leg, LegEvent, Packet, Received};
use crate::Micros;
use crate::dtmf::DtmfReceiver;
use crate::quality::Counted;
use crate::rtcp::ReceiverStatistics;
use crate::rtp::{RtpPacket, Sequence, is_rtcp};

/// Comfort noise (RFC 3389): some send it without having said so. It proves that they are alive, no more.
const COMFORT_NOISE: u8 = 13;

pub(super) struct Incoming {
    pub(super) ssrc: Option<u32>,
    pub(super) statistics: ReceiverStatistics,
    pub(super) dtmf: DtmfReceiver,
    /// Of streams that ended because the SSRC changed.
    pub(super) before: Before,
    pub(super) last_heard: Micros,
}

/// What was counted of streams that ended.
#[derive(Default)]
pub(super) struct Before {
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) expected: u64,
    pub(super) lost: u64,
}

impl Incoming {
    /// Packets that should have come, and those of them that did not.
    pub(super) fn counted(&self) -> Counted {
        Counted {
            expected: self.before.expected + self.statistics.expected(),
            lost: self.before.lost + self.statistics.lost(),
        }
    }

    pub(super) fn follow(&mut self, ssrc: u32) {
        if self.ssrc == Some(ssrc) {
            return;
        }
        self.before.packets += self.statistics.received();
        self.before.bytes += self.statistics.bytes();
        self.before.expected += self.statistics.expected();
        self.before.lost += self.statistics.lost();
        let clock = self.statistics.clock();
        self.statistics = ReceiverStatistics::default();
        self.statistics.set_clock(clock);
        self.dtmf = DtmfReceiver::default();
        self.ssrc = Some(ssrc);
    }
}

impl Leg {
    pub(super) fn drop_as<'a>(&mut self, reason: DropReason) -> Received<'a> {
        self.dropped[reason as usize] += 1;
        Received::Dropped(reason)
    }

    /// Takes a datagram from the RTP socket, after [`Leg::unprotect_rtp`] where the leg is protected.
    pub fn receive_rtp<'a>(&mut self, now: Micros, from: SocketAddr, datagram: &'a [u8]) -> Received<'a> {
        let from = canonical(from);
        let admitted = self.protection.admits();
        let checked = self.connectivity.knows(from, false);
        let Some(remote) = &mut self.remote else { return self.drop_as(DropReason::NotNegotiated) };
        if !admitted {
            return self.drop_as(DropReason::Unauthenticated);
        }
        if remote.negotiated.rtcp_mux && is_rtcp(datagram) {
            return match self.take_reports(now, from, datagram) {
                Ok(()) => Received::Rtcp,
                Err(reason) => Received::Dropped(reason),
            };
        }
        // Strangers are turned away before a byte of theirs is read.
        if from != remote.source && !remote.open && !checked {
            return self.drop_as(DropReason::Stranger);
        }
        let Ok(packet) = RtpPacket::parse(datagram) else { return self.drop_as(DropReason::Malformed) };
        let header = packet.header;
        let content = remote.content_of(header.payload_type);
        if content.is_none() && header.payload_type != COMFORT_NOISE {
            return self.drop_as(DropReason::PayloadType);
        }
        if remote.open && content.is_some() {
            // Where a stream was heard before, only that stream may move: a stranger does not know its SSRC.
            let known = !remote.learned || self.incoming.ssrc == Some(header.ssrc);
            if from != remote.source && !known {
                return self.drop_as(DropReason::Stranger);
            }
            let moved = from != remote.source;
            remote.source = from;
            remote.open = false;
            remote.learned = true;
            if moved {
                remote.rtcp_open = true;
                self.tell_once(LegEvent::RemoteLearned);
            }
        } else if from != remote.source && !checked {
            return self.drop_as(DropReason::Stranger);
        }

        self.incoming.follow(header.ssrc);
        self.incoming.last_heard = now;
        self.timed_out = false;
        if let Some(Content::Audio(codec)) = content {
            self.incoming.statistics.set_clock(codec.clock());
        }
        let timed = matches!(content, Some(Content::Audio(_)));
        match self.incoming.statistics.on_packet(now, &header, packet.payload.len(), timed) {
            Sequence::Duplicate => return self.drop_as(DropReason::Duplicate),
            Sequence::Jump => return self.drop_as(DropReason::Jump),
            Sequence::New(_) | Sequence::Late(_) | Sequence::Restarted(_) => {}
        }
        let Some(content) = content else { return self.drop_as(DropReason::ComfortNoise) };
        if !self.remote.as_ref().is_some_and(|remote| remote.negotiated.direction.receives()) {
            return self.drop_as(DropReason::NotReceiving);
        }
        let packet = Packet { content, header, payload: packet.payload };
        let pressed = match content {
            // The way of nearly every packet.
            Content::Audio(_) | Content::ComfortNoise if self.keys_in.is_idle() => {
                return Received::Audio(packet);
            }
            Content::Audio(_) | Content::ComfortNoise => None,
            Content::Event { .. } => {
                self.incoming.dtmf.on_packet(now, header.marker, header.timestamp, packet.payload)
            }
        };
        self.pass_or_keep(now, packet, pressed)
    }
}
