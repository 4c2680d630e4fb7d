//! Sign-in, consent and tokens as clients meet them, and what is refused.

use crate::microsoft::certificate::tests as certificate;
use crate::microsoft::exchange::{Reply, Request, coded};
use crate::microsoft::registration::{Holder, Registration};
use crate::microsoft::{Microsoft, Named, TenantPlan};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaSignatureEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub const NOW: u64 = 1_800_000_000_000;
pub const BASE: &str = "https://login.test";
pub const WEB: &str = "aaaaaaaa-0000-4000-8000-000000000001";
pub const WORKER: &str = "aaaaaaaa-0000-4000-8000-000000000002";
const PAGE: &str = "aaaaaaaa-0000-4000-8000-000000000003";
const BACK: &str = "https://app.test/back";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A tenant of forty with an administrator (Olga) and somebody else (Robin), and three applications.
pub fn world() -> (Microsoft, String) {
    let mut m = Microsoft::new(BASE, 5);
    let named = [("Olga", "Oak"), ("Robin", "Ray")].map(|(g, s)| Named {
        given: g.into(),
        surname: s.into(),
        job: "Agent".into(),
    });
    let plan = TenantPlan {
        name: "Harbour Bikes".into(),
        domain: "bikes.example".into(),
        country: "DE".into(),
        people: 40,
        named: named.into(),
    };
    let tid = m.add_tenant(&plan).unwrap();
    m.register(
        Registration::new(WEB, "Switchroom", &tid)
            .for_all_tenants()
            .with_redirect(BACK)
            .with_secret("s3cret")
            .with_scope("access_as_user")
            .with_permission("User.Read", Holder::Delegated)
            .with_permission("User.Read.All", Holder::Delegated),
    );
    m.register(
        Registration::new(WORKER, "Worker", &tid)
            .with_secret("w0rk")
            .with_certificate(certificate::DER)
            .with_permission("User.Read.All", Holder::Application)
            .with_permission("Presence.Read.All", Holder::Application),
    );
    let mut page = Registration::new(PAGE, "Page", &tid);
    page.spa_redirect_uris.push("https://page.test/".into());
    page.public = true;
    m.register(page);
    m.grant(&tid, WORKER, "User.Read.All", Holder::Application);
    (m, tid)
}

pub fn ask(m: &mut Microsoft, now: u64, request: &Request) -> Reply {
    m.handle(now, request).reply().expect("an answer at once")
}

fn get(m: &mut Microsoft, target: &str) -> Reply {
    ask(m, NOW, &Request::new("GET", target))
}

pub fn token(m: &mut Microsoft, now: u64, tenant: &str, form: &[(&str, &str)]) -> Value {
    let request = Request::new("POST", &format!("/{tenant}/oauth2/v2.0/token")).with_form(form);
    ask(m, now, &request).value()
}

pub fn claims(token: &Value) -> Value {
    let middle = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(middle).unwrap()).unwrap()
}

