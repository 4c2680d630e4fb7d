//! rtpengine, which nobody here wrote, between a plain far end and ours with SRTP: keys in descriptions, and connectivity
//! checks of a full ICE agent, judged by tones.

use crate::desk::strongest;
use crate::program::{free_port, look_again};
use media::leg::{Learning, Leg, LegSeeds, Received, Repeat};
use media::negotiate::{Codec, Direction, LocalSession, Negotiated, SrtpPolicy};
use media::prompt::Prompt;
use media::sdes::{OwnKeys, SEED_LEN};
use media::sdp::SessionDescription;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

struct Rtpengine {
    child: Child,
    control: UdpSocket,
    asked: u32,
}

/// A text as the control protocol writes it (bencode).
fn text(text: &str) -> String {
    format!("{}:{text}", text.len())
}

impl Rtpengine {
    fn start() -> Rtpengine {
        // Two of them would share a port without a word, so each has a range of its own, which nobody else uses.
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let port = free_port();
        let first = 61_000 + NEXT.fetch_add(1, Ordering::Relaxed) % 10 * 100;
        let child = Command::new("rtpengine")
            .args(["--config-file=none", "--table=-1", "--interface=127.0.0.1", "--delete-delay=0"])
            .args(["--foreground", "--log-stderr", "--log-level=3"])
            .args([format!("--port-min={first}"), format!("--port-max={}", first + 99)])
            .arg(format!("--listen-ng=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("rtpengine is installed: apt-get install rtpengine-daemon");
        let control = UdpSocket::bind("127.0.0.1:0").unwrap();
        control.connect(("127.0.0.1", port)).unwrap();
        control.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let mut engine = Rtpengine { child, control, asked: 0 };
        let until = Instant::now() + Duration::from_secs(20);
        while !engine.ask(&[("command", "ping")], &[]).is_some_and(|said| said.contains("pong")) {
            assert!(Instant::now() < until, "rtpengine never answered");
            look_again();
        }
        engine
    }

    fn ask(&mut self, fields: &[(&str, &str)], lists: &[(&str, &[&str])]) -> Option<String> {
        self.asked += 1;
        let mut said = format!("{} d", self.asked);
        fields.iter().for_each(|(name, value)| said += &(text(name) + &text(value)));
        for (name, values) in lists {
            said += &format!("{}l{}e", text(name), values.iter().map(|v| text(v)).collect::<String>());
        }
        self.control.send((said + "e").as_bytes()).ok()?;
        let mut buffer = [0; 8_192];
        let n = self.control.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..n]).into_owned())
    }

    /// Passes a description on, as the far end behind gets it.
    #[track_caller]
    fn describe(&mut self, fields: &[(&str, &str)], lists: &[(&str, &[&str])]) -> SessionDescription {
        let said = self.ask(fields, lists).expect("rtpengine answers");
        let sdp = said.split_once("3:sdp").and_then(|(_, rest)| {
            let (length, rest) = rest.split_once(':')?;
            rest.get(..length.parse().ok()?)
        });
        let sdp = sdp.unwrap_or_else(|| panic!("no description: {said}"));
        SessionDescription::parse(sdp.as_bytes()).unwrap_or_else(|e| panic!("{e:?}: {sdp}"))
    }
}

impl Drop for Rtpengine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One far end.
struct Side {
    sockets: [UdpSocket; 2],
    leg: Leg,
    heard: Vec<i16>,
    checks: u32,
}

impl Side {
    fn new(seed: u64) -> (Side, SocketAddr) {
        let pair = || {
            let rtp = UdpSocket::bind("127.0.0.1:0").ok()?;
            let port = rtp.local_addr().ok()?.port();
            let rtcp = UdpSocket::bind(("127.0.0.1", port.checked_add(1)?)).ok()?;
            port.is_multiple_of(2).then_some([rtp, rtcp])
        };
        let sockets = std::iter::repeat_with(pair).flatten().next().unwrap();
        sockets.iter().for_each(|s| s.set_nonblocking(true).unwrap());
        let addr = sockets[0].local_addr().unwrap();
        let leg = Leg::new(LegSeeds::from_seed(seed), "side");
        (Side { sockets, leg, heard: Vec::new(), checks: 0 }, addr)
    }

