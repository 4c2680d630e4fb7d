//! Moves audio: session descriptions, RTP and RTCP, telephone events, prompts, and the tap of a recording.
//!
//! **What this room never does.** It opens no socket and no file, reads no clock and rolls no dice:
//! addresses, bytes, times and seeds come from the caller, and what should be sent is given back. It knows no
//! calls, queues or people, and none of the other rooms. It decodes and encodes only where two legs share no
//! codec, where one hears several at once, and where a recording or the search for keys needs it; it keeps no audio
//! beyond the second that a recording needs to put packets in order and the fifth of a second of a jitter buffer. Legs
//! are encrypted here, those of browsers and, where it is agreed, those of SIP.
//!
//! **Time** is [`Micros`] of one monotonic clock of the caller's choosing. Going backwards does no harm.
//!
//! **Drain rule.** Everything that gives something back is asked until it gives `None` before the next input:
//! [`leg::Leg::poll_event`] after any call, [`leg::Leg::tick`] and [`leg::Leg::rtcp_due`] at
//! [`leg::Leg::deadline`], [`recording::Recorder::advance`] at least every half second. A leg never waits for
//! another one, so legs may live on any thread; those of one call live on the same.
//!
//! **Per packet nothing is allocated.** Buffers belong to the caller, received packets borrow from the
//! datagram, prompts are prepared once and shared. Decoders, encoders and jitter buffers are made with the first packet
//! that needs them and kept until none does.
//!
//! | module | what it is for |
//! |---|---|
//! | [`sdp`], [`negotiate`] | what both sides can, and what they agree on |
//! | [`rtp`], [`rtcp`], [`dtmf`] | what is on the wire |
//! | [`ice`] | connectivity checks of SIP legs' far ends |
//! | [`srtp`], [`sdes`] | the same, encrypted; keys in session descriptions |
//! | [`leg`] | one leg: in, out, prompts, keys, reports |
//! | [`bridge`] | all legs of a thread: who hears whom, whose keys go where, who is recorded |
//! | [`browser`] | a browser as a leg's far end: ICE, DTLS and SRTP |
//! | [`codec`], [`g711`], [`g722`], [`opus`] | how audio is coded |
//! | [`jitter`], [`conceal`], [`noise`], [`mix`], [`halfband`] | what is heard of others when it cannot be passed on |
//! | [`inband`] | keys as tones in the audio |
//! | [`quality`] | how well people hear each other |
//! | [`recording`] | two streams on one time line |
//! | [`wav`], [`resample`], [`prompt`], [`tone`] | audio itself |
#![forbid(unsafe_code)]

/// Microseconds of a monotonic clock of the caller's choosing.
pub type Micros = u64;

pub mod bridge;
pub mod browser;
pub mod codec;
pub mod conceal;
pub mod dtmf;
pub mod g711;
pub mod g722;
pub mod halfband;
pub mod ice;
pub mod inband;
pub mod jitter;
pub mod leg;
pub mod mix;
pub mod negotiate;
pub mod noise;
pub mod opus;
pub mod prompt;
pub mod quality;
pub mod recording;
pub mod resample;
pub mod rtcp;
pub mod rtp;
pub mod sdes;
pub mod sdp;
pub mod srtp;
pub mod tone;
pub mod wav;
