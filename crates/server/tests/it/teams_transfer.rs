//! What happens to a call with Microsoft Teams while it is up: holding, moving, passing on, taking over.

use crate::baresip::Baresip;
use crate::program::Program;
use crate::teams_machines::Machines;
use crate::teams_trunk::{ANNA, FQDN, paired};
use sim::teams_proxy::{TeamsCall, TeamsEvent};

/// The number of the telephone outside.
const TELEPHONE: &str = "+4930555";

/// A telephone that talks with an agent in Teams through a queue.
pub fn talking(machines: &Machines, program: &Program, telephone: &mut Baresip) -> TeamsCall {
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    let (call, ..) = machines.offered();
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, call, audio, 1000));
    machines.up(call);
    telephone.hears(1000);
    machines.hears(call, 440.0);
    call
}

#[track_caller]
fn transfer_says(machines: &Machines, call: TeamsCall, expected: u16) {
    machines.event(&format!("the transfer says {expected}"), |e| {
        (*e == TeamsEvent::Transfer { call, code: expected }).then_some(())
    });
}

#[track_caller]
fn changed(machines: &Machines, call: TeamsCall) {
    machines.event("the session is changed", |e| (*e == TeamsEvent::Changed { call }).then_some(()));
}

#[test]
fn a_call_is_held_moved_to_a_mixer_and_passed_on_within_teams() {
    let (_authority, machines, program, mut telephone) = paired("");
    let call = talking(&machines, &program, &mut telephone);
    machines.act(|proxy, now| proxy.hold(now, call, true));
    changed(&machines, call);
    machines.act(|proxy, now| proxy.hold(now, call, false));
    changed(&machines, call);
    machines.hears(call, 440.0);
    let mixer = machines.audio();
    machines.act(|proxy, now| proxy.move_audio(now, call, mixer, 523));
    changed(&machines, call);
    telephone.hears(523);
    machines.hears(call, 440.0);

    // To somebody whom only parameters name, asked by another machine on a connection of its own.
    machines.act(|proxy, now| proxy.transfer(now, call, 1, ""));
    transfer_says(&machines, call, 202);
    transfer_says(&machines, call, 100);
    let (next, _, number, from) = machines.offered();
    assert_eq!(
        (number.as_str(), from.as_str()),
        ("", TELEPHONE),
        "only parameters name the target, who sees who calls"
    );
    machines.act(|proxy, now| proxy.ring(now, next));
    transfer_says(&machines, call, 180);
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, next, audio, 330));
    transfer_says(&machines, call, 200);
    machines.up(next);
    machines.act(|proxy, now| proxy.hang_up(now, call));
    machines.over(call);
    telephone.hears(330);
    machines.hears(next, 440.0);
    telephone.command("hangup", "");
    machines.over(next);
    let ended = program.ended_call();
    assert_eq!(ended["reason"], "hung-up", "it was one call: {ended:#}");
    let passed = ended["timeline"].as_array().unwrap().iter().filter(|m| m["what"] == "far-end-changed");
    assert_eq!(passed.count(), 1, "{ended:#}");
    machines.nothing_broken();
    program.stop();
}

#[test]
fn a_transfer_that_fails_or_leads_elsewhere_leaves_the_call_as_it_was() {
    let (_authority, machines, program, mut telephone) = paired("");
    let call = talking(&machines, &program, &mut telephone);
    machines.act(|proxy, now| proxy.transfer_to(now, call, "sip:+4930555@elsewhere.test"));
    transfer_says(&machines, call, 403);
    machines.act(|proxy, now| proxy.transfer(now, call, 2, "+4942155513"));
    transfer_says(&machines, call, 202);
    let (next, .., from) = machines.offered();
    assert_eq!(from, TELEPHONE);
    machines.act(|proxy, now| proxy.refuse(now, next, 486, 10_003, ""));
    transfer_says(&machines, call, 486);
    machines.hears(call, 440.0);
    telephone.hears(1000);
    telephone.command("hangup", "");
    machines.over(call);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn who_called_from_teams_passes_the_telephone_on_and_that_is_who_calls_next() {
    let (_authority, machines, program, mut telephone) = paired("");
    let audio = machines.audio();
    let call = machines
        .act(|proxy, now| proxy.call(now, (2, FQDN), (ANNA, "Anna Example"), TELEPHONE, (audio, 1000)));
    telephone.event("CALL_INCOMING");
    telephone.command("accept", "");
    machines.up(call);
    machines.hears(call, 440.0);
    machines.act(|proxy, now| proxy.transfer(now, call, 1, ""));
    transfer_says(&machines, call, 202);
    let (next, .., from) = machines.offered();
    assert_eq!(from, TELEPHONE, "and not the number of whoever called");
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, next, audio, 330));
    transfer_says(&machines, call, 200);
    machines.up(next);
    machines.act(|proxy, now| proxy.hang_up(now, call));
    machines.over(call);
    telephone.hears(330);
    machines.hears(next, 440.0);
    machines.act(|proxy, now| proxy.hang_up(now, next));
    machines.over(next);
    telephone.event("CALL_CLOSED");
    machines.nothing_broken();
    program.stop();
}

#[test]
fn a_teams_queue_hands_a_call_over_and_foreign_calls_are_left_alone() {
    let (_authority, machines, program, mut telephone) = paired("");
    let call = talking(&machines, &program, &mut telephone);
    let audio = machines.audio();
    let foreign =
        machines.act(|proxy, now| proxy.take_over(now, call, ("+4942155513", "B"), (audio, 330), true));
    let foreign = foreign.unwrap();
    machines.event("a call that is none is not taken over", |e| {
        (*e == TeamsEvent::Refused { call: foreign, code: 481 }).then_some(())
    });
    let audio = machines.audio();
    let next =
        machines.act(|proxy, now| proxy.take_over(now, call, ("+4942155513", "B"), (audio, 330), false));
    let next = next.unwrap();
    machines.up(next);
    machines.over(call);
    telephone.hears(330);
    machines.hears(next, 440.0);
    machines.act(|proxy, now| proxy.hang_up(now, next));
    machines.over(next);
    telephone.event("CALL_CLOSED");
    machines.nothing_broken();
    program.stop();
}
