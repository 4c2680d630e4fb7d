//! The table of routes: method, path, the role it needs, what it does, what it answers, who handles it.

use crate::http::report_rows::{AgentRow, CallbackRow, DispositionRow, NumberRow, QueueRow};
use crate::http::reports::Report;
use crate::http::serve::Api;
use crate::http::{
    actions, agents, audit, calls, configuration, live, messages, recordings, reports, softphone, webhooks,
};
use crate::view::{AgentView, CallDetail, QueueView};
use axum::routing::{MethodRouter, get, post};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;
use store::Role;

/// Where the API begins.
pub const PREFIX: &str = "/api/v1";

/// One operation, for the description.
pub struct Operation {
    /// `get`, `put`, ….
    pub method: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// Parameters in the query.
    pub query: &'static [(&'static str, &'static str)],
    /// What the body of a request is.
    pub request: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// What it answers; `None` is no JSON.
    pub response: Option<fn(&mut SchemaGenerator) -> Schema>,
}

/// One path.
pub struct Route {
    /// Below [`PREFIX`].
    pub path: String,
    /// The least role for looking.
    pub role: Role,
    /// The least role for changing.
    pub change: Role,
    /// What can be done there.
    pub operations: Vec<Operation>,
    /// Who does it.
    pub handler: MethodRouter<Api>,
}

pub(super) fn schema<T: JsonSchema>(g: &mut SchemaGenerator) -> Schema {
    g.subschema_for::<T>()
}

pub(super) fn op<T: JsonSchema>(method: &'static str, summary: &'static str) -> Operation {
    Operation { method, summary, query: &[], request: None, response: Some(schema::<T>) }
}

fn report<R: JsonSchema>(name: &str, summary: &'static str, handler: MethodRouter<Api>) -> Route {
    Route {
        path: format!("/reports/{name}"),
        role: Role::Auditor,
        change: Role::Owner,
        operations: vec![Operation { query: reports::PARAMETERS, ..op::<Report<R>>("get", summary) }],
        handler,
    }
}

/// A path in words of the API for each kind of configuration object.
pub const COLLECTIONS: [(&str, &str); 13] = [
    ("queues", "Queue"),
    ("users", "User"),
    ("skills", "Skill"),
    ("flows", "Flow"),
    ("hours", "Hours"),
    ("holidays", "Holidays"),
    ("dispositions", "Disposition"),
    ("secure-entries", "SecureEntry"),
    ("look-ups", "LookUp"),
    ("webhooks", "Webhook"),
    ("numbers", "Number"),
    ("trunks", "Trunk"),
    ("prompts", "Prompt"),
];

