//! Waits: sockets, threads, HTTP, configuration and the command line; translates between the other rooms; decides nothing.

mod adapt;
mod admin;
mod cli;
mod clock;
mod config;
mod demo;
mod explain;
mod http;
mod journal_io;
mod live;
mod mailbox;
mod media_io;
mod running;
mod sip_io;
mod switch_io;
mod tenant;
mod view;
mod vital;

fn main() -> std::process::ExitCode {
    cli::run()
}
