//! Presence in the simulated Microsoft Teams decides whether a real caller's call reaches an agent.

use crate::desk::Desk;
use crate::directory::{self, DOMAIN};
use crate::microsoft_io::Running;
use crate::program::Program;
use serde_json::Value;

pub fn is_at(m: &Running, who: &str, activity: &str) {
    m.with(|m, _| assert!(m.settle_presence(DOMAIN, who, Some(activity)), "{activity}"));
}

pub fn shown(program: &Program, agent: &str, activity: &str) {
    program.wait_for(&format!("/agents/{agent}/state"), |a| {
        (a["presence"]["activity"] == activity).then_some(())
    });
}

fn tenant(m: &Running, desk: &Desk, people: [&str; 2], more: &str) -> String {
    let id = m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
    let (phones, [anna, ben]) = (desk.addr, people);
    format!(
        r#"{{kind: Tenant, id: test, profile: contact-center, microsoft: {id}{more}}}
---
{{kind: Trunk, id: here, networks: ["127.0.0.0/8"]}}
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
    )
}

fn say(told: &Value) -> Vec<&str> {
    told["story"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

#[test]
fn whoever_talks_in_teams_is_not_offered_and_is_offered_after_it() {
    let mut desk = Desk::new();
    let m = directory::microsoft(30);
    let anna = directory::person(&m, "Anna", "Canarywharf", "+49 30 5550100");
    let ben = directory::person(&m, "Ben", "Canarybay", "+49 30 5550101");
    is_at(&m, &anna, "InACall");
    let program = directory::server(&m, &tenant(&m, &desk, [&anna, &ben], ""));
    shown(&program, "anna", "InACall");
    let caller = desk.dial("200", "", program.sip, "100", 440);
    desk.answered(caller);
    let waits = |c: &Value| (c["items"][0]["state"] == "waiting").then_some(());
    program.wait_for("/calls", waits);
    // Ben comes, and is rung although Anna has been free for longer.
    program.set_agent("ben", "available");
    let (phone, who) = desk.rings();
    assert_eq!(who, "ben");
    desk.answer(phone, 1000);
    desk.hears(caller, 1000);
    desk.hang_up(phone);
    desk.ended(caller);
    let call = program.ended_call();
    let (_, told) = program.get(&format!("/calls/{}/explanation", call["id"].as_str().unwrap()));
    let has = |text: &str| assert!(say(&told).iter().any(|l| l.contains(text)), "{text:?}: {told:#}");
    has("not rung although available in sales: 1 in a Teams call");
    has("not free: 1 in a Teams call");
    assert_eq!(call["explanation"][0]["excluded"]["in-teams-call"], 1, "{call:#}");
    let agents = told["decisions"][0]["agents"].as_array().unwrap();
    let anna_view = agents.iter().find(|a| a["agent"] == "anna").unwrap();
    assert_eq!(anna_view["why_not"], "in a Teams call");

    // Not to be disturbed: the caller waits, and Anna's phone rings as soon as she may be disturbed again.
    program.set_agent("ben", "offline");
    is_at(&m, &anna, "DoNotDisturb");
    shown(&program, "anna", "DoNotDisturb");
    let caller = desk.dial("201", "", program.sip, "100", 440);
    desk.answered(caller);
    program.wait_for("/calls", waits);
    is_at(&m, &anna, "Available");
    let (phone, who) = desk.rings();
    assert_eq!(who, "anna");
    desk.answer(phone, 1000);
    desk.hears(caller, 1000);
    desk.hang_up(phone);
    desk.ended(caller);

    // The directory says it too, of users, with its age.
    let one = program.wait_for("/directory/users?q=anna+can", |l| l.get(0).cloned());
    assert_eq!(one["presence"]["availability"], "Available", "{one:#}");
    assert!(one["presence"]["age_s"].as_u64().unwrap() < 60);
    program.stop();
}

#[test]
fn a_tenant_says_what_counts_and_without_permission_nobody_is_kept() {
    let mut desk = Desk::new();
    let m = directory::microsoft(30);
    let anna = directory::person(&m, "Anna", "Canarywharf", "+49 30 5550100");
    let ben = directory::person(&m, "Ben", "Canarybay", "+49 30 5550101");
    is_at(&m, &anna, "DoNotDisturb");
    let program = directory::server(&m, &tenant(&m, &desk, [&anna, &ben], ", presence_keeps: [in-call]"));
    shown(&program, "anna", "DoNotDisturb");
    let caller = desk.dial("200", "", program.sip, "100", 440);
    let (phone, who) = desk.rings();
    assert_eq!(who, "anna", "only a call in Teams counts");
    desk.answer(phone, 1000);
    desk.hang_up(phone);
    desk.ended(caller);
    // What cannot be read is said, with what to do.
    m.with(|m, now| {
        let id = m.tenant(DOMAIN).unwrap().id().to_string();
        m.revoke(&id, directory::APP, "Presence.Read.All");
        m.challenge_app(now + 1_000, &id, directory::APP);
    });
    program.wait_for("/directory/status", |s| {
        let why = s["presence"]["trouble"].as_str()?;
        (why.starts_with("presence-read stopped") && why.contains("Presence.Read.All")).then_some(())
    });
    assert!(program.get("/directory/status").1["trouble"].is_null(), "the directory goes on");
    // Switched off, nothing is known of anybody.
    let (_, mut all) = program.get("/configuration");
    for object in all.as_array_mut().unwrap().iter_mut().filter(|o| o["kind"] == "Tenant") {
        object["features"] = serde_json::json!({"presence-read": false});
    }
    assert_eq!(program.put("/configuration", &all).0, 200);
    program.wait_for("/agents/anna/state", |a| a["presence"].is_null().then_some(()));
    assert!(program.get("/directory/status").1["presence"].is_null());
    let (_, list) = program.get("/permissions");
    assert!(!list.to_string().contains("Presence"), "what is off is not asked for: {list:#}");
    program.stop();
}

/// Waits until Teams shows somebody so.
fn teams_shows(m: &Running, who: &str, activity: &str) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let now = m.with(|m, now| m.presence_of(now, DOMAIN, who).unwrap().1);
        if now == activity {
            return;
        }
        assert!(std::time::Instant::now() < until, "{now}, and never {activity}");
        crate::program::look_again();
    }
}

