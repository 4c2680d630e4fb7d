//! The bot in Teams: takes what the Bot Connector posts, answers at once, and works after.
//!
//! Nothing of it is stored. Texts are looked at and forgotten; where somebody wrote, and who is in a conversation, stays in
//! memory for the configured time (`microsoft.bot_memory`) and no longer. What is judged, read and built stands in
//! `teams::bot`; here requests are carried, turns are kept and waits are waited.

mod alerts;
mod answer;
mod calling;
mod customer;
mod exchange;
mod memory;
mod numbers;
mod queue;
mod send;
mod talk;

use crate::config::MicrosoftSection;
use crate::connector::Connector;
use crate::microsoft::{Carrier, cloud_of, random};
use crate::running::Handle;
use crate::shares::{Place, Shares};
use crate::tenant::objects::Span;
use crate::webhook_io::Tried;
use memory::Memory;
use queue::{Job, Queue};
use redact::Secret;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use teams::bot::{Activity, BotCloud, BotRules, Exchanges, Presses, Rates};
use teams::entra::{CacheKey, Client, Endpoints, KeyCache, Refused, TokenCache, Who};
use teams::{Cloud, Time};

pub use answer::IN_TIME;
pub use numbers::{CONSENTED, numbers_request};
pub use queue::Admitted;

/// Threads that work on what was posted. Of one tenant only some do at a time.
const WORKERS: usize = 16;
/// Presses of buttons that are answered at once, of all tenants and of one: each holds a thread while it asks Microsoft.
const PRESSES: (usize, usize) = (32, 8);
/// How long memory may be kept.
const SHORTEST_MEMORY: Duration = Duration::from_secs(60);
const LONGEST_MEMORY: Duration = Duration::from_secs(24 * 3_600);
/// How often it is looked what can be forgotten.
const SWEEP: Duration = Duration::from_secs(10);
/// Refused activities are logged at most this often, in milliseconds: anybody can post.
const LOGGED: u64 = 10_000;

/// What was counted since the start.
#[derive(Debug, Default)]
pub struct BotCounts {
    /// Activities whose token was good.
    pub taken: AtomicU64,
    /// Activities that were refused.
    pub refused: AtomicU64,
    /// Activities that came again.
    pub again: AtomicU64,
    /// Activities that were dropped because too much waited.
    pub dropped: AtomicU64,
    /// Messages that were sent.
    pub sent: AtomicU64,
    /// Messages that could not be sent.
    pub unsent: AtomicU64,
}

/// The bot. It works until it is stopped or dropped.
pub struct Bot {
    shared: Arc<Shared>,
    /// Turns of presses, by directory.
    turns: Shares<String>,
}

/// What its threads share.
pub(in crate::bot) struct Shared {
    handle: Handle,
    /// Calls that people asked for.
    connector: Arc<Connector>,
    /// Where people reach us.
    url: String,
    /// Whether the tab has an app registration, so that people can sign in there.
    has_tab: bool,
    cloud: BotCloud,
    rules: BotRules,
    client: Client,
    /// Of the directory that the bot is registered in.
    home: Endpoints,
    /// Where people's own tokens come from, and the keys of those.
    entra: Cloud,
    people_keys: Mutex<KeyCache>,
    token_key: CacheKey,
    carrier: Carrier,
    keys: Mutex<KeyCache>,
    /// Held while keys are fetched.
    fetching: Mutex<()>,
    tokens: Mutex<TokenCache>,
    presses: Mutex<Presses>,
    exchanges: Mutex<Exchanges>,
    rates: Mutex<Rates>,
    memory: Mutex<Memory>,
    asked: Mutex<alerts::Asked>,
    queue: Queue,
    logged: AtomicU64,
    next_press: AtomicU64,
    pub(in crate::bot) counts: BotCounts,
}

/// What a token is worth, as far as it is known without asking anybody.
#[derive(Debug, PartialEq, Eq)]
pub enum Judged {
    /// The activity comes from the Bot Connector, and may be answered.
    Good,
    /// It does not, or may not.
    Refused,
    /// The keys must be fetched first: [`Bot::fetch_keys`].
    Unknown,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}

fn now() -> Time {
    Time(crate::clock::wall_ms())
}

