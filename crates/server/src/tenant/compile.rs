//! Turns a flow as people write it into the engine's graph: each step becomes one node, and a branch is the place of
//! its first step. Remembers where each node stands in the file, so that faults of the graph can be shown there.

use crate::tenant::address::{TargetAddress, read_sip_address};
use crate::tenant::mailbox;
use crate::tenant::objects::{Connect, Flow, FlowStep, HoursStep, OverflowRule, TestRule};
use crate::tenant::scope::{Scope, slot_id};
use crate::tenant::toll::{Gate, Outside};
use engine::{
    AgentId, At, END, FlowConfig, FlowId, HoursId, LookUpId, Node, NumberId, Overflow, PromptId, QueueId,
    SecureId, SkillId, Step, TargetId, Test,
};
use std::collections::{BTreeMap, BTreeSet};

/// The most steps of a flow, all branches together.
const MOST_NODES: usize = 4_000;
/// How many bits of a fixed address's number count the steps of its flow.
const NODE_BITS: u32 = 12;

/// What names in flows stand for.
pub struct Known<'a> {
    /// Names of the tenant.
    pub scope: &'a Scope,
    /// Which numbers may be called; `None` where what says so is not in order.
    pub gate: Option<Gate<'a>>,
    /// Whether a trunk takes calls to the outside.
    pub goes_out: bool,
    /// How long each look-up may take, in milliseconds, by id.
    pub look_up_ms: &'a BTreeMap<String, u64>,
}

/// A flow for the engine.
pub struct Compiled {
    /// The flow.
    pub flow: FlowConfig,
    /// JSON pointer of the step that each node came from.
    pub places: Vec<String>,
    /// Where each branch begins.
    pub starts: BTreeMap<String, At>,
    /// Fixed addresses that it rings.
    pub targets: Vec<(TargetId, TargetAddress)>,
    /// Fixed numbers outside that it calls.
    pub outside: Vec<(TargetId, Outside)>,
    /// What is wrong: JSON pointer of the part, and what.
    pub faults: Vec<(String, String)>,
}

/// Makes the graph of a flow. What a missing object refers to becomes 0: references are checked before.
pub fn compile(id: u32, flow: &Flow, known: &Known<'_>) -> Compiled {
    let mut sequences = vec![("/steps".to_string(), flow.steps.as_slice())];
    let mut starts = BTreeMap::new();
    let mut length = flow.steps.len();
    for (name, steps) in &flow.branches {
        starts.insert(name.clone(), length.min(usize::from(END)) as At);
        sequences.push((format!("/branches/{name}"), steps.0.as_slice()));
        length += steps.0.len();
    }
    let mut c = Compiler {
        id,
        known,
        starts,
        place: String::new(),
        targets: Vec::new(),
        outside: Vec::new(),
        faults: Vec::new(),
    };
    if length > MOST_NODES {
        let what =
            format!("has {length} steps: at most {MOST_NODES}; move some into another flow and run it");
        c.faults.push((String::new(), what));
        let flow = FlowConfig { id: FlowId(id), nodes: Box::default() };
        return Compiled {
            flow,
            places: Vec::new(),
            starts: c.starts,
            targets: Vec::new(),
            outside: Vec::new(),
            faults: c.faults,
        };
    }
    let (mut nodes, mut places) = (Vec::with_capacity(length), Vec::with_capacity(length));
    for (place, steps) in sequences {
        for (n, step) in steps.iter().enumerate() {
            c.place = format!("{place}/{n}");
            let at = nodes.len() as At;
            let next = if n + 1 < steps.len() { at + 1 } else { END };
            nodes.push(c.node(at, step, next));
            places.push(c.place.clone());
        }
    }
    let flow = FlowConfig { id: FlowId(id), nodes: nodes.into() };
    Compiled { flow, places, starts: c.starts, targets: c.targets, outside: c.outside, faults: c.faults }
}

struct Compiler<'a> {
    id: u32,
    known: &'a Known<'a>,
    starts: BTreeMap<String, At>,
    place: String,
    targets: Vec<(TargetId, TargetAddress)>,
    outside: Vec<(TargetId, Outside)>,
    faults: Vec<(String, String)>,
}

