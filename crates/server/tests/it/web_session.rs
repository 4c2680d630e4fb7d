//! Signing in with a password, sessions, and what keeps others out.

use crate::browser_session::{Browser, PASSWORD, USERS, closed, next};
use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::{PROGRAM, Program};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn program() -> Program {
    Program::start_as_owner(&[("tenant.yaml", &tenant(&Desk::new(), 2)), ("users.yaml", USERS)])
}

fn audit(program: &Program) -> Vec<(String, String, String)> {
    let text = |e: &Value, key: &str| e[key].as_str().unwrap().to_string();
    let list = program.get("/audit?limit=50").1;
    let items = list["items"].as_array().unwrap().iter();
    items.map(|e| (text(e, "who"), text(e, "action"), text(e, "object"))).collect()
}

#[test]
fn an_invitation_a_session_and_its_end() {
    let program = program();
    let mut browser = Browser::signed_in(&program, "agent1");
    assert_eq!(browser.session["user"], "agent1");
    assert_eq!((&browser.session["role"], &browser.session["agent_id"]), (&json!("agent"), &json!("agent1")));
    assert_eq!(browser.get("/session").1, browser.session);
    let first = browser.cookie.clone();
    assert!(first.starts_with("switchroom="), "{first}");
    let answer = browser.sign_in("agent1", PASSWORD);
    assert_eq!(answer.status, 201, "{}", answer.body);
    let cookie = answer.header("set-cookie");
    for part in ["; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_ne!(browser.cookie, first, "a new session");
    let old = browser.ask_with("GET", "/session", &Value::Null, &[("cookie", &first)]);
    assert_eq!((old.status, &old.body["code"]), (401, &json!("signed-out")), "and the old one ended");
    let out = browser.ask("DELETE", "/session", &Value::Null);
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(browser.get("/session").0, 401);
    let entries = audit(&program);
    let entry = |who: &str, action: &str| {
        let found = |e: &&(String, String, String)| e.0 == who && e.1 == action && e.2 == "User/agent1";
        entries.iter().filter(found).count()
    };
    assert_eq!(entry("user agent1", "session.begin"), 2, "{entries:#?}");
    assert_eq!(entry("user agent1", "session.end"), 1);
    assert_eq!(entry("user agent1", "account.password"), 1);
    assert_eq!(entry("token 1", "account.invite"), 1);
    program.stop();
}

#[test]
fn the_command_line_invites_too_and_a_code_serves_once() {
    let program = program();
    let (dir, token) = (program.dir.clone(), program.bearer().replace("Bearer ", ""));
    let run = |args: &[&str]| {
        let out = std::process::Command::new(PROGRAM).args(args).output().unwrap();
        let text = |b: Vec<u8>| String::from_utf8(b).unwrap().trim().to_string();
        (out.status.code(), text(out.stdout), text(out.stderr))
    };
    let server = format!("http://{}", program.http);
    let (code, by_server, said) =
        run(&["account", "--user", "agent2", "--server", &server, "--token", &token]);
    assert_eq!(code, Some(0), "{said}");
    assert!(by_server.starts_with(&format!("{server}/invitation#si_")), "{by_server}");
    let (code, _, said) = run(&["account", "--user", "nobody", "--server", &server, "--token", &token]);
    assert_eq!(code, Some(1), "{said}");
    program.stop();
    let config = dir.path().join("switchroom.toml");
    let config = config.to_str().unwrap();
    let (code, link, said) = run(&["account", "--user", "agent1", "--tenant", "test", "--config", config]);
    assert_eq!(code, Some(0), "{said}");
    for (user, tenant) in [("nobody", "test"), ("agent1", "none")] {
        let (code, _, said) = run(&["account", "--user", user, "--tenant", tenant, "--config", config]);
        assert_eq!(code, Some(1), "{said}");
    }
    let program = Program::start_again(dir);
    let mut browser = Browser::new(&program);
    let codes = [&by_server, &link].map(|l| l.split_once('#').unwrap().1.to_string());
    for (code, user) in codes.iter().zip(["agent2", "agent1"]) {
        for (password, status) in [("short", 422), (PASSWORD, 201), (PASSWORD, 401)] {
            let answer = browser.ask("POST", "/invitation", &json!({"code": code, "password": password}));
            assert_eq!(answer.status, status, "{}", answer.body);
            if status == 201 {
                assert_eq!(answer.body["user"], user);
            }
        }
        assert_eq!(browser.sign_in(user, PASSWORD).status, 201);
    }
    program.stop();
}

#[test]
fn guessing_is_slow_and_tells_nothing() {
    let program = program();
    let mut good = Browser::signed_in(&program, "agent1");
    let mut seen = Vec::new();
    // Somebody who is there, somebody without a password, and nobody at all look the same.
    for user in ["agent1", "agent2", "nobody"] {
        let mut browser = Browser::new(&program);
        let free: Vec<(u16, Value)> = (0..5)
            .map(|_| browser.sign_in(user, "wrong password"))
            .map(|answer| (answer.status, answer.body))
            .collect();
        assert!(free.iter().all(|(status, _)| *status == 401), "{user}: {free:?}");
        // A slow machine may be past the first wait; the waits grow.
        let slowed =
            (0..5).map(|_| browser.sign_in(user, "wrong password")).find(|a| a.status != 401).unwrap();
        assert_eq!((slowed.status, &slowed.body["code"]), (429, &json!("slow-down")), "{user}");
        assert!(slowed.header("retry-after").parse::<u32>().unwrap() > 0);
        seen.push(free);
        if user == "agent1" {
            // The right password has to wait too, and whoever is signed in does not.
            assert_eq!(good.get("/session").0, 200);
            assert_eq!(good.sign_in("agent1", PASSWORD).status, 429);
        }
    }
    assert!(seen[0] == seen[1] && seen[1] == seen[2], "{seen:#?}");
    assert_eq!(Browser::new(&program).sign_in("olga", PASSWORD).status, 401, "another name has not to wait");
    let refused: Vec<String> = audit(&program)
        .into_iter()
        .filter(|e| e.1 == "session.refuse")
        .map(|e| format!("{} {}", e.0, e.2))
        .collect();
    let count = |entry: &str| refused.iter().filter(|e| *e == entry).count();
    assert!(count("nobody User/agent1") >= 5, "{refused:?}");
    assert!(count("nobody User") >= 5 && !refused.iter().any(|e| e.contains("User/nobody")), "{refused:?}");
    program.stop();
}

#[test]
fn another_page_can_do_nothing_with_the_cookie() {
    let program = program();
    let browser = Browser::signed_in(&program, "agent1");
    let own = format!("http://{}", program.http);
    let (path, state) = ("/agents/me/state", json!({"state": "break"}));
    for (headers, status, code) in [
        (vec![("origin", own.as_str())], 403, "csrf"),
        (vec![("origin", &own), ("x-csrf-token", "wrong")], 403, "csrf"),
        (vec![("origin", "https://evil.example"), ("x-csrf-token", &browser.csrf)], 403, "origin"),
        (vec![("origin", "null"), ("x-csrf-token", &browser.csrf)], 403, "origin"),
        (vec![("x-csrf-token", &browser.csrf)], 200, ""),
        (vec![("origin", &own), ("x-csrf-token", &browser.csrf)], 200, ""),
    ] {
        let answer = browser.ask_with("PUT", path, &state, &headers);
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.body);
        assert_eq!(answer.body["code"].as_str().unwrap_or_default(), code, "{headers:?}");
    }
    // Nor can it sign the browser in as somebody else.
    let other = [("origin", "https://evil.example")];
    let who = json!({"user": "agent1", "password": PASSWORD});
    assert_eq!(browser.ask_with("POST", "/session", &who, &other).status, 403);
    // Nor watch, which no second token guards.
    for origin in ["https://evil.example", "null", ""] {
        assert_eq!(browser.watch("", origin).err(), Some(403), "{origin:?}");
    }
    assert!(next(&mut browser.watch_own(""))["snapshot"].is_object());
    // A token in the head comes from no page, and needs none of this.
    let bearer = program.bearer();
    let headers = [("authorization", bearer.as_str()), ("cookie", ""), ("origin", "https://tool.example")];
    assert_eq!(browser.ask_with("PUT", "/agents/agent1/state", &state, &headers).status, 200);
    program.stop();
}

