//! Secret digits appear nowhere: not in what is stored, nor in the log, nor in anybody's ear, however they are keyed.

use crate::contact_center::{Centre, PAYMENTS, moment, words};
use crate::desk::{Desk, channels};
use crate::listening::{key_tones, keys_in, tones_in};
use crate::program::Program;
use crate::supervision::{AGENT, CALLER, OLGA, Talk, VOICES, answers, tenant};
use media::tone::level;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

/// No digits of a record, a time or a number here are like these.
const CARD: &str = "4929817364508213";
/// What asks for them.
const PROMPT: u32 = 850;

/// Takes digits and answers with these codes in turn, the last one for ever. Gives what it got.
fn receiver(codes: &[u16]) -> (SocketAddr, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (tx, rx) = channel();
    let mut codes = codes.to_vec();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut first, mut length) = (String::new(), 0);
            reader.read_line(&mut first).unwrap();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
                    length = n.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            // Webhooks of the example come here as well.
            let payment = first.contains("/payments");
            let code = if payment { codes[0] } else { 200 };
            if payment && codes.len() > 1 {
                codes.remove(0);
            }
            let _ = write!(
                reader.get_mut(),
                "HTTP/1.1 {code} As told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            if payment && tx.send(serde_json::from_slice(&body).unwrap()).is_err() {
                return;
            }
        }
    });
    (addr, rx)
}

/// The tenant of the conversations, with a way to take cards.
fn begin(payments: SocketAddr, most: u8, tries: u8) -> Talk {
    Talk::begin_with(|desk: &Desk| {
        tenant(desk)
            + &format!(
                "---\nkind: Prompt\nid: card\ntone: {{hz: {PROMPT}, length: 600ms}}\n---\n\
                 kind: SecureEntry\nid: card\nprompt: card\ndigits: [12, {most}]\nfirst: 20s\nnext: 20s\ntries: {tries}\n\
                 pass: {{url: \"http://{payments}/payments\", allow_private: true}}\n"
            )
    })
}

