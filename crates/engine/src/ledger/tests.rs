use super::*;
use crate::ids::HoursId;
use crate::toll::{Night, Price};
use alloc::boxed::Box;
use alloc::vec;

/// Noon of a day in UTC.
const NOON: Time = Time(1_800_014_400_000);
const DAY_MS: u64 = 86_400_000;
const MINUTE: u64 = 60_000;

const OWN: Destination = Destination { class: Class::Own, country: *b"DE" };
const FRANCE: Destination = Destination { class: Class::International, country: *b"FR" };
const FREE: Destination = Destination { class: Class::Freephone, country: *b"DE" };

fn config(tenant: Limits) -> TollConfig {
    TollConfig {
        policy: TollPolicy { tenant, ..TollPolicy::default() },
        prices: vec![
            Price { class: Class::Own, country: None, per_minute: 10 },
            Price { class: Class::International, country: None, per_minute: 70 },
        ],
        ..TollConfig::default()
    }
}

fn at_once(n: u32) -> Limits {
    Limits { at_once: Some(n), ..Limits::default() }
}

fn minutes(n: u64) -> Limits {
    Limits { minutes: Some(n), ..Limits::default() }
}

fn spend(n: u64) -> Limits {
    Limits { spend: Some(n), ..Limits::default() }
}

struct Desk {
    ledger: Ledger,
    config: TollConfig,
}

impl Desk {
    fn new(config: TollConfig) -> Desk {
        Desk { ledger: Ledger::default(), config }
    }

    fn dial(&mut self, now: Time, agent: u32, to: Destination) -> Result<MeterId, Refusal> {
        let agent = (agent > 0).then_some(AgentId(agent));
        let admitted = self.ledger.admit(&self.config, now, false, agent, to);
        assert!(self.ledger.adds_up());
        admitted
    }

    #[track_caller]
    fn call(&mut self, now: Time, to: Destination) -> MeterId {
        let id = self.dial(now, 0, to).expect("admitted");
        self.ledger.answered(Some(&self.config), id, now);
        id
    }

    fn end(&mut self, now: Time, id: MeterId) {
        self.ledger.ended(Some(&self.config), id, now);
        assert!(self.ledger.adds_up());
    }

    fn used(&mut self, now: Time) -> (u64, u64) {
        self.ledger.advance(&self.config, now);
        let usage = self.ledger.usage(None);
        (usage.minutes, usage.spend)
    }
}

#[test]
fn two_at_once_and_not_three() {
    let mut d = Desk::new(config(at_once(2)));
    let first = d.call(NOON, OWN);
    let second = d.dial(NOON, 0, OWN).expect("the second rings");
    assert_eq!(d.dial(NOON, 0, OWN), Err(Refusal::TooManyAtOnce));
    d.end(NOON.plus(5), second);
    d.dial(NOON.plus(5), 0, OWN).expect("one that rang in vain makes room");
    d.end(NOON.plus(6), first);
    d.dial(NOON.plus(6), 0, OWN).expect("one that talked makes room");
    assert_eq!(d.dial(NOON.plus(6), 0, OWN), Err(Refusal::TooManyAtOnce));
}

#[test]
fn two_a_second_with_three_at_once_after_a_pause() {
    let rate = Some(Rate { per_1000_s: 2_000, burst: 3 });
    let mut d = Desk::new(config(Limits { rate, ..Limits::default() }));
    for _ in 0..3 {
        d.dial(NOON, 0, OWN).expect("the bucket is full at first");
    }
    assert_eq!(d.dial(NOON, 0, OWN), Err(Refusal::TooManyPerSecond));
    assert_eq!(d.dial(NOON.plus(499), 0, OWN), Err(Refusal::TooManyPerSecond));
    d.dial(NOON.plus(500), 0, OWN).expect("one more after half a second");
    assert_eq!(d.dial(NOON.plus(999), 0, OWN), Err(Refusal::TooManyPerSecond));
    d.dial(NOON.plus(1_000), 0, OWN).expect("and the next after another half");
    for _ in 0..3 {
        d.dial(NOON.plus(100_000), 0, OWN).expect("full again");
    }
    assert_eq!(d.dial(NOON.plus(100_000), 0, OWN), Err(Refusal::TooManyPerSecond), "never fuller than that");
}

