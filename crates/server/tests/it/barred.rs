//! Whoever is disabled or removed in the Microsoft directory is out here: however they sign in, after a restart too, and their
//! telephones are not rung any more.

use crate::bare_phone::BarePhone;
use crate::browser_session::{Browser, PASSWORD, closed, next};
use crate::desk::Desk;
use crate::directory::{DOMAIN, change, microsoft, person, server_with};
use crate::microsoft_io::Running;
use crate::program::{Program, look_again};
use crate::work_tokens::{ask, token};
use serde_json::{Value, json};
use sim::microsoft::Removal;
use std::time::{Duration, Instant};

fn set_enabled(m: &Running, who: &str, enabled: bool) {
    change(m, |m, now, tenant| {
        let fields = json!({"accountEnabled": enabled});
        m.change_person(now, tenant, who, fields.as_object().cloned().unwrap());
    });
}

fn remove(m: &Running, who: &str) {
    change(m, |m, now, tenant| m.remove_person(now, tenant, who, Removal::Final));
}

fn in_step(program: &Program, people: u64) {
    program.wait_for("/directory/status", |s| {
        (s["people"] == people && s["at"].is_string() && s["reading"] == false).then_some(())
    });
}

/// Repeats a question until the answer is as wanted.
#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        look_again();
    }
}

#[test]
fn who_is_disabled_or_removed_there_comes_in_neither_by_password_nor_by_an_old_token() {
    let m = microsoft(30);
    let wanda = person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let gustav = person(&m, "Gustav", "Canarybay", "030 5550101");
    let heidi = person(&m, "Heidi", "Canarylake", "030 5550102");
    let tenant = m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
    let text = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\nmicrosoft: {tenant}\n---\n\
         kind: User\nid: wanda\nroles: [owner]\nmicrosoft: {wanda}\n---\n\
         kind: User\nid: gustav\nroles: [owner]\nmicrosoft: {gustav}\n---\n\
         kind: User\nid: olga\nroles: [owner]\n"
    );
    let program = server_with(&m, &text, |_| crate::directory::OFTEN.into());
    in_step(&program, 33);
    let mut wandas = Browser::signed_in(&program, "wanda");
    let mut gustavs = Browser::signed_in(&program, "gustav");
    let olgas = Browser::signed_in(&program, "olga");
    let old = [&wanda, &gustav].map(|who| token(&m, who, &json!({})));
    for (browser, old) in [&wandas, &gustavs].into_iter().zip(&old) {
        assert_eq!(browser.get("/session").0, 200);
        assert_eq!(ask(&program, "/session", old).0, 200);
    }
    set_enabled(&m, &wanda, false);
    remove(&m, &gustav);
    in_step(&program, 32);
    program.wait_for("/directory/users?q=wanda", |l| (l[0]["enabled"] == false).then_some(()));
    let out = |program: &Program, wandas: &mut Browser, gustavs: &mut Browser| {
        for (browser, user) in [(wandas, "wanda"), (gustavs, "gustav")] {
            assert_eq!(browser.get("/session").0, 401, "{user}'s session");
            let answer = browser.sign_in(user, PASSWORD);
            assert_eq!((answer.status, &answer.body["code"]), (401, &json!("wrong")), "{}", answer.body);
        }
        for token in &old {
            assert_eq!(ask(program, "/session", token).0, 401, "a token that was given before");
        }
    };
    out(&program, &mut wandas, &mut gustavs);
    assert_eq!(olgas.get("/session").0, 200, "who has no work account has nothing to do with it");
    let (_, audit) = program.get("/audit");
    let refused = |e: &&Value| e["action"] == "session.refuse" && e["object"] == "work account";
    assert!(audit["items"].as_array().unwrap().iter().filter(refused).count() >= 4, "{audit:#}");

    // From the first moment after a restart, and after the whole directory was taken up anew for another way to read numbers.
    let program = program.restarted();
    for browser in [&mut wandas, &mut gustavs] {
        browser.http = program.http;
    }
    out(&program, &mut wandas, &mut gustavs);
    let (_, mut all) = program.get("/configuration");
    for object in all.as_array_mut().unwrap().iter_mut().filter(|o| o["kind"] == "Tenant") {
        object["country"] = "DE".into();
    }
    let (status, said) = program.put("/configuration", &all);
    assert_eq!(status, 200, "{said:#}");
    program.wait_for("/directory/users?q=heidi", |l| {
        (l[0]["business"] == json!(["+49305550102"]) && l[0]["id"] == heidi).then_some(())
    });
    out(&program, &mut wandas, &mut gustavs);

    set_enabled(&m, &wanda, true);
    until("enabled again, she comes in again", || wandas.sign_in("wanda", PASSWORD).status == 201);
    assert_eq!(ask(&program, "/session", &old[0]).0, 200);
    assert_eq!(ask(&program, "/session", &old[1]).0, 401);
    program.stop();
}

