use super::*;
use crate::announce::{Announcer, again, webhook_receiver};
use crate::outward::tests::{receiver, say};
use crate::tenant::check::check_values;
use crate::tenant::meaning::understand;
use crate::trusted::Trusted;
use engine::{Engine, Event, Facts, LegEnd, PartyId, Time, TrunkId};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use store::{Batch, OutboxItem, StoreSettings, encode_event};

/// A store, a tenant, and its rules.
struct Place {
    store: Arc<Store>,
    tenant: TenantId,
    meaning: Meaning,
    dir: tempfile::TempDir,
}

fn meaning() -> Meaning {
    let documents = check_values(vec![
        json!({"kind": "Tenant", "id": "acme", "profile": "contact-center"}),
        json!({"kind": "Trunk", "id": "all", "networks": ["127.0.0.0/8"]}),
        json!({"kind": "Number", "id": "main", "number": "100", "flow": "main"}),
        json!({"kind": "Prompt", "id": "music", "music": true}),
        json!({"kind": "Flow", "id": "main", "steps": [{"queue": "service"}]}),
        json!({"kind": "Queue", "id": "service", "agents": ["agent1"], "music": "music"}),
        json!({"kind": "User", "id": "agent1", "roles": ["agent"], "phone": "sip:a@127.0.0.1:5999", "at_start": "available"}),
    ])
    .unwrap_or_else(|p| panic!("{}", p.iter().map(ToString::to_string).collect::<String>()));
    let number =
        |kind: &str, id: &str| documents.keys().position(|(k, i)| k == kind && i == id).map(|n| n as u32 + 1);
    understand(&documents, &number).unwrap()
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().display();
        let store = Store::open(&StoreSettings {
            url: format!("sqlite:{at}/s.db"),
            full_sync: false,
            blobs: format!("file:{at}/blobs"),
            keys: format!("file:{at}/k/master.key"),
        })
        .unwrap();
        let tenant = store.tenant("acme", 1).unwrap();
        Place { store: Arc::new(store), tenant, meaning: meaning(), dir }
    }

    fn rules(&self, urls: &[String]) -> Rules {
        use crate::tenant::objects::WebhookEvent::*;
        std::fs::write(self.dir.path().join("hook-key"), "s3cret\n").unwrap();
        let rule = |(n, url): (usize, &String)| {
            // The port tells the receivers of a test apart.
            let number = url.bytes().fold(n as u32, |sum, b| sum.wrapping_mul(31).wrapping_add(b.into()));
            let events = vec![CallArrived, CallQueued, CallAnswered, CallEnded, AgentState];
            let (url, secret_file) = (url.clone(), "hook-key".into());
            (number, WebhookRule { url, secret_file, events, allow_private: true })
        };
        Rules { webhooks: urls.iter().enumerate().map(rule).collect(), ..Rules::default() }
    }

    fn courier(&self, rules: Rules) -> Courier {
        let told = Told { rules: Arc::new(rules), meaning: self.meaning.clone() };
        Courier {
            store: self.store.clone(),
            outward: Outward::new(),
            secrets: Secrets::new(self.dir.path()),
            post: None,
            teams: Arc::default(),
            time_out: Duration::from_secs(2),
            seed: 5,
            ask: Box::new(move |_| Some(told.clone())),
        }
    }

    /// Something to tell of a call, for these receivers.
    fn put(&self, rules: &Rules, id: &str, now: u64) -> Vec<String> {
        let receivers: Vec<String> = rules.webhooks.keys().map(|n| webhook_receiver(*n)).collect();
        let queue = self.meaning.names.number("Queue", "service").unwrap();
        let facts = json!({"call": 7, "queue": queue, "ended_ms": 1_000, "waited_ms": 40}).to_string();
        let item = OutboxItem {
            id: id.into(),
            event: "call-ended",
            at: Time(500),
            receivers: receivers.clone(),
            facts,
        };
        self.store.put_outbox(self.tenant, &[item], now).unwrap();
        receivers
    }
}

fn url(addr: SocketAddr) -> String {
    format!("http://{addr}/hook")
}

static GO_ON: AtomicBool = AtomicBool::new(false);

