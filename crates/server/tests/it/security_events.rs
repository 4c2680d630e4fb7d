//! What concerns security is counted, listed and told; and phones prove who they are by the function that is asked for.

use crate::bare_phone::BarePhone;
use crate::outside::crm;
use crate::program::Program;
use serde_json::{Value, json};
use std::time::Duration;

const DOMAIN: &str = "phones.test";

pub fn tenant(more: &str) -> String {
    format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\nsip_domain: {DOMAIN}\n{more}---\n\
         kind: User\nid: anna\nroles: [agent]\nregisters: {{user: anna, password_file: anna}}\nnat: true\n"
    )
}

#[test]
fn guessing_bans_and_refused_calls_are_counted_listed_and_told() {
    let (addr, got) = crm();
    let told = || -> Value {
        let (head, body) = got.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(head.to_lowercase().contains("switchroom-event: security-alert"), "{head}");
        serde_json::from_str::<Value>(&body).unwrap()["data"].clone()
    };
    let hook = format!(
        "---\nkind: Webhook\nid: crm\nurl: \"http://{addr}/events\"\nallow_private: true\nsecret_file: hook\n\
         events: [security-alert]\n---\n\
         kind: Webhook\nid: gone\nurl: \"http://127.0.0.1:9/events\"\nallow_private: true\nsecret_file: hook\n\
         events: [security-alert]\n"
    );
    let program = Program::start_with_secrets(
        &[("tenant.yaml", &(tenant("") + &hook))],
        &[("anna", "a long one"), ("hook", "h4")],
    );
    let (status, test) = program.post("/security/test-alert");
    assert_eq!(status, 200, "{test:#}");
    assert_eq!(test["event"]["kind"], "test");
    let receivers = test["receivers"].as_array().unwrap();
    assert_eq!(receivers.len(), 2, "{test:#}");
    for receiver in receivers {
        let there = receiver["webhook"] == "crm";
        assert_eq!((receiver["delivered"] == there, receiver["cause"].is_null()), (true, there), "{test:#}");
    }
    assert_eq!(told(), json!({"kind": "test"}));

    // Five wrong passwords are ten points.
    let mut guesser = BarePhone::over_udp(program.sip, "anna", "a guess", DOMAIN);
    for _ in 0..5 {
        let asked = guesser.register("");
        let line = guesser.authorization(&asked.challenges()[0]);
        assert_eq!(guesser.register(&line).code, 401);
    }
    program.wait_for_metric("switchroom_security_events_total{kind=\"guessing\"} 5");
    program.wait_for_metric("switchroom_security_events_total{kind=\"ban\"} 1");
    let (status, said) = program.post_json("/dial", &json!({"agent": "anna", "to": "+4990012345"}));
    assert_eq!(status, 422, "{said}");
    let (_, events) = program.get("/security/events");
    let kinds: Vec<&str> =
        events["items"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    let guessing = ["guessing"; 5];
    assert_eq!(kinds, [&["toll-refused", "ban"], &guessing[..], &["test"]].concat(), "{events:#}");
    assert_eq!(events["items"][1]["data"]["what"], "password");
    let mut all: Vec<String> = (0..7).map(|_| told()["kind"].as_str().unwrap().to_string()).collect();
    all.sort();
    assert_eq!(all, [&["ban"], &guessing[..], &["toll-refused"]].concat());
    let log = program.log.lock().unwrap().clone();
    assert!(log.contains("\"kind\":\"banned\"") && log.contains("\"kind\":\"test\""));
    assert!(!events.to_string().contains("127.0.0") && !log.contains("90012345"));
    program.stop();
}

#[test]
fn phones_prove_who_they_are_by_the_function_that_is_asked_for() {
    for (setting, offered) in [
        ("", vec!["MD5"]),
        ("sip_digest: [SHA-256, MD5]\n", vec!["SHA-256", "MD5"]),
        ("sip_digest: [SHA-256]\n", vec!["SHA-256"]),
    ] {
        let program =
            Program::start_with_secrets(&[("tenant.yaml", &tenant(setting))], &[("anna", "a long one")]);
        let mut phone = BarePhone::over_udp(program.sip, "anna", "a long one", DOMAIN);
        let challenges = phone.register("").challenges();
        let named: Vec<&str> = challenges
            .iter()
            .map(|c| if c.contains("algorithm=SHA-256,") { "SHA-256" } else { "MD5" })
            .collect();
        assert_eq!(named, offered, "{challenges:?}");
        for n in 0..challenges.len() {
            // A new one each time: the answer to a nonce counts once.
            let challenge = phone.register("").challenges()[n].clone();
            let line = phone.authorization(&challenge);
            assert_eq!(phone.register(&line).code, 200, "{challenge}");
        }
        assert_eq!(program.get("/users/anna/telephones").1.as_array().unwrap().len(), 1);
        // The weaker function is not taken where it was not offered: asked again, and no guess.
        let challenge = phone.register("").challenges()[0].clone();
        let weaker = challenge.replace("algorithm=SHA-256,", "algorithm=MD5,");
        let expected = if offered.contains(&"MD5") { 200 } else { 401 };
        assert_eq!(phone.register(&phone.authorization(&weaker)).code, expected, "{setting}");
        program.wait_for_metric("switchroom_security_events_total{kind=\"guessing\"} 0");
        program.stop();
    }
}
