//! Rights of people who call just then: found by name and address, hidden on every screen, erased while they talk.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::{Program, run};
use serde_json::{Value, json};
use sim::PhoneId;

const ANNA: &str = "+15550177701";
const COLLEAGUE: &str = "+15550177703";

fn ask(program: &Program, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("http://{}/api/v1{path}", program.http);
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(url)
        .header("Authorization", program.bearer())
        .header("Content-Type", "application/json")
        .body(body.to_string())
        .unwrap();
    let mut answer = program.agent().run(request).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
}

fn find(program: &Program, by: &Value) -> Vec<Value> {
    let (status, found) = program.post_json("/people/find", by);
    assert_eq!(status, 200, "{found}");
    found.as_array().unwrap().clone()
}

/// A caller who talks to an agent now; the caller's phone, the agent's, and the call's id.
fn talk(desk: &mut Desk, program: &Program, number: &str, name: &str) -> (PhoneId, PhoneId, String) {
    let before = program.get("/calls").1["items"].as_array().unwrap().len();
    let caller = desk.dial(number, name, program.sip, "100", 440);
    desk.answered(caller);
    let (agent, _) = desk.rings();
    desk.answer(agent, 1000);
    desk.hears(caller, 1000);
    let id = program.wait_for("/calls", |list| {
        let items = list["items"].as_array()?;
        let newest = items.iter().find(|c| c["state"] != "ended")?;
        (items.len() > before).then(|| newest["id"].as_str().unwrap().to_string())
    });
    (caller, agent, id)
}

fn end(desk: &mut Desk, program: &Program, (caller, agent, id): (PhoneId, PhoneId, String)) {
    desk.hang_up(caller);
    desk.ended(agent);
    program.wait_for(&format!("/calls/{id}"), |c| (c["state"] == "ended").then_some(()));
}

fn says_nothing(call: &Value) {
    let text = call.to_string();
    assert!(call["caller"].is_null() && call["caller_name"].is_null(), "{call:#}");
    assert!(!text.contains("Zeisig") && !text.contains("5550177701"), "{text}");
}

