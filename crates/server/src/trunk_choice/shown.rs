//! Whom the called party sees: a number of ours, whoever is passed on, or nobody.

use super::{Caller, Wanted, Ways, escaped};
use crate::tenant::DialPlan;
use crate::tenant::objects::{CallerIdPolicy, Privacy, WhoseNumber};
use crate::tenant::trunk::TrunkPlan;
use std::fmt::Write;

/// What is said of who calls.
pub struct Shown {
    /// The value of From, without a tag.
    pub from: String,
    /// The value of P-Asserted-Identity (RFC 3325).
    pub asserted: Option<String>,
    /// The value of Privacy (RFC 3323).
    pub privacy: Option<&'static str>,
}

/// What stands beside From: header lines, each with its line end.
pub fn identity_lines(asserted: Option<&str>, privacy: Option<&str>) -> String {
    let mut lines = String::new();
    if let Some(asserted) = asserted {
        let _ = write!(lines, "P-Asserted-Identity: {asserted}\r\n");
    }
    if let Some(privacy) = privacy {
        let _ = write!(lines, "Privacy: {privacy}\r\n");
    }
    lines
}

/// Whom the called party sees.
pub fn shown(trunk: &TrunkPlan, wanted: &Wanted<'_>, plan: &DialPlan, host: &str) -> Shown {
    let rule = &trunk.caller_id;
    let domain = trunk.registration.as_ref().map_or(host, |r| r.domain.as_str());
    let (domain, is_number) = trunk.teams.as_ref().map_or((domain, ""), |t| (&t.fqdn, ";user=phone"));
    let address = |number: &str| {
        let written = trunk.outbound_rules.outward(number, WhoseNumber::Caller, plan);
        let written = written.map_or_else(|_| number.to_string(), |made| made.number);
        // Teams takes callers with + and country code alone.
        let right = trunk.teams.is_none() || written.starts_with('+');
        right.then(|| format!("<sip:{}@{domain}{is_number}>", escaped(&written)))
    };
    let ours = match rule.policy {
        CallerIdPolicy::Fixed => rule.number.as_deref().or(wanted.ours),
        _ => wanted.ours.or(rule.number.as_deref()),
    };
    // Of an account without a number the account itself is shown.
    let ours = ours.and_then(address).or_else(|| trunk.registration.as_ref().map(|r| format!("<{}>", r.aor)));
    let anonymous = || "\"Anonymous\" <sip:anonymous@anonymous.invalid>".to_string();
    let asked = match rule.privacy {
        None => None,
        Some(Privacy::Id) => Some("id"),
        Some(Privacy::User) => Some("user"),
        Some(Privacy::Full) => Some("user;id"),
    };
    // Who calls for help is called back: nothing is hidden.
    // Whoever is rung in Teams sees who calls, unless the trunk says otherwise.
    let policy = match rule.policy {
        CallerIdPolicy::NumberOfCall
            if wanted.ours.is_none() && (trunk.teams.is_some() || wanted.way != Ways::Outside) =>
        {
            CallerIdPolicy::Pass
        }
        policy => policy,
    };
    let (from, privacy) = match (policy, &wanted.caller) {
        _ if wanted.emergency => (ours.clone(), None),
        (CallerIdPolicy::Anonymous, _) | (CallerIdPolicy::Pass, Caller::Withheld) => {
            (Some(anonymous()), asked.or(Some("id")))
        }
        (CallerIdPolicy::Pass, Caller::Outside(caller)) => {
            let caller = number_of(caller, plan).and_then(|number| address(&number));
            (caller.or_else(|| ours.clone()), asked)
        }
        _ => (ours.clone(), asked),
    };
    Shown {
        from: from.unwrap_or_else(anonymous),
        asserted: if rule.asserted || wanted.emergency { ours } else { None },
        privacy,
    }
}

// A caller's number as the world writes it, or the digits that stand there; an address of another kind is none.
fn number_of(caller: &str, plan: &DialPlan) -> Option<String> {
    let digits = caller.strip_prefix('+').unwrap_or(caller);
    let right = !digits.is_empty() && digits.len() <= 32 && digits.bytes().all(|c| c.is_ascii_digit());
    right.then(|| plan.international(caller).unwrap_or_else(|| caller.to_string()))
}
