//! The switch: one SIP endpoint, the engines of all tenants, and which leg is which on either side.

use crate::adapt::browser::Browsers;
use crate::adapt::carriers::Carriers;
use crate::adapt::dialing::Dialing;
use crate::adapt::elsewhere::End;
use crate::adapt::media_door::{MediaCommand, MediaDoor, MediaId};
use crate::adapt::outside::Request;
use crate::adapt::phones::{Passwords, Phones};
use crate::adapt::presence::Presences;
use crate::adapt::strangers::Canary;
use crate::adapt::tenant_door::{Resumed, TenantDoor};
use crate::adapt::unreached::Failed;
use crate::alarm::Alarms;
use crate::announce::Announcer;
use crate::live::Live;
use crate::outside_io::Rules;
use crate::security::Security;
use crate::tenant::Meaning;
use engine::{CallRecord, Effect, Event, LegEnd, LegId, PartyId};
use redact::Secret;
use sip::Local;
use sip::guard::Guard;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use store::{Batch, Party, TenantId};

/// Events of a tenant after which its state is written down, so that a start replays no more than about as many.
pub const SNAPSHOT_EVERY: u64 = 100_000;

/// The time, on the two clocks that are needed.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Microseconds since the process began.
    pub mono: u64,
    /// Milliseconds since 1970.
    pub wall: engine::Time,
}

impl Now {
    pub(super) fn sip(self) -> sip::Time {
        sip::Time(self.mono)
    }
}

/// The most calls of SIP whose tenant is known after they are over.
const MOST_OWNERS: usize = 4_096;

/// All calls of this process.
pub struct Switch {
    pub(super) endpoint: sip::Endpoint,
    pub(super) door: Box<dyn MediaDoor>,
    pub(super) tenants: Vec<TenantDoor>,
    pub(super) by_sip: HashMap<sip::CallId, (usize, LegId)>,
    pub(super) by_media: HashMap<MediaId, (usize, LegId)>,
    /// Legs that media was told to close and has not reported the last time, oldest first.
    pub(super) closing: BTreeMap<MediaId, (usize, engine::CallId, LegId)>,
    pub(super) browsers: Browsers,
    /// Asked for by events that are not in the journal yet, with the number of their batch.
    held: VecDeque<(u64, usize, Effect)>,
    /// For other systems.
    pub(super) requests: VecDeque<(TenantId, Request)>,
    /// Calls that are over and not in the store yet, with the number of their batch, so that they are found meanwhile.
    unwritten: VecDeque<(u64, TenantId, CallRecord)>,
    pub(super) next_batch: u64,
    /// The newest batch that is in the journal.
    pub(super) committed: u64,
    /// Connections of our own that are let in although no trunk is where they come from: the scan of the listener.
    pub(super) scan: Option<(IpAddr, u32)>,
    /// A check of our own that is heard.
    pub(super) canary: Option<Canary>,
    /// Whose the newest calls of SIP are or were, by our tag in them, the newest last.
    pub(super) owners: VecDeque<(Vec<u8>, TenantId)>,
    /// The journal cannot be written: nothing new is begun until it can.
    pub journal_stalled: bool,
    /// Messages dropped because nobody knows where they come from.
    pub strangers: u64,
    /// Handshakes of TLS that were refused, or ended, because there were too many.
    pub handshakes_refused: u64,
    pub(super) host: SocketAddr,
    pub(super) phones: Phones,
    pub(super) carriers: Carriers,
    pub(super) guard: Guard,
    /// Names that far ends of TLS connections proved, by connection.
    pub(super) proven: HashMap<u64, Vec<String>>,
    pub(super) security: Security,
    /// What ends the calls that other telephone systems make, by their meters.
    pub(super) elsewhere: HashMap<(TenantId, u64), End>,
    /// Far ends whose connections are to serve no more.
    pub(super) retired: BTreeSet<SocketAddr>,
    chance: u64,
}

/// Chance from the operating system: nobody may guess what is made of it.
#[derive(Clone, Copy)]
pub struct Chances {
    /// For the nonces that telephones answer.
    pub nonces: [u8; 32],
    /// For the order among far ends, and for registrations.
    pub seed: u64,
}

