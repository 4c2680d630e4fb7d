//! What no object can say alone.

use crate::tenant::check::{Documents, graph, trunks};
use crate::tenant::compile::{self, Compiled, Known};
use crate::tenant::everything::{Everything, Names};
use crate::tenant::objects::{FlowStep, Profile, Queue, Recording, RelaxStep, UserRole};
use crate::tenant::scope::{Scope, slot_id};
use crate::tenant::toll::{self, Gate};
use crate::tenant::understand::{dial_plan, port_of};
use crate::tenant::{hours, outside};
use engine::{FlowId, HoursId};
use std::collections::{BTreeMap, BTreeSet};
use teams::permissions::Features;

/// The most digits that one place is compared with.
const MOST_DIGITS: usize = 10_000;

/// Something wrong with an object beside others.
pub struct Fault {
    /// Kind of the object.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// JSON pointer of the part.
    pub pointer: String,
    /// What is wrong.
    pub what: String,
}

/// Everything that is wrong between objects that are each in order.
pub fn check(documents: &Documents) -> Vec<Fault> {
    let (everything, bad) = Everything::read(documents);
    let scope = Scope::of(&everything, Names::counted(documents));
    let mut w = Whole { e: &everything, scope: &scope, faults: Vec::new() };
    for what in bad {
        w.say("Tenant", "", "", what);
    }
    w.tenant();
    w.connector();
    w.pbxs();
    trunks::check(w.e, w.scope, &mut w.faults);
    w.numbers();
    w.prompts();
    w.queues();
    w.hours();
    w.outside();
    w.slots();
    w.flows();
    w.faults
}

struct Whole<'a> {
    e: &'a Everything,
    scope: &'a Scope,
    faults: Vec<Fault>,
}

