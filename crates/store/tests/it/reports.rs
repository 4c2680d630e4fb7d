//! Interval tables: what is stored equals what a recount of the journal gives, through kills, and adds up.

use crate::Place;
use engine::{
    AgentConfig, AgentId, Ask, AtStart, BreakReason, CallbackConfig, CallbackStep, Config, DispositionId,
    Effect, Engine, Event, Fact, Facts, FlowConfig, FlowId, Keys, LegEnd, LegId, NumberConfig, NumberId, Of,
    Outcome, PartyId, PromptId, QueueConfig, QueueId, Role, SlotId, Sound, Step, Time, TrunkId, Wanted,
};
use std::collections::BTreeMap;
use store::{
    Batch, Counted, Figures, INTERVAL_MS, Intervals, Span, Store, StoreError, TenantId, encode_event,
};

const QUARTER: u64 = INTERVAL_MS;

/// People who call, answer, hold, hang up and forget, made from a number; their engine, and the store behind it.
struct Hour {
    store: Store,
    tenant: TenantId,
    engine: Engine,
    batch: Batch,
    plan: BTreeMap<(Time, u64), Event>,
    planned: u64,
    chance: u64,
    calls: u64,
    callback_calls: u64,
}

impl Hour {
    fn new(store: Store) -> Hour {
        let tenant = store.tenant("acme", 1).unwrap();
        let batch = Batch { first_position: 1, ..Batch::default() };
        let engine = Engine::new();
        let (plan, planned, chance) = (BTreeMap::new(), 0, 7);
        Hour { store, tenant, engine, batch, plan, planned, chance, calls: 0, callback_calls: 0 }
    }