fn authorize(tenant: &str, more: &[(&str, &str)]) -> String {
    let mut all = vec![
        ("client_id", WEB),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("state", "s&1"),
        ("nonce", "n1"),
        ("scope", "openid profile email offline_access User.Read"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    all.retain(|(n, _)| !more.iter().any(|(m, _)| m == n));
    all.extend(more);
    format!("/{tenant}/oauth2/v2.0/authorize?{}", coded(&all))
}

/// The query with which the browser came back.
fn back(reply: &Reply) -> crate::microsoft::exchange::Pairs {
    let to = reply.header("Location").unwrap_or_else(|| panic!("{} {}", reply.status, reply.text()));
    assert!(to.starts_with(BACK), "{to}");
    Request::new("GET", to).query()
}

fn redeem<'a>(code: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        ("grant_type", "authorization_code"),
        ("client_id", WEB),
        ("client_secret", "s3cret"),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    all.retain(|(n, _)| !more.iter().any(|(m, _)| m == n));
    all.extend(more);
    all
}

/// Somebody signs in and allows what is asked for; the code.
pub fn sign_in(m: &mut Microsoft, tenant: &str, who: &str, more: &[(&str, &str)]) -> String {
    let mut all = more.to_vec();
    all.extend([("sim_user", who), ("sim_consent", "accept")]);
    let reply = get(m, &authorize(tenant, &all));
    back(&reply).get("code").unwrap_or_else(|| panic!("{reply:?}")).to_string()
}

#[test]
fn discovery_names_the_tenant_and_the_template_for_all() {
    let (mut m, tid) = world();
    let one = get(&mut m, "/bikes.example/v2.0/.well-known/openid-configuration").value();
    assert_eq!(one["issuer"], format!("{BASE}/{tid}/v2.0"));
    assert_eq!(one["token_endpoint"], format!("{BASE}/{tid}/oauth2/v2.0/token"));
    let any = get(&mut m, "/organizations/v2.0/.well-known/openid-configuration").value();
    assert_eq!(any["issuer"], format!("{BASE}/{{tenantid}}/v2.0"));
    let keys = get(&mut m, "/common/discovery/v2.0/keys").value();
    assert_eq!(keys["keys"][0]["n"].as_str().unwrap().len(), 342);
    assert_eq!(
        get(&mut m, "/nobody.example/v2.0/.well-known/openid-configuration").value()["error_codes"][0],
        90_002
    );
}

#[test]
fn a_click_signs_in_and_the_code_brings_tokens_once() {
    let (mut m, tid) = world();
    let page = get(&mut m, &authorize(&tid, &[]));
    assert!(page.status == 200 && page.text().contains("Robin Ray"), "{page:?}");
    let link = page.text().split("href=\"").nth(2).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let consent = get(&mut m, &link);
    assert!(
        consent.text().contains("<li>User.Read</li>") && consent.text().contains("id=accept"),
        "{}",
        consent.text()
    );
    let accept = consent
        .text()
        .split("id=accept href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&");
    let reply = get(&mut m, &accept);
    let answer = back(&reply);
    assert_eq!(answer.get("state"), Some("s&1"));
    let code = answer.get("code").unwrap();
    let got = token(&mut m, NOW, &tid, &redeem(code, &[("client_info", "1")]));
    let id = claims(&got["id_token"]);
    assert_eq!((&id["nonce"], &id["aud"], &id["tid"]), (&json!("n1"), &json!(WEB), &json!(tid)));
    assert_eq!(id["preferred_username"], "robin.ray@bikes.example");
    let access = claims(&got["access_token"]);
    assert_eq!(access["scp"], "User.Read openid profile email");
    assert_eq!(
        (&access["ver"], &access["appid"], &access["appidacr"]),
        (&json!("1.0"), &json!(WEB), &json!("1"))
    );
    assert_eq!(access["oid"], id["oid"]);
    let again = token(&mut m, NOW, &tid, &redeem(code, &[]));
    assert_eq!((&again["error"], &again["error_codes"][0]), (&json!("invalid_grant"), &json!(54_005)));
    // What came of a code that somebody else had too ends.
    let refresh = got["refresh_token"].as_str().unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", WEB),
        ("client_secret", "s3cret"),
        ("refresh_token", refresh),
    ];
    assert_eq!(token(&mut m, NOW, &tid, &form)["error"], "invalid_grant");
    // The browser is known now: nobody is asked.
    let cookie = reply.header("Set-Cookie").unwrap().split(';').next().unwrap();
    let silent = Request::new("GET", &authorize(&tid, &[("prompt", "none")])).with_header("Cookie", cookie);
    assert!(back(&ask(&mut m, NOW, &silent)).get("code").is_some());
    let strange = get(&mut m, &authorize(&tid, &[("prompt", "none")]));
    assert_eq!(back(&strange).get("error"), Some("login_required"));
}

