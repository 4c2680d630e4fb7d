//! A tenant's configuration: files of objects, what may stand in them, and what they mean to engine and door.

pub mod calling_codes;
pub mod check;
pub mod dial_plan;
pub mod meaning;
pub mod objects;
pub mod plan;
pub mod schema;
pub mod yaml;

pub use check::Problem;
pub use dial_plan::DialPlan;
pub use meaning::{Meaning, TargetAddress};
