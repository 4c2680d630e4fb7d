//! Attended transfers from a phone: an agent joins two of the own calls.

use crate::desk::*;
use engine::{AgentId, Effect, Event, LegEnd, LegId, Reason, Refusal, To, Wanted, What};

fn join(d: &mut Desk, agent: AgentId, leg: LegId, with: LegId) {
    d.tell(Event::CallsJoined { agent, leg, with });
}

fn hung_up(d: &Desk, leg: LegId) -> bool {
    d.asked(|e| matches!(e, Effect::HangUp { leg: l, .. } if *l == leg))
}

/// The agent has a customer on hold and calls a second one outside, who answered.
fn customer_and_party(d: &mut Desk, agent: AgentId) -> (LegId, LegId, LegId, LegId) {
    let (customer, own) = d.talk(agent);
    d.tell(Event::LegHeld { leg: own, held: true });
    let second = d.phone(agent, To::Party(OWN));
    let (far, _) = d.dialled().expect("the second line dials");
    d.answer(far);
    d.answer(second);
    (customer, own, second, far)
}

#[test]
fn the_customer_and_the_one_called_go_on_and_each_record_names_the_other() {
    for backwards in [false, true] {
        let mut d = Desk::new(policy());
        let (customer, own, second, far) = customer_and_party(&mut d, ANNA);
        let (kept, gone) = (d.call(customer), d.call(second));
        let (leg, with) = if backwards { (second, own) } else { (own, second) };
        join(&mut d, ANNA, leg, with);
        assert_eq!((d.hears(customer), d.hears(far)), (Some(vec![far]), Some(vec![customer])));
        assert!(hung_up(&d, own) && hung_up(&d, second));
        assert!(d.asked(|e| matches!(e, Effect::RecordAlso { leg, .. } if *leg == far)));
        assert!(d.asked(|e| matches!(e, Effect::RecordNoLonger { leg, .. } if *leg == own)));
        assert_eq!(d.call(far), kept);
        d.settle();
        assert_eq!(d.state(ANNA), "available", "with neither call any more");
        let record = d.records.pop().expect("the second call is over");
        assert_eq!((record.id, record.reason, record.recordings.len()), (gone, Reason::Transferred, 0));
        assert_eq!(record.legs.iter().map(|l| l.id).collect::<Vec<_>>(), [second]);
        assert!(record.timeline.iter().any(|m| m.what == What::WentOnIn { call: kept, by: ANNA }));
        d.wait(5_000);
        d.end(far);
        d.settle();
        let record = d.records.pop().expect("and later the first");
        assert_eq!((record.id, record.reason, record.talked_ms), (kept, Reason::HungUp, 5_000));
        assert_eq!(record.legs.len(), 3);
        assert_eq!(record.recordings.len(), 1, "one recording from beginning to end");
        assert!(record.timeline.iter().any(|m| m.what == What::TookIn { call: gone, by: ANNA }));
        assert!(d.records.is_empty() && d.engine.calls().is_empty());
    }
}

#[test]
fn a_colleague_who_was_asked_has_the_customer_and_the_work() {
    let mut d = Desk::new(policy());
    let (customer, own) = d.talk(ANNA);
    d.configure(|c| c.queues[0].wrap_up_ms = 10_000);
    let second = d.phone(ANNA, To::Agent(CHIDI));
    let chidi = d.rung(CHIDI).expect("the colleague is rung");
    d.answer(chidi);
    d.answer(second);
    let call = d.call(customer);
    join(&mut d, ANNA, own, second);
    assert_eq!((d.hears(customer), d.hears(chidi)), (Some(vec![chidi]), Some(vec![customer])));
    let agent = &d.engine.agents()[&CHIDI];
    assert_eq!(agent.state, engine::AgentState::Talking { leg: chidi, call });
    assert_eq!(agent.work.map(|w| (w.call, w.queue)), Some((call, Some(QUEUE))));
    d.settle();
    assert_eq!(d.state(ANNA), "wrap-up");
    d.end(customer);
    d.settle();
    assert_eq!(d.state(CHIDI), "wrap-up");
    let record = d.records.pop().expect("the call's record");
    assert_eq!((record.id, record.agent, record.queue), (call, Some(CHIDI), Some(QUEUE)));
}

