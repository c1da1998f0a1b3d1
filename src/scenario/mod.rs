//! Scenarios: a file becomes data, and a seed becomes a plan.
//!
//! A [`ScenarioFile`] is read once, with all its mistakes in one [`Problem`], and checked with the minimum and the maximum of each of its ranges.
//! [`ScenarioFile::resolve`] then draws, for one seed, everything that is drawn before a run, and draws again if the
//! settings are incompatible. No subject is known here; its [`Profile`](crate::subject::Profile) describes what it accepts.

mod brackets;
mod cluster;
mod core;
mod diagnostic;
mod digest;
mod document;
mod elsewhere;
mod entry;
mod file;
mod format;
mod links;
mod load;
mod operation;
mod overrides;
mod path;
mod plan;
mod range;
mod repair;
mod resolved;
mod rules;
mod schema;
mod serde_errors;
mod suggest;
mod swarm;
#[cfg(test)]
mod tests;
mod words;
mod worst_case;

pub use self::core::Core;
pub use cluster::Nodes;
pub use diagnostic::{Diagnostic, LoadStage, Problem, TextPosition};
pub use digest::plain as said;
pub use entry::{Draw, FaultEntry, When};
pub use file::{ScenarioFile, named_after};
pub use format::{AnsweredDuring, Clocks, Disk, Expect, Run, Scenario};
pub use links::{LinkSettings, NetworkSettings};
pub use load::{BuiltIn, built_in, load};
pub use operation::{Homes, OperationEntry};
pub use resolved::{Expected, Resolved};
pub use schema::schema;
pub use swarm::Swarm;

/// The invariants of every subject, by name; a scenario may name them like those of its subject.
pub const ALWAYS: [&str; 2] = ["no-panic", "progress-of-time"];
