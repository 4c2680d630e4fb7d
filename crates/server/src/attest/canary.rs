//! A made-up person whose number and name are told to the running server in every way that it has ears, and then looked
//! for wherever it writes: the files of its data folders, its log, its metrics. The person calls as callers do, over a trunk of
//! the tenant, to a number that nobody has, and is asked for as an owner would. Whatever comes of it, the person is erased at
//! the end; of one whose server died meanwhile, at the next start.

use crate::adapt::{Canary as Heard, CanaryWay};
use crate::attest::check::{Found, Ground, Subject};
use crate::attest::inside::tls_client;
use crate::attest::listeners::ask;
use crate::attest::search::find;
use crate::log_tap::Listening;
use crate::running::Handle;
use redact::Secret;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use store::{EraseReason, Store, StoreError, TenantId};
use teams::permissions::Feature;

/// The longest answer over HTTP that is read, in bytes.
pub const ANSWER: u64 = 4 * 1024 * 1024;
/// How long an answer may take.
const TIME_OUT: Duration = Duration::from_secs(5);
/// Between two looks whether the journal is written.
const PAUSE: Duration = Duration::from_millis(5);
/// The most files that are looked into.
const MOST_FILES: usize = 200_000;
/// Bytes of a file that are looked into at once.
const PIECE: usize = 1 << 20;

/// Entries of the audit log about people who are made up for checks.
const ACTIONS: [&str; 2] = ["attest.canary", "attest.rights"];
/// Who stands in them.
const WHO: &str = "attestation";

/// Who is made up.
struct Canary {
    /// Digits as they are dialled, without a `+`.
    number: String,
    name: String,
}

/// Erases people whom a check made up and left, because the server died meanwhile. To be called at the start, while no check
/// is under way.
pub fn forget_made_up(store: &Store) {
    let now = crate::clock::wall_ms();
    let left = store.made_up(&ACTIONS).and_then(|left| {
        for (tenant, person) in &left {
            store.erase_person(*tenant, *person, now, WHO, EraseReason::NoLongerNeeded)?;
        }
        Ok(left.len())
    });
    match left {
        Ok(0) => {}
        Ok(people) => {
            tracing::info!(event = "made_up_erased", people, "what an interrupted check left is erased")
        }
        Err(e) => {
            tracing::error!(event = "made_up_erased", cause = %e, "what an interrupted check left is still there")
        }
    }
}

/// Somebody who is made up and kept, until they are erased.
struct Planted<'a> {
    ground: &'a Ground,
    tenant: TenantId,
}

impl Planted<'_> {
    /// Erases the person from store and switch, as an owner would, and whoever an earlier check had to leave; once their call
    /// is in the journal. Written after an erasure, it would bring somebody back whom nothing tells from a caller.
    fn erase(self) -> Result<(), String> {
        let Planted { ground, tenant } = self;
        let (handle, said) = (&ground.handle, |e: StoreError| e.to_string());
        if !is_written(handle, tenant) {
            return Err("the journal cannot be written: the next check or the next start erases them".into());
        }
        let now = crate::clock::wall_ms();
        for (tenant, person) in handle.store.made_up(&ACTIONS).map_err(said)? {
            let known = handle.store.alias_of(tenant, person).map_err(said)?;
            let reason = EraseReason::NoLongerNeeded;
            let erased = handle.store.erase_person(tenant, person, now, WHO, reason).map_err(said)?;
            handle.ask_and_wait(move |switch, now| {
                switch.forget_parties(tenant, &erased.parties);
                if let Some(known) = known {
                    switch.forget_person(now, tenant, known);
                }
            });
        }
        crate::retention_io::replace_copies(&handle.store);
        Ok(())
    }
}

/// Waits until everything that a tenant did so far is in the journal. Whether it is.
fn is_written(handle: &Handle, tenant: TenantId) -> bool {
    let until = Instant::now() + TIME_OUT;
    let Some(all) = handle.ask_and_wait(move |switch, _| switch.batch_with_all(tenant)) else { return false };
    loop {
        match handle.ask_and_wait(|switch, _| switch.committed()) {
            None => return false,
            Some(committed) if committed >= all => return true,
            Some(_) if Instant::now() >= until => return false,
            Some(_) => std::thread::park_timeout(PAUSE),
        }
    }
}

