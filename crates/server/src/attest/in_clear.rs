//! Signalling that others could read: trunks, phones and fixed addresses outside of this machine that are reached, or may
//! come, without TLS.

use crate::config::ServerConfig;
use crate::tenant::meaning::Meaning;
use std::net::{IpAddr, SocketAddr};

/// Which listeners of the server take SIP in the clear from other machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clear {
    /// Over UDP.
    pub udp: bool,
    /// Over TCP.
    pub tcp: bool,
}

impl Clear {
    /// By the addresses that the configuration names.
    pub fn of(config: &ServerConfig) -> Clear {
        let is_open = |listen: &str| {
            !listen.is_empty()
                && !listen.parse().is_ok_and(|a: SocketAddr| a.ip().to_canonical().is_loopback())
        };
        Clear { udp: is_open(&config.sip.udp), tcp: is_open(&config.sip.tcp) }
    }

    fn any(self) -> bool {
        self.udp || self.tcp
    }

    fn names(self) -> &'static str {
        match (self.udp, self.tcp) {
            (true, true) => "UDP and TCP",
            (true, false) => "UDP",
            (false, true) => "TCP",
            (false, false) => "nothing",
        }
    }
}

fn is_here((ip, length): (IpAddr, u8)) -> bool {
    // Loopback of IPv4 is a network of its own; a wider one reaches beyond this machine.
    ip.to_canonical().is_loopback() && (ip.is_ipv6() || length >= 8)
}

/// A sentence for each trunk, phone or address whose signalling crosses a network in the clear, without any number.
pub fn ways(meaning: &Meaning, clear: Clear) -> Vec<String> {
    let mut ways = Vec::new();
    for trunk in &meaning.trunk_plans {
        let sent = trunk.proxies.iter().chain(trunk.registration.iter().map(|r| &r.registrar));
        if sent.into_iter().any(|far| far.is_readable()) {
            ways.push(format!("trunk {}: calls are sent there without TLS", trunk.name));
        }
        let comes = meaning.trunks.iter().any(|rule| rule.id == trunk.id && !is_here(rule.network));
        if comes && clear.any() && trunk.tls_names.is_empty() {
            ways.push(format!(
                "trunk {}: calls from there are taken without TLS, over {} (no tls_names)",
                trunk.name,
                clear.names()
            ));
        }
    }
    let mut fixed: Vec<String> = meaning
        .phones
        .iter()
        .filter(|(_, at)| !at.addr.ip().to_canonical().is_loopback())
        .map(|(agent, _)| {
            format!("user {}: the phone is rung without TLS", meaning.names.of("User", agent.0))
        })
        .collect();
    fixed.sort();
    ways.extend(fixed);
    let targets = meaning.targets.values().filter(|at| !at.addr.ip().to_canonical().is_loopback()).count();
    if targets > 0 {
        ways.push(format!("{targets} fixed addresses of flows are rung without TLS"));
    }
    if clear.any() && !meaning.accounts.is_empty() {
        ways.push(format!(
            "{} phones may register from other machines without TLS, over {}",
            meaning.accounts.len(),
            clear.names()
        ));
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::check::check_values;
    use serde_json::{Value, json};

    fn of(more: Vec<Value>, clear: Clear) -> Vec<String> {
        let mut all = vec![json!({"kind": "Tenant", "id": "t", "profile": "contact-center"})];
        all.extend(more);
        let documents = check_values(all).unwrap();
        let number = |kind: &str, id: &str| {
            let place = documents.keys().position(|(k, i)| k == kind && i == id)?;
            u32::try_from(place + 1).ok()
        };
        ways(&crate::tenant::meaning::understand(&documents, &number).unwrap(), clear)
    }

    const OPEN: Clear = Clear { udp: true, tcp: true };

    #[test]
    fn a_far_end_on_this_machine_or_behind_tls_is_in_no_clear() {
        let here = json!({"kind": "Trunk", "id": "here", "networks": ["127.0.0.0/8"], "address": "sip:127.0.0.1:6200"});
        let safe = json!({"kind": "Trunk", "id": "safe", "networks": ["192.0.2.7"], "tls_names": ["sbc.example.com"],
            "proxies": [{"host": "sbc.example.com", "transport": "tls"}]});
        let phone =
            json!({"kind": "User", "id": "anna", "roles": ["agent"], "phone": "sip:anna@127.0.0.1:6001"});
        assert_eq!(of(vec![here, safe, phone], OPEN), Vec::<String>::new());
    }

    #[test]
    fn each_way_in_the_clear_is_named() {
        let trunk = json!({"kind": "Trunk", "id": "carrier", "networks": ["192.0.2.0/24"]});
        let found = of(vec![trunk.clone()], OPEN);
        assert!(
            found.len() == 1 && found[0].contains("carrier") && found[0].contains("UDP and TCP"),
            "{found:?}"
        );
        let tcp = of(vec![trunk.clone()], Clear { udp: false, tcp: true });
        assert!(tcp[0].contains("over TCP"), "{tcp:?}");
        assert!(of(vec![trunk], Clear::default()).is_empty(), "nobody listens for it");
        let sends = json!({"kind": "Trunk", "id": "out", "networks": ["127.0.0.1/32"], "proxies": ["sip.carrier.example"]});
        assert!(of(vec![sends], Clear::default())[0].contains("out: calls are sent there without TLS"));
        let phone = json!({"kind": "User", "id": "anna", "roles": ["agent"], "phone": "sip:anna@192.0.2.9:6001;transport=tcp"});
        assert!(of(vec![phone], Clear::default())[0].contains("user anna"));
        let registers = json!({"kind": "User", "id": "ben", "roles": ["agent"],
            "registers": {"user": "ben", "password_file": "ben.password"}});
        assert!(of(vec![registers.clone()], Clear::default()).is_empty());
        assert!(of(vec![registers], OPEN)[0].contains("1 phones may register"));
    }

    #[test]
    fn a_listener_on_this_machine_is_in_no_clear() {
        let mut config = crate::config::defaults().unwrap();
        (config.sip.udp, config.sip.tcp) = ("127.0.0.1:5060".into(), String::new());
        assert_eq!(Clear::of(&config), Clear::default());
        (config.sip.udp, config.sip.tcp) = (String::new(), "[::]:5060".into());
        assert_eq!(Clear::of(&config), Clear { udp: false, tcp: true });
    }
}
