//! Addresses as people write them: SIP addresses to ring, networks of trunks.

use crate::tenant::srtp::SrtpRule;
use redact::Secret;
use std::net::{IpAddr, SocketAddr};

/// An address that can be rung.
#[derive(Clone, Debug)]
pub struct TargetAddress {
    /// Request-URI.
    pub uri: Secret<String>,
    /// Where to send.
    pub addr: SocketAddr,
    /// Over TCP.
    pub tcp: bool,
    /// Audio may come from elsewhere than signalled.
    pub nat: bool,
    /// Whether audio is protected.
    pub srtp: SrtpRule,
}

/// Reads `sip:user@address[:port][;transport=tcp]`.
///
/// # Errors
/// A sentence.
pub fn read_sip_address(text: &str) -> Result<TargetAddress, String> {
    let example = "write it as sip:name@192.0.2.10:5060";
    let uri = sip::Uri::parse(text.as_bytes()).map_err(|_| format!("this is no SIP address: {example}"))?;
    if !uri.is_sip() {
        return Err(format!("only sip: addresses can be rung: {example}"));
    }
    let addr =
        uri.socket_addr().ok_or_else(|| format!("the host must be an address, not a name: {example}"))?;
    if addr.ip().is_unspecified() || addr.ip().is_multicast() || addr.port() == 0 {
        return Err(format!("nothing can be reached there: {example}"));
    }
    let tcp = match uri.param("transport") {
        None => false,
        Some(t) if t.eq_ignore_ascii_case(b"udp") => false,
        Some(t) if t.eq_ignore_ascii_case(b"tcp") => true,
        Some(_) => return Err("transport is udp or tcp".into()),
    };
    Ok(TargetAddress { uri: Secret::new(text.into()), addr, tcp, nat: false, srtp: SrtpRule::default() })
}

/// Reads `192.0.2.0/24` or a single address.
///
/// # Errors
/// A sentence.
pub fn read_network(text: &str) -> Result<(IpAddr, u8), String> {
    let example = "write it as 192.0.2.0/24 or 192.0.2.7";
    let (ip, length) = match text.split_once('/') {
        Some((ip, length)) => (ip, Some(length)),
        None => (text, None),
    };
    let ip: IpAddr = ip.parse().map_err(|_| format!("this is no network: {example}"))?;
    let most = if ip.is_ipv4() { 32 } else { 128 };
    let length = match length {
        None => most,
        Some(l) => l
            .parse()
            .ok()
            .filter(|l| *l <= most)
            .ok_or_else(|| format!("the prefix is 0 to {most}: {example}"))?,
    };
    Ok((ip, length))
}

/// Reads a name of the DNS or an address literal, IPv6 without brackets.
///
/// # Errors
/// A sentence.
pub fn read_host(text: &str) -> Result<String, String> {
    let example = "write it as sip.example.org or 192.0.2.1";
    if let Ok(ip) = text.parse::<IpAddr>() {
        let reached = !ip.is_unspecified() && !ip.is_multicast();
        return reached
            .then(|| text.to_string())
            .ok_or_else(|| format!("nothing can be reached there: {example}"));
    }
    // RFC 1123, with the underline that service names have.
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    };
    let name = text.strip_suffix('.').unwrap_or(text);
    // A last part of digits is an address that is not written right.
    let digits_last = name.rsplit('.').next().is_some_and(|l| l.bytes().all(|c| c.is_ascii_digit()));
    match !digits_last && name.len() <= 253 && name.split('.').all(label) {
        true => Ok(name.to_ascii_lowercase()),
        false => Err(format!("this is neither a name nor an address: {example}")),
    }
}

/// Reads `name[:port]`, `192.0.2.1[:port]` or `[2001:db8::1][:port]` into host, without brackets, and port.
///
/// # Errors
/// A sentence.
pub fn read_host_port(text: &str) -> Result<(String, Option<u16>), String> {
    let example = "write it as sip.example.org, 192.0.2.1:5060 or [2001:db8::1]:5060";
    let wrong = || format!("this is neither a name nor an address with or without a port: {example}");
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(wrong)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| wrong())?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or_else(wrong)?) })
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port =
        port.map(|p| p.parse::<u16>().ok().filter(|p| *p > 0)).map(|p| p.ok_or_else(wrong)).transpose()?;
    Ok((read_host(host)?, port))
}

/// Reads the address of an account, `sip:user@host`, into user and host.
///
/// # Errors
/// A sentence.
pub fn read_aor(text: &str) -> Result<(String, String), String> {
    let wrong = || "write it as sip:account@carrier.example".to_string();
    let (user, host) = text.strip_prefix("sip:").and_then(|rest| rest.split_once('@')).ok_or_else(wrong)?;
    match crate::tenant::formats::wrong("sip-user", user) {
        None => Ok((user.into(), read_host(host).map_err(|_| wrong())?)),
        Some(_) => Err(wrong()),
    }
}

/// Whether an address lies in a network.
pub fn contains(network: (IpAddr, u8), ip: IpAddr) -> bool {
    match (network.0, ip) {
        (IpAddr::V4(n), IpAddr::V4(ip)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(network.1)).unwrap_or(0);
            u32::from(n) & mask == u32::from(ip) & mask
        }
        (IpAddr::V6(n), IpAddr::V6(ip)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(network.1)).unwrap_or(0);
            u128::from(n) & mask == u128::from(ip) & mask
        }
        (n, IpAddr::V6(ip)) => ip.to_ipv4_mapped().is_some_and(|ip| contains((n, network.1), ip.into())),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let inside = |n: &str, ip: &str| contains(read_network(n).unwrap(), ip.parse().unwrap());
        assert!(inside("127.0.0.0/8", "127.9.9.9"));
        assert!(!inside("127.0.0.0/8", "128.0.0.1"));
        assert!(inside("0.0.0.0/0", "8.8.8.8"));
        assert!(inside("192.0.2.7", "192.0.2.7") && !inside("192.0.2.7", "192.0.2.8"));
        assert!(inside("2001:db8::/32", "2001:db8:1::1") && !inside("2001:db8::/32", "2001:db9::1"));
        assert!(inside("127.0.0.0/8", "::ffff:127.0.0.1"));
        assert!(read_network("127.0.0.0/33").is_err() && read_network("x").is_err());
    }

    #[test]
    fn sip_addresses() {
        let a = read_sip_address("sip:agent1@127.0.0.1:6000;transport=tcp").unwrap();
        assert_eq!((a.addr.port(), a.tcp), (6000, true));
        for bad in [
            "agent1",
            "tel:+1",
            "sip:a@host.example",
            "sip:a@0.0.0.0",
            "sip:a@1.2.3.4:0",
            "sip:a@1.2.3.4;transport=tls",
        ] {
            assert!(read_sip_address(bad).is_err(), "{bad}");
        }
    }
}
