//! Handshakes of TLS that others begin: how many at a time, how often, and which one makes way when there are too many.
//!
//! A handshake costs us a signature, so each network may begin only so many in a time, and all strangers together. One
//! that stalls costs a place: whoever comes later takes it, before it is closed for being slow. Who floods takes the places
//! of its own network first, and strangers never take those of others that the configuration names.

use crate::adapt::Guest;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// Handshakes of others under way at a time.
pub(super) const HANDSHAKES: usize = 200;
/// Of these, so many are left for those whom the configuration names and for telephones that are registered.
pub(super) const KEPT_HANDSHAKES: usize = 100;
/// Handshakes of one network under way at a time.
pub(super) const OF_ONE_NETWORK: usize = 64;
/// A handshake that lasts longer than this, in microseconds, makes way for another one: it takes two round trips.
pub(super) const STALLED: u64 = 2_000_000;
/// The most networks whose handshakes are counted; with more, counting begins anew.
const MOST_NETWORKS: usize = 8_192;

/// So many handshakes at once, and so many a second after that.
#[derive(Clone, Copy)]
struct Allowed {
    at_once: u32,
    a_second: u32,
}

const OF_A_STRANGER: Allowed = Allowed { at_once: 40, a_second: 5 };
const OF_ALL_STRANGERS: Allowed = Allowed { at_once: 200, a_second: 100 };
const OF_SOMEBODY_KNOWN: Allowed = Allowed { at_once: 400, a_second: 50 };

/// What is left of an allowance, in millionths of a handshake.
#[derive(Clone, Copy)]
struct Left {
    amount: u64,
    at: u64,
}

impl Left {
    fn of(allowed: Allowed, now: u64) -> Left {
        Left { amount: u64::from(allowed.at_once) * 1_000_000, at: now }
    }

    /// What is there at this moment.
    fn at(self, allowed: Allowed, now: u64) -> u64 {
        let more = now.saturating_sub(self.at).saturating_mul(u64::from(allowed.a_second));
        self.amount.saturating_add(more).min(u64::from(allowed.at_once) * 1_000_000)
    }
}

/// How often others began a handshake.
#[derive(Default)]
pub(super) struct Begun {
    networks: HashMap<IpAddr, Left>,
    strangers: Option<Left>,
}

impl Begun {
    /// Counts one more from there. False when it is one too many. `now` is in microseconds.
    pub(super) fn may_begin(&mut self, now: u64, ip: IpAddr, guest: Guest) -> bool {
        let network = network_of(ip);
        if self.networks.len() >= MOST_NETWORKS && !self.networks.contains_key(&network) {
            self.networks.clear();
        }
        let allowed = if guest == Guest::Stranger { OF_A_STRANGER } else { OF_SOMEBODY_KNOWN };
        let own = self.networks.entry(network).or_insert(Left::of(allowed, now));
        let left = own.at(allowed, now);
        let Some(rest) = left.checked_sub(1_000_000) else { return false };
        if guest == Guest::Stranger {
            let all = self.strangers.get_or_insert(Left::of(OF_ALL_STRANGERS, now));
            let Some(rest) = all.at(OF_ALL_STRANGERS, now).checked_sub(1_000_000) else { return false };
            *all = Left { amount: rest, at: now };
        }
        *own = Left { amount: rest, at: now };
        true
    }
}

/// Whether two addresses are likely one party's: the same, or in IPv6 of the same 64 bits.
pub(super) fn is_same_network(a: IpAddr, b: IpAddr) -> bool {
    network_of(a) == network_of(b)
}

/// The network whose handshakes count together with those of an address.
pub(super) fn network_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        ip => ip,
    }
}

/// A handshake of somebody else that is not over.
pub(super) struct UnderWay {
    /// The connection.
    pub(super) id: u64,
    pub(super) ip: IpAddr,
    pub(super) guest: Guest,
    /// When it began, in microseconds.
    pub(super) began: u64,
}

/// What becomes of one more.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// There is one.
    Free,
    /// There is one once this connection is closed.
    Of(u64),
    /// There is none.
    None,
}

