//! Peers and a browser played by the library's other side, over a network that only the test moves.

use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::{Codec as Coding, FormatParams};
use str0m::media::{Direction as Way, Frequency, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output as Given, Rtc};

use media::bridge::Bridge;
use media::browser::{GONE_AFTER, Identity, OfferError, Output, Peer, STAND_IN, check_offer, prefer};
use media::dtmf::Digit;
use media::g711::Law;
use media::leg::{KeyMode, Learning, Leg, LegEvent, LegSeeds};
use media::negotiate::{Codec, Direction, Negotiated};
use media::rtp::{HEADER_LEN, RtpHeader, RtpPacket};
use std::net::SocketAddr;

const OURS: &str = "198.51.100.1:19999";
const THEIRS: &str = "198.51.100.2:40000";

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

struct Browser {
    rtc: Rtc,
    mid: Mid,
    address: SocketAddr,
    connected: bool,
    heard: Vec<(u8, u32, Vec<u8>)>,
    next: u64,
    pending: Option<SdpPendingOffer>,
}

impl Browser {
    /// With what browsers offer, in their order.
    fn new(epoch: Instant) -> (Browser, String) {
        let mut config = Rtc::builder().set_rtp_mode(true).clear_codecs();
        let codecs = config.codec_config();
        let (eight, wide, full) = (Frequency::EIGHT_KHZ, Frequency::SIXTEEN_KHZ, Frequency::FORTY_EIGHT_KHZ);
        for (pt, coding, hz) in [
            (111, Coding::Opus, full),
            (9, Coding::G722, wide),
            (0, Coding::PCMU, eight),
            (8, Coding::PCMA, eight),
            (110, Coding::Tele, full),
            (126, Coding::Tele, eight),
        ] {
            let channels = (coding == Coding::Opus).then_some(2);
            codecs.add_config(pt.into(), None, coding, hz, channels, FormatParams::default());
        }
        let mut rtc = config.build(epoch);
        rtc.add_local_candidate(Candidate::host(addr(THEIRS), "udp").unwrap());
        let mut api = rtc.sdp_api();
        let mid = api.add_media(MediaKind::Audio, Way::SendRecv, None, None, None);
        let (offer, pending) = api.apply().unwrap();
        let browser = Browser {
            rtc,
            mid,
            address: addr(THEIRS),
            connected: false,
            heard: Vec::new(),
            next: 1_000,
            pending: Some(pending),
        };
        (browser, offer.to_sdp_string())
    }

    fn accept(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        self.rtc.sdp_api().accept_answer(self.pending.take().unwrap(), answer).unwrap();
    }

    fn restart(&mut self) -> String {
        let mut api = self.rtc.sdp_api();
        api.ice_restart(true);
        let (offer, pending) = api.apply().unwrap();
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    fn say(&mut self, time: Instant, pt: u8, timestamp: u32, marker: bool, payload: &[u8]) {
        let write = RtpWrite::new(pt.into(), self.next.into(), timestamp, time, payload).marker(marker);
        self.next += 1;
        self.rtc.direct_api().stream_tx_by_mid(self.mid, None).unwrap().write_rtp(write);
        let _ = self.rtc.handle_input(Input::Timeout(time));
    }
}

struct World {
    epoch: Instant,
    now: u64,
    browser: Browser,
    peer: Peer,
    /// What the peer gave, but datagrams.
    told: Vec<Output>,
    /// Plain RTP that came out of the peer.
    rtp: Vec<Vec<u8>>,
    /// Whether anything of the browser's comes through.
    through: bool,
}

/// How long what the browser sends is on its way.
const WAY: u64 = 1_000;

impl World {
    fn new() -> World {
        let epoch = Instant::now();
        let identity = Identity::generate().unwrap();
        let (mut browser, offer) = Browser::new(epoch);
        let (peer, answer) = Peer::accept(&identity, epoch, 0, addr(OURS), offer.as_bytes()).unwrap();
        assert!(
            answer.contains("a=ice-lite")
                && answer.contains(&format!(" {} typ host", OURS.replace(':', " ")))
        );
        browser.accept(&answer);
        World { epoch, now: 0, browser, peer, told: Vec::new(), rtp: Vec::new(), through: true }
    }

