//! Line passes as they are handed out: by the command line through a server and on its files, as links into Teams of the
//! configured cloud; and what a pass says to its person.

use crate::commportal::found_in;
use crate::program::{Program, run};
use crate::tab::Company;
use serde_json::{Value, json};
use std::fmt::Write;

const ANNA: &str = "5c0de000-0000-4000-8000-0000000000aa";
const BEN: &str = "5c0de000-0000-4000-8000-0000000000bb";
const LINE: &str = "77441001";

/// Government tenant that calls through an Asterisk, with an app in Teams, and an owner's token for it.
fn company() -> (Company, String) {
    let describe = |directory: &str| {
        format!(
            "kind: Tenant\nid: test\nprofile: connector\nmicrosoft: {directory}\ncountry: US\ndial: {{allow: [\"+1\"]}}\n\
             teams_app:\n  id: 5c0de000-0000-4000-8000-0000000000a1\n  version: 1.0.0\n  name: Harbour Calls\n  company: Harbour\n  \
             website: https://a.example\n  privacy: https://a.example/p\n  terms: https://a.example/t\n  accent: \"#0b5cad\"\n---\n\
             kind: Pbx\nid: office\n\
             ari: {{url: \"https://pbx.example/ari\", user: u, password_file: pbx-password, context: c}}\n---\n\
             kind: Pbx\nid: proven\n\
             commportal: {{url: \"https://uc.example/brand\", version: \"9.5\", sign_in: password}}\n"
        )
    };
    let Company { microsoft, directory, program } = Company::begin_with(describe, "cloud = \"gcc-high\"\n");
    let dir = program.dir.clone();
    program.stop();
    let owner = Program::token(dir.path(), "test", "owner");
    (Company { microsoft, directory, program: Program::start_again(dir) }, owner)
}

/// What a pass says to somebody.
fn look(company: &mut Company, person: &str, pass: &str) -> (u16, Value) {
    let token = company.token(person, &json!({}));
    company.program.set_token(token);
    company.program.post_json("/dial/pass", &json!({"through": "office", "line_pass": pass}))
}

/// The pass in a line that the command printed, and for whom it is.
fn pass_in(said: &str) -> (String, String) {
    let (person, link) = said.trim().split_once(' ').unwrap();
    let after = link
        .strip_prefix(
            "https://gov.teams.microsoft.us/l/entity/5c0de000-0000-4000-8000-0000000000a1/people?context=",
        )
        .unwrap_or_else(|| panic!("a link into Teams of the configured cloud: {link}"));
    let pass = after.strip_prefix("%7B%22subEntityId%22%3A%22").and_then(|p| p.strip_suffix("%22%7D"));
    (person.into(), pass.unwrap().into())
}

#[test]
fn a_pass_says_to_its_own_person_how_the_line_ends_and_to_nobody_else() {
    let (mut company, owner) = company();
    company.program.set_token(owner.clone());
    let wanted = json!({"people": [{"person": ANNA, "line": LINE}]});
    let (status, made) = company.program.post_json("/pbxs/office/line-passes", &wanted);
    assert_eq!(status, 200, "{made}");
    let pass = made[0]["pass"].as_str().unwrap().to_string();
    let (status, said) = look(&mut company, ANNA, &pass);
    assert_eq!((status, &said["ending"]), (200, &json!("01")), "{said}");
    assert!(said["made"].as_str().unwrap().ends_with('Z') && !said.to_string().contains(LINE), "{said}");
    let (status, said) = look(&mut company, BEN, &pass);
    assert_eq!((status, &said["code"]), (403, &json!("line")), "{said}");
    let other = if pass.ends_with('A') { 'B' } else { 'A' };
    let changed = format!("{}{other}", &pass[..pass.len() - 1]);
    assert_eq!(look(&mut company, ANNA, &changed).0, 403);
    // An owner made it, and is not told either.
    company.program.set_token(owner);
    let body = json!({"through": "office", "line_pass": pass});
    assert_eq!(company.program.post_json("/dial/pass", &body).0, 403);
    let nowhere = json!({"through": "nowhere", "line_pass": pass});
    let token = company.token(ANNA, &json!({}));
    company.program.set_token(token);
    assert_eq!(company.program.post_json("/dial/pass", &nowhere).0, 404);
    let dir = company.program.dir.clone();
    let log = company.program.stop();
    for canary in [LINE, ANNA, pass.split('~').nth(1).unwrap()] {
        assert!(!log.contains(canary), "{canary} is in the log");
        assert_eq!(found_in(dir.path(), canary), Vec::<String>::new(), "{canary} is on the disk");
    }
}

