//! Whose telephone rings at a telephone system when nothing of anybody is stored: a line pass, a claim of the person's own
//! token, or the line that a password proves; and that nobody has another's rung.

use crate::bot::Teams;
use crate::bot_ports::{tab, until};
use crate::commportal::{Portal, found_in};
use crate::own_pbx::{Asterisk, asterisk};
use crate::program::{Program, run};
use crate::tab::TAB;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::path::Path;
use std::sync::{Arc, Mutex};

const TO: &str = "+12015550199";

/// A connector's tenant without a single user, and an owner's token for it.
pub fn company(pbx: &str, port: &str, lines: &str) -> (Teams, String) {
    let owner = RefCell::new(String::new());
    let prepare = |dir: &Path| {
        std::fs::create_dir_all(dir.join("secrets")).unwrap();
        std::fs::write(dir.join("secrets/pbx-password"), "s3cret-canary\n").unwrap();
        *owner.borrow_mut() = Program::token(dir, "test", "owner");
    };
    let tenant = |directory: &str, _: &str| {
        format!(
            "kind: Tenant\nid: test\nprofile: connector\nlanguages: [en]\nmicrosoft: {directory}\ncountry: US\n\
             dial: {{allow: [\"+1\"]}}\nfeatures: {{{port}: true}}\n{lines}---\nkind: Pbx\nid: office\nname: Office\n{pbx}\n"
        )
    };
    let teams = Teams::start_with(20, tenant, &prepare, &format!("tab_app = \"{TAB}\"\n"));
    (teams, owner.into_inner())
}

/// One that calls through an Asterisk.
fn with_asterisk() -> (Teams, String, Arc<Mutex<Asterisk>>) {
    let (addr, asterisk) = asterisk();
    let pbx = format!(
        "ari: {{url: \"http://{addr}/ari\", user: switchroom, password_file: pbx-password, context: from-internal, allow_private: true}}\n\
         line_claim: extn.line"
    );
    let (teams, owner) = company(&pbx, "dial-ari", "");
    (teams, owner, asterisk)
}

/// What an owner asks for.
fn owner(teams: &Teams, token: &str, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("http://{}/api/v1{path}", teams.program.http);
    let request = teams.program.agent().post(&url).header("Authorization", &format!("Bearer {token}"));
    let mut answer = request.content_type("application/json").send(body.to_string().as_str()).unwrap();
    let said = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), serde_json::from_str(&said).unwrap_or_default())
}

/// Somebody clicks, with this beside the number.
pub fn click(teams: &Teams, place: u32, name: &str, claims: &Value, more: &Value) -> (u16, Value) {
    let mut body = json!({"to": TO, "through": "office", "correlation": name});
    more.as_object().unwrap().iter().for_each(|(key, value)| body[key] = value.clone());
    tab(teams, &teams.person(place), claims, "/dial", Some(&body))
}

/// How often the Asterisk was asked to ring somebody.
fn rung(asterisk: &Mutex<Asterisk>) -> usize {
    asterisk.lock().unwrap().asked.iter().filter(|l| l.starts_with("POST")).count()
}

/// Whose telephone rings now; then that call is over.
fn rings(teams: &Teams, asterisk: &Mutex<Asterisk>, place: u32, name: &str) -> String {
    let body = until("an originate comes", teams, || {
        let a = asterisk.lock().unwrap();
        a.state.and_then(|_| serde_json::from_str::<Value>(&a.body).ok())
    });
    asterisk.lock().unwrap().state = None;
    until("the call is over", teams, || {
        let (_, said) = tab(teams, &teams.person(place), &json!({}), &format!("/dial/{name}"), None);
        (said["progress"] == "over").then_some(())
    });
    body["endpoint"].as_str().unwrap().to_string()
}