#[test]
fn less_than_one_a_second() {
    let rate = Some(Rate { per_1000_s: 200, burst: 1 });
    let mut d = Desk::new(config(Limits { rate, ..Limits::default() }));
    d.dial(NOON, 0, OWN).expect("the first");
    assert_eq!(d.dial(NOON.plus(4_999), 0, OWN), Err(Refusal::TooManyPerSecond));
    d.dial(NOON.plus(5_000), 0, OWN).expect("one in five seconds");
}

#[test]
fn each_minute_counts_when_it_begins() {
    let mut d = Desk::new(config(Limits::default()));
    let id = d.dial(NOON, 0, OWN).expect("admitted");
    assert_eq!(d.used(NOON.plus(30_000)), (0, 0), "ringing costs nothing");
    let answer = NOON.plus(30_000);
    d.ledger.answered(Some(&d.config.clone()), id, answer);
    for (after, minutes) in [
        (0, 1),
        (1, 1),
        (MINUTE, 1),
        (MINUTE + 1, 2),
        (2 * MINUTE, 2),
        (2 * MINUTE + 1, 3),
        (10 * MINUTE, 10),
    ] {
        assert_eq!(d.used(answer.plus(after)), (minutes, minutes * 10), "after {after} ms");
    }
    d.end(answer.plus(10 * MINUTE), id);
    assert_eq!(d.used(answer.plus(20 * MINUTE)), (10, 100), "exactly ten minutes are ten");
}

#[test]
fn what_rings_holds_its_first_minute() {
    let mut d = Desk::new(config(minutes(3)));
    let first = d.call(NOON, OWN);
    let second = d.dial(NOON, 0, OWN).expect("one runs, one rings");
    let third = d.dial(NOON, 0, OWN).expect("the third minute");
    assert_eq!(d.dial(NOON, 0, OWN), Err(Refusal::MinutesUsed));
    d.end(NOON.plus(10), second);
    d.dial(NOON.plus(10), 0, OWN).expect("what was not answered is given back");
    d.end(NOON.plus(20), first);
    d.end(NOON.plus(20), third);
    assert_eq!(d.used(NOON.plus(20)), (1, 10));
}

#[test]
fn minutes_of_a_running_call_count_against_new_ones() {
    let mut d = Desk::new(config(minutes(3)));
    let id = d.call(NOON, OWN);
    let second = d.dial(NOON.plus(MINUTE + 1), 0, OWN).expect("two of three are begun");
    d.end(NOON.plus(MINUTE + 2), second);
    assert_eq!(d.dial(NOON.plus(2 * MINUTE + 1), 0, OWN), Err(Refusal::MinutesUsed));
    assert_eq!(d.used(NOON.plus(9 * MINUTE)), (9, 90), "a running call is not cut");
    d.end(NOON.plus(9 * MINUTE), id);
    assert_eq!(d.dial(NOON.plus(9 * MINUTE), 0, OWN), Err(Refusal::MinutesUsed));
}

#[test]
fn spend_is_the_price_of_the_class() {
    let mut d = Desk::new(config(spend(100)));
    d.call(NOON, FRANCE);
    assert_eq!(d.dial(NOON, 0, FRANCE), Err(Refusal::SpendUsed), "70 and 70 are more than 100");
    for _ in 0..3 {
        d.call(NOON, OWN);
    }
    assert_eq!(d.used(NOON), (4, 100), "up to the limit, not over it");
    assert_eq!(d.dial(NOON, 0, OWN), Err(Refusal::SpendUsed));
    d.dial(NOON, 0, FREE).expect("what costs nothing is not refused for money");
}

#[test]
fn each_agent_and_each_class_has_limits_of_its_own() {
    let mut c = config(Limits::default());
    c.policy.agent = at_once(1);
    c.policy.agents = vec![(AgentId(2), at_once(2))];
    c.policy.classes = vec![(Class::International, at_once(3))];
    let mut d = Desk::new(c);
    d.dial(NOON, 1, FRANCE).expect("the first of agent 1");
    assert_eq!(d.dial(NOON, 1, FRANCE), Err(Refusal::TooManyAtOnce));
    d.dial(NOON, 2, FRANCE).expect("agent 2 has one more");
    d.dial(NOON, 2, FRANCE).expect("as said");
    assert_eq!(d.dial(NOON, 2, OWN), Err(Refusal::TooManyAtOnce));
    assert_eq!(d.dial(NOON, 0, FRANCE), Err(Refusal::TooManyAtOnce), "three abroad are all there may be");
    d.dial(NOON, 0, OWN).expect("at home there is no limit");
}

