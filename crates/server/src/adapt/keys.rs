//! Keys that callers press: what flows choose by goes to the engine; digits stay here.
//!
//! The engine learns that a digit was taken and whether the digits so far stand in a list of the configuration. What they
//! are, only this module knows, and for secret ones only until they are passed on.

use crate::adapt::media_door::MediaCommand;
use crate::adapt::outside::{Request, Ticket};
use crate::adapt::switch::{Now, Switch};
use crate::adapt::tenant_door::TenantDoor;
use crate::security::Kind;
use crate::tenant::toll::NotCalled;
use crate::tenant::web::Blank;
use engine::{Event, Keys, LegId, LookUpId, PartyId, Role, SecureId, SlotId, Taken};
use media::leg::KeyMode;
use redact::Secret;
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// The most digits kept of one question.
const MOST: usize = 40;

/// Digits that are overwritten when they go.
pub type SecretDigits = Secret<Zeroizing<String>>;

/// What was keyed on a leg.
#[derive(Default)]
pub(super) struct Keyed {
    mode: Option<Keys>,
    slots: BTreeMap<SlotId, SecretDigits>,
    secret: SecretDigits,
    /// The leg whose far end gets the keys, because it is heard and has not answered yet.
    early: Option<LegId>,
}

impl Keyed {
    /// Whether keys are for those who hear the leg, and for nobody else.
    pub(super) fn passes(&self) -> bool {
        matches!(self.mode, None | Some(Keys::Pass))
    }

    /// Whether they are, for somebody who has not answered yet and hears nothing else.
    pub(super) fn passes_early(&self) -> bool {
        self.early.is_some()
    }

    /// What is secret is overwritten and gone.
    pub(super) fn forget_secret(&mut self) {
        self.secret = SecretDigits::default();
    }
}

/// The most numbers remembered before those that nobody needs any more are forgotten.
const REMEMBERED: usize = 10_000;

impl TenantDoor {
    /// Keeps a number for as long as a call or a promise to call back may need it.
    fn remember(&mut self, party: PartyId, number: Secret<String>) {
        if self.parties.len() >= REMEMBERED {
            let needed = self.needed();
            self.parties.retain(|party, _| needed.contains(party));
        }
        self.parties.insert(party, number);
    }

    /// The parties of calls that go on and of promises to call back.
    fn needed(&self) -> BTreeSet<PartyId> {
        let engine = &self.engine;
        let mut needed: BTreeSet<PartyId> = engine.callbacks().values().map(|k| k.party).collect();
        needed.extend(engine.calls().values().map(|c| c.caller));
        needed.extend(engine.legs().values().filter_map(|l| match l.role {
            Role::Party { party } => Some(party),
            _ => None,
        }));
        needed
    }
}

