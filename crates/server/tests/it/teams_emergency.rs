//! Somebody in Teams calls for help: where they are goes on untouched to the trunk that is named for emergency numbers, to no
//! other, and stays nowhere. It is the same for people there who are no agents.

use crate::neighbours::{Neighbour, SDP, line};
use crate::program::Program;
use crate::teams_bridge::everything;
use crate::teams_machines::Machines;
use crate::teams_trunk::{ANNA, FQDN};
use sim::teams_proxy::TeamsEvent;

/// As RFC 6442 shows it, with a blank line inside, and header lines of its own.
const PLACE: &str = "CONTENT-TYPE: application/pidf+xml\r\nContent-ID: <canary-place@contoso.test>\r\n\r\n\
    <?xml version=\"1.0\"?>\r\n<presence entity=\"pres:anna@contoso.test\">\r\n\r\n  <A6>Canary Street</A6>\t<HNO>7</HNO>\r\n</presence>\r\n";
const HEADERS: &str = "GEOLOCATION: <cid:canary-place@contoso.test>\r\nGEOLOCATION-ROUTING: yes\r\n";

/// What the rules of the trunk to Teams make the emergency number of.
const OWN_112: &str = "+4942155500112";

#[test]
fn where_somebody_is_who_calls_for_help_reaches_the_trunk_for_emergencies_alone() {
    let (authority, machines) = Machines::beside(&format!("DNS:{FQDN}"), &[("contoso.test", &[ANNA])]);
    let (help, carrier) = (Neighbour::at("127.0.0.4"), Neighbour::at("127.0.0.5"));
    let files = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\ndial: {{allow: [\"+49\"]}}\n---\n\
         kind: Trunk\nid: teams\nteams:\n  fqdn: {FQDN}\n  hosts: [{hosts}]\nnetworks: [127.0.0.1/32]\ntls_names: [\"*.pstnhub.test\"]\n\
         inbound_rules: [{{match: {{exact: \"{OWN_112}\"}}, strip: 11}}]\n---\n\
         kind: Trunk\nid: help\nproxies: [\"{help}\"]\nemergency: true\ncaller_id: {{number: \"+49421555100\"}}\n---\n\
         kind: Trunk\nid: carrier\nproxies: [\"{carrier}\"]\noutbound: true\n---\n\
         kind: User\nid: anna\nroles: [agent]\nteams_number: \"{ANNA}\"\nat_start: available\n",
        hosts = machines.hosts(),
        help = help.addr,
        carrier = carrier.addr,
    );
    let program = Program::start_secure(
        &[("tenant.yaml", &files)],
        &[],
        &authority.lines(machines.controller(), "ours"),
    );
    std::fs::remove_dir_all(program.dir.path().join("tenant")).unwrap();
    machines.ready();
    machines.act(|proxy, _| proxy.set_location(HEADERS, PLACE));
    for (number, to, has_place) in
        [("112", &help, true), (OWN_112, &help, true), ("+4930555", &carrier, false)]
    {
        let audio = machines.audio();
        let caller =
            machines.act(|proxy, now| proxy.call(now, (0, FQDN), (ANNA, "Anna"), number, (audio, 440)));
        let invite = to.gets("INVITE");
        assert!(!has_place || invite.starts_with("INVITE sip:112@"), "{number}: {invite}");
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
        if has_place {
            // The end of the account waits for whoever calls for help.
            let (status, said) = program.post_json("/closing", &serde_json::json!({"tenant": "test"}));
            assert!(
                status == 409 && said["detail"].as_str().unwrap().contains("emergency"),
                "{status} {said}"
            );
        }
        machines.act(|proxy, now| proxy.hang_up(now, caller));
        machines.over(caller);
        to.answers(program.sip, &to.gets("BYE"), "200 OK", "");
    }
    machines.nothing_broken();
    program.wait_for("/calls", |list| {
        let all = list["items"].as_array()?;
        (all.len() == 3 && all.iter().all(|call| call["state"] == "ended")).then_some(())
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

/// Somebody in Teams who is none of the tenant's users.
const GUEST: &str = "+4942155599";

/// Has somebody who is no user call an emergency number, in a tenant with this document and these trunks beside the one to
/// Teams, for which there are these lines. `reaches` is who is called, and whether they learn where the caller is.
fn who_is_no_user_is_helped(
    tenant: &str,
    more: &str,
    trunks: impl Fn(&Neighbour, &Neighbour) -> String,
    (to_help, has_place): (bool, bool),
) {
    let (authority, machines) = Machines::beside(&format!("DNS:{FQDN}"), &[("contoso.test", &[GUEST])]);
    let (help, other) = (Neighbour::at("127.0.0.4"), Neighbour::at("127.0.0.5"));
    let files = format!(
        "kind: Tenant\nid: test\ncountry: DE\n{tenant}---\n\
         kind: Trunk\nid: teams\nteams:\n  fqdn: {FQDN}\n  hosts: [{hosts}]\nnetworks: [127.0.0.1/32]\n\
         tls_names: [\"*.pstnhub.test\"]\n{more}---\n{trunks}",
        hosts = machines.hosts(),
        trunks = trunks(&help, &other),
    );
    let lines = authority.lines(machines.controller(), "ours");
    let program = Program::start_secure(&[("tenant.yaml", &files)], &[], &lines);
    machines.ready();
    machines.act(|proxy, _| proxy.set_location(HEADERS, PLACE));
    // Only help: nobody who is no user calls others at our cost.
    let audio = machines.audio();
    let elsewhere =
        machines.act(|proxy, now| proxy.call(now, (0, FQDN), (GUEST, "Guest"), "+33155555", (audio, 440)));
    machines.event("a call elsewhere is refused", |e| {
        (*e == TeamsEvent::Refused { call: elsewhere, code: 404 }).then_some(())
    });
    let audio = machines.audio();
    let caller = machines.act(|proxy, now| proxy.call(now, (0, FQDN), (GUEST, "Guest"), "112", (audio, 440)));
    let reached = if to_help { &help } else { &other };
    let invite = reached.gets("INVITE");
    assert!(invite.starts_with("INVITE sip:112@"), "{invite}");
    assert!(line(&invite, "From:").contains(GUEST), "whoever helps can call back: {invite}");
    assert_eq!(invite.contains(PLACE), has_place, "{invite}");
    let contact = format!("Contact: <sip:h@{}>\r\n", reached.addr);
    reached.answers_as("t", program.sip, &invite, "200 OK", &contact, SDP);
    reached.gets("ACK");
    machines.up(caller);
    machines.act(|proxy, now| proxy.hang_up(now, caller));
    machines.over(caller);
    reached.answers(program.sip, &reached.gets("BYE"), "200 OK", "");
    machines.nothing_broken();
    program.stop();
}

#[test]
fn who_is_no_agent_calls_for_help_from_teams_too() {
    let both = |help: &Neighbour, other: &Neighbour| {
        format!(
            "kind: Trunk\nid: other\nproxies: [\"{}\"]\noutbound: true\n---\n\
             kind: Trunk\nid: help\nproxies: [\"{}\"]\nemergency: true\ncaller_id: {{number: \"+49421555100\"}}\n",
            other.addr, help.addr
        )
    };
    who_is_no_user_is_helped("profile: contact-center\n", "", both, (true, true));
}

#[test]
fn what_a_rule_of_a_bridge_leaves_out_keeps_no_call_for_help_back() {
    let rule = "passes_to: [{trunk: other, numbers: [\"+49\"]}]\n";
    let both = |help: &Neighbour, other: &Neighbour| {
        format!(
            "kind: Trunk\nid: other\nproxies: [\"{}\"]\n---\nkind: Trunk\nid: help\nproxies: [\"{}\"]\nemergency: true\n",
            other.addr, help.addr
        )
    };
    who_is_no_user_is_helped("profile: bridge\n", rule, both, (true, true));
    // Without a trunk for it, it goes where the other calls go.
    let one =
        |_: &Neighbour, other: &Neighbour| format!("kind: Trunk\nid: other\nproxies: [\"{}\"]\n", other.addr);
    who_is_no_user_is_helped("profile: bridge\n", rule, one, (false, false));
}
