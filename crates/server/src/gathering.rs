//! When a thread under load waits for more to come before it looks again: being woken costs a virtual machine more than
//! most messages cost to handle, and what is handled together goes out and to the disk together.

use std::time::Duration;

/// Under load a thread looks at most once in this, in microseconds: so long may a message wait for others. SIP sends again
/// after half a second (T1, RFC 3261).
const TOGETHER: u64 = 2_000;
/// The load is judged at the end of each of these, in microseconds.
const PERIOD: u64 = 100_000;
/// Woken so often in a period, a thread has begun to be under load: a thousand times a second.
const BUSY: u32 = 100;
/// Woken less often in a period, it no longer is: a thread that gathers is woken 50 times at most.
const CALM: u32 = 35;

/// How often a thread was woken, and whether it gathers.
#[derive(Default)]
pub struct Gathering {
    gathers: bool,
    woken: u64,
    count: u32,
    began: u64,
}

impl Gathering {
    /// How long to wait before looking again, `now` in microseconds; `None` where there is no load.
    pub fn wait(&self, now: u64) -> Option<Duration> {
        let left = (self.woken + TOGETHER).saturating_sub(now);
        (self.gathers && left > 0).then(|| Duration::from_micros(left))
    }

    /// The thread looked, at `now` in microseconds.
    pub fn woken(&mut self, now: u64) {
        self.woken = now;
        self.count += 1;
        if now.saturating_sub(self.began) >= PERIOD {
            self.gathers = self.count >= if self.gathers { CALM } else { BUSY };
            self.count = 0;
            self.began = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody does something every `every` microseconds for a second; gives how often the thread was woken.
    fn wakes(gathering: &mut Gathering, from: u64, every: u64) -> u32 {
        let (mut now, mut taken, mut wakes) = (from, from / every, 0);
        while now < from + 1_000_000 {
            now += gathering.wait(now).map_or(0, |wait| wait.as_micros() as u64);
            // What came meanwhile is there already, else the next is waited for.
            if now / every == taken {
                now = (taken + 1) * every;
            }
            taken = now / every;
            gathering.woken(now);
            wakes += 1;
        }
        wakes
    }

    #[test]
    fn who_is_seldom_woken_never_waits() {
        let mut gathering = Gathering::default();
        assert_eq!(wakes(&mut gathering, 0, 1_500), 667);
        assert_eq!(gathering.wait(1_000_501), None);
    }

    #[test]
    fn under_load_it_looks_every_two_milliseconds_until_the_load_is_over() {
        let mut gathering = Gathering::default();
        let first = wakes(&mut gathering, 0, 100);
        assert!((1_445..=1_455).contains(&first), "a period of 1,000, then 9 of 50: {first}");
        let next = wakes(&mut gathering, 1_000_000, 100);
        assert!((499..=501).contains(&next), "{next}");
        let less = wakes(&mut gathering, 2_000_000, 1_100);
        assert!((499..=501).contains(&less), "less comes, and still enough to gather: {less}");
        let calm = wakes(&mut gathering, 3_000_000, 10_000);
        assert!((100..=101).contains(&calm), "{calm}");
        assert_eq!(gathering.wait(4_000_001), None, "no load, no waiting");
        let few = wakes(&mut gathering, 4_000_000, 2_500);
        assert!((400..=401).contains(&few), "{few}");
    }
}
