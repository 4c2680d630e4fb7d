//! A leg from outside: addresses, one unbroken stream, prompts, keys, reports.

mod pauses;

use std::net::SocketAddr;

use super::*;
use crate::dtmf::{Digit, TelephoneEvent};
use crate::g711::Law;
use crate::g722::G722Decoder;
use crate::negotiate::{Codec, Direction, Negotiated};
use crate::opus::{MAX_SAMPLES, OpusDecoder};
use crate::prompt::Prompt;
use crate::rtcp::{ReportBlock, RtcpWriter};
use crate::rtp::{HEADER_LEN, RtpHeader, RtpPacket};
use crate::tone::power_at;

const THERE: &str = "192.0.2.1:4000";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn agreed(codec: Codec) -> Negotiated {
    Negotiated {
        dtmf_send_pt: Some(101),
        dtmf_recv_pt: Some(101),
        ..Negotiated::plain(codec, address(THERE))
    }
}

fn leg(codec: Codec) -> Leg {
    let seeds = LegSeeds { ssrc: 7, sequence: 65_530, timestamp: u32::MAX - 300, chance: 1 };
    let mut leg = Leg::new(seeds, "cname");
    leg.set_remote(0, agreed(codec), Learning::Never);
    leg
}

fn header(n: u32) -> RtpHeader {
    RtpHeader { marker: false, payload_type: 8, sequence: n as u16, timestamp: n * 160, ssrc: 99 }
}

fn datagram(header: &RtpHeader, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER_LEN];
    header.write(&mut bytes);
    bytes.extend_from_slice(payload);
    bytes
}

fn audio(n: u32, ssrc: u32) -> Packet<'static> {
    Packet {
        content: Content::Audio(Codec::Pcma),
        header: RtpHeader { ssrc, ..header(n) },
        payload: &[0x55; 160],
    }
}

/// Everything that the leg sends in that time by ticks of a millisecond.
fn ticked(leg: &mut Leg, times: std::ops::Range<Micros>) -> Vec<(Micros, RtpHeader, Vec<u8>)> {
    let mut sent = Vec::new();
    let mut out = [0; 512];
    for now in times.step_by(1000) {
        while let Some((len, to)) = leg.tick(now, &mut out) {
            assert_eq!(to, address(THERE));
            let packet = RtpPacket::parse(&out[..len]).unwrap();
            sent.push((now, packet.header, packet.payload.to_vec()));
        }
    }
    sent
}

fn relayed(leg: &mut Leg, now: Micros, source: u64, packet: &Packet<'_>) -> Option<RtpHeader> {
    let mut out = [0; 512];
    let (len, _) = leg.relay(now, source, packet, &mut out)?;
    Some(RtpPacket::parse(&out[..len]).unwrap().header)
}

#[test]
fn strangers_are_dropped_and_counted() {
    let mut leg = leg(Codec::Pcma);
    let good = datagram(&header(1), &[1; 160]);
    for (from, bytes, expected) in [
        ("192.0.2.2:4000", good.clone(), DropReason::Stranger),
        ("192.0.2.1:4001", good.clone(), DropReason::Stranger),
        (THERE, vec![0; 20], DropReason::Malformed),
        (THERE, datagram(&RtpHeader { payload_type: 18, ..header(1) }, &[0]), DropReason::PayloadType),
        (THERE, datagram(&RtpHeader { payload_type: 13, ..header(0) }, &[0]), DropReason::ComfortNoise),
    ] {
        assert_eq!(leg.receive_rtp(0, address(from), &bytes), Received::Dropped(expected));
        assert_eq!(leg.stats().dropped_for(expected), if from == "192.0.2.1:4001" { 2 } else { 1 });
    }
    // The same address as a socket for both families shows it.
    let mapped = address("[::ffff:192.0.2.1]:4000");
    assert!(matches!(leg.receive_rtp(0, mapped, &good), Received::Audio(p) if p.payload == [1; 160]));
    assert_eq!(leg.receive_rtp(0, mapped, &good), Received::Dropped(DropReason::Duplicate));
    let mut fresh = Leg::new(LegSeeds::from_seed(1), "");
    assert_eq!(fresh.receive_rtp(0, mapped, &good), Received::Dropped(DropReason::NotNegotiated));
}

