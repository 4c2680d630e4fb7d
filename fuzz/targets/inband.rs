//! Any bytes as audio in front of the detector of keys: cut anywhere, it finds the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::g711::Law;
use media::inband::DtmfDetector;

fuzz_target!(|data: &[u8]| {
    let Some((&first, audio)) = data.split_first() else { return };
    let law = if first & 1 == 0 { Law::Alaw } else { Law::Ulaw };
    let (mut whole, mut pieces) = (DtmfDetector::new(), DtmfDetector::new());
    let (mut in_whole, mut in_pieces) = (Vec::new(), Vec::new());
    whole.push_g711(law, audio, |digit| in_whole.push(digit));
    for piece in audio.chunks(usize::from(first >> 1) + 1) {
        pieces.push_g711(law, piece, |digit| in_pieces.push(digit));
    }
    assert_eq!(in_whole, in_pieces);
    // A press takes at least three steps of 51 samples and a block of 102.
    assert!(in_whole.len() <= audio.len() / 204);
});
