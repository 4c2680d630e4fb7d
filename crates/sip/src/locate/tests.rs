use super::*;

const NOW: Time = Time(9_000_000);
const FOREVER: u32 = 100_000;

fn after(seconds: u64) -> Time {
    NOW + Duration::from_secs(seconds)
}

fn naptr(order: u16, preference: u16, service: &str, replacement: &str) -> Record {
    Record::Naptr {
        order,
        preference,
        flags: "s".into(),
        service: service.into(),
        replacement: replacement.into(),
    }
}

fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Record {
    Record::Srv { priority, weight, port, target: target.into() }
}

fn address(text: &str) -> Record {
    Record::Address(text.parse().unwrap())
}

/// A locator and the DNS around it.
struct World {
    locator: Locator,
    zone: BTreeMap<(Kind, String), Answer>,
    asked: Vec<String>,
}

impl World {
    fn new() -> World {
        World::with(&[Way::Udp, Way::Tcp, Way::Tls], 1)
    }

    fn with(ways: &[Way], seed: u64) -> World {
        let config = LocatorConfig { ways: ways.to_vec(), ipv4: true, ipv6: true };
        World { locator: Locator::new(config, seed), zone: BTreeMap::new(), asked: Vec::new() }
    }

    fn has(mut self, kind: Kind, name: &str, records: &[Record]) -> World {
        let answer = Answer::Found { records: records.to_vec(), ttl: 300 };
        self.zone.insert((kind, name.into()), answer);
        self
    }

    fn fails(mut self, kind: Kind, name: &str) -> World {
        self.zone.insert((kind, name.into()), Answer::Failed);
        self
    }

    /// Answers everything that is asked.
    fn serve(&mut self, now: Time) {
        while let Some(q) = self.locator.poll_question() {
            self.asked.push(format!("{:?} {}", q.kind, q.name));
            let answer = self.zone.get(&(q.kind, q.name.clone())).cloned();
            self.locator.answered(now, &q, answer.unwrap_or(Answer::Nothing { ttl: 60 }));
        }
    }

    fn locate(&mut self, now: Time, uri: &str) -> Located {
        let target = Target::of(&Uri::parse(uri.as_bytes()).unwrap()).expect("it can be located");
        let id = self.locator.locate(now, &target).unwrap();
        self.serve(now);
        let located = self.locator.poll_located().expect("the search ends");
        assert!(located.search == id && self.locator.searches.is_empty());
        located
    }

    fn places(&mut self, uri: &str) -> Vec<String> {
        self.locate(NOW, uri).places.iter().map(|p| format!("{:?} {}", p.way, p.addr)).collect()
    }
}

#[test]
fn what_needs_no_question() {
    let mut w = World::new();
    for (uri, expected) in [
        ("sip:1@192.0.2.9", "Udp 192.0.2.9:5060"),
        ("sip:1@192.0.2.9:5070;transport=tcp", "Tcp 192.0.2.9:5070"),
        ("sip:1@192.0.2.9;transport=TLS", "Tls 192.0.2.9:5061"),
        ("sips:1@[2001:db8::9]", "Tls [2001:db8::9]:5061"),
        ("sips:1@192.0.2.9;transport=tcp", "Tls 192.0.2.9:5061"),
        ("sip:1@elsewhere.example;maddr=192.0.2.8", "Udp 192.0.2.8:5060"),
        ("sip:1@elsewhere.example;maddr=[::9]", "Udp [::9]:5060"),
    ] {
        assert_eq!(w.places(uri), [expected], "{uri}");
    }
    assert_eq!(w.asked.len(), 0);
    for uri in ["sip:0.0.0.0", "sip:224.0.0.1", "sip:255.255.255.255"] {
        assert_eq!(w.places(uri).len(), 0, "{uri}");
    }
    let mut tcp_only = World::with(&[Way::Tcp], 1);
    assert_eq!(tcp_only.places("sip:192.0.2.9"), ["Tcp 192.0.2.9:5060"]);
    assert_eq!(tcp_only.places("sip:192.0.2.9;transport=udp").len(), 0);
    for uri in [
        "tel:1",
        "sip:h;transport=sctp",
        "sips:h;transport=udp",
        "sip:1.2.3",
        "sip:a..b",
        "sip:h:0",
        "mailto:x",
    ] {
        assert!(Target::of(&Uri::parse(uri.as_bytes()).unwrap()).is_none(), "{uri}");
    }
    assert!(Target::new(&"a.".repeat(128), None, None, false).is_none());
    assert!(Target::new(&format!("{}.b", "a".repeat(64)), None, None, false).is_none());
}

