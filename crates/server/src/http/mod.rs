//! The HTTP API, with one table of routes from which the router, the rights and the OpenAPI description are made; and the
//! web app.

mod access;
mod accounts;
mod actions;
mod agents;
mod archive;
mod attestation;
mod audit;
mod backups;
mod bot;
mod call_list;
mod calls;
mod closing;
mod configuration;
mod connect;
mod connector;
mod csv;
mod data_rights;
mod demo;
mod desk;
mod dial;
mod dial_refusals;
mod graph_notices;
mod grave;
mod identity;
mod licences;
mod line_passes;
mod listen;
mod live;
mod messages;
mod notes;
mod openapi;
mod own;
mod passkeys;
mod peaks;
mod people;
mod person_archive;
mod person_export;
mod person_page;
mod person_records;
mod problem;
mod recordings;
mod report_rows;
mod reports;
mod routes;
pub mod security;
mod serve;
mod session;
mod settings;
mod softphone;
mod softphone_link;
mod telephony;
mod time;
mod web;
mod webhooks;
mod work_account;
mod work_roles;

pub use accounts::link as invitation_link;
pub use bot::MESSAGES;
pub use connector::PLACES;
pub use demo::Persona;
pub(crate) use dial::{Asking, NewDial, begin_and_wait};
pub use own::parts;
pub use routes::for_administrators as routes_for_administrators;
pub use serve::{Api, serve};
pub use settings::HttpSettings;
pub use web::{FILES as WEB_FILES, policy, tab_policy};
pub use work_account::CALLBACK;

/// Where browsers come back to from Microsoft, as paths of this server.
pub const fn microsoft_callbacks() -> [&'static str; 4] {
    [CALLBACK, work_account::DIRECTORY_CALLBACK, licences::CALLBACK, connect::CONSENTED]
}