#[test]
fn a_receiver_can_check_who_sent_what() {
    let place = Place::new();
    let (addr, got) = receiver(|_, s| say(s, "204 No Content", ""));
    let rules = place.rules(&[url(addr)]);
    let who = place.put(&rules, "e5-0", 0);
    let courier = place.courier(rules);
    assert!(courier.serve(place.tenant, &who[0], || 1_795_132_800_999, &GO_ON));
    let request = got.recv().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        let found =
            head.lines().find_map(|l| l.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)));
        found.unwrap_or_else(|| panic!("{name} in {head}")).1.to_string()
    };
    assert!(head.starts_with("POST /hook HTTP/1.1"));
    assert_eq!(
        (header("Switchroom-Id").as_str(), header("Switchroom-Event").as_str()),
        ("e5-0", "call-ended")
    );
    assert_eq!(header("Switchroom-Timestamp"), "1795132800");
    let value: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        value,
        json!({"id": "e5-0", "event": "call-ended", "at": "1970-01-01T00:00:00.500Z", "tenant": "acme",
            "data": {"call": "c7", "queue": "service", "ended": "1970-01-01T00:00:01.000Z", "waited_ms": 40}})
    );
    // As a receiver would, with nothing of ours.
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"s3cret");
    let signed = header("Switchroom-Signature");
    let hex = signed.strip_prefix("sha256=").unwrap();
    let tag: Vec<u8> = (0..32).map(|n| u8::from_str_radix(&hex[n * 2..n * 2 + 2], 16).unwrap()).collect();
    assert!(hmac::verify(&key, format!("1795132800.{body}").as_bytes(), &tag).is_ok());
    assert!(hmac::verify(&key, format!("1795132801.{body}").as_bytes(), &tag).is_err());
    assert!(place.store.due_receivers(u64::MAX >> 1, 10).unwrap().is_empty(), "what was taken is gone");
}

#[test]
fn the_signature_is_that_of_rfc_4231() {
    // Test case 2 of RFC 4231 signs "what do ya want for nothing?" with "Jefe"; ours begins with a timestamp and a dot.
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"Jefe");
    let tag = hmac::sign(&key, b"what do ya want for nothing?");
    assert_eq!(tag.as_ref()[..4], [0x5b, 0xdc, 0xc1, 0x46]);
    let ours = signature(&Secret::new("Jefe".into()), 12, "x");
    let theirs: String = hmac::sign(&key, b"12.x").as_ref().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(ours, format!("sha256={theirs}"));
}

#[test]
fn what_fails_is_tried_ten_times_in_an_hour_and_then_a_dead_letter() {
    let place = Place::new();
    let good = Arc::new(AtomicBool::new(false));
    let answers = good.clone();
    let (addr, got) = receiver(move |_, s| match answers.load(Ordering::Relaxed) {
        true => say(s, "200 OK", ""),
        false => say(s, "500 No", ""),
    });
    let rules = place.rules(&[url(addr)]);
    let who = place.put(&rules, "e5-0", 0);
    let courier = place.courier(rules);
    let mut now = 1_000_000;
    let began = now;
    let mut ids = Vec::new();
    for _ in 0..TRIES {
        let due = (0..)
            .step_by(250)
            .map(|ms| now + ms)
            .find(|at| !place.store.due_letters(place.tenant, &who[0], *at, 1).unwrap().is_empty());
        now = due.unwrap();
        assert!(courier.serve(place.tenant, &who[0], || now, &GO_ON), "it is there, it only says no");
        let request = got.recv().unwrap();
        ids.push(
            request.lines().find(|l| l.to_lowercase().starts_with("switchroom-id")).unwrap().to_string(),
        );
    }
    assert!(ids.windows(2).all(|w| w[0] == w[1]), "{ids:?}");
    let hour = (now - began) / 60_000;
    assert!((40..=80).contains(&hour), "{hour} minutes");
    let dead = place.store.dead_letters(place.tenant, None, 10).unwrap();
    assert_eq!((dead.len(), dead[0].tries, dead[0].cause.as_str()), (1, TRIES, "it answered 500"));
    good.store(true, Ordering::Relaxed);
    assert!(courier.serve(place.tenant, &who[0], || u64::MAX >> 1, &GO_ON));
    assert!(got.try_recv().is_err(), "the dead are not told");
    place.store.retry_letter(place.tenant, "e5-0", now).unwrap();
    assert!(courier.serve(place.tenant, &who[0], || now, &GO_ON));
    assert!(got.recv().unwrap().contains("e5-0"));
    assert!(place.store.dead_letters(place.tenant, None, 10).unwrap().is_empty());
    // Tries of many letters do not fall together.
    let waits: std::collections::BTreeSet<u64> = (0..50).map(|n| wait_ms(5, &format!("e{n}-0"), 3)).collect();
    assert!(waits.len() > 45);
    assert!(waits.iter().all(|ms| (42_000..=70_000).contains(ms)), "{waits:?}");
}

