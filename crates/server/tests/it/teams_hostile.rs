//! What may be done to calls with Microsoft Teams, and how they go on: forged audio, dozens of connections, a certificate that
//! changes in the middle, callers from elsewhere; and transfers of ours, behind the anchor.

use crate::crossing;
use crate::program::{Program, free_port, look_again};
use crate::secure_sip::{Authority, Secure, call_to, client, connect};
use crate::teams_bypass::our_port;
use crate::teams_transfer::{answered, talking};
use crate::teams_trunk::{ANNA, BERTA, FQDN, UDO, both_channels, one_after_the_other, paired};
use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use serde_json::json;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// So many packets are forged, and so many are sent again.
const BAD: usize = 40;
/// So many connections Teams' machines have open.
const MANY: usize = 48;

/// How often audio was dropped for this reason.
pub fn dropped(program: &Program, reason: &str) -> usize {
    let name = format!("switchroom_audio_dropped_total{{reason=\"{reason}\"}} ");
    let metrics = program.admin("/metrics");
    metrics
        .lines()
        .find_map(|line| line.strip_prefix(&name))
        .unwrap_or_else(|| panic!("{name}: {metrics}"))
        .parse()
        .unwrap()
}

#[test]
fn forged_and_replayed_audio_is_counted_and_changes_nothing() {
    let (_authority, machines, program, mut telephone) = paired("");
    let (call, audio) = answered(&machines, &program, &mut telephone);
    assert_eq!((dropped(&program, "unauthenticated"), dropped(&program, "replayed")), (0, 0));
    let sent = machines.wire.sent_from(audio.port());
    let newest = &sent[sent.len().saturating_sub(BAD)..];
    assert_eq!(newest.len(), BAD);
    for packet in newest {
        // As it was; with another tag; with numbers from far ahead; and not protected at all.
        machines.send_from(audio.port(), our_port(&machines), packet);
        let mut forged = packet.clone();
        *forged.last_mut().unwrap() ^= 1;
        machines.send_from(audio.port(), our_port(&machines), &forged);
        forged[2] ^= 0x80;
        machines.send_from(audio.port(), our_port(&machines), &forged);
        machines.send_from(audio.port(), our_port(&machines), &packet[..packet.len() - 10]);
    }
    let until = Instant::now() + Duration::from_secs(40);
    loop {
        let (forged, again) = (dropped(&program, "unauthenticated"), dropped(&program, "replayed"));
        // A number that came before is known without its key being turned, whatever else is wrong.
        if forged >= BAD && again >= BAD {
            break;
        }
        assert!(Instant::now() < until, "{forged} forged and {again} replayed packets were counted");
        look_again();
    }
    telephone.hears(1000);
    machines.hears(call, 440.0);
    telephone.command("hangup", "");
    machines.over(call);
    both_channels(&program, 440, 1000);
    machines.nothing_broken();
    program.stop();
}

/// Asks whether we are there, as Teams does; false when the connection is gone.
fn asks(stream: &mut Secure, n: usize) -> bool {
    let ask = format!(
        "OPTIONS sip:{FQDN};transport=tls SIP/2.0\r\nVIA: SIP/2.0/TLS 52.112.0.10:5061;branch=z9hG4bKmany{n}\r\n\
         FROM: <sip:sip.pstnhub.test>;tag={n}\r\nTO: <sip:{FQDN}>\r\nCALL-ID: many{n}\r\nCSEQ: 1 OPTIONS\r\n\
         CONTACT: <sip:sip.pstnhub.test:5061;transport=tls>\r\nMAX-FORWARDS: 70\r\nCONTENT-LENGTH: 0\r\n\r\n"
    );
    let (mut heard, mut piece) = (String::new(), [0; 4096]);
    if stream.write_all(ask.as_bytes()).is_err() {
        return false;
    }
    while !heard.contains("\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(n) if n > 0 => heard.push_str(&String::from_utf8_lossy(&piece[..n])),
            _ => return false,
        }
    }
    heard.starts_with("SIP/2.0 200")
}

