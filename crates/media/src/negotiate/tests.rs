//! Offers and answers of our own, and those that do not fit.

use super::*;

fn session() -> LocalSession {
    LocalSession::new("127.0.0.1:20000".parse().unwrap(), 42, &Codec::ALL, true)
}

fn sdp(tail: &str) -> SessionDescription {
    SessionDescription::parse(format!("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\n{tail}").as_bytes()).unwrap()
}

fn answered(tail: &str) -> Result<Negotiated, NegotiateError> {
    session().answer(&sdp(tail), Direction::SendRecv).map(|(_, negotiated)| negotiated)
}

#[test]
fn our_own_offer_and_answer_meet() {
    let (mut caller, mut callee) = (session(), session());
    let offer = caller.offer(Direction::SendRecv);
    let offer = SessionDescription::parse(offer.write().as_bytes()).unwrap();
    let (answer, at_callee) = callee.answer(&offer, Direction::SendRecv).unwrap();
    let answer = SessionDescription::parse(answer.write().as_bytes()).unwrap();
    let at_caller = caller.accept(&answer).unwrap();
    for n in [&at_caller, &at_callee] {
        assert_eq!((n.codec, n.send_pt, n.recv_pt), (Codec::Pcma, 8, 8));
        assert_eq!((n.dtmf_send_pt, n.dtmf_recv_pt), (Some(101), Some(101)));
        assert!(n.rtcp_mux && n.remote_rtcp == n.remote_rtp && !n.remote_holds);
        assert_eq!((n.direction, n.ptime), (Direction::SendRecv, 20));
        assert!(!format!("{n:?}").contains("127.0.0.1"));
    }
}

#[test]
fn one_port_is_shared_where_both_want_it_and_asked_for_again_once_it_is() {
    let mux = |d: &SessionDescription| d.media[0].attribute("rtcp-mux").is_some();
    let (mut asks, mut agrees) = (session(), session());
    agrees.offer_mux(false);
    let offer = asks.offer(Direction::SendRecv);
    assert!(mux(&offer) && !mux(&agrees.clone().offer(Direction::SendRecv)));
    let (answer, agreed) = agrees.answer(&offer, Direction::SendRecv).unwrap();
    assert!(mux(&answer) && agreed.rtcp_mux && asks.accept(&answer).unwrap().rtcp_mux);
    assert!(mux(&agrees.offer(Direction::SendRecv)), "what is agreed on stays");
    // Who does not know it has two ports, and an answer does not bring up what nobody asked for.
    let plain = "c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 8\r\n";
    asks.offer(Direction::SendRecv);
    let apart = asks.accept(&sdp(plain)).unwrap();
    assert!(!apart.rtcp_mux && apart.remote_rtcp.port() == 5001);
    let mut never = session();
    never.offer_mux(false);
    never.offer(Direction::SendRecv);
    assert!(!never.accept(&sdp(&format!("{plain}a=rtcp-mux\r\n"))).unwrap().rtcp_mux);
}

#[test]
fn the_offerers_order_decides() {
    let n = answered("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 18 0 8\r\n").unwrap();
    assert_eq!((n.codec, n.dtmf_send_pt), (Codec::Pcmu, None));
    let n =
        answered("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 9 0\r\na=rtcp:5555\r\na=ptime:30\r\n").unwrap();
    assert_eq!((n.codec, n.remote_rtcp.port(), n.ptime), (Codec::G722, 5555, 30));
}

#[test]
fn dynamic_numbers_mean_what_their_map_says() {
    let n = answered(
        "c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 96 97 98 99\r\na=rtpmap:96 speex/16000\r\n\
         a=rtpmap:97 pcma/8000/1\r\na=rtpmap:99 telephone-event/8000\r\n",
    )
    .unwrap();
    assert_eq!((n.codec, n.send_pt, n.recv_pt, n.dtmf_send_pt), (Codec::Pcma, 97, 97, Some(99)));
    assert_eq!(n.remote_rtcp.port(), 5001);
    // Without a map they mean nothing; with a strange one the fixed meaning is gone too.
    for tail in [
        "c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 96\r\n",
        "c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 0\r\na=rtpmap:0 G729/8000\r\n",
        "c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 8\r\na=rtpmap:8 PCMA/16000\r\n",
    ] {
        assert_eq!(answered(tail).unwrap_err(), NegotiateError::NoCommonCodec);
    }
}

