//! What is checked is turned bad in a running server, one thing after the other, and the answer must change; and back.

use crate::directory::{self, APP, DOMAIN};
use crate::microsoft::signed_in;
use crate::outside::crm;
use crate::program::{Program, free_port, run};
use crate::secure_sip::Authority;
use crate::security_events::tenant as guarded;
use serde_json::json;
use sim::microsoft::Holder;
use std::io::{Read, Write};
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
    // Nothing was talked to yet: that is no sign that all is declared.
    let (said, found) = result(&program, "destinations");
    assert!(said == "cannot be said" && found.contains("was not talked to since 2"), "{said}, {found}");
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
    let rule = |class: &str| {
        let path = format!("/retention-rules/{class}");
        assert_eq!(program.put(&path, &json!({"class": class, "days": 30})).0, 200, "{class}");
    };
    rule("voicemail");
    is_bad(&program, "retention", "class call: no rule");
    rule("call");
    rule("report");
    is_bad(&program, "retention", "class config: no rule");
    rule("config");
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
    // The trial of one backup says nothing of another.
    let other = dir.path().join("other").display().to_string();
    assert_eq!(run(&["backup", &other, "--config", &config]).0, 0);
    is_good(&program, "backups");
    let (packs, aside) = (copy.join("packs"), copy.join("aside"));
    std::fs::rename(&packs, &aside).unwrap();
    is_bad(&program, "backups", "is not where it was made");
    std::fs::rename(&aside, &packs).unwrap();
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
    // The one that was tried is old now, and the one that is new was never tried.
    let tried = text.lines().position(|line| line.ends_with(&name)).unwrap();
    let old = |(n, line): (usize, &str)| match line.split_once('\t') {
        Some((_, rest)) if n == tried => format!("1000\t{rest}\n"),
        _ => format!("{line}\n"),
    };
    std::fs::write(&list, text.lines().enumerate().map(old).collect::<String>()).unwrap();
    let mut program = Program::start_again(dir);
    program.set_token(token);
    is_bad(&program, "retention", "1 calls and 0 rows due");
    is_bad(&program, "backups", "is whole and was restored for trial");
    // A job that ran long ago, and nothing that is due.
    let token = program.bearer().replace("Bearer ", "");
    let dir = program.dir.clone();
    program.stop();
    let db = rusqlite::Connection::open(dir.path().join("data/switchroom.db")).unwrap();
    db.execute_batch(
        "DELETE FROM calls WHERE id = 900000; DELETE FROM disposals;
         INSERT INTO disposals (tenant, at, ended, report) VALUES (1, 1000, 2000, '{}')",
    )
    .unwrap();
    drop(db);
    let mut program = Program::start_again(dir);
    program.set_token(token);
    is_bad(&program, "retention", "did not for more than a day");
    program.stop();
}

/// How far the checks are can be asked for, and the newest attestation is given out as it was signed, in each language.
#[test]
fn how_far_an_attestation_is_can_be_asked_for_and_the_newest_is_kept() {
    let program =
        Program::start_as_owner(&[("tenant.yaml", "kind: Tenant\nid: test\nprofile: contact-center\n")]);
    let far = |program: &Program| program.get("/attestation").1;
    assert_eq!(far(&program), json!({"running": false, "check": null, "done": 0, "of": 0}));
    assert_eq!(program.get("/attestation/newest").0, 404);
    is_good(&program, "audit-log");
    assert_eq!(far(&program), json!({"running": false, "check": null, "done": 1, "of": 1}));
    assert_eq!(program.post_json("/attestation", &json!({"checks": ["nonsense"]})).0, 422);
    assert_eq!(far(&program)["running"], false, "what is refused is not under way");
    let (status, document) = program.post_json("/attestation", &json!({"checks": ["closing", "rights"]}));
    assert_eq!(status, 200, "{document}");
    assert_eq!(far(&program), json!({"running": false, "check": null, "done": 2, "of": 2}));
    assert_eq!(program.get("/attestation/newest"), (200, document.clone()));
    let said = document["answers"].as_array().unwrap().iter().find(|a| a["id"] == "PRV05").unwrap();
    assert!(
        said["by"] == "open" && said["evidence"].to_string().contains("0 people of this tenant objected"),
        "{said:#}"
    );
    // The readable form belongs to the same signature.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("attestation.json");
    std::fs::write(&file, serde_json::to_string_pretty(&document).unwrap() + "\n").unwrap();
    for (language, title) in
        [("en", "# Attestation of test"), ("de", "# Selbstauskunft von test"), ("zh", "# test 的自我声明")]
    {
        let url =
            format!("http://{}/api/v1/attestation/newest?format=markdown&language={language}", program.http);
        let mut answer = program.agent().get(url).header("Authorization", program.bearer()).call().unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        assert!(text.starts_with(title), "{language}: {text}");
        std::fs::write(file.with_extension("md"), text).unwrap();
        let (code, said, wrong) = run(&["attest", "verify", &file.display().to_string()]);
        assert_eq!(code, 0, "{language}: {said}{wrong}");
    }
    program.stop();
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
    let (_, document) = program.post_json("/attestation", &json!({"checks": ["permissions"]}));
    let all = document["answers"].as_array().unwrap();
    let asked = all.iter().find(|a| a["id"] == "IDD_PERMS").unwrap();
    assert!(asked["answer"].to_string().contains("Mail.Read"), "{asked:#}");
    directory::change(&m, |m, _, tenant| m.revoke(tenant, APP, "Mail.Read"));
    let program = program.restarted();
    has_token(&program);
    signed_in(program.http, &format!("wanda.canarywharf@{DOMAIN}"));
    is_good(&program, "permissions");
    program.stop();
}

