//! Consensus: a replicated log, decided slot by slot by a quorum-based three-phase commit.
//!
//! A *round* elects a proposer: a voter that has promised a round follows no lower one. In a round the proposer asks
//! for votes on a value of a slot (advice: a voter checks whether the value breaks an anchor), pre-commits a value that
//! a quorum votes for, and commits a value that a quorum has durably confirmed; a certificate proves the decision to
//! every node. Votes may fail: as long as the proposer has not pre-committed a value for the slot, it replaces the
//! value by a no-op under the round's next try. A newly elected proposer learns from a quorum of promises what may have
//! been decided before: in each slot that is open there, it pre-commits the value that was pre-committed under the
//! highest ballot again; a slot without a pre-commit is free. After Skeen (*A Quorum-Based Commit Protocol*, 1982) and
//! Keidar and Dolev (*Increasing the Resilience of Distributed and Replicated Database Systems*, 1998); pre-commits and
//! confirmations are what Lamport (*The Part-Time Parliament*, 1998) calls the beginning of a ballot and its votes.
//!
//! The quorum is a majority of the *configured* voters. Observers learn and never vote; a voter whose disk does not
//! hold what it wrote is lost, and is an observer from then on. Clients' requests are entries of the log, in sessions
//! that are also opened by an entry: the session keeps the outcome of each request, so that it takes effect once,
//! however often it is decided.
//!
//! Links may work in one direction only, for good. So a proposer that no quorum answers makes way (`backing`); a node that
//! gets no answer asks other voters, for the decisions that it lacks and to pass on what its clients ask; and a voter waits
//! for a proposer no longer because a candidate that never wins asks again and again (`pace::Promises`).
//!
//! Timeouts are measured (`pace`); entries that are written while the disk is busy are written in one batch
//! (`journal`).
//!
//! All messages are datagrams. Facts: see [`ConsensusFact`].

mod attempt;
mod backing;
mod bound;
mod candidate;
mod certificate;
mod client;
mod decrees;
mod file;
mod journal;
mod learner;
mod log;
mod machine;
mod messages;
mod pace;
mod proposer;
mod quorum;
mod reads;
mod replica;
mod request;
mod sessions;
mod spec;
#[cfg(test)]
mod tests;
mod value;
mod voter;
mod workload;

pub use certificate::{Decided, Seal};
pub use client::{Deed, Errand, StoreClient};
pub use file::Kept;
pub use log::SlotEntry;
pub use machine::{Consensus, ConsensusOutcome, Written};
pub use messages::{ConsensusEntry, ConsensusFact, ConsensusMessage, ConsensusTimer, Report, Reported};
pub use replica::{Fence, Snapshot};
pub use request::{Act, Answer, Origin, Request, RequestId};
pub use sessions::{Session, SessionId, Sessions};
pub use spec::{ConsensusSettings, ROW, Reads, Rules};
pub use value::{Proposal, Value};
pub use workload::RegisterWorkload;

/// The maximum number of decisions in one message.
const CHUNK: usize = 64;
