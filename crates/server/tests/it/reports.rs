//! Reports from outside: what callers did is what the figures say, as JSON and as CSV.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::Program;

#[test]
fn what_callers_did_is_what_reports_say() {
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    // One is answered, one gives up in the queue while the only agent talks.
    let caller = desk.dial("+15550100", "Anna Example", program.sip, "100", 440);
    desk.answered(caller);
    let (agent, _) = desk.rings();
    desk.answer(agent, 1000);
    desk.hears(caller, 1000);
    let other = desk.dial("+15550101", "", program.sip, "100", 600);
    desk.answered(other);
    desk.hears(other, 700);
    // While that one waits the figures add up too.
    let (status, live) = program.get("/reports/queues/live");
    assert_eq!((status, live[0]["waiting"].as_u64()), (200, Some(1)));
    assert_eq!(program.get("/reports/queues").1, live, "without a time: what is live");
    let calls = program.get("/calls").1;
    let since =
        calls["items"].as_array().unwrap().last().unwrap()["began"].as_str().unwrap()[..10].to_string();
    let today = |name: &str, more: &str| {
        let (status, report) = program.get(&format!("/reports/{name}?from={since}{more}"));
        assert_eq!(status, 200, "{report}");
        report
    };
    let row = desk.until("both entries are written", |_| {
        let row = today("queues", "")["rows"][0].clone();
        (row["offered"] == 2).then_some(row)
    });
    assert_eq!((row["queue"].as_str(), row["waiting"].as_u64()), (Some("service"), Some(1)));
    desk.hang_up(other);
    desk.hang_up(caller);
    desk.ended(agent);
    let row = desk.until("the conversation is counted", |_| {
        let row = today("queues", "&service_level=SL4")["rows"][0].clone();
        (row["handled"] == 1 && row["waiting"] == 0).then_some(row)
    });
    for (figure, expected) in
        [("offered", 2), ("answered", 1), ("abandoned", 1), ("offers", 1), ("flowed_out", 0)]
    {
        assert_eq!(row[figure], expected, "{figure}: {row}");
    }
    assert_eq!(row["service_level"], 0.5);
    assert!(row["talk_ms"].as_u64() > Some(0) && row["wait_p95_ms"].as_u64() <= row["max_wait_ms"].as_u64());
    let all = today("queues", "&by=interval&service_level=SL4");
    assert!(all["formulas"]["service_level"].as_str().unwrap().starts_with("SL4"));
    let agents = today("agents", "");
    assert_eq!(
        (agents["rows"][0]["agent"].as_str(), agents["rows"][0]["handled"].as_u64()),
        (Some("agent1"), Some(1))
    );
    assert!(agents["rows"][0]["talking_ms"].as_u64() > Some(0));
    assert_eq!(today("numbers", "")["rows"][0]["number"], "service");
    // By exit both have left; first-contact resolution is there when asked for.
    assert_eq!((&row["fcr"], &row["resolved"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    let exit = today("queues", "&interval=exit&fcr_days=7");
    assert!(exit["formulas"]["counted"].as_str().unwrap().starts_with("EXIT"));
    assert!(exit["formulas"]["fcr"].as_str().unwrap().contains("within 7 d"));
    for (figure, expected) in
        [("offered", 2), ("answered", 1), ("abandoned", 1), ("waiting", 0), ("handled", 1)]
    {
        assert_eq!(exit["rows"][0][figure], expected, "{figure}: {exit}");
    }
    assert_eq!((exit["rows"][0]["resolved"].as_u64(), exit["rows"][0]["fcr"].as_f64()), (Some(1), Some(1.0)));
    assert_eq!(today("numbers", "&interval=exit")["rows"][0]["abandoned"], 1);
    // A break counts while it lasts, and so does the share of it.
    let wanted = serde_json::json!({"state": "break"});
    assert_eq!(program.put("/agents/agent1/state", &wanted).0, 200);
    let on_break = desk.until("the break so far is reported", |_| {
        let row = today("agents", "")["rows"][0].clone();
        (row["break_ms"].as_u64() > Some(0)).then_some(row)
    });
    assert!(on_break["shrinkage"].as_f64() > Some(0.0), "{on_break}");
    let longer = desk.until("it goes on", |_| {
        let row = today("agents", "")["rows"][0].clone();
        (row["break_ms"].as_u64() > on_break["break_ms"].as_u64()).then_some(row)
    });
    assert_eq!(longer["breaks"]["none"], longer["break_ms"]);
    assert_eq!(today("dispositions", "")["rows"].as_array().unwrap().len(), 0);
    assert_eq!(today("callbacks", "")["rows"].as_array().unwrap().len(), 0);
    // CSV says the same.
    let (_, csv) =
        program.bytes(&format!("/reports/queues?from={since}&format=csv&by=day&zone=%2B01:00"), None);
    let csv = String::from_utf8(csv).unwrap();
    let mut lines = csv.split("\r\n");
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    let cells: Vec<&str> = lines.next().unwrap().split(',').collect();
    let cell = |name: &str| cells[head.iter().position(|h| *h == name).unwrap()];
    assert_eq!((cell("queue"), cell("offered"), cell("abandoned")), ("service", "2", "1"));
    assert!(cell("start").ends_with("T23:00:00.000Z"), "{}", cell("start"));
    for (of, more) in [("queues", "&interval=exit&fcr_days=7"), ("numbers", "&interval=exit")] {
        let row = today(of, more)["rows"][0].clone();
        let (_, csv) = program.bytes(&format!("/reports/{of}?from={since}&by=day{more}&format=csv"), None);
        let csv = String::from_utf8(csv).unwrap();
        let mut lines = csv.split("\r\n").map(|l| l.split(',').collect::<Vec<&str>>());
        let (head, cells) = (lines.next().unwrap(), lines.next().unwrap());
        let mut fields: Vec<&String> = row.as_object().unwrap().keys().collect();
        fields.sort();
        let mut columns = head.clone();
        columns.sort();
        assert_eq!(columns, fields, "{of}: each field is a column");
        for (name, cell) in head.iter().zip(&cells) {
            match &row[*name] {
                serde_json::Value::Null => assert_eq!(*cell, "", "{of} {name}"),
                serde_json::Value::String(text) => assert_eq!(cell, text, "{of} {name}"),
                serde_json::Value::Number(n) => {
                    assert_eq!(cell.parse::<f64>().ok(), n.as_f64(), "{of} {name}")
                }
                _ => {}
            }
        }
    }
    for (query, status) in [
        ("queues?from=yesterday", 400),
        ("queues?from=2026-01-02&to=2026-01-01", 400),
        ("queues?from=2026-01-01&by=week", 400),
        ("queues?from=2026-01-01&zone=%2B01:07", 400),
        ("queues?from=2026-01-01&service_level=SL5", 400),
        ("queues?frm=2026-01-01", 400),
        ("agents?format=xml", 400),
        ("queues?from=2026-01-01&interval=answer", 400),
        ("queues?from=2026-01-01&fcr_days=32", 400),
        ("queues?from=2026-01-01&fcr_days=0", 400),
        ("queues?from=2020-01-01", 400),
    ] {
        assert_eq!(program.get(&format!("/reports/{query}")).0, status, "{query}");
    }
    assert_eq!(program.get("/messages").1["items"].as_array().unwrap().len(), 0);
    assert_eq!(program.get("/webhooks/dead").1["items"].as_array().unwrap().len(), 0);
    assert_eq!(program.put("/messages/r0", &serde_json::json!({"heard": true})).0, 404);
    let described = program.get("/openapi.json").1;
    for path in ["reports/queues", "reports/queues/live", "reports/agents", "messages", "webhooks/dead"] {
        assert!(described["paths"][format!("/api/v1/{path}")]["get"].is_object(), "{path}");
    }
    program.stop();
}

#[test]
fn figures_survive_a_kill_and_equal_a_recount() {
    let mut desk = Desk::new();
    let mut program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 2))]);
    let talk = |desk: &mut Desk, program: &Program, ends: bool| {
        let caller = desk.dial("+15550100", "", program.sip, "100", 440);
        desk.answered(caller);
        let (agent, _) = desk.rings();
        desk.answer(agent, 1000);
        desk.hears(caller, 1000);
        if ends {
            desk.hang_up(caller);
            desk.ended(agent);
        }
    };
    talk(&mut desk, &program, true);
    talk(&mut desk, &program, false);
    // One talks and one waits or rings when the process dies.
    let waiting = desk.dial("+15550102", "", program.sip, "100", 500);
    desk.answered(waiting);
    program = Program::start_again(program.kill());
    talk(&mut desk, &program, true);
    let dir = program.dir.clone();
    program.stop();
    let at = dir.path().display();
    let store = store::Store::open(&store::StoreSettings {
        url: format!("sqlite:{at}/data/switchroom.db"),
        full_sync: false,
        blobs: format!("file:{at}/data/blobs"),
        keys: format!("file:{at}/data/master.key"),
    })
    .unwrap();
    let (tenant, _) = store.tenants().unwrap()[0].clone();
    let stored = store.intervals(tenant).unwrap();
    assert_eq!(stored, store.recount(tenant).unwrap());
    let offered: u64 = stored.queues.values().map(|q| q.entered.offered).sum();
    assert!((3..=4).contains(&offered), "{offered}");
    assert!(stored.queues.values().all(|q| q.entered.waiting() == 0), "{:?}", stored.queues);
}
