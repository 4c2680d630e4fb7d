//! A running Switchroom: everything started in order, and a handle for whoever wants something of it.

use crate::adapt::{Aliases, Chances, Now, Passwords, Resumed, Switch};
use crate::alarm_io::AlarmWatch;
use crate::attest::{Attestations, Passes};
use crate::audit_io::AuditHeads;
use crate::backup_io::{BackupBoard, BackupJob, Plan as BackupPlan};
use crate::certificate_report;
use crate::clock::Clock;
use crate::closing::{ClosingDesk, ClosingJob};
use crate::config::ServerConfig;
use crate::journal_io::{GiveUp, Lost};
use crate::key_rotation::KeyRotation;
use crate::mail_io::Post;
use crate::mailbox::{self, Sender};
use crate::media_io::{BrowserDoor, MediaSettings, start_recorder};
use crate::microsoft::{
    self, Background, Delegated, Directories, DirectorySync, Granted, NoticeBoard, PresenceBoard,
    PresenceWatch, Stops, TalkShower,
};
use crate::name_io::{NameSources, Names};
use crate::outside_io::Outside;
use crate::outward::Outward;
use crate::retention_io::RetentionJob;
use crate::secrets::Secrets;
use crate::sign_in::refusals::Refusals;
use crate::sip_io::{SipSockets, Upkeep};
use crate::sip_tls::SipTls;
use crate::switch_io::{LawWatch, Message, States, SwitchThread};
use crate::teams_certificate;
use crate::tenant::check::{self, Document, Documents, Problem};
use crate::tenant::meaning::{self, Meaning};
use crate::tenant::objects::Span;
use crate::tenant::plan::{self, Action, Step};
use crate::tls::Certificate;
use crate::trusted::Trusted;
use crate::vital;
use crate::webhook_io::{Courier, Delivery, TellTeams, Told};
use sip::{Endpoint, Limits, Local, Transport};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use store::{Change, Store, StoreError, StoreSettings, TenantId};
use teams::permissions::Feature;

/// What stands in Server and User-Agent.
const PRODUCT: &str = concat!("Switchroom/", env!("CARGO_PKG_VERSION"));
/// Messages that may wait for the switch's thread.
const MAIL: usize = 200_000;
/// Rows of the journal that are read at once at the start.
const PAGE: u32 = 1_000;
/// Replayed events after which the state is written down: a start that is interrupted begins there again.
const REPLAYED: usize = 100_000;
/// What the switch may take to end its calls after the time for them is over, and the journal to write that down.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A way to everything, for HTTP, the demo and tests. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    /// What is remembered.
    pub store: Arc<Store>,
    /// People of the directories of connected tenants.
    pub directories: Arc<Directories>,
    /// How reading their presence stands.
    pub presences: Arc<PresenceBoard>,
    /// What the app that works without a person may do in each directory.
    pub granted: Arc<Granted>,
    /// Which features stopped for want of a permission of Microsoft.
    pub stops: Arc<Stops>,
    /// What Graph tells by itself.
    pub notices: Arc<NoticeBoard>,
    /// Who was refused lately.
    pub refusals: Arc<Mutex<Refusals>>,
    /// How scheduled backups stand.
    pub backups: Arc<BackupBoard>,
    /// Ends of accounts.
    pub closing: Arc<ClosingDesk>,
    /// The newest attestations, and those that are being made.
    pub attestations: Arc<Attestations>,
    /// The token with which a check of our own asks, while it does.
    pub passes: Arc<Passes>,
    mail: Sender<Message>,
    /// Secrets of tenants' configurations.
    pub secrets: Secrets,
    /// Makes connections of browsers' offers.
    pub browsers: BrowserDoor,
    /// Laws found broken since the start.
    pub laws_broken: Arc<AtomicU64>,
    /// False once it is asked to stop.
    pub ready: Arc<AtomicBool>,
    /// Tells security events in Teams, once there is a bot.
    pub teams_alerts: Arc<OnceLock<TellTeams>>,
    /// The file that gets a line for each signed head of an audit log.
    pub audit_heads: Option<PathBuf>,
}

