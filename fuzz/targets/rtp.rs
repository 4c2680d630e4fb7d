//! Datagrams on the media port of one leg, relayed to another one and recorded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::g711::Law;
use media::leg::{Learning, Leg, LegSeeds, Received, Repeat};
use media::negotiate::{Codec, Direction, LocalSession};
use media::prompt::Prompt;
use media::recording::{Channel, Recorder};
use media::rtp::{RtpPacket, is_rtcp};
use std::net::SocketAddr;

fn there(port: u16) -> SocketAddr {
    ([192, 0, 2, 2], port).into()
}

fn leg(seed: u64, codecs: &[Codec], learning: Learning) -> Leg {
    let mut far = LocalSession::new(there(4_000), 1, codecs, true);
    let mut near = LocalSession::new(([192, 0, 2, 1], 20_000).into(), 2, &Codec::ALL, true);
    let (_, agreed) =
        near.answer(&far.offer(Direction::SendRecv), Direction::SendRecv).expect("it is our own offer");
    let mut leg = Leg::new(LegSeeds::from_seed(seed), "fuzz");
    leg.set_remote(0, agreed, learning);
    leg.set_rtp_timeout(Some(5_000_000));
    leg
}

fuzz_target!(|data: &[u8]| {
    let _ = RtpPacket::parse(data).map(|p| {
        assert!(p.payload.len() + 12 <= data.len() && p.payload == &data[p.payload_range.clone()]);
    });
    let Some((&setup, mut rest)) = data.split_first() else { return };
    let learning = if setup & 1 == 0 { Learning::Never } else { Learning::FirstPacket };
    let mut a = leg(1, if setup & 2 == 0 { &Codec::ALL } else { &[Codec::Opus, Codec::G722] }, learning);
    let mut b = leg(2, [&[Codec::Pcma], &[Codec::G722], &[Codec::Opus]][usize::from(setup >> 4) % 3], Learning::Never);
    let law = if setup & 4 == 0 { Law::Alaw } else { Law::Ulaw };
    let mut recorder = Recorder::new(law, 0);
    if setup & 8 != 0 {
        b.play(0, Prompt::silence(60), Repeat::Once);
    }
    let (mut now, mut out) = (0u64, [0; 600]);
    while let [step, how, len, more @ ..] = rest {
        let len = usize::from(*len).min(more.len());
        let (datagram, after) = more.split_at(len);
        rest = after;
        // Mostly forwards, sometimes back: a clock that jumps does no harm.
        now = match step {
            0..=200 => now + u64::from(*step) * 500,
            201..=240 => now + u64::from(step - 200) * 500_000,
            _ => now.saturating_sub(u64::from(*step) * 1_000),
        };
        // Whole headers are hard to guess: often ours is put before.
        let mut bytes = Vec::with_capacity(len + 12);
        if how & 1 == 0 && datagram.len() >= 5 {
            bytes.extend_from_slice(&[0x80, datagram[0], datagram[1], datagram[2], 0, 0]);
            bytes.extend_from_slice(&datagram[3..5]);
            bytes.extend_from_slice(&[0, 0, 0, how >> 6]);
            bytes.extend_from_slice(&datagram[5..]);
        } else {
            bytes.extend_from_slice(datagram);
        }
        let from = if how & 6 == 6 { there(5_000) } else { there(4_000) };
        match a.receive_rtp(now, from, &bytes) {
            Received::Audio(packet) | Received::Dtmf { packet, .. } => {
                assert!(!is_rtcp(&bytes) && packet.payload.len() <= bytes.len());
                if let Some((len, _)) = b.relay(now, u64::from(how >> 7), &packet, &mut out) {
                    assert!(
                        RtpPacket::parse(&out[..len]).is_ok_and(|p| p.payload.len() == packet.payload.len())
                    );
                }
                if let Some(law) = packet.law() {
                    let side = if how & 8 == 0 { Channel::Left } else { Channel::Right };
                    recorder.push(side, now, law, &packet.header, packet.payload);
                }
            }
            Received::Kept { .. } | Received::Rtcp | Received::Dropped(_) => {}
        }
        match how >> 4 {
            0 => recorder.pause(now),
            1 => recorder.resume(now),
            _ => {}
        }
        for leg in [&mut a, &mut b] {
            for _ in 0..100 {
                let Some((len, _)) = leg.tick(now, &mut out) else { break };
                assert!(RtpPacket::parse(&out[..len]).is_ok());
            }
            let _ = leg.rtcp_due(now, &mut out, now);
            while leg.poll_event(now).is_some() {}
            assert!(leg.deadline().is_none_or(|at| at > now), "what was due is done");
        }
        while let Some(block) = recorder.advance(now) {
            assert!(!block.is_empty());
        }
    }
    while recorder.finish(now).is_some() {}
    let stats = a.stats();
    let _ = (stats.lost, stats.jitter_us);
});
