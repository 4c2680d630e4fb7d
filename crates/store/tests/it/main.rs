//! The store from outside: what is kept, what is sealed, what a full disk and a second process meet.

mod accounts;
mod audit;
mod directory;
mod erasure;
mod outbox;
mod reports;
mod rights;

use engine::{
    CallId, CallRecord, EndedBy, Engine, Event, Facts, Fault, LegEnd, NumberId, PartyId, Reason, RecordingId,
    Time, TrunkId,
};
use redact::Secret;
use store::{
    Batch, CATALOGUE, CHUNK, CallFilter, Change, Party, Role, Store, StoreError, StoreSettings, TenantId,
    encode_event,
};

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place { dir: tempfile::tempdir().unwrap() }
    }

    fn settings(&self) -> StoreSettings {
        let dir = self.dir.path().display();
        StoreSettings {
            url: format!("sqlite:{dir}/data/switchroom.db"),
            full_sync: false,
            blobs: format!("file:{dir}/data/blobs"),
            keys: format!("file:{dir}/keys/master.key"),
        }
    }

    fn open(&self) -> Store {
        Store::open(&self.settings()).unwrap()
    }

    /// Everything on disk.
    fn bytes(&self) -> Vec<u8> {
        fn walk(dir: &std::path::Path, out: &mut Vec<u8>) {
            for e in std::fs::read_dir(dir).unwrap() {
                let path = e.unwrap().path();
                if path.is_dir() { walk(&path, out) } else { out.extend(std::fs::read(path).unwrap()) }
            }
        }
        let mut out = Vec::new();
        walk(self.dir.path(), &mut out);
        out
    }
}

fn record(id: u64, party: u64) -> CallRecord {
    CallRecord {
        id: CallId(id),
        number: Some(NumberId(3)),
        caller: PartyId(party),
        trunk: TrunkId(1),
        began: Time(1_000 + id),
        answered: None,
        ended: Time(2_000 + id),
        ended_by: EndedBy::Caller,
        reason: Reason::GaveUp,
        fault: Fault::Nobody,
        queue: None,
        outcome: None,
        waited_ms: 0,
        talked_ms: 0,
        agent: None,
        legs: vec![],
        timeline: vec![],
        decisions: vec![],
        recordings: vec![],
        origin: Default::default(),
        attributes: vec![],
        language: Default::default(),
    }
}

fn party(id: u64, address: &str, display: &str) -> Party {
    Party { id, address: Secret::new(address.into()), display: Secret::new(display.into()), alias: None }
}

fn events(list: &[Event], first: u64) -> Batch {
    let mut batch = Batch {
        first_position: first,
        last_position: first + list.len() as u64 - 1,
        at: Time(5),
        ..Batch::default()
    };
    for e in list {
        encode_event(&mut batch.events, Time(5), e);
    }
    batch
}

#[test]
fn a_register_is_written_as_a_map() {
    let numbers = [5, 64, 63, 0, 9_999, u32::MAX];
    let all = numbers.map(|n| (engine::AgentId(n), n.to_string()));
    let register: engine::Register<_, _> = all.clone().into_iter().collect();
    let map: std::collections::BTreeMap<_, _> = all.into_iter().collect();
    let written = postcard::to_allocvec(&register).unwrap();
    assert_eq!(written, postcard::to_allocvec(&map).unwrap());
    let read: engine::Register<engine::AgentId, String> = postcard::from_bytes(&written).unwrap();
    assert_eq!(read, register);
}

