//! What a search needs to know of a space of states, without its types.

use std::any::Any;
use std::fmt;

pub use crate::sim::explore::Print;

/// A space of states: where it begins, and who finds what follows.
pub trait Space: Send + Sync {
    /// Where everything begins.
    fn root(&self) -> Step;

    /// Somebody who finds what follows states; each thread has one of its own.
    fn searcher(&self) -> Box<dyn Searcher + '_>;
}

/// Finds what follows a state.
pub trait Searcher {
    /// Adds what follows `place` to `found`, in a fixed order; what is `known` only counts.
    fn expand(&mut self, place: &Place, known: &dyn Fn(Print) -> bool, found: &mut Found);

    /// Which invariants were put to the test on the way to `place`, beside those that are known to be: a bit each.
    fn exercised(&mut self, place: &Place, known: u64) -> u64;
}

/// A state, whatever its type.
pub struct Place(pub(super) Box<dyn Any + Send + Sync>);

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}

/// A state that follows another.
#[derive(Debug)]
pub struct Step {
    /// Its place among all that follow that one, known ones counted.
    pub nth: u32,
    /// Its fingerprint.
    pub print: Print,
    /// Whether what was looked for has happened.
    pub goal: bool,
    /// The state.
    pub place: Place,
}

/// What follows some states.
#[derive(Debug, Default)]
pub struct Found {
    /// How many states followed, known ones counted.
    pub generated: u64,
    /// Those that were not known.
    pub steps: Vec<Step>,
}
