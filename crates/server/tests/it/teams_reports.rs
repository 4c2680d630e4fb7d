//! Reports of protected audio (SRTCP) with Microsoft Teams: by a port of their own, and by that of the audio (RFC 5761), with
//! media bypass and without.

use crate::program::look_again;
use crate::teams_machines::Machines;
use crate::teams_trunk::{FQDN, UDO, paired};
use sim::teams_proxy::TeamsCall;
use std::time::{Duration, Instant};

/// Waits until our reports came in a call where they should.
#[track_caller]
fn reported(machines: &Machines, call: TeamsCall, shared: bool) {
    let until = Instant::now() + Duration::from_secs(40);
    loop {
        let (own, with_audio) = machines.act(|proxy, _| proxy.reports(call));
        assert_eq!(if shared { own } else { with_audio }, 0, "reports come by one way alone");
        if own + with_audio > 0 {
            return;
        }
        assert!(Instant::now() < until, "no report that its key opens");
        look_again();
    }
}

fn both_ways(ice: bool, mux: bool) {
    let (_authority, machines, program, _telephone) = paired(if ice { "ice: true\n" } else { "" });
    machines.act(|proxy, _| {
        proxy.set_bypass(ice);
        proxy.set_mux(mux);
    });
    // One call is offered by Teams, and the other one by us.
    let (theirs, ours) = (machines.audio(), machines.audio());
    let caller =
        machines.act(|proxy, now| proxy.call(now, (1, FQDN), (UDO, "Udo"), "+49421555100", (theirs, 440)));
    let (agent, ..) = machines.offered();
    machines.act(|proxy, now| proxy.answer(now, agent, ours, 1000));
    machines.up(caller);
    machines.up(agent);
    machines.hears(caller, 1000.0);
    machines.hears(agent, 440.0);
    // We agree where we are asked, and ask where ICE is spoken.
    let said = machines.messages();
    let description =
        |start: &str| said.iter().rfind(|m| m.starts_with(start) && m.contains("m=audio")).unwrap();
    assert_eq!(description("received SIP/2.0 200").contains("a=rtcp-mux"), mux);
    assert_eq!(description("received INVITE").contains("a=rtcp-mux"), ice);
    for (call, shared) in [(caller, mux), (agent, mux && ice)] {
        reported(&machines, call, shared);
    }
    // What Teams reports has come, too.
    let id = program.wait_for("/calls", |list| Some(list["items"][0]["id"].as_str()?.to_string()));
    for role in ["caller", "agent"] {
        program.wait_for(&format!("/calls/{id}"), |call| {
            let leg = call["legs"].as_array()?.iter().find(|l| l["role"] == role)?;
            leg["quality"]["sent"].is_object().then_some(())
        });
    }
    // It stays so when the call is held and taken back.
    for on in [true, false] {
        machines.act(|proxy, now| proxy.hold(now, agent, on));
        machines.changed(agent);
    }
    machines.hears(agent, 440.0);
    machines.hears(caller, 1000.0);
    reported(&machines, agent, mux && ice);
    machines.act(|proxy, now| proxy.hang_up(now, caller));
    machines.over(caller);
    machines.over(agent);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn reports_have_a_port_of_their_own() {
    both_ways(false, false);
}

#[test]
fn reports_share_the_audios_port_where_teams_asks_for_it() {
    both_ways(false, true);
}

#[test]
fn with_bypass_reports_have_a_port_of_their_own_where_teams_wants_that() {
    both_ways(true, false);
}

#[test]
fn with_bypass_reports_share_the_audios_port() {
    both_ways(true, true);
}
