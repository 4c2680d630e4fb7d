//! Two people at two telephones, two legs of ours between them: music first, then they hear each other.

use std::net::SocketAddr;

use media::dtmf::Digit;
use media::g711::Law;
use media::leg::{Learning, Leg, LegEvent, LegSeeds, Received, Repeat};
use media::negotiate::{Codec, Direction, LocalSession};
use media::prompt::Prompt;
use media::recording::{Channel, Recorder};
use media::rtp::{RtpHeader, RtpPacket};
use media::sdp::SessionDescription;
use media::tone::{Sine, loudest, power_at};

const CANDIDATES: [f64; 4] = [440.0, 523.0, 700.0, 1000.0];

/// A telephone made of nothing but a tone and an ear.
struct Phone {
    at: SocketAddr,
    law: Law,
    voice: Sine,
    header: RtpHeader,
    heard: Vec<i16>,
    last: Option<RtpHeader>,
}

impl Phone {
    fn new(at: &str, law: Law, frequency: f64) -> Self {
        let header = RtpHeader {
            marker: false,
            payload_type: law.payload_type(),
            sequence: 65_000,
            timestamp: 0xFFFF_0000,
            ssrc: frequency as u32,
        };
        let voice = Sine::new(8000, frequency, 0.3);
        Phone { at: at.parse().unwrap(), law, voice, header, heard: Vec::new(), last: None }
    }

    fn speak(&mut self) -> Vec<u8> {
        let mut packet = vec![0; 12];
        self.header.write(&mut packet);
        packet.extend(self.voice.take_samples(160).into_iter().map(|s| self.law.encode(s)));
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.header.timestamp = self.header.timestamp.wrapping_add(160);
        packet
    }

    fn hear(&mut self, datagram: &[u8]) {
        let packet = RtpPacket::parse(datagram).unwrap();
        assert_eq!(packet.header.payload_type, self.law.payload_type());
        if let Some(last) = self.last.replace(packet.header) {
            assert_eq!(packet.header.sequence, last.sequence.wrapping_add(1), "a hole in the stream");
            assert_eq!(packet.header.ssrc, last.ssrc);
            let step = packet.header.timestamp.wrapping_sub(last.timestamp);
            assert!((160..=480).contains(&step), "the clock went {step}");
        }
        self.heard.extend(packet.payload.iter().map(|b| self.law.decode(*b)));
    }
}

/// The leg of ours that a telephone calls.
fn answered(phone: &Phone, seed: u64) -> Leg {
    let mut theirs = LocalSession::new(phone.at, 1, &[codec(phone.law)], false);
    let mut ours = LocalSession::new("127.0.0.1:30000".parse().unwrap(), 2, &Codec::ALL, true);
    let offer = theirs.offer(Direction::SendRecv).write();
    let offer = SessionDescription::parse(offer.as_bytes()).unwrap();
    let (answer, negotiated) = ours.answer(&offer, Direction::SendRecv).unwrap();
    theirs.accept(&answer).unwrap();
    let mut leg = Leg::new(LegSeeds::from_seed(seed), "switchroom");
    leg.set_remote(0, negotiated, Learning::Never);
    leg
}

fn codec(law: Law) -> Codec {
    match law {
        Law::Alaw => Codec::Pcma,
        Law::Ulaw => Codec::Pcmu,
    }
}

fn call(caller_law: Law, agent_law: Law) {
    let mut phones =
        [Phone::new("127.0.0.1:4000", caller_law, 440.0), Phone::new("127.0.0.1:5000", agent_law, 1000.0)];
    let mut legs = [answered(&phones[0], 1), answered(&phones[1], 2)];
    let mut recorder = Recorder::new(Law::Alaw, 2_000_000);
    let mut recording = Vec::new();
    let mut out = [0; 1500];

    // Two seconds of a tone that stands for music, then four of talking.
    legs[0].play(0, Prompt::tone(700.0, 500, 0.3), Repeat::Forever);
    for now in (0..6_000_000u64).step_by(1000) {
        if now == 2_000_000 {
            legs[0].stop_playing();
        }
        while let Some((len, to)) = legs[0].tick(now, &mut out) {
            assert_eq!(to, phones[0].at);
            phones[0].hear(&out[..len]);
        }
        if now % 20_000 != 7_000 {
            continue;
        }
        for from in 0..2 {
            let datagram = phones[from].speak();
            let received = legs[from].receive_rtp(now, phones[from].at, &datagram);
            let Received::Audio(packet) = received else { panic!("{received:?}") };
            if now < 2_000_000 {
                continue;
            }
            let channel = [Channel::Left, Channel::Right][from];
            recorder.push(channel, now, packet.law().unwrap(), &packet.header, packet.payload);
            let (len, to) = legs[1 - from].relay(now, from as u64, &packet, &mut out).unwrap();
            assert_eq!(to, phones[1 - from].at);
            phones[1 - from].hear(&out[..len]);
        }
        while let Some(block) = recorder.advance(now) {
            recording.extend_from_slice(block);
        }
    }
    while let Some(block) = recorder.finish(6_000_000) {
        recording.extend_from_slice(block);
    }

    let [caller, agent] = phones;
    let talk = caller.heard.len() - 3 * 8000;
    assert_eq!(loudest(&caller.heard[800..15_200], 8000, &CANDIDATES), Some(700.0));
    assert_pure(&caller.heard[talk..], 1000.0);
    assert_pure(&agent.heard, 440.0);
    // The last packet came 7 ms after the others were over and is kept whole.
    assert_eq!(recording.len(), (4 * 8000 + 7 * 8) * 2);
    for (side, frequency) in [(0, 440.0), (1, 1000.0)] {
        let channel: Vec<i16> =
            recording.iter().skip(side).step_by(2).map(|b| Law::Alaw.decode(*b)).collect();
        assert_pure(&channel[160..], frequency);
    }
    for leg in &legs {
        assert_eq!(
            (leg.stats().lost, leg.stats().jitter_us, leg.stats().dropped),
            (0, 0, Default::default())
        );
    }
}

