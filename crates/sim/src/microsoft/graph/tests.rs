//! Graph as clients meet it: what is given, refused, paged, counted and told.

use crate::microsoft::certificate::tests as certificate;
use crate::microsoft::directory::Removal;
use crate::microsoft::entra::tests::{BASE, NOW, WEB, WORKER, ask, sign_in, token, world};
use crate::microsoft::exchange::{Reply, Request};
use crate::microsoft::graph::permissions::{Operation, allowing};
use crate::microsoft::graph::subscriptions::{Lifecycle, Out, PUBLISHER, Post};
use crate::microsoft::registration::Holder;
use crate::microsoft::{Fault, Handled, Microsoft, Misbehaviour, moment};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A token for the application alone with these permissions.
fn alone(m: &mut Microsoft, tid: &str, permissions: &[&str], more: &[(&str, &str)]) -> String {
    m.change_principal(tid, WORKER, |p| p.roles = permissions.iter().map(|p| (*p).to_string()).collect());
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", WORKER),
        ("client_secret", "w0rk"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    form.extend(more);
    token(m, NOW, tid, &form)["access_token"].as_str().unwrap().into()
}

/// A token for somebody with these permissions.
fn of(m: &mut Microsoft, tid: &str, who: &str, permissions: &[&str], more: &[(&str, &str)]) -> String {
    m.change_principal(tid, WEB, |p| p.scopes = permissions.iter().map(|p| (*p).to_string()).collect());
    let code = sign_in(m, tid, who, &[("scope", "openid profile email")]);
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", WEB),
        ("client_secret", "s3cret"),
        ("code", &code),
        ("redirect_uri", "https://app.test/back"),
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    ];
    form.extend(more);
    token(m, NOW, tid, &form)["access_token"].as_str().unwrap().into()
}

fn request(method: &str, target: &str, token: &str) -> Request {
    let target = target.strip_prefix(BASE).map_or_else(|| format!("/v1.0/{target}"), String::from);
    Request::new(method, &target).with_bearer(token)
}

fn get(m: &mut Microsoft, target: &str, token: &str) -> Reply {
    ask(m, NOW, &request("GET", target, token))
}

fn post(m: &mut Microsoft, target: &str, token: &str, body: &Value) -> Reply {
    ask(m, NOW, &request("POST", target, token).with_json(body))
}

fn object(v: Value) -> Map<String, Value> {
    v.as_object().cloned().unwrap()
}

const ROBIN: &str = "robin.ray@bikes.example";
const OLGA: &str = "olga.oak@bikes.example";