/// Before a token came, what is asked for answers; the first that comes is looked at as well.
#[test]
fn a_token_with_less_than_is_asked_for_changes_the_answer() {
    let m = directory::microsoft(10);
    let wanda = directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    directory::change(&m, |m, _, tenant| {
        m.revoke(tenant, APP, "Presence.Read.All");
    });
    let program = directory::connected(&m, &wanda);
    let answers = |program: &Program, id: &str| {
        let (_, document) =
            program.post_json("/attestation", &json!({"checks": ["permissions", "challenges"]}));
        let all = document["answers"].as_array().unwrap();
        let found = all.iter().find(|a| a["id"] == id).unwrap();
        assert_eq!(found["by"], "software", "{found:#}");
        found["answer"].clone()
    };
    // Nobody signed in yet: the request that would be made is looked at, and it is said that no token was.
    let (said, found) = result(&program, "permissions");
    assert!(said == "as it should be" && found.contains("so no token came"), "{said}: {found}");
    assert_eq!(answers(&program, "IDD04"), "yes");
    assert_eq!(answers(&program, "ZTR05"), "yes");
    signed_in(program.http, &format!("wanda.canarywharf@{DOMAIN}"));
    program.wait_for("/directory/status", |s| s["at"].as_str().map(|_| ()));
    is_good(&program, "permissions");
    is_good(&program, "challenges");
    assert_eq!(answers(&program, "IDD04"), "yes");
    // The token has less than is needed: nothing too many, and not what the registration should list.
    assert_eq!(answers(&program, "X_STATIC_PERMS"), "no");
    assert_eq!(answers(&program, "X_PREVIEW"), "no");
    program.stop();
}

