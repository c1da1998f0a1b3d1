//! What begins and what comes to an end, whatever the protocol: what `termination` waits for.

use std::fmt;

use super::{LockSeen, Observation, StoreSeen, TransactionSeen};
use crate::identity::OpId;

/// Something that was opened, and must come to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matter {
    /// What a node does for an operation. It is over when the node says so, or dies.
    Request(OpId),
    /// A client's operation. It is over when the client is answered, or gives up.
    Operation(OpId),
}

/// What an observation says of something that must come to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// The operation in which a client asks this begins.
    Asks,
    /// It begins, at the node that tells of it.
    Opens(Matter),
    /// It has ended, at the node that tells of it.
    Closes(Matter),
}

impl fmt::Display for Matter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(op) | Self::Operation(op) => op.fmt(f),
        }
    }
}

impl Observation {
    /// What begins or ends with it, if anything does.
    #[must_use]
    pub const fn course(&self) -> Option<Course> {
        match self {
            Self::Lock(LockSeen::Asked { op, .. }) => Some(Course::Opens(Matter::Request(*op))),
            Self::Lock(
                LockSeen::Granted { stamp: super::LockStamp { op, .. }, .. }
                | LockSeen::Withdrawn { op }
                | LockSeen::Refused { op, .. },
            ) => Some(Course::Closes(Matter::Request(*op))),
            Self::Store(StoreSeen::Asked { .. } | StoreSeen::Begun)
            | Self::Transaction(TransactionSeen::Asked { .. }) => Some(Course::Asks),
            Self::Lock(
                LockSeen::Requested { .. }
                | LockSeen::Deferred { .. }
                | LockSeen::Released { .. }
                | LockSeen::Called { .. },
            )
            | Self::Store(
                StoreSeen::Told { .. }
                | StoreSeen::Anchored { .. }
                | StoreSeen::Fenced { .. }
                | StoreSeen::FencedSpace { .. },
            )
            | Self::Consensus(_)
            | Self::Replica(_)
            | Self::Transaction(_)
            | Self::Channel(_)
            | Self::Broadcast { .. }
            | Self::Compared { .. }
            | Self::Delivered { .. }
            | Self::Forged
            | Self::Resumed { .. } => None,
        }
    }
}
