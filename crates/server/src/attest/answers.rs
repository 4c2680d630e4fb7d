//! From checks to answers: which check each answer of the program comes from, and how the operator's word stands beside
//! it. No answer here is a constant: without its check it is open.

use crate::attest::check::{Ground, Subject};
use crate::attest::questions::{QUESTIONS, Question, Who};
use crate::attest::{Checks, Declared, microsoft, stored};
use serde_json::{Map, Value, json};
use teams::permissions::{Feature, Operation, Redirects, Registration, manifest};

/// What the program says to a question: the answer, if its checks allow one, and the checks.
struct Said {
    answer: Option<Value>,
    checks: &'static [&'static str],
}

/// All answers, in the order of the questions.
pub fn answers(ground: &Ground, subject: &Subject, checks: &Checks, declared: &Declared) -> Vec<Value> {
    QUESTIONS
        .iter()
        .map(|q| one(q, &software(q, ground, subject, checks), checks, declared.get(q.id)))
        .collect()
}

fn one(q: &Question, said: &Said, checks: &Checks, word: Option<&Value>) -> Value {
    let evidence: Vec<Value> =
        said.checks.iter().filter_map(|name| checks.get(name)).map(|c| c.view()).collect();
    let (answer, by) = match (q.who, &said.answer, word) {
        (Who::Software, Some(answer), _) => (answer.clone(), "software"),
        (Who::Both | Who::Operator, _, Some(word)) => (word.clone(), "declared"),
        _ => (Value::Null, "open"),
    };
    let mut view = Map::new();
    view.insert("id".into(), q.id.into());
    view.insert("page".into(), q.page.into());
    view.insert("question".into(), q.text.into());
    view.insert("answer".into(), answer);
    view.insert("by".into(), by.into());
    view.insert("evidence".into(), evidence.into());
    if let (Some(answer), Some(word)) = (&said.answer, word)
        && answer != word
    {
        let note = format!("The operator's file says {word}; the program's checks say {answer}.");
        view.insert("disagreement".into(), note.into());
    }
    view.into()
}