#[test]
fn the_command_line_hands_passes_out_through_a_server_and_on_its_files() {
    let (mut company, owner) = company();
    // The tab is told of the same cloud.
    let (_, setup) = company.program.get("/connector/test");
    assert_eq!(setup["teams"], "https://gov.teams.microsoft.us");
    let server = format!("http://{}", company.program.http);
    let at_server = ["--server", server.as_str(), "--token", owner.as_str()];
    let (code, out, errors) =
        run(&[["line-pass", "office", "--person", ANNA, "--line", LINE].as_slice(), &at_server].concat());
    assert_eq!(code, 0, "{out}{errors}");
    let (person, pass) = pass_in(&out);
    assert_eq!(person, ANNA);
    assert_eq!(look(&mut company, ANNA, &pass).1["ending"], "01");

    // Many at a time, more than one request has.
    let dir = company.program.dir.clone();
    let file = dir.path().join("people.csv");
    let mut people = format!("{ANNA},77441002\n\n");
    for n in 0..1_000 {
        writeln!(people, "5c0de000-0000-4000-8000-{n:012}, {n:04}").unwrap();
    }
    std::fs::write(&file, &people).unwrap();
    let file = file.to_str().unwrap();
    let (code, out, errors) =
        run(&[["line-pass", "office", "--people", file].as_slice(), &at_server].concat());
    assert_eq!((code, out.lines().count()), (0, 1_001), "{errors}");
    assert_eq!(look(&mut company, ANNA, &pass_in(out.lines().next().unwrap()).1).1["ending"], "02");
    let last = "5c0de000-0000-4000-8000-000000000999";
    assert_eq!(look(&mut company, last, &pass_in(out.lines().last().unwrap()).1).1["ending"], "99");

    for (options, code, part) in [
        (["proven", "--person", ANNA, "--line", LINE], 1, "no pass is needed"),
        (["nowhere", "--person", ANNA, "--line", LINE], 1, "no such telephone system"),
        (["office", "--person", "anna", "--line", LINE], 1, "no object id"),
        (["office", "--person", ANNA, "--line", "1/../2"], 1, "at most 32"),
        (["office", "--person", ANNA, "--people", file], 2, "--person ID --line LINE, or --people FILE"),
    ] {
        let (got, out, errors) = run(&[["line-pass"].as_slice(), &options, &at_server].concat());
        assert!(got == code && out.is_empty() && errors.contains(part), "{options:?}: {got} {out}{errors}");
    }

    // While no server runs, on its files; what was made so counts when it runs again.
    company.program.stop();
    let config = dir.path().join("switchroom.toml");
    let in_files = ["--config", config.to_str().unwrap(), "--tenant", "test"];
    let (code, out, errors) =
        run(&[["line-pass", "office", "--person", BEN, "--line", "77441003"].as_slice(), &in_files].concat());
    assert_eq!(code, 0, "{out}{errors}");
    let (_, pass) = pass_in(&out);
    company.program = Program::start_again(dir);
    assert_eq!(look(&mut company, BEN, &pass).1["ending"], "03");
    company.program.set_token(owner);
    let (_, log) = company.program.get("/audit?action=pbx.line-passes&limit=10");
    let who = log["items"].as_array().unwrap().iter().filter(|e| e["who"] == "command line").count();
    assert_eq!((log["items"].as_array().unwrap().len(), who), (4, 1), "{log}");
    company.program.stop();
}
