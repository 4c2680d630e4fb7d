//! `switchroom demo`: a made-up contact centre, everything embedded, with callers and agents over real SIP.

mod microsoft_io;
mod table;
mod teams;
mod telephones_io;
mod traffic_io;
mod visitor;
mod work_accounts;

use crate::cli::arguments::Arguments;
use crate::cli::serve::{Server, StopSignal, start_log};
use crate::cli::{Failure, Outcome, say};
use crate::config;
use crate::http::Persona;
use crate::tenant::check::{Documents, check_values};
use crate::tenant::objects::Span;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::Role;
use work_accounts::Account;

/// The name of the tenant that visitors sign in to.
const TENANT: &str = "demo";
/// The file with the secret of all our app registrations in the made-up Microsoft.
const MICROSOFT_SECRET: &str = "microsoft-secret";
/// Where the made-up phones are, counted from Switchroom's own SIP port.
const PHONES: u16 = 100;

/// As whom a visitor may sign in. The agent and the supervisor have made-up phones too, which pick up by themselves: they
/// ring where no browser is.
const PERSONAS: [Persona; 4] = [
    Persona {
        persona: "agent",
        user: visitor::VISITOR,
        name: "Robin Ray",
        says: "Take calls in this browser: the first one comes within seconds.",
    },
    Persona {
        persona: "supervisor",
        user: "supervisor",
        name: "Sam Stone",
        says: "See and steer the floor: states, queues, listening, taking over.",
    },
    Persona { persona: "owner", user: "owner", name: "Olga Oak", says: "Everything, the configuration too." },
    Persona {
        persona: "auditor",
        user: "auditor",
        name: "Alex Ash",
        says: "See calls, reports and who did what; hear nothing and change nothing.",
    },
];

/// The people of PERSONAS and the made-up agents with their work accounts. The first administers the made-up Microsoft
/// tenant.
fn accounts(agents: u32) -> Vec<Account> {
    let account = |name: &str, role, user: String, is_visited| {
        let (given, surname) = name.split_once(' ')?;
        Some(Account { given: given.into(), surname: surname.into(), role, user, is_visited })
    };
    let visited = PERSONAS.iter().filter_map(|p| account(p.name, p.persona, p.user.into(), true));
    let mut all: Vec<Account> = visited.collect();
    all.sort_by_key(|a| a.role != "owner");
    // No two of them have the same name up to there.
    all.extend(
        (1..=agents.min(OF_ONE_NAME))
            .filter_map(|n| account(&agent_name(n), "agent", format!("agent{n}"), false)),
    );
    all
}

/// Starts the made-up Microsoft tenant, and says in the configuration where it is and who we are there.
pub fn start_microsoft(
    config: &mut config::ServerConfig,
    folder: &Path,
    listen: SocketAddr,
    (people, agents): (u32, u32),
) -> Result<microsoft_io::Running, Failure> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|e| e.to_string())?;
    let secret: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let file = folder.join(MICROSOFT_SECRET);
    std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    std::fs::write(&file, &secret).map_err(|e| format!("{}: {e}", file.display()))?;
    let make = |base: &str| {
        let mut microsoft = work_accounts::made_up(base, &secret, &accounts(agents), people);
        teams::add(&mut microsoft, &secret);
        microsoft
    };
    let running = microsoft_io::start(listen, None, make)?;
    config.microsoft.login = running.base();
    config.microsoft.graph = running.base();
    config.microsoft.sign_in_app = work_accounts::SIGN_IN_APP.into();
    config.microsoft.sign_in_secret_file = file.display().to_string();
    config.microsoft.background_app = work_accounts::BACKGROUND_APP.into();
    config.microsoft.background_secret_file = file.display().to_string();
    Ok(running)
}

/// A made-up Microsoft tenant that runs.
pub use microsoft_io::Running as MadeUpMicrosoft;
pub use work_accounts::SIGN_IN_APP;

/// The name with which somebody of the made-up directory signs in.
pub fn work_account() -> Option<String> {
    accounts(0).first().map(Account::name)
}

