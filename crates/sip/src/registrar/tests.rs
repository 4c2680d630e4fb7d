use super::*;
use crate::endpoint::Transport;
use redact::Secret;

const NOW: Time = Time(7_000_000);
const ANNA: u64 = 11;

fn after(seconds: u64) -> Time {
    NOW + Duration::from_secs(seconds)
}

fn udp(addr: &str) -> Destination {
    Destination { transport: Transport::Udp, addr: addr.parse().unwrap(), connection: None }
}

fn tcp(addr: &str, connection: u64) -> Destination {
    Destination { transport: Transport::Tcp, addr: addr.parse().unwrap(), connection: Some(connection) }
}

fn phone() -> Destination {
    udp("198.51.100.7:5060")
}

/// A REGISTER with `lines` of its own.
fn request(call_id: &str, cseq: u32, lines: &[&str]) -> Message {
    let lines: String = lines.iter().map(|l| format!("{l}\r\n")).collect();
    let text = format!(
        "REGISTER sip:pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1\r\nFrom: <sip:anna@pbx.example>;tag=1\r\n\
         To: <sip:anna@pbx.example>\r\nCall-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\n{lines}\r\n"
    );
    Message::parse(text.as_bytes()).unwrap()
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.lines.clone()).unwrap()
}

/// The contacts of Anna, the best first.
fn there(r: &mut Registrar, now: Time) -> Vec<String> {
    let uri = |b: &Binding| String::from_utf8(b.uri.expose_secret().to_vec()).unwrap();
    r.lookup(now, ANNA).iter().map(uri).collect()
}

#[track_caller]
fn register(r: &mut Registrar, now: Time, call_id: &str, cseq: u32, lines: &[&str]) -> Reply {
    r.register(now, ANNA, &request(call_id, cseq, lines), phone())
}

#[track_caller]
fn accepted(r: &mut Registrar, now: Time, call_id: &str, cseq: u32, lines: &[&str]) -> String {
    let reply = register(r, now, call_id, cseq, lines);
    assert_eq!(reply.code, 200);
    text(&reply)
}

fn events(r: &mut Registrar) -> Vec<RegistrarEvent> {
    core::iter::from_fn(|| r.poll_event()).collect()
}

#[test]
fn a_telephone_comes_stays_and_goes() {
    let mut r = Registrar::default();
    let contact = "Contact: \"Anna\" <sip:anna@198.51.100.7;ob>;expires=120";
    assert_eq!(
        accepted(&mut r, NOW, "a", 1, &[contact, "User-Agent: Phone\t 1/\u{e9}x"]),
        "Contact: <sip:anna@198.51.100.7;ob>;expires=120\r\n"
    );
    assert_eq!(events(&mut r), [RegistrarEvent::Registered { aor: ANNA, contacts: 1 }]);
    assert_eq!(r.lookup(NOW, ANNA)[0].user_agent, "Phone 1/x");
    assert_eq!(r.deadline(), Some(after(120)));
    accepted(&mut r, after(100), "a", 2, &[contact]);
    assert_eq!(events(&mut r), [], "a refresh is nothing to tell");
    assert_eq!((r.deadline(), r.len()), (Some(after(220)), 1));
    // Asking changes nothing.
    assert_eq!(
        accepted(&mut r, after(150), "b", 1, &[]),
        "Contact: <sip:anna@198.51.100.7;ob>;expires=70\r\n"
    );
    r.tick(after(219));
    assert_eq!(r.len(), 1);
    r.tick(after(220));
    assert_eq!((events(&mut r), r.deadline()), (vec![RegistrarEvent::Gone { aor: ANNA }], None));
    assert!(r.is_empty());
}

#[test]
fn one_whose_time_is_over_is_not_called_even_before_the_tick() {
    let mut r = Registrar::default();
    accepted(&mut r, NOW, "a", 1, &["Contact: <sip:a@h>;expires=60"]);
    assert_eq!(there(&mut r, after(59)).len(), 1);
    assert_eq!(there(&mut r, after(60)).len(), 0);
    assert!(r.is_empty());
}

