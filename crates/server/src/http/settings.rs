//! What the server's configuration says about HTTP.

use crate::config::ServerConfig;
use crate::http::demo::Persona;
use crate::tenant::objects::Span;
use axum::http::HeaderValue;
use store::SessionLife;

/// What the server's configuration says about HTTP.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The content security policy of pages.
    pub pages: HeaderValue,
    /// The same for the connector's tab, which asks Microsoft and stands inside Teams.
    pub tab: HeaderValue,
    /// Pages are shown inside those of others.
    pub framed: bool,
    /// How long sessions last.
    pub life: SessionLife,
    /// How long after signing in grave things may be done, in milliseconds.
    pub fresh: u64,
    /// Where people reach the web app.
    pub url: String,
    /// The origin of that address (RFC 6454), if it is configured.
    pub public_origin: Option<String>,
    /// A proxy in front takes HTTPS and speaks plain HTTP with us.
    pub behind_https: bool,
    /// Made-up people as whom anybody may sign in; only in the demo.
    pub personas: Vec<Persona>,
}

impl HttpSettings {
    /// Takes it out of a checked configuration.
    ///
    /// # Errors
    /// A sentence.
    pub fn of(config: &ServerConfig) -> Result<HttpSettings, String> {
        let http = &config.http;
        let pages =
            super::policy(&http.frame_ancestors).map_err(|e| format!("http.frame_ancestors = {e}"))?;
        let tab = super::tab_policy(&config.microsoft, &http.frame_ancestors)
            .map_err(|e| format!("http.frame_ancestors = {e}"))?;
        let ms = |text: &str| Span::read(text).map_or(0, |s| s.0);
        let public = http.public_url.as_str();
        Ok(HttpSettings {
            pages,
            tab,
            framed: !matches!(http.frame_ancestors.as_str(), "none" | "self"),
            life: SessionLife { idle: ms(&http.session_idle), whole: ms(&http.session_life) },
            fresh: ms(&http.session_fresh),
            url: http.url(),
            public_origin: origin(public),
            behind_https: http.is_behind_https(),
            personas: Vec::new(),
        })
    }
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().filter(|h| !h.is_empty())?;
    Some(format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_of_addresses() {
        for (url, expected) in [
            ("https://calls.example.org/desk/", Some("https://calls.example.org")),
            ("https://calls.example.org:8443", Some("https://calls.example.org:8443")),
            ("", None),
            ("https:///x", None),
        ] {
            assert_eq!(origin(url).as_deref(), expected, "{url}");
        }
    }
}
