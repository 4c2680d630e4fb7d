//! A zip archive (PKWARE APPNOTE 6.3.10) that is made while it is sent: texts first, then audio, read piece by piece as the
//! far end takes it. Nothing is compressed, and no more than a piece is in memory.

use crate::http::recordings::Wav;
use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use store::StoreError;
use tokio::task::JoinHandle;

/// The most that is read and sent at once, in bytes.
const PIECE: u64 = 64 * 1024;
/// The most files of an archive; the form has room for 65,535.
pub(super) const MOST_FILES: usize = 60_000;
/// The most bytes of audio in an archive; the form has room for 4 GiB with all else.
pub(super) const MOST_AUDIO: u64 = 3 * 1024 * 1024 * 1024;
/// Names are UTF-8; check sum and length come behind the file, for they are not known before.
const FLAGS: u16 = 0x0808;
/// The version that is needed to read it: 2.0.
const VERSION: u16 = 20;
/// 1 January 1980, the first day that the form knows: when a file was made says nothing here.
const DAY: u16 = 0x21;

/// CRC-32 (ISO 3309) of bytes that follow others; 0 before the first.
fn crc32(before: u32, bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xEDB8_8320 * (sum & 1)))
    };
    !bytes.iter().fold(!before, step)
}

/// Opens audio when its turn has come; `None` where it is gone meanwhile.
pub(super) type Open = Box<dyn FnOnce() -> Result<Option<Wav>, StoreError> + Send>;

/// A file to be sent.
pub(super) enum Part {
    /// A text.
    Text(Vec<u8>),
    /// Audio.
    Audio(Open),
}

enum From {
    Text(Vec<u8>),
    Audio(Wav),
}

struct Sending {
    name: String,
    from: From,
    began: u64,
    at: u64,
    sum: u32,
}

/// An archive on its way.
pub(super) struct Archive {
    files: VecDeque<(String, Part)>,
    sending: Option<Sending>,
    /// The list of files, which stands at the end.
    list: Vec<u8>,
    count: u16,
    sent: u64,
    is_over: bool,
}

fn put16(out: &mut Vec<u8>, all: &[u16]) {
    all.iter().for_each(|n| out.extend(n.to_le_bytes()));
}

/// Numbers of an archive stay below 4 GiB, by [`MOST_AUDIO`].
fn put32(out: &mut Vec<u8>, all: &[u64]) {
    all.iter().for_each(|n| out.extend(u32::try_from(*n).unwrap_or(u32::MAX).to_le_bytes()));
}

impl Archive {
    /// An archive of these files, of which [`MOST_FILES`] count.
    pub(super) fn new(files: Vec<(String, Part)>) -> Archive {
        let files = files.into_iter().take(MOST_FILES).collect();
        Archive { files, sending: None, list: Vec::new(), count: 0, sent: 0, is_over: false }
    }

