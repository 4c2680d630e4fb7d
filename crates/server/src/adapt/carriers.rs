//! The far ends of trunks: registering at carriers, asking whether they are there, and what each bears at the moment.
//!
//! Calls never wait for a name to be resolved or a far end to be found out: that is done ahead, here, and a call uses what
//! is known when it begins.

use crate::adapt::dialing::{FarEnd, codecs_of};
use crate::adapt::far_side::{FarSide, destinations};
use crate::adapt::hops::Hops;
use crate::adapt::phones::Passwords;
use crate::adapt::switch::{Now, Switch};
use crate::adapt::trunk_told::{HealthChange, Told, ToldStatus};
use crate::adapt::unreached::{Failed, Unreached};
use crate::sip_tls::is_wanted;
use crate::tenant::Meaning;
use crate::tenant::objects::ProxyTransport;
use crate::tenant::srtp::Terms;
use crate::tenant::trunk::{ProxyTarget, TrunkPlan};
use crate::trunk_choice::{Bearing, Outcome, Pace};
use engine::{Refusal, TrunkId};
use media::negotiate::Codec;
use redact::Secret;
use serde::Serialize;
use sip::locate::{Answer, Locator, LocatorConfig, Place, Question, SearchId, Target, Way};
use sip::{
    Ask, AskId, Credentials, Destination, HopName, Local, Login, Message, Method, Register, Registered,
    Registration, RegistrationConfig, RegistrationState, Transport,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use store::TenantId;

/// A far end that gave no answer is left alone for this long where it is not asked by OPTIONS.
const LEFT_ALONE: Duration = Duration::from_secs(60);
/// The longest time that a far end may ask to be left alone, in seconds.
const LONGEST_ALONE_S: u32 = 3_600;
/// The soonest that a far end is asked again, and a name is looked up again.
pub(super) const SOONEST: Duration = Duration::from_secs(5);
/// How much is kept of why a connection failed, in characters.
const LONGEST_WHY: usize = 200;
/// When a name that could not be looked up is tried again.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// One trunk.
struct Carrier {
    plan: TrunkPlan,
    login: Option<Arc<Login>>,
    registration: Option<Registration>,
    sides: Vec<FarSide>,
    pace: Option<Pace>,
    calls: u32,
    /// Calls that came over it.
    came: u32,
    /// How calls were refused.
    told: Told,
    /// When it asked last whether we are there.
    asked_us: Option<sip::Time>,
}

/// A far end as it is spoken to.
pub(super) struct Reach {
    pub(super) to: Destination,
    /// Who we are there.
    pub(super) login: Option<Arc<Login>>,
    /// Audio may come from elsewhere than signalled.
    pub(super) nat: bool,
    /// Whether audio is protected, and ICE is spoken.
    pub(super) srtp: Terms,
    /// What it may be offered.
    pub(super) codecs: Vec<Codec>,
    /// Our Contact there, where it is another than usual.
    pub(super) contact: Option<Arc<str>>,
}

impl Reach {
    /// As a far end that is sent this.
    pub(super) fn far_end(
        self,
        uri: Secret<String>,
        from: Secret<String>,
        lines: Secret<String>,
        tried: Tried,
        number: Secret<String>,
    ) -> FarEnd {
        let Reach { to, login, nat, srtp, codecs, contact } = self;
        let (trunk, referred_by) = (Some(tried), Secret::default());
        FarEnd { to, uri, from, lines, referred_by, login, nat, srtp, codecs, contact, trunk, number }
    }
}

/// The far end that a call tries.
#[derive(Clone, Copy)]
pub(super) struct Tried {
    pub(super) trunk: TrunkId,
    /// The place of the far end in the trunk.
    pub(super) place: usize,
    /// Which of its addresses.
    pub(super) to: Destination,
}

/// What a request of ours was for.
enum Purpose {
    Options(TenantId, TrunkId),
    Register(TenantId, TrunkId, u64),
}

/// What a name is looked up for: the place of a far end, or the registrar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sought {
    Side(usize),
    Registrar,
}

/// One far end, whosever.
type Spot = (TenantId, TrunkId, Sought);

/// All trunks of all tenants.
pub(super) struct Carriers {
    all: BTreeMap<(TenantId, TrunkId), Carrier>,
    asked: HashMap<AskId, Purpose>,
    locals: Vec<Local>,
    seed: u64,
    locator: Locator,
    searches: BTreeMap<SearchId, Spot>,
    /// When names are looked up again.
    again: BTreeSet<(sip::Time, Spot)>,
    /// Names that far ends gave themselves in calls.
    pub(super) hops: Hops,
}