fn software(q: &Question, ground: &Ground, subject: &Subject, checks: &Checks) -> Said {
    let good = |name: &str| checks.get(name).and_then(|c| c.found.good);
    let data = |name: &str| checks.get(name).map(|c| c.found.data.clone()).unwrap_or_default();
    let was_run = |name: &str| !data(name).is_null() || good(name).is_some();
    let word = |is: bool| Value::from(if is { "yes" } else { "no" });
    let yes_if = |name: &str| good(name).map(word);
    // What a check would have contradicted is only said where it was run and did not.
    let when = |name: &str, answer: Value| (was_run(name) && good(name) != Some(false)).then_some(answer);
    // What is made of the very things that a check saw is said whatever it found of them.
    let seen = |name: &str, answer: Value| was_run(name).then_some(answer);
    let on = |feature: Feature| subject.features.has(feature);
    let door = |name: &str| data("entrances")[name] == true;
    let kept = || stored::list(subject, checks);
    let fields =
        |all: &[Value]| -> Value { all.iter().map(|f| f["field"].clone()).collect::<Vec<_>>().into() };
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_string).collect()
    };
    let has_microsoft = !subject.features.registrations().is_empty();
    let (answer, checks): (Option<Value>, &'static [&'static str]) = match q.id {
        "GEN26" => {
            let features: Vec<&str> = subject.features.list().map(Feature::name).collect();
            let text = format!(
                "Switchroom {} as a {}: {}.",
                env!("CARGO_PKG_VERSION"),
                subject.features.profile().name(),
                if features.is_empty() { "SIP only".to_string() } else { features.join(", ") }
            );
            (when("components", text.chars().take(500).collect::<String>().into()), &["components"])
        }
        "GEN17" => {
            // Built in, or asked: a system that the configuration names may let a model answer.
            let (ai, asked) = (texts(&data("components")["ai"]), texts(&data("destinations")["models"]));
            let is = !ai.is_empty() || !asked.is_empty();
            let known = was_run("components") && was_run("destinations");
            ((known || is).then(|| word(is)), &["components", "destinations"])
        }
        "GEN20" => (None, &["regions"]),
        "GEN16" => (None, &["regions", "destinations"]),
        "DHP_G07" => {
            (seen("stored-fields", word(!microsoft::processed(subject).is_empty())), &["stored-fields"])
        }
        "DHP_G04" => (seen("stored-fields", fields(&microsoft::processed(subject))), &["stored-fields"]),
        "DHP_G16" => (yes_if("tls"), &["tls", "certificates"]),
        "DHP_G06" => (seen("stored-fields", word(!kept().is_empty())), &["stored-fields"]),
        "DHP_G05" => (seen("stored-fields", fields(&kept())), &["stored-fields"]),
        "DHP_G08" => {
            let places = texts(&data("regions")["places"]).join(", ");
            ((!places.is_empty()).then(|| places.into()), &["regions"])
        }
        "DHP_G09" => (yes_if("retention"), &["retention", "closing", "rights"]),
        "LEG03" => {
            let days = data("closing")["days"].as_u64();
            (days.and_then(|days| when("closing", in_words(days).into())), &["closing"])
        }
        "DHP_G10" => (yes_if("keys"), &["keys", "accounts", "audit-log"]),
        "DHP_G11" => {
            let others = texts(&data("destinations")["not_microsoft"]);
            (seen("destinations", word(!others.is_empty())), &["destinations"])
        }
        "SEC26" => (yes_if("backups"), &["backups"]),
        // That it is looked for, and lately, is a process; what it found is another question.
        "SEC29" | "SEC33" => {
            let new = data("advisories")["new"].as_bool();
            (new.map(word), &["components", "advisories"])
        }
        "SEC31" => (yes_if("advisories"), &["components", "advisories"]),
        "SEC32" => {
            let unmaintained = data("advisories")["unmaintained"].as_u64();
            (unmaintained.map(|n| word(n > 0)), &["components", "advisories"])
        }
        "SEC35" => (yes_if("audit-log"), &["audit-log"]),
        "SEC36" => (None, &["components"]),
        "SEC37" => (yes_if("api-refusals"), &["api-refusals", "credentials"]),
        "SEC39" => (None, &["accounts"]),
        "SEC41" => {
            // Two logs: what the parts of the program say, and who did what. One that is not as it should be is enough.
            let said = match (good("event-log"), good("audit-log")) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
            (said.map(word), &["event-log", "audit-log"])
        }
        "SEC42" => (None, &["audit-log"]),
        "SEC43" => (yes_if("alerts"), &["alerts"]),
        "PRV04" => (seen("components", word(!texts(&data("components")["ai"]).is_empty())), &["components"]),
        "PRV05" => (data("rights")["objected"].as_bool().map(word), &["rights"]),
        "PRV06" => (yes_if("destinations").map(|v| word(v != "yes")), &["destinations"]),
        "PRV10" => (data("rights")["erased"].as_bool().map(word), &["rights"]),
        "PRV11" => (data("rights")["restricted"].as_bool().map(word), &["rights"]),
        "PRV12" => (data("rights")["corrected"].as_bool().map(word), &["rights"]),
        "IDD01" => (seen("permissions", word(has_microsoft)), &["permissions"]),
        "DHP_G01" => {
            let ids: Vec<Value> =
                microsoft::registrations(ground, subject).iter().map(|r| r["app_id"].clone()).collect();
            let ids: Vec<Value> = ids.into_iter().filter(|id| !id.is_null()).collect();
            (seen("permissions", ids.into()), &["permissions"])
        }
        "IDD_TENANT" => (None, &["permissions"]),
        "ZTR01" => {
            let ids: Vec<Value> =
                microsoft::registrations(ground, subject).iter().map(|r| r["app_id"].clone()).collect();
            let known: Vec<&Value> = ids.iter().filter(|id| !id.is_null()).collect();
            let shared =
                known.iter().enumerate().any(|(n, id)| known.iter().skip(n + 1).any(|other| other == id));
            (seen("permissions", word(shared)), &["permissions"])
        }
        "DHP_G02" => {
            let asked = !texts(&data("permissions")["operations"]).is_empty();
            (seen("permissions", word(uses_graph(subject) || asked)), &["permissions"])
        }
        "IDD_PERMS" => {
            let mut names: Vec<Value> =
                microsoft::permissions(subject).iter().map(|p| p["permission"].clone()).collect();
            // What a token carries beyond them is asked for as well, wherever that was written down.
            names.extend(texts(&data("permissions")["surplus"]).into_iter().map(Value::from));
            names.dedup();
            (seen("permissions", names.into()), &["permissions"])
        }
        "DHP_G03" => (seen("permissions", microsoft::kinds(subject).into()), &["permissions"]),
        "ZTR04" => {
            let reason = |p: &Value| {
                format!(
                    "{} ({}): {}",
                    p["permission"].as_str().unwrap_or_default(),
                    p["feature"].as_str().unwrap_or_default(),
                    p["reason"].as_str().unwrap_or_default()
                )
            };
            let all: Vec<String> = microsoft::permissions(subject).iter().map(reason).collect();
            (seen("permissions", all.into()), &["permissions"])
        }
        "IDD04" => (yes_if("permissions"), &["permissions"]),
        "IDD18" => (None, &["permissions", "challenges"]),
        "IDD19" => {
            // Tokens of the server come from no library of Microsoft's; those of a tab alone do.
            let only_tab = subject
                .features
                .registrations()
                .iter()
                .all(|r| matches!(r, Registration::Tab | Registration::Bot))
                && on(Feature::Tab)
                && !on(Feature::BotNumbers);
            let msal = texts(&data("components")["msal"]).iter().any(|m| m.starts_with("@azure/msal"));
            (seen("components", word(only_tab && msal)), &["components"])
        }
        "ZTR03" => {
            let used = if has_microsoft { data("components")["identity"].clone() } else { json!([]) };
            (seen("components", used), &["components"])
        }
        "IDD02" => (data("challenges")["carried"].as_bool().map(word), &["challenges", "permissions"]),
        "IDD03" => (good("challenges").map(|_| data("challenges")["policies"].clone()), &["challenges"]),
        "ZTR05" => {
            let both = (data("challenges")["carried"].as_bool(), data("challenges")["declared"].as_bool());
            let said = match both {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
            (said.map(word), &["challenges"])
        }
        "ZTR06" => (yes_if("credentials").map(|v| word(v == "no")), &["credentials"]),
        "DHP21" => (seen("entrances", word(door("bot"))), &["entrances"]),
        "DHP20" => {
            let used = if door("bot") { json!(["Bot Connector"]) } else { json!([]) };
            (seen("entrances", used), &["entrances"])
        }
        "ZTR07" => {
            let why = match door("bot") {
                true => "the bot's messages are carried by the Bot Connector",
                false => "none is used",
            };
            (seen("entrances", why.into()), &["entrances"])
        }
        "X_CLIENTS" => {
            let mut clients = Vec::new();
            if door("tab") || door("bot") {
                clients.extend(["Teams on the desktop", "Teams on the web", "Teams on mobile devices"]);
            }
            if on(Feature::DirectRouting) && ground.sips.is_some() {
                clients.push("Teams, through Direct Routing");
            }
            if door("web") {
                clients.push("web browser");
            }
            (seen("entrances", clients.into()), &["entrances"])
        }
        "X_NON_MS" => {
            (seen("destinations", data("destinations")["not_microsoft"].clone()), &["destinations"])
        }
        "X_BOT_EUII" => {
            // Every column has its origin in the catalogue, and the check finds those that are in no line of it.
            let stored = kept().iter().any(|f| {
                let of = f["origin"].as_str().unwrap_or_default();
                of.contains("the bot") || of.contains("Teams client")
            });
            let answer = json!({"used": word(door("bot")), "stored": word(stored)});
            let known = seen("stored-fields", answer).filter(|_| was_run("entrances"));
            (known, &["stored-fields", "entrances", "canary"])
        }
        "X_TELEMETRY" => (yes_if("canary").map(|v| word(v == "no")), &["canary"]),
        "X_ADMIN_CONTROL" => {
            let all = texts(&data("accounts")["controls"]);
            (seen("accounts", all.into()), &["accounts", "audit-log"])
        }
        "X_STATIC_PERMS" => (data("permissions")["equal"].as_bool().map(word), &["permissions"]),
        // Of a registration that nothing tells this of it is open.
        "X_MULTI_TENANT" => {
            (seen("permissions", data("permissions")["everywhere"].clone()), &["permissions"])
        }
        "X_CONFIDENTIAL" => (
            seen("permissions", microsoft::of_each(subject, Registration::is_confidential)),
            &["permissions"],
        ),
        "X_REDIRECTS" => (None, &["permissions"]),
        "X_AVOIDED" => {
            // Without an app registration there is no pattern to avoid.
            let all =
                if has_microsoft { avoided(subject, &microsoft::redirects(ground)) } else { Vec::new() };
            (seen("permissions", all.into()), &["permissions"])
        }
        "X_WEB_API" => (
            seen("permissions", microsoft::of_each(subject, |r| subject.features.exposes_api(r))),
            &["permissions"],
        ),
        "X_PREVIEW" => {
            let versions = texts(&data("permissions")["versions"]);
            let previews = versions.iter().any(|v| v != "v1.0");
            ((!versions.is_empty()).then(|| word(previews)), &["permissions"])
        }
        "X_DEPRECATED" => {
            let needed = operations(subject).into_iter().map(|o| o.text().to_string());
            let all: Vec<String> = needed.chain(texts(&data("permissions")["operations"])).collect();
            (seen("permissions", word(!microsoft::deprecated(&all).is_empty())), &["permissions"])
        }
        _ => (None, &[]),
    };
    Said { answer, checks }
}

