//! `switchroom replay`: a day that was, or traffic that is made up, through the production engine with other staffing.

use crate::cli::arguments::Arguments;
use crate::cli::{Failure, Outcome, say};
use crate::running::{Numbers, stored_documents};
use crate::tenant::check::Documents;
use crate::tenant::meaning::{self, Meaning};
use crate::tenant::objects::Span;
use serde::Deserialize;
use sim::replay::{Figures, MadeUp, Mean, PastDay, QueueFigures, Reader, mean, run as run_day};
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::Path;
use store::{Store, StoreSettings};

/// Rows of the journal read at a time.
const PAGE: u32 = 1_000;

/// Traffic to make up, as a file in TOML.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrafficFile {
    /// Calls in an hour, on the whole, over all numbers.
    calls_per_hour: u64,
    /// For how long callers come.
    #[serde(default = "a_day")]
    hours: u64,
    /// Mean length of a conversation.
    mean_talk: Span,
    /// Mean time until a caller hangs up who gets no answer.
    mean_patience: Span,
    /// Everything follows from it.
    #[serde(default)]
    seed: u64,
}

fn a_day() -> u64 {
    10
}

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let file = args.operand("the database of a stopped server, or a file of traffic to make up")?;
    let with = args.take("with");
    let keys = args.take("keys");
    let tenant = args.take("tenant");
    let seeds = match args.take("seeds") {
        None => 10,
        Some(n) => n
            .parse()
            .ok()
            .filter(|n| (1..=1_000).contains(n))
            .ok_or_else(|| Failure::Usage("--seeds is 1 to 1000".into()))?,
    };
    args.end()?;
    let is_database = std::fs::File::open(&file)
        .and_then(|mut f| {
            let mut head = [0; 15];
            std::io::Read::read_exact(&mut f, &mut head).map(|()| &head == b"SQLite format 3")
        })
        .unwrap_or(false);
    if !Path::new(&file).is_file() {
        return Err(Failure::NotInOrder(format!("{}: there is no such file", file.display())));
    }
    let wanted = match &with {
        Some(dir) => Some(crate::cli::remote::wanted(Path::new(dir))?),
        None => None,
    };
    let (day, now, other) = match is_database {
        true => from_journal(&file, keys, tenant.as_deref(), wanted.as_ref())?,
        false => from_traffic(&file, wanted.as_ref())?,
    };
    if day.calls.is_empty() {
        return Err(Failure::NotInOrder("no call is in it: there is nothing to replay".into()));
    }
    let before = simulate(&day, &now.config, seeds, "as configured");
    let after = other.as_ref().map(|m| simulate(&day, &m.config, seeds, "with the other"));
    let names = other.as_ref().unwrap_or(&now);
    say(&report(&day, &before, after.as_deref(), names, is_database));
    let broken: u64 = before.iter().chain(after.iter().flatten()).map(|f| f.broken).sum();
    match broken {
        0 => Ok(()),
        n => Err(Failure::NotInOrder(format!(
            "laws were broken {n} times: please report this with the journal"
        ))),
    }
}

fn from_journal(
    file: &Path,
    keys: Option<String>,
    tenant: Option<&str>,
    wanted: Option<&Documents>,
) -> Result<(PastDay, Meaning, Option<Meaning>), Failure> {
    let beside = file.with_file_name("master.key");
    let keys = keys.unwrap_or_else(|| beside.display().to_string());
    if !Path::new(&keys).is_file() {
        return Err(Failure::NotInOrder(format!(
            "{keys} is not there: the names of queues and agents are sealed with it; say --keys FILE"
        )));
    }
    let blobs = file.with_file_name("blobs");
    let store = Store::open_existing(&StoreSettings {
        url: format!("sqlite:{}", file.display()),
        full_sync: false,
        blobs: format!("file:{}", blobs.display()),
        keys: format!("file:{keys}"),
    })
    .map_err(|e| e.to_string())?;
    let tenants = store.tenants().map_err(|e| e.to_string())?;
    let id = match (tenant, tenants.as_slice()) {
        (Some(name), all) => all.iter().find(|(_, n)| n == name).map(|(id, _)| *id),
        (None, [(id, _)]) => Some(*id),
        (None, _) => None,
    };
    let id = id.ok_or_else(|| {
        let names: Vec<&str> = tenants.iter().map(|(_, n)| n.as_str()).collect();
        Failure::Usage(format!("say --tenant: {}", names.join(", ")))
    })?;
    let mut reader = Reader::default();
    let mut position = 0;
    loop {
        let events = store.events_after(id, position, PAGE).map_err(|e| e.to_string())?;
        if events.is_empty() {
            break;
        }
        position += events.len() as u64;
        for (at, event) in events {
            reader.event(at, event);
        }
        progress(&format!("reading the journal: {position} events"));
    }
    let day = reader.finish();
    let (documents, numbers) = stored_documents(&store, id)?;
    let mut now = understood(&documents, &numbers)?;
    // What was in force then counts, which may not be what is stored now.
    now.config = day.config.clone();
    let other = match wanted {
        Some(wanted) => Some(understood(wanted, &numbers)?),
        None => None,
    };
    Ok((day, now, other))
}

