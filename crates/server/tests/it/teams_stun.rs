//! Connectivity checks that are not as they should be, sent to a call with media bypass: none is answered, and none moves the
//! audio, whoever knows the password or does not.

use crate::program::look_again;
use crate::teams_bypass::our_port;
use crate::teams_trunk::paired;
use aws_lc_rs::hmac;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

const USERNAME: u16 = 0x0006;
const INTEGRITY: u16 = 0x0008;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
/// An attribute that nobody knows, and that may be left unread.
const UNKNOWN: u16 = 0xFFF0;

/// A Binding request (RFC 8489) as it grows.
struct Stun(Vec<u8>);

impl Stun {
    fn new(transaction: u8) -> Stun {
        let mut bytes = vec![0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42];
        bytes.extend([transaction; 12]);
        Stun(bytes)
    }

    /// With what a check has that chooses its pair above all others, or would be the last to be chosen.
    fn check(transaction: u8, user: &str, chooses: bool) -> Stun {
        let priority: u32 = if chooses { u32::MAX } else { 1 };
        let check =
            Stun::new(transaction).with(USERNAME, user.as_bytes()).with(PRIORITY, &priority.to_be_bytes());
        if chooses { check.with(USE_CANDIDATE, &[]) } else { check }
    }

    fn with(mut self, kind: u16, value: &[u8]) -> Stun {
        self.0.extend(kind.to_be_bytes());
        self.0.extend((value.len() as u16).to_be_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self.says_length(0)
    }

    fn says_length(mut self, more: usize) -> Stun {
        let length = (self.0.len() - 20 + more) as u16;
        self.0[2..4].copy_from_slice(&length.to_be_bytes());
        self
    }

    fn signed(self, password: &str) -> Stun {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        let whole = self.says_length(24);
        let tag = hmac::sign(&key, &whole.0);
        whole.with(INTEGRITY, tag.as_ref())
    }

    fn printed(self) -> Stun {
        let whole = self.says_length(8);
        let mut crc = u32::MAX;
        for byte in &whole.0 {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
            }
        }
        whole.with(FINGERPRINT, &(!crc ^ 0x5354_554E).to_be_bytes())
    }

    fn bent(mut self, from_the_end: usize) -> Stun {
        let at = self.0.len() - from_the_end;
        self.0[at] ^= 1;
        self
    }
}

#[test]
fn checks_with_a_wrong_fingerprint_integrity_or_size_change_nothing() {
    let (_authority, machines, program, mut telephone) = paired("ice: true\n");
    machines.act(|proxy, _| proxy.set_bypass(true));
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    let (call, ..) = machines.offered();
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, call, audio, 1000));
    machines.up(call);
    machines.hears(call, 440.0);

    let invite = machines.messages().into_iter().rfind(|m| m.starts_with("received INVITE")).unwrap();
    let said =
        |what: &str| invite.lines().find_map(|line| line.strip_prefix(what)).unwrap().trim().to_string();
    let (ours, password) = (said("a=ice-ufrag:"), said("a=ice-pwd:"));
    let user = format!("{ours}:them");
    let chooses = |n| Stun::check(n, &user, true);
    let bad = [
        chooses(1).signed("not the password of this call").printed(),
        chooses(2).signed(&password).printed().bent(1),
        // The integrity alone is wrong, and the fingerprint is right for what stands there.
        chooses(3).signed(&password).bent(1).printed(),
        chooses(4).signed(&password),
        chooses(5).printed(),
        // Whole and signed, but huge; many; and longer than the message that holds it.
        chooses(6).with(UNKNOWN, &[0; 1_300]).signed(&password).printed(),
        (0..40).fold(chooses(7), |check, _| check.with(UNKNOWN, &[])).signed(&password).printed(),
        Stun::check(8, &user, true).with(UNKNOWN, &[0; 4]).bent(6).signed(&password).printed(),
        Stun::check(9, "somebody:them", true).signed(&password).printed(),
        chooses(10).signed(&password).with(UNKNOWN, &[0; 4]).printed().bent(12),
    ];
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let port = our_port(&machines);
    for check in &bad {
        stranger.send_to(&check.0, ("127.0.0.1", port)).unwrap();
    }
    // One as it should be, which chooses nothing, shows that all before it were read and not answered.
    let good = Stun::check(77, &user, false).signed(&password).printed();
    let until = Instant::now() + Duration::from_secs(30);
    let mut answer = [0; 200];
    loop {
        stranger.send_to(&good.0, ("127.0.0.1", port)).unwrap();
        if let Ok(len) = stranger.recv(&mut answer) {
            assert!(len > 20 && answer[..2] == [1, 1], "{:?}", &answer[..len]);
            assert_eq!(answer[8..20], [77; 12], "a check that is wrong was answered");
            break;
        }
        assert!(Instant::now() < until, "a check as it should be is never answered");
        look_again();
    }
    machines.hears(call, 440.0);
    telephone.hears(1000);
    while let Ok(len) = stranger.recv(&mut answer) {
        assert_eq!((&answer[..2], &answer[8..20]), (&[1, 1][..], &[77; 12][..]), "{len} bytes of audio");
    }
    telephone.command("hangup", "");
    machines.over(call);
    machines.nothing_broken();
    program.stop();
}
