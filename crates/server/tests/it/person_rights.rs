//! Rights of people who call just then: found by name and address, hidden on every screen, erased while they talk.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::neighbours::{Neighbour, line};
use crate::program::{Program, look_again, run};
use serde_json::{Value, json};
use sim::PhoneId;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const ANNA: &str = "+15550177701";
const COLLEAGUE: &str = "+15550177703";

fn ask(program: &Program, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("http://{}/api/v1{path}", program.http);
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(url)
        .header("Authorization", program.bearer())
        .header("Content-Type", "application/json")
        .body(body.to_string())
        .unwrap();
    let mut answer = program.agent().run(request).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
}

fn find(program: &Program, by: &Value) -> Vec<Value> {
    let (status, found) = program.post_json("/people/find", by);
    assert_eq!(status, 200, "{found}");
    found.as_array().unwrap().clone()
}

/// A caller who talks to an agent now; the caller's phone, the agent's, and the call's id.
fn talk(desk: &mut Desk, program: &Program, number: &str, name: &str) -> (PhoneId, PhoneId, String) {
    let before = program.get("/calls").1["items"].as_array().unwrap().len();
    let caller = desk.dial(number, name, program.sip, "100", 440);
    desk.answered(caller);
    let (agent, _) = desk.rings();
    desk.answer(agent, 1000);
    desk.hears(caller, 1000);
    let id = program.wait_for("/calls", |list| {
        let items = list["items"].as_array()?;
        let newest = items.iter().find(|c| c["state"] != "ended")?;
        (items.len() > before).then(|| newest["id"].as_str().unwrap().to_string())
    });
    (caller, agent, id)
}

fn end(desk: &mut Desk, program: &Program, (caller, agent, id): (PhoneId, PhoneId, String)) {
    desk.hang_up(caller);
    desk.ended(agent);
    program.wait_for(&format!("/calls/{id}"), |c| (c["state"] == "ended").then_some(()));
}

fn says_nothing(call: &Value) {
    let text = call.to_string();
    assert!(call["caller"].is_null() && call["caller_name"].is_null(), "{call:#}");
    assert!(!text.contains("Zeisig") && !text.contains("5550177701"), "{text}");
}

