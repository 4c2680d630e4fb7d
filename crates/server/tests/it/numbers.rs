//! `switchroom check --number`: the examples do what their pages say.

use crate::program::{folder, free_port, run};
use serde_json::Value;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

fn asked(example: &str, args: &[&str]) -> (i32, String, String) {
    let files = format!("{EXAMPLES}/{example}/tenant");
    run(&[&["check", "--tenant-files", &files], args].concat())
}

fn json(example: &str, args: &[&str]) -> (i32, Value) {
    let (code, out, errors) = asked(example, &[args, &["--json"]].concat());
    (code, serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}{errors}")))
}

fn first<'a>(report: &'a Value, field: &str) -> &'a str {
    report["attempts"][0][field].as_str().unwrap_or_default()
}

// Each row of the table in examples/carrier/README.md: dialled, by whom, what the first trunk gets, what is said.
#[test]
fn the_carrier_example_does_what_its_page_says() {
    let page = std::fs::read_to_string(format!("{EXAMPLES}/carrier/README.md")).unwrap();
    let rows = page.lines().filter(|l| l.starts_with("| `")).map(|l| {
        let cells: Vec<&str> = l.split('|').map(|c| c.trim().trim_matches('`')).collect();
        let ["", dialled, user, first, says, ""] = cells[..] else { panic!("{l}") };
        [dialled, user, first, says].map(str::to_string)
    });
    let mut count = 0;
    for [dialled, user, expected, says] in rows {
        let args = ["--number", dialled.as_str(), "--as", user.as_str()];
        let (code, out, errors) = asked("carrier", &args);
        assert!(
            out.contains(&says) || errors.contains(&says),
            "{dialled}: {says:?} is not in\n{out}{errors}"
        );
        assert_eq!(code, i32::from(expected == "refused"), "{dialled}: {out}{errors}");
        let (again, report) = json("carrier", &args);
        assert_eq!((again, report["refused"].is_null()), (code, code == 0), "{dialled}");
        let uri = if expected == "refused" { "" } else { &expected };
        assert!(first(&report, "request_uri").starts_with(uri), "{dialled}: {report:#}");
        assert_eq!(report["attempts"].as_array().unwrap().is_empty(), uri.is_empty(), "{dialled}");
        count += 1;
    }
    assert!(count >= 15, "{count}");
}

// What is to be put in first may be missing then; how the command is written may not be wrong.
#[test]
fn the_checks_that_pages_of_examples_name_are_written_as_they_are_taken() {
    let root = format!("{EXAMPLES}/..");
    let mut count = 0;
    for entry in std::fs::read_dir(EXAMPLES).unwrap() {
        let page = std::fs::read_to_string(entry.unwrap().path().join("README.md")).unwrap_or_default();
        for line in page.lines().filter(|l| l.starts_with("switchroom check ")) {
            let words = line.split('#').next().unwrap_or_default().split_whitespace().skip(1);
            let args: Vec<String> = words
                .map(|word| match word.starts_with("examples/") {
                    true => format!("{root}/{word}"),
                    false => word.to_string(),
                })
                .collect();
            let (code, out, errors) = run(&args.iter().map(String::as_str).collect::<Vec<_>>());
            assert_ne!(code, 2, "{line}: {out}{errors}");
            count += 1;
        }
    }
    assert!(count >= 2, "{count}");
}

