//! The manifest (schema 1.29), its translations, and what Teams would refuse in it.

use crate::address::{BaseUrl, percent_encode};
use crate::bot::Language;
use crate::clean;
use crate::package::texts::words;
use crate::package::{AppPlan, AppTexts};
use crate::permissions::{Feature, Kind, Registration};
use serde_json::{Map, Value, json};

/// The schema that the manifest follows.
const SCHEMA: &str = "https://developer.microsoft.com/json-schemas/teams/v1.29/MicrosoftTeams.schema.json";
const VERSION: &str = "1.29";
/// Where the bot and the tab may be used.
const SCOPES: [&str; 3] = ["personal", "team", "groupChat"];
/// The page of the tab.
const TAB: &str = "/connector";
/// The longest address, in characters.
const LONGEST_URL: usize = 2_048;

/// The file with the texts of a language.
pub(super) fn file_of(language: Language) -> String {
    format!("{}.json", language.tag())
}

/// The host that pages come from, with its port if it is not the usual one.
pub(super) fn host(url: &str) -> &str {
    let rest = url.split("://").nth(1).unwrap_or(url);
    rest.split('/').next().unwrap_or(rest)
}

impl AppPlan {
    fn own(&self, language: Language) -> AppTexts {
        self.texts.get(&language).cloned().unwrap_or_default()
    }

    pub(super) fn name_in(&self, language: Language) -> String {
        self.own(language).name.unwrap_or_else(|| self.name.clone())
    }

    fn summary_in(&self, language: Language) -> String {
        self.own(language).summary.unwrap_or_else(|| words(language).summary.into())
    }

    fn description_in(&self, language: Language) -> String {
        self.own(language).description.unwrap_or_else(|| words(language).description.into())
    }

    fn has_bot(&self) -> bool {
        self.features.has(Feature::Bot)
    }

    fn has_tab(&self) -> bool {
        self.features.has(Feature::Tab)
    }

    fn first(&self) -> Language {
        self.languages.first().copied().unwrap_or(Language::English)
    }
}

fn text_fault(what: &str, text: &str, most: usize) -> Option<String> {
    let count = text.chars().count();
    if text.trim().is_empty() {
        return Some(format!("{what} is missing"));
    }
    (count > most).then(|| format!("{what} has {count} characters and may have {most}"))
}

/// A version as `1.0.0`: three numbers of at most nine digits without a zero before them.
fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let number = |p: &&str| {
        (1..=9).contains(&p.len())
            && p.bytes().all(|b| b.is_ascii_digit())
            && (p.len() == 1 || !p.starts_with('0'))
    };
    parts.len() == 3 && parts.iter().all(number)
}

/// Whether a host has a name that Teams could reach.
fn is_named(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or(host);
    let letters = name.rsplit('.').next().is_some_and(|last| last.bytes().any(|b| b.is_ascii_alphabetic()));
    name.contains('.') && letters && !name.starts_with('[')
}

/// Everything that Teams would refuse, a sentence each.
pub(super) fn faults(plan: &AppPlan) -> Vec<String> {
    let mut faults = Vec::new();
    let mut say = |fault: Option<String>| faults.extend(fault);
    let guid =
        |what: &str, id: &str| clean::guid(id).is_none().then(|| format!("{what} = {id:?} is no GUID"));
    say(guid("the app's id", &plan.id));
    if !is_version(&plan.version) {
        say(Some(format!("the version {:?} is not written as 1.0.0", plan.version)));
    }
    say(text_fault("the company's name", &plan.company, 32));
    let hex =
        plan.accent.strip_prefix('#').filter(|h| h.len() == 6 && h.bytes().all(|b| b.is_ascii_hexdigit()));
    if hex.is_none() {
        say(Some(format!("the accent colour {:?} is not written as #rrggbb", plan.accent)));
    }
    for (what, url) in [("website", &plan.website), ("privacy", &plan.privacy), ("terms", &plan.terms)] {
        let good = url.starts_with("https://") && url.len() <= LONGEST_URL && is_named(host(url));
        if !good || !url.bytes().all(|b| b.is_ascii_graphic()) {
            say(Some(format!("the page {what} = {url:?} is not an https address")));
        }
    }
    if !plan.url.starts_with("https://") || BaseUrl::parse(&plan.url).is_err() || !is_named(host(&plan.url)) {
        say(Some(format!(
            "http.public_url = {:?} is not an https address with a name: Teams shows no other pages",
            plan.url
        )));
    }
    for language in &plan.languages {
        let about = |what: &str| format!("the {what} in {}", language.tag());
        say(text_fault(&about("name"), &plan.name_in(*language), 30));
        say(text_fault(&about("summary"), &plan.summary_in(*language), 80));
        say(text_fault(&about("description"), &plan.description_in(*language), 4_000));
    }
    for language in plan.texts.keys().filter(|l| !plan.languages.contains(l)) {
        say(Some(format!("there are texts in {}, which is no language of the tenant", language.tag())));
    }
    if !plan.has_bot() && !plan.has_tab() {
        say(Some("neither the bot nor the tab is on, so there is nothing to show in Teams".into()));
    }
    for (on, key, id) in [(plan.has_bot(), "bot_app", &plan.bot), (plan.has_tab(), "tab_app", &plan.tab)] {
        match id {
            Some(id) if on => say(guid(&format!("microsoft.{key}"), id)),
            None if on => say(Some(format!("microsoft.{key} is missing: name the app registration"))),
            _ => {}
        }
    }
    faults
}