#[test]
fn an_address_is_learned_once() {
    let mut leg = leg(Codec::Pcma);
    leg.set_remote(0, agreed(Codec::Pcma), Learning::FirstPacket);
    let nat = address("203.0.113.9:31000");
    let stranger = address("203.0.113.10:31000");
    let wrong = datagram(&RtpHeader { payload_type: 3, ..header(1) }, &[0]);
    assert_eq!(leg.receive_rtp(0, stranger, &wrong), Received::Dropped(DropReason::PayloadType));
    let packet = |n| datagram(&header(n), &[1; 160]);
    assert!(matches!(leg.receive_rtp(0, nat, &packet(1)), Received::Audio(_)));
    assert_eq!((leg.poll_event(0), leg.remote()), (Some(LegEvent::RemoteLearned), Some(nat)));
    assert_eq!(leg.receive_rtp(0, stranger, &packet(2)), Received::Dropped(DropReason::Stranger));
    // After a hold in the old style and a resume the learned address is still known …
    let held = Negotiated {
        remote_rtp: address("0.0.0.0:4000"),
        direction: Direction::RecvOnly,
        remote_holds: true,
        ..agreed(Codec::Pcma)
    };
    leg.set_remote(0, held, Learning::FirstPacket);
    assert!(relayed(&mut leg, 0, 1, &audio(1, 1)).is_none());
    leg.set_remote(0, agreed(Codec::Pcma), Learning::FirstPacket);
    assert_eq!(leg.remote(), Some(nat));
    // … and only the stream that was heard may move.
    let foreign = datagram(&RtpHeader { ssrc: 5, ..header(3) }, &[1; 160]);
    assert_eq!(leg.receive_rtp(0, stranger, &foreign), Received::Dropped(DropReason::Stranger));
    let moved = address("203.0.113.9:32000");
    assert!(matches!(leg.receive_rtp(0, moved, &packet(3)), Received::Audio(_)));
    assert_eq!(leg.remote(), Some(moved));
}

#[test]
fn a_prompt_keeps_its_pace() {
    let mut leg = leg(Codec::Pcmu);
    let id = leg.play(1_000, Prompt::tone(440.0, 200, 0.3), Repeat::Once);
    let sent = ticked(&mut leg, 1_000..1_000_000);
    assert_eq!(sent.len(), 10);
    for (n, (at, header, payload)) in sent.iter().enumerate() {
        assert_eq!(*at, 1_000 + n as u64 * 20_000);
        assert_eq!(header.sequence, 65_530u16.wrapping_add(n as u16));
        assert_eq!(header.timestamp, (u32::MAX - 300).wrapping_add(n as u32 * 160));
        assert_eq!((header.marker, header.payload_type, payload.len()), (n == 0, 0, 160));
    }
    assert_eq!(leg.poll_event(0), Some(LegEvent::PlayEnded(id)));
    assert_eq!(leg.poll_event(0), None);
}

#[test]
fn a_stall_is_skipped_and_not_sent_in_a_burst() {
    let mut leg = leg(Codec::Pcma);
    leg.play(0, Prompt::silence(60_000), Repeat::Forever);
    assert_eq!(ticked(&mut leg, 0..20_000).len(), 1);
    let late = ticked(&mut leg, 1_000_000..1_019_000);
    assert_eq!(late.len(), 1);
    assert_eq!(late[0].1.timestamp, (u32::MAX - 300).wrapping_add(8000));
    assert_eq!(late[0].1.sequence, 65_531);
    assert_eq!(leg.deadline(), Some(1_020_000));
    // A small delay is caught up with.
    assert_eq!(ticked(&mut leg, 1_100_000..1_101_000).len(), 5);
}

