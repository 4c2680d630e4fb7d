//! Calls that agents make from their own phones.

use crate::desk::*;
use engine::{
    Effect, Event, LegEnd, LegId, NumberId, OfferOutcome, Origin, QueueId, Reason, Refusal, RefuseCause, To,
    TollPolicy, Wanted, What,
};

fn refuse(d: &Desk, leg: LegId) -> Option<RefuseCause> {
    d.effects.iter().find_map(|e| match e {
        Effect::Refuse { leg: l, cause } if *l == leg => Some(*cause),
        _ => None,
    })
}

#[test]
fn somebody_outside_is_dialled_rings_and_answers() {
    let mut d = Desk::new(policy());
    let own = d.phone(ANNA, To::Party(OWN));
    let (far, party) = d.dialled().expect("at once");
    assert_eq!((party, d.state(ANNA)), (OWN, "talking"));
    assert!(!d.asked(|e| matches!(e, Effect::Play { .. })), "the phone makes the sound itself");
    d.tell(Event::LegRinging { leg: far });
    assert!(d.asked(|e| matches!(e, Effect::Alert { leg } if *leg == own)));
    d.answer(far);
    assert!(d.asked(|e| matches!(e, Effect::Answer { leg } if *leg == own)), "answered when answered");
    assert_eq!((d.hears(own), d.hears(far)), (Some(vec![far]), Some(vec![own])));
    d.answer(own);
    d.wait(5_000);
    d.end(far);
    d.settle();
    assert_eq!(d.state(ANNA), "available");
    let record = d.records.pop().expect("one record");
    assert_eq!((record.reason, record.origin), (Reason::HungUp, Origin::Outbound { agent: ANNA }));
    assert_eq!((record.caller, record.agent, record.talked_ms), (OWN, Some(ANNA), 5_000));
    assert!(record.timeline.iter().any(|m| m.what == What::Called { agent: ANNA, to: To::Party(OWN) }));
}

#[test]
fn either_end_ends_it_and_so_does_a_far_end_that_is_busy() {
    let mut d = Desk::new(policy());
    let own = d.phone(ANNA, To::Party(OWN));
    let (far, _) = d.dialled().expect("dialled");
    d.tell(Event::LegEnded { leg: far, end: LegEnd::Busy });
    assert_eq!(refuse(&d, own), Some(RefuseCause::Busy));
    d.settle();
    assert_eq!((d.state(ANNA), d.records.len()), ("available", 1));

    let own = d.phone(ANNA, To::Party(OWN));
    let (far, _) = d.dialled().expect("dialled");
    d.end(own);
    assert!(d.asked(|e| matches!(e, Effect::HangUp { leg, .. } if *leg == far)), "who gives up");
    d.settle();

    let own = d.phone(ANNA, To::Party(OWN));
    let (far, _) = d.dialled().expect("dialled");
    d.answer(far);
    d.end(own);
    assert!(d.asked(|e| matches!(e, Effect::HangUp { leg, .. } if *leg == far)), "who hangs up");
    d.settle();
    assert_eq!((d.state(ANNA), d.engine.calls().len(), d.records.len()), ("available", 0, 3));
}

#[test]
fn what_is_not_allowed_is_refused_with_the_reason() {
    let mut d = Desk::new(policy());
    for (agent, to, refusal) in [
        (ANNA, To::Party(PREMIUM), Refusal::Premium),
        (ANNA, To::Party(CUBA), Refusal::DestinationNotAllowed),
        (CHIDI, To::Party(OWN), Refusal::NoRight),
        (CHIDI, To::Target(OUTSIDE), Refusal::NoRight),
    ] {
        let before = d.state(agent);
        let own = d.phone(agent, to);
        assert_eq!(refuse(&d, own), Some(RefuseCause::Outside(refusal)), "{to:?}");
        assert!(!d.asked(|e| matches!(e, Effect::DialParty { .. } | Effect::DialTarget { .. })));
        assert_eq!(d.state(agent), before);
        d.settle();
        let record = d.records.pop().expect("there is a record");
        assert_eq!(record.reason, Reason::NotAllowed);
        let said = record
            .timeline
            .iter()
            .any(|m| matches!(m.what, What::OutsideRefused { refusal: r, .. } if r == refusal));
        assert!(said, "{:?}", record.timeline);
    }
    let own = d.phone(ANNA, To::Queue(QueueId(99)));
    assert_eq!(refuse(&d, own), Some(RefuseCause::UnknownNumber));
    d.settle();
    let own = d.phone(ANNA, To::Number(NumberId(99)));
    assert_eq!(refuse(&d, own), Some(RefuseCause::UnknownNumber));
    d.settle();
    assert!(d.engine.calls().is_empty());
}

