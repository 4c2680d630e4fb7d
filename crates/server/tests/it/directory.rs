//! The Microsoft directory of a tenant, kept in step with a simulated one: read, changed, forgotten, refused, killed.

use crate::microsoft_io::{self, Running};
use crate::program::Program;
use serde_json::{Value, json};
use sim::microsoft::{Fault, Holder, Microsoft, Misbehaviour, Registration, Removal, TenantPlan};
use std::sync::Arc;

pub const DOMAIN: &str = "bikes.example";
pub const SIGN_IN: &str = "5c0de000-0000-4000-8000-000000000001";
pub const APP: &str = "5c0de000-0000-4000-8000-000000000002";

pub fn microsoft(people: u32) -> Running {
    let make = |base: &str| {
        let mut m = Microsoft::new(base, 7);
        let plan = TenantPlan {
            name: "Harbour Bikes".into(),
            domain: DOMAIN.into(),
            country: "DE".into(),
            people,
            named: Vec::new(),
        };
        let id = m.add_tenant(&plan).unwrap();
        let sign_in = Registration::new(SIGN_IN, "Switchroom", &id).with_secret("s3cret");
        m.register(Registration { names_directory_roles: true, ..sign_in });
        m.register(Registration::new(APP, "Switchroom background", &id).with_secret("s3cret"));
        for permission in ["openid", "email", "User.Read"] {
            m.grant(&id, SIGN_IN, permission, Holder::Delegated);
        }
        for permission in ["User.Read.All", "Presence.Read.All"] {
            m.grant(&id, APP, permission, Holder::Application);
        }
        m.stand_still(&id, true);
        m
    };
    microsoft_io::start(([127, 0, 0, 1], 0).into(), None, make).unwrap()
}

/// One more tenant of that many people, where the app may read them; gives its id.
pub fn second_tenant(m: &Running, people: u32) -> String {
    m.with(|m, _| {
        let plan = TenantPlan {
            name: "Canal Boats".into(),
            domain: "boats.example".into(),
            country: "DE".into(),
            people,
            named: Vec::new(),
        };
        let id = m.add_tenant(&plan).unwrap();
        m.change_registration(APP, |app| app.multi_tenant = true);
        m.grant(&id, APP, "User.Read.All", Holder::Application);
        id
    })
}

/// Changes the people of the simulated tenant.
pub fn change(m: &Running, act: impl FnOnce(&mut Microsoft, u64, &str)) {
    m.with(|m, now| {
        let id = m.tenant(DOMAIN).unwrap().id().to_string();
        act(m, now, &id);
    });
}

pub fn person(m: &Running, given: &str, surname: &str, number: &str) -> String {
    let fields = json!({"givenName": given, "surname": surname, "displayName": format!("{given} {surname}"),
        "userPrincipalName": format!("{given}.{surname}@{DOMAIN}").to_lowercase(), "accountEnabled": true,
        "businessPhones": [number], "userType": "Member"});
    let mut id = None;
    change(m, |m, now, tenant| id = m.add_person(now, tenant, fields.as_object().cloned().unwrap()));
    id.unwrap()
}

/// A server whose tenant is connected to it, with Wanda as a user.
pub fn connected(m: &Running, wanda: &str) -> Program {
    connected_with(m, wanda, |_| OFTEN.into())
}

/// The same, with these lines at the end of its configuration.
pub fn connected_with(m: &Running, wanda: &str, more: impl Fn(std::net::SocketAddr) -> String) -> Program {
    let id = m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
    let tenant = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\nmicrosoft: {id}\n---\nkind: User\nid: wanda\nroles: [owner]\nmicrosoft: {wanda}\n"
    );
    server_with(m, &tenant, more)
}

/// Everything is asked for each second.
pub const OFTEN: &str = "directory_every = \"1s\"\npresence_every = \"1s\"\n";

/// A server of the tenant `test` that knows this Microsoft.
pub fn server(m: &Running, tenant: &str) -> Program {
    server_with(m, tenant, |_| OFTEN.into())
}

/// The same, with these lines at the end of its configuration, the first of them of the section `[microsoft]`.
pub fn server_with(m: &Running, tenant: &str, more: impl Fn(std::net::SocketAddr) -> String) -> Program {
    server_on(m, tenant, "", more)
}

