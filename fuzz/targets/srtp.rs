//! Protected packets and key lines from strangers: nothing forged is taken, whatever came before; what we protect comes
//! back as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::sdes::CryptoLine;
use media::srtp::{Inbound, MasterKey, OVERHEAD, Outbound, Suite};

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(line) = CryptoLine::parse(text)
    {
        let again = CryptoLine::parse(&line.write()).expect("what was written can be read");
        assert_eq!((again.tag, again.key.suite()), (line.tag, line.key.suite()));
    }
    let Some((&setup, mut rest)) = data.split_first() else { return };
    let suite = Suite::ALL[usize::from(setup & 3)];
    let key = |fill: u8| MasterKey::new(suite, &vec![fill; suite.master_len()]).expect("of the right length");
    let theirs = if setup & 4 == 0 { key(1) } else { key(1).with_mki(&[0, 1]).expect("short") };
    let mut inbound = Inbound::new(&theirs).expect("usable");
    let mut honest = Inbound::new(&key(1)).expect("usable");
    let mut outbound = Outbound::new(&key(1)).expect("usable");
    while let [how, len, more @ ..] = rest {
        let len = usize::from(*len).min(more.len());
        let (datagram, after) = more.split_at(len);
        rest = after;
        let mut forged = datagram.to_vec();
        let taken = if how & 1 == 0 { inbound.unprotect_rtp(&mut forged) } else { inbound.unprotect_rtcp(&mut forged) };
        assert!(taken.is_err(), "nobody guesses a tag");
        let mut buffer = datagram.to_vec();
        buffer.resize(len + OVERHEAD, 0);
        let sealed = if how & 1 == 0 {
            outbound.protect_rtp(&mut buffer, len)
        } else {
            outbound.protect_rtcp(&mut buffer, len)
        };
        let Some(sealed) = sealed else { continue };
        let mut wire = buffer[..sealed].to_vec();
        if how & 2 != 0 {
            let at = usize::from(how >> 2) % sealed;
            wire[at] ^= 0x10;
        }
        let back = if how & 1 == 0 { honest.unprotect_rtp(&mut wire) } else { honest.unprotect_rtcp(&mut wire) };
        // Numbers far behind are refused; nothing else is known of what does not come back.
        if let Ok(back) = back {
            assert!(how & 2 == 0 && wire[..back] == *datagram);
        }
    }
});
