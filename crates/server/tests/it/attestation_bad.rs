//! What is checked is turned bad in a running server, one thing after the other, and the answer must change; and back.

use crate::directory::{self, APP};
use crate::outside::crm;
use crate::program::{Program, free_port, run};
use crate::secure_sip::Authority;
use crate::security_events::tenant as guarded;
use serde_json::json;
use sim::microsoft::Holder;
use std::net::UdpSocket;
use std::time::Duration;

/// The result of one check of a running server, and what it saw.
#[track_caller]
fn result(program: &Program, check: &str) -> (String, String) {
    let (status, document) = program.post_json("/attestation", &json!({"checks": [check]}));
    assert_eq!(status, 200, "{document}");
    let all = document["checks"].as_array().unwrap();
    let found = all.iter().find(|c| c["check"] == check).unwrap();
    (found["result"].as_str().unwrap().to_string(), found["found"].to_string())
}

#[track_caller]
fn is_good(program: &Program, check: &str) {
    let (said, found) = result(program, check);
    assert_eq!(said, "as it should be", "{check}: {found}");
}

#[track_caller]
fn is_bad(program: &Program, check: &str, because: &str) {
    let (said, found) = result(program, check);
    assert!(said == "not as it should be" && found.contains(because), "{check}: {said}, {found}");
}

#[test]
fn alerts_destinations_retention_and_backups_are_seen_to_turn_bad() {
    let (addr, _got) = crm();
    let program = Program::start_with_secrets(
        &[("tenant.yaml", &guarded(""))],
        &[("anna", "a long one"), ("hook", "h4")],
    );
    // Nobody is told of security events; then somebody is.
    is_bad(&program, "alerts", "0 webhooks");
    let hook = json!({"url": format!("http://{addr}/events"), "allow_private": true, "secret_file": "hook",
        "events": ["security-alert"]});
    let (status, said) = program.put("/webhooks/crm", &hook);
    assert_eq!(status, 200, "{said}");
    is_good(&program, "alerts");
    // A system that was talked to and that no configuration declares any more.
    assert_eq!(program.post("/security/test-alert").1["receivers"][0]["delivered"], true);
    is_good(&program, "destinations");
    assert_eq!(program.delete("/webhooks/crm"), 204);
    is_bad(&program, "destinations", "declared by nothing");
    assert_eq!(program.put("/webhooks/crm", &hook).0, 200);
    is_good(&program, "destinations");

    // No rule of retention, then one whose job does not run and that has something to do.
    is_bad(&program, "retention", "0 rules");
    assert_eq!(program.put("/retention-rules/calls", &json!({"class": "call", "days": 30})).0, 200);
    is_good(&program, "retention");

    // A backup that was restored for trial; then one that is away while a key is destroyed.
    let dir = program.dir.clone();
    let config = dir.path().join("switchroom.toml").display().to_string();
    let copy = dir.path().join("copy");
    let name = copy.display().to_string();
    is_bad(&program, "backups", "no backup");
    assert_eq!(run(&["backup", &name, "--config", &config]).0, 0);
    is_bad(&program, "backups", "never restored for trial");
    let (code, said, wrong) = run(&["rehearse", &name, "--config", &config]);
    assert_eq!(code, 0, "{said}{wrong}");
    is_good(&program, "backups");
    let away = dir.path().join("away");
    std::fs::rename(&copy, &away).unwrap();
    // The check of rights makes somebody up and erases them: a key is destroyed.
    is_good(&program, "rights");
    is_bad(&program, "backups", "cannot be reached");
    std::fs::rename(&away, &copy).unwrap();
    is_good(&program, "backups");
    let token = program.bearer().replace("Bearer ", "");
    program.stop();

    // A job that was stopped while something is due, and an increment that is too old.
    let db = rusqlite::Connection::open(dir.path().join("data/switchroom.db")).unwrap();
    db.execute_batch(
        "INSERT INTO calls (tenant, id, began, ended, party, record) VALUES (1, 900000, 1, 2, 0, x'00')",
    )
    .unwrap();
    drop(db);
    let list = dir.path().join("data/switchroom.copies");
    let text = std::fs::read_to_string(&list).unwrap();
    let (_, rest) = text.split_once('\t').unwrap();
    std::fs::write(&list, format!("1000\t{rest}")).unwrap();
    let mut program = Program::start_again(dir);
    program.set_token(token);
    is_bad(&program, "retention", "1 calls due");
    is_bad(&program, "backups", "younger than two days");
}

