//! ICE-lite of a leg: checks are answered, and say where packets come from and go to.

use std::net::SocketAddr;

use super::Leg;
use super::remote::{Remote, canonical};
use crate::ice::{Credentials, IceLite};

/// Both ports of a leg that speaks ICE: that of RTP and that of RTCP.
type Ports = Box<[IceLite; 2]>;

/// Who checks a leg.
#[derive(Default)]
pub(super) struct Connectivity {
    /// Whoever was agreed with, or is to be agreed with first.
    now: Option<Ports>,
    /// Whoever was made another offer while packets go to the far end of before: checks are answered, and count from the
    /// agreement on.
    next: Option<Ports>,
}

fn ports(credentials: &Credentials) -> Option<Ports> {
    Some(Box::new([IceLite::new(credentials), IceLite::new(credentials)]))
}

fn are_for(ports: &Option<Ports>, credentials: &Credentials) -> bool {
    ports.as_ref().is_some_and(|ports| ports[0].is_for(credentials))
}

impl Connectivity {
    /// Other credentials begin anew; the same go on.
    pub(super) fn agree(&mut self, credentials: Option<&Credentials>, peer: Option<&str>) {
        let Some(credentials) = credentials else {
            self.now = None;
            return;
        };
        if are_for(&self.next, credentials) {
            self.now = self.next.take();
        } else if !are_for(&self.now, credentials) {
            self.now = ports(credentials);
        }
        if let (Some(ports), Some(peer)) = (&mut self.now, peer) {
            ports.iter_mut().for_each(|port| port.answers(peer));
        }
    }

    fn expect(&mut self, credentials: &Credentials, agreed: bool) {
        if agreed {
            self.next = ports(credentials);
        } else {
            self.agree(Some(credentials), None);
        }
    }

    /// Whether packets may come from there, on the port of RTP or that of RTCP.
    pub(super) fn knows(&self, from: SocketAddr, is_report: bool) -> bool {
        self.now.as_ref().is_some_and(|ports| ports[usize::from(is_report)].knows(from))
    }

    /// Sends packets where the checks say.
    pub(super) fn point(&self, remote: &mut Remote) {
        let Some([rtp, rtcp]) = self.now.as_deref() else { return };
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
    /// its answer does. What is agreed later says it anew. Where something is agreed already, packets go on as before until
    /// then: the offer was to somebody who may take the far end's place.
    pub fn expect_checks(&mut self, credentials: &Credentials) {
        self.connectivity.expect(credentials, self.remote.is_some());
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
        let (from, port) = (canonical(from), usize::from(is_report));
        let Connectivity { now, next } = &mut self.connectivity;
        if let Some(next) = next.as_deref_mut()
            && let Some(answer) = next[port].receive(from, datagram, out)
        {
            return Some(answer.len);
        }
        let answer = now.as_deref_mut()?[port].receive(from, datagram, out)?;
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

    #[test]
    fn whoever_may_take_the_place_is_answered_and_not_sent_to_before_that() {
        let (before, after) = (Credentials::of_session(&[1; 32], 0), Credentials::of_session(&[2; 32], 0));
        let (first, second) = (address("192.0.2.77:50000"), address("192.0.2.99:3478"));
        let mut leg = Leg::new(LegSeeds::from_seed(1), "test");
        leg.expect_checks(&before);
        let agreed = Negotiated { ice: Some(before.clone()), ..agreed(Codec::Pcma) };
        leg.set_remote(0, agreed.clone(), Learning::Never);
        assert!(checks(&mut leg, first, &before, 10, true));
        leg.expect_checks(&after);
        assert!(checks(&mut leg, second, &after, 20, true));
        assert_eq!(leg.remote(), Some(first));
        assert!(matches!(leg.receive_rtp(0, first, &packet(1)), Received::Audio(_)));
        assert!(checks(&mut leg, first, &before, 10, false), "the far end of before goes on");
        leg.set_remote(0, Negotiated { ice: Some(after), ..agreed }, Learning::Never);
        assert_eq!(leg.remote(), Some(second), "it need not check again");
        assert!(!checks(&mut leg, first, &before, 10, true));
    }
}
