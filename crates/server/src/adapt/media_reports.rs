//! What the media threads tell, in the engine's words.

use crate::adapt::switch::{DoorLeg, MediaReport, Now, Reported, Switch};
use engine::{Event, LegEnd};

impl Switch {
    /// A media thread reports.
    pub fn on_media(&mut self, now: Now, report: MediaReport) {
        let Some((tenant, leg)) = self.by_media.get(&report.leg).copied() else { return };
        match report.what {
            Reported::PlayEnded => self.tell(now, tenant, Event::PlayEnded { leg }),
            Reported::Key(key) => self.on_key(now, tenant, leg, key),
            Reported::TimedOut => {
                if let Some(sip) = self.tenants[tenant].legs.get(&leg).and_then(DoorLeg::sip) {
                    self.by_sip.remove(&sip);
                    self.endpoint.hang_up(now.sip(), sip, "Reason: Q.850;cause=41;text=\"No audio\"\r\n");
                }
                self.leg_ended(now, tenant, leg, LegEnd::MediaTimeOut);
            }
        }
        self.pump(now);
    }
}