/// Where one more handshake finds a place.
pub(super) fn place(all: &[UnderWay], now: u64, ip: IpAddr, guest: Guest) -> Place {
    let strangers = || all.iter().filter(|u| u.guest == Guest::Stranger);
    let oldest = |of: &dyn Fn(&UnderWay) -> bool| {
        let stalled = all.iter().filter(|u| of(u) && now.saturating_sub(u.began) >= STALLED);
        stalled.min_by_key(|u| u.began).map_or(Place::None, |u| Place::Of(u.id))
    };
    let of_network = |u: &UnderWay| is_same_network(u.ip, ip);
    let of_strangers = |u: &UnderWay| u.guest == Guest::Stranger;
    if all.iter().filter(|u| of_network(u)).count() >= OF_ONE_NETWORK {
        return oldest(&of_network);
    }
    if guest == Guest::Stranger && strangers().count() >= HANDSHAKES - KEPT_HANDSHAKES {
        return oldest(&of_strangers);
    }
    if all.len() < HANDSHAKES {
        return Place::Free;
    }
    match (oldest(&of_strangers), guest) {
        (Place::None, Guest::Known) => oldest(&|_| true),
        (found, _) => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn ip(n: usize) -> IpAddr {
        IpAddr::from([10, 0, (n / 250) as u8, (n % 250) as u8])
    }

    fn under_way(count: usize, guest: Guest, from: impl Fn(usize) -> IpAddr, began: u64) -> Vec<UnderWay> {
        (0..count).map(|n| UnderWay { id: n as u64, ip: from(n), guest, began: began + n as u64 }).collect()
    }

    #[test]
    fn who_stalls_makes_way_and_nobody_else_does() {
        let there = IpAddr::from([192, 0, 2, 1]);
        // One network, whoever it is, has so many.
        for guest in [Guest::Known, Guest::Stranger] {
            let all = under_way(OF_ONE_NETWORK, guest, |_| there, SECOND);
            assert_eq!(place(&all, SECOND + STALLED - 1, there, guest), Place::None);
            assert_eq!(place(&all, SECOND + STALLED, there, guest), Place::Of(0), "the oldest");
            assert_eq!(place(&all, SECOND, ip(1), guest), Place::Free, "others have theirs");
        }
        // Strangers of many networks fill their share, and no more.
        let strangers = under_way(HANDSHAKES - KEPT_HANDSHAKES, Guest::Stranger, ip, SECOND);
        assert_eq!(place(&strangers, SECOND, there, Guest::Stranger), Place::None);
        assert_eq!(place(&strangers, SECOND + STALLED, there, Guest::Stranger), Place::Of(0));
        assert_eq!(place(&strangers, SECOND, there, Guest::Known), Place::Free);
        // Where all places are taken, strangers make way first, and nobody known for a stranger.
        let mut all = strangers;
        let known = under_way(KEPT_HANDSHAKES, Guest::Known, |n| ip(n + 1_000), 0);
        all.extend(known.into_iter().map(|u| UnderWay { id: u.id + 1_000, ..u }));
        assert_eq!(place(&all, SECOND + STALLED, there, Guest::Known), Place::Of(0));
        all.retain(|u| u.guest == Guest::Known);
        all.extend(under_way(KEPT_HANDSHAKES, Guest::Known, |n| ip(n + 2_000), SECOND));
        assert_eq!(place(&all, 10 * SECOND, there, Guest::Stranger), Place::None);
        assert_eq!(place(&all, 10 * SECOND, there, Guest::Known), Place::Of(1_000));
    }

    #[test]
    fn a_network_begins_so_many_and_then_so_many_a_second() {
        let mut begun = Begun::default();
        let mut count =
            |now, ip, guest| (0..1_000).filter(|_| begun.may_begin(now, ip, guest)).count() as u32;
        assert_eq!(count(0, ip(1), Guest::Stranger), OF_A_STRANGER.at_once);
        assert_eq!(count(2 * SECOND, ip(1), Guest::Stranger), 2 * OF_A_STRANGER.a_second);
        assert_eq!(count(2 * SECOND, ip(2), Guest::Known), OF_SOMEBODY_KNOWN.at_once);
        // A network of IPv6 is one, however many addresses it has.
        let of = |n: u16| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, n]);
        let all: u32 = (0..100).map(|n| count(2 * SECOND, of(n), Guest::Stranger)).sum();
        assert_eq!(all, OF_A_STRANGER.at_once);
        // Many strangers together, and somebody known beside them.
        let all: u32 = (0..500).map(|n| count(1_000 * SECOND, ip(10 + n), Guest::Stranger)).sum();
        assert_eq!(all, OF_ALL_STRANGERS.at_once);
        assert_eq!(count(1_000 * SECOND, ip(3), Guest::Known), OF_SOMEBODY_KNOWN.at_once);
        // However many networks there are, no more than so many are remembered.
        for n in 0..3 * MOST_NETWORKS {
            begun.may_begin(2_000 * SECOND, IpAddr::from((n as u32).to_be_bytes()), Guest::Stranger);
            assert!(begun.networks.len() <= MOST_NETWORKS);
        }
    }
}
