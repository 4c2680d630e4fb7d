//! The same walks by programs that nobody here wrote: SIPp, which keys tones, and baresip, which sends telephone events.

use super::{AGENT, Centre, HOTLINE, moment, words};
use crate::baresip::Baresip;
use crate::desk::channels;
use crate::listening::{key_tones, tones_in};
use crate::program::free_port;
use crate::sipp::{Sipp, caller};
use media::tone::Sine;

/// What SIPp says: keys at their seconds, then a tone.
fn keys_at(keys: &[(usize, &str)]) -> Vec<i16> {
    let mut all = Vec::new();
    for (second, key) in keys {
        all.resize(second * 8_000, 0);
        all.extend(key_tones(key));
    }
    all.extend(Sine::new(8_000, 440.0, 0.3).take_samples(8_000 * 20));
    all
}

#[test]
fn sipp_keys_tones_through_the_menus_and_talks_to_the_reception_desk() {
    let mut c = Centre::open();
    // The language while it is asked, an objection to being recorded, and the desk.
    let sound = keys_at(&[(2, "1"), (4, "9"), (7, "0")]);
    let sipp =
        Sipp::start_saying(&caller(16_000), free_port(), Some(c.program.sip), HOTLINE, 1, "u1", &sound);
    let greta = c.answers("greta");
    c.desk.hears_prompt(greta, 440);
    c.desk.ended(greta);
    sipp.went_well();
    let call = c.record("+15550177");
    let chosen: Vec<_> =
        call["timeline"].as_array().unwrap().iter().filter(|m| m["what"] == "chosen").collect();
    assert_eq!(chosen.iter().map(|m| m["digit"].as_str().unwrap()).collect::<Vec<_>>(), ["1", "0"]);
    assert!(words(&call).contains(&"consent-refused"));
    assert_eq!((&call["agent"], &call["ended_by"]), (&"greta".into(), &"caller".into()));
    c.program.stop();
}

#[test]
fn baresip_chooses_english_talks_to_sales_and_leaves_a_message() {
    // baresip names the address of the machine's first interface and sends from loopback.
    let nat = [("networks: [\"127.0.0.0/8\"]", "networks: [\"127.0.0.0/8\"]\nnat: true")];
    let mut c = Centre::open_with(&nat, None);
    let mut phone = Baresip::start("caller", 440.0);
    let to = format!("sip:{HOTLINE}@{}", c.program.sip);
    phone.command("dial", &to);
    phone.event("CALL_ESTABLISHED");
    phone.hears_prompt(300);
    phone.command("sndcode", "2");
    phone.hears_prompt(1050);
    phone.hears_prompt(1200);
    phone.command("sndcode", "1");
    phone.hears_prompt(400);
    let (ben, who) = c.desk.rings();
    assert_eq!(who, "ben", "who speaks English best");
    c.desk.answer(ben, AGENT);
    c.desk.hears_prompt(ben, 440);
    c.desk.until("baresip hears the agent", |_| phone.heard_prompt(AGENT).then_some(()));
    phone.command("hangup", "");
    c.desk.ended(ben);
    let call = c.program.ended_call();
    assert_eq!((&call["queue"], &call["agent"]), (&"sales".into(), &"ben".into()));
    assert_eq!(moment(&call, "language-set")["language"], "en");

    let mut phone = Baresip::start("another", 440.0);
    phone.command("dial", &to);
    phone.event("CALL_ESTABLISHED");
    phone.hears_prompt(300);
    phone.command("sndcode", "2");
    phone.hears_prompt(1200);
    phone.command("sndcode", "4");
    phone.hears_prompt(2100);
    phone.hears_prompt(1950);
    c.desk.pass(3_000);
    phone.command("sndcode", "#");
    phone.event("CALL_CLOSED");
    let message =
        c.program.wait_for("/messages?mailbox=reception", |list| list["items"].as_array()?.first().cloned());
    let id = message["id"].as_str().unwrap();
    let (left, _) = channels(&c.program.bytes(&format!("/recordings/{id}"), None).1);
    assert_eq!(tones_in(&left, [440, 1950, 2100].into_iter()), [440]);
    c.program.stop();
}
