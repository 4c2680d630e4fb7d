//! Digits, and what other systems say about them.

use super::{Centre, MUSIC, moment, words};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};

/// A customers' system: account 12345 is gold, 22222 standard, everybody else is unknown. Tells the first line of each
/// request.
fn customers() -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (tx, rx) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut first = String::new();
            reader.read_line(&mut first).unwrap();
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
                line.clear();
            }
            let (status, body) = match &first {
                f if f.contains("account=12345") => ("200 OK", r#"{"customer":{"level":"gold"}}"#),
                f if f.contains("account=22222") => ("200 OK", r#"{"customer":{"level":"standard"}}"#),
                _ => ("404 Not Found", "{}"),
            };
            let length = body.len();
            // Whoever asked may be gone.
            let _ = write!(
                reader.get_mut(),
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            if first.starts_with("GET ") && tx.send(first).is_err() {
                return;
            }
        }
    });
    (addr, rx)
}

#[test]
fn accounts_are_looked_up_and_decide_the_queue() {
    let (addr, asked) = customers();
    let mut c = Centre::open_with(&[], Some(addr));
    for (from, account, level, queue, agents) in [
        ("+49421555801", "12345#", "gold", "gold", 2),
        ("+49421555802", "22222#", "standard", "support", 1),
        // The customers' system does not know it: its default.
        ("+49421555803", "33333#", "standard", "support", 1),
        // Eight digits need no #.
        ("+49421555804", "87654321", "standard", "support", 1),
    ] {
        let phone = c.reaches_topics(from);
        c.desk.press(phone, "2");
        c.choose(phone, 1600, account);
        let rings: Vec<_> = (0..agents).map(|_| c.desk.rings()).collect();
        c.desk.answer(rings[0].0, super::AGENT);
        c.talk(phone, rings[0].0);
        // The other phone of two falls silent.
        for (other, _) in &rings[1..] {
            c.desk.ended(*other);
        }
        let call = c.over(phone, from);
        c.desk.ended(rings[0].0);
        assert_eq!(c.prompts(phone), [300, 1000, 1150, 1600]);
        assert_eq!(call["queue"], queue, "{account}");
        let set =
            call["timeline"].as_array().unwrap().iter().rfind(|m| m["what"] == "attribute-set").unwrap();
        assert_eq!(set["value"], level);
        assert_eq!(moment(&call, "looked-up")["ok"], matches!(account, "12345#" | "22222#"));
        let digits = account.trim_end_matches('#');
        let line = asked.recv().unwrap();
        assert!(line.contains(&format!("account={digits}")), "{line}");
        assert!(line.contains("number=%2B49421555"), "{line}");
        assert!(!call.to_string().contains(digits), "digits are not in the record");
        let order: Vec<_> = words(&call)
            .into_iter()
            .filter(|w| ["flow-entered", "digits-taken", "looked-up"].contains(w))
            .collect();
        assert_eq!(
            order,
            ["flow-entered", "flow-entered", "digits-taken", "looked-up"],
            "a flow that a flow runs"
        );
    }
    c.program.stop();
}

#[test]
fn the_shops_own_account_is_gold_without_asking_and_wrong_ones_are_asked_again() {
    let mut c = Centre::open();
    let gold = c.reaches_topics("+49421555801");
    c.desk.press(gold, "2");
    // Too few, then begun anew with *, then right.
    c.choose(gold, 1600, "47#");
    c.desk.hears_prompt(gold, 350);
    c.choose(gold, 1600, "99*4711#");
    let (eva_or_david, _) = c.desk.rings();
    c.desk.answer(eva_or_david, super::AGENT);
    c.talk(gold, eva_or_david);
    let call = c.over(gold, "+49421555801");
    assert_eq!(c.prompts(gold), [300, 1000, 1150, 1600, 350, 1600]);
    assert_eq!(call["queue"], "gold");
    assert!(!words(&call).contains(&"looked-up"));
    c.desk.ended(eva_or_david);
    // Nothing at all, twice: a customer as any other.
    let none = c.reaches_topics("+49421555802");
    c.desk.press(none, "2");
    c.desk.hears_prompt(none, 1600);
    c.desk.hears_prompt(none, 350);
    c.desk.hears_prompt(none, 1600);
    c.desk.hears_prompt(none, MUSIC);
    let call = c.over(none, "+49421555802");
    assert_eq!((call["queue"].as_str(), words(&call).contains(&"nothing-chosen")), (Some("support"), true));
    c.program.stop();
}