#[test]
fn the_whole_way_from_naptr() {
    let mut w = World::new()
        .has(
            Kind::Naptr,
            "carrier.example",
            &[
                naptr(20, 1, "SIP+D2U", "_sip._udp.carrier.example."),
                naptr(10, 2, "SIP+D2T", "_sip._tcp.carrier.example"),
                naptr(10, 1, "SIPS+D2T", "_sips._tcp.CARRIER.example"),
                naptr(1, 1, "E2U+sip", "other.example"),
            ],
        )
        .has(Kind::Srv, "_sips._tcp.carrier.example", &[srv(1, 0, 5061, "a.carrier.example.")])
        .has(
            Kind::Srv,
            "_sip._tcp.carrier.example",
            &[srv(2, 0, 5070, "b.carrier.example"), srv(1, 0, 5060, "a.carrier.example")],
        )
        .has(Kind::Srv, "_sip._udp.carrier.example", &[srv(1, 0, 5060, "gone.carrier.example")])
        .has(Kind::A, "a.carrier.example", &[address("192.0.2.1"), address("192.0.2.2")])
        .has(Kind::Aaaa, "a.carrier.example", &[address("2001:db8::1"), address("192.0.2.66")])
        .has(Kind::A, "b.carrier.example", &[address("192.0.2.3")]);
    assert_eq!(
        w.places("sip:+49301@Carrier.Example"),
        [
            "Tls 192.0.2.1:5061",
            "Tls 192.0.2.2:5061",
            "Tls [2001:db8::1]:5061",
            "Tcp 192.0.2.1:5060",
            "Tcp 192.0.2.2:5060",
            "Tcp [2001:db8::1]:5060",
            "Tcp 192.0.2.3:5070",
        ]
    );
    assert_eq!(w.asked.len(), 1 + 3 + 6, "{:?}", w.asked);
    // All of it is remembered.
    assert_eq!(w.places("sips:carrier.example").len(), 3);
    assert_eq!(w.places("sip:carrier.example;transport=udp").len(), 0);
    assert_eq!(w.asked.len(), 10);
    // A machine without TLS takes the next best; one without IPv6 does not ask for it.
    let mut plain = World { locator: World::with(&[Way::Udp, Way::Tcp], 1).locator, asked: Vec::new(), ..w };
    plain.locator.config.ipv6 = false;
    assert_eq!(plain.places("sip:carrier.example")[0], "Tcp 192.0.2.1:5060");
    assert!(plain.asked.iter().all(|q| !q.starts_with("Aaaa")), "{:?}", plain.asked);
}

