//! A flood of handshakes that are never finished, of one address and of many, while Teams and telephones are served.

use crate::crossing;
use crate::program::{Program, free_port, look_again};
use crate::secure_sip::{Authority, client, connect_from, register_on};
use crate::teams_machines::Machines;
use crate::teams_trunk::{FQDN, UDO};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// So many handshakes from one address, the head of a record each, whose rest never comes.
fn stalled(from: [u8; 4], count: usize, port: u16) -> Vec<TcpStream> {
    let one = |_| {
        let mut stream = crossing::connect(from, ([127, 0, 0, 1], port).into());
        // Who is one too many is closed already.
        let _ = stream.write_all(&[22, 3, 1, 1, 0, 1]);
        stream
    };
    (0..count).map(one).collect()
}

/// Waits until so many handshakes were refused.
#[track_caller]
fn refused(program: &Program, count: u64) {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let page = program.admin("/metrics");
        let line = page.lines().find_map(|l| l.strip_prefix("switchroom_sip_handshakes_refused_total "));
        let found: u64 = line.unwrap().parse().unwrap();
        if found >= count {
            return;
        }
        assert!(Instant::now() < until, "{found} handshakes are refused, and {count} never are");
        look_again();
    }
}

#[test]
fn a_flood_of_handshakes_displaces_neither_teams_nor_telephones() {
    let authority = Authority::new();
    authority.sign_for("serverAuth,clientAuth", "ours", &format!("DNS:{FQDN},IP:127.0.0.1"), 30);
    let port = free_port();
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let machines = Machines::start(&authority, &[("contoso.test", &[UDO])], at);
    let files = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\nsip_domain: phones.test\n---\n\
         kind: Trunk\nid: teams\nteams:\n  fqdn: {FQDN}\n  hosts: [{hosts}]\nnetworks: [127.0.0.1/32]\ntls_names: [\"*.pstnhub.test\"]\n---\n\
         kind: Trunk\nid: carrier\nnetworks: [127.0.0.2/32]\n---\n\
         kind: Prompt\nid: music\ntone: {{hz: 700, length: 10s}}\n---\n\
         kind: Number\nid: service\nnumber: \"+49421555100\"\nflow: service\n---\n\
         kind: Flow\nid: service\nsteps:\n  - queue: service\n---\n\
         kind: Queue\nid: service\nmusic: music\nagents: []\n---\n\
         kind: User\nid: anna\nroles: [agent]\nnumber: \"201\"\nregisters: {{user: anna, password_file: anna}}\n",
        hosts = machines.hosts(),
    );
    let secrets = [("anna", "a long one")];
    let program = Program::start_secure(&[("tenant.yaml", &files)], &secrets, &authority.lines(port, "ours"));
    machines.ready();
    let talk = |host: usize| {
        let audio = machines.audio();
        let call = machines
            .act(|proxy, now| proxy.call(now, (host, FQDN), (UDO, "Udo"), "+49421555100", (audio, 440)));
        machines.up(call);
        machines.hears(call, 700.0);
        call
    };
    let first = talk(0);

    // A carrier that is known floods, and so do strangers of seven networks: more than each may have.
    let mut flood = stalled([127, 0, 0, 2], 100, port);
    refused(&program, 30);
    for n in 1..=7 {
        flood.extend(stalled([127, 0, 1, n], 20, port));
    }
    refused(&program, 50);

    // Teams' connections all go, and it comes back with new ones, as we do.
    machines.hang_up_connections();
    let second = talk(1);
    machines.hears(first, 700.0);

    // A telephone that nobody knew before finds a place, because others stall.
    let config = client(&authority.path("ca.pem"), None);
    let until = Instant::now() + Duration::from_secs(60);
    while register_on(&mut connect_from(&config, [127, 0, 2, 1], port, "127.0.0.1")) != Some(401) {
        assert!(Instant::now() < until, "a telephone never finds a place");
        look_again();
    }
    for call in [first, second] {
        machines.act(|proxy, now| proxy.hang_up(now, call));
        machines.over(call);
    }
    drop(flood);
    machines.nothing_broken();
    program.stop();
}
