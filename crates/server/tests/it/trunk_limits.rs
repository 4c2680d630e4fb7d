//! The minutes of a day that a trunk may be used for: the next trunk is tried, and where there is none the call is refused
//! and told of.

use crate::crossing::in_dialog;
use crate::neighbours::{Neighbour, SDP, tenant};
use crate::program::Program;
use std::net::SocketAddr;

const FROM: &str = "From: <sip:+4942100001@x>;tag=1\r\n";

/// A call over a trunk's far end, answered and hung up by the caller.
fn talks(sip: SocketAddr, caller: &mut Neighbour, carrier: &Neighbour) {
    let invite = caller.call(sip, "600", FROM);
    let asked = carrier.gets("INVITE ");
    let contact = format!("Contact: <sip:c@{}>\r\n", carrier.addr);
    carrier.answers_as("c", sip, &asked, "200 OK", &contact, SDP);
    carrier.gets("ACK ");
    let ok = caller.gets("SIP/2.0 200");
    caller.send(sip, &in_dialog(&invite, &ok, "ACK", 1, ""));
    caller.send(sip, &in_dialog(&invite, &ok, "BYE", 2, ""));
    let bye = carrier.gets("BYE ");
    carrier.answers(sip, &bye, "200 OK", "");
    while !caller.gets("SIP/2.0 200").contains("BYE") {}
}

#[test]
fn a_trunk_whose_minutes_are_used_up_is_passed_over() {
    let desk = Neighbour::at("127.0.0.4");
    let (carrier, spare) = (Neighbour::at("127.0.0.5"), Neighbour::at("127.0.0.6"));
    let mut caller = Neighbour::at("127.0.0.3");
    let more = format!(
        "minutes_per_day: 1\n---\nkind: Trunk\nid: spare\nproxies: [\"{}\"]\noutbound: true\npriority: 2\n",
        spare.addr
    );
    let text = tenant(desk.addr, carrier.addr, &more);
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    talks(program.sip, &mut caller, &carrier);
    program.ended_call();
    let invite = caller.call(program.sip, "600", FROM);
    let asked = spare.gets("INVITE ");
    spare.answers(program.sip, &asked, "486 Busy Here", "");
    assert!(caller.refused(program.sip, &invite).starts_with("SIP/2.0 486 "));
    program.stop();
}

#[test]
fn where_no_trunk_is_left_a_call_is_refused_and_told_of_also_after_a_restart() {
    let (desk, carrier) = (Neighbour::at("127.0.0.4"), Neighbour::at("127.0.0.5"));
    let mut caller = Neighbour::at("127.0.0.3");
    let text = tenant(desk.addr, carrier.addr, "minutes_per_day: 2\n");
    let mut program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    for _ in 0..2 {
        talks(program.sip, &mut caller, &carrier);
    }
    for restarted in [false, true] {
        if restarted {
            program = program.restarted();
        }
        let invite = caller.call(program.sip, "600", FROM);
        assert!(caller.refused(program.sip, &invite).starts_with("SIP/2.0 480 "));
        program.wait_for_metric("switchroom_security_events_total{kind=\"toll-limit\"} 1");
        let (_, events) = program.get("/security/events");
        let event = &events["items"][0];
        assert_eq!(event["kind"], "toll-limit", "{events:#}");
        assert_eq!(
            (&event["data"]["trunk"], &event["data"]["refusal"]),
            (&"out".into(), &"minutes-used".into())
        );
        // No far end was asked.
        carrier.socket.set_nonblocking(true).unwrap();
        let mut bytes = [0; 4_096];
        while let Ok(n) = carrier.socket.recv(&mut bytes) {
            assert!(!bytes[..n].starts_with(b"INVITE "), "the carrier was called");
        }
        carrier.socket.set_nonblocking(false).unwrap();
    }
    let log = program.stop();
    assert!(
        log.lines().any(|l| l.contains("outside_refused") && l.contains("minutes-used")),
        "the log says why"
    );
}
