//! Rights and holds where they meet: holds beat deleting, restricted people are hidden everywhere, an erasure that was
//! interrupted is ended, numbers are given once, and nobody is kept for ever.

use crate::{Place, party, record};
use engine::{
    CallId, CallRecord, LegEnd, LegId, LegRecord, MailboxId, Moment, PartyId, RecordingId, Role, Time, To,
    What,
};
use redact::Secret;
use std::collections::BTreeSet;
use store::{
    AuditFilter, Batch, CallFilter, DataClass, DisposalRule, EraseReason, Held, Message, Needed, Notes,
    Store, StoreError, TenantId,
};

const ANNA: &str = "+15550177";
const BERT: &str = "+15550188";
const BOSS: &str = "User/boss";

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_string())
}

fn person(store: &Store, tenant: TenantId, number: &str) -> Option<u64> {
    store.find_person(tenant, &secret(number)).unwrap()
}

/// Calls, by id and the party of the caller.
fn with_calls(store: &Store, tenant: TenantId, parties: &[(u64, &str)], calls: &[(u64, u64)]) {
    let mut batch = Batch { first_position: 1, last_position: 0, ..Batch::default() };
    batch.parties.extend(parties.iter().map(|(id, number)| party(*id, number, "Anna Zeisig")));
    batch.records.extend(calls.iter().map(|(id, party)| record(*id, *party)));
    store.commit(&[(tenant, batch)]).unwrap();
}

fn notes(text: &str) -> Notes {
    Notes { text: secret(text), at: Time(9), who: "User/anna".into() }
}

fn actions(store: &Store, tenant: TenantId) -> Vec<(String, String)> {
    let entries = store.audit_entries(tenant, &AuditFilter { limit: 100, ..AuditFilter::default() }).unwrap();
    entries.into_iter().rev().map(|e| (e.entry.action, e.entry.object)).collect()
}

fn has(store: &Store, tenant: TenantId, action: &str, object: &str) -> bool {
    actions(store, tenant).iter().any(|(a, o)| a == action && o == object)
}

fn refused<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Refused(_)))
}

fn missing<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::NotFound(_)))
}

fn all_calls(before: u64) -> DisposalRule {
    DisposalRule { class: DataClass::Call, queue: None, except: vec![], before }
}

/// Gives the number of people who went.
fn dispose(store: &Store, tenant: TenantId, before: u64, needed: &Needed) -> u64 {
    store.dispose(tenant, &all_calls(before), needed, &mut |_| true).unwrap().people
}

#[test]
fn a_hold_beats_deleting_a_message_and_changing_notes() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    with_calls(&store, tenant, &[(1, ANNA)], &[(7, 1)]);
    let recording = RecordingId(5);
    drop(store.begin_recording(tenant, recording, CallId(7), 1, Time(1), true).unwrap());
    let message = Message { mailbox: MailboxId(1), call: CallId(7), recording, length_ms: 1_000 };
    store
        .commit(&[(tenant, Batch { first_position: 1, messages: vec![message], ..Batch::default() })])
        .unwrap();
    let (call, caller) = (CallId(7), PartyId(1));
    let text = |store: &Store| store.notes(tenant, call).unwrap().map(|n| n.text.expose_secret().clone());
    store.put_notes(tenant, call, caller, &notes("said yes")).unwrap();
    assert!(has(&store, tenant, "call.notes", "Call/c7"));
    let anna = person(&store, tenant, ANNA).unwrap();
    for held in [Held::Call(7), Held::Person(anna)] {
        let hold = store.place_hold(tenant, held, &secret("a court"), 1, BOSS).unwrap();
        assert!(refused(store.delete_message(tenant, recording, 2, BOSS)), "{held:?}");
        assert!(refused(store.put_notes(tenant, call, caller, &notes("said no"))), "{held:?}");
        assert!(refused(store.put_notes(tenant, call, caller, &notes(""))), "{held:?}");
        assert_eq!(text(&store).as_deref(), Some("said yes"));
        store.message(tenant, recording).unwrap();
        store.lift_hold(tenant, hold, 2, BOSS).unwrap();
    }
    store.delete_message(tenant, recording, 2, BOSS).unwrap();
    store.put_notes(tenant, call, caller, &notes("")).unwrap();
    assert_eq!(text(&store), None);
    assert!(has(&store, tenant, "call.notes-delete", "Call/c7"));
    let before = actions(&store, tenant).len();
    store.put_notes(tenant, call, caller, &notes("")).unwrap();
    assert_eq!(actions(&store, tenant).len(), before, "nothing was there to be deleted");
}

