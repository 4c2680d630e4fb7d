//! Calls, their recordings, callbacks, messages, and what happens now.

use crate::http::access::Access;
use crate::http::routes::{
    AUDITORS, AUDITORS_OR_OWN, Operation, Route, SUPERVISORS, SUPERVISORS_OR_OWN, op, schema,
};
use crate::http::{actions, call_list, calls, live, messages, notes, peaks, recordings};
use crate::view::CallDetail;
use axum::routing::{get, post};

/// Everything about calls.
pub(super) fn of_calls() -> Vec<Route> {
    vec![
        Route {
            path: "/calls".into(),
            look: AUDITORS_OR_OWN,
            change: Access::Owners,
            operations: vec![Operation {
                query: &[
                    ("queue", "Only calls of this queue"),
                    ("agent", "Only calls in which this agent talks or talked last; me is oneself"),
                    ("caller", "Only calls of whoever has exactly this number; noted in the audit log"),
                    ("disposition", "Only calls that are over of which an agent said this"),
                    ("from", "Only calls that began at or after this: RFC 3339, or a date in UTC"),
                    ("to", "Only calls that began before this"),
                    ("with_same_caller_as", "Id of a call: only calls that are over, of the same caller"),
                    ("cursor", "Where the page before ended"),
                    ("limit", "At most this many, 1 to 500"),
                ],
                ..op::<call_list::CallList>(
                    "get",
                    "Calls, open ones first, then those that are over, newest first",
                )
            }],
            handler: get(call_list::list),
        },
        Route {
            path: "/calls/{id}".into(),
            look: AUDITORS_OR_OWN,
            change: Access::Owners,
            operations: vec![op::<CallDetail>(
                "get",
                "A call with legs, timeline and why each agent was rung",
            )],
            handler: get(calls::one),
        },
        Route {
            path: "/calls/{id}/notes".into(),
            look: AUDITORS_OR_OWN,
            change: SUPERVISORS_OR_OWN,
            operations: vec![
                op::<notes::NotesView>("get", "Notes on a call"),
                Operation {
                    request: Some(schema::<notes::NewNotes>),
                    response: None,
                    ..op::<()>("put", "Keeps notes on a call, sealed with the caller's key")
                },
            ],
            handler: get(notes::read).put(notes::write),
        },
        Route {
            path: "/recordings/{id}/peaks".into(),
            look: SUPERVISORS_OR_OWN,
            change: SUPERVISORS_OR_OWN,
            operations: vec![Operation {
                query: &[("pieces", "In how many pieces, 1 to 4,000; 1,000 without it")],
                ..op::<peaks::Peaks>("get", "The shape of a recording, to be drawn")
            }],
            handler: get(peaks::peaks),
        },
        Route {
            path: "/calls/{id}/hang-up".into(),
            look: SUPERVISORS_OR_OWN,
            change: SUPERVISORS_OR_OWN,
            operations: vec![Operation { response: None, ..op::<()>("post", "Ends a call") }],
            handler: post(calls::hang_up),
        },
        Route {
            path: "/calls/{id}/actions".into(),
            look: SUPERVISORS_OR_OWN,
            change: SUPERVISORS_OR_OWN,
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
            look: AUDITORS,
            change: Access::Owners,
            operations: vec![op::<calls::Explanation>(
                "get",
                "A call told in sentences, with everybody who could have been rung at each decision",
            )],
            handler: get(calls::explanation),
        },
        Route {
            path: "/callbacks".into(),
            look: AUDITORS_OR_OWN,
            change: Access::Owners,
            operations: vec![op::<Vec<actions::CallbackView>>(
                "get",
                "Promises to call back that are not kept yet",
            )],
            handler: get(actions::callbacks),
        },
        Route {
            path: "/callbacks/{id}".into(),
            look: SUPERVISORS,
            change: SUPERVISORS,
            operations: vec![Operation {
                response: None,
                ..op::<()>("delete", "Takes a promise to call back back")
            }],
            handler: axum::routing::delete(actions::cancel_callback),
        },
        Route {
            path: "/recordings/{id}/proof".into(),
            look: AUDITORS,
            change: Access::Owners,
            operations: vec![op::<recordings::Proof>(
                "get",
                "What a recording leaves out, and that no key is in it",
            )],
            handler: get(recordings::proof),
        },
        Route {
            path: "/recordings/{id}".into(),
            look: SUPERVISORS_OR_OWN,
            change: SUPERVISORS_OR_OWN,
            operations: vec![Operation {
                response: None,
                ..op::<()>("get", "A recording as WAV, customer left and agent right; ranges are served")
            }],
            handler: get(recordings::audio),
        },
        Route {
            path: "/messages".into(),
            look: SUPERVISORS_OR_OWN,
            change: SUPERVISORS_OR_OWN,
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
            look: SUPERVISORS_OR_OWN,
            change: SUPERVISORS_OR_OWN,
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
            path: "/live".into(),
            look: AUDITORS_OR_OWN,
            change: Access::Owners,
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
    ]
}