#[test]
fn errors() {
    for (tail, expected) in [
        ("c=IN IP4 1.2.3.4\r\n", NegotiateError::NoAudio),
        ("c=IN IP4 1.2.3.4\r\nm=video 5000 RTP/AVP 0\r\n", NegotiateError::NoAudio),
        ("c=IN IP4 1.2.3.4\r\nm=audio 0 RTP/AVP 0\r\n", NegotiateError::PortZero),
        ("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/SAVP 0\r\n", NegotiateError::UnsupportedTransport),
        ("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 18\r\n", NegotiateError::NoCommonCodec),
        ("m=audio 5000 RTP/AVP 0\r\n", NegotiateError::BadAddress),
        ("c=IN IP4 phone.example\r\nm=audio 5000 RTP/AVP 0\r\n", NegotiateError::BadAddress),
        ("c=IN IP4 224.2.1.1/127\r\nm=audio 5000 RTP/AVP 0\r\n", NegotiateError::BadAddress),
        ("c=IN IP4 255.255.255.255\r\nm=audio 5000 RTP/AVP 0\r\n", NegotiateError::BadAddress),
        ("c=IN IP6 ::\r\nm=audio 5000 RTP/AVP 0\r\n", NegotiateError::BadAddress),
        ("c=IN IP6 ::ffff:224.0.0.1\r\nm=audio 5000 RTP/AVP 0\r\n", NegotiateError::BadAddress),
    ] {
        assert_eq!(answered(tail).unwrap_err(), expected, "{tail}");
    }
}

#[test]
fn all_hold_styles() {
    for (address, attribute, direction, holds) in [
        ("1.2.3.4", "sendrecv", Direction::SendRecv, false),
        ("1.2.3.4", "sendonly", Direction::RecvOnly, true),
        ("1.2.3.4", "recvonly", Direction::SendOnly, false),
        ("1.2.3.4", "inactive", Direction::Inactive, true),
        ("0.0.0.0", "sendrecv", Direction::RecvOnly, true),
        ("0.0.0.0", "sendonly", Direction::RecvOnly, true),
        ("0.0.0.0", "inactive", Direction::Inactive, true),
    ] {
        for tail in [
            format!("c=IN IP4 {address}\r\nm=audio 5000 RTP/AVP 0\r\na={attribute}\r\n"),
            format!("c=IN IP4 {address}\r\na={attribute}\r\nm=audio 5000 RTP/AVP 0\r\n"),
        ] {
            let (answer, n) = session().answer(&sdp(&tail), Direction::SendRecv).unwrap();
            assert_eq!((n.direction, n.remote_holds), (direction, holds), "{tail}");
            assert_eq!(answer.media[0].attribute(direction.name()), Some(""));
        }
    }
}

#[test]
fn when_we_hold_the_other_side_does_not() {
    for (ours, theirs) in [
        (Direction::SendOnly, "recvonly"),
        (Direction::Inactive, "inactive"),
        (Direction::Inactive, "sendrecv"),
    ] {
        let mut local = session();
        local.offer(ours);
        let n = local
            .accept(&sdp(&format!("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 8\r\na={theirs}\r\n")))
            .unwrap();
        assert!(!n.remote_holds && !n.direction.receives());
    }
}

