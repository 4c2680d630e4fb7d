//! The connector's tab as the server sees it: what it is told before somebody signs in, and whose tokens have calls made.

use crate::desk::Desk;
use crate::microsoft_io::{self, Running};
use crate::program::Program;
use serde_json::{Value, json};
use sim::microsoft::{Microsoft, TenantPlan};
use std::time::{SystemTime, UNIX_EPOCH};
use teams::bot::{Language, WhyNot};

/// The app registration of the tab.
pub const TAB: &str = "5c0de000-0000-4000-8000-000000000007";
const ANNA: &str = "5c0de000-0000-4000-8000-0000000000aa";
const DOMAIN: &str = "bikes.example";

/// A token as Entra ID signs it for somebody's tab, with some claims changed.
pub fn token(microsoft: &Running, directory: &str, object: &str, change: &Value) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut claims = json!({
        "aud": TAB, "iss": format!("{}/{directory}/v2.0", microsoft.base()), "tid": directory,
        "oid": object, "scp": "access_as_user", "azp": TAB, "azpacr": "0", "ver": "2.0",
        "iat": now - 60, "nbf": now - 60, "exp": now + 3_600,
    });
    change.as_object().into_iter().flatten().for_each(|(name, value)| claims[name] = value.clone());
    microsoft.with(|m, _| m.sign(&claims))
}

/// A server with a tab, and the simulated directory whose people sign in there.
pub struct Company {
    pub microsoft: Running,
    pub directory: String,
    pub program: Program,
}

impl Company {
    /// A tenant that is described once its directory is known.
    pub fn begin(describe: impl Fn(&str) -> String) -> Company {
        Company::begin_with(describe, "")
    }

    /// The same, with these lines more in the section `[microsoft]`.
    pub fn begin_with(describe: impl Fn(&str) -> String, lines: &str) -> Company {
        let make = |base: &str| {
            let mut m = Microsoft::new(base, 7);
            let plan = TenantPlan {
                name: "Harbour Bikes".into(),
                domain: DOMAIN.into(),
                country: "DE".into(),
                people: 1,
                named: Vec::new(),
            };
            m.add_tenant(&plan).unwrap();
            m
        };
        let microsoft = microsoft_io::start(([127, 0, 0, 1], 0).into(), None, make).unwrap();
        let directory = microsoft.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
        let first = Program::start(&[("tenant.yaml", &describe(&directory))]);
        let dir = first.dir.clone();
        first.stop();
        let file = dir.path().join("switchroom.toml");
        let mut config = std::fs::read_to_string(&file).unwrap();
        let base = microsoft.base();
        config +=
            &format!("[microsoft]\nlogin = \"{base}\"\ngraph = \"{base}\"\ntab_app = \"{TAB}\"\n{lines}");
        std::fs::write(&file, config).unwrap();
        Company { program: Program::start_again(dir), microsoft, directory }
    }

    /// A token of somebody's tab.
    pub fn token(&self, object: &str, change: &Value) -> String {
        token(&self.microsoft, &self.directory, object, change)
    }
}

struct Teams {
    company: Company,
    desk: Desk,
}

/// Under whose name people call.
const BRAND: &str = "teams_app:
  id: 5c0de000-0000-4000-8000-0000000000a1
  version: 1.0.0
  name: Harbour Calls
  company: Harbour Bikes
  website: https://harbour-bikes.example/calls
  privacy: https://harbour-bikes.example/privacy
  terms: https://harbour-bikes.example/terms
  accent: \"#0b5cad\"
  texts: {de: {name: Hafen-Telefon}}
";

impl Teams {
    fn begin() -> Teams {
        Teams::begin_as("features: {tab: true}\n")
    }

    /// With these lines more of the tenant.
    fn begin_as(lines: &str) -> Teams {
        Teams::begin_with(lines, "")
    }