/// The same, with these lines more in the section `[sip]`.
pub fn server_on(
    m: &Running,
    tenant: &str,
    sip: &str,
    more: impl Fn(std::net::SocketAddr) -> String,
) -> Program {
    let first = Program::start_with_sip(&[("tenant.yaml", tenant)], sip);
    let (dir, http) = (first.dir.clone(), first.http);
    first.stop();
    let file = dir.path().join("switchroom.toml");
    let mut config = std::fs::read_to_string(&file).unwrap();
    let secret = dir.path().join("app-secret");
    std::fs::write(&secret, "s3cret\n").unwrap();
    let (base, secret) = (m.base(), secret.display());
    config += &format!(
        "[microsoft]\nlogin = \"{base}\"\ngraph = \"{base}\"\nbackground_app = \"{APP}\"\nbackground_secret_file = \"{secret}\"\n\
         sign_in_app = \"{SIGN_IN}\"\nsign_in_secret_file = \"{secret}\"\n"
    );
    // A section stands once.
    let more = more(http).replace("SECRET", &secret.to_string());
    let of_microsoft = match more.split_once("[http]\n") {
        Some((of_microsoft, of_http)) => {
            config = config.replacen("[http]\n", &format!("[http]\n{of_http}"), 1);
            of_microsoft
        }
        None => &more,
    };
    config += of_microsoft;
    std::fs::write(&file, config).unwrap();
    let redirect = format!("http://{http}/api/v1/session/microsoft/callback");
    m.with(|m, _| m.change_registration(SIGN_IN, |app| app.redirect_uris.push(redirect)));
    again(dir)
}

pub fn again(dir: Arc<tempfile::TempDir>) -> Program {
    let token = Program::token(dir.path(), "test", "owner");
    let mut program = Program::start_again(dir);
    program.set_token(token);
    program
}

/// The names that a search finds.
fn found(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(|p| p["name"].as_str()).collect()
}

fn in_step(program: &Program, people: u64) {
    program.wait_for("/directory/status", |s| {
        (s["people"] == people && s["at"].is_string() && s["reading"] == false).then_some(())
    });
}

#[test]
fn people_come_change_and_go_and_a_forgotten_place_is_read_anew() {
    let m = microsoft(250);
    let wanda = person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let program = connected(&m, &wanda);
    in_step(&program, 251);
    let (_, list) = program.get("/directory/users?q=wan+can");
    assert_eq!(found(&list), ["Wanda Canarywharf"], "{list:#}");
    assert_eq!(list[0]["business"], json!(["+49305550100"]), "no other field than those of the profile");
    assert_eq!(list[0].as_object().unwrap().len(), 10);
    assert_eq!(found(&program.get("/directory/users?q=030+555").1), ["Wanda Canarywharf"]);

    // A name changes: the number that the change does not speak of stays.
    change(&m, |m, now, tenant| {
        let fields = json!({"displayName": "Wanda Kingfisher", "surname": "Kingfisher"});
        m.change_person(now, tenant, &wanda, fields.as_object().cloned().unwrap());
    });
    program.wait_for("/directory/users?q=kingfisher", |l| {
        (found(l) == ["Wanda Kingfisher"] && l[0]["business"] == json!(["+49305550100"])).then_some(())
    });

    // What an owner says outlives what Microsoft says later; the rest goes on with it.
    let correction = format!("/directory/users/{wanda}/correction");
    let said = json!({"name": "Wandering Wanda", "mobile": "+49 170 5550100"});
    assert_eq!(program.put(&correction, &said).0, 204);
    assert_eq!(program.put(&correction, &json!({"name": "a\u{7}"})).0, 422);
    assert_eq!(program.put("/directory/users/nobody/correction", &said).0, 404);
    assert_eq!(program.get("/audit?limit=1").1["items"][0]["action"], "directory.correct");
    change(&m, |m, now, tenant| {
        let fields = json!({"displayName": "W. Kingfisher", "mail": "wk@bikes.example"});
        m.change_person(now, tenant, &wanda, fields.as_object().cloned().unwrap());
    });
    program.wait_for("/directory/users?q=kingfisher", |l| (l[0]["mail"] == "wk@bikes.example").then_some(()));
    let corrected = |program: &Program| {
        let (_, list) = program.get("/directory/users?q=wandering");
        assert_eq!(found(&list), ["Wandering Wanda"], "{list:#}");
        assert_eq!(list[0]["corrected"], json!(["name", "mobile"]));
        assert_eq!(list[0]["mobile"], "+491705550100");
    };
    corrected(&program);

    // Graph forgets where to go on, while somebody leaves whom no change tells of.
    let gone = person(&m, "Gustav", "Gone", "+49 30 5550101");
    in_step(&program, 252);
    change(&m, |m, now, tenant| {
        m.remove_person(now, tenant, &gone, Removal::Final);
        m.forget_changes(tenant);
    });
    program.wait_for("/directory/users?q=gustav", |l| found(l).is_empty().then_some(()));
    in_step(&program, 251);
    corrected(&program);
    let program = program.restarted();
    in_step(&program, 251);
    corrected(&program);
    let (_, audit) = program.get("/audit");
    assert!(!audit.to_string().contains(&wanda), "the log outlives the person: {audit:#}");
    assert_eq!(program.delete(&correction), 204);
    assert_eq!(found(&program.get("/directory/users?q=kingfisher").1), ["W. Kingfisher"]);
    assert!(found(&program.get("/directory/users?q=wandering").1).is_empty());

    // Nothing of it is readable on the disk.
    let dir = program.dir.clone();
    program.stop();
    for entry in walk(&dir.path().join("data")) {
        let bytes = std::fs::read(&entry).unwrap();
        for text in ["Kingfisher", "Canarywharf", "5550100", "Gustav", "Wandering"] {
            let here = bytes.windows(text.len()).any(|w| w == text.as_bytes());
            assert!(!here, "{text} stands in {}", entry.display());
        }
    }
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(walk(&path)) } else { all.push(path) }
    }
    all
}

