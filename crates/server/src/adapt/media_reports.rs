//! What the media threads tell, in the engine's words.

use crate::adapt::switch::{MediaReport, Now, Reported, Switch};
use engine::{Event, LegEnd};

impl Switch {
    /// A media thread reports.
    pub fn on_media(&mut self, now: Now, report: MediaReport) {
        let Some((tenant, leg)) = self.by_media.get(&report.leg).copied() else { return };
        match report.what {
            Reported::PlayEnded => self.tell(now, tenant, Event::PlayEnded { leg }),
            // No rule of the engine depends on how well people hear each other.
            Reported::Quality(_) => {}
            Reported::Key(key) => self.on_key(now, tenant, leg, key),
            // Nobody has to say anything before the answer.
            Reported::TimedOut
                if self.tenants[tenant].engine.legs().get(&leg).is_some_and(|l| l.answered.is_none()) => {}
            Reported::TimedOut => {
                if self.tenants[tenant].legs.get(&leg).is_some_and(|l| l.browser.is_none()) {
                    self.hang_up_leg(now, tenant, leg, "Reason: Q.850;cause=41;text=\"No audio\"\r\n");
                }
                self.leg_ended(now, tenant, leg, LegEnd::MediaTimeOut);
            }
        }
        self.pump(now);
    }
}
