//! How many calls between two codecs one core translates, both ways, without the system calls:
//! `cargo run --release -p media --example translate_speed`. With `-- --json` one line for each pair, as `make bench` keeps
//! them.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement run by hand")]

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Instant;

use media::bridge::Bridge;
use media::g722::G722Encoder;
use media::leg::{Learning, Leg, LegSeeds};
use media::negotiate::{Codec, Negotiated};
use media::opus::{MAX_PACKET, OpusEncoder, OpusSettings};
use media::rtp::RtpHeader;
use media::tone::to_sample;

/// Packets of 20 ms that each side sends.
const PACKETS: usize = 3_000;
/// Packets before the clock starts.
const WARM: usize = 200;

/// A voice-like buzz that wanders in pitch and loudness, with pauses.
fn voice(rate: usize, count: usize) -> Vec<i16> {
    let mut phase = 0.0f64;
    let sample = |n: usize| {
        let t = n as f64 / rate as f64;
        phase += (130.0 + 30.0 * (t * 3.0).sin()) / rate as f64;
        let turn = std::f64::consts::TAU * phase;
        let wave: f64 = (1..16).map(|k| (turn * f64::from(k)).sin() / f64::from(k)).sum();
        let loud = if (t * 0.7).fract() < 0.7 { 0.15 + 0.1 * (t * 11.0).sin() } else { 0.001 };
        to_sample(loud * wave)
    };
    (0..count).map(sample).collect()
}

fn packets(codec: Codec) -> Vec<Vec<u8>> {
    if let Some(law) = codec.law() {
        let samples = voice(8_000, PACKETS * 160);
        return samples.chunks_exact(160).map(|c| c.iter().map(|s| law.encode(*s)).collect()).collect();
    }
    let samples = voice(16_000, PACKETS * 320);
    let (mut g722, mut out) = (G722Encoder::default(), [0; MAX_PACKET]);
    let mut opus = OpusEncoder::new(&OpusSettings { repairs: true, ..OpusSettings::default() }).unwrap();
    let packet = |piece: &[i16]| {
        let len = match codec {
            Codec::Opus => opus.encode(piece, &mut out).unwrap(),
            _ => g722.encode(piece, &mut out),
        };
        out[..len].to_vec()
    };
    samples.chunks_exact(320).map(packet).collect()
}

fn main() {
    let json = std::env::args().any(|a| a == "--json");
    if !json {
        println!("calls of two legs, both ways, that one core carries in real time");
    }
    for (a, b) in [
        (Codec::Pcma, Codec::Pcmu),
        (Codec::G722, Codec::G722),
        (Codec::Opus, Codec::Opus),
        (Codec::G722, Codec::Pcma),
        (Codec::Opus, Codec::Pcma),
        (Codec::Opus, Codec::G722),
    ] {
        let at: [SocketAddr; 2] = ["192.0.2.1:4000", "192.0.2.2:4000"].map(|at| at.parse().unwrap());
        let mut bridge = Bridge::new();
        let spoken = [a, b].map(packets);
        let places = [0, 1].map(|n| {
            let mut leg = Leg::new(LegSeeds::from_seed(n as u64), "speed");
            let mut agreed = Negotiated::plain([a, b][n], at[n]);
            agreed.opus.repairs = true;
            leg.set_remote(0, agreed, Learning::Never);
            bridge.add(leg)
        });
        bridge.hear(0, places[0], &[places[1]]);
        bridge.hear(0, places[1], &[places[0]]);
        let (mut out, mut sent) = ([0; 2048], 0u32);
        let mut datagram = Vec::with_capacity(2048);
        let mut began = Instant::now();
        for n in 0..PACKETS + WARM {
            let now = n as u64 * 20_000;
            if n == WARM {
                (began, sent) = (Instant::now(), 0);
            }
            for side in [0, 1] {
                let codec = [a, b][side];
                let header = RtpHeader {
                    marker: false,
                    payload_type: codec.payload_type(),
                    sequence: n as u16,
                    timestamp: n as u32 * codec.clock() / 50,
                    ssrc: side as u32 + 1,
                };
                datagram.resize(12, 0);
                header.write(&mut datagram);
                datagram.extend_from_slice(&spoken[side][n % PACKETS]);
                bridge.receive_rtp(now, places[side], at[side], &datagram, &mut out, |_, bytes, _| {
                    black_box(bytes);
                    sent += 1;
                });
                datagram.clear();
            }
            for place in places {
                let leg = bridge.leg_mut(place).unwrap();
                while leg.tick(now, &mut out).is_some() {
                    sent += 1;
                }
            }
        }
        let seconds = PACKETS as f64 / 50.0;
        let spent = began.elapsed().as_secs_f64();
        let each = spent * 1e6 / f64::from(sent);
        let calls = seconds / spent;
        if json {
            let name = format!("calls {a:?} to {b:?} that one core carries, without the network");
            println!("{{\"name\": \"{name}\", \"ours\": {calls:.0}, \"unit\": \"calls\", \"goal\": null}}");
        } else {
            println!("{a:?} <-> {b:?}: {calls:.0} calls, {each:.1} us a packet sent");
        }
    }
}
