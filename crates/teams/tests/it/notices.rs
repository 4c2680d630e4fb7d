//! Notifications: whoever knows no secret, no key and no tenant of ours says nothing.

use crate::signer::{APP, NOW, OTHER_TENANT, TENANT, access, keys, token};
use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PrivateDecryptingKey};
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use redact::Secret;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use teams::entra::{NotificationRules, Refused};
use teams::graph::{
    DecryptFault, DecryptionKey, Hindrance, Known, Lifecycle, Notice, NoticeFault, Notices, Seen,
    answer_validation,
};
use teams::{Cloud, Time};

const ANN: &str = "eeeeeeee-0000-0000-0000-000000000001";
const PUBLISHER: &str = "0bf30f3b-4a52-48df-9a82-234910c4a086";

fn known(id: &str) -> Option<Known> {
    let mut client_state = [0; 32];
    client_state.copy_from_slice(digest::digest(&digest::SHA256, b"our secret").as_ref());
    (id == "s-1").then(|| Known { tenant: TENANT.to_string(), client_state })
}

fn read(delivery: &Value, seen: &mut Seen) -> Result<Vec<Result<Notice, NoticeFault>>, NoticeFault> {
    read_bytes(delivery.to_string().as_bytes(), seen)
}

fn read_bytes(body: &[u8], seen: &mut Seen) -> Result<Vec<Result<Notice, NoticeFault>>, NoticeFault> {
    let cloud = Cloud::named("worldwide").unwrap();
    let rules = NotificationRules { client_ids: vec![APP.to_string()], login: cloud.login, sts: cloud.sts };
    let ours = DecryptionKey::read(&Secret::new(include_str!("key.pem").to_string())).unwrap();
    let decryption = BTreeMap::from([("enc-1".to_string(), ours)]);
    let notices = Notices { rules: &rules, keys: &keys(), decryption: &decryption };
    notices.read(Time::from_secs(NOW + 60), body, known, |t| t == TENANT, seen)
}

fn plain(changes: Value) -> Value {
    let mut notice = json!({
        "id": "n-1", "subscriptionId": "s-1", "tenantId": TENANT, "changeType": "updated", "clientState": "our secret",
        "resource": "Users/x", "resourceData": {"@odata.type": "#Microsoft.Graph.User", "id": ANN},
    });
    for (name, value) in changes.as_object().unwrap() {
        notice[name] = value.clone();
    }
    notice
}

/// As Graph does it: a key for this notification, wrapped; the data under it; a tag over the data.
fn encrypted(data: &str, key: &[u8; 32]) -> Value {
    let pem: String = include_str!("key.pem").lines().filter(|l| !l.starts_with('-')).collect();
    let public = PrivateDecryptingKey::from_pkcs8(&STANDARD.decode(pem).unwrap()).unwrap().public_key();
    let public = OaepPublicEncryptingKey::new(public).unwrap();
    let mut wrapped = vec![0; public.ciphertext_size()];
    let wrapped = public.encrypt(&OAEP_SHA1_MGF1SHA1, key, &mut wrapped, None).unwrap().to_vec();
    let mut sealed = data.as_bytes().to_vec();
    let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, key).unwrap()).unwrap();
    let iv: [u8; 16] = key[..16].try_into().unwrap();
    cipher.less_safe_encrypt(&mut sealed, EncryptionContext::Iv128(FixedLength::from(iv))).unwrap();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &sealed);
    json!({
        "dataKey": STANDARD.encode(wrapped), "data": STANDARD.encode(&sealed), "dataSignature": STANDARD.encode(tag.as_ref()),
        "encryptionCertificateId": "enc-1", "encryptionCertificateThumbprint": "x",
    })
}

fn publisher(changes: Value) -> String {
    let mut claims = access(json!({"azp": PUBLISHER, "scp": null}));
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    token(&claims)
}

#[test]
fn a_notification_counts_once() {
    let mut seen = Seen::default();
    let delivery = json!({"value": [plain(json!({})), plain(json!({"id": "n-2"}))]});
    let got = read(&delivery, &mut seen).unwrap();
    let notice = got[0].as_ref().unwrap();
    assert_eq!(
        (notice.tenant.as_str(), notice.about.as_deref(), notice.change.as_str()),
        (TENANT, Some(ANN), "updated")
    );
    assert!(got[1].is_ok());
    assert_eq!(read(&delivery, &mut seen).unwrap(), [Err(NoticeFault::Replayed), Err(NoticeFault::Replayed)]);
}

