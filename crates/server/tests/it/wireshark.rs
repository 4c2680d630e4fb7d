//! What goes over the wire of a call with Microsoft Teams, dissected by Wireshark's tshark, which nobody here wrote: whatever
//! it calls malformed is malformed.
//!
//! The test's own sockets write down what passes, so that nobody needs the right to listen on an interface.

use crate::desk::{Desk, TONES};
use crate::teams_trunk::paired;
use media::tone::loudest;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

/// No IP packet of ours is larger.
const MAX_SEGMENT: usize = 16_000;

/// One packet as it went over the wire.
#[derive(Clone)]
struct Packet {
    micros: u128,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Kept {
    packets: Vec<Packet>,
    /// How far each direction of a connection has come.
    streams: BTreeMap<(SocketAddr, SocketAddr), u32>,
    /// Secrets of TLS connections, in the words of NSS.
    secrets: String,
}

/// Writes down what passes.
#[derive(Clone, Default)]
pub struct Wire(Arc<Mutex<Kept>>);

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl rustls::KeyLog for Wire {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let line = format!("{label} {} {}\n", hex(client_random), hex(secret));
        self.0.lock().unwrap().secrets.push_str(&line);
    }
}

fn ipv4(protocol: u8, from: SocketAddr, to: SocketAddr, header: &[u8], payload: &[u8]) -> Packet {
    let mut bytes = vec![0x45, 0];
    bytes.extend(((20 + header.len() + payload.len()) as u16).to_be_bytes());
    bytes.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
    for side in [from, to] {
        let IpAddr::V4(ip) = side.ip().to_canonical() else { panic!("{side} is of IPv6") };
        bytes.extend(ip.octets());
    }
    bytes.extend(header);
    bytes.extend(payload);
    Packet { micros: SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros(), bytes }
}

impl Wire {
    /// A datagram passes.
    pub fn datagram(&self, from: SocketAddr, to: SocketAddr, payload: &[u8]) {
        let mut header = Vec::new();
        header.extend(from.port().to_be_bytes());
        header.extend(to.port().to_be_bytes());
        header.extend(((8 + payload.len()) as u16).to_be_bytes());
        // No checksum.
        header.extend([0, 0]);
        self.0.lock().unwrap().packets.push(ipv4(17, from, to, &header, payload));
    }

    /// A part of a connection passes.
    fn stream(&self, from: SocketAddr, to: SocketAddr, payload: &[u8]) {
        let mut kept = self.0.lock().unwrap();
        for part in payload.chunks(MAX_SEGMENT) {
            let sent = kept.streams.get(&(from, to)).copied().unwrap_or(1);
            let heard = kept.streams.get(&(to, from)).copied().unwrap_or(1);
            let mut header = Vec::new();
            header.extend(from.port().to_be_bytes());
            header.extend(to.port().to_be_bytes());
            header.extend(sent.to_be_bytes());
            header.extend(heard.to_be_bytes());
            // Five words of header; PSH and ACK; a large window.
            header.extend([0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
            kept.streams.insert((from, to), sent + part.len() as u32);
            kept.packets.push(ipv4(6, from, to, &header, part));
        }
    }

    /// What was sent from a port of this machine in datagrams.
    pub fn sent_from(&self, port: u16) -> Vec<Vec<u8>> {
        let kept = self.0.lock().unwrap();
        let sent = kept.packets.iter().filter(|p| p.bytes[9] == 17 && p.bytes[20..22] == port.to_be_bytes());
        sent.map(|p| p.bytes[28..].to_vec()).collect()
    }

    /// How many datagrams passed of which this is true.
    fn datagrams(&self, is: impl Fn(&[u8]) -> bool) -> usize {
        let kept = self.0.lock().unwrap();
        kept.packets.iter().filter(|p| p.bytes[9] == 17 && is(&p.bytes[28..])).count()
    }
}

/// A connection of which is written down what passes.
pub struct Tapped<'a> {
    pub socket: &'a mut TcpStream,
    pub wire: &'a Wire,
}

impl Read for Tapped<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.socket.read(buffer)?;
        self.wire.stream(self.socket.peer_addr()?, self.socket.local_addr()?, &buffer[..n]);
        Ok(n)
    }
}

impl Write for Tapped<'_> {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let n = self.socket.write(buffer)?;
        self.wire.stream(self.socket.local_addr()?, self.socket.peer_addr()?, &buffer[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.socket.flush()
    }
}

/// What passed at several places, as a file for tshark.
struct Capture {
    dir: tempfile::TempDir,
    ports: Vec<String>,
}

