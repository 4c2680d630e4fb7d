//! A session description: what was read can be written and read again; any may be an offer or an answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::negotiate::{Codec, Direction, LocalSession, Negotiated, SrtpPolicy};
use media::sdes::{OwnKeys, SEED_LEN};
use media::sdp::{MAX_SIZE, SessionDescription};

const DIRECTIONS: [Direction; 4] =
    [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];

const POLICIES: [SrtpPolicy; 3] = [SrtpPolicy::Off, SrtpPolicy::Optional, SrtpPolicy::Required];

fn session(policy: SrtpPolicy) -> LocalSession {
    let mut session = LocalSession::new(([192, 0, 2, 1], 20_000).into(), 1, &Codec::ALL, true);
    session.protect(policy, OwnKeys::from_random(&[7; SEED_LEN]).expect("enough"));
    session
}

fn sound(agreed: &Negotiated) {
    assert!(agreed.remote_rtp.port() != 0 && agreed.send_pt < 128 && agreed.recv_pt < 128);
    assert!((10..=200).contains(&agreed.ptime));
}

/// Written and read again, every section is there with its port and as many formats.
fn same_lines(description: &SessionDescription, written: &str) {
    if written.len() > MAX_SIZE {
        return;
    }
    let again = SessionDescription::parse(written.as_bytes()).expect("what was written can be read");
    assert_eq!(again.media.len(), description.media.len(), "{written:?}");
    for (a, b) in again.media.iter().zip(&description.media) {
        assert_eq!((a.port, a.formats.len()), (b.port, b.formats.len()), "{written:?}");
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(read) = SessionDescription::parse(data) else { return };
    same_lines(&read, &read.write());
    let want = DIRECTIONS[data.len() % 4];
    let policy = POLICIES[data.len() % 3];
    let mut answering = session(policy);
    if let Ok((answer, agreed)) = answering.answer(&read, want) {
        sound(&agreed);
        assert!(agreed.srtp.is_some() || policy != SrtpPolicy::Required);
        assert!(want.sends() || !agreed.direction.sends());
        assert_eq!(answer.media.len(), read.media.len());
        let text = answer.write();
        same_lines(&answer, &text);
        // Asked once more we say the same, and our next offer has the same lines.
        let (again, _) = answering.answer(&read, want).expect("as before");
        assert_eq!(again.write(), text);
        assert_eq!(answering.offer(Direction::SendOnly).media.len(), answer.media.len());
        let _ = answering.accept(&read).map(|agreed| sound(&agreed));
    }
    let mut offering = session(policy);
    offering.offer(want);
    if let Ok(agreed) = offering.accept(&read) {
        sound(&agreed);
        let offer = offering.offer(Direction::Inactive);
        let _ = session(policy).answer(&offer, Direction::SendRecv).expect("our offers can be answered");
    }
});
