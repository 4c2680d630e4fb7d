//! What a datagram on the RTP port turned out to be.

use std::fmt;

use crate::dtmf::Digit;
use crate::g711::Law;
use crate::negotiate::Codec;
use crate::rtp::RtpHeader;

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// Audio in that codec.
    Audio(Codec),
    /// A telephone event (RFC 4733), by a clock that counts so many units a second.
    Event {
        /// 8000 or 48000.
        clock: u32,
    },
    /// What silence sounds like (RFC 3389), from a far end that announced it.
    ComfortNoise,
}

/// A received packet, to be relayed or recorded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What the payload is.
    pub content: Content,
    /// The header as it came.
    pub header: RtpHeader,
    /// The payload as it came.
    pub payload: &'a [u8],
}

impl Packet<'_> {
    /// The law, when the packet carries G.711.
    pub fn law(&self) -> Option<Law> {
        match self.content {
            Content::Audio(codec) => codec.law(),
            Content::Event { .. } | Content::ComfortNoise => None,
        }
    }
}

impl fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("content", &self.content)
            .field("header", &self.header)
            .field("payload_len", &self.payload.len())
            .finish()
    }
}

/// What a datagram on the RTP port turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received<'a> {
    /// Audio, or comfort noise in its place.
    Audio(Packet<'a>),
    /// A telephone event; `pressed` is set once per key, at its first packet.
    Dtmf {
        /// The key that was newly pressed.
        pressed: Option<Digit>,
        /// The packet, which may be relayed.
        packet: Packet<'a>,
    },
    /// Taken in and to be given to nobody, because keys are reported or everything is withheld
    /// ([`KeyMode`](super::KeyMode)).
    Kept {
        /// Whether it is the first packet of a telephone event.
        pressed: bool,
    },
    /// RTCP on the shared port; it was taken care of.
    Rtcp,
    /// Not for us, or useless.
    Dropped(DropReason),
}

/// Why a datagram was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// Nothing is negotiated yet.
    NotNegotiated,
    /// It came from another address than was signalled or learned.
    Stranger,
    /// It is not RTP, or not RTCP on the RTCP port.
    Malformed,
    /// Its payload number was not agreed on.
    PayloadType,
    /// It was seen before.
    Duplicate,
    /// Its sequence number is far off; the next one will tell.
    Jump,
    /// We said that we do not receive now.
    NotReceiving,
    /// Comfort noise that was not announced.
    ComfortNoise,
    /// It belongs to what was withheld, and came after the end of that.
    Withheld,
    /// It was not made with the agreed key, was changed on its way, or is not protected at all.
    Unauthenticated,
    /// It came before, protected as it was.
    Replayed,
}

impl DropReason {
    /// All reasons, in the order of [`LegStats::dropped`].
    pub const ALL: [DropReason; 11] = [
        DropReason::NotNegotiated,
        DropReason::Stranger,
        DropReason::Malformed,
        DropReason::PayloadType,
        DropReason::Duplicate,
        DropReason::Jump,
        DropReason::NotReceiving,
        DropReason::ComfortNoise,
        DropReason::Withheld,
        DropReason::Unauthenticated,
        DropReason::Replayed,
    ];

    /// A short name for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            DropReason::NotNegotiated => "not_negotiated",
            DropReason::Stranger => "stranger",
            DropReason::Malformed => "malformed",
            DropReason::PayloadType => "payload_type",
            DropReason::Duplicate => "duplicate",
            DropReason::Jump => "jump",
            DropReason::NotReceiving => "not_receiving",
            DropReason::ComfortNoise => "comfort_noise",
            DropReason::Withheld => "withheld",
            DropReason::Unauthenticated => "unauthenticated",
            DropReason::Replayed => "replayed",
        }
    }
}
