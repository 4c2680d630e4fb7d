//! The browsers of one media thread: their connections, their times, and which leg each is the far end of.

use crate::adapt::{MediaId, PhoneId, PhoneReport, PhoneState, Reply};
use crate::mailbox::Sender;
use crate::media_io::browser_port::Port;
use crate::media_io::thread::{Order, Wake, Wire, Worker};
use media::browser::{OfferError, Output, Peer, STAND_IN};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

/// A browser that is gone and the far end of no leg is forgotten after so long, in microseconds.
const FORGOTTEN_AFTER: u64 = 60_000_000;

/// What a media thread is told about browsers.
pub(super) enum BrowserOrder {
    /// A connection was made; it takes the place of the one before.
    Peer {
        /// Whose.
        phone: PhoneId,
        /// Which.
        edition: u32,
        /// The connection.
        peer: Box<Peer>,
    },
    /// A browser goes to another thread, where its call is.
    Leave {
        /// Which.
        phone: PhoneId,
        /// Where to.
        to: Sender<Order>,
    },
    /// A browser comes from another thread.
    Arrive(Box<Connected>),
    /// A later offer of the page.
    Reoffer {
        /// Whose.
        phone: PhoneId,
        /// For which connection.
        edition: u32,
        /// The offer.
        offer: Vec<u8>,
        /// Takes the answer.
        reply: Reply,
    },
    /// A browser is no longer anybody's phone.
    Close {
        /// Which.
        phone: PhoneId,
    },
}

/// A browser's connection on its thread.
pub(super) struct Connected {
    phone: PhoneId,
    edition: u32,
    peer: Peer,
    wakes: u64,
    gone_at: Option<u64>,
}

/// The browsers of one media thread.
pub(super) struct Browsers {
    port: Arc<Port>,
    known: HashMap<PhoneId, Box<Connected>>,
    /// The leg, by its place in the bridge, that a browser is the far end of.
    legs: HashMap<PhoneId, usize>,
    /// What came of sending and is not for the network.
    told: Vec<(PhoneId, Output)>,
}

impl Browsers {
    pub(super) fn new(port: Arc<Port>) -> Browsers {
        Browsers { port, known: HashMap::new(), legs: HashMap::new(), told: Vec::new() }
    }

    /// Sends a plain packet of a leg.
    pub(super) fn send(&mut self, phone: PhoneId, now: u64, packet: &[u8]) {
        let Some(browser) = self.known.get_mut(&phone) else { return };
        browser.peer.send(now, packet);
        // Everything that came from the network was polled before, so there is no packet among what is given.
        while let Some(output) = browser.next(now, &mut [], &self.port) {
            self.told.push((phone, output));
        }
    }

    /// From now on a browser is the far end of the leg at that place.
    pub(super) fn bind(&mut self, phone: PhoneId, slot: usize) {
        self.legs.insert(phone, slot);
    }

    /// The leg at that place is over.
    pub(super) fn unbind(&mut self, phone: PhoneId, slot: usize) {
        if self.legs.get(&phone) == Some(&slot) {
            self.legs.remove(&phone);
        }
    }
}

impl Connected {
    /// What the connection gives next, after what is for the network was sent.
    fn next(&mut self, now: u64, packet: &mut [u8], port: &Port) -> Option<Output> {
        loop {
            match self.peer.poll(now, packet)? {
                Output::Datagram { to, bytes } => {
                    // A full socket buffer drops the packet, as the network would.
                    let _ = port.socket.send_to(&bytes, to);
                }
                output => return Some(output),
            }
        }
    }
}

impl Worker {
    pub(super) fn obey_browser(&mut self, order: BrowserOrder) {
        let now = self.now();
        match order {
            BrowserOrder::Peer { phone, edition, peer } => {
                let new = Connected { phone, edition, peer: *peer, wakes: u64::MAX, gone_at: None };
                self.take_in(Box::new(new), now);
            }
            BrowserOrder::Arrive(browser) => self.take_in(browser, now),
            BrowserOrder::Leave { phone, to } => {
                if let Some(mut browser) = self.browsers.known.remove(&phone) {
                    browser.wakes = u64::MAX;
                    // Not waited for: a thread that waited for another one could be waited for by it.
                    let _ = to.try_send(Order::Browser(BrowserOrder::Arrive(browser)));
                }
            }
            BrowserOrder::Reoffer { phone, edition, offer, reply } => {
                let browser = self.browsers.known.get_mut(&phone).filter(|b| b.edition == edition);
                let answer = match browser {
                    None => Err(OfferError::Closed),
                    Some(browser) => browser.peer.reoffer(now, &offer).inspect(|_| {
                        self.browsers.port.routes().also(phone, browser.peer.user());
                    }),
                };
                reply(answer);
                self.poll_browser(phone, now);
            }
            BrowserOrder::Close { phone } => {
                if let Some(mut browser) = self.browsers.known.remove(&phone) {
                    browser.close(now, &self.browsers.port);
                }
            }
        }
    }

