//! Causal broadcast: whatever a node broadcasts, every node delivers once, and after everything that caused it.
//!
//! A node numbers its broadcasts from 1, and counts for every origin how many of its broadcasts it has delivered. A
//! broadcast bears its number and the counts at its origin when it was made: its causes. A receiver delivers the
//! broadcast number k of an origin when it has delivered the k−1 before it from there, and of every other origin at
//! least as many as the causes say; until then the broadcast waits. That is the CBCAST protocol of Birman, Schiper and
//! Stephenson (1991, *Lightweight causal and atomic group multicast*, ACM TOCS 9(3), section 5.1), for one group whose
//! members never change.
//!
//! Where we depart from it:
//! - Nothing below is reliable or ordered. An origin sends to each peer a window of what that one has not acknowledged;
//!   a silent peer is tried again with the oldest alone, ever more rarely, until it answers. Acknowledgements are
//!   cumulative. When all is acknowledged, all is silent.
//! - Members crash and come back, and views do not change: an origin that is down for long holds up those who depend on
//!   it. Counts and own broadcasts are on the disk before a fact, an answer or a message tells of them. Own broadcasts
//!   are kept until every peer has acknowledged them; who has is not on the disk: a restarted node asks each peer by
//!   its oldest kept broadcast.
//! - Messages are signed (see [`Registry`](crate::protocols::Registry)); who lies under its own key is believed.
//! - A client's operation is broadcast once, however often it is asked: the node keeps the number that each got, for
//!   ever.
//!
//! Beside all this each node runs its [`clocks`](crate::protocols::clocks): a vector that ticks at every start, message,
//! timer and command, not only at broadcasts. It decides nothing, and rides in the envelope of every message.
//!
//! Messages: [`Data`](Body::Data) and [`Ack`](Body::Ack). Facts: see [`BroadcastFact`]. A node
//! starts in any boot but its first, or on a disk that is not empty, with `resumed`; what was delivered by then, but
//! fell to the crash before its own fact, is told by it alone.

mod bound;
mod buffer;
mod counts;
mod facts;
mod log;
mod machine;
mod messages;
mod outbox;
mod spec;
#[cfg(test)]
mod storm;
#[cfg(test)]
mod tests;
mod workload;

pub use counts::Counts;
pub use facts::{BroadcastFact, Fact};
pub use log::{Entry, Retained};
pub use machine::Broadcaster;
pub use messages::{Body, Broadcast, Command, Reply, Timer};
pub use spec::{BroadcastSettings, Config, Settings};
pub use workload::{Texts, Workload};