#[test]
fn a_call_that_was_handed_over_is_the_tenants() {
    let mut c = config(at_once(2));
    c.policy.agent = at_once(1);
    let mut d = Desk::new(c);
    let id = d.dial(NOON, 1, OWN).expect("admitted");
    d.ledger.answered(Some(&d.config.clone()), id, NOON);
    d.ledger.hand_over(Some(&d.config.clone()), id, NOON);
    d.dial(NOON, 1, OWN).expect("the agent is free for another");
    assert_eq!(d.dial(NOON, 2, OWN), Err(Refusal::TooManyAtOnce), "the tenant is not");
    d.ledger.advance(&d.config, NOON.plus(3 * MINUTE));
    assert_eq!(d.ledger.usage(Some(AgentId(1))).minutes, 1, "later minutes are not the agent's");
    assert_eq!(d.ledger.usage(None).minutes, 3);
    d.end(NOON.plus(3 * MINUTE), id);
}

#[test]
fn a_day_ends_at_local_midnight() {
    // An hour ahead of UTC: midnight is at 23:00.
    let mut c = config(minutes(2));
    c.offsets = vec![(Time(0), 3_600)];
    let midnight = Time(NOON.0 + 11 * 3_600_000);
    let mut d = Desk::new(c);
    let id = d.call(Time(midnight.0 - 90_000), OWN);
    assert_eq!(d.dial(Time(midnight.0 - 1), 0, OWN), Err(Refusal::MinutesUsed));
    d.dial(midnight, 0, OWN).expect("a new day");
    assert_eq!(d.used(midnight), (0, 0));
    assert_eq!(
        d.used(midnight.plus(30_001)),
        (1, 10),
        "the minute that begins after midnight is of the new day"
    );
    d.end(midnight.plus(DAY_MS), id);
    assert_eq!(d.used(midnight.plus(DAY_MS)).0, 0, "and so on, however long nobody looked");
}

#[test]
fn a_clock_that_is_set_back_over_midnight_gives_no_second_day() {
    let midnight = Time(NOON.0 + 12 * 3_600_000);
    let mut c = config(minutes(1));
    // Half an hour into the new day the clock goes back by one hour, to the old one.
    c.offsets = vec![(Time(0), 0), (midnight.plus(1_800_000), -3_600)];
    let mut d = Desk::new(c);
    let id = d.call(midnight.plus(60_000), OWN);
    d.end(midnight.plus(61_000), id);
    for after in [1_800_000, 3_600_000, 5_400_000, 7_200_000, 86_400_000] {
        let refused = d.dial(midnight.plus(after), 0, OWN);
        assert_eq!(refused, Err(Refusal::MinutesUsed), "after {after} ms");
    }
    d.dial(midnight.plus(90_000_000), 0, OWN).expect("the next midnight");
}

#[test]
fn at_night_the_night_policy_must_agree_too() {
    let mut c = config(at_once(3));
    let policy = TollPolicy { tenant: Limits { minutes: Some(1), ..at_once(1) }, ..TollPolicy::default() };
    c.night = Some(Box::new(Night { hours: HoursId(1), policy }));
    let mut d = Desk::new(c);
    let admit = |d: &mut Desk, night| d.ledger.admit(&d.config, NOON, night, None, OWN);
    admit(&mut d, false).expect("by day");
    let id = admit(&mut d, true).expect("what began by day does not count at night");
    assert_eq!(admit(&mut d, true), Err(Refusal::Night));
    admit(&mut d, false).expect("by day there is room");
    assert_eq!(admit(&mut d, true), Err(Refusal::TooManyAtOnce), "the day's own limit is named first");
    d.ledger.answered(Some(&d.config.clone()), id, NOON);
    d.end(NOON, id);
    assert_eq!(admit(&mut d, true), Err(Refusal::Night), "its minute is used");
    d.ledger.advance(&d.config, NOON.plus(DAY_MS));
    admit(&mut d, true).expect("until the next day");
}