    fn below(&mut self, n: u64) -> u64 {
        // Knuth's MMIX generator; its upper bits are good enough for people.
        self.chance =
            self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) % n
    }

    fn plan(&mut self, at: Time, event: Event) {
        self.planned += 1;
        self.plan.insert((at, self.planned), event);
    }

    fn config() -> Config {
        let callback = CallbackConfig {
            key: '5',
            offer: PromptId(2),
            offer_ms: 20_000,
            confirm: PromptId(3),
            enter: PromptId(4),
            done: PromptId(5),
            refused: PromptId(6),
            greeting: None,
            slot: SlotId(0),
            agent_first: true,
            ring_ms: 20_000,
            attempts: 2,
            retry_ms: 120_000,
            promise_ms: 900_000,
            hours: None,
        };
        let queue = |n: u32| QueueConfig {
            id: QueueId(n),
            members: (0..12).filter(|a| a % 3 == n || a % 4 == 0).map(|a| AgentId(a).into()).collect(),
            ring_ms: 12_000,
            wrap_up_ms: 15_000,
            max_wait_ms: 300_000,
            max_waiting: 100,
            misses_to_suspend: 4,
            music: PromptId(0),
            answer_within_ms: 20_000,
            callback: (n == 0).then(|| callback.clone()),
            ..QueueConfig::default()
        };
        let flow = |n: u32| {
            let queue = Step::Queue { queue: QueueId(n), overflow: Vec::new() };
            FlowConfig::in_order(FlowId(n), [queue])
        };
        let number = |n: u32| NumberConfig {
            id: NumberId(n),
            flow: FlowId(n),
            recording: Default::default(),
            language: Default::default(),
        };
        let agent = |n: u32| AgentConfig { id: AgentId(n), at_start: AtStart::Available, skills: Vec::new() };
        Config {
            queues: (0..3).map(queue).collect(),
            agents: (0..12).map(agent).collect(),
            flows: (0..3).map(flow).collect(),
            numbers: (0..3).map(number).collect(),
            max_call_ms: 7_200_000,
            ..Config::default()
        }
    }

    fn tell(&mut self, now: Time, event: Event) {
        let at = now.max(self.engine.now());
        encode_event(&mut self.batch.events, at, &event);
        self.engine.handle(now, event);
        while let Some((_, effect)) = self.engine.poll() {
            self.obey(at, effect);
        }
        self.batch.last_position = self.engine.position();
        self.batch.at = at;
    }

    fn commit(&mut self) {
        let next = Batch { first_position: self.engine.position() + 1, ..Batch::default() };
        let batch = std::mem::replace(&mut self.batch, next);
        self.store.commit(&[(self.tenant, batch)]).unwrap();
    }

    fn obey(&mut self, now: Time, effect: Effect) {
        let soon = now.plus(20);
        match effect {
            Effect::Count(fact) => self.batch.facts.push(fact),
            Effect::Answer { leg } => self.plan(soon, Event::LegAnswered { leg }),
            Effect::DialAgent { leg, .. } => match self.below(10) {
                0 => {}
                1 => self.plan(now.plus(4_000), Event::LegEnded { leg, end: LegEnd::Declined }),
                n => self.plan(now.plus(n * 1_000), Event::LegAnswered { leg }),
            },
            Effect::DialParty { leg, .. } => {
                self.callback_calls += 1;
                match self.below(3) {
                    0 => self.plan(now.plus(9_000), Event::LegEnded { leg, end: LegEnd::Busy }),
                    _ => self.plan(now.plus(5_000), Event::LegAnswered { leg }),
                }
            }
            Effect::Refuse { leg, .. } | Effect::HangUp { leg, .. } => {
                self.plan(soon, Event::LegEnded { leg, end: LegEnd::NearHungUp });
            }
            Effect::Play { leg, sound: Sound::Prompt(..) } => {
                self.plan(now.plus(2_000), Event::PlayEnded { leg });
            }
            Effect::Keys { leg, keys: Keys::Choose } if self.below(3) == 0 => {
                self.plan(now.plus(25_000), Event::Digit { leg, digit: '5' });
                self.plan(now.plus(28_000), Event::Digit { leg, digit: '1' });
            }
            Effect::CheckNumber { leg, .. } => {
                let party = Some(PartyId(10_000 + leg.0));
                self.plan(soon, Event::NumberChecked { leg, party, person: 10_000 + leg.0 });
            }
            Effect::Hear { leg, from } => self.talk(now, leg, &from),
            _ => {}
        }
    }

    // A conversation as somebody begins to hear somebody.
    fn talk(&mut self, now: Time, leg: LegId, from: &[LegId]) {
        let talks = self.engine.legs().get(&leg).filter(|l| matches!(l.role, Role::Agent { .. }));
        let (Some(call), false) = (talks.map(|l| l.call), from.is_empty()) else { return };
        let agent = match self.engine.legs().get(&leg).map(|l| l.role) {
            Some(Role::Agent { agent, .. }) => agent,
            _ => return,
        };
        let length = 20_000 + self.below(280_000);
        if self.below(4) == 0 {
            self.plan(now.plus(length / 3), Event::LegHeld { leg, held: true });
            self.plan(now.plus(length / 2), Event::LegHeld { leg, held: false });
        }
        self.plan(now.plus(length), Event::LegEnded { leg, end: LegEnd::FarHungUp });
        let ask = Ask::Dispose(DispositionId(1 + self.below(3) as u32));
        self.plan(now.plus(length + 3_000), Event::CallAsked { call, by: Some(agent), ask });
        if self.below(6) == 0 {
            let wanted = Wanted::Break(BreakReason(1 + self.below(2) as u16));
            self.plan(now.plus(length + 5_000), Event::AgentWants { agent, wanted });
            let back = Event::AgentWants { agent, wanted: Wanted::Available };
            let away = self.below(1_000_000);
            self.plan(now.plus(length + 5_000 + away), back);
        }
    }

    fn arrive(&mut self, now: Time) {
        self.calls += 1;
        let leg = self.engine.next_leg();
        let number = Some(NumberId(self.below(3) as u32));
        let patience = now.plus(1_000 + self.below(400_000));
        self.plan(patience, Event::LegEnded { leg, end: LegEnd::FarHungUp });
        let facts = Facts::default();
        self.tell(now, Event::CallArrived { number, caller: PartyId(self.calls), trunk: TrunkId(0), facts });
    }

    /// Callers come for an hour; then everybody comes to an end. `kills` processes die with what they had not written.
    fn run(&mut self, kills: u64) {
        let start = Time(1_800_000_000_000 + 777);
        self.tell(start, Event::Started { seed: 1 });
        self.tell(start, Event::Configured { config: Box::new(Hour::config()) });
        let end = start.plus(3_600_000);
        let mut next = start.plus(1);
        let mut kill_at: Vec<Time> = (1..=kills).map(|n| start.plus(n * 3_600_000 / (kills + 1))).collect();
        let mut turns = 0u64;
        loop {
            let planned = self.plan.first_key_value().map(|((at, _), _)| *at);
            let arrives = Some(next).filter(|t| *t < end);
            let Some(now) = [planned, self.engine.deadline(), arrives].into_iter().flatten().min() else {
                break;
            };
            if kill_at.first().is_some_and(|at| *at <= now) {
                kill_at.remove(0);
                self.kill(now);
            } else if arrives == Some(now) {
                next = now.plus(1 + self.below(14_000));
                self.arrive(now);
            } else if planned == Some(now) {
                if let Some((_, event)) = self.plan.pop_first() {
                    self.tell(now, event);
                }
            } else {
                self.tell(now, Event::TimePassed);
            }
            turns += 1;
            if self.below(5) == 0 {
                self.commit();
                if turns.is_multiple_of(40) {
                    self.adds_up();
                }
            }
        }
        self.commit();
    }

    fn kill(&mut self, now: Time) {
        let found = self.store.recover(self.tenant).unwrap();
        self.engine = found.snapshot.map_or_else(Engine::new, Engine::from_snapshot);
        let after = self.engine.position();
        for (at, event) in self.store.events_after(self.tenant, after, u32::MAX).unwrap() {
            self.engine.handle(at, event);
            while self.engine.poll().is_some() {}
        }
        self.batch = Batch { first_position: self.engine.position() + 1, ..Batch::default() };
        self.tell(now, Event::Started { seed: now.0 });
        if now.0.is_multiple_of(2) {
            self.store.put_snapshot(self.tenant, now, &self.engine.snapshot()).unwrap_or_default();
        }
    }

    /// In every interval, those who entered are those who left and those whom the engine sees waiting.
    fn adds_up(&self) {
        let mut waiting: BTreeMap<(u64, u32), i64> = BTreeMap::new();
        for e in self.engine.entries().values().filter(|e| matches!(e.of, Of::Caller(_))) {
            *waiting.entry((store::interval_of(e.entered), e.queue.0)).or_default() += 1;
        }
        let stored = self.store.intervals(self.tenant).unwrap();
        for (key, figures) in &stored.queues {
            assert_eq!(figures.entered.waiting(), waiting.remove(key).unwrap_or(0), "{key:?}");
        }
        assert!(waiting.is_empty(), "{waiting:?}");
    }
}

