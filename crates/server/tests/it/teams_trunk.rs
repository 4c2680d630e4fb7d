//! Direct Routing, end to end: Teams' SIP proxy as `sim` makes it up, on TLS sockets, and a telephone that nobody here wrote.

use crate::baresip::Baresip;
use crate::desk::{channels, has_tone};
use crate::program::{Program, run};
use crate::secure_sip::Authority;
use crate::teams_machines::Machines;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The name that Teams knows the program by.
pub const FQDN: &str = "sbc1.contoso.test";
/// A Teams user who is an agent, and one whom nobody here knows.
pub const ANNA: &str = "+4942155512";
pub const BERTA: &str = "+4942155513";
pub const UDO: &str = "+4942155599";

/// A tenant with a queue that is recorded, an agent in Teams, a carrier, and a trunk to these machines.
pub fn tenant(machines: &Machines, telephone: SocketAddr, more: &str, queue: &str) -> String {
    format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\ndial: {{allow: [\"+49\"]}}\n---\n\
         kind: Trunk\nid: teams\nteams:\n  fqdn: {FQDN}\n  hosts: [{hosts}]\nnetworks: [127.0.0.1/32]\ntls_names: [\"*.pstnhub.test\"]\n{more}---\n\
         kind: Trunk\nid: carrier\nnetworks: [127.0.0.0/8]\nnat: true\nproxies: [\"{telephone}\"]\noutbound: true\n---\n\
         kind: Number\nid: service\nnumber: \"+49421555100\"\nflow: service\n---\n\
         kind: Prompt\nid: music\ntone: {{hz: 700, length: 10s}}\n---\n\
         kind: Flow\nid: service\nsteps:\n  - record: true\n  - queue: service\n---\n\
         kind: Queue\nid: service\nmusic: music\nagents: [anna, berta]\n{queue}---\n\
         kind: User\nid: anna\nroles: [agent]\nteams_number: \"{ANNA}\"\nat_start: available\n---\n\
         kind: User\nid: berta\nroles: [agent]\nteams_number: \"{BERTA}\"\n",
        hosts = machines.hosts(),
    )
}

/// Machines, a program that is paired with them, and a telephone.
pub fn paired(more: &str) -> (Authority, Machines, Program, Baresip) {
    paired_with(more, "")
}

/// The same, with these lines more in the queue.
fn paired_with(more: &str, queue: &str) -> (Authority, Machines, Program, Baresip) {
    paired_as(more, queue, "")
}

/// The same, with these lines more in the trunk, and in the section `[sip]`.
pub fn paired_on(more: &str, sip: &str) -> (Authority, Machines, Program, Baresip) {
    paired_as(more, "", sip)
}

fn paired_as(more: &str, queue: &str, sip: &str) -> (Authority, Machines, Program, Baresip) {
    let users: [&str; 3] = [ANNA, BERTA, UDO];
    let (authority, machines) = Machines::beside(&format!("DNS:{FQDN}"), &[("contoso.test", &users)]);
    let telephone = Baresip::start("+4930555", 440.0);
    let queue = if queue.is_empty() { "ring_time: 20s\n" } else { queue };
    let files = tenant(&machines, telephone.sip, more, queue);
    let lines = authority.lines(machines.controller(), "ours") + sip;
    let program = Program::start_secure(&[("tenant.yaml", &files)], &[], &lines);
    machines.ready();
    (authority, machines, program, telephone)
}

pub fn both_channels(program: &Program, left_hz: u32, right_hz: u32) {
    one_after_the_other(program, left_hz, &[right_hz]);
}

/// The recordings of the call that is over have the caller in the left channel, and these one after the other in the right.
pub fn one_after_the_other(program: &Program, left_hz: u32, right_hz: &[u32]) {
    let call = program.ended_call();
    let ids = call["recordings"].as_array().unwrap();
    let mut rights = right_hz.iter().peekable();
    for id in ids.iter().filter_map(serde_json::Value::as_str) {
        let (left, mut right) = channels(&program.bytes(&format!("/recordings/{id}"), None).1);
        assert!(has_tone(&left, left_hz), "{left_hz} Hz from the caller is in the left channel");
        // What comes after one that was heard is looked at for the next.
        while let Some(at) = rights.peek().and_then(|hz| end_of_tone(&right, **hz)) {
            rights.next();
            right.drain(..at);
        }
    }
    assert_eq!(rights.next(), None, "Hz in the right channel, after what was before it: {call:#}");
}

/// Where the first second of a tone ends.
fn end_of_tone(heard: &[i16], hz: u32) -> Option<usize> {
    (8_000..=heard.len()).step_by(2_000).find(|end| has_tone(&heard[end - 8_000..*end], hz))
}

#[test]
fn a_telephone_reaches_an_agent_in_teams_through_a_queue() {
    let (_authority, machines, program, mut telephone) = paired("");
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    telephone.hears(700);
    let (call, host, number, _) = machines.offered();
    assert_eq!((host, number.as_str()), (0, ANNA));
    // Two clients ring, a media processor is heard early, and a third client answers.
    machines.act(|proxy, now| proxy.ring(now, call));
    machines.act(|proxy, now| proxy.ring(now, call));
    let (early, audio) = (machines.audio(), machines.audio());
    machines.act(|proxy, now| proxy.send_early(now, call, early, 523));
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
fn a_teams_user_reaches_a_queue_and_another_one_answers() {
    let (_authority, machines, program, _telephone) = paired("");
    let (theirs, ours) = (machines.audio(), machines.audio());
    let caller = machines
        .act(|proxy, now| proxy.call(now, (1, FQDN), (UDO, "Udo Example"), "+49421555100", (theirs, 440)));
    machines.up(caller);
    machines.hears(caller, 700.0);
    let (call, _, number, from) = machines.offered();
    assert_eq!((number.as_str(), from.as_str()), (ANNA, UDO), "the agent sees who calls");
    machines.act(|proxy, now| proxy.answer(now, call, ours, 1000));
    machines.up(call);
    machines.hears(caller, 1000.0);
    machines.hears(call, 440.0);
    // The connection on which the call came is of no use for our BYE, nor is it there any more.
    machines.hang_up_connections();
    machines.act(|proxy, now| proxy.hang_up(now, call));
    machines.over(call);
    machines.over(caller);
    both_channels(&program, 440, 1000);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn an_agent_in_teams_calls_a_telephone() {
    let (_authority, machines, program, mut telephone) = paired("");
    let audio = machines.audio();
    let caller = machines
        .act(|proxy, now| proxy.call(now, (2, FQDN), (ANNA, "Anna Example"), "+4930555", (audio, 1000)));
    let incoming = telephone.event("CALL_INCOMING");
    assert!(incoming["peeruri"].as_str().is_some_and(|from| from.contains(ANNA)), "{incoming}");
    telephone.command("accept", "");
    machines.up(caller);
    machines.hears(caller, 440.0);
    telephone.hears(1000);
    machines.act(|proxy, now| proxy.hang_up_from(now, caller, 0));
    machines.over(caller);
    telephone.event("CALL_CLOSED");
    machines.nothing_broken();
    program.stop();
}

#[test]
fn the_first_host_goes_silent_and_the_next_call_goes_through_the_second() {
    let (_authority, machines, program, mut telephone) = paired("failover_time: 2s\n");
    // A call that goes on over the first host is not lost.
    let talk = || {
        let audio = machines.audio();
        let caller =
            machines.act(|proxy, now| proxy.call(now, (0, FQDN), (UDO, "Udo"), "+49421555100", (audio, 440)));
        machines.up(caller);
        machines.hears(caller, 700.0);
        caller
    };
    let caller = talk();
    let (first, host, ..) = machines.offered();
    assert_eq!(host, 0);
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, first, audio, 1000));
    machines.up(first);
    machines.act(|proxy, _| proxy.set_silent(0, true));
    program.set_agent("berta", "available");
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    let began = Instant::now();
    let (second, host, number, _) = machines.offered();
    assert_eq!((host, number.as_str()), (1, BERTA));
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
    machines.hears(first, 440.0);
    machines.hears(caller, 1000.0);
    let status =
        program.wait_for("/trunks/teams/status", |t| (t["far_ends"][0]["up"] == false).then(|| t.clone()));
    assert_eq!((&status["far_ends"][0]["said"], &status["far_ends"][1]["up"]), (&408.into(), &true.into()));
    assert_eq!(status["far_ends"][0]["history"][0]["up"], false, "{status:#}");
    // The machines ask us too, and that they do is told beside what we hear of them.
    assert!(status["teams"] == true && status["asked_us_seconds_ago"].is_u64(), "{status:#}");
    assert!(status["answers"][0]["todo"].as_str().is_some_and(|what| what.contains("5061")), "{status:#}");
    // The same in a terminal.
    let (server, token) = (format!("http://{}", program.http), program.bearer().replace("Bearer ", ""));
    let (code, out, err) = run(&["trunks", "teams", "--server", &server, "--token", &token]);
    assert_eq!(code, 1, "{out}{err}");
    for said in [
        "teams: partly down",
        "Teams last asked us",
        "down for",
        "it does not answer (408)",
        "up for",
        "5061",
    ] {
        assert!(out.contains(said), "{said:?} is missing: {out}");
    }
    let (code, out, _) = run(&["trunks", "carrier", "--server", &server, "--token", &token]);
    assert!(code == 0 && out.contains("carrier: healthy"), "{out}");
    assert_eq!(run(&["trunks", "nobody", "--server", &server, "--token", &token]).0, 1);
    telephone.command("hangup", "");
    machines.over(second);
    machines.act(|proxy, _| proxy.set_silent(0, false));
    machines.act(|proxy, now| proxy.hang_up(now, caller));
    machines.over(caller);
    machines.over(first);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn a_busy_data_centre_is_left_for_the_next_and_what_a_person_says_is_the_last_word() {
    let (_authority, machines, program, mut telephone) = paired("");
    machines.act(|proxy, _| proxy.set_refusing(0, 503, "RETRY-AFTER: 1\r\n"));
    let mut dial = || {
        telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
        telephone.event("CALL_ESTABLISHED");
    };
    dial();
    let (call, host, ..) = machines.offered();
    assert_eq!(host, 1, "the first was busy");
    machines.act(|proxy, now| proxy.refuse(now, call, 603, 10_003, ""));
    // Nobody else is asked for the same offer: the queue offers anew, or goes on waiting.
    let status = program.wait_for("/trunks/teams/status", |t| {
        t["answers"].as_array()?.iter().any(|a| a["code"] == 603).then(|| t.clone())
    });
    let told = |code: u16| {
        let all = status["answers"].as_array().unwrap();
        all.iter().find(|a| a["code"] == code).unwrap_or_else(|| panic!("{status:#}")).clone()
    };
    assert_eq!((&told(503)["times"], &told(603)["sub_code"]), (&1.into(), &10_003.into()));
    assert!(told(603)["what"].as_str().unwrap().contains("declined"));
    let asked = machines.messages();
    assert!(
        !asked.iter().any(|m| m.contains("INVITE") && m.contains("@sip3.")),
        "the third host is never asked"
    );
    telephone.command("hangup", "");
    program.stop();
}

#[test]
fn an_agent_presses_1_to_take_a_call_and_a_voicemail_does_not() {
    let (_authority, machines, program, mut telephone) = paired_with("", "press_one: music\nring_time: 6s\n");
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    // Whoever answers and presses nothing is left after the ring time.
    let (voicemail, ..) = machines.offered();
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, voicemail, audio, 1000));
    machines.up(voicemail);
    machines.hears(voicemail, 700.0);
    machines.over(voicemail);
    program.set_agent("anna", "available");
    let (call, ..) = machines.offered();
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, call, audio, 1000));
    machines.up(call);
    machines.hears(call, 700.0);
    telephone.hears(700);
    assert!(machines.act(|proxy, now| proxy.press(now, call, '1')));
    machines.hears(call, 440.0);
    telephone.hears(1000);
    telephone.command("hangup", "");
    machines.over(call);
    machines.nothing_broken();
    program.stop();
}
