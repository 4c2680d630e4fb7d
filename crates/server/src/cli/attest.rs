//! `switchroom attest`

use crate::attest::{
    CHECKS, LARGEST_DECLARED, Words, changes, markdown_in, markdown_of, read_declared, text_of, verify,
};
use crate::attest::{Example, attest};
use crate::cli::arguments::Arguments;
use crate::cli::remote::{PlaceArguments, get, post_json};
use crate::cli::serve::{Server, start_unshown_log};
use crate::cli::{Failure, Outcome, say};
use crate::config::{self, ServerConfig};
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    if let Ok(word) = args.operand("nothing") {
        return match word.to_str() {
            Some("verify") => check(args),
            _ => Err(Failure::Usage("say attest verify FILE, or attest with options alone".into())),
        };
    }
    let out = PathBuf::from(args.need("out")?);
    let declared = match args.take("declared") {
        Some(path) => read_file(&path)?,
        None => json!({}),
    };
    // Said before anything is started: a fault of the file is no matter of minutes.
    read_declared(declared.clone())?;
    let words = args.take("language").map(|tag| Words::named(&tag)).transpose().map_err(Failure::Usage)?;
    let earlier = args.take("since").map(|path| read_file(&path)).transpose()?;
    let mut checks = Vec::new();
    while let Some(name) = args.take("check") {
        if CHECKS.iter().all(|(known, _)| *known != name) {
            let known: Vec<&str> = CHECKS.iter().map(|(known, _)| *known).collect();
            return Err(Failure::Usage(format!("--check {name}: there are {}", known.join(", "))));
        }
        checks.push(name);
    }
    let tenant = args.take("tenant");
    let advisories = args.take("advisories");
    let document = match args.take("example") {
        Some(profile) => {
            args.end()?;
            start_unshown_log();
            let example = Example::start(&profile)?;
            let tenant = example.tenant.clone();
            let document = of_server(&example.server, (None, advisories), &tenant, declared, &checks);
            example.stop()?;
            document?
        }
        None => {
            let place = PlaceArguments::read(&mut args)?;
            args.end()?;
            match place {
                PlaceArguments::Server { url, token } => {
                    if advisories.is_some() {
                        let why = "--advisories is for --config and --example; a running server has advisories.folder";
                        return Err(Failure::Usage(why.into()));
                    }
                    let asked = json!({"declared": declared, "checks": checks});
                    let document = ask_showing(&format!("{url}/api/v1/attestation"), &token, &asked)?;
                    if tenant.is_some_and(|t| document["tenant"] != t) {
                        return Err(Failure::NotInOrder(format!(
                            "the token is one of tenant {}",
                            document["tenant"]
                        )));
                    }
                    document
                }
                PlaceArguments::Files { config } => {
                    let tenant = tenant.ok_or_else(|| Failure::Usage("--tenant is missing".into()))?;
                    let loaded = config::load(Path::new(&config))?;
                    let config = on_this_machine(loaded.clone());
                    if crate::running::open_existing_store(&config)?.is_none() {
                        return Err(Failure::NotInOrder("there is no database yet".into()));
                    }
                    start_unshown_log();
                    let server = Server::start(&config, None, Vec::new())?;
                    let document =
                        of_server(&server, (Some(&loaded), advisories), &tenant, declared, &checks);
                    server.stop()?;
                    document?
                }
            }
        }
    };
    write(&out, &document, words.as_ref())?;
    if let Some(earlier) = earlier {
        let changed = changes(&earlier, &document);
        say(&format!("{} answers changed since {}", changed.len(), earlier["at"].as_str().unwrap_or("then")));
        changed.iter().for_each(|line| say(line));
    }
    Ok(())
}

/// How often a server is asked how far its checks are.
const LOOK: Duration = Duration::from_secs(1);

/// Asks a server for an attestation, and tells at a terminal which check it is at meanwhile.
fn ask_showing(url: &str, token: &str, asked: &Value) -> Result<Value, Failure> {
    if !std::io::stderr().is_terminal() {
        return post_json(url, token, asked);
    }
    std::thread::scope(|scope| {
        let (ended, wait) = std::sync::mpsc::channel::<()>();
        scope.spawn(move || {
            let mut shown = Value::Null;
            while let Err(std::sync::mpsc::RecvTimeoutError::Timeout) = wait.recv_timeout(LOOK) {
                // A server that has no word for it is asked for the attestation all the same.
                let Ok(far) = get(url, token) else { return };
                if let (Some(check), true) = (far["check"].as_str(), far["check"] != shown) {
                    let (done, of) = (far["done"].as_u64().unwrap_or(0) + 1, far["of"].as_u64().unwrap_or(0));
                    crate::cli::complain(&format!("check {done} of {of}: {check} …"));
                    shown = check.into();
                }
            }
        });
        let document = post_json(url, token, asked);
        drop(ended);
        document
    })
}

