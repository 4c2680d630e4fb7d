//! A call comes in: from which trunk, to which number, by whom, with which audio.

use crate::adapt::dialing::{OF_PHONES, codecs_of, session_timer_of};
use crate::adapt::keys::Keyed;
use crate::adapt::location::Location;
use crate::adapt::phones::{Sender, user_of};
use crate::adapt::switch::{Now, Switch};
use crate::adapt::tenant_door::{DoorLeg, TenantDoor};
use crate::sip_tls::is_wanted;
use crate::tenant::dialling::Dialled;
use crate::tenant::meaning::contains;
use crate::tenant::objects::CalledIn;
use crate::tenant::srtp::Terms;
use engine::{AgentId, Event, LegEnd, NumberId, PartyId, To, TrunkId};
use media::leg::Learning;
use media::negotiate::{Codec, Direction, LocalSession};
use media::sdp::SessionDescription;
use redact::Secret;
use sip::{Destination, Incoming, Message, Name, Transport, Uri};

/// What the audio of a leg that called us may be.
#[derive(Clone, Copy)]
pub(super) struct Audio<'a> {
    /// It may come from elsewhere than signalled.
    pub(super) nat: bool,
    /// In which codecs, the preferred first.
    pub(super) codecs: &'a [Codec],
    /// Whether it is protected, and ICE is spoken.
    pub(super) srtp: Terms,
}

/// Who called.
struct Caller {
    party: PartyId,
    /// Number or address; empty where it is withheld.
    address: Secret<String>,
    /// Name; empty where there is none.
    display: Secret<String>,
}

/// A leg that called us.
struct Begun<'a> {
    audio: Audio<'a>,
    caller: Caller,
    /// As the engine is told of it.
    event: Event,
    /// Whether it may be answered, and ports are to be opened.
    known: bool,
}

impl Switch {
    pub(super) fn on_incoming(&mut self, now: Now, incoming: Incoming) {
        let Incoming { call, from, replaces, message } = incoming;
        let (sender, found) = match self.canary_trunk(from.addr) {
            Some(found) => (Sender::NoPhone, Some(found)),
            None => (self.sender(now, call, from, &message), self.trunk_of(from, message.target())),
        };
        let (tenant, trunk, nat) = match (sender, found) {
            (Sender::Asked, _) => return,
            (Sender::Of(tenant, agent), _) => {
                return match replaces {
                    Some(other) => self.on_pickup(now, (tenant, agent), call, other, &message),
                    None => self.on_own_phone(now, tenant, agent, call, from, &message),
                };
            }
            (Sender::NoPhone, Some(found)) => match replaces {
                Some(other) => return self.on_trunk_replaces(now, found, call, other, &message),
                None => found,
            },
            (Sender::NoPhone, None) => {
                self.strangers += 1;
                self.endpoint.reject(now.sip(), call, 403, "");
                return;
            }
        };
        if self.journal_stalled {
            return self.refuse_call(now, call, 503);
        }
        if let Some(agent) = self.greet_teams(now, (tenant, trunk), call, &message) {
            return self.on_teams_user(now, (tenant, trunk), agent, call, from, &message);
        }
        let for_help = self.calls_for_help(tenant, trunk, &message);
        let number = match for_help {
            Some(_) => None,
            None => self.number_of(tenant, trunk, &message),
        };
        let passed = match number {
            None if for_help.is_some() => for_help,
            None => self.passes_on(tenant, trunk, &message),
            Some(_) => None,
        };
        // Somebody may need help: such a call is never one too many.
        let classes = &self.tenants[tenant].meaning.classes;
        let help = passed.as_ref().is_some_and(|(_, to)| classes.is_emergency(to.number().expose_secret()));
        if !help && self.refuse_if_full(now, tenant, trunk, call) {
            return;
        }
        let number = number.or(passed.as_ref().map(|(number, _)| *number));
        let trusted = self.tenants[tenant].meaning.trunk_plan(trunk).is_some_and(|t| t.trust_identity);
        let (address, display) = caller_of(&message, trusted);
        let address = Secret::new(self.tenants[tenant].meaning.caller(trunk, address.expose_secret()));
        let party = self.new_party(tenant, &address, &display);
        let (facts, objected) = self.facts_of(tenant, &address);
        let known = number.is_some();
        let arrived = match objected {
            _ if help => Event::HelpCalled { number, caller: party, trunk, facts, objected },
            true => Event::ObjectorArrived { number, caller: party, trunk, facts },
            false => Event::CallArrived { number, caller: party, trunk, facts },
        };
        let plan = self.tenants[tenant].meaning.trunk_plans.iter().find(|plan| plan.id == trunk);
        // What is offered is taken unless the trunk says otherwise.
        if let Some(timer) = plan.map(session_timer_of) {
            self.endpoint.set_session_timer_of(call, timer);
        }
        let codecs = match plan.filter(|plan| !plan.codecs.is_empty()) {
            Some(plan) => codecs_of(plan),
            None => Codec::ALL.to_vec(),
        };
        let Some(srtp) = plan.map_or(Some(Terms::default()), |plan| plan.srtp.towards(&from)) else {
            return self.refuse_saying(now, call, 488, "keys of audio need TLS");
        };
        let audio = Audio { nat, codecs: &codecs, srtp };
        let caller = Caller { party, address, display };
        self.begin_leg(now, tenant, call, &message, Begun { audio, caller, event: arrived, known });
        self.is_behind_teams(tenant, trunk, call);
        self.came_over(tenant, trunk, call);
        let before = if trusted { self.was_for(tenant, trunk, &message) } else { Secret::default() };
        let leg = self.by_sip.get(&call).map(|(_, leg)| *leg);
        if let Some(l) = leg.and_then(|leg| self.tenants[tenant].legs.get_mut(&leg)) {
            l.passes = passed.map(|(_, to)| Box::new(to));
            l.was_for = before;
        }
        if trusted {
            self.tell_diverted(now, tenant, trunk, call, &message);
        }
    }

