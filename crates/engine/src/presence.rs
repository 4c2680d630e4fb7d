//! What Microsoft Teams says of agents: an input to routing beside the agent's own state. The own state decides; Teams can
//! only keep somebody who is available from being rung.

use crate::agent::AgentState;
use crate::ids::{AgentId, CallId, LegId, QueueId};
use crate::record::What;
use crate::state::{Changed, Engine};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Whether somebody can be rung, by what Teams says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// Nothing is known, or what was known is too old.
    Unknown,
    /// Nothing is against it.
    Free,
    /// Talks in Teams.
    InCall,
    /// Does not want to be disturbed.
    DoNotDisturb,
}

impl Presence {
    /// Whether somebody with it is kept from being rung.
    pub fn keeps(self) -> bool {
        matches!(self, Presence::InCall | Presence::DoNotDisturb)
    }
}

/// Members of a queue who are available and kept from being rung by what Teams says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Those who talk in Teams.
    pub in_call: u32,
    /// Those who do not want to be disturbed.
    pub do_not_disturb: u32,
}

impl Kept {
    /// Both together.
    pub fn all(self) -> u32 {
        self.in_call + self.do_not_disturb
    }
}

impl Engine {
    /// What Teams said last of an agent, if it keeps the agent from being rung; [`Presence::Free`] otherwise.
    pub fn presence(&self, agent: AgentId) -> Presence {
        self.s.presences.get(&agent).copied().unwrap_or(Presence::Free)
    }

    /// Members of a queue who are available here, and busy in Teams.
    pub fn kept_in(&self, queue: QueueId) -> Kept {
        let mut kept = Kept::default();
        for (id, presence) in &self.s.presences {
            let Some(agent) = self.s.agents.get(id) else { continue };
            let counts = matches!(agent.state, AgentState::Available);
            if counts && agent.queues.iter().any(|m| m.queue == queue) {
                match presence {
                    Presence::InCall => kept.in_call += 1,
                    Presence::DoNotDisturb => kept.do_not_disturb += 1,
                    Presence::Unknown | Presence::Free => {}
                }
            }
        }
        kept
    }

    /// Members of a queue who can be rung now.
    pub fn free_in(&self, queue: QueueId) -> u32 {
        let available = self.s.queues.get(&queue).map_or(0, crate::queue::Queue::free);
        available.saturating_sub(self.kept_in(queue).all())
    }

    pub(crate) fn on_agent_presence(&mut self, id: AgentId, presence: Presence) {
        let now = self.s.now;
        let before = self.presence(id);
        let is_news = before != presence && (before.keeps() || presence.keeps());
        if !is_news || !self.s.agents.contains_key(&id) {
            return;
        }
        let was_free = self.is_free(id);
        match presence.keeps() {
            true => self.s.presences.insert(id, presence),
            false => self.s.presences.remove(&id),
        };
        self.changed(Changed::Agent(id));
        let is_free = self.is_free(id);
        let queues: Vec<QueueId> = match self.s.agents.get(&id) {
            Some(agent) => agent.queues.iter().map(|m| m.queue).collect(),
            None => return,
        };
        for queue in queues {
            self.changed(Changed::Queue(queue));
        }
        match (was_free, is_free) {
            (true, false) => self.unlist_agent(id),
            (false, true) => {
                // A call in Teams is work like any other: whoever comes out of it has not been idle.
                if let Some(agent) = self.s.agents.get_mut(&id) {
                    agent.idle_since = now;
                }
                self.serve_agent(id);
            }
            _ => {}
        }
    }

    /// What another process was told may be long over: nobody is kept until Teams is asked anew.
    pub(crate) fn forget_presences(&mut self) {
        let all: Vec<AgentId> = self.s.presences.keys().copied().collect();
        for agent in all {
            self.on_agent_presence(agent, Presence::Unknown);
        }
    }

    fn unlist_agent(&mut self, id: AgentId) {
        let Some(mut agent) = self.s.agents.remove(&id) else { return };
        if agent.listed {
            self.leave_free(&agent);
            agent.listed = false;
        }
        self.s.agents.insert(id, agent);
    }

