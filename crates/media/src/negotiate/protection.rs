//! Whether a leg's audio is protected, and by which key (RFC 4568): what is offered, taken and refused.
//!
//! Keys stand in the description, so they are worth as much as the way that it travels. Whoever sets a policy other than
//! [`SrtpPolicy::Off`] sees to that.

use super::connectivity::Connectivity;
use super::{LocalSession, NegotiateError};
use crate::sdes::{self, CryptoError, CryptoLine, OwnKeys};
use crate::sdp::{Attribute, Media};
use crate::srtp::{SrtpKeys, Suite};

/// What our offers name, best first. GCM is taken where it is offered.
const OFFERED: [Suite; 2] = [Suite::AesCm128HmacSha1_80, Suite::AesCm128HmacSha1_32];

/// Whether a leg's audio is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SrtpPolicy {
    /// Never: protected audio is refused, keys are not looked at.
    #[default]
    Off,
    /// Where the far end wants it too. Offers are plain and name keys; whoever takes one is protected.
    Optional,
    /// Always: audio without keys is refused.
    Required,
}

/// Our side of the protection of a leg.
#[derive(Clone, Default)]
pub(super) struct Protection {
    policy: SrtpPolicy,
    own: Option<OwnKeys>,
    /// The line that is in use: its tag, its suite and the transport that stands in the `m=` line.
    running: Option<(u32, Suite, String)>,
}

/// Whether a section has keys in its own name (`RTP/SAVP`, and with feedback `RTP/SAVPF`) or not (`RTP/AVP`).
fn is_secure(media: &Media) -> Result<bool, NegotiateError> {
    let is = |name: &str| media.protocol.eq_ignore_ascii_case(name);
    match () {
        () if is("RTP/AVP") => Ok(false),
        () if is("RTP/SAVP") || is("RTP/SAVPF") => Ok(true),
        () => Err(NegotiateError::UnsupportedTransport),
    }
}

impl Protection {
    /// What stands in the `m=` line and the `a=crypto` lines of an offer of ours.
    pub(super) fn offer(&self) -> (String, Vec<CryptoLine>) {
        let Some(own) = self.own.as_ref().filter(|_| self.policy != SrtpPolicy::Off) else {
            return ("RTP/AVP".to_owned(), Vec::new());
        };
        if let Some((tag, suite, protocol)) = &self.running {
            return (protocol.clone(), vec![own.line(*tag, *suite)]);
        }
        let protocol = if self.policy == SrtpPolicy::Required { "RTP/SAVP" } else { "RTP/AVP" };
        let lines = (1..).zip(OFFERED).map(|(tag, suite)| own.line(tag, suite)).collect();
        (protocol.to_owned(), lines)
    }

    /// The line of an offered section that we take; `Ok(None)` for plain audio.
    pub(super) fn take(&self, theirs: &Media) -> Result<Option<CryptoLine>, NegotiateError> {
        let secure = is_secure(theirs)?;
        match self.policy {
            SrtpPolicy::Off if secure => return Err(NegotiateError::UnsupportedTransport),
            SrtpPolicy::Off => return Ok(None),
            SrtpPolicy::Optional | SrtpPolicy::Required => {}
        }
        let needed = secure || self.policy == SrtpPolicy::Required;
        let lines = match sdes::lines_of(theirs) {
            Ok(lines) => lines,
            Err(error) if needed => return Err(NegotiateError::Crypto(error)),
            Err(_) => Vec::new(),
        };
        // What runs goes on, so that a hold changes no key.
        let running = self.running.as_ref().and_then(|(tag, suite, _)| {
            lines.iter().find(|line| line.tag == *tag && line.key.suite() == *suite)
        });
        match running.or_else(|| sdes::choose(&lines)) {
            Some(line) => Ok(Some(line.clone())),
            None if needed => Err(NegotiateError::NoEncryption),
            None => Ok(None),
        }
    }

    /// The line that an answer to our section takes; `Ok(None)` for plain audio.
    pub(super) fn taken(&self, ours: &Media, theirs: &Media) -> Result<Option<CryptoLine>, NegotiateError> {
        let (offered_secure, secure) = (is_secure(ours)?, is_secure(theirs)?);
        if offered_secure != secure {
            return Err(NegotiateError::UnsupportedTransport);
        }
        let offered = sdes::lines_of(ours).unwrap_or_default();
        if offered.is_empty() {
            return Ok(None);
        }
        let taken = sdes::lines_of(theirs).map_err(NegotiateError::Crypto)?;
        match taken.as_slice() {
            [] if secure => Err(NegotiateError::NoEncryption),
            [] => Ok(None),
            [line] if offered.iter().any(|o| o.tag == line.tag && o.key.suite() == line.key.suite()) => {
                Ok(Some(line.clone()))
            }
            _ => Err(NegotiateError::Crypto(CryptoError::NotOffered)),
        }
    }

    /// Notes what was agreed on, and gives the keys for both directions and our line of an answer.
    pub(super) fn agree(
        &mut self,
        theirs: Option<CryptoLine>,
        protocol: &str,
    ) -> (Option<SrtpKeys>, Vec<CryptoLine>) {
        let agreed = self.own.as_ref().zip(theirs).map(|(own, line)| {
            let ours = own.line(line.tag, line.key.suite());
            (SrtpKeys { ours: ours.key.clone(), theirs: line.key }, ours)
        });
        self.running = agreed.as_ref().map(|(_, line)| (line.tag, line.key.suite(), protocol.to_owned()));
        match agreed {
            Some((keys, line)) => (Some(keys), vec![line]),
            None => (None, Vec::new()),
        }
    }
}

/// The lines as attributes.
pub(super) fn attributes(lines: &[CryptoLine]) -> impl Iterator<Item = Attribute> + '_ {
    lines.iter().map(|line| Attribute::value("crypto", line.write()))
}

impl LocalSession {
    /// Says whether the audio is protected. `own` are keys of this leg alone.
    pub fn protect(&mut self, policy: SrtpPolicy, own: OwnKeys) {
        self.protection.policy = policy;
        self.protection.own = Some(own);
    }

    /// Forgets protection and ICE: another far end is made another offer.
    pub fn protect_no_more(&mut self) {
        self.protection = Protection::default();
        self.connectivity = Connectivity::default();
    }

    /// Whether the audio agreed on last is protected.
    pub fn is_protected(&self) -> bool {
        self.protection.running.is_some()
    }
}
