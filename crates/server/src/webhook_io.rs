//! Delivers the outbox: webhooks to the systems that a tenant named, and e-mail about messages.
//!
//! One thread finds out who has something due; each receiver then has one thread at the most, up to [`THREADS`] at once, so
//! that one that hangs delays no other, and a receiver that hung rests before it takes a thread again.
//!
//! **The request.** `POST` with a body of JSON: `id`, `event`, `at`, `tenant` and `data`, which holds ids and figures, never
//! a telephone number or a name. Headers:
//!
//! | header | what it says |
//! |---|---|
//! | `Switchroom-Id` | the id: the same over tries and replays |
//! | `Switchroom-Event` | the event's name |
//! | `Switchroom-Timestamp` | seconds since 1970 at this try: refuse what is minutes old |
//! | `Switchroom-Signature` | `sha256=` and the hex HMAC-SHA256, with the secret, of timestamp, a dot, and the body |
//!
//! Any 2xx is an answer; everything else is tried again, [`TRIES`] times within about an hour.

use crate::announce::{TEAMS_RECEIVER, in_words};
use crate::mail_io::Post;
use crate::outside_io::Rules;
use crate::outward::{Method, NoAnswer, Outgoing, Outward};
use crate::secrets::Secrets;
use crate::tenant::Meaning;
use crate::tenant::outside::WebhookRule;
use aws_lc_rs::hmac;
use redact::Secret;
use serde_json::json;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use store::{Letter, Store, TenantId};

/// Receivers served at once.
const THREADS: usize = 8;
/// Tries of one letter.
pub const TRIES: u32 = 10;
/// How long after the first failed try the second comes, in milliseconds; each further one waits twice as long.
const FIRST_WAIT_MS: u64 = 7_000;
/// How long a try may take.
pub const TIME_OUT: Duration = Duration::from_secs(10);
/// The largest answer that is read; what it says does not matter.
const ANSWER: usize = 64 * 1024;
/// Letters of one receiver before others have their turn.
const AT_A_TIME: u32 = 50;
/// How often is looked whether something is due.
const LOOK: Duration = Duration::from_millis(500);
/// How often letters that are too old are given up.
const SWEEP: Duration = Duration::from_secs(60);
/// What waited this long without a try is given up, in milliseconds.
const TOO_OLD_MS: u64 = 2 * 3_600_000;
/// The longest rest of a receiver that hangs.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// What a tenant's configuration says, as it is now.
#[derive(Clone)]
pub struct Told {
    /// Whom to tell, and how.
    pub rules: Arc<Rules>,
    /// What things are called.
    pub meaning: Meaning,
}

/// Finds what a tenant's configuration says; `None` when the server stops.
pub type Ask = Box<dyn Fn(TenantId) -> Option<Told> + Send + Sync>;

/// Tells a security event in Teams.
pub type TellTeams = Box<dyn Fn(&Letter, &Meaning) -> Tried + Send + Sync>;

/// What is needed to deliver.
pub struct Courier {
    /// Where the outbox is.
    pub store: Arc<Store>,
    /// For webhooks.
    pub outward: Outward,
    /// Where secrets are.
    pub secrets: Secrets,
    /// For e-mail; `None` when no server for it is configured.
    pub post: Option<Post>,
    /// For Teams; nothing where there is no bot.
    pub teams: Arc<OnceLock<TellTeams>>,
    /// How long a try may take.
    pub time_out: Duration,
    /// For the spread of tries.
    pub seed: u64,
    /// What tenants' configurations say.
    pub ask: Ask,
}

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It was taken.
    Taken,
    /// Not now; the receiver is there.
    Failed(String),
    /// The receiver is not there, or hangs: its other letters wait too.
    Absent(String),
    /// It will never be taken.
    Hopeless(String),
}

impl Courier {
    /// Delivers what is due for one receiver until nothing is or the receiver is absent. True if it was there.
    pub fn serve(&self, tenant: TenantId, receiver: &str, now: impl Fn() -> u64, stop: &AtomicBool) -> bool {
        let letters = match self.store.due_letters(tenant, receiver, now(), AT_A_TIME) {
            Ok(letters) => letters,
            Err(e) => {
                tracing::error!(event = "outbox_failed", cause = %e, "the outbox cannot be read");
                return false;
            }
        };
        let Some(told) = (self.ask)(tenant) else { return false };
        for letter in letters {
            if stop.load(Ordering::Relaxed) {
                return true;
            }
            let at = now();
            let tried = self.try_once(&letter, &told, at);
            if let Err(e) = self.note(&letter, &tried, at) {
                tracing::error!(event = "outbox_failed", cause = %e, "the outbox cannot be written");
                return false;
            }
            if matches!(tried, Tried::Absent(_)) {
                return false;
            }
        }
        true
    }

