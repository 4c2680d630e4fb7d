//! Somebody in Microsoft Teams calls a number outside, and nobody takes the call: Teams hears what the carrier said of the
//! number, and whether another gateway is worth a try.

use crate::neighbours::Neighbour;
use crate::program::Program;
use crate::teams_machines::Machines;
use crate::teams_trunk::{ANNA, FQDN, tenant};
use sim::teams_proxy::TeamsEvent;

#[test]
fn teams_hears_what_a_carrier_says_of_a_number_and_that_no_carrier_is_there() {
    let (authority, machines) = Machines::beside(&format!("DNS:{FQDN}"), &[("contoso.test", &[ANNA])]);
    let carrier = Neighbour::at("127.0.0.5");
    let files = tenant(&machines, carrier.addr, "", "ring_time: 20s\n");
    let lines = authority.lines(machines.controller(), "ours");
    let program = Program::start_secure(&[("tenant.yaml", &files)], &[], &lines);
    machines.ready();
    for (said, told) in [
        ("404 Not Found", 404),
        ("484 Address Incomplete", 484),
        ("486 Busy Here", 486),
        ("603 Decline", 480),
        ("503 Service Unavailable", 503),
    ] {
        let audio = machines.audio();
        let caller =
            machines.act(|proxy, now| proxy.call(now, (0, FQDN), (ANNA, "Anna"), "+4930555", (audio, 440)));
        let invite = carrier.gets("INVITE");
        carrier.answers(program.sip, &invite, said, "");
        let code = machines.event("the call is refused", |e| match e {
            TeamsEvent::Refused { call, code } if *call == caller => Some(*code),
            _ => None,
        });
        assert_eq!(code, told, "{said}");
    }
    machines.nothing_broken();
    program.stop();
}