    fn connected() -> World {
        let mut world = World::new();
        world.until("both are connected", |w| w.browser.connected && w.peer.is_connected());
        assert_eq!(world.told, [Output::Connected]);
        world.told.clear();
        world
    }

    fn time(&self) -> Instant {
        self.epoch + Duration::from_micros(self.now)
    }

    fn poll_peer(&mut self) {
        let mut packet = [0; 2_048];
        while let Some(output) = self.peer.poll(self.now, &mut packet) {
            match output {
                Output::Datagram { to, bytes } => {
                    assert_eq!(to, self.browser.address, "nothing goes where no check came from");
                    let received = Receive::new(Protocol::Udp, addr(OURS), to, &bytes).unwrap();
                    let _ = self.browser.rtc.handle_input(Input::Receive(self.time(), received));
                }
                Output::Rtp(len) => self.rtp.push(packet[..len].to_vec()),
                told => self.told.push(told),
            }
        }
    }

    fn step(&mut self) {
        self.now += 10_000 - WAY;
        let time = self.time();
        let _ = self.browser.rtc.handle_input(Input::Timeout(time));
        // Without it a round trip is less than nothing where clocks are rounded.
        self.now += WAY;
        self.exchange();
        self.peer.tick(self.now);
        self.poll_peer();
        self.exchange();
    }

    fn exchange(&mut self) {
        loop {
            match self.browser.rtc.poll_output().unwrap() {
                Given::Timeout(_) => return,
                Given::Transmit(sent) if self.through => {
                    self.peer.receive(self.now, self.browser.address, &sent.contents);
                    self.poll_peer();
                }
                Given::Transmit(_) => {}
                Given::Event(Event::Connected) => self.browser.connected = true,
                Given::Event(Event::RtpPacket(p)) => {
                    let head = (*p.header.payload_type, p.header.timestamp);
                    self.browser.heard.push((head.0, head.1, p.payload.to_vec()));
                }
                Given::Event(_) => {}
            }
        }
    }

    #[track_caller]
    fn until(&mut self, what: &str, mut there: impl FnMut(&World) -> bool) {
        let end = self.now + 40_000_000;
        while !there(self) {
            assert!(self.now < end, "never: {what}");
            self.step();
        }
    }

    fn run(&mut self, seconds: u64) {
        let end = self.now + seconds * 1_000_000;
        while self.now < end {
            self.step();
        }
    }
}

#[test]
fn opus_passes_untouched_when_the_phone_has_it() {
    let mut world = World::connected();
    let mut table = table_of(&world, Codec::Opus);
    let mut encoder = media::opus::OpusEncoder::new(&Default::default()).unwrap();
    let mut sent = Vec::new();
    for n in 0..10u32 {
        let mut out = [0; media::opus::MAX_PACKET];
        let len = encoder.encode(&[(n * 100) as i16; 320], &mut out).unwrap();
        let time = world.time();
        world.browser.say(time, 111, n * 960, n == 0, &out[..len]);
        sent.push(out[..len].to_vec());
        world.step();
        world.step();
    }
    let at_phone = table.carry(&mut world);
    let payloads: Vec<_> = at_phone.iter().map(|p| RtpPacket::parse(p).unwrap().payload.to_vec()).collect();
    assert_eq!(payloads, sent);
    let times: Vec<_> = at_phone.iter().map(|p| RtpPacket::parse(p).unwrap().header.timestamp).collect();
    assert!(times.windows(2).all(|w| w[1].wrapping_sub(w[0]) == 960));
}

/// A telephone's leg beside a browser's in one bridge.
struct Table {
    bridge: Bridge,
    browser: usize,
    phone: usize,
}

const PHONE: &str = "203.0.113.7:5000";

fn table(world: &World) -> Table {
    table_of(world, Codec::Pcma)
}

fn table_of(world: &World, codec: Codec) -> Table {
    let mut bridge = Bridge::new();
    let mut leg = |agreed: Negotiated| {
        let mut leg = Leg::new(LegSeeds::from_seed(agreed.remote_rtp.port().into()), "test");
        leg.set_remote(world.now, agreed, Learning::Never);
        bridge.add(leg)
    };
    let mut agreed = world.peer.negotiated();
    prefer(&mut agreed, codec);
    let browser = leg(agreed);
    let dtmf = Some(101);
    let phone =
        leg(Negotiated { dtmf_send_pt: dtmf, dtmf_recv_pt: dtmf, ..Negotiated::plain(codec, addr(PHONE)) });
    bridge.hear(world.now, phone, &[browser]);
    bridge.hear(world.now, browser, &[phone]);
    Table { bridge, browser, phone }
}

impl Table {
    /// Gives what came out of the peer to the bridge; what goes out to the phone comes back.
    fn carry(&mut self, world: &mut World) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        let mut out = [0; 2_048];
        for packet in std::mem::take(&mut world.rtp) {
            self.bridge.receive_rtp(
                world.now,
                self.browser,
                STAND_IN,
                &packet,
                &mut out,
                |to, bytes, addr| {
                    assert_eq!((to, addr), (self.phone, PHONE.parse().unwrap()));
                    sent.push(bytes.to_vec());
                },
            );
        }
        sent
    }
}

