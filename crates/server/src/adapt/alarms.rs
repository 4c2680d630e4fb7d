//! Alarms of queues, from the engine's figures to watchers and other systems.

use super::switch::{Now, Switch};
use crate::alarm::{Alarm, Figures};
use crate::announce::QUEUE_ALARM;
use serde_json::json;
use std::collections::BTreeMap;
use store::{OutboxItem, TenantId};

impl Switch {
    /// Looks at all queues that have bounds. Watchers are told here; what other systems are to be told is given back.
    pub fn look_at_alarms(&mut self, now: Now) -> Vec<(TenantId, Vec<OutboxItem>)> {
        let mut told = Vec::new();
        for t in &mut self.tenants {
            let queues: BTreeMap<_, _> = t
                .meaning
                .alarms
                .iter()
                .filter_map(|(id, rule)| Some((*id, (*rule, Figures::of(t.engine.queues().get(id)?)))))
                .collect();
            let changed = t.alarms.look(now.wall, &queues);
            let receivers = t.announcer.receivers(QUEUE_ALARM);
            let mut items = Vec::new();
            for (n, alarm) in changed.iter().enumerate() {
                t.live.alarm(alarm, &t.meaning);
                if !receivers.is_empty() {
                    items.push(item(alarm, format!("a{}-{n}", now.wall.0), receivers.clone(), now.wall));
                }
            }
            if !items.is_empty() {
                told.push((t.id, items));
            }
        }
        told
    }
}

fn item(alarm: &Alarm, id: String, receivers: Vec<String>, at: engine::Time) -> OutboxItem {
    let facts = json!({
        "queue": alarm.queue.0,
        "what": alarm.what.name(),
        "on": alarm.on,
        "value": alarm.value,
        "bound": alarm.bound,
    });
    OutboxItem { id, event: QUEUE_ALARM, at, receivers, facts: facts.to_string() }
}
