//! Which other systems this program really talked to since its start: whoever makes a connection says so here, and a
//! check compares it with what the configuration declares.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Mutex;

/// The most names that are kept; a further one is counted as [`MORE`].
const MOST: usize = 1_000;
/// What stands for names beyond those that are kept.
pub const MORE: &str = "(more)";

static CONTACTED: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

/// A connection to this host is being made.
pub fn note(host: &str) {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let mut all = CONTACTED.lock().unwrap_or_else(|e| e.into_inner());
    let key = if all.len() < MOST || all.contains_key(&host) { host } else { MORE.to_string() };
    *all.entry(key).or_default() += 1;
}

/// All of them, and how often.
pub fn all() -> BTreeMap<String, u64> {
    CONTACTED.lock().unwrap_or_else(|e| e.into_inner()).clone()
}

/// Addresses that requests over SIP went to, and whether the configuration, or a telephone that is registered, was there
/// when that began.
static SIP: Mutex<BTreeMap<IpAddr, bool>> = Mutex::new(BTreeMap::new());

/// A first request over SIP goes to this address.
pub fn note_sip(ip: IpAddr, is_declared: bool) {
    let mut all = SIP.lock().unwrap_or_else(|e| e.into_inner());
    if all.len() < MOST || all.contains_key(&ip) {
        let known = all.entry(ip).or_insert(true);
        *known &= is_declared;
    }
}

/// All addresses that were asked over SIP.
pub fn sip() -> BTreeMap<IpAddr, bool> {
    SIP.lock().unwrap_or_else(|e| e.into_inner()).clone()
}

/// Servers of the DNS that were asked.
static DNS: Mutex<BTreeSet<IpAddr>> = Mutex::new(BTreeSet::new());

/// A server of the DNS is asked.
pub fn note_dns(ip: IpAddr) {
    let mut all = DNS.lock().unwrap_or_else(|e| e.into_inner());
    if all.len() < MOST {
        all.insert(ip);
    }
}

/// All servers of the DNS that were asked.
pub fn dns() -> BTreeSet<IpAddr> {
    DNS.lock().unwrap_or_else(|e| e.into_inner()).clone()
}

/// Permissions in the newest token of each app registration.
static GRANTED: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());

/// A token of this registration for this directory came, with these permissions.
pub fn note_token(registration: &str, directory: &str, granted: Vec<String>) {
    let mut all = GRANTED.lock().unwrap_or_else(|e| e.into_inner());
    let key = format!("{registration} {directory}");
    if all.len() < MOST || all.contains_key(&key) {
        all.insert(key, granted);
    }
}

/// The permissions in the newest token of a registration for a directory; `None` when none came yet.
pub fn granted(registration: &str, directory: &str) -> Option<Vec<String>> {
    let all = GRANTED.lock().unwrap_or_else(|e| e.into_inner());
    all.get(&format!("{registration} {directory}")).cloned()
}
