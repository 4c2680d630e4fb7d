//! The softphone's link for the tab where nobody is signed in: the tenant's rules about numbers hold, and nothing is kept.

use crate::commportal::found_in;
use crate::program::Program;
use serde_json::json;

#[test]
fn what_the_tenant_does_not_call_no_softphone_is_given() {
    let program = Program::start(&[(
        "tenant.yaml",
        "kind: Tenant\nid: test\nprofile: connector\ncountry: DE\ndial: {allow: [\"+49\"]}\n---\n\
         kind: Pbx\nid: desktop\naddress: {scheme: maxuccall}\n---\n\
         kind: Pbx\nid: office\nari: {url: \"https://pbx.example/ari\", user: u, password_file: p, context: c}\n",
    )]);
    let ask = |tenant: &str, to: &str, through: Option<&str>| {
        let body = json!({"to": to, "through": through});
        program.post_json(&format!("/connector/{tenant}/softphone-link"), &body)
    };
    let (status, said) = ask("test", "0421 / 555-99", Some("desktop"));
    assert_eq!(status, 200, "{said}");
    let open = said["open"].as_str().unwrap();
    assert!(open.ends_with("/call?tenant=test#scheme=maxuccall&number=%2B4942155599"), "{open}");
    for (to, part) in [
        ("0900 1234567", "is not called"),
        ("+1 201 555 0199", "is not called"),
        ("*21*0421555#", "no number"),
        ("Anna", "no number"),
        ("", "no number"),
    ] {
        let (status, said) = ask("test", to, Some("desktop"));
        let detail = said["detail"].as_str().unwrap();
        assert!(status == 422 && detail.contains(part), "{to}: {status} {detail}");
    }
    // Which rule forbids it is not for strangers.
    let [premium, abroad] = ["0900 1234567", "+1 201 555 0199"].map(|to| ask("test", to, Some("desktop")));
    assert_eq!(premium, abroad);
    // Emergency numbers always may.
    assert_eq!(ask("test", "112", Some("desktop")).0, 200);
    // Only softphones that the tenant has; the computer's own telephone app only where it has no way to call.
    for (tenant, through) in
        [("test", None), ("test", Some("office")), ("test", Some("nothing")), ("nobody", Some("desktop"))]
    {
        assert_eq!(ask(tenant, "042155599", through).0, 404, "{tenant} {through:?}");
    }
    let dir = program.dir.clone();
    let log = program.stop();
    for canary in ["42155599", "1234567", "2015550199"] {
        assert!(!log.contains(canary), "{canary} is in the log");
        assert_eq!(found_in(dir.path(), canary), Vec::<String>::new(), "{canary} is on the disk");
    }
}

#[test]
fn where_there_is_no_way_to_call_the_computers_own_telephone_app_is_given_the_number() {
    let program = Program::start(&[(
        "tenant.yaml",
        "kind: Tenant\nid: test\nprofile: connector\ncountry: DE\ndial: {allow: [\"+49\"]}\n",
    )]);
    let ask = |to: &str| program.post_json("/connector/test/softphone-link", &json!({"to": to}));
    let (status, said) = ask("042155599");
    assert!(
        status == 200 && said["open"].as_str().unwrap().ends_with("#scheme=tel&number=%2B4942155599"),
        "{said}"
    );
    assert_eq!(ask("09001234567").0, 422);
    program.stop();
}

#[test]
fn a_tenant_without_the_tab_gives_no_softphone_a_number() {
    for (features, status) in [("", 404), ("features: {tab: true}\n", 200)] {
        let tenant = format!(
            "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\ndial: {{allow: [\"+49\"]}}\n{features}---\n\
             kind: Pbx\nid: desktop\naddress: {{scheme: maxuccall}}\n"
        );
        let program = Program::start(&[("tenant.yaml", &tenant)]);
        let body = json!({"to": "042155599", "through": "desktop"});
        assert_eq!(program.post_json("/connector/test/softphone-link", &body).0, status, "{features}");
        program.stop();
    }
}

#[test]
fn from_one_address_only_so_many_are_asked_for_in_a_minute() {
    let program = Program::start(&[(
        "tenant.yaml",
        "kind: Tenant\nid: test\nprofile: connector\ncountry: DE\ndial: {allow: [\"+49\"]}\n",
    )]);
    let ask = |to: &str| program.post_json("/connector/test/softphone-link", &json!({"to": to}));
    // Whatever is asked counts, also what is refused.
    let numbers = ["042155599", "09001234567"].into_iter().cycle();
    let statuses: Vec<u16> = numbers.take(20).map(|to| ask(to).0).collect();
    assert_eq!(statuses, [200, 422].repeat(10));
    let (status, said) = ask("042155599");
    assert_eq!((status, &said["code"]), (429, &json!("slow-down")), "{said}");
    program.stop();
}