#[test]
fn what_does_not_fit_the_request_is_refused_at_the_code() {
    let (mut m, tid) = world();
    for (more, number) in [
        (&[("code_verifier", "wrong")][..], 501_481),
        (&[("redirect_uri", "https://app.test/back/")], 500_112),
        (&[("client_secret", "wrong")], 7_000_215),
        (&[("client_secret", "")], 7_000_218),
        (&[("client_id", WORKER), ("client_secret", "w0rk")], 9_002_313),
        (&[("client_id", "nobody")], 700_016),
        (&[("grant_type", "password")], 70_003),
        (&[("scope", "User.Read api://aaaaaaaa-0000-4000-8000-000000000001/access_as_user")], 28_000),
        (&[("scope", "Mail.Everything")], 650_053),
        (&[("scope", "https://elsewhere.test/.default")], 500_011),
        (&[("scope", "Presence.Read.All")], 65_001),
    ] {
        let code = sign_in(&mut m, &tid, "robin.ray@bikes.example", &[]);
        let no = token(&mut m, NOW, &tid, &redeem(&code, more));
        assert_eq!(no["error_codes"][0], number, "{more:?}: {no}");
    }
    let code = sign_in(&mut m, &tid, "robin.ray@bikes.example", &[]);
    assert_eq!(token(&mut m, NOW + 600_000, &tid, &redeem(&code, &[]))["error_codes"][0], 70_008);
}

#[test]
fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let (mut m, tid) = world();
    for uri in [
        "https://app.test/back/",
        "https://app.test/back?x=1",
        "https://APP.test/back",
        "https://evil.test/",
        "",
    ] {
        let no =
            get(&mut m, &authorize(&tid, &[("redirect_uri", uri), ("sim_user", "robin.ray@bikes.example")]));
        assert!(
            no.status == 400 && no.text().contains("AADSTS50011") && no.header("Location").is_none(),
            "{uri}: {no:?}"
        );
    }
    for (more, error) in [
        (&[("response_type", "token")][..], "unsupported_response_type"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge", "short")], "invalid_request"),
        (&[("scope", "")], "invalid_request"),
    ] {
        let no = get(&mut m, &authorize(&tid, more));
        assert_eq!(back(&no).get("error"), Some(error), "{more:?}");
    }
    let spa = [("client_id", PAGE), ("redirect_uri", "https://page.test/"), ("code_challenge", "")];
    let no = get(&mut m, &authorize(&tid, &spa));
    assert!(no.header("Location").unwrap().contains("AADSTS9002325"), "{no:?}");
}

#[test]
fn what_only_an_administrator_may_allow_people_may_not() {
    let (mut m, tid) = world();
    let more = [
        ("scope", "openid User.Read.All"),
        ("sim_user", "robin.ray@bikes.example"),
        ("sim_consent", "accept"),
    ];
    let no = get(&mut m, &authorize(&tid, &more));
    assert!(back(&no).get("error_description").unwrap().starts_with("AADSTS90094"));
    let consent = |answer: &str, who: &str| {
        let pairs = [
            ("client_id", WEB),
            ("redirect_uri", BACK),
            ("state", "x"),
            ("scope", "https://graph.microsoft.com/.default"),
            ("sim_user", who),
            ("sim_consent", answer),
        ];
        format!("/organizations/v2.0/adminconsent?{}", coded(&pairs))
    };
    let no = get(&mut m, &consent("accept", "robin.ray@bikes.example"));
    assert_eq!(back(&no).get("error"), Some("access_denied"));
    let no = get(&mut m, &consent("decline", "olga.oak@bikes.example"));
    assert!(back(&no).get("error_description").unwrap().starts_with("AADSTS65004"));
    let yes = get(&mut m, &consent("accept", "olga.oak@bikes.example"));
    let answer = back(&yes);
    assert_eq!(
        (answer.get("admin_consent"), answer.get("tenant"), answer.get("state")),
        (Some("True"), Some(tid.as_str()), Some("x"))
    );
    // Now it needs nobody's click.
    let reply = get(
        &mut m,
        &authorize(&tid, &[("scope", "openid User.Read.All"), ("sim_user", "robin.ray@bikes.example")]),
    );
    assert!(back(&reply).get("code").is_some(), "{reply:?}");
}

