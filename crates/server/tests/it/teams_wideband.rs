//! Wideband audio with Microsoft Teams: what is said in G.722 is heard on the other side, and the other way.

use crate::teams_trunk::{ANNA, FQDN, UDO, both_channels, paired};

/// The session descriptions of ours that chose G.722: it stands first, and nothing of G.711 beside.
fn chosen(messages: &[String]) -> usize {
    let ours = messages.iter().filter(|m| m.starts_with("received SIP/2.0 200"));
    let audio = ours.filter_map(|m| m.lines().find_map(|line| line.strip_prefix("m=audio ")));
    audio.filter(|line| line.split(' ').nth(2) == Some("9")).count()
}

#[test]
fn an_agent_in_teams_speaks_g722_with_a_telephone_that_speaks_g711() {
    let (_authority, machines, program, mut telephone) = paired("");
    machines.act(|proxy, _| proxy.set_wideband(true));
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    telephone.hears(700);
    let (call, _, number, _) = machines.offered();
    assert_eq!(number, ANNA);
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, call, audio, 1000));
    machines.up(call);
    telephone.hears(1000);
    machines.hears(call, 440.0);
    telephone.command("hangup", "");
    machines.over(call);
    both_channels(&program, 440, 1000);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn a_teams_user_hears_the_queue_and_an_agent_in_g722() {
    let (_authority, machines, program, _telephone) = paired("");
    machines.act(|proxy, _| proxy.set_wideband(true));
    let (theirs, ours) = (machines.audio(), machines.audio());
    let caller =
        machines.act(|proxy, now| proxy.call(now, (1, FQDN), (UDO, "Udo"), "+49421555100", (theirs, 440)));
    machines.up(caller);
    assert_eq!(chosen(&machines.messages()), 1, "our answer takes G.722");
    machines.hears(caller, 700.0);
    let (call, ..) = machines.offered();
    machines.act(|proxy, now| proxy.answer(now, call, ours, 1000));
    machines.up(call);
    machines.hears(caller, 1000.0);
    machines.hears(call, 440.0);
    machines.act(|proxy, now| proxy.hang_up(now, caller));
    machines.over(caller);
    machines.over(call);
    both_channels(&program, 440, 1000);
    machines.nothing_broken();
    program.stop();
}