#[test]
fn a_password_is_changed_and_a_second_factor_is_asked_for() {
    let program = program();
    let mut browser = Browser::signed_in(&program, "boss");
    let mut elsewhere = Browser::new(&program);
    assert_eq!(elsewhere.sign_in("boss", PASSWORD).status, 201);
    let change = |old: &str, new: &str| json!({"password": old, "new_password": new});
    let new = "another fine password";
    for (old, wanted, status) in
        [("wrong password", new, 403), (PASSWORD, "short", 422), (PASSWORD, new, 201)]
    {
        let answer = browser.ask("PUT", "/session/password", &change(old, wanted));
        assert_eq!(answer.status, status, "{}", answer.body);
        if status == 201 {
            browser.keep(&answer);
        }
    }
    assert_eq!(elsewhere.get("/session").0, 401, "other sessions end");
    assert_eq!(browser.get("/session").0, 200, "this one goes on");
    assert_eq!(elsewhere.sign_in("boss", PASSWORD).status, 401);
    assert_eq!(elsewhere.sign_in("boss", new).status, 201);

    assert_eq!(browser.post("/session/second-factor", &json!({"password": "wrong password"})).0, 403);
    let (status, made) = browser.post("/session/second-factor", &json!({"password": new}));
    assert_eq!(status, 201, "{made}");
    assert!(made["uri"].as_str().unwrap().starts_with("otpauth://totp/Switchroom:boss?secret="));
    assert_eq!(browser.put("/session/second-factor", &json!({"totp": "abcdef"})).0, 422);
    assert_eq!(elsewhere.sign_in("boss", new).status, 201, "not in force yet");
    let code = totp(made["secret"].as_str().unwrap(), 0);
    assert_eq!(browser.put("/session/second-factor", &json!({"totp": code})).0, 204);
    assert_eq!(browser.get("/session").1["second_factor"], true);
    let answer = elsewhere.sign_in("boss", new);
    assert_eq!((answer.status, &answer.body["code"]), (401, &json!("second-factor")));
    let with = |code: &str| json!({"user": "boss", "password": new, "totp": code});
    let refused = elsewhere.ask("POST", "/session", &with(&code));
    assert_eq!((refused.status, &refused.body["code"]), (401, &json!("wrong")), "a code serves once");
    // The next step's code is taken: clocks differ.
    let later = totp(made["secret"].as_str().unwrap(), 1);
    let answer = elsewhere.ask("POST", "/session", &with(&later));
    assert_eq!(answer.status, 201, "{}", answer.body);
    let answer =
        elsewhere.ask("POST", "/session", &json!({"user": "boss", "password": PASSWORD, "totp": later}));
    assert_eq!(answer.body["code"], "wrong");
    // It was lost: an owner takes it away.
    assert_eq!(program.delete("/users/boss/second-factor"), 204);
    assert_eq!(elsewhere.sign_in("boss", new).status, 201);
    program.stop();
}

