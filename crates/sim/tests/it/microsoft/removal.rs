//! Each permission is taken away in turn. What then stops at the made-up Microsoft, which has a table of its own, is
//! what the product's table says.

use super::{OLGA, WEB, WORKER, World};
use redact::Secret;
use sim::microsoft::{Handled, Holder, Out};
use std::collections::BTreeSet;
use teams::BaseUrl;
use teams::entra::TokenReply;
use teams::graph::{
    Attempt, Call, GraphError, LicenceChange, Next, PhotoSize, Shown, Sync, Watched, answer_validation,
    assign_licence, channel_members, chat_members, licence_details, licences, me, photo, presences, show,
    show_no_more, subscribe, team_members, user,
};
use teams::permissions::{Feature, Features, Kind, Operation, Profile, Registration, Row, stopped_sentence};

/// Permissions that also allow what a narrower one is asked for. Where both are granted, taking the narrower one away
/// stops nothing. The narrower one is asked for all the same: the wider one belongs to a feature that can be off.
const COVERED: [(&str, &str); 2] =
    [("Presence.Read.All", "Presence.ReadWrite.All"), ("User.Read", "User.Read.All")];

/// A call for an operation of Graph.
fn call(w: &World, operation: Operation, row: &Row) -> Option<Call> {
    let (graph, id) = (w.graph(), w.id(1));
    let (teams, chats) = w.microsoft.teams_and_chats(&w.tenant);
    let sku = "e43b5b99-8dfb-405f-9987-dc307f34bcbd".to_string();
    let public = BaseUrl::parse("https://cc.test").unwrap();
    match operation {
        Operation::SignIn
        | Operation::Refresh
        | Operation::ChannelAllMembers
        | Operation::SubscribePresences => None,
        Operation::Me => Some(me(&graph)),
        Operation::UsersDelta => Some(Sync::new(graph, row.fields, None).call()),
        Operation::User => user(&graph, &id, row.fields),
        Operation::Photo => photo(&graph, &id, PhotoSize::Px48),
        Operation::Presences => presences(&graph, &[id]),
        Operation::SetPresence => show(&graph, WORKER, &id, Shown::InACall),
        Operation::ClearPresence => show_no_more(&graph, WORKER, &id),
        Operation::SubscribeUsers => {
            subscribe(&graph, &Watched::Users, &public, None, w.now, [1; 32]).map(|s| s.0)
        }
        Operation::SubscribedSkus => Some(licences(&graph)),
        Operation::LicenseDetails => licence_details(&graph, &id),
        Operation::AssignLicense => {
            assign_licence(&graph, &LicenceChange { user: id, add: vec![sku], remove: Vec::new() })
        }
        Operation::TeamMembers => team_members(&graph, teams.first()?),
        Operation::ChannelMembers => channel_members(&graph, teams.first()?, "19:none@thread.tacv2"),
        Operation::ChatMembers => chat_members(&graph, chats.first()?),
    }
}

/// Whether Graph refuses it for want of a permission.
fn refused(w: &mut World, call: &Call, token: &Secret<String>) -> bool {
    let chance = w.chance();
    let reply = match w.send(&call.request(token, chance)) {
        Handled::Reply(reply) => super::read(reply),
        Handled::Later(_) => loop {
            match w.microsoft.poll(w.now.0).unwrap() {
                Out::Post(post) => {
                    let answer = answer_validation(post.url.split_once('?').unwrap().1).unwrap();
                    w.microsoft.posted(w.now.0, post.id, Some((200, answer.as_bytes())));
                }
                Out::Reply(_, reply) => break super::read(reply),
            }
        },
    };
    matches!(Attempt::default().next(w.now, Some(&reply), 0), Next::Failed(GraphError::Denied { .. }))
}

