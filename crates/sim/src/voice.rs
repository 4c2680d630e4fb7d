//! A made-up voice: it says nothing, but sounds like somebody who talks, so that a recording of a made-up call can be
//! listened to. Words are syllables with a melody; between sentences there is silence, as there is while the other one talks.

use crate::chance::Chance;

/// Samples a second.
const RATE: u32 = 8_000;
/// Length of the whole; it joins on to itself, because it ends in silence.
const LENGTH: usize = 12 * RATE as usize;
/// Multiples of the fundamental that make up a vowel, and how much of each; two vowels that syllables choose from.
const VOWELS: [[f64; 6]; 3] =
    [[1.0, 0.7, 0.5, 0.2, 0.1, 0.05], [1.0, 0.3, 0.15, 0.35, 0.3, 0.1], [1.0, 0.8, 0.2, 0.1, 0.05, 0.02]];
/// How loud it is at most, of full scale.
const LOUDNESS: f64 = 0.22;

/// Twelve seconds of a voice with this fundamental, in hertz; the same each time.
pub(crate) fn voice(hertz: u32) -> Vec<i16> {
    let mut chance = Chance::new(u64::from(hertz));
    let mut samples = Vec::with_capacity(LENGTH);
    pause(&mut samples, &mut chance, 100, 900);
    loop {
        let syllables = chance.between(4, 9);
        for n in 0..syllables {
            // A sentence falls towards its end.
            let falls = 1.12 - 0.25 * n as f64 / syllables as f64;
            let pitch = f64::from(hertz) * falls * (0.94 + 0.12 * chance.below(100) as f64 / 100.0);
            syllable(&mut samples, &mut chance, pitch);
            if chance.in_thousand(350) {
                pause(&mut samples, &mut chance, 40, 120);
            }
        }
        if samples.len() > LENGTH - 4 * RATE as usize {
            samples.resize(LENGTH, 0);
            return samples;
        }
        pause(&mut samples, &mut chance, 500, 2_000);
    }
}

fn pause(samples: &mut Vec<i16>, chance: &mut Chance, least_ms: u64, most_ms: u64) {
    let ms = chance.between(least_ms, most_ms) as usize;
    samples.resize(samples.len() + ms * RATE as usize / 1_000, 0);
}

fn syllable(samples: &mut Vec<i16>, chance: &mut Chance, pitch: f64) {
    let length = chance.between(110, 230) as usize * RATE as usize / 1_000;
    let vowel = VOWELS.get(chance.below(VOWELS.len() as u64) as usize).unwrap_or(&VOWELS[0]);
    let all: f64 = vowel.iter().sum();
    for n in 0..length {
        let t = n as f64 / f64::from(RATE);
        // Swells and fades, so that nothing clicks.
        let swell = (std::f64::consts::PI * n as f64 / length as f64).sin();
        let parts = vowel
            .iter()
            .enumerate()
            .map(|(k, much)| much * (std::f64::consts::TAU * pitch * (k + 1) as f64 * t).sin());
        let sum: f64 = parts.sum();
        samples.push((sum / all * swell * LOUDNESS * f64::from(i16::MAX)) as i16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_seems_to_talk_and_to_listen() {
        for hertz in [130, 210] {
            let samples = voice(hertz);
            assert_eq!(samples.len(), LENGTH);
            assert_eq!(samples, voice(hertz), "the same each time");
            let loud = samples.chunks(800).filter(|tenth| media::tone::level(tenth) > -40.0).count();
            assert!((40..105).contains(&loud), "{hertz} Hz: {loud} tenths of a second of 120 are loud");
        }
        assert_ne!(voice(130), voice(210));
    }
}
