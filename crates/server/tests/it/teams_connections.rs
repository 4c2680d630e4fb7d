//! Connections to Teams' machines: kept awake by us, renewed now and then, and outlived by calls; machines that are slow or
//! too busy in the middle of one.

use crate::teams_transfer::talking;
use crate::teams_trunk::{FQDN, paired, paired_on};
use sim::teams_proxy::TeamsEvent;
use std::time::{Duration, Instant};

#[test]
fn connections_are_kept_awake_and_renewed_while_a_call_goes_on() {
    let (_authority, machines, program, mut telephone) =
        paired_on("options_every: 5s\n", "tls_renew = \"3s\"\ntls_keep_alive = \"1s\"\n");
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    let (call, ..) = machines.offered();
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, call, audio, 1000));
    machines.up(call);
    machines.hears(call, 440.0);
    let (opened, pings) = machines.connections(0);
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let (more, again) = machines.connections(0);
        if more >= opened + 2 && again > pings {
            break;
        }
        assert!(Instant::now() < until, "{opened} connections and {pings} pings became {more} and {again}");
        crate::program::look_again();
    }
    machines.hears(call, 440.0);
    telephone.hears(1000);
    telephone.command("hangup", "");
    machines.over(call);
    let contact = format!("CONTACT: <sip:{FQDN}");
    assert!(machines.messages().iter().any(|m| m.to_uppercase().contains(&contact.to_uppercase())));
    machines.nothing_broken();
    program.stop();
}

#[test]
fn after_a_busy_word_a_machine_is_spoken_to_on_another_connection() {
    let (_authority, machines, program, mut telephone) = paired_on("options_every: 5s\n", "");
    let (before, _) = machines.connections(0);
    machines.act(|proxy, _| proxy.set_refusing(0, 503, "RETRY-AFTER: 1\r\n"));
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    let (call, host, ..) = machines.offered();
    assert_eq!(host, 1);
    machines.act(|proxy, _| proxy.set_refusing(0, 0, ""));
    telephone.command("hangup", "");
    machines.over(call);
    telephone.event("CALL_CLOSED");
    // It is asked again, and not on the connection on which it said so.
    program.wait_for("/trunks/teams/status", |t| {
        (t["far_ends"][0]["up"] == true && t["far_ends"][0]["said"] == 200).then_some(())
    });
    assert!(machines.connections(0).0 > before, "{before} connections, and no other one since");
    program.set_agent("anna", "available");
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    let (call, host, ..) = machines.offered();
    assert_eq!(host, 0, "the first is called again");
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, call, audio, 1000));
    machines.up(call);
    telephone.hears(1000);
    telephone.command("hangup", "");
    machines.over(call);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn what_a_busy_machine_does_not_take_in_a_call_another_one_does() {
    let (_authority, machines, program, mut telephone) = paired("failover_time: 2s\n");
    // All that we say in calls is to go to the first machine.
    machines.act(|proxy, _| proxy.set_route("sip.pstnhub.test:5061"));
    let call = talking(&machines, &program, &mut telephone);
    machines.act(|proxy, _| proxy.set_busy(0, true));
    telephone.command("hangup", "");
    machines.over(call);
    let asked = machines.messages().iter().filter(|m| m.starts_with("received BYE")).count();
    let busy = machines.messages().iter().filter(|m| m.starts_with("sent SIP/2.0 503")).count();
    assert_eq!((asked, busy), (2, 1), "the first said that it is busy, and the second took it");
    machines.act(|proxy, _| proxy.set_busy(0, false));
    machines.nothing_broken();
    program.stop();
}

#[test]
fn a_slow_machine_is_waited_for_until_the_failover_time_and_then_called_off() {
    let (_authority, machines, program, mut telephone) = paired("failover_time: 3s\n");
    machines.act(|proxy, _| proxy.set_slow(0, 1_000));
    let first = talking(&machines, &program, &mut telephone);
    assert!(
        !machines.messages().iter().any(|m| m.starts_with("received INVITE") && m.contains("@sip2.")),
        "a second is not too slow"
    );
    telephone.command("hangup", "");
    machines.over(first);
    telephone.event("CALL_CLOSED");
    machines.act(|proxy, _| proxy.set_slow(0, 5_000));
    program.set_agent("anna", "available");
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    let (late, host, ..) = machines.offered();
    assert_eq!(host, 0);
    machines.act(|proxy, now| proxy.ring(now, late));
    let (next, host, ..) = machines.offered();
    assert_eq!(host, 1, "the next one is asked");
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, next, audio, 1000));
    machines.up(next);
    // What rings there late is called off, and the call goes on.
    machines.event("the late one is over", |e| (*e == TeamsEvent::Over { call: late }).then_some(()));
    telephone.hears(1000);
    machines.hears(next, 440.0);
    telephone.command("hangup", "");
    machines.over(next);
    machines.nothing_broken();
    program.stop();
}
