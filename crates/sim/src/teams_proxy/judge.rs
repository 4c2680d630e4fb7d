//! What Teams refuses, with the code and the sub-code that it gives.

use super::text::{host_of, other, uri_of, user_of, value};
use super::words::TeamsSettings;
use sip::{Message, Name};
use std::net::IpAddr;

/// Why a request is refused.
pub(super) struct Refusal {
    pub(super) code: u16,
    /// Microsoft's own code.
    pub(super) sub: u32,
    pub(super) rule: &'static str,
}

fn refuse<T>(code: u16, sub: u32, rule: &'static str) -> Result<T, Refusal> {
    Err(Refusal { code, sub, rule })
}

/// Whether a certificate's name is for a host (RFC 2818): a `*` stands for one label.
fn is_for(name: &str, host: &str) -> bool {
    name.eq_ignore_ascii_case(host)
        || name.strip_prefix("*.").is_some_and(|domain| {
            host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain))
        })
}

/// The tenant that a request is of, by its Contact: the full host, or what is left of it without its first label.
pub(super) fn tenant(settings: &TeamsSettings, names: &[String], m: &Message) -> Result<usize, Refusal> {
    let contact = value(m, Name::Contact);
    if contact.is_empty() {
        return refuse(403, 510_532, "a request says its Contact");
    }
    let uri = uri_of(&contact).to_string();
    if uri.starts_with("sips:") {
        return refuse(400, 540_400, "addresses are sip:");
    }
    if uri.contains('@') && user_of(&uri).is_empty() {
        return refuse(400, 540_400, "an @ in Contact has a user before it");
    }
    let host = host_of(&uri);
    if host.parse::<IpAddr>().is_ok() || host.is_empty() {
        return refuse(403, 510_532, "the host of Contact is a name");
    }
    if !names.iter().any(|name| is_for(name, host)) {
        return refuse(403, 510_532, "the host of Contact stands in the certificate");
    }
    if other(m, "Record-Route").is_some_and(|route| host_of(uri_of(&route)) != host) {
        return refuse(403, 510_532, "Record-Route is the host of Contact");
    }
    let below = host.split_once('.').map(|(_, rest)| rest).unwrap_or_default();
    let of = |name: &str| settings.tenants.iter().position(|t| t.domain.eq_ignore_ascii_case(name));
    match of(host).or_else(|| of(below)) {
        Some(tenant) => Ok(tenant),
        None => refuse(403, 510_532, "the host of Contact is in a domain of a tenant"),
    }
}

/// Whether a message says that its sender takes transfers.
pub(super) fn allows(m: &Message) -> Result<(), Refusal> {
    match other(m, "Allow").is_some_and(|allow| allow.contains("REFER") && allow.contains("NOTIFY")) {
        true => Ok(()),
        false => refuse(400, 540_400, "Allow has REFER and NOTIFY"),
    }
}

/// Whether a question of a border controller names us and itself.
pub(super) fn options(settings: &TeamsSettings, m: &Message) -> Result<(), Refusal> {
    let target = String::from_utf8_lossy(m.target()).into_owned();
    if !settings.hosts.iter().any(|h| h.eq_ignore_ascii_case(host_of(&target))) {
        return refuse(404, 511_404, "the Request-URI names a machine of Teams");
    }
    for name in [Name::From, Name::To] {
        let said = value(m, name);
        if host_of(uri_of(&said)).parse::<IpAddr>().is_ok() {
            return refuse(400, 540_400, "the hosts of From and To are names");
        }
    }
    Ok(())
}

/// Whether a border controller's part in a call is as it should be, beside its first INVITE: it is known by the name that
/// was called, and a hold is inactive.
pub(super) fn in_call(controller: &str, m: &Message) -> Result<(), &'static str> {
    let contact = value(m, Name::Contact);
    if host_of(uri_of(&contact)) != controller {
        return Err("the host of Contact in a call is the one that was called");
    }
    let description = String::from_utf8_lossy(m.session_description()).into_owned();
    match description.contains("a=sendonly") || description.contains("a=recvonly") {
        true => Err("hold is inactive"),
        false => Ok(()),
    }
}

/// Whether an INVITE to a client that sends audio itself offers ICE: one candidate a component, where audio really is.
pub(super) fn bypass(m: &Message) -> Result<(), Refusal> {
    let description = String::from_utf8_lossy(m.session_description()).into_owned();
    if !description.contains("a=ice-lite") {
        return refuse(488, 531_027, "with media bypass there is ICE");
    }
    let all: Vec<Vec<&str>> = description
        .lines()
        .filter_map(|line| line.strip_prefix("a=candidate:"))
        .map(|c| c.split(' ').collect())
        .collect();
    let of = |component: &str| all.iter().filter(|c| c.get(1) == Some(&component)).count();
    let hosts = all.iter().all(|c| c.get(6..8) == Some(&["typ", "host"]));
    match of("1") == 1 && of("2") <= 1 && all.len() == of("1") + of("2") && hosts {
        true => Ok(()),
        false => refuse(488, 531_027, "there is one candidate a component, of a host"),
    }
}

/// Whether an INVITE that begins a call is as it should be; gives the number that is called. `referred`: it follows a
/// transfer of ours, whose address need not be a number.
pub(super) fn invite(
    settings: &TeamsSettings,
    names: &[String],
    m: &Message,
    referred: bool,
) -> Result<String, Refusal> {
    let tenant = tenant(settings, names, m)?;
    if other(m, "Replaces").is_some() {
        return refuse(403, 0, "no request has Replaces");
    }
    let from = value(m, Name::From);
    if host_of(uri_of(&from)).parse::<IpAddr>().is_ok() {
        return refuse(400, 540_400, "the host of From is a name");
    }
    let caller = uri_of(&from);
    // Whoever shows no number is anonymous.
    let shows_number = user_of(caller).starts_with('+') && caller.contains(";user=phone");
    if !shows_number && user_of(caller) != "anonymous" {
        return refuse(400, 540_400, "From is a number with + and user=phone");
    }
    allows(m)?;
    let target = String::from_utf8_lossy(m.target()).into_owned();
    let host = host_of(&target);
    let to = value(m, Name::To);
    if !settings.hosts.iter().any(|h| h.eq_ignore_ascii_case(host_of(uri_of(&to)))) {
        return refuse(400, 540_400, "To names a machine of Teams");
    }
    if !settings.hosts.iter().any(|h| h.eq_ignore_ascii_case(host)) {
        return refuse(404, 511_404, "the Request-URI names a machine of Teams");
    }
    if m.session_description().is_empty() {
        return refuse(415, 540_415, "an INVITE has a session description");
    }
    let description = String::from_utf8_lossy(m.session_description()).into_owned();
    if !description.contains(" RTP/SAVP ") || !description.contains("AES_CM_128_HMAC_SHA1_80 inline:") {
        return refuse(488, 531_000, "audio is protected");
    }
    if description.contains("c=IN IP4 0.0.0.0") || description.contains("RTP/SAVPF") {
        return refuse(488, 531_000, "audio has an address and is no SAVPF");
    }
    if referred {
        return Ok(String::new());
    }
    if !target.contains(";user=phone") {
        return refuse(404, 511_404, "the Request-URI has user=phone");
    }
    let number = user_of(&target).to_string();
    if !number.starts_with('+') {
        return refuse(410, 510_412, "the number begins with +");
    }
    let known = settings.tenants.get(tenant).is_some_and(|t| t.numbers.contains(&number));
    if known { Ok(number) } else { refuse(404, 511_404, "the number is one of the tenant") }
}
