//! A directory from outside: read in pages, killed in between, read anew, erased.

use crate::Place;
use redact::Secret;
use store::{DirectoryLink, DirectoryPage, DirectoryPerson, Store, TenantId};

const T: TenantId = TenantId(1);

/// Somebody with an id and a name.
type Somebody<'a> = (u32, &'a str);

fn person(n: u32, name: &str) -> Somebody<'_> {
    (n, name)
}

/// Puts a page of people whose name is all that is known of them.
fn put_page(
    store: &Store,
    people: &[Somebody<'_>],
    removed: &[Secret<String>],
    link: &DirectoryLink,
    sweep: bool,
) -> Result<store::DirectoryChange, store::StoreError> {
    let values: Vec<_> = people
        .iter()
        .map(|(_, name)| move |_: Option<&[u8]>| Secret::new(name.as_bytes().to_vec()))
        .collect();
    let people: Vec<_> = people
        .iter()
        .zip(&values)
        .map(|((n, _), value)| DirectoryPerson { object: object(*n), value })
        .collect();
    store.put_directory(T, &DirectoryPage { people: &people, removed, link, sweep })
}

fn object(n: u32) -> Secret<String> {
    Secret::new(format!("00000000-0000-4000-8000-{n:012}"))
}

fn link(text: &str, run: u64, whole: bool) -> DirectoryLink {
    DirectoryLink { link: Secret::new(text.into()), run, whole, at: 5 }
}

fn names(store: &Store) -> Vec<(u64, String)> {
    let all = store.directory(T, 0).unwrap();
    all.iter().map(|p| (p.id, String::from_utf8(p.value.expose_secret().clone()).unwrap())).collect()
}

fn put(store: &Store, people: &[Somebody<'_>], link: &DirectoryLink, sweep: bool) -> store::DirectoryChange {
    put_page(store, people, &[], link, sweep).unwrap()
}

#[test]
fn a_reading_goes_on_where_it_was_and_a_new_one_sweeps_who_is_gone() {
    let place = Place::new();
    {
        let store = place.open();
        store.tenant("acme", 1).unwrap();
        assert!(store.directory_link(T).unwrap().is_none());
        put(&store, &[person(1, "Ada"), person(2, "Bo")], &link("page-2", 1, false), false);
    }
    let store = place.open();
    let at = store.directory_link(T).unwrap().unwrap();
    assert_eq!((at.link.expose_secret().as_str(), at.run, at.whole), ("page-2", 1, false));
    put(&store, &[person(3, "Cy"), person(2, "Bob")], &link("delta-1", 1, true), true);
    let all = |names: &[(u64, &str)]| names.iter().map(|(n, s)| (*n, s.to_string())).collect::<Vec<_>>();
    assert_eq!(
        names(&store),
        all(&[(1, "Ada"), (2, "Bob"), (3, "Cy")]),
        "nobody is doubled, and who came again changed"
    );

    // Changes since then: one is gone, one is new, and numbers are not used again.
    let gone = [object(3), object(77)];
    let change = put_page(&store, &[person(4, "Di")], &gone, &link("delta-2", 1, true), false).unwrap();
    assert_eq!(change.removed, [3]);
    assert_eq!(names(&store), all(&[(1, "Ada"), (2, "Bob"), (4, "Di")]));

    // Everything is read anew: until it ends nobody is missed.
    put(&store, &[person(2, "Bob")], &link("again-2", 2, false), false);
    assert_eq!(names(&store).len(), 3);
    let change = put(&store, &[person(5, "Ed")], &link("delta-3", 2, true), true);
    assert_eq!((change.put, change.removed), (vec![5], vec![1, 4]));
    assert_eq!(names(&store), all(&[(2, "Bob"), (5, "Ed")]));
}

#[test]
fn nothing_of_it_is_readable_on_disk_and_nothing_at_all_once_it_is_erased() {
    let place = Place::new();
    let store = place.open();
    store.tenant("acme", 1).unwrap();
    put(
        &store,
        &[person(1, "Canary Wharf"), person(2, "+15550100")],
        &link("https://secret-link", 1, true),
        true,
    );
    let bytes = place.bytes();
    let found = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
    for text in ["Canary", "5550100", "secret-link", "8000-000000000001"] {
        assert!(!found(text), "{text} stands on the disk");
    }
    store.erase_directory(T).unwrap();
    assert!(names(&store).is_empty() && store.directory_link(T).unwrap().is_none());
    // Connected again, the same person is another number, under another key.
    put(&store, &[person(1, "Canary Wharf")], &link("x", 1, true), true);
    assert_eq!(names(&store), [(3, "Canary Wharf".to_string())]);
}

#[test]
fn a_page_that_the_database_refuses_leaves_all_as_it_was() {
    let place = Place::new();
    let store = place.open();
    store.tenant("acme", 1).unwrap();
    put(&store, &[person(1, "Ada")], &link("page-2", 1, false), false);
    store.limit_pages(1).unwrap();
    let long = "x".repeat(200);
    let many: Vec<_> = (10..600).map(|n| person(n, &long)).collect();
    let at = link("page-3", 1, false);
    assert!(put_page(&store, &many, &[], &at, false).is_err());
    store.limit_pages(0).unwrap();
    assert_eq!(names(&store).len(), 1);
    assert_eq!(store.directory_link(T).unwrap().unwrap().link.expose_secret(), "page-2");
    put_page(&store, &many, &[], &at, false).unwrap();
    assert_eq!(names(&store).len(), 591);
}

#[test]
fn a_page_may_say_only_what_changed() {
    let place = Place::new();
    let store = place.open();
    store.tenant("acme", 1).unwrap();
    let add = |word: &'static str| {
        move |before: Option<&[u8]>| Secret::new([before.unwrap_or_default(), word.as_bytes()].concat())
    };
    for word in ["Ada", " Lovelace"] {
        let value = add(word);
        let people = [DirectoryPerson { object: object(1), value: &value }];
        let page = DirectoryPage { people: &people, removed: &[], link: &link("x", 1, true), sweep: false };
        store.put_directory(T, &page).unwrap();
    }
    assert_eq!(names(&store), [(1, "Ada Lovelace".to_string())]);
}

#[test]
fn an_administrators_token_is_replaced_by_the_next_one_and_erased_for_good() {
    let place = Place::new();
    let token = |text: &str| Secret::new(text.to_string());
    {
        let store = place.open();
        store.tenant("acme", 1).unwrap();
        assert!(store.directory_token(T).unwrap().is_none());
        store.put_directory_token(T, &token("canary-1"), 10).unwrap();
        let first = store.directory_token(T).unwrap().unwrap();
        assert_eq!((first.value.expose_secret().as_str(), first.version), ("canary-1", 10));
        assert!(store.renew_directory_token(T, first.version, &token("canary-2")).unwrap());
        // One that was replaced meanwhile replaces nothing.
        assert!(!store.renew_directory_token(T, first.version, &token("canary-3")).unwrap());
        // Another administrator's is another one, whatever the clock says.
        let second = store.directory_token(T).unwrap().unwrap();
        store.put_directory_token(T, &token("canary-4"), 5).unwrap();
        assert!(!store.renew_directory_token(T, second.version, &token("canary-5")).unwrap());
    }
    let store = place.open();
    let kept = store.directory_token(T).unwrap().unwrap();
    assert_eq!(kept.value.expose_secret(), "canary-4");
    store.erase_directory_token(T).unwrap();
    assert!(store.directory_token(T).unwrap().is_none() && !store.has_directory_token(T).unwrap());
    assert!(!store.renew_directory_token(T, kept.version, &token("canary-6")).unwrap());
}

#[test]
fn somebody_is_changed_outside_of_a_reading_and_still_goes_with_the_next_one() {
    let place = Place::new();
    let store = place.open();
    store.tenant("acme", 1).unwrap();
    put(&store, &[person(1, "Ada"), person(2, "Bo")], &link("page-2", 1, true), true);
    let longer = |before: &[u8]| Some(Secret::new([before, b"lina"].concat()));
    assert_eq!(store.change_directory_person(T, &object(1), &longer).unwrap(), Some(1));
    assert_eq!(store.change_directory_person(T, &object(3), &longer).unwrap(), None);
    assert_eq!(store.change_directory_person(T, &object(2), &|_| None).unwrap(), None);
    assert_eq!(names(&store), [(1, "Adalina".to_string()), (2, "Bo".to_string())]);
    put(&store, &[person(2, "Bo")], &link("page-3", 2, true), true);
    assert_eq!(names(&store), [(2, "Bo".to_string())]);
}
