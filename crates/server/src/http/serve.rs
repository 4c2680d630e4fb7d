//! The API, the web app and the admin pages, put together.

use crate::attest::Ground;
use crate::bot::Bot;
use crate::connector::Connector;
use crate::http::access::Access;
use crate::http::bot;
use crate::http::grave::is_grave;
use crate::http::identity::{Guard, Peer, allow};
use crate::http::licences::Administrators;
use crate::http::listen::{SMALL_BODY, listen};
use crate::http::problem::as_problem;
use crate::http::recordings::Listening;
use crate::http::routes::{PREFIX, all};
use crate::http::session::PASSWORDS;
use crate::http::settings::HttpSettings;
use crate::http::web::{self, WebApp};
use crate::microsoft::Microsoft;
use crate::running::Handle;
use crate::sign_in::challenges::Challenges;
use crate::sign_in::guesses::Guesses;
use crate::sign_in::seen::Seen;
use crate::tls::{self, Certificate};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::routing::{get, post};
use std::sync::{Arc, Mutex};
use teams::bot::LARGEST_ACTIVITY;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

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
    /// Who failed to sign in.
    pub guesses: Arc<Mutex<Guesses>>,
    /// Who came lately with a token of a work account.
    pub seen: Arc<Mutex<Seen>>,
    /// What is configured about Microsoft.
    pub microsoft: Arc<Microsoft>,
    /// The bot in Teams, if there is one.
    pub bot: Option<Arc<Bot>>,
    /// What Microsoft gave to administrators who signed in for licences.
    pub administrators: Arc<Mutex<Administrators>>,
    /// Turns for waiting for Microsoft.
    pub microsoft_turns: Arc<Semaphore>,
    /// Turns for hashing a password.
    pub passwords: Arc<Semaphore>,
    /// Challenges for signing in with a passkey.
    pub passkeys: Arc<Mutex<Challenges<()>>>,
    /// Challenges for adding a passkey, each for one session.
    pub new_passkeys: Arc<Mutex<Challenges<(store::AccountOf, Vec<u8>)>>>,
    /// Calls that people asked for with one click.
    pub connector: Arc<Connector>,
    /// Turns for going through a recording to draw it.
    pub drawing: Arc<Semaphore>,
    /// What an attestation's checks look at.
    pub ground: Option<Arc<Ground>>,
}

/// Requests that wait for Microsoft at a time.
const AT_MICROSOFT: usize = 8;
/// Recordings that are gone through at a time.
const DRAWN: usize = 2;

impl Api {
    /// What handlers of this server share. `calls` is how many are carried at once through other telephone systems.
    pub fn new(handle: Handle, settings: HttpSettings, microsoft: Microsoft, calls: usize) -> Api {
        let passes = handle.store.line_pass_key();
        let passes = passes
            .inspect_err(|why| tracing::error!(event = "line_passes", %why, "there are no line passes"));
        let connector = Arc::new(Connector::new(passes.ok(), calls));
        Api {
            handle,
            changing: Arc::default(),
            listening: Arc::default(),
            settings: Arc::new(settings),
            guesses: Arc::default(),
            seen: Arc::default(),
            microsoft: Arc::new(microsoft),
            bot: None,
            administrators: Arc::default(),
            microsoft_turns: Arc::new(Semaphore::new(AT_MICROSOFT)),
            passwords: Arc::new(Semaphore::new(PASSWORDS)),
            passkeys: Arc::default(),
            new_passkeys: Arc::default(),
            connector,
            drawing: Arc::new(Semaphore::new(DRAWN)),
            ground: None,
        }
    }
}

/// Serves the API, the web app and the admin pages until the future is dropped; with a certificate the first two over
/// HTTPS.
pub async fn serve(
    api: Api,
    http: TcpListener,
    admin: TcpListener,
    tls: Option<(TlsAcceptor, Arc<Certificate>)>,
) {
    let settings = api.settings.clone();
    let mut router = Router::new();
    let demo = !api.settings.personas.is_empty();
    for route in all(demo) {
        let route = Arc::new(route);
        let of = route.clone();
        let path = route.path.clone();
        let guard = Guard {
            api: api.clone(),
            access: Arc::new(move |method| of.access(method.as_str())),
            is_grave: Arc::new(move |method| is_grave(method.as_str(), &path)),
        };
        let handler = route.handler.clone().layer(from_fn_with_state(guard, allow));
        // Of strangers no more is read than a form has.
        let is_public = route.access("post") == Access::Public;
        let handler = if is_public { handler.layer(DefaultBodyLimit::max(SMALL_BODY)) } else { handler };
        router = router.route(&format!("{PREFIX}{}", route.path), handler);
    }
    let router = router
        .merge(crate::http::graph_notices::routes())
        .route(
            &format!("{PREFIX}/openapi.json"),
            get(async move || axum::Json(crate::http::openapi::describe(demo).clone())),
        )
        .route(bot::MESSAGES, post(bot::messages).layer(DefaultBodyLimit::max(LARGEST_ACTIVITY)))
        .route(crate::bot::CONSENTED, get(bot::consented))
        .fallback(async |method: Method, uri: Uri, headers: HeaderMap| {
            WebApp::built_in().answer(&method, &uri, &headers)
        })
        .layer(DefaultBodyLimit::max(BODY))
        .layer(map_response(as_problem))
        .layer(from_fn(move |request: Request, next: Next| {
            let settings = settings.clone();
            let secure = request.extensions().get::<Peer>().is_some_and(|p| p.secure);
            let tab = request.uri().path() == "/connector";
            async move {
                let policy = if tab { &settings.tab } else { &settings.pages };
                web::guard(next.run(request).await, policy, secure)
            }
        }))
        .with_state(api.clone());
    let (connector, bot, handle) = (api.connector.clone(), api.bot.clone(), api.handle.clone());
    let admin_router = crate::admin::router(api);
    let (acceptor, certificate) = tls.unzip();
    tokio::join!(
        listen(http, router, acceptor),
        listen(admin, admin_router, None),
        keep_up(certificate),
        connector.keep_forgetting(handle),
        crate::bot::keep_forgetting(bot)
    );
}

/// Looks again and again whether there is a new certificate.
async fn keep_up(certificate: Option<Arc<Certificate>>) {
    let Some(certificate) = certificate else { return };
    let mut look = tokio::time::interval(tls::LOOK);
    loop {
        look.tick().await;
        let certificate = certificate.clone();
        // Only a panic is an error here, and the next look is another try.
        let _ = tokio::task::spawn_blocking(move || certificate.look()).await;
    }
}
