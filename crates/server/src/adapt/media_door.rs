//! What the switch says to the threads that carry audio, and hears of them.

use crate::adapt::phone::{PhoneId, Reply};
use engine::PartyId;
use media::browser::{OfferError, Peer};
use media::ice::Credentials;
use media::leg::{KeyMode, KeysOut, Learning, Repeat};
use media::negotiate::Negotiated;
use media::prompt::Prompt;
use media::quality::Quality;
use media::sdes::OwnKeys;
use std::net::SocketAddr;
use store::TenantId;

/// A leg's media, by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct MediaId(pub u64);

/// A recording of a tenant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RecordingKey {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub id: engine::RecordingId,
}

/// What a media thread is to do.
pub enum MediaCommand {
    /// Where the far end is and what is agreed; again after each new agreement.
    Remote {
        /// Which leg.
        leg: MediaId,
        /// The agreement.
        negotiated: Box<Negotiated>,
        /// Whether the far end's address may differ from what it says.
        learning: Learning,
    },
    /// One of several far ends that ring may be heard before anybody answers: whoever sends audio first is listened to, until
    /// the next [`MediaCommand::Remote`].
    Early {
        /// Which leg.
        leg: MediaId,
        /// Which of its far ends.
        of: u8,
        /// What it says.
        negotiated: Box<Negotiated>,
        /// Whether the far end's address may differ from what it says.
        learning: Learning,
    },
    /// One of them is gone: nobody waits for its audio.
    EarlyOver {
        /// Which leg.
        leg: MediaId,
        /// Which of its far ends.
        of: u8,
    },
    /// Let it hear something, and nobody else until the next [`MediaCommand::Hear`].
    Play {
        /// Which leg.
        leg: MediaId,
        /// What.
        prompt: Prompt,
        /// Once or for ever.
        repeat: Repeat,
    },
    /// Let it answer checks of far ends that know these credentials.
    Ice {
        /// Which leg.
        leg: MediaId,
        /// What checks have to know.
        credentials: Credentials,
    },
    /// Let it hear nothing until the next [`MediaCommand::Hear`].
    Silence {
        /// Which leg.
        leg: MediaId,
    },
    /// From now on a leg hears exactly these others, in place of whatever it heard or was played. Directions are
    /// independent: two people talking are two commands.
    Hear {
        /// Who hears.
        leg: MediaId,
        /// Whom: nobody, one (passed through packet by packet), or up to [`media::mix::MAX_SOURCES`] (mixed; more are
        /// left out). Legs of another media thread, which is of another call, are not heard.
        from: Box<[MediaId]>,
    },
    /// What becomes of the keys that the far end presses. [`KeyMode::Pass`] until told otherwise.
    Keys {
        /// Which leg.
        leg: MediaId,
        /// Relayed, reported or withheld.
        mode: KeyMode,
    },
    /// How keys reach the far end. [`KeysOut::Events`] until told otherwise.
    KeysOut {
        /// Which leg.
        leg: MediaId,
        /// In the audio or beside it.
        way: KeysOut,
    },
    /// Silence is sent to the far end where nothing else is to be heard.
    FillPauses {
        /// Which leg.
        leg: MediaId,
    },
    /// The far end pressed a key beside its audio: for those who hear it.
    Press {
        /// Which leg.
        leg: MediaId,
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        key: char,
    },
    /// The far end of a leg is given a key, whoever it hears.
    Give {
        /// Which leg.
        leg: MediaId,
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        key: char,
    },
    /// Record one leg or two.
    Record {
        /// As which recording.
        key: RecordingKey,
        /// Of which call.
        call: engine::CallId,
        /// Of whom.
        party: PartyId,
        /// Since when.
        began: engine::Time,
        /// The customer.
        left: MediaId,
        /// The agent; `None` leaves the right channel silent (voicemail) until somebody is added.
        right: Option<MediaId>,
    },
    /// One more leg is recorded in the right channel, summed with those that are there (a supervisor who barges in, the
    /// third of a conference).
    RecordAlso {
        /// Which recording.
        key: RecordingKey,
        /// One of its legs, which knows the thread.
        leg_of_recording: MediaId,
        /// Who is recorded too.
        add: MediaId,
    },
    /// A leg in the right channel is not recorded any more.
    RecordNoLonger {
        /// Which recording.
        key: RecordingKey,
        /// One of its legs, which knows the thread.
        leg_of_recording: MediaId,
        /// Who is not recorded any more.
        remove: MediaId,
    },
    /// From now on silence is written, so that the time in the recording stays true.
    PauseRecording {
        /// Which.
        key: RecordingKey,
        /// One of its legs, which knows the thread.
        leg: MediaId,
    },
    /// Record again after a pause.
    ResumeRecording {
        /// Which.
        key: RecordingKey,
        /// One of its legs, which knows the thread.
        leg: MediaId,
    },
    /// End a recording.
    StopRecording {
        /// Which.
        key: RecordingKey,
        /// When.
        ended: engine::Time,
        /// One of its legs, which knows the thread.
        leg: MediaId,
    },
    /// The leg is over; its ports are free.
    Close {
        /// Which.
        leg: MediaId,
    },
}

