//! The frames of the event socket: header lines, an empty line, and a body as long as `Content-Length` says.

/// The longest head of a frame, in bytes.
const MOST_HEAD: usize = 16 * 1024;
/// The longest body, in bytes.
const MOST_BODY: usize = 256 * 1024;

/// One frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    head: String,
    pub(super) body: Vec<u8>,
}

impl Frame {
    /// The value of a header line.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|l| l.split_once(':'));
        lines.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim())
    }
}

/// Cuts frames out of what comes.
#[derive(Debug, Default)]
pub(super) struct Frames {
    got: Vec<u8>,
}

/// What comes is no frame, or too long.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Frames {
    /// Takes bytes. What is cut out already is gone, so what is kept never grows past one frame and one read.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.got.len() + bytes.len() > MOST_HEAD + MOST_BODY + 64 * 1024 {
            return Err(TooLong);
        }
        self.got.extend_from_slice(bytes);
        let right = match self.head_end() {
            Some(head) => head <= MOST_HEAD && self.length(head).is_some(),
            None => self.got.len() <= MOST_HEAD,
        };
        if right { Ok(()) } else { Err(TooLong) }
    }

    fn head_end(&self) -> Option<usize> {
        self.got.windows(2).position(|w| w == b"\n\n")
    }

    // How long the body is; nothing when it is too long or no number.
    fn length(&self, head: usize) -> Option<usize> {
        let head = String::from_utf8_lossy(self.got.get(..head).unwrap_or_default());
        let mut lines = head.lines().filter_map(|l| l.split_once(':'));
        match lines.find(|(n, _)| n.eq_ignore_ascii_case("Content-Length")) {
            Some((_, length)) => length.trim().parse().ok().filter(|n| *n <= MOST_BODY),
            None => Some(0),
        }
    }

    /// The next frame that is whole.
    pub(super) fn next(&mut self) -> Option<Frame> {
        let head = self.head_end()?;
        let length = self.length(head)?;
        let end = head + 2 + length;
        let body = self.got.get(head + 2..end)?.to_vec();
        let text = String::from_utf8_lossy(self.got.get(..head).unwrap_or_default()).into_owned();
        self.got.drain(..end);
        Some(Frame { head: text, body })
    }
}
