//! What prompts sound like.

use crate::tenant::objects::{Prompt, Sound, Tone};
use base64::Engine as _;

/// What a prompt sounds like by itself; nothing if it has sounds of languages only.
///
/// # Errors
/// A sentence.
pub fn of_prompt(p: &Prompt) -> Result<Option<media::prompt::Prompt>, String> {
    made(p.tone.as_ref(), p.wav.as_deref(), p.music)
}

/// What a prompt sounds like in a language.
///
/// # Errors
/// A sentence.
pub fn of_language(s: &Sound) -> Result<media::prompt::Prompt, String> {
    made(s.tone.as_ref(), s.wav.as_deref(), s.music)?
        .ok_or_else(|| "a language of a prompt has no sound".into())
}

fn made(
    tone: Option<&Tone>,
    wav: Option<&str>,
    music: Option<bool>,
) -> Result<Option<media::prompt::Prompt>, String> {
    use media::prompt::Prompt as Sound;
    if let Some(tone) = tone {
        return Ok(Some(Sound::tone(f64::from(tone.hz), tone.length.0 as u32, 0.3)));
    }
    if let Some(wav) = wav {
        let bytes = base64::engine::general_purpose::STANDARD.decode(wav).map_err(|e| e.to_string())?;
        return Sound::from_wav(&bytes).map(Some).map_err(|e| e.to_string());
    }
    Ok(music.filter(|m| *m).map(|_| Sound::music()))
}
