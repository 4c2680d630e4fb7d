//! Somebody calls for help while an account is being closed: the call goes on, whoever closes gets the receipt, and the end
//! comes with the end of that call.

use crate::neighbours::{Neighbour, SDP};
use crate::program::Program;
use crate::teams_machines::Machines;
use crate::teams_trunk::{ANNA, FQDN};
use serde_json::{Value, json};
use sim::teams_proxy::TeamsCall;
use std::time::{Duration, Instant};

const BEN: &str = "+4942155598";
/// Somebody in Teams who is no user of ours.
const GUEST: &str = "+4942155599";

/// A tenant with somebody who talks outside, and somebody who is to call for help.
struct Closing {
    program: Program,
    machines: Machines,
    help: Neighbour,
    carrier: Neighbour,
}

impl Closing {
    fn new(rule: &str) -> Closing {
        let people: &[&str] = &[ANNA, BEN, GUEST];
        let (authority, machines) = Machines::beside(&format!("DNS:{FQDN}"), &[("contoso.test", people)]);
        let (help, carrier) = (Neighbour::at("127.0.0.4"), Neighbour::at("127.0.0.5"));
        let files = format!(
            "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\ndial: {{allow: [\"+49\"]}}\n---\n\
             kind: Trunk\nid: teams\nteams:\n  fqdn: {FQDN}\n  hosts: [{hosts}]\nnetworks: [127.0.0.1/32]\ntls_names: [\"*.pstnhub.test\"]\n---\n\
             kind: Trunk\nid: help\nproxies: [\"{help}\"]\nemergency: true\ncaller_id: {{number: \"+49421555100\"}}\n---\n\
             kind: Trunk\nid: carrier\nproxies: [\"{carrier}\"]\noutbound: true\n---\n\
             kind: User\nid: anna\nroles: [agent]\nteams_number: \"{ANNA}\"\nat_start: available\n---\n\
             kind: User\nid: ben\nroles: [agent]\nteams_number: \"{BEN}\"\nat_start: available\n{rule}",
            hosts = machines.hosts(),
            help = help.addr,
            carrier = carrier.addr,
        );
        let lines = authority.lines(machines.controller(), "ours");
        let program = Program::start_secure(&[("tenant.yaml", &files)], &[], &lines);
        machines.ready();
        Closing { program, machines, help, carrier }
    }

    /// Somebody in Teams calls a number and is answered; gives the call and what reached the far end.
    fn call(&self, who: (&'static str, &'static str), number: &str, far: &Neighbour) -> TeamsCall {
        let audio = self.machines.audio();
        let call = self.machines.act(|proxy, now| proxy.call(now, (0, FQDN), who, number, (audio, 440)));
        let invite = far.gets("INVITE");
        let contact = format!("Contact: <sip:h@{}>\r\n", far.addr);
        far.answers_as("t", self.program.sip, &invite, "200 OK", &contact, SDP);
        far.gets("ACK");
        self.machines.up(call);
        call
    }

    /// Ends the account, while `who` calls for help. Its far end lets the call that is ended with it hang until that
    /// call is up. Gives that call, the answer, and how long it took from the end of the other call on.
    fn end(&self, days: u64, who: (&'static str, &'static str)) -> (TeamsCall, (u16, Value), Duration) {
        let talking = self.call((BEN, "Ben"), "+4930555", &self.carrier);
        std::thread::scope(|scope| {
            let wanted = json!({"tenant": "test", "days": days});
            let closing = scope.spawn(move || self.program.post_json("/closing", &wanted));
            let bye = self.carrier.gets("BYE");
            let help = self.call(who, "112", &self.help);
            self.carrier.answers(self.program.sip, &bye, "200 OK", "");
            self.machines.over(talking);
            let began = Instant::now();
            (help, closing.join().unwrap(), began.elapsed())
        })
    }

    fn hang_up(&self, help: TeamsCall) {
        self.machines.act(|proxy, now| proxy.hang_up(now, help));
        self.machines.over(help);
        self.help.answers(self.program.sip, &self.help.gets("BYE"), "200 OK", "");
    }

    fn ask(&self, method: &str, receipt: &str) -> (u16, Value) {
        let (url, agent) = (format!("http://{}/api/v1/closing", self.program.http), self.program.agent());
        let bearer = format!("Bearer {receipt}");
        let mut answer = match method {
            "DELETE" => agent.delete(url).header("Authorization", bearer).call(),
            _ => agent.get(url).header("Authorization", bearer).call(),
        }
        .unwrap();
        (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
    }
}

#[test]
fn what_is_to_be_destroyed_at_once_is_destroyed_when_the_call_for_help_is_over() {
    let mut closing = Closing::new("");
    let (help, (status, ended), took) = closing.end(0, (ANNA, "Anna"));
    assert_eq!(status, 202, "whoever closes gets the receipt: {ended}");
    assert!(took < Duration::from_secs(30), "and does not wait for the call: {took:?}");
    let receipt = ended["receipt"].as_str().unwrap().to_string();
    assert_eq!(closing.program.get("/calls").0, 403, "it is closed all the same");
    let (status, seen) = closing.ask("GET", &receipt);
    assert_eq!((status, &seen["certificate"]), (200, &Value::Null), "{seen}");
    closing.machines.act(|proxy, _| assert_eq!(proxy.len(), 1, "nobody ended the call"));
    closing.hang_up(help);
    closing.program.set_token(receipt);
    let made = closing
        .program
        .wait_for("/closing", |view| Some(view["certificate"].clone()).filter(|c| *c != Value::Null));
    assert_eq!(made["destroyed"]["rows"]["calls"], 2, "its record was destroyed with the rest: {made}");
    closing.machines.nothing_broken();
    closing.program.stop();
}

#[test]
fn a_closing_is_taken_back_when_the_call_for_help_is_over_and_calls_go_on() {
    let closing = Closing::new("---\nkind: Retention\nid: end\nclass: closing\ndays: 20\n");
    let (help, (status, ended), _) = closing.end(20, (GUEST, "Guest"));
    assert_eq!((status, &ended["state"]), (202, &json!("waiting")), "{ended}");
    let receipt = ended["receipt"].as_str().unwrap().to_string();
    let (status, said) = closing.ask("DELETE", &receipt);
    assert!(status == 409 && said["detail"].as_str().unwrap().contains("emergency"), "{status} {said}");
    closing.hang_up(help);
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let (status, said) = closing.ask("DELETE", &receipt);
        if status == 204 {
            break;
        }
        assert!(status == 409 && Instant::now() < until, "{status} {said}");
        crate::program::look_again();
    }
    // It takes calls as before.
    let again = closing.call((BEN, "Ben"), "+4930556", &closing.carrier);
    closing.machines.act(|proxy, now| proxy.hang_up(now, again));
    closing.machines.over(again);
    closing.carrier.answers(closing.program.sip, &closing.carrier.gets("BYE"), "200 OK", "");
    closing.program.wait_for("/calls", |list| {
        let all = list["items"].as_array()?;
        (all.len() == 3 && all.iter().all(|call| call["state"] == "ended")).then_some(())
    });
    closing.machines.nothing_broken();
    closing.program.stop();
}