#[test]
fn other_media_are_refused_and_kept_in_place() {
    let offer = sdp("c=IN IP4 1.2.3.4\r\nm=video 6000 RTP/AVP 34\r\nm=audio 5000 RTP/SAVP 8\r\n\
         m=audio 5002 RTP/AVP 8\r\nm=image 7000 udptl t38\r\n");
    let mut local = session();
    let (answer, n) = local.answer(&offer, Direction::SendRecv).unwrap();
    let ports: Vec<u16> = answer.media.iter().map(|m| m.port).collect();
    assert_eq!(ports, [0, 0, 20000, 0]);
    assert_eq!((&*answer.media[3].protocol, n.remote_rtp.port()), ("udptl", 5002));
    let hold = local.offer(Direction::SendOnly);
    assert_eq!(hold.media.iter().map(|m| m.port).collect::<Vec<_>>(), ports);
}

#[test]
fn the_version_grows_by_one_when_something_changes() {
    let version = |s: &SessionDescription| s.origin.as_ref().unwrap().version;
    let mut local = session();
    let first = local.offer(Direction::SendRecv);
    assert_eq!(version(&first), 1);
    assert_eq!(local.offer(Direction::SendRecv), first);
    local.accept(&sdp("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 0 8\r\n")).unwrap();
    let hold = local.offer(Direction::SendOnly);
    assert_eq!((version(&hold), &*hold.media[0].formats[0]), (2, "0"));
    assert_eq!(version(&local.offer(Direction::SendOnly)), 2);
    assert_eq!(version(&local.offer(Direction::SendRecv)), 3);
    assert_eq!(local.codec(), Some(Codec::Pcmu));
}

#[test]
fn answers_that_do_not_fit() {
    let mut local = session();
    let ok = "c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 0\r\n";
    assert_eq!(local.accept(&sdp(ok)), Err(NegotiateError::Malformed(Malformed::NoOffer)));
    local.offer(Direction::SendRecv);
    for (tail, expected) in [
        ("c=IN IP4 1.2.3.4\r\n", NegotiateError::NoAudio),
        ("c=IN IP4 1.2.3.4\r\nm=video 1 RTP/AVP 0\r\n", NegotiateError::Malformed(Malformed::MediaMismatch)),
        ("c=IN IP4 1.2.3.4\r\nm=audio 0 RTP/AVP 0\r\n", NegotiateError::PortZero),
        ("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 18\r\n", NegotiateError::NoCommonCodec),
        ("c=IN IP4 1.2.3.4\r\nm=audio 5000 UDP 0\r\n", NegotiateError::UnsupportedTransport),
        ("m=audio 5000 RTP/AVP 0\r\n", NegotiateError::BadAddress),
    ] {
        assert_eq!(local.accept(&sdp(tail)), Err(expected), "{tail}");
    }
    let n = local.accept(&sdp("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 0 8\r\n")).unwrap();
    assert_eq!((n.codec, n.also_recv), (Codec::Pcmu, vec![(8, Codec::Pcma)]));
}

#[test]
fn a_codec_that_runs_stays() {
    let mut local = session();
    local.answer(&sdp("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 0 8\r\n"), Direction::SendRecv).unwrap();
    let (_, n) =
        local.answer(&sdp("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 8 0\r\n"), Direction::SendRecv).unwrap();
    assert_eq!(n.codec, Codec::Pcmu);
}

/// Audio with these lines after the payload numbers.
fn audio(numbers: &str, lines: &[&str]) -> SessionDescription {
    let lines: String = lines.iter().map(|line| format!("a={line}\r\n")).collect();
    sdp(&format!("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP {numbers}\r\n{lines}"))
}

const OPUS: &str = "rtpmap:96 opus/48000/2";
const EVENTS_8000: &str = "rtpmap:101 telephone-event/8000";
const EVENTS_48000: &str = "rtpmap:97 telephone-event/48000";

