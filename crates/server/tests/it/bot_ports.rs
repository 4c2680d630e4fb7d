//! Calls that are asked for in a chat through a carrier's system, an Asterisk or a FreeSWITCH: the bot has the person's own
//! telephone rung there.

use crate::bot::{Teams, texts};
use crate::commportal::Portal;
use crate::own_pbx::asterisk;
use crate::program::look_again;
use base64::Engine as _;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const LINE: &str = "2015550123";
/// What the bot is asked to call, as it is written in the chat and as it is called.
const WRITTEN: &str = "call +1 201 555-0199";
const CALLED: &str = "+12015550199";

/// Waits until a far end was told what it should be.
#[track_caller]
fn until<T>(what: &str, teams: &Teams, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "{what}: never happened; {}", teams.program.log.lock().unwrap());
        look_again();
    }
}

/// A connector's tenant whose first person has a line at this `Pbx`.
fn tenant(directory: &str, first: &str, pbx: &str, lines: &str) -> String {
    format!(
        "kind: Tenant\nid: test\nprofile: connector\nlanguages: [en]\nmicrosoft: {directory}\ncountry: US\n\
         dial: {{allow: [\"+1\"]}}\n{lines}---\nkind: Pbx\nid: office\nname: Office\n{pbx}\n---\n\
         kind: User\nid: anna\nroles: [agent]\nline: \"{LINE}\"\nmicrosoft: {first}\n"
    )
}

/// A folder of secrets with these files.
fn secrets(files: &[(&str, &str)]) -> impl Fn(&std::path::Path) {
    let files: Vec<(String, String)> = files.iter().map(|(n, t)| (n.to_string(), t.to_string())).collect();
    move |dir: &std::path::Path| {
        let folder = dir.join("secrets");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in &files {
            std::fs::write(folder.join(name), text).unwrap();
        }
    }
}

/// A key by which people are handed over to a CommPortal.
fn signing_key() -> String {
    let der = include_bytes!("../../../sim/src/microsoft/keys/first.pk8");
    base64::engine::general_purpose::STANDARD.encode(der)
}

#[test]
fn the_bot_has_a_carriers_system_ring_the_persons_phone() {
    let portal = Portal::start();
    let pbx = format!(
        "commportal:\n  url: \"http://{}/brand\"\n  version: \"9.5\"\n  key_file: portal.key\n  key_id: ours\n  numbers: {{\"+1\": \"\"}}\n  allow_private: true",
        portal.addr
    );
    let on = "features: {dial-commportal: true}\n";
    let key = signing_key();
    let teams =
        Teams::start_with(20, |t, first| tenant(t, first, &pbx, on), &secrets(&[("portal.key", &key)]), "");
    let chat = teams.chat(3);
    let post = teams.say(&chat, 0, WRITTEN);
    assert_eq!(texts(&teams.heard(&chat, 2)), [format!("Calling {CALLED}")]);
    let made = until("a call is made", &teams, || portal.system().calls().first().cloned());
    assert_eq!((made.line.as_str(), made.to.as_str()), (LINE, "2015550199"));
    // The same activity again calls nobody, and nobody without a line is rung there.
    let again = teams.m.with(|m, _| m.post_again(post).unwrap());
    assert_eq!(teams.answer(again).status, Some(200));
    teams.say(&chat, 1, WRITTEN);
    assert!(teams.heard(&chat, 3)["actions"][0]["url"].as_str().unwrap().contains("/call#scheme=tel"));
    assert_eq!(portal.system().calls().len(), 1);
    portal.system().happens(&made.id, "ConnectionClearedEvent");
    until("everybody is signed out", &teams, || (portal.system().sessions() == 0).then_some(()));
    // Service codes and premium numbers do not reach it.
    for (n, text) in
        ["call *21*2015550199#", "call +1 900 555 0199", "call +1CALLNOW"].into_iter().enumerate()
    {
        teams.say(&chat, 0, text);
        assert!(teams.heard(&chat, 4 + n).is_string(), "{text}");
    }
    assert_eq!(portal.system().calls().len(), 1);
    teams.program.stop();
}

#[test]
fn the_bot_has_an_asterisk_ring_the_persons_phone() {
    let (addr, asterisk) = asterisk();
    let pbx = format!(
        "ari: {{url: \"http://{addr}/ari\", user: switchroom, password_file: pbx-password, context: from-internal, allow_private: true}}"
    );
    let secrets = secrets(&[("pbx-password", "s3cret-canary\n")]);
    let on = "features: {dial-ari: true}\n";
    let teams = Teams::start_with(20, |t, first| tenant(t, first, &pbx, on), &secrets, "");
    let chat = teams.chat(3);
    let post = teams.say(&chat, 0, WRITTEN);
    assert_eq!(texts(&teams.heard(&chat, 2)), [format!("Calling {CALLED}")]);
    let body = until("an originate comes", &teams, || {
        let a = asterisk.lock().unwrap();
        serde_json::from_str::<Value>(&a.body).ok()
    });
    assert_eq!((&body["endpoint"], &body["extension"]), (&json!(format!("PJSIP/{LINE}")), &json!(CALLED)));
    let again = teams.m.with(|m, _| m.post_again(post).unwrap());
    assert_eq!(teams.answer(again).status, Some(200));
    teams.say(&chat, 0, "help");
    teams.heard(&chat, 3);
    let originates = || asterisk.lock().unwrap().asked.iter().filter(|l| l.starts_with("POST")).count();
    assert_eq!(originates(), 1, "once asked, once rung");
    asterisk.lock().unwrap().state = None;
    let log = teams.program.stop();
    assert!(!log.contains("s3cret") && !log.contains("2015550199"), "{log}");
}
