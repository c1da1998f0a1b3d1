//! Checkers: each folds over the records of a trace and concludes whether one invariant held.
//!
//! Here are those that need no protocol's types: the kernel's [`laws`], [`Causality`], what causal broadcast claims, what
//! channels, locks and consensus do, and [`Termination`]. [`checker`] makes one by its name, [`invariants`] lists them, [`page`] explains one in a screen of text; a
//! [`Panel`] feeds several and collects their judgements, and a [`Census`] counts what happened.

mod branch;
mod causal_delivery;
mod causality;
mod census;
mod channel;
mod consensus;
mod deed;
mod invariant;
pub mod laws;
mod ledger;
pub mod linearizability;
mod locks;
mod no_duplication;
mod numbers;
mod panel;
mod passage;
mod quiet;
mod reliable_delivery;
mod slots;
mod standard;
mod termination;

#[cfg(test)]
mod history;

pub use branch::Branch;
pub use causal_delivery::{ABOUT as CAUSAL_DELIVERY, CausalDelivery};
pub use causality::{ABOUT as CAUSALITY, Causality};
pub use census::{Census, FaultCount, LaneCount, OperationCount, Wait};
pub use channel::{FIFO, Fifo, SESSION, Session};
pub use consensus::{
    AGREEMENT, ANCHOR_SAFETY, Agreement, AnchorSafety, DURABILITY, Durability, ELECTION_SAFETY, EXACTLY_ONCE,
    ElectionSafety, ExactlyOnce, LINEARIZABILITY, LOG_ORDER, Linearizability, LogOrder, QUORUM_EVIDENCE,
    QuorumEvidence, VALIDITY, Validity,
};
pub use invariant::Invariant;
pub use locks::{
    CONCURRENCY, Concurrency, DEADLOCK_FREEDOM, DeadlockFreedom, FAIR_ORDER, FENCING, FairOrder, Fencing,
    LOCK_EXCLUSION, LockExclusion, NO_STARVATION, NoStarvation,
};
pub use no_duplication::{ABOUT as NO_DUPLICATION, NoDuplication};
pub use panel::Panel;
pub use quiet::{ABOUT as QUIET, Quiet};
pub use reliable_delivery::{ABOUT as RELIABLE_DELIVERY, ReliableDelivery};
pub use standard::{checker, invariants, is_law, kernel, page};
pub use termination::{ABOUT as TERMINATION, Termination};

use crate::identity::{Actor, EventId, NodeId};
use crate::time::Time;
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Judges one invariant from the records alone, live or from a file. `F` is the subject's own type of facts, for
/// checkers that belong to one subject; the others read observations, and serve every `F`.
pub trait Checker<F>: Send + Sync {
    /// Takes in one record. Safety speaks here, at the step where it breaks. `fact` is given where the record is a fact.
    ///
    /// # Errors
    /// The violation, if the record breaks the invariant. The checker is not asked again.
    fn see(&mut self, record: &Record<'_>, fact: Option<&F>) -> Result<(), Violation>;

    /// Which kinds of records it is shown: it learns nothing from the others.
    fn wants(&self) -> Kinds {
        Kinds::ALL
    }

    /// Concludes after the last record, at `end`. Liveness speaks here, and names what is missing.
    fn conclude(&mut self, end: Time) -> Verdict;

    /// Whether nothing is open whose end it waits for: a run that is quiescent need not go on for its sake. Liveness says
    /// so; safety waits for nothing.
    fn is_settled(&self) -> bool {
        true
    }

    /// Is told, before the first record, by when what is owed must have come, if that is bounded.
    fn bound(&mut self, _due: Time) {}

    /// A copy of it for one way of an exploration; `None` where it can't be a part of a state, and is not asked there:
    /// where it speaks after the calm, decides by time, or knows single messages by their names.
    fn branch(&self) -> Option<Box<dyn Branch<F>>> {
        None
    }
}

/// The violation that `record` brings to light.
#[cold]
fn broken(record: &Record<'_>, sentence: String, witnesses: &[EventId]) -> Violation {
    Violation { time: record.time, sentence, witnesses: witnesses.to_vec() }
}

/// The `number`-th event of `node`.
const fn event_of(node: NodeId, number: u32) -> EventId {
    EventId { actor: Actor::Node(node), number }
}

/// What checkers judge by in place of the protocols' own rules, for tests that hold the two against each other.
#[cfg(test)]
pub(crate) mod twins {
    pub(crate) use super::consensus::{allows, majority, outcome};
}
