//! A node's vector and hybrid clock, which tick at every event and ride beside every message.

use std::sync::Arc;

use super::facts::Comparison;
use crate::clocks::{Causality, HybridClock, Stamp, VectorClock};
use crate::identity::Incarnation;
use crate::subject::Flaws;
use crate::time::LocalTime;

/// The clocks of one boot of a node: the stamp of its last event, and the rules for the next.
///
/// What ticks: a start, a send, a message's arrival, a timer and a command; nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeClock {
    life: Incarnation,
    last: Arc<Stamp>,
}

impl NodeClock {
    /// Clocks that go on from `last`, which the boot before left on the disk.
    #[must_use]
    pub fn after(last: Option<Arc<Stamp>>, life: Incarnation) -> Self {
        Self { life, last: last.unwrap_or_default() }
    }

    /// The stamp of the last event.
    #[must_use]
    pub const fn last(&self) -> &Arc<Stamp> {
        &self.last
    }

    /// An event happens that no message causes, or a message that may not be believed: returns its stamp.
    pub fn tick(&mut self, wall: LocalTime) -> Arc<Stamp> {
        let last = Arc::make_mut(&mut self.last);
        last.vector.tick(self.life.node, self.life.boot);
        last.hybrid = HybridClock::after(last.hybrid).tick(wall);
        Arc::clone(&self.last)
    }

    /// A message that bears `stamp` arrives: returns how that stood to what was known before, and the arrival's stamp.
    pub fn receive(&mut self, stamp: &Stamp, wall: LocalTime, flaws: &Flaws) -> (Comparison, Arc<Stamp>) {
        let comparison = compare(&stamp.vector, &self.last.vector, flaws);
        let last = Arc::make_mut(&mut self.last);
        last.vector.merge(&stamp.vector);
        // Flaw e10: the arrival is no event of its own.
        if !flaws.has("e10") {
            last.vector.tick(self.life.node, self.life.boot);
        }
        last.hybrid = HybridClock::after(last.hybrid).receive(stamp.hybrid, wall);
        (comparison, Arc::clone(&self.last))
    }
}

fn compare(left: &VectorClock, right: &VectorClock, flaws: &Flaws) -> Comparison {
    // Flaw e09: the specification's comparison.
    let answer = if flaws.has("e09") { compare_one_side(left, right) } else { left.compare(right) };
    Comparison { left: left.clone(), right: right.clone(), answer }
}

/// `Compare_Events` of the specification, to the letter: the entries that only the first clock has are not looked at.
fn compare_one_side(left: &VectorClock, right: &VectorClock) -> Causality {
    let less = |one: &VectorClock, other: &VectorClock| {
        let pairs = || other.iter().map(|(life, count)| (one.get(life.node, life.boot), count));
        pairs().all(|(one, other)| one <= other) && pairs().any(|(one, other)| one < other)
    };
    if less(left, right) {
        Causality::Before
    } else if less(right, left) {
        Causality::After
    } else {
        Causality::Concurrent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Boot, NodeId};

    fn clock(entries: &[(u32, u64)]) -> VectorClock {
        entries.iter().map(|(node, count)| (Incarnation::new(NodeId::new(*node), Boot::new(1)), *count)).collect()
    }

    #[test]
    fn the_one_sided_comparison_is_wrong_where_the_erratum_says() {
        let (a, b) = (clock(&[(0, 1)]), clock(&[(1, 1)]));
        assert_eq!(compare_one_side(&a, &b), Causality::Before);
        assert_eq!(compare_one_side(&b, &a), Causality::Before);
        assert_eq!(compare_one_side(&a, &a), Causality::Concurrent);
    }
}
