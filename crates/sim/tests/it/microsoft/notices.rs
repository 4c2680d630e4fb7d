//! Subscriptions with their handshake, and what is told then: opened with our key, proven by Microsoft's token.

use super::{CERTIFICATE, KEY, OLGA, ROBIN, WEB, WORKER, World, pem, read};
use redact::Secret;
use serde_json::json;
use sim::microsoft::{Handled, Holder, Lifecycle, Out};
use std::collections::BTreeMap;
use teams::BaseUrl;
use teams::entra::{KeyCache, NotificationRules};
use teams::graph::{
    Call, DecryptionKey, Encryption, Known, Notice, NoticeFault, Notices, Seen, Subscription, Watched,
    answer_validation, read_subscription, reauthorize, renew, subscribe, unsubscribe,
};

/// Subscribes, and answers the handshake in between.
fn subscribed(w: &mut World, call: &Call, token: &Secret<String>) -> Subscription {
    let chance = w.chance();
    let reply = match w.send(&call.request(token, chance)) {
        Handled::Reply(reply) => reply,
        Handled::Later(ticket) => loop {
            match w.microsoft.poll(w.now.0).expect("a handshake or the answer") {
                Out::Post(post) => {
                    let answer = answer_validation(post.url.split_once('?').unwrap().1).unwrap();
                    w.microsoft.posted(w.now.0, post.id, Some((200, answer.as_bytes())));
                }
                Out::Reply(number, reply) => {
                    assert_eq!(number, ticket);
                    break reply;
                }
            }
        },
    };
    assert_eq!(reply.status, 201, "{}", reply.text());
    read_subscription(&read(reply)).unwrap()
}

/// Everything that Microsoft tells by now, judged.
fn told(
    w: &mut World,
    keys: &KeyCache,
    known: &[(Subscription, [u8; 32])],
    seen: &mut Seen,
) -> Vec<Result<Notice, NoticeFault>> {
    let rules = NotificationRules {
        client_ids: vec![WORKER.into(), WEB.into()],
        login: w.cloud.login.clone(),
        sts: w.cloud.sts.clone(),
    };
    let key = DecryptionKey::read(&Secret::new(pem("PRIVATE KEY", KEY))).unwrap();
    let decryption = BTreeMap::from([("enc-1".to_string(), key)]);
    let notices = Notices { rules: &rules, keys: keys.keys(), decryption: &decryption };
    let tenant = w.tenant.clone();
    let look = |id: &str| {
        let found = known.iter().find(|(s, _)| s.id == id)?;
        Some(Known { tenant: tenant.clone(), client_state: found.1 })
    };
    let mut all = Vec::new();
    for _ in 0..100 {
        let Some(Out::Post(post)) = w.microsoft.poll(w.now.0) else { break };
        all.extend(notices.read(w.now, &post.body, look, |t| t == tenant, seen).unwrap());
        w.microsoft.posted(w.now.0, post.id, Some((202, b"")));
    }
    all
}

#[test]
fn changes_are_told_and_believed() {
    let mut w = World::new(20);
    w.grant(WORKER, "User.Read.All", Holder::Application);
    w.grant(WEB, "Presence.Read.All", Holder::Delegated);
    let alone = w.alone(None).access_token;
    // Presences are told in a person's name only.
    let scope = w.cloud.graph_scope("Presence.Read.All");
    let olga = w.sign_in(OLGA, &[scope]).1.access_token;
    let (graph, keys) = (w.graph(), w.keys());
    let public = BaseUrl::parse("https://cc.test").unwrap();
    let presences = Watched::Presences((0..20).map(|n| w.id(n)).collect());
    let encryption = Encryption { id: "enc-1".into(), certificate: pem("CERTIFICATE", CERTIFICATE) };
    let mut known = Vec::new();
    for (watched, encryption, token) in
        [(&Watched::Users, None, &alone), (&presences, Some(&encryption), &olga)]
    {
        let chance = [known.len() as u8; 32];
        let (call, hash) = subscribe(&graph, watched, &public, encryption, w.now, chance).unwrap();
        known.push((subscribed(&mut w, &call, token), hash));
    }
    w.later(1_500_000);
    let (tenant, now) = (w.tenant.clone(), w.now.0);
    let change = json!({"mobilePhone": "+49 30 1"}).as_object().unwrap().clone();
    w.microsoft.change_person(now, &tenant, ROBIN, change);
    w.microsoft.tell_lifecycle(now, &known[0].0.id, Lifecycle::ReauthorizationRequired);
    let got = told(&mut w, &keys, &known, &mut Seen::default());
    let got: Vec<_> = got.into_iter().map(|n| n.unwrap_or_else(|e| panic!("{e}"))).collect();
    let of_users: Vec<_> = got.iter().filter(|n| n.subscription == known[0].0.id).collect();
    let robin = w.id(1);
    assert!(
        of_users.iter().any(|n| n.about.as_ref() == Some(&robin) && n.presence.is_none()),
        "{of_users:?}"
    );
    assert!(
        of_users.iter().any(|n| n.lifecycle == Some(teams::graph::Lifecycle::Reauthorize)),
        "{of_users:?}"
    );
    let of_presences = got.iter().filter(|n| n.subscription == known[1].0.id && n.presence.is_some());
    assert!(of_presences.count() >= 20, "everybody did something else by then");
    // With another secret, nothing of it is believed.
    let wrong: Vec<_> = known.iter().map(|(s, _)| (s.clone(), [7; 32])).collect();
    w.later(1_500_000);
    let got = told(&mut w, &keys, &wrong, &mut Seen::default());
    assert!(!got.is_empty() && got.iter().all(|n| *n == Err(NoticeFault::ClientState)), "{got:?}");
}

#[test]
fn a_subscription_is_renewed_and_ended() {
    let mut w = World::new(5);
    w.grant(WORKER, "User.Read.All", Holder::Application);
    let token = w.alone(None).access_token;
    let graph = w.graph();
    let public = BaseUrl::parse("https://cc.test").unwrap();
    let (call, _) = subscribe(&graph, &Watched::Users, &public, None, w.now, [1; 32]).unwrap();
    let first = subscribed(&mut w, &call, &token);
    w.later(600_000);
    let reply = w.call(&renew(&graph, &Watched::Users, &first.id, w.now).unwrap(), &token);
    assert!(read_subscription(&reply).unwrap().ends > first.ends);
    let reply = w.call(&reauthorize(&graph, &Watched::Users, &first.id).unwrap(), &token);
    assert!(reply.is_success(), "{reply:?}");
    let reply = w.call(&unsubscribe(&graph, &Watched::Users, &first.id).unwrap(), &token);
    assert_eq!(reply.status, 204);
    let reply = w.call(&renew(&graph, &Watched::Users, &first.id, w.now).unwrap(), &token);
    assert_eq!(reply.status, 404);
}
