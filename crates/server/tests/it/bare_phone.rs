//! A telephone that does nothing but register, byte by byte, over UDP or TCP: what it says and hears is the test's own.

use redact::Secret;
use sip::{Credentials, Message, values_of};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

enum Wire {
    Udp(UdpSocket),
    Tcp(TcpStream),
}

pub struct BarePhone {
    wire: Wire,
    user: &'static str,
    password: &'static str,
    domain: &'static str,
    sent: u32,
}

/// An answer to a REGISTER.
pub struct Answer {
    pub code: u16,
    pub message: Message,
}

impl Answer {
    /// The challenges, each a whole value.
    pub fn challenges(&self) -> Vec<String> {
        values_of(&self.message, "WWW-Authenticate")
            .map(|v| String::from_utf8_lossy(v).into_owned())
            .collect()
    }
}

impl BarePhone {
    pub fn over_udp(
        at: SocketAddr,
        user: &'static str,
        password: &'static str,
        domain: &'static str,
    ) -> BarePhone {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(at).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        BarePhone { wire: Wire::Udp(socket), user, password, domain, sent: 0 }
    }

    pub fn over_tcp(
        at: SocketAddr,
        user: &'static str,
        password: &'static str,
        domain: &'static str,
    ) -> BarePhone {
        let stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        BarePhone { wire: Wire::Tcp(stream), user, password, domain, sent: 0 }
    }

    fn exchange(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut buffer = vec![0; 65_536];
        match &mut self.wire {
            Wire::Udp(socket) => {
                socket.send(bytes).unwrap();
                let n = socket.recv(&mut buffer).unwrap();
                buffer.truncate(n);
            }
            Wire::Tcp(stream) => {
                stream.write_all(bytes).unwrap();
                let mut n = 0;
                // Answers to REGISTER have no body.
                while !buffer[..n].windows(4).any(|w| w == b"\r\n\r\n") {
                    let more = stream.read(&mut buffer[n..]).unwrap();
                    assert!(more > 0, "the connection was closed");
                    n += more;
                }
                buffer.truncate(n);
            }
        }
        buffer
    }

    /// Sends a REGISTER with these further lines, and gives the answer.
    pub fn register(&mut self, lines: &str) -> Answer {
        self.sent += 1;
        let (user, domain, n) = (self.user, self.domain, self.sent);
        let (transport, own) = match &self.wire {
            Wire::Udp(s) => ("UDP", s.local_addr().unwrap()),
            Wire::Tcp(s) => ("TCP", s.local_addr().unwrap()),
        };
        let text = format!(
            "REGISTER sip:{domain} SIP/2.0\r\nVia: SIP/2.0/{transport} {own};rport;branch=z9hG4bK{n}\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@{domain}>;tag=1\r\nTo: <sip:{user}@{domain}>\r\nCall-ID: bare-{own}\r\nCSeq: {n} REGISTER\r\n\
             Contact: <sip:{user}@{own};transport={}>\r\nExpires: 600\r\n{lines}Content-Length: 0\r\n\r\n",
            transport.to_lowercase()
        );
        let bytes = self.exchange(text.as_bytes());
        let message = Message::parse(&bytes).unwrap();
        let line = String::from_utf8_lossy(&bytes);
        let code = line.split(' ').nth(1).and_then(|c| c.parse().ok()).expect("a status line");
        Answer { code, message }
    }

    /// The line that answers a challenge.
    pub fn authorization(&self, challenge: &str) -> String {
        let credentials = Credentials {
            user: Secret::new(self.user.to_string()),
            password: Secret::new(self.password.to_string()),
        };
        let uri = format!("sip:{}", self.domain);
        let value =
            sip::answer(challenge.as_bytes(), &credentials, b"REGISTER", uri.as_bytes(), 1, b"0a4f113b", b"");
        format!("Authorization: {}\r\n", value.expect("a challenge that can be answered"))
    }

    /// Registers, with the strongest challenge that there is.
    #[track_caller]
    pub fn registers(&mut self) {
        let asked = self.register("");
        assert_eq!(asked.code, 401);
        let challenges = asked.challenges();
        let best = sip::strongest(challenges.iter().map(String::as_bytes)).expect("a challenge");
        let line = self.authorization(&String::from_utf8_lossy(best));
        assert_eq!(self.register(&line).code, 200);
    }
}
