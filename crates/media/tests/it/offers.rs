//! Offers as they come from the field, in the shape of well-known senders, and what we make of them.

use media::negotiate::{Codec, Direction, LocalSession, NegotiateError};
use media::sdp::SessionDescription;

struct Expected {
    codec: Codec,
    pt: u8,
    dtmf: Option<u8>,
    rtp: &'static str,
    rtcp: &'static str,
    direction: Direction,
    holds: bool,
    /// Ports of our answer, one per `m=` line.
    ports: &'static [u16],
}

fn check(name: &str, offer: &str, expected: Result<Expected, NegotiateError>) {
    for text in [offer.to_owned(), offer.replace('\n', "\r\n")] {
        let mut ours = LocalSession::new("192.0.2.100:20000".parse().unwrap(), 9, &Codec::ALL, true);
        let result = SessionDescription::parse(text.as_bytes())
            .map_err(NegotiateError::from)
            .and_then(|offer| ours.answer(&offer, Direction::SendRecv));
        let (answer, got) = match (result, &expected) {
            (Ok(pair), Ok(_)) => pair,
            (Err(error), Err(wanted)) => {
                assert_eq!(error, *wanted, "{name}");
                continue;
            }
            (got, _) => panic!("{name}: {:?}", got.map(|pair| pair.1)),
        };
        let Ok(expected) = &expected else { unreachable!() };
        assert_eq!(got.codec, expected.codec, "{name}");
        assert_eq!((got.send_pt, got.recv_pt), (expected.pt, expected.pt), "{name}");
        assert_eq!((got.dtmf_send_pt, got.dtmf_recv_pt), (expected.dtmf, expected.dtmf), "{name}");
        assert_eq!(got.remote_rtp.to_string(), expected.rtp, "{name}");
        assert_eq!(got.remote_rtcp.to_string(), expected.rtcp, "{name}");
        assert_eq!((got.direction, got.remote_holds), (expected.direction, expected.holds), "{name}");
        let answer = SessionDescription::parse(answer.write().as_bytes()).unwrap();
        let ports: Vec<u16> = answer.media.iter().map(|m| m.port).collect();
        assert_eq!(ports, expected.ports, "{name}");
        let audio = answer.media.iter().find(|m| m.port != 0).unwrap();
        assert_eq!(audio.formats[0], expected.pt.to_string(), "{name}");
        assert_eq!(audio.attribute(expected.direction.name()), Some(""), "{name}");
    }
}

#[test]
fn a_soft_phone() {
    check(
        "baresip-like",
        "v=0\no=- 3577893 182731 IN IP4 10.0.0.5\ns=-\nc=IN IP4 10.0.0.5\nt=0 0\na=tool:phone 3.1\n\
         m=audio 16384 RTP/AVP 96 9 0 8 101\nb=AS:125\na=rtpmap:96 opus/48000/2\n\
         a=fmtp:96 stereo=1;sprop-stereo=1\na=rtpmap:9 G722/8000\na=rtpmap:0 PCMU/8000\n\
         a=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\na=rtcp:16385\n\
         a=sendrecv\na=label:1\na=rtcp-rsize\na=ssrc:1234567 cname:sip:someone@10.0.0.5\na=ptime:20\n",
        Ok(Expected {
            codec: Codec::Opus,
            pt: 96,
            dtmf: Some(101),
            rtp: "10.0.0.5:16384",
            rtcp: "10.0.0.5:16385",
            direction: Direction::SendRecv,
            holds: false,
            ports: &[20000],
        }),
    );
}

#[test]
fn a_load_generator() {
    check(
        "SIPp-like",
        "v=0\no=user1 53655765 2353687637 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n\
         m=audio 6000 RTP/AVP 8\na=rtpmap:8 PCMA/8000\n",
        Ok(Expected {
            codec: Codec::Pcma,
            pt: 8,
            dtmf: None,
            rtp: "127.0.0.1:6000",
            rtcp: "127.0.0.1:6001",
            direction: Direction::SendRecv,
            holds: false,
            ports: &[20000],
        }),
    );
}

/// The shape of what a cloud proxy sends, many lines long; `profile` and `port` are those of its audio.
fn cloud(port: u16, profile: &str) -> String {
    let mut candidates = String::new();
    for n in 1..=6 {
        candidates += &format!("a=candidate:{n} 1 UDP 2130706431 198.51.100.{n} 5{n}000 typ host\n");
        candidates += &format!("a=candidate:{n} 2 UDP 2130705918 198.51.100.{n} 5{n}001 typ host\n");
    }
    format!(
        "v=0\no=- 178000 0 IN IP4 127.0.0.1\ns=session\nc=IN IP4 198.51.100.1\nb=CT:10000000\nt=0 0\n\
         m=audio {port} {profile} 104 112 117 9 111 18 0 8 103 97 13 118 119 101\nc=IN IP4 198.51.100.1\n\
         a=rtcp:{port}\na=ice-ufrag:aBcD\na=ice-pwd:0123456789abcdef0123456789\na=rtcp-mux\n{candidates}\
         a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA|2^31\n\
         a=sendrecv\na=rtpmap:104 SILK/16000\na=rtpmap:112 G7221/16000\na=fmtp:112 bitrate=24000\n\
         a=rtpmap:117 G722/8000/2\na=rtpmap:9 G722/8000\na=rtpmap:111 SIREN/16000\n\
         a=rtpmap:18 G729/8000\na=fmtp:18 annexb=no\na=rtpmap:0 PCMU/8000\na=rtpmap:8 PCMA/8000\n\
         a=rtpmap:103 SILK/8000\na=rtpmap:97 RED/8000\na=rtpmap:13 CN/8000\na=rtpmap:118 CN/16000\n\
         a=rtpmap:119 CN/24000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\na=ptime:20\n\
         m=video 0 RTP/SAVP 34\nm=x-data 0 RTP/SAVP 127\n"
    )
}

