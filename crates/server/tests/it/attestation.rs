//! Attestations by the whole program: of the examples and of a running server, read as others would read them; each
//! thing that is checked is turned bad, and the answer must change.

use crate::program::{Program, run};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::path::Path;

const TENANT: &str = "
kind: Tenant
id: test
profile: contact-center
---
kind: Trunk
id: carrier
networks: [127.0.0.1/32]
---
kind: User
id: boss
roles: [supervisor]
";

/// Answers that only operators give, or that they give beside our evidence.
const NOT_OURS: [&str; 54] = [
    "GEN01", "GEN37", "GEN39", "GEN13", "GEN30", "GEN20", "GEN16", "GEN31", "GEN32", "DHP_G08", "DHP_G09",
    "DHP_G10", "DHP_G11", "DHP_G12", "SEC28", "SEC26", "SEC27", "SEC29", "SEC30", "SEC31", "SEC32", "SEC33",
    "SEC34", "SEC35", "SEC36", "SEC38", "SEC39", "SEC40", "SEC42", "SEC44", "SEC45", "SEC46", "CMP04",
    "CMP28", "CMP08", "CMP09", "CMP11", "CMP15", "CMP06", "CMP16", "CMP22", "CMP30", "CMP18", "CMP26",
    "CMP25", "CMP12", "CMP13", "CMP19", "PRV01", "PRV02", "PRV03", "PRV04", "PRV05", "PRV06",
];
const NOT_OURS_EITHER: [&str; 9] =
    ["PRV07", "PRV08", "PRV09", "PRV13", "DHP_G01", "IDD_TENANT", "ZTR01", "IDD18", "X_HUMAN_REVIEW"];
const OWNED: &str = "X_REDIRECTS";

/// Whether a question is one that operators answer, alone or with our evidence beside it.
pub fn is_the_operators(id: &str) -> bool {
    NOT_OURS.contains(&id) || NOT_OURS_EITHER.contains(&id) || id == OWNED
}

fn read(dir: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(dir.join("attestation.json")).unwrap()).unwrap()
}

#[track_caller]
fn answer<'a>(document: &'a Value, id: &str) -> &'a Value {
    document["answers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|a| a["id"] == id)
        .unwrap_or_else(|| panic!("no {id}"))
}

pub fn attested(args: &[&str]) -> (tempfile::TempDir, Value, String) {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out").display().to_string();
    let (code, said, wrong) = run(&[&["attest", "--out", &out], args].concat());
    assert_eq!(code, 0, "{said}{wrong}");
    let document = read(&dir.path().join("out"));
    (dir, document, said)
}

/// An attestation of a running server.
fn ask(program: &Program, body: Value) -> Value {
    let (status, document) = program.post_json("/attestation", &body);
    assert_eq!(status, 200, "{document}");
    document
}

