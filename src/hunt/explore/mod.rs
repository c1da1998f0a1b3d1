//! Every interleaving of a small world: the search for a way on which an invariant falls, or for its absence.

mod breadth;
mod depth;
mod visited;

use crate::run::explore::Space;

/// How far a search goes.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// So many steps; not for a search that is depth-first.
    pub depth: Option<u32>,
    /// So many states.
    pub states: Option<u64>,
    /// How many threads; one that is depth-first has one.
    pub threads: usize,
    /// In which order.
    pub order: Order,
}

/// In which order states are visited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// All of a depth before those of the next: the way that is found is a shortest one.
    #[default]
    Breadth,
    /// One way to its end, then the next: needs less room.
    Depth,
}

/// Who is told how far a search has come, and says whether it goes on.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Asked now and then.
    pub go_on: &'a (dyn Fn() -> bool + Sync),
    /// Told now and then.
    pub tell: &'a dyn Fn(Progress),
}

/// How far a search has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Different states so far.
    pub states: u64,
    /// States so far, each as often as it followed another.
    pub generated: u64,
    /// How many steps from the beginning.
    pub depth: u32,
    /// States that have not been looked at.
    pub waiting: u64,
}

/// What came of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explored {
    /// Why it ended.
    pub end: End,
    /// How many different states it came by.
    pub states: u64,
    /// How many states followed those that it looked at, each as often as it did.
    pub generated: u64,
    /// How many steps the farthest state is from the beginning, on the way on which it was found.
    pub depth: u32,
    /// The most states of one depth; 0 if it was depth-first.
    pub widest: u64,
    /// Which of the judged invariants were put to the test on some way: a bit each.
    pub exercised: u64,
    /// The way on which what was looked for happened: of each step, the how-many-eth of those that were possible it is.
    pub way: Option<Vec<u32>>,
    /// The bytes that all states take that it came by, beside those that wait.
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
    /// What was looked for has happened.
    Found,
    /// There were enough states.
    Enough,
    /// It was told not to go on.
    Stopped,
}

impl Default for Explored {
    fn default() -> Self {
        let (states, generated, widest, exercised, bytes) = (0, 0, 0, 0, 0);
        Self { end: End::Complete, states, generated, depth: 0, widest, exercised, way: None, bytes }
    }
}

/// Searches a space.
#[must_use]
pub fn explore(space: &dyn Space, limits: &Limits, watch: Watch<'_>) -> Explored {
    match limits.order {
        Order::Breadth => breadth::search(space, limits, watch),
        Order::Depth => depth::search(space, limits, watch),
    }
}
