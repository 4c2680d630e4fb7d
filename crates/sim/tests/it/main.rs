//! Whole days in an engine alone; in the files beside, phones and the traffic that they make.

mod desk;
mod early_audio;
#[cfg(feature = "faults")]
mod faults;
mod joined_calls;
mod late_answers;
mod microsoft;
mod own_calls;
mod phones;
mod replay;
mod switchboard;
mod toll;
mod traffic;

use sim::Day;

#[test]
fn a_day_keeps_all_laws_and_gives_the_same_digest_twice() {
    let day = Day::usual(1);
    let (first, second) = (day.run(), day.run());
    assert_eq!(first.violations, []);
    assert_eq!(first.digest, second.digest);
    assert!(first.calls > 18_000 && first.answered > first.calls / 2, "{first:?}");
    assert!(first.abandoned > 100 && first.missed > 20, "people misbehave enough to matter: {first:?}");
}

#[test]
fn fifty_seeds_keep_all_laws() {
    for seed in 100..100 + seeds() {
        // Each a different size of day: from too few agents to too many.
        let agents = 20 + (seed % 7) as u32 * 40;
        let outcome = Day { agents, calls: 20_000, check_every: 997, ..Day::usual(seed) }.run();
        assert_eq!(outcome.violations, [], "seed {seed}");
    }
}

#[test]
fn every_law_is_checked_after_every_event_of_a_small_day() {
    for seed in 0..20 {
        let day = Day {
            agents: 6,
            calls: 300,
            queues: 3,
            hours: 2,
            check_every: 1,
            restarts: 3,
            ..Day::usual(seed)
        };
        assert_eq!(day.run().violations, [], "seed {seed}");
    }
}

#[test]
fn whatever_people_try_all_laws_hold_after_every_event() {
    for seed in 0..seeds() {
        let outcome = Day { calls: 300, agents: 12, hours: 1, check_every: 1, ..Day::full(seed) }.run();
        assert_eq!(outcome.violations, [], "seed {seed}");
    }
}

#[test]
fn a_full_day_is_the_same_twice() {
    let (first, second) = (Day::full(3).run(), Day::full(3).run());
    assert_eq!(first.violations, []);
    assert_eq!(first.digest, second.digest);
    assert!(first.answered > 300, "{first:?}");
}

#[test]
fn minutes_before_a_new_configuration_are_counted_by_the_one_before() {
    // Days in which calls to the outside begin to be cut just after a minute of one of them began.
    for seed in [29, 33, 35, 43] {
        assert_eq!(Day::full(seed).run().violations, [], "seed {seed}");
    }
}

#[test]
fn a_call_that_was_admitted_with_the_last_minute_is_dialled_after_others_used_it() {
    // The agent's own phone rings meanwhile, and running calls go on: their next minutes are not held back.
    assert_eq!(Day::full(113).run().violations, []);
}

#[test]
fn the_patience_for_the_agent_of_last_time_ends_after_what_came_at_that_moment() {
    // An agent declines in the millisecond in which somebody else stops waiting for one agent alone.
    assert_eq!(Day::full(18).run().violations, []);
}

#[test]
fn on_some_day_each_limit_of_calls_to_the_outside_is_reached() {
    let mut happened = std::collections::BTreeMap::new();
    for seed in 0..4 {
        let outcome = Day::full(seed).run();
        assert_eq!(outcome.violations, [], "seed {seed}");
        for (what, often) in outcome.happened {
            *happened.entry(what).or_insert(0) += often;
        }
    }
    for what in [
        "RefusedDestinationNotAllowed",
        "RefusedPremium",
        "RefusedNoRight",
        "RefusedTooManyAtOnce",
        "RefusedTooManyPerSecond",
        "RefusedMinutesUsed",
        "RefusedSpendUsed",
        "RefusedNight",
        "TrunkPassedOverMinutesUsed",
        "CutOff",
        "TookIn",
        "WentOnIn",
        "PartyDialled",
        "CallbackTried",
    ] {
        assert!(happened.get(what).copied().unwrap_or(0) > 2, "{what}: {happened:#?}");
    }
}

/// More of them outside `make test`: `SEEDS=500 cargo test -p sim`.
fn seeds() -> u64 {
    std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(50)
}