    /// Refuses a call of a trunk that bears as many calls already as it may, both ways together. Whether it did.
    pub(super) fn refuse_if_full(
        &mut self,
        now: Now,
        tenant: usize,
        trunk: TrunkId,
        call: sip::CallId,
    ) -> bool {
        let t = &self.tenants[tenant];
        let Some(most) = self.carriers.full(t.id, trunk) else { return false };
        let name = &t.meaning.tenant;
        tracing::warn!(event = "trunk_full", tenant = name, trunk = trunk.0, most, "a call was refused");
        self.refuse_saying(now, call, 503, "the trunk bears as many calls as it may");
        true
    }

    /// A call that came over a trunk counts there until it is over.
    pub(super) fn came_over(&mut self, tenant: usize, trunk: TrunkId, call: sip::CallId) {
        let t = &mut self.tenants[tenant];
        let leg = self.by_sip.get(&call).and_then(|(_, leg)| t.legs.get_mut(leg));
        if let Some(l) = leg {
            l.came_over = Some(trunk);
            self.carriers.call_came(t.id, trunk);
        }
    }

    // Whom the call was for first, if the trunk says so and it is not to be kept from us.
    fn tell_diverted(&mut self, now: Now, tenant: usize, trunk: TrunkId, call: sip::CallId, m: &Message) {
        let Some(first) = sip::diverted_from(m).pop().filter(|d| !d.withheld) else { return };
        let number = self.tenants[tenant].meaning.caller(trunk, first.address.expose_secret());
        // A call that was refused already is in no need of it.
        let leg = self.by_sip.get(&call).map(|(_, leg)| *leg);
        let Some(call) = leg.and_then(|leg| self.tenants[tenant].legs.get(&leg)).map(|l| l.call) else {
            return;
        };
        if !number.is_empty() {
            let first = self.new_party(tenant, &Secret::new(number), &first.display);
            self.tell(now, tenant, Event::CallDiverted { call, first });
        }
    }

