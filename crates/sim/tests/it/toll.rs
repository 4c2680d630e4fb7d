//! Calls to the outside: who may make them, what they may cost, and what is told of what was refused.

use crate::desk::*;
use engine::{
    AgentState, Ask, Class, Destination, Effect, Event, HoursId, LegEnd, Limits, Night, Notice, PartyId,
    Rate, Reason, Refusal, Time, To, TollConfig, TollPolicy, Wanted, Watch, What,
};

fn refused(d: &Desk) -> Option<Refusal> {
    let last = d.engine.last_refusal().filter(|(position, _)| *position == d.engine.position());
    let told = d.effects.iter().find_map(|e| match e {
        Effect::Security(notice) if !notice.cut => Some(notice.refusal),
        _ => None,
    });
    assert_eq!(last.map(|(_, refusal)| refusal), told, "what is asked and what is told are the same");
    told
}

fn dial(agent: engine::AgentId, party: PartyId) -> Event {
    Event::DialAsked { agent, party, number: Some(NUMBER), queue: None }
}

#[test]
fn by_default_only_home_freephone_and_emergency_are_called() {
    for (party, expected) in [
        (OWN, None),
        (FREE, None),
        (EMERGENCY, None),
        (EXTENSION, None),
        (FRANCE, None),
        (CUBA, Some(Refusal::DestinationNotAllowed)),
        (PREMIUM, Some(Refusal::Premium)),
        (CODE, Some(Refusal::DestinationNotAllowed)),
        (NOBODY_KNOWS, Some(Refusal::DestinationNotAllowed)),
    ] {
        let mut d = Desk::new(policy());
        d.tell(dial(ANNA, party));
        assert_eq!(refused(&d), expected, "{party:?}");
        assert_eq!(d.rung(ANNA).is_some(), expected.is_none(), "{party:?}");
        let notice = d.effects.iter().any(|e| match (e, expected) {
            (Effect::Notify { agent, notice: Notice::OutsideRefused(r) }, Some(x)) => {
                *agent == ANNA && *r == x
            }
            _ => false,
        });
        assert_eq!(notice, expected.is_some(), "the agent is told");
        let free = matches!(d.engine.agents()[&ANNA].state, AgentState::Available);
        assert_eq!(free, expected.is_some(), "who was refused stays what they were");
    }
}

#[test]
fn a_notice_says_who_where_why_and_how_often() {
    let mut d = Desk::new(policy());
    for n in 1..=3 {
        d.tell(dial(ANNA, PREMIUM));
        let notice = d.effects.iter().find_map(|e| match e {
            Effect::Security(notice) => Some(*notice),
            _ => None,
        });
        let notice = notice.expect("a notice");
        assert_eq!((notice.agent, notice.call, notice.today), (Some(ANNA), None, n));
        assert_eq!(notice.destination, Destination::new(Class::Premium, *b"DE"));
    }
}

#[test]
fn who_has_no_right_calls_nobody_but_an_emergency() {
    let mut d = Desk::new(policy());
    for party in [OWN, FREE, FRANCE] {
        d.tell(dial(CHIDI, party));
        assert_eq!(refused(&d), Some(Refusal::NoRight), "{party:?}");
    }
    d.tell(dial(CHIDI, EXTENSION));
    let own = d.rung(CHIDI).expect("a colleague may be called");
    d.end(own);
    d.click(CHIDI, EMERGENCY);
}

#[test]
fn an_emergency_passes_every_limit_and_counts_for_none() {
    let nothing = Limits { at_once: Some(0), minutes: Some(0), spend: Some(0), rate: None };
    let shut = TollPolicy { tenant: nothing, agent: nothing, ..policy() };
    let night = Some(Box::new(Night { hours: HoursId(9), policy: shut.clone() }));
    let mut d = Desk::with(TollConfig { policy: shut, night, cut: true, ..TollConfig::default() });
    d.tell(dial(ANNA, OWN));
    assert_eq!(refused(&d), Some(Refusal::TooManyAtOnce));
    d.tell(Event::Draining);
    let (_, far) = d.click(ANNA, EMERGENCY);
    d.answer(far);
    d.wait(10 * MINUTE);
    assert!(d.engine.legs().contains_key(&far), "it is not cut");
    assert_eq!(d.used(), (0, 0));
    assert_eq!(d.engine.used(None).usage.at_once, 0);
}

