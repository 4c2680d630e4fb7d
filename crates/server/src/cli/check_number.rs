//! `switchroom check --number`: where a call to a number goes and what each trunk is sent, or what a number from a trunk
//! is, and why. Nothing is called, and no server needs to run.

use crate::cli::arguments::Arguments;
use crate::cli::remote::{Place, PlaceArguments, wanted};
use crate::cli::{Failure, Outcome, say};
use crate::tenant::check::{Documents, check_values};
use crate::tenant::destination::Classified;
use crate::tenant::dialling::Dialled;
use crate::tenant::meaning::{Meaning, understand};
use crate::tenant::money;
use crate::tenant::number_rules::NotRewritten;
use crate::tenant::objects::Tenant;
use crate::tenant::toll::NotCalled;
use crate::tenant::trunk::TrunkPlan;
use crate::trunk_choice::{self, Attempt, Bearing, Caller, Outcome as Ended, Wanted, Ways};
use engine::{AgentId, TrunkId};
use engine::{Class, Limits, Refusal};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// What stands for our own host: the server's address is not known here.
const HOST: &str = "this-server";

/// Runs the command.
pub fn run(number: &str, mut args: Arguments) -> Outcome {
    let json = args.take("json").is_some();
    let (user, trunk) = (args.take("as"), args.take("trunk"));
    if user.is_some() && trunk.is_some() {
        return Err(Failure::Usage(
            "--as is for calls to the outside, --trunk for calls from it: keep one".into(),
        ));
    }
    let caller = args.take("caller");
    let documents = documents(&mut args)?;
    args.end()?;
    let tenant = Told::of(&documents)?;
    let report = match trunk {
        Some(trunk) => tenant.inward(number, &trunk, caller.as_deref())?,
        None => tenant.outward(number, user.as_deref(), caller.as_deref())?,
    };
    say(&if json { format!("{:#}", report.json) } else { report.text });
    report.refused.map_or(Ok(()), |what| Err(Failure::NotInOrder(what)))
}

// The tenant's objects: from a folder, from a server, or from the database of one that is stopped.
fn documents(args: &mut Arguments) -> Result<Documents, Failure> {
    let tenant = args.take("tenant");
    if let Some(files) = args.take("tenant-files") {
        args.take("config");
        return wanted(Path::new(&files));
    }
    let place = PlaceArguments::read(args)?.open()?;
    let only = match (&tenant, &place) {
        (None, Place::Files { store: Some(store), .. }) => {
            let tenants = store.tenants().map_err(|e| e.to_string())?;
            if let [(_, name)] = &tenants[..] { Some(name.clone()) } else { None }
        }
        _ => tenant,
    };
    let objects = place.export(only.as_deref())?;
    check_values(objects).map_err(|p| p.iter().map(ToString::to_string).collect::<Vec<_>>().into())
}

/// What came of it.
struct Report {
    text: String,
    json: Value,
    refused: Option<String>,
}

struct Told {
    meaning: Meaning,
    settings: Tenant,
}

impl Told {
    fn of(documents: &Documents) -> Result<Told, Failure> {
        let number = |kind: &str, id: &str| {
            let place = documents.values().filter(|d| d.kind == kind).position(|d| d.id == id);
            place.and_then(|n| u32::try_from(n + 1).ok())
        };
        let meaning = understand(documents, &number)?;
        let (everything, _) = crate::tenant::everything::Everything::read(documents);
        let settings = everything
            .tenants
            .into_values()
            .next()
            .ok_or("an object of kind Tenant is missing".to_string())?;
        Ok(Told { meaning, settings })
    }

    fn trunk(&self, id: TrunkId) -> String {
        self.meaning.names.of("Trunk", id.0)
    }