#[test]
fn whoever_calls_is_found_by_name_hidden_while_they_call_and_erased_while_they_talk() {
    let mut desk = Desk::new();
    let colleague = format!(
        "---\nkind: User\nid: colleague\nroles: [supervisor]\nline: \"{COLLEAGUE}\"\nemail: colleague@example.org\n"
    );
    let program = Program::start_as_owner(&[("tenant.yaml", &(tenant(&desk, 1) + &colleague))]);
    let first = talk(&mut desk, &program, ANNA, "Dr. Anna Zeisig");
    assert_eq!(program.get(&format!("/calls/{}", first.2)).1["caller_name"], "Dr. Anna Zeisig");
    end(&mut desk, &program, first);
    let second = talk(&mut desk, &program, COLLEAGUE, "");
    end(&mut desk, &program, second);

    let anna = find(&program, &json!({"name": "zeisig, anna"}));
    assert_eq!(
        (anna.len(), &anna[0]["address"], &anna[0]["user"]),
        (1, &json!(ANNA), &Value::Null),
        "{anna:?}"
    );
    for nobody in [json!({"name": "zeis"}), json!({"name": "-"}), json!({"address": "anna@example.org"})] {
        assert_eq!(find(&program, &nobody), [] as [Value; 0], "{nobody}");
    }
    let known = find(&program, &json!({"address": "Colleague@Example.org"}));
    assert_eq!((known.len(), &known[0]["user"]), (2, &json!("colleague")), "{known:?}");
    assert_eq!(
        (&known[0]["kept_as"], &known[1]["id"]),
        (&json!("caller"), &json!("user-colleague")),
        "{known:?}"
    );
    for unfit in [json!({}), json!({"name": "anna", "number": ANNA})] {
        assert_eq!(program.post_json("/people/find", &unfit).0, 422, "{unfit}");
    }
    let path = format!("/people/{}", anna[0]["id"].as_str().unwrap());

    // Restricted, a new call says nothing of them either, while it goes on and when it is over; then it does again.
    assert_eq!(ask(&program, "PATCH", &path, &json!({"restricted": true})).0, 200);
    let hidden = talk(&mut desk, &program, ANNA, "Anna Zeisig");
    let id = hidden.2.clone();
    says_nothing(&program.get(&format!("/calls/{id}")).1);
    assert_eq!(program.get("/calls?caller=%2B15550177701").1["items"], json!([]));
    end(&mut desk, &program, hidden);
    says_nothing(&program.get(&format!("/calls/{id}")).1);
    let program = program.restarted();
    let hidden = talk(&mut desk, &program, ANNA, "Anna Zeisig");
    says_nothing(&program.get(&format!("/calls/{}", hidden.2)).1);
    end(&mut desk, &program, hidden);
    assert_eq!(ask(&program, "PATCH", &path, &json!({"restricted": false})).0, 200);
    assert_eq!(program.get(&format!("/calls/{id}")).1["caller"], ANNA);

    // What a hold keeps is named.
    let anna_id = anna[0]["id"].clone();
    let (_, hold) = program.post_json("/holds", &json!({"person": anna_id, "reason": "a court"}));
    let (status, kept) = ask(&program, "DELETE", &path, &json!(null));
    let (of, held) = (&kept["kept"], &kept["kept"]["holds"][0]);
    assert_eq!(
        (status, &kept["calls"], &of["calls"], &of["recordings"]),
        (200, &json!(0), &json!(3), &json!(3)),
        "{kept:#}"
    );
    assert_eq!(
        (&held["id"], &held["reason"], &kept["kept_by"]),
        (&hold["id"], &json!("a court"), &json!([hold["id"]]))
    );
    assert_eq!(program.delete(&format!("/holds/{}", hold["id"].as_str().unwrap())), 204);

    // Erased while they talk: the call goes on, nobody's.
    let open = talk(&mut desk, &program, ANNA, "Anna Zeisig");
    let shown = format!("/calls/{}", open.2);
    assert_eq!(program.get(&shown).1["caller"], ANNA);
    assert_eq!(ask(&program, "DELETE", &format!("{path}?reason=because"), &json!(null)).0, 422);
    let (status, erased) = ask(&program, "DELETE", &format!("{path}?reason=requested"), &json!(null));
    assert_eq!((status, &erased["calls"], &erased["kept"]), (200, &json!(4), &Value::Null), "{erased:#}");
    says_nothing(&program.get(&shown).1);
    desk.hears(open.0, 1000);
    end(&mut desk, &program, open);
    says_nothing(&program.get(&shown).1);
    for by in [json!({"name": "zeisig"}), json!({"number": ANNA})] {
        assert_eq!(find(&program, &by), [] as [Value; 0], "{by}");
    }
    // An agent is erased as whoever called; the account is another matter, and the answer says so.
    let of_colleague = format!("/people/{}", known[0]["id"].as_str().unwrap());
    let (status, erased) = ask(&program, "DELETE", &of_colleague, &json!(null));
    assert_eq!(
        (status, &erased["calls"], &erased["user"]),
        (200, &json!(1), &json!("colleague")),
        "{erased:#}"
    );
    assert_eq!(program.get("/users/colleague").0, 200);

    let audit = program.get("/audit?action=person.erase&limit=100").1;
    let actions: Vec<&str> =
        audit["items"].as_array().unwrap().iter().filter_map(|e| e["action"].as_str()).collect();
    assert_eq!(actions, ["person.erase", "person.erase.requested", "person.erase-held"]);
    let dir = program.dir.clone();
    let log = program.stop();
    assert!(!log.contains("Zeisig") && !log.contains("5550177701"), "{log}");
    let config = dir.path().join("switchroom.toml").display().to_string();
    let (code, said, wrong) = run(&["audit", "verify", "--config", &config, "--tenant", "test"]);
    assert_eq!(code, 0, "{said}{wrong}");
}

/// What the caller of quick calls says of themselves.
fn from(number: &str, name: &str, n: usize) -> String {
    format!("From: \"{name}\" <sip:{number}@127.0.0.1>;tag={n}\r\nMax-Forwards: 70\r\n")
}