impl Switch {
    pub(super) fn set_keys(&mut self, tenant: usize, leg: LegId, keys: Keys) {
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return };
        let mode = match keys {
            Keys::Pass => KeyMode::Pass,
            Keys::Choose => KeyMode::Report,
            Keys::Take(slot) => {
                l.keyed.slots.insert(slot, SecretDigits::default());
                KeyMode::Report
            }
            Keys::Secret => {
                l.keyed.forget_secret();
                KeyMode::Withhold
            }
        };
        l.keyed.mode = Some(keys);
        l.keyed.early = None;
        if let Some(leg) = l.media {
            self.door.send(MediaCommand::Keys { leg, mode });
        }
    }

    /// Whoever hears a far end that has not answered yet is not heard there. But it may ask for keys: those are passed on.
    pub(super) fn pass_keys_early(&mut self, tenant: usize, leg: LegId) {
        let t = &self.tenants[tenant];
        let Some(l) = t.legs.get(&leg).filter(|l| l.keyed.passes()) else { return };
        let heard = match *l.hears {
            [one] => self.by_media.get(&one).filter(|(of, _)| *of == tenant).map(|(_, heard)| *heard),
            _ => None,
        };
        let early = heard.filter(|heard| t.legs.get(heard).is_some_and(|l| l.dialing.is_some()));
        if early == l.keyed.early {
            return;
        }
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return };
        l.keyed.early = early;
        if let Some(leg) = l.media {
            let mode = if early.is_some() { KeyMode::Report } else { KeyMode::Pass };
            self.door.send(MediaCommand::Keys { leg, mode });
        }
    }

    /// A far end answered: keys of whoever heard it go with the audio from here on.
    pub(super) fn pass_keys_from(&mut self, tenant: usize, answered: LegId) {
        let legs = self.tenants[tenant].legs.iter().filter(|(_, l)| l.keyed.early == Some(answered));
        for leg in legs.map(|(leg, _)| *leg).collect::<Vec<LegId>>() {
            self.pass_keys_early(tenant, leg);
        }
    }

    /// A key was pressed.
    pub(super) fn on_key(&mut self, now: Now, tenant: usize, leg: LegId, key: char) {
        if self.takes_one(now, tenant, leg, key) {
            return;
        }
        let t = &mut self.tenants[tenant];
        if let Some(early) = t.legs.get(&leg).and_then(|l| l.keyed.early) {
            if let Some(leg) = t.legs.get(&early).and_then(|l| l.media) {
                self.door.send(MediaCommand::Give { leg, key });
            }
            return;
        }
        let Some(l) = t.legs.get_mut(&leg) else { return };
        let (kept, slot) = match l.keyed.mode {
            Some(Keys::Choose) => return self.tell(now, tenant, Event::Digit { leg, digit: key }),
            Some(Keys::Take(slot)) => (l.keyed.slots.entry(slot).or_default(), Some(slot)),
            Some(Keys::Secret) => (&mut l.keyed.secret, None),
            Some(Keys::Pass) | None => return,
        };
        let taken = match key {
            '#' => Taken::End,
            '*' => {
                *kept = SecretDigits::default();
                Taken::Again
            }
            '0'..='9' if kept.expose_secret().len() < MOST => {
                // A new string each time: the old one is overwritten when it goes, and none is left behind by growing.
                let mut longer = Zeroizing::new(String::with_capacity(MOST));
                longer.push_str(kept.expose_secret());
                longer.push(key);
                *kept = Secret::new(longer);
                Taken::Digit
            }
            _ => return,
        };
        let matches = slot.map_or(0, |slot| t.meaning.digits.place(slot, kept.expose_secret()));
        self.tell(now, tenant, Event::DigitTaken { leg, taken, matches });
    }

    /// Whether a caller can be called back: at the number the call came from, or at one that was keyed.
    pub(super) fn check_number(&mut self, now: Now, tenant: usize, leg: LegId, slot: Option<SlotId>) {
        let t = &self.tenants[tenant];
        let Some(l) = t.legs.get(&leg) else { return };
        let wanted = match slot {
            Some(slot) => l.keyed.slots.get(&slot).map(|digits| digits.expose_secret().as_str()),
            None => Some(l.address.expose_secret().as_str()),
        };
        let known = slot.is_none().then_some(l.party);
        let Some(to) = wanted.and_then(|n| t.meaning.outward(n).ok()) else {
            return self.tell(now, tenant, Event::NumberChecked { leg, party: None, person: 0 });
        };
        let (number, destination) = (Secret::new(to.number), to.classified.destination);
        let person = self.known_as(tenant, number.expose_secret());
        let party = match known {
            Some(party) => party,
            None => self.new_party(tenant, &number, &Secret::default()),
        };
        self.tenants[tenant].remember(party, number);
        self.tell(now, tenant, Event::PartyKnown { party, destination });
        self.tell(now, tenant, Event::NumberChecked { leg, party: Some(party), person });
    }

    /// Forgets the numbers of these parties: who was erased or restricted is not called any more, and not shown where they
    /// are in a call just now.
    pub fn forget_parties(&mut self, tenant: store::TenantId, parties: &[PartyId]) {
        let Some(t) = self.tenants.iter_mut().find(|t| t.id == tenant) else { return };
        for party in parties {
            t.parties.remove(party);
        }
        for leg in t.legs.values_mut().filter(|l| parties.contains(&l.party)) {
            (leg.address, leg.display) = (Secret::default(), Secret::default());
        }
    }

    /// The parties that a tenant's calls and promises to call back still need, and those of calls that are over and not
    /// written yet.
    pub fn needed_parties(&self, tenant: store::TenantId) -> store::Needed {
        let Some(t) = self.tenant(tenant) else { return store::Needed::nothing() };
        let mut parties = t.needed();
        parties.extend(self.unwritten(tenant).map(|record| record.caller));
        store::Needed { parties, from: PartyId(t.next_party) }
    }

    /// A number outside as a party that can be called.
    ///
    /// # Errors
    /// Why it may not be called.
    pub fn party(
        &mut self,
        now: Now,
        tenant: store::TenantId,
        number: &str,
    ) -> Result<engine::PartyId, NotCalled> {
        let n = self.tenants.iter().position(|t| t.id == tenant).ok_or(NotCalled::Nobody)?;
        let meaning = &self.tenants[n].meaning;
        let to = match meaning.gate().outward(number) {
            Ok(to) => to,
            Err(not_called) => {
                let (name, why) = (&meaning.tenant, not_called.to_string());
                tracing::warn!(
                    event = "outside_refused",
                    tenant = name,
                    why,
                    "a call to the outside was refused"
                );
                self.security(now, Some(tenant), Kind::TollRefused, serde_json::json!({"why": why}));
                return Err(not_called);
            }
        };
        let (number, destination) = (Secret::new(to.number), to.classified.destination);
        let party = self.new_party(n, &number, &Secret::default());
        self.tenants[n].remember(party, number);
        self.tell(now, n, Event::PartyKnown { party, destination });
        Ok(party)
    }

    /// The page that an agent's desk opens for the call that rings or talks, as the queue says; with the caller's number in
    /// it, so it is told to nobody but the one who asks for this agent.
    pub fn screen_pop(&self, tenant: store::TenantId, agent: engine::AgentId) -> Option<Secret<String>> {
        let t = self.tenant(tenant)?;
        let call = match t.engine.agents().get(&agent)?.state {
            engine::AgentState::Offered { call, .. } | engine::AgentState::Talking { call, .. } => call,
            _ => return None,
        };
        let c = t.engine.calls().get(&call)?;
        let queue = c.queue?;
        let leg = c.caller_leg().and_then(|l| t.legs.get(&l));
        let fill = |blank| match blank {
            // What the page knows of the number would say who it is.
            Blank::Caller => {
                leg.map(|l| l.address.expose_secret().clone()).filter(|address| !t.has_objected(address))
            }
            Blank::Slot(slot) => {
                leg.and_then(|l| l.keyed.slots.get(&slot)).map(|d| d.expose_secret().to_string())
            }
            Blank::Call => Some(crate::view::call_id(call)),
            Blank::Queue => Some(t.meaning.names.of("Queue", queue.0)),
        };
        Some(t.meaning.screen_pops.get(&queue)?.fill(true, &fill))
    }

    /// Asks another system about a call.
    pub(super) fn look_up(&mut self, now: Now, tenant: usize, ticket: Ticket, leg: LegId, look_up: LookUpId) {
        let t = &self.tenants[tenant];
        let Some(l) = t.legs.get(&leg) else { return };
        let caller = l.address.clone();
        let digits = l.keyed.slots.iter().map(|(slot, digits)| (*slot, digits.clone())).collect();
        let request = Request::LookUp { ticket, look_up, caller, digits };
        self.ask_outside(now, tenant, request);
    }

    /// Passes secret digits on. They are gone from here then.
    pub(super) fn pass_secret(
        &mut self,
        now: Now,
        tenant: usize,
        ticket: Ticket,
        leg: LegId,
        secure: SecureId,
    ) {
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return };
        let digits = std::mem::take(&mut l.keyed.secret);
        self.ask_outside(now, tenant, Request::Pass { ticket, secure, digits });
    }
}