#[test]
fn what_an_agent_was_before_comes_back_after_the_call() {
    let mut d = Desk::new(policy());
    for (wanted, state) in [
        (Wanted::Offline, "offline"),
        (Wanted::Break(engine::BreakReason(0)), "break"),
        (Wanted::Available, "available"),
    ] {
        d.tell(Event::AgentWants { agent: ANNA, wanted });
        let own = d.phone(ANNA, To::Party(OWN));
        assert_eq!(d.state(ANNA), "talking");
        d.end(own);
        d.settle();
        assert_eq!(d.state(ANNA), state);
    }
}

#[test]
fn nobody_is_offered_a_caller_while_calling() {
    let mut d = Desk::new(policy());
    let own = d.phone(ANNA, To::Party(OWN));
    d.arrive(NUMBER);
    assert_eq!(d.rung(ANNA), None);
    d.end(own);
    d.settle();
    assert!(d.rung(ANNA).is_some(), "but right after it");
}

#[test]
fn a_colleague_is_rung_and_no_queue_counts_it() {
    let mut d = Desk::new(policy());
    let own = d.phone(CHIDI, To::Agent(ANNA));
    let far = d.rung(ANNA).expect("the colleague is rung");
    assert_eq!((d.state(CHIDI), d.state(ANNA)), ("talking", "offered"));
    d.tell(Event::LegRinging { leg: far });
    assert!(d.asked(|e| matches!(e, Effect::Alert { leg } if *leg == own)));
    d.answer(far);
    d.answer(own);
    d.wait(1_000);
    d.end(own);
    let handled =
        |e: &Effect| matches!(e, Effect::Count(engine::Fact::Handled { .. } | engine::Fact::Entered { .. }));
    assert!(!d.asked(handled));
    d.settle();
    assert!(!d.asked(handled), "{:?}", d.effects);
    assert_eq!((d.state(CHIDI), d.state(ANNA)), ("offline", "available"));
    let record = d.records.pop().expect("one record");
    assert_eq!((record.origin, record.queue), (Origin::Internal { agent: CHIDI }, None));
    assert_eq!((record.talked_ms, record.reason), (1_000, Reason::HungUp));
    assert_eq!(d.engine.queues()[&QUEUE].counts.offered, 0);
}

#[test]
fn a_colleague_who_is_busy_is_busy_and_nobody_calls_oneself() {
    let mut d = Desk::new(policy());
    d.phone(ANNA, To::Party(OWN));
    let own = d.phone(CHIDI, To::Agent(ANNA));
    assert_eq!(refuse(&d, own), Some(RefuseCause::Busy));
    d.settle();
    let own = d.phone(CHIDI, To::Agent(CHIDI));
    assert_eq!(refuse(&d, own), Some(RefuseCause::Busy));
    d.settle();
    assert_eq!((d.state(CHIDI), d.records.len()), ("offline", 2));
}

