//! What we send.

use super::derive::{Use, transform};
use super::replay::guess;
use super::transform::Transform;
use super::{MasterKey, RTCP_CLEAR, UnusableKey, rtcp_stream, rtp_parts};

/// The highest number of a report (RFC 3711, 3.4); a key that made so many makes no more.
const LAST_REPORT: u32 = (1 << 31) - 1;

/// Protects the one stream of ours and its reports.
pub struct Outbound {
    rtp: Transform,
    rtcp: Transform,
    /// Number of the newest packet.
    newest: Option<u64>,
    next_report: u32,
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound").finish_non_exhaustive()
    }
}

impl Outbound {
    /// With a key of ours. Its name (MKI) is not put into packets.
    ///
    /// # Errors
    /// The crypto library does not take the key.
    pub fn new(master: &MasterKey) -> Result<Outbound, UnusableKey> {
        Ok(Outbound {
            rtp: transform(master, Use::Rtp)?,
            rtcp: transform(master, Use::Rtcp)?,
            newest: None,
            next_report: 0,
        })
    }

    /// Counts on from where another key left stream and reports, so that no number comes twice, should that key be used
    /// again.
    pub fn continue_from(&mut self, other: &Outbound) {
        self.newest = other.newest;
        self.next_report = other.next_report;
    }

    /// Protects an RTP packet of `len` bytes at the front of `out`, whose sequence numbers run on without a repetition.
    /// Gives the new length; `None` when there is no room, when it is no RTP packet, or when its number was used.
    pub fn protect_rtp(&mut self, out: &mut [u8], len: usize) -> Option<usize> {
        let (start, sequence, ssrc) = rtp_parts(out.get(..len)?)?;
        let index = match self.newest {
            None => u64::from(sequence),
            // A number used twice would give the key stream away.
            Some(newest) => guess(newest, sequence).filter(|index| *index > newest)?,
        };
        let whole = self.rtp.seal_rtp(out, start, len, ssrc, index)?;
        self.newest = Some(index);
        Some(whole)
    }

    /// Protects a compound RTCP packet of `len` bytes at the front of `out`. Gives the new length; `None` when there is
    /// no room.
    pub fn protect_rtcp(&mut self, out: &mut [u8], len: usize) -> Option<usize> {
        let ssrc = rtcp_stream(out.get(..len)?)?;
        if self.next_report > LAST_REPORT {
            return None;
        }
        let whole = self.rtcp.seal_rtcp(out, RTCP_CLEAR, len, ssrc, self.next_report)?;
        self.next_report += 1;
        Some(whole)
    }

    #[cfg(test)]
    pub(super) fn of_parts(rtp: Transform, rtcp: Transform, next_report: u32) -> Outbound {
        Outbound { rtp, rtcp, newest: None, next_report }
    }
}