/// Signalling in the clear turns the answer about transport, and the way is named.
#[test]
fn a_trunk_or_phone_elsewhere_without_tls_is_seen() {
    let program = Program::start_with_secrets(
        &[("tenant.yaml", &guarded(""))],
        &[("anna", "a long one"), ("hook", "h4")],
    );
    let answer = |program: &Program| {
        let (_, document) = program.post_json("/attestation", &json!({"checks": ["tls"]}));
        let all = document["answers"].as_array().unwrap();
        all.iter().find(|a| a["id"] == "DHP_G16").unwrap()["answer"].clone()
    };
    is_good(&program, "tls");
    assert_eq!(answer(&program), "yes");
    let far = json!({"networks": ["192.0.2.0/24"], "proxies": ["192.0.2.1:5060"]});
    assert_eq!(program.put("/trunks/far", &far).0, 200);
    is_bad(&program, "tls", "trunk far: calls are sent there without TLS");
    assert_eq!(answer(&program), "no");
    let safe = json!({"networks": ["192.0.2.0/24"], "tls_names": ["sbc.example.com"],
        "proxies": [{"host": "192.0.2.1", "transport": "tls"}]});
    assert_eq!(program.put("/trunks/far", &safe).0, 200);
    is_good(&program, "tls");
    let phone = json!({"name": "Ben", "roles": ["agent"], "phone": "sip:ben@192.0.2.8:6001"});
    assert_eq!(program.put("/users/ben", &phone).0, 200);
    is_bad(&program, "tls", "user ben: the phone is rung without TLS");
}

#[test]
fn a_permission_beyond_what_is_needed_is_seen_in_the_token_that_carries_it() {
    let m = directory::microsoft(10);
    let wanda = directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    directory::change(&m, |m, _, tenant| m.grant(tenant, APP, "Mail.Read", Holder::Application));
    let program = directory::connected(&m, &wanda);
    // Presence is read with a token of this app.
    let has_token = |program: &Program| {
        program.wait_for("/directory/status", |s| s["presence"]["at"].as_str().map(|_| ()));
    };
    has_token(&program);
    is_bad(&program, "permissions", "Mail.Read beyond them");
    directory::change(&m, |m, _, tenant| m.revoke(tenant, APP, "Mail.Read"));
    let program = program.restarted();
    has_token(&program);
    is_good(&program, "permissions");
    program.stop();
}

/// A caller of the trunk whose Contact leads to another machine: what we ask of it goes there.
#[test]
fn a_far_end_that_no_trunk_names_is_seen_once_something_was_asked_of_it() {
    let tenant = "kind: Tenant\nid: test\nprofile: contact-center\n---\n\
                  kind: Trunk\nid: carrier\nnetworks: [127.0.0.1/32]\n---\n\
                  kind: Prompt\nid: hello\ntone: {hz: 523, length: 200ms}\n---\n\
                  kind: Flow\nid: main\nsteps:\n  - say: hello\n---\n\
                  kind: Number\nid: n100\nnumber: \"100\"\nflow: main\n";
    let program = Program::start_as_owner(&[("tenant.yaml", tenant)]);
    is_good(&program, "destinations");
    let call = |contact: &str, name: &str| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let (from, to) = (socket.local_addr().unwrap(), program.sip);
        let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                   m=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n";
        let head = |method: &str, tag: &str, more: &str| {
            format!(
                "{method} sip:100@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{name}{method}\r\nMax-Forwards: 70\r\n\
                 From: <sip:+15550188601@{from}>;tag={name}\r\nTo: <sip:100@{to}>{tag}\r\nCall-ID: {name}@{from}\r\n\
                 CSeq: 1 {method}\r\n{more}"
            )
        };
        let offer = format!(
            "Contact: <sip:caller@{contact}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        );
        socket.send_to(head("INVITE", "", &offer).as_bytes(), to).unwrap();
        let mut answer = [0; 4_096];
        let tag = loop {
            let n = socket.recv(&mut answer).unwrap();
            let text = String::from_utf8_lossy(&answer[..n]).into_owned();
            assert!(text.starts_with("SIP/2.0 1") || text.starts_with("SIP/2.0 200"), "{text}");
            if text.starts_with("SIP/2.0 200") {
                let line = text.lines().find(|l| l.starts_with("To:")).unwrap().to_string();
                break line.split_once(";tag=").unwrap().1.trim().to_string();
            }
        };
        let ack = head("ACK", &format!(";tag={tag}"), "Content-Length: 0\r\n\r\n");
        socket.send_to(ack.as_bytes(), to).unwrap();
        socket
    };
    let ended = |count: usize| {
        program.wait_for("/calls", |list| {
            let ended = list["items"].as_array()?.iter().filter(|c| c["state"] == "ended").count();
            (ended == count).then_some(())
        });
    };
    let here = UdpSocket::bind("127.0.0.1:0").unwrap();
    let _one = call(&here.local_addr().unwrap().to_string(), "one");
    ended(1);
    is_good(&program, "destinations");
    let _two = call("127.0.0.9:5060", "two");
    ended(2);
    is_bad(&program, "destinations", "127.0.0.9: asked over SIP and declared by nothing");
}