fn assertion(
    alg: &str,
    padding: &'static dyn signature_padding::Padding,
    change: impl Fn(&mut Value, &mut Value),
) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    let thumb = URL_SAFE_NO_PAD.encode(digest(&SHA256, certificate::DER).as_ref());
    let mut head = json!({"alg": alg, "typ": "JWT", "x5t#S256": thumb});
    let now = NOW / 1_000;
    let mut body = json!({"iss": WORKER, "sub": WORKER, "aud": format!("{BASE}/bikes.example/oauth2/v2.0/token"), "jti": "1",
        "nbf": now, "iat": now, "exp": now + 300});
    change(&mut head, &mut body);
    let text =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(head.to_string()), URL_SAFE_NO_PAD.encode(body.to_string()));
    let pair = KeyPair::from_pkcs8(certificate::KEY).unwrap();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding.of(), &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The two paddings, which have types of their own.
mod signature_padding {
    use super::*;
    pub trait Padding {
        fn of(&self) -> &'static RsaSignatureEncoding;
    }
    pub struct Pss;
    pub struct Pkcs1;
    impl Padding for Pss {
        fn of(&self) -> &'static RsaSignatureEncoding {
            &RSA_PSS_SHA256
        }
    }
    impl Padding for Pkcs1 {
        fn of(&self) -> &'static RsaSignatureEncoding {
            &RSA_PKCS1_SHA256
        }
    }
}
use signature_padding::{Pkcs1, Pss};

fn alone(assertion: &str) -> [(&str, &str); 5] {
    [
        ("grant_type", "client_credentials"),
        ("client_id", WORKER),
        ("scope", "https://graph.microsoft.com/.default"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ]
}

#[test]
fn an_application_alone_proves_itself_by_its_certificate() {
    let (mut m, tid) = world();
    for a in [assertion("PS256", &Pss, |_, _| {}), assertion("RS256", &Pkcs1, |_, _| {})] {
        let got = token(&mut m, NOW, "bikes.example", &alone(&a));
        let access = claims(&got["access_token"]);
        assert_eq!(
            (&access["roles"], &access["idtyp"], &access["appidacr"]),
            (&json!(["User.Read.All"]), &json!("app"), &json!("2"))
        );
        assert_eq!(access["iss"], format!("{BASE}/{tid}/"));
        assert!(got.get("refresh_token").is_none() && access.get("scp").is_none());
    }
    let wrong = [
        (assertion("PS256", &Pkcs1, |_, _| {}), 700_027),
        (assertion("HS256", &Pss, |_, _| {}), 700_027),
        (assertion("PS256", &Pss, |h, _| h["x5t#S256"] = "AAAA".into()), 700_027),
        (
            assertion("PS256", &Pss, |_, b| b["aud"] = format!("{BASE}/other/oauth2/v2.0/token").into()),
            700_023,
        ),
        (assertion("PS256", &Pss, |_, b| b["sub"] = WEB.into()), 700_021),
        (assertion("PS256", &Pss, |_, b| b["exp"] = (NOW / 1_000 - 301).into()), 700_024),
        (assertion("PS256", &Pss, |_, b| b["nbf"] = (NOW / 1_000 + 301).into()), 700_024),
        ("a.b.c".into(), 50_027),
    ];
    for (a, number) in wrong {
        let no = token(&mut m, NOW, "bikes.example", &alone(&a));
        assert_eq!((&no["error"], &no["error_codes"][0]), (&json!("invalid_client"), &json!(number)), "{no}");
    }
    let a = assertion("PS256", &Pss, |_, _| {});
    assert_eq!(token(&mut m, NOW, "common", &alone(&a))["error_codes"][0], 700_023);
    let single = [
        ("grant_type", "client_credentials"),
        ("client_id", WORKER),
        ("client_secret", "w0rk"),
        ("scope", "https://graph.microsoft.com/User.Read.All"),
    ];
    assert_eq!(token(&mut m, NOW, &tid, &single)["error_codes"][0], 1_002_012);
    m.remove_principal(&tid, WORKER);
    let a = assertion("PS256", &Pss, |_, _| {});
    assert_eq!(token(&mut m, NOW, "bikes.example", &alone(&a))["error_codes"][0], 700_016);
}

#[test]
fn refresh_tokens_rotate_and_end_with_the_person() {
    let (mut m, tid) = world();
    let renew = |m: &mut Microsoft, now: u64, token_: &str, more: &[(&str, &str)]| {
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("client_id", WEB),
            ("client_secret", "s3cret"),
            ("refresh_token", token_),
        ];
        form.extend(more);
        token(m, now, "organizations", &form)
    };
    let code = sign_in(&mut m, &tid, "robin.ray@bikes.example", &[]);
    let first = token(&mut m, NOW, &tid, &redeem(&code, &[]))["refresh_token"].as_str().unwrap().to_string();
    let second = renew(&mut m, NOW, &first, &[])["refresh_token"].as_str().unwrap().to_string();
    assert_ne!(first, second);
    assert!(
        renew(&mut m, NOW + 1_000, &first, &[]).get("access_token").is_some(),
        "the answer may have been lost"
    );
    assert_eq!(renew(&mut m, NOW + 61_001, &first, &[])["error_codes"][0], 70_000);
    assert!(renew(&mut m, NOW + 89 * 86_400_000, &second, &[]).get("access_token").is_some());
    let far = sign_in(&mut m, &tid, "robin.ray@bikes.example", &[]);
    let far = token(&mut m, NOW, &tid, &redeem(&far, &[]))["refresh_token"].as_str().unwrap().to_string();
    assert_eq!(renew(&mut m, NOW + 90 * 86_400_000, &far, &[])["error_codes"][0], 700_082);
    // Asked for in person: the claims come along, and go to the browser.
    m.demand_in_person(
        &tid,
        "robin.ray@bikes.example",
        &json!({"access_token": {"polids": {"essential": true}}}),
    );
    let code = sign_in(&mut m, &tid, "olga.oak@bikes.example", &[]);
    assert!(
        token(&mut m, NOW, &tid, &redeem(&code, &[])).get("access_token").is_some(),
        "somebody else is not asked"
    );
    let no = renew(&mut m, NOW, &second, &[]);
    assert_eq!(
        (&no["error"], no["claims"].as_str().unwrap().contains("polids")),
        (&json!("interaction_required"), true)
    );
    sign_in(&mut m, &tid, "robin.ray@bikes.example", &[]);
    assert!(renew(&mut m, NOW, &second, &[]).get("access_token").is_some());
    // An authentication context needs the person too.
    let context = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    assert_eq!(renew(&mut m, NOW, &second, &[("claims", context)])["error"], "interaction_required");
    let code = sign_in(&mut m, &tid, "robin.ray@bikes.example", &[("claims", context)]);
    let got = token(&mut m, NOW, &tid, &redeem(&code, &[]));
    assert_eq!(claims(&got["access_token"])["acrs"], json!(["c1"]));
    m.change_person(
        NOW,
        &tid,
        "robin.ray@bikes.example",
        json!({"accountEnabled": false}).as_object().cloned().unwrap(),
    );
    assert_eq!(renew(&mut m, NOW, &second, &[])["error"], "invalid_grant");
    let no = get(&mut m, &authorize(&tid, &[("sim_user", "robin.ray@bikes.example")]));
    assert!(back(&no).get("error_description").unwrap().starts_with("AADSTS50057"));
}

