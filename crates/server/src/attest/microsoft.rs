//! What is asked of Microsoft and what really came, and which other systems are talked to.

use crate::attest::check::{Found, Ground, Subject};
use crate::attest::contacted;
use crate::config::MicrosoftSection;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use store::CATALOGUE;
use teams::Reply;
use teams::entra::{Challenge, declare_capability};
use teams::permissions::{Feature, Kind, NEVER, Profile, Redirects, Registration, manifest, permission_id};

/// The permissions that the features that are on need, by the one table of them.
pub fn permissions(subject: &Subject) -> Vec<Value> {
    let rows = subject.features.needed().into_iter();
    rows.filter_map(|row| {
        Some(json!({
            "permission": row.permission?,
            "type": row.kind.name(),
            "registration": row.registration.name(),
            "feature": row.feature.name(),
            "reason": row.reason,
            "operations": row.operations.iter().map(|o| o.text()).collect::<Vec<_>>(),
            "stored": row.stored,
        }))
    })
    .collect()
}

/// The application id that is configured for a registration.
fn app_id(ground: &Ground, registration: Registration) -> Option<String> {
    let id = match registration {
        Registration::SignIn => &ground.config.microsoft.sign_in_app,
        Registration::Background => &ground.config.microsoft.background_app,
        Registration::Bot => &ground.config.microsoft.bot_app,
        Registration::Directory => &ground.config.microsoft.directory_app,
        _ => return None,
    };
    (!id.is_empty()).then(|| id.clone())
}

/// The registrations that are needed.
pub fn registrations(ground: &Ground, subject: &Subject) -> Vec<Value> {
    let all = subject.features.registrations().into_iter();
    all.map(|r| {
        json!({
            "name": r.name(),
            "app_id": app_id(ground, r),
            "multi_tenant": r.is_multi_tenant(),
            "confidential": r.is_confidential(),
            "exposes_api": subject.features.exposes_api(r),
        })
    })
    .collect()
}

/// Compares permissions in tokens that really came with those that are needed, and manifests with what is asked for.
pub fn check(_: &Ground, subject: &Subject) -> Found {
    let against = "the table of permissions, the registrations' manifests and the newest tokens";
    let mut found = Found { against: against.into(), ..Found::default() };
    let (mut good, mut equal) = (true, true);
    let (mut surplus, mut tokens) = (Vec::new(), 0);
    for registration in subject.features.registrations() {
        let needed = subject.features.permissions(registration);
        for (permission, _) in &needed {
            if NEVER.iter().any(|never| permission.starts_with(never) && *permission != "ChatMember.Read") {
                good = false;
                found.lines.push(format!("{permission} is asked for and must never be"));
            }
        }
        let made = manifest(&subject.features, registration, &Redirects::default(), false);
        let listed: BTreeSet<&str> = made["requiredResourceAccess"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|r| r["resourceAccess"].as_array().into_iter().flatten())
            .filter_map(|a| a["id"].as_str())
            .collect();
        let asked: BTreeSet<&str> =
            needed.iter().filter_map(|(permission, kind)| permission_id(permission, *kind)).collect();
        equal &= listed == asked;
        let names: Vec<&str> = needed.iter().map(|(p, _)| *p).collect();
        found.lines.push(format!(
            "{}: needs {}; its manifest lists {}",
            registration.name(),
            if names.is_empty() { "nothing".into() } else { names.join(", ") },
            if listed == asked { "exactly these" } else { "others" }
        ));
        let Some(granted) =
            subject.directory.as_deref().and_then(|d| contacted::granted(registration.name(), d))
        else {
            continue;
        };
        tokens += 1;
        let more = subject.features.surplus(registration, &granted);
        let missing = subject.features.missing(registration, &granted);
        equal &= more.is_empty();
        found.lines.push(match more.is_empty() {
            true => format!("{}: its newest token carries nothing beyond these", registration.name()),
            false => {
                format!("{}: its newest token carries {} beyond them", registration.name(), more.join(", "))
            }
        });
        if !missing.is_empty() {
            found.lines.push(format!(
                "{}: its newest token lacks {}",
                registration.name(),
                missing.join(", ")
            ));
        }
        surplus.extend(more);
    }
    if tokens == 0 {
        found.lines.push("no token for Graph came since the start, so none could be compared".into());
    }
    good &= surplus.is_empty() && equal;
    found.good = Some(good);
    found.data = json!({"surplus": surplus, "equal": equal, "tokens": tokens});
    found
}