#[test]
fn who_calls_a_queue_waits_as_others_do_and_counts() {
    let mut d = Desk::new(policy());
    let own = d.phone(CHIDI, To::Queue(QUEUE));
    assert!(d.asked(|e| matches!(e, Effect::Answer { leg } if *leg == own)));
    let far = d.rung(ANNA).expect("the first who is free");
    d.answer(own);
    d.answer(far);
    assert_eq!((d.state(CHIDI), d.state(ANNA)), ("talking", "talking"));
    d.end(far);
    d.settle();
    let counts = d.engine.queues()[&QUEUE].counts;
    assert_eq!((counts.offered, counts.answered), (1, 1));
    assert_eq!((d.state(CHIDI), d.state(ANNA)), ("offline", "available"));
}

#[test]
fn an_agent_who_calls_the_own_queue_is_not_rung_for_it() {
    let mut d = Desk::new(policy());
    let own = d.phone(ANNA, To::Number(NUMBER));
    assert_eq!(d.rung(ANNA), None);
    assert_eq!(d.engine.queues()[&QUEUE].waiting(), 1);
    d.end(own);
    d.settle();
    assert_eq!(d.engine.queues()[&QUEUE].counts.abandoned, 1);
    assert_eq!(d.state(ANNA), "available");
}

#[test]
fn a_fixed_address_in_the_house_needs_no_right() {
    let mut d = Desk::new(policy());
    let own = d.phone(CHIDI, To::Target(INSIDE));
    let far = d.effects.iter().find_map(|e| match e {
        Effect::DialTarget { leg, .. } => Some(*leg),
        _ => None,
    });
    let far = far.expect("dialled");
    d.answer(far);
    assert!(d.asked(|e| matches!(e, Effect::Answer { leg } if *leg == own)));
    d.end(own);
    d.settle();
    assert_eq!((d.state(CHIDI), d.records.len()), ("offline", 1));
}

#[test]
fn a_further_call_while_talking_is_kept_with_the_agent() {
    let mut d = Desk::new(policy());
    let (customer, own) = d.talk(ANNA);
    let call = d.call(customer);
    d.tell(Event::LegHeld { leg: own, held: true });
    let second = d.phone(ANNA, To::Party(OWN));
    let (far, _) = d.dialled().expect("the second line dials");
    d.answer(far);
    d.answer(second);
    let agent = &d.engine.agents()[&ANNA];
    assert!(matches!(agent.state, engine::AgentState::Talking { leg, .. } if leg == own));
    assert_eq!(agent.own_calls, [(second, d.call(second))]);
    assert_eq!(d.engine.calls().get(&d.call(second)).map(|c| c.home()), Some(call), "carried together");
    // The customer leaves first: the agent is still busy, with the other call.
    d.end(customer);
    d.settle();
    assert_eq!(d.state(ANNA), "talking");
    d.arrive(NUMBER);
    assert_eq!(d.rung(ANNA), None, "and is offered nobody");
    d.end(far);
    d.settle();
    assert!(d.rung(ANNA).is_some(), "until that is over too");
}

#[test]
fn a_further_call_outlasts_a_wrap_up() {
    let mut d = Desk::new(policy());
    d.configure(|c| c.queues[0].wrap_up_ms = 10_000);
    let (customer, _) = d.talk(ANNA);
    let second = d.phone(ANNA, To::Party(OWN));
    d.tell(Event::AgentWants { agent: ANNA, wanted: Wanted::Offline });
    d.end(customer);
    d.settle();
    assert_eq!(d.state(ANNA), "wrap-up");
    d.wait(10_000);
    assert_eq!(d.state(ANNA), "talking");
    d.end(second);
    d.settle();
    assert_eq!(d.state(ANNA), "offline", "what was asked for meanwhile comes at the end");
}

#[test]
fn a_phone_has_so_many_lines_and_one_for_help() {
    let mut d = Desk::new(TollPolicy::default());
    for _ in 0..4 {
        let own = d.phone(ANNA, To::Party(OWN));
        assert_eq!(refuse(&d, own), None);
    }
    let own = d.phone(ANNA, To::Party(OWN));
    assert_eq!(refuse(&d, own), Some(RefuseCause::Busy));
    d.settle();
    d.phone(ANNA, To::Party(EMERGENCY));
    assert_eq!(d.dialled().map(|(_, party)| party), Some(EMERGENCY));
}

