//! Packets of several speakers in the mixer of one listener, and what becomes of withheld keys in a bridge.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::bridge::Bridge;
use media::g711::Law;
use media::leg::{KeyMode, Learning, Leg, LegSeeds};
use media::mix::{MAX_SOURCES, Mixer};
use media::negotiate::{Codec, Direction, LocalSession};
use media::halfband::WIDE_FRAME;
use media::noise::NoiseLevel;
use media::rtp::{RtpHeader, RtpPacket};
use std::net::SocketAddr;

const SPEAKERS: usize = 3;

fn there(n: usize) -> SocketAddr {
    ([192, 0, 2, 2], 4_000 + n as u16).into()
}

fn leg(n: usize) -> Leg {
    // One speaks G.711, one G.722, one Opus or G.711.
    let codecs = [&[Codec::Pcma, Codec::Pcmu][..], &[Codec::G722], &[Codec::Opus, Codec::Pcmu]][n % 3];
    let mut far = LocalSession::new(there(n), 1, codecs, true);
    let mut near = LocalSession::new(([192, 0, 2, 1], 20_000).into(), 2, &Codec::ALL, true);
    let (_, agreed) =
        near.answer(&far.offer(Direction::SendRecv), Direction::SendRecv).expect("it is our own offer");
    let mut leg = Leg::new(LegSeeds::from_seed(n as u64), "fuzz");
    leg.set_remote(0, agreed, Learning::Never);
    leg
}

fuzz_target!(|data: &[u8]| {
    let mut mixer = Mixer::new();
    let mut bridge = Bridge::new();
    let places: Vec<usize> = (0..SPEAKERS).map(|n| bridge.add(leg(n))).collect();
    let recording = bridge.record(0, places[0], Some(places[1])).expect("the legs are there");
    let (mut now, mut out, mut frame) = (0u64, [0; 2_048], [0; WIDE_FRAME]);
    for op in data.chunks_exact(8) {
        let (what, who, how) = (op[0] % 8, usize::from(op[1]), op[2]);
        let at = places[who % SPEAKERS];
        match what {
            0 => {
                now += u64::from(how) * 1_000;
                if how & 1 == 0 { mixer.frame(&mut frame) } else { mixer.skip() }
            }
            1 => {
                let added = mixer.add(who as u64);
                assert!(added == mixer.hears(who as u64));
            }
            2 => mixer.flush(who as u64),
            3 => mixer.retain(|id| id != who as u64),
            4 => {
                let from: Vec<usize> = (0..SPEAKERS).filter(|n| how >> n & 1 == 1).map(|n| places[n]).collect();
                bridge.hear(now, at, &from);
            }
            5 => {
                let mode = [KeyMode::Pass, KeyMode::Report, KeyMode::Withhold][usize::from(how) % 3];
                bridge.set_keys(now, at, mode);
                bridge.pause_recording(now, recording, how & 0x80 != 0);
            }
            _ => {
                let header = RtpHeader {
                    marker: how & 0x80 != 0,
                    payload_type: [8, 9, 111, 101][usize::from(how) % 4],
                    sequence: u16::from_be_bytes([op[3], op[4]]),
                    timestamp: u32::from_be_bytes([op[3], op[5], op[6], op[7]]),
                    ssrc: u32::from(op[3] >> 7),
                };
                let payload = &data[..data.len().min(usize::from(op[4]) * 2)];
                match how % 3 {
                    0 => mixer.push(who as u64, Law::Ulaw, &header, payload),
                    1 => {
                        let samples: Vec<i16> = payload.iter().map(|b| i16::from(*b) << 8).collect();
                        mixer.push_wide(who as u64, header.ssrc, header.timestamp, &samples);
                    }
                    _ => {
                        if let Some(level) = NoiseLevel::parse(payload) {
                            mixer.push_noise(who as u64, &header, level);
                        }
                    }
                }
                let mut bytes = vec![0; 12];
                header.write(&mut bytes);
                bytes.extend_from_slice(payload);
                let withheld = bridge.leg(at).is_some_and(|leg| leg.key_mode() == KeyMode::Withhold);
                bridge.receive_rtp(now, at, there(who % SPEAKERS), &bytes, &mut out, |to, sent, _| {
                    assert!(!withheld && to != at);
                    assert!(RtpPacket::parse(sent).is_ok());
                });
            }
        }
        for &at in &places {
            let Some(leg) = bridge.leg_mut(at) else { continue };
            for _ in 0..100 {
                let Some((len, _)) = leg.tick(now, &mut out) else { break };
                assert!(RtpPacket::parse(&out[..len]).is_ok());
            }
            while leg.poll_event(now).is_some() {}
        }
        while bridge.recorded(now, recording, false).is_some() {}
    }
    assert!((0..256).filter(|id| mixer.hears(*id)).count() <= MAX_SOURCES);
    let proof = bridge.end_recording(now, recording).expect("it was begun");
    assert!(proof.pauses.len() <= 1_000 && proof.pauses.iter().all(|(from, to)| from <= to));
});
