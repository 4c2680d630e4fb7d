//! What the media threads tell, in the engine's words, and what of it is kept with a call.

use crate::adapt::media_door::{MediaId, MediaReport, Reported};
use crate::adapt::switch::{Now, Switch};
use engine::{CallId, Event, LegEnd, LegId};
use media::quality::{Quality, Way};
use store::{LegQuality, WayQuality};

/// Legs whose last report may be outstanding. A media thread reports at once, so there are never many; of more than
/// these the oldest are given up, and no quality is kept of them.
const MOST_CLOSING: usize = 20_000;

impl Switch {
    /// A media thread reports.
    pub fn on_media(&mut self, now: Now, report: MediaReport) {
        if let Reported::Closed(quality) = report.what {
            return self.on_media_closed(report.leg, quality);
        }
        let Some((tenant, leg)) = self.by_media.get(&report.leg).copied() else { return };
        match report.what {
            Reported::PlayEnded => self.tell(now, tenant, Event::PlayEnded { leg }),
            // No rule of the engine depends on how well people hear each other.
            Reported::Quality(quality) => {
                if let Some(l) = self.tenants[tenant].legs.get_mut(&leg) {
                    l.quality = Some(quality);
                }
            }
            Reported::Key(key) => self.on_key(now, tenant, leg, key),
            Reported::Tell(key) => self.tell_key(now, tenant, leg, key),
            // Nobody has to say anything before the answer.
            Reported::TimedOut
                if self.tenants[tenant].engine.legs().get(&leg).is_some_and(|l| l.answered.is_none()) => {}
            Reported::TimedOut => {
                if self.tenants[tenant].legs.get(&leg).is_some_and(|l| l.browser.is_none()) {
                    self.hang_up_leg(now, tenant, leg, "Reason: Q.850;cause=41;text=\"No audio\"\r\n");
                }
                self.leg_ended(now, tenant, leg, LegEnd::MediaTimeOut);
            }
            Reported::Closed(_) => {}
        }
        self.pump(now);
    }

    /// Media is told to close a leg: what it measured comes in its last report.
    pub(super) fn expect_last_report(&mut self, tenant: usize, (call, leg): (CallId, LegId), media: MediaId) {
        self.closing.insert(media, (tenant, call, leg));
        if self.closing.len() > MOST_CLOSING {
            self.closing.pop_first();
        }
    }

    // A leg of which nothing came and that said nothing of us (it only rang) has no quality to keep.
    fn on_media_closed(&mut self, media: MediaId, quality: Option<Quality>) {
        let Some((tenant, call, leg)) = self.closing.remove(&media) else { return };
        let Some(quality) = quality.filter(|q| q.heard.is_some() || q.sent.is_some()) else { return };
        self.tenants[tenant].batch.quality.push(kept(call, leg, &quality));
    }

    /// How well the open legs of a call are heard so far, in the form in which it is kept at their end.
    pub fn quality_so_far(&self, id: store::TenantId, call: CallId) -> Vec<LegQuality> {
        let legs = self.tenant(id).into_iter().flat_map(|t| &t.legs).filter(|(_, l)| l.call == call);
        legs.filter_map(|(leg, l)| Some(kept(call, *leg, l.quality.as_ref()?))).collect()
    }
}

fn kept(call: CallId, leg: LegId, q: &Quality) -> LegQuality {
    let way = |w: Way| WayQuality {
        expected: w.expected,
        lost: w.lost,
        jitter_us: w.jitter_us,
        mos_hundredths: w.mos.hundredths(),
    };
    LegQuality {
        call,
        leg,
        codec: q.codec.name().into(),
        heard: q.heard.map(way),
        sent: q.sent.map(way),
        round_trip_us: q.round_trip_us,
    }
}
