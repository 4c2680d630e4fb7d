//! One far end of a trunk: where it is, and whether anybody answers there.
//!
//! A name may stand for several addresses. The far end is up while one of them answers; a call tries them one after the
//! other, those that gave no answer last.

use crate::adapt::switch::Now;
use crate::adapt::trunk_told::Changes;
use crate::adapt::unreached::Unreached;
use crate::tenant::objects::ProxyTransport;
use crate::tenant::trunk::ProxyTarget;
use crate::trunk_choice::Outcome;
use sip::{AskId, Destination, Transport};

/// Nobody answered.
const NO_ANSWER: u16 = 408;
/// It answered that it is out of service.
const OUT_OF_SERVICE: u16 = 503;

/// An address of a far end.
struct Place {
    to: Destination,
    /// It gave no answer when it was last tried.
    silent: bool,
    /// The question that is on its way there.
    asked: Option<AskId>,
}

/// One far end of a trunk.
pub(super) struct FarSide {
    pub(super) target: ProxyTarget,
    // Empty while its name is not resolved.
    places: Vec<Place>,
    /// Since when it is as it is.
    pub(super) since: sip::Time,
    /// The answer to the last question or call; 408 where none came.
    pub(super) said: Option<u16>,
    /// When it is asked again, or may be tried again.
    pub(super) next: Option<sip::Time>,
    /// When it came and went.
    pub(super) changes: Changes,
    /// It answers our questions, and says that it will have nothing of us.
    pub(super) refuses: bool,
    /// Why nothing gets there, where that is known.
    pub(super) unreached: Option<Unreached>,
    /// What the TLS library said of it.
    pub(super) why: Option<String>,
}

impl FarSide {
    /// A far end of which nothing is known yet; asked at once if it is to be asked at all.
    pub(super) fn new(now: Now, target: &ProxyTarget, asks: bool) -> FarSide {
        let mut side = FarSide {
            target: target.clone(),
            places: Vec::new(),
            since: now.sip(),
            said: None,
            next: asks.then(|| now.sip()),
            changes: Changes::default(),
            refuses: false,
            unreached: None,
            why: None,
        };
        side.is_at(now, destinations(target));
        side
    }

    /// The configuration changed, this far end did not; whether it is asked may have changed.
    pub(super) fn keep(mut self, now: Now, asks: bool) -> FarSide {
        self.next = if asks { self.next.or(Some(now.sip())) } else { self.next.filter(|_| self.is_down()) };
        self
    }

    /// It was looked up: these are its addresses, the preferred first. What is known of those that stay is kept.
    pub(super) fn is_at(&mut self, now: Now, at: Vec<Destination>) {
        let was = self.is_down();
        let mut before = std::mem::take(&mut self.places);
        let place = |to: Destination| {
            let known = before.iter().position(|s| s.to == to).map(|n| before.swap_remove(n));
            known.unwrap_or(Place { to, silent: false, asked: None })
        };
        self.places = at.into_iter().map(place).collect();
        if !self.places.is_empty() && self.has_no_address() {
            self.unreached = None;
        }
        self.changed(now, was);
    }

    fn has_no_address(&self) -> bool {
        matches!(self.unreached, Some(Unreached::NameUnknown | Unreached::NameUnanswered))
    }

    /// Its name was looked up in vain; `unanswered` when the DNS did not say so much as that. What was known before is better
    /// than nothing then. Whether that is news.
    pub(super) fn is_nowhere(&mut self, now: Now, unanswered: bool) -> bool {
        if !unanswered {
            self.is_at(now, Vec::new());
        }
        let why = if unanswered { Unreached::NameUnanswered } else { Unreached::NameUnknown };
        self.places.is_empty() && self.is_unreached(why, None)
    }

    /// Nothing gets there, for this reason; what TLS said of it. Whether that is news.
    pub(super) fn is_unreached(&mut self, cause: Unreached, tls: Option<String>) -> bool {
        self.why = tls;
        self.unreached.replace(cause) != Some(cause)
    }

    /// Whether calls can go there as far as is known.
    pub(super) fn is_down(&self) -> bool {
        self.places.iter().all(|s| s.silent)
    }

    /// All its addresses.
    pub(super) fn all(&self) -> impl Iterator<Item = Destination> {
        self.places.iter().map(|s| s.to)
    }

