//! The end of one's own account: ending it, looking at how far that is, having its data destroyed earlier, taking it back.

use crate::closing::{NotClosed, Stage, close, hasten, networks_of, take_back};
use crate::http::accounts::{blocking, failed};
use crate::http::identity::{Asker, address_of, allowed_among, token_of};
use crate::http::problem::Problem;
use crate::http::serve::Api;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::net::IpAddr;
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

/// How much earlier the data of an account that ended is to be destroyed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Earlier {
    /// The tenant's id, so that nobody destroys anything by mistake.
    pub tenant: String,
    /// In how many days from now on; 0 is at once. It stays as it is where that is sooner.
    pub days: u64,
}

fn not_of_this_tenant() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "this is not the id of your tenant: nothing was changed")
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
            return Err(not_of_this_tenant());
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

/// Of a request without anybody who is signed in: its secret, and where it comes from.
struct Bearer {
    secret: Option<String>,
    address: IpAddr,
}

impl Bearer {
    fn of(api: &Api, headers: &HeaderMap, extensions: &Extensions) -> Bearer {
        Bearer { secret: token_of(headers), address: address_of(api, headers, extensions) }
    }

    /// The closing that is asked about, and whose secret it is. The networks that the tenant allows count for as long as its
    /// configuration is there: afterwards nothing is left to be kept from anybody.
    fn closing(self, api: &Api) -> Result<(Closing, String), Problem> {
        let missing = || {
            let what = "there is no closing of which this is the receipt, or a token of an owner: Authorization: Bearer …";
            Problem::new(StatusCode::NOT_FOUND, what).coded("no-closing")
        };
        let found = api.handle.store.closing_of(&self.secret.ok_or_else(missing)?);
        let (closing, who) = found.map_err(|e| match e {
            StoreError::NotFound(_) => missing(),
            e => e.into(),
        })?;
        if Stage::of(&closing) == Stage::Waiting {
            let networks = networks_of(&api.handle.store, closing.tenant).map_err(failed)?;
            allowed_among(&networks, self.address)?;
        }
        Ok((closing, who))
    }
}

/// `GET /closing`
pub async fn look(
    State(api): State<Api>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<Json<ClosingView>, Problem> {
    let bearer = Bearer::of(&api, &headers, &extensions);
    blocking(move || Ok(Json(view(&bearer.closing(&api)?.0)))).await
}

/// `PATCH /closing`
pub async fn destroy_earlier(
    State(api): State<Api>,
    headers: HeaderMap,
    extensions: Extensions,
    Json(wanted): Json<Earlier>,
) -> Result<Json<ClosingView>, Problem> {
    let bearer = Bearer::of(&api, &headers, &extensions);
    blocking(move || {
        let (closing, who) = bearer.closing(&api)?;
        if closing.name != wanted.tenant {
            return Err(not_of_this_tenant());
        }
        Ok(Json(view(&hasten(&api.handle, closing.tenant, &who, wanted.days).map_err(problem)?)))
    })
    .await
}

/// `DELETE /closing`
pub async fn take_back_closing(
    State(api): State<Api>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<StatusCode, Problem> {
    let bearer = Bearer::of(&api, &headers, &extensions);
    blocking(move || {
        let (closing, who) = bearer.closing(&api)?;
        take_back(&api.handle, closing.tenant, &who).map_err(problem)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
