//! Searches for violations: sweeps over many seeds, exploration of every interleaving, shrinking, and the ids of runs.

mod behaviours;
mod catch;
mod digests;
pub mod explore;
mod kind;
mod merge;
mod results;
mod run_id;
mod seeds;
mod shard;
mod shrink;
mod sweep;
mod tally;
mod why;

pub use behaviours::Behaviours;
pub use catch::{Caught, SEARCH_MODES, SearchMode, SeedCount, Trials, catch};
pub use digests::{digests, first_differing_block};
pub use kind::Kind;
pub use merge::{MergeError, Piece, merge};
pub use results::{End, Header, Results, ResultsError, read as read_results, write as write_results};
pub use run_id::{RunId, RunIdError};
pub use seeds::SeedRange;
pub use shard::Shard;
pub use shrink::{Shrink, ShrinkProgress, Shrunk, Size, Unbroken, broken};
pub use sweep::{Sweep, Watch};
pub use tally::{Failure, FailureKind, Ratio, SweepTally};
pub use why::{Need, Part, Without, needs, parts};
