//! The program from outside: real sockets, real files, real clients that nobody here wrote.

mod api;
mod bad_configuration;
mod baresip;
mod calls;
mod canary;
mod command_line;
mod desk;
mod explain;
mod hostile_calls;
mod killed;
mod outside;
mod program;
mod real_clients;
mod replay;
mod reports;
mod sipp;
mod tidy;
