//! The command line. Exit codes: 0 done, 1 the thing asked about is not in order, 2 wrong use.

mod account;
mod apply;
pub mod arguments;
mod attest;
mod audit;
mod backup;
mod check;
mod check_number;
mod close;
mod explain;
mod export;
mod keys;
mod line_pass;
mod plan;
mod rehearse;
mod remote;
mod replay;
mod restore;
mod rotate_key;
mod schema;
pub mod serve;
mod teams_app;
mod token;
mod trunks;

use arguments::Arguments;
use std::ffi::OsString;
use std::process::ExitCode;

/// How a command ends when it does not end well.
pub enum Failure {
    /// The thing asked about is not in order.
    NotInOrder(String),
    /// Wrong use.
    Usage(String),
}

impl From<String> for Failure {
    fn from(text: String) -> Failure {
        Failure::NotInOrder(text)
    }
}

impl From<Vec<String>> for Failure {
    fn from(all: Vec<String>) -> Failure {
        Failure::NotInOrder(all.join("\n"))
    }
}

impl From<lexopt::Error> for Failure {
    fn from(e: lexopt::Error) -> Failure {
        Failure::Usage(e.to_string())
    }
}

pub type Outcome = Result<(), Failure>;

struct Command {
    name: &'static str,
    usage: &'static str,
    does: &'static str,
    run: fn(Arguments) -> Outcome,
}

impl Command {
    fn help(&self) -> String {
        format!("switchroom {} {}\n      {}", self.name, self.usage, self.does)
    }
}

const COMMANDS: &[Command] = &[
    Command {
        name: "serve",
        usage: "--config FILE [--apply DIR] [--log json] | --print-config",
        does: "runs the server",
        run: serve::run,
    },
    Command {
        name: "demo",
        usage: "[--http A:P] [--admin A:P] [--sip A:P] [--data DIR] [--agents N] [--calls-per-minute N] [--microsoft A:P] [--people N] [--for 60s] [--log json]",
        does: "runs a made-up contact centre with callers and agents",
        run: crate::demo::run,
    },
    Command {
        name: "check",
        usage: "--config FILE [--tenant-files DIR] | --number N [--as USER | --trunk T] [--caller N] [--json] (--tenant-files DIR | --config FILE --tenant T | --server URL --token T)",
        does: "says what is wrong with a configuration, or where a call to or from a number goes, and why",
        run: check::run,
    },
    Command {
        name: "plan",
        usage: "DIR (--server URL --token T | --config FILE)",
        does: "shows what applying tenant files would change",
        run: plan::run,
    },
    Command {
        name: "apply",
        usage: "DIR (--server URL --token T | --config FILE)",
        does: "makes a tenant what its files say",
        run: apply::run,
    },
    Command {
        name: "export",
        usage: "DIR (--server URL --token T | --config FILE --tenant T)",
        does: "writes a tenant's configuration as files",
        run: export::run,
    },
    Command {
        name: "explain",
        usage: "CALL --server URL --token T",
        does: "tells a call from beginning to end, and why each agent was rung",
        run: explain::run,
    },
    Command {
        name: "trunks",
        usage: "[TRUNK] --server URL --token T",
        does: "says of each trunk what is up and what is not, since when, and what to do",
        run: trunks::run,
    },
    Command {
        name: "replay",
        usage: "FILE [--with DIR] [--tenant T] [--keys FILE] [--seeds N]",
        does: "runs the calls of a stopped server's database, or made-up traffic, with other staffing",
        run: replay::run,
    },
    Command {
        name: "schema",
        usage: "",
        does: "prints the JSON Schema of tenant files, for editors",
        run: schema::run,
    },
    Command {
        name: "teams-app",
        usage: "--out FILE --config FILE (--tenant T | --tenant-files DIR | --server URL --token T) [--icon PNG] [--outline PNG]",
        does: "makes a tenant's app package for Teams, and the guide to set it up",
        run: teams_app::run,
    },
    Command {
        name: "line-pass",
        usage: "PBX (--person ID --line LINE | --people FILE) (--server URL --token T | --config FILE --tenant T)",
        does: "makes passes by which people show in the tab which line at a telephone system is theirs",
        run: line_pass::run,
    },
    Command {
        name: "token",
        usage: "--config FILE --tenant T --role owner|supervisor|agent|auditor",
        does: "makes an API token and prints it",
        run: token::run,
    },
    Command {
        name: "attest",
        usage: "--out DIR [--declared FILE] [--language TAG] [--since FILE] [--check NAME]… (--tenant T --config FILE [--advisories DIR] | --server URL --token T | --example PROFILE [--advisories DIR]) | verify FILE [--key HEX]",
        does: "answers a compliance officer's questions about a tenant, each with the check it comes from; checks such a file",
        run: attest::run,
    },
    Command {
        name: "audit",
        usage: "export FILE (--server URL --token T | --config FILE --tenant T) | verify (FILE [--unsigned] | --config FILE --tenant T) [--heads FILE] [--key HEX]",
        does: "writes the log of who did what as a file; finds entries that were changed, removed or moved",
        run: audit::run,
    },
    Command {
        name: "close",
        usage: "TENANT [--out FILE] [--days N] [--take-back] (--server URL --token T | --config FILE)",
        does: "ends an account, and destroys everything of it after some days or at once; writes the signed certificate",
        run: close::run,
    },
    Command {
        name: "backup",
        usage: "DIR --config FILE [--keep N] [--forget]",
        does: "copies everything, beside a running server: the first time whole, then what is new",
        run: backup::run,
    },
    Command {
        name: "restore",
        usage: "DIR --config FILE [--increment N]",
        does: "brings a backup back, into an empty place, with the master key that the configuration names",
        run: restore::run,
    },
    Command {
        name: "rehearse",
        usage: "DIR --config FILE [--increment N] [--scratch DIR]",
        does: "restores a backup into a scratch place, takes it up, and compares it with what was backed up",
        run: rehearse::run,
    },
    Command {
        name: "keys",
        usage: "--config FILE",
        does: "says where the master key is and how old all keys are, and tries that it opens them",
        run: keys::run,
    },
    Command {
        name: "rotate-key",
        usage: "--config FILE",
        does: "puts another master key in force, or moves it to where keys.url says, beside a running server too; the old one opens nothing then",
        run: rotate_key::run,
    },
    Command {
        name: "account",
        usage: "--user U (--server URL --token T | --config FILE --tenant T)",
        does: "prints a link by which a user chooses a password, once and within two days",
        run: account::run,
    },
];

