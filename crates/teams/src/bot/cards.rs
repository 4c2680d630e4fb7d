//! Adaptive Cards of version 1.5, and the messages that carry them.
//!
//! Names and numbers stand in runs of text, in which marks of Markdown mean nothing: a name cannot become a link.

use crate::bot::invoke::SEALED;
use crate::bot::words::{Language, Said};
use redact::Secret;
use serde_json::{Value, json};

/// People on one card. More would make it larger than clients draw well.
pub const MOST_ROWS: usize = 20;

/// Somebody on a card.
#[derive(Clone, Debug, Default)]
pub struct PersonRow {
    /// The name.
    pub name: Secret<String>,
    /// Numbers that may be shown, each with what it is and the sealed press that calls it.
    pub numbers: Vec<(Said, Secret<String>, String)>,
    /// The sealed press that opens the dialog for this person.
    pub open: Option<String>,
    /// A guest, or somebody of another organisation.
    pub guest: bool,
    /// It is known that there is no number to be had.
    pub no_number: bool,
}

/// A text in which no mark means anything.
fn verbatim(run: Value) -> Value {
    json!({"type": "RichTextBlock", "inlines": [run]})
}

/// Text in bold at the top of a card.
fn title(text: &str) -> Value {
    verbatim(json!({"type": "TextRun", "text": text, "weight": "Bolder", "size": "Medium"}))
}

/// A line below a name.
fn below(text: &str) -> Value {
    let mut block = verbatim(json!({"type": "TextRun", "text": text, "isSubtle": true}));
    block["spacing"] = "None".into();
    block
}

fn card(body: Vec<Value>) -> Value {
    json!({"type": "AdaptiveCard", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "version": "1.5", "body": body})
}

/// A button that opens the dialog.
fn opens(title: &str, sealed: &str) -> Value {
    json!({"type": "Action.Submit", "title": title, "data": {SEALED: sealed, "msteams": {"type": "task/fetch"}}})
}

/// A button that is answered with another card; older clients send it as a message.
fn executes(title: &str, verb: &str, sealed: &str) -> Value {
    let data = json!({SEALED: sealed});
    json!({"type": "Action.Execute", "title": title, "verb": verb, "data": data,
        "fallback": {"type": "Action.Submit", "title": title, "data": data}})
}

/// How numbers are shown.
#[derive(Clone, Copy, Debug)]
pub enum Numbers<'a> {
    /// Not at all: they are there already, or there are none.
    No,
    /// In the dialog that this sealed press opens.
    Dialog(&'a str),
    /// On the card, after this sealed press.
    Card(&'a str),
}

/// The people of a conversation, or those whom a name fits. `more` is the next page.
pub fn people(
    language: Language,
    title: &str,
    rows: &[PersonRow],
    all: Numbers<'_>,
    more: Option<&str>,
) -> Value {
    let say = |s: Said| s.text(language);
    let mut body = vec![self::title(title)];
    for row in rows.iter().take(MOST_ROWS) {
        let mut items = vec![verbatim(json!({"type": "TextRun", "text": row.name.expose_secret()}))];
        if row.guest {
            items.push(below(say(Said::IsGuest)));
        }
        if row.no_number {
            items.push(below(say(Said::NoNumbers)));
        }
        let mut buttons = Vec::new();
        for (what, number, sealed) in &row.numbers {
            let number = number.expose_secret();
            items.push(below(&format!("{}: {number}", say(*what))));
            buttons.push(executes(&Said::CallNumber.with(language, number), "call", sealed));
        }
        if let (Some(open), true) = (&row.open, row.numbers.is_empty()) {
            buttons.push(opens(say(Said::Call), open));
        }
        let mut columns = vec![
            json!({"type": "Column", "width": "stretch", "verticalContentAlignment": "Center", "items": items}),
        ];
        if !buttons.is_empty() {
            columns.push(json!({"type": "Column", "width": "auto", "items": [{"type": "ActionSet", "actions": buttons}]}));
        }
        body.push(json!({"type": "ColumnSet", "separator": true, "columns": columns}));
    }
    let last: Vec<Value> = [
        match all {
            Numbers::No => None,
            Numbers::Dialog(sealed) => Some(opens(say(Said::Numbers), sealed)),
            Numbers::Card(sealed) => Some(executes(say(Said::Numbers), "numbers", sealed)),
        },
        more.map(|sealed| executes(say(Said::More), "page", sealed)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut card = card(body);
    if !last.is_empty() {
        card["actions"] = last.into();
    }
    card
}

/// A number that can be called by a page of ours.
pub fn number(language: Language, shown: &str, url: &str) -> Value {
    let mut card = card(vec![title(&Said::CallNumber.with(language, shown))]);
    card["actions"] = json!([{"type": "Action.OpenUrl", "title": Said::Call.text(language), "url": url}]);
    card
}

/// A number that is called from the dialog, which this sealed press opens.
pub fn number_in_dialog(language: Language, shown: &str, sealed: &str) -> Value {
    let mut card = card(vec![title(&Said::CallNumber.with(language, shown))]);
    card["actions"] = json!([opens(Said::Call.text(language), sealed)]);
    card
}

/// A sentence.
pub fn note(text: &str) -> Value {
    card(vec![json!({"type": "TextBlock", "text": text, "wrap": true})])
}

/// Something that happened: what, and what is known of it, a line each. No mark in it means anything.
pub fn alert(what: &str, lines: &[String]) -> Value {
    let lines = lines.iter().map(|line| below(line));
    card(std::iter::once(title(what)).chain(lines).collect())
}

/// A message with a card; the summary stands in the notification, so it names nobody.
pub fn message_with(card: Value, summary: &str) -> Value {
    json!({"type": "message", "summary": summary,
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}]})
}

/// A message of text alone.
pub fn message(text: &str) -> Value {
    json!({"type": "message", "textFormat": "markdown", "text": text})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_markup() {
        let row =
            PersonRow { name: Secret::new("[Ann](https://evil.example) *x*".into()), ..PersonRow::default() };
        let card = people(Language::English, "T", &[row], Numbers::No, None);
        let shown = &card["body"][1]["columns"][0]["items"][0];
        assert_eq!(
            (&shown["type"], &shown["inlines"][0]["type"]),
            (&json!("RichTextBlock"), &json!("TextRun"))
        );
        assert_eq!(shown["inlines"][0]["text"], "[Ann](https://evil.example) *x*");
    }

    #[test]
    fn a_card_has_no_more_rows_than_clients_draw() {
        let name = Secret::new("A".into());
        let row = PersonRow { name, open: Some("x".repeat(400)), guest: true, ..PersonRow::default() };
        let card = people(Language::German, "T", &vec![row; 100], Numbers::Dialog("a"), Some("b"));
        assert_eq!(card["body"].as_array().unwrap().len(), 1 + MOST_ROWS);
        assert!(card.to_string().len() < 28_000);
    }
}
