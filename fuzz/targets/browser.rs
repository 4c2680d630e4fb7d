//! A browser's offer and what comes to the port for browsers: whatever is taken is answered, a second offer may follow,
//! and no datagram of a stranger makes a peer send anything.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::browser::{Identity, Peer, check_offer, local_user};
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Instant;

static BEGAN: OnceLock<(Identity, Instant)> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    let (identity, epoch) = BEGAN.get_or_init(|| (Identity::generate().expect("a key"), Instant::now()));
    let ours = SocketAddr::from(([198, 51, 100, 1], 19_999));
    let stranger = SocketAddr::from(([192, 0, 2, 77], 7));
    let _ = local_user(data);
    let mut packet = [0; 2_048];
    let readable = check_offer(data);
    match Peer::accept(identity, *epoch, 0, ours, data) {
        Ok((mut peer, answer)) => {
            assert!(readable.is_ok() && answer.starts_with("v=0"));
            assert!(peer.poll(0, &mut packet).is_none(), "nothing is sent before a check came");
            peer.receive(1_000, stranger, &data[data.len() / 2..]);
            assert!(peer.poll(1_000, &mut packet).is_none());
            let _ = peer.reoffer(2_000, data);
            peer.tick(3_000);
            while peer.poll(3_000, &mut packet).is_some() {}
        }
        Err(error) => assert!(readable.is_err() || error == media::browser::OfferError::Refused),
    }
});
