//! An answer that comes too late is not taken for the answer to a later question.

use engine::{
    AttributeId, Config, Effect, Engine, Event, Facts, FlowConfig, FlowId, LookUpId, Node, NumberConfig,
    NumberId, PartyId, PromptId, Step, Test, Time, TrunkId, What,
};

fn asked(engine: &mut Engine) -> Option<u64> {
    let mut found = None;
    while let Some((_, effect)) = engine.poll() {
        if let Effect::LookUp { request, .. } = effect {
            found = Some(request);
        }
    }
    found
}

#[test]
fn the_answer_to_the_first_question_does_not_answer_the_second() {
    let look_up = || Step::LookUp { look_up: LookUpId(1), wait_ms: 1_000, failed: 1 };
    let branch = Step::Branch { cases: vec![(Test::Attribute(AttributeId(1), 7), 3)] };
    let nodes = vec![
        Node { step: look_up(), next: 2 },
        Node { step: look_up(), next: 2 },
        Node { step: branch, next: 3 },
        Node { step: Step::Say { prompt: PromptId(1) }, next: engine::END },
    ];
    let (recording, language) = Default::default();
    let config = Config {
        flows: vec![FlowConfig { id: FlowId(1), nodes: nodes.into() }],
        numbers: vec![NumberConfig { id: NumberId(1), flow: FlowId(1), recording, language }],
        max_call_ms: 3_600_000,
        ..Config::default()
    };
    let mut engine = Engine::new();
    engine.handle(Time(1), Event::Started { seed: 1 });
    engine.handle(Time(1), Event::Configured { config: Box::new(config) });
    let (caller, trunk, facts) = (PartyId(1), TrunkId(0), Facts::default());
    engine.handle(Time(2), Event::CallArrived { number: Some(NumberId(1)), caller, trunk, facts });
    let first = asked(&mut engine).expect("the first question");
    engine.handle(Time(1_100), Event::TimePassed);
    let second = asked(&mut engine).expect("asked again after the time was up");
    assert_ne!(first, second);

    let call = *engine.calls().keys().next().expect("the call");
    let answer =
        |request, value| Event::LookedUp { call, request, ok: true, found: vec![(AttributeId(1), value)] };
    engine.handle(Time(1_200), answer(first, 7));
    assert_eq!(engine.calls().get(&call).expect("it waits on").attributes, []);
    engine.handle(Time(1_300), answer(second, 7));
    let timeline = &engine.calls().get(&call).expect("it hears the prompt").timeline;
    let held = What::TestHeld { test: Test::Attribute(AttributeId(1), 7) };
    assert!(timeline.iter().any(|m| m.what == held), "{timeline:?}");
    engine.check_all().expect("the laws hold");
}