    /// Its addresses in the order in which a call tries them.
    pub(super) fn in_order(&self) -> impl Iterator<Item = Destination> {
        let of = |silent| self.places.iter().filter(move |s| s.silent == silent).map(|s| s.to);
        of(false).chain(of(true))
    }

    /// Those that no question is on its way to.
    pub(super) fn to_ask(&self) -> impl Iterator<Item = Destination> {
        self.places.iter().filter(|s| s.asked.is_none()).map(|s| s.to)
    }

    /// A question went to this address.
    pub(super) fn asks(&mut self, to: Destination, ask: AskId) {
        if let Some(place) = self.places.iter_mut().find(|s| s.to == to) {
            place.asked = Some(ask);
        }
    }

    /// Takes in what came of a question; whether it was one to this far end.
    pub(super) fn answered(&mut self, now: Now, ask: AskId, how: Outcome) -> bool {
        let Some(n) = self.places.iter().position(|s| s.asked == Some(ask)) else { return false };
        self.places[n].asked = None;
        self.says(now, self.places[n].to, how);
        true
    }

    /// Takes in what a question said that was asked of this address on behalf of others, too.
    pub(super) fn told(&mut self, now: Now, to: Destination, how: Outcome) {
        if self.places.iter().any(|s| s.to == to) {
            self.says(now, to, how);
        }
    }

    /// The address that a question went to.
    pub(super) fn asked_at(&self, ask: AskId) -> Option<Destination> {
        self.places.iter().find(|s| s.asked == Some(ask)).map(|s| s.to)
    }

    // Of a question only: a call may be refused for its number alone.
    fn says(&mut self, now: Now, to: Destination, how: Outcome) {
        self.refuses = matches!(how, Outcome::Code(401 | 403 | 407 | 603));
        // A question waits for longer than a connection takes to fail: this one got there.
        if how != Outcome::Unreachable {
            self.is_reached();
        }
        self.heard(now, to, how);
    }

    fn is_reached(&mut self) {
        self.unreached = None;
        self.why = None;
    }

    /// Takes in what a question or a call to this address came to. Whoever answers is there, except to say that it is out
    /// of service.
    pub(super) fn heard(&mut self, now: Now, to: Destination, how: Outcome) {
        let was = self.is_down();
        let code = match how {
            Outcome::NoAnswer => NO_ANSWER,
            Outcome::Unreachable => OUT_OF_SERVICE,
            Outcome::Code(code) => code,
        };
        if let Some(place) = self.places.iter_mut().find(|s| s.to == to) {
            place.silent = matches!(code, NO_ANSWER | OUT_OF_SERVICE);
        }
        self.said = Some(code);
        if !matches!(code, NO_ANSWER | OUT_OF_SERVICE) {
            self.is_reached();
        }
        self.changed(now, was);
    }

    /// It was left alone for a while: the next call may try it.
    pub(super) fn try_again(&mut self, now: Now) {
        let was = self.is_down();
        self.places.iter_mut().for_each(|s| s.silent = false);
        self.changed(now, was);
    }

    fn changed(&mut self, now: Now, was: bool) {
        if self.is_down() != was {
            self.since = now.sip();
            self.changes.add(now.sip(), was, self.said);
        }
    }
}

