//! What a relayed packet costs, without the system calls. Run by hand: `cargo test --release -p media --test it --
//! --ignored --nocapture --test-threads=1 relay_cost`.
#![allow(clippy::print_stderr, reason = "the figures are what it is for")]

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Instant;

use media::bridge::Bridge;
use media::leg::{Learning, Leg, LegSeeds, Received};
use media::negotiate::{Codec, Direction, LocalSession};
use media::rtp::RtpHeader;

const PACKETS: u32 = 2_000_000;

fn leg(seed: u64, there: SocketAddr) -> Leg {
    let mut far = LocalSession::new(there, 1, &[Codec::Pcma], false);
    let mut near = LocalSession::new("192.0.2.1:20000".parse().unwrap(), 2, &Codec::ALL, true);
    let (_, agreed) = near.answer(&far.offer(Direction::SendRecv), Direction::SendRecv).unwrap();
    let mut leg = Leg::new(LegSeeds::from_seed(seed), "cost");
    leg.set_remote(0, agreed, Learning::Never);
    leg
}

fn next(datagram: &mut [u8], n: u32) {
    RtpHeader { marker: false, payload_type: 8, sequence: n as u16, timestamp: n.wrapping_mul(160), ssrc: 5 }
        .write(datagram);
}

#[test]
#[ignore = "a measurement, not a check"]
fn relay_cost_of_two_legs() {
    let there: SocketAddr = "192.0.2.2:4000".parse().unwrap();
    let (mut a, mut b) = (leg(1, there), leg(2, there));
    let (mut datagram, mut out) = ([0x55; 172], [0; 2048]);
    let began = Instant::now();
    for n in 0..PACKETS {
        next(&mut datagram, n);
        let now = u64::from(n) * 20_000;
        let Received::Audio(packet) = a.receive_rtp(now, there, &datagram) else { panic!("refused") };
        black_box(b.relay(now, 1, &packet, &mut out));
    }
    let each = began.elapsed().as_nanos() as f64 / f64::from(PACKETS);
    eprintln!("two legs: {each:.1} ns per relayed packet");
}

#[test]
#[ignore = "a measurement, not a check"]
fn relay_cost_of_a_bridge() {
    let there: SocketAddr = "192.0.2.2:4000".parse().unwrap();
    for (what, listeners, mixed) in [
        ("one to one", 1, false),
        ("one to two", 2, false),
        ("mixed for one listener, with its frame", 1, true),
    ] {
        let mut bridge = Bridge::new();
        let a = bridge.add(leg(1, there));
        let other = bridge.add(leg(2, there));
        let hearers: Vec<usize> = (0..listeners).map(|n| bridge.add(leg(3 + n, there))).collect();
        for hearer in &hearers {
            bridge.hear(0, *hearer, &[a, other][..if mixed { 2 } else { 1 }]);
        }
        let (mut datagram, mut out) = ([0x55; 172], [0; 2048]);
        let (mut sent, packets) = (0u32, PACKETS / 4);
        let began = Instant::now();
        for n in 0..packets {
            next(&mut datagram, n);
            let now = u64::from(n) * 20_000;
            bridge.receive_rtp(now, a, there, &datagram, &mut out, |_, bytes, _| {
                black_box(bytes);
                sent += 1;
            });
            if mixed {
                while let Some(leg) = bridge.leg_mut(hearers[0])
                    && leg.tick(now, &mut out).is_some()
                {
                    sent += 1;
                }
            }
        }
        let each = began.elapsed().as_nanos() as f64 / f64::from(sent);
        assert!(sent >= packets - 1);
        eprintln!("{what}: {each:.1} ns per packet sent");
    }
}
