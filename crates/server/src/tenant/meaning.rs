//! What checked documents mean: numbers for the engine, addresses and sounds for the door.

use crate::tenant::DialPlan;
use crate::tenant::destination::Classes;
use crate::tenant::dialling::Dialling;
use crate::tenant::mailbox;
use crate::tenant::number_rules::{NotRewritten, Rewritten};
use crate::tenant::objects::{DigestHash, Dtmf, KeptBy, RolesFrom, TeamsApp, UserRole, WhoseNumber};
use crate::tenant::outside::{LookUpRule, MailboxRule, SecureRule, WebhookRule};
use crate::tenant::passing::{Help, Passing};
use crate::tenant::pbx::PbxRule;
use crate::tenant::srtp::SrtpRule;
use crate::tenant::toll::{Gate, NotCalled, Outside};
use crate::tenant::trunk::{PasswordPlace, TrunkPlan};
use crate::tenant::web::Template;
use engine::TollConfig;
use engine::{
    AgentId, AttributeId, BreakReason, Config, DispositionId, LanguageId, LookUpId, MailboxId, NumberId,
    PromptId, QueueId, SecureId, SlotId, TargetId, TrunkId,
};
use redact::Secret;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use teams::permissions::Features;

pub use crate::tenant::address::{TargetAddress, contains};
pub use crate::tenant::everything::Names;
pub use crate::tenant::understand::understand;

/// Whose calls are taken.
#[derive(Clone, Debug)]
pub struct TrunkRule {
    /// Which trunk.
    pub id: TrunkId,
    /// A network of it: address and length of the prefix.
    pub network: (IpAddr, u8),
    /// Audio may come from elsewhere than signalled.
    pub nat: bool,
}

/// A phone that registers here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// Whose.
    pub agent: AgentId,
    /// Where its password stands.
    pub password: PasswordPlace,
    /// Audio may come from elsewhere than signalled.
    pub nat: bool,
    /// Whether audio is protected.
    pub srtp: SrtpRule,
}

/// A tenant's configuration, understood.
#[derive(Clone)]
pub struct Meaning {
    /// The tenant's id.
    pub tenant: String,
    /// For the engine.
    pub config: Config,
    /// Numbers as they are dialled.
    pub numbers: HashMap<String, NumberId>,
    /// Phones of agents.
    pub phones: HashMap<AgentId, TargetAddress>,
    /// How keys travel to and from phones of agents, where it is not as telephone events.
    pub dtmf: HashMap<AgentId, Dtmf>,
    /// Fixed addresses of flows.
    pub targets: HashMap<TargetId, TargetAddress>,
    /// Trunks.
    pub trunks: Vec<TrunkRule>,
    /// Where phones and fixed addresses are.
    pub far_ends: HashSet<IpAddr>,
    /// Sounds.
    pub prompts: HashMap<PromptId, media::prompt::Prompt>,
    /// Sounds that differ by language.
    pub spoken: HashMap<(PromptId, LanguageId), media::prompt::Prompt>,
    /// Numbers of ours as others see them.
    pub dialled: HashMap<NumberId, String>,
    /// The first address that takes calls to the outside.
    pub outbound: Option<TargetAddress>,
    /// Trunks, with all that they are sent and bear.
    pub trunk_plans: Vec<TrunkPlan>,
    /// Calls that pass through from one trunk to another.
    pub passing: Vec<Passing>,
    /// Calls for help from Microsoft Teams.
    pub help: Vec<Help>,
    /// Fixed numbers outside that flows call, by the step: `+` and digits.
    pub outside: HashMap<TargetId, Secret<String>>,
    /// How numbers are read, and which beginnings may be called.
    pub dial_plan: DialPlan,
    /// What numbers are.
    pub classes: Classes,
    /// What calls to the outside may cost, and who may make them.
    pub toll: TollConfig,
    /// What phones dial.
    pub dialling: Dialling,
    /// The name that phones register with; `None` is any.
    pub sip_domain: Option<String>,
    /// The hash functions with which they prove who they are, in the order in which they are offered.
    pub sip_digest: Vec<DigestHash>,
    /// Phones that register, by their user.
    pub accounts: BTreeMap<String, Phone>,
    /// The numbers that agents have in Microsoft Teams, as the world writes them.
    pub teams_numbers: BTreeMap<AgentId, Secret<String>>,
    /// What keyed digits are compared with.
    pub digits: DigitLists,
    /// Languages of prompts; the first is what calls begin with.
    pub languages: Vec<String>,
    /// What flows remember, and the values each can have.
    pub attributes: Vec<(String, Vec<String>)>,
    /// Numbers by list, as the world writes them; the place is the list's.
    pub lists: Vec<HashSet<String>>,
    /// Why agents take breaks; the first has the number 1.
    pub break_reasons: Vec<String>,
    /// How calls can end for agents.
    pub dispositions: BTreeMap<DispositionId, DispositionRule>,
    /// How other systems are asked about calls.
    pub look_ups: BTreeMap<LookUpId, LookUpRule>,
    /// Where secret digits go.
    pub secure: BTreeMap<SecureId, SecureRule>,
    /// Other systems that are told what happens, by the number of their object.
    pub webhooks: BTreeMap<u32, WebhookRule>,
    /// Telephone systems and softphones that call with one click, by id.
    pub pbxs: BTreeMap<String, PbxRule>,
    /// Under whose name and colours people call from Teams.
    pub teams_app: Option<TeamsApp>,
    /// People's own numbers in those systems.
    pub lines: BTreeMap<AgentId, Secret<String>>,
    /// Who is told of messages.
    pub mailboxes: BTreeMap<MailboxId, MailboxRule>,
    /// What agents outside hear until they press 1 to take a call of a queue.
    pub press_one: BTreeMap<QueueId, PromptId>,
    /// Pages that open for agents who are rung, with blanks for caller, call and queue.
    pub screen_pops: BTreeMap<QueueId, Template>,
    /// What the places for digits are called.
    pub slots: BTreeMap<SlotId, String>,
    /// Bounds of queues that raise an alarm.
    pub alarms: BTreeMap<QueueId, AlarmRule>,
    /// Names of queues as people see them; may be empty.
    pub queue_names: BTreeMap<QueueId, String>,
    /// Who works here, by the number of their object.
    pub people: BTreeMap<u32, PersonRule>,
    /// The Microsoft directory whose people may sign in, by its id in small letters.
    pub microsoft: Option<String>,
    /// The conversation in Teams that is told of security events.
    pub teams_alerts: Option<String>,
    /// Whether calls, and those who make them, are written down.
    pub keeps_calls: bool,
    /// Whether people of the Microsoft directory call from Teams without being users: the profile keeps none.
    pub calls_without_users: bool,
    /// What is switched on: what the profile has, as the tenant changed it.
    pub features: Features,
    /// Networks from which the API may be used; empty is everywhere.
    pub allowed_networks: Vec<(IpAddr, u8)>,
    /// Where the roles of people with a work account come from, and whether new ones may come.
    pub roles_from: (RolesFrom, bool),
    /// Which presences in Teams keep an agent from being rung.
    pub presence_keeps: Vec<KeptBy>,
    /// Users by their object id there.
    pub work_accounts: BTreeMap<String, u32>,
    /// Ids of objects by kind and number, for people to read.
    pub names: Arc<Names>,
}

