//! Keys of audio with Microsoft Teams that cannot be used, or only some of them, and audio that is not what its keys say:
//! what is usable is taken and heard, all else is refused or changes nothing.

use crate::program::{Program, look_again};
use crate::teams_hostile::dropped;
use crate::teams_machines::Machines;
use crate::teams_transfer::{answered, talking};
use crate::teams_trunk::{ANNA, FQDN, UDO, paired};
use sim::teams_proxy::{TeamsCall, TeamsEvent};
use std::time::{Duration, Instant};

/// A key of 30 bytes with a name (MKI), and one that is too short for its suite.
const NAMED: &str =
    "a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk|2^31|1:1\r\n";
const SHORT: &str =
    "a=crypto:8 AES_CM_128_HMAC_SHA1_80 inline:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYg==|2^31\r\n";
const LONG: &str =
    "a=crypto:8 AES_CM_128_HMAC_SHA1_80 inline:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=|2^31\r\n";
const UNKNOWN: &str =
    "a=crypto:9 F8_128_HMAC_SHA1_80 inline:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk|2^31\r\n";

fn is_key(line: &&str) -> bool {
    line.starts_with("a=crypto:")
}

/// A description with these lines in the place of its keys.
fn instead(description: &str, keys: &str) -> String {
    let others = description.split_inclusive("\r\n").filter(|line| !is_key(line));
    others.chain([keys]).collect()
}

fn without_keys(description: &str) -> String {
    instead(description, "")
}

fn in_the_clear(description: &str) -> String {
    without_keys(description).replace("RTP/SAVP", "RTP/AVP")
}

fn with_a_short_key(description: &str) -> String {
    instead(description, SHORT)
}

fn with_a_long_key(description: &str) -> String {
    instead(description, LONG)
}

fn with_an_unknown_suite(description: &str) -> String {
    instead(description, UNKNOWN)
}

/// Lines that cannot be used, and one with a name, stand before those of the user.
fn with_others_before(description: &str) -> String {
    let own: String = description.split_inclusive("\r\n").filter(is_key).collect();
    instead(description, &format!("{UNKNOWN}{NAMED}{SHORT}{own}"))
}

/// The right suite and tag, and not the key that audio is protected with.
fn with_another_key(description: &str) -> String {
    let other = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk\r\n";
    instead(description, other)
}

/// Udo calls the queue with descriptions that pass through this.
fn calls(machines: &Machines, described: fn(&str) -> String) -> TeamsCall {
    let audio = machines.audio();
    machines.act(|proxy, now| {
        proxy.set_described(Some(described));
        let caller = proxy.call(now, (0, FQDN), (UDO, "Udo"), "+49421555100", (audio, 523));
        proxy.set_described(None);
        caller
    })
}

#[test]
fn a_user_whose_keys_cannot_be_used_is_refused_and_of_several_the_usable_one_is_taken() {
    let (_authority, machines, program, _telephone) = paired("");
    for (what, described) in [
        ("no key", without_keys as fn(&str) -> String),
        ("in the clear", in_the_clear),
        ("a short key", with_a_short_key),
        ("a long key", with_a_long_key),
        ("an unknown suite", with_an_unknown_suite),
    ] {
        let caller = calls(&machines, described);
        machines.event(what, |e| (*e == TeamsEvent::Refused { call: caller, code: 488 }).then_some(()));
    }
    let caller = calls(&machines, with_others_before);
    machines.up(caller);
    let (call, ..) = machines.offered();
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, call, audio, 1000));
    machines.up(call);
    machines.hears(caller, 1000.0);
    machines.hears(call, 523.0);
    let answer = machines
        .messages()
        .into_iter()
        .rfind(|m| m.starts_with("received SIP/2.0 200") && m.contains("a=crypto"));
    let taken: Vec<String> = answer.unwrap().lines().filter(is_key).map(str::to_string).collect();
    assert!(
        matches!(&taken[..], [one] if one.starts_with("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:")),
        "{taken:?}"
    );
    assert!(!taken[0].contains('|'), "our key has no name: {taken:?}");
    machines.act(|proxy, now| proxy.hang_up(now, caller));
    machines.over(caller);
    machines.over(call);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn an_agent_who_answers_without_a_usable_key_is_hung_up_and_the_caller_goes_on_waiting() {
    let (_authority, machines, program, mut telephone) = paired("");
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    for described in [without_keys as fn(&str) -> String, with_a_short_key, with_others_before] {
        program.set_agent("anna", "available");
        let (call, _, number, _) = machines.offered();
        assert_eq!(number, ANNA);
        let audio = machines.audio();
        machines.act(|proxy, now| {
            proxy.set_described(Some(described));
            proxy.answer(now, call, audio, 1000);
            proxy.set_described(None);
        });
        machines.over(call);
        telephone.hears(700);
    }
    program.set_agent("anna", "available");
    let (call, ..) = machines.offered();
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, call, audio, 1000));
    machines.up(call);
    telephone.hears(1000);
    telephone.command("hangup", "");
    machines.over(call);
    machines.nothing_broken();
    program.stop();
}

/// Waits until so much audio was dropped for this reason.
#[track_caller]
fn drops(program: &Program, reason: &str, wanted: usize) {
    let until = Instant::now() + Duration::from_secs(30);
    while dropped(program, reason) < wanted {
        assert!(Instant::now() < until, "{} packets were {reason}", dropped(program, reason));
        look_again();
    }
}

#[test]
fn audio_under_another_key_than_the_described_one_is_not_heard_until_the_right_one_is_said() {
    let (_authority, machines, program, mut telephone) = paired("");
    let call = talking(&machines, &program, &mut telephone);
    assert_eq!(dropped(&program, "unauthenticated"), 0);
    let mixer = machines.audio();
    machines.act(|proxy, now| {
        proxy.set_described(Some(with_another_key));
        proxy.move_audio(now, call, mixer, 523);
    });
    machines.changed(call);
    // Two seconds of audio, of which nobody hears anything.
    drops(&program, "unauthenticated", 100);
    assert!(!telephone.heard_prompt(523), "what is not authentic is not passed on");
    machines.hears(call, 440.0);
    machines.act(|proxy, now| {
        proxy.set_described(None);
        proxy.hold(now, call, false);
    });
    machines.changed(call);
    telephone.hears(523);
    telephone.command("hangup", "");
    machines.over(call);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn packets_that_change_places_while_their_numbers_start_over_are_all_heard() {
    let (_authority, machines, program, mut telephone) = paired("");
    machines.act(|proxy, _| proxy.set_shuffled(true));
    let (call, audio) = answered(&machines, &program, &mut telephone);
    let sent = || {
        let packets = machines.wire.sent_from(audio.port());
        packets.iter().map(|p| u16::from_be_bytes([p[2], p[3]])).collect::<Vec<_>>()
    };
    let until = Instant::now() + Duration::from_secs(30);
    // The last number goes out after the first one, and what is said two seconds later counts on from there.
    while !sent().windows(2).any(|two| two == [0, 65_535]) || !sent().contains(&100) {
        assert!(Instant::now() < until, "{:?}", sent());
        look_again();
    }
    telephone.hears(1000);
    machines.hears(call, 440.0);
    assert_eq!((dropped(&program, "unauthenticated"), dropped(&program, "replayed")), (0, 0));
    telephone.command("hangup", "");
    machines.over(call);
    machines.nothing_broken();
    program.stop();
}