fn header(pt: u8, sequence: u16, timestamp: u32) -> RtpHeader {
    RtpHeader { marker: false, payload_type: pt, sequence, timestamp, ssrc: 9 }
}

fn packet(header: RtpHeader, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER_LEN];
    header.write(&mut bytes).unwrap();
    bytes.extend_from_slice(payload);
    bytes
}

#[test]
fn audio_passes_untouched_both_ways() {
    let mut world = World::connected();
    let mut table = table(&world);
    let mut at_phone = Vec::new();
    for n in 0..50u16 {
        let time = world.time();
        world.browser.say(time, 8, u32::from(n) * 160, n == 0, &[n as u8; 160]);
        world.step();
        at_phone.extend(table.carry(&mut world));
        let says = packet(header(8, 65_520u16.wrapping_add(n), u32::from(n) * 160), &[200 - n as u8; 160]);
        let mut out = [0; 2_048];
        let (now, peer) = (world.now, &mut world.peer);
        table.bridge.receive_rtp(now, table.phone, addr(PHONE), &says, &mut out, |to, bytes, addr| {
            assert_eq!((to, addr), (table.browser, STAND_IN));
            peer.send(now, bytes);
        });
        world.poll_peer();
        world.step();
    }
    world.step();
    let heard: Vec<_> = at_phone.iter().map(|p| RtpPacket::parse(p).unwrap().payload[0]).collect();
    assert_eq!(heard, (0..50).collect::<Vec<u8>>());
    assert!(at_phone.iter().all(|p| RtpPacket::parse(p).unwrap().header.payload_type == 8));
    let heard: Vec<_> = world.browser.heard.iter().map(|(pt, _, payload)| (*pt, payload[0])).collect();
    assert_eq!(heard, (0..50).map(|n| (8, 200 - n)).collect::<Vec<_>>());
}

#[test]
fn one_leg_after_another_is_one_stream_to_the_browser() {
    let mut world = World::connected();
    // Numbers that wrap, then those of another leg that lie behind, with a clock of its own.
    for (ssrc, first, clock) in [(9, 65_530u16, 4_000_000_000u32), (10, 33_000, 77)] {
        for n in 0..20u16 {
            let sequence = first.wrapping_add(n);
            let header = RtpHeader { ssrc, ..header(8, sequence, clock.wrapping_add(u32::from(n) * 160)) };
            world.peer.send(world.now, &packet(header, &[n as u8; 160]));
            world.poll_peer();
            world.step();
            world.step();
        }
        world.run(1);
    }
    let payloads: Vec<u8> = world.browser.heard.iter().map(|(_, _, payload)| payload[0]).collect();
    assert_eq!(payloads, (0..20).chain(0..20).collect::<Vec<u8>>());
    let times: Vec<u32> = world.browser.heard.iter().map(|(_, time, _)| *time).collect();
    let steps: Vec<u32> = times.windows(2).map(|w| w[1].wrapping_sub(w[0])).collect();
    // A second and a packet between the two.
    assert!(
        steps.iter().enumerate().all(|(n, step)| *step == if n == 19 { 8_160 } else { 160 }),
        "{steps:?}"
    );
}