/// What a queue's configuration says of alarms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlarmRule {
    /// More callers waiting than this.
    pub waiting: Option<u64>,
    /// The first in line waits longer than this, in milliseconds.
    pub longest_wait_ms: Option<u64>,
    /// The service level of the last half hour is below this, in percent.
    pub service_level: Option<u64>,
}

/// Somebody who works with Switchroom.
#[derive(Clone, Debug)]
pub struct PersonRule {
    /// Id of the object.
    pub id: String,
    /// Name shown to colleagues.
    pub name: Secret<String>,
    /// What they may do.
    pub roles: Vec<UserRole>,
    /// Their id in the tenant's Microsoft directory, where they have a work account.
    pub work_account: Option<String>,
}

impl PersonRule {
    /// Whether they are rung: agents for queues, supervisors to listen and to help.
    pub fn is_rung(&self) -> bool {
        self.roles.iter().any(|r| matches!(r, UserRole::Agent | UserRole::Supervisor))
    }
}

/// What digits that callers key are compared with.
#[derive(Clone, Debug, Default)]
pub struct DigitLists(BTreeMap<SlotId, Vec<String>>);

impl DigitLists {
    /// What the digits of a slot are compared with, in place of what was before; at most 65,535.
    pub fn set(&mut self, slot: SlotId, mut digits: Vec<String>) {
        digits.sort_unstable();
        digits.dedup();
        self.0.insert(slot, digits);
    }

    /// The place of these digits in a slot's list, from 1 on; 0 if they are not in it.
    pub fn place(&self, slot: SlotId, digits: &str) -> u16 {
        let found = self.0.get(&slot).and_then(|list| list.binary_search_by(|d| d.as_str().cmp(digits)).ok());
        found.map_or(0, |n| n as u16 + 1)
    }
}

impl Meaning {
    /// The number by which colleagues call a person.
    pub fn extension(&self, agent: AgentId) -> Option<&str> {
        self.dialling.extensions.iter().find(|(_, a)| **a == agent).map(|(number, _)| number.as_str())
    }

