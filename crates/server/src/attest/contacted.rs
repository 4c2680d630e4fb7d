//! Which other systems this program really talked to since its start: whoever makes a connection says so here, and a
//! check compares it with what the configuration declares. Each note is that of the tenant on whose behalf it was, where
//! that is known, and grows old.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, OnceLock};
use store::TenantId;

/// The most names that are kept; a further one is counted as [`MORE`].
const MOST: usize = 1_000;
/// The most of one tenant, so that none fills the room of the others.
const MOST_OF_ONE: usize = 200;
/// What stands for names beyond those that are kept.
pub const MORE: &str = "(more)";
/// How long a note counts after it was made last, in milliseconds: a week.
const AGE_MS: u64 = 7 * 86_400_000;

/// Whose a note is; nothing where it is the server's own, or not known.
type Owner = Option<TenantId>;

#[derive(Clone, Copy, Default)]
struct Note {
    count: u64,
    at: u64,
}

static CONTACTED: Mutex<BTreeMap<(Owner, String), Note>> = Mutex::new(BTreeMap::new());

thread_local! {
    static BEHALF: Cell<Owner> = const { Cell::new(None) };
}

fn lock<T>(all: &Mutex<T>) -> MutexGuard<'_, T> {
    all.lock().unwrap_or_else(|e| e.into_inner())
}

/// While it lives, what this thread talks to is on behalf of a tenant.
pub struct Behalf(Owner);

/// What this thread talks to from here on is on behalf of this tenant.
pub fn on_behalf_of(tenant: TenantId) -> Behalf {
    Behalf(BEHALF.replace(Some(tenant)))
}

impl Drop for Behalf {
    fn drop(&mut self) {
        BEHALF.set(self.0);
    }
}

static SINCE: OnceLock<u64> = OnceLock::new();

/// From here on what is talked to is noted: this process begins to serve.
pub fn begin() {
    SINCE.get_or_init(crate::clock::wall_ms);
}

/// Since when notes are made, in milliseconds since 1970: a week ago where this process is older, for notes count no longer.
pub fn since() -> u64 {
    let now = crate::clock::wall_ms();
    SINCE.get().copied().unwrap_or(now).max(now.saturating_sub(AGE_MS))
}

/// Makes room for one more note of an owner, or says that there is none.
fn has_room<K: Ord + Clone, V>(
    all: &mut BTreeMap<(Owner, K), V>,
    key: &(Owner, K),
    at: fn(&V) -> u64,
    now: u64,
) -> bool {
    if all.contains_key(key) {
        return true;
    }
    if all.len() >= MOST {
        all.retain(|_, note| now.saturating_sub(at(note)) < AGE_MS);
    }
    all.len() < MOST && all.keys().filter(|(owner, _)| *owner == key.0).count() < MOST_OF_ONE
}

/// A connection to this host is being made.
pub fn note(host: &str) {
    note_at(BEHALF.get(), host, crate::clock::wall_ms());
}

/// A request goes to this address, over a connection that may be another tenant's: it is this tenant's all the same.
pub fn note_request(url: &str) {
    let host = url.parse::<ureq::http::Uri>().ok().and_then(|uri| uri.host().map(str::to_string));
    if let (Some(host), Some(owner)) = (host, BEHALF.get()) {
        note_at(Some(owner), &host, crate::clock::wall_ms());
    }
}

fn note_at(owner: Owner, host: &str, now: u64) {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let mut all = lock(&CONTACTED);
    let key = (owner, host);
    let key = if has_room(&mut all, &key, |n| n.at, now) { key } else { (owner, MORE.to_string()) };
    let note = all.entry(key).or_default();
    *note = Note { count: note.count + 1, at: now };
}

/// Those of a tenant, and those of the server itself, and how often.
pub fn all(tenant: TenantId) -> BTreeMap<String, u64> {
    all_at(tenant, crate::clock::wall_ms())
}

fn all_at(tenant: TenantId, now: u64) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for ((owner, host), note) in lock(&CONTACTED).iter() {
        if owner.is_none_or(|t| t == tenant) && now.saturating_sub(note.at) < AGE_MS {
            *found.entry(host.clone()).or_default() += note.count;
        }
    }
    found
}

/// An address that requests over SIP went to.
#[derive(Clone, Copy)]
struct Asked {
    /// Whether the configuration, or a telephone that is registered, was there when that began.
    is_declared: bool,
    at: u64,
}