#[test]
fn times_are_held_within_their_bounds() {
    for (lines, expected) in [
        (&["Contact: <sip:a@h>"][..], 3600),
        (&["Contact: <sip:a@h>", "Expires: 300"], 300),
        (&["Contact: <sip:a@h>;expires=400", "Expires: 300"], 400),
        (&["Contact: <sip:a@h>;expires=86400"], 3600),
        (&["Contact: <sip:a@h>;expires=99999999999999999999"], 3600),
        (&["Contact: <sip:a@h>;expires=soon"], 3600),
        (&["Contact: <sip:a@h>;expires=60"], 60),
    ] {
        let mut r = Registrar::default();
        let said = accepted(&mut r, NOW, "a", 1, lines);
        assert_eq!(said, format!("Contact: <sip:a@h>;expires={expected}\r\n"));
    }
    let mut r = Registrar::default();
    let short = register(&mut r, NOW, "a", 1, &["Contact: <sip:a@h>;expires=300, <sip:b@h>", "Expires: 59"]);
    assert_eq!((short.code, text(&short).as_str()), (423, "Min-Expires: 60\r\n"));
    assert!(r.is_empty() && r.poll_event().is_none(), "all of it or nothing");
}

#[test]
fn several_telephones_in_the_order_of_their_preference() {
    let mut r = Registrar::default();
    accepted(&mut r, NOW, "a", 1, &["Contact: <sip:a@h>;q=0.5"]);
    accepted(&mut r, NOW, "b", 1, &["Contact: <sip:b@h>, <sip:c@h>;q=0.1"]);
    let said = accepted(&mut r, NOW, "d", 1, &["m: <sip:d@h>;q=0.5"]);
    assert_eq!(there(&mut r, NOW), ["sip:b@h", "sip:d@h", "sip:a@h", "sip:c@h"]);
    assert!(said.contains("Contact: <sip:c@h>;expires=3600;q=0.100\r\n"), "{said}");
    accepted(&mut r, NOW, "a", 2, &["Contact: <sip:c@h>;q=0.7, <sip:b@h>;expires=0"]);
    assert_eq!(there(&mut r, NOW), ["sip:c@h", "sip:d@h", "sip:a@h"]);
    assert_eq!(events(&mut r), [RegistrarEvent::Registered { aor: ANNA, contacts: 3 }]);
    accepted(&mut r, NOW, "x", 1, &["Contact: *", "Expires: 0"]);
    assert_eq!(events(&mut r), [RegistrarEvent::Gone { aor: ANNA }]);
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut r = Registrar::default();
    accepted(&mut r, NOW, "a", 5, &["Contact: <sip:a@h>"]);
    for (code, call_id, cseq, lines) in [
        (400, "b", 1, &["Contact: *"][..]),
        (400, "b", 1, &["Contact: *", "Expires: 60"]),
        (400, "b", 1, &["Contact: *, <sip:a@h>", "Expires: 0"]),
        (400, "b", 1, &["Contact: <sip:b@h>", "Contact: *", "Expires: 0"]),
        (400, "b", 1, &["Contact: <sip:b@h>, <sip:b@H>"]),
        (400, "b", 1, &["Contact: <tel:+49301>"]),
        (400, "b", 1, &["Contact: <sip:b@h>;q=1.5"]),
        (400, "b", 1, &["Contact: <sip:b@h>;q=0.5555"]),
        (400, "b", 1, &["Contact: <sip:b@h>;q="]),
        (420, "b", 1, &["Contact: <sip:b@h>", "Require: path, outbound"]),
        // Overtaken by a later one, or the same again.
        (500, "a", 5, &["Contact: <sip:a@h>"]),
        (500, "a", 4, &["Contact: <sip:b@h>, <sip:a@h>;expires=0"]),
        (500, "a", 4, &["Contact: *", "Expires: 0"]),
    ] {
        assert_eq!(register(&mut r, NOW, call_id, cseq, lines).code, code, "{lines:?}");
        assert_eq!((there(&mut r, NOW), r.len()), (vec!["sip:a@h".to_string()], 1), "{lines:?}");
    }
    let path = register(&mut r, NOW, "b", 1, &["Require: path, outbound, \u{7}x"]);
    assert_eq!(text(&path), "Unsupported: path, outbound\r\n");
    let long = format!("Contact: <sip:{}@h>", "a".repeat(600));
    assert_eq!(register(&mut r, NOW, "b", 1, &[&long]).code, 400);
    let long = "c".repeat(300);
    assert_eq!(register(&mut r, NOW, &long, 1, &["Contact: <sip:b@h>"]).code, 400);
    // A telephone that started anew has another Call-ID and may count from 1.
    accepted(&mut r, NOW, "new", 1, &["Contact: <sip:a@h>;expires=60"]);
    assert_eq!((r.len(), r.deadline()), (1, Some(after(60))));
}

