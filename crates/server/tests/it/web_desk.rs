//! What an agent sees and does from the web app: their own, and nothing of others.

use crate::browser_session::{Browser, USERS, next};
use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::Program;
use serde_json::{Value, json};
use std::net::TcpStream;
use tungstenite::WebSocket;

/// Beside agent1 and the queue `service` of `calls::tenant`: somebody with a queue and a box of their own.
fn others(desk: &Desk) -> String {
    format!(
        "{USERS}---\nkind: User\nid: agent2\nname: Zoë Zander\nroles: [agent]\nphone: \"sip:agent2@{}\"\n---\n\
         kind: Queue\nid: other\nname: Other things\nagents: [agent2]\n---\n\
         kind: Prompt\nid: message\ntone: {{hz: 523, length: 1s}}\n---\n\
         kind: Flow\nid: box\nsteps:\n  - voicemail: {{of: other, prompt: message, longest: 20s}}\n---\n\
         kind: Number\nid: box\nnumber: \"300\"\nflow: box\n---\n\
         kind: Disposition\nid: sold\n",
        desk.addr
    )
}

fn start(desk: &Desk) -> Program {
    let tenant = tenant(desk, 1).replace("ring_time: 2s", "ring_time: 20s\nwrap_up: 60s");
    Program::start_as_owner(&[("tenant.yaml", &tenant), ("others.yaml", &others(desk))])
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|v| v["id"].as_str().unwrap().to_string()).collect()
}

/// Reads on until `pick` finds what it looks for; gives all that came before and this.
fn read_until(socket: &mut WebSocket<TcpStream>, pick: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut seen = Vec::new();
    loop {
        seen.push(next(socket));
        if pick(&seen[seen.len() - 1]) {
            return seen;
        }
    }
}