#[test]
fn the_contact_center_answers_what_software_can_know_and_leaves_the_rest_open() {
    let (dir, document, said) = attested(&["--example", "contact-center"]);
    assert_eq!(
        (&document["profile"], &document["tenant"]),
        (&json!("contact-center"), &json!("hanse")),
        "{said}"
    );
    for a in document["answers"].as_array().unwrap() {
        let id = a["id"].as_str().unwrap();
        let not_ours = is_the_operators(id);
        let by = if not_ours { "open" } else { "software" };
        assert_eq!(a["by"], by, "{id}: {a:#}");
        assert_eq!(a["answer"].is_null(), not_ours, "{id}");
        if !not_ours {
            assert!(!a["evidence"].as_array().unwrap().is_empty(), "{id} rests on nothing");
        }
    }
    let is = |id: &str| answer(&document, id)["answer"].clone();
    for (id, wanted) in [
        ("DHP_G16", json!("yes")),
        ("DHP_G06", json!("yes")),
        ("LEG03", json!("<60")),
        ("X_TELEMETRY", json!("no")),
        ("IDD04", json!("yes")),
        ("ZTR06", json!("no")),
        ("SEC37", json!("yes")),
        ("SEC41", json!("yes")),
        ("GEN17", json!("no")),
        ("PRV10", json!("yes")),
        ("PRV11", json!("yes")),
        ("X_STATIC_PERMS", json!("yes")),
        ("X_PREVIEW", json!("no")),
        ("ZTR05", json!("yes")),
        ("IDD19", json!("no")),
        ("IDD02", json!("yes")),
        ("DHP_G02", json!("yes")),
        ("DHP_G03", json!(["delegated", "application"])),
    ] {
        assert_eq!(is(id), wanted, "{id}: {:#}", answer(&document, id));
    }
    assert!(
        is("ZTR03").as_array().is_some_and(|l| l.iter().any(|n| n.as_str().unwrap().starts_with("rustls ")))
    );
    // The made-up Entra ID gave a token, and it was held against the table.
    let found = answer(&document, "IDD04")["evidence"][0]["found"].to_string();
    assert!(found.contains("its newest token carries nothing beyond these"), "{found}");
    let permissions: Vec<&str> =
        document["permissions"].as_array().unwrap().iter().filter_map(|p| p["permission"].as_str()).collect();
    assert!(
        permissions.contains(&"User.Read.All") && permissions.contains(&"Presence.Read.All"),
        "{permissions:?}"
    );
    for class in [
        "call.",
        "recording.",
        "voicemail.",
        "user.",
        "directory.",
        "disposition.",
        "report.",
        "config.",
        "audit.",
        "journal.",
    ] {
        let has = |f: &Value| f["field"].as_str().unwrap().starts_with(class);
        assert!(document["stored"].as_array().unwrap().iter().any(has), "nothing of {class}");
    }
    // The signature holds for these files, and for no others.
    let path = dir.path().join("out/attestation.json");
    let (code, said, wrong) = run(&["attest", "verify", &path.display().to_string()]);
    assert!(code == 0 && said.contains("tenant hanse"), "{said}{wrong}");
    let key = document["signature"]["key"].as_str().unwrap();
    assert_eq!(run(&["attest", "verify", &path.display().to_string(), "--key", key]).0, 0);
    assert_eq!(run(&["attest", "verify", &path.display().to_string(), "--key", &"0".repeat(64)]).0, 1);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"yes\"", "\"no\"", 1)).unwrap();
    let (code, _, wrong) = run(&["attest", "verify", &path.display().to_string()]);
    assert!(code == 1 && wrong.contains("changed after it was signed"), "{wrong}");
    std::fs::write(&path, text).unwrap();
    std::fs::write(path.with_extension("md"), "# All is well\n").unwrap();
    assert_eq!(run(&["attest", "verify", &path.display().to_string()]).0, 1);
}