#[test]
fn with_cut_no_minute_exceeds_a_limit() {
    let mut d = Desk::new(TollConfig { cut: true, ..config(minutes(5)) });
    let calls: Vec<MeterId> = (0..2).map(|_| d.call(NOON, OWN)).collect();
    assert_eq!(d.ledger.cut_at(), Some(NOON.plus(MINUTE)));
    assert_eq!(d.ledger.take_exceeded(&d.config.clone(), NOON.plus(MINUTE)), []);
    assert_eq!(d.used(NOON.plus(MINUTE)), (4, 40));
    let third = NOON.plus(2 * MINUTE);
    assert_eq!(d.ledger.take_exceeded(&d.config.clone(), third), [(calls[1], Refusal::MinutesUsed)]);
    assert_eq!(d.used(NOON.plus(3 * MINUTE - 1)), (5, 50));
    assert_eq!(
        d.ledger.take_exceeded(&d.config.clone(), NOON.plus(3 * MINUTE)),
        [(calls[0], Refusal::MinutesUsed)]
    );
    assert_eq!(d.used(NOON.plus(60 * MINUTE)), (5, 50), "a meter that was cut stands still");
    for id in calls {
        d.end(NOON.plus(60 * MINUTE), id);
    }
}

#[test]
fn a_trunk_has_minutes_and_money_of_its_own() {
    const ONE: TrunkId = TrunkId(1);
    const TWO: TrunkId = TrunkId(2);
    let mut d = Desk::new(config(Limits::default()));
    let via = |d: &mut Desk, id, now, trunk, limits| d.ledger.via(&d.config.clone(), id, now, trunk, limits);
    let takes = |d: &mut Desk, now, trunk, limits: Limits, price| {
        d.ledger.advance(&d.config.clone(), now);
        d.ledger.trunk_takes(trunk, &limits, price)
    };
    let first = d.dial(NOON, 1, OWN).expect("admitted");
    via(&mut d, first, NOON, ONE, minutes(2));
    let second = d.dial(NOON, 1, OWN).expect("admitted");
    via(&mut d, second, NOON, ONE, minutes(2));
    assert_eq!(takes(&mut d, NOON, ONE, minutes(2), 10), Err(Refusal::MinutesUsed), "two ring there");
    // It did not take the second: another did.
    via(&mut d, second, NOON, TWO, spend(20));
    assert!(d.ledger.adds_up());
    assert_eq!(takes(&mut d, NOON, ONE, minutes(2), 10), Ok(()));
    assert_eq!(takes(&mut d, NOON, TWO, spend(20), 10), Ok(()));
    assert_eq!(takes(&mut d, NOON, TWO, spend(20), 70), Err(Refusal::SpendUsed));
    assert_eq!(takes(&mut d, NOON, TWO, spend(20), 0), Ok(()), "what costs nothing is not refused for money");
    for id in [first, second] {
        d.ledger.answered(Some(&d.config.clone()), id, NOON);
    }
    // Where it was answered it stays.
    via(&mut d, first, NOON, TWO, spend(20));
    let later = NOON.plus(MINUTE + 1);
    assert_eq!(takes(&mut d, later, ONE, minutes(2), 10), Err(Refusal::MinutesUsed));
    assert_eq!(takes(&mut d, later, TWO, spend(20), 10), Err(Refusal::SpendUsed));
    d.end(later, first);
    assert_eq!(takes(&mut d, later, ONE, minutes(2), 10), Err(Refusal::MinutesUsed), "what was used is used");
    d.end(later, second);
    assert_eq!(takes(&mut d, NOON.plus(DAY_MS), ONE, minutes(2), 10), Ok(()), "until the next day");
    assert!(d.ledger.book.trunks.is_empty(), "and nothing is kept of trunks that nobody uses");
}

