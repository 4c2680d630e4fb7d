//! The rights of a person, tried on a made-up one: found, then erased, then looked for again.

use crate::attest::check::{Found, Ground, Subject};
use crate::attest::objecting::try_routing;
use crate::microsoft::{Directories, Entry, MOST_FOUND};
use engine::{CallId, CallRecord, EndedBy, Fault, PartyId, Reason, Time, TrunkId};
use redact::Secret;
use serde_json::json;
use store::{
    AuditFilter, Batch, CallFilter, DirectoryLink, DirectoryPage, DirectoryPerson, Notes, Party, Store,
    StoreSettings, TenantId,
};
use teams::permissions::Feature;

/// Tries them, with people of each kind that the features of the tenant keep.
pub fn check(ground: &Ground, subject: &Subject) -> Found {
    let callers = subject.features.has(Feature::Queues);
    let directory = subject.features.has(Feature::DirectorySync);
    let beyond = match ground.handle.store.rows_of(subject.tenant) {
        Ok(rows) => beyond(&rows, callers, directory),
        Err(e) => return Found::not_done("the tables about people", e.to_string()),
    };
    let against = match (callers, directory) {
        (true, true) => {
            "a made-up caller in the store of this tenant, and a made-up person of a directory in a store of its own"
        }
        (true, false) => "a made-up caller in the store of this tenant",
        (false, true) => "a made-up person of a directory, in a store of its own",
        (false, false) => "the tables about people, of which the features of this tenant keep nobody",
    };
    let said = |what: &str, is: bool| format!("{what}: {}", if is { "so it was" } else { "it was NOT so" });
    let (mut all, mut lines) =
        (Rights { corrected: true, restricted: true, objected: true, erased: true }, Vec::new());
    let mut good = true;
    if callers {
        match try_all(ground, subject) {
            Ok([corrected, restricted, objected, erased]) => {
                good &= corrected && restricted && objected && erased;
                all = all.and(Rights { corrected, restricted, objected, erased });
                lines.push("a caller was found by number, through the keyed hash".into());
                lines.push(said("a corrected name stands for the one before", corrected));
                lines.push(said(
                    "of whom is restricted neither number, name, notes, search nor log says anything, and all do again",
                    restricted,
                ));
                lines.push(said(
                    "after an objection neither list, look-up nor the agent of last time decided a call, the server knew no \
                     more than the number, and both ended when it was taken back",
                    objected,
                ));
                lines.push(said("after the erasure nothing could be found or opened", erased));
            }
            Err(why) => return Found::not_done(against, why),
        }
        match ground.handle.store.objections(subject.tenant) {
            Ok(known) => lines.push(format!(
                "{} people of this tenant objected, {} are restricted",
                known.objected, known.restricted
            )),
            Err(e) => return Found::not_done(against, e.to_string()),
        }
    }
    if directory {
        match try_directory() {
            Ok([corrected, restricted, removed, forgotten]) => {
                good &= corrected && restricted && removed && forgotten;
                let erased = removed && forgotten;
                // Nobody of a directory is routed by it; an objection is kept with their numbers, as a caller's.
                all = all.and(Rights { corrected, restricted, objected: true, erased });
                lines.push(said(
                    "a directory's person: what an owner says stands for what Microsoft says",
                    corrected,
                ));
                lines.push(said(
                    "whoever of a directory is restricted, synced or entered, is in no search, and all are again",
                    restricted,
                ));
                lines.push(said("whom Microsoft's directory no longer lists is gone, with the key", removed));
                lines
                    .push(said("after a directory was disconnected nobody of it could be opened", forgotten));
                lines.push(
                    "nobody can be erased alone while Microsoft's directory lists them: they are hidden here until they \
                     are taken out there, or the directory is disconnected"
                        .into(),
                );
            }
            Err(why) => return Found::not_done(against, why),
        }
    }
    // Whom no feature keeps, nobody can find, correct, restrict or erase: the pages for that are not there.
    for (table, n) in &beyond {
        lines.push(format!(
            "{table}: {n} rows, and no feature that is on gives people their rights over them"
        ));
    }
    if !beyond.is_empty() {
        good = false;
        all = Rights { corrected: false, restricted: false, objected: false, erased: false };
    } else if !callers && !directory {
        lines.push(
            "the tables about people have no row of this tenant, so there is nobody who could not be found"
                .into(),
        );
    }
    let data = json!({"corrected": all.corrected, "restricted": all.restricted, "objected": all.objected, "erased": all.erased,
        "nobody": !callers && !directory});
    Found { good: Some(good), against: against.into(), lines, data }
}

