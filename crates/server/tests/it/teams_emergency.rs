//! Somebody in Teams calls for help: where they are goes on untouched to the trunk that is named for emergency numbers, to no
//! other, and stays nowhere.

use crate::neighbours::{Neighbour, SDP, line};
use crate::program::{Program, free_port};
use crate::secure_sip::Authority;
use crate::teams_bridge::everything;
use crate::teams_machines::Machines;
use crate::teams_trunk::{ANNA, FQDN};
use std::net::SocketAddr;

/// As RFC 6442 shows it, with a blank line inside, and header lines of its own.
const PLACE: &str = "CONTENT-TYPE: application/pidf+xml\r\nContent-ID: <canary-place@contoso.test>\r\n\r\n\
    <?xml version=\"1.0\"?>\r\n<presence entity=\"pres:anna@contoso.test\">\r\n\r\n  <A6>Canary Street</A6>\t<HNO>7</HNO>\r\n</presence>\r\n";
const HEADERS: &str = "GEOLOCATION: <cid:canary-place@contoso.test>\r\nGEOLOCATION-ROUTING: yes\r\n";

#[test]
fn where_somebody_is_who_calls_for_help_reaches_the_trunk_for_emergencies_alone() {
    let authority = Authority::new();
    authority.sign_for("serverAuth,clientAuth", "ours", &format!("DNS:{FQDN}"), 30);
    let port = free_port();
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let machines = Machines::start(&authority, &[("contoso.test", &[ANNA])], at);
    let (help, carrier) = (Neighbour::at("127.0.0.4"), Neighbour::at("127.0.0.5"));
    let files = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\ndial: {{allow: [\"+49\"]}}\n---\n\
         kind: Trunk\nid: teams\nteams:\n  fqdn: {FQDN}\n  hosts: [{hosts}]\nnetworks: [127.0.0.1/32]\ntls_names: [\"*.pstnhub.test\"]\n---\n\
         kind: Trunk\nid: help\nproxies: [\"{help}\"]\nemergency: true\ncaller_id: {{number: \"+49421555100\"}}\n---\n\
         kind: Trunk\nid: carrier\nproxies: [\"{carrier}\"]\noutbound: true\n---\n\
         kind: User\nid: anna\nroles: [agent]\nteams_number: \"{ANNA}\"\nat_start: available\n",
        hosts = machines.hosts(),
        help = help.addr,
        carrier = carrier.addr,
    );
    let program = Program::start_secure(&[("tenant.yaml", &files)], &[], &authority.lines(port, "ours"));
    std::fs::remove_dir_all(program.dir.path().join("tenant")).unwrap();
    machines.ready();
    machines.act(|proxy, _| proxy.set_location(HEADERS, PLACE));
    for (number, to, has_place) in [("112", &help, true), ("+4930555", &carrier, false)] {
        let audio = machines.audio();
        let caller =
            machines.act(|proxy, now| proxy.call(now, (0, FQDN), (ANNA, "Anna"), number, (audio, 440)));
        let invite = to.gets("INVITE");
        assert_eq!(invite.contains(PLACE), has_place, "{number}: {invite}");
        assert_eq!(invite.to_lowercase().contains("geolocation"), has_place, "{number}: {invite}");
        assert_eq!(invite.contains("canary-place"), has_place, "{number}: {invite}");
        if has_place {
            assert_eq!(line(&invite, "Geolocation:"), "Geolocation: <cid:canary-place@contoso.test>");
            assert_eq!(line(&invite, "Geolocation-Routing:"), "Geolocation-Routing: yes");
            assert!(line(&invite, "Content-Type:").contains("multipart/mixed"), "{invite}");
        }
        to.answers_as("t", program.sip, &invite, "200 OK", &format!("Contact: <sip:h@{}>\r\n", to.addr), SDP);
        to.gets("ACK");
        machines.up(caller);
        machines.act(|proxy, now| proxy.hang_up(now, caller));
        machines.over(caller);
        to.answers(program.sip, &to.gets("BYE"), "200 OK", "");
    }
    machines.nothing_broken();
    program.wait_for("/calls", |list| {
        let all = list["items"].as_array()?;
        (all.len() == 2 && all.iter().all(|call| call["state"] == "ended")).then_some(())
    });
    let metrics = program.admin("/metrics");
    let dir = program.dir.clone();
    let mut places = Vec::new();
    everything(dir.path(), &mut places);
    let log = program.stop();
    everything(dir.path(), &mut places);
    places.push(("the log".into(), log.into_bytes()));
    places.push(("the metrics".into(), metrics.into_bytes()));
    for (place, bytes) in &places {
        for canary in ["Canary Street", "canary-place", "pres:anna"] {
            let found = bytes.windows(canary.len()).any(|w| w == canary.as_bytes());
            assert!(!found, "{canary} can be read in {place}");
        }
    }
    assert!(places.len() > 4, "database and keys were looked at");
}