/// A running Switchroom.
pub struct Running {
    /// The way to it.
    pub handle: Handle,
    /// SIP over UDP.
    pub udp: Option<SocketAddr>,
    /// SIP over TCP.
    pub tcp: Option<SocketAddr>,
    /// SIP over TLS.
    pub tls: Option<SocketAddr>,
    switch: JoinHandle<States>,
    journal: JoinHandle<Result<(), Lost>>,
    give_up: GiveUp,
    recorder: JoinHandle<()>,
    delivery: Delivery,
    alarms: AlarmWatch,
    audit_heads: AuditHeads,
    microsoft: AtMicrosoft,
    retention: RetentionJob,
    closing: ClosingJob,
    key_rotation: KeyRotation,
    backups: BackupJob,
    grace: Duration,
}

/// Where a configuration keeps things.
pub fn store_settings(config: &ServerConfig) -> StoreSettings {
    StoreSettings {
        url: config.store.url.clone(),
        full_sync: config.store.sync == "full",
        blobs: config.blobs.url.clone(),
        keys: config.keys.url.clone(),
    }
}

/// Opens the store that a configuration names, or makes it.
///
/// # Errors
/// A sentence.
pub fn open_store(config: &ServerConfig) -> Result<Store, String> {
    Store::open(&store_settings(config)).map_err(|e| e.to_string())
}

/// Opens the store that a configuration names if it is there; `None` if there is no database yet, and none is made.
///
/// # Errors
/// A sentence.
pub fn open_existing_store(config: &ServerConfig) -> Result<Option<Store>, String> {
    match Store::open_existing(&store_settings(config)) {
        Ok(store) => Ok(Some(store)),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(e) => Err(e.to_string()),
    }
}

/// The documents of a tenant as they are stored, and the numbers of their objects.
///
/// # Errors
/// A sentence.
pub fn stored_documents(store: &Store, tenant: TenantId) -> Result<(Documents, Numbers), String> {
    let objects = store.objects(tenant).map_err(|e| e.to_string())?;
    let mut numbers = Numbers::new();
    let mut documents = Documents::new();
    for o in objects {
        let body = serde_json::from_str(&o.body).map_err(|e| format!("{} {}: {e}", o.kind, o.id))?;
        let key = (o.kind.clone(), o.id.clone());
        numbers.insert(key.clone(), o.number);
        documents.insert(key, Document { kind: o.kind, id: o.id, body });
    }
    Ok((documents, numbers))
}

/// Numbers of objects by kind and id.
pub type Numbers = std::collections::BTreeMap<(String, String), u32>;

/// Writes what differs and gives the steps that were taken. Documents whose trunks have a network of another tenant are
/// refused: its calls could be taken for theirs.
///
/// # Errors
/// A sentence; nothing was changed then.
pub fn store_documents(
    store: &Store,
    tenant: TenantId,
    who: &str,
    wanted: &Documents,
) -> Result<Vec<Step>, String> {
    if store.is_closing(tenant).map_err(|e| e.to_string())? {
        return Err(Closed(&store.tenant_name(tenant).map_err(|e| e.to_string())?).to_string());
    }
    // Nothing is stored that cannot be understood.
    let understood = understand_alone(wanted)?;
    let (now, _) = stored_documents(store, tenant)?;
    let steps = plan::difference(&now, wanted);
    // The other tenants are looked at only when this one takes a network or a phone's name anew.
    let could_take = |kind: &str| {
        kind == "Trunk" || (!understood.accounts.is_empty() && ["Tenant", "User"].contains(&kind))
    };
    let takes = steps.iter().any(|s| could_take(&s.kind) && s.action != Action::Delete);
    let others = if takes { store.tenants().map_err(|e| e.to_string())? } else { Vec::new() };
    for (id, name) in others.into_iter().filter(|(id, _)| *id != tenant) {
        let Some(other) = stored_meaning(store, id)? else { continue };
        if let Some((ip, length)) = understood.takes_from(&other) {
            return Err(format!("the network {ip}/{length} of a trunk is that of tenant {name:?} already"));
        }
        if let Some(user) = understood.registers_like(&other) {
            return Err(format!(
                "a phone of tenant {name:?} registers as {user:?} already: give each tenant a sip_domain of its own"
            ));
        }
    }
    let changes: Vec<Change> = steps
        .iter()
        .map(|s| Change {
            kind: s.kind.clone(),
            id: s.id.clone(),
            body: match s.action {
                Action::Delete => None,
                _ => wanted.get(&(s.kind.clone(), s.id.clone())).map(|d| d.body.to_string()),
            },
        })
        .collect();
    if !changes.is_empty() {
        store.change(tenant, crate::clock::wall_ms(), who, &changes).map_err(|e| e.to_string())?;
    }
    Ok(steps)
}