#[test]
fn a_cloud_proxy() {
    check(
        "Teams-like with plain RTP",
        &cloud(50_000, "RTP/AVP"),
        Ok(Expected {
            codec: Codec::G722,
            pt: 9,
            dtmf: Some(101),
            rtp: "198.51.100.1:50000",
            rtcp: "198.51.100.1:50000",
            direction: Direction::SendRecv,
            holds: false,
            ports: &[20000, 0, 0],
        }),
    );
    check("Teams-like with SRTP", &cloud(50_000, "RTP/SAVP"), Err(NegotiateError::UnsupportedTransport));
    check("Teams-like, refused", &cloud(0, "RTP/AVP"), Err(NegotiateError::PortZero));
}

#[test]
fn desk_phones_and_gateways() {
    check(
        "session direction, no s= and t=, G.711 under dynamic numbers",
        "v=0\no=- 1 1 IN IP4 192.0.2.7\nc=IN IP4 192.0.2.7\na=recvonly\n\
         m=audio 11780 RTP/AVP 18 110 96\na=rtpmap:110 PCMU/8000/1\na=rtpmap:96 telephone-event/8000\n",
        Ok(Expected {
            codec: Codec::Pcmu,
            pt: 110,
            dtmf: Some(96),
            rtp: "192.0.2.7:11780",
            rtcp: "192.0.2.7:11781",
            direction: Direction::SendOnly,
            holds: false,
            ports: &[20000],
        }),
    );
    check(
        "fax, then secure audio, then plain audio over IPv6",
        "v=0\no=gw 1 1 IN IP6 2001:db8::1\ns=x\nt=0 0\nm=image 4000 udptl t38\nc=IN IP4 192.0.2.8\n\
         m=audio 4002 RTP/SAVP 0\nc=IN IP4 192.0.2.8\nm=audio 4004 RTP/AVP 0\nc=IN IP6 2001:db8::1\n\
         a=rtcp:5005 IN IP6 2001:db8::2\n",
        Ok(Expected {
            codec: Codec::Pcmu,
            pt: 0,
            dtmf: None,
            rtp: "[2001:db8::1]:4004",
            rtcp: "[2001:db8::2]:5005",
            direction: Direction::SendRecv,
            holds: false,
            ports: &[0, 0, 20000],
        }),
    );
    check(
        "wide telephone events only",
        "v=0\nc=IN IP4 192.0.2.8\nm=audio 4002 RTP/AVP 8 101\na=rtpmap:101 telephone-event/16000\n",
        Ok(Expected {
            codec: Codec::Pcma,
            pt: 8,
            dtmf: None,
            rtp: "192.0.2.8:4002",
            rtcp: "192.0.2.8:4003",
            direction: Direction::SendRecv,
            holds: false,
            ports: &[20000],
        }),
    );
}

#[test]
fn hold_styles() {
    for (name, address, attribute, direction) in [
        ("sendonly", "192.0.2.7", "a=sendonly\n", Direction::RecvOnly),
        ("inactive", "192.0.2.7", "a=inactive\n", Direction::Inactive),
        ("old style", "0.0.0.0", "", Direction::RecvOnly),
        ("both styles", "0.0.0.0", "a=sendonly\n", Direction::RecvOnly),
    ] {
        let (rtp, rtcp) = match address {
            "0.0.0.0" => ("0.0.0.0:4000", "0.0.0.0:4001"),
            _ => ("192.0.2.7:4000", "192.0.2.7:4001"),
        };
        check(
            name,
            &format!(
                "v=0\no=- 1 2 IN IP4 192.0.2.7\nc=IN IP4 {address}\nm=audio 4000 RTP/AVP 8\n{attribute}"
            ),
            Ok(Expected {
                codec: Codec::Pcma,
                pt: 8,
                dtmf: None,
                rtp,
                rtcp,
                direction,
                holds: true,
                ports: &[20000],
            }),
        );
    }
}

#[test]
fn what_cannot_be_answered() {
    for (name, offer, expected) in [
        ("video only", "v=0\nc=IN IP4 1.2.3.4\nm=video 4000 RTP/AVP 34\n", NegotiateError::NoAudio),
        ("nothing at all", "v=0\n", NegotiateError::NoAudio),
        ("switched off", "v=0\nc=IN IP4 1.2.3.4\nm=audio 0 RTP/AVP 8\n", NegotiateError::PortZero),
        (
            "only unknown codecs",
            "v=0\nc=IN IP4 1.2.3.4\nm=audio 4000 RTP/AVP 18 96 x 300\na=rtpmap:96 speex/16000\n",
            NegotiateError::NoCommonCodec,
        ),
        ("a name", "v=0\nc=IN IP4 phone.example\nm=audio 4000 RTP/AVP 8\n", NegotiateError::BadAddress),
        ("no address", "v=0\nm=audio 4000 RTP/AVP 8\n", NegotiateError::BadAddress),
        (
            "a browser",
            "v=0\nc=IN IP4 1.2.3.4\nm=audio 9 UDP/TLS/RTP/SAVPF 111 0\n",
            NegotiateError::UnsupportedTransport,
        ),
    ] {
        check(name, offer, Err(expected));
    }
}
