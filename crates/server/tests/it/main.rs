//! The program from outside: real sockets, real files, real clients that nobody here wrote.

mod api;
mod bad_configuration;
mod baresip;
mod browser;
mod browser_page;
mod callbacks;
mod calls;
mod canary;
mod command_line;
mod contact_center;
mod desk;
mod explain;
mod hostile_calls;
mod killed;
mod listening;
mod outside;
mod program;
mod real_clients;
mod replay;
mod reports;
mod secure_entry;
mod sipp;
mod supervision;
mod tidy;
mod transfers;
