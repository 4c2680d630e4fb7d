//! Office hours: open, closed, a holiday, and the emergency switch.

use super::{Centre, FAIR, MAIN, moment, words};
use serde_json::json;

/// Yesterday, today and tomorrow in UTC: whatever the time zone and however near midnight is, today is among them.
fn about_today() -> Vec<serde_json::Value> {
    let now = jiff::Zoned::now();
    let days = [-1, 0, 1].map(|n| now.date().saturating_add(jiff::Span::new().days(n)));
    days.iter().map(|d| json!({"date": d.to_string(), "name": "a holiday of this test"})).collect()
}

#[test]
fn the_main_number_keeps_office_hours() {
    let mut c = Centre::open();
    // Open: as the hotline.
    c.set_office_hours(true, vec![]);
    let phone = c.dial("+49421555801", MAIN);
    c.desk.hears_prompt(phone, 300);
    c.over(phone, "+49421555801");
    assert_eq!(c.heard(phone), [300]);
    // Closed: a message.
    c.set_office_hours(false, vec![]);
    let phone = c.dial("+49421555802", MAIN);
    c.desk.hears_prompt(phone, 1300);
    c.desk.hears_prompt(phone, 1900);
    c.message_begins("+49421555802");
    let call = c.over(phone, "+49421555802");
    assert_eq!(c.heard(phone), [1300, 1900]);
    assert_eq!(moment(&call, "message-began")["mailbox"], "reception");
    // A holiday.
    c.set_office_hours(true, about_today());
    let phone = c.dial("+49421555803", MAIN);
    c.desk.hears_prompt(phone, 1450);
    c.desk.ended(phone);
    let call = c.record("+49421555803");
    assert_eq!(c.heard(phone), [1450]);
    assert_eq!((&call["ended_by"], &call["reason"]), (&json!("switchroom"), &json!("flow-ended")));
    // The same by the set of holidays that the example's hours name, and with a day of its own above it.
    let (status, mut office) = c.program.get("/hours/office");
    assert_eq!(status, 200);
    let set = json!({"name": "Public holidays", "days": about_today()});
    let (status, said) = c.program.put("/holidays/bremen", &set);
    assert_eq!(status, 200, "{said}");
    office["holidays"] = json!([]);
    office["holiday_sets"] = json!(["bremen"]);
    for (from, own_hours, prompt) in [("+49421555804", false, 1450), ("+49421555805", true, 300)] {
        if own_hours {
            let open = about_today().into_iter().map(|d| json!({"date": d["date"], "open": ["00:00-24:00"]}));
            office["special"] = open.collect();
        }
        let (status, said) = c.program.put("/hours/office", &office);
        assert_eq!(status, 200, "{said}");
        let phone = c.dial(from, MAIN);
        c.desk.hears_prompt(phone, prompt);
        if own_hours {
            c.desk.hang_up(phone);
        } else {
            c.desk.ended(phone);
        }
        c.record(from);
        assert_eq!(c.heard(phone), [prompt]);
    }
    c.program.stop();
}

#[test]
fn the_emergency_switch_rings_the_officer_on_duty_and_then_takes_a_message() {
    let mut c = Centre::open_with(
        &[("ring_time: 10s}\n    - voicemail: {of: olga", "ring_time: 2s}\n    - voicemail: {of: olga")],
        None,
    );
    c.set_office_hours(true, vec![]);
    let (status, said) = c.program.put("/hours/office/closure", &json!({"closed": true}));
    assert_eq!((status, &said["closed"]), (200, &json!(true)));
    let phone = c.dial("+49421555801", MAIN);
    c.desk.hears_prompt(phone, 450);
    let duty = c.answers("duty");
    c.talk(phone, duty);
    c.desk.hang_up(duty);
    c.desk.ended(phone);
    assert_eq!(c.heard(phone), [450, super::AGENT]);
    // The officer does not answer.
    let phone = c.dial("+49421555802", MAIN);
    c.desk.hears_prompt(phone, 450);
    let (_, who) = c.desk.rings();
    assert_eq!(who, "duty");
    c.desk.hears_prompt(phone, 1900);
    c.message_begins("+49421555802");
    let call = c.over(phone, "+49421555802");
    assert!(words(&call).contains(&"target-failed"));
    assert_eq!(moment(&call, "message-began")["mailbox"], "olga");
    // Off again: as before, and both stand in the audit log.
    let (status, _) = c.program.put("/hours/office/closure", &json!({"closed": false}));
    assert_eq!(status, 200);
    let phone = c.dial("+49421555803", MAIN);
    c.desk.hears_prompt(phone, 300);
    c.over(phone, "+49421555803");
    let audit = c.program.get("/audit?limit=500").1.to_string();
    assert!(audit.contains("hours.close") && audit.contains("hours.reopen"));
    c.program.stop();
}

#[test]
fn the_fair_is_closed_until_its_day_and_then_rings_one_agent() {
    let mut c = Centre::open();
    let phone = c.dial("+49421555801", FAIR);
    c.desk.hears_prompt(phone, 1300);
    c.desk.ended(phone);
    assert_eq!(c.heard(phone), [1300]);
    let special: Vec<_> =
        about_today().iter().map(|d| json!({"date": d["date"], "open": ["00:00-24:00"]})).collect();
    let (status, said) =
        c.program.put("/hours/fair", &json!({"time_zone": "Europe/Berlin", "special": special}));
    assert_eq!(status, 200, "{said}");
    let phone = c.desk.dial("+49421555802", "", c.program.sip, FAIR, super::CALLER);
    let olga = c.answers("olga");
    c.talk(phone, olga);
    let call = c.over(phone, "+49421555802");
    assert_eq!(call["agent"], "olga");
    c.program.stop();
}