/// Why the configuration of a tenant is left as it is.
struct Closed<'a>(&'a str);

impl std::fmt::Display for Closed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.0;
        write!(
            f,
            "the account of tenant {name:?} ended: its configuration stays as it is, unless that is taken back (switchroom close {name} --take-back)"
        )
    }
}

/// The id of the tenant that documents describe.
pub fn tenant_name(documents: &Documents) -> Option<String> {
    documents.values().find(|d| d.kind == "Tenant").map(|d| d.id.clone())
}

/// What documents mean, with made-up numbers: for looking at them before anything is stored.
///
/// # Errors
/// A sentence.
pub fn understand_alone(wanted: &Documents) -> Result<Meaning, String> {
    let numbers: Numbers = wanted.keys().cloned().zip(1..).collect();
    let number = |kind: &str, id: &str| numbers.get(&(kind.to_string(), id.to_string())).copied();
    meaning::understand(wanted, &number)
}

/// No network of a trunk may belong to two tenants, whichever way their configurations came here.
fn check_networks(tenants: &[(TenantId, engine::Engine, u64, Meaning)]) -> Result<(), String> {
    for (n, (.., a)) in tenants.iter().enumerate() {
        for (.., b) in &tenants[n + 1..] {
            if let Some((ip, length)) = a.takes_from(b) {
                return Err(format!(
                    "the tenants {:?} and {:?} both have the network {ip}/{length} in a trunk: take it from one of them \
                     (switchroom apply DIR --config FILE) before the start",
                    a.tenant, b.tenant
                ));
            }
            if let Some(user) = a.registers_like(b) {
                return Err(format!(
                    "phones of the tenants {:?} and {:?} both register as {user:?}: give each tenant a sip_domain of its own \
                     (switchroom apply DIR --config FILE) before the start",
                    a.tenant, b.tenant
                ));
            }
        }
    }
    Ok(())
}

fn stored_meaning(store: &Store, tenant: TenantId) -> Result<Option<Meaning>, String> {
    let (documents, numbers) = stored_documents(store, tenant)?;
    if tenant_name(&documents).is_none() {
        return Ok(None);
    }
    let number = |kind: &str, id: &str| numbers.get(&(kind.to_string(), id.to_string())).copied();
    meaning::understand(&documents, &number).map(Some)
}

