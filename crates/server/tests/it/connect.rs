//! Connecting a tenant to a Microsoft directory: consent, proof, what is forged, and closing the connection.

use crate::browser_session::{Browser, PASSWORD, USERS};
use crate::directory::{self, APP, DOMAIN, SIGN_IN};
use crate::microsoft::{browse, header};
use crate::microsoft_io::Running;
use crate::program::Program;
use serde_json::{Value, json};
use sim::microsoft::Holder;

const OTHER: &str = "11111111-1111-1111-1111-111111111111";

/// A server whose tenant knows no directory yet.
fn unconnected(m: &Running) -> Program {
    let tenant = format!("kind: Tenant\nid: test\nprofile: contact-center\n---\n{USERS}");
    let program = directory::server(m, &tenant);
    let redirect = format!("http://{}/api/v1/microsoft/connect/callback", program.http);
    m.with(|m, _| {
        m.change_registration(APP, |app| {
            app.redirect_uris.push(redirect);
            for permission in ["User.Read.All", "Presence.Read.All"] {
                app.requires.push((permission.into(), Holder::Application));
            }
        });
    });
    program
}

/// The administrator of the simulated tenant.
fn administrator(m: &Running) -> String {
    m.with(|m, _| m.tenant(DOMAIN).unwrap().directory().id(0))
}

fn kept(answer: &str) -> String {
    header(answer, "set-cookie").split(';').next().unwrap().to_string()
}

/// Consents as the administrator; gives where the browser is sent back to, and what it keeps meanwhile.
fn consent(m: &Running, program: &Program, session: &str) -> (String, String) {
    let begun = browse(&format!("http://{}/api/v1/microsoft/connect/background", program.http), session);
    let asked = header(&begun, "location");
    assert!(asked.starts_with(&m.base()) && asked.contains("adminconsent"), "{begun}");
    let back = browse(&format!("{asked}&sim_user={}&sim_consent=accept", administrator(m)), "");
    (header(&back, "location").to_string(), kept(&begun))
}