/// The texts of the tab and of the bot's commands, under the names by which translations know them.
fn translated(plan: &AppPlan, language: Language) -> Vec<(String, String)> {
    let of = words(language);
    let mut all = Vec::new();
    if plan.has_tab() {
        all.push(("staticTabs[0].name".to_string(), of.tab.to_string()));
    }
    if plan.has_bot() {
        for (n, (word, does)) in of.commands.iter().enumerate() {
            let at = format!("bots[0].commandLists[0].commands[{n}]");
            all.push((format!("{at}.title"), (*word).to_string()));
            all.push((format!("{at}.description"), (*does).to_string()));
        }
    }
    all
}

/// The file of a further language.
pub(super) fn in_language(plan: &AppPlan, language: Language) -> Value {
    let name = plan.name_in(language);
    let mut all = Map::new();
    let mut put = |key: &str, text: String| all.insert(key.into(), text.into());
    put(
        "$schema",
        "https://developer.microsoft.com/json-schemas/teams/v1.29/MicrosoftTeams.Localization.schema.json"
            .into(),
    );
    put("name.short", name.clone());
    put("name.full", name);
    put("description.short", plan.summary_in(language));
    put("description.full", plan.description_in(language));
    for (key, text) in translated(plan, language) {
        put(&key, text);
    }
    Value::Object(all)
}

/// The manifest.
pub(super) fn manifest(plan: &AppPlan) -> Value {
    let first = plan.first();
    let name = plan.name_in(first);
    let mut all = json!({
        "$schema": SCHEMA, "manifestVersion": VERSION, "version": plan.version, "id": plan.id,
        "developer": {"name": plan.company, "websiteUrl": plan.website, "privacyUrl": plan.privacy, "termsOfUseUrl": plan.terms},
        "name": {"short": name, "full": name},
        "description": {"short": plan.summary_in(first), "full": plan.description_in(first)},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": plan.accent,
        "permissions": ["identity"],
        "showLoadingIndicator": false,
        "defaultInstallScope": "groupChat",
        "defaultGroupCapability": {"groupchat": if plan.has_bot() { "bot" } else { "tab" }, "team": if plan.has_bot() { "bot" } else { "tab" }},
        "supportedChannelTypes": ["sharedChannels", "privateChannels"],
    });
    let others: Vec<Value> =
        plan.languages.iter().skip(1).map(|l| json!({"languageTag": l.tag(), "file": file_of(*l)})).collect();
    all["localizationInfo"] = json!({"defaultLanguageTag": first.tag()});
    if !others.is_empty() {
        all["localizationInfo"]["additionalLanguages"] = others.into();
    }
    let mut domains = vec![host(&plan.url).to_string()];
    if let (Some(bot), true) = (&plan.bot, plan.has_bot()) {
        let commands: Vec<Value> = words(first)
            .commands
            .iter()
            .map(|(word, does)| json!({"title": word, "description": does}))
            .collect();
        all["bots"] = json!([{"botId": bot, "scopes": SCOPES, "supportsFiles": false, "isNotificationOnly": false,
            "commandLists": [{"scopes": SCOPES, "commands": commands}]}]);
    }
    if let (Some(tab), true) = (&plan.tab, plan.has_tab()) {
        let page = format!("{}{TAB}?tenant={}", plan.url, percent_encode(&plan.tenant));
        all["staticTabs"] = json!([{"entityId": "people", "name": words(first).tab, "contentUrl": page, "websiteUrl": page,
            "scopes": SCOPES, "context": ["personalTab", "privateChatTab", "channelTab", "meetingChatTab"]}]);
        let wanted = plan.features.permissions(Registration::Tab).into_iter();
        let scopes: Vec<&str> =
            wanted.filter(|(p, kind)| *kind == Kind::Delegated && *p != "openid").map(|(p, _)| p).collect();
        all["webApplicationInfo"] = json!({"id": tab, "resource": format!("api://{}/{tab}", host(&plan.url)),
            "nestedAppAuthInfo": [{"redirectUri": format!("brk-multihub://{}", host(&plan.url)), "scopes": scopes}]});
    }
    // A manifest names one registration. Teams brings a bot a token only for the one that stands here; the tab asks for its
    // own by itself, and what stands here for it only saves its first request.
    if let (Some(bot), true) = (&plan.bot, plan.has_bot() && plan.features.has(Feature::BotNumbers)) {
        all["webApplicationInfo"] =
            json!({"id": bot, "resource": format!("api://{}/botid-{bot}", host(&plan.url))});
    }
    // Softphones are opened by addresses of their own.
    if plan.features.has(Feature::DialUrl) {
        all["devicePermissions"] = json!(["openExternal"]);
    }
    if plan.features.has(Feature::BotNumbers) {
        domains.push("token.botframework.com".into());
    }
    all["validDomains"] = json!(domains);
    let specific: Vec<Value> = plan
        .features
        .permissions(Registration::Any)
        .into_iter()
        .filter(|(_, kind)| *kind == Kind::Rsc)
        .map(|(name, _)| json!({"name": name, "type": "Application"}))
        .collect();
    if !specific.is_empty() {
        all["authorization"] = json!({"permissions": {"resourceSpecific": specific}});
    }
    all
}