#[test]
fn a_prompt_ends_in_time_on_hold_too() {
    let mut leg = leg(Codec::Pcma);
    let held = Negotiated { direction: Direction::RecvOnly, remote_holds: true, ..agreed(Codec::Pcma) };
    leg.set_remote(0, held, Learning::Never);
    let id = leg.play(0, Prompt::silence(100), Repeat::Once);
    assert!(ticked(&mut leg, 0..200_000).is_empty());
    assert_eq!(leg.poll_event(0), Some(LegEvent::PlayEnded(id)));
    let empty = leg.play(0, Prompt::silence(0), Repeat::Once);
    assert_eq!(leg.poll_event(0), Some(LegEvent::PlayEnded(empty)));
    leg.play(0, Prompt::silence(0), Repeat::Forever);
    assert!(ticked(&mut leg, 200_000..2_000_000).is_empty());
}

#[test]
fn one_stream_from_many_sources() {
    let mut leg = leg(Codec::Pcma);
    leg.play(0, Prompt::silence(100), Repeat::Forever);
    let mut heads: Vec<RtpHeader> = ticked(&mut leg, 0..100_000).into_iter().map(|s| s.1).collect();
    assert!(relayed(&mut leg, 100_000, 1, &audio(5000, 1)).is_none(), "a prompt goes first");
    leg.stop_playing();
    let mut markers = vec![0];
    let mut now = 107_000;
    for (source, ssrc, first) in [(1, 11, 5000), (2, 22, 17), (2, 23, 1_000_000)] {
        markers.push(heads.len());
        for n in 0..5 {
            heads.push(relayed(&mut leg, now, source, &audio(first + n, ssrc)).unwrap());
            now += 20_000;
        }
    }
    // The same stream with a new time base is a new source too.
    markers.push(heads.len());
    heads.push(relayed(&mut leg, now, 2, &audio(2_000_000, 23)).unwrap());
    for (n, pair) in heads.windows(2).enumerate() {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
        let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        assert!((160..400).contains(&step), "step {step} after packet {n}");
        assert_eq!(pair[1].ssrc, 7);
    }
    let marked: Vec<usize> = (0..heads.len()).filter(|n| heads[*n].marker).collect();
    assert_eq!(marked, markers);
    assert_eq!(leg.stats().relay_refused, 1);
}

#[test]
fn laws_are_exchanged_and_other_codecs_refused() {
    let mut out = [0; 512];
    let mut ulaw = leg(Codec::Pcmu);
    let (len, _) = ulaw.relay(0, 1, &audio(1, 1), &mut out).unwrap();
    assert_eq!(out[HEADER_LEN..len], [Law::Alaw.table_to(Law::Ulaw)[0x55]; 160]);
    assert_eq!(out[1] & 0x7F, 0);
    for other in [Codec::G722, Codec::Opus] {
        assert!(leg(other).relay(0, 1, &audio(1, 1), &mut out).is_none());
        assert!(!leg(other).passes(Content::Audio(Codec::Pcma)) && leg(other).passes(Content::Audio(other)));
    }
    assert!(ulaw.relay(0, 1, &audio(1, 1), &mut [0; 100]).is_none(), "no room");
}

#[test]
fn relayed_keys_keep_one_timestamp() {
    let mut leg = leg(Codec::Pcma);
    relayed(&mut leg, 0, 1, &audio(100, 5)).unwrap();
    let stamps: Vec<_> = (1..60u32)
        .map(|n| {
            let event = TelephoneEvent { event: 1, end: false, volume: 10, duration: n as u16 * 160 };
            let payload = event.write();
            let header = RtpHeader { marker: n == 1, timestamp: 101 * 160, ssrc: 5, ..header(100 + n) };
            let packet = Packet { content: Content::Event { clock: 8_000 }, header, payload: &payload };
            let sent = relayed(&mut leg, u64::from(n) * 20_000, 1, &packet).unwrap();
            assert_eq!((sent.payload_type, sent.marker), (101, n == 1));
            sent.timestamp
        })
        .collect();
    assert!(stamps.iter().all(|t| *t == stamps[0]));
    let after = relayed(&mut leg, 1_200_000, 1, &audio(160, 5)).unwrap();
    assert_eq!((after.timestamp.wrapping_sub(stamps[0]), after.marker), (59 * 160, false));
}

