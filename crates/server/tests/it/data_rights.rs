//! Rights of people, holds and retention, on a running server with calls that were really made.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::person_rights::since;
use crate::program::{Program, run};
use serde_json::{Value, json};

const ANNA: &str = "+15550177701";
const BERT: &str = "+15550177702";

/// Calls, the callers by turns, each with a recording.
fn call_by_turns(desk: &mut Desk, program: &Program, count: usize) {
    for n in 0..count {
        let (number, name) = if n % 2 == 0 { (ANNA, "Anna Zeisig") } else { (BERT, "Bert Stieglitz") };
        let caller = desk.dial(number, name, program.sip, "100", 440);
        desk.answered(caller);
        let (agent, _) = desk.rings();
        desk.answer(agent, 1000);
        desk.hears(caller, 1000);
        desk.hang_up(caller);
        desk.ended(agent);
    }
    program.wait_for("/calls", |list| {
        let ended = list["items"].as_array()?.iter().filter(|c| c["state"] == "ended").count();
        (ended == count).then_some(())
    });
}

fn patch(program: &Program, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("http://{}/api/v1{path}", program.http);
    let request = program.agent().patch(url).header("Authorization", program.bearer());
    let mut answer = request.send_json(body).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
}

/// DELETE with an answer.
fn delete(program: &Program, path: &str) -> (u16, Value) {
    let url = format!("http://{}/api/v1{path}", program.http);
    let mut answer = program.agent().delete(url).header("Authorization", program.bearer()).call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
}

fn find(program: &Program, number: &str) -> Vec<Value> {
    let (status, found) = program.post_json("/people/find", &json!({"number": number}));
    assert_eq!(status, 200, "{found}");
    found.as_array().unwrap().clone()
}

/// Calls of a caller, as a supervisor looks for them.
fn calls_of(program: &Program, number: &str) -> usize {
    let list = program.get(&format!("/calls?caller={}", number.replace('+', "%2B"))).1;
    list["items"].as_array().unwrap().len()
}

fn figures(program: &Program, since: &str) -> Value {
    let (status, report) = program.get(&format!("/reports/queues?from={since}"));
    assert_eq!(status, 200, "{report}");
    assert!(report["rows"].as_array().unwrap().iter().all(|row| row["queue"] == "service"), "{report}");
    report["rows"].clone()
}