#[test]
fn a_caller_stays_known_while_another_call_or_a_promise_needs_them() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    // The first call, and two tries to call back, which have its party.
    with_calls(&store, tenant, &[(1, ANNA)], &[(1, 1), (2, 1), (3, 1)]);
    store.put_notes(tenant, CallId(2), PartyId(1), &notes("on the try")).unwrap();
    let hold = store.place_hold(tenant, Held::Call(2), &secret("a court"), 1, BOSS).unwrap();
    assert_eq!(dispose(&store, tenant, 9_000, &Needed::nothing()), 0);
    assert_eq!(store.count_calls(tenant).unwrap(), 1);
    assert_eq!(store.party(tenant, 1).unwrap().address.expose_secret(), ANNA);
    assert!(store.notes(tenant, CallId(2)).unwrap().is_some(), "it can still be read");
    store.lift_hold(tenant, hold, 2, BOSS).unwrap();
    // No call is left, but a promise.
    let promised = Needed { parties: BTreeSet::from([PartyId(1)]), from: PartyId(2) };
    assert_eq!(dispose(&store, tenant, 9_000, &promised), 0);
    assert_eq!(store.count_calls(tenant).unwrap(), 0);
    assert_eq!(store.party(tenant, 1).unwrap().address.expose_secret(), ANNA);
    // The next try is over, and so is the promise.
    with_calls(&store, tenant, &[], &[(4, 1)]);
    assert_eq!(dispose(&store, tenant, 9_000, &Needed::nothing()), 1);
    assert_eq!(person(&store, tenant, ANNA), None);
}

fn call_that_names(id: u64, caller: u64, others: [u64; 3]) -> CallRecord {
    let [dialled, consulted, first] = others.map(PartyId);
    let mut record = record(id, caller);
    record.legs.push(LegRecord {
        id: LegId(1),
        role: Role::Party { party: dialled },
        began: Time(1),
        answered: None,
        ended: Time(2),
        end: LegEnd::Unreachable,
    });
    for what in
        [What::ConsultBegan { by: engine::AgentId(1), to: To::Party(consulted) }, What::Diverted { first }]
    {
        record.timeline.push(Moment { at: Time(1), what });
    }
    record
}

#[test]
fn whoever_else_a_call_names_goes_with_it_and_nobody_is_kept_for_ever() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    let number = |n: u64| format!("+15550{n:03}");
    let mut batch = Batch { first_position: 1, last_position: 0, at: Time(1), ..Batch::default() };
    batch.parties.extend((1..=45).map(|n| party(n, &number(n), "")));
    batch.records.push(call_that_names(1, 1, [2, 3, 4]));
    batch.records.push(call_that_names(2, 41, [42, 43, 44]));
    store.commit(&[(tenant, batch)]).unwrap();
    store.place_hold(tenant, Held::Call(2), &secret("a court"), 1, BOSS).unwrap();
    let held = person(&store, tenant, &number(10)).unwrap();
    store.place_hold(tenant, Held::Person(held), &secret("a court"), 1, BOSS).unwrap();
    let known = || (1..=45).filter(|n| person(&store, tenant, &number(*n)).is_some()).collect::<Vec<u64>>();
    let live = Needed { parties: BTreeSet::new(), from: PartyId(46) };
    // The first call's four go by its record; 5 to 29 were keyed and never called, and no call names them. Those who came
    // right before somebody looked may be about to be named.
    assert_eq!(dispose(&store, tenant, 9_000, &live), 4 + 25 - 1);
    let kept: Vec<u64> = std::iter::once(10).chain(30..=45).collect();
    assert_eq!(known(), kept, "the held call still names its own");
    // What came after somebody looked is nobody's to take.
    let looked = Needed { parties: BTreeSet::new(), from: PartyId(30) };
    let holds = store.holds(tenant).unwrap();
    holds.iter().for_each(|h| store.lift_hold(tenant, h.id, 3, BOSS).unwrap());
    dispose(&store, tenant, 9_000, &looked);
    assert!(known().contains(&45) && known().contains(&42) && !known().contains(&10), "{:?}", known());
}

