//! Keys that come in SIP INFO, of trunks that send them so.

use crate::adapt::switch::{Now, Switch};
use crate::tenant::objects::Dtmf;
use engine::{LegId, Role, TrunkId};

impl Switch {
    /// Something came in INFO. A key counts as one pressed in the audio, where the trunk says that keys come so; nothing
    /// else is made of it.
    pub(super) fn on_info(&mut self, now: Now, call: sip::CallId, content_type: &str, body: &[u8]) {
        let Some((tenant, leg)) = self.by_sip.get(&call).copied() else { return };
        let plans = &self.tenants[tenant].meaning.trunk_plans;
        let trunk = self.trunk_of_leg(tenant, leg);
        let plan = trunk.and_then(|trunk| plans.iter().find(|plan| plan.id == trunk));
        if let (Some(Dtmf::Info), Some(key)) = (plan.map(|plan| plan.dtmf), key_of(content_type, body)) {
            self.on_key(now, tenant, leg, key);
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
