//! How Entra ID says no: error, number and sentence.

use crate::microsoft::exchange::{Reply, escaped};
use crate::microsoft::moment;
use serde_json::{Value, json};

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The error of OAuth (RFC 6749).
    pub error: &'static str,
    /// The number behind `AADSTS`.
    pub code: u32,
    /// The sentence.
    pub text: String,
    /// `suberror`, for those who look closer.
    pub suberror: Option<&'static str>,
    /// Claims to ask for when the person comes.
    pub claims: Option<String>,
}

/// A refusal with this error, number and sentence.
pub fn refuse(error: &'static str, code: u32, text: impl Into<String>) -> Refusal {
    Refusal { error, code, text: text.into(), suberror: None, claims: None }
}

impl Refusal {
    /// The same with `suberror`.
    pub fn because(mut self, suberror: &'static str) -> Refusal {
        self.suberror = Some(suberror);
        self
    }

    /// The same with claims to ask for.
    pub fn with_claims(mut self, claims: String) -> Refusal {
        self.claims = Some(claims);
        self
    }

    /// Number and sentence.
    pub fn description(&self) -> String {
        format!("AADSTS{}: {}", self.code, self.text)
    }

    /// As the token endpoint gives it.
    pub fn reply(&self, now: u64, trace: &str, correlation: &str) -> Reply {
        let at = moment::with_space(now);
        let mut body = json!({
            "error": self.error,
            "error_description":
                format!("{} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}", self.description()),
            "error_codes": [self.code],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": correlation,
        });
        if let Some(suberror) = self.suberror {
            body["suberror"] = suberror.into();
        }
        if let Some(claims) = &self.claims {
            body["claims"] = Value::String(claims.clone());
        }
        let status = if self.error == "invalid_client" { 401 } else { 400 };
        Reply::json(status, &body).with_header("Cache-Control", "no-store")
    }

    /// As a page, when nobody may be sent anywhere.
    pub fn page(&self) -> Reply {
        let body = format!(
            "<!doctype html><html lang=en><meta charset=utf-8><title>Sign in</title><h1>We can't sign you in</h1>\
             <p id=error>{}</p>",
            escaped(&self.description())
        );
        Reply::page(400, body)
    }
}
