//! Phones: the far ends of real calls. Many telephones behind one SIP address, without a socket or a clock.
//!
//! [`Phones::handle`] takes what arrived, or that time passed; every action takes the time too. Afterwards
//! [`Phones::poll_transmit`] until it gives nothing (audio is made there, at the time of the last input),
//! then [`Phones::poll_event`] likewise, then wait for [`Phones::deadline`].
//!
//! RTP ports belong to whoever binds the sockets: a call is told which even port is its own, and RTCP uses
//! the odd one above it unless the far end agrees to share one. What is sent from a port that nobody bound
//! may be dropped. A phone sends one sound all the time and remembers the last second that it heard, so that
//! tones can be judged. Only G.711, only UDP, no registration and no authentication: phones here have fixed
//! addresses.

mod ear;
mod words;

pub use words::{Audio, PhoneEvent, PhoneId, PhonesInput, PhonesTransmit};

use crate::chance::Chance;
pub(crate) use crate::phones::ear::Ear;
use crate::voice::voice;
use media::Micros;
use media::dtmf::Digit;
use media::leg::{Learning, Leg, LegEvent, LegSeeds, LegStats, Received, Repeat};
use media::negotiate::{Codec, Direction, LocalSession, NegotiateError, Negotiated};
use media::prompt::Prompt;
use media::sdp::SessionDescription;
use sip::{CallId, Destination, Endpoint, Event, Input, Limits, Local, NameAddr, Time, Transport, Uri};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};

/// A phone that hears nothing for so long, though it should, hangs up: its far end is gone without a word.
const DEAF_AFTER: Micros = 30_000_000;
/// Sounds begin on this grid, so that many phones wake their owner together instead of one by one.
const GRID: Micros = 5_000;
/// How long a key is held, in milliseconds.
const KEY_MS: u32 = 100;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Our INVITE is out.
    Dialling,
    /// Theirs is in.
    Ringing,
    /// We answered and wait for the ACK.
    Answering,
    Up,
    /// We hung up and wait for the end to be certain.
    Leaving,
}

struct Phone {
    call: CallId,
    state: State,
    we_called: bool,
    caller: String,
    /// The offer of the INVITE until it is answered; empty when the caller leaves the offer to us.
    offer: Vec<u8>,
    /// From the moment that a port is given.
    line: Option<Line>,
    /// What its person wants, what was agreed, and what is being asked for.
    wants_hold: bool,
    holds: bool,
    asking: Option<bool>,
    /// When a hold that met another exchange is tried again.
    retry_at: Option<Micros>,
    held_by_far: bool,
    /// The offer in our 2xx waits for its answer in the ACK.
    answer_due: bool,
    /// Its entry in [`Phones::wakes`].
    wake: Option<Micros>,
}

struct Line {
    port: u16,
    session: LocalSession,
    /// What a provisional answer agreed on; the final one may say it again.
    early: Option<LocalSession>,
    leg: Leg,
    sound: Prompt,
    ear: Ear,
}

/// Many telephones behind one SIP address.
pub struct Phones {
    endpoint: Endpoint,
    sip: SocketAddr,
    media_ip: IpAddr,
    chance: Chance,
    now: Time,
    next: u64,
    phones: BTreeMap<PhoneId, Phone>,
    calls: BTreeMap<CallId, PhoneId>,
    ports: BTreeMap<u16, PhoneId>,
    wakes: BTreeSet<(Micros, PhoneId)>,
    /// RTCP of phones that are gone already.
    goodbyes: VecDeque<(u16, SocketAddr, Vec<u8>)>,
    /// Sounds made once and shared.
    sounds: BTreeMap<Audio, Prompt>,
    events: VecDeque<PhoneEvent>,
    buffer: Box<[u8; 1500]>,
}

impl Phones {
    /// Phones that receive SIP at `sip_addr` (a real address, not an unspecified one) and audio at
    /// `media_ip`.
    pub fn new(sip_addr: SocketAddr, media_ip: IpAddr, seed: u64) -> Phones {
        let local = Local { transport: Transport::Udp, addr: sip_addr };
        let mut chance = Chance::new(seed);
        Phones {
            endpoint: Endpoint::new(&[local], "Switchroom-sim", chance.number(), Limits::default()),
            sip: sip_addr,
            media_ip,
            chance,
            now: Time::default(),
            next: 0,
            phones: BTreeMap::new(),
            calls: BTreeMap::new(),
            ports: BTreeMap::new(),
            wakes: BTreeSet::new(),
            goodbyes: VecDeque::new(),
            sounds: BTreeMap::new(),
            events: VecDeque::new(),
            buffer: Box::new([0; 1500]),
        }
    }

