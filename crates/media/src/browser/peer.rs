//! One peer connection.

use std::collections::VecDeque;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use str0m::change::SdpOffer;
use str0m::config::DtlsCert;
use str0m::format::{Codec as Coding, FormatParams};
use str0m::media::{Frequency, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output as Given, Rtc, RtcConfig};

use super::offer::{Offer, OfferError};
use super::stun::local_user;
use crate::Micros;
use crate::negotiate::reading::event_for;
use crate::negotiate::{Codec, Direction, Negotiated};
use crate::rtp::{HEADER_LEN, RtpHeader, RtpPacket};

/// The address that stands for a browser's in its [`Leg`](crate::leg::Leg): where the browser really is only its peer
/// knows, and that changes. It is one that no host has (RFC 5737).
pub const STAND_IN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 9));

/// A browser of which no valid check came for so long (8 s) is gone: browsers send one every 2.5 s or more often.
pub const GONE_AFTER: Micros = 8_000_000;

/// What the browser says about our stream is asked for as often.
const REPORTS_EVERY: Duration = Duration::from_secs(5);
/// Between two calls of [`Peer::tick`]. A time of the library's that is past does not make anybody spin.
const SHORTEST_WAIT: Micros = 1_000;
const LONGEST_WAIT: Micros = 1_000_000;
/// What is to be told and was not asked for yet.
const MAX_WAITING: usize = 16;

/// The certificate by which browsers know us again within a connection: one for the process is enough.
#[derive(Clone)]
pub struct Identity(DtlsCert);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(_)")
    }
}

impl Identity {
    /// A new key with a certificate that says nothing about us. `None` when the library can make none.
    pub fn generate() -> Option<Identity> {
        str0m::crypto::from_feature_flags().dtls_provider.generate_certificate().map(Identity)
    }
}

/// What the browser reported about the stream that it receives, since it last did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FarEnd {
    /// Packets that it should have got.
    pub expected: u64,
    /// Those of them that it did not.
    pub lost: u64,
    /// Jitter that it sees, in microseconds.
    pub jitter_us: Micros,
    /// Time there and back, in microseconds.
    pub round_trip: Option<Micros>,
}

/// What was known at the browser's last report: the highest number that it got, what it had lost, what we had sent.
#[derive(Clone, Copy, Default)]
struct Reported {
    highest: u32,
    lost: u64,
    sent: u64,
}

/// What a peer gives.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// To be sent from the port that was named as ours.
    Datagram {
        /// Where to.
        to: SocketAddr,
        /// What.
        bytes: Vec<u8>,
    },
    /// A plain RTP packet came; so long is what was written of it.
    Rtp(usize),
    /// Audio can flow. Again when a browser that was gone is back.
    Connected,
    /// Nothing valid came for [`GONE_AFTER`].
    Gone,
    /// The connection is over for good.
    Closed,
    /// The browser told how it receives us.
    Reported(FarEnd),
}

/// One peer connection of a browser.
pub struct Peer {
    /// `None` once it is over.
    rtc: Option<Box<Rtc>>,
    /// The caller's clock began here.
    epoch: Instant,
    local: SocketAddr,
    offer: Offer,
    mid: Mid,
    user: String,
    sent: Option<Sent>,
    reported: Option<Reported>,
    heard: Micros,
    connected: bool,
    gone: bool,
    next: Micros,
    waiting: VecDeque<Output>,
    /// Datagrams that were not for this peer, or not valid.
    refused: u64,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("open", &self.rtc.is_some())
            .field("connected", &self.connected)
            .field("gone", &self.gone)
            .finish_non_exhaustive()
    }
}

