//! Hunting: many seeds of one scenario, and the names by which single runs are found again.

mod run_id;
mod sweep;
mod tally;

pub use run_id::{RunId, RunIdError};
pub use sweep::{Sweep, SweepProgress};
pub use tally::{Failure, FailureKind, Share, SweepTally};
