//! A demo day replayed: unchanged, and with two more agents.

use crate::program::run;
use std::path::Path;

/// A short day of the demo, in a folder that is kept, and its tenant as files.
fn a_day() -> (tempfile::TempDir, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let sip = format!("127.0.0.1:{}", crate::program::free_port());
    let any = ["--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--sip", sip.as_str()];
    // Three agents for a call every other second: some callers wait, some hang up, and two more agents have time to spare
    // (with many more calls than five can take, all five would be as busy as the three).
    let data = at("data");
    let demo = ["demo", "--data", &data, "--for", "40s", "--agents", "3", "--calls-per-minute", "30"];
    let (code, _, err) = run(&[&demo[..], &any[..]].concat());
    assert_eq!(code, 0, "{err}");
    let config = format!(
        "[store]\nurl = \"sqlite:{data}/switchroom.db\"\nregion = \"here\"\n[blobs]\nurl = \"file:{data}/blobs\"\n\
         region = \"here\"\n[keys]\nurl = \"file:{data}/master.key\"\n"
    );
    std::fs::write(at("switchroom.toml"), config).unwrap();
    let (code, out, err) =
        run(&["export", &at("tenant"), "--config", &at("switchroom.toml"), "--tenant", "demo"]);
    assert_eq!(code, 0, "{out}{err}");
    let (db, tenant) = (at("data/switchroom.db"), at("tenant"));
    (dir, db, tenant)
}

/// Rows of the first table, all queues together: name and what stands behind it.
fn all_queues(out: &str) -> Vec<(String, Vec<String>)> {
    let table = out.split("\n\n").find(|t| t.contains("all queues")).unwrap_or_else(|| panic!("{out}"));
    let cells = |line: &str| -> Vec<String> {
        line.split("  ").map(str::trim).filter(|c| !c.is_empty()).map(String::from).collect()
    };
    table.lines().map(cells).map(|mut c| (c.remove(0), c)).collect()
}

fn more_agents(tenant: &Path) {
    let file = tenant.join("user.yaml");
    let users = std::fs::read_to_string(&file).unwrap();
    let mut both = users.clone();
    let mut queues = std::fs::read_to_string(tenant.join("queue.yaml")).unwrap();
    for new in ["newcomer1", "newcomer2"] {
        both += &format!(
            "---\nkind: User\nid: {new}\nroles: [agent]\nphone: \"sip:{new}@127.0.0.1:6999\"\nat_start: available\n"
        );
        queues = queues.replace("agents:\n", &format!("agents:\n  - {new}\n"));
    }
    std::fs::write(&file, both).unwrap();
    std::fs::write(tenant.join("queue.yaml"), queues).unwrap();
}

#[test]
fn a_demo_day_is_replayed_unchanged_and_with_two_more_agents() {
    let (_dir, db, tenant) = a_day();
    let (code, out, err) = run(&["replay", &db, "--tenant", "demo", "--with", &tenant, "--seeds", "20"]);
    assert_eq!(code, 0, "{err}");
    for (name, cells) in all_queues(&out).iter().skip(1) {
        let [_was, before, after, difference] = &cells[..] else { panic!("{name}: {cells:?}\n{out}") };
        assert_eq!(before, after, "{name}: with nothing changed the two are equal to the digit\n{out}");
        assert!(difference.starts_with("0.0"), "{name}: {difference}");
    }

    more_agents(Path::new(&tenant));
    let (code, out, err) = run(&["replay", &db, "--tenant", "demo", "--with", &tenant, "--seeds", "20"]);
    assert_eq!(code, 0, "{err}");
    let rows = all_queues(&out);
    let mean = |name: &str, column: usize| -> f64 {
        let (_, cells) = rows.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("{name}: {out}"));
        cells[column].split(' ').next().unwrap().parse().unwrap_or_else(|e| panic!("{name}: {e}\n{out}"))
    };
    for name in ["service level SL1", "abandoned", "average wait (ASA)", "occupancy"] {
        assert!(mean(name, 1) >= 0.0, "{name} is there\n{out}");
    }
    assert!(mean("abandoned", 2) < mean("abandoned", 1), "{out}");
    assert!(mean("occupancy", 2) < mean("occupancy", 1), "{out}");
}

#[test]
fn what_cannot_be_replayed_is_said_so() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    assert_eq!(run(&["replay"]).0, 2);
    let (code, _, err) = run(&["replay", &at("nothing.db")]);
    assert!(code == 1 && err.contains("there is no such file"), "{code}: {err}");
    std::fs::write(at("traffic.toml"), "calls_per_hour = 60\nmean_talk = \"3m\"\nmean_patience = \"2m\"\n")
        .unwrap();
    let (code, _, err) = run(&["replay", &at("traffic.toml")]);
    assert!(code == 2 && err.contains("--with"), "{code}: {err}");
}

#[test]
fn made_up_traffic_runs_through_an_example() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("traffic.toml").display().to_string();
    let text = "calls_per_hour = 400\nhours = 4\nmean_talk = \"3m\"\nmean_patience = \"2m\"\nseed = 7\n";
    std::fs::write(&file, text).unwrap();
    let tenant = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/bench/tenant");
    let (code, out, err) = run(&["replay", &file, "--with", tenant, "--seeds", "2"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("service level SL1") && out.contains("Erlang"), "{out}");
}
