//! Each permission is taken away in turn at the simulated tenant while the server runs. What the server then says stopped is
//! what its table says; that has stopped, and everything else goes on. The refusals come from the simulated tenant's own
//! table.

use crate::browser_session::{Browser, PASSWORD, USERS};
use crate::desk::Desk;
use crate::directory::{self, APP, DOMAIN, OFTEN, SIGN_IN};
use crate::directory_profile;
use crate::microsoft::{browse, header};
use crate::microsoft_io::Running;
use crate::program::{Program, run};
use serde_json::{Value, json};
use sim::microsoft::{Holder, Registration};
use std::collections::BTreeSet;
use teams::permissions::{Feature, Features, Kind, Profile, Registration as Register};

const PROVISIONING: &str = "5c0de000-0000-4000-8000-000000000003";
const PHONE: &str = "440eaaa8-b3e0-484b-a8be-62870b9ba70a";

/// What is taken away and stops nothing: Microsoft's page of the operation names the wider permission too, and an address of
/// electronic mail is shown where it comes.
fn stops_nothing(features: &Features, register: Register, permission: &str) -> bool {
    match (register, permission) {
        (Register::Background, "Presence.Read.All") => features.has(Feature::PresenceWrite),
        (Register::SignIn, "email") => true,
        _ => false,
    }
}

/// The features that stop without a permission, as the product's table says.
fn expected(features: &Features, register: Register, permission: &str) -> BTreeSet<String> {
    if stops_nothing(features, register, permission) {
        return BTreeSet::new();
    }
    let rows = features.stopped_by(register, permission);
    assert!(!rows.is_empty(), "{permission} is in no line of {}", register.name());
    rows.iter().map(|r| r.feature.name().to_string()).collect()
}

/// The features that the server says have stopped, with the sentences.
fn said(list: &Value) -> Vec<(String, String)> {
    let rows = list.as_array().into_iter().flatten();
    rows.filter_map(|r| Some((r["feature"].as_str()?.into(), r["stopped"].as_str()?.into()))).collect()
}

/// Waits until the server says that these features have stopped and no others; gives the sentences.
fn reports(program: &Program, wanted: &BTreeSet<String>) -> Vec<String> {
    program.wait_for("/permissions", |list| {
        let said = said(list);
        let features: BTreeSet<String> = said.iter().map(|(feature, _)| feature.clone()).collect();
        (features == *wanted).then(|| said.into_iter().map(|(_, why)| why).collect())
    })
}

/// Follows a browser from where Microsoft is asked to where it is sent back to; whoever is asked for consent says no.
fn comes_back(begun: &str, who: &str) -> String {
    let asked = header(begun, "location");
    let answer = browse(&format!("{asked}&sim_user={who}"), "");
    let answer = match answer.starts_with("HTTP/1.1 200") {
        true => browse(&format!("{asked}&sim_user={who}&sim_consent=decline"), ""),
        false => answer,
    };
    header(&answer, "location").to_string()
}

fn kept(answer: &str) -> &str {
    header(answer, "set-cookie").split(';').next().unwrap()
}

/// Whether somebody can sign in with their work account.
fn signs_in(program: &Program, who: &str) -> bool {
    let begun = browse(&format!("http://{}/api/v1/session/microsoft", program.http), "");
    let answer = browse(&comes_back(&begun, who), kept(&begun));
    header(&answer, "location") == "/"
}

fn is_found(program: &Program, name: &str) -> bool {
    program.get(&format!("/directory/users?q={name}")).1[0]["name"].as_str().is_some()
}

fn comes(program: &Program, name: &str) {
    program.wait_for(&format!("/directory/users?q={name}"), |l| l[0]["name"].is_string().then_some(()));
}

/// A contact centre with all that its server does at Microsoft.
struct Center {
    m: Running,
    program: Program,
    desk: Desk,
    tenant: String,
    administrator: String,
    wanda: String,
    anna: String,
    ben: String,
    tried: usize,
    /// Tokens of the app count from this moment on, in milliseconds since 1970.
    tokens_from: u64,
}

