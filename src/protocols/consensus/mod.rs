//! Consensus: a replicated log, decided slot by slot by a quorum-based three-phase commit.
//!
//! A *round* elects a proposer: a voter that has promised it follows no lower one. In a round the proposer asks for votes
//! on a value of a slot (advice: a voter looks whether the value breaks an anchor), pre-commits what a quorum advises, and
//! commits what a quorum has confirmed, durably; a certificate proves it to everybody. Votes may fail: as long as it has
//! not pre-committed anything for the slot, the proposer puts a no-op in the value's place under the round's next try.
//! Who is elected learns from a quorum of promises what may have been decided before: of each slot that is open there, the
//! pre-commit of the highest ballot is pre-committed again, and what nobody pre-committed is free. After Skeen (*A
//! Quorum-Based Commit Protocol*, 1982) and Keidar and Dolev (*Increasing the Resilience of Distributed and Replicated
//! Database Systems*, 1998); pre-commits and confirmations are what Lamport (*The Part-Time Parliament*, 1998) calls the
//! begin of a ballot and its votes.
//!
//! The quorum is a majority of the *configured* voters. Observers learn and never vote; a voter whose disk does not hold
//! what it wrote is lost, and an observer from then on. Requests of clients are entries of the log, in sessions that are
//! opened by an entry too: what a request came to is kept there, and it takes effect once however often it is decided.
//!
//! How long a node is patient is measured; and what it writes while its disk is busy goes in one batch.
//!
//! All messages are datagrams. Facts: see [`ConsensusFact`].

mod bound;
mod candidate;
mod certificate;
mod journal;
mod learner;
mod log;
mod machine;
mod messages;
mod pace;
mod proposer;
mod quorum;
mod replica;
mod request;
mod sessions;
mod spec;
#[cfg(test)]
mod tests;
mod value;
mod voter;

pub use bound::{Bound, bound};
pub use certificate::{Decided, Seal};
pub use log::Cell;
pub use machine::{Consensus, ConsensusOutcome, Kept, fresh_disk};
pub use messages::{ConsensusEntry, ConsensusFact, ConsensusMessage, ConsensusTimer, PERIODIC, Report, Reported};
pub use replica::Snapshot;
pub use request::{Act, Answer, ConsensusCommand, ConsensusReply, Request, Within};
pub use sessions::{Session, SessionId, Sessions};
pub use spec::{ConsensusSettings, ROW, Reads, Rules};
pub use value::{Proposal, Value};