#[test]
fn each_trunk_gets_numbers_and_callers_in_its_own_way() {
    let (code, report) = json("carrier", &["--number", "+431234567", "--as", "anna"]);
    assert_eq!(code, 0);
    let attempts = report["attempts"].as_array().unwrap();
    let places: Vec<&str> = attempts.iter().map(|a| a["far_end"].as_str().unwrap()).collect();
    assert_eq!(places[..2], ["sip1.carrier.example", "sip2.carrier.example"], "by priority");
    let mut backup = places[2..].to_vec();
    backup.sort_unstable();
    assert_eq!(backup, ["192.0.2.17:5060", "192.0.2.18:5060"]);
    assert_eq!(attempts[0]["from"], "<sip:49421555100@carrier.example>");
    assert_eq!(attempts[0]["p_asserted_identity"], "<sip:49421555100@carrier.example>");
    assert_eq!((&attempts[0]["transport"], &attempts[1]["transport"]), (&Value::Null, &"tcp".into()));
    assert_eq!(attempts[2]["from"], "<sip:+49421555199@this-server>");
    assert!(attempts[2]["p_asserted_identity"].is_null());
    assert_eq!(attempts[0]["settings"]["registers"]["aor"], "sip:4942155510@carrier.example");
    assert_eq!(report["limits"]["agent"]["spend_per_day"], "15.00");
    assert_eq!(report["limits"]["class"]["concurrent"], 4);
    assert_eq!(report["phone"]["registers_as"], "anna");
    assert_eq!(report["phone"]["domain"], "phones.kontor.example");
    // Ben has limits of his own.
    let (_, report) = json("carrier", &["--number", "+431234567", "--as", "ben"]);
    assert_eq!(report["limits"]["agent"], serde_json::json!({"concurrent": 1, "spend_per_day": "5.00"}));
    // Somebody who is passed on is not shown by these trunks; the number of the call is.
    let (_, passed) = json("carrier", &["--number", "+431234567", "--caller", "+33155550100"]);
    assert_eq!(first(&passed, "from"), "<sip:49421555100@carrier.example>");
}

#[test]
fn what_comes_from_a_trunk_is_read_by_its_rules() {
    for (trunk, sent, code, says) in [
        ("carrier", "49421555100", 0, "inbound rule 1 makes +49421555100 of it"),
        ("carrier", "+49421555100", 0, "no inbound rule is for it"),
        ("backup", "0421555100", 0, "Number switchboard, Flow switchboard"),
        ("backup", "0421555101", 1, "none of the tenant's numbers"),
        ("carrier", "491", 1, "inbound rule 1 is for it, but makes no number of it"),
    ] {
        let (got, out, errors) = asked("carrier", &["--number", sent, "--trunk", trunk]);
        assert!(got == code && out.contains(says), "{sent} from {trunk}: {out}{errors}");
    }
    for (sent, caller) in
        [("0421777", "+49421777"), ("0043123456", "+43123456"), ("anna", "anna"), ("+331555", "+331555")]
    {
        let (_, report) =
            json("carrier", &["--number", "49421555100", "--trunk", "carrier", "--caller", sent]);
        assert_eq!(report["caller"], caller, "{sent}");
    }
    let (code, report) = json("carrier", &["--number", "0421555100", "--trunk", "backup"]);
    assert_eq!((code, &report["world"], &report["flow"]), (0, &"+49421555100".into(), &"switchboard".into()));
}

#[test]
fn a_tenant_without_a_toll_is_read_by_its_dial_plan() {
    let ask = |number| json("contact-center", &["--number", number]);
    let (code, report) = ask("0043123456789");
    assert_eq!((code, first(&report, "request_uri")), (0, "sip:+43123456789@127.0.0.1:6200"));
    assert_eq!(first(&report, "from"), "<sip:+49421555100@this-server>");
    assert_eq!(report["price_per_minute"], Value::Null);
    for (number, says) in [
        ("0900123456", "dial.allow and dial.deny"),
        ("+33899123456", "premium numbers are not called"),
        ("+39061234567", "dial.allow and dial.deny"),
    ] {
        let (code, report) = ask(number);
        assert!(code == 1 && report["refused"].as_str().unwrap().contains(says), "{number}: {report:#}");
    }
    let (code, report) = ask("112");
    assert_eq!((code, first(&report, "request_uri")), (0, "sip:112@127.0.0.1:6200"));
    assert_eq!(report["attempts"][0]["why"][0], "not named for emergency numbers, but better than nobody");
}

#[test]
fn wrong_use_is_told() {
    for (args, code, says) in [
        (&["--number", "1", "--as", "anna", "--trunk", "carrier"][..], 2, "keep one"),
        (&["--number", "1", "--as", "nobody"], 1, "there is no User \"nobody\""),
        (&["--number", "1", "--trunk", "carier"], 1, "did you mean \"carrier\"?"),
        (&["--number"], 2, "missing"),
        (&["--number", "1", "--colour", "blue"], 2, "unknown"),
    ] {
        let (got, out, errors) = asked("carrier", args);
        assert!(got == code && errors.contains(says), "{args:?}: {out}{errors}");
    }
    assert_eq!(run(&["check", "--number", "1"]).0, 2, "nobody said whose numbers");
}

