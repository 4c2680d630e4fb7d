//! What a packet between a browser's leg and a telephone's leg costs when nothing is translated, without the system calls:
//! `cargo run --release -p media --example browser_speed`. `make bench` runs it and keeps the figures that it prints as JSON.
//!
//! The browser is played by the other side of the WebRTC library, and its time is not counted: only what a media thread
//! of ours does from a datagram of the browser to the packet for the telephone, and back.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement run by hand")]

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::bridge::Bridge;
use media::browser::{Identity, Output, Peer, STAND_IN, prefer};
use media::leg::{Learning, Leg, LegSeeds};
use media::negotiate::{Codec, Negotiated};
use media::rtp::{HEADER_LEN, RtpHeader};
use str0m::change::SdpAnswer;
use str0m::format::{Codec as Coding, FormatParams};
use str0m::media::{Direction as Way, Frequency, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output as Given, Rtc};

/// Packets of 20 ms each way.
const PACKETS: u32 = 20_000;
/// Packets before the clock starts.
const WARM: u32 = 500;
/// A packet every so many microseconds.
const EVERY: u64 = 20_000;
/// Bytes of sound in a packet of G.711.
const SOUND: usize = 160;

/// A browser that speaks A-law, and what it wants to send.
struct Browser {
    rtc: Rtc,
    mid: Mid,
    at: SocketAddr,
    connected: bool,
    out: Vec<Vec<u8>>,
    heard: u32,
}

impl Browser {
    fn new(epoch: Instant, at: SocketAddr) -> (Browser, String, str0m::change::SdpPendingOffer) {
        let mut config = Rtc::builder().set_rtp_mode(true).clear_codecs();
        let (coding, hz, with) = (Coding::PCMA, Frequency::EIGHT_KHZ, FormatParams::default());
        config.codec_config().add_config(8.into(), None, coding, hz, None, with);
        let mut rtc = config.build(epoch);
        rtc.add_local_candidate(Candidate::host(at, "udp").unwrap());
        let mut api = rtc.sdp_api();
        let mid = api.add_media(MediaKind::Audio, Way::SendRecv, None, None, None);
        let (offer, pending) = api.apply().unwrap();
        let browser = Browser { rtc, mid, at, connected: false, out: Vec::new(), heard: 0 };
        (browser, offer.to_sdp_string(), pending)
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Given::Timeout(_) => return,
                Given::Transmit(sent) => self.out.push(sent.contents.to_vec()),
                Given::Event(Event::Connected) => self.connected = true,
                Given::Event(Event::RtpPacket(_)) => self.heard += 1,
                Given::Event(_) => {}
            }
        }
    }

    fn take(&mut self, time: Instant, from: SocketAddr, datagrams: &mut Vec<Vec<u8>>) {
        for bytes in datagrams.drain(..) {
            let received = Receive::new(Protocol::Udp, from, self.at, &bytes).unwrap();
            let _ = self.rtc.handle_input(Input::Receive(time, received));
            self.drain();
        }
    }
}

/// Our side of the browser's leg, and the telephone's.
struct Ours {
    peer: Peer,
    bridge: Bridge,
    browser: usize,
    phone: usize,
    phone_at: SocketAddr,
    /// Datagrams for the browser.
    sent: Vec<Vec<u8>>,
    for_phone: u32,
}

impl Ours {
    /// Carries out what the peer gives.
    fn poll(&mut self, now: u64) {
        let (mut packet, mut out) = ([0; 2_048], [0; 2_048]);
        while let Some(output) = self.peer.poll(now, &mut packet) {
            match output {
                Output::Datagram { bytes, .. } => self.sent.push(bytes),
                Output::Rtp(len) => {
                    let count = &mut self.for_phone;
                    self.bridge.receive_rtp(
                        now,
                        self.browser,
                        STAND_IN,
                        &packet[..len],
                        &mut out,
                        |_, bytes, _| {
                            black_box(bytes);
                            *count += 1;
                        },
                    );
                }
                _ => {}
            }
        }
    }

    fn phone_says(&mut self, now: u64, datagram: &[u8]) {
        let (mut out, peer) = ([0; 2_048], &mut self.peer);
        self.bridge.receive_rtp(now, self.phone, self.phone_at, datagram, &mut out, |_, bytes, _| {
            peer.send(now, bytes);
        });
        self.poll(now);
    }
}