#[test]
fn killed_in_the_middle_it_goes_on_and_ends_equal_to_the_source() {
    let m = microsoft(2_000);
    let wanda = person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    // Page after page comes, and then none for a while.
    for _ in 0..4 {
        m.with(|m, _| m.put_fault(Fault::next("/users/delta", Misbehaviour::Status(503, Some(1)))));
    }
    let program = connected(&m, &wanda);
    program.wait_for("/directory/status", |s| s["people"].as_u64().filter(|n| *n > 0));
    let dir = program.kill();
    let program = again(dir);
    in_step(&program, 2_001);
    // Not only as many: the same ones, with the same names.
    for place in (0..2_000).step_by(97) {
        let (id, name) = m.with(|m, _| {
            let d = m.tenant(DOMAIN).unwrap().directory();
            (d.id(place), d.display(place))
        });
        let text: String = name.bytes().map(|b| format!("%{b:02X}")).collect();
        let (_, list) = program.get(&format!("/directory/users?q={text}"));
        let is_there = |p: &Value| p["id"] == id.as_str() && p["name"] == name.as_str();
        assert!(list.as_array().unwrap().iter().any(is_there), "{place} {name:?}: {list:#}");
    }
    program.stop();
}

#[test]
fn an_answer_of_graph_sends_our_token_to_no_other_host() {
    let m = microsoft(30);
    let wanda = person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let away = format!("http://{}", elsewhere.local_addr().unwrap());
    m.with(|m, _| {
        for how in [
            Misbehaviour::LeadsAway(away.clone()),
            Misbehaviour::LeadsAway(format!("{}@{}", m.base(), away.trim_start_matches("http://"))),
            Misbehaviour::SendsAway(format!("{away}/v1.0/users/delta")),
        ] {
            m.put_fault(Fault::next("/users/delta", how));
        }
    });
    let program = connected(&m, &wanda);
    // After each of them it is tried again, where it was.
    in_step(&program, 31);
    let log = program.stop();
    assert!(log.matches("stands at another host").count() >= 2, "{log}");
    assert!(log.matches("directory_not_in_step").count() >= 3, "{log}");
    let came = elsewhere.accept().map(|(_, from)| from);
    assert_eq!(came.map_err(|e| e.kind()), Err(std::io::ErrorKind::WouldBlock), "nobody came there");
}

#[test]
fn without_the_permission_it_says_what_is_missing_and_keeps_what_it_has() {
    let m = microsoft(30);
    let wanda = person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let program = connected(&m, &wanda);
    in_step(&program, 31);
    m.with(|m, now| {
        let id = m.tenant(DOMAIN).unwrap().id().to_string();
        m.revoke(&id, APP, "User.Read.All");
        // Of this very second too.
        m.challenge_app(now + 1_000, &id, APP);
    });
    program.wait_for("/directory/status", |s| {
        s["trouble"].as_str()?.contains("lacks the permission User.Read.All").then_some(())
    });
    assert_eq!(program.get("/directory/status").1["people"], 31);
    // Given back, it goes on by itself.
    change(&m, |m, _, tenant| m.grant(tenant, APP, "User.Read.All", Holder::Application));
    program.wait_for("/directory/status", |s| s["trouble"].is_null().then_some(()));
    program.stop();
}

