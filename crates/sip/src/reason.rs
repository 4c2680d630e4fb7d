//! Why a call was not answered or has ended: the Reason header (RFC 3326), and what SIP's codes and the telephone network's
//! causes (ITU-T Q.850) mean in each other's terms (RFC 3398 sections 7.2.4.1 and 8.2.6.1).

use crate::message::{Message, read_number};
use crate::name::Name;
use crate::uri::{param, split_outside_quotes, trim};

/// Q.850: a call that ended as calls do.
pub const NORMAL_CLEARING: u8 = 16;
/// Q.850: somebody else answered it.
pub const ANSWERED_ELSEWHERE: u8 = 26;
/// Q.850: nothing was heard for too long.
pub const TIMER_EXPIRED: u8 = 102;

/// How long a code beside an answer may be, and how many are looked at.
const MOST_DIGITS: usize = 7;
const MOST_NUMBERS: usize = 8;

/// The most characters of a sentence that a Warning says.
pub const LONGEST_WARNING: usize = 200;

/// The Q.850 cause that a message names in its Reason headers, 1 to 127: its own words, else what its SIP code means.
pub fn cause_of(m: &Message) -> Option<u8> {
    let values = || m.values(Name::Reason).flat_map(|line| split_outside_quotes(line, b','));
    values().find_map(q850_in).or_else(|| values().find_map(sip_in))
}

/// The numbers that stand by themselves in what an answer says beside its code: in the texts of its Reason headers, then in
/// its phrase. Some far ends put codes of their own there.
pub fn numbers_beside(m: &Message) -> Vec<u32> {
    let reasons = m.values(Name::Reason).flat_map(|line| split_outside_quotes(line, b','));
    let texts = reasons.filter_map(|value| param(parts(value).1, "text"));
    let all = texts.chain([m.target()]);
    all.flat_map(|text| text.split(|c| !c.is_ascii_alphanumeric() && *c != b'-'))
        .filter(|word| (1..=MOST_DIGITS).contains(&word.len()))
        .filter_map(read_number)
        .filter_map(|n| u32::try_from(n).ok())
        .take(MOST_NUMBERS)
        .collect()
}

/// The Q.850 cause in a list of whole header lines.
pub(crate) fn cause_in_lines(lines: &str) -> Option<u8> {
    let mut values = lines.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("Reason").then_some(value.as_bytes())
    });
    values.find_map(q850_in)
}

/// Whether a cause says that the network in between broke a call off, and not that somebody ended it: the far end or the
/// network is out of order (27, 38), something was used up (34 to 47), or nothing was heard for too long (102).
pub fn is_network_failure(cause: u8) -> bool {
    matches!(cause, 27 | 34..=47 | TIMER_EXPIRED)
}

fn parts(value: &[u8]) -> (&[u8], &[u8]) {
    let end = value.iter().position(|&c| c == b';').unwrap_or(value.len());
    let (protocol, params) = value.split_at(end);
    (trim(protocol), params)
}

fn q850_in(value: &[u8]) -> Option<u8> {
    let (protocol, params) = parts(value);
    if !protocol.eq_ignore_ascii_case(b"Q.850") {
        return None;
    }
    let cause = read_number(param(params, "cause")?)?;
    u8::try_from(cause).ok().filter(|c| (1..128).contains(c))
}

fn sip_in(value: &[u8]) -> Option<u8> {
    let (protocol, params) = parts(value);
    if !protocol.eq_ignore_ascii_case(b"SIP") {
        return None;
    }
    let code = read_number(param(params, "cause")?)?;
    u16::try_from(code).ok().filter(|c| (200..700).contains(c)).map(cause_of_status)
}

/// What a final code means as a Q.850 cause. A 2xx, as it stands in the Reason of a CANCEL, means that somebody else
/// answered.
pub fn cause_of_status(code: u16) -> u8 {
    match code {
        200..300 => ANSWERED_ELSEWHERE,
        404 | 485 | 604 => 1,
        401 | 402 | 403 | 407 | 603 => 21,
        405 => 63,
        406 | 415 | 501 => 79,
        408 | 504 => TIMER_EXPIRED,
        410 => 22,
        480 => 18,
        482 | 483 => 25,
        484 => 28,
        486 | 600 => 17,
        487 => NORMAL_CLEARING,
        488 | 606 => 88,
        502 => 38,
        400 | 481 | 500 | 503 => 41,
        300..400 => 23,
        _ => 127,
    }
}

