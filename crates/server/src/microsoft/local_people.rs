//! People whom owners enter beside Microsoft's: kept, found and erased here, and touched by no reading of the directory.

use crate::microsoft::directory_io::Directories;
use crate::microsoft::directory_rights::InDirectory;
use crate::microsoft::people::{Entry, Kept, People, Person};
use store::{Store, StoreError, TenantId};

impl Directories {
    /// Takes those into memory whom a tenant entered before.
    ///
    /// # Errors
    /// What the database said.
    pub fn load_local(&self, store: &Store, tenant: TenantId) -> Result<(), StoreError> {
        let mut people = People::default();
        for person in store.local_people(tenant)? {
            people.put(person.id, person.value.expose_secret());
        }
        self.local.write().unwrap_or_else(|e| e.into_inner()).insert(tenant, people);
        Ok(())
    }

    pub(super) fn search_local(&self, tenant: TenantId, text: &str, most: usize) -> Vec<Person> {
        let all = self.local.read().unwrap_or_else(|e| e.into_inner());
        all.get(&tenant).map(|people| people.search(text, most)).unwrap_or_default()
    }

    /// Those of a tenant who were entered with this number, by the numbers by which the store knows them.
    pub fn local_with_number(&self, tenant: TenantId, number: &str) -> Vec<(u64, Person)> {
        let all = self.local.read().unwrap_or_else(|e| e.into_inner());
        all.get(&tenant).map(|people| people.with_number(number)).unwrap_or_default()
    }

    /// Enters somebody; or changes somebody who was entered, by their number. Nothing when nobody has that number.
    ///
    /// # Errors
    /// What the database said; [`StoreError::Refused`] when there are too many.
    pub fn enter(
        &self,
        store: &Store,
        tenant: TenantId,
        who: Option<u64>,
        entry: &Entry,
    ) -> Result<Option<(u64, Person)>, StoreError> {
        let _turn = self.writing.lock().unwrap_or_else(|e| e.into_inner());
        let is_hidden =
            |id| self.in_directory(tenant, InDirectory::Entered(id)).is_some_and(|p| p.restricted);
        let bytes = Kept::entered(entry, who.is_some_and(is_hidden)).bytes();
        let id = match who {
            None => store.add_local_person(tenant, &bytes)?,
            Some(id) if store.change_local_person(tenant, id, &bytes)? => id,
            Some(_) => return Ok(None),
        };
        let mut all = self.local.write().unwrap_or_else(|e| e.into_inner());
        let people = all.entry(tenant).or_default();
        people.put(id, bytes.expose_secret());
        Ok(people.get(id).map(|person| (id, person)))
    }

    /// Erases somebody who was entered. False when nobody has this number.
    ///
    /// # Errors
    /// What the database said.
    pub fn erase_entered(&self, store: &Store, tenant: TenantId, id: u64) -> Result<bool, StoreError> {
        let _turn = self.writing.lock().unwrap_or_else(|e| e.into_inner());
        let erased = store.erase_local_person(tenant, id)?;
        if let Some(people) = self.local.write().unwrap_or_else(|e| e.into_inner()).get_mut(&tenant) {
            people.remove(id);
        }
        Ok(erased)
    }

    /// Forgets in memory somebody whose entry the store erased with a person who called.
    pub fn forget_entry(&self, tenant: TenantId, id: u64) {
        // Whoever changes the entry at this moment has put it into memory by then.
        let _turn = self.writing.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(people) = self.local.write().unwrap_or_else(|e| e.into_inner()).get_mut(&tenant) {
            people.remove(id);
        }
    }

    /// Forgets in memory whom a tenant entered; the store forgets them by itself when an account ends.
    pub fn forget_entered(&self, tenant: TenantId) {
        self.local.write().unwrap_or_else(|e| e.into_inner()).remove(&tenant);
    }
}
