//! SRTP on one side of a call and plain audio on the other, with a telephone that nobody here wrote, judged by tones.

use crate::baresip::Baresip;
use crate::desk::{channels, has_tone};
use crate::program::{Program, free_port};
use crate::sipp::{Sipp, caller};

/// What trunk and agent say about protection.
fn tenant(trunk: &str, agent: &str, phone: &str) -> String {
    format!(
        "kind: Tenant\nid: test\nprofile: contact-center\n---\n\
         kind: Trunk\nid: all\nnetworks: [127.0.0.0/8]\nnat: true\nsrtp: {trunk}\n---\n\
         kind: Number\nid: service\nnumber: \"100\"\nflow: service\n---\n\
         kind: Prompt\nid: music\ntone: {{hz: 700, length: 10s}}\n---\n\
         kind: Flow\nid: service\nsteps:\n  - record: true\n  - queue: service\n---\n\
         kind: Queue\nid: service\nring_time: 20s\nmusic: music\nagents: [agent1]\n---\n\
         kind: User\nid: agent1\nroles: [agent]\nphone: \"{phone}\"\nnat: true\nsrtp: {agent}\nat_start: available\n"
    )
}

fn start(trunk: &str, agent: &str, phone: &Baresip) -> Program {
    let phone = format!("sip:agent1@{}", phone.sip);
    Program::start_as_owner(&[("tenant.yaml", &tenant(trunk, agent, &phone))])
}

fn both_channels(program: &Program) {
    let call = program.ended_call();
    let id = call["recordings"][0].as_str().unwrap();
    let (left, right) = channels(&program.bytes(&format!("/recordings/{id}"), None).1);
    assert!(has_tone(&left, 440), "440 Hz from the caller is in the left channel");
    assert!(has_tone(&right, 1000), "1000 Hz from the agent is in the right channel");
}

#[test]
fn a_protected_caller_talks_with_a_plain_agent_holds_and_is_recorded() {
    for (policy, mediaenc) in [("required", "srtp-mand"), ("optional", "srtp")] {
        let mut agent = Baresip::start("agent1", 1000.0);
        let mut caller = Baresip::start_encrypted("caller", 440.0, mediaenc);
        let program = start(policy, "off", &agent);
        caller.command("dial", &format!("sip:100@{}", program.sip));
        caller.event("CALL_ESTABLISHED");
        caller.says("SRTP is Enabled");
        caller.hears(700);
        agent.event("CALL_INCOMING");
        agent.command("accept", "");
        agent.event("CALL_ESTABLISHED");
        caller.hears(1000);
        agent.hears(440);
        caller.command("hold", "");
        let seen = |what: &str| {
            program.wait_for("/calls", |list| {
                let id = list["items"][0]["id"].as_str()?;
                let (_, call) = program.get(&format!("/calls/{id}"));
                call["timeline"].as_array()?.iter().find(|m| m["what"] == what).map(|_| ())
            })
        };
        seen("held");
        caller.command("resume", "");
        seen("resumed");
        caller.command("hangup", "");
        agent.event("CALL_CLOSED");
        both_channels(&program);
        program.stop();
    }
}

#[test]
fn a_plain_caller_talks_with_a_protected_agent() {
    let mut agent = Baresip::start_encrypted("agent1", 1000.0, "srtp-mand");
    let program = start("off", "required", &agent);
    let sipp = Sipp::start(&caller(9_000), free_port(), Some(program.sip), "100", 1, 440.0, "u1");
    agent.event("CALL_INCOMING");
    agent.command("accept", "");
    agent.event("CALL_ESTABLISHED");
    agent.says("SRTP is Enabled");
    agent.hears(440);
    sipp.went_well();
    agent.event("CALL_CLOSED");
    both_channels(&program);
    program.stop();
}

/// baresip names the address of the machine's first interface and sends from loopback: nobody but its checks says where
/// its audio comes from and goes to.
#[test]
fn a_caller_is_heard_from_where_its_checks_came() {
    let mut agent = Baresip::start("agent1", 1000.0);
    let mut caller = Baresip::start_encrypted("caller", 440.0, "srtp-mand;medianat=ice");
    let phone = format!("sip:agent1@{}", agent.sip);
    let files = tenant("required", "off", &phone).replacen("nat: true\n", "ice: true\n", 1);
    let program = Program::start_as_owner(&[("tenant.yaml", &files)]);
    caller.command("dial", &format!("sip:100@{}", program.sip));
    caller.event("CALL_ESTABLISHED");
    caller.hears(700);
    agent.event("CALL_INCOMING");
    agent.command("accept", "");
    agent.event("CALL_ESTABLISHED");
    caller.hears(1000);
    agent.hears(440);
    caller.command("hangup", "");
    agent.event("CALL_CLOSED");
    both_channels(&program);
    program.stop();
}

#[test]
fn who_must_not_be_plain_and_who_must_be_is_refused() {
    let agent = Baresip::start("agent1", 1000.0);
    for (policy, mediaenc) in [("required", None), ("off", Some("srtp-mand"))] {
        let program = start(policy, "off", &agent);
        let mut caller = match mediaenc {
            Some(mediaenc) => Baresip::start_encrypted("caller", 440.0, mediaenc),
            None => Baresip::start("caller", 440.0),
        };
        caller.command("dial", &format!("sip:100@{}", program.sip));
        let closed = caller.event("CALL_CLOSED");
        assert!(closed["param"].as_str().is_some_and(|why| why.starts_with("488")), "{closed}");
        program.stop();
    }
}