#[test]
fn notes_figures_and_earlier_versions_go_by_rules_of_their_own() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    with_calls(&store, tenant, &[(1, ANNA), (2, BERT)], &[(7, 1), (8, 2)]);
    for (call, party) in [(7, 1), (8, 2)] {
        store.put_notes(tenant, CallId(call), PartyId(party), &notes("said yes")).unwrap();
    }
    let hold = store.place_hold(tenant, Held::Call(8), &secret("a court"), 1, BOSS).unwrap();
    let queue = |name: &str| store::Change {
        kind: "Queue".into(),
        id: "sales".into(),
        body: Some(format!("{{\"name\":\"{name}\"}}")),
    };
    for at in [100, 200, 90_000_000] {
        store.change(tenant, at, BOSS, &[queue(&at.to_string())]).unwrap();
    }
    let db = rusqlite::Connection::open(place.dir.path().join("data/switchroom.db")).unwrap();
    let figures = |start: u64, agent: u64| {
        let sql = "INSERT INTO interval_agent_states (tenant, start, agent, state, reason, spent_ms) VALUES (1, ?1, ?2, 0, 0, 5)";
        db.execute(sql, [start as i64, agent as i64]).unwrap();
    };
    // Over two days, so that they go in two slices.
    for (start, agent) in [(900_000, 1), (900_000, 2), (90_000_000, 1), (900_000_000, 1)] {
        figures(start, agent);
    }
    let rule = |class, before| DisposalRule { class, ..all_calls(before) };
    let due = |class, before| store.due(tenant, &rule(class, before)).unwrap();
    let go = |class, before| {
        store.dispose(tenant, &rule(class, before), &Needed::nothing(), &mut |_| true).unwrap()
    };

    assert_eq!((due(DataClass::Notes, 9_000).calls, due(DataClass::Notes, 9_000).held), (1, 1));
    assert_eq!(go(DataClass::Notes, 9_000).calls, 1);
    assert!(store.notes(tenant, CallId(7)).unwrap().is_none() && store.call(tenant, CallId(7)).is_ok());
    assert!(store.notes(tenant, CallId(8)).unwrap().is_some(), "it is held");
    store.lift_hold(tenant, hold, 2, BOSS).unwrap();

    assert_eq!(store.oldest(tenant, &rule(DataClass::Report, 1)).unwrap(), Some(900_000));
    assert_eq!((due(DataClass::Report, 900_000).rows, due(DataClass::Report, 100_000_000).rows), (0, 3));
    let mut first = true;
    let mut once = |_: &store::Disposed| std::mem::take(&mut first);
    let some = store.dispose(tenant, &rule(DataClass::Report, 100_000_000), &Needed::nothing(), &mut once);
    assert_eq!(some.unwrap().rows, 2, "interrupted after the first slice");
    assert_eq!(go(DataClass::Report, 100_000_000).rows, 1);
    assert_eq!(store.oldest(tenant, &rule(DataClass::Report, 1)).unwrap(), Some(900_000_000));

    assert_eq!((due(DataClass::Config, 101).rows, due(DataClass::Config, 100_000_000).rows), (1, 2));
    assert_eq!(go(DataClass::Config, 100_000_000).rows, 2);
    let left = store.versions(tenant, "Queue", "sales").unwrap();
    assert!(left.len() == 1 && left[0].body.as_ref().unwrap().contains("90000000"), "{left:?}");
    assert_eq!(store.oldest(tenant, &rule(DataClass::Config, 1)).unwrap(), None);
    assert_eq!(store.objects(tenant).unwrap().len(), 1);
}

/// A call that went through these queues, in order, and whose second party was put through.
fn call_through(id: u64, parties: [u64; 2], queues: &[u32]) -> CallRecord {
    let mut record = call_that_names(id, parties[0], [parties[1]; 3]);
    record.legs[0].answered = Some(Time(3));
    for queue in queues {
        let what = What::Queued { queue: engine::QueueId(*queue) };
        record.timeline.push(Moment { at: Time(2), what });
    }
    record.queue = queues.last().map(|q| engine::QueueId(*q));
    record
}

#[test]
fn every_queue_and_everybody_of_a_call_counts_for_holds_rules_and_erasing() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    let mut batch = Batch { first_position: 1, last_position: 0, ..Batch::default() };
    batch.parties.extend([party(1, ANNA, ""), party(2, BERT, "")]);
    batch.records.push(call_through(7, [1, 2], &[20, 30]));
    store.commit(&[(tenant, batch)]).unwrap();
    let recording = RecordingId(5);
    drop(store.begin_recording(tenant, recording, CallId(7), 1, Time(1), true).unwrap());
    let of_queue = |queue| DisposalRule { queue: Some(queue), ..all_calls(9_000) };
    let due = |rule: &DisposalRule| store.due(tenant, rule).unwrap();
    let (anna, bert) = (person(&store, tenant, ANNA).unwrap(), person(&store, tenant, BERT).unwrap());
    for held in [Held::Queue(20), Held::Queue(30), Held::Person(bert), Held::Person(anna), Held::Call(7)] {
        let hold = store.place_hold(tenant, held, &secret("a court"), 1, BOSS).unwrap();
        assert_eq!((due(&of_queue(20)).calls, due(&of_queue(20)).held), (0, 1), "{held:?}");
        assert_eq!(dispose(&store, tenant, 9_000, &Needed::nothing()), 0, "{held:?}");
        for person in [anna, bert] {
            let erased = store.erase_person(tenant, person, 2, BOSS, EraseReason::Requested).unwrap();
            assert_eq!((erased.kept_by, erased.recordings), (vec![hold], 1), "{held:?}");
        }
        store.lift_hold(tenant, hold, 2, BOSS).unwrap();
    }
    let hold = store.place_hold(tenant, Held::Queue(40), &secret("a court"), 1, BOSS).unwrap();
    assert_eq!([20, 30, 40].map(|q| due(&of_queue(q)).calls), [1, 1, 0]);
    let but = |queue| DisposalRule { except: vec![queue], ..all_calls(9_000) };
    assert_eq!([20, 30, 40].map(|q| due(&but(q)).calls), [0, 0, 1], "a queue's own rule counts");
    // The voice of whoever was put through is on the caller's recording.
    let erased = store.erase_person(tenant, bert, 3, BOSS, EraseReason::Requested).unwrap();
    assert_eq!((erased.calls, erased.recordings), (1, 1));
    assert!(missing(store.recording(tenant, recording)));
    assert_eq!(store.party(tenant, 1).unwrap().address.expose_secret(), ANNA, "who else was in it stays");
    store.lift_hold(tenant, hold, 3, BOSS).unwrap();
    assert_eq!(dispose(&store, tenant, 9_000, &Needed::nothing()), 1);
    assert!(store.rows_of(tenant).unwrap().iter().all(|(t, n)| !t.starts_with("call") || *n == 0));
}

