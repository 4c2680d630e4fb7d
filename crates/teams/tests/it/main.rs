//! What the room builds and reads, seen from outside.

mod credentials;
mod handbook;
mod notices;
mod openapi;
mod sign_in;
mod signer;
mod tokens;