#[test]
fn who_is_unknown_or_finishing_a_call_calls_for_help_only() {
    let mut d = Desk::new(policy());
    let stranger = engine::AgentId(77);
    let own = d.phone(stranger, To::Party(OWN));
    assert_eq!(refuse(&d, own), Some(RefuseCause::Busy));
    d.settle();
    let own = d.phone(stranger, To::Party(EMERGENCY));
    let (far, _) = d.dialled().expect("dialled");
    d.answer(far);
    d.answer(own);
    assert_eq!(d.engine.calls().len(), 1);
    d.end(own);
    d.settle();
    assert_eq!(d.engine.calls().len(), 0);

    d.configure(|c| {
        c.queues[0].wrap_up_ms = 10_000;
        c.queues[0].disposition_forced = true;
    });
    let (customer, _) = d.talk(ANNA);
    d.end(customer);
    d.settle();
    let own = d.phone(ANNA, To::Party(OWN));
    assert_eq!(refuse(&d, own), Some(RefuseCause::Busy), "the call's end has to be named first");
    d.settle();
    d.phone(ANNA, To::Party(EMERGENCY));
    assert!(d.dialled().is_some());
}

#[test]
fn a_phone_that_calls_while_it_rings_has_both() {
    let mut d = Desk::new(policy());
    d.arrive(NUMBER);
    let offer = d.rung(ANNA).expect("an offer");
    let own = d.phone(ANNA, To::Party(EMERGENCY));
    let (far, _) = d.dialled().expect("help is called");
    d.answer(far);
    d.tell(Event::LegEnded { leg: offer, end: LegEnd::Declined });
    let declined = d.engine.calls().values().flat_map(|c| &c.decisions);
    assert_eq!(declined.map(|d| d.outcome).collect::<Vec<_>>(), [OfferOutcome::Declined]);
    assert_eq!(d.state(ANNA), "talking", "nobody is offered to who calls for help");
    d.end(own);
    d.settle();
    assert_ne!(d.state(ANNA), "talking");
}

#[test]
fn an_agent_in_the_customers_place_can_transfer_too() {
    let mut d = Desk::new(policy());
    d.tell(Event::AgentWants { agent: BELA, wanted: Wanted::Available });
    let own = d.phone(CHIDI, To::Agent(ANNA));
    let anna = d.rung(ANNA).expect("rung");
    d.answer(anna);
    d.answer(own);
    let call = d.call(own);
    d.tell(Event::CallAsked { call, by: Some(CHIDI), ask: engine::Ask::Transfer(To::Agent(BELA)) });
    assert!(d.asked(|e| matches!(e, Effect::HangUp { leg, .. } if *leg == own)));
    let bela = d.rung(BELA).expect("the third is rung");
    d.tell(Event::LegEnded { leg: own, end: LegEnd::NearHungUp });
    d.answer(bela);
    assert_eq!((d.hears(anna), d.hears(bela)), (Some(vec![bela]), Some(vec![anna])));
    assert_eq!((d.state(CHIDI), d.state(ANNA), d.state(BELA)), ("offline", "talking", "talking"));
    d.end(anna);
    d.settle();
    assert_eq!((d.state(ANNA), d.state(BELA), d.engine.calls().len()), ("available", "available", 0));
}

#[test]
fn a_restart_frees_everybody() {
    let mut d = Desk::new(policy());
    let (_, _) = d.talk(ANNA);
    d.phone(ANNA, To::Party(OWN));
    d.phone(ANNA, To::Agent(CHIDI));
    d.tell(Event::Started { seed: 5 });
    assert_eq!((d.state(ANNA), d.state(CHIDI), d.engine.calls().len()), ("available", "offline", 0));
    assert!(d.records.iter().all(|r| r.reason == Reason::Restarted));
}