#[test]
fn an_erasure_that_was_interrupted_is_ended_even_under_a_hold() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    with_calls(&store, tenant, &[(1, ANNA)], &[(7, 1)]);
    drop(store.begin_recording(tenant, RecordingId(5), CallId(7), 1, Time(1), true).unwrap());
    let anna = person(&store, tenant, ANNA).unwrap();
    store.place_hold(tenant, Held::Person(anna), &secret("a court"), 1, BOSS).unwrap();
    drop(store);
    // The process died between the key and the rows.
    let keys = rusqlite::Connection::open(place.dir.path().join("data/switchroom.keys.db")).unwrap();
    keys.execute("DELETE FROM keys WHERE kind = 'person' AND id = ?1", [anna as i64]).unwrap();
    drop(keys);
    let store = place.open();
    let about = store.person(tenant, anna).unwrap();
    assert_eq!((about.address.expose_secret().as_str(), about.names.len(), about.calls), ("", 0, 1));
    let erased = store.erase_person(tenant, anna, 2, BOSS, EraseReason::Requested).unwrap();
    assert_eq!((erased.calls, erased.recordings, erased.kept_by.len()), (1, 1, 0));
    assert_eq!(erased.parties, [PartyId(1)]);
    assert!(has(&store, tenant, "person.erase.requested", &format!("Person/p{anna}")));
    assert!(missing(store.erase_person(tenant, anna, 3, BOSS, EraseReason::Requested)));
    assert_eq!(person(&store, tenant, ANNA), None);
}

#[test]
fn an_interrupted_erasure_ends_by_itself_and_nobody_else_goes() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    with_calls(&store, tenant, &[(1, ANNA), (2, BERT)], &[(7, 1), (8, 2)]);
    assert_eq!(store.end_erasures(2).unwrap(), []);
    let anna = person(&store, tenant, ANNA).unwrap();
    drop(store);
    let keys = rusqlite::Connection::open(place.dir.path().join("data/switchroom.keys.db")).unwrap();
    keys.execute("DELETE FROM keys WHERE kind = 'person' AND id = ?1", [anna as i64]).unwrap();
    drop(keys);
    let store = place.open();
    assert_eq!(store.end_erasures(3).unwrap(), [(tenant, vec![PartyId(1)])]);
    assert_eq!(store.end_erasures(4).unwrap(), []);
    assert!(missing(store.person(tenant, anna)) && person(&store, tenant, BERT).is_some());
    assert!(has(&store, tenant, "person.erase", &format!("Person/p{anna}")));
}

