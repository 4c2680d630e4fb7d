//! No answer of the program is a constant: in the four profiles none is open, each is open without its check, and each that is
//! the same in all of them is turned by a test.

use crate::attestation::{attested, is_the_operators};
use crate::program::Program;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const PROFILES: [&str; 4] = ["connector", "contact-center", "directory", "bridge"];

/// Answers that are the same in all four examples: where and by which test each is turned.
const TURNED: [(&str, &str, &str); 14] = [
    ("GEN17", "tests/it/attestation_turned.rs", "a_system_that_lets_a_model_answer_is_named"),
    ("DHP_G07", "tests/it/attestation_turned.rs", "what_processes_nothing_says_so"),
    ("SEC37", "src/attest/listeners.rs", "a_listener_that_does_one_thing_wrong_is_found_out_by_that_thing"),
    ("SEC41", "tests/it/attestation_turned.rs", "a_part_of_the_program_that_is_left_out_of_the_log_is_named"),
    (
        "SEC43",
        "tests/it/attestation_bad.rs",
        "alerts_destinations_retention_and_backups_are_seen_to_turn_bad",
    ),
    ("PRV10", "tests/it/attestation_turned.rs", "a_right_that_does_not_work_is_seen"),
    ("PRV11", "tests/it/attestation_turned.rs", "a_right_that_does_not_work_is_seen"),
    ("PRV12", "tests/it/attestation_turned.rs", "a_right_that_does_not_work_is_seen"),
    (
        "IDD04",
        "tests/it/attestation_bad.rs",
        "a_permission_beyond_what_is_needed_is_seen_in_the_token_that_carries_it",
    ),
    (
        "X_STATIC_PERMS",
        "tests/it/attestation_bad.rs",
        "what_the_tabs_pages_ask_for_is_held_against_the_features_that_are_on",
    ),
    (
        "ZTR06",
        "tests/it/attestation_bad.rs",
        "certificates_ages_of_keys_and_secrets_in_the_configuration_are_seen_to_turn_bad",
    ),
    ("X_TELEMETRY", "tests/it/attestation_bad.rs", "a_number_that_can_be_read_in_a_file_turns_the_answer"),
    ("X_PREVIEW", "tests/it/attestation_turned.rs", "requests_to_a_preview_of_graph_are_seen"),
    ("X_DEPRECATED", "src/attest/microsoft.rs", "operations_that_go_away_are_named"),
];

#[track_caller]
fn answer<'a>(document: &'a Value, id: &str) -> &'a Value {
    let all = document["answers"].as_array().unwrap();
    all.iter().find(|a| a["id"] == id).unwrap_or_else(|| panic!("no {id}"))
}

/// What a running server answers by these checks.
#[track_caller]
fn by(program: &Program, checks: &[&str], id: &str) -> Value {
    let (status, document) = program.post_json("/attestation", &json!({"checks": checks}));
    assert_eq!(status, 200, "{document}");
    let found = answer(&document, id);
    assert_eq!(found["by"], "software", "{found:#}");
    found["answer"].clone()
}

