//! The thread of the switch: SIP sockets, messages from the other threads, and time, one after the other.

use crate::adapt::{Failed, Guest, MediaReport, Now, PhoneReport, Switch};
use crate::clock::Clock;
use crate::gathering::Gathering;
use crate::journal_io::JournalSender;
use crate::mailbox::Mailbox;
use crate::name_io::Names;
use crate::outside_io::{Job, Outside};
use crate::sip_io::{SecurePeers, SipSockets, SipTaker};
use rustix::event::epoll;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::TrySendError;
use std::time::{Duration, Instant};

/// How often the cheap laws are checked.
const LAWS_EVERY: Duration = Duration::from_secs(5);

/// Something to do on the switch's thread.
pub type Task = Box<dyn FnOnce(&mut Switch, Now) + Send>;

/// What other threads tell the switch.
pub enum Message {
    /// Everything up to this batch is written.
    Committed(u64),
    /// The journal cannot be written, or can again.
    JournalStalled(bool),
    /// A media thread reports.
    Media(MediaReport),
    /// A media thread reports about an agent's browser.
    Phone(PhoneReport),
    /// Somebody wants to look or to change something.
    Ask(Task),
    /// No new calls; end when the last is over, or at this moment.
    Stop(Instant),
}

/// The states of the tenants, each with its time.
pub type States = Vec<(store::TenantId, engine::Time, engine::Snapshot)>;

const MAIL: u64 = 1 << 32;

/// Everything that the thread owns.
pub struct SwitchThread {
    switch: Switch,
    clock: Clock,
    sockets: SipSockets,
    mail: Mailbox<Message>,
    journal: JournalSender,
    outside: Outside,
    names: Names,
    epoll: OwnedFd,
    /// What the journal had no room for.
    held_back: Option<crate::journal_io::Step>,
    /// The journal cannot be written.
    failed: bool,
    /// The journal has no room: it is written, but too slowly.
    behind: bool,
    laws: LawWatch,
    stop: Option<Instant>,
}

/// The switch as the sockets see it.
struct Door<'a> {
    switch: &'a mut Switch,
    now: Now,
}

impl SecurePeers for Switch {
    fn name(&self, addr: std::net::SocketAddr, request: &[u8]) -> Option<&str> {
        self.tls_name(addr, request)
    }

    fn instead_of(&self, connection: u64) -> Option<sip::Destination> {
        self.far_end_behind(connection)
    }

    fn is_declared(&self, ip: std::net::IpAddr) -> bool {
        self.knows(ip)
    }

    fn whose(&self, request: &[u8]) -> Option<store::TenantId> {
        self.sends_for(request)
    }
}

impl SipTaker for Door<'_> {
    fn take(&mut self, input: sip::Input<'_>) {
        self.switch.on_sip(self.now, input);
    }

    fn admits(&mut self, ip: std::net::IpAddr) -> Option<Guest> {
        self.switch.admits(self.now, ip)
    }

    fn asks_for_names(&self, ip: std::net::IpAddr) -> bool {
        self.switch.asks_for_names(ip)
    }

    fn crowded(&mut self) {
        self.switch.handshakes_refused += 1;
    }

    fn proven(&mut self, connection: u64, names: Vec<String>) {
        self.switch.on_proven(connection, names);
    }

    fn not_believed(&mut self, ip: std::net::IpAddr, ours: bool, why: &'static str) {
        self.switch.on_not_believed(self.now, ip, ours, why);
    }

    fn gone(&mut self, connection: u64) {
        self.switch.on_gone(connection);
    }

    fn ringing(&self) -> std::collections::HashSet<u64> {
        self.switch.ringing()
    }

    fn failed(&mut self, failed: &Failed) {
        self.switch.on_connection_failed(failed);
    }
}

