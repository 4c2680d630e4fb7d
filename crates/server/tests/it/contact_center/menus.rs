//! Languages and topics: every key, wrong ones, and none.

use super::{AGENT, Centre, HOTLINE, moment, words};
use crate::listening::tones_in;

#[test]
fn each_language_has_its_prompts_and_some_callers_need_not_choose() {
    let mut c = Centre::open();
    for (from, key, consent, menu, language) in [
        ("+49421555801", "1", 1000, 1150, "de"),
        ("+49421555802", "2", 1050, 1200, "en"),
        ("+49421555803", "3", 1100, 1250, "fr"),
    ] {
        let phone = c.dial(from, HOTLINE);
        c.choose(phone, 300, key);
        c.desk.hears_prompt(phone, consent);
        c.desk.hears_prompt(phone, menu);
        let call = c.over(phone, from);
        assert_eq!(c.heard(phone), [300, consent, menu]);
        assert_eq!(moment(&call, "language-set")["language"], language);
        assert_eq!(moment(&call, "chosen")["digit"], key);
    }
    for (from, consent, menu) in [("+33155501", 1100, 1250), ("+49421555901", 1000, 1150)] {
        let phone = c.dial(from, HOTLINE);
        c.desk.hears_prompt(phone, consent);
        c.desk.hears_prompt(phone, menu);
        let call = c.over(phone, from);
        assert_eq!(c.heard(phone), [consent, menu], "{from} is asked no language");
        assert_eq!(words(&call).contains(&"priority-set"), consent == 1000, "partners come first");
    }
    c.program.stop();
}

#[test]
fn who_presses_wrong_keys_or_none_is_helped() {
    let mut c = Centre::open();
    // Wrong, then none: German. Wrong, then none: the reception desk.
    let wrong = c.dial("+49421555801", HOTLINE);
    let silent = c.dial("+49421555802", HOTLINE);
    c.choose(wrong, 300, "7");
    c.desk.hears_prompt(wrong, 350);
    c.desk.hears_prompt(wrong, 300);
    c.desk.hears_prompt(wrong, 1000);
    c.choose(wrong, 1150, "8");
    c.desk.hears_prompt(wrong, 350);
    c.desk.hears_prompt(wrong, 1150);
    let greta = c.answers("greta");
    // Whoever came first is rung first; both end at the same desk.
    let first = c.desk.until("one talks", |desk| {
        [wrong, silent].into_iter().find(|p| {
            let heard = desk.all_heard(*p);
            heard.len() > 8_000 && tones_in(&heard[heard.len() - 1_600..], [AGENT].into_iter()) == [AGENT]
        })
    });
    c.desk.hang_up(first);
    c.desk.ended(greta);
    let second = if first == wrong { silent } else { wrong };
    let greta = c.answers("greta");
    c.talk(second, greta);
    let calls = [("+49421555801", wrong), ("+49421555802", silent)].map(|(from, phone)| {
        c.desk.hang_up(phone);
        c.record(from)
    });
    assert_eq!(c.prompts(wrong), [300, 350, 300, 1000, 1150, 350, 1150]);
    assert_eq!(c.prompts(silent), [300, 1000, 1150]);
    for call in &calls {
        assert_eq!(words(call).iter().filter(|w| **w == "nothing-chosen").count(), 2);
        assert_eq!(call["agent"], "greta");
    }
    c.program.stop();
}

#[test]
fn each_topic_leads_where_it_should() {
    let mut c = Centre::open();
    for (key, topic, prompts, rings) in [
        ("1", Some("sales"), vec![], Some("anna")),
        ("2", Some("support"), vec![1600], None),
        ("3", Some("billing"), vec![1750], None),
        ("4", None, vec![2050, 1900], None),
        ("0", None, vec![], Some("greta")),
    ] {
        let from = format!("+4942155580{key}");
        let phone = c.reaches_topics(&from);
        c.desk.press(phone, key);
        for prompt in &prompts {
            c.desk.hears_prompt(phone, *prompt);
        }
        if let Some(who) = rings {
            let agent = c.answers(who);
            c.talk(phone, agent);
            c.desk.hang_up(phone);
            c.desk.ended(agent);
        }
        let call = c.over(phone, &from);
        let heard = [&[300, 1000, 1150], prompts.as_slice()].concat();
        assert_eq!(c.prompts(phone), heard, "key {key}");
        let set = call["timeline"].as_array().unwrap().iter().find(|m| m["what"] == "attribute-set");
        assert_eq!(set.and_then(|m| m["value"].as_str()), topic, "key {key}");
    }
    c.program.stop();
}