#[test]
fn keys_are_sent_between_frames_and_heard() {
    let (mut from, mut to) = (leg(Codec::Pcma), leg(Codec::Pcma));
    from.play(0, Prompt::silence(10_000), Repeat::Forever);
    for key in "42#".chars() {
        from.send_dtmf(0, Digit::from_char(key).unwrap(), 100).unwrap();
    }
    let mut heard = String::new();
    let mut sequence = None;
    for (at, header, payload) in ticked(&mut from, 0..1_000_000) {
        assert!(sequence.is_none_or(|s: u16| s.wrapping_add(1) == header.sequence));
        sequence = Some(header.sequence);
        if let Received::Dtmf { pressed: Some(digit), .. } =
            to.receive_rtp(at, address(THERE), &datagram(&header, &payload))
        {
            heard.push(digit.to_char());
        }
    }
    assert_eq!(heard, "42#");
    let mut without = agreed(Codec::Pcma);
    without.dtmf_send_pt = None;
    from.set_remote(0, without, Learning::Never);
    let digit = Digit::from_event(1).unwrap();
    assert_eq!(from.send_dtmf(0, digit, 100), Err(DtmfRefused::NotNegotiated));
    for _ in 0..32 {
        to.send_dtmf(0, digit, 100).unwrap();
    }
    assert_eq!(to.send_dtmf(0, digit, 100), Err(DtmfRefused::QueueFull));
}

#[test]
fn silence_is_told_once_and_not_on_hold() {
    let mut leg = leg(Codec::Pcma);
    leg.set_rtp_timeout(Some(5_000_000));
    leg.receive_rtp(1_000_000, address(THERE), &datagram(&header(1), &[0; 160]));
    assert_eq!(leg.poll_event(5_999_999), None);
    assert_eq!(leg.poll_event(6_000_000), Some(LegEvent::TimedOut));
    assert_eq!(leg.poll_event(9_000_000), None);
    leg.receive_rtp(10_000_000, address(THERE), &datagram(&header(2), &[0; 160]));
    assert_eq!(leg.poll_event(15_000_000), Some(LegEvent::TimedOut));
    let held = Negotiated { direction: Direction::RecvOnly, remote_holds: true, ..agreed(Codec::Pcma) };
    leg.set_remote(16_000_000, held, Learning::Never);
    assert_eq!(leg.poll_event(99_000_000), None);
    leg.set_remote(100_000_000, agreed(Codec::Pcma), Learning::Never);
    assert_eq!(leg.poll_event(104_000_000), None);
    assert_eq!(leg.poll_event(105_000_000), Some(LegEvent::TimedOut));
}

