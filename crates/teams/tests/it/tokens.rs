//! Every bad token is refused, and for the right reason.

use crate::signer::{
    APP, CALLER, NOW, OTHER_TENANT, PERSON, TENANT, access, b64, id, key, keys, modulus, other_key, sign,
    token,
};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::KeyPair as _;
use serde_json::{Value, json};
use teams::entra::{Access, ApiRules, Caller, IdRules, Issuer, NotificationRules, Refused};
use teams::{BaseUrl, Cloud, Time};

fn now() -> Time {
    Time::from_secs(NOW + 60)
}

fn cloud() -> Cloud {
    Cloud::named("worldwide").unwrap()
}

fn rules() -> ApiRules {
    let mut rules = ApiRules::new(&cloud(), APP, "access_as_user");
    rules.app_id_uri = Some("api://switchroom".to_string());
    rules
}

fn judged(rules: &ApiRules, token: &str) -> Result<Access, Refused> {
    rules.check(&keys(), now(), token, |tenant| tenant == TENANT)
}

fn judge(token: &str) -> Result<Access, Refused> {
    judged(&rules(), token)
}

#[test]
fn a_good_access_token_says_who_calls() {
    let got = judge(&token(&access(json!({})))).unwrap();
    assert_eq!((got.tenant.as_str(), got.object.as_str(), got.program.as_str()), (TENANT, PERSON, CALLER));
    let roles = vec!["agent".to_string()];
    assert_eq!(got.caller, Caller::Person { scopes: vec!["access_as_user".to_string()], roles });
    assert!(got.takes_challenges && got.program_proof == Some(0) && got.ends == Time::from_secs(NOW + 3600));
    assert!(!format!("{got:?}").contains("contoso"));
}

#[test]
fn a_version_1_token_is_known_by_its_own_issuer_and_audience() {
    let v1 = json!({
        "ver": "1.0", "iss": format!("https://sts.windows.net/{TENANT}/"), "aud": "api://switchroom", "azp": null, "appid": CALLER,
    });
    assert_eq!(judge(&token(&access(v1.clone()))).map(|a| a.program), Ok(CALLER.to_string()));
    let mixed = json!({"ver": "1.0"});
    assert_eq!(judge(&token(&access(mixed))), Err(Refused::Issuer));
    let uri_in_v2 = json!({"aud": "api://switchroom"});
    assert_eq!(judge(&token(&access(uri_in_v2))), Err(Refused::Audience));
}

#[test]
fn bad_claims_are_refused() {
    let v2 = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
    let cases: [(Value, Refused); 29] = [
        (json!({"aud": "aaaaaaaa-0000-0000-0000-000000000002"}), Refused::Audience),
        (json!({"aud": "00000003-0000-0000-c000-000000000000"}), Refused::Audience),
        (json!({"aud": "https://graph.microsoft.com"}), Refused::Audience),
        (json!({"aud": [APP, "https://graph.microsoft.com"]}), Refused::Audience),
        (json!({"aud": null}), Refused::Audience),
        (json!({"iss": "https://login.microsoftonline.com/common/v2.0"}), Refused::Issuer),
        (json!({"iss": v2(OTHER_TENANT)}), Refused::Issuer),
        (json!({"iss": format!("https://evil.example/{TENANT}/v2.0")}), Refused::Issuer),
        (json!({"iss": format!("{}/", v2(TENANT))}), Refused::Issuer),
        (json!({"iss": null}), Refused::Issuer),
        (json!({"tid": OTHER_TENANT}), Refused::Issuer),
        (json!({"tid": OTHER_TENANT, "iss": v2(OTHER_TENANT)}), Refused::Tenant),
        (json!({"tid": null}), Refused::Tenant),
        (json!({"tid": "../common"}), Refused::Tenant),
        (json!({"ver": null}), Refused::Version),
        (json!({"ver": "3.0"}), Refused::Version),
        (json!({"exp": NOW - 241}), Refused::Expired),
        (json!({"exp": null}), Refused::Malformed),
        (json!({"exp": "soon"}), Refused::Malformed),
        (json!({"nbf": NOW + 361}), Refused::NotYet),
        (json!({"nbf": null, "iat": NOW + 361}), Refused::NotYet),
        (json!({"oid": null}), Refused::NoSubject),
        (json!({"oid": "ann@contoso.example"}), Refused::NoSubject),
        (json!({"scp": null}), Refused::Scope),
        (json!({"scp": "User.Read"}), Refused::Scope),
        (json!({"scp": "access_as_user_too"}), Refused::Scope),
        (json!({"idtyp": "app"}), Refused::Scope),
        (json!({"azp": null}), Refused::Caller),
        (json!({"scp": null, "idtyp": "app", "roles": ["owner"]}), Refused::Scope),
    ];
    for (changes, why) in cases {
        assert_eq!(judge(&token(&access(changes.clone()))), Err(why), "{changes}");
    }
}

