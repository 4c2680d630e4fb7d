//! What a flow's graph can show: circles that wait for nothing, places without a way out, branches that nobody goes
//! to, flows that run themselves, recording without consent.

use crate::tenant::check::circles;
use crate::tenant::compile::Compiled;
use engine::{At, END, FlowId, Node, Overflow, Step};
use std::collections::{BTreeMap, BTreeSet};

/// How deep flows may run in flows: as deep as the engine goes.
const DEEPEST: usize = 16;

/// All flows of a tenant by number, with the ids that people know them by.
pub type Flows<'a> = BTreeMap<FlowId, (&'a str, &'a Compiled)>;

/// Something wrong: in which flow, JSON pointer of the part, and what.
pub type Fault = (String, String, String);

/// A way from a node, and whether a call can take it without waiting for anything.
type Way = (At, bool);

fn ways(node: &Node, at_once: &dyn Fn(FlowId) -> bool) -> Vec<Way> {
    let next = node.next;
    match &node.step {
        Step::Answer | Step::Record { .. } | Step::Language { .. } | Step::Priority { .. } => {
            vec![(next, true)]
        }
        Step::Need { .. } | Step::Attribute { .. } | Step::Go => vec![(next, true)],
        // An agent who is not free is not waited for.
        Step::ConnectAgent { .. } => vec![(next, true)],
        Step::Say { .. } | Step::Voicemail { .. } | Step::Connect { .. } => vec![(next, false)],
        Step::Consent { opt_out, .. } => {
            opt_out.iter().map(|(_, to)| (*to, false)).chain([(next, false)]).collect()
        }
        Step::Menu { keys, .. } => keys.iter().map(|(_, to)| (*to, false)).chain([(next, false)]).collect(),
        Step::Collect { failed, .. } | Step::Secure { failed, .. } | Step::LookUp { failed, .. } => {
            vec![(*failed, false), (next, false)]
        }
        Step::Branch { cases } => cases.iter().map(|(_, to)| (*to, true)).chain([(next, true)]).collect(),
        // Who is turned away on entry has not waited; the other ways out of a queue are left to the engine's own limit.
        Step::Queue { overflow, .. } => {
            let over = overflow.iter().map(|(why, to)| (*to, !matches!(why, Overflow::After(_))));
            over.chain([(next, false)]).collect()
        }
        Step::Run { flow } => vec![(next, at_once(*flow))],
        Step::HangUp => Vec::new(),
    }
}

// Whether a call can be over here, or find somebody.
fn is_end(node: &Node) -> bool {
    matches!(
        node.step,
        Step::Queue { .. }
            | Step::Connect { .. }
            | Step::ConnectAgent { .. }
            | Step::Voicemail { .. }
            | Step::HangUp
    )
}

/// Everything that is wrong with the graphs.
pub fn check(flows: &Flows<'_>) -> Vec<Fault> {
    let mut faults = circles_of_flows(flows);
    let mut at_once = AtOnce { flows, known: BTreeMap::new() };
    // What runs itself has no end to ask for.
    let asked: Vec<FlowId> = if faults.is_empty() { flows.keys().copied().collect() } else { Vec::new() };
    let instant: BTreeMap<FlowId, bool> = asked.into_iter().map(|id| (id, at_once.of(id, 0))).collect();
    for (id, compiled) in flows.values() {
        let passes = |flow: FlowId| instant.get(&flow).copied().unwrap_or(false);
        let graph = Graph::of(compiled, &passes);
        let mut say = |place: &str, what: &str| faults.push((id.to_string(), place.into(), what.into()));
        let reached = graph.reached_from(0, false);
        for (name, at) in &compiled.starts {
            if !reached.contains(at) {
                let what = format!(
                    "nobody goes to the branch {name:?}: name it in a step that is reached, or remove it"
                );
                say(&format!("/branches/{name}"), &what);
            }
        }
        let circles = graph.first_of_circles();
        for at in &circles {
            say(
                &compiled.places[usize::from(*at)],
                "from here the flow goes round without waiting for anything: put a say, a menu or a queue into the circle",
            );
        }
        // A circle that was told of has no way out either; that is not said a second time.
        if let Some(at) = graph.trap(&reached).filter(|at| !circles.contains(at)) {
            say(
                &compiled.places[usize::from(at)],
                "from here no end can be reached: some way must lead to hang-up, queue, connect, voicemail or the last step",
            );
        }
    }
    faults
}

