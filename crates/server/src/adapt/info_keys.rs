//! Keys in SIP INFO, of trunks and telephones that want them so: both ways.

use crate::adapt::media_door::MediaCommand;
use crate::adapt::switch::{Now, Switch};
use crate::tenant::objects::Dtmf;
use engine::{LegId, Role, TrunkId};
use media::leg::KeysOut;

/// How long a key is held that is passed on, in milliseconds.
const HELD_MS: u32 = 160;

impl Switch {
    /// Something came in INFO. A key counts as one pressed in the audio, where trunk or telephone are said to send keys so;
    /// nothing else is made of it.
    pub(super) fn on_info(&mut self, now: Now, call: sip::CallId, content_type: &str, body: &[u8]) {
        let Some((tenant, leg)) = self.by_sip.get(&call).copied() else { return };
        if self.keys_of(tenant, leg) != Dtmf::Info {
            return;
        }
        let (Some(key), Some(l)) = (key_of(content_type, body), self.tenants[tenant].legs.get(&leg)) else {
            return;
        };
        match l.media.filter(|_| l.keyed.passes() && !l.keyed.passes_early() && !l.asked_for_one) {
            Some(leg) => self.door.send(MediaCommand::Press { leg, key }),
            None => self.on_key(now, tenant, leg, key),
        }
    }

    /// The far end is to be given a key by INFO. One that does not take it has said so before.
    pub(super) fn tell_key(&mut self, now: Now, tenant: usize, leg: LegId, key: char) {
        if let Some(call) = self.tenants[tenant].legs.get(&leg).and_then(|l| l.sip) {
            let body = format!("Signal={key}\r\nDuration={HELD_MS}\r\n");
            self.endpoint.inform(now.sip(), call, "application/dtmf-relay", body.as_bytes());
        }
    }

    /// How keys reach the far end of a leg.
    pub(super) fn keys_out(&self, tenant: usize, leg: LegId) -> KeysOut {
        match self.keys_of(tenant, leg) {
            Dtmf::Rfc4733 => KeysOut::Events,
            Dtmf::Inband => KeysOut::Tones,
            Dtmf::Info => KeysOut::Told,
        }
    }

    /// Whether silence is sent to the far end of a leg where nothing else is, as its trunk says.
    pub(super) fn fills_pauses(&self, tenant: usize, leg: LegId) -> bool {
        let trunk = self.trunk_of_leg(tenant, leg);
        trunk.and_then(|t| self.tenants[tenant].meaning.trunk_plan(t)).is_some_and(|plan| plan.fill_pauses)
    }

    // How keys travel between us and the far end of a leg, as its trunk or its person says.
    fn keys_of(&self, tenant: usize, leg: LegId) -> Dtmf {
        let t = &self.tenants[tenant];
        let plan = self.trunk_of_leg(tenant, leg).and_then(|trunk| t.meaning.trunk_plan(trunk));
        match (plan, t.engine.legs().get(&leg).map(|l| l.role)) {
            (Some(plan), _) => plan.dtmf,
            (None, Some(Role::Agent { agent, .. } | Role::Supervisor { agent })) => {
                t.meaning.dtmf.get(&agent).copied().unwrap_or_default()
            }
            (None, _) => Dtmf::default(),
        }
    }

    // Over which trunk a leg goes.
    fn trunk_of_leg(&self, tenant: usize, leg: LegId) -> Option<TrunkId> {
        let t = &self.tenants[tenant];
        if let Some(trunk) = t.legs.get(&leg)?.trunk {
            return Some(trunk);
        }
        let l = t.engine.legs().get(&leg).filter(|l| l.role == Role::Caller)?;
        Some(t.engine.calls().get(&l.call)?.trunk)
    }
}

/// The key in the body of an INFO: `application/dtmf-relay` with a line `Signal=5`, or `application/dtmf` with nothing but
/// the key. Some write the star as 10 and the hash as 11.
fn key_of(content_type: &str, body: &[u8]) -> Option<char> {
    let body = std::str::from_utf8(body).ok()?;
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let key = if kind.eq_ignore_ascii_case("application/dtmf-relay") {
        body.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("signal").then(|| value.trim())
        })?
    } else if kind.eq_ignore_ascii_case("application/dtmf") {
        body.trim()
    } else {
        return None;
    };
    let mut chars = key.chars();
    match (key, chars.next().map(|c| c.to_ascii_uppercase()), chars.next()) {
        ("10", ..) => Some('*'),
        ("11", ..) => Some('#'),
        (_, Some(key @ ('0'..='9' | '*' | '#' | 'A'..='D')), None) => Some(key),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::key_of;

    #[test]
    fn a_key_is_read_as_it_is_written_by_either_kind() {
        for (kind, body, key) in [
            ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", Some('5')),
            ("Application/DTMF-Relay;x=y", "Duration=160\r\nsignal = #\r\n", Some('#')),
            ("application/dtmf-relay", "Signal=10", Some('*')),
            ("application/dtmf-relay", "Signal=11", Some('#')),
            ("application/dtmf", " d\r\n", Some('D')),
            ("application/dtmf", "12", None),
            ("application/dtmf", "", None),
            ("application/dtmf", "E", None),
            ("application/dtmf-relay", "5", None),
            ("text/plain", "5", None),
        ] {
            assert_eq!(key_of(kind, body.as_bytes()), key, "{kind} {body:?}");
        }
        assert_eq!(key_of("application/dtmf", &[0xff]), None);
    }
}
