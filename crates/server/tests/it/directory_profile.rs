//! The profile `directory`: the example, connected to a simulated directory by its administrator, in whose name it is read.

use crate::browser_session::{Browser, PASSWORD};
use crate::directory::{self, DOMAIN, OFTEN};
use crate::microsoft::{browse, header};
use crate::microsoft_io::Running;
use crate::program::Program;
use crate::searched;
use serde_json::{Value, json};
use sim::microsoft::{Holder, Registration};
use std::path::Path;

pub const APP: &str = "5c0de000-0000-4000-8000-000000000004";

/// The permissions of the profile, and no others.
const PERMISSIONS: [&str; 3] = ["openid", "User.Read.All", "offline_access"];

/// The example's tenant, with far ends that are not there.
pub fn example() -> String {
    include_str!("../../../../examples/directory/tenant/tenant.yaml")
        .replace(
            "fqdn: sbc1.example.com",
            "fqdn: sbc1.example.com\n  hosts: [{name: sip.example.com, address: \"127.0.0.1:9\"}]",
        )
        .replace("192.0.2.20:5060", "127.0.0.1:9")
        .replace("id: directory\n", "id: test\n")
}

/// A simulated directory in which nobody has allowed anything yet.
pub fn microsoft(people: u32) -> Running {
    let m = directory::microsoft(people);
    m.with(|m, _| {
        let id = m.tenant(DOMAIN).unwrap().id().to_string();
        let app = Registration::new(APP, "Switchroom directory", &id).with_secret("s3cret");
        let app = PERMISSIONS.iter().fold(app, |app, p| app.with_permission(p, Holder::Delegated));
        m.register(Registration { names_directory_roles: true, ..app });
    });
    m
}