#[test]
fn who_calls_for_help_from_elsewhere_is_let_in_while_nothing_else_begins() {
    let (caller, trunk, facts) = (PartyId(77), engine::TrunkId(1), engine::Facts::default());
    let number = Some(FORWARDED);
    let arrived = |d: &mut Desk, event| {
        let leg = d.engine.next_leg();
        d.tell(event);
        let call = d.engine.legs().get(&leg).and_then(|l| d.engine.calls().get(&l.call));
        call.is_some_and(|call| call.phase != engine::Phase::Closing)
            && d.effects.iter().any(|e| matches!(e, Effect::DialTarget { .. }))
    };
    let mut d = Desk::new(policy());
    d.tell(Event::Draining);
    assert!(!arrived(&mut d, Event::CallArrived { number, caller, trunk, facts }));
    assert!(!arrived(&mut d, Event::ObjectorArrived { number, caller, trunk, facts }));
    for objected in [false, true] {
        let for_help = Event::HelpCalled { number, caller, trunk, facts, objected };
        assert!(arrived(&mut d, for_help), "objected: {objected}");
    }
}

#[test]
fn an_agent_who_is_suspended_or_finishing_a_call_can_call_for_help() {
    let mut d = Desk::new(policy());
    d.configure(|c| c.queues[0].wrap_up_ms = 60_000);
    let (customer, _) = d.talk(ANNA);
    d.end(customer);
    d.settle();
    assert_eq!(d.engine.agents()[&ANNA].state.name(), "wrap-up");
    d.tell(dial(ANNA, OWN));
    assert_eq!(d.rung(ANNA), None, "not for an ordinary call");
    let (own, _) = d.click(ANNA, EMERGENCY);
    d.end(own);
    d.settle();

    d.tell(Event::AgentWants { agent: ANNA, wanted: Wanted::Available });
    for _ in 0..3 {
        let customer = d.arrive(NUMBER);
        if let Some(leg) = d.rung(ANNA) {
            d.tell(Event::LegEnded { leg, end: LegEnd::Declined });
            while let Some(leg) = d.rung(ANNA) {
                d.tell(Event::LegEnded { leg, end: LegEnd::Declined });
            }
        }
        d.end(customer);
        d.settle();
    }
    assert_eq!(d.engine.agents()[&ANNA].state.name(), "suspended");
    let (own, _) = d.click(ANNA, EMERGENCY);
    d.end(own);
    d.settle();
    assert_eq!(d.engine.agents()[&ANNA].state.name(), "suspended", "and is again after it");
}

#[test]
fn a_call_counts_from_its_answer_by_the_minute_begun() {
    let mut d = Desk::new(policy());
    let (own, far) = d.click(ANNA, FRANCE);
    d.wait(20_000);
    assert_eq!(d.used(), (0, 0));
    d.answer(far);
    assert_eq!(d.used(), (1, 70_000));
    d.wait(MINUTE);
    assert_eq!(d.used(), (1, 70_000), "one whole minute is one");
    d.wait(1);
    d.tell(Event::TimePassed);
    assert_eq!(d.used(), (2, 140_000));
    d.end(own);
    d.settle();
    d.wait(60 * MINUTE);
    assert_eq!(d.used(), (2, 140_000));
    assert_eq!(d.engine.used(Some(ANNA)).usage.minutes, 2);
    assert_eq!(d.engine.used_by_class(Class::International).usage.spend, 140_000);
    assert_eq!(d.engine.used_by_class(Class::Own).usage.spend, 0);
}

#[test]
fn what_is_used_up_survives_a_restart() {
    let limits = Limits { minutes: Some(3), ..Limits::default() };
    let mut d = Desk::new(TollPolicy { tenant: limits, ..policy() });
    let (_, far) = d.click(ANNA, OWN);
    d.answer(far);
    d.wait(MINUTE + 1);
    d.tell(Event::TimePassed);
    let bytes = postcard::to_allocvec(&d.engine.snapshot()).expect("a snapshot can be written");
    d.engine = engine::Engine::from_snapshot(postcard::from_bytes(&bytes).expect("and read"));
    // Nobody was there for an hour: the calls of the dead process cost nothing after its last event.
    d.now = d.now.plus(60 * MINUTE);
    d.tell(Event::Started { seed: 2 });
    assert_eq!(d.used(), (2, 20_000));
    assert_eq!(d.engine.used(None).usage.at_once, 0);
    d.tell(dial(ANNA, OWN));
    assert_eq!(refused(&d), None, "one minute is left, and that party is still known");
    d.tell(dial(BELA, OWN));
    assert_eq!(refused(&d), Some(Refusal::MinutesUsed), "it is held for the one who was first");
}

