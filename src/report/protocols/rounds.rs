//! How many rounds of gossip a write takes to reach all replicas.

use std::collections::BTreeSet;

use super::crashes::decoded;
use crate::chance::{Chance, Dice, Seed};
use crate::codex::Change;
use crate::identity::Actor;
use crate::measure::Share;
use crate::node::Entry;
use crate::protocols::replica::ReplicaEntry;
use crate::time::{Span, Time};
use crate::trace::{Event, Trace};

/// How many rounds one write took to reach all replicas, in some runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rounds {
    /// Sorted.
    taken: Vec<u64>,
}

/// To how many peers nodes turn in a round.
pub(super) const FANOUT: u64 = 3;

impl Rounds {
    /// Those of so many seeds, by a function of each.
    pub(super) fn of(seeds: u64, rounds: impl FnMut(u64) -> u64) -> Self {
        let mut taken: Vec<u64> = (0..seeds).map(rounds).collect();
        taken.sort_unstable();
        Self { taken }
    }

    /// The middle of them; of two the lower.
    #[must_use]
    pub fn median(&self) -> u64 {
        self.taken[(self.taken.len() - 1) / 2]
    }

    /// The 99th percentile: at most one of a hundred took longer.
    #[must_use]
    pub fn p99(&self) -> u64 {
        self.taken[(self.taken.len() * 99).div_ceil(100) - 1]
    }
}

/// The rounds of a trace in which the node of the first entry wrote it: the periods from there until the last node has one.
///
/// # Panics
/// If some node never has it.
pub(super) fn in_trace(trace: &Trace, nodes: u32, period: Span) -> u64 {
    let mut reached: BTreeSet<Actor> = BTreeSet::new();
    let (mut first, mut last) = (None, Time::ZERO);
    for record in trace.raw_records() {
        if let Event::Append { entry } = &record.event
            && let Entry::Replica(ReplicaEntry(Change::Version(_))) = decoded(entry)
            && reached.insert(record.id.actor)
        {
            first = first.or(Some(record.time));
            last = record.time;
        }
    }
    assert_eq!(reached.len(), nodes as usize, "all are reached");
    last.since(first.expect("one wrote it")).as_nanos().div_ceil(period.as_nanos())
}

/// The rounds of a synchronous model of push-pull (Demers et al. 1987): in each, every node exchanges all that it has with
/// [`FANOUT`] others that are drawn, as it stood before the round; each exchange is lost with this share.
pub(super) fn in_model(nodes: u64, loss: Share, seed: u64) -> u64 {
    let mut dice: Dice = Seed(seed).dice("push-pull");
    let mut has = vec![false; usize::try_from(nodes).expect("few nodes")];
    has[0] = true;
    let mut rounds = 0;
    while has.iter().any(|has| !has) {
        rounds += 1;
        let before = has.clone();
        for node in 0..nodes {
            for peer in peers(node, nodes, &mut dice) {
                let [node, peer] = [node, peer].map(|node| usize::try_from(node).expect("few nodes"));
                if !dice.happens(loss) && (before[node] || before[peer]) {
                    (has[node], has[peer]) = (true, true);
                }
            }
        }
    }
    rounds
}

/// So many others as a node turns to in a round, all different.
fn peers(node: u64, nodes: u64, dice: &mut Dice) -> Vec<u64> {
    let count = FANOUT.min(nodes - 1) as usize;
    let mut peers = Vec::with_capacity(count);
    while peers.len() < count {
        let peer = dice.below(nodes);
        if peer != node && !peers.contains(&peer) {
            peers.push(peer);
        }
    }
    peers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_takes_as_many_rounds_as_are_known() {
        for (nodes, median) in [(10, 2), (100, 4), (1_000, 5), (10_000, 7)] {
            let seeds = if nodes > 1_000 { 9 } else { 99 };
            assert_eq!(Rounds::of(seeds, |seed| in_model(nodes, Share::default(), seed)).median(), median, "{nodes}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_list() {
        let rounds = Rounds::of(100, |seed| 100 - seed);
        assert_eq!((rounds.median(), rounds.p99()), (50, 99));
        let one = Rounds::of(1, |_| 7);
        assert_eq!((one.median(), one.p99()), (7, 7));
    }
}
