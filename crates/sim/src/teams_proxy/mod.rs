//! The SIP proxy of Microsoft Teams: the other side of Direct Routing, without a socket or a clock.
//!
//! It refuses what Microsoft's refuses and writes messages as Microsoft's does, by hand: nothing of our own SIP room but
//! its reader is used, so that a mistake of ours is not made twice. Several machines have a name and connections of their
//! own; requests go out only on connections that the machine opened, and are taken only on connections that the border
//! controller opened.
//!
//! [`TeamsProxy::handle`] takes what happened, every action of a user takes the time too; afterwards
//! [`TeamsProxy::poll_output`] and [`TeamsProxy::poll_event`] until both give nothing, then wait for
//! [`TeamsProxy::deadline`]. Messages come whole: who carries them cuts them from the stream.

mod answers;
mod checks;
mod judge;
mod line;
mod requests;
mod text;
mod words;

pub use words::{TeamsCall, TeamsEvent, TeamsInput, TeamsOutput, TeamsSettings, TeamsTenant};

use crate::chance::Chance;
use line::{Line, Ways};
use sip::{Message, Start, Time};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use text::Request;

/// The longest record of messages that is kept, for tests to look at.
const MOST_KEPT: usize = 4_000;
/// The proxy asks border controllers so often whether they are there, in microseconds.
const ASKS_EVERY: u64 = 60_000_000;

struct Connection {
    host: usize,
    ours: bool,
    names: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The border controller called; nobody answered yet.
    Offered,
    /// We answered and wait for the ACK.
    Answering,
    /// Our INVITE is out.
    Calling,
    Up,
    /// Our BYE or CANCEL is out.
    Leaving,
}

struct Call {
    host: usize,
    /// The border controller's name in this call.
    controller: String,
    state: State,
    call_id: String,
    /// From of our requests.
    local: String,
    /// To of our requests.
    remote: String,
    /// Where our requests go: the border controller's Contact.
    target: String,
    cseq: u32,
    /// The border controller's INVITE, until it is answered.
    invite: Option<Request>,
    offer: Vec<u8>,
    /// Branch and number of our INVITE, for its ACK and CANCEL.
    sent: (String, u32),
    /// The tag that we answered with.
    tag: String,
    forks: u32,
    contact: String,
    route: String,
    lines: Vec<Line>,
    /// Where the border controller said first that its audio is: it never goes elsewhere.
    anchor: Option<(String, String)>,
    /// What the border controller said of ICE before it answered.
    ice_said: Option<Vec<String>>,
    /// Where a mixer plays what, once the border controller agreed to the hold.
    music: Option<(SocketAddr, u32)>,
    /// What the border controller asked for in its INVITE, in seconds (RFC 4028).
    timer: Option<u64>,
    watch: Option<Watch>,
}

/// How a call is watched over (RFC 4028).
#[derive(Clone, Copy)]
struct Watch {
    seconds: u64,
    /// When the proxy says that the call goes on; `None` where the border controller does.
    refreshes: Option<u64>,
    /// When the call ends unless somebody said so.
    ends: u64,
}

impl Watch {
    fn new(now: u64, seconds: u64, by_proxy: bool) -> Watch {
        let whole = seconds * 1_000_000;
        Watch { seconds, refreshes: by_proxy.then_some(now + whole / 2), ends: now + whole }
    }
}

/// What an answer is to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Invite,
    Change,
    Bye,
    Refer,
    Options(usize),
}

/// A transfer that we asked for: Refer-To and Referred-By as they were sent.
struct Transfer {
    target: String,
    referred_by: Vec<u8>,
    number: String,
}

