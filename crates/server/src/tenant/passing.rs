//! Calls that pass through from one trunk to another, as their rules say.
//!
//! For the engine each rule is a number with a flow of one step, which rings one address. Whom that address means is said
//! by the call itself: the number that was called.

use crate::tenant::meaning::Meaning;
use crate::tenant::objects::PassRule;
use engine::{
    FlowConfig, FlowId, LanguageId, NumberConfig, NumberId, RecordingRule, Step, TargetId, TrunkId,
};

/// Numbers of rules begin here: objects never have that many.
const RULES: u32 = 1 << 31;
/// Numbers of calls for help begin here: rules of that many trunks there never are.
const HELP: u32 = RULES | 1 << 30;
/// How long it rings where a call for help goes, in milliseconds.
const HELP_RINGS_MS: u64 = 300_000;
/// How many bits of a rule's number are its place in its trunk.
const PLACE_BITS: u32 = 4;
/// The most rules of a trunk.
pub const MOST_RULES: usize = 1 << PLACE_BITS;

/// A rule, understood.
#[derive(Clone, Debug)]
pub struct Passing {
    /// Whose calls.
    pub from: TrunkId,
    /// Beginnings of numbers; empty is every number.
    pub numbers: Vec<String>,
    /// Where they go.
    pub to: TrunkId,
    /// The rule as a number of ours.
    pub number: NumberId,
    /// The rule as a fixed address.
    pub target: TargetId,
}

/// What becomes of calls to emergency numbers that come over a trunk to Microsoft Teams, whoever calls.
#[derive(Clone, Debug)]
pub struct Help {
    /// Whose calls.
    pub from: TrunkId,
    /// Calls for help as a number of ours.
    pub number: NumberId,
    /// The trunks that take them as a fixed address.
    pub target: TargetId,
}

/// Takes a trunk to Teams into a configuration: who calls for help there is put through.
pub fn add_help(meaning: &mut Meaning, from: TrunkId) {
    let id = HELP | from.0;
    let (number, flow, target) = (NumberId(id), FlowId(id), TargetId(id));
    meaning.help.push(Help { from, number, target });
    let ring = Step::Connect { target, ring_ms: HELP_RINGS_MS };
    meaning.config.flows.push(FlowConfig::in_order(flow, [ring]));
    let (recording, language) = (RecordingRule::Never, LanguageId(0));
    meaning.config.numbers.push(NumberConfig { id: number, flow, recording, language });
}

/// Takes the rules of a trunk into a configuration.
pub fn add(meaning: &mut Meaning, from: TrunkId, rules: &[(TrunkId, PassRule)]) {
    for (place, (to, rule)) in rules.iter().enumerate().take(MOST_RULES) {
        let id = RULES | (from.0 << PLACE_BITS) | u32::try_from(place).unwrap_or_default();
        let (number, flow, target) = (NumberId(id), FlowId(id), TargetId(id));
        meaning.passing.push(Passing { from, numbers: rule.numbers.clone(), to: *to, number, target });
        let ring = Step::Connect { target, ring_ms: rule.ring_time.0 };
        meaning.config.flows.push(FlowConfig::in_order(flow, [ring]));
        let (recording, language) = (RecordingRule::Never, LanguageId(0));
        meaning.config.numbers.push(NumberConfig { id: number, flow, recording, language });
    }
}

impl Meaning {
    /// Where a call of a trunk passes on to that is for none of our numbers; `number` as the world writes it, empty where
    /// the caller named somebody in another way.
    pub fn passes(&self, from: TrunkId, number: &str) -> Option<&Passing> {
        let fits = |rule: &&Passing| {
            rule.from == from
                && (rule.numbers.is_empty() || rule.numbers.iter().any(|n| number.starts_with(n.as_str())))
        };
        self.passing.iter().find(fits)
    }

    /// What becomes of calls for help that come over a trunk; `None` unless it leads to Teams.
    pub fn help_from(&self, trunk: TrunkId) -> Option<&Help> {
        self.help.iter().find(|help| help.from == trunk)
    }

    /// Whose calls for help a fixed address takes.
    pub fn helps(&self, target: TargetId) -> Option<TrunkId> {
        self.help.iter().find(|help| help.target == target).map(|help| help.from)
    }

    /// The trunks to which a trunk passes calls on, in the order of its rules.
    pub fn passed_from(&self, from: TrunkId) -> Vec<TrunkId> {
        self.passing.iter().filter(|rule| rule.from == from).map(|rule| rule.to).collect()
    }

    /// The rule that a fixed address stands for.
    pub fn passes_to(&self, target: TargetId) -> Option<&Passing> {
        self.passing.iter().find(|rule| rule.target == target)
    }
}