/// What the checks of the laws found.
#[derive(Clone, Debug, Default)]
pub struct LawWatch {
    checked: Option<Instant>,
    /// Shared with metrics and `demo`.
    pub broken: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl SwitchThread {
    /// Puts the parts together.
    ///
    /// # Errors
    /// When the system gives no file descriptor.
    pub fn new(
        switch: Switch,
        clock: Clock,
        mut sockets: SipSockets,
        mail: Mailbox<Message>,
        journal: JournalSender,
        (outside, names): (Outside, Names),
        laws: LawWatch,
    ) -> std::io::Result<SwitchThread> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, mail.fd(), epoll::EventData::new_u64(MAIL), epoll::EventFlags::IN)?;
        sockets.watch(epoll.as_fd())?;
        Ok(SwitchThread {
            switch,
            clock,
            sockets,
            mail,
            journal,
            outside,
            names,
            epoll,
            held_back: None,
            failed: false,
            behind: false,
            laws,
            stop: None,
        })
    }

    /// Runs until it is told to stop and nothing is open any more, or the time for that is over. Gives the states as they
    /// were at the end, so that the next start need not replay the journal.
    ///
    /// # Errors
    /// When it cannot go on; it did not end as it was asked to then.
    pub fn run(mut self) -> Result<States, String> {
        let mut events = Vec::with_capacity(256);
        let mut gathering = Gathering::default();
        self.flush();
        loop {
            if let Some(more) = gathering.wait(self.clock.now().mono) {
                std::thread::sleep(more);
            }
            let now = self.clock.now();
            // Half a second at the longest: connections and laws are looked at then.
            let wait = self.switch.wait(now).unwrap_or(u64::MAX).min(500_000);
            // epoll counts whole microseconds up, so that a timer is due when it says so.
            let wait = rustix::time::Timespec { tv_sec: 0, tv_nsec: (wait * 1_000) as i64 };
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&wait)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(format!("the switch cannot wait any more (epoll): {e}")),
            }
            let now = self.clock.now();
            gathering.woken(now.mono);
            for event in events.drain(..) {
                match event.data.u64() {
                    MAIL => {
                        self.mail.quiet();
                        self.read_mail();
                    }
                    token => {
                        self.sockets.on_ready(token, event.flags, &mut Door { switch: &mut self.switch, now })
                    }
                }
            }
            let now = self.clock.now();
            if self.switch.wait(now) == Some(0) {
                self.switch.on_time(now);
            }
            self.sockets.sweep(now, &mut Door { switch: &mut self.switch, now });
            self.carry();
            self.flush();
            self.clock.look(self.switch.is_idle());
            self.check_laws();
            if let Some(at) = self.stop {
                if self.switch.is_idle() || Instant::now() >= at {
                    return Ok(self.end());
                }
            }
        }
    }

    fn read_mail(&mut self) {
        while let Some(message) = self.mail.take() {
            let now = self.clock.now();
            match message {
                Message::Committed(number) => self.switch.on_committed(now, number),
                Message::JournalStalled(failed) => {
                    self.failed = failed;
                    self.judge_journal();
                }
                Message::Media(report) => self.switch.on_media(now, report),
                Message::Phone(report) => self.switch.on_phone(now, report),
                Message::Ask(task) => task(&mut self.switch, now),
                Message::Stop(at) => {
                    self.switch.drain(now);
                    self.stop = Some(at);
                }
            }
        }
    }

    /// Gives the journal what happened, and the network what is to be sent, until nothing is left of either.
    fn flush(&mut self) {
        loop {
            self.write_down();
            let now = self.clock.now();
            let mut failed = false;
            while let Some(addr) = self.switch.poll_retired() {
                self.sockets.retire(addr);
            }
            while let Some(transmit) = self.switch.poll_transmit() {
                match self.sockets.send(now, &transmit, &self.switch) {
                    Ok(Some(connection)) if transmit.to.connection != Some(connection) => {
                        self.switch.went_over(&transmit.bytes, connection);
                    }
                    Ok(_) => {}
                    Err(to) => {
                        failed = true;
                        self.switch.on_sip(now, sip::Input::Unreachable { to });
                    }
                }
            }
            while let Err(to) = self.sockets.write_all() {
                failed = true;
                self.switch.on_sip(now, sip::Input::Unreachable { to });
            }
            if !failed {
                return;
            }
        }
    }

    /// Gives away what is to be asked of other systems. What cannot be carried has failed.
    fn carry(&mut self) {
        let now = self.clock.now();
        while let Some(question) = self.switch.poll_question() {
            if let Err(question) = self.names.ask(question) {
                self.switch.on_name(now, &question, sip::locate::Answer::Failed);
            }
        }
        while let Some((tenant, request)) = self.switch.take_request() {
            let ticket = request.ticket();
            let rules = self.switch.tenant(tenant).map(|t| t.rules.clone());
            let job = rules.and_then(|rules| Job::new(&rules, request));
            if job.is_none_or(|job| self.outside.carry(tenant, job).is_err()) {
                self.switch.on_event(now, tenant, ticket.answered(None));
            }
        }
    }

    fn write_down(&mut self) {
        let Some(step) = self.held_back.take().or_else(|| self.switch.take_batches()) else { return };
        match self.journal.try_send(step) {
            Ok(()) => self.behind = false,
            Err(TrySendError::Full(step)) => {
                // The disk is far behind: nothing new begins, and this waits its turn.
                self.behind = true;
                self.held_back = Some(step);
            }
            Err(TrySendError::Disconnected(_)) => {
                // Nothing can be promised any more: no new calls, and the thread ends.
                if self.stop.is_none() {
                    tracing::error!(event = "journal_gone", "the journal thread is gone: calls cannot go on");
                    self.failed = true;
                    self.stop = Some(Instant::now());
                }
            }
        }
        self.judge_journal();
    }

    /// No new calls while either holds: a queue with room says nothing about a disk that takes nothing.
    fn judge_journal(&mut self) {
        self.switch.journal_stalled = self.failed || self.behind;
    }

    fn check_laws(&mut self) {
        if self.laws.checked.is_some_and(|t| t.elapsed() < LAWS_EVERY) {
            return;
        }
        self.laws.checked = Some(Instant::now());
        for tenant in self.switch.tenants() {
            if let Err(broken) = tenant.engine.check_counts() {
                self.laws.broken.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                tracing::error!(event = "law_broken", tenant = tenant.meaning.tenant, law = ?broken, position = tenant.engine.position(), "a law is broken: please report this with the journal");
            }
        }
    }

    // Calls that are still open are hung up; what that brings about is written before the thread ends.
    fn end(mut self) -> States {
        let now = self.clock.now();
        let ids: Vec<_> = self.switch.tenants().iter().map(|t| t.id).collect();
        for id in ids {
            let calls: Vec<_> = self
                .switch
                .tenant(id)
                .map(|t| t.engine.calls().keys().copied().collect())
                .unwrap_or_default();
            for call in calls {
                self.switch.on_event(now, id, engine::Event::HangUpAsked { call });
            }
        }
        let last = Instant::now() + Duration::from_secs(3);
        while !(self.switch.is_idle() && self.held_back.is_none()) && Instant::now() < last {
            self.flush();
            let mut events = Vec::with_capacity(64);
            let wait = rustix::time::Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
            let _ = epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&wait));
            let now = self.clock.now();
            for event in events.drain(..) {
                match event.data.u64() {
                    MAIL => self.mail.quiet(),
                    token => {
                        self.sockets.on_ready(token, event.flags, &mut Door { switch: &mut self.switch, now })
                    }
                }
            }
            self.read_mail();
            if self.switch.wait(now) == Some(0) {
                self.switch.on_time(now);
            }
        }
        self.switch.keep_registrations(self.clock.now());
        self.flush();
        // What the journal had no room for waits here: nothing else is to be done any more.
        for step in self.held_back.take().into_iter().chain(self.switch.take_batches()) {
            if self.journal.send(step).is_err() {
                tracing::error!(
                    event = "journal_gone",
                    "the journal thread is gone: the last events are lost"
                );
            }
        }
        let kept = self.switch.tenants().iter().filter(|t| t.meaning.keeps_calls);
        kept.map(|t| (t.id, t.engine.now(), t.engine.snapshot())).collect()
    }
}
