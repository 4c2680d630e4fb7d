//! Microsoft's side of the server: which cloud, who we are there, and how requests that `teams` builds are carried.
//!
//! Nothing is decided here about tokens, people or permissions: `teams` builds each request and judges each reply.

mod background;
mod carry;
mod delegated;
mod directory_io;
mod directory_rights;
mod granted;
mod graph_io;
mod local_people;
mod notices;
mod people;
mod presence_io;
mod shown_io;
mod sign_in;
mod stops;
mod subscribe;
pub mod tab;

pub use background::{Background, token_request};
pub use carry::Carrier;
pub use delegated::{Delegated, Left};
pub use directory_io::{Directories, DirectorySync, said_of_permissions};
pub use directory_rights::InDirectory;
pub use granted::Granted;
pub use notices::{LARGEST, NoticeBoard};
pub use people::{Correction, Entry, LOCAL, MOST_FOUND, Person};
pub use presence_io::{PresenceBoard, PresenceWatch};
pub use shown_io::TalkShower;
pub use sign_in::{ANYWHERE, Finished, NotSignedIn, Purpose, SignIn, allowed_by};
pub use stops::Stops;
pub use tab::Tab;

use crate::config::{AppSection, MicrosoftSection};
use crate::tenant::objects::Span;
use redact::Secret;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use teams::Cloud;
use teams::entra::{Certificate, Client, Credential};
use teams::permissions::Registration;

/// How often directories may be read, and how rarely.
const OFTENEST: Duration = Duration::from_secs(1);
const RAREST: Duration = Duration::from_secs(3_600);
/// How rarely presence may be read.
const RAREST_PRESENCE: Duration = Duration::from_secs(300);
/// The largest certificate or secret that is read, in bytes.
const LARGEST_FILE: u64 = 64 * 1024;

/// What is configured about Microsoft.
pub struct Microsoft {
    /// The app that people sign in with; none where nobody signs in so.
    pub sign_in: Option<Arc<SignIn>>,
    /// The app by which administrators assign licences; none where nobody does.
    pub provisioning: Option<Arc<SignIn>>,
    /// The app by which administrators connect directories of the profile `directory`; none where nobody does.
    pub directory: Option<Arc<SignIn>>,
    /// The application ids of what is configured, by registration.
    pub apps: BTreeMap<Registration, String>,
    /// The cloud.
    pub cloud: Cloud,
    /// The connector's tab; none where there is no app registration for it.
    pub tab: Option<Arc<Tab>>,
}

impl Microsoft {
    /// Takes it out of a checked configuration.
    ///
    /// # Errors
    /// A sentence that names the key or the file, and what to do.
    pub fn of(config: &MicrosoftSection) -> Result<Microsoft, String> {
        let made = |app: AppSection<'_>, registration| match client(&app)? {
            Some(client) => {
                let made = SignIn::new(cloud_of(config)?, client, Carrier::new(), registration)?;
                Ok::<_, String>(Some(Arc::new(made)))
            }
            None => Ok(None),
        };
        let all = [
            (Registration::SignIn, config.sign_in()),
            (Registration::Background, config.background()),
            (Registration::Provisioning, config.provisioning()),
            (Registration::Directory, config.directory()),
        ];
        let apps = all.iter().filter(|(_, app)| !app.id.is_empty());
        let tab = match config.tab_app.as_str() {
            "" => None,
            app => {
                let mut tab = Tab::new(&cloud_of(config)?, app, Carrier::new())?;
                tab.hosts = tab::hosts(&config.tab_hosts)?;
                Some(Arc::new(tab))
            }
        };
        Ok(Microsoft {
            sign_in: made(config.sign_in(), Registration::SignIn)?,
            provisioning: made(config.provisioning(), Registration::Provisioning)?,
            directory: made(config.directory(), Registration::Directory)?,
            apps: apps.map(|(registration, app)| (*registration, app.id.to_string())).collect(),
            cloud: cloud_of(config)?,
            tab,
        })
    }
}

/// The app that works without a person, if one is configured.
///
/// # Errors
/// A sentence that names the key or the file, and what to do.
pub fn background_of(config: &MicrosoftSection) -> Result<Option<Arc<Background>>, String> {
    let Some(client) = client(&config.background())? else { return Ok(None) };
    Ok(Some(Arc::new(Background::new(cloud_of(config)?, client, Carrier::new())?)))
}

/// The app that reads directories in the name of the administrator who connected them, if one is configured.
///
/// # Errors
/// A sentence that names the key or the file, and what to do.
pub fn delegated_of(config: &MicrosoftSection) -> Result<Option<Delegated>, String> {
    let Some(client) = client(&config.directory())? else { return Ok(None) };
    Ok(Some(Delegated::new(cloud_of(config)?, client, Carrier::new())?))
}

/// What takes Graph's notifications for the app that works without a person.
///
/// # Errors
/// A sentence that names the key or the file, and what to do.
pub fn notices_of(config: &MicrosoftSection) -> Result<NoticeBoard, String> {
    let app = config.background();
    if app.id.is_empty() {
        return Ok(NoticeBoard::default());
    }
    let key = match app.key {
        "" => None,
        path => Some(read("microsoft.background_key", path)?),
    };
    NoticeBoard::new(&cloud_of(config)?, app.id, Carrier::new(), key.as_ref())
        .ok_or_else(|| "microsoft.login is no address of Entra ID".into())
}