/// What the other profiles are known by: whether anything is stored, how soon it is gone, whether Microsoft is spoken with.
#[test]
fn connector_directory_and_bridge_answer_everything_and_store_what_they_say() {
    for (profile, stored, days, microsoft) in [
        ("connector", &[][..], "none", true),
        ("directory", &["directory.", "sync."], "none", true),
        ("bridge", &[], "none", false),
    ] {
        let (_dir, document, said) = attested(&["--example", profile]);
        assert_eq!(document["profile"], profile, "{said}");
        for a in document["answers"].as_array().unwrap() {
            let id = a["id"].as_str().unwrap();
            let not_ours = is_the_operators(id);
            assert_eq!(a["by"], if not_ours { "open" } else { "software" }, "{profile} {id}: {a:#}");
            assert!(not_ours || !a["evidence"].as_array().unwrap().is_empty(), "{profile} {id}");
        }
        let is = |id: &str| answer(&document, id)["answer"].clone();
        let fields: Vec<&str> =
            document["stored"].as_array().unwrap().iter().filter_map(|f| f["field"].as_str()).collect();
        assert_eq!(fields.is_empty(), stored.is_empty(), "{profile}: {fields:?}");
        assert!(
            fields.iter().all(|f| stored.iter().any(|class| f.starts_with(class))),
            "{profile}: {fields:?}"
        );
        let word = |is: bool| json!(if is { "yes" } else { "no" });
        assert_eq!(is("DHP_G06"), word(!stored.is_empty()), "{profile}");
        assert_eq!((is("LEG03"), is("IDD01")), (json!(days), word(microsoft)), "{profile}");
        assert_eq!(document["registrations"].as_array().unwrap().is_empty(), !microsoft, "{profile}");
        assert_eq!(document["permissions"].as_array().unwrap().is_empty(), !microsoft, "{profile}");
        let check = |name: &str| {
            let all = document["checks"].as_array().unwrap();
            all.iter().find(|c| c["check"] == name).unwrap().clone()
        };
        assert_eq!(
            check("permissions")["result"],
            "as it should be",
            "{profile}: {:#}",
            check("permissions")
        );
        // No token of these profiles came: what is asked for is read where it is asked.
        let found = check("permissions")["found"].to_string();
        let seen = match profile {
            "connector" => "scripts, as this server gives them out",
            "directory" => "the page of Entra ID that people are sent to asks for User.Read.All",
            _ => "nothing was asked of Graph",
        };
        assert!(found.contains(seen), "{profile}: {found}");
        for id in ["IDD02", "ZTR05"] {
            assert_eq!(is(id), word(microsoft), "{profile} {id}: {:#}", check("challenges"));
        }
        assert_eq!((is("IDD04"), is("X_STATIC_PERMS")), (json!("yes"), json!("yes")), "{profile}");
        for id in ["PRV10", "PRV11", "PRV12"] {
            assert_eq!(is(id), "yes", "{profile} {id}");
        }
        // Which doors there are was tried.
        let of_teams = is("X_CLIENTS").to_string().contains("Teams on mobile devices");
        let is_connector = profile == "connector";
        assert_eq!(
            (of_teams, is("DHP21")),
            (is_connector, word(is_connector)),
            "{profile}: {}",
            is("X_CLIENTS")
        );
        assert_eq!(check("entrances")["result"], "as it should be", "{profile}: {:#}", check("entrances"));
        assert!(check("canary")["found"].to_string().contains("SIP answered"), "{:#}", check("canary"));
        for name in ["canary", "stored-fields", "audit-log", "rights", "retention"] {
            let check = check(name);
            assert_eq!(check["result"], "as it should be", "{profile}: {check:#}");
        }
        // Where nothing was talked to yet, nothing was held against what is declared; somebody undeclared would be told.
        let (result, found) = (&check("destinations")["result"], check("destinations")["found"].to_string());
        let is_quiet = found.contains("was not talked to since");
        assert_eq!(result, if is_quiet { "cannot be said" } else { "as it should be" }, "{profile}: {found}");
        // The contact centre of the two that pass calls on speaks SIP in the clear, and is on another machine.
        let is_clear = profile != "connector";
        assert_eq!(is("DHP_G16"), word(!is_clear), "{profile}: {:#}", check("tls"));
        assert_eq!(check("tls")["found"].to_string().contains("trunk contact-centre"), is_clear, "{profile}");
    }
}