#[test]
fn the_same_address_written_differently_is_the_same_telephone() {
    for (first, second, same) in [
        ("sip:anna@h;x=1", "SIP:%61nna@H;y=2", true),
        ("sip:anna@h", "sip:Anna@h", false),
        ("sip:anna@h", "sip:anna@h:5060", false),
        ("sip:anna@h", "sips:anna@h", false),
        ("sip:anna@h", "sip:anna@h;transport=udp", false),
        ("sip:anna@h;transport=TCP", "sip:anna@h;transport=tcp", true),
        ("sip:anna@h;x=1", "sip:anna@h;X=2", false),
        ("sip:anna@h;user=phone", "sip:anna@h;lr", false),
        ("sip:anna@h?a=b", "sip:anna@h", false),
        ("sip:%4@h", "sip:%4@h", true),
    ] {
        let mut r = Registrar::default();
        accepted(&mut r, NOW, "a", 1, &[&format!("Contact: <{first}>")]);
        accepted(&mut r, NOW, "a", 2, &[&format!("Contact: <{second}>")]);
        assert_eq!(r.len(), if same { 1 } else { 2 }, "{first} {second}");
    }
    // Two that are both like one that is there, but not like each other.
    let mut r = Registrar::default();
    accepted(&mut r, NOW, "a", 1, &["Contact: <sip:a@h>"]);
    assert_eq!(events(&mut r).len(), 1);
    accepted(&mut r, NOW, "a", 2, &["Contact: <sip:a@h;x=1>, <sip:a@h;x=2>"]);
    assert_eq!(events(&mut r), [RegistrarEvent::Registered { aor: ANNA, contacts: 2 }]);
}

#[test]
fn calls_go_where_the_telephone_can_be_reached() {
    for (contact, from, reach) in [
        // Behind NAT, or by a name: where it came from.
        ("sip:a@192.168.1.10:5060", udp("198.51.100.7:41234"), udp("198.51.100.7:41234")),
        ("sip:a@phone.example", udp("198.51.100.7:41234"), udp("198.51.100.7:41234")),
        ("sip:a@192.168.1.10;transport=tcp", tcp("198.51.100.7:41234", 3), tcp("198.51.100.7:41234", 3)),
        // Not behind NAT: its own port.
        ("sip:a@198.51.100.7:5070", udp("198.51.100.7:41234"), udp("198.51.100.7:5070")),
        ("sip:a@198.51.100.7", udp("198.51.100.7:41234"), udp("198.51.100.7:5060")),
        ("sip:a@[2001:db8::7]:5070", udp("[2001:db8::7]:1024"), udp("[2001:db8::7]:5070")),
        ("sip:a@198.51.100.7:5070;transport=tcp", tcp("198.51.100.7:41234", 3), tcp("198.51.100.7:5070", 3)),
        // It came by another way than it names: the one that is known to work.
        ("sip:a@198.51.100.7:5070;transport=tcp", udp("198.51.100.7:5060"), udp("198.51.100.7:5060")),
        ("sip:a@198.51.100.7:5070", tcp("198.51.100.7:41234", 3), tcp("198.51.100.7:41234", 3)),
        ("sips:a@198.51.100.7", udp("198.51.100.7:5060"), udp("198.51.100.7:5060")),
        ("sip:a@198.51.100.7:0", udp("198.51.100.7:41234"), udp("198.51.100.7:41234")),
    ] {
        let mut r = Registrar::default();
        let m = request("a", 1, &[&format!("Contact: <{contact}>")]);
        assert_eq!(r.register(NOW, ANNA, &m, from).code, 200);
        let got = r.lookup(NOW, ANNA)[0].reach;
        assert!(got == reach, "{contact}: {:?} {}", got.transport, got.addr);
    }
}

