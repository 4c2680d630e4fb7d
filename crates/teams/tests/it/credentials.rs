//! Requests for tokens, and what an application proves itself by.

use crate::signer::{APP, NOW, TENANT, key, other_key, un_b64};
use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_2048_8192_SHA256};
use redact::Secret;
use serde_json::Value;
use std::collections::BTreeMap;
use teams::entra::{Certificate, CertificateError, Client, Credential, Endpoints, TokenReply};
use teams::{Cloud, Method, Reply, Request, Time, percent_decode};

pub fn form(request: &Request) -> BTreeMap<String, String> {
    let body = String::from_utf8(request.body.expose_secret().clone()).unwrap();
    let pairs = body.split('&').map(|p| p.split_once('=').unwrap());
    pairs.map(|(n, v)| (percent_decode(n).unwrap(), percent_decode(v).unwrap())).collect()
}

fn endpoints() -> Endpoints {
    Endpoints::entra(&Cloud::named("worldwide").unwrap(), TENANT).unwrap()
}

fn certificate() -> Certificate {
    let key = Secret::new(include_str!("key.pem").to_string());
    Certificate::read(include_str!("certificate.pem"), &key).unwrap()
}

#[test]
fn an_application_proves_itself_by_its_certificate() {
    let client = Client { id: APP.to_string(), credential: Credential::Certificate(certificate()) };
    let scope = "https://graph.microsoft.com/.default";
    let request = client.for_itself(&endpoints(), scope, None, Time::from_secs(NOW), [7; 16]).unwrap();
    assert_eq!(request.method, Method::Post);
    assert_eq!(request.url, format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"));
    let form = form(&request);
    assert_eq!((form["grant_type"].as_str(), form["scope"].as_str()), ("client_credentials", scope));
    assert!(form["claims"].contains("cp1") && !form.contains_key("client_secret"));
    assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let assertion = &form["client_assertion"];
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let public = aws_lc_rs::signature::UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key().public_key());
    public.verify(signed.as_bytes(), &un_b64(signature)).unwrap();
    let part = |n| serde_json::from_slice::<Value>(&un_b64(signed.split('.').nth(n).unwrap())).unwrap();
    let (header, claims) = (part(0), part(1));
    assert_eq!((header["alg"].as_str(), header["typ"].as_str()), (Some("PS256"), Some("JWT")));
    // openssl x509 -in certificate.pem -noout -fingerprint -sha256
    assert_eq!(header["x5t#S256"], certificate().thumbprint());
    let hex: String = un_b64(certificate().thumbprint()).iter().map(|b| format!("{b:02X}")).collect();
    assert_eq!(hex, FINGERPRINT);
    assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some(APP), Some(APP)));
    assert_eq!(claims["aud"], request.url);
    assert_eq!((claims["nbf"].as_u64(), claims["exp"].as_u64()), (Some(NOW), Some(NOW + 300)));
    assert_eq!(claims["jti"].as_str().map(str::len), Some(36));
    let printed = format!("{client:?} {request:?}");
    assert!(!printed.contains(assertion) && !printed.contains("PRIVATE"));
}

const FINGERPRINT: &str = "DB2A48D4B5E7B9ED1309F2F19F0DB93D605D9F849DCC6A25920D589118923592";

#[test]
fn certificates_that_cannot_serve_are_refused() {
    let key = Secret::new(include_str!("key.pem").to_string());
    let other = Secret::new(include_str!("other_key.pem").to_string());
    let pem = include_str!("certificate.pem");
    assert_eq!(Certificate::read("", &key).err(), Some(CertificateError::NoCertificate));
    assert_eq!(
        Certificate::read(&pem.replace("MII", "AAA"), &key).err(),
        Some(CertificateError::NoCertificate)
    );
    assert_eq!(Certificate::read(pem, &Secret::new(String::new())).err(), Some(CertificateError::NoKey));
    assert_eq!(Certificate::read(pem, &other).err(), Some(CertificateError::NotItsKey));
    assert!(other_key().public_modulus_len() == 256);
    assert_eq!(certificate().ends().rfc3339(), "2126-10-27T20:37:05Z");
}

#[test]
fn each_flow_asks_in_its_own_way() {
    let secret = Credential::Secret(Secret::new("s3cret&".to_string()));
    let client = Client { id: APP.to_string(), credential: secret };
    let now = Time::from_secs(NOW);
    let scopes = ["https://graph.microsoft.com/User.Read".to_string(), "offline_access".to_string()];
    let assertion = Secret::new("their.token".to_string());
    let obo = form(&client.on_behalf_of(&endpoints(), &assertion, &scopes, None, now, [1; 16]).unwrap());
    assert_eq!(obo["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert_eq!(
        (obo["requested_token_use"].as_str(), obo["assertion"].as_str()),
        ("on_behalf_of", "their.token")
    );
    assert_eq!(obo["client_secret"], "s3cret&");
    let claims = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#;
    let refresh = Secret::new("r1".to_string());
    let again = form(&client.refresh(&endpoints(), &refresh, &scopes, Some(claims), now, [1; 16]).unwrap());
    assert_eq!((again["grant_type"].as_str(), again["refresh_token"].as_str()), ("refresh_token", "r1"));
    let asked: Value = serde_json::from_str(&again["claims"]).unwrap();
    assert_eq!(asked["access_token"]["nbf"]["value"], "1");
    assert_eq!(asked["access_token"]["xms_cc"]["values"][0], "cp1");
    // Rotation: what comes back is the next one.
    let body = r#"{"token_type":"Bearer","expires_in":3600,"access_token":"a","refresh_token":"r2"}"#;
    let next = TokenReply::read(now, Some(&Reply::new(200, body))).unwrap().refresh_token.unwrap();
    assert_eq!(next.expose_secret(), "r2");
}
