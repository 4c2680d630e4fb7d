//! One caller out of many is erased while calls go on; holds; disposing of what is old.

use crate::{Place, party, record};
use engine::{CallId, RecordingId, Time};
use redact::Secret;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{
    Batch, CallFilter, ChainCheck, DataClass, DisposalRule, Disposed, EraseReason, Held, Needed, Store,
    StoreError, TenantId,
};

const CALLS: u64 = 10_000;
const PEOPLE: u64 = 2_000;

fn number(person: u64) -> String {
    format!("+155500{person:05}")
}

/// Calls with these ids, the callers by turns.
fn calls(store: &Store, tenant: TenantId, ids: std::ops::Range<u64>) {
    let mut batch = Batch { first_position: 1, last_position: 0, ..Batch::default() };
    for id in ids {
        batch.parties.push(party(id, &number(id % PEOPLE), &format!("Name {id}")));
        batch.records.push(record(id, id));
    }
    store.commit(&[(tenant, batch)]).unwrap();
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|w| w == part)
}

fn count(store: &Store, tenant: TenantId, number: &str) -> usize {
    let callers = Some(vec![Secret::new(number.to_string())]);
    store.calls(tenant, &CallFilter { callers, limit: 500, ..CallFilter::default() }).unwrap().calls.len()
}

#[test]
fn one_of_ten_thousand_is_found_nowhere_after_the_erasure() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    for from in (1..=CALLS).step_by(1_000) {
        calls(&store, tenant, from..from + 1_000);
    }
    let (who, other) = (number(777), number(778));
    let person = store.find_person(tenant, &Secret::new(who.clone())).unwrap().unwrap();
    let about = store.person(tenant, person).unwrap();
    assert_eq!((about.calls, about.names.len(), count(&store, tenant, &who)), (5, 5, 5));
    let keys = rusqlite::Connection::open(place.dir.path().join("data/switchroom.keys.db")).unwrap();
    let wrapped = |person: u64| -> Vec<u8> {
        let sql = "SELECT wrapped FROM keys WHERE kind = 'person' AND id = ?1";
        keys.query_row(sql, [person as i64], |r| r.get(0)).unwrap()
    };
    let (gone, stays) = (wrapped(person), wrapped(person + 1));
    drop(keys);
    assert!(holds(&place.bytes(), &gone), "it is there before");
    let stop = AtomicBool::new(false);
    let (erased, took) = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut id = CALLS + 1;
            while !stop.load(Ordering::Relaxed) {
                calls(&store, tenant, id..id + 10);
                id += 10;
            }
        });
        let began = std::time::Instant::now();
        let erased = store.erase_person(tenant, person, 9, "User/boss", EraseReason::Requested);
        let took = began.elapsed();
        stop.store(true, Ordering::Relaxed);
        (erased.unwrap(), took)
    });
    assert!(erased.calls >= 5, "{erased:?}");
    assert!(took.as_secs() < 10, "{took:?}");
    assert!(matches!(store.person(tenant, person), Err(StoreError::NotFound(_))));
    assert!((1..=CALLS).filter(|id| id % PEOPLE == 777).all(|id| store.party(tenant, id).is_err()));
    assert!(count(&store, tenant, &other) >= 5, "others are not touched");
    let mut before = None;
    let mut all = 0;
    loop {
        let page = store.calls(tenant, &CallFilter { before, limit: 500, ..CallFilter::default() }).unwrap();
        all += page.calls.len() as u64;
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert!(all >= CALLS, "each call is still counted: {all}");
    let key = store.installation().unwrap().public_key();
    let mut check = ChainCheck::new("acme", &key, store.audit_heads(tenant).unwrap());
    store.audit_page(tenant, 0).unwrap().iter().for_each(|entry| check.entry(entry));
    assert_eq!(check.end().faults, []);
    let bytes = place.bytes();
    assert!(!holds(&bytes, &gone), "the key can still be found in a file");
    assert!(holds(&bytes, &stays), "another's key is there");
    drop(store);
    let store = place.open();
    assert!(matches!(store.person(tenant, person), Err(StoreError::NotFound(_))));
}