#[test]
fn it_is_read_in_each_language_and_says_what_changed_since() {
    let tenant = "kind: Tenant\nid: test\nprofile: contact-center\n---\nkind: Retention\nid: end\nclass: closing\ndays: 20\n";
    let program = Program::start_as_owner(&[("tenant.yaml", tenant)]);
    let markdown = |query: &str, accept: &str| {
        let url = format!("http://{}/api/v1/attestation{query}", program.http);
        let asked =
            program.agent().post(url).header("Authorization", program.bearer()).header("Accept", accept);
        let mut answer = asked.send_json(json!({"checks": ["closing"]})).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    for (query, accept, title, page) in [
        ("?format=markdown", "*/*", "# Attestation of test", "## Data handling"),
        ("", "text/markdown", "# Attestation of test", "## Data handling"),
        ("?format=markdown&language=de", "*/*", "# Selbstauskunft von test", "## Umgang mit Daten"),
        ("?language=zh", "text/markdown", "# test 的自我声明", "## 安全"),
    ] {
        let (status, text) = markdown(query, accept);
        assert!(status == 200 && text.starts_with(title) && text.contains(page), "{query}: {status} {text}");
    }
    assert_eq!((markdown("?format=xml", "*/*").0, markdown("?language=nl", "*/*").0), (422, 422));

    let (server, token) = (format!("http://{}", program.http), program.bearer().replace("Bearer ", ""));
    let of = ["--server", &server, "--token", &token, "--check", "closing"];
    let (first, document, _) = attested(&[&of[..], &["--language", "fr"]].concat());
    assert_eq!(answer(&document, "LEG03")["answer"], "<30");
    let old = first.path().join("out/attestation.json").display().to_string();
    let read = std::fs::read_to_string(first.path().join("out/attestation.md")).unwrap();
    assert!(read.starts_with("# Attestation de test") && read.contains("*prouvée*"), "{read}");
    assert_eq!(run(&["attest", "verify", &old]).0, 0);
    std::fs::write(first.path().join("out/attestation.md"), read.replace("prouvée", "vraie")).unwrap();
    assert_eq!(run(&["attest", "verify", &old]).0, 1, "what was changed in it is found in French too");
    let rule = json!({"class": "closing", "days": 40});
    assert_eq!(program.put("/retention-rules/end", &rule).0, 200);
    let (_second, _, said) = attested(&[&of[..], &["--since", &old]].concat());
    assert!(said.contains("1 answers changed") && said.contains("LEG03: <30 (software) → <60"), "{said}");
    let (_third, _, said) = attested(&[&of[..], &["--since", &old, "--language", "de"]].concat());
    assert!(said.contains("LEG03"), "{said}");
    let (code, _, wrong) = run(&[&["attest", "--out", "x", "--language", "nl"][..], &of].concat());
    assert!(code == 2 && wrong.contains("en, de, fr, es, zh"), "{wrong}");
}

#[test]
fn the_operators_word_is_taken_where_it_counts_and_checked_for_its_form() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("declared.json");
    let path = file.display().to_string();
    let with = |text: &str| {
        std::fs::write(&file, text).unwrap();
        run(&[
            "attest",
            "--example",
            "contact-center",
            "--declared",
            &path,
            "--out",
            &dir.path().join("o").display().to_string(),
        ])
    };
    let (code, _, wrong) = with("{\"SEC82\": \"yes\", \"SEC30\": \"maybe\", \"PRV03\": \"http://x\"}");
    assert_eq!(code, 1);
    for part in ["SEC82", "did you mean", "SEC30", "one of yes, no", "https://"] {
        assert!(wrong.contains(part), "{part:?} is not in {wrong}");
    }
    assert!(with("{").2.contains("not JSON"));
    let words =
        r#"{"SEC28": "yes", "SEC26": "yes", "DHP_G10": "yes", "DHP_G16": "no", "GEN16": ["Acme Hosting"]}"#;
    let (code, said, wrong) = with(words);
    assert_eq!(code, 0, "{said}{wrong}");
    let document = read(&dir.path().join("o"));
    for id in ["SEC28", "SEC26", "DHP_G10", "GEN16"] {
        assert_eq!(answer(&document, id)["by"], "declared", "{id}");
    }
    let disagrees = |id: &str| answer(&document, id)["disagreement"].as_str().map(str::to_string);
    assert!(disagrees("SEC26").unwrap().contains("checks say \"no\""), "no backup was ever made");
    assert_eq!(disagrees("DHP_G10"), None, "the checks agree");
    // Software answers what it measured, and says what the file said.
    assert_eq!(
        (&answer(&document, "DHP_G16")["by"], &answer(&document, "DHP_G16")["answer"]),
        (&json!("software"), &json!("yes"))
    );
    assert!(disagrees("DHP_G16").is_some());
}

