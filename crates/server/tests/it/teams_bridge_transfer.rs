//! The profile `bridge`: the contact centre passes a call on to somebody else in Microsoft Teams (REFER). Teams takes no REFER,
//! so that is done between the two trunks.

use crate::baresip::Baresip;
use crate::program::Program;
use crate::teams_bridge::{DESK, TIM, TOM, joined};
use crate::teams_machines::Machines;
use sim::teams_proxy::TeamsCall;

/// Tom calls the contact centre, which answers.
fn talking(machines: &Machines, desk: &mut Baresip) -> TeamsCall {
    let audio = machines.audio();
    let caller = machines
        .act(|proxy, now| proxy.call(now, (1, crate::teams_bridge::FQDN), (TOM, "Tom"), DESK, (audio, 1000)));
    desk.event("CALL_INCOMING");
    desk.command("accept", "");
    machines.up(caller);
    machines.hears(caller, 440.0);
    desk.hears(1000);
    caller
}

fn passes_on(program: &Program, desk: &mut Baresip, to: &str, host: &str) {
    let host = if host.is_empty() { program.sip.to_string() } else { host.into() };
    desk.command("transfer", &format!("sip:{to}@{host}"));
}

#[test]
fn who_called_the_contact_centre_is_passed_on_to_somebody_in_teams() {
    let (_authority, machines, program, mut desk) = joined();
    let caller = talking(&machines, &mut desk);
    passes_on(&program, &mut desk, TIM, "");
    let (next, _, number, from) = machines.offered();
    assert_eq!((number.as_str(), from.as_str()), (TIM, TOM), "who is called sees who calls");
    machines.act(|proxy, now| proxy.ring(now, next));
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, next, audio, 330));
    machines.up(next);
    desk.event("CALL_CLOSED");
    machines.hears(caller, 330.0);
    machines.hears(next, 1000.0);
    let calls = program.get("/calls").1;
    assert_eq!(calls["items"].as_array().map(Vec::len), Some(1), "it is one call: {calls:#}");
    let status = program.get("/trunks/contact-centre/status").1;
    assert_eq!(status["calls"], 0, "the contact centre is out of it: {status:#}");
    machines.act(|proxy, now| proxy.hang_up(now, next));
    machines.over(next);
    machines.over(caller);
    machines.nothing_broken();
    program.stop();
}

/// The contact centre calls Tom, who answers.
fn called(machines: &Machines, program: &Program, desk: &mut Baresip) -> TeamsCall {
    desk.command("dial", &format!("sip:{TOM}@{}", program.sip));
    let (call, ..) = machines.offered();
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, call, audio, 1000));
    machines.up(call);
    desk.event("CALL_ESTABLISHED");
    desk.hears(1000);
    machines.hears(call, 440.0);
    call
}

#[test]
fn whom_the_contact_centre_called_is_passed_on_to_somebody_in_teams() {
    let (_authority, machines, program, mut desk) = joined();
    let call = called(&machines, &program, &mut desk);
    passes_on(&program, &mut desk, TIM, "");
    let (next, _, number, from) = machines.offered();
    assert_eq!((number.as_str(), from.as_str()), (TIM, TOM));
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, next, audio, 330));
    machines.up(next);
    desk.event("CALL_CLOSED");
    machines.hears(call, 330.0);
    machines.hears(next, 1000.0);
    machines.act(|proxy, now| proxy.hang_up(now, call));
    machines.over(call);
    machines.over(next);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn a_contact_centre_hears_why_it_cannot_pass_a_call_on() {
    let (_authority, machines, program, mut desk) = joined();
    // To another host, to whom no rule leads, and to somebody who is busy. This telephone gives the call up then.
    for (to, host, why) in [(TIM, "elsewhere.test", "403"), ("+4930999", "", "404"), (TIM, "", "486")] {
        let call = called(&machines, &program, &mut desk);
        passes_on(&program, &mut desk, to, host);
        if why == "486" {
            let (busy, ..) = machines.offered();
            machines.hears(call, 440.0);
            machines.act(|proxy, now| proxy.refuse(now, busy, 486, 10_003, ""));
        }
        desk.logs(&format!("transfer failed: {why}"));
        machines.over(call);
    }
    machines.nothing_broken();
    program.stop();
}
