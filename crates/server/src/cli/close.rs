//! `switchroom close`: the end of an account, with the certificate of what was destroyed.

use crate::attest::text_of;
use crate::cli::arguments::Arguments;
use crate::cli::remote::{Place, PlaceArguments, post_json};
use crate::cli::{Failure, Outcome, say};
use crate::closing::{self, NotClosed};
use serde_json::{Value, json};

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let name = args.operand("the tenant")?.display().to_string();
    let out = args.need("out")?;
    let place = PlaceArguments::read(&mut args)?;
    args.end()?;
    let certificate = match place.open()? {
        Place::Server { url, token } => {
            let made = post_json(&format!("{url}/api/v1/closing"), &token, &json!({"tenant": name}))?;
            Some(made).filter(|made| *made != Value::Null)
        }
        Place::Files { store, .. } => {
            let store = store.ok_or_else(|| "there is no database yet".to_string())?;
            let known = store.tenants().map_err(|e| e.to_string())?;
            match known.iter().find(|(_, n)| *n == name) {
                Some((tenant, _)) => closing::close_stored(&store, *tenant).map_err(|e| match e {
                    NotClosed::Refused(why) | NotClosed::Failed(why) => why,
                })?,
                // Closed already: what was said then is said again.
                None => {
                    closing::go_on(&store);
                    closing::certificate(&store, &name).map_err(|e| e.to_string())?
                }
            }
        }
    };
    let certificate = certificate.ok_or_else(|| {
        Failure::NotInOrder(format!(
            "there is no certificate for tenant {name:?}: it was never here, or a backup that holds its keys cannot be reached yet \
             (bring it back, or take it off the list with switchroom backup DIR --forget, and run this again)"
        ))
    })?;
    std::fs::write(&out, text_of(&certificate)).map_err(|e| format!("{out}: {e}"))?;
    let count = |part: &str| -> u64 {
        let all = certificate["destroyed"][part].as_object().into_iter().flatten();
        all.filter_map(|(_, n)| n.as_u64()).sum()
    };
    say(&format!(
        "tenant {name}: {} rows and {} keys were destroyed; the certificate is in {out}",
        count("rows"),
        count("keys")
    ));
    Ok(())
}
