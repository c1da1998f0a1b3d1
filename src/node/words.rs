//! What the codex node sends, waits for, is asked, answers, writes down and notes: the words of its protocols, side by side.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};

use crate::identity::{LaneId, NodeId};
use crate::observation::{Observation, Observe};
use crate::process::Lane;
use crate::protocols::channel::{ChannelFact, ChannelTimer, Frame};
use crate::protocols::consensus::{
    Answer, ConsensusCommand, ConsensusEntry, ConsensusFact, ConsensusMessage, ConsensusTimer,
};
use crate::protocols::locks::{LockCommand, LockEntry, LockFact, LockMessage, LockReply};
use crate::protocols::register::{RegisterCommand, RegisterEntry, RegisterFact, RegisterMessage, RegisterReply};
use crate::protocols::{CHANNEL, CONSENSUS, LOCKS, REGISTER, Registry, Signature};

/// A datagram.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// A frame of the channel.
    Channel(Frame<Payload>),
    /// Of consensus.
    Consensus(ConsensusMessage),
}

/// What the channel carries.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payload {
    /// Of the lock manager.
    Locks(LockMessage),
    /// Of the guarded register.
    Register(RegisterMessage),
}

/// What a node waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timer {
    /// Of the channel.
    Channel(ChannelTimer),
    /// Of consensus.
    Consensus(ConsensusTimer),
}

/// What clients ask.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// The lock manager.
    Locks(LockCommand),
    /// The guarded register.
    Register(RegisterCommand),
    /// The replicated log.
    Consensus(ConsensusCommand),
}

/// What clients get.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// From the lock manager.
    Locks(LockReply),
    /// From the guarded register.
    Register(RegisterReply),
    /// From the replicated log.
    Consensus(Answer),
}

/// What a node writes to its disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// Of the lock manager.
    Locks(LockEntry),
    /// Of the guarded register.
    Register(RegisterEntry),
    /// Of consensus.
    Consensus(ConsensusEntry),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// On a channel.
    Channel(ChannelFact),
    /// In the lock manager.
    Locks(LockFact),
    /// In the guarded register.
    Register(RegisterFact),
    /// In consensus.
    Consensus(ConsensusFact),
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
}

/// Each protocol's words as the node's; a protocol without some kind of word says none.
macro_rules! words {
    ($($of:ident: $($variant:ident($word:ty)),+;)+) => {
        $(
            $(
                impl From<$word> for $of {
                    fn from(word: $word) -> Self {
                        Self::$variant(word)
                    }
                }
            )+
            impl From<Infallible> for $of {
                fn from(never: Infallible) -> Self {
                    match never {}
                }
            }
        )+
    };
}

words! {
    Message: Channel(Frame<Payload>), Consensus(ConsensusMessage);
    Payload: Locks(LockMessage), Register(RegisterMessage);
    Timer: Channel(ChannelTimer), Consensus(ConsensusTimer);
    Command: Locks(LockCommand), Register(RegisterCommand), Consensus(ConsensusCommand);
    Reply: Locks(LockReply), Register(RegisterReply), Consensus(Answer);
    Entry: Locks(LockEntry), Register(RegisterEntry), Consensus(ConsensusEntry);
    Fact: Channel(ChannelFact), Locks(LockFact), Register(RegisterFact), Consensus(ConsensusFact);
}

impl Observe for Command {
    fn observe(&self, seen: &mut Vec<Observation>) {
        match self {
            Self::Locks(command) => command.observe(seen),
            Self::Register(command) => command.observe(seen),
            Self::Consensus(command) => command.observe(seen),
        }
    }
}

impl Observe for Reply {
    fn observe(&self, seen: &mut Vec<Observation>) {
        match self {
            Self::Locks(reply) => reply.observe(seen),
            Self::Register(reply) => reply.observe(seen),
            Self::Consensus(reply) => reply.observe(seen),
        }
    }
}

impl Observe for Entry {
    fn observe(&self, seen: &mut Vec<Observation>) {
        match self {
            Self::Locks(entry) => entry.observe(seen),
            Self::Register(entry) => entry.observe(seen),
            Self::Consensus(entry) => entry.observe(seen),
        }
    }
}

impl Observe for Fact {
    fn observe(&self, seen: &mut Vec<Observation>) {
        match self {
            Self::Channel(fact) => fact.observe(seen),
            Self::Locks(fact) => fact.observe(seen),
            Self::Register(fact) => fact.observe(seen),
            Self::Consensus(fact) => fact.observe(seen),
        }
    }
}
