//! The end of an account in the profiles that keep no calls: everything is destroyed when the answer comes, in the server's
//! own files and in a backup of before.

use crate::browser_session::Browser;
use crate::closing_backup::restored;
use crate::directory;
use crate::directory_profile;
use crate::program::{Program, run};
use crate::searched;
use serde_json::{Value, json};
use std::path::Path;

const NAME: &str = "Ottilie Wiesengrund";

/// How many rows each table has of the tenant, and how many keys of it there are.
fn left(dir: &Path) -> Vec<(String, u32)> {
    let mut left = Vec::new();
    for file in ["switchroom.db", "switchroom.keys.db"] {
        let db = rusqlite::Connection::open(dir.join("data").join(file)).unwrap();
        let sql = "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'tenant' \
                   WHERE m.type = 'table' AND m.name <> 'closings'";
        let mut tables = db.prepare(sql).unwrap();
        let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().flatten().collect();
        assert!(!tables.is_empty(), "{file}");
        for table in tables {
            let sql = format!("SELECT COUNT(*) FROM {table} WHERE tenant = 1");
            left.push((table, db.query_row(&sql, [], |row| row.get(0)).unwrap()));
        }
    }
    left.retain(|(_, rows)| *rows > 0);
    left
}

/// Ends the account of a running server's tenant, in which `shown` finds what `words` are about; `ids` are words that anybody
/// may read as long as the account is there. Whoever ends it twice, at once or later, ends it once.
fn ends_at_once(
    program: Program,
    profile: &str,
    shown: &dyn Fn(&Program) -> bool,
    words: &[&str],
    ids: &[&str],
) {
    let (dir, token) = (program.dir.clone(), program.bearer().replace("Bearer ", ""));
    // What the administrator wrote is not ours to destroy.
    let _ = std::fs::remove_dir_all(dir.path().join("tenant"));
    let config = dir.path().join("switchroom.toml").display().to_string();
    let copy = dir.path().join("copy");
    let (code, said, wrong) = run(&["backup", &copy.display().to_string(), "--config", &config]);
    assert_eq!(code, 0, "{said}{wrong}");
    assert!(shown(&program), "it is there before");
    assert!(!left(dir.path()).is_empty());
    let before = restored(dir.path(), &copy);
    assert!(!left(before.path()).is_empty(), "and in the backup");

    let close = || program.post_json("/closing", &json!({"tenant": "test"}));
    let answers = std::thread::scope(|scope| {
        let other = scope.spawn(close);
        [close(), other.join().unwrap()]
    });
    let (ended, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(status, _)| *status == 200);
    let [(_, ended)] = ended.try_into().unwrap_or_else(|all| panic!("{all:?} {refused:?}"));
    assert!(refused.iter().all(|(status, _)| matches!(status, 401 | 403 | 409)), "{refused:?}");
    assert_eq!(ended["state"], "done", "{ended}");
    // The answer is here, and the server runs on: this is what it left.
    assert_eq!(left(dir.path()), []);
    searched::nowhere(&dir.path().join("data"), &[], words);
    searched::nowhere(&dir.path().join("data"), &[], ids);

    let made = &ended["certificate"];
    assert_eq!(
        (&made["kind"], &made["tenant"], &made["profile"]),
        (&json!("certificate of disposal"), &json!("test"), &json!(profile))
    );
    assert!(made["destroyed"]["rows"]["objects"].as_u64() > Some(0), "{made}");
    assert!(made["destroyed"]["keys"]["tenant"].as_u64() > Some(0), "{made}");
    assert_eq!(made["backups"], json!({"known": 1, "with_keys": 0}));
    let paper = dir.path().join("certificate.json");
    let verify = |text: &str| {
        std::fs::write(&paper, text).unwrap();
        run(&["attest", "verify", &paper.display().to_string()])
    };
    let text = serde_json::to_string_pretty(made).unwrap() + "\n";
    let (code, said, wrong) = verify(&text);
    assert!(code == 0 && said.contains("tenant test"), "{said}{wrong}");
    assert_eq!(verify(&text.replace("\"with_keys\": 0", "\"with_keys\": 1")).0, 1);
    std::fs::remove_file(&paper).unwrap();

    // Nobody ends it again, nobody takes it back, and its receipt goes on showing the certificate.
    assert_eq!(close().0, 401);
    let url = format!("http://{}/api/v1/closing", program.http);
    let receipt = format!("Bearer {}", ended["receipt"].as_str().unwrap());
    let mut seen = program.agent().get(&url).header("Authorization", &receipt).call().unwrap();
    let seen: Value = seen.body_mut().read_json().unwrap();
    assert_eq!((&seen["state"], &seen["certificate"]), (&json!("done"), made));
    let back = program.agent().delete(&url).header("Authorization", &receipt).call().unwrap();
    assert_eq!(back.status(), 409);
    let log = program.stop();
    searched::nowhere(&dir.path().join("data"), &[("the log", log.as_bytes())], words);

    // The backup of before: nobody can be read in it, and with the keys that lie with it now nothing comes out of it.
    searched::nowhere(&copy, &[], words);
    let after = restored(dir.path(), &copy);
    assert_eq!(left(after.path()), []);
    searched::nowhere(&after.path().join("data"), &[], words);
    // A server that signs in at Microsoft starts with its secret only, which lies in no backup.
    if dir.path().join("app-secret").exists() {
        std::fs::copy(dir.path().join("app-secret"), after.path().join("app-secret")).unwrap();
    }
    let mut there = Program::start_again(after);
    there.set_token(token);
    assert!(matches!(there.get("/configuration").0, 401 | 403), "{:?}", there.get("/configuration"));
    there.stop();
}

