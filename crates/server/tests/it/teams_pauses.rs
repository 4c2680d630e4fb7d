//! Audio to Microsoft Teams never stops while its user may be heard: a quiet call is not taken for a dead one.

use crate::program::look_again;
use crate::teams_machines::Machines;
use crate::teams_trunk::{FQDN, UDO, paired};
use sim::teams_proxy::TeamsCall;
use std::time::{Duration, Instant};

/// A number whose flow says something for five seconds, and then waits for a key without a word.
const QUIET: &str = "---\nkind: Prompt\nid: choose\ntone: {hz: 523, length: 5s}\n---\n\
    kind: Flow\nid: quiet\nsteps:\n  - menu: {prompt: choose, keys: {\"#\": bye}, wait: 60s, tries: 1}\n\
    branches:\n  bye:\n    - say: choose\n---\n\
    kind: Number\nid: quiet\nnumber: \"+49421555101\"\nflow: quiet\n";
/// Packets of a second.
const SECOND: u32 = 50;

/// Waits until so many packets of audio have come in a call.
#[track_caller]
fn comes(machines: &Machines, call: TeamsCall, packets: u32) {
    let until = Instant::now() + Duration::from_secs(40);
    loop {
        let came = machines.act(|proxy, _| proxy.audio_packets(call));
        if came >= packets {
            return;
        }
        assert!(Instant::now() < until, "{came} packets came, and {packets} never do");
        look_again();
    }
}

#[test]
fn a_call_in_which_nobody_speaks_is_never_without_packets_unless_it_is_held() {
    let (_authority, machines, program, _telephone) = paired(QUIET);
    let audio = machines.audio();
    let call =
        machines.act(|proxy, now| proxy.call(now, (1, FQDN), (UDO, "Udo"), "+49421555101", (audio, 440)));
    machines.up(call);
    machines.hears(call, 523.0);
    // The prompt was five seconds; this is three more in which nothing is said.
    comes(&machines, call, 8 * SECOND);

    machines.act(|proxy, now| proxy.hold(now, call, true));
    machines.changed(call);
    // What was on its way comes yet, and then reports alone, which say that we are there.
    let reports = || machines.act(|proxy, _| proxy.reports(call).0);
    let told = |more: u32| {
        let (before, until) = (reports(), Instant::now() + Duration::from_secs(40));
        while reports() < before + more {
            assert!(Instant::now() < until, "reports stop while the call is held");
            look_again();
        }
    };
    told(1);
    let held = machines.act(|proxy, _| proxy.audio_packets(call));
    told(1);
    assert_eq!(machines.act(|proxy, _| proxy.audio_packets(call)), held, "nothing is said to whoever holds");

    machines.act(|proxy, now| proxy.hold(now, call, false));
    machines.changed(call);
    comes(&machines, call, held + 2 * SECOND);
    assert!(machines.act(|proxy, now| proxy.press(now, call, '#')));
    machines.over(call);
    machines.nothing_broken();
    program.stop();
}
