//! From checked documents to their meaning, kind by kind.

use crate::alarm::AlarmRule;
use crate::tenant::address::{TargetAddress, read_network, read_sip_address};
use crate::tenant::calling_codes;
use crate::tenant::check::Documents;
use crate::tenant::compile::{self, Known};
use crate::tenant::everything::{Everything, Names};
use crate::tenant::meaning::{DigitLists, DispositionRule, Meaning, PersonRule, TrunkRule};
use crate::tenant::objects::{
    Announce, Callback, Queue, QueueAgent, Recording, RelaxStep, StartState, Strategy, Tenant,
};
use crate::tenant::outside::{self, MailboxRule};
use crate::tenant::scope::{Scope, slot_id};
use crate::tenant::{DialPlan, hours, mailbox, sound};
use engine::{
    AgentConfig, AgentId, AtStart, CallbackConfig, Config, DispositionId, Easier, FlowId, HoursId,
    LanguageId, LookUpId, Member, NumberConfig, NumberId, PromptId, QueueConfig, QueueId, RecordingRule,
    Relax, SecureConfig, SecureId, SkillId, TrunkId,
};
use redact::Secret;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Understands documents that were checked. `number` gives the number of each object, by kind and id.
///
/// # Errors
/// A sentence; only when something passed the check that should not have.
pub fn understand(
    documents: &Documents,
    number: &dyn Fn(&str, &str) -> Option<u32>,
) -> Result<Meaning, String> {
    let mut names = Names::default();
    for d in documents.values() {
        let kind =
            crate::tenant::schema::KINDS.iter().find(|k| **k == d.kind).copied().ok_or("unknown kind")?;
        let n = number(&d.kind, &d.id).ok_or_else(|| format!("{} {} has no number", d.kind, d.id))?;
        names.add(kind, &d.id, n);
    }
    let (everything, bad) = Everything::read(documents);
    if let Some(what) = bad.into_iter().next() {
        return Err(what);
    }
    let (tenant, settings) = everything.tenants.iter().next().ok_or("an object of kind Tenant is missing")?;
    let scope = Scope::of(&everything, names);
    let reader = Reader { e: &everything, scope: &scope };
    let dial_plan = dial_plan(settings).map_err(|(_, what)| what)?;
    let mut meaning = Meaning {
        tenant: tenant.clone(),
        config: Config {
            hold_music: reader.music(&settings.hold_music)?,
            max_call_ms: settings.max_call.0,
            ..Config::default()
        },
        numbers: HashMap::new(),
        phones: HashMap::new(),
        targets: HashMap::new(),
        trunks: Vec::new(),
        far_ends: HashSet::new(),
        prompts: HashMap::from([(PromptId(0), media::prompt::Prompt::music())]),
        spoken: HashMap::new(),
        dialled: HashMap::new(),
        outbound: outbound(&everything)?,
        lists: lists(settings, &dial_plan),
        dial_plan,
        digits: DigitLists::default(),
        languages: scope.languages.clone(),
        attributes: scope.attributes.clone(),
        break_reasons: settings.break_reasons.clone(),
        dispositions: BTreeMap::new(),
        look_ups: BTreeMap::new(),
        secure: BTreeMap::new(),
        webhooks: BTreeMap::new(),
        mailboxes: BTreeMap::new(),
        screen_pops: BTreeMap::new(),
        slots: BTreeMap::new(),
        alarms: BTreeMap::new(),
        queue_names: BTreeMap::new(),
        people: BTreeMap::new(),
        names: Arc::default(),
    };
    reader.sounds(&mut meaning)?;
    reader.users(&mut meaning)?;
    reader.queues(&mut meaning)?;
    reader.hours(&mut meaning)?;
    reader.outside(&mut meaning)?;
    reader.flows(&mut meaning)?;
    reader.numbers(&mut meaning)?;
    meaning.far_ends = meaning.phones.values().chain(meaning.targets.values()).map(|a| a.addr.ip()).collect();
    meaning.far_ends.extend(meaning.outbound.iter().map(|a| a.addr.ip()));
    meaning.names = Arc::new(scope.names);
    Ok(meaning)
}