/// Goes through all pages; what there is in the end, what was removed, and the link for the next time.
fn walk(
    m: &mut Microsoft,
    from: &str,
    token: &str,
) -> (BTreeMap<String, Value>, BTreeSet<String>, String, usize) {
    let (mut all, mut gone, mut link, mut pages) = (BTreeMap::new(), BTreeSet::new(), from.to_string(), 0);
    loop {
        let page = ask(m, NOW, &request("GET", &link, token).with_header("Prefer", "odata.maxpagesize=7"));
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.value();
        pages += 1;
        for user in page["value"].as_array().unwrap() {
            let id = user["id"].as_str().unwrap().to_string();
            match user.get("@removed") {
                Some(_) => {
                    gone.insert(id);
                }
                None => {
                    all.insert(id, user.clone());
                }
            }
        }
        match (page["@odata.nextLink"].as_str(), page["@odata.deltaLink"].as_str()) {
            (Some(next), None) => link = next.into(),
            (None, Some(last)) => return (all, gone, last.into(), pages),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_sync_sees_everybody_and_then_what_changed() {
    let (mut m, tid) = world();
    let t = alone(&mut m, &tid, &["User.Read.All"], &[]);
    let (all, gone, link, pages) =
        walk(&mut m, "users/delta?$select=displayName,mobilePhone,accountEnabled", &t);
    assert_eq!((all.len(), gone.len(), pages), (40, 0, 6));
    let robin = m.tenant(&tid).unwrap().directory().id(1);
    assert_eq!(all[&robin]["displayName"], "Robin Ray");
    assert!(all[&robin].get("jobTitle").is_none(), "not selected");
    let (none, _, link, _) = walk(&mut m, &link, &t);
    assert!(none.is_empty());
    m.change_person(NOW, &tid, ROBIN, object(json!({"mobilePhone": null, "displayName": "Robin Rye"})));
    let third = m.tenant(&tid).unwrap().directory().id(3);
    m.remove_person(NOW, &tid, &third, Removal::Soft);
    let new = m.add_person(NOW, &tid, object(json!({"displayName": "Nora New"}))).unwrap();
    let (changed, gone, later, _) = walk(&mut m, &link, &t);
    assert_eq!(changed[&robin]["displayName"], "Robin Rye");
    assert_eq!(changed[&robin].get("mobilePhone"), Some(&Value::Null), "cleared is told");
    assert_eq!((changed[&new]["displayName"].as_str(), changed.len()), (Some("Nora New"), 2));
    assert_eq!(gone, BTreeSet::from([third.clone()]));
    // Asked again with the old link it is told again.
    assert_eq!(walk(&mut m, &link, &t).0.len(), 2);
    m.restore_person(NOW, &tid, &third);
    assert!(walk(&mut m, &later, &t).0.contains_key(&third));
    // Only what changed, if that is wished.
    m.change_person(NOW, &tid, ROBIN, object(json!({"accountEnabled": true})));
    let minimal =
        ask(&mut m, NOW, &request("GET", &later, &t).with_header("Prefer", "return=minimal")).value();
    let robin = minimal["value"].as_array().unwrap().iter().find(|u| u["id"] == robin).unwrap().clone();
    assert_eq!(robin, json!({"id": robin["id"], "accountEnabled": true}));
}

#[test]
fn links_get_old() {
    let (mut m, tid) = world();
    let t = alone(&mut m, &tid, &["User.Read.All"], &[]);
    let (_, _, link, _) = walk(&mut m, "users/delta", &t);
    let first = get(&mut m, "users/delta", &t).value();
    assert!(first.get("@odata.deltaLink").is_some(), "40 fit one page");
    let latest = get(&mut m, "users/delta?$deltatoken=latest", &t).value();
    assert_eq!(latest["value"], json!([]));
    m.change_person(NOW, &tid, ROBIN, object(json!({"city": "Rome"})));
    m.forget_changes(&tid);
    let no = get(&mut m, &link, &t);
    assert_eq!((no.status, &no.value()["error"]["code"]), (410, &json!("syncStateNotFound")));
    assert!(no.header("Location").unwrap().starts_with(BASE));
    let (_, _, link, _) = walk(&mut m, "users/delta", &t);
    let week = Request::new("GET", link.strip_prefix(BASE).unwrap()).with_bearer(
        &m.sign(&json!({"aud": "https://graph.microsoft.com",
        "exp": u64::MAX, "iat": 0, "tid": tid, "appid": WORKER, "idtyp": "app", "roles": ["User.Read.All"]})),
    );
    assert_eq!(ask(&mut m, NOW + 7 * 86_400_000, &week).status, 200);
    assert_eq!(ask(&mut m, NOW + 7 * 86_400_000 + 1, &week).status, 410);
    for bad in [
        "users/delta?$deltatoken=zzzz",
        "users/delta?$top=3",
        "users/delta?$select=nonsense",
        "users/delta?$filter=city eq 'Rome'",
    ] {
        assert_eq!(get(&mut m, &bad.replace(' ', "%20"), &t).status, 400, "{bad}");
    }
    let robin = m.tenant(&tid).unwrap().directory().id(1);
    let one = walk(&mut m, &format!("users/delta?$filter=id%20eq%20'{robin}'"), &t).0;
    assert_eq!(one.keys().collect::<Vec<_>>(), [&robin]);
}

#[test]
fn users_are_searched_filtered_and_paged() {
    let (mut m, tid) = world();
    let t = alone(&mut m, &tid, &["User.Read.All"], &[]);
    let first = get(&mut m, "users?$top=15&$select=id", &t).value();
    let second = get(&mut m, first["@odata.nextLink"].as_str().unwrap(), &t).value();
    let third = get(&mut m, second["@odata.nextLink"].as_str().unwrap(), &t).value();
    assert_eq!(third["value"].as_array().unwrap().len(), 10);
    assert!(third.get("@odata.nextLink").is_none());
    assert_eq!(first["value"][0].as_object().unwrap().len(), 1);
    let search = request("GET", "users?$search=%22displayName:ray%22&$count=true", &t);
    assert_eq!(ask(&mut m, NOW, &search).status, 400, "only with ConsistencyLevel");
    let found = ask(&mut m, NOW, &search.with_header("ConsistencyLevel", "eventual")).value();
    assert_eq!((&found["value"][0]["displayName"], &found["@odata.count"]), (&json!("Robin Ray"), &json!(1)));
    let found = get(&mut m, "users?$filter=startswith(userPrincipalName,'olga.')", &t).value();
    assert_eq!(found["value"].as_array().unwrap().len(), 1);
    assert_eq!(
        get(&mut m, &format!("users/{ROBIN}?$select=usageLocation"), &t).value()["usageLocation"],
        "DE"
    );
    assert_eq!(get(&mut m, "users/nobody@bikes.example", &t).status, 404);
    assert_eq!(get(&mut m, "me", &t).status, 403, "nobody is signed in");
    let organization = get(&mut m, "organization", &t);
    assert_eq!(organization.status, 403, "User.Read.All is not enough for an application");
}

#[test]
fn each_operation_needs_one_of_its_permissions() {
    let (mut m, tid) = world();
    let (teams, chats) = m.teams_and_chats(&tid);
    let id = m.tenant(&tid).unwrap().directory().id(0);
    let channel = {
        let t = alone(&mut m, &tid, &["Channel.ReadBasic.All"], &[]);
        get(&mut m, &format!("teams/{}/channels", teams[0]), &t).value()["value"][0]["id"]
            .as_str()
            .unwrap()
            .to_string()
    };
    let calls = [
        (Operation::User, "GET", format!("users/{id}"), Value::Null),
        (Operation::Users, "GET", "users".into(), Value::Null),
        (Operation::UsersDelta, "GET", "users/delta".into(), Value::Null),
        (Operation::Photo, "GET", format!("users/{id}/photo"), Value::Null),
        (Operation::LicenseDetails, "GET", format!("users/{id}/licenseDetails"), Value::Null),
        (
            Operation::AssignLicense,
            "POST",
            format!("users/{id}/assignLicense"),
            json!({"addLicenses": [], "removeLicenses": []}),
        ),
        (Operation::SubscribedSkus, "GET", "subscribedSkus".into(), Value::Null),
        (Operation::Organization, "GET", "organization".into(), Value::Null),
        (Operation::Domains, "GET", "domains".into(), Value::Null),
        (Operation::JoinedTeams, "GET", format!("users/{id}/joinedTeams"), Value::Null),
        (Operation::Team, "GET", format!("teams/{}", teams[0]), Value::Null),
        (Operation::TeamMembers, "GET", format!("teams/{}/members", teams[0]), Value::Null),
        (Operation::Channels, "GET", format!("teams/{}/channels", teams[0]), Value::Null),
        (
            Operation::ChannelMembers,
            "GET",
            format!("teams/{}/channels/{channel}/members", teams[0]),
            Value::Null,
        ),
        (Operation::Chat, "GET", format!("chats/{}", chats[0]), Value::Null),
        (Operation::ChatMembers, "GET", format!("chats/{}/members", chats[0]), Value::Null),
        (Operation::Presence, "GET", format!("users/{id}/presence"), Value::Null),
        (Operation::Presences, "POST", "communications/getPresencesByUserId".into(), json!({"ids": [id]})),
        (
            Operation::WritePresence,
            "POST",
            format!("users/{id}/presence/setPresence"),
            json!({"sessionId": "x", "availability": "Busy", "activity": "InACall"}),
        ),
    ];
    let every: BTreeSet<&str> =
        calls.iter().flat_map(|c| allowing(c.0, Holder::Application)).copied().collect();
    let mut now = NOW;
    for (operation, method, path, body) in &calls {
        for permission in &every {
            // A pause, so that nobody is throttled.
            now += 1_000;
            let t = alone(&mut m, &tid, &[permission], &[]);
            let reply = ask(&mut m, now, &request(method, path, &t).with_json(body));
            let may = allowing(*operation, Holder::Application).contains(permission)
                && !permission.ends_with(".Chat")
                && !permission.ends_with(".Group");
            assert_eq!(
                reply.status != 403,
                may,
                "{operation:?} with {permission}: {} {}",
                reply.status,
                reply.text()
            );
            assert_ne!(reply.status, 429);
        }
    }
    // Consent for one chat is for that chat.
    let t = alone(&mut m, &tid, &[], &[]);
    m.change_principal(&tid, WORKER, |p| {
        p.specific.insert((chats[0].clone(), "ChatMember.Read.Chat".into()));
    });
    assert_eq!(get(&mut m, &format!("chats/{}/members", chats[0]), &t).status, 200);
    assert_eq!(get(&mut m, &format!("chats/{}/members", chats[1]), &t).status, 403);
}

#[test]
fn people_see_what_is_theirs() {
    let (mut m, tid) = world();
    let olga = m.tenant(&tid).unwrap().directory().id(0);
    let t = of(&mut m, &tid, ROBIN, &["User.Read"], &[]);
    assert_eq!(get(&mut m, "me", &t).value()["displayName"], "Robin Ray");
    assert_eq!(get(&mut m, &format!("users/{olga}"), &t).status, 403);
    assert_eq!(walk(&mut m, "users/delta", &t).0.len(), 1);
    let info = ask(&mut m, NOW, &Request::new("GET", "/oidc/userinfo").with_bearer(&t)).value();
    assert_eq!((&info["name"], &info["email"]), (&json!("Robin Ray"), &json!(ROBIN)));
    let t = of(&mut m, &tid, ROBIN, &["User.ReadBasic.All", "Presence.Read"], &[]);
    let seen = get(&mut m, &format!("users/{olga}"), &t).value();
    assert_eq!((&seen["displayName"], &seen["businessPhones"]), (&json!("Olga Oak"), &Value::Null));
    assert_eq!(get(&mut m, "me/presence", &t).status, 200);
    assert_eq!(get(&mut m, &format!("users/{olga}/presence"), &t).status, 403);
    let t = of(
        &mut m,
        &tid,
        ROBIN,
        &["ChatMember.Read", "Chat.ReadBasic", "Team.ReadBasic.All", "TeamMember.Read.All"],
        &[],
    );
    let own = get(&mut m, "me/chats", &t).value();
    let own: BTreeSet<String> =
        own["value"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap().into()).collect();
    assert!(!own.is_empty());
    for chat in m.teams_and_chats(&tid).1 {
        m.clear_faults();
        m.tighten(1);
        let status = get(&mut m, &format!("chats/{chat}/members"), &t).status;
        assert_eq!(status, if own.contains(&chat) { 200 } else { 403 }, "{chat}");
    }
    let team = get(&mut m, "me/joinedTeams", &t).value()["value"][0]["id"].as_str().unwrap().to_string();
    let members = get(&mut m, &format!("teams/{team}/members?$top=3"), &t).value();
    assert_eq!(members["value"][0]["@odata.type"], "#microsoft.graph.aadUserConversationMember");
    let more = get(&mut m, members["@odata.nextLink"].as_str().unwrap(), &t).value();
    assert_ne!(more["value"][0]["userId"], members["value"][0]["userId"]);
}

#[test]
fn tokens_end_and_are_challenged() {
    let (mut m, tid) = world();
    let t = alone(&mut m, &tid, &["User.Read.All"], &[]);
    let at = |m: &mut Microsoft, now: u64, t: &str| ask(m, now, &request("GET", "users", t));
    assert_eq!(at(&mut m, NOW + 3_599_000, &t).status, 200);
    let no = at(&mut m, NOW + 5_401_000, &t);
    assert_eq!((no.status, &no.value()["error"]["code"]), (401, &json!("InvalidAuthenticationToken")));
    assert!(no.value()["error"]["message"].as_str().unwrap().contains("expired"));
    for bad in ["", "nonsense", "a.b.c"] {
        assert_eq!(at(&mut m, NOW, bad).status, 401);
    }
    let foreign = m.sign(&json!({"aud": WEB, "exp": u64::MAX, "iat": NOW / 1_000, "tid": tid, "appid": WORKER, "idtyp": "app", "roles": ["User.Read.All"]}));
    assert_eq!(at(&mut m, NOW, &foreign).status, 401, "for somebody else");
    // Whoever can be told is told with claims, the others go on.
    let told = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
    let long = alone(&mut m, &tid, &["User.Read.All"], &[("claims", told)]);
    assert_eq!(at(&mut m, NOW + 86_399_000, &long).status, 200, "holds for a day");
    m.challenge_app(NOW + 5_000, &tid, WORKER);
    assert_eq!(at(&mut m, NOW + 6_000, &t).status, 200);
    let no = at(&mut m, NOW + 6_000, &long);
    let header = no.header("WWW-Authenticate").unwrap();
    assert!(no.status == 401 && header.contains("error=\"insufficient_claims\""), "{header}");
    let claims = header.split("claims=\"").nth(1).unwrap().split('"').next().unwrap();
    let claims: Value = serde_json::from_slice(&STANDARD.decode(claims).unwrap()).unwrap();
    assert_eq!(claims["access_token"]["nbf"]["value"], (NOW / 1_000 + 5).to_string());
    let new = alone(&mut m, &tid, &["User.Read.All"], &[("claims", told)]);
    assert_eq!(at(&mut m, NOW + 6_000, &new).status, 200, "the next one is believed");
    let robin = of(&mut m, &tid, ROBIN, &["User.Read"], &[("claims", told)]);
    m.change_person(NOW, &tid, ROBIN, object(json!({"accountEnabled": false})));
    assert_eq!(get(&mut m, "me", &robin).status, 401);
}

#[test]
fn presence_lives_and_can_be_written() {
    let (mut m, tid) = world();
    let t = alone(&mut m, &tid, &["Presence.Read.All", "Presence.ReadWrite.All"], &[]);
    let ids: Vec<String> = (0..40).map(|n| m.tenant(&tid).unwrap().directory().id(n)).collect();
    let all = |m: &mut Microsoft, now: u64| {
        ask(
            m,
            now,
            &request("POST", "communications/getPresencesByUserId", &t).with_json(&json!({"ids": ids})),
        )
        .value()["value"]
            .as_array()
            .unwrap()
            .clone()
    };
    let (before, after) = (all(&mut m, NOW), all(&mut m, NOW + 1_500_000));
    assert_eq!(before.len(), 40);
    for (a, b) in before.iter().zip(&after) {
        assert!(
            a["sequenceNumber"].as_str() < b["sequenceNumber"].as_str(),
            "everybody did something else by then"
        );
    }
    assert!(before.iter().map(|p| p["availability"].as_str()).collect::<BTreeSet<_>>().len() > 3);
    m.stand_still(&tid, true);
    let path = |what: &str| format!("users/{ROBIN}/presence{what}");
    let now = |m: &mut Microsoft, at: u64| {
        let p = ask(m, at, &request("GET", &path(""), &t)).value();
        (
            p["availability"].as_str().unwrap().to_string(),
            p["activity"].as_str().unwrap().to_string(),
            p["sequenceNumber"].as_str().unwrap().to_string(),
        )
    };
    let free = now(&mut m, NOW);
    assert_eq!(free.0, "Available");
    let call = json!({"sessionId": WORKER, "availability": "Busy", "activity": "InACall", "expirationDuration": "PT10M"});
    assert_eq!(post(&mut m, &path("/setPresence"), &t, &call).status, 200);
    let busy = now(&mut m, NOW);
    assert!((busy.0.as_str(), busy.1.as_str()) == ("Busy", "InACall") && busy.2 > free.2);
    let later = now(&mut m, NOW + 600_000);
    assert!(later.0 == "Available" && later.2 > busy.2, "{later:?}");
    assert_eq!(post(&mut m, &path("/clearPresence"), &t, &json!({"sessionId": WORKER})).status, 200);
    assert_eq!(post(&mut m, &path("/clearPresence"), &t, &json!({"sessionId": WORKER})).status, 404);
    let cleared = now(&mut m, NOW);
    assert!(cleared.0 == "Available" && cleared.2 > busy.2);
    post(&mut m, &path("/setPresence"), &t, &call);
    let prefer = json!({"availability": "DoNotDisturb", "activity": "DoNotDisturb"});
    assert_eq!(post(&mut m, &path("/setUserPreferredPresence"), &t, &prefer).status, 200);
    assert_eq!(now(&mut m, NOW).0, "DoNotDisturb", "a person goes before an application");
    for bad in [
        json!({"sessionId": WORKER, "availability": "Busy", "activity": "Presenting"}),
        json!({"sessionId": WORKER, "availability": "Busy", "activity": "InACall", "expirationDuration": "PT1M"}),
        json!({"sessionId": WORKER, "availability": "Busy", "activity": "InACall", "expirationDuration": "P1D"}),
        json!({"availability": "Busy", "activity": "InACall"}),
        json!([1]),
    ] {
        assert_eq!(post(&mut m, &path("/setPresence"), &t, &bad).status, 400, "{bad}");
    }
    let many: Vec<&String> = std::iter::repeat_n(&ids[0], 651).collect();
    assert_eq!(post(&mut m, "communications/getPresencesByUserId", &t, &json!({"ids": many})).status, 400);
}

#[test]
fn batches_are_judged_part_by_part() {
    let (mut m, tid) = world();
    let t = alone(&mut m, &tid, &["User.Read.All"], &[]);
    let body = json!({"requests": [
        {"id": "1", "method": "GET", "url": format!("/users/{ROBIN}?$select=displayName")},
        {"id": "2", "method": "GET", "url": "/users/nobody"},
        {"id": "3", "method": "GET", "url": "/subscribedSkus"},
        {"id": "4", "method": "GET", "url": "/users/me", "dependsOn": ["2"]},
        {"id": "5", "method": "GET", "url": format!("users/{ROBIN}/photos/48x48/$value")},
    ]});
    let reply = post(&mut m, "$batch", &t, &body);
    assert_eq!(reply.status, 200);
    let answers: BTreeMap<String, Value> = reply.value()["responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["id"].as_str().unwrap().into(), r.clone()))
        .collect();
    let status: Vec<&Value> = answers.values().map(|r| &r["status"]).collect();
    assert_eq!(status[..4], [&json!(200), &json!(404), &json!(403), &json!(424)]);
    assert_eq!(answers["1"]["body"]["displayName"], "Robin Ray");
    if answers["5"]["status"] == 200 {
        assert!(answers["5"]["body"].as_str().unwrap().starts_with("iVBORw0KGgo"), "a picture in base64");
    }
    // Each part counts alone.
    m.tighten(1_000);
    let parts: Vec<Value> = (0..5)
        .map(|n| json!({"id": n.to_string(), "method": "GET", "url": format!("/users/{ROBIN}")}))
        .collect();
    let reply = post(&mut m, "$batch", &t, &json!({"requests": parts})).value();
    let throttled: Vec<&Value> =
        reply["responses"].as_array().unwrap().iter().filter(|r| r["status"] == 429).collect();
    assert_eq!(throttled.len(), 3, "3500 / 1000 units, and 2 requests a second in all: {reply}");
    assert!(throttled[0]["headers"]["Retry-After"].is_string());
    m.tighten(1);
    let many: Vec<Value> =
        (0..21).map(|n| json!({"id": n.to_string(), "method": "GET", "url": "/me"})).collect();
    for bad in [
        json!({"requests": many}),
        json!({"requests": []}),
        json!({}),
        json!({"requests": [{"id": "1", "method": "GET", "url": "/me"}, {"id": "1", "method": "GET", "url": "/me"}]}),
        json!({"requests": [{"id": "1", "method": "GET", "url": "/me", "dependsOn": ["9"]}]}),
        json!({"requests": [{"id": "1", "method": "GET", "url": "/$batch"}]}),
        json!({"requests": [{"method": "GET"}]}),
    ] {
        assert_eq!(post(&mut m, "$batch", &t, &bad).status, 400, "{bad}");
    }
}

#[test]
fn licences_run_out() {
    let (mut m, tid) = world();
    let t = of(
        &mut m,
        &tid,
        OLGA,
        &["User.Read.All", "LicenseAssignment.Read.All", "LicenseAssignment.ReadWrite.All"],
        &[],
    );
    let product = |m: &mut Microsoft| get(m, "subscribedSkus", &t).value()["value"][2].clone();
    let (id, free) =
        (product(&mut m)["skuId"].clone(), product(&mut m)["prepaidUnits"]["enabled"].as_u64().unwrap());
    assert_eq!((free, &product(&mut m)["consumedUnits"]), (5, &json!(0)));
    let fit: Vec<u32> = (2..40)
        .filter(|p| !m.tenant(&tid).unwrap().directory().field(*p, "usageLocation").is_null())
        .collect();
    let person = |m: &Microsoft, n: usize| m.tenant(&tid).unwrap().directory().id(fit[n]);
    let give = json!({"addLicenses": [{"skuId": id, "disabledPlans": []}], "removeLicenses": []});
    for n in 0..5 {
        let who = person(&m, n);
        assert_eq!(post(&mut m, &format!("users/{who}/assignLicense"), &t, &give).status, 200);
    }
    assert_eq!(product(&mut m)["consumedUnits"], 5);
    let who = person(&m, 5);
    let no = post(&mut m, &format!("users/{who}/assignLicense"), &t, &give);
    assert!(no.status == 400 && no.text().contains("does not have any available licenses"), "{}", no.text());
    let first = person(&m, 0);
    let take = json!({"addLicenses": [], "removeLicenses": [id]});
    assert_eq!(post(&mut m, &format!("users/{first}/assignLicense"), &t, &take).status, 200);
    assert_eq!(
        post(&mut m, &format!("users/{first}/assignLicense"), &t, &take).status,
        400,
        "nothing to take"
    );
    let details = get(&mut m, &format!("users/{who}/licenseDetails"), &t).value();
    assert!(details["value"].as_array().unwrap().iter().all(|d| d["skuId"] != id));
    m.change_person(NOW, &tid, &who, object(json!({"usageLocation": null})));
    let no = post(&mut m, &format!("users/{who}/assignLicense"), &t, &give);
    assert!(no.text().contains("usage location"), "{}", no.text());
    let robin = of(&mut m, &tid, ROBIN, &["LicenseAssignment.ReadWrite.All"], &[]);
    assert_eq!(
        post(&mut m, &format!("users/{first}/assignLicense"), &robin, &give).status,
        403,
        "no administrator"
    );
}

/// What is to be posted now.
fn posts(m: &mut Microsoft, now: u64) -> (Vec<Post>, Vec<(u64, Reply)>) {
    let (mut posts, mut replies) = (Vec::new(), Vec::new());
    while let Some(out) = m.poll(now) {
        match out {
            Out::Post(post) => posts.push(post),
            Out::Reply(ticket, reply) => replies.push((ticket, reply)),
        }
    }
    (posts, replies)
}

fn wish(of: &str, now: u64) -> Value {
    json!({"changeType": "updated", "notificationUrl": "https://cc.test/graph/notify", "lifecycleNotificationUrl": "https://cc.test/graph/lifecycle",
        "resource": format!("/communications/presences?$filter=id in ('{of}')"), "expirationDateTime": moment::rfc3339(now + 3_600_000),
        "clientState": "k1.9", "includeResourceData": true, "encryptionCertificate": STANDARD.encode(certificate::DER), "encryptionCertificateId": "enc1"})
}

/// Subscribes, answers the handshake, and gives the subscription.
fn subscribe(m: &mut Microsoft, t: &str, wish: &Value) -> Value {
    let Handled::Later(ticket) = m.handle(NOW, &request("POST", "subscriptions", t).with_json(wish)) else {
        panic!("at once")
    };
    let (open, none) = posts(m, NOW);
    assert!(none.is_empty());
    for post in &open {
        let token = Request::new("POST", &post.url).query().get("validationToken").unwrap().to_string();
        m.posted(NOW, post.id, Some((200, token.as_bytes())));
    }
    let (_, replies) = posts(m, NOW);
    assert_eq!((replies[0].0, replies[0].1.status), (ticket, 201), "{:?}", replies[0].1.text());
    replies[0].1.value()
}

#[test]
fn a_subscriber_must_answer_the_handshake() {
    let (mut m, tid) = world();
    let t = of(&mut m, &tid, ROBIN, &["Presence.Read.All"], &[]);
    let robin = m.tenant(&tid).unwrap().directory().id(1);
    for answer in [Some((200, &b"something else"[..])), Some((500, b"")), None] {
        let Handled::Later(ticket) =
            m.handle(NOW, &request("POST", "subscriptions", &t).with_json(&wish(&robin, NOW)))
        else {
            panic!()
        };
        let (open, _) = posts(&mut m, NOW);
        assert_eq!(open.len(), 2, "both addresses");
        m.posted(NOW, open[0].id, answer);
        let (_, replies) = posts(&mut m, NOW);
        assert_eq!((replies[0].0, replies[0].1.status), (ticket, 400));
    }
    m.handle(NOW, &request("POST", "subscriptions", &t).with_json(&wish(&robin, NOW)));
    posts(&mut m, NOW);
    assert_eq!(m.deadline(), Some(NOW + 10_000));
    assert_eq!(posts(&mut m, NOW + 10_000).1[0].1.status, 400, "too late");
    for (name, value) in [
        ("expirationDateTime", json!(moment::rfc3339(NOW + 3_700_000))),
        ("expirationDateTime", json!(moment::rfc3339(NOW - 1_000))),
        ("notificationUrl", json!("http://cc.test/x")),
        ("resource", json!("/communications/presences/nobody")),
        ("resource", json!("/me/messages")),
        ("includeResourceData", json!(false)),
        ("encryptionCertificate", json!("AAAA")),
        ("clientState", json!("x".repeat(129))),
    ] {
        let mut bad = wish(&robin, NOW);
        bad[name] = value;
        assert_eq!(post(&mut m, "subscriptions", &t, &bad).status, 400, "{name}");
    }
    let app = alone(&mut m, &tid, &["Presence.Read.All", "User.Read.All"], &[]);
    assert_eq!(
        post(&mut m, "subscriptions", &app, &wish(&robin, NOW)).status,
        403,
        "presences only for people"
    );
}

#[test]
fn a_subscriber_is_told_and_can_read_it() {
    use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
    use aws_lc_rs::hmac;
    use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
    let (mut m, tid) = world();
    let t = of(&mut m, &tid, ROBIN, &["Presence.Read.All", "Presence.ReadWrite"], &[]);
    let robin = m.tenant(&tid).unwrap().directory().id(1);
    m.stand_still(&tid, true);
    let made = subscribe(&mut m, &t, &wish(&robin, NOW));
    assert!(made.get("encryptionCertificate").is_none());
    assert!(posts(&mut m, NOW + 1_000).0.is_empty(), "nothing new");
    let call = json!({"sessionId": WEB, "availability": "Busy", "activity": "InACall"});
    assert_eq!(post(&mut m, "me/presence/setPresence", &t, &call).status, 200);
    let (told, _) = posts(&mut m, NOW + 1_000);
    let body: Value = serde_json::from_slice(&told[0].body).unwrap();
    let item = &body["value"][0];
    assert_eq!(
        (&item["subscriptionId"], &item["clientState"], &item["tenantId"]),
        (&made["id"], &json!("k1.9"), &json!(tid))
    );
    let content = &item["encryptedContent"];
    let bytes = |name: &str| STANDARD.decode(content[name].as_str().unwrap()).unwrap();
    let private =
        OaepPrivateDecryptingKey::new(PrivateDecryptingKey::from_pkcs8(certificate::KEY).unwrap()).unwrap();
    let mut key = vec![0; private.min_output_size()];
    let key = private.decrypt(&OAEP_SHA1_MGF1SHA1, &bytes("dataKey"), &mut key, None).unwrap().to_vec();
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key), &bytes("data"), &bytes("dataSignature")).unwrap();
    let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, &key).unwrap()).unwrap();
    let mut data = bytes("data");
    let first: [u8; 16] = key[..16].try_into().unwrap();
    let plain = cipher.decrypt(&mut data, DecryptionContext::Iv128(first.into())).unwrap();
    let presence: Value = serde_json::from_slice(plain).unwrap();
    assert_eq!((&presence["id"], &presence["activity"]), (&json!(robin), &json!("InACall")));
    let witness = m.keys.read(body["validationTokens"][0].as_str().unwrap()).unwrap();
    assert_eq!((&witness["aud"], &witness["appid"]), (&json!(WEB), &json!(PUBLISHER)));
    // Not taken: it comes again, later.
    m.posted(NOW + 1_000, told[0].id, Some((503, b"")));
    assert!(posts(&mut m, NOW + 2_000).0.is_empty());
    let (again, _) = posts(&mut m, NOW + 12_000);
    m.posted(NOW + 12_000, again[0].id, Some((202, b"")));
    // The session runs out by itself.
    let (told, _) = posts(&mut m, NOW + 301_000);
    assert_eq!(told.len(), 1);
    m.posted(NOW + 301_000, told[0].id, Some((202, b"")));
    let (told, _) = posts(&mut m, NOW + 3_000_001);
    let body: Value = serde_json::from_slice(&told[0].body).unwrap();
    assert_eq!(
        (told[0].url.as_str(), &body["value"][0]["lifecycleEvent"]),
        ("https://cc.test/graph/lifecycle", &json!("reauthorizationRequired"))
    );
    let path = format!("subscriptions/{}", made["id"].as_str().unwrap());
    let more = request("PATCH", &path, &t)
        .with_json(&json!({"expirationDateTime": moment::rfc3339(NOW + 3_400_000)}));
    assert_eq!(ask(&mut m, NOW, &more).status, 200);
    m.tell_lifecycle(NOW, made["id"].as_str().unwrap(), Lifecycle::SubscriptionRemoved);
    assert_eq!(get(&mut m, &path, &t).status, 404);
}