/// The id of the made-up directory.
pub fn directory_of(microsoft: &MadeUpMicrosoft) -> Option<String> {
    microsoft.with(|m, _| m.tenant(work_accounts::DOMAIN).map(|t| t.id().to_string()))
}

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let mut take = |name: &str, default: &str| args.take(name).unwrap_or_else(|| default.into());
    let http = take("http", "127.0.0.1:8080");
    let admin = take("admin", "127.0.0.1:9090");
    let sip = take("sip", "127.0.0.1:5060");
    let agents: u32 = number("agents", &take("agents", "12"), 500)?;
    let calls: u32 = number("calls-per-minute", &take("calls-per-minute", "30"), 3_000)?;
    let microsoft = take("microsoft", "127.0.0.1:0");
    let people: u32 = number("people", &take("people", "300"), 1_000_000)?;
    let data = args.take("data");
    let time = match args.take("for") {
        Some(text) => {
            Some(Span::read(&text).ok_or_else(|| Failure::Usage(format!("--for {text}: write it as 60s")))?)
        }
        None => None,
    };
    let log = args.take("log");
    args.end()?;
    let sip_addr: SocketAddr =
        sip.parse().map_err(|_| Failure::Usage(format!("--sip {sip}: write address:port")))?;
    let microsoft: SocketAddr = microsoft
        .parse()
        .map_err(|_| Failure::Usage(format!("--microsoft {microsoft}: write address:port")))?;
    if !microsoft.ip().is_loopback() {
        return Err(Failure::Usage(format!(
            "--microsoft {microsoft}: a made-up tenant stays on this machine"
        )));
    }
    if log.is_some() || !std::io::stdout().is_terminal() {
        start_log(log.as_deref())?;
    }
    // Without a folder of its own the demo leaves nothing behind.
    let scratch = tempfile::tempdir().map_err(|e| e.to_string())?;
    let folder = data.map_or_else(|| scratch.path().to_path_buf(), Into::into);
    let mut config = config::defaults()?;
    config.http.listen = http;
    config.admin.listen = admin;
    config.sip.udp = sip.clone();
    config.sip.tcp = sip;
    config.media.address = sip_addr.ip().to_string();
    config.store.url = format!("sqlite:{}/switchroom.db", folder.display());
    config.blobs.url = format!("file:{}/blobs", folder.display());
    config.keys.url = format!("file:{}/master.key", folder.display());
    config.shutdown.grace = "5s".into();

    let stop = StopSignal::listen()?;
    let microsoft = Arc::new(start_microsoft(&mut config, &folder, microsoft, (people, agents))?);
    connect_teams(&mut config, &folder, &microsoft)?;
    let telephones = telephones_io::start(sip_addr.ip(), microsoft.clone())?;
    store_tenants(&config, &teams::documents(&microsoft, telephones.addr)?)?;
    let phones = SocketAddr::new(sip_addr.ip(), sip_addr.port().wrapping_add(PHONES).max(1_024));
    let server = Server::start(&config, Some(&tenant(phones, agents, &microsoft)?), PERSONAS.to_vec())?;
    let redirect = format!("http://{}{}", server.http, crate::http::CALLBACK);
    microsoft.with(|m, _| {
        m.change_registration(work_accounts::SIGN_IN_APP, |app| app.redirect_uris.push(redirect));
    });
    teams::open(&microsoft, server.http);
    let handle = server.handle().clone();
    let tenants = handle.store.tenants().map_err(|e| e.to_string())?;
    let tenant = tenants
        .iter()
        .find(|(_, name)| name == TENANT)
        .map(|(id, _)| *id)
        .ok_or("the demo's tenant is missing".to_string())?;
    let now = crate::clock::wall_ms();
    let token = handle.store.new_token(tenant, Role::Owner, now).map_err(|e| e.to_string())?;
    let traffic = traffic_io::start(phones, sip_addr, agents, calls)?;
    server.say_ready();
    if log.is_none() {
        say(&welcome(&server, sip_addr, token.expose_secret(), &microsoft));
    }
    let table = table::start(handle.clone(), tenant, log.is_some());
    let visitor = visitor::start(handle.clone(), tenant, traffic.visit());
    let began = std::time::Instant::now();
    stop.wait(time.map(|t| Duration::from_millis(t.0)));
    table.stop();
    visitor.stop();
    let counts = traffic.stop();
    let end = verdict(&handle, tenant, &counts, began.elapsed());
    telephones.stop();
    server.stop()?;
    drop(microsoft);
    match end {
        Ok(text) => {
            if log.is_none() {
                say(&text);
            }
            tracing::info!(event = "demo_ended", "{text}");
            Ok(())
        }
        Err(text) => Err(Failure::NotInOrder(text)),
    }
}

