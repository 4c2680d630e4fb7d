//! Signing in, the tokens that come of it, consent, and what is said when something is missing.

use super::{BACK, OLGA, ROBIN, WEB, World};
use redact::Secret;
use sim::microsoft::Holder;
use teams::entra::{
    ApiRules, Callback, CallbackFault, Client, Credential, Endpoints, EntraError, IdRules, Refused, SignIns,
    TokenReply,
};
use teams::graph::{Attempt, Next, me, read_user, user};

#[test]
fn the_known_addresses_are_those_that_are_published() {
    let mut w = World::new(5);
    for tenant in ["organizations".to_string(), w.tenant.clone()] {
        let request = Endpoints::discover_entra(&w.cloud, &tenant).unwrap();
        let reply = w.carry(&request);
        assert_eq!(w.endpoints(&tenant).agree_with(&reply), Ok(()));
    }
}

#[test]
fn somebody_signs_in_calls_our_api_and_is_served_on_behalf() {
    let mut w = World::new(5);
    w.grant(WEB, "User.Read", Holder::Delegated);
    let own = format!("api://{WEB}/access_as_user");
    let scopes = ["openid", "profile", "offline_access", &own].map(String::from);
    let (exchange, tokens) = w.sign_in(ROBIN, &scopes);
    let keys = w.keys();
    let tenant = w.tenant.clone();
    let ours = |t: &str| t == tenant;
    let id_token = tokens.id_token.as_ref().unwrap().expose_secret();
    let access = tokens.access_token.expose_secret();
    let rules = IdRules { client_id: WEB.into(), issuer: w.endpoints("organizations").issuer };
    let came_with = (Some(access.as_str()), Some(exchange.code.expose_secret().as_str()));
    let who =
        rules.check(keys.keys(), w.now, id_token, exchange.nonce.expose_secret(), came_with, ours).unwrap();
    assert_eq!((who.object.as_str(), who.guest), (w.id(1).as_str(), false));
    let api = ApiRules::new(&w.cloud, WEB, "access_as_user");
    let caller = api.check(keys.keys(), w.now, access, ours).unwrap();
    assert_eq!((caller.object.as_str(), caller.program.as_str()), (who.object.as_str(), WEB));
    assert_eq!(api.check(keys.keys(), w.now, id_token, ours), Err(Refused::Scope));
    assert_eq!(api.check(keys.keys(), w.now, access, |_| false), Err(Refused::Tenant));
    // On behalf: Graph says who it is, and Graph's token is none of ours.
    let (ends, chance) = (w.endpoints(&tenant), w.chance());
    let scope = [w.cloud.graph_scope("User.Read")];
    let request = w.web.on_behalf_of(&ends, &tokens.access_token, &scope, None, w.now, chance).unwrap();
    let reply = w.carry(&request);
    let for_graph = TokenReply::read(w.now, Some(&reply)).unwrap();
    assert!(for_graph.refresh_token.is_none(), "nobody asked for one");
    let reply = w.call(&me(&w.graph()), &for_graph.access_token);
    assert_eq!(read_user(&reply).map(|u| u.id), Some(who.object));
    let stranger = api.check(keys.keys(), w.now, for_graph.access_token.expose_secret(), ours);
    assert_eq!(stranger, Err(Refused::Audience));
    // What has to be consented to is said as such.
    let scope = [w.cloud.graph_scope("User.Read.All")];
    let chance = w.chance();
    let request = w.web.on_behalf_of(&ends, &tokens.access_token, &scope, None, w.now, chance).unwrap();
    let reply = w.carry(&request);
    let no = TokenReply::read(w.now, Some(&reply)).unwrap_err();
    assert_eq!(no, EntraError::ConsentNeeded { code: 65001 });
    // Refresh, until it is revoked.
    let chance = w.chance();
    let first = tokens.refresh_token.unwrap();
    let request = w.web.refresh(&ends, &first, &scopes, None, w.now, chance).unwrap();
    let reply = w.carry(&request);
    let second = TokenReply::read(w.now, Some(&reply)).unwrap().refresh_token.unwrap();
    assert_ne!(second.expose_secret(), first.expose_secret());
    w.microsoft.sign_out(w.now.0, &tenant, ROBIN);
    let chance = w.chance();
    let request = w.web.refresh(&ends, &second, &scopes, None, w.now, chance).unwrap();
    let reply = w.carry(&request);
    let no = TokenReply::read(w.now, Some(&reply)).unwrap_err();
    assert!(matches!(no, EntraError::SignInAgain { .. }), "{no:?}");
}

