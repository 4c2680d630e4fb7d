//! Calls that are asked for in a chat through a carrier's system, an Asterisk or a FreeSWITCH: the bot has the person's own
//! telephone rung there. And a day of a connector, after which nobody is found anywhere.

use crate::bot::{Teams, texts};
use crate::commportal::{Portal, found_in};
use crate::own_pbx::{asterisk, read_until};
use crate::program::{Program, look_again};
use crate::tab::TAB;
use base64::Engine as _;
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

const LINE: &str = "2015550123";
/// What the bot is asked to call, as it is written in the chat and as it is called.
const WRITTEN: &str = "call +1 201 555-0199";
const CALLED: &str = "+12015550199";

/// Waits until a far end was told what it should be.
#[track_caller]
pub fn until<T>(what: &str, teams: &Teams, mut look: impl FnMut() -> Option<T>) -> T {
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
    assert!(
        teams.heard(&chat, 3)["actions"][0]["url"].as_str().unwrap().contains("/call?tenant=test#scheme=tel")
    );
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
fn where_only_the_tab_knows_the_line_the_bot_opens_the_dialog() {
    let pbx = "ari: {url: \"https://pbx.example/ari\", user: u, password_file: f, context: c}\n---\n\
               kind: Pbx\nid: desktop\nname: Desktop\naddress: {scheme: maxuccall}";
    let more = format!("tab_app = \"{TAB}\"\n");
    let on = "features: {dial-ari: true}\n";
    let teams = Teams::start_with(20, |t, first| tenant(t, first, pbx, on), &|_: &std::path::Path| {}, &more);
    let chat = teams.chat(3);
    teams.say(&chat, 1, WRITTEN);
    let card = teams.heard(&chat, 2);
    assert_eq!(texts(&card), [format!("Call {CALLED}")]);
    assert!(!card["actions"].to_string().contains("2015550199"), "the number is sealed: {card}");
    let dialog = teams.press(&chat, 1, &card, "Call", 0);
    let expected = format!("http://{}/connector?tenant=test#call={CALLED}", teams.program.http);
    assert_eq!(
        (dialog.status, dialog.body["task"]["value"]["url"].as_str()),
        (Some(200), Some(expected.as_str()))
    );
    // It is for whoever asked, and for nobody else.
    let other = teams.press(&chat, 2, &card, "Call", 0);
    assert_eq!(other.body["task"]["type"], "message", "{other:?}");
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

#[test]
fn the_bot_has_a_freeswitch_ring_the_persons_phone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let pbx = format!("esl: {{address: \"{addr}\", password_file: pbx-password, context: default}}");
    let secrets = secrets(&[("pbx-password", "s3cret-canary\n")]);
    let on = "features: {dial-esl: true}\n";
    let teams = Teams::start_with(20, |t, first| tenant(t, first, &pbx, on), &secrets, "");
    let chat = teams.chat(3);
    teams.say(&chat, 0, WRITTEN);
    let (mut stream, _) = listener.accept().unwrap();
    let mut said = |text: &str, end: &str| {
        stream.write_all(text.as_bytes()).unwrap();
        read_until(&mut stream, end)
    };
    assert_eq!(said("Content-Type: auth/request\n\n", "\n\n"), "auth s3cret-canary\n\n");
    let ok = "Content-Type: command/reply\nReply-Text: +OK\n\n";
    let mut asked = said(ok, "\n\n");
    while !asked.contains("filter Job-UUID ") {
        asked += &said("", "\n\n");
    }
    let name = asked.split("filter Job-UUID ").nth(1).unwrap().trim();
    assert_eq!(name.len(), 36, "{asked}");
    let made = said(&ok.repeat(4), &format!("Job-UUID: {name}\n\n"));
    assert!(made.contains(&format!("}}user/{LINE} {CALLED} XML default\n")), "{made}");
    assert_eq!(texts(&teams.heard(&chat, 2)), [format!("Calling {CALLED}")]);
    drop(stream);
    let log = teams.program.stop();
    assert!(!log.contains("s3cret") && !log.contains("2015550199"), "{log}");
}

/// Asks for a call with a token of the person's own client for the tab, some claims changed, or how far one is.
pub fn tab(teams: &Teams, object: &str, change: &Value, path: &str, body: Option<&Value>) -> (u16, Value) {
    let token = crate::tab::token(&teams.m, &teams.tenant, object, change);
    let (agent, bearer) = (teams.program.agent(), format!("Bearer {token}"));
    let url = format!("http://{}/api/v1{path}", teams.program.http);
    let mut answer = match body {
        Some(body) => {
            let request = agent.post(&url).header("Authorization", &bearer).content_type("application/json");
            request.send(body.to_string().as_str()).unwrap()
        }
        None => agent.get(&url).header("Authorization", &bearer).call().unwrap(),
    };
    let said = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), serde_json::from_str(&said).unwrap_or_default())
}

