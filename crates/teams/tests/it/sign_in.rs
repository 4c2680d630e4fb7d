//! Sign-in and consent by the browser: the right answer gets through, everything else does not.

use crate::credentials::form;
use crate::signer::{APP, NOW, OTHER_TENANT, PERSON, TENANT, id, keys, token, un_b64};
use redact::Secret;
use serde_json::json;
use std::collections::BTreeMap;
use teams::entra::{
    Ask, Begun, Callback, CallbackFault, Client, Credential, Endpoints, EntraError, IdRules, ProofFault,
    ResponseMode, SignIns, SignedIn,
};
use teams::{Cloud, Time, percent_decode};

const BACK: &str = "https://cc.example/sign-in/callback";

fn sign_ins() -> SignIns {
    SignIns::new(&Secret::new([9; 32])).unwrap()
}

fn endpoints() -> Endpoints {
    Endpoints::entra(&Cloud::named("worldwide").unwrap(), "organizations").unwrap()
}

fn ask() -> Ask {
    Ask {
        client_id: APP.to_string(),
        redirect_uri: BACK.to_string(),
        scopes: vec!["openid".into(), "email".into()],
        mode: ResponseMode::FormPost,
        prompt: Some("select_account"),
        login_hint: None,
        claims: None,
        purpose: "sign-in".to_string(),
        return_to: "/desk?call=1".to_string(),
    }
}

fn now() -> Time {
    Time::from_secs(NOW)
}

fn begin(chance: u8) -> Begun {
    let mut random = [chance; 96];
    random[40] ^= 1;
    random[80] ^= 2;
    sign_ins().begin(now(), &endpoints(), &ask(), &random).unwrap()
}

fn query(address: &str) -> BTreeMap<String, String> {
    let pairs = address.split_once('?').unwrap().1.split('&').map(|p| p.split_once('=').unwrap());
    pairs.map(|(n, v)| (n.to_string(), percent_decode(v).unwrap())).collect()
}

fn finish(begun: &Begun, callback: &str) -> Result<String, CallbackFault> {
    let cookie = Some(begun.cookie.expose_secret().as_str());
    sign_ins()
        .finish(now(), &endpoints(), cookie, &Callback::read(callback))
        .map(|e| e.code.expose_secret().clone())
}

#[test]
fn a_sign_in_goes_there_and_back() {
    let begun = begin(1);
    let sent = query(begun.address.expose_secret());
    assert!(begun.address.expose_secret().starts_with(&endpoints().authorize));
    for (name, value) in [
        ("client_id", APP),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("response_mode", "form_post"),
        ("scope", "openid email"),
        ("code_challenge_method", "S256"),
        ("prompt", "select_account"),
    ] {
        assert_eq!(sent[name], value);
    }
    assert!(sent["claims"].contains("cp1"));
    let cookie = begun.cookie.expose_secret();
    let callback = Callback::read(&format!("code=c.1&state={}&session_state=x", sent["state"]));
    let exchange = sign_ins().finish(now(), &endpoints(), Some(cookie), &callback).unwrap();
    let challenge =
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, exchange.verifier.expose_secret().as_bytes());
    assert_eq!(un_b64(&sent["code_challenge"]), challenge.as_ref());
    assert!((43..=128).contains(&exchange.verifier.expose_secret().len()));
    assert_eq!(exchange.nonce.expose_secret(), &sent["nonce"]);
    assert_eq!((exchange.purpose.as_str(), exchange.return_to.as_str()), ("sign-in", "/desk?call=1"));
    let client = Client { id: APP.to_string(), credential: Credential::Public };
    let redeemed = form(&client.redeem(&endpoints(), &exchange, now(), [0; 16]).unwrap());
    assert_eq!((redeemed["code"].as_str(), redeemed["redirect_uri"].as_str()), ("c.1", BACK));
    assert_eq!(&redeemed["code_verifier"], exchange.verifier.expose_secret());
    for secret in [&sent["state"], &sent["nonce"], exchange.verifier.expose_secret()] {
        assert!(
            !cookie.contains(secret.as_str()) && !format!("{begun:?}{exchange:?}").contains(secret.as_str())
        );
    }
}

