//! What others do who are not Microsoft Teams, or another's Teams: they take no call over, and are nobody of ours whatever
//! number they show.

use crate::teams_transfer::talking;
use crate::teams_trunk::{ANNA, UDO, paired};
use sim::teams_proxy::TeamsEvent;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

/// A call of a carrier's, from this address: the code of the final answer.
pub fn call_of_carrier((ip, to): ([u8; 4], SocketAddr), (from, called): (&str, &str), lines: &str) -> u16 {
    let socket = UdpSocket::bind(SocketAddr::from((ip, 0))).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let us = socket.local_addr().unwrap();
    let sdp =
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 8\r\n";
    let invite = format!(
        "INVITE sip:{called}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {us};rport;branch=z9hG4bKforeign\r\nFrom: <sip:{from}@{us}>;tag=1\r\n\
         To: <sip:{called}@{to}>\r\nCall-ID: foreign@{us}\r\nCSeq: 1 INVITE\r\nContact: <sip:{us}>\r\nMax-Forwards: 70\r\n\
         {lines}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    socket.send_to(invite.as_bytes(), to).unwrap();
    let mut buffer = [0; 4_096];
    loop {
        let n = socket.recv(&mut buffer).expect("an answer");
        let code: u16 = std::str::from_utf8(&buffer[8..11.min(n)]).unwrap().parse().unwrap();
        if code >= 200 {
            return code;
        }
    }
}

#[test]
fn a_carrier_that_names_a_call_of_teams_does_not_get_it() {
    let (_authority, machines, program, mut telephone) = paired("");
    let call = talking(&machines, &program, &mut telephone);
    let named = machines.act(|proxy, _| proxy.replaces(call)).unwrap();
    for lines in [format!("Replaces: {named}\r\n"), format!("Replaces: {named};early-only\r\n")] {
        let code = call_of_carrier(([127, 0, 0, 1], program.sip), ("+4930999", "+49421555100"), &lines);
        assert!(matches!(code, 481 | 486), "{code}");
    }
    machines.hears(call, 440.0);
    telephone.hears(1000);
    telephone.command("hangup", "");
    machines.over(call);
    let ended = program.ended_call();
    let passed = ended["timeline"].as_array().unwrap().iter().filter(|m| m["what"] == "far-end-changed");
    assert_eq!(passed.count(), 0, "{ended:#}");
    machines.nothing_broken();
    program.stop();
}

#[test]
fn a_carrier_that_shows_an_agents_number_is_nobody() {
    let (_authority, machines, program, mut telephone) = paired("");
    // Anna may call the telephone, from Teams; who shows her number elsewhere may not.
    for from in [ANNA, &ANNA[1..], "04942155512"] {
        assert_eq!(call_of_carrier(([127, 0, 0, 1], program.sip), (from, "+4930555"), ""), 404, "{from}");
        let lines = format!("P-Asserted-Identity: <tel:{ANNA}>\r\n");
        assert_eq!(call_of_carrier(([127, 0, 0, 1], program.sip), (from, "+4930555"), &lines), 404, "{from}");
    }
    let audio = machines.audio();
    let call = machines.act(|proxy, now| {
        proxy.call(now, (0, crate::teams_trunk::FQDN), (ANNA, "Anna"), "+4930555", (audio, 1000))
    });
    telephone.event("CALL_INCOMING");
    machines.act(|proxy, now| proxy.hang_up(now, call));
    machines.nothing_broken();
    program.stop();
}

#[test]
fn whom_teams_asserts_counts_where_the_trunk_is_believed_and_the_number_shown_elsewhere() {
    for believed in [true, false] {
        let more = if believed { "trust_identity: true\n" } else { "" };
        let (_authority, machines, program, mut telephone) = paired(more);
        // The number of the house is shown, and Anna calls; Anna's is shown, and somebody else calls.
        for (shown, asserted, is_anna) in [(UDO, ANNA, believed), (ANNA, UDO, !believed)] {
            machines.act(|proxy, _| proxy.set_asserted(asserted));
            let audio = machines.audio();
            let call = machines.act(|proxy, now| {
                proxy.call(now, (0, crate::teams_trunk::FQDN), (shown, "Somebody"), "+4930555", (audio, 1000))
            });
            if is_anna {
                telephone.event("CALL_INCOMING");
                telephone.command("accept", "");
                machines.up(call);
                machines.hears(call, 440.0);
                machines.act(|proxy, now| proxy.hang_up(now, call));
                machines.over(call);
                telephone.event("CALL_CLOSED");
            } else {
                machines.event("nobody of ours calls out", |e| {
                    (*e == TeamsEvent::Refused { call, code: 404 }).then_some(())
                });
            }
        }
        machines.nothing_broken();
        program.stop();
    }
}
