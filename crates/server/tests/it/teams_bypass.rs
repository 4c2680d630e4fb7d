//! Media bypass: Teams' clients send audio themselves and find us by ICE. Where their descriptions say that they are nobody
//! is, so nothing is heard unless checks were answered.

use crate::baresip::Baresip;
use crate::program::{Program, look_again};
use crate::teams_machines::Machines;
use crate::teams_trunk::{ANNA, FQDN, both_channels, paired};
use sim::teams_proxy::TeamsCall;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

const TELEPHONE: &str = "+4930555";
const UDO: &str = "+4942155599";

fn paired_by_ice() -> (crate::secure_sip::Authority, Machines, Program, Baresip) {
    let all = paired("ice: true\n");
    all.1.act(|proxy, _| proxy.set_bypass(true));
    all
}

#[track_caller]
fn nominated(machines: &Machines, call: TeamsCall) {
    let until = Instant::now() + Duration::from_secs(30);
    while !machines.act(|proxy, _| proxy.nominated(call)) {
        assert!(Instant::now() < until, "nobody takes the nomination");
        look_again();
    }
}

/// Where the program takes audio of the last call that it made, as it said there.
pub fn our_port(machines: &Machines) -> u16 {
    let invite = machines.messages().into_iter().rfind(|m| m.starts_with("received INVITE")).unwrap();
    let audio = invite.lines().find_map(|line| line.strip_prefix("m=audio ")).unwrap();
    audio.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn several_clients_check_and_whoever_answers_is_heard() {
    let (_authority, machines, program, mut telephone) = paired_by_ice();
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    let (call, ..) = machines.offered();
    machines.act(|proxy, now| proxy.ring(now, call));
    // One client is so sure that it nominates before anybody answers, and another one answers.
    let (early, audio) = (machines.audio(), machines.audio());
    machines.act(|proxy, now| proxy.send_early(now, call, early, 523));
    nominated(&machines, call);
    machines.act(|proxy, now| proxy.answer(now, call, audio, 1000));
    machines.up(call);
    machines.hears(call, 440.0);
    telephone.hears(1000);
    nominated(&machines, call);

    // Checks that nobody vouches for change nothing.
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    for port in [our_port(&machines), our_port(&machines) + 1] {
        for length in [20_u16, 28, 1_400] {
            let mut check = vec![0, 1];
            check.extend((length - 20).to_be_bytes());
            check.extend([0x21, 0x12, 0xA4, 0x42]);
            check.resize(usize::from(length), 0x25);
            stranger.send_to(&check, ("127.0.0.1", port)).unwrap();
        }
    }
    // The chosen pair is named; then everything begins anew.
    assert!(machines.act(|proxy, now| proxy.settle(now, call)));
    machines.changed(call);
    machines.hears(call, 440.0);
    assert!(machines.act(|proxy, now| proxy.restart(now, call)));
    machines.changed(call);
    nominated(&machines, call);
    machines.hears(call, 440.0);
    stranger.set_nonblocking(true).unwrap();
    assert!(stranger.recv(&mut [0; 100]).is_err(), "whoever has no password is not answered");
    telephone.command("hangup", "");
    machines.over(call);
    both_channels(&program, 440, 1000);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn a_client_calls_is_passed_on_and_taken_over() {
    let (_authority, machines, program, mut telephone) = paired_by_ice();
    let audio = machines.audio();
    let call = machines
        .act(|proxy, now| proxy.call(now, (2, FQDN), (ANNA, "Anna Example"), TELEPHONE, (audio, 1000)));
    telephone.event("CALL_INCOMING");
    telephone.command("accept", "");
    machines.up(call);
    machines.hears(call, 440.0);
    telephone.hears(1000);
    // Who is called next checks before answering: until then the client of before is talked with.
    machines.act(|proxy, now| proxy.transfer(now, call, 1, ""));
    let (next, ..) = machines.offered();
    let (early, audio) = (machines.audio(), machines.audio());
    machines.act(|proxy, now| proxy.send_early(now, next, early, 523));
    nominated(&machines, next);
    machines.hears(call, 440.0);
    machines.act(|proxy, now| proxy.answer(now, next, audio, 330));
    machines.up(next);
    machines.act(|proxy, now| proxy.hang_up(now, call));
    machines.over(call);
    telephone.hears(330);
    machines.hears(next, 440.0);
    let audio = machines.audio();
    let last = machines.act(|proxy, now| proxy.take_over(now, next, (UDO, "Udo"), (audio, 700), false));
    let last = last.unwrap();
    machines.up(last);
    machines.over(next);
    telephone.hears(700);
    machines.hears(last, 440.0);
    telephone.command("hangup", "");
    machines.over(last);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn whoever_speaks_no_ice_is_heard_too_and_teams_says_where_it_is_missing() {
    let (_authority, machines, program, mut telephone) = paired("ice: true\n");
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    let (call, ..) = machines.offered();
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, call, audio, 1000));
    machines.up(call);
    machines.hears(call, 440.0);
    telephone.hears(1000);
    machines.nothing_broken();
    program.stop();
    drop(machines);

    let (_authority, machines, program, mut telephone) = paired("");
    machines.act(|proxy, _| proxy.set_bypass(true));
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    let answers = program.wait_for("/trunks/teams/status", |t| {
        let all = t["answers"].as_array()?;
        (!all.is_empty()).then(|| all.clone())
    });
    assert_eq!(
        (&answers[0]["code"], &answers[0]["sub_code"]),
        (&488.into(), &531_027.into()),
        "{answers:#?}"
    );
    program.stop();
}
