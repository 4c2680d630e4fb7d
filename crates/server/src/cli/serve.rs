//! `switchroom serve`

use crate::cli::arguments::Arguments;
use crate::cli::{Outcome, say};
use crate::config::{self, ServerConfig};
use crate::http::Api;
use crate::running::{self, Running};
use crate::tenant::check::{Documents, read_folder};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};

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
        Some(dir) => Some(read_folder(Path::new(&dir)).map_err(|p| p.iter().map(ToString::to_string).collect::<Vec<_>>())?),
        None => None,
    };
    let server = Server::start(&config, documents.as_ref())?;
    server.say_ready();
    wait_for_signal(None);
    tracing::info!(event = "stopping", "asked to stop: calls in progress may end");
    server.stop();
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
}

impl Server {
    /// Starts both.
    ///
    /// # Errors
    /// A sentence.
    pub fn start(config: &ServerConfig, apply: Option<&Documents>) -> Result<Server, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(16)
            .thread_name("http")
            .enable_all()
            .build()
            .map_err(|e| e.to_string())?;
        let bind = |key: &str, addr: &str| {
            let bound = runtime.block_on(tokio::net::TcpListener::bind(addr));
            bound.map_err(|e| format!("{key} = {addr:?} cannot be opened: {e}. Is another program on this port?"))
        };
        let http = bind("http.listen", &config.http.listen)?;
        let admin = bind("admin.listen", &config.admin.listen)?;
        let address = |l: &tokio::net::TcpListener| l.local_addr().map_err(|e| e.to_string());
        let (http_addr, admin_addr) = (address(&http)?, address(&admin)?);
        let running = running::start(config, apply)?;
        let api = Api { handle: running.handle.clone() };
        runtime.spawn(async move {
            if let Err(e) = crate::http::serve(api, http, admin).await {
                tracing::error!(event = "http", cause = %e, "HTTP ended");
            }
        });
        Ok(Server { running, runtime, http: http_addr, admin: admin_addr })
    }

    /// The way to everything.
    pub fn handle(&self) -> &running::Handle {
        &self.running.handle
    }

    /// The line that says that calls can come.
    pub fn say_ready(&self) {
        let text = |a: Option<std::net::SocketAddr>| a.map(|a| a.to_string()).unwrap_or_default();
        tracing::info!(
            event = "ready",
            http = %self.http,
            admin = %self.admin,
            sip_udp = text(self.running.udp),
            sip_tcp = text(self.running.tcp),
            "ready"
        );
    }

    /// Stops: calls in progress may end within the configured time.
    pub fn stop(self) {
        // The API answers until the calls are over.
        self.running.stop();
        self.runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    }
}

/// Starts the log: JSON lines, or lines for people.
///
/// # Errors
/// Wrong use.
pub fn start_log(form: Option<&str>) -> Result<(), crate::cli::Failure> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SWITCHROOM_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(std::io::stderr);
    match form {
        Some("json") => log.json().flatten_event(true).with_writer(std::io::stdout).init(),
        None => log.compact().init(),
        Some(other) => return Err(crate::cli::Failure::Usage(format!("--log {other}: only json is possible"))),
    }
    Ok(())
}

/// Waits until somebody asks the process to stop, or until the time is over.
pub fn wait_for_signal(time: Option<std::time::Duration>) {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // A second signal ends the process at once.
        let _ = signal_hook::flag::register_conditional_shutdown(signal, 1, asked.clone());
    }
    let (tx, rx) = channel();
    let mut signals = match signal_hook::iterator::Signals::new([signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM]) {
        Ok(signals) => signals,
        Err(e) => {
            tracing::error!(event = "signals", cause = %e, "signals cannot be waited for");
            return;
        }
    };
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            asked.store(true, Ordering::Relaxed);
            let _ = tx.send(());
        }
    });
    match time {
        Some(time) => match rx.recv_timeout(time) {
            Ok(()) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        },
        None => {
            let _ = rx.recv();
        }
    }
}