#[test]
fn a_key_of_the_browser_is_told_once_and_withheld() {
    let mut world = World::connected();
    let mut table = table(&world);
    table.bridge.set_keys(world.now, table.browser, KeyMode::Report);
    // Five packets while it is held, and three that say that it is over.
    for (n, end) in (1..=8u16).map(|n| (n, n > 5)) {
        let held = (n.min(6) * 160).to_be_bytes();
        let event = [5, if end { 0x8A } else { 0x0A }, held[0], held[1]];
        let time = world.time();
        world.browser.say(time, 126, 7_000, n == 1, &event);
        world.step();
        assert!(table.carry(&mut world).is_empty(), "a reported key goes nowhere else");
    }
    let leg = table.bridge.leg_mut(table.browser).unwrap();
    assert_eq!(leg.poll_event(world.now), Digit::from_char('5').map(LegEvent::Key));
    assert_eq!(leg.poll_event(world.now), None);
    // Passed on, the phone gets all eight, with its own payload number.
    table.bridge.set_keys(world.now, table.browser, KeyMode::Pass);
    for n in 1..=8u16 {
        let time = world.time();
        world.browser.say(time, 126, 90_000, n == 1, &[6, if n > 5 { 0x8A } else { 0x0A }, 0, 160]);
        world.step();
    }
    let passed = table.carry(&mut world);
    assert_eq!(passed.len(), 8);
    assert!(passed.iter().all(|p| RtpPacket::parse(p).unwrap().header.payload_type == 101));
}

#[test]
fn a_browser_that_is_gone_can_come_back() {
    let mut world = World::connected();
    world.through = false;
    let since = world.now;
    world.until("it is gone", |w| w.told == [Output::Gone]);
    assert!(world.now - since < GONE_AFTER + 100_000);
    assert!(!world.peer.is_connected());
    world.peer.send(world.now, &packet(header(8, 1, 1), &[1; 160]));
    world.through = true;
    world.until("it is back", |w| w.told.last() == Some(&Output::Connected));
    assert!(world.peer.is_connected());
}

#[test]
fn after_a_change_of_network_the_same_connection_goes_on() {
    let mut world = World::connected();
    let before = world.peer.user().to_string();
    let offer = world.browser.restart();
    let answer = world.peer.reoffer(world.now, offer.as_bytes()).unwrap();
    assert!(world.peer.user() != before && answer.contains(world.peer.user()));
    world.browser.accept(&answer);
    world.browser.address = addr(THEIRS);
    world.run(3);
    assert!(world.told.iter().all(|told| matches!(told, Output::Reported(_))), "{:?}", world.told);
    let time = world.time();
    world.browser.say(time, 8, 160, false, &[7; 160]);
    world.step();
    assert_eq!(world.rtp.len(), 1, "without another handshake");
    world.peer.send(world.now, &packet(header(8, 1, 1), &[9; 160]));
    world.poll_peer();
    world.step();
    assert_eq!(world.browser.heard.len(), 1);
    // Another key is another connection.
    let other = Browser::new(world.epoch).1;
    assert_eq!(world.peer.reoffer(world.now, other.as_bytes()), Err(OfferError::NotTheSame));
    assert!(!world.peer.is_over());
}

