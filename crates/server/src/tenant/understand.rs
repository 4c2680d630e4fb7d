//! From checked documents to their meaning, kind by kind.

use crate::tenant::address::{TargetAddress, read_network, read_sip_address};
use crate::tenant::calling_codes;
use crate::tenant::check::Documents;
use crate::tenant::compile::{self, Known};
use crate::tenant::country_prefixes;
use crate::tenant::dialling::Dialling;
use crate::tenant::everything::{Everything, Names};
use crate::tenant::meaning::{AlarmRule, DigitLists, DispositionRule, Meaning, PersonRule, Phone, TrunkRule};
use crate::tenant::objects::{
    Announce, Callback, Dtmf, Pbx, ProxyTransport, Queue, QueueAgent, Recording, RelaxStep, StartState,
    Strategy, Tenant, Trunk,
};
use crate::tenant::outside::{self, MailboxRule};
use crate::tenant::passing;
use crate::tenant::scope::{Scope, slot_id};
use crate::tenant::srtp::SrtpRule;
use crate::tenant::teams_trunk;
use crate::tenant::toll::{self, Gate};
use crate::tenant::trunk::{Account, TrunkPlan};
use crate::tenant::{DialPlan, hours, mailbox, pbx, sound};
use engine::{
    AgentConfig, AgentId, AtStart, CallbackConfig, Config, DispositionId, Easier, FlowId, HoursId,
    LanguageId, LookUpId, Member, NumberConfig, NumberId, PromptId, QueueConfig, QueueId, RecordingRule,
    Relax, SecureConfig, SecureId, SkillId, TrunkId,
};
use redact::Secret;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use teams::permissions::{Feature, Features};

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
    let features = features(settings, &everything.pbxs)?;
    let policy = toll::policy(settings, &everything, &dial_plan, &scope.names);
    let toll = policy.map_err(|faults| first(tenant, faults))?;
    let trunk_plans = reader.trunks(&dial_plan)?;
    let mut meaning = Meaning {
        tenant: tenant.clone(),
        config: Config {
            hold_music: reader.music(&settings.hold_music)?,
            max_call_ms: settings.max_call.0,
            ..Config::default()
        },
        numbers: HashMap::new(),
        phones: HashMap::new(),
        dtmf: HashMap::new(),
        targets: HashMap::new(),
        trunks: Vec::new(),
        far_ends: HashSet::new(),
        prompts: HashMap::from([(PromptId(0), media::prompt::Prompt::music())]),
        spoken: HashMap::new(),
        dialled: HashMap::new(),
        outbound: outbound(&trunk_plans),
        trunk_plans,
        passing: Vec::new(),
        help: Vec::new(),
        lists: lists(settings, &dial_plan),
        classes: toll::classes(settings, &dial_plan),
        dial_plan,
        toll,
        outside: HashMap::new(),
        dialling: Dialling {
            outside_prefix: settings.dial.outside_prefix.clone().unwrap_or_default(),
            ..Dialling::default()
        },
        sip_domain: settings.sip_domain.as_ref().map(|d| d.to_ascii_lowercase()),
        sip_digest: settings.sip_digest.clone(),
        accounts: BTreeMap::new(),
        teams_numbers: BTreeMap::new(),
        digits: DigitLists::default(),
        languages: scope.languages.clone(),
        attributes: scope.attributes.clone(),
        break_reasons: settings.break_reasons.clone(),
        dispositions: BTreeMap::new(),
        look_ups: BTreeMap::new(),
        secure: BTreeMap::new(),
        webhooks: BTreeMap::new(),
        pbxs: BTreeMap::new(),
        teams_app: settings.teams_app.clone(),
        lines: BTreeMap::new(),
        mailboxes: BTreeMap::new(),
        press_one: BTreeMap::new(),
        screen_pops: BTreeMap::new(),
        slots: BTreeMap::new(),
        alarms: BTreeMap::new(),
        queue_names: BTreeMap::new(),
        people: BTreeMap::new(),
        microsoft: settings.microsoft.as_deref().and_then(teams::clean::guid),
        teams_alerts: settings.teams_alerts.clone(),
        keeps_calls: settings.profile.keeps_calls(features.has(Feature::Queues)),
        calls_without_users: settings.profile == crate::tenant::objects::Profile::Connector
            && features.has(Feature::Tab),
        allowed_networks: allowed_networks(settings, &features)?,
        features,
        roles_from: (settings.roles_from, settings.newcomers),
        presence_keeps: settings.presence_keeps.clone(),
        work_accounts: BTreeMap::new(),
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
    let proxies = meaning.trunk_plans.iter().flat_map(|t| &t.proxies);
    meaning.far_ends.extend(proxies.filter_map(|p| Some(p.addr()?.ip())));
    let mut names = scope.names;
    for rule in &meaning.passing {
        let through = format!("through-{}", names.of("Trunk", rule.to.0));
        names.add("Number", &through, rule.number.0);
        names.add("Flow", &through, rule.number.0);
    }
    for help in &meaning.help {
        let through = format!("help-{}", names.of("Trunk", help.from.0));
        names.add("Number", &through, help.number.0);
        names.add("Flow", &through, help.number.0);
    }
    meaning.names = Arc::new(names);
    meaning.config.toll = Some(Box::new(meaning.toll.clone()));
    Ok(meaning)
}