#[test]
fn forged_notifications_are_dropped_one_by_one() {
    let delivery = json!({"value": [
        plain(json!({"clientState": "guess"})),
        plain(json!({"clientState": null})),
        plain(json!({"subscriptionId": "s-2"})),
        plain(json!({"subscriptionId": "../s-1"})),
        plain(json!({"tenantId": OTHER_TENANT})),
        plain(json!({"tenantId": null})),
        7,
        plain(json!({})),
    ]});
    let got = read(&delivery, &mut Seen::default()).unwrap();
    let why: Vec<_> = got.iter().map(|n| n.as_ref().err().copied()).collect();
    let expected = [
        Some(NoticeFault::ClientState),
        Some(NoticeFault::ClientState),
        Some(NoticeFault::UnknownSubscription),
        Some(NoticeFault::Malformed),
        Some(NoticeFault::Tenant),
        Some(NoticeFault::Tenant),
        Some(NoticeFault::Malformed),
        None,
    ];
    assert_eq!(why, expected);
    let large = vec![b' '; 5 * 1024 * 1024];
    for body in [&b""[..], b"[]", b"{}", br#"{"value":{}}"#, br#"{"value":[{"#, &large] {
        assert_eq!(read_bytes(body, &mut Seen::default()).map(|_| ()), Err(NoticeFault::Malformed));
    }
    let many = json!({"value": vec![json!({}); 2001]});
    assert_eq!(read(&many, &mut Seen::default()).map(|_| ()), Err(NoticeFault::Malformed));
}

#[test]
fn data_is_opened_only_for_the_right_tenant_and_whole() {
    let presence =
        format!(r#"{{"id":"{ANN}","availability":"Busy","activity":"InACall","sequenceNumber":"7"}}"#);
    let content = encrypted(&presence, &[9; 32]);
    let one = |tokens: Value, content: Value| {
        let delivery =
            json!({"value": [plain(json!({"encryptedContent": content}))], "validationTokens": tokens});
        read(&delivery, &mut Seen::default()).unwrap().remove(0)
    };
    let good = publisher(json!({}));
    let notice = one(json!([good]), content.clone()).unwrap();
    assert_eq!(notice.presence.and_then(|p| p.hindrance()), Some(Hindrance::InCall));
    // Without a good token nothing is opened.
    let foreign =
        json!({"tid": OTHER_TENANT, "iss": format!("https://login.microsoftonline.com/{OTHER_TENANT}/v2.0")});
    for (tokens, why) in [
        (json!(null), Refused::Malformed),
        (json!([]), Refused::Tenant),
        (json!(["x"]), Refused::Malformed),
        (json!([publisher(foreign)]), Refused::Tenant),
        (json!([good, publisher(json!({"aud": TENANT}))]), Refused::Audience),
        (json!([token(&access(json!({})))]), Refused::Caller),
        (json!([publisher(json!({"exp": NOW - 300}))]), Refused::Expired),
        (json!(vec![good.clone(); 65]), Refused::Malformed),
    ] {
        assert_eq!(one(tokens, content.clone()), Err(NoticeFault::Token(why)));
    }
    let with = |name: &str, value: Value| {
        let mut changed = content.clone();
        changed[name] = value;
        one(json!([good]), changed)
    };
    let other = encrypted("{}", &[8; 32]);
    for (changed, why) in [
        (with("data", other["data"].clone()), DecryptFault::Signature),
        (with("dataSignature", other["dataSignature"].clone()), DecryptFault::Signature),
        (with("dataKey", other["dataKey"].clone()), DecryptFault::Signature),
        (with("dataKey", json!("AAAA")), DecryptFault::Key),
        (with("encryptionCertificateId", json!("enc-2")), DecryptFault::Key),
        (with("data", json!("no base64 !")), DecryptFault::Malformed),
        (with("data", json!(7)), DecryptFault::Malformed),
        (with("data", json!("A".repeat(300_000))), DecryptFault::Malformed),
        (one(json!([good]), encrypted("no json", &[9; 32])), DecryptFault::Malformed),
    ] {
        assert_eq!(changed, Err(NoticeFault::Data(why)));
    }
}

#[test]
fn lifecycle_events_say_what_to_do() {
    for (event, asked) in [
        ("reauthorizationRequired", Lifecycle::Reauthorize),
        ("subscriptionRemoved", Lifecycle::Removed),
        ("missed", Lifecycle::Missed),
        ("somethingNew", Lifecycle::Missed),
    ] {
        let delivery = json!({"value": [plain(json!({"lifecycleEvent": event, "resourceData": null}))]});
        let got = read(&delivery, &mut Seen::default()).unwrap().remove(0).unwrap();
        assert_eq!(got.lifecycle, Some(asked));
    }
}

#[test]
fn the_handshake_sends_back_the_token_and_nothing_that_could_be_a_page() {
    let text = "Validation: Testing client application reachability for subscription Request-Id: 1f";
    let query = format!("x=1&validationToken={}", teams::percent_encode(text));
    assert_eq!(answer_validation(&query).as_deref(), Some(text));
    assert_eq!(answer_validation("validationToken=a+b%2Bc").as_deref(), Some("a b+c"));
    let long = format!("validationToken={}", "a".repeat(5000));
    for query in [
        "",
        "validationtoken=a",
        "validationToken=%3Cscript%3E",
        "validationToken=%0d%0aSet-Cookie:a",
        "validationToken=a&validationToken=b",
        "validationToken=%ff",
        &long,
    ] {
        assert_eq!(answer_validation(query), None, "{query:.60}");
    }
}