    // ---- what people do ----

    /// Calls `number` at `to`. Ends in [`PhoneEvent::Refused`] or, once answered, in [`PhoneEvent::Ended`].
    pub fn dial(
        &mut self,
        now: Time,
        from_user: &str,
        display: &str,
        to: SocketAddr,
        number: &str,
        audio: Audio,
        rtp_port: u16,
    ) -> PhoneId {
        self.dial_with(now, from_user, display, to, number, audio, rtp_port, "")
    }

    /// Calls to take over the call of another phone here (Replaces), rung or answered, as the phone of `from_user`. `None`
    /// when that call is gone. What follows is as for [`Phones::dial`].
    pub fn take_over(
        &mut self,
        now: Time,
        from_user: &str,
        to: SocketAddr,
        other: PhoneId,
        audio: Audio,
        rtp_port: u16,
    ) -> Option<PhoneId> {
        let replaces = self.endpoint.replaces_of(self.phones.get(&other)?.call)?;
        let lines = format!("Require: replaces\r\nReplaces: {replaces}\r\n");
        Some(self.dial_with(now, from_user, "", to, "pickup", audio, rtp_port, &lines))
    }

    /// Asks the far end of a call to call that of another one here, in its place (REFER with Replaces): an attended
    /// transfer. [`PhoneEvent::Referred`] follows. False when one of the calls is gone or not up.
    pub fn join(&mut self, now: Time, phone: PhoneId, with: PhoneId, at: SocketAddr) -> bool {
        self.moves_to(now);
        let call = |p| self.phones.get(p).map(|p| p.call);
        let (Some(call), Some(other)) = (call(&phone), call(&with)) else { return false };
        let Some(replaces) = self.endpoint.replaces_of(other) else { return false };
        let inside = replaces.replace(';', "%3B").replace('=', "%3D").replace('@', "%40");
        let asked = self.endpoint.refer(self.now, call, &format!("sip:{at}?Replaces={inside}"), "");
        self.settle();
        asked.is_some()
    }

    fn dial_with(
        &mut self,
        now: Time,
        from_user: &str,
        display: &str,
        to: SocketAddr,
        number: &str,
        audio: Audio,
        rtp_port: u16,
        lines: &str,
    ) -> PhoneId {
        self.moves_to(now);
        let mut line = self.line(rtp_port, audio);
        let offer = line.session.offer(Direction::SendRecv).write();
        let (user, number) = (escaped(from_user), escaped(number));
        // A quote or a control character in a name would end it early.
        let display: String =
            display.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
        let out = sip::Outgoing {
            uri: &format!("sip:{number}@{to}"),
            from: &format!("\"{display}\" <sip:{user}@{}>", self.sip),
            to_header: &format!("<sip:{number}@{to}>"),
            body: offer.as_bytes(),
            extra: lines,
            ..sip::Outgoing::to(Destination { transport: Transport::Udp, addr: to, connection: None })
        };
        let call = self.endpoint.invite(self.now, &out);
        let id = self.add(call, State::Dialling, from_user.to_owned(), Vec::new());
        self.attach(id, line);
        self.settle();
        id
    }

    /// Rings: sends 180. A phone whose person is gone may stay silent instead.
    pub fn ring(&mut self, now: Time, phone: PhoneId) {
        self.moves_to(now);
        if let Some(p) = self.phones.get(&phone).filter(|p| p.state == State::Ringing) {
            self.endpoint.progress(self.now, p.call, 180, b"");
        }
        self.settle();
    }

