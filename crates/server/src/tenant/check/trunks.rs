//! What no trunk, phone or toll can say alone: numbers of colleagues, names that phones register with, rules and prices.

use crate::tenant::check::whole::Fault;
use crate::tenant::destination::Classes;
use crate::tenant::everything::Everything;
use crate::tenant::objects::Trunk;
use crate::tenant::scope::Scope;
use crate::tenant::toll;
use crate::tenant::trunk::TrunkPlan;
use crate::tenant::understand::dial_plan;
use engine::TrunkId;
use std::collections::BTreeMap;

/// Everything that is wrong with trunks, phones and the toll beside each other.
pub fn check(e: &Everything, scope: &Scope, faults: &mut Vec<Fault>) {
    let mut say = |kind: &'static str, id: &str, pointer: &str, what: String| {
        faults.push(Fault { kind, id: id.into(), pointer: pointer.into(), what });
    };
    let Some((tenant, settings)) = e.tenants.iter().next() else { return };
    let Ok(plan) = dial_plan(settings) else { return };
    for (id, trunk) in &e.trunks {
        for (n, rule) in trunk.passes_to.iter().enumerate() {
            let there = e.trunks.get(&rule.trunk);
            let leads = |t: &Trunk| {
                t.address.is_some() || !t.proxies.is_empty() || t.registration.is_some() || t.teams.is_some()
            };
            let what = match there {
                _ if rule.trunk == *id => "calls would come back to where they came from: name another trunk",
                Some(t) if !leads(t) => "that trunk leads nowhere: give it proxies",
                _ => continue,
            };
            say("Trunk", id, &format!("/passes_to/{n}/trunk"), what.into());
        }
        for (pointer, what) in TrunkPlan::read(TrunkId(1), id, trunk, &plan).err().into_iter().flatten() {
            say("Trunk", id, &pointer, what);
        }
        let priced = settings.toll.as_ref().is_some_and(|toll| toll.other_price.is_some());
        if trunk.spend_per_day.is_some() && !priced {
            let what = "the tenant's toll.other_price must say what numbers cost that no price is given for";
            say("Trunk", id, "/spend_per_day", what.into());
        }
    }
    for (pointer, what) in toll::policy(settings, e, &plan, &scope.names).err().into_iter().flatten() {
        say("Tenant", tenant, &pointer, what);
    }
    let classes = toll::classes(settings, &plan);
    let prefix = settings.dial.outside_prefix.as_deref().unwrap_or_default();
    if !prefix.is_empty() && classes.emergency.iter().any(|n| prefix.starts_with(n.as_str())) {
        let what = format!("{prefix:?} is an emergency number: choose another prefix");
        say("Tenant", tenant, "/dial/outside_prefix", what);
    }
    colleagues(e, prefix, &classes, &mut say);
    let mut users: BTreeMap<&str, &str> = BTreeMap::new();
    for (id, user) in &e.users {
        let Some(account) = &user.registers else { continue };
        if let Some(other) = users.insert(&account.user, id) {
            let what = format!(
                "User {other:?} registers as {:?} already: give each phone a user of its own",
                account.user
            );
            say("User", id, "/registers/user", what);
        }
    }
}

fn colleagues(
    e: &Everything,
    prefix: &str,
    classes: &Classes,
    say: &mut impl FnMut(&'static str, &str, &str, String),
) {
    let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
    for (id, user) in &e.users {
        let Some(number) = user.number.as_deref() else { continue };
        let mut say = |what: String| say("User", id, "/number", what);
        if let Some(other) = numbers.insert(number, id) {
            say(format!("User {other:?} has the number {number} already"));
        }
        if let Some((other, _)) = e.numbers.iter().find(|(_, n)| n.number == number) {
            say(format!("Number {other:?} is {number} already"));
        }
        if classes.is_emergency(number) {
            say(format!("{number} is an emergency number: choose another"));
        }
        if !prefix.is_empty() && number.starts_with(prefix) {
            say(format!(
                "numbers that begin with {prefix} lead outside (dial.outside_prefix): choose another"
            ));
        }
    }
}