/// A code as an app makes it, `steps` from now.
pub fn totp(secret: &str, steps: u64) -> String {
    let (mut bits, mut held, mut key) = (0u32, 0, Vec::new());
    for c in secret.bytes() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".bytes().position(|l| l == c).unwrap() as u32;
        (bits, held) = (bits << 5 | value, held + 5);
        if held >= 8 {
            held -= 8;
            key.push((bits >> held) as u8);
        }
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = aws_lc_rs::hmac::sign(&key, &(now / 30 + steps).to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let number = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

#[test]
fn sessions_outlive_a_restart_and_end_with_their_user() {
    let program = program();
    let browser = Browser::signed_in(&program, "agent2");
    let (dir, token) = (program.dir.clone(), program.bearer().replace("Bearer ", ""));
    program.stop();
    let mut program = Program::start_again(dir);
    program.set_token(token);
    let again =
        Browser { cookie: browser.cookie.clone(), csrf: browser.csrf.clone(), ..Browser::new(&program) };
    assert_eq!(again.get("/session").0, 200);
    let mut socket = again.watch_own("");
    next(&mut socket);
    let mut queue = program.get("/queues/service").1;
    queue["agents"] = json!(["agent1"]);
    assert_eq!(program.put("/queues/service", &queue).0, 200);
    assert_eq!(program.delete("/users/agent2"), 204);
    assert_eq!(again.get("/session").0, 401);
    assert_eq!(closed(&mut socket), 4_401, "the live page ends with it");
    program.stop();
}

#[test]
fn a_session_that_is_idle_is_over() {
    let desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1)), ("users.yaml", USERS)]);
    let (dir, token) = (program.dir.clone(), program.bearer().replace("Bearer ", ""));
    program.stop();
    let path = dir.path().join("switchroom.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, config.replace("[http]\n", "[http]\nsession_idle = \"300ms\"\n")).unwrap();
    let mut program = Program::start_again(dir);
    program.set_token(token);
    let browser = Browser::signed_in(&program, "agent1");
    // Each look is a use: the looks get rarer until one comes too late.
    let mut wait = std::time::Duration::from_millis(100);
    while browser.get("/session").0 == 200 {
        assert!(wait.as_secs() < 10, "it never ends");
        std::thread::park_timeout(wait);
        wait *= 2;
    }
    program.stop();
}

