use super::*;
use crate::Cloud;
use crate::graph::users::Given;
use serde_json::json;

const FIELDS: [&str; 3] = ["id", "displayName", "mobilePhone"];
const BASE: &str = "https://graph.microsoft.com/v1.0/users/delta";

fn graph() -> Graph {
    Graph::of(&Cloud::named("worldwide").unwrap()).unwrap()
}

fn id(n: u32) -> String {
    format!("00000000-0000-0000-0000-{n:012}")
}

fn page(rows: Value, link: (&str, &str)) -> Reply {
    let mut body = json!({"@odata.context": "x", "value": rows});
    body[link.0] = json!(link.1);
    Reply::new(200, body.to_string())
}

fn next(rows: Value, token: &str) -> Reply {
    page(rows, ("@odata.nextLink", &format!("{BASE}?$skiptoken={token}")))
}

fn last(rows: Value, token: &str) -> Reply {
    page(rows, ("@odata.deltaLink", &format!("{BASE}?$deltatoken={token}")))
}

/// A store that applies steps as the documentation says.
#[derive(Default, Clone)]
struct Store {
    rows: BTreeMap<String, (Option<String>, u64)>,
    progress: Option<Progress>,
}

impl Store {
    fn apply(&mut self, step: SyncStep) {
        for change in step.changes {
            match change {
                Change::Write(user) => {
                    let row = self.rows.entry(user.id).or_default();
                    let before = row.0.take().map(redact::Secret::new);
                    *row = (user.display_name.over(before).map(|n| n.expose_secret().clone()), step.mark);
                }
                Change::Remove { id, .. } => drop(self.rows.remove(&id)),
            }
        }
        if let Some(mark) = step.sweep_below {
            self.rows.retain(|_, row| row.1 >= mark);
        }
        self.progress = Some(step.progress);
    }

    fn names(&self) -> Vec<&str> {
        self.rows.values().map(|(name, _)| name.as_deref().unwrap_or("-")).collect()
    }

    fn sync(&self) -> Sync {
        Sync::new(graph(), &FIELDS, self.progress.clone())
    }

    /// Each page in a process of its own: the progress is stored and read between them.
    fn run(&mut self, replies: &[Reply]) -> Result<(), SyncFault> {
        for reply in replies {
            let step = self.sync().take(reply)?;
            let stored = serde_json::to_string(&step.progress).unwrap();
            self.apply(step);
            self.progress = Some(serde_json::from_str(&stored).unwrap());
        }
        Ok(())
    }
}

#[test]
fn everybody_is_read_and_then_what_changes() {
    let mut store = Store::default();
    let call = store.sync().call();
    assert_eq!(call.url, format!("{BASE}?$select=id,displayName,mobilePhone"));
    store
        .run(&[next(json!([{"id": id(1), "displayName": "Ann"}, {"id": id(2), "displayName": "Bob"}]), "a")])
        .unwrap();
    assert_eq!(store.sync().call().url, format!("{BASE}?$skiptoken=a"));
    store.run(&[next(json!([]), "b"), last(json!([{"id": id(3), "displayName": "Cy"}]), "d1")]).unwrap();
    assert_eq!(store.names(), ["Ann", "Bob", "Cy"]);
    assert_eq!(store.sync().call().url, format!("{BASE}?$deltatoken=d1"));
    let changes = json!([
        {"id": id(1), "mobilePhone": "+1 555 0100"},
        {"id": id(2), "@removed": {"reason": "changed"}},
        {"id": id(3), "displayName": null},
        {"id": id(3), "@removed": {"reason": "deleted"}},
        {"id": id(4), "displayName": "Dan"},
    ]);
    store.run(&[last(changes, "d2")]).unwrap();
    assert_eq!(store.names(), ["Ann", "Dan"]);
}

#[test]
fn replays_and_repetitions_end_the_same() {
    let pages = [
        next(json!([{"id": id(1), "displayName": "Ann"}, {"id": id(1), "displayName": "Anna"}]), "a"),
        last(json!([{"id": id(1), "mobilePhone": "112"}, {"id": id(2), "displayName": "Bob"}]), "d"),
    ];
    let mut once = Store::default();
    once.run(&pages).unwrap();
    // Killed after the page was applied by one who did not store the progress.
    let mut twice = Store::default();
    twice.apply(twice.sync().take(&pages[0]).unwrap());
    twice.progress = None;
    twice.run(&pages).unwrap();
    assert_eq!(once.names(), ["Anna", "Bob"]);
    assert_eq!(once.names(), twice.names());
}

#[test]
fn when_the_place_is_forgotten_everything_is_read_anew_and_swept_at_the_end() {
    let mut store = Store::default();
    let all = json!([{"id": id(1), "displayName": "Ann"}, {"id": id(2), "displayName": "Bob"}]);
    store.run(&[last(all, "d")]).unwrap();
    let gone =
        Reply::new(410, "").with("Location", &format!("{BASE}?$select=id,displayName,mobilePhone&x=1"));
    store.run(&[gone]).unwrap();
    assert_eq!(store.names(), ["Ann", "Bob"], "nothing is deleted first");
    assert!(store.sync().call().url.ends_with("&x=1"));
    store.run(&[next(json!([{"id": id(3), "displayName": "Cy"}]), "a")]).unwrap();
    assert_eq!(store.names(), ["Ann", "Bob", "Cy"]);
    store.run(&[last(json!([{"id": id(1), "displayName": "Ann"}]), "d")]).unwrap();
    assert_eq!(store.names(), ["Ann", "Cy"], "who was not seen is swept");
    store.run(&[last(json!([]), "d2")]).unwrap();
    assert_eq!(store.names(), ["Ann", "Cy"], "a later pass sweeps nobody");
}

