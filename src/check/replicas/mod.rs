//! The invariants of replicated keyspaces: each judges what replicas hold and cover, according to the entries of their
//! disks, and what they tell of their writes.

mod authenticity;
mod causal_precedence;
mod convergence;
mod dissemination;
mod model;
mod named;
mod no_lost_update;
mod no_regression;
mod no_resurrection;
mod preload;
mod quiescence;
mod replica;
mod resolution_uniqueness;
mod tally;
mod ttl_bound;

#[cfg(test)]
mod brute_force;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod tests;

pub(super) use model::Replicas;

pub use authenticity::{ABOUT as AUTHENTICITY, Authenticity};
pub use causal_precedence::{ABOUT as CAUSAL_PRECEDENCE, CausalPrecedence};
pub use convergence::{ABOUT as CONVERGENCE, Convergence};
pub use dissemination::{ABOUT as DISSEMINATION, Dissemination};
pub use no_lost_update::{ABOUT as NO_LOST_UPDATE, NoLostUpdate};
pub use no_regression::{ABOUT as NO_REGRESSION, NoRegression};
pub use no_resurrection::{ABOUT as NO_RESURRECTION, NoResurrection};
pub use resolution_uniqueness::{ABOUT as RESOLUTION_UNIQUENESS, ResolutionUniqueness};
pub use ttl_bound::{ABOUT as TTL_BOUND, TtlBound};

use crate::identity::{Actor, NodeId};
use crate::observation::{Observation, ReplicaSeen};
use crate::trace::{Event, Record};

/// The observations of replicas in a fact, and its node.
#[inline]
fn told<'r>(record: &'r Record<'_>) -> impl Iterator<Item = (NodeId, &'r ReplicaSeen)> {
    let node = if let Actor::Node(node) = record.id.actor { Some(node) } else { None };
    let observations = if let Event::Fact { fact } = &record.event { &fact.observations[..] } else { &[] };
    observations.iter().filter_map(move |seen| {
        let Observation::Replica(seen) = seen else { return None };
        Some((node?, seen))
    })
}
