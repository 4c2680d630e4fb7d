//! What Entra ID says when it gives no token, sorted by what is to be done about it.

use crate::clean;
use crate::request::Reply;
use core::fmt;
use core::time::Duration;
use serde::Deserialize;

/// The largest answer of a token endpoint that is read, in bytes.
pub(crate) const MOST_TOKEN_REPLY: usize = 256 * 1024;
/// The longest claims of a challenge that are passed on, in bytes.
pub(crate) const LONGEST_CLAIMS: usize = 8 * 1024;

/// Why there is no token. The number in most of them is Microsoft's (AADSTS…), 0 when none was given; it may be logged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EntraError {
    /// Nobody consented to what is asked for.
    ConsentNeeded {
        /// Microsoft's number.
        code: u32,
    },
    /// The person has to come to the browser: sign in, second factor, terms of use.
    InteractionNeeded {
        /// What to hand to the browser's request as `claims`, if anything.
        claims: Option<String>,
        /// Microsoft's number.
        code: u32,
    },
    /// The refresh token or code is not valid any more: a password was changed, an administrator revoked it, it is old.
    SignInAgain {
        /// Microsoft's number.
        code: u32,
    },
    /// The tenant removed or disabled our application.
    Disconnected {
        /// Microsoft's number.
        code: u32,
    },
    /// Our certificate or secret is not accepted.
    CredentialRefused {
        /// Microsoft's number.
        code: u32,
    },
    /// The caller's token cannot be exchanged: it is over, or for somebody else.
    AssertionRefused {
        /// Microsoft's number.
        code: u32,
    },
    /// Too many requests.
    Throttled {
        /// How long to wait, when it was said.
        after: Option<Duration>,
    },
    /// Entra ID is out of order, or the network is.
    Unavailable {
        /// The status, 0 when no answer came.
        status: u16,
    },
    /// The answer is no answer of a token endpoint.
    Unreadable {
        /// The status.
        status: u16,
    },
    /// Something else.
    Other {
        /// The error's name in OAuth, cleaned.
        error: String,
        /// Microsoft's number.
        code: u32,
    },
}

#[derive(Deserialize)]
struct Body {
    error: String,
    #[serde(default)]
    suberror: Option<String>,
    #[serde(default)]
    error_codes: Vec<u32>,
    #[serde(default)]
    error_description: Option<String>,
    #[serde(default)]
    claims: Option<String>,
}

impl EntraError {
    /// Reads an answer that is not a success.
    pub fn of(reply: &Reply) -> EntraError {
        let status = reply.status;
        if status == 429 {
            return EntraError::Throttled { after: reply.retry_after() };
        }
        if status >= 500 {
            return EntraError::Unavailable { status };
        }
        let Some(body) = reply.json::<Body>(MOST_TOKEN_REPLY) else {
            return EntraError::Unreadable { status };
        };
        let said = number_in(body.error_description.as_deref().unwrap_or_default());
        let code = body.error_codes.first().copied().or(said).unwrap_or(0);
        EntraError::sort(&body.error, body.suberror.as_deref(), code, body.claims)
    }

    /// Reads the error of a callback of the browser: `error` and `error_description`.
    pub fn of_callback(error: &str, description: &str, claims: Option<&str>) -> EntraError {
        EntraError::sort(error, None, number_in(description).unwrap_or(0), claims.map(str::to_string))
    }

    fn sort(error: &str, suberror: Option<&str>, code: u32, claims: Option<String>) -> EntraError {
        let claims = claims.filter(|c| c.len() <= LONGEST_CLAIMS);
        match (error, code) {
            (_, 65001 | 65004 | 90094 | 90095) => EntraError::ConsentNeeded { code },
            ("consent_required", _) => EntraError::ConsentNeeded { code },
            _ if suberror == Some("consent_required") => EntraError::ConsentNeeded { code },
            (_, 700_016 | 7_000_112 | 90_002 | 500_014) => EntraError::Disconnected { code },
            (_, 50013 | 500_131 | 500_133 | 500_138) => EntraError::AssertionRefused { code },
            (_, 50196) => EntraError::Throttled { after: None },
            ("interaction_required" | "login_required" | "insufficient_claims", _) => {
                EntraError::InteractionNeeded { claims, code }
            }
            _ if claims.is_some() => EntraError::InteractionNeeded { claims, code },
            ("invalid_client", _) => EntraError::CredentialRefused { code },
            (_, 7_000_215 | 7_000_222 | 700_027 | 700_024 | 700_030) => {
                EntraError::CredentialRefused { code }
            }
            ("invalid_grant", _) => EntraError::SignInAgain { code },
            ("temporarily_unavailable" | "server_error", _) => EntraError::Unavailable { status: 503 },
            _ => {
                EntraError::Other { error: clean::word(error).unwrap_or_else(|| "unknown".to_string()), code }
            }
        }
    }

    /// Whether the same request may work later without anybody doing anything.
    pub fn passes(&self) -> bool {
        matches!(self, EntraError::Throttled { .. } | EntraError::Unavailable { .. })
    }

