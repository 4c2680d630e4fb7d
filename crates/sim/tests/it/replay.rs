//! Days that were, with other staffing.

use engine::{AgentConfig, AgentId, AtStart, Config, FlowConfig, FlowId, QueueId, Step};
use sim::Day;
use sim::replay::{MadeUp, PastDay, Reader, mean, run};

fn past(day: &Day) -> PastDay {
    let mut reader = Reader::default();
    for (at, event) in day.journal() {
        reader.event(at, event);
    }
    reader.finish()
}

fn small() -> Day {
    Day { agents: 22, calls: 900, queues: 2, hours: 3, restarts: 0, ..Day::usual(11) }
}

/// The same with more agents, in every queue.
fn with_more(config: &Config, more: u32) -> Config {
    let mut config = config.clone();
    for n in 0..more {
        let id = AgentId(1_000 + n);
        config.agents.push(AgentConfig { id, at_start: AtStart::Available, skills: Vec::new() });
        for queue in &mut config.queues {
            queue.members.push(id.into());
        }
    }
    config
}

#[test]
fn the_figures_of_a_journal_are_those_of_the_day() {
    let day = small();
    let (outcome, past) = (day.run(), past(&day));
    assert_eq!(past.figures.all.answered, outcome.answered);
    assert_eq!(past.figures.all.abandoned, outcome.abandoned);
    assert_eq!(past.figures.calls, outcome.calls);
    assert_eq!(past.calls.len() as u64, outcome.calls);
    let all = &past.figures.all;
    assert_eq!(all.offered, all.answered + all.abandoned + all.flowed_out + all.callback);
}

#[test]
fn with_nothing_changed_two_runs_are_equal_to_the_digit() {
    let past = past(&small());
    assert_eq!(run(&past, &past.config, 5), run(&past, &past.config.clone(), 5));
    assert_ne!(run(&past, &past.config, 5), run(&past, &past.config, 6), "the seed matters");
}

#[test]
fn a_run_comes_near_to_the_day_itself() {
    let past = past(&small());
    let levels: Vec<f64> = (0..8).map(|s| run(&past, &past.config, s).all.service_level()).collect();
    let (was, is) = (past.figures.all.service_level(), mean(&levels));
    assert!((was - is.mean).abs() < 0.08, "was {was}, replayed {is:?}");
    assert!(run(&past, &past.config, 0).broken == 0);
}

#[test]
fn more_agents_mean_shorter_waits_and_fewer_who_hang_up() {
    let past = past(&Day { agents: 16, ..small() });
    let more = with_more(&past.config, 4);
    for seed in 0..4 {
        let (before, after) = (run(&past, &past.config, seed), run(&past, &more, seed));
        assert!(after.all.asa() < before.all.asa(), "seed {seed}");
        assert!(after.all.abandoned < before.all.abandoned, "seed {seed}");
        assert!(after.all.service_level() > before.all.service_level(), "seed {seed}");
        assert!(after.occupancy() < before.occupancy(), "seed {seed}");
    }
}

#[test]
fn made_up_traffic_agrees_with_erlang_a() {
    // One queue, 14 agents, 100 calls in half an hour of 180 s, mean patience 120 s: Erlang A gives 2.3 % hanging up.
    let day = Day { agents: 14, queues: 1, ..Day::usual(1) };
    let mut config = past(&Day { calls: 5, hours: 1, ..day }).config;
    for queue in &mut config.queues {
        queue.members = (0..14).map(|n| AgentId(n).into()).collect();
        queue.wrap_up_ms = 0;
        queue.max_wait_ms = 86_400_000;
    }
    // The formula knows no greeting and no ringing: straight into the queue, and answered at once.
    let into_queue = Step::Queue { queue: QueueId(0), overflow: Vec::new() };
    config.flows = vec![FlowConfig::in_order(FlowId(0), [into_queue])];
    for agent in &mut config.agents {
        agent.at_start = AtStart::Available;
    }
    let rates: Vec<f64> = (0..6)
        .map(|seed| {
            let traffic = MadeUp {
                seed,
                span_ms: 40 * 3_600_000,
                calls_per_hour: 200,
                mean_talk_ms: 180_000,
                mean_patience_ms: 120_000,
            };
            let mut day = traffic.day(&config);
            day.pick_ups = (0..14).map(|n| (AgentId(n), vec![Some(50); 5])).collect();
            run(&day, &config, seed).all.abandon_rate()
        })
        .collect();
    let found = mean(&rates).mean;
    let expected = sim::erlang::impatient(200.0 / 3_600.0, 180.0, 14, 120.0).expect("traffic").abandons;
    assert!((found - expected).abs() < 0.005, "{found} is not {expected}");
}

#[test]
fn a_mean_knows_how_sure_it_is() {
    let m = mean(&[1.0, 2.0, 3.0, 4.0]);
    assert!((m.mean - 2.5).abs() < 1e-9 && (m.plus_minus - 2.054).abs() < 1e-3, "{m:?}");
}