#[test]
fn a_page_loaded_anew_takes_the_place_on_the_same_leg() {
    let mut world = World::connected();
    let mut table = table(&world);
    for n in 0..5u32 {
        let time = world.time();
        world.browser.say(time, 8, n * 160, false, &[1; 160]);
        world.step();
    }
    let first = table.carry(&mut world);
    let mut again = World::connected();
    again.now = again.now.max(world.now);
    table.bridge.leg_mut(table.browser).unwrap().set_remote(
        again.now,
        again.peer.negotiated(),
        Learning::Never,
    );
    for n in 0..5u32 {
        let time = again.time();
        again.browser.say(time, 8, 500_000 + n * 160, false, &[2; 160]);
        again.step();
    }
    let second = table.carry(&mut again);
    let all: Vec<_> = first.iter().chain(&second).map(|p| RtpPacket::parse(p).unwrap().header).collect();
    assert_eq!(all.len(), 10);
    assert!(all.windows(2).all(|w| w[0].ssrc == w[1].ssrc && w[1].sequence == w[0].sequence.wrapping_add(1)));
}

#[test]
fn another_certificate_than_the_signalled_one_ends_the_connection() {
    let epoch = Instant::now();
    let (mut browser, offer) = Browser::new(epoch);
    let at = offer.find("a=fingerprint:sha-256 ").unwrap() + "a=fingerprint:sha-256 ".len();
    let mut forged = offer.clone();
    let other = if &offer[at..at + 2] == "00" { "01" } else { "00" };
    forged.replace_range(at..at + 2, other);
    let identity = Identity::generate().unwrap();
    let (peer, answer) = Peer::accept(&identity, epoch, 0, addr(OURS), forged.as_bytes()).unwrap();
    browser.accept(&answer);
    let mut world = World { epoch, now: 0, browser, peer, told: Vec::new(), rtp: Vec::new(), through: true };
    world.until("it is over", |w| w.told.contains(&Output::Closed));
    assert!(!world.told.contains(&Output::Connected) && world.peer.is_over());
    assert_eq!(world.peer.deadline(), None);
}

#[test]
fn closing_tells_the_browser() {
    let mut world = World::connected();
    world.peer.close();
    world.poll_peer();
    assert_eq!(world.told.last(), Some(&Output::Closed));
    assert!(world.peer.is_over());
    world.peer.receive(world.now, world.browser.address, &[22; 40]);
    world.peer.tick(world.now + 1);
    world.peer.close();
    assert_eq!(world.peer.poll(world.now, &mut [0; 2_048]), None);
}

#[test]
fn the_browser_says_how_it_receives_us() {
    let mut world = World::connected();
    for n in 0..1_200u32 {
        let leg = packet(header(8, n as u16, n * 160), &[3; 160]);
        world.peer.send(world.now, &leg);
        world.poll_peer();
        world.step();
        world.step();
    }
    let reported = world.told.iter().any(|t| matches!(t, Output::Reported(far) if far.round_trip.is_some() && far.expected > 0 && far.lost == 0));
    assert!(reported, "{:?}", world.told);
}

#[test]
fn what_is_sent_can_follow_the_other_leg() {
    let world = World::new();
    let mut agreed = world.peer.negotiated();
    let codecs =
        |n: &Negotiated| (n.codec, n.send_pt, n.recv_pt, n.also_recv.iter().map(|c| c.0).collect::<Vec<_>>());
    let events = |n: &Negotiated| (n.dtmf_recv_pt, n.dtmf_clock, n.also_dtmf_recv);
    assert_eq!(codecs(&agreed), (Codec::Pcma, 8, 8, vec![0, 9, 111]));
    assert_eq!(events(&agreed), (Some(126), 8_000, Some((110, 48_000))));
    prefer(&mut agreed, Codec::Opus);
    assert_eq!(codecs(&agreed), (Codec::Opus, 111, 111, vec![0, 9, 8]));
    assert_eq!(events(&agreed), (Some(110), 48_000, Some((126, 8_000))));
    prefer(&mut agreed, Codec::Pcmu);
    assert_eq!(codecs(&agreed), (Codec::Pcmu, 0, 0, vec![111, 9, 8]));
    assert_eq!(events(&agreed), (Some(126), 8_000, Some((110, 48_000))));
    prefer(&mut agreed, Codec::Pcma);
    assert_eq!((agreed.direction, agreed.codec.law()), (Direction::SendRecv, Some(Law::Alaw)));
}