#[test]
fn a_new_day_begins_at_local_midnight() {
    let limits = Limits { spend: Some(10_000), ..Limits::default() };
    let toll = TollConfig {
        policy: TollPolicy { tenant: limits, ..policy() },
        offsets: vec![(Time(0), 2 * 3_600)],
        ..TollConfig::default()
    };
    let mut d = Desk::with(toll);
    let (own, far) = d.click(ANNA, OWN);
    d.answer(far);
    d.end(own);
    d.settle();
    let midnight = NOON.plus(10 * 3_600_000);
    d.wait_until(Time(midnight.0 - 1));
    d.tell(dial(ANNA, OWN));
    assert_eq!(refused(&d), Some(Refusal::SpendUsed));
    d.wait(1);
    d.click(ANNA, OWN);
}

#[test]
fn calls_per_second_of_one_agent_do_not_stop_another() {
    let rate = Some(Rate { per_1000_s: 1_000, burst: 1 });
    let mut d = Desk::new(TollPolicy { agent: Limits { rate, ..Limits::default() }, ..policy() });
    let (own, _) = d.click(ANNA, OWN);
    d.end(own);
    d.settle();
    d.tell(dial(ANNA, OWN));
    assert_eq!(refused(&d), Some(Refusal::TooManyPerSecond));
    d.click(BELA, OWN);
    d.wait(1_000);
    d.click(ANNA, OWN);
}

#[test]
fn at_night_less_is_allowed() {
    let night = Night {
        hours: HoursId(1),
        policy: TollPolicy {
            tenant: Limits { at_once: Some(1), ..Limits::default() },
            ..TollPolicy::default()
        },
    };
    let toll = TollConfig { policy: policy(), night: Some(Box::new(night)), ..TollConfig::default() };
    let mut d = Desk::with(toll);
    let (own, _) = d.click(ANNA, FRANCE);
    d.end(own);
    d.settle();
    d.wait_until(NOON.plus(6 * 3_600_000));
    d.tell(dial(ANNA, FRANCE));
    assert_eq!(refused(&d), Some(Refusal::Night));
    d.tell(dial(ANNA, CUBA));
    assert_eq!(refused(&d), Some(Refusal::DestinationNotAllowed), "not by day either");
    d.click(ANNA, OWN);
    d.tell(dial(BELA, OWN));
    assert_eq!(refused(&d), Some(Refusal::Night), "one at once");
    d.wait_until(NOON.plus(20 * 3_600_000));
    d.click(BELA, OWN);
}

#[test]
fn without_cut_a_call_goes_on_and_new_ones_are_refused() {
    let limits = Limits { minutes: Some(2), ..Limits::default() };
    let mut d = Desk::new(TollPolicy { tenant: limits, ..policy() });
    let (_, far) = d.click(ANNA, OWN);
    d.answer(far);
    d.wait(5 * MINUTE);
    assert!(d.engine.legs().contains_key(&far));
    assert_eq!(d.engine.deadline(), Some(NOON.plus(24 * 3_600_000)), "and nobody has to look at it");
    d.tell(dial(BELA, OWN));
    assert_eq!(refused(&d), Some(Refusal::MinutesUsed));
}

#[test]
fn with_cut_a_call_ends_when_its_next_minute_is_not_there() {
    let limits = Limits { spend: Some(25_000), ..Limits::default() };
    let toll =
        TollConfig { policy: TollPolicy { tenant: limits, ..policy() }, cut: true, ..TollConfig::default() };
    let mut d = Desk::with(toll);
    let (_, far) = d.click(ANNA, OWN);
    d.answer(far);
    d.wait(2 * MINUTE - 1);
    assert!(d.engine.legs().get(&far).is_some_and(|l| l.state == engine::LegState::Up));
    d.wait(1);
    let cut = d.effects.iter().any(|e| matches!(e, Effect::Security(n) if n.cut && n.agent == Some(ANNA)));
    assert!(cut, "{:?}", d.effects);
    d.settle();
    assert_eq!(d.used(), (2, 20_000));
    let record = d.records.pop().expect("the call is over");
    assert_eq!(record.reason, Reason::LimitReached);
    let why = What::CutOff { leg: far, refusal: Refusal::SpendUsed };
    assert!(record.timeline.iter().any(|m| m.what == why), "{:?}", record.timeline);
}