struct Graph<'a> {
    nodes: &'a [Node],
    ways: Vec<Vec<Way>>,
}

impl<'a> Graph<'a> {
    fn of(compiled: &'a Compiled, at_once: &dyn Fn(FlowId) -> bool) -> Graph<'a> {
        let nodes = &compiled.flow.nodes;
        Graph { nodes, ways: nodes.iter().map(|n| ways(n, at_once)).collect() }
    }

    // Which nodes can be reached; with `at_once` only on ways that wait for nothing. `END` is one of them.
    fn reached_from(&self, from: At, at_once: bool) -> BTreeSet<At> {
        let mut found = BTreeSet::new();
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            if !found.insert(at) {
                continue;
            }
            for (to, instant) in self.ways.get(usize::from(at)).into_iter().flatten() {
                if *instant || !at_once {
                    open.push(*to);
                }
            }
        }
        found
    }

    // The first node of each circle of ways that wait for nothing.
    fn first_of_circles(&self) -> Vec<At> {
        let instant = |ways: &Vec<Way>| ways.iter().filter(|w| w.1).map(|(to, _)| usize::from(*to)).collect();
        let edges: Vec<Vec<usize>> = self.ways.iter().map(instant).collect();
        circles::first_of_each(&edges).into_iter().map(|at| at as At).collect()
    }

    // The first node, of those reached, of a circle from which no end can be reached.
    fn trap(&self, reached: &BTreeSet<At>) -> Option<At> {
        let trapped: BTreeSet<At> = self.trapped().intersection(reached).copied().collect();
        let inside = |(at, ways): (usize, &Vec<Way>)| match trapped.contains(&(at as At)) {
            true => ways.iter().map(|(to, _)| usize::from(*to)).collect(),
            false => Vec::new(),
        };
        let edges: Vec<Vec<usize>> = self.ways.iter().enumerate().map(inside).collect();
        circles::first_of_each(&edges).first().map(|at| *at as At)
    }

    // Nodes from which no end can be reached.
    fn trapped(&self) -> BTreeSet<At> {
        let mut back: BTreeMap<At, Vec<At>> = BTreeMap::new();
        for (at, ways) in self.ways.iter().enumerate() {
            for (to, _) in ways {
                back.entry(*to).or_default().push(at as At);
            }
        }
        let ends = self.nodes.iter().enumerate().filter(|(_, n)| is_end(n)).map(|(at, _)| at as At);
        let mut open: Vec<At> = ends.chain([END]).collect();
        let mut free = BTreeSet::new();
        while let Some(at) = open.pop() {
            if free.insert(at) {
                open.extend(back.get(&at).into_iter().flatten());
            }
        }
        (0..self.nodes.len()).map(|n| n as At).filter(|at| !free.contains(at)).collect()
    }
}

// Whether a call can run through a flow without waiting for anything.
struct AtOnce<'a> {
    flows: &'a Flows<'a>,
    known: BTreeMap<FlowId, bool>,
}

impl AtOnce<'_> {
    fn of(&mut self, flow: FlowId, depth: usize) -> bool {
        if let Some(known) = self.known.get(&flow) {
            return *known;
        }
        // What one that is not in order would do is not known; deeper than this is refused elsewhere.
        let Some((_, compiled)) = self.flows.get(&flow).filter(|_| depth < DEEPEST) else { return false };
        let mut inner: BTreeMap<FlowId, bool> = BTreeMap::new();
        for run in runs(compiled) {
            let passes = self.of(run, depth + 1);
            inner.insert(run, passes);
        }
        let graph = Graph::of(compiled, &|flow| inner.get(&flow).copied().unwrap_or(true));
        let passes = graph.reached_from(0, true).contains(&END);
        self.known.insert(flow, passes);
        passes
    }
}

fn runs(compiled: &Compiled) -> BTreeSet<FlowId> {
    let runs = compiled.flow.nodes.iter().filter_map(|n| match n.step {
        Step::Run { flow } => Some(flow),
        _ => None,
    });
    runs.collect()
}