/// Gives our own code a claims challenge, as Graph sends it, and looks at what it would ask Entra ID next.
pub fn challenges(_: &Ground, subject: &Subject) -> Found {
    let against = "a challenge as Graph sends it, and the requests that would follow";
    if !subject.features.has(Feature::SignIn) && subject.features.registrations().is_empty() {
        let lines = vec!["no feature signs in at Microsoft".into()];
        return Found { good: Some(false), against: against.into(), lines, data: json!({"policies": []}) };
    }
    let policies = [
        ("multi-factor authentication", r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#),
        (
            "revoked sessions and changed risk",
            r#"{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}"#,
        ),
        ("location", r#"{"access_token":{"xms_rp_ipaddr":{"value":"192.0.2.7"}}}"#),
    ];
    let mut found = Found { against: against.into(), ..Found::default() };
    let mut supported = Vec::new();
    for (policy, claims) in policies {
        use base64::Engine;
        let encoded = base64::engine::general_purpose::STANDARD.encode(claims);
        let header = format!("Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{encoded}\"");
        let reply = Reply::new(401, Vec::new()).with("WWW-Authenticate", &header);
        let asked = Challenge::of(&reply).map(|c| declare_capability(Some(&c.claims)));
        let asked: Option<Value> = asked.and_then(|text| serde_json::from_str(&text).ok());
        let wanted: Value = serde_json::from_str(claims).unwrap_or_default();
        let carried = asked.as_ref().is_some_and(|asked| {
            let keys = wanted["access_token"].as_object();
            let declares = asked["access_token"]["xms_cc"]["values"][0] == "cp1";
            declares && keys.is_some_and(|k| k.iter().all(|(name, v)| asked["access_token"][name] == *v))
        });
        found.lines.push(format!(
            "{policy}: the next request {} what was challenged, and declares that challenges are understood (cp1)",
            if carried { "carries" } else { "does NOT carry" }
        ));
        if carried {
            supported.push(policy);
        }
    }
    found.good = Some(supported.len() == policies.len());
    found.data = json!({"policies": supported});
    found
}

/// Hosts and what for, as the configuration declares them.
fn declared(ground: &Ground, subject: &Subject) -> BTreeMap<String, (&'static str, &'static str)> {
    let mut all = BTreeMap::new();
    let config = &ground.config;
    if let Ok(cloud) = crate::microsoft::cloud_of(&config.microsoft) {
        if !subject.features.registrations().is_empty() {
            for base in [config.microsoft.login.as_str(), config.microsoft.graph.as_str()] {
                let host = host(base).unwrap_or_default();
                if !host.is_empty() {
                    all.insert(
                        host,
                        (
                            "sign-in and tokens, people of the directory",
                            "Microsoft's identity platform and Graph",
                        ),
                    );
                }
            }
            for (scope, data) in [
                (cloud.graph_default_scope(), "people of the directory, presence"),
                (cloud.login.to_string(), "sign-in, tokens, consent"),
            ] {
                if let Some(host) = host(&scope) {
                    all.insert(host, (data, "Microsoft's identity platform and Graph"));
                }
            }
        }
    }
    if subject.features.has(Feature::Bot)
        && let Ok(bot) = crate::bot::cloud(&config.microsoft)
    {
        let about = ("messages of the bot and what it is asked", "Microsoft's Bot Connector");
        let bases = bot.services.iter().map(|base| base.join("")).chain([bot.keys]);
        all.extend(bases.filter_map(|base| host(&base)).map(|host| (host, about)));
    }
    if let Some((host, _)) = config.mail.host_and_port() {
        all.insert(
            host.to_ascii_lowercase(),
            ("that a message was left, and in which box", "notices of voicemail by e-mail"),
        );
    }
    for document in subject.documents.values() {
        let (data, purpose) = match document.kind.as_str() {
            "Webhook" => (
                "ids of calls, agents and queues, no names and no numbers",
                "events for another system of the customer",
            ),
            "LookUp" => (
                "the caller's number and collected digits",
                "asking another system of the customer about a call",
            ),
            "SecureEntry" => ("digits that the caller pressed", "passing on what nobody here may hear"),
            "Trunk" => ("numbers of caller and called, their audio", "calls over the telephone network"),
            "Pbx" => ("numbers to be connected", "dialling through the customer's telephone system"),
            _ => continue,
        };
        hosts(&document.body, "", &mut |host| {
            all.insert(host, (data, purpose));
        });
    }
    all
}

/// Hosts in a document: addresses of HTTP, and what trunks are reached by.
fn hosts(value: &Value, key: &str, put: &mut impl FnMut(String)) {
    match value {
        Value::Object(all) => all.iter().for_each(|(k, v)| hosts(v, k, put)),
        Value::Array(all) => all.iter().for_each(|v| hosts(v, key, put)),
        Value::String(text) if text.starts_with("https://") || text.starts_with("http://") => {
            host(text).into_iter().for_each(put);
        }
        Value::String(text) if matches!(key, "address" | "host" | "proxies" | "networks" | "registrar") => {
            let text = text.trim_start_matches("sips:").trim_start_matches("sip:");
            let place = text.split(['/', ';']).next().unwrap_or(text);
            host(&format!("sip://{place}")).into_iter().for_each(put);
        }
        _ => {}
    }
}

/// The host of an address, without its port.
fn host(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let place = rest.split(['/', '?', '#']).next()?;
    let place = place.rsplit_once('@').map_or(place, |(_, p)| p);
    let name = match place.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => place,
    };
    let name = name.trim_matches(['[', ']']).to_ascii_lowercase();
    (!name.is_empty()).then_some(name)
}

/// The hosts of Microsoft that this server may have to talk to: those of the configured cloud and no others, and those of
/// the Bot Connector where a bot is configured. A subdomain of a domain of Microsoft's may be anybody's.
fn of_microsoft(config: &MicrosoftSection) -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    let mut put = |url: &str| hosts.extend(host(url));
    if let Ok(cloud) = crate::microsoft::cloud_of(config) {
        [&cloud.login, &cloud.sts, &cloud.graph].into_iter().for_each(|base| put(&base.join("")));
    }
    if !config.bot_app.is_empty()
        && let Ok(bot) = crate::bot::cloud(config)
    {
        put(&bot.keys);
        bot.services.iter().for_each(|base| put(&base.join("")));
    }
    hosts
}