#[test]
fn reports_go_both_ways_and_measure_the_round_trip() {
    let mut here = leg(Codec::Pcma);
    let seeds = LegSeeds { ssrc: 8, sequence: 0, timestamp: 0, chance: 2 };
    let mut there = Leg::new(seeds, "other");
    there.set_remote(0, agreed(Codec::Pcma), Learning::Never);
    let (from, mut out) = (address("192.0.2.1:4001"), [0; 512]);
    let ntp = |now: Micros| (now << 32) / 1_000_000;
    const WAY: Micros = 30_000;
    let mut reports = 0;
    let mut spoken = 0;
    for n in 0..1500u32 {
        let now = u64::from(n) * 20_000;
        let mut buffer = [0; 512];
        let (len, _) = here.relay(now, 1, &audio(n, 3), &mut buffer).unwrap();
        if n % 10 != 5 {
            there.receive_rtp(now + WAY, address(THERE), &buffer[..len]);
            spoken += 1;
        }
        if let Some((len, to)) = here.rtcp_due(now, &mut out, ntp(now)) {
            assert_eq!(to, from);
            there.receive_rtcp(now + WAY, from, &out[..len]).unwrap();
            reports += 1;
        }
        if let Some((len, _)) = there.rtcp_due(now, &mut out, ntp(now)) {
            here.receive_rtcp(now + WAY, from, &out[..len]).unwrap();
        }
    }
    assert!((4..=10).contains(&reports), "{reports} reports in 30 s");
    let stats = here.stats();
    let round_trip = stats.round_trip_us.unwrap();
    assert!(round_trip.abs_diff(2 * WAY) < 100, "{round_trip}");
    assert!((100..=150).contains(&stats.remote_lost), "{}", stats.remote_lost);
    assert_eq!((there.stats().received_packets, there.stats().lost), (spoken, 1500 - spoken));
    let quality = here.measure().unwrap();
    assert_eq!(quality.round_trip_us, Some(round_trip));
    assert_eq!(quality.heard, None, "the far end says nothing");
    let sent = quality.sent.unwrap();
    assert_eq!(sent.lost, stats.remote_lost);
    assert!(
        (1000..=1500).contains(&sent.expected) && sent.expected.abs_diff(sent.lost * 10) < 20,
        "{sent:?}"
    );
    let heard = there.measure().unwrap().heard.unwrap();
    assert_eq!((heard.expected, heard.lost), (1500, 150));
    // Ie_eff = 95 · 10 / 35.1; d = 20 ms without a measured round trip: R = 65.65.
    assert_eq!(heard.mos.hundredths(), 339);
    let (len, _) = here.goodbye(30_000_000, &mut out, 1).unwrap();
    there.receive_rtcp(30_000_000, from, &out[..len]).unwrap();
    assert_eq!(there.poll_event(30_000_000), Some(LegEvent::RemoteBye));
    assert_eq!((there.poll_event(30_000_000), here.deadline()), (None, None));
    let stranger = address("192.0.2.7:4001");
    assert_eq!(there.receive_rtcp(0, stranger, &out[..len]), Err(DropReason::Stranger));
    assert_eq!(there.receive_rtcp(0, from, &[0x80, 200, 0, 9]), Err(DropReason::Malformed));
}

#[test]
fn a_leg_is_measured_as_a_whole_and_since_the_last_time() {
    let mut leg = leg(Codec::Pcma);
    assert_eq!(Leg::new(LegSeeds::from_seed(1), "").measure(), None);
    let hear = |leg: &mut Leg, numbers: std::ops::Range<u32>, every: u32, ssrc: u32| {
        for n in numbers.filter(|n| every == 0 || n % every != 0) {
            let bytes = datagram(&RtpHeader { ssrc, ..header(n) }, &[1; 160]);
            leg.receive_rtp(u64::from(n) * 20_000, address(THERE), &bytes);
        }
    };
    hear(&mut leg, 1..1000, 10, 99);
    let first = leg.measure().unwrap().heard.unwrap();
    assert_eq!((first.expected, first.lost), (999, 99));
    assert_eq!(first.mos, first.mos_lately);
    hear(&mut leg, 1000..2000, 0, 99);
    let second = leg.measure().unwrap().heard.unwrap();
    assert_eq!((second.expected, second.lost), (1999, 99));
    // d = 20 ms, Id = 0.48, R = 92.72.
    assert_eq!(second.mos_lately.hundredths(), 440);
    assert!(second.mos > first.mos && second.mos < second.mos_lately);
    // Another stream goes on in the same count.
    hear(&mut leg, 5000..5100, 0, 7);
    assert_eq!(leg.measure().unwrap().heard.unwrap().expected, 2099);
}

#[test]
fn a_far_end_that_reports_nonsense_is_bounded() {
    let mut leg = leg(Codec::Pcma);
    for n in 0..100 {
        relayed(&mut leg, u64::from(n) * 20_000, 1, &audio(n, 1)).unwrap();
    }
    for highest_sequence in [0, 65_530 + 49, u32::MAX, 65_530 - 5] {
        let mut out = [0; 64];
        let mut writer = RtcpWriter::new(&mut out);
        let block = ReportBlock {
            ssrc: 7,
            highest_sequence,
            cumulative_lost: 0x7F_FFFF,
            jitter: u32::MAX,
            ..ReportBlock::default()
        };
        writer.receiver_report(9, &[block]);
        let len = writer.len();
        leg.receive_rtcp(0, address("192.0.2.1:4001"), &out[..len]).unwrap();
        let sent = leg.measure().unwrap().sent.unwrap();
        assert!(sent.expected <= 100 && sent.lost <= sent.expected, "{sent:?}");
        if highest_sequence == 65_530 + 49 {
            assert_eq!(sent.expected, 50);
        }
        assert_eq!(sent.mos.hundredths(), 100);
    }
}

