//! Calls that a trunk sends elsewhere by a 3xx answer (RFC 3261 section 8.1.3.4).
//!
//! Each address is looked at as if somebody here had asked for it: its number must be one that may be called, of the same
//! kind and country as the one that was asked for (so that what is counted and paid for stays true), and its host must
//! belong to the trunk or lie in a network that the trunk names. All others are passed over.

use super::FarEnd;
use crate::adapt::carriers::Tried;
use crate::adapt::switch::Switch;
use crate::tenant::meaning::contains;
use crate::tenant::objects::WhoseNumber;
use redact::Secret;
use sip::{Destination, Refused, Uri};
use std::collections::VecDeque;

/// The most addresses that one leg tries because others named them.
pub(super) const MOST: u8 = 5;
/// The longest address that is followed, in bytes.
const LONGEST: usize = 500;

impl Switch {
    /// Puts the addresses that a far end of a trunk named before all others that are still to be tried, the best first.
    pub(super) fn follow_redirects(&mut self, call: sip::CallId, refused: &Refused) {
        let Some((tenant, leg)) = self.by_sip.get(&call).copied().filter(|_| !refused.redirects.is_empty())
        else {
            return;
        };
        let Some(l) = self.tenants[tenant].legs.get(&leg).filter(|l| !l.ending) else { return };
        let Some(d) = &l.dialing else { return };
        let Some((_, asked)) = d.asked.as_ref().filter(|(c, _)| *c == call) else { return };
        let named = refused.redirects.iter().filter_map(|r| self.redirected(tenant, asked, &r.uri));
        let mut found: VecDeque<FarEnd> = named.take(usize::from(d.redirects_left)).collect();
        let passed_over = refused.redirects.len() - found.len();
        if passed_over > 0 {
            tracing::warn!(
                event = "redirection_refused",
                tenant = self.tenants[tenant].meaning.tenant,
                addresses = passed_over,
                "a trunk sent a call to where it may not go"
            );
        }
        let Some(d) = self.tenants[tenant].legs.get_mut(&leg).and_then(|l| l.dialing.as_mut()) else {
            return;
        };
        if found.is_empty() {
            return;
        }
        d.redirects_left = d.redirects_left.saturating_sub(found.len() as u8);
        // Where it rang, nobody else is asked for the number that was called first.
        if std::mem::take(&mut d.rang) {
            d.then.clear();
        }
        found.append(&mut d.then);
        d.then = found;
    }

    // The far end that an address means, if a call may go there.
    fn redirected(&self, tenant: usize, asked: &FarEnd, address: &[u8]) -> Option<FarEnd> {
        let t = &self.tenants[tenant];
        let tried = asked.trunk?;
        let trunk = tried.trunk;
        let plan = t.meaning.trunk_plan(trunk)?;
        let text = std::str::from_utf8(address).ok().filter(|a| a.is_ascii() && a.len() <= LONGEST)?;
        let uri = Uri::parse(address).ok().filter(|u| u.headers.is_empty() && !u.is_sips())?;
        let user = std::str::from_utf8(uri.user_part()).ok()?.replace("%2B", "+").replace("%2b", "+");
        let made = plan.inbound.inward(&user, WhoseNumber::Called, &t.meaning.dial_plan).ok()?;
        let to = t.meaning.gate().outward(&made.number).ok()?;
        let was = t.meaning.classes.classify(asked.number.expose_secret()).destination;
        if to.classified.destination != was || t.engine.allows(was).is_err() {
            return None;
        }
        let mut far = FarEnd { number: Secret::new(to.number), ..asked.clone() };
        if uri.host.is_empty() {
            // A number without a place: asked where the first one was.
            let host = asked.uri.expose_secret().rsplit_once('@')?.1;
            far.uri = Secret::new(format!("sip:{user}@{host}"));
            return Some(far);
        }
        far.uri = Secret::new(text.to_string());
        match uri.socket_addr() {
            Some(addr) => {
                let ip = addr.ip();
                let ours = t.meaning.trunks.iter().any(|r| r.id == trunk && contains(r.network, ip))
                    || self.carriers.is_at(ip).is_some_and(|(id, of, _)| (id, of) == (t.id, trunk));
                let named = plan.redirect_networks.iter().any(|network| contains(*network, ip));
                // Back to us would be round in a circle.
                if addr == self.host || !(ours || named) {
                    return None;
                }
                if !ours {
                    far.login = None;
                }
                far.to = Destination { addr, connection: None, ..far.to };
                far.trunk = Some(Tried { to: far.to, ..tried });
            }
            None => {
                let is = |host: &str| uri.host.eq_ignore_ascii_case(host.as_bytes());
                let place = plan
                    .proxies
                    .iter()
                    .position(|p| is(&p.host) && (uri.port.is_none() || uri.port == p.port));
                let registered = plan.registration.as_ref().is_some_and(|r| is(&r.domain));
                match place {
                    Some(place) => {
                        far.to = self.carriers.reach(t.id, trunk, place).first()?.to;
                        far.trunk = Some(Tried { place, to: far.to, ..tried });
                    }
                    None if registered && uri.port.is_none() => {}
                    None => return None,
                }
            }
        }
        Some(far)
    }
}