#[test]
fn journal_records_and_people_come_back_after_reopening() {
    let place = Place::new();
    let arrived =
        Event::CallArrived { number: None, caller: PartyId(1), trunk: TrunkId(0), facts: Facts::default() };
    let tenant = {
        let store = place.open();
        let tenant = store.tenant("acme", 1).unwrap();
        let mut batch = events(&[Event::Started { seed: 4 }, arrived.clone()], 1);
        batch.records.push(record(0, 1));
        batch.parties.push(party(1, "+15550100", "Anna Example"));
        batch.parties.push(party(2, "+15550100", ""));
        store.commit(&[(tenant, batch)]).unwrap();
        tenant
    };
    let store = place.open();
    assert_eq!(store.tenant("acme", 9).unwrap(), tenant);
    let found = store.recover(tenant).unwrap();
    assert!(found.snapshot.is_none());
    assert_eq!(
        store.events_after(tenant, 0, 10).unwrap(),
        [(Time(5), Event::Started { seed: 4 }), (Time(5), arrived)]
    );
    assert_eq!(found.next_party, 3);
    assert_eq!(
        store.calls(tenant, &CallFilter { limit: 10, ..CallFilter::default() }).unwrap().calls,
        [record(0, 1)]
    );
    let value = store.party(tenant, 1).unwrap();
    assert_eq!(
        (value.address.expose_secret().as_str(), value.display.expose_secret().as_str()),
        ("+15550100", "Anna Example")
    );
    assert_eq!(store.party(tenant, 2).unwrap().display.expose_secret(), "");
}

#[test]
fn a_snapshot_in_the_middle_of_a_row_skips_what_it_holds() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    let mut engine = Engine::new();
    let list = [Event::Started { seed: 1 }, Event::TimePassed, Event::Draining];
    for e in &list[..2] {
        engine.handle(Time(5), e.clone());
    }
    store.commit(&[(tenant, events(&list, 1))]).unwrap();
    store.put_snapshot(tenant, Time(5), &engine.snapshot()).unwrap();
    let found = store.recover(tenant).unwrap();
    assert_eq!(found.snapshot.unwrap().position(), 2);
    assert_eq!(store.events_after(tenant, 2, 10).unwrap(), [(Time(5), Event::Draining)]);
}

#[test]
fn events_that_were_not_kept_are_bridged_by_the_snapshot_committed_with_the_next_row() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    let mut engine = Engine::new();
    for _ in 0..7 {
        engine.handle(Time(5), Event::TimePassed);
    }
    let two = [Event::TimePassed, Event::TimePassed];
    store.commit(&[(tenant, events(&two, 1))]).unwrap();
    let snapshot = Some(Box::new((Time(5), engine.snapshot())));
    let anew = store::Batch { snapshot, begins_anew: true, ..events(&two, 6) };
    store.commit(&[(tenant, anew), (tenant, events(&two[..1], 8))]).unwrap();
    let found = store.recover(tenant).unwrap();
    assert_eq!(found.snapshot.unwrap().position(), 7);
    assert_eq!(store.events_after(tenant, 7, 10).unwrap().len(), 1);
    assert_eq!(store.events_after(tenant, 0, 10).unwrap().len(), 2, "what was kept before the hole");
    assert!(store.events_after(tenant, 2, 10).is_err(), "nothing is taken for what is missing");
    assert_eq!(store.events_after(tenant, 5, 10).unwrap().len(), 3);
}

#[test]
fn a_snapshot_of_another_version_is_passed_over() {
    let place = Place::new();
    let tenant = {
        let store = place.open();
        let tenant = store.tenant("acme", 1).unwrap();
        let mut engine = Engine::new();
        let list = [Event::Started { seed: 1 }, Event::TimePassed, Event::Draining];
        store.commit(&[(tenant, events(&list, 1))]).unwrap();
        for e in &list[..2] {
            engine.handle(Time(5), e.clone());
            store.put_snapshot(tenant, Time(5), &engine.snapshot()).unwrap();
        }
        assert_eq!(store.recover(tenant).unwrap().snapshot.unwrap().position(), 2);
        tenant
    };
    let db = rusqlite::Connection::open(place.dir.path().join("data/switchroom.db")).unwrap();
    let older = "UPDATE snapshots SET state = x'01' || substr(state, 2) WHERE position >= ?1";
    db.execute(older, [2]).unwrap();
    let store = place.open();
    assert_eq!(store.recover(tenant).unwrap().snapshot.unwrap().position(), 1, "the one before serves");
    db.execute(older, [0]).unwrap();
    assert!(store.recover(tenant).unwrap().snapshot.is_none(), "the journal has all of it");
}

