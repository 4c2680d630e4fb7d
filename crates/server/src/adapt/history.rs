//! Whom a call was for before: what the trunk says that it came over, and the number of ours that was called; for trunks that
//! are to be told (`history_info`).

use crate::adapt::dialing::FarEnd;
use crate::adapt::switch::Switch;
use crate::trunk_choice::{Before, history_line};
use engine::{LegId, TrunkId};
use redact::Secret;
use sip::{Message, Why};
use std::collections::VecDeque;

/// The most numbers that a call was for before.
const MOST: usize = 10;
/// A call goes on from a number of ours because it always does.
const ALWAYS: u16 = 302;

impl Switch {
    /// What a trunk that is believed says of a call that comes: the first one first. Whoever is not to be shown is left out,
    /// and so is whoever has no number.
    pub(super) fn was_for(&self, tenant: usize, trunk: TrunkId, m: &Message) -> Secret<Vec<Before>> {
        let meaning = &self.tenants[tenant].meaning;
        let one = |d: &sip::Diverted| {
            let number = meaning.caller(trunk, d.address.expose_secret());
            let number = meaning.dial_plan.international(&number).filter(|_| !d.withheld)?;
            Some(Before { number, cause: cause_of(d.why) })
        };
        let mut before: Vec<Before> = sip::diverted_from(m).iter().take(MOST).filter_map(one).collect();
        before.reverse();
        Secret::new(before)
    }

    /// Tells those trunks that are to know whom the call of a caller's leg was for before.
    pub(super) fn tell_history(&self, tenant: usize, caller: LegId, all: &mut VecDeque<FarEnd>) {
        let t = &self.tenants[tenant];
        let told = |far: &FarEnd| {
            let plan = far.trunk.and_then(|tried| t.meaning.trunk_plan(tried.trunk));
            plan.filter(|plan| plan.history_info)
        };
        if !all.iter().any(|far| told(far).is_some()) {
            return;
        }
        let mut before: Vec<Before> =
            t.legs.get(&caller).map(|l| l.was_for.expose_secret().clone()).unwrap_or_default();
        let call = t.engine.legs().get(&caller).and_then(|l| t.engine.calls().get(&l.call));
        let ours = call.and_then(|c| c.number).and_then(|number| t.meaning.dialled.get(&number));
        let ours = ours.and_then(|number| t.meaning.dial_plan.international(number));
        before.extend(ours.map(|number| Before { number, cause: ALWAYS }));
        for far in all {
            let Some(plan) = told(far) else { continue };
            let (uri, host) = (far.uri.expose_secret(), self.host.to_string());
            let line = history_line(plan, &before, uri, &t.meaning.dial_plan, &host);
            far.lines = Secret::new(format!("{}{line}", far.lines.expose_secret()));
        }
    }
}

// As RFC 4458 numbers them.
fn cause_of(why: Why) -> u16 {
    match why {
        Why::Busy | Why::DoNotDisturb => 486,
        Why::NoAnswer => 408,
        Why::Deflected => 480,
        Why::Unavailable | Why::OutOfService => 503,
        Why::Unknown | Why::Unconditional | Why::FollowMe | Why::TimeOfDay | Why::Away => ALWAYS,
    }
}
