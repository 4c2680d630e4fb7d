//! The audit log on disk: chained, sealed, found out when somebody touches it.

use crate::{Place, events, party};
use engine::Event;
use redact::Secret;
use store::{AuditFilter, ChainCheck, ChainReport, Store, TenantId};

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