/// How a trunk stands, for people.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct TrunkStatus {
    /// Id of the trunk.
    pub trunk: String,
    /// Whether it is registered; missing where it does not register.
    pub registered: Option<bool>,
    /// What the carrier last said to a registration that it refused: a SIP status code; also while an earlier registration
    /// still lasts. Missing once one was granted.
    pub registration_refused: Option<u16>,
    /// Calls to the outside that go over it now.
    pub calls: u32,
    /// Its far ends, in the order of the configuration.
    pub far_ends: Vec<FarEndStatus>,
    /// How calls to Microsoft Teams were refused, the newest first; empty for other trunks.
    pub answers: Vec<ToldStatus>,
    /// Whether the neighbour is Microsoft Teams, which asks us each minute whether we are there.
    pub teams: bool,
    /// How many seconds ago the neighbour last asked whether we are there (OPTIONS); missing where it has not since the
    /// start.
    pub asked_us_seconds_ago: Option<u64>,
}

/// How a far end of a trunk stands.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct FarEndStatus {
    /// Host and port as configured.
    pub host: String,
    /// Whether calls can go there as far as is known.
    pub up: bool,
    /// For how many seconds it has been so.
    pub for_seconds: u64,
    /// The last answer to OPTIONS or a call: a SIP status code, 408 where none came; missing before the first.
    pub said: Option<u16>,
    /// It answers OPTIONS, and refuses us (401, 403, 407, 603): calls will hardly be taken.
    pub refuses: bool,
    /// Why nothing that we say gets there; missing where that is not known, and once something did.
    pub unreached: Option<Unreached>,
    /// Where `unreached` is `tls`: why, as the TLS library says it.
    pub why: Option<String>,
    /// When it came up and went down, the newest first.
    pub history: Vec<HealthChange>,
}

impl Carriers {
    pub(super) fn new(locals: Vec<Local>, seed: u64) -> Carriers {
        let way = |l: &Local| match l.transport {
            Transport::Udp => Way::Udp,
            Transport::Tcp => Way::Tcp,
            Transport::Tls => Way::Tls,
        };
        let config = LocatorConfig {
            ways: locals.iter().map(way).collect(),
            ipv4: locals.iter().any(|l| l.addr.is_ipv4()),
            ipv6: locals.iter().any(|l| l.addr.is_ipv6()),
        };
        Carriers {
            all: BTreeMap::new(),
            asked: HashMap::new(),
            locals,
            seed,
            locator: Locator::new(config, seed),
            searches: BTreeMap::new(),
            again: BTreeSet::new(),
            hops: Hops::default(),
        }
    }

    /// Looks a far end up whose address is not written down.
    fn look_up(&mut self, now: Now, spot: Spot) {
        let (tenant, trunk, sought) = spot;
        let Some(c) = self.all.get(&(tenant, trunk)) else { return };
        let target = match sought {
            Sought::Side(place) => c.plan.proxies.get(place),
            Sought::Registrar => c.plan.registration.as_ref().map(|r| &r.registrar),
        };
        let Some(target) = target.filter(|t| t.addr().is_none()) else { return };
        let way = target.transport.map(|t| match t {
            ProxyTransport::Udp => Way::Udp,
            ProxyTransport::Tcp => Way::Tcp,
            ProxyTransport::Tls => Way::Tls,
        });
        let Some(name) = Target::new(&target.host, target.port, way, false) else { return };
        match self.locator.locate(now.sip(), &name) {
            Some(search) => {
                self.searches.insert(search, spot);
            }
            None => {
                self.again.insert((now.sip() + LOOK_AGAIN, spot));
            }
        }
    }

