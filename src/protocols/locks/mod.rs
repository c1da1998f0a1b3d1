//! The lock manager: mutual exclusion without a master, in five modes, on paths.
//!
//! A request is stamped with (Lamport time, node, operation), names all that it locks, and is sent to every other node.
//! A peer answers at once, unless it holds something that does not go together with it, or has a request of its own
//! open that does not and has the lesser stamp; then it defers its whole answer until that has ended. A request that all
//! have answered is granted. That is the algorithm of Ricart and Agrawala (1981, *An Optimal Algorithm for Mutual
//! Exclusion in Computer Networks*, CACM 24(1)), with 2(n−1) messages a request and none for a release, for the modes
//! and hierarchies of Gray et al. (1976).
//!
//! Where we depart from it:
//! - Nodes crash and come back. A grant ends with its node's life. The clock is durable ahead of its use ([`Reserve`]):
//!   what a node stamps after a restart is later than all it had answered, granted or seen. When a channel session ends,
//!   a node forgets what the peer's old life had asked, and asks the new one again what the old one had not answered.
//!   A node that is down holds up every request until it is back: safe.
//! - Several clients share a node. Their requests wait in a [`Queue`], by priority with ageing, and a node has no two
//!   requests open that share a resource. Priority decides nothing between nodes: a node that let a later request pass
//!   might have granted already what that one conflicts with.
//! - A client that holds something, or waits for something, asks for nothing more: no deadlock can come of it.
//! - The stamp of a grant is its fencing token (Kleppmann 2016); conflicting grants follow the order of stamps, so that it
//!   rises without a counter. See [`super::register`].
//!
//! Messages, all on the channel: [`LockMessage`]. Facts: [`LockFact`].

mod bound;
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

pub use bound::{MESSAGES, Turn, bound};
pub use machine::Locks;
pub use messages::{LockCommand, LockEntry, LockFact, LockMessage, LockReply};
pub use queue::{Queue, Waiting};
pub use request::Request;
pub use reserve::Reserve;
pub use spec::{LockSettings, ROW};
pub use table::{Deferred, Open, Tables};
pub use wanted::{Refusal, Wanted};