#[test]
fn a_long_journal_is_read_in_pieces() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    for n in 0..25 {
        let row = [Event::Started { seed: 2 * n }, Event::Started { seed: 2 * n + 1 }];
        store.commit(&[(tenant, events(&row, 2 * n + 1))]).unwrap();
    }
    let (mut seen, mut position) = (Vec::new(), 0);
    loop {
        let page = store.events_after(tenant, position, 10).unwrap();
        assert!(page.len() <= 20, "ten rows of two events at the most");
        if page.is_empty() {
            break;
        }
        position += page.len() as u64;
        seen.extend(page.into_iter().map(|(_, e)| e));
    }
    assert_eq!(seen, (0..50).map(|seed| Event::Started { seed }).collect::<Vec<_>>());
}

/// Files of the store as a power loss leaves them: what was copied here is put back.
fn files(place: &Place, ending: &str) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let all = std::fs::read_dir(place.dir.path().join("data")).unwrap().map(|e| e.unwrap().path());
    let wanted = all.filter(|p| p.is_file() && p.to_string_lossy().contains(ending));
    wanted.map(|p| (p.clone(), std::fs::read(p).unwrap())).collect()
}

fn put_back(place: &Place, ending: &str, kept: Vec<(std::path::PathBuf, Vec<u8>)>) {
    for (path, _) in files(place, ending) {
        std::fs::remove_file(path).unwrap();
    }
    for (path, bytes) in kept {
        std::fs::write(path, bytes).unwrap();
    }
}

fn with_party(party: Party) -> Batch {
    Batch { parties: vec![party], ..Batch::default() }
}

#[test]
fn a_known_caller_whose_key_was_lost_can_call_again() {
    let place = Place::new();
    let kept = {
        let store = place.open();
        let tenant = store.tenant("acme", 1).unwrap();
        store.commit(&[(tenant, with_party(party(1, "+1", "")))]).unwrap();
        drop(store);
        files(&place, ".keys.db")
    };
    {
        let store = place.open();
        let tenant = store.tenant("acme", 1).unwrap();
        // Keys of those who come next were made beside the first one's: these use them up.
        let others = (3..=65).map(|n| party(n, &format!("+{n}"), "")).collect();
        store.commit(&[(tenant, Batch { parties: others, ..Batch::default() })]).unwrap();
        store.commit(&[(tenant, with_party(party(2, "+15550100", "Anna")))]).unwrap();
    }
    // The person's row survived, the key did not.
    put_back(&place, ".keys.db", kept);
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    assert!(matches!(store.party(tenant, 2), Err(StoreError::NotFound(_))));
    assert_eq!(store.party(tenant, 65).unwrap().address.expose_secret(), "+65", "this key was made ahead");
    store.commit(&[(tenant, with_party(party(66, "+15550100", "Anna B")))]).unwrap();
    let value = store.party(tenant, 66).unwrap();
    assert_eq!(
        (value.address.expose_secret().as_str(), value.display.expose_secret().as_str()),
        ("+15550100", "Anna B")
    );
    assert_eq!(store.party(tenant, 2).unwrap().display.expose_secret(), "", "that name is lost for good");
    assert_eq!(store.party(tenant, 1).unwrap().address.expose_secret(), "+1");
}

#[test]
fn a_lost_key_of_a_tenant_is_said_and_not_replaced() {
    let place = Place::new();
    let kept = {
        drop(place.open());
        files(&place, ".keys.db")
    };
    {
        let store = place.open();
        let tenant = store.tenant("acme", 1).unwrap();
        let body = Some("{}".to_string());
        store.change(tenant, 1, "owner", &[Change { kind: "User".into(), id: "u".into(), body }]).unwrap();
    }
    put_back(&place, ".keys.db", kept);
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    let error = store.objects(tenant).unwrap_err().to_string();
    assert!(error.contains("key of tenant 1 is missing"), "{error}");
    assert!(store.commit(&[(tenant, with_party(party(1, "+1", "")))]).is_err());
    assert!(store.change(tenant, 1, "owner", &[]).is_err());
    // Another tenant goes on.
    let other = store.tenant("other", 1).unwrap();
    store.commit(&[(other, with_party(party(1, "+1", "")))]).unwrap();
}