#[test]
fn a_foreign_place_to_begin_anew_is_not_believed() {
    for place in [
        "https://evil.example/v1.0/users/delta?$select=id,displayName,mobilePhone",
        "https://graph.microsoft.com/v1.0/groups/delta?$select=id,displayName,mobilePhone",
        "https://graph.microsoft.com/v1.0/users/delta?$select=id,displayName,mobilePhone,jobTitle",
        "https://graph.microsoft.com/v1.0/users/delta",
    ] {
        let mut store = Store::default();
        store.run(&[Reply::new(410, "").with("Location", place)]).unwrap();
        assert_eq!(store.sync().call().url, format!("{BASE}?$select=id,displayName,mobilePhone"), "{place}");
    }
    let mut store = Store::default();
    let said = r#"{"error":{"code":"SyncStateNotFound"}}"#;
    assert!(store.sync().take(&Reply::new(400, said)).unwrap().restarted);
    store.run(&[Reply::new(410, ""), Reply::new(410, ""), Reply::new(410, "")]).unwrap();
    assert_eq!(store.run(&[Reply::new(410, "")]), Err(SyncFault::Restarting));
    store.run(&[last(json!([]), "d"), Reply::new(410, "")]).unwrap();
}

#[test]
fn pages_that_cannot_be_are_refused_and_the_progress_stays() {
    let mut store = Store::default();
    store.run(&[next(json!([{"id": id(1), "displayName": "Ann"}]), "a")]).unwrap();
    let before = store.progress.clone();
    let mut both = json!({"value": []});
    both["@odata.nextLink"] = json!(format!("{BASE}?$skiptoken=z"));
    both["@odata.deltaLink"] = json!(format!("{BASE}?$deltatoken=z"));
    let many = Value::Array(vec![json!({}); MOST_ROWS + 1]);
    let whole = next(json!([{"id": id(2)}]), "b");
    let cut = whole.body.expose_secret()[..40].to_vec();
    for (reply, why) in [
        (Reply::new(200, ""), SyncFault::Unreadable),
        (Reply::new(200, "[]"), SyncFault::Unreadable),
        (Reply::new(200, r#"{"value":{}}"#), SyncFault::Unreadable),
        (Reply::new(200, r#"{"value":[]}"#), SyncFault::Unreadable),
        (Reply::new(200, cut), SyncFault::Unreadable),
        (Reply::new(200, vec![b' '; MOST_PAGE + 1]), SyncFault::Unreadable),
        (Reply::new(204, ""), SyncFault::Unreadable),
        (Reply::new(200, both.to_string()), SyncFault::Unreadable),
        (next(many, "b"), SyncFault::Unreadable),
        (next(json!([]), "a"), SyncFault::Endless),
        (
            page(json!([]), ("@odata.nextLink", "https://evil.example/v1.0/users/delta?x")),
            SyncFault::ForeignLink,
        ),
        (
            page(json!([]), ("@odata.nextLink", "https://graph.microsoft.com/v1.0/me/messages")),
            SyncFault::ForeignLink,
        ),
        (page(json!([]), ("@odata.deltaLink", "/v1.0/users/delta")), SyncFault::ForeignLink),
    ] {
        assert_eq!(store.sync().take(&reply).map(|_| ()), Err(why));
    }
    assert_eq!(store.progress, before);
    let mixed = json!([7, null, {}, {"id": "x"}, {"@removed": {}}, {"id": id(2), "displayName": "Bob"}]);
    let step = store.sync().take(&last(mixed, "d")).unwrap();
    assert_eq!((step.changes.len(), step.left_out), (1, 5));
}

#[test]
fn other_fields_or_another_host_mean_reading_everybody_anew() {
    let mut store = Store::default();
    store.run(&[last(json!([{"id": id(1), "displayName": "Ann"}]), "d")]).unwrap();
    let more = Sync::new(graph(), &["id", "displayName", "mobilePhone", "mail"], store.progress.clone());
    assert!(more.call().url.ends_with("?$select=id,displayName,mobilePhone,mail"));
    assert_eq!(more.progress.pass, 2);
    let moved = Graph::of(&Cloud::named("gcc-high").unwrap()).unwrap();
    let moved = Sync::new(moved, &FIELDS, store.progress.clone());
    assert!(moved.call().url.starts_with("https://graph.microsoft.us/v1.0/users/delta?$select"));
}

#[test]
fn what_one_page_says_of_somebody_is_put_together() {
    let rows = json!([
        {"id": id(1), "displayName": "Ann", "mobilePhone": "1"},
        {"id": id(1), "displayName": "Anna"},
        {"id": id(2), "@removed": {"reason": "changed"}},
        {"id": id(2), "displayName": "Bob"},
    ]);
    let step = Store::default().sync().take(&last(rows, "d")).unwrap();
    let [Change::Write(ann), Change::Write(bob)] = step.changes.as_slice() else {
        panic!("{:?}", step.changes)
    };
    assert_eq!(ann.mobile_phone, Given::Value(redact::Secret::new("1".to_string())));
    assert_eq!(ann.display_name, Given::Value(redact::Secret::new("Anna".to_string())));
    assert_eq!(bob.id, id(2));
}
