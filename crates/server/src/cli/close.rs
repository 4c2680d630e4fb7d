//! `switchroom close`: the end of an account, with the certificate of what was destroyed.

use crate::attest::text_of;
use crate::cli::arguments::Arguments;
use crate::cli::remote::{Place, PlaceArguments, delete, get_there, patch_json, post_json};
use crate::cli::{Failure, Outcome, say};
use crate::closing::{self, NotClosed, Stage};
use crate::view;
use engine::Time;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use store::Store;

/// How long a server that destroys is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How far a closing is.
struct Found {
    state: String,
    disposal: String,
    certificate: Option<Value>,
}

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let name = args.operand("the tenant")?.display().to_string();
    let out = args.take("out");
    let days = args.take("days").map(|d| d.parse::<u64>());
    let days = days.transpose().map_err(|_| Failure::Usage("--days must be a number".into()))?;
    let back = args.take("take-back").is_some();
    let place = PlaceArguments::read(&mut args)?;
    args.end()?;
    if back {
        take_back(place.open()?, &name)?;
        say(&format!("tenant {name}: the end of the account is taken back"));
        return Ok(());
    }
    let (found, receipt) = match place.open()? {
        Place::Server { url, token } => at_server(&format!("{url}/api/v1/closing"), token, &name, days)?,
        Place::Files { store, .. } => {
            let store = store.ok_or_else(|| "there is no database yet".to_string())?;
            (in_files(&store, &name, days)?, None)
        }
    };
    if let Some(receipt) = &receipt {
        say(&format!("the receipt, which is shown this once (--token): {receipt}"));
    }
    if found.state == Stage::Waiting.name() {
        say(&format!(
            "the account of tenant {name} ended; its data is destroyed from {} on, and until then that can be taken back with \
             --take-back",
            found.disposal
        ));
        return Ok(());
    }
    if found.state == Stage::Done.name() && found.certificate.is_none() {
        let said = format!(
            "everything of tenant {name} is destroyed, this token with it: the certificate is for whoever has the receipt"
        );
        if out.is_some() {
            return Err(Failure::NotInOrder(said + " (--token RECEIPT)"));
        }
        say(&said);
        return Ok(());
    }
    let certificate = found.certificate.ok_or_else(|| {
        Failure::NotInOrder(format!(
            "there is no certificate for tenant {name:?}: it was never here, it is still being destroyed, or a backup that holds \
             its keys cannot be reached yet (bring it back, or take it off the list with switchroom backup DIR --forget, and run \
             this again)"
        ))
    })?;
    let count = |part: &str| -> u64 {
        let all = certificate["destroyed"][part].as_object().into_iter().flatten();
        all.filter_map(|(_, n)| n.as_u64()).sum()
    };
    let mut said = format!("tenant {name}: {} rows and {} keys were destroyed", count("rows"), count("keys"));
    if let Some(out) = out {
        std::fs::write(&out, text_of(&certificate)).map_err(|e| format!("{out}: {e}"))?;
        said += &format!("; the certificate is in {out}");
    }
    say(&said);
    Ok(())
}

fn sentence(why: NotClosed) -> Failure {
    match why {
        NotClosed::Refused(why) | NotClosed::Failed(why) => why.into(),
    }
}

fn take_back(place: Place, name: &str) -> Outcome {
    match place {
        Place::Server { url, token } => {
            let url = format!("{url}/api/v1/closing");
            known_at(&url, &token, name)?
                .ok_or_else(|| format!("the account of tenant {name:?} is not ended there"))?;
            delete(&url, &token)
        }
        Place::Files { store, .. } => {
            let store = store.ok_or_else(|| "there is no database yet".to_string())?;
            let known = store.tenants().map_err(|e| e.to_string())?;
            let found = known.iter().find(|(_, n)| n == name);
            let (tenant, _) = found.ok_or_else(|| format!("there is no tenant {name:?} in this database"))?;
            let now = crate::clock::wall_ms();
            Ok(store.take_back_closing(*tenant, now, "command line").map_err(|e| e.to_string())?)
        }
    }
}

/// What a server says of the end of an account; nothing where it has not ended.
fn known_at(url: &str, token: &str, name: &str) -> Result<Option<Value>, Failure> {
    let Some(known) = get_there(url, token)? else { return Ok(None) };
    match known["tenant"].as_str() {
        Some(tenant) if tenant == name => Ok(Some(known)),
        tenant => {
            Err(format!("this token is of tenant {:?}: nothing was changed", tenant.unwrap_or_default())
                .into())
        }
    }
}

/// Ends an account at a server, or looks at one that ended, whose data is destroyed earlier where that is wanted; and waits
/// while it is destroyed. Gives the receipt, where it is new.
fn at_server(
    url: &str,
    token: String,
    name: &str,
    days: Option<u64>,
) -> Result<(Found, Option<String>), Failure> {
    let read = |view: &Value| Found {
        state: view["state"].as_str().unwrap_or_default().into(),
        disposal: view["disposal"].as_str().unwrap_or_default().into(),
        certificate: Some(view["certificate"].clone()).filter(|made| *made != Value::Null),
    };
    let (mut found, receipt) = match (known_at(url, &token, name)?, days) {
        (Some(known), Some(days)) if known["state"] == Stage::Waiting.name() => {
            (read(&patch_json(url, &token, &json!({"tenant": name, "days": days}))?), None)
        }
        (Some(known), _) => (read(&known), None),
        (None, days) => {
            let mut wanted = json!({"tenant": name});
            if let Some(days) = days {
                wanted["days"] = days.into();
            }
            let ended = post_json(url, &token, &wanted)?;
            (read(&ended), ended["receipt"].as_str().map(str::to_string))
        }
    };
    let token = receipt.clone().unwrap_or(token);
    let until = Instant::now() + PATIENCE;
    while found.state == Stage::Disposing.name() || is_due(&found) {
        if Instant::now() >= until {
            break;
        }
        std::thread::sleep(Duration::from_millis(200));
        found = match get_there(url, &token)? {
            Some(known) => read(&known),
            // An owner's token is destroyed with the rest.
            None => Found { state: Stage::Done.name().into(), certificate: None, ..found },
        };
    }
    Ok((found, receipt))
}

/// Whether the server is about to begin.
fn is_due(found: &Found) -> bool {
    found.state == Stage::Waiting.name() && found.disposal <= view::time(Time(crate::clock::wall_ms()))
}

fn in_files(store: &Store, name: &str, days: Option<u64>) -> Result<Found, Failure> {
    let said = |e: store::StoreError| e.to_string();
    let known = store.tenants().map_err(said)?;
    match known.iter().find(|(_, n)| n == name) {
        Some((tenant, _)) => closing::close_stored(store, *tenant, days).map_err(sentence)?,
        // What is left of one that was closed is destroyed; what was said then is said again.
        None => {
            closing::go_on(store);
        }
    }
    let closings = store.closings().map_err(said)?;
    let closing = closings.iter().rev().find(|c| c.name == name);
    Ok(Found {
        state: closing.map_or("", |c| Stage::of(c).name()).into(),
        disposal: closing.map_or(String::new(), |c| view::time(Time(c.due))),
        certificate: closing.and_then(|c| serde_json::from_str(c.certificate.as_deref()?).ok()),
    })
}
