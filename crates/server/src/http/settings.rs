//! What the server's configuration says about HTTP.

use crate::config::ServerConfig;
use axum::http::HeaderValue;

/// What the server's configuration says about HTTP.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The content security policy of pages.
    pub pages: HeaderValue,
}

impl HttpSettings {
    /// Takes it out of a checked configuration.
    ///
    /// # Errors
    /// A sentence.
    pub fn of(config: &ServerConfig) -> Result<HttpSettings, String> {
        let pages =
            super::policy(&config.http.frame_ancestors).map_err(|e| format!("http.frame_ancestors: {e}"))?;
        Ok(HttpSettings { pages })
    }
}
