//! Pictures of people: fetched to be shown, never stored.

use crate::graph::{Call, Graph, step};
use crate::permissions::Operation;
use crate::request::Reply;
use redact::Secret;

/// The largest picture that is passed on, in bytes.
const MOST_PHOTO: usize = 512 * 1024;

/// Sizes that are shown, in pixels a side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum PhotoSize {
    Px48,
    Px96,
    Px240,
}

/// A picture.
#[derive(Clone, Debug)]
pub struct Photo {
    /// `image/jpeg` or `image/png`, told by its first bytes and not by what Graph says, so that no browser
    /// takes it for a page.
    pub content_type: &'static str,
    /// The bytes.
    pub bytes: Secret<Vec<u8>>,
    /// To ask later whether it changed.
    pub etag: Option<String>,
}

/// The picture of a person. A person without one is [`crate::graph::GraphError::NotFound`].
pub fn photo(graph: &Graph, user: &str, size: PhotoSize) -> Option<Call> {
    let size = match size {
        PhotoSize::Px48 => "48x48",
        PhotoSize::Px96 => "96x96",
        PhotoSize::Px240 => "240x240",
    };
    let mut call = graph.get(Operation::Photo, &format!("/users/{}/photos/{size}/$value", step(user)?));
    call.most = MOST_PHOTO;
    Some(call)
}

/// Reads a picture. Nothing for what is none, or too large.
pub fn read_photo(reply: &Reply) -> Option<Photo> {
    let bytes = reply.body.expose_secret();
    let content_type = match bytes.as_slice() {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "image/png",
        _ => return None,
    };
    if bytes.len() > MOST_PHOTO || !reply.is_success() {
        return None;
    }
    let plain = |e: &&str| e.len() <= 256 && e.bytes().all(|c| c.is_ascii_graphic());
    let etag = reply.header("ETag").filter(plain).map(str::to_string);
    Some(Photo { content_type, bytes: reply.body.clone(), etag })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_are_passed_on() {
        let jpeg = Reply::new(200, vec![0xff, 0xd8, 0xff, 0xe0])
            .with("Content-Type", "text/html")
            .with("ETag", "\"a\"");
        let photo = read_photo(&jpeg).unwrap();
        assert_eq!((photo.content_type, photo.etag.as_deref()), ("image/jpeg", Some("\"a\"")));
        for bad in [&b""[..], b"<html>", b"<svg", b"\xff\xd8", b"GIF89a"] {
            assert!(read_photo(&Reply::new(200, bad).with("Content-Type", "image/jpeg")).is_none());
        }
        let mut large = vec![0; MOST_PHOTO + 1];
        large[..3].copy_from_slice(&[0xff, 0xd8, 0xff]);
        assert!(read_photo(&Reply::new(200, large)).is_none());
    }
}