#[test]
fn rtcp_on_the_shared_port_is_told_apart() {
    let mut leg = leg(Codec::Pcma);
    leg.set_remote(0, Negotiated { rtcp_mux: true, ..agreed(Codec::Pcma) }, Learning::Never);
    let mut out = [0; 64];
    let mut writer = RtcpWriter::new(&mut out);
    writer.receiver_report(9, &[]);
    let len = writer.len();
    assert_eq!(leg.receive_rtp(0, address(THERE), &out[..len]), Received::Rtcp);
    assert!(matches!(leg.receive_rtp(0, address(THERE), &datagram(&header(1), &[0])), Received::Audio(_)));
    assert_eq!(leg.rtcp_due(10_000_000, &mut [0; 512], 0).unwrap().1, address(THERE));
}

#[test]
fn nothing_is_received_that_we_said_we_do_not_want() {
    let mut leg = leg(Codec::Pcma);
    let hold = Negotiated { direction: Direction::SendOnly, ..agreed(Codec::Pcma) };
    leg.set_remote(0, hold, Learning::Never);
    let packet = datagram(&header(1), &[0; 160]);
    let dropped = Received::Dropped(DropReason::NotReceiving);
    assert_eq!(leg.receive_rtp(0, address(THERE), &packet), dropped);
    leg.set_rtp_timeout(Some(1));
    assert_eq!(leg.poll_event(1_000_000), None);
    assert!(!format!("{leg:?}").contains("192.0.2"));
}

/// What a far end hears of packets in that codec, at the rate of the codec.
fn heard(codec: Codec, packets: &[(Micros, RtpHeader, Vec<u8>)]) -> (u32, Vec<i16>) {
    let (mut g722, mut opus) = (G722Decoder::default(), OpusDecoder::new().unwrap());
    let mut samples = Vec::new();
    for (_, _, payload) in packets {
        let mut out = [0; MAX_SAMPLES];
        match codec.law() {
            Some(law) => samples.extend(payload.iter().map(|b| law.decode(*b))),
            None => {
                let count = match codec {
                    Codec::Opus => opus.decode(payload, &mut out).unwrap(),
                    _ => g722.decode(payload, &mut out),
                };
                samples.extend_from_slice(&out[..count]);
            }
        }
    }
    (if codec.law().is_some() { 8_000 } else { 16_000 }, samples)
}

#[test]
fn prompts_are_heard_in_every_codec_and_length_of_packet() {
    for codec in Codec::ALL {
        for ptime in [10, 20, 30, 40, 60] {
            let mut leg = leg(codec);
            leg.set_remote(0, Negotiated { ptime, ..agreed(codec) }, Learning::Never);
            // 25 frames of 20 ms: at 60 ms the last packet is shorter.
            let id = leg.play(0, Prompt::tone(700.0, 500, 0.3), Repeat::Once);
            let sent = ticked(&mut leg, 0..600_000);
            let what = format!("{codec:?}, {ptime} ms");
            let units: u32 = sent.iter().map(|(_, _, payload)| codec.duration(payload).unwrap()).sum();
            assert_eq!(units, codec.clock() / 2, "{what}");
            let mut expected = sent[0].1.timestamp;
            for (n, (_, header, payload)) in sent.iter().enumerate() {
                assert_eq!((header.timestamp, header.marker), (expected, n == 0), "{what}, packet {n}");
                assert_eq!(header.payload_type, codec.payload_type());
                expected = expected.wrapping_add(codec.duration(payload).unwrap());
            }
            assert_eq!(leg.poll_event(600_000), Some(LegEvent::PlayEnded(id)), "{what}");
            let (rate, samples) = heard(codec, &sent);
            assert!(power_at(&samples[2_000..], rate, 700.0) > -0.3, "{what}");
        }
    }
}

