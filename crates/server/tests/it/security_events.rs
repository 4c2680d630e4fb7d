//! What concerns security is counted, listed and told; and phones prove who they are by the function that is asked for.

use crate::bare_phone::BarePhone;
use crate::neighbours::{Neighbour, line, number_of};
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

/// A trunk that registers at a carrier of the test.
fn registering(carrier: &Neighbour) -> String {
    let at = carrier.addr;
    tenant("")
        + &format!(
            "---\nkind: Trunk\nid: carrier\nproxies: [\"{at}\"]\noutbound: true\n\
             credentials: {{user: \"4930550199\", password_file: carrier}}\n\
             registration: {{registrar: \"{at}\", aor: \"sip:4930550199@carrier.test\"}}\n"
        )
}

impl Neighbour {
    /// Asks who sent a REGISTER; gives what comes back, with its answer to that.
    fn challenges(&self, to: std::net::SocketAddr, register: &str, nonce: &str) -> String {
        let asks =
            format!("WWW-Authenticate: Digest realm=\"carrier.test\", nonce=\"{nonce}\", qop=\"auth\"\r\n");
        self.answers(to, register, "401 Unauthorized", &asks);
        loop {
            let again = self.gets("REGISTER ");
            // The first one may have come twice before it was answered.
            if again.contains(&format!("nonce=\"{nonce}\"")) {
                return again;
            }
        }
    }
}

#[test]
fn a_flood_is_told_once_and_a_trunk_stays_registered_beside_it_until_its_password_is_refused() {
    let carrier = Neighbour::at("127.0.0.5");
    let program = Program::start_with_secrets(
        &[("tenant.yaml", &registering(&carrier))],
        &[("anna", "a long one"), ("carrier", "the right one")],
    );
    // What came before is of the run that had no passwords yet: this one says it again until it is answered.
    carrier.forgets();
    let register = carrier.challenges(program.sip, &carrier.gets("REGISTER "), "one");
    // Ten seconds are refreshed after five.
    let short = format!("{};expires=10\r\n", line(&register, "Contact:"));
    carrier.answers(program.sip, &register, "200 OK", &short);
    program.wait_for("/trunks/carrier/status", |t| (t["registered"] == true).then_some(()));

    let stranger = Neighbour::at("127.0.0.9");
    let flood = "switchroom_security_events_total{kind=\"flood\"}";
    let at = stranger.addr;
    for n in 0.. {
        let request = format!(
            "REGISTER sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK{n}\r\nMax-Forwards: 70\r\n\
             From: <sip:anna@{DOMAIN}>;tag=1\r\nTo: <sip:anna@{DOMAIN}>\r\nCall-ID: f@{at}\r\nCSeq: {n} REGISTER\r\n\
             Contact: <sip:anna@{at}>\r\nContent-Length: 0\r\n\r\n"
        );
        stranger.send(program.sip, &request);
        if n % 200 == 0 && program.admin("/metrics").lines().any(|l| l == format!("{flood} 1")) {
            break;
        }
        assert!(n < 1_000_000, "a flood that nobody notices");
    }
    let refresh = loop {
        let refresh = carrier.gets("REGISTER ");
        if number_of(&refresh) > number_of(&register) {
            break refresh;
        }
    };
    // The carrier takes the password no longer. That is told while the registration still lasts.
    let again = carrier.challenges(program.sip, &refresh, "two");
    let status = "401 Unauthorized";
    let asks = "WWW-Authenticate: Digest realm=\"carrier.test\", nonce=\"three\", qop=\"auth\"\r\n";
    carrier.answers(program.sip, &again, status, asks);
    program.wait_for_metric("switchroom_security_events_total{kind=\"trunk-credentials\"} 1");
    let (_, events) = program.get("/security/events");
    let told: Vec<(&str, &Value)> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["kind"].as_str().unwrap(), &e["data"]))
        .collect();
    let flood = json!({"of": "one-source"});
    let refused = json!({"trunk": "carrier", "code": 401});
    assert_eq!(told, [("trunk-credentials", &refused), ("flood", &flood)], "{events:#}");
    let (_, status) = program.get("/trunks/carrier/status");
    assert_eq!(status["registration_refused"], 401, "{status:#}");
    let log = program.stop();
    assert!(log.contains("\"kind\":\"slowed\"") && log.contains("\"kind\":\"trunk-credentials\""));
    assert!(!log.contains("4930550199") && !events.to_string().contains("127.0.0"));
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