#[test]
fn certificates_ages_of_keys_and_secrets_in_the_configuration_are_seen_to_turn_bad() {
    let authority = Authority::new();
    authority.sign("ours", "IP:127.0.0.1", 30);
    authority.sign("expired", "IP:127.0.0.1", -1);
    let lines = authority.lines(free_port(), "ours")
        + "[mail]\nsmtp = \"mail.example.org:465\"\nfrom = \"box@example.org\"\n";
    let tenant = "kind: Tenant\nid: test\nprofile: contact-center\nattributes: {level: [gold]}\n";
    let program = Program::start_secure(&[("tenant.yaml", tenant)], &[], &lines);
    // A certificate that ended, in place of the one that is shown; it is looked at where it lies.
    is_good(&program, "certificates");
    let both = |name: &str| [format!("{name}.pem"), format!("{name}.key")].map(|file| authority.path(&file));
    let ours = both("ours").map(|path| std::fs::read(path).unwrap());
    let put = |files: &[Vec<u8>; 2]| {
        both("ours").iter().zip(files).for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
    };
    put(&both("expired").map(|path| std::fs::read(path).unwrap()));
    is_bad(&program, "certificates", "ended on");
    put(&ours);
    is_good(&program, "certificates");

    // A private key as a value of the configuration.
    is_good(&program, "credentials");
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", "QUJD".repeat(16));
    let asks = json!({"url": "https://crm.example.org/", "method": "post", "body": {"key": pem}, "results": {"/level": "level"}});
    let (status, said) = program.put("/look-ups/leak", &asks);
    assert_eq!(status, 200, "{said}");
    is_bad(&program, "credentials", "LookUp/leak");
    assert_eq!(program.delete("/look-ups/leak"), 204);
    is_good(&program, "credentials");

    // Who carries the mail is another firm, and says so.
    let said = |program: &Program, check: &str, id: &str| {
        let document = program.post_json("/attestation", &json!({"checks": [check]})).1;
        document["answers"].as_array().unwrap().iter().find(|a| a["id"] == id).unwrap().to_string()
    };
    let mail = said(&program, "destinations", "X_NON_MS");
    assert!(mail.contains("mail.example.org"), "{mail}");
    assert!(said(&program, "regions", "DHP_G08").contains("records: test"));

    // A master key that is in force for too long; another one is good again.
    is_good(&program, "keys");
    let (dir, token) = (program.dir.clone(), program.bearer().replace("Bearer ", ""));
    program.stop();
    let at = dir.path().join("data/switchroom.keys.at");
    let text = std::fs::read_to_string(&at).unwrap();
    let (url, _) = text.split_once('\n').unwrap();
    std::fs::write(&at, format!("{url}\n1000\n")).unwrap();
    let config = dir.path().join("switchroom.toml");
    let toml = std::fs::read_to_string(&config).unwrap();
    let (rest, _) = toml.split_once("[mail]").unwrap();
    let (_, after) = toml.split_once("[media]").unwrap();
    let toml = format!("{rest}[media]{after}").replace("region = \"test\"", "region = \"eu-de\"");
    std::fs::write(&config, &toml).unwrap();
    let mut program = Program::start_again(dir.clone());
    program.set_token(token);
    is_bad(&program, "keys", "older than two years");
    let name = config.display().to_string();
    let (code, out, wrong) = run(&["rotate-key", "--config", &name]);
    assert_eq!(code, 0, "{out}{wrong}");
    is_good(&program, "keys");
    assert!(!said(&program, "destinations", "X_NON_MS").contains("mail.example.org"));
    assert!(said(&program, "regions", "DHP_G08").contains("records: eu-de"));
    program.stop();
    // Nobody starts a server that does not say where its data is.
    std::fs::write(&config, toml.replace("region = \"eu-de\"\n", "")).unwrap();
    let (code, _, wrong) = run(&["serve", "--config", &name]);
    assert!(code != 0 && wrong.contains("store.region must say"), "{code} {wrong}");
}
