//! Protected legs: what is offered, answered and refused, and a telephone with SRTP that talks with one without.

use std::net::SocketAddr;

use media::bridge::Bridge;
use media::g711::Law;
use media::leg::{DropReason, Learning, Leg, LegSeeds, Received, Repeat};
use media::negotiate::{Codec, Direction, LocalSession, NegotiateError, SrtpPolicy};
use media::prompt::Prompt;
use media::rtp::RtpPacket;
use media::sdes::{CryptoError, OwnKeys, SEED_LEN};
use media::sdp::SessionDescription;
use media::srtp::{SrtpKeys, Suite};
use media::tone::{loudest, power_at};

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk";
const OTHER: &str = "ZDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk";
const GCM: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYg==";

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn ntp(now: u64) -> u64 {
    (3_900_000_000 << 32) + (now << 32) / 1_000_000
}

fn session(at: &str, policy: SrtpPolicy, mux: bool, seed: u8) -> LocalSession {
    let mut session = LocalSession::new(addr(at), u64::from(seed), &[Codec::Pcma], mux);
    let random: [u8; SEED_LEN] = std::array::from_fn(|n| (n as u8).wrapping_mul(7).wrapping_add(seed));
    session.protect(policy, OwnKeys::from_random(&random).unwrap());
    session
}

/// What an offer with these lines is answered with, and the keys.
fn answered(
    policy: SrtpPolicy,
    protocol: &str,
    lines: &[String],
) -> Result<(Vec<String>, Option<SrtpKeys>), NegotiateError> {
    let lines: String = lines.iter().map(|line| format!("a=crypto:{line}\r\n")).collect();
    let text = format!("v=0\r\nc=IN IP4 192.0.2.2\r\nm=audio 4000 {protocol} 8\r\n{lines}");
    let offer = SessionDescription::parse(text.as_bytes())?;
    let mut ours = session("192.0.2.1:20000", policy, false, 1);
    let (answer, agreed) = ours.answer(&offer, Direction::SendRecv)?;
    assert_eq!(answer.media[0].protocol, protocol);
    Ok((answer.media[0].attributes_named("crypto").map(str::to_owned).collect(), agreed.srtp))
}

#[test]
fn offers_are_answered_with_one_of_their_lines() {
    let eighty = |tag, rest: &str| format!("{tag} AES_CM_128_HMAC_SHA1_80 inline:{KEY}{rest}");
    let both = [eighty(1, "|2^31|1:1"), eighty(2, "|2^31"), eighty(3, "")];
    for (protocol, policy) in [
        ("RTP/SAVP", SrtpPolicy::Required),
        ("RTP/SAVPF", SrtpPolicy::Required),
        ("RTP/AVP", SrtpPolicy::Required),
        ("RTP/SAVP", SrtpPolicy::Optional),
        ("RTP/AVP", SrtpPolicy::Optional),
    ] {
        let (lines, keys) = answered(policy, protocol, &both).unwrap();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("2 AES_CM_128_HMAC_SHA1_80 inline:"), "{protocol}: the one without MKI");
        assert!(!lines[0].contains(KEY) && !lines[0].contains('|'), "our own key, without a name");
        assert_eq!(keys.unwrap().theirs.mki(), b"");
    }
    for (lines, tag, suite) in [
        (vec![eighty(7, "|1:4")], "7", Suite::AesCm128HmacSha1_80),
        (
            vec![
                "1 F8_128_HMAC_SHA1_80 inline:x".into(),
                format!("4 AEAD_AES_128_GCM inline:{GCM}"),
                eighty(5, ""),
            ],
            "4",
            Suite::AeadAes128Gcm,
        ),
        (
            vec![eighty(1, "x"), format!("2 AES_CM_128_HMAC_SHA1_32 inline:{KEY}")],
            "2",
            Suite::AesCm128HmacSha1_32,
        ),
    ] {
        let (line, keys) = answered(SrtpPolicy::Required, "RTP/SAVP", &lines).unwrap();
        let keys = keys.unwrap();
        assert!(line[0].starts_with(&format!("{tag} {} inline:", suite.name())), "{line:?}");
        assert_eq!((keys.ours.suite(), keys.theirs.suite()), (suite, suite));
    }
    // Without keys, and where nobody wants them, audio is plain.
    assert_eq!(answered(SrtpPolicy::Optional, "RTP/AVP", &[]), Ok((vec![], None)));
    assert_eq!(answered(SrtpPolicy::Optional, "RTP/AVP", &[eighty(1, "x")]), Ok((vec![], None)));
    assert_eq!(answered(SrtpPolicy::Off, "RTP/AVP", &[eighty(1, "")]), Ok((vec![], None)));
    let wrong = CryptoError::KeyLength { wanted: 30, found: 28 };
    for (policy, protocol, lines, expected) in [
        (SrtpPolicy::Off, "RTP/SAVP", vec![eighty(1, "")], NegotiateError::UnsupportedTransport),
        (SrtpPolicy::Required, "RTP/AVP", vec![], NegotiateError::NoEncryption),
        (SrtpPolicy::Required, "RTP/SAVP", vec![], NegotiateError::NoEncryption),
        (SrtpPolicy::Optional, "RTP/SAVP", vec![], NegotiateError::NoEncryption),
        (SrtpPolicy::Required, "UDP/TLS/RTP/SAVP", vec![eighty(1, "")], NegotiateError::UnsupportedTransport),
        (
            SrtpPolicy::Required,
            "RTP/SAVP",
            vec!["9 NONE inline:x".into(), format!("1 AES_CM_128_HMAC_SHA1_80 inline:{GCM}")],
            NegotiateError::Crypto(wrong),
        ),
    ] {
        assert_eq!(answered(policy, protocol, &lines), Err(expected), "{policy:?} {protocol} {lines:?}");
    }
}

