//! Where somebody is who calls for help: what the message of the call says of it (RFC 6442), in headers and in parts beside
//! the session description, goes on as it came to the trunk that is named for emergency numbers, and nowhere else. It is known
//! here for no longer than the call, and never printed.

use crate::adapt::tenant_door::TenantDoor;
use crate::tenant::trunk::TrunkPlan;
use engine::LegId;
use redact::Secret;
use sip::{Message, values_of};
use std::fmt::Write;

/// The most that goes on of one call, in bytes.
const LARGEST: usize = 32 * 1024;
/// The headers that say where somebody is, or where that is written.
const HEADERS: [&str; 2] = ["Geolocation", "Geolocation-Routing"];

/// What a call says of where its caller is.
pub(super) struct Location {
    /// Parts beside the session description, each with its header lines.
    parts: Secret<Vec<Vec<u8>>>,
    /// Header lines, each with its line end.
    lines: Secret<String>,
}

impl Location {
    /// What a message says; `None` when it says nothing, or more than goes on.
    pub(super) fn of(m: &Message) -> Option<Location> {
        let mut lines = String::new();
        for name in HEADERS {
            for value in values_of(m, name).filter_map(|value| std::str::from_utf8(value).ok()) {
                if value.bytes().all(|c| (b' '..127).contains(&c)) {
                    let _ = write!(lines, "{name}: {value}\r\n");
                }
            }
        }
        // Parts to which no header leads are of something else.
        if lines.is_empty() {
            return None;
        }
        let parts: Vec<Vec<u8>> = m.beside_the_description().into_iter().map(<[u8]>::to_vec).collect();
        let size = lines.len() + parts.iter().map(Vec::len).sum::<usize>();
        (size <= LARGEST).then(|| Location { parts: Secret::new(parts), lines: Secret::new(lines) })
    }

    /// The parts, for the body of a call.
    pub(super) fn parts(&self) -> Vec<&[u8]> {
        self.parts.expose_secret().iter().map(Vec::as_slice).collect()
    }

    /// The header lines.
    pub(super) fn lines(&self) -> &str {
        self.lines.expose_secret()
    }
}

impl TenantDoor {
    /// Where the caller is for whom a leg is rung over a trunk: `None` unless that number is one for emergencies, and that
    /// trunk is named for them.
    pub(super) fn location_for(
        &self,
        leg: LegId,
        trunk: Option<&TrunkPlan>,
        number: &str,
    ) -> Option<&Location> {
        trunk.filter(|plan| plan.emergency && self.meaning.classes.is_emergency(number))?;
        let call = self.legs.get(&leg)?.call;
        self.legs.values().filter(|l| l.call == call).find_map(|l| l.location.as_deref())
    }
}
