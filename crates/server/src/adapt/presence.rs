//! What Microsoft Teams says of people, as routing and pages need it: the engine hears whether somebody can be rung, whoever
//! looks sees the words. Nothing of it is stored.

use crate::adapt::{Now, Switch};
use crate::tenant::objects::KeptBy;
use crate::view::PresenceView;
use engine::{AgentId, Changed, Event, Time};
use std::collections::{BTreeMap, BTreeSet};
use store::TenantId;
use teams::graph::{Hindrance, Presence};

/// The presence of one person, and when it was read.
struct Seen {
    presence: Presence,
    at: Time,
}

/// After we stopped showing somebody as in a call, Graph may still say so for a while, in milliseconds.
const ECHO_MS: u64 = 30_000;

/// What is known of a tenant's people, by the number of the user.
#[derive(Default)]
pub struct Presences {
    seen: BTreeMap<u32, Seen>,
    /// Whom we show as in a call ourselves; until when that may still be seen, once it is over.
    shown: BTreeMap<u32, Option<Time>>,
}

/// Agents who talk.
pub(super) fn talking(engine: &engine::Engine) -> Vec<AgentId> {
    let agents = engine.agents().values();
    agents.filter(|a| matches!(a.state, engine::AgentState::Talking { .. })).map(|a| a.id).collect()
}

impl Presences {
    /// The presence of a user as it is shown, if it is known.
    pub fn view(&self, user: u32, now: Time) -> Option<PresenceView> {
        let seen = self.seen.get(&user)?;
        Some(PresenceView {
            availability: seen.presence.availability.as_str().into(),
            activity: seen.presence.activity.as_str().into(),
            age_s: now.since(seen.at) / 1_000,
        })
    }
}

impl Switch {
    /// What Teams says of people of a tenant now. Whoever is no user here is passed over, and so is what is older than what
    /// is known.
    pub fn on_presences(&mut self, now: Now, id: TenantId, said: Vec<Presence>) {
        let Some(n) = self.tenants.iter().position(|t| t.id == id) else { return };
        for presence in said {
            let t = &mut self.tenants[n];
            let Some(user) = t.meaning.work_accounts.get(&presence.id).copied() else { continue };
            let before = t.presences.seen.get_mut(&user);
            let is_same = before.as_ref().is_some_and(|seen| seen.presence.sequence == presence.sequence);
            match before {
                // An old copy of Graph's: what is known is newer.
                Some(seen) if !is_same && !presence.supersedes(&seen.presence) => continue,
                Some(seen) if seen.presence == presence => {
                    seen.at = now.wall;
                    self.settle_presence(now, n, AgentId(user));
                    continue;
                }
                _ => {}
            }
            t.presences.seen.insert(user, Seen { presence, at: now.wall });
            if !self.settle_presence(now, n, AgentId(user)) {
                let t = &mut self.tenants[n];
                t.live.changed(Changed::Agent(AgentId(user)), &t.engine, &t.meaning, &t.presences);
            }
        }
    }

    /// Whether Teams shows somebody as in a call because we said so.
    pub fn on_shown(&mut self, now: Now, id: TenantId, object: &str, shown: bool) {
        let Some(n) = self.tenants.iter().position(|t| t.id == id) else { return };
        let t = &mut self.tenants[n];
        let Some(user) = t.meaning.work_accounts.get(object).copied() else { return };
        let until = (!shown).then(|| now.wall.plus(ECHO_MS));
        t.presences.shown.insert(user, until);
        t.presences.shown.retain(|_, until| until.is_none_or(|until| until > now.wall));
        self.settle_presence(now, n, AgentId(user));
    }

    /// Agents of a tenant who talked when the process before this one ended. They are named once.
    pub fn take_talked_before(&mut self, id: TenantId) -> Vec<AgentId> {
        let found = self.tenants.iter_mut().find(|t| t.id == id);
        found.map(|t| std::mem::take(&mut t.talked_before)).unwrap_or_default()
    }

    /// What was read before this time is not known any more: nobody is kept from being rung by it.
    pub fn forget_presences(&mut self, now: Now, id: TenantId, before: Time) {
        let Some(n) = self.tenants.iter().position(|t| t.id == id) else { return };
        let known = &mut self.tenants[n].presences.seen;
        let old: Vec<u32> =
            known.iter().filter(|(_, seen)| seen.at < before).map(|(user, _)| *user).collect();
        for user in old {
            self.tenants[n].presences.seen.remove(&user);
            if !self.settle_presence(now, n, AgentId(user)) {
                let t = &mut self.tenants[n];
                t.live.changed(Changed::Agent(AgentId(user)), &t.engine, &t.meaning, &t.presences);
            }
        }
    }

    /// Another configuration: other people, or another meaning of what Teams says.
    pub(super) fn settle_presences(&mut self, now: Now, n: usize) {
        let t = &mut self.tenants[n];
        let users: BTreeSet<u32> = t.meaning.work_accounts.values().copied().collect();
        t.presences.seen.retain(|user, _| users.contains(user));
        t.presences.shown.retain(|user, _| users.contains(user));
        let agents: Vec<AgentId> = t.engine.agents().keys().copied().collect();
        for agent in agents {
            self.settle_presence(now, n, agent);
        }
    }

    /// Tells the engine what Teams says of an agent, if it makes a difference. Whether it did.
    fn settle_presence(&mut self, now: Now, n: usize, agent: AgentId) -> bool {
        let t = &self.tenants[n];
        let keeps = |what| t.meaning.presence_keeps.contains(&what);
        let is_ours =
            t.presences.shown.get(&agent.0).is_some_and(|until| until.is_none_or(|until| until > now.wall));
        let presence = match t.presences.seen.get(&agent.0).map(|seen| seen.presence.hindrance()) {
            // Our own word comes back: the agent's state here says when the call is over.
            Some(Some(Hindrance::InCall)) if is_ours => engine::Presence::Free,
            None => engine::Presence::Unknown,
            Some(Some(Hindrance::InCall)) if keeps(KeptBy::InCall) => engine::Presence::InCall,
            Some(Some(Hindrance::DoNotDisturb)) if keeps(KeptBy::DoNotDisturb) => {
                engine::Presence::DoNotDisturb
            }
            Some(_) => engine::Presence::Free,
        };
        let before = t.engine.presence(agent);
        if before == presence
            || !before.keeps() && !presence.keeps()
            || !t.engine.agents().contains_key(&agent)
        {
            return false;
        }
        self.tell(now, n, Event::AgentPresence { agent, presence });
        self.pump(now);
        true
    }
}
