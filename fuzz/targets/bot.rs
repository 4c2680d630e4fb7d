//! What is posted to the bot, or somebody in the Bot Connector's name: nothing that is read prints a person or a text, and
//! whatever stands in an activity, a list of members or a button, the cards made of it stay small, carry no markup of others
//! and open for nobody else.
#![no_main]

use libfuzzer_sys::fuzz_target;
use redact::Secret;
use teams::bot::cards::{self, MOST_ROWS, Numbers, PersonRow};
use teams::bot::{
    Activity, ActivityKind, BotCloud, BotRules, Command, Dialled, Invoke, Language, MembersPage, Press, Presses,
    Said, ServiceFault, Wish,
};
use teams::entra::KeySet;
use teams::{Reply, Time};

const NOW: Time = Time::from_secs(1_795_168_800);
const APP: &str = "5c0de000-0000-4000-8000-00000000b070";
const PERSON: &str = "11111111-1111-1111-1111-111111111111";

fn presses() -> Presses {
    Presses::new(&Secret::new([7; 32])).expect("a key")
}

fn activity(data: &[u8]) {
    let Ok(read) = Activity::read(data) else { return };
    assert!(!read.conversation.room().contains(';') && read.conversation.id.is_ascii());
    assert!(read.text.expose_secret().chars().count() <= 1_000);
    let cloud = BotCloud::named("worldwide").expect("a known cloud");
    // Nothing is answered at a host that is not the Bot Connector's.
    if cloud.trusts(&read.service_url) {
        let url = read.service_url.to_lowercase();
        assert!(url.starts_with("https://smba."), "{url}");
    }
    let rules = BotRules { app_id: APP.into(), issuer: cloud.issuer.clone() };
    assert!(rules.check(&KeySet::default(), NOW, "a.b.c", &read).is_err(), "nobody signed it");
    let value = read.value.expose_secret();
    if let ActivityKind::Invoke(name) = &read.kind {
        pressed(Invoke::read(name, value));
    }
    if let Some(sealed) = read.pressed() {
        assert!(presses().open(NOW, &sealed, PERSON, "19:c").is_err(), "nobody sealed it");
    }
    command(read.text.expose_secret());
}

fn pressed(invoke: Option<Invoke>) {
    let sealed = match invoke {
        Some(Invoke::Card { sealed, .. } | Invoke::OpenDialog(sealed)) => sealed,
        _ => None,
    };
    if let Some(sealed) = sealed {
        assert!(sealed.len() <= 4_096);
        assert!(presses().open(NOW, &sealed, PERSON, "19:c").is_err(), "nobody sealed it");
    }
}

fn command(text: &str) {
    match Command::read(text) {
        Command::Call(Dialled::Number(number)) => {
            let number = number.expose_secret();
            assert!(number.chars().count() <= 100 && number.chars().any(|c| c.is_ascii_digit()), "{number}");
        }
        Command::Call(wanted @ Dialled::Name(_)) => drop(wanted.fits(text)),
        _ => {}
    }
}

fn members(data: &[u8]) {
    let reply = Reply::new(200, data);
    let Ok(page) = MembersPage::read(Some(&reply)) else { return };
    let mut rows: Vec<PersonRow> = Vec::new();
    for member in &page.members {
        let name = member.name.expose_secret();
        assert!(!name.chars().any(char::is_control) && name.chars().count() <= 256, "{name:?}");
        rows.push(PersonRow {
            name: member.name.clone(),
            numbers: vec![(Said::Business, Secret::new("+12015550199".into()), "s".repeat(300))],
            open: member.object.clone(),
            ..PersonRow::default()
        });
    }
    let card = cards::people(Language::German, "T", &rows, Numbers::Dialog("d"), page.next.as_deref().map(|_| "m"));
    let drawn = card["body"].as_array().map_or(0, Vec::len);
    assert!(drawn <= 1 + MOST_ROWS && card.to_string().len() < 100 * 1024, "{drawn}");
    // A name stands in a run of text, where no mark means anything.
    let blocks = card.to_string().matches("\"TextBlock\"").count();
    let named = rows.iter().filter(|r| r.name.expose_secret().contains("TextBlock")).count();
    assert!(blocks <= named);
    for status in [201, 401, 403, 412, 429, 500] {
        let _ = ServiceFault::of(Some(&Reply::new(status, data)));
    }
}

fn button(text: &str) {
    let mut presses = presses();
    let press = Press {
        wish: Wish::Call(Secret::new(text.chars().take(200).collect())),
        owner: PERSON.into(),
        room: "19:c".into(),
        at: NOW.0,
        id: 1,
    };
    let Some(sealed) = presses.seal(&press) else { return };
    assert!(presses.open(NOW, &sealed, "somebody", "19:c").is_err());
    assert!(presses.open(NOW, &sealed, PERSON, "19:d").is_err());
    // Changed in one place, it is none of ours.
    let mut changed = sealed.clone().into_bytes();
    let place = text.len() % changed.len();
    changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8_lossy(&changed).into_owned();
    assert!(changed == sealed || presses.open(NOW, &changed, PERSON, "19:c").is_err());
    assert!(presses.open(NOW, &sealed, PERSON, "19:c").is_ok());
    assert!(presses.open(NOW, &sealed, PERSON, "19:c").is_err(), "twice");
}

fuzz_target!(|data: &[u8]| {
    let Some((which, data)) = data.split_first() else { return };
    match which % 4 {
        0 => activity(data),
        1 => members(data),
        2 => {
            if let Ok(text) = std::str::from_utf8(data) {
                command(text);
                button(text);
            }
        }
        _ => {
            let value = serde_json::from_slice(data).unwrap_or_default();
            for name in ["adaptiveCard/action", "task/fetch", "task/submit", "signin/tokenExchange"] {
                pressed(Invoke::read(name, &value));
            }
        }
    }
});