    fn take_in(&mut self, browser: Box<Connected>, now: u64) {
        let phone = browser.phone;
        let before = self.browsers.known.get(&phone).map(|b| b.edition);
        if before.is_some_and(|edition| edition > browser.edition) {
            // The page was loaded anew while this was on its way.
            return;
        }
        if let Some(mut before) = self.browsers.known.insert(phone, browser) {
            before.close(now, &self.browsers.port);
        }
        self.poll_browser(phone, now);
    }

    /// Gives each browser what came for it.
    pub(super) fn read_browsers(&mut self) {
        self.port_end.batches.quiet();
        while let Some(batch) = self.port_end.batches.take() {
            let now = self.now();
            for (phone, from, datagram) in batch.iter() {
                if let Some(browser) = self.browsers.known.get_mut(&phone) {
                    browser.peer.receive(now, from, datagram);
                    self.poll_browser(phone, now);
                }
            }
            // When all that are allowed to wait do so already, this one is not needed again.
            let _ = self.port_end.read.try_send(batch);
        }
    }

    fn poll_browser(&mut self, phone: PhoneId, now: u64) {
        loop {
            let Browsers { known, port, .. } = &mut self.browsers;
            let Some(browser) = known.get_mut(&phone) else { return };
            let Some(output) = browser.next(now, &mut self.input[..], port) else { break };
            self.browser_said(phone, now, output);
        }
        self.schedule_browser(phone);
    }

    fn browser_said(&mut self, phone: PhoneId, now: u64, output: Output) {
        let leg = self.browsers.legs.get(&phone).copied();
        let Some(browser) = self.browsers.known.get_mut(&phone) else { return };
        let edition = browser.edition;
        let what = match output {
            Output::Rtp(len) => {
                if let Some(slot) = leg {
                    self.relay(slot, now, STAND_IN, len);
                }
                return;
            }
            Output::Reported(far) => {
                if let Some(leg) = leg.and_then(|slot| self.bridge.leg_mut(slot)) {
                    leg.far_end_reported(far.expected, far.lost, far.jitter_us, far.round_trip);
                }
                return;
            }
            Output::Datagram { .. } => return,
            Output::Connected => {
                browser.gone_at = None;
                PhoneState::Here
            }
            Output::Gone => {
                browser.gone_at = Some(now);
                PhoneState::Gone
            }
            Output::Closed => {
                self.browsers.known.remove(&phone);
                PhoneState::Over
            }
        };
        self.tell_phone(PhoneReport { phone, edition, what });
    }

    /// What came of sending to browsers is told.
    pub(super) fn tell_browsers(&mut self) {
        while let Some((phone, output)) = self.browsers.told.pop() {
            let now = self.now();
            self.browser_said(phone, now, output);
            self.schedule_browser(phone);
        }
    }

    fn schedule_browser(&mut self, phone: PhoneId) {
        let Some(browser) = self.browsers.known.get_mut(&phone) else { return };
        let Some(at) = browser.peer.deadline() else { return };
        if at < browser.wakes {
            browser.wakes = at;
            self.wakes.push(Reverse((at, Wake::Browser(phone))));
        }
    }

    /// A browser's time has come.
    pub(super) fn wake_browser(&mut self, phone: PhoneId, at: u64) {
        let now = self.now();
        let bound = self.browsers.legs.contains_key(&phone);
        let Some(browser) = self.browsers.known.get_mut(&phone).filter(|b| b.wakes == at) else { return };
        browser.wakes = u64::MAX;
        let forgotten = browser.gone_at.is_some_and(|gone| now > gone.saturating_add(FORGOTTEN_AFTER));
        if forgotten && !bound {
            browser.peer.close();
        } else {
            browser.peer.tick(now);
        }
        self.poll_browser(phone, now);
    }

    /// A leg whose far end is a browser.
    pub(super) fn open_browser_leg(&mut self, leg: MediaId, phone: PhoneId, seed: u64) {
        let slot = self.add_leg(leg, Wire::Browser(phone), seed);
        self.browsers.bind(phone, slot);
    }
}

impl Connected {
    fn close(&mut self, now: u64, port: &Port) {
        self.peer.close();
        while self.next(now, &mut [], port).is_some() {}
    }
}