/// A way in which the made-up person was told, and what came of it: what the server answered, or why it was not taken in.
type Way = (&'static str, Result<String, String>);

/// What came of it.
struct Told {
    ways: Vec<Way>,
    /// How many places were searched.
    places: usize,
    /// Where the made-up person can be read.
    found: Vec<String>,
    /// Not all of the log could be heard.
    log_is_cut: bool,
}

/// Plants and looks. A way in which the person was not taken in shows nothing, and then nothing is said.
pub fn check(ground: &Ground, subject: &Subject) -> Found {
    let against = "the files of the data folders, the log and the metrics of this server";
    match plant_and_look(ground, subject) {
        Ok(told) => judged(against, told, subject.features.has(Feature::DirectorySync)),
        Err(why) => Found::not_done(against, why),
    }
}

fn judged(against: &str, told: Told, has_directory: bool) -> Found {
    let Told { ways, places, found, log_is_cut } = told;
    let mut lines: Vec<String> = ways
        .iter()
        .map(|(way, taken)| match taken {
            Ok(answer) => format!("a made-up person was told to {way}: {answer}"),
            Err(why) => format!("a made-up person was NOT taken in by {way}: {why}"),
        })
        .collect();
    if has_directory {
        lines.push(
            "the directory is told of people by Microsoft alone: no made-up person was put there".into(),
        );
    }
    lines.push(format!("{places} places were searched"));
    if log_is_cut {
        lines.push("more was logged meanwhile than could be looked through".into());
    }
    lines.extend(found.iter().map(|place| format!("the made-up person can be read in {place}")));
    if found.is_empty() {
        lines.push("neither the number nor the name can be read in any of them".into());
    }
    let is_whole = !log_is_cut && ways.iter().all(|(_, taken)| taken.is_ok());
    let good = match (found.is_empty(), is_whole) {
        (false, _) => Some(false),
        (true, true) => Some(true),
        (true, false) => None,
    };
    Found { good, against: against.into(), lines, data: json!({"found": found}) }
}

fn plant_and_look(ground: &Ground, subject: &Subject) -> Result<Told, String> {
    let mut chance = [0; 8];
    getrandom::fill(&mut chance).map_err(|e| e.to_string())?;
    let digits = u64::from_ne_bytes(chance) % 10_000_000_000;
    // Numbers behind +999 belong to nobody (ITU-T E.164, spare codes).
    let canary = Canary { number: format!("999{digits:010}"), name: format!("Canary{digits:010}") };
    let began = SystemTime::now() - Duration::from_secs(2);
    let ear = Listening::begin();
    let (tenant, dialled) = (subject.tenant, format!("+{}", canary.number));
    let (listener, wire) = (ground.udp.or(ground.sips).map(here), dialled.clone());
    let way = listener.and_then(|to| {
        ground.handle.ask_and_wait(move |switch, _| switch.canary_way(tenant, to.ip(), &wire)).flatten()
    });
    // Only a profile that keeps people is given one to keep.
    let planted = match subject.features.has(Feature::Queues) {
        true => {
            // As the trunk's rules write the number: whoever calls then is this person.
            let number = way.as_ref().map_or_else(|| Secret::new(dialled), |way| way.caller.clone());
            let entry = (WHO, ACTIONS[0], "Person/made-up");
            let (now, name) = (crate::clock::wall_ms(), Secret::new(canary.name.clone()));
            let added = ground.handle.store.add_made_up(tenant, &number, now, entry, &name);
            added.map_err(|e| e.to_string())?;
            Some(Planted { ground, tenant })
        }
        false => None,
    };
    let mut ways: Vec<Way> = Vec::new();
    if planted.is_some() {
        ways.push(("the store", Ok("kept, sealed".into())));
    }
    let told = tell_and_look(ground, subject, (&canary, way.as_ref()), ways, (began, &ear));
    // Whatever went wrong, the person is erased first, and then it is said.
    let erased = planted.map_or(Ok(()), Planted::erase);
    let told = told?;
    erased.map_err(|e| format!("the made-up person is not erased: {e}"))?;
    Ok(told)
}

fn tell_and_look(
    ground: &Ground,
    subject: &Subject,
    (canary, way): (&Canary, Option<&CanaryWay>),
    mut ways: Vec<Way>,
    (began, ear): (SystemTime, &Listening),
) -> Result<Told, String> {
    if ground.udp.is_some() || ground.sips.is_some() {
        let name = if way.is_some() { "a call over a trunk" } else { "a stranger's call" };
        ways.push((name, tell_sip(ground, subject.tenant, canary, way)));
    }
    ways.extend(tell_http(ground, canary));
    ways.extend(tell_as_owner(ground, subject, canary)?);
    // Whatever was told to the switch is worked on before this is.
    let _ = ground.handle.ask_and_wait(|switch, _| switch.forget_canary());
    let mut found = Vec::new();
    let mut places = 0;
    let mut look = |place: &str, bytes: &[u8]| {
        places += 1;
        if holds(bytes, canary) {
            found.push(place.to_string());
        }
    };
    let metrics = http(ground.admin, "GET /metrics HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
    let metrics = metrics.map_err(|e| format!("the metrics cannot be read: {e}"))?;
    if !metrics.starts_with(b"HTTP/1.1 200") {
        return Err("the metrics cannot be read".into());
    }
    look("the metrics", &metrics);
    look("the log", &ear.heard());
    let log_is_cut = ear.is_full();
    let mut files = Vec::new();
    for folder in folders(ground) {
        walk(&folder, &mut files);
    }
    files.sort();
    files.dedup();
    let (count, readable) = search(&files, began, canary)?;
    found.extend(readable);
    Ok(Told { ways, places: places + count, found, log_is_cut })
}

fn holds(bytes: &[u8], canary: &Canary) -> bool {
    [&canary.number, &canary.name].iter().any(|word| find(bytes, word.as_bytes(), 0).is_some())
}

/// The most messages of one call that are heard: the call, its end, what acknowledges answers, and repetitions.
const MESSAGES: u32 = 8;

/// A call from the made-up person: what was answered, or why it was not taken in.
fn tell_sip(
    ground: &Ground,
    tenant: TenantId,
    canary: &Canary,
    way: Option<&CanaryWay>,
) -> Result<String, String> {
    let comes_over = way.map(|way| (tenant, way.trunk));
    // What passes on to another trunk would ring somewhere: a call for nobody passes nowhere.
    let is_for_nobody = way.is_some_and(|way| way.passes_on);
    let call = |transport, to: SocketAddr| {
        let user = if is_for_nobody { String::new() } else { format!("{}@", canary.number) };
        Call { transport, to, uri: format!("sip:{user}{to}"), canary }
    };
    match (ground.udp, ground.sips) {
        (Some(to), _) => tell_udp(ground, comes_over, &call("UDP", here(to))),
        (None, Some(to)) => tell_tls(ground, comes_over, &call("TLS", here(to))),
        (None, None) => Err("there is no listener".into()),
    }
}

/// Where this machine reaches its own listener.
fn here(to: SocketAddr) -> SocketAddr {
    match (to.ip().is_unspecified(), to.is_ipv4()) {
        (true, true) => SocketAddr::from(([127, 0, 0, 1], to.port())),
        (true, false) => SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, to.port())),
        _ => to,
    }
}