#[test]
fn a_change_of_the_clock_goes_on_from_where_the_stream_was() {
    let mut leg = leg(Codec::Pcma);
    leg.play(0, Prompt::tone(440.0, 1000, 0.3), Repeat::Forever);
    let before = ticked(&mut leg, 0..100_000);
    leg.set_remote(100_000, agreed(Codec::Opus), Learning::Never);
    let after = ticked(&mut leg, 100_000..200_000);
    let (last, first) = (&before.last().unwrap().1, &after[0].1);
    assert_eq!(first.timestamp.wrapping_sub(last.timestamp), 160);
    assert_eq!((first.sequence.wrapping_sub(last.sequence), first.ssrc), (1, last.ssrc));
    assert!(first.marker && first.payload_type == 111);
    assert_eq!(after[1].1.timestamp.wrapping_sub(first.timestamp), 960);
    leg.set_remote(200_000, agreed(Codec::G722), Learning::Never);
    let back = ticked(&mut leg, 200_000..300_000);
    assert_eq!(back[0].1.timestamp.wrapping_sub(after.last().unwrap().1.timestamp), 960);
    assert_eq!(back[1].1.timestamp.wrapping_sub(back[0].1.timestamp), 160);
}

fn at_48000(codec: Codec) -> Negotiated {
    Negotiated { dtmf_clock: 48_000, ..agreed(codec) }
}

#[test]
fn keys_are_sent_with_the_clock_that_was_agreed() {
    let mut leg = leg(Codec::Opus);
    leg.set_remote(0, at_48000(Codec::Opus), Learning::Never);
    leg.send_dtmf(0, Digit::from_event(5).unwrap(), 100).unwrap();
    leg.send_dtmf(0, Digit::from_event(6).unwrap(), 100).unwrap();
    let sent = ticked(&mut leg, 0..400_000);
    let durations: Vec<u16> =
        sent.iter().map(|(_, _, payload)| TelephoneEvent::parse(payload).unwrap().duration).collect();
    assert_eq!(durations[..7], [960, 1920, 2880, 3840, 4800, 4800, 4800]);
    let stamps: Vec<u32> = sent.iter().map(|(_, header, _)| header.timestamp).collect();
    assert!(stamps[..7].iter().all(|t| *t == stamps[0]));
    // The second key begins seven steps later.
    assert_eq!(stamps[7].wrapping_sub(stamps[0]), 7 * 960);
}

#[test]
fn keys_pass_from_one_clock_to_the_other() {
    for (from, to) in [(48_000u32, 8_000u32), (8_000, 48_000)] {
        let codec = if to == 48_000 { Codec::Opus } else { Codec::Pcma };
        let mut leg = leg(codec);
        leg.set_remote(0, Negotiated { dtmf_clock: to, ..agreed(codec) }, Learning::Never);
        let mut stamps = Vec::new();
        for press in 0..2u32 {
            for n in 0..6u32 {
                let duration = (n + 1) * from / 50;
                let event = TelephoneEvent { event: 3, end: n == 5, volume: 10, duration: duration as u16 };
                let (k, payload) = (press * 20 + n, event.write());
                let timestamp = (100 + press * 20) * from / 50;
                let header = RtpHeader { marker: n == 0, timestamp, ssrc: 5, ..header(k) };
                let packet = Packet { content: Content::Event { clock: from }, header, payload: &payload };
                let mut out = [0; 64];
                let (len, _) = leg.relay(u64::from(k) * 20_000, 1, &packet, &mut out).unwrap();
                let sent = RtpPacket::parse(&out[..len]).unwrap();
                let event = TelephoneEvent::parse(sent.payload).unwrap();
                assert_eq!(u32::from(event.duration), (n + 1) * to / 50);
                assert_eq!((sent.header.marker, event.end), (n == 0, n == 5));
                stamps.push(sent.header.timestamp);
            }
        }
        assert!(stamps[..6].iter().all(|t| *t == stamps[0]) && stamps[6..].iter().all(|t| *t == stamps[6]));
        assert_eq!(stamps[6].wrapping_sub(stamps[0]), 20 * to / 50, "from {from} to {to}");
    }
}

