//! A state space without its types, as a search sees it.

use std::any::Any;
use std::fmt;

pub use crate::sim::explore::Fingerprint;

/// A state space: its root, and searchers that find successors.
pub trait Space: Send + Sync {
    /// The initial state.
    fn root(&self) -> Step;

    /// A searcher; each thread has its own.
    fn searcher(&self) -> Box<dyn Searcher + '_>;
}

/// Finds the successors of a state.
pub trait Searcher {
    /// Adds the successors of `state` to `successors`, in a fixed order; `known` ones are only counted.
    fn expand(&mut self, state: &AnyState, known: &dyn Fn(Fingerprint) -> bool, successors: &mut Successors);

    /// The invariants that were exercised on the path to `state`, besides the known ones: one bit each.
    fn exercised(&mut self, state: &AnyState, known: u64) -> u64;
}

/// A state with its type erased.
pub struct AnyState(pub(super) Box<dyn Any + Send + Sync>);

impl fmt::Debug for AnyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyState")
    }
}

/// A successor of a state.
#[derive(Debug)]
pub struct Step {
    /// Its index among all successors of that state, including known ones.
    pub nth: u32,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Whether it is a goal of the search.
    pub goal: bool,
    /// The state.
    pub state: AnyState,
}

/// The successors of some states.
#[derive(Debug, Default)]
pub struct Successors {
    /// The number of successors, including known ones.
    pub generated: u64,
    /// The successors that were not known.
    pub steps: Vec<Step>,
}