#[test]
fn forged_callbacks_lead_nowhere() {
    let (begun, other) = (begin(1), begin(2));
    let state = query(begun.address.expose_secret())["state"].clone();
    assert!(finish(&begun, &format!("code=c&state={state}")).is_ok());
    assert_eq!(finish(&other, &format!("code=c&state={state}")), Err(CallbackFault::State));
    assert_eq!(finish(&begun, "code=c&state=x"), Err(CallbackFault::State));
    assert_eq!(finish(&begun, "code=c&state="), Err(CallbackFault::State));
    assert_eq!(finish(&begun, "code=c"), Err(CallbackFault::State));
    assert_eq!(finish(&begun, ""), Err(CallbackFault::State));
    assert_eq!(finish(&begun, &format!("code=c&state={state}&code=d")), Err(CallbackFault::Malformed));
    assert_eq!(finish(&begun, &format!("code=%0d%0a&state={state}")), Err(CallbackFault::Malformed));
    assert_eq!(finish(&begun, &format!("state={state}")), Err(CallbackFault::Malformed));
    assert_eq!(
        finish(&begun, &format!("code={}&state={state}", "c".repeat(60_000))),
        Err(CallbackFault::Malformed)
    );
    let callback = Callback::read(&format!("code=c&state={state}"));
    let cookie = begun.cookie.expose_secret().as_str();
    for bad in [None, Some(""), Some("AAAA"), cookie.get(1..), cookie.get(..cookie.len() - 4)] {
        let got = sign_ins().finish(now(), &endpoints(), bad, &callback).map(|_| ());
        assert_eq!(got, Err(CallbackFault::NotBegun), "{bad:?}");
    }
    let elsewhere = SignIns::new(&Secret::new([8; 32])).unwrap();
    let got = elsewhere.finish(now(), &endpoints(), Some(cookie), &callback).map(|_| ());
    assert_eq!(got, Err(CallbackFault::NotBegun));
    let late = Time::from_secs(NOW + 900);
    let got = sign_ins().finish(late, &endpoints(), Some(cookie), &callback).map(|_| ());
    assert_eq!(got, Err(CallbackFault::TooLate));
    // A cookie of consent opens no sign-in.
    let consent = begin_consent();
    let got =
        sign_ins().finish(now(), &endpoints(), Some(consent.cookie.expose_secret()), &callback).map(|_| ());
    assert_eq!(got, Err(CallbackFault::NotBegun));
}

#[test]
fn a_no_is_passed_on_only_with_the_right_state() {
    let begun = begin(1);
    let state = query(begun.address.expose_secret())["state"].clone();
    let no = "error=access_denied&error_description=AADSTS65004%3a+declined";
    let denied = CallbackFault::Denied(EntraError::ConsentNeeded { code: 65004 });
    assert_eq!(finish(&begun, &format!("{no}&state={state}")), Err(denied));
    assert_eq!(finish(&begun, no), Err(CallbackFault::State));
}

#[test]
fn nobody_is_sent_to_a_foreign_host_afterwards() {
    for path in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "",
        "desk",
        "/a\r\nb",
        "/é",
        "javascript:x",
    ] {
        let ask = Ask { return_to: path.to_string(), ..ask() };
        assert!(sign_ins().begin(now(), &endpoints(), &ask, &[1; 96]).is_none(), "{path}");
    }
}

fn begin_consent() -> Begun {
    let scopes = ["https://graph.microsoft.com/.default".to_string()];
    sign_ins().begin_consent(now(), &endpoints(), APP, BACK, &scopes, "customer 7", &[3; 32]).unwrap()
}

fn person(tenant: &str, more: serde_json::Value) -> SignedIn {
    let mut claims =
        id(json!({"tid": tenant, "iss": format!("https://login.microsoftonline.com/{tenant}/v2.0")}));
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let rules = IdRules { client_id: APP.to_string(), issuer: endpoints().issuer };
    rules.check(&keys(), now(), &token(&claims), "n-1", (None, None), |_| true).unwrap()
}

#[test]
fn a_tenant_is_connected_only_by_somebody_of_it() {
    let begun = begin_consent();
    let sent = query(begun.address.expose_secret());
    assert!(
        begun
            .address
            .expose_secret()
            .starts_with("https://login.microsoftonline.com/organizations/v2.0/adminconsent?")
    );
    let cookie = Some(begun.cookie.expose_secret().as_str());
    let finish = |text: &str| sign_ins().finish_consent(now(), cookie, &Callback::read(text));
    let yes = format!("admin_consent=True&tenant={TENANT}&state={}", sent["state"]);
    let consented = finish(&yes).unwrap();
    assert_eq!((consented.claimed_tenant(), consented.purpose.as_str()), (TENANT, "customer 7"));
    assert_eq!(consented.proven_by(&person(TENANT, json!({}))), Err(ProofFault::NoRoles));
    let global = json!({"wids": ["62e90394-69f5-4237-9190-012177145e10"]});
    let proof = consented.proven_by(&person(TENANT, global)).unwrap();
    assert_eq!((proof.tenant.as_str(), proof.object.as_str()), (TENANT, PERSON));
    let reader = json!({"wids": ["88d8e3e3-8f55-4a1e-953a-9b9898b8876b"]});
    assert_eq!(consented.proven_by(&person(TENANT, reader)), Err(ProofFault::NoAdministrator));
    assert_eq!(consented.proven_by(&person(OTHER_TENANT, json!({}))), Err(ProofFault::AnotherTenant));
    let guest = json!({"idp": format!("https://sts.windows.net/{OTHER_TENANT}/")});
    assert_eq!(consented.proven_by(&person(TENANT, guest)), Err(ProofFault::Guest));
    for (text, why) in [
        (format!("admin_consent=True&tenant={TENANT}&state=forged"), CallbackFault::State),
        (format!("admin_consent=True&tenant={TENANT}"), CallbackFault::State),
        (format!("tenant={TENANT}&state={}", sent["state"]), CallbackFault::Malformed),
        (format!("admin_consent=True&tenant=evil&state={}", sent["state"]), CallbackFault::Malformed),
        (format!("{yes}&tenant={OTHER_TENANT}"), CallbackFault::Malformed),
    ] {
        assert_eq!(finish(&text).map(|_| ()), Err(why), "{text}");
    }
}