fn usual() -> String {
    Browser::new(Instant::now()).1
}

#[test]
fn offers_that_are_not_taken() {
    let good = usual();
    assert_eq!(check_offer(good.as_bytes()), Ok(()));
    let line = |name: &str| good.lines().find(|l| l.starts_with(&format!("a={name}:"))).unwrap().to_string();
    let without = |name: &'static str| {
        let kept = good.lines().filter(|l| !l.starts_with(&format!("a={name}")));
        (kept.map(|l| format!("{l}\r\n")).collect::<String>(), OfferError::BadAttribute(name))
    };
    let with = |name: &'static str, value: &str| {
        (good.replace(&line(name), &format!("a={name}:{value}")), OfferError::BadAttribute(name))
    };
    let long = "a".repeat(257);
    let cases = [
        without("mid"),
        without("ice-ufrag"),
        without("ice-pwd"),
        without("fingerprint"),
        without("setup"),
        without("ssrc"),
        with("mid", "a b"),
        with("mid", "12345678901234567"),
        with("ice-ufrag", "abc"),
        with("ice-ufrag", &long),
        with("ice-ufrag", "ab:cd"),
        with("ice-pwd", "short"),
        with("fingerprint", "sha-1 AA:BB"),
        with("fingerprint", "sha-256 AA:BB"),
        with("setup", "passive"),
        (good.replace("SAVPF 111 9 0 8 ", "SAVPF 34 "), OfferError::NoCommonCodec),
        (good.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), OfferError::UnsupportedTransport),
        (good.replace("a=rtcp-mux\r\n", ""), OfferError::UnsupportedTransport),
        (good.replace("m=audio", "m=video"), OfferError::NotOneAudio),
        (format!("{good}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"), OfferError::NotOneAudio),
        (format!("{good}{}", "a=x\r\n".repeat(4_000)), OfferError::TooLarge),
        (String::new(), OfferError::Malformed(media::sdp::SdpError::NotSdp)),
    ];
    for (text, error) in cases {
        assert_eq!(check_offer(text.as_bytes()), Err(error), "{text}");
    }
}

#[test]
fn spoiled_offers_and_datagrams_do_no_harm() {
    let identity = Identity::generate().unwrap();
    let epoch = Instant::now();
    let good = usual();
    let mut state = 7u64;
    let mut chance = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for _ in 0..300 {
        let mut text = good.clone().into_bytes();
        for _ in 0..=chance(4) {
            let at = chance(text.len());
            match chance(3) {
                0 => text[at] = chance(256) as u8,
                1 => text.truncate(at.max(1)),
                _ => {
                    let from = chance(text.len());
                    let piece = text[from..(from + 40).min(text.len())].to_vec();
                    text.splice(at..at, piece);
                }
            }
        }
        if let Ok((mut peer, _)) = Peer::accept(&identity, epoch, 0, addr(OURS), &text) {
            assert!(peer.poll(0, &mut [0; 2_048]).is_none(), "nothing is sent before a check came");
        }
    }
    let mut world = World::connected();
    let from = world.browser.address;
    for n in 0..2_000 {
        let mut bytes: Vec<u8> = (0..chance(200)).map(|_| chance(256) as u8).collect();
        // Of each kind that shares the port (RFC 9443): STUN, DTLS, RTP and RTCP.
        if let Some(first) = bytes.first_mut() {
            *first = [0, 22, 23, 128, 144][n % 5];
        }
        let now = world.now;
        world.peer.receive(now, if n % 2 == 0 { from } else { addr("192.0.2.77:7") }, &bytes);
        world.poll_peer();
    }
    assert!(world.peer.is_connected() && world.rtp.is_empty() && world.peer.refused() > 0);
    let time = world.time();
    world.browser.say(time, 8, 160, false, &[7; 160]);
    world.step();
    assert_eq!(world.rtp.len(), 1, "and the browser is heard as before");
}