impl Switch {
    /// A switch without tenants. `locals` are our SIP addresses as others should use them, at least one.
    pub fn new(
        endpoint: sip::Endpoint,
        door: Box<dyn MediaDoor>,
        locals: &[Local],
        chances: Chances,
    ) -> Switch {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let host = locals.first().map_or(nowhere, |l| l.addr);
        Switch {
            endpoint,
            door,
            tenants: Vec::new(),
            by_sip: HashMap::new(),
            by_media: HashMap::new(),
            closing: BTreeMap::new(),
            browsers: Browsers::default(),
            held: VecDeque::new(),
            requests: VecDeque::new(),
            unwritten: VecDeque::new(),
            next_batch: 1,
            committed: 0,
            scan: None,
            canary: None,
            owners: VecDeque::new(),
            journal_stalled: false,
            strangers: 0,
            handshakes_refused: 0,
            host,
            phones: Phones::new(chances.nonces),
            carriers: Carriers::new(locals.to_vec(), chances.seed),
            guard: Guard::default(),
            proven: HashMap::new(),
            security: Security::default(),
            elsewhere: HashMap::new(),
            retired: BTreeSet::new(),
            chance: chances.seed,
        }
    }

    /// Adds a tenant with the state that was recovered. `Started` and `Configured` are told here.
    pub fn add_tenant(&mut self, now: Now, resumed: Resumed, seed: u64) {
        let Resumed { id, mut engine, meaning, passwords, next_party, parties, .. } = resumed;
        let Resumed { person, aliases, said_no, registrations, .. } = resumed;
        self.carriers.configure(now, id, &meaning, &passwords);
        engine.watch();
        let batch = Batch { first_position: engine.position() + 1, ..Batch::default() };
        let config = Box::new(meaning.config.clone());
        let live = Live::new(now.wall);
        let snapshot_at = engine.position();
        let rules = Arc::new(Rules::of(&meaning));
        let announcer = Announcer::new(&engine, &rules);
        let talked_before = crate::adapt::presence::talking(&engine);
        self.tenants.push(TenantDoor {
            id,
            engine,
            meaning,
            passwords,
            rules,
            live,
            presences: Presences::default(),
            barred: BTreeSet::new(),
            talked_before,
            announcer,
            alarms: Alarms::default(),
            legs: HashMap::new(),
            next_party,
            batch,
            recordings: HashMap::new(),
            parties,
            person,
            aliases,
            said_no,
            teams_until: engine::Time(0),
            snapshot_at,
            begins_anew: false,
        });
        let tenant = self.tenants.len() - 1;
        self.tell(now, tenant, Event::Started { seed });
        self.tell(now, tenant, Event::Configured { config });
        self.trust_networks();
        self.restore_registrations(now, id, registrations);
        self.send_registers(now);
    }

    /// Puts another configuration in force.
    pub fn configure(&mut self, now: Now, id: TenantId, meaning: Meaning, passwords: Passwords) {
        let Some(n) = self.tenants.iter().position(|t| t.id == id) else { return };
        self.carriers.configure(now, id, &meaning, &passwords);
        let config = Box::new(meaning.config.clone());
        let t = &mut self.tenants[n];
        t.rules = Arc::new(Rules::of(&meaning));
        t.announcer.set_rules(&t.rules);
        t.begins_anew |= meaning.keeps_calls && !t.meaning.keeps_calls;
        t.meaning = meaning;
        t.passwords = passwords;
        self.tell(now, n, Event::Configured { config });
        self.settle_presences(now, n);
        self.forget_choices(n);
        self.trust_networks();
        self.send_registers(now);
    }

    /// The tenants.
    pub fn tenants(&self) -> &[TenantDoor] {
        &self.tenants
    }

    /// One tenant.
    pub fn tenant(&self, id: TenantId) -> Option<&TenantDoor> {
        self.tenants.iter().find(|t| t.id == id)
    }

    /// One tenant's live changes, to be subscribed to.
    pub fn live(&mut self, id: TenantId) -> Option<&mut Live> {
        self.tenants.iter_mut().find(|t| t.id == id).map(|t| &mut t.live)
    }

    /// What the SIP endpoint counted.
    pub fn sip_counters(&self) -> sip::Counters {
        self.endpoint.counters()
    }

