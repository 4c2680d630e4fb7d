//! The outbox and the voicemail boxes.

use crate::{Place, events, party};
use engine::{CallId, Event, MailboxId, RecordingId, Time};
use store::{AuditFilter, DEAD_MS, Message, MessageFilter, OutboxItem, StoreError};

fn item(id: &str, at: u64) -> OutboxItem {
    OutboxItem {
        id: id.into(),
        event: "call-arrived",
        at: Time(at),
        receivers: vec!["webhook:a".into(), "webhook:b".into()],
        facts: r#"{"call":7}"#.into(),
    }
}

#[test]
fn what_is_to_be_told_goes_when_it_was_taken_and_dies_when_it_was_not() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    let mut batch = events(&[Event::TimePassed], 1);
    batch.outbox = vec![item("e1-0", 100), item("e1-1", 100)];
    store.commit(&[(tenant, batch)]).unwrap();
    let due = |receiver: &str, now| store.due_letters(tenant, receiver, now, 10).unwrap();
    assert_eq!(store.due_receivers(100, 10).unwrap().len(), 2);
    let letters = due("webhook:a", 100);
    assert_eq!(letters.iter().map(|l| l.id.as_str()).collect::<Vec<_>>(), ["e1-0", "e1-1"]);
    store.letter_taken(&letters[0]).unwrap();
    store.letter_failed(&letters[1], Some(150), 100, "HTTP 500").unwrap();
    assert!(due("webhook:a", 149).is_empty());
    let again = due("webhook:a", 150);
    assert_eq!((again.len(), again[0].tries, again[0].cause.as_str()), (1, 1, "HTTP 500"));
    assert_eq!(due("webhook:b", 100).len(), 2, "another receiver is not concerned");
    store.letter_failed(&again[0], None, 160, "HTTP 410").unwrap();
    assert!(due("webhook:a", 1_000_000).is_empty());
    let dead = store.dead_letters(tenant, None, 10).unwrap();
    assert_eq!((dead.len(), dead[0].id.as_str(), dead[0].tries), (1, "e1-1", 2));
    assert!(store.dead_letters(tenant, Some((dead[0].at, &dead[0].id)), 10).unwrap().is_empty());
    store.retry_letter(tenant, "e1-1", 170).unwrap();
    assert!(matches!(store.retry_letter(tenant, "e1-1", 170), Err(StoreError::NotFound(_))));
    assert_eq!(due("webhook:a", 170)[0].tries, 0);
    // Told again by a replay: what waits is not doubled, what was taken comes again with its id.
    store.put_outbox(tenant, &[item("e1-0", 100), item("e1-1", 100)], 200).unwrap();
    assert_eq!(due("webhook:a", 200).len(), 2);
    // A receiver that never came to it, and letters that nobody asked about.
    store.sweep_outbox(200, 300).unwrap();
    assert!(store.dead_letters(tenant, None, 10).unwrap().is_empty(), "they were due only just now");
    store.sweep_outbox(201, 300).unwrap();
    assert_eq!(store.dead_letters(tenant, None, 10).unwrap().len(), 4);
    store.sweep_outbox(201, 300 + DEAD_MS).unwrap();
    assert_eq!(store.dead_letters(tenant, None, 10).unwrap().len(), 4);
    store.sweep_outbox(201, 301 + DEAD_MS).unwrap();
    assert!(store.dead_letters(tenant, None, 10).unwrap().is_empty());
}

#[test]
fn messages_are_listed_unheard_first_and_gone_when_deleted() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    let mut batch = events(&[Event::TimePassed], 1);
    batch.parties.push(party(1, "+15550100", ""));
    let message = |n, mailbox| Message {
        mailbox: MailboxId(mailbox),
        call: CallId(n),
        recording: RecordingId(n),
        length_ms: 4_000,
    };
    batch.messages = vec![message(1, 8), message(2, 8), message(3, 9), message(4, 8)];
    store.commit(&[(tenant, batch)]).unwrap();
    store.mark_heard(tenant, RecordingId(4), Some(Time(9))).unwrap();
    store.mark_heard(tenant, RecordingId(1), Some(Time(9))).unwrap();
    let list = |mailbox: Option<u32>, after, limit| -> Vec<u64> {
        let filter = MessageFilter { mailboxes: mailbox.map(|m| vec![MailboxId(m)]), after, limit };
        store.messages(tenant, &filter).unwrap().iter().map(|m| m.recording.0).collect()
    };
    assert_eq!(list(None, None, 10), [3, 2, 4, 1]);
    assert_eq!(list(Some(8), None, 10), [2, 4, 1]);
    assert_eq!(list(None, Some((false, RecordingId(3))), 2), [2, 4]);
    assert_eq!(list(None, Some((true, RecordingId(4))), 2), [1]);
    store.mark_heard(tenant, RecordingId(4), None).unwrap();
    assert_eq!(list(None, None, 10), [4, 3, 2, 1]);
    assert!(matches!(store.mark_heard(tenant, RecordingId(9), None), Err(StoreError::NotFound(_))));
    // With its audio and its key.
    let began = Time(1);
    let mut writer = store.begin_recording(tenant, RecordingId(4), CallId(4), 1, began, true).unwrap();
    writer.push(&[0x55; 9_000]).unwrap();
    let bytes = writer.finish().unwrap();
    store.end_recording(tenant, RecordingId(4), Time(2), bytes, None).unwrap();
    assert!(store.open_recording(tenant, RecordingId(4)).is_ok());
    let name = format!("recordings/{}/000000/4.rec", tenant.0);
    assert!(store.blobs().read(&name).is_ok());
    store.delete_message(tenant, RecordingId(4), 5, "token 1").unwrap();
    assert!(matches!(store.blobs().read(&name), Err(StoreError::NotFound(_))));
    assert!(matches!(store.open_recording(tenant, RecordingId(4)), Err(StoreError::NotFound(_))));
    assert!(matches!(store.delete_message(tenant, RecordingId(4), 5, "x"), Err(StoreError::NotFound(_))));
    assert_eq!(
        store.audit_entries(tenant, &AuditFilter::default()).unwrap()[0].entry.action,
        "message.delete"
    );
    assert_eq!(list(None, None, 10), [3, 2, 1]);
}