/// How a tenant's numbers are read, and where it may call.
///
/// # Errors
/// The field that is wrong, as a JSON pointer, and a sentence.
pub fn dial_plan(tenant: &Tenant) -> Result<DialPlan, (&'static str, String)> {
    let dial = &tenant.dial;
    let country = tenant.country.as_deref();
    let prefixes = match country {
        Some("AT" | "CH" | "DE" | "FR" | "GB") => Some(("0", "00")),
        Some("US") => Some(("1", "011")),
        _ => None,
    };
    let code = dial.calling_code.clone().or_else(|| calling_codes::code(country?).map(str::to_string));
    let (national, international) = (dial.national_prefix.clone(), dial.international_prefix.clone());
    if let Some(country) = country {
        if code.is_none() {
            let what = format!("the calling code of {country} is not known here: give dial.calling_code");
            return Err(("/country", what));
        }
        if prefixes.is_none() && (national.is_none() || international.is_none()) {
            let what = format!(
                "how numbers are dialled in {country} is not known here: give dial.national_prefix and dial.international_prefix"
            );
            return Err(("/country", what));
        }
    }
    let (known_national, known_international) = prefixes.unwrap_or_default();
    Ok(DialPlan {
        country_code: code.unwrap_or_default(),
        national_prefix: national.unwrap_or_else(|| known_national.into()),
        international_prefix: international.unwrap_or_else(|| known_international.into()),
        allow: dial.allow.clone(),
        deny: dial.deny.clone(),
    })
}

/// Where a tenant's calls to the outside go.
///
/// # Errors
/// A sentence.
pub fn outbound(everything: &Everything) -> Result<Option<TargetAddress>, String> {
    let Some(trunk) = everything.trunks.values().find(|t| t.outbound) else { return Ok(None) };
    let address = trunk.address.as_deref().ok_or("a trunk with outbound: true has no address")?;
    Ok(Some(TargetAddress { nat: trunk.nat, ..read_sip_address(address)? }))
}

// A number that cannot be read stands as it is: so it arrives too.
fn lists(tenant: &Tenant, plan: &DialPlan) -> Vec<HashSet<String>> {
    let number = |n: &String| plan.international(n).unwrap_or_else(|| n.clone());
    tenant.lists.values().map(|list| list.0.iter().map(number).collect()).collect()
}

struct Reader<'a> {
    e: &'a Everything,
    scope: &'a Scope,
}