static SIP: Mutex<BTreeMap<(Owner, IpAddr), Asked>> = Mutex::new(BTreeMap::new());

/// A request over SIP goes to this address, on behalf of this tenant where that is known.
pub fn note_sip(ip: IpAddr, is_declared: bool, tenant: Option<TenantId>) {
    note_sip_at(ip, is_declared, tenant, crate::clock::wall_ms());
}

fn note_sip_at(ip: IpAddr, is_declared: bool, tenant: Option<TenantId>, now: u64) {
    let mut all = lock(&SIP);
    let key = (tenant, ip);
    if has_room(&mut all, &key, |n| n.at, now) {
        let known = all.entry(key).or_insert(Asked { is_declared: true, at: now });
        *known = Asked { is_declared: known.is_declared && is_declared, at: now };
    }
}

/// The addresses that were asked over SIP, as one tenant may see them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SipAsked {
    /// How many are those of trunks, flows and telephones, of all tenants.
    pub declared: usize,
    /// Those that nothing declared, asked on behalf of this tenant.
    pub strange: BTreeSet<IpAddr>,
    /// How many nothing declared and of which it is not known on whose behalf.
    pub nobodys: usize,
}

/// All addresses that were asked over SIP, as this tenant may see them.
pub fn sip(tenant: TenantId) -> SipAsked {
    sip_at(tenant, crate::clock::wall_ms())
}

fn sip_at(tenant: TenantId, now: u64) -> SipAsked {
    let mut found = SipAsked::default();
    for ((owner, ip), asked) in lock(&SIP).iter() {
        match (asked.is_declared, owner) {
            (true, _) => found.declared += 1,
            (false, _) if now.saturating_sub(asked.at) >= AGE_MS => {}
            (false, Some(of)) if *of == tenant => drop(found.strange.insert(*ip)),
            (false, None) => found.nobodys += 1,
            (false, Some(_)) => {}
        }
    }
    found
}

/// Servers of the DNS that were asked.
static DNS: Mutex<BTreeSet<IpAddr>> = Mutex::new(BTreeSet::new());

/// A server of the DNS is asked.
pub fn note_dns(ip: IpAddr) {
    let mut all = lock(&DNS);
    if all.len() < MOST {
        all.insert(ip);
    }
}

/// All servers of the DNS that were asked.
pub fn dns() -> BTreeSet<IpAddr> {
    lock(&DNS).clone()
}

/// Operations that were asked for at Microsoft: version and the words of the path up to the first id, for instance
/// `v1.0/users/delta`.
static OPERATIONS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// A request goes to this address of Microsoft's.
pub fn note_operation(url: &str) {
    let Some(operation) = operation(url) else { return };
    let mut all = lock(&OPERATIONS);
    if all.len() < MOST {
        all.insert(operation);
    }
}

/// The version of Graph and the words behind it; nothing of what stands for a person or a tenant, and nothing where no
/// version stands.
pub fn operation(url: &str) -> Option<String> {
    let path = url.split_once("://")?.1.split(['?', '#']).next()?;
    let mut steps = path.split('/').skip_while(|step| !matches!(*step, "v1.0" | "beta"));
    let version = steps.next()?;
    let is_word = |step: &&str| {
        let step = step.strip_prefix('$').unwrap_or(step);
        !step.is_empty() && step.len() <= 40 && step.bytes().all(|b| b.is_ascii_alphabetic())
    };
    let words: Vec<&str> = steps.take_while(is_word).take(3).collect();
    Some([&[version], words.as_slice()].concat().join("/"))
}

/// All operations that were asked for.
pub fn operations() -> BTreeSet<String> {
    lock(&OPERATIONS).clone()
}

/// What the newest token of an app registration says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// Its permissions.
    pub granted: Vec<String>,
    /// Whether it may be ended before its time, because we said that we understand challenges.
    pub takes_challenges: bool,
}

static TOKENS: Mutex<BTreeMap<String, Token>> = Mutex::new(BTreeMap::new());

/// A token for Graph of this registration for this directory came. Nothing of the person in whose name it may be is kept.
pub fn note_token(registration: &str, directory: &str, tokens: &teams::entra::TokenReply) {
    let token = Token { granted: tokens.granted(), takes_challenges: tokens.takes_challenges() };
    let mut all = lock(&TOKENS);
    let key = format!("{registration} {directory}");
    if all.len() < MOST || all.contains_key(&key) {
        all.insert(key, token);
    }
}

