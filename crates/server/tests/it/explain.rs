//! Why a caller waited, told by the program itself.

use crate::desk::Desk;
use crate::program::{Program, run};
use serde_json::Value;

#[test]
fn a_supervisor_asks_why_a_caller_waited_and_is_told_rules_and_times() {
    let mut desk = Desk::new();
    let phones = desk.addr;
    let text = format!(
        r#"{{kind: Tenant, id: test, profile: contact-center}}
---
{{kind: Trunk, id: here, networks: ["127.0.0.0/8"]}}
---
{{kind: Skill, id: german}}
---
{{kind: User, id: anna, roles: [agent], phone: "sip:anna@{phones}", at_start: available, skills: {{german: 2}}}}
---
{{kind: User, id: ben, roles: [agent], phone: "sip:ben@{phones}", at_start: offline, skills: {{german: 9}}}}
---
kind: Queue
id: sales
agents: [anna, ben]
relax:
  - {{after: 2s, lower: {{skill: german, by: 4}}}}
---
kind: Flow
id: main
steps:
  - need: {{skill: german, level: 6}}
  - queue: sales
---
{{kind: Number, id: n100, number: "100", flow: main}}
"#
    );
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    let caller = desk.dial("200", "", program.sip, "100", 440);
    desk.answered(caller);
    // Anna's German is not enough until the queue's rule lowers what is needed.
    let (phone, who) = desk.rings();
    assert_eq!(who, "anna");
    desk.answer(phone, 1000);
    desk.hears(caller, 1000);
    desk.hang_up(phone);
    desk.ended(caller);
    let call = program.ended_call();
    let id = call["id"].as_str().unwrap();

    let (status, told) = program.get(&format!("/calls/{id}/explanation"));
    assert_eq!(status, 200, "{told}");
    let story: Vec<&str> = told["story"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let has =
        |text: &str| assert!(story.iter().any(|l| l.contains(text)), "{text:?} is missing in {story:#?}");
    has("in sales, then answered");
    has("needs german 6");
    has("1 free without the skills that were needed");
    has("rule of queue sales: after 2.0 s, german may be 4 lower");
    has("needed: german 2");
    let agents = told["decisions"][0]["agents"].as_array().unwrap();
    let of = |id: &str| agents.iter().find(|a| a["agent"] == id).unwrap_or_else(|| panic!("{agents:?}"));
    assert_eq!((&of("anna")["rung"], &of("anna")["why_not"]), (&Value::Bool(true), &Value::Null));
    assert_eq!(of("ben")["why_not"], "was offline");

    let server = format!("http://{}", program.http);
    let token = program.bearer().replace("Bearer ", "");
    let (code, out, err) = run(&["explain", id, "--server", &server, "--token", &token]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("german may be 4 lower") && out.contains("was offline"), "{out}");
    assert_eq!(run(&["explain", "c999999", "--server", &server, "--token", &token]).0, 1);
    program.stop();
}
