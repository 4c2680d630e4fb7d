//! Connections to Teams' machines: kept awake by us, renewed now and then, and outlived by calls.

use crate::teams_trunk::{FQDN, paired_on};
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