    /// Calls that the SIP endpoint holds, and transactions.
    pub fn sip_held(&self) -> (usize, usize) {
        (self.endpoint.calls(), self.endpoint.transactions())
    }

    /// Whether anything at this address belongs to a tenant.
    pub fn knows(&self, ip: IpAddr) -> bool {
        self.knows_fixed(ip) || self.phones.are_at(ip)
    }

    /// A call of SIP is that of a tenant's leg from here on.
    pub(super) fn belongs(&mut self, call: sip::CallId, tenant: usize, leg: LegId) {
        self.by_sip.insert(call, (tenant, leg));
        if self.owners.len() >= MOST_OWNERS {
            self.owners.pop_front();
        }
        if let Some(t) = self.tenants.get(tenant) {
            self.owners.push_back((self.endpoint.tag(call), t.id));
        }
    }

    /// The tenant on whose behalf we send this request; also after its leg is over. Nothing where it belongs to no call
    /// and no trunk, or to a call of long ago.
    pub fn sends_for(&self, bytes: &[u8]) -> Option<TenantId> {
        if let Some((tenant, _)) = self.endpoint.sent_in(bytes).and_then(|call| self.by_sip.get(&call)) {
            return self.tenants.get(*tenant).map(|t| t.id);
        }
        if let Some(ask) = self.endpoint.asked_in(bytes) {
            return self.carriers.asks_for(ask);
        }
        let tag = sip::our_tag(bytes)?;
        self.owners.iter().rev().find(|(known, _)| *known == tag).map(|(_, tenant)| *tenant)
    }

    /// Whether the configuration names this address.
    pub(super) fn knows_fixed(&self, ip: IpAddr) -> bool {
        self.tenants.iter().any(|t| t.meaning.knows(ip)) || self.carriers.is_at(ip).is_some()
    }

    /// Chance that decides nothing but an order.
    pub(super) fn next_chance(&mut self) -> u64 {
        self.chance = self.chance.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        self.chance >> 11
    }

    /// A far end proved these names when it opened a connection, or we did.
    pub fn on_proven(&mut self, connection: u64, names: Vec<String>) {
        self.proven.insert(connection, names);
    }

    /// A far end of the trunk whose name was proven on a connection, for requests that do not go over that one. The Route
    /// of the request leads on from there.
    pub fn far_end_behind(&self, connection: u64) -> Option<sip::Destination> {
        self.carriers.secure_far_end(self.proven.get(&connection)?)
    }

    /// A connection of ours could not be opened, or broke before anything was heard on it.
    pub fn on_connection_failed(&mut self, failed: &Failed) {
        self.carriers.connection_failed(failed);
    }

    /// A message of ours went out over this connection.
    pub fn went_over(&mut self, bytes: &[u8], connection: u64) {
        self.endpoint.went_over(bytes, connection);
    }

    /// The next far end whose connections are to serve no more.
    pub fn poll_retired(&mut self) -> Option<SocketAddr> {
        self.retired.pop_first()
    }

    /// Connections on which a call of ours or to us still rings.
    pub fn ringing(&self) -> std::collections::HashSet<u64> {
        self.endpoint.ringing()
    }

    /// A connection is gone.
    pub fn on_gone(&mut self, connection: u64) {
        self.proven.remove(&connection);
        self.phones.registrar.connection_closed(connection);
        self.tell_registered();
    }

    /// The name that the far end at this address has to prove on a connection of ours for this request. What one tenant
    /// says of an address holds for no other one that has a trunk there.
    pub fn tls_name(&self, addr: SocketAddr, request: &[u8]) -> Option<&str> {
        self.carriers.tls_name(addr, self.sends_for(request))
    }

    /// A message or a broken connection. Whoever is no trunk, no phone and no address of a flow, and says nothing that
    /// belongs to an open call, gets no answer and costs nothing but this look.
    pub fn on_sip(&mut self, now: Now, input: sip::Input<'_>) {
        if let sip::Input::Received { from, bytes } = &input {
            if !self.is_heard(now, *from, bytes) {
                self.tell_security(now);
                return;
            }
            self.note_asking(now, *from, bytes);
        }
        if let sip::Input::Unreachable { to: sip::Destination { connection: Some(connection), .. } } = input {
            self.phones.registrar.connection_closed(connection);
            self.tell_registered();
        }
        self.endpoint.handle(now.sip(), input);
        self.pump(now);
        self.tell_security(now);
    }