#[test]
fn opus_is_taken_with_the_events_of_its_clock() {
    let both = audio("96 97 101", &[OPUS, EVENTS_8000, EVENTS_48000]);
    let slow = audio("96 101", &[OPUS, EVENTS_8000]);
    for (offer, events) in [(both, (97, 48_000)), (slow, (101, 8_000))] {
        let (answer, n) = session().answer(&offer, Direction::SendRecv).unwrap();
        assert_eq!((n.codec, n.send_pt, n.recv_pt), (Codec::Opus, 96, 96));
        assert_eq!(
            (n.dtmf_send_pt, n.dtmf_recv_pt, n.dtmf_clock),
            (Some(events.0), Some(events.0), events.1)
        );
        let ours = &answer.media[0];
        assert_eq!(ours.formats, ["96".to_owned(), events.0.to_string()]);
        let maps: Vec<&str> = ours.attributes_named("rtpmap").collect();
        let event = format!("{} telephone-event/{}", events.0, events.1);
        assert_eq!(maps, ["96 opus/48000/2", &event]);
        assert_eq!(ours.attribute("fmtp"), Some("96 minptime=10;useinbandfec=1"));
    }
}

#[test]
fn our_offer_of_opus_names_events_twice_and_numbers_may_differ() {
    let mut local =
        LocalSession::new("127.0.0.1:20000".parse().unwrap(), 1, &[Codec::Opus, Codec::Pcma], false);
    let offer = local.offer(Direction::SendRecv);
    assert_eq!(offer.media[0].formats, ["111", "8", "101", "110"]);
    let n = local.accept(&audio("96 8 97 101", &[OPUS, EVENTS_8000, EVENTS_48000])).unwrap();
    assert_eq!((n.codec, n.send_pt, n.recv_pt), (Codec::Opus, 96, 111));
    assert_eq!((n.dtmf_send_pt, n.dtmf_recv_pt, n.dtmf_clock), (Some(97), Some(110), 48_000));
    assert_eq!((n.also_dtmf_recv, n.also_recv), (Some((101, 8_000)), vec![(8, Codec::Pcma)]));
    // What is offered later keeps the numbers, and names what runs alone.
    assert_eq!(local.offer(Direction::SendOnly).media[0].formats, ["111", "110"]);
    let plain = LocalSession::new("127.0.0.1:2".parse().unwrap(), 1, &Codec::G711, false);
    assert_eq!(plain.clone().offer(Direction::SendRecv).media[0].formats, ["8", "0", "101"]);
}

#[test]
fn a_later_offer_of_ours_keeps_the_numbers_of_an_answer() {
    let mut local = session();
    local.answer(&audio("96 97", &[OPUS, EVENTS_48000]), Direction::SendRecv).unwrap();
    assert_eq!(local.offer(Direction::SendRecv).media[0].formats, ["96", "97"]);
}

#[test]
fn each_leg_has_its_own_list_and_the_other_legs_codec_comes_first() {
    use Codec::{G722, Opus, Pcma, Pcmu};
    let offered = |allowed: &[Codec], other| {
        let mut local = LocalSession::new("127.0.0.1:20000".parse().unwrap(), 1, allowed, false);
        local.prefer(other);
        let numbers = local.offer(Direction::SendRecv).media[0].formats.clone();
        numbers.into_iter().filter(|n| n != "101" && n != "110").collect::<Vec<_>>()
    };
    assert_eq!(offered(&[Opus, G722, Pcma, Pcmu], Some(Pcmu)), ["0", "8", "111", "9"]);
    assert_eq!(offered(&[Pcma, Pcmu], Some(Opus)), ["8", "0"]);
    assert_eq!(offered(&[Opus, G722, Pcma, Pcmu], None), ["111", "9", "8", "0"]);

    let offer = audio("96 9 8 0", &[OPUS]);
    let answered = |allowed: &[Codec], other| {
        let mut local = LocalSession::new("127.0.0.1:20000".parse().unwrap(), 1, allowed, false);
        local.prefer(other);
        local.answer(&offer, Direction::SendRecv).unwrap().1.codec
    };
    assert_eq!(answered(&Codec::ALL, None), Opus);
    assert_eq!(answered(&Codec::ALL, Some(Pcmu)), Pcmu);
    assert_eq!(answered(&[G722, Pcma], Some(Pcmu)), Pcma);
    assert_eq!(answered(&[G722, Pcma], Some(Opus)), G722);
}

