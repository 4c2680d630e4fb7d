//! The room from outside: RFC 4475's messages, and two endpoints over a network that loses, doubles and delays.

mod ask;
mod calls;
mod differential;
mod exchange;
mod hostile;
mod identity;
mod login;
mod mutants;
mod network;
mod reasons;
mod refer;
mod reliable;
mod session;
mod torture;
mod torture_ipv6;
