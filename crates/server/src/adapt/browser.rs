//! Agents' browsers as their phones: who is connected, which leg rings there, what the page asks for, and how long a page
//! that is loaded anew is waited for.
//!
//! No SIP is spoken with a browser. The switch rings it by a notice on the live page's WebSocket; the page answers,
//! declines, holds and hangs up through the API, and that becomes the same events that a telephone's messages become.

use crate::adapt::dialing::Order;
use crate::adapt::endpoint::AgentEndpoint;
use crate::adapt::keys::Keyed;
use crate::adapt::media_door::MediaCommand;
use crate::adapt::phone::{PhoneId, PhoneReport, PhoneState, Reply};
use crate::adapt::switch::{Now, Switch};
use crate::adapt::tenant_door::DoorLeg;
use crate::view;
use engine::{AgentId, CallId, Event, LegEnd, LegId, Show};
use media::browser::{GONE_AFTER, OfferError, Peer, prefer};
use media::leg::Learning;
use media::negotiate::{Codec, Negotiated};
use redact::Secret;
use serde_json::{Value, json};
use std::collections::HashMap;
use store::TenantId;

/// A page that is not connected is waited for so long, in microseconds; then its leg ends.
const KEPT_FOR: u64 = 20_000_000;

/// Who is at the other end, as far as the agent may know.
#[derive(Clone, Debug, Default)]
pub struct Who {
    /// Number or address; empty if withheld.
    pub address: Secret<String>,
    /// Name that came with the call.
    pub name: Secret<String>,
}

/// A leg that rings or talks in a browser.
#[derive(Clone, Debug)]
struct Rung {
    leg: LegId,
    call: CallId,
    answered: bool,
    held: bool,
    agreed: Codec,
    who: Who,
}

struct Browser {
    tenant: usize,
    agent: AgentId,
    edition: u32,
    agreed: Negotiated,
    /// Since when nothing comes from it; `None` while it is connected.
    lost: Option<u64>,
    rung: Option<Rung>,
    /// The call that the agent asked for in this page: it is not rung for.
    asked: Option<CallId>,
}

/// All browsers that are agents' phones, and what agents chose.
#[derive(Default)]
pub(super) struct Browsers {
    last: u64,
    known: HashMap<PhoneId, Browser>,
    by_agent: HashMap<(usize, AgentId), PhoneId>,
    pub(super) chosen: HashMap<(usize, AgentId), AgentEndpoint>,
}

impl Browsers {
    /// When the first page has been waited for long enough, on the clock of media.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.known.values().filter_map(|b| b.lost).min().map(|lost| lost.saturating_add(KEPT_FOR))
    }
}

/// How an agent's browser stands.
#[derive(Clone, Debug)]
pub struct SoftphoneState {
    /// Names the page's registration; another page's has another name.
    pub id: String,
    /// Whether audio can flow.
    pub connected: bool,
    /// The leg and the call that ring or talk there.
    pub rung: Option<(LegId, CallId)>,
    /// Whether it was answered.
    pub answered: bool,
    /// Whether the agent holds.
    pub held: bool,
    /// Who is at the other end.
    pub who: Who,
}

/// Why something about an agent's browser is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneRefused {
    /// There is no such agent.
    NoAgent,
    /// No browser of the agent's is connected, or another page's took its place.
    NoBrowser,
    /// Nothing rings or talks there.
    NoCall,
    /// There are too many browsers already.
    Full,
    /// The number may not be called.
    Number,
    /// The agent has no SIP phone.
    NoPhone,
    /// The agent chose the browser, and no page is connected.
    NoPage,
}

fn name(phone: PhoneId, edition: u32) -> String {
    format!("p{}-{edition}", phone.0)
}

impl Switch {
    pub(super) fn agent_at(&self, tenant: TenantId, agent: AgentId) -> Result<usize, PhoneRefused> {
        let place = self.tenants.iter().position(|t| t.id == tenant);
        place.filter(|n| self.tenants[*n].engine.agents().contains_key(&agent)).ok_or(PhoneRefused::NoAgent)
    }