#[test]
fn no_question_of_software_is_open_and_none_is_answered_by_a_constant() {
    let mut said: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for profile in PROFILES {
        let (_dir, document, _) = attested(&["--example", profile]);
        for a in document["answers"].as_array().unwrap() {
            let id = a["id"].as_str().unwrap();
            if is_the_operators(id) {
                continue;
            }
            assert_eq!(a["by"], "software", "{profile} {id}: {a:#}");
            let evidence = a["evidence"].as_array().unwrap();
            assert!(!evidence.is_empty() && evidence.iter().all(|e| e["at"].is_string()), "{profile} {id}");
            said.entry(id.into()).or_default().push(a["answer"].clone());
        }
    }
    assert!(said.len() >= 41, "{}", said.len());
    // Without its check an answer is open.
    let (_dir, alone, _) = attested(&["--example", "bridge", "--check", "closing"]);
    for id in said.keys() {
        let by = if id == "LEG03" { "software" } else { "open" };
        assert_eq!(answer(&alone, id)["by"], by, "{id}: {:#}", answer(&alone, id));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (id, answers) in &said {
        let is_turned = TURNED.iter().any(|(of, ..)| of == id);
        let differs = answers.iter().any(|a| a != &answers[0]);
        assert!(is_turned || differs, "{id} is {} in every profile", answers[0]);
    }
    for (id, file, test) in TURNED {
        assert!(said.contains_key(id), "{id} is no answer of software");
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        assert!(text.contains(&format!("fn {test}()")), "{id}: there is no {test} in {file}");
    }
}

#[test]
fn a_system_that_lets_a_model_answer_is_named() {
    let tenant = "kind: Tenant\nid: test\nprofile: contact-center\nattributes: {level: [standard, gold]}\n";
    let program = Program::start_as_owner(&[("tenant.yaml", tenant)]);
    let checks = ["components", "destinations"];
    assert_eq!(by(&program, &checks, "GEN17"), "no");
    let ask =
        json!({"url": "https://api.openai.com/v1/responses?number={caller}", "results": {"/level": "level"}});
    let (status, said) = program.put("/look-ups/guess", &ask);
    assert_eq!(status, 200, "{said}");
    assert_eq!(by(&program, &checks, "GEN17"), "yes");
    assert!(by(&program, &checks, "X_NON_MS").to_string().contains("api.openai.com"));
    assert_eq!(program.delete("/look-ups/guess"), 204);
    assert_eq!(by(&program, &checks, "GEN17"), "no");
    program.stop();
}

#[test]
fn what_processes_nothing_says_so() {
    let off = ["tab", "bot", "sign-in", "members-chat", "members-channel", "members-team", "dial-url"];
    let off: Vec<String> = off.iter().map(|f| format!("{f}: false")).collect();
    let tenant = format!("kind: Tenant\nid: test\nprofile: connector\nfeatures: {{{}}}\n", off.join(", "));
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant)]);
    assert_eq!(by(&program, &["stored-fields"], "DHP_G07"), "no");
    assert_eq!(by(&program, &["stored-fields"], "DHP_G04"), json!([]));
    program.stop();
}

/// What the evidence of PRV05 says of an objection.
#[track_caller]
fn objection(program: &Program) -> String {
    let (_, document) = program.post_json("/attestation", &json!({"checks": ["rights"]}));
    let checks = document["checks"].as_array().unwrap();
    let rights = checks.iter().find(|c| c["check"] == "rights").unwrap();
    let said = rights["found"].as_array().unwrap().iter().filter_map(Value::as_str);
    said.filter(|line| line.starts_with("after an objection")).collect()
}

/// Databases that give back what was taken out, or keep what was before, show in the rights that are tried.
#[test]
fn a_right_that_does_not_work_is_seen() {
    let tenant = "kind: Tenant\nid: test\nprofile: contact-center\n";
    let program = Program::start_as_owner(&[("tenant.yaml", tenant)]);
    for id in ["PRV10", "PRV11", "PRV12"] {
        assert_eq!(by(&program, &["rights"], id), "yes", "{id}");
    }
    // Beside PRV05 stands the operator's word: what the check found says how it is.
    assert!(objection(&program).contains("so it was"));
    let (dir, token) = (program.dir.clone(), program.bearer().replace("Bearer ", ""));
    program.stop();
    let change = |file: &str, sql: &str| {
        let db = rusqlite::Connection::open(dir.path().join("data").join(file)).unwrap();
        db.execute_batch(sql).unwrap();
    };
    let names = "CREATE TRIGGER old AFTER UPDATE OF name ON persons WHEN NEW.name IS NOT OLD.name \
                 BEGIN UPDATE persons SET name = OLD.name WHERE tenant = NEW.tenant AND id = NEW.id; END";
    let hidden = "CREATE TRIGGER shown AFTER UPDATE OF restricted ON persons \
                  BEGIN UPDATE persons SET restricted = 0 WHERE tenant = NEW.tenant AND id = NEW.id; END";
    let keys = "CREATE TRIGGER back AFTER DELETE ON keys BEGIN INSERT INTO keys (tenant, kind, id, wrapped, created) \
                VALUES (OLD.tenant, OLD.kind, OLD.id, OLD.wrapped, OLD.created); END";
    let forgotten = "CREATE TRIGGER deaf AFTER UPDATE OF objected ON persons \
                     BEGIN UPDATE persons SET objected = 0 WHERE tenant = NEW.tenant AND id = NEW.id; END";
    for (id, file, make, drop) in [
        ("PRV12", "switchroom.db", names, "DROP TRIGGER old"),
        ("PRV11", "switchroom.db", hidden, "DROP TRIGGER shown"),
        ("PRV10", "switchroom.keys.db", keys, "DROP TRIGGER back"),
    ] {
        change(file, make);
        let mut program = Program::start_again(dir.clone());
        program.set_token(token.clone());
        assert_eq!(by(&program, &["rights"], id), "no", "{id}");
        program.stop();
        change(file, drop);
    }
    change("switchroom.db", forgotten);
    let mut program = Program::start_again(dir.clone());
    program.set_token(token.clone());
    assert!(objection(&program).contains("NOT so"));
    program.stop();
    change("switchroom.db", "DROP TRIGGER deaf");
    let mut program = Program::start_again(dir.clone());
    program.set_token(token);
    for id in ["PRV10", "PRV11", "PRV12"] {
        assert_eq!(by(&program, &["rights"], id), "yes", "{id}");
    }
    program.stop();
}

