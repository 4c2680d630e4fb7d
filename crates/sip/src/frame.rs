//! Cuts a byte stream into messages by Content-Length (RFC 3261 section 18.3), with bounds.

use crate::message::MAX_MESSAGE;
use crate::name::Name;
use crate::uri::trim;

/// The longest head (start line and header fields) of a message on a stream, in bytes.
const MAX_HEAD: usize = 32 * 1024;

/// Why a stream cannot go on: where its next message starts is unknown, so the connection is to be closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameError {
    /// No blank line within 32 KiB.
    HeadTooLong,
    /// Content-Length is missing, not a number, or there are two.
    NoLength,
    /// Content-Length beyond 64 KiB in all.
    TooLong,
}

/// What stands next in a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A whole message.
    Message(&'a [u8]),
    /// A keep-alive: two line ends alone (RFC 5626 section 3.5.1), to be answered by one.
    Ping,
}

/// Collects what a connection sends and gives out whole messages. Holds at most 96 KiB.
#[derive(Default)]
pub struct Splitter {
    buffer: Vec<u8>,
    // What was given out and can be dropped.
    used: usize,
    // How far the search for the blank line got, so that a slow sender does not cost quadratic time.
    searched: usize,
}

impl Splitter {
    /// An empty one, for a new connection.
    pub fn new() -> Self {
        Splitter::default()
    }

    /// Adds what was read. Take out all frames before reading more.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.used > 0 {
            self.buffer.drain(..self.used);
            self.searched = self.searched.saturating_sub(self.used);
            self.used = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether part of a message is waiting for its rest. Line ends alone are none: some senders add one.
    pub fn is_partial(&self) -> bool {
        self.buffer[self.used..].iter().any(|&c| c != b'\r' && c != b'\n')
    }

    /// The next frame; `None` when more has to be read first.
    ///
    /// # Errors
    /// [`FrameError`]: close the connection.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        // Line ends before a message are skipped one by one, so that a flood of them costs no more than its length.
        loop {
            let rest = &self.buffer[self.used..];
            if rest.starts_with(b"\r\n\r\n") {
                self.used += 4;
                self.searched = self.used;
                return Ok(Some(Frame::Ping));
            }
            if !matches!(rest.first(), Some(b'\r' | b'\n')) {
                break;
            }
            // Perhaps the first part of a ping that is still coming.
            if rest.len() < 4 && rest.iter().all(|c| matches!(c, b'\r' | b'\n')) {
                return Ok(None);
            }
            self.used += 1;
            self.searched = self.used;
        }
        let from = self.searched.max(self.used);
        let Some(head_end) = find_blank_line(&self.buffer, self.used, from) else {
            self.searched = self.buffer.len().saturating_sub(3).max(self.used);
            if self.buffer.len() - self.used > MAX_HEAD {
                return Err(FrameError::HeadTooLong);
            }
            return Ok(None);
        };
        let head = &self.buffer[self.used..head_end];
        if head.len() > MAX_HEAD {
            return Err(FrameError::HeadTooLong);
        }
        let length = content_length(head)?;
        let total = head.len() + length;
        if total > MAX_MESSAGE {
            return Err(FrameError::TooLong);
        }
        if self.buffer.len() - self.used < total {
            self.searched = from;
            return Ok(None);
        }
        let at = self.used;
        self.used += total;
        self.searched = self.used;
        Ok(Some(Frame::Message(&self.buffer[at..at + total])))
    }
}

// The end of the blank line, lone line feeds allowed, looking from `from` on.
fn find_blank_line(b: &[u8], start: usize, from: usize) -> Option<usize> {
    let mut i = from.saturating_sub(3).max(start);
    while let Some(n) = b.get(i..)?.iter().position(|&c| c == b'\n') {
        let lf = i + n;
        match (b.get(lf + 1), b.get(lf + 2)) {
            (Some(b'\n'), _) => return Some(lf + 2),
            (Some(b'\r'), Some(b'\n')) => return Some(lf + 3),
            _ => i = lf + 1,
        }
    }
    None
}

fn content_length(head: &[u8]) -> Result<usize, FrameError> {
    let mut found = None;
    for line in head.split(|&c| c == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|&c| c == b':') else { continue };
        if Name::from_bytes(trim(&line[..colon])) == Name::ContentLength {
            let n = crate::message::read_number(trim(&line[colon + 1..])).ok_or(FrameError::NoLength)?;
            let n = usize::try_from(n).map_err(|_| FrameError::TooLong)?;
            if found.replace(n).is_some_and(|o| o != n) {
                return Err(FrameError::NoLength);
            }
        }
    }
    match found {
        Some(n) if n > MAX_MESSAGE => Err(FrameError::TooLong),
        Some(n) => Ok(n),
        None => Err(FrameError::NoLength),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "BYE sip:a SIP/2.0\r\nContent-Length: 3\r\n\r\nabc";
    const TWO: &str = "ACK sip:b SIP/2.0\r\nl:0\r\n\r\n";

    #[test]
    fn cuts_the_same_wherever_the_reads_fall() {
        let all = format!("{ONE}\r\n\r\n{TWO}\r\n{ONE}");
        for step in 1..all.len() {
            let (mut s, mut got) = (Splitter::new(), Vec::new());
            for piece in all.as_bytes().chunks(step) {
                s.push(piece);
                while let Some(f) = s.next().unwrap() {
                    got.push(match f {
                        Frame::Message(m) => String::from_utf8(m.to_vec()).unwrap(),
                        Frame::Ping => "ping".into(),
                    });
                }
            }
            assert_eq!(got, [ONE, "ping", TWO, ONE], "step {step}");
            assert!(!s.is_partial());
        }
    }

    #[test]
    fn line_ends_alone_are_no_part_of_a_message() {
        let mut s = Splitter::new();
        s.push(b"\r\n");
        assert_eq!(s.next(), Ok(None));
        assert!(!s.is_partial());
        s.push(&b"\r\n".repeat(3));
        assert_eq!(s.next(), Ok(Some(Frame::Ping)));
        assert_eq!(s.next(), Ok(Some(Frame::Ping)));
        assert_eq!(s.next(), Ok(None));
        s.push(b"BYE");
        assert_eq!(s.next(), Ok(None));
        assert!(s.is_partial());
        let mut s = Splitter::new();
        s.push(b"\n\r\n\n\n\n\r\r");
        s.push(TWO.as_bytes());
        assert_eq!(s.next(), Ok(Some(Frame::Message(TWO.as_bytes()))));
    }

    #[track_caller]
    fn check(input: &[u8], expected: FrameError) {
        let mut s = Splitter::new();
        s.push(input);
        assert_eq!(s.next().unwrap_err(), expected);
    }

    #[test]
    fn refuses_what_has_no_end() {
        check(b"BYE sip:a SIP/2.0\r\n\r\n", FrameError::NoLength);
        check(b"BYE sip:a SIP/2.0\r\nl: 1\r\nl: 2\r\n\r\n", FrameError::NoLength);
        check(b"BYE sip:a SIP/2.0\r\nl: 999999999\r\n\r\n", FrameError::TooLong);
        check(b"BYE sip:a SIP/2.0\r\nl: 99999999999999999999999\r\n\r\n", FrameError::NoLength);
        check(&vec![b'x'; MAX_HEAD + 1], FrameError::HeadTooLong);
    }
}
