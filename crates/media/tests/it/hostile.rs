//! Bytes from strangers: every valid input cut at every length, bytes flipped at random, and random sequences
//! of operations. Nothing may panic, and what was read must hold its promises.

use std::net::SocketAddr;

use media::dtmf::{Digit, TelephoneEvent};
use media::g711::Law;
use media::leg::{Learning, Leg, LegSeeds, Received, Repeat};
use media::negotiate::{Codec, Direction, LocalSession};
use media::prompt::Prompt;
use media::recording::{Channel, Recorder};
use media::rtcp::{ReportBlock, RtcpWriter, SenderInfo};
use media::rtp::{RtpHeader, RtpPacket};
use media::sdp::SessionDescription;
use media::{rtcp, wav};

use crate::Chance;

/// Calls `read` with every beginning of `valid` and with many spoiled copies of it.
fn spoil(seed: u64, valid: &[u8], mut read: impl FnMut(&[u8])) {
    for length in 0..=valid.len() {
        read(&valid[..length]);
    }
    let mut chance = Chance::new(seed);
    for _ in 0..3000 {
        let mut bytes = valid.to_vec();
        for _ in 0..1 + chance.below(8) {
            let at = chance.below(bytes.len() as u64) as usize;
            match chance.below(4) {
                0 => bytes[at] ^= 1 << chance.below(8),
                1 => bytes[at] = chance.next() as u8,
                2 => bytes.insert(at, chance.next() as u8),
                _ if bytes.len() > 1 => {
                    bytes.remove(at);
                }
                _ => {}
            }
        }
        read(&bytes);
    }
}

const OFFER: &str = "v=0\r\no=a 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8 0 9 101\r\na=rtpmap:101 telephone-event/8000\r\na=rtcp:4001 IN IP4 192.0.2.2\r\n\
    a=ptime:20\r\na=sendonly\r\na=rtcp-mux\r\nm=video 4002 RTP/AVP 34\r\n";

#[test]
fn descriptions() {
    let mut ours = LocalSession::new("192.0.2.100:20000".parse().unwrap(), 9, &Codec::ALL, true);
    spoil(1, OFFER.as_bytes(), |bytes| {
        let Ok(session) = SessionDescription::parse(bytes) else { return };
        let again = SessionDescription::parse(session.write().as_bytes()).unwrap();
        assert_eq!(again.media.len(), session.media.len());
        if let Ok((answer, _)) = ours.answer(&session, Direction::SendRecv) {
            let answer = SessionDescription::parse(answer.write().as_bytes()).unwrap();
            assert_eq!(answer.media.len(), session.media.len());
        }
        ours.offer(Direction::SendRecv);
        let _ = ours.accept(&session);
    });
}

#[test]
fn rtp() {
    let mut valid = vec![0; 12];
    RtpHeader { marker: true, payload_type: 8, sequence: 1, timestamp: 2, ssrc: 3 }.write(&mut valid);
    valid[0] |= 0x30 | 2;
    valid.extend_from_slice(&[0; 8]);
    valid.extend_from_slice(&[0xBE, 0xDE, 0, 1, 0, 0, 0, 0]);
    valid.extend_from_slice(&[7; 20]);
    valid.extend_from_slice(&[0, 0, 0, 4]);
    spoil(2, &valid, |bytes| {
        if let Ok(packet) = RtpPacket::parse(bytes) {
            assert_eq!(&bytes[packet.payload_range.clone()], packet.payload);
        }
    });
}

fn reports() -> Vec<u8> {
    let mut out = [0; 512];
    let mut writer = RtcpWriter::new(&mut out);
    let block = ReportBlock { ssrc: 3, last_sr: 1, ..ReportBlock::default() };
    writer.sender_report(1, &SenderInfo::default(), &[block, block]);
    writer.cname(1, b"name");
    writer.bye(1);
    let len = writer.len();
    out[..len].to_vec()
}

#[test]
fn rtcp_compounds() {
    spoil(3, &reports(), |bytes| {
        assert!(rtcp::parse(bytes).count() <= 32);
    });
}

#[test]
fn wav_files() {
    let mut valid = wav::g711_header(Law::Alaw, 2, Some(8)).to_vec();
    valid.extend_from_slice(&[1; 8]);
    spoil(4, &valid, |bytes| {
        if let Ok(file) = wav::read(bytes) {
            assert!(file.samples.len() <= bytes.len() && wav::RATES.contains(&file.rate));
        }
    });
}