/// What happened to a leg's media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaReport {
    /// Which leg.
    pub leg: MediaId,
    /// What.
    pub what: Reported,
}

/// What a media thread reports.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// A prompt played once came to its end.
    PlayEnded,
    /// Nothing came for too long.
    TimedOut,
    /// A key was pressed: `0`-`9`, `*`, `#`, `A`-`D`. Only of legs whose keys are reported or withheld.
    Key(char),
    /// The far end is to be given this key beside the audio.
    Tell(char),
    /// How well the leg is heard and hears: about every five seconds.
    Quality(Quality),
    /// The leg is over, and this is how well it was heard and heard; `None` when nothing was ever agreed. Nothing is
    /// reported of it after this.
    Closed(Option<Quality>),
}

impl std::fmt::Debug for Reported {
    // What people type may be a card number, so a log shows that a key was pressed and not which.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Reported::PlayEnded => "PlayEnded",
            Reported::TimedOut => "TimedOut",
            Reported::Key(_) => "Key(_)",
            Reported::Tell(_) => "Tell(_)",
            Reported::Quality(_) => "Quality(_)",
            Reported::Closed(_) => "Closed(_)",
        })
    }
}

/// Opens ports and carries commands to media threads.
pub trait MediaDoor: Send {
    /// Opens ports for a leg of a call; all legs of one call are served by one thread. Gives the address that others
    /// should use.
    fn open(&mut self, call: engine::CallId) -> Option<(MediaId, SocketAddr)>;
    /// Passes a command on, in order.
    fn send(&mut self, command: MediaCommand);
    /// Brings a leg to the thread that serves another one, so that the two can hear each other. It must not be a browser's.
    fn bring(&mut self, _leg: MediaId, _to: MediaId) {}
    /// Keys for one leg's protected audio, from the operating system's dice. `None` when there are none to be had.
    fn keys(&mut self) -> Option<OwnKeys> {
        None
    }
    /// A secret for one leg's ICE, from the operating system's dice. `None` when there is none to be had.
    fn ice_secret(&mut self) -> Option<[u8; 32]> {
        None
    }
    /// Takes a browser's connection in; the one that it had before ends. False when there is no room for one more.
    fn connect(&mut self, _phone: PhoneId, _edition: u32, _peer: Box<Peer>) -> bool {
        false
    }
    /// Makes a browser that is connected the far end of a leg of a call. `None` when it is not known.
    fn open_browser(&mut self, _call: engine::CallId, _phone: PhoneId) -> Option<MediaId> {
        None
    }
    /// Passes a later offer on; `reply` takes the answer, on another thread.
    fn reoffer(&mut self, _phone: PhoneId, _edition: u32, _offer: Vec<u8>, reply: Reply) {
        reply(Err(OfferError::Closed));
    }
    /// A browser is no longer anybody's phone.
    fn disconnect(&mut self, _phone: PhoneId) {}
}
