//! What checked documents mean: numbers for the engine, addresses and sounds for the door.

use crate::tenant::DialPlan;
use crate::tenant::check::Documents;
use crate::tenant::objects::{
    Flow, FlowStep, Number, Prompt, Queue, StartState, Tenant, Trunk, User, UserRole,
};
use base64::Engine as _;
use engine::{
    AgentConfig, AgentId, AtStart, AttributeId, Config, FlowConfig, FlowId, LanguageId, MailboxId,
    NumberConfig, NumberId, PromptId, QueueConfig, QueueId, SlotId, Step, TargetId, TrunkId,
};
use redact::Secret;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// An address that can be rung.
#[derive(Clone, Debug)]
pub struct TargetAddress {
    /// Request-URI.
    pub uri: Secret<String>,
    /// Where to send.
    pub addr: SocketAddr,
    /// Over TCP.
    pub tcp: bool,
    /// Audio may come from elsewhere than signalled.
    pub nat: bool,
}

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
    /// Where calls to the outside go.
    pub outbound: Option<TargetAddress>,
    /// How numbers are read, and which may be called.
    pub dial_plan: DialPlan,
    /// What keyed digits are compared with.
    pub digits: DigitLists,
    /// Languages of prompts; the first is what calls begin with.
    pub languages: Vec<String>,
    /// What flows remember, and the values each can have.
    pub attributes: Vec<(String, Vec<String>)>,
    /// Numbers by list, as the world writes them; the place is the list's.
    pub lists: Vec<HashSet<String>>,
    /// Ids of objects by kind and number, for people to read.
    pub names: Arc<Names>,
}

/// What digits that callers key are compared with.
#[derive(Clone, Debug, Default)]
pub struct DigitLists(BTreeMap<SlotId, Vec<String>>);

impl DigitLists {
    /// The place of these digits in a slot's list, from 1 on; 0 if they are not in it.
    pub fn place(&self, slot: SlotId, digits: &str) -> u16 {
        let found = self.0.get(&slot).and_then(|list| list.iter().position(|d| d == digits));
        found.map_or(0, |n| n as u16 + 1)
    }
}

impl Meaning {
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
        match self.names.known("Queue", mailbox.0) {
            Some(queue) => queue,
            None => self.names.of("User", mailbox.0),
        }
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
        let same = |a: &TrunkRule, b: &TrunkRule| {
            contains(a.network, b.network.0) || contains(b.network, a.network.0)
        };
        self.trunks.iter().find(|a| other.trunks.iter().any(|b| same(a, b))).map(|t| t.network)
    }

    /// Whether anything at this address belongs to the tenant.
    pub fn knows(&self, ip: IpAddr) -> bool {
        self.trunks.iter().any(|t| contains(t.network, ip)) || self.far_ends.contains(&ip)
    }
}

