//! Accounts, invitations and sessions; notes on calls.

use crate::Place;
use engine::{CallId, PartyId, Time};
use redact::Secret;
use store::{
    Change, Endpoint, INVITATION_MS, MOST_PASSKEYS, MOST_SESSIONS, Notes, Passkey, SessionLife, Store,
    StoreError, TenantId,
};

const LIFE: SessionLife = SessionLife { idle: 1_000, whole: 10_000 };

fn bytes(text: &str) -> Secret<Vec<u8>> {
    Secret::new(text.as_bytes().to_vec())
}

fn user(store: &Store) -> (TenantId, u32) {
    let tenant = store.tenant("acme", 1).unwrap();
    let change = Change { kind: "User".into(), id: "anna".into(), body: Some("{}".into()) };
    store.change(tenant, 1, "test", &[change]).unwrap();
    (tenant, store.objects(tenant).unwrap()[0].number)
}

fn is_missing<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::NotFound(_)))
}

#[test]
fn an_invitation_is_taken_up_once_and_in_time() {
    let place = Place::new();
    let store = place.open();
    let anna = user(&store);
    let first = store.invite(anna, 10, "test", "User/anna").unwrap();
    let second = store.invite(anna, 20, "test", "User/anna").unwrap();
    assert!(is_missing(store.invited(first.expose_secret(), 21)), "the second takes the first's place");
    let code = second.expose_secret();
    assert_eq!(store.invited(code, 20 + INVITATION_MS - 1).unwrap(), anna);
    assert!(is_missing(store.invited(code, 20 + INVITATION_MS)), "too old");
    store.take_up_invitation(code, anna, &bytes("record"), 30, "user anna", "User/anna").unwrap();
    assert_eq!(store.account(anna).unwrap().password.unwrap().expose_secret(), b"record");
    assert!(is_missing(store.invited(code, 31)));
    let again = store.take_up_invitation(code, anna, &bytes("other"), 31, "user anna", "User/anna");
    assert!(is_missing(again));
    assert_eq!(store.account(anna).unwrap().password.unwrap().expose_secret(), b"record");
    let actions: Vec<String> = store
        .audit_entries(anna.0, &store::AuditFilter { limit: 10, ..Default::default() })
        .unwrap()
        .into_iter()
        .map(|e| e.entry.action)
        .collect();
    assert_eq!(actions, ["account.password", "account.invite", "account.invite", "configuration.set"]);
}

#[test]
fn a_session_is_over_when_it_is_idle_old_or_ended() {
    let place = Place::new();
    let store = place.open();
    let anna = user(&store);
    let token = store.begin_session(anna, 1_000, LIFE).unwrap();
    let at = |now| store.session(token.expose_secret(), now, LIFE);
    assert_eq!((at(1_999).unwrap().of, at(1_999).unwrap().ends), (anna, 11_000));
    // Used at 1,999: that counts from there.
    assert!(at(2_900).is_ok());
    assert!(is_missing(at(3_900)), "idle");
    let token = store.begin_session(anna, 20_000, LIFE).unwrap();
    for now in (20_000..30_000).step_by(500) {
        assert!(store.session(token.expose_secret(), now, LIFE).is_ok(), "{now}");
    }
    assert!(is_missing(store.session(token.expose_secret(), 30_000, LIFE)), "old");
    let token = store.begin_session(anna, 40_000, LIFE).unwrap();
    store.end_session(token.expose_secret()).unwrap();
    assert!(is_missing(store.session(token.expose_secret(), 40_001, LIFE)), "ended");
    assert!(is_missing(store.session("", 40_001, LIFE)));
}