#[test]
fn rules_take_what_is_old_page_by_page_and_leave_what_is_held() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    calls(&store, tenant, 1..1_001);
    // Calls end at 2,000 and their id: the first 600 are due.
    let rule = DisposalRule { class: DataClass::Call, queue: None, except: vec![], before: 2_601 };
    let reason = Secret::new("a court".to_string());
    let hold = store.place_hold(tenant, Held::Call(7), &reason, 1, "User/boss").unwrap();
    let person = store.find_person(tenant, &Secret::new(number(9))).unwrap().unwrap();
    store.place_hold(tenant, Held::Person(person), &reason, 1, "User/boss").unwrap();
    assert_eq!(store.due(tenant, &rule).unwrap(), Disposed { calls: 598, held: 2, ..Disposed::default() });
    assert_eq!(store.oldest(tenant, &rule).unwrap(), Some(2_001));
    // Interrupted after the first page, it goes on with the rest.
    let mut pages = 0;
    let first = store
        .dispose(tenant, &rule, &Needed::nothing(), &mut |_| {
            pages += 1;
            pages == 1
        })
        .unwrap();
    assert_eq!((first.calls, first.held), (200, 2));
    let rest = store.dispose(tenant, &rule, &Needed::nothing(), &mut |_| true).unwrap();
    assert_eq!((rest.calls, rest.held, rest.people), (398, 2, 398));
    assert!(store.find_person(tenant, &Secret::new(number(8))).unwrap().is_none());
    for kept in [7, 9, 601] {
        assert!(store.party(tenant, kept).is_ok(), "{kept}");
    }
    store.lift_hold(tenant, hold, 2, "User/boss").unwrap();
    assert!(matches!(store.lift_hold(tenant, hold, 2, "User/boss"), Err(StoreError::NotFound(_))));
    assert_eq!(store.dispose(tenant, &rule, &Needed::nothing(), &mut |_| true).unwrap().calls, 1);
    assert_eq!(store.holds_on_person(tenant, person).unwrap().len(), 1);
    assert_eq!(store.holds(tenant).unwrap()[0].reason.expose_secret(), "a court");
    let of_queue = DisposalRule { queue: Some(3), ..rule.clone() };
    assert_eq!(store.due(tenant, &of_queue).unwrap(), Disposed::default(), "no call was in that queue");
    let without = DisposalRule { except: vec![3], ..rule };
    assert_eq!(store.due(tenant, &without).unwrap().held, 1);
}

/// What is thrown away by a rule cannot be read from yesterday's copy of the data, with the keys that are left today; although
/// its caller is still known.
#[test]
fn a_recording_that_was_disposed_of_cannot_be_read_in_a_copy_from_before() {
    let place = Place::new();
    let data = place.dir.path().join("data");
    let kept = place.dir.path().join("kept");
    std::fs::create_dir(&kept).unwrap();
    let recording = |tenant: TenantId, id: u64| {
        let path = format!("recordings/{}/000000/{id}.rec", tenant.0);
        (data.join("blobs").join(path), kept.join(format!("{id}.rec")))
    };
    let tenant = {
        let store = place.open();
        let tenant = store.tenant("acme", 1).unwrap();
        // Both calls are of one person.
        let mut batch = Batch { first_position: 1, last_position: 0, ..Batch::default() };
        for id in [1, 2] {
            batch.parties.push(party(id, "+15550188701", ""));
            batch.records.push(record(id, id));
        }
        store.commit(&[(tenant, batch)]).unwrap();
        for id in [1, 2] {
            let began = store.begin_recording(tenant, RecordingId(id), CallId(id), id, Time(1), false);
            let mut writer = began.unwrap();
            writer.push(&[id as u8; 5_000]).unwrap();
            let bytes = writer.finish().unwrap();
            store.end_recording(tenant, RecordingId(id), Time(9), bytes, None).unwrap();
        }
        tenant
    };
    std::fs::copy(data.join("switchroom.db"), kept.join("switchroom.db")).unwrap();
    for id in [1, 2] {
        let (from, to) = recording(tenant, id);
        std::fs::copy(from, to).unwrap();
    }
    let read = |store: &Store, id: u64| {
        let file = store.open_recording(tenant, RecordingId(id))?;
        file.read(0, 10_000)
    };
    {
        let store = place.open();
        assert_eq!(read(&store, 1).unwrap(), [1; 5_000]);
        // Calls end at 2,000 and their id: the first one's recording is due.
        let rule = DisposalRule { class: DataClass::Recording, queue: None, except: vec![], before: 2_002 };
        let done = store.dispose(tenant, &rule, &Needed::nothing(), &mut |_| true).unwrap();
        assert_eq!((done.recordings, done.people), (1, 0));
    }
    // Yesterday's data, today's keys.
    for end in ["db", "db-wal", "db-shm"] {
        let _ = std::fs::remove_file(data.join(format!("switchroom.{end}")));
    }
    std::fs::copy(kept.join("switchroom.db"), data.join("switchroom.db")).unwrap();
    let (to, from) = recording(tenant, 1);
    std::fs::copy(from, to).unwrap();
    let store = place.open();
    assert!(store.party(tenant, 1).is_ok(), "the person is known");
    assert!(matches!(read(&store, 1), Err(StoreError::NotFound(_))), "and what was recorded is gone");
    assert_eq!(read(&store, 2).unwrap(), [2; 5_000]);
    let ages = store.key_ages(tenant).unwrap();
    assert!(ages.iter().any(|k| k.kind == "recording"), "{ages:?}");
}
