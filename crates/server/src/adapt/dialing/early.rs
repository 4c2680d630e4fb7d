//! Which far ends of a leg may be heard before one of them answers, each by a number that the media threads know it by.

use crate::adapt::MediaId;
use crate::adapt::media_door::{MediaCommand, MediaDoor};

/// The most of them at a time. One call gives up to sixteen, and four may ring at once.
pub const MOST_EARLY: usize = 64;

/// One of them: the call, the early dialog in it, and its number.
type EarlyEnd = (sip::CallId, u8, u8);

/// Those of one leg.
#[derive(Default)]
pub(in crate::adapt) struct EarlyEnds {
    all: Vec<EarlyEnd>,
    /// There was one before, which may be gone.
    had_any: bool,
}

impl EarlyEnds {
    /// The number of one, and whether it is the first that there ever was. `None` if there are too many.
    pub(in crate::adapt) fn number(&mut self, call: sip::CallId, branch: u8) -> Option<(u8, bool)> {
        if let Some((.., of)) = self.all.iter().find(|(c, b, _)| (*c, *b) == (call, branch)) {
            return Some((*of, false));
        }
        let mut numbers = 0..MOST_EARLY as u8;
        let of = numbers.find(|of| self.all.iter().all(|(.., taken)| taken != of))?;
        self.all.push((call, branch, of));
        Some((of, !std::mem::replace(&mut self.had_any, true)))
    }

    /// A call is over, and none of it is heard any more: their numbers are free.
    pub(super) fn over(&mut self, call: sip::CallId, media: Option<MediaId>, door: &mut dyn MediaDoor) {
        let gone = self.all.extract_if(.., |(c, ..)| *c == call).map(|(.., of)| of);
        for of in gone {
            if let Some(leg) = media {
                door.send(MediaCommand::EarlyOver { leg, of });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::{Destination, Endpoint, Limits, Local, Outgoing, Time, Transport};
    use std::net::SocketAddr;

    struct Said(Vec<u8>);

    impl MediaDoor for Said {
        fn open(&mut self, _: engine::CallId) -> Option<(MediaId, SocketAddr)> {
            None
        }

        fn send(&mut self, command: MediaCommand) {
            if let MediaCommand::EarlyOver { leg: MediaId(3), of } = command {
                self.0.push(of);
            }
        }
    }

    #[test]
    fn whoever_is_gone_leaves_its_number_to_others() {
        let addr = SocketAddr::from(([192, 0, 2, 1], 5060));
        let local = Local { transport: Transport::Udp, addr };
        let mut endpoint = Endpoint::new(&[local], "us", 7, Limits::default());
        let to = Destination { transport: Transport::Udp, addr, connection: None };
        let [one, other] = [(); 2].map(|()| endpoint.invite(Time(0), &Outgoing::to(to)));
        let (mut ends, mut said) = (EarlyEnds::default(), Said(Vec::new()));
        let most = MOST_EARLY as u8;
        for of in 0..most {
            let call = if of < 2 { one } else { other };
            assert_eq!(ends.number(call, of), Some((of, of == 0)));
        }
        assert_eq!(ends.number(other, most), None, "too many");
        assert_eq!(ends.number(other, 5), Some((5, false)), "one that is known has its number");
        ends.over(one, Some(MediaId(3)), &mut said);
        assert_eq!(said.0, [0, 1], "nobody waits for these");
        assert_eq!(ends.number(other, most), Some((0, false)), "it is not the first that was heard");
        ends.over(other, None, &mut said);
        assert_eq!(ends.number(one, 9), Some((0, false)));
    }
}