#[test]
fn redirects_giants_and_private_addresses_take_nothing() {
    let place = Place::new();
    let (inner, inner_got) = receiver(|_, s| say(s, "200 OK", ""));
    let (redirects, _a) = receiver(move |_, s| {
        let text = format!("HTTP/1.1 307 Moved\r\nLocation: http://{inner}/\r\nContent-Length: 0\r\n\r\n");
        let _ = s.write_all(text.as_bytes());
    });
    let (giant, _b) = receiver(|_, s| {
        let _ = s.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n");
        while s.write_all(&[b'x'; 65_536]).is_ok() {}
    });
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (addr, there, cause) in [
        (redirects, true, "it answered 307: redirections are not followed"),
        (giant, true, "its answer is too large"),
        (gone, false, "it could not be reached"),
    ] {
        let rules = place.rules(&[url(addr)]);
        let who = place.put(&rules, &format!("e{}-0", addr.port()), 0);
        assert_eq!(place.courier(rules).serve(place.tenant, &who[0], || 1, &GO_ON), there);
        let letter = place.store.due_letters(place.tenant, &who[0], 100_000, 1).unwrap();
        assert_eq!((letter[0].cause.as_str(), letter[0].tries), (cause, 1));
    }
    assert!(inner_got.try_recv().is_err());
    let mut rules = place.rules(&[url(inner)]);
    rules.webhooks.values_mut().for_each(|w| w.allow_private = false);
    let who = place.put(&rules, "e6-0", 0);
    let courier = place.courier(rules);
    assert!(!courier.serve(place.tenant, &who[0], || 1, &GO_ON));
    assert!(inner_got.try_recv().is_err());
    // A receiver that is configured no more.
    let who = place.put(&place.rules(&["http://other.invalid/".into()]), "e7-0", 0);
    assert!(place.courier(Rules::default()).serve(place.tenant, &who[0], || 1, &GO_ON));
    let dead = place.store.dead_letters(place.tenant, None, 10).unwrap();
    assert_eq!((dead[0].id.as_str(), dead[0].tries), ("e7-0", 1));
}

#[test]
fn one_that_hangs_delays_no_other() {
    let place = Place::new();
    // Takes connections and says nothing.
    let hangs = TcpListener::bind("127.0.0.1:0").unwrap();
    let (addr, got) = receiver(|_, s| say(s, "200 OK", ""));
    let rules = place.rules(&[url(hangs.local_addr().unwrap()), url(addr)]);
    // The sweeper looks at the real time.
    let now = crate::clock::wall_ms();
    let who = [addr, hangs.local_addr().unwrap()].map(|addr| {
        let found = rules.webhooks.iter().find(|(_, w)| w.url == url(addr));
        webhook_receiver(*found.unwrap().0)
    });
    for n in 20..60 {
        place.put(&rules, &format!("e1-{n:02}"), now);
    }
    let courier = Courier { time_out: Duration::from_secs(5), ..place.courier(rules) };
    let delivery = Delivery::start(courier).unwrap();
    for _ in 20..60 {
        got.recv_timeout(Duration::from_secs(30)).expect("the other receiver is told");
    }
    delivery.stop();
    assert!(place.store.due_letters(place.tenant, &who[0], u64::MAX >> 1, 100).unwrap().is_empty());
    assert!(!place.store.due_letters(place.tenant, &who[1], u64::MAX >> 1, 100).unwrap().is_empty());
    assert_eq!(Arc::strong_count(&place.store), 1, "nobody keeps the store open");
}