#[test]
fn sequences_of_operations_on_a_leg() {
    let from: SocketAddr = "192.0.2.1:4000".parse().unwrap();
    for seed in 0..60 {
        let mut chance = Chance::new(seed);
        let mut ours = LocalSession::new("192.0.2.100:20000".parse().unwrap(), seed, &Codec::ALL, true);
        let mut leg = Leg::new(LegSeeds::from_seed(seed), "c");
        let mut recorder = Recorder::new(Law::Ulaw, 0);
        leg.set_rtp_timeout(Some(1_000_000));
        let prompt = Prompt::tone(440.0, 90, 0.2);
        let (mut now, mut recorded) = (0u64, 0usize);
        let mut sequence: Option<u16> = None;
        let mut sent = |bytes: &[u8]| {
            let header = RtpPacket::parse(bytes).unwrap().header;
            let before = sequence.replace(header.sequence);
            assert!(before.is_none_or(|s| s.wrapping_add(1) == header.sequence), "seed {seed}: a hole");
        };
        for step in 0..2000 {
            now += match chance.below(50) {
                0 => chance.below(3_000_000),
                _ => chance.below(20_000),
            };
            let mut out = [0; 2048];
            match chance.below(12) {
                0 if step % 5 == 0 => {
                    let kind = ["sendrecv", "sendonly", "inactive", "recvonly"][chance.below(4) as usize];
                    let address = ["192.0.2.1", "0.0.0.0"][chance.below(2) as usize];
                    let offer = OFFER
                        .replace("sendonly", kind)
                        .replace("c=IN IP4 192.0.2.1", &format!("c=IN IP4 {address}"));
                    let offer = SessionDescription::parse(offer.as_bytes()).unwrap();
                    let learning = [Learning::Never, Learning::FirstPacket][chance.below(2) as usize];
                    let (_, agreed) = ours.answer(&offer, Direction::SendRecv).unwrap();
                    leg.set_remote(now, agreed, learning);
                }
                0 => leg.stop_playing(),
                1 => {
                    let repeat = [Repeat::Once, Repeat::Forever][chance.below(2) as usize];
                    leg.play(now, prompt.clone(), repeat);
                }
                2 => {
                    let digit = Digit::from_event(chance.below(16) as u8).unwrap();
                    let _ = leg.send_dtmf(now, digit, chance.next() as u32);
                }
                3 => {
                    let mut bytes = reports();
                    let at = chance.below(bytes.len() as u64) as usize;
                    bytes[at] = chance.next() as u8;
                    let _ = leg.receive_rtcp(now, from, &bytes);
                }
                4 => {
                    leg.rtcp_due(now, &mut out, chance.next());
                }
                5..8 => {
                    let header = RtpHeader {
                        marker: chance.percent(5),
                        payload_type: [8, 8, 0, 101, 13, chance.below(128) as u8][chance.below(6) as usize],
                        sequence: if chance.percent(95) { step as u16 } else { chance.next() as u16 },
                        timestamp: if chance.percent(95) { step * 160 } else { chance.next() as u32 },
                        ssrc: 1 + u32::from(chance.percent(2)),
                    };
                    let mut bytes = vec![0; 12];
                    header.write(&mut bytes);
                    let event = TelephoneEvent::parse(&(chance.next() as u32).to_be_bytes()).unwrap();
                    bytes.extend_from_slice(&event.write());
                    bytes.resize(12 + chance.below(400) as usize, 0x2A);
                    let from = if chance.percent(90) { from } else { "192.0.2.9:9".parse().unwrap() };
                    match leg.receive_rtp(now, from, &bytes) {
                        Received::Audio(packet) => {
                            if let Some(law) = packet.law() {
                                recorder.push(Channel::Left, now, law, &packet.header, packet.payload);
                            }
                            if let Some((len, _)) = leg.relay(now, chance.below(2), &packet, &mut out) {
                                sent(&out[..len]);
                            }
                        }
                        Received::Dtmf { packet, .. } => {
                            if let Some((len, _)) = leg.relay(now, 0, &packet, &mut out) {
                                sent(&out[..len]);
                            }
                        }
                        Received::Kept { .. } | Received::Rtcp | Received::Dropped(_) => {}
                    }
                }
                8 => match chance.below(10) {
                    0 => recorder.pause(now),
                    _ => recorder.resume(now),
                },
                _ => {
                    let mut count = 0;
                    while let Some((len, to)) = leg.tick(now, &mut out) {
                        sent(&out[..len]);
                        assert!(!to.ip().is_unspecified());
                        count += 1;
                    }
                    assert!(count <= 11, "seed {seed}: a burst of {count}");
                    while leg.poll_event(now).is_some() {}
                    while let Some(block) = recorder.advance(now) {
                        recorded += block.len();
                    }
                }
            }
        }
        while let Some(block) = recorder.finish(now) {
            recorded += block.len();
        }
        assert!(recorded as u64 / 2 >= now / 125, "seed {seed}");
    }
}