impl Reader<'_> {
    fn of(&self, kind: &'static str, id: &str) -> Result<u32, String> {
        self.scope.names.number(kind, id).ok_or_else(|| format!("there is no {kind} {id:?}"))
    }

    fn prompt(&self, id: &str) -> Result<PromptId, String> {
        self.of("Prompt", id).map(PromptId)
    }

    fn maybe_prompt(&self, id: &Option<String>) -> Result<Option<PromptId>, String> {
        id.as_deref().map(|id| self.prompt(id)).transpose()
    }

    fn music(&self, id: &Option<String>) -> Result<PromptId, String> {
        Ok(self.maybe_prompt(id)?.unwrap_or(PromptId(0)))
    }

    fn sounds(&self, meaning: &mut Meaning) -> Result<(), String> {
        for (id, p) in &self.e.prompts {
            let prompt = self.prompt(id)?;
            for (name, spoken) in p.languages.iter().flatten() {
                meaning.spoken.insert((prompt, self.scope.language(name)?), sound::of_language(spoken)?);
            }
            // Where no language is in force, or for music: the prompt's own sound, or that of the first language.
            let first = meaning.spoken.get(&(prompt, LanguageId(0))).cloned();
            let own = match (sound::of_prompt(p)?, first) {
                (Some(own), _) => own,
                (None, Some(first)) => first,
                (None, None) => return Err(format!("Prompt {id:?} has no sound")),
            };
            meaning.prompts.insert(prompt, own);
        }
        Ok(())
    }

    fn users(&self, meaning: &mut Meaning) -> Result<(), String> {
        for (id, user) in &self.e.users {
            let n = self.of("User", id)?;
            let name = Secret::new(user.name.clone());
            meaning.people.insert(n, PersonRule { id: id.clone(), name, roles: user.roles.clone() });
            if user.voicemail {
                let mailbox = mailbox::of_user(n);
                let email = user.email.clone().map(Secret::new);
                meaning.mailboxes.insert(mailbox, MailboxRule { webhook: None, email });
            }
            let Some(phone) = user.phone.as_ref().filter(|_| user.is_rung()) else { continue };
            let at_start = match user.at_start {
                StartState::Offline => AtStart::Offline,
                StartState::Available => AtStart::Available,
            };
            let skills = user.skills.iter().map(|(s, level)| Ok((SkillId(self.of("Skill", s)?), level.0)));
            let skills = skills.collect::<Result<Vec<_>, String>>()?;
            meaning.config.agents.push(AgentConfig { id: AgentId(n), at_start, skills });
            meaning.phones.insert(AgentId(n), TargetAddress { nat: user.nat, ..read_sip_address(phone)? });
        }
        Ok(())
    }

    fn queues(&self, meaning: &mut Meaning) -> Result<(), String> {
        for (id, q) in &self.e.queues {
            let queue = QueueId(self.of("Queue", id)?);
            meaning.config.queues.push(self.queue(queue, q)?);
            meaning.queue_names.insert(queue, q.name.clone());
            if let Some(bounds) = &q.alarms {
                let rule = AlarmRule {
                    waiting: bounds.waiting.map(u64::from),
                    longest_wait_ms: bounds.longest_wait.map(|s| s.0),
                    service_level: bounds.service_level.map(u64::from),
                };
                meaning.alarms.insert(queue, rule);
            }
            let mailbox = mailbox::of_queue(queue.0);
            let notice = q.voicemail.clone().unwrap_or_default();
            let webhook = notice.webhook.as_deref().map(|w| self.of("Webhook", w)).transpose()?;
            let email = notice.email.map(Secret::new);
            meaning.mailboxes.insert(mailbox, MailboxRule { webhook, email });
            if let Some(page) = &q.screen_pop {
                meaning.screen_pops.insert(queue, outside::screen_pop(page)?);
            }
            if let Some(callback) = &q.callback {
                meaning.slots.insert(slot_id(&callback.slot), callback.slot.clone());
            }
        }
        for (id, d) in &self.e.dispositions {
            let queues = d.queues.as_ref().map(|queues| {
                queues.iter().map(|q| self.of("Queue", q).map(QueueId)).collect::<Result<Vec<_>, _>>()
            });
            let rule = DispositionRule { id: id.clone(), name: d.name.clone(), queues: queues.transpose()? };
            meaning.dispositions.insert(DispositionId(self.of("Disposition", id)?), rule);
        }
        Ok(())
    }

    fn queue(&self, id: QueueId, q: &Queue) -> Result<QueueConfig, String> {
        let member = |agent: &QueueAgent| {
            let (agent, order, weight) = agent.parts();
            Ok(Member { agent: AgentId(self.of("User", agent)?), order, weight })
        };
        Ok(QueueConfig {
            id,
            members: q.agents.iter().map(member).collect::<Result<_, String>>()?,
            strategy: match q.strategy {
                Strategy::LongestIdle => engine::Strategy::LongestIdle,
                Strategy::MostFitting => engine::Strategy::MostFitting,
                Strategy::FewestCalls => engine::Strategy::FewestCalls,
                Strategy::RoundRobin => engine::Strategy::RoundRobin,
            },
            ring_at_once: q.ring_at_once,
            last_agent_ms: q.last_agent.0,
            ring_ms: q.ring_time.0,
            wrap_up_ms: q.wrap_up.0,
            more_wrap_up_ms: q.more_wrap_up.0,
            disposition_forced: q.disposition_forced,
            max_wait_ms: q.max_wait.0,
            max_waiting: q.max_waiting,
            misses_to_suspend: q.misses_to_suspend,
            music: self.music(&q.music)?,
            answer_within_ms: q.answer_within.0,
            priority_ms: q.priority_step.0,
            relax: q.relax.iter().map(|r| self.relax(r)).collect::<Result<_, String>>()?,
            announce: q.announce.as_ref().map(|a| self.announce(a)).transpose()?,
            callback: q.callback.as_ref().map(|c| self.callback(c)).transpose()?,
        })
    }

    fn relax(&self, r: &RelaxStep) -> Result<Relax, String> {
        let what = match r {
            RelaxStep { lower: Some(l), .. } => {
                Easier::Lower { skill: SkillId(self.of("Skill", &l.skill)?), by: l.by }
            }
            RelaxStep { drop: Some(s), .. } => Easier::Drop { skill: SkillId(self.of("Skill", s)?) },
            RelaxStep { also_queue: Some(q), .. } => {
                Easier::AlsoQueue { queue: QueueId(self.of("Queue", q)?) }
            }
            RelaxStep { ring_at_once: Some(phones), .. } => Easier::RingAtOnce { phones: *phones },
            RelaxStep { priority: Some(steps), .. } => Easier::Priority { steps: *steps },
            RelaxStep { drop_all: Some(true), .. } => Easier::DropAll,
            _ => return Err("a step of relax says nothing".into()),
        };
        Ok(Relax { after_ms: r.after.0, what })
    }

    fn announce(&self, a: &Announce) -> Result<engine::Announce, String> {
        Ok(engine::Announce {
            first_ms: a.first.0,
            every_ms: a.every.0,
            positions: a.positions.iter().map(|p| self.prompt(p)).collect::<Result<_, _>>()?,
            further_back: self.maybe_prompt(&a.further_back)?,
            waits: a
                .waits
                .iter()
                .map(|w| Ok((w.up_to.0, self.prompt(&w.say)?)))
                .collect::<Result<_, String>>()?,
            longer: self.maybe_prompt(&a.longer)?,
        })
    }

    fn callback(&self, c: &Callback) -> Result<CallbackConfig, String> {
        Ok(CallbackConfig {
            key: c.key.chars().next().ok_or("a callback has no key")?,
            offer: self.prompt(&c.offer)?,
            offer_ms: c.offer_after.0,
            confirm: self.prompt(&c.confirm)?,
            enter: self.prompt(&c.enter)?,
            done: self.prompt(&c.done)?,
            refused: self.prompt(&c.refused)?,
            greeting: self.maybe_prompt(&c.greeting)?,
            slot: slot_id(&c.slot),
            agent_first: c.agent_first,
            ring_ms: c.ring_time.0,
            attempts: c.attempts,
            retry_ms: c.retry.0,
            promise_ms: c.promise.0,
            hours: c.hours.as_deref().map(|h| self.of("Hours", h).map(HoursId)).transpose()?,
        })
    }

    fn hours(&self, meaning: &mut Meaning) -> Result<(), String> {
        for (id, h) in &self.e.hours {
            let sets: Vec<_> = h.holiday_sets.iter().filter_map(|s| self.e.holidays.get(s)).collect();
            let sets: Vec<_> = sets.iter().map(|s| s.days.as_slice()).collect();
            let hours = hours::compile(HoursId(self.of("Hours", id)?), h, &sets);
            meaning.config.hours.push(hours.map_err(|faults| first(id, faults))?);
        }
        Ok(())
    }

    fn outside(&self, meaning: &mut Meaning) -> Result<(), String> {
        for (id, l) in &self.e.look_ups {
            let rule = outside::look_up(l, self.scope).map_err(|faults| first(id, faults))?;
            meaning.look_ups.insert(LookUpId(self.of("LookUp", id)?), rule);
        }
        for (id, s) in &self.e.secure {
            let secure = SecureId(self.of("SecureEntry", id)?);
            meaning.secure.insert(secure, outside::secure(s));
            meaning.config.secure.push(SecureConfig {
                id: secure,
                prompt: self.prompt(&s.prompt)?,
                digits: s.digits.map(|count| count.0).into(),
                first_ms: s.first.0,
                next_ms: s.next.0,
                tries: s.tries,
                pass_ms: s.pass.timeout.0,
            });
        }
        for (id, w) in &self.e.webhooks {
            meaning.webhooks.insert(self.of("Webhook", id)?, outside::webhook(w));
        }
        Ok(())
    }

    fn flows(&self, meaning: &mut Meaning) -> Result<(), String> {
        let look_up_ms = self.e.look_ups.iter().map(|(id, l)| (id.clone(), l.timeout.0)).collect();
        let known = Known {
            scope: self.scope,
            dial_plan: &meaning.dial_plan,
            outbound: meaning.outbound.as_ref(),
            look_up_ms: &look_up_ms,
        };
        for (id, flow) in &self.e.flows {
            let made = compile::compile(self.of("Flow", id)?, flow, &known);
            if !made.faults.is_empty() {
                return Err(first(id, made.faults));
            }
            meaning.config.flows.push(made.flow);
            meaning.targets.extend(made.targets);
        }
        for (name, values) in &self.scope.digits {
            meaning.slots.insert(slot_id(name), name.clone());
            meaning.digits.set(slot_id(name), values.clone());
        }
        Ok(())
    }

    fn numbers(&self, meaning: &mut Meaning) -> Result<(), String> {
        for (id, n) in &self.e.numbers {
            let number = NumberId(self.of("Number", id)?);
            meaning.config.numbers.push(NumberConfig {
                id: number,
                flow: FlowId(self.of("Flow", &n.flow)?),
                recording: match n.recording {
                    Recording::Allowed => RecordingRule::Allowed,
                    Recording::WithConsent => RecordingRule::WithConsent,
                    Recording::Never => RecordingRule::Never,
                },
                language: n.language.as_deref().map_or(Ok(LanguageId(0)), |l| self.scope.language(l))?,
            });
            let dialled = meaning.dial_plan.international(&n.number).unwrap_or_else(|| n.number.clone());
            meaning.dialled.insert(number, dialled);
            meaning.numbers.insert(n.number.clone(), number);
        }
        for (id, t) in &self.e.trunks {
            let trunk = TrunkId(self.of("Trunk", id)?);
            for network in &t.networks {
                meaning.trunks.push(TrunkRule { id: trunk, network: read_network(network)?, nat: t.nat });
            }
        }
        Ok(())
    }
}

fn first(id: &str, faults: Vec<(String, String)>) -> String {
    faults.into_iter().next().map_or_else(String::new, |(place, what)| format!("{id}{place}: {what}"))
}