#[test]
fn a_busy_hour_with_kills_is_stored_as_it_is_counted_anew() {
    let place = Place::new();
    let mut hour = Hour::new(place.open());
    hour.run(3);
    hour.adds_up();
    let stored = hour.store.intervals(hour.tenant).unwrap();
    let counted = hour.store.recount(hour.tenant).unwrap();
    assert_eq!(stored, counted);
    hour.store.rebuild_intervals(hour.tenant).unwrap();
    assert_eq!(hour.store.intervals(hour.tenant).unwrap(), stored);
    // All of it was there to be counted.
    let sum = |f: fn(&store::QueueFigures) -> u64| stored.queues.values().map(f).sum::<u64>();
    let figures = [
        ("offered", sum(|q| q.entered.offered)),
        ("answered", sum(|q| q.entered.answered)),
        ("answered within", sum(|q| q.entered.answered_within)),
        ("abandoned", sum(|q| q.entered.abandoned)),
        ("short", sum(|q| q.entered.short_abandoned)),
        ("flowed out", sum(|q| q.entered.flowed_out)),
        ("callback", sum(|q| q.entered.callback)),
        ("missed", sum(|q| q.rung.offers_missed)),
        ("held", sum(|q| q.handled.held)),
        ("promised", sum(|q| q.promised.callbacks_promised)),
        ("kept", sum(|q| q.promised.callbacks_kept)),
        ("failed", sum(|q| q.promised.callbacks_failed)),
        ("estimates", sum(|q| q.estimated.estimates)),
        ("dispositions", stored.dispositions.values().map(|d| d.handled.handled).sum()),
        ("breaks", stored.agent_states.iter().filter(|((_, _, s, r), _)| *s == 5 && *r > 0).count() as u64),
    ];
    assert!(figures.iter().all(|(_, n)| *n > 0), "{figures:?}");
    assert_eq!(sum(|q| q.entered.offered), stored.numbers.values().map(|n| n.entered.offered).sum::<u64>());
    assert!(stored.queues.keys().map(|(s, _)| s).collect::<std::collections::BTreeSet<_>>().len() >= 5);
    // Nobody spends more than an interval in an interval.
    let mut spent: BTreeMap<(u64, u32), u64> = BTreeMap::new();
    for ((start, agent, _, _), figures) in &stored.agent_states {
        *spent.entry((*start, *agent)).or_default() += figures.spent.spent_ms;
    }
    assert!(spent.values().all(|ms| *ms <= QUARTER), "{spent:?}");
    // Sums of sums are the same, however they are cut.
    let from = 1_800_000_000_000 - 1_800_000_000_000 % 86_400_000;
    let span = |width_ms| Span { from, to: from + 3 * 86_400_000, width_ms, zone_ms: 3_600_000 };
    for width in [Some(QUARTER), Some(86_400_000), None] {
        let report = hour.store.report_queues(hour.tenant, &span(width), Counted::Entry).unwrap();
        let offered: u64 = report.rows.iter().map(|r| r.figures.entered.offered).sum();
        let longest = report.rows.iter().map(|r| r.figures.entered.max_wait_ms).max();
        let waits: u64 = report.waits.values().flatten().sum();
        assert_eq!(offered, sum(|q| q.entered.offered), "{width:?}");
        assert_eq!(waits, offered, "{width:?}");
        assert_eq!(longest, stored.queues.values().map(|q| q.entered.max_wait_ms).max());
        assert!(report.unsettled.is_empty());
        assert_eq!(report.position, hour.engine.position());
    }
    // By exit the same callers are counted, each where it left; nobody waits there.
    for width in [Some(QUARTER), Some(86_400_000), None] {
        let entry = hour.store.report_queues(hour.tenant, &span(width), Counted::Entry).unwrap();
        let exit = hour.store.report_queues(hour.tenant, &span(width), Counted::Exit).unwrap();
        let sums = |report: &store::QueueRows| {
            let mut sum = store::QueueFigures::default();
            for row in &report.rows {
                sum.add(&mut row.figures.clone());
            }
            (sum, report.waits.values().flatten().sum::<u64>())
        };
        assert_eq!(sums(&exit), sums(&entry), "{width:?}");
        assert!(exit.rows.iter().all(|r| r.figures.entered.waiting() == 0));
        let differ = exit.rows.iter().zip(&entry.rows).any(|(a, b)| a.figures.entered != b.figures.entered);
        assert_eq!(differ, width == Some(QUARTER), "those who wait over a quarter's end count elsewhere");
        let numbers = hour.store.report_numbers(hour.tenant, &span(width), Counted::Exit).unwrap();
        let left: u64 = numbers.iter().map(|r| r.figures.entered.offered).sum();
        assert_eq!(left, sum(|q| q.entered.offered));
    }
    let total = hour.store.report_queues(hour.tenant, &span(None), Counted::Entry).unwrap();
    assert_eq!(total.rows.len(), 3);
    // Days begin where the zone says.
    for row in hour.store.report_queues(hour.tenant, &span(Some(86_400_000)), Counted::Entry).unwrap().rows {
        assert_eq!((row.start + 3_600_000) % 86_400_000, 0);
    }
}