/// The same server, with its listeners where nobody else reaches them: for the time of the checks.
fn on_this_machine(mut config: ServerConfig) -> ServerConfig {
    let here = || "127.0.0.1:0".to_string();
    (config.http.listen, config.admin.listen) = (here(), here());
    for listen in [&mut config.sip.udp, &mut config.sip.tcp, &mut config.sip.tls] {
        if !listen.is_empty() {
            *listen = here();
        }
    }
    config
}

/// `configured` is what people run it with, where it listens elsewhere for the time of the checks.
fn of_server(
    server: &Server,
    (configured, advisories): (Option<&ServerConfig>, Option<String>),
    tenant: &str,
    declared: Value,
    checks: &[String],
) -> Result<Value, Failure> {
    let mut ground = server.ground().clone();
    if let Some(configured) = configured {
        ground.config.sip = configured.sip.clone();
    }
    if let Some(folder) = advisories {
        ground.config.advisories.folder = folder;
    }
    let tenants = ground.handle.store.tenants().map_err(|e| e.to_string())?;
    let found = tenants.iter().find(|(_, name)| name == tenant).map(|(id, _)| *id);
    let id = found.ok_or_else(|| format!("there is no tenant {tenant:?} in this database"))?;
    let (now, who) = (crate::clock::wall_ms(), "command line");
    let noted = ground.handle.store.audit(id, now, who, "attestation.make", "Attestation/all");
    noted.map_err(|e| e.to_string())?;
    let shows = std::io::stderr().is_terminal();
    let of = if checks.is_empty() { CHECKS.len() } else { checks.len() };
    let mut done = 0;
    let mut progress = |name: &str| {
        done += 1;
        if shows {
            crate::cli::complain(&format!("check {done} of {of}: {name} …"));
        }
    };
    Ok(attest(&ground, id, &read_declared(declared)?, checks, &mut progress)?)
}

fn read_file(path: &str) -> Result<Value, Failure> {
    let wrong = |why: String| Failure::NotInOrder(format!("{path}: {why}"));
    let bytes = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
    if bytes.len() > LARGEST_DECLARED {
        return Err(wrong("too large for a file of answers".into()));
    }
    serde_json::from_slice(&bytes).map_err(|e| wrong(format!("this is not JSON: {e}")))
}

fn write(out: &Path, document: &Value, words: Option<&Words>) -> Outcome {
    let wrong = |e: std::io::Error| Failure::NotInOrder(format!("{}: {e}", out.display()));
    std::fs::create_dir_all(out).map_err(wrong)?;
    std::fs::write(out.join("attestation.json"), text_of(document)).map_err(wrong)?;
    let markdown = words.map_or_else(|| markdown_of(document), |words| markdown_in(document, words));
    std::fs::write(out.join("attestation.md"), markdown).map_err(wrong)?;
    let answers = document["answers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let by = |who: &str| answers.iter().filter(|a| a["by"] == who).count();
    let disagree = answers.iter().filter(|a| a.get("disagreement").is_some()).count();
    say(&format!(
        "{} answers: {} by software, {} declared, {} open; {disagree} disagree with their evidence. They are in {}",
        answers.len(),
        by("software"),
        by("declared"),
        by("open"),
        out.join("attestation.md").display()
    ));
    Ok(())
}

fn check(mut args: Arguments) -> Outcome {
    let path = args.operand("the file attestation.json")?;
    let key = args.take("key");
    args.end()?;
    let wrong = |why: String| Failure::NotInOrder(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|e| wrong(e.to_string()))?;
    let markdown = std::fs::read_to_string(path.with_extension("md")).ok();
    let (found, about) = verify(&text, markdown.as_deref(), key.as_deref()).map_err(wrong)?;
    say(&format!(
        "{about}: as it was signed with the key {found}{}",
        if key.is_some() {
            ""
        } else {
            " (compare it with the one you know of the installation, or give it as --key)"
        }
    ));
    Ok(())
}
