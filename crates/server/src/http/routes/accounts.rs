//! Signing in, accounts of people, and the connection to Microsoft.

use crate::http::access::Access;
use crate::http::routes::{Operation, Route, op, schema};
use crate::http::{accounts, connect, demo, licences, session, work_account};
use axum::routing::{get, post};

/// Connecting a directory, and its licences.
pub(super) fn of_microsoft() -> Vec<Route> {
    let none = |o: Operation| Operation { response: None, ..o };
    let owners = |path: &str, operations, handler| Route {
        path: path.into(),
        look: Access::Owners,
        change: Access::Owners,
        operations,
        handler,
    };
    vec![
        owners(
            "/microsoft/connect",
            vec![
                op::<connect::ConnectView>("get", "What Microsoft is asked for and why, and how to consent"),
                none(op::<()>("delete", "Disconnects the directory and erases what is kept of it")),
            ],
            get(connect::look).delete(connect::disconnect),
        ),
        owners(
            "/microsoft/licences",
            vec![
                op::<licences::LicencesView>("get", "Licences of the directory, and how many are left"),
                Operation {
                    request: Some(schema::<licences::Changes>),
                    ..op::<Vec<licences::ChangeView>>(
                        "post",
                        "Assigns and takes away licences of users, or says what would be done",
                    )
                },
            ],
            get(licences::list).post(licences::change),
        ),
        owners(
            "/microsoft/licences/sign-in",
            vec![none(op::<()>("get", "Sends the browser to sign in for licences"))],
            get(licences::sign_in),
        ),
        owners(
            "/microsoft/licences/callback",
            vec![none(op::<()>("get", "Where Entra ID sends the browser back to from that"))],
            get(licences::signed_in),
        ),
        Route {
            path: "/microsoft/directory/callback".into(),
            look: Access::Public,
            change: Access::Owners,
            operations: vec![none(op::<()>(
                "get",
                "Where Entra ID sends the browser of an administrator back to who connects a directory or signs in",
            ))],
            handler: get(work_account::finish_directory),
        },
        owners(
            "/microsoft/connect/callback",
            vec![none(op::<()>("get", "Where Entra ID sends the browser back to from consent"))],
            get(connect::consented),
        ),
        owners(
            "/microsoft/connect/{id}",
            vec![none(op::<()>("get", "Sends the browser to consent to an app registration"))],
            get(connect::begin),
        ),
    ]
}

/// Signing in, and what people do about their own accounts.
pub(super) fn of_accounts() -> Vec<Route> {
    let body = |request, o: Operation| Operation { request: Some(request), ..o };
    let none = |o: Operation| Operation { response: None, ..o };
    vec![
        Route {
            path: "/session".into(),
            look: Access::Person,
            change: Access::Person,
            operations: vec![
                op::<session::SessionView>("get", "Who is signed in"),
                Operation {
                    access: Some(Access::Public),
                    ..body(
                        schema::<session::SignIn>,
                        op::<session::SessionView>("post", "Signs in: sets the cookie of a session"),
                    )
                },
                none(op::<()>("delete", "Signs out")),
            ],
            handler: get(session::who_am_i).post(session::sign_in).delete(session::sign_out),
        },
        Route {
            path: "/session/password".into(),
            look: Access::Person,
            change: Access::Person,
            operations: vec![body(
                schema::<accounts::NewPassword>,
                op::<session::SessionView>("put", "Changes one's password, and ends all other sessions"),
            )],
            handler: axum::routing::put(accounts::change_password),
        },
        Route {
            path: "/session/second-factor".into(),
            look: Access::Person,
            change: Access::Person,
            operations: vec![
                body(
                    schema::<accounts::Proof>,
                    op::<accounts::SecondFactor>(
                        "post",
                        "Makes the secret of a second factor (TOTP, RFC 6238)",
                    ),
                ),
                none(body(
                    schema::<accounts::Code>,
                    op::<()>("put", "Puts the second factor in force, with a code that the app made"),
                )),
            ],
            handler: post(accounts::propose).put(accounts::confirm),
        },
        Route {
            path: "/session/ways".into(),
            look: Access::Public,
            change: Access::Public,
            operations: vec![op::<work_account::Ways>("get", "How people can sign in here")],
            handler: get(work_account::ways),
        },
        Route {
            path: "/session/microsoft".into(),
            look: Access::Public,
            change: Access::Public,
            operations: vec![Operation {
                query: &[
                    ("tenant", "Id of the tenant; may be left out where only one is connected to Microsoft"),
                    ("to", "The page to go to afterwards"),
                ],
                ..none(op::<()>("get", "Sends the browser to Microsoft to sign in with a work account"))
            }],
            handler: get(work_account::begin),
        },
        Route {
            path: "/session/microsoft/callback".into(),
            look: Access::Public,
            change: Access::Public,
            operations: vec![none(op::<()>(
                "get",
                "Where Microsoft sends the browser back to: signs in, and goes to the page that was asked for",
            ))],
            handler: get(work_account::finish),
        },
        Route {
            path: "/invitation".into(),
            look: Access::Public,
            change: Access::Public,
            operations: vec![body(
                schema::<accounts::TakeUp>,
                op::<session::SessionView>("post", "Takes up an invitation: sets a password, and signs in"),
            )],
            handler: post(accounts::take_up),
        },
        Route {
            path: "/users/{id}/invitation".into(),
            look: Access::Owners,
            change: Access::Owners,
            operations: vec![op::<accounts::InvitationView>(
                "post",
                "Invites somebody to choose a password; also for one that was forgotten",
            )],
            handler: post(accounts::invite),
        },
        Route {
            path: "/users/{id}/second-factor".into(),
            look: Access::Owners,
            change: Access::Owners,
            operations: vec![none(op::<()>(
                "delete",
                "Takes somebody's second factor away, when it was lost",
            ))],
            handler: axum::routing::delete(accounts::remove_second),
        },
    ]
}

/// Signing in with one click, in the demo.
pub(super) fn of_the_demo() -> Vec<Route> {
    vec![
        Route {
            path: "/demo/personas".into(),
            look: Access::Public,
            change: Access::Public,
            operations: vec![op::<Vec<demo::Persona>>(
                "get",
                "Made-up people as whom to sign in; only in the demo",
            )],
            handler: get(demo::personas),
        },
        Route {
            path: "/demo/session".into(),
            look: Access::Public,
            change: Access::Public,
            operations: vec![Operation {
                request: Some(schema::<demo::NewPersona>),
                ..op::<session::SessionView>("post", "Signs in as somebody made up; only in the demo")
            }],
            handler: post(demo::sign_in),
        },
    ]
}
