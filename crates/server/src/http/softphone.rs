//! An agent's browser as the agent's phone: its connection, answering and hanging up, and how an agent is rung.
//!
//! What happens to it is told by the live page's WebSocket, as `notice` with `what`: `ring` (leg, call, who, codec, and
//! whether it was answered already because the agent asked for it in that page), `released` (leg, call) and `replaced`
//! (another page of the agent's took the place).

use crate::adapt::{AgentEndpoint, Now, PhoneRefused, SoftphoneState, Switch};
use crate::http::access::{Access, Agents};
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::routes::{Operation, Route, op, schema};
use crate::http::serve::Api;
use crate::view;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Extension, Json};
use engine::AgentId;
use media::browser::{MAX_OFFER, OfferError};
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::TenantId;
use teams::bot::WhyNot;

/// The largest request here: an offer, each of whose signs may be written as six.
const BODY: usize = 8 * MAX_OFFER;

/// A page that becomes an agent's phone.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSoftphone {
    /// Id of the agent.
    pub agent: String,
    /// The offer of the page's RTCPeerConnection: one audio stream.
    pub offer: String,
}

/// A page that is an agent's phone.
#[derive(Clone, Serialize, JsonSchema)]
pub struct Registered {
    /// Names this page's registration. Another page that registers takes its place.
    pub id: String,
    /// The answer for the RTCPeerConnection.
    pub answer: String,
}

/// A later offer of the same page, after a change of network.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOffer {
    /// Id of the agent.
    pub agent: String,
    /// Id of the registration.
    pub id: String,
    /// The offer, with new ICE credentials.
    pub offer: String,
}

/// Whose browser it is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    /// Id of the agent.
    pub agent: String,
}

/// Which page it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    agent: String,
    id: String,
}

/// Holding, or not.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Id of the agent.
    pub agent: String,
    /// Whether the other end is on hold from now on.
    pub held: bool,
}

/// How an agent's browser stands.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct SoftphoneView {
    /// Id of the page's registration; null when no page is the agent's phone.
    pub id: Option<String>,
    /// Whether audio can flow.
    pub connected: bool,
    /// `idle`, `ringing` or `talking`.
    pub state: String,
    /// Id of the leg that rings or talks there.
    pub leg: Option<String>,
    /// Id of its call.
    pub call: Option<String>,
    /// Number or address at the other end; null if withheld.
    pub number: Option<String>,
    /// Name that came with the call.
    pub name: Option<String>,
    /// Whether the agent holds.
    pub held: bool,
}

/// How an agent is rung.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointChoice {
    /// Where.
    pub kind: EndpointKind,
    /// The number, for `number`; as the world writes it, or as people dial it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

/// Where an agent can be rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointKind {
    /// In the browser if a page is connected, at the SIP phone otherwise.
    Any,
    /// In the browser only.
    Browser,
    /// At the SIP phone only.
    Phone,
    /// At a number outside.
    Number,
}

impl From<PhoneRefused> for Problem {
    fn from(refused: PhoneRefused) -> Problem {
        let (status, detail) = match refused {
            PhoneRefused::NoAgent => return Problem::not_found("such agent"),
            PhoneRefused::NoBrowser => (
                StatusCode::NOT_FOUND,
                "this page is not the agent's phone: register it, or another took its place",
            ),
            PhoneRefused::NoCall => (StatusCode::CONFLICT, "nothing rings or talks in the agent's browser"),
            PhoneRefused::Full => (StatusCode::SERVICE_UNAVAILABLE, "there are too many browsers already"),
            PhoneRefused::Number => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "this number may not be called: see `dial` of the tenant, `may_dial` and `may_transfer_out` of the person, and write it with + and the country's code",
            ),
            PhoneRefused::NoPhone => (StatusCode::UNPROCESSABLE_ENTITY, "the agent has no `phone`"),
            PhoneRefused::NoPage => {
                let what = "the agent is rung in the browser only, and no page of the agent's is connected";
                return Problem::new(StatusCode::CONFLICT, what).because(WhyNot::NoPage);
            }
        };
        Problem::new(status, detail)
    }
}

