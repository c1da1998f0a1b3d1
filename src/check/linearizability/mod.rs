//! Linearizability: every operation appears to take effect at one instant between its call and its answer.
//!
//! It is judged online, object by object (an execution is linearizable if its part for each object is: Herlihy and Wing
//! 1990). A [`Linearizer`] holds the set of all *configurations* that explain its observations: a state of the object,
//! and the outcome of each open operation. A call adds to them; an answer removes those that contradict it, after
//! extending them with open operations that take effect, no further than the answer needs (the just-in-time
//! linearization of Lowe 2017; the search is that of Wing and Gong 1993, memoised as in Porcupine, Athalye 2017). When
//! no configuration is left, the answer is impossible, and the possible answers are known.
//!
//! That serves a run, which is to stop at its first violation. What is known as a whole is judged by less memory: in
//! polynomial time where each value is written once, and otherwise by a [`DepthFirst`] search.
//!
//! Three departures keep the set small. The answers that an operation could have been given *without changing the
//! state* are recorded in each configuration, instead of a configuration for each, so that reads never branch. An
//! operation whose outcome will never be known may take effect at any time or never; a configuration that has used
//! fewer of these for the same result covers the others. Beyond a budget of configurations the object is undecided, and
//! the search concludes nothing more about it; a [`Transcript`] of it may still be explained by an order from another
//! source, which proves the same.
//!
//! A [`Model`] defines an object: a [`Register`], or [`Lists`]. [`history`] reads the histories of other systems.

mod chain;
mod configuration;
mod depth_first;
pub mod history;
mod linearizer;
mod model;
mod slack;
mod transcript;

#[cfg(test)]
mod tests;

pub use depth_first::{Course, DepthFirst, Limits, Progress, Unexplained};
pub use linearizer::{Impossible, Linearizer};
pub use model::{Guided, ListCall, ListId, Lists, Model, Register, RegisterCall, Seen, Wanted};
pub use transcript::{Moment, Transcript};