/// What comes of an answer with that transport and these lines to our offer: the suite, or why not.
fn accepted(policy: SrtpPolicy, protocol: &str, lines: &[String]) -> Result<Option<Suite>, NegotiateError> {
    let mut ours = session("192.0.2.1:20000", policy, false, 1);
    ours.offer(Direction::SendRecv);
    let lines: String = lines.iter().map(|line| format!("a=crypto:{line}\r\n")).collect();
    let text = format!("v=0\r\nc=IN IP4 192.0.2.2\r\nm=audio 4000 {protocol} 8\r\n{lines}");
    let agreed = ours.accept(&SessionDescription::parse(text.as_bytes())?)?;
    Ok(agreed.srtp.map(|keys| keys.theirs.suite()))
}

#[test]
fn answers_have_to_take_one_line_of_the_offer() {
    let line = |tag, bits| format!("{tag} AES_CM_128_HMAC_SHA1_{bits} inline:{KEY}");
    let required = |lines: &[String]| accepted(SrtpPolicy::Required, "RTP/SAVP", lines);
    assert_eq!(required(&[line(1, 80)]), Ok(Some(Suite::AesCm128HmacSha1_80)));
    assert_eq!(required(&[line(2, 32)]), Ok(Some(Suite::AesCm128HmacSha1_32)));
    let not_offered = Err(NegotiateError::Crypto(CryptoError::NotOffered));
    for lines in [vec![line(3, 80)], vec![line(1, 32)], vec![line(1, 80), line(2, 32)]] {
        assert_eq!(required(&lines), not_offered, "{lines:?}");
    }
    assert_eq!(required(&[]), Err(NegotiateError::NoEncryption));
    let plain = accepted(SrtpPolicy::Required, "RTP/AVP", &[line(1, 80)]);
    assert_eq!(plain, Err(NegotiateError::UnsupportedTransport));
    assert_eq!(accepted(SrtpPolicy::Optional, "RTP/AVP", &[]), Ok(None));
    let taken = accepted(SrtpPolicy::Optional, "RTP/AVP", &[line(1, 80)]);
    assert_eq!(taken, Ok(Some(Suite::AesCm128HmacSha1_80)));
    assert_eq!(accepted(SrtpPolicy::Off, "RTP/AVP", &[line(1, 80)]), Ok(None));
}

#[test]
fn a_hold_changes_no_key_and_a_new_key_of_theirs_is_taken() {
    let mut ours = session("192.0.2.1:20000", SrtpPolicy::Required, false, 1);
    let offer = |direction: &str, keys: &[&str]| {
        let lines: String = (1..)
            .zip(keys)
            .map(|(n, key)| format!("a=crypto:{n} AES_CM_128_HMAC_SHA1_80 inline:{key}\n"))
            .collect();
        let text = format!("v=0\nc=IN IP4 192.0.2.2\nm=audio 4000 RTP/SAVP 8\n{lines}a={direction}\n");
        SessionDescription::parse(text.as_bytes()).unwrap()
    };
    let (_, first) = ours.answer(&offer("sendrecv", &[KEY]), Direction::SendRecv).unwrap();
    let (_, held) = ours.answer(&offer("inactive", &[OTHER, KEY]), Direction::SendRecv).unwrap();
    assert_eq!(first.srtp.as_ref().map(|k| &k.ours), held.srtp.as_ref().map(|k| &k.ours));
    let (_, changed) = ours.answer(&offer("sendrecv", &[OTHER]), Direction::SendRecv).unwrap();
    assert_ne!(first.srtp, changed.srtp);
    let again = ours.offer(Direction::Inactive);
    let lines: Vec<&str> = again.media[0].attributes_named("crypto").collect();
    assert_eq!((again.media[0].protocol.as_str(), lines.len()), ("RTP/SAVP", 1));
    assert!(lines[0].starts_with("1 AES_CM_128_HMAC_SHA1_80 inline:"));
}