impl Center {
    fn start(features: &Features) -> Center {
        let desk = Desk::new();
        let m = directory::microsoft(30);
        let [wanda, anna, ben] =
            ["Wanda", "Anna", "Ben"].map(|name| directory::person(&m, name, "Canarywharf", "+49 30 5550100"));
        let (tenant, administrator) = m.with(|m, _| {
            let t = m.tenant(DOMAIN).unwrap();
            let (tenant, administrator) = (t.id().to_string(), t.directory().id(0));
            let app =
                Registration::new(PROVISIONING, "Switchroom provisioning", &tenant).with_secret("s3cret");
            m.register(app);
            m.forbid_own_consent(&tenant);
            for register in features.registrations() {
                for (permission, kind) in features.permissions(register) {
                    m.grant(&tenant, app_of(register), permission, holder(kind));
                }
            }
            let fields = json!({"usageLocation": "DE"});
            m.change_person(0, &tenant, &anna, fields.as_object().cloned().unwrap());
            (tenant, administrator)
        });
        let phones = desk.addr;
        let configuration = format!(
            r#"{{kind: Tenant, id: test, profile: contact-center, microsoft: {tenant}, features: {{licences: true, presence-write: true}}}}
---
{USERS}---
{{kind: Trunk, id: here, networks: ["127.0.0.0/8"]}}
---
{{kind: User, id: wanda, roles: [agent], microsoft: {wanda}}}
---
{{kind: User, id: anna, roles: [agent], phone: "sip:anna@{phones}", at_start: available, microsoft: {anna}}}
---
{{kind: User, id: ben, roles: [agent], phone: "sip:ben@{phones}", at_start: offline, microsoft: {ben}}}
---
{{kind: Queue, id: sales, agents: [anna, ben]}}
---
{{kind: Flow, id: main, steps: [{{queue: sales}}]}}
---
{{kind: Number, id: n100, number: "100", flow: main}}
"#
        );
        let program = directory::server_with(&m, &configuration, |_| {
            format!("provisioning_app = \"{PROVISIONING}\"\nprovisioning_secret_file = \"SECRET\"\n{OFTEN}")
        });
        let redirect = format!("http://{}/api/v1/microsoft/licences/callback", program.http);
        m.with(|m, _| m.change_registration(PROVISIONING, |app| app.redirect_uris.push(redirect)));
        Center { m, program, desk, tenant, administrator, wanda, anna, ben, tried: 0, tokens_from: 0 }
    }

    /// Entra ID gives the app that works without a person new tokens from now on.
    fn new_tokens(&mut self) {
        self.m.with(|m, now| {
            // Of one second each: those of the second before count no more, however soon it comes to this again.
            self.tokens_from = (self.tokens_from + 1_000).max(now + 1_000);
            m.challenge_app(self.tokens_from, &self.tenant, APP);
        });
    }

    /// Whether an administrator can sign in for licences, and then assign one and take it away.
    fn licences_work(&self, owner: &mut Browser) -> bool {
        assert_eq!(owner.sign_in("olga", PASSWORD).status, 201);
        let begin = format!("http://{}/api/v1/microsoft/licences/sign-in", self.program.http);
        let begun = browse(&begin, &owner.cookie);
        let both = format!("{}; {}", owner.cookie, kept(&begun));
        let back = browse(&comes_back(&begun, &self.administrator), &both);
        let (_, list) = owner.get("/microsoft/licences");
        let ready = header(&back, "location") == "/?licences=ready";
        assert_eq!(list["signed_in"], ready, "{list:#}");
        if ready {
            for change in ["add", "remove"] {
                let body = json!({"users": ["anna"], change: [PHONE]});
                let done = owner.ask("POST", "/microsoft/licences", &body).body;
                assert_eq!(done[0]["done"], true, "{done:#}");
            }
        }
        ready
    }

    /// Whether Teams shows the agent as in a call.
    fn is_shown(&self) -> bool {
        self.m.with(|m, now| m.presence_of(now, DOMAIN, &self.anna).unwrap().1) == "InACall"
    }

    fn teams_comes_to(&self, shown: bool) {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while self.is_shown() != shown {
            assert!(std::time::Instant::now() < until, "Teams never came to it: {shown}");
            crate::program::look_again();
        }
    }

    /// An agent talks; Teams shows it, or is not allowed to.
    fn talk(&mut self, shows: bool) {
        let caller = self.desk.dial("200", "", self.program.sip, "100", 440);
        let (phone, who) = self.desk.rings();
        assert_eq!(who, "anna");
        self.desk.answer(phone, 1000);
        self.desk.hears(caller, 1000);
        if shows {
            self.teams_comes_to(true);
        }
        assert_eq!(self.is_shown(), shows);
        self.desk.hang_up(phone);
        self.desk.ended(caller);
        if shows {
            self.teams_comes_to(false);
        }
    }

    fn agent_is(&self, activity: &str) {
        self.program.wait_for("/agents/ben/state", |a| (a["presence"]["activity"] == activity).then_some(()));
    }

