//! What a source is: which addresses are counted as one, and which networks are trusted.

use core::net::IpAddr;

/// The most networks that are trusted.
const MAX_TRUSTED: usize = 4_096;

/// Networks that are trusted.
#[derive(Default)]
pub(super) struct Trusted {
    /// Ranges of addresses in order, none overlapping the next.
    ranges: Vec<(u128, u128)>,
}

impl Trusted {
    pub(super) fn new(networks: &[(IpAddr, u8)]) -> Trusted {
        let mut all: Vec<(u128, u128)> = networks.iter().take(MAX_TRUSTED).map(|n| range(*n)).collect();
        all.sort_unstable();
        let mut ranges: Vec<(u128, u128)> = Vec::with_capacity(all.len());
        for (first, last) in all {
            match ranges.last_mut() {
                Some(before) if first <= before.1 => before.1 = before.1.max(last),
                _ => ranges.push((first, last)),
            }
        }
        Trusted { ranges }
    }

    pub(super) fn holds(&self, ip: IpAddr) -> bool {
        let n = number(ip);
        let after = self.ranges.partition_point(|(first, _)| *first <= n);
        after > 0 && self.ranges.get(after - 1).is_some_and(|(_, last)| n <= *last)
    }
}

/// An address as a number; an IPv4 address as the IPv6 address that stands for it.
fn number(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// What an address is counted by: itself, or its IPv6 network.
pub(super) fn key(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits() >> 64 << 64,
    }
}

/// The address that stands for a key: the first of an IPv6 network.
pub(super) fn address(key: u128) -> IpAddr {
    IpAddr::V6(key.into()).to_canonical()
}

/// The address by which a source is told.
pub(super) fn named(ip: IpAddr) -> IpAddr {
    address(key(ip))
}

/// The first and the last address of a network.
fn range((ip, bits): (IpAddr, u8)) -> (u128, u128) {
    let free = match ip.to_canonical() {
        // The length of an IPv6 network counts from its first bit, also where it stands for an IPv4 network.
        IpAddr::V4(_) if ip.is_ipv4() => 32 - u32::from(bits.min(32)),
        _ => 128 - u32::from(bits.min(128)),
    };
    let rest = if free == 128 { u128::MAX } else { (1 << free) - 1 };
    (number(ip) & !rest, number(ip) | rest)
}