#[test]
fn who_talks_through_us_shows_as_in_a_call_until_it_ends_or_the_server_was_killed() {
    let mut desk = Desk::new();
    let m = directory::microsoft(30);
    let anna = directory::person(&m, "Anna", "Canarywharf", "+49 30 5550100");
    let ben = directory::person(&m, "Ben", "Canarybay", "+49 30 5550101");
    m.with(|m, _| {
        let id = m.tenant(DOMAIN).unwrap().id().to_string();
        m.grant(&id, directory::APP, "Presence.ReadWrite.All", sim::microsoft::Holder::Application);
    });
    let program =
        directory::server(&m, &tenant(&m, &desk, [&anna, &ben], ", features: {presence-write: true}"));
    shown(&program, "anna", "Available");
    let talk = |desk: &mut Desk, program: &Program| {
        let caller = desk.dial("200", "", program.sip, "100", 440);
        let (phone, who) = desk.rings();
        assert_eq!(who, "anna");
        desk.answer(phone, 1000);
        desk.hears(caller, 1000);
        (caller, phone)
    };
    let (caller, phone) = talk(&mut desk, &program);
    teams_shows(&m, &anna, "InACall");
    // Our own word comes back with the next reading, and keeps nobody from the next call.
    shown(&program, "anna", "InACall");
    desk.hang_up(phone);
    desk.ended(caller);
    let (caller, phone) = talk(&mut desk, &program);
    desk.hang_up(phone);
    desk.ended(caller);
    teams_shows(&m, &anna, "Available");
    assert_eq!(m.with(|m, now| m.presence_of(now, DOMAIN, &ben).unwrap().1), "Available");

    // Killed in the middle of a talk, Teams goes on showing it; the next start ends that.
    talk(&mut desk, &program);
    teams_shows(&m, &anna, "InACall");
    let dir = program.kill();
    assert_eq!(m.with(|m, now| m.presence_of(now, DOMAIN, &anna).unwrap().1), "InACall");
    let program = directory::again(dir);
    teams_shows(&m, &anna, "Available");
    program.stop();
}
