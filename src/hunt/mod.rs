//! Hunting: many seeds of one scenario, and the names by which single runs are found again; or every interleaving.

mod catch;
mod digests;
pub mod explore;
mod kind;
mod run_id;
mod shrink;
mod sweep;
mod tally;
mod why;

pub use catch::{Caught, Count, SEARCHING, Searching, Trials, catch};
pub use digests::{digests, first_differing_block};
pub use kind::Kind;
pub use run_id::{RunId, RunIdError};
pub use shrink::{Shrink, ShrinkProgress, Shrunk, Size, Unbroken, broken};
pub use sweep::{Fresh, Sweep, SweepProgress, Tell};
pub use tally::{Failure, FailureKind, Share, SweepTally};
pub use why::{Need, Part, Without, needs, parts};
