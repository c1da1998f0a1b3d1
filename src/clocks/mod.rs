//! Logical clocks as pure data: what a node counts and stamps, without messages and without deciding when to tick.
//!
//! - [`VectorClock`] tells which of two events could have caused the other, exactly (Fidge 1988, Mattern 1989).
//! - [`HybridClock`] keeps close to the wall clock and rises along every cause (Kulkarni et al. 2014).
//! - [`LamportClock`] is the least that rises along every cause (Lamport 1978).
//!
//! The discipline is the same for all three: an event ticks; a receive takes over what the message bears, and then
//! ticks, in that order, so that two receives in a row differ. A vector clock separates these two
//! ([`VectorClock::merge`], [`VectorClock::tick`]); the others do both in one verb, `receive`.
//!
//! A counter at its end panics, in every build profile alike: a clock that wraps or stands still would lie.

mod hybrid;
mod lamport;
mod stamp;
mod vector;

#[cfg(test)]
mod executions;

pub use hybrid::{HybridClock, HybridStamp};
pub use lamport::LamportClock;
pub use stamp::Stamp;
pub use vector::{Causality, VectorClock};