#[test]
fn after_a_day_of_a_connector_nobody_is_found_and_graph_was_asked_for_nothing() {
    const PASSWORD: &str = "canary-Pa55 word";
    let portal = Portal::start();
    let at = portal.addr;
    let pbx = format!(
        "commportal:\n  url: \"http://{at}/brand\"\n  version: \"9.5\"\n  sign_in: password\n  numbers: {{\"+1\": \"\"}}\n  allow_private: true\n---\n\
         kind: Pbx\nid: desktop\nname: Desktop\naddress: {{scheme: maxuccall}}"
    );
    // Everything that can be logged is, traces too: the program sends none elsewhere.
    let owner = std::cell::RefCell::new(String::new());
    let prepare = |dir: &std::path::Path| {
        std::fs::write(dir.join("log-level"), "trace").unwrap();
        *owner.borrow_mut() = Program::token(dir, "test", "owner");
    };
    let on = "features: {dial-commportal: true}\n";
    let more = format!("tab_app = \"{TAB}\"\n");
    // Nobody is described: whoever calls is in the directory, and names the own line in the tab.
    let nobody = |t: &str, first: &str| {
        let all = tenant(t, first, &pbx, on);
        all.split("---\nkind: User").next().unwrap().to_string()
    };
    let teams = Teams::start_with(60, nobody, &prepare, &more);
    let chat = teams.chat(40);
    let names: Vec<String> = (0..40).map(|p| teams.name(p)).collect();
    let anna = teams.person(0);
    let mut heard = 1;
    let mut say = |place: u32, text: &str| {
        teams.say(&chat, place, text);
        heard += 1;
        teams.heard(&chat, heard)
    };
    let card = say(0, "list");
    say(3, "list");
    say(4, "help");
    say(0, "call +1 201 998 8776");
    say(0, "call *21*2019988775#");
    say(5, "what about Wilhelmine Stieglitz");
    say(0, &format!("call {}", names[7]));
    teams.press(&chat, 0, &card, "Call", 0);
    teams.press(&chat, 1, &card, "Call", 0);
    // The tab: a softphone, and the carrier's system with the person's own password.
    let dial = |through: &str, to: &str, id: &str| {
        let body =
            json!({"to": to, "through": through, "correlation": id, "password": PASSWORD, "line": LINE});
        tab(&teams, &anna, &Value::Null, "/dial", Some(&body))
    };
    assert_eq!(dial("desktop", "+12019988774", "click-0001").0, 201);
    assert_eq!(dial("office", "+19005550199", "click-0002").0, 422);
    assert_eq!(dial("office", "+12019988773", "click-0003").0, 201);
    let made = until("a call is made", &teams, || portal.system().calls().first().cloned());
    portal.system().happens(&made.id, "ConnectionClearedEvent");
    until("everybody is signed out", &teams, || (portal.system().sessions() == 0).then_some(()));
    let stranger = json!({"to": "+12019988772", "correlation": "click-0004"});
    let (status, _) = tab(&teams, &teams.person(9), &Value::Null, "/dial", Some(&stranger));
    assert_eq!(status, 403, "our own trunks ring nobody who is no user here");
    let said = attestation(&teams, &owner.borrow());
    assert_eq!((&said["profile"], &said["stored"]), (&json!("connector"), &json!([])), "{said}");
    let metrics = teams.program.admin("/metrics");
    assert_eq!(teams.m.with(|m, _| m.graph_requests()), 0, "the server asks Graph for nothing of anybody");
    let people: Vec<String> = (1..40).map(|p| teams.person(p)).collect();
    let dir = teams.program.dir.clone();
    let log = teams.program.stop();
    let canaries = names.iter().chain(&people).map(String::as_str).chain([
        "9988776",
        "9988775",
        "9988774",
        "9988773",
        "9988772",
        "998 8776",
        "Wilhelmine",
        "Stieglitz",
        chat.as_str(),
        PASSWORD,
        "canary-Pa55",
        "5e55",
        LINE,
        anna.as_str(),
    ]);
    for canary in canaries {
        assert!(!log.contains(canary), "{canary} is in the log: {}", around(&log, canary));
        assert!(!metrics.contains(canary), "{canary} is in the metrics");
        assert_eq!(found_in(dir.path(), canary), Vec::<String>::new(), "{canary} is on the disk");
    }
}

