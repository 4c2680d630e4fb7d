//! Listeners: the API and the admin pages, with bounds; who asks, and whether they may.

use crate::http::problem::Problem;
use crate::http::routes::{PREFIX, all};
use crate::running::Handle;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use store::{Role, TokenInfo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections at a time.
const CONNECTIONS: usize = 4_096;
/// How long a connection may say nothing at first: a place is for whoever asks something.
const FIRST_WORD: std::time::Duration = std::time::Duration::from_secs(10);
/// The largest request, in bytes: a configuration with its prompts.
const BODY: usize = 32 * 1024 * 1024;

/// What handlers share.
#[derive(Clone)]
pub struct Api {
    /// The way to everything.
    pub handle: Handle,
    /// Held while the configuration is read, changed and applied: one change after the other.
    pub changing: Arc<Mutex<()>>,
}

impl Api {
    /// What handlers of this server share.
    pub fn new(handle: Handle) -> Api {
        Api { handle, changing: Arc::default() }
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
///
/// # Errors
/// What the system said.
pub async fn serve(api: Api, http: TcpListener, admin: TcpListener) -> std::io::Result<()> {
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
        .route("/", get(welcome))
        .fallback(async || Problem::not_found("such page; the API is described by /api/v1/openapi.json"))
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(api.clone());
    let admin_router = crate::admin::router(api);
    let serve_http = axum::serve(Limited::new(http), router);
    let serve_admin = axum::serve(Limited::new(admin), admin_router);
    let (a, b) = tokio::join!(async { serve_http.await }, async { serve_admin.await });
    a.and(b)
}

async fn welcome() -> Response {
    let page = "<!doctype html><html lang=en><meta charset=utf-8><title>Switchroom</title>\
        <body><h1>Switchroom</h1><p>This server is running. Its API is described by \
        <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>.</p></body></html>";
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'self'"),
    ];
    (headers, page).into_response()
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

/// A listener that has at most so many connections open.
struct Limited {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

/// A connection that gives its place back when it is closed.
struct Placed {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
    /// Until something was read.
    patience: Option<std::pin::Pin<Box<tokio::time::Sleep>>>,
}

impl Limited {
    fn new(listener: TcpListener) -> Limited {
        Limited { listener, places: Arc::new(Semaphore::new(CONNECTIONS)) }
    }
}

impl axum::serve::Listener for Limited {
    type Io = Placed;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Placed, SocketAddr) {
        loop {
            // The semaphore is never closed, so this always gives a place.
            let Ok(place) = self.places.clone().acquire_owned().await else { continue };
            match self.listener.accept().await {
                Ok((stream, addr)) => {
                    let _ = stream.set_nodelay(true);
                    let patience = Some(Box::pin(tokio::time::sleep(FIRST_WORD)));
                    return (Placed { stream, _place: place, patience }, addr);
                }
                // Out of file descriptors and its like: the next one may work.
                Err(e) => {
                    tracing::warn!(event = "http_accept", cause = %e, "a connection could not be taken");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl tokio::io::AsyncRead for Placed {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        let read = std::pin::Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() {
            self.patience = None;
        } else if let Some(patience) = &mut self.patience {
            if patience.as_mut().poll(cx).is_ready() {
                return std::task::Poll::Ready(Err(std::io::ErrorKind::TimedOut.into()));
            }
        }
        read
    }
}

impl tokio::io::AsyncWrite for Placed {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::pin::Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