    /// Answers. [`PhoneEvent::Answered`] follows with the ACK, or [`PhoneEvent::Refused`] when the offer is
    /// nothing that a phone like this can do.
    pub fn answer(&mut self, now: Time, phone: PhoneId, audio: Audio, rtp_port: u16) {
        self.moves_to(now);
        if self.phones.get(&phone).is_none_or(|p| p.state != State::Ringing) {
            return;
        }
        let mut line = self.line(rtp_port, audio);
        let Some(p) = self.phones.get_mut(&phone) else { return };
        let body = if p.offer.is_empty() {
            p.answer_due = true;
            Ok((line.session.offer(Direction::SendRecv), None))
        } else {
            answer_to(&mut line.session, &p.offer, Direction::SendRecv)
                .map(|(sdp, agreed)| (sdp, Some(agreed)))
        };
        match body {
            Ok((sdp, agreed)) => {
                p.state = State::Answering;
                p.offer = Vec::new();
                let call = p.call;
                self.attach(phone, line);
                if let Some(agreed) = agreed {
                    self.agree(phone, agreed);
                }
                self.endpoint.accept(self.now, call, sdp.write().as_bytes());
            }
            Err(_) => {
                self.endpoint.reject(self.now, p.call, 488, "");
                self.remove(phone);
                self.events.push_back(PhoneEvent::Refused { phone, code: 488 });
            }
        }
        self.settle();
    }

    /// Refuses a call that rings, 300 to 699. No event follows: the phone is gone.
    pub fn decline(&mut self, now: Time, phone: PhoneId, code: u16) {
        self.moves_to(now);
        if let Some(p) = self.phones.get(&phone).filter(|p| p.state == State::Ringing) {
            self.endpoint.reject(self.now, p.call, code, "");
            self.remove(phone);
        }
        self.settle();
    }

    /// Hangs up, in whatever state the call is; the event of its end follows.
    pub fn hang_up(&mut self, now: Time, phone: PhoneId) {
        self.moves_to(now);
        self.leave(phone);
        self.settle();
    }

    /// Puts the far end on hold (`sendonly`), or takes it back. Tried again by itself when both ends ask at
    /// once.
    pub fn hold(&mut self, now: Time, phone: PhoneId, on: bool) {
        self.moves_to(now);
        if let Some(p) = self.phones.get_mut(&phone) {
            p.wants_hold = on;
            self.ask_for_hold(phone);
        }
        self.settle();
    }

    /// Presses a key (RFC 4733). Whether the far end takes keys.
    pub fn press(&mut self, now: Time, phone: PhoneId, key: char) -> bool {
        self.moves_to(now);
        let Some(digit) = Digit::from_char(key) else { return false };
        let Some(line) = self.phones.get_mut(&phone).and_then(|p| p.line.as_mut()) else { return false };
        let pressed = line.leg.send_dtmf(self.now.0, digit, KEY_MS).is_ok();
        self.reschedule(phone);
        pressed
    }

    // ---- what others may ask ----

    /// The last second, as it was heard, at 8000 Hz; less when there was less.
    pub fn heard(&self, now: Time, phone: PhoneId) -> Vec<i16> {
        self.line_of(phone).map(|line| line.ear.heard(now.0)).unwrap_or_default()
    }

    /// What was sent and received so far; nothing when the phone is gone or has no port yet.
    pub fn stats(&self, phone: PhoneId) -> Option<LegStats> {
        self.line_of(phone).map(|line| line.leg.stats())
    }

    /// The user part of the caller's address, ours or theirs; as it was written.
    pub fn caller(&self, phone: PhoneId) -> Option<&str> {
        self.phones.get(&phone).map(|p| p.caller.as_str())
    }

    /// The even port of a phone that has one.
    pub fn port(&self, phone: PhoneId) -> Option<u16> {
        self.line_of(phone).map(|line| line.port)
    }

    /// Whether this phone's call is up.
    pub fn is_up(&self, phone: PhoneId) -> bool {
        self.phones.get(&phone).is_some_and(|p| p.state == State::Up)
    }

    /// Phones in a call, or on the way into or out of one.
    pub fn len(&self) -> usize {
        self.phones.len()
    }

    /// Whether no phone is in a call.
    pub fn is_empty(&self) -> bool {
        self.phones.is_empty()
    }

    /// Whether nothing at all is left, not even a message that may have to be sent again. It takes half a
    /// minute after the last call.
    pub fn is_settled(&self) -> bool {
        self.phones.is_empty() && self.held() == (0, 0)
    }

    /// Calls and transactions that the SIP side still holds.
    pub fn held(&self) -> (usize, usize) {
        (self.endpoint.calls(), self.endpoint.transactions())
    }

    /// What the SIP side counted.
    pub fn counters(&self) -> sip::Counters {
        self.endpoint.counters()
    }

    // ---- in and out ----

