//! Erlang's formulas: what staffing should give, to be read beside what a simulation gives.

/// Share of calls that find all of `n` agents busy and are lost, at `a` erlangs of traffic (Erlang B).
pub fn blocked(a: f64, n: u32) -> f64 {
    (1..=n).fold(1.0, |b, k| a * b / (f64::from(k) + a * b))
}

/// What a queue with endless patience gives (Erlang C).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patient {
    /// Share of calls that wait at all.
    pub waits: f64,
    /// Share answered within the threshold.
    pub service_level: f64,
    /// Mean wait of all, in seconds.
    pub asa: f64,
}

/// Erlang C: `rate` calls a second, `aht` seconds each, `n` agents, answered within `within` seconds. `None` if the traffic
/// is more than the agents can ever do.
pub fn patient(rate: f64, aht: f64, n: u32, within: f64) -> Option<Patient> {
    let a = rate * aht;
    let agents = f64::from(n);
    if agents <= a || aht <= 0.0 {
        return None;
    }
    let b = blocked(a, n);
    let waits = agents * b / (agents - a * (1.0 - b));
    Some(Patient {
        waits,
        service_level: 1.0 - waits * (-(agents - a) * within / aht).exp(),
        asa: waits * aht / (agents - a),
    })
}

/// What a queue gives whose callers hang up (Erlang A).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impatient {
    /// Share of calls that wait at all.
    pub waits: f64,
    /// Share that hangs up.
    pub abandons: f64,
    /// Mean wait of all, in seconds.
    pub wait: f64,
}

/// Erlang A: as [`patient`], with a mean patience in seconds.
pub fn impatient(rate: f64, aht: f64, n: u32, patience: f64) -> Option<Impatient> {
    if rate <= 0.0 || aht <= 0.0 || patience <= 0.0 {
        return None;
    }
    let (mu, theta) = (1.0 / aht, 1.0 / patience);
    // Probabilities of the states up to a common factor, each from the one before, scaled so that none overflows.
    let (mut p, mut total, mut waiting, mut length) = (1.0_f64, 1.0_f64, 0.0_f64, 0.0_f64);
    if n == 0 {
        waiting = 1.0;
    }
    for k in 1..1_000_000_u32 {
        let death = match k.checked_sub(n) {
            Some(over) => f64::from(n) * mu + f64::from(over) * theta,
            None => f64::from(k) * mu,
        };
        p *= rate / death;
        total += p;
        if k >= n {
            waiting += p;
            length += f64::from(k - n) * p;
        }
        if p > 1e200 {
            for x in [&mut p, &mut total, &mut waiting, &mut length] {
                *x *= 1e-200;
            }
        }
        if k > n && p < total * 1e-14 {
            break;
        }
    }
    let queue = length / total;
    Some(Impatient { waits: waiting / total, abandons: theta * queue / rate, wait: queue / rate })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64, by: f64) {
        assert!((a - b).abs() < by, "{a} is not {b}");
    }

    #[test]
    fn erlang_c_as_computed_elsewhere() {
        for (calls, seconds, aht, n, waits, level, asa) in [
            (100.0, 1_800.0, 180.0, 14, 0.174132, 0.8884, 7.836),
            (100.0, 1_800.0, 180.0, 13, 0.285270, 0.7956, 17.116),
            (200.0, 1_800.0, 240.0, 30, 0.427692, 0.6760, 30.794),
            (600.0, 3_600.0, 300.0, 55, 0.384547, 0.7245, 23.073),
        ] {
            let c = patient(calls / seconds, aht, n, 20.0).expect("enough agents");
            near(c.waits, waits, 1e-6);
            near(c.service_level, level, 1e-4);
            near(c.asa, asa, 1e-3);
        }
        assert_eq!(patient(1.0, 10.0, 10, 20.0), None);
    }

    #[test]
    fn erlang_a_as_computed_elsewhere() {
        for (n, waits, abandons, wait) in [
            (10, 0.496853, 0.137464, 16.496),
            (12, 0.279807, 0.061597, 7.392),
            (14, 0.126976, 0.022839, 2.741),
        ] {
            let a = impatient(100.0 / 1_800.0, 180.0, n, 120.0).expect("traffic");
            near(a.waits, waits, 1e-6);
            near(a.abandons, abandons, 1e-6);
            near(a.wait, wait, 1e-3);
        }
    }
}
