//! What a carrier lets us hear before the answer: SIPp as the carrier.

use crate::desk::Desk;
use crate::program::{Program, free_port};
use crate::sipp::{Sipp, early_callee};

#[test]
fn an_agents_phone_hears_the_newest_early_audio_of_a_carrier_before_the_answer() {
    let mut desk = Desk::new();
    let (at, carrier) = (desk.addr, free_port());
    let tenant = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\ndial: {{allow: [\"+49\"]}}\n---\n\
         kind: Trunk\nid: carrier\naddress: \"sip:127.0.0.1:{carrier}\"\noutbound: true\n---\n\
         kind: User\nid: anna\nroles: [agent]\nphone: \"sip:anna@{at}\"\n"
    );
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant)]);
    let sipp = Sipp::start(&early_callee(6_000), carrier, None, "", 1, 523.0, "u1");
    let phone = desk.dial("anna", "", program.sip, "+4942155599", 440);
    desk.hears(phone, 523);
    assert!(!desk.phones.is_up(phone), "nobody answered yet");
    let call = program.wait_for("/calls", |l| Some(l["items"][0]["id"].as_str()?.to_string()));
    let (_, live) = program.get(&format!("/calls/{call}"));
    assert_eq!((&live["state"], live["answered"].is_null()), (&"connecting".into(), true), "{live}");
    desk.answered(phone);
    desk.hears(phone, 523);
    desk.hang_up(phone);
    desk.until("the carrier's side is over", |_| {
        let (_, call) = program.get(&format!("/calls/{call}"));
        (call["state"] == "ended").then_some(())
    });
    sipp.went_well();
    let (_, ended) = program.get(&format!("/calls/{call}"));
    assert_eq!(ended["reason"], "hung-up");
    program.stop();
}
