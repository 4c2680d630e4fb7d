//! The HTTP API: one table of routes, from which the router, the rights and the OpenAPI description are made.

mod actions;
mod agents;
mod audit;
mod calls;
mod configuration;
mod csv;
mod listen;
mod live;
mod messages;
mod openapi;
mod problem;
mod recordings;
mod report_rows;
mod reports;
mod routes;
mod serve;
mod softphone;
mod time;
mod webhooks;

pub use serve::{Api, serve};
