//! What is heard and pressed before somebody in Microsoft Teams answers: several clients ring, and each may have audio of its
//! own (183).

use crate::program::look_again;
use crate::teams_bridge::{TOM, joined};
use crate::teams_machines::Machines;
use sim::teams_proxy::TeamsCall;
use std::time::{Duration, Instant};

#[track_caller]
fn pressed(machines: &Machines, call: TeamsCall, keys: u32) {
    let until = Instant::now() + Duration::from_secs(30);
    while machines.act(|proxy, _| proxy.pressed(call)) != keys {
        assert!(Instant::now() < until, "{keys} keys never come");
        look_again();
    }
}

#[test]
fn whoever_sends_audio_first_is_heard_while_several_ring_and_then_whoever_answers() {
    let (_authority, machines, program, mut desk) = joined();
    desk.command("dial", &format!("sip:{TOM}@{}", program.sip));
    let (call, ..) = machines.offered();
    let [silent, speaks, late] = [(); 3].map(|()| machines.audio());
    // The first says nothing, the second is heard, and so it stays when a third is there too.
    machines.act(|proxy, now| proxy.send_early(now, call, silent, 0));
    machines.act(|proxy, now| proxy.send_early(now, call, speaks, 523));
    desk.hears(523);
    machines.act(|proxy, now| proxy.send_early(now, call, late, 700));
    // Who answers is the one of whom nothing was heard.
    machines.act(|proxy, now| proxy.answer_on(now, call, 0, 1000));
    machines.up(call);
    desk.event("CALL_ESTABLISHED");
    desk.hears(1000);
    machines.hears(call, 440.0);
    desk.command("hangup", "");
    machines.over(call);
    assert!(!desk.heard_prompt(700), "nobody listens to two at once");
    machines.nothing_broken();
    program.stop();
}

#[test]
fn a_client_that_is_named_later_and_says_nothing_does_not_silence_the_one_that_is_heard() {
    let (_authority, machines, program, mut desk) = joined();
    desk.command("dial", &format!("sip:{TOM}@{}", program.sip));
    let (call, ..) = machines.offered();
    let [speaks, silent] = [(); 2].map(|()| machines.audio());
    machines.act(|proxy, now| proxy.send_early(now, call, speaks, 523));
    machines.act(|proxy, now| proxy.send_early(now, call, silent, 0));
    desk.hears(523);
    machines.act(|proxy, now| proxy.answer_on(now, call, 1, 330));
    machines.up(call);
    desk.hears(330);
    machines.hears(call, 440.0);
    desk.command("hangup", "");
    machines.over(call);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn keys_reach_whoever_is_heard_before_the_answer_and_go_on_after_it() {
    let (_authority, machines, program, mut desk) = joined();
    desk.command("dial", &format!("sip:{TOM}@{}", program.sip));
    let (call, ..) = machines.offered();
    let early = machines.audio();
    machines.act(|proxy, now| proxy.send_early(now, call, early, 523));
    desk.hears(523);
    desk.command("sndcode", "42");
    pressed(&machines, call, 2);
    machines.act(|proxy, now| proxy.answer_on(now, call, 0, 1000));
    machines.up(call);
    desk.event("CALL_ESTABLISHED");
    desk.hears(1000);
    machines.hears(call, 440.0);
    desk.command("sndcode", "7");
    pressed(&machines, call, 3);
    desk.command("hangup", "");
    machines.over(call);
    machines.nothing_broken();
    program.stop();
}
