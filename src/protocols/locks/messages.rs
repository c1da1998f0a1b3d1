//! The messages, commands, replies, entries and facts of the lock manager.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::request::Request;
use super::wanted::{Refusal, Wanted};
use crate::clocks::LamportClock;
use crate::identity::{Boot, OpId};
use crate::observation::{Claims, LockCall, LockSeen, LockStamp, Observation, Observe, Turn};

/// The messages between lock managers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockMessage {
    /// A request for locks.
    Request(Arc<Request>),
    /// The sender's consent to a request. It counts for this request only.
    Reply {
        /// The requester's boot.
        boot: Boot,
        /// The operation that the request is for.
        op: OpId,
    },
    /// A refusal, after which the sender forgets the request: sent with flaw e21 only.
    Denied {
        /// The requester's boot.
        boot: Boot,
        /// The operation that the request is for.
        op: OpId,
    },
}

/// The commands of clients.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LockCommand {
    /// Requests locks.
    Acquire {
        /// The paths and modes.
        wanted: Wanted,
        /// The priority: among the clients of its node, the greater goes first.
        priority: u8,
    },
    /// Ends a grant.
    Release {
        /// The operation that asked for it.
        acquire: OpId,
    },
    /// Withdraws a request; if it has been granted meanwhile, ends the grant.
    Withdraw {
        /// The operation that asked for it.
        acquire: OpId,
    },
}

/// The replies to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockReply {
    /// The locks are granted.
    Granted {
        /// The fencing token.
        token: LockStamp,
    },
    /// The grant has ended.
    Released,
    /// The request was withdrawn.
    Withdrawn,
    /// The command was refused.
    Refused {
        /// The reason.
        reason: Refusal,
    },
}

/// The entries that the lock manager writes to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockEntry {
    /// All stamps that leave or arrive before the next such entry are below this bound.
    Reserve {
        /// The first time that is not covered.
        below: LamportClock,
    },
}

/// The facts that a node notes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockFact {
    /// The node restarted, with only its clock.
    Recovered {
        /// The time at which the clock continues: above all that it stamped or saw before.
        clock: LamportClock,
    },
    /// A client's request was accepted.
    Asked {
        /// The operation.
        op: OpId,
        /// The resources and modes.
        claims: Claims,
        /// Its place among the requests of the node's clients.
        turn: Turn,
    },
    /// It is sent to the peers; if there are none, it may be granted.
    Requested {
        /// Its stamp.
        stamp: LockStamp,
        /// The resources and modes.
        claims: Claims,
    },
    /// A peer's request has to wait for a request or grant of this node.
    Deferred {
        /// The peer's request.
        stamp: LockStamp,
        /// The request or grant that it waits for.
        behind: LockStamp,
    },
    /// All peers have answered: the locks are granted.
    Granted {
        /// Its stamp.
        stamp: LockStamp,
        /// The resources and modes.
        claims: Claims,
    },
    /// The grant ended.
    Released {
        /// The operation that requested it.
        op: OpId,
    },
    /// The client withdrew its request.
    Withdrawn {
        /// The operation that requested it.
        op: OpId,
    },
    /// A command was refused.
    Refused {
        /// The operation that was refused.
        op: OpId,
        /// The reason.
        reason: Refusal,
    },
    /// The request was denied and is given up: noted with flaw e21 only.
    Abandoned {
        /// The operation that requested it.
        op: OpId,
    },
}

impl Observe for LockCommand {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let call = match self {
            Self::Acquire { wanted, priority } => LockCall::Acquire { wanted: wanted.0.clone(), priority: *priority },
            Self::Release { acquire } => LockCall::Release { acquire: *acquire },
            Self::Withdraw { acquire } => LockCall::Withdraw { acquire: *acquire },
        };
        seen.push(Observation::Lock(LockSeen::Called { call }));
    }
}

impl Observe for LockReply {}
impl Observe for LockEntry {}

impl Observe for LockFact {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let lock = match self {
            Self::Asked { op, claims, turn } => LockSeen::Asked { op: *op, claims: claims.clone(), turn: Some(*turn) },
            Self::Requested { stamp, claims } => LockSeen::Requested { stamp: *stamp, claims: claims.clone() },
            Self::Granted { stamp, claims } => LockSeen::Granted { stamp: *stamp, claims: claims.clone() },
            Self::Released { op } => LockSeen::Released { op: *op },
            Self::Withdrawn { op } => LockSeen::Withdrawn { op: *op },
            Self::Refused { op, reason } => LockSeen::Refused { op: *op, reason: Some(*reason) },
            Self::Deferred { stamp, behind } => LockSeen::Deferred { stamp: *stamp, behind: *behind },
            Self::Recovered { .. } | Self::Abandoned { .. } => return,
        };
        seen.push(Observation::Lock(lock));
    }
}