    /// Who was passed over because of Teams stands in the call's timeline.
    pub(crate) fn note_kept(&mut self, call: CallId, queue: QueueId, leg: Option<LegId>) {
        let Kept { in_call, do_not_disturb } = self.kept_in(queue);
        if in_call + do_not_disturb > 0 {
            self.moment(call, What::KeptByTeams { queue, leg, in_call, do_not_disturb });
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::config::{AgentConfig, AtStart, Config, FlowConfig, NumberConfig, QueueConfig, Step};
    use crate::effect::Effect;
    use crate::event::{Event, Facts, LegEnd};
    use crate::ids::{FlowId, LegId, NumberId, PartyId, TrunkId};
    use crate::timers::Time;
    use alloc::boxed::Box;
    use alloc::vec;

    const ANNA: AgentId = AgentId(1);
    const BEN: AgentId = AgentId(2);
    const QUEUE: QueueId = QueueId(1);

    struct World {
        engine: Engine,
        now: u64,
    }

    impl World {
        fn new() -> World {
            let queue =
                QueueConfig { id: QUEUE, members: vec![ANNA.into(), BEN.into()], ..QueueConfig::default() };
            let agent = |id, at_start| AgentConfig { id, at_start, skills: Vec::new() };
            let steps = [Step::Queue { queue: QUEUE, overflow: Vec::new() }, Step::HangUp];
            let config = Config {
                queues: vec![queue],
                agents: vec![agent(ANNA, AtStart::Available), agent(BEN, AtStart::Offline)],
                flows: vec![FlowConfig::in_order(FlowId(1), steps)],
                numbers: vec![NumberConfig {
                    id: NumberId(1),
                    flow: FlowId(1),
                    recording: Default::default(),
                    language: Default::default(),
                }],
                max_call_ms: 3_600_000,
                ..Config::default()
            };
            let mut world = World { engine: Engine::new(), now: 1_000 };
            world.tell(Event::Started { seed: 1 });
            world.tell(Event::Configured { config: Box::new(config) });
            world
        }

        /// Takes an event in; gives whom it rings.
        fn tell(&mut self, event: Event) -> Vec<AgentId> {
            self.now += 1_000;
            self.engine.handle(Time(self.now), event);
            let mut rung = Vec::new();
            while let Some((_, effect)) = self.engine.poll() {
                if let Effect::DialAgent { agent, .. } = effect {
                    rung.push(agent);
                }
            }
            assert_eq!(self.engine.check_all(), Ok(()));
            rung
        }

        fn call(&mut self) -> (LegId, Vec<AgentId>) {
            let leg = self.engine.next_leg();
            let event = Event::CallArrived {
                number: Some(NumberId(1)),
                caller: PartyId(1),
                trunk: TrunkId(1),
                facts: Facts::default(),
            };
            (leg, self.tell(event))
        }

        fn says(&mut self, agent: AgentId, presence: Presence) -> Vec<AgentId> {
            self.tell(Event::AgentPresence { agent, presence })
        }
    }

    #[test]
    fn who_talks_in_teams_is_not_rung_and_is_rung_after_it() {
        for kept in [Presence::InCall, Presence::DoNotDisturb] {
            let mut w = World::new();
            assert!(w.says(ANNA, kept).is_empty());
            assert_eq!((w.engine.kept_in(QUEUE).all(), w.engine.free_in(QUEUE)), (1, 0));
            let (leg, rung) = w.call();
            assert!(rung.is_empty());
            let call = w.engine.calls().values().next().unwrap();
            let told = call.timeline.iter().any(|m| matches!(m.what, What::KeptByTeams { leg: None, .. }));
            assert!(told, "{:?}", call.timeline);
            // Another reason of the same kind changes nothing.
            assert!(w.says(ANNA, Presence::InCall).is_empty());
            assert_eq!(w.says(ANNA, Presence::Unknown), [ANNA]);
            assert!(w.tell(Event::LegEnded { leg, end: LegEnd::FarHungUp }).is_empty());
        }
    }

    #[test]
    fn another_is_rung_and_the_decision_says_who_was_passed_over() {
        let mut w = World::new();
        w.tell(Event::AgentWants { agent: BEN, wanted: crate::agent::Wanted::Available });
        w.says(ANNA, Presence::DoNotDisturb);
        w.engine.watch_decisions();
        let (_, rung) = w.call();
        assert_eq!(rung, [BEN]);
        let call = w.engine.calls().values().next().unwrap();
        assert_eq!(call.decisions[0].lacking, 0, "she lacks no skill");
        let leg = call.decisions[0].leg;
        let told = call.timeline.iter().any(|m| {
            m.what == What::KeptByTeams { queue: QUEUE, leg: Some(leg), in_call: 0, do_not_disturb: 1 }
        });
        assert!(told, "{:?}", call.timeline);
        let (_, list) = w.engine.take_candidates().remove(0);
        let of = |id| list.iter().find(|c| c.agent == id).unwrap().teams;
        assert_eq!((of(ANNA), of(BEN)), (Presence::DoNotDisturb, Presence::Free));
    }

    #[test]
    fn a_phone_that_rings_goes_on_and_a_new_process_asks_anew() {
        let mut w = World::new();
        let (_, rung) = w.call();
        assert_eq!(rung, [ANNA]);
        w.says(ANNA, Presence::InCall);
        assert!(matches!(w.engine.agents()[&ANNA].state, AgentState::Offered { .. }));
        // Who gets free while Teams says so is not rung; nor by a new configuration.
        let snapshot = w.engine.snapshot();
        w.engine = Engine::from_snapshot(snapshot);
        w.tell(Event::Started { seed: 2 });
        assert_eq!(w.engine.presence(ANNA), Presence::Free);
        assert_eq!(w.call().1, [ANNA]);
    }

    #[test]
    fn whoever_is_unknown_here_stays_so() {
        let mut w = World::new();
        w.says(AgentId(9), Presence::InCall);
        assert_eq!(w.engine.presence(AgentId(9)), Presence::Free);
    }
}