#[test]
fn changes_of_users_are_told_to_those_who_asked() {
    let (mut m, tid) = world();
    let t = alone(&mut m, &tid, &["User.Read.All"], &[]);
    let wish = json!({"changeType": "updated,deleted", "notificationUrl": "http://127.0.0.1:9/n", "resource": "users",
        "expirationDateTime": moment::rfc3339(NOW + 86_400_000)});
    subscribe(&mut m, &t, &wish);
    m.change_person(NOW, &tid, ROBIN, object(json!({"city": "Rome"})));
    m.remove_person(NOW, &tid, ROBIN, Removal::Final);
    let (told, _) = posts(&mut m, NOW);
    let body: Value = serde_json::from_slice(&told[0].body).unwrap();
    let kinds: Vec<&Value> = body["value"].as_array().unwrap().iter().map(|v| &v["changeType"]).collect();
    assert_eq!(kinds, [&json!("updated"), &json!("deleted")]);
    assert!(body.get("validationTokens").is_none());
}

#[test]
fn pages_of_other_origins_may_ask() {
    let (mut m, tid) = world();
    let may = ask(&mut m, NOW, &request("OPTIONS", "me", "").with_header("Origin", "https://app.test"));
    assert_eq!((may.status, may.header("access-control-allow-origin")), (204, Some("*")));
    assert!(may.header("access-control-allow-headers").unwrap().contains("authorization"));
    let t = of(&mut m, &tid, ROBIN, &["User.Read"], &[]);
    let me = ask(&mut m, NOW, &request("GET", "me", &t).with_header("Origin", "https://app.test"));
    assert_eq!((me.status, me.header("access-control-allow-origin")), (200, Some("*")));
    assert!(get(&mut m, "me", &t).header("access-control-allow-origin").is_none(), "not asked by a page");
}

