//! Many people who press a number in the tab at once, with tokens of their own: everybody is rung, and once.

use crate::desk::Desk;
use crate::program::{Program, look_again};
use crate::tab::Company;
use serde_json::{Value, json};
use sim::PhoneEvent;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// The object id of a person.
fn object(n: usize) -> String {
    format!("5c0de000-0000-4000-8000-{n:012}")
}

/// A company whose people have a telephone each at one address.
struct Office(Company);

impl Office {
    fn begin(people: usize, phones: SocketAddr) -> Office {
        Office(Company::begin(|directory| {
            let mut tenant = format!(
                "kind: Tenant\nid: test\nprofile: contact-center\nfeatures: {{tab: true}}\ncountry: DE\nmicrosoft: {directory}\n\
                 dial: {{allow: [\"+49\"]}}\n---\n\
                 kind: Trunk\nid: carrier\nnetworks: [127.0.0.0/8]\naddress: \"sip:{phones}\"\noutbound: true\n"
            );
            for n in 0..people {
                tenant += &format!(
                    "---\nkind: User\nid: u{n}\nroles: [agent]\nphone: \"sip:u{n}@{phones}\"\nat_start: available\nmicrosoft: {}\n",
                    object(n)
                );
            }
            tenant
        }))
    }

    /// A token as somebody's Teams client has it for the tab.
    fn token(&self, n: usize) -> String {
        self.0.token(&object(n), &Value::Null)
    }

    /// A click: what is sent, ready to go.
    fn click(&self, token: String, correlation: String) -> impl FnOnce() -> (u16, Value) + Send + 'static {
        let (agent, url) =
            (self.0.program.agent().clone(), format!("http://{}/api/v1/dial", self.0.program.http));
        let body = json!({"to": "+4942155599", "correlation": correlation}).to_string();
        move || {
            let request = agent.post(&url).header("Authorization", &format!("Bearer {token}"));
            let mut answer = request.content_type("application/json").send(body.as_str()).unwrap();
            let said = answer.body_mut().read_to_string().unwrap();
            (answer.status().as_u16(), serde_json::from_str(&said).unwrap_or_default())
        }
    }
}

#[test]
fn a_hundred_people_who_press_at_once_are_each_rung_once() {
    const PEOPLE: usize = 100;
    let mut desk = Desk::new();
    let company = Office::begin(PEOPLE, desk.addr);
    // Everybody presses twice, as somebody impatient does: it is the same call.
    let clicks: Vec<_> = (0..PEOPLE * 2)
        .map(|n| company.click(company.token(n / 2), format!("click-{:04}", n / 2)))
        .map(std::thread::spawn)
        .collect();
    let mut rung = BTreeMap::new();
    while rung.len() < PEOPLE {
        let (phone, user) = desk.rings();
        assert!(rung.insert(user.clone(), phone).is_none(), "{user} is rung twice");
    }
    let mut statuses = BTreeMap::<u16, usize>::new();
    for click in clicks {
        while !click.is_finished() {
            desk.step();
        }
        let (status, said) = click.join().unwrap();
        assert!(matches!(status, 200 | 201), "{status}: {said}");
        *statuses.entry(status).or_default() += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(200, PEOPLE), (201, PEOPLE)]), "once begun, once found begun");
    let everybody: BTreeSet<String> = (0..PEOPLE).map(|n| format!("u{n}")).collect();
    assert_eq!(rung.keys().cloned().collect::<BTreeSet<_>>(), everybody, "nobody is lost");
    // Until everything is over, no telephone rings a second time.
    for phone in rung.into_values() {
        let now = desk.now();
        desk.phones.decline(now, phone, 486);
    }
    desk.until("every call ends", |_| is_idle(&company.0.program).then_some(()));
    assert!(
        desk.events.iter().all(|e| !matches!(e, PhoneEvent::Rings { .. })),
        "somebody was rung again: {:?}",
        desk.events
    );
    company.0.program.stop();
}

/// Whether no call is open.
fn is_idle(program: &Program) -> bool {
    program.admin("/metrics").lines().any(|l| l == "switchroom_calls_open{tenant=\"test\"} 0")
}

/// The answer of a busy telephone to an INVITE, with the INVITE's Call-ID.
fn refusal(invite: &str) -> Option<(String, String)> {
    let mut id = String::new();
    let mut answer = String::from("SIP/2.0 486 Busy Here\r\n");
    for line in invite.lines().take_while(|l| !l.is_empty()) {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        match name.as_str() {
            "to" => answer += &format!("{line};tag=busy\r\n"),
            "call-id" => {
                id = line.into();
                answer += &format!("{line}\r\n");
            }
            "via" | "from" | "cseq" => answer += &format!("{line}\r\n"),
            _ => {}
        }
    }
    invite.starts_with("INVITE ").then(|| (id, answer + "Content-Length: 0\r\n\r\n"))
}

#[test]
#[ignore = "a measurement: bench/run calls it"]
fn a_measurement_of_clicks() {
    const PEOPLE: usize = 200;
    const EACH: usize = 5;
    let phones = UdpSocket::bind("127.0.0.1:0").unwrap();
    let company = Office::begin(PEOPLE, phones.local_addr().unwrap());
    let tokens: Vec<String> = (0..PEOPLE).map(|n| company.token(n)).collect();
    phones.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut buffer = [0; 65_536];
    let mut seen = BTreeSet::new();
    let mut next_invite = || loop {
        let (n, from) = phones.recv_from(&mut buffer).expect("nobody is rung");
        let at = Instant::now();
        if let Some((id, answer)) = refusal(&String::from_utf8_lossy(&buffer[..n])) {
            phones.send_to(answer.as_bytes(), from).unwrap();
            if seen.insert(id) {
                return at;
            }
        }
    };
    // The first fetches Entra ID's keys.
    assert_eq!(
        std::thread::spawn(company.click(tokens[0].clone(), "first-click".into())).join().unwrap().0,
        201
    );
    next_invite();
    let mut times = Vec::new();
    for n in 0..PEOPLE * EACH {
        let who = (n + 1) % PEOPLE;
        // The call before is over when its progress says so; whoever clicks now has none.
        let click = company.click(tokens[who].clone(), format!("click-{n:06}"));
        let began = Instant::now();
        let asked = std::thread::spawn(click);
        times.push(next_invite().duration_since(began).as_secs_f64() * 1_000.0);
        let (status, said) = asked.join().unwrap();
        assert_eq!(status, 201, "{said}");
    }
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    // All at once: how long until the last is rung, and whether anybody is not.
    let clicks: Vec<_> =
        (0..100).map(|n| company.click(tokens[n].clone(), format!("crowd-{n:06}"))).collect();
    let until_idle = Instant::now() + Duration::from_secs(60);
    while !is_idle(&company.0.program) {
        assert!(Instant::now() < until_idle);
        look_again();
    }
    let began = Instant::now();
    let asked: Vec<_> = clicks.into_iter().map(std::thread::spawn).collect();
    let mut last = began;
    for _ in 0..asked.len() {
        last = next_invite();
    }
    let begun = asked.into_iter().map(|a| a.join().unwrap()).filter(|(status, _)| *status == 201).count();
    let measured = json!({"clicks": times.len(), "p50_ms": at(0.5), "p99_ms": at(0.99), "worst_ms": at(1.0),
        "crowd": 100, "crowd_lost": 100 - begun, "crowd_last_ms": last.duration_since(began).as_secs_f64() * 1_000.0});
    std::io::Write::write_all(&mut std::io::stdout(), format!("measured {measured}\n").as_bytes()).unwrap();
    company.0.program.stop();
}