/// Starts everything. Tenant documents of `apply` are put in force first.
///
/// # Errors
/// A sentence that names what could not be had and what to do.
pub fn start(config: &ServerConfig, apply: Option<&Documents>) -> Result<Running, String> {
    crate::attest::contacted::begin();
    let began = Instant::now();
    raise_file_limit();
    let store = Arc::new(open_store(config)?);
    // Made by the first start, before anybody can ask for a backup or a signature.
    store.installation().map_err(|e| e.to_string())?;
    crate::closing::go_on(&store);
    crate::retention_io::end_erasures(&store);
    crate::attest::forget_made_up(&store);
    if let Some(documents) = apply {
        let name = tenant_name(documents).ok_or("an object of kind Tenant is missing")?;
        let tenant = store.tenant(&name, crate::clock::wall_ms()).map_err(|e| e.to_string())?;
        match store.is_closing(tenant).map_err(|e| e.to_string())? {
            // The server has other tenants that need it.
            true => tracing::warn!(event = "not_applied", tenant = name, "{}", Closed(&name)),
            false => {
                store_documents(&store, tenant, "command line", documents)?;
            }
        }
    }
    let sockets = sip_sockets(config)?;
    let (udp, tcp, tls) = sockets.addresses();
    let (mail_in, mail_out) = mailbox::mailbox(MAIL).map_err(|e| e.to_string())?;
    let give_up = GiveUp::default();
    let (journal_in, journal) = crate::journal_io::start(store.clone(), mail_in.clone(), give_up.clone())
        .map_err(|e| e.to_string())?;
    let (recorder_in, recorder) = start_recorder(store.clone()).map_err(|e| e.to_string())?;
    let door =
        crate::media_io::start(media_settings(config)?, began, mail_in.clone(), recorder_in, chance()?)
            .map_err(|e| format!("media threads cannot be started: {e}"))?;
    let browsers = door.browsers();

    let advertised = config.sip.advertise.parse::<SocketAddr>().ok();
    let local = |transport, addr: Option<SocketAddr>| {
        // The port that others reach us by is that of UDP and TCP; TLS has its own.
        let elsewhere = advertised.zip(addr).map(|(there, here)| match transport {
            Transport::Tls => SocketAddr::new(there.ip(), here.port()),
            _ => there,
        });
        addr.map(|a| Local { transport, addr: elsewhere.unwrap_or(a) })
    };
    let locals: Vec<Local> =
        [local(Transport::Udp, udp), local(Transport::Tcp, tcp), local(Transport::Tls, tls)]
            .into_iter()
            .flatten()
            .collect();
    if locals.is_empty() {
        return Err("none of sip.udp, sip.tcp and sip.tls is set".into());
    }
    let mut endpoint = Endpoint::new(&locals, PRODUCT, chance()?, Limits::default());
    if let (Some(tls), false) = (tls, config.sip.tls_name.is_empty()) {
        endpoint.set_tls_name(&config.sip.tls_name, tls.port());
    }
    let chances = Chances { nonces: secret()?, seed: chance()? };
    let mut switch = Switch::new(endpoint, Box::new(door), &locals, chances);

    let mut recovered = Vec::new();
    let mut not_before = engine::Time(0);
    for (id, _) in store.tenants().map_err(|e| e.to_string())? {
        if store.is_closing(id).map_err(|e| e.to_string())? {
            continue;
        }
        let Some(meaning) = stored_meaning(&store, id)? else { continue };
        let (engine, next_party) = recover(&store, id)?;
        not_before = not_before.max(engine.now());
        recovered.push((id, engine, next_party, meaning));
    }
    check_networks(&recovered)?;
    say_of_teams(config, recovered.iter().map(|(.., meaning)| meaning));
    let secrets = Secrets::new(&config.secrets.folder);
    let mut clock = Clock::new(began, not_before);
    let now = clock.now();
    for (id, engine, next_party, meaning) in recovered {
        let passwords = secrets.passwords(&meaning);
        let resumed = resumed(&store, id, engine, meaning, passwords, next_party)?;
        switch.add_tenant(now, resumed, chance()?);
        switch.restore_endpoints(id, &store.endpoints(id).map_err(|e| e.to_string())?);
    }
    let laws = LawWatch::default();
    let laws_broken = laws.broken.clone();
    let trusted = Trusted::new(&config.outside.tls_roots)?;
    let outward = Outward::trusting(&trusted);
    let answers = mail_in.clone();
    let outside = Outside::start(&outward, &secrets, move |tenant, event| {
        // Nobody is there to be told any more when the switch is gone.
        answers.send(Message::Ask(Box::new(move |switch, now| switch.on_event(now, tenant, event))));
    });
    let outside = outside.map_err(|e| e.to_string())?;
    let answers = mail_in.clone();
    let servers = config.sip.name_servers().unwrap_or_default();
    let sources = NameSources { servers, ..NameSources::default() };
    let names = Names::start(sources, move |question, answer| {
        answers.send(Message::Ask(Box::new(move |switch, now| switch.on_name(now, &question, answer))));
    });
    let names = names.map_err(|e| format!("the thread that asks the DNS cannot be started: {e}"))?;
    let thread = SwitchThread::new(switch, clock, sockets, mail_out, journal_in, (outside, names), laws)
        .map_err(|e| e.to_string())?;
    let switch = vital::spawn("switch", move || thread.run());
    let ready = Arc::new(AtomicBool::new(true));
    let background = microsoft::background_of(&config.microsoft)?;
    let delegated = microsoft::delegated_of(&config.microsoft)?.map(Arc::new);
    let handle = Handle {
        store,
        granted: Arc::new(Granted::new(background.clone(), delegated.clone())),
        stops: Arc::default(),
        directories: Arc::default(),
        presences: Arc::default(),
        notices: Arc::new(microsoft::notices_of(&config.microsoft)?),
        refusals: Arc::default(),
        backups: Arc::default(),
        closing: Arc::default(),
        attestations: Arc::default(),
        passes: Arc::default(),
        mail: mail_in,
        secrets: secrets.clone(),
        browsers,
        laws_broken,
        ready,
        teams_alerts: Arc::default(),
        audit_heads: config.audit_heads_file(),
    };
    let delivery = start_delivery(config, &handle, outward, &trusted, secrets)?;
    let alarms = AlarmWatch::start(handle.clone()).map_err(|e| e.to_string())?;
    let audit_heads = AuditHeads::start(handle.clone()).map_err(|e| e.to_string())?;
    let retention = RetentionJob::start(handle.clone()).map_err(|e| e.to_string())?;
    let closing = ClosingJob::start(handle.clone()).map_err(|e| e.to_string())?;
    let key_rotation = KeyRotation::start(handle.clone()).map_err(|e| e.to_string())?;
    let backups = BackupJob::start(handle.clone(), BackupPlan::of(config)).map_err(|e| e.to_string())?;
    for (tenant, _) in handle.store.tenants().map_err(|e| e.to_string())? {
        if handle.store.is_closing(tenant).map_err(|e| e.to_string())? {
            continue;
        }
        handle.directories.load_local(&handle.store, tenant).map_err(|e| e.to_string())?;
    }
    let microsoft = start_microsoft(config, &handle, (background, delegated))?;
    Ok(Running {
        handle,
        udp,
        tcp,
        tls,
        switch: switch.map_err(|e| e.to_string())?,
        journal,
        give_up,
        recorder,
        delivery,
        alarms,
        audit_heads,
        microsoft,
        retention,
        closing,
        key_rotation,
        backups,
        grace: config.grace(),
    })
}