#[test]
fn faults_strike_where_they_are_put() {
    let (mut m, tid) = world();
    let t = alone(&mut m, &tid, &["User.Read.All"], &[]);
    m.put_fault(Fault { path: "/users/delta".into(), after: 1, times: 1, how: Misbehaviour::TokenExpired });
    assert_eq!(get(&mut m, "users/delta", &t).status, 200);
    assert_eq!(get(&mut m, "users", &t).status, 200);
    assert_eq!(get(&mut m, "users/delta", &t).status, 401);
    assert_eq!(get(&mut m, "users/delta", &t).status, 200);
    m.put_fault(Fault::next("/users", Misbehaviour::HalfPage));
    let half = get(&mut m, "users", &t);
    assert_eq!(half.cut_at, Some(half.body.len() / 2));
}

#[test]
fn a_hundred_thousand_people_are_walked_through() {
    let mut m = Microsoft::new(BASE, 9);
    let plan = crate::microsoft::TenantPlan {
        name: "Large".into(),
        domain: "large.example".into(),
        country: "DE".into(),
        people: 100_000,
        named: Vec::new(),
    };
    let tid = m.add_tenant(&plan).unwrap();
    let t = m.sign(
        &json!({"aud": "https://graph.microsoft.com", "exp": u64::MAX, "iat": 0, "tid": tid, "appid": WORKER,
        "idtyp": "app", "roles": ["User.Read.All"]}),
    );
    let (mut link, mut seen, mut pages) =
        ("users/delta?$select=displayName,businessPhones".to_string(), BTreeSet::new(), 0);
    while !link.is_empty() {
        // A second each, as a client would be throttled otherwise.
        let request = request("GET", &link, &t).with_header("Prefer", "odata.maxpagesize=999");
        let page = ask(&mut m, NOW + pages * 1_000, &request).value();
        seen.extend(page["value"].as_array().unwrap().iter().map(|u| u["id"].as_str().unwrap().to_string()));
        link = page["@odata.nextLink"].as_str().unwrap_or_default().into();
        pages += 1;
    }
    assert_eq!((seen.len(), pages), (100_000, 101));
}

