//! Whether audio is protected, and on which ways keys may travel.

use crate::tenant::objects::Srtp;
use media::negotiate::SrtpPolicy;
use sip::{Destination, Transport};

/// What a trunk or a telephone says about protected audio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SrtpRule {
    /// Whether audio is protected.
    pub policy: SrtpPolicy,
    /// Keys may stand in messages that are not encrypted.
    pub in_clear: bool,
    /// ICE is spoken, as a lite agent.
    pub ice: bool,
}

/// On which terms audio is agreed with a far end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Whether it is protected.
    pub srtp: SrtpPolicy,
    /// ICE is spoken, as a lite agent.
    pub ice: bool,
}

impl SrtpRule {
    /// Understands both settings.
    pub fn of(srtp: Srtp, in_clear: bool) -> SrtpRule {
        let policy = match srtp {
            Srtp::Off => SrtpPolicy::Off,
            Srtp::Optional => SrtpPolicy::Optional,
            Srtp::Required => SrtpPolicy::Required,
        };
        SrtpRule { policy, in_clear, ice: false }
    }

    /// What holds for messages to and from there. Keys stand in these, so nothing is protected where they can be read on
    /// the way; `None` when protection is required there.
    pub fn towards(self, there: &Destination) -> Option<Terms> {
        let hidden = self.in_clear
            || there.transport == Transport::Tls
            || there.addr.ip().to_canonical().is_loopback();
        let srtp = match self.policy {
            SrtpPolicy::Optional if !hidden => SrtpPolicy::Off,
            SrtpPolicy::Required if !hidden => return None,
            policy => policy,
        };
        Some(Terms { srtp, ice: self.ice })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_travel_where_nobody_reads_them_or_where_somebody_said_so() {
        let to = |addr: &str| Destination {
            transport: Transport::Udp,
            addr: addr.parse().unwrap(),
            connection: None,
        };
        let (near, far) = (to("127.0.0.1:5060"), to("192.0.2.1:5060"));
        for (srtp, in_clear, here, there) in [
            (Srtp::Off, false, Some(SrtpPolicy::Off), Some(SrtpPolicy::Off)),
            (Srtp::Optional, false, Some(SrtpPolicy::Optional), Some(SrtpPolicy::Off)),
            (Srtp::Required, false, Some(SrtpPolicy::Required), None),
            (Srtp::Optional, true, Some(SrtpPolicy::Optional), Some(SrtpPolicy::Optional)),
            (Srtp::Required, true, Some(SrtpPolicy::Required), Some(SrtpPolicy::Required)),
        ] {
            let rule = SrtpRule::of(srtp, in_clear);
            let tls = Destination { transport: Transport::Tls, ..far };
            assert_eq!(rule.towards(&tls).map(|terms| terms.srtp), Some(rule.policy), "{srtp:?} by TLS");
            let said = |to| rule.towards(to).map(|terms| terms.srtp);
            assert_eq!((said(&near), said(&far)), (here, there), "{srtp:?} {in_clear}");
        }
    }
}