#[test]
fn a_line_pass_rings_the_telephone_of_its_own_person_and_nobody_elses() {
    let (teams, token, asterisk) = with_asterisk();
    let none = json!({});
    let (status, said) = click(&teams, 1, "click-0001", &none, &none);
    assert_eq!((status, &said["code"]), (422, &json!("line")), "{said}");
    let (status, said) = click(&teams, 1, "click-0002", &none, &json!({"line": "77441001"}));
    assert_eq!((status, &said["code"]), (403, &json!("line")), "nobody names a line: {said}");
    assert_eq!(rung(&asterisk), 0);

    let wanted = json!({"people": [{"person": teams.person(1), "line": "77441001"}]});
    let (status, made) = owner(&teams, &token, "/pbxs/office/line-passes", &wanted);
    assert_eq!(status, 200, "{made}");
    let pass = made[0]["pass"].as_str().unwrap();
    assert!(!pass.contains("77441001"));
    assert_eq!(click(&teams, 1, "click-0003", &none, &json!({"line_pass": pass})).0, 201);
    assert_eq!(rings(&teams, &asterisk, 1, "click-0003"), "PJSIP/77441001");

    // The same pass of somebody else, and a changed one, ring nobody.
    let (status, said) = click(&teams, 2, "click-0004", &none, &json!({"line_pass": pass}));
    assert_eq!((status, &said["code"]), (403, &json!("line")), "{said}");
    let sealed = pass.split('~').nth(1).unwrap();
    let other = if sealed.starts_with('A') { 'B' } else { 'A' };
    let changed = format!("office~{other}{}", &sealed[1..]);
    assert_eq!(click(&teams, 1, "click-0005", &none, &json!({"line_pass": changed})).0, 403);
    assert_eq!(rung(&asterisk), 1);

    // It outlasts a restart.
    let Teams { m, program, tenant } = teams;
    let dir = program.dir.clone();
    program.stop();
    let teams = Teams { m, program: Program::start_again(dir), tenant };
    assert_eq!(click(&teams, 1, "click-0007", &none, &json!({"line_pass": pass})).0, 201);
    assert_eq!(rings(&teams, &asterisk, 1, "click-0007"), "PJSIP/77441001");
    assert_eq!(rung(&asterisk), 2);

    // Passes from before a moment count no longer.
    let url = format!("http://{}/api/v1/pbxs/office", teams.program.http);
    let bearer = format!("Bearer {token}");
    let log = url.replace("/pbxs/office", "/audit");
    let mut answer = teams.program.agent().get(&log).header("Authorization", &bearer).call().unwrap();
    let entries = answer.body_mut().read_to_string().unwrap();
    assert!(entries.contains("pbx.line-passes") && !entries.contains("77441001"), "{entries}");
    let mut answer = teams.program.agent().get(&url).header("Authorization", &bearer).call().unwrap();
    let mut office: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    office["line_passes_since"] = json!("2100-01-01T00:00:00Z");
    let request = teams.program.agent().put(&url).header("Authorization", &bearer);
    let answer = request.content_type("application/json").send(office.to_string().as_str()).unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let (status, said) = click(&teams, 1, "click-0006", &none, &json!({"line_pass": pass}));
    assert_eq!((status, &said["code"]), (403, &json!("line")), "{said}");
    assert_eq!(rung(&asterisk), 2);

    // Nobody but an owner makes passes.
    let (status, _) = tab(&teams, &teams.person(1), &none, "/pbxs/office/line-passes", Some(&wanted));
    assert_eq!(status, 401);
    let people = vec![json!({"person": teams.person(1), "line": "1"}); 1_001];
    for bad in [
        json!({"people": []}),
        json!({"people": people}),
        json!({"people": [{"person": "anna", "line": "1"}]}),
        json!({"people": [{"person": teams.person(1), "line": "1/../2"}]}),
    ] {
        assert_eq!(owner(&teams, &token, "/pbxs/office/line-passes", &bad).0, 422);
    }
    // Nothing of it is written anywhere.
    let person = teams.person(1);
    let dir = teams.program.dir.clone();
    let log = teams.program.stop();
    for canary in ["77441001", person.as_str(), sealed] {
        assert!(!log.contains(canary), "{canary} is in the log");
        assert_eq!(found_in(dir.path(), canary), Vec::<String>::new(), "{canary} is on the disk");
    }
    // What somebody writes of a person into the configuration is stored, and whoever checks that is warned.
    let (config, files) = (dir.path().join("switchroom.toml"), dir.path().join("tenant"));
    let (config, folder) = (config.to_str().unwrap(), files.to_str().unwrap());
    let check = || run(&["check", "--config", config, "--tenant-files", folder]);
    let (code, out, errors) = check();
    assert!(code == 0 && !out.contains("warning"), "{out}{errors}");
    let user = "kind: User\nid: anna\nroles: [owner]\n";
    for (fields, warning) in [
        ("line: \"1003\"\n", "warning: User \"anna\" has line, which is stored"),
        (
            "name: Anna\nphone: \"sip:anna@192.0.2.7\"\n",
            "warning: User \"anna\" has name, phone, which is stored",
        ),
    ] {
        std::fs::write(files.join("user.yaml"), format!("{user}{fields}")).unwrap();
        let (code, out, errors) = check();
        assert!(code == 0 && out.contains(warning), "{out}{errors}");
    }
    std::fs::write(files.join("user.yaml"), user).unwrap();
    let (code, out, errors) = check();
    assert!(code == 0 && !out.contains("warning"), "somebody of whom nothing is said: {out}{errors}");
}