    /// The browser of an agent; with `id` only if it is that page's.
    fn browser_of(
        &self,
        tenant: TenantId,
        agent: AgentId,
        id: Option<&str>,
    ) -> Result<PhoneId, PhoneRefused> {
        let n = self.agent_at(tenant, agent)?;
        let phone = self.browsers.by_agent.get(&(n, agent)).copied().ok_or(PhoneRefused::NoBrowser)?;
        let edition = self.browsers.known.get(&phone).map(|b| b.edition).ok_or(PhoneRefused::NoBrowser)?;
        let same = id.is_none_or(|id| id == name(phone, edition));
        same.then_some(phone).ok_or(PhoneRefused::NoBrowser)
    }

    /// A page becomes an agent's phone, in place of an earlier one; a leg that rings or talks there goes on. Gives the
    /// name of the registration.
    ///
    /// # Errors
    /// When there is no such agent, or no room.
    pub fn connect_browser(
        &mut self,
        now: Now,
        tenant: TenantId,
        agent: AgentId,
        peer: Box<Peer>,
    ) -> Result<String, PhoneRefused> {
        let n = self.agent_at(tenant, agent)?;
        let agreed = peer.negotiated();
        let known = self.browsers.by_agent.get(&(n, agent)).copied();
        let phone = known.unwrap_or(PhoneId(self.browsers.last + 1));
        let before = self.browsers.known.get(&phone);
        let edition = before.map_or(0, |b| b.edition).wrapping_add(1);
        if !self.door.connect(phone, edition, peer) {
            return Err(PhoneRefused::Full);
        }
        if let Some(before) = before {
            let old = name(phone, before.edition);
            self.tell_page(n, agent, "replaced", json!({"softphone": old}));
        }
        self.browsers.last = self.browsers.last.max(phone.0);
        self.browsers.by_agent.insert((n, agent), phone);
        let rung = self.browsers.known.get_mut(&phone).and_then(|b| b.rung.take());
        // Until it is connected it is waited for like one that is gone.
        let browser = Browser { tenant: n, agent, edition, agreed, lost: Some(now.mono), rung, asked: None };
        let answered = browser.rung.as_ref().filter(|r| r.answered).map(|r| r.leg);
        self.browsers.known.insert(phone, browser);
        if let Some(leg) = answered {
            self.point_browser(phone, leg);
        }
        Ok(name(phone, edition))
    }

    /// A later offer of a page; `reply` takes the answer, on another thread.
    ///
    /// # Errors
    /// When it is not the page that is the agent's phone. `reply` is dropped then.
    pub fn reoffer_browser(
        &mut self,
        tenant: TenantId,
        agent: AgentId,
        id: &str,
        offer: Vec<u8>,
        reply: Reply,
    ) -> Result<(), PhoneRefused> {
        let phone = self.browser_of(tenant, agent, Some(id))?;
        match self.browsers.known.get(&phone).map(|b| b.edition) {
            Some(edition) => self.door.reoffer(phone, edition, offer, reply),
            None => reply(Err(OfferError::Closed)),
        }
        Ok(())
    }

    /// How an agent's browser stands; `None` when none is connected.
    ///
    /// # Errors
    /// When there is no such agent.
    pub fn softphone(
        &self,
        tenant: TenantId,
        agent: AgentId,
    ) -> Result<Option<SoftphoneState>, PhoneRefused> {
        let phone = match self.browser_of(tenant, agent, None) {
            Ok(phone) => phone,
            Err(PhoneRefused::NoBrowser) => return Ok(None),
            Err(refused) => return Err(refused),
        };
        Ok(self.browsers.known.get(&phone).map(|b| {
            let rung = b.rung.as_ref();
            SoftphoneState {
                id: name(phone, b.edition),
                connected: b.lost.is_none(),
                rung: rung.map(|r| (r.leg, r.call)),
                answered: rung.is_some_and(|r| r.answered),
                held: rung.is_some_and(|r| r.held),
                who: rung.map(|r| r.who.clone()).unwrap_or_default(),
            }
        }))
    }

