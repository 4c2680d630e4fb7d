//! Rights of people in a directory, synced or entered: found by whoever looks after rights, and hidden from everybody else.

use crate::microsoft::directory_io::Directories;
use crate::microsoft::people::{Correction, Kept, Person};
use redact::Secret;
use std::fmt;
use store::{Store, StoreError, TenantId};

/// Somebody in a directory, by the number by which the store knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InDirectory {
    /// Read from Microsoft's directory, and kept in step with it.
    Synced(u64),
    /// Entered by an owner beside it.
    Entered(u64),
}

impl InDirectory {
    /// What an id of the API stands for.
    pub fn read(id: &str) -> Option<InDirectory> {
        let number = |prefix| id.strip_prefix(prefix).and_then(|n| n.parse().ok());
        number(SYNCED)
            .map(InDirectory::Synced)
            .or_else(|| number(crate::microsoft::people::LOCAL).map(InDirectory::Entered))
    }

    /// What entries of the audit log call them: by the number alone, since the log outlives whom it speaks of.
    pub fn in_log(self) -> String {
        match self {
            InDirectory::Synced(number) => format!("Person/{number}"),
            InDirectory::Entered(number) => format!("LocalPerson/{number}"),
        }
    }
}

/// How the id of somebody begins who was read from Microsoft's directory.
const SYNCED: &str = "directory-";

impl fmt::Display for InDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InDirectory::Synced(number) => write!(f, "{SYNCED}{number}"),
            InDirectory::Entered(number) => write!(f, "{}{number}", crate::microsoft::people::LOCAL),
        }
    }
}

impl Directories {
    /// Those of a tenant of whom this is so, hidden or not.
    pub fn of_whom(&self, tenant: TenantId, is: &dyn Fn(&Person) -> bool) -> Vec<(InDirectory, Person)> {
        let synced = self.synced(tenant, |people| people.of_whom(is)).unwrap_or_default().into_iter();
        let mut found: Vec<_> = synced.map(|(id, person)| (InDirectory::Synced(id), person)).collect();
        let local = self.local.read().unwrap_or_else(|e| e.into_inner());
        let local = local.get(&tenant).map(|people| people.of_whom(is)).unwrap_or_default();
        found.extend(local.into_iter().map(|(id, person)| (InDirectory::Entered(id), person)));
        found
    }

    /// Somebody of a tenant, hidden or not.
    pub fn in_directory(&self, tenant: TenantId, who: InDirectory) -> Option<Person> {
        match who {
            InDirectory::Synced(id) => self.synced(tenant, |people| people.get(id))?,
            InDirectory::Entered(id) => {
                self.local.read().unwrap_or_else(|e| e.into_inner()).get(&tenant)?.get(id)
            }
        }
    }

    /// Whether somebody with this object id at Microsoft is hidden.
    pub fn is_restricted(&self, tenant: TenantId, object: &str) -> bool {
        self.synced(tenant, |people| people.is_restricted(object)).unwrap_or_default()
    }

    /// Hides somebody from every search, or shows them again. False when there is no such person.
    ///
    /// # Errors
    /// What the database said.
    pub fn restrict(
        &self,
        store: &Store,
        tenant: TenantId,
        who: InDirectory,
        is: bool,
    ) -> Result<bool, StoreError> {
        let Some(person) = self.in_directory(tenant, who) else { return Ok(false) };
        let id = match who {
            InDirectory::Synced(_) => {
                let mark = |before: &[u8]| Kept::marked(before, is);
                return Ok(self.change(store, tenant, &person.object, &mark)?.is_some());
            }
            InDirectory::Entered(id) => id,
        };
        let _turn = self.writing.lock().unwrap_or_else(|e| e.into_inner());
        let all = store.local_people(tenant)?;
        let before = all.iter().find(|kept| kept.id == id).map(|kept| kept.value.expose_secret());
        let Some(marked) = before.and_then(|bytes| Kept::marked(bytes, is)) else { return Ok(false) };
        let bytes: Secret<Vec<u8>> = marked.bytes();
        if !store.change_local_person(tenant, id, &bytes)? {
            return Ok(false);
        }
        let mut local = self.local.write().unwrap_or_else(|e| e.into_inner());
        local.entry(tenant).or_default().put(id, bytes.expose_secret());
        Ok(true)
    }

    /// Erases somebody as far as that can be done here. Of somebody whom Microsoft's directory lists goes what an owner said
    /// of them, and the rest is hidden until they are deleted there: taken away it would come back with the next reading.
    /// False when there is no such person.
    ///
    /// # Errors
    /// What the database said.
    pub fn erase_one(&self, store: &Store, tenant: TenantId, who: InDirectory) -> Result<bool, StoreError> {
        match who {
            InDirectory::Entered(id) => self.erase_entered(store, tenant, id),
            InDirectory::Synced(_) => {
                let Some(person) = self.in_directory(tenant, who) else { return Ok(false) };
                self.correct(store, tenant, &person.object, &Correction::default())?;
                self.restrict(store, tenant, who, true)
            }
        }
    }
}
