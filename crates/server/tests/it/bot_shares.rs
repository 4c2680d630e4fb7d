//! Two tenants with one bot: what Microsoft slows down for one of them holds up nobody of the other.

use crate::bot::{APP, Teams};
use crate::program::{Program, folder, run};
use sim::microsoft::{Fault, Misbehaviour, TenantPlan};
use std::time::{Duration, Instant};

const DOMAIN: &str = "slow.example";
/// People of a chat: more than stand on one card.
const PEOPLE: u32 = 30;
/// How long Teams waits for the answer to a button.
const WITHIN: Duration = Duration::from_secs(5);

/// A second tenant with the same bot, in the same server.
fn with_a_second(mut teams: Teams) -> (Teams, String) {
    let plan = TenantPlan {
        name: "Slow Boats".into(),
        domain: DOMAIN.into(),
        country: "DE".into(),
        people: PEOPLE + 1,
        named: Vec::new(),
    };
    let second = teams.m.with(|m, _| {
        let id = m.add_tenant(&plan).unwrap();
        m.stand_still(&id, true);
        id
    });
    let dir = teams.program.dir.clone();
    teams.program.stop();
    let text = format!(
        "kind: Tenant\nid: slow\nprofile: connector\nlanguages: [en]\nmicrosoft: {second}\ncountry: DE\n"
    );
    let (_files, described) = folder(&[("t.yaml", &text)]);
    let config = dir.path().join("switchroom.toml");
    let (code, _, errors) =
        run(&["apply", described.to_str().unwrap(), "--config", config.to_str().unwrap()]);
    assert_eq!(code, 0, "{errors}");
    teams.program = Program::start_again(dir);
    (teams, second)
}

#[test]
fn a_hundred_presses_are_answered_while_another_tenants_chats_are_throttled() {
    let (teams, second) = with_a_second(Teams::start(40, "languages: [en]\n"));
    let chat = teams.chat(PEOPLE);
    teams.say(&chat, 0, "list");
    let card = teams.heard(&chat, 2);
    // Four chats of the other tenant, each with a card.
    let (theirs, newcomer) = teams.m.with(|m, _| {
        let d = m.tenant(&second).unwrap().directory();
        ((0..PEOPLE).map(|p| d.id(p)).collect::<Vec<_>>(), d.id(PEOPLE))
    });
    let slow: Vec<_> = (0..4)
        .map(|_| {
            let chat =
                teams.m.with(|m, now| m.add_bot_to_people(now, APP, &second, "Slow", &theirs).unwrap());
            teams.heard(&chat, 1);
            teams.m.with(|m, now| m.say(now, &chat, &theirs[0], "list").unwrap());
            let card = teams.heard(&chat, 2);
            (chat, card)
        })
        .collect();
    // Somebody comes, so that it has to be read anew who is there; and then Microsoft answers nothing of these chats.
    for (chat, _) in &slow {
        let told = teams.m.with(|m, now| m.person_came(now, chat, &newcomer).unwrap());
        assert_eq!(teams.answer(told).status, Some(200));
        teams.m.with(|m, now| m.say(now, chat, &theirs[0], "help").unwrap());
        teams.heard(chat, 3);
        let path = chat.trim_start_matches("19:").split('@').next().unwrap();
        let how = Misbehaviour::Status(429, Some(10));
        teams.m.with(|m, _| m.put_fault(Fault { path: path.into(), after: 0, times: 100_000, how }));
    }
    let throttled: Vec<u64> = slow
        .iter()
        .flat_map(|(chat, card)| {
            teams.m.with(|m, now| {
                // A command for each of the threads that work on those, and presses for each turn.
                m.say(now, chat, &theirs[0], "list").unwrap();
                let press =
                    |m: &mut sim::microsoft::Microsoft| m.press(now, chat, &theirs[0], card, "More", 0);
                [press(m).unwrap(), press(m).unwrap()]
            })
        })
        .collect();
    let began = Instant::now();
    let me = teams.person(0);
    let presses: Vec<u64> = (0..100)
        .map(|n| {
            let (title, nth) = if n % 2 == 0 { ("More", 0) } else { ("Call", n % 20) };
            teams.m.with(|m, now| m.press(now, &chat, &me, &card, title, nth).unwrap())
        })
        .collect();
    for post in presses {
        let answer = teams.answer(post);
        let is_answered = answer.body["type"] == "application/vnd.microsoft.card.adaptive"
            || answer.body["task"]["type"] == "continue";
        assert!(answer.status == Some(200) && is_answered, "{answer:?}");
    }
    assert!(began.elapsed() < WITHIN, "{:?}", began.elapsed());
    // A command is answered too, though four of the other tenant wait for Microsoft.
    teams.say(&chat, 0, "help");
    teams.heard(&chat, 3);
    assert!(began.elapsed() < WITHIN, "{:?}", began.elapsed());
    // Whoever pressed there is told at once that it does not work now, and it works again when Microsoft lets it.
    for post in throttled {
        let said = teams.answer(post).body;
        assert!(said["value"].as_str().is_some_and(|s| s.contains("Try again")), "{said:#}");
    }
    teams.m.with(|m, _| m.clear_faults());
    let (chat, card) = &slow[0];
    let post = teams.m.with(|m, now| m.press(now, chat, &theirs[0], card, "More", 0).unwrap());
    assert_eq!(teams.answer(post).body["type"], "application/vnd.microsoft.card.adaptive");
    teams.heard(chat, 4);
    teams.program.stop();
}
