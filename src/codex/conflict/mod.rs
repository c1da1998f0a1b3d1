//! Conflicts: what concurrent writes of one key show, and who decides between them.
//!
//! Concurrent writes stay beside one another as [`Sibling`]s until a write names them in its context. Everything here
//! is a pure function of the set of a key's live siblings, so that replicas with equal sets show the same, in whatever
//! order the siblings came. The [`Class`] of the set and the [`Strategy`] of the key's prefix give a [`Route`]: a
//! [`Local`] rule, which every replica evaluates by itself, and for some classes a [`Poll`] of voters, whose
//! [`Resolution`] replicas then follow. A rule is never a fold of pairs: the merge of a merge and a third value is
//! another one than that of the three.
//!
//! Source: the third part of the specification that this project implements, with siblings as in Riak and in DeCandia
//! and others 2007, *Dynamo*. Where it says "scripture" a key has a canonical text. Tombstones are no siblings: a put
//! wins over a concurrent delete under every strategy.

mod accuracy;
mod class;
mod distance;
mod kind;
mod merge;
mod poll;
mod resolution;
mod sibling;
mod strategy;
#[cfg(test)]
mod tests;
mod view;

pub use accuracy::{Accuracy, most_accurate};
pub use class::Class;
pub use distance::distance;
pub use kind::{MEANING, meaning};
pub use merge::merge;
pub use poll::{Choice, Tally, arbiters, choose, decide};
pub use resolution::{Resolution, Signed, winner};
pub use sibling::{Rank, Sibling, earliest, latest};
pub use strategy::{Local, Poll, Route, Strategy};
pub use view::{View, view, view_of_immutable};
