//! Checkers: each folds over the records of a trace and concludes whether one invariant held.
//!
//! This module has the checkers that need no protocol's types: the kernel's [`laws`], [`Causality`], the invariants of
//! causal broadcast, channels, locks, consensus and replicated keyspaces, [`Termination`], and what scenarios expect themselves
//! ([`EXPECTATIONS`]). [`checker`] creates one by name,
//! [`invariants`] lists them, and [`page`] explains one on a screen of text; a [`Panel`] feeds several and collects
//! their judgements, and a [`Census`] counts what happened.

mod causal_delivery;
mod causality;
mod census;
mod channel;
mod checker;
mod common;
mod conflict_census;
mod consensus;
mod core;
mod event_class;
mod expectations;
#[cfg(test)]
mod exploring;
mod flights;
mod invariant;
pub mod laws;
mod ledger;
pub mod linearizability;
mod locks;
mod memory;
mod message_event;
mod no_duplication;
mod number_set;
mod panel;
mod quiet;
mod reasons;
mod reliable_delivery;
mod replicas;
mod slots;
mod standard;
mod termination;
mod transaction_census;
mod transactions;

#[cfg(test)]
mod history;

pub use causal_delivery::{ABOUT as CAUSAL_DELIVERY, CausalDelivery};
pub use causality::{ABOUT as CAUSALITY, Causality};
pub use census::{Census, FaultCount, LaneCount, OperationCount, SyncCount, Wait};
pub use channel::{FIFO, Fifo, SESSION, Session};
pub(crate) use checker::Erased;
pub use checker::{AnyChecker, Checker, End, Exploring, Shown};
pub use common::{Common, Parts};
pub use conflict_census::{ConflictCensus, ConflictCount};
pub use consensus::{
    AGREEMENT, ANCHOR_SAFETY, Agreement, AnchorSafety, DURABILITY, Durability, ELECTION_SAFETY, EXACTLY_ONCE,
    ElectionSafety, ExactlyOnce, LINEARIZABILITY, LOG_ORDER, Linearizability, LogOrder, QUORUM_EVIDENCE,
    QuorumEvidence, VALIDITY, Validity,
};
pub use expectations::{
    ANSWERED, AT_MOST, Answered, AtMost, EXPECTATIONS, LONGEST_WAIT, LongestWait, Owed, page_of_expectation,
};
pub use invariant::Invariant;
pub use locks::{
    CONCURRENCY, Concurrency, DEADLOCK_FREEDOM, DeadlockFreedom, FAIR_ORDER, FENCING, FairOrder, Fencing,
    LOCK_EXCLUSION, LockExclusion, NO_STARVATION, NoStarvation,
};
pub use memory::{Derived, Exercised, RunOnly, Witness};
pub use no_duplication::{ABOUT as NO_DUPLICATION, NoDuplication};
pub use panel::Panel;
pub use quiet::{ABOUT as QUIET, Quiet};
pub use reliable_delivery::{ABOUT as RELIABLE_DELIVERY, ReliableDelivery};
pub use replicas::{
    AUTHENTICITY, Authenticity, CAUSAL_PRECEDENCE, CONVERGENCE, CausalPrecedence, Convergence, DISSEMINATION,
    Dissemination, NO_LOST_UPDATE, NO_REGRESSION, NO_RESURRECTION, NoLostUpdate, NoRegression, NoResurrection,
    RESOLUTION_UNIQUENESS, ResolutionUniqueness, TTL_BOUND, TtlBound,
};
pub use standard::{checker, invariants, is_law, kernel, page};
pub use termination::{ABOUT as TERMINATION, Termination};
pub use transaction_census::{TransactionCensus, TransactionCount};
pub use transactions::{
    ATOMICITY, Atomicity, COMMIT_VALIDITY, CONSERVATION, CommitValidity, Conservation, DECISION_STABILITY,
    DecisionStability, NO_ORPHAN_LOCKS, NoOrphanLocks, SERIALIZABILITY, Serializability, WAIT_ORDER, WaitOrder,
};

use crate::identity::{Actor, EventId, NodeId};
use crate::trace::{Record, Violation};

/// The violation that `record` shows.
#[cold]
fn broken(record: &Record<'_>, sentence: String, witnesses: &[EventId]) -> Violation {
    Violation { time: record.time, sentence, witnesses: witnesses.to_vec() }
}

/// The `number`-th event of `node`.
const fn event_of(node: NodeId, number: u32) -> EventId {
    EventId { actor: Actor::Node(node), number }
}

/// The checkers' own versions of the protocols' rules, for tests that compare the two.
#[cfg(test)]
pub(crate) mod twins {
    pub(crate) use super::consensus::{allows, majority, outcome};
}
