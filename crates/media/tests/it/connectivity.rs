//! ICE in descriptions: what a lite agent offers and answers, and when credentials change.

use media::ice::Credentials;
use media::negotiate::{Codec, Direction, LocalSession, Negotiated};
use media::sdp::SessionDescription;

fn session() -> (LocalSession, Credentials) {
    let mut session = LocalSession::new("192.0.2.1:20000".parse().unwrap(), 1, &[Codec::Pcma], true);
    let credentials = session.use_ice([7; 32]);
    (session, credentials)
}

fn description(lines: &str) -> SessionDescription {
    let text = format!("v=0\nc=IN IP4 192.0.2.2\nm=audio 4000 RTP/AVP 8\n{lines}");
    SessionDescription::parse(text.as_bytes()).unwrap()
}

const THEIRS: &str =
    "a=ice-ufrag:abcd\na=ice-pwd:abcdefghijklmnopqrstuv\na=candidate:1 1 UDP 1 192.0.2.2 4000 typ host\n";

/// What a description of ours says: lite, user fragment, candidates.
fn said(ours: &SessionDescription) -> (bool, Option<&str>, Vec<&str>) {
    let lite = ours.attributes.iter().any(|a| a.name == "ice-lite");
    let audio = &ours.media[0];
    (lite, audio.attribute("ice-ufrag"), audio.attributes_named("candidate").collect())
}

#[test]
fn offers_name_both_ports_and_answers_that_of_rtp_alone_where_it_carries_all() {
    let (mut ours, credentials) = session();
    let both = ["1 1 UDP 2130706431 192.0.2.1 20000 typ host", "1 2 UDP 2130706430 192.0.2.1 20001 typ host"];
    assert_eq!(said(&ours.offer(Direction::SendRecv)), (true, Some(credentials.ufrag()), both.to_vec()));
    let (mut ours, _) = session();
    let (answer, _) =
        ours.answer(&description(&format!("{THEIRS}a=rtcp-mux\n")), Direction::SendRecv).unwrap();
    assert_eq!(said(&answer).2, both[..1]);
}

#[test]
fn only_where_both_speak_it() {
    let (mut ours, credentials) = session();
    let ice = |agreed: &Negotiated| agreed.ice.clone();
    ours.offer(Direction::SendRecv);
    assert_eq!(ice(&ours.accept(&description(THEIRS)).unwrap()), Some(credentials.clone()));
    // Said for the whole session, as some do.
    ours.offer(Direction::SendRecv);
    let text = "v=0\nc=IN IP4 192.0.2.2\na=ice-ufrag:abcd\na=ice-pwd:abcdefghijklmnopqrstuv\nm=audio 4000 RTP/AVP 8\n";
    let whole = SessionDescription::parse(text.as_bytes()).unwrap();
    assert_eq!(ice(&ours.accept(&whole).unwrap()), Some(credentials));
    let (mut ours, _) = session();
    ours.offer(Direction::SendRecv);
    assert_eq!(ice(&ours.accept(&description("")).unwrap()), None);
    assert_eq!(said(&ours.offer(Direction::SendRecv)), (false, None, vec![]));
    let (mut ours, _) = session();
    let (answer, agreed) = ours.answer(&description(""), Direction::SendRecv).unwrap();
    assert_eq!((said(&answer), agreed.ice), ((false, None, vec![]), None));
    let mut plain = LocalSession::new("192.0.2.1:20000".parse().unwrap(), 1, &[Codec::Pcma], true);
    let (answer, agreed) = plain.answer(&description(THEIRS), Direction::SendRecv).unwrap();
    assert_eq!((said(&answer), agreed.ice), ((false, None, vec![]), None));
}

#[test]
fn credentials_stay_until_the_far_end_begins_anew() {
    let (mut ours, first) = session();
    let mut answered =
        |lines: &str| ours.answer(&description(lines), Direction::SendRecv).unwrap().1.ice.unwrap();
    assert_eq!(answered(THEIRS), first);
    assert_eq!(answered(&format!("{THEIRS}a=remote-candidates:1 192.0.2.1 20000\n")), first);
    let restarted = THEIRS.replace("abcd", "wxyz");
    let second = answered(&restarted);
    assert_ne!(second, first);
    assert_ne!(second.password(), first.password());
    assert_eq!(answered(&restarted), second);
}
