//! The audit log on disk: chained, sealed, found out when somebody touches it.

use crate::{Place, events, party};
use engine::Event;
use redact::Secret;
use store::{
    AuditCut, AuditFilter, CUT, ChainCheck, ChainFault, ChainReport, DataClass, DisposalRule, Disposed,
    EraseReason, Held, Needed, Store, TenantId, digest_of,
};

fn check(store: &Store, tenant: TenantId) -> ChainReport {
    let key = store.installation().unwrap().public_key();
    let mut check = ChainCheck::new("acme", &key, store.audit_heads(tenant).unwrap());
    let mut after = 0;
    loop {
        let page = store.audit_page(tenant, after).unwrap();
        let Some(last) = page.last() else { break check.end() };
        after = last.id;
        page.iter().for_each(|entry| check.entry(entry));
    }
}

fn of_all() -> AuditFilter {
    AuditFilter { limit: 500, ..AuditFilter::default() }
}

/// Changes the stopped database as somebody would who has the file.
fn touch(place: &Place, sql: &str) {
    let db = rusqlite::Connection::open(place.dir.path().join("data/switchroom.db")).unwrap();
    db.execute_batch(sql).unwrap();
}

#[test]
fn what_is_touched_on_disk_is_found() {
    let changes = [
        ("UPDATE audit SET who = 'nobody' WHERE id = 600", 600, "changed"),
        ("DELETE FROM audit WHERE id = 600", 600, "missing"),
        (
            "UPDATE audit SET id = -1 WHERE id = 600; UPDATE audit SET id = 600 WHERE id = 601; UPDATE audit SET id = 601 WHERE id = -1",
            600,
            "changed",
        ),
        ("DELETE FROM audit WHERE id > 600", 600, "its end is missing"),
        ("UPDATE audit_heads SET digest = x'00'", 700, "not signed"),
        ("UPDATE audit SET digest = NULL WHERE id = 600", 600, "changed"),
    ];
    for (sql, entry, what) in changes {
        let place = Place::new();
        let tenant = {
            let store = place.open();
            let tenant = store.tenant("acme", 1).unwrap();
            for n in 0..700 {
                store.audit(tenant, n, "User/anna", "recording.listen", &format!("Recording/r{n}")).unwrap();
            }
            store.sign_audit_head(tenant, 1_000).unwrap();
            let whole = check(&store, tenant);
            assert_eq!((whole.entries, whole.heads, whole.vouched, whole.faults.len()), (700, 1, 700, 0));
            tenant
        };
        touch(&place, sql);
        let found = check(&place.open(), tenant).faults;
        let first = found.first().unwrap_or_else(|| panic!("{sql}: not found"));
        assert!(first.entry == entry && first.what.contains(what), "{sql}: {first:?}");
    }
}

#[test]
fn what_is_said_of_a_person_goes_with_their_key_and_the_chain_stays() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    let mut batch = events(&[Event::Started { seed: 4 }], 1);
    batch.parties.push(party(1, "+15550177", "Anna Kanarienvogel"));
    store.commit(&[(tenant, batch)]).unwrap();
    let detail = Secret::new("asked for +15550177".to_string());
    store.audit_about(tenant, 5, ("User/boss", "person.find", "Person/p1"), 1, &detail).unwrap();
    store.audit(tenant, 6, "User/boss", "report.export", "Report/calls").unwrap();
    let read = |store: &Store| {
        let entries = store.audit_entries(tenant, &of_all()).unwrap();
        entries.into_iter().map(|e| e.detail.map(|d| d.expose_secret().clone())).collect::<Vec<_>>()
    };
    assert_eq!(read(&store), [None, Some("asked for +15550177".to_string())]);
    let bytes = place.bytes();
    assert!(!bytes.windows(8).any(|w| w == b"15550177"), "it is sealed where it lies");
    drop(store);
    let keys = rusqlite::Connection::open(place.dir.path().join("data/switchroom.keys.db")).unwrap();
    keys.execute("DELETE FROM keys WHERE kind = 'person'", []).unwrap();
    let store = place.open();
    assert_eq!(read(&store), [None, None]);
    assert_eq!(check(&store, tenant).faults, []);
}

