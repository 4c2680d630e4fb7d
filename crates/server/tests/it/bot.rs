//! The bot in Teams, with a simulated Bot Connector as its far end: commands in chats, channels and personal conversations.

use crate::microsoft_io::{self, Running};
use crate::program::{Program, look_again};
use serde_json::{Value, json};
use sim::microsoft::bot::Answer;
use sim::microsoft::{Microsoft, Registration, TenantPlan};
use std::time::{Duration, Instant};

pub const DOMAIN: &str = "bikes.example";
pub const APP: &str = "5c0de000-0000-4000-8000-00000000b070";

/// A server with a bot, and the simulated tenant whose people speak with it.
pub struct Teams {
    pub m: Running,
    pub program: Program,
    pub tenant: String,
}

impl Teams {
    /// A tenant of so many people, described by these lines more.
    pub fn start(people: u32, lines: &str) -> Teams {
        let make = |base: &str| {
            let mut m = Microsoft::new(base, 11);
            let plan = TenantPlan {
                name: "Harbour Bikes".into(),
                domain: DOMAIN.into(),
                country: "DE".into(),
                people,
                named: Vec::new(),
            };
            let id = m.add_tenant(&plan).unwrap();
            m.register(Registration::new(APP, "Harbour Calls", &id).with_secret("s3cret"));
            m.stand_still(&id, true);
            m
        };
        let m = microsoft_io::start(([127, 0, 0, 1], 0).into(), None, make).unwrap();
        let tenant = m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
        let text = format!(
            "kind: Tenant\nid: test\nname: Harbour Bikes\nprofile: connector\nmicrosoft: {tenant}\ncountry: DE\n{lines}"
        );
        let first = Program::start(&[("tenant.yaml", &text)]);
        let dir = first.dir.clone();
        first.stop();
        let secret = dir.path().join("app-secret");
        std::fs::write(&secret, "s3cret\n").unwrap();
        let file = dir.path().join("switchroom.toml");
        let mut config = std::fs::read_to_string(&file).unwrap();
        let (base, secret) = (m.base(), secret.display());
        config += &format!(
            "[microsoft]\nlogin = \"{base}\"\ngraph = \"{base}\"\nbot_connector = \"{base}/bot\"\nbot_app = \"{APP}\"\n\
             bot_tenant = \"{tenant}\"\nbot_secret_file = \"{secret}\"\n"
        );
        std::fs::write(&file, config).unwrap();
        let program = Program::start_again(dir);
        let endpoint = format!("http://{}/api/messages", program.http);
        m.with(|m, _| m.register_bot(APP, "Harbour Calls", &endpoint));
        Teams { m, program, tenant }
    }

    /// A chat of the first so many people of the tenant, with the bot, which has said hello.
    pub fn chat(&self, people: u32) -> String {
        let id = self.m.with(|m, now| {
            let directory = m.tenant(&self.tenant).unwrap().directory();
            let who: Vec<String> = (0..people).map(|p| directory.id(p)).collect();
            m.add_bot_to_people(now, APP, &self.tenant, "Spring sale", &who).unwrap()
        });
        self.heard(&id, 1);
        id
    }

    /// The person at a place: object id.
    pub fn person(&self, place: u32) -> String {
        self.m.with(|m, _| m.tenant(&self.tenant).unwrap().directory().id(place))
    }

    /// The name of the person at a place.
    pub fn name(&self, place: u32) -> String {
        self.m.with(|m, _| m.tenant(&self.tenant).unwrap().directory().display(place))
    }

    /// Somebody writes; the number of the post.
    pub fn say(&self, chat: &str, place: u32, text: &str) -> u64 {
        let who = self.person(place);
        self.m.with(|m, now| m.say(now, chat, &who, text).unwrap())
    }

    /// What the bot has said in a chat, once it has said so much: the text or the card of the newest.
    #[track_caller]
    pub fn heard(&self, chat: &str, messages: usize) -> Value {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let said = self.m.with(|m, _| {
                let c = m.conversation(chat).unwrap();
                let own: Vec<_> = c.messages.iter().filter(|m| m.by.is_none()).collect();
                let newest = own.last().map(|m| m.card.clone().unwrap_or_else(|| m.text.clone().into()));
                (own.len(), newest)
            });
            if said.0 >= messages {
                assert_eq!(said.0, messages, "it said more than was asked for");
                return said.1.unwrap();
            }
            assert!(
                Instant::now() < until,
                "the bot says nothing: {said:?} {}",
                self.program.log.lock().unwrap()
            );
            look_again();
        }
    }

    /// What the bot answers to a post.
    #[track_caller]
    pub fn answer(&self, post: u64) -> Answer {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(answer) = self.m.with(|m, _| m.bot_answer(post).cloned()) {
                return answer;
            }
            assert!(Instant::now() < until, "no answer came");
            look_again();
        }
    }

    /// Somebody presses a button, the `nth` of its title.
    #[track_caller]
    pub fn press(&self, chat: &str, place: u32, card: &Value, title: &str, nth: usize) -> Answer {
        let who = self.person(place);
        let post = self.m.with(|m, now| m.press(now, chat, &who, card, title, nth));
        self.answer(post.unwrap_or_else(|| panic!("no button {title:?} on {card:#}")))
    }
}

