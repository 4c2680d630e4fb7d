//! What no trunk, phone or toll can say alone: numbers of colleagues, names that phones register with, rules and prices.

use crate::tenant::DialPlan;
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
    in_teams(e, &plan, &mut say);
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

// Whom a number in Teams means has to be clear: its calls are made with that person's rights, and written down as theirs.
fn in_teams(e: &Everything, plan: &DialPlan, say: &mut impl FnMut(&'static str, &str, &str, String)) {
    let world = |number: &str| plan.international(number).unwrap_or_else(|| number.to_string());
    let leads_there = e.trunks.values().any(|trunk| trunk.teams.is_some());
    let ours: BTreeMap<String, &str> =
        e.numbers.iter().map(|(id, n)| (world(&n.number), id.as_str())).collect();
    let mut numbers: BTreeMap<String, &str> = BTreeMap::new();
    for (id, user) in &e.users {
        let Some(number) = user.teams_number.as_deref().map(world) else { continue };
        let mut say = |what: String| say("User", id, "/teams_number", what);
        if let Some(other) = ours.get(&number) {
            say(format!("Number {other:?} is {number} already: give the number that only this person has"));
        }
        if !leads_there {
            say("no trunk leads to Microsoft Teams: give one teams, or leave this number out".into());
        }
        if let Some(other) = numbers.insert(number.clone(), id) {
            say(format!("User {other:?} has the number {number} in Teams already"));
        }
    }
}
