//! The product's room for Microsoft (`teams`) against the made-up Microsoft. Each was written from Microsoft's pages
//! without the other; here they have to understand each other. Requests are carried by hand: no socket, no clock.

mod directory;
mod notices;
mod presence;
mod removal;
mod signing_in;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use redact::Secret;
use sim::microsoft::{self as ms, Handled, Holder, Microsoft, Named, Registration, TenantPlan};
use teams::entra::{
    Ask, Callback, Certificate, Client, Credential, Endpoints, Exchange, KeyCache, ResponseMode, SignIns,
    TokenReply,
};
use teams::graph::{Call, Graph};
use teams::{Cloud, Reply, Request, Time};

const BASE: &str = "https://login.test";
/// An application with which people sign in.
const WEB: &str = "aaaaaaaa-0000-4000-8000-000000000001";
/// One that works alone, with a certificate.
const WORKER: &str = "aaaaaaaa-0000-4000-8000-000000000002";
const BACK: &str = "https://app.test/back";
/// An administrator, and somebody who is none.
const OLGA: &str = "olga.oak@bikes.example";
const ROBIN: &str = "robin.ray@bikes.example";

const CERTIFICATE: &[u8] = include_bytes!("../../../src/microsoft/keys/client.crt.der");
const KEY: &[u8] = include_bytes!("../../../src/microsoft/keys/client.pk8");

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

struct World {
    microsoft: Microsoft,
    tenant: String,
    cloud: Cloud,
    now: Time,
    web: Client,
    worker: Client,
    /// Makes each identifier another one.
    drawn: u8,
}

impl World {
    /// A tenant whose applications may do nothing yet.
    fn new(people: u32) -> World {
        let mut microsoft = Microsoft::new(BASE, 5);
        let named = [("Olga", "Oak"), ("Robin", "Ray")].map(|(given, surname)| Named {
            given: given.into(),
            surname: surname.into(),
            job: "Agent".into(),
        });
        let plan = TenantPlan {
            name: "Harbour Bikes".into(),
            domain: "bikes.example".into(),
            country: "DE".into(),
            people,
            named: named.into(),
        };
        let tenant = microsoft.add_tenant(&plan).unwrap();
        let mut web = Registration::new(WEB, "Switchroom", &tenant).for_all_tenants().with_redirect(BACK);
        web.names_directory_roles = true;
        microsoft.register(web.with_secret("s3cret").with_scope("access_as_user"));
        microsoft.register(Registration::new(WORKER, "Worker", &tenant).with_certificate(CERTIFICATE));
        let key = Secret::new(pem("PRIVATE KEY", KEY));
        let certificate = Certificate::read(&pem("CERTIFICATE", CERTIFICATE), &key).unwrap();
        World {
            microsoft,
            tenant,
            // The made-up Microsoft has one address for everything.
            cloud: Cloud::of(BASE, BASE, BASE).unwrap(),
            now: Time(1_800_000_000_000),
            web: Client { id: WEB.into(), credential: Credential::Secret(Secret::new("s3cret".into())) },
            worker: Client { id: WORKER.into(), credential: Credential::Certificate(certificate) },
            drawn: 0,
        }
    }

    fn graph(&self) -> Graph {
        Graph::of(&self.cloud).unwrap()
    }

    fn endpoints(&self, tenant: &str) -> Endpoints {
        Endpoints::entra(&self.cloud, tenant).unwrap()
    }

    fn id(&self, place: u32) -> String {
        self.microsoft.tenant(&self.tenant).unwrap().directory().id(place)
    }

    fn later(&mut self, ms: u64) {
        self.now = Time(self.now.0 + ms);
    }

    fn chance(&mut self) -> [u8; 16] {
        self.drawn = self.drawn.wrapping_add(1);
        [self.drawn; 16]
    }

    fn grant(&mut self, app: &str, permission: &str, holder: Holder) {
        let tenant = self.tenant.clone();
        self.microsoft.grant(&tenant, app, permission, holder);
    }