#[test]
fn entries_are_found_by_who_what_and_when() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    for (at, who, action) in [
        (1, "a", "recording.listen"),
        (2, "b", "recording.listen"),
        (3, "a", "session.begin"),
        (4, "a", "report.export"),
    ] {
        store.audit(tenant, at, who, action, "X/1").unwrap();
    }
    let ids = |filter: AuditFilter| {
        let found = store.audit_entries(tenant, &AuditFilter { limit: 10, ..filter }).unwrap();
        found.iter().map(|e| e.entry.id).collect::<Vec<_>>()
    };
    let text = |t: &str| Some(t.to_string());
    assert_eq!(ids(AuditFilter { action: text("recording."), ..of_all() }), [2, 1]);
    assert_eq!(ids(AuditFilter { who: text("a"), since: Some(2), ..of_all() }), [4, 3]);
    assert_eq!(ids(AuditFilter { until: Some(3), before: Some(2), ..of_all() }), [1]);
    assert_eq!(ids(AuditFilter { object: text("X/2"), ..of_all() }), [] as [u64; 0]);
}

const DAY: u64 = 86_400_000;

/// A log of `count` entries, one an hour from day 1 on, with a head each midnight, as a running server signs them.
fn hourly(store: &Store, tenant: TenantId, count: u64) {
    for n in 0..count {
        let at = DAY + n * 3_600_000;
        if n.is_multiple_of(24) && n > 0 {
            store.sign_audit_head(tenant, at).unwrap();
        }
        store.audit(tenant, at, "User/anna", "recording.listen", &format!("Recording/r{n}")).unwrap();
    }
}

fn first(store: &Store, tenant: TenantId) -> u64 {
    store.audit_page(tenant, 0).unwrap()[0].id
}

fn due(store: &Store, tenant: TenantId, before: u64) -> (u64, u64) {
    let rule = DisposalRule { class: DataClass::Audit, queue: None, except: vec![], before };
    let due = store.due(tenant, &rule).unwrap();
    (due.rows, due.held)
}

/// What is wrong with a log, with its first entry and where it says that it was cut.
fn state(store: &Store, tenant: TenantId) -> (Vec<ChainFault>, u64, u64) {
    let report = check(store, tenant);
    (report.faults, first(store, tenant), report.cut)
}