/// Where a far end is whose address is written down.
pub(super) fn destinations(target: &ProxyTarget) -> Vec<Destination> {
    let transport = match target.transport {
        Some(ProxyTransport::Tcp) => Transport::Tcp,
        Some(ProxyTransport::Tls) => Transport::Tls,
        _ => Transport::Udp,
    };
    target.addr().map(|addr| Destination { transport, addr, connection: None }).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Now {
        Now { mono: s * 1_000_000, wall: engine::Time(s * 1_000) }
    }

    fn to(last: u8) -> Destination {
        let addr = ([192, 0, 2, last], 5060).into();
        Destination { transport: Transport::Udp, addr, connection: None }
    }

    fn named() -> FarSide {
        let target = ProxyTarget {
            host: "sbc.example".into(),
            port: None,
            transport: None,
            priority: 0,
            weight: 1,
            at: None,
        };
        let mut side = FarSide::new(at(0), &target, false);
        assert!(side.is_down(), "a name that is not resolved is nowhere");
        side.is_at(at(1), vec![to(1), to(2)]);
        side
    }

    #[test]
    fn a_far_end_is_up_while_one_of_its_addresses_answers() {
        let mut side = named();
        side.heard(at(10), to(1), Outcome::NoAnswer);
        assert!(!side.is_down());
        assert!(side.in_order().eq([to(2), to(1)]), "the silent one comes last");
        side.heard(at(20), to(2), Outcome::Unreachable);
        assert!(side.is_down());
        assert_eq!(side.since, at(20).sip());
        side.heard(at(30), to(1), Outcome::Code(486));
        assert!(!side.is_down(), "who says busy is there");
        assert!(side.in_order().eq([to(1), to(2)]));
    }

    #[test]
    fn a_far_end_that_answers_may_still_refuse_us() {
        let mut side = named();
        let asks = |side: &mut FarSide, code| {
            side.says(at(10), to(1), Outcome::Code(code));
            (side.refuses, side.is_down())
        };
        assert_eq!(asks(&mut side, 403), (true, false));
        side.heard(at(11), to(1), Outcome::Code(200));
        assert!(side.refuses, "a call says nothing of that");
        // Who knows no OPTIONS is there all the same.
        assert_eq!([200, 405, 404].map(|code| asks(&mut side, code)), [(false, false); 3]);
    }

    #[test]
    fn why_nothing_gets_there_is_known_until_something_does() {
        let mut side = named();
        assert!(side.is_unreached(Unreached::Refused, None) && !side.is_unreached(Unreached::Refused, None));
        side.heard(at(10), to(1), Outcome::Unreachable);
        // A call is given up before a handshake is over.
        side.heard(at(11), to(1), Outcome::NoAnswer);
        assert_eq!(side.unreached, Some(Unreached::Refused));
        side.says(at(12), to(1), Outcome::Unreachable);
        assert_eq!(side.unreached, Some(Unreached::Refused));
        for how in [Outcome::NoAnswer, Outcome::Code(503), Outcome::Code(200)] {
            side.is_unreached(Unreached::Tls, Some("expired".into()));
            side.says(at(50), to(1), how);
            assert_eq!((side.unreached, &side.why), (None, &None), "{how:?}");
        }
        side.is_unreached(Unreached::HandshakeTimeout, None);
        side.heard(at(60), to(1), Outcome::Code(486));
        assert_eq!(side.unreached, None, "a call got there");
    }

    #[test]
    fn a_name_without_an_address_is_told_from_a_dns_that_does_not_answer() {
        let mut side = named();
        assert!(!side.is_nowhere(at(5), true), "what was known is used while the DNS is silent");
        assert_eq!((side.all().count(), side.unreached), (2, None));
        assert!(side.is_nowhere(at(6), false) && side.is_down());
        assert_eq!(side.unreached, Some(Unreached::NameUnknown));
        assert!(side.is_nowhere(at(7), true));
        assert_eq!(side.unreached, Some(Unreached::NameUnanswered));
        side.is_at(at(8), vec![to(1)]);
        assert_eq!((side.unreached, side.is_down()), (None, false));
        // What is wrong with a connection is not mended by looking its name up again.
        side.is_unreached(Unreached::Refused, None);
        side.is_at(at(9), vec![to(1)]);
        assert_eq!(side.unreached, Some(Unreached::Refused));
    }

    #[test]
    fn looking_a_name_up_again_keeps_what_is_known_of_an_address() {
        let mut side = named();
        side.heard(at(10), to(1), Outcome::NoAnswer);
        side.is_at(at(60), vec![to(1), to(3)]);
        assert!(side.in_order().eq([to(3), to(1)]));
    }

    #[test]
    fn a_new_configuration_does_not_forget_where_a_name_is_nor_since_when_it_is_down() {
        let mut side = named();
        side.heard(at(10), to(1), Outcome::NoAnswer);
        side.heard(at(10), to(2), Outcome::NoAnswer);
        let side = side.keep(at(40), true);
        assert!(side.is_down() && side.since == at(10).sip());
        assert_eq!((side.all().count(), side.next), (2, Some(at(40).sip())), "asked from now on");
    }
}