#[test]
fn without_the_right_no_caller_is_sent_outside() {
    for (agent, to, expected) in [
        (ANNA, To::Party(OWN), None),
        (ANNA, To::Party(PREMIUM), Some(Refusal::Premium)),
        (BELA, To::Party(OWN), Some(Refusal::NoRight)),
        (BELA, To::Target(OUTSIDE), Some(Refusal::NoRight)),
        (BELA, To::Target(INSIDE), None),
        (BELA, To::Party(EXTENSION), None),
        (BELA, To::Party(EMERGENCY), None),
    ] {
        let mut d = Desk::new(policy());
        let (customer, own) = d.talk(agent);
        let call = d.call(customer);
        d.tell(Event::CallAsked { call, by: Some(agent), ask: Ask::Transfer(to) });
        assert_eq!(refused(&d), expected, "{agent:?} {to:?}");
        let talks = matches!(d.engine.agents()[&agent].state, AgentState::Talking { leg, .. } if leg == own);
        let hung_up = d.effects.iter().any(|e| matches!(e, Effect::HangUp { leg, .. } if *leg == own));
        assert!(talks && hung_up == expected.is_none(), "who is refused keeps the customer");
        if let Some(refusal) = expected {
            let timeline = &d.engine.calls().get(&call).expect("open").timeline;
            let last = timeline.last().map(|m| m.what.clone());
            assert!(
                matches!(last, Some(What::OutsideRefused { agent: Some(a), refusal: r, .. }) if a == agent && r == refusal),
                "{last:?}"
            );
        }
        // Nor when nobody says on whose behalf.
        if expected == Some(Refusal::NoRight) {
            d.tell(Event::CallAsked { call, by: None, ask: Ask::Transfer(to) });
            assert_eq!(refused(&d), expected);
        }
    }
}

#[test]
fn who_may_only_dial_consults_and_leaves_nobody_there() {
    let mut d = Desk::new(policy());
    let (customer, own) = d.talk(BELA);
    let call = d.call(customer);
    let ask = |ask| Event::CallAsked { call, by: Some(BELA), ask };
    d.tell(ask(Ask::Consult(To::Party(OWN))));
    let (far, _) = d.dialled().expect("asked");
    d.tell(ask(Ask::Complete));
    assert_eq!(refused(&d), Some(Refusal::NoRight), "not while it rings");
    d.answer(far);
    d.tell(ask(Ask::Complete));
    assert_eq!(refused(&d), Some(Refusal::NoRight), "nor when they talk");
    d.tell(ask(Ask::Join));
    assert_eq!(d.engine.calls().get(&call).map(|c| c.talking().len()), Some(3), "a conference may be");
    d.end(own);
    let gone = d.effects.iter().any(|e| matches!(e, Effect::HangUp { leg, .. } if *leg == far));
    assert!(gone, "it ends when the agent leaves");
    d.settle();
    assert_eq!(d.engine.calls().len(), 0);
}

#[test]
fn who_may_only_dial_and_hangs_up_sends_the_caller_back_to_the_queue() {
    let mut d = Desk::new(policy());
    let (customer, own) = d.talk(BELA);
    let call = d.call(customer);
    d.tell(Event::CallAsked { call, by: Some(BELA), ask: Ask::Consult(To::Party(OWN)) });
    let (far, _) = d.dialled().expect("asked");
    d.answer(far);
    d.tell(Event::AgentWants { agent: BELA, wanted: Wanted::Offline });
    d.end(own);
    d.settle();
    assert!(!d.engine.legs().contains_key(&far));
    assert_eq!(d.engine.calls().get(&call).map(|c| c.phase.name()), Some("waiting"));
}

#[test]
fn who_may_transfer_out_hands_the_call_over() {
    let mut d = Desk::new(TollPolicy { agent: Limits { at_once: Some(1), ..Limits::default() }, ..policy() });
    let (customer, own) = d.talk(ANNA);
    let call = d.call(customer);
    d.tell(Event::CallAsked { call, by: Some(ANNA), ask: Ask::Consult(To::Party(OWN)) });
    let (far, _) = d.dialled().expect("asked");
    d.answer(far);
    assert_eq!(d.engine.used(Some(ANNA)).usage.at_once, 1);
    d.tell(Event::CallAsked { call, by: Some(ANNA), ask: Ask::Complete });
    d.settle();
    assert!(!d.engine.legs().contains_key(&own) && d.engine.legs().contains_key(&far));
    assert_eq!((d.engine.used(Some(ANNA)).usage.at_once, d.engine.used(None).usage.at_once), (0, 1));
    d.click(ANNA, OWN);
}

