//! A made-up person whose number and name are told to the running server in every way that it has ears, and then looked
//! for wherever it writes: the files of its data folders, its log, its metrics. The person is erased at the end.

use crate::attest::check::{Found, Ground, Subject};
use crate::attest::search::find;
use crate::log_tap::Listening;
use redact::Secret;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The longest answer over HTTP that is read, in bytes.
pub const ANSWER: u64 = 4 * 1024 * 1024;
/// How long an answer may take.
const TIME_OUT: Duration = Duration::from_secs(5);
/// The most files that are looked into.
const MOST_FILES: usize = 200_000;
/// Bytes of a file that are looked into at once.
const PIECE: usize = 1 << 20;

/// Who is made up.
struct Canary {
    number: String,
    name: String,
}

/// Plants and looks.
pub fn check(ground: &Ground, subject: &Subject) -> Found {
    let against = "the files of the data folders, the log and the metrics of this server";
    match plant_and_look(ground, subject) {
        Ok((places, found)) => verdict(against, places, found),
        Err(why) => Found::not_done(against, why),
    }
}

/// What places were searched, and in which the made-up person can be read.
fn verdict(against: &str, places: usize, found: Vec<String>) -> Found {
    let mut lines = vec![format!(
        "a made-up person was told to the store, SIP, the API and the web; {places} places were searched"
    )];
    lines.extend(found.iter().map(|place| format!("the made-up person can be read in {place}")));
    if found.is_empty() {
        lines.push("neither the number nor the name can be read in any of them".into());
    }
    Found { good: Some(found.is_empty()), against: against.into(), lines, data: json!({"found": found}) }
}

fn plant_and_look(ground: &Ground, subject: &Subject) -> Result<(usize, Vec<String>), String> {
    let mut chance = [0; 8];
    getrandom::fill(&mut chance).map_err(|e| e.to_string())?;
    let digits = u64::from_ne_bytes(chance) % 10_000_000_000;
    // Numbers behind +999 belong to nobody (ITU-T E.164, spare codes).
    let canary = Canary { number: format!("999{digits:010}"), name: format!("Canary{digits:010}") };
    let began = SystemTime::now() - Duration::from_secs(2);
    let ear = Listening::begin();
    let store = &ground.handle.store;
    let said = |e: store::StoreError| e.to_string();
    let now = crate::clock::wall_ms();
    let number = Secret::new(format!("+{}", canary.number));
    let keeps = subject.features.has(teams::permissions::Feature::Queues);
    // Only a profile that keeps people is given one to keep.
    let person = match keeps {
        true => Some(store.add_person(subject.tenant, &number, now).map_err(said)?),
        false => None,
    };
    if let Some(person) = person {
        let about = ("attestation", "attest.canary", "Person/made-up");
        store
            .audit_about(subject.tenant, now, about, person, &Secret::new(canary.name.clone()))
            .map_err(said)?;
    }
    tell_sip(ground, &canary);
    tell_http(ground, &canary);
    // Whatever was told to the switch is worked on before this is.
    let _ = ground.handle.ask_and_wait(|_, _| ());
    let mut found = Vec::new();
    let mut places = 0;
    let mut look = |place: &str, bytes: &[u8]| {
        places += 1;
        if holds(bytes, &canary) {
            found.push(place.to_string());
        }
    };
    let metrics = http(ground.admin, "GET /metrics HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n")
        .unwrap_or_default();
    look("the metrics", &metrics);
    look("the log", &ear.heard());
    let mut files = Vec::new();
    for folder in folders(ground) {
        walk(&folder, &mut files);
    }
    files.sort();
    files.dedup();
    let searched = search(&files, began, &canary);
    if let Some(person) = person {
        store
            .erase_person(
                subject.tenant,
                person,
                crate::clock::wall_ms(),
                "attestation",
                store::EraseReason::NoLongerNeeded,
            )
            .map_err(said)?;
    }
    let (count, readable) = searched?;
    found.extend(readable);
    Ok((places + count, found))
}

fn holds(bytes: &[u8], canary: &Canary) -> bool {
    [&canary.number, &canary.name].iter().any(|word| find(bytes, word.as_bytes(), 0).is_some())
}

/// A call from the made-up person, by UDP; whatever becomes of it.
fn tell_sip(ground: &Ground, canary: &Canary) {
    let Some(to) = ground.udp else { return };
    let Ok(socket) = UdpSocket::bind((to.ip(), 0)) else { return };
    let Ok(from) = socket.local_addr() else { return };
    let (number, name) = (&canary.number, &canary.name);
    let message = format!(
        "INVITE sip:{number}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{number}\r\nMax-Forwards: 70\r\n\
         From: \"{name}\" <sip:+{number}@{from}>;tag={number}\r\nTo: <sip:{number}@{to}>\r\nCall-ID: {number}@canary\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:{number}@{from}>\r\nP-Asserted-Identity: \"{name}\" <sip:+{number}@{from}>\r\n\
         Content-Length: 0\r\n\r\n"
    );
    let _ = socket.send_to(message.as_bytes(), to);
    let _ = socket.set_read_timeout(Some(Duration::from_millis(300)));
    let mut answer = [0; 2_048];
    // An answer is acknowledged, so that nothing is repeated.
    while let Ok((n, _)) = socket.recv_from(&mut answer) {
        let text = String::from_utf8_lossy(&answer[..n]).into_owned();
        if text.starts_with("SIP/2.0 1") {
            continue;
        }
        let to_line = text.lines().find(|l| l.starts_with("To:")).unwrap_or_default();
        let ack = format!(
            "ACK sip:{number}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{number}\r\nMax-Forwards: 70\r\n\
             From: \"{name}\" <sip:+{number}@{from}>;tag={number}\r\n{to_line}\r\nCall-ID: {number}@canary\r\n\
             CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n"
        );
        let _ = socket.send_to(ack.as_bytes(), to);
        break;
    }
}

/// Requests that carry the made-up person in address, headers and body.
fn tell_http(ground: &Ground, canary: &Canary) {
    let (number, name) = (&canary.number, &canary.name);
    let body = format!("{{\"user\": \"{name}\", \"password\": \"{number}\", \"tenant\": \"{name}\"}}");
    for request in [
        format!("GET /api/v1/calls?caller={number} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"),
        format!(
            "GET /{name}/{number} HTTP/1.1\r\nHost: x\r\nUser-Agent: {name}\r\nConnection: close\r\n\r\n"
        ),
        format!(
            "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        ),
    ] {
        let _ = crate::attest::listeners::ask(ground, &request);
    }
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
            verdict("x", 1, found)
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
