//! How well a leg was heard stands on its call's record.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::Program;
use serde_json::Value;

/// The figures of the leg of this role, once they are there.
fn of_leg(program: &Program, call: &str, role: &str) -> Value {
    program.wait_for(&format!("/calls/{call}"), |call| {
        let leg = call["legs"].as_array()?.iter().find(|l| l["role"] == role)?;
        Some(leg["quality"].clone()).filter(|q| q["heard"].is_object())
    })
}

#[test]
fn a_leg_that_loses_every_tenth_packet_says_so_on_the_record() {
    let mut desk = Desk::new();
    desk.loses_every = 10;
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let caller = desk.dial("+15550100", "", program.sip, "100", 440);
    let (agent, _) = desk.rings();
    desk.answer(agent, 1000);
    let id = program.wait_for("/calls", |list| Some(list["items"][0]["id"].as_str()?.to_string()));
    let port = desk.ports[&agent];
    desk.until("300 packets came to the agent", |desk| {
        (desk.taps.get(&port).map_or(0, |tap| tap.packets()) >= 300).then_some(())
    });
    // While it is open it shows what was heard so far.
    desk.until("the open call shows how well it is heard", |_| {
        let open = program.get(&format!("/calls/{id}")).1;
        assert_eq!(open["state"], "talking");
        let caller = open["legs"].as_array()?.iter().find(|l| l["role"] == "caller")?;
        (caller["quality"]["codec"] == "PCMA").then_some(())
    });
    desk.hang_up(caller);
    desk.ended(agent);
    let ended = program.ended_call();
    assert_eq!(ended["id"], id.as_str());
    for role in ["caller", "agent"] {
        let quality = of_leg(&program, &id, role);
        let heard = &quality["heard"];
        let lost = heard["lost_percent"].as_f64().unwrap();
        assert!((8.0..12.0).contains(&lost), "{role}: {quality:#}");
        assert!(heard["packets"].as_u64().unwrap() > 250, "{role}: {quality:#}");
        assert!(heard["jitter_ms"].as_f64().unwrap() < 20.0, "{role}: {quality:#}");
        assert_eq!(heard["opinion"], "fair", "{role}: {quality:#}");
    }
    // They outlast the program.
    let token = program.bearer();
    let dir = program.dir.clone();
    program.stop();
    let mut program = Program::start_again(dir);
    program.set_token(token.trim_start_matches("Bearer ").into());
    assert_eq!(of_leg(&program, &id, "caller")["codec"], "PCMA");
    program.stop();
}
