//! Telephones that register here, and a carrier at which we register: baresip on both sides, Kamailio as the carrier.

use crate::baresip::Baresip;
use crate::kamailio::{ACCOUNT, Kamailio, OURS};
use crate::program::Program;
use serde_json::json;

const DOMAIN: &str = "phones.test";

/// One agent with a telephone that registers, a queue, and the number that leads to it.
fn tenant(more: &str) -> String {
    format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\nsip_domain: {DOMAIN}\ndial: {{allow: [\"+49\"]}}\n---\n\
         kind: Number\nid: service\nnumber: \"{OURS}\"\nflow: service\n---\n\
         kind: Prompt\nid: music\ntone: {{hz: 700, length: 10s}}\n---\n\
         kind: Flow\nid: service\nsteps:\n  - queue: service\n---\n\
         kind: Queue\nid: service\nring_time: 20s\nmusic: music\nagents: [anna]\n---\n\
         kind: User\nid: anna\nroles: [agent]\nnumber: \"201\"\nregisters: {{user: anna, password_file: anna}}\nnat: true\nat_start: available\n---\n\
         {more}"
    )
}

fn start(more: &str) -> Program {
    Program::start_with_secrets(
        &[("tenant.yaml", &tenant(more))],
        &[("anna", "a long one"), ("carrier", ACCOUNT.1)],
    )
}

fn agent_phone(program: &Program) -> Baresip {
    Baresip::registers("anna", DOMAIN, "a long one", program.sip, 1000.0, "pcma,pcmu")
}

#[test]
fn a_telephone_registers_and_is_rung_and_a_wrong_password_is_not() {
    let program = start("kind: Trunk\nid: all\nnetworks: [127.0.0.0/8]\nnat: true\n");
    let wrong = Baresip::start_account(&format!(
        "<sip:anna@{DOMAIN}>;auth_user=anna;auth_pass=guess;outbound=\"sip:{}\";regint=60",
        program.sip
    ));
    wrong.says("401 Unauthorized");
    assert_eq!(program.get("/users/anna/telephones").1, json!([]));

    let mut agent = agent_phone(&program);
    let (_, telephones) = program.get("/users/anna/telephones");
    assert_eq!(telephones.as_array().unwrap().len(), 1, "{telephones}");
    assert!(telephones[0]["product"].as_str().unwrap().starts_with("baresip"), "{telephones}");
    let mut caller = Baresip::start("caller", 440.0);
    caller.command("dial", &format!("sip:{OURS}@{}", program.sip));
    agent.event("CALL_INCOMING");
    agent.command("accept", "");
    agent.event("CALL_ESTABLISHED");
    caller.hears(1000);
    agent.hears(440);
    caller.command("hangup", "");
    agent.event("CALL_CLOSED");
    program.stop();
}

#[test]
fn a_carrier_registers_us_asks_who_we_are_and_passes_calls_both_ways() {
    let carrier = Kamailio::start();
    let program = start(&format!(
        "kind: Trunk\nid: carrier\nproxies: [{{host: \"{at}\"}}]\noutbound: true\nnat: true\n\
         credentials: {{user: {user}, password_file: carrier}}\n\
         registration: {{registrar: \"{at}\", aor: \"sip:{user}@carrier.test\"}}\n",
        at = carrier.sip,
        user = ACCOUNT.0
    ));
    program.wait_for("/trunks/carrier/status", |t| (t["registered"] == true).then_some(()));
    let mut agent = agent_phone(&program);
    let mut outside = Baresip::registers("+4930555", "carrier.test", "none", carrier.sip, 440.0, "pcma,pcmu");

    // From the telephone network to the agent.
    outside.command("dial", &format!("sip:{OURS}@carrier.test"));
    agent.event("CALL_INCOMING");
    agent.command("accept", "");
    agent.event("CALL_ESTABLISHED");
    outside.hears(1000);
    agent.hears(440);
    outside.command("hangup", "");
    agent.event("CALL_CLOSED");
    assert_eq!(program.ended_call()["caller"], "+4930555");

    // From the agent to the telephone network: her own telephone rings first.
    let mut agent = {
        drop(agent);
        agent_phone(&program)
    };
    let mut outside = {
        drop(outside);
        Baresip::registers("+4930555", "carrier.test", "none", carrier.sip, 523.0, "pcma,pcmu")
    };
    program.set_agent("anna", "break");
    let (status, said) =
        program.post_json("/dial", &json!({"agent": "anna", "to": "+4930555", "number": "service"}));
    assert!(status < 300, "{said}");
    agent.event("CALL_INCOMING");
    agent.command("accept", "");
    outside.event("CALL_INCOMING");
    outside.command("accept", "");
    outside.event("CALL_ESTABLISHED");
    agent.hears(523);
    outside.hears(1000);
    carrier.says(&format!("customer calls +4930555 from {OURS}"));
    agent.command("hangup", "");
    outside.event("CALL_CLOSED");
    program.stop();
}
