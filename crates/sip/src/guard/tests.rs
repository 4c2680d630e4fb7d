use super::*;

const NOW: Time = Time(1 << 50);

fn after(seconds: u64) -> Time {
    NOW + Duration::from_secs(seconds)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn stranger(n: u32) -> IpAddr {
    IpAddr::V4((0x0b00_0000 + n).into())
}

/// How often a source may do this until it is banned.
fn until_banned(g: &mut Guard, now: Time, source: IpAddr, what: What) -> usize {
    (1..1_000)
        .find(|_| {
            g.failed(now, source, what);
            g.admit(now, source) == Admit::No
        })
        .unwrap()
}

/// Seconds of the ban that begins now.
fn ban(g: &mut Guard, now: Time, source: IpAddr) -> u64 {
    g.failed(now, source, What::Scan);
    g.bans(now).iter().find(|(ip, _)| *ip == named(source)).unwrap().1.since(now).as_secs()
}

fn events(g: &mut Guard) -> Vec<SecurityEvent> {
    core::iter::from_fn(|| g.poll_event()).collect()
}

#[test]
fn a_few_failures_and_it_is_not_heard_any_more() {
    for (what, times) in [
        (What::Password, 5),
        (What::UnknownUser, 4),
        (What::UnknownNumber, 10),
        (What::Scan, 1),
        (What::Malformed, 20),
    ] {
        let mut g = Guard::default();
        let source = ip("203.0.113.5");
        assert_eq!(until_banned(&mut g, NOW, source, what), times, "{what:?}");
        let until = after(300);
        assert_eq!(events(&mut g), [SecurityEvent::Banned { ip: source, until, what, bans: 1 }]);
        assert_eq!(g.bans(NOW), [(source, until)]);
        assert_eq!((g.enter(after(299), source), g.admit(after(299), source)), (Admit::No, Admit::No));
        assert_eq!((g.enter(until, source), g.admit(until, source)), (Admit::Yes, Admit::Yes));
        assert_eq!(g.admit(NOW, ip("203.0.113.6")), Admit::Yes);
        let c = g.counters();
        assert_eq!((c.bans, c.failures, c.refused), (1, times as u64, 3));
    }
}

#[test]
fn failures_are_forgotten_with_time() {
    let mut g = Guard::default();
    let source = ip("203.0.113.5");
    // Ten of two points at once would be twice too many; one in ten minutes never adds up to more than four points.
    for n in 0..100 {
        g.failed(after(n * 600), source, What::Password);
    }
    assert_eq!(g.admit(after(60_000), source), Admit::Yes);
    // After an hour four failures are as good as none.
    let mut g = Guard::default();
    for _ in 0..4 {
        g.failed(NOW, source, What::Password);
    }
    assert_eq!(until_banned(&mut g, after(3_600), source, What::Password), 5);
    // After five minutes a quarter is gone.
    let mut g = Guard::default();
    for _ in 0..4 {
        g.failed(NOW, source, What::Password);
    }
    assert_eq!(until_banned(&mut g, after(300), source, What::UnknownNumber), 4);
    g.pardon(source);
    assert_eq!((g.admit(after(300), source), g.sources()), (Admit::Yes, 0));
}

#[test]
fn bans_grow_and_are_forgiven() {
    let mut g = Guard::default();
    let source = ip("203.0.113.5");
    let (mut now, mut lengths) = (NOW, Vec::new());
    for _ in 0..7 {
        lengths.push(ban(&mut g, now, source));
        now = now + Duration::from_secs(lengths[lengths.len() - 1]);
    }
    assert_eq!(lengths, [300, 1_200, 4_800, 19_200, 76_800, 86_400, 86_400]);
    // A day without one takes one off.
    let later = now + Duration::from_secs(5 * 86_400);
    assert_eq!(ban(&mut g, later, source), 4_800);
    let much_later = later + Duration::from_secs(300 * 86_400);
    assert_eq!(ban(&mut g, much_later, source), 300);
    // Failing on while banned changes nothing.
    g.failed(much_later, source, What::Scan);
    assert_eq!(g.bans(much_later)[0].1, much_later + Duration::from_secs(300));
}

#[test]
fn an_ipv6_network_is_one_source_and_ipv4_is_ipv4_however_written() {
    let mut g = Guard::default();
    for n in 0..5 {
        g.failed(NOW, ip(&format!("2001:db8:1:2:{n}::{n}")), What::Password);
    }
    assert_eq!(g.admit(NOW, ip("2001:db8:1:2:ffff::1")), Admit::No);
    assert_eq!(g.admit(NOW, ip("2001:db8:1:3::1")), Admit::Yes);
    assert_eq!(g.bans(NOW)[0].0, ip("2001:db8:1:2::"));
    g.failed(NOW, ip("::ffff:203.0.113.5"), What::Scan);
    assert_eq!(g.admit(NOW, ip("203.0.113.5")), Admit::No);
    assert_eq!((g.admit(NOW, ip("::1")), g.admit(NOW, ip("203.0.113.4"))), (Admit::Yes, Admit::Yes));
    assert_eq!(g.sources(), 2);
}

#[test]
fn trusted_networks_are_never_banned_or_slowed() {
    let mut g = Guard::default();
    g.failed(NOW, ip("198.51.100.77"), What::Scan);
    g.trust(&[
        (ip("198.51.100.0"), 24),
        (ip("198.51.100.64"), 26),
        (ip("192.0.2.7"), 32),
        (ip("2001:db8::"), 32),
        (ip("10.1.2.3"), 8),
        (ip("::ffff:172.16.0.0"), 108),
    ]);
    for good in
        ["198.51.100.77", "198.51.100.255", "192.0.2.7", "2001:db8:9::1", "10.255.0.1", "172.31.255.255"]
    {
        for _ in 0..2_000 {
            g.failed(NOW, ip(good), What::Scan);
        }
        assert!((0..2_000).all(|_| g.enter(NOW, ip(good)) == Admit::Yes), "{good}");
        assert_eq!(g.admit(NOW, ip(good)), Admit::Yes, "{good}");
    }
    for bad in
        ["198.51.101.0", "198.51.99.255", "192.0.2.6", "192.0.2.8", "2001:db9::1", "11.0.0.0", "172.32.0.0"]
    {
        g.failed(NOW, ip(bad), What::Scan);
        assert_eq!(g.admit(NOW, ip(bad)), Admit::No, "{bad}");
    }
    g.trust(&[]);
    assert_eq!(g.admit(NOW, ip("198.51.100.77")), Admit::No, "its ban was only not applied");
    g.trust(&[(ip("0.0.0.0"), 0), (ip("::"), 0)]);
    assert_eq!((g.admit(NOW, ip("192.0.2.8")), g.admit(NOW, ip("2001:db9::1"))), (Admit::Yes, Admit::Yes));
}

#[test]
fn one_source_is_slowed_before_it_uses_up_what_all_share() {
    let config = GuardConfig {
        source: Rate { burst: 10, per_second: 2 },
        known: Rate { burst: 100, per_second: 50 },
        strangers: Rate { burst: 30, per_second: 10 },
    };
    let mut g = Guard::new(config);
    let let_in = |g: &mut Guard, now: Time, source: IpAddr, tries: usize| {
        (0..tries).filter(|_| g.enter(now, source) == Admit::Yes).count()
    };
    let flood = ip("203.0.113.5");
    assert_eq!(let_in(&mut g, NOW, flood, 500), 10);
    assert_eq!(events(&mut g), [SecurityEvent::Slowed { ip: flood }]);
    assert_eq!(let_in(&mut g, after(3), flood, 500), 6);
    assert_eq!(let_in(&mut g, after(1_000), flood, 500), 10, "no more than a burst");
    assert_eq!(g.admit(after(1_000), flood), Admit::Yes, "slow is not banned");
    // Many sources, one request each: 30 at once, then ten a second; whoever was good lately is not touched.
    let mut g = Guard::new(config);
    let office = ip("198.51.100.1");
    g.good(NOW, office);
    let got = (0..500).filter(|n| g.enter(NOW, stranger(*n)) == Admit::Yes).count();
    assert_eq!((got, let_in(&mut g, NOW, office, 500)), (30, 100));
    assert_eq!(events(&mut g), [SecurityEvent::Crowded, SecurityEvent::Slowed { ip: office }]);
    let got = (0..500).filter(|n| g.enter(after(1), stranger(*n)) == Admit::Yes).count();
    assert_eq!(got, 10);
    // Two hours later the office is a stranger like others.
    assert_eq!(let_in(&mut g, after(7_200), office, 500), 10);
}

#[test]
fn an_office_with_one_wrong_password_stays_reachable_and_a_thief_with_an_account_does_not() {
    let mut g = Guard::default();
    let office = ip("198.51.100.1");
    for n in 0..1_000 {
        // One telephone tries every half minute with a wrong password; others are well.
        g.failed(after(30 * n), office, What::Password);
        if n % 100 == 0 {
            g.good(after(30 * n), office);
        }
        assert_eq!(g.admit(after(30 * n), office), Admit::Yes, "{n}");
    }
    let mut g = Guard::default();
    let thief = ip("198.51.100.2");
    let guesses = (1..1_000).find(|_| {
        g.good(NOW, thief);
        g.failed(NOW, thief, What::Password);
        g.admit(NOW, thief) == Admit::No
    });
    assert_eq!(guesses, Some(50));
}

#[test]
fn the_table_is_bounded_and_the_unimportant_leave_first() {
    let mut g = Guard { table: Table::new(100), ..Guard::default() };
    let (banned, suspect, known) = (stranger(1), stranger(2), stranger(3));
    g.failed(NOW, banned, What::Scan);
    g.failed(NOW, suspect, What::Password);
    g.good(NOW, known);
    for n in 1_000..3_000 {
        g.enter(NOW, stranger(n));
    }
    assert_eq!(g.sources(), 100);
    let is_there = |g: &Guard, ip: IpAddr| g.table.get(key(ip)).is_some();
    assert!([banned, suspect, known, stranger(2_999), stranger(2_903)].iter().all(|ip| is_there(&g, *ip)));
    assert!(!is_there(&g, stranger(2_902)), "the one that was heard of longest ago");
    // Suspects displace strangers, then older suspects, never the known and banned.
    for n in 5_000..5_200 {
        g.failed(NOW, stranger(n), What::Malformed);
    }
    assert!(!is_there(&g, suspect) && is_there(&g, known) && is_there(&g, banned));
    // Banned ones displace all others, at last the first banned.
    for n in 6_000..6_099 {
        g.failed(NOW, stranger(n), What::Scan);
    }
    assert_eq!((g.sources(), is_there(&g, known), g.bans(NOW).len()), (100, false, 100));
    g.failed(NOW, stranger(6_100), What::Scan);
    assert_eq!((g.admit(NOW, banned), g.bans(NOW).len()), (Admit::Yes, 100));
    // Bans that are over make room before newer strangers do.
    let (late, now) = (stranger(7_000), after(400));
    g.enter(now, late);
    for n in 8_000..8_098 {
        g.enter(now, stranger(n));
    }
    assert!(is_there(&g, late) && g.sources() == 100 && g.bans(now).is_empty());
    // Removing and coming back in any order keeps the lines whole.
    let mut chance = crate::seed::Chance::new(5);
    for step in 0..20_000 {
        let source = stranger((chance.next() % 300) as u32);
        match chance.next() % 8 {
            0 => g.pardon(source),
            1 => g.good(after(step), source),
            2 => g.failed(after(step), source, What::Scan),
            3 => g.failed(after(step), source, What::Malformed),
            _ => {
                g.enter(after(step), source);
            }
        }
        assert!(g.sources() <= 100);
    }
    assert_eq!(g.table.iter().count(), g.sources());
}

#[test]
fn a_flood_does_not_flood_the_log() {
    let mut g = Guard::default();
    for n in 0..10_000 {
        g.failed(NOW, stranger(n), What::Scan);
    }
    let told = events(&mut g);
    assert_eq!(told.len(), 20);
    g.failed(after(5), stranger(20_000), What::Scan);
    assert_eq!(events(&mut g)[0], SecurityEvent::Untold { count: 9_980 });
    // Nobody fetches them.
    for n in 0..10_000 {
        g.failed(after(10 + u64::from(n)), stranger(30_000 + n), What::Scan);
    }
    let waiting = events(&mut g).len();
    assert!((MAX_EVENTS - 1..=MAX_EVENTS).contains(&waiting), "{waiting}");
}

#[test]
fn scanners_say_who_they_are() {
    let sent = |agent: &str| {
        let text = format!(
            "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nUser-Agent: {agent}\r\n\r\n"
        );
        is_scanner(&Message::parse(text.as_bytes()).unwrap())
    };
    for bad in [
        "friendly-scanner",
        "FRIENDLY-scanner/1.0",
        "x sipvicious y",
        "sipcli/v1.8",
        "sip-scan",
        "VaxSIPUserAgent/3.1",
        "pplsip",
    ] {
        assert!(sent(bad), "{bad}");
    }
    for good in ["", "Yealink SIP-T46S 66.84.0.15", "PolycomVVX", "sip", &"x".repeat(5_000)] {
        assert!(!sent(good), "{good}");
    }
}
