//! A person takes a call over from another of their telephones, byte by byte: what it names must be there, and protected
//! audio stays protected.

use crate::crossing::in_dialog;
use crate::neighbours::{Neighbour, SDP, line};
use crate::program::Program;

const KEY: &str = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n";

fn start(phone: &Neighbour, srtp: &str) -> Program {
    Program::start_as_owner(&[(
        "tenant.yaml",
        &format!(
            "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\n---\n\
             kind: Trunk\nid: in\nnetworks: [127.0.0.3]\n---\n\
             kind: Number\nid: service\nnumber: \"700\"\nflow: service\n---\n\
             kind: Flow\nid: service\nsteps:\n  - queue: service\n---\n\
             kind: Queue\nid: service\nring_time: 20s\nagents: [anna]\n---\n\
             kind: User\nid: anna\nroles: [agent]\nphone: \"sip:anna@{}\"\nat_start: available\nsrtp: {srtp}\n",
            phone.addr
        ),
    )])
}

/// What the person's telephone sends to take the place of a call.
fn takes(phone: &mut Neighbour, program: &Program, replaces: &str, sdp: &str) -> String {
    let from = phone.addr;
    let tag = format!("From: <sip:anna@{from}>;tag=second\r\nReplaces: {replaces}\r\nRequire: replaces\r\n");
    let plain = phone.call(program.sip, "700", "From: <sip:nobody@x>;tag=0\r\n");
    // Only its shape is used; that call was none, because nobody of this name has a telephone.
    phone.refused(program.sip, &plain);
    let text = plain
        .replace("From: <sip:nobody@x>;tag=0\r\n", &tag)
        .replace("branch=z9hG4bK", "branch=z9hG4bKsecond")
        .replace("Call-ID: ", "Call-ID: second")
        .replace(&format!("Content-Length: {}\r\n\r\n{SDP}", SDP.len()), "");
    let text = format!("{text}Content-Length: {}\r\n\r\n{sdp}", sdp.len());
    phone.send(program.sip, &text);
    text
}

#[test]
fn a_call_that_is_not_there_is_not_taken_over() {
    let mut phone = Neighbour::at("127.0.0.4");
    let program = start(&phone, "off");
    for replaces in ["none@x;to-tag=a;from-tag=b", "none@x;to-tag=a;from-tag=b;early-only"] {
        let invite = takes(&mut phone, &program, replaces, SDP);
        let answer = phone.refused(program.sip, &invite);
        assert!(answer.starts_with("SIP/2.0 481 "), "{answer}");
    }
    program.stop();
}

#[test]
fn a_call_with_protected_audio_is_taken_over_with_protected_audio_only() {
    let mut phone = Neighbour::at("127.0.0.4");
    let mut caller = Neighbour::at("127.0.0.3");
    let program = start(&phone, "required");
    let sip = program.sip;
    let invite = caller.call(sip, "700", "From: <sip:+4942100001@x>;tag=1\r\n");
    let rings = phone.gets("INVITE ");
    assert!(rings.contains(" RTP/SAVP ") && rings.contains("a=crypto:"), "{rings}");
    let secret = SDP.replace("RTP/AVP", "RTP/SAVP") + KEY;
    let contact = format!("Contact: <sip:first@{}>\r\n", phone.addr);
    phone.answers_as("first", sip, &rings, "200 OK", &contact, &secret);
    phone.gets("ACK ");
    let ok = caller.gets("SIP/2.0 200");
    caller.send(sip, &in_dialog(&invite, &ok, "ACK", 1, ""));

    let call_id = line(&rings, "Call-ID:").replace("Call-ID: ", "");
    let ours = line(&rings, "From:").split(";tag=").nth(1).unwrap().to_string();
    let replaces = format!("{call_id};to-tag={ours};from-tag=first");
    let plain = takes(&mut phone, &program, &replaces, SDP);
    let answer = phone.refused(sip, &plain);
    assert!(answer.starts_with("SIP/2.0 488 "), "{answer}");

    let taken = takes(&mut phone, &program, &replaces, &secret);
    let answer = phone.gets("SIP/2.0 200");
    assert!(
        answer.contains(" RTP/SAVP ") && answer.contains("a=crypto:1 AES_CM_128_HMAC_SHA1_80 "),
        "{answer}"
    );
    phone.send(sip, &in_dialog(&taken, &answer, "ACK", 1, ""));
    let bye = phone.gets("BYE ");
    assert!(line(&bye, "Call-ID:").contains(&call_id) && bye.contains("Reason: SIP;cause=200"), "{bye}");
    phone.answers(sip, &bye, "200 OK", "");
    caller.send(sip, &in_dialog(&invite, &ok, "BYE", 2, ""));
    let bye = phone.gets("BYE ");
    assert!(line(&bye, "Call-ID:").contains("second"), "{bye}");
    phone.answers(sip, &bye, "200 OK", "");
    let call = program.ended_call();
    assert_eq!(call["ended_by"], "caller", "{call:#}");
    program.wait_for_metric("switchroom_sip_legs 0");
    program.stop();
}
