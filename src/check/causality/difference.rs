//! Compares two vectors: where they differ, and which one happened before the other, by the simplest method.

use std::cmp::Ordering;
use std::fmt::Write;

use crate::clocks::{Causality, VectorClock};
use crate::identity::Incarnation;

/// Every incarnation that has an entry in either vector, in order.
fn all(left: &VectorClock, right: &VectorClock) -> Vec<Incarnation> {
    let mut all: Vec<_> = left.iter().chain(right.iter()).map(|(who, _)| who).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The entries in which the vectors differ, as texts: `n1:3 n2:0` and `n1:4 n2:1`.
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

/// The relation of the events with these vectors: one happened before the other if the other knows all that it knows.
///
/// Does not use [`VectorClock::compare`], which the nodes use and which may be wrong.
pub(super) fn relation(left: &VectorClock, right: &VectorClock) -> Causality {
    let (mut ones, mut others) = (left.iter(), right.iter());
    let (mut one, mut other) = (ones.next(), others.next());
    let (mut left_knows_more, mut right_knows_more) = (false, false);
    while !(left_knows_more && right_knows_more) {
        let order = match (one, other) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((who, _)), Some((whom, _))) => who.cmp(&whom),
        };
        let (ours, theirs) = (one.map_or(0, |(_, count)| count), other.map_or(0, |(_, count)| count));
        // An entry that only one vector has counts at least one event that the other does not know.
        left_knows_more |= order == Ordering::Less || (order == Ordering::Equal && ours > theirs);
        right_knows_more |= order == Ordering::Greater || (order == Ordering::Equal && ours < theirs);
        if order != Ordering::Greater {
            one = ones.next();
        }
        if order != Ordering::Less {
            other = others.next();
        }
    }
    match (left_knows_more, right_knows_more) {
        (false, false) => Causality::Equal,
        (false, true) => Causality::Before,
        (true, false) => Causality::After,
        (true, true) => Causality::Concurrent,
    }
}