#[test]
fn in_the_demo_one_click_signs_in_and_nowhere_else() {
    let program = Program::start_demo();
    let mut browser = Browser::new(&program);
    let (status, personas) = browser.get("/demo/personas");
    assert_eq!(status, 200);
    for role in ["agent", "supervisor", "owner", "auditor"] {
        assert!(personas.as_array().unwrap().iter().any(|p| p["persona"] == role), "{personas}");
        let answer = browser.ask("POST", "/demo/session", &json!({"persona": role}));
        assert_eq!((answer.status, &answer.body["role"]), (201, &json!(role)), "{}", answer.body);
        browser.keep(&answer);
        assert_eq!(browser.get("/session").1["role"], role);
    }
    assert_eq!(browser.post("/demo/session", &json!({"persona": "king"})).0, 404);
    let evil = [("origin", "https://evil.example")];
    assert_eq!(browser.ask_with("POST", "/demo/session", &json!({"persona": "owner"}), &evil).status, 403);
    let answer = browser.ask("POST", "/demo/session", &json!({"persona": "agent"}));
    browser.keep(&answer);
    let (status, me) = browser.put("/agents/me/state", &json!({"state": "break"}));
    assert_eq!((status, &me["state"]), (200, &json!("break")), "{me}");
    program.stop();
    let program = Program::start(&[("tenant.yaml", &tenant(&Desk::new(), 1))]);
    let browser = Browser::new(&program);
    assert_eq!(browser.get("/demo/personas").0, 404);
    assert_eq!(browser.post("/demo/session", &json!({"persona": "owner"})).0, 404);
    program.stop();
}

#[test]
fn a_live_page_that_floods_is_closed_and_nonsense_begins_anew() {
    let program = program();
    let browser = Browser::signed_in(&program, "agent1");
    for query in ["?after=nonsense", "?after=-1", "?after=99999999999999999999999", "?after="] {
        let first = next(&mut browser.watch_own(query));
        assert!(first["snapshot"].is_object(), "{query}: {first}");
    }
    let mut socket = browser.watch_own("");
    for _ in 0..60 {
        // The far end may have closed already.
        let _ = socket.send(tungstenite::Message::text("hello"));
    }
    assert_eq!(closed(&mut socket), 4_429);
    program.stop();
}