/// Of the newest token for this server itself that a page brought, by registration and directory.
static PRESENTED: Mutex<BTreeMap<String, Token>> = Mutex::new(BTreeMap::new());

/// A page in somebody's own client brought a token for this server. Its scopes are kept, and nothing of the person.
pub fn note_presented(registration: &str, access: &teams::entra::Access) {
    let teams::entra::Caller::Person { scopes, .. } = &access.caller else { return };
    let token = Token { granted: scopes.clone(), takes_challenges: access.takes_challenges };
    let mut all = lock(&PRESENTED);
    let key = format!("{registration} {}", access.tenant);
    if all.len() < MOST || all.contains_key(&key) {
        all.insert(key, token);
    }
}

/// What the newest token for this server says that a page brought; `None` when none came yet.
pub fn presented(registration: &str, directory: &str) -> Option<Token> {
    lock(&PRESENTED).get(&format!("{registration} {directory}")).cloned()
}

/// The newest token of a registration for a directory; `None` when none came yet.
pub fn token(registration: &str, directory: &str) -> Option<Token> {
    lock(&TOKENS).get(&format!("{registration} {directory}")).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: TenantId = TenantId(900_001);
    const B: TenantId = TenantId(900_002);

    #[test]
    fn one_tenant_sees_nothing_of_what_another_talked_to_and_notes_grow_old() {
        let ip: IpAddr = "192.0.2.77".parse().unwrap();
        note_sip_at(ip, false, Some(A), 1_000);
        assert_eq!(sip_at(A, 2_000).strange, BTreeSet::from([ip]));
        assert!(sip_at(B, 2_000).strange.is_empty());
        assert!(sip_at(A, 1_000 + AGE_MS).strange.is_empty(), "it counts for a week");
        note_at(Some(A), "Crm.example", 1_000);
        assert_eq!(all_at(A, 2_000).get("crm.example"), Some(&1));
        assert!(!all_at(B, 2_000).contains_key("crm.example"));
        assert!(!all_at(A, 1_000 + AGE_MS).contains_key("crm.example"));
    }

    #[test]
    fn one_tenant_does_not_fill_the_room_of_the_others() {
        let loud = TenantId(900_003);
        for n in 0..2 * MOST {
            note_at(Some(loud), &format!("h{n}.example"), 1_000);
        }
        let all = all_at(loud, 1_000);
        assert!(all.len() <= MOST_OF_ONE + 1 && all.contains_key(MORE), "{}", all.len());
        note_at(Some(B), "quiet.example", 1_000);
        assert!(all_at(B, 1_000).contains_key("quiet.example"));
    }

    #[test]
    fn who_acts_for_a_tenant_says_so_for_as_long_as_it_does() {
        {
            let _behalf = on_behalf_of(A);
            note("while.example");
        }
        assert!(all(A).contains_key("while.example") && !all(B).contains_key("while.example"));
        // A request over a connection that somebody else opened is noted all the same, and only with who it is for.
        note_request("https://nobodys.example/v1.0/users");
        {
            let _behalf = on_behalf_of(A);
            note_request("https://Graph.example:8443/v1.0/users");
        }
        assert!(all(A).contains_key("graph.example") && !all(B).contains_key("graph.example"));
        assert!(!all(A).contains_key("nobodys.example"));
        assert_eq!(BEHALF.get(), None);
    }

    #[test]
    fn an_operation_has_no_id_in_it() {
        for (url, wanted) in [
            ("https://graph.microsoft.com/v1.0/users/delta?$select=id", Some("v1.0/users/delta")),
            (
                "https://graph.microsoft.com/v1.0/users/3f2504e0-4f89-41d3-9a0c-0305e82c3301/photo",
                Some("v1.0/users"),
            ),
            ("https://graph.microsoft.com/v1.0/users/anna@example.com", Some("v1.0/users")),
            ("http://127.0.0.1:9/beta/me", Some("beta/me")),
            ("https://graph.microsoft.com/v1.0/$batch", Some("v1.0/$batch")),
            ("https://login.microsoftonline.com/3f2504e0/oauth2/v2.0/token", None),
        ] {
            assert_eq!(operation(url).as_deref(), wanted, "{url}");
        }
    }
}
