//! The web app of the demo as people use it, in real browsers: an agent takes a call, a supervisor joins it, and what
//! everybody hears is judged by a tone for each person.

use crate::browser_page::{MICROPHONE, Page};
use crate::browser_session::{Browser, PASSWORD};
use crate::desk::Desk;
use crate::program::Program;
use serde_json::{Value, json};
use sim::PhoneEvent;

/// What the caller says.
const CALLER: u32 = 440;
/// What the supervisor's microphone hears.
const SUPERVISOR: u32 = 1500;
const VOICES: [u32; 3] = [CALLER, MICROPHONE, SUPERVISOR];

/// Somebody before the app, while the telephones go on.
struct Person {
    page: Page,
}

impl Person {
    fn enter(desk: &mut Desk, program: &Program, name: &str, microphone: u32) -> Person {
        let mut person = Person { page: Page::open_app(program, microphone) };
        person.click(desk, "button", name);
        person
    }

    #[track_caller]
    fn does(&mut self, desk: &mut Desk, order: &[&str]) {
        let order: Vec<Value> = order.iter().map(|o| Value::from(*o)).collect();
        self.page.beside(desk, &order);
    }

    #[track_caller]
    fn click(&mut self, desk: &mut Desk, role: &str, name: &str) {
        self.does(desk, &["click", role, name]);
    }

    #[track_caller]
    fn sees(&mut self, desk: &mut Desk, role: &str, name: &str) {
        self.does(desk, &["sees", role, name]);
    }

    /// Waits until just these voices are heard.
    #[track_caller]
    fn hears(&mut self, desk: &mut Desk, voices: &[u32]) {
        self.page.beside(desk, &["just".into(), json!(voices), json!(VOICES)]);
    }
}

#[test]
fn an_agent_and_a_supervisor_work_with_a_caller() {
    let mut desk = Desk::new();
    let program = Program::start_demo_with(&["--calls-per-minute", "0", "--agents", "2"]);
    // One click: an agent with this browser as the telephone.
    let mut agent = Person::enter(&mut desk, &program, "Robin Ray", MICROPHONE);
    agent.does(&mut desk, &["reads", "The next call comes to you."]);
    agent.does(&mut desk, &["reads", "Ready"]);
    let caller = desk.dial("+493012345", "Carla", program.sip, "300", CALLER);
    agent.click(&mut desk, "button", "Answer");
    agent.hears(&mut desk, &[CALLER]);
    desk.hears_just(caller, &[MICROPHONE], &VOICES);
    // Keys, hold, mute.
    agent.click(&mut desk, "button", "Keypad");
    agent.sees(&mut desk, "button", "=5");
    agent.does(&mut desk, &["type", "59#"]);
    for key in ['5', '9', '#'] {
        desk.event("the key is heard", |e| {
            matches!(e, PhoneEvent::Pressed { phone, key: k } if (*phone, *k) == (caller, key)).then_some(())
        });
    }
    agent.does(&mut desk, &["press", "Escape"]);
    agent.click(&mut desk, "button", "Hold");
    agent.sees(&mut desk, "button", "Take back");
    desk.hears_music(caller);
    agent.click(&mut desk, "button", "Take back");
    desk.hears_just(caller, &[MICROPHONE], &VOICES);
    agent.click(&mut desk, "button", "Mute");
    desk.until("a muted microphone is silent", |desk| {
        let heard = desk.phones.heard(desk.now(), caller);
        (heard.len() >= 4_000 && media::tone::level(&heard) < -60.0).then_some(())
    });
    agent.click(&mut desk, "button", "Unmute");
    // The page is loaded anew in the middle of the call.
    agent.does(&mut desk, &["anew"]);
    agent.sees(&mut desk, "button", "Mute");
    agent.hears(&mut desk, &[CALLER]);
    desk.hears_just(caller, &[MICROPHONE], &VOICES);
    // A supervisor listens, whispers and joins in, in a browser of their own, which is not rung for what it asked for.
    let mut sam = Person::enter(&mut desk, &program, "Sam Stone", SUPERVISOR);
    sam.click(&mut desk, "link", "Desk");
    sam.click(&mut desk, "switch", "Take calls in this browser");
    sam.does(&mut desk, &["reads", "Ready"]);
    sam.click(&mut desk, "link", "Floor");
    sam.click(&mut desk, "button", "Robin Ray");
    sam.click(&mut desk, "menuitem", "Listen");
    sam.sees(&mut desk, "complementary", "You are in the call of");
    sam.hears(&mut desk, &[CALLER, MICROPHONE]);
    agent.hears(&mut desk, &[CALLER]);
    desk.hears_just(caller, &[MICROPHONE], &VOICES);
    sam.click(&mut desk, "button", "Whisper");
    agent.hears(&mut desk, &[CALLER, SUPERVISOR]);
    sam.hears(&mut desk, &[CALLER, MICROPHONE]);
    desk.hears_just(caller, &[MICROPHONE], &VOICES);
    sam.click(&mut desk, "button", "Join in");
    desk.hears_just(caller, &[MICROPHONE, SUPERVISOR], &VOICES);
    agent.hears(&mut desk, &[CALLER, SUPERVISOR]);
    sam.hears(&mut desk, &[CALLER, MICROPHONE]);
    sam.click(&mut desk, "button", "Leave");
    agent.hears(&mut desk, &[CALLER]);
    desk.hears_just(caller, &[MICROPHONE], &VOICES);
    // The caller goes to another queue; the agent says how the call ended.
    agent.click(&mut desk, "button", "Transfer");
    agent.does(&mut desk, &["fill", "searchbox", "", "Sales"]);
    agent.click(&mut desk, "button", "Transfer: Sales");
    agent.click(&mut desk, "button", "=Question answered");
    agent.click(&mut desk, "button", "Done, next call");
    desk.hears_music(caller);
    desk.hang_up(caller);
    desk.ended(caller);
    // The recording plays.
    sam.click(&mut desk, "link", "Calls");
    sam.does(&mut desk, &["follow", "tbody tr a"]);
    sam.click(&mut desk, "button", "Listen to the recording");
    sam.does(&mut desk, &["plays"]);
    program.stop();
}

