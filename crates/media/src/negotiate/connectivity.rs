//! ICE in descriptions (RFC 8839), as a lite agent has it: one host candidate for each port, and checks only answered.

use std::net::SocketAddr;

use super::LocalSession;
use crate::ice::Credentials;
use crate::sdp::{Attribute, Media, SessionDescription};

/// The priority of the one candidate for RTP: of the type host, preferred to all others (RFC 8445, 5.1.2.1).
const PRIORITY: u32 = (126 << 24) | (65_535 << 8) | 255;

/// Our side of a leg's ICE.
#[derive(Clone, Default)]
pub(super) struct Connectivity {
    secret: Option<[u8; 32]>,
    /// How often the far end began anew.
    session: u32,
    /// What the far end said last: user fragment and password.
    theirs: Option<(String, String)>,
    /// The last negotiation left ICE out.
    refused: bool,
}

/// What a description says about its side: user fragment and password.
fn said(session: &SessionDescription, media: &Media) -> Option<(String, String)> {
    let of_session =
        |name| session.attributes.iter().find(|a| a.name.eq_ignore_ascii_case(name))?.value.as_deref();
    let value = |name| media.attribute(name).or_else(|| of_session(name)).filter(|value| !value.is_empty());
    Some((value("ice-ufrag")?.to_owned(), value("ice-pwd")?.to_owned()))
}

impl Connectivity {
    /// What an offer of ours says.
    pub(super) fn offered(&self) -> Option<Credentials> {
        self.secret
            .as_ref()
            .filter(|_| !self.refused)
            .map(|secret| Credentials::of_session(secret, self.session))
    }

    /// Takes in what the far end's description says, and gives what is in force: `None` without ICE. A far end that
    /// changes user fragment and password begins anew, and so do we when we answer it.
    pub(super) fn agree(
        &mut self,
        session: &SessionDescription,
        media: &Media,
        is_offer: bool,
    ) -> Option<Credentials> {
        let secret = self.secret?;
        let theirs = said(session, media);
        self.refused = theirs.is_none();
        let theirs = theirs?;
        if let Some((ufrag, password)) = &self.theirs
            && *ufrag != theirs.0
            && *password != theirs.1
            && is_offer
        {
            self.session = self.session.wrapping_add(1);
        }
        self.theirs = Some(theirs);
        Some(Credentials::of_session(&secret, self.session))
    }

    /// The far end's user fragment where ICE is in force.
    pub(super) fn peer(&self, agreed: &Option<Credentials>) -> Option<Box<str>> {
        let (ufrag, _) = self.theirs.as_ref().filter(|_| agreed.is_some())?;
        Some(ufrag.as_str().into())
    }
}

/// What a section says of our side: one candidate for RTP, and one for RTCP where it has a port of its own.
pub(super) fn attributes(ours: &Credentials, rtp: SocketAddr, mux: bool) -> Vec<Attribute> {
    let candidate = |component: u16| {
        let (priority, port) =
            (PRIORITY + 1 - u32::from(component), rtp.port().saturating_add(component - 1));
        Attribute::value("candidate", format!("1 {component} UDP {priority} {} {port} typ host", rtp.ip()))
    };
    let mut all = vec![
        Attribute::value("ice-ufrag", ours.ufrag()),
        Attribute::value("ice-pwd", ours.password()),
        candidate(1),
    ];
    if !mux {
        all.push(candidate(2));
    }
    all
}

impl LocalSession {
    /// Offers ICE as a lite agent, and answers it where it is offered. The secret is of this leg alone, from the operating
    /// system's dice. Gives the credentials that an offer will name, so that checks can be answered before the answer
    /// comes.
    pub fn use_ice(&mut self, secret: [u8; 32]) -> Credentials {
        self.connectivity.secret = Some(secret);
        Credentials::of_session(&secret, self.connectivity.session)
    }
}
