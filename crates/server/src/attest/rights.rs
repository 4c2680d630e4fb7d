//! The rights of a person, tried on a made-up one: found, then erased, then looked for again.

use crate::attest::check::{Found, Ground, Subject};
use redact::Secret;
use serde_json::json;
use store::{DirectoryLink, DirectoryPage, DirectoryPerson, Store, StoreSettings};
use teams::permissions::Feature;

/// Tries them, with people of each kind that the features of the tenant keep.
pub fn check(ground: &Ground, subject: &Subject) -> Found {
    let callers = subject.features.has(Feature::Queues);
    let directory = subject.features.has(Feature::DirectorySync);
    let against = match (callers, directory) {
        (true, true) => {
            "a made-up caller in the store of this tenant, and a made-up person of a directory in a store of its own"
        }
        (true, false) => "a made-up caller in the store of this tenant",
        (false, true) => "a made-up person of a directory, in a store of its own",
        (false, false) => "what the features of this tenant keep",
    };
    let said = |what: &str, is: bool| format!("{what}: {}", if is { "so it was" } else { "it was NOT so" });
    let (mut all, mut lines) = (Rights { corrected: true, restricted: true, erased: true }, Vec::new());
    let mut good = true;
    if callers {
        match try_all(ground, subject) {
            Ok([corrected, restricted, erased]) => {
                good &= corrected && restricted && erased;
                all = all.and(Rights { corrected, restricted, erased });
                lines.push("a caller was found by number, through the keyed hash".into());
                lines.push(said("a corrected name stands for the one before", corrected));
                lines.push(said("restricted data is marked as such", restricted));
                lines.push(said("after the erasure nothing could be found or opened", erased));
            }
            Err(why) => return Found::not_done(against, why),
        }
    }
    if directory {
        match try_directory() {
            Ok([corrected, removed, forgotten]) => {
                good &= corrected && removed && forgotten;
                let erased = removed && forgotten;
                // There is no way to hide one person of a directory.
                all = all.and(Rights { corrected, restricted: false, erased });
                lines.push(said(
                    "a directory's person: what an owner says stands for what Microsoft says",
                    corrected,
                ));
                lines.push(said("whom Microsoft's directory no longer lists is gone, with the key", removed));
                lines
                    .push(said("after a directory was disconnected nobody of it could be opened", forgotten));
                lines.push(
                    "nobody of a directory can be restricted, or erased alone while Microsoft's directory lists them: \
                     they are taken out there, or the directory is disconnected"
                        .into(),
                );
            }
            Err(why) => return Found::not_done(against, why),
        }
    }
    if !callers && !directory {
        lines.push("no feature that is on keeps people, so there is nobody to be found".into());
    }
    let data = json!({"corrected": all.corrected, "restricted": all.restricted, "erased": all.erased,
        "nobody": !callers && !directory});
    Found { good: Some(good), against: against.into(), lines, data }
}

/// Which rights can be had, by people of every kind.
#[derive(Clone, Copy)]
struct Rights {
    corrected: bool,
    restricted: bool,
    erased: bool,
}

impl Rights {
    fn and(self, other: Rights) -> Rights {
        Rights {
            corrected: self.corrected && other.corrected,
            restricted: self.restricted && other.restricted,
            erased: self.erased && other.erased,
        }
    }
}

/// The same steps that a directory's page, an owner's correction and the end of a connection take, in a store that is made
/// for it: whether the correction stood, whether who was removed is gone, and whether nobody is left at the end.
fn try_directory() -> Result<[bool; 3], String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let at = folder.path().display();
    let said = |e: store::StoreError| e.to_string();
    let store = Store::open(&StoreSettings {
        url: format!("sqlite:{at}/directory.db"),
        full_sync: false,
        blobs: format!("file:{at}/blobs"),
        keys: format!("file:{at}/master.key"),
    })
    .map_err(said)?;
    let tenant = store.tenant("made-up", 1).map_err(said)?;
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
    Ok([corrected, removed, forgotten])
}

fn try_all(ground: &Ground, subject: &Subject) -> Result<[bool; 3], String> {
    let (store, tenant) = (&ground.handle.store, subject.tenant);
    let said = |e: store::StoreError| e.to_string();
    let now = crate::clock::wall_ms();
    let mut chance = [0; 8];
    getrandom::fill(&mut chance).map_err(|e| e.to_string())?;
    let number = Secret::new(format!("+999{:010}", u64::from_ne_bytes(chance) % 10_000_000_000));
    let person = store.add_person(tenant, &number, now).map_err(said)?;
    let found = store.find_person(tenant, &number).map_err(said)?;
    let about = ("attestation", "attest.rights", "Person/made-up");
    store.audit_about(tenant, now, about, person, &number).map_err(said)?;
    let name = Secret::new("Corrected".into());
    store.correct_person(tenant, person, &name, now, "attestation").map_err(said)?;
    store.mark_person(tenant, person, Some(true), None, now, "attestation").map_err(said)?;
    let known = store.person(tenant, person).map_err(said)?;
    store
        .erase_person(tenant, person, now, "attestation", store::EraseReason::NoLongerNeeded)
        .map_err(said)?;
    if found != Some(person) {
        return Err("the made-up person could not be found by number".into());
    }
    let corrected = known.names.iter().any(|n| n.expose_secret() == "Corrected");
    let again = store.find_person(tenant, &number).map_err(said)?;
    let sealed = store.audit_about(tenant, now, about, person, &number);
    let erased = again.is_none() && matches!(sealed, Err(store::StoreError::NotFound(_)));
    Ok([corrected, known.restricted, erased])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rights_of_a_directorys_person_are_tried() {
        assert_eq!(try_directory().unwrap(), [true, true, true]);
    }
}
