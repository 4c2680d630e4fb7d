//! The bot in each kind of conversation, and the people in it: threads of channels, personal conversations, guests.

use crate::bot::{APP, Teams, texts};
use serde_json::{Value, json};

/// Whoever reads, it is in English.
const ENGLISH: &str = "languages: [en]\n";

/// The buttons' titles of a card, in any order.
fn titles(card: &Value) -> Vec<String> {
    let found = sim::microsoft::bot::buttons(card);
    found.iter().filter_map(|b| b["title"].as_str().map(String::from)).collect()
}

#[test]
fn a_channel_is_answered_in_its_thread_with_the_people_of_the_channel() {
    let teams = Teams::start(60, ENGLISH);
    let (team, people) = teams.m.with(|m, now| {
        let team = m.teams_and_chats(&teams.tenant).0[0].clone();
        let channel = m.add_bot_to_channel(now, APP, &teams.tenant, &team, 0).unwrap();
        let people = m.conversation(&channel).unwrap().members.clone();
        (channel, people)
    });
    teams.heard(&team, 1);
    assert!(people.len() > 2, "{people:?}");
    let (reader, other) = (people[0], people[1]);
    teams.say(&team, reader, "list");
    let card = teams.heard(&team, 2);
    let shown = texts(&card);
    assert_eq!(shown[0], format!("People here: {}", people.len() - 1));
    for place in people.iter().skip(1).take(10) {
        assert!(shown.contains(&teams.name(*place)), "{shown:?}");
    }
    // The answer stands below what was asked, not at the end of the channel.
    let (asked, answered) = teams.m.with(|m, _| {
        let c = m.conversation(&team).unwrap();
        let asked = c.messages.iter().rev().find(|m| m.by.is_some()).unwrap().thread.clone();
        (asked, c.newest_of_bot().unwrap().thread.clone())
    });
    assert!(asked.is_some() && asked == answered, "{asked:?} {answered:?}");
    // A button of the card belongs to its reader, from whichever thread it is pressed.
    let dialog = teams.press(&team, reader, &card, "Call", 0).body;
    assert_eq!(dialog["task"]["type"], "continue", "{dialog}");
    let dialog = teams.press(&team, other, &card, "Call", 0).body;
    assert_eq!(dialog["task"]["type"], "message", "{dialog}");
    teams.program.stop();
}

#[test]
fn a_person_alone_with_the_bot_calls_a_number_and_nobody_else_is_listed() {
    let teams = Teams::start(40, ENGLISH);
    let who = teams.person(0);
    let room = teams.m.with(|m, now| m.install_bot(now, APP, &teams.tenant, &who).unwrap());
    teams.heard(&room, 1);
    let say = |text: &str, messages: usize| {
        teams.m.with(|m, now| m.say(now, &room, &who, text).unwrap());
        teams.heard(&room, messages)
    };
    assert_eq!(texts(&say("list", 2)), ["People here: 0"]);
    let card = say("call +49 421 555 99", 3);
    assert_eq!(texts(&card), ["Call +4942155599"]);
    assert!(card["actions"][0]["url"].as_str().unwrap().contains("/call?tenant=test#scheme=tel"), "{card}");
    assert!(say(&format!("call {}", teams.name(3)), 4).is_string(), "who is not here is not found");
    // Installed again after it was removed, it answers again.
    teams.m.with(|m, _| m.block_bot(&room, true));
    teams.m.with(|m, _| m.block_bot(&room, false));
    assert!(say("help", 5).is_string());
    teams.program.stop();
}

#[test]
fn guests_are_named_as_such_and_call_nobody() {
    let teams = Teams::start(40, ENGLISH);
    let person = |name: &str, kind: &str, upn: &str| {
        let fields = json!({"displayName": name, "givenName": name, "surname": "X", "userType": kind,
            "userPrincipalName": upn, "accountEnabled": true});
        let fields = fields.as_object().cloned().unwrap();
        teams.m.with(|m, now| m.add_person(now, &teams.tenant, fields).unwrap())
    };
    person("Gisela", "Guest", "gisela_partner.example#EXT#@bikes.example");
    person("Norbert", "Member", "norbert@bikes.example");
    let chat = teams.m.with(|m, now| {
        let d = m.tenant(&teams.tenant).unwrap().directory();
        let who = [d.id(0), d.id(40), d.id(41)];
        m.add_bot_to_people(now, APP, &teams.tenant, "Fair", &who).unwrap()
    });
    teams.heard(&chat, 1);
    // Nobody was asked for yet, so the Bot Connector is asked who writes.
    teams.say(&chat, 40, "call +49 421 555 99");
    let said = teams.heard(&chat, 2);
    assert!(said.as_str().is_some_and(|s| s.contains("Guests")), "{said}");
    teams.say(&chat, 0, "list");
    let card = teams.heard(&chat, 3);
    assert_eq!(texts(&card), ["People here: 2", "Gisela", "guest", "Norbert"]);
    assert_eq!(titles(&card).iter().filter(|t| *t == "Call").count(), 2);
    // Now it is known who is here.
    teams.say(&chat, 40, "call +49 421 555 99");
    assert!(teams.heard(&chat, 4).is_string());
    teams.say(&chat, 41, "call +49 421 555 99");
    assert!(teams.heard(&chat, 5).is_object());
    teams.program.stop();
}