#[test]
fn a_new_password_ends_the_sessions_and_there_are_not_endlessly_many() {
    let place = Place::new();
    let store = place.open();
    let anna = user(&store);
    let life = SessionLife { idle: 1_000_000, whole: 1_000_000 };
    let tokens: Vec<_> =
        (0..=u64::from(MOST_SESSIONS)).map(|n| store.begin_session(anna, 1_000 + n, life).unwrap()).collect();
    let is_open = |n: usize| store.session(tokens[n].expose_secret(), 5_000, life).is_ok();
    assert!(!is_open(0) && is_open(1) && is_open(MOST_SESSIONS as usize));
    let code = store.invite(anna, 5_000, "test", "User/anna").unwrap();
    store.set_password(anna, &bytes("new"), 5_001, "user anna", "User/anna").unwrap();
    assert!((0..tokens.len()).all(|n| !is_open(n)));
    assert!(is_missing(store.invited(code.expose_secret(), 5_002)), "nor does an invitation stay");
}

#[test]
fn a_second_factor_is_proved_before_it_counts_and_a_code_is_used_once() {
    let place = Place::new();
    let store = place.open();
    let anna = user(&store);
    assert!(is_missing(store.confirm_second(anna, 5, 1, "user anna", "User/anna")));
    store.propose_second(anna, &bytes("secret")).unwrap();
    let account = store.account(anna).unwrap();
    assert!(account.second.is_none());
    assert_eq!(account.proposed.unwrap().expose_secret(), b"secret");
    store.confirm_second(anna, 5, 1, "user anna", "User/anna").unwrap();
    let account = store.account(anna).unwrap();
    assert_eq!(account.second.unwrap().expose_secret(), b"secret");
    assert!(account.proposed.is_none());
    let used: Vec<bool> = [5, 6, 6, 4, 7].map(|step| store.use_step(anna, step).unwrap()).into();
    assert_eq!(used, [false, true, false, false, true]);
    store.remove_second(anna, 2, "user boss", "User/anna").unwrap();
    assert!(store.account(anna).unwrap().second.is_none());
}

#[test]
fn an_account_goes_with_its_user_and_nothing_of_it_lies_open() {
    let place = Place::new();
    let store = place.open();
    let anna = user(&store);
    store.set_password(anna, &bytes("canary-password"), 1, "user anna", "User/anna").unwrap();
    store.propose_second(anna, &bytes("canary-secret")).unwrap();
    let session = store.begin_session(anna, 1, LIFE).unwrap();
    let code = store.invite(anna, 1, "test", "User/anna").unwrap();
    let bytes = place.bytes();
    for canary in ["canary-password", "canary-secret", session.expose_secret(), code.expose_secret()] {
        assert!(!bytes.windows(canary.len()).any(|w| w == canary.as_bytes()), "a secret lies open");
    }
    let gone = Change { kind: "User".into(), id: "anna".into(), body: None };
    store.change(anna.0, 2, "test", &[gone]).unwrap();
    assert!(store.account(anna).unwrap().password.is_none());
    assert!(is_missing(store.session(session.expose_secret(), 2, LIFE)));
    assert!(is_missing(store.invited(code.expose_secret(), 2)));
    assert_eq!(user(&store), anna, "the number comes back");
    assert!(store.account(anna).unwrap().password.is_none(), "and the account does not");
}

#[test]
fn where_somebody_is_rung_is_sealed_and_goes_with_the_user() {
    let place = Place::new();
    let store = place.open();
    let (tenant, user) = user(&store);
    let choice = |kind: &str, number: Option<&str>| Endpoint {
        user,
        kind: kind.into(),
        number: number.map(|n| Secret::new(n.into())),
    };
    assert_eq!(store.endpoints(tenant).unwrap(), []);
    store.put_endpoint(tenant, &choice("number", Some("+4930canary555"))).unwrap();
    assert_eq!(store.endpoints(tenant).unwrap(), [choice("number", Some("+4930canary555"))]);
    assert!(!place.bytes().windows(9).any(|w| w == b"canary555"), "the number lies open");
    store.put_endpoint(tenant, &choice("browser", None)).unwrap();
    assert_eq!(store.endpoints(tenant).unwrap(), [choice("browser", None)]);
    let gone = Change { kind: "User".into(), id: "anna".into(), body: None };
    store.change(tenant, 2, "test", &[gone]).unwrap();
    assert_eq!(store.endpoints(tenant).unwrap(), []);
}