    /// Takes in what was found.
    fn take_located(&mut self, now: Now) {
        while let Some(located) = self.locator.poll_located() {
            let Some(spot) = self.searches.remove(&located.search) else {
                self.hops.located(now.sip(), &located);
                continue;
            };
            let (tenant, trunk, sought) = spot;
            let Some(c) = self.all.get_mut(&(tenant, trunk)) else { continue };
            let at: Vec<Destination> = located.places.iter().map(Place::destination).collect();
            let next = if located.failed || at.is_empty() { now.sip() + LOOK_AGAIN } else { located.until };
            self.again.insert((next.max(now.sip() + SOONEST), spot));
            if at.is_empty() {
                tracing::warn!(
                    event = "name_not_found",
                    tenant = tenant.0,
                    trunk = c.plan.name,
                    failed = located.failed,
                    "the DNS has no address for a far end of a trunk"
                );
                if let Sought::Side(place) = sought {
                    if let Some(side) = c.sides.get_mut(place) {
                        side.is_nowhere(now, located.failed);
                    }
                    continue;
                }
                // What was known before is better than nothing while the DNS does not answer.
                if located.failed {
                    continue;
                }
            }
            match sought {
                Sought::Side(place) => {
                    if let Some(side) = c.sides.get_mut(place) {
                        side.is_at(now, at);
                    }
                }
                Sought::Registrar => {
                    if let Some(r) = &mut c.registration {
                        r.set_servers(now.sip(), at);
                    }
                }
            }
        }
    }

    /// Takes over a tenant's configuration. Trunks that stay as they were keep what is known of them.
    pub(super) fn configure(&mut self, now: Now, tenant: TenantId, meaning: &Meaning, passwords: &Passwords) {
        let mut before = self.all.split_off(&(tenant, TrunkId(0)));
        let mut others = before.split_off(&(TenantId(tenant.0 + 1), TrunkId(0)));
        self.all.append(&mut others);
        for plan in &meaning.trunk_plans {
            let key = (tenant, plan.id);
            let login = plan.account.as_ref().and_then(|account| {
                let password = passwords.get(&account.password)?.clone();
                let user = redact::Secret::new(account.user.clone());
                Some(Arc::new(Login {
                    credentials: Credentials { user, password },
                    realm: plan.realm.clone(),
                }))
            });
            let old = before.remove(&key);
            let carrier = self.carrier(now, key, plan, login, old);
            self.all.insert(key, carrier);
            self.again.retain(|(_, (t, n, _))| (*t, *n) != key);
            self.searches.retain(|_, (t, n, _)| (*t, *n) != key);
            let sides = (0..plan.proxies.len()).map(Sought::Side);
            for sought in sides.chain([Sought::Registrar]) {
                self.look_up(now, (tenant, plan.id, sought));
            }
        }
        self.take_located(now);
    }

    fn carrier(
        &mut self,
        now: Now,
        key: (TenantId, TrunkId),
        plan: &TrunkPlan,
        login: Option<Arc<Login>>,
        mut old: Option<Carrier>,
    ) -> Carrier {
        let asks = plan.options_every_ms.is_some();
        let mut known = old.as_mut().map(|o| std::mem::take(&mut o.sides)).unwrap_or_default();
        let side = |target: &ProxyTarget| match known.iter().position(|s| s.target == *target) {
            Some(n) => known.swap_remove(n).keep(now, asks),
            None => FarSide::new(now, target, asks),
        };
        let sides = plan.proxies.iter().map(side).collect();
        let (calls, came) = old.as_ref().map_or((0, 0), |o| (o.calls, o.came));
        let asked_us = old.as_ref().and_then(|o| o.asked_us);
        let told = old.as_mut().map(|o| std::mem::take(&mut o.told)).unwrap_or_default();
        let same = old
            .as_ref()
            .is_some_and(|o| o.plan.registration == plan.registration && same_login(&o.login, &login));
        let registration = match (&plan.registration, old) {
            (Some(_), Some(o)) if same => o.registration,
            (Some(rule), _) => {
                // What the registration before asked is none of the new one's business.
                let of_it = |p: &Purpose| matches!(p, Purpose::Register(t, n, _) if (*t, *n) == key);
                self.asked.retain(|_, purpose| !of_it(purpose));
                self.seed = self.seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                let config = RegistrationConfig {
                    servers: destinations(&rule.registrar),
                    locals: self.locals.clone(),
                    registrar: format!("sip:{}", rule.domain),
                    aor: redact::Secret::new(rule.aor.clone()),
                    contact_user: redact::Secret::new(rule.user.clone()),
                    expires: rule.expires_s,
                };
                let mut registration = Registration::new(now.sip(), config, self.seed);
                registration.register(now.sip());
                Some(registration)
            }
            (None, _) => None,
        };
        let pace = plan.calls_per_second.map(|n| Pace::new(n, now.wall.0));
        Carrier { plan: plan.clone(), login, registration, sides, pace, calls, came, told, asked_us }
    }