fn circles_of_flows(flows: &Flows<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let runs: BTreeMap<FlowId, BTreeSet<FlowId>> = flows.iter().map(|(id, (_, c))| (*id, runs(c))).collect();
    let places: BTreeMap<FlowId, usize> = flows.keys().enumerate().map(|(n, id)| (*id, n)).collect();
    let edges: Vec<Vec<usize>> =
        runs.values().map(|runs| runs.iter().filter_map(|run| places.get(run).copied()).collect()).collect();
    let component = circles::components(&edges);
    let circle_of = |flow: &FlowId| places.get(flow).map(|n| component[*n]);
    for (start, (id, compiled)) in flows {
        for (n, node) in compiled.flow.nodes.iter().enumerate() {
            let Step::Run { flow } = node.step else { continue };
            if circle_of(&flow) != circle_of(start) {
                continue;
            }
            let place = format!("{}/run", compiled.places[n]);
            let other = flows.get(&flow).map_or("", |(name, _)| name);
            let what = match flow == *start {
                true => "a flow cannot run itself: go to one of its branches".into(),
                false => {
                    format!("Flow {id:?} runs itself by way of {other:?}: one of them must not run the other")
                }
            };
            faults.push((id.to_string(), place, what));
        }
    }
    // Only without circles is there a depth.
    if faults.is_empty() {
        let mut depths = BTreeMap::new();
        for (flow, (id, _)) in flows {
            if depth(*flow, &runs, &mut depths, DEEPEST + 1) > DEEPEST {
                faults.push((
                    id.to_string(),
                    String::new(),
                    format!("flows run each other more than {DEEPEST} deep"),
                ));
            }
        }
    }
    faults
}

// How deep flows run from here, looked at no deeper than `left`: whoever begins a way that is longer is told so.
fn depth(
    flow: FlowId,
    runs: &BTreeMap<FlowId, BTreeSet<FlowId>>,
    known: &mut BTreeMap<FlowId, usize>,
    left: usize,
) -> usize {
    if let Some(known) = known.get(&flow) {
        return *known;
    }
    if left == 0 {
        return 1;
    }
    let below = runs.get(&flow).into_iter().flatten().map(|run| depth(*run, runs, known, left - 1)).max();
    let all = 1 + below.unwrap_or(0);
    known.insert(flow, all);
    all
}

/// Whether some flow runs one that is not here, because it is not in order.
pub fn is_incomplete(flows: &Flows<'_>) -> bool {
    flows.values().any(|(_, compiled)| runs(compiled).iter().any(|run| !flows.contains_key(run)))
}

/// Steps that record although the caller was not told on some way to them, from the beginning of a flow. Only for
/// flows of which none runs itself.
pub fn recorded_without_consent(flows: &Flows<'_>, flow: FlowId) -> BTreeSet<(FlowId, At)> {
    let mut walk = Consent { flows, found: BTreeSet::new(), ends: BTreeMap::new() };
    walk.ends_of(flow, false, 0);
    walk.found
}

struct Consent<'a> {
    flows: &'a Flows<'a>,
    found: BTreeSet<(FlowId, At)>,
    // Whether the caller may and may not have been told when the flow is over, by what held when it began.
    ends: BTreeMap<(FlowId, bool), [bool; 2]>,
}

impl Consent<'_> {
    fn ends_of(&mut self, flow: FlowId, told: bool, depth: usize) -> [bool; 2] {
        if let Some(known) = self.ends.get(&(flow, told)) {
            return *known;
        }
        let Some((_, compiled)) = self.flows.get(&flow).filter(|_| depth < DEEPEST).copied() else {
            return [!told, told];
        };
        let mut ends = [false; 2];
        let mut seen = BTreeSet::new();
        let mut open = vec![(0, told)];
        while let Some((at, told)) = open.pop() {
            if !seen.insert((at, told)) {
                continue;
            }
            let Some(node) = compiled.flow.nodes.get(usize::from(at)) else {
                ends[usize::from(told)] = true;
                continue;
            };
            match &node.step {
                Step::Record { on: true } if !told => {
                    self.found.insert((flow, at));
                }
                Step::Run { flow } => {
                    let inner = self.ends_of(*flow, told, depth + 1);
                    for told in [false, true].into_iter().filter(|t| inner[usize::from(*t)]) {
                        open.push((node.next, told));
                    }
                    continue;
                }
                _ => {}
            }
            // Who was told may object; then the engine records nothing, whatever follows.
            let told = told || matches!(node.step, Step::Consent { .. });
            open.extend(ways(node, &|_| true).into_iter().map(|(to, _)| (to, told)));
        }
        self.ends.insert((flow, told), ends);
        ends
    }
}