/// The final code that says what a Q.850 cause does. For a cause that is not in the table, that of its class.
pub fn status_of_cause(cause: u8) -> u16 {
    match cause {
        1..=3 | 26 => 404,
        17 => 486,
        18 => 408,
        21 => 403,
        22 | 23 => 410,
        27 => 502,
        28 => 484,
        29 => 501,
        55 | 57 | 87 => 403,
        65 | 70 => 488,
        88 => 503,
        102 => 504,
        0..32 => 480,
        32..48 => 503,
        48..64 => 503,
        64..80 => 501,
        _ => 500,
    }
}

/// A Reason line that names a Q.850 cause, for the end of a call or a final answer (RFC 6432).
pub fn reason_line(cause: u8) -> String {
    format!("Reason: Q.850;cause={}\r\n", cause.clamp(1, 127))
}

/// A Warning line (RFC 3261 section 20.43) with a sentence for people: `agent` is who says it, a host or a name. Of the
/// sentence at most [`LONGEST_WARNING`] characters are sent, and nothing that could end the line. It belongs only into
/// answers to known neighbours: strangers learn nothing.
pub fn warning_line(agent: &str, text: &str) -> String {
    let mut out = String::from("Warning: 399 ");
    let safe = |c: &char| c.is_ascii_alphanumeric() || "-._:[]".contains(*c);
    out.extend(agent.chars().filter(safe));
    if out.ends_with(' ') {
        out.push('-');
    }
    out.push_str(" \"");
    for c in text.chars().filter(|c| !c.is_control()).take(LONGEST_WARNING) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push_str("\"\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Refused;

    fn message(reasons: &str) -> Message {
        let head = "BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n";
        Message::parse(format!("{head}{reasons}\r\n").as_bytes()).unwrap()
    }

    #[test]
    fn reads_what_the_field_sends() {
        for (reasons, cause) in [
            ("", None),
            ("Reason: Q.850;cause=17\r\n", Some(17)),
            ("reason: q.850 ; text=\"a, b; cause=3\" ; CAUSE = 31\r\n", Some(31)),
            ("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n", Some(26)),
            ("Reason: SIP;cause=486, Q.850;cause=19\r\n", Some(19)),
            ("Reason: SIP;cause=486\r\nReason: Q.850;cause=19\r\n", Some(19)),
            ("Reason: SIP;cause=486\r\n", Some(17)),
            ("Reason: Q.850;cause=0\r\n", None),
            ("Reason: Q.850;cause=128\r\n", None),
            ("Reason: Q.850;cause=-1\r\n", None),
            ("Reason: Q.850;cause=99999999999999999999\r\n", None),
            ("Reason: Q.850\r\n", None),
            ("Reason: preemption;cause=1\r\n", None),
            ("Reason: SIP;cause=100\r\n", None),
            ("Reason: \r\n", None),
        ] {
            assert_eq!(cause_of(&message(reasons)), cause, "{reasons}");
        }
        assert_eq!(cause_in_lines("X: Q.850;cause=1\r\nReason: Q.850;cause=88;text=\"x\"\r\n"), Some(88));
        assert_eq!(reason_line(0), "Reason: Q.850;cause=1\r\n");
    }

    #[test]
    fn a_warning_stays_one_line_in_quotes() {
        assert_eq!(
            warning_line("192.0.2.1", "\"+49\" is\r\nX: no number\\"),
            "Warning: 399 192.0.2.1 \"\\\"+49\\\" isX: no number\\\\\"\r\n"
        );
        assert_eq!(warning_line("a b\r\n\"", "x"), "Warning: 399 ab \"x\"\r\n");
        assert_eq!(warning_line("", ""), "Warning: 399 - \"\"\r\n");
        assert!(warning_line("h", &"\"".repeat(5_000)).len() < 2 * LONGEST_WARNING + 30);
    }

    #[test]
    fn an_answer_that_says_little_means_its_cause() {
        let refused = |code, cause| Refused { cause, ..Refused::of(code) }.meant();
        // Without a cause of its own an answer means its code, whatever that is.
        for code in 300..700 {
            assert_eq!(Refused::of(code).meant(), code);
        }
        assert_eq!((refused(503, 17), refused(500, 1), refused(480, 19)), (486, 404, 480));
        assert_eq!((refused(503, 34), refused(502, 41)), (503, 503));
        // These say themselves what is meant.
        assert_eq!((refused(486, 41), refused(404, 17), refused(603, 17)), (486, 404, 603));
    }

    #[test]
    fn both_tables_are_total_and_agree_where_they_can() {
        for code in 200..700 {
            assert!((1..128).contains(&cause_of_status(code)), "{code}");
        }
        for cause in 0..=255 {
            assert!((400..700).contains(&status_of_cause(cause)), "{cause}");
        }
        for code in [404, 410, 484, 486, 501, 504] {
            assert_eq!(status_of_cause(cause_of_status(code)), code);
        }
    }
}
