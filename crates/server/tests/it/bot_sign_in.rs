//! Signing in to the bot by messages: a token that the person's own client brings, consent that comes first, and the numbers.

use crate::bot::{APP, Teams, texts};
use crate::own_pbx::asterisk;
use crate::program::Program;
use crate::tab::TAB;
use serde_json::{Value, json};
use sim::microsoft::{Fault, Holder, Misbehaviour, Registration};
use teams::bot::{Language, Said, WhyNot};

/// A chat of eight people of the organisation, its first one an administrator; no guests are among them.
fn chat(teams: &Teams) -> (String, Vec<u32>) {
    let members: Vec<u32> = teams.m.with(|m, _| {
        let d = m.tenant(&teams.tenant).unwrap().directory();
        (0..60).filter(|p| d.field(*p, "userType") == "Member").take(8).collect()
    });
    let who: Vec<String> = members.iter().map(|p| teams.person(*p)).collect();
    let chat = teams.m.with(|m, now| m.add_bot_to_people(now, APP, &teams.tenant, "Sale", &who).unwrap());
    teams.heard(&chat, 1);
    (chat, members)
}

fn invoke(teams: &Teams, chat: &str, place: u32, name: &str, value: Value) -> (Option<u16>, Value) {
    let who = teams.person(place);
    let post = teams.m.with(|m, now| m.invoke_bot(now, chat, &who, name, &value).unwrap());
    let answer = teams.answer(post);
    (answer.status, answer.body)
}

#[test]
fn a_client_brings_a_token_when_it_is_asked_by_a_message_and_consent_comes_first() {
    let teams = Teams::start(60, "languages: [en]\nfeatures: {bot-numbers: true}\n");
    let back = format!("http://{}/api/consented", teams.program.http);
    let app =
        Registration::new(APP, "Harbour Calls", &teams.tenant).with_secret("s3cret").with_redirect(&back);
    teams.m.with(|m, _| m.register(app));
    let (chat, people) = chat(&teams);
    let (me, other) = (people[0], people[1]);
    let graph = || teams.m.with(|m, _| m.graph_requests());
    let press = |card: &Value| {
        let who = teams.person(me);
        teams.m.with(|m, now| m.press_as_message(now, &chat, &who, card, "Show numbers").unwrap());
    };
    teams.say(&chat, me, "list");
    let card = teams.heard(&chat, 2);
    press(&card);
    let asked = teams.heard(&chat, 3);
    let first = asked["tokenExchangeResource"]["id"].as_str().unwrap().to_string();
    let uri = format!("api://{}/botid-{APP}", teams.program.http);
    assert_eq!(asked["tokenExchangeResource"]["uri"], uri.as_str());
    let token_of = |place: u32| {
        let who = teams.person(place);
        teams.m.with(|m, now| m.token_for_bot(now, &chat, &who).unwrap())
    };
    let exchange = |place: u32, id: &str, connection: &str, token: &str| {
        let value = json!({"id": id, "connectionName": connection, "token": token});
        invoke(&teams, &chat, place, "signin/tokenExchange", value)
    };
    // Every client of the chat brings its person's token; who was not asked is nobody here.
    for (place, id, connection, token, status) in [
        (other, first.as_str(), "switchroom", token_of(other), 412),
        (me, first.as_str(), "switchroom", token_of(other), 412),
        (me, first.as_str(), "switchroom", "x.y.z".into(), 412),
        (me, "nobody asked", "switchroom", token_of(me), 412),
        (me, first.as_str(), "another", token_of(me), 400),
        (me, first.as_str(), "switchroom", String::new(), 400),
    ] {
        let (got, body) = exchange(place, id, connection, &token);
        assert_eq!((got, &body["id"]), (Some(status), &json!(id)), "{body}");
    }
    // Nobody has consented yet: the client is told, and shows the button.
    let (status, body) = exchange(me, &first, "switchroom", &token_of(me));
    assert_eq!(status, Some(412));
    assert!(body["failureDetail"].as_str().unwrap().contains("administrator"), "{body}");
    assert_eq!(graph(), 0);
    let (status, _) = invoke(&teams, &chat, me, "signin/failure", json!({"code": "resourcematchfailed"}));
    assert_eq!(status, Some(200));

    // The button leads to Entra ID, where the administrator consents; then it is asked once more by itself.
    let page = asked["buttons"][0]["value"].as_str().unwrap();
    let admin = teams.person(0);
    let consented = teams.program.agent().get(format!("{page}&sim_user={admin}&sim_consent=accept"));
    let mut consented = consented.call().unwrap();
    let text = consented.body_mut().read_to_string().unwrap();
    assert!(consented.status() == 200 && text.contains("You can close this window"), "{text}");
    let (status, _) = invoke(&teams, &chat, me, "signin/verifyState", json!({"state": "1"}));
    assert_eq!(status, Some(200));
    let again = teams.heard(&chat, 4);
    let second = again["tokenExchangeResource"]["id"].as_str().unwrap().to_string();
    assert_ne!(first, second);
    assert_eq!(exchange(me, &second, "switchroom", &token_of(me)).0, Some(200));
    let shown = texts(&teams.heard(&chat, 5)).join("\n");
    assert!(shown.contains("Work: +") && shown.contains(&teams.name(other)), "{shown}");
    // Another client of the same person is a moment later: nothing is asked or written again.
    assert_eq!(exchange(me, &second, "switchroom", &token_of(me)).0, Some(200));
    assert_eq!(exchange(me, &first, "switchroom", &token_of(me)).0, Some(200));
    teams.say(&chat, me, "help");
    assert!(teams.heard(&chat, 6).is_string());
    assert_eq!(graph(), 1, "one batch for one card");
    let log = teams.program.stop();
    assert!(log.contains("bot_sign_in_failed") && !log.contains("eyJ"), "{log}");
}

