use super::*;

const NOW: Time = Time(3_000_000);
const CONTACT: &str = "sip:4930123@192.0.2.1:5060";

fn after(seconds: u64) -> Time {
    NOW + Duration::from_secs(seconds)
}

fn server(n: u8) -> Destination {
    Destination { transport: Transport::Udp, addr: ([198, 51, 100, n], 5060).into(), connection: None }
}

fn config(servers: u8) -> RegistrationConfig {
    let local = |transport, port| Local { transport, addr: ([192, 0, 2, 1], port).into() };
    RegistrationConfig {
        servers: (1..=servers).map(server).collect(),
        locals: vec![local(Transport::Udp, 5060), local(Transport::Tcp, 5061)],
        registrar: "sip:carrier.example".into(),
        aor: Secret::new("sip:4930123@carrier.example".into()),
        contact_user: Secret::new("4930123".into()),
        expires: 600,
    }
}

fn answer(code: u16, lines: &[String]) -> Message {
    let lines: String = lines.iter().map(|l| format!("{l}\r\n")).collect();
    let text = format!("SIP/2.0 {code} x\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n{lines}\r\n");
    Message::parse(text.as_bytes()).unwrap()
}

/// The request that is to be sent now.
#[track_caller]
fn sent(r: &mut Registration) -> Register {
    let register = r.poll().expect("a REGISTER is to be sent");
    assert!(r.poll().is_none());
    register
}

#[track_caller]
fn ends(r: &mut Registration, now: Time, code: u16, lines: &[&str]) {
    let request = sent(r);
    let lines: Vec<String> = lines.iter().map(|l| (*l).to_string()).collect();
    let message = answer(code, &lines);
    let got = Registered { number: request.number, code, cseq: request.cseq, message: Some(&message) };
    r.answered(now, &got);
}

#[track_caller]
fn silence(r: &mut Registration, now: Time) {
    let request = sent(r);
    r.answered(now, &Registered { number: request.number, code: 408, cseq: request.cseq, message: None });
}

/// Seconds until it wants to be called again.
fn wait(r: &Registration, now: Time) -> f64 {
    r.deadline().unwrap().since(now).as_secs_f64()
}

#[test]
fn it_registers_refreshes_and_says_so() {
    let mut r = Registration::new(NOW, config(1), 1);
    assert_eq!(r.state(NOW), RegistrationState::Trying);
    let first = sent(&mut r);
    assert_eq!(first.extra.expose_secret(), &format!("Contact: <{CONTACT}>\r\nExpires: 600\r\n"));
    assert_eq!(first.aor.expose_secret(), "<sip:4930123@carrier.example>");
    assert!(first.to == server(1) && first.uri == "sip:carrier.example" && first.call_id.len() > 20);
    // Sent with credentials in between: the next number is higher than that.
    let message = answer(200, &[format!("Contact: <sip:other@h>;expires=9, <{CONTACT}>;expires=300")]);
    r.answered(NOW, &Registered { number: first.number, code: 200, cseq: 2, message: Some(&message) });
    assert_eq!(r.state(after(299)), RegistrationState::Registered { until: after(300) });
    let wait = wait(&r, NOW);
    assert!((256.0..=270.0).contains(&wait), "{wait}");
    r.tick(after(250));
    assert!(r.poll().is_none());
    r.tick(after(270));
    let second = sent(&mut r);
    assert_eq!((second.cseq, second.call_id == first.call_id), (3, true));
    // Meanwhile it stays registered, until the time is over.
    assert_eq!(r.state(after(299)), RegistrationState::Registered { until: after(300) });
    assert_eq!(r.state(after(300)), RegistrationState::Trying);
    // An answer to the first one says nothing about the second.
    r.answered(after(301), &Registered { number: first.number, code: 403, cseq: 2, message: None });
    assert_eq!(r.state(after(301)), RegistrationState::Trying);
}

#[test]
fn the_granted_time_is_found_wherever_it_stands() {
    for (lines, granted) in [
        (vec![format!("Contact: <{CONTACT}>;expires=90"), "Expires: 500".into()], 90),
        // The carrier writes where it has seen us.
        (vec!["Contact: <sip:4930123@203.0.113.1:1024>;expires=80".into()], 80),
        (vec![format!("Contact: <{CONTACT}>"), "Expires: 500".into()], 500),
        (vec!["Contact: <sip:x@h>;expires=5".into(), "Expires: 500".into()], 500),
        (vec!["Contact: nonsense, <".into()], 600),
        (vec!["Expires: soon".into()], 600),
        (vec![], 600),
        (vec!["Expires: 99999999999".into()], 86_400),
    ] {
        let mut r = Registration::new(NOW, config(1), 1);
        let request = sent(&mut r);
        let message = answer(200, &lines);
        r.answered(NOW, &Registered { number: request.number, code: 200, cseq: 1, message: Some(&message) });
        assert_eq!(r.state(NOW), RegistrationState::Registered { until: after(granted) }, "{lines:?}");
    }
}