#[test]
fn passkeys_are_sealed_used_with_a_rising_counter_and_go_with_the_user() {
    let place = Place::new();
    let store = place.open();
    let anna = user(&store);
    let passkey = |n: u8, counter: u32| Passkey {
        credential: vec![n; 16],
        name: Secret::new(format!("canary laptop {n}")),
        key: b"canary key".to_vec(),
        algorithm: -7,
        counter,
        created: u64::from(n),
        used: None,
    };
    let add = |p: &Passkey| store.add_passkey(anna, p, 5, "user anna", "User/anna");
    add(&passkey(1, 3)).unwrap();
    assert!(matches!(add(&passkey(1, 3)), Err(StoreError::Refused(_))), "known already");
    let (of, found) = store.passkey(&[1; 16]).unwrap();
    assert_eq!((of, found.name.expose_secret().as_str(), found.counter), (anna, "canary laptop 1", 3));
    assert_eq!((found.key.as_slice(), found.algorithm, found.used), (&b"canary key"[..], -7, None));
    assert!(!place.bytes().windows(6).any(|w| w == b"canary"), "a passkey lies open");
    assert!(is_missing(store.passkey(&[2; 16])));
    let hash = found.hash();
    for (counter, good) in [(3, false), (2, false), (4, true), (4, false), (0, false)] {
        assert_eq!(store.use_passkey(anna, &hash, counter, 9).unwrap(), good, "{counter}");
    }
    assert_eq!(store.passkeys(anna).unwrap()[0].used, Some(9));
    let none = passkey(2, 0);
    add(&none).unwrap();
    for _ in 0..2 {
        assert!(store.use_passkey(anna, &none.hash(), 0, 9).unwrap(), "one that does not count");
    }
    store.rename_passkey(anna, &hash, &Secret::new("key ring".into())).unwrap();
    assert!(is_missing(store.rename_passkey(anna, b"none", &Secret::new("x".into()))));
    let names: Vec<String> =
        store.passkeys(anna).unwrap().iter().map(|p| p.name.expose_secret().clone()).collect();
    assert_eq!(names, ["key ring", "canary laptop 2"]);
    store.remove_passkey(anna, Some(&hash), 6, "user anna", "User/anna").unwrap();
    assert!(is_missing(store.remove_passkey(anna, Some(&hash), 6, "user anna", "User/anna")));
    for n in 3..=MOST_PASSKEYS as u8 + 1 {
        add(&passkey(n, 0)).unwrap();
    }
    assert!(matches!(add(&passkey(99, 0)), Err(StoreError::Refused(_))), "too many");
    let gone = Change { kind: "User".into(), id: "anna".into(), body: None };
    store.change(anna.0, 2, "test", &[gone]).unwrap();
    assert!(is_missing(store.passkey(&[2; 16])) && store.passkeys(anna).unwrap().is_empty());
}

#[test]
fn notes_are_sealed_for_the_caller_and_go_when_emptied() {
    let place = Place::new();
    let store = place.open();
    let (tenant, _) = user(&store);
    let (call, party) = (CallId(7), PartyId(3));
    let notes = |text: &str| Notes { text: Secret::new(text.into()), at: Time(9), who: "user anna".into() };
    let said = notes("canary: wants a red bicycle");
    assert!(is_missing(store.put_notes(tenant, call, party, &said)), "nobody called");
    store.commit(&[(tenant, crate::with_party(crate::party(3, "+15550100", "")))]).unwrap();
    store.put_notes(tenant, call, party, &notes("first")).unwrap();
    store.put_notes(tenant, call, party, &said).unwrap();
    let found = store.notes(tenant, call).unwrap().unwrap();
    assert_eq!((found.text.expose_secret().as_str(), found.at), ("canary: wants a red bicycle", Time(9)));
    assert!(!place.bytes().windows(14).any(|w| w == b"wants a red bi"), "notes lie open");
    assert!(store.notes(tenant, CallId(8)).unwrap().is_none());
    store.put_notes(tenant, call, party, &notes("")).unwrap();
    assert!(store.notes(tenant, call).unwrap().is_none());
}
