//! Counters of a leg.

use super::{DropReason, Leg};
use crate::Micros;
use crate::quality::{Path, Quality};

/// Counters of a leg since its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LegStats {
    /// Packets received and taken.
    pub received_packets: u64,
    /// Their payload in bytes.
    pub received_bytes: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Interarrival jitter of what we receive, in microseconds (RFC 3550, A.8).
    pub jitter_us: Micros,
    /// Packets sent.
    pub sent_packets: u64,
    /// Their payload in bytes.
    pub sent_bytes: u64,
    /// Packets of ours that the other side says it lost.
    pub remote_lost: u64,
    /// Jitter that the other side says it sees, in microseconds.
    pub remote_jitter_us: Micros,
    /// The last measured time there and back, in microseconds.
    pub round_trip_us: Option<Micros>,
    /// Dropped datagrams by reason, in the order of [`DropReason::ALL`].
    pub dropped: [u64; DropReason::ALL.len()],
    /// Packets of the peer that [`Leg::relay`] did not send.
    pub relay_refused: u64,
}

impl LegStats {
    /// Datagrams dropped for one reason.
    pub fn dropped_for(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }
}

impl Leg {
    /// How well the leg is heard and hears since its beginning, and since this was asked last; `None` before anything
    /// was agreed.
    pub fn measure(&mut self) -> Option<Quality> {
        let agreed = self.negotiated()?;
        let round_trip_us = self.reports.round_trip;
        let path = Path { codec: agreed.codec, round_trip_us, packet_ms: agreed.packet_ms() };
        let [heard_before, sent_before] = self.measured;
        let heard = Some(self.incoming.counted()).filter(|counted| counted.expected > 0);
        let sent = self.reports.remote;
        self.measured = [heard.unwrap_or(heard_before), sent.unwrap_or(sent_before)];
        Some(Quality {
            codec: path.codec,
            heard: heard.map(|c| path.judge(c, heard_before, self.incoming.statistics.jitter_micros())),
            sent: sent.map(|c| path.judge(c, sent_before, self.reports.remote_jitter_us)),
            round_trip_us,
        })
    }

    /// The counters.
    pub fn stats(&self) -> LegStats {
        let statistics = &self.incoming.statistics;
        let before = &self.incoming.before;
        LegStats {
            received_packets: before.packets + statistics.received(),
            received_bytes: before.bytes + statistics.bytes(),
            lost: self.incoming.counted().lost,
            jitter_us: statistics.jitter_micros(),
            sent_packets: self.outgoing.packets,
            sent_bytes: self.outgoing.bytes,
            remote_lost: self.reports.remote.map_or(0, |remote| remote.lost),
            remote_jitter_us: self.reports.remote_jitter_us,
            round_trip_us: self.reports.round_trip,
            dropped: self.dropped,
            relay_refused: self.relay_refused,
        }
    }
}