/// Drives a call through an engine as the switch does, and gives what was to be told of it.
fn a_call(place: &Place, rules: &Rules) -> (Vec<OutboxItem>, u64) {
    let mut engine = Engine::new();
    engine.watch();
    let mut announcer = Announcer::new(&engine, rules);
    let mut batch = Batch { first_position: 1, ..Batch::default() };
    let mut items: Vec<OutboxItem> = Vec::new();
    let mut to_tell: std::collections::VecDeque<Event> = [
        Event::Started { seed: 3 },
        Event::Configured { config: Box::new(place.meaning.config.clone()) },
        Event::CallArrived {
            number: place.meaning.numbers.values().next().copied(),
            caller: PartyId(1),
            trunk: TrunkId(1),
            facts: Facts::default(),
        },
    ]
    .into();
    let mut at = Time(1_000);
    let mut far = None;
    while let Some(event) = to_tell.pop_front() {
        at = at.plus(1_000);
        encode_event(&mut batch.events, at, &event);
        engine.handle(at, event);
        while let Some((_, effect)) = engine.poll() {
            announcer.effect(engine.now(), &effect);
            match effect {
                engine::Effect::Answer { leg } => to_tell.push_back(Event::LegAnswered { leg }),
                engine::Effect::DialAgent { leg, .. } => {
                    far = Some(leg);
                    to_tell.push_back(Event::LegAnswered { leg });
                }
                engine::Effect::HangUp { leg, .. } => {
                    to_tell.push_back(Event::LegEnded { leg, end: LegEnd::NearHungUp });
                }
                _ => {}
            }
        }
        let changes = engine.take_changes();
        items.extend(announcer.tell(&engine, &changes));
        if to_tell.is_empty() {
            to_tell.extend(far.take().map(|leg| Event::LegEnded { leg, end: LegEnd::FarHungUp }));
        }
    }
    assert!(engine.calls().is_empty());
    batch.last_position = engine.position();
    batch.at = at;
    batch.outbox = items.clone();
    place.store.commit(&[(place.tenant, batch)]).unwrap();
    (items, engine.position())
}

#[test]
fn a_call_is_told_from_its_start_to_its_end_and_again_with_the_same_ids() {
    let place = Place::new();
    let rules = place.rules(&["https://example.com/".into()]);
    let (items, last) = a_call(&place, &rules);
    let words: Vec<&str> = items.iter().map(|i| i.event).filter(|e| e.starts_with("call")).collect();
    assert_eq!(words, ["call-arrived", "call-queued", "call-answered", "call-ended"]);
    let states: Vec<String> = items
        .iter()
        .filter(|i| i.event == "agent-state")
        .map(|i| in_words(&i.facts, &place.meaning)["state"].as_str().unwrap().to_string())
        .collect();
    assert_eq!(states.iter().filter(|s| *s == "talking").count(), 1, "{states:?}");
    let ended = in_words(&items.iter().find(|i| i.event == "call-ended").unwrap().facts, &place.meaning);
    assert_eq!((ended["queue"].as_str(), ended["agent"].as_str()), (Some("service"), Some("agent1")));
    assert_eq!((ended["number"].as_str(), ended["reason"].as_str()), (Some("main"), Some("hung-up")));
    let ids: std::collections::BTreeSet<&str> = items.iter().map(|i| i.id.as_str()).collect();
    assert_eq!(ids.len(), items.len());

    let who = webhook_receiver(*rules.webhooks.keys().next().unwrap());
    let due = || place.store.due_letters(place.tenant, &who, 1_000_000, 100).unwrap();
    let first = due();
    assert_eq!(first.len(), items.len());
    for letter in &first {
        place.store.letter_taken(letter).unwrap();
    }
    assert_eq!(again(&place.store, place.tenant, &rules, 1, last, 5).unwrap(), items.len() as u64);
    assert_eq!(due(), first);
    for letter in &first {
        place.store.letter_taken(letter).unwrap();
    }
    // A stretch in the middle.
    let middle = items.iter().find(|i| i.event == "call-answered").unwrap();
    let position: u64 = middle.id[1..].split_once('-').unwrap().0.parse().unwrap();
    again(&place.store, place.tenant, &rules, position, position, 5).unwrap();
    assert!(due().iter().any(|l| l.id == middle.id));
    assert!(due().len() < first.len());
    assert_eq!(again(&place.store, place.tenant, &Rules::default(), 1, last, 5).unwrap(), 0);
}