    /// A tenant's trunks with what they bear now.
    /// `used_up` says which limit of a day a trunk has reached.
    pub(super) fn bearings(
        &self,
        now: Now,
        tenant: TenantId,
        used_up: impl Fn(&TrunkPlan) -> Option<Refusal>,
    ) -> Vec<(&TrunkPlan, Bearing)> {
        self.of(tenant)
            .map(|(_, c)| {
                let bearing = Bearing {
                    calls: c.calls + c.came,
                    may_begin: c.pace.as_ref().is_none_or(|p| p.may_begin(now.wall.0)),
                    registered: c.registration.as_ref().is_none_or(|r| is_registered(r, now)),
                    used_up: used_up(&c.plan),
                    down: c.sides.iter().map(FarSide::is_down).collect(),
                };
                (&c.plan, bearing)
            })
            .collect()
    }

    fn of(&self, tenant: TenantId) -> impl Iterator<Item = (TrunkId, &Carrier)> {
        let (from, to) = ((tenant, TrunkId(0)), (TenantId(tenant.0 + 1), TrunkId(0)));
        self.all.range(from..to).map(|((_, trunk), c)| (*trunk, c))
    }

    /// Where a far end is, the address first that a call tries first, and how it is spoken to.
    pub(super) fn reach(&self, tenant: TenantId, trunk: TrunkId, place: usize) -> Vec<Reach> {
        let Some(c) = self.all.get(&(tenant, trunk)) else { return Vec::new() };
        let contact = self.contact_of(&c.plan);
        let reach = |to| {
            let srtp = c.plan.srtp.towards(&to)?;
            let (login, nat, codecs) = (c.login.clone(), c.plan.nat, codecs_of(&c.plan));
            Some(Reach { to, login, nat, srtp, codecs, contact: contact.clone() })
        };
        c.sides.get(place).map(|side| side.in_order().filter_map(reach).collect()).unwrap_or_default()
    }

    /// Our Contact at a trunk that knows us by a name of its own.
    fn contact_of(&self, plan: &TrunkPlan) -> Option<Arc<str>> {
        self.contact_as(plan, &plan.teams.as_ref()?.fqdn)
    }

    /// The same in questions: those of derived trunks are the carrier's.
    fn asking_contact(&self, plan: &TrunkPlan) -> Option<Arc<str>> {
        let teams = plan.teams.as_ref()?;
        self.contact_as(plan, teams.carrier_fqdn.as_ref().unwrap_or(&teams.fqdn))
    }

    fn contact_as(&self, plan: &TrunkPlan, fqdn: &str) -> Option<Arc<str>> {
        let teams = plan.teams.as_ref()?;
        let listens = self.locals.iter().find(|l| l.transport == Transport::Tls).map(|l| l.addr.port());
        let port = teams.port.or(listens).unwrap_or(5061);
        Some(format!("<sip:{fqdn}:{port};transport=tls>").into())
    }

    /// Far ends of derived trunks for which another trunk asks, each with its place and address.
    fn asked_for(&self) -> BTreeSet<(TenantId, TrunkId, usize, SocketAddr)> {
        let mut askers: BTreeMap<Asked<'_>, (u64, (TenantId, TrunkId))> = BTreeMap::new();
        let mut all = Vec::new();
        for (key, c) in &self.all {
            let Some(every) = c.plan.options_every_ms else { continue };
            for (place, side) in c.sides.iter().enumerate() {
                for asked in side.all().filter_map(|to| Asked::of(&c.plan, &side.target, to.addr)) {
                    // Whoever asks most often, so that none is asked for less than it wants.
                    let asker = askers.entry(asked).or_insert((every, *key));
                    *asker = (*asker).min((every, *key));
                    all.push((asked, *key, place));
                }
            }
        }
        let by_another =
            all.into_iter().filter(|(asked, key, _)| askers.get(asked).is_some_and(|asker| asker.1 != *key));
        by_another.map(|(asked, (tenant, trunk), place)| (tenant, trunk, place, asked.at)).collect()
    }

    /// Of a trunk to Teams: our Contact there, and the far ends that requests of ours go to, the first of all first; those
    /// that are down come last.
    pub(super) fn teams_ways(&self, tenant: TenantId, trunk: TrunkId) -> Option<(Arc<str>, Vec<Tried>)> {
        let c = self.all.get(&(tenant, trunk))?;
        let contact = self.contact_of(&c.plan)?;
        let of = |down| c.sides.iter().enumerate().filter(move |(_, side)| side.is_down() == down);
        let ways = of(false)
            .chain(of(true))
            .flat_map(|(place, side)| side.in_order().map(move |to| Tried { trunk, place, to }));
        Some((contact, ways.collect()))
    }

