//! Taking the place of a call that is there (RFC 3891): the header in an INVITE, and the same inside a Refer-To.

use crate::address::NameAddr;
use crate::build::read_tag;
use crate::call::{Call, CallId, State};
use crate::endpoint::Endpoint;
use crate::message::Message;
use crate::name::Name;
use crate::slots::Key;
use crate::uri::{Uri, param, trim, unescaped};

/// Which dialog is meant.
struct Replaces<'a> {
    call_id: &'a [u8],
    to_tag: &'a [u8],
    from_tag: &'a [u8],
    early_only: bool,
}

fn parse(value: &[u8]) -> Option<Replaces<'_>> {
    let end = value.iter().position(|&c| c == b';')?;
    let (call_id, params) = value.split_at(end);
    let tag = |name| param(params, name).filter(|t| !t.is_empty());
    Some(Replaces {
        call_id: trim(call_id),
        to_tag: tag("to-tag")?,
        from_tag: tag("from-tag")?,
        early_only: param(params, "early-only").is_some(),
    })
}

impl Endpoint {
    /// The call that an INVITE wants to take the place of; none, if it has no such wish.
    ///
    /// # Errors
    /// The code to refuse it with: its wish cannot be read (400), names no call of ours (481), or one that is answered
    /// though it must not be (486).
    pub(crate) fn replaced(&self, m: &Message) -> Result<Option<CallId>, u16> {
        let mut values = m.values(Name::Replaces);
        let Some(value) = values.next() else { return Ok(None) };
        let replaces = parse(value).filter(|_| values.next().is_none()).ok_or(400u16)?;
        let (key, call) = self.named(&replaces).ok_or(481u16)?;
        match call.state {
            State::Up if replaces.early_only => Err(486),
            State::Up | State::Calling { .. } => Ok(Some(CallId(key))),
            // RFC 3891 section 3: a call that rings here can be taken only by whoever it is for.
            State::Incoming { .. } | State::Cancelling { .. } => Err(481),
        }
    }

    /// The call of ours that the Replaces inside an address names.
    pub(crate) fn replaced_by(&self, address: &[u8]) -> Option<CallId> {
        let uri = Uri::parse(address).ok()?;
        let value = uri.headers.split(|&c| c == b'&').find_map(|header| {
            let equals = header.iter().position(|&c| c == b'=')?;
            header[..equals].eq_ignore_ascii_case(b"Replaces").then_some(&header[equals + 1..])
        })?;
        let value = unescaped(value);
        self.named(&parse(&value)?).map(|(key, _)| CallId(key))
    }

    /// What the far end of a call knows it by: the value of a Replaces, for an INVITE to it or inside the address of a
    /// [`Endpoint::refer`]. `None` before the far end said anything, and when the call is gone.
    pub fn replaces_of(&self, call: CallId) -> Option<String> {
        let dialog = &self.calls.get(call.0)?.dialog;
        let local = NameAddr::parse(&dialog.local).ok()?.tag()?;
        let [id, to, from] = [&*dialog.call_id, &*dialog.remote_tag, local].map(String::from_utf8_lossy);
        (!to.is_empty()).then(|| format!("{id};to-tag={to};from-tag={from}"))
    }

    // Our tag names the call; their tag and the Call-ID prove that it is meant.
    fn named(&self, r: &Replaces<'_>) -> Option<(Key, &Call)> {
        let (index, secret) = read_tag(r.to_tag)?;
        let (key, call) = self.calls.at(index).filter(|(_, c)| c.has_secret(secret))?;
        let same_peer =
            *call.dialog.remote_tag == *r.from_tag || call.branches.iter().any(|b| *b.tag == *r.from_tag);
        (same_peer && *call.dialog.call_id == *r.call_id).then_some((key, call))
    }
}
