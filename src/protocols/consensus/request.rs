//! What clients ask, in sessions, and what they are told.

use serde::{Deserialize, Serialize};

use crate::codex::{Key, Refusal, Value as Content, Write};
use crate::identity::OpId;
use crate::observation::{Observation, Observe, Slot, StoreAnswer, StoreCall, StoreSeen, ValueText};

/// In which session a client asks, and which of its operations it still waits for; by default in its standing session,
/// for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Within {
    /// The slot that opened it; 0 for the client's standing session, which is always there.
    pub session: Slot,
    /// The lowest of its operations that the client waits for: what those below came to may be forgotten.
    pub lowest: u32,
}

/// What clients ask.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ConsensusCommand {
    /// To open a session.
    Open,
    /// To read a key.
    Read {
        /// In which session.
        #[serde(default)]
        within: Within,
        /// Which.
        key: Key,
    },
    /// To change a key.
    Write {
        /// In which session.
        #[serde(default)]
        within: Within,
        /// How.
        write: Write,
    },
}

impl ConsensusCommand {
    /// Which key it reads or changes.
    #[must_use]
    pub const fn key(&self) -> Option<&Key> {
        match self {
            Self::Open => None,
            Self::Read { key, .. } => Some(key),
            Self::Write { write, .. } => Some(write.key()),
        }
    }
}

/// What clients are told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsensusReply {
    /// A session is open.
    Opened {
        /// The slot that opened it.
        session: Slot,
    },
    /// What the key holds; nothing if there is none.
    Value {
        /// The value.
        value: Option<Content>,
    },
    /// It is done.
    Done,
    /// It was not done.
    Refused {
        /// Why not.
        reason: Refusal,
    },
    /// The session has ended: whether it was done is not known.
    Expired,
}

/// A client's operation, as an entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Request {
    /// Whose, and which.
    pub op: OpId,
    /// What.
    pub act: Act,
}

/// What an operation does when it is applied.
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

/// What an operation came to.
pub type Answer = ConsensusReply;

impl Request {
    /// The entry that stands for a command.
    #[must_use]
    pub fn new(op: OpId, command: ConsensusCommand) -> Self {
        let act = match command {
            ConsensusCommand::Open => Act::Open,
            ConsensusCommand::Read { within, key } => Act::Read(within, key),
            ConsensusCommand::Write { within, write } => Act::Write(within, write),
        };
        Self { op, act }
    }

    /// Whether it changes nothing.
    #[must_use]
    pub const fn is_read(&self) -> bool {
        matches!(self.act, Act::Read(..))
    }

    /// Whether it lengthens a list.
    #[must_use]
    pub const fn is_append(&self) -> bool {
        matches!(self.act, Act::Write(_, Write::Append { .. }))
    }

    /// The session it is asked in; none for one that opens a session.
    #[must_use]
    pub const fn within(&self) -> Option<Within> {
        match &self.act {
            Act::Open => None,
            Act::Read(within, _) | Act::Write(within, _) => Some(*within),
        }
    }
}

fn text(value: &Content) -> ValueText {
    value.to_string().into()
}

fn call(write: &Write) -> StoreCall {
    match write {
        Write::Put { value, .. } => StoreCall::Put { value: text(value) },
        Write::Delete { .. } => StoreCall::Delete,
        Write::Cas { expected, value, .. } => StoreCall::Cas { old: expected.as_ref().map(text), new: text(value) },
        Write::Append { value, .. } => StoreCall::Append { value: text(value) },
    }
}

impl Observe for ConsensusCommand {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let (key, call, within) = match self {
            Self::Open => return seen.push(Observation::Store(StoreSeen::Begun)),
            Self::Read { within, key } => (key, StoreCall::Read, within),
            Self::Write { within, write } => (write.key(), call(write), within),
        };
        let (key, session) = (key.as_str().into(), Some(within.session));
        seen.push(Observation::Store(StoreSeen::Asked { key, call, session }));
    }
}

impl Observe for ConsensusReply {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let answer = match self {
            Self::Opened { .. } => return,
            Self::Value { value } => StoreAnswer::Value { value: value.as_ref().map(text) },
            Self::Done => StoreAnswer::Done,
            Self::Refused { reason: Refusal::Mismatch | Refusal::NoList } => StoreAnswer::Mismatch,
            Self::Refused { reason: Refusal::Anchor(_) | Refusal::Nested } => StoreAnswer::Refused,
            Self::Expired => StoreAnswer::Expired,
        };
        seen.push(Observation::Store(StoreSeen::Told { answer }));
    }
}