    /// Takes a permission away, sees what stops and what goes on, and gives it back.
    fn without(&mut self, features: &Features, register: Register, (permission, kind): (&str, Kind)) {
        let wanted = expected(features, register, permission);
        let stops = |feature: Feature| wanted.contains(feature.name());
        self.tried += 1;
        let name = format!("Probe{}", self.tried);
        let activity = ["Away", "Available"][self.tried % 2];
        let mut owner = Browser::new(&self.program);
        self.m.with(|m, _| m.revoke(&self.tenant, app_of(register), permission));
        if register == Register::Background {
            self.new_tokens();
        }
        assert_eq!(signs_in(&self.program, &self.wanda), !stops(Feature::SignIn), "without {permission}");
        assert_eq!(self.licences_work(&mut owner), !stops(Feature::Licences), "without {permission}");
        let sentences = reports(&self.program, &wanted);
        for why in &sentences {
            let names_it = why.contains(permission) || why.contains("AADSTS");
            assert!(names_it && why.contains(&format!("registration {}", register.name())), "{why}");
        }
        directory::person(&self.m, &name, "Canarywharf", "+49 30 5550199");
        self.m.with(|m, _| assert!(m.settle_presence(DOMAIN, &self.ben, Some(activity))));
        match stops(Feature::DirectorySync) {
            true => {
                self.program.wait_for("/directory/status", |s| s["trouble"].as_str()?.find(permission));
                assert!(!is_found(&self.program, &name));
            }
            false => {
                comes(&self.program, &name);
                // The next reading begins with a look at what its token allows.
                let next = format!("Next{}", self.tried);
                directory::person(&self.m, &next, "Canarywharf", "+49 30 5550199");
                comes(&self.program, &next);
            }
        }
        match stops(Feature::PresenceRead) {
            true => {
                let why = |s: &Value| s["presence"]["trouble"].as_str()?.find(permission);
                self.program.wait_for("/directory/status", why);
                assert_ne!(self.program.get("/agents/ben/state").1["presence"]["activity"], activity);
            }
            false => self.agent_is(activity),
        }
        if register == Register::Background {
            let shows = features.has(Feature::PresenceWrite) && !stops(Feature::PresenceWrite);
            self.talk(shows);
            let dir = self.program.dir.path();
            let (config, files) = (dir.join("switchroom.toml"), dir.join("tenant"));
            let (config, files) = (config.to_str().unwrap(), files.to_str().unwrap());
            let (_, _, told) = run(&["check", "--config", config, "--tenant-files", files]);
            let names = wanted.iter().next().map_or("nothing stops", String::as_str);
            // The files have everything on, whatever was switched off since.
            if features.has(Feature::PresenceWrite) {
                assert!(told.contains(&format!("lacks {permission}, {names}")), "{told}");
            }
        }
        // Given back, it goes on, and what waited comes.
        self.m.with(|m, _| m.grant(&self.tenant, app_of(register), permission, holder(kind)));
        if register == Register::Background {
            self.new_tokens();
        }
        if stops(Feature::SignIn) {
            assert!(signs_in(&self.program, &self.wanda));
        }
        if stops(Feature::Licences) {
            assert!(self.licences_work(&mut owner));
        }
        reports(&self.program, &BTreeSet::new());
        comes(&self.program, &name);
        self.agent_is(activity);
    }
}

fn app_of(register: Register) -> &'static str {
    match register {
        Register::Background => APP,
        Register::SignIn => SIGN_IN,
        Register::Provisioning => PROVISIONING,
        Register::Directory => directory_profile::APP,
        other => panic!("{} does nothing from here", other.name()),
    }
}

fn holder(kind: Kind) -> Holder {
    if kind == Kind::Application { Holder::Application } else { Holder::Delegated }
}