    /// Where a machine of Teams is that named itself in a call, if the configuration says so. Else it is looked up, provided
    /// that the trunk's far ends may have such a name.
    pub(super) fn named_in_call(
        &mut self,
        now: Now,
        tenant: TenantId,
        trunk: TrunkId,
        name: HopName,
    ) -> Vec<Destination> {
        let Some(c) = self.all.get(&(tenant, trunk)) else { return Vec::new() };
        let (host, port) = &name;
        let is = |t: &ProxyTarget| t.host.eq_ignore_ascii_case(host) && (port.is_none() || t.port == *port);
        if let Some(side) = c.sides.iter().find(|side| is(&side.target)) {
            return side.in_order().collect();
        }
        if c.plan.tls_names.iter().any(|wanted| is_wanted(wanted, host)) {
            self.hops.used(now.sip(), &mut self.locator, name);
            self.take_located(now);
        }
        Vec::new()
    }

    /// Whether a far end of a trunk is there, and whose trunk it is: the tenant's number and the trunk.
    pub(super) fn is_at(&self, ip: IpAddr) -> Option<(TenantId, TrunkId, bool)> {
        self.all.iter().find_map(|((tenant, trunk), c)| {
            let here = c.sides.iter().flat_map(FarSide::all).any(|to| to.addr.ip() == ip)
                || c.registration.as_ref().is_some_and(|r| r.is_server(ip));
            here.then_some((*tenant, *trunk, c.plan.nat))
        })
    }

    /// The tenant for whose trunk a question is.
    pub(super) fn asks_for(&self, ask: AskId) -> Option<TenantId> {
        self.asked.get(&ask).map(|purpose| match purpose {
            Purpose::Options(tenant, _) | Purpose::Register(tenant, ..) => *tenant,
        })
    }

