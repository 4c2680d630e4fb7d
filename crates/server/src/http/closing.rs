//! The end of one's own account: ending it, looking at how far that is, taking it back.

use crate::closing::{NotClosed, Stage, close, take_back};
use crate::http::accounts::{blocking, failed};
use crate::http::identity::{Asker, token_of};
use crate::http::problem::Problem;
use crate::http::serve::Api;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Closing, StoreError};

/// Where a closing is looked at.
const PLACE: HeaderValue = HeaderValue::from_static("/api/v1/closing");

/// Which account to end.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The tenant's id, so that nobody ends an account by mistake.
    pub tenant: String,
    /// After how many days the data is destroyed: as many as the rule of class `closing` says, or fewer. Until then it can
    /// be taken back.
    #[serde(default)]
    pub days: Option<u64>,
}

/// How far the end of an account is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClosingView {
    /// The tenant's id.
    pub tenant: String,
    /// `waiting`: it can be taken back; `disposing`: its data is being destroyed, or a backup that holds its keys cannot be
    /// reached; `done`.
    pub state: &'static str,
    /// When the account ended.
    pub asked: String,
    /// From when on its data is destroyed.
    pub disposal: String,
    /// What was destroyed, signed; null until it is.
    pub certificate: Option<Value>,
}

/// An account that just ended.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Ended {
    /// What `GET` and `DELETE /closing` take as a token, shown this once: no other counts any more but those of owners,
    /// and only there, until the data is destroyed.
    pub receipt: String,
    /// How far it is.
    #[serde(flatten)]
    pub closing: ClosingView,
}

fn view(closing: &Closing) -> ClosingView {
    let time = |ms| crate::view::time(engine::Time(ms));
    ClosingView {
        tenant: closing.name.clone(),
        state: Stage::of(closing).name(),
        asked: time(closing.at),
        disposal: time(closing.begun.unwrap_or(closing.due)),
        certificate: closing.certificate.as_deref().and_then(|made| serde_json::from_str(made).ok()),
    }
}

fn problem(why: NotClosed) -> Problem {
    match why {
        NotClosed::Refused(why) => Problem::new(StatusCode::CONFLICT, why),
        NotClosed::Failed(why) => failed(why),
    }
}

/// `POST /closing`
pub async fn end(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(wanted): Json<Wanted>,
) -> Result<(StatusCode, [(header::HeaderName, HeaderValue); 1], Json<Ended>), Problem> {
    blocking(move || {
        let (store, tenant) = (&api.handle.store, asker.0.tenant);
        if store.tenant_name(tenant)? != wanted.tenant {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "this is not the id of your tenant: nothing was changed",
            ));
        }
        let receipt = close(&api.handle, tenant, &asker.name(), wanted.days).map_err(problem)?;
        let receipt = receipt.expose_secret().clone();
        let closing = view(&store.closing_of(&receipt)?.0);
        let status = match closing.certificate.is_some() {
            true => StatusCode::OK,
            false => StatusCode::ACCEPTED,
        };
        Ok((status, [(header::LOCATION, PLACE)], Json(Ended { receipt, closing })))
    })
    .await
}

fn closing_of(api: &Api, headers: &HeaderMap) -> Result<(Closing, String), Problem> {
    let missing = || {
        let what = "there is no closing of which this is the receipt, or a token of an owner: Authorization: Bearer …";
        Problem::new(StatusCode::NOT_FOUND, what)
    };
    let secret = token_of(headers).ok_or_else(missing)?;
    api.handle.store.closing_of(&secret).map_err(|e| match e {
        StoreError::NotFound(_) => missing(),
        e => e.into(),
    })
}

/// `GET /closing`
pub async fn look(State(api): State<Api>, headers: HeaderMap) -> Result<Json<ClosingView>, Problem> {
    blocking(move || Ok(Json(view(&closing_of(&api, &headers)?.0)))).await
}

/// `DELETE /closing`
pub async fn take_back_closing(State(api): State<Api>, headers: HeaderMap) -> Result<StatusCode, Problem> {
    blocking(move || {
        let (closing, who) = closing_of(&api, &headers)?;
        take_back(&api.handle, closing.tenant, &who).map_err(problem)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
