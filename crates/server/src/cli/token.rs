//! `switchroom token`

use crate::cli::arguments::Arguments;
use crate::cli::{Failure, Outcome, say};
use crate::{config, running};
use std::path::Path;
use store::Role;

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let path = args.need("config")?;
    let tenant = args.need("tenant")?;
    let role = args.need("role")?;
    args.end()?;
    let role = Role::from_name(&role)
        .ok_or_else(|| Failure::Usage(format!("--role {role}: use owner, supervisor, agent or auditor")))?;
    let store = running::open_existing_store(&config::load(Path::new(&path))?)?
        .ok_or_else(|| "there is no database yet: apply a tenant's files first".to_string())?;
    let now = crate::clock::wall_ms();
    let known = store.tenants().map_err(|e| e.to_string())?;
    let Some((id, _)) = known.iter().find(|(_, name)| *name == tenant) else {
        let names: Vec<&str> = known.iter().map(|(_, n)| n.as_str()).collect();
        return Err(Failure::NotInOrder(format!(
            "there is no tenant {tenant:?} in this database (there are: {}): apply its files first",
            names.join(", ")
        )));
    };
    let token = store.new_token(*id, role, now).map_err(|e| e.to_string())?;
    say(token.expose_secret());
    Ok(())
}
