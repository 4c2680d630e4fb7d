//! The profile `bridge`: the contact centre asks somebody in Microsoft Teams first, and then passes a caller on to them (REFER
//! with Replaces). The two calls become one, and the contact centre leaves both.

use crate::neighbours::{Neighbour, SDP, line, number_of};
use crate::program::Program;
use crate::searched::nowhere;
use crate::teams_bridge::{DESK, FQDN, TIM, TOM, joined_to};
use crate::teams_machines::Machines;
use sim::teams_proxy::TeamsCall;

/// A call as the contact centre knows it: From and To of its requests, where they go, and how the call is named.
pub struct Dialog {
    target: String,
    from: String,
    to: String,
    call_id: String,
}

fn value(message: &str, name: &str) -> String {
    line(message, name)[name.len()..].trim().to_string()
}

fn contact(message: &str) -> String {
    let contact = value(message, "Contact:");
    contact.split(['<', '>']).nth(1).unwrap_or_else(|| panic!("no Contact: {message}")).to_string()
}

impl Dialog {
    /// A request in the call.
    pub fn ask(&self, desk: &Neighbour, program: &Program, method: &str, cseq: u32, lines: &str) {
        self.says(desk, program, (method, cseq), lines, "");
    }

    /// Another session is offered in the call.
    pub fn offer(&self, desk: &Neighbour, program: &Program, cseq: u32, offer: &str) {
        self.says(desk, program, ("INVITE", cseq), "Content-Type: application/sdp\r\n", offer);
    }

    fn says(
        &self,
        desk: &Neighbour,
        program: &Program,
        (method, cseq): (&str, u32),
        lines: &str,
        body: &str,
    ) {
        let text = format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/UDP {at};rport;branch=z9hG4bK{method}{cseq}{}\r\nMax-Forwards: 70\r\n\
             From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\nContact: <sip:desk@{at}>\r\n{lines}\
             Content-Length: {}\r\n\r\n{body}",
            self.target,
            self.call_id.replace(['@', '.', ':'], ""),
            self.from,
            self.to,
            self.call_id,
            body.len(),
            at = desk.addr,
        );
        desk.send(program.sip, &text);
    }

    /// How a Replaces names it for us: our tag is in To.
    pub fn replaces(&self) -> String {
        let tag = |value: &str| value.rsplit_once(";tag=").unwrap().1.to_string();
        let id = self.call_id.replace('@', "%40");
        format!("{id}%3Bto-tag%3D{}%3Bfrom-tag%3D{}", tag(&self.to), tag(&self.from))
    }
}

/// Tom calls the contact centre, which answers.
pub fn called(machines: &Machines, program: &Program, desk: &Neighbour) -> (TeamsCall, Dialog) {
    let audio = machines.audio();
    let caller = machines.act(|proxy, now| proxy.call(now, (1, FQDN), (TOM, "Tom"), DESK, (audio, 1000)));
    let invite = desk.gets("INVITE ");
    let mine = format!("Contact: <sip:desk@{}>\r\n", desk.addr);
    desk.answers_as("desk", program.sip, &invite, "200 OK", &mine, SDP);
    desk.gets("ACK ");
    machines.up(caller);
    let (from, to) = (format!("{};tag=desk", value(&invite, "To:")), value(&invite, "From:"));
    (caller, Dialog { target: contact(&invite), from, to, call_id: value(&invite, "Call-ID:") })
}

/// The contact centre calls Tim, who answers.
pub fn asked(machines: &Machines, program: &Program, desk: &mut Neighbour) -> (TeamsCall, Dialog) {
    let from = format!("From: <sip:{DESK}@{}>;tag=asks\r\n", desk.addr);
    let invite = desk.call(program.sip, TIM, &from);
    let (call, _, number, _) = machines.offered();
    assert_eq!(number, TIM);
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, call, audio, 330));
    let ok = loop {
        let answer = desk.gets("SIP/2.0 ");
        if number_of(&answer) == 1 && answer.starts_with("SIP/2.0 200 ") {
            break answer;
        }
    };
    let (from, to) = (value(&invite, "From:"), value(&ok, "To:"));
    let dialog = Dialog { target: contact(&ok), from, to, call_id: value(&ok, "Call-ID:") };
    dialog.ask(desk, program, "ACK", 1, "");
    machines.up(call);
    (call, dialog)
}

/// The contact centre hears how its transfer went, and that both calls are over for it: in whatever order.
pub fn is_out_of(desk: &Neighbour, program: &Program, first: &Dialog, second: &Dialog) {
    let (mut told, mut open) = (false, vec![&first.call_id, &second.call_id]);
    while !(told && open.is_empty()) {
        let request = desk.gets("");
        told |= request.starts_with("NOTIFY ") && request.contains("SIP/2.0 200 ");
        if request.starts_with("BYE ") {
            open.retain(|call| **call != value(&request, "Call-ID:"));
        }
        if !request.starts_with("SIP/2.0 ") {
            desk.answers(program.sip, &request, "200 OK", "");
        }
    }
}