#[test]
fn a_key_of_a_tenant_that_was_rolled_back_is_not_used() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    // The second party has the number of the first: the whole batch is refused, the tenant's new key with it.
    let twice = Batch { parties: vec![party(1, "+1", ""), party(1, "+2", "")], ..Batch::default() };
    assert!(store.commit(&[(tenant, twice)]).is_err());
    store.commit(&[(tenant, with_party(party(1, "+1", "")))]).unwrap();
    drop(store);
    assert_eq!(place.open().party(tenant, 1).unwrap().address.expose_secret(), "+1");
}

#[test]
fn a_file_of_a_recording_that_nobody_knows_is_replaced() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    store.commit(&[(tenant, with_party(party(1, "x", "")))]).unwrap();
    let dir = place.dir.path().join(format!("data/blobs/recordings/{}/000000", tenant.0));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("5.rec"), b"left by a power loss").unwrap();
    let begin = || store.begin_recording(tenant, RecordingId(5), CallId(1), 1, Time(1), false);
    let mut w = begin().unwrap();
    w.push(&[7; 100]).unwrap();
    w.finish().unwrap();
    assert_eq!(store.open_recording(tenant, RecordingId(5)).unwrap().read(0, 1_000).unwrap(), [7; 100]);
    assert!(matches!(begin(), Err(StoreError::Refused(_))), "one that is known is never replaced");
}

#[test]
fn looking_makes_no_database() {
    let place = Place::new();
    assert!(matches!(Store::open_existing(&place.settings()), Err(StoreError::NotFound(_))));
    assert_eq!(std::fs::read_dir(place.dir.path()).unwrap().count(), 0);
    drop(place.open());
    assert!(Store::open_existing(&place.settings()).is_ok());
}

#[test]
fn every_kind_of_event_can_be_written_and_read() {
    let list = [
        Event::LegRinging { leg: engine::LegId(1) },
        Event::LegEnded { leg: engine::LegId(u64::MAX), end: LegEnd::MediaTimeOut },
        Event::Digit { leg: engine::LegId(0), digit: '#' },
        Event::Configured { config: Box::default() },
    ];
    let mut row = Vec::new();
    for e in &list {
        encode_event(&mut row, Time(7), e);
    }
    let back: Vec<Event> = store::decode_events(&row).unwrap().into_iter().map(|(_, e)| e).collect();
    assert_eq!(back, list);
    // Whatever the damage, an error and no panic; a cut at the border of two events cannot be told from a shorter row.
    for end in 0..row.len() {
        let _ = store::decode_events(&row[..end]);
        let mut bent = row.clone();
        bent[end] ^= 0x55;
        let _ = store::decode_events(&bent);
    }
    assert!(store::decode_events(&[9, 0]).is_err());
}

#[test]
fn pages_of_calls_meet_without_gap_or_double() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    let batch = Batch { records: (0..25).map(|n| record(n, 1)).collect(), ..Batch::default() };
    store.commit(&[(tenant, batch)]).unwrap();
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = store.calls(tenant, &CallFilter { before, limit: 10, ..CallFilter::default() }).unwrap();
        seen.extend(page.calls.iter().map(|c| c.id.0));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, (0..25).rev().collect::<Vec<_>>());
    assert!(matches!(store.call(tenant, CallId(99)), Err(StoreError::NotFound(_))));
    assert_eq!(
        store.calls(TenantId(77), &CallFilter { limit: 5, ..CallFilter::default() }).unwrap().calls,
        []
    );
}

