//! What phones are told and say: datagrams in and out, and what their people have to know.

use sip::Hangup;
use std::net::SocketAddr;
use std::sync::Arc;

/// One phone with one call, from its first message to its end. Never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PhoneId(pub(super) u64);

/// What a phone sends while it is in a call and does not hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Audio {
    /// Packets of silence.
    Silence,
    /// A sine of so many hertz.
    Tone(u32),
    /// A made-up voice whose fundamental is so many hertz.
    Voice(u32),
}

/// What happened.
#[derive(Clone, Copy)]
pub enum PhonesInput<'a> {
    /// A datagram came on the SIP socket.
    Sip {
        /// Where it came from.
        from: SocketAddr,
        /// All of it.
        bytes: &'a [u8],
    },
    /// A datagram came on a media socket.
    Rtp {
        /// The port it came to; an odd one carries RTCP.
        port: u16,
        /// Where it came from.
        from: SocketAddr,
        /// All of it.
        bytes: &'a [u8],
    },
    /// Time passed.
    Tick,
}

/// A datagram to send.
pub enum PhonesTransmit<'a> {
    /// From the SIP socket.
    Sip {
        /// Where to.
        to: SocketAddr,
        /// All of it.
        bytes: Arc<[u8]>,
    },
    /// From a media socket.
    Rtp {
        /// The port to send it from; an odd one carries RTCP.
        port: u16,
        /// Where to.
        to: SocketAddr,
        /// All of it, until the next call of anything here.
        bytes: &'a [u8],
    },
}

/// What whoever plays the people has to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PhoneEvent {
    /// Somebody calls. Nothing was said but 100 Trying: ring, answer or decline.
    Rings {
        /// A new phone.
        phone: PhoneId,
        /// The user part of the address that was called.
        user: String,
    },
    /// It rings at the far end of our call, or there is early audio.
    RingingThere {
        /// Which.
        phone: PhoneId,
        /// 180, 183 and their like.
        code: u16,
    },
    /// The call is up: our call was answered, or our answer was acknowledged.
    Answered {
        /// Which.
        phone: PhoneId,
    },
    /// Our call was refused (487 after we hung up ourselves), or we could not answer it (488). The phone is
    /// gone.
    Refused {
        /// Which.
        phone: PhoneId,
        /// The final code.
        code: u16,
    },
    /// The caller gave up before we answered. The phone is gone.
    GaveUp {
        /// Which.
        phone: PhoneId,
    },
    /// A call that was up is over. The phone is gone.
    Ended {
        /// Which.
        phone: PhoneId,
        /// By whom.
        how: Hangup,
    },
    /// What became of [`crate::Phones::join`].
    Referred {
        /// In whose call it was asked.
        phone: PhoneId,
        /// The last word: 200 when it was done, 487 when the call ended before it was said.
        code: u16,
    },
    /// The far end put us on hold, or took us back.
    HeldByFar {
        /// Which.
        phone: PhoneId,
        /// Whether we are on hold now.
        on: bool,
    },
    /// The far end agreed to our hold or to its end.
    Held {
        /// Which.
        phone: PhoneId,
        /// Whether it is on hold now.
        on: bool,
    },
    /// The far end did not agree; everything stays as it was.
    HoldRefused {
        /// Which.
        phone: PhoneId,
        /// The final code.
        code: u16,
    },
    /// The far end pressed a key.
    Pressed {
        /// Which.
        phone: PhoneId,
        /// 0 to 9, `*`, `#`, A to D.
        key: char,
    },
}
