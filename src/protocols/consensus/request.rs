//! The entries of the log: operations of clients, and decrees of nodes.

use serde::{Deserialize, Serialize};

use crate::codex::{Key, StoreCommand, StoreReply, Within, Write};
use crate::identity::{ClientId, Incarnation, OpId};
use crate::observation::DecreeId;

/// The origin of an entry: a client, or a node for one of its protocols. Each incarnation of a node is a separate
/// origin, so that its numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A client.
    Client(ClientId),
    /// A node, in one incarnation.
    Node(Incarnation),
}

/// Identifies an entry of the log: its origin, and the origin's own count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId {
    /// The origin.
    pub origin: Origin,
    /// The number among the origin's entries.
    pub number: u32,
}

impl RequestId {
    /// The client's operation, if it is one.
    #[must_use]
    pub const fn op(self) -> Option<OpId> {
        match self.origin {
            Origin::Client(client) => Some(OpId { client, number: self.number }),
            Origin::Node(_) => None,
        }
    }

    /// The node's decree, if it is one.
    #[must_use]
    pub const fn decree(self) -> Option<DecreeId> {
        match self.origin {
            Origin::Client(_) => None,
            Origin::Node(of) => Some(DecreeId { of, number: self.number }),
        }
    }
}

impl From<OpId> for RequestId {
    fn from(op: OpId) -> Self {
        Self { origin: Origin::Client(op.client), number: op.number }
    }
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// The operation.
    pub act: Act,
    /// Whether the proposer waits until it has applied this entry before it proposes anything after it.
    pub barrier: bool,
}

/// The effect of an entry when it is applied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Opens a session.
    Open,
    /// Reads a key.
    Read(Within, Key),
    /// Changes a key.
    Write(Within, Write),
}

/// The outcome of an entry.
pub type Answer = StoreReply;

impl Act {
    /// The operation of a client's command.
    #[must_use]
    pub fn of(command: StoreCommand) -> Self {
        match command {
            StoreCommand::Open => Self::Open,
            StoreCommand::Read { key, within } => Self::Read(within, key),
            StoreCommand::Put { key, value, within, seen: _ } => Self::Write(within, Write::Put { key, value }),
            StoreCommand::Delete { key, within, seen: _ } => Self::Write(within, Write::Delete { key }),
            StoreCommand::Cas { key, expected, value, within } => {
                Self::Write(within, Write::Cas { key, expected, value })
            }
            StoreCommand::Append { key, value, within } => Self::Write(within, Write::Append { key, value }),
        }
    }
}

impl Request {
    /// The entry for a client's command.
    #[must_use]
    pub fn new(op: OpId, command: StoreCommand) -> Self {
        Self { id: op.into(), act: Act::of(command), barrier: false }
    }

    /// Whether it only reads. On a fenced key even a read has an effect: it may fence later operations.
    #[must_use]
    pub const fn is_read(&self) -> bool {
        matches!(self.act, Act::Read(..))
    }

    /// Whether it appends to a list.
    #[must_use]
    pub const fn is_append(&self) -> bool {
        matches!(self.act, Act::Write(_, Write::Append { .. }))
    }

    /// Its session; none for an entry that opens a session.
    #[must_use]
    pub const fn within(&self) -> Option<Within> {
        match &self.act {
            Act::Open => None,
            Act::Read(within, _) | Act::Write(within, _) => Some(*within),
        }
    }

    /// The key that it reads or changes.
    #[must_use]
    pub const fn key(&self) -> Option<&Key> {
        match &self.act {
            Act::Open => None,
            Act::Read(_, key) => Some(key),
            Act::Write(_, write) => Some(write.key()),
        }
    }
}