    // Somebody of ours calls: a colleague, one of our numbers, or somebody outside.
    fn on_own_phone(
        &mut self,
        now: Now,
        tenant: usize,
        agent: AgentId,
        call: sip::CallId,
        from: Destination,
        m: &Message,
    ) {
        if self.journal_stalled {
            return self.refuse_call(now, call, 503);
        }
        let meaning = &self.tenants[tenant].meaning;
        let account = meaning.accounts.values().find(|phone| phone.agent == agent).map(|phone| phone.srtp);
        let rule = account.or_else(|| meaning.phones.get(&agent).map(|phone| phone.srtp)).unwrap_or_default();
        let Some(srtp) = rule.towards(&from) else {
            return self.refuse_saying(now, call, 488, "keys of audio need TLS");
        };
        // Behind a router or not, its audio comes from where it sends.
        let audio = Audio { nat: true, codecs: &OF_PHONES, srtp };
        self.agent_calls(now, (tenant, agent), call, (m, m.target()), audio);
    }

    /// A call of an agent's own begins, from a telephone or from Teams.
    pub(super) fn agent_calls(
        &mut self,
        now: Now,
        (tenant, agent): (usize, AgentId),
        call: sip::CallId,
        (m, target): (&Message, &[u8]),
        audio: Audio<'_>,
    ) {
        if !self.may_call(tenant, agent, target) {
            return self.refuse_saying(now, call, 403, "disabled in the directory");
        }
        let to = match self.dialled(now, tenant, target) {
            Ok(to) => to,
            Err((code, why)) => return self.refuse_saying(now, call, code, &why),
        };
        let meaning = &self.tenants[tenant].meaning;
        let (own, display) = caller_of(m, false);
        // Colleagues see the number by which they can call back.
        let address = meaning.extension(agent).map_or(own, |number| Secret::new(number.to_string()));
        let party = self.new_party(tenant, &address, &display);
        let (facts, _) = self.facts_of(tenant, &address);
        let called = Event::AgentCalled { agent, caller: party, number: None, to, facts };
        let caller = Caller { party, address, display };
        self.begin_leg(now, tenant, call, m, Begun { audio, caller, event: called, known: true });
    }

    /// Whom a telephone of ours dialled; else the SIP status code and why not.
    pub(super) fn dialled(&mut self, now: Now, tenant: usize, uri: &[u8]) -> Result<To, (u16, String)> {
        let id = self.tenants[tenant].id;
        let meaning = &self.tenants[tenant].meaning;
        let user = Uri::parse(uri).map_err(|_| (484, "Address Incomplete".to_string()))?;
        let user = std::str::from_utf8(user.user_part()).map_err(|_| (404, String::new()))?;
        if let Some(phone) = meaning.accounts.get(user) {
            return Ok(To::Agent(phone.agent));
        }
        let dialled = meaning.dialling.read(user, &meaning.dial_plan, &meaning.classes);
        match dialled.map_err(|why| (404, why.to_string()))? {
            Dialled::Colleague(agent) => Ok(To::Agent(agent)),
            Dialled::Own(number) => Ok(To::Number(number)),
            Dialled::Emergency(number) | Dialled::Outside(number) | Dialled::Short(number) => {
                let party = self.party(now, id, &number).map_err(|why| (403, why.to_string()))?;
                Ok(To::Party(party))
            }
        }
    }

    /// The call that says where the audio of a call is carried: whatever may be joined later is carried together.
    pub(super) fn home(&self, tenant: usize, call: engine::CallId) -> engine::CallId {
        self.tenants[tenant].engine.calls().get(&call).map_or(call, |c| c.home())
    }