/// The proxy. See the module's page for how to drive it.
pub struct TeamsProxy {
    settings: TeamsSettings,
    now: Time,
    chance: Chance,
    next: u64,
    connections: BTreeMap<u64, Connection>,
    calls: BTreeMap<TeamsCall, Call>,
    by_id: BTreeMap<String, TeamsCall>,
    ports: BTreeMap<u16, TeamsCall>,
    pending: BTreeMap<String, (TeamsCall, Asked)>,
    transfers: Vec<Transfer>,
    /// When a machine asks a border controller next.
    asks: BTreeMap<(usize, String), u64>,
    /// Machines that say nothing any more.
    silent: Vec<usize>,
    /// Machines that do nothing in calls.
    busy: Vec<usize>,
    /// How long what a machine says is under way, in microseconds.
    slow: BTreeMap<usize, u64>,
    /// What is under way still, by when it arrives and the order in which it was said.
    late: BTreeMap<(u64, u64), TeamsOutput>,
    /// What machines answer to calls in place of whatever they would: code and header lines.
    refusing: BTreeMap<usize, (u16, String)>,
    /// Clients send audio to border controllers themselves.
    bypass: bool,
    /// Media ask for one port for audio and reports, and agree to it.
    mux: bool,
    /// Media speak G.722 alone.
    wideband: bool,
    /// What becomes of media descriptions before they are sent.
    described: Option<fn(&str) -> String>,
    /// Packets change places, and their numbers start over.
    shuffled: bool,
    /// Who is asserted to call, where it is not the number that is shown.
    asserted: Option<String>,
    /// Where requests in calls are to go, host and port, where it is not the usual name.
    route: Option<String>,
    /// Header lines, and a part of the body with its own, that say where users are who call.
    location: Option<(String, String)>,
    outputs: VecDeque<TeamsOutput>,
    events: VecDeque<TeamsEvent>,
    kept: VecDeque<String>,
}

impl TeamsProxy {
    /// A proxy in which nothing happened yet.
    pub fn new(settings: TeamsSettings) -> TeamsProxy {
        let chance = Chance::new(settings.seed);
        TeamsProxy {
            settings,
            now: Time::default(),
            chance,
            next: 1,
            connections: BTreeMap::new(),
            calls: BTreeMap::new(),
            by_id: BTreeMap::new(),
            ports: BTreeMap::new(),
            pending: BTreeMap::new(),
            transfers: Vec::new(),
            asks: BTreeMap::new(),
            silent: Vec::new(),
            busy: Vec::new(),
            slow: BTreeMap::new(),
            late: BTreeMap::new(),
            refusing: BTreeMap::new(),
            bypass: false,
            mux: false,
            wideband: false,
            described: None,
            shuffled: false,
            asserted: None,
            route: None,
            location: None,
            outputs: VecDeque::new(),
            events: VecDeque::new(),
            kept: VecDeque::new(),
        }
    }

    // ---- what somebody may do to it ----

    /// A machine says nothing any more, or does again.
    pub fn set_silent(&mut self, host: usize, on: bool) {
        self.silent.retain(|h| *h != host);
        if on {
            self.silent.push(host);
        }
    }

    /// What a machine says from now on arrives so many milliseconds later, or at once again (0). What it hears it hears at once.
    pub fn set_slow(&mut self, host: usize, ms: u64) {
        self.slow.remove(&host);
        if ms != 0 {
            self.slow.insert(host, ms * 1_000);
        }
    }

    /// A machine answers whatever is said in calls with 503, or does as usual again.
    pub fn set_busy(&mut self, host: usize, on: bool) {
        self.busy.retain(|h| *h != host);
        if on {
            self.busy.push(host);
        }
    }

    /// A machine answers every new call with this code and these header lines, or does as usual again (0).
    pub fn set_refusing(&mut self, host: usize, code: u16, lines: &str) {
        self.refusing.remove(&host);
        if code != 0 {
            self.refusing.insert(host, (code, lines.into()));
        }
    }

    /// From now on clients and border controllers find each other by ICE (media bypass), or not.
    pub fn set_bypass(&mut self, on: bool) {
        self.bypass = on;
    }

    /// From now on audio and reports share a port where border controllers agree to it (RFC 5761), or not.
    pub fn set_mux(&mut self, on: bool) {
        self.mux = on;
    }

    /// From now on media take and offer G.722 alone, or G.711 again.
    pub fn set_wideband(&mut self, on: bool) {
        self.wideband = on;
    }

    /// Descriptions of media pass through this before they are sent from now on, also in calls that are there; or go as
    /// they are again.
    pub fn set_described(&mut self, described: Option<fn(&str) -> String>) {
        self.described = described;
        let lines = self.calls.values_mut().flat_map(|c| &mut c.lines);
        lines.for_each(|line| line.described = described);
    }

    /// In calls from now on each two packets of audio change places on the way, and within a second their numbers start
    /// over; or not any more.
    pub fn set_shuffled(&mut self, on: bool) {
        self.shuffled = on;
    }

    /// Whoever calls from now on is asserted to have this number (`ForwardPai`), whatever is shown; or the shown one again
    /// (empty).
    pub fn set_asserted(&mut self, number: &str) {
        self.asserted = Some(number.to_string()).filter(|number| !number.is_empty());
    }

    /// In calls that begin from now on, requests are to go by way of this name and port (Record-Route).
    pub fn set_route(&mut self, name: &str) {
        self.route = Some(name.into());
    }

