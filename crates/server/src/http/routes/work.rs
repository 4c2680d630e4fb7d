//! What agents and their telephones do: states, wrap-up, dialling, opening hours.

use crate::adapt::Telephone;
use crate::http::access::Access;
use crate::http::routes::{
    AUDITORS, AUDITORS_OR_OWN, Operation, Route, SUPERVISORS, SUPERVISORS_OR_OWN, op, schema,
};
use crate::http::{actions, agents, connector, desk, dial, line_passes, softphone_link, telephony};
use crate::view::AgentView;
use axum::routing::{get, post};

/// Whose call is meant.
const WHOSE_CALL: &[(&str, &str)] = &[("agent", "Id of the agent who asked for it; without it oneself")];

/// Everything about work at the telephone.
pub(super) fn of_work() -> Vec<Route> {
    vec![
        Route {
            path: "/agents/me".into(),
            look: Access::Person,
            change: Access::Person,
            operations: vec![op::<desk::Me>("get", "Who I am as an agent, and what I choose from")],
            handler: get(desk::me),
        },
        Route {
            path: "/dial".into(),
            look: SUPERVISORS_OR_OWN,
            change: SUPERVISORS_OR_OWN,
            operations: vec![
                op::<Vec<dial::WayView>>("get", "The ways in which people can call here"),
                Operation {
                    request: Some(schema::<dial::NewDial>),
                    ..op::<dial::Begun>("post", "Somebody calls a number: their own phone rings first")
                },
            ],
            handler: get(dial::ways).post(dial::dial),
        },
        Route {
            path: "/brand/{tenant}".into(),
            look: Access::Public,
            change: Access::Public,
            operations: vec![op::<connector::Brand>(
                "get",
                "In whose name and colours the page is that opens a softphone",
            )],
            handler: get(connector::brand_of),
        },
        Route {
            path: "/connector/{tenant}".into(),
            look: Access::Public,
            change: Access::Public,
            operations: vec![op::<connector::TabSetup>(
                "get",
                "What the tab in Teams has to know before somebody signs in",
            )],
            handler: get(connector::setup),
        },
        Route {
            path: "/connector/{tenant}/softphone-link".into(),
            look: Access::Public,
            change: Access::Public,
            operations: vec![Operation {
                request: Some(schema::<softphone_link::NewLink>),
                ..op::<softphone_link::Link>(
                    "post",
                    "A link that has the softphone on the person's computer call a number, if the tenant calls such numbers",
                )
            }],
            handler: post(softphone_link::make),
        },
        Route {
            path: "/dial/may".into(),
            look: SUPERVISORS_OR_OWN,
            change: SUPERVISORS_OR_OWN,
            operations: vec![Operation {
                request: Some(schema::<dial::NewLook>),
                ..op::<dial::MayView>("post", "What a telephone system allows whoever asks")
            }],
            handler: post(dial::may),
        },
        Route {
            path: "/dial/pass".into(),
            look: SUPERVISORS_OR_OWN,
            change: SUPERVISORS_OR_OWN,
            operations: vec![Operation {
                request: Some(schema::<line_passes::PassToLook>),
                ..op::<line_passes::PassLine>("post", "Which line a pass is for, told to its person")
            }],
            handler: post(line_passes::look),
        },
        Route {
            path: "/pbxs/{id}/line-passes".into(),
            look: Access::Owners,
            change: Access::Owners,
            operations: vec![Operation {
                request: Some(schema::<line_passes::NewPasses>),
                ..op::<Vec<line_passes::PassView>>(
                    "post",
                    "Makes passes by which people show which line at a telephone system is theirs",
                )
            }],
            handler: post(line_passes::make),
        },
        Route {
            path: "/dial/{correlation}".into(),
            look: SUPERVISORS_OR_OWN,
            change: SUPERVISORS_OR_OWN,
            operations: vec![
                Operation {
                    query: WHOSE_CALL,
                    ..op::<dial::Begun>("get", "How far a call is that was asked for by this name")
                },
                Operation {
                    query: WHOSE_CALL,
                    ..op::<dial::Begun>("delete", "Hangs up, or withdraws, such a call")
                },
            ],
            handler: get(dial::progress).delete(dial::hang_up),
        },
        Route {
            path: "/agents/{id}/wrap-up".into(),
            look: SUPERVISORS_OR_OWN,
            change: SUPERVISORS_OR_OWN,
            operations: vec![Operation {
                request: Some(schema::<actions::MoreWrapUp>),
                response: None,
                ..op::<()>("post", "More time for an agent's wrap-up")
            }],
            handler: post(actions::more_wrap_up),
        },
        Route {
            path: "/hours/{id}/closure".into(),
            look: AUDITORS,
            change: SUPERVISORS,
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
            path: "/agents".into(),
            look: AUDITORS,
            change: Access::Owners,
            operations: vec![op::<Vec<AgentView>>("get", "Agents and what each is doing")],
            handler: get(agents::list),
        },
        Route {
            path: "/agents/{id}/state".into(),
            look: AUDITORS_OR_OWN,
            change: SUPERVISORS_OR_OWN,
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
            path: "/users/{id}/telephones".into(),
            look: SUPERVISORS,
            change: Access::Owners,
            operations: vec![op::<Vec<Telephone>>("get", "Telephones of a user that are registered now")],
            handler: get(telephony::telephones),
        },
    ]
}