#[test]
fn a_person_is_found_exported_restricted_held_and_erased_and_the_counts_stay() {
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 2))]);
    call_by_turns(&mut desk, &program, 4);
    let since = since(&program);
    let before = figures(&program, &since);
    assert_ne!(before, json!([]));
    let found = find(&program, "+1 555 017-7701");
    assert_eq!(found.len(), 1, "{found:?}");
    let (id, person) = (found[0]["id"].as_str().unwrap().to_string(), &found[0]);
    assert_eq!(
        (&person["address"], &person["names"][0], &person["calls"]),
        (&json!(ANNA), &json!("Anna Zeisig"), &json!(2))
    );
    for nobody in ["+15550100000", "", "-", " "] {
        assert_eq!(find(&program, nobody), [] as [Value; 0], "{nobody:?}");
    }
    let path = format!("/people/{id}");
    let export = program.get(&path).1;
    assert_eq!(export["calls"].as_array().unwrap().len(), 2, "{export:#}");
    let recording = export["calls"][0]["recordings"][0].as_str().unwrap().to_string();
    assert_eq!(program.bytes(&format!("/recordings/{recording}"), None).0, 200);
    let call = export["calls"][0]["call"].as_str().unwrap().to_string();

    // Corrected, the new name stands with each call; restricted, nobody sees who it was and nobody hears it.
    assert_eq!(patch(&program, &path, &json!({"name": "Anna Fink"})).1["names"], json!(["Anna Fink"]));
    assert_eq!(program.get(&format!("/calls/{call}")).1["caller_name"], "Anna Fink");
    assert_eq!(patch(&program, &path, &json!({"restricted": true, "objected": true})).1["restricted"], true);
    let hidden = program.get(&format!("/calls/{call}")).1.to_string();
    assert!(!hidden.contains("Fink") && !hidden.contains("15550177701"), "{hidden}");
    let log = program.get("/audit?action=person.&limit=100").1.to_string();
    assert!(!log.contains("Fink") && !log.contains("017-7701"), "{log}");
    assert_eq!(calls_of(&program, ANNA), 0);
    assert_eq!(program.bytes(&format!("/recordings/{recording}"), None).0, 404);
    assert_eq!(patch(&program, &path, &json!({"restricted": false})).0, 200);
    assert_eq!(program.bytes(&format!("/recordings/{recording}"), None).0, 200);

    // A hold beats the erasure, whether it is on the person, on a call or on the queue.
    for hold in [json!({"person": id}), json!({"call": call})] {
        let mut wanted = hold.clone();
        wanted["reason"] = "a court asked for it".into();
        let (status, placed) = program.post_json("/holds", &wanted);
        assert_eq!(status, 201, "{placed}");
        let hold = placed["id"].as_str().unwrap().to_string();
        let (status, kept) = delete(&program, &path);
        assert_eq!((status, &kept["kept_by"], &kept["calls"]), (200, &json!([hold]), &json!(0)));
        assert_eq!(find(&program, ANNA).len(), 1);
        assert_eq!(program.get("/holds").1[0]["reason"], "a court asked for it");
        assert_eq!(program.delete(&format!("/holds/{hold}")), 204);
        assert_eq!(program.delete(&format!("/holds/{hold}")), 404);
    }
    for hold in [json!({"person": "p999", "reason": "x"}), json!({"call": "c999", "reason": "x"})] {
        assert_eq!(program.post_json("/holds", &hold).0, 404, "{hold}");
    }
    assert_eq!(program.post_json("/holds", &json!({"reason": "x"})).0, 422);
    assert_eq!(program.post_json("/holds", &json!({"person": id, "reason": " "})).0, 422);

    let (status, erased) = delete(&program, &path);
    assert_eq!((status, &erased["calls"], &erased["recordings"]), (200, &json!(2), &json!(2)), "{erased}");
    assert_eq!(find(&program, ANNA), [] as [Value; 0]);
    assert_eq!((calls_of(&program, ANNA), calls_of(&program, BERT)), (0, 2));
    assert_eq!(program.get(&path).0, 404);
    assert_eq!(program.bytes(&format!("/recordings/{recording}"), None).0, 404);
    assert_eq!(program.get(&format!("/calls/{call}")).0, 200, "the call is counted and nobody's");
    assert_eq!(figures(&program, &since), before, "totals do not change");
    // Who calls again is somebody new.
    call_again(&mut desk, &program);
    assert_eq!(find(&program, ANNA)[0]["calls"], 1);
    let audit = program.get("/audit?action=person.&limit=100").1;
    let actions: Vec<&str> =
        audit["items"].as_array().unwrap().iter().filter_map(|e| e["action"].as_str()).collect();
    for action in [
        "person.find",
        "person.export",
        "person.correct",
        "person.restrict",
        "person.object",
        "person.restrict-end",
        "person.erase",
        "person.erase-held",
    ] {
        assert!(actions.contains(&action), "{action} is not among {actions:?}");
    }
    let dir = program.dir.clone();
    program.stop();
    let config = dir.path().join("switchroom.toml").display().to_string();
    let (code, said, wrong) = run(&["audit", "verify", "--config", &config, "--tenant", "test"]);
    assert_eq!(code, 0, "{said}{wrong}");
}

fn call_again(desk: &mut Desk, program: &Program) {
    let caller = desk.dial(ANNA, "Anna Zeisig", program.sip, "100", 440);
    desk.answered(caller);
    let (agent, _) = desk.rings();
    desk.answer(agent, 1000);
    desk.hears(caller, 1000);
    desk.hang_up(caller);
    desk.ended(agent);
}