impl From<OfferError> for Problem {
    fn from(error: OfferError) -> Problem {
        let status = match error {
            OfferError::Closed | OfferError::NotTheSame => StatusCode::CONFLICT,
            OfferError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Problem::new(status, error.to_string())
    }
}

fn agent_of(switch: &Switch, tenant: TenantId, name: &str) -> Result<AgentId, Problem> {
    let t = switch.tenant(tenant).ok_or_else(|| Problem::not_found("such tenant in this server"))?;
    let number = t.meaning.names.number("User", name);
    number.map(AgentId).ok_or_else(|| Problem::not_found(&format!("agent {name:?}")))
}

fn view_of(state: Option<SoftphoneState>) -> SoftphoneView {
    let Some(s) = state else { return SoftphoneView { state: "idle".into(), ..SoftphoneView::default() } };
    let text = |secret: &Secret<String>| Some(secret.expose_secret().clone()).filter(|t| !t.is_empty());
    SoftphoneView {
        id: Some(s.id),
        connected: s.connected,
        state: match (s.rung, s.answered) {
            (None, _) => "idle",
            (Some(_), false) => "ringing",
            (Some(_), true) => "talking",
        }
        .into(),
        leg: s.rung.map(|(leg, _)| view::leg_id(leg)),
        call: s.rung.map(|(_, call)| view::call_id(call)),
        number: text(&s.who.address),
        name: text(&s.who.name),
        held: s.held,
    }
}

/// `POST /softphone`
pub async fn register(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(new): Json<NewSoftphone>,
) -> Result<(StatusCode, Json<Registered>), Problem> {
    let tenant = asker.0.tenant;
    let named = asker.agent_id(&new.agent)?;
    let browsers = api.handle.browsers.clone();
    let made = tokio::task::spawn_blocking(move || browsers.accept(new.offer.as_bytes()));
    let (peer, answer) = made.await.map_err(|_| Problem::stopping())??;
    let id = api
        .handle
        .ask(move |switch, now| {
            let agent = agent_of(switch, tenant, &named)?;
            Ok::<_, Problem>(switch.connect_browser(now, tenant, agent, peer)?)
        })
        .await
        .ok_or_else(Problem::stopping)??;
    Ok((StatusCode::CREATED, Json(Registered { id, answer })))
}

/// `PATCH /softphone`
pub async fn reoffer(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(new): Json<NewOffer>,
) -> Result<Json<Registered>, Problem> {
    let tenant = asker.0.tenant;
    let named = asker.agent_id(&new.agent)?;
    let (tx, rx) = tokio::sync::oneshot::channel();
    let id = new.id.clone();
    api.handle
        .ask(move |switch, _| {
            let agent = agent_of(switch, tenant, &named)?;
            // Whoever asked may have gone away meanwhile.
            let reply = Box::new(move |answer| {
                let _ = tx.send(answer);
            });
            Ok::<_, Problem>(switch.reoffer_browser(tenant, agent, &new.id, new.offer.into_bytes(), reply)?)
        })
        .await
        .ok_or_else(Problem::stopping)??;
    let answer = rx.await.map_err(|_| Problem::stopping())??;
    Ok(Json(Registered { id, answer }))
}

/// `GET /softphone`
pub async fn look(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(whose): Query<Whose>,
) -> Result<Json<SoftphoneView>, Problem> {
    let tenant = asker.0.tenant;
    let named = asker.agent_id(&whose.agent)?;
    let found = api.handle.ask(move |switch, _| {
        let agent = agent_of(switch, tenant, &named)?;
        Ok::<_, Problem>(view_of(switch.softphone(tenant, agent)?))
    });
    Ok(Json(found.await.ok_or_else(Problem::stopping)??))
}

/// `DELETE /softphone`
pub async fn close(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(which): Query<Which>,
) -> Result<StatusCode, Problem> {
    let id = which.id;
    tell(&api, &asker, &which.agent, move |switch, now, of, agent| {
        switch.disconnect_browser(now, of, agent, &id)
    })
    .await
}

/// Does something about the browser of the agent whom a request names.
async fn tell(
    api: &Api,
    asker: &Asker,
    named: &str,
    what: impl FnOnce(&mut Switch, Now, TenantId, AgentId) -> Result<(), PhoneRefused> + Send + 'static,
) -> Result<StatusCode, Problem> {
    let tenant = asker.0.tenant;
    let named = asker.agent_id(named)?;
    let done = api.handle.ask(move |switch, now| {
        let agent = agent_of(switch, tenant, &named)?;
        Ok::<_, Problem>(what(switch, now, tenant, agent)?)
    });
    done.await.ok_or_else(Problem::stopping)??;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /softphone/answer`
pub async fn answer(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(whose): Json<Whose>,
) -> Result<StatusCode, Problem> {
    tell(&api, &asker, &whose.agent, Switch::browser_answers).await
}

/// `POST /softphone/decline` and `POST /softphone/hang-up`
pub async fn hang_up(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(whose): Json<Whose>,
) -> Result<StatusCode, Problem> {
    tell(&api, &asker, &whose.agent, Switch::browser_hangs_up).await
}

/// `PUT /softphone/hold`
pub async fn hold(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(hold): Json<Hold>,
) -> Result<StatusCode, Problem> {
    let held = hold.held;
    tell(&api, &asker, &hold.agent, move |switch, now, of, agent| switch.browser_holds(now, of, agent, held))
        .await
}

/// `GET /agents/{id}/endpoint`
pub async fn endpoint(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<Json<EndpointChoice>, Problem> {
    let tenant = asker.0.tenant;
    let named = asker.agent_id(&id)?;
    let found = api.handle.ask(move |switch, _| {
        let agent = agent_of(switch, tenant, &named)?;
        Ok::<_, Problem>(switch.endpoint_of(tenant, agent)?)
    });
    let (kind, number) = match found.await.ok_or_else(Problem::stopping)?? {
        AgentEndpoint::Any => (EndpointKind::Any, None),
        AgentEndpoint::Browser => (EndpointKind::Browser, None),
        AgentEndpoint::Phone => (EndpointKind::Phone, None),
        AgentEndpoint::Number(number) => (EndpointKind::Number, Some(number.expose_secret().clone())),
    };
    Ok(Json(EndpointChoice { kind, number }))
}

/// `PUT /agents/{id}/endpoint`
pub async fn choose(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Json(choice): Json<EndpointChoice>,
) -> Result<StatusCode, Problem> {
    let tenant = asker.0.tenant;
    let named = asker.agent_id(&id)?;
    let endpoint = match (choice.kind, choice.number) {
        (EndpointKind::Any, None) => AgentEndpoint::Any,
        (EndpointKind::Browser, None) => AgentEndpoint::Browser,
        (EndpointKind::Phone, None) => AgentEndpoint::Phone,
        (EndpointKind::Number, Some(number)) => AgentEndpoint::Number(Secret::new(number)),
        _ => {
            let detail = "`number` belongs to the kind number, and only to it";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
        }
    };
    let kept = api.handle.ask(move |switch, _| {
        let agent = agent_of(switch, tenant, &named)?;
        Ok::<_, Problem>(switch.choose_endpoint(tenant, agent, endpoint)?.stored(agent))
    });
    let kept = kept.await.ok_or_else(Problem::stopping)??;
    let store = api.handle.store.clone();
    let stored = tokio::task::spawn_blocking(move || store.put_endpoint(tenant, &kept));
    stored.await.map_err(|_| Problem::stopping())??;
    Ok(StatusCode::NO_CONTENT)
}

fn agents(path: &str, operations: Vec<Operation>, handler: axum::routing::MethodRouter<Api>) -> Route {
    let handler = handler.layer(DefaultBodyLimit::max(BODY));
    let own = Access::Supervisors(Agents::Own);
    Route { path: path.into(), look: own, change: own, operations, handler }
}

/// The routes of agents' browsers.
pub fn routes() -> Vec<Route> {
    let without = |method, summary, request| Operation {
        request: Some(request),
        response: None,
        ..op::<()>(method, summary)
    };
    let whose = &[("agent", "Id of the agent")];
    let which = &[("agent", "Id of the agent"), ("id", "Id of the page's registration")];
    vec![
        agents(
            "/softphone",
            vec![
                Operation { query: whose, ..op::<SoftphoneView>("get", "How an agent's browser stands") },
                Operation {
                    request: Some(schema::<NewSoftphone>),
                    ..op::<Registered>("post", "A page becomes an agent's phone; a call that it had goes on")
                },
                Operation {
                    request: Some(schema::<NewOffer>),
                    ..op::<Registered>("patch", "A page's network changed: its connection begins anew")
                },
                Operation {
                    query: which,
                    response: None,
                    ..op::<()>("delete", "A page is no longer the agent's phone; its call ends")
                },
            ],
            get(look).post(register).patch(reoffer).delete(close),
        ),
        agents(
            "/softphone/answer",
            vec![without("post", "The agent answers in the browser", schema::<Whose>)],
            post(answer),
        ),
        agents(
            "/softphone/decline",
            vec![without("post", "The agent declines what rings in the browser", schema::<Whose>)],
            post(hang_up),
        ),
        agents(
            "/softphone/hang-up",
            vec![without("post", "The agent hangs up in the browser", schema::<Whose>)],
            post(hang_up),
        ),
        agents(
            "/softphone/hold",
            vec![without(
                "put",
                "The agent holds in the browser, or takes the other end back",
                schema::<Hold>,
            )],
            put(hold),
        ),
        agents(
            "/agents/{id}/endpoint",
            vec![
                op::<EndpointChoice>("get", "How an agent is rung"),
                without("put", "Chooses how an agent is rung from now on", schema::<EndpointChoice>),
            ],
            get(endpoint).put(choose),
        ),
    ]
}