    /// Tells a tenant's engine something that the door did not see itself: from the API, from people.
    pub fn on_event(&mut self, now: Now, id: TenantId, event: Event) {
        if let Some(n) = self.tenants.iter().position(|t| t.id == id) {
            self.tell(now, n, event);
            self.pump(now);
        }
    }

    /// The process is to end: no new calls.
    pub fn drain(&mut self, now: Now) {
        for n in 0..self.tenants.len() {
            self.tell(now, n, Event::Draining);
        }
    }

    /// Time passed: call when [`Switch::deadline`] is reached.
    pub fn on_time(&mut self, now: Now) {
        self.endpoint.handle(now.sip(), sip::Input::Tick);
        self.tick_phones(now);
        self.tick_carriers(now);
        self.pump(now);
        self.forget_lost_browsers(now);
        for n in 0..self.tenants.len() {
            if self.tenants[n].engine.deadline().is_some_and(|d| d <= now.wall) {
                self.tell(now, n, Event::TimePassed);
            }
        }
        self.pump(now);
    }

    /// Microseconds from `now` until [`Switch::on_time`] has to be called; `None` while nothing waits.
    pub fn wait(&mut self, now: Now) -> Option<u64> {
        let sip = self
            .endpoint
            .deadline()
            .into_iter()
            .chain(self.phones.deadline())
            .chain(self.carriers.deadline());
        let sip = sip.min().map(|t| t.0.saturating_sub(now.mono));
        let browser = self.browsers.deadline().map(|t| t.saturating_sub(now.mono));
        let engines = self.tenants.iter().filter_map(|t| t.engine.deadline());
        let engine = engines.min().map(|t| t.since(now.wall).saturating_mul(1_000));
        sip.into_iter().chain(browser).chain(engine).min()
    }

    /// What has to be written before anything that was asked for since the last time is done. `None` if nothing.
    pub fn take_batches(&mut self) -> Option<(u64, Vec<(TenantId, Batch)>)> {
        let (mut batches, mut changed) = (Vec::new(), false);
        for t in &mut self.tenants {
            let position = t.engine.position();
            if !t.meaning.keeps_calls {
                // Nothing of it is written: what it asks for waits for nothing but its turn.
                changed |= position + 1 > t.batch.first_position || t.batch.has_more();
                let next = Batch { first_position: position + 1, ..Batch::default() };
                let mut outbox = std::mem::replace(&mut t.batch, next).outbox;
                // What concerns security is told all the same: it says nothing of a call that could be read.
                outbox.retain(|item| item.event == crate::announce::SECURITY_ALERT);
                if !outbox.is_empty() {
                    let (first_position, at) = (position + 1, t.engine.now());
                    let told =
                        Batch { first_position, last_position: position, at, outbox, ..Batch::default() };
                    batches.push((t.id, told));
                }
                continue;
            }
            if position + 1 > t.batch.first_position || t.batch.has_more() {
                let next = Batch { first_position: position + 1, ..Batch::default() };
                let mut batch = std::mem::replace(&mut t.batch, next);
                batch.last_position = position;
                batch.at = t.engine.now();
                batch.begins_anew = std::mem::take(&mut t.begins_anew);
                if batch.begins_anew || position >= t.snapshot_at + SNAPSHOT_EVERY {
                    t.snapshot_at = position;
                    batch.snapshot = Some(Box::new((t.engine.now(), t.engine.snapshot())));
                }
                batches.push((t.id, batch));
            }
        }
        if batches.is_empty() && !changed {
            return None;
        }
        let number = self.next_batch;
        self.next_batch += 1;
        Some((number, batches))
    }

    /// Everything up to this batch is in the journal: what it asked for is done now.
    pub fn on_committed(&mut self, now: Now, number: u64) {
        self.committed = number;
        while self.held.front().is_some_and(|(n, _, _)| *n <= number) {
            if let Some((_, tenant, effect)) = self.held.pop_front() {
                self.obey(now, tenant, effect);
            }
        }
        while self.unwritten.front().is_some_and(|(n, _, _)| *n <= number) {
            self.unwritten.pop_front();
        }
        self.pump(now);
    }

