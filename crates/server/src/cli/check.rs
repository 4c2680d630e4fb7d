//! `switchroom check`

use crate::cli::arguments::Arguments;
use crate::cli::{Outcome, say};
use crate::config;
use crate::tenant::check::read_folder;
use crate::tls::Certificate;
use std::path::Path;

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let path = args.need("config")?;
    let files = args.take("tenant-files");
    args.end()?;
    let mut problems = Vec::new();
    let config = config::load(Path::new(&path)).map_err(|p| problems.extend(p)).ok();
    if let Some(dir) = files {
        if let Err(found) = read_folder(Path::new(&dir)) {
            problems.extend(found.iter().map(ToString::to_string));
        }
    }
    if let Some(config) = &config {
        problems.extend(addresses(config));
        if config.http.is_tls() {
            problems.extend(Certificate::load(&config.http.tls_cert, &config.http.tls_key).err());
        }
    }
    if problems.is_empty() {
        say(&format!("{path} is in order"));
        return Ok(());
    }
    Err(problems.into())
}

/// Addresses that nobody could open. One that is in use counts: the server would not start.
fn addresses(c: &config::ServerConfig) -> Vec<String> {
    let mut problems = Vec::new();
    let mut try_open = |key: &str, addr: &str, open: &dyn Fn(&str) -> std::io::Result<()>| {
        if let Err(e) = open(addr) {
            problems
                .push(format!("{key} = {addr:?} cannot be opened: {e}. Is another program on this port?"));
        }
    };
    let tcp = |a: &str| std::net::TcpListener::bind(a).map(|_| ());
    let udp = |a: &str| std::net::UdpSocket::bind(a).map(|_| ());
    try_open("http.listen", &c.http.listen, &tcp);
    try_open("admin.listen", &c.admin.listen, &tcp);
    if !c.sip.udp.is_empty() {
        try_open("sip.udp", &c.sip.udp, &udp);
    }
    if !c.sip.tcp.is_empty() {
        try_open("sip.tcp", &c.sip.tcp, &tcp);
    }
    let bind = if c.media.bind.is_empty() { &c.media.address } else { &c.media.bind };
    try_open("media.bind", &format!("{bind}:0"), &udp);
    problems
}