#[test]
fn a_flow_that_may_not_call_goes_on() {
    let limits = Limits { at_once: Some(1), ..Limits::default() };
    let mut d = Desk::new(TollPolicy { tenant: limits, ..policy() });
    d.arrive(FORWARDED);
    let target = |d: &Desk| {
        d.effects.iter().find_map(|e| match e {
            Effect::DialTarget { target, .. } => Some(*target),
            _ => None,
        })
    };
    assert_eq!(target(&d), Some(OUTSIDE));
    let second = d.arrive(FORWARDED);
    assert_eq!(target(&d), Some(INSIDE), "the next step of the flow");
    assert_eq!(refused(&d), Some(Refusal::TooManyAtOnce));
    d.end(second);
    d.settle();
    let record = d.records.pop().expect("over");
    assert!(record.timeline.iter().any(|m| matches!(m.what, What::OutsideRefused { agent: None, .. })));
}

#[test]
fn nobody_is_promised_a_call_back_where_nobody_may_be_called() {
    for (party, promised) in [
        (OWN, true),
        (EXTENSION, true),
        (PREMIUM, false),
        (CUBA, false),
        (EMERGENCY, false),
        (NOBODY_KNOWS, false),
    ] {
        let mut d = Desk::new(policy());
        d.tell(Event::AgentWants { agent: ANNA, wanted: Wanted::Offline });
        let leg = d.arrive(NUMBER);
        d.answer(leg);
        d.tell(Event::Digit { leg, digit: '5' });
        d.tell(Event::Digit { leg, digit: '1' });
        d.tell(Event::NumberChecked { leg, party: Some(party), person: 7 });
        assert_eq!(d.engine.callbacks().len(), usize::from(promised), "{party:?}");
        assert_eq!(refused(&d).is_none(), promised, "{party:?}");
    }
}

#[test]
fn a_promise_waits_until_its_customer_may_be_called() {
    let limits = Limits { at_once: Some(1), ..Limits::default() };
    let mut d = Desk::new(TollPolicy { tenant: limits, ..policy() });
    d.tell(Event::AgentWants { agent: ANNA, wanted: Wanted::Offline });
    let leg = d.arrive(NUMBER);
    d.answer(leg);
    d.tell(Event::Digit { leg, digit: '5' });
    d.tell(Event::Digit { leg, digit: '1' });
    d.tell(Event::NumberChecked { leg, party: Some(OWN), person: 7 });
    d.end(leg);
    d.settle();
    let (bela, _) = d.click(BELA, OWN);
    d.tell(Event::AgentWants { agent: ANNA, wanted: Wanted::Available });
    d.wait(2 * MINUTE + 10);
    assert!(d.effects.iter().all(|e| !matches!(e, Effect::DialAgent { .. })), "{:?}", d.effects);
    let notices = d.effects.iter().filter(|e| matches!(e, Effect::Security(_))).count();
    assert_eq!(notices, 1, "the same is not told each minute");
    d.end(bela);
    d.settle();
    let ring = (0..60).find_map(|_| {
        d.wait(1_000);
        d.rung(ANNA)
    });
    let own = ring.expect("now the agent is rung");
    assert_eq!(d.engine.used(None).usage.at_once, 1, "and the call is counted already");
    d.answer(own);
    assert_eq!(d.dialled().map(|(_, party)| party), Some(OWN));
}

#[test]
fn numbers_that_nobody_needs_are_forgotten() {
    let mut d = Desk::new(policy());
    let (_, far) = d.click(ANNA, FRANCE);
    d.answer(far);
    for n in 0..40_000 {
        let destination = Destination::new(Class::Own, *b"DE");
        d.engine.handle(d.now, Event::PartyKnown { party: PartyId(10_000 + n), destination });
    }
    let bytes = postcard::to_allocvec(&d.engine.snapshot()).expect("a snapshot can be written");
    assert!(bytes.len() < 200_000, "{} bytes", bytes.len());
    d.tell(dial(BELA, FRANCE));
    assert_eq!(refused(&d), None, "somebody who is being called is known");
    d.tell(dial(CHIDI, OWN));
    assert_eq!(refused(&d), Some(Refusal::NoRight));
}

