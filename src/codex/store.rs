//! What clients ask of the store, whoever owns the keys, and what they are told.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{CausalContext, Key, Refusal, Seen, Value, Write};
use crate::clocks::Dot;
use crate::identity::OpId;
use crate::observation::{
    LockStamp, Observation, Observe, Slot, StoreAnswer, StoreCall, StoreRefusal, StoreSeen, ValueText,
};

/// In which session a client asks, which of its operations it still waits for, and what it presents for a fenced key; by
/// default in its standing session, for all of them, and nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Within {
    /// The slot that opened it; 0 for the client's standing session, which is always there.
    pub session: Slot,
    /// The lowest of its operations that the client waits for: what those below came to may be forgotten.
    pub lowest: u32,
    /// The token of the lock that covers a fenced key.
    pub token: Option<LockStamp>,
}

/// What clients ask.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum StoreCommand {
    /// To open a session with consensus.
    Open,
    /// To read a key.
    Read {
        /// Which.
        key: Key,
        /// In which session.
        #[serde(default)]
        within: Within,
    },
    /// The key holds this from now on.
    Put {
        /// Which.
        key: Key,
        /// What.
        value: Value,
        /// In which session.
        #[serde(default)]
        within: Within,
        /// Which read of a replicated key it goes by; none if it says nothing of what is there.
        #[serde(default)]
        seen: Option<Seen>,
    },
    /// The key is gone.
    Delete {
        /// Which.
        key: Key,
        /// In which session.
        #[serde(default)]
        within: Within,
        /// Which read of a replicated key it goes by; none if it says nothing of what is there.
        #[serde(default)]
        seen: Option<Seen>,
    },
    /// The key holds `value`, if it held `expected`.
    Cas {
        /// Which.
        key: Key,
        /// What must be there; nothing if left out.
        #[serde(default)]
        expected: Option<Value>,
        /// What is to be there.
        value: Value,
        /// In which session.
        #[serde(default)]
        within: Within,
    },
    /// The list that the key holds is longer by this; where there is none it begins.
    Append {
        /// Which.
        key: Key,
        /// The new last item.
        value: Value,
        /// In which session.
        #[serde(default)]
        within: Within,
    },
}

/// What clients are told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreReply {
    /// A session is open.
    Opened {
        /// The slot that opened it.
        session: Slot,
    },
    /// What the key holds; nothing if there is none.
    Value {
        /// The value.
        value: Option<Value>,
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
    /// What a replica shows of a key.
    View {
        /// The value; nothing if there is none.
        value: Option<Value>,
        /// What it knows of the key, for the client's next write.
        seen: Arc<CausalContext>,
        /// Whether a conflict is open.
        open: bool,
    },
    /// It is written at the replica, and durable there.
    Written {
        /// The name of the version.
        dot: Dot,
        /// Its stamp.
        stamp: u64,
    },
}

impl StoreCommand {
    /// Which key it reads or changes, and within what.
    #[must_use]
    pub const fn target(&self) -> Option<(&Key, &Within)> {
        match self {
            Self::Open => None,
            Self::Read { key, within }
            | Self::Put { key, within, .. }
            | Self::Delete { key, within, .. }
            | Self::Cas { key, within, .. }
            | Self::Append { key, within, .. } => Some((key, within)),
        }
    }

    /// Which key it reads or changes.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        self.target().map(|(key, _)| key)
    }

    /// Completes a scripted write with what the read was answered by which it goes.
    pub fn complete<'r>(&mut self, answer: impl FnOnce(OpId) -> Option<&'r StoreReply>) {
        let (Self::Put { seen: Some(seen), .. } | Self::Delete { seen: Some(seen), .. }) = self else { return };
        seen.context = answer(seen.of).and_then(StoreReply::shown).cloned();
    }

    /// The command that makes a write.
    #[must_use]
    pub fn write(write: Write, within: Within) -> Self {
        match write {
            Write::Put { key, value } => Self::Put { key, value, within, seen: None },
            Write::Delete { key } => Self::Delete { key, within, seen: None },
            Write::Cas { key, expected, value } => Self::Cas { key, expected, value, within },
            Write::Append { key, value } => Self::Append { key, value, within },
        }
    }
}

impl StoreReply {
    /// What a read of a replicated key showed.
    const fn shown(&self) -> Option<&Arc<CausalContext>> {
        if let Self::View { seen, .. } = self { Some(seen) } else { None }
    }
}

impl Refusal {
    /// Why an operation is refused for good, as checkers see it; none where it only did not fit what the key holds.
    #[must_use]
    pub const fn ground(&self) -> Option<StoreRefusal> {
        match self {
            Self::Mismatch | Self::NoList => None,
            Self::Anchor(place) => Some(StoreRefusal::Anchor(*place)),
            Self::Nested => Some(StoreRefusal::Nested),
            Self::Fenced => Some(StoreRefusal::Fenced),
            Self::NoToken => Some(StoreRefusal::NoToken),
            Self::NotCovered => Some(StoreRefusal::NotCovered),
            Self::Reserved => Some(StoreRefusal::Reserved),
            Self::TooLarge => Some(StoreRefusal::TooLarge),
            Self::TooManySiblings => Some(StoreRefusal::TooManySiblings),
            Self::ContextFull => Some(StoreRefusal::ContextFull),
            Self::NotOffered => Some(StoreRefusal::NotOffered),
            Self::Immutable => Some(StoreRefusal::Immutable),
        }
    }
}

fn text(value: &Value) -> ValueText {
    value.to_string().into()
}

impl Observe for StoreCommand {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let call = match self {
            Self::Open => return seen.push(Observation::Store(StoreSeen::Begun)),
            Self::Read { .. } => StoreCall::Read,
            Self::Put { value, .. } => StoreCall::Put { value: text(value) },
            Self::Delete { .. } => StoreCall::Delete,
            Self::Cas { expected, value, .. } => StoreCall::Cas { old: expected.as_ref().map(text), new: text(value) },
            Self::Append { value, .. } => StoreCall::Append { value: text(value) },
        };
        let (key, within) = self.target().expect("all but one are about a key");
        let (key, session, token) = (key.as_str().into(), Some(within.session), within.token);
        seen.push(Observation::Store(StoreSeen::Asked { key, call, session, token }));
    }
}

impl Observe for StoreReply {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let answer = match self {
            Self::Opened { .. } | Self::View { .. } | Self::Written { .. } => return,
            Self::Value { value } => StoreAnswer::Value { value: value.as_ref().map(text) },
            Self::Done => StoreAnswer::Done,
            Self::Refused { reason } => match reason.ground() {
                None => StoreAnswer::Mismatch,
                reason => StoreAnswer::Refused { reason },
            },
            Self::Expired => StoreAnswer::Expired,
        };
        seen.push(Observation::Store(StoreSeen::Told { answer }));
    }
}