    /// Calls of a tenant that are over and not in the store yet, newest first.
    pub fn unwritten(&self, id: TenantId) -> impl Iterator<Item = &CallRecord> {
        self.unwritten.iter().rev().filter(move |(_, tenant, _)| *tenant == id).map(|(_, _, record)| record)
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<sip::Transmit> {
        self.endpoint.poll_transmit()
    }

    /// Whether any call is open.
    pub fn is_idle(&self) -> bool {
        self.held.is_empty() && self.tenants.iter().all(|t| t.engine.calls().is_empty())
    }

    pub(super) fn pump(&mut self, now: Now) {
        while let Some(event) = self.endpoint.poll_event() {
            self.on_sip_event(now, event);
        }
    }

    /// The one place where an event reaches an engine: it goes into the batch, its records with it, and what it asks for
    /// is held back.
    pub(super) fn tell(&mut self, now: Now, tenant: usize, event: Event) {
        let t = &mut self.tenants[tenant];
        store::encode_event(&mut t.batch.events, now.wall.max(t.engine.now()), &event);
        t.engine.handle(now.wall, event);
        while let Some((_, effect)) = t.engine.poll() {
            t.announcer.effect(t.engine.now(), &effect);
            match effect {
                Effect::Keep(record) => {
                    t.live.call_ended(&record, &t.meaning);
                    self.unwritten.push_back((self.next_batch, t.id, CallRecord::clone(&record)));
                    t.batch.records.push(*record);
                }
                Effect::Count(fact) => t.batch.facts.push(fact),
                Effect::MessageLeft { mailbox, call, recording, length_ms } => {
                    t.batch.messages.push(store::Message { mailbox, call, recording, length_ms });
                }
                effect => self.held.push_back((self.next_batch, tenant, effect)),
            }
        }
        let changes = t.engine.take_changes();
        t.batch.outbox.extend(t.announcer.tell(&t.engine, &changes));
        for change in changes {
            t.live.changed(change, &t.engine, &t.meaning, &t.presences);
        }
    }

    pub(super) fn leg_ended(&mut self, now: Now, tenant: usize, leg: LegId, end: LegEnd) {
        if let Some(l) = self.tenants[tenant].legs.get_mut(&leg) {
            let (successor, before) = (l.successor.take(), std::mem::take(&mut l.before));
            if let Some(s) = &successor {
                self.free_minute(now, tenant, leg, s);
            }
            self.end_successors(now, tenant, successor, before);
        }
        self.forget_leg(tenant, leg);
        self.tell(now, tenant, Event::LegEnded { leg, end });
    }

    /// The door's side of a leg is gone: its ports are free.
    pub(super) fn forget_leg(&mut self, tenant: usize, leg: LegId) {
        let Some(l) = self.tenants[tenant].legs.remove(&leg) else { return };
        if let Some(sip) = l.sip {
            self.by_sip.remove(&sip);
        }
        let id = self.tenants[tenant].id;
        let open = l.dialing.map(Dialing::into_open).unwrap_or_default();
        for (sip, tried) in open {
            self.by_sip.remove(&sip);
            if let Some(tried) = tried {
                self.carriers.call_over(id, tried.trunk);
            }
        }
        if let Some(trunk) = l.trunk {
            self.carriers.call_over(id, trunk);
        }
        if let Some(trunk) = l.came_over {
            self.carriers.call_went(id, trunk);
        }
        if let Some(phone) = l.browser {
            self.browser_released(tenant, leg, phone);
        }
        if let Some(media) = l.media {
            self.by_media.remove(&media);
            self.expect_last_report(tenant, (l.call, leg), media);
            self.door.send(MediaCommand::Close { leg: media });
        }
    }

    pub(super) fn new_party(
        &mut self,
        tenant: usize,
        address: &Secret<String>,
        display: &Secret<String>,
    ) -> PartyId {
        let alias = self.alias(tenant, address.expose_secret());
        let t = &mut self.tenants[tenant];
        let id = t.next_party;
        t.next_party += 1;
        t.batch.parties.push(Party { id, address: address.clone(), display: display.clone(), alias });
        PartyId(id)
    }
}