#[test]
fn with_cut_no_minute_exceeds_a_trunks_limit() {
    let mut d = Desk::new(TollConfig { cut: true, ..config(Limits::default()) });
    let id = d.dial(NOON, 0, OWN).expect("admitted");
    d.ledger.via(&d.config.clone(), id, NOON, TrunkId(1), minutes(2));
    let free = d.call(NOON, OWN);
    d.ledger.answered(Some(&d.config.clone()), id, NOON);
    assert_eq!(d.ledger.take_exceeded(&d.config.clone(), NOON.plus(MINUTE)), []);
    let cut = d.ledger.take_exceeded(&d.config.clone(), NOON.plus(2 * MINUTE));
    assert_eq!(cut, [(id, Refusal::MinutesUsed)], "and the call elsewhere goes on");
    d.end(NOON.plus(2 * MINUTE), id);
    d.end(NOON.plus(2 * MINUTE), free);
}

#[test]
fn what_passes_through_counts_for_its_trunk_alone() {
    const ONE: TrunkId = TrunkId(1);
    let mut d = Desk::new(TollConfig { cut: true, ..config(at_once(1)) });
    let policy = d.config.clone();
    for _ in 0..2 {
        let id = d.ledger.pass(&policy, NOON, OWN);
        d.ledger.via(&policy, id, NOON, ONE, minutes(3));
        d.ledger.answered(Some(&policy), id, NOON);
        assert!(d.ledger.adds_up());
    }
    assert_eq!((d.used(NOON), d.ledger.usage(None).at_once), ((0, 0), 0));
    assert!(d.dial(NOON, 1, OWN).is_ok(), "the tenant's own call is the only one of the tenant");
    assert_eq!(d.ledger.trunk_takes(ONE, &minutes(3), 10), Ok(()));
    let cut = d.ledger.take_exceeded(&policy, NOON.plus(MINUTE));
    assert_eq!(
        cut.iter().filter(|(_, why)| *why == Refusal::MinutesUsed).count(),
        1,
        "the third is the last"
    );
    assert_eq!(d.ledger.trunk_takes(ONE, &minutes(3), 10), Err(Refusal::MinutesUsed));
    assert!(d.ledger.adds_up());
}

#[test]
fn refusals_are_counted_by_day() {
    let mut d = Desk::new(config(Limits::default()));
    assert_eq!(d.ledger.note_refusal(&d.config, NOON), 1);
    assert_eq!(d.ledger.note_refusal(&d.config, NOON), 2);
    assert_eq!(d.ledger.note_refusal(&d.config, NOON.plus(DAY_MS)), 1);
}

#[test]
fn whatever_happens_it_adds_up() {
    let mut d = Desk::new(TollConfig { cut: true, ..config(Limits { minutes: Some(40), ..at_once(6) }) });
    d.config.policy.agent = minutes(9);
    let mut open: Vec<MeterId> = Vec::new();
    let mut seed = 7u64;
    let mut refused = 0;
    for n in 0..20_000u64 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let roll = (seed >> 33) as usize;
        let now = NOON.plus(n * 7_919);
        match roll % 6 {
            0 | 1 => match d.dial(now, (roll / 7 % 4) as u32, [OWN, FRANCE, FREE][roll / 31 % 3]) {
                Ok(id) => open.push(id),
                Err(_) => refused += 1,
            },
            2 | 3 if !open.is_empty() => {
                d.ledger.answered(Some(&d.config.clone()), open[roll % open.len()], now);
            }
            4 if !open.is_empty() => {
                let id = open.swap_remove(roll % open.len());
                d.end(now, id);
            }
            5 if !open.is_empty() && roll.is_multiple_of(5) => {
                let (id, trunk) = (open[roll % open.len()], TrunkId((roll / 11 % 3) as u32));
                d.ledger.via(&d.config.clone(), id, now, trunk, minutes(30));
            }
            _ if !open.is_empty() => {
                d.ledger.hand_over(Some(&d.config.clone()), open[roll % open.len()], now)
            }
            _ => {}
        }
        for (id, _) in d.ledger.take_exceeded(&d.config.clone(), now) {
            open.retain(|o| *o != id);
            d.end(now, id);
        }
        assert!(d.ledger.adds_up());
        let usage = d.ledger.usage(None);
        assert!(usage.at_once <= 6 && usage.minutes + usage.held_minutes <= 40, "{usage:?}");
    }
    assert!(refused > 100 && open.len() < 7);
    assert!(d.ledger.minutes.len() <= 6 && d.ledger.meters.len() <= 6, "nothing is left behind");
}