#[test]
fn objects_keep_their_numbers_and_versions() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    let set = |id: &str, body: Option<&str>| Change {
        kind: "Queue".into(),
        id: id.into(),
        body: body.map(Into::into),
    };
    store.change(tenant, 10, "owner", &[set("a", Some("{}")), set("b", Some("{}"))]).unwrap();
    store.change(tenant, 11, "owner", &[set("a", None)]).unwrap();
    store.change(tenant, 12, "other", &[set("a", Some("{\"x\":1}")), set("c", Some("{}"))]).unwrap();
    let numbers: Vec<_> =
        store.objects(tenant).unwrap().into_iter().map(|o| (o.id, o.number, o.version)).collect();
    assert_eq!(numbers, [("a".into(), 1, 3), ("b".into(), 2, 1), ("c".into(), 3, 1)]);
    let versions = store.versions(tenant, "Queue", "a").unwrap();
    let told: Vec<_> = versions.iter().map(|v| (v.version, v.who.as_str(), v.body.as_deref())).collect();
    assert_eq!(told, [(3, "other", Some("{\"x\":1}")), (2, "owner", None), (1, "owner", Some("{}"))]);
    assert_eq!(
        store.audit_entries(tenant, &store::AuditFilter { limit: 10, ..Default::default() }).unwrap().len(),
        5
    );
}

#[test]
fn tokens_are_known_by_hash_only() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    let token = store.new_token(tenant, Role::Owner, 1).unwrap();
    let info = store.token(token.expose_secret()).unwrap();
    assert_eq!((info.tenant, info.role), (tenant, Role::Owner));
    assert!(store.token("sr_00").is_err());
    drop(store);
    let token = token.expose_secret().as_bytes();
    assert!(!place.bytes().windows(token.len()).any(|w| w == token));
}

#[test]
fn recordings_are_sealed_and_read_in_ranges() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    store.commit(&[(tenant, Batch { parties: vec![party(1, "x", "")], ..Batch::default() })]).unwrap();
    let audio: Vec<u8> = (0..CHUNK * 3 + 777).map(|n| (n % 251) as u8).collect();
    let id = RecordingId(5);
    let mut w = store.begin_recording(tenant, id, CallId(1), 1, Time(1), false).unwrap();
    for piece in audio.chunks(333) {
        w.push(piece).unwrap();
    }
    // Not finished: what a killed process leaves is all but the last half second.
    let early = store.open_recording(tenant, id).unwrap();
    assert_eq!(early.read(0, usize::MAX).unwrap(), audio[..CHUNK * 3]);
    let bytes = w.finish().unwrap();
    assert_eq!(store.recording(tenant, id).unwrap().proof, None);
    let proof = r#"{"pauses":[[1000,2000]],"digits_recorded":0}"#;
    store.end_recording(tenant, id, Time(9), bytes, Some(proof)).unwrap();
    assert_eq!(store.recording(tenant, id).unwrap().proof.as_deref(), Some(proof));
    let file = store.open_recording(tenant, id).unwrap();
    assert_eq!(file.len(), audio.len() as u64);
    for (from, max) in [(0, 10), (CHUNK - 5, 10), (CHUNK * 3, 10_000), (17, audio.len()), (audio.len(), 5)] {
        let end = audio.len().min(from + max);
        assert_eq!(file.read(from as u64, max).unwrap(), audio[from..end]);
    }
    let raw = place.bytes();
    assert!(!raw.windows(64).any(|w| w == &audio[100..164]));
    assert_eq!(store.recording(tenant, id).unwrap().bytes, Some(audio.len() as u64));
    // Cut short by somebody: noticed.
    let path = place.dir.path().join("data/blobs/recordings").join(format!("{}/000000/5.rec", tenant.0));
    std::fs::File::options().write(true).open(&path).unwrap().set_len(CHUNK as u64).unwrap();
    assert!(store.open_recording(tenant, id).is_err());
}

#[test]
fn a_canary_is_nowhere_on_disk() {
    let place = Place::new();
    let canaries = ["+15550177123", "Zacharias Quintessenz", "canary-body-of-a-user"];
    {
        let store = place.open();
        let tenant = store.tenant("acme", 1).unwrap();
        let batch = Batch {
            parties: vec![party(1, canaries[0], canaries[1])],
            records: vec![record(0, 1)],
            ..Batch::default()
        };
        store.commit(&[(tenant, batch)]).unwrap();
        let body = Some(format!("{{\"name\":\"{}\"}}", canaries[2]));
        store.change(tenant, 1, "owner", &[Change { kind: "User".into(), id: "u1".into(), body }]).unwrap();
    }
    let raw = place.bytes();
    for canary in canaries {
        assert!(!raw.windows(canary.len()).any(|w| w == canary.as_bytes()), "{canary}");
    }
}