/// Networks from which the API may be used, where the feature is on.
fn allowed_networks(tenant: &Tenant, features: &Features) -> Result<Vec<(std::net::IpAddr, u8)>, String> {
    if !features.has(Feature::AddressAllowList) {
        return Ok(Vec::new());
    }
    tenant.allowed_networks.iter().map(|text| read_network(text)).collect()
}

/// The features of the profile, as the tenant changed them, with those of the telephone systems that it calls through: what
/// is used is also what permissions are asked for and what is attested.
///
/// # Errors
/// A sentence, where one is unknown or not part of the profile.
pub fn features(tenant: &Tenant, pbxs: &BTreeMap<String, Pbx>) -> Result<Features, String> {
    let mut features = Features::of(tenant.profile.into());
    for pbx in pbxs.values() {
        features.switch(port_of(pbx), true)?;
    }
    for (name, on) in &tenant.features {
        let feature = Feature::named(name).ok_or_else(|| format!("{name:?} is no feature"))?;
        features.switch(feature, *on)?;
    }
    Ok(features)
}

/// The feature by which a telephone system is called through.
pub fn port_of(pbx: &Pbx) -> Feature {
    match pbx {
        Pbx { commportal: Some(_), .. } => Feature::DialCommportal,
        Pbx { ari: Some(_), .. } => Feature::DialAri,
        Pbx { esl: Some(_), .. } => Feature::DialEsl,
        _ => Feature::DialUrl,
    }
}

/// How a tenant's numbers are read, and where it may call.
///
/// # Errors
/// The field that is wrong, as a JSON pointer, and a sentence.
pub fn dial_plan(tenant: &Tenant) -> Result<DialPlan, (&'static str, String)> {
    let dial = &tenant.dial;
    let country = tenant.country.as_deref();
    let prefixes = country.and_then(country_prefixes::of);
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
    let said_whole = national.as_deref() == Some("");
    Ok(DialPlan {
        whole: said_whole
            || (national.is_none() && prefixes.is_some_and(|(national, _)| national.is_empty())),
        country_code: code.unwrap_or_default(),
        national_prefix: national.unwrap_or_else(|| known_national.into()),
        international_prefix: international.unwrap_or_else(|| known_international.into()),
        // With a toll the beginnings only take away: without any the toll alone decides.
        allow: if dial.allow.is_empty() && tenant.toll.is_some() {
            vec!["+".into()]
        } else {
            dial.allow.clone()
        },
        deny: dial.deny.clone(),
    })
}