    /// The next piece; nothing at the end.
    fn next(&mut self) -> Result<Vec<u8>, StoreError> {
        let mut out = Vec::new();
        while out.is_empty() && !self.is_over {
            match self.sending.take() {
                Some(sending) => self.go_on(sending, &mut out)?,
                None => self.begin(&mut out)?,
            }
        }
        self.sent += out.len() as u64;
        Ok(out)
    }

    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let Some((name, part)) = self.files.pop_front() else {
            self.is_over = true;
            out.extend(&self.list);
            out.extend(b"PK\x05\x06");
            put16(out, &[0, 0, self.count, self.count]);
            put32(out, &[self.list.len() as u64, self.sent]);
            put16(out, &[0]);
            return Ok(());
        };
        let from = match part {
            Part::Text(text) => From::Text(text),
            Part::Audio(open) => match open()? {
                Some(wav) => From::Audio(wav),
                None => return Ok(()),
            },
        };
        out.extend(b"PK\x03\x04");
        put16(out, &[VERSION, FLAGS, 0, 0, DAY]);
        put32(out, &[0, 0, 0]);
        put16(out, &[name.len() as u16, 0]);
        out.extend(name.as_bytes());
        self.sending = Some(Sending { name, from, began: self.sent, at: 0, sum: 0 });
        Ok(())
    }

    fn go_on(&mut self, mut s: Sending, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let piece = match &s.from {
            From::Text(text) => {
                text.iter().skip(s.at as usize).take(PIECE as usize).copied().collect::<Vec<u8>>()
            }
            From::Audio(wav) => wav.read(s.at, PIECE.min(wav.len().saturating_sub(s.at)))?,
        };
        if !piece.is_empty() {
            s.sum = crc32(s.sum, &piece);
            s.at += piece.len() as u64;
            *out = piece;
            self.sending = Some(s);
            return Ok(());
        }
        if matches!(&s.from, From::Audio(wav) if s.at < wav.len()) {
            return Err(StoreError::Unreadable("a recording".into()));
        }
        let sizes = [u64::from(s.sum), s.at, s.at];
        out.extend(b"PK\x07\x08");
        put32(out, &sizes);
        let list = &mut self.list;
        list.extend(b"PK\x01\x02");
        put16(list, &[VERSION, VERSION, FLAGS, 0, 0, DAY]);
        put32(list, &sizes);
        put16(list, &[s.name.len() as u16, 0, 0, 0, 0]);
        put32(list, &[0, s.began]);
        list.extend(s.name.as_bytes());
        self.count = self.count.saturating_add(1);
        Ok(())
    }
}

type Read = JoinHandle<(Archive, Result<Vec<u8>, StoreError>)>;

/// The body of an answer that is an archive.
pub(super) struct Sent {
    archive: Option<Archive>,
    reading: Option<Read>,
}

impl Sent {
    /// Of this archive.
    pub(super) fn new(archive: Archive) -> Sent {
        Sent { archive: Some(archive), reading: None }
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = StoreError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        if let Some(mut archive) = self.archive.take() {
            self.reading = Some(tokio::task::spawn_blocking(move || {
                let read = archive.next();
                (archive, read)
            }));
        }
        let Some(reading) = &mut self.reading else { return Poll::Ready(None) };
        let read = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        match read {
            Ok((_, Ok(bytes))) if bytes.is_empty() => Poll::Ready(None),
            Ok((archive, Ok(bytes))) => {
                self.archive = Some(archive);
                Poll::Ready(Some(Ok(Frame::data(bytes.into()))))
            }
            Ok((_, Err(e))) => {
                tracing::error!(event = "archive_broken", cause = %e, "an archive of a person was broken off");
                Poll::Ready(Some(Err(e)))
            }
            Err(_) => Poll::Ready(Some(Err(StoreError::Refused("the server is stopping".into())))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_the_whole_however_it_is_cut() {
        assert_eq!(crc32(0, b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(crc32(0, b"1234"), b"56789"), 0xCBF4_3926);
    }

    #[test]
    fn an_archive_lists_what_it_holds_and_leaves_out_what_is_gone() {
        let text = vec![b'x'; 100_000];
        let files = vec![
            ("a.txt".to_string(), Part::Text(text.clone())),
            ("gone.wav".to_string(), Part::Audio(Box::new(|| Ok(None)))),
            ("b.txt".to_string(), Part::Text(b"b".to_vec())),
        ];
        let mut archive = Archive::new(files);
        let mut all = Vec::new();
        loop {
            let piece = archive.next().unwrap();
            assert!(piece.len() as u64 <= PIECE, "no more than a piece is in memory");
            if piece.is_empty() {
                break;
            }
            all.extend(piece);
        }
        assert!(all.starts_with(b"PK\x03\x04") && all.windows(5).filter(|w| *w == b"a.txt").count() == 2);
        assert!(!all.windows(4).any(|w| w == b"gone"));
        let end = &all[all.len() - 22..];
        assert_eq!((&end[..4], end[10]), (&b"PK\x05\x06"[..], 2));
        let list = u32::from_le_bytes(end[16..20].try_into().unwrap()) as usize;
        assert!(all[list..].starts_with(b"PK\x01\x02"));
    }
}
