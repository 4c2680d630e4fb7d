//! Proving who somebody is: passwords, codes of a second factor, passkeys, and what slows down those who guess.

pub mod challenges;
pub mod guesses;
pub mod passkey;
pub mod password;
pub mod refusals;
pub mod seen;
pub mod totp;