#[test]
fn a_second_process_is_told_to_use_the_api() {
    let place = Place::new();
    let _store = place.open();
    let error = Store::open(&place.settings()).err().unwrap();
    assert!(matches!(error, StoreError::InUse(_)) && error.to_string().contains("--server"), "{error}");
}

#[test]
fn a_full_disk_loses_nothing_that_was_accepted_and_takes_again_later() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    store.limit_pages(1).unwrap();
    let mut accepted = 0u64;
    let error = loop {
        let batch = Batch {
            records: vec![record(accepted, 1)],
            parties: vec![party(accepted + 1, &format!("+1{accepted}"), "")],
            ..events(&vec![Event::TimePassed; 2_000], accepted * 2_000 + 1)
        };
        match store.commit(&[(tenant, batch)]) {
            Ok(()) => accepted += 1,
            Err(e) => break e,
        }
        assert!(accepted < 10_000);
    };
    assert!(matches!(error, StoreError::Full), "{error}");
    assert_eq!(store.count_calls(tenant).unwrap(), accepted);
    store.limit_pages(0).unwrap();
    let batch = Batch {
        records: vec![record(accepted, 1)],
        parties: vec![party(accepted + 1, "+1", "")],
        ..Batch::default()
    };
    store.commit(&[(tenant, batch)]).unwrap();
    assert_eq!(store.count_calls(tenant).unwrap(), accepted + 1);
}

#[test]
fn another_master_key_opens_nothing_and_a_missing_one_is_not_replaced() {
    let place = Place::new();
    {
        let store = place.open();
        let tenant = store.tenant("acme", 1).unwrap();
        store.commit(&[(tenant, Batch { parties: vec![party(1, "x", "")], ..Batch::default() })]).unwrap();
    }
    let key = place.dir.path().join("keys/master.key");
    std::fs::remove_file(&key).unwrap();
    assert!(Store::open(&place.settings()).err().unwrap().to_string().contains("is missing"));
}

#[test]
fn what_a_newer_version_wrote_is_refused_and_restored_nowhere() {
    let place = Place::new();
    {
        let store = place.open();
        store.tenant("acme", 1).unwrap();
        store.installation().unwrap();
    }
    let database = place.dir.path().join("data/switchroom.db");
    let db = rusqlite::Connection::open(&database).unwrap();
    db.execute_batch("INSERT INTO migrations (version) VALUES (100000)").unwrap();
    drop(db);
    let error = Store::open(&place.settings()).err().unwrap().to_string();
    assert!(error.contains("newer switchroom"), "{error}");
    let copy = place.dir.path().join("copy");
    store::back_up(&place.settings(), &copy, 5, &mut |_| ()).unwrap();
    let other = Place::new();
    let settings = StoreSettings { keys: place.settings().keys, ..other.settings() };
    let error = store::restore(&settings, &copy, None, Some(6), &mut |_| ()).err().unwrap().to_string();
    assert!(error.contains("newer switchroom"), "{error}");
    assert!(!other.dir.path().join("data/switchroom.db").exists(), "nothing is left of it");
}

/// A key that does not belong to the data changes nothing of it.
#[test]
fn a_wrong_master_key_is_refused_before_anything_is_written() {
    let place = Place::new();
    {
        let store = place.open();
        let tenant = store.tenant("acme", 1).unwrap();
        store.commit(&[(tenant, Batch { parties: vec![party(1, "x", "")], ..Batch::default() })]).unwrap();
    }
    let data = place.dir.path().join("data");
    let files = || -> Vec<(std::path::PathBuf, Vec<u8>)> {
        let all = std::fs::read_dir(&data).unwrap().map(|e| e.unwrap().path());
        let files = all.filter(|p| p.is_file() && !p.to_string_lossy().ends_with("-shm"));
        let mut files: Vec<_> = files.map(|p| (p.clone(), std::fs::read(p).unwrap())).collect();
        files.sort();
        files
    };
    let before = files();
    let key = place.dir.path().join("keys/master.key");
    let right = std::fs::read(&key).unwrap();
    std::fs::write(&key, "ab".repeat(32)).unwrap();
    let error = Store::open(&place.settings()).err().unwrap().to_string();
    assert!(error.contains("another master key") && !error.contains('\n'), "{error}");
    // An empty log that a reader left is nothing.
    let after: Vec<_> = files().into_iter().filter(|(_, bytes)| !bytes.is_empty()).collect();
    assert_eq!(after, before.into_iter().filter(|(_, bytes)| !bytes.is_empty()).collect::<Vec<_>>());
    std::fs::write(&key, right).unwrap();
    assert!(Store::open(&place.settings()).is_ok());
}