/// A tenant that granted a registration these permissions, with a token for it.
fn granted(permissions: &[(&'static str, Kind)]) -> (World, TokenReply) {
    let mut w = World::new(40);
    let alone = permissions.iter().any(|(_, kind)| *kind == Kind::Application);
    for (permission, kind) in permissions {
        match kind {
            Kind::Application => w.grant(WORKER, permission, Holder::Application),
            Kind::Delegated => w.grant(WEB, permission, Holder::Delegated),
            Kind::Rsc => {}
        }
    }
    let token = if alone {
        w.alone(None)
    } else {
        let mut scopes: Vec<_> = permissions.iter().map(|(p, _)| w.cloud.graph_scope(p)).collect();
        scopes.push("openid".to_string());
        w.sign_in(OLGA, &scopes).1
    };
    (w, token)
}

/// The features of a registration that do not work with these permissions.
fn stopped(
    features: &Features,
    registration: Registration,
    permissions: &[(&'static str, Kind)],
) -> BTreeSet<Feature> {
    let (mut w, token) = granted(permissions);
    let mut stopped = BTreeSet::new();
    for row in features.needed().into_iter().filter(|r| r.registration == registration) {
        for operation in row.operations {
            let without = *operation == Operation::Refresh && token.refresh_token.is_none();
            let call = call(&w, *operation, row);
            if without || call.is_some_and(|c| refused(&mut w, &c, &token.access_token)) {
                stopped.insert(row.feature);
            }
        }
    }
    stopped
}

#[test]
fn a_permission_taken_away_stops_what_the_table_says() {
    let mut center = Features::of(Profile::ContactCenter);
    let mut everything = center.clone();
    everything.switch(Feature::PresenceWrite, true).unwrap();
    everything.switch(Feature::Licences, true).unwrap();
    for feature in [Feature::Tab, Feature::MembersTeam, Feature::MembersChannel, Feature::MembersChat] {
        everything.switch(feature, true).unwrap();
    }
    center.switch(Feature::Licences, true).unwrap();
    let mut connector = Features::of(Profile::Connector);
    connector.switch(Feature::BotNumbers, true).unwrap();
    connector.switch(Feature::PresenceRead, true).unwrap();
    let mut tried = 0;
    for features in [center, everything, connector, Features::of(Profile::Directory)] {
        for registration in features.registrations() {
            let all = features.permissions(registration);
            assert_eq!(stopped(&features, registration, &all), BTreeSet::new(), "{}", registration.name());
            for (permission, _) in &all {
                // OpenID Connect's own scope is part of every sign-in; without it nobody signs in at all.
                if ["openid", "email"].contains(permission) {
                    continue;
                }
                let rest: Vec<_> = all.iter().filter(|(p, _)| p != permission).copied().collect();
                let rows = features.stopped_by(registration, permission);
                let covered =
                    COVERED.iter().any(|(p, by)| p == permission && rest.iter().any(|(r, _)| r == by));
                let expected: BTreeSet<_> =
                    if covered { BTreeSet::new() } else { rows.iter().map(|r| r.feature).collect() };
                let got = stopped(&features, registration, &rest);
                assert_eq!(got, expected, "{} without {permission}", registration.name());
                if registration == Registration::Background {
                    let granted: Vec<String> = rest.iter().map(|(p, _)| p.to_string()).collect();
                    let foretold = features.not_working(registration, &granted);
                    assert_eq!(foretold.iter().map(|r| r.feature).collect::<BTreeSet<_>>(), got);
                }
                assert!(rows.iter().all(|r| stopped_sentence(r).contains(permission)));
                tried += 1;
            }
        }
    }
    assert!(tried >= 21, "{tried}");
}

#[test]
fn what_was_granted_is_compared_with_what_is_needed() {
    let center = Features::of(Profile::ContactCenter);
    let all = center.permissions(Registration::Background);
    let (_, token) = granted(&all);
    assert!(center.missing(Registration::Background, &token.granted()).is_empty());
    assert!(center.surplus(Registration::Background, &token.granted()).is_empty());
    let (_, token) =
        granted(&[("User.Read.All", Kind::Application), ("Presence.ReadWrite.All", Kind::Application)]);
    assert_eq!(center.missing(Registration::Background, &token.granted()), ["Presence.Read.All"]);
    assert_eq!(center.surplus(Registration::Background, &token.granted()), ["Presence.ReadWrite.All"]);
}