/// Where data goes, by configuration.
pub fn transfers(ground: &Ground, subject: &Subject) -> Vec<Value> {
    let all = declared(ground, subject).into_iter();
    all.map(|(host, (data, purpose))| json!({"destination": host, "data": data, "purpose": purpose}))
        .collect()
}

/// Compares the systems that were really talked to with those that the configuration declares.
pub fn destinations(ground: &Ground, subject: &Subject) -> Found {
    let declared = declared(ground, subject);
    let contacted = contacted::all();
    // Other tenants of the server have declarations of their own.
    let others: BTreeSet<String> = ground
        .handle
        .store
        .tenants()
        .unwrap_or_default()
        .into_iter()
        .filter(|(id, _)| *id != subject.tenant)
        .filter_map(|(id, _)| Subject::of(ground, id).ok())
        .flat_map(|other| self::declared(ground, &other).into_keys())
        .collect();
    let at_microsoft = !subject.features.registrations().is_empty();
    let of_microsoft = of_microsoft(&ground.config.microsoft);
    let is_declared =
        |host: &str| declared.contains_key(host) || (at_microsoft && of_microsoft.contains(host));
    let own = [ground.http.ip(), ground.admin.ip()];
    let is_own = |host: &str| host.parse::<IpAddr>().is_ok_and(|ip| own.contains(&ip) && !ip.is_loopback());
    let undeclared: Vec<&String> =
        contacted.keys().filter(|h| !is_declared(h) && !others.contains(*h) && !is_own(h)).collect();
    let mut lines: Vec<String> = vec![format!(
        "{} declared by the configuration, {} talked to since the start",
        declared.len(),
        contacted.len()
    )];
    lines.extend(
        contacted
            .iter()
            .filter(|(h, _)| declared.contains_key(*h))
            .map(|(h, n)| format!("{h}: declared, {n} connections")),
    );
    lines.extend(undeclared.iter().map(|h| format!("{h}: talked to and declared by nothing")));
    let sip = contacted::sip();
    let strange: Vec<String> = sip.iter().filter(|(_, is)| !**is).map(|(ip, _)| ip.to_string()).collect();
    lines.push(format!(
        "{} addresses asked over SIP since the start, {} of them of trunks, flows and telephones",
        sip.len(),
        sip.len() - strange.len()
    ));
    lines.extend(strange.iter().map(|ip| format!("{ip}: asked over SIP and declared by nothing")));
    // Which servers are asked is up to this machine; what they are asked says whom calls go to.
    let names: Vec<String> = contacted::dns().iter().map(ToString::to_string).collect();
    lines.push(match names.is_empty() {
        true => "no server of the DNS was asked for a name of a far end".into(),
        false => format!("servers of the DNS asked, as this machine names them: {}", names.join(", ")),
    });
    lines.push(format!(
        "records, recordings and keys: {}",
        match config_is_here(ground) {
            true => "files of this machine, no connection",
            false => "another machine",
        }
    ));
    let other_firms: Vec<String> = declared
        .iter()
        .filter(|(h, _)| !of_microsoft.contains(*h))
        .map(|(h, (data, purpose))| format!("{h}: {data}; {purpose}"))
        .chain(undeclared.iter().map(|h| format!("{h}: unknown; declared by nothing")))
        .chain(strange.iter().map(|ip| format!("{ip}: calls over SIP; declared by nothing")))
        .collect();
    Found {
        good: Some(undeclared.is_empty() && strange.is_empty()),
        against: "connections of this server since its start, and the configuration".into(),
        lines,
        data: json!({"not_microsoft": other_firms}),
    }
}