/// A call of the made-up person.
struct Call<'a> {
    transport: &'static str,
    to: SocketAddr,
    /// Whom it is for.
    uri: String,
    canary: &'a Canary,
}

impl Call<'_> {
    /// A request of this call, by its numbers in the call and among its transactions. `to_line` is that of the answer that it
    /// follows.
    fn request(&self, method: &str, (n, branch): (u32, u32), from: SocketAddr, to_line: &str) -> String {
        let Call { transport, uri, canary: Canary { number, name }, .. } = self;
        let to_line = match to_line {
            "" => format!("To: <{uri}>"),
            line => line.to_string(),
        };
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{transport} {from};branch=z9hG4bK{number}{branch}\r\n\
             Max-Forwards: 70\r\nFrom: \"{name}\" <sip:+{number}@{from}>;tag={number}\r\n{to_line}\r\n\
             Call-ID: {number}@canary\r\nCSeq: {n} {method}\r\nContact: <sip:{number}@{from}>\r\n\
             P-Asserted-Identity: \"{name}\" <sip:+{number}@{from}>\r\nContent-Length: 0\r\n\r\n"
        )
    }

    /// What follows the last answer to the call: it is acknowledged, so that nothing is repeated, and ended if it was taken.
    fn after(&self, from: SocketAddr, last: &LastWord) -> Vec<String> {
        match last.status.starts_with('2') {
            true => vec![
                self.request("ACK", (1, 2), from, &last.to_line),
                self.request("BYE", (2, 3), from, &last.to_line),
            ],
            false => vec![self.request("ACK", (1, 1), from, &last.to_line)],
        }
    }
}