#[test]
fn whoever_is_disabled_there_is_signed_out_here() {
    let m = microsoft(30);
    let wanda = person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let program = connected(&m, &wanda);
    in_step(&program, 31);
    let session = crate::microsoft::signed_in(program.http, &format!("wanda.canarywharf@{DOMAIN}"));
    let who = || crate::microsoft::browse(&format!("http://{}/api/v1/session", program.http), &session);
    assert!(who().starts_with("HTTP/1.1 200"), "{}", who());
    change(&m, |m, now, tenant| {
        let fields = json!({"accountEnabled": false});
        m.change_person(now, tenant, &wanda, fields.as_object().cloned().unwrap());
    });
    program.wait_for("/directory/users?q=wanda", |l| (l[0]["enabled"] == false).then_some(()));
    assert!(who().starts_with("HTTP/1.1 401"), "{}", who());
    program.stop();
}

#[test]
fn a_directory_that_is_disconnected_is_erased() {
    let m = microsoft(30);
    let wanda = person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let program = connected(&m, &wanda);
    in_step(&program, 31);
    let (_, mut all) = program.get("/configuration");
    for object in all.as_array_mut().unwrap() {
        object.as_object_mut().unwrap().remove("microsoft");
    }
    let (status, said) = program.put("/configuration", &all);
    assert_eq!(status, 200, "{said:#}");
    program.wait_for("/directory/status", |s| (s["kept"] == false).then_some(()));
    assert!(found(&program.get("/directory/users?q=wanda").1).is_empty());
    assert!(program.stop().contains("directory_erased"));
}

