//! Tokens of work accounts at the API and at the WebSocket: the good one is its person, and each bad one is refused.

use crate::directory::{self, DOMAIN, SIGN_IN};
use crate::microsoft_io::Running;
use crate::program::Program;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

const PAGE: &str = "5c0de000-0000-4000-8000-00000000000a";
const OTHER: &str = "11111111-1111-1111-1111-111111111111";

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What stands in an access token for our API, with these claims changed; null takes one away.
fn claims(m: &Running, who: &str, changes: &Value) -> Value {
    let tid = m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
    let mut claims = json!({"aud": SIGN_IN, "iss": format!("{}/{tid}/v2.0", m.base()), "tid": tid, "ver": "2.0",
        "oid": who, "sub": "s", "scp": "access_as_user", "azp": PAGE, "azpacr": "0", "iat": now(), "nbf": now(),
        "exp": now() + 3_600, "uti": "u", "roles": ["owner"]});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

pub fn token(m: &Running, who: &str, changes: &Value) -> String {
    let claims = claims(m, who, changes);
    m.with(|m, _| m.sign(&claims))
}

/// Status and body of a question with a bearer token.
pub fn ask(program: &Program, path: &str, token: &str) -> (u16, Value) {
    let url = format!("http://{}/api/v1{path}", program.http);
    let mut answer =
        program.agent().get(url).header("Authorization", format!("Bearer {token}")).call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
}

/// The status line of an attempt to open the live page's WebSocket.
fn open_socket(program: &Program, token: &str) -> String {
    let mut stream = TcpStream::connect(program.http).unwrap();
    write!(
        stream,
        "GET /api/v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .unwrap();
    let mut line = [0; 12];
    stream.read_exact(&mut line).unwrap();
    String::from_utf8_lossy(&line).into_owned()
}

/// A token with another head, signed as `sign` does; the rest is that of a good one.
fn reheaded(good: &str, head: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let body = good.split('.').nth(1).unwrap();
    let signed = format!("{}.{body}", URL_SAFE_NO_PAD.encode(head.to_string()));
    let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// Tokens with what a good one says, and nothing by which Entra ID would stand for it.
fn forged(program: &Program, m: &Running, good: &str) -> [(&'static str, String); 6] {
    let head: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(good.split('.').next().unwrap()).unwrap()).unwrap();
    let keys: Value = program
        .agent()
        .get(format!("{}/common/discovery/v2.0/keys", m.base()))
        .call()
        .unwrap()
        .body_mut()
        .read_json()
        .unwrap();
    let modulus = keys["keys"][0]["n"].as_str().unwrap().to_string();
    let by_public_key = |text: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, modulus.as_bytes());
        hmac::sign(&key, text).as_ref().to_vec()
    };
    let headed = |changes: &[(&str, Value)]| {
        let mut head = head.clone();
        changes.iter().for_each(|(name, value)| head[*name] = value.clone());
        head
    };
    let cut = good.rsplit_once('.').unwrap().0;
    [
        ("alg none", reheaded(good, &headed(&[("alg", json!("none"))]), |_| Vec::new())),
        ("HS256 with the public key", reheaded(good, &headed(&[("alg", json!("HS256"))]), by_public_key)),
        (
            "a key that nobody publishes",
            reheaded(good, &headed(&[("kid", json!("made-up"))]), |_| vec![7; 256]),
        ),
        ("another signature", reheaded(good, &head, |_| vec![7; 256])),
        ("no signature", format!("{cut}.")),
        ("no token at all", "a.b.c".into()),
    ]
}

#[test]
fn each_bad_token_is_refused_at_the_api_and_at_the_web_socket() {
    let m = directory::microsoft(30);
    let wanda = directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let program = directory::connected(&m, &wanda);
    let good = token(&m, &wanda, &json!({}));
    let (status, who) = ask(&program, "/session", &good);
    assert_eq!((status, &who["user"]), (200, &json!("wanda")), "{who:#}");
    assert_eq!(open_socket(&program, &good), "HTTP/1.1 101");

    let mut bad = forged(&program, &m, &good).to_vec();
    let other_issuer = format!("{}/{OTHER}/v2.0", m.base());
    bad.extend([
        ("for another application", token(&m, &wanda, &json!({"aud": OTHER}))),
        ("for Graph", token(&m, &wanda, &json!({"aud": "https://graph.microsoft.com"}))),
        ("of another issuer", token(&m, &wanda, &json!({"iss": "https://evil.example/v2.0"}))),
        ("of a foreign directory", token(&m, &wanda, &json!({"tid": OTHER, "iss": other_issuer}))),
        ("over", token(&m, &wanda, &json!({"exp": now() - 400, "nbf": now() - 4_000}))),
        ("not valid yet", token(&m, &wanda, &json!({"nbf": now() + 400}))),
        ("an ID token", token(&m, &wanda, &json!({"scp": null, "azp": null, "nonce": "n"}))),
        ("of a program", token(&m, &wanda, &json!({"scp": null, "idtyp": "app"}))),
        ("without our scope", token(&m, &wanda, &json!({"scp": "User.Read"}))),
        ("of nobody", token(&m, &wanda, &json!({"oid": null}))),
        ("of somebody who is no user", token(&m, OTHER, &json!({}))),
    ]);
    for (what, token) in &bad {
        let (status, said) = ask(&program, "/session", token);
        assert_eq!((status, &said["code"]), (401, &json!("signed-out")), "{what}: {said:#}");
        assert_eq!(open_socket(&program, token), "HTTP/1.1 401", "{what}");
    }
    // Who was refused although the token is good stands in the audit log.
    let (_, audit) = program.get("/audit");
    let refused = audit["items"].as_array().unwrap().iter();
    assert_eq!(
        refused.filter(|e| e["action"] == "session.refuse" && e["object"] == "work account").count(),
        2
    );

    // Whoever comes again and again gets a few lines, and the rest is counted.
    let nobody = token(&m, OTHER, &json!({}));
    for _ in 0..30 {
        assert_eq!(ask(&program, "/session", &nobody).0, 401);
    }
    let (_, audit) = program.get("/audit");
    let refused = audit["items"].as_array().unwrap().iter();
    let lines = refused.filter(|e| e["action"] == "session.refuse").count();
    assert!((10..=25).contains(&lines), "{lines} lines of 32 refusals");
    assert!(!program.admin("/metrics").contains("switchroom_refusals_left_out_total 0"));

    // Disabled there, a token that was given before is worth nothing here.
    let old = token(&m, &wanda, &json!({}));
    directory::change(&m, |m, now, tenant| {
        let fields = json!({"accountEnabled": false});
        m.change_person(now, tenant, &wanda, fields.as_object().cloned().unwrap());
    });
    program.wait_for("/directory/users?q=wanda", |l| (l[0]["enabled"] == false).then_some(()));
    assert_eq!(ask(&program, "/session", &old).0, 401);
    assert_eq!(open_socket(&program, &old), "HTTP/1.1 401");
    assert!(!program.stop().contains("Canarywharf"));
}

#[test]
fn a_token_that_does_not_say_when_its_person_signed_in_is_never_new_enough() {
    let m = directory::microsoft(30);
    let wanda = directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let program = directory::connected(&m, &wanda);
    let at = |seconds: Value| token(&m, &wanda, &json!({"auth_time": seconds}));
    for (seconds, status) in [
        (Value::Null, 403),
        (json!(now() - 3_600), 403),
        (json!("soon"), 403),
        (json!(now() + 3_600), 200),
        (json!(now()), 200),
    ] {
        let token = at(seconds.clone());
        assert_eq!(ask(&program, "/session", &token).0, 200, "{seconds}: what is not grave goes on");
        let (got, said) = ask(&program, "/configuration", &token);
        assert_eq!(got, status, "{seconds}: {said:#}");
        if status == 403 {
            assert_eq!(said["code"], "sign-in-again", "{seconds}");
        }
    }
    // However often she comes with it, the audit log says it once.
    let (_, audit) = program.get("/audit");
    let came = |e: &&Value| e["action"] == "session.token";
    let lines: Vec<&Value> = audit["items"].as_array().unwrap().iter().filter(came).collect();
    assert_eq!(lines.len(), 1, "{audit:#}");
    assert_eq!((&lines[0]["who"], &lines[0]["object"]), (&json!("user wanda"), &json!("User/wanda")));
    program.stop();
}

#[test]
fn roles_come_from_the_token_where_the_tenant_says_so_and_newcomers_only_then() {
    let m = directory::microsoft(30);
    let wanda = directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let gustav = directory::person(&m, "Gustav", "Canarybay", "+49 30 5550101");
    let program = directory::connected(&m, &wanda);
    let as_agent = json!({"roles": ["Agent"]});
    // As it stands in her user: the token's roles are not looked at.
    assert_eq!(ask(&program, "/session", &token(&m, &wanda, &as_agent)).1["roles"], json!(["owner"]));
    assert_eq!(ask(&program, "/session", &token(&m, &gustav, &as_agent)).0, 401);
    let set = |fields: Value| {
        let (_, mut all) = program.get("/configuration");
        for object in all.as_array_mut().unwrap().iter_mut().filter(|o| o["kind"] == "Tenant") {
            object.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        }
        program.put("/configuration", &all)
    };
    assert_eq!(set(json!({"newcomers": true})).0, 422, "newcomers have no roles but those of the token");
    assert_eq!(set(json!({"roles_from": "microsoft"})).0, 200);
    assert_eq!(ask(&program, "/session", &token(&m, &wanda, &as_agent)).1["roles"], json!(["agent"]));
    let both = json!({"roles": ["auditor", "supervisor", "something"]});
    assert_eq!(
        ask(&program, "/session", &token(&m, &wanda, &both)).1["roles"],
        json!(["supervisor", "auditor"])
    );
    assert_eq!(
        ask(&program, "/session", &token(&m, &wanda, &json!({"roles": []}))).0,
        401,
        "no role any more"
    );
    assert_eq!(ask(&program, "/session", &token(&m, &gustav, &as_agent)).0, 401);
    assert_eq!(set(json!({"newcomers": true})).0, 200);
    let (status, who) = ask(&program, "/session", &token(&m, &gustav, &as_agent));
    assert_eq!((status, &who["roles"]), (200, &json!(["agent"])), "{who:#}");
    assert_eq!(who["user"], format!("entra-{}", gustav.replace('-', "")));
    assert_eq!(ask(&program, "/session", &token(&m, &gustav, &as_agent)).1["user"], who["user"], "once");
    let (_, versions) = program.get(&format!("/users/{}/versions", who["user"].as_str().unwrap()));
    assert_eq!((versions.as_array().unwrap().len(), &versions[0]["who"]), (1, &json!("work account")));
    program.stop();
}

/// Graph's publisher of notifications.
const PUBLISHER: &str = "0bf30f3b-4a52-48df-9a82-234910c4a086";

#[test]
fn each_bad_token_is_refused_with_a_notification_that_brings_data() {
    let m = directory::microsoft(30);
    let wanda = directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let program = directory::connected_with(&m, &wanda, |http| {
        format!("directory_every = \"1h\"\npresence_every = \"1s\"\n[http]\npublic_url = \"http://{http}\"\n")
    });
    program.wait_for("/directory/status", |s| (s["told"] == true).then_some(()));
    let (tenant, subscription) =
        m.with(|m, _| (m.tenant(DOMAIN).unwrap().id().to_string(), m.subscriptions().remove(0)));
    let base = json!({"aud": directory::APP, "azp": PUBLISHER, "scp": null, "roles": null, "oid": null});
    let signed = |changes: Value| {
        let mut all = base.clone();
        all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        token(&m, &wanda, &all)
    };
    let good = signed(json!({}));
    let mut count = 0;
    // Each is told with the subscription's own secret: what it is worth hangs on the tokens alone.
    let mut why = |tokens: Value| {
        count += 1;
        let notice = json!({"id": format!("n{count}"), "subscriptionId": subscription["id"], "tenantId": tenant,
            "changeType": "updated", "clientState": subscription["clientState"], "resource": "Users/x",
            "encryptedContent": {"data": "x", "encryptionCertificateId": "nobody's"}});
        let mut body = json!({"value": [notice], "validationTokens": tokens});
        if tokens.is_null() {
            body.as_object_mut().unwrap().remove("validationTokens");
        }
        let path = ["/graph/notify", "/graph/lifecycle"][count % 2];
        let url = format!("http://{}{path}", program.http);
        let sent = program.agent().post(url).content_type("application/json").send(body.to_string()).unwrap();
        assert_eq!(sent.status().as_u16(), 202, "whoever forges one learns nothing");
        let dropped = format!("switchroom_microsoft_notifications_total{{what=\"dropped\"}} {count}");
        program.wait_for_metric(&dropped);
        let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
        let lines = || program.log.lock().unwrap().matches("notification_dropped").count();
        while lines() < count {
            assert!(std::time::Instant::now() < until, "the log does not say it");
            crate::program::look_again();
        }
        let log = program.log.lock().unwrap();
        let last = log.lines().rfind(|l| l.contains("notification_dropped")).unwrap();
        serde_json::from_str::<Value>(last).unwrap()["why"].as_str().unwrap().to_string()
    };
    // With a good token only the data is wrong.
    assert_eq!(why(json!([good])), "the notification is encrypted for another key");
    let other_issuer = format!("{}/{OTHER}/v2.0", m.base());
    let mut bad: Vec<(&str, Value)> =
        forged(&program, &m, &good).into_iter().map(|(what, token)| (what, json!([token]))).collect();
    bad.extend([
        ("none", Value::Null),
        ("an empty list", json!([])),
        ("no list", json!("x")),
        ("a number", json!([7])),
        ("one bad one among good ones", json!([good, "a.b.c", good])),
        ("too many", json!(vec![good.clone(); 65])),
        ("for another application", json!([signed(json!({"aud": SIGN_IN}))])),
        ("for Graph", json!([signed(json!({"aud": "https://graph.microsoft.com"}))])),
        ("of another issuer", json!([signed(json!({"iss": "https://evil.example/v2.0"}))])),
        ("of a foreign directory", json!([signed(json!({"tid": OTHER, "iss": other_issuer}))])),
        ("over", json!([signed(json!({"exp": now() - 400, "nbf": now() - 4_000}))])),
        ("not valid yet", json!([signed(json!({"nbf": now() + 400}))])),
        ("of another publisher", json!([signed(json!({"azp": PAGE}))])),
        ("an ID token", json!([signed(json!({"azp": null, "nonce": "n"}))])),
    ]);
    for (what, tokens) in bad {
        let why = why(tokens);
        assert!(why.starts_with("the notification is not proven: "), "{what}: {why}");
    }
    assert_eq!(why(json!([good])), "the notification is encrypted for another key");
    program.stop();
}