#[test]
fn an_owner_connects_a_directory_and_whoever_forges_it_does_not() {
    let m = directory::microsoft(30);
    let program = unconnected(&m);
    let owner = Browser::signed_in(&program, "olga");
    let (_, view) = owner.get("/microsoft/connect");
    assert!(view["directory"].is_null() && view["profile"] == "contact-center", "{view:#}");
    let background =
        view["registrations"].as_array().unwrap().iter().find(|r| r["name"] == "background").unwrap();
    assert_eq!((&background["app"], &background["missing"]), (&json!(APP), &Value::Null));
    let asked: Vec<&str> = background["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["permission"].as_str().unwrap())
        .collect();
    assert_eq!(asked, ["User.Read.All", "Presence.Read.All"], "and nothing of what is off");
    assert!(background["permissions"][0]["reason"].as_str().unwrap().contains("people"));

    // What comes back counts only in the browser that began, with the session that began, once begun, as it was sent.
    let (back, cookie) = consent(&m, &program, &owner.cookie);
    let both = format!("{}; {cookie}", owner.cookie);
    let page = |answer: &str| header(answer, "location").to_string();
    let other_state = back.replace("state=", "state=x");
    for (what, url, cookies) in [
        ("another state", other_state.as_str(), both.as_str()),
        ("without what the browser kept", &back, owner.cookie.as_str()),
        ("twice", &format!("{back}&tenant={OTHER}"), &both),
    ] {
        assert_eq!(page(&browse(url, cookies)), "/?microsoft=again", "{what}");
    }
    let mut second = Browser::new(&program);
    assert_eq!(second.sign_in("olga", PASSWORD).status, 201);
    let stolen = browse(&back, &format!("{}; {cookie}", second.cookie));
    assert_eq!(page(&stolen), "/?microsoft=again", "another session of hers");
    let agent = Browser::signed_in(&program, "boss");
    assert!(browse(&back, &format!("{}; {cookie}", agent.cookie)).starts_with("HTTP/1.1 403"), "no owner");
    assert!(browse(&back, &cookie).starts_with("HTTP/1.1 401"), "nobody is signed in");
    // Another directory in the callback: somebody of it would have to sign in, and nobody of this one can.
    let tid = m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
    let elsewhere = browse(&back.replace(&tid, OTHER), &both);
    assert!(page(&elsewhere).contains(OTHER), "{elsewhere}");
    assert!(owner.get("/microsoft/connect").1["directory"].is_null());

    // As it should be: consent, and then its administrator signs in.
    let proving = browse(&back, &both);
    let picked = browse(&format!("{}&sim_user={}", page(&proving), administrator(&m)), "");
    let (url, with) = (page(&picked), kept(&proving));
    // In another session the proof is worth nothing either.
    let stolen = browse(&url, &format!("{}; {with}", second.cookie));
    assert_eq!(page(&stolen), "/?microsoft=again");
    let proving = browse(&back, &both);
    let picked = browse(&format!("{}&sim_user={}", page(&proving), administrator(&m)), "");
    let connected = browse(&page(&picked), &format!("{}; {}", owner.cookie, kept(&proving)));
    assert_eq!(page(&connected), "/?microsoft=connected", "{connected}");
    assert_eq!(owner.get("/microsoft/connect").1["directory"], json!(tid));
    program.wait_for("/directory/status", |s| (s["people"] == 30).then_some(()));

    // Closed, nobody of it is kept when the answer comes.
    let closed = owner.ask("DELETE", "/microsoft/connect", &Value::Null);
    assert_eq!(closed.status, 204, "{}", closed.body);
    let (_, status) = program.get("/directory/status");
    assert_eq!((&status["kept"], &status["people"]), (&json!(false), &json!(0)));
    assert!(owner.get("/microsoft/connect").1["directory"].is_null());
    program.stop();
}

#[test]
fn an_ordinary_member_of_a_foreign_directory_does_not_bind_it() {
    let m = directory::microsoft(30);
    let program = unconnected(&m);
    // The app was allowed there long ago, for the connection of somebody else.
    let foreign = directory::second_tenant(&m, 12);
    m.with(|m, _| {
        m.change_registration(SIGN_IN, |app| app.multi_tenant = true);
        for permission in ["openid", "email", "User.Read"] {
            m.grant(&foreign, SIGN_IN, permission, Holder::Delegated);
        }
    });
    let owner = Browser::signed_in(&program, "olga");
    let own = m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
    // A true callback of consent, in which another directory is written, and then somebody of that one signs in.
    let bound_by = |directory: &str, who: &str| {
        let (back, cookie) = consent(&m, &program, &owner.cookie);
        let both = format!("{}; {cookie}", owner.cookie);
        let proving = browse(&back.replace(&own, directory), &both);
        let picked = browse(&format!("{}&sim_user={who}", header(&proving, "location")), "");
        let both = format!("{}; {}", owner.cookie, kept(&proving));
        header(&browse(header(&picked, "location"), &both), "location").to_string()
    };
    let member = m.with(|m, _| m.tenant(&foreign).unwrap().directory().id(5));
    assert_eq!(bound_by(&foreign, &member), "/?microsoft=no-proof");
    // Where tokens name no roles, nobody is believed, and what is to be done is said.
    m.with(|m, _| m.change_registration(SIGN_IN, |app| app.names_directory_roles = false));
    assert_eq!(bound_by(&foreign, &member), "/?microsoft=no-roles");
    assert_eq!(bound_by(&own, &administrator(&m)), "/?microsoft=no-roles");
    assert!(owner.get("/microsoft/connect").1["directory"].is_null());
    assert!(program.stop().contains("groupMembershipClaims"));
}

#[test]
fn where_tokens_name_directory_roles_only_an_administrator_proves_a_directory() {
    let m = directory::microsoft(30);
    let program = unconnected(&m);
    let owner = Browser::signed_in(&program, "olga");
    let proven_by = |who: &str| {
        let (back, cookie) = consent(&m, &program, &owner.cookie);
        let proving = browse(&back, &format!("{}; {cookie}", owner.cookie));
        let picked = browse(&format!("{}&sim_user={who}", header(&proving, "location")), "");
        let both = format!("{}; {}", owner.cookie, kept(&proving));
        header(&browse(header(&picked, "location"), &both), "location").to_string()
    };
    let somebody = m.with(|m, _| m.tenant(DOMAIN).unwrap().directory().id(5));
    assert_eq!(
        proven_by(&somebody),
        "/?microsoft=no-proof",
        "an administrator consented, and somebody else signed in"
    );
    directory::change(&m, |m, now, tenant| {
        m.change_person(now, tenant, &somebody, json!({"userType": "Guest"}).as_object().cloned().unwrap());
    });
    assert_eq!(proven_by(&somebody), "/?microsoft=no-proof", "a guest");
    assert!(owner.get("/microsoft/connect").1["directory"].is_null());
    assert_eq!(proven_by(&administrator(&m)), "/?microsoft=connected");
    program.stop();
}

#[test]
fn permissions_that_no_feature_needs_are_named_at_the_start_and_by_check() {
    let m = directory::microsoft(30);
    m.with(|m, _| {
        let id = m.tenant(DOMAIN).unwrap().id().to_string();
        m.grant(&id, APP, "Mail.Read", Holder::Application);
        m.revoke(&id, APP, "Presence.Read.All");
    });
    let wanda = directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let program = directory::connected(&m, &wanda);
    let background = program.wait_for("/microsoft/connect", |v| {
        let found = v["registrations"].as_array()?.iter().find(|r| r["name"] == "background")?;
        found["surplus"].is_array().then(|| found.clone())
    });
    assert_eq!(background["surplus"], json!(["Mail.Read"]), "{background:#}");
    assert_eq!(background["missing"], json!(["Presence.Read.All"]));
    let dir = program.dir.clone();
    let log = program.stop();
    assert!(log.contains("was granted Mail.Read, which no feature needs"), "{log}");
    let (config, files) = (dir.path().join("switchroom.toml"), dir.path().join("tenant"));
    let (code, _, said) = crate::program::run(&[
        "check",
        "--config",
        config.to_str().unwrap(),
        "--tenant-files",
        files.to_str().unwrap(),
    ]);
    assert_eq!(code, 1);
    assert!(said.contains("granted Mail.Read") && said.contains("lacks Presence.Read.All"), "{said}");
}

#[test]
fn another_directory_begins_anew_and_nobody_of_the_first_stays() {
    let m = directory::microsoft(30);
    let wanda = directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let program = directory::connected(&m, &wanda);
    program.wait_for("/directory/status", |s| (s["people"] == 31).then_some(()));
    let second = directory::second_tenant(&m, 12);
    let (_, mut all) = program.get("/configuration");
    for object in all.as_array_mut().unwrap().iter_mut().filter(|o| o["kind"] == "Tenant") {
        object["microsoft"] = second.clone().into();
    }
    assert_eq!(program.put("/configuration", &all).0, 200);
    assert!(program.get("/directory/users?q=wanda").1.as_array().unwrap().is_empty(), "at once");
    program.wait_for("/directory/status", |s| (s["people"] == 12 && s["at"].is_string()).then_some(()));
    let dir = program.dir.clone();
    program.stop();
    // Disconnected while no app is configured: erased all the same.
    let file = dir.path().join("switchroom.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let without: String =
        config.lines().filter(|l| !l.starts_with("background_")).map(|l| format!("{l}\n")).collect();
    std::fs::write(&file, without).unwrap();
    let program = directory::again(dir);
    let (_, mut all) = program.get("/configuration");
    for object in all.as_array_mut().unwrap() {
        object.as_object_mut().unwrap().remove("microsoft");
    }
    assert_eq!(program.put("/configuration", &all).0, 200);
    assert!(program.stop().contains("directory_erased"));
}