/// Tables about people, and whether it is a directory that is kept in them.
const PEOPLE: [(&str, bool); 8] = [
    ("calls", false),
    ("messages", false),
    ("name_words", false),
    ("notes", false),
    ("parties", false),
    ("persons", false),
    ("recordings", false),
    ("directory", true),
];

/// The tables with people whom no feature that is on keeps, and how many rows they have.
fn beyond(rows: &[(String, u64)], callers: bool, directory: bool) -> Vec<(String, u64)> {
    let is_beyond = |table: &str| {
        let of = PEOPLE.iter().find(|(name, _)| *name == table);
        of.is_some_and(|(_, is_directory)| if *is_directory { !directory } else { !callers })
    };
    rows.iter().filter(|(table, n)| *n > 0 && is_beyond(table)).cloned().collect()
}

/// Which rights can be had, by people of every kind.
#[derive(Clone, Copy)]
struct Rights {
    corrected: bool,
    restricted: bool,
    objected: bool,
    erased: bool,
}

impl Rights {
    fn and(self, other: Rights) -> Rights {
        Rights {
            corrected: self.corrected && other.corrected,
            restricted: self.restricted && other.restricted,
            objected: self.objected && other.objected,
            erased: self.erased && other.erased,
        }
    }
}

/// A store that is made for a trial, and a tenant in it. It is gone with its folder.
fn own_store() -> Result<(tempfile::TempDir, Store, TenantId), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let at = folder.path().display();
    let settings = StoreSettings {
        url: format!("sqlite:{at}/people.db"),
        full_sync: false,
        blobs: format!("file:{at}/blobs"),
        keys: format!("file:{at}/master.key"),
    };
    let store = Store::open(&settings).map_err(|e| e.to_string())?;
    let tenant = store.tenant("made-up", 1).map_err(|e| e.to_string())?;
    Ok((folder, store, tenant))
}

/// Whether a call of somebody says who it was before they are restricted, nothing while they are, and all of it afterwards:
/// number and name, notes, the search for their calls, and whom the switch shows to nobody. In a store that is made for it.
fn try_hiding() -> Result<bool, String> {
    let said = |e: store::StoreError| e.to_string();
    let (_folder, store, tenant) = own_store()?;
    let (call, caller) = (CallId(1), PartyId(1));
    let number = || Secret::new("+9990000000001".to_string());
    let party =
        Party { id: caller.0, address: number(), display: Secret::new("Made Up".into()), alias: None };
    let batch = Batch {
        first_position: 1,
        parties: vec![party],
        records: vec![made_up_call(call, caller)],
        ..Batch::default()
    };
    store.commit(&[(tenant, batch)]).map_err(said)?;
    let notes = Notes { text: Secret::new("made up".into()), at: Time(3), who: "attestation".into() };
    store.put_notes(tenant, call, caller, &notes).map_err(said)?;
    let person =
        store.find_person(tenant, &number()).map_err(said)?.ok_or("the made-up caller was not found")?;
    let shown = || -> Result<[bool; 4], String> {
        let filter = CallFilter { callers: Some(vec![number()]), limit: 1, ..CallFilter::default() };
        let hash = (store.person_hash(tenant).map_err(said)?)(number().expose_secret());
        Ok([
            store.party(tenant, caller.0).is_ok(),
            store.notes(tenant, call).map_err(said)?.is_some(),
            !store.calls(tenant, &filter).map_err(said)?.calls.is_empty(),
            !store.said_no(tenant).map_err(said)?.restricted.contains(&hash),
        ])
    };
    let before = shown()?;
    store.mark_person(tenant, person, Some(true), None, 4, "attestation").map_err(said)?;
    let hidden = shown()?;
    store.mark_person(tenant, person, Some(false), None, 5, "attestation").map_err(said)?;
    Ok((before, hidden, shown()?) == ([true; 4], [false; 4], [true; 4]))
}