#[test]
fn rotated_keys_are_fetched_once() {
    let mut w = World::new(5);
    let mut keys = w.keys();
    w.microsoft.rotate_keys();
    let (exchange, tokens) = w.sign_in(ROBIN, &["openid".to_string()]);
    let rules = IdRules { client_id: WEB.into(), issuer: w.endpoints("organizations").issuer };
    let token = tokens.id_token.unwrap();
    let judge = |keys: &teams::entra::KeyCache, now| {
        let nonce = exchange.nonce.expose_secret();
        rules.check(keys.keys(), now, token.expose_secret(), nonce, (None, None), |_| true).map(|_| ())
    };
    assert_eq!(judge(&keys, w.now), Err(Refused::UnknownKey));
    assert!(keys.missed(w.now).is_none(), "they came just now");
    w.later(300_000);
    let request = keys.missed(w.now).unwrap();
    let reply = w.carry(&request);
    keys.took(w.now, Some(&reply));
    assert_eq!(judge(&keys, w.now), Ok(()));
}

#[test]
fn an_administrator_consents_and_nobody_else() {
    let mut w = World::new(5);
    let sign_ins = SignIns::new(&Secret::new([3; 32])).unwrap();
    let ends = w.endpoints("organizations");
    let scopes = [w.cloud.graph_scope("User.Read.All")];
    let begun = sign_ins.begin_consent(w.now, &ends, WEB, BACK, &scopes, "customer 7", &[4; 32]).unwrap();
    let answered = |w: &mut World, who, answer| {
        let back = w.browse(begun.address.expose_secret(), who, answer);
        sign_ins.finish_consent(w.now, Some(begun.cookie.expose_secret()), &Callback::read(&back))
    };
    for (who, answer) in [(ROBIN, "accept"), (OLGA, "decline")] {
        let no = answered(&mut w, who, answer).unwrap_err();
        assert!(matches!(no, CallbackFault::Denied(EntraError::ConsentNeeded { .. })), "{no:?}");
    }
    let consented = answered(&mut w, OLGA, "accept").unwrap();
    assert_eq!(consented.claimed_tenant(), w.tenant);
    let (exchange, tokens) = w.sign_in(OLGA, &["openid".to_string()]);
    let rules = IdRules { client_id: WEB.into(), issuer: ends.issuer };
    let keys = w.keys();
    let token = tokens.id_token.unwrap();
    let nonce = exchange.nonce.expose_secret();
    let olga = rules.check(keys.keys(), w.now, token.expose_secret(), nonce, (None, None), |_| true).unwrap();
    assert_eq!(consented.proven_by(&olga).map(|p| p.tenant), Ok(w.tenant.clone()));
}

#[test]
fn what_is_wrong_with_a_registration_is_said() {
    let mut w = World::new(5);
    let unknown = "aaaaaaaa-0000-4000-8000-00000000000f";
    for (id, expected) in [
        (unknown, EntraError::Disconnected { code: 700_016 }),
        (WEB, EntraError::CredentialRefused { code: 7_000_215 }),
    ] {
        let client = Client { id: id.into(), credential: Credential::Secret(Secret::new("wrong".into())) };
        let scope = w.cloud.graph_default_scope();
        let request = client.for_itself(&w.endpoints(&w.tenant), &scope, None, w.now, [1; 16]).unwrap();
        let reply = w.carry(&request);
        assert_eq!(TokenReply::read(w.now, Some(&reply)).err(), Some(expected));
    }
}

#[test]
fn a_challenge_ends_in_one_new_token() {
    let mut w = World::new(5);
    w.grant(super::WORKER, "User.Read.All", Holder::Application);
    let old = w.alone(None).access_token;
    w.later(5000);
    let tenant = w.tenant.clone();
    w.microsoft.challenge_app(w.now.0, &tenant, super::WORKER);
    w.later(1000);
    let call = user(&w.graph(), &w.id(1), &["id", "displayName"]).unwrap();
    let mut attempt = Attempt::default();
    let reply = w.call(&call, &old);
    let Next::NewToken { claims: Some(claims) } = attempt.next(w.now, Some(&reply), 0) else {
        panic!("{reply:?}")
    };
    let new = w.alone(Some(&claims)).access_token;
    let reply = w.call(&call, &new);
    assert_eq!(attempt.next(w.now, Some(&reply), 0), Next::Done);
}
