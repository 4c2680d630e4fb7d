//! Proving who somebody is: passwords, codes of a second factor, and what slows down those who guess.

pub mod guesses;
pub mod password;
pub mod totp;