#[test]
fn clocks_may_differ_by_five_minutes() {
    assert!(judge(&token(&access(json!({"exp": NOW - 239})))).is_ok());
    assert!(judge(&token(&access(json!({"nbf": NOW + 360})))).is_ok());
}

#[test]
fn an_id_token_is_no_access_token_even_with_roles() {
    assert_eq!(judge(&token(&id(json!({})))), Err(Refused::Scope));
    let mut open = rules();
    open.program_roles = vec!["owner".to_string()];
    assert_eq!(judged(&open, &token(&id(json!({})))), Err(Refused::Scope));
}

#[test]
fn programs_need_a_role_and_may_be_listed() {
    let mut open = rules();
    open.program_roles = vec!["Calls.Report".to_string()];
    let program = json!({"scp": null, "idtyp": "app", "roles": ["Calls.Report"], "azpacr": "2"});
    let got = judged(&open, &token(&access(program))).unwrap();
    assert_eq!(got.caller, Caller::Program { roles: vec!["Calls.Report".to_string()] });
    open.callers = vec!["cccccccc-0000-0000-0000-000000000009".to_string()];
    assert_eq!(judged(&open, &token(&access(json!({})))), Err(Refused::Caller));
    open.callers.push(CALLER.to_string());
    assert!(judged(&open, &token(&access(json!({})))).is_ok());
}

#[test]
fn signatures_and_algorithms_are_checked() {
    let good = access(json!({}));
    let header = |alg: &str, kid: &str| json!({"alg": alg, "typ": "JWT", "kid": kid});
    assert_eq!(judge(&sign(&header("RS256", "k1"), &good, other_key())), Err(Refused::Signature));
    assert_eq!(judge(&sign(&header("RS256", "k9"), &good, key())), Err(Refused::UnknownKey));
    assert_eq!(judge(&sign(&header("RS256", "foreign"), &good, key())), Err(Refused::KeyOfAnotherIssuer));
    assert!(judge(&sign(&header("RS256", "plain"), &good, key())).is_ok());
    // Right, and still not what was allowed.
    assert_eq!(judge(&sign(&header("PS256", "k1"), &good, key())), Err(Refused::Algorithm));
    let mut both = rules();
    both.algorithms.push(teams::entra::Algorithm::Ps256);
    assert!(judged(&both, &sign(&header("PS256", "k1"), &good, key())).is_ok());
    // No signature, under each spelling.
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let unsigned = format!("{}.{}.", b64(header(alg, "k1").to_string()), b64(good.to_string()));
        assert_eq!(judge(&unsigned), Err(Refused::Algorithm), "{alg}");
    }
    // A shared secret that is no secret: the public key.
    for secret in [modulus(), key().public_key().as_ref(), b64(modulus()).as_bytes()] {
        let signed = format!("{}.{}", b64(header("HS256", "k1").to_string()), b64(good.to_string()));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        assert_eq!(judge(&format!("{signed}.{}", b64(tag.as_ref()))), Err(Refused::Algorithm));
    }
    // One claim changed after signing.
    let signed = token(&good);
    let (head, rest) = signed.split_once('.').unwrap();
    let signature = rest.split_once('.').unwrap().1;
    let bent = format!("{head}.{}.{signature}", b64(access(json!({"oid": TENANT})).to_string()));
    assert_eq!(judge(&bent), Err(Refused::Signature));
    assert_eq!(judge(&format!("{head}.{}", rest.split_once('.').unwrap().0)), Err(Refused::Malformed));
}

#[test]
fn what_is_no_token_is_refused() {
    let good = token(&access(json!({})));
    let critical =
        sign(&json!({"alg": "RS256", "kid": "k1", "crit": ["x"], "x": 1}), &access(json!({})), key());
    let nameless = sign(&json!({"alg": "RS256"}), &access(json!({})), key());
    let long = format!("{good}{}", "A".repeat(40_000));
    let padded = format!("{good}=");
    for text in ["", ".", "..", "a.b.c", "....", &format!("{good}.x"), &long, &padded, &critical, &nameless] {
        assert_eq!(judge(text), Err(Refused::Malformed), "{:.60}", text);
    }
}

