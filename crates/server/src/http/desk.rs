//! What a desk needs to be drawn: who I am and what I choose from, and whom a call can go to.

use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::tenant::Meaning;
use crate::view::{self, AgentView};
use axum::extract::{Query, State};
use axum::{Extension, Json};
use engine::QueueId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most that the directory gives at once: more letters find the others.
const MOST: usize = 1_000;

/// An object by id and name.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Name shown to people; may be empty.
    pub name: String,
}

/// A way in which a call can end.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DispositionView {
    /// Its id.
    pub id: String,
    /// Name shown to people; may be empty.
    pub name: String,
    /// Ids of the queues for whose calls it is; null is all.
    pub queues: Option<Vec<String>>,
}

/// Whoever is signed in, as an agent.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Me {
    /// Id of the user.
    pub id: String,
    /// Name shown to colleagues.
    pub name: String,
    /// What the agent is doing; null for those who are never rung.
    pub agent: Option<AgentView>,
    /// The agent's queues.
    pub queues: Vec<Named>,
    /// Why agents take breaks here.
    pub break_reasons: Vec<String>,
    /// How calls can end.
    pub dispositions: Vec<DispositionView>,
    /// Ids of the ways to take secret digits.
    pub secure_entries: Vec<String>,
}

/// `GET /agents/me`
pub async fn me(State(api): State<Api>, Extension(asker): Extension<Asker>) -> Result<Json<Me>, Problem> {
    let person = asker.person()?;
    let (tenant, agent) = (asker.0.tenant, person.agent());
    let (id, name) = (person.rule.id.clone(), person.rule.name.expose_secret().clone());
    let found = api.handle.ask(move |switch, now| {
        let pop = agent.and_then(|a| switch.screen_pop(tenant, a)).map(|page| page.expose_secret().clone());
        let t = switch.tenant(tenant)?;
        let m = &t.meaning;
        let agent = agent.and_then(|a| t.engine.agents().get(&a));
        let queue = |q: QueueId| Named { id: m.names.of("Queue", q.0), name: queue_name(m, q) };
        let disposition = |d: &crate::tenant::meaning::DispositionRule| DispositionView {
            id: d.id.clone(),
            name: d.name.clone(),
            queues: d.queues.as_ref().map(|q| q.iter().map(|q| m.names.of("Queue", q.0)).collect()),
        };
        Some(Me {
            id,
            name,
            queues: agent.iter().flat_map(|a| &a.queues).map(|q| queue(q.queue)).collect(),
            agent: agent.map(|a| {
                let presence = t.presences.view(a.id.0, now.wall);
                AgentView { screen_pop: pop, ..view::agent(a, &t.engine, m, presence) }
            }),
            break_reasons: m.break_reasons.clone(),
            dispositions: m.dispositions.values().map(disposition).collect(),
            secure_entries: m.secure.keys().map(|s| m.names.of("SecureEntry", s.0)).collect(),
        })
    });
    let found = found.await.ok_or_else(Problem::stopping)?;
    found.map(Json).ok_or_else(|| Problem::not_found("such tenant in this server"))
}

fn queue_name(m: &Meaning, queue: QueueId) -> String {
    m.queue_names.get(&queue).cloned().unwrap_or_default()
}

/// What to look for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryQuery {
    q: Option<String>,
}

/// Somebody or something that a call can go to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Target {
    /// `agent` or `queue`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// Name shown to people; the id where there is none.
    pub name: String,
    /// What an agent is doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Callers who wait in a queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<u64>,
}

/// `GET /directory`
pub async fn directory(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<DirectoryQuery>,
) -> Result<Json<Vec<Target>>, Problem> {
    let tenant = asker.0.tenant;
    let wanted = store::fold(query.q.as_deref().unwrap_or_default().trim());
    let found = api.handle.ask(move |switch, _| {
        let t = switch.tenant(tenant)?;
        let m = &t.meaning;
        let or_id = |name: &str, id: &str| if name.is_empty() { id.to_string() } else { name.to_string() };
        let fits = |target: &Target| {
            store::fold(&target.name).contains(&wanted) || store::fold(&target.id).contains(&wanted)
        };
        let queues = t.engine.queues().iter().map(|(id, q)| {
            let name = queue_name(m, *id);
            let id = m.names.of("Queue", id.0);
            Target { kind: "queue", name: or_id(&name, &id), id, state: None, waiting: Some(q.waiting()) }
        });
        let mut agents: Vec<Target> = t
            .engine
            .agents()
            .values()
            .filter_map(|a| {
                let p = m.people.get(&a.id.0)?;
                let state = Some(a.state.name().to_string());
                let name = or_id(p.name.expose_secret(), &p.id);
                Some(Target { kind: "agent", id: p.id.clone(), name, state, waiting: None })
            })
            .filter(fits)
            .collect();
        // Whoever is free stands first: the others cannot be asked.
        agents.sort_by_cached_key(|a| {
            (a.state.as_deref() != Some("available"), store::fold(&a.name), a.id.clone())
        });
        Some(queues.filter(fits).chain(agents).take(MOST).collect())
    });
    let found = found.await.ok_or_else(Problem::stopping)?;
    found.map(Json).ok_or_else(|| Problem::not_found("such tenant in this server"))
}
