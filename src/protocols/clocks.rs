//! The clocks of a node: a vector, which decides causality, and a hybrid clock, which orders. They tick at a start, at a
//! send, at the delivery of a message, at a timer and at a client's command, and at nothing else; they decide nothing.
//!
//! Vector clocks after Fidge (1988, *Timestamps in message-passing systems that preserve the partial ordering*) and
//! Mattern (1989, *Virtual time and global states of distributed systems*), with one entry an incarnation; hybrid logical
//! clocks after Kulkarni and others (2014, *Logical physical clocks*). A node's clocks travel whole on datagrams. On a
//! channel they travel with the payloads, as differences within a session; its frames are no events.
//!
//! The clock has a file of its own, which is replaced with each sync: a start goes on from what the last sync covered.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check;
use crate::clocks::{Causality, HybridClock, HybridStamp, Stamp, VectorClock};
use crate::identity::Incarnation;
use crate::observation::{Observation, Observe};
use crate::protocols::Settings;
use crate::subject::{Flaw, Flaws, LivesOn, Row};
use crate::time::LocalTime;

/// Settings of the nodes' clocks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClocksSettings {
    /// Flaws that are switched on: `e09`, `e10`.
    pub flaws: Flaws,
}

impl Settings for ClocksSettings {}

/// The nodes' clocks.
pub const ROW: Row = Row {
    claims: &[check::CAUSALITY],
    lives_on: LivesOn::AnyNodes,
    flaws: &[
        Flaw::new(
            "e09",
            "causality",
            "The comparison reads only one side's keys: {a:1} and {b:1} are before in both directions, and equal clocks \
             are concurrent.",
            "clocks that are compared: receives of messages that are concurrent, or the same",
        ),
        Flaw::new(
            "e10",
            "causality",
            "A receive merges the message's clock, but does not tick.",
            "a message that is received",
        ),
    ],
    ..Row::new(
        "clocks",
        "Vector clocks (Fidge 1988, Mattern 1989) and hybrid logical clocks (Kulkarni and others 2014) on all events of a \
         node.",
    )
};

/// What the clocks tell of themselves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClocksFact {
    /// The node compared a message's vector with its own, before it merged them.
    Compared(Box<Comparison>),
}

/// Two vectors, and what was made of them. A witness, as a stamp is: it adds nothing to a hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Comparison {
    /// The message's.
    pub left: VectorClock,
    /// The node's own.
    pub right: VectorClock,
    /// How left stands to right.
    pub answer: Causality,
}

impl Hash for Comparison {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

impl Observe for ClocksFact {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let Self::Compared(comparison) = self;
        let Comparison { left, right, answer } = (**comparison).clone();
        seen.push(Observation::Compared { left, right, answer });
    }
}

/// What the clocks have on the disk: the stamp of the node's last event before a sync.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClocksEntry(pub Arc<Stamp>);

impl Observe for ClocksEntry {}

/// How a stamp differs from the one that was sent before it in the session: the entries of the vector that have changed,
/// and the hybrid stamp. Like a stamp it adds nothing to a hash.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Difference {
    /// The entries that have changed.
    pub vector: VectorClock,
    /// The hybrid stamp.
    pub hybrid: HybridStamp,
}

impl Hash for Difference {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

impl Difference {
    /// What `stamp` adds to what was `shown` before in the session.
    #[must_use]
    pub fn between(shown: &VectorClock, stamp: &Stamp) -> Self {
        Self { vector: stamp.vector.changes_since(shown), hybrid: stamp.hybrid }
    }

    /// The stamp, for one who was `shown` all before in the session.
    #[must_use]
    pub fn onto(&self, shown: &VectorClock) -> Stamp {
        let mut vector = shown.clone();
        vector.merge(&self.vector);
        Stamp { vector, hybrid: self.hybrid }
    }
}

/// The clocks of one incarnation of a node: the stamp of its last event, and the rules for the next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeClock {
    incarnation: Incarnation,
    last: Arc<Stamp>,
    /// Flaw e09: the comparison reads one side.
    one_sided: bool,
    /// Flaw e10: a receive does not tick.
    deaf: bool,
}

impl NodeClock {
    /// Clocks that go on from `last`, which the incarnation before left on the disk.
    #[must_use]
    pub fn after(last: Option<Arc<Stamp>>, incarnation: Incarnation, settings: &ClocksSettings) -> Self {
        let has = |flaw| settings.flaws.has(flaw);
        Self { incarnation, last: last.unwrap_or_default(), one_sided: has("e09"), deaf: has("e10") }
    }

    /// The stamp of the last event.
    #[must_use]
    pub const fn last(&self) -> &Arc<Stamp> {
        &self.last
    }

    /// An event happens that no message causes, or a message that may not be believed: returns its stamp.
    pub fn tick(&mut self, wall: LocalTime) -> Arc<Stamp> {
        let last = Arc::make_mut(&mut self.last);
        last.vector.tick(self.incarnation.node, self.incarnation.boot);
        last.hybrid = HybridClock::after(last.hybrid).tick(wall);
        Arc::clone(&self.last)
    }

    /// A message that bears `stamp` is delivered: returns how that stood to what was known before, and the delivery's stamp.
    pub fn receive(&mut self, stamp: &Stamp, wall: LocalTime) -> (ClocksFact, Arc<Stamp>) {
        let (left, right) = (stamp.vector.clone(), self.last.vector.clone());
        let answer = if self.one_sided { compare_one_side(&left, &right) } else { left.compare(&right) };
        let last = Arc::make_mut(&mut self.last);
        last.vector.merge(&stamp.vector);
        if !self.deaf {
            last.vector.tick(self.incarnation.node, self.incarnation.boot);
        }
        last.hybrid = HybridClock::after(last.hybrid).receive(stamp.hybrid, wall);
        (ClocksFact::Compared(Box::new(Comparison { left, right, answer })), Arc::clone(&self.last))
    }
}

/// `Compare_Events` of the specification, to the letter: the entries that only the first clock has are not looked at.
fn compare_one_side(left: &VectorClock, right: &VectorClock) -> Causality {
    let less = |one: &VectorClock, other: &VectorClock| {
        let pairs = || other.iter().map(|(who, count)| (one.get(who.node, who.boot), count));
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

    #[test]
    fn differences_put_together_again_give_the_stamps() {
        let stamps = [clock(&[(0, 1)]), clock(&[(0, 2), (1, 4)]), clock(&[(0, 3), (1, 4)])];
        let (mut here, mut there) = (VectorClock::new(), VectorClock::new());
        let mut sizes = Vec::new();
        for vector in stamps {
            let stamp = Stamp { vector, hybrid: HybridStamp::default() };
            let difference = Difference::between(&here, &stamp);
            sizes.push(difference.vector.len());
            here.clone_from(&stamp.vector);
            let put_together = difference.onto(&there);
            assert_eq!(put_together, stamp);
            there = put_together.vector;
        }
        assert_eq!(sizes, [1, 2, 1]);
    }
}
