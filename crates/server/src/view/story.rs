//! A call told from beginning to end: what a supervisor reads who asks why a caller waited.

use crate::view::{CallDetail, timeline::length};

/// The call in sentences, a line each: how long it waited and for what, then everything in order with its time.
pub fn story(c: &CallDetail) -> Vec<String> {
    let mut lines = Vec::new();
    let waited = c.call.waited_ms.unwrap_or(0);
    let mut head = format!("Call {}", c.call.id);
    if let Some(number) = &c.call.number {
        head += &format!(" to {number}");
    }
    match (&c.call.queue, &c.call.outcome) {
        (Some(queue), Some(outcome)) => {
            head += &format!(": waited {} in {queue}, then {}", length(waited), outcome.replace('-', " "));
        }
        (Some(queue), None) => head += &format!(": waits in {queue}"),
        _ => {}
    }
    lines.push(head + ".");
    let offers = c.explanation.len();
    let missed = c
        .explanation
        .iter()
        .filter(|d| matches!(d.outcome.as_str(), "missed" | "declined" | "failed"))
        .count();
    if offers > 0 {
        lines.push(format!(
            "It was offered {offers} time{}; {missed} of these {} not taken.",
            if offers == 1 { "" } else { "s" },
            if missed == 1 { "was" } else { "were" }
        ));
    }
    let mut decisions = c.explanation.iter().peekable();
    for moment in &c.timeline {
        // Seconds are enough for a reader; the data beside it has more.
        let at = moment.at.get(11..19).unwrap_or(&moment.at);
        lines.push(format!("{at}  {}", moment.say));
        if moment.what == "offered" {
            if let Some(d) = decisions.next_if(|d| d.at == moment.at) {
                lines.push(format!("          {}", d.say));
            }
        }
    }
    lines
}