#[test]
fn nothing_from_outside_breaks_it() {
    let (mut m, tid) = world();
    let t = alone(
        &mut m,
        &tid,
        &[
            "User.Read.All",
            "Presence.ReadWrite.All",
            "LicenseAssignment.ReadWrite.All",
            "ChatMember.Read.All",
        ],
        &[],
    );
    let paths = [
        "users",
        "users/x",
        "users('",
        "users/delta",
        "users/delta()",
        "subscriptions",
        "subscriptions/x",
        "$batch",
        "chats/%ff/members",
        "communications/getPresencesByUserId",
        "users/%00/presence/setPresence",
        "users/x/assignLicense",
        "",
        "teams//members",
        "users/x/photos/9x9/$value",
    ];
    let queries = [
        "",
        "?",
        "?$top=-1",
        "?$top=99999999999999999999",
        "?$skiptoken=%ff",
        "?$deltatoken=MXwxfDF8MXwxfHw",
        "?$filter='",
        "?$search=%22",
        "?$select=,,,",
        "?$filter=id%20eq%20",
    ];
    let bodies = [
        "",
        "[]",
        "{}",
        "null",
        "{\"ids\":[1,null,\"\"]}",
        "{\"requests\":[{}]}",
        "{\"addLicenses\":[1],\"removeLicenses\":[{}]}",
        "{\"resource\":\"/communications/presences?$filter=id in (\"}",
        "\u{0}",
    ];
    let mut now = NOW;
    for path in paths {
        for query in queries {
            for body in bodies {
                for method in ["GET", "POST", "PATCH", "DELETE", "BREW"] {
                    now += 1_000;
                    let mut r = request(method, &format!("{path}{query}"), &t);
                    r.body = body.as_bytes().to_vec();
                    if let Handled::Reply(reply) = m.handle(now.min(NOW + 3_000_000), &r) {
                        assert!(reply.status < 500, "{method} {path}{query} {body}");
                    }
                }
            }
        }
    }
}