#[test]
fn what_is_turned_bad_changes_its_answer() {
    let program = Program::start_as_owner(&[("tenant.yaml", TENANT)]);
    let one = |program: &Program, check: &str, id: &str| {
        answer(&ask(program, json!({"checks": [check]})), id).clone()
    };
    assert_eq!(one(&program, "stored-fields", "DHP_G05")["by"], "software");
    assert_eq!(one(&program, "tls", "DHP_G16")["answer"], "yes", "plain HTTP on this machine alone");
    let both = ask(&program, json!({"checks": ["audit-log", "event-log"]}));
    assert_eq!(answer(&both, "SEC41")["answer"], "yes");
    assert_eq!(one(&program, "audit-log", "SEC41")["by"], "open", "one of two logs alone says nothing");
    assert_eq!(one(&program, "tls", "SEC41")["by"], "open", "a check that was not run answers nothing");
    assert_eq!(program.post_json("/attestation", &json!({"checks": ["nonsense"]})).0, 422);
    let dir = program.dir.clone();
    let token = program.bearer().replace("Bearer ", "");
    program.stop();

    // A column outside the catalogue, an entry of the audit log that was changed, a reader of the master key.
    let db = rusqlite::Connection::open(dir.path().join("data/switchroom.db")).unwrap();
    db.execute_batch(
        "ALTER TABLE persons ADD COLUMN shoe_size TEXT; UPDATE audit SET who = 'x' WHERE id = 2",
    )
    .unwrap();
    drop(db);
    // A proxy in front that takes TLS 1.0.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut hello = [0; 1_024];
            let _ = stream.read(&mut hello);
            let mut record = vec![22, 3, 1, 0, 42, 2, 0, 0, 38, hello[9], hello[10]];
            record.extend([1; 32]);
            record.extend([0, 0xc0, 0x13, 0]);
            let _ = stream.write_all(&record);
        }
    });
    let config = dir.path().join("switchroom.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("[http]\n", &format!("[http]\npublic_url = \"https://{proxy}\"\n")))
        .unwrap();
    let mut program = Program::start_again(dir.clone());
    program.set_token(token);
    let stored = ask(&program, json!({"checks": ["stored-fields"]}));
    assert!(stored["stored"].to_string().contains("persons.shoe_size"), "it stands in the list");
    assert!(answer(&stored, "DHP_G05")["answer"].to_string().contains("persons.shoe_size"));
    let tls = one(&program, "tls", "DHP_G16");
    assert_eq!(tls["answer"], "no");
    assert!(tls["evidence"].to_string().contains("TLS 1.0"), "{tls:#}");
    assert_eq!(one(&program, "audit-log", "SEC41")["answer"], "no");
    let key = dir.path().join("data/master.key");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let keys = ask(&program, json!({"checks": ["keys"], "declared": {"DHP_G10": "yes"}}));
    let said = answer(&keys, "DHP_G10");
    assert!(said["disagreement"].as_str().is_some(), "{said:#}");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// A database of advisories that is brought here is held against what is built in.
#[test]
fn advisories_about_what_is_built_in_are_seen() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("crates/rustls");
    std::fs::create_dir_all(&folder).unwrap();
    let brought = dir.path().display().to_string();
    let attest = |patched: &str, npm: &str| {
        let text = format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2999-0001\"\npackage = \"rustls\"\ndate = \"2999-01-01\"\n\
             [versions]\npatched = [\"{patched}\"]\n```\n"
        );
        std::fs::write(folder.join("RUSTSEC-2999-0001.md"), text).unwrap();
        let audit = format!("{{\"metadata\":{{\"vulnerabilities\":{{\"total\":{npm}}}}}}}");
        std::fs::write(dir.path().join("npm-audit.json"), audit).unwrap();
        let said = dir.path().join("declared.json");
        std::fs::write(&said, "{\"SEC31\": \"yes\"}").unwrap();
        let said = said.display().to_string();
        let args =
            ["--example", "bridge", "--check", "advisories", "--advisories", &brought, "--declared", &said];
        attested(&args).1
    };
    let check = |document: &Value| {
        let all = document["checks"].as_array().unwrap();
        all.iter().find(|c| c["check"] == "advisories").unwrap().clone()
    };
    let clean = attest(">= 0.1", "0");
    assert_eq!(check(&clean)["result"], "as it should be", "{:#}", check(&clean));
    assert!(answer(&clean, "SEC31").get("disagreement").is_none());
    let found = attest(">= 9999.0.0", "0");
    assert_eq!(check(&found)["result"], "not as it should be", "{:#}", check(&found));
    assert!(check(&found)["found"].to_string().contains("RUSTSEC-2999-0001: rustls "));
    assert!(answer(&found, "SEC31")["disagreement"].as_str().is_some());
    assert_eq!(check(&attest(">= 0.1", "3"))["result"], "not as it should be");
}