/// What each role may do with each route: `a` auditor, `g` agent, `s` supervisor, `o` owner; `G` is an agent for what is
/// the agent's own, `*` everybody, signed in or not, `p` every person who is signed in.
const ROUTES: &str = "
GET /agents aso
GET /agents/me p
GET /agents/{id}/endpoint Gso
PUT /agents/{id}/endpoint Gso
GET /agents/{id}/state aGso
PUT /agents/{id}/state Gso
POST /agents/{id}/wrap-up Gso
GET /attestation aso
POST /attestation aso
GET /attestation/newest aso
POST /people/find ao
GET /people/{id} ao
GET /people/{id}/archive ao
PATCH /people/{id} ao
DELETE /people/{id} ao
GET /closing *
POST /closing o
PATCH /closing *
DELETE /closing *
GET /holds ao
POST /holds ao
DELETE /holds/{id} ao
GET /retention/status aso
GET /backups aso
POST /retention/run o
GET /audit aso
GET /audit/chain aso
POST /audit/heads aso
GET /security/events aso
POST /security/test-alert o
GET /brand/{tenant} *
GET /callbacks aGso
DELETE /callbacks/{id} so
GET /calls aGso
GET /calls/{id} aGso
POST /calls/{id}/actions Gso
GET /calls/{id}/explanation aso
POST /calls/{id}/hang-up Gso
GET /calls/{id}/notes aGso
PUT /calls/{id}/notes Gso
GET /catalogue aso
GET /configuration o
PUT /configuration o
POST /configuration/plan o
GET /connector/{tenant} *
POST /connector/{tenant}/softphone-link *
GET /dial Gso
POST /dial Gso
POST /dial/may Gso
POST /dial/pass Gso
GET /dial/{correlation} Gso
DELETE /dial/{correlation} Gso
GET /directory agso
GET /directory/status agso
GET /directory/users agso
GET /directory/users/{id}/photo agso
POST /directory/local o
PUT /directory/local/{id} o
DELETE /directory/local/{id} o
PUT /directory/users/{id}/correction o
DELETE /directory/users/{id}/correction o
GET /hours/{id}/closure aso
PUT /hours/{id}/closure so
POST /invitation *
GET /live aGso
GET /messages Gso
GET /permissions aso
DELETE /messages/{id} Gso
PUT /messages/{id} Gso
GET /recordings/{id} Gso
GET /recordings/{id}/peaks Gso
GET /recordings/{id}/proof aso
GET /reports/agents aGso
GET /reports/callbacks aso
GET /reports/dispositions aso
GET /reports/numbers aso
GET /reports/queues aso
GET /reports/queues/live aGso
DELETE /session p
GET /softphone Gso
POST /softphone Gso
PATCH /softphone Gso
DELETE /softphone Gso
POST /softphone/answer Gso
POST /softphone/decline Gso
POST /softphone/hang-up Gso
PUT /softphone/hold Gso
GET /session p
POST /session *
GET /session/microsoft *
GET /session/microsoft/callback *
GET /session/ways *
PUT /session/password p
POST /session/passkey *
POST /session/passkey/challenge *
GET /session/passkeys p
POST /session/passkeys p
POST /session/passkeys/challenge p
PUT /session/passkeys/{id} p
DELETE /session/passkeys/{id} p
DELETE /users/{id}/passkeys o
POST /session/second-factor p
PUT /session/second-factor p
POST /users/{id}/invitation o
DELETE /users/{id}/second-factor o
GET /users/{id}/telephones so
GET /trunks/{id}/status aso
GET /webhooks/dead aso
POST /webhooks/dead/{id}/retry o
POST /webhooks/replay o
GET /microsoft/connect o
GET /microsoft/licences O
POST /microsoft/licences o
POST /pbxs/{id}/line-passes o
GET /microsoft/licences/sign-in O
GET /microsoft/licences/callback O
DELETE /microsoft/connect o
GET /microsoft/connect/callback O
GET /microsoft/directory/callback *
GET /microsoft/connect/{id} O
";
/// Collections of objects: those that agents may look at, and the others.
const COLLECTIONS: [(&str, &[&str]); 3] = [
    ("agso", &["dispositions", "skills"]),
    ("aGso", &["numbers", "queues", "secure-entries", "users"]),
    (
        "aso",
        &[
            "flows",
            "holidays",
            "hours",
            "look-ups",
            "pbxs",
            "prompts",
            "retention-rules",
            "trunks",
            "webhooks",
        ],
    ),
];

