//! Calls are found by who called, by what an agent said of them, and by when they were.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::Program;
use serde_json::{Value, json};

const ANNA: &str = "+15550100";
const BERTA: &str = "+15550101";

/// Calls, talks, and hangs up; gives the id of the call.
fn call(desk: &mut Desk, program: &Program, from: &str, number: &str, said: Option<&str>) -> String {
    let caller = desk.dial(from, "", program.sip, number, 440);
    let (phone, _) = desk.rings();
    desk.answer(phone, 1000);
    desk.hears(caller, 1000);
    let id = open_call(program);
    if let Some(disposition) = said {
        program.act(&id, json!({"action": "dispose", "by": "agent1", "disposition": disposition}));
    }
    desk.hang_up(caller);
    desk.ended(phone);
    program.wait_for(&format!("/calls/{id}"), |call| (call["state"] == "ended").then_some(()));
    id
}

#[test]
fn a_disposition_of_another_queue_is_refused() {
    let mut desk = Desk::new();
    let text = tenant(&desk, 1)
        + "---\nkind: Queue\nid: other\nagents: [agent1]\n\
           ---\nkind: Disposition\nid: here\nqueues: [other, service]\n\
           ---\nkind: Disposition\nid: elsewhere\nqueues: [other]\n---\nkind: Disposition\nid: anywhere\n";
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    let caller = desk.dial(ANNA, "", program.sip, "100", 440);
    let (phone, _) = desk.rings();
    desk.answer(phone, 1000);
    desk.hears(caller, 1000);
    let id = open_call(&program);
    let dispose = |disposition: &str| {
        let action = json!({"action": "dispose", "by": "agent1", "disposition": disposition});
        program.post_json(&format!("/calls/{id}/actions"), &action)
    };
    let (status, refused) = dispose("elsewhere");
    assert_eq!(status, 422, "{refused}");
    let why = "the disposition elsewhere is for calls of other; this one came from the queue service";
    assert!(refused.to_string().contains(why), "{refused}");
    for fits in ["here", "anywhere"] {
        assert_eq!(dispose(fits).0, 204, "{fits}");
    }
    desk.hang_up(caller);
    desk.ended(phone);
    // Nothing of it was counted for the one that was refused.
    let said = program.wait_for(&format!("/calls/{id}"), |call| {
        (call["state"] == "ended" && call["dispositions"] != json!([])).then(|| call["dispositions"].clone())
    });
    assert_eq!(said, json!([{"agent": "agent1", "disposition": "anywhere"}]));
    program.stop();
}

fn open_call(program: &Program) -> String {
    program.wait_for("/calls", |list| {
        let open = list["items"].as_array()?.iter().find(|c| c["state"] == "talking")?;
        Some(open["id"].as_str()?.to_string())
    })
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap_or_else(|| panic!("{list:#}"));
    items.iter().map(|c| c["id"].as_str().unwrap().to_string()).collect()
}

#[test]
fn calls_are_found_by_number_disposition_and_time_and_paged() {
    let mut desk = Desk::new();
    let text = tenant(&desk, 1).replace("id: test\n", "id: test\ncountry: US\n");
    let text = text + "---\nkind: Disposition\nid: sold\n---\nkind: Disposition\nid: lost\n";
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    let first = call(&mut desk, &program, ANNA, "100", Some("sold"));
    let second = call(&mut desk, &program, ANNA, "500", None);
    let third = call(&mut desk, &program, BERTA, "500", None);
    let caller = desk.dial(ANNA, "", program.sip, "500", 440);
    let (phone, _) = desk.rings();
    desk.answer(phone, 1000);
    desk.hears(caller, 1000);
    let open = open_call(&program);

    let found = |query: &str| ids(&program.get(&format!("/calls?{query}")).1);
    let of_anna = [open.clone(), second.clone(), first.clone()];
    for written in ["%2B15550100", "+15550100", "1%20555-0100", "0111%20555%20(0100)"] {
        assert_eq!(found(&format!("caller={written}")), of_anna, "{written}");
    }
    assert_eq!(found("caller=%2B15550101"), [third.as_str()]);
    assert!(found("caller=%2B15550199").is_empty());
    assert!(found("caller=").is_empty(), "nobody's number");

    let (_, page) = program.get("/calls?caller=%2B15550100&limit=1");
    assert_eq!(ids(&page), [open.clone(), second.clone()]);
    let next = page["next"].as_str().unwrap().to_string();
    let (_, page) = program.get(&format!("/calls?caller=%2B15550100&limit=1&cursor={next}"));
    assert_eq!((ids(&page), page["next"].is_null()), (vec![first.clone()], true));

    assert_eq!(found("disposition=sold"), [first.as_str()]);
    assert!(found("disposition=lost").is_empty());
    assert!(found("disposition=sold&caller=%2B15550101").is_empty());
    let began = program.get(&format!("/calls/{second}")).1["began"].as_str().unwrap().to_string();
    assert_eq!(found(&format!("from={began}")), [open.clone(), third.clone(), second.clone()]);
    assert_eq!(found(&format!("to={began}")), [first.as_str()]);
    assert_eq!(found(&format!("from={began}&to={began}")), Vec::<String>::new());
    for (wrong, status) in
        [("from=yesterday", 400), ("to=x", 400), ("disposition=x", 404), ("callers=1", 400)]
    {
        assert_eq!(program.get(&format!("/calls?{wrong}")).0, status, "{wrong}");
    }
    assert_eq!(
        program.get(&format!("/calls/{first}")).1["dispositions"],
        json!([{"agent": "agent1", "disposition": "sold"}])
    );

    // Looking for somebody leaves a trace; neither it nor the log says for whom.
    let (_, audit) = program.get("/audit?limit=500");
    let searches = audit["items"].as_array().unwrap().iter().filter(|e| e["action"] == "call.search");
    assert_eq!(searches.count(), 9, "{audit:#}");
    let log = program.log.lock().unwrap().clone();
    assert!(!audit.to_string().contains("5550100") && !log.contains("5550100"));
    desk.hang_up(caller);
    desk.ended(phone);
    program.stop();
}
