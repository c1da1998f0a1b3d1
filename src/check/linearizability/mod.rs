//! Linearizability: every operation seems to happen at one instant between its call and its answer.
//!
//! It is judged online, object by object (an execution is linearizable if its part for each object is: Herlihy and
//! Wing 1990). A [`Linearizer`] holds the set of all *configurations* that explain what it has seen: a state of the
//! object, and what became of each open operation. A call adds to them; an answer removes those that contradict it,
//! after they were extended by letting open operations happen, no further than the answer needs (the just-in-time
//! linearization of Lowe 2017; the search is that of Wing and Gong 1993, memoised as in Porcupine, Athalye 2017). When
//! none is left, the answer is impossible, and what could have been answered instead is known.
//!
//! Three departures keep the set small. What an operation could have answered *without changing the state* is noted
//! along the way in place of a configuration for each, so that reads never branch. An operation whose outcome is never
//! learnt may happen at any time or never; a configuration that has used fewer of these for the same end covers the
//! others. Beyond a budget of configurations the object is undecided, and the search concludes nothing more about it; a
//! [`Transcript`] of it may still be explained by an order that is known from elsewhere, which proves the same.
//!
//! What an object is, a [`Model`] says: a [`Register`], or one that holds a list, [`Lists`]. [`history`] reads what
//! other systems recorded.

mod chain;
mod configuration;
pub mod history;
mod linearizer;
mod model;
mod slack;
mod transcript;

#[cfg(test)]
mod tests;

pub use linearizer::{BUDGET, Impossible, Linearizer};
pub use model::{ListCall, ListId, Lists, Model, Register, RegisterCall, Seen};
pub use transcript::Transcript;
