//! A card that is pressed after a day, in a program whose clock goes on by a day while it runs.

use crate::bot::Teams;
use crate::program::CLOCK;
use serde_json::Value;
use std::path::Path;

/// More than a day, in hours.
const HOURS: u64 = 25;

#[test]
fn a_card_that_is_pressed_after_a_day_does_nothing_and_a_new_one_works() {
    let set = |dir: &Path, ahead: &str| {
        // In one step: the program may look at any moment.
        let new = dir.join("clock.new");
        std::fs::write(&new, format!("{ahead}\n")).unwrap();
        std::fs::rename(new, dir.join(CLOCK)).unwrap();
    };
    let describe = |tenant: &str, _: &str| {
        format!(
            "kind: Tenant\nid: test\nprofile: connector\nlanguages: [en]\nmicrosoft: {tenant}\ncountry: DE\n"
        )
    };
    let teams = Teams::start_with(40, describe, &|dir: &Path| set(dir, "+0"), "");
    let chat = teams.chat(30);
    teams.say(&chat, 0, "list");
    let card = teams.heard(&chat, 2);
    let me = teams.person(0);
    // Teams presses so much later than this machine's clock says.
    let presses = |ahead: u64, card: &Value, title: &str| {
        let post = teams.m.with(|m, now| m.press(now + ahead, &chat, &me, card, title, 0).unwrap());
        teams.answer(post).body
    };
    assert_eq!(presses(0, &card, "Call")["task"]["type"], "continue", "on the same day it opens the dialog");

    set(teams.program.dir.path(), &format!("+{HOURS}h"));
    let ahead = HOURS * 3_600_000;
    teams.m.with(|m, _| m.skew(ahead as i64));
    let answer = presses(ahead, &card, "Call");
    assert_eq!(answer["task"]["type"], "message", "{answer:#}");
    assert!(answer["task"]["value"].as_str().unwrap().contains("out of date"), "{answer:#}");
    let page = presses(ahead, &card, "More");
    assert_eq!(page["type"], "application/vnd.microsoft.activity.message", "{page:#}");
    assert!(page["value"].as_str().unwrap().contains("out of date"), "{page:#}");

    teams.m.with(|m, now| m.say(now + ahead, &chat, &me, "list").unwrap());
    let card = teams.heard(&chat, 3);
    assert_eq!(presses(ahead, &card, "Call")["task"]["type"], "continue", "a new one opens it");
    teams.program.stop();
}
