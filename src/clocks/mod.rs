//! Logical clocks as pure data, without messages and without a decision when to tick.
//!
//! - [`VectorClock`] tells which of two events could have caused the other, exactly (Fidge 1988, Mattern 1989).
//! - [`HybridClock`] stays close to the wall clock and increases along every cause (Kulkarni et al. 2014).
//! - [`Dots`] are exact sets of the names of writes: version vectors without the gaps filled in (Almeida et al. 2014).
//! - [`LamportClock`] is the smallest number that increases along every cause (Lamport 1978).
//!
//! The rule is the same for the three clocks: an event ticks; a receipt merges the message's clock, and then
//! ticks, in that order, so that two consecutive receipts differ. A vector clock separates these two
//! ([`VectorClock::merge`], [`VectorClock::tick`]); the others do both in one method, `receive`.
//!
//! A counter that overflows panics in every build profile, because a clock that wraps or stops would be wrong.

mod dots;
mod hybrid;
mod lamport;
mod packed;
mod stamp;
mod vector;

#[cfg(test)]
mod executions;

pub use dots::{Dot, Dots, Run, Source};
pub use hybrid::{HybridClock, HybridStamp};
pub use lamport::LamportClock;
pub use stamp::Stamp;
pub use vector::{Causality, VectorClock};
