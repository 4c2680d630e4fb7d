//! Who said no to something: those who objected, and those whose data is hidden.

use crate::people::first_of;
use crate::{Store, StoreError, TenantId};
use std::collections::BTreeSet;

/// People by what they said no to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Objections {
    /// Who objected to what is done with their data.
    pub objected: u64,
    /// Whose data is hidden from agents, exports and reports.
    pub restricted: u64,
}

/// The same people by their numbers, as [`Store::person_hash`] knows these: in each form that is known of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaidNo {
    /// Of those who objected to being treated by what is known of them.
    pub objected: BTreeSet<u64>,
    /// Of those whose data is hidden.
    pub restricted: BTreeSet<u64>,
}

impl SaidNo {
    /// From now on these numbers are, or are not, those of somebody who said so; `None` leaves it as it is.
    pub fn mark(&mut self, numbers: &[u64], restricted: Option<bool>, objected: Option<bool>) {
        for (set, is) in [(&mut self.restricted, restricted), (&mut self.objected, objected)] {
            for number in numbers {
                match is {
                    Some(true) => drop(set.insert(*number)),
                    Some(false) => drop(set.remove(number)),
                    None => {}
                }
            }
        }
    }
}

impl Store {
    /// How many people of a tenant objected, and how many are restricted.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn objections(&self, tenant: TenantId) -> Result<Objections, StoreError> {
        let sql =
            "SELECT COALESCE(SUM(objected), 0), COALESCE(SUM(restricted), 0) FROM persons WHERE tenant = $1";
        let rows = self.reader().rows(sql, &[tenant.into()])?;
        let count = |at| rows.first().map_or(0, |row| row.int(at).unsigned_abs());
        Ok(Objections { objected: count(0), restricted: count(1) })
    }

    /// Who of a tenant said no to something.
    ///
    /// # Errors
    /// What the database said.
    pub fn said_no(&self, tenant: TenantId) -> Result<SaidNo, StoreError> {
        let sql = "SELECT id, restricted, objected FROM persons WHERE tenant = $1 AND (restricted <> 0 OR objected <> 0)";
        let rows = self.reader().rows(sql, &[tenant.into()])?;
        let mut all = SaidNo::default();
        for row in &rows {
            let numbers = self.numbers_of_person(tenant, row.int(0) as u64)?;
            all.mark(&numbers, Some(row.int(1) != 0), Some(row.int(2) != 0));
        }
        Ok(all)
    }

    /// A person's number as [`Store::person_hash`] knows it: as it came, and as it is written internationally where that is
    /// known. Nothing when there is no such person.
    ///
    /// # Errors
    /// What the database said.
    pub fn numbers_of_person(&self, tenant: TenantId, person: u64) -> Result<Vec<u64>, StoreError> {
        let sql = "SELECT lookup FROM persons WHERE tenant = $1 AND id = $2";
        let rows = self.reader().rows(sql, &[tenant.into(), person.into()])?;
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        let mut numbers = vec![first_of(row.bytes(0))];
        numbers.extend(self.alias_of(tenant, person)?.map(|alias| alias.number));
        numbers.dedup();
        Ok(numbers)
    }
}
