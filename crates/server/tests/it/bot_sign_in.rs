//! Signing in to the bot by messages: a token that the person's own client brings, consent that comes first, and the numbers.

use crate::bot::{APP, Teams, texts};
use serde_json::{Value, json};
use sim::microsoft::{Fault, Holder, Misbehaviour, Registration};

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

#[test]
fn numbers_are_not_written_where_guests_read_them() {
    let teams = Teams::start(60, "languages: [en]\nfeatures: {bot-numbers: true}\n");
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
    teams.m.with(|m, now| m.press_as_message(now, &chat, &who, &card, "Show numbers").unwrap());
    let said = teams.heard(&chat, 3);
    assert!(said.as_str().is_some_and(|s| s.contains("guests")), "{said}");
    teams.program.stop();
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