/// What numbers are called.
#[derive(Clone, Debug, Default)]
pub struct Names {
    by_number: BTreeMap<(&'static str, u32), String>,
    by_name: BTreeMap<(&'static str, String), u32>,
}

impl Names {
    /// The id of an object; its number where it is no longer there.
    pub fn of(&self, kind: &'static str, number: u32) -> String {
        self.by_number.get(&(kind, number)).cloned().unwrap_or_else(|| format!("removed-{number}"))
    }

    /// The id of an object that is there.
    pub fn known(&self, kind: &'static str, number: u32) -> Option<String> {
        self.by_number.get(&(kind, number)).cloned()
    }

    /// The number of an object.
    pub fn number(&self, kind: &'static str, id: &str) -> Option<u32> {
        self.by_name.get(&(kind, id.to_string())).copied()
    }

    fn add(&mut self, kind: &'static str, id: &str, number: u32) {
        self.by_number.insert((kind, number), id.into());
        self.by_name.insert((kind, id.into()), number);
    }
}

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
    let of = |kind: &'static str, id: &str| {
        names.number(kind, id).ok_or_else(|| format!("there is no {kind} {id:?}"))
    };
    let music = |p: &Option<String>| match p {
        Some(id) => of("Prompt", id).map(PromptId),
        None => Ok(PromptId(0)),
    };
    let tenants: Vec<(String, Tenant)> = all(documents, "Tenant")?;
    let (tenant_id, tenant) = tenants.into_iter().next().ok_or("an object of kind Tenant is missing")?;
    let mut meaning = Meaning {
        tenant: tenant_id,
        config: Config {
            hold_music: music(&tenant.hold_music)?,
            max_call_ms: tenant.max_call.0,
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
        outbound: None,
        dial_plan: DialPlan::default(),
        digits: DigitLists::default(),
        languages: Vec::new(),
        attributes: Vec::new(),
        lists: Vec::new(),
        names: Arc::default(),
    };
    for (id, user) in all::<User>(documents, "User")? {
        if !user.roles.contains(&UserRole::Agent) {
            continue;
        }
        let agent = AgentId(of("User", &id)?);
        let at_start = match user.at_start {
            StartState::Offline => AtStart::Offline,
            StartState::Available => AtStart::Available,
        };
        meaning.config.agents.push(AgentConfig { id: agent, at_start, skills: Vec::new() });
        if let Some(phone) = &user.phone {
            meaning.phones.insert(agent, TargetAddress { nat: user.nat, ..read_sip_address(phone)? });
        }
    }
    for (id, q) in all::<Queue>(documents, "Queue")? {
        let members = q
            .agents
            .iter()
            .map(|a| of("User", a).map(|n| AgentId(n).into()))
            .collect::<Result<Vec<_>, _>>()?;
        meaning.config.queues.push(QueueConfig {
            id: QueueId(of("Queue", &id)?),
            members,
            ring_ms: q.ring_time.0,
            wrap_up_ms: q.wrap_up.0,
            max_wait_ms: q.max_wait.0,
            max_waiting: q.max_waiting,
            misses_to_suspend: q.misses_to_suspend,
            music: music(&q.music)?,
            answer_within_ms: q.answer_within.0,
            ..QueueConfig::default()
        });
    }
    for (id, flow) in all::<Flow>(documents, "Flow")? {
        let flow_id = of("Flow", &id)?;
        let mut steps = Vec::new();
        for (n, step) in flow.steps.iter().enumerate() {
            steps.push(match step {
                FlowStep::Answer(_) => Step::Answer,
                FlowStep::Say(p) => Step::Say { prompt: PromptId(of("Prompt", p)?) },
                FlowStep::Record(on) => Step::Record { on: *on },
                FlowStep::Queue(q) => Step::Queue { queue: QueueId(of("Queue", q)?), overflow: Vec::new() },
                FlowStep::Connect(c) => {
                    // A flow has at most 200 steps, so flow and step together name the address for good.
                    let target = TargetId(flow_id << 8 | n as u32);
                    meaning.targets.insert(target, read_sip_address(&c.to)?);
                    Step::Connect { target, ring_ms: c.ring_time.0 }
                }
                FlowStep::HangUp(_) => Step::HangUp,
            });
        }
        meaning.config.flows.push(FlowConfig::in_order(FlowId(flow_id), steps));
    }
    for (id, n) in all::<Number>(documents, "Number")? {
        let number = NumberId(of("Number", &id)?);
        meaning.config.numbers.push(NumberConfig {
            id: number,
            flow: FlowId(of("Flow", &n.flow)?),
            recording: engine::RecordingRule::Allowed,
            language: engine::LanguageId(0),
        });
        meaning.numbers.insert(n.number, number);
    }
    for (id, t) in all::<Trunk>(documents, "Trunk")? {
        let trunk = TrunkId(of("Trunk", &id)?);
        for network in &t.networks {
            meaning.trunks.push(TrunkRule { id: trunk, network: read_network(network)?, nat: t.nat });
        }
    }
    for (id, p) in all::<Prompt>(documents, "Prompt")? {
        meaning.prompts.insert(PromptId(of("Prompt", &id)?), sound(&p)?);
    }
    meaning.far_ends = meaning.phones.values().chain(meaning.targets.values()).map(|a| a.addr.ip()).collect();
    meaning.names = Arc::new(names);
    Ok(meaning)
}

fn all<T: DeserializeOwned>(documents: &Documents, kind: &str) -> Result<Vec<(String, T)>, String> {
    documents
        .values()
        .filter(|d| d.kind == kind)
        .map(|d| {
            let mut body = d.body.clone();
            if let Some(o) = body.as_object_mut() {
                o.remove("kind");
                o.remove("id");
            }
            let read = serde_json::from_value(body).map_err(|e| format!("{} {}: {e}", d.kind, d.id))?;
            Ok((d.id.clone(), read))
        })
        .collect()
}

fn sound(p: &Prompt) -> Result<media::prompt::Prompt, String> {
    use media::prompt::Prompt as Sound;
    if let Some(tone) = &p.tone {
        return Ok(Sound::tone(f64::from(tone.hz), tone.length.0 as u32, 0.3));
    }
    match &p.wav {
        Some(wav) => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(wav).map_err(|e| e.to_string())?;
            Sound::from_wav(&bytes).map_err(|e| e.to_string())
        }
        None => Ok(Sound::music()),
    }
}

