//! One datagram: split it, judge it, and read every value in every way that the endpoint may.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::{Message, NameAddr, Start, Uri, check_request, check_response};

fn address(value: &[u8]) {
    let Ok(a) = NameAddr::parse(value) else { return };
    assert!(Uri::parse(a.uri).is_ok(), "an accepted address holds an address");
    let _ = (a.tag(), a.param("expires"));
    uri(a.uri);
}

fn uri(value: &[u8]) {
    let Ok(u) = Uri::parse(value) else { return };
    let _ = (u.is_sip(), u.is_sips(), u.param("transport"), u.socket_addr());
    assert!(u.user_part().len() <= u.user.len() && u.host.len() <= value.len());
}

/// A value that goes into another message is one header of it, and is read there as it was.
fn goes_on(value: &[u8]) {
    let Some(line) = sip::as_line(value) else { return };
    let head: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nReferred-By: ";
    let text = [head, line, b"\r\nContent-Length: 0\r\n\r\n"].concat();
    // A value of 64 KB fits into no message beside other lines.
    let Ok(m) = Message::parse(&text) else { return assert!(value.len() > 32_000) };
    assert!(m.headers().count() == 2 && m.values(sip::Name::ReferredBy).eq([value]));
}

fuzz_target!(|data: &[u8]| {
    let Ok(m) = Message::parse(data) else { return };
    assert!(m.body().len() <= data.len() && m.headers().count() <= 200);
    match m.start() {
        Start::Request(method) => {
            if check_request(&m).is_ok() {
                assert!(m.top_via().is_some() && m.cseq().is_some_and(|c| c.1 == method));
            }
            assert!(!check_response(&m));
        }
        Start::Response(code) => {
            assert!((100..700).contains(&code));
            assert!(check_request(&m).is_err());
            let _ = check_response(&m);
        }
    }
    let _ = (m.top_via(), m.cseq(), m.method_text());
    let callers = [sip::caller(&m), sip::claimed(&m)];
    assert!(callers.iter().all(|c| c.address.expose_secret().chars().count() <= 401));
    assert!(sip::diverted_from(&m).len() <= 10);
    assert!(sip::cause_of(&m).is_none_or(|cause| (1..128).contains(&cause)));
    assert!(m.session_description().len() <= m.body().len());
    uri(m.target());
    for header in m.headers() {
        goes_on(header.value);
        address(header.value);
        uri(header.value);
        assert!(m.values(header.name).count() >= 1);
    }
});
