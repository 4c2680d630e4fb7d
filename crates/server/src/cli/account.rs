//! `switchroom account`

use crate::cli::arguments::Arguments;
use crate::cli::remote::{Place, PlaceArguments, tenant_named};
use crate::cli::{Outcome, say};
use crate::http::invitation_link;
use crate::running::stored_documents;

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let user = args.need("user")?;
    let tenant = args.take("tenant");
    let place = PlaceArguments::read(&mut args)?;
    args.end()?;
    match place.open()? {
        Place::Server { url, token } => {
            let id: String = user.bytes().map(|b| format!("%{b:02X}")).collect();
            let made = crate::cli::remote::post(&format!("{url}/api/v1/users/{id}/invitation"), &token)?;
            say(made["link"].as_str().unwrap_or_default());
        }
        Place::Files { store, config } => {
            let store =
                store.ok_or_else(|| "there is no database yet: apply a tenant's files first".to_string())?;
            let id = tenant_named(&store, tenant.as_deref())?;
            let (_, numbers) = stored_documents(&store, id)?;
            let number = numbers.get(&("User".to_string(), user.clone())).copied();
            let number = number
                .ok_or_else(|| format!("there is no User {user:?} in this tenant: apply its files first"))?;
            let now = crate::clock::wall_ms();
            let code = store
                .invite((id, number), now, "command line", &format!("User/{user}"))
                .map_err(|e| e.to_string())?;
            say(&invitation_link(&config.http.url(), &code));
        }
    }
    Ok(())
}
