//! Reports.

use crate::http::access::Access;
use crate::http::report_rows::{AgentRow, CallbackRow, DispositionRow, NumberRow, QueueRow};
use crate::http::reports;
use crate::http::reports::Report;
use crate::http::routes::{AUDITORS, AUDITORS_OR_OWN, Operation, Route, op};
use crate::http::serve::Api;
use crate::view::QueueView;
use axum::routing::{MethodRouter, get};
use schemars::JsonSchema;

fn report<R: JsonSchema>(name: &str, summary: &'static str, handler: MethodRouter<Api>) -> Route {
    Route {
        path: format!("/reports/{name}"),
        look: AUDITORS,
        change: Access::Owners,
        operations: vec![Operation { query: reports::PARAMETERS, ..op::<Report<R>>("get", summary) }],
        handler,
    }
}

/// All reports.
pub(super) fn of_reports() -> Vec<Route> {
    vec![
        Route {
            path: "/reports/queues/live".into(),
            look: AUDITORS_OR_OWN,
            change: Access::Owners,
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
        Route {
            look: AUDITORS_OR_OWN,
            ..report::<AgentRow>(
                "agents",
                "Agents: offers, conversations, times by state",
                get(reports::agents),
            )
        },
        report::<NumberRow>("numbers", "Numbers: callers in queues, conversations", get(reports::numbers)),
        report::<DispositionRow>(
            "dispositions",
            "Conversations by what the agent said of them",
            get(reports::dispositions),
        ),
        report::<CallbackRow>("callbacks", "Callbacks by queue and promise", get(reports::callbacks)),
    ]
}