#[test]
fn the_far_end_may_change_the_codec_in_mid_call() {
    let mut local = session();
    local.answer(&audio("8 101", &[EVENTS_8000]), Direction::SendRecv).unwrap();
    let (_, n) = local.answer(&audio("96 8", &[OPUS]), Direction::SendRecv).unwrap();
    assert_eq!(n.codec, Codec::Pcma, "what runs stays while it is on offer");
    let (_, n) = local.answer(&audio("96", &[OPUS]), Direction::SendRecv).unwrap();
    assert_eq!((n.codec, n.recv_pt, local.codec()), (Codec::Opus, 96, Some(Codec::Opus)));
    local.allow(&Codec::G711);
    let (_, n) = local.answer(&audio("96 0", &[OPUS]), Direction::SendRecv).unwrap();
    assert_eq!(n.codec, Codec::Pcmu);
}

#[test]
fn what_the_far_end_wants_of_opus() {
    for (fmtp, expected) in [
        ("", (24_000, false, false)),
        ("fmtp:96 useinbandfec=1; maxaveragebitrate=16000 ;cbr=1", (16_000, true, true)),
        ("fmtp:96 maxaveragebitrate=510000;USEINBANDFEC=1", (24_000, true, false)),
        ("fmtp:96 maxaveragebitrate=1;useinbandfec=0", (6_000, false, false)),
        ("fmtp:96 maxaveragebitrate=-5;useinbandfec=yes;=;;x", (24_000, false, false)),
        ("fmtp:97 useinbandfec=1", (24_000, false, false)),
    ] {
        let n = session().answer(&audio("96", &[OPUS, fmtp]), Direction::SendRecv).unwrap().1;
        assert_eq!((n.opus.bitrate, n.opus.repairs, n.opus.constant), expected, "{fmtp}");
    }
}

#[test]
fn comfort_noise_is_tolerated_when_it_was_announced_and_never_asked_for() {
    for (numbers, lines, expected) in [
        ("8 13", &[][..], Some(13)),
        ("8 98", &["rtpmap:98 CN/8000"], Some(98)),
        ("8 13", &["rtpmap:13 CN/16000"], None),
        ("8", &[], None),
        ("96 13", &[OPUS], None),
    ] {
        let (answer, n) = session().answer(&audio(numbers, lines), Direction::SendRecv).unwrap();
        assert_eq!(n.noise_recv_pt, expected, "{numbers} {lines:?}");
        assert_eq!(answer.media[0].formats.len(), 1);
    }
}

#[test]
fn lengths_of_packets() {
    for (line, liked, made, opus) in [
        ("ptime:20", 20, 20, 20),
        ("ptime:10", 10, 10, 10),
        ("ptime:30", 30, 30, 20),
        ("ptime:40", 40, 40, 40),
        ("ptime:60", 60, 60, 60),
        ("ptime:50", 50, 40, 40),
        ("ptime:120", 120, 60, 60),
        ("ptime:2.5", 10, 10, 10),
        ("ptime:nonsense", 20, 20, 20),
        ("maxptime:10", 10, 10, 10),
        ("maxptime:0", 10, 10, 10),
    ] {
        let n = session().answer(&audio("8", &[line]), Direction::SendRecv).unwrap().1;
        assert_eq!((n.ptime, n.packet_ms()), (liked, made), "{line}");
        assert_eq!(Negotiated { codec: Codec::Opus, ..n }.packet_ms(), opus, "{line}");
    }
}

#[test]
fn only_the_first_agreement_with_another_far_end_begins_anew() {
    let offer = sdp("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 8\r\n");
    let mut first = session();
    assert!(!first.answer(&offer, Direction::SendRecv).unwrap().1.anew);
    let mut answers = first.for_another(43);
    let anew: Vec<bool> =
        (0..2).map(|_| answers.answer(&offer, Direction::SendRecv).unwrap().1.anew).collect();
    assert_eq!(anew, [true, false], "a later offer of the same far end goes on");
    let mut offers = first.for_another(44);
    let mut accepted = || {
        offers.offer(Direction::SendRecv);
        offers.accept(&offer).unwrap().anew
    };
    assert_eq!([accepted(), accepted()], [true, false]);
}
