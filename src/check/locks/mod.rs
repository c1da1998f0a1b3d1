//! The invariants of locks: each judges nodes' reports on their clients' requests and grants.

mod answers;
mod calls;
mod concurrency;
mod deadlock_freedom;
mod exclusion;
mod fair_order;
mod fencing;
mod gray;
mod no_starvation;
mod obstacles;
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
pub(super) use obstacles::Obstacles;

pub use no_starvation::{ABOUT as NO_STARVATION, NoStarvation};

use super::event_class::EventClass;
use crate::identity::{Actor, NodeId};
use crate::observation::{LockSeen, Observation};
use crate::trace::{Event, Record};

/// The meaning of a record for the locks at a node.
enum Told<'r> {
    /// The node crashed: its requests and grants have ended.
    Death(NodeId),
    /// The node noted this.
    Seen(NodeId, &'r LockSeen),
}

/// The observations of locks in `record`, in order.
#[inline]
fn told<'r>(record: &'r Record<'_>) -> impl Iterator<Item = Told<'r>> {
    let node = if let Actor::Node(node) = record.id.actor { Some(node) } else { None };
    let death = node.filter(|_| EventClass::of(&record.event) == EventClass::Death).map(Told::Death);
    let observations = if let Event::Fact { fact } = &record.event { &fact.observations[..] } else { &[] };
    let seen = observations.iter().filter_map(move |seen| {
        let Observation::Lock(seen) = seen else { return None };
        Some(Told::Seen(node?, seen))
    });
    death.into_iter().chain(seen)
}