/// The last answer to a call.
#[derive(Debug, PartialEq, Eq)]
struct LastWord {
    status: String,
    to_line: String,
}

impl LastWord {
    /// What an answer says, if it is the last one.
    fn of(text: &str) -> Option<LastWord> {
        let status = text.strip_prefix("SIP/2.0 ")?.split_whitespace().next()?;
        if status.starts_with('1') {
            return None;
        }
        let to_line = text.lines().find(|l| l.starts_with("To:")).unwrap_or_default();
        Some(LastWord { status: status.into(), to_line: to_line.into() })
    }

    fn said(&self) -> String {
        format!("SIP answered {}", self.status)
    }
}

fn expect(ground: &Ground, from: SocketAddr, comes_over: Option<(TenantId, engine::TrunkId)>) {
    let heard = Heard { from, left: MESSAGES, comes_over };
    ground.handle.ask_and_wait(move |switch, _| switch.expect_canary(heard));
}

fn tell_udp(
    ground: &Ground,
    comes_over: Option<(TenantId, engine::TrunkId)>,
    call: &Call<'_>,
) -> Result<String, String> {
    let wrong = |e: std::io::Error| e.to_string();
    let socket = UdpSocket::bind((call.to.ip(), 0)).map_err(wrong)?;
    let from = socket.local_addr().map_err(wrong)?;
    expect(ground, from, comes_over);
    let send = |text: &str| socket.send_to(text.as_bytes(), call.to).map_err(wrong);
    send(&call.request("INVITE", (1, 1), from, ""))?;
    socket.set_read_timeout(Some(TIME_OUT)).map_err(wrong)?;
    let mut answer = [0; 2_048];
    loop {
        let Ok((n, _)) = socket.recv_from(&mut answer) else {
            // Whoever is rung by then is rung no more.
            send(&call.request("CANCEL", (1, 1), from, ""))?;
            return Err("no answer came".into());
        };
        let text = String::from_utf8_lossy(answer.get(..n).unwrap_or_default()).into_owned();
        if let Some(last) = LastWord::of(&text) {
            for request in call.after(from, &last) {
                send(&request)?;
            }
            return Ok(last.said());
        }
    }
}

fn tell_tls(
    ground: &Ground,
    comes_over: Option<(TenantId, engine::TrunkId)>,
    call: &Call<'_>,
) -> Result<String, String> {
    let wrong = |e: std::io::Error| e.to_string();
    let ip = call.to.ip();
    ground.handle.ask_and_wait(move |switch, _| switch.expect_scan(ip, 1));
    let mut stream = tls_client(call.to)?;
    let from = stream.sock.local_addr().map_err(wrong)?;
    expect(ground, from, comes_over);
    stream.write_all(call.request("INVITE", (1, 1), from, "").as_bytes()).map_err(wrong)?;
    let (mut text, mut bytes) = (String::new(), [0; 2_048]);
    loop {
        let n = match stream.read(&mut bytes) {
            Ok(n) => n,
            Err(e) => {
                stream.write_all(call.request("CANCEL", (1, 1), from, "").as_bytes()).map_err(wrong)?;
                return Err(wrong(e));
            }
        };
        if n == 0 || text.len() > 65_536 {
            return Err("the connection was closed without an answer".into());
        }
        text += &String::from_utf8_lossy(bytes.get(..n).unwrap_or_default());
        // A provisional answer may come before, in the same bytes.
        let Some(last) = text.split("\r\n\r\n").find_map(LastWord::of) else { continue };
        for request in call.after(from, &last) {
            stream.write_all(request.as_bytes()).map_err(wrong)?;
        }
        return Ok(last.said());
    }
}

