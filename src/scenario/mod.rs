//! Scenarios: from a file to data, and from a seed to a plan.
//!
//! A [`ScenarioFile`] is read once, and checked for the least and the greatest value of each of its ranges;
//! [`ScenarioFile::resolve`] then draws, for one seed, all that is drawn before a run; what cannot work is drawn again.
//! Nothing here knows a concrete subject: the [`Profile`](crate::subject::Profile) says what it understands.

mod cluster;
mod diagnostic;
mod digest;
mod document;
mod entry;
mod file;
mod format;
mod humane;
mod load;
mod operation;
mod overlay;
mod path;
mod plan;
mod range;
mod resolved;
mod rules;
mod schema;
mod side;
mod suggest;
mod swarm;
#[cfg(test)]
mod tests;
mod wires;
mod world;

pub use cluster::Nodes;
pub use diagnostic::{Diagnostic, Place, Problem, Stage};
pub use digest::plain as said;
pub use entry::{Draw, FaultEntry, When};
pub use file::ScenarioFile;
pub use format::{Clocks, Disk, Expect, Run, Scenario};
pub use load::{BuiltIn, built_in, load};
pub use operation::{Homes, OperationEntry};
pub use resolved::{Expected, Resolved};
pub use schema::schema;
pub use swarm::Swarm;
pub use wires::{Wire, Wires};

/// The invariants that hold whatever runs, by name; a scenario may name them as it names those of its subject.
pub const ALWAYS: [&str; 2] = ["no-panic", "progress-of-time"];
