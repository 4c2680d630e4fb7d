//! Running a tenant: its configuration and trunks, webhooks, security, backups, the audit log, attestations, the end of an account.

use crate::adapt::TrunkStatus;
use crate::audit_file::HeadLine;
use crate::http::access::Access;
use crate::http::routes::{ANY_ROLE, AUDITORS, AUDITORS_OR_OWN, COLLECTIONS, Operation, Route, op, schema};
use crate::http::{attestation, audit, backups, closing, configuration, security, telephony, webhooks};
use axum::routing::{get, post};
use serde_json::Value;

/// In which form an attestation is wanted.
const ATTESTATION_FORMS: &[(&str, &str)] = &[
    ("format", "json (without it) or markdown, as also `Accept: text/markdown` asks for"),
    ("language", "Of the Markdown: en (without it), de, fr, es or zh"),
];

/// Everything about running a tenant.
pub(super) fn of_running() -> Vec<Route> {
    let paged = &[("cursor", "Where the page before ended"), ("limit", "At most this many, 1 to 500")];
    let mut routes = vec![
        Route {
            path: "/webhooks/dead".into(),
            look: AUDITORS,
            change: Access::Owners,
            operations: vec![Operation {
                query: paged,
                ..op::<webhooks::DeadList>("get", "What no receiver took after the last try, newest first")
            }],
            handler: get(webhooks::dead),
        },
        Route {
            path: "/webhooks/dead/{id}/retry".into(),
            look: Access::Owners,
            change: Access::Owners,
            operations: vec![Operation { response: None, ..op::<()>("post", "Tries a dead letter again") }],
            handler: post(webhooks::retry),
        },
        Route {
            path: "/webhooks/replay".into(),
            look: Access::Owners,
            change: Access::Owners,
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
            look: Access::Owners,
            change: Access::Owners,
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
            look: Access::Owners,
            change: Access::Owners,
            operations: vec![Operation {
                request: Some(schema::<Vec<Value>>),
                ..op::<Vec<crate::tenant::plan::Step>>("post", "What applying these objects would change")
            }],
            handler: post(configuration::plan),
        },
        Route {
            path: "/security/events".into(),
            look: AUDITORS,
            change: Access::Owners,
            operations: vec![op::<security::SecurityEvents>(
                "get",
                "Bans, guessing, floods, refused calls to the outside and refused credentials since the start",
            )],
            handler: get(security::events),
        },
        Route {
            path: "/security/test-alert".into(),
            look: Access::Owners,
            change: Access::Owners,
            operations: vec![op::<security::TestAlert>(
                "post",
                "Raises a security alarm of kind test, and says which webhooks took it",
            )],
            handler: post(security::test_alert),
        },
        Route {
            path: "/backups".into(),
            look: AUDITORS,
            change: Access::Owners,
            operations: vec![op::<backups::BackupsView>(
                "get",
                "Backups of this server: when and how they were made and restored for trial, and what is next",
            )],
            handler: get(backups::list),
        },
        Route {
            path: "/audit".into(),
            look: AUDITORS,
            change: Access::Owners,
            operations: vec![Operation {
                query: &[
                    ("who", "Only entries of exactly this author"),
                    ("action", "Only actions that begin so: recording. or recording.listen"),
                    ("object", "Only entries about exactly this object: Recording/r1"),
                    ("from", "Only entries at or after this: RFC 3339, or a date in UTC"),
                    ("to", "Only entries before this"),
                    ("cursor", "Where the page before ended"),
                    ("limit", "At most this many, 1 to 500"),
                ],
                ..op::<audit::AuditList>("get", "Who did what, newest first")
            }],
            handler: get(audit::list),
        },
        Route {
            path: "/attestation".into(),
            look: AUDITORS,
            change: AUDITORS,
            operations: vec![
                op::<attestation::Progress>("get", "How far the checks of an attestation are"),
                Operation {
                    request: Some(schema::<attestation::Wanted>),
                    query: ATTESTATION_FORMS,
                    ..op::<Value>(
                        "post",
                        "Runs the checks of an attestation and answers its questions, signed",
                    )
                },
            ],
            handler: get(attestation::progress).post(attestation::make),
        },
        Route {
            path: "/attestation/newest".into(),
            look: AUDITORS,
            change: AUDITORS,
            operations: vec![Operation {
                query: ATTESTATION_FORMS,
                ..op::<Value>(
                    "get",
                    "The newest attestation, as it was signed; of a tenant that keeps no records, the newest since the start",
                )
            }],
            handler: get(attestation::newest),
        },
        Route {
            path: "/closing".into(),
            look: Access::Owners,
            change: Access::Owners,
            operations: vec![
                Operation {
                    access: Some(Access::Public),
                    ..op::<closing::ClosingView>(
                        "get",
                        "How far the end of the account is, and the signed certificate once everything is destroyed; the \
                         token is its receipt, or an owner's",
                    )
                },
                Operation {
                    request: Some(schema::<closing::Wanted>),
                    ..op::<closing::Ended>(
                        "post",
                        "Ends the account: calls and sign-in stop, and everything of the tenant is destroyed after the days \
                         of its rule, or at once",
                    )
                },
                Operation {
                    access: Some(Access::Public),
                    ..op::<Value>(
                        "delete",
                        "Takes the end of the account back, until its data is being destroyed",
                    )
                },
                Operation {
                    access: Some(Access::Public),
                    request: Some(schema::<closing::Earlier>),
                    ..op::<closing::ClosingView>(
                        "patch",
                        "Has the data of an account that ended destroyed earlier; the token is its receipt, or an owner's",
                    )
                },
            ],
            handler: post(closing::end)
                .get(closing::look)
                .patch(closing::destroy_earlier)
                .delete(closing::take_back_closing),
        },
        Route {
            path: "/audit/chain".into(),
            look: AUDITORS,
            change: Access::Owners,
            operations: vec![Operation {
                query: &[("after", "Number of the last entry seen")],
                ..op::<audit::Chain>(
                    "get",
                    "The audit log as it is chained, oldest first, with its signed heads",
                )
            }],
            handler: get(audit::chain),
        },
        Route {
            path: "/audit/heads".into(),
            look: AUDITORS,
            change: AUDITORS,
            operations: vec![op::<HeadLine>("post", "Signs where the audit log ends now; for an export")],
            handler: post(audit::sign),
        },
        Route {
            path: "/trunks/{id}/status".into(),
            look: AUDITORS,
            change: Access::Owners,
            operations: vec![op::<TrunkStatus>(
                "get",
                "Whether a trunk is registered, its far ends are up, and how many calls it bears",
            )],
            handler: get(telephony::trunk),
        },
    ];
    for (path, kind) in COLLECTIONS {
        // What an agent chooses from; of what says more than a name only that is shown.
        let look = match kind {
            "Skill" | "Disposition" => ANY_ROLE,
            "Queue" | "User" | "Number" | "SecureEntry" => AUDITORS_OR_OWN,
            _ => AUDITORS,
        };
        routes.push(Route {
            path: format!("/{path}"),
            look,
            change: Access::Owners,
            operations: vec![op::<Vec<Value>>("get", "All objects of this kind")],
            handler: get(move |api, asker| configuration::list(api, asker, kind)),
        });
        routes.push(Route {
            path: format!("/{path}/{{id}}"),
            look,
            change: Access::Owners,
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
            look: AUDITORS,
            change: Access::Owners,
            operations: vec![op::<Vec<configuration::Version>>(
                "get",
                "Its versions, newest first, and who made them",
            )],
            handler: get(move |api, asker, id| configuration::versions(api, asker, id, kind)),
        });
        routes.push(Route {
            path: format!("/{path}/{{id}}/versions/{{version}}/restore"),
            look: Access::Owners,
            change: Access::Owners,
            operations: vec![op::<Value>("post", "Makes an earlier version the newest again")],
            handler: post(move |api, asker, which| configuration::restore(api, asker, which, kind)),
        });
    }
    routes
}