#[test]
fn domains_that_have_less() {
    // No NAPTR: the servers of each transport.
    let mut w = World::new()
        .has(Kind::Srv, "_sip._udp.x.example", &[srv(1, 0, 5080, "h.example")])
        .has(Kind::Srv, "_sip._tcp.x.example", &[srv(1, 0, 5081, "h.example")])
        .has(Kind::A, "h.example", &[address("192.0.2.1")]);
    assert_eq!(w.places("sip:x.example"), ["Udp 192.0.2.1:5080", "Tcp 192.0.2.1:5081"]);
    // Neither: the host itself.
    let mut w = World::new().has(Kind::A, "x.example", &[address("192.0.2.1")]);
    assert_eq!(w.places("sip:x.example"), ["Udp 192.0.2.1:5060"]);
    assert_eq!(w.places("sips:x.example"), ["Tls 192.0.2.1:5061"]);
    assert_eq!(w.places("sip:x.example;transport=tcp"), ["Tcp 192.0.2.1:5060"]);
    // With a port nothing else is asked.
    w.asked.clear();
    w.locator.forget();
    assert_eq!(w.places("sip:x.example:5090"), ["Udp 192.0.2.1:5090"]);
    assert_eq!(w.asked, ["A x.example", "Aaaa x.example"]);
    // A service that is said not to be offered.
    let mut w = World::new().has(Kind::Srv, "_sip._udp.x.example", &[srv(0, 0, 0, ".")]).has(
        Kind::A,
        "x.example",
        &[address("192.0.2.1")],
    );
    let located = w.locate(NOW, "sip:x.example;transport=udp");
    assert!(located.places.is_empty() && !located.failed);
    // A DNS that does not know such questions at all.
    let mut w = World::new()
        .fails(Kind::Naptr, "x.example")
        .fails(Kind::Srv, "_sip._udp.x.example")
        .fails(Kind::Srv, "_sip._tcp.x.example")
        .fails(Kind::Srv, "_sips._tcp.x.example")
        .has(Kind::A, "x.example", &[address("192.0.2.1")]);
    assert_eq!(w.places("sip:x.example"), ["Udp 192.0.2.1:5060"]);
    // Nothing at all, and nobody who says so.
    let mut w = World::new();
    assert!(!w.locate(NOW, "sip:none.example").failed);
    let mut w = World::new().fails(Kind::A, "x.example");
    assert!(w.locate(NOW, "sip:x.example:5060").failed);
}

#[test]
fn lies_in_answers_are_not_followed() {
    let mut w = World::new()
        .has(
            Kind::Naptr,
            "x.example",
            &[
                naptr(1, 1, "SIP+D2U", "."),
                naptr(1, 1, "SIP+D2U", "a b.example"),
                naptr(1, 1, "SIP+D2U", &"x".repeat(300)),
                Record::Naptr {
                    order: 1,
                    preference: 1,
                    flags: "u".into(),
                    service: "SIP+D2U".into(),
                    replacement: "x.example".into(),
                },
                srv(1, 1, 5060, "evil.example"),
                naptr(9, 1, "SIP+D2U", "x.example"),
            ],
        )
        .has(
            Kind::Srv,
            "x.example",
            &[
                srv(1, 1, 0, "h.example"),
                srv(1, 1, 5060, "192.0.2.99"),
                srv(1, 1, 5060, "h\u{e9}.example"),
                address("192.0.2.98"),
                srv(9, 1, 5060, "x.example"),
            ],
        )
        .has(
            Kind::A,
            "x.example",
            &[address("0.0.0.0"), address("192.0.2.1"), srv(1, 1, 1, "h"), address("192.0.2.1")],
        );
    assert_eq!(w.places("sip:x.example"), ["Udp 192.0.2.1:5060"]);
    // An answer that is not awaited changes nothing.
    let question = Question { name: "y.example".into(), kind: Kind::A };
    let poison = Answer::Found { records: vec![address("192.0.2.66")], ttl: FOREVER };
    w.locator.answered(NOW, &question, poison);
    assert_eq!(w.places("sip:y.example:5060").len(), 0);
}

#[test]
fn load_is_shared_by_weight_within_a_priority() {
    let mut first: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..4_000 {
        let mut w = World::with(&[Way::Udp], seed)
            .has(
                Kind::Srv,
                "_sip._udp.x.example",
                &[
                    srv(5, 0, 5060, "d.example"),
                    srv(1, 60, 5060, "a.example"),
                    srv(1, 30, 5060, "b.example"),
                    srv(1, 10, 5060, "c.example"),
                ],
            )
            .has(Kind::A, "a.example", &[address("192.0.2.1")])
            .has(Kind::A, "b.example", &[address("192.0.2.2")])
            .has(Kind::A, "c.example", &[address("192.0.2.3")])
            .has(Kind::A, "d.example", &[address("192.0.2.4")]);
        let places = w.places("sip:x.example;transport=udp");
        assert_eq!(
            (places.len(), places[3].as_str()),
            (4, "Udp 192.0.2.4:5060"),
            "a higher priority comes last"
        );
        *first.entry(places[0].clone()).or_default() += 1;
    }
    for (place, share) in [("192.0.2.1", 2_400), ("192.0.2.2", 1_200), ("192.0.2.3", 400)] {
        let got = first[&format!("Udp {place}:5060")];
        assert!(got.abs_diff(share) < 150, "{place}: {got} of 4000");
    }
    // Without any weight there is nothing to share by: the first is taken, as RFC 2782 has it.
    let mut first = BTreeSet::new();
    for seed in 0..50 {
        let mut w = World::with(&[Way::Udp], seed)
            .has(Kind::Srv, "_sip._udp.x.example", &[srv(1, 0, 1, "a.example"), srv(1, 0, 2, "a.example")])
            .has(Kind::A, "a.example", &[address("192.0.2.1")]);
        first.insert(w.places("sip:x.example;transport=udp").remove(0));
    }
    assert_eq!(first.len(), 1);
}

