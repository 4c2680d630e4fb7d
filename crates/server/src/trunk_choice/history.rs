//! Whom a call was for before it goes to where it is sent now: History-Info (RFC 7044).

use super::escaped;
use crate::tenant::DialPlan;
use crate::tenant::number_rules::NotRewritten;
use crate::tenant::objects::WhoseNumber;
use crate::tenant::trunk::TrunkPlan;
use std::fmt::Write;

/// Somebody whom a call was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// The number as the world writes it.
    pub number: String,
    /// Why the call went on from there: a SIP status code, as 302 where it always does (RFC 4458).
    pub cause: u16,
}

/// The header line, with its end; empty where nobody is to be named. `target` is the Request-URI that the call has now.
pub fn history_line(
    trunk: &TrunkPlan,
    before: &[Before],
    target: &str,
    plan: &DialPlan,
    host: &str,
) -> String {
    let domain = trunk.registration.as_ref().map_or(host, |r| r.domain.as_str());
    let (domain, is_number) = trunk.teams.as_ref().map_or((domain, ""), |t| (&t.fqdn, ";user=phone"));
    let mut line = String::new();
    let mut index = String::new();
    for Before { number, cause } in before {
        let written: Result<_, NotRewritten> =
            trunk.outbound_rules.outward(number, WhoseNumber::Caller, plan);
        let user = escaped(&written.map_or_else(|_| number.clone(), |made| made.number));
        index.push_str(if index.is_empty() { "1" } else { ".1" });
        let _ = write!(line, "<sip:{user}@{domain}{is_number}?Reason=SIP%3Bcause%3D{cause}>;index={index},");
    }
    match line.is_empty() {
        true => line,
        false => format!("History-Info: {line}<{target}>;index={index}.1\r\n"),
    }
}