    /// What somebody can do about it, as a sentence.
    pub fn what_to_do(&self) -> &'static str {
        match self {
            EntraError::ConsentNeeded { .. } => {
                "An administrator of the tenant must consent: open the permissions page and follow its link."
            }
            EntraError::InteractionNeeded { .. } => "Sign in again in the browser.",
            EntraError::SignInAgain { .. } => "Sign in again: the earlier sign-in was revoked or is too old.",
            EntraError::Disconnected { .. } => {
                "The tenant has removed or disabled the application: connect it again, or close the tenant here."
            }
            EntraError::CredentialRefused { .. } => {
                "Check the certificate or secret of the registration: it is unknown to Entra ID or over; check the clock too."
            }
            EntraError::AssertionRefused { .. } => {
                "Sign in again in Teams: the token that came from there is not accepted."
            }
            EntraError::Throttled { .. } | EntraError::Unavailable { .. } => "Nothing: it is tried again.",
            EntraError::Unreadable { .. } => "Check the base address of Entra ID in the configuration.",
            EntraError::Other { .. } => {
                "Look the number up at https://login.microsoftonline.com/error and check the registration."
            }
        }
    }
}

impl fmt::Display for EntraError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, code) = match self {
            EntraError::ConsentNeeded { code } => ("consent is missing", *code),
            EntraError::InteractionNeeded { code, .. } => ("the person has to come to the browser", *code),
            EntraError::SignInAgain { code } => ("the sign-in is not valid any more", *code),
            EntraError::Disconnected { code } => ("the tenant does not have the application any more", *code),
            EntraError::CredentialRefused { code } => {
                ("the application's certificate or secret is refused", *code)
            }
            EntraError::AssertionRefused { code } => ("the caller's token cannot be exchanged", *code),
            EntraError::Throttled { .. } => ("Entra ID asks to wait", 0),
            EntraError::Unavailable { status } => {
                return write!(f, "Entra ID gave no answer (status {status})");
            }
            EntraError::Unreadable { status } => {
                return write!(f, "what answered is not Entra ID's token endpoint (status {status})");
            }
            EntraError::Other { error, code } => {
                return write!(f, "Entra ID refused: {error} (AADSTS{code})");
            }
        };
        if code == 0 { f.write_str(what) } else { write!(f, "{what} (AADSTS{code})") }
    }
}

impl std::error::Error for EntraError {}

/// Microsoft's number in a description: `AADSTS65001: …`.
fn number_in(description: &str) -> Option<u32> {
    let rest = description.get(description.find("AADSTS")? + 6..)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> EntraError {
        EntraError::of(&Reply::new(400, body))
    }

    #[test]
    fn errors_are_sorted_by_what_is_to_be_done() {
        use EntraError::*;
        let cases = [
            (
                r#"{"error":"invalid_grant","suberror":"consent_required","error_codes":[65001]}"#,
                ConsentNeeded { code: 65001 },
            ),
            (
                r#"{"error":"invalid_grant","error_description":"AADSTS65001: no consent"}"#,
                ConsentNeeded { code: 65001 },
            ),
            (
                r#"{"error":"interaction_required","error_codes":[50076],"claims":"{\"access_token\":{}}"}"#,
                InteractionNeeded { claims: Some(r#"{"access_token":{}}"#.into()), code: 50076 },
            ),
            (r#"{"error":"invalid_grant","error_codes":[50173]}"#, SignInAgain { code: 50173 }),
            (r#"{"error":"invalid_grant","error_codes":[50013]}"#, AssertionRefused { code: 50013 }),
            (r#"{"error":"invalid_request","error_codes":[500131]}"#, AssertionRefused { code: 500_131 }),
            (r#"{"error":"unauthorized_client","error_codes":[700016]}"#, Disconnected { code: 700_016 }),
            (r#"{"error":"invalid_client","error_codes":[7000222]}"#, CredentialRefused { code: 7_000_222 }),
            (r#"{"error":"what\n\u202eis this"}"#, Other { error: "unknown".into(), code: 0 }),
            (
                r#"{"error":"invalid_scope","error_codes":[70011]}"#,
                Other { error: "invalid_scope".into(), code: 70011 },
            ),
            ("<html>", Unreadable { status: 400 }),
            ("", Unreadable { status: 400 }),
        ];
        for (body, expected) in cases {
            let got = read(body);
            assert_eq!(got, expected, "{body}");
            assert!(got.what_to_do().ends_with('.') && !got.to_string().is_empty());
        }
        let long =
            format!(r#"{{"error":"interaction_required","claims":"{}"}}"#, "a".repeat(LONGEST_CLAIMS + 1));
        assert_eq!(read(&long), InteractionNeeded { claims: None, code: 0 });
        assert_eq!(
            EntraError::of(&Reply::new(429, "").with("retry-after", "7")),
            Throttled { after: Some(Duration::from_secs(7)) }
        );
        assert!(EntraError::of(&Reply::new(503, "")).passes());
    }
}