    /// Takes in what happened.
    pub fn handle(&mut self, now: Time, input: PhonesInput<'_>) {
        self.moves_to(now);
        match input {
            PhonesInput::Sip { from, bytes } => {
                let from = Destination { transport: Transport::Udp, addr: from, connection: None };
                self.endpoint.handle(self.now, Input::Received { from, bytes });
            }
            PhonesInput::Rtp { port, from, bytes } => self.hear(port, from, bytes),
            PhonesInput::Tick => self.endpoint.handle(self.now, Input::Tick),
        }
        self.settle();
    }

    /// The next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<PhonesTransmit<'_>> {
        loop {
            if let Some(t) = self.endpoint.poll_transmit() {
                return Some(PhonesTransmit::Sip { to: t.to.addr, bytes: t.bytes });
            }
            if let Some((port, to, bytes)) = self.goodbyes.pop_front() {
                self.buffer[..bytes.len()].copy_from_slice(&bytes);
                return Some(PhonesTransmit::Rtp { port, to, bytes: &self.buffer[..bytes.len()] });
            }
            let (at, phone) = *self.wakes.first()?;
            if at > self.now.0 {
                return None;
            }
            if let Some((port, to, len)) = self.speak(phone) {
                return Some(PhonesTransmit::Rtp { port, to, bytes: &self.buffer[..len] });
            }
            self.listen_to(phone);
            self.settle();
            self.reschedule(phone);
        }
    }

    /// The next thing to know.
    pub fn poll_event(&mut self) -> Option<PhoneEvent> {
        self.events.pop_front()
    }

    /// When to call [`Phones::handle`] with [`PhonesInput::Tick`] at the latest.
    pub fn deadline(&mut self) -> Option<Time> {
        let media = self.wakes.first().map(|(at, _)| Time(*at));
        [self.endpoint.deadline(), media].into_iter().flatten().min()
    }

    // ---- media ----

    fn line(&mut self, port: u16, audio: Audio) -> Line {
        // A whole number of hertz joins on to itself after a second.
        let sound = self.sounds.entry(audio).or_insert_with(|| match audio {
            Audio::Silence | Audio::Tone(0) => Prompt::silence(1_000),
            Audio::Tone(hertz) => Prompt::tone(f64::from(hertz), 1_000, 0.3),
            Audio::Voice(hertz) => Prompt::from_samples(&voice(hertz)),
        });
        let address = SocketAddr::new(self.media_ip, port);
        let mut leg = Leg::new(LegSeeds::from_seed(self.chance.number()), "phone");
        leg.set_rtp_timeout(Some(DEAF_AFTER));
        Line {
            port,
            // Every other telephone asks for one port for audio and reports.
            session: LocalSession::new(address, self.chance.number(), &Codec::G711, port.is_multiple_of(4)),
            early: None,
            leg,
            sound: sound.clone(),
            ear: Ear::default(),
        }
    }

    fn line_of(&self, phone: PhoneId) -> Option<&Line> {
        self.phones.get(&phone)?.line.as_ref()
    }

    fn attach(&mut self, phone: PhoneId, line: Line) {
        self.ports.insert(line.port, phone);
        if let Some(p) = self.phones.get_mut(&phone) {
            p.line = Some(line);
        }
    }

    /// Both ends agreed: audio goes where it should from now on.
    fn agree(&mut self, phone: PhoneId, agreed: Negotiated) {
        let Some(p) = self.phones.get_mut(&phone) else { return };
        let Some(line) = &mut p.line else { return };
        if agreed.remote_holds != p.held_by_far {
            p.held_by_far = agreed.remote_holds;
            self.events.push_back(PhoneEvent::HeldByFar { phone, on: p.held_by_far });
        }
        line.leg.set_remote(self.now.0, agreed, Learning::Never);
        let speaks = !p.holds && matches!(p.state, State::Answering | State::Up);
        match (speaks, line.leg.playing()) {
            (true, None) => {
                let at = self.now.0 - self.now.0 % GRID;
                line.leg.play(at, line.sound.clone(), Repeat::Forever);
            }
            // Whoever holds has put the receiver down: most phones send nothing then.
            (false, Some(_)) => line.leg.stop_playing(),
            _ => {}
        }
        self.reschedule(phone);
    }

    fn hear(&mut self, port: u16, from: SocketAddr, bytes: &[u8]) {
        let Some(&phone) = self.ports.get(&(port & !1)) else { return };
        let Some(p) = self.phones.get_mut(&phone) else { return };
        let Some(line) = &mut p.line else { return };
        if port & 1 == 1 {
            // Counted by the leg when it was none of ours.
            let _ = line.leg.receive_rtcp(self.now.0, from, bytes);
            return;
        }
        match line.leg.receive_rtp(self.now.0, from, bytes) {
            Received::Audio(packet) => {
                if let Some(law) = packet.law() {
                    line.ear.hear(self.now.0, law, &packet.header, packet.payload);
                }
            }
            Received::Dtmf { pressed: Some(digit), .. } => {
                self.events.push_back(PhoneEvent::Pressed { phone, key: digit.to_char() });
            }
            Received::Dtmf { .. } | Received::Kept { .. } | Received::Rtcp | Received::Dropped(_) => {}
        }
    }

    /// The next packet that is due from this phone, in the buffer.
    fn speak(&mut self, phone: PhoneId) -> Option<(u16, SocketAddr, usize)> {
        let now = self.now.0;
        let line = self.phones.get_mut(&phone)?.line.as_mut()?;
        if let Some((len, to)) = line.leg.tick(now, &mut self.buffer[..]) {
            return Some((line.port, to, len));
        }
        let (len, to) = line.leg.rtcp_due(now, &mut self.buffer[..], ntp(now))?;
        Some((rtcp_port(line), to, len))
    }

    fn listen_to(&mut self, phone: PhoneId) {
        let now = self.now.0;
        let Some(p) = self.phones.get_mut(&phone) else { return };
        let mut deaf = false;
        if let Some(line) = &mut p.line {
            while let Some(event) = line.leg.poll_event(now) {
                deaf |= event == LegEvent::TimedOut;
            }
        }
        if p.retry_at.is_some_and(|at| at <= now) {
            p.retry_at = None;
            self.ask_for_hold(phone);
        }
        if deaf {
            self.leave(phone);
        }
    }

    fn reschedule(&mut self, phone: PhoneId) {
        let Some(p) = self.phones.get_mut(&phone) else { return };
        let leg = p.line.as_ref().and_then(|line| line.leg.deadline());
        let next = [leg, p.retry_at].into_iter().flatten().min();
        if next != p.wake {
            if let Some(at) = p.wake.take() {
                self.wakes.remove(&(at, phone));
            }
            if let Some(at) = next {
                self.wakes.insert((at, phone));
            }
            p.wake = next;
        }
    }

    // ---- signalling ----

    /// Time as the phones know it never goes back, whatever their caller's clock does.
    fn moves_to(&mut self, now: Time) {
        self.now = self.now.max(now);
    }

    fn add(&mut self, call: CallId, state: State, caller: String, offer: Vec<u8>) -> PhoneId {
        let id = PhoneId(self.next);
        self.next += 1;
        self.calls.insert(call, id);
        let phone = Phone {
            call,
            state,
            we_called: state == State::Dialling,
            caller,
            offer,
            line: None,
            wants_hold: false,
            holds: false,
            asking: None,
            retry_at: None,
            held_by_far: false,
            answer_due: false,
            wake: None,
        };
        self.phones.insert(id, phone);
        id
    }

    fn remove(&mut self, phone: PhoneId) {
        self.hush(phone);
        let Some(p) = self.phones.remove(&phone) else { return };
        self.calls.remove(&p.call);
        if let Some(at) = p.wake {
            self.wakes.remove(&(at, phone));
        }
        // The port may have been given to a new call already, if its owner is quick.
        if let Some(port) = p.line.map(|line| line.port).filter(|port| self.ports.get(port) == Some(&phone)) {
            self.ports.remove(&port);
        }
    }

    /// The last packet of a call's audio.
    fn hush(&mut self, phone: PhoneId) {
        let now = self.now.0;
        let Some(p) = self.phones.get_mut(&phone) else { return };
        let Some(line) = p.line.as_mut().filter(|_| p.state != State::Leaving) else { return };
        if let Some((len, to)) = line.leg.goodbye(now, &mut self.buffer[..], ntp(now)) {
            self.goodbyes.push_back((rtcp_port(line), to, self.buffer[..len].to_vec()));
        }
        line.leg.set_rtp_timeout(None);
    }

    fn leave(&mut self, phone: PhoneId) {
        self.hush(phone);
        let Some(p) = self.phones.get_mut(&phone).filter(|p| p.state != State::Leaving) else { return };
        p.state = State::Leaving;
        p.retry_at = None;
        let call = p.call;
        self.reschedule(phone);
        self.endpoint.hang_up(self.now, call, "");
    }

    fn ask_for_hold(&mut self, phone: PhoneId) {
        let Some(p) = self.phones.get_mut(&phone) else { return };
        if p.state != State::Up || p.asking.is_some() || p.retry_at.is_some() || p.wants_hold == p.holds {
            return;
        }
        let Some(line) = &mut p.line else { return };
        let direction = if p.wants_hold { Direction::SendOnly } else { Direction::SendRecv };
        // Only what really goes out may count as the description sent last.
        let mut session = line.session.clone();
        let offer = session.offer(direction).write();
        if self.endpoint.reoffer(self.now, p.call, offer.as_bytes()) {
            line.session = session;
            p.asking = Some(p.wants_hold);
        } else {
            p.retry_at = Some(self.now.0 + 100_000);
        }
        self.reschedule(phone);
    }

    fn settle(&mut self) {
        while let Some(event) = self.endpoint.poll_event() {
            self.on_event(event);
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Incoming(incoming) => {
                let user = user_of(incoming.message.target());
                let from = incoming.message.value(sip::Name::From).unwrap_or_default();
                let caller = NameAddr::parse(from).map(|a| user_of(a.uri)).unwrap_or_default();
                let offer = incoming.message.session_description().to_vec();
                let phone = self.add(incoming.call, State::Ringing, caller, offer);
                self.events.push_back(PhoneEvent::Rings { phone, user });
            }
            Event::Progress { call, code, body, .. } => {
                let Some(&phone) = self.calls.get(&call) else { return };
                if let Some(agreed) = self.early(phone, &body) {
                    self.agree(phone, agreed);
                }
                self.events.push_back(PhoneEvent::RingingThere { phone, code });
            }
            Event::Answered { call, body } => self.on_answered(call, &body),
            Event::Acknowledged { call, body } => self.on_acknowledged(call, &body),
            Event::Reoffer { call, body } => self.on_reoffer(call, &body),
            Event::Reanswered { call, body } => self.on_reanswered(call, &body),
            Event::ReofferRefused { call, code } => self.on_reoffer_refused(call, code),
            Event::Refused { call, refused } => {
                self.over(call, |phone| PhoneEvent::Refused { phone, code: refused.code });
            }
            Event::Cancelled { call, .. } => self.over(call, |phone| PhoneEvent::GaveUp { phone }),
            Event::Ended { call, how, .. } => self.over(call, |phone| PhoneEvent::Ended { phone, how }),
            Event::Request { request, .. } => self.endpoint.respond(self.now, request, 405, "", "", b""),
            Event::Referred { refer, .. } => self.endpoint.reject_refer(self.now, refer, 603),
            Event::ReferProgress { call, code, done: true, .. } => {
                let Some(&phone) = self.calls.get(&call) else { return };
                self.events.push_back(PhoneEvent::Referred { phone, code });
            }
            Event::ReferProgress { .. }
            | Event::Asked { .. }
            | Event::Info { .. }
            | Event::Informed { .. } => {}
        }
    }

    fn over(&mut self, call: CallId, event: impl FnOnce(PhoneId) -> PhoneEvent) {
        let Some(&phone) = self.calls.get(&call) else { return };
        self.remove(phone);
        self.events.push_back(event(phone));
    }

    /// An early answer is tried on a copy: another phone's, or the final one, may follow.
    fn early(&mut self, phone: PhoneId, body: &[u8]) -> Option<Negotiated> {
        let line = self.phones.get_mut(&phone)?.line.as_mut()?;
        let mut session = line.session.clone();
        let agreed = accept(&mut session, body).ok()?;
        line.early = Some(session);
        Some(agreed)
    }

    fn on_answered(&mut self, call: CallId, body: &[u8]) {
        let Some(&phone) = self.calls.get(&call) else { return };
        let Some(p) = self.phones.get_mut(&phone) else { return };
        let Some(line) = &mut p.line else { return };
        p.state = State::Up;
        let agreed = match (accept(&mut line.session, body), line.early.take()) {
            (Ok(agreed), _) => Some(agreed),
            // Some say it all in 183 and nothing more in 200.
            (Err(_), Some(early)) if body.is_empty() => {
                line.session = early;
                line.leg.negotiated().cloned()
            }
            _ => None,
        };
        match agreed {
            Some(agreed) => {
                self.agree(phone, agreed);
                self.events.push_back(PhoneEvent::Answered { phone });
                self.ask_for_hold(phone);
            }
            None => self.leave(phone),
        }
    }

    fn on_acknowledged(&mut self, call: CallId, body: &[u8]) {
        let Some(&phone) = self.calls.get(&call) else { return };
        let Some(p) = self.phones.get_mut(&phone) else { return };
        let first = p.state == State::Answering;
        if first {
            p.state = State::Up;
        }
        if core::mem::take(&mut p.answer_due) {
            let agreed = p.line.as_mut().and_then(|line| accept(&mut line.session, body).ok());
            match agreed {
                Some(agreed) => self.agree(phone, agreed),
                None => return self.leave(phone),
            }
        }
        if first {
            self.events.push_back(PhoneEvent::Answered { phone });
        }
        self.ask_for_hold(phone);
    }

    fn on_reoffer(&mut self, call: CallId, body: &[u8]) {
        let Some(&phone) = self.calls.get(&call) else { return };
        let Some(p) = self.phones.get_mut(&phone) else { return };
        let Some(line) = &mut p.line else { return };
        let want = if p.holds { Direction::SendOnly } else { Direction::SendRecv };
        if body.is_empty() {
            p.answer_due = true;
            let offer = line.session.offer(want).write();
            return self.endpoint.answer_reoffer(self.now, call, offer.as_bytes());
        }
        match answer_to(&mut line.session, body, want) {
            Ok((sdp, agreed)) => {
                self.endpoint.answer_reoffer(self.now, call, sdp.write().as_bytes());
                self.agree(phone, agreed);
            }
            Err(_) => self.endpoint.reject_reoffer(self.now, call, 488),
        }
    }

    fn on_reanswered(&mut self, call: CallId, body: &[u8]) {
        let Some(&phone) = self.calls.get(&call) else { return };
        let Some(p) = self.phones.get_mut(&phone) else { return };
        let Some(line) = &mut p.line else { return };
        let Some(on) = p.asking.take() else { return };
        match accept(&mut line.session, body) {
            Ok(agreed) => {
                p.holds = on;
                self.agree(phone, agreed);
                self.events.push_back(PhoneEvent::Held { phone, on });
                self.ask_for_hold(phone);
            }
            Err(_) => self.leave(phone),
        }
    }

    fn on_reoffer_refused(&mut self, call: CallId, code: u16) {
        let Some(&phone) = self.calls.get(&call) else { return };
        let Some(p) = self.phones.get_mut(&phone) else { return };
        p.asking = None;
        if code == 491 {
            // RFC 3261 section 14.1: whoever made the Call-ID waits longer, so that both do not meet again.
            let wait = if p.we_called { self.chance.between(2_100, 4_000) } else { self.chance.below(2_000) };
            p.retry_at = Some(self.now.0 + wait * 1_000);
        } else {
            p.wants_hold = p.holds;
            self.events.push_back(PhoneEvent::HoldRefused { phone, code });
        }
        self.reschedule(phone);
    }
}