/// What the bot says to somebody who wants numbers in a chat with a guest, with these lines of the tenant and of `[microsoft]`.
fn said_beside_a_guest(lines: &str, microsoft: &str) -> String {
    let describe = |tenant: &str, _: &str| {
        format!("kind: Tenant\nid: test\nprofile: connector\nmicrosoft: {tenant}\ncountry: DE\n{lines}")
    };
    let teams = Teams::start_with(60, describe, &|_: &std::path::Path| {}, microsoft);
    let fields = json!({"displayName": "Gisela", "userType": "Guest", "accountEnabled": true,
        "userPrincipalName": "gisela_partner.example#EXT#@bikes.example"});
    teams.m.with(|m, now| m.add_person(now, &teams.tenant, fields.as_object().cloned().unwrap()).unwrap());
    let chat = teams.m.with(|m, now| {
        let d = m.tenant(&teams.tenant).unwrap().directory();
        let who = [d.id(0), d.id(1), d.id(60)];
        m.add_bot_to_people(now, APP, &teams.tenant, "Fair", &who).unwrap()
    });
    teams.heard(&chat, 1);
    teams.say(&chat, 0, "list");
    let card = teams.heard(&chat, 2);
    let who = teams.person(0);
    let button = Said::Numbers.text(Language::of(lines.split(['[', ']']).nth(1).unwrap()).unwrap());
    teams.m.with(|m, now| m.press_as_message(now, &chat, &who, &card, button).unwrap());
    let said = teams.heard(&chat, 3).as_str().expect("a sentence").to_string();
    teams.program.stop();
    said
}

#[test]
fn numbers_are_not_written_where_guests_read_them() {
    let tab = format!("tab_app = \"{TAB}\"\n");
    let said = said_beside_a_guest("languages: [en]\nfeatures: {bot-numbers: true}\n", &tab);
    assert_eq!(said, Said::GuestsHere.text(Language::English));
    // Where there is no tab, nobody is sent to it: neither where the tenant has it switched off, nor where nobody can sign in.
    let off = "languages: [de]\nfeatures: {bot-numbers: true, tab: false}\n";
    assert_eq!(said_beside_a_guest(off, &tab), Said::GuestsNoTab.text(Language::German));
    let said = said_beside_a_guest("languages: [fr]\nfeatures: {bot-numbers: true}\n", "");
    assert_eq!(said, Said::GuestsNoTab.text(Language::French));
}

