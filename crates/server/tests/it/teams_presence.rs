//! A connected tenant whose agents are Teams users: presence says whether the queue rings them through Direct Routing.

use crate::baresip::Baresip;
use crate::directory::{self, DOMAIN};
use crate::presence::{is_at, shown};
use crate::program::free_port;
use crate::secure_sip::Authority;
use crate::teams_machines::Machines;
use crate::teams_trunk::{ANNA, BERTA, FQDN};
use std::net::SocketAddr;

#[test]
fn an_agent_in_teams_is_rung_only_when_presence_allows() {
    let m = directory::microsoft(30);
    let anna = directory::person(&m, "Anna", "Canarywharf", ANNA);
    let berta = directory::person(&m, "Berta", "Canarybay", BERTA);
    is_at(&m, &anna, "DoNotDisturb");
    is_at(&m, &berta, "InACall");
    let authority = Authority::new();
    authority.sign_for("serverAuth,clientAuth", "ours", &format!("DNS:{FQDN}"), 30);
    let port = free_port();
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let machines = Machines::start(&authority, &[("contoso.test", &[ANNA, BERTA])], at);
    let mut telephone = Baresip::start("+4930555", 440.0);
    let id = m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
    let files = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\nmicrosoft: {id}\n---\n\
         kind: Trunk\nid: teams\nteams:\n  fqdn: {FQDN}\n  hosts: [{hosts}]\nnetworks: [127.0.0.1/32]\ntls_names: [\"*.pstnhub.test\"]\n---\n\
         kind: Trunk\nid: carrier\nnetworks: [127.0.0.0/8]\nnat: true\n---\n\
         kind: Number\nid: service\nnumber: \"+49421555100\"\nflow: service\n---\n\
         kind: Prompt\nid: music\ntone: {{hz: 700, length: 10s}}\n---\n\
         kind: Flow\nid: service\nsteps:\n  - queue: service\n---\n\
         kind: Queue\nid: service\nmusic: music\nring_time: 60s\nagents: [anna, berta]\n---\n\
         kind: User\nid: anna\nroles: [agent]\nteams_number: \"{ANNA}\"\nat_start: available\nmicrosoft: {anna}\n---\n\
         kind: User\nid: berta\nroles: [agent]\nteams_number: \"{BERTA}\"\nat_start: available\nmicrosoft: {berta}\n",
        hosts = machines.hosts(),
    );
    let lines = authority.lines(port, "ours");
    let program = directory::server_on(&m, &files, &lines, |_| directory::OFTEN.into());
    shown(&program, "anna", "DoNotDisturb");
    shown(&program, "berta", "InACall");
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    telephone.hears(700);
    program.wait_for("/calls", |c| (c["items"][0]["state"] == "waiting").then_some(()));
    let rung = || machines.messages().iter().any(|m| m.starts_with("received INVITE"));
    assert!(!rung(), "nobody in Teams may be disturbed");

    // A change that still forbids it changes nothing; the end of her call does.
    is_at(&m, &anna, "Presenting");
    shown(&program, "anna", "Presenting");
    assert!(!rung(), "nobody in Teams may be disturbed");
    is_at(&m, &berta, "Available");
    let (call, _, number, from) = machines.offered();
    assert_eq!((number.as_str(), from.as_str()), (BERTA, "+4930555"));
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, call, audio, 1000));
    machines.up(call);
    telephone.hears(1000);
    machines.hears(call, 440.0);
    telephone.command("hangup", "");
    machines.over(call);
    let ended = program.ended_call();
    let (_, told) = program.get(&format!("/calls/{}/explanation", ended["id"].as_str().unwrap()));
    let story = told["story"].to_string();
    assert!(story.contains("in a Teams call"), "{told:#}");

    // Busy with a meeting in the calendar is no call: who is available here is rung.
    program.set_agent("berta", "offline");
    is_at(&m, &anna, "InAMeeting");
    shown(&program, "anna", "InAMeeting");
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    let (call, _, number, _) = machines.offered();
    assert_eq!(number, ANNA);
    machines.act(|proxy, now| proxy.refuse(now, call, 486, 10_003, ""));
    telephone.command("hangup", "");
    machines.nothing_broken();
    program.stop();
}