#[test]
fn where_a_telephone_sends_a_call_on_to_counts_for_its_agent() {
    let (own, abroad) =
        (Destination::new(Class::Own, *b"DE"), Destination::new(Class::International, *b"CU"));
    let help = Destination::new(Class::Emergency, *b"DE");
    let inside = Destination::new(Class::Internal, [0; 2]);
    for (to, expected) in [
        (own, None),
        (abroad, Some(Refusal::DestinationNotAllowed)),
        (help, Some(Refusal::DestinationNotAllowed)),
        (inside, Some(Refusal::DestinationNotAllowed)),
    ] {
        let mut d = Desk::new(policy());
        let customer = d.arrive(NUMBER);
        let leg = d.rung(ANNA).expect("the agent is rung");
        d.tell(Event::LegForwarded { leg, to });
        assert_eq!(refused(&d), expected, "{to:?}");
        d.answer(customer);
        d.answer(leg);
        let minutes = u64::from(expected.is_none());
        assert_eq!(d.used().0, minutes, "{to:?}");
        assert_eq!(d.engine.used(Some(ANNA)).usage.minutes, minutes);
        // It is up: what comes late changes nothing.
        d.tell(Event::LegForwarded { leg, to });
        assert_eq!(d.used().0, minutes);
        d.end(leg);
        d.settle();
        assert_eq!(d.engine.used(None).usage.at_once, 0);
    }
    // Who may not leave callers outside cannot do so by the telephone.
    let mut d = Desk::new(policy());
    d.tell(Event::AgentWants { agent: ANNA, wanted: Wanted::Offline });
    d.tell(Event::AgentWants { agent: BELA, wanted: Wanted::Available });
    d.arrive(NUMBER);
    let leg = d.rung(BELA).expect("the other is rung");
    d.tell(Event::LegForwarded { leg, to: own });
    assert_eq!(refused(&d), Some(Refusal::NoRight));
}

#[test]
fn somebody_who_is_no_agent_calls_within_the_limits_that_each_agent_has() {
    let limits = Limits { at_once: Some(1), minutes: Some(1), ..Limits::default() };
    let toll =
        TollConfig { policy: TollPolicy { agent: limits, ..policy() }, cut: true, ..TollConfig::default() };
    let mut d = Desk::with(toll);
    let to = Destination::new(Class::Own, *b"DE");
    let (one, other) = (engine::AgentId(1 << 31), engine::AgentId((1 << 31) + 1));
    let meter = d.engine.next_meter();
    d.tell(Event::ElsewhereAskedFor { person: one, to });
    assert_eq!((refused(&d), d.engine.next_meter()), (None, meter + 1));
    d.tell(Event::ElsewhereAskedFor { person: one, to });
    assert_eq!(refused(&d), Some(Refusal::TooManyAtOnce), "one at a time each");
    d.tell(Event::ElsewhereAskedFor { person: other, to });
    assert_eq!((refused(&d), d.engine.next_meter()), (None, meter + 2), "and another person another one");
    d.tell(Event::ElsewhereAskedFor { person: one, to: Destination::new(Class::Premium, *b"DE") });
    assert_eq!(refused(&d), Some(Refusal::Premium));
    d.tell(Event::ElsewhereAnswered { meter });
    d.wait(MINUTE);
    assert!(d.effects.iter().any(|e| matches!(e, Effect::EndElsewhere { meter: m } if *m == meter)));
    let named = d.effects.iter().any(|e| matches!(e, Effect::Security(n) if n.agent.is_some()));
    assert!(!named, "nobody is told a number that stands for a person: {:?}", d.effects);
}

