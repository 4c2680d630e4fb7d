//! linphone as an agent's telephone and as a caller: calls each way, a blind transfer, and an attended one, for which it joins
//! two of its calls (REFER with Replaces).

use crate::baresip::Baresip;
use crate::kamailio::{ACCOUNT, Kamailio, OURS};
use crate::linphone::Linphone;
use crate::program::Program;
use serde_json::Value;

const PASSWORD: &str = "the same for all";
const SERVICE: &str = "+4930901820";

/// Two agents with telephones that register, and a number that leads to the first.
fn start(more: &str) -> Program {
    Program::start_with_secrets(
        &[(
            "tenant.yaml",
            &format!(
                "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\ndial: {{allow: [\"+49\"]}}\n---\n\
                 kind: Number\nid: service\nnumber: \"{SERVICE}\"\nflow: service\n---\n\
                 kind: Flow\nid: service\nsteps:\n  - record: true\n  - queue: service\n---\n\
                 kind: Queue\nid: service\nring_time: 20s\nagents: [anna]\n---\n\
                 kind: User\nid: anna\nroles: [agent]\nnumber: \"201\"\nnat: true\nregisters: {{user: anna, password_file: p}}\nat_start: available\n---\n\
                 kind: User\nid: ben\nroles: [agent]\nnumber: \"202\"\nnat: true\nregisters: {{user: ben, password_file: p}}\n---\n\
                 {more}"
            ),
        )],
        &[("p", PASSWORD)],
    )
}

const TRUNK: &str = "kind: Trunk\nid: all\nnetworks: [127.0.0.0/8]\nnat: true\n";

fn ended(program: &Program, count: usize) -> Vec<Value> {
    program.wait_for("/calls", |list| {
        let items = list["items"].as_array()?;
        let ended: Vec<_> = items.iter().filter(|c| c["state"] == "ended").collect();
        (ended.len() == count && items.len() == count).then(|| {
            let one = |c: &&Value| program.get(&format!("/calls/{}", c["id"].as_str().unwrap())).1;
            ended.iter().map(one).collect()
        })
    })
}

fn moment<'a>(call: &'a Value, what: &str) -> &'a Value {
    let all = call["timeline"].as_array().unwrap();
    all.iter().find(|m| m["what"] == what).unwrap_or_else(|| panic!("no {what} in {all:#?}"))
}

#[test]
fn a_telephone_joins_the_caller_with_the_colleague_it_asked() {
    let program = start(TRUNK);
    let mut anna = Linphone::registers("anna", PASSWORD, program.sip, 1000.0, &["PCMA"]);
    let domain = program.sip.to_string();
    let mut ben = Baresip::registers("ben", &domain, PASSWORD, program.sip, 523.0, "pcma,pcmu");
    let mut caller = Baresip::start("caller", 440.0);
    caller.command("dial", &format!("sip:{SERVICE}@{}", program.sip));
    anna.says("Receiving new incoming call");
    anna.command("answer");
    anna.says("Media streams established");
    caller.hears(1000);
    anna.hears(440);
    anna.command("pause");
    anna.says("is now paused");
    anna.command(&format!("call sip:202@{domain}"));
    ben.event("CALL_INCOMING");
    ben.command("accept", "");
    ben.event("CALL_ESTABLISHED");
    ben.hears(1000);
    anna.command("transfer 1 --to-call 2");
    caller.hears(523);
    ben.hears(440);
    program.wait_for("/users", |_| {
        let (_, agents) = program.get("/agents");
        let state =
            |id: &str| agents.as_array()?.iter().find(|a| a["id"] == id)?["state"].as_str().map(String::from);
        (state("anna")? == "available" && state("ben")? == "talking").then_some(())
    });
    caller.command("hangup", "");
    ben.event("CALL_CLOSED");
    let calls = ended(&program, 2);
    let find =
        |reason: &str| calls.iter().find(|c| c["reason"] == reason).unwrap_or_else(|| panic!("{calls:#?}"));
    let (kept, gone) = (find("hung-up"), find("transferred"));
    assert_eq!(moment(kept, "took-in")["call"], gone["id"]);
    assert_eq!(moment(gone, "went-on-in")["call"], kept["id"]);
    assert_eq!((kept["agent"].as_str(), kept["legs"].as_array().unwrap().len()), (Some("ben"), 3));
    assert_eq!(kept["recordings"].as_array().unwrap().len(), 1);
    let id = kept["recordings"][0].as_str().unwrap();
    let (left, right) = crate::desk::channels(&program.bytes(&format!("/recordings/{id}"), None).1);
    assert!(crate::desk::has_tone(&left, 440), "the caller is on the left");
    for hz in [1000, 523] {
        assert!(crate::desk::has_tone(&right, hz), "whoever talked with the caller is on the right: {hz} Hz");
    }
    program.stop();
}