#[test]
fn passwords_must_be_where_the_files_say() {
    let (_secrets, secrets) = folder(&[("carrier.password", "x\n")]);
    let listen = |section: &str, key: &str| format!("[{section}]\n{key} = \"127.0.0.1:{}\"\n", free_port());
    let text = format!(
        "[store]\nurl = \"sqlite:x/s.db\"\nregion = \"x\"\n[blobs]\nregion = \"x\"\n[secrets]\nfolder = {:?}\n{}{}{}tcp = \"\"\n",
        secrets.display(),
        listen("http", "listen"),
        listen("admin", "listen"),
        listen("sip", "udp"),
    );
    let (_dir, config) = folder(&[("s.toml", &text)]);
    let check = || {
        let files = format!("{EXAMPLES}/carrier/tenant");
        run(&["check", "--config", config.join("s.toml").to_str().unwrap(), "--tenant-files", &files])
    };
    let (code, _, errors) = check();
    assert!(code == 1 && errors.contains("User \"anna\": secret \"phone-anna.password\""), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    std::fs::write(secrets.join("phone-anna.password"), "y").unwrap();
    let (code, _, errors) = check();
    assert_eq!(code, 0, "{errors}");
}

// Whose phone it is follows from its name and the tenant's domain, so both together belong to one tenant.
#[test]
fn phones_of_two_tenants_are_told_apart() {
    let tenant = |id: &str, domain: &str| {
        format!(
            "kind: Tenant\nid: {id}\nprofile: contact-center\n{domain}---\n\
             {{kind: User, id: a, roles: [agent], registers: {{user: anna, password_file: a}}}}\n"
        )
    };
    let (_dir, dir) = folder(&[]);
    let at = dir.display();
    let config = dir.join("s.toml");
    let text = format!(
        "[store]\nurl = \"sqlite:{at}/s.db\"\nregion = \"x\"\n[blobs]\nurl = \"file:{at}/blobs\"\nregion = \"x\"\n\
         [keys]\nurl = \"file:{at}/key\"\n"
    );
    std::fs::write(&config, text).unwrap();
    let apply = |text: &str| {
        let (_files, files) = folder(&[("t.yaml", text)]);
        run(&["apply", files.to_str().unwrap(), "--config", config.to_str().unwrap()])
    };
    assert_eq!(apply(&tenant("one", "sip_domain: one.example\n")).0, 0);
    for domain in ["", "sip_domain: ONE.example\n"] {
        let (code, _, errors) = apply(&tenant("two", domain));
        assert!(code == 1 && errors.contains("tenant \"one\" registers as \"anna\" already"), "{errors}");
    }
    assert_eq!(apply(&tenant("two", "sip_domain: two.example\n")).0, 0);
}

// The database of a stopped server is asked as its files are.
#[test]
fn a_stopped_servers_tenant_is_asked_too() {
    let (_dir, dir) = folder(&[]);
    let at = dir.display();
    let config = dir.join("s.toml");
    let text = format!(
        "[store]\nurl = \"sqlite:{at}/s.db\"\nregion = \"x\"\n[blobs]\nurl = \"file:{at}/blobs\"\nregion = \"x\"\n\
         [keys]\nurl = \"file:{at}/key\"\n"
    );
    std::fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    let (code, _, errors) = run(&["check", "--config", config, "--number", "112"]);
    assert!(code == 1 && errors.contains("no database"), "{errors}");
    let (code, _, errors) = run(&["apply", &format!("{EXAMPLES}/carrier/tenant"), "--config", config]);
    assert_eq!(code, 0, "{errors}");
    for args in [&["--tenant", "kontor"][..], &[]] {
        let (code, out, errors) = run(&[&["check", "--config", config, "--number", "112"], args].concat());
        assert!(code == 0 && out.contains("named for emergency numbers"), "{out}{errors}");
    }
}