fn main() {
    let [server, at, phone_at]: [SocketAddr; 3] =
        ["198.51.100.1:19999", "198.51.100.2:40000", "203.0.113.7:5000"].map(|a| a.parse().unwrap());
    let epoch = Instant::now();
    let time = |now: u64| epoch + Duration::from_micros(now);
    let (mut browser, offer, pending) = Browser::new(epoch, at);
    let identity = Identity::generate().unwrap();
    let (peer, answer) = Peer::accept(&identity, epoch, 0, server, offer.as_bytes()).unwrap();
    let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
    browser.rtc.sdp_api().accept_answer(pending, answer).unwrap();
    let mut bridge = Bridge::new();
    let mut agreed = peer.negotiated();
    prefer(&mut agreed, Codec::Pcma);
    let mut leg = |seed: u64, agreed: Negotiated| {
        let mut leg = Leg::new(LegSeeds::from_seed(seed), "speed");
        leg.set_remote(0, agreed, Learning::Never);
        bridge.add(leg)
    };
    let places = [leg(1, agreed), leg(2, Negotiated::plain(Codec::Pcma, phone_at))];
    bridge.hear(0, places[0], &[places[1]]);
    bridge.hear(0, places[1], &[places[0]]);
    let [in_browser, in_phone] = places;
    let mut ours =
        Ours { peer, bridge, browser: in_browser, phone: in_phone, phone_at, sent: Vec::new(), for_phone: 0 };

    let mut now = 0;
    let (mut n, mut sequence) = (0u32, 0u64);
    let (mut in_time, mut out_time) = (Duration::ZERO, Duration::ZERO);
    let mut datagram = Vec::with_capacity(HEADER_LEN + SOUND);
    while n < PACKETS + WARM {
        now += EVERY;
        let talks = browser.connected && ours.peer.is_connected();
        let _ = browser.rtc.handle_input(Input::Timeout(time(now)));
        browser.drain();
        if talks {
            if n == WARM {
                (in_time, out_time, ours.for_phone, browser.heard) = (Duration::ZERO, Duration::ZERO, 0, 0);
            }
            let sound = [n as u8; SOUND];
            let write =
                RtpWrite::new(8.into(), sequence.into(), n * SOUND as u32, time(now), sound.as_slice());
            sequence += 1;
            browser.rtc.direct_api().stream_tx_by_mid(browser.mid, None).unwrap().write_rtp(write);
            let _ = browser.rtc.handle_input(Input::Timeout(time(now)));
            browser.drain();
        }
        // What came from the browser, checks and reports among it, as they come with the sound.
        let came = std::mem::take(&mut browser.out);
        let began = Instant::now();
        for bytes in &came {
            ours.peer.receive(now, at, bytes);
            ours.poll(now);
        }
        ours.peer.tick(now);
        ours.poll(now);
        in_time += began.elapsed();
        if talks {
            datagram.resize(HEADER_LEN, 0);
            let header = RtpHeader {
                marker: false,
                payload_type: 8,
                sequence: n as u16,
                timestamp: n * SOUND as u32,
                ssrc: 9,
            };
            header.write(&mut datagram);
            datagram.extend_from_slice(&[n as u8; SOUND]);
            let began = Instant::now();
            ours.phone_says(now, &datagram);
            out_time += began.elapsed();
            datagram.clear();
            n += 1;
        }
        browser.take(time(now), server, &mut ours.sent);
    }
    // A measurement of packets that were lost would be worth nothing.
    assert!(ours.for_phone >= PACKETS - 2, "{} of {PACKETS} came to the telephone", ours.for_phone);
    assert!(browser.heard >= PACKETS - 2, "{} of {PACKETS} came to the browser", browser.heard);
    let each = |spent: Duration| spent.as_secs_f64() * 1e6 / f64::from(PACKETS);
    for (name, spent) in [
        ("CPU per packet, browser to telephone, without the network", in_time),
        ("CPU per packet, telephone to browser, without the network", out_time),
    ] {
        println!("{{\"name\": \"{name}\", \"ours\": {:.3}, \"unit\": \"µs\", \"goal\": null}}", each(spent));
    }
}