/// Whether everything is kept in files.
fn config_is_here(ground: &Ground) -> bool {
    let c = &ground.config;
    c.store.url.starts_with("sqlite:") && c.blobs.url.starts_with("file:") && c.keys.url.starts_with("file:")
}

/// What is processed, stored or not.
pub fn processed(subject: &Subject) -> Vec<Value> {
    let mut all: BTreeMap<String, (String, String)> = BTreeMap::new();
    for row in subject.features.needed() {
        for field in row.fields {
            all.entry(format!("directory.{field}"))
                .or_insert((row.reason.into(), "Microsoft Graph or Entra ID".into()));
        }
    }
    let profile = subject.features.profile();
    let mut put = |field: &str, purpose: &str, origin: &str| {
        all.insert(field.into(), (purpose.into(), origin.into()));
    };
    if subject.features.has(Feature::SipTrunks) {
        put("call.numbers", "connecting a call", "the caller's signalling");
        put("call.names", "showing who calls", "the caller's signalling");
        put("call.addresses", "carrying signalling and audio", "the telephone or the trunk");
        put("call.audio", "carrying the conversation", "caller and called");
    }
    if profile == Profile::Bridge {
        put("call.x-m", "telling Teams users apart in SIP", "Teams' signalling");
        put("call.x-t", "telling tenants apart in SIP", "Teams' signalling");
    }
    if subject.features.has(Feature::Tab) || subject.features.has(Feature::Bot) {
        put("teams.ids", "knowing tenant, team, channel and chat", "the Teams client");
    }
    if subject.features.has(Feature::Bot) {
        put("bot.message", "understanding what is asked of the bot", "whoever writes to the bot");
    }
    if [Feature::DialCommportal, Feature::DialAri, Feature::DialEsl]
        .into_iter()
        .any(|f| subject.features.has(f))
    {
        put("pbx.numbers", "dialling through the customer's telephone system", "whoever dials");
        put("pbx.session", "being signed in at the customer's telephone system", "the telephone system");
        put("pbx.credentials", "signing in at the customer's telephone system", "whoever dials");
    }
    if subject.features.has(Feature::Queues) {
        for f in CATALOGUE.iter().filter(|f| f.personal && !f.name.starts_with("directory.")) {
            put(f.name, f.purpose, f.origin);
        }
    }
    all.into_iter()
        .map(|(field, (purpose, origin))| json!({"field": field, "purpose": purpose, "origin": origin}))
        .collect()
}

