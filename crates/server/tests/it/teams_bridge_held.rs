//! The profile `bridge`: the two calls that a contact centre makes one of are on hold, as they are where telephones ask
//! somebody first, and their audio is on two threads.

use crate::neighbours::{Neighbour, SDP, number_of};
use crate::program::{Program, look_again};
use crate::secure_sip::Authority;
use crate::teams_bridge::{TIM, joined_to};
use crate::teams_bridge_join::{Dialog, asked, called, is_out_of};
use crate::teams_machines::Machines;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

/// Whose side is on hold while the two calls become one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Holds {
    /// The contact centre, both.
    Desk,
    /// Whoever called.
    Caller,
    /// Whoever was asked.
    Asked,
}

/// The contact centre puts a call on hold, or says that it goes on.
fn changes(desk: &Neighbour, program: &Program, dialog: &Dialog, cseq: u32, way: &str) {
    dialog.offer(desk, program, cseq, &format!("{SDP}a={way}\r\n"));
    loop {
        let answer = desk.gets("SIP/2.0 ");
        if number_of(&answer) == cseq && answer.starts_with("SIP/2.0 200 ") {
            break;
        }
    }
    dialog.ask(desk, program, "ACK", cseq, "");
}

/// Machines and a program between them and the desk, whose media are on two threads.
fn on_two_threads(desk: &Neighbour) -> (Authority, Machines, Program) {
    let (authority, machines, program) = joined_to(desk.addr);
    let file = program.dir.path().join("switchroom.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("[media]\n", "[media]\nthreads = 2\n")).unwrap();
    let program = program.restarted();
    machines.ready();
    (authority, machines, program)
}

#[test]
fn whoever_was_on_hold_when_two_calls_became_one_hears_and_is_heard_afterwards() {
    for holds in [Holds::Desk, Holds::Caller, Holds::Asked] {
        let mut desk = Neighbour::at("127.0.0.4");
        let (_authority, machines, program) = on_two_threads(&desk);
        let (tom, first) = called(&machines, &program, &desk);
        if holds == Holds::Desk {
            changes(&desk, &program, &first, 5, "sendonly");
        }
        let (tim, second) = asked(&machines, &program, &mut desk);
        match holds {
            Holds::Desk => changes(&desk, &program, &second, 5, "sendonly"),
            Holds::Caller | Holds::Asked => {
                let who = if holds == Holds::Caller { tom } else { tim };
                machines.act(|proxy, now| proxy.hold(now, who, true));
                machines.changed(who);
            }
        }
        let to = format!("Refer-To: <sip:{TIM}@{}?Replaces={}>\r\n", program.sip, second.replaces());
        first.ask(&desk, &program, "REFER", 7, &to);
        desk.gets("SIP/2.0 202 ");
        is_out_of(&desk, &program, &first, &second);
        let back = match holds {
            Holds::Desk => None,
            Holds::Caller => Some(tom),
            Holds::Asked => Some(tim),
        };
        if let Some(who) = back {
            machines.act(|proxy, now| proxy.hold(now, who, false));
            machines.changed(who);
        }
        machines.hears(tom, 330.0);
        machines.hears(tim, 1000.0);
        machines.act(|proxy, now| proxy.hang_up(now, tom));
        machines.over(tom);
        machines.over(tim);
        nothing_is_left(&program, holds);
        machines.nothing_broken();
        program.stop();
    }
}

/// No call is there, no leg, and no trunk has one.
fn nothing_is_left(program: &Program, of: Holds) {
    program.wait_for("/calls", |list| list["items"].as_array()?.is_empty().then_some(()));
    for trunk in ["contact-centre", "teams"] {
        let status = program.get(&format!("/trunks/{trunk}/status")).1;
        assert_eq!(status["calls"], 0, "{of:?}: {status:#}");
    }
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let metrics = program.admin("/metrics");
        let legs = metrics.lines().find(|l| l.starts_with("switchroom_sip_legs ")).unwrap();
        let open = open_ports(program);
        // The last one is that of browsers.
        if legs == "switchroom_sip_legs 0" && open <= 1 {
            return;
        }
        assert!(Instant::now() < until, "{of:?}: {legs}, {open} ports are open");
        look_again();
    }
}

/// How many of the program's ports for audio are open.
fn open_ports(program: &Program) -> usize {
    let text = std::fs::read_to_string(program.dir.path().join("switchroom.toml")).unwrap();
    let ports = text.split_once("ports = \"").unwrap().1.split_once('"').unwrap().0;
    let (first, last) = ports.split_once('-').unwrap();
    let range = first.parse::<u16>().unwrap()..=last.parse().unwrap();
    range.filter(|port| UdpSocket::bind(("127.0.0.1", *port)).is_err()).count()
}