/// An erasure that dies between keys and rows takes the entry about the same person with it, and no other.
#[test]
fn an_interrupted_erasure_takes_what_somebody_entered_about_the_person() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    with_calls(&store, tenant, &[(1, ANNA), (2, BERT)], &[(7, 1), (8, 2)]);
    let enter = |text: &str| store.add_local_person(tenant, &Secret::new(text.as_bytes().to_vec())).unwrap();
    let (same, other) = (enter("Anna"), enter("Bert"));
    let change = |sql: &str| {
        let db = rusqlite::Connection::open(place.dir.path().join("data/switchroom.db")).unwrap();
        db.execute_batch(sql).unwrap();
    };
    let rows = || -> Vec<i64> {
        let db = rusqlite::Connection::open(place.dir.path().join("data/switchroom.db")).unwrap();
        let mut all = db.prepare("SELECT id FROM local_people ORDER BY id").unwrap();
        all.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let anna = person(&store, tenant, ANNA).unwrap();
    change("CREATE TRIGGER no BEFORE DELETE ON persons BEGIN SELECT RAISE(ABORT, 'no'); END");
    let failed = store.erase_person_and(tenant, (anna, &[same]), 2, BOSS, EraseReason::Requested);
    assert!(failed.is_err());
    drop(store);
    change("DROP TRIGGER no");
    let store = place.open();
    let left: Vec<u64> = store.local_people(tenant).unwrap().iter().map(|p| p.id).collect();
    assert_eq!((left, rows()), (vec![other], vec![same as i64, other as i64]), "nobody can read it");
    assert_eq!(store.end_erasures(3).unwrap(), [(tenant, vec![PartyId(1)])]);
    assert_eq!(rows(), [other as i64], "and then it is gone");
    // Where a hold keeps the person, the entry stays, too.
    let bert = person(&store, tenant, BERT).unwrap();
    store.place_hold(tenant, Held::Person(bert), &Secret::new("court".into()), 4, BOSS).unwrap();
    let kept = store.erase_person_and(tenant, (bert, &[other]), 5, BOSS, EraseReason::Requested).unwrap();
    assert_eq!((kept.kept_by.len(), store.local_people(tenant).unwrap().len()), (1, 1));
}

#[test]
fn an_erasure_is_whole_though_audio_cannot_be_removed() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    with_calls(&store, tenant, &[(1, ANNA)], &[(7, 1)]);
    drop(store.begin_recording(tenant, RecordingId(5), CallId(7), 1, Time(1), true).unwrap());
    // A disk that refuses: a folder stands in the place of the file.
    let blob = place.dir.path().join(format!("data/blobs/recordings/{}/000000/5.rec", tenant.0));
    std::fs::remove_file(&blob).unwrap();
    std::fs::create_dir(&blob).unwrap();
    let anna = person(&store, tenant, ANNA).unwrap();
    let erased = store.erase_person(tenant, anna, 2, BOSS, EraseReason::Requested).unwrap();
    assert_eq!((erased.recordings, erased.parties), (1, vec![PartyId(1)]));
    assert!(missing(store.person(tenant, anna)));
}

#[test]
fn an_erasure_fails_while_a_destroyed_key_can_be_read_and_ends_later() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    with_calls(&store, tenant, &[(1, ANNA)], &[(7, 1)]);
    let anna = person(&store, tenant, ANNA).unwrap();
    let mut reader = rusqlite::Connection::open(place.dir.path().join("data/switchroom.keys.db")).unwrap();
    let reading = reader.transaction().unwrap();
    let there = reading.query_row("SELECT COUNT(*) FROM keys", [], |r| r.get::<_, i64>(0)).unwrap();
    assert!(there > 0, "it reads the keys as they are now");
    let failed = store.erase_person(tenant, anna, 2, BOSS, EraseReason::Requested);
    assert!(matches!(failed, Err(StoreError::Refused(_))), "{failed:?}");
    drop(reading);
    assert_eq!(store.end_erasures(3).unwrap(), [(tenant, vec![PartyId(1)])]);
    assert!(missing(store.person(tenant, anna)));
}

#[test]
fn nobody_waits_for_whoever_reads_the_database_while_a_person_is_erased() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    with_calls(&store, tenant, &[(1, ANNA)], &[(7, 1)]);
    let anna = person(&store, tenant, ANNA).unwrap();
    let mut reader = rusqlite::Connection::open(place.dir.path().join("data/switchroom.db")).unwrap();
    let reading = reader.transaction().unwrap();
    let there = reading.query_row("SELECT COUNT(*) FROM persons", [], |r| r.get::<_, i64>(0)).unwrap();
    assert_eq!(there, 1, "it reads the rows as they are now, as a backup does");
    let began = std::time::Instant::now();
    store.erase_person(tenant, anna, 2, BOSS, EraseReason::Requested).unwrap();
    assert!(!store.empty_log().unwrap(), "what somebody reads stays in the log");
    // The database itself is patient for ten seconds each time, and holds up whoever writes.
    assert!(began.elapsed() < std::time::Duration::from_secs(10));
    drop(reading);
    assert!(store.empty_log().unwrap());
}

#[test]
fn a_backup_that_fails_at_its_keys_is_known_and_its_keys_are_replaced() {
    let place = Place::new();
    let store = place.open();
    store.installation().unwrap();
    let tenant = store.tenant("acme", 1).unwrap();
    with_calls(&store, tenant, &[(1, ANNA)], &[(7, 1)]);
    let anna = person(&store, tenant, ANNA).unwrap();
    let dir = place.dir.path().join("copy");
    std::fs::create_dir(&dir).unwrap();
    let lock = std::fs::File::create(dir.join("keys.lock")).unwrap();
    lock.lock().unwrap();
    assert!(store::back_up(&place.settings(), &dir, 9, &mut |_| {}).is_err());
    let known = store.copies().unwrap();
    assert_eq!((known.len(), &known[0].dir, known[0].increment, known[0].at), (1, &dir, 0, 0));
    drop(lock);
    store.erase_person(tenant, anna, 2, BOSS, EraseReason::Requested).unwrap();
    assert!(store.replace_copies().unwrap().iter().all(|c| c.pending.is_none()));
    store::back_up(&place.settings(), &dir, 9, &mut |_| {}).unwrap();
    assert_eq!(store.copies().unwrap()[0].increment, 1);
}