/// A server of this tenant that has only this app.
pub fn server(m: &Running, tenant: &str) -> Program {
    let program = directory::server_with(m, tenant, |_| {
        format!("directory_app = \"{APP}\"\ndirectory_secret_file = \"SECRET\"\n{OFTEN}")
    });
    let dir = program.dir.clone();
    program.stop();
    let file = dir.path().join("switchroom.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let others = ["background_", "sign_in_"];
    let kept = config.lines().filter(|l| others.iter().all(|o| !l.starts_with(o)));
    std::fs::write(&file, kept.map(|l| format!("{l}\n")).collect::<String>()).unwrap();
    let program = directory::again(dir);
    let redirect = format!("http://{}/api/v1/microsoft/directory/callback", program.http);
    m.with(|m, _| m.change_registration(APP, |app| app.redirect_uris.push(redirect)));
    program
}

pub fn administrator(m: &Running) -> String {
    m.with(|m, _| m.tenant(DOMAIN).unwrap().directory().id(0))
}

fn kept(answer: &str) -> &str {
    header(answer, "set-cookie").split(';').next().unwrap()
}

/// Somebody signs in at Microsoft in an owner's browser; gives where the browser is sent back to, and what it keeps
/// meanwhile.
fn at_microsoft(program: &Program, session: &str, who: &str) -> (String, String) {
    let begun = browse(&format!("http://{}/api/v1/microsoft/connect/directory", program.http), session);
    let asked = header(&begun, "location");
    // Whoever is to be asked again whether they allow it says yes.
    let answer = if who.contains('&') { "" } else { "&sim_consent=accept" };
    let back = browse(&format!("{asked}&sim_user={who}{answer}"), "");
    (header(&back, "location").to_string(), kept(&begun).to_string())
}

/// Connects; gives the page that the owner sees then.
pub fn connect(program: &Program, session: &str, who: &str) -> String {
    let (back, cookie) = at_microsoft(program, session, who);
    header(&browse(&back, &format!("{session}; {cookie}")), "location").to_string()
}

fn found(program: &Program, text: &str) -> Vec<Value> {
    program.get(&format!("/directory/users?q={text}")).1.as_array().unwrap().clone()
}

pub fn in_step(program: &Program, people: u64) {
    program.wait_for("/directory/status", |s| {
        (s["people"] == people && s["at"].is_string() && s["trouble"].is_null()).then_some(())
    });
}

#[track_caller]
pub fn nowhere(dir: &Path, texts: &[&str]) {
    searched::nowhere(dir, &[], texts);
}

#[test]
fn an_administrator_connects_the_example_and_closing_it_leaves_nothing() {
    let m = microsoft(30);
    directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let program = server(&m, &example());
    let owner = Browser::signed_in(&program, "keeper");
    let (_, view) = owner.get("/microsoft/connect");
    assert_eq!((&view["profile"], &view["directory"]), (&json!("directory"), &Value::Null), "{view:#}");
    let registrations = view["registrations"].as_array().unwrap();
    assert_eq!((registrations.len(), &registrations[0]["app"]), (1, &json!(APP)));
    let asked: Vec<&str> = registrations[0]["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["permission"].as_str().unwrap())
        .collect();
    assert_eq!(asked, PERMISSIONS);
    program.wait_for("/directory/status", |s| (s["kept"] == false).then_some(()));

    // What is asked for at Microsoft is that, and somebody who may not consent does not connect anything.
    let begun = browse(&format!("http://{}/api/v1/microsoft/connect/directory", program.http), &owner.cookie);
    let asked = header(&begun, "location").replace("%3A", ":").replace("%2F", "/").replace('+', "%20");
    assert!(
        asked.contains(&format!("scope=openid%20{}/User.Read.All%20offline_access", m.base())),
        "{asked}"
    );
    let somebody = m.with(|m, _| m.tenant(DOMAIN).unwrap().directory().id(5));
    assert_eq!(connect(&program, &owner.cookie, &somebody), "/?microsoft=denied");
    // What comes back counts only in the session that began.
    let mut second = Browser::new(&program);
    assert_eq!(second.sign_in("keeper", PASSWORD).status, 201);
    let (back, cookie) = at_microsoft(&program, &owner.cookie, &administrator(&m));
    let stolen = browse(&back, &format!("{}; {cookie}", second.cookie));
    assert_eq!(header(&stolen, "location"), "/?microsoft=again");
    assert!(owner.get("/microsoft/connect").1["directory"].is_null());

    assert_eq!(connect(&program, &owner.cookie, &administrator(&m)), "/?microsoft=connected");
    in_step(&program, 31);
    let tid = m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
    let (_, view) = owner.get("/microsoft/connect");
    assert_eq!(view["directory"], json!(tid));
    assert_eq!(view["registrations"][0]["surplus"], json!([]), "{view:#}");
    assert_eq!(view["registrations"][0]["missing"], json!([]));
    assert_eq!(found(&program, "wanda+can")[0]["name"], "Wanda Canarywharf");
    assert!(!program.get("/directory/status").1["told"].as_bool().unwrap(), "nothing is subscribed to");

    // It goes on after a restart, twice: what the administrator left is replaced each time.
    let program = program.restarted().restarted();
    directory::person(&m, "Gustav", "Canarybay", "+49 30 5550101");
    in_step(&program, 32);

    // Closed: nothing can be found any more when the answer comes.
    let mut owner = Browser::new(&program);
    assert_eq!(owner.sign_in("keeper", PASSWORD).status, 201);
    assert_eq!(owner.ask("DELETE", "/microsoft/connect", &Value::Null).status, 204);
    let (_, status) = program.get("/directory/status");
    assert_eq!((&status["kept"], &status["people"]), (&json!(false), &json!(0)));
    assert!(found(&program, "wanda").is_empty());
    let dir = program.dir.clone();
    let log = program.stop();
    nowhere(&dir.path().join("data"), &["Canarywharf", "Canarybay", "5550100"]);
    assert!(!log.contains("Canary") && !log.contains("5550100"), "{log}");
    let url = |name: &str| format!("{}/data/{name}", dir.path().display());
    let store = store::Store::open(&store::StoreSettings {
        url: format!("sqlite:{}", url("switchroom.db")),
        full_sync: false,
        blobs: format!("file:{}", url("blobs")),
        keys: format!("file:{}", url("master.key")),
    })
    .unwrap();
    let (tenant, _) = store.tenants().unwrap().remove(0);
    assert!(!store.has_directory_token(tenant).unwrap() && store.directory_link(tenant).unwrap().is_none());
    assert!(store.directory(tenant, 0).unwrap().is_empty());
}

#[test]
fn a_sign_in_that_is_revoked_stops_the_reading_until_somebody_signs_in_again() {
    let m = microsoft(30);
    let program = server(&m, &example());
    let owner = Browser::signed_in(&program, "keeper");
    assert_eq!(connect(&program, &owner.cookie, &administrator(&m)), "/?microsoft=connected");
    in_step(&program, 30);
    directory::change(&m, |m, now, tenant| {
        let administrator = m.tenant(tenant).unwrap().directory().id(0);
        m.sign_out(now, tenant, &administrator);
    });
    let is_over = |s: &Value| s["trouble"].as_str()?.contains("Sign in again").then_some(());
    program.wait_for("/directory/status", is_over);
    assert_eq!(program.get("/directory/status").1["people"], 30, "what was read stays");
    directory::person(&m, "Gustav", "Canarybay", "+49 30 5550101");
    let program = program.restarted();
    program.wait_for("/directory/status", is_over);
    assert!(found(&program, "gustav").is_empty());

    let mut owner = Browser::new(&program);
    assert_eq!(owner.sign_in("keeper", PASSWORD).status, 201);
    assert_eq!(connect(&program, &owner.cookie, &administrator(&m)), "/?microsoft=connected");
    in_step(&program, 31);
    // Once an administrator consented for everybody, anybody may sign in; where the token says that somebody is no
    // administrator, they leave nothing.
    m.with(|m, _| {
        let id = m.tenant(DOMAIN).unwrap().id().to_string();
        PERMISSIONS.iter().for_each(|p| m.grant(&id, APP, p, Holder::Delegated));
    });
    let somebody = m.with(|m, _| m.tenant(DOMAIN).unwrap().directory().id(5));
    let unasked = format!("{somebody}&");
    assert_eq!(connect(&program, &owner.cookie, &unasked), "/?microsoft=no-proof");
    let connected = |e: &&Value| e["action"] == "directory.connect";
    let (_, audit) = program.get("/audit");
    assert_eq!(audit["items"].as_array().unwrap().iter().filter(connected).count(), 2);
    program.stop();
}

#[test]
fn the_administrator_signs_in_through_the_same_registration_and_leaves_nothing_by_it() {
    let m = microsoft(30);
    let (tid, who) = (m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string()), administrator(&m));
    let tenant = example()
        .replace("profile: directory\n", &format!("profile: directory\nmicrosoft: {tid}\n"))
        + &format!("microsoft: {who}\n");
    let program = server(&m, &tenant);
    let trouble = program.wait_for("/directory/status", |s| s["trouble"].as_str().map(String::from));
    assert!(trouble.contains("no administrator has connected"), "{trouble}");
    let begun = browse(&format!("http://{}/api/v1/session/microsoft", program.http), "");
    let asked = header(&begun, "location");
    assert!(asked.contains("scope=openid&") && !asked.contains("offline_access"), "{asked}");
    let picked = browse(&format!("{asked}&sim_user={who}&sim_consent=accept"), "");
    let answer = browse(header(&picked, "location"), kept(&begun));
    assert_eq!(header(&answer, "location"), "/", "{answer}");
    let session = kept(&answer);
    let (_, status) = program.get("/directory/status");
    assert_eq!(status["people"], 0, "{status:#}");
    assert_eq!(connect(&program, session, &who), "/?microsoft=connected");
    in_step(&program, 30);
    program.stop();
}
