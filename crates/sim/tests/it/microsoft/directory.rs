//! The directory kept in step, whatever goes wrong on the way: in the end it equals its source.

use super::{OLGA, ROBIN, WORKER, World};
use redact::Secret;
use serde_json::{Value, json};
use sim::microsoft::{Fault, Holder, Misbehaviour, Removal};
use std::collections::BTreeMap;
use teams::graph::{Attempt, Change, GraphError, Next, Progress, Sync, SyncFault, SyncStep};
use teams::permissions::{Operation, TABLE};

/// What a store keeps of people: name, whether they may sign in, mark.
#[derive(Default)]
struct Store {
    rows: BTreeMap<String, (Option<String>, Option<bool>, u64)>,
    progress: Option<Progress>,
}

impl Store {
    fn apply(&mut self, step: SyncStep) {
        for change in step.changes {
            match change {
                Change::Write(user) => {
                    let row = self.rows.entry(user.id).or_default();
                    let name = user.display_name.over(row.0.take().map(Secret::new));
                    *row = (name.map(|n| n.expose_secret().clone()), user.enabled.over(row.1), step.mark);
                }
                Change::Remove { id, .. } => drop(self.rows.remove(&id)),
            }
        }
        if let Some(mark) = step.sweep_below {
            self.rows.retain(|_, row| row.2 >= mark);
        }
        self.progress = Some(step.progress);
    }

    /// Until everything is in step. Each page is asked for by a process of its own, which knows the stored progress only.
    fn run(&mut self, w: &mut World, token: &Secret<String>) -> usize {
        let fields = TABLE.iter().find(|r| r.operations.contains(&Operation::UsersDelta)).unwrap().fields;
        for pages in 1..2000 {
            let mut sync = Sync::new(w.graph(), fields, self.progress.clone());
            let reply = w.call(&sync.call(), token);
            match Attempt::default().next(w.now, Some(&reply), 0) {
                Next::Done | Next::Failed(GraphError::Gone) => {}
                Next::Again { at } => {
                    w.now = at;
                    continue;
                }
                other => panic!("{other:?}"),
            }
            match sync.take(&reply) {
                Ok(step) => {
                    let finished = step.finished;
                    self.apply(step);
                    if finished {
                        return pages;
                    }
                }
                Err(SyncFault::Unreadable) => {}
                Err(fault) => panic!("{fault}"),
            }
        }
        panic!("no end");
    }
}

fn fields(value: Value) -> serde_json::Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[test]
fn the_directory_equals_its_source_after_changes_and_after_a_forgotten_place() {
    let mut w = World::new(3000);
    w.grant(WORKER, "User.Read.All", Holder::Application);
    let token = w.alone(None).access_token;
    let mut store = Store::default();
    let pages = store.run(&mut w, &token);
    assert!(store.rows.len() == 3000 && pages > 10, "{pages}");
    w.later(60_000);
    let (tenant, now) = (w.tenant.clone(), w.now.0);
    let new_name = fields(json!({"displayName": "Robin R", "accountEnabled": false}));
    w.microsoft.change_person(now, &tenant, ROBIN, new_name);
    w.microsoft.remove_person(now, &tenant, OLGA, Removal::Soft);
    let new = fields(json!({"displayName": "New One", "accountEnabled": true}));
    let new = w.microsoft.add_person(now, &tenant, new).unwrap();
    assert_eq!(store.run(&mut w, &token), 1);
    let (olga, robin) = (w.id(0), w.id(1));
    let check = |store: &Store| {
        assert_eq!(store.rows.len(), 3000);
        assert!(!store.rows.contains_key(&olga));
        let row = |id: &str| store.rows.get(id).map(|r| (r.0.as_deref(), r.1)).unwrap();
        assert_eq!(row(&robin), (Some("Robin R"), Some(false)));
        assert_eq!(row(&new), (Some("New One"), Some(true)));
    };
    check(&store);
    // Everything at once: the place is forgotten, pages come halved, twice, empty, as something else, or not yet.
    w.microsoft.forget_changes(&tenant);
    let faults = [
        Misbehaviour::HalfPage,
        Misbehaviour::Twice,
        Misbehaviour::Status(429, Some(3)),
        Misbehaviour::Status(503, None),
        Misbehaviour::Empty,
        Misbehaviour::WrongType,
    ];
    for (after, how) in (2..).zip(faults) {
        w.microsoft.put_fault(Fault { path: "users/delta".into(), after, times: 1, how });
    }
    assert!(store.run(&mut w, &token) > pages);
    check(&store);
    assert!(store.rows.values().all(|r| r.2 == 2), "everybody was seen in the second pass");
}

#[test]
fn somebody_who_was_not_seen_again_is_swept() {
    let mut w = World::new(50);
    w.grant(WORKER, "User.Read.All", Holder::Application);
    let token = w.alone(None).access_token;
    let mut store = Store::default();
    store.run(&mut w, &token);
    let (tenant, now) = (w.tenant.clone(), w.now.0);
    w.microsoft.remove_person(now, &tenant, ROBIN, Removal::Final);
    w.microsoft.forget_changes(&tenant);
    store.run(&mut w, &token);
    assert!(store.rows.len() == 49 && !store.rows.contains_key(&w.id(1)), "{}", store.rows.len());
}