#[test]
fn keys_of_both_clocks_are_heard() {
    let mut leg = leg(Codec::Opus);
    let both = Negotiated { also_dtmf_recv: Some((110, 8_000)), ..at_48000(Codec::Opus) };
    leg.set_remote(0, both, Learning::Never);
    for (n, (payload_type, clock)) in [(101, 48_000), (110, 8_000)].into_iter().enumerate() {
        let event = TelephoneEvent { event: 3, end: false, volume: 10, duration: 960 };
        let header = RtpHeader { payload_type, marker: true, ..header(n as u32 + 1) };
        let bytes = datagram(&header, &event.write());
        let Received::Dtmf { pressed, packet } = leg.receive_rtp(0, address(THERE), &bytes) else { panic!() };
        assert_eq!(pressed.map(Digit::to_char), Some('3'));
        assert_eq!(packet.content, Content::Event { clock });
    }
}

#[test]
fn jitter_is_counted_by_the_clock_of_the_codec() {
    for codec in [Codec::Pcma, Codec::Opus] {
        let mut leg = leg(codec);
        for n in 0..500u32 {
            let late = if n % 2 == 0 { 10_000 } else { 0 };
            let step = codec.clock() / 50;
            let header =
                RtpHeader { payload_type: codec.payload_type(), timestamp: n * step, ..header(n + 1) };
            leg.receive_rtp(u64::from(n) * 20_000 + late, address(THERE), &datagram(&header, &[1 << 3; 160]));
        }
        let jitter = leg.stats().jitter_us;
        assert!(jitter.abs_diff(10_000) < 100, "{codec:?}: {jitter}");
    }
}

#[test]
fn comfort_noise_that_was_announced_is_given_on() {
    let mut leg = leg(Codec::Pcma);
    leg.set_remote(0, Negotiated { noise_recv_pt: Some(13), ..agreed(Codec::Pcma) }, Learning::Never);
    let bytes = datagram(&RtpHeader { payload_type: 13, ..header(1) }, &[50]);
    let Received::Audio(packet) = leg.receive_rtp(0, address(THERE), &bytes) else { panic!() };
    assert_eq!((packet.content, packet.law()), (Content::ComfortNoise, None));
    assert!(relayed(&mut leg, 0, 1, &packet).is_none());
    leg.set_key_mode(KeyMode::Withhold);
    let bytes = datagram(&RtpHeader { payload_type: 13, ..header(2) }, &[50]);
    assert_eq!(leg.receive_rtp(0, address(THERE), &bytes), Received::Kept { pressed: false });
}

#[test]
fn keys_reach_the_far_end_in_the_way_that_it_takes_them() {
    let as_tones = |leg: &mut Leg| {
        for key in "42#".chars() {
            leg.press(0, Digit::from_char(key).unwrap());
        }
        let (mut heard, mut detector) = (String::new(), crate::inband::DtmfDetector::new());
        for (_, header, payload) in ticked(leg, 0..2_000_000) {
            assert_eq!(header.payload_type, 8);
            detector.push_g711(Law::Alaw, &payload, |digit| heard.push(digit.to_char()));
        }
        heard
    };
    // Beside music, which goes on afterwards, and alone.
    let mut playing = leg(Codec::Pcma);
    playing.play(0, Prompt::silence(10_000), Repeat::Forever);
    playing.set_keys_out(KeysOut::Tones);
    assert_eq!(as_tones(&mut playing), "42#");
    // A far end that takes no events.
    let mut without = leg(Codec::Pcma);
    without.set_remote(0, Negotiated { dtmf_send_pt: None, ..agreed(Codec::Pcma) }, Learning::Never);
    assert!(!without.takes_events());
    assert_eq!(as_tones(&mut without), "42#");
    // What is relayed meanwhile is not heard beside a tone.
    without.press(3_000_000, Digit::from_event(1).unwrap());
    assert!(relayed(&mut without, 3_000_000, 1, &audio(150, 5)).is_none());
    let mut told = leg(Codec::Pcma);
    told.set_keys_out(KeysOut::Told);
    let digit = Digit::from_event(7).unwrap();
    told.press(0, digit);
    assert_eq!((told.poll_event(0), ticked(&mut told, 0..100_000).len()), (Some(LegEvent::Tell(digit)), 0));
}