/// A call that waits in a queue until the caller hangs up at once.
fn quick(caller: &mut Neighbour, program: SocketAddr, to: &str, said: &str) {
    let invite = caller.call(program, to, said);
    let answer = loop {
        let answer = caller.gets("SIP/2.0 ");
        match answer.split(' ').nth(1) {
            Some("200") if answer.contains("INVITE") => break answer,
            Some(code) if code.starts_with('1') || code == "200" => {}
            _ => panic!("{answer}"),
        }
    };
    let uri = line(&answer, "Contact:").split(['<', '>']).nth(1).unwrap().to_string();
    let copied = ["From:", "Call-ID:"].map(|name| line(&invite, name)).join("\r\n");
    let (to, via) = (line(&answer, "To:"), line(&invite, "Via:"));
    for (method, n) in [("ACK", 1), ("BYE", 2)] {
        let request = format!(
            "{method} {uri} SIP/2.0\r\n{via}{method}\r\n{copied}\r\n{to}\r\nMax-Forwards: 70\r\nCSeq: {n} {method}\r\n\
             Content-Length: 0\r\n\r\n"
        );
        caller.send(program, &request);
    }
    while !caller.gets("SIP/2.0 200").contains("BYE") {}
}

/// The day of the first call, as reports take it.
pub fn since(program: &Program) -> String {
    let calls = program.get("/calls?limit=500").1;
    calls["items"].as_array().unwrap().last().unwrap()["began"].as_str().unwrap()[..10].to_string()
}

/// Figures of the queues but of that which is called all the time.
fn totals(program: &Program, since: &str) -> Vec<Value> {
    let rows = program.get(&format!("/reports/queues?from={since}&fcr_days=1")).1["rows"].clone();
    let rows = rows.as_array().unwrap().clone().into_iter().filter(|row| row["queue"] != "busy");
    let rows: Vec<Value> = rows.collect();
    assert!(!rows.is_empty(), "there are figures");
    rows
}

/// One caller of so many calls is erased while others call.
fn erase_one_of(calls: usize) {
    const AT_ONCE: usize = 8;
    const PEOPLE: usize = 500;
    let mut desk = Desk::new();
    let numbers = "---\nkind: Number\nid: many\nnumber: \"900\"\nflow: many\n---\n\
                   kind: Number\nid: busy\nnumber: \"901\"\nflow: busy\n---\n\
                   kind: Flow\nid: many\nsteps:\n  - queue: many\n---\n\
                   kind: Flow\nid: busy\nsteps:\n  - queue: busy\n---\n\
                   kind: User\nid: away\nroles: [agent]\n---\n\
                   kind: Queue\nid: many\nmax_wait: 20s\nagents: [away]\n---\n\
                   kind: Queue\nid: busy\nmax_wait: 20s\nagents: [away]\n";
    let program = Program::start_as_owner(&[("tenant.yaml", &(tenant(&desk, 1) + numbers))]);
    let sip = program.sip;
    let anna = (ANNA, "Anna Zeisig");
    for (number, name) in [anna, ("+15550177702", "Bert Stieglitz"), anna] {
        let talked = talk(&mut desk, &program, number, name);
        end(&mut desk, &program, talked);
    }
    let since = since(&program);
    std::thread::scope(|scope| {
        for part in 0..AT_ONCE {
            scope.spawn(move || {
                let mut caller = Neighbour::at("127.0.0.1");
                for n in (part..calls).step_by(AT_ONCE) {
                    let said = match n % PEOPLE {
                        7 => from(ANNA, "Anna Zeisig", n),
                        who => from(&format!("+1555020{who:04}"), &format!("Caller {who}"), n),
                    };
                    quick(&mut caller, sip, "900", &said);
                }
            });
        }
    });
    // One of the calls of each person in turn is hers, and two she talked in.
    let hers = (0..calls).filter(|n| n % PEOPLE == 7).count() + 2;

    let counted = |report: &Value| {
        let row = report["rows"].as_array()?.iter().find(|row| row["queue"] == "many")?;
        (row["abandoned"] == calls).then_some(())
    };
    program.wait_for(&format!("/reports/queues?from={since}"), counted);
    let found = find(&program, &json!({"name": "zeisig"}));
    assert_eq!((found.len(), &found[0]["calls"]), (1, &json!(hers)), "{found:?}");
    let path = format!("/people/{}", found[0]["id"].as_str().unwrap());
    let kept = program.get(&path).1;
    let before = totals(&program, &since);
    let talked = before.iter().find(|row| row["queue"] == "service").unwrap();
    assert_eq!(
        (&talked["resolved"], &talked["repeated"]),
        (&json!(3), &json!(1)),
        "she called again: {talked:#}"
    );

    let (stop, under_way) = (AtomicBool::new(false), AtomicUsize::new(0));
    let answer = std::thread::scope(|scope| {
        for part in 0..AT_ONCE {
            let (stop, under_way) = (&stop, &under_way);
            scope.spawn(move || {
                let mut caller = Neighbour::at("127.0.0.1");
                while !stop.load(Ordering::Relaxed) {
                    let n = under_way.fetch_add(1, Ordering::Relaxed);
                    quick(&mut caller, sip, "901", &from(&format!("+155503{part:05}"), "Somebody Else", n));
                }
            });
        }
        while under_way.load(Ordering::Relaxed) < AT_ONCE * 2 {
            look_again();
        }
        let answer = ask(&program, "DELETE", &format!("{path}?reason=requested"), &json!(null));
        stop.store(true, Ordering::Relaxed);
        answer
    });
    let (status, erased) = answer;
    assert_eq!(
        (status, &erased["calls"], &erased["recordings"]),
        (200, &json!(hers), &json!(2)),
        "{erased:#}"
    );
    let took = &erased["took_ms"];
    let meanwhile = under_way.into_inner();
    // Shown with --nocapture: how long it took.
    let said = format!("one of {calls} calls' callers erased in {took} ms, {meanwhile} calls meanwhile\n");
    std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()).unwrap();

    assert_eq!(totals(&program, &since), before, "totals do not change");
    for by in [json!({"name": "zeisig"}), json!({"number": ANNA})] {
        assert_eq!(find(&program, &by), [] as [Value; 0], "{by}");
    }
    assert_eq!(program.get(&path).0, 404);
    assert_eq!(program.get("/calls?caller=%2B15550177701").1["items"], json!([]));
    let kept = kept["calls"].as_array().unwrap();
    assert_eq!(kept.len(), hers);
    for call in kept {
        let id = call["call"].as_str().unwrap();
        let (status, shown) = program.get(&format!("/calls/{id}"));
        assert_eq!(status, 200, "each is still counted: {id}");
        says_nothing(&shown);
        for recording in call["recordings"].as_array().unwrap() {
            let gone = program.bytes(&format!("/recordings/{}", recording.as_str().unwrap()), None).0;
            assert_eq!(gone, 404, "{recording}");
        }
    }
    assert_eq!(find(&program, &json!({"name": "stieglitz"})).len(), 1, "others are not touched");
    let dir = program.dir.clone();
    let log = program.stop();
    assert!(!log.contains("Zeisig") && !log.contains("5550177701"));
    let data = dir.path().join("data");
    let mut folders = vec![data];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = std::fs::read(entry.path()).unwrap();
            for word in ["5550177701", "Zeisig", "zeisig"] {
                let there = bytes.windows(word.len()).any(|w| w == word.as_bytes());
                assert!(!there, "{word} stands in {}", entry.path().display());
            }
        }
    }
    let config = dir.path().join("switchroom.toml").display().to_string();
    let (code, said, wrong) = run(&["audit", "verify", "--config", &config, "--tenant", "test"]);
    assert_eq!(code, 0, "{said}{wrong}");
}