    /// The agent answers in the browser.
    ///
    /// # Errors
    /// When nothing rings there.
    pub fn browser_answers(
        &mut self,
        now: Now,
        tenant: TenantId,
        agent: AgentId,
    ) -> Result<(), PhoneRefused> {
        let phone = self.browser_of(tenant, agent, None)?;
        let rings = self.rung(phone)?;
        if rings.answered {
            return Err(PhoneRefused::NoCall);
        }
        self.answered_in_browser(now, phone);
        self.pump(now);
        Ok(())
    }

    /// The agent declines what rings in the browser, or hangs up.
    ///
    /// # Errors
    /// When nothing rings or talks there.
    pub fn browser_hangs_up(
        &mut self,
        now: Now,
        tenant: TenantId,
        agent: AgentId,
    ) -> Result<(), PhoneRefused> {
        let phone = self.browser_of(tenant, agent, None)?;
        let Rung { leg, answered, .. } = *self.rung(phone)?;
        let n = self.agent_at(tenant, agent)?;
        self.leg_ended(now, n, leg, if answered { LegEnd::FarHungUp } else { LegEnd::Declined });
        self.pump(now);
        Ok(())
    }

    /// The agent holds in the browser, or takes the other end back.
    ///
    /// # Errors
    /// When nobody talks there.
    pub fn browser_holds(
        &mut self,
        now: Now,
        tenant: TenantId,
        agent: AgentId,
        held: bool,
    ) -> Result<(), PhoneRefused> {
        let phone = self.browser_of(tenant, agent, None)?;
        let n = self.agent_at(tenant, agent)?;
        let rung = self.browsers.known.get_mut(&phone).and_then(|b| b.rung.as_mut());
        let rung = rung.filter(|r| r.answered).ok_or(PhoneRefused::NoCall)?;
        let leg = rung.leg;
        if std::mem::replace(&mut rung.held, held) != held {
            self.tell(now, n, Event::LegHeld { leg, held });
            self.pump(now);
        }
        Ok(())
    }

    /// A page is no longer the agent's phone; what rings or talks there ends.
    ///
    /// # Errors
    /// When it is not the page that is the agent's phone.
    pub fn disconnect_browser(
        &mut self,
        now: Now,
        tenant: TenantId,
        agent: AgentId,
        id: &str,
    ) -> Result<(), PhoneRefused> {
        let phone = self.browser_of(tenant, agent, Some(id))?;
        self.forget_browser(now, phone, LegEnd::FarHungUp);
        self.pump(now);
        Ok(())
    }

    /// The agent asked for this call in that page: when the browser is rung for it, it answers at once. One that rings or
    /// talks is not rung, and nothing is remembered for later.
    pub fn asked_in_browser(&mut self, tenant: TenantId, agent: AgentId, id: &str, call: CallId) {
        let browser = self.browser_of(tenant, agent, Some(id)).ok();
        let browser = browser.and_then(|phone| self.browsers.known.get_mut(&phone));
        if let Some(browser) = browser.filter(|b| b.rung.is_none()) {
            browser.asked = Some(call);
        }
    }

    /// A media thread reports about a browser.
    pub fn on_phone(&mut self, now: Now, report: PhoneReport) {
        let Some(browser) = self.browsers.known.get_mut(&report.phone) else { return };
        if browser.edition != report.edition {
            return;
        }
        browser.lost = match report.what {
            PhoneState::Here => None,
            PhoneState::Gone => Some(browser.lost.unwrap_or(now.mono.saturating_sub(GONE_AFTER))),
            PhoneState::Over => Some(browser.lost.unwrap_or(now.mono)),
        };
    }