#[test]
fn telephones_behind_different_nats_do_not_displace_each_other() {
    let mut r = Registrar::default();
    let contact = ["Contact: <sip:anna@192.168.1.10:5060>"];
    let (home, office) = (udp("198.51.100.7:1024"), udp("203.0.113.9:1024"));
    r.register(NOW, ANNA, &request("home", 1, &contact), home);
    r.register(NOW, ANNA, &request("office", 1, &contact), office);
    assert_eq!(r.len(), 2);
    // A restart at home, and a new address of the office's network.
    r.register(NOW, ANNA, &request("home2", 1, &contact), udp("198.51.100.7:2048"));
    r.register(NOW, ANNA, &request("office", 2, &contact), udp("203.0.113.77:1024"));
    let reach: Vec<_> = r.lookup(NOW, ANNA).iter().map(|b| b.reach.addr.to_string()).collect();
    assert_eq!(reach, ["203.0.113.77:1024", "198.51.100.7:2048"]);
}

#[test]
fn everything_is_bounded() {
    let mut r = Registrar::new(12);
    for n in 0..25 {
        let expires = if n == 3 { "3000" } else { "600" };
        accepted(&mut r, after(n), "a", n as u32 + 1, &[&format!("Contact: <sip:{n}@h>;expires={expires}")]);
    }
    let mut list = there(&mut r, after(25));
    assert_eq!(list.len(), 10);
    list.sort();
    assert_eq!(list[..2], ["sip:16@h", "sip:17@h"], "those that end first have left");
    assert!(list.contains(&"sip:3@h".to_string()));
    // Those of the same request stay, however soon they end.
    accepted(&mut r, after(25), "s", 1, &["Contact: <sip:s1@h>;expires=60, <sip:s2@h>;expires=70"]);
    let list = there(&mut r, after(25));
    assert_eq!((list.len(), &list[..2]), (10, &["sip:s2@h".to_string(), "sip:s1@h".to_string()][..]));
    let eleven: Vec<String> = (30..41).map(|n| format!("Contact: <sip:{n}@h>")).collect();
    let eleven: Vec<&str> = eleven.iter().map(String::as_str).collect();
    assert_eq!(register(&mut r, after(25), "b", 1, &eleven).code, 403);
    assert_eq!(register(&mut r, after(25), "b", 1, &eleven[1..]).code, 200);
    assert_eq!(r.len(), 10);
    // In total too; a refresh still goes.
    let mut other =
        |aor: u64, line: &str| r.register(after(26), aor, &request("c", aor as u32, &[line]), phone());
    assert_eq!(other(1, "Contact: <sip:1@h>").code, 200);
    assert_eq!(other(2, "Contact: <sip:2@h>").code, 200);
    let full = other(3, "Contact: <sip:3@h>");
    assert_eq!((full.code, text(&full).as_str()), (503, "Retry-After: 300\r\n"));
    assert_eq!(register(&mut r, after(26), "b", 2, &["Contact: <sip:31@h>"]).code, 200);
    assert_eq!(r.len(), 12);
    r.forget(ANNA);
    assert_eq!(r.len(), 2);
    r.tick(after(10_000));
    assert_eq!((r.len(), r.deadline()), (0, None));
}