#[test]
fn each_permission_of_the_contact_center_stops_its_feature_and_no_other() {
    let mut features = Features::of(Profile::ContactCenter);
    for feature in [Feature::PresenceWrite, Feature::Licences] {
        features.switch(feature, true).unwrap();
    }
    let registers = [Register::SignIn, Register::Provisioning, Register::Background];
    assert_eq!(features.registrations(), registers, "what the tab does happens in people's own clients");
    let mut center = Center::start(&features);
    Browser::signed_in(&center.program, "olga");
    comes(&center.program, "Wanda");
    reports(&center.program, &BTreeSet::new());
    for register in registers {
        for permission in features.permissions(register) {
            center.without(&features, register, permission);
        }
    }
    assert_eq!(center.tried, 10);
    // Where agents are not shown, nothing wider stands in for reading their presence.
    let (_, mut all) = center.program.get("/configuration");
    for object in all.as_array_mut().unwrap().iter_mut().filter(|o| o["kind"] == "Tenant") {
        object["features"] = json!({"licences": true});
    }
    assert_eq!(center.program.put("/configuration", &all).0, 200);
    features.switch(Feature::PresenceWrite, false).unwrap();
    center.m.with(|m, _| m.revoke(&center.tenant, APP, "Presence.ReadWrite.All"));
    center.new_tokens();
    for permission in features.permissions(Register::Background) {
        center.without(&features, Register::Background, permission);
    }
    let log = center.program.stop();
    let told = "lacks Presence.ReadWrite.All, presence-write stops";
    assert!(log.contains(told), "{log}");
    for feature in ["directory-sync", "presence-read", "sign-in", "licences"] {
        let told =
            log.lines().any(|l| l.contains("feature_stopped") && l.contains(&format!("{feature} stopped: ")));
        assert!(told, "{feature}: {log}");
    }
    assert!(!log.contains("Canarywharf"));
}

#[test]
fn each_permission_of_the_directory_stops_its_feature_and_no_other() {
    let features = Features::of(Profile::Directory);
    assert_eq!(features.registrations(), [Register::Directory]);
    let m = directory_profile::microsoft(30);
    let app = directory_profile::APP;
    let (tid, who) = m.with(|m, _| {
        let t = m.tenant(DOMAIN).unwrap();
        let (tid, who) = (t.id().to_string(), t.directory().id(0));
        for (permission, _) in features.permissions(Register::Directory) {
            m.grant(&tid, app, permission, Holder::Delegated);
        }
        (tid, who)
    });
    let tenant = directory_profile::example()
        .replace("profile: directory\n", &format!("profile: directory\nmicrosoft: {tid}\n"))
        + &format!("microsoft: {who}\n");
    let mut program = directory_profile::server(&m, &tenant);
    let nothing = BTreeSet::new();
    let owner = |program: &Program| {
        let mut owner = Browser::new(program);
        assert_eq!(owner.sign_in("keeper", PASSWORD).status, 201);
        owner
    };
    let connects = |program: &Program, owner: &Browser| {
        let begin = format!("http://{}/api/v1/microsoft/connect/directory", program.http);
        let begun = browse(&begin, &owner.cookie);
        let both = format!("{}; {}", owner.cookie, kept(&begun));
        header(&browse(&comes_back(&begun, &who), &both), "location") == "/?microsoft=connected"
    };
    let first = Browser::signed_in(&program, "keeper");
    assert!(connects(&program, &first));
    let mut tried = 0;
    for (permission, _) in features.permissions(Register::Directory) {
        let wanted = expected(&features, Register::Directory, permission);
        let name = format!("Probe{tried}");
        program
            .wait_for("/directory/status", |s| (s["at"].is_string() && s["trouble"].is_null()).then_some(()));
        reports(&program, &nothing);
        m.with(|m, _| m.revoke(&tid, app, permission));
        // What an administrator left counts until it is renewed: a new start has to.
        if permission == "User.Read.All" {
            program = program.restarted();
        }
        assert_eq!(signs_in(&program, &who), !wanted.contains("sign-in"), "without {permission}");
        let owner = owner(&program);
        if permission == "offline_access" {
            // Nothing is left by which it could go on alone.
            assert_eq!(owner.ask("DELETE", "/microsoft/connect", &Value::Null).status, 204);
            assert!(!connects(&program, &owner));
        }
        for why in reports(&program, &wanted) {
            assert!(why.contains("registration directory"), "{why}");
            assert!(why.contains(permission) || why.contains("AADSTS65001"), "{why}");
        }
        directory::person(&m, &name, "Canarywharf", "+49 30 5550199");
        match wanted.contains("directory-sync") {
            true => assert!(!is_found(&program, &name)),
            false => comes(&program, &name),
        }
        m.with(|m, _| m.grant(&tid, app, permission, Holder::Delegated));
        if permission == "offline_access" {
            assert!(connects(&program, &owner));
        } else {
            assert!(signs_in(&program, &who));
        }
        comes(&program, &name);
        reports(&program, &nothing);
        tried += 1;
    }
    assert_eq!(tried, 3);
    let log = program.stop();
    assert!(log.contains("directory-sync stopped: ") && !log.contains("Canarywharf"), "{log}");
}