/// Runs the command that was asked for.
pub fn run() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let name = args.next().map(|a| a.to_string_lossy().into_owned()).unwrap_or_default();
    match name.as_str() {
        "--help" | "-h" | "help" => {
            say(&help());
            return ExitCode::SUCCESS;
        }
        "--version" | "-V" | "version" => {
            if args.next().is_some_and(|a| a == "--sbom") {
                say(&serde_json::to_string_pretty(&crate::attest::components::sbom()).unwrap_or_default());
                return ExitCode::SUCCESS;
            }
            say(concat!("switchroom ", env!("CARGO_PKG_VERSION")));
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let Some(command) = COMMANDS.iter().find(|c| c.name == name) else {
        let known: Vec<&str> = COMMANDS.iter().map(|c| c.name).collect();
        let what =
            if name.is_empty() { "say what to do".into() } else { format!("unknown command {name:?}") };
        complain(&format!("{what}: {}\n\n{}", crate::tenant::schema::nearest(&name, &known), help()));
        return ExitCode::from(2);
    };
    let args: Vec<OsString> = args.collect();
    if args.iter().any(|a| a == "--help" || a == "-h") {
        say(&command.help());
        return ExitCode::SUCCESS;
    }
    let result = Arguments::read(args).map_err(Failure::from).and_then(|arguments| (command.run)(arguments));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::NotInOrder(text)) => {
            complain(&text);
            ExitCode::from(1)
        }
        Err(Failure::Usage(text)) => {
            complain(&format!("{text}\nusage: switchroom {} {}", command.name, command.usage));
            ExitCode::from(2)
        }
    }
}

fn help() -> String {
    let mut text = String::from("switchroom: a contact centre for Microsoft Teams and SIP\n");
    for c in COMMANDS {
        text += &format!("\n  {}\n", c.help());
    }
    text += "\n  switchroom version [--sbom]\n      says the version, or what the program is made of (CycloneDX)\n";
    text
}

/// Prints to standard output.
#[allow(clippy::print_stdout)]
pub fn say(text: &str) {
    use std::io::Write;
    // A reader that went away (`| head`) is no error.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints to standard error.
pub fn complain(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