/// What asks Microsoft in the app's own name until it is dropped.
struct AtMicrosoft {
    _shown: Option<TalkShower>,
    _presence: Option<PresenceWatch>,
    _directory: DirectorySync,
}

fn start_microsoft(
    config: &ServerConfig,
    handle: &Handle,
    (background, delegated): (Option<Arc<Background>>, Option<Arc<Delegated>>),
) -> Result<AtMicrosoft, String> {
    let section = &config.microsoft;
    let failed = |e: std::io::Error| format!("no thread can be started: {e}");
    let every = microsoft::directory_every(section).ok_or("microsoft.directory_every is no time")?;
    let public = microsoft::public_of(&config.http.public_url);
    let directory = DirectorySync::start(handle.clone(), (background.clone(), delegated), (every, public));
    let every = microsoft::presence_every(section).ok_or("microsoft.presence_every is no time")?;
    let presence = background.clone().map(|b| PresenceWatch::start(handle.clone(), b, every));
    let shown = background.map(|b| TalkShower::start(handle.clone(), b));
    Ok(AtMicrosoft {
        _shown: shown.transpose().map_err(failed)?,
        _presence: presence.transpose().map_err(failed)?,
        _directory: directory.map_err(failed)?,
    })
}

/// The state as the journal has it, and the first party number that is free. A long journal is shortened by a snapshot.
fn recover(store: &Store, tenant: TenantId) -> Result<(engine::Engine, u64), String> {
    let found = store.recover(tenant).map_err(|e| e.to_string())?;
    let mut engine = found.snapshot.map_or_else(engine::Engine::new, engine::Engine::from_snapshot);
    let (mut events, mut unsaved) = (0, 0);
    loop {
        let page = store.events_after(tenant, engine.position(), PAGE).map_err(|e| e.to_string())?;
        let (last, before) = (page.is_empty(), engine.position());
        events += page.len();
        unsaved += page.len();
        for (at, event) in page {
            engine.handle(at, event);
            // Its outcome is in the journal or its far end is gone with the process: nothing is done twice.
            while engine.poll().is_some() {}
        }
        if unsaved > 0 && (last || unsaved >= REPLAYED) {
            unsaved = 0;
            store.put_snapshot(tenant, engine.now(), &engine.snapshot()).map_err(|e| e.to_string())?;
        }
        if last {
            break;
        }
        if engine.position() == before {
            return Err(format!("the journal of tenant {} does not go on after event {before}", tenant.0));
        }
    }
    tracing::info!(
        event = "recovered",
        tenant = tenant.0,
        events,
        open_calls = engine.calls().len(),
        "journal replayed"
    );
    Ok((engine, found.next_party))
}