/// Where no feature keeps people the answers come from the tables: somebody who stands there all the same has no rights.
#[test]
fn somebody_whom_no_feature_keeps_turns_the_rights() {
    let trunk = |id: &str, port: u16, to: &str| {
        format!(
            "---\nkind: Trunk\nid: {id}\nnetworks: [127.0.0.1/32]\naddress: \"sip:127.0.0.1:{port}\"\npasses_to:\n  - trunk: {to}\n"
        )
    };
    let trunks = trunk("left", 9, "right") + &trunk("right", 10, "left");
    for (profile, more) in [("connector", ""), ("bridge", trunks.as_str())] {
        let tenant = format!("kind: Tenant\nid: test\nprofile: {profile}\n{more}");
        let program = Program::start_as_owner(&[("tenant.yaml", &tenant)]);
        let all = ["PRV10", "PRV11", "PRV12"];
        all.iter().for_each(|id| assert_eq!(by(&program, &["rights"], id), "yes", "{profile} {id}"));
        // While it runs: the next start would end what looks like an erasure that was interrupted.
        let db = rusqlite::Connection::open(program.dir.path().join("data/switchroom.db")).unwrap();
        let planted =
            "INSERT INTO persons (tenant, id, lookup, value, created) VALUES (1, 7, x'07', x'00', 1)";
        db.execute_batch(planted).unwrap();
        drop(db);
        all.iter().for_each(|id| assert_eq!(by(&program, &["rights"], id), "no", "{profile} {id}"));
        program.stop();
    }
}

#[test]
fn requests_to_a_preview_of_graph_are_seen() {
    let tenant = "kind: Tenant\nid: test\nprofile: contact-center\n";
    let lines = "[microsoft]\ngraph = \"http://127.0.0.1:9/beta\"\n";
    let program = Program::start_secure(&[("tenant.yaml", tenant)], &[], lines);
    assert_eq!(by(&program, &["permissions"], "X_PREVIEW"), "yes");
    program.stop();
    let program = Program::start_as_owner(&[("tenant.yaml", tenant)]);
    assert_eq!(by(&program, &["permissions"], "X_PREVIEW"), "no");
    program.stop();
}

/// Of one and the same bot: nothing says where it is at home; then something does; then it asks in people's names, where they are.
#[test]
fn whether_a_registration_is_for_one_directory_is_read_from_what_is_asked_with_it() {
    let home = "[microsoft]\nbot_tenant = \"5c0de000-0000-4000-8000-0000000000b1\"\n";
    for (lines, feature, bot) in
        [("", "", Value::Null), (home, "", json!("no")), (home, ", bot-numbers: true", json!("yes"))]
    {
        let tenant =
            format!("kind: Tenant\nid: test\nprofile: connector\nfeatures: {{bot: true{feature}}}\n");
        let program = Program::start_secure(&[("tenant.yaml", &tenant)], &[], lines);
        let said = by(&program, &["permissions"], "X_MULTI_TENANT");
        assert_eq!((&said["bot"], &said["tab"]), (&bot, &json!("yes")), "{lines} {feature}: {said}");
        program.stop();
    }
}

