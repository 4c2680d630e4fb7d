//! Security events told in Teams: to whoever asked for it and may know, and into the conversation that is configured.

use crate::bot::{Teams, texts};
use crate::neighbours::Neighbour;
use serde_json::{Value, json};

fn teams() -> Teams {
    Teams::start_as_owner(4, |directory, first| {
        format!(
            "kind: Tenant\nid: test\nname: Harbour Bikes\nprofile: connector\nmicrosoft: {directory}\ncountry: DE\n---\n\
             kind: User\nid: ann\nroles: [auditor]\nmicrosoft: {first}\n"
        )
    })
}

fn test_alert(teams: &Teams) -> Value {
    let (status, test) = teams.program.post("/security/test-alert");
    assert_eq!(status, 200, "{test:#}");
    test["receivers"].clone()
}

/// What the check of alerts says, and what it found.
fn alerts(teams: &Teams) -> (Value, String) {
    let (_, document) = teams.program.post_json("/attestation", &json!({"checks": ["alerts"]}));
    let answers = document["answers"].as_array().unwrap();
    let answer = answers.iter().find(|a| a["id"] == "SEC43").unwrap();
    (answer["answer"].clone(), answer["evidence"].to_string())
}

#[test]
fn who_may_know_is_told_of_security_events_and_the_attestation_rests_on_it() {
    let teams = teams();
    let chat = teams.chat(3);
    assert_eq!(test_alert(&teams), json!([]), "nobody asked");
    assert_eq!(alerts(&teams).0, "no");
    // The second person has no role here; the first is an auditor.
    teams.say(&chat, 1, "alerts");
    let said = teams.heard(&chat, 2);
    assert!(said.as_str().unwrap().contains("owners, supervisors and auditors"), "{said}");
    assert_eq!(test_alert(&teams), json!([]));
    teams.say(&chat, 0, "alerts");
    let said = teams.heard(&chat, 3);
    assert!(said.as_str().unwrap().contains("60 min"), "{said}");
    let took = json!([{"webhook": "Microsoft Teams", "delivered": true, "cause": null}]);
    assert_eq!(test_alert(&teams), took);
    let card = teams.heard(&chat, 4);
    let shown = texts(&card);
    assert!(shown[0].contains("test") && shown.iter().any(|line| line.ends_with(", test")), "{shown:?}");
    let (answer, found) = alerts(&teams);
    assert_eq!(answer, "yes", "{found}");
    assert!(found.contains("so is Teams") && found.contains("was taken by everybody"), "{found}");
    // What really happens comes too, also of a tenant that keeps nothing: a scanner is banned.
    let stranger = Neighbour::at("127.0.0.9");
    let at = stranger.addr;
    let scan = format!(
        "OPTIONS sip:100@x SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:x@{at}>;tag=1\r\n\
         To: <sip:100@x>\r\nCall-ID: s@{at}\r\nCSeq: 1 OPTIONS\r\nUser-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n"
    );
    stranger.send(teams.program.sip, &scan);
    teams.program.wait_for_metric("switchroom_security_events_total{kind=\"ban\"} 1");
    let card = teams.heard(&chat, 5);
    let shown = texts(&card);
    assert!(shown[0].contains("ban") && shown.contains(&"what: scan".to_string()), "{shown:?}");
    teams.say(&chat, 0, "alerts off");
    teams.heard(&chat, 6);
    assert_eq!(test_alert(&teams), json!([]));
    // What the configuration names is told without anybody's asking.
    let put = |conversation: &str| {
        let (_, mut all) = teams.program.get("/configuration");
        for object in all.as_array_mut().unwrap().iter_mut().filter(|o| o["kind"] == "Tenant") {
            object["teams_alerts"] = conversation.into();
        }
        teams.program.put("/configuration", &all).0
    };
    assert_eq!((put("with a blank"), put(&chat)), (422, 200));
    // The last test went to nobody: the check raises one of its own.
    let (answer, found) = alerts(&teams);
    assert_eq!(answer, "yes", "{found}");
    assert!(found.contains("Microsoft Teams took it"), "{found}");
    teams.heard(&chat, 7);
    // A conversation that the bot was put out of.
    teams.m.with(|m, _| m.block_bot(&chat, true));
    let receivers = test_alert(&teams);
    assert_eq!(receivers[0]["delivered"], false, "{receivers}");
    let (answer, found) = alerts(&teams);
    assert_eq!(answer, "no", "{found}");
    assert!(found.contains("NOT take it"), "{found}");
    let log = teams.program.stop();
    assert!(!log.contains(&chat), "{log}");
}