#[test]
fn it_refreshes_in_time_whatever_is_granted() {
    for (granted, least, most) in [
        (3600, 3078.0, 3240.0),
        (400, 342.0, 360.0),
        (100, 66.5, 70.0),
        (60, 28.5, 30.0),
        (20, 9.5, 10.0),
        (1, 5.0, 5.0),
    ] {
        for seed in 0..20 {
            let mut r = Registration::new(NOW, config(1), seed);
            ends(&mut r, NOW, 200, &[&format!("Contact: <{CONTACT}>;expires={granted}")]);
            // The end itself may be earlier than the refresh that is held back.
            let wait = r.due.since(NOW).as_secs_f64();
            assert!((least..=most).contains(&wait), "{granted}: {wait}");
        }
    }
    // Accepted and taken away at once.
    let mut r = Registration::new(NOW, config(1), 1);
    ends(&mut r, NOW, 200, &[&format!("Contact: <{CONTACT}>;expires=0")]);
    assert!(matches!(r.state(NOW), RegistrationState::Refused { .. }) && wait(&r, NOW) >= 30.0);
}

#[test]
fn a_longer_time_is_asked_for_when_the_server_wants_one() {
    let mut r = Registration::new(NOW, config(1), 1);
    ends(&mut r, NOW, 423, &["Min-Expires: 1800"]);
    assert!(r.poll().is_some_and(|again| again.extra.expose_secret().ends_with("Expires: 1800\r\n")));
    for odd in ["Min-Expires: 60", "Min-Expires: 99999999999", "Min-Expires: x", "X: y"] {
        let mut r = Registration::new(NOW, config(1), 1);
        ends(&mut r, NOW, 423, &[odd]);
        assert!(matches!(r.state(NOW), RegistrationState::Refused { code: 423, .. }), "{odd}");
    }
    // One that wants more each time does not get a flood.
    let mut r = Registration::new(NOW, config(1), 1);
    ends(&mut r, NOW, 423, &["Min-Expires: 1800"]);
    ends(&mut r, NOW, 423, &["Min-Expires: 1801"]);
    assert!(r.poll().is_none() && wait(&r, NOW) >= 30.0);
}

#[test]
fn failures_are_followed_by_longer_and_longer_waits() {
    for seed in 0..10 {
        let mut r = Registration::new(NOW, config(1), seed);
        let (mut now, mut waits) = (NOW, Vec::new());
        for n in 0..12 {
            match n % 3 {
                0 => silence(&mut r, now),
                1 => ends(&mut r, now, 403, &[]),
                _ => ends(&mut r, now, 302, &["Contact: <sip:elsewhere@h>"]),
            }
            assert!(
                matches!(r.state(now), RegistrationState::Refused { retry, .. } if Some(retry) == r.deadline())
            );
            waits.push(wait(&r, now));
            now = r.deadline().unwrap();
            r.tick(now);
        }
        for (n, wait) in waits.iter().enumerate() {
            let base = (30.0 * f64::from(1 << n.min(8))).min(1800.0);
            let most = (base * 1.2_f64).min(1800.0);
            let least = if base * 1.2 > 1800.0 { base * 0.8 } else { base };
            assert!((least..=most).contains(wait), "{n}: {wait}");
        }
        // Once it works, the next failure is the first again.
        ends(&mut r, now, 200, &[]);
        now = r.deadline().unwrap();
        r.tick(now);
        ends(&mut r, now, 403, &[]);
        assert!(matches!(r.state(now), RegistrationState::Registered { .. }), "it is until its end");
        assert!(r.due.since(now) <= Duration::from_secs(36));
    }
}

#[test]
fn the_server_may_say_when_to_come_back() {
    for (said, least, most) in [
        ("300", 300.0, 360.0),
        ("300 (maintenance);duration=9", 300.0, 360.0),
        ("1", 30.0, 36.0),
        ("99999999", 1440.0, 1800.0),
        ("x", 30.0, 36.0),
    ] {
        let mut r = Registration::new(NOW, config(1), 4);
        ends(&mut r, NOW, 503, &[&format!("Retry-After: {said}")]);
        let wait = wait(&r, NOW);
        assert!((least..=most).contains(&wait), "{said}: {wait}");
    }
}