#[test]
fn nobody_without_the_right_is_left_with_somebody_outside() {
    let mut d = Desk::new(policy());
    let (customer, own, second, far) = customer_and_party(&mut d, BELA);
    join(&mut d, BELA, own, second);
    let refused = |e: &Effect| matches!(e, Effect::Security(n) if n.refusal == Refusal::NoRight && n.agent == Some(BELA));
    assert!(d.asked(refused), "{:?}", d.effects);
    assert!(!hung_up(&d, own) && !hung_up(&d, second));
    assert_ne!(d.call(customer), d.call(far), "both calls stay as they are");
    d.end(far);
    d.settle();
    d.tell(Event::LegHeld { leg: own, held: false });
    assert_eq!(d.hears(customer), Some(vec![own]));
}

#[test]
fn a_call_outside_stays_with_a_colleague_who_called_first() {
    let mut d = Desk::new(policy());
    // A colleague calls the agent, who then calls somebody outside: the call with the customer is the one that goes on.
    let chidi = d.phone(CHIDI, To::Agent(ANNA));
    let own = d.rung(ANNA).expect("rung");
    d.answer(own);
    d.answer(chidi);
    let second = d.phone(ANNA, To::Party(OWN));
    let (far, _) = d.dialled().expect("dialled");
    d.answer(far);
    d.answer(second);
    let call = d.call(second);
    join(&mut d, ANNA, second, own);
    assert_eq!((d.call(chidi), d.call(far)), (call, call));
    assert_eq!((d.hears(chidi), d.hears(far)), (Some(vec![far]), Some(vec![chidi])));
    assert_eq!(d.engine.agents()[&CHIDI].state, engine::AgentState::Talking { leg: chidi, call });
    d.settle();
    d.end(chidi);
    assert!(hung_up(&d, far));
    d.settle();
    assert_eq!((d.state(ANNA), d.state(CHIDI)), ("available", "offline"));
    assert_eq!((d.records.len(), d.engine.calls().len(), d.used().0), (2, 0, 1));
}

#[test]
fn a_place_in_a_queue_is_given_to_the_customer() {
    let mut d = Desk::new(policy());
    let (customer, own, second, far) = customer_and_party(&mut d, ANNA);
    d.end(far);
    d.settle();
    d.tell(Event::LegEnded { leg: second, end: LegEnd::NearHungUp });
    let second = d.phone(ANNA, To::Queue(QUEUE));
    d.answer(second);
    join(&mut d, ANNA, second, own);
    assert!(hung_up(&d, own) && hung_up(&d, second));
    let call = d.engine.calls().get(&d.call(customer)).expect("the customer's call");
    assert!(matches!(call.phase, engine::Phase::Waiting { .. }));
    assert_eq!(d.engine.queues()[&QUEUE].waiting(), 1);
    d.settle();
    d.tell(Event::AgentWants { agent: ANNA, wanted: Wanted::Available });
    assert_eq!(d.records.last().map(|r| r.reason), Some(Reason::Transferred));
}

#[test]
fn what_cannot_be_joined_stays_as_it_is() {
    let mut d = Desk::new(policy());
    let (customer, own) = d.talk(ANNA);
    let second = d.phone(ANNA, To::Party(OWN));
    let (far, _) = d.dialled().expect("dialled");
    // It still rings; one is no two; somebody else's call is none of the agent's.
    for (agent, leg, with) in [
        (ANNA, own, second),
        (ANNA, own, own),
        (BELA, own, second),
        (ANNA, own, customer),
        (ANNA, LegId(99), own),
    ] {
        join(&mut d, agent, leg, with);
        assert_eq!(d.effects, [], "{agent:?} {leg:?} {with:?}");
    }
    d.answer(far);
    d.answer(second);
    d.end(customer);
    join(&mut d, ANNA, own, second);
    assert!(!hung_up(&d, second), "the customer is gone already");
}
