//! `switchroom check`

use crate::attest::personal_fields;
use crate::certificate_report::{self, report};
use crate::cli::arguments::Arguments;
use crate::cli::{Outcome, check_number, say};
use crate::config;
use crate::microsoft;
use crate::running::understand_alone;
use crate::secrets::Secrets;
use crate::sip_tls::SipTls;
use crate::teams_certificate;
use crate::teams_emergency;
use crate::tenant::check::{Documents, read_folder};
use crate::tenant::everything::Everything;
use crate::tenant::objects::{Profile, Tenant};
use crate::tenant::trunk::Account;
use crate::tls::Certificate;
use crate::trusted::Trusted;
use std::path::Path;
use teams::permissions::Registration;

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    if let Some(number) = args.take("number") {
        return check_number::run(&number, args);
    }
    let path = args.need("config")?;
    let files = args.take("tenant-files");
    args.end()?;
    let mut problems = Vec::new();
    let config = config::load(Path::new(&path)).map_err(|p| problems.extend(p)).ok();
    if let Some(dir) = files {
        match read_folder(Path::new(&dir)) {
            Ok(documents) => {
                stored_of_people(&documents).iter().for_each(|line| say(line));
                let meaning = understand_alone(&documents).ok();
                meaning.iter().flat_map(teams_emergency::warnings).for_each(|line| say(&line));
                problems.extend(config.iter().flat_map(|c| passwords(c, &documents)));
                problems.extend(config.iter().flat_map(|c| permissions(c, &documents)));
                problems.extend(config.iter().flat_map(|c| teams(c, &documents)));
            }
            Err(found) => problems.extend(found.iter().map(ToString::to_string)),
        }
    }
    if let Some(config) = &config {
        problems.extend(addresses(config));
        problems.extend(Trusted::new(&config.outside.tls_roots).err());
        if config.http.is_tls() {
            let (cert, key) = (&config.http.tls_cert, &config.http.tls_key);
            problems.extend(certificate("http", cert, key, ""));
        }
        for (key, path) in config.microsoft.certificates() {
            let report = certificate_report::report_file(&key, path, certificate_report::now());
            report.lines.iter().for_each(|line| say(line));
            problems.extend(report.problems);
        }
        if !config.sip.tls_cert.is_empty() {
            let (cert, key) = (&config.sip.tls_cert, &config.sip.tls_key);
            problems.extend(certificate("sip", cert, key, &config.sip.tls_name));
            if let Ok(certificate) = Certificate::load("sip", cert, key) {
                problems.extend(SipTls::new(certificate, &config.sip.tls_roots).err());
            }
        }
    }
    if problems.is_empty() {
        say(&format!("{path} is in order"));
        return Ok(());
    }
    Err(problems.into())
}

/// Tells what a certificate says, and gives what is wrong with it.
fn certificate(section: &'static str, cert: &str, key: &str, name: &str) -> Vec<String> {
    let certificate = match Certificate::load(section, cert, key) {
        Ok(certificate) => certificate,
        Err(problem) => return vec![problem],
    };
    let about = format!("{section}.tls_cert");
    let report = report(&about, &certificate.chain(), name, certificate_report::now());
    report.lines.iter().for_each(|line| say(line));
    report.problems
}

/// What Microsoft Teams would refuse of our certificate for the trunks of these files.
fn teams(config: &config::ServerConfig, documents: &Documents) -> Vec<String> {
    let Ok(meaning) = understand_alone(documents) else { return Vec::new() };
    let Some(report) = teams_certificate::judge_ours(&meaning.trunk_plans, &config.sip) else {
        return Vec::new();
    };
    report.lines.iter().for_each(|line| say(line));
    report.problems
}

/// Passwords of trunks and phones that are not where the tenant's files say.
fn passwords(config: &config::ServerConfig, documents: &Documents) -> Vec<String> {
    let secrets = Secrets::new(&config.secrets.folder);
    let everything = Everything::read(documents).0;
    let trunks = everything.trunks.iter().map(|(id, t)| ("Trunk", id, t.credentials.as_ref()));
    let users = everything.users.iter().map(|(id, u)| ("User", id, u.registers.as_ref()));
    let missing = trunks.chain(users).filter_map(|(kind, id, credentials)| {
        let account = Account::of(credentials?)?;
        let what = secrets.password(&account.password).err()?;
        Some(format!("{kind} {id:?}: {what}. secrets.folder is {:?}", config.secrets.folder))
    });
    missing.collect()
}

/// Warnings of what users say of people where the profile stores nothing of anybody. The attestation counts the same fields.
fn stored_of_people(documents: &Documents) -> Vec<String> {
    let stores_nothing = |t: &Tenant| matches!(t.profile, Profile::Connector | Profile::Bridge);
    if !Everything::read(documents).0.tenants.values().any(stores_nothing) {
        return Vec::new();
    }
    let all =
        documents.values().map(|d| (&d.id, personal_fields(d))).filter(|(_, fields)| !fields.is_empty());
    let said = |(id, fields): (&String, Vec<&str>)| {
        let lines = match fields.contains(&"line") {
            true => {
                "; whose line is whose can be said by line_claim of the Pbx or by line passes (docs/connector.md)"
            }
            false => "",
        };
        format!(
            "warning: User {id:?} has {}, which is stored, and the attestation says so; where nothing of anybody is to be stored, \
             leave it out{lines}",
            fields.join(", ")
        )
    };
    all.map(said).collect()
}

/// Permissions at Microsoft that are too many or too few for the tenant of these files.
fn permissions(config: &config::ServerConfig, documents: &Documents) -> Vec<String> {
    let Ok(meaning) = understand_alone(documents) else { return Vec::new() };
    let Some(directory) = meaning.microsoft.as_ref() else { return Vec::new() };
    if !meaning.features.registrations().contains(&Registration::Background) {
        return Vec::new();
    }
    match microsoft::background_of(&config.microsoft) {
        Ok(None) => Vec::new(),
        Ok(Some(background)) => match background.granted(directory) {
            Ok(granted) => microsoft::said_of_permissions(&meaning.features, &granted),
            Err(why) => {
                vec![format!("microsoft.background_app gets no token for the directory {directory}: {why}")]
            }
        },
        Err(why) => vec![why],
    }
}

/// Addresses that nobody could open. One that is in use counts: the server would not start.
fn addresses(c: &config::ServerConfig) -> Vec<String> {
    let mut problems = Vec::new();
    let mut try_open = |key: &str, addr: &str, open: &dyn Fn(&str) -> std::io::Result<()>| {
        if let Err(e) = open(addr) {
            problems.push(config::not_opened(key, format!("{addr:?}"), &e));
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
    if !c.sip.tls.is_empty() {
        try_open("sip.tls", &c.sip.tls, &tcp);
    }
    let (key, bind) = match c.media.bind.as_str() {
        "" => ("media.address", &c.media.address),
        _ => ("media.bind", &c.media.bind),
    };
    // Any port of it: which ones audio has is tried when there are calls.
    let open = bind.parse::<std::net::IpAddr>().map(|ip| std::net::UdpSocket::bind((ip, 0)));
    if let Ok(Err(e)) = open {
        problems.push(config::not_opened(key, format!("{bind:?}"), &e));
    }
    problems
}
