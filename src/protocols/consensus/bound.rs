//! How long consensus may take after quiescence.

use super::spec::ConsensusSettings;
use crate::subject::World;
use crate::time::Span;

/// Until all that is open has come to an end, and until every voter has applied it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// All operations are answered.
    pub answered: Span,
    /// All voters have applied what was answered.
    pub applied: Span,
    /// Nothing is sent any more but what is periodic.
    pub quiet: Span,
}

/// A client asks again what fell to a node that was down. Then some voter stands for election when the cap of the backoff
/// and ten of the shortest waits for a proposer have passed, and is elected; and each window full of what is open takes
/// four messages, each with a sync. Who lags learns of it by the next heartbeat, and fetches what it lacks.
#[must_use]
pub fn bound(settings: &ConsensusSettings, open: u64, world: &World) -> Bound {
    let windows = open.div_ceil(settings.window.max(1).into()) + 1;
    let elected = world.timer(settings.backoff + settings.election.times(10));
    let answered = world.late + world.timeout + elected + world.round_trip().times(10 + 4 * windows);
    let applied = answered + world.timer(settings.heartbeat.times(2)) + world.round_trip().times(4);
    Bound { answered, applied, quiet: applied + world.timer(settings.election.times(2)) + world.round_trip().times(2) }
}