#[test]
fn a_rule_takes_the_logs_beginning_up_to_a_head_and_what_stays_is_whole() {
    let place = Place::new();
    let store = place.open();
    let (tenant, other) = (store.tenant("acme", 1).unwrap(), store.tenant("other", 1).unwrap());
    hourly(&store, tenant, 96);
    hourly(&store, other, 30);
    // Nothing is due; then the first day is and half of the second, which no head ends.
    assert_eq!(due(&store, tenant, DAY), (0, 0));
    assert_eq!(store.cut_audit(tenant, DAY, 9 * DAY, &mut |_| true).unwrap(), Disposed::default());
    let before = 2 * DAY + 12 * 3_600_000;
    assert_eq!(due(&store, tenant, before), (24, 0));
    assert_eq!(state(&store, tenant), (vec![], 1, 0), "asking changes nothing");
    assert_eq!(store.cut_audit(tenant, before, 9 * DAY, &mut |_| true).unwrap().rows, 24);
    assert_eq!(state(&store, tenant), (vec![], 25, 24));
    let cut = store.audit_entries(tenant, &of_all()).unwrap().remove(0).entry;
    assert_eq!((cut.id, cut.at, cut.who.as_str(), cut.action.as_str()), (97, 9 * DAY, "retention", CUT));
    assert_eq!(AuditCut::of(&cut.object).unwrap().entry, 24);
    let heads: Vec<u64> = store.audit_heads(tenant).unwrap().iter().map(|h| h.entry).collect();
    assert_eq!(heads, [24, 48, 72, 97], "that at the cut stays, and one is over it");
    // Done again, nothing is due; the log goes on, and is cut again.
    assert_eq!(store.cut_audit(tenant, before, 9 * DAY, &mut |_| true).unwrap().rows, 0);
    store.audit(tenant, 9 * DAY, "User/anna", "report.export", "Report/calls").unwrap();
    assert_eq!(store.cut_audit(tenant, 9 * DAY, 10 * DAY, &mut |_| true).unwrap().rows, 72);
    assert_eq!(state(&store, tenant), (vec![], 97, 96), "all of it was due for days: no head is waited for");
    // The older cut goes with the rest.
    assert_eq!(store.cut_audit(tenant, 12 * DAY, 12 * DAY, &mut |_| true).unwrap().rows, 3);
    assert_eq!(state(&store, tenant), (vec![], 100, 99));
    assert_eq!(first(&store, other), 1, "nobody else's");
    let rule = DisposalRule { class: DataClass::Audit, queue: None, except: vec![], before };
    assert_eq!(store.oldest(tenant, &rule).unwrap(), Some(12 * DAY));
    assert!(store.dispose(tenant, &rule, &Needed::nothing(), &mut |_| true).is_err());
}

/// Killed after any step: between the entry that says what goes and the rows, and between two batches of rows.
#[test]
fn a_cut_that_was_interrupted_is_whole_and_ended_by_the_next_run() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    hourly(&store, tenant, 4_500);
    let change = |sql: &str| {
        let db = rusqlite::Connection::open(place.dir.path().join("data/switchroom.db")).unwrap();
        db.execute_batch(sql).unwrap();
    };
    let before = DAY + 4_400 * 3_600_000;
    change("CREATE TRIGGER no BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'no'); END");
    assert!(store.cut_audit(tenant, before, before, &mut |_| true).is_err());
    change("DROP TRIGGER no");
    assert_eq!(state(&store, tenant), (vec![], 1, 0));
    assert_eq!(due(&store, tenant, 0), (4_392, 0), "what was written down goes whatever the rule says now");
    let mut asked = 0;
    let mut once = |_: &Disposed| {
        asked += 1;
        asked == 1
    };
    assert_eq!(store.cut_audit(tenant, 0, before, &mut once).unwrap().rows, 2_000);
    assert_eq!(state(&store, tenant), (vec![], 2_001, 2_000));
    drop(store);
    let store = place.open();
    assert_eq!(state(&store, tenant), (vec![], 2_001, 2_000));
    assert_eq!(store.cut_audit(tenant, 0, before, &mut |_| true).unwrap().rows, 2_392);
    assert_eq!(state(&store, tenant), (vec![], 4_393, 4_392));
    let cuts = AuditFilter { action: Some(CUT.into()), ..of_all() };
    assert_eq!(store.audit_entries(tenant, &cuts).unwrap().len(), 1, "one cut, written once");
}

