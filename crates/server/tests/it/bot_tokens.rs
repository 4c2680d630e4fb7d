//! Whom the bot believes: every kind of token at `/api/messages`, judged here and by Microsoft's own library.

use crate::bot::{APP, Teams};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// A request to the bot, and whether it may be believed.
struct Case {
    name: &'static str,
    authorization: Option<String>,
    channel: &'static str,
    service_url: String,
    /// What Switchroom must answer.
    status: u16,
    /// Whether Microsoft's library believes it. It knows no list of hosts: that is left to each bot.
    believed: bool,
}

const NOW: fn() -> u64 =
    || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();

fn cases(teams: &Teams) -> Vec<Case> {
    let now = NOW();
    let own = teams.m.with(|m, _| m.service_url());
    let claims = |changes: Value| {
        let mut all = json!({"iss": "https://api.botframework.com", "aud": APP, "serviceurl": own, "nbf": now - 60, "exp": now + 3_600});
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(all.as_object_mut().unwrap().remove(name)),
                value => all[name] = value.clone(),
            }
        }
        all
    };
    let sign = |changes: Value| teams.m.with(|m, _| m.sign_as_bot_connector(&claims(changes)));
    let good = sign(json!({}));
    let parts: Vec<&str> = good.split('.').collect();
    let head: Value = serde_json::from_slice(&BASE64.decode(parts[0]).unwrap()).unwrap();
    let kid = head["kid"].as_str().unwrap();
    let with_head = |head: Value| format!("{}.{}.{}", BASE64.encode(head.to_string()), parts[1], parts[2]);
    // A shared secret made of what everybody can read: the public key's document.
    let hs256 = {
        let text = format!(
            "{}.{}",
            BASE64.encode(json!({"alg": "HS256", "typ": "JWT", "kid": kid}).to_string()),
            parts[1]
        );
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, kid.as_bytes());
        format!("{text}.{}", BASE64.encode(aws_lc_rs::hmac::sign(&key, text.as_bytes()).as_ref()))
    };
    let entra =
        teams.m.with(|m, _| m.sign(&claims(json!({"iss": format!("{}/{}/v2.0", m.base(), teams.tenant)}))));
    let of_entra_key = teams.m.with(|m, _| m.sign(&claims(json!({}))));
    let changed =
        format!("{}.{}.{}", parts[0], BASE64.encode(claims(json!({"aud": "x"})).to_string()), parts[2]);
    let bearer = |token: String| Some(format!("Bearer {token}"));
    let case = |name, authorization| Case {
        name,
        authorization,
        channel: "msteams",
        service_url: own.clone(),
        status: 401,
        believed: false,
    };
    let elsewhere = "https://evil.example/bot/teams/";
    let claimed = |to: &str| bearer(sign(json!({"serviceurl": to})));
    vec![
        Case { status: 200, believed: true, ..case("a good one", bearer(good.clone())) },
        case("none", None),
        case("an empty one", bearer(String::new())),
        case("another scheme", Some(format!("Basic {good}"))),
        case("the scheme alone", Some("Bearer".into())),
        case("no token at all", bearer("abc".into())),
        case("two parts", bearer(format!("{}.{}", parts[0], parts[1]))),
        case("four parts", bearer(format!("{good}.x"))),
        case("a very long one", bearer("a".repeat(40_000))),
        case("unsigned", bearer(with_head(json!({"alg": "none", "typ": "JWT", "kid": kid})))),
        case("unsigned, without a signature", {
            bearer(format!("{}.{}.", BASE64.encode(r#"{"alg":"none"}"#), parts[1]))
        }),
        case("signed with a shared secret", bearer(hs256)),
        case("another way of signing", bearer(with_head(json!({"alg": "PS256", "typ": "JWT", "kid": kid})))),
        case(
            "a key that is not published",
            bearer(with_head(json!({"alg": "RS256", "typ": "JWT", "kid": "nobody"}))),
        ),
        case("no name of a key", bearer(with_head(json!({"alg": "RS256", "typ": "JWT"})))),
        case("signed by Entra ID's key", bearer(of_entra_key)),
        case("Entra ID's, as other bots and the emulator bring", bearer(entra)),
        case("changed claims", bearer(changed)),
        case("a changed signature", bearer(format!("{}.{}.{}", parts[0], parts[1], "A".repeat(342)))),
        case("over", bearer(sign(json!({"nbf": now - 7_200, "exp": now - 301})))),
        Case {
            status: 200,
            believed: true,
            ..case("over, within the skew of clocks", bearer(sign(json!({"exp": now - 240}))))
        },
        case("not valid yet", bearer(sign(json!({"nbf": now + 400})))),
        // The library takes it to hold for ever.
        Case { believed: true, ..case("without an end", bearer(sign(json!({"exp": null})))) },
        case("for another bot", bearer(sign(json!({"aud": "5c0de000-0000-4000-8000-00000000b071"})))),
        case("for nobody", bearer(sign(json!({"aud": null})))),
        case("of another issuer", bearer(sign(json!({"iss": "https://api.botframework.us"})))),
        case("of no issuer", bearer(sign(json!({"iss": null})))),
        case("without a service URL", bearer(sign(json!({"serviceurl": null})))),
        case("for another service URL", claimed("http://127.0.0.1:1/bot/teams/")),
        Case {
            channel: "directline",
            ..case("of a channel that the key does not speak for", bearer(good.clone()))
        },
        Case { service_url: elsewhere.into(), ..case("a service URL elsewhere", bearer(good.clone())) },
        Case {
            service_url: elsewhere.into(),
            believed: true,
            ..case("a service URL elsewhere, signed", claimed(elsewhere))
        },
        Case { status: 200, believed: true, ..case("a good one again", bearer(good.clone())) },
    ]
}

fn activity(case: &Case, n: usize, tenant: &str) -> Value {
    json!({"type": "typing", "id": format!("t{n}"), "channelId": case.channel, "serviceUrl": case.service_url,
        "from": {"id": "29:a", "aadObjectId": "eeeeeeee-0000-0000-0000-000000000001"}, "recipient": {"id": format!("28:{APP}")},
        "conversation": {"id": "a:1", "conversationType": "personal", "tenantId": tenant}})
}

#[test]
fn only_the_bot_connector_is_believed_and_microsofts_own_library_agrees() {
    let teams = Teams::start(60, "");
    let all = cases(&teams);
    let url = format!("http://{}/api/messages", teams.program.http);
    let mut facts = Vec::new();
    for (n, case) in all.iter().enumerate() {
        let activity = activity(case, n, &teams.tenant);
        let mut request = teams.program.agent().post(&url);
        if let Some(authorization) = &case.authorization {
            request = request.header("Authorization", authorization);
        }
        let answer = request.send_json(&activity).unwrap();
        assert_eq!(answer.status().as_u16(), case.status, "{}", case.name);
        facts.push(json!({"name": case.name, "authorization": case.authorization, "activity": activity, "believed": case.believed}));
    }
    let chat = teams.chat(60);
    let token = json!({"grant_type": "client_credentials", "client_id": APP, "client_secret": "s3cret", "scope": "https://api.botframework.com/.default"});
    let facts = json!({"base": teams.m.base(), "app": APP, "tenant": teams.tenant, "cases": facts, "chat": chat,
        "serviceUrl": teams.m.with(|m, _| m.service_url()), "people": 60, "token": token});
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("facts.json");
    std::fs::write(&path, facts.to_string()).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/microsoft");
    assert!(
        folder.join("node_modules/botframework-connector").exists(),
        "make test does this: npm ci in {}",
        folder.display()
    );
    let output =
        Command::new("node").arg(folder.join("bot.mjs")).arg(&path).output().expect("node is installed");
    let said = String::from_utf8_lossy(&output.stdout);
    let well = said.lines().filter(|l| l.starts_with("ok ")).count();
    assert!(
        output.status.success() && well == all.len() + 3,
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = teams.m.with(|m, _| m.conversation(&chat).unwrap().newest_of_bot().unwrap().text.clone());
    assert_eq!(said, "hello from another library");
    teams.program.stop();
}

#[test]
fn what_is_no_activity_is_refused_whoever_brings_it() {
    let teams = Teams::start(20, "");
    let good = cases(&teams).remove(0);
    let url = format!("http://{}/api/messages", teams.program.http);
    let authorization = good.authorization.unwrap();
    let post = |body: &[u8]| {
        let request = teams.program.agent().post(&url).header("Authorization", &authorization);
        request.send(body).unwrap().status().as_u16()
    };
    for (body, status) in [
        (&b""[..], 400),
        (b"[]", 400),
        (b"{\"type\":\"message\"}", 400),
        (b"\xff\xfe", 400),
        (&vec![b'['; 300_000], 413),
        (&vec![b'['; 200_000], 400),
    ] {
        assert_eq!(post(body), status, "{:?}", &body[..body.len().min(20)]);
    }
    assert_eq!(teams.program.agent().get(&url).call().unwrap().status().as_u16(), 405);
    teams.program.stop();
}
