//! The invariants of consensus: each judges nodes' reports on slots, ballots and decisions, and the entries on their
//! disks.

mod agreement;
mod anchor_safety;
mod decisions;
mod durability;
mod election_safety;
mod evidence;
mod exactly_once;
mod immutable;
mod key_history;
mod linearizability;
mod log_order;
mod quorum_evidence;
mod sessions;
mod store;
mod validity;

pub(super) use decisions::Decisions;
pub(super) use evidence::Evidence;

pub use agreement::{ABOUT as AGREEMENT, Agreement};
pub use anchor_safety::{ABOUT as ANCHOR_SAFETY, AnchorSafety};
pub use durability::{ABOUT as DURABILITY, Durability};
pub use election_safety::{ABOUT as ELECTION_SAFETY, ElectionSafety};
pub use exactly_once::{ABOUT as EXACTLY_ONCE, ExactlyOnce};
pub use linearizability::{ABOUT as LINEARIZABILITY, Linearizability};
pub use log_order::{ABOUT as LOG_ORDER, LogOrder};
pub use quorum_evidence::{ABOUT as QUORUM_EVIDENCE, QuorumEvidence};
pub use validity::{ABOUT as VALIDITY, Validity};

#[cfg(test)]
pub(crate) use anchor_safety::allows;
#[cfg(test)]
pub(crate) use store::outcome;

use std::sync::Arc;

use crate::identity::{Actor, NodeId};
use crate::observation::{ConsensusSeen, Observation, ReplicaSeen};
use crate::trace::{Event, Record};

/// The observations of consensus in a fact, and its node.
#[inline]
fn told<'r>(record: &'r Record<'_>) -> impl Iterator<Item = (NodeId, &'r ConsensusSeen)> {
    let node = if let Actor::Node(node) = record.id.actor { Some(node) } else { None };
    let observations = if let Event::Fact { fact } = &record.event { &fact.observations[..] } else { &[] };
    observations.iter().filter_map(move |seen| {
        let Observation::Consensus(seen) = seen else { return None };
        Some((node?, seen))
    })
}

/// The keyspaces that a node tells of: their prefixes, and whether they are replicated.
fn keyspaces<'r>(record: &'r Record<'_>) -> impl Iterator<Item = (&'r Arc<str>, bool)> {
    let observations = if let Event::Fact { fact } = &record.event { &fact.observations[..] } else { &[] };
    observations.iter().filter_map(|seen| {
        let Observation::Replica(ReplicaSeen::Keyspace { prefix, replicated }) = seen else { return None };
        Some((prefix, *replicated))
    })
}

/// The observations of consensus in a node's disk entry.
fn written<'r>(record: &'r Record<'_>) -> impl Iterator<Item = &'r ConsensusSeen> {
    let observations = if let Event::Append { entry } = &record.event { &entry.observations[..] } else { &[] };
    observations.iter().filter_map(|seen| if let Observation::Consensus(seen) = seen { Some(seen) } else { None })
}

/// A majority of this many voters.
pub(crate) const fn majority(voters: u32) -> u32 {
    voters / 2 + 1
}