impl Whole<'_> {
    fn say(&mut self, kind: &'static str, id: &str, pointer: &str, what: impl Into<String>) {
        self.faults.push(Fault { kind, id: id.into(), pointer: pointer.into(), what: what.into() });
    }

    fn tenant(&mut self) {
        let Some((id, t)) = self.e.tenants.iter().next() else { return };
        for (field, list) in [("languages", &t.languages), ("break_reasons", &t.break_reasons)] {
            for n in twice(list) {
                self.say("Tenant", id, &format!("/{field}/{n}"), format!("{:?} stands here twice", list[n]));
            }
        }
        for (name, values) in &t.attributes {
            let place = format!("/attributes/{name}");
            if values.is_empty() || values.len() > 10_000 {
                self.say("Tenant", id, &place, "an attribute has 1 to 10000 values");
            }
            for n in twice(values) {
                self.say("Tenant", id, &format!("{place}/{n}"), format!("{:?} stands here twice", values[n]));
            }
        }
        match t.profile {
            Profile::Bridge => self.bridge(id),
            Profile::Directory if t.features.get("queues") != Some(&true) => {
                self.keeps_no_calls(
                    "the profile directory keeps no calls while its feature queues is off: switch it on, or leave this out",
                    "the profile directory keeps nothing of users while its feature queues is off: an id, roles and microsoft",
                    true,
                );
            }
            _ => {}
        }
        if let Err((field, what)) = dial_plan(t) {
            self.say("Tenant", id, field, what);
        }
    }

    /// What is called through has to be said: permissions and attestation follow from it.
    fn pbxs(&mut self) {
        let Some(t) = self.e.tenants.values().next() else { return };
        for (id, pbx) in &self.e.pbxs {
            let port = port_of(pbx);
            let part = Features::of(t.profile.into()).switch(port, true);
            let what = match t.features.get(port.name()) {
                _ if part.is_err() => part.err(),
                Some(false) => Some(format!("the Tenant's features switch {} off", port.name())),
                _ => None,
            };
            if let Some(what) = what {
                self.say("Pbx", id, "", what + ": leave this out, or the other");
            }
        }
    }

    /// A connector keeps nothing of any person or call, so it has nothing by which a call comes to be kept here. With its
    /// own dial port it makes calls, which are in memory only.
    fn connector(&mut self) {
        let Some(t) = self.e.tenants.values().find(|t| t.profile == Profile::Connector) else { return };
        let dials = ["sip-trunks", "dial-own"].iter().all(|f| t.features.get(*f) == Some(&true));
        let of = |kind: &'static str, ids: Vec<&String>| {
            ids.into_iter().map(|id| (kind, id.clone())).collect::<Vec<_>>()
        };
        let mut wrong = of("Flow", self.e.flows.keys().collect());
        wrong.extend(of("Queue", self.e.queues.keys().collect()));
        wrong.extend(of("Number", self.e.numbers.keys().collect()));
        if !dials {
            wrong.extend(of("Trunk", self.e.trunks.keys().collect()));
        }
        wrong.extend(of("Webhook", self.e.webhooks.keys().collect()));
        wrong.extend(of("LookUp", self.e.look_ups.keys().collect()));
        for (kind, id) in wrong {
            let what = match kind {
                "Trunk" => {
                    "a connector has trunks when sip-trunks and dial-own are on among its features".into()
                }
                _ => format!(
                    "a connector keeps no calls, and so has no {kind}: leave it out, or use contact-center"
                ),
            };
            self.say(kind, &id, "", what);
        }
    }

    // Nothing of any call is kept there, so nothing stands there that would. What is said of an object, and of a user;
    // whether users may have a work account.
    fn keeps_no_calls(&mut self, object: &str, person: &str, work_accounts: bool) {
        let e = self.e;
        let kinds = [
            ("Number", e.numbers.keys().next()),
            ("Flow", e.flows.keys().next()),
            ("Queue", e.queues.keys().next()),
            ("Webhook", e.webhooks.keys().next()),
        ];
        for (kind, id) in kinds {
            if let Some(id) = id {
                self.say(kind, id, "", object);
            }
        }
        for (id, user) in &e.users {
            let of_nobody = user.name.is_empty()
                && user.email.is_none()
                && (work_accounts || user.microsoft.is_none())
                && user.teams_number.is_none()
                && user.phone.is_none()
                && user.registers.is_none();
            if !of_nobody {
                self.say("User", id, "", person);
            }
            if user.voicemail || user.roles.contains(&UserRole::Agent) {
                self.say("User", id, "/roles", "where no call is kept there are no agents and no voicemail");
            }
        }
    }

    fn bridge(&mut self, tenant: &str) {
        self.keeps_no_calls(
            "the profile bridge only joins trunks: give rules in a Trunk's passes_to",
            "the profile bridge keeps nothing of any person: a user has an id and roles only",
            false,
        );
        let e = self.e;
        if !e.trunks.values().any(|t| !t.passes_to.is_empty()) {
            self.say(
                "Tenant",
                tenant,
                "/profile",
                "a bridge joins two trunks: give one of them a rule in passes_to",
            );
        }
    }

    fn numbers(&mut self) {
        let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
        for (id, n) in &self.e.numbers {
            if let Some(other) = numbers.insert(&n.number, id) {
                let what = format!("the number {:?} has another flow in Number {other:?}", n.number);
                self.say("Number", id, "/number", what);
            }
            if let Some(Err(what)) = n.language.as_ref().map(|l| self.scope.language(l)) {
                self.say("Number", id, "/language", what);
            }
        }
    }

    fn prompts(&mut self) {
        for (id, p) in &self.e.prompts {
            let Some(languages) = &p.languages else { continue };
            for name in languages.keys() {
                if let Err(what) = self.scope.language(name) {
                    self.say("Prompt", id, &format!("/languages/{name}"), what);
                }
            }
            let missing: Vec<&str> = self
                .scope
                .languages
                .iter()
                .filter(|l| !languages.contains_key(*l))
                .map(String::as_str)
                .collect();
            if !missing.is_empty() {
                let what = format!(
                    "Prompt {id:?} has no sound in {}: callers of that language would hear another",
                    missing.join(", ")
                );
                self.say("Prompt", id, "/languages", what);
            }
        }
    }

    fn queues(&mut self) {
        for (id, q) in &self.e.queues {
            let mut seen = BTreeSet::new();
            for (n, agent) in q.agents.iter().enumerate() {
                let (agent, ..) = agent.parts();
                let place = format!("/agents/{n}");
                if !seen.insert(agent) {
                    self.say("Queue", id, &place, format!("{agent:?} stands here twice"));
                }
                if self.e.users.get(agent).is_some_and(|u| !u.roles.contains(&UserRole::Agent)) {
                    self.say("Queue", id, &place, format!("User {agent:?} has not the role agent"));
                }
            }
            self.relax(id, q);
            self.announce(id, q);
            self.callback(id, q);
            let for_it =
                |d: &crate::tenant::objects::Disposition| d.queues.as_ref().is_none_or(|q| q.contains(id));
            if q.disposition_forced && !self.e.dispositions.values().any(for_it) {
                let what = "agents must say how a call ended, but there is no Disposition for this queue";
                self.say("Queue", id, "/disposition_forced", what);
            }
            if let Some(Err(what)) = q.screen_pop.as_deref().map(outside::screen_pop) {
                self.say("Queue", id, "/screen_pop", what);
            }
        }
    }

    fn relax(&mut self, id: &str, q: &Queue) {
        let mut before = 0;
        for (n, r) in q.relax.iter().enumerate() {
            let place = format!("/relax/{n}");
            if r.after.0 < before {
                self.say(
                    "Queue",
                    id,
                    &format!("{place}/after"),
                    "comes before the step above it: order them by time",
                );
            }
            before = r.after.0;
            let RelaxStep { after: _, lower, drop, drop_all, also_queue, ring_at_once, priority } = r;
            let named = [
                lower.is_some(),
                drop.is_some(),
                drop_all.is_some(),
                also_queue.is_some(),
                ring_at_once.is_some(),
                priority.is_some(),
            ];
            if named.into_iter().filter(|x| *x).count() != 1 {
                let what = "has exactly one of lower, drop, drop_all, also_queue, ring_at_once and priority beside after";
                self.say("Queue", id, &place, what);
            }
            if *drop_all == Some(false) {
                self.say("Queue", id, &format!("{place}/drop_all"), "drop_all is true, or leave it out");
            }
            if also_queue.as_deref() == Some(id) {
                self.say(
                    "Queue",
                    id,
                    &format!("{place}/also_queue"),
                    "this is the queue itself: name another",
                );
            }
        }
    }

    fn announce(&mut self, id: &str, q: &Queue) {
        let Some(a) = &q.announce else { return };
        let mut before = 0;
        for (n, band) in a.waits.iter().enumerate() {
            if band.up_to.0 <= before {
                let what = "is not longer than the band above it: order them from short to long";
                self.say("Queue", id, &format!("/announce/waits/{n}/up_to"), what);
            }
            before = band.up_to.0;
        }
        if a.positions.is_empty() && a.further_back.is_none() && a.waits.is_empty() && a.longer.is_none() {
            self.say("Queue", id, "/announce", "says nothing: give positions, further_back, waits or longer");
        }
    }

    fn callback(&mut self, id: &str, q: &Queue) {
        let Some(_) = &q.callback else { return };
        let tenant = self.e.tenants.values().next();
        if tenant.is_some_and(|t| t.dial.allow.is_empty() && t.toll.is_none()) {
            let what = "nobody can be called back: dial.allow of the tenant must name the numbers that may be called, or give it a toll";
            self.say("Queue", id, "/callback", what);
        }
        if !self.e.trunks.values().any(|t| t.outbound) {
            let what = "nobody can be called back: a Trunk with outbound: true is missing";
            self.say("Queue", id, "/callback", what);
        }
    }

    fn hours(&mut self) {
        for (id, h) in &self.e.hours {
            let sets: Vec<_> = h.holiday_sets.iter().filter_map(|s| self.e.holidays.get(s)).collect();
            let sets: Vec<_> = sets.iter().map(|s| s.days.as_slice()).collect();
            for (pointer, what) in hours::compile(HoursId(1), h, &sets).err().into_iter().flatten() {
                self.say("Hours", id, &pointer, what);
            }
        }
        for (id, set) in &self.e.holidays {
            let dates: Vec<String> = set.days.iter().map(|d| d.date.clone()).collect();
            for n in twice(&dates) {
                self.say(
                    "Holidays",
                    id,
                    &format!("/days/{n}/date"),
                    format!("{} stands here twice", dates[n]),
                );
            }
        }
    }

    fn outside(&mut self) {
        for (id, look_up) in &self.e.look_ups {
            for (pointer, what) in outside::look_up(look_up, self.scope).err().into_iter().flatten() {
                self.say("LookUp", id, &pointer, what);
            }
        }
    }

    // Places for digits: each name has a number of its own, and those of callbacks are for them only.
    fn slots(&mut self) {
        for (slot, values) in self.scope.digits.iter().filter(|(_, values)| values.len() > MOST_DIGITS) {
            let what =
                format!("{slot:?} is compared with {} different digits: at most {MOST_DIGITS}", values.len());
            self.say("Tenant", self.e.tenants.keys().next().map_or("", String::as_str), "", what);
        }
        let mut by_number: BTreeMap<_, &str> = BTreeMap::new();
        let mut places = Vec::new();
        for (id, flow) in &self.e.flows {
            for step in flow.all_steps() {
                if let FlowStep::Collect(c) = step {
                    places.push(("Flow", id, &c.slot));
                }
            }
        }
        let collected: BTreeSet<&str> = places.iter().map(|(_, _, slot)| slot.as_str()).collect();
        for (id, q) in &self.e.queues {
            let Some(callback) = &q.callback else { continue };
            if collected.contains(callback.slot.as_str()) {
                let what = format!(
                    "a flow collects digits into {:?}: give the number to call back a place of its own",
                    callback.slot
                );
                self.say("Queue", id, "/callback/slot", what);
            }
            places.push(("Queue", id, &callback.slot));
        }
        for (kind, id, slot) in places {
            if ["call", "caller", "queue"].contains(&slot.as_str()) {
                self.say(
                    kind,
                    id,
                    "",
                    format!("no place for digits can be called {slot:?}: look-ups know that name already"),
                );
            }
            let other = *by_number.entry(slot_id(slot)).or_insert(slot);
            if other != slot {
                self.say(
                    kind,
                    id,
                    "",
                    format!("the places for digits {other:?} and {slot:?} cannot be told apart: rename one"),
                );
            }
        }
    }

    fn flows(&mut self) {
        let plan = self.e.tenants.values().next().and_then(|t| dial_plan(t).ok()).unwrap_or_default();
        // What is wrong with the toll is said of the tenant; until it is right no number is refused for it.
        let tenant = self.e.tenants.values().next();
        let policy = tenant.and_then(|t| toll::policy(t, self.e, &plan, &self.scope.names).ok());
        let classes = tenant.map(|t| toll::classes(t, &plan)).unwrap_or_default();
        let look_up_ms = self.e.look_ups.iter().map(|(id, l)| (id.clone(), l.timeout.0)).collect();
        let known = Known {
            scope: self.scope,
            gate: policy.as_ref().map(|toll| Gate { plan: &plan, classes: &classes, policy: &toll.policy }),
            goes_out: self.e.trunks.values().any(|t| t.outbound),
            look_up_ms: &look_up_ms,
        };
        let mut compiled: BTreeMap<FlowId, (&str, Compiled)> = BTreeMap::new();
        let e = self.e;
        for (id, flow) in &e.flows {
            let Some(n) = self.scope.names.number("Flow", id) else { continue };
            let mut made = compile::compile(n, flow, &known);
            for (pointer, what) in std::mem::take(&mut made.faults) {
                self.say("Flow", id, &pointer, what);
            }
            for (n, step) in made.places.iter().zip(flow.all_steps()) {
                self.persons(id, n, step);
            }
            compiled.insert(FlowId(n), (id, made));
        }
        // With a branch missing, what cannot be reached or left is not known.
        if self.faults.iter().any(|f| f.kind == "Flow") {
            return;
        }
        let flows: graph::Flows<'_> = compiled.iter().map(|(n, (id, c))| (*n, (*id, c))).collect();
        let faults = graph::check(&flows);
        let sound = faults.is_empty() && !graph::is_incomplete(&flows);
        for (id, pointer, what) in faults {
            self.say("Flow", &id, &pointer, what);
        }
        if sound {
            self.consent(&flows);
        }
    }

    // Whom a step rings, and whose voicemail box it fills.
    fn persons(&mut self, flow: &str, place: &str, step: &FlowStep) {
        match step {
            FlowStep::Connect(c) => {
                let Some(agent) = &c.agent else { return };
                if self.e.users.get(agent).is_some_and(|u| !u.is_rung()) {
                    let what = format!("User {agent:?} is no agent or supervisor");
                    self.say("Flow", flow, &format!("{place}/connect/agent"), what);
                }
            }
            FlowStep::Voicemail(v)
                if self.e.queues.contains_key(&v.of) && self.e.users.contains_key(&v.of) =>
            {
                let what = format!(
                    "{:?} is a Queue and a User: rename one, so that it is clear whose box is meant",
                    v.of
                );
                self.say("Flow", flow, &format!("{place}/voicemail/of"), what);
            }
            FlowStep::Voicemail(v) if !self.e.queues.contains_key(&v.of) => {
                if self.e.users.get(&v.of).is_some_and(|u| !u.voicemail) {
                    let what = format!("User {:?} has no voicemail box: say voicemail: true there", v.of);
                    self.say("Flow", flow, &format!("{place}/voicemail/of"), what);
                }
            }
            _ => {}
        }
    }

    fn consent(&mut self, flows: &graph::Flows<'_>) {
        let e = self.e;
        // One number stands for all of a flow: the fault is the flow's.
        let mut asked = BTreeSet::new();
        for (id, n) in e.numbers.iter().filter(|(_, n)| n.recording == Recording::WithConsent) {
            let Some(flow) = self.scope.names.number("Flow", &n.flow).filter(|flow| asked.insert(*flow))
            else {
                continue;
            };
            for (flow, at) in graph::recorded_without_consent(flows, FlowId(flow)) {
                let Some((name, compiled)) = flows.get(&flow) else { continue };
                let what = format!(
                    "calls of Number {id:?} are recorded with consent only, but come here without a consent step before"
                );
                self.say("Flow", name, &compiled.places[usize::from(at)], what);
            }
        }
    }
}

/// Places of what stands in a list a second time.
fn twice(list: &[String]) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    list.iter().enumerate().filter(|(_, x)| !seen.insert(x.as_str())).map(|(n, _)| n).collect()
}