/// Says in the configuration where the made-up Teams is, and who bot and tab are there.
///
/// # Errors
/// A sentence: the made-up Teams is not there.
pub fn connect_teams(
    config: &mut config::ServerConfig,
    folder: &Path,
    microsoft: &microsoft_io::Running,
) -> Result<(), Failure> {
    let base = microsoft.base();
    let home = microsoft.with(|m, _| m.tenant(teams::DOMAIN).map(|t| t.id().to_string()));
    config.microsoft.bot_app = teams::BOT_APP.into();
    config.microsoft.bot_secret_file = folder.join(MICROSOFT_SECRET).display().to_string();
    config.microsoft.bot_tenant = home.ok_or("the made-up Teams has no company".to_string())?;
    config.microsoft.bot_connector = format!("{base}/bot");
    config.microsoft.tab_app = teams::TAB_APP.into();
    config.microsoft.tab_hosts = base;
    Ok(())
}

/// Makes the demo's tenants, in whose first visitors sign in, and stores what describes the second.
fn store_tenants(config: &config::ServerConfig, second: &Documents) -> Result<(), Failure> {
    let store = crate::running::open_store(config)?;
    let now = crate::clock::wall_ms();
    store.tenant(TENANT, now).map_err(|e| e.to_string())?;
    let tenant = store.tenant(teams::TENANT, now).map_err(|e| e.to_string())?;
    crate::running::store_documents(&store, tenant, "command line", second)?;
    Ok(())
}

fn number(name: &str, text: &str, most: u32) -> Result<u32, Failure> {
    text.parse()
        .ok()
        .filter(|n| *n <= most)
        .ok_or_else(|| Failure::Usage(format!("--{name} {text}: a number up to {most}")))
}

fn welcome(server: &Server, sip: SocketAddr, token: &str, microsoft: &microsoft_io::Running) -> String {
    let (http, admin, entra) = (server.http, server.admin, microsoft.addr);
    format!(
        "Switchroom is running with a made-up contact centre.\n\n\
         Open      http://{http}/\n\
         Dial      sip:100@{sip}   (greeting, music, an agent; recorded)\n\
         Metrics   http://{admin}/metrics\n\
         Teams     http://{entra}/teams   (made up: press a number in a chat, and your desk phone rings)\n\
         Microsoft http://{entra}/   (a made-up tenant, for signing in with a work account)\n\
         Sign in   by one click on that page; for the API: Authorization: Bearer {token}\n\
         \n          for example: curl -H 'Authorization: Bearer {token}' http://{http}/api/v1/calls\n\n\
         Stop with Ctrl-C.\n"
    )
}

/// Made-up agents up to this one have names of their own.
const OF_ONE_NAME: u32 = 320;

/// A name for a made-up agent; those up to [`OF_ONE_NAME`] differ.
fn agent_name(n: u32) -> String {
    const GIVEN: [&str; 16] = [
        "Amina", "Bruno", "Chloe", "Daniel", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Kaya",
        "Luca", "Mira", "Nils", "Olivia", "Pavel",
    ];
    const FAMILY: [&str; 20] = [
        "Abel", "Brandt", "Cruz", "Dahl", "Egger", "Farkas", "Gruber", "Haas", "Ilić", "Jansen", "Keller",
        "Lund", "Moreau", "Novak", "Okafor", "Petit", "Quint", "Rossi", "Silva", "Toth",
    ];
    let (n, given, family) = (n as usize, GIVEN.len(), FAMILY.len());
    let place = (n + n / family) % given;
    format!("{} {}", GIVEN.get(place).unwrap_or(&""), FAMILY.get(n % family).unwrap_or(&""))
}