#[test]
fn answers_live_as_long_as_they_say_within_bounds() {
    for (ttl, least) in [(0, 5), (60, 60), (FOREVER, 3600)] {
        for found in [true, false] {
            let mut w = World::new();
            let records = if found { vec![address("192.0.2.1")] } else { vec![] };
            let answer = if found { Answer::Found { records, ttl } } else { Answer::Nothing { ttl } };
            w.zone.insert((Kind::A, "x.example".into()), answer.clone());
            w.zone.insert((Kind::Aaaa, "x.example".into()), answer);
            assert_eq!(w.locate(NOW, "sip:x.example:1").until, after(least));
            w.locate(NOW + (Duration::from_secs(least) - Duration::from_micros(1)), "sip:x.example:1");
            assert_eq!(w.asked.len(), 2, "{ttl}");
            w.locate(after(least), "sip:x.example:1");
            assert_eq!(w.asked.len(), 4, "{ttl}");
        }
    }
    let mut w = World::new().fails(Kind::A, "x.example").fails(Kind::Aaaa, "x.example");
    assert!(w.locate(NOW, "sip:x.example:1").failed && w.locate(after(4), "sip:x.example:1").failed);
    assert_eq!(w.asked.len(), 2, "a failure is not repeated at once");
    w.locate(after(5), "sip:x.example:1");
    assert_eq!(w.asked.len(), 4);
}

#[test]
fn what_was_known_last_serves_while_the_dns_fails() {
    let mut w = World::new().has(Kind::A, "x.example", &[address("192.0.2.1")]);
    w.locator.config.ipv6 = false;
    let uri = "sip:x.example:5060";
    assert_eq!(w.places(uri).len(), 1);
    w = w.fails(Kind::A, "x.example");
    let old = w.locate(after(4_000), uri);
    assert_eq!((old.places.len(), old.failed, old.until), (1, false, after(4_030)));
    w.locate(after(4_029), uri);
    assert_eq!(w.asked.len(), 2, "asked again only after a while");
    assert_eq!(w.locate(after(86_000), uri).places.len(), 1);
    // After a day it is too old.
    let gone = w.locate(after(300 + 86_400), uri);
    assert!(gone.places.is_empty() && gone.failed);
    // A name that is gone is gone: no old answer for it.
    let mut w = World::new().has(Kind::A, "x.example", &[address("192.0.2.1")]);
    w.places(uri);
    w.zone.clear();
    assert!(w.locate(after(400), uri).places.is_empty());
}