    fn begin(&mut self, agreed: Negotiated, hz: f64) {
        self.leg.set_remote(0, agreed, Learning::Never);
        self.leg.play(0, Prompt::tone(hz, 1_000, 0.3), Repeat::Forever);
    }

    fn step(&mut self, now: u64) {
        let (mut buffer, mut out) = ([0; 2_048], [0; 2_048]);
        for n in 0..2 {
            while let Ok((len, from)) = self.sockets[n].recv_from(&mut buffer) {
                // A check (RFC 5764, section 5.1.2).
                if buffer[0] < 4 {
                    if let Some(len) = self.leg.receive_stun(from, n == 1, &buffer[..len], &mut out) {
                        self.checks += 1;
                        let _ = self.sockets[n].send_to(&out[..len], from);
                    }
                    continue;
                }
                if n == 1 {
                    if let Ok(len) = self.leg.unprotect_rtcp(from, &mut buffer[..len]) {
                        let _ = self.leg.receive_rtcp(now, from, &buffer[..len]);
                    }
                    continue;
                }
                let Ok(len) = self.leg.unprotect_rtp(from, &mut buffer[..len]) else { continue };
                if let Received::Audio(packet) = self.leg.receive_rtp(now, from, &buffer[..len]) {
                    let law = packet.law().expect("G.711");
                    self.heard.extend(packet.payload.iter().map(|byte| law.decode(*byte)));
                }
            }
        }
        while let Some((len, to)) = self.leg.tick(now, &mut out) {
            let _ = self.sockets[0].send_to(&out[..len], to);
        }
    }

    fn hears(&self) -> Option<u32> {
        strongest(self.heard.rchunks(8_000).next().filter(|second| second.len() == 8_000)?)
    }
}

fn through(ice: bool) {
    let mut engine = Rtpengine::start();
    let ((mut plain, at), (mut ours, here)) = (Side::new(1), Side::new(2));
    let mut offering = LocalSession::new(at, 1, &[Codec::Pcma], false);
    let mut answering = LocalSession::new(here, 2, &[Codec::Pcma], ice);
    answering.protect(SrtpPolicy::Required, OwnKeys::from_random(&[7; SEED_LEN]).unwrap());
    if ice {
        answering.use_ice([9; 32]);
    }
    let offer = offering.offer(Direction::SendRecv).write();
    let way = if ice { "force" } else { "remove" };
    let same = [("call-id", "peer"), ("from-tag", "a"), ("DTLS", "off")];
    let asked = [
        &same[..],
        &[("command", "offer"), ("sdp", &offer), ("transport-protocol", "RTP/SAVP"), ("ICE", way)],
    ];
    let offered = engine.describe(&asked.concat(), &[]);
    let (answer, agreed) = answering.answer(&offered, Direction::SendRecv).unwrap();
    assert!(agreed.srtp.is_some() && agreed.ice.is_some() == ice);
    let answer = answer.write();
    let asked = [&same[..], &[("command", "answer"), ("to-tag", "b"), ("sdp", &answer), ("ICE", "remove")]];
    let answered = engine.describe(&asked.concat(), &[]);
    plain.begin(offering.accept(&answered).unwrap(), 440.0);
    ours.begin(agreed, 1000.0);
    let began = Instant::now();
    while (plain.hears(), ours.hears()) != (Some(1000), Some(440)) {
        let all = format!("{:?} {:?}, {} checks", plain.hears(), ours.hears(), ours.checks);
        assert!(began.elapsed() < Duration::from_secs(20), "tones are heard at both ends: {all}");
        let now = began.elapsed().as_micros() as u64;
        plain.step(now);
        ours.step(now);
        let sockets = plain.sockets.iter().chain(&ours.sockets);
        let mut fds: Vec<PollFd<'_>> = sockets.map(|s| PollFd::new(s, PollFlags::IN)).collect();
        let _ = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 5_000_000 }));
    }
    assert_eq!(ours.checks > 0, ice, "checks are answered where they are asked for");
}

#[test]
fn rtpengine_carries_protected_audio_both_ways() {
    through(false);
}

#[test]
fn rtpengine_checks_a_lite_agent_and_its_audio_passes() {
    through(true);
}
