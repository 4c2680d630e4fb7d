//! A network that loses, doubles and delays, all from a seed. What travels is the caller's business.

use crate::chance::Chance;
use sip::Time;
use std::collections::BTreeMap;

/// How a network treats what is sent over it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Weather {
    /// How many of a thousand never arrive.
    pub lost_in_thousand: u64,
    /// How many of a thousand arrive twice, the second time with a delay of its own.
    pub doubled_in_thousand: u64,
    /// The shortest way, in microseconds.
    pub delay_us_min: u64,
    /// The longest way, in microseconds. Whatever is sent within the difference may overtake.
    pub delay_us_max: u64,
}

impl Weather {
    /// Everything arrives, once, after a millisecond.
    pub const fn fair() -> Weather {
        Weather { lost_in_thousand: 0, doubled_in_thousand: 0, delay_us_min: 1_000, delay_us_max: 1_000 }
    }
}

/// One network. Ask [`Network::poll`] until it gives nothing, then again at [`Network::deadline`].
#[derive(Clone, Debug)]
pub struct Network<T> {
    weather: Weather,
    chance: Chance,
    // The number keeps those that arrive at one moment in the order in which they were sent.
    flying: BTreeMap<(Time, u64), T>,
    sequence: u64,
}

impl<T: Clone> Network<T> {
    /// The same seed and the same calls give the same arrivals.
    pub fn new(weather: Weather, seed: u64) -> Network<T> {
        Network { weather, chance: Chance::new(seed), flying: BTreeMap::new(), sequence: 0 }
    }

    /// Changes the weather for what is sent from now on.
    pub fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
    }

    /// Sends something on its way, or into nothing.
    pub fn send(&mut self, now: Time, item: T) {
        if self.chance.in_thousand(self.weather.lost_in_thousand) {
            return;
        }
        if self.chance.in_thousand(self.weather.doubled_in_thousand) {
            self.fly(now, item.clone());
        }
        self.fly(now, item);
    }

    /// What has arrived by now, the earliest first.
    pub fn poll(&mut self, now: Time) -> Option<T> {
        let next = self.flying.first_entry()?;
        (next.key().0 <= now).then(|| next.remove())
    }

    /// When the next one arrives.
    pub fn deadline(&self) -> Option<Time> {
        self.flying.first_key_value().map(|((at, _), _)| *at)
    }

    /// How many are on their way.
    pub fn in_flight(&self) -> usize {
        self.flying.len()
    }

    fn fly(&mut self, now: Time, item: T) {
        let (min, max) = (self.weather.delay_us_min, self.weather.delay_us_max);
        let delay = self.chance.between(min, max.max(min));
        self.sequence += 1;
        self.flying.insert((Time(now.0.saturating_add(delay)), self.sequence), item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(weather: Weather, seed: u64) -> Vec<(u64, u64)> {
        let mut network = Network::new(weather, seed);
        for n in 0..10_000 {
            network.send(Time(n * 100), n);
        }
        let mut arrived = Vec::new();
        while let Some(at) = network.deadline() {
            assert!(network.poll(Time(at.0 - 1)).is_none(), "nothing arrives early");
            while let Some(n) = network.poll(at) {
                arrived.push((at.0, n));
            }
        }
        assert_eq!(network.in_flight(), 0);
        arrived
    }

    #[test]
    fn fair_weather_keeps_everything_and_its_order() {
        let arrived = arrivals(Weather::fair(), 1);
        assert_eq!(arrived.len(), 10_000);
        assert!(
            arrived
                .iter()
                .enumerate()
                .all(|(n, (at, item))| (*at, *item) == (n as u64 * 100 + 1_000, n as u64))
        );
    }

    #[test]
    fn foul_weather_loses_doubles_delays_and_reorders_as_told() {
        let weather = Weather {
            lost_in_thousand: 100,
            doubled_in_thousand: 50,
            delay_us_min: 500,
            delay_us_max: 5_000,
        };
        let arrived = arrivals(weather, 7);
        let mut seen = vec![0; 10_000];
        for (at, n) in &arrived {
            assert!((500..=5_000).contains(&(at - n * 100)));
            seen[*n as usize] += 1;
        }
        let count = |times| seen.iter().filter(|n| **n == times).count();
        assert!((900..1_100).contains(&count(0)), "{}", count(0));
        assert!((380..520).contains(&count(2)), "{}", count(2));
        assert!(arrived.windows(2).any(|w| w[0].1 > w[1].1), "some overtake");
    }

    #[test]
    fn the_same_seed_is_the_same_weather() {
        let weather = Weather {
            lost_in_thousand: 200,
            doubled_in_thousand: 200,
            delay_us_min: 0,
            delay_us_max: 30_000,
        };
        assert_eq!(arrivals(weather, 3), arrivals(weather, 3));
        assert_ne!(arrivals(weather, 3), arrivals(weather, 4));
    }
}
