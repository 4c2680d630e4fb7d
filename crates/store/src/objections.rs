//! How many people of a tenant said no to something.

use crate::{Store, StoreError, TenantId};

/// People by what they said no to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Objections {
    /// Who objected to what is done with their data.
    pub objected: u64,
    /// Whose data is hidden from agents, exports and reports.
    pub restricted: u64,
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
}