#[test]
fn bindings_outlast_a_restart() {
    let mut r = Registrar::default();
    let m = request("a", 4, &["Contact: <sip:anna@10.0.0.9>;expires=300;q=0.3", "User-Agent: P"]);
    r.register(NOW, ANNA, &m, tcp("198.51.100.7:1024", 9));
    accepted(&mut r, NOW, "b", 1, &["Contact: <sip:soon@h>;expires=60"]);
    let kept = r.export(after(30));
    assert_eq!(kept.len(), 2);
    let mut r = Registrar::default();
    // Another clock, and forty seconds without a program.
    let again = |s: u64| Time(s * 1_000_000);
    r.import(again(1), Duration::from_secs(40), kept.clone());
    assert_eq!(events(&mut r), [RegistrarEvent::Registered { aor: ANNA, contacts: 1 }]);
    let b = r.lookup(again(1), ANNA)[0].clone();
    assert_eq!((b.q, b.user_agent.as_str(), b.expires), (300, "P", again(231)));
    assert!(b.reach == Destination { connection: None, ..tcp("198.51.100.7:1024", 9) });
    // The telephone goes on counting; what it sent before the restart is still old.
    assert_eq!(r.register(again(2), ANNA, &m, phone()).code, 500);
    let m = request("a", 5, &["Contact: <sip:anna@10.0.0.9>"]);
    assert_eq!((r.register(again(2), ANNA, &m, phone()).code, r.len()), (200, 1));
    // A snapshot that was tampered with, and one that comes twice.
    let spoilt = Kept { uri: Secret::new(b"nonsense".to_vec()), aor: 2, ..kept[0].clone() };
    let long = Kept { left: Duration::from_secs(1 << 40), aor: 3, ..kept[0].clone() };
    let mut r = Registrar::new(1);
    r.import(again(1), Duration::ZERO, vec![spoilt, long.clone(), long, kept[0].clone()]);
    assert_eq!((r.len(), r.deadline()), (1, Some(again(3601))));
}

#[test]
fn a_closed_connection_takes_those_along_who_are_reached_over_nothing_else() {
    let mut r = Registrar::default();
    let over = |r: &mut Registrar, call_id: &str, cseq: u32, contact: &str, at: &str, connection: u64| {
        let m = request(call_id, cseq, &[&format!("Contact: <{contact}>")]);
        assert_eq!(r.register(NOW, ANNA, &m, tcp(at, connection)).code, 200);
    };
    // Behind a router; with a port of its own on which it listens; and on another connection.
    over(&mut r, "a", 1, "sip:a@10.0.0.9;transport=tcp", "198.51.100.7:1024", 5);
    over(&mut r, "b", 1, "sip:b@198.51.100.7:5060;transport=tcp", "198.51.100.7:1025", 5);
    over(&mut r, "c", 1, "sip:c@10.0.0.9;transport=tcp", "198.51.100.8:1024", 6);
    events(&mut r);
    r.connection_closed(4);
    assert_eq!((r.len(), events(&mut r).len()), (3, 0));
    r.connection_closed(5);
    assert_eq!(events(&mut r), [RegistrarEvent::Registered { aor: ANNA, contacts: 2 }]);
    assert_eq!(there(&mut r, NOW), ["sip:c@10.0.0.9;transport=tcp", "sip:b@198.51.100.7:5060;transport=tcp"]);
    // Registered anew over another connection before the old one closes, it stays.
    over(&mut r, "c", 2, "sip:c@10.0.0.9;transport=tcp", "198.51.100.8:1024", 7);
    r.connection_closed(6);
    assert_eq!(r.len(), 2);
    r.connection_closed(7);
    assert_eq!(there(&mut r, NOW), ["sip:b@198.51.100.7:5060;transport=tcp"]);
    assert_eq!(r.export_of(NOW, ANNA).len(), 1);
    r.forget(ANNA);
    assert!(r.is_empty() && r.connected.is_empty());
}
