//! Our client of OpenID Connect, judged by a provider that nobody here wrote: oidc-provider for Node
//! (`tests/microsoft/provider.mjs`).

use redact::Secret;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use teams::entra::{
    Ask, Callback, Client, Credential, Endpoints, IdRules, Issuer, KeyCache, Refused, ResponseMode, SignIns,
    TokenReply,
};
use teams::{BaseUrl, Method, Reply, Request, Time};

const CLIENT: &str = "aaaaaaaa-0000-4000-8000-000000000009";
const BACK: &str = "http://127.0.0.1:9/back";

/// The provider, until it is dropped.
struct Provider {
    child: Child,
    issuer: BaseUrl,
}

impl Provider {
    fn start() -> Provider {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/microsoft");
        assert!(folder.join("node_modules").exists(), "make test does this: npm ci in {}", folder.display());
        let mut child = Command::new("node")
            .arg(folder.join("provider.mjs"))
            .args([CLIENT, "s3cret", BACK])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node is installed: apt-get install nodejs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let issuer = BaseUrl::parse(line.trim()).expect("it prints its address");
        Provider { child, issuer }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn now() -> Time {
    Time(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64)
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    config.timeout_global(Some(Duration::from_secs(20))).build().new_agent()
}

/// Carries a request as the server does.
fn carry(request: &Request) -> Reply {
    let mut to = ureq::http::Request::builder().method(request.method.as_str()).uri(&request.url);
    for (name, value) in &request.headers {
        to = to.header(*name, value.expose_secret());
    }
    let mut answer = match request.method {
        Method::Get => agent().run(to.body(()).unwrap()).unwrap(),
        _ => agent().run(to.body(request.body.expose_secret().as_slice()).unwrap()).unwrap(),
    };
    Reply::new(answer.status().as_u16(), answer.body_mut().read_to_vec().unwrap())
}

/// As a browser: follows wherever it is sent, with its cookies, until it is sent back to us. Gives the query.
fn browsed(address: &str) -> String {
    let (mut url, mut jar) = (address.to_string(), BTreeMap::new());
    for _ in 0..20 {
        let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = agent().get(&url).header("Cookie", cookies.join("; ")).call().unwrap();
        for kept in answer.headers().get_all("set-cookie") {
            let pair = kept.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            jar.insert(name.to_string(), value.to_string());
        }
        let next = answer.headers().get("location").expect("it sends on").to_str().unwrap();
        if let Some(query) = next.strip_prefix(BACK).and_then(|rest| rest.strip_prefix('?')) {
            return query.to_string();
        }
        let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
        url = if next.starts_with('/') { format!("{origin}{next}") } else { next.to_string() };
    }
    panic!("it never came back");
}

#[test]
fn our_client_signs_in_at_a_provider_that_nobody_here_wrote() {
    let provider = Provider::start();
    let endpoints =
        Endpoints::discovered(&provider.issuer, &carry(&Endpoints::discover(&provider.issuer))).unwrap();
    assert_eq!(endpoints.issuer, Issuer::Exactly(provider.issuer.to_string()));
    let sign_ins = SignIns::new(&Secret::new([7; 32])).unwrap();
    let ask = Ask {
        client_id: CLIENT.into(),
        redirect_uri: BACK.into(),
        scopes: vec!["openid".into(), "email".into()],
        mode: ResponseMode::Query,
        prompt: None,
        login_hint: None,
        claims: None,
        purpose: "sign-in".into(),
        return_to: "/desk".into(),
    };
    let mut chance = [0; 96];
    chance.iter_mut().enumerate().for_each(|(n, byte)| *byte = n as u8);
    let begun = sign_ins.begin(now(), &endpoints, &ask, &chance).unwrap();
    let back = Callback::read(&browsed(begun.address.expose_secret()));
    let cookie = Some(begun.cookie.expose_secret().as_str());
    let exchange = sign_ins.finish(now(), &endpoints, cookie, &back).unwrap();
    let client = Client { id: CLIENT.into(), credential: Credential::Secret(Secret::new("s3cret".into())) };
    let redeemed = carry(&client.redeem(&endpoints, &exchange, now(), [1; 16]).unwrap());
    let tokens = TokenReply::read(now(), Some(&redeemed)).unwrap();

    let mut keys = KeyCache::new(&endpoints.keys);
    let request = keys.due(now()).unwrap();
    keys.took(now(), Some(&carry(&request)));
    let rules = IdRules { client_id: CLIENT.into(), issuer: endpoints.issuer.clone() };
    let judge = |rules: &IdRules, nonce: &str| {
        let token = tokens.id_token.as_ref().unwrap().expose_secret();
        let came_with = (Some(tokens.access_token.expose_secret().as_str()), None);
        rules.check(keys.keys(), now(), token, nonce, came_with, |tenant| tenant.is_empty())
    };
    let who = judge(&rules, exchange.nonce.expose_secret()).unwrap();
    assert_eq!((who.object.as_str(), who.guest), ("olga", false));
    assert_eq!(judge(&rules, "another").unwrap_err(), Refused::Nonce);
    let other = IdRules { client_id: "another".into(), ..rules.clone() };
    assert_eq!(judge(&other, exchange.nonce.expose_secret()).unwrap_err(), Refused::Audience);
    let elsewhere = IdRules { issuer: Issuer::Exactly("https://other.example".into()), ..rules.clone() };
    assert_eq!(judge(&elsewhere, exchange.nonce.expose_secret()).unwrap_err(), Refused::Issuer);

    // A code serves once, and only with the verifier of the sign-in that it belongs to.
    let again = carry(&client.redeem(&endpoints, &exchange, now(), [2; 16]).unwrap());
    assert!(TokenReply::read(now(), Some(&again)).is_err());
    let second = sign_ins.begin(now(), &endpoints, &ask, &[9; 96]).unwrap();
    let back = Callback::read(&browsed(second.address.expose_secret()));
    let cookie = Some(second.cookie.expose_secret().as_str());
    let mut bent = sign_ins.finish(now(), &endpoints, cookie, &back).unwrap();
    bent.verifier = exchange.verifier.clone();
    let refused = carry(&client.redeem(&endpoints, &bent, now(), [3; 16]).unwrap());
    assert!(TokenReply::read(now(), Some(&refused)).is_err());
    // Neither does it lead anywhere in another browser.
    assert!(sign_ins.finish(now(), &endpoints, None, &back).is_err());
}
