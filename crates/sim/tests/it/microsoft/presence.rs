//! Presence, batches, photos, licences and members.

use super::{OLGA, WEB, WORKER, World};
use sim::microsoft::Holder;
use teams::graph::{
    Batch, Hindrance, LicenceChange, PhotoSize, Shown, ShownKeeper, assign_licence, chat_members,
    licence_details, licences, licensed_user, photo, presences, read_licences, read_licensed_user,
    read_members, read_photo, read_presences, read_user, team_members, user,
};

#[test]
fn an_agent_who_talks_through_us_shows_as_in_a_call_until_the_end() {
    let mut w = World::new(50);
    for permission in ["Presence.Read.All", "Presence.ReadWrite.All"] {
        w.grant(WORKER, permission, Holder::Application);
    }
    let token = w.alone(None).access_token;
    let graph = w.graph();
    let ids: Vec<_> = (0..50).map(|n| w.id(n)).collect();
    let reply = w.call(&presences(&graph, &ids).unwrap(), &token);
    let before = read_presences(&reply).unwrap();
    assert_eq!(before.len(), 50);
    w.later(1_500_000);
    let reply = w.call(&presences(&graph, &ids).unwrap(), &token);
    for (earlier, later) in before.iter().zip(read_presences(&reply).unwrap()) {
        assert!(earlier.id == later.id && later.supersedes(earlier) && !earlier.supersedes(&later));
    }
    let tenant = w.tenant.clone();
    w.microsoft.stand_still(&tenant, true);
    let mut keeper = ShownKeeper::default();
    for (talks, expected) in [(true, Some(Hindrance::InCall)), (false, None)] {
        if talks {
            keeper.talks(w.now, &ids[1], Shown::InACall);
        } else {
            keeper.clear(w.now, &ids[1]);
        }
        let (person, call) = keeper.poll(w.now, &graph, WORKER).unwrap();
        let reply = w.call(&call, &token);
        keeper.done(w.now, &person, reply.is_success());
        let reply = w.call(&presences(&graph, &ids[1..2]).unwrap(), &token);
        assert_eq!(read_presences(&reply).unwrap()[0].hindrance(), expected);
    }
    assert_eq!(keeper.people().count(), 0);
}

#[test]
fn twenty_people_come_in_one_request() {
    let mut w = World::new(50);
    w.grant(WORKER, "User.Read.All", Holder::Application);
    let token = w.alone(None).access_token;
    let graph = w.graph();
    let calls = (0..20).map(|n| user(&graph, &w.id(n), &["id", "displayName"]).unwrap()).collect();
    let mut batch = Batch::new(&graph, calls).unwrap();
    let reply = w.carry(&batch.request(&token, [9; 16]));
    let step = batch.take(w.now, Some(&reply), 0);
    assert!(step.ended.len() == 20 && step.again_at.is_none());
    for (place, reply) in step.ended {
        assert_eq!(read_user(&reply.unwrap()).map(|u| u.id), Some(w.id(place as u32)));
    }
    let found = (0..20).filter(|n| {
        let reply = w.call(&photo(&graph, &w.id(*n), PhotoSize::Px96).unwrap(), &token);
        assert_eq!(reply.status == 200, read_photo(&reply).is_some());
        reply.status == 200
    });
    assert!(found.count() > 5);
}

#[test]
fn an_administrator_assigns_a_licence_and_sees_members() {
    let mut w = World::new(60);
    let permissions = [
        "User.Read.All",
        "LicenseAssignment.Read.All",
        "LicenseAssignment.ReadWrite.All",
        "TeamMember.Read.All",
        "ChatMember.Read",
    ];
    permissions.iter().for_each(|p| w.grant(WEB, p, Holder::Delegated));
    let scopes = permissions.map(|p| w.cloud.graph_scope(p));
    let token = w.sign_in(OLGA, &scopes).1.access_token;
    let graph = w.graph();
    let reply = w.call(&licences(&graph), &token);
    let all = read_licences(&reply).unwrap();
    let reply = w.call(&licensed_user(&graph, &w.id(1)).unwrap(), &token);
    let person = read_licensed_user(&reply).unwrap();
    let licence = all.iter().find(|l| !person.skus.contains(&l.sku) && l.left() > Some(0)).unwrap();
    let mut change = LicenceChange { user: w.id(1), add: vec![licence.sku.clone()], remove: vec![] };
    assert!(change.dry_run(&person, &all).is_empty());
    let reply = w.call(&assign_licence(&graph, &change).unwrap(), &token);
    assert_eq!(reply.status, 200);
    let reply = w.call(&licence_details(&graph, &w.id(1)).unwrap(), &token);
    assert!(read_licences(&reply).unwrap().iter().any(|l| l.sku == licence.sku));
    let reply = w.call(&licences(&graph), &token);
    let now = read_licences(&reply).unwrap();
    assert_eq!(now.iter().find(|l| l.sku == licence.sku).unwrap().left(), licence.left().map(|n| n - 1));
    let (teams, chats) = w.microsoft.teams_and_chats(&w.tenant);
    let reply = w.call(&team_members(&graph, &teams[0]).unwrap(), &token);
    assert!(!read_members(&reply).unwrap().members.is_empty());
    // She sees the members of her own chats only.
    let mut seen = 0;
    for chat in &chats {
        let reply = w.call(&chat_members(&graph, chat).unwrap(), &token);
        if reply.status == 200 {
            let members = read_members(&reply).unwrap().members;
            assert!(members.iter().any(|m| m.user == w.id(0)));
            seen += 1;
        }
    }
    assert!(seen > 0);
}