#[test]
fn an_agent_sees_and_steers_their_own_calls_only() {
    let mut desk = Desk::new();
    let program = start(&desk);
    let [one, two, boss] = ["agent1", "agent2", "boss"].map(|user| Browser::signed_in(&program, user));
    let (mut live_one, mut live_two) = (one.watch_own(""), two.watch_own(""));
    let first = next(&mut live_one);
    assert_eq!(ids(&first["snapshot"]["agents"]), ["agent1"]);
    assert_eq!(ids(&first["snapshot"]["queues"]), ["service"]);
    let first = next(&mut live_two);
    assert_eq!(ids(&first["snapshot"]["queues"]), ["other"]);

    let caller = desk.dial("+15550100", "Anna Example", program.sip, "100", 440);
    let (phone, _) = desk.rings();
    desk.answer(phone, 1000);
    desk.hears(caller, 1000);
    let (_, list) = one.get("/calls");
    let id = list["items"][0]["id"].as_str().unwrap().to_string();
    let call = format!("/calls/{id}");
    assert_eq!(one.get(&call).1["caller"], "+15550100");
    assert_eq!(boss.get(&call).0, 200);
    assert_eq!(two.get("/calls").1["items"], json!([]));
    assert_eq!(two.get(&call).0, 404);
    assert_eq!(two.get("/calls?agent=agent1").0, 403);
    assert_eq!(boss.get("/calls?agent=agent1").1["items"][0]["id"], id.as_str());

    let act = |browser: &Browser, action: Value| browser.post(&format!("{call}/actions"), &action).0;
    assert_eq!(act(&two, json!({"action": "pause-recording"})), 404);
    assert_eq!(two.post(&format!("{call}/hang-up"), &Value::Null).0, 404);
    assert_eq!(act(&one, json!({"action": "pause-recording", "by": "agent2"})), 403);
    for action in [
        json!({"action": "supervise", "mode": "listen"}),
        json!({"action": "take-over"}),
        json!({"action": "give", "agent": "agent1"}),
        json!({"action": "move", "queue": "other"}),
    ] {
        assert_eq!(act(&one, action.clone()), 403, "{action}");
    }
    assert_eq!(act(&one, json!({"action": "pause-recording"})), 204);
    assert_eq!(act(&one, json!({"action": "resume-recording", "by": "me"})), 204);
    assert_eq!(act(&one, json!({"action": "dispose", "disposition": "sold"})), 204);

    for (browser, path, status) in [
        (&one, "/agents/me/state", 200),
        (&one, "/agents/agent1/state", 200),
        (&one, "/agents/agent2/state", 403),
        (&boss, "/agents/agent2/state", 200),
        (&boss, "/agents/me/state", 200),
    ] {
        assert_eq!(browser.get(path).0, status, "{path}");
        assert_eq!(browser.put(path, &json!({"state": "break"})).0, status, "{path}");
    }
    assert_eq!(one.post("/dial", &json!({"agent": "agent2", "to": "+4930123456"})).0, 403);
    assert_eq!(one.post("/dial", &json!({"to": "+4930123456"})).0, 422, "not a number that may be called");
    assert_eq!(ids(&one.get("/reports/queues/live").1), ["service"]);
    assert_eq!(ids(&boss.get("/reports/queues/live").1), ["other", "service"]);

    assert_eq!(one.post(&format!("{call}/hang-up"), &Value::Null).0, 204);
    desk.ended(phone);
    let ended = |v: &Value| v["call"]["id"] == id.as_str() && v["call"]["state"] == "ended";
    let seen = read_until(&mut live_one, ended);
    assert!(seen.iter().all(|v| v["agent"].is_null() || v["agent"]["id"] == "agent1"), "{seen:#?}");
    assert!(seen.iter().any(|v| v["queue"]["id"] == "service"));
    // Wrap-up goes on after the call, and what it was about can still be said.
    assert_eq!(act(&one, json!({"action": "dispose", "disposition": "sold"})), 204);
    // The other agent saw nothing of it: the next that comes is their own state.
    assert_eq!(two.put("/agents/me/state", &json!({"state": "available"})).0, 200);
    let seen = read_until(&mut live_two, |v| v["agent"]["state"] == "available");
    let own = |v: &Value| v["agent"]["id"] == "agent2" || v["queue"]["id"] == "other";
    assert!(seen.iter().all(own), "{seen:#?}");

    program.ended_call();
    assert_eq!(ids(&one.get("/calls").1["items"]), std::slice::from_ref(&id));
    assert_eq!(one.get(&call).1["caller"], "+15550100");
    assert_eq!((two.get("/calls").1["items"].clone(), two.get(&call).0), (json!([]), 404));
    let recording = boss.get(&call).1["recordings"][0].as_str().unwrap().to_string();
    let audio =
        |browser: &Browser| browser.ask("GET", &format!("/recordings/{recording}"), &Value::Null).status;
    assert_eq!((audio(&boss), audio(&one)), (200, 404), "recordings are for supervisors");
    let actions: Vec<String> = program.get("/audit?limit=100").1["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["object"] == format!("Call/{id}"))
        .map(|e| format!("{} {}", e["who"].as_str().unwrap(), e["action"].as_str().unwrap()))
        .collect();
    assert!(actions.iter().all(|a| a.starts_with("user agent1 call.")), "{actions:?}");
    program.stop();
}

#[test]
fn an_agent_hears_the_messages_of_their_own_boxes() {
    let mut desk = Desk::new();
    let program = start(&desk);
    let [one, two] = ["agent1", "agent2"].map(|user| Browser::signed_in(&program, user));
    let caller = desk.dial("+15550100", "", program.sip, "300", 440);
    desk.answered(caller);
    desk.hears(caller, 523);
    let recorded = desk.now();
    desk.until("a message of some seconds", |d| (d.now().0 > recorded.0 + 4_000_000).then_some(()));
    desk.hang_up(caller);
    program.ended_call();
    let list = two.get("/messages").1["items"].clone();
    assert_eq!(list[0]["mailbox"], "other", "{list}");
    let id = list[0]["id"].as_str().unwrap();
    assert_eq!(one.get("/messages").1["items"], json!([]));
    assert_eq!(one.get("/messages?mailbox=other").1["items"], json!([]));
    for (browser, status) in [(&one, [404, 404, 404]), (&two, [200, 204, 204])] {
        let audio = browser.ask("GET", &format!("/recordings/{id}"), &Value::Null).status;
        let heard = browser.put(&format!("/messages/{id}"), &json!({"heard": true})).0;
        let deleted = browser.ask("DELETE", &format!("/messages/{id}"), &Value::Null).status;
        assert_eq!([audio, heard, deleted], status);
    }
    program.stop();
}

#[test]
fn the_desk_knows_who_i_am_whom_i_can_ask_and_who_called_before() {
    let mut desk = Desk::new();
    let program = start(&desk);
    let [one, two, boss, alex] =
        ["agent1", "agent2", "boss", "alex"].map(|user| Browser::signed_in(&program, user));
    let me = two.get("/agents/me").1;
    assert_eq!((&me["id"], &me["name"]), (&json!("agent2"), &json!("Zoë Zander")));
    assert_eq!(me["queues"], json!([{"id": "other", "name": "Other things"}]));
    assert_eq!(me["dispositions"], json!([{"id": "sold", "name": "", "queues": null}]));
    assert_eq!(me["agent"]["state"], "offline");
    assert_eq!(alex.get("/agents/me").1["agent"], Value::Null, "an auditor is never rung");

    let directory = |q: &str| one.get(&format!("/directory?q={q}")).1;
    let all = directory("");
    assert_eq!(ids(&all), ["other", "service", "agent1", "boss", "agent2"], "{all}");
    let zoe = json!([{"kind": "agent", "id": "agent2", "name": "Zoë Zander", "state": "offline"}]);
    assert_eq!(directory("zoe"), zoe);
    assert_eq!(directory("thing")[0]["waiting"], 0);
    assert_eq!(directory("nobody%20here"), json!([]));

    // Of what an agent may choose from only names are seen.
    assert!(boss.get("/users/agent2").1["phone"].is_string());
    let seen = one.get("/users/agent2").1;
    assert_eq!(seen, json!({"kind": "User", "id": "agent2", "name": "Zoë Zander", "roles": ["agent"]}));
    for path in ["/queues", "/numbers", "/users", "/secure-entries"] {
        for object in one.get(path).1.as_array().unwrap() {
            let keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
            assert!(keys.iter().all(|k| ["kind", "id", "name", "number", "roles"].contains(k)), "{keys:?}");
        }
    }

    // Three calls: two of one caller, one of another.
    let mut calls = Vec::new();
    for from in ["+15550100", "+15550100", "+15550199"] {
        assert_eq!(one.put("/agents/me/state", &json!({"state": "available"})).0, 200);
        let caller = desk.dial(from, "", program.sip, "100", 440);
        let (phone, _) = desk.rings();
        desk.answer(phone, 1000);
        desk.hears(caller, 1000);
        let id = one.get("/agents/me").1["agent"]["call"].as_str().unwrap().to_string();
        calls.push(format!("/calls/{id}"));
        if from == "+15550199" {
            notes(&one, &two, &boss, &format!("/calls/{id}/notes"));
        }
        desk.hang_up(caller);
        desk.ended(phone);
        program.wait_for(&format!("/calls/{id}"), |c| (c["state"] == "ended").then_some(()));
    }
    let before = |browser: &Browser, n: usize| {
        let id = calls[n].trim_start_matches("/calls/");
        let (status, list) = browser.get(&format!("/calls?with_same_caller_as={id}"));
        let found = list["items"].as_array().map(|_| ids(&list["items"])).unwrap_or_default();
        (status, found.into_iter().map(|i| format!("/calls/{i}")).collect::<Vec<_>>())
    };
    assert_eq!(before(&one, 0), (200, vec![calls[1].clone(), calls[0].clone()]));
    assert_eq!(before(&boss, 2), (200, vec![calls[2].clone()]));
    assert_eq!(before(&two, 0), (404, vec![]));

    let day = one.get("/reports/agents?by=total").1;
    let row = &day["rows"][0];
    assert_eq!((row["agent"].as_str(), row["offers_answered"].as_u64()), (Some("agent1"), Some(3)), "{day}");
    assert_eq!(day["rows"].as_array().unwrap().len(), 1, "nobody else's: {day}");
    let recording = boss.get(&calls[0]).1["recordings"][0].as_str().unwrap().to_string();
    let (status, drawn) = boss.get(&format!("/recordings/{recording}/peaks?pieces=40"));
    assert_eq!(status, 200, "{drawn}");
    for side in ["customer", "agent"] {
        let peaks: Vec<u64> = drawn[side].as_array().unwrap().iter().map(|p| p.as_u64().unwrap()).collect();
        assert_eq!(peaks.len(), 40);
        assert!(peaks.iter().any(|p| *p > 40), "a tone is loud: {side} {peaks:?}");
    }
    assert!(drawn["length_ms"].as_u64().unwrap() > 500, "{drawn}");
    assert_eq!(one.get(&format!("/recordings/{recording}/peaks")).0, 404);
    program.stop();
}

/// Notes on a call that goes on: kept, changed, and seen by those who may see the call.
fn notes(one: &Browser, two: &Browser, boss: &Browser, path: &str) {
    assert_eq!(one.get(path).1["notes"], Value::Null);
    let text = "<b>Wants</b>\n\u{202e}a red bicycle\u{7}";
    assert_eq!(one.put(path, &json!({"notes": text})).0, 204);
    let kept = boss.get(path).1;
    assert_eq!(kept["notes"], "<b>Wants</b>\n\u{202e}a red bicycle", "as written, but for what rings bells");
    assert_eq!(kept["who"], "user agent1");
    assert_eq!((two.get(path).0, two.put(path, &json!({"notes": "x"})).0), (404, 404));
    assert_eq!(one.put(path, &json!({"notes": "x".repeat(4_001)})).0, 422);
    assert_eq!(boss.put(path, &json!({"notes": ""})).0, 204);
    assert_eq!(one.get(path).1["notes"], Value::Null);
}

#[test]
fn a_queue_whose_bounds_are_crossed_raises_alarms() {
    let mut desk = Desk::new();
    let (crm, told) = crate::outside::crm();
    let tenant = tenant(&desk, 1)
        .replace("at_start: available", "at_start: offline")
        .replace("ring_time: 2s", "ring_time: 20s\nalarms: {waiting: 0, longest_wait: 1s}");
    let hook = format!(
        "{}---\nkind: Webhook\nid: crm\nurl: \"http://{crm}/events\"\nallow_private: true\nsecret_file: hook\n\
         events: [queue-alarm]\n",
        others(&desk)
    );
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant), ("others.yaml", &hook)]);
    std::fs::create_dir(program.dir.path().join("secrets")).unwrap();
    std::fs::write(program.dir.path().join("secrets/hook"), "h4\n").unwrap();
    let [boss, two] = ["boss", "agent2"].map(|user| Browser::signed_in(&program, user));
    let (mut live, mut others_live) = (boss.watch_own(""), two.watch_own(""));
    assert_eq!(next(&mut live)["snapshot"]["alarms"], json!([]));
    next(&mut others_live);

    let caller = desk.dial("+15550100", "", program.sip, "100", 440);
    desk.hears(caller, 700);
    let is =
        |what: &'static str, on: bool| move |v: &Value| v["alarm"]["what"] == what && v["alarm"]["on"] == on;
    let seen = read_until(&mut live, is("longest-wait", true));
    let first = seen.iter().find(|v| is("waiting", true)(v)).expect("it came before").clone();
    assert_eq!(
        (&first["alarm"]["queue"], &first["alarm"]["value"]),
        (&json!("service"), &json!(1)),
        "{first}"
    );
    let now = next(&mut boss.watch_own(""))["snapshot"]["alarms"].clone();
    assert_eq!(now.as_array().unwrap().len(), 2, "{now}");
    assert_eq!(next(&mut two.watch_own(""))["snapshot"]["alarms"], json!([]), "another's queue");
    desk.hang_up(caller);
    read_until(&mut live, is("waiting", false));
    // What is told outside names nobody.
    let (head, body) = desk.until("the other system is told", |_| told.try_recv().ok());
    assert!(head.to_lowercase().contains("switchroom-event: queue-alarm"), "{head}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        body["data"],
        json!({"queue": "service", "what": "waiting", "on": true, "value": 1, "bound": 0})
    );
    // The other agent heard nothing of it.
    assert_eq!(two.put("/agents/me/state", &json!({"state": "available"})).0, 200);
    let seen = read_until(&mut others_live, |v| v["agent"]["state"] == "available");
    assert!(seen.iter().all(|v| v["alarm"].is_null()), "{seen:#?}");
    program.stop();
}
