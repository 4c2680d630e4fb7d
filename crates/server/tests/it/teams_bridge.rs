//! The profile `bridge`: a contact centre on a SIP trunk and Microsoft Teams, joined, and nothing of it kept anywhere.

use crate::baresip::Baresip;
use crate::program::{Program, free_port};
use crate::secure_sip::Authority;
use crate::teams_machines::Machines;
use std::net::SocketAddr;
use std::path::Path;

const FQDN: &str = "sbc1.example.com";
/// A Teams user, and a telephone of the contact centre.
const TOM: &str = "+4942155512";
const DESK: &str = "+49307654321";

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

#[test]
fn two_trunks_are_joined_and_nothing_of_it_can_be_found_afterwards() {
    let authority = Authority::new();
    authority.sign_for("serverAuth,clientAuth", "ours", &format!("DNS:{FQDN}"), 30);
    let port = free_port();
    let machines =
        Machines::start(&authority, &[("example.com", &[TOM])], SocketAddr::from(([127, 0, 0, 1], port)));
    let mut desk = Baresip::start(DESK, 440.0);
    let files = example(&machines, desk.sip);
    let program = Program::start_secure(&[("tenant.yaml", &files)], &[], &authority.lines(port, "ours"));
    std::fs::remove_dir_all(program.dir.path().join("tenant")).unwrap();
    machines.ready();

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
    let mut places = Vec::new();
    everything(dir.path(), &mut places);
    let log = program.stop();
    everything(dir.path(), &mut places);
    places.push(("the log".into(), log.into_bytes()));
    places.push(("the metrics".into(), metrics.into_bytes()));
    for (place, bytes) in &places {
        for canary in [&TOM[1..], &DESK[1..], "canary", "Canary", "orgid"] {
            let found = bytes.windows(canary.len()).any(|w| w == canary.as_bytes());
            assert!(!found, "{canary} can be read in {place}");
        }
    }
    assert!(places.len() > 4, "database and keys were looked at");
}