#[test]
fn a_passkey_is_added_used_named_and_removed() {
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &crate::calls::tenant(&desk, 1))]);
    Browser::signed_in(&program, "agent1");
    let mut anna = Person { page: Page::open_app_by_name(&program) };
    anna.does(&mut desk, &["authenticator"]);
    anna.does(&mut desk, &["enter", "User", "agent1"]);
    anna.does(&mut desk, &["enter", "Password", PASSWORD]);
    anna.click(&mut desk, "button", "=Sign in");
    anna.sees(&mut desk, "navigation", "");
    anna.does(&mut desk, &["go", "/settings"]);
    anna.does(&mut desk, &["enter", "Name of the passkey", "Laptop"]);
    anna.does(&mut desk, &["enter", "Your password, to add a passkey", PASSWORD]);
    anna.click(&mut desk, "button", "Add a passkey");
    anna.does(&mut desk, &["reads", "Not used yet"]);
    // Without a name and without a password.
    for _ in 0..2 {
        anna.does(&mut desk, &["forget"]);
        anna.click(&mut desk, "button", "With a passkey");
        anna.sees(&mut desk, "navigation", "");
    }
    anna.does(&mut desk, &["go", "/settings"]);
    anna.does(&mut desk, &["reads", "Used last"]);
    anna.does(&mut desk, &["enter", "Name of the passkey", "Key ring"]);
    anna.does(&mut desk, &["press", "Tab"]);
    anna.click(&mut desk, "button", "Remove: Key ring");
    anna.does(&mut desk, &["forget"]);
    anna.click(&mut desk, "button", "With a passkey");
    anna.sees(&mut desk, "button", "=Sign in");
    let actions = program.get("/audit?limit=100").1;
    let seen = |action: &str| {
        actions["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|e| e["action"] == action && e["object"] == "User/agent1")
    };
    assert!(seen("account.passkey") && seen("account.passkey-removed"), "{actions:#}");
    program.stop();
}

#[test]
fn a_passkey_that_nobody_asked_for_is_refused() {
    let program = Program::start_as_owner(&[("tenant.yaml", &crate::calls::tenant(&Desk::new(), 1))]);
    let browser = Browser::new(&program);
    let host = format!("localhost:{}", program.http.port());
    let origin = format!("http://{host}");
    let ask = |path: &str, body: Value, host: &str, origin: &str| {
        let answer = browser.ask_with("POST", path, &body, &[("host", host), ("origin", origin)]);
        (answer.status, answer.body)
    };
    let (status, asked) = ask("/session/passkey/challenge", json!({}), &host, &origin);
    assert_eq!((status, &asked["rp_id"]), (201, &json!("localhost")), "{asked}");
    let (status, said) = ask("/session/passkey/challenge", json!({}), "127.0.0.1", "http://127.0.0.1");
    assert_eq!((status, &said["code"]), (409, &json!("passkey-address")));
    assert_eq!(ask("/session/passkey/challenge", json!({}), &host, "https://evil.example").0, 403);
    let client = |challenge: &str| {
        use base64::Engine as _;
        let text = json!({"type": "webauthn.get", "challenge": challenge, "origin": origin}).to_string();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
    };
    let challenge = asked["challenge"].as_str().unwrap();
    let sign_in = |challenge: &str| {
        let body = json!({"credential": "AAAA", "client_data": client(challenge), "authenticator_data": "AAAA", "signature": "AAAA"});
        ask("/session/passkey", body, &host, &origin)
    };
    let never = "A".repeat(43);
    assert_eq!(sign_in(&never).0, 422, "a challenge of nobody");
    assert_eq!(sign_in(challenge).0, 401, "nobody's passkey");
    assert_eq!(sign_in(challenge).0, 422, "the challenge was used");
    assert_eq!(ask("/session/passkey", json!({"credential": "%"}), &host, &origin).0, 422);
    program.stop();
}
