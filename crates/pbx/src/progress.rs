//! What a way of calling can do, and how far a call is.

/// What a way of calling can do for somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The telephone system rings the person's phone and then the other side.
    pub server_dial: bool,
    /// The person's own computer opens an address, and a softphone there calls.
    pub client_address: bool,
    /// It is told how far the call is.
    pub progress: bool,
    /// The call can be hung up from here.
    pub hang_up: bool,
    /// A phone other than the person's usual one can ring.
    pub other_phone: bool,
}

/// How far a call is, as whoever asked for it sees it. It only goes on, never back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// It was asked for; nothing rings yet.
    Asked,
    /// The phone of whoever asked rings.
    RingingYou,
    /// That phone was answered, and the other side is called.
    CallingThem,
    /// The other side rings.
    RingingThem,
    /// Both talk.
    Talking,
    /// The softphone of whoever asked was given the number; nothing further is known.
    HandedOver,
    /// It is over.
    Over(Over),
}

/// Why a call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Over {
    /// Somebody hung up, or withdrew it.
    HungUp,
    /// Somebody was busy.
    Busy,
    /// Somebody did not answer.
    NoAnswer,
    /// A rule, or the telephone system's rights of this person, do not allow it.
    NotAllowed,
    /// The telephone system does not take this person's sign-in. It is not tried again: that would lock the account.
    NotSignedIn,
    /// The telephone system could not be reached, or did not do it.
    Failed,
}

impl Progress {
    /// As the API writes it.
    pub const fn word(self) -> &'static str {
        match self {
            Progress::Asked => "asked",
            Progress::RingingYou => "ringing-you",
            Progress::CallingThem => "calling-them",
            Progress::RingingThem => "ringing-them",
            Progress::Talking => "talking",
            Progress::HandedOver => "handed-over",
            Progress::Over(_) => "over",
        }
    }

    /// Whether the call is still being set up: its phone belongs to it, and no second call may begin.
    pub const fn is_being_set_up(self) -> bool {
        !matches!(self, Progress::Talking | Progress::HandedOver | Progress::Over(_))
    }

    /// Whether nothing more will be heard of it.
    pub const fn is_final(self) -> bool {
        matches!(self, Progress::HandedOver | Progress::Over(_))
    }
}

impl Over {
    /// As the API writes it.
    pub const fn word(self) -> &'static str {
        match self {
            Over::HungUp => "hung-up",
            Over::Busy => "busy",
            Over::NoAnswer => "no-answer",
            Over::NotAllowed => "not-allowed",
            Over::NotSignedIn => "not-signed-in",
            Over::Failed => "failed",
        }
    }
}
