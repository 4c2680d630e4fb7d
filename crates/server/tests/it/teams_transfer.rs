//! What happens to a call with Microsoft Teams while it is up: holding, moving, passing on, taking over.

use crate::baresip::Baresip;
use crate::program::Program;
use crate::teams_machines::Machines;
use crate::teams_trunk::{ANNA, FQDN, paired};
use sim::teams_proxy::{TeamsCall, TeamsEvent};
use std::net::SocketAddr;

/// The number of the telephone outside.
const TELEPHONE: &str = "+4930555";

/// A telephone that talks with an agent in Teams through a queue.
pub fn talking(machines: &Machines, program: &Program, telephone: &mut Baresip) -> TeamsCall {
    answered(machines, program, telephone).0
}

/// The same, with where the agent's audio is.
pub fn answered(machines: &Machines, program: &Program, telephone: &mut Baresip) -> (TeamsCall, SocketAddr) {
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    let (call, ..) = machines.offered();
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, call, audio, 1000));
    machines.up(call);
    telephone.hears(1000);
    machines.hears(call, 440.0);
    (call, audio)
}

#[track_caller]
fn transfer_says(machines: &Machines, call: TeamsCall, expected: u16) {
    machines.event(&format!("the transfer says {expected}"), |e| {
        (*e == TeamsEvent::Transfer { call, code: expected }).then_some(())
    });
}

#[test]
fn a_call_is_held_moved_to_a_mixer_and_passed_on_within_teams() {
    let (_authority, machines, program, mut telephone) = paired("");
    let call = talking(&machines, &program, &mut telephone);
    machines.act(|proxy, now| proxy.hold(now, call, true));
    machines.changed(call);
    machines.act(|proxy, now| proxy.hold(now, call, false));
    machines.changed(call);
    machines.hears(call, 440.0);
    let mixer = machines.audio();
    machines.act(|proxy, now| proxy.move_audio(now, call, mixer, 523));
    machines.changed(call);
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

/// The address and Referred-By of each call that was made for a transfer.
fn calls_for_transfers(machines: &Machines) -> Vec<(String, String)> {
    let referred = |m: &String| {
        let by = m.lines().find(|line| line.starts_with("Referred-By: "))?;
        m.starts_with("received INVITE").then(|| (m.lines().next().unwrap().into(), by.into()))
    };
    machines.messages().iter().filter_map(referred).collect()
}

#[test]
fn a_transfer_goes_on_at_the_next_host_when_one_is_busy_or_not_to_be_reached() {
    let (_authority, machines, program, mut telephone) = paired("");
    let call = talking(&machines, &program, &mut telephone);
    machines.act(|proxy, _| proxy.set_refusing(0, 503, "RETRY-AFTER: 1\r\n"));
    machines.shut(1);
    machines.act(|proxy, now| proxy.transfer(now, call, 2, ""));
    for code in [202, 100, 100, 100] {
        transfer_says(&machines, call, code);
    }
    let (next, host, ..) = machines.offered();
    assert_eq!(host, 2, "the first is busy, and nobody listens at the second");
    let asked = calls_for_transfers(&machines);
    assert!(asked.len() == 2 && asked[0] == asked[1], "each is asked the same, byte for byte: {asked:#?}");
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
    let status = program.get("/trunks/teams/status").1;
    assert_eq!(
        (&status["far_ends"][1]["up"], &status["far_ends"][2]["up"]),
        (&false.into(), &true.into()),
        "{status:#}"
    );
    telephone.command("hangup", "");
    machines.over(next);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn a_call_whose_machine_falls_silent_goes_on_by_way_of_another() {
    let (_authority, machines, program, mut telephone) = paired("failover_time: 2s\n");
    // All that we say in calls is to go to the first machine.
    machines.act(|proxy, _| proxy.set_route("sip.pstnhub.test:5061"));
    let call = talking(&machines, &program, &mut telephone);
    machines.act(|proxy, _| proxy.set_silent(0, true));
    machines.act(|proxy, now| proxy.transfer(now, call, 1, ""));
    for code in [202, 100] {
        transfer_says(&machines, call, code);
    }
    let (next, host, ..) = machines.offered();
    assert_eq!(host, 1);
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
    machines.nothing_broken();
    program.stop();
}

#[test]
fn a_transfer_that_somebody_declines_is_asked_of_no_other_host() {
    let (_authority, machines, program, mut telephone) = paired("");
    let call = talking(&machines, &program, &mut telephone);
    machines.act(|proxy, now| proxy.transfer(now, call, 1, ""));
    transfer_says(&machines, call, 202);
    let (next, ..) = machines.offered();
    machines.act(|proxy, now| proxy.refuse(now, next, 603, 10_003, ""));
    transfer_says(&machines, call, 603);
    machines.hears(call, 440.0);
    assert_eq!(calls_for_transfers(&machines).len(), 1);
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

#[test]
fn who_takes_a_call_that_is_being_passed_on_keeps_it() {
    let (_authority, machines, program, mut telephone) = paired("");
    let call = talking(&machines, &program, &mut telephone);
    machines.act(|proxy, now| proxy.transfer(now, call, 1, ""));
    transfer_says(&machines, call, 202);
    transfer_says(&machines, call, 100);
    let (next, ..) = machines.offered();
    machines.act(|proxy, now| proxy.ring(now, next));
    transfer_says(&machines, call, 180);
    let audio = machines.audio();
    let taken =
        machines.act(|proxy, now| proxy.take_over(now, call, ("+4942155513", "B"), (audio, 330), false));
    let taken = taken.unwrap();
    machines.up(taken);
    transfer_says(&machines, call, 487);
    machines.over(next);
    machines.over(call);
    telephone.hears(330);
    machines.hears(taken, 440.0);
    telephone.command("hangup", "");
    machines.over(taken);
    assert_eq!(program.ended_call()["reason"], "hung-up");
    machines.nothing_broken();
    program.stop();
}
