//! Handing line passes out: for whom, at which telephone system, and the links that bring them to people's own Teams clients.

use crate::connector::line::Passes;
use crate::tenant::Meaning;
use pbx::Time;
use pbx::line::{Pass, is_line};
use redact::Secret;
use teams::BaseUrl;

/// Passes that are made at a time.
pub const MOST: usize = 1_000;
/// The tab's name in the app package, which a link to it needs.
const TAB: &str = "people";

/// Somebody's line.
#[derive(Debug)]
pub struct OwnLine {
    /// The person's object id in the Microsoft directory.
    pub person: String,
    /// The person's line at the telephone system.
    pub line: Secret<String>,
}

/// Somebody's pass.
#[derive(Debug)]
pub struct HandedOut {
    /// The person's object id, as Microsoft writes it.
    pub person: String,
    /// The pass, with the id of the telephone system before it.
    pub pass: Secret<String>,
    /// The link that opens the tab in Teams with it; nothing where the tenant has no `teams_app`.
    pub link: Option<Secret<String>>,
}

/// Why no pass was made.
#[derive(Debug, PartialEq, Eq)]
pub enum NotMade {
    /// There is no such telephone system, or people have no lines there.
    NoSystem,
    /// What was asked for is wrong: a sentence.
    Wrong(String),
    /// The installation's key for them cannot be read.
    NoKey,
}

impl std::fmt::Display for NotMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotMade::NoSystem => f.write_str("there is no such telephone system with lines"),
            NotMade::Wrong(what) => f.write_str(what),
            NotMade::NoKey => f.write_str("the key of line passes cannot be read"),
        }
    }
}

/// What passes for a telephone system need of a tenant.
#[derive(Debug)]
pub struct System {
    tenant: String,
    id: String,
    /// The tenant's app in Teams; nothing where it has none.
    app: Option<String>,
}

/// The telephone system of this id, as one that passes are made for.
///
/// # Errors
/// When there is no such one, or none that takes passes.
pub fn system(meaning: &Meaning, id: &str) -> Result<System, NotMade> {
    let rule = meaning.pbxs.get(id).filter(|rule| rule.has_lines()).ok_or(NotMade::NoSystem)?;
    if rule.wants_password() {
        let what =
            "this telephone system proves by the person's own password whose line it is: no pass is needed";
        return Err(NotMade::Wrong(what.into()));
    }
    let app = meaning.teams_app.as_ref().map(|app| app.id.clone());
    Ok(System { tenant: meaning.tenant.clone(), id: id.into(), app })
}

/// Makes passes for people at a telephone system: all of them, or none. `made` is the time now, `teams` is Teams of the cloud
/// that people are in.
///
/// # Errors
/// Why none was made.
pub fn hand_out(
    passes: &Passes,
    system: &System,
    teams: &BaseUrl,
    people: Vec<OwnLine>,
    made: Time,
) -> Result<Vec<HandedOut>, NotMade> {
    if people.is_empty() || people.len() > MOST {
        return Err(NotMade::Wrong(format!("people has 1 to {MOST} people")));
    }
    let one = |(n, own): (usize, OwnLine)| {
        let person = teams::clean::guid(&own.person)
            .ok_or_else(|| NotMade::Wrong(format!("people[{n}].person is no object id of Microsoft's")))?;
        if !is_line(own.line.expose_secret()) {
            let what = "has at most 32 letters, digits and + * # . _ -";
            return Err(NotMade::Wrong(format!("people[{n}].line {what}")));
        }
        let (tenant, pbx) = (system.tenant.clone(), system.id.clone());
        let pass = Pass { tenant, person: person.clone(), pbx, line: own.line, made };
        let sealed = passes.seal(&pass).ok_or(NotMade::NoKey)?;
        let pass = format!("{}~{}", system.id, sealed.expose_secret());
        let link = system.app.as_ref().map(|app| {
            let context = format!("%7B%22subEntityId%22%3A%22{pass}%22%7D");
            Secret::new(teams.join(&format!("/l/entity/{app}/{TAB}?context={context}")))
        });
        Ok(HandedOut { person, pass: Secret::new(pass), link })
    };
    people.into_iter().enumerate().map(one).collect()
}