fn made_up_call(id: CallId, caller: PartyId) -> CallRecord {
    CallRecord {
        id,
        number: None,
        caller,
        trunk: TrunkId(1),
        began: Time(1),
        answered: None,
        ended: Time(2),
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

/// The same steps that a directory's page, an owner's correction and the end of a connection take, in a store that is made
/// for it: whether the correction stood, whether who is restricted is hidden, whether who was removed is gone, and whether
/// nobody is left at the end.
fn try_directory() -> Result<[bool; 4], String> {
    let said = |e: store::StoreError| e.to_string();
    let (_folder, store, tenant) = own_store()?;
    let value = |_: Option<&[u8]>| Secret::new(b"{}".to_vec());
    let object = |n: u32| Secret::new(format!("00000000-0000-4000-8000-00000000000{n}"));
    let people = [1, 2].map(|n| DirectoryPerson { object: object(n), value: &value });
    let link = DirectoryLink { link: Secret::new("end".into()), run: 1, whole: true, at: 1 };
    let page = DirectoryPage { people: &people, removed: &[], link: &link, sweep: true };
    store.put_directory(tenant, &page).map_err(said)?;
    let word = |_: &[u8]| Some(Secret::new(b"corrected".to_vec()));
    let changed = store.change_directory_person(tenant, &object(1), &word).map_err(said)?;
    let kept = store.directory(tenant, 0).map_err(said)?;
    let corrected = changed.is_some()
        && kept.len() == people.len()
        && kept.iter().any(|p| Some(p.id) == changed && p.value.expose_secret() == b"corrected");
    let page = DirectoryPage { people: &[], removed: &[object(1)], link: &link, sweep: false };
    let gone = store.put_directory(tenant, &page).map_err(said)?.removed;
    let left = store.directory(tenant, 0).map_err(said)?;
    let removed = gone.len() == 1 && left.len() == 1 && left.iter().all(|p| Some(p.id) != changed);
    store.erase_directory(tenant).map_err(said)?;
    let forgotten = store.directory(tenant, 0).map_err(said)?.is_empty()
        && store.key_ages(tenant).map_err(said)?.iter().all(|k| k.kind != "directory");
    Ok([corrected, try_hiding_listed()?, removed, forgotten])
}

/// Whether somebody of Microsoft's directory and somebody who was entered beside it are found by a search before they are
/// restricted, not while they are, and again afterwards; restarts included. In a store that is made for it.
fn try_hiding_listed() -> Result<bool, String> {
    let said = |e: store::StoreError| e.to_string();
    let (_folder, store, tenant) = own_store()?;
    let object = "00000000-0000-4000-8000-000000000001";
    let value = |_: Option<&[u8]>| {
        let person = json!({"object": object, "name": "Made Up", "business": []});
        Secret::new(person.to_string().into_bytes())
    };
    let people = [DirectoryPerson { object: Secret::new(object.into()), value: &value }];
    let link = DirectoryLink { link: Secret::new("end".into()), run: 1, whole: true, at: 1 };
    let page = DirectoryPage { people: &people, removed: &[], link: &link, sweep: true };
    store.put_directory(tenant, &page).map_err(said)?;
    let text = |text: &str| Secret::new(text.to_string());
    let entry = Entry { name: text("Made Too"), mail: text(""), business: Vec::new(), mobile: None };
    let read = |directories: &Directories| -> Result<usize, String> {
        directories.load(&store, tenant, Default::default()).map_err(said)?;
        directories.load_local(&store, tenant).map_err(said)?;
        Ok(directories.search(tenant, "made", MOST_FOUND).len())
    };
    let directories = Directories::default();
    directories.enter(&store, tenant, None, &entry).map_err(said)?;
    let mut found = vec![read(&directories)?];
    let all = directories.of_whom(tenant, &|_| true);
    for is in [true, false] {
        for (who, _) in &all {
            directories.restrict(&store, tenant, *who, is).map_err(said)?;
        }
        found.push(directories.search(tenant, "made", MOST_FOUND).len());
        found.push(read(&Directories::default())?);
    }
    Ok(all.len() == 2 && found == [2, 0, 0, 2, 2])
}

fn try_all(ground: &Ground, subject: &Subject) -> Result<[bool; 4], String> {
    let (store, tenant) = (&ground.handle.store, subject.tenant);
    let said = |e: store::StoreError| e.to_string();
    let now = crate::clock::wall_ms();
    let mut chance = [0; 8];
    getrandom::fill(&mut chance).map_err(|e| e.to_string())?;
    let number = Secret::new(format!("+999{:010}", u64::from_ne_bytes(chance) % 10_000_000_000));
    // Whoever is there when the server dies is found by this entry at the next start.
    let about = ("attestation", "attest.rights", "Person/made-up");
    let person = store.add_made_up(tenant, &number, now, about, &number).map_err(said)?;
    let tried = try_before_the_end(ground, subject, person, &number);
    // Whatever went wrong, the person is erased first, and then it is said.
    let reason = store::EraseReason::NoLongerNeeded;
    store.erase_person(tenant, person, now, "attestation", reason).map_err(said)?;
    let [corrected, restricted, objected] = tried?;
    let again = store.find_person(tenant, &number).map_err(said)?;
    let sealed = store.audit_about(tenant, now, about, person, &number);
    let erased = again.is_none() && matches!(sealed, Err(store::StoreError::NotFound(_)));
    Ok([corrected, restricted, objected, erased])
}

/// Whether somebody was corrected, was hidden and shown again, and whether an objection held.
fn try_before_the_end(
    ground: &Ground,
    subject: &Subject,
    person: u64,
    number: &Secret<String>,
) -> Result<[bool; 3], String> {
    let (store, tenant) = (&ground.handle.store, subject.tenant);
    let said = |e: store::StoreError| e.to_string();
    let now = crate::clock::wall_ms();
    if store.find_person(tenant, number).map_err(said)? != Some(person) {
        return Err("the made-up person could not be found by number".into());
    }
    let name = Secret::new("Corrected".into());
    store.correct_person(tenant, person, &name, now, "attestation").map_err(said)?;
    store.mark_person(tenant, person, Some(true), Some(true), now, "attestation").map_err(said)?;
    let known = store.person(tenant, person).map_err(said)?;
    let is_told = || -> Result<bool, String> {
        let only = AuditFilter { action: Some("attest.rights".into()), limit: 500, ..AuditFilter::default() };
        let entries = store.audit_entries(tenant, &only).map_err(said)?;
        Ok(entries.iter().any(|e| e.entry.person == person && e.detail.is_some()))
    };
    let hash = (store.person_hash(tenant).map_err(said)?)(number.expose_secret());
    let is_known_hidden = store.said_no(tenant).map_err(said)?.restricted.contains(&hash) && !is_told()?;
    store.mark_person(tenant, person, Some(false), Some(false), now, "attestation").map_err(said)?;
    let is_shown_again = is_told()? && !store.said_no(tenant).map_err(said)?.restricted.contains(&hash);
    let restricted = is_known_hidden && is_shown_again && try_hiding()?;
    let taken_back = !store.person(tenant, person).map_err(said)?.objected;
    let objected = known.objected && taken_back && try_objecting(ground, subject, number)? && try_routing()?;
    let corrected = known.names.iter().any(|n| n.expose_secret() == "Corrected");
    Ok([corrected, restricted, objected])
}

/// Whether the running switch knows nothing but the number of somebody who objected, and that it no longer holds afterwards.
fn try_objecting(ground: &Ground, subject: &Subject, number: &Secret<String>) -> Result<bool, String> {
    let (tenant, number) = (subject.tenant, number.clone());
    let hash = (ground.handle.store.person_hash(tenant).map_err(|e| e.to_string())?)(number.expose_secret());
    let tried = ground.handle.ask_and_wait(move |switch, _| {
        switch.mark_person(tenant, &[hash], None, Some(true));
        let known = switch.known_of_objector(tenant, &number);
        switch.mark_person(tenant, &[hash], None, Some(false));
        (known, switch.known_of_objector(tenant, &number).is_none())
    });
    let (known, is_over) = tried.ok_or("the server is stopping")?;
    Ok(is_over && known.is_some_and(|facts| facts.person == 0 && facts.lists == 0 && !facts.withheld))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_is_restricted_a_call_says_nothing_of() {
        assert!(try_hiding().unwrap());
    }

    #[test]
    fn people_whom_no_feature_keeps_are_seen() {
        let rows =
            [("calls".to_string(), 0), ("persons".into(), 2), ("directory".into(), 1), ("objects".into(), 9)];
        let tables = |callers, directory| -> Vec<String> {
            beyond(&rows, callers, directory).into_iter().map(|(table, _)| table).collect()
        };
        assert_eq!(tables(false, false), ["persons", "directory"]);
        assert_eq!(tables(true, false), ["directory"]);
        assert!(tables(true, true).is_empty());
    }

    #[test]
    fn the_rights_of_a_directorys_person_are_tried() {
        assert_eq!(try_directory().unwrap(), [true, true, true, true]);
    }
}
