//! Microsoft's side of the server: which cloud, who we are there, and how requests that `teams` builds are carried.
//!
//! Nothing is decided here about tokens, people or permissions: `teams` builds each request and judges each reply.

mod carry;
mod sign_in;

pub use carry::Carrier;
pub use sign_in::{NotSignedIn, SignIn};

use crate::config::MicrosoftSection;
use redact::Secret;
use std::path::Path;
use std::sync::Arc;
use teams::Cloud;
use teams::entra::{Certificate, Client, Credential};

/// The largest certificate or secret that is read, in bytes.
const LARGEST_FILE: u64 = 64 * 1024;

/// What is configured about Microsoft.
pub struct Microsoft {
    /// The app that people sign in with; none where nobody signs in so.
    pub sign_in: Option<Arc<SignIn>>,
}

impl Microsoft {
    /// Takes it out of a checked configuration.
    ///
    /// # Errors
    /// A sentence that names the key or the file, and what to do.
    pub fn of(config: &MicrosoftSection) -> Result<Microsoft, String> {
        let cloud = cloud_of(config)?;
        if config.sign_in_app.is_empty() {
            return Ok(Microsoft { sign_in: None });
        }
        let client = Client { id: config.sign_in_app.clone(), credential: credential(config)? };
        let sign_in = SignIn::new(cloud, client, Carrier::new())?;
        Ok(Microsoft { sign_in: Some(Arc::new(sign_in)) })
    }
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
    Ok(Cloud { login, sts, graph: other("graph", &config.graph, known.graph)? })
}

fn credential(config: &MicrosoftSection) -> Result<Credential, String> {
    let secret = config.sign_in_secret_file.as_str();
    if !secret.is_empty() {
        let text = read("microsoft.sign_in_secret_file", secret)?;
        return Ok(Credential::Secret(Secret::new(text.expose_secret().trim().to_string())));
    }
    let certificate = read("microsoft.sign_in_certificate", &config.sign_in_certificate)?;
    let key = read("microsoft.sign_in_key", &config.sign_in_key)?;
    let both = Certificate::read(certificate.expose_secret(), &key);
    both.map(Credential::Certificate)
        .map_err(|e| format!("microsoft.sign_in_certificate and microsoft.sign_in_key: {e}"))
}

fn read(key: &str, path: &str) -> Result<Secret<String>, String> {
    let path = Path::new(path);
    let say = |e: std::io::Error| format!("{key} = {:?}: {e}", path.display().to_string());
    if std::fs::metadata(path).map_err(say)?.len() > LARGEST_FILE {
        return Err(format!("{key} = {:?} is too large to be one", path.display().to_string()));
    }
    std::fs::read_to_string(path).map(Secret::new).map_err(say)
}

/// What is wrong with the section, a sentence each.
pub fn check(config: &MicrosoftSection, say: &mut impl FnMut(String)) {
    if let Err(e) = cloud_of(config) {
        say(e);
    }
    let has_secret = !config.sign_in_secret_file.is_empty();
    let has_certificate = !config.sign_in_certificate.is_empty();
    if has_certificate == config.sign_in_key.is_empty() {
        say("microsoft.sign_in_certificate and microsoft.sign_in_key belong together".into());
    }
    if config.sign_in_app.is_empty() {
        return;
    }
    if teams::clean::guid(&config.sign_in_app).is_none() {
        say(format!(
            "microsoft.sign_in_app = {:?} must be the application (client) id of the app registration",
            config.sign_in_app
        ));
    }
    if has_secret == has_certificate {
        say("microsoft.sign_in_app needs microsoft.sign_in_certificate and microsoft.sign_in_key, or \
             microsoft.sign_in_secret_file, and not both"
            .into());
    }
}
