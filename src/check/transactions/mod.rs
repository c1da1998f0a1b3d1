//! The invariants of transactions: each judges what coordinators and participants tell of votes, decisions and versions.

mod atomicity;
#[cfg(test)]
mod brute_force;
mod calls;
mod commit_validity;
mod conservation;
mod decision_stability;
mod graph;
mod no_orphan_locks;
mod serializability;
#[cfg(test)]
mod tests;
mod wait_order;

pub use atomicity::{ABOUT as ATOMICITY, Atomicity};
pub use commit_validity::{ABOUT as COMMIT_VALIDITY, CommitValidity};
pub use conservation::{ABOUT as CONSERVATION, Conservation};
pub use decision_stability::{ABOUT as DECISION_STABILITY, DecisionStability};
pub use no_orphan_locks::{ABOUT as NO_ORPHAN_LOCKS, NoOrphanLocks};
pub use serializability::{ABOUT as SERIALIZABILITY, Serializability};
pub use wait_order::{ABOUT as WAIT_ORDER, WaitOrder};

use crate::identity::{Actor, NodeId, OpId};
use crate::observation::{Observation, TransactionAnswer, TransactionCall, TransactionSeen};
use crate::trace::{Event, Record};

/// The observations of transactions in a fact, and its node.
#[inline]
fn told<'r>(record: &'r Record<'_>) -> impl Iterator<Item = (NodeId, &'r TransactionSeen)> {
    let node = if let Actor::Node(node) = record.id.actor { Some(node) } else { None };
    let observations = if let Event::Fact { fact } = &record.event { &fact.observations[..] } else { &[] };
    observations.iter().filter_map(move |seen| {
        let Observation::Transaction(seen) = seen else { return None };
        Some((node?, seen))
    })
}

/// What a client asks, if the record says so.
fn asked<'r>(record: &'r Record<'_>) -> Option<(OpId, &'r Vec<TransactionCall>)> {
    let Event::Invoked { op, command, .. } = &record.event else { return None };
    command.observations.iter().find_map(|seen| {
        let Observation::Transaction(TransactionSeen::Asked { calls }) = seen else { return None };
        Some((*op, calls))
    })
}

/// What a client is told, if the record says so.
fn answered<'r>(record: &'r Record<'_>) -> Option<(OpId, &'r TransactionAnswer)> {
    let Event::Returned { op, reply, .. } = &record.event else { return None };
    reply.observations.iter().find_map(|seen| {
        let Observation::Transaction(TransactionSeen::Told { answer }) = seen else { return None };
        Some((*op, answer))
    })
}