    /// From now on users who call say where they are: header lines of the message, and a part of its body with lines of its
    /// own (`PidfLoSupported`).
    pub fn set_location(&mut self, lines: &str, part: &str) {
        self.location = Some((lines.into(), part.into()));
    }

    // ---- in and out ----

    /// Takes in what happened.
    pub fn handle(&mut self, now: Time, input: TeamsInput<'_>) {
        self.now = self.now.max(now);
        match input {
            TeamsInput::Opened { connection, host, ours, names } => {
                self.connections.insert(connection, Connection { host, ours, names });
            }
            TeamsInput::Closed { connection } => {
                self.connections.remove(&connection);
            }
            TeamsInput::Received { connection, bytes } => self.receive(connection, bytes),
            TeamsInput::Rtp { port, from, bytes } => {
                let call = self.ports.get(&(port & !1)).and_then(|call| self.calls.get_mut(call));
                let line = call.and_then(|c| c.lines.iter_mut().find(|l| l.port == port & !1));
                if line.is_some_and(|line| !line.hear(self.now.0, port & 1 == 1, from, bytes)) {
                    self.broken("checks are answered as the standard says, and none are made");
                }
            }
            TeamsInput::Tick => {}
        }
        self.tick();
    }

    fn tick(&mut self) {
        for call in self.calls.values_mut() {
            for line in &mut call.lines {
                for (port, to, bytes) in line.speak(self.now.0) {
                    self.outputs.push_back(TeamsOutput::Rtp { port, to, bytes });
                }
            }
        }
        self.watch_over();
        let due: Vec<(usize, String)> =
            self.asks.iter().filter(|(_, at)| **at <= self.now.0).map(|(who, _)| who.clone()).collect();
        for (host, to) in due {
            self.asks.insert((host, to.clone()), self.now.0 + ASKS_EVERY);
            self.ask(host, &to);
        }
    }

    /// The next thing to send.
    pub fn poll_output(&mut self) -> Option<TeamsOutput> {
        if let Some(first) = self.late.first_entry().filter(|first| first.key().0 <= self.now.0) {
            return Some(first.remove());
        }
        loop {
            let output = self.outputs.pop_front()?;
            let host = match &output {
                TeamsOutput::Answer { connection, bytes } => {
                    self.keep("sent", bytes);
                    self.connections.get(connection).map(|c| c.host)
                }
                TeamsOutput::Request { host, bytes, .. } => {
                    self.keep("sent", bytes);
                    Some(*host)
                }
                TeamsOutput::Rtp { .. } => None,
            };
            // What a silent machine would say is lost.
            if host.is_some_and(|host| self.silent.contains(&host)) {
                continue;
            }
            match host.and_then(|host| self.slow.get(&host)) {
                Some(delay) => {
                    self.late.insert((self.now.0 + delay, self.next), output);
                    self.next += 1;
                }
                None => return Some(output),
            }
        }
    }

    /// The next thing to know.
    pub fn poll_event(&mut self) -> Option<TeamsEvent> {
        self.events.pop_front()
    }

    /// When to call [`TeamsProxy::handle`] with [`TeamsInput::Tick`] at the latest.
    pub fn deadline(&self) -> Option<Time> {
        let lines = self.calls.values().flat_map(|c| &c.lines).filter_map(Line::deadline);
        let watches = self.calls.values().filter_map(|c| c.watch);
        let watches = watches.map(|w| w.refreshes.map_or(w.ends, |at| at.min(w.ends)));
        let late = self.late.keys().map(|(at, _)| *at);
        lines.chain(watches).chain(late).chain(self.asks.values().copied()).min().map(Time)
    }

    /// The last second that the user of a call heard, at 8000 Hz.
    pub fn heard(&self, call: TeamsCall) -> Vec<i16> {
        let line = self.calls.get(&call).and_then(|c| c.lines.last());
        line.map(|line| line.heard(self.now.0)).unwrap_or_default()
    }

    /// Whether the border controller took the nomination of a call's client.
    pub fn nominated(&self, call: TeamsCall) -> bool {
        let line = self.calls.get(&call).and_then(|c| c.lines.last());
        line.and_then(|line| line.checks.as_ref()).is_some_and(checks::Checks::is_nominated)
    }

    /// How many reports (RTCP) came in a call: at a port of their own, and at that of the audio.
    pub fn reports(&self, call: TeamsCall) -> (u32, u32) {
        self.calls.get(&call).and_then(|c| c.lines.last()).map_or((0, 0), |line| line.reports)
    }

