//! Faults put into the engine on purpose: the checkers have to find each.

use engine::Mistake;
use sim::Day;

fn found(mistake: Mistake) -> Vec<String> {
    let day =
        Day { agents: 8, calls: 400, queues: 3, hours: 2, check_every: 1, restarts: 0, ..Day::usual(4) };
    let day = Day { mistake: Some(mistake), ..day };
    day.run().violations.into_iter().map(|v| v.law).collect()
}

#[test]
fn a_call_too_many_to_the_outside_is_found() {
    let run = |seed| Day { mistake: Some(Mistake::TooManyOutside), ..Day::full(seed) }.run();
    let laws: Vec<String> = (0..4).flat_map(|seed| run(seed).violations).map(|v| v.law).collect();
    assert!(laws.iter().any(|l| l.contains("more than may be")), "{laws:?}");
}

#[test]
fn an_agent_who_is_offered_twice_is_found() {
    let laws = found(Mistake::OfferTwice);
    assert!(laws.iter().any(|l| l.contains("is rung for") || l.contains("AgentBoundWrongly")), "{laws:?}");
}

#[test]
fn a_call_that_no_timer_ends_is_found() {
    let laws = found(Mistake::NoTimer);
    assert!(laws.iter().any(|l| l.contains("LegWithoutDeadline")), "{laws:?}");
}

#[test]
fn a_caller_who_is_not_counted_is_found() {
    let laws = found(Mistake::LostCaller);
    assert!(laws.iter().any(|l| l.contains("QueueCountsDiffer")), "{laws:?}");
}