    /// Pages that were waited for long enough are no longer anybody's phone.
    pub(super) fn forget_lost_browsers(&mut self, now: Now) {
        let lost = |b: &Browser| b.lost.is_some_and(|lost| now.mono >= lost.saturating_add(KEPT_FOR));
        let gone: Vec<PhoneId> =
            self.browsers.known.iter().filter(|(_, b)| lost(b)).map(|(phone, _)| *phone).collect();
        for phone in gone {
            let answered = self.rung(phone).is_ok_and(|r| r.answered);
            let end = if answered { LegEnd::MediaTimeOut } else { LegEnd::Unreachable };
            self.forget_browser(now, phone, end);
        }
    }

    fn rung(&self, phone: PhoneId) -> Result<&Rung, PhoneRefused> {
        self.browsers.known.get(&phone).and_then(|b| b.rung.as_ref()).ok_or(PhoneRefused::NoCall)
    }

    fn forget_browser(&mut self, now: Now, phone: PhoneId, end: LegEnd) {
        let Some(browser) = self.browsers.known.remove(&phone) else { return };
        self.browsers.by_agent.remove(&(browser.tenant, browser.agent));
        if let Some(rung) = browser.rung {
            self.leg_ended(now, browser.tenant, rung.leg, end);
        }
        self.door.disconnect(phone);
    }

