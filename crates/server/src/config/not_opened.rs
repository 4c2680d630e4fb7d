//! What is said of an address of the configuration that cannot be opened.

use std::fmt::Display;
use std::io::{Error, ErrorKind};

/// A sentence with the field, what stands in it, why it cannot be opened, and what to look at.
pub fn not_opened(key: &str, said: impl Display, why: &Error) -> String {
    let look = match why.kind() {
        ErrorKind::AddrInUse => "Is another program on this port?",
        ErrorKind::AddrNotAvailable => "This machine has no such address: name one of its own.",
        ErrorKind::PermissionDenied => "Ports below 1024 need a right of their own (CAP_NET_BIND_SERVICE).",
        _ => "Is it an address of this machine?",
    };
    format!("{key} = {said} cannot be opened: {why}. {look}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_look_at_depends_on_the_cause() {
        // 192.0.2.0/24 is for examples: no machine has it.
        let absent = std::net::UdpSocket::bind("192.0.2.20:0").unwrap_err();
        let said = not_opened("media.address", "192.0.2.20", &absent);
        assert!(said.starts_with("media.address = 192.0.2.20 cannot be opened: "), "{said}");
        assert!(said.ends_with("This machine has no such address: name one of its own."), "{said}");
        let first = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = std::net::TcpListener::bind(first.local_addr().unwrap()).unwrap_err();
        assert!(not_opened("http.listen", "x", &taken).ends_with("Is another program on this port?"));
    }
}