/// The first address that takes calls to the outside: that of the trunk with the lowest priority, if it is no name.
fn outbound(trunks: &[TrunkPlan]) -> Option<TargetAddress> {
    let trunk = trunks.iter().filter(|t| t.outbound).min_by_key(|t| t.priority)?;
    let proxy = trunk.proxies.iter().min_by_key(|p| p.priority)?;
    let (addr, tcp) = (proxy.addr()?, proxy.transport == Some(ProxyTransport::Tcp));
    let uri = Secret::new(format!("sip:{}", proxy.host_port()));
    Some(TargetAddress { uri, addr, tcp, nat: trunk.nat, srtp: trunk.srtp })
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
            let work_account = user.microsoft.as_deref().and_then(teams::clean::guid);
            meaning.work_accounts.extend(work_account.clone().map(|object| (object, n)));
            let roles = user.roles.clone();
            meaning.people.insert(n, PersonRule { id: id.clone(), name, roles, work_account });
            if let Some(line) = &user.line {
                meaning.lines.insert(AgentId(n), Secret::new(line.clone()));
            }
            if user.voicemail {
                let mailbox = mailbox::of_user(n);
                let email = user.email.clone().map(Secret::new);
                meaning.mailboxes.insert(mailbox, MailboxRule { webhook: None, email });
            }
            if !user.is_rung() {
                continue;
            }
            let at_start = match user.at_start {
                StartState::Offline => AtStart::Offline,
                StartState::Available => AtStart::Available,
            };
            let skills = user.skills.iter().map(|(s, level)| Ok((SkillId(self.of("Skill", s)?), level.0)));
            let skills = skills.collect::<Result<Vec<_>, String>>()?;
            meaning.config.agents.push(AgentConfig { id: AgentId(n), at_start, skills });
            let srtp = SrtpRule::of(user.srtp, user.srtp_in_clear);
            if user.dtmf != Dtmf::default() {
                meaning.dtmf.insert(AgentId(n), user.dtmf);
            }
            // Without a phone an agent is rung in the browser.
            if let Some(phone) = &user.phone {
                let phone = TargetAddress { nat: user.nat, srtp, ..read_sip_address(phone)? };
                meaning.phones.insert(AgentId(n), phone);
            }
            if let Some(account) = user.registers.as_ref().and_then(Account::of) {
                let phone = Phone { agent: AgentId(n), password: account.password, nat: user.nat, srtp };
                meaning.accounts.insert(account.user, phone);
            }
            if let Some(number) = &user.teams_number {
                let number = meaning.dial_plan.international(number).unwrap_or_else(|| number.clone());
                meaning.teams_numbers.insert(AgentId(n), Secret::new(number));
            }
            if let Some(number) = &user.number {
                meaning.dialling.extensions.insert(number.clone(), AgentId(n));
            }
        }
        Ok(())
    }

    fn queues(&self, meaning: &mut Meaning) -> Result<(), String> {
        for (id, q) in &self.e.queues {
            let queue = QueueId(self.of("Queue", id)?);
            meaning.config.queues.push(self.queue(queue, q)?);
            meaning.queue_names.insert(queue, q.name.clone());
            if let Some(prompt) = &q.press_one {
                meaning.press_one.insert(queue, self.prompt(prompt)?);
            }
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
        for (id, p) in &self.e.pbxs {
            let rule = pbx::understand(p).map_err(|what| first(id, vec![what]))?;
            meaning.pbxs.insert(id.clone(), rule);
        }
        Ok(())
    }

    fn flows(&self, meaning: &mut Meaning) -> Result<(), String> {
        let look_up_ms = self.e.look_ups.iter().map(|(id, l)| (id.clone(), l.timeout.0)).collect();
        let known = Known {
            scope: self.scope,
            gate: Some(Gate {
                plan: &meaning.dial_plan,
                classes: &meaning.classes,
                policy: &meaning.toll.policy,
            }),
            goes_out: meaning.trunk_plans.iter().any(|t| t.outbound),
            look_up_ms: &look_up_ms,
        };
        let (mut targets, mut outside) = (Vec::new(), Vec::new());
        for (id, flow) in &self.e.flows {
            let made = compile::compile(self.of("Flow", id)?, flow, &known);
            if !made.faults.is_empty() {
                return Err(first(id, made.faults));
            }
            meaning.config.flows.push(made.flow);
            targets.extend(made.targets);
            outside.extend(made.outside);
        }
        meaning.targets.extend(targets);
        for (target, to) in outside {
            meaning.toll.targets.push((target, to.classified.destination));
            if let Some(trunk) = &meaning.outbound {
                let uri = Secret::new(format!("sip:{}@{}", to.number, trunk.addr));
                meaning.targets.insert(target, TargetAddress { uri, ..trunk.clone() });
            }
            meaning.outside.insert(target, Secret::new(to.number));
        }
        for (name, values) in &self.scope.digits {
            meaning.slots.insert(slot_id(name), name.clone());
            meaning.digits.set(slot_id(name), values.clone());
        }
        Ok(())
    }

    fn trunks(&self, plan: &DialPlan) -> Result<Vec<TrunkPlan>, String> {
        let read = |(id, t): (&String, &Trunk)| {
            let n = TrunkId(self.of("Trunk", id)?);
            TrunkPlan::read(n, id, t, plan).map_err(|faults| first(id, faults))
        };
        self.e.trunks.iter().map(read).collect()
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
            // As it is written goes before what another one is to the world.
            meaning.dialling.own.entry(dialled.clone()).or_insert(number);
            meaning.dialled.insert(number, dialled);
            meaning.numbers.insert(n.number.clone(), number);
        }
        for (text, number) in &meaning.numbers {
            meaning.dialling.own.insert(text.clone(), *number);
        }
        for (id, t) in &self.e.trunks {
            let trunk = TrunkId(self.of("Trunk", id)?);
            for network in teams_trunk::networks(t)? {
                meaning.trunks.push(TrunkRule { id: trunk, network, nat: t.nat });
            }
            let rules =
                t.passes_to.iter().map(|rule| Ok((TrunkId(self.of("Trunk", &rule.trunk)?), rule.clone())));
            passing::add(meaning, trunk, &rules.collect::<Result<Vec<_>, String>>()?);
            if t.teams.is_some() {
                passing::add_help(meaning, trunk);
            }
        }
        Ok(())
    }
}

fn first(id: &str, faults: Vec<(String, String)>) -> String {
    faults.into_iter().next().map_or_else(String::new, |(place, what)| format!("{id}{place}: {what}"))
}
