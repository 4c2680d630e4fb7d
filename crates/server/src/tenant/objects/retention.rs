//! How long data is kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest that anything is kept after the account ended, in days.
pub const MOST_AFTER_CLOSING: u32 = 89;

/// The fewest days that a rule may keep the audit log: what somebody did with an owner's rights has to be there when the month
/// is looked at, and nobody may wait until it is gone within days.
pub const LEAST_AUDIT_DAYS: u32 = 30;

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RetainedClass {
    /// Records of calls with all that belongs to them, and people of whom no call is left.
    Call,
    /// Audio of recordings; the call's record stays.
    Recording,
    /// Messages in voicemail boxes.
    Voicemail,
    /// Notes on calls; the call's record stays.
    Notes,
    /// Figures of reports, by their time: also those of agents.
    Report,
    /// Earlier versions of the configuration, by when they were made; what is in force stays.
    Config,
    /// Entries of the audit log, by their time: its beginning goes, with a signed entry that says so. 30 days at least.
    Audit,
    /// Everything, after the account ended.
    Closing,
}

/// A rule of how long something is kept.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// `call`, `recording`, `voicemail`, `notes`, `report`, `config`, `audit` or `closing`.
    pub class: RetainedClass,
    /// Only calls of this queue; a rule without one is for all queues that have none of their own.
    #[serde(default)]
    #[schemars(extend("x-ref" = "Queue"))]
    pub queue: Option<String>,
    /// Days after a call's end, or after the account's; 0 is at once.
    #[schemars(range(max = 36_500))]
    pub days: u32,
}