    /// How many packets of audio came in a call, silent ones too.
    pub fn audio_packets(&self, call: TeamsCall) -> u32 {
        self.calls.get(&call).and_then(|c| c.lines.last()).map_or(0, |line| line.audio)
    }

    /// How many keys came in a call.
    pub fn pressed(&self, call: TeamsCall) -> u32 {
        self.calls.get(&call).and_then(|c| c.lines.last()).map_or(0, |line| line.pressed)
    }

    /// Calls that are not over.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether no call is there.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// All messages so far, each with the word `sent` or `received` before it; the oldest may be left out.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.kept.iter().map(String::as_str)
    }

    fn keep(&mut self, what: &str, bytes: &[u8]) {
        if self.kept.len() >= MOST_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(format!("{what} {}", String::from_utf8_lossy(bytes)));
    }

    fn receive(&mut self, connection: u64, bytes: &[u8]) {
        let Some((host, ours)) = self.connections.get(&connection).map(|c| (c.host, c.ours)) else { return };
        if self.silent.contains(&host) {
            return;
        }
        self.keep("received", bytes);
        let Ok(m) = Message::parse(bytes) else { return self.broken("a message can be read") };
        match m.start() {
            // There is no reuse of connections (RFC 5923): each side asks on those that it opened.
            Start::Request(_) if ours => self.broken("requests come on connections that the sender opened"),
            Start::Request(method) => self.on_request(connection, host, &m, method),
            Start::Response(_) if !ours => self.broken("answers come on the connection of the request"),
            Start::Response(code) => self.on_answer(&m, code),
        }
    }

    fn broken(&mut self, rule: &'static str) {
        self.events.push_back(TeamsEvent::Broken { rule });
    }

    // ---- what both ways need ----

    fn hex(&mut self) -> String {
        format!("{:016x}", self.chance.number())
    }

    /// The family of names that the machines have.
    fn base(&self) -> &str {
        let first = self.settings.hosts.first().map(String::as_str).unwrap_or_default();
        first.split_once('.').map_or(first, |(_, rest)| rest)
    }

    fn host(&self, host: usize) -> &str {
        self.settings.hosts.get(host).map(String::as_str).unwrap_or_default()
    }

    /// The addresses that our side of a call has: Contact and Record-Route.
    fn addresses(&mut self, call_id: &str) -> (String, String) {
        let hex = self.hex();
        let base = self.base();
        let route = self.route.clone().unwrap_or_else(|| format!("sip-du-a-eu.{base}:5061"));
        (
            format!(
                "sip:api-du-a-euwe.{base}:443;x-i=11111111-2222-3333-4444-{};x-c={call_id}/d/8/{hex}",
                &hex[..12]
            ),
            format!("<sip:{route};transport=tls;lr>"),
        )
    }

    fn line(&mut self, addr: SocketAddr, hz: u32) -> Line {
        let seed = self.chance.number();
        let (described, shuffled) = (self.described, self.shuffled);
        let ways = Ways { bypass: self.bypass, mux: self.mux, wideband: self.wideband, described, shuffled };
        Line::new((addr, hz), seed, ways, || self.chance.number())
    }

    fn add(&mut self, call: Call) -> TeamsCall {
        let id = TeamsCall(self.next);
        self.next += 1;
        self.by_id.insert(call.call_id.clone(), id);
        self.calls.insert(id, call);
        id
    }

    /// Takes in where the border controller says that its audio is.
    fn anchor(&mut self, call: TeamsCall, description: &[u8]) {
        let text = String::from_utf8_lossy(description).into_owned();
        let after = |start: &str| text.lines().find_map(|line| line.strip_prefix(start)).map(str::trim);
        let (Some(host), Some(media)) = (after("c=IN IP4 "), after("m=audio ")) else { return };
        let at = (host.to_string(), media.split(' ').next().unwrap_or_default().to_string());
        let Some(c) = self.calls.get_mut(&call) else { return };
        if *c.anchor.get_or_insert_with(|| at.clone()) != at {
            self.broken("audio stays at the address that was said first");
        }
    }

    fn attach(&mut self, call: TeamsCall, line: Line) {
        self.ports.insert(line.port, call);
        if let Some(c) = self.calls.get_mut(&call) {
            c.lines.push(line);
        }
    }

    fn over(&mut self, call: TeamsCall, event: TeamsEvent) {
        let Some(c) = self.calls.remove(&call) else { return };
        self.by_id.remove(&c.call_id);
        self.ports.retain(|_, of| *of != call);
        self.events.push_back(event);
    }
}