    fn inward(&self, sent: &str, trunk: &str, caller: Option<&str>) -> Result<Report, Failure> {
        let unknown = || {
            let all: Vec<&str> = self.meaning.trunk_plans.iter().map(|t| t.name.as_str()).collect();
            format!("there is no Trunk {trunk:?}: {}", crate::tenant::schema::nearest(trunk, &all))
        };
        let plan = self.meaning.trunk_plans.iter().find(|t| t.name == trunk).ok_or_else(unknown)?;
        let (number, made) = self.meaning.called(plan.id, sent);
        let rule = match &made {
            Ok(made) => match made.rule {
                Some(n) => format!("inbound rule {} makes {} of it", n + 1, made.number),
                None => "no inbound rule is for it: it stays as it stands".into(),
            },
            Err(NotRewritten::NoNumber(n)) => {
                format!("inbound rule {} is for it, but makes no number of it", n + 1)
            }
            Err(NotRewritten::NoRule) => "no inbound rule is for it".into(),
        };
        let world = made.ok().map(|m| self.meaning.dial_plan.international(&m.number).unwrap_or(m.number));
        let of_ours = number.map(|n| self.meaning.names.of("Number", n.0));
        let flow = number.and_then(|n| self.meaning.config.numbers.iter().find(|c| c.id == n));
        let flow = flow.map(|c| self.meaning.names.of("Flow", c.flow.0));
        let mut text = format!("{sent} from Trunk {trunk}\n  {rule}\n");
        match (&of_ours, &flow) {
            (Some(number), Some(flow)) => {
                let _ = write!(text, "  Number {number}, Flow {flow}");
            }
            _ => text.push_str("  none of the tenant's numbers"),
        }
        let caller = caller.map(|sent| self.meaning.caller(plan.id, sent));
        if let Some(caller) = &caller {
            let _ = write!(text, "\n  the caller is {caller}");
        }
        let refused = number
            .is_none()
            .then(|| format!("{sent} from Trunk {trunk:?} is no Number of the tenant: its calls get 404"));
        let json = json!({
            "sent": sent, "world": world, "rule": rule, "number": of_ours, "flow": flow, "caller": caller, "trunk": about(plan),
            "refused": refused,
        });
        Ok(Report { text, json, refused })
    }

    // What is called: as a phone dials it, or as flows and the API write it.
    fn read(
        &self,
        text: &str,
        user: Option<AgentId>,
    ) -> Result<(Dialled, Option<Classified>), (String, Option<Classified>)> {
        let m = &self.meaning;
        let dialled = match user {
            Some(_) => {
                m.dialling.read(text, &m.dial_plan, &m.classes).map_err(|what| (what.to_string(), None))?
            }
            None => Dialled::Outside(text.into()),
        };
        let number = match &dialled {
            Dialled::Emergency(n) | Dialled::Outside(n) | Dialled::Short(n) => n.clone(),
            Dialled::Colleague(_) | Dialled::Own(_) => return Ok((dialled, None)),
        };
        match m.gate().outward(&number) {
            Ok(to) => {
                let own = m.dialling.own.get(&to.number);
                match (to.classified.destination.class, own) {
                    (Class::Emergency, _) => Ok((Dialled::Emergency(to.number), Some(to.classified))),
                    (_, Some(own)) => Ok((Dialled::Own(*own), None)),
                    _ => Ok((Dialled::Outside(to.number), Some(to.classified))),
                }
            }
            Err(why) => {
                let classified = match &why {
                    NotCalled::Beginning(c) | NotCalled::Toll(_, c) => Some(c.clone()),
                    NotCalled::NoNumber | NotCalled::Nobody => None,
                };
                Err((format!("{text} is refused: {why}"), classified))
            }
        }
    }

