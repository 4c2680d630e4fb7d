//! Those who are not wanted: scanners learn nothing and are banned, dear numbers are refused with a reason, and calls for
//! help pass every limit.

use crate::baresip::Baresip;
use crate::program::{Program, free_port};
use crate::sipp::{Sipp, caller};
use serde_json::json;
use std::process::Command;

/// Runs a program of sipvicious from an address of its own; what it said.
fn sipvicious(tool: &str, args: &[&str]) -> String {
    let out = Command::new(tool)
        .args(args)
        .args(["-b", "127.0.0.9", "-P", &free_port().to_string()])
        .output()
        .expect("sipvicious is installed: apt-get install sipvicious");
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

#[test]
fn sipvicious_finds_nothing_and_is_banned_while_the_trunk_beside_it_calls_on() {
    let mut agent = Baresip::start("anna", 1000.0);
    let program = Program::start_as_owner(&[(
        "tenant.yaml",
        &format!(
            "kind: Tenant\nid: test\nprofile: contact-center\nsip_domain: phones.test\n---\n\
             kind: Trunk\nid: neighbour\nnetworks: [127.0.0.1]\nnat: true\n---\n\
             kind: Number\nid: service\nnumber: \"100\"\nflow: service\n---\n\
             kind: Flow\nid: service\nsteps:\n  - queue: service\n---\n\
             kind: Queue\nid: service\nring_time: 20s\nagents: [anna]\n---\n\
             kind: User\nid: anna\nroles: [agent]\nphone: \"sip:anna@{}\"\nnat: true\nat_start: available\n---\n\
             kind: User\nid: ben\nroles: [agent]\nnumber: \"202\"\nregisters: {{user: ben, password_file: ben}}\n",
            agent.sip
        ),
    )]);
    let port = program.sip.port().to_string();
    let found = sipvicious("svmap", &["-p", &port, "127.0.0.1"]);
    assert!(found.contains("found nothing") && !found.contains("Switchroom"), "{found}");
    program.wait_for_metric("switchroom_security_bans_total 1");
    assert!(program.admin("/bans").starts_with("127.0.0.9 "), "{}", program.admin("/bans"));
    // Whoever is banned is not heard, whatever is tried next.
    let found = sipvicious("svwar", &["-p", &port, "-e", "100-110", "--force", "127.0.0.1"]);
    assert!(!found.contains("reqauth") && !found.contains("noauth"), "{found}");

    let sipp = Sipp::start(&caller(6_000), free_port(), Some(program.sip), "100", 1, 440.0, "u1");
    agent.event("CALL_INCOMING");
    agent.command("accept", "");
    agent.event("CALL_ESTABLISHED");
    agent.hears(440);
    sipp.went_well();
    let log = program.stop();
    let security =
        log.lines().find(|l| l.contains("\"event\":\"security\"")).expect("a line of the security log");
    assert!(security.contains("banned") && security.contains("127.0.0.9"), "{security}");
}

#[test]
fn a_premium_number_is_refused_with_a_reason_and_help_is_called_whatever_the_limits() {
    let mut agent = Baresip::start("anna", 1000.0);
    let mut help = Baresip::start("110", 523.0);
    let program = Program::start_as_owner(&[(
        "tenant.yaml",
        &format!(
            "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\n\
             toll: {{limits: {{tenant: {{concurrent: 0}}}}}}\n---\n\
             kind: Trunk\nid: all\nnetworks: [127.0.0.0/8]\nnat: true\naddress: \"sip:127.0.0.1:9\"\noutbound: true\n---\n\
             kind: Trunk\nid: help\nproxies: [{{host: \"{}\"}}]\nemergency: true\nnat: true\n---\n\
             kind: User\nid: anna\nroles: [agent]\nphone: \"sip:anna@{}\"\nnat: true\n",
            help.sip, agent.sip
        ),
    )]);
    let dial = |to: &str| program.post_json("/dial", &json!({"agent": "anna", "to": to}));

    let (status, said) = dial("+4990012345");
    assert_eq!(status, 422, "{said}");
    assert!(said["detail"].as_str().unwrap().contains("premium numbers are not called"), "{said}");
    let (status, said) = dial("+53712345");
    assert_eq!(status, 422, "{said}");
    assert!(said["detail"].as_str().unwrap().contains("CU"), "{said}");
    // No call to the outside is allowed at a time.
    let (status, said) = dial("+4930123456");
    assert_eq!(status, 403, "{said}");

    let (status, said) = dial("110");
    assert!(status < 300, "{said}");
    agent.event("CALL_INCOMING");
    agent.command("accept", "");
    help.event("CALL_INCOMING");
    help.command("accept", "");
    agent.hears(523);
    help.hears(1000);
    agent.command("hangup", "");
    help.event("CALL_CLOSED");
    let log = program.stop();
    assert!(log.lines().any(|l| l.contains("outside_refused") && l.contains("premium")), "the log says why");
    assert!(!log.contains("90012345"), "and not which number");
}