#[test]
fn holds_are_looked_at_where_a_person_is_erased() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    with_calls(&store, tenant, &[(1, ANNA)], &[(7, 1)]);
    let anna = person(&store, tenant, ANNA).unwrap();
    let hold = store.place_hold(tenant, Held::Call(7), &secret("a court"), 1, BOSS).unwrap();
    assert_eq!(store.erase_person(tenant, anna, 2, BOSS, EraseReason::Requested).unwrap().kept_by, [hold]);
    assert_eq!(store.person(tenant, anna).unwrap().address.expose_secret(), ANNA);
    assert!(has(&store, tenant, "person.erase-held", &format!("Person/p{anna}")));
    assert!(has(&store, tenant, "hold.place", &format!("Hold/h{hold} Call/c7")));
    store.lift_hold(tenant, hold, 3, BOSS).unwrap();
    assert!(has(&store, tenant, "hold.lift", &format!("Hold/h{hold} Call/c7")));
    assert_eq!(store.erase_person(tenant, anna, 4, BOSS, EraseReason::Requested).unwrap().calls, 1);
    assert!(missing(store.place_hold(tenant, Held::Person(anna), &secret("a court"), 5, BOSS)));
}

#[test]
fn a_hold_keeps_an_account_from_ending_and_an_account_that_ended_takes_none() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    with_calls(&store, tenant, &[(1, ANNA)], &[(7, 1)]);
    let place_hold = |at| store.place_hold(tenant, Held::Call(7), &secret("a court"), at, BOSS);
    let refused = |e: StoreError| matches!(e, StoreError::Refused(_));
    let hold = place_hold(1).unwrap();
    assert!(refused(store.begin_closing(tenant, (2, 10), BOSS).unwrap_err()));
    assert!(!store.is_closing(tenant).unwrap());
    store.lift_hold(tenant, hold, 3, BOSS).unwrap();

    let token = store.new_token(tenant, store::Role::Owner, 3).unwrap();
    let receipt = store.begin_closing(tenant, (4, 10), BOSS).unwrap();
    assert!(refused(store.begin_closing(tenant, (5, 5), BOSS).unwrap_err()), "closed twice");
    assert!(refused(place_hold(5).unwrap_err()));
    assert!(refused(store.token(token.expose_secret()).unwrap_err()));
    for (secret, who) in [(&receipt, "receipt"), (&token, "token 1")] {
        let (closing, by) = store.closing_of(secret.expose_secret()).unwrap();
        assert_eq!((closing.due, closing.begun, by.as_str()), (10, None, who));
    }
    // Nothing is destroyed before its day, and from then on nothing is taken back.
    assert!(!store.begin_disposal(tenant, 9).unwrap());
    assert!(refused(store.destroy_tenant(tenant).unwrap_err()));
    store.take_back_closing(tenant, 9, BOSS).unwrap();
    assert!(store.token(token.expose_secret()).is_ok() && place_hold(9).is_ok());
    store.lift_hold(tenant, hold + 1, 9, BOSS).unwrap();
    store.begin_closing(tenant, (9, 10), BOSS).unwrap();
    assert!(store.begin_disposal(tenant, 10).unwrap());
    assert!(refused(store.take_back_closing(tenant, 10, BOSS).unwrap_err()));
    store.destroy_tenant(tenant).unwrap();
    assert!(store.belongings(tenant).unwrap().rows.is_empty());
}