/// Every text of a card, in its order.
pub fn texts(card: &Value) -> Vec<String> {
    match card {
        Value::Object(o) => {
            let own = o.get("text").and_then(Value::as_str).map(String::from);
            own.into_iter()
                .chain(
                    ["body", "columns", "items", "inlines"].iter().filter_map(|n| o.get(*n)).flat_map(texts),
                )
                .collect()
        }
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_list_in_a_chat_is_a_card_with_its_people() {
    let teams = Teams::start(40, "");
    let chat = teams.chat(5);
    let post = teams.say(&chat, 0, "list");
    let card = teams.heard(&chat, 2);
    let mut expected: Vec<String> = (1..5).map(|p| teams.name(p)).collect();
    expected.insert(0, "People here: 4".into());
    assert_eq!(texts(&card), expected, "{card:#}");
    assert_eq!(teams.answer(post).status, Some(200));

    // The same activity again is ignored, and another command is heard after it.
    let again = teams.m.with(|m, _| m.post_again(post).unwrap());
    assert_eq!(teams.answer(again).status, Some(200));
    teams.say(&chat, 0, "ruf +49 30 1234567 an");
    let card = teams.heard(&chat, 3);
    assert_eq!(texts(&card), ["Call +49301234567"]);
    let url = card["actions"][0]["url"].as_str().unwrap();
    assert_eq!(url, format!("http://{}/call#scheme=tel&number=%2B49301234567", teams.program.http));
    let metrics = teams.program.admin("/metrics");
    assert!(metrics.contains("switchroom_bot_activities_total{result=\"again\"} 1"), "{metrics}");
    teams.program.stop();
}

#[test]
fn buttons_open_the_dialog_for_their_owner_only() {
    let teams = Teams::start(40, "");
    let chat = teams.chat(30);
    teams.say(&chat, 0, "list");
    let card = teams.heard(&chat, 2);
    let answer = teams.press(&chat, 0, &card, "Call", 2);
    let dialog = &answer.body["task"]["value"];
    let expected = format!("http://{}/connector?tenant=test#person={}", teams.program.http, teams.person(3));
    assert_eq!((answer.status, dialog["url"].as_str()), (Some(200), Some(expected.as_str())));
    let other = teams.press(&chat, 1, &card, "Call", 2);
    assert_eq!(other.body["task"]["type"], "message");
    assert!(other.body["task"]["value"].as_str().unwrap().contains("somebody else"), "{other:?}");

    // The next page comes in the place of the first, for its owner.
    let page = teams.press(&chat, 0, &card, "More", 0).body;
    assert_eq!(page["type"], "application/vnd.microsoft.card.adaptive");
    assert_eq!(texts(&page["value"]).len(), 1 + 9);
    let other = teams.press(&chat, 1, &card, "More", 0).body;
    assert_eq!(other["type"], "application/vnd.microsoft.activity.message");

    // What is not known is said to be so, and what was changed opens nothing.
    let who = teams.person(0);
    let invoke = |name: &str, value: Value| {
        let post = teams.m.with(|m, now| m.invoke_bot(now, &chat, &who, name, &value).unwrap());
        teams.answer(post)
    };
    assert_eq!(invoke("composeExtension/query", json!({})).status, Some(501));
    let changed = invoke("task/fetch", json!({"data": {"switchroom": "AAAA"}}));
    assert!(changed.body["task"]["value"].as_str().unwrap().contains("out of date"), "{changed:?}");
    teams.program.stop();
}

#[test]
fn it_speaks_the_readers_language_in_every_kind_of_conversation() {
    let teams = Teams::start(40, "languages: [de, en]\n");
    let who = (0..40).find(|p| {
        teams.m.with(|m, _| {
            let d = m.tenant(&teams.tenant).unwrap().directory();
            d.field(*p, "preferredLanguage").as_str().is_none_or(|l| !l.starts_with("en"))
                && d.field(*p, "userType") == "Member"
        })
    });
    let who = teams.person(who.unwrap());
    let personal = teams.m.with(|m, now| m.install_bot(now, APP, &teams.tenant, &who).unwrap());
    assert!(teams.heard(&personal, 1).as_str().unwrap().starts_with("Hallo."));
    teams.m.with(|m, now| m.say(now, &personal, &who, "hilfe").unwrap());
    assert!(teams.heard(&personal, 2).as_str().unwrap().contains("**Liste**"));
    teams.m.with(|m, now| m.say(now, &personal, &who, "call *21*0301234#").unwrap());
    assert!(teams.heard(&personal, 3).as_str().unwrap().starts_with("Diese Nummer wird nicht angerufen"));

    let team = teams.m.with(|m, _| m.teams_and_chats(&teams.tenant).0[0].clone());
    let channel = teams.m.with(|m, now| m.add_bot_to_channel(now, APP, &teams.tenant, &team, 0).unwrap());
    teams.heard(&channel, 1);
    teams.say(&channel, 0, "list");
    let card = teams.heard(&channel, 2);
    assert!(texts(&card).len() > 3, "{card:#}");

    // Who has no such name, and who has.
    let name = teams.name(8);
    let first = name.split(' ').next().unwrap();
    let chat = teams.chat(10);
    teams.say(&chat, 0, &format!("call {first}"));
    assert!(texts(&teams.heard(&chat, 2)).contains(&name));
    teams.say(&chat, 0, "call Zzyzx");
    assert!(teams.heard(&chat, 3).is_string());
    teams.program.stop();
}
