//! The program from outside: real sockets, real files, real clients that nobody here wrote.

mod api;
mod bad_configuration;
mod bare_phone;
mod baresip;
mod browser;
mod browser_page;
mod browser_session;
mod call_search;
mod callbacks;
mod calls;
mod canary;
mod command_line;
mod contact_center;
mod crossing;
mod desk;
mod directory;
mod explain;
mod hostile_calls;
mod kamailio;
mod killed;
mod listening;
mod microsoft;
// The listener stands in the program, which is no library; it needs nothing of the program.
#[path = "../../src/demo/microsoft_io.rs"]
mod microsoft_io;
mod neighbours;
mod numbers;
mod outside;
mod program;
mod protected;
mod quality;
mod real_clients;
mod replay;
mod reports;
mod secure_entry;
mod sipp;
mod strangers;
mod supervision;
mod telephones;
mod tidy;
mod transfers;
mod web_app;
mod web_desk;
mod web_https;
mod web_session;
