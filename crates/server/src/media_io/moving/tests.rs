use super::*;
use crate::adapt::MediaDoor;
use crate::mailbox::{Mailbox, mailbox};
use crate::media_io::{MediaSettings, start};
use crate::switch_io::Message;
use media::leg::Learning;
use media::negotiate::{Codec, Negotiated};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// A far end: its socket, and where its leg is.
struct FarEnd {
    socket: UdpSocket,
    leg: MediaId,
    there: SocketAddr,
}

impl FarEnd {
    fn open(door: &mut impl MediaDoor, call: u64) -> FarEnd {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let (leg, there) = door.open(engine::CallId(call)).unwrap();
        let agreed = Box::new(Negotiated::plain(Codec::Pcma, socket.local_addr().unwrap()));
        door.send(MediaCommand::Remote { leg, negotiated: agreed, learning: Learning::Never });
        FarEnd { socket, leg, there }
    }

    /// Sends packets with this in them until the other one has one of them.
    fn reaches(&self, other: &FarEnd, sequence: &mut u16, byte: u8) {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            *sequence += 1;
            let mut packet = vec![0x80, 8];
            packet.extend(sequence.to_be_bytes());
            packet.extend((u32::from(*sequence) * 160).to_be_bytes());
            packet.extend(7_u32.to_be_bytes());
            packet.extend([byte; 160]);
            self.socket.send_to(&packet, self.there).unwrap();
            let mut heard = [0; 2_048];
            while let Ok(n) = other.socket.recv(&mut heard) {
                if n == 172 && heard[12..n] == [byte; 160] {
                    return;
                }
            }
            assert!(Instant::now() < until, "{byte} is never heard");
        }
    }
}

#[test]
fn a_leg_that_comes_from_another_thread_is_heard_there_and_obeys() {
    let settings = MediaSettings {
        advertised: [127, 0, 0, 1].into(),
        bind: [127, 0, 0, 1].into(),
        ports: (46_000, 46_200),
        browser_port: 0,
        threads: 2,
        time_out: None,
    };
    let (switch, _mail): (_, Mailbox<Message>) = mailbox(1_000).unwrap();
    let (recorder, _recorded) = std::sync::mpsc::sync_channel(10);
    let mut door = start(settings, Instant::now(), switch, recorder, 1).unwrap();
    let (a, b) = (FarEnd::open(&mut door, 2), FarEnd::open(&mut door, 2));
    let (c, d) = (FarEnd::open(&mut door, 3), FarEnd::open(&mut door, 3));
    let hear = |door: &mut dyn MediaDoor, leg: &FarEnd, from: &FarEnd| {
        door.send(MediaCommand::Hear { leg: leg.leg, from: [from.leg].into() });
    };
    for (one, other) in [(&a, &b), (&b, &a), (&c, &d), (&d, &c)] {
        hear(&mut door, one, other);
    }
    let mut numbers = [0; 4];
    a.reaches(&b, &mut numbers[0], 1);
    c.reaches(&d, &mut numbers[2], 2);
    // They are told to hear each other before the leg can have come.
    door.bring(d.leg, a.leg);
    hear(&mut door, &a, &d);
    hear(&mut door, &d, &a);
    a.reaches(&d, &mut numbers[0], 3);
    d.reaches(&a, &mut numbers[3], 4);
    for far in [&b, &c] {
        door.send(MediaCommand::Close { leg: far.leg });
    }
    a.reaches(&d, &mut numbers[0], 5);
    // A leg that is gone does not come, and nobody waits for it.
    door.bring(c.leg, a.leg);
    hear(&mut door, &d, &a);
    a.reaches(&d, &mut numbers[0], 6);
    door.send(MediaCommand::Close { leg: d.leg });
}
