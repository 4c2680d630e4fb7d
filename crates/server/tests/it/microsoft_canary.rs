//! People of a simulated Microsoft directory: none of them can be read on the disk, in the log or in metrics, and nobody is
//! talked to but whom the configuration declares.

use crate::browser_session::Browser;
use crate::desk::Desk;
use crate::directory::{self, DOMAIN};
use crate::directory_profile::{administrator, connect, example, microsoft, nowhere, server};
use crate::microsoft::signed_in;
use crate::microsoft_io::Running;
use crate::program::Program;
use serde_json::json;
use sim::microsoft::Holder;

const CANARIES: [&str; 7] =
    ["Canarywharf", "wanda.canary", "5550199", "Canary-Mobile", "1705550198", "5550177", "Canarycaller"];

fn wanda(m: &Running) -> String {
    let id = directory::person(m, "Wanda", "Canarywharf", "+49 30 5550199");
    directory::change(m, |m, now, tenant| {
        let fields = json!({"mail": format!("wanda.canary@{DOMAIN}"), "mobilePhone": "+49 170 5550198"});
        m.change_person(now, tenant, &id, fields.as_object().cloned().unwrap());
    });
    id
}

/// She can be found by those who may, and nowhere else; and the server talked to the simulated Microsoft alone.
fn is_sealed(program: Program) {
    program.wait_for("/directory/users?q=wanda", |l| (l[0]["mobile"] == "+491705550198").then_some(()));
    let (status, document) = program.post_json("/attestation", &json!({}));
    assert_eq!(status, 200, "{document}");
    let talked = document.to_string();
    assert!(talked.contains("127.0.0.1: declared"), "the simulated Microsoft was talked to: {talked}");
    assert!(!talked.contains("declared by nothing"), "{talked}");
    let mut metrics = program.admin("/metrics");
    metrics += &document.to_string();
    metrics += &program.get("/audit").1.to_string();
    let dir = program.dir.clone();
    nowhere(dir.path(), &CANARIES);
    let log = program.stop();
    nowhere(dir.path(), &CANARIES);
    for canary in CANARIES {
        assert!(!metrics.contains(canary), "{canary} stands in metrics, attestation or audit log");
        assert!(!log.contains(canary), "{canary} stands in the log");
    }
}

#[test]
fn nobody_of_a_contact_centers_directory_can_be_read() {
    let m = directory::microsoft(30);
    let program = directory::connected(&m, &wanda(&m));
    std::fs::remove_dir_all(program.dir.path().join("tenant")).unwrap();
    program.wait_for("/directory/status", |s| {
        (s["people"] == 31 && s["presence"]["at"].is_string()).then_some(())
    });
    let session = signed_in(program.http, &format!("wanda.canarywharf@{DOMAIN}"));
    assert!(!session.is_empty());
    is_sealed(program);
}

#[test]
fn nobody_can_be_read_where_directory_presence_and_calls_come_together() {
    let mut desk = Desk::new();
    let m = directory::microsoft(30);
    let id = wanda(&m);
    let tenant = m.with(|m, _| {
        let tenant = m.tenant(DOMAIN).unwrap().id().to_string();
        m.grant(&tenant, directory::APP, "Presence.ReadWrite.All", Holder::Application);
        assert!(m.settle_presence(DOMAIN, &id, Some("Available")));
        tenant
    });
    let text = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\nmicrosoft: {tenant}\nfeatures: {{presence-write: true}}\n---\n\
         kind: Trunk\nid: here\nnetworks: [127.0.0.0/8]\n---\n\
         kind: User\nid: w\nroles: [owner, agent]\nmicrosoft: {id}\nphone: \"sip:w@{}\"\nat_start: available\n---\n\
         kind: Queue\nid: sales\nagents: [w]\n---\n\
         kind: Flow\nid: main\nsteps: [{{record: true}}, {{queue: sales}}]\n---\n\
         kind: Number\nid: n100\nnumber: \"100\"\nflow: main\n",
        desk.addr
    );
    let program = directory::server(&m, &text);
    std::fs::remove_dir_all(program.dir.path().join("tenant")).unwrap();
    let shown = |activity: &str| {
        program.wait_for("/agents/w/state", |a| (a["presence"]["activity"] == activity).then_some(()));
    };
    shown("Available");
    let caller = desk.dial("+49305550177", "Carla Canarycaller", program.sip, "100", 440);
    let (phone, _) = desk.rings();
    desk.answer(phone, 1000);
    desk.hears(caller, 1000);
    // Teams shows her as in a call by our word, while the call lasts.
    program.wait_for("/agents/w/state", |a| (a["presence"]["activity"] == "InACall").then_some(()));
    desk.hang_up(caller);
    desk.ended(phone);
    let call = program.ended_call();
    assert_eq!(call["caller"], "+49305550177", "the call is kept, with who called: {call:#}");
    shown("Available");
    assert!(!signed_in(program.http, &format!("wanda.canarywharf@{DOMAIN}")).is_empty());
    is_sealed(program);
}

#[test]
fn nobody_of_the_profile_directory_can_be_read() {
    let m = microsoft(30);
    wanda(&m);
    let program = server(&m, &example());
    let owner = Browser::signed_in(&program, "keeper");
    assert_eq!(connect(&program, &owner.cookie, &administrator(&m)), "/?microsoft=connected");
    is_sealed(program);
}
