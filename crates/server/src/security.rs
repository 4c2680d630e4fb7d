//! What concerns security: counted by kind, kept for a while so that it can be looked at, and told to other systems at a
//! bounded rate. Nothing here says who somebody is: ids of calls, agents and trunks, and words.

use crate::view;
use engine::Time;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, VecDeque};
use store::TenantId;

/// The most events that are kept to be looked at.
const MOST_KEPT: usize = 500;
/// How many events of one tenant are told at once after a pause.
const BURST: u32 = 10;
/// One more may be told after so many milliseconds.
const REFILL_MS: u64 = 6_000;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An address is not heard for a while.
    Ban,
    /// Somebody used a wrong name or password.
    Guessing,
    /// Strangers send more than they may.
    Flood,
    /// A call to the outside was refused: the policy does not allow it.
    TollRefused,
    /// A call to the outside was refused or ended: a limit was reached.
    TollLimit,
    /// A carrier does not take a trunk's credentials.
    TrunkCredentials,
    /// A certificate of a far end or of a caller is not believed.
    Certificate,
    /// A backup or a rehearsal of one failed.
    Backup,
    /// Nothing happened: somebody tries out whether alarms arrive.
    Test,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 9] = [
        Kind::Ban,
        Kind::Guessing,
        Kind::Flood,
        Kind::TollRefused,
        Kind::TollLimit,
        Kind::TrunkCredentials,
        Kind::Certificate,
        Kind::Backup,
        Kind::Test,
    ];

    /// In metrics, the log and the API.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Ban => "ban",
            Kind::Guessing => "guessing",
            Kind::Flood => "flood",
            Kind::TollRefused => "toll-refused",
            Kind::TollLimit => "toll-limit",
            Kind::TrunkCredentials => "trunk-credentials",
            Kind::Certificate => "certificate",
            Kind::Backup => "backup",
            Kind::Test => "test",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Happened {
    /// Never twice in one run of the program.
    pub id: u64,
    /// When.
    pub at: Time,
    /// Whom it concerns; `None` is every tenant of the server.
    pub tenant: Option<TenantId>,
    /// What.
    pub kind: Kind,
    /// More of it: words, and numbers of calls, agents and trunks.
    pub facts: Map<String, Value>,
    /// Whom a test was told to, as the outbox knows them.
    pub tested: Vec<String>,
}

/// As the API shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SecurityEventView {
    /// Its id.
    pub id: String,
    /// When.
    pub at: String,
    /// `ban`, `guessing`, `flood`, `toll-refused`, `toll-limit`, `trunk-credentials`, `certificate`, `backup` or `test`.
    pub kind: String,
    /// More of it: words, and ids of calls, agents and trunks.
    pub data: Map<String, Value>,
}

/// How many may still be told, and since when.
#[derive(Clone, Copy)]
struct Allowance {
    left: u32,
    at: Time,
}

/// All that happened since the start.
#[derive(Default)]
pub struct Security {
    next: u64,
    /// Newest last.
    recent: VecDeque<Happened>,
    counts: BTreeMap<Kind, u64>,
    allowances: BTreeMap<TenantId, Allowance>,
}

impl Security {
    /// Counts and keeps something; gives it back with its id.
    pub fn note(&mut self, at: Time, tenant: Option<TenantId>, kind: Kind, facts: Value) -> Happened {
        self.next += 1;
        *self.counts.entry(kind).or_default() += 1;
        let facts = match facts {
            Value::Object(facts) => facts,
            _ => Map::new(),
        };
        let happened = Happened { id: self.next, at, tenant, kind, facts, tested: Vec::new() };
        if self.recent.len() >= MOST_KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(happened.clone());
        happened
    }

    /// Notes whom a test was told to.
    pub fn tested(&mut self, id: u64, receivers: &[String]) {
        if let Some(test) = self.recent.iter_mut().rev().find(|h| h.id == id) {
            test.tested = receivers.to_vec();
        }
    }

    /// Whether one more may be told on behalf of a tenant. Takes it from the allowance.
    pub fn may_tell(&mut self, now: Time, tenant: TenantId) -> bool {
        let a = self.allowances.entry(tenant).or_insert(Allowance { left: BURST, at: now });
        let more = now.since(a.at) / REFILL_MS;
        if more > 0 {
            a.left = a.left.saturating_add(u32::try_from(more).unwrap_or(BURST)).min(BURST);
            a.at = Time(a.at.0 + more * REFILL_MS);
        }
        let may = a.left > 0;
        a.left = a.left.saturating_sub(1);
        may
    }

    /// How often each kind happened.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Kind::ALL.into_iter().map(|kind| (kind.name(), self.counts.get(&kind).copied().unwrap_or(0)))
    }

    /// What concerns a tenant, newest first.
    pub fn of(&self, tenant: TenantId) -> impl Iterator<Item = &Happened> {
        self.recent.iter().rev().filter(move |h| h.tenant.is_none_or(|t| t == tenant))
    }
}

impl Happened {
    /// The id under which other systems are told. Times keep it apart from those of an earlier run.
    pub fn letter_id(&self) -> String {
        format!("s{}-{}", self.at.0, self.id)
    }

    /// As the API shows it.
    pub fn view(&self, meaning: &crate::tenant::Meaning) -> SecurityEventView {
        let facts = Value::Object(self.facts.clone()).to_string();
        let data = match crate::announce::in_words(&facts, meaning) {
            Value::Object(data) => data,
            _ => Map::new(),
        };
        SecurityEventView {
            id: self.letter_id(),
            at: view::time(self.at),
            kind: self.kind.name().into(),
            data,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_kept_and_told_is_bounded() {
        let mut all = Security::default();
        let (one, other) = (TenantId(1), TenantId(2));
        for n in 0..2_000 {
            all.note(Time(n), Some(one), Kind::Guessing, json!({"n": n}));
        }
        all.note(Time(2_000), None, Kind::Ban, json!("nothing"));
        assert_eq!((all.of(one).count(), all.of(other).count()), (MOST_KEPT, 1));
        let newest = all.of(one).next().map(|h| (h.kind, h.letter_id()));
        assert_eq!(newest, Some((Kind::Ban, "s2000-2001".into())));
        let counts: BTreeMap<_, _> = all.counts().collect();
        assert_eq!((counts["guessing"], counts["ban"], counts["test"]), (2_000, 1, 0));
        let told =
            |all: &mut Security, at, tenant| (0..100).filter(|_| all.may_tell(Time(at), tenant)).count();
        assert_eq!((told(&mut all, 0, one), told(&mut all, 0, other)), (10, 10));
        assert_eq!((told(&mut all, 5_999, one), told(&mut all, 12_000, one)), (0, 2));
        assert_eq!(told(&mut all, 10_000_000, one), 10);
    }
}
