//! Counters of a leg.

use super::{DropReason, Leg};
use crate::Micros;

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
    pub dropped: [u64; 9],
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
    /// The counters.
    pub fn stats(&self) -> LegStats {
        let statistics = &self.incoming.statistics;
        let (packets, bytes, lost) = self.incoming.before;
        LegStats {
            received_packets: packets + statistics.received(),
            received_bytes: bytes + statistics.bytes(),
            lost: lost + statistics.lost(),
            jitter_us: statistics.jitter_micros(),
            sent_packets: self.outgoing.packets,
            sent_bytes: self.outgoing.bytes,
            remote_lost: self.reports.remote_lost,
            remote_jitter_us: u64::from(self.reports.remote_jitter) * 1_000_000
                / u64::from(self.outgoing.rate),
            round_trip_us: self.reports.round_trip,
            dropped: self.dropped,
            relay_refused: self.relay_refused,
        }
    }
}
