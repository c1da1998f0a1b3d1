//! Explores every interleaving of a small scenario: searches the state space for a path that violates an invariant.

mod breadth;
mod depth;
mod visited;

use crate::run::explore::Space;

/// The limits of a search.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The maximum number of steps of a path; not for a depth-first search.
    pub depth: Option<u32>,
    /// The maximum number of states.
    pub states: Option<u64>,
    /// The number of threads; a depth-first search has one.
    pub threads: usize,
    /// The order of the search.
    pub order: Order,
}

/// The order in which states are visited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// All states of a depth before those of the next: the path that is found is a shortest one.
    #[default]
    Breadth,
    /// One path to its end, then the next: needs less memory.
    Depth,
}

/// Observes and stops a search.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Whether to continue; called periodically.
    pub go_on: &'a (dyn Fn() -> bool + Sync),
    /// Receives the progress; called periodically.
    pub tell: &'a dyn Fn(Progress),
}

/// The progress of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The number of different states so far.
    pub states: u64,
    /// The number of generated states so far, each as often as it was generated.
    pub generated: u64,
    /// The number of steps from the start.
    pub depth: u32,
    /// The number of states that are not expanded yet.
    pub waiting: u64,
}

/// The result of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explored {
    /// Why it ended.
    pub end: End,
    /// The number of different states that were visited.
    pub states: u64,
    /// The sum of the fingerprints of all visited states: two explorations with one sum have the same states.
    pub sum: u128,
    /// The number of generated states, each as often as it was generated.
    pub generated: u64,
    /// The greatest number of steps from the start to a state, on the path on which it was found.
    pub depth: u32,
    /// The greatest number of states of one depth; 0 for a depth-first search.
    pub widest: u64,
    /// Which of the checked invariants were exercised on some path: one bit each.
    pub exercised: u64,
    /// The path to the goal: the index of each step among those that were possible.
    pub path: Option<Vec<u32>>,
    /// The memory of all visited states in bytes, without those that are not expanded yet.
    pub bytes: u64,
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// There are no more states.
    #[default]
    Complete,
    /// There are no more states within the depth.
    Depth,
    /// A goal was found.
    Found,
    /// The limit on states was reached.
    Enough,
    /// `go_on` returned false.
    Stopped,
}

impl Default for Explored {
    fn default() -> Self {
        let (states, generated, widest, exercised, bytes) = (0, 0, 0, 0, 0);
        Self { end: End::Complete, states, sum: 0, generated, depth: 0, widest, exercised, path: None, bytes }
    }
}

/// Searches a state space.
#[must_use]
pub fn explore(space: &dyn Space, limits: &Limits, watch: Watch<'_>) -> Explored {
    match limits.order {
        Order::Breadth => breadth::search(space, limits, watch),
        Order::Depth => depth::search(space, limits, watch),
    }
}
