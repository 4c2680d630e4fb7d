//! The bytes of one connection, in the clear or by TLS.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

/// A connection's socket, and TLS over it where it is secure.
pub(super) struct Stream {
    pub(super) socket: TcpStream,
    tls: Option<Box<rustls::Connection>>,
}

impl Stream {
    pub(super) fn new(socket: TcpStream, tls: Option<rustls::Connection>) -> Stream {
        Stream { socket, tls: tls.map(Box::new) }
    }

    /// Whether both ends still agree on keys.
    pub(super) fn is_handshaking(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_handshaking())
    }

    /// The names that the far end proved; empty before the handshake is over.
    pub(super) fn names(&self) -> Vec<String> {
        self.tls.as_deref().map(crate::sip_tls::names_of).unwrap_or_default()
    }

    /// Whether something was decrypted that [`Stream::read`] did not give yet: the socket says nothing of that.
    pub(super) fn holds_more(&mut self) -> bool {
        let Some(tls) = &mut self.tls else { return false };
        tls.process_new_packets().is_ok_and(|state| state.plaintext_bytes_to_read() > 0)
    }

    /// Reads what came, decrypted. Nothing is left to do when it would block.
    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.socket.read(into) };
        loop {
            match tls.reader().read(into) {
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                other => return other,
            }
            if tls.read_tls(&mut self.socket)? == 0 {
                return Ok(0);
            }
            if let Err(error) = tls.process_new_packets() {
                // What is wrong is told to the far end, if it can be told at once.
                while tls.wants_write() && tls.write_tls(&mut self.socket).is_ok() {}
                return Err(io::Error::new(ErrorKind::InvalidData, error));
            }
            // An answer of the handshake goes out with the next write.
            if tls.is_handshaking() && tls.wants_write() {
                return Err(ErrorKind::WouldBlock.into());
            }
        }
    }

    /// Takes bytes to be sent; those of a handshake go first.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.socket.write(bytes) };
        if tls.is_handshaking() {
            return Err(ErrorKind::WouldBlock.into());
        }
        match tls.writer().write(bytes)? {
            // What waits inside has to leave first.
            0 => Err(ErrorKind::WouldBlock.into()),
            taken => Ok(taken),
        }
    }

    /// Sends what TLS made of what was written. Whether something is left.
    pub(super) fn flush(&mut self) -> io::Result<bool> {
        let Some(tls) = &mut self.tls else { return Ok(false) };
        while tls.wants_write() {
            match tls.write_tls(&mut self.socket) {
                Ok(_) => {}
                // Not connected yet counts as not writable yet.
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    return Ok(true);
                }
                Err(e) => return Err(e),
            }
        }
        Ok(false)
    }

    /// Whether bytes wait for the socket alone, not for the far end.
    pub(super) fn can_take(&self) -> bool {
        !self.is_handshaking()
    }

    /// Says that nothing more comes, if that can be said at once.
    pub(super) fn say_goodbye(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = tls.write_tls(&mut self.socket);
        }
    }
}
