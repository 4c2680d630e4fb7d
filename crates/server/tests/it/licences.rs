//! Licences of a simulated directory: shown, assigned and taken away in an administrator's name, with a dry run first.

use crate::browser_session::{Browser, PASSWORD, USERS};
use crate::directory::{self, DOMAIN, OFTEN};
use crate::microsoft::{browse, header};
use serde_json::{Value, json};
use sim::microsoft::{Holder, Registration};

const PROVISIONING: &str = "5c0de000-0000-4000-8000-000000000003";
/// Nobody has it at the beginning, and five units are free.
const PHONE: &str = "440eaaa8-b3e0-484b-a8be-62870b9ba70a";

#[test]
fn an_administrator_assigns_licences_and_sees_before_what_stands_against_it() {
    let m = directory::microsoft(30);
    let anna = directory::person(&m, "Anna", "Canarywharf", "+49 30 5550100");
    let ben = directory::person(&m, "Ben", "Canarybay", "+49 30 5550101");
    let (tid, administrator) = m.with(|m, _| {
        let t = m.tenant(DOMAIN).unwrap();
        let (tid, administrator) = (t.id().to_string(), t.directory().id(0));
        m.register(Registration::new(PROVISIONING, "Switchroom provisioning", &tid).with_secret("s3cret"));
        let all = [
            "openid",
            "User.Read",
            "User.Read.All",
            "LicenseAssignment.Read.All",
            "LicenseAssignment.ReadWrite.All",
        ];
        for permission in all {
            m.grant(&tid, PROVISIONING, permission, Holder::Delegated);
        }
        (tid, administrator)
    });
    directory::change(&m, |m, now, tenant| {
        let fields = json!({"usageLocation": "DE"});
        m.change_person(now, tenant, &anna, fields.as_object().cloned().unwrap());
        let fields = json!({"usageLocation": null});
        m.change_person(now, tenant, &ben, fields.as_object().cloned().unwrap());
    });
    let tenant = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\nmicrosoft: {tid}\nfeatures: {{licences: true}}\n---\n{USERS}---\n\
         kind: User\nid: anna\nroles: [agent]\nmicrosoft: {anna}\n---\nkind: User\nid: ben\nroles: [agent]\nmicrosoft: {ben}\n"
    );
    let program = directory::server_with(&m, &tenant, |_| {
        format!("provisioning_app = \"{PROVISIONING}\"\nprovisioning_secret_file = \"SECRET\"\n{OFTEN}")
    });
    let redirect = format!("http://{}/api/v1/microsoft/licences/callback", program.http);
    m.with(|m, _| m.change_registration(PROVISIONING, |app| app.redirect_uris.push(redirect)));
    let owner = Browser::signed_in(&program, "olga");
    assert_eq!(owner.get("/microsoft/licences").1, json!({"signed_in": false, "licences": []}));
    let change = |dry_run: bool, add: &[&str], remove: &[&str]| {
        let body = json!({"users": ["anna", "ben"], "add": add, "remove": remove, "dry_run": dry_run});
        let answer = owner.ask("POST", "/microsoft/licences", &body);
        (answer.status, answer.body)
    };
    assert_eq!(change(true, &[PHONE], &[]).1["code"], "sign-in");

    let begun = browse(&format!("http://{}/api/v1/microsoft/licences/sign-in", program.http), &owner.cookie);
    let kept = header(&begun, "set-cookie").split(';').next().unwrap();
    let picked = browse(&format!("{}&sim_user={administrator}", header(&begun, "location")), "");
    // In another session it is worth nothing.
    let mut other = Browser::new(&program);
    assert_eq!(other.sign_in("olga", PASSWORD).status, 201);
    let stolen = browse(header(&picked, "location"), &format!("{}; {kept}", other.cookie));
    assert_eq!(header(&stolen, "location"), "/?licences=again");
    let begun = browse(&format!("http://{}/api/v1/microsoft/licences/sign-in", program.http), &owner.cookie);
    let kept = header(&begun, "set-cookie").split(';').next().unwrap();
    let picked = browse(&format!("{}&sim_user={administrator}", header(&begun, "location")), "");
    let ready = browse(header(&picked, "location"), &format!("{}; {kept}", owner.cookie));
    assert_eq!(header(&ready, "location"), "/?licences=ready", "{ready}");

    let left = || {
        let (_, list) = owner.get("/microsoft/licences");
        list["licences"].as_array().unwrap().iter().find(|l| l["sku"] == PHONE).unwrap()["left"].clone()
    };
    assert_eq!(left(), 5);
    assert_eq!(other.get("/microsoft/licences").1["signed_in"], false);
    // The dry run says what would be done, and does nothing.
    let (status, views) = change(true, &[PHONE], &[]);
    assert_eq!(status, 200, "{views:#}");
    assert_eq!(
        (&views[0]["add"], &views[0]["against"], &views[0]["done"]),
        (&json!([PHONE]), &json!([]), &json!(false))
    );
    assert!(views[1]["against"][0].as_str().unwrap().contains("usage location"), "{views:#}");
    assert_eq!(left(), 5);
    let (_, views) = change(false, &[PHONE], &[]);
    assert_eq!((&views[0]["done"], &views[1]["done"]), (&json!(true), &json!(false)), "{views:#}");
    assert_eq!(left(), 4);
    let (_, again) = change(false, &[PHONE], &[]);
    assert_eq!((&again[0]["add"], &again[0]["done"]), (&json!([]), &json!(false)), "it is so already");
    let (_, views) = change(false, &[], &[PHONE]);
    assert_eq!((&views[0]["remove"], &views[0]["done"]), (&json!([PHONE]), &json!(true)));
    assert_eq!(left(), 5);
    let (status, said) = change(true, &["x"], &[]);
    assert_eq!(status, 422, "{said:#}");
    let (_, audit) = program.get("/audit");
    let changed = |e: &&Value| e["action"] == "licence.change" && e["object"] == "User/anna";
    assert_eq!(audit["items"].as_array().unwrap().iter().filter(changed).count(), 2);
    program.stop();
}