    /// Which numbers outside may be called, whoever calls.
    pub fn gate(&self) -> Gate<'_> {
        Gate { plan: &self.dial_plan, classes: &self.classes, policy: &self.toll.policy }
    }

    /// The number outside to call for a caller or a flow, and what it is.
    ///
    /// # Errors
    /// Why it may not be called.
    pub fn outward(&self, number: &str) -> Result<Outside, NotCalled> {
        self.gate().world(number)
    }

    /// A trunk, with all that it is sent and bears.
    pub fn trunk_plan(&self, trunk: TrunkId) -> Option<&TrunkPlan> {
        self.trunk_plans.iter().find(|t| t.id == trunk)
    }

    /// Which number of ours a trunk means, and what its rules made of what it sent. A number is looked for as it was sent,
    /// as the rules wrote it, and as the world writes that.
    pub fn called(&self, trunk: TrunkId, sent: &str) -> (Option<NumberId>, Result<Rewritten, NotRewritten>) {
        let rules = self.trunk_plan(trunk).map(|t| &t.inbound);
        let made = match rules {
            Some(rules) => rules.inward(sent, WhoseNumber::Called, &self.dial_plan),
            None => Ok(Rewritten { number: sent.into(), rule: None }),
        };
        let mut found = self.numbers.get(sent);
        if let Ok(made) = &made {
            let world = || self.dialling.own.get(&self.dial_plan.international(&made.number)?);
            found = found.or_else(|| self.dialling.own.get(&made.number)).or_else(world);
        }
        (found.copied(), made)
    }

    /// The number of a caller from a trunk, as the trunk's rules write it. An address that is no number stays.
    pub fn caller(&self, trunk: TrunkId, sent: &str) -> String {
        let digits = sent.strip_prefix('+').unwrap_or(sent);
        let rules = self.trunk_plan(trunk).filter(|_| digits.bytes().all(|c| c.is_ascii_digit()));
        let made = rules.map(|t| t.inbound.inward(sent, WhoseNumber::Caller, &self.dial_plan));
        made.and_then(Result::ok).map_or_else(|| sent.to_string(), |made| made.number)
    }

    /// The forms in which a number may have come with a call: as it is written here, and as the dial plan writes it.
    pub fn forms_of(&self, number: &str) -> Vec<Secret<String>> {
        let mut forms = vec![number.to_string()];
        forms.extend(self.dial_plan.forms(number));
        forms.dedup();
        forms.into_iter().map(Secret::new).collect()
    }

    /// A phone that registers here under a name by which one of the other tenant's does: nobody could tell them apart.
    pub fn registers_like(&self, other: &Meaning) -> Option<&str> {
        let apart = matches!((&self.sip_domain, &other.sip_domain), (Some(a), Some(b)) if a != b);
        self.accounts.keys().find(|user| !apart && other.accounts.contains_key(*user)).map(String::as_str)
    }

    /// What is heard: in this language, or in the one that the prompt has.
    pub fn prompt(&self, id: PromptId, language: LanguageId) -> Option<&media::prompt::Prompt> {
        self.spoken.get(&(id, language)).or_else(|| self.prompts.get(&id))
    }

    /// What an attribute and its value are called.
    pub fn attribute(&self, attribute: AttributeId, value: u16) -> (String, String) {
        match self.attributes.get(usize::from(attribute.0)) {
            Some((name, values)) => {
                let value =
                    values.get(usize::from(value)).cloned().unwrap_or_else(|| format!("value-{value}"));
                (name.clone(), value)
            }
            None => (format!("attribute-{}", attribute.0), format!("value-{value}")),
        }
    }

    /// What a language is called.
    pub fn language(&self, language: LanguageId) -> String {
        self.languages.get(usize::from(language.0)).cloned().unwrap_or_default()
    }

    /// Whose voicemail box it is.
    pub fn mailbox(&self, mailbox: MailboxId) -> String {
        match mailbox::owner(mailbox) {
            mailbox::Owner::Queue(n) => self.names.of("Queue", n),
            mailbox::Owner::User(n) => self.names.of("User", n),
        }
    }

    /// What a reason for a break is called; `None` for no reason or one that is no longer there.
    pub fn break_reason(&self, reason: BreakReason) -> Option<&str> {
        let n = usize::from(reason.0).checked_sub(1)?;
        self.break_reasons.get(n).map(String::as_str)
    }

    /// On which lists a number stands, one bit each.
    pub fn lists_of(&self, number: &str) -> u64 {
        self.lists
            .iter()
            .take(64)
            .enumerate()
            .filter(|(_, l)| l.contains(number))
            .fold(0, |a, (n, _)| a | 1 << n)
    }

    /// A network of a trunk here that is, or lies around, one of the other tenant's: its calls could be taken for ours.
    pub fn takes_from(&self, other: &Meaning) -> Option<(IpAddr, u8)> {
        // Calls of Teams say by our name in them whose they are.
        let name = |m: &Meaning, rule: &TrunkRule| {
            m.trunk_plan(rule.id).and_then(|t| Some(t.teams.as_ref()?.fqdn.clone()))
        };
        let same = |a: &TrunkRule, b: &TrunkRule| {
            let near = contains(a.network, b.network.0) || contains(b.network, a.network.0);
            near && !matches!((name(self, a), name(other, b)), (Some(a), Some(b)) if a != b)
        };
        self.trunks.iter().find(|a| other.trunks.iter().any(|b| same(a, b))).map(|t| t.network)
    }

    /// Whether anything at this address belongs to the tenant.
    pub fn knows(&self, ip: IpAddr) -> bool {
        self.trunks.iter().any(|t| contains(t.network, ip)) || self.far_ends.contains(&ip)
    }
}

/// How a call can end for an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DispositionRule {
    /// Id of the object.
    pub id: String,
    /// Name shown to people.
    pub name: String,
    /// For calls of which queues; `None` is all.
    pub queues: Option<Vec<QueueId>>,
}

#[cfg(test)]
mod tests;