/// How long memory is kept.
pub fn memory_of(config: &MicrosoftSection) -> Option<Duration> {
    let kept = Duration::from_millis(Span::read(&config.bot_memory)?.0);
    (SHORTEST_MEMORY..=LONGEST_MEMORY).contains(&kept).then_some(kept)
}

/// Where the bot gets its own tokens: the directory that its registration is of, whoever a message is for.
///
/// # Errors
/// A sentence that names the key.
pub fn home(config: &MicrosoftSection) -> Result<Endpoints, String> {
    Endpoints::entra(&cloud_of(config)?, &config.bot_tenant)
        .ok_or_else(|| format!("microsoft.bot_tenant = {:?} is no directory", config.bot_tenant))
}

/// The Bot Connector that is configured.
///
/// # Errors
/// A sentence that names the key.
pub fn cloud(config: &MicrosoftSection) -> Result<BotCloud, String> {
    let known = BotCloud::named(&config.cloud)
        .ok_or_else(|| format!("microsoft.bot_app: there are no bots in the cloud {:?}", config.cloud))?;
    match config.bot_connector.as_str() {
        "" => Ok(known),
        base => known.at(base).map_err(|e| format!("microsoft.bot_connector = {base:?}: {e}")),
    }
}

/// What a bot has in its memory, without saying of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Activities that are known when they come again.
    pub activities: usize,
    /// Conversations whose people are known.
    pub rooms: usize,
    /// Conversations into which nothing may be written.
    pub blocked: usize,
    /// Sign-ins that are waited for.
    pub sign_ins: usize,
    /// Conversations whose turns are counted.
    pub rates: usize,
}

/// Lets a bot forget again and again, also while nobody writes to it.
pub async fn keep_forgetting(bot: Option<Arc<Bot>>) {
    let Some(bot) = bot else { return };
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        sweep.tick().await;
        bot.forget();
    }
}

impl Bot {
    /// Forgets what is old.
    fn forget(&self) {
        let (of, now) = (&self.shared, now());
        let kept = {
            let mut memory = lock(&of.memory);
            memory.forget(now);
            memory.kept()
        };
        lock(&of.exchanges).forget(now, kept);
        lock(&of.rates).forget(now);
    }

    /// How much it remembers now.
    pub fn remembered(&self) -> Remembered {
        let of = &self.shared;
        let (activities, rooms, blocked) = lock(&of.memory).sizes();
        let (sign_ins, rates) = (lock(&of.exchanges).len(), lock(&of.rates).len());
        Remembered { activities, rooms, blocked, sign_ins, rates }
    }

    /// Starts it, if one is configured. `url` is where people reach us.
    ///
    /// # Errors
    /// A sentence that names the key or the file, and what to do.
    pub fn start(
        config: &MicrosoftSection,
        handle: Handle,
        connector: Arc<Connector>,
        url: &str,
    ) -> Result<Option<Bot>, String> {
        let Some(client) = crate::microsoft::client(&config.bot())? else { return Ok(None) };
        let cloud = cloud(config)?;
        let entra = cloud_of(config)?;
        let anybody =
            Endpoints::entra(&entra, "common").ok_or("microsoft.login is no address of Entra ID")?;
        let home = home(config)?;
        let scope = std::slice::from_ref(&cloud.scope);
        let presses = Presses::new(&Secret::new(random()?)).ok_or("the key for cards could not be used")?;
        let memory = memory_of(config).ok_or("microsoft.bot_memory is no time")?;
        let shared = Arc::new(Shared {
            handle,
            connector,
            url: url.trim_end_matches('/').into(),
            has_tab: !config.tab_app.is_empty(),
            rules: BotRules { app_id: client.id.clone(), issuer: cloud.issuer.clone() },
            token_key: CacheKey::new(&config.bot_tenant, &client.id, Who::Program, scope),
            client,
            people_keys: Mutex::new(KeyCache::new(&anybody.keys)),
            entra,
            home,
            carrier: Carrier::new(),
            keys: Mutex::new(KeyCache::new(&cloud.keys)),
            fetching: Mutex::default(),
            tokens: Mutex::default(),
            presses: Mutex::new(presses),
            exchanges: Mutex::default(),
            rates: Mutex::default(),
            memory: Mutex::new(Memory::new(memory)),
            asked: Mutex::new(alerts::Asked::new(memory)),
            queue: Queue::default(),
            logged: AtomicU64::new(0),
            next_press: AtomicU64::new(u64::from_ne_bytes(random()?)),
            counts: BotCounts::default(),
            cloud,
        });
        // The way from the outbox to here does not keep the bot alive.
        let bot = Arc::downgrade(&shared);
        let tell = move |letter: &store::Letter, meaning: &crate::tenant::Meaning| match bot.upgrade() {
            Some(bot) => bot.tell_alert(letter, meaning),
            None => Tried::Failed("the server stops".into()),
        };
        let _ = shared.handle.teams_alerts.set(Box::new(tell));
        for n in 0..WORKERS {
            let shared = shared.clone();
            let name = format!("bot-{n}");
            let work = move || {
                while let Some(mut job) = shared.queue.take() {
                    match shared.work(&mut job) {
                        Ok(()) => shared.queue.done(&job),
                        Err(wait) => shared.queue.again(job, wait),
                    }
                }
            };
            std::thread::Builder::new().name(name).spawn(work).map_err(|e| e.to_string())?;
        }
        Ok(Some(Bot { shared, turns: Shares::new(PRESSES.0, PRESSES.1) }))
    }