/// The log that is in force leaves one part of the program out.
#[test]
fn a_part_of_the_program_that_is_left_out_of_the_log_is_named() {
    let tenant = "kind: Tenant\nid: test\nprofile: contact-center\n";
    let mut program = Program::start_as_owner(&[("tenant.yaml", tenant)]);
    let (dir, token) = (program.dir.clone(), program.bearer().replace("Bearer ", ""));
    for (level, answer, line) in [
        ("info", "yes", "the log takes the events of SIP"),
        ("info,switchroom::journal_io=off", "no", "journal: nothing is logged, not even what goes wrong"),
        ("info,switchroom::http=warn", "no", "web and API: only what goes wrong is logged"),
        ("info,switchroom::attest=off", "no", "a line of the thread of calls was NOT written"),
        ("debug", "yes", "a line of the thread of calls was written"),
    ] {
        program.stop();
        std::fs::write(dir.path().join("log-level"), level).unwrap();
        program = Program::start_again(dir.clone());
        program.set_token(token.clone());
        let (_, document) = program.post_json("/attestation", &json!({"checks": ["event-log", "audit-log"]}));
        let said = self::answer(&document, "SEC41");
        assert_eq!(said["answer"], answer, "{level}: {said:#}");
        assert!(said["evidence"].to_string().contains(line), "{level}: {said:#}");
    }
    program.stop();
}

#[test]
fn a_backup_of_which_nobody_says_where_it_is_turns_the_regions() {
    let tenant = "kind: Tenant\nid: test\nprofile: contact-center\n";
    let program = Program::start_as_owner(&[("tenant.yaml", tenant)]);
    let regions = || {
        let (_, document) = program.post_json("/attestation", &json!({"checks": ["regions"]}));
        document["checks"].as_array().unwrap().iter().find(|c| c["check"] == "regions").unwrap().clone()
    };
    assert_eq!(regions()["result"], "as it should be");
    let config = program.dir.path().join("switchroom.toml").display().to_string();
    let copy = program.dir.path().join("copy").display().to_string();
    let (code, said, wrong) = crate::program::run(&["backup", &copy, "--config", &config]);
    assert_eq!(code, 0, "{said}{wrong}");
    let found = regions();
    assert_eq!(found["result"], "not as it should be", "{found}");
    assert!(found["found"].to_string().contains("backup.region does not say where"), "{found}");
    program.stop();
}

#[test]
fn clients_are_those_whose_doors_answer() {
    let tenant = "kind: Tenant\nid: test\nprofile: connector\n";
    let mut program = Program::start_as_owner(&[("tenant.yaml", tenant)]);
    let (dir, token) = (program.dir.clone(), program.bearer().replace("Bearer ", ""));
    let clients = |program: &Program| {
        let (_, document) = program.post_json("/attestation", &json!({"checks": ["entrances"]}));
        let said = answer(&document, "X_CLIENTS");
        (said["answer"].to_string().contains("Teams on the desktop"), said["evidence"].to_string())
    };
    let (has_teams, seen) = clients(&program);
    assert!(
        !has_teams && seen.contains("switched on, and not there: microsoft.tab_app names none"),
        "{seen}"
    );
    program.stop();
    let path = dir.path().join("switchroom.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        format!("{config}\n[microsoft]\ntab_app = \"5c0de000-0000-4000-8000-0000000000a1\"\n"),
    )
    .unwrap();
    program = Program::start_again(dir);
    program.set_token(token);
    let (has_teams, seen) = clients(&program);
    assert!(has_teams && seen.contains("the tab in Teams is there"), "{seen}");
    program.stop();
}
