//! The API and the admin pages: who asks, and whether they may.

use crate::http::listen::listen;
use crate::http::problem::{Problem, as_problem};
use crate::http::recordings::Listening;
use crate::http::routes::{PREFIX, all};
use crate::http::settings::HttpSettings;
use crate::http::web::{self, WebApp};
use crate::running::Handle;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::get;
use std::sync::{Arc, Mutex};
use store::{Role, TokenInfo};
use tokio::net::TcpListener;

/// The largest request, in bytes: a configuration with its prompts.
const BODY: usize = 32 * 1024 * 1024;

/// What handlers share.
#[derive(Clone)]
pub struct Api {
    /// The way to everything.
    pub handle: Handle,
    /// Held while the configuration is read, changed and applied: one change after the other.
    pub changing: Arc<Mutex<()>>,
    /// Who listens to which recording.
    pub listening: Arc<Mutex<Listening>>,
    /// What the server's configuration says.
    pub settings: Arc<HttpSettings>,
}

impl Api {
    /// What handlers of this server share.
    pub fn new(handle: Handle, settings: HttpSettings) -> Api {
        let settings = Arc::new(settings);
        Api { handle, changing: Arc::default(), listening: Arc::default(), settings }
    }
}

/// Whoever asks, after the token was checked.
#[derive(Clone, Debug)]
pub struct Asker(pub TokenInfo);

impl Asker {
    /// As the audit log names it.
    pub fn name(&self) -> String {
        format!("token {}", self.0.id)
    }
}

#[derive(Clone)]
struct Guard {
    api: Api,
    look: Role,
    change: Role,
}

/// Serves the API and the admin pages until the future is dropped.
pub async fn serve(api: Api, http: TcpListener, admin: TcpListener) {
    let settings = api.settings.clone();
    let mut router = Router::new();
    for route in all() {
        let guard = Guard { api: api.clone(), look: route.role, change: route.change };
        router = router
            .route(&format!("{PREFIX}{}", route.path), route.handler.layer(from_fn_with_state(guard, allow)));
    }
    let router = router
        .route(
            &format!("{PREFIX}/openapi.json"),
            get(async || axum::Json(crate::http::openapi::describe().clone())),
        )
        .fallback(async |method: Method, uri: Uri, headers: HeaderMap| {
            WebApp::built_in().answer(&method, &uri, &headers)
        })
        .layer(DefaultBodyLimit::max(BODY))
        .layer(map_response(as_problem))
        .layer(map_response(move |reply: Response| {
            let settings = settings.clone();
            async move { web::guard(reply, &settings.pages, false) }
        }))
        .with_state(api.clone());
    let admin_router = crate::admin::router(api);
    tokio::join!(listen(http, router), listen(admin, admin_router));
}

/// The token says tenant and role; the route says which role it needs.
async fn allow(State(guard): State<Guard>, mut request: Request, next: Next) -> Result<Response, Problem> {
    let token = token_of(request.headers()).or_else(|| query_token(&request)).ok_or_else(|| {
        Problem::new(StatusCode::UNAUTHORIZED, "send a token: Authorization: Bearer …, from switchroom token")
    })?;
    let store = guard.api.handle.store.clone();
    let info = tokio::task::spawn_blocking(move || store.token(&token))
        .await
        .map_err(|_| Problem::stopping())?
        .map_err(|e| match e {
            store::StoreError::NotFound(_) => {
                Problem::new(StatusCode::UNAUTHORIZED, "this token is not known here")
            }
            e => e.into(),
        })?;
    let needed = if request.method() == Method::GET { guard.look } else { guard.change };
    if info.role < needed {
        let needed = needed.name();
        return Err(Problem::new(StatusCode::FORBIDDEN, format!("this needs the role {needed}")));
    }
    request.extensions_mut().insert(Asker(info));
    Ok(next.run(request).await)
}

fn token_of(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_string())
}

/// Browsers cannot send headers with a WebSocket: there the token may stand in the address.
fn query_token(request: &Request) -> Option<String> {
    if !request.uri().path().ends_with("/live") {
        return None;
    }
    request.uri().query()?.split('&').find_map(|p| p.strip_prefix("token=")).map(str::to_string)
}
