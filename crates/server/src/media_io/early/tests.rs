use super::*;
use media::negotiate::Codec;
use media::srtp::{MasterKey, Outbound, SrtpKeys, Suite};

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

/// Of somebody's own network: nobody else's packets come from there.
fn at_home(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 168, 1, 2], port))
}

fn plain(port: u16) -> Box<Negotiated> {
    Box::new(Negotiated::plain(Codec::Pcma, at(port)))
}

fn rtp(payload: u8) -> Vec<u8> {
    let mut packet = vec![0x80, payload, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7];
    packet.extend_from_slice(&[0xD5; 160]);
    packet
}

const PCMA: u8 = 8;

/// Where the leg is to listen to from here on, once this packet came.
fn turns(early: &mut Early, now: u64, from: SocketAddr, packet: &[u8]) -> Option<SocketAddr> {
    early.turns(now, from, packet, &mut [0; 400]).map(|(agreed, _)| agreed.remote_rtp)
}

#[test]
fn whoever_sends_first_is_listened_to_until_it_is_silent() {
    let mut early = Early::default();
    assert!(early.add(0, plain(4_000), Learning::Never).is_some(), "the first one is listened to at once");
    assert!(early.add(1, plain(5_000), Learning::Never).is_none());
    let packet = rtp(PCMA);
    let turns = |early: &mut Early, now, port| turns(early, now, at(port), &packet).map(|a| a.port());
    assert_eq!(turns(&mut early, 1_000, 6_000), None, "a stranger turns nothing");
    assert_eq!(turns(&mut early, 1_000, 5_000), Some(5_000), "nothing was heard of the first");
    early.heard(1_000, at(5_000));
    assert_eq!(turns(&mut early, 2_000, 4_000), None, "the second one sends");
    assert_eq!(turns(&mut early, 2_000 + SILENT, 4_000), Some(4_000), "and is silent");
    // What it says anew counts at once; what another says does not.
    assert!(early.add(0, plain(4_002), Learning::Never).is_some());
    assert!(early.add(1, plain(5_002), Learning::Never).is_none());
    assert!((2..MOST_EARLY as u8 + 9).all(|of| early.add(of, plain(7_000), Learning::Never).is_none()));
    assert_eq!(early.all.len(), MOST_EARLY);
}

#[test]
fn of_several_behind_routers_each_is_heard_where_it_turns_out_to_be() {
    let mut early = Early::default();
    let home = || Box::new(Negotiated::plain(Codec::Pcma, at_home(4_000)));
    for of in 0..2 {
        early.add(of, home(), Learning::FirstPacket);
    }
    let packet = rtp(PCMA);
    // The leg learns the address of the one that it listens to by itself.
    assert_eq!(turns(&mut early, 1_000, at(41_000), &packet), None);
    early.heard(1_000, at(41_000));
    assert_eq!(turns(&mut early, 2_000, at(52_000), &packet), None, "the first one sends");
    let later = 2_000 + SILENT;
    assert_eq!(turns(&mut early, later, at(52_000), &rtp(0)), None, "nobody agreed to send that");
    assert_eq!(turns(&mut early, later, at(52_000), b"no packet"), None);
    assert_eq!(turns(&mut early, later, at(52_000), &packet), Some(at(52_000)));
    let later = later + SILENT + 1;
    assert_eq!(turns(&mut early, later, at(63_000), &packet), None, "each was heard: this is a stranger");
    assert_eq!(turns(&mut early, later, at(41_000), &packet), Some(at(41_000)));
}

#[test]
fn who_must_be_where_it_says_is_heard_from_nowhere_else() {
    let mut early = Early::default();
    for (of, learning) in [(0, Learning::Never), (1, Learning::Never), (2, Learning::FirstPacket)] {
        early.add(of, plain(4_000 + u16::from(of)), learning);
    }
    let elsewhere = SocketAddr::from(([198, 51, 100, 7], 9));
    assert_eq!(turns(&mut early, 1, elsewhere, &rtp(PCMA)), Some(elsewhere));
    assert_eq!(early.now, 2);
}

#[test]
fn whoever_is_gone_gives_way_to_whoever_is_left() {
    let mut early = Early::default();
    for of in 0..3 {
        early.add(of, plain(4_000 + u16::from(of)), Learning::Never);
    }
    assert!(turns(&mut early, 1_000, at(4_001), &rtp(PCMA)).is_some());
    assert!(early.remove(0).is_none(), "somebody else is listened to");
    assert_eq!(turns(&mut early, 2_000, at(4_002), &rtp(PCMA)), None, "and is still");
    let next = early.remove(1).map(|(agreed, _)| agreed.remote_rtp);
    assert_eq!(next, Some(at(4_002)), "nobody waits for a silence of one who is gone");
    assert!(early.remove(1).is_none() && early.remove(2).is_none());
    assert!(early.add(1, plain(5_000), Learning::Never).is_some(), "its place is free");
}

#[test]
fn a_key_is_found_among_many_and_no_packet_is_tried_with_all() {
    let key = |n: u8| MasterKey::new(Suite::from_name("AES_CM_128_HMAC_SHA1_80").unwrap(), &[n; 30]).unwrap();
    let mut early = Early::default();
    for of in 0..20 {
        let srtp = Some(SrtpKeys { ours: key(100), theirs: key(of) });
        early.add(of, Box::new(Negotiated { srtp, ..*plain(4_000) }), Learning::FirstPacket);
    }
    let mut last = Outbound::new(&key(19)).unwrap();
    let mut heard = None;
    for packets in 1..=3 {
        let mut packet = rtp(PCMA);
        packet[3] = packets;
        let len = packet.len();
        packet.resize(len + 40, 0);
        let len = last.protect_rtp(&mut packet, len).unwrap();
        if turns(&mut early, 1_000, at(9_000), &packet[..len]).is_some() {
            heard = Some(packets);
            break;
        }
    }
    assert_eq!((heard, early.now), (Some(3), 19), "eight keys a packet");
}