fn open_calls(program: &Program) -> usize {
    program.get("/calls").1["items"].as_array().unwrap().len()
}

#[test]
fn a_caller_is_passed_on_to_somebody_who_was_asked_first() {
    let mut desk = Neighbour::at("127.0.0.4");
    let (_authority, machines, program) = joined_to(desk.addr);
    let (tom, first) = called(&machines, &program, &desk);
    let (tim, second) = asked(&machines, &program, &mut desk);
    assert_eq!(open_calls(&program), 2);
    let to = format!("Refer-To: <sip:{TIM}@{}?Replaces={}>\r\n", program.sip, second.replaces());
    first.ask(&desk, &program, "REFER", 7, &to);
    desk.gets("SIP/2.0 202 ");
    is_out_of(&desk, &program, &first, &second);
    machines.hears(tom, 330.0);
    machines.hears(tim, 1000.0);
    assert_eq!(open_calls(&program), 1, "the two are one call");
    let status = program.get("/trunks/contact-centre/status").1;
    assert_eq!(status["calls"], 0, "the contact centre is out of it: {status:#}");
    // Either of the two ends it for both.
    machines.act(|proxy, now| proxy.hang_up(now, tim));
    machines.over(tim);
    machines.over(tom);
    program.wait_for("/calls", |list| list["items"].as_array()?.is_empty().then_some(()));
    machines.nothing_broken();
    program.stop();
}

#[test]
fn nobody_joins_what_is_not_theirs_and_both_calls_go_on() {
    let mut desk = Neighbour::at("127.0.0.4");
    let (_authority, machines, program) = joined_to(desk.addr);
    let (tom, first) = called(&machines, &program, &desk);
    let (tim, second) = asked(&machines, &program, &mut desk);
    // A call that is none, the call itself, and the side of the other call that is Teams'.
    let with_teams =
        machines.act(|proxy, _| proxy.replaces(tim)).unwrap().replace(';', "%3B").replace('=', "%3D");
    for (cseq, replaces, code) in [
        (7, "nobody%3Bto-tag%3D1%3Bfrom-tag%3D2".to_string(), 481),
        (8, first.replaces(), 403),
        (9, with_teams, 403),
    ] {
        let to = format!("Refer-To: <sip:{TIM}@{}?Replaces={replaces}>\r\n", program.sip);
        first.ask(&desk, &program, "REFER", cseq, &to);
        let refused = loop {
            let answer = desk.gets("SIP/2.0 ");
            if line(&answer, "CSeq:").contains(&format!("{cseq} REFER")) && !answer.starts_with("SIP/2.0 1") {
                break answer;
            }
        };
        assert!(refused.starts_with(&format!("SIP/2.0 {code} ")), "{replaces}: {refused}");
    }
    assert_eq!(open_calls(&program), 2);
    first.ask(&desk, &program, "BYE", 20, "");
    machines.over(tom);
    second.ask(&desk, &program, "BYE", 21, "");
    machines.over(tim);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn what_is_said_of_a_transfer_is_kept_nowhere_not_even_while_the_call_is_up() {
    let desk = Neighbour::at("127.0.0.4");
    let (_authority, machines, program) = joined_to(desk.addr);
    let (tom, dialog) = called(&machines, &program, &desk);
    let references = ";x-m=8:orgid:canary-mri;x-t=canary-tenant";
    let lines = format!("Refer-To: <sip:{TIM}@{}{references}>\r\n", program.sip);
    dialog.ask(&desk, &program, "REFER", 7, &lines);
    let (tim, ..) = machines.offered();
    let invite = machines.messages().into_iter().rfind(|m| m.starts_with("received INVITE")).unwrap();
    assert!(invite.lines().next().unwrap().contains(references), "references go on as they came: {invite}");
    let canaries = [&TOM[1..], &TIM[1..], &DESK[1..], "canary-mri", "canary-tenant"];
    let look = || {
        let metrics = program.admin("/metrics");
        let log = program.log.lock().unwrap().clone();
        let places = [("the metrics", metrics.as_bytes()), ("the log", log.as_bytes())];
        nowhere(program.dir.path(), &places, &canaries);
    };
    // While the successor rings, while they talk, and afterwards.
    look();
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, tim, audio, 330));
    machines.up(tim);
    machines.hears(tom, 330.0);
    let calls = program.get("/calls").1;
    let id = calls["items"][0]["id"].as_str().unwrap();
    assert_eq!(program.get(&format!("/calls/{id}")).1["caller"], TOM, "it is known while it is there");
    look();
    machines.act(|proxy, now| proxy.hang_up(now, tim));
    machines.over(tim);
    machines.over(tom);
    program.wait_for("/calls", |list| list["items"].as_array()?.is_empty().then_some(()));
    look();
    machines.nothing_broken();
    let dir = program.dir.clone();
    let log = program.stop();
    nowhere(dir.path(), &[("the log", log.as_bytes())], &canaries);
}