#[test]
fn a_claim_of_the_persons_own_token_says_whose_telephone_rings() {
    let (teams, _, asterisk) = with_asterisk();
    let none = json!({});
    let claims = json!({"extn.line": ["77441002"]});
    assert_eq!(click(&teams, 1, "click-0001", &claims, &none).0, 201);
    assert_eq!(rings(&teams, &asterisk, 1, "click-0001"), "PJSIP/77441002");
    for (claims, status) in [
        (json!({"extn.line": "77441002/../9"}), 422),
        (json!({"extn.line": ["1", "2"]}), 422),
        (json!({"extn.line": "77441002", "acct": 1}), 403),
        (json!({"extn.line": "77441002", "idp": "https://sts.windows.net/elsewhere/"}), 403),
    ] {
        let (got, said) = click(&teams, 1, "click-0002", &claims, &none);
        assert_eq!(got, status, "{claims}: {said}");
    }
    // Our own trunks ring telephones of users, and there are none.
    let own = json!({"to": TO, "correlation": "click-0003"});
    assert_eq!(tab(&teams, &teams.person(1), &none, "/dial", Some(&own)).0, 403);
    assert_eq!(rung(&asterisk), 1);
    teams.program.stop();
}

#[test]
fn where_a_password_proves_the_line_its_owner_names_it_and_nobody_locks_anothers_account() {
    const PASSWORD: &str = "canary-Pa55 word";
    let portal = Portal::start();
    let pbx = format!(
        "commportal:\n  url: \"http://{}/brand\"\n  version: \"9.5\"\n  sign_in: password\n  numbers: {{\"+1\": \"\"}}\n  allow_private: true",
        portal.addr
    );
    let (teams, _) = company(&pbx, "dial-commportal", "");
    let none = json!({});
    let own = json!({"line": "2015550123", "password": PASSWORD});
    assert_eq!(click(&teams, 1, "click-0001", &none, &own).0, 201);
    let made = until("a call is made", &teams, || portal.system().calls().first().cloned());
    assert_eq!((made.line.as_str(), made.to.as_str()), ("2015550123", "2015550199"));
    portal.system().happens(&made.id, "ConnectionClearedEvent");
    until("everybody is signed out", &teams, || (portal.system().sessions() == 0).then_some(()));
    let (status, said) = click(&teams, 1, "click-0002", &none, &json!({"password": PASSWORD}));
    assert_eq!((status, &said["code"]), (422, &json!("line")), "{said}");

    // Six guess at another line's password in one moment: each on a thread of its own, and still two tries in all.
    portal.system().add("2015550177", PASSWORD, true);
    let tried = |portal: &Portal| portal.system().asked.get("login").copied().unwrap_or_default();
    let before = tried(&portal);
    std::thread::scope(|s| {
        for place in 5_u32..11 {
            let (teams, none) = (&teams, &none);
            s.spawn(move || {
                let (name, line) =
                    (format!("race-{place:04}"), if place % 2 == 0 { "2015550177" } else { "201.555-0177" });
                let guess = json!({"line": line, "password": format!("{place}")});
                let (status, said) = click(teams, place, &name, none, &guess);
                assert!(matches!(status, 201 | 403), "{status} {said}");
                if status == 201 {
                    until("it is over", teams, || {
                        let (_, said) =
                            tab(teams, &teams.person(place), none, &format!("/dial/{name}"), None);
                        (said["progress"] == "over").then_some(())
                    });
                }
            });
        }
    });
    assert_eq!(tried(&portal), before + 2);
    assert!(!portal.system().is_locked("2015550177"));

    // Two others guess at the first line's password: two tries in all, and the account is not locked.
    let before = tried(&portal);
    for (n, place) in [2, 3, 2, 3, 4].into_iter().enumerate() {
        let (name, guess) =
            (format!("guess-{n:04}"), json!({"line": "2015550123", "password": format!("{n}")}));
        let (status, said) = click(&teams, place, &name, &none, &guess);
        if n < 2 {
            assert_eq!(status, 201, "{said}");
            until("it is over", &teams, || {
                let (_, said) = tab(&teams, &teams.person(place), &none, &format!("/dial/{name}"), None);
                (said["progress"] == "over").then_some(())
            });
        } else {
            assert_eq!((status, &said["code"]), (403, &json!("pbx-refused")), "{said}");
        }
    }
    assert_eq!(tried(&portal), before + 2);
    assert!(!portal.system().is_locked("2015550123"));
    let dir = teams.program.dir.clone();
    let log = teams.program.stop();
    for canary in ["2015550123", PASSWORD, "2015550199"] {
        assert!(!log.contains(canary), "{canary} is in the log");
        assert_eq!(found_in(dir.path(), canary), Vec::<String>::new(), "{canary} is on the disk");
    }
}