/// The tenant: the queues of the numbers 100 and 200 with agents whose phones are made up too, and that of the number 300,
/// which the visitor serves.
fn tenant(phones: SocketAddr, agents: u32, microsoft: &microsoft_io::Running) -> Result<Documents, Failure> {
    let name = |n: u32| format!("agent{n}");
    let (directory, objects) = microsoft.with(|m, _| {
        let tenant = m.tenant(work_accounts::DOMAIN);
        let object = |a: &Account| {
            let people = tenant?.directory();
            people.find(&a.name()).map(|place| (a.user.clone(), people.id(place)))
        };
        let objects: BTreeMap<String, String> = accounts(agents).iter().filter_map(object).collect();
        (tenant.map(|t| t.id().to_string()), objects)
    });
    let mut all: Vec<Value> = vec![
        json!({"kind": "Tenant", "id": TENANT, "name": "Harbour Bikes", "profile": "contact-center",
            "microsoft": directory, "hold_music": "music",
            "break_reasons": ["lunch", "coffee", "training"]}),
        // A softphone on this machine may name the address of another interface in its session description.
        json!({"kind": "Trunk", "id": "loopback", "networks": [format!("{}/{}", phones.ip(), if phones.is_ipv4() { 8 } else { 128 })],
            "nat": true}),
        json!({"kind": "Number", "id": "service", "number": "100", "flow": "service"}),
        json!({"kind": "Number", "id": "sales", "number": "200", "flow": "sales"}),
        json!({"kind": "Number", "id": "workshop", "number": visitor::VISITORS_NUMBER, "flow": "workshop"}),
        json!({"kind": "Flow", "id": "workshop", "steps": [{"record": true}, {"queue": "workshop"}, {"say": "sorry"}]}),
        json!({"kind": "Queue", "id": "workshop", "name": "Workshop", "agents": [visitor::VISITOR], "ring_time": "30s",
            "wrap_up": "30s", "more_wrap_up": "2m", "max_wait": "5m", "music": "music"}),
        json!({"kind": "Disposition", "id": "repair", "name": "Repair booked", "queues": ["workshop"]}),
        json!({"kind": "Disposition", "id": "solved", "name": "Question answered"}),
        json!({"kind": "Disposition", "id": "sold", "name": "Sold something", "queues": ["sales"]}),
        json!({"kind": "Disposition", "id": "later", "name": "Will call again"}),
        json!({"kind": "Prompt", "id": "greeting", "tone": {"hz": 523, "length": "1200ms"}}),
        json!({"kind": "Prompt", "id": "sorry", "tone": {"hz": 330, "length": "1s"}}),
        json!({"kind": "Prompt", "id": "music", "music": true}),
    ];
    for (id, shown, other) in [("service", "Service", 0), ("sales", "Sales", 1)] {
        all.push(json!({"kind": "Flow", "id": id, "steps": [
            {"say": "greeting"}, {"record": true}, {"queue": id}, {"say": "sorry"}]}));
        // Two thirds of the agents serve each queue, so a third serves both.
        let members: Vec<String> = (1..=agents).filter(|n| n % 3 != other + 1).map(name).collect();
        all.push(json!({"kind": "Queue", "id": id, "name": shown, "agents": members, "ring_time": "15s", "wrap_up": "3s",
            "max_wait": "5m", "music": "music",
            "alarms": {"waiting": 4, "longest_wait": "30s", "service_level": 80}}));
    }
    for n in 1..=agents {
        all.push(json!({"kind": "User", "id": name(n), "name": agent_name(n), "roles": ["agent"],
            "microsoft": objects.get(&name(n)), "phone": format!("sip:{}@{phones}", name(n)),
            "at_start": "available"}));
    }
    for Persona { persona, user, name, .. } in PERSONAS {
        let mut who = json!({"kind": "User", "id": user, "name": name, "roles": [persona]});
        if matches!(persona, "agent" | "supervisor") {
            who["phone"] = format!("sip:{user}@{phones}").into();
        }
        if let Some(id) = objects.get(user) {
            who["microsoft"] = id.clone().into();
        }
        all.push(who);
    }
    check_values(all).map_err(|p| Failure::from(p.iter().map(ToString::to_string).collect::<Vec<_>>()))
}

/// A demo that is stopped sooner is not blamed for calls that no agent has answered: the first caller may still be hearing
/// the greeting.
const TIME_TO_ANSWER: Duration = Duration::from_secs(15);

/// Whether everything that must hold has held.
fn verdict(
    handle: &crate::running::Handle,
    tenant: store::TenantId,
    counts: &sim::Counts,
    ran: Duration,
) -> Result<String, String> {
    // The last hang-ups are on their way: they get a moment.
    let until = std::time::Instant::now() + Duration::from_secs(2);
    let (law, ended, open) = loop {
        let look = handle.ask_and_wait(move |switch, _| {
            let t = switch.tenant(tenant)?;
            Some((t.engine.check_all(), t.engine.ended_calls(), t.engine.calls().len()))
        });
        let Some(found) = look.ok_or("the switch does not answer")? else {
            return Ok("The account was ended by an owner: its calls went with it.".into());
        };
        if found.2 == 0 || std::time::Instant::now() > until {
            break found;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    law.map_err(|broken| format!("a law is broken: {broken:?}"))?;
    let broken = handle.laws_broken.load(std::sync::atomic::Ordering::Relaxed);
    if broken > 0 {
        return Err(format!("{broken} times a law was found broken: see the log"));
    }
    if ran >= TIME_TO_ANSWER && counts.dialled > 0 && counts.answered == 0 {
        return Err(format!("{} calls were made and no agent answered one", counts.dialled));
    }
    Ok(format!(
        "{} calls made, {} answered by an agent, {} gave up; {ended} ended, {open} still open; all laws held.",
        counts.dialled, counts.answered, counts.gave_up
    ))
}
