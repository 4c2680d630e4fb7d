//! What is kept of a person as a page that people read, in one of the languages of the web app.

use crate::attest::Words;
use crate::http::person_export::{CallKept, EntryKept, PersonExport};
use std::collections::BTreeSet;
use std::fmt::Write;

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The page, with links to the audio that is beside it (`here`) and a word for what had no room (`left_out`).
pub(super) fn page(
    export: &PersonExport,
    words: &Words,
    left_out: &[String],
    here: &BTreeSet<String>,
) -> String {
    let PersonExport { person, calls, entered, directory, users } = export;
    let say = |key: &str| escaped(&words.proof(key, &[]));
    let title = say("person-title");
    let mut out = format!(
        "<!doctype html><html lang=\"{}\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>body{{font-family:sans-serif;margin:2em}}table{{border-collapse:collapse}}\
         td,th{{border:1px solid #888;padding:.3em .6em;text-align:left;vertical-align:top}}</style>\
         <h1>{title}</h1><table>",
        words.tag()
    );
    // Writing to a String cannot fail.
    let mut row = |key: &str, value: &str| {
        if !value.is_empty() {
            let _ = write!(out, "<tr><th>{}</th><td>{}</td></tr>", say(key), escaped(value));
        }
    };
    let yes = |is: bool| words.proof(if is { "yes" } else { "no" }, &[]);
    row("person-number", &person.address);
    row("person-names", &person.names.join(", "));
    row("person-restricted", &yes(person.restricted));
    row("person-objected", &yes(person.objected));
    for (key, entries) in [("person-directory", directory), ("person-entered", entered)] {
        entries.iter().for_each(|entry| row(key, &in_a_line(entry)));
    }
    for user in users {
        row("person-user", &format!("{}: {}", user.id, user.configuration));
    }
    let heads = [
        "person-call",
        "person-began",
        "person-answered",
        "person-ended",
        "person-whose",
        "person-queue",
        "person-agent",
        "person-outcome",
        "person-disposition",
        "person-waited",
        "person-talked",
        "person-notes",
        "person-recordings",
    ];
    let heads: Vec<String> = heads.map(|key| format!("<th>{}</th>", say(key))).into();
    let _ = write!(out, "</table><h2>{}</h2><table><tr>{}</tr>", say("person-calls"), heads.concat());
    for call in calls {
        let audio =
            call.recordings.iter().filter_map(|id| match (here.contains(id), left_out.contains(id)) {
                (true, _) => Some(format!("<a href=\"audio/{id}.wav\">{id}</a>")),
                (_, true) => Some(escaped(&words.proof("person-not-here", &[("id", id.as_str())]))),
                // By its rule audio goes before its call.
                _ => None,
            });
        let audio: Vec<String> = audio.collect();
        let cells: Vec<String> =
            cells(call, words).iter().map(|text| format!("<td>{}</td>", escaped(text))).collect();
        let _ = write!(out, "<tr>{}<td>{}</td></tr>", cells.concat(), audio.join(" "));
    }
    out += "</table></html>\n";
    out
}

/// Everything of an entry that is there.
fn in_a_line(entry: &EntryKept) -> String {
    let mut all = vec![entry.name.as_str(), entry.mail.as_str()];
    all.extend(entry.business.iter().chain(&entry.mobile).map(String::as_str));
    all.retain(|text| !text.is_empty());
    all.join(", ")
}

/// What a call says, in the order of the columns and without the audio.
fn cells(call: &CallKept, words: &Words) -> [String; 12] {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let seconds = |ms: u64| format!("{}.{} s", ms / 1_000, ms % 1_000 / 100);
    let said: Vec<&str> = call.dispositions.iter().map(|said| said.disposition.as_str()).collect();
    [
        call.call.clone(),
        call.began.clone(),
        text(&call.answered),
        call.ended.clone(),
        words.proof(if call.own { "person-own" } else { "person-not-own" }, &[]),
        text(&call.queue),
        text(&call.agent),
        call.outcome.as_deref().map(|outcome| words.outcome(outcome)).unwrap_or_default(),
        said.join(", "),
        seconds(call.waited_ms),
        seconds(call.talked_ms),
        text(&call.notes),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::person_export::UserKept;
    use crate::http::person_records::{KeptAs, PersonKept};
    use crate::view::SaidView;
    use teams::bot::Language;

    fn export() -> PersonExport {
        let text = |text: &str| Some(text.to_string());
        let call = CallKept {
            call: "c7".into(),
            number: text("main"),
            began: "2026-03-01T09:00:00Z".into(),
            answered: text("2026-03-01T09:00:04Z"),
            ended: "2026-03-01T09:02:00Z".into(),
            ended_by: text("caller"),
            reason: text("hung-up"),
            queue: text("service"),
            outcome: text("answered"),
            agent: text("bert"),
            waited_ms: 4_250,
            talked_ms: 116_000,
            dispositions: vec![SaidView { agent: "bert".into(), disposition: "solved".into() }],
            own: true,
            notes: text("asked for <b>a refund</b>"),
            recordings: vec!["r1".into(), "r2".into(), "r3".into()],
        };
        let entry = |id: &str, name: &str| EntryKept {
            id: id.into(),
            name: name.into(),
            mail: "anna@example.org".into(),
            business: vec!["+4930555".into()],
            mobile: None,
            corrected: vec![],
        };
        let person = PersonKept {
            id: "p1".into(),
            kept_as: KeptAs::Caller,
            address: "+4930555".into(),
            names: vec!["Anna".into()],
            calls: 1,
            restricted: true,
            objected: false,
            holds: vec![],
            user: None,
        };
        let configuration = serde_json::json!({"email": "u@example.org"});
        PersonExport {
            person,
            calls: vec![call],
            entered: vec![entry("local-1", "Entered Anna")],
            directory: vec![entry("directory-1", "Listed Anna")],
            users: vec![UserKept { id: "anna".into(), configuration }],
        }
    }

    #[test]
    fn the_page_says_all_of_it_in_every_language_and_nothing_as_markup() {
        let export = export();
        for language in Language::ALL {
            let words = Words::of(language);
            let text = page(&export, &words, &["r2".into()], &BTreeSet::from(["r1".to_string()]));
            for said in [
                "c7",
                "09:00:04",
                "service",
                "bert",
                "solved",
                "4.2 s",
                "116.0 s",
                "a refund",
                "Entered Anna",
                "Listed Anna",
                "u@example.org",
                "<a href=\"audio/r1.wav\">",
                "r2",
            ] {
                assert!(text.contains(said), "{said} in {language:?}: {text}");
            }
            assert!(!text.contains("<b>") && !text.contains("r3"), "{text}");
            assert!(!text.contains("person-") && !text.contains("outcome-"), "a word is missing: {text}");
            assert!(text.contains(&format!("lang=\"{}\"", language.tag())));
        }
        assert!(page(&export, &Words::of(Language::German), &[], &BTreeSet::new()).contains("Angenommen"));
    }
}