    /// Waits for a turn to answer a press in a conversation of this directory. Nothing when too many wait.
    pub async fn turn(&self, directory: &str) -> Option<Place<String>> {
        self.turns.wait(&directory.to_string()).await
    }

    /// What was counted since the start.
    pub fn counts(&self) -> &BotCounts {
        &self.shared.counts
    }

    /// Judges the token that an activity came with, by the keys that are there.
    pub fn judge(&self, token: &str, activity: &Activity) -> Judged {
        let of = &self.shared;
        let judged = {
            let keys = lock(&of.keys);
            of.rules.check(keys.keys(), now(), token, activity)
        };
        let why = match judged {
            Ok(()) if of.cloud.trusts(&activity.service_url) => return Judged::Good,
            Ok(()) => "the service URL is none of the Bot Connector's".to_string(),
            Err(Refused::UnknownKey) => return Judged::Unknown,
            Err(why) => why.to_string(),
        };
        self.refuse(&why);
        Judged::Refused
    }

    /// Counts something that is refused, and says now and then why.
    pub fn refuse(&self, why: &str) {
        let of = &self.shared;
        let count = of.counts.refused.fetch_add(1, Ordering::Relaxed) + 1;
        let (at, last) = (now().0, of.logged.load(Ordering::Relaxed));
        let free = at.saturating_sub(last) >= LOGGED;
        if free && of.logged.compare_exchange(last, at, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            tracing::warn!(event = "bot_refused", why, count, "what was posted to the bot is refused");
        }
    }

    /// Fetches the keys, unless that was tried a short while ago. It waits for the Bot Connector.
    pub fn fetch_keys(&self) {
        self.shared.fetch(&self.shared.keys);
    }

    /// Takes an activity to be worked on after it was answered.
    pub fn admit(&self, activity: Activity) -> Admitted {
        let of = &self.shared;
        if of.is_known(&activity) {
            return Admitted::Again;
        }
        let key = activity.id.clone().map(|id| (activity.conversation.id.clone(), id));
        let admitted = of.queue.put(Job::new(activity));
        if admitted == Admitted::Full {
            of.counts.dropped.fetch_add(1, Ordering::Relaxed);
            // The Connector sends it again, and then it counts.
            if let Some(key) = key {
                lock(&of.memory).never_came(&key);
            }
        }
        admitted
    }
}

impl Shared {
    /// Fetches keys, unless that was tried a short while ago. Whoever comes meanwhile waits for them, and is not refused for
    /// want of them.
    fn fetch(&self, of: &Mutex<KeyCache>) {
        let _turn = lock(&self.fetching);
        let request = {
            let mut keys = lock(of);
            keys.due(now()).or_else(|| keys.missed(now()))
        };
        let Some(request) = request else { return };
        let reply = self.carrier.send(&request).ok();
        lock(of).took(now(), reply.as_ref());
    }

    /// Whether an activity came before; from now on it did.
    fn is_known(&self, activity: &Activity) -> bool {
        let is_known = lock(&self.memory).came_before(now(), activity);
        let count = if is_known { &self.counts.again } else { &self.counts.taken };
        count.fetch_add(1, Ordering::Relaxed);
        is_known
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}
