//! After which outcomes of an attempt the next far end is tried.

/// How an attempt ended before it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With this final answer.
    Code(u16),
    /// Nothing came in time.
    NoAnswer,
    /// The name was not found, or no connection could be made.
    Unreachable,
}

/// Whether the next far end is tried. What the called party said, or might have heard, is never asked of another trunk:
/// busy, declined, no such number, and whatever comes after it rang.
pub fn fails_over(outcome: Outcome, rang: bool) -> bool {
    match outcome {
        _ if rang => false,
        Outcome::NoAnswer | Outcome::Unreachable => true,
        Outcome::Code(code) => match code {
            // A redirection is not followed here: the number may be reached over another trunk.
            300..=399 => true,
            // Who we are, what we may, and what the far end can: matters between us and this trunk.
            401 | 402 | 403 | 405 | 407 | 408 | 420 | 421 | 423 | 430 | 488 => true,
            500..=599 => true,
            _ => false,
        },
    }
}

/// The same for Microsoft Teams, whose hosts all ask the same people: another one is tried only where a host itself could not
/// do it. What a person or a configuration there said is the last word, above all that somebody declined.
pub fn fails_over_in_teams(outcome: Outcome, rang: bool) -> bool {
    !rang && matches!(outcome, Outcome::NoAnswer | Outcome::Unreachable)
}