#[test]
fn who_comes_again_is_counted_as_anybody_would() {
    const HOUR: u64 = 3_600_000;
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    let start = 1_800_000_000_000 - 1_800_000_000_000 % 86_400_000;
    let mut chance = 11u64;
    let mut below = |n: u64| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) % n
    };
    let mut batch = Batch::default();
    // Of each call: who, when, until when, which queue, whether an agent talked, how it began.
    let mut calls = Vec::new();
    for id in 1..=400 {
        let caller = below(30);
        // Caller 0 withholds the number: each such call may be somebody else.
        let address = if caller == 0 { String::new() } else { format!("+1555{caller:04}") };
        batch.parties.push(crate::party(id, &address, ""));
        let (began, talked) = (start + below(240 * HOUR), below(3) > 0);
        let (queue, kind) = (below(3) as u32, below(6));
        let record = engine::CallRecord {
            began: Time(began),
            ended: Time(began + below(HOUR)),
            queue: (queue > 0).then_some(QueueId(queue)),
            agent: talked.then_some(AgentId(1)),
            origin: match kind {
                0 => engine::Origin::Outbound { agent: AgentId(1) },
                1 => engine::Origin::Callback { callback: engine::CallbackId(id) },
                2 => engine::Origin::Internal { agent: AgentId(1) },
                _ => engine::Origin::Inbound,
            },
            ..crate::record(id, id)
        };
        calls.push((caller, began, record.ended.0, queue, talked, kind));
        batch.records.push(record);
    }
    store.commit(&[(tenant, batch)]).unwrap();
    let spans = [(24 * HOUR, None), (48 * HOUR, Some(86_400_000)), (2 * HOUR, Some(QUARTER))];
    // The second time of callers half of whom were erased: figures stay as they were.
    for (n, (within, width)) in spans.into_iter().chain(spans).enumerate() {
        for caller in (1..15).filter(|_| n == spans.len()) {
            let number = redact::Secret::new(format!("+1555{caller:04}"));
            let person = store.find_person(tenant, &number).unwrap().unwrap();
            store.erase_person(tenant, person, 9, "User/boss", store::EraseReason::Requested).unwrap();
        }
        let zone = 3_600_000;
        let span = Span { from: start, to: start + 120 * HOUR, width_ms: width, zone_ms: zone };
        let mut expected: BTreeMap<(u64, u32), (u64, u64)> = BTreeMap::new();
        for (caller, began, ended, queue, talked, kind) in &calls {
            if *began >= span.to || *queue == 0 || !talked || matches!(kind, 0 | 2) {
                continue;
            }
            let row = width.map_or(span.from, |w| (began + zone as u64) / w * w - zone as u64);
            let again = calls.iter().any(|other| {
                *caller != 0
                    && (other.0, other.3) == (*caller, *queue)
                    && other.5 > 2
                    && other.1 > *began
                    && other.1 <= ended + within
            });
            let sum = expected.entry((row, *queue)).or_default();
            sum.0 += 1;
            sum.1 += u64::from(again);
        }
        let rows = store.report_contacts(tenant, &span, within).unwrap();
        let found: BTreeMap<_, _> =
            rows.iter().map(|r| ((r.start, r.of[0]), (r.figures.resolved, r.figures.repeated))).collect();
        assert_eq!(found, expected);
        assert!(expected.values().any(|(all, again)| *again > 0 && again < all) || width == Some(QUARTER));
    }
}