    /// Rings an agent where the agent chose to be rung.
    pub(super) fn dial_agent(&mut self, now: Now, tenant: usize, leg: LegId, agent: AgentId, show: Show) {
        if self.tenants[tenant].barred.contains(&agent) {
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::Unreachable });
        }
        let connected = self.browsers.by_agent.get(&(tenant, agent)).copied();
        let chosen = self.browsers.chosen.get(&(tenant, agent)).cloned().unwrap_or_default();
        match (chosen, connected) {
            (AgentEndpoint::Any | AgentEndpoint::Browser, Some(phone)) => {
                self.ring_browser(now, tenant, leg, phone, show)
            }
            (AgentEndpoint::Browser, None) => {
                self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::Unreachable })
            }
            (AgentEndpoint::Any | AgentEndpoint::Phone, _) => {
                let from = self.shown(tenant, show);
                let at_once = self.telephones(now, tenant, agent, &from);
                let then = match at_once.is_empty() {
                    true => self.in_teams(now, tenant, agent, show),
                    false => Default::default(),
                };
                self.ring(now, tenant, leg, Order { at_once, then });
            }
            (AgentEndpoint::Number(number), _) => self.ring_at_number(now, tenant, leg, &number, show),
        }
    }

    fn ring_browser(&mut self, now: Now, tenant: usize, leg: LegId, phone: PhoneId, show: Show) {
        let t = &self.tenants[tenant];
        let refuse = |end| Event::LegEnded { leg, end };
        // The engine may have given the leg up while its journal was written: then nobody is rung.
        let wanted = t.engine.legs().get(&leg).filter(|l| l.state != engine::LegState::Ending);
        let Some(call) = wanted.map(|l| l.call) else {
            return self.tell(now, tenant, refuse(LegEnd::NearHungUp));
        };
        let Some(browser) = self.browsers.known.get(&phone).filter(|b| b.rung.is_none()) else {
            return self.tell(now, tenant, refuse(LegEnd::Busy));
        };
        let mut agreed = browser.agreed.clone();
        let other = t.engine.calls().get(&call).and_then(|c| c.caller_leg()).and_then(|l| t.legs.get(&l));
        if let Some(theirs) = other.and_then(|l| l.negotiated.as_ref()) {
            prefer(&mut agreed, theirs.codec);
        }
        let who = match show {
            Show::Leg(leg) => {
                let shown = t.legs.get(&leg);
                shown.map(|l| Who { address: l.address.clone(), name: l.display.clone() }).unwrap_or_default()
            }
            Show::Party(party) => {
                let address = t.parties.get(&party).cloned().unwrap_or_default();
                Who { address, name: Secret::default() }
            }
        };
        let party = t.engine.calls().get(&call).map(|c| c.caller).unwrap_or_default();
        let max_forwards = other.map_or(70, |l| l.max_forwards);
        let Some(media) = self.door.open_browser(self.home(tenant, call), phone) else {
            return self.tell(now, tenant, refuse(LegEnd::Failed));
        };
        self.by_media.insert(media, (tenant, leg));
        let codec = agreed.codec;
        self.tenants[tenant].legs.insert(
            leg,
            DoorLeg {
                call,
                sip: None,
                browser: Some(phone),
                media: Some(media),
                session: None,
                answer: Vec::new(),
                negotiated: Some(Box::new(agreed)),
                offer_is_ours: false,
                learning: Learning::Never,
                confirmed: true,
                rings: true,
                quality: None,
                ending: false,
                held: false,
                address: Secret::default(),
                display: Secret::default(),
                party,
                max_forwards,
                keyed: Keyed::default(),
                dialing: None,
                trunk: None,
                came_over: None,
                teams: None,
                successor: None,
                before: Vec::new(),
                asked_for_one: false,
                passes: None,
                last_word: None,
                was_for: Secret::default(),
                location: None,
                hears: Box::default(),
            },
        );
        let Some(browser) = self.browsers.known.get_mut(&phone) else { return };
        let asked = browser.asked.take() == Some(call);
        let (agent, rung) =
            (browser.agent, Rung { leg, call, answered: false, held: false, agreed: codec, who });
        browser.rung = Some(rung.clone());
        self.tell(now, tenant, Event::LegRinging { leg });
        let mut more = said_of(&rung);
        more["answered"] = asked.into();
        self.tell_page(tenant, agent, "ring", more);
        if asked {
            self.answered_in_browser(now, phone);
        }
    }

    fn answered_in_browser(&mut self, now: Now, phone: PhoneId) {
        let Some(browser) = self.browsers.known.get_mut(&phone) else { return };
        let Some(rung) = &mut browser.rung else { return };
        rung.answered = true;
        let (tenant, leg) = (browser.tenant, rung.leg);
        self.point_browser(phone, leg);
        self.tell(now, tenant, Event::LegAnswered { leg });
    }

    // Tells the media thread what is agreed with the page that is there now.
    fn point_browser(&mut self, phone: PhoneId, leg: LegId) {
        let Some(browser) = self.browsers.known.get(&phone) else { return };
        let (tenant, mut agreed) = (browser.tenant, browser.agreed.clone());
        if let Some(rung) = &browser.rung {
            prefer(&mut agreed, rung.agreed);
        }
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return };
        l.negotiated = Some(Box::new(agreed.clone()));
        if let Some(media) = l.media {
            let (negotiated, learning) = (Box::new(agreed), Learning::Never);
            self.door.send(MediaCommand::Remote { leg: media, negotiated, learning });
        }
    }

    /// A browser's leg is over: its page is told.
    pub(super) fn browser_released(&mut self, tenant: usize, leg: LegId, phone: PhoneId) {
        let Some(browser) = self.browsers.known.get_mut(&phone) else { return };
        let Some(rung) = browser.rung.take_if(|r| r.leg == leg) else { return };
        let agent = browser.agent;
        let more = json!({"leg": view::leg_id(rung.leg), "call": view::call_id(rung.call)});
        self.tell_page(tenant, agent, "released", more);
    }

    fn tell_page(&mut self, tenant: usize, agent: AgentId, what: &str, more: Value) {
        let t = &mut self.tenants[tenant];
        t.live.tell_agent(agent, what, more, &t.meaning);
    }
}

/// What a page is told of what rings there.
fn said_of(rung: &Rung) -> Value {
    let text = |secret: &Secret<String>| {
        let text = secret.expose_secret();
        if text.is_empty() { Value::Null } else { text.clone().into() }
    };
    json!({
        "leg": view::leg_id(rung.leg),
        "call": view::call_id(rung.call),
        "who": {"number": text(&rung.who.address), "name": text(&rung.who.name)},
        // What the page should send, so that nothing has to be translated.
        "codec": rung.agreed.name(),
    })
}
