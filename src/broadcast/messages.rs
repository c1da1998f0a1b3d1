//! What is sent, asked, answered and waited for.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use crate::identity::OpId;
use crate::observation::Observe;
use crate::process::Lane;

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

/// What nodes send to one another, without the envelope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// A broadcast, from its origin.
    Data {
        /// The broadcast.
        broadcast: Arc<Broadcast>,
    },
    /// To an origin: the sender has delivered its broadcasts up to this one.
    Ack {
        /// The number of the last one delivered.
        upto: u64,
    },
}

impl Lane for Body {}

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
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
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