#[test]
fn time_that_still_passes_is_cut_like_time_that_is_over() {
    let zone_ms = 3_600_000;
    let day = 86_400_000;
    let span = |width_ms| Span { from: 10 * day, to: 12 * day, width_ms, zone_ms };
    // A break from half an hour before the time asked for, until twenty minutes into the second local day of it.
    let to = Time(11 * day - 3_600_000 + 20 * 60_000);
    let from = Time(10 * day - 30 * 60_000);
    let fact = Fact::AgentTime { agent: AgentId(4), state: 5, reason: BreakReason(2), from, to };
    let sums = |width| {
        let mut sums: BTreeMap<u64, u64> = BTreeMap::new();
        for row in span(width).time_in_state(&fact) {
            assert_eq!(row.of, [4, 5, 2]);
            *sums.entry(row.start).or_default() += row.figures.spent.spent_ms;
        }
        sums
    };
    assert_eq!(sums(None), BTreeMap::from([(10 * day, to.0 - 10 * day)]));
    let (first, second) = (10 * day - 3_600_000, 11 * day - 3_600_000);
    assert_eq!(sums(Some(day)), BTreeMap::from([(first, 23 * 3_600_000), (second, 20 * 60_000)]));
    let quarters = sums(Some(QUARTER));
    assert_eq!((quarters.len(), quarters[&(second + QUARTER)]), (23 * 4 + 2, 5 * 60_000));
    assert_eq!(quarters.first_key_value(), Some((&(10 * day), &QUARTER)));
}

