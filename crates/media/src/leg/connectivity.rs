//! ICE-lite of a leg: checks are answered, and say where packets come from and go to.

use std::net::SocketAddr;

use super::Leg;
use super::remote::{Remote, canonical};
use crate::ice::{Credentials, IceLite};

/// Both ports of a leg that speaks ICE: that of RTP and that of RTCP.
#[derive(Default)]
pub(super) struct Connectivity(Option<Box<[IceLite; 2]>>);

impl Connectivity {
    /// Other credentials begin anew; the same go on.
    pub(super) fn agree(&mut self, credentials: Option<&Credentials>) {
        let Some(credentials) = credentials else {
            self.0 = None;
            return;
        };
        if !self.0.as_ref().is_some_and(|ports| ports[0].is_for(credentials)) {
            self.0 = Some(Box::new([IceLite::new(credentials), IceLite::new(credentials)]));
        }
    }

    /// Whether packets may come from there, on the port of RTP or that of RTCP.
    pub(super) fn knows(&self, from: SocketAddr, is_report: bool) -> bool {
        self.0.as_ref().is_some_and(|ports| ports[usize::from(is_report)].knows(from))
    }

    /// Sends packets where the checks say.
    pub(super) fn point(&self, remote: &mut Remote) {
        let Some([rtp, rtcp]) = self.0.as_deref() else { return };
        // Who proved that it is there need not be learned.
        remote.open = false;
        remote.rtcp_open = false;
        if let Some(target) = rtp.target() {
            remote.source = target;
        }
        if let Some(target) = rtcp.target() {
            remote.rtcp_source = target;
        }
    }
}

impl Leg {
    /// Says what checks have to know before anything is agreed: those of a far end that was made an offer may come before
    /// its answer does. What is agreed later says it anew.
    pub fn expect_checks(&mut self, credentials: &Credentials) {
        self.connectivity.agree(Some(credentials));
    }

    /// Takes a STUN message from the RTP socket, or the RTCP socket, and gives the length of the answer in `out`, which goes
    /// back to where the message came from by the same socket. `None` when it is not answered.
    pub fn receive_stun(
        &mut self,
        from: SocketAddr,
        is_report: bool,
        datagram: &[u8],
        out: &mut [u8],
    ) -> Option<usize> {
        let ports = self.connectivity.0.as_deref_mut()?;
        let answer = ports[usize::from(is_report)].receive(canonical(from), datagram, out)?;
        if let Some(remote) = self.remote.as_mut().filter(|_| answer.moved) {
            self.connectivity.point(remote);
        }
        Some(answer.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ice::{MAX_RESPONSE, check_of};
    use crate::leg::{DropReason, Learning, LegSeeds, Received};
    use crate::negotiate::{Codec, Negotiated};
    use crate::rtp::RtpHeader;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn agreed(codec: Codec) -> Negotiated {
        Negotiated::plain(codec, address("192.0.2.1:4000"))
    }

    fn packet(n: u16) -> Vec<u8> {
        let mut bytes = vec![0x55; 172];
        let timestamp = u32::from(n) * 160;
        RtpHeader { marker: false, payload_type: 8, sequence: n, timestamp, ssrc: 9 }.write(&mut bytes);
        bytes
    }

    /// A far end's check, and whether it is answered.
    fn checks(
        leg: &mut Leg,
        from: SocketAddr,
        credentials: &Credentials,
        priority: u32,
        nominates: bool,
    ) -> bool {
        let name = format!("{}:them", credentials.ufrag());
        let message = check_of(&name, credentials.password(), priority, nominates, &[]);
        leg.receive_stun(from, false, &message, &mut [0; MAX_RESPONSE]).is_some()
    }

    #[test]
    fn checked_far_ends_are_heard_and_the_nominated_one_is_sent_to() {
        let credentials = Credentials::of_session(&[1; 32], 0);
        let (direct, relayed) = (address("192.0.2.77:50000"), address("192.0.2.99:3478"));
        let mut leg = Leg::new(LegSeeds::from_seed(1), "test");
        assert!(!checks(&mut leg, direct, &credentials, 1, false), "nobody speaks ICE yet");
        // Before the answer came.
        leg.expect_checks(&credentials);
        assert!(checks(&mut leg, relayed, &credentials, 10, false));
        let agreed = Negotiated { ice: Some(credentials.clone()), ..agreed(Codec::Pcma) };
        leg.set_remote(0, agreed.clone(), Learning::FirstPacket);
        assert_eq!(leg.remote(), Some(relayed), "a checked pair goes before the signalled address");
        assert!(checks(&mut leg, direct, &credentials, 20, false));
        assert_eq!(leg.remote(), Some(direct));
        for (n, from) in [(1, relayed), (2, direct)] {
            assert!(matches!(leg.receive_rtp(0, from, &packet(n)), Received::Audio(_)), "{from}");
        }
        let third = packet(3);
        assert_eq!(
            leg.receive_rtp(0, address("192.0.2.66:4000"), &third),
            Received::Dropped(DropReason::Stranger)
        );
        assert!(checks(&mut leg, relayed, &credentials, 10, true));
        assert_eq!(leg.remote(), Some(relayed), "nominated");
        // The far end names the final candidate, then begins anew: until its new checks packets go where it says.
        leg.set_remote(0, agreed.clone(), Learning::Never);
        assert_eq!(leg.remote(), Some(relayed));
        let next = Credentials::of_session(&[1; 32], 1);
        let moved = Negotiated { ice: Some(next.clone()), remote_rtp: address("192.0.2.55:6000"), ..agreed };
        leg.set_remote(0, moved, Learning::Never);
        assert_eq!(leg.remote(), Some(address("192.0.2.55:6000")));
        assert!(!checks(&mut leg, direct, &credentials, 20, true), "the old password counts no more");
        assert!(checks(&mut leg, direct, &next, 20, true));
        assert_eq!(leg.remote(), Some(direct));
    }
}