fn assert_pure(samples: &[i16], frequency: f64) {
    assert_eq!(loudest(samples, 8000, &CANDIDATES), Some(frequency));
    // Coding by G.711 twice costs a little more than one hundredth of the power at most.
    let power = power_at(samples, 8000, frequency);
    assert!(power > -0.1, "{frequency} Hz is only {power:.2} dB of what is heard");
}

#[test]
fn both_hear_each_other_in_one_law() {
    call(Law::Alaw, Law::Alaw);
    call(Law::Ulaw, Law::Ulaw);
}

#[test]
fn both_hear_each_other_in_two_laws() {
    call(Law::Alaw, Law::Ulaw);
    call(Law::Ulaw, Law::Alaw);
}

#[test]
fn a_greeting_ends_and_keys_reach_the_other_side() {
    let phone = Phone::new("127.0.0.1:4000", Law::Alaw, 440.0);
    let mut leg = answered(&phone, 3);
    let mut far = answered(&phone, 4);
    let mut out = [0; 1500];
    let greeting = leg.play(0, Prompt::tone(523.0, 400, 0.3), Repeat::Once);
    let mut events = Vec::new();
    let mut keys = String::new();
    // Driven by deadlines alone, as the media thread does it.
    let mut now = 0;
    for _ in 0..200 {
        while let Some((len, _)) = leg.tick(now, &mut out) {
            if let Received::Dtmf { pressed: Some(digit), .. } = far.receive_rtp(now, phone.at, &out[..len]) {
                keys.push(digit.to_char());
            }
        }
        leg.rtcp_due(now, &mut out, now);
        while let Some(event) = leg.poll_event(now) {
            events.push((now, event));
            for key in "0*D".chars() {
                leg.send_dtmf(now, Digit::from_char(key).unwrap(), 80).unwrap();
            }
        }
        let next = leg.deadline().unwrap();
        assert!(next > now, "the deadline {next} does not move on");
        now = next;
    }
    assert_eq!(events, [(380_000, LegEvent::PlayEnded(greeting))]);
    assert_eq!(keys, "0*D");
}

#[test]
fn hold_and_back() {
    let mut phone = Phone::new("127.0.0.1:4000", Law::Alaw, 440.0);
    let mut theirs = LocalSession::new(phone.at, 1, &[Codec::Pcma], false);
    let mut ours = LocalSession::new("127.0.0.1:30000".parse().unwrap(), 2, &Codec::ALL, false);
    let mut leg = Leg::new(LegSeeds::from_seed(5), "switchroom");
    let mut out = [0; 1500];
    let mut now = 0;
    for (said, heard) in [
        (Direction::SendRecv, true),
        (Direction::SendOnly, false),
        (Direction::SendRecv, true),
        (Direction::Inactive, false),
        (Direction::RecvOnly, true),
    ] {
        let offer = theirs.offer(said);
        let (answer, negotiated) = ours.answer(&offer, Direction::SendRecv).unwrap();
        theirs.accept(&answer).unwrap();
        leg.set_remote(now, negotiated, Learning::Never);
        leg.play(now, Prompt::tone(523.0, 1000, 0.3), Repeat::Forever);
        let before = phone.heard.len();
        for _ in 0..50 {
            while let Some((len, _)) = leg.tick(now, &mut out) {
                phone.last = None;
                phone.hear(&out[..len]);
            }
            now += 20_000;
        }
        assert_eq!(phone.heard.len() - before, if heard { 8000 } else { 0 }, "{said:?}");
    }
}