const SIP_DOMAIN: &str = "phones.test";

#[test]
fn who_is_disabled_or_removed_there_is_not_rung_and_the_live_page_closes() {
    let m = microsoft(30);
    let wanda = person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let gustav = person(&m, "Gustav", "Canarybay", "+49 30 5550101");
    let id = m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
    let mut desk = Desk::new();
    let at = desk.addr;
    let tenant = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\nmicrosoft: {id}\nsip_domain: {SIP_DOMAIN}\n---\n\
         kind: Trunk\nid: all\nnetworks: [127.0.0.0/8]\n---\n\
         kind: Number\nid: service\nnumber: \"100\"\nflow: service\n---\n\
         kind: Prompt\nid: music\ntone: {{hz: 700, length: 10s}}\n---\n\
         kind: Prompt\nid: sorry\ntone: {{hz: 330, length: 20s}}\n---\n\
         kind: Flow\nid: service\nsteps:\n  - queue: service\n  - say: sorry\n---\n\
         kind: Queue\nid: service\nring_time: 20s\nmax_wait: 10s\nmusic: music\nagents: [wanda]\n---\n\
         kind: User\nid: wanda\nroles: [agent]\nmicrosoft: {wanda}\nnumber: \"201\"\nphone: \"sip:wanda@{at}\"\nat_start: available\n---\n\
         kind: User\nid: gustav\nroles: [agent]\nmicrosoft: {gustav}\nnumber: \"202\"\nregisters: {{user: gustav, password_file: gustav}}\n---\n\
         kind: User\nid: ben\nroles: [agent]\nnumber: \"203\"\nphone: \"sip:ben@{at}\"\n"
    );
    let program = server_with(&m, &tenant, |_| crate::directory::OFTEN.into());
    let secrets = program.dir.path().join("secrets");
    std::fs::create_dir_all(&secrets).unwrap();
    std::fs::write(secrets.join("gustav"), "a long one").unwrap();
    let program = program.restarted();
    in_step(&program, 32);
    let mut phone = BarePhone::over_udp(program.sip, "gustav", "a long one", SIP_DOMAIN);
    phone.registers();
    assert_eq!(program.get("/users/gustav/telephones").1.as_array().unwrap().len(), 1);
    let wandas = Browser::signed_in(&program, "wanda");
    let gustavs = Browser::signed_in(&program, "gustav");
    let mut sockets = [wandas.watch_own(""), gustavs.watch_own("")];
    for socket in &mut sockets {
        assert!(next(socket)["snapshot"].is_object());
    }
    let rung = |desk: &mut Desk, number: &str| {
        let caller = desk.dial("ben", "", program.sip, number, 440);
        let (phone, user) = desk.rings();
        assert_eq!(user, "wanda");
        desk.hang_up(caller);
        desk.ended(phone);
    };
    rung(&mut desk, "100");
    rung(&mut desk, "201");

    set_enabled(&m, &wanda, false);
    remove(&m, &gustav);
    for socket in &mut sockets {
        assert_eq!(closed(socket), 4_401);
    }
    let state = |program: &Program| program.get("/agents/wanda/state").1["state"].clone();
    until("she is signed off", || state(&program) == "offline");
    program.wait_for("/users/gustav/telephones", |list| list.as_array()?.is_empty().then_some(()));
    let asked = phone.register("");
    let best = asked.challenges().remove(0);
    let line = phone.authorization(&best);
    assert_eq!(phone.register(&line).code, 403, "the telephone knows its password");
    let (status, said) = program.put("/agents/wanda/state", &json!({"state": "available"}));
    assert_eq!(status, 409, "{said}");
    let caller = desk.dial("ben", "", program.sip, "100", 440);
    desk.hears(caller, 330);
    desk.hang_up(caller);
    let caller = desk.dial("ben", "", program.sip, "201", 440);
    assert!(desk.refused(caller) >= 400, "a colleague does not reach her either");
    // Her telephone begins no call.
    let caller = desk.dial("wanda", "", program.sip, "203", 440);
    assert_eq!(desk.refused(caller), 403);

    // At the start as well, although she would be available then.
    let program = program.restarted();
    assert_eq!(state(&program), "offline");
    set_enabled(&m, &wanda, true);
    until("enabled again, she signs on", || {
        program.put("/agents/wanda/state", &json!({"state": "available"})).0 == 200
    });
    let caller = desk.dial("ben", "", program.sip, "201", 440);
    assert_eq!(desk.rings().1, "wanda");
    desk.hang_up(caller);
    program.stop();
}