/// Takes up a tenant while the server runs, as a start does; one that is there stays.
///
/// # Errors
/// A sentence; the tenant is taken up by the next start then.
pub fn take_up(handle: &Handle, tenant: TenantId) -> Result<(), String> {
    let store = &handle.store;
    let Some(meaning) = stored_meaning(store, tenant)? else { return Ok(()) };
    let (engine, next_party) = recover(store, tenant)?;
    let passwords = handle.secrets.passwords(&meaning);
    let resumed = resumed(store, tenant, engine, meaning, passwords, next_party)?;
    let endpoints = store.endpoints(tenant).map_err(|e| e.to_string())?;
    handle.directories.load_local(store, tenant).map_err(|e| e.to_string())?;
    let seed = chance()?;
    let taken = handle.ask_and_wait(move |switch, now| {
        if switch.tenant(tenant).is_none() {
            switch.add_tenant(now, resumed, seed);
            switch.restore_endpoints(tenant, &endpoints);
        }
    });
    taken.ok_or_else(|| "the server is stopping: the tenant is taken up when it is started again".into())
}

/// How a tenant was taken up for trial.
pub struct TakenUp {
    /// Journal position of its newest event.
    pub position: u64,
    /// Calls that were open then.
    pub open_calls: usize,
}

/// Takes a tenant up as a start does, without a socket: its configuration is understood, its journal replayed, and every
/// law is checked.
///
/// # Errors
/// A sentence.
pub fn taken_up(store: &Store, tenant: TenantId) -> Result<TakenUp, String> {
    stored_meaning(store, tenant)?;
    let (engine, _) = recover(store, tenant)?;
    engine.check_all().map_err(|broken| format!("a law is broken: {broken:?}"))?;
    Ok(TakenUp { position: engine.position(), open_calls: engine.calls().len() })
}

/// A tenant as the switch takes it up again: with the numbers of those it promised to call back, which only the store has.
fn resumed(
    store: &Arc<Store>,
    id: TenantId,
    engine: engine::Engine,
    meaning: Meaning,
    passwords: Passwords,
    next_party: u64,
) -> Result<Resumed, String> {
    let mut parties = std::collections::HashMap::new();
    for callback in engine.callbacks().values() {
        // A person who was erased meanwhile is not called: the try fails and ends the promise.
        if let Ok(party) = store.party(id, callback.party.0) {
            let number = meaning.outward(party.address.expose_secret()).ok().map(|to| to.number);
            parties.extend(number.map(|n| (callback.party, redact::Secret::new(n))));
        }
    }
    let person = store.person_hash(id).map_err(|e| e.to_string())?;
    let aliases = Aliases::known(store.aliases(id).map_err(|e| e.to_string())?);
    let said_no = store.said_no(id).map_err(|e| e.to_string())?;
    let registrations = store.registrations(id, crate::clock::wall_ms()).map_err(|e| e.to_string())?;
    Ok(Resumed {
        id,
        engine,
        meaning,
        passwords,
        next_party,
        parties,
        person,
        aliases,
        said_no,
        registrations,
    })
}

/// Webhooks and e-mail.
fn start_delivery(
    config: &ServerConfig,
    handle: &Handle,
    outward: Outward,
    trusted: &Trusted,
    secrets: Secrets,
) -> Result<Delivery, String> {
    let asked = handle.clone();
    let told = move |tenant| {
        let found = asked.ask_and_wait(move |switch, _| {
            switch.tenant(tenant).map(|t| Told { rules: t.rules.clone(), meaning: t.meaning.clone() })
        });
        found.flatten()
    };
    let courier = Courier {
        store: handle.store.clone(),
        outward,
        secrets,
        post: Post::new(&config.mail, &config.http.url(), trusted)?,
        teams: handle.teams_alerts.clone(),
        time_out: crate::webhook_io::TIME_OUT,
        seed: chance()?,
        ask: Box::new(told),
    };
    Delivery::start(courier).map_err(|e| e.to_string())
}

/// Each leg takes two sockets: as many files as the system allows are asked for.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(e) = setrlimit(Resource::Nofile, wanted) {
        tracing::warn!(event = "file_limit", cause = %e, limit = limit.current, "the limit of open files could not be raised");
    }
}

