//! What the codex node sends, waits for, is asked, answers, writes down and notes: the words of its protocols, side by side.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};

use crate::identity::{LaneId, NodeId};
use crate::observation::{Observation, Observe};
use crate::process::Lane;
use crate::protocols::channel::{ChannelFact, ChannelTimer, Frame};
use crate::protocols::consensus::{
    Answer, ConsensusCommand, ConsensusEntry, ConsensusFact, ConsensusMessage, ConsensusOutcome, ConsensusTimer,
};
use crate::protocols::locks::{LockCommand, LockEntry, LockFact, LockMessage, LockReply};
use crate::protocols::register::{RegisterCommand, RegisterEntry, RegisterFact, RegisterMessage, RegisterReply};
use crate::protocols::{CHANNEL, CONSENSUS, LOCKS, REGISTER, Registry, Signature};

/// Kinds of words: of each one variant a protocol that has words of that kind, which become the node's by `From`.
macro_rules! words {
    ($($(#[$of:meta])* $kind:ident { $($(#[$about:meta])* $protocol:ident($word:ty),)+ })+) => {$(
        $(#[$of])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $kind {
            $($(#[$about])* $protocol($word),)+
        }

        $(
            impl From<$word> for $kind {
                fn from(word: $word) -> Self {
                    Self::$protocol(word)
                }
            }
        )+

        impl From<Infallible> for $kind {
            fn from(never: Infallible) -> Self {
                match never {}
            }
        }
    )+};
}

/// Kinds of words that checkers see.
macro_rules! seen_words {
    ($($(#[$of:meta])* $kind:ident { $($(#[$about:meta])* $protocol:ident($word:ty),)+ })+) => {
        words! { $($(#[$of])* $kind { $($(#[$about])* $protocol($word),)+ })+ }

        $(
            impl Observe for $kind {
                fn observe(&self, seen: &mut Vec<Observation>) {
                    match self {
                        $(Self::$protocol(word) => word.observe(seen),)+
                    }
                }
            }
        )+
    };
}

words! {
    /// A datagram.
    Message {
        /// A frame of the channel.
        Channel(Frame<Payload>),
        /// Of consensus.
        Consensus(ConsensusMessage),
    }
    /// What the channel carries.
    Payload {
        /// Of the lock manager.
        Locks(LockMessage),
        /// Of the guarded register.
        Register(RegisterMessage),
    }
    /// What a node waits for.
    #[derive(Copy)]
    Timer {
        /// Of the channel.
        Channel(ChannelTimer),
        /// Of consensus.
        Consensus(ConsensusTimer),
    }
}

seen_words! {
    /// What clients ask.
    Command {
        /// The lock manager.
        Locks(LockCommand),
        /// The guarded register.
        Register(RegisterCommand),
        /// The replicated log.
        Consensus(ConsensusCommand),
    }
    /// What clients get.
    Reply {
        /// From the lock manager.
        Locks(LockReply),
        /// From the guarded register.
        Register(RegisterReply),
        /// From the replicated log.
        Consensus(Answer),
    }
    /// What a node writes to its disk.
    Entry {
        /// Of the lock manager.
        Locks(LockEntry),
        /// Of the guarded register.
        Register(RegisterEntry),
        /// Of consensus.
        Consensus(ConsensusEntry),
    }
    /// What happened.
    Fact {
        /// On a channel.
        Channel(ChannelFact),
        /// In the lock manager.
        Locks(LockFact),
        /// In the guarded register.
        Register(RegisterFact),
        /// In consensus.
        Consensus(ConsensusFact),
    }
}

/// What protocols tell the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Consensus.
    Consensus(ConsensusOutcome),
}

impl From<ConsensusOutcome> for Outcome {
    fn from(outcome: ConsensusOutcome) -> Self {
        Self::Consensus(outcome)
    }
}

impl From<Infallible> for Outcome {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl Message {
    /// The same message with the signature of `from` for `to`.
    #[must_use]
    pub fn signed(mut self, from: NodeId, to: NodeId, registry: &Registry) -> Self {
        *self.signature_mut() = registry.sign(from, &(from, to, &self));
        self
    }

    /// Whether `from` signed exactly this for `to`. The signature is taken out: it was for this question alone.
    #[must_use]
    pub fn take_signature(&mut self, from: NodeId, to: NodeId, registry: &Registry) -> bool {
        let signature = std::mem::take(self.signature_mut());
        registry.sign(from, &(from, to, &*self)) == signature
    }

    const fn signature_mut(&mut self) -> &mut Signature {
        match self {
            Self::Channel(frame) => frame.signature_mut(),
            Self::Consensus(message) => message.signature_mut(),
        }
    }
}

impl Lane for Message {
    fn lane(&self) -> LaneId {
        match self {
            Self::Channel(frame) => frame.lane(),
            Self::Consensus(message) => message.lane(),
        }
    }

    fn is_periodic(&self) -> bool {
        match self {
            Self::Channel(frame) => frame.is_periodic(),
            Self::Consensus(message) => message.is_periodic(),
        }
    }
}

impl Lane for Payload {
    fn lane(&self) -> LaneId {
        match self {
            Self::Locks(_) => LOCKS,
            Self::Register(_) => REGISTER,
        }
    }
}

impl Lane for Timer {
    fn lane(&self) -> LaneId {
        match self {
            Self::Channel(_) => CHANNEL,
            Self::Consensus(_) => CONSENSUS,
        }
    }

    fn is_periodic(&self) -> bool {
        match self {
            Self::Channel(_) => false,
            Self::Consensus(timer) => timer.is_periodic(),
        }
    }
}
