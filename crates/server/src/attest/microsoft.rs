//! What is asked of Microsoft and what really came, and which other systems are talked to.

use crate::attest::asked;
use crate::attest::check::{Found, Ground, Subject};
use crate::attest::contacted::{self, Token};
use crate::attest::search::find;
use crate::config::MicrosoftSection;
use redact::Secret;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use store::CATALOGUE;
use teams::graph::Graph;
use teams::permissions::{Feature, Kind, NEVER, Profile, Redirects, Registration};

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
            "multi_tenant": subject.features.is_multi_tenant(r),
            "confidential": r.is_confidential(),
            "exposes_api": subject.features.exposes_api(r),
        })
    })
    .collect()
}

/// The newest token of a registration for the directory of this tenant.
fn token(subject: &Subject, registration: Registration) -> Option<Token> {
    subject.directory.as_deref().and_then(|d| contacted::token(registration.name(), d))
}

/// Why no token of a registration came, in words.
fn why_no_token(registration: Registration) -> &'static str {
    match registration {
        Registration::Tab => {
            "tokens for Graph are given to people's own clients and never come to this server"
        }
        Registration::Any => "consent to a chat or team is given in Teams, and no token of it came",
        Registration::Bot => "nobody signed in to the bot since the start, so no token came",
        Registration::Background => "no token came since the start",
        _ => "nobody signed in by it since the start, so no token came",
    }
}

/// Compares what each registration lists, what is really asked for by it, and the permissions in tokens that came, with
/// those that the features need.
pub fn check(ground: &Ground, subject: &Subject) -> Found {
    let against = "the manifests of the app registrations, what is asked for by them, their newest tokens, and what the \
                   features that are on need";
    let mut found = Found { against: against.into(), ..Found::default() };
    let (mut surplus, mut lacking, mut unknown) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    let (mut never, mut tokens, mut everywhere) = (Vec::new(), 0, serde_json::Map::new());
    for registration in subject.features.registrations() {
        let needed = subject.features.permissions(registration);
        for (permission, _) in &needed {
            if NEVER.iter().any(|never| permission.starts_with(never) && *permission != "ChatMember.Read") {
                found.lines.push(format!("{permission} is asked for and must never be"));
                never.push(*permission);
            }
        }
        let names: Vec<&str> = needed.iter().map(|(p, _)| *p).collect();
        let name = registration.name();
        found.lines.push(format!(
            "{name}: needs {}",
            if names.is_empty() { "nothing".into() } else { names.join(", ") }
        ));
        let listed = asked::listed(&asked::of_features(&subject.features, registration));
        found.lines.push(format!("{name}: its manifest lists {}", set_or_nothing(&listed)));
        match asked::of(ground, subject, registration) {
            Ok(asked) => {
                let asks = set_or_nothing(&asked.permissions);
                found.lines.push(format!("{name}: {} asks for {asks}", asked.by));
                found.lines.push(match asked.is_everywhere {
                    Some(true) => {
                        format!("{name}: it is used at the directory of whichever tenant it is for")
                    }
                    Some(false) => format!("{name}: it is used at one directory, whichever tenant it is for"),
                    None => {
                        format!("{name}: nothing that it is used for tells whether it is for one directory")
                    }
                });
                everywhere.insert(name.into(), asked.is_everywhere.map(word).into());
                let compared = asked::compare(&needed, &listed, &asked.permissions);
                for (what, all) in
                    [("beyond them", &compared.surplus), ("NOT, as needed,", &compared.lacking)]
                {
                    if !all.is_empty() {
                        found.lines.push(format!("{name}: listed or asked for {what}: {}", set(all)));
                    }
                }
                surplus.extend(compared.surplus);
                lacking.extend(compared.lacking);
            }
            Err(why) => {
                found.lines.push(format!("{name}: what is asked for cannot be looked at: {why}"));
                everywhere.insert(name.into(), Value::Null);
                unknown.push(name);
            }
        }
        if let Some(brought) = subject.directory.as_deref().and_then(|d| contacted::presented(name, d)) {
            let more: Vec<String> =
                brought.granted.iter().filter(|s| *s != crate::microsoft::tab::SCOPE).cloned().collect();
            found.lines.push(match more.is_empty() {
                true => format!("{name}: the newest token that pages brought here is for this server alone"),
                false => format!(
                    "{name}: the newest token that pages brought here carries {} too",
                    more.join(", ")
                ),
            });
            surplus.extend(more);
        }
        let Some(token) = token(subject, registration) else {
            if !names.is_empty() {
                found.lines.push(format!("{name}: {}", why_no_token(registration)));
            }
            continue;
        };
        tokens += 1;
        let more = subject.features.surplus(registration, &token.granted);
        let missing = subject.features.missing(registration, &token.granted);
        found.lines.push(match more.is_empty() {
            true => format!("{name}: its newest token carries nothing beyond these"),
            false => format!("{name}: its newest token carries {} beyond them", more.join(", ")),
        });
        if !missing.is_empty() {
            found.lines.push(format!("{name}: its newest token lacks {}", missing.join(", ")));
        }
        surplus.extend(more);
        lacking.extend(missing.into_iter().map(String::from));
    }
    found.good = match (surplus.is_empty() && never.is_empty(), unknown.is_empty()) {
        (false, _) => Some(false),
        (true, true) => Some(true),
        (true, false) => None,
    };
    let equal = match (surplus.is_empty() && lacking.is_empty(), unknown.is_empty()) {
        (false, _) => Some(false),
        (true, true) => Some(true),
        (true, false) => None,
    };
    let operations = contacted::operations();
    let versions = versions(ground, &operations);
    found.lines.push(match operations.is_empty() {
        true => "nothing was asked of Graph since the start".into(),
        false => format!("asked of Graph since the start: {}", set(&operations)),
    });
    found.lines.push(format!("versions of Graph in requests, sent or made for trial: {}", set(&versions)));
    found.data = json!({
        "surplus": surplus, "lacking": lacking, "equal": equal, "tokens": tokens, "operations": operations,
        "versions": versions, "everywhere": everywhere,
    });
    found
}

