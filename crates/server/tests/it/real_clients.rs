//! Far ends that nobody here wrote: SIPp and baresip, judged by tones.

use crate::baresip::Baresip;
use crate::desk::{channels, has_tone};
use crate::program::{Program, free_port};
use crate::sipp::{Sipp, caller};

// `nat: true`: baresip names the address of the machine's first interface and sends from loopback, as a phone behind
// a router does.
fn tenant(agent: &str) -> String {
    format!(
        "kind: Tenant\nid: test\nprofile: contact-center\n---\n\
         kind: Trunk\nid: all\nnetworks: [127.0.0.0/8]\nnat: true\n---\n\
         kind: Number\nid: service\nnumber: \"100\"\nflow: service\n---\n\
         kind: Prompt\nid: greeting\ntone: {{hz: 523, length: 2s}}\n---\n\
         kind: Prompt\nid: music\ntone: {{hz: 700, length: 10s}}\n---\n\
         kind: Flow\nid: service\nsteps:\n  - say: greeting\n  - record: true\n  - queue: service\n---\n\
         kind: Queue\nid: service\nring_time: 20s\nmusic: music\nagents: [agent1]\n---\n\
         kind: User\nid: agent1\nroles: [agent]\nphone: \"{agent}\"\nnat: true\nat_start: available\n"
    )
}

fn both_channels(program: &Program) {
    let call = program.ended_call();
    let id = call["recordings"][0].as_str().unwrap();
    let (left, right) = channels(&program.bytes(&format!("/recordings/{id}"), None).1);
    assert!(has_tone(&left, 440), "440 Hz from the caller is in the left channel");
    assert!(has_tone(&right, 1000), "1000 Hz from the agent is in the right channel");
}

#[test]
fn sipp_calls_a_queue_and_baresip_answers() {
    let mut agent = Baresip::start("agent1", 1000.0);
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&format!("sip:agent1@{}", agent.sip)))]);
    let sipp = Sipp::start(&caller(9_000), free_port(), Some(program.sip), "100", 1, 440.0, "u1");
    agent.event("CALL_INCOMING");
    agent.command("accept", "");
    agent.event("CALL_ESTABLISHED");
    agent.hears(440);
    sipp.went_well();
    agent.event("CALL_CLOSED");
    both_channels(&program);
    program.stop();
}

#[test]
fn baresip_calls_hears_greeting_and_music_reaches_an_agent_holds_and_hangs_up() {
    let mut agent = Baresip::start("agent1", 1000.0);
    let mut caller = Baresip::start("caller", 440.0);
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&format!("sip:agent1@{}", agent.sip)))]);
    caller.command("dial", &format!("sip:100@{}", program.sip));
    caller.event("CALL_ESTABLISHED");
    caller.hears(523);
    agent.event("CALL_INCOMING");
    caller.hears(700);
    agent.command("accept", "");
    agent.event("CALL_ESTABLISHED");
    caller.hears(1000);
    agent.hears(440);
    caller.command("hold", "");
    program.wait_for("/calls", |list| {
        let id = list["items"][0]["id"].as_str()?;
        let (_, call) = program.get(&format!("/calls/{id}"));
        call["timeline"].as_array()?.iter().find(|m| m["what"] == "held").map(|_| ())
    });
    caller.command("resume", "");
    program.wait_for("/calls", |list| {
        let id = list["items"][0]["id"].as_str()?;
        let (_, call) = program.get(&format!("/calls/{id}"));
        call["timeline"].as_array()?.iter().find(|m| m["what"] == "resumed").map(|_| ())
    });
    caller.command("hangup", "");
    agent.event("CALL_CLOSED");
    both_channels(&program);
    let call = program.ended_call();
    assert_eq!((call["ended_by"].as_str(), call["reason"].as_str()), (Some("caller"), Some("hung-up")));
    program.stop();
}

#[test]
fn fifty_calls_of_sipp_over_udp_and_tcp_all_go_well() {
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant("sip:agent1@127.0.0.1:9"))]);
    // The agent's phone is not there: all wait, hear music, and give up.
    for (transport, offered) in [("u1", 50), ("t1", 100)] {
        let sipp = Sipp::start(&caller(4_000), free_port(), Some(program.sip), "100", 50, 440.0, transport);
        sipp.went_well();
        program.wait_for("/reports/queues", |q| {
            (q[0]["waiting"] == 0 && q[0]["offered"] == offered).then_some(())
        });
    }
    program.stop();
}