    /// The name that whoever is there has to prove: as a trunk of this tenant says, else as another one does.
    pub(super) fn tls_name<'a>(&'a self, addr: SocketAddr, tenant: Option<TenantId>) -> Option<&'a str> {
        let is_there = |to: Destination| to.transport == Transport::Tls && to.addr == addr;
        let name = |c: &'a Carrier| {
            let place = c.sides.iter().position(|side| side.all().any(is_there));
            let proxy = place.and_then(|place| c.plan.proxies.get(place));
            let registers = c.registration.as_ref().is_some_and(|r| r.is_server(addr.ip()));
            let registrar = c.plan.registration.as_ref().filter(|_| registers).map(|r| &r.registrar);
            proxy.or(registrar).map(|target| target.host.as_str())
        };
        let own = self.all.iter().filter(|((of, _), _)| Some(*of) == tenant).find_map(|(_, c)| name(c));
        own.or_else(|| self.hops.name_at(addr)).or_else(|| self.all.values().find_map(name))
    }

    /// A far end, spoken to over TLS, of a trunk that one of these names is for.
    pub(super) fn secure_far_end(&self, names: &[String]) -> Option<Destination> {
        let trunks = self.all.values().filter(|c| {
            c.plan.tls_names.iter().any(|wanted| names.iter().any(|name| is_wanted(wanted, name)))
        });
        let mut there = trunks.flat_map(|c| &c.sides).flat_map(FarSide::in_order);
        there.find(|to| to.transport == Transport::Tls)
    }

    /// All addresses that trunks are known to have.
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.all.values().flat_map(|c| &c.sides).flat_map(FarSide::all).map(|to| to.addr.ip())
    }

    pub(super) fn call_began(&mut self, now: Now, tenant: TenantId, trunk: TrunkId) {
        if let Some(c) = self.all.get_mut(&(tenant, trunk)) {
            c.calls += 1;
            if let Some(pace) = &mut c.pace {
                pace.began(now.wall.0);
            }
        }
    }

    pub(super) fn call_over(&mut self, tenant: TenantId, trunk: TrunkId) {
        if let Some(c) = self.all.get_mut(&(tenant, trunk)) {
            c.calls = c.calls.saturating_sub(1);
        }
    }

    /// How many calls a trunk may bear, if it bears that many already.
    pub(super) fn full(&self, tenant: TenantId, trunk: TrunkId) -> Option<u32> {
        let c = self.all.get(&(tenant, trunk))?;
        c.plan.max_calls.filter(|most| c.calls + c.came >= *most)
    }

    /// A call came over a trunk.
    pub(super) fn call_came(&mut self, tenant: TenantId, trunk: TrunkId) {
        if let Some(c) = self.all.get_mut(&(tenant, trunk)) {
            c.came += 1;
        }
    }

    /// A call that came over a trunk is over.
    pub(super) fn call_went(&mut self, tenant: TenantId, trunk: TrunkId) {
        if let Some(c) = self.all.get_mut(&(tenant, trunk)) {
            c.came = c.came.saturating_sub(1);
        }
    }

    /// What a call says about the far end that it went to.
    pub(super) fn attempt_ended(&mut self, now: Now, tenant: TenantId, tried: Tried, how: Outcome) {
        let Some(c) = self.all.get_mut(&(tenant, tried.trunk)) else { return };
        let asks = c.plan.options_every_ms.is_some();
        let Some(side) = c.sides.get_mut(tried.place) else { return };
        side.heard(now, tried.to, how);
        // Where nobody asks, the next call after a while finds out.
        if side.is_down() && !asks {
            side.next = Some(now.sip() + LEFT_ALONE);
        }
    }

    /// A call to Teams was refused, or not answered at all.
    pub(super) fn call_refused(&mut self, now: Now, tenant: TenantId, tried: Tried, refused: &sip::Refused) {
        let Some(c) = self.all.get_mut(&(tenant, tried.trunk)) else { return };
        let mut numbers = refused.numbers.to_vec();
        if refused.code == 408 && refused.is_answer {
            // A person did not answer in time: the way there is as it should be.
            numbers.push(0);
        }
        let (sub, _) = crate::teams_codes::meant(refused.code, &numbers);
        c.told.add(now.sip(), refused.code, sub);
    }

    /// A trunk's neighbour asks whether we are there.
    pub(super) fn was_asked(&mut self, now: Now, tenant: TenantId, trunk: TrunkId) {
        if let Some(c) = self.all.get_mut(&(tenant, trunk)) {
            c.asked_us = Some(now.sip());
        }
    }

    /// A connection of ours to a far end could not be opened, or broke before anything was heard on it.
    pub(super) fn connection_failed(&mut self, failed: &Failed) {
        let name = failed.name.as_deref();
        let transport = if name.is_some() { Transport::Tls } else { Transport::Tcp };
        let is_there = |side: &FarSide| {
            name.is_none_or(|name| side.target.host == name)
                && side.all().any(|to| to.transport == transport && to.addr == failed.addr)
        };
        for ((tenant, _), c) in &mut self.all {
            for (place, side) in c.sides.iter_mut().enumerate().filter(|(_, side)| is_there(side)) {
                let why = failed.tls.as_ref().map(|why| why.chars().take(LONGEST_WHY).collect());
                if side.is_unreached(failed.cause, why) {
                    tracing::warn!(
                        event = "trunk_unreached",
                        tenant = tenant.0,
                        trunk = c.plan.name,
                        place,
                        cause = ?failed.cause,
                        "no connection to a far end of a trunk"
                    );
                }
            }
        }
    }

    /// A far end that was not there said for how many seconds it is not to be asked again (Retry-After). Where OPTIONS asks
    /// it all the same, those decide.
    pub(super) fn leave_alone(&mut self, now: Now, tenant: TenantId, tried: Tried, seconds: u32) {
        let Some(c) = self.all.get_mut(&(tenant, tried.trunk)) else { return };
        let asks = c.plan.options_every_ms.is_some();
        if let Some(side) = c.sides.get_mut(tried.place).filter(|side| !asks && side.is_down()) {
            let seconds = u64::from(seconds.clamp(1, LONGEST_ALONE_S));
            side.next = Some(now.sip() + Duration::from_secs(seconds));
        }
    }

    pub(super) fn deadline(&self) -> Option<sip::Time> {
        let sides = self.all.values().flat_map(|c| &c.sides).filter_map(|s| s.next);
        let registrations = self.all.values().filter_map(|c| c.registration.as_ref()?.deadline());
        let names = self.again.first().map(|(at, _)| *at);
        let hops = self.hops.deadline();
        sides.chain(registrations).chain(names).chain(hops).chain(self.locator.deadline()).min()
    }

    /// How a tenant's trunks stand.
    pub(super) fn status(&self, now: Now, tenant: TenantId) -> Vec<TrunkStatus> {
        let side = |s: &FarSide| FarEndStatus {
            host: s.target.host_port(),
            up: !s.is_down(),
            for_seconds: now.sip().since(s.since).as_secs(),
            said: s.said,
            refuses: s.refuses,
            unreached: s.unreached,
            why: s.why.clone(),
            history: s.changes.status(now.sip()),
        };
        let one = |c: &Carrier| TrunkStatus {
            trunk: c.plan.name.clone(),
            registered: c.registration.as_ref().map(|r| is_registered(r, now)),
            registration_refused: c.registration.as_ref().and_then(Registration::refused),
            calls: c.calls,
            far_ends: c.sides.iter().map(side).collect(),
            answers: c.told.status(now.sip()),
            teams: c.plan.teams.is_some(),
            asked_us_seconds_ago: c.asked_us.map(|at| now.sip().since(at).as_secs()),
        };
        self.of(tenant).map(|(_, c)| one(c)).collect()
    }
}