#[test]
fn what_was_said_of_a_user_who_was_deleted_cannot_be_read_any_more() {
    let place = Place::new();
    let mut store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    let user = |id: &str, name: &str| store::Change {
        kind: "User".into(),
        id: id.into(),
        body: (!name.is_empty()).then(|| format!("{{\"id\":\"{id}\",\"name\":\"{name}\"}}")),
    };
    let key_db = || rusqlite::Connection::open(place.dir.path().join("data/switchroom.keys.db")).unwrap();
    let keys = || -> u32 {
        key_db().query_row("SELECT COUNT(*) FROM keys WHERE kind = 'user'", [], |r| r.get(0)).unwrap()
    };
    let bodies = |store: &Store| -> Vec<Option<String>> {
        store.versions(tenant, "User", "anna").unwrap().into_iter().map(|v| v.body).collect()
    };
    let names = |store: &Store| -> Vec<String> {
        store.objects(tenant).unwrap().into_iter().map(|o| o.body).collect()
    };
    store.change(tenant, 1, BOSS, &[user("anna", "Ottilie"), user("bert", "Bert")]).unwrap();
    store.change(tenant, 2, BOSS, &[user("anna", "Ottilie Zeisig")]).unwrap();
    assert!(bodies(&store).iter().all(|b| b.as_ref().is_some_and(|b| b.contains("Ottilie"))));
    assert_eq!(keys(), 2);
    store.change(tenant, 3, BOSS, &[user("anna", "")]).unwrap();
    assert_eq!((keys(), bodies(&store)), (1, vec![None, None, None]));
    let rows = rusqlite::Connection::open(place.dir.path().join("data/switchroom.db")).unwrap();
    let sql = "SELECT COUNT(*) FROM object_versions WHERE id = 'anna' AND body IS NOT NULL";
    assert_eq!(rows.query_row(sql, [], |r| r.get::<_, u32>(0)).unwrap(), 2, "only the key is gone");
    drop(rows);
    // Whoever gets the id later is somebody else, and opens nothing that was said of the one before.
    store.change(tenant, 4, BOSS, &[user("anna", "Anna Fink")]).unwrap();
    let found = bodies(&store);
    assert!(
        found[0].as_ref().unwrap().contains("Anna Fink") && found[1..] == [None, None, None],
        "{found:?}"
    );
    // An older increment of a backup has a user whose key is gone since: the id is all that is known.
    drop(store);
    key_db().execute("DELETE FROM keys WHERE kind = 'user' AND id = 1", []).unwrap();
    store = place.open();
    let found = names(&store);
    assert_eq!(found[0], "{\"kind\":\"User\",\"id\":\"anna\",\"roles\":[\"agent\"]}");
    assert!(found[1].contains("Bert"), "{found:?}");
    assert_eq!(store.sweep_user_keys(tenant).unwrap(), 0);
}

#[test]
fn numbers_of_people_and_holds_are_given_once() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    with_calls(&store, tenant, &[(1, ANNA)], &[(1, 1)]);
    let anna = person(&store, tenant, ANNA).unwrap();
    store.erase_person(tenant, anna, 2, BOSS, EraseReason::Requested).unwrap();
    with_calls(&store, tenant, &[(2, BERT)], &[(2, 2)]);
    let bert = person(&store, tenant, BERT).unwrap();
    assert!(bert > anna, "{anna} {bert}");
    let place_hold = || store.place_hold(tenant, Held::Person(bert), &secret("a court"), 1, BOSS).unwrap();
    let first = place_hold();
    store.lift_hold(tenant, first, 2, BOSS).unwrap();
    assert!(place_hold() > first);
}

#[test]
fn all_who_withheld_their_number_are_nobody() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    with_calls(&store, tenant, &[(1, ""), (2, "")], &[(1, 1), (2, 2)]);
    assert_eq!(person(&store, tenant, ""), None);
    let stands_for_all = 1;
    assert!(missing(store.person(tenant, stands_for_all)));
    assert!(missing(store.erase_person(tenant, stands_for_all, 2, BOSS, EraseReason::Requested)));
    assert_eq!(store.party(tenant, 2).unwrap().display.expose_secret(), "Anna Zeisig");
    assert_eq!(dispose(&store, tenant, 9_000, &Needed::nothing()), 1, "retention takes them as any other");
}

#[test]
fn of_a_restricted_person_neither_notes_nor_log_nor_search_say_anything() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    with_calls(&store, tenant, &[(1, ANNA)], &[(7, 1)]);
    let anna = person(&store, tenant, ANNA).unwrap();
    store.put_notes(tenant, CallId(7), PartyId(1), &notes("said yes")).unwrap();
    store.correct_person(tenant, anna, &secret("Anna Fink"), 2, BOSS).unwrap();
    let seen = || {
        let entries =
            store.audit_entries(tenant, &AuditFilter { limit: 100, ..AuditFilter::default() }).unwrap();
        let callers = Some(vec![secret(ANNA)]);
        let calls = store.calls(tenant, &CallFilter { callers, limit: 9, ..CallFilter::default() }).unwrap();
        let details = entries.iter().filter(|e| e.detail.is_some()).count();
        (store.notes(tenant, CallId(7)).unwrap().is_some(), details, calls.calls.len())
    };
    assert_eq!(seen(), (true, 1, 1));
    store.mark_person(tenant, anna, Some(true), Some(true), 3, BOSS).unwrap();
    assert_eq!(seen(), (false, 0, 0));
    assert!(store.notes_even_restricted(tenant, CallId(7)).unwrap().is_some());
    store.mark_person(tenant, anna, Some(false), None, 4, BOSS).unwrap();
    assert_eq!(seen(), (true, 1, 1));
    let said: Vec<String> = actions(&store, tenant).into_iter().map(|(action, _)| action).collect();
    assert_eq!(
        said,
        ["call.notes", "person.correct", "person.restrict", "person.object", "person.restrict-end"]
    );
    assert!(missing(store.mark_person(tenant, anna + 1, Some(true), None, 5, BOSS)));
    assert_eq!(actions(&store, tenant).len(), said.len(), "what did not happen is not in the log");
}