#[test]
fn whoever_calls_is_found_by_name_hidden_while_they_call_and_erased_while_they_talk() {
    let mut desk = Desk::new();
    let colleague = format!(
        "---\nkind: User\nid: colleague\nroles: [supervisor]\nline: \"{COLLEAGUE}\"\nemail: colleague@example.org\n"
    );
    let program = Program::start_as_owner(&[("tenant.yaml", &(tenant(&desk, 1) + &colleague))]);
    let first = talk(&mut desk, &program, ANNA, "Dr. Anna Zeisig");
    assert_eq!(program.get(&format!("/calls/{}", first.2)).1["caller_name"], "Dr. Anna Zeisig");
    end(&mut desk, &program, first);
    let second = talk(&mut desk, &program, COLLEAGUE, "");
    end(&mut desk, &program, second);

    let anna = find(&program, &json!({"name": "zeisig, anna"}));
    assert_eq!(
        (anna.len(), &anna[0]["address"], &anna[0]["user"]),
        (1, &json!(ANNA), &Value::Null),
        "{anna:?}"
    );
    for nobody in [json!({"name": "zeis"}), json!({"name": "-"}), json!({"address": "anna@example.org"})] {
        assert_eq!(find(&program, &nobody), [] as [Value; 0], "{nobody}");
    }
    let known = find(&program, &json!({"address": "Colleague@Example.org"}));
    assert_eq!((known.len(), &known[0]["user"]), (1, &json!("colleague")), "{known:?}");
    for unfit in [json!({}), json!({"name": "anna", "number": ANNA})] {
        assert_eq!(program.post_json("/people/find", &unfit).0, 422, "{unfit}");
    }
    let path = format!("/people/{}", anna[0]["id"].as_str().unwrap());

    // Restricted, a new call says nothing of them either, while it goes on and when it is over; then it does again.
    assert_eq!(ask(&program, "PATCH", &path, &json!({"restricted": true})).0, 200);
    let hidden = talk(&mut desk, &program, ANNA, "Anna Zeisig");
    let id = hidden.2.clone();
    says_nothing(&program.get(&format!("/calls/{id}")).1);
    assert_eq!(program.get("/calls?caller=%2B15550177701").1["items"], json!([]));
    end(&mut desk, &program, hidden);
    says_nothing(&program.get(&format!("/calls/{id}")).1);
    let program = program.restarted();
    let hidden = talk(&mut desk, &program, ANNA, "Anna Zeisig");
    says_nothing(&program.get(&format!("/calls/{}", hidden.2)).1);
    end(&mut desk, &program, hidden);
    assert_eq!(ask(&program, "PATCH", &path, &json!({"restricted": false})).0, 200);
    assert_eq!(program.get(&format!("/calls/{id}")).1["caller"], ANNA);

    // What a hold keeps is named.
    let anna_id = anna[0]["id"].clone();
    let (_, hold) = program.post_json("/holds", &json!({"person": anna_id, "reason": "a court"}));
    let (status, kept) = ask(&program, "DELETE", &path, &json!(null));
    let (of, held) = (&kept["kept"], &kept["kept"]["holds"][0]);
    assert_eq!(
        (status, &kept["calls"], &of["calls"], &of["recordings"]),
        (200, &json!(0), &json!(3), &json!(3)),
        "{kept:#}"
    );
    assert_eq!(
        (&held["id"], &held["reason"], &kept["kept_by"]),
        (&hold["id"], &json!("a court"), &json!([hold["id"]]))
    );
    assert_eq!(program.delete(&format!("/holds/{}", hold["id"].as_str().unwrap())), 204);

    // Erased while they talk: the call goes on, nobody's.
    let open = talk(&mut desk, &program, ANNA, "Anna Zeisig");
    let shown = format!("/calls/{}", open.2);
    assert_eq!(program.get(&shown).1["caller"], ANNA);
    assert_eq!(ask(&program, "DELETE", &format!("{path}?reason=because"), &json!(null)).0, 422);
    let (status, erased) = ask(&program, "DELETE", &format!("{path}?reason=requested"), &json!(null));
    assert_eq!((status, &erased["calls"], &erased["kept"]), (200, &json!(4), &Value::Null), "{erased:#}");
    says_nothing(&program.get(&shown).1);
    desk.hears(open.0, 1000);
    end(&mut desk, &program, open);
    says_nothing(&program.get(&shown).1);
    for by in [json!({"name": "zeisig"}), json!({"number": ANNA})] {
        assert_eq!(find(&program, &by), [] as [Value; 0], "{by}");
    }
    // An agent is erased as whoever called; the account is another matter, and the answer says so.
    let of_colleague = format!("/people/{}", known[0]["id"].as_str().unwrap());
    let (status, erased) = ask(&program, "DELETE", &of_colleague, &json!(null));
    assert_eq!(
        (status, &erased["calls"], &erased["user"]),
        (200, &json!(1), &json!("colleague")),
        "{erased:#}"
    );
    assert_eq!(program.get("/users/colleague").0, 200);

    let audit = program.get("/audit?action=person.erase&limit=100").1;
    let actions: Vec<&str> =
        audit["items"].as_array().unwrap().iter().filter_map(|e| e["action"].as_str()).collect();
    assert_eq!(actions, ["person.erase", "person.erase.requested", "person.erase-held"]);
    let dir = program.dir.clone();
    let log = program.stop();
    assert!(!log.contains("Zeisig") && !log.contains("5550177701"), "{log}");
    let config = dir.path().join("switchroom.toml").display().to_string();
    let (code, said, wrong) = run(&["audit", "verify", "--config", &config, "--tenant", "test"]);
    assert_eq!(code, 0, "{said}{wrong}");
}
