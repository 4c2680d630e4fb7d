//! A bounded queue into a thread that waits in epoll: whoever puts something in wakes it.

use rustix::event::{EventfdFlags, eventfd};
use std::cell::Cell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

/// Puts things in. Cheap to clone.
pub struct Sender<T> {
    // `None` only while it is being dropped.
    queue: Option<SyncSender<T>>,
    bell: Arc<Bell>,
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Sender { queue: self.queue.clone(), bell: self.bell.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // The last one to go has to be noticed: first it goes, then the bell rings.
        self.queue = None;
        self.bell.rung.store(false, Ordering::Release);
        self.bell.ring();
    }
}

/// Takes things out.
pub struct Mailbox<T> {
    queue: Receiver<T>,
    bell: Arc<Bell>,
    closed: Cell<bool>,
}

struct Bell {
    fd: OwnedFd,
    rung: AtomicBool,
}

/// A mailbox for at most `size` things.
///
/// # Errors
/// When the system gives no file descriptor.
pub fn mailbox<T>(size: usize) -> std::io::Result<(Sender<T>, Mailbox<T>)> {
    let fd = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
    let bell = Arc::new(Bell { fd, rung: AtomicBool::new(false) });
    let (tx, rx) = sync_channel(size);
    Ok((
        Sender { queue: Some(tx), bell: bell.clone() },
        Mailbox { queue: rx, bell, closed: Cell::new(false) },
    ))
}

impl Bell {
    fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // It can only fail when the counter is full, and then it has rung.
            let _ = rustix::io::write(&self.fd, &1u64.to_ne_bytes());
        }
    }
}

impl<T> Sender<T> {
    /// Puts something in, waiting while the mailbox is full. False when nobody takes out any more.
    pub fn send(&self, value: T) -> bool {
        let sent = self.queue.as_ref().is_some_and(|q| q.send(value).is_ok());
        self.bell.ring();
        sent
    }

    /// Puts something in, or gives it back when the mailbox is full or nobody takes out any more.
    ///
    /// # Errors
    /// The thing itself.
    pub fn try_send(&self, value: T) -> Result<(), T> {
        let Some(queue) = &self.queue else { return Err(value) };
        let result = queue.try_send(value).map_err(|e| match e {
            std::sync::mpsc::TrySendError::Full(v) | std::sync::mpsc::TrySendError::Disconnected(v) => v,
        });
        self.bell.ring();
        result
    }
}

impl<T> Mailbox<T> {
    /// What to wait for in epoll.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.bell.fd.as_fd()
    }

    /// Call when epoll says that it rang, before taking things out.
    pub fn quiet(&self) {
        let _ = rustix::io::read(&self.bell.fd, &mut [0u8; 8]);
        // An exchange, not a store: what was put in before the bell rang must be seen by the takes that follow.
        self.bell.rung.swap(false, Ordering::AcqRel);
    }

    /// The next thing.
    pub fn take(&self) -> Option<T> {
        match self.queue.try_recv() {
            Ok(v) => Some(v),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.closed.set(true);
                None
            }
        }
    }

    /// Whether everything was taken out and nobody can put anything in any more.
    pub fn is_closed(&self) -> bool {
        self.closed.get()
    }
}