fn is_named(program: &Program) -> bool {
    program.get("/configuration").1.to_string().contains(NAME)
}

#[test]
fn a_connector_is_destroyed_when_the_answer_comes() {
    let tenant = format!(
        "kind: Tenant\nid: test\nprofile: connector\n---\nkind: User\nid: wiesenuser\nname: {NAME}\nroles: [owner]\n"
    );
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant)]);
    ends_at_once(program, "connector", &is_named, &[NAME, "Wiesengrund"], &["wiesenuser"]);
}

#[test]
fn a_bridge_is_destroyed_when_the_answer_comes() {
    let trunk = |id: &str, port: u16, to: &str| {
        format!(
            "---\nkind: Trunk\nid: {id}\nnetworks: [127.0.0.{port}/32]\naddress: \"sip:127.0.0.1:{port}\"\npasses_to:\n  - trunk: {to}\n"
        )
    };
    let tenant = format!(
        "kind: Tenant\nid: test\nprofile: bridge\n{}{}---\nkind: User\nid: wiesenuser\nroles: [owner]\n",
        trunk("lefttrunk", 9, "righttrunk"),
        trunk("righttrunk", 10, "lefttrunk")
    );
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant)]);
    // Nothing of a person is kept to begin with: what is there is the configuration.
    let is_there = |program: &Program| program.get("/configuration").1.to_string().contains("wiesenuser");
    ends_at_once(program, "bridge", &is_there, &[], &["wiesenuser", "lefttrunk"]);
}

#[test]
fn a_directory_and_all_its_people_are_destroyed_when_the_answer_comes() {
    let m = directory_profile::microsoft(30);
    directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let program = directory_profile::server(&m, &directory_profile::example());
    let owner = Browser::signed_in(&program, "keeper");
    let administrator = directory_profile::administrator(&m);
    assert_eq!(directory_profile::connect(&program, &owner.cookie, &administrator), "/?microsoft=connected");
    directory_profile::in_step(&program, 31);
    let is_found = |program: &Program| {
        program.get("/directory/users?q=wanda+can").1.to_string().contains("Wanda Canarywharf")
    };
    let words = ["Canarywharf", "5550100", "30 5550100"];
    ends_at_once(program, "directory", &is_found, &words, &["keeper"]);
}
