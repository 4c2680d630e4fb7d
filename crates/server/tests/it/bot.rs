//! The bot in Teams, with a simulated Bot Connector as its far end: commands in chats, channels and personal conversations.

use crate::desk::Desk;
use crate::microsoft_io::{self, Running};
use crate::program::{Program, look_again};
use crate::searched::nowhere;
use serde_json::{Value, json};
use sim::microsoft::bot::Answer;
use sim::microsoft::{Holder, Microsoft, Registration, TenantPlan};
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
    /// A connector's tenant of so many people, described by these lines more.
    pub fn start(people: u32, lines: &str) -> Teams {
        Teams::start_as(people, |tenant, _| {
            format!(
                "kind: Tenant\nid: test\nname: Harbour Bikes\nprofile: connector\nmicrosoft: {tenant}\ncountry: DE\n{lines}"
            )
        })
    }

    /// A tenant of so many people, described by what comes of its directory and the first person's id.
    pub fn start_as(people: u32, describe: impl Fn(&str, &str) -> String) -> Teams {
        Teams::begin(people, describe, &|_: &std::path::Path| {}, "", false)
    }

    /// The same, where the API is asked with an owner's token.
    pub fn start_as_owner(people: u32, describe: impl Fn(&str, &str) -> String) -> Teams {
        Teams::begin(people, describe, &|_: &std::path::Path| {}, "", true)
    }

    /// The same, once the server's folder was prepared, with these lines more in `[microsoft]` and behind it.
    pub fn start_with(
        people: u32,
        describe: impl Fn(&str, &str) -> String,
        prepare: &dyn Fn(&std::path::Path),
        more: &str,
    ) -> Teams {
        Teams::begin(people, describe, prepare, more, false)
    }

    fn begin(
        people: u32,
        describe: impl Fn(&str, &str) -> String,
        prepare: &dyn Fn(&std::path::Path),
        more: &str,
        owner: bool,
    ) -> Teams {
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
        let first = m.with(|m, _| m.tenant(DOMAIN).unwrap().directory().id(0));
        let text = describe(&tenant, &first);
        let first = Program::start(&[("tenant.yaml", &text)]);
        let dir = first.dir.clone();
        first.stop();
        prepare(dir.path());
        let secret = dir.path().join("app-secret");
        std::fs::write(&secret, "s3cret\n").unwrap();
        let file = dir.path().join("switchroom.toml");
        let mut config = std::fs::read_to_string(&file).unwrap();
        let (base, secret) = (m.base(), secret.display());
        config += &format!(
            "[microsoft]\nlogin = \"{base}\"\ngraph = \"{base}\"\nbot_connector = \"{base}/bot\"\nbot_app = \"{APP}\"\n\
             bot_tenant = \"{tenant}\"\nbot_secret_file = \"{secret}\"\n{more}"
        );
        std::fs::write(&file, config).unwrap();
        let token = owner.then(|| Program::token(dir.path(), "test", "owner"));
        let mut program = Program::start_again(dir);
        program.set_token(token.unwrap_or_default());
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
    assert_eq!(
        url,
        format!("http://{}/call?tenant=test#scheme=tel&number=%2B49301234567", teams.program.http)
    );
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

#[test]
fn after_use_nobody_is_found_on_disk_in_the_log_or_in_metrics() {
    let teams = Teams::start(60, "");
    let chat = teams.chat(40);
    let names: Vec<String> = (0..40).map(|p| teams.name(p)).collect();
    let written =
        ["list", "help", "call +49 30 9988776", "call *21*0309988775#", "what about Wilhelmine Stieglitz"];
    for (n, text) in written.iter().enumerate() {
        teams.say(&chat, 0, text);
        teams.heard(&chat, n + 2);
    }
    teams.say(&chat, 0, &format!("call {}", names[7]));
    let card = teams.heard(&chat, written.len() + 2);
    teams.press(&chat, 0, &card, "Call", 0);
    teams.press(&chat, 1, &card, "Call", 0);
    // What cannot be sent is logged too.
    teams.m.with(|m, _| m.block_bot(&chat, true));
    let post = teams.say(&chat, 0, "call +49 30 9988774");
    assert_eq!(teams.answer(post).status, Some(200));
    let until = Instant::now() + Duration::from_secs(20);
    while !teams.program.log.lock().unwrap().contains("bot_unsent") {
        assert!(Instant::now() < until, "nothing is said of what could not be sent");
        look_again();
    }
    let metrics = teams.program.admin("/metrics");
    assert!(metrics.contains("switchroom_bot_messages_total{result=\"unsent\"} 1"), "{metrics}");
    assert_eq!(teams.m.with(|m, _| m.graph_requests()), 0, "the server asks Graph for nothing of anybody");
    let people: Vec<String> = (0..40).map(|p| teams.person(p)).collect();
    let dir = teams.program.dir.clone();
    let canaries: Vec<&str> = names
        .iter()
        .chain(&people)
        .map(String::as_str)
        .chain(["9988776", "9988775", "9988774", "Wilhelmine", "Stieglitz", chat.as_str()])
        .collect();
    nowhere(dir.path(), &[("the metrics", metrics.as_bytes())], &canaries);
    let log = teams.program.stop();
    nowhere(dir.path(), &[("the log", log.as_bytes())], &canaries);
}

#[test]
fn microsofts_limits_are_kept_and_what_is_refused_for_a_while_comes_later() {
    let teams = Teams::start(40, "");
    let chat = teams.chat(5);
    // Half of what Microsoft allows: so some are refused, and come a little later.
    teams.m.with(|m, _| m.tighten_bots(2));
    for n in 0..8 {
        teams.say(&chat, 0, "help");
        teams.heard(&chat, n + 2);
    }
    let log = teams.program.log.lock().unwrap().clone();
    assert!(!log.contains("bot_unsent"), "{log}");
    // A bot that was removed is silent there, and works again once it was added again.
    teams.m.with(|m, _| m.block_bot(&chat, true));
    teams.say(&chat, 0, "help");
    let until = Instant::now() + Duration::from_secs(20);
    while !teams.program.log.lock().unwrap().contains("was removed or blocked") {
        assert!(Instant::now() < until);
        look_again();
    }
    teams.program.stop();
}

#[test]
fn a_chat_of_five_thousand_is_listed_page_by_page() {
    let teams = Teams::start(5_000, "");
    let chat = teams.chat(5_000);
    teams.say(&chat, 0, "list");
    let mut card = teams.heard(&chat, 2);
    assert_eq!(texts(&card)[0], "People here: 4999");
    assert!(card.to_string().len() < 28_000);
    for n in 1..4 {
        card = teams.press(&chat, 0, &card, "More", 0).body["value"].take();
        assert_eq!(texts(&card)[1], teams.name(n * 20 + 1));
    }
    teams.program.stop();
}

#[test]
fn an_organisation_that_is_not_connected_is_told_so() {
    let teams = Teams::start(20, "");
    let other = teams.m.with(|m, _| {
        let plan = TenantPlan {
            name: "Elsewhere".into(),
            domain: "elsewhere.example".into(),
            country: "DE".into(),
            people: 8,
            named: Vec::new(),
        };
        m.add_tenant(&plan).unwrap()
    });
    let (chat, who) = teams.m.with(|m, now| {
        let who: Vec<String> = (0..4).map(|p| m.tenant(&other).unwrap().directory().id(p)).collect();
        (m.add_bot_to_people(now, APP, &other, "Elsewhere", &who).unwrap(), who[0].clone())
    });
    teams.m.with(|m, now| m.say(now, &chat, &who, "list").unwrap());
    assert!(teams.heard(&chat, 1).is_string());
    teams.program.stop();
}

#[test]
fn numbers_stand_on_the_card_after_signing_in_and_graph_is_asked_in_no_other_case() {
    let teams = Teams::start(60, "features: {bot-numbers: true}\n");
    let bare = json!({"displayName": "Nora Bare", "userType": "Member", "userPrincipalName": "nora@bikes.example",
        "accountEnabled": true, "businessPhones": [], "mobilePhone": null});
    teams.m.with(|m, now| m.add_person(now, &teams.tenant, bare.as_object().cloned().unwrap()).unwrap());
    let chat = teams.m.with(|m, now| {
        let d = m.tenant(&teams.tenant).unwrap().directory();
        let who: Vec<String> = (0..8).chain([60]).map(|p| d.id(p)).collect();
        m.add_bot_to_people(now, APP, &teams.tenant, "Spring sale", &who).unwrap()
    });
    teams.heard(&chat, 1);
    let asked_graph = || teams.m.with(|m, _| m.graph_requests());
    teams.say(&chat, 0, "list");
    let card = teams.heard(&chat, 2);
    let asked = teams.press(&chat, 0, &card, "Show numbers", 0).body;
    assert_eq!(
        (&asked["statusCode"], asked["type"].as_str().unwrap()),
        (&json!(401), "application/vnd.microsoft.activity.loginRequest")
    );
    let uri = asked["value"]["tokenExchangeResource"]["uri"].as_str().unwrap();
    assert_eq!(uri, format!("api://{}/botid-{APP}", teams.program.http));
    let with_token = |place: u32, token: &str| {
        let who = teams.person(place);
        let post = teams
            .m
            .with(|m, now| m.press_with_token(now, &chat, &who, &card, "Show numbers", token).unwrap());
        teams.answer(post).body
    };
    let token_of = |place: u32| {
        let who = teams.person(place);
        teams.m.with(|m, now| m.token_for_bot(now, &chat, &who).unwrap())
    };
    // Nobody has agreed yet; a token of somebody else, and one that is none.
    for token in [token_of(0), token_of(1), "x.y.z".into()] {
        let refused = with_token(0, &token);
        assert_eq!(refused["statusCode"], 412, "{refused:#}");
    }
    assert_eq!(asked_graph(), 0, "Graph was asked for nothing so far");
    teams.m.with(|m, _| m.grant(&teams.tenant, APP, "User.Read.All", Holder::Delegated));
    let shown = with_token(0, &token_of(0));
    assert_eq!(shown["type"], "application/vnd.microsoft.card.adaptive", "{shown:#}");
    let numbers: Vec<String> = (1..8)
        .flat_map(|p| {
            teams.m.with(|m, _| {
                let d = m.tenant(&teams.tenant).unwrap().directory();
                let business = d.field(p, "businessPhones");
                let mobile = d.field(p, "mobilePhone");
                business
                    .as_array()
                    .into_iter()
                    .flatten()
                    .take(2)
                    .chain(std::iter::once(&mobile))
                    .filter_map(|n| n.as_str().map(String::from))
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    let text = texts(&shown["value"]).join("\n");
    assert!(!numbers.is_empty());
    assert!(numbers.iter().filter(|n| text.contains(n.as_str())).count() > 3, "{numbers:?} {text}");
    assert_eq!(asked_graph(), 1, "one batch for one card");
    let nora = text.split('\n').skip_while(|line| *line != "Nora Bare").nth(1);
    assert_eq!(nora, Some("no number"), "{text}");
    teams.program.stop();
}

#[test]
fn a_call_asked_for_in_teams_rings_the_persons_own_phone_and_then_the_other_side() {
    let mut desk = Desk::new();
    let at = desk.addr;
    let teams = Teams::start_as(40, |tenant, first| {
        format!(
            "kind: Tenant\nid: test\nprofile: contact-center\nmicrosoft: {tenant}\ncountry: DE\nfeatures: {{bot: true}}\n\
             dial: {{allow: [\"+49\"], deny: [\"+49900\"]}}\n---\n\
             kind: Trunk\nid: carrier\nnetworks: [127.0.0.0/8]\naddress: \"sip:{at}\"\noutbound: true\n---\n\
             kind: User\nid: anna\nroles: [agent]\nphone: \"sip:anna@{at}\"\nmicrosoft: {first}\nat_start: available\n"
        )
    });
    let chat = teams.chat(5);
    // What may not be called is not, before anything rings.
    teams.say(&chat, 0, "call 0900 123456");
    assert!(teams.heard(&chat, 2).is_string());
    let post = teams.say(&chat, 0, "call 0421 555 99");
    let (you, user) = desk.rings();
    assert_eq!(user, "anna");
    assert_eq!(texts(&teams.heard(&chat, 3)), ["Calling +4942155599"]);
    // The same activity again rings nobody.
    let again = teams.m.with(|m, _| m.post_again(post).unwrap());
    assert_eq!(teams.answer(again).status, Some(200));
    desk.answer(you, 440);
    let (them, called) = desk.rings();
    assert_eq!(called, "+4942155599");
    desk.answer(them, 1000);
    desk.hears(you, 1000);
    desk.hears(them, 440);
    desk.hang_up(you);
    desk.ended(them);
    teams.program.stop();
}

#[test]
fn without_the_tab_the_bot_lists_people_and_opens_no_dialog() {
    let teams = Teams::start(40, "features: {tab: false}\n");
    let chat = teams.chat(5);
    teams.say(&chat, 0, "list");
    let card = teams.heard(&chat, 2);
    let mut expected: Vec<String> = (1..5).map(|p| teams.name(p)).collect();
    expected.insert(0, "People here: 4".into());
    assert_eq!(texts(&card), expected, "nobody knows here that they have no number: {card:#}");
    assert!(!card.to_string().contains("task/fetch"), "{card:#}");
    // A number can be called as before.
    teams.say(&chat, 0, "call +49 30 1234567");
    assert_eq!(texts(&teams.heard(&chat, 3)), ["Call +49301234567"]);
    teams.program.stop();
}

#[test]
fn a_refusal_is_said_in_the_readers_language() {
    let lines = "languages: [de]\ndial: {allow: [\"+49\"]}\ntoll: {allowed_countries: [DE]}\n";
    let teams = Teams::start(40, lines);
    let chat = teams.chat(5);
    for (n, (number, why)) in [
        ("+44 20 7946 0123", "Ihre Organisation ruft keine Nummern an, die so beginnen."),
        ("+49 900 1234567", "Ihre Organisation ruft keine teuren Sonderrufnummern an."),
    ]
    .into_iter()
    .enumerate()
    {
        teams.say(&chat, 0, &format!("ruf {number}"));
        let expected = format!("Diese Nummer wird nicht angerufen: {why}");
        assert_eq!(teams.heard(&chat, n + 2), json!(expected), "{number}");
    }
    teams.program.stop();
}
