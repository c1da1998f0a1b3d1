//! The invariants of locks: each judges what nodes say of their clients' requests and grants.

mod answers;
mod calls;
mod concurrency;
mod deadlock_freedom;
mod exclusion;
mod fair_order;
mod fencing;
pub(super) mod gray;
mod no_starvation;
#[cfg(test)]
mod properties;
mod refusals;
mod requests;
mod steps;

pub use concurrency::{ABOUT as CONCURRENCY, Concurrency};
pub use deadlock_freedom::{ABOUT as DEADLOCK_FREEDOM, DeadlockFreedom};
pub use exclusion::{ABOUT as LOCK_EXCLUSION, LockExclusion};
pub use fair_order::{ABOUT as FAIR_ORDER, FairOrder};
pub use fencing::{ABOUT as FENCING, Fencing};
pub use no_starvation::{ABOUT as NO_STARVATION, NoStarvation};

use super::deed::Deed;
use crate::identity::{Actor, NodeId};
use crate::observation::{LockSeen, Observation};
use crate::trace::{Event, Record};

/// What a record tells of locks at a node.
enum Told<'r> {
    /// The node died: its requests and grants are gone.
    Death(NodeId),
    /// The node noted this.
    Seen(NodeId, &'r LockSeen),
}

/// Whether an event tells of a death, or of locks what is asked for.
fn tells(event: &Event<'_>, asked: fn(&LockSeen) -> bool) -> bool {
    let is_asked = |seen: &Observation| if let Observation::Lock(seen) = seen { asked(seen) } else { false };
    Deed::of(event) == Deed::Death || matches!(event, Event::Fact { fact } if fact.observations.iter().any(is_asked))
}

/// What `record` tells of locks, in order.
#[inline]
fn told<'r>(record: &'r Record<'_>) -> impl Iterator<Item = Told<'r>> {
    let node = if let Actor::Node(node) = record.id.actor { Some(node) } else { None };
    let death = node.filter(|_| Deed::of(&record.event) == Deed::Death).map(Told::Death);
    let observations = if let Event::Fact { fact } = &record.event { &fact.observations[..] } else { &[] };
    let seen = observations.iter().filter_map(move |seen| {
        let Observation::Lock(seen) = seen else { return None };
        Some(Told::Seen(node?, seen))
    });
    death.into_iter().chain(seen)
}