/// Days after the account ends, in the words of the question.
fn in_words(days: u64) -> &'static str {
    match days {
        0 => "none",
        1..30 => "<30",
        30..60 => "<60",
        60..90 => "<90",
        _ => ">90",
    }
}

fn operations(subject: &Subject) -> Vec<Operation> {
    subject.features.needed().iter().flat_map(|r| r.operations.iter().copied()).collect()
}

fn uses_graph(subject: &Subject) -> bool {
    operations(subject).iter().any(|o| o.text().contains(" /"))
}

/// Discouraged patterns that no manifest of ours has, with the addresses that browsers are really sent back to.
fn avoided(subject: &Subject, redirects: &Redirects) -> Vec<&'static str> {
    let all: Vec<Value> = subject
        .features
        .registrations()
        .into_iter()
        .map(|r| manifest(&subject.features, r, redirects, false))
        .collect();
    avoided_by(&all)
}

fn avoided_by(manifests: &[Value]) -> Vec<&'static str> {
    let none = |has: fn(&Value) -> bool| !manifests.iter().any(has);
    let mut avoided = Vec::new();
    if none(|m| {
        m["web"]["implicitGrantSettings"]["enableAccessTokenIssuance"] == true
            || m["web"]["implicitGrantSettings"]["enableIdTokenIssuance"] == true
    }) {
        avoided.push("implicit grant");
    }
    if none(|m| {
        m["web"]["redirectUris"].to_string().contains('*')
            || m["spa"]["redirectUris"].to_string().contains('*')
    }) {
        avoided.push("wildcard redirect URIs");
    }
    if none(|m| m["isFallbackPublicClient"] == true) {
        avoided.push("resource owner password and device code by a public client");
    }
    if none(|m| m["signInAudience"].as_str().is_some_and(|a| a.contains("Personal"))) {
        avoided.push("personal accounts");
    }
    avoided
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_in_the_words_of_the_question() {
        let words = [
            (0, "none"),
            (1, "<30"),
            (29, "<30"),
            (30, "<60"),
            (59, "<60"),
            (60, "<90"),
            (89, "<90"),
            (90, ">90"),
        ];
        for (days, wanted) in words {
            assert_eq!(in_words(days), wanted);
        }
    }

    #[test]
    fn a_pattern_that_a_manifest_has_is_not_avoided() {
        let good = json!({"web": {"redirectUris": ["https://cc.example/callback"]}});
        assert_eq!(avoided_by(std::slice::from_ref(&good)).len(), 4);
        let wild = json!({"web": {"redirectUris": ["https://*.example/callback"]}});
        assert!(!avoided_by(&[good, wild]).contains(&"wildcard redirect URIs"));
        let implicit = json!({"web": {"implicitGrantSettings": {"enableIdTokenIssuance": true}}});
        assert!(!avoided_by(&[implicit]).contains(&"implicit grant"));
    }

    #[test]
    fn the_operators_word_stands_beside_the_evidence_and_a_disagreement_is_said() {
        let checks = Checks::new();
        let find = |id| QUESTIONS.iter().find(|q| q.id == id).unwrap();
        let said = |answer: Option<&str>| Said { answer: answer.map(Value::from), checks: &[] };
        let both = find("SEC26");
        assert_eq!(one(both, &said(Some("no")), &checks, None)["by"], "open");
        let declared = one(both, &said(Some("no")), &checks, Some(&json!("yes")));
        assert_eq!((&declared["by"], &declared["answer"]), (&json!("declared"), &json!("yes")));
        assert!(declared["disagreement"].as_str().unwrap().contains("\"no\""));
        assert!(one(both, &said(Some("yes")), &checks, Some(&json!("yes"))).get("disagreement").is_none());
        // What software can answer is never the operator's word.
        let ours = one(find("DHP_G16"), &said(Some("no")), &checks, Some(&json!("yes")));
        assert_eq!((&ours["by"], &ours["answer"]), (&json!("software"), &json!("no")));
        assert_eq!(one(find("DHP_G16"), &said(None), &checks, Some(&json!("yes")))["by"], "open");
        assert_eq!(one(find("SEC28"), &said(None), &checks, Some(&json!("yes")))["by"], "declared");
    }
}
