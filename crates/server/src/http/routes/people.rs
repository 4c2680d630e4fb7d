//! People: the directory, the rights of persons, holds, and what is kept.

use crate::http::access::Access;
use crate::http::routes::{ANY_ROLE, AUDITORS, DATA, Operation, Route, op, schema};
use crate::http::{audit, data_rights, desk, people, person_archive, person_export, person_records};
use axum::routing::{get, post, put};
use serde_json::Value;

/// Everything about people and what is kept of them.
pub(super) fn of_people() -> Vec<Route> {
    vec![
        Route {
            path: "/directory".into(),
            look: ANY_ROLE,
            change: Access::Owners,
            operations: vec![Operation {
                query: &[("q", "Part of a name or an id")],
                ..op::<Vec<desk::Target>>(
                    "get",
                    "Whom a call can go to: queues, and agents with the free ones first",
                )
            }],
            handler: get(desk::directory),
        },
        Route {
            path: "/directory/users".into(),
            look: ANY_ROLE,
            change: Access::Owners,
            operations: vec![Operation {
                query: &[
                    ("q", "Beginnings of names, or a part of a number"),
                    ("limit", "At most this many, 50 at most"),
                ],
                ..op::<Vec<people::PersonView>>("get", "People of the Microsoft directory whom a text fits")
            }],
            handler: get(people::search),
        },
        Route {
            path: "/directory/users/{id}/correction".into(),
            look: Access::Owners,
            change: Access::Owners,
            operations: vec![
                Operation {
                    request: Some(schema::<people::CorrectionView>),
                    response: None,
                    ..op::<()>("put", "Says something of a person in place of what Microsoft says")
                },
                Operation {
                    response: None,
                    ..op::<()>("delete", "Microsoft's word about a person counts again")
                },
            ],
            handler: put(people::correct).delete(people::uncorrect),
        },
        Route {
            path: "/directory/users/{id}/photo".into(),
            look: ANY_ROLE,
            change: Access::Owners,
            operations: vec![Operation {
                response: None,
                ..op::<()>(
                    "get",
                    "A picture of somebody, fetched from Microsoft and kept nowhere: JPEG or PNG",
                )
            }],
            handler: get(people::photo),
        },
        Route {
            path: "/directory/local".into(),
            look: Access::Owners,
            change: Access::Owners,
            operations: vec![Operation {
                request: Some(schema::<people::EntryView>),
                ..op::<people::PersonView>("post", "Enters somebody beside Microsoft's people")
            }],
            handler: post(people::enter),
        },
        Route {
            path: "/directory/local/{id}".into(),
            look: Access::Owners,
            change: Access::Owners,
            operations: vec![
                Operation {
                    request: Some(schema::<people::EntryView>),
                    ..op::<people::PersonView>("put", "Changes somebody who was entered")
                },
                Operation {
                    response: None,
                    ..op::<()>("delete", "Erases somebody who was entered: the key is destroyed")
                },
            ],
            handler: put(people::change_entered).delete(people::erase_entered),
        },
        Route {
            path: "/directory/status".into(),
            look: ANY_ROLE,
            change: Access::Owners,
            operations: vec![op::<people::DirectoryView>(
                "get",
                "How the copy of the Microsoft directory stands",
            )],
            handler: get(people::status),
        },
        Route {
            path: "/permissions".into(),
            look: AUDITORS,
            change: Access::Owners,
            operations: vec![op::<Vec<people::PermissionView>>(
                "get",
                "What Microsoft is asked for because of the features that are on, and why",
            )],
            handler: get(people::permissions),
        },
        Route {
            path: "/people/find".into(),
            look: DATA,
            change: DATA,
            operations: vec![Operation {
                request: Some(schema::<data_rights::Find>),
                ..op::<Vec<person_records::PersonKept>>(
                    "post",
                    "Finds people by number, name or address; noted in the audit log",
                )
            }],
            handler: post(data_rights::find),
        },
        Route {
            path: "/people/{id}".into(),
            look: DATA,
            change: DATA,
            operations: vec![
                op::<person_export::PersonExport>("get", "Everything that is kept of a person"),
                Operation {
                    request: Some(schema::<data_rights::PersonChange>),
                    ..op::<person_records::PersonKept>(
                        "patch",
                        "Corrects a person's name, hides the person's data, notes an objection",
                    )
                },
                Operation {
                    query: &[(
                        "reason",
                        "Why, for the audit log: requested, objected, consent-withdrawn, no-longer-needed, unlawful or \
                         required-by-law",
                    )],
                    ..op::<data_rights::Erasure>(
                        "delete",
                        "Erases a person, unless a hold keeps something of them",
                    )
                },
            ],
            handler: get(person_export::export).patch(data_rights::change).delete(data_rights::erase),
        },
        Route {
            path: "/people/{id}/archive".into(),
            look: DATA,
            change: DATA,
            operations: vec![Operation {
                response: None,
                query: &[("language", "Of the page: en, de, fr, es or zh; English if it is not said")],
                ..op::<()>(
                    "get",
                    "Everything that is kept of a person as a zip archive: a page, JSON and audio",
                )
            }],
            handler: get(person_archive::archive),
        },
        Route {
            path: "/holds".into(),
            look: DATA,
            change: DATA,
            operations: vec![
                op::<Vec<data_rights::HoldView>>("get", "Legal holds"),
                Operation {
                    request: Some(schema::<data_rights::NewHold>),
                    ..op::<Value>("post", "Places a legal hold on a person, a call or a queue")
                },
            ],
            handler: get(data_rights::holds).post(data_rights::place),
        },
        Route {
            path: "/holds/{id}".into(),
            look: DATA,
            change: DATA,
            operations: vec![Operation { response: None, ..op::<()>("delete", "Lifts a legal hold") }],
            handler: axum::routing::delete(data_rights::lift),
        },
        Route {
            path: "/retention/status".into(),
            look: AUDITORS,
            change: Access::Owners,
            operations: vec![op::<data_rights::RetentionView>(
                "get",
                "What is due to be disposed of, and the newest runs",
            )],
            handler: get(data_rights::status),
        },
        Route {
            path: "/retention/run".into(),
            look: Access::Owners,
            change: Access::Owners,
            operations: vec![Operation {
                query: &[("dry", "true: says what would go, and changes nothing")],
                ..op::<Value>("post", "Disposes of what is due now")
            }],
            handler: post(data_rights::run),
        },
        Route {
            path: "/catalogue".into(),
            look: AUDITORS,
            change: Access::Owners,
            operations: vec![op::<Vec<audit::CatalogueField>>(
                "get",
                "Every stored field: purpose, origin, retention",
            )],
            handler: get(audit::catalogue),
        },
    ]
}