/// What a trunk that is derived from a carrier's asks a far end, and what the answer depends on: who asks, who is to be there,
/// and by which names it is known. Those who would ask the same are answered together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Asked<'a> {
    carrier: &'a str,
    /// The port of the Contact.
    port: Option<u16>,
    /// The name that the far end has to prove.
    host: &'a str,
    /// The names that machines of Teams have to prove.
    tls_names: &'a [String],
    at: SocketAddr,
}

impl<'a> Asked<'a> {
    /// `None` where a trunk is not derived.
    fn of(plan: &'a TrunkPlan, target: &'a ProxyTarget, at: SocketAddr) -> Option<Asked<'a>> {
        let teams = plan.teams.as_ref()?;
        let carrier = teams.carrier_fqdn.as_deref()?;
        Some(Asked { carrier, port: teams.port, host: &target.host, tls_names: &plan.tls_names, at })
    }
}

fn is_registered(r: &Registration, now: Now) -> bool {
    matches!(r.state(now.sip()), RegistrationState::Registered { .. })
}

fn same_login(a: &Option<Arc<Login>>, b: &Option<Arc<Login>>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            let (x, y) = (&a.credentials, &b.credentials);
            x.user.expose_secret() == y.user.expose_secret()
                && x.password.expose_secret() == y.password.expose_secret()
                && a.realm == b.realm
        }
        _ => false,
    }
}

impl Switch {
    /// Asks far ends whether they are there, and registers, where it is time for that.
    pub(super) fn tick_carriers(&mut self, now: Now) {
        if self.carriers.deadline().is_none_or(|at| at > now.sip()) {
            return;
        }
        self.carriers.locator.tick(now.sip());
        while self.carriers.again.first().is_some_and(|(at, _)| *at <= now.sip()) {
            if let Some((_, spot)) = self.carriers.again.pop_first() {
                self.carriers.look_up(now, spot);
            }
        }
        self.carriers.hops.tick(now.sip(), &mut self.carriers.locator);
        self.carriers.take_located(now);
        self.tell_hops();
        let mut options = Vec::new();
        let asked_for = self.carriers.asked_for();
        for ((tenant, trunk), c) in &mut self.carriers.all {
            let every = c.plan.options_every_ms.map(|ms| Duration::from_millis(ms).max(SOONEST));
            for (place, side) in c.sides.iter_mut().enumerate() {
                if side.next.is_none_or(|at| at > now.sip()) {
                    continue;
                }
                side.next = every.map(|every| now.sip() + every);
                if every.is_none() {
                    side.try_again(now);
                    continue;
                }
                let asks = |to: &Destination| !asked_for.contains(&(*tenant, *trunk, place, to.addr));
                for to in side.to_ask().filter(asks) {
                    options.push((*tenant, *trunk, place, to, side.target.host_port(), c.login.clone()));
                }
            }
            if let Some(r) = &mut c.registration {
                r.tick(now.sip());
            }
        }
        for (tenant, trunk, place, to, host, login) in options {
            let uri = format!("sip:{host}");
            let contact =
                self.carriers.all.get(&(tenant, trunk)).and_then(|c| self.carriers.asking_contact(&c.plan));
            let contact = contact.as_deref();
            let ask = Ask { uri: &uri, login: login.as_ref(), contact, ..Ask::to(to) };
            let ask = self.endpoint.ask(now.sip(), &ask);
            self.carriers.asked.insert(ask, Purpose::Options(tenant, trunk));
            if let Some(c) = self.carriers.all.get_mut(&(tenant, trunk)) {
                c.sides[place].asks(to, ask);
            }
        }
        self.send_registers(now);
    }

