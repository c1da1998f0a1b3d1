//! What is sent, asked, answered, written down and noted.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::request::Request;
use super::wanted::{Refusal, Wanted};
use crate::clocks::LamportClock;
use crate::identity::{Boot, OpId};
use crate::observation::{Claims, LockCall, LockSeen, LockStamp, Observation, Observe, Turn};

/// What lock managers send to one another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockMessage {
    /// May I?
    Request(Arc<Request>),
    /// You may, as far as I am concerned. It counts for this request alone.
    Reply {
        /// The requester's boot.
        boot: Boot,
        /// The operation that the request is for.
        op: OpId,
    },
    /// You may not, and I forget that you asked: sent by flaw e21 alone.
    Denied {
        /// The requester's boot.
        boot: Boot,
        /// The operation that the request is for.
        op: OpId,
    },
}

/// What clients ask.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockCommand {
    /// To lock.
    Acquire {
        /// What, and how.
        wanted: Wanted,
        /// The greater goes first among the clients of its node.
        priority: u8,
    },
    /// To end a grant.
    Release {
        /// The operation that asked for it.
        acquire: OpId,
    },
    /// To take a request back; if it has been granted meanwhile, to end the grant.
    Withdraw {
        /// The operation that asked for it.
        acquire: OpId,
    },
}

/// What clients get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockReply {
    /// It is locked.
    Granted {
        /// What guards its use.
        token: LockStamp,
    },
    /// It is not locked any more.
    Released,
    /// It will not be locked.
    Withdrawn,
    /// No.
    Refused {
        /// Why not.
        reason: Refusal,
    },
}

/// What the lock manager writes to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockEntry {
    /// No stamp that leaves or arrives before the next such entry is as great as this.
    Reserve {
        /// The first that is not covered.
        below: LamportClock,
    },
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockFact {
    /// The node started again, with nothing but its clock.
    Recovered {
        /// Where the clock goes on: above all that was stamped or seen before.
        clock: LamportClock,
    },
    /// A client's request was taken in.
    Asked {
        /// Which.
        op: OpId,
        /// What it locks.
        claims: Claims,
        /// When its turn is among the clients of the node.
        turn: Turn,
    },
    /// It is sent to the others, or, where there are none, ready to be granted.
    Requested {
        /// Its stamp.
        stamp: LockStamp,
        /// What it locks.
        claims: Claims,
    },
    /// A peer's request must wait for something of this node's.
    Deferred {
        /// The peer's request.
        stamp: LockStamp,
        /// What it waits for.
        behind: LockStamp,
    },
    /// All have answered.
    Granted {
        /// Its stamp.
        stamp: LockStamp,
        /// What it locks.
        claims: Claims,
    },
    /// The grant ended.
    Released {
        /// The operation that had asked for it.
        op: OpId,
    },
    /// The client took its request back.
    Withdrawn {
        /// The operation that had asked for it.
        op: OpId,
    },
    /// Something was refused.
    Refused {
        /// The operation that was refused.
        op: OpId,
        /// Why.
        reason: Refusal,
    },
    /// The request was denied, and is given up: noted by flaw e21 alone.
    Abandoned {
        /// The operation that had asked for it.
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