fn set_or_nothing(all: &BTreeSet<String>) -> String {
    if all.is_empty() { "nothing".into() } else { set(all) }
}

fn set(all: &BTreeSet<String>) -> String {
    all.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The versions of Graph in the requests that were sent, in one that is made as all are, and in the pages of the tab.
fn versions(ground: &Ground, operations: &BTreeSet<String>) -> BTreeSet<String> {
    let of = |operation: &str| operation.split('/').next().unwrap_or_default().to_string();
    let mut versions: BTreeSet<String> = operations.iter().map(|o| of(o)).collect();
    if let Ok(cloud) = crate::microsoft::cloud_of(&ground.config.microsoft)
        && let Some(graph) = Graph::of(&cloud)
    {
        let request = teams::graph::me(&graph).request(&Secret::new(String::new()), [0; 16]);
        versions.extend(contacted::operation(&request.url).map(|o| of(&o)));
    }
    let pages = crate::http::WEB_FILES;
    for version in ["v1.0", "beta"] {
        // As the tab's pages write an address of Graph.
        let words =
            ["chats/", "teams/", "users/", "communications/", "me"].map(|w| format!("/{version}/{w}"));
        if pages.iter().any(|page| words.iter().any(|w| find(page.plain, w.as_bytes(), 0).is_some())) {
            versions.insert(version.to_string());
        }
    }
    versions
}

/// Operations that Microsoft's reference marks as going away, among those that were asked for or that are needed: Azure
/// AD Graph, reports on Skype for Business, templates of teams.
pub fn deprecated(operations: &[String]) -> Vec<String> {
    let gone = ["graph.windows.net", "reports/getSkypeForBusiness", "teamsTemplates"];
    operations.iter().filter(|o| gone.iter().any(|g| o.contains(g))).cloned().collect()
}

/// Where browsers are really sent back to, as this server writes it into requests.
pub fn redirects(ground: &Ground) -> Redirects {
    let url = ground.config.http.public_url.trim_end_matches('/');
    let url = match url {
        "" if ground.config.http.is_tls() => format!("https://{}", ground.http),
        "" => format!("http://{}", ground.http),
        url => url.to_string(),
    };
    Redirects {
        web: crate::http::microsoft_callbacks().iter().map(|path| format!("{url}{path}")).collect(),
        spa: Vec::new(),
        app_id_uri: None,
    }
}

/// Gives what asks for tokens a claims challenge, as Graph sends it, and looks at what would be asked of Entra ID next; and
/// looks whether tokens that came say that Entra ID took our word for it.
pub fn challenges(ground: &Ground, subject: &Subject) -> Found {
    let against =
        "a challenge as Graph sends it, the requests and pages that would follow, and the newest tokens";
    let registrations = subject.features.registrations();
    let asking: Vec<Registration> =
        registrations.into_iter().filter(|r| !subject.features.permissions(*r).is_empty()).collect();
    let mut found = Found { against: against.into(), ..Found::default() };
    if asking.is_empty() {
        found.lines.push("no feature signs in at Microsoft".into());
        found.good = Some(false);
        found.data = json!({"policies": [], "carried": false, "declared": false});
        return found;
    }
    let mut supported: Vec<&str> = asked::POLICIES.map(|(policy, _)| policy).to_vec();
    let (mut declared, mut unknown) = (true, false);
    for registration in asking {
        let name = registration.name();
        match asked::of(ground, subject, registration) {
            Ok(asked) => {
                supported.retain(|policy| asked.policies.contains(policy));
                declared &= asked.declares;
                let carried =
                    if asked.policies.is_empty() { "nothing".into() } else { asked.policies.join(", ") };
                found.lines.push(format!(
                    "{name}: what is demanded is carried to Entra ID because of {carried}; {} that challenges are \
                     understood (cp1)",
                    if asked.declares { "it is declared" } else { "it is NOT declared" }
                ));
            }
            Err(why) => {
                unknown = true;
                found.lines.push(format!("{name}: it cannot be looked at: {why}"));
            }
        }
        // What is asked for is half of it: whether Entra ID took it, its tokens say.
        let brought = subject.directory.as_deref().and_then(|d| contacted::presented(name, d));
        let came =
            [("its newest token", token(subject, registration)), ("the newest token brought here", brought)];
        let mut silent = true;
        for (what, token) in came.into_iter().filter_map(|(what, token)| Some((what, token?))) {
            silent = false;
            declared &= token.takes_challenges;
            let says = if token.takes_challenges { "says" } else { "does NOT say" };
            found.lines.push(format!("{name}: {what} {says} that it may be ended before its time"));
        }
        if silent {
            found.lines.push(format!("{name}: {}", why_no_token(registration)));
        }
    }
    let carried = supported.len() == asked::POLICIES.len();
    found.good = match (carried && declared, unknown) {
        (false, _) => Some(false),
        (true, false) => Some(true),
        (true, true) => None,
    };
    let known = |is: bool| (!unknown || !is).then_some(is);
    found.data = json!({"policies": supported, "carried": known(carried), "declared": known(declared)});
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

/// Whether a host is of a service that lets models answer.
fn answers_by_a_model(host: &str) -> bool {
    const SERVICES: [&str; 12] = [
        "openai.com",
        "openai.azure.com",
        "services.ai.azure.com",
        "cognitiveservices.azure.com",
        "anthropic.com",
        "generativelanguage.googleapis.com",
        "aiplatform.googleapis.com",
        "mistral.ai",
        "cohere.com",
        "cohere.ai",
        "huggingface.co",
        "deepgram.com",
    ];
    let is_of =
        |service: &str| host == service || host.strip_suffix(service).is_some_and(|h| h.ends_with('.'));
    SERVICES.into_iter().any(is_of)
}

/// Compares the systems that were really talked to with those that the configuration declares.
pub fn destinations(ground: &Ground, subject: &Subject) -> Found {
    let declared = declared(ground, subject);
    let contacted = contacted::all(subject.tenant);
    let since = crate::view::time(engine::Time(contacted::since()));
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
        "{} declared by the configuration, {} talked to since {since}",
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
    let sip = contacted::sip(subject.tenant);
    let is_alone = ground.handle.store.tenants().is_ok_and(|all| all.len() == 1);
    lines.push(format!(
        "addresses asked over SIP since {since}: {} of trunks, flows and telephones, {} besides in calls of this tenant",
        sip.declared,
        sip.strange.len()
    ));
    let strange: Vec<String> = sip.strange.iter().map(ToString::to_string).collect();
    lines.extend(strange.iter().map(|ip| format!("{ip}: asked over SIP and declared by nothing")));
    if sip.nobodys > 0 {
        lines.push(format!("{} addresses asked over SIP in no call that is known", sip.nobodys));
    }
    // Which servers are asked is up to this machine; what they are asked says whom calls go to.
    let names: Vec<String> = contacted::dns().iter().map(ToString::to_string).collect();
    lines.push(match names.is_empty() {
        true => "no server of the DNS was asked for a name of a far end since the start".into(),
        false => format!(
            "servers of the DNS asked since the start, as this machine names them: {}",
            names.join(", ")
        ),
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
    let models: Vec<&String> =
        declared.keys().chain(contacted.keys()).filter(|h| answers_by_a_model(h)).collect();
    lines.extend(models.iter().map(|h| format!("{h}: answers by a model")));
    // On a server of one tenant what is nobody's is that tenant's.
    let is_clean = undeclared.is_empty() && strange.is_empty() && !(is_alone && sip.nobodys > 0);
    // Where nothing was talked to yet, nothing was held against what is declared.
    let is_quiet = contacted.is_empty() && sip.declared == 0 && sip.strange.is_empty() && sip.nobodys == 0;
    let is_unseen = is_quiet && !declared.is_empty();
    if is_unseen {
        lines.push(format!(
            "what the configuration declares was not talked to since {since}: whether it is all cannot be said"
        ));
    }
    Found {
        good: (!is_unseen || !is_clean).then_some(is_clean),
        against: format!(
            "connections on behalf of this tenant, and of the server, since {since}, and the configuration"
        ),
        lines,
        data: json!({"not_microsoft": other_firms, "models": models}),
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
    subject
        .features
        .registrations()
        .into_iter()
        .map(|r| (r.name().to_string(), Value::from(word(is(r)))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn word(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
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
    fn services_of_models_are_known_by_their_hosts() {
        for (host, is) in [
            ("api.openai.com", true),
            ("acme.openai.azure.com", true),
            ("mistral.ai", true),
            ("notmistral.ai", false),
            ("openai.com.example.org", false),
            ("crm.example.org", false),
        ] {
            assert_eq!(answers_by_a_model(host), is, "{host}");
        }
    }

    #[test]
    fn operations_that_go_away_are_named() {
        let all = ["v1.0/users".to_string(), "v1.0/reports/getSkypeForBusinessActivityCounts".to_string()];
        assert_eq!(deprecated(&all), all[1..]);
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