#[test]
fn linphone_calls_a_colleague_is_called_and_passes_a_call_on_blindly() {
    let program = start(TRUNK);
    let domain = program.sip.to_string();
    let mut anna = Linphone::registers("anna", PASSWORD, program.sip, 1000.0, &["PCMA"]);
    let mut ben = Baresip::registers("ben", &domain, PASSWORD, program.sip, 523.0, "pcma,pcmu");
    anna.command(&format!("call sip:202@{domain}"));
    let rings = ben.event("CALL_INCOMING");
    assert!(rings["peeruri"].as_str().unwrap().starts_with("sip:201@"), "{rings}");
    ben.command("accept", "");
    anna.says("Media streams established");
    anna.hears(523);
    ben.hears(1000);
    anna.command("terminate");
    ben.event("CALL_CLOSED");
    ben.command("dial", &format!("sip:201@{domain}"));
    anna.says("Receiving new incoming call");
    anna.command("answer");
    ben.event("CALL_ESTABLISHED");
    anna.says("Media streams established");
    anna.hears(523);
    ben.command("hangup", "");
    anna.says("ended");
    // A caller from outside, whom she passes on to ben.
    let mut caller = Baresip::start("caller", 440.0);
    caller.command("dial", &format!("sip:{SERVICE}@{}", program.sip));
    anna.says("Receiving new incoming call");
    anna.command("answer");
    anna.says("Media streams established");
    caller.hears(1000);
    program.set_agent("ben", "available");
    anna.command(&format!("transfer sip:202@{domain}"));
    ben.event("CALL_INCOMING");
    ben.command("accept", "");
    ben.event("CALL_ESTABLISHED");
    caller.hears(523);
    ben.hears(440);
    caller.command("hangup", "");
    ben.event("CALL_CLOSED");
    program.stop();
}

#[test]
fn phones_behind_a_carrier_with_wide_and_narrow_audio_call_in_and_out() {
    let carrier = Kamailio::start();
    let at = carrier.sip;
    let program = Program::start_with_secrets(
        &[(
            "tenant.yaml",
            &format!(
                "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\ndial: {{allow: [\"+49\"]}}\n---\n\
                 kind: Number\nid: service\nnumber: \"{OURS}\"\nflow: service\n---\n\
                 kind: Flow\nid: service\nsteps:\n  - queue: service\n---\n\
                 kind: Queue\nid: service\nring_time: 20s\nagents: [anna]\n---\n\
                 kind: User\nid: anna\nroles: [agent]\nnumber: \"201\"\nnat: true\nregisters: {{user: anna, password_file: p}}\nat_start: available\n---\n\
                 kind: Trunk\nid: carrier\nproxies: [{{host: \"{at}\"}}]\noutbound: true\nnat: true\n\
                 codecs: [pcma, pcmu]\ncredentials: {{user: {user}, password_file: carrier}}\n\
                 registration: {{registrar: \"{at}\", aor: \"sip:{user}@carrier.test\"}}\n",
                user = ACCOUNT.0
            ),
        )],
        &[("p", PASSWORD), ("carrier", ACCOUNT.1)],
    );
    program.wait_for("/trunks/carrier/status", |t| (t["registered"] == true).then_some(()));
    // linphone is a subscriber of the carrier and speaks narrow audio; the agent's baresip speaks wide audio only.
    let mut outside = Linphone::registers("+4930555", "none", at, 440.0, &["PCMA"]);
    let domain = program.sip.to_string();
    let mut anna = Baresip::registers("anna", &domain, PASSWORD, program.sip, 1000.0, "g722");
    outside.command(&format!("call sip:{OURS}@{at}"));
    anna.event("CALL_INCOMING");
    anna.command("accept", "");
    anna.event("CALL_ESTABLISHED");
    outside.says("Media streams established");
    outside.hears(1000);
    anna.hears(440);
    outside.command("terminate");
    anna.event("CALL_CLOSED");
    anna.command("dial", &format!("sip:030555@{domain}"));
    outside.says("Receiving new incoming call");
    outside.command("answer");
    anna.event("CALL_ESTABLISHED");
    outside.says("Media streams established");
    outside.hears(1000);
    outside.command("terminate");
    anna.event("CALL_CLOSED");
    program.stop();
}
