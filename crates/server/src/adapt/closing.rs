//! A tenant whose account ends: its place stays, so that what refers to other tenants by theirs stays right, and nobody is
//! in it.

use crate::adapt::{Now, Passwords, Switch};
use crate::live::Live;
use crate::tenant::meaning::Meaning;
use engine::{Engine, Event};
use store::{Batch, TenantId};

/// Whose place is empty. No tenant has this number.
const NOBODY: TenantId = TenantId(0);

impl Switch {
    /// Takes a tenant out, unless calls of it are open: how many then. `nothing` is the configuration of nobody. Gives the
    /// number of the newest batch that may still be on its way to the journal.
    ///
    /// # Errors
    /// The number of open calls; nothing was changed.
    pub fn close_tenant(&mut self, now: Now, id: TenantId, nothing: Meaning) -> Result<u64, usize> {
        let last = self.next_batch.saturating_sub(1);
        let Some(n) = self.tenants.iter().position(|t| t.id == id) else { return Ok(last) };
        let open = self.tenants[n].engine.calls().len();
        if open > 0 {
            return Err(open);
        }
        let config = Box::new(nothing.config.clone());
        self.configure(now, id, nothing, Passwords::default());
        let t = &mut self.tenants[n];
        t.id = NOBODY;
        t.engine = Engine::new();
        t.engine.watch();
        t.batch = Batch { first_position: 1, ..Batch::default() };
        t.snapshot_at = 0;
        t.begins_anew = false;
        t.live = Live::new(now.wall);
        t.parties.clear();
        t.talked_before.clear();
        t.person = Box::new(|_| 0);
        let seed = self.next_chance();
        self.tell(now, n, Event::Started { seed });
        self.tell(now, n, Event::Configured { config });
        Ok(last)
    }

    /// The newest batch that is in the journal.
    pub fn committed(&self) -> u64 {
        self.committed
    }
}
