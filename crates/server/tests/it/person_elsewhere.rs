//! People of whom something is kept although they never called: users and people of the directory, synced and entered, are
//! found, exported, hidden and erased, and what is to be removed elsewhere is named.

use crate::calls;
use crate::desk::Desk;
use crate::directory::{self, DOMAIN};
use crate::program::Program;
use serde_json::{Value, json};

fn ask(program: &Program, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("http://{}/api/v1{path}", program.http))
        .header("Authorization", program.bearer())
        .header("Content-Type", "application/json")
        .body(body.to_string())
        .unwrap();
    let mut answer = program.agent().run(request).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
}

/// Ids of those who are found.
fn find(program: &Program, by: &Value) -> Vec<String> {
    let (status, found) = program.post_json("/people/find", by);
    assert_eq!(status, 200, "{found}");
    found.as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap().to_string()).collect()
}

/// Names that an agent's search gives.
fn searched(program: &Program, text: &str) -> Vec<String> {
    let found = program.get(&format!("/directory/users?q={text}")).1;
    found.as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap().to_string()).collect()
}

/// What remains after an erasure, each with where and its id.
fn remains(erased: &Value) -> Vec<(&str, &str)> {
    let all = erased["remains"].as_array().unwrap().iter();
    all.map(|r| (r["in"].as_str().unwrap(), r["id"].as_str().unwrap())).collect()
}

#[test]
fn users_and_people_of_a_directory_are_found_hidden_and_erased_as_far_as_that_can_be_done_here() {
    let m = directory::microsoft(30);
    let wanda = directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let id = m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
    let tenant = format!(
        r#"{{kind: Tenant, id: test, profile: contact-center, microsoft: {id}, country: DE, lists: {{vip: ["+49305550100"], blocked: ["+49305550177"]}}}}
---
{{kind: Trunk, id: here, networks: ["127.0.0.0/8"]}}
---
{{kind: User, id: wanda, roles: [owner], microsoft: {wanda}}}
---
{{kind: User, id: bert, name: Bert Fastnet, roles: [agent], phone: "sip:bert@127.0.0.1:5999", number: "201", email: bert@example.org}}
---
{{kind: Queue, id: sales, agents: [bert]}}
---
{{kind: Flow, id: main, steps: [{{queue: sales}}]}}
---
{{kind: Number, id: n100, number: "100", flow: main}}
"#
    );
    let program = directory::server(&m, &tenant);
    program.wait_for("/directory/status", |s| (s["people"] == 31).then_some(()));
    let door =
        json!({"name": "Warehouse Canarydoor", "mail": "door@example.org", "business": ["(030) 5550177"]});
    assert_eq!(program.post_json("/directory/local", &door).0, 201);

    // By name, number and address; who is a user and in the directory is found as both.
    let synced = find(&program, &json!({"number": "030 5550100"}));
    assert_eq!(synced.len(), 2, "{synced:?}");
    assert!(synced[0] == "user-wanda" && synced[1].starts_with("directory-"), "{synced:?}");
    assert_eq!(find(&program, &json!({"name": "canarywharf WANDA"})), synced);
    let listed = synced[1].clone();
    let mail = program.get("/directory/users?q=wanda").1[0]["mail"].as_str().unwrap().to_string();
    assert_eq!(find(&program, &json!({"address": mail.to_uppercase()})), synced);
    for by in [json!({"name": "fastnet"}), json!({"number": "201"}), json!({"address": "Bert@example.org"})] {
        assert_eq!(find(&program, &by), ["user-bert"], "{by}");
    }
    for by in [
        json!({"name": "warehouse"}),
        json!({"number": "+49 30 5550177"}),
        json!({"address": "door@example.org"}),
    ] {
        assert_eq!(find(&program, &by), ["local-1"], "{by}");
    }
    for by in
        [json!({"name": "canary"}), json!({"name": "-"}), json!({"number": " "}), json!({"address": "@"})]
    {
        assert_eq!(find(&program, &by), [] as [&str; 0], "{by}: whole words, and something to look for");
    }

    // What is kept of each.
    let of = |id: &str| program.get(&format!("/people/{id}")).1;
    let bert = of("user-bert");
    assert_eq!(bert["person"]["kept_as"], "user");
    assert_eq!(bert["users"][0]["configuration"]["email"], "bert@example.org", "{bert:#}");
    let kept = of(&listed);
    assert_eq!(
        (&kept["person"]["user"], &kept["directory"][0]["name"], &kept["users"][0]["id"]),
        (&json!("wanda"), &json!("Wanda Canarywharf"), &json!("wanda")),
        "{kept:#}"
    );
    assert_eq!(of("local-1")["entered"][0]["mail"], "door@example.org");
    for nobody in ["user-nobody", "directory-999", "local-9", "p999", "anna", "directory-", "local-x"] {
        assert_eq!(program.get(&format!("/people/{nobody}")).0, 404, "{nobody}");
    }

    // Hidden from searches, from the next start on too, until they are shown again; a user who works here is not.
    let restrict = |program: &Program, id: &str, is: bool| {
        ask(program, "PATCH", &format!("/people/{id}"), &json!({"restricted": is}))
    };
    assert_eq!(searched(&program, "canary"), ["Wanda Canarywharf", "Warehouse Canarydoor"]);
    for id in [listed.as_str(), "local-1"] {
        let (status, said) = restrict(&program, id, true);
        assert_eq!((status, &said["restricted"]), (200, &json!(true)), "{said}");
    }
    assert_eq!(restrict(&program, "user-bert", true).0, 409);
    assert_eq!(searched(&program, "canary"), [] as [&str; 0]);
    assert_eq!(searched(&program, "5550100"), [] as [&str; 0]);
    // Microsoft says something new of her, and an owner of the door: neither shows them again.
    directory::change(&m, |m, _, tenant| m.forget_changes(tenant));
    let gustav = directory::person(&m, "Gustav", "Gone", "+49 30 5550101");
    program.wait_for("/directory/users?q=gustav", |l| (l[0]["id"] == gustav.as_str()).then_some(()));
    assert_eq!(program.put("/directory/local/local-1", &door).0, 200);
    let program = program.restarted();
    assert_eq!(searched(&program, "canary"), [] as [&str; 0]);
    assert_eq!(find(&program, &json!({"name": "wanda"})), synced, "whoever looks after rights finds them");
    for id in [listed.as_str(), "local-1"] {
        assert_eq!(restrict(&program, id, false).0, 200);
    }
    assert_eq!(searched(&program, "canary"), ["Wanda Canarywharf", "Warehouse Canarydoor"]);

    // An objection holds for whoever calls from their numbers.
    let (status, said) = ask(&program, "PATCH", "/people/local-1", &json!({"objected": true}));
    assert_eq!((status, &said["objected"]), (200, &json!(true)), "{said}");
    let known = find(&program, &json!({"number": "+49305550177"}));
    assert!(known.len() > 1 && known[0].starts_with('p'), "{known:?}");
    assert_eq!(of_kept(&program, &known[0])["objected"], true);

    // Erased, as far as that can be done here.
    let erase = |id: &str| {
        let (status, done) = ask(&program, "DELETE", &format!("/people/{id}?reason=requested"), &Value::Null);
        assert_eq!(status, 200, "{done}");
        done
    };
    let done = erase("user-bert");
    assert_eq!((remains(&done), &done["hidden"]), (vec![("user", "bert")], &json!(false)), "{done:#}");
    assert_eq!(program.get("/users/bert").0, 200);
    let done = erase(&listed);
    let expected = vec![("directory", listed.as_str()), ("list", "vip"), ("user", "wanda")];
    assert_eq!((remains(&done), &done["hidden"]), (expected, &json!(true)), "{done:#}");
    assert!(done["remains"][0]["say"].as_str().unwrap().contains("Entra ID"), "{done:#}");
    assert_eq!(searched(&program, "wanda"), [] as [&str; 0]);
    let done = erase("local-1");
    assert_eq!(done["entered"], 1);
    let places: Vec<&str> = remains(&done).iter().map(|(place, _)| *place).collect();
    assert!(places.contains(&"caller") && remains(&done).contains(&("list", "blocked")), "{done:#}");
    assert!(!find(&program, &json!({"number": "+49305550177"})).contains(&"local-1".to_string()));
    assert_eq!(program.get("/people/local-1").0, 404);
    let log = program.get("/audit?action=person.erase&limit=100").1["items"].clone();
    let objects: Vec<&str> = log.as_array().unwrap().iter().filter_map(|e| e["object"].as_str()).collect();
    assert_eq!(objects.len(), 3, "{log}");
    assert!(objects.contains(&"User/bert") && objects.contains(&"LocalPerson/1"), "{objects:?}");
}

