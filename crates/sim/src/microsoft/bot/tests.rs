use crate::microsoft::bot::posting::buttons;
use crate::microsoft::graph::subscriptions::Out;
use crate::microsoft::{Microsoft, Registration, Request, TenantPlan};
use serde_json::{Value, json};

const APP: &str = "5c0de000-0000-4000-8000-00000000b070";
const NOW: u64 = 1_795_168_800_000;

fn made() -> (Microsoft, String) {
    let mut m = Microsoft::new("http://127.0.0.1:1", 3);
    let plan = TenantPlan {
        name: "Harbour Bikes".into(),
        domain: "bikes.example".into(),
        country: "DE".into(),
        people: 60,
        named: Vec::new(),
    };
    let id = m.add_tenant(&plan).unwrap();
    m.register(Registration::new(APP, "Calls", &id).with_secret("s"));
    m.register_bot(APP, "Calls", "http://127.0.0.1:2/api/messages");
    (m, id)
}

fn ask(m: &mut Microsoft, request: &Request) -> crate::microsoft::Reply {
    m.handle(NOW, request).reply().unwrap()
}

fn token(m: &mut Microsoft, tenant: &str) -> String {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", APP),
        ("client_secret", "s"),
        ("scope", "https://api.botframework.com/.default"),
    ];
    let reply = ask(m, &Request::new("POST", &format!("/{tenant}/oauth2/v2.0/token")).with_form(&form));
    reply.value()["access_token"].as_str().unwrap_or_else(|| panic!("{}", reply.text())).into()
}

fn posts(m: &mut Microsoft) -> Vec<Value> {
    std::iter::from_fn(|| m.poll(NOW))
        .filter_map(|o| match o {
            Out::Post(p) => {
                assert!(p.authorization.as_deref().unwrap().starts_with("Bearer ey"));
                serde_json::from_slice(&p.body).ok()
            }
            Out::Reply(..) => None,
        })
        .collect()
}

#[test]
fn what_is_said_is_posted_and_what_the_bot_sends_is_seen() {
    let (mut m, tenant) = made();
    let chat = m.teams_and_chats(&tenant).1[1].clone();
    let chat = m.add_bot_to_chat(NOW, APP, &tenant, &chat).unwrap();
    let who = m.tenant(&tenant).unwrap().directory().id(m.conversation(&chat).unwrap().members[0]);
    m.say(NOW, &chat, &who, "list").unwrap();
    let posted = posts(&mut m);
    assert_eq!(posted[0]["type"], "conversationUpdate");
    assert_eq!(posted[1]["text"], "<at>Calls</at> list");
    assert_eq!(posted[1]["from"]["aadObjectId"], who.as_str());

    let bearer = token(&mut m, &tenant);
    let path = format!("/bot/teams/v3/conversations/{}", crate::microsoft::exchange::encoded(&chat));
    let to = Request::new("GET", &format!("{path}/pagedmembers")).with_bearer(&bearer);
    let page = ask(&mut m, &to).value();
    assert_eq!(page["members"].as_array().unwrap().len(), m.conversation(&chat).unwrap().members.len());
    let message = json!({"type": "message", "text": "hello"});
    let send = Request::new("POST", &format!("{path}/activities")).with_bearer(&bearer).with_json(&message);
    assert_eq!(ask(&mut m, &send).status, 201);
    assert_eq!(m.conversation(&chat).unwrap().newest_of_bot().unwrap().text, "hello");

    let statuses: Vec<u16> = (0..8).map(|_| ask(&mut m, &send).status).collect();
    assert_eq!(statuses.iter().filter(|s| **s == 429).count(), 2, "seven in a second: {statuses:?}");
    m.block_bot(&chat, true);
    assert_eq!(ask(&mut m, &send).value()["error"]["code"], "MessageWritesBlocked");
    let graph = m.sign(&json!({"aud": "https://graph.microsoft.com", "azp": APP, "exp": NOW}));
    assert_eq!(
        ask(&mut m, &Request::new("GET", &format!("{path}/pagedmembers")).with_bearer(&graph)).status,
        401
    );
}

#[test]
fn buttons_are_found_wherever_they_stand() {
    let card = json!({"type": "AdaptiveCard", "body": [{"type": "ColumnSet", "columns": [{"items": [
        {"type": "ActionSet", "actions": [{"type": "Action.Submit", "title": "a"}]}]}]}],
        "actions": [{"type": "Action.Execute", "title": "b", "fallback": {"type": "Action.Submit", "title": "b"}}]});
    let mut titles: Vec<&str> = buttons(&card).iter().filter_map(|b| b["title"].as_str()).collect();
    titles.sort_unstable();
    assert_eq!(titles, ["a", "b"]);
}
