//! Answers of the DNS: each question of a search is answered with what the bytes say, and the search ends once.
#![no_main]

// A part of the program, which is no library: it is taken in as it stands.
#[path = "../../crates/server/src/name_io/message.rs"]
mod message;

use libfuzzer_sys::fuzz_target;
use message::Said;
use sip::Time;
use sip::locate::{Answer, Locator, LocatorConfig, Target, Way};

fuzz_target!(|data: &[u8]| {
    let ways = vec![Way::Udp, Way::Tcp, Way::Tls];
    let mut locator = Locator::new(LocatorConfig { ways, ipv4: true, ipv6: true }, 1);
    let Some((&choice, mut rest)) = data.split_first() else { return };
    let way = [None, Some(Way::Udp), Some(Way::Tcp), Some(Way::Tls)][usize::from(choice & 3)];
    let port = (choice & 4 != 0).then_some(5060);
    let Some(target) = Target::new("x.example", port, way, choice & 8 != 0) else { return };
    let mut now = Time(1);
    assert!(locator.locate(now, &target).is_some());
    let mut asked = 0;
    while let Some(question) = locator.poll_question() {
        asked += 1;
        now = Time(now.0 + 1_000);
        // The head of an answer to this very question; counts and records come from the bytes.
        let Some(mut bytes) = message::write(7, &question, false) else {
            locator.answered(now, &question, Answer::Failed);
            continue;
        };
        bytes[2] |= 0x80;
        let [code, answers, authorities, length, after @ ..] = rest else {
            locator.answered(now, &question, Answer::Failed);
            continue;
        };
        let (records, next) = after.split_at(usize::from(*length).min(after.len()));
        rest = next;
        bytes[3] = *code;
        bytes[7] = *answers;
        bytes[9] = *authorities;
        bytes.extend_from_slice(records);
        let answer = match message::read(&bytes, 7, &question) {
            Said::Answer(answer) => answer,
            Said::Alias(name, _) => {
                assert!(!name.is_empty());
                Answer::Failed
            }
            Said::Truncated | Said::Plain | Said::Useless | Said::NotOurs => Answer::Failed,
        };
        if let Answer::Found { records, .. } = &answer {
            assert!((1..=64).contains(&records.len()));
        }
        locator.answered(now, &question, answer);
        let _ = message::read(data, 7, &question);
    }
    let Some(located) = locator.poll_located() else { panic!("a search ends") };
    assert!(asked <= 64 && located.places.len() <= 32 && located.until > now);
    assert!(located.places.iter().all(|p| !p.addr.ip().is_unspecified() && p.addr.port() > 0));
    assert!(locator.poll_located().is_none() && locator.deadline().is_none());
});
