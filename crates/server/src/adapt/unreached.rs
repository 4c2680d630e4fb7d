//! Why a far end was not reached at all. Each reason asks for something else to be done, so each has a word of its own;
//! the sentences for these words are the terminal's and the web app's.

use serde::Serialize;
use std::io::ErrorKind;
use std::net::SocketAddr;

/// Why nothing that we say gets to a far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unreached {
    /// The DNS knows no address for its name.
    NameUnknown,
    /// The DNS gave no answer, and no address is known from before.
    NameUnanswered,
    /// Its machine is there, and nothing listens at the port (TCP).
    Refused,
    /// No way leads to its network.
    NoRoute,
    /// No connection came about in time (TCP).
    ConnectTimeout,
    /// It took the connection, and did not finish the handshake of TLS in time.
    HandshakeTimeout,
    /// The handshake of TLS failed.
    Tls,
    /// The connection broke.
    Broken,
}

impl Unreached {
    /// What an error of a connection of ours means.
    pub fn of(error: &std::io::Error) -> Unreached {
        if error.get_ref().is_some_and(|e| e.is::<rustls::Error>()) {
            return Unreached::Tls;
        }
        match error.kind() {
            ErrorKind::ConnectionRefused => Unreached::Refused,
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
                Unreached::NoRoute
            }
            ErrorKind::TimedOut => Unreached::ConnectTimeout,
            _ => Unreached::Broken,
        }
    }
}

/// A connection of ours that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Where it went.
    pub addr: SocketAddr,
    /// The name that the far end had to prove; `None` without TLS.
    pub name: Option<Box<str>>,
    /// Why.
    pub cause: Unreached,
    /// What the TLS library said, in English; `None` where it was not asked.
    pub tls: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Error;

    #[test]
    fn each_error_of_a_connection_has_its_word() {
        let tls = Error::new(ErrorKind::InvalidData, rustls::Error::HandshakeNotComplete);
        assert_eq!(Unreached::of(&tls), Unreached::Tls);
        for (kind, cause) in [
            (ErrorKind::ConnectionRefused, Unreached::Refused),
            (ErrorKind::HostUnreachable, Unreached::NoRoute),
            (ErrorKind::NetworkUnreachable, Unreached::NoRoute),
            (ErrorKind::TimedOut, Unreached::ConnectTimeout),
            (ErrorKind::ConnectionReset, Unreached::Broken),
        ] {
            assert_eq!(Unreached::of(&kind.into()), cause, "{kind}");
        }
    }
}