    // A leg that called us, as the engine sees it from now on.
    fn begin_leg(&mut self, now: Now, tenant: usize, call: sip::CallId, message: &Message, begun: Begun<'_>) {
        let Begun { audio, caller: Caller { party, mut address, mut display }, event, known } = begun;
        let t = &self.tenants[tenant];
        if t.has_objected(address.expose_secret()) {
            // The number as it came, and nobody recognised by it.
            display = Secret::default();
        }
        if t.is_restricted(address.expose_secret()) {
            // Whose data is restricted is shown to nobody, on no telephone and in no look-up.
            (address, display) = (Secret::default(), Secret::default());
        }
        let leg = self.tenants[tenant].engine.next_leg();
        let max_forwards =
            message.value(Name::MaxForwards).and_then(|v| std::str::from_utf8(v).ok()?.parse().ok());
        self.belongs(call, tenant, leg);
        self.tenants[tenant].legs.insert(
            leg,
            DoorLeg {
                // Known once the engine has seen it.
                call: engine::CallId(0),
                sip: Some(call),
                browser: None,
                media: None,
                session: None,
                answer: Vec::new(),
                negotiated: None,
                offer_is_ours: message.session_description().is_empty(),
                learning: if audio.nat { Learning::FirstPacket } else { Learning::Never },
                confirmed: false,
                rings: false,
                quality: None,
                ending: false,
                held: false,
                address,
                display,
                party,
                max_forwards: max_forwards.unwrap_or(70u8).saturating_sub(1).min(69),
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
                location: Location::of(message).map(Box::new),
                hears: Box::default(),
            },
        );
        self.tell(now, tenant, event);
        let engine_call = self.tenants[tenant].engine.legs().get(&leg).map(|l| l.call).unwrap_or_default();
        if let Some(l) = self.tenants[tenant].legs.get_mut(&leg) {
            l.call = engine_call;
        }
        if known {
            self.prepare_answer(now, tenant, leg, engine_call, audio, message.session_description());
            self.tell_hold(now, tenant, leg);
        }
    }