#[test]
fn dozens_of_machines_connect_and_a_new_certificate_of_theirs_changes_nothing() {
    let (authority, machines, program, mut telephone) = paired("");
    let call = talking(&machines, &program, &mut telephone);
    let config =
        client(&authority.path("ca.pem"), Some((authority.path("teams.pem"), authority.path("teams.key"))));
    let mut all: Vec<Secure> = (0..MANY).map(|_| connect(&config, machines.controller(), FQDN)).collect();
    for turn in 0..2 {
        for (n, stream) in all.iter_mut().enumerate() {
            assert!(asks(stream, turn * MANY + n), "connection {n} is answered, also the second time");
        }
    }
    machines.hears(call, 440.0);
    // The certificate of the machines is another one from here on, and connections of before are gone.
    machines.renew_certificate(&authority);
    machines.hang_up_connections();
    for on in [true, false] {
        machines.act(|proxy, now| proxy.hold(now, call, on));
        machines.changed(call);
    }
    machines.hears(call, 440.0);
    telephone.hears(1000);
    telephone.command("hangup", "");
    machines.over(call);
    telephone.event("CALL_CLOSED");
    program.set_agent("anna", "available");
    let next = talking(&machines, &program, &mut telephone);
    telephone.command("hangup", "");
    machines.over(next);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn whoever_calls_from_outside_the_networks_is_no_teams_whatever_is_shown() {
    let authority = Authority::new();
    authority.sign_for("serverAuth,clientAuth", "ours", &format!("DNS:{FQDN}"), 30);
    authority.sign("good", "DNS:*.pstnhub.test", 30);
    let port = free_port();
    let files = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\n---\n\
         kind: Trunk\nid: teams\nteams:\n  fqdn: {FQDN}\n  hosts: [{{name: sip.pstnhub.test, address: \"127.0.0.1:{}\"}}]\n\
         networks: [127.0.0.8/32]\ntls_names: [\"*.pstnhub.test\"]\n",
        free_port()
    );
    let program = Program::start_with_sip(&[("tenant.yaml", &files)], &authority.lines(port, "ours"));
    let shows = (authority.path("good.pem"), authority.path("good.key"));
    let config = client(&authority.path("ca.pem"), Some(shows));
    let uri = format!("sip:+49421555404@{FQDN}:{port};user=phone;transport=tls");
    let call_from = |last: u8| {
        let socket = crossing::connect([127, 0, 0, last], ([127, 0, 0, 1], port).into());
        socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
        let name = ServerName::try_from(FQDN).unwrap();
        call_to(&mut Secure::new(ClientConnection::new(config.clone(), name).unwrap(), socket), &uri)
    };
    assert_eq!(call_from(8), Some(404), "one of Teams' machines, and a number that nobody has");
    assert_eq!(call_from(9), None, "nobody is there for the same from elsewhere");
    program.stop();
}

#[test]
fn an_agent_in_teams_gives_a_caller_to_another_one_by_our_transfer() {
    let (_authority, machines, program, mut telephone) = paired("");
    let call = talking(&machines, &program, &mut telephone);
    let id = program.wait_for("/calls", |list| Some(list["items"][0]["id"].as_str()?.to_string()));
    program.set_agent("berta", "available");
    program.act(&id, json!({"by": "anna", "action": "transfer", "to": {"agent": "berta"}}));
    machines.over(call);
    let (next, _, number, _) = machines.offered();
    assert_eq!(number, BERTA);
    let audio = machines.audio();
    machines.act(|proxy, now| proxy.answer(now, next, audio, 330));
    machines.up(next);
    telephone.hears(330);
    machines.hears(next, 440.0);
    telephone.command("hangup", "");
    machines.over(next);
    one_after_the_other(&program, 440, &[1000, 330]);
    machines.nothing_broken();
    program.stop();
}

#[test]
fn a_teams_user_who_called_is_given_to_a_telephone_by_our_transfer() {
    let (_authority, machines, program, mut telephone) = paired("");
    let (theirs, ours) = (machines.audio(), machines.audio());
    let caller =
        machines.act(|proxy, now| proxy.call(now, (1, FQDN), (UDO, "Udo"), "+49421555100", (theirs, 523)));
    machines.up(caller);
    let (agent, _, number, _) = machines.offered();
    assert_eq!(number, ANNA);
    machines.act(|proxy, now| proxy.answer(now, agent, ours, 1000));
    machines.up(agent);
    machines.hears(caller, 1000.0);
    machines.hears(agent, 523.0);
    let id = program.wait_for("/calls", |list| Some(list["items"][0]["id"].as_str()?.to_string()));
    program.act(&id, json!({"by": "anna", "action": "transfer", "to": {"number": "+4930555"}}));
    machines.over(agent);
    telephone.event("CALL_INCOMING");
    telephone.command("accept", "");
    machines.hears(caller, 440.0);
    telephone.hears(523);
    machines.act(|proxy, now| proxy.hang_up(now, caller));
    machines.over(caller);
    telephone.event("CALL_CLOSED");
    one_after_the_other(&program, 523, &[1000, 440]);
    machines.nothing_broken();
    program.stop();
}