impl Compiler<'_> {
    fn fault(&mut self, part: &str, what: impl Into<String>) {
        self.faults.push((format!("{}/{part}", self.place), what.into()));
    }

    fn good<T: Default>(&mut self, part: &str, found: Result<T, String>) -> T {
        found.unwrap_or_else(|what| {
            self.fault(part, what);
            T::default()
        })
    }

    fn of(&self, kind: &'static str, id: &str) -> u32 {
        self.known.scope.names.number(kind, id).unwrap_or_default()
    }

    fn prompt(&self, id: &str) -> PromptId {
        PromptId(self.of("Prompt", id))
    }

    fn maybe_prompt(&self, id: &Option<String>) -> Option<PromptId> {
        id.as_deref().map(|id| self.prompt(id))
    }

    fn branch(&mut self, part: &str, name: &str) -> At {
        if let Some(at) = self.starts.get(name) {
            return *at;
        }
        let names: Vec<&str> = self.starts.keys().map(String::as_str).collect();
        let hint = match names.is_empty() {
            true => "this flow has no branches".into(),
            false => crate::tenant::schema::nearest(name, &names),
        };
        self.fault(part, format!("there is no branch {name:?}: {hint}"));
        END
    }

    fn or_next(&mut self, part: &str, name: &Option<String>, next: At) -> At {
        name.as_deref().map_or(next, |name| self.branch(part, name))
    }

    fn key(text: &str) -> char {
        text.chars().next().unwrap_or('0')
    }

    fn node(&mut self, at: At, step: &FlowStep, next: At) -> Node {
        let step = match step {
            FlowStep::Answer(_) => Step::Answer,
            FlowStep::Say(prompt) => Step::Say { prompt: self.prompt(prompt) },
            FlowStep::Record(on) => Step::Record { on: *on },
            FlowStep::Consent(c) => {
                let out = c.opt_out.as_ref();
                let opt_out = out.map(|o| (Self::key(&o.key), self.branch("consent/opt_out/go", &o.go)));
                Step::Consent { prompt: self.prompt(&c.prompt), opt_out, wait_ms: c.wait.0 }
            }
            FlowStep::Menu(m) => {
                let keys = m.keys.iter();
                let keys =
                    keys.map(|(k, go)| (Self::key(k), self.branch(&format!("menu/keys/{k}"), go))).collect();
                let (prompt, wrong) = (self.prompt(&m.prompt), self.maybe_prompt(&m.wrong));
                Step::Menu { prompt, keys, wait_ms: m.wait.0, tries: m.tries, wrong }
            }
            FlowStep::Collect(c) => {
                let [fewest, most] = c.digits.map(|count| count.0);
                if fewest > most {
                    self.fault(
                        "collect/digits",
                        format!("the fewest, {fewest}, are more than the most, {most}"),
                    );
                }
                let mut seen = BTreeSet::new();
                for (n, value) in c.values.iter().enumerate() {
                    if let Err(what) = right_digits(value, [fewest, most]) {
                        self.fault(&format!("collect/values/{n}"), what);
                    } else if !seen.insert(value) {
                        self.fault(&format!("collect/values/{n}"), "stands here twice");
                    }
                }
                Step::Collect {
                    slot: slot_id(&c.slot),
                    prompt: self.prompt(&c.prompt),
                    digits: (fewest, most),
                    first_ms: c.first.0,
                    next_ms: c.next.0,
                    tries: c.tries,
                    wrong: self.maybe_prompt(&c.wrong),
                    failed: self.or_next("collect/failed", &c.failed, next),
                }
            }
            FlowStep::Secure(s) => Step::Secure {
                secure: SecureId(self.of("SecureEntry", &s.entry)),
                failed: self.or_next("secure/failed", &s.failed, next),
            },
            FlowStep::Branch(cases) => {
                let mut made = Vec::with_capacity(cases.len());
                for (n, case) in cases.iter().enumerate() {
                    let test = self.test(&format!("branch/{n}/if"), &case.test);
                    let go = self.branch(&format!("branch/{n}/go"), &case.go);
                    made.extend(test.map(|test| (test, go)));
                }
                Step::Branch { cases: made }
            }
            FlowStep::Hours(h) => return self.hours(h, next),
            FlowStep::LookUp(l) => Step::LookUp {
                look_up: LookUpId(self.of("LookUp", &l.look_up)),
                wait_ms: self.known.look_up_ms.get(&l.look_up).copied().unwrap_or(3_000),
                failed: self.or_next("look-up/failed", &l.failed, next),
            },
            FlowStep::Language(name) => {
                let language = self.known.scope.language(name);
                Step::Language { language: self.good("language", language) }
            }
            FlowStep::Priority(steps) => Step::Priority { steps: *steps },
            FlowStep::Need(n) => Step::Need { skill: SkillId(self.of("Skill", &n.skill)), level: n.level },
            FlowStep::Set(s) => {
                let found = self.known.scope.value(&s.attribute, &s.value);
                let (attribute, value) = self.good("set", found);
                Step::Attribute { attribute, value }
            }
            FlowStep::Queue(q) => {
                let (queue, rules) = q.parts();
                let mut overflow = Vec::with_capacity(rules.len());
                for (n, rule) in rules.iter().enumerate() {
                    overflow.extend(self.overflow(&format!("queue/overflow/{n}"), rule));
                }
                Step::Queue { queue: QueueId(self.of("Queue", queue)), overflow }
            }
            FlowStep::Connect(c) => self.connect(at, c),
            FlowStep::Voicemail(v) => {
                let names = &self.known.scope.names;
                let mailbox = match names.number("Queue", &v.of) {
                    Some(queue) => mailbox::of_queue(queue),
                    None => mailbox::of_user(names.number("User", &v.of).unwrap_or_default()),
                };
                Step::Voicemail { mailbox, prompt: self.prompt(&v.prompt), max_ms: v.longest.0 }
            }
            FlowStep::Run(flow) => Step::Run { flow: FlowId(self.of("Flow", flow)) },
            FlowStep::Go(name) => {
                let next = self.branch("go", name);
                return Node { step: Step::Go, next };
            }
            FlowStep::HangUp(_) => return Node { step: Step::HangUp, next: END },
        };
        Node { step, next }
    }

    // Open goes on; what is left when none of the tests holds is closed.
    fn hours(&mut self, h: &HoursStep, next: At) -> Node {
        let hours = HoursId(self.of("Hours", &h.hours));
        let mut cases = Vec::with_capacity(3);
        if let Some(name) = &h.emergency {
            cases.push((Test::Emergency(hours), self.branch("hours/emergency", name)));
        }
        if let Some(name) = &h.holiday {
            cases.push((Test::Holiday(hours), self.branch("hours/holiday", name)));
        }
        cases.push((Test::Open(hours), next));
        Node { step: Step::Branch { cases }, next: self.branch("hours/closed", &h.closed) }
    }

    fn test(&mut self, part: &str, t: &TestRule) -> Option<Test> {
        let hours = |c: &Self, id: &String| HoursId(c.of("Hours", id));
        let queue = |c: &Self, id: &String| QueueId(c.of("Queue", id));
        let scope = self.known.scope;
        let mut tests = Vec::new();
        tests.extend(t.number.as_ref().map(|id| Test::Number(NumberId(self.of("Number", id)))));
        if let Some(name) = &t.language {
            tests.push(Test::Language(self.good(&format!("{part}/language"), scope.language(name))));
        }
        if let Some(a) = &t.attribute {
            let (name, value) = self.good(&format!("{part}/attribute"), scope.value(&a.name, &a.value));
            tests.push(Test::Attribute(name, value));
        }
        if let Some(d) = &t.digits {
            let (slot, place) = self.good(&format!("{part}/digits"), scope.digits(&d.slot, &d.value));
            tests.push(Test::Digits(slot, place));
        }
        if let Some(withheld) = t.withheld {
            if !withheld {
                self.fault(&format!("{part}/withheld"), "withheld is true, or leave it out");
            }
            tests.push(Test::Withheld);
        }
        if let Some([a, b]) = t.country.as_deref().map(str::as_bytes) {
            tests.push(Test::Country([*a, *b]));
        }
        if let Some(name) = &t.list {
            tests.push(Test::List(self.good(&format!("{part}/list"), scope.list(name))));
        }
        tests.extend(t.open.as_ref().map(|id| Test::Open(hours(self, id))));
        tests.extend(t.holiday.as_ref().map(|id| Test::Holiday(hours(self, id))));
        tests.extend(t.emergency.as_ref().map(|id| Test::Emergency(hours(self, id))));
        tests.extend(t.waiting.as_ref().map(|q| Test::Waiting(queue(self, &q.queue), q.at_least)));
        tests.extend(t.free.as_ref().map(|q| Test::Free(queue(self, &q.queue), q.at_least)));
        tests.extend(t.signed_in.as_ref().map(|q| Test::SignedIn(queue(self, &q.queue), q.at_least)));
        tests.extend(t.expected.as_ref().map(|q| Test::Expected(queue(self, &q.queue), q.at_least.0)));
        if tests.len() != 1 {
            self.fault(
                part,
                format!("a case tests exactly one thing, not {}: use several cases", tests.len()),
            );
        }
        tests.into_iter().next()
    }

    fn overflow(&mut self, part: &str, rule: &OverflowRule) -> Option<(Overflow, At)> {
        let go = self.branch(&format!("{part}/go"), &rule.go);
        let mut whys = Vec::new();
        whys.extend(rule.after.map(|s| Overflow::After(s.0)));
        whys.extend(rule.waiting_over.map(Overflow::WaitingOver));
        whys.extend(rule.expected_over.map(|s| Overflow::ExpectedOver(s.0)));
        if let Some(nobody) = rule.nobody_signed_in {
            if !nobody {
                self.fault(&format!("{part}/nobody_signed_in"), "nobody_signed_in is true, or leave it out");
            }
            whys.push(Overflow::NobodySignedIn);
        }
        if whys.len() != 1 {
            self.fault(
                part,
                "has exactly one of after, waiting_over, expected_over and nobody_signed_in beside go",
            );
        }
        whys.into_iter().next().map(|why| (why, go))
    }

    fn connect(&mut self, at: At, c: &Connect) -> Step {
        let ring_ms = c.ring_time.0;
        let named = [&c.to, &c.number, &c.agent].iter().filter(|x| x.is_some()).count();
        if named != 1 {
            self.fault("connect", "has exactly one of to, number and agent");
        }
        if let Some(agent) = &c.agent {
            return Step::ConnectAgent { agent: AgentId(self.of("User", agent)), ring_ms };
        }
        // Flow and step together name the address for good.
        let target = TargetId(self.id << NODE_BITS | u32::from(at));
        if self.id >> (u32::BITS - NODE_BITS) != 0 {
            self.fault("connect", "this tenant has had too many objects for another fixed address");
        }
        match (&c.to, &c.number) {
            (Some(to), _) => match read_sip_address(to) {
                Ok(address) => self.targets.push((target, address)),
                Err(what) => self.fault("connect/to", what),
            },
            (None, Some(number)) => match self.outside(number) {
                Ok(outside) => self.outside.extend(outside.map(|outside| (target, outside))),
                Err(what) => self.fault("connect/number", what),
            },
            (None, None) => {}
        }
        Step::Connect { target, ring_ms }
    }

    fn outside(&self, number: &str) -> Result<Option<Outside>, String> {
        if !self.known.goes_out {
            return Err("there is no Trunk with outbound: true for calls to the outside".into());
        }
        self.known.gate.map(|gate| gate.world(number).map_err(|why| why.to_string())).transpose()
    }
}

/// Whether these are digits, as many as are taken.
fn right_digits(value: &str, [fewest, most]: [u8; 2]) -> Result<(), String> {
    if !value.bytes().all(|c| c.is_ascii_digit()) {
        return Err(format!("{value:?} is not digits only"));
    }
    match (usize::from(fewest)..=usize::from(most)).contains(&value.len()) {
        true => Ok(()),
        false => Err(format!("{value:?} can never be keyed: {fewest} to {most} digits are taken")),
    }
}

#[cfg(test)]
mod tests;