    /// With these lines more of the tenant, and of Anna.
    fn begin_with(lines: &str, of_anna: &str) -> Teams {
        let desk = Desk::new();
        let at = desk.addr;
        let company = Company::begin(|directory| {
            format!(
                "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\nmicrosoft: {directory}\ndial: {{allow: [\"+49\"]}}\n{lines}{BRAND}---\n\
                 kind: Trunk\nid: carrier\nnetworks: [127.0.0.0/8]\naddress: \"sip:{at}\"\noutbound: true\n---\n\
                 kind: Pbx\nid: desktop\nname: Desktop app\naddress: {{scheme: maxuccall}}\n---\n\
                 kind: User\nid: anna\nroles: [agent]\nphone: \"sip:anna@{at}\"\nat_start: available\nmicrosoft: {ANNA}\n{of_anna}"
            )
        });
        Teams { company, desk }
    }

    /// A token of Anna's tab, with some claims changed.
    fn token(&self, change: &Value) -> String {
        self.company.token(ANNA, change)
    }

    fn ask(&mut self, token: String, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.company.program.set_token(token);
        match body {
            Some(body) => self.company.program.post_json(path, body),
            None => self.company.program.get(path),
        }
    }
}

#[test]
fn a_token_of_the_persons_own_client_has_the_persons_own_phone_rung() {
    let mut t = Teams::begin();
    let new = json!({"to": "+4942155599", "correlation": "click-0001"});
    let token = t.token(&json!({}));
    let (status, said) = t.ask(token.clone(), "/dial", Some(&new));
    assert_eq!(status, 201, "{said}");
    let (phone, who) = t.desk.rings();
    assert_eq!(who, "anna");
    t.desk.answer(phone, 440);
    let (other, who) = t.desk.rings();
    assert_eq!(who, "+4942155599");
    t.desk.answer(other, 1000);
    t.desk.hears(phone, 1000);
    t.desk.hears(other, 440);
    let (status, said) = t.ask(token.clone(), "/dial/click-0001", None);
    assert_eq!((status, &said["progress"]), (200, &json!("talking")), "{said}");
    // It serves for calls only.
    assert_eq!(t.ask(token, "/calls", None).0, 401);
    t.company.program.stop();
}

#[test]
fn tokens_that_are_not_for_this_nor_of_these_people_ring_nobody() {
    let mut t = Teams::begin();
    let new = json!({"to": "+4942155599", "correlation": "click-0001"});
    let base = t.company.microsoft.base();
    for (change, status) in [
        (json!({"aud": "5c0de000-0000-4000-8000-000000000001"}), 401),
        (json!({"scp": "User.Read"}), 401),
        (json!({"scp": "", "roles": ["owner"], "idtyp": "app"}), 401),
        (json!({"exp": 1_000}), 401),
        (json!({"tid": "5c0de000-0000-4000-8000-0000000000bb"}), 401),
        (
            json!({"iss": format!("{base}/5c0de000-0000-4000-8000-0000000000bb/v2.0"), "tid": "5c0de000-0000-4000-8000-0000000000bb"}),
            401,
        ),
        (json!({"oid": "5c0de000-0000-4000-8000-0000000000cc"}), 403),
    ] {
        let token = t.token(&change);
        let (said_status, said) = t.ask(token, "/dial", Some(&new));
        assert_eq!(said_status, status, "{change}: {said}");
    }
    for bad in ["a.b.c", "..", "eyJhbGciOiJub25lIn0.e30."] {
        assert_eq!(t.ask(bad.into(), "/dial", Some(&new)).0, 401, "{bad}");
    }
    assert!(t.desk.events.is_empty(), "nobody was rung");
    t.company.program.stop();
}