    /// Sends what registrations have to send.
    pub(super) fn send_registers(&mut self, now: Now) {
        let mut all: Vec<(TenantId, TrunkId, Register, Option<Arc<Login>>)> = Vec::new();
        for ((tenant, trunk), c) in &mut self.carriers.all {
            let Some(r) = &mut c.registration else { continue };
            while let Some(register) = r.poll() {
                all.push((*tenant, *trunk, register, c.login.clone()));
            }
        }
        for (tenant, trunk, r, login) in all {
            let aor = r.aor.expose_secret();
            let ask = Ask {
                method: Method::Register,
                uri: &r.uri,
                from: aor,
                to_header: aor,
                call_id: Some(&r.call_id),
                cseq: Some(r.cseq),
                extra: r.extra.expose_secret(),
                login: login.as_ref(),
                ..Ask::to(r.to)
            };
            let id = self.endpoint.ask(now.sip(), &ask);
            self.carriers.asked.insert(id, Purpose::Register(tenant, trunk, r.number));
        }
    }

    /// A request of ours outside calls was answered, or was not.
    pub(super) fn on_asked(&mut self, now: Now, ask: AskId, code: u16, cseq: u32, message: Option<&Message>) {
        match self.carriers.asked.remove(&ask) {
            Some(Purpose::Options(tenant, trunk)) => {
                let how = match (code, message) {
                    (408, None) => Outcome::NoAnswer,
                    (503, None) => Outcome::Unreachable,
                    _ => Outcome::Code(code),
                };
                let Some(c) = self.carriers.all.get_mut(&(tenant, trunk)) else { return };
                let asked = c.sides.iter().find_map(|side| Some((side.asked_at(ask)?, side.target.clone())));
                let asked = asked.map(|(at, target)| (c.plan.clone(), target, at));
                for (place, side) in c.sides.iter_mut().enumerate() {
                    let was = side.is_down();
                    if side.answered(now, ask, how) && side.is_down() != was {
                        let up = was;
                        tracing::warn!(
                            event = "trunk_health",
                            tenant = tenant.0,
                            trunk = c.plan.name,
                            place,
                            up,
                            code,
                            "a far end of a trunk is up or down"
                        );
                    }
                }
                // What is said to one of those derived from a carrier is said to all that would ask the same.
                let Some((plan, target, at)) = &asked else { return };
                let Some(asked) = Asked::of(plan, target, at.addr) else { return };
                for c in self.carriers.all.values_mut() {
                    for side in &mut c.sides {
                        if Asked::of(&c.plan, &side.target, at.addr) == Some(asked) {
                            side.told(now, *at, how);
                        }
                    }
                }
            }
            Some(Purpose::Register(tenant, trunk, number)) => {
                let Some(c) = self.carriers.all.get_mut(&(tenant, trunk)) else { return };
                let Some(r) = &mut c.registration else { return };
                let was = is_registered(r, now);
                r.answered(now.sip(), &Registered { number, code, cseq, message });
                let is = is_registered(r, now);
                if was != is || !is {
                    tracing::info!(
                        event = "trunk_registration",
                        tenant = tenant.0,
                        trunk = c.plan.name,
                        registered = is,
                        code,
                        "a carrier answered a registration"
                    );
                }
                // Our answer to the challenge did not help. That is told at once, also while an earlier registration lasts:
                // until it ends there is time to set the password right.
                if r.refused() == Some(code) && matches!(code, 401 | 403 | 407) {
                    self.trunk_refused(now, tenant, trunk, code);
                }
                self.send_registers(now);
            }
            None => {}
        }
    }

    /// The next name to look up.
    pub fn poll_question(&mut self) -> Option<Question> {
        self.carriers.locator.poll_question()
    }

    /// What the DNS said.
    pub fn on_name(&mut self, now: Now, question: &Question, answer: Answer) {
        self.carriers.locator.answered(now.sip(), question, answer);
        self.carriers.take_located(now);
        self.tell_hops();
        self.trust_networks();
        self.send_registers(now);
    }

    /// How a tenant's trunks stand.
    pub fn trunk_status(&self, now: Now, tenant: TenantId) -> Vec<TrunkStatus> {
        self.carriers.status(now, tenant)
    }
}