/// The pages of the tab are what the connector asks by: a feature whose permission they do not ask for, and one that is off
/// and whose permission they can ask for, are seen in them.
#[test]
fn what_the_tabs_pages_ask_for_is_held_against_the_features_that_are_on() {
    let tenant = |features: &str| {
        let directory = "5c0de000-0000-4000-8000-0000000000bb";
        format!("kind: Tenant\nid: test\nprofile: connector\nmicrosoft: {directory}\n{features}")
    };
    for (features, static_perms, least, because) in [
        ("", "yes", "yes", "asks for ChannelMember.Read.All, ChatMember.Read, TeamMember.Read.All"),
        ("features: {presence-read: true}\n", "no", "yes", "NOT, as needed,: Presence.Read.All"),
        ("features: {members-team: false}\n", "yes", "yes", "which list no members of a team here"),
    ] {
        let program = Program::start_as_owner(&[("tenant.yaml", &tenant(features))]);
        let (status, document) = program.post_json("/attestation", &json!({"checks": ["permissions"]}));
        assert_eq!(status, 200, "{document}");
        let all = document["answers"].as_array().unwrap();
        let is = |id: &str| all.iter().find(|a| a["id"] == id).unwrap();
        assert!(is("IDD04")["evidence"].to_string().contains(because), "{features}: {:#}", is("IDD04"));
        assert_eq!(is("X_STATIC_PERMS")["answer"], static_perms, "{features}: {:#}", is("X_STATIC_PERMS"));
        assert_eq!(is("IDD04")["answer"], least, "{features}");
        program.stop();
    }
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
    assert_eq!(result(&program, "destinations").0, "cannot be said", "nothing was asked of anybody yet");
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
    let tenant = "kind: Tenant\nid: test\nprofile: contact-center\n";
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
    let (status, said) = program.put("/dispositions/leak", &json!({"name": pem}));
    assert_eq!(status, 200, "{said}");
    is_bad(&program, "credentials", "Disposition/leak");
    assert_eq!(program.delete("/dispositions/leak"), 204);
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

/// A tenant whose calls ask a system at this address about their callers.
fn asks_about_callers(addr: std::net::SocketAddr) -> String {
    format!(
        "kind: Tenant\nid: test\nprofile: contact-center\nattributes: {{level: [standard, gold]}}\n---\n\
         kind: Trunk\nid: carrier\nnetworks: [192.0.2.0/24]\ninbound_rules:\n  - {{of: called, match: {{length: [13, 13]}}, strip: 13, prepend: \"100\"}}\n  - {{of: caller}}\n---\n\
         kind: Number\nid: all\nnumber: \"100\"\nflow: main\n---\n\
         kind: LookUp\nid: customers\nurl: \"http://{addr}/customers?number={{caller}}\"\nallow_private: true\n\
         results: {{/customer/level: level}}\n---\n\
         kind: Flow\nid: main\nsteps:\n  - look-up: {{look_up: customers}}\n  - hang-up: true\n"
    )
}

/// A system that the flow asks writes the caller's number into a file beside the database: the made-up caller is found there.
#[test]
fn a_number_that_can_be_read_in_a_file_turns_the_answer() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let program = Program::start_as_owner(&[("tenant.yaml", &asks_about_callers(addr))]);
    let leak = program.dir.path().join("data/notes.txt");
    let writes = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (file, is_on) = (leak.clone(), writes.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = [0; 4_096];
            let n = stream.read(&mut asked).unwrap_or(0);
            if is_on.load(std::sync::atomic::Ordering::SeqCst) {
                std::fs::write(&file, &asked[..n]).unwrap();
            }
            let body = "{}";
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n";
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    let answer = |program: &Program| {
        let (_, document) = program.post_json("/attestation", &json!({"checks": ["canary"]}));
        let all = document["answers"].as_array().unwrap();
        all.iter().find(|a| a["id"] == "X_TELEMETRY").unwrap()["answer"].clone()
    };
    is_good(&program, "canary");
    assert_eq!(answer(&program), "no");
    writes.store(true, std::sync::atomic::Ordering::SeqCst);
    is_bad(&program, "canary", "notes.txt");
    assert_eq!(answer(&program), "yes");
    writes.store(false, std::sync::atomic::Ordering::SeqCst);
    std::fs::remove_file(&leak).unwrap();
    is_good(&program, "canary");
    program.stop();
}

/// The system that is asked about the caller learns the number, and has the database refuse an entry with it in the reason:
/// what the database says is what the server logs. Nothing of the server's own says a number.
#[test]
fn a_number_in_a_line_of_the_log_turns_the_answer() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let program = Program::start_as_owner(&[("tenant.yaml", &asks_about_callers(addr))]);
    let data = program.dir.path().join("data");
    let (agent, bearer) = (program.agent().clone(), program.bearer());
    let url = format!("http://{}/api/v1/audit/heads", program.http);
    let speaks = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_on = speaks.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = [0; 4_096];
            let n = stream.read(&mut asked).unwrap_or(0);
            if is_on.load(std::sync::atomic::Ordering::SeqCst) {
                let line = String::from_utf8_lossy(&asked[..n]).into_owned();
                let number = &line[line.find("999").unwrap()..][..13];
                // In two parts, so that the number stands in no file.
                let (left, right) = number.split_at(6);
                let db = rusqlite::Connection::open(data.join("switchroom.db")).unwrap();
                db.execute_batch(&format!(
                    "CREATE TRIGGER no BEFORE INSERT ON audit WHEN NEW.action = 'audit.export' \
                     BEGIN SELECT RAISE(ABORT, 'no ' || '{left}' || '{right}'); END"
                ))
                .unwrap();
                let said = agent.post(&url).header("Authorization", &bearer).send_empty();
                assert!(said.is_err() || said.unwrap().status() == 500);
                db.execute_batch("DROP TRIGGER no").unwrap();
            }
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
            let _ = stream.write_all(head.as_bytes());
        }
    });
    let answer = |program: &Program| {
        let (_, document) = program.post_json("/attestation", &json!({"checks": ["canary"]}));
        let all = document["answers"].as_array().unwrap();
        let of = all.iter().find(|a| a["id"] == "X_TELEMETRY").unwrap();
        assert_eq!(of["by"], "software", "{of:#}");
        (of["answer"].clone(), of["evidence"][0]["found"].to_string())
    };
    assert_eq!(answer(&program).0, "no");
    speaks.store(true, std::sync::atomic::Ordering::SeqCst);
    let (said, found) = answer(&program);
    assert_eq!(said, "yes", "{found}");
    assert!(found.contains("can be read in the log") && !found.contains("read in the file"), "{found}");
    speaks.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(answer(&program).0, "no");
    let log = program.stop();
    assert!(log.contains("no 999"), "the server itself wrote the line");
}
