//! How fast the engine decides, alone on one core. `make bench` runs it and keeps the two figures that it prints as JSON.
//!
//! First a full house: 10,000 agents in 1,000 queues, all talking, 10,000 callers waiting. A conversation ends, its agent is
//! rung for the caller who is next, answers, and somebody new calls: that is one decision with everything around it. Then
//! a day of 100,000 calls with 1,000 agents, its laws checked.
//!
//! With a number of decisions as its argument it makes only these, to be measured by counting instructions where other
//! work on the machine makes times lie: `valgrind --tool=callgrind target/release/examples/engine_speed 50000`.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use engine::{
    AgentConfig, AgentId, AtStart, Config, Effect, Engine, Event, Facts, FlowConfig, FlowId, LegEnd, LegId,
    NumberConfig, NumberId, PartyId, QueueConfig, QueueId, SkillId, Step, Strategy, Time, TrunkId,
};
use sim::{Chance, Day};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

const AGENTS: u32 = 10_000;
const QUEUES: u32 = 1_000;
const WAITING: u64 = 10_000;
const DECISIONS: u64 = 400_000;

fn config() -> Config {
    let queues = (0..QUEUES)
        .map(|n| QueueConfig {
            id: QueueId(n),
            // Each agent serves two queues; a queue has 20.
            members: (0..20).map(|k| AgentId((n * 10 + k * 37) % AGENTS).into()).collect(),
            strategy: [
                Strategy::LongestIdle,
                Strategy::MostFitting,
                Strategy::FewestCalls,
                Strategy::RoundRobin,
            ][n as usize % 4],
            max_waiting: 100_000,
            max_wait_ms: 86_400_000,
            ..QueueConfig::default()
        })
        .collect();
    let flows = (0..QUEUES)
        .map(|n| {
            let mut steps = Vec::new();
            if n % 2 == 0 {
                steps.push(Step::Need { skill: SkillId(n % 5), level: 3 });
            }
            steps.push(Step::Queue { queue: QueueId(n), overflow: Vec::new() });
            FlowConfig::in_order(FlowId(n), steps)
        })
        .collect();
    let number = |n| NumberConfig {
        id: NumberId(n),
        flow: FlowId(n),
        recording: Default::default(),
        language: Default::default(),
    };
    Config {
        queues,
        agents: (0..AGENTS)
            .map(|n| AgentConfig {
                id: AgentId(n),
                at_start: AtStart::Available,
                skills: (0..5).map(|s| (SkillId(s), 3 + ((n + s) % 8) as u8)).collect(),
            })
            .collect(),
        flows,
        numbers: (0..QUEUES).map(number).collect(),
        max_call_ms: 86_400_000,
        ..Config::default()
    }
}

struct House {
    engine: Engine,
    now: u64,
    chance: Chance,
    talking: VecDeque<(LegId, LegId)>,
    decisions: u64,
    /// Time in the events that led to a decision.
    deciding: Duration,
    answering: Vec<LegId>,
    ended: Vec<LegId>,
    rung: Vec<LegId>,
}

impl House {
    fn tell(&mut self, event: Event) {
        self.now += 1;
        let (before, began) = (self.decisions, Instant::now());
        self.handle(event);
        if self.decisions > before {
            self.deciding += began.elapsed();
        }
    }

    fn handle(&mut self, event: Event) {
        self.engine.handle(Time(self.now / 50), event);
        while let Some((_, effect)) = self.engine.poll() {
            match effect {
                Effect::Answer { leg } => self.answering.push(leg),
                Effect::HangUp { leg, .. } | Effect::Refuse { leg, .. } => self.ended.push(leg),
                Effect::DialAgent { leg, .. } => {
                    self.decisions += 1;
                    self.rung.push(leg);
                }
                _ => {}
            }
        }
    }

    // Everything that follows at once from what was asked for.
    fn follow(&mut self) {
        loop {
            if let Some(leg) = self.answering.pop() {
                self.tell(Event::LegAnswered { leg });
            } else if let Some(leg) = self.ended.pop() {
                self.tell(Event::LegEnded { leg, end: LegEnd::NearHungUp });
            } else if let Some(leg) = self.rung.pop() {
                self.tell(Event::LegAnswered { leg });
                let call = self.engine.legs().get(&leg).and_then(|l| self.engine.calls().get(&l.call));
                if let Some(caller) = call.and_then(|c| c.caller_leg()) {
                    self.talking.push_back((caller, leg));
                }
            } else {
                return;
            }
        }
    }

    fn arrive(&mut self) {
        let number = Some(NumberId(self.chance.below(u64::from(QUEUES)) as u32));
        let caller = PartyId(self.now);
        self.tell(Event::CallArrived { number, caller, trunk: TrunkId(0), facts: Facts::default() });
        self.follow();
    }
}

fn main() {
    let mut house = House {
        engine: Engine::new(),
        now: 50_000_000,
        chance: Chance::new(7),
        talking: VecDeque::new(),
        decisions: 0,
        deciding: Duration::ZERO,
        answering: Vec::new(),
        ended: Vec::new(),
        rung: Vec::new(),
    };
    house.tell(Event::Started { seed: 1 });
    house.tell(Event::Configured { config: Box::new(config()) });
    while (house.engine.entries().len() as u64) < WAITING {
        house.arrive();
    }
    let waiting = house.engine.entries().len();
    house.deciding = Duration::ZERO;
    let (before, began) = (house.decisions, Instant::now());
    let wanted = std::env::args().nth(1).and_then(|n| n.parse::<u64>().ok());
    while house.decisions - before < wanted.unwrap_or(DECISIONS) {
        let Some((caller, _)) = house.talking.pop_front() else { break };
        house.tell(Event::LegEnded { leg: caller, end: LegEnd::FarHungUp });
        house.follow();
        house.arrive();
    }
    let took = began.elapsed().as_secs_f64();
    let made = house.decisions - before;
    house.engine.check_all().expect("the laws hold");
    eprintln!(
        "{made} decisions in {took:.2} s with {} agents, {} queues, {waiting} waiting at first, {} at last",
        house.engine.agents().len(),
        house.engine.queues().len(),
        house.engine.entries().len()
    );
    let alone = house.deciding.as_secs_f64() * 1e6 / made as f64;
    let name = "a routing decision (10,000 agents, 1,000 queues, 10,000 waiting)";
    println!(r#"{{"name": "{name}", "ours": {alone:.2}, "unit": "us", "goal": 5}}"#);
    // With all the rest of a call: arrival, answer, conversation, end, record.
    let whole = took * 1e6 / made as f64;
    println!(
        r#"{{"name": "the same with the whole call around it", "ours": {whole:.2}, "unit": "us", "goal": 20}}"#
    );

    if wanted.is_some() {
        return;
    }
    let day =
        Day { agents: 1_000, calls: 100_000, queues: 40, check_every: 100_000, restarts: 0, ..Day::usual(9) };
    let began = Instant::now();
    let outcome = day.run();
    let took = began.elapsed().as_secs_f64();
    assert_eq!(outcome.violations, []);
    eprintln!("{} calls, {} events in {took:.2} s", outcome.calls, outcome.events);
    let name = "a day of 100,000 calls and 1,000 agents, laws checked";
    println!(r#"{{"name": "{name}", "ours": {took:.3}, "unit": "s", "goal": 2}}"#);
}