    // Ports and our answer, before anybody knows whether the call is answered: a call without common audio ends here.
    fn prepare_answer(
        &mut self,
        now: Now,
        tenant: usize,
        leg: engine::LegId,
        call: engine::CallId,
        audio: Audio<'_>,
        offer: &[u8],
    ) {
        let Some((media, rtp)) = self.door.open(self.home(tenant, call)) else {
            return self.refuse_media(now, tenant, leg, 503, LegEnd::Failed);
        };
        self.by_media.insert(media, (tenant, leg));
        // Known before anything can fail: its ports are free again with the leg.
        if let Some(l) = self.tenants[tenant].legs.get_mut(&leg) {
            l.media = Some(media);
        }
        let mut session = LocalSession::new(rtp, now.mono, audio.codecs, true);
        if !self.agree_terms(&mut session, media, audio.srtp) {
            return self.refuse_media(now, tenant, leg, 503, LegEnd::Failed);
        }
        let mut answered = Ok(None);
        if !offer.is_empty() {
            answered = SessionDescription::parse(offer)
                .map_err(Into::into)
                .and_then(|offer| session.answer(&offer, Direction::SendRecv))
                .map(Some);
        }
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return };
        l.session = Some(session);
        match answered {
            Ok(Some((answer, negotiated))) => {
                l.answer = answer.write().into_bytes();
                l.negotiated = Some(Box::new(negotiated));
            }
            Ok(None) => {}
            Err(_) => self.refuse_media(now, tenant, leg, 488, LegEnd::NoCommonMedia),
        }
    }

    fn refuse_media(&mut self, now: Now, tenant: usize, leg: engine::LegId, code: u16, end: LegEnd) {
        if let Some(l) = self.tenants[tenant].legs.get(&leg) {
            if let Some(sip) = l.sip {
                self.refuse_call(now, sip, code);
            }
        }
        self.leg_ended(now, tenant, leg, end);
    }

    /// A trunk's neighbour may be asking whether we are there: that it does is shown to whoever looks after the trunk.
    pub(super) fn note_asking(&mut self, now: Now, from: Destination, bytes: &[u8]) {
        let Some(rest) = bytes.strip_prefix(b"OPTIONS ") else { return };
        let target = rest.split(|byte| *byte == b' ').next().unwrap_or_default();
        if let Some((tenant, trunk, _)) = self.trunk_of(from, target) {
            let tenant = self.tenants[tenant].id;
            self.carriers.was_asked(now, tenant, trunk);
        }
    }

    /// The narrowest network that the address lies in decides.
    fn trunk_of(&self, from: Destination, target: &[u8]) -> Option<(usize, TrunkId, bool)> {
        let ip = from.addr.ip();
        let host = Uri::parse(target).map(|uri| uri.host).unwrap_or_default();
        let all = self
            .tenants
            .iter()
            .enumerate()
            .flat_map(|(n, t)| t.meaning.trunks.iter().map(move |rule| (n, rule)));
        let by_network = all
            .filter(|(n, rule)| contains(rule.network, ip) && self.is_proven(*n, rule.id, from))
            // Of several tenants whom Teams calls from the same networks, it names one.
            .filter(|(n, rule)| {
                let plan = self.tenants[*n].meaning.trunk_plan(rule.id);
                let teams = plan.and_then(|plan| plan.teams.as_ref());
                teams.is_none_or(|teams| host.eq_ignore_ascii_case(teams.fqdn.as_bytes()))
            })
            .max_by_key(|(_, rule)| rule.network.1)
            .map(|(n, rule)| (n, rule.id, rule.nat));
        // A carrier also calls from where we call it.
        by_network.or_else(|| {
            let (id, trunk, nat) = self.carriers.is_at(ip)?;
            let tenant = self.tenants.iter().position(|t| t.id == id)?;
            let is_teams = self.tenants[tenant].meaning.trunk_plan(trunk).is_some_and(|t| t.teams.is_some());
            (!is_teams && self.is_proven(tenant, trunk, from)).then_some((tenant, trunk, nat))
        })
    }

    /// Whether a message came as the trunk wants it: where names are asked for, over TLS from whoever proved one.
    fn is_proven(&self, tenant: usize, trunk: TrunkId, from: Destination) -> bool {
        let plans = &self.tenants[tenant].meaning.trunk_plans;
        let wanted = plans.iter().find(|plan| plan.id == trunk).map_or(&[][..], |plan| &plan.tls_names);
        if wanted.is_empty() {
            return true;
        }
        let connection = from.connection.filter(|_| from.transport == Transport::Tls);
        let proven = connection.and_then(|connection| self.proven.get(&connection));
        proven.is_some_and(|names| wanted.iter().any(|w| names.iter().any(|name| is_wanted(w, name))))
    }

    // The number called, from where the trunk says that it stands.
    fn number_of(&self, tenant: usize, trunk: TrunkId, m: &Message) -> Option<NumberId> {
        let meaning = &self.tenants[tenant].meaning;
        let plan = meaning.trunk_plans.iter().find(|plan| plan.id == trunk);
        let user = match plan.map(|plan| plan.called_in).unwrap_or_default() {
            CalledIn::RequestUri => None,
            CalledIn::To => m.value(Name::To).and_then(user_of),
            CalledIn::PCalledPartyId => sip::values_of(m, "P-Called-Party-ID").next().and_then(user_of),
        };
        // A message without that header is read as any other.
        let user = match user {
            Some(user) => user,
            None => String::from_utf8(Uri::parse(m.target()).ok()?.user_part().to_vec()).ok()?,
        };
        meaning.called(trunk, &user).0
    }
}

impl TenantDoor {
    /// The number or address of somebody in an open call, or whom we may have to call; of nobody else.
    pub fn address_of(&self, party: PartyId) -> Option<&Secret<String>> {
        // A leg that is rung for them belongs to them too, and has no address of its own.
        let mut of_them = self.legs.values().filter(|l| l.party == party).map(|l| &l.address);
        let in_call = of_them.find(|address| !address.expose_secret().is_empty());
        in_call.or_else(|| self.parties.get(&party))
    }

    /// The name that somebody in an open call gave; of nobody else.
    pub fn name_of(&self, party: PartyId) -> Option<&Secret<String>> {
        let mut of_them = self.legs.values().filter(|l| l.party == party).map(|l| &l.display);
        of_them.find(|name| !name.expose_secret().is_empty())
    }
}

/// Number or address, and name, of whoever calls: by the word of the network before us where that is trusted. Both empty
/// if they are to be withheld.
fn caller_of(m: &Message, trusted: bool) -> (Secret<String>, Secret<String>) {
    let caller = if trusted { sip::caller(m) } else { sip::claimed(m) };
    match caller.withheld {
        true => (Secret::default(), Secret::default()),
        false => (caller.address, caller.display),
    }
}
