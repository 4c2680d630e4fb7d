//! Carries audio: sockets and threads for `media`, which is called per datagram.
//!
//! Each thread serves the legs that are given to it; all legs of one call are on one thread, so relaying takes no lock.
//! Behind [`MediaDoor`](crate::adapt::MediaDoor) another way of waiting (io_uring, one shared port) can take this one's place.

mod browser_port;
mod browser_routes;
mod browsers;
mod commands;
mod door;
mod dropped;
mod early;
mod moving;
mod record;
mod record_queue;
mod thread;

pub use browser_port::BrowserDoor;
pub use door::{MediaSettings, start};
pub use dropped::audio_dropped;
pub use record::start_recorder;
pub use record_queue::recordings_lost;