impl Capture {
    /// `secure` are ports where SIP is spoken over TLS, `plain` those over UDP.
    fn new(wires: &[&Wire], secure: &[u16], plain: &[u16]) -> Capture {
        let dir = tempfile::tempdir().unwrap();
        let (mut packets, mut secrets) = (Vec::new(), String::new());
        for wire in wires {
            let kept = wire.0.lock().unwrap();
            packets.extend(kept.packets.iter().cloned());
            secrets += &kept.secrets;
        }
        packets.sort_by_key(|p| p.micros);
        // The head of a file of libpcap: microseconds, version 2.4, packets that begin with IP.
        let mut file = Vec::new();
        for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 0x4_0000, 101] {
            file.extend(u32::to_le_bytes(word));
        }
        for p in packets {
            let length = p.bytes.len() as u32;
            for word in [(p.micros / 1_000_000) as u32, (p.micros % 1_000_000) as u32, length, length] {
                file.extend(word.to_le_bytes());
            }
            file.extend(p.bytes);
        }
        std::fs::write(dir.path().join("call.pcap"), file).unwrap();
        std::fs::write(dir.path().join("secrets"), secrets).unwrap();
        let both = |port: &u16| vec![format!("tcp.port=={port},tls"), format!("tls.port=={port},sip")];
        let mut ports: Vec<String> = secure.iter().flat_map(both).collect();
        ports.extend(plain.iter().map(|port| format!("udp.port=={port},sip")));
        Capture { dir, ports }
    }

    /// The packets that this filter of tshark's picks, a line each.
    fn picked(&self, filter: &str) -> Vec<String> {
        let secrets = format!("tls.keylog_file:{}", self.dir.path().join("secrets").display());
        let mut command = Command::new("tshark");
        command
            .arg("-r")
            .arg(self.dir.path().join("call.pcap"))
            .args(["-n", "-o", &secrets, "-2", "-Y", filter])
            // A port that some other protocol has by name, and STUN on the ports of a conversation, are read all the same.
            .args(["-o", "udp.try_heuristic_first:TRUE", "-o", "rtp.version0_type:STUN packets"]);
        command.args([
            "-T",
            "fields",
            "-e",
            "frame.number",
            "-e",
            "frame.protocols",
            "-e",
            "_ws.expert.message",
        ]);
        command.args(["-e", "_ws.col.Info"]);
        command.args(self.ports.iter().flat_map(|port| ["-d", port]));
        let out = command.output().expect("tshark is installed: apt-get install tshark");
        assert!(out.status.success(), "tshark: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).lines().map(str::to_string).collect()
    }
}

/// Everything that tshark finds wrong in a packet.
const WRONG: &str = "_ws.malformed || _ws.expert.severity == \"Error\"";

#[test]
fn tshark_reads_a_whole_call_and_finds_nothing_malformed() {
    let (_authority, machines, program, _telephone) = paired("ice: true\n");
    machines.act(|proxy, _| proxy.set_bypass(true));
    let mut desk = Desk::new();
    let phone = desk.dial("+4930555", "Karl Kunde", program.sip, "+49421555100", 440);
    desk.answered(phone);
    let (call, ..) = machines.offered();
    machines.act(|proxy, now| proxy.ring(now, call));
    let (early, audio) = (machines.audio(), machines.audio());
    machines.act(|proxy, now| proxy.send_early(now, call, early, 523));
    machines.act(|proxy, now| proxy.answer(now, call, audio, 1000));
    machines.up(call);
    desk.hears(phone, 1000);
    desk.until("the agent hears the caller", |_| {
        let heard = machines.act(|proxy, _| proxy.heard(call));
        (loudest(&heard, 8_000, &TONES) == Some(440.0)).then_some(())
    });
    assert!(machines.act(|proxy, now| proxy.press(now, call, '5')));
    // The chosen pair is named, held and taken back; then reports have come at both ends, in the clear and protected.
    assert!(machines.act(|proxy, now| proxy.settle(now, call)));
    machines.changed(call);
    for on in [true, false] {
        machines.act(|proxy, now| proxy.hold(now, call, on));
        machines.changed(call);
    }
    let report = |payload: &[u8]| matches!(payload.get(1), Some(200..=207));
    desk.until("both report", |desk| {
        (desk.wire.datagrams(report) > 0 && machines.wire.datagrams(report) > 0).then_some(())
    });
    desk.hang_up(phone);
    desk.until("the call is over", |_| machines.act(|proxy, _| proxy.is_empty()).then_some(()));
    machines.over(call);
    machines.nothing_broken();

    let mut secure: Vec<u16> = machines.addrs.iter().map(|addr| addr.port()).collect();
    secure.push(machines.controller());
    let plain = [program.sip.port(), desk.addr.port()];
    let wires = [&machines.wire, &desk.wire];
    let capture = Capture::new(&wires, &secure, &plain);
    assert_eq!(capture.picked(WRONG), [""; 0]);
    for all in [
        "tls && sip.Method == \"INVITE\" && sdp.media.proto == \"RTP/SAVP\"",
        "tls && sip.Status-Code == 183",
        "tls && sip.Method == \"BYE\"",
        "udp && sip && sdp.media.proto == \"RTP/AVP\"",
        "rtp && srtp.enc_payload",
        "srtcp",
        "rtp && !srtp.enc_payload && rtp.p_type == 8",
        "rtcp.pt == 200 && !srtcp",
        "stun.type == 0x0001",
        "stun.type == 0x0101",
        "rtpevent",
    ] {
        assert!(!capture.picked(all).is_empty(), "tshark finds {all}");
    }
    // It does find what is wrong.
    for broken in [&b"\x00\x01\x00\x20\x21\x12\xa4\x42"[..], b"\x80\xc8\x00\x06\x00\x00"] {
        desk.wire.datagram(desk.addr, program.sip, broken);
    }
    let port = desk.ports[&phone];
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    desk.wire.datagram(at, SocketAddr::from(([127, 0, 0, 1], port)), b"\x80\xc8\x00\x06\x00\x00");
    assert!(!Capture::new(&wires, &secure, &plain).picked(WRONG).is_empty());
    program.stop();
}
