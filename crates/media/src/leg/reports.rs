//! RTCP: reports of ours when they are due, and what the other side's reports say.

use std::net::SocketAddr;

use super::remote::canonical;
use super::seeds::scramble;
use super::{DropReason, Leg, LegEvent};
use crate::Micros;
use crate::quality::Counted;
use crate::rtcp::{self, ReportBlock, RtcpPacket, RtcpWriter, SenderInfo};
use crate::rtp::is_rtcp;

/// A far end that reports more jitter than a minute is mistaken.
const MAX_JITTER: Micros = 60_000_000;
/// Mean time between RTCP reports (RFC 3550, 6.2).
const RTCP_INTERVAL: Micros = 5_000_000;

pub(super) struct Reports {
    pub(super) cname: Box<[u8]>,
    pub(super) chance: u64,
    pub(super) due: Option<Micros>,
    /// Packets sent at the last two reports: who sent nothing since then is not a sender any more.
    pub(super) packets_at: [u64; 2],
    /// The middle of the NTP time of our last reports, and when they left.
    pub(super) sent: [(u32, Micros); 4],
    pub(super) next_slot: usize,
    pub(super) round_trip: Option<Micros>,
    /// What the far end counted of our stream; `None` before its first report.
    pub(super) remote: Option<Counted>,
    pub(super) remote_jitter_us: Micros,
}

impl Reports {
    /// Between half and one and a half of the mean (RFC 3550, 6.3.1).
    pub(super) fn interval(&mut self) -> Micros {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        RTCP_INTERVAL / 2 + scramble(self.chance) % RTCP_INTERVAL
    }
}

impl Leg {
    /// Takes a datagram from the RTCP socket, after [`Leg::unprotect_rtcp`] where the leg is protected.
    pub fn receive_rtcp(&mut self, now: Micros, from: SocketAddr, datagram: &[u8]) -> Result<(), DropReason> {
        if !self.protection.admits() {
            self.dropped[DropReason::Unauthenticated as usize] += 1;
            return Err(DropReason::Unauthenticated);
        }
        self.take_reports(now, from, datagram)
    }

    pub(super) fn take_reports(
        &mut self,
        now: Micros,
        from: SocketAddr,
        datagram: &[u8],
    ) -> Result<(), DropReason> {
        let result = self.read_reports(now, canonical(from), datagram);
        if let Err(reason) = result {
            self.dropped[reason as usize] += 1;
        }
        result
    }

    fn read_reports(&mut self, now: Micros, from: SocketAddr, datagram: &[u8]) -> Result<(), DropReason> {
        let remote = self.remote.as_mut().ok_or(DropReason::NotNegotiated)?;
        let checked = self.connectivity.knows(from, !remote.negotiated.rtcp_mux);
        if !remote.may_report(from) && !checked {
            return Err(DropReason::Stranger);
        }
        if !is_rtcp(datagram) {
            return Err(DropReason::Malformed);
        }
        if from != remote.reports_from() && !checked {
            remote.rtcp_source = from;
            remote.rtcp_open = false;
        }
        for part in rtcp::parse(datagram) {
            let part = part.map_err(|_| DropReason::Malformed)?;
            match &part {
                RtcpPacket::SenderReport { ssrc, info, blocks } => {
                    if self.incoming.ssrc == Some(*ssrc) {
                        self.incoming.statistics.on_sender_report(now, info);
                    }
                    blocks.iter().for_each(|block| self.read_block(now, &block));
                }
                RtcpPacket::ReceiverReport { blocks, .. } => {
                    blocks.iter().for_each(|block| self.read_block(now, &block));
                }
                RtcpPacket::Bye { .. } => {
                    if self.incoming.ssrc.is_some_and(|ssrc| part.says_bye(ssrc)) {
                        self.tell_once(LegEvent::RemoteBye);
                    }
                }
                RtcpPacket::SourceDescription { .. } | RtcpPacket::Other { .. } => {}
            }
        }
        Ok(())
    }

