//! Throttling: what an application may ask of a tenant in a time, and how it is told.

use crate::microsoft::entra::tokens::Caller;
use crate::microsoft::graph::refusal::{GraphRefusal, refuse};
use std::collections::BTreeMap;

/// Counters that are kept at a time; all start anew when there are more.
const MOST: usize = 10_000;

/// What a request costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Nothing that is counted here.
    Nothing,
    /// Resource units of the directory.
    Directory(u32),
    /// A write to the directory.
    Write,
    /// A request to presences.
    Presence,
    /// A request to teams and chats, of which so many are allowed a second.
    Teams(u32),
}

/// Whom a counter is for: application, tenant, which limit, and the team or chat.
type Key = (String, usize, &'static str, String);

/// Counters of windows of time.
#[derive(Debug)]
pub struct Throttle {
    /// The beginning of the window and what was used in it.
    windows: BTreeMap<Key, (u64, u32)>,
    divisor: u32,
}

impl Default for Throttle {
    fn default() -> Throttle {
        Throttle { windows: BTreeMap::new(), divisor: 1 }
    }
}

impl Throttle {
    /// All limits divided by this.
    pub fn tighten(&mut self, divisor: u32) {
        self.divisor = divisor.max(1);
        self.windows.clear();
    }

    /// Takes what a request costs; gives headers that say how near the limit is. `size` is how many people the tenant
    /// has.
    ///
    /// # Errors
    /// 429 with `Retry-After` when there is too little left. A refused request takes nothing.
    pub fn take(
        &mut self,
        now: u64,
        caller: &Caller,
        size: usize,
        weight: Weight,
        team: Option<&str>,
    ) -> Result<Vec<(String, String)>, GraphRefusal> {
        let directory = match size {
            0..50 => 3_500,
            50..=500 => 5_000,
            _ => 8_000,
        };
        // Of each limit: its name, the cost, what is allowed in which time.
        let mut limits = vec![("Application", 1, 2_000, 1_000)];
        match weight {
            Weight::Nothing => {}
            Weight::Directory(units) => limits.push(("Directory", units, directory, 10_000)),
            Weight::Write => limits.push(("Write", 1, 3_000, 150_000)),
            Weight::Presence => limits.push(("Presence", 1, 1_500, 30_000)),
            Weight::Teams(most) => {
                limits.push((if most == 60 { "Members" } else { "Teams" }, 1, most, 1_000));
                if team.is_some() {
                    limits.push(("Team", 1, 4, 1_000));
                }
            }
        }
        if self.windows.len() > MOST {
            self.windows.clear();
        }
        let mut taken = Vec::new();
        let mut headers = Vec::new();
        for (name, cost, most, length) in limits {
            let most = (most / self.divisor).max(1);
            let of = if name == "Team" { team.unwrap_or_default() } else { "" };
            let tenant = if name == "Application" { usize::MAX } else { caller.tenant };
            let key = (caller.app_id.clone(), tenant, name, of.to_string());
            let (mut begin, mut used) = self.windows.get(&key).copied().unwrap_or((now, 0));
            if now.saturating_sub(begin) >= length || now < begin {
                (begin, used) = (now, 0);
            }
            if used + cost > most {
                let wait = (begin + length).saturating_sub(now).div_ceil(1_000).max(1);
                return Err(refuse(429, "TooManyRequests", "Request is throttled. Too many requests.")
                    .with_header("Retry-After", &wait.to_string())
                    .with_header("x-ms-throttle-scope", "Tenant_Application/ReadWrite/sim")
                    .with_header("x-ms-throttle-information", name));
            }
            if name == "Directory" {
                headers.push(("x-ms-resource-unit".into(), cost.to_string()));
                let share = f64::from(used + cost) / f64::from(most);
                if share > 0.8 {
                    headers.push(("x-ms-throttle-limit-percentage".into(), format!("{share:.2}")));
                }
            }
            taken.push((key, (begin, used + cost)));
        }
        self.windows.extend(taken);
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(app: &str) -> Caller {
        Caller { tenant: 0, app_id: app.into(), place: None, permissions: Vec::new() }
    }

    #[test]
    fn units_run_out_and_come_back() {
        let mut t = Throttle::default();
        t.tighten(100);
        let units = |t: &mut Throttle, now| t.take(now, &caller("a"), 10, Weight::Directory(2), None);
        let well = (0..17).map(|_| units(&mut t, 5_000)).collect::<Vec<_>>();
        assert!(well.iter().all(Result::is_ok), "3500 / 100 = 35 units");
        assert!(
            well.last()
                .unwrap()
                .as_ref()
                .unwrap()
                .iter()
                .any(|(n, v)| n == "x-ms-throttle-limit-percentage" && v == "0.97")
        );
        let no = units(&mut t, 6_001).unwrap_err();
        assert_eq!((no.status, no.headers[0].clone()), (429, ("Retry-After".into(), "9".into())));
        assert!(t.take(6_001, &caller("b"), 10, Weight::Directory(2), None).is_ok(), "somebody else");
        assert!(units(&mut t, 15_000).is_ok());
    }

    #[test]
    fn one_team_bears_less_than_all() {
        let mut t = Throttle::default();
        let mut ask = |team| t.take(0, &caller("a"), 10, Weight::Teams(30), Some(team)).is_ok();
        assert!((0..4).all(|_| ask("x")));
        assert!(!ask("x"));
        assert!(ask("y"));
    }
}
