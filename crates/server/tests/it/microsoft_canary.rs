//! People of a simulated Microsoft directory: none of them can be read on the disk, in the log or in metrics, and nobody is
//! talked to but whom the configuration declares.

use crate::browser_session::Browser;
use crate::directory::{self, DOMAIN};
use crate::directory_profile::{administrator, connect, example, microsoft, nowhere, server};
use crate::microsoft::signed_in;
use crate::microsoft_io::Running;
use crate::program::Program;
use serde_json::json;

const CANARIES: [&str; 5] = ["Canarywharf", "wanda.canary", "5550199", "Canary-Mobile", "1705550198"];

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
fn nobody_of_the_profile_directory_can_be_read() {
    let m = microsoft(30);
    wanda(&m);
    let program = server(&m, &example());
    let owner = Browser::signed_in(&program, "keeper");
    assert_eq!(connect(&program, &owner.cookie, &administrator(&m)), "/?microsoft=connected");
    is_sealed(program);
}
