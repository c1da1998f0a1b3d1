//! What is sent, asked, answered and waited for.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use crate::clocks::Stamp;
use crate::identity::{NodeId, OpId};
use crate::observation::Observe;
use crate::process::Lane;
use crate::protocols::{Registry, Signature};

/// One broadcast, as its origin made it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Broadcast {
    /// The origin's own count, from 1, over all its boots.
    pub number: u64,
    /// What the origin had delivered of the others before.
    pub causes: Counts,
    /// The client's operation that asked for it.
    pub op: OpId,
    /// What it says.
    pub text: String,
}

/// What nodes send to one another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// A broadcast, from its origin.
    Data {
        /// The broadcast.
        broadcast: Arc<Broadcast>,
        /// The sender's clocks.
        stamp: Arc<Stamp>,
        /// By the sender.
        signature: Signature,
    },
    /// To an origin: the sender has delivered its broadcasts up to this one.
    Ack {
        /// The number of the last one delivered.
        upto: u64,
        /// The sender's clocks.
        stamp: Arc<Stamp>,
        /// By the sender.
        signature: Signature,
    },
}

impl Message {
    /// A broadcast, not yet signed.
    #[must_use]
    pub fn data(broadcast: Arc<Broadcast>, stamp: Arc<Stamp>) -> Self {
        Self::Data { broadcast, stamp, signature: Signature::default() }
    }

    /// An acknowledgement, not yet signed.
    #[must_use]
    pub fn ack(upto: u64, stamp: Arc<Stamp>) -> Self {
        Self::Ack { upto, stamp, signature: Signature::default() }
    }

    /// The same message with the signature of `from` for `to`.
    #[must_use]
    pub fn signed(mut self, from: NodeId, to: NodeId, registry: &Registry) -> Self {
        *self.signature_mut() = self.right_signature(from, to, registry);
        self
    }

    /// Whether `from` signed exactly this for `to`.
    #[must_use]
    pub fn is_signed(&self, from: NodeId, to: NodeId, registry: &Registry) -> bool {
        self.signature() == self.right_signature(from, to, registry)
    }

    /// The sender's clocks when it was sent.
    #[must_use]
    pub const fn stamp(&self) -> &Arc<Stamp> {
        match self {
            Self::Data { stamp, .. } | Self::Ack { stamp, .. } => stamp,
        }
    }

    const fn signature(&self) -> Signature {
        match self {
            Self::Data { signature, .. } | Self::Ack { signature, .. } => *signature,
        }
    }

    const fn signature_mut(&mut self) -> &mut Signature {
        match self {
            Self::Data { signature, .. } | Self::Ack { signature, .. } => signature,
        }
    }

    /// Over the whole message with an empty signature, its sender and its receiver.
    fn right_signature(&self, from: NodeId, to: NodeId, registry: &Registry) -> Signature {
        let mut content = self.clone();
        *content.signature_mut() = Signature::default();
        registry.sign(from, &(from, to, content))
    }
}

impl Lane for Message {}

/// What a node waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timer {
    /// The first of the peers that owe an acknowledgement is to be tried again.
    Resend,
}

impl Lane for Timer {}

/// What clients ask.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// To broadcast a text.
    Broadcast {
        /// The text.
        text: String,
    },
}

impl Observe for Command {}

/// What clients get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The text will reach every node.
    Accepted {
        /// As which of the node's broadcasts.
        number: u64,
    },
}

impl Observe for Reply {}