/// All of them.
pub fn all() -> Vec<Route> {
    let paged = &[("cursor", "Where the page before ended"), ("limit", "At most this many, 1 to 500")];
    let mut routes = vec![
        Route {
            path: "/calls".into(),
            role: Role::Auditor,
            change: Role::Owner,
            operations: vec![Operation {
                query: &[
                    ("queue", "Only calls of this queue"),
                    ("cursor", "Where the page before ended"),
                    ("limit", "At most this many, 1 to 500"),
                ],
                ..op::<calls::CallList>(
                    "get",
                    "Calls, open ones first, then those that are over, newest first",
                )
            }],
            handler: get(calls::list),
        },
        Route {
            path: "/calls/{id}".into(),
            role: Role::Auditor,
            change: Role::Owner,
            operations: vec![op::<CallDetail>(
                "get",
                "A call with legs, timeline and why each agent was rung",
            )],
            handler: get(calls::one),
        },
        Route {
            path: "/calls/{id}/hang-up".into(),
            role: Role::Supervisor,
            change: Role::Supervisor,
            operations: vec![Operation { response: None, ..op::<()>("post", "Ends a call") }],
            handler: post(calls::hang_up),
        },
        Route {
            path: "/calls/{id}/actions".into(),
            role: Role::Supervisor,
            change: Role::Supervisor,
            operations: vec![Operation {
                request: Some(schema::<actions::NewAction>),
                response: None,
                ..op::<()>(
                    "post",
                    "Does something about a call: transfer, consult, supervise, give, move and more",
                )
            }],
            handler: post(actions::act),
        },
        Route {
            path: "/calls/{id}/explanation".into(),
            role: Role::Auditor,
            change: Role::Owner,
            operations: vec![op::<calls::Explanation>(
                "get",
                "A call told in sentences, with everybody who could have been rung at each decision",
            )],
            handler: get(calls::explanation),
        },
        Route {
            path: "/dial".into(),
            role: Role::Supervisor,
            change: Role::Supervisor,
            operations: vec![Operation {
                request: Some(schema::<actions::NewDial>),
                ..op::<actions::Begun>("post", "An agent calls a number: the agent's phone rings first")
            }],
            handler: post(actions::dial),
        },
        Route {
            path: "/agents/{id}/wrap-up".into(),
            role: Role::Supervisor,
            change: Role::Supervisor,
            operations: vec![Operation {
                request: Some(schema::<actions::MoreWrapUp>),
                response: None,
                ..op::<()>("post", "More time for an agent's wrap-up")
            }],
            handler: post(actions::more_wrap_up),
        },
        Route {
            path: "/hours/{id}/closure".into(),
            role: Role::Auditor,
            change: Role::Supervisor,
            operations: vec![
                op::<actions::Closure>("get", "Whether hours are closed by the emergency switch"),
                Operation {
                    request: Some(schema::<actions::Closure>),
                    ..op::<actions::Closure>("put", "Turns the emergency switch of hours")
                },
            ],
            handler: get(actions::closure).put(actions::set_closure),
        },
        Route {
            path: "/callbacks".into(),
            role: Role::Auditor,
            change: Role::Owner,
            operations: vec![op::<Vec<actions::CallbackView>>(
                "get",
                "Promises to call back that are not kept yet",
            )],
            handler: get(actions::callbacks),
        },
        Route {
            path: "/callbacks/{id}".into(),
            role: Role::Supervisor,
            change: Role::Supervisor,
            operations: vec![Operation {
                response: None,
                ..op::<()>("delete", "Takes a promise to call back back")
            }],
            handler: axum::routing::delete(actions::cancel_callback),
        },
        Route {
            path: "/recordings/{id}/proof".into(),
            role: Role::Auditor,
            change: Role::Owner,
            operations: vec![op::<recordings::Proof>(
                "get",
                "What a recording leaves out, and that no key is in it",
            )],
            handler: get(recordings::proof),
        },
        Route {
            path: "/recordings/{id}".into(),
            role: Role::Supervisor,
            change: Role::Supervisor,
            operations: vec![Operation {
                response: None,
                ..op::<()>("get", "A recording as WAV, customer left and agent right; ranges are served")
            }],
            handler: get(recordings::audio),
        },
        Route {
            path: "/agents".into(),
            role: Role::Auditor,
            change: Role::Owner,
            operations: vec![op::<Vec<AgentView>>("get", "Agents and what each is doing")],
            handler: get(agents::list),
        },
        Route {
            path: "/agents/{id}/state".into(),
            role: Role::Auditor,
            change: Role::Supervisor,
            operations: vec![
                op::<AgentView>("get", "What an agent is doing"),
                Operation {
                    request: Some(schema::<agents::NewState>),
                    ..op::<AgentView>("put", "Asks for another state; during a call it comes after it")
                },
            ],
            handler: get(agents::state).put(agents::set_state),
        },
        Route {
            path: "/reports/queues/live".into(),
            role: Role::Auditor,
            change: Role::Owner,
            operations: vec![op::<Vec<QueueView>>(
                "get",
                "Queues now: who waits, what became of the callers, service level",
            )],
            handler: get(reports::live),
        },
        report::<QueueRow>(
            "queues",
            "Queues by interval of entry; without from and to what /reports/queues/live gives",
            get(reports::queues),
        ),
        report::<AgentRow>("agents", "Agents: offers, conversations, times by state", get(reports::agents)),
        report::<NumberRow>("numbers", "Numbers: callers in queues, conversations", get(reports::numbers)),
        report::<DispositionRow>(
            "dispositions",
            "Conversations by what the agent said of them",
            get(reports::dispositions),
        ),
        report::<CallbackRow>("callbacks", "Callbacks by queue and promise", get(reports::callbacks)),
        Route {
            path: "/messages".into(),
            role: Role::Supervisor,
            change: Role::Supervisor,
            operations: vec![Operation {
                query: &[
                    ("mailbox", "Only of this queue's or user's box"),
                    ("cursor", "Where the page before ended"),
                    ("limit", "At most this many, 1 to 500"),
                ],
                ..op::<messages::MessageList>("get", "Voicemail, what nobody has heard first")
            }],
            handler: get(messages::list),
        },
        Route {
            path: "/messages/{id}".into(),
            role: Role::Supervisor,
            change: Role::Supervisor,
            operations: vec![
                Operation {
                    request: Some(schema::<messages::Heard>),
                    response: None,
                    ..op::<()>("put", "Marks a message as heard, or as new again")
                },
                Operation { response: None, ..op::<()>("delete", "Deletes a message and its audio") },
            ],
            handler: axum::routing::put(messages::mark).delete(messages::delete),
        },
        Route {
            path: "/webhooks/dead".into(),
            role: Role::Auditor,
            change: Role::Owner,
            operations: vec![Operation {
                query: paged,
                ..op::<webhooks::DeadList>("get", "What no receiver took after the last try, newest first")
            }],
            handler: get(webhooks::dead),
        },
        Route {
            path: "/webhooks/dead/{id}/retry".into(),
            role: Role::Owner,
            change: Role::Owner,
            operations: vec![Operation { response: None, ..op::<()>("post", "Tries a dead letter again") }],
            handler: post(webhooks::retry),
        },
        Route {
            path: "/webhooks/replay".into(),
            role: Role::Owner,
            change: Role::Owner,
            operations: vec![Operation {
                query: &[
                    ("from", "Journal position of the first event"),
                    ("to", "Journal position of the last event"),
                ],
                ..op::<webhooks::Replayed>("post", "Tells what happened once more, with the ids that it had")
            }],
            handler: post(webhooks::replay),
        },
        Route {
            path: "/configuration".into(),
            role: Role::Owner,
            change: Role::Owner,
            operations: vec![
                op::<Vec<Value>>("get", "All objects of the tenant"),
                Operation {
                    request: Some(schema::<Vec<Value>>),
                    ..op::<Vec<crate::tenant::plan::Step>>(
                        "put",
                        "Makes the tenant consist of exactly these objects",
                    )
                },
            ],
            handler: get(configuration::export).put(configuration::apply),
        },
        Route {
            path: "/configuration/plan".into(),
            role: Role::Owner,
            change: Role::Owner,
            operations: vec![Operation {
                request: Some(schema::<Vec<Value>>),
                ..op::<Vec<crate::tenant::plan::Step>>("post", "What applying these objects would change")
            }],
            handler: post(configuration::plan),
        },
        Route {
            path: "/audit".into(),
            role: Role::Auditor,
            change: Role::Owner,
            operations: vec![Operation {
                query: paged,
                ..op::<audit::AuditList>("get", "Who did what, newest first")
            }],
            handler: get(audit::list),
        },
        Route {
            path: "/catalogue".into(),
            role: Role::Auditor,
            change: Role::Owner,
            operations: vec![op::<Vec<audit::CatalogueField>>(
                "get",
                "Every stored field: purpose, origin, retention",
            )],
            handler: get(audit::catalogue),
        },
        Route {
            path: "/live".into(),
            role: Role::Auditor,
            change: Role::Owner,
            operations: vec![Operation {
                response: None,
                query: &[
                    ("after", "Number of the last change seen"),
                    ("token", "The token, where no header can be sent"),
                ],
                ..op::<()>("get", "WebSocket: a snapshot, then numbered changes")
            }],
            handler: get(live::watch),
        },
    ];
    for (path, kind) in COLLECTIONS {
        routes.push(Route {
            path: format!("/{path}"),
            role: Role::Auditor,
            change: Role::Owner,
            operations: vec![op::<Vec<Value>>("get", "All objects of this kind")],
            handler: get(move |api, asker| configuration::list(api, asker, kind)),
        });
        routes.push(Route {
            path: format!("/{path}/{{id}}"),
            role: Role::Auditor,
            change: Role::Owner,
            operations: vec![
                op::<Value>("get", "One object"),
                Operation {
                    request: Some(schema::<Value>),
                    ..op::<Value>("put", "Makes or replaces an object")
                },
                Operation {
                    response: None,
                    ..op::<()>("delete", "Deletes an object that nothing refers to")
                },
            ],
            handler: get(move |api, asker, id| configuration::one(api, asker, id, kind))
                .put(move |api, asker, id, body| configuration::put(api, asker, id, kind, body))
                .delete(move |api, asker, id| configuration::delete(api, asker, id, kind)),
        });
        routes.push(Route {
            path: format!("/{path}/{{id}}/versions"),
            role: Role::Auditor,
            change: Role::Owner,
            operations: vec![op::<Vec<configuration::Version>>(
                "get",
                "Its versions, newest first, and who made them",
            )],
            handler: get(move |api, asker, id| configuration::versions(api, asker, id, kind)),
        });
        routes.push(Route {
            path: format!("/{path}/{{id}}/versions/{{version}}/restore"),
            role: Role::Owner,
            change: Role::Owner,
            operations: vec![op::<Value>("post", "Makes an earlier version the newest again")],
            handler: post(move |api, asker, which| configuration::restore(api, asker, which, kind)),
        });
    }
    routes.extend(softphone::routes());
    routes
}