/// A mail server for one connection after the other: gives the text of each mail. `says` is its answer to RCPT.
fn mail_server(says: &'static str) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (tx, rx) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut out) = stream else { return };
            let mut lines = BufReader::new(out.try_clone().unwrap()).lines();
            let mut say = move |text: &str| out.write_all(format!("{text}\r\n").as_bytes());
            let _ = say("220 sink");
            let mut mail = String::new();
            while let Some(Ok(line)) = lines.next() {
                let verb = line.get(..4).unwrap_or(&line).to_uppercase();
                let answer = match verb.as_str() {
                    "EHLO" => "250-sink\r\n250 8BITMIME",
                    "RCPT" => {
                        mail += &format!("{line}\n");
                        says
                    }
                    "DATA" => {
                        let _ = say("354 go");
                        for line in lines.by_ref().map_while(Result::ok).take_while(|l| l != ".") {
                            mail += &format!("{line}\n");
                        }
                        let _ = tx.send(std::mem::take(&mut mail));
                        "250 kept"
                    }
                    "QUIT" => "221 bye",
                    _ => "250 ok",
                };
                if say(answer).is_err() {
                    break;
                }
            }
        }
    });
    (addr, rx)
}

#[test]
fn a_mail_says_that_there_is_a_message_and_not_who_called() {
    let place = Place::new();
    let mailbox = crate::tenant::mailbox::of_queue(place.meaning.names.number("Queue", "service").unwrap());
    let config = |addr: SocketAddr| crate::config::Mail {
        smtp: addr.to_string(),
        from: "Switchroom <phone@example.org>".into(),
        user: String::new(),
        password_file: String::new(),
        tls: "none".into(),
    };
    let put = |id: &str| {
        let facts = json!({"mailbox": mailbox.0, "call": 3, "recording": 4, "length_ms": 4_200}).to_string();
        let receivers = vec![crate::announce::mailbox_receiver(mailbox)];
        let item = OutboxItem { id: id.into(), event: "message-left", at: Time(1_000), receivers, facts };
        place.store.put_outbox(place.tenant, &[item], 0).unwrap();
    };
    let who = crate::announce::mailbox_receiver(mailbox);
    let courier = |post| {
        let email = Some(Secret::new("Anna <anna@example.org>".into()));
        let rule = crate::tenant::outside::MailboxRule { webhook: None, email };
        let rules = Rules { mailboxes: [(mailbox, rule)].into(), ..Rules::default() };
        Courier { post, ..place.courier(rules) }
    };
    let (addr, got) = mail_server("250 ok");
    put("e1-0");
    let post = Post::new(&config(addr), "https://phone.example.org/", &Trusted::default()).unwrap();
    assert!(courier(post).serve(place.tenant, &who, || 1, &GO_ON));
    let mail = got.recv().unwrap();
    for part in [
        "RCPT TO:<anna@example.org>",
        "Subject: Voicemail: service",
        "From: Switchroom <phone@example.org>",
        &format!("Message-ID: <e1-0.{}@switchroom.invalid>", place.tenant.0),
        "Voicemail box: service\nLeft at: 1970-01-01T00:00:01.000Z\nLength: 5 s\n",
        "https://phone.example.org/messages",
    ] {
        assert!(mail.contains(part), "{part} is not in:\n{mail}");
    }
    assert!(place.store.due_receivers(u64::MAX >> 1, 10).unwrap().is_empty());
    // Not now, never, and nobody there.
    for (says, dead, cause) in [
        ("451 later", false, "the mail server answered 451"),
        ("550 anna is unknown here", true, "the mail server answered 550"),
    ] {
        let (addr, _got) = mail_server(says);
        put(cause);
        courier(Post::new(&config(addr), "", &Trusted::default()).unwrap()).serve(
            place.tenant,
            &who,
            || 1,
            &GO_ON,
        );
        let letters = match dead {
            true => place.store.dead_letters(place.tenant, None, 1).unwrap(),
            false => place.store.due_letters(place.tenant, &who, 100_000, 1).unwrap(),
        };
        assert_eq!(letters[0].cause, cause);
        place.store.letter_taken(&letters[0]).unwrap();
    }
    put("e2-0");
    assert!(courier(None).serve(place.tenant, &who, || 1, &GO_ON));
    assert!(place.store.dead_letters(place.tenant, None, 1).unwrap()[0].cause.contains("[mail]"));
}