fn table() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = ROUTES
        .trim()
        .lines()
        .map(|l| l.rsplit_once(' ').unwrap())
        .map(|(route, who)| (route.to_string(), who.to_string()))
        .collect();
    for (who, names) in COLLECTIONS {
        for name in names {
            let mut add = |route: String, who: &str| all.push((route, who.into()));
            add(format!("GET /{name}"), who);
            add(format!("GET /{name}/{{id}}"), who);
            add(format!("PUT /{name}/{{id}}"), "o");
            add(format!("DELETE /{name}/{{id}}"), "o");
            add(format!("GET /{name}/{{id}}/versions"), "aso");
            add(format!("POST /{name}/{{id}}/versions/{{version}}/restore"), "o");
        }
    }
    all
}

/// An empty object for what takes a body, and nothing for what takes none.
fn body_of(described: &Value, route: &str) -> Value {
    let (method, path) = route.split_once(' ').unwrap();
    let operation = &described["paths"][format!("/api/v1{path}")][method.to_lowercase()];
    if operation["requestBody"].is_null() { Value::Null } else { json!({}) }
}

#[test]
fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let program = program();
    let described = program.get("/openapi.json").1;
    let mut known = BTreeSet::new();
    for (path, item) in described["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            known.insert(format!("{} {}", method.to_uppercase(), path.strip_prefix("/api/v1").unwrap()));
        }
    }
    let table = table();
    let listed: BTreeSet<String> = table.iter().map(|(route, _)| route.clone()).collect();
    assert_eq!(listed, known, "a route that is not in the table above has nobody who says who may use it");
    // Signing in and out comes last: it ends what the others need.
    let ends_session = |route: &str| route == "DELETE /session";
    let (mut order, last): (Vec<_>, Vec<_>) = table.into_iter().partition(|(route, _)| !ends_session(route));
    order.extend(last);
    let people = [('a', "alex"), ('g', "agent1"), ('s', "boss"), ('o', "olga")];
    let browsers = people.map(|(letter, user)| (letter, Browser::signed_in(&program, user)));
    let stranger = Browser::new(&program);
    let dir = program.dir.clone();
    let bearer = program.bearer().replace("Bearer ", "");
    let mut wrong = Vec::new();
    for (route, who) in &order {
        let (method, path) = route.split_once(' ').unwrap();
        // Nobody's ids: whoever is let in finds nothing there.
        let path = path.replace("{id}", "nothing").replace("{version}", "0");
        let body = body_of(&described, route);
        let mut look = |name: &str, browser: &Browser, allowed: bool| {
            let answer = browser.ask(method, &path, &body);
            // Not let in: nobody is signed in, or the role is not enough. A page's own words for a wrong password have a
            // code, and what an agent may do only for oneself says so.
            let own = answer.body["detail"] == "agents do this for themselves only";
            let let_in = !matches!(answer.status, 401 | 403) || own || answer.body["code"] == "wrong";
            if let_in != allowed {
                wrong.push(format!("{name} {route}: {} {}", answer.status, answer.body));
            }
        };
        look("stranger", &stranger, who == "*");
        for (letter, browser) in &browsers {
            let allowed = matches!(who.as_str(), "*" | "p") || who.to_lowercase().contains(*letter);
            look(&letter.to_string(), browser, allowed);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    program.stop();
    // Tokens: as people, but nothing is an agent's own, and no token is a person.
    let tokens: Vec<(char, String)> = [('a', "auditor"), ('g', "agent"), ('s', "supervisor"), ('o', "owner")]
        .map(|(letter, role)| (letter, Program::token(dir.path(), "test", role)))
        .into();
    let mut program = Program::start_again(dir);
    program.set_token(bearer);
    let browser = Browser::new(&program);
    for (route, who) in &order {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path.replace("{id}", "nothing").replace("{version}", "0");
        for (letter, token) in &tokens {
            let bearer = format!("Bearer {token}");
            let body = body_of(&described, route);
            let answer = browser.ask_with(method, &path, &body, &[("authorization", &bearer)]);
            let allowed = who == "*" || who.contains(*letter);
            let let_in = !matches!(answer.status, 401 | 403) || answer.body["code"] == "wrong";
            if let_in != allowed {
                wrong.push(format!("token {letter} {route}: {} {}", answer.status, answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    program.stop();
}