/// Runs the library on what a stranger sent: a fault in it must not be more than this peer's end.
fn contained<R>(work: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

fn config(identity: &Identity, offer: &Offer) -> RtcConfig {
    let mut config = RtcConfig::new()
        .set_ice_lite(true)
        .set_rtp_mode(true)
        .set_dtls_cert(identity.0.clone())
        .set_stats_interval(Some(REPORTS_EVERY))
        // Without extensions a stream is known by its name alone, which was signalled: what is not authenticated yet
        // cannot make the library expect another one.
        .clear_extension_map()
        .clear_codecs();
    let codecs = config.codec_config();
    for (pt, codec) in &offer.codecs {
        let plain = FormatParams::default();
        let repaired = FormatParams { min_p_time: Some(10), use_inband_fec: Some(true), ..plain };
        let (coding, hz, channels, format) = match codec {
            Codec::Pcma => (Coding::PCMA, Frequency::EIGHT_KHZ, None, plain),
            Codec::Pcmu => (Coding::PCMU, Frequency::EIGHT_KHZ, None, plain),
            // The library turns the rate of the samples into the clock that descriptions have.
            Codec::G722 => (Coding::G722, Frequency::SIXTEEN_KHZ, None, plain),
            Codec::Opus => (Coding::Opus, Frequency::FORTY_EIGHT_KHZ, Some(2), repaired),
        };
        codecs.add_config((*pt).into(), None, coding, hz, channels, format);
    }
    for (pt, clock) in &offer.events {
        let hz = if *clock == 48_000 { Frequency::FORTY_EIGHT_KHZ } else { Frequency::EIGHT_KHZ };
        codecs.add_config((*pt).into(), None, Coding::Tele, hz, None, FormatParams::default());
    }
    config
}

/// The last packet sent. To the browser everything is one stream, whichever leg it came of: a leg's numbers have no holes,
/// so packets are counted here, and where another leg begins the time goes on as the clock did.
#[derive(Clone, Copy)]
struct Sent {
    /// The extended number (RFC 3711, section 3.3.1).
    number: u64,
    /// The leg's name of its stream.
    ssrc: u32,
    /// What turns its timestamps into ours.
    offset: u32,
    timestamp: u32,
    clock: u32,
    at: Micros,
}

impl Sent {
    /// `clock` is what the packet's timestamp counts.
    fn next(last: Option<Sent>, now: Micros, header: &RtpHeader, clock: u32) -> Sent {
        let RtpHeader { ssrc, timestamp: theirs, .. } = *header;
        let Some(last) = last else {
            // From the lower half: a wrap before the first packet arrived would not be noticed.
            let number = u64::from(header.sequence & 0x7FFF);
            return Sent { number, ssrc, offset: 0, timestamp: theirs, clock, at: now };
        };
        let offset = match ssrc == last.ssrc {
            true => last.offset,
            false => {
                let elapsed = now.saturating_sub(last.at).saturating_mul(clock.into()) / 1_000_000;
                last.timestamp.wrapping_add(elapsed.max(1) as u32).wrapping_sub(theirs)
            }
        };
        let number = last.number.saturating_add(1);
        Sent { number, ssrc, offset, timestamp: theirs.wrapping_add(offset), clock, at: now }
    }
}

impl Peer {
    /// Takes a browser's first offer and gives the answer for it. `local` is where browsers reach the shared port;
    /// `epoch` is when the caller's clock began.
    ///
    /// # Errors
    /// What is wrong with the offer. Nothing is kept of it then.
    pub fn accept(
        identity: &Identity,
        epoch: Instant,
        now: Micros,
        local: SocketAddr,
        offer: &[u8],
    ) -> Result<(Peer, String), OfferError> {
        let offer = Offer::read(offer)?;
        let made = contained(|| {
            let mut rtc = Box::new(config(identity, &offer).build(at(epoch, now)));
            let candidate = Candidate::host(local, "udp").map_err(|_| OfferError::Refused)?;
            rtc.add_local_candidate(candidate).ok_or(OfferError::Refused)?;
            let answer = answer(&mut rtc, &offer)?;
            let user = rtc.direct_api().local_ice_credentials().ufrag;
            Ok((rtc, answer, user))
        });
        let (rtc, answer, user) = made.unwrap_or(Err(OfferError::Refused))?;
        let peer = Peer {
            rtc: Some(rtc),
            epoch,
            local,
            mid: Mid::from(offer.mid.as_str()),
            offer,
            user,
            sent: None,
            reported: None,
            heard: now,
            connected: false,
            gone: false,
            next: now,
            waiting: VecDeque::new(),
            refused: 0,
        };
        Ok((peer, answer))
    }

    /// Takes a later offer of the same page and gives the answer: after a change of network it brings new ICE credentials
    /// (RFC 8445, section 9), and everything else goes on. [`Peer::user`] may be another one afterwards.
    ///
    /// # Errors
    /// What is wrong with the offer. The connection goes on as it was, unless the library refused it: then it is over.
    pub fn reoffer(&mut self, now: Micros, offer: &[u8]) -> Result<String, OfferError> {
        let offer = Offer::read(offer)?;
        if !offer.continues(&self.offer) {
            return Err(OfferError::NotTheSame);
        }
        let rtc = self.rtc.as_mut().ok_or(OfferError::Closed)?;
        let made = contained(|| {
            let answer = answer(rtc, &offer)?;
            Ok((answer, rtc.direct_api().local_ice_credentials().ufrag))
        });
        match made.unwrap_or(Err(OfferError::Refused)) {
            Ok((answer, user)) => {
                self.offer = offer;
                self.user = user;
                self.next = now;
                Ok(answer)
            }
            Err(error) => {
                self.over();
                Err(error)
            }
        }
    }

    /// The user name of our side, which the browser's checks carry: see [`local_user`].
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Whether audio can flow.
    pub fn is_connected(&self) -> bool {
        self.connected && !self.gone && self.rtc.is_some()
    }

    /// Whether the connection is over for good.
    pub fn is_over(&self) -> bool {
        self.rtc.is_none()
    }

    /// Datagrams that were not for this peer, or not valid.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// What a [`Leg`](crate::leg::Leg) is to believe it agreed on; see also [`prefer`].
    pub fn negotiated(&self) -> Negotiated {
        // An offer without a codec is not taken, so the second half never holds.
        let first = self.offer.codecs.first().copied();
        let (pt, codec) = first.unwrap_or((Codec::Pcma.payload_type(), Codec::Pcma));
        let event = event_for(&self.offer.events, codec);
        let direction = self.offer.direction.mirrored();
        Negotiated {
            remote_rtcp: STAND_IN,
            rtcp_mux: true,
            send_pt: pt,
            recv_pt: pt,
            also_recv: self.offer.codecs.iter().skip(1).copied().collect(),
            dtmf_send_pt: event.map(|(pt, _)| pt),
            dtmf_recv_pt: event.map(|(pt, _)| pt),
            dtmf_clock: event.map_or(codec.clock(), |(_, clock)| clock),
            also_dtmf_recv: self.offer.events.iter().find(|known| Some(**known) != event).copied(),
            opus: self.offer.opus,
            direction,
            remote_holds: matches!(direction, Direction::RecvOnly | Direction::Inactive),
            ..Negotiated::plain(codec, STAND_IN)
        }
    }

    /// Takes a datagram from the shared port.
    pub fn receive(&mut self, now: Micros, from: SocketAddr, datagram: &[u8]) {
        let (local, time) = (self.local, at(self.epoch, now));
        let Some(rtc) = &mut self.rtc else { return };
        let taken = contained(|| {
            let Ok(received) = Receive::new(Protocol::Udp, from, local, datagram) else { return Ok(false) };
            let input = Input::Receive(time, received);
            // Checks are verified with the password here.
            if !rtc.accepts(&input) {
                return Ok(false);
            }
            // Bytes that make no sense inside DTLS are an error and no reason to end: anybody could send them.
            let _ = rtc.handle_input(input);
            if rtc.is_alive() { Ok(true) } else { Err(()) }
        });
        match taken {
            Some(Ok(true)) if local_user(datagram).is_some() => {
                self.heard = now;
                if std::mem::take(&mut self.gone) && self.connected {
                    self.tell(Output::Connected);
                }
            }
            Some(Ok(true)) => {}
            Some(Ok(false)) => self.refused += 1,
            Some(Err(())) | None => self.over(),
        }
    }

    /// Takes a plain RTP packet that a leg sends to [`STAND_IN`]. It is dropped while audio cannot flow.
    pub fn send(&mut self, now: Micros, packet: &[u8]) {
        if !self.is_connected() {
            return;
        }
        let Ok(packet) = RtpPacket::parse(packet) else { return };
        let header = packet.header;
        let clock = self.offer.clock_of(header.payload_type);
        let sent = Sent::next(self.sent, now, &header, clock);
        self.sent = Some(sent);
        let time = at(self.epoch, now);
        let (mid, pt) = (self.mid, header.payload_type);
        let Some(rtc) = &mut self.rtc else { return };
        let write = RtpWrite::new(pt.into(), sent.number.into(), sent.timestamp, time, packet.payload)
            .marker(header.marker);
        let sent = contained(|| {
            let mut api = rtc.direct_api();
            let Some(stream) = api.stream_tx_by_mid(mid, None) else { return Ok(()) };
            stream.write_rtp(write);
            // Only what time passes by is sent.
            rtc.handle_input(Input::Timeout(time))
        });
        if sent.is_none() {
            self.over();
        }
    }

    /// What the peer gives; call until `None`. A packet of [`Output::Rtp`] is written to `rtp` (2048 bytes are enough).
    pub fn poll(&mut self, now: Micros, rtp: &mut [u8]) -> Option<Output> {
        loop {
            if let Some(told) = self.waiting.pop_front() {
                return Some(told);
            }
            let rtc = self.rtc.as_mut()?;
            match contained(|| rtc.poll_output()) {
                Some(Ok(Given::Timeout(time))) => {
                    let due = time.saturating_duration_since(self.epoch).as_micros();
                    let (soonest, latest) =
                        (now.saturating_add(SHORTEST_WAIT), now.saturating_add(LONGEST_WAIT));
                    self.next = u64::try_from(due).unwrap_or(Micros::MAX).clamp(soonest, latest);
                    return self.watch(now);
                }
                Some(Ok(Given::Transmit(sent))) => {
                    return Some(Output::Datagram { to: sent.destination, bytes: sent.contents.into() });
                }
                Some(Ok(Given::Event(event))) => {
                    if let Some(output) = self.read(event, rtp) {
                        return Some(output);
                    }
                }
                // Nothing is repaired by asking again: a certificate that is not the one that was signalled, or a fault.
                Some(Err(_)) | None => self.over(),
            }
        }
    }

    fn watch(&mut self, now: Micros) -> Option<Output> {
        if self.gone || now < self.heard.saturating_add(GONE_AFTER) {
            return None;
        }
        self.gone = true;
        Some(Output::Gone)
    }

    fn read(&mut self, event: Event, rtp: &mut [u8]) -> Option<Output> {
        match event {
            Event::Connected => {
                self.connected = true;
                (!self.gone).then_some(Output::Connected)
            }
            Event::RtpPacket(packet) => {
                let header = RtpHeader {
                    marker: packet.header.marker,
                    payload_type: *packet.header.payload_type,
                    sequence: packet.header.sequence_number,
                    timestamp: packet.header.timestamp,
                    ssrc: *packet.header.ssrc,
                };
                let len = HEADER_LEN + packet.payload.len();
                rtp.get_mut(HEADER_LEN..len)?.copy_from_slice(&packet.payload);
                header.write(rtp)?;
                Some(Output::Rtp(len))
            }
            Event::MediaEgressStats(stats) => {
                let round_trip = stats.rtt.map(|time| time.as_micros() as Micros);
                let (remote, sent) = (stats.remote?, self.sent?);
                let before = self.reported.replace(Reported {
                    highest: *remote.maximum_sequence_number as u32,
                    lost: remote.packets_lost,
                    sent: sent.number,
                });
                // The first one only says where counting begins.
                let before = before?;
                let highest = *remote.maximum_sequence_number as u32;
                let most = sent.number.saturating_sub(before.sent);
                let expected = u64::from(highest.wrapping_sub(before.highest)).min(most);
                let lost = remote.packets_lost.saturating_sub(before.lost).min(expected);
                let jitter_us = u64::from(remote.jitter) * 1_000_000 / u64::from(sent.clock.max(1));
                Some(Output::Reported(FarEnd { expected, lost, jitter_us, round_trip }))
            }
            Event::Closed => {
                self.over();
                None
            }
            _ => None,
        }
    }

    /// When [`Peer::tick`] wants to be called; `None` once the connection is over.
    pub fn deadline(&self) -> Option<Micros> {
        self.rtc.as_ref()?;
        let gone = if self.gone { Micros::MAX } else { self.heard.saturating_add(GONE_AFTER) };
        Some(self.next.min(gone))
    }

    /// Time passed.
    pub fn tick(&mut self, now: Micros) {
        let time = at(self.epoch, now);
        let Some(rtc) = &mut self.rtc else { return };
        if contained(|| rtc.handle_input(Input::Timeout(time))).is_none() || !self.alive() {
            self.over();
        }
    }

    fn alive(&self) -> bool {
        self.rtc.as_ref().is_some_and(|rtc| rtc.is_alive())
    }

    /// Ends the connection: the browser is told once, by what [`Peer::poll`] gives before [`Output::Closed`].
    pub fn close(&mut self) {
        let Some(rtc) = &mut self.rtc else { return };
        let mut last = Vec::new();
        let told = contained(|| {
            rtc.close().ok()?;
            // Asked a bounded number of times: a few messages say it all.
            for _ in 0..MAX_WAITING {
                match rtc.poll_output() {
                    Ok(Given::Transmit(sent)) => {
                        last.push(Output::Datagram { to: sent.destination, bytes: sent.contents.into() });
                    }
                    Ok(Given::Event(_)) => {}
                    Ok(Given::Timeout(_)) | Err(_) => break,
                }
            }
            Some(())
        });
        if told.is_some() {
            last.into_iter().for_each(|output| self.tell(output));
        }
        self.over();
    }

    fn over(&mut self) {
        if self.rtc.take().is_some() {
            self.connected = false;
            self.waiting.push_back(Output::Closed);
        }
    }

    fn tell(&mut self, output: Output) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(output);
        }
    }
}