#[test]
fn addresses_of_what_is_not_there_yet_are_refused_with_a_sentence() {
    let place = Place::new();
    for (url, blobs, keys, says) in [
        ("postgres://x", "file:/tmp/x", "file:/tmp/k", "PostgreSQL"),
        ("mysql://x", "file:/tmp/x", "file:/tmp/k", "sqlite:PATH"),
        ("sqlite:x", "s3://bucket", "file:/tmp/k", "blobs.url"),
        ("sqlite:x", "file:/tmp/x", "vault://k", "keys.url"),
    ] {
        let settings =
            StoreSettings { url: url.into(), blobs: blobs.into(), keys: keys.into(), ..place.settings() };
        let error = Store::open(&settings).err().unwrap().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn every_column_is_in_the_data_catalogue() {
    let place = Place::new();
    let store = place.open();
    let columns = store.columns().unwrap();
    assert!(columns.len() > 50);
    let missing: Vec<String> = columns
        .iter()
        .map(|(t, c)| format!("{t}.{c}"))
        .filter(|name| !CATALOGUE.iter().any(|f| f.name == name))
        .collect();
    assert!(missing.is_empty(), "describe these in crates/store/src/catalogue.rs: {missing:#?}");
    for field in CATALOGUE.iter().filter(|f| f.name.contains('.')) {
        assert!(
            columns.iter().any(|(t, c)| format!("{t}.{c}") == field.name),
            "{} is no column any more",
            field.name
        );
        assert!(!field.personal || field.encrypted, "{} names people and is not sealed", field.name);
    }
}

/// What every release has to read: a row of events as this release wrote it, and the state that they lead to.
/// `UPDATE_GOLDEN=1 cargo test -p store golden` writes the files of a new release; those of old ones are never changed.
#[test]
fn golden_journals_of_every_release_lead_to_the_same_state() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let row = golden_row();
        let name = format!("journal-{}", env!("CARGO_PKG_VERSION"));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(format!("{name}.bin")), &row).unwrap();
        std::fs::write(dir.join(format!("{name}.txt")), told(&row)).unwrap();
    }
    let mut seen = 0;
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "bin") {
            let expected = std::fs::read_to_string(path.with_extension("txt")).unwrap();
            assert_eq!(told(&std::fs::read(&path).unwrap()), expected, "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 0);
}

/// Replays a row and tells what became of it.
fn told(row: &[u8]) -> String {
    let mut engine = Engine::new();
    let mut out = String::new();
    for (at, event) in store::decode_events(row).unwrap() {
        engine.handle(at, event);
        while let Some((id, effect)) = engine.poll() {
            out += &format!("{} {effect:?}\n", id.0);
        }
        engine.check_all().unwrap();
    }
    out + &format!("agents {:?}\nqueues {:?}\n", engine.agents(), engine.queues())
}

/// One event of each kind, in an order in which each means something.
fn golden_row() -> Vec<u8> {
    use engine::{
        AgentConfig, AgentId, AtStart, Config, FlowConfig, FlowId, LegId, NumberConfig, PromptId,
        QueueConfig, QueueId, Step, TargetId, Wanted,
    };
    let queue = QueueConfig {
        id: QueueId(1),
        members: vec![AgentId(1).into(), AgentId(2).into()],
        wrap_up_ms: 5_000,
        ..QueueConfig::default()
    };
    let steps = [
        Step::Answer,
        Step::Say { prompt: PromptId(1) },
        Step::Record { on: true },
        Step::Queue { queue: QueueId(1), overflow: Vec::new() },
        Step::Connect { target: TargetId(1), ring_ms: 9_000 },
        Step::HangUp,
    ];
    let agent = |n, at_start| AgentConfig { id: AgentId(n), at_start, skills: Vec::new() };
    let limits = engine::Limits { at_once: Some(2), spend: Some(5), ..Default::default() };
    let policy = engine::TollPolicy { countries: vec![*b"FR"], tenant: limits, ..Default::default() };
    let rights = engine::Rights { may_dial: true, may_transfer_out: false };
    let toll = engine::TollConfig { policy, rights: vec![(AgentId(1), rights)], ..Default::default() };
    let config = Config {
        queues: vec![queue],
        agents: vec![agent(1, AtStart::Available), agent(2, AtStart::Offline)],
        flows: vec![FlowConfig::in_order(FlowId(1), steps)],
        numbers: vec![NumberConfig {
            id: NumberId(1),
            flow: FlowId(1),
            recording: Default::default(),
            language: Default::default(),
        }],
        hold_music: PromptId(0),
        max_call_ms: 3_600_000,
        toll: Some(Box::new(toll)),
        ..Config::default()
    };
    let arrives = |number, n| Event::CallArrived {
        number,
        caller: PartyId(n),
        trunk: TrunkId(1),
        facts: Facts { withheld: n == 2, country: *b"DE", lists: 5, person: n },
    };
    let list = [
        Event::Started { seed: 7 },
        Event::Configured { config: Box::new(config) },
        arrives(Some(NumberId(1)), 1),
        Event::LegAnswered { leg: LegId(0) },
        Event::PlayEnded { leg: LegId(0) },
        Event::LegRinging { leg: LegId(1) },
        Event::LegAnswered { leg: LegId(1) },
        Event::LegHeld { leg: LegId(1), held: true },
        Event::Digit { leg: LegId(0), digit: '5' },
        Event::LegHeld { leg: LegId(1), held: false },
        Event::LegEnded { leg: LegId(1), end: LegEnd::FarHungUp },
        Event::LegEnded { leg: LegId(0), end: LegEnd::NearHungUp },
        Event::AgentWants { agent: AgentId(2), wanted: Wanted::Break(engine::BreakReason(0)) },
        arrives(None, 2),
        arrives(Some(NumberId(1)), 3),
        Event::HangUpAsked { call: CallId(2) },
        Event::TimePassed,
        Event::Draining,
        Event::Started { seed: 8 },
        Event::DigitTaken { leg: LegId(3), taken: engine::Taken::Digit, matches: 1 },
        Event::LookedUp { call: CallId(2), request: 1, ok: true, found: vec![(engine::AttributeId(1), 2)] },
        Event::NumberChecked { leg: LegId(3), party: Some(PartyId(9)), person: 4 },
        Event::CallAsked {
            call: CallId(2),
            by: Some(AgentId(1)),
            ask: engine::Ask::Supervise(engine::Watch::Whisper),
        },
        Event::PartyKnown {
            party: PartyId(9),
            destination: engine::Destination::new(engine::Class::International, *b"FR"),
        },
        Event::DialAsked {
            agent: AgentId(1),
            party: PartyId(9),
            number: Some(NumberId(1)),
            queue: Some(QueueId(1)),
        },
        Event::ClosureSet { hours: engine::HoursId(1), closed: true },
        Event::CallbackCancelled { callback: engine::CallbackId(0) },
        Event::AgentCalled {
            agent: AgentId(2),
            caller: PartyId(12),
            number: Some(NumberId(1)),
            to: engine::To::Party(PartyId(9)),
            facts: Facts::default(),
        },
        Event::LegEarlyAudio { leg: LegId(4) },
        Event::CallsJoined { agent: AgentId(2), leg: LegId(4), with: LegId(5) },
    ];
    let mut row = Vec::new();
    for (n, event) in list.iter().enumerate() {
        encode_event(&mut row, Time(1_800_000_000_000 + n as u64 * 700), event);
    }
    row
}
