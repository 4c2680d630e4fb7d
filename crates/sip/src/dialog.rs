//! A dialog: what both sides of a call must repeat in each request (RFC 3261 section 12).

use crate::address::NameAddr;
use crate::endpoint::{Destination, Transport};
use crate::message::Message;
use crate::name::Name;
use crate::uri::{Uri, split_outside_quotes, trim};
use crate::ways::{HopName, Ways};
use std::borrow::Cow;
use std::sync::Arc;

/// The most Record-Route entries followed; more is a loop or an attack.
const MAX_ROUTES: usize = 20;

#[derive(Clone)]
pub(crate) struct Dialog {
    pub(crate) call_id: Box<[u8]>,
    /// Our address with our tag, as it stands in our requests' From.
    pub(crate) local: Box<[u8]>,
    /// Their address, with their tag once it is known.
    pub(crate) remote: Box<[u8]>,
    /// Their tag; empty before an answer, or from an old peer without one (RFC 2543).
    pub(crate) remote_tag: Box<[u8]>,
    /// Number of our last request.
    pub(crate) local_cseq: u32,
    /// Number of their last request.
    pub(crate) remote_cseq: Option<u32>,
    /// Where requests go through, the next hop first.
    routes: Vec<Box<[u8]>>,
    /// Their Contact.
    target: Box<[u8]>,
    /// Our Contact, where it is another than usual.
    pub(crate) contact: Option<Arc<str>>,
    /// Where requests go whose next hop is a name.
    pub(crate) ways: Option<Box<Ways>>,
}

impl Dialog {
    /// The beginnings of a dialog that our INVITE may make.
    pub(crate) fn outgoing(
        call_id: Vec<u8>,
        local: Vec<u8>,
        remote: &[u8],
        target: &[u8],
        cseq: u32,
    ) -> Dialog {
        Dialog {
            call_id: call_id.into(),
            local: local.into(),
            remote: remote.into(),
            remote_tag: Box::default(),
            local_cseq: cseq,
            remote_cseq: None,
            routes: Vec::new(),
            target: target.into(),
            contact: None,
            ways: None,
        }
    }

    /// The dialog of an INVITE that came in, with our tag added to its To.
    pub(crate) fn incoming(m: &Message, tag: &[u8], first_cseq: u32) -> Dialog {
        let from = m.value(Name::From).unwrap_or_default();
        let to = m.value(Name::To).unwrap_or_default();
        let mut d = Dialog {
            call_id: m.value(Name::CallId).unwrap_or_default().into(),
            local: [to, b";tag=", tag].concat().into(),
            remote: from.into(),
            remote_tag: tag_of(from).into(),
            local_cseq: first_cseq,
            remote_cseq: m.cseq().map(|c| c.0),
            routes: routes(m),
            target: Box::default(),
            contact: None,
            ways: None,
        };
        // A request without Contact is answered to its From (an RFC 2543 peer).
        d.target = NameAddr::parse(from).map(|a| a.uri).unwrap_or_default().into();
        d.retarget(m);
        d
    }

    /// The dialog that an answer to our INVITE makes; each To tag makes its own (RFC 3261 section 12.1.2).
    pub(crate) fn answered(&self, m: &Message) -> Dialog {
        let to = m.value(Name::To).unwrap_or_default();
        let mut routes = routes(m);
        routes.reverse();
        let mut d = Dialog { remote: to.into(), remote_tag: tag_of(to).into(), routes, ..self.clone() };
        d.retarget(m);
        d
    }

    /// A target refresh: their Contact is where later requests go.
    pub(crate) fn retarget(&mut self, m: &Message) {
        let contact = m.value(Name::Contact).and_then(|v| split_outside_quotes(v, b',').next());
        if let Some(a) = contact.and_then(|c| NameAddr::parse(c).ok()) {
            self.target = a.uri.into();
        }
    }

    /// Request-URI and Route of a request, for loose and strict routers (RFC 3261 section 12.2.1.1).
    pub(crate) fn request_uri_and_routes(&self) -> (&[u8], Vec<Cow<'_, [u8]>>) {
        let Some(first) = self.routes.first() else { return (&self.target, Vec::new()) };
        let uri = NameAddr::parse(first).map(|a| a.uri).unwrap_or_default();
        let loose = Uri::parse(uri).is_ok_and(|u| u.param("lr").is_some());
        if loose {
            return (&self.target, self.routes.iter().map(|r| Cow::Borrowed(&r[..])).collect());
        }
        // A strict router wants itself in the Request-URI and the target as the last Route.
        let mut rest: Vec<_> = self.routes[1..].iter().map(|r| Cow::Borrowed(&r[..])).collect();
        rest.push(Cow::Owned([b"<", &self.target[..], b">"].concat()));
        (uri, rest)
    }

    /// The address of the next hop: where the route begins, or the far end itself.
    fn hop(&self) -> Option<Uri<'_>> {
        let uri = match self.routes.first() {
            Some(r) => NameAddr::parse(r).map(|a| a.uri).unwrap_or_default(),
            None => &self.target,
        };
        Uri::parse(uri).ok()
    }

    /// The next hop, where it is a name.
    pub(crate) fn hop_name(&self) -> Option<HopName> {
        let uri = self.hop().filter(|uri| uri.socket_addr().is_none())?;
        let host = std::str::from_utf8(uri.host).ok().filter(|host| !host.is_empty())?;
        Some((host.to_ascii_lowercase(), uri.port))
    }

    /// Where the next request goes. A host that is a name is not looked up here: such a peer is reached where its last
    /// message came from, unless its ways are known ([`crate::Endpoint::set_ways`]).
    pub(crate) fn next_hop(&self, last: Destination) -> Destination {
        let Some(uri) = self.hop() else { return last };
        let Some(addr) = uri.socket_addr() else { return last };
        let said = uri.param("transport").and_then(Transport::from_name);
        let transport = match said {
            Some(transport) => transport,
            None if last.transport.is_stream() && last.addr.ip() == addr.ip() => last.transport,
            None => Transport::Udp,
        };
        if transport.is_stream() && last.transport == transport && last.addr.ip() == addr.ip() {
            // The connection that is open serves, whatever port its far end has; when it is gone, a new one goes to the
            // address that the far end named.
            return Destination { addr, ..last };
        }
        Destination { transport, addr, connection: None }
    }
}

/// The tag of a From or To; empty if there is none.
pub(crate) fn tag_of(value: &[u8]) -> &[u8] {
    NameAddr::parse(value).ok().and_then(|a| a.tag()).unwrap_or_default()
}

fn routes(m: &Message) -> Vec<Box<[u8]>> {
    m.values(Name::RecordRoute)
        .flat_map(|line| split_outside_quotes(line, b','))
        .map(|r| Box::from(trim(r)))
        .take(MAX_ROUTES)
        .collect()
}