/// Every file below a folder.
fn files(dir: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Whether any ten digits of the card in a row stand in these bytes.
fn holds_digits(bytes: &[u8]) -> bool {
    CARD.as_bytes().windows(10).any(|part| bytes.windows(10).any(|w| w == part))
}

fn nowhere_in_files(dir: &Path) {
    let mut all = Vec::new();
    files(&dir.join("data"), &mut all);
    assert!(all.iter().any(|f| f.ends_with("switchroom.db")), "{all:?}");
    for file in all {
        assert!(
            !holds_digits(&std::fs::read(&file).unwrap()),
            "digits of the card are in {}",
            file.display()
        );
    }
}

/// The digits are in no file, in no event of the journal and not in the log; the recordings are without a key, and
/// their proofs say so. Gives the pauses of the first recording.
fn nowhere(program: Program, recordings: &[&str]) -> Vec<(u64, u64)> {
    let dir = program.dir.clone();
    nowhere_in_files(dir.path());
    for path in ["/calls", "/audit?limit=500"] {
        assert!(!holds_digits(program.get(path).1.to_string().as_bytes()), "{path}");
    }
    let log = program.stop();
    assert!(!holds_digits(log.as_bytes()), "the log");
    nowhere_in_files(dir.path());
    let at = dir.path().display();
    let store = store::Store::open(&store::StoreSettings {
        url: format!("sqlite:{at}/data/switchroom.db"),
        full_sync: false,
        blobs: format!("file:{at}/data/blobs"),
        keys: format!("file:{at}/data/master.key"),
    })
    .unwrap();
    let (tenant, _) = store.tenants().unwrap()[0].clone();
    for (_, event) in store.events_after(tenant, 0, 100_000).unwrap() {
        if let engine::Event::Digit { digit, .. } = event {
            panic!("{digit} is in the journal");
        }
    }
    let mut pauses = Vec::new();
    for recording in recordings {
        let id = engine::RecordingId(recording[1..].parse().unwrap());
        let proof = store.recording(tenant, id).unwrap().proof.expect("a recording has its proof");
        let proof: Value = serde_json::from_str(&proof).unwrap();
        assert_eq!(proof["digits_recorded"], 0, "{proof}");
        if pauses.is_empty() {
            pauses = serde_json::from_value(proof["pauses"].clone()).unwrap();
        }
    }
    pauses
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let found = key_tones(CARD);
    assert_eq!(keys_in(&found), CARD, "the detector hears such tones");
    assert!(holds_digits(format!("x{CARD}").as_bytes()) && !holds_digits(b"4929817"));
}

#[test]
fn digits_keyed_in_a_conversation_are_nowhere_but_where_they_belong() {
    let (addr, got) = receiver(&[200]);
    let mut t = begin(addr, 19, 2);
    let (caller, agent) = (t.caller, t.agent);
    t.act(json!({"by": "olga", "action": "supervise", "mode": "listen"}));
    let olga = answers(&mut t.desk, "olga", OLGA);
    t.heard(&[(olga, &[CALLER, AGENT])]);
    // As tones in the audio, then as telephone events; a phone that sends both means the events.
    for tones in [true, false] {
        t.act(json!({"action": "secure", "entry": "card"}));
        t.desk.hears_prompt(caller, PROMPT);
        match tones {
            true => t.desk.press_tones(caller, CARD),
            false => t.desk.press(caller, CARD),
        }
        t.desk.pass(3_500);
        let quiet = [agent, olga].map(|p| t.desk.all_heard(p).len());
        t.desk.press(caller, "#");
        let taken = t.desk.until("the digits arrive", |_| got.try_recv().ok());
        assert_eq!(taken, json!({"call": t.call, "digits": CARD}));
        // Afterwards everything is as before.
        t.heard(&[(caller, &[AGENT]), (agent, &[CALLER]), (olga, &[CALLER, AGENT])]);
        for (phone, until) in [agent, olga].into_iter().zip(quiet) {
            let all = t.desk.all_heard(phone);
            assert_eq!((keys_in(all), t.desk.events_heard(phone)), (String::new(), 0));
            // The last seconds before the end of the digits: nothing of the caller.
            assert!(tones_in(&all[until - 24_000..until], [CALLER].into_iter()).is_empty());
        }
    }
    t.desk.hang_up(caller);
    t.desk.ended(agent);
    let call = t.record();
    let order: Vec<_> =
        words(&call).into_iter().filter(|w| w.starts_with("recording") || w.starts_with("secure")).collect();
    assert_eq!(
        order,
        [
            "recording-started",
            "secure-began",
            "recording-paused",
            "secure-ended",
            "recording-resumed",
            "secure-began",
            "recording-paused",
            "secure-ended",
            "recording-resumed",
            "recording-stopped"
        ]
    );
    assert_eq!(moment(&call, "secure-ended")["ok"], true);
    assert!(!holds_digits(call.to_string().as_bytes()));
    let id = call["recordings"][0].as_str().unwrap();
    let (left, right) = channels(&t.program.bytes(&format!("/recordings/{id}"), None).1);
    assert_eq!((keys_in(&left), keys_in(&right)), (String::new(), String::new()));
    assert_eq!(
        (tones_in(&left, VOICES.into_iter()), tones_in(&right, VOICES.into_iter())),
        (vec![CALLER], vec![AGENT])
    );
    let pauses = nowhere(t.program, &[id]);
    assert_eq!(pauses.len(), 2, "{pauses:?}");
    for (from, to) in pauses.into_iter().map(|(from, to)| ((from * 8) as usize, (to * 8) as usize)) {
        assert!(to - from > 8_000 * 3, "{from} to {to}");
        for side in [&left, &right] {
            assert!(level(&side[from + 160..to - 160]) < -60.0, "the pause is silent");
            assert!(level(&side[to + 8_000..to + 12_000]) > -50.0, "and over after it");
        }
    }
}

#[test]
fn the_last_tone_is_heard_by_nobody_though_it_ends_the_entry() {
    let (addr, got) = receiver(&[200]);
    let mut t = begin(addr, 16, 1);
    let (caller, agent) = (t.caller, t.agent);
    t.act(json!({"action": "secure", "entry": "card"}));
    t.desk.hears_prompt(caller, PROMPT);
    // The sixteenth digit is the last that can come: it is known before its tone is over.
    t.desk.press_tones(caller, CARD);
    let taken = t.desk.until("the digits arrive", |_| got.try_recv().ok());
    assert_eq!(taken["digits"], CARD);
    t.heard(&[(caller, &[AGENT]), (agent, &[CALLER])]);
    assert_eq!(keys_in(t.desk.all_heard(agent)), "", "the agent hears no key");
    t.desk.hang_up(caller);
    t.desk.ended(agent);
    let call = t.record();
    let id = call["recordings"][0].as_str().unwrap();
    let (left, _) = channels(&t.program.bytes(&format!("/recordings/{id}"), None).1);
    assert_eq!(keys_in(&left), "", "nor does whoever listens to the recording");
    nowhere(t.program, &[id]);
}

#[test]
fn a_receiver_that_fails_closes_and_a_caller_who_hangs_up_leaves_nothing() {
    let (addr, got) = receiver(&[500]);
    let mut t = begin(addr, 19, 1);
    let (caller, agent) = (t.caller, t.agent);
    t.act(json!({"action": "secure", "entry": "card"}));
    t.desk.hears_prompt(caller, PROMPT);
    t.desk.press(caller, CARD);
    t.desk.press(caller, "#");
    assert_eq!(t.desk.until("the digits arrive", |_| got.try_recv().ok())["digits"], CARD);
    t.heard(&[(caller, &[AGENT]), (agent, &[CALLER])]);
    let (_, call) = t.program.get(&format!("/calls/{}", t.call));
    assert_eq!(moment(&call, "secure-ended")["ok"], false);
    // Once more; this time the caller goes with most digits keyed.
    t.act(json!({"action": "secure", "entry": "card"}));
    t.desk.hears_prompt(caller, PROMPT);
    t.desk.press_tones(caller, &CARD[..13]);
    t.desk.hang_up(caller);
    t.desk.ended(agent);
    let all = t.desk.all_heard(agent);
    assert_eq!((keys_in(all), t.desk.events_heard(agent)), (String::new(), 0));
    let call = t.record();
    assert!(got.try_recv().is_err(), "an entry that was not finished goes nowhere");
    let id = call["recordings"][0].as_str().unwrap();
    let (left, right) = channels(&t.program.bytes(&format!("/recordings/{id}"), None).1);
    assert_eq!((keys_in(&left), keys_in(&right)), (String::new(), String::new()));
    let pauses = nowhere(t.program, &[id]);
    assert_eq!(pauses.len(), 2, "{pauses:?}");
}

#[test]
fn the_example_takes_cards_and_goes_on_when_that_fails() {
    let (addr, got) = receiver(&[200, 500]);
    let mut c = Centre::open_with(&[], Some(addr));
    for (from, ok, thanks) in [("+49421555801", true, 900), ("+49421555802", false, 950)] {
        let phone = c.dial(from, PAYMENTS);
        for _ in 0..if ok { 1 } else { 2 } {
            c.desk.hears_prompt(phone, 1800);
            c.desk.press(phone, CARD);
            c.desk.press(phone, "#");
            let taken = c.desk.until("the digits arrive", |_| got.try_recv().ok());
            assert_eq!(taken["digits"], CARD);
        }
        c.desk.hears_prompt(phone, thanks);
        let (agent, _) = c.desk.rings();
        c.desk.answer(agent, crate::contact_center::AGENT);
        c.talk(phone, agent);
        let call = c.over(phone, from);
        c.desk.ended(agent);
        assert_eq!(c.prompts(phone), [1800, thanks]);
        assert_eq!(moment(&call, "secure-ended")["ok"], ok);
        assert_eq!(
            (call["queue"].as_str(), call["recordings"].as_array().unwrap().len()),
            (Some("billing"), 0)
        );
        assert_eq!((keys_in(c.desk.all_heard(agent)), c.desk.events_heard(agent)), (String::new(), 0));
    }
    nowhere(c.program, &[]);
}