#[test]
fn a_call_that_another_telephone_system_makes_counts_like_one_of_ours() {
    let limits = Limits { at_once: Some(1), minutes: Some(2), ..Limits::default() };
    let toll =
        TollConfig { policy: TollPolicy { tenant: limits, ..policy() }, cut: true, ..TollConfig::default() };
    let mut d = Desk::with(toll);
    let to = Destination::new(Class::Own, *b"DE");
    let meter = d.engine.next_meter();
    d.tell(Event::ElsewhereAsked { agent: CHIDI, to });
    assert_eq!(refused(&d), Some(Refusal::NoRight));
    d.tell(Event::ElsewhereAsked { agent: ANNA, to });
    assert_eq!((refused(&d), d.engine.next_meter()), (None, meter + 1));
    for event in [Event::ElsewhereAsked { agent: BELA, to }, dial(BELA, OWN)] {
        d.tell(event);
        assert_eq!(refused(&d), Some(Refusal::TooManyAtOnce));
    }
    // Whoever calls for help is not counted.
    d.tell(Event::ElsewhereAsked { agent: CHIDI, to: Destination::new(Class::Emergency, *b"DE") });
    assert_eq!((refused(&d), d.engine.next_meter()), (None, meter + 1));
    assert_eq!(d.used().0, 0, "nobody answered yet");
    d.tell(Event::ElsewhereAnswered { meter });
    assert_eq!(d.used().0, 1);
    d.wait(2 * MINUTE - 1);
    let ends =
        |d: &Desk| d.effects.iter().any(|e| matches!(e, Effect::EndElsewhere { meter: m } if *m == meter));
    assert!(d.used().0 == 2 && !ends(&d));
    d.wait(1);
    assert!(ends(&d), "{:?}", d.effects);
    d.tell(Event::ElsewhereEnded { meter });
    d.tell(Event::ElsewhereAsked { agent: BELA, to });
    assert_eq!(refused(&d), Some(Refusal::MinutesUsed), "and no longer that there is one");
    // What nobody counts changes nothing.
    d.tell(Event::ElsewhereEnded { meter: 99 });
    d.tell(Event::ElsewhereAnswered { meter });
    assert_eq!(d.used().0, 2);
}

#[test]
fn calls_of_other_systems_are_counted_no_longer_after_a_start() {
    let limits = Limits { at_once: Some(1), ..Limits::default() };
    let mut d = Desk::new(TollPolicy { tenant: limits, ..policy() });
    let to = Destination::new(Class::Own, *b"DE");
    d.tell(Event::ElsewhereAsked { agent: ANNA, to });
    d.tell(Event::Started { seed: 2 });
    d.tell(Event::ElsewhereAsked { agent: ANNA, to });
    assert_eq!(refused(&d), None);
}

#[test]
fn an_agent_who_is_rung_outside_has_a_call_there_and_help_is_never_in_its_way() {
    let own = Destination::new(Class::Own, *b"DE");
    let one = Limits { at_once: Some(1), ..Limits::default() };
    let mut d = Desk::new(TollPolicy { agent: one, ..policy() });
    // The agent calls somebody outside, and is outside too: two calls, of which one is too many.
    d.tell(dial(ANNA, FRANCE));
    let leg = d.rung(ANNA).expect("the one called is counted, the agent rings");
    d.tell(Event::LegForwarded { leg, to: own });
    assert_eq!(refused(&d), Some(Refusal::TooManyAtOnce));
    d.tell(Event::LegEnded { leg, end: LegEnd::Unreachable });
    d.settle();
    assert_eq!(d.engine.used(None).usage.at_once, 0);
    // Who calls for help is rung, whatever is used up.
    d.tell(dial(ANNA, EMERGENCY));
    let leg = d.rung(ANNA).expect("the agent rings");
    d.tell(Event::LegForwarded { leg, to: own });
    assert_eq!(refused(&d), None);
    d.answer(leg);
    assert_eq!(d.dialled().map(|(_, party)| party), Some(EMERGENCY));
    assert_eq!((d.engine.used(None).usage.at_once, d.used().0), (0, 0));
}

#[test]
fn a_supervisor_who_is_rung_outside_counts_as_well() {
    let own = Destination::new(Class::Own, *b"DE");
    let mut d = Desk::new(policy());
    let (customer, _) = d.talk(ANNA);
    let call = d.call(customer);
    for may in [false, true] {
        d.configure(|c| {
            let rights = &mut c.toll.as_mut().expect("a policy").rights;
            rights.iter_mut().find(|(a, _)| *a == BELA).expect("has rights").1.may_transfer_out = may;
        });
        d.tell(Event::CallAsked { call, by: Some(BELA), ask: Ask::Supervise(Watch::Listen) });
        let leg = d.rung(BELA).expect("the supervisor is rung");
        d.tell(Event::LegForwarded { leg, to: own });
        assert_eq!(refused(&d), (!may).then_some(Refusal::NoRight));
        assert_eq!(d.engine.used(Some(BELA)).usage.at_once, u32::from(may));
        d.end(leg);
        d.settle();
        assert_eq!(d.engine.used(None).usage.at_once, 0);
    }
}