#[test]
fn a_lost_event_is_noticed_and_not_counted_around() {
    let place = Place::new();
    let store = place.open();
    let tenant = store.tenant("acme", 1).unwrap();
    let mut batch = Batch { first_position: 2, last_position: 2, at: Time(1), ..Batch::default() };
    encode_event(&mut batch.events, Time(1), &Event::TimePassed);
    store.commit(&[(tenant, batch)]).unwrap();
    assert!(matches!(store.recount(tenant), Err(StoreError::Refused(_))));
}

#[test]
fn each_fact_counts_for_its_interval() {
    let (queue, agent, number) = (QueueId(1), AgentId(2), Some(NumberId(3)));
    let before = Time(10 * QUARTER - 1);
    let after = Time(10 * QUARTER + 4_000);
    let left = |entered, outcome, within| Fact::Left {
        queue,
        number,
        entered,
        at: after,
        outcome,
        within,
        agent: None,
    };
    let sum = Intervals::of(&[
        Fact::Entered { queue, number, at: before },
        Fact::Entered { queue, number, at: before },
        Fact::Entered { queue, number, at: after },
        left(before, Outcome::Abandoned, true),
        left(before, Outcome::Answered, true),
        Fact::Offered { queue: Some(queue), agent, at: before, rang_ms: 7, answered: true, missed: false },
        Fact::AgentTime {
            agent,
            state: 5,
            reason: BreakReason(9),
            from: Time(9 * QUARTER + 1),
            to: Time(11 * QUARTER + 2),
        },
        Fact::AgentTime { agent, state: 0, reason: BreakReason(0), from: Time(0), to: before },
        Fact::Callback {
            callback: engine::CallbackId(1),
            queue,
            promised: before,
            at: after,
            what: CallbackStep::Kept,
            in_time: true,
        },
        Fact::Estimated { queue, entered: before, expected_ms: 3_000, waited_ms: 2_000 },
    ]);
    let first = &sum.queues[&(9 * QUARTER, 1)];
    assert_eq!((first.entered.offered, first.entered.answered, first.entered.short_abandoned), (2, 1, 1));
    assert_eq!((first.entered.waiting(), first.entered.max_wait_ms), (0, 4_001));
    assert_eq!((first.entered.left_wait_ms, first.entered.answered_wait_ms), (8_002, 4_001));
    assert_eq!((first.promised.callbacks_kept, first.promised.callbacks_in_time), (1, 1));
    assert_eq!((first.estimated.estimate_error_ms, first.estimated.estimate_error_thousandths), (1_000, 500));
    assert_eq!(sum.queues[&(10 * QUARTER, 1)].entered.waiting(), 1);
    let gone = &sum.exits[&(10 * QUARTER, 1)].entered;
    assert_eq!((gone.offered, gone.answered, gone.abandoned, gone.waiting()), (2, 1, 1, 0));
    assert_eq!((sum.exits.len(), sum.number_exits[&(10 * QUARTER, 3)].entered), (1, *gone));
    assert_eq!(sum.exit_waits[&(10 * QUARTER, 1, 2)].waited.callers, 2);
    assert_eq!(sum.waits[&(9 * QUARTER, 1, 2)].waited.callers, 2, "4 seconds lie between 2 and 5");
    let spent: Vec<u64> = sum.agent_states.values().map(|s| s.spent.spent_ms).collect();
    assert_eq!(spent, [QUARTER - 1, QUARTER, 2], "and nothing of the time offline");
    assert_eq!(sum.numbers[&(9 * QUARTER, 3)].entered.offered, 2);
}
