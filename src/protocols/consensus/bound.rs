//! How long consensus may take after quiescence.

use super::CHUNK;
use super::spec::ConsensusSettings;
use crate::check;
use crate::protocols::Bound;
use crate::subject::World;

/// A client retries an operation that was sent to a node that was down. Then a voter stands for election when its
/// election timeout expires. The timeout is measured: it may have grown to six times the longest delay of messages or
/// disks. A wait for a proposer takes at most six timeouts: the timeout, up to as much again by the draw, and a backoff
/// of up to four. Four waits are counted, because two voters may stand at once. Each window of open operations takes
/// five messages and three syncs, each of which may wait for another one. A node that lags learns so from the next
/// heartbeat, and fetches at most the decisions that voters keep behind a state; it may ask every silent node in vain.
pub(super) fn bound(settings: &ConsensusSettings, open: u64, world: &World) -> Bound {
    let trip = (world.delay + world.sync.times(2)).times(2);
    let patience = settings.election.max(world.outage.max(trip).times(6));
    let wait = patience.times(2) + settings.backoff.max(patience.times(4));
    let windows = open.div_ceil(settings.window.max(1).into()) + 1;
    let in_vain = if world.silent == 0 { 0 } else { u64::from(world.silent) + 2 };
    let around = world.timer(patience.times(3 * in_vain));
    let answered =
        world.late + world.timeout + world.timer(wait.times(4) + patience) + around + trip.times(10 + 3 * windows);
    let kept = u64::from(settings.keep) + u64::from(settings.compact_after) + u64::from(settings.window);
    let fetched = world.timer(settings.heartbeat.times(2) + patience.times(4 * (1 + in_vain)))
        + trip.times(kept.div_ceil(CHUNK as u64) + 2);
    let claims = vec![(check::DURABILITY.name, answered + fetched)];
    let quiet = fetched + world.timer(patience.times(3)) + trip.times(2);
    Bound { payloads: 0, ended: answered, claims, quiet }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn more_time_is_given_where_more_is_open_or_disks_are_slower_or_something_was_held_up() {
        let settings = ConsensusSettings::default();
        let world = World { delay: Span::from_millis(10), sync: Span::from_millis(2), ..World::default() };
        let least = bound(&settings, 10, &world);
        assert!(least.ended < least.claims[0].1 && least.claims[0].1 < least.ended + least.quiet);
        assert!(least.ended < Span::from_secs(10), "{}", least.ended);
        let slower = bound(&settings, 10, &World { sync: Span::from_millis(500), ..world });
        let held_up = bound(&settings, 10, &World { outage: Span::from_secs(1), ..world });
        for more in [bound(&settings, 1_000, &world), slower, held_up] {
            assert!(more.ended > least.ended);
        }
    }
}
