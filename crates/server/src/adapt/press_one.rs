//! An agent who is rung in Microsoft Teams or at a number outside presses 1 to take a call of a queue: so no voicemail and no
//! forwarding of theirs swallows it. Until then the telephone only rings, for the engine and for the caller; who presses
//! nothing did not answer.

use crate::adapt::media_door::MediaCommand;
use crate::adapt::switch::{Now, Switch};
use engine::{Event, LanguageId, LegId, Role};
use media::leg::{KeyMode, Repeat};

/// The key that takes a call.
const TAKES: char = '1';

impl Switch {
    /// Somebody answered whom we rang. Whether it is an agent who has to press 1 first; then that is asked for.
    pub(super) fn asks_for_one(&mut self, tenant: usize, leg: LegId) -> bool {
        let t = &mut self.tenants[tenant];
        let Some(Role::Agent { entry: Some(entry), .. }) = t.engine.legs().get(&leg).map(|l| l.role) else {
            return false;
        };
        let Some(queue) = t.engine.entries().get(&entry).map(|e| e.queue) else { return false };
        let prompt = t.meaning.press_one.get(&queue).and_then(|id| t.meaning.prompt(*id, LanguageId(0)));
        let (Some(prompt), Some(l)) = (prompt.cloned(), t.legs.get_mut(&leg)) else { return false };
        // A telephone of ours has no voicemail that could answer.
        let (Some(_), Some(media)) = (l.trunk, l.media) else { return false };
        l.asked_for_one = true;
        self.door.send(MediaCommand::Keys { leg: media, mode: KeyMode::Report });
        self.door.send(MediaCommand::Play { leg: media, prompt, repeat: Repeat::Forever });
        true
    }

    /// A key was pressed; whether it was for this.
    pub(super) fn takes_one(&mut self, now: Now, tenant: usize, leg: LegId, key: char) -> bool {
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg).filter(|l| l.asked_for_one) else {
            return false;
        };
        let Some(media) = l.media.filter(|_| key == TAKES && !l.ending) else { return true };
        l.asked_for_one = false;
        self.door.send(MediaCommand::Keys { leg: media, mode: KeyMode::Pass });
        self.door.send(MediaCommand::Silence { leg: media });
        self.tell(now, tenant, Event::LegAnswered { leg });
        self.tell_hold(now, tenant, leg);
        true
    }
}