#[test]
fn what_is_old_goes_by_its_rule_and_what_is_held_stays() {
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 2))]);
    call_by_turns(&mut desk, &program, 4);
    let since = since(&program);
    let put = |id: &str, body: Value| program.put(&format!("/retention-rules/{id}"), &body);
    let (status, refused) = put("end", json!({"class": "closing", "days": 90}));
    assert!(status == 422 && refused.to_string().contains("89 at most"), "{status} {refused}");
    assert_eq!(put("end", json!({"class": "closing", "days": 20})).0, 200);
    let (_, attested) = program.post_json("/attestation", &json!({"checks": ["closing"]}));
    let leg03 = attested["answers"].as_array().unwrap().iter().find(|a| a["id"] == "LEG03").unwrap().clone();
    assert_eq!(leg03["answer"], "<30", "{leg03:#}");

    assert_eq!(put("later", json!({"class": "call", "days": 30})).0, 200);
    assert_eq!(put("audio", json!({"class": "recording", "days": 0})).0, 200);
    let anna = find(&program, ANNA)[0]["id"].as_str().unwrap().to_string();
    let bert = find(&program, BERT)[0]["id"].as_str().unwrap().to_string();
    let recordings = |person: &str| -> Vec<u16> {
        let all = program.get(&format!("/people/{person}")).1;
        let ids =
            all["calls"].as_array().unwrap().iter().map(|c| c["recordings"][0].as_str().unwrap().to_string());
        ids.map(|r| program.bytes(&format!("/recordings/{r}"), None).0).collect()
    };
    let (_, placed) = program.post_json("/holds", &json!({"person": bert, "reason": "a complaint"}));
    let hold = placed["id"].as_str().unwrap().to_string();
    let (status, dry) = program.post("/retention/run?dry=true");
    assert_eq!((status, &dry["audio"]["calls"], &dry["audio"]["held"]), (200, &json!(2), &json!(2)), "{dry}");
    assert_eq!(dry["later"]["calls"], 0);
    assert!(dry["later"]["next_due"].is_string(), "{dry}");
    assert_eq!(recordings(&anna), [200, 200], "a dry run changes nothing");
    let (status, done) = program.post("/retention/run");
    assert_eq!(
        (status, &done["audio"]["recordings"], &done["audio"]["held"]),
        (200, &json!(2), &json!(2)),
        "{done}"
    );
    assert_eq!((recordings(&anna), recordings(&bert)), (vec![404, 404], vec![200, 200]));
    assert_eq!(program.delete(&format!("/holds/{hold}")), 204);
    assert_eq!(program.post("/retention/run").1["audio"]["recordings"], 2);
    assert_eq!(recordings(&bert), [404, 404]);
    let status = program.get("/retention/status").1;
    assert_eq!(status["runs"].as_array().unwrap().len(), 2, "{status}");
    assert!(status["runs"][0]["ended"].is_string());

    // 0 days is at once: records, people and their keys go; figures stay.
    let before = figures(&program, &since);
    assert_eq!(put("later", json!({"class": "call", "days": 0})).0, 200);
    let (_, done) = program.post("/retention/run");
    assert_eq!((&done["later"]["calls"], &done["later"]["people"]), (&json!(4), &json!(2)), "{done}");
    assert_eq!(program.get("/calls").1["items"], json!([]));
    assert_eq!(find(&program, ANNA), [] as [Value; 0]);
    assert_eq!(figures(&program, &since), before);
    let audit = program.get("/audit?action=retention.&limit=10").1;
    assert!(audit["items"].as_array().unwrap().len() >= 4, "{audit}");

    // Figures have a rule of their own, which is for the whole tenant; so have earlier versions of the configuration.
    let (status, refused) = put("figures", json!({"class": "report", "days": 0, "queue": "service"}));
    assert!(status == 422 && refused.to_string().contains("whole tenant"), "{status} {refused}");
    for (id, class) in [("figures", "report"), ("versions", "config")] {
        assert_eq!(put(id, json!({"class": class, "days": 0})).0, 200);
    }
    let due = program.get("/retention/status").1["due"].clone();
    for id in ["figures", "versions"] {
        assert!(due[id]["rows"].as_u64() > Some(0) && due[id]["next_due"].is_string(), "{due}");
    }
    let (_, done) = program.post("/retention/run");
    assert!(
        done["figures"]["rows"].as_u64() > Some(0) && done["versions"]["rows"].as_u64() > Some(0),
        "{done}"
    );
    assert_ne!(figures(&program, &since), before);
    assert_eq!(program.get("/retention-rules/later").0, 200, "what is in force stays");
}