#[test]
fn consent_that_is_taken_back_in_the_middle_is_said_and_nothing_is_shown_from_before() {
    let teams = Teams::start(60, "languages: [en]\nfeatures: {bot-numbers: true}\n");
    let allow = || teams.m.with(|m, _| m.grant(&teams.tenant, APP, "User.Read.All", Holder::Delegated));
    allow();
    let (chat, people) = chat(&teams);
    let me = people[0];
    let who = teams.person(me);
    teams.say(&chat, me, "list");
    let card = teams.heard(&chat, 2);
    let show = || {
        let token = teams.m.with(|m, now| m.token_for_bot(now, &chat, &who).unwrap());
        let post = teams
            .m
            .with(|m, now| m.press_with_token(now, &chat, &who, &card, "Show numbers", &token).unwrap());
        teams.answer(post).body
    };
    let asked = || teams.m.with(|m, _| m.graph_requests());
    let shown = show();
    assert!(texts(&shown["value"]).join("\n").contains("Work: +"), "{shown:#}");
    // The consent goes while a token is under way: Graph itself refuses, and the numbers of before are not shown.
    let refuses = |status| {
        teams.m.with(|m, _| m.put_fault(Fault::next("/$batch", Misbehaviour::Status(status, None))));
    };
    let is_refused = |said: &Value| {
        assert_eq!(said["statusCode"], 412, "{said:#}");
        assert!(said["value"]["message"].as_str().unwrap().contains("administrator"), "{said:#}");
        assert!(!said.to_string().contains("Work: ") && !said.to_string().contains("no number"), "{said:#}");
    };
    refuses(403);
    is_refused(&show());
    // Then there is no token for Graph any more. It is said each time, and asked for once each time.
    teams.m.with(|m, _| m.revoke(&teams.tenant, APP, "User.Read.All"));
    let before = asked();
    for _ in 0..3 {
        is_refused(&show());
    }
    assert_eq!(asked(), before, "Graph is not asked without a token");
    // A list names people without Graph, as before.
    teams.say(&chat, me, "list");
    assert_eq!(texts(&teams.heard(&chat, 3)).len(), 1 + people.len() - 1);
    // What is only out of order for a moment is no consent that is missing.
    allow();
    for _ in 0..8 {
        refuses(500);
    }
    let later = show();
    assert_eq!(later["type"], "application/vnd.microsoft.activity.message", "{later:#}");
    assert!(!later.to_string().contains("administrator"), "{later:#}");
    teams.m.with(|m, _| m.clear_faults());
    // Allowed again, it works again.
    assert!(texts(&show()["value"]).join("\n").contains("Work: +"));
    let log = teams.program.stop();
    assert!(log.contains("bot_not_agreed") && !log.contains("eyJ"), "{log}");
}

#[test]
fn a_number_on_a_card_is_called_once_and_by_whose_card_it_is() {
    let teams = Teams::start(60, "languages: [en]\nfeatures: {bot-numbers: true}\n");
    teams.m.with(|m, _| m.grant(&teams.tenant, APP, "User.Read.All", Holder::Delegated));
    let (chat, people) = chat(&teams);
    let (me, other) = (people[0], people[1]);
    let who = teams.person(me);
    teams.say(&chat, me, "list");
    let card = teams.heard(&chat, 2);
    let token = teams.m.with(|m, now| m.token_for_bot(now, &chat, &who).unwrap());
    let post =
        teams.m.with(|m, now| m.press_with_token(now, &chat, &who, &card, "Show numbers", &token).unwrap());
    let mut shown = teams.answer(post).body["value"].take();
    let title = sim::microsoft::bot::buttons(&shown)
        .iter()
        .filter_map(|b| b["title"].as_str())
        .find(|t| t.starts_with("Call +"))
        .map(String::from)
        .unwrap_or_else(|| panic!("no number on {shown:#}"));
    let message = "application/vnd.microsoft.activity.message";
    let by_another = teams.press(&chat, other, &shown, &title, 0).body;
    assert_eq!(by_another["type"], message, "{by_another:#}");
    assert!(by_another["value"].as_str().unwrap().contains("somebody else"), "{by_another:#}");
    let called = teams.press(&chat, me, &shown, &title, 0).body;
    assert_eq!(called["type"], "application/vnd.microsoft.card.adaptive", "{called:#}");
    let digits: String = title.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(texts(&called["value"]), [format!("Call +{digits}")]);
    let twice = teams.press(&chat, me, &shown, &title, 0).body;
    assert_eq!(twice["type"], message, "{twice:#}");
    assert!(twice["value"].as_str().unwrap().contains("already"), "{twice:#}");
    // One letter of what the button carries is another.
    let changed = shown.to_string();
    let at = changed.find("\"switchroom\":\"").unwrap() + 20;
    let letter = if &changed[at..=at] == "A" { "B" } else { "A" };
    shown = serde_json::from_str(&(changed[..at].to_string() + letter + &changed[at + 1..])).unwrap();
    let nth = 0;
    let title = sim::microsoft::bot::buttons(&shown)[nth]["title"].as_str().unwrap().to_string();
    let said = teams.press(&chat, me, &shown, &title, nth).body;
    assert!(said["value"].as_str().is_some_and(|s| s.contains("out of date")), "{said:#}");
    teams.program.stop();
}

