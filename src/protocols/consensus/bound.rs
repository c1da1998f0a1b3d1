//! How long consensus may take after quiescence.

use super::learner::CHUNK;
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

/// A client asks again what fell to a node that was down. Then a voter stands for election as soon as its patience ends:
/// that is measured, and may have grown with whatever held messages or disks up, so that a wait for a proposer
/// is at most six of the longest of that, and four of those more by chance; four waits are reckoned with, since two voters
/// may stand at once. Each window full of what is open takes five messages and three syncs, each perhaps behind another. Who
/// lags learns of it by the next heartbeat, and fetches what it lacks, no more than voters keep behind a state.
#[must_use]
pub fn bound(settings: &ConsensusSettings, open: u64, world: &World) -> Bound {
    let trip = (world.delay + world.sync.times(2)).times(2);
    let patience = settings.election.max(world.outage.max(trip).times(6));
    let wait = patience.times(2) + settings.backoff.max(patience.times(4));
    let windows = open.div_ceil(settings.window.max(1).into()) + 1;
    let answered = world.late + world.timeout + world.timer(wait.times(4) + patience) + trip.times(10 + 3 * windows);
    let kept = u64::from(settings.keep) + u64::from(settings.compact_after) + u64::from(settings.window);
    let fetched =
        world.timer(settings.heartbeat.times(2) + patience.times(4)) + trip.times(kept.div_ceil(CHUNK as u64) + 2);
    let applied = answered + fetched;
    Bound { answered, applied, quiet: applied + world.timer(patience.times(3)) + trip.times(2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_time_is_given_where_more_is_open_or_disks_are_slower_or_something_was_held_up() {
        let settings = ConsensusSettings::default();
        let world = World { delay: Span::from_millis(10), sync: Span::from_millis(2), ..World::default() };
        let least = bound(&settings, 10, &world);
        assert!(least.answered < least.applied && least.applied < least.quiet);
        assert!(least.answered < Span::from_secs(10), "{}", least.answered);
        let slower = bound(&settings, 10, &World { sync: Span::from_millis(500), ..world });
        let held_up = bound(&settings, 10, &World { outage: Span::from_secs(1), ..world });
        for more in [bound(&settings, 1_000, &world), slower, held_up] {
            assert!(more.answered > least.answered);
        }
    }
}