#[test]
fn an_api_asks_on_behalf_of_whom_it_heard() {
    let (mut m, tid) = world();
    m.change_registration(PAGE, |p| p.redirect_uris.push(BACK.into()));
    m.change_registration(WEB, |w| w.known_clients.push(PAGE.into()));
    let scope = format!("api://{WEB}/access_as_user");
    let code = sign_in(
        &mut m,
        &tid,
        "robin.ray@bikes.example",
        &[("client_id", PAGE), ("scope", &format!("openid {scope}"))],
    );
    let got = token(&mut m, NOW, &tid, &redeem(&code, &[("client_id", PAGE), ("client_secret", "")]));
    let access = claims(&got["access_token"]);
    assert_eq!(
        (&access["aud"], &access["azp"], &access["scp"], &access["ver"]),
        (&json!(WEB), &json!(PAGE), &json!("access_as_user"), &json!("2.0"))
    );
    let heard = got["access_token"].as_str().unwrap();
    let on = |m: &mut Microsoft, assertion: &str, scope: &str| {
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("client_id", WEB),
            ("client_secret", "s3cret"),
            ("assertion", assertion),
            ("requested_token_use", "on_behalf_of"),
            ("scope", scope),
        ];
        token(m, NOW, &tid, &form)
    };
    let no = on(&mut m, heard, "https://graph.microsoft.com/User.Read");
    assert_eq!(
        (&no["error"], &no["suberror"], &no["error_codes"][0]),
        (&json!("invalid_grant"), &json!("consent_required"), &json!(65_001))
    );
    m.grant(&tid, WEB, "User.Read", Holder::Delegated);
    let yes = on(&mut m, heard, "https://graph.microsoft.com/User.Read offline_access");
    let mine = claims(&yes["access_token"]);
    assert_eq!(
        (&mine["scp"], &mine["oid"], yes.get("refresh_token").is_some()),
        (&json!("User.Read"), &access["oid"], true)
    );
    assert_eq!(
        on(&mut m, yes["access_token"].as_str().unwrap(), "User.Read")["error_codes"][0],
        500_131,
        "a token for Graph"
    );
    assert_eq!(on(&mut m, got["id_token"].as_str().unwrap(), "User.Read")["error_codes"][0], 500_131);
    assert_eq!(on(&mut m, "nonsense", "User.Read")["error_codes"][0], 50_013);
}

