//! App registrations made by the manifests that the server gives: with nothing added by hand, people sign in, a page calls the
//! API, an administrator is known.

use crate::directory::{self, DOMAIN, SIGN_IN};
use crate::microsoft::{browse, header, signed_in};
use crate::microsoft_io::Running;
use crate::program::Program;
use crate::work_tokens::ask;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sim::microsoft::Registration;

/// A page of another application, which asks for tokens for our API.
const PAGE: &str = "5c0de000-0000-4000-8000-00000000000a";
const BACK: &str = "http://localhost/back";
const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-1";

/// The token for our API that this person's page gets.
fn token_of_a_page(m: &Running, program: &Program, who: &str) -> String {
    let id = m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
    let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, VERIFIER.as_bytes()));
    let scope = format!("openid%20api%3A%2F%2F{SIGN_IN}%2Faccess_as_user");
    let url = format!(
        "{}/{id}/oauth2/v2.0/authorize?client_id={PAGE}&response_type=code&redirect_uri=http%3A%2F%2Flocalhost%2Fback\
         &scope={scope}&state=s&code_challenge={challenge}&code_challenge_method=S256&sim_user={who}&sim_consent=accept",
        m.base()
    );
    let answer = browse(&url, "");
    let back = header(&answer, "location");
    let code = back.split("code=").nth(1).unwrap_or_else(|| panic!("no code: {back}"));
    let code = code.split('&').next().unwrap();
    let form = format!(
        "client_id={PAGE}&grant_type=authorization_code&code={code}&redirect_uri=http%3A%2F%2Flocalhost%2Fback&code_verifier={VERIFIER}\
         &scope={scope}"
    );
    let url = format!("{}/{id}/oauth2/v2.0/token", m.base());
    let post = program.agent().post(url).content_type("application/x-www-form-urlencoded");
    let got: Value = post.send(form).unwrap().body_mut().read_json().unwrap();
    got["access_token"].as_str().unwrap_or_else(|| panic!("no token: {got:#}")).to_string()
}

#[test]
fn a_registration_made_by_its_manifest_is_all_that_signing_in_needs() {
    let m = directory::microsoft(30);
    let wanda = directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let program = directory::connected(&m, &wanda);
    let (_, view) = program.get("/microsoft/connect");
    let all = view["registrations"].as_array().unwrap();
    let manifest = &all.iter().find(|r| r["app"] == SIGN_IN).unwrap()["manifest"];
    let made = |manifest: &Value| {
        m.with(|m, _| {
            let home = m.tenant(DOMAIN).unwrap().id().to_string();
            m.register(Registration::of_manifest(SIGN_IN, &home, manifest).with_secret("s3cret"));
            let mut page = Registration::new(PAGE, "A page", &home).with_redirect(BACK);
            page.public = true;
            m.register(page);
        });
    };
    made(manifest);
    let session = signed_in(program.http, &format!("wanda.canarywharf@{DOMAIN}"));
    let who = browse(&format!("http://{}/api/v1/session", program.http), &session);
    assert!(who.starts_with("HTTP/1.1 200"), "{who}");
    let token = token_of_a_page(&m, &program, &wanda);
    let (status, who) = ask(&program, "/session", &token);
    assert_eq!((status, &who["user"]), (200, &json!("wanda")), "{who:#}");
    let (status, said) = ask(&program, "/configuration", &token);
    assert_eq!(status, 200, "she signed in just now, and the token says so: {said:#}");

    // Without the claim it is a token like any other, and not new enough.
    let mut without = manifest.clone();
    without["optionalClaims"]["accessToken"].as_array_mut().unwrap().retain(|c| c["name"] != "auth_time");
    made(&without);
    let token = token_of_a_page(&m, &program, &wanda);
    assert_eq!(ask(&program, "/session", &token).0, 200);
    assert_eq!(ask(&program, "/configuration", &token).1["code"], "sign-in-again");
    program.stop();
}