/// What is posted to an address of the server; status and body.
fn posted(program: &Program, path: &str, body: &str) -> (u16, String) {
    let url = format!("http://{}{path}", program.http);
    let mut answer = program.agent().post(url).content_type("application/json").send(body).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

#[test]
fn a_change_is_read_when_it_is_told_and_whoever_forges_one_learns_nothing() {
    let m = microsoft(30);
    let wanda = person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    // Asked for once an hour only: what comes sooner comes because it was told.
    let program = connected_with(&m, &wanda, |http| {
        format!("directory_every = \"1h\"\npresence_every = \"1s\"\n[http]\npublic_url = \"http://{http}\"\n")
    });
    program.wait_for("/directory/status", |s| (s["told"] == true).then_some(()));
    let tell = || {
        change(&m, |m, now, tenant| {
            let fields = json!({"displayName": "Wanda Kingfisher", "surname": "Kingfisher"});
            m.change_person(now, tenant, &wanda, fields.as_object().cloned().unwrap());
        })
    };
    tell();
    program.wait_for("/directory/users?q=kingfisher", |l| (found(l) == ["Wanda Kingfisher"]).then_some(()));
    program.wait_for_metric("switchroom_microsoft_notifications_total{what=\"taken\"} 1");

    // The question whether the address is ours, and questions that could be a page for a browser.
    assert_eq!(posted(&program, "/graph/notify?validationToken=a%20b%2Bc", ""), (200, "a b+c".into()));
    assert_eq!(posted(&program, "/graph/lifecycle?validationToken=xyz", ""), (200, "xyz".into()));
    assert_eq!(posted(&program, "/graph/notify?validationToken=%3Cscript%3E", "").0, 202);
    // Forged: each answer is the same, and nothing of it counts.
    let (tenant, subscription) =
        m.with(|m, _| (m.tenant(DOMAIN).unwrap().id().to_string(), m.subscriptions().remove(0)));
    let notice = |changes: Value| {
        let mut notice = json!({"id": "n", "subscriptionId": subscription["id"], "tenantId": tenant,
            "changeType": "updated", "clientState": subscription["clientState"], "resource": "Users/x"});
        notice.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        json!({"value": [notice]}).to_string()
    };
    let forged = [
        notice(json!({"clientState": "guess"})),
        notice(json!({"clientState": null})),
        notice(json!({"subscriptionId": "11111111-1111-1111-1111-111111111111"})),
        notice(json!({"tenantId": "11111111-1111-1111-1111-111111111111"})),
        notice(json!({"encryptedContent": {"data": "x"}})),
        "{".into(),
        "{}".into(),
    ];
    for (n, body) in forged.iter().enumerate() {
        let path = ["/graph/notify", "/graph/lifecycle"][n % 2];
        assert_eq!(posted(&program, path, body), (202, String::new()), "{body}");
    }
    let dropped = |n: usize| format!("switchroom_microsoft_notifications_total{{what=\"dropped\"}} {n}");
    program.wait_for_metric(&dropped(forged.len() + 1));
    // A true one counts once.
    let again = notice(json!({}));
    assert_eq!(posted(&program, "/graph/notify", &again).0, 202);
    assert_eq!(posted(&program, "/graph/notify", &again).0, 202);
    program.wait_for_metric(&dropped(forged.len() + 2));
    program.wait_for_metric("switchroom_microsoft_notifications_total{what=\"taken\"} 2");
    // One byte too many, so that nothing is still on its way when the answer comes.
    let too_large = " ".repeat(4 * 1024 * 1024 + 1);
    assert_eq!(posted(&program, "/graph/notify", &too_large).0, 413);
    program.stop();
}

/// CPU seconds and memory (PSS) in KiB of a server so far, and the most memory it ever had.
fn cost(program: &Program) -> (f64, u64, u64) {
    let pid = program.pid().as_raw_nonzero();
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap();
    let stat = read("stat");
    let ticks: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let cpu = (ticks[11].parse::<f64>().unwrap() + ticks[12].parse::<f64>().unwrap()) / 100.0;
    let line = |text: &str, name: &str| -> u64 {
        let found = text.lines().find(|l| l.starts_with(name)).unwrap();
        found.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (cpu, line(&read("smaps_rollup"), "Pss:"), line(&read("status"), "VmHWM:"))
}

#[test]
#[ignore = "a measurement: bench/run calls it"]
fn a_measurement_of_a_large_directory() {
    let people: u32 = std::env::var("SWITCHROOM_PEOPLE").map_or(100_000, |n| n.parse().unwrap());
    let m = microsoft(people);
    let wanda = person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let id = m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
    let tenant = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\nmicrosoft: {id}\nfeatures: {{directory-sync: false}}\n---\n\
         kind: User\nid: wanda\nroles: [owner]\nmicrosoft: {wanda}\n"
    );
    let program = server(&m, &tenant);
    program.wait_for("/directory/status", |s| s["presence"]["at"].is_string().then_some(()));
    let (cpu_idle, idle, _) = cost(&program);
    let (_, mut all) = program.get("/configuration");
    for object in all.as_array_mut().unwrap().iter_mut().filter(|o| o["kind"] == "Tenant") {
        object.as_object_mut().unwrap().remove("features");
    }
    let began = std::time::Instant::now();
    assert_eq!(program.put("/configuration", &all).0, 200);
    let until = began + std::time::Duration::from_secs(1_800);
    let status = || program.get("/directory/status").1;
    while !(status()["people"] == people + 1 && status()["at"].is_string()) {
        assert!(std::time::Instant::now() < until, "{:#}", status());
        crate::program::look_again();
    }
    let (first_s, (cpu_first, after, most)) = (began.elapsed().as_secs_f64(), cost(&program));
    // One in a hundred changes, the last of them so that it can be found.
    let began = std::time::Instant::now();
    change(&m, |m, now, tenant| {
        for n in 0..people / 100 {
            let who = m.tenant(tenant).unwrap().directory().id(n * 100);
            let fields = json!({"mobilePhone": format!("+49 170 {n:07}")});
            m.change_person(now, tenant, &who, fields.as_object().cloned().unwrap());
        }
        let fields = json!({"displayName": "Wanda Kingfisher", "surname": "Kingfisher"});
        m.change_person(now, tenant, &wanda, fields.as_object().cloned().unwrap());
    });
    program.wait_for("/directory/users?q=kingfisher", |l| (found(l) == ["Wanda Kingfisher"]).then_some(()));
    let last = format!("170{:07}", people / 100 - 1);
    program.wait_for(&format!("/directory/users?q={last}"), |l| (found(l).len() == 1).then_some(()));
    let (delta_s, (cpu_delta, ..)) = (began.elapsed().as_secs_f64(), cost(&program));
    let measured = json!({"people": people, "first_s": first_s, "first_cpu_s": cpu_first - cpu_idle,
        "above_idle_kib": after.saturating_sub(idle), "most_kib": most.saturating_sub(idle),
        "delta_s": delta_s, "delta_cpu_s": cpu_delta - cpu_first});
    // For whoever runs it with --nocapture.
    std::io::Write::write_all(&mut std::io::stdout(), format!("measured {measured}\n").as_bytes()).unwrap();
    program.stop();
}