#[test]
fn roles_stand_in_tokens_and_may_be_needed() {
    let (mut m, tid) = world();
    m.change_registration(WEB, |w| w.assignment_required = true);
    let no = get(&mut m, &authorize(&tid, &[("sim_user", "robin.ray@bikes.example")]));
    assert!(back(&no).get("error_description").unwrap().starts_with("AADSTS50105"));
    m.assign_role(&tid, WEB, "robin.ray@bikes.example", "agent");
    let code = sign_in(&mut m, &tid, "robin.ray@bikes.example", &[]);
    let got = token(&mut m, NOW, &tid, &redeem(&code, &[]));
    assert_eq!(claims(&got["id_token"])["roles"], json!(["agent"]));
}

#[test]
fn the_answer_can_be_posted_and_a_wrong_clock_shows() {
    let (mut m, tid) = world();
    let form = get(
        &mut m,
        &authorize(
            &tid,
            &[
                ("response_mode", "form_post"),
                ("sim_user", "robin.ray@bikes.example"),
                ("sim_consent", "accept"),
            ],
        ),
    );
    assert!(
        form.text().contains("action=\"https://app.test/back\"") && form.text().contains("name=\"code\""),
        "{}",
        form.text()
    );
    assert!(form.text().contains("value=\"s&amp;1\""));
    m.skew(-600_000);
    let request = Request::new("GET", "/common/discovery/v2.0/keys");
    assert_eq!(
        ask(&mut m, NOW, &request).header("Date"),
        Some(crate::microsoft::moment::http_date(NOW - 600_000).as_str())
    );
}

#[test]
fn nothing_from_outside_breaks_it() {
    let (mut m, _) = world();
    let bytes = [
        "%",
        "%00",
        "é",
        "\u{202e}",
        "../..",
        "{}",
        "[]",
        "null",
        "'",
        "\"",
        "<script>",
        "a.b.c",
        "-1",
        "99999999999999999999",
    ];
    for path in ["authorize", "token", "logout"] {
        for name in [
            "client_id",
            "redirect_uri",
            "scope",
            "claims",
            "code_challenge",
            "sim_user",
            "client_assertion",
            "assertion",
            "code",
            "grant_type",
        ] {
            for value in bytes {
                for method in ["GET", "POST"] {
                    let mut pairs = vec![
                        ("client_id", WEB),
                        ("redirect_uri", BACK),
                        ("grant_type", "client_credentials"),
                        ("client_secret", "s3cret"),
                    ];
                    pairs.retain(|(n, _)| *n != name);
                    pairs.push((name, value));
                    let target = format!("/common/oauth2/v2.0/{path}?{}", coded(&pairs));
                    let reply = ask(&mut m, NOW, &Request::new(method, &target).with_form(&pairs));
                    assert!(reply.status < 500, "{target}");
                    assert!(!reply.text().contains("<script>a"), "{target}");
                }
            }
        }
    }
}
