//! The HTTP API: one table of routes, from which the router, the rights and the OpenAPI description are made.

mod actions;
mod agents;
mod audit;
mod calls;
mod configuration;
mod listen;
mod live;
mod openapi;
mod problem;
mod recordings;
mod reports;
mod routes;
mod serve;

pub use serve::{Api, serve};