#[test]
fn one_caller_is_erased_while_others_call_and_nothing_else_changes() {
    erase_one_of(520);
}

#[test]
#[ignore = "a measurement: it prints how long an erasure takes among 10,000 calls"]
fn one_caller_out_of_ten_thousand_calls() {
    erase_one_of(10_000);
}

/// The files of a zip archive without compression, by its list, each with the right check sum.
fn unpacked(zip: &[u8]) -> std::collections::BTreeMap<String, Vec<u8>> {
    let n16 = |at: usize| usize::from(u16::from_le_bytes(zip[at..at + 2].try_into().unwrap()));
    let n32 = |at: usize| u32::from_le_bytes(zip[at..at + 4].try_into().unwrap());
    let end = zip.len() - 22;
    assert_eq!(&zip[end..end + 4], b"PK\x05\x06");
    let mut at = n32(end + 16) as usize;
    let mut files = std::collections::BTreeMap::new();
    for _ in 0..n16(end + 10) {
        assert_eq!(&zip[at..at + 4], b"PK\x01\x02");
        let name = String::from_utf8(zip[at + 46..at + 46 + n16(at + 28)].to_vec()).unwrap();
        let (sum, len, head) = (n32(at + 16), n32(at + 24) as usize, n32(at + 42) as usize);
        let from = head + 30 + n16(head + 26);
        let body = zip[from..from + len].to_vec();
        let made = !body.iter().fold(!0u32, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |s, _| (s >> 1) ^ (0xEDB8_8320 * (s & 1)))
        });
        assert_eq!(made, sum, "{name}");
        at += 46 + name.len();
        files.insert(name, body);
    }
    files
}