fn from_traffic(
    file: &Path,
    wanted: Option<&Documents>,
) -> Result<(PastDay, Meaning, Option<Meaning>), Failure> {
    let wanted = wanted.ok_or_else(|| {
        Failure::Usage("made-up traffic needs --with DIR: the tenant that takes the calls".into())
    })?;
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let traffic: TrafficFile = toml::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?;
    let meaning = understood(wanted, &Numbers::new())?;
    let made_up = MadeUp {
        seed: traffic.seed,
        span_ms: traffic.hours.clamp(1, 24 * 31) * 3_600_000,
        calls_per_hour: traffic.calls_per_hour.clamp(1, 1_000_000),
        mean_talk_ms: traffic.mean_talk.0,
        mean_patience_ms: traffic.mean_patience.0,
    };
    Ok((made_up.day(&meaning.config), meaning, None))
}

// Objects that are new get numbers of their own; the others keep theirs, so that the journal means the same ones.
fn understood(documents: &Documents, known: &Numbers) -> Result<Meaning, Failure> {
    let mut next = known.values().max().copied().unwrap_or(0);
    let mut numbers = known.clone();
    for key in documents.keys() {
        numbers.entry(key.clone()).or_insert_with(|| {
            next += 1;
            next
        });
    }
    let number = |kind: &str, id: &str| numbers.get(&(kind.to_string(), id.to_string())).copied();
    Ok(meaning::understand(documents, &number)?)
}

fn simulate(day: &PastDay, config: &engine::Config, seeds: u64, what: &str) -> Vec<Figures> {
    (0..seeds)
        .map(|seed| {
            progress(&format!("{what}: seed {} of {seeds}", seed + 1));
            run_day(day, config, seed)
        })
        .collect()
}

fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        use std::io::Write;
        let _ = write!(std::io::stderr(), "\r\x1b[K{text}");
    }
}

struct Row {
    name: &'static str,
    of: fn(&QueueFigures) -> f64,
    unit: &'static str,
}

const ROWS: [Row; 9] = [
    Row { name: "offered", of: |q| q.offered as f64, unit: "" },
    Row { name: "answered", of: |q| q.answered as f64, unit: "" },
    Row { name: "abandoned", of: |q| q.abandoned as f64, unit: "" },
    Row { name: "flowed out", of: |q| q.flowed_out as f64, unit: "" },
    Row { name: "callback", of: |q| q.callback as f64, unit: "" },
    Row { name: "service level SL1", of: |q| q.service_level() * 100.0, unit: "%" },
    Row { name: "average wait (ASA)", of: |q| q.asa(), unit: "s" },
    Row { name: "wait, 90 % below", of: |q| q.wait_quantile(0.9), unit: "s" },
    Row { name: "abandon rate", of: |q| q.abandon_rate() * 100.0, unit: "%" },
];

fn cell(m: Mean, unit: &str) -> String {
    match m.plus_minus {
        w if w < 0.05 => format!("{:.1} {unit}", m.mean),
        w => format!("{:.1} ± {w:.1} {unit}", m.mean),
    }
    .trim_end()
    .to_string()
}

fn line(out: &mut String, cells: &[String]) {
    let mut text = format!("  {:<20}", cells.first().map_or("", |c| c));
    for c in cells.iter().skip(1) {
        let _ = write!(text, " {c:>20}");
    }
    out.push_str(text.trim_end());
    out.push('\n');
}

