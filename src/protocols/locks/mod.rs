//! The lock manager: mutual exclusion without a coordinator, in five modes, on paths.
//!
//! A request is stamped with (Lamport time, node, operation), names all resources that it locks, and is sent to every
//! other node. A peer answers at once, unless it has an incompatible grant, or an incompatible open request with an
//! earlier stamp; then it defers its whole answer until that has ended. A request that all peers have answered is
//! granted. This is the algorithm of Ricart and Agrawala (1981, *An Optimal Algorithm for Mutual Exclusion in Computer
//! Networks*, CACM 24(1)), with 2(n−1) messages per request and none per release, for the modes and hierarchies of Gray
//! et al. (1976).
//!
//! Where we depart from it:
//! - Nodes crash and restart. A grant ends with its node's incarnation. The clock is durable ahead of its use
//!   ([`Reserve`]): a restarted node stamps later than everything that it had answered, granted or seen. When a channel
//!   session ends, a node forgets the requests of the peer's previous incarnation, and asks the new one for the answers
//!   that the previous one did not give. A node that is down delays every request until it restarts, which is safe.
//! - Several clients share a node. Their requests wait in a [`Queue`], by priority with ageing, and no two open
//!   requests of a node share a resource. Priority has no effect between nodes: a node that let a later request pass
//!   might already have granted one that is incompatible with it.
//! - A client that holds or waits for a lock requests no other, so no deadlock is possible.
//! - The stamp of a grant is its fencing token (Kleppmann 2016); incompatible grants follow the order of stamps, so
//!   tokens increase without a counter. Consensus checks tokens, for the fenced keys of the codex.
//!
//! Messages, all on the channel: [`LockMessage`]. Facts: [`LockFact`].

mod bound;
mod client;
mod machine;
mod messages;
mod queue;
mod request;
mod reserve;
mod spec;
mod table;
#[cfg(test)]
mod tests;
mod wanted;
mod workload;

pub use client::{LockClient, Oddity, Round, Use};
pub use machine::Locks;
pub use messages::{LockCommand, LockEntry, LockFact, LockMessage, LockReply};
pub use queue::{Queue, Waiting};
pub use request::Request;
pub use reserve::Reserve;
pub use spec::{LockSettings, ROW, Rules};
pub use table::{Deferred, Open, Tables};
pub use wanted::{Refusal, Wanted};
pub use workload::{LockWorkload, Tree};