    /// Sends a request; the reply may come later.
    fn send(&mut self, request: &Request) -> Handled {
        let target = request.url.strip_prefix(BASE).expect("nothing goes to another host");
        let mut sent = ms::Request::new(request.method.as_str(), target);
        for (name, value) in &request.headers {
            sent = sent.with_header(name, value.expose_secret());
        }
        sent.body.clone_from(request.body.expose_secret());
        self.microsoft.handle(self.now.0, &sent)
    }

    fn carry(&mut self, request: &Request) -> Reply {
        let reply = read(self.send(request).reply().expect("an answer at once"));
        assert!(reply.body.expose_secret().len() <= request.most, "{request:?} may bring more than is read");
        reply
    }

    fn call(&mut self, call: &Call, token: &Secret<String>) -> Reply {
        let chance = self.chance();
        self.carry(&call.request(token, chance))
    }

    fn keys(&mut self) -> KeyCache {
        let mut keys = KeyCache::new(&self.endpoints("organizations").keys);
        let request = keys.due(self.now).unwrap();
        let reply = self.carry(&request);
        assert!(keys.took(self.now, Some(&reply)));
        keys
    }

    /// A token of the application that works alone.
    fn alone(&mut self, claims: Option<&str>) -> TokenReply {
        let (ends, chance) = (self.endpoints(&self.tenant), self.chance());
        let scope = self.cloud.graph_default_scope();
        let request = self.worker.for_itself(&ends, &scope, claims, self.now, chance).unwrap();
        let reply = self.carry(&request);
        TokenReply::read(self.now, Some(&reply)).unwrap_or_else(|e| panic!("{e}"))
    }

    /// Somebody signs in, and allows what is asked for if they may.
    fn sign_in(&mut self, who: &str, scopes: &[String]) -> (Exchange, TokenReply) {
        let sign_ins = SignIns::new(&Secret::new([3; 32])).unwrap();
        let ends = self.endpoints("organizations");
        let ask = Ask {
            client_id: WEB.into(),
            redirect_uri: BACK.into(),
            scopes: scopes.to_vec(),
            mode: ResponseMode::Query,
            prompt: None,
            login_hint: None,
            claims: None,
            purpose: String::new(),
            return_to: "/".into(),
        };
        let mut chance = [0; 96];
        for part in chance.chunks_mut(16) {
            part.copy_from_slice(&self.chance());
        }
        let begun = sign_ins.begin(self.now, &ends, &ask, &chance).unwrap();
        let back = self.browse(begun.address.expose_secret(), who, "accept");
        let cookie = begun.cookie.expose_secret();
        let exchange = sign_ins.finish(self.now, &ends, Some(cookie), &Callback::read(&back));
        let exchange = exchange.unwrap_or_else(|e| panic!("{e}"));
        let chance = self.chance();
        let request = self.web.redeem(&ends, &exchange, self.now, chance).unwrap();
        let reply = self.carry(&request);
        let tokens = TokenReply::read(self.now, Some(&reply)).unwrap_or_else(|e| panic!("{e}"));
        (exchange, tokens)
    }

    /// Somebody follows an address and clicks; the query with which their browser comes back.
    fn browse(&mut self, address: &str, who: &str, answer: &str) -> String {
        let target = address.strip_prefix(BASE).expect("nobody is sent to another host");
        let clicked = ms::Request::new("GET", &format!("{target}&sim_user={who}&sim_consent={answer}"));
        let reply = self.microsoft.handle(self.now.0, &clicked).reply().unwrap();
        let to = reply.header("Location").unwrap_or_else(|| panic!("{} {}", reply.status, reply.text()));
        to.strip_prefix(BACK).and_then(|q| q.strip_prefix('?')).expect("our callback").to_string()
    }
}

/// A reply as it arrives: cut off, if it is to be.
fn read(reply: ms::Reply) -> Reply {
    let mut body = reply.body;
    body.truncate(reply.cut_at.unwrap_or(usize::MAX));
    Reply { status: reply.status, headers: reply.headers, body: Secret::new(body) }
}