    /// What a far end whose RTCP is read elsewhere says of our stream since it last did: packets that it should have got
    /// and lost, the jitter that it sees and the time there and back, both in microseconds.
    pub fn far_end_reported(
        &mut self,
        expected: u64,
        lost: u64,
        jitter_us: Micros,
        round_trip: Option<Micros>,
    ) {
        let before = self.reports.remote.unwrap_or_default();
        let expected = before.expected.saturating_add(expected);
        let lost = before.lost.saturating_add(lost).min(expected);
        self.reports.remote = Some(Counted { expected, lost });
        self.reports.remote_jitter_us = jitter_us.min(MAX_JITTER);
        if round_trip.is_some() {
            self.reports.round_trip = round_trip;
        }
    }

    fn read_block(&mut self, now: Micros, block: &ReportBlock) {
        if block.ssrc != self.outgoing.ssrc {
            return;
        }
        // What it expects is counted from our first packet; more than we sent nobody can expect, and a count that
        // began anew tells less than what we sent.
        let packets = self.outgoing.packets;
        let first = u32::from(self.outgoing.next_sequence).wrapping_sub(packets as u32) & 0xFFFF;
        let expected = (u64::from(block.highest_sequence.wrapping_sub(first)) + 1).min(packets);
        let lost = (block.cumulative_lost.max(0) as u64).min(expected);
        self.reports.remote = Some(Counted { expected, lost });
        self.reports.remote_jitter_us =
            (u64::from(block.jitter) * 1_000_000 / u64::from(self.outgoing.rate)).min(MAX_JITTER);
        // Only a report that quotes one of ours tells the round trip; zero means that it quotes none.
        if block.last_sr == 0 {
            return;
        }
        let quoted = self.reports.sent.iter().find(|(middle, _)| *middle == block.last_sr);
        if let Some((_, sent_at)) = quoted
            && let Some(time) = rtcp::round_trip(*sent_at, now, block.delay_since_last_sr)
        {
            self.reports.round_trip = Some(time);
        }
    }

    /// The RTCP report, when it is due (about every five seconds). `wall_ntp` is the wall clock as 64 bit NTP
    /// time; `out` should have room for 512 bytes.
    pub fn rtcp_due(&mut self, now: Micros, out: &mut [u8], wall_ntp: u64) -> Option<(usize, SocketAddr)> {
        if now < self.reports.due? {
            return None;
        }
        self.reports.due = Some(now.saturating_add(self.reports.interval()));
        self.report(now, out, wall_ntp, false)
    }

    /// The last RTCP packet, which says BYE. Nothing is due after it.
    pub fn goodbye(&mut self, now: Micros, out: &mut [u8], wall_ntp: u64) -> Option<(usize, SocketAddr)> {
        let sent = self.report(now, out, wall_ntp, true);
        self.reports.due = None;
        self.playing = None;
        self.keys.clear();
        self.mixer = None;
        self.speech = None;
        self.ear = None;
        self.grid = None;
        self.pauses.filled = false;
        self.pauses.saying = false;
        sent
    }

    fn report(
        &mut self,
        now: Micros,
        out: &mut [u8],
        wall_ntp: u64,
        bye: bool,
    ) -> Option<(usize, SocketAddr)> {
        let target = self.remote.as_ref()?.rtcp_target()?;
        let ssrc = self.outgoing.ssrc;
        let heard = self.incoming.ssrc.map(|theirs| self.incoming.statistics.report(now, theirs));
        let blocks = heard.as_slice();
        let sends = self.outgoing.packets > self.reports.packets_at[0];
        self.reports.packets_at = [self.reports.packets_at[1], self.outgoing.packets];
        let mut writer = RtcpWriter::new(out);
        let fits = if sends {
            let (timestamp, at) = self.outgoing.last;
            let elapsed = rtcp::ticks(now.saturating_sub(at), self.outgoing.rate) as u32;
            let info = SenderInfo {
                ntp: wall_ntp,
                rtp_timestamp: timestamp.wrapping_add(elapsed),
                packets: self.outgoing.packets as u32,
                octets: self.outgoing.bytes as u32,
            };
            self.reports.sent[self.reports.next_slot] = ((wall_ntp >> 16) as u32, now);
            self.reports.next_slot = (self.reports.next_slot + 1) % self.reports.sent.len();
            writer.sender_report(ssrc, &info, blocks)
        } else {
            writer.receiver_report(ssrc, blocks)
        };
        let fits = fits && writer.cname(ssrc, &self.reports.cname) && (!bye || writer.bye(ssrc));
        let len = writer.len();
        if !fits {
            return None;
        }
        Some((self.protection.protect_rtcp(out, len)?, target))
    }
}