fn accept(session: &mut LocalSession, body: &[u8]) -> Result<Negotiated, NegotiateError> {
    session.accept(&SessionDescription::parse(body)?)
}

fn answer_to(
    session: &mut LocalSession,
    offer: &[u8],
    want: Direction,
) -> Result<(SessionDescription, Negotiated), NegotiateError> {
    session.answer(&SessionDescription::parse(offer)?, want)
}

fn rtcp_port(line: &Line) -> u16 {
    let shared = line.leg.negotiated().is_none_or(|agreed| agreed.rtcp_mux);
    if shared { line.port } else { line.port | 1 }
}

/// The made-up clock as NTP time: reports need one, and only differences of it are ever used.
pub(crate) fn ntp(now: Micros) -> u64 {
    let (seconds, rest) = (now / 1_000_000, now % 1_000_000);
    (seconds << 32) | ((rest << 32) / 1_000_000)
}

fn user_of(uri: &[u8]) -> String {
    Uri::parse(uri).map(|u| String::from_utf8_lossy(u.user_part()).into_owned()).unwrap_or_default()
}

/// A user part as RFC 3261 section 25.1 allows it.
fn escaped(user: &str) -> String {
    let mut out = String::with_capacity(user.len());
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_parts_are_escaped() {
        assert_eq!(escaped("+15550100"), "+15550100");
        assert_eq!(escaped("a b#@"), "a%20b%23%40");
    }
}