/// Requests with a token that counts, in which an owner asks for the made-up person, wherever the features that are on have
/// such a way.
fn tell_as_owner(ground: &Ground, subject: &Subject, canary: &Canary) -> Result<Vec<Way>, String> {
    let pass = ground.handle.passes.give(subject.tenant).map_err(|e| e.to_string())?;
    let (number, name) = (&canary.number, &canary.name);
    let head = |line: String| {
        let token = pass.token.expose_secret();
        format!("{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n")
    };
    let get = |path: String| format!("{}\r\n", head(format!("GET /api/v1{path}")));
    let mut requests = vec![("an owner's list of calls", get(format!("/calls?caller=%2B{number}")))];
    if subject.features.has(Feature::Queues) {
        let body = json!({"number": format!("+{number}")}).to_string();
        let lines = format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        requests.push(("an owner's search", head("POST /api/v1/people/find".into()) + &lines));
    }
    if subject.features.has(Feature::DirectorySync) {
        requests.push(("the directory", get(format!("/directory/users?q={name}"))));
    }
    // Whoever asks from a network that is not allowed is refused, this machine too.
    let may_be_refused = subject.features.has(Feature::AddressAllowList);
    let judged = |answer: Result<String, String>| match answered(answer) {
        Ok(said) if said.ends_with(" 200") || (may_be_refused && said.ends_with(" 403")) => Ok(said),
        Ok(said) => Err(said),
        Err(why) => Err(why),
    };
    Ok(requests.into_iter().map(|(way, request)| (way, judged(ask(ground, &request)))).collect())
}

/// Requests that carry the made-up person in address, headers and body, to everything that takes some: the API, the web
/// app, the sign-in, dialling, the bot, and Graph's notifications.
fn tell_http(ground: &Ground, canary: &Canary) -> Vec<Way> {
    let (number, name) = (&canary.number, &canary.name);
    let post = |path: &str, body: String| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {name}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    };
    let requests = [
        (
            "the API",
            format!("GET /api/v1/calls?caller={number} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"),
        ),
        (
            "the web app",
            format!("GET /{name}/{number} HTTP/1.1\r\nHost: x\r\nUser-Agent: {name}\r\nConnection: close\r\n\r\n"),
        ),
        (
            "the sign-in",
            post(
                "/api/v1/session",
                json!({"user": name, "password": number, "tenant": name}).to_string(),
            ),
        ),
        ("dialling", post("/api/v1/dial", json!({"number": format!("+{number}"), "name": name}).to_string())),
        (
            "the bot",
            post(
                "/api/messages",
                json!({"type": "message", "id": number, "serviceUrl": "https://x.invalid/", "text": name,
                    "conversation": {"id": number}, "from": {"id": number, "name": name}})
                .to_string(),
            ),
        ),
        (
            "Graph's notifications",
            post(
                "/graph/notify",
                json!({"value": [{"subscriptionId": number, "clientState": name, "changeType": "updated",
                    "resource": format!("users/{number}"), "resourceData": {"id": number, "displayName": name}}]})
                .to_string(),
            ),
        ),
    ];
    requests.into_iter().map(|(way, request)| (way, answered(ask(ground, &request)))).collect()
}

/// The status of an answer over HTTP.
fn answered(answer: Result<String, String>) -> Result<String, String> {
    let answer = answer?;
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.split_whitespace().next());
    status.map(|status| format!("it answered {status}")).ok_or_else(|| "no answer came".to_string())
}

/// A request as it stands, and all of what comes back.
pub fn http(to: SocketAddr, request: &str) -> Result<Vec<u8>, String> {
    let mut stream = TcpStream::connect_timeout(&to, TIME_OUT).map_err(|e| e.to_string())?;
    stream.set_read_timeout(Some(TIME_OUT)).map_err(|e| e.to_string())?;
    stream.write_all(request.as_bytes()).map_err(|e| e.to_string())?;
    let mut answer = Vec::new();
    stream.take(ANSWER).read_to_end(&mut answer).map_err(|e| e.to_string())?;
    Ok(answer)
}

/// The folders that the server writes into.
fn folders(ground: &Ground) -> Vec<PathBuf> {
    let config = &ground.config;
    let parent = |path: &str| Path::new(path).parent().map(Path::to_path_buf);
    let database = config.store.url.strip_prefix("sqlite:").and_then(parent);
    let keys = config.keys.url.strip_prefix("file:").and_then(parent);
    let blobs = config.blobs.url.strip_prefix("file:").map(PathBuf::from);
    [database, keys, blobs].into_iter().flatten().filter(|p| !p.as_os_str().is_empty()).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&path, files),
            // An index of the database's log: no value stands in it, and closing it would take the database its locks.
            Ok(_) if path.to_string_lossy().ends_with("-shm") => {}
            Ok(kind) if kind.is_file() && files.len() < MOST_FILES => files.push(path),
            _ => {}
        }
    }
}