fn sip_sockets(config: &ServerConfig) -> Result<SipSockets, String> {
    let said =
        |what: &str, addr: &str, e: std::io::Error| crate::config::not_opened(what, format!("{addr:?}"), &e);
    let udp = match config.sip.udp.as_str() {
        "" => None,
        addr => Some(UdpSocket::bind(addr).map_err(|e| said("sip.udp", addr, e))?),
    };
    let tcp = match config.sip.tcp.as_str() {
        "" => None,
        addr => Some(TcpListener::bind(addr).map_err(|e| said("sip.tcp", addr, e))?),
    };
    let tls = match config.sip.tls.as_str() {
        "" => None,
        addr => Some(TcpListener::bind(addr).map_err(|e| said("sip.tls", addr, e))?),
    };
    let secure = sip_tls(config)?;
    let mut sockets = SipSockets::new(udp, tcp, tls, secure).map_err(|e| e.to_string())?;
    let us = |span: &str| Span::read(span).map(|s| s.0 * 1_000);
    if let (Some(renew), Some(keep_alive)) = (us(&config.sip.tls_renew), us(&config.sip.tls_keep_alive)) {
        sockets.keep_up(Upkeep { renew, keep_alive });
    }
    Ok(sockets)
}

/// Certificate and roots of SIP over TLS, where there is a certificate; new files are taken up from now on.
fn sip_tls(config: &ServerConfig) -> Result<Option<SipTls>, String> {
    if config.sip.tls_cert.is_empty() {
        return Ok(None);
    }
    let certificate = Certificate::load("sip", &config.sip.tls_cert, &config.sip.tls_key)?;
    let secure = SipTls::new(certificate.clone(), &config.sip.tls_roots)?;
    let name = config.sip.tls_name.clone();
    // What is wrong may be put right while it runs.
    let say = move |certificate: &Certificate| {
        let now = certificate_report::now();
        let report = certificate_report::report("sip.tls_cert", &certificate.chain(), &name, now);
        for line in report.lines {
            tracing::info!(event = "certificate", "{line}");
        }
        for problem in report.problems {
            tracing::warn!(event = "certificate", "{problem}");
        }
    };
    say(&certificate);
    let watched = Arc::downgrade(&certificate);
    let look = move || {
        while let Some(certificate) = watched.upgrade() {
            let edition = certificate.edition();
            certificate.look();
            if certificate.edition() != edition {
                say(&certificate);
            }
            drop(certificate);
            std::thread::sleep(crate::tls::LOOK);
        }
    };
    std::thread::Builder::new()
        .name("certificates".into())
        .spawn(look)
        .map_err(|e| format!("no thread can be started: {e}"))?;
    Ok(Some(secure))
}

/// What Teams would refuse of our certificate, for the trunks of each tenant.
fn say_of_teams<'a>(config: &ServerConfig, tenants: impl Iterator<Item = &'a Meaning>) {
    for meaning in tenants {
        let Some(said) = teams_certificate::judge_ours(&meaning.trunk_plans, &config.sip) else { continue };
        for line in said.lines {
            tracing::info!(event = "certificate", tenant = meaning.tenant, "{line}");
        }
        for problem in said.problems {
            tracing::warn!(event = "certificate", tenant = meaning.tenant, "{problem}");
        }
    }
}

fn media_settings(config: &ServerConfig) -> Result<MediaSettings, String> {
    let advertised = config.media.address.parse().map_err(|_| "media.address is no address")?;
    let bind = match config.media.bind.as_str() {
        "" => advertised,
        bind => bind.parse().map_err(|_| "media.bind is no address")?,
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = match config.media.threads {
        // One core is for everything else.
        0 => cores.saturating_sub(1).clamp(1, 32),
        n => n as usize,
    };
    let time_out = Span::read(&config.media.rtp_timeout).map(|s| s.0 * 1_000).filter(|us| *us > 0);
    Ok(MediaSettings {
        advertised,
        bind,
        ports: config.ports().ok_or("media.ports is not first-last")?,
        browser_port: u16::try_from(config.media.browser_port)
            .map_err(|_| "media.browser_port is no port")?,
        threads,
        time_out,
    })
}

fn chance() -> Result<u64, String> {
    secret().map(u64::from_ne_bytes)
}

fn secret<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| format!("the operating system gives no random bytes: {e}"))?;
    Ok(bytes)
}