    fn try_once(&self, letter: &Letter, told: &Told, now: u64) -> Tried {
        if let Some(mailbox) = letter.receiver.strip_prefix("mailbox:") {
            let rule = mailbox.parse().ok().and_then(|n| told.rules.mailboxes.get(&engine::MailboxId(n)));
            let to = rule.and_then(|rule| rule.email.as_ref());
            return match (&self.post, to) {
                (None, _) => Tried::Hopeless("no mail server is configured: [mail] smtp".into()),
                (_, None) => Tried::Hopeless("nobody is to be told by e-mail any more".into()),
                (Some(post), Some(to)) => post.message_left(letter, std::slice::from_ref(to), &told.meaning),
            };
        }
        if letter.receiver == TEAMS_RECEIVER {
            return match self.teams.get() {
                Some(tell) => tell(letter, &told.meaning),
                None => Tried::Hopeless("no bot is configured: microsoft.bot_app".into()),
            };
        }
        let number = letter.receiver.strip_prefix("webhook:").and_then(|n| n.parse().ok());
        match number.and_then(|n: u32| told.rules.webhooks.get(&n)) {
            Some(rule) => self.call(letter, rule, &told.meaning, now),
            None => Tried::Hopeless("this receiver is configured no more".into()),
        }
    }

    fn call(&self, letter: &Letter, rule: &WebhookRule, meaning: &Meaning, now: u64) -> Tried {
        let body = json!({
            "id": letter.id,
            "event": letter.event,
            "at": crate::view::time(letter.at),
            "tenant": meaning.tenant,
            "data": in_words(&letter.facts, meaning),
        })
        .to_string();
        let secret = match self.secrets.read(&rule.secret_file) {
            Ok(secret) => secret,
            // The operator may put it there before the last try.
            Err(why) => return Tried::Failed(why),
        };
        let headers = headers(letter, &body, &secret, now / 1_000);
        let answer = self.outward.ask(&Outgoing {
            method: Method::Post,
            url: &rule.url,
            headers: &headers,
            body: body.as_bytes(),
            time_out: self.time_out,
            max_bytes: ANSWER,
            allow_private: rule.allow_private,
        });
        match answer.map(|a| a.status) {
            Ok(200..=299) => Tried::Taken,
            Ok(status @ 300..=399) => {
                Tried::Failed(format!("it answered {status}: redirections are not followed"))
            }
            Ok(status @ (429 | 503)) => Tried::Absent(format!("it answered {status}")),
            Ok(status) => Tried::Failed(format!("it answered {status}")),
            // It took the request; only what it said about it was too long.
            Err(NoAnswer::TooLarge) => Tried::Failed(NoAnswer::TooLarge.to_string()),
            Err(e) => Tried::Absent(e.to_string()),
        }
    }

    fn note(&self, letter: &Letter, tried: &Tried, now: u64) -> Result<(), store::StoreError> {
        let (cause, again) = match tried {
            Tried::Taken => return self.store.letter_taken(letter),
            Tried::Failed(cause) | Tried::Absent(cause) => (cause, letter.tries + 1 < TRIES),
            Tried::Hopeless(cause) => (cause, false),
        };
        // Once for each rest of the receiver: the letters behind this one wait too.
        if let (Tried::Absent(_), true) = (tried, again) {
            let (tenant, id, receiver) = (letter.tenant.0, &letter.id, &letter.receiver);
            tracing::warn!(
                event = "letter_waits",
                tenant,
                id,
                receiver,
                cause,
                "not delivered; it is tried again"
            );
        }
        let due = again.then(|| now + wait_ms(self.seed, &letter.id, letter.tries));
        if !again {
            let (tenant, id, receiver) = (letter.tenant.0, &letter.id, &letter.receiver);
            tracing::warn!(
                event = "letter_dead",
                tenant,
                id,
                receiver,
                cause,
                "nobody took it: see /webhooks/dead"
            );
        }
        self.store.letter_failed(letter, due, now, cause)
    }
}

