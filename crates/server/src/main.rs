//! Waits: sockets, threads, HTTP, configuration and the command line; translates between the other rooms; decides nothing.

mod adapt;
mod admin;
mod alarm;
mod alarm_io;
mod announce;
mod attest;
mod audit_file;
mod audit_io;
mod backup_audit;
mod backup_io;
mod bot;
mod certificate_report;
mod cli;
mod clock;
mod closing;
mod config;
mod connector;
mod demo;
mod explain;
mod gathering;
mod http;
mod journal_io;
mod key_rotation;
mod live;
mod log_tap;
mod mail_io;
mod mailbox;
mod media_io;
mod microsoft;
mod name_io;
mod outside_io;
mod outward;
mod per_minute;
mod rehearsal;
mod retention_io;
mod running;
mod secrets;
mod security;
mod shares;
mod sign_in;
mod sip_io;
mod sip_tls;
mod switch_io;
mod teams_certificate;
mod teams_codes;
mod teams_emergency;
mod tenant;
mod tls;
mod trunk_choice;
mod trusted;
mod view;
mod vital;
mod webhook_io;

fn main() -> std::process::ExitCode {
    // For clients that name none of their own, as the command line's; it can only fail when there is one already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    cli::run()
}