/// Sends that codec from now on, if it is one of those agreed on with a browser, so that another leg's packets pass
/// untouched: a browser takes each of them at any time, and may send any.
pub fn prefer(negotiated: &mut Negotiated, codec: Codec) {
    if let Some(other) = negotiated.also_recv.iter_mut().find(|(_, other)| *other == codec) {
        let (pt, codec) = std::mem::replace(other, (negotiated.recv_pt, negotiated.codec));
        (negotiated.codec, negotiated.send_pt, negotiated.recv_pt) = (codec, pt, pt);
    }
    // Keys count the clock of the audio, where there are events of that clock.
    if let (Some(now), Some((pt, clock))) = (negotiated.dtmf_recv_pt, negotiated.also_dtmf_recv)
        && clock == negotiated.codec.clock()
    {
        negotiated.also_dtmf_recv = Some((now, negotiated.dtmf_clock));
        (negotiated.dtmf_send_pt, negotiated.dtmf_recv_pt, negotiated.dtmf_clock) =
            (Some(pt), Some(pt), clock);
    }
}

fn at(epoch: Instant, now: Micros) -> Instant {
    epoch.checked_add(Duration::from_micros(now)).unwrap_or(epoch)
}

fn answer(rtc: &mut Rtc, offer: &Offer) -> Result<String, OfferError> {
    let text = SdpOffer::from_sdp_string(&offer.write()).map_err(|_| OfferError::Refused)?;
    let answer = rtc.sdp_api().accept_offer(text).map_err(|_| OfferError::Refused)?;
    Ok(answer.to_sdp_string())
}
