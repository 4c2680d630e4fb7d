//! A tenant whose account ends: its place stays, so that what refers to other tenants by theirs stays right, and nobody is
//! in it.

use crate::adapt::passing::PassedOn;
use crate::adapt::tenant_door::TenantDoor;
use crate::adapt::{Aliases, Now, Passwords, Switch};
use crate::live::Live;
use crate::tenant::meaning::Meaning;
use engine::{CallId, Engine, Event, Phase};
use store::{Batch, TenantId};

/// Whose place is empty. No tenant has this number.
const NOBODY: TenantId = TenantId(0);

/// Why a tenant is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StillThere {
    /// Calls of it are open.
    Calls {
        /// All of them are to emergency numbers, and nobody ends those.
        only_for_help: bool,
    },
    /// Something of it is not on its way to the journal yet.
    Unwritten,
}

impl TenantDoor {
    fn calls_for_help(&self, call: CallId) -> bool {
        let is_help = |number: &PassedOn| self.meaning.classes.is_emergency(number.number().expose_secret());
        let mut legs = self.legs.values().filter(|l| l.call == call);
        self.engine.is_for_help(call) || legs.any(|l| l.passes.as_deref().is_some_and(is_help))
    }
}

impl Switch {
    /// Whether somebody calls for help in one of a tenant's calls.
    pub fn has_calls_for_help(&self, id: TenantId) -> bool {
        self.tenant(id).is_some_and(|t| t.engine.calls().iter().any(|(call, _)| t.calls_for_help(*call)))
    }

    /// Ends the calls of a tenant whose account ends, but for those to emergency numbers; from the first time on, nothing
    /// but such a call begins. Gives which calls it ended now.
    pub fn end_calls(&mut self, now: Now, id: TenantId) -> Vec<CallId> {
        if self.tenant(id).is_some_and(|t| !t.engine.is_draining()) {
            self.on_event(now, id, Event::Draining);
        }
        let open = self.tenant(id).map(|t| {
            let all = t.engine.calls().iter().filter(|(_, c)| c.phase != Phase::Closing);
            all.map(|(call, _)| *call).filter(|call| !t.calls_for_help(*call)).collect::<Vec<_>>()
        });
        let open = open.unwrap_or_default();
        for call in &open {
            self.on_event(now, id, Event::HangUpAsked { call: *call });
        }
        open
    }

    /// Takes a tenant out, unless calls of it are open, or something is yet to be written and may be waited for. `nothing`
    /// is the configuration of nobody. Gives the number of the newest batch that may still be on its way to the journal.
    ///
    /// # Errors
    /// Why not; nothing was changed.
    pub fn close_tenant(
        &mut self,
        now: Now,
        id: TenantId,
        nothing: Meaning,
        may_wait: bool,
    ) -> Result<u64, StillThere> {
        let last = self.next_batch.saturating_sub(1);
        let Some(n) = self.tenants.iter().position(|t| t.id == id) else { return Ok(last) };
        let t = &self.tenants[n];
        if !t.engine.calls().is_empty() {
            let only_for_help = t.engine.calls().iter().all(|(call, _)| t.calls_for_help(*call));
            return Err(StillThere::Calls { only_for_help });
        }
        if may_wait && (t.engine.position() + 1 > t.batch.first_position || t.batch.has_more()) {
            return Err(StillThere::Unwritten);
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
        t.aliases = Aliases::default();
        let seed = self.next_chance();
        self.tell(now, n, Event::Started { seed });
        self.tell(now, n, Event::Configured { config });
        Ok(last)
    }

    /// The number of the batch with which everything that a tenant did so far is in the journal.
    pub fn batch_with_all(&self, id: TenantId) -> u64 {
        let is_yet_to_go =
            |t: &TenantDoor| t.engine.position() + 1 > t.batch.first_position || t.batch.has_more();
        match self.tenant(id).is_some_and(is_yet_to_go) {
            true => self.next_batch,
            false => self.next_batch.saturating_sub(1),
        }
    }

    /// The newest batch that is in the journal.
    pub fn committed(&self) -> u64 {
        self.committed
    }
}