#[test]
fn an_archive_of_a_person_has_every_call_that_names_them_and_audio_though_restricted() {
    let mut desk = Desk::new();
    // The trunk is believed whom a call was for.
    let text = tenant(&desk, 1).replacen(
        "networks: [127.0.0.0/8]",
        "networks: [127.0.0.0/8]\ntrust_identity: true",
        1,
    );
    let mut program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    let talked = talk(&mut desk, &program, ANNA, "Anna <Zeisig>");
    let own = talked.2.clone();
    end(&mut desk, &program, talked);
    assert_eq!(program.put(&format!("/calls/{own}/notes"), &json!({"notes": "likes <green>"})).0, 204);
    // A colleague's call, which was for her at first.
    let mut other = Neighbour::at("127.0.0.1");
    let diverted = format!("Diversion: <sip:{ANNA}@x>;reason=no-answer\r\n");
    quick(&mut other, program.sip, "100", &(from(COLLEAGUE, "", 1) + &diverted));
    program.wait_for("/calls", |list| {
        let all = list["items"].as_array()?;
        (all.len() == 2 && all.iter().all(|call| call["state"] == "ended")).then_some(())
    });
    let anna = &find(&program, &json!({"number": ANNA}))[0];
    let path = format!("/people/{}", anna["id"].as_str().unwrap());
    assert_eq!(ask(&program, "PATCH", &path, &json!({"restricted": true})).0, 200);

    let (status, zip) = program.bytes(&format!("{path}/archive"), None);
    assert_eq!(status, 200);
    let files = unpacked(&zip);
    let made: Value = serde_json::from_slice(&files["person.json"]).unwrap();
    let calls = made["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2, "{made:#}");
    assert_eq!((&calls[0]["own"], &calls[0]["notes"]), (&json!(false), &Value::Null), "{made:#}");
    assert_eq!((&calls[1]["own"], &calls[1]["notes"]), (&json!(true), &json!("likes <green>")), "{made:#}");
    let recording = calls[1]["recordings"][0].as_str().unwrap();
    let name = format!("audio/{recording}.wav");
    let wav = &files[&name];
    assert!(wav.starts_with(b"RIFF") && wav.len() > 8_000, "{} bytes", wav.len());
    assert_eq!(program.bytes(&format!("/recordings/{recording}"), None).0, 404, "hidden everywhere else");
    let page = String::from_utf8(files["person.html"].clone()).unwrap();
    for part in ["Anna &lt;Zeisig&gt;", "likes &lt;green&gt;", &name, ANNA] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(files.len(), 3, "{:?}", files.keys());

    let listened = program.get("/audit?action=recording.listen").1;
    let objects = listened["items"].as_array().unwrap().iter().map(|e| e["object"].as_str().unwrap());
    assert_eq!(objects.collect::<Vec<_>>(), [format!("Recording/{recording}")], "{listened:#}");

    // Whoever may listen to nobody hears nobody here.
    let dir = program.dir.clone();
    program.stop();
    let auditor = Program::token(dir.path(), "test", "auditor");
    program = Program::start_again(dir.clone());
    program.set_token(auditor);
    let silent = unpacked(&program.bytes(&format!("{path}/archive"), None).1);
    assert_eq!(silent.keys().collect::<Vec<_>>(), ["person.html", "person.json"]);
    let made: Value = serde_json::from_slice(&silent["person.json"]).unwrap();
    assert_eq!(made["left_out"], json!([recording]), "{made:#}");
    program.stop();

    // An erasure that was interrupted behind the key is ended by the next start, before anybody calls.
    let keys = rusqlite::Connection::open(dir.path().join("data/switchroom.keys.db")).unwrap();
    let id: i64 = path["/people/p".len()..].parse().unwrap();
    assert_eq!(keys.execute("DELETE FROM keys WHERE kind = 'person' AND id = ?1", [id]).unwrap(), 1);
    drop(keys);
    let token = Program::token(dir.path(), "test", "owner");
    program = Program::start_again(dir);
    program.set_token(token);
    assert_eq!(program.get(&path).0, 404);
    let log = program.get("/audit?action=person.erase&limit=100").1;
    assert!(log["items"].as_array().unwrap().iter().any(|e| e["who"] == "server"), "{log:#}");
    program.stop();
}
