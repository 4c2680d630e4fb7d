//! Whoever objected goes as somebody unknown: no agent of last time, no list, no look-up and no name decide anything, and the
//! call says so without saying who it was.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::outside::crm;
use crate::program::Program;
use serde_json::{Value, json};

const ANNA: &str = "+15550177701";

/// A tenant that knows its callers: by a list, by another system, and by who had them last.
fn knowing(desk: &Desk, crm: std::net::SocketAddr) -> String {
    let text = tenant(desk, 2)
        .replace(
            "profile: contact-center",
            &format!(
                "profile: contact-center\nattributes: {{level: [standard, gold]}}\nlists: {{vip: [\"{ANNA}\"]}}"
            ),
        )
        .replace("max_wait: 20s", "max_wait: 20s\nlast_agent: 15s")
        .replace(
            "  - say: greeting\n  - record: true\n  - queue: service\n",
            "  - branch:\n      - {if: {list: vip}, go: vip}\n  - go: ask\nbranches:\n  vip:\n    - priority: 7\n    - go: ask\n  \
             ask:\n    - look-up: {look_up: customers}\n    - queue: service\n",
        );
    let text = text.replace("    - queue: service\n  - say: sorry\n", "    - queue: service\n");
    format!(
        "{text}---\nkind: LookUp\nid: customers\nurl: \"http://{crm}/customers?number={{caller}}\"\nallow_private: true\n\
         results: {{/customer/level: level}}\n"
    )
}

/// A call of Anna's that an agent takes: who was rung, and the call while she talks.
fn talk(desk: &mut Desk, program: &Program) -> (String, Value) {
    let before = program.get("/calls").1["items"].as_array().unwrap().len();
    let caller = desk.dial(ANNA, "Anna Zeisig", program.sip, "100", 440);
    desk.answered(caller);
    let (agent, who) = desk.rings();
    desk.answer(agent, 1000);
    desk.hears(caller, 1000);
    let id = program.wait_for("/calls", |list| {
        let items = list["items"].as_array()?;
        let open = items.iter().find(|c| c["state"] != "ended")?;
        (items.len() > before).then(|| open["id"].as_str().unwrap().to_string())
    });
    let shown = program.get(&format!("/calls/{id}")).1;
    desk.hang_up(caller);
    desk.ended(agent);
    program.wait_for(&format!("/calls/{id}"), |c| (c["state"] == "ended").then_some(()));
    (who, shown)
}

fn happened(call: &Value) -> Vec<&str> {
    call["timeline"].as_array().unwrap().iter().filter_map(|m| m["what"].as_str()).collect()
}

/// What only a call says whose caller is known.
const KNOWN: [&str; 2] = ["priority-set", "looked-up"];
/// What only a call says whose caller objected.
const LEFT_OUT: [&str; 2] = ["profile-left-out", "look-up-left-out"];

fn goes_as_known(call: &Value) {
    let what = happened(call);
    assert!(KNOWN.iter().all(|k| what.contains(k)), "{what:?}");
    assert!(!LEFT_OUT.iter().any(|k| what.contains(k)), "{what:?}");
    assert_eq!(call["caller_name"], "Anna Zeisig");
}

fn goes_as_unknown(call: &Value) {
    let what = happened(call);
    assert!(LEFT_OUT.iter().all(|k| what.contains(k)), "{what:?}");
    assert!(!KNOWN.iter().any(|k| what.contains(k)) && !what.contains(&"waits-for-last-agent"), "{what:?}");
    assert_eq!((&call["caller"], &call["caller_name"]), (&json!(ANNA), &Value::Null));
    let said = call["timeline"].to_string() + &call["explanation"].to_string();
    assert!(said.contains("left out because of an objection"), "{said}");
    assert!(!said.contains("Zeisig") && !said.contains("5550177701"), "{said}");
}

#[test]
fn whoever_objected_is_routed_as_somebody_unknown_until_they_take_it_back() {
    let mut desk = Desk::new();
    let (addr, asked) = crm();
    let program = Program::start_as_owner(&[("tenant.yaml", &knowing(&desk, addr))]);
    let (first, call) = talk(&mut desk, &program);
    goes_as_known(&call);
    let (again, call) = talk(&mut desk, &program);
    goes_as_known(&call);
    assert!(
        again == first && happened(&call).contains(&"waits-for-last-agent"),
        "{first} had her last: {call:#}"
    );
    assert_eq!(asked.try_iter().count(), 2, "the other system was asked about each call");

    let (_, found) = program.post_json("/people/find", &json!({"number": ANNA}));
    let path = format!("/people/{}", found[0]["id"].as_str().unwrap());
    let objects = |program: &Program, is: bool| {
        let url = format!("http://{}/api/v1{path}", program.http);
        let request = program.agent().patch(url).header("Authorization", program.bearer());
        assert_eq!(request.send_json(json!({"objected": is})).unwrap().status(), 200);
    };
    objects(&program, true);
    let (other, call) = talk(&mut desk, &program);
    goes_as_unknown(&call);
    assert_ne!(other, first, "who was free for longer comes first");
    let program = program.restarted();
    goes_as_unknown(&talk(&mut desk, &program).1);
    assert_eq!(asked.try_iter().count(), 0, "nobody was asked about her");
    // What calls of before say has no name of hers either, while the objection stands.
    let newest = program.get("/calls?limit=1").1["items"][0]["id"].as_str().unwrap().to_string();
    assert_eq!(program.get(&format!("/calls/{newest}")).1["caller_name"], Value::Null);

    objects(&program, false);
    let (who, call) = talk(&mut desk, &program);
    goes_as_known(&call);
    assert!(!happened(&call).contains(&"waits-for-last-agent"), "nobody is remembered from before: {call:#}");
    let (again, call) = talk(&mut desk, &program);
    goes_as_known(&call);
    assert!(
        again == who && happened(&call).contains(&"waits-for-last-agent"),
        "{who} had her last: {call:#}"
    );
    assert_eq!(asked.try_iter().count(), 2);
}