/// Words for an object of registrations.
pub fn of_each(subject: &Subject, is: impl Fn(Registration) -> bool) -> Value {
    let word = |yes: bool| Value::from(if yes { "yes" } else { "no" });
    subject
        .features
        .registrations()
        .into_iter()
        .map(|r| (r.name().to_string(), word(is(r))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The types of permissions that are needed.
pub fn kinds(subject: &Subject) -> Vec<&'static str> {
    let mut kinds: Vec<Kind> =
        subject.features.needed().iter().filter(|r| r.permission.is_some()).map(|r| r.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.into_iter().map(Kind::name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_hosts_of_the_configured_cloud_are_microsofts() {
        let mut config = crate::config::defaults().unwrap().microsoft;
        let all = of_microsoft(&config);
        for good in ["login.microsoftonline.com", "graph.microsoft.com"] {
            assert!(all.contains(good), "{good}: {all:?}");
        }
        for other in [
            "anybody.blob.core.windows.net",
            "evil.microsoft.com",
            "graph.microsoft.us",
            "smba.trafficmanager.net",
        ] {
            assert!(!all.contains(other), "{other}");
        }
        config.bot_app = "5c0de000-0000-4000-8000-00000000b070".into();
        let with_bot = of_microsoft(&config);
        assert!(with_bot.contains("smba.trafficmanager.net") && with_bot.contains("login.botframework.com"));
        config.cloud = "gcc-high".into();
        let high = of_microsoft(&config);
        assert!(high.contains("graph.microsoft.us") && !high.contains("graph.microsoft.com"), "{high:?}");
        config.bot_connector = "http://127.0.0.1:9/bot".into();
        assert!(of_microsoft(&config).contains("127.0.0.1"));
    }

    #[test]
    fn hosts_of_addresses() {
        for (url, wanted) in [
            ("https://a.example:8443/x?y", Some("a.example")),
            ("http://user@[2001:db8::1]:80/", Some("2001:db8::1")),
            ("https://A.Example", Some("a.example")),
            ("no address", None),
        ] {
            assert_eq!(host(url).as_deref(), wanted, "{url}");
        }
        let mut found = Vec::new();
        hosts(
            &json!({"url": "https://x.example/", "deep": [{"host": "sbc.example"}], "name": "y"}),
            "",
            &mut |h| found.push(h),
        );
        found.sort();
        assert_eq!(found, ["sbc.example", "x.example"]);
    }
}