fn of_kept(program: &Program, id: &str) -> Value {
    program.get(&format!("/people/{id}")).1["person"].clone()
}

#[test]
fn an_erasure_names_the_lists_that_still_have_the_number_and_an_export_says_what_became_of_calls() {
    const ANNA: &str = "+15550177701";
    let mut desk = Desk::new();
    let lists = format!("profile: contact-center\nlists: {{vip: [\"{ANNA}\"], others: [\"+15550177702\"]}}");
    let text = calls::tenant(&desk, 1).replace("profile: contact-center", &lists);
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    let caller = desk.dial(ANNA, "Anna Zeisig", program.sip, "100", 440);
    desk.answered(caller);
    let (agent, _) = desk.rings();
    desk.answer(agent, 1000);
    desk.hears(caller, 1000);
    desk.hang_up(caller);
    desk.ended(agent);
    let call = program.ended_call();
    let id = find(&program, &json!({"number": ANNA})).remove(0);
    let kept = program.get(&format!("/people/{id}")).1["calls"][0].clone();
    for field in [
        "number",
        "began",
        "answered",
        "ended",
        "ended_by",
        "reason",
        "queue",
        "outcome",
        "agent",
        "waited_ms",
        "talked_ms",
    ] {
        assert!(!kept[field].is_null(), "{field}: {kept:#}");
        assert_eq!(kept[field], call[field], "{field}");
    }
    assert_eq!(
        (&kept["queue"], &kept["agent"], &kept["outcome"]),
        (&json!("service"), &json!("agent1"), &json!("answered"))
    );
    // The agent's own export has the call too, and neither notes nor recordings of it.
    let of_agent = program.get("/people/user-agent1").1["calls"][0].clone();
    assert_eq!(
        (&of_agent["call"], &of_agent["own"], &of_agent["recordings"]),
        (&kept["call"], &json!(false), &json!([]))
    );

    // As an archive to hand over, in the language of whoever reads it.
    let archive = |language: &str| program.bytes(&format!("/people/{id}/archive?language={language}"), None);
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
    let (status, zip) = archive("de");
    assert_eq!(status, 200);
    assert!(has(&zip, "Was über eine Person gespeichert ist") && has(&zip, "Angenommen"), "a German page");
    assert!(has(&archive("zh").1, "保存的个人数据"));
    assert_eq!(archive("nl").0, 422);

    let (status, erased) = ask(&program, "DELETE", &format!("/people/{id}"), &Value::Null);
    assert_eq!((status, &erased["calls"]), (200, &json!(1)), "{erased:#}");
    assert_eq!(remains(&erased), [("list", "vip")], "{erased:#}");
}