/// A telephone of our own making, and the leg of ours that it calls.
struct Line {
    phone: Leg,
    at: SocketAddr,
    ours: SocketAddr,
    place: usize,
    heard: Vec<i16>,
}

fn line(bridge: &mut Bridge, port: u16, policies: [SrtpPolicy; 2], mux: bool, tone: f64) -> Line {
    let (at, ours) = (format!("192.0.2.2:{port}"), format!("192.0.2.1:{port}"));
    let mut theirs = session(&at, policies[0], mux, 10);
    let mut near = session(&ours, policies[1], mux, 20);
    let offer = theirs.offer(Direction::SendRecv).write();
    let offer = SessionDescription::parse(offer.as_bytes()).unwrap();
    let (answer, agreed) = near.answer(&offer, Direction::SendRecv).unwrap();
    let answer = SessionDescription::parse(answer.write().as_bytes()).unwrap();
    let mut phone = Leg::new(LegSeeds::from_seed(u64::from(port)), "phone");
    phone.set_remote(0, theirs.accept(&answer).unwrap(), Learning::Never);
    phone.play(0, Prompt::tone(tone, 2_000, 0.3), Repeat::Forever);
    let mut leg = Leg::new(LegSeeds::from_seed(u64::from(port) + 1), "ours");
    leg.set_remote(0, agreed, Learning::Never);
    Line { phone, at: addr(&at), ours: addr(&ours), place: bridge.add(leg), heard: Vec::new() }
}

