//! The table of routes: method, path, who may use it, what it does, what it answers, who handles it.

use crate::adapt::{Telephone, TrunkStatus};
use crate::audit_file::HeadLine;
use crate::http::access::{Access, Agents};
use crate::http::report_rows::{AgentRow, CallbackRow, DispositionRow, NumberRow, QueueRow};
use crate::http::reports::Report;
use crate::http::serve::Api;
use crate::http::{
    accounts, actions, agents, attestation, audit, backups, call_list, calls, closing, configuration,
    connect, connector, data_rights, demo, desk, dial, licences, live, messages, notes, passkeys, peaks,
    people, recordings, reports, security, session, softphone, telephony, webhooks, work_account,
};
use crate::view::{AgentView, CallDetail, QueueView};
use axum::routing::{MethodRouter, get, post, put};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

const AUDITORS: Access = Access::Auditors(Agents::No);
/// Rights of people and holds are the work of auditors and owners.
const DATA: Access = Access::DataOfficers;
const AUDITORS_OR_OWN: Access = Access::Auditors(Agents::Own);
const ANY_ROLE: Access = Access::Auditors(Agents::All);
const SUPERVISORS: Access = Access::Supervisors(Agents::No);
const SUPERVISORS_OR_OWN: Access = Access::Supervisors(Agents::Own);

/// Whose call is meant.
const WHOSE_CALL: &[(&str, &str)] = &[("agent", "Id of the agent who asked for it; without it oneself")];

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
    /// Who may, where that is not what the path says.
    pub access: Option<Access>,
}

/// One path.
pub struct Route {
    /// Below [`PREFIX`].
    pub path: String,
    /// Who may look.
    pub look: Access,
    /// Who may change.
    pub change: Access,
    /// What can be done there.
    pub operations: Vec<Operation>,
    /// Who does it.
    pub handler: MethodRouter<Api>,
}

impl Route {
    /// Who may use a method.
    pub fn access(&self, method: &str) -> Access {
        let looks = ["get", "head", "options"].iter().any(|m| m.eq_ignore_ascii_case(method));
        let own = self.operations.iter().find(|o| o.method.eq_ignore_ascii_case(method));
        own.and_then(|o| o.access).unwrap_or(if looks { self.look } else { self.change })
    }
}

pub(super) fn schema<T: JsonSchema>(g: &mut SchemaGenerator) -> Schema {
    g.subschema_for::<T>()
}

pub(super) fn op<T: JsonSchema>(method: &'static str, summary: &'static str) -> Operation {
    Operation { method, summary, query: &[], request: None, response: Some(schema::<T>), access: None }
}

fn report<R: JsonSchema>(name: &str, summary: &'static str, handler: MethodRouter<Api>) -> Route {
    Route {
        path: format!("/reports/{name}"),
        look: AUDITORS,
        change: Access::Owners,
        operations: vec![Operation { query: reports::PARAMETERS, ..op::<Report<R>>("get", summary) }],
        handler,
    }
}

/// A path in words of the API for each kind of configuration object.
pub const COLLECTIONS: [(&str, &str); 15] = [
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
    ("pbxs", "Pbx"),
    ("retention-rules", "Retention"),
];

/// Signing in, and what people do about their own accounts.
fn of_microsoft() -> Vec<Route> {
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

fn of_accounts() -> Vec<Route> {
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
fn of_the_demo() -> Vec<Route> {
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

/// All of them. `demo` adds those that are there only in the demo.
pub fn all(demo: bool) -> Vec<Route> {
    let paged = &[("cursor", "Where the page before ended"), ("limit", "At most this many, 1 to 500")];
    let mut routes = vec![
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
            path: "/agents/me".into(),
            look: Access::Person,
            change: Access::Person,
            operations: vec![op::<desk::Me>("get", "Who I am as an agent, and what I choose from")],
            handler: get(desk::me),
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
            operations: vec![Operation {
                request: Some(schema::<attestation::Wanted>),
                query: &[
                    ("format", "json (without it) or markdown, as also `Accept: text/markdown` asks for"),
                    ("language", "Of the Markdown: en (without it), de, fr, es or zh"),
                ],
                ..op::<Value>("post", "Runs the checks of an attestation and answers its questions, signed")
            }],
            handler: post(attestation::make),
        },
        Route {
            path: "/people/find".into(),
            look: DATA,
            change: DATA,
            operations: vec![Operation {
                request: Some(schema::<data_rights::Find>),
                ..op::<Vec<data_rights::PersonKept>>(
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
                op::<data_rights::PersonExport>("get", "Everything that is kept of a person"),
                Operation {
                    request: Some(schema::<data_rights::PersonChange>),
                    ..op::<data_rights::PersonKept>(
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
            handler: get(data_rights::export).patch(data_rights::change).delete(data_rights::erase),
        },
        Route {
            path: "/closing".into(),
            look: Access::Owners,
            change: Access::Owners,
            operations: vec![Operation {
                request: Some(schema::<closing::Wanted>),
                ..op::<Value>(
                    "post",
                    "Ends the account: destroys everything of the tenant and gives the signed certificate",
                )
            }],
            handler: post(closing::end),
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
            path: "/catalogue".into(),
            look: AUDITORS,
            change: Access::Owners,
            operations: vec![op::<Vec<audit::CatalogueField>>(
                "get",
                "Every stored field: purpose, origin, retention",
            )],
            handler: get(audit::catalogue),
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
    ];
    routes.push(Route {
        path: "/trunks/{id}/status".into(),
        look: AUDITORS,
        change: Access::Owners,
        operations: vec![op::<TrunkStatus>(
            "get",
            "Whether a trunk is registered, its far ends are up, and how many calls it bears",
        )],
        handler: get(telephony::trunk),
    });
    routes.push(Route {
        path: "/users/{id}/telephones".into(),
        look: SUPERVISORS,
        change: Access::Owners,
        operations: vec![op::<Vec<Telephone>>("get", "Telephones of a user that are registered now")],
        handler: get(telephony::telephones),
    });
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
    routes.extend(of_accounts());
    routes.extend(of_microsoft());
    if demo {
        routes.extend(of_the_demo());
    }
    routes.extend(softphone::routes());
    routes.extend(passkeys::routes());
    routes
}

/// What administrators can do about their data by this API: beginnings of paths.
const ABOUT_DATA: [&str; 9] = [
    "/users",
    "/configuration",
    "/audit",
    "/catalogue",
    "/permissions",
    "/attestation",
    "/recordings",
    "/people",
    "/holds",
];

/// The operations by which administrators see and control their data, in words.
pub fn for_administrators() -> Vec<String> {
    let routes = all(false);
    let about = routes.iter().filter(|r| ABOUT_DATA.iter().any(|path| r.path.starts_with(path)));
    about
        .flat_map(|r| {
            r.operations.iter().map(|o| format!("{} {}: {}", o.method.to_uppercase(), r.path, o.summary))
        })
        .collect()
}
