//! Which packets of a stream came before (RFC 3711, 3.3.2), and the number of a packet from its sequence number (3.3.1).

/// How many packets behind the newest can still be told apart.
const WINDOW: u64 = 128;

/// What is known of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    newest: u64,
    /// Bit n: the packet n behind the newest came. Zero for a stream that is only known by its newest number.
    seen: u128,
}

impl Window {
    /// A stream whose first packet has that number.
    pub(super) fn first(index: u64) -> Window {
        Window { newest: index, seen: 1 }
    }

    /// A stream of which only the newest number of another key is known.
    pub(super) fn continued(newest: u64) -> Window {
        Window { newest, seen: 0 }
    }

    /// The newest number.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// Whether a packet of that number may be taken.
    pub(super) fn is_new(&self, index: u64) -> bool {
        match self.newest.checked_sub(index) {
            None => true,
            Some(behind) => behind < WINDOW && self.seen & (1 << behind) == 0,
        }
    }

    /// Notes a packet that was authenticated.
    pub(super) fn note(&mut self, index: u64) {
        match self.newest.checked_sub(index) {
            None => {
                let ahead = index - self.newest;
                self.seen = if ahead < WINDOW { self.seen << ahead } else { 0 } | 1;
                self.newest = index;
            }
            Some(behind) if behind < WINDOW => self.seen |= 1 << behind,
            Some(_) => {}
        }
    }
}

/// The number of a packet: the roll-over counter that its sequence number most likely belongs to, and that number. `None`
/// before the first turn of the counter.
pub(super) fn guess(newest: u64, sequence: u16) -> Option<u64> {
    const HALF: i32 = 0x8000;
    let turns = newest >> 16;
    let ahead = i32::from(sequence) - i32::from(newest as u16);
    let turns = if ahead > HALF {
        turns.checked_sub(1)?
    } else if ahead < -HALF {
        turns + 1
    } else {
        turns
    };
    // The counter has 32 bits; a stream that used all of them needs a new key.
    (turns <= u64::from(u32::MAX)).then_some((turns << 16) | u64::from(sequence))
}
