//! A machine of Teams that calls name and no trunk does: where its name leads is asked of a server of the DNS.

use crate::baresip::Baresip;
use crate::program::Program;
use crate::teams_machines::Machines;
use crate::teams_trunk::{ANNA, BERTA, FQDN, UDO, tenant};
use std::net::{SocketAddr, UdpSocket};
use std::thread::JoinHandle;

/// A server of the DNS that knows one name, which is here.
struct NameServer {
    addr: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

/// A name as questions have it: each label after its length.
fn labels(name: &str) -> Vec<u8> {
    let mut out: Vec<u8> = name.split('.').flat_map(|l| [&[l.len() as u8], l.as_bytes()].concat()).collect();
    out.push(0);
    out
}

impl NameServer {
    fn of(name: &str) -> NameServer {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let addr = socket.local_addr().unwrap();
        let known = [labels(name), vec![0, 1, 0, 1]].concat();
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 512];
            // Whoever sends nothing at all ends it.
            while let Ok((n, from)) = socket.recv_from(&mut buffer) {
                if n == 0 {
                    return;
                }
                let asked = &buffer[12..n];
                let end = asked.iter().position(|b| *b == 0).unwrap() + 5;
                let found = asked[..end].eq_ignore_ascii_case(&known);
                let mut answer = buffer[..2].to_vec();
                answer.extend([0x81, if found { 0x80 } else { 0x83 }, 0, 1, 0, u8::from(found), 0, 0, 0, 0]);
                answer.extend(&asked[..end]);
                if found {
                    // The name of the question, an address, for a minute.
                    answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
                }
                socket.send_to(&answer, from).unwrap();
            }
        });
        NameServer { addr, thread: Some(thread) }
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        let ends = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(&[], self.addr));
        if let (Ok(_), Some(thread)) = (ends, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

#[test]
fn a_request_in_a_call_goes_to_the_machine_whose_name_the_dns_knows() {
    const NAME: &str = "sip-du-a-eu.pstnhub.test";
    let users: [&str; 3] = [ANNA, BERTA, UDO];
    let (authority, machines) = Machines::beside(&format!("DNS:{FQDN}"), &[("contoso.test", &users)]);
    let telephone = Baresip::start("+4930555", 440.0);
    let names = NameServer::of(NAME);
    // The third machine is none of the trunk's hosts.
    let third = machines
        .hosts()
        .split_once(", {name: sip3.")
        .map(|(_, rest)| format!(", {{name: sip3.{rest}"))
        .unwrap();
    let files = tenant(&machines, telephone.sip, "", "ring_time: 20s\n").replace(&third, "");
    let lines =
        authority.lines(machines.controller(), "ours") + &format!("name_servers = \"{}\"\n", names.addr);
    let program = Program::start_secure(&[("tenant.yaml", &files)], &[], &lines);
    machines.ready_at(0..2);
    assert_eq!(machines.connections(2).0, 0);
    let port = machines.addrs[2].port();
    machines.act(|proxy, _| proxy.set_route(&format!("{NAME}:{port}")));
    let (theirs, ours) = (machines.audio(), machines.audio());
    let caller =
        machines.act(|proxy, now| proxy.call(now, (0, FQDN), (UDO, "Udo"), "+49421555100", (theirs, 440)));
    machines.up(caller);
    let (agent, host, ..) = machines.offered();
    assert_eq!(host, 0);
    machines.act(|proxy, now| proxy.answer(now, agent, ours, 1000));
    machines.up(agent);
    machines.hears(caller, 1000.0);
    machines.hears(agent, 440.0);
    // The caller's INVITE named the machine before: already the ACK to the agent's answer goes there.
    assert!(machines.connections(2).0 > 0, "a machine is reached over connections of ours");
    // With the hosts of the trunk gone, only that name leads to Teams.
    machines.shut(0);
    machines.shut(1);
    machines.act(|proxy, now| proxy.hang_up_from(now, caller, 2));
    machines.over(caller);
    machines.over(agent);
    machines.nothing_broken();
    program.stop();
}