#[test]
fn audio_without_a_row_is_swept_away_and_no_other() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    with_calls(&store, tenant, &[(1, ANNA)], &[(7, 1)]);
    drop(store.begin_recording(tenant, RecordingId(5), CallId(7), 1, Time(1), true).unwrap());
    let folder = place.dir.path().join("data/blobs/recordings").join(tenant.0.to_string()).join("000000");
    let (known, lost, other) = (folder.join("5.rec"), folder.join("6.rec"), folder.join("notes.txt"));
    std::fs::write(&lost, b"noise").unwrap();
    std::fs::write(&other, b"not ours").unwrap();
    assert_eq!(store.sweep_audio(std::time::UNIX_EPOCH).unwrap(), 0, "too young");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    assert_eq!(store.sweep_audio(later).unwrap(), 1);
    assert!(known.exists() && other.exists() && !lost.exists());
}

#[test]
fn a_person_is_found_by_the_words_of_a_name_until_they_are_erased() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    let other = store.tenant("other", 1).unwrap();
    let mut batch = Batch { first_position: 1, last_position: 0, ..Batch::default() };
    batch.parties = vec![
        party(1, ANNA, "Dr. Anna Müßig"),
        party(2, BERT, "Bert Stieglitz"),
        party(3, ANNA, "Reception"),
        party(4, "", "Nobody Withheld"),
    ];
    store.commit(&[(tenant, batch)]).unwrap();
    with_calls(&store, other, &[(1, BERT)], &[]);
    let found = |name: &str| store.find_by_name(tenant, &secret(name)).unwrap();
    let (anna, bert) = (person(&store, tenant, ANNA).unwrap(), person(&store, tenant, BERT).unwrap());
    for name in ["mussig", "MÜSSIG, anna", "anna", "reception"] {
        assert_eq!(found(name), [anna], "{name}");
    }
    // Words of two names are not a name, a part of a word is not a word, and another tenant's people are elsewhere.
    for name in ["anna reception", "mus", "anna stieglitz", "zeisig", "", " - ", "nobody"] {
        assert_eq!(found(name), [] as [u64; 0], "{name:?}");
    }
    assert_eq!(found("stieglitz"), [bert]);
    // A corrected name stands for those that came, also with later calls.
    store.correct_person(tenant, anna, &secret("Anna Fink"), 2, BOSS).unwrap();
    let again = Batch {
        first_position: 1,
        last_position: 0,
        parties: vec![party(9, ANNA, "Anna Zeisig")],
        ..Batch::default()
    };
    store.commit(&[(tenant, again)]).unwrap();
    assert_eq!((found("fink"), found("mussig"), found("zeisig")), (vec![anna], vec![], vec![]));
    store.correct_person(tenant, anna, &secret(""), 2, BOSS).unwrap();
    assert_eq!((found("fink"), found("mussig"), found("zeisig")), (vec![], vec![anna], vec![anna]));

    // Names from before they were indexed.
    let rows = |sql: &str| {
        let db = rusqlite::Connection::open(place.dir.path().join("data/switchroom.db")).unwrap();
        db.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap()
    };
    let db = rusqlite::Connection::open(place.dir.path().join("data/switchroom.db")).unwrap();
    db.execute("DELETE FROM name_words", []).unwrap();
    assert_eq!(found("mussig"), [] as [u64; 0]);
    assert_eq!(
        (store.index_names(tenant, &|| false).unwrap(), store.index_names(tenant, &|| true).unwrap()),
        (0, 2)
    );
    assert_eq!((found("mussig"), store.index_names(tenant, &|| true).unwrap()), (vec![anna], 0));
    let plain = place.bytes();
    assert!(!plain.windows(6).any(|w| w.eq_ignore_ascii_case(b"zeisig")), "a name stands in a file");

    store.erase_person(tenant, anna, 3, BOSS, EraseReason::Requested).unwrap();
    assert_eq!((found("mussig"), found("stieglitz")), (vec![], vec![bert]));
    assert_eq!(rows(&format!("SELECT COUNT(*) FROM name_words WHERE person = {anna}")), 0);
    // Retention takes the words of whoever it takes.
    let rest = dispose(&store, tenant, 9_000, &Needed::nothing());
    assert_eq!((rest, rows(&format!("SELECT COUNT(*) FROM name_words WHERE tenant = {}", tenant.0))), (2, 0));
}
