use super::derive::{add_key_stream, counter_mode, derived};
use super::replay::{Window, guess};
use super::transform::Transform;
use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

const KEY_SALT: &str = "E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6";

fn master(suite: Suite, fill: u8) -> MasterKey {
    let bytes: Vec<u8> = (0..suite.master_len()).map(|n| fill.wrapping_add(n as u8)).collect();
    MasterKey::new(suite, &bytes).unwrap()
}

/// RFC 3711, B.2.
#[test]
fn the_key_stream_is_that_of_the_standard() {
    let key = counter_mode(&hex("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap();
    let block = |n: u16| {
        let mut block: [u8; 16] = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000").try_into().unwrap();
        block[14..].copy_from_slice(&n.to_be_bytes());
        block
    };
    let mut stream = [0; 48];
    add_key_stream(&key, block(0), &mut stream).unwrap();
    let expected = "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB
        41E95B3BB0A2E8DD477901E4FCA894C0";
    assert_eq!(stream.to_vec(), hex(expected));
    let mut stream = [0; 48];
    add_key_stream(&key, block(0xFEFF), &mut stream).unwrap();
    let expected = "EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE
        6A2CC3787889374FBEB4C81B17BA6C44";
    assert_eq!(stream.to_vec(), hex(expected));
}

/// RFC 3711, B.3.
#[test]
fn derived_keys_are_those_of_the_standard() {
    let master = MasterKey::new(Suite::AesCm128HmacSha1_80, &hex(KEY_SALT)).unwrap();
    for (label, expected) in [
        (0, "C61E7A93744F39EE10734AFE3FF7A087"),
        (2, "30CBBC08863D8C85D49DB34A9AE1"),
        (
            1,
            "CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE
             E049646C43D9327AD175578EF7227098 6371C10C9A369AC2F94A8C5FBCDDDC25
             6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2",
        ),
    ] {
        let expected = hex(expected);
        let mut out = vec![0; expected.len()];
        derived(&master, label, &mut out).unwrap();
        assert_eq!(out, expected, "label {label}");
    }
}

const RTP: &str = "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976
    69736120 696e2070 61727465 73207472 6573";
const RTCP: &str = "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
    deadbeef deadbeef deadbeef deadbeef deadbeef";

/// RFC 7714, 16.1, 16.2, 17.1 and 17.2: session keys are given there, not master keys.
#[test]
fn gcm_packets_are_those_of_the_standard() {
    let cases = [
        (
            Suite::AeadAes128Gcm,
            "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a
             51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
            "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda
             4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4",
        ),
        (
            Suite::AeadAes256Gcm,
            "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02
             76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13",
            "81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be
             8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4",
        ),
    ];
    for (suite, rtp, rtcp) in cases {
        let key: Vec<u8> = (0..suite.key_len() as u8).collect();
        let salt = hex("517569642070726f2071756f");
        let transform = || Transform::new(suite, &key, &[], &salt, 16).unwrap();
        let mut out = Outbound::of_parts(transform(), transform(), 0x5d4);
        let mut back = Inbound::of_parts(transform(), transform());
        let mut buffer = [0; 128];
        let plain = hex(RTP);
        buffer[..plain.len()].copy_from_slice(&plain);
        let len = out.protect_rtp(&mut buffer, plain.len()).unwrap();
        assert_eq!(buffer[..len].to_vec(), hex(rtp), "{suite:?}");
        let len = back.unprotect_rtp(&mut buffer[..len]).unwrap();
        assert_eq!(buffer[..len].to_vec(), plain);
        let plain = hex(RTCP);
        buffer[..plain.len()].copy_from_slice(&plain);
        let len = out.protect_rtcp(&mut buffer, plain.len()).unwrap();
        assert_eq!(buffer[..len].to_vec(), hex(rtcp), "{suite:?}");
        let len = back.unprotect_rtcp(&mut buffer[..len]).unwrap();
        assert_eq!(buffer[..len].to_vec(), plain);
    }
}

/// A packet of that sequence number, with a contributing source, an extension and padding.
fn packet(sequence: u16) -> Vec<u8> {
    let mut bytes = vec![0xB1, 8];
    bytes.extend(sequence.to_be_bytes());
    bytes.extend([0, 0, 0, 160, 1, 2, 3, 4, 9, 9, 9, 9, 0xBE, 0xDE, 0, 1, 0x10, 7, 0, 0]);
    bytes.extend([sequence as u8; 20]);
    bytes.extend([0, 0, 3]);
    bytes
}

fn sealed(out: &mut Outbound, plain: &[u8]) -> Vec<u8> {
    let mut buffer = [0; 256];
    buffer[..plain.len()].copy_from_slice(plain);
    let len = out.protect_rtp(&mut buffer, plain.len()).unwrap();
    buffer[..len].to_vec()
}

fn opened(back: &mut Inbound, sealed: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut bytes = sealed.to_vec();
    back.unprotect_rtp(&mut bytes).map(|len| bytes[..len].to_vec())
}

#[test]
fn audio_comes_back_as_it_was_over_a_roll_over_and_out_of_order() {
    for suite in Suite::ALL {
        let mut out = Outbound::new(&master(suite, 7)).unwrap();
        let mut back = Inbound::new(&master(suite, 7)).unwrap();
        // The counter turns twice.
        let mut waiting = Vec::new();
        for n in 0..140_000u32 {
            let plain = packet((65_000 + n) as u16);
            let bytes = sealed(&mut out, &plain);
            if n % 1_000 < 700 && n % 7 != 0 {
                assert_eq!(opened(&mut back, &bytes).as_ref(), Ok(&plain), "{suite:?} {n}");
            } else if n % 7 == 0 {
                waiting.push((plain, bytes));
            }
            // Late by up to nine packets, on both sides of each turn.
            if waiting.len() > 1 {
                let (plain, bytes) = waiting.remove(0);
                assert_eq!(opened(&mut back, &bytes), Ok(plain), "{suite:?} {n}, late");
            }
        }
    }
}

#[test]
fn what_is_forged_or_comes_again_changes_nothing() {
    for suite in Suite::ALL {
        let mut out = Outbound::new(&master(suite, 7)).unwrap();
        let mut stranger = Outbound::new(&master(suite, 8)).unwrap();
        let mut back = Inbound::new(&master(suite, 7)).unwrap();
        let first = sealed(&mut out, &packet(100));
        assert!(opened(&mut back, &first).is_ok());
        assert_eq!(opened(&mut back, &first), Err(SrtpError::Replayed));
        // One with another key, far ahead: had it been noted, what follows would count as old.
        let forged = sealed(&mut stranger, &packet(30_000));
        assert_eq!(opened(&mut back, &forged), Err(SrtpError::Unauthenticated));
        let second = sealed(&mut out, &packet(101));
        for at in 0..second.len() {
            let mut changed = second.clone();
            changed[at] ^= 0x04;
            assert!(opened(&mut back, &changed).is_err(), "{suite:?}: byte {at}");
        }
        for len in 0..second.len() {
            assert!(opened(&mut back, &second[..len]).is_err(), "{suite:?}: {len} bytes");
        }
        assert_eq!(opened(&mut back, &second), Ok(packet(101)));
        // More than the window behind.
        let old = sealed(&mut out, &packet(102));
        for n in 103..103 + 128 {
            let bytes = sealed(&mut out, &packet(n));
            assert!(opened(&mut back, &bytes).is_ok());
        }
        assert_eq!(opened(&mut back, &old), Err(SrtpError::Replayed));
    }
}

#[test]
fn a_number_is_never_used_twice() {
    let mut out = Outbound::new(&master(Suite::AesCm128HmacSha1_80, 1)).unwrap();
    sealed(&mut out, &packet(5));
    let mut buffer = [0; 256];
    for n in [5, 4] {
        let plain = packet(n);
        buffer[..plain.len()].copy_from_slice(&plain);
        assert_eq!(out.protect_rtp(&mut buffer, plain.len()), None);
    }
    let mut next = Outbound::new(&master(Suite::AesCm128HmacSha1_80, 2)).unwrap();
    next.continue_from(&out);
    let plain = packet(5);
    buffer[..plain.len()].copy_from_slice(&plain);
    assert_eq!(next.protect_rtp(&mut buffer, plain.len()), None, "the counter goes on under a new key");
    assert_eq!(next.protect_rtp(&mut buffer[..plain.len()], plain.len()), None, "no room");
}

#[test]
fn a_new_key_keeps_the_counter_of_a_stream() {
    let (before, after) = (master(Suite::AesCm128HmacSha1_80, 1), master(Suite::AesCm128HmacSha1_80, 2));
    let mut out = Outbound::new(&before).unwrap();
    let mut back = Inbound::new(&before).unwrap();
    for n in 0..70_000u32 {
        let bytes = sealed(&mut out, &packet(n as u16));
        opened(&mut back, &bytes).unwrap();
    }
    let (mut out2, mut back2) = (Outbound::new(&after).unwrap(), Inbound::new(&after).unwrap());
    out2.continue_from(&out);
    back2.continue_from(&back);
    let bytes = sealed(&mut out2, &packet(70_000u32 as u16));
    assert_eq!(opened(&mut back, &bytes), Err(SrtpError::Unauthenticated));
    assert!(opened(&mut back2, &bytes).is_ok());
}

#[test]
fn reports_come_back_as_they_were_and_only_once() {
    for suite in Suite::ALL {
        let mut out = Outbound::new(&master(suite, 3)).unwrap();
        let mut back = Inbound::new(&master(suite, 3)).unwrap();
        let plain = hex(RTCP);
        for n in 0..3 {
            let mut buffer = [0; 128];
            buffer[..plain.len()].copy_from_slice(&plain);
            let len = out.protect_rtcp(&mut buffer, plain.len()).unwrap();
            let tag = if matches!(suite, Suite::AeadAes128Gcm | Suite::AeadAes256Gcm) { 16 } else { 10 };
            assert_eq!(len, plain.len() + 4 + tag, "{suite:?}");
            assert_ne!(buffer[8..plain.len()], plain[8..]);
            for at in 0..len {
                let mut changed = buffer;
                changed[at] ^= 1;
                assert!(back.unprotect_rtcp(&mut changed[..len]).is_err(), "{suite:?}: byte {at}");
            }
            let mut again = buffer;
            let opened = back.unprotect_rtcp(&mut buffer[..len]).unwrap();
            assert_eq!(buffer[..opened], plain, "{suite:?} {n}");
            assert_eq!(back.unprotect_rtcp(&mut again[..len]), Err(SrtpError::Replayed));
        }
        for len in 0..40 {
            assert!(back.unprotect_rtcp(&mut vec![0x81; len]).is_err());
        }
    }
}

#[test]
fn packets_with_the_name_of_their_key() {
    let suite = Suite::AesCm128HmacSha1_80;
    let mut out = Outbound::new(&master(suite, 3)).unwrap();
    let mut back = Inbound::new(&master(suite, 3).with_mki(&[0, 1]).unwrap()).unwrap();
    let plain = packet(9);
    let bytes = sealed(&mut out, &plain);
    assert!(opened(&mut back, &bytes).is_err());
    let mut named = bytes.clone();
    let at = named.len() - 10;
    named.splice(at..at, [0, 1]);
    let mut other = bytes;
    other.splice(at..at, [0, 2]);
    assert_eq!(opened(&mut back, &other), Err(SrtpError::Unauthenticated));
    assert_eq!(opened(&mut back, &named), Ok(plain));
}

#[test]
fn many_streams_are_bounded_and_the_one_that_is_heard_stays() {
    let suite = Suite::AeadAes128Gcm;
    let mut back = Inbound::new(&master(suite, 3)).unwrap();
    let mut steady = Outbound::new(&master(suite, 3)).unwrap();
    let first = sealed(&mut steady, &packet(0));
    assert!(opened(&mut back, &first).is_ok());
    for stream in 0..100u32 {
        let mut out = Outbound::new(&master(suite, 3)).unwrap();
        let mut plain = packet(1);
        plain[8..12].copy_from_slice(&stream.to_be_bytes());
        let bytes = sealed(&mut out, &plain);
        assert!(opened(&mut back, &bytes).is_ok());
        let bytes = sealed(&mut steady, &packet(stream as u16 + 1));
        assert!(opened(&mut back, &bytes).is_ok());
    }
    assert_eq!(opened(&mut back, &first), Err(SrtpError::Replayed));
}

#[test]
fn the_number_of_a_packet() {
    for (newest, sequence, expected) in [
        (0x0_0005, 6, Some(0x0_0006)),
        (0x0_0005, 0xFFFF, None),
        (0x0_FFFF, 0, Some(0x1_0000)),
        (0x1_0001, 0xFFFE, Some(0x0_FFFE)),
        (0x2_8000, 0, Some(0x2_0000)),
        (0x2_8001, 0, Some(0x3_0000)),
        (0xFFFF_FFFF_FFFF, 0, None),
    ] {
        assert_eq!(guess(newest, sequence), expected, "{newest:x} {sequence:x}");
    }
    let mut window = Window::continued(200);
    assert!(window.is_new(200));
    window.note(200);
    assert!(!window.is_new(200) && window.is_new(73) && !window.is_new(72));
    window.note(1_000);
    assert!(!window.is_new(200) && window.is_new(999));
}