    fn outward(&self, text: &str, user: Option<&str>, caller: Option<&str>) -> Result<Report, Failure> {
        let m = &self.meaning;
        let agent = match user {
            Some(id) => {
                Some(AgentId(m.names.number("User", id).ok_or_else(|| format!("there is no User {id:?}"))?))
            }
            None => None,
        };
        let (dialled, classified, mut refused) = match self.read(text, agent) {
            Ok((dialled, classified)) => (Some(dialled), classified, None),
            Err((why, classified)) => (None, classified, Some(why)),
        };
        let emergency = matches!(dialled, Some(Dialled::Emergency(_)));
        let class = match (&dialled, &classified) {
            (_, Some(c)) => c.destination.class,
            (Some(_), None) => Class::Internal,
            (None, None) => Class::Unknown,
        };
        let outside = !matches!(class, Class::Internal | Class::Unknown);
        if let (true, Some(agent), Some(user)) = (outside && !emergency && refused.is_none(), agent, user) {
            if !m.toll.rights(agent).may_dial {
                refused = Some(format!(
                    "{text} is refused ({:?}): User {user:?} may not call outside (may_dial)",
                    Refusal::NoRight
                ));
            }
        }
        let choice = match &dialled {
            Some(Dialled::Emergency(number) | Dialled::Outside(number) | Dialled::Short(number))
                if refused.is_none() =>
            {
                let bearing = Bearing::default();
                let caller = match caller {
                    None => Caller::Ours,
                    Some("withheld") => Caller::Withheld,
                    Some(number) => Caller::Outside(number),
                };
                let ours = m.dialled.values().filter(|n| n.starts_with('+')).min().map(String::as_str);
                let wanted = Wanted { number, emergency, way: Ways::Outside, ours, caller };
                trunk_choice::choose(
                    m.trunk_plans.iter().map(|t| (t, &bearing)),
                    &wanted,
                    &m.dial_plan,
                    HOST,
                    0,
                )
            }
            _ => trunk_choice::Choice::default(),
        };
        if outside && refused.is_none() && choice.attempts.is_empty() {
            let whys: Vec<String> =
                choice.unused.iter().map(|(t, why)| format!("{} {why}", self.trunk(*t))).collect();
            refused = Some(match whys.is_empty() {
                true => format!("{text} cannot be called: there is no Trunk"),
                false => format!("{text} cannot be called: Trunk {}", whys.join(", Trunk ")),
            });
        }
        let leads = match &dialled {
            Some(Dialled::Colleague(agent)) => Some(format!("User {}", m.names.of("User", agent.0))),
            Some(Dialled::Own(number)) => Some(format!("Number {}", m.names.of("Number", number.0))),
            Some(Dialled::Emergency(n) | Dialled::Outside(n) | Dialled::Short(n)) => Some(n.clone()),
            None => None,
        };
        let priced = outside && !emergency && (!m.toll.prices.is_empty() || m.toll.other_price > 0);
        let price = classified.as_ref().filter(|_| priced).map(|c| m.toll.price(c.destination));
        let currency = self.settings.toll.as_ref().and_then(|t| t.currency.clone()).unwrap_or_default();
        let limits = self.limits(class, agent);
        let json = json!({
            "number": text,
            "as": user,
            "phone": agent.map(|agent| self.phone(agent)),
            "leads_to": leads,
            "class": class.name(),
            "country": classified.as_ref().and_then(|c| country(c.destination.country)),
            "because": classified.as_ref().map(|c| c.because.to_string()),
            "price_per_minute": price.map(money::written),
            "currency": currency,
            "limits": limits,
            "limits_count": outside && !emergency,
            "refused": refused,
            "attempts": choice.attempts.iter().map(|a| self.attempt(a)).collect::<Vec<_>>(),
            "unused": choice.unused.iter().map(|(t, why)| json!({"trunk": self.trunk(*t), "why": why.to_string()})).collect::<Vec<_>>(),
            "next_after": next_after(),
        });
        Ok(Report { text: self.table(&json), json, refused })
    }

    // How a person's phone is reached.
    fn phone(&self, agent: AgentId) -> Value {
        let account = self.meaning.accounts.iter().find(|(_, phone)| phone.agent == agent);
        let extension = self.meaning.dialling.extensions.iter().find(|(_, a)| **a == agent);
        json!({
            "number": extension.map(|(number, _)| number),
            "registers_as": account.map(|(user, _)| user),
            "domain": account.and(self.meaning.sip_domain.as_ref()),
            "nat": account.map(|(_, phone)| phone.nat),
        })
    }

    fn attempt(&self, a: &Attempt) -> Value {
        json!({
            "trunk": self.trunk(a.trunk),
            "far_end": a.proxy.host_port(),
            "address": a.proxy.addr().map(|addr| addr.to_string()),
            "transport": a.proxy.transport,
            "place": a.place,
            "user": a.user.expose_secret(),
            "request_uri": a.uri.expose_secret(),
            "from": a.from.expose_secret(),
            "p_asserted_identity": a.asserted.as_ref().map(|s| s.expose_secret().as_str()),
            "privacy": a.privacy,
            "why": a.why.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "settings": self.meaning.trunk_plan(a.trunk).map(about),
        })
    }

    fn limits(&self, class: Class, agent: Option<AgentId>) -> Value {
        let policy = &self.meaning.toll.policy;
        let own = |agent| policy.agents.iter().find(|(a, _)| *a == agent).map_or(policy.agent, |(_, l)| *l);
        let of_class = policy.classes.iter().find(|(c, _)| *c == class).map(|(_, l)| *l);
        let night = self.meaning.toll.night.as_ref();
        json!({
            "tenant": shown(policy.tenant),
            "agent": agent.map(|a| shown(own(a))),
            "class": of_class.map(shown),
            "cut": self.meaning.toll.cut,
            "night": night.map(|n| json!({
                "outside_hours": self.meaning.names.of("Hours", n.hours.0),
                "tenant": shown(n.policy.tenant),
                "agent": shown(n.policy.agent),
            })),
        })
    }