/// Reads `sip:user@address[:port][;transport=tcp]`.
///
/// # Errors
/// A sentence.
pub fn read_sip_address(text: &str) -> Result<TargetAddress, String> {
    let example = "write it as sip:name@192.0.2.10:5060";
    let uri = sip::Uri::parse(text.as_bytes()).map_err(|_| format!("this is no SIP address: {example}"))?;
    if !uri.is_sip() {
        return Err(format!("only sip: addresses can be rung: {example}"));
    }
    let addr =
        uri.socket_addr().ok_or_else(|| format!("the host must be an address, not a name: {example}"))?;
    if addr.ip().is_unspecified() || addr.ip().is_multicast() || addr.port() == 0 {
        return Err(format!("nothing can be reached there: {example}"));
    }
    let tcp = match uri.param("transport") {
        None => false,
        Some(t) if t.eq_ignore_ascii_case(b"udp") => false,
        Some(t) if t.eq_ignore_ascii_case(b"tcp") => true,
        Some(_) => return Err("transport is udp or tcp".into()),
    };
    Ok(TargetAddress { uri: Secret::new(text.into()), addr, tcp, nat: false })
}

/// Reads `192.0.2.0/24` or a single address.
///
/// # Errors
/// A sentence.
pub fn read_network(text: &str) -> Result<(IpAddr, u8), String> {
    let example = "write it as 192.0.2.0/24 or 192.0.2.7";
    let (ip, length) = match text.split_once('/') {
        Some((ip, length)) => (ip, Some(length)),
        None => (text, None),
    };
    let ip: IpAddr = ip.parse().map_err(|_| format!("this is no network: {example}"))?;
    let most = if ip.is_ipv4() { 32 } else { 128 };
    let length = match length {
        None => most,
        Some(l) => l
            .parse()
            .ok()
            .filter(|l| *l <= most)
            .ok_or_else(|| format!("the prefix is 0 to {most}: {example}"))?,
    };
    Ok((ip, length))
}

/// Whether an address lies in a network.
pub fn contains(network: (IpAddr, u8), ip: IpAddr) -> bool {
    match (network.0, ip) {
        (IpAddr::V4(n), IpAddr::V4(ip)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(network.1)).unwrap_or(0);
            u32::from(n) & mask == u32::from(ip) & mask
        }
        (IpAddr::V6(n), IpAddr::V6(ip)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(network.1)).unwrap_or(0);
            u128::from(n) & mask == u128::from(ip) & mask
        }
        (n, IpAddr::V6(ip)) => ip.to_ipv4_mapped().is_some_and(|ip| contains((n, network.1), ip.into())),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let inside = |n: &str, ip: &str| contains(read_network(n).unwrap(), ip.parse().unwrap());
        assert!(inside("127.0.0.0/8", "127.9.9.9"));
        assert!(!inside("127.0.0.0/8", "128.0.0.1"));
        assert!(inside("0.0.0.0/0", "8.8.8.8"));
        assert!(inside("192.0.2.7", "192.0.2.7") && !inside("192.0.2.7", "192.0.2.8"));
        assert!(inside("2001:db8::/32", "2001:db8:1::1") && !inside("2001:db8::/32", "2001:db9::1"));
        assert!(inside("127.0.0.0/8", "::ffff:127.0.0.1"));
        assert!(read_network("127.0.0.0/33").is_err() && read_network("x").is_err());
    }

    #[test]
    fn sip_addresses() {
        let a = read_sip_address("sip:agent1@127.0.0.1:6000;transport=tcp").unwrap();
        assert_eq!((a.addr.port(), a.tcp), (6000, true));
        for bad in [
            "agent1",
            "tel:+1",
            "sip:a@host.example",
            "sip:a@0.0.0.0",
            "sip:a@1.2.3.4:0",
            "sip:a@1.2.3.4;transport=tls",
        ] {
            assert!(read_sip_address(bad).is_err(), "{bad}");
        }
    }
}
