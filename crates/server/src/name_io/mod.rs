//! Asks the DNS, on a thread of its own: `sip::locate::Locator` says what to ask, here it is asked and the answer judged.
//!
//! The servers are those of `/etc/resolv.conf`, unless told otherwise; host names of `/etc/hosts` come first. Up to 64
//! questions are on their way at once, 1,024 wait. Whoever asks never waits: a question that finds no place comes back.
//! Nothing is remembered here; the locator does that. Search domains are not tried: names are whole names.

mod files;
mod flight;
pub mod message;

use crate::mailbox::{Mailbox, Sender, mailbox};
use crate::vital;
use files::Files;
use flight::Flight;
pub use flight::Patience;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sip::locate::{Answer, Question};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Questions that wait.
const WAITING: usize = 1_024;
/// Questions on their way at once.
const FLIGHTS: usize = 64;

/// Where names come from.
#[derive(Clone, Debug)]
pub struct NameSources {
    /// Servers to ask. Empty: those of `resolv_conf`.
    pub servers: Vec<SocketAddr>,
    /// The system's list of servers. Read again when it changes.
    pub resolv_conf: PathBuf,
    /// Addresses of host names that need no question. Read again when it changes.
    pub hosts: PathBuf,
    /// How long to wait.
    pub patience: Patience,
}

impl Default for NameSources {
    fn default() -> Self {
        NameSources {
            servers: Vec::new(),
            resolv_conf: "/etc/resolv.conf".into(),
            hosts: "/etc/hosts".into(),
            // Less than what the locator waits for an answer.
            patience: Patience { attempt: Duration::from_secs(2), whole: Duration::from_secs(10) },
        }
    }
}

/// The thread that asks. It ends when this is dropped.
pub struct Names {
    questions: Sender<Question>,
}

impl Names {
    /// Starts the thread. `answer` is told what came of each question, exactly once; it may wait.
    ///
    /// # Errors
    /// When the system gives no thread or file descriptor.
    pub fn start(
        sources: NameSources,
        answer: impl Fn(Question, Answer) + Send + 'static,
    ) -> std::io::Result<Names> {
        let (questions, waiting) = mailbox(WAITING)?;
        vital::spawn("names", move || run(sources, &waiting, &answer))?;
        Ok(Names { questions })
    }

    /// Asks a question.
    ///
    /// # Errors
    /// The question, when too many wait.
    pub fn ask(&self, question: Question) -> Result<(), Question> {
        self.questions.try_send(question)
    }
}

fn run(
    sources: NameSources,
    waiting: &Mailbox<Question>,
    answer: &impl Fn(Question, Answer),
) -> Result<(), String> {
    let mut files = Files::new(sources.servers, sources.resolv_conf, sources.hosts);
    let mut flights: Vec<Flight> = Vec::new();
    loop {
        waiting.quiet();
        let now = Instant::now();
        while flights.len() < FLIGHTS {
            let Some(question) = waiting.take() else { break };
            files.refresh(now);
            if let Some(found) = files.host(&question) {
                answer(question, found);
                continue;
            }
            match Flight::begin(now, question, files.servers(), sources.patience) {
                (flight, Some(found)) => answer(flight.question, found),
                (flight, None) => flights.push(flight),
            }
        }
        if waiting.is_closed() {
            return Ok(());
        }
        let ready = wait(waiting, &flights).map_err(|e| format!("cannot wait for answers: {e}"))?;
        let now = Instant::now();
        let mut ready = ready.into_iter();
        let mut on = Vec::with_capacity(flights.len());
        for mut flight in flights.drain(..) {
            let found = match ready.next() {
                Some(true) => flight.ready(now),
                _ if flight.deadline() <= now => flight.overdue(now),
                _ => None,
            };
            match found {
                Some(found) => answer(flight.question, found),
                None => on.push(flight),
            }
        }
        flights = on;
    }
}

/// Waits until something can be done; for each flight, whether it is ready.
fn wait(waiting: &Mailbox<Question>, flights: &[Flight]) -> std::io::Result<Vec<bool>> {
    let mut fds = Vec::with_capacity(flights.len() + 1);
    let bell = waiting.fd();
    // While no more can be taken there is no use in hearing that more came.
    let heed = if flights.len() < FLIGHTS { PollFlags::IN } else { PollFlags::empty() };
    fds.push(PollFd::from_borrowed_fd(bell, heed));
    let mut places = Vec::with_capacity(flights.len());
    for flight in flights {
        let Some((fd, write)) = flight.waits_for() else {
            places.push(None);
            continue;
        };
        places.push(Some(fds.len()));
        fds.push(PollFd::from_borrowed_fd(fd, if write { PollFlags::OUT } else { PollFlags::IN }));
    }
    let next = flights.iter().map(Flight::deadline).min();
    // Rounded up, so that it is not woken just before.
    let left = next.map(|at| at.saturating_duration_since(Instant::now()) + Duration::from_millis(1));
    let left = left.map(|d| Timespec { tv_sec: d.as_secs() as i64, tv_nsec: d.subsec_nanos().into() });
    match poll(&mut fds, left.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(e) => return Err(e.into()),
    }
    Ok(places.into_iter().map(|p| p.is_some_and(|p| !fds[p].revents().is_empty())).collect())
}

#[cfg(test)]
mod tests;