/// The attestation of the tenant, as an owner has it made.
fn attestation(teams: &Teams, owner: &str) -> Value {
    let url = format!("http://{}/api/v1/attestation", teams.program.http);
    let request = teams.program.agent().post(&url).header("Authorization", &format!("Bearer {owner}"));
    let mut answer = request.content_type("application/json").send("{}").unwrap();
    serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
}

/// The line in which a text stands.
fn around<'a>(log: &'a str, text: &str) -> &'a str {
    log.lines().find(|l| l.contains(text)).unwrap_or_default()
}

/// What a gauge of the program says.
fn gauge(program: &Program, name: &str) -> u64 {
    let page = program.admin("/metrics");
    let line = page.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {page}")).parse().unwrap()
}

#[test]
fn memory_forgets_within_the_configured_minutes() {
    let pbx = "address: {scheme: maxuccall}";
    let on = "features: {bot-numbers: true}\n";
    let more = format!("tab_app = \"{TAB}\"\nbot_memory = \"1m\"\n[dial]\nmemory = \"1m\"\n");
    let teams = Teams::start_with(60, |t, first| tenant(t, first, pbx, on), &|_: &std::path::Path| {}, &more);
    // Eight who are no guests, so that numbers may stand on a card.
    let people: Vec<u32> = teams.m.with(|m, _| {
        let d = m.tenant(&teams.tenant).unwrap().directory();
        (0..60).filter(|p| d.field(*p, "userType") == "Member").take(8).collect()
    });
    let ids: Vec<String> = people.iter().map(|p| teams.person(*p)).collect();
    let chat = |topic: &str| {
        let app = crate::bot::APP;
        let chat = teams.m.with(|m, now| m.add_bot_to_people(now, app, &teams.tenant, topic, &ids).unwrap());
        teams.heard(&chat, 1);
        chat
    };
    let (open, closed) = (chat("open"), chat("closed"));
    let post = teams.say(&open, people[0], "list");
    let card = teams.heard(&open, 2);
    teams.m.with(|m, now| m.press_as_message(now, &open, &ids[0], &card, "Show numbers").unwrap());
    teams.heard(&open, 3);
    teams.m.with(|m, _| m.block_bot(&closed, true));
    teams.say(&closed, people[0], "help");
    let (anna, dialled) =
        (teams.person(0), json!({"to": CALLED, "through": "office", "correlation": "click-0001"}));
    assert_eq!(tab(&teams, &anna, &Value::Null, "/dial", Some(&dialled)).0, 201);
    assert_eq!(tab(&teams, &anna, &Value::Null, "/dial/click-0001", None).0, 200);
    let kept = ["activities", "conversations", "blocked", "sign-ins"];
    let bot = |what: &str| gauge(&teams.program, &format!("switchroom_bot_remembered{{what=\"{what}\"}}"));
    for what in kept {
        until(what, &teams, || (bot(what) > 0).then_some(()));
    }
    assert_eq!(gauge(&teams.program, "switchroom_dials_remembered"), 1);
    // The same again is known, as long as it is remembered.
    let again = teams.m.with(|m, _| m.post_again(post).unwrap());
    assert_eq!(teams.answer(again).status, Some(200));
    // Nobody writes and nobody looks any more: all of it goes by itself.
    let until = Instant::now() + Duration::from_secs(300);
    while kept.iter().any(|what| bot(what) > 0) || gauge(&teams.program, "switchroom_dials_remembered") > 0 {
        assert!(Instant::now() < until, "{}", teams.program.admin("/metrics"));
        look_again();
    }
    assert_eq!(tab(&teams, &anna, &Value::Null, "/dial/click-0001", None).0, 404);
    teams.m.with(|m, _| m.post_again(post).unwrap());
    assert!(texts(&teams.heard(&open, 4))[0].starts_with("People here"), "what was forgotten is new");
    teams.program.stop();
}
