//! The end of one's own account.

use crate::closing::{NotClosed, close};
use crate::http::accounts::{blocking, failed};
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which account to end.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The tenant's id, so that nobody ends an account by mistake.
    pub tenant: String,
}

/// `POST /closing`
pub async fn end(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(wanted): Json<Wanted>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    blocking(move || {
        let tenant = asker.0.tenant;
        if api.handle.store.tenant_name(tenant)? != wanted.tenant {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "this is not the id of your tenant: nothing was changed",
            ));
        }
        match close(&api.handle, tenant, &asker.name()) {
            Ok(Some(certificate)) => Ok((StatusCode::OK, Json(certificate))),
            Ok(None) => Ok((StatusCode::ACCEPTED, Json(Value::Null))),
            Err(NotClosed::Refused(why)) => Err(Problem::new(StatusCode::CONFLICT, why)),
            Err(NotClosed::Failed(why)) => Err(failed(why)),
        }
    })
    .await
}
