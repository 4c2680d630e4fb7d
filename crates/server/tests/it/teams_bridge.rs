//! The profile `bridge`: a contact centre on a SIP trunk and Microsoft Teams, joined, and nothing of it kept anywhere.

use crate::baresip::Baresip;
use crate::program::Program;
use crate::searched::nowhere;
use crate::secure_sip::Authority;
use crate::teams_machines::Machines;
use std::net::SocketAddr;
use std::path::Path;

pub const FQDN: &str = "sbc1.example.com";
/// Two Teams users, and a telephone of the contact centre.
pub const TOM: &str = "+4942155512";
pub const TIM: &str = "+4942155514";
pub const DESK: &str = "+49307654321";

/// The example, with the far ends of the test.
fn example(machines: &Machines, desk: SocketAddr) -> String {
    let teams = format!(
        "fqdn: {FQDN}\n  hosts: [{}]\nnetworks: [127.0.0.1/32]\ntls_names: [\"*.pstnhub.test\"]",
        machines.hosts()
    );
    include_str!("../../../../examples/bridge/tenant/tenant.yaml")
        .replace(&format!("fqdn: {FQDN}"), &teams)
        .replace("networks: [\"192.0.2.20\"]", "networks: [127.0.0.0/8]\nnat: true")
        .replace("192.0.2.20:5060", &desk.to_string())
        .replace("id: bridge\n", "id: test\n")
}

/// All files below a folder.
pub fn everything(dir: &Path, out: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => everything(&path, out),
            false => out.push((path.display().to_string(), std::fs::read(path).unwrap())),
        }
    }
}

/// Machines of Teams, a contact centre's telephone, and the program between them.
pub fn joined() -> (Authority, Machines, Program, Baresip) {
    let desk = Baresip::start(DESK, 440.0);
    let (authority, machines, program) = joined_to(desk.sip);
    (authority, machines, program, desk)
}

/// The same, with a contact centre at this address.
pub fn joined_to(desk: SocketAddr) -> (Authority, Machines, Program) {
    let (authority, machines) = Machines::beside(&format!("DNS:{FQDN}"), &[("example.com", &[TOM, TIM])]);
    let files = example(&machines, desk);
    let program = Program::start_secure(
        &[("tenant.yaml", &files)],
        &[],
        &authority.lines(machines.controller(), "ours"),
    );
    std::fs::remove_dir_all(program.dir.path().join("tenant")).unwrap();
    machines.ready();
    (authority, machines, program)
}

#[test]
fn two_trunks_are_joined_and_nothing_of_it_can_be_found_afterwards() {
    let (_authority, machines, program, mut desk) = joined();
    // From the contact centre to Teams.
    let references = ";x-m=8:orgid:canary-mri;x-t=canary-tenant";
    desk.command("dial", &format!("sip:{TOM}@{}{references}", program.sip));
    let (call, _, number, from) = machines.offered();
    assert_eq!((number.as_str(), from.as_str()), (TOM, DESK));
    let invite = machines.messages().into_iter().find(|m| m.starts_with("received INVITE")).unwrap();
    let first = invite.lines().next().unwrap().to_string();
    assert!(first.contains(references), "references that only the far ends understand go on: {first}");
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, call, audio, 1000));
    machines.up(call);
    desk.event("CALL_ESTABLISHED");
    desk.hears(1000);
    machines.hears(call, 440.0);
    let live = program.wait_for("/calls", |list| {
        let all = list["items"].as_array()?;
        (all.len() == 1).then(|| all[0].clone())
    });
    assert_eq!((&live["state"], &live["number"]), (&"talking".into(), &"through-teams".into()));
    let (_, shown) = program.get(&format!("/calls/{}", live["id"].as_str().unwrap()));
    assert_eq!(shown["caller"], DESK, "known while the call is there: {shown:#}");
    desk.command("hangup", "");
    machines.over(call);

    // From Teams to the contact centre.
    let audio = machines.audio();
    let caller =
        machines.act(|proxy, now| proxy.call(now, (1, FQDN), (TOM, "Tom Canary"), DESK, (audio, 1000)));
    desk.event("CALL_INCOMING");
    desk.command("accept", "");
    machines.up(caller);
    machines.hears(caller, 440.0);
    desk.hears(1000);
    machines.act(|proxy, now| proxy.hang_up(now, caller));
    machines.over(caller);
    desk.event("CALL_CLOSED");
    machines.nothing_broken();
    program.wait_for("/calls", |list| list["items"].as_array()?.is_empty().then_some(()));

    let metrics = program.admin("/metrics");
    let dir = program.dir.clone();
    let canaries = [&TOM[1..], &DESK[1..], "Canary", "orgid"];
    nowhere(dir.path(), &[("the metrics", metrics.as_bytes())], &canaries);
    let log = program.stop();
    nowhere(dir.path(), &[("the log", log.as_bytes())], &canaries);
}