#[test]
fn of_a_log_that_somebody_changed_nothing_is_disposed_of_and_a_forged_cut_is_found() {
    for (sql, entry) in [
        ("UPDATE audit SET who = 'nobody' WHERE id = 7", 7),
        ("DELETE FROM audit WHERE id = 9", 9),
        ("UPDATE audit_heads SET digest = x'00' WHERE entry = 24", 24),
    ] {
        let place = Place::new();
        let store = place.open();
        let tenant = store.tenant("acme", 1).unwrap();
        hourly(&store, tenant, 60);
        let db = rusqlite::Connection::open(place.dir.path().join("data/switchroom.db")).unwrap();
        db.execute_batch(sql).unwrap();
        let refused = store.cut_audit(tenant, 3 * DAY, 9 * DAY, &mut |_| true).unwrap_err().to_string();
        assert!(refused.contains(&format!("at entry {entry} ")), "{sql}: {refused}");
        assert_eq!(first(&store, tenant), 1, "{sql}");
    }
    // Whoever writes to the database and has no key: a cut up to a head that is there, and tomorrow's head over it.
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    hourly(&store, tenant, 60);
    let head = store.audit_heads(tenant).unwrap().remove(1);
    let cut = AuditCut { entry: head.entry, digest: head.digest.clone() };
    store.audit(tenant, 4 * DAY, "retention", CUT, &cut.object()).unwrap();
    let db = rusqlite::Connection::open(place.dir.path().join("data/switchroom.db")).unwrap();
    db.execute("UPDATE audit SET sealed = ?1 WHERE id = 61", [&head.signature]).unwrap();
    let mut forged = store.audit_page(tenant, 60).unwrap().remove(0);
    let last = store.audit_page(tenant, 59).unwrap().remove(0).digest;
    forged.digest = digest_of(&last, &forged);
    db.execute("UPDATE audit SET digest = ?1 WHERE id = 61", [&forged.digest]).unwrap();
    store.sign_audit_head(tenant, 5 * DAY).unwrap();
    // Nor are we had to do what it says.
    let refused = store.cut_audit(tenant, 0, 9 * DAY, &mut |_| true).unwrap_err().to_string();
    assert!(refused.contains("did not sign that"), "{refused}");
    assert_eq!(first(&store, tenant), 1);
    db.execute("DELETE FROM audit WHERE id <= 48", []).unwrap();
    let found: Vec<u64> = check(&store, tenant).faults.iter().map(|f| f.entry).collect();
    assert_eq!(found, [61, 1]);
}

#[test]
fn a_hold_and_a_made_up_person_keep_what_was_written_since() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    hourly(&store, tenant, 30);
    let hold =
        store.place_hold(tenant, Held::Call(7), &Secret::new("court".into()), 3 * DAY, "boss").unwrap();
    for n in 0..10 {
        store.audit(tenant, 3 * DAY + n, "User/anna", "report.export", "Report/calls").unwrap();
    }
    // 30 entries are from before the hold; its own and those behind it stay.
    assert_eq!(due(&store, tenant, 40 * DAY), (30, 11));
    let done = store.cut_audit(tenant, 40 * DAY, 40 * DAY, &mut |_| true).unwrap();
    assert_eq!((done.rows, done.held, state(&store, tenant)), (30, 11, (vec![], 31, 30)));
    assert_eq!(due(&store, tenant, 50 * DAY), (0, 12), "the cut itself is kept, too, and no other is made");
    store.lift_hold(tenant, hold, 50 * DAY, "boss").unwrap();
    assert_eq!(store.cut_audit(tenant, 50 * DAY, 50 * DAY, &mut |_| true).unwrap().rows, 12);

    let entry = ("attestation", "attest.canary", "Person/made-up");
    let (number, name) = (Secret::new("+9990000000001".to_string()), Secret::new("Canary".to_string()));
    let person = store.add_made_up(tenant, &number, 51 * DAY, entry, &name).unwrap();
    store.audit(tenant, 52 * DAY, "User/anna", "report.export", "Report/calls").unwrap();
    store.cut_audit(tenant, 90 * DAY, 90 * DAY, &mut |_| true).unwrap();
    assert_eq!(store.made_up(&["attest.canary"]).unwrap(), [(tenant, person)], "found by that entry alone");
    store.erase_person(tenant, person, 90 * DAY, "attestation", EraseReason::NoLongerNeeded).unwrap();
    store.cut_audit(tenant, 91 * DAY, 91 * DAY, &mut |_| true).unwrap();
    assert_eq!(state(&store, tenant).0, []);
    let left =
        store.audit_entries(tenant, &AuditFilter { action: Some("attest.".into()), ..of_all() }).unwrap();
    assert_eq!(left.len(), 0);
}
