//! Pauses going out, filled with silence: some far ends end a call in which nothing comes, and Microsoft Teams is one.

use super::Leg;
use crate::Micros;
use crate::halfband::WIDE_FRAME;

/// A pause in what goes out that is longer than this is filled: long enough that audio which comes late is not taken for
/// a pause.
pub const LONGEST_PAUSE: Micros = 400_000;

/// Whether pauses are filled, and how far that is.
#[derive(Default)]
pub(super) struct Pauses {
    /// They are to be filled.
    pub(super) filled: bool,
    /// Silence is being said now.
    pub(super) saying: bool,
    /// When something went out last, or could have begun to.
    pub(super) since: Micros,
}

impl Leg {
    /// Says whether silence is sent where nothing else is, while the far end may be sent to. A pause begins to be filled
    /// after [`LONGEST_PAUSE`], and is filled until something else is to be heard.
    pub fn fill_pauses(&mut self, filled: bool) {
        self.pauses.filled = filled;
    }

    /// Whether something of ours goes out at each tick.
    pub(super) fn says(&self) -> bool {
        self.playing.is_some() || self.keys.is_active() || self.tones.is_active()
    }

    /// When a pause has lasted long enough to be filled.
    pub(super) fn pause_ends(&self) -> Option<Micros> {
        let may_send = self.remote.as_ref().is_some_and(|remote| remote.may_send());
        let waits = self.pauses.filled && !self.pauses.saying && !self.says() && self.mixer.is_none();
        (waits && may_send).then(|| self.pauses.since.saturating_add(LONGEST_PAUSE))
    }

    /// Begins to fill a pause, or gives up because the far end is not to be sent to or hears something else.
    pub(super) fn look_at_pause(&mut self, now: Micros) {
        if self.pause_ends().is_some_and(|at| now >= at) {
            self.pauses.saying = true;
            self.start_grid(now);
        } else if self.pauses.saying {
            let may_send = self.remote.as_ref().is_some_and(|remote| remote.may_send());
            self.pauses.saying =
                may_send && self.pauses.filled && self.mixer.is_none() && self.playing.is_none();
        }
    }

    /// Somebody else's audio goes out again.
    pub(super) fn end_pause(&mut self) {
        if std::mem::take(&mut self.pauses.saying) {
            self.be_silent();
        }
    }

    /// Says 20 ms of silence.
    pub(super) fn tick_silence(&mut self, position: u32) {
        if let Some(speech) = self.speech() {
            speech.say(position, &[0; WIDE_FRAME]);
        }
    }
}
