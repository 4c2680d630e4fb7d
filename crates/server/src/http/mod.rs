//! The HTTP API, with one table of routes from which the router, the rights and the OpenAPI description are made; and the
//! web app.

mod access;
mod accounts;
mod actions;
mod agents;
mod audit;
mod call_list;
mod calls;
mod configuration;
mod csv;
mod demo;
mod desk;
mod dial;
mod identity;
mod listen;
mod live;
mod messages;
mod notes;
mod openapi;
mod own;
mod passkeys;
mod peaks;
mod people;
mod problem;
mod recordings;
mod report_rows;
mod reports;
mod routes;
mod security;
mod serve;
mod session;
mod settings;
mod softphone;
mod telephony;
mod time;
mod web;
mod webhooks;
mod work_account;

pub use accounts::link as invitation_link;
pub use demo::Persona;
pub use own::parts;
pub use serve::{Api, serve};
pub use settings::HttpSettings;
pub use web::policy;
pub use work_account::CALLBACK;