impl Handle {
    /// Does something on the switch's thread and gives what comes of it. `None` when that thread is gone.
    pub async fn ask<R: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Switch, Now) -> R + Send + 'static,
    ) -> Option<R> {
        let (tx, rx) = tokio::sync::oneshot::channel();
        let work: crate::switch_io::Task = Box::new(move |switch, now| {
            // Whoever asked may have gone away meanwhile.
            let _ = tx.send(task(switch, now));
        });
        self.mail.try_send(Message::Ask(work)).ok()?;
        rx.await.ok()
    }

    /// The same for threads that may wait.
    pub fn ask_and_wait<R: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Switch, Now) -> R + Send + 'static,
    ) -> Option<R> {
        let (tx, rx) = std::sync::mpsc::sync_channel(1);
        let work: crate::switch_io::Task = Box::new(move |switch, now| {
            let _ = tx.send(task(switch, now));
        });
        self.mail.try_send(Message::Ask(work)).ok()?;
        rx.recv().ok()
    }

    /// Puts documents in force: stored, understood, and told to the engine. To be called where waiting is allowed.
    ///
    /// # Errors
    /// Every problem; nothing was changed then.
    pub fn apply(&self, tenant: TenantId, who: &str, wanted: &Documents) -> Result<Vec<Step>, Vec<Problem>> {
        let problem = |what: String| vec![Problem { file: String::new(), line: 0, what }];
        let steps = store_documents(&self.store, tenant, who, wanted).map_err(problem)?;
        if steps.iter().any(|s| s.kind == "User" && s.action == Action::Delete) {
            // The key that opened what was said of them is gone: backups must not have it either.
            crate::retention_io::replace_copies(&self.store);
        }
        let understood = stored_meaning(&self.store, tenant).map_err(problem)?;
        if let Some(m) = understood.filter(|_| !steps.is_empty()) {
            let passwords = self.secrets.passwords(&m);
            let directory = m.microsoft.clone().filter(|_| m.features.has(Feature::DirectorySync));
            self.ask_and_wait(move |switch, now| switch.configure(now, tenant, m, passwords))
                .ok_or_else(|| problem("the server is stopping".into()))?;
            // Whoever closes a connection to Microsoft knows when this returns that nobody of its directory is kept.
            let erased = self.directories.erase(&self.store, tenant, directory.as_deref());
            if erased.map_err(|e| problem(e.to_string()))? {
                crate::retention_io::replace_copies(&self.store);
                tracing::info!(event = "directory_erased", tenant = tenant.0, "a directory was disconnected");
            }
        }
        Ok(steps)
    }

    /// Checks documents against each other as a whole tenant.
    ///
    /// # Errors
    /// Every problem.
    pub fn check(values: Vec<serde_json::Value>) -> Result<Documents, Vec<Problem>> {
        check::check_values(values)
    }
}

impl Running {
    /// Stops: no new calls, those in progress may end within the configured time, everything is written.
    ///
    /// # Errors
    /// What could not be written, in a sentence.
    pub fn stop(self) -> Result<(), String> {
        self.handle.ready.store(false, Ordering::Relaxed);
        let end = Instant::now() + self.grace;
        drop(self.alarms);
        drop(self.audit_heads);
        drop(self.microsoft);
        drop(self.retention);
        drop(self.closing);
        drop(self.key_rotation);
        drop(self.backups);
        // Set once: there is one stop.
        let _ = self.give_up.set(end + LAST_WORDS);
        self.handle.mail.send(Message::Stop(end));
        // A thread that panicked has ended the process.
        let mut states = self.switch.join().unwrap_or_default();
        let written = self.journal.join().unwrap_or(Ok(()));
        if written.is_err() {
            // A state beyond the journal would hide what the journal lacks.
            states.clear();
        }
        self.delivery.stop();
        for (tenant, at, state) in states {
            if let Err(e) = self.handle.store.put_snapshot(tenant, at, &state) {
                tracing::warn!(event = "snapshot", cause = %e, "no snapshot was written: the next start replays the journal");
            }
        }
        drop(self.handle);
        let _ = self.recorder.join();
        written.map_err(|Lost(what)| what)
    }
}
