//! The bot's cards: judged by the schema of Adaptive Cards, and drawn by Microsoft's own renderer in Chromium.

use crate::bot::{Teams, texts};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// A name that would be a link and bold if it were read as Markdown.
const TRICKY: &str = "[Eve](https://evil.example) **Adams** <img src=x>";

/// What the schema and the renderer make of cards: for each the faults, and what is drawn.
fn judged(cards: &[Value]) -> Vec<Value> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = here.join("tests/microsoft");
    assert!(
        folder.join("node_modules/adaptivecards").exists(),
        "make test does this: npm ci in {}",
        folder.display()
    );
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cards.json");
    std::fs::write(&path, json!(cards).to_string()).unwrap();
    let output = Command::new("node")
        .arg(folder.join("cards.mjs"))
        .arg(&path)
        .arg(here.join("../../third_party/adaptive-cards/adaptive-card-1.5.json"))
        .output()
        .expect("node is installed");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&said).unwrap()
}

#[test]
fn cards_follow_the_schema_and_are_drawn_as_they_were_meant() {
    let teams = Teams::start(40, "");
    let fields = json!({"displayName": TRICKY, "givenName": "Eve", "surname": "Adams", "userType": "Member",
        "userPrincipalName": "eve@bikes.example", "accountEnabled": true});
    teams.m.with(|m, now| m.add_person(now, &teams.tenant, fields.as_object().cloned().unwrap()).unwrap());
    let small = teams.m.with(|m, now| {
        let d = m.tenant(&teams.tenant).unwrap().directory();
        let who = [d.id(0), d.id(1), d.id(40)];
        m.add_bot_to_people(now, crate::bot::APP, &teams.tenant, "Small", &who).unwrap()
    });
    teams.heard(&small, 1);
    teams.say(&small, 0, "list");
    let list = teams.heard(&small, 2);
    teams.say(&small, 0, "call +49301234567");
    let number = teams.heard(&small, 3);
    let large = teams.chat(40);
    teams.say(&large, 0, "list");
    let page = teams.heard(&large, 2);
    teams.program.stop();

    let cards = [list, number, page];
    let seen = judged(&cards);
    for (card, seen) in cards.iter().zip(&seen) {
        assert_eq!(seen["faults"], json!([]), "{card:#}");
        assert_eq!(seen["links"], 0, "a name is no link: {seen:#}");
        for text in texts(card) {
            assert!(seen["text"].as_str().unwrap().contains(&text), "{text:?} is not drawn: {seen:#}");
        }
        assert!(card.to_string().len() < 28_000, "{}", card.to_string().len());
    }
    assert!(seen[0]["text"].as_str().unwrap().contains(TRICKY));
    assert_eq!(seen[0]["buttons"], json!(["Call", "Call", "Show numbers"]));
    assert_eq!(seen[1]["buttons"], json!(["Call"]));
    assert_eq!(seen[2]["buttons"].as_array().unwrap().len(), 22);
    // What a button of the first card hands on when it is pressed is what the bot put into it.
    let pressed = &seen[0]["pressed"];
    assert_eq!(
        (&pressed["type"], pressed["data"]["msteams"]["type"].as_str()),
        (&json!("Action.Submit"), Some("task/fetch"))
    );
}
