//! Two vectors side by side: where they differ, and which one happened before, both told in the plainest way.

use std::fmt::Write;

use crate::clocks::{Causality, VectorClock};
use crate::identity::Incarnation;

/// Every incarnation that either vector has an entry of, in order.
fn all(left: &VectorClock, right: &VectorClock) -> Vec<Incarnation> {
    let mut all: Vec<_> = left.iter().chain(right.iter()).map(|(who, _)| who).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Both vectors in words, only where they differ: `n1:3 n2:0` and `n1:4 n2:1`.
pub(super) fn difference(left: &VectorClock, right: &VectorClock) -> (String, String) {
    let mut words = (String::new(), String::new());
    for who in all(left, right) {
        let (one, other) = (left.get(who.node, who.boot), right.get(who.node, who.boot));
        if one != other {
            let gap = if words.0.is_empty() { "" } else { " " };
            write!(words.0, "{gap}{who}:{one}").expect("a string takes all");
            write!(words.1, "{gap}{who}:{other}").expect("a string takes all");
        }
    }
    words
}

/// How the events with these vectors relate: one happened before the other if the other knows all that it knows.
///
/// Told without [`VectorClock::compare`], which is what the nodes use and may be at fault.
pub(super) fn relation(left: &VectorClock, right: &VectorClock) -> Causality {
    match (knows(right, left), knows(left, right)) {
        (true, true) => Causality::Equal,
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (false, false) => Causality::Concurrent,
    }
}

fn knows(one: &VectorClock, other: &VectorClock) -> bool {
    let mut known = one.iter().peekable();
    other.iter().all(|(who, count)| {
        while known.next_if(|(before, _)| *before < who).is_some() {}
        known.peek().is_some_and(|(same, reached)| *same == who && *reached >= count)
    })
}
