//! By which clients people reach a tenant: each of its doors is knocked at, as a stranger does, on the server's own listener.

use crate::attest::check::{Found, Ground, Subject};
use crate::attest::listeners::ask;
use crate::http::MESSAGES;
use serde_json::{Value, json};
use teams::permissions::Feature;

const AGAINST: &str =
    "the doors for Teams clients and browsers, on the server's own listener and without a token";

/// Knocks at each.
pub fn check(ground: &Ground, subject: &Subject) -> Found {
    judge(subject, &|request| ask(ground, request))
}

/// What is behind a door.
enum Behind {
    Somebody,
    Nobody,
}

fn judge(subject: &Subject, ask: &dyn Fn(&str) -> Result<String, String>) -> Found {
    let on = |feature| subject.features.has(feature);
    // The bot is one for all tenants of a server, and answers those whose directory it knows.
    let is_known = subject.directory.is_some();
    let doors = [
        ("bot", "the bot", on(Feature::Bot) && is_known, "microsoft.bot_app", bot(ask)),
        ("tab", "the tab in Teams", on(Feature::Tab), "microsoft.tab_app", tab(ask, &subject.name)),
        ("web", "the web app", true, "", web(ask)),
    ];
    let (mut lines, mut data, mut good) = (Vec::new(), json!({}), true);
    for (name, called, is_on, setting, behind) in doors {
        let behind = match behind {
            Ok(behind) => behind,
            Err(why) => return Found::not_done(AGAINST, format!("{called}: {why}")),
        };
        let is_there = matches!(behind, Behind::Somebody);
        let said = match (is_there, is_on) {
            (true, true) => "is there".to_string(),
            (false, false) => "is not there".into(),
            (true, false) if name == "bot" => {
                "is there for other tenants of this server, not for this one".into()
            }
            (true, false) => "is there, though it is switched off".into(),
            (false, true) if setting.is_empty() => "is NOT there".into(),
            (false, true) => format!("is switched on, and not there: {setting} names none"),
        };
        // What nobody switched on should lead nowhere; what is not set up harms nobody.
        good &= name == "bot" || is_on || !is_there;
        lines.push(format!("{called} {said}"));
        data[name] = Value::from(is_there && is_on);
    }
    Found { good: Some(good), against: AGAINST.into(), lines, data }
}

/// The status of an answer, and its body.
fn read(answer: &str) -> Result<(&str, &str), String> {
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    let status = status.ok_or("the server's answer cannot be read")?;
    Ok((status, answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)))
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

fn unexpected(status: &str) -> String {
    format!("the server answers with {status}, which says neither that it is there nor that it is not")
}

fn bot(ask: &dyn Fn(&str) -> Result<String, String>) -> Result<Behind, String> {
    let head = "Host: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2";
    let answer = ask(&format!("POST {MESSAGES} HTTP/1.1\r\n{head}\r\n\r\n{{}}"))?;
    match read(&answer)?.0 {
        // Only the Bot Connector is let in.
        "401" => Ok(Behind::Somebody),
        "404" => Ok(Behind::Nobody),
        status => Err(unexpected(status)),
    }
}

fn tab(ask: &dyn Fn(&str) -> Result<String, String>, tenant: &str) -> Result<Behind, String> {
    let answer = ask(&get(&format!("/api/v1/connector/{tenant}")))?;
    match read(&answer)? {
        ("200", body) => {
            let setup: Value = serde_json::from_str(body).map_err(|e| e.to_string())?;
            Ok(if setup["app"].is_string() { Behind::Somebody } else { Behind::Nobody })
        }
        ("404", _) => Ok(Behind::Nobody),
        (status, _) => Err(unexpected(status)),
    }
}

fn web(ask: &dyn Fn(&str) -> Result<String, String>) -> Result<Behind, String> {
    let answer = ask(&get("/"))?;
    match read(&answer)? {
        ("200", body) if body.to_ascii_lowercase().contains("<!doctype html") => Ok(Behind::Somebody),
        ("200" | "404", _) => Ok(Behind::Nobody),
        (status, _) => Err(unexpected(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::TenantId;
    use teams::permissions::{Features, Profile};

    fn subject(off: &[Feature]) -> Subject {
        let mut features = Features::of(Profile::Connector);
        features.switch(Feature::Bot, true).unwrap();
        for feature in off {
            features.switch(*feature, false).unwrap();
        }
        let (name, directory) = ("hansa".to_string(), Some("d".to_string()));
        Subject { tenant: TenantId(1), name, features, directory, documents: Default::default() }
    }

    /// A server whose bot, setup of the tab and first page answer so.
    fn server(
        bot: &'static str,
        tab: &'static str,
        web: &'static str,
    ) -> impl Fn(&str) -> Result<String, String> {
        move |request| {
            let answer = match request.split(' ').nth(1) {
                Some("/api/messages") => bot,
                Some("/api/v1/connector/hansa") => tab,
                Some("/") => web,
                path => return Err(format!("{path:?} was asked for")),
            };
            Ok(format!("HTTP/1.1 {answer}"))
        }
    }

    const PAGE: &str = "200 OK\r\n\r\n<!doctype html>";
    const TAB: &str = "200 OK\r\n\r\n{\"app\": \"an id\"}";
    const NO_APP: &str = "200 OK\r\n\r\n{\"app\": null}";

    #[test]
    fn what_answers_is_there_and_what_is_not_set_up_is_said() {
        for (off, (bot, tab, web), data, good, line) in [
            (&[][..], ("401 No\r\n\r\n", TAB, PAGE), [true, true, true], true, "the bot is there"),
            (
                &[],
                ("404 No\r\n\r\n", TAB, PAGE),
                [false, true, true],
                true,
                "the bot is switched on, and not there",
            ),
            (
                &[],
                ("401 No\r\n\r\n", NO_APP, PAGE),
                [true, false, true],
                true,
                "microsoft.tab_app names none",
            ),
            (&[Feature::Bot], ("401 No\r\n\r\n", TAB, PAGE), [false, true, true], true, "not for this one"),
            (
                &[Feature::Tab],
                ("401 No\r\n\r\n", TAB, PAGE),
                [true, false, true],
                false,
                "though it is switched off",
            ),
            (
                &[],
                ("401 No\r\n\r\n", TAB, "404 No\r\n\r\n"),
                [true, true, false],
                true,
                "the web app is NOT there",
            ),
        ] {
            let found = judge(&subject(off), &server(bot, tab, web));
            let said = found.lines.join("; ");
            assert_eq!(found.data, json!({"bot": data[0], "tab": data[1], "web": data[2]}), "{said}");
            assert_eq!(found.good, Some(good), "{said}");
            assert!(said.contains(line), "{said}");
        }
    }

    #[test]
    fn of_what_cannot_be_understood_nothing_is_said() {
        for (bot, tab, web) in [
            ("503 No\r\n\r\n", TAB, PAGE),
            ("401 No\r\n\r\n", "200 OK\r\n\r\nhello", PAGE),
            ("401 No\r\n\r\n", TAB, "500 No\r\n\r\n"),
        ] {
            let found = judge(&subject(&[]), &server(bot, tab, web));
            assert_eq!((found.good, found.data), (None, Value::Null), "{:?}", found.lines);
        }
    }
}