/// How long after a failed try the next comes: twice as long as the last, more or less by up to a quarter, so that many
/// that failed together do not return together.
pub fn wait_ms(seed: u64, id: &str, tries: u32) -> u64 {
    let base = FIRST_WAIT_MS << tries.min(TRIES);
    // FNV-1a: spread, not secrecy.
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed;
    for b in id.bytes().chain([tries as u8]) {
        hash = (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
    }
    base * 3 / 4 + (hash >> 33) % (base / 2)
}

fn headers(
    letter: &Letter,
    body: &str,
    secret: &Secret<String>,
    seconds: u64,
) -> Vec<(String, Secret<String>)> {
    [
        ("Switchroom-Id", letter.id.clone()),
        ("Switchroom-Event", letter.event.clone()),
        ("Switchroom-Timestamp", seconds.to_string()),
        ("Switchroom-Signature", signature(secret, seconds, body)),
    ]
    .map(|(name, value)| (name.to_string(), Secret::new(value)))
    .into()
}

/// The signature of a body: `sha256=` and the HMAC-SHA256 (RFC 2104) of timestamp, dot and body, in hex.
pub fn signature(secret: &Secret<String>, seconds: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{seconds}.").as_bytes());
    context.update(body.as_bytes());
    let tag = context.sign();
    tag.as_ref().iter().fold(String::from("sha256="), |text, b| text + &format!("{b:02x}"))
}

/// Threads that deliver.
pub struct Delivery {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    stop: AtomicBool,
    busy: Mutex<Busy>,
    changed: Condvar,
}

#[derive(Default)]
struct Busy {
    /// Receivers that have a thread.
    served: Vec<(TenantId, String)>,
    /// Receivers that rest: how often they were absent in a row, and until when.
    resting: HashMap<(TenantId, String), (u32, Instant)>,
}

impl Delivery {
    /// Starts.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(courier: Courier) -> std::io::Result<Delivery> {
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            busy: Mutex::default(),
            changed: Condvar::new(),
        });
        let (courier, for_thread) = (Arc::new(courier), shared.clone());
        let run = move || run(&courier, &for_thread);
        let thread = std::thread::Builder::new().name("delivery".into()).spawn(run)?;
        Ok(Delivery { shared, thread })
    }

    /// Ends. Tries under way come to their end first, which takes as long as one try may.
    pub fn stop(self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.changed.notify_all();
        let _ = self.thread.join();
    }
}

fn run(courier: &Arc<Courier>, shared: &Arc<Shared>) {
    let mut swept: Option<Instant> = None;
    while !shared.stop.load(Ordering::Relaxed) {
        if swept.is_none_or(|t| t.elapsed() >= SWEEP) {
            swept = Some(Instant::now());
            let now = crate::clock::wall_ms();
            if let Err(e) = courier.store.sweep_outbox(now.saturating_sub(TOO_OLD_MS), now) {
                tracing::error!(event = "outbox_failed", cause = %e, "the outbox cannot be swept");
            }
        }
        let due = courier.store.due_receivers(crate::clock::wall_ms(), 1_000).unwrap_or_default();
        let mut busy = shared.lock();
        let now = Instant::now();
        busy.resting.retain(|_, (_, until)| now < *until + LONGEST_REST);
        for receiver in due {
            let rests = busy.resting.get(&receiver).is_some_and(|(_, until)| now < *until);
            if busy.served.len() < THREADS && !rests && !busy.served.contains(&receiver) {
                busy.served.push(receiver.clone());
                let (courier, shared_too, who) = (courier.clone(), shared.clone(), receiver.clone());
                let served = move || {
                    let there = courier.serve(who.0, &who.1, crate::clock::wall_ms, &shared_too.stop);
                    // Whoever waits for the last to be done may open the store again.
                    drop(courier);
                    shared_too.done(who, there);
                };
                let started = std::thread::Builder::new().name("courier".into()).spawn(served);
                if let Err(e) = started {
                    tracing::error!(event = "thread_failed", cause = %e, "no thread for a delivery");
                    busy.served.retain(|r| *r != receiver);
                }
            }
        }
        // A receiver that is done may have more; otherwise the next look.
        drop(shared.changed.wait_timeout(busy, LOOK));
    }
    // Each thread has the store: whoever opens it again must not find it in use.
    let mut busy = shared.lock();
    let last = Instant::now() + TIME_OUT * 2;
    while !busy.served.is_empty() && Instant::now() < last {
        busy = shared.changed.wait_timeout(busy, LOOK).unwrap_or_else(|e| e.into_inner()).0;
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Busy> {
        self.busy.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn done(&self, receiver: (TenantId, String), there: bool) {
        let mut busy = self.lock();
        busy.served.retain(|r| *r != receiver);
        match there {
            true => {
                busy.resting.remove(&receiver);
            }
            false => {
                let absent = busy.resting.get(&receiver).map_or(0, |(n, _)| *n);
                let rest = Duration::from_secs(1 << absent.min(6)).min(LONGEST_REST);
                busy.resting.insert(receiver, (absent + 1, Instant::now() + rest));
            }
        }
        drop(busy);
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests;
