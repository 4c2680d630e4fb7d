//! How many datagrams were of no use, by reason, in all legs since the start.

use media::leg::{DropReason, LegStats};
use std::sync::atomic::{AtomicU64, Ordering};

static DROPPED: [AtomicU64; DropReason::ALL.len()] = [const { AtomicU64::new(0) }; DropReason::ALL.len()];

/// What was counted of one leg before.
pub(super) type Counted = [u64; DropReason::ALL.len()];

/// Adds what is new in a leg's figures.
pub(super) fn count(before: &mut Counted, now: &LegStats) {
    for ((all, before), now) in DROPPED.iter().zip(before).zip(now.dropped) {
        all.fetch_add(now.saturating_sub(*before), Ordering::Relaxed);
        *before = now;
    }
}

/// Each reason, and how many datagrams were dropped for it.
pub fn audio_dropped() -> impl Iterator<Item = (&'static str, u64)> {
    DropReason::ALL.iter().zip(&DROPPED).map(|(reason, count)| (reason.name(), count.load(Ordering::Relaxed)))
}
