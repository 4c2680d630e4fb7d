//! A tenant's configuration: files of objects, what may stand in them, and what they mean to engine and door.

pub mod address;
pub mod calling_codes;
pub mod check;
pub mod compile;
pub mod country_prefixes;
pub mod destination;
pub mod dial_plan;
pub mod dialling;
pub mod emergency_numbers;
pub mod everything;
pub mod formats;
pub mod hours;
pub mod mailbox;
pub mod meaning;
pub mod money;
pub mod number_pattern;
pub mod number_ranges;
pub mod number_rules;
pub mod objects;
pub mod outside;
pub mod pbx;
pub mod plan;
pub mod schema;
pub mod scope;
pub mod sound;
pub mod srtp;
pub mod toll;
pub mod trunk;
pub mod understand;
pub mod web;
pub mod yaml;

pub use check::Problem;
pub use dial_plan::DialPlan;
pub use meaning::{AlarmRule, Meaning, PersonRule};
