//! `switchroom audit`: the log of who did what as a file, and whether it is whole.

use crate::audit_file::{EntryLine, FirstLine, HeadLine, read_heads, stored, verify};
use crate::cli::arguments::Arguments;
use crate::cli::remote::{Place, PlaceArguments, get, post, tenant_named};
use crate::cli::{Failure, Outcome, say};
use serde_json::Value;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use store::{AUDIT_PAGE, Store, TenantId};

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    match args.operand("what to do: export or verify")?.to_str() {
        Some("export") => export(args),
        Some("verify") => check(args),
        _ => Err(Failure::Usage("say audit export or audit verify".into())),
    }
}

fn export(mut args: Arguments) -> Outcome {
    let path = args.operand("the file to write")?;
    let tenant = args.take("tenant");
    let place = PlaceArguments::read(&mut args)?;
    args.end()?;
    let written = |e: std::io::Error| Failure::NotInOrder(format!("{}: {e}", path.display()));
    let mut out = BufWriter::new(File::create(&path).map_err(written)?);
    let mut line = |value: Value| writeln!(out, "{value}").map_err(written);
    let count = match place.open()? {
        Place::Server { url, token } => from_server(&url, &token, &mut line)?,
        Place::Files { store, .. } => {
            let store = store.ok_or_else(|| "there is no database yet".to_string())?;
            from_files(&store, tenant_of(&store, tenant)?, &mut line)?
        }
    };
    out.flush().map_err(written)?;
    say(&format!("{count} entries are in {}", path.display()));
    Ok(())
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn from_server(
    url: &str,
    token: &str,
    line: &mut impl FnMut(Value) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let first = || -> Result<Option<u64>, Failure> {
        Ok(get(&format!("{url}/api/v1/audit/chain"), token)?["entries"][0]["entry"].as_u64())
    };
    let began = first()?;
    // What is exported is vouched for up to its end: what happens meanwhile is in the next export.
    let end = post(&format!("{url}/api/v1/audit/heads"), token)?["head"].as_u64().unwrap_or(u64::MAX);
    let (mut after, mut count) = (0, 0);
    loop {
        let page = get(&format!("{url}/api/v1/audit/chain?after={after}"), token)?;
        let text = |key: &str| page[key].as_str().unwrap_or_default().to_string();
        if count == 0 {
            let mut first = FirstLine::new(&text("tenant"), &[]);
            first.key = text("key");
            line(json(&first))?;
        }
        let entries = page["entries"].as_array().into_iter().flatten();
        for entry in entries.filter(|e| e["entry"].as_u64().is_none_or(|n| n <= end)) {
            line(entry.clone())?;
            count += 1;
        }
        match page["next"].as_u64() {
            Some(next) if next > after => after = next,
            _ => {
                for head in page["heads"].as_array().into_iter().flatten() {
                    line(head.clone())?;
                }
                // The entry that says so may stand behind the end of what was read.
                return match began == first()? {
                    true => Ok(count),
                    false => Err(Failure::NotInOrder(
                        "a rule disposed of the log's beginning meanwhile: export it again".into(),
                    )),
                };
            }
        }
    }
}

fn from_files(
    store: &Store,
    (tenant, name): (TenantId, String),
    line: &mut impl FnMut(Value) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let said = |e: store::StoreError| e.to_string();
    let now = crate::clock::wall_ms();
    store.audit(tenant, now, "command line", "audit.export", "Audit/log").map_err(said)?;
    let end = store.sign_audit_head(tenant, now).map_err(said)?.map_or(u64::MAX, |head| head.entry);
    line(json(&FirstLine::new(&name, &store.installation().map_err(said)?.public_key())))?;
    let (mut after, mut count) = (0, 0);
    loop {
        let page = store.audit_page(tenant, after).map_err(said)?;
        for entry in page.iter().filter(|e| e.id <= end) {
            line(json(&EntryLine::from(entry)))?;
            count += 1;
        }
        after = page.last().map_or(after, |e| e.id);
        if page.len() < AUDIT_PAGE as usize {
            break;
        }
    }
    for head in store.audit_heads(tenant).map_err(said)? {
        line(json(&HeadLine::new(&name, &head)))?;
    }
    Ok(count)
}

fn tenant_of(store: &Store, name: Option<String>) -> Result<(TenantId, String), Failure> {
    let tenant = tenant_named(store, name.as_deref())?;
    Ok((tenant, name.unwrap_or_default()))
}

fn check(mut args: Arguments) -> Outcome {
    let heads = args.take("heads").map(PathBuf::from);
    let key = args.take("key");
    let is_unsigned_good = args.take("unsigned").is_some();
    let more = |tenant: &str| match &heads {
        Some(path) => read_heads(opened(path)?, tenant).map_err(|e| format!("{}: {e}", path.display())),
        None => Ok(Vec::new()),
    };
    let config = args.take("config");
    // The log of a database goes on after its last head, which is of today; a file ends with one.
    let ends_with_a_head = config.is_none() && !is_unsigned_good;
    let found = if let Some(config) = config {
        let tenant = args.take("tenant");
        args.end()?;
        let place = PlaceArguments::Files { config }.open()?;
        let Place::Files { store: Some(store), .. } = place else {
            return Err(Failure::NotInOrder("there is no database yet".into()));
        };
        let (tenant, name) = tenant_of(&store, tenant)?;
        stored(&store, tenant, name, more, key.as_deref())?
    } else {
        let path = args.operand("the file of the log, or --config FILE --tenant T")?;
        args.end()?;
        verify(|| opened(&path), more, key.as_deref()).map_err(|e| format!("{}: {e}", path.display()))?
    };
    say(&format!(
        "tenant {}: {} entries{}, {} signed heads, vouched for up to entry {}; key {}{}",
        found.tenant,
        found.report.entries,
        match found.report.cut {
            0 => String::new(),
            cut => format!(", those up to {cut} disposed of by a rule"),
        },
        found.report.heads,
        found.report.vouched,
        found.key,
        if key.is_some() {
            ""
        } else {
            " (compare it with the one you know of the installation, or give it as --key)"
        }
    ));
    let mut lines: Vec<String> =
        found.report.faults.iter().map(|f| format!("entry {} {}", f.entry, f.what)).collect();
    if lines.is_empty() && ends_with_a_head && found.report.vouched < found.report.last {
        lines.push(format!(
            "no signed head vouches for what stands behind entry {}: an export ends with one, so its end was cut off or \
             added to (--unsigned says that you know why)",
            found.report.vouched
        ));
    }
    if lines.is_empty() { Ok(()) } else { Err(lines.into()) }
}

fn opened(path: &Path) -> Result<BufReader<File>, String> {
    File::open(path).map(BufReader::new).map_err(|e| format!("{}: {e}", path.display()))
}