/// Where Graph reaches us, if it can: it speaks HTTPS with others, and plain HTTP only within this machine.
pub fn public_of(url: &str) -> Option<teams::BaseUrl> {
    (!url.is_empty()).then(|| teams::BaseUrl::parse(url.trim_end_matches('/')).ok()).flatten()
}

/// Random bytes.
///
/// # Errors
/// When the operating system gives none.
pub fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| "the operating system gave no random bytes".to_string())?;
    Ok(bytes)
}

/// The cloud that is configured.
///
/// # Errors
/// A sentence that names the key.
pub fn cloud_of(config: &MicrosoftSection) -> Result<Cloud, String> {
    let known = Cloud::named(&config.cloud).ok_or_else(|| {
        format!("microsoft.cloud = {:?} is \"worldwide\", \"gcc-high\", \"dod\" or \"china\"", config.cloud)
    })?;
    let other = |key: &str, text: &str, base: teams::BaseUrl| match text {
        "" => Ok(base),
        text => teams::BaseUrl::parse(text).map_err(|e| format!("microsoft.{key} = {text:?}: {e}")),
    };
    // Whoever stands in for Entra ID issues the older tokens too.
    let sts = other("login", &config.login, known.sts)?;
    let login = other("login", &config.login, known.login)?;
    Ok(Cloud { login, sts, graph: other("graph", &config.graph, known.graph)?, teams: known.teams })
}

/// An app registration as it asks for tokens; nothing where none is configured.
///
/// # Errors
/// A sentence that names the key or the file, and what to do.
pub fn client(app: &AppSection<'_>) -> Result<Option<Client>, String> {
    if app.id.is_empty() {
        return Ok(None);
    }
    let key = |name: &str| format!("microsoft.{}_{name}", app.name);
    let credential = match app.secret_file {
        "" => {
            let certificate = read(&key("certificate"), app.certificate)?;
            let both = Certificate::read(certificate.expose_secret(), &read(&key("key"), app.key)?);
            let both = both.map_err(|e| format!("{} and {}: {e}", key("certificate"), key("key")))?;
            Credential::Certificate(both)
        }
        path => {
            let text = read(&key("secret_file"), path)?;
            Credential::Secret(Secret::new(text.expose_secret().trim().to_string()))
        }
    };
    Ok(Some(Client { id: app.id.into(), credential }))
}

fn read(key: &str, path: &str) -> Result<Secret<String>, String> {
    let path = Path::new(path);
    let say = |e: std::io::Error| format!("{key} = {:?}: {e}", path.display().to_string());
    if std::fs::metadata(path).map_err(say)?.len() > LARGEST_FILE {
        return Err(format!("{key} = {:?} is too large to be one", path.display().to_string()));
    }
    std::fs::read_to_string(path).map(Secret::new).map_err(say)
}

/// How often directories are read.
pub fn directory_every(config: &MicrosoftSection) -> Option<Duration> {
    let every = Duration::from_millis(Span::read(&config.directory_every)?.0);
    (OFTENEST..=RAREST).contains(&every).then_some(every)
}

/// How often presence is read.
pub fn presence_every(config: &MicrosoftSection) -> Option<Duration> {
    let every = Duration::from_millis(Span::read(&config.presence_every)?.0);
    (OFTENEST..=RAREST_PRESENCE).contains(&every).then_some(every)
}

/// What is wrong with the section, a sentence each.
pub fn check(config: &MicrosoftSection, say: &mut impl FnMut(String)) {
    if presence_every(config).is_none() {
        say(format!("microsoft.presence_every = {:?} is from 1s to 5m", config.presence_every));
    }
    if directory_every(config).is_none() {
        say(format!("microsoft.directory_every = {:?} is from 1s to 1h", config.directory_every));
    }
    if let Err(e) = cloud_of(config) {
        say(e);
    }
    if !config.tab_app.is_empty() && teams::clean::guid(&config.tab_app).is_none() {
        let what = "must be the application (client) id of the app registration";
        say(format!("microsoft.tab_app = {:?} {what}", config.tab_app));
    }
    if let Err(e) = tab::hosts(&config.tab_hosts) {
        say(format!("microsoft.tab_hosts = {e}"));
    }
    if crate::bot::memory_of(config).is_none() {
        say(format!("microsoft.bot_memory = {:?} is from 1m to 24h", config.bot_memory));
    }
    if !config.bot_app.is_empty() {
        if let Err(e) = crate::bot::cloud(config) {
            say(e);
        }
        if teams::clean::guid(&config.bot_tenant).is_none() {
            say(format!(
                "microsoft.bot_tenant = {:?} must be the tenant id of the bot's registration",
                config.bot_tenant
            ));
        }
    }
    let all =
        [config.sign_in(), config.background(), config.provisioning(), config.directory(), config.bot()];
    for app in all {
        let key = |name: &str| format!("microsoft.{}_{name}", app.name);
        let (has_secret, has_certificate) = (!app.secret_file.is_empty(), !app.certificate.is_empty());
        if has_certificate == app.key.is_empty() {
            say(format!("{} and {} belong together", key("certificate"), key("key")));
        }
        if app.id.is_empty() {
            continue;
        }
        if teams::clean::guid(app.id).is_none() {
            let what = "must be the application (client) id of the app registration";
            say(format!("{} = {:?} {what}", key("app"), app.id));
        }
        if has_secret == has_certificate {
            let (certificate, secret) = (key("certificate"), key("secret_file"));
            say(format!("{} needs {certificate} with its key, or {secret}, and not both", key("app")));
        }
    }
}