#[test]
fn the_next_server_is_tried_when_one_is_dead() {
    let mut r = Registration::new(NOW, config(3), 1);
    let mut went = Vec::new();
    let mut numbers = Vec::new();
    for code in [0, 503, 0] {
        let to = r.out.as_ref().map(|o| (o.to, o.cseq)).unwrap();
        went.push(to.0.addr.ip().to_string());
        numbers.push(to.1);
        if code == 0 { silence(&mut r, NOW) } else { ends(&mut r, NOW, code, &[]) }
    }
    assert_eq!(went, ["198.51.100.1", "198.51.100.2", "198.51.100.3"]);
    assert!(numbers.windows(2).all(|n| n[0] < n[1]), "{numbers:?}");
    assert!(wait(&r, NOW) >= 30.0, "all have failed");
    let now = r.deadline().unwrap();
    r.tick(now);
    silence(&mut r, now);
    ends(&mut r, now, 200, &[]);
    // It stays at the one that answered.
    let now = r.deadline().unwrap();
    r.tick(now);
    assert!(r.out.as_ref().is_some_and(|o| o.to == server(2)));
    // A refusal is a refusal: no other server is asked.
    ends(&mut r, now, 403, &[]);
    assert!(r.poll().is_none());
}

#[test]
fn an_answer_that_never_comes_is_given_up() {
    let mut r = Registration::new(NOW, config(1), 1);
    let _ = sent(&mut r);
    assert_eq!(r.deadline(), Some(after(100)));
    r.tick(after(100));
    assert!(matches!(r.state(after(100)), RegistrationState::Refused { code: 408, .. }));
}

#[test]
fn servers_come_from_elsewhere_and_change() {
    let mut r = Registration::new(NOW, RegistrationConfig { servers: Vec::new(), ..config(0) }, 1);
    assert!(r.poll().is_none() && matches!(r.state(NOW), RegistrationState::Refused { code: 503, .. }));
    r.set_servers(NOW, vec![server(1), server(2)]);
    ends(&mut r, NOW, 200, &[]);
    // It is still there: nothing happens.
    r.set_servers(after(1), vec![server(9), server(1)]);
    assert!(r.poll().is_none() && r.is_server(server(9).addr.ip()) && !r.is_server(server(2).addr.ip()));
    // It is gone: at once to another.
    r.set_servers(after(2), vec![server(4)]);
    assert!(sent(&mut r).to == server(4));
    r.set_servers(after(3), vec![Destination { transport: Transport::Tcp, ..server(5) }]);
    let tcp = sent(&mut r);
    assert!(tcp.extra.expose_secret().contains("<sip:4930123@192.0.2.1:5061;transport=tcp>"));
    r.set_servers(after(4), (0..100).map(server).collect());
    assert_eq!(r.config.servers.len(), MAX_SERVERS);
}

#[test]
fn it_is_taken_back_and_taken_up_again() {
    let mut r = Registration::new(NOW, config(1), 1);
    ends(&mut r, NOW, 200, &[]);
    r.unregister(after(1));
    let gone = r.out.as_ref().unwrap();
    assert!(gone.extra.expose_secret().ends_with("Expires: 0\r\n") && gone.cseq == 2);
    ends(&mut r, after(1), 200, &[]);
    assert_eq!((r.state(after(1)), r.deadline()), (RegistrationState::Off, None));
    r.unregister(after(2));
    assert!(r.poll().is_none(), "nothing to take back");
    r.register(after(3));
    ends(&mut r, after(3), 200, &[]);
    assert!(matches!(r.state(after(3)), RegistrationState::Registered { .. }));
    // In the middle of a try, and back in the middle of that.
    r.tick(r.deadline().unwrap());
    let _ = sent(&mut r);
    r.unregister(after(600));
    let late = sent(&mut r);
    r.register(after(601));
    r.answered(after(602), &Registered { number: late.number, code: 200, cseq: 1, message: None });
    assert!(r.out.is_some() && r.wanted == Some(Purpose::Register));
    // A server that does not answer is not waited for.
    r.unregister(after(603));
    silence(&mut r, after(604));
    assert_eq!((r.state(after(604)), r.deadline()), (RegistrationState::Off, None));
}

#[test]
fn a_refresh_that_is_refused_is_known_before_the_registration_ends() {
    let mut r = Registration::new(NOW, config(1), 1);
    ends(&mut r, NOW, 200, &["Expires: 600"]);
    assert_eq!(r.refused(), None);
    r.tick(after(540));
    ends(&mut r, after(540), 403, &[]);
    assert_eq!(r.refused(), Some(403));
    assert_eq!(r.state(after(599)), RegistrationState::Registered { until: after(600) });
    assert!((30.0..=36.0).contains(&wait(&r, after(540))), "and it is tried again before that");
    r.tick(after(576));
    ends(&mut r, after(576), 200, &["Expires: 600"]);
    assert_eq!(
        (r.refused(), r.state(after(1_175))),
        (None, RegistrationState::Registered { until: after(1_176) })
    );
}
