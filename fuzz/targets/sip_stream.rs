//! A byte stream: the same messages come out wherever the reads fall.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::{Frame, Splitter};

fn split<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let (mut splitter, mut messages) = (Splitter::new(), Vec::new());
    for piece in pieces {
        splitter.push(piece);
        loop {
            match splitter.next() {
                Ok(Some(Frame::Message(m))) => messages.push(m.to_vec()),
                Ok(Some(Frame::Ping)) => {}
                Ok(None) => break,
                Err(_) => return messages,
            }
        }
    }
    messages
}

fuzz_target!(|data: &[u8]| {
    let Some((&step, stream)) = data.split_first() else { return };
    let whole = split(std::iter::once(stream));
    let pieces = split(stream.chunks(usize::from(step) + 1));
    assert!(
        whole == pieces,
        "{} messages in one read, {} in pieces of {}",
        whole.len(),
        pieces.len(),
        step as usize + 1
    );
});
