//! A file that says it is a WAV.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::prompt::Prompt;
use media::wav;

fuzz_target!(|data: &[u8]| {
    let Ok(read) = wav::read(data) else {
        assert!(Prompt::from_wav(data).is_err());
        return;
    };
    assert!(wav::RATES.contains(&read.rate) && read.samples.len() <= data.len());
    let prompt = Prompt::from_wav(data).expect("what can be read can be played");
    let expected = read.samples.len() as u64 * 1000 / u64::from(read.rate);
    assert!(prompt.duration_ms().abs_diff(expected) <= 40, "{} ms of {expected}", prompt.duration_ms());
});
