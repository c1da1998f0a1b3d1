//! What is sent, asked, answered, written down and noted.

use serde::{Deserialize, Serialize};

use super::guard::Cell;
use crate::identity::OpId;
use crate::observation::{Access, LockCall, LockSeen, LockStamp, Observation, Observe, Resource, Touch};
use crate::protocols::locks::Refusal;

/// What nodes pass to and from the keeper.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegisterMessage {
    /// A client of the sender asks.
    Ask(Box<Asked>),
    /// The answer.
    Answer {
        /// To which operation.
        op: OpId,
        /// What it is.
        reply: RegisterReply,
    },
}

/// An operation under way to the keeper.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Asked {
    /// Which operation.
    pub op: OpId,
    /// What is asked.
    pub command: RegisterCommand,
}

/// What clients ask.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegisterCommand {
    /// To read a key.
    Read {
        /// Which.
        key: String,
        /// The token of the grant that covers it.
        token: LockStamp,
    },
    /// To write a key.
    Write {
        /// Which.
        key: String,
        /// What.
        value: u64,
        /// The token of the grant that covers it.
        token: LockStamp,
    },
}

/// What clients get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegisterReply {
    /// What was read; nothing was ever written if there is none.
    Value {
        /// The value.
        value: Option<u64>,
    },
    /// It is written.
    Written,
    /// A newer token was presented.
    Fenced,
    /// No.
    Refused {
        /// Why not.
        reason: Refusal,
    },
}

/// What the keeper writes to the disk: how a key stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RegisterEntry {
    /// Which key.
    pub key: Resource,
    /// Its value and tokens.
    pub cell: Cell,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegisterFact {
    /// A guarded operation succeeded.
    Guarded {
        /// Of which client.
        op: OpId,
        /// On which key.
        key: Resource,
        /// What it did.
        access: Access,
        /// What it presented.
        token: LockStamp,
        /// What it read, or has written.
        value: Option<u64>,
    },
    /// A guarded operation was refused, since a newer token had been presented.
    Fenced {
        /// Of which client.
        op: OpId,
        /// On which key.
        key: Resource,
        /// What it wanted to do.
        access: Access,
        /// What it presented.
        token: LockStamp,
    },
    /// An operation was refused by the client's own node.
    Refused {
        /// Of which client.
        op: OpId,
        /// Why.
        reason: Refusal,
    },
}

impl RegisterCommand {
    /// The key, the token that is presented for it, and what is done to it.
    #[must_use]
    pub fn target(&self) -> (&str, LockStamp, Access) {
        match self {
            Self::Read { key, token } => (key, *token, Access::Read),
            Self::Write { key, token, value: _ } => (key, *token, Access::Write),
        }
    }
}

impl Observe for RegisterCommand {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let call = match self {
            Self::Read { key, token } => LockCall::Read { key: Resource::new(key), token: *token },
            Self::Write { key, value, token } => {
                LockCall::Write { key: Resource::new(key), value: *value, token: *token }
            }
        };
        seen.push(Observation::Lock(LockSeen::Called { call }));
    }
}

impl Observe for RegisterReply {
    fn observe(&self, seen: &mut Vec<Observation>) {
        match self {
            Self::Value { value } => seen.push(Observation::Lock(LockSeen::Told { value: *value })),
            Self::Written | Self::Fenced | Self::Refused { .. } => {}
        }
    }
}

impl Observe for RegisterEntry {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let Cell { value, written, read } = self.cell;
        seen.push(Observation::Lock(LockSeen::WroteGuarded { key: self.key.clone(), value, written, read }));
    }
}

impl Observe for RegisterFact {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let lock = match self.clone() {
            Self::Guarded { op, key, access, token, value } => {
                LockSeen::Guarded { key, access, token, touch: Some(Touch { op, value }) }
            }
            Self::Fenced { key, access, token, .. } => LockSeen::Fenced { key, access, token },
            Self::Refused { op, reason } => LockSeen::Refused { op, reason: Some(reason) },
        };
        seen.push(Observation::Lock(lock));
    }
}
