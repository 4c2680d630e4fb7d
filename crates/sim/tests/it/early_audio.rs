//! What is heard before anybody answers.

use crate::desk::*;
use engine::{Effect, Event, LegEnd, LegId, Sound, To};

fn early(d: &mut Desk, leg: LegId) {
    d.tell(Event::LegRinging { leg });
    d.tell(Event::LegEarlyAudio { leg });
}

fn rings(d: &Desk, leg: LegId) -> bool {
    d.asked(|e| matches!(e, Effect::Play { leg: l, sound: Sound::Ringback } if *l == leg))
}

#[test]
fn an_agents_phone_is_opened_and_hears_whom_it_called_one_way_and_uncounted() {
    let mut d = Desk::new(policy());
    let own = d.phone(ANNA, To::Party(OWN));
    let (far, _) = d.dialled().expect("dialled");
    early(&mut d, far);
    assert_eq!(d.effects, [Effect::EarlyAudio { leg: own }, Effect::Hear { leg: own, from: vec![far] }]);
    d.tell(Event::LegEarlyAudio { leg: far });
    assert!(d.hears(own).is_none() && d.hears(far).is_none(), "once, and one way");
    d.wait(30_000);
    assert_eq!(d.used(), (0, 0), "nothing is charged before the answer");
    d.answer(far);
    assert!(d.asked(|e| matches!(e, Effect::Answer { leg } if *leg == own)));
    assert_eq!(d.hears(far), Some(vec![own]));
    d.answer(own);
    assert_eq!(d.used().0, 1);
    d.end(far);
    d.settle();
}

#[test]
fn a_caller_hears_the_first_address_and_then_it_rings_again_for_the_next() {
    let mut d = Desk::new(policy());
    let caller = d.arrive(FORWARDED);
    let dialled = |d: &Desk| {
        d.effects.iter().find_map(|e| if let Effect::DialTarget { leg, .. } = e { Some(*leg) } else { None })
    };
    let first = dialled(&d).expect("the address outside");
    early(&mut d, first);
    assert_eq!(d.hears(caller), Some(vec![first]));
    d.tell(Event::LegEnded { leg: first, end: LegEnd::Busy });
    assert!(rings(&d, caller), "{:?}", d.effects);
    let second = dialled(&d).expect("the address in the house");
    d.tell(Event::LegEarlyAudio { leg: first });
    assert!(d.hears(caller).is_none(), "who is gone is not heard");
    early(&mut d, second);
    assert_eq!(d.hears(caller), Some(vec![second]));
    d.end(caller);
    d.settle();
}

#[test]
fn an_agent_who_asks_somebody_hears_the_ringing_there_and_so_does_the_customer_sent_there() {
    let mut d = Desk::new(policy());
    let (customer, own) = d.talk(ANNA);
    let call = d.call(customer);
    let consult = engine::Ask::Consult(To::Party(OWN));
    d.tell(Event::CallAsked { call, by: Some(ANNA), ask: consult });
    let (far, _) = d.dialled().expect("dialled");
    early(&mut d, far);
    assert_eq!((d.hears(own), d.hears(customer)), (Some(vec![far]), None));
    d.tell(Event::CallAsked { call, by: Some(ANNA), ask: engine::Ask::Complete });
    assert_eq!(d.hears(customer), Some(vec![far]));
    d.answer(far);
    assert_eq!(d.hears(far), Some(vec![customer]));
    d.end(customer);
    d.settle();
}

#[test]
fn a_queue_goes_on_with_its_music() {
    let mut d = Desk::new(policy());
    let customer = d.arrive(NUMBER);
    let offer = d.rung(ANNA).expect("rung");
    early(&mut d, offer);
    assert_eq!(d.hears(customer), None);
    d.end(customer);
    d.settle();
}