#[test]
fn nobody_waits_long_for_a_slow_dns() {
    let mut w = World::new().has(Kind::A, "x.example", &[address("192.0.2.1")]);
    w.locator.config.ipv6 = false;
    let uri = Uri::parse(b"sip:x.example:5060").unwrap();
    let target = Target::of(&uri).unwrap();
    w.places("sip:x.example:5060");
    w.locator.locate(after(1_000), &target).unwrap();
    let question = w.locator.poll_question().unwrap();
    assert_eq!(w.locator.deadline(), Some(after(1_002)));
    w.locator.tick(after(1_001));
    assert!(w.locator.poll_located().is_none());
    w.locator.tick(after(1_002));
    assert_eq!(w.locator.poll_located().map(|l| l.places.len()), Some(1), "what was known last");
    // The next one does not even wait so long, and asks nothing twice.
    w.locator.locate(after(1_003), &target).unwrap();
    w.locator.tick(after(1_003));
    assert_eq!(w.locator.poll_located().map(|l| l.places.len()), Some(1));
    assert!(w.locator.poll_question().is_none());
    // The late answer is still of use.
    let found = Answer::Found { records: vec![address("192.0.2.2")], ttl: 60 };
    w.locator.answered(after(1_004), &question, found);
    assert_eq!(w.locate(after(1_005), "sip:x.example:5060").places[0].addr.to_string(), "192.0.2.2:5060");
    assert_eq!(w.locator.deadline(), None);
    // Nothing known, and an answer that never comes.
    w.locator.locate(after(1_100), &Target::new("z.example", Some(5060), None, false).unwrap()).unwrap();
    let question = w.locator.poll_question().unwrap();
    w.locator.tick(after(1_102));
    assert_eq!(w.locator.deadline(), Some(after(1_115)));
    w.locator.tick(after(1_115));
    assert!(w.locator.poll_located().is_some_and(|l| l.failed && l.places.is_empty()));
    let found = Answer::Found { records: vec![address("192.0.2.2")], ttl: 60 };
    w.locator.answered(after(1_116), &question, found);
    assert!(w.locate(after(1_117), "sip:z.example:5060").failed, "too late");
    assert!(w.locator.asking.is_empty() && w.locator.timers.is_empty());
}

#[test]
fn two_who_ask_the_same_share_the_answer() {
    let mut w = World::new().has(Kind::A, "x.example", &[address("192.0.2.1")]);
    let target = Target::new("x.example", Some(5060), None, false).unwrap();
    for _ in 0..3 {
        w.locator.locate(NOW, &target).unwrap();
    }
    w.serve(NOW);
    assert_eq!(w.asked, ["A x.example", "Aaaa x.example"]);
    let ends = core::iter::from_fn(|| w.locator.poll_located());
    assert_eq!(ends.filter(|l| l.places.len() == 1).count(), 3);
}

#[test]
fn everything_is_bounded() {
    // Answers full of records.
    let many: Vec<Record> = (0..500).map(|n| srv(n, 0, 5060, &format!("h{n}.example"))).collect();
    let mut w = World::new().has(Kind::Srv, "_sip._udp.x.example", &many);
    for n in 0..500 {
        let addresses: Vec<Record> = (0..20).map(|a| address(&format!("192.0.{}.{a}", n % 200))).collect();
        w = w.has(Kind::A, &format!("h{n}.example"), &addresses);
    }
    let located = w.locate(NOW, "sip:x.example;transport=udp");
    assert_eq!((located.places.len(), w.asked.len()), (32, 64));
    assert_eq!(
        located.places[0].addr.to_string(),
        "192.0.0.0:5060",
        "the first servers are those that are kept"
    );
    // Searches and questions.
    let mut w = World::new();
    let ids = (0..2_000).filter(|n| {
        let target = Target::new(&format!("n{n}.example"), None, None, false).unwrap();
        w.locator.locate(NOW, &target).is_some()
    });
    assert_eq!(ids.count(), 512);
    w.serve(NOW);
    assert!(w.locator.locate(NOW, &Target::new("z.example", None, None, false).unwrap()).is_none());
    assert_eq!(core::iter::from_fn(|| w.locator.poll_located()).count(), 512);
    assert!(w.locator.asking.is_empty() && w.locator.searches.is_empty());
    // What is remembered.
    for n in 0..3_000 {
        w.locate(after(n / 100), &format!("sip:m{n}.example:1"));
    }
    assert!(w.locator.cache.len() <= 4096);
    // A flood of names and a DNS that is silent: all end.
    let mut w = World::new();
    for n in 0..512 {
        w.locator.locate(NOW, &Target::new(&format!("s{n}.example"), Some(1), None, false).unwrap()).unwrap();
    }
    w.locator.tick(after(15));
    assert_eq!(core::iter::from_fn(|| w.locator.poll_located()).filter(|l| l.failed).count(), 512);
    assert!(w.locator.poll_question().is_none() && w.locator.deadline().is_none());
}
