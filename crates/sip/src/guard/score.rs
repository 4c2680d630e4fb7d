//! What a source did wrong, as a score that time takes away, and the bans that follow from it.

use super::table::{Class, Source};
use crate::time::Time;
use core::time::Duration;

/// The time in which a score halves.
const HALF_LIFE: Duration = Duration::from_secs(600);
/// The first ban; each further one is four times as long, up to the longest.
const FIRST_BAN: Duration = Duration::from_secs(300);
const LONGEST_BAN: Duration = Duration::from_secs(24 * 3600);
/// The time in which one earlier ban is forgiven.
const FORGIVEN: Duration = Duration::from_secs(24 * 3600);

impl Source {
    /// Adds to the score, after what time has taken off it. Gives the new score.
    pub(super) fn add(&mut self, now: Time, points: u32) -> u32 {
        let passed = now.since(self.scored).as_micros() as u64;
        let half = HALF_LIFE.as_micros() as u64;
        let halved = self.score.checked_shr((passed / half).min(64) as u32).unwrap_or(0);
        // Between two halvings a straight line is near enough.
        let more = u64::from(halved) * (passed % half) / half / 2;
        self.score = (halved - more as u32).saturating_add(points);
        self.scored = now;
        self.score
    }

    /// Bans it. Gives the end of the ban and how many it has had.
    pub(super) fn ban(&mut self, now: Time) -> (Time, u8) {
        let forgiven = now.since(self.last_ban).as_secs() / FORGIVEN.as_secs();
        self.bans = self.bans.saturating_sub(u8::try_from(forgiven).unwrap_or(u8::MAX));
        let length = FIRST_BAN * 4u32.pow(u32::from(self.bans.min(8)));
        let until = now + length.min(LONGEST_BAN);
        self.bans = self.bans.saturating_add(1);
        (self.last_ban, self.banned, self.score) = (until, Some(until), 0);
        (until, self.bans)
    }

    pub(super) fn is_banned(&self, now: Time) -> bool {
        self.banned_until(now).is_some()
    }

    pub(super) fn banned_until(&self, now: Time) -> Option<Time> {
        self.banned.filter(|until| *until > now)
    }

    pub(super) fn is_known(&self, now: Time) -> bool {
        self.known_until.is_some_and(|until| until > now)
    }

    pub(super) fn class(&self, now: Time) -> Class {
        if self.is_banned(now) {
            Class::Banned
        } else if self.is_known(now) {
            Class::Known
        } else if self.score > 0 || self.bans > 0 {
            Class::Suspect
        } else {
            Class::Stranger
        }
    }
}
