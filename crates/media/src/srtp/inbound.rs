//! What the far end sends.

use super::derive::{Use, transform};
use super::replay::{Window, guess};
use super::transform::Transform;
use super::{MasterKey, RTCP_CLEAR, SrtpError, UnusableKey, rtcp_stream, rtp_parts};

/// Streams that are told apart at a time; of more, the one that was heard longest ago is forgotten. A far end has one, and
/// another after a transfer or when it forks a call.
const MAX_STREAMS: usize = 16;

struct Stream {
    ssrc: u32,
    window: Window,
}

/// Streams by name, the one heard last in front.
#[derive(Default)]
struct Streams(Vec<Stream>);

impl Streams {
    fn find(&self, ssrc: u32) -> Option<&Window> {
        self.0.iter().find(|stream| stream.ssrc == ssrc).map(|stream| &stream.window)
    }

    fn note(&mut self, ssrc: u32, index: u64) {
        match self.0.iter().position(|stream| stream.ssrc == ssrc) {
            Some(0) => {}
            Some(at) => self.0[..=at].rotate_right(1),
            None => {
                self.0.truncate(MAX_STREAMS - 1);
                self.0.insert(0, Stream { ssrc, window: Window::first(index) });
            }
        }
        if let Some(stream) = self.0.first_mut() {
            stream.window.note(index);
        }
    }
}

/// Takes the protection off what the far end sends.
pub struct Inbound {
    rtp: Transform,
    rtcp: Transform,
    mki: Box<[u8]>,
    streams: Streams,
    reports: Streams,
}

impl std::fmt::Debug for Inbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbound").field("streams", &self.streams.0.len()).finish_non_exhaustive()
    }
}

impl Inbound {
    /// With the far end's key. Where it has a name (MKI), each packet must carry it.
    ///
    /// # Errors
    /// The crypto library does not take the key.
    pub fn new(master: &MasterKey) -> Result<Inbound, UnusableKey> {
        Ok(Inbound {
            rtp: transform(master, Use::Rtp)?,
            rtcp: transform(master, Use::Rtcp)?,
            mki: master.mki().into(),
            streams: Streams(Vec::with_capacity(MAX_STREAMS)),
            reports: Streams(Vec::with_capacity(MAX_STREAMS)),
        })
    }

    /// Streams of another key that may run on under this one keep their counters.
    pub fn continue_from(&mut self, other: &Inbound) {
        let known = other.streams.0.iter();
        self.streams.0.extend(
            known.map(|stream| Stream {
                ssrc: stream.ssrc,
                window: Window::continued(stream.window.newest()),
            }),
        );
    }

    /// Takes the protection off an RTP packet in place and gives the length of the plain packet.
    ///
    /// # Errors
    /// Why it is not to be used; then nothing changed but the packet's own bytes.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let (start, sequence, ssrc) = rtp_parts(packet).ok_or(SrtpError::Malformed)?;
        let known = self.streams.find(ssrc);
        let index = match known {
            None => u64::from(sequence),
            Some(window) => {
                let index = guess(window.newest(), sequence).ok_or(SrtpError::Replayed)?;
                if !window.is_new(index) {
                    return Err(SrtpError::Replayed);
                }
                index
            }
        };
        let len = self.take_mki(packet, self.rtp.tag(), true)?;
        let packet = packet.get_mut(..len).ok_or(SrtpError::Malformed)?;
        let len = self.rtp.open_rtp(packet, start, ssrc, index)?;
        self.streams.note(ssrc, index);
        Ok(len)
    }

    /// Takes the protection off a compound RTCP packet in place and gives the length of the plain packet.
    ///
    /// # Errors
    /// Why it is not to be used; then nothing changed but the packet's own bytes.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let ssrc = rtcp_stream(packet).ok_or(SrtpError::Malformed)?;
        let len = self.take_mki(packet, self.rtcp.tag(), false)?;
        let packet = packet.get_mut(..len).ok_or(SrtpError::Malformed)?;
        let (_, index, _) = self.rtcp.report_index(packet).ok_or(SrtpError::Malformed)?;
        let index = u64::from(index);
        if self.reports.find(ssrc).is_some_and(|window| !window.is_new(index)) {
            return Err(SrtpError::Replayed);
        }
        let len = self.rtcp.open_rtcp(packet, RTCP_CLEAR, ssrc)?;
        self.reports.note(ssrc, index);
        Ok(len)
    }

    /// Takes the key's name out of a packet, so that the tag follows what it is for, and gives the length that is left.
    /// The name stands before the tag, with GCM at the very end (RFC 7714, 8.2 and 9.2).
    fn take_mki(&self, packet: &mut [u8], tag: usize, is_rtp: bool) -> Result<usize, SrtpError> {
        if self.mki.is_empty() {
            return Ok(packet.len());
        }
        let transform = if is_rtp { &self.rtp } else { &self.rtcp };
        let behind = if matches!(transform, Transform::Gcm { .. }) { 0 } else { tag };
        let end = packet.len().checked_sub(behind).ok_or(SrtpError::Malformed)?;
        let at = end.checked_sub(self.mki.len()).ok_or(SrtpError::Malformed)?;
        if packet.get(at..end) != Some(&self.mki[..]) {
            return Err(SrtpError::Unauthenticated);
        }
        packet.copy_within(end.., at);
        Ok(packet.len() - self.mki.len())
    }

    #[cfg(test)]
    pub(super) fn of_parts(rtp: Transform, rtcp: Transform) -> Inbound {
        Inbound { rtp, rtcp, mki: Box::default(), streams: Streams::default(), reports: Streams::default() }
    }
}