    fn table(&self, report: &Value) -> String {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_string();
        let mut out = text(&report["number"]);
        if let Some(user) = report["as"].as_str() {
            let _ = write!(out, " dialled by {user}");
        }
        if let Some(leads) = report["leads_to"].as_str() {
            let _ = write!(out, " leads to {leads}");
        }
        let _ = write!(out, "\n  class    {}", text(&report["class"]));
        if let Some(country) = report["country"].as_str() {
            let _ = write!(out, " ({country})");
        }
        if let Some(because) = report["because"].as_str() {
            let _ = write!(out, ": {because}");
        }
        if let Some(price) = report["price_per_minute"].as_str() {
            let _ = write!(out, "\n  price    {price} {} a minute", text(&report["currency"]));
        }
        let limits = &report["limits"];
        if report["class"] == "emergency" {
            out.push_str("\n  limits   none count");
        }
        let lines = [("tenant", &limits["tenant"]), ("agent", &limits["agent"]), ("class", &limits["class"])];
        for (whose, limits) in lines {
            let listed: Vec<String> = limits
                .as_object()
                .into_iter()
                .flatten()
                .map(|(k, v)| format!("{k} {}", shown_value(v)))
                .collect();
            if !listed.is_empty() && report["limits_count"] == true {
                let _ = write!(out, "\n  limits   of the {whose}: {}", listed.join(", "));
            }
        }
        for (n, a) in report["attempts"].as_array().into_iter().flatten().enumerate() {
            let why: Vec<&str> =
                a["why"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let _ = write!(out, "\n  {}. {:<14} {}", n + 1, text(&a["trunk"]), text(&a["request_uri"]));
            let _ = write!(out, "\n     from     {}", text(&a["from"]));
            for (key, name) in [("p_asserted_identity", "asserted"), ("privacy", "privacy")] {
                if let Some(value) = a[key].as_str() {
                    let _ = write!(out, "\n     {name} {value}");
                }
            }
            let _ = write!(out, "\n     why      {}", why.join("; "));
        }
        for unused in report["unused"].as_array().into_iter().flatten() {
            let _ = write!(out, "\n  -  {:<14} {}", text(&unused["trunk"]), text(&unused["why"]));
        }
        if report["attempts"].as_array().is_some_and(|a| a.len() > 1) {
            let _ = write!(out, "\n  The next is tried after {}.", text(&report["next_after"]));
        }
        out
    }
}

fn country(code: [u8; 2]) -> Option<String> {
    (code != [0; 2]).then(|| String::from_utf8_lossy(&code).into_owned())
}

fn shown_value(v: &Value) -> String {
    v.as_str().map_or_else(|| v.to_string(), str::to_string)
}

fn shown(l: Limits) -> Value {
    let mut all = serde_json::Map::new();
    all.extend(l.rate.map(|r| ("calls_per_second".to_string(), json!(r.per_1000_s / 1_000))));
    all.extend(l.at_once.map(|n| ("concurrent".to_string(), json!(n))));
    all.extend(l.minutes.map(|n| ("minutes_per_day".to_string(), json!(n))));
    all.extend(l.spend.map(|n| ("spend_per_day".to_string(), json!(money::written(n)))));
    Value::Object(all)
}

// What a trunk is beside a single call.
fn about(t: &TrunkPlan) -> Value {
    let seconds = |ms: u64| ms / 1_000;
    json!({
        "id": t.name,
        "outbound": t.outbound,
        "emergency": t.emergency,
        "priority": t.priority,
        "weight": t.weight,
        "proxies": t.proxies.iter().map(crate::tenant::trunk::ProxyTarget::host_port).collect::<Vec<_>>(),
        "registers": t.registration.as_ref().map(|r| json!({
            "at": r.registrar.host_port(), "aor": r.aor, "user": r.user, "seconds": r.expires_s})),
        "signs_in": t.account.is_some(),
        "realm": t.realm,
        "options_every_seconds": t.options_every_ms.map(seconds),
        "codecs": t.codecs,
        "dtmf": t.dtmf,
        "session_timer_seconds": t.session_timer_s,
        "max_calls": t.max_calls,
        "calls_per_second": t.calls_per_second,
        "nat": t.nat,
        "called_in": t.called_in,
        "trust_identity": t.trust_identity,
        "history_info": t.history_info,
        "inbound_rules": t.inbound.len(),
        "outbound_rules": t.outbound_rules.len(),
    })
}

// The answers after which the next far end is tried, as ranges.
fn next_after() -> String {
    let codes: Vec<u16> =
        (300..700).filter(|code| trunk_choice::fails_over(Ended::Code(*code), false)).collect();
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for code in codes {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == code => *last = code,
            _ => ranges.push((code, code)),
        }
    }
    let written = ranges.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") });
    let mut all: Vec<String> = Vec::new();
    for (outcome, name) in [(Ended::NoAnswer, "no answer in time"), (Ended::Unreachable, "no connection")] {
        if trunk_choice::fails_over(outcome, false) {
            all.push(name.into());
        }
    }
    all.extend(written);
    format!("{}, unless it rang", all.join(", "))
}