fn report(day: &PastDay, before: &[Figures], after: Option<&[Figures]>, m: &Meaning, real: bool) -> String {
    progress("");
    let mut out = String::new();
    let hours = day.span.1.since(day.span.0) as f64 / 3_600_000.0;
    let _ = writeln!(out, "{} calls in {hours:.1} hours, {} seeds", day.calls.len(), before.len());
    let mut head = vec![String::new()];
    if real {
        head.push("as it was".into());
    }
    head.push("as configured".into());
    if after.is_some() {
        head.push("with the other".into());
        head.push("difference".into());
    }
    let empty = QueueFigures::default();
    let mut queues: Vec<Option<engine::QueueId>> = vec![None];
    queues.extend(before.first().into_iter().flat_map(|f| f.queues.keys().copied().map(Some)));
    for queue in queues {
        let of = |f: &'_ Figures| -> QueueFigures {
            match queue {
                None => f.all.clone(),
                Some(q) => f.queues.get(&q).unwrap_or(&empty).clone(),
            }
        };
        let name = queue.map_or("all queues".into(), |q| m.names.of("Queue", q.0));
        head[0] = name;
        out.push('\n');
        line(&mut out, &head);
        let was = of(&day.figures);
        let first: Vec<QueueFigures> = before.iter().map(of).collect();
        let second: Option<Vec<QueueFigures>> = after.map(|a| a.iter().map(of).collect());
        for row in &ROWS {
            let values = |list: &[QueueFigures]| list.iter().map(row.of).collect::<Vec<f64>>();
            let mut cells = vec![row.name.to_string()];
            if real {
                cells.push(format!("{:.1} {}", (row.of)(&was), row.unit).trim_end().into());
            }
            let one = values(&first);
            cells.push(cell(mean(&one), row.unit));
            if let Some(second) = &second {
                let two = values(second);
                cells.push(cell(mean(&two), row.unit));
                // The same people in both, so the difference is surer than either.
                let difference: Vec<f64> = two.iter().zip(&one).map(|(b, a)| b - a).collect();
                cells.push(cell(mean(&difference), row.unit));
            }
            line(&mut out, &cells);
        }
        if queue.is_none() {
            occupancy(&mut out, day, before, after, real);
        } else {
            let config = day.config.queues.iter().find(|q| Some(q.id) == queue);
            let within = config.map_or(20.0, |q| q.answer_within_ms as f64 / 1_000.0);
            erlang(&mut out, within, day, &first, second.as_deref(), before, after);
        }
    }
    out
}

fn occupancy(out: &mut String, day: &PastDay, before: &[Figures], after: Option<&[Figures]>, real: bool) {
    let values = |list: &[Figures]| list.iter().map(|f| f.occupancy() * 100.0).collect::<Vec<f64>>();
    let mut cells = vec!["occupancy".to_string()];
    if real {
        cells.push(format!("{:.1} %", day.figures.occupancy() * 100.0));
    }
    let one = values(before);
    cells.push(cell(mean(&one), "%"));
    if let Some(after) = after {
        let two = values(after);
        cells.push(cell(mean(&two), "%"));
        let difference: Vec<f64> = two.iter().zip(&one).map(|(b, a)| b - a).collect();
        cells.push(cell(mean(&difference), "%"));
    }
    line(out, &cells);
}

// What the formulas say for the traffic of a queue, with agents in proportion to the time they gave it.
fn erlang(
    out: &mut String,
    within: f64,
    day: &PastDay,
    first: &[QueueFigures],
    second: Option<&[QueueFigures]>,
    before: &[Figures],
    after: Option<&[Figures]>,
) {
    let seconds = day.span.1.since(day.span.0) as f64 / 1_000.0;
    let side = |figures: &[QueueFigures], all: &[Figures]| -> Option<String> {
        let (q, f) = (figures.first()?, all.first()?);
        let work: u64 = f.queues.values().map(|q| q.handling_ms).sum();
        let there =
            (f.agent_ms[1] + f.agent_ms[2] + f.agent_ms[3] + f.agent_ms[4]) as f64 / 1_000.0 / seconds;
        let n = (there * q.handling_ms as f64 / work.max(1) as f64).round() as u32;
        let rate = q.offered as f64 / seconds;
        let c = match sim::erlang::patient(rate, q.aht(), n, within) {
            Some(c) => format!("C: SL {:.1} %, ASA {:.1} s", c.service_level * 100.0, c.asa),
            None => "C: more traffic than agents".into(),
        };
        let patience = sim::replay::mean_patience_ms(day) as f64 / 1_000.0;
        let a = sim::erlang::impatient(rate, q.aht(), n, patience);
        let a = a.map_or(String::new(), |a| format!("; A: {:.1} % hang up", a.abandons * 100.0));
        Some(format!("{n} agents, AHT {:.0} s: Erlang {c}{a}", q.aht()))
    };
    for (name, text) in [
        ("as configured", side(first, before)),
        ("with the other", second.zip(after).and_then(|(q, a)| side(q, a))),
    ] {
        if let Some(text) = text {
            let _ = writeln!(out, "  formulas, {name}: {text}");
        }
    }
}