impl Line {
    fn hear(&mut self, now: u64, datagram: &[u8]) {
        let mut bytes = datagram.to_vec();
        let len = self.phone.unprotect_rtp(self.ours, &mut bytes).expect("made with the agreed key");
        match self.phone.receive_rtp(now, self.ours, &bytes[..len]) {
            Received::Audio(packet) => self.heard.extend(packet.payload.iter().map(|b| Law::Alaw.decode(*b))),
            Received::Rtcp => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_protected_telephone_talks_with_a_plain_one() {
    for mux in [false, true] {
        let mut bridge = Bridge::new();
        let mut lines = [
            line(&mut bridge, 4_000, [SrtpPolicy::Required; 2], mux, 440.0),
            line(&mut bridge, 5_000, [SrtpPolicy::Off; 2], mux, 1_000.0),
        ];
        let places = [lines[0].place, lines[1].place];
        bridge.hear(0, places[0], &[places[1]]);
        bridge.hear(0, places[1], &[places[0]]);
        let recording = bridge.record(0, places[0], Some(places[1])).unwrap();
        let mut recorded = Vec::new();
        let mut out = [0; 2048];
        let mut wire = Vec::new();
        for now in (0..20_000_000u64).step_by(10_000) {
            while let Some(block) = bridge.recorded(now, recording, false) {
                recorded.extend_from_slice(block);
            }
            for from in 0..2 {
                let (at, ours, place) = (lines[from].at, lines[from].ours, lines[from].place);
                while let Some((len, to)) = lines[from].phone.tick(now, &mut out) {
                    assert_eq!(to, ours);
                    let mut bytes = out[..len].to_vec();
                    if from == 0 {
                        wire.extend_from_slice(&RtpPacket::parse(&bytes).unwrap().payload[..100]);
                    }
                    let plain = bridge.leg_mut(place).unwrap().unprotect_rtp(at, &mut bytes).unwrap();
                    let mut sent = Vec::new();
                    let mut room = [0; 2048];
                    bridge.receive_rtp(now, place, at, &bytes[..plain], &mut room, |to, bytes, addr| {
                        sent.push((to, bytes.to_vec(), addr));
                    });
                    for (to, bytes, addr) in sent {
                        let other = usize::from(to == places[1]);
                        assert_eq!(addr, lines[other].at);
                        lines[other].hear(now, &bytes);
                    }
                }
                while let Some((len, _)) = lines[from].phone.rtcp_due(now, &mut out, ntp(now)) {
                    let leg = bridge.leg_mut(place).unwrap();
                    if mux {
                        let plain = leg.unprotect_rtp(at, &mut out[..len]).unwrap();
                        assert_eq!(leg.receive_rtp(now, at, &out[..plain]), Received::Rtcp);
                    } else {
                        let from = SocketAddr::new(at.ip(), at.port() + 1);
                        let plain = leg.unprotect_rtcp(from, &mut out[..len]).unwrap();
                        leg.receive_rtcp(now, from, &out[..plain]).unwrap();
                    }
                }
                let leg = bridge.leg_mut(place).unwrap();
                while let Some((len, _)) = leg.rtcp_due(now, &mut out, ntp(now)) {
                    assert_eq!(out[1], 200, "the head of a report is never encrypted");
                    let phone = &mut lines[from].phone;
                    if mux {
                        let plain = phone.unprotect_rtp(ours, &mut out[..len]).unwrap();
                        assert_eq!(phone.receive_rtp(now, ours, &out[..plain]), Received::Rtcp);
                    } else {
                        let from = SocketAddr::new(ours.ip(), ours.port() + 1);
                        let plain = phone.unprotect_rtcp(from, &mut out[..len]).unwrap();
                        phone.receive_rtcp(now, from, &out[..plain]).unwrap();
                    }
                }
            }
        }
        while let Some(block) = bridge.recorded(20_000_000, recording, true) {
            recorded.extend_from_slice(block);
        }
        let law = bridge.recording_law(recording).unwrap();
        for (channel, tone) in [440.0, 1_000.0].into_iter().enumerate() {
            let one: Vec<i16> = recorded.iter().skip(channel).step_by(2).map(|b| law.decode(*b)).collect();
            assert_eq!(loudest(&one, 8_000, &[440.0, 1_000.0]), Some(tone), "recorded, channel {channel}");
        }
        let encrypted: Vec<i16> = wire.iter().map(|b| Law::Alaw.decode(*b)).collect();
        let heard = power_at(&encrypted, 8_000, 440.0);
        assert!(heard < -20.0, "the tone is heard on the wire: {heard} dB");
        assert_eq!(loudest(&lines[0].heard, 8_000, &[440.0, 1_000.0]), Some(1_000.0));
        assert_eq!(loudest(&lines[1].heard, 8_000, &[440.0, 1_000.0]), Some(440.0));
        for place in places {
            let stats = bridge.leg(place).unwrap().stats();
            assert_eq!(stats.dropped, [0; DropReason::ALL.len()]);
            assert!(stats.round_trip_us.is_some(), "reports were understood");
        }
    }
}

#[test]
fn what_is_not_protected_never_gets_in() {
    let mut bridge = Bridge::new();
    let mut line = line(&mut bridge, 4_000, [SrtpPolicy::Required; 2], false, 440.0);
    let mut out = [0; 2048];
    let (len, _) = line.phone.tick(0, &mut out).unwrap();
    let sealed = out[..len].to_vec();
    let leg = bridge.leg_mut(line.place).unwrap();
    let dropped = |reason| Received::Dropped(reason);
    // As it came, by somebody who forgot to take the protection off.
    assert_eq!(leg.receive_rtp(0, line.at, &sealed), dropped(DropReason::Unauthenticated));
    let mut plain = sealed.clone();
    plain.truncate(172);
    assert_eq!(leg.unprotect_rtp(line.at, &mut plain.clone()), Err(DropReason::Unauthenticated));
    assert_eq!(leg.receive_rtp(0, line.at, &plain), dropped(DropReason::Unauthenticated));
    assert_eq!(leg.unprotect_rtp(addr("192.0.2.9:4000"), &mut sealed.clone()), Err(DropReason::Stranger));
    let mut bytes = sealed.clone();
    let len = leg.unprotect_rtp(line.at, &mut bytes).unwrap();
    assert!(matches!(leg.receive_rtp(0, line.at, &bytes[..len]), Received::Audio(_)));
    assert_eq!(leg.receive_rtp(0, line.at, &bytes[..len]), dropped(DropReason::Unauthenticated), "only once");
    assert_eq!(leg.unprotect_rtp(line.at, &mut sealed.clone()), Err(DropReason::Replayed));
    let report = leg.receive_rtcp(0, addr("192.0.2.2:4001"), &[0x80, 201, 0, 1, 0, 0, 0, 1]);
    assert_eq!(report, Err(DropReason::Unauthenticated));
    let stats = leg.stats();
    assert_eq!(stats.received_packets, 1);
    assert_eq!(stats.dropped_for(DropReason::Unauthenticated), 5);
    assert_eq!(stats.dropped_for(DropReason::Replayed), 1);
}