#[test]
fn the_tab_is_told_where_to_sign_in_and_nothing_of_anybody() {
    let mut t = Teams::begin();
    let (status, said) = t.ask(String::new(), "/connector/test", None);
    assert_eq!(status, 200, "{said}");
    assert_eq!((&said["app"], &said["directory"]), (&json!(TAB), &json!(t.company.directory)));
    let kinds: Vec<&str> =
        said["ways"].as_array().unwrap().iter().map(|w| w["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["address", "own"]);
    assert!(said["scope"].as_str().unwrap().ends_with(&format!("/{TAB}/access_as_user")), "{said}");
    let brand = &said["brand"];
    assert_eq!((&brand["name"], &brand["names"]), (&json!("Harbour Calls"), &json!({"de": "Hafen-Telefon"})));
    assert_eq!(brand["accent"], "#0b5cad");
    assert!(!said.to_string().contains("anna") && !said.to_string().contains(ANNA));
    assert_eq!(t.ask(String::new(), "/connector/nobody", None).0, 404);
    t.company.program.stop();
}

#[test]
fn a_tenant_without_the_tab_has_no_door_for_it() {
    for lines in ["", "features: {tab: false}\n"] {
        let mut t = Teams::begin_as(lines);
        assert_eq!(t.ask(String::new(), "/connector/test", None).0, 404, "{lines}");
        let number = json!({"to": "+4942155599", "through": "desktop"});
        assert_eq!(t.ask(String::new(), "/connector/test/softphone-link", Some(&number)).0, 404);
        // Whoever it is: somebody who is a user here, and somebody whom only the directory knows.
        for object in [ANNA, "5c0de000-0000-4000-8000-0000000000cc"] {
            let token = t.company.token(object, &json!({}));
            for through in [Value::Null, json!("desktop")] {
                let new = json!({"to": "+4942155599", "correlation": "click-0001", "through": through});
                let (status, said) = t.ask(token.clone(), "/dial", Some(&new));
                assert_eq!(status, 403, "{lines} {said}");
                assert!(said["detail"].as_str().unwrap().contains("features: {tab: true}"), "{said}");
                assert_eq!(said["code"], "tab-off");
            }
            assert_eq!(t.ask(token.clone(), "/dial/click-0001", None).0, 403);
            assert_eq!(t.ask(token, "/dial", None).0, 403);
        }
        assert!(t.desk.events.is_empty(), "nobody was rung");
        // The page that opens a softphone is in the same name all the same.
        let (status, brand) = t.ask(String::new(), "/brand/test", None);
        assert_eq!((status, &brand["name"]), (200, &json!("Harbour Calls")), "{brand}");
        assert_eq!(t.ask(String::new(), "/brand/nobody", None).0, 404);
        t.company.program.stop();
    }
}

#[test]
fn where_people_sign_in_a_softphone_is_given_numbers_for_those_only_who_may_call() {
    let mut t = Teams::begin_with("features: {tab: true}\n", "may_dial: false\n");
    let number = json!({"to": "+4942155599", "through": "desktop"});
    // Without a sign-in nobody is told whether a number is called, whichever it is.
    for to in ["+4942155599", "+49900123456", "Anna"] {
        let new = json!({"to": to, "through": "desktop"});
        let (status, said) = t.ask(String::new(), "/connector/test/softphone-link", Some(&new));
        assert_eq!((status, &said["code"]), (401, &json!("token")), "{to}: {said}");
    }
    // A token of the tab does not open that door: it has its own, behind which the person's rights count.
    let token = t.token(&json!({}));
    assert_eq!(t.ask(token.clone(), "/connector/test/softphone-link", Some(&number)).0, 401);
    let (status, said) = t.ask(token, "/dial", Some(&number));
    assert_eq!((status, &said["code"]), (403, &json!("no-right")), "{said}");
    t.company.program.stop();
}

#[test]
fn the_tab_says_of_every_refusal_what_the_bot_says() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/src/shared/i18n/catalogue/refusals.json");
    let catalogue: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    for why in WhyNot::ALL {
        for language in Language::ALL {
            let said = &catalogue[why.code()][language.tag()];
            assert_eq!(said, why.text(language), "{} in {language:?}", why.code());
        }
    }
    assert_eq!(catalogue.as_object().unwrap().len(), WhyNot::ALL.len(), "it says more than is ever refused");
}