/// Looks into the files that were written since; how many, and in which the made-up person can be read.
fn search(files: &[PathBuf], since: SystemTime, canary: &Canary) -> Result<(usize, Vec<String>), String> {
    let (mut count, mut found) = (0, Vec::new());
    for path in files {
        // A file that is gone meanwhile holds nothing.
        let Ok(about) = std::fs::metadata(path) else { continue };
        if about.modified().is_ok_and(|at| at < since) {
            continue;
        }
        let Ok(mut file) = std::fs::File::open(path) else { continue };
        count += 1;
        let mut bytes = vec![0; PIECE];
        let mut kept = 0;
        loop {
            let n = file.read(&mut bytes[kept..]).map_err(|e| format!("{}: {e}", path.display()))?;
            if n == 0 {
                break;
            }
            let end = kept + n;
            if holds(&bytes[..end], canary) {
                found.push(format!("the file {}", path.display()));
                break;
            }
            // What stands across the border of two pieces is seen with the next one.
            kept = end.min(canary.name.len());
            bytes.copy_within(end - kept..end, 0);
        }
    }
    Ok((count, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_taken_in_or_not_heard_shows_nothing() {
        let told = |ways: Vec<Way>, found: &[&str], log_is_cut| Told {
            ways,
            places: 3,
            found: found.iter().map(|f| f.to_string()).collect(),
            log_is_cut,
        };
        let taken = || ("SIP", Ok("SIP answered 403".to_string()));
        let dropped = || ("SIP", Err("no answer came".to_string()));
        assert_eq!(judged("", told(vec![taken()], &[], false), false).good, Some(true));
        let silent = judged("", told(vec![taken(), dropped()], &[], false), false);
        assert_eq!(silent.good, None);
        assert!(silent.lines.iter().any(|l| l.contains("NOT taken in by SIP")), "{:?}", silent.lines);
        assert_eq!(judged("", told(vec![taken()], &[], true), false).good, None);
        assert_eq!(judged("", told(vec![dropped()], &["the log"], true), false).good, Some(false));
        assert!(answered(Ok(String::new())).is_err() && answered(Err("x".into())).is_err());
        assert_eq!(answered(Ok("HTTP/1.1 401 x".into())).unwrap(), "it answered 401");
        assert_eq!(LastWord::of("SIP/2.0 100 Trying\r\n"), None);
        assert_eq!(LastWord::of("SIP/2.0 403 No\r\nTo: <a>;tag=1\r\n").unwrap().to_line, "To: <a>;tag=1");
    }

    #[test]
    fn what_can_be_read_is_found_wherever_it_stands() {
        let canary = Canary { number: "9990000000001".into(), name: "Canary0000000001".into() };
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        std::fs::create_dir(dir.path().join("a")).unwrap();
        for at in [0, 10, PIECE - 5, PIECE, PIECE + 7, 2 * PIECE - 1] {
            let mut bytes = vec![b'x'; at];
            bytes.extend(b"tel:+9990000000001;");
            std::fs::write(&path, &bytes).unwrap();
            let mut files = Vec::new();
            walk(dir.path(), &mut files);
            let (count, found) = search(&files, SystemTime::UNIX_EPOCH, &canary).unwrap();
            assert_eq!((count, found.len()), (1, 1), "{at}");
        }
        std::fs::write(&path, b"999000000000 1").unwrap();
        assert_eq!(search(&[path], SystemTime::UNIX_EPOCH, &canary).unwrap(), (1, vec![]));
    }

    #[test]
    fn a_number_in_a_line_of_the_log_is_a_bad_answer() {
        let canary = Canary { number: "9990000000002".into(), name: "Canary0000000002".into() };
        let hear = |line: &str| {
            let ear = Listening::begin();
            crate::log_tap::Tee(std::io::sink()).write_all(line.as_bytes()).unwrap();
            let found = if holds(&ear.heard(), &canary) { vec!["the log".to_string()] } else { Vec::new() };
            judged("x", Told { ways: Vec::new(), places: 1, found, log_is_cut: false }, false)
        };
        assert_eq!(hear("a call of c17\n").good, Some(true));
        let bad = hear("a call from +9990000000002\n");
        assert!(
            bad.good == Some(false) && bad.lines.iter().any(|l| l.ends_with("read in the log")),
            "{:?}",
            bad.lines
        );
    }
}
