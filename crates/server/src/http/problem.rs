//! Errors of the API as `application/problem+json` (RFC 9457): a status and a sentence that says what to do.

use crate::tenant::Problem as ConfigurationProblem;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use store::StoreError;
use teams::bot::WhyNot;

/// An error as the caller sees it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// The status in words.
    pub title: String,
    /// What is wrong and what to do.
    pub detail: String,
    /// A word for what a page does something about: `signed-out`, `wrong`, `second-factor`, `slow-down`, `password`,
    /// `tenant`, `csrf`, `origin` or `closed`. Where a call is not begun, why: `premium`, `night`, `line` and so on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// Seconds to wait before trying again, in the header Retry-After.
    #[serde(skip)]
    pub retry_after: Option<u64>,
    /// All that is wrong, where there is more than one thing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

impl Problem {
    /// An error with a sentence.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Problem {
        let title = status.canonical_reason().unwrap_or("Error").into();
        Problem {
            status: status.as_u16(),
            title,
            detail: detail.into(),
            code: None,
            retry_after: None,
            problems: Vec::new(),
        }
    }

    /// The same with a word for pages.
    pub fn coded(self, code: &'static str) -> Problem {
        Problem { code: Some(code), ..self }
    }

    /// The same with the word for why nobody is called.
    pub fn because(self, why: WhyNot) -> Problem {
        self.coded(why.code())
    }

    /// Nothing of that name is there.
    pub fn not_found(what: &str) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, format!("there is no {what}"))
    }

    /// A cursor that no page gave.
    pub fn cursor() -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "this cursor is none of ours")
    }

    /// The server is stopping.
    pub fn stopping() -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping: try again soon")
            .because(WhyNot::Stopping)
    }

    /// A configuration with problems.
    pub fn configuration(found: &[ConfigurationProblem]) -> Problem {
        let mut p = Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the configuration is not in order; nothing was changed",
        );
        p.problems = found.iter().map(ToString::to_string).collect();
        p
    }
}

impl From<StoreError> for Problem {
    fn from(e: StoreError) -> Problem {
        let status = match e {
            StoreError::NotFound(_) => StatusCode::NOT_FOUND,
            StoreError::Refused(_) => StatusCode::CONFLICT,
            StoreError::Full => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        match e {
            StoreError::NotFound(what) => Problem::not_found(&what),
            StoreError::Refused(_) | StoreError::Full => Problem::new(status, e.to_string()),
            // The caller cannot mend this one: the cause is for the log.
            e => {
                tracing::error!(event = "api_failed", cause = %e, "a request failed");
                Problem::new(status, "something failed here: the log of the server says what")
            }
        }
    }
}

/// The longest text of a foreign answer that is kept.
const TEXT: usize = 8 * 1024;
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Marks a response whose body another protocol gives meaning to, whatever its status: it goes out as it is.
#[derive(Clone, Copy, Debug)]
pub struct AsItIs;

/// Makes an error that no handler of ours wrote (a body that is no JSON, a wrong query, a wrong method) a problem too. Its
/// headers stay: Allow, Content-Range and their like belong to the status.
pub async fn as_problem(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let is_told = response.headers().get(header::CONTENT_TYPE) == Some(&PROBLEM);
    if !is_error || is_told || response.extensions().get::<AsItIs>().is_some() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = axum::body::to_bytes(body, TEXT).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let detail = match (text.trim(), status) {
        ("", StatusCode::METHOD_NOT_ALLOWED) => "this method is not possible here: Allow says which are",
        ("", StatusCode::RANGE_NOT_SATISFIABLE) => {
            "the range begins after the end: Content-Range says the length"
        }
        ("", _) => status.canonical_reason().unwrap_or("this is not possible"),
        (text, _) => text,
    };
    let problem = Problem::new(status, detail).into_response();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.extend(problem.headers().clone());
    Response::from_parts(parts, problem.into_body())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, axum::Json(self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
