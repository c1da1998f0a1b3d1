//! Checkers as parts of a state: they part where an exploration does.

use std::hash::Hasher;

use super::Checker;
use crate::trace::Event;

/// A checker that is a part of each state of an exploration.
///
/// There all words have their observations, but only facts are named, and none is written out; the time is the number
/// of the step.
pub trait Branch<F>: Checker<F> {
    /// The same checker once more.
    fn fork(&self) -> Box<dyn Branch<F>>;

    /// Writes what it remembers and judges later records by. What only names (the numbers of events, which become
    /// witnesses) or only counts how often it was put to the test is left out: states that differ in that alone are one.
    /// What it was asked for and never had counts as nothing.
    fn memory(&self, state: &mut dyn Hasher);

    /// Whether such an event can change its memory or break its invariant; it is not shown the others.
    fn heeds(&self, event: &Event<'_>) -> bool;
}
