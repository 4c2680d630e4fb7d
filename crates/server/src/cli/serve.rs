//! `switchroom serve`

use crate::attest::Ground;
use crate::bot::Bot;
use crate::cli::arguments::Arguments;
use crate::cli::{Outcome, say};
use crate::config::{self, ServerConfig};
use crate::http::{Api, HttpSettings, Persona};
use crate::log_tap::Tee;
use crate::microsoft::Microsoft;
use crate::running::{self, Running};
use crate::tenant::check::{Documents, read_folder};
use crate::tls::Certificate;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use tokio_rustls::TlsAcceptor;

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    if args.take("print-config").is_some() {
        args.end()?;
        say(config::DEFAULTS);
        return Ok(());
    }
    let path = args.need("config")?;
    let apply = args.take("apply");
    start_log(args.take("log").as_deref())?;
    args.end()?;
    let config = config::load(Path::new(&path))?;
    let documents = match apply {
        Some(dir) => Some(
            read_folder(Path::new(&dir))
                .map_err(|p| p.iter().map(ToString::to_string).collect::<Vec<_>>())?,
        ),
        None => None,
    };
    let stop = StopSignal::listen()?;
    let server = Server::start(&config, documents.as_ref(), Vec::new())?;
    server.say_ready();
    stop.wait(None);
    tracing::info!(event = "stopping", "asked to stop: calls in progress may end");
    if let Err(lost) = server.stop() {
        tracing::error!(event = "journal_lost", cause = lost, "stopped, and something is lost");
        return Err(lost.into());
    }
    tracing::info!(event = "stopped", "stopped");
    Ok(())
}

/// Switch and HTTP together.
pub struct Server {
    running: Running,
    runtime: tokio::runtime::Runtime,
    /// Address of the API.
    pub http: std::net::SocketAddr,
    /// Address of the admin pages.
    pub admin: std::net::SocketAddr,
    /// Where people reach the API, if that is another address.
    public_url: String,
    /// Whether the API speaks HTTPS.
    is_tls: bool,
    ground: Arc<Ground>,
}

impl Server {
    /// Starts both. `personas` are made-up people as whom anybody may sign in.
    ///
    /// # Errors
    /// A sentence.
    pub fn start(
        config: &ServerConfig,
        apply: Option<&Documents>,
        personas: Vec<Persona>,
    ) -> Result<Server, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(16)
            .thread_name("http")
            .enable_all()
            .build()
            .map_err(|e| e.to_string())?;
        let tls = match config.http.is_tls() {
            true => {
                let certificate = Certificate::load("http", &config.http.tls_cert, &config.http.tls_key)?;
                Some((TlsAcceptor::from(certificate.config()?), certificate))
            }
            false => None,
        };
        let bind = |key: &str, addr: &str| {
            let bound = runtime.block_on(tokio::net::TcpListener::bind(addr));
            bound.map_err(|e| crate::config::not_opened(key, format!("{addr:?}"), &e))
        };
        let http = bind("http.listen", &config.http.listen)?;
        let admin = bind("admin.listen", &config.admin.listen)?;
        let address = |l: &tokio::net::TcpListener| l.local_addr().map_err(|e| e.to_string());
        let (http_addr, admin_addr) = (address(&http)?, address(&admin)?);
        let running = running::start(config, apply)?;
        let microsoft = Microsoft::of(&config.microsoft)?;
        let mut settings = HttpSettings { personas, ..HttpSettings::of(config)? };
        if config.http.public_url.is_empty() {
            // The port may have been left to the system.
            settings.url = settings.url.replace(&config.http.listen, &http_addr.to_string());
        }
        let url = settings.url.clone();
        let api = Api::new(running.handle.clone(), settings, microsoft, config.dial.calls);
        api.connector.remember_for(config.dial.memory().ok_or("dial.memory is no time")?);
        let bot = Bot::start(&config.microsoft, running.handle.clone(), api.connector.clone(), &url)?;
        let ground = Arc::new(Ground {
            handle: running.handle.clone(),
            config: config.clone(),
            http: http_addr,
            admin: admin_addr,
            udp: running.udp,
            sips: running.tls,
        });
        let api = Api { bot: bot.map(Arc::new), ground: Some(ground.clone()), ..api };
        runtime.spawn(crate::http::serve(api, http, admin, tls));
        let (public_url, is_tls) = (config.http.public_url.clone(), config.http.is_tls());
        Ok(Server { running, runtime, http: http_addr, admin: admin_addr, public_url, is_tls, ground })
    }

    /// The way to everything.
    pub fn handle(&self) -> &running::Handle {
        &self.running.handle
    }

    /// What an attestation's checks look at.
    pub fn ground(&self) -> &Ground {
        &self.ground
    }

    /// The line that says that calls can come.
    pub fn say_ready(&self) {
        let text = |a: Option<std::net::SocketAddr>| a.map(|a| a.to_string()).unwrap_or_default();
        tracing::info!(
            event = "ready",
            http = %self.http,
            public_url = self.public_url,
            https = self.is_tls,
            admin = %self.admin,
            sip_udp = text(self.running.udp),
            sip_tcp = text(self.running.tcp),
            browsers = %self.running.handle.browsers.address(),
            "ready"
        );
    }

    /// Stops: calls in progress may end within the configured time.
    ///
    /// # Errors
    /// What could not be written, in a sentence.
    pub fn stop(self) -> Result<(), String> {
        // The API answers until the calls are over.
        let written = self.running.stop();
        self.runtime.shutdown_timeout(std::time::Duration::from_secs(2));
        written
    }
}

/// Starts the log: JSON lines, or lines for people.
///
/// # Errors
/// Wrong use.
pub fn start_log(form: Option<&str>) -> Result<(), crate::cli::Failure> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SWITCHROOM_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_writer(|| Tee(std::io::stderr()));
    match form {
        Some("json") => log.json().flatten_event(true).with_writer(|| Tee(std::io::stdout())).init(),
        None => log.compact().init(),
        Some(other) => {
            return Err(crate::cli::Failure::Usage(format!("--log {other}: only json is possible")));
        }
    }
    crate::vital::log_panics();
    Ok(())
}

/// Asks to stop from outside: SIGINT and SIGTERM. A second one ends the process at once.
pub struct StopSignal {
    asked: Receiver<()>,
}

impl StopSignal {
    /// Listens from here on: to be called before anybody is told that the server is ready.
    ///
    /// # Errors
    /// A sentence.
    pub fn listen() -> Result<StopSignal, String> {
        let signals = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];
        let before = Arc::new(AtomicBool::new(false));
        for signal in signals {
            signal_hook::flag::register_conditional_shutdown(signal, 1, before.clone())
                .map_err(|e| e.to_string())?;
        }
        let mut waiting = signal_hook::iterator::Signals::new(signals).map_err(|e| e.to_string())?;
        let (tx, asked) = channel();
        let wait = move || {
            if waiting.forever().next().is_some() {
                before.store(true, Ordering::Relaxed);
                let _ = tx.send(());
            }
        };
        std::thread::Builder::new().name("signals".into()).spawn(wait).map_err(|e| e.to_string())?;
        Ok(StopSignal { asked })
    }

    /// Waits until somebody asks, or until the time is over.
    pub fn wait(&self, time: Option<std::time::Duration>) {
        // However it ends, it is time to stop.
        let _ = match time {
            Some(time) => self.asked.recv_timeout(time).is_ok(),
            None => self.asked.recv().is_ok(),
        };
    }
}
