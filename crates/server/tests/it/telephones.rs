//! Telephones that register here, and a carrier at which we register: baresip on both sides, Kamailio as the carrier.

use crate::bare_phone::BarePhone;
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
fn a_telephone_is_rung_after_a_restart_without_registering_anew() {
    let program = start("kind: Trunk\nid: all\nnetworks: [127.0.0.0/8]\nnat: true\n");
    let mut agent = agent_phone(&program);
    let before = program.get("/users/anna/telephones").1;
    assert_eq!(before.as_array().unwrap().len(), 1, "{before}");
    let (dir, token) = (program.dir.clone(), program.bearer());
    program.stop();
    let mut program = Program::start_again(dir.clone());
    program.set_token(token.trim_start_matches("Bearer ").into());
    // It is there at once; and what is left of its time is less than a new registration gives.
    let (_, telephones) = program.get("/users/anna/telephones");
    assert_eq!(telephones[0]["at"], before[0]["at"], "{telephones}");
    assert!(telephones[0]["expires_in"].as_u64().unwrap() <= before[0]["expires_in"].as_u64().unwrap());
    let mut caller = Baresip::start("caller", 440.0);
    caller.command("dial", &format!("sip:{OURS}@{}", program.sip));
    agent.event("CALL_INCOMING");
    agent.command("accept", "");
    caller.hears(1000);
    caller.command("hangup", "");
    agent.event("CALL_CLOSED");
    program.stop();
    // Where it is stands in no file that can be read.
    let at = before[0]["at"].as_str().unwrap();
    for entry in std::fs::read_dir(dir.path().join("data")).unwrap().flatten().filter(|e| e.path().is_file())
    {
        let bytes = std::fs::read(entry.path()).unwrap();
        let shown = bytes.windows(at.len()).any(|w| w == at.as_bytes());
        assert!(!shown, "{}", entry.path().display());
    }
}

#[test]
fn a_telephone_whose_connection_closes_is_gone() {
    let program = start("");
    let mut phone = BarePhone::over_tcp(program.sip, "anna", "a long one", DOMAIN);
    phone.registers();
    let telephones = program.get("/users/anna/telephones").1;
    assert_eq!(telephones[0]["transport"], "tcp", "{telephones}");
    assert!(program.log.lock().unwrap().contains("\"telephones\":1"));
    // It says nothing when it goes.
    drop(phone);
    program.wait_for("/users/anna/telephones", |list| list.as_array()?.is_empty().then_some(()));
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
    agent.event("CALL_CLOSED");
    outside.event("CALL_CLOSED");

    // From her telephone itself, dialled as at home.
    agent.command("dial", &format!("sip:030555@{DOMAIN}"));
    outside.event("CALL_INCOMING");
    outside.command("accept", "");
    agent.event("CALL_ESTABLISHED");
    outside.event("CALL_ESTABLISHED");
    outside.command("hangup", "");
    agent.event("CALL_CLOSED");

    // A number that nobody has, and one that may not be called.
    agent.command("dial", &format!("sip:030556@{DOMAIN}"));
    let closed = agent.event("CALL_CLOSED");
    assert!(closed["param"].as_str().unwrap().starts_with('4'), "{closed}");
    agent.command("dial", &format!("sip:0900123456@{DOMAIN}"));
    let closed = agent.event("CALL_CLOSED");
    assert!(closed["param"].as_str().unwrap().starts_with("403"), "{closed}");
    program.stop();
}

#[test]
fn telephones_call_each_other_with_wide_audio_and_a_keyed_narrow_one_is_translated() {
    let program = Program::start_with_secrets(
        &[(
            "tenant.yaml",
            &format!(
                "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\nsip_domain: {DOMAIN}\n---\n\
                 kind: User\nid: anna\nroles: [agent]\nnumber: \"201\"\nnat: true\nregisters: {{user: anna, password_file: p}}\n---\n\
                 kind: User\nid: ben\nroles: [agent]\nnumber: \"202\"\nnat: true\nregisters: {{user: ben, password_file: p}}\n---\n\
                 kind: User\nid: carl\nroles: [agent]\nnumber: \"203\"\nnat: true\nregisters: {{user: carl, password_file: p}}\n"
            ),
        )],
        &[("p", "the same for all")],
    );
    let phone = |user: &str, hz: f64, codecs: &str| {
        Baresip::registers(user, DOMAIN, "the same for all", program.sip, hz, codecs)
    };
    let mut anna = phone("anna", 440.0, "g722");
    let mut ben = phone("ben", 1000.0, "g722");
    let mut carl = phone("carl", 1000.0, "pcma");
    for (other, number) in [(&mut ben, "202"), (&mut carl, "203")] {
        anna.command("dial", &format!("sip:{number}@{DOMAIN}"));
        let rings = other.event("CALL_INCOMING");
        assert!(rings["peeruri"].as_str().unwrap().starts_with("sip:201@"), "{rings}");
        other.command("accept", "");
        anna.event("CALL_ESTABLISHED");
        other.event("CALL_ESTABLISHED");
        anna.hears(1000);
        other.hears(440);
        other.command("hangup", "");
        anna.event("CALL_CLOSED");
    }
    program.stop();
}

#[test]
fn a_telephone_passes_its_call_on_to_a_colleague() {
    let program = start(
        "kind: Trunk\nid: all\nnetworks: [127.0.0.0/8]\nnat: true\n---\n\
         kind: User\nid: ben\nroles: [agent]\nnumber: \"202\"\nnat: true\nregisters: {user: ben, password_file: anna}\nat_start: available\n",
    );
    let mut anna = agent_phone(&program);
    let mut ben = Baresip::registers("ben", DOMAIN, "a long one", program.sip, 523.0, "pcma,pcmu");
    let mut caller = Baresip::start("caller", 440.0);
    caller.command("dial", &format!("sip:{OURS}@{}", program.sip));
    anna.event("CALL_INCOMING");
    anna.command("accept", "");
    anna.event("CALL_ESTABLISHED");
    caller.hears(1000);
    anna.command("transfer", &format!("sip:202@{DOMAIN}"));
    ben.event("CALL_INCOMING");
    ben.command("accept", "");
    ben.event("CALL_ESTABLISHED");
    caller.hears(523);
    ben.hears(440);
    anna.event("CALL_CLOSED");
    caller.command("hangup", "");
    ben.event("CALL_CLOSED");
    program.stop();
}