#[test]
fn a_button_whose_call_was_refused_works_once_nothing_forbids_the_call() {
    let (addr, asterisk) = asterisk();
    let describe = |tenant: &str, first: &str| {
        format!(
            "kind: Tenant\nid: test\nprofile: connector\nlanguages: [en]\nmicrosoft: {tenant}\ncountry: DE\n\
             dial: {{allow: [\"+49\"]}}\ntoll: {{limits: {{tenant: {{concurrent: 1}}}}}}\n\
             features: {{bot-numbers: true, dial-ari: true}}\n---\n\
             kind: Pbx\nid: office\nname: Office\nari: {{url: \"http://{addr}/ari\", user: switchroom, password_file: \
             pbx-password, context: out, allow_private: true}}\n---\n\
             kind: User\nid: anna\nroles: [agent]\nline: \"1001\"\nmicrosoft: {first}\n---\n\
             kind: User\nid: ben\nroles: [agent]\nline: \"1002\"\n"
        )
    };
    let owner = std::cell::RefCell::new(String::new());
    let prepare = |dir: &std::path::Path| {
        std::fs::create_dir_all(dir.join("secrets")).unwrap();
        *owner.borrow_mut() = Program::token(dir, "test", "owner");
    };
    let mut teams = Teams::start_with(60, describe, &prepare, "");
    teams.program.set_token(owner.take());
    teams.m.with(|m, _| m.grant(&teams.tenant, APP, "User.Read.All", Holder::Delegated));
    let (chat, people) = chat(&teams);
    let (me, who) = (people[0], teams.person(people[0]));
    assert_eq!(me, 0, "whoever presses is Anna");
    teams.say(&chat, me, "list");
    let card = teams.heard(&chat, 2);
    let token = teams.m.with(|m, now| m.token_for_bot(now, &chat, &who).unwrap());
    let shown =
        teams.m.with(|m, now| m.press_with_token(now, &chat, &who, &card, "Show numbers", &token).unwrap());
    let shown = teams.answer(shown).body["value"].take();
    let buttons = sim::microsoft::bot::buttons(&shown);
    let title =
        buttons.iter().filter_map(|b| b["title"].as_str()).find(|t| t.starts_with("Call +49")).unwrap();
    let press = || teams.press(&chat, me, &shown, title, 0).body;
    let originates = || asterisk.lock().unwrap().asked.iter().filter(|l| l.starts_with("POST")).count();
    let refused = |why: WhyNot| {
        let said = press();
        assert_eq!(said["type"], "application/vnd.microsoft.activity.message", "{said:#}");
        assert_eq!(said["value"], why.text(Language::English), "{said:#}");
    };
    // The way to the telephone system is not there yet: however often somebody presses, nothing is begun, and nothing used up.
    refused(WhyNot::PbxKey);
    refused(WhyNot::PbxKey);
    assert_eq!(originates(), 0);
    let secret = teams.program.dir.path().join("secrets/pbx-password");
    std::fs::write(secret, "s3cret-canary\n").unwrap();
    // Then the toll allows one call at a time, and a colleague has it.
    let new = json!({"agent": "ben", "to": "+4942155599", "through": "office", "correlation": "click-0001"});
    assert_eq!(teams.program.post_json("/dial", &new).0, 201);
    teams.program.wait_for("/dial", |_| asterisk.lock().unwrap().state);
    refused(WhyNot::TooManyAtOnce);
    assert_eq!(originates(), 1, "the colleague's alone");
    assert_eq!(teams.program.delete("/dial/click-0001?agent=ben"), 200);
    teams.program.wait_for_metric("switchroom_calls_carried 0");
    // The same button of the same card.
    let called = press();
    assert_eq!(called["type"], "application/vnd.microsoft.card.adaptive", "{called:#}");
    let digits: String = title.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(texts(&called["value"]), [format!("Calling +{digits}")]);
    teams.program.wait_for("/dial", |_| (originates() == 2).then_some(()));
    // And once a call has begun by it, it is used up.
    let twice = press();
    assert_eq!(twice["value"], Said::Twice.text(Language::English), "{twice:#}");
    assert_eq!(originates(), 2);
    teams.program.stop();
}