fn id_judged(token: &str, access_token: Option<&str>) -> Result<teams::entra::SignedIn, Refused> {
    let cloud = cloud();
    let issuer = Issuer::Entra { login: cloud.login, sts: cloud.sts };
    let rules = IdRules { client_id: APP.to_string(), issuer };
    rules.check(&keys(), now(), token, "n-1", (access_token, None), |tenant| tenant == TENANT)
}

#[test]
fn a_sign_in_is_judged_by_its_id_token() {
    let got = id_judged(&token(&id(json!({}))), None).unwrap();
    assert_eq!((got.tenant.as_str(), got.object.as_str()), (TENANT, PERSON));
    assert_eq!(got.name.as_ref().map(|n| n.expose_secret().as_str()), Some("Ann Lee"));
    assert!(!got.guest && got.may_consent().is_none() && !format!("{got:?}").contains("Lee"));
    let cases = [
        (json!({"nonce": "n-2"}), Refused::Nonce),
        (json!({"nonce": null}), Refused::Nonce),
        (json!({"aud": CALLER}), Refused::Audience),
        (
            json!({"tid": OTHER_TENANT, "iss": format!("https://login.microsoftonline.com/{OTHER_TENANT}/v2.0")}),
            Refused::Tenant,
        ),
        (json!({"exp": NOW - 300}), Refused::Expired),
        (json!({"oid": null}), Refused::NoSubject),
        (json!({"scp": "access_as_user"}), Refused::Scope),
        (json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}), Refused::Hash),
    ];
    for (changes, why) in cases {
        let got = id_judged(&token(&id(changes.clone())), Some("the access token"));
        assert_eq!(got.map(|_| ()), Err(why), "{changes}");
    }
    let half = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"the access token");
    let right = token(&id(json!({"at_hash": b64(&half.as_ref()[..16])})));
    assert!(id_judged(&right, Some("the access token")).is_ok());
    let guest =
        id_judged(&token(&id(json!({"idp": format!("https://sts.windows.net/{OTHER_TENANT}/")}))), None);
    assert!(guest.unwrap().guest);
}

#[test]
fn another_provider_is_known_by_its_name() {
    let issuer = Issuer::Exactly("http://127.0.0.1:3000".to_string());
    let rules = IdRules { client_id: "web".to_string(), issuer };
    let judge =
        |claims: Value| rules.check(&keys(), now(), &token(&claims), "n", (None, None), |t| t.is_empty());
    let claims = |iss: &str| json!({"iss": iss, "aud": "web", "sub": "ann", "nonce": "n", "iat": NOW, "exp": NOW + 60});
    assert_eq!(judge(claims("http://127.0.0.1:3000")).map(|s| s.object), Ok("ann".to_string()));
    assert_eq!(judge(claims("http://127.0.0.1:3001")).map(|s| s.object), Err(Refused::Issuer));
}

#[test]
fn tokens_of_notifications_come_from_their_publisher_only() {
    let rules =
        NotificationRules { client_ids: vec![APP.to_string()], login: cloud().login, sts: cloud().sts };
    let judge = |changes: Value| rules.check(&keys(), now(), &token(&access(changes)), |t| t == TENANT);
    let publisher = "0bf30f3b-4a52-48df-9a82-234910c4a086";
    let v1 = json!({"ver": "1.0", "iss": format!("https://sts.windows.net/{TENANT}/"), "azp": null, "appid": publisher, "scp": null});
    assert_eq!(judge(v1), Ok(TENANT.to_string()));
    assert_eq!(judge(json!({"azp": publisher, "scp": null})), Ok(TENANT.to_string()));
    assert_eq!(judge(json!({})), Err(Refused::Caller));
    assert_eq!(judge(json!({"azp": publisher, "aud": CALLER})), Err(Refused::Audience));
    let foreign = json!({"azp": publisher, "tid": OTHER_TENANT, "iss": format!("https://login.microsoftonline.com/{OTHER_TENANT}/v2.0")});
    assert_eq!(judge(foreign), Err(Refused::Tenant));
}

#[test]
fn a_simulated_tenant_is_reached_by_its_addresses_alone() {
    let cloud =
        Cloud::of("http://127.0.0.1:9001", "http://127.0.0.1:9001/sts", "http://127.0.0.1:9002").unwrap();
    let rules = ApiRules::new(&cloud, APP, "access_as_user");
    let claims = access(json!({"iss": format!("http://127.0.0.1:9001/{TENANT}/v2.0")}));
    let signed = sign(&json!({"alg": "RS256", "kid": "plain"}), &claims, key());
    assert!(rules.check(&keys(), now(), &signed, |_| true).is_ok());
    assert!(BaseUrl::parse("http://127.0.0.1:9001").is_ok());
}
