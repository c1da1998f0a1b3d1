//! The channel: reliable FIFO between each pair of nodes, over datagrams that may be lost, duplicated or overtaken.
//!
//! A positive acknowledgement protocol with a window (Cerf and Kahn 1974). Its connections are distinguished by the
//! incarnations of both ends, as TCP distinguishes them by initial sequence numbers (Tomlinson 1975): every frame of
//! data and every acknowledgement names the boots of sender and receiver. Within such a *session* payloads are
//! delivered once and in order. Unacknowledged payloads are sent again, with growing timeouts; acknowledgements are
//! cumulative, are sent with data, or alone at the end of a step that sends no data.
//!
//! - Data waits until the boot of the peer is known. A frame of a lower boot of the peer is dropped; one that names
//!   another boot of this node is answered by a hello; a higher boot of the peer ends the session: its undelivered
//!   payloads are dropped, and the user is told ([`ChannelEvent::Reset`]) before any payload of the new session is
//!   delivered.
//! - A node that starts opens a session to every peer, and repeats its hello until it knows that the peer knows its
//!   boot, because a peer that waits for it must learn that it restarted. In its first boot there is nobody to tell: a
//!   hello from the peer is enough, and the lower-numbered node of each pair sends first. A hello says whether it asks
//!   for an answer: one that shows the receiver's boot may ask too, because the sender may know that boot from frames
//!   to its earlier boot, and would otherwise ask forever.
//! - Any frame that names the peer's boot for the first time opens the session, and the waiting payloads are sent.
//! - The session opened first drops nothing.
//!
//! Each payload carries the era and the clocks of its sender when it was first sent; the clocks as a difference from
//! the payload before it, or in full at the opening of a session.
//!
//! Hellos and acknowledgements are on the lane `channel`, data on that of its payload. Facts: see [`ChannelFact`].

mod bound;
mod link;
mod machine;
mod promise;
mod spec;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use machine::{Channel, ChannelEvent, ChannelEvents};
pub use promise::Promise;
pub use spec::{ChannelFact, ChannelSettings, ROW};

use super::clocks::Difference;
use super::{CHANNEL, Era, Periodic};
use crate::clocks::Stamp;
use crate::identity::{Boot, LaneId, NodeId};
use crate::process::Lane;

/// The frames between channels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Frame<M> {
    /// The sender is in this boot.
    Hello {
        /// The sender's boot.
        boot: Boot,
        /// The receiver's boot, if the sender knows it.
        knows: Option<Boot>,
        /// Whether the sender wants an answer, another hello: it does until it knows that the receiver knows its boot.
        asks: bool,
    },
    /// A payload.
    Data {
        /// The sender's boot.
        boot: Boot,
        /// The receiver's boot.
        to: Boot,
        /// The ordinal of the payload in the session, from 1.
        number: u32,
        /// The sender has delivered all payloads of the other direction up to this number.
        upto: u32,
        /// The payload.
        payload: M,
        /// The sender's era when it was first sent.
        era: Era,
        /// The sender's clocks when it was first sent, as the difference from the payload before it in the session;
        /// none if the sender does not stamp.
        clock: Option<Arc<Difference>>,
    },
    /// An acknowledgement alone.
    Ack {
        /// The sender's boot.
        boot: Boot,
        /// The receiver's boot.
        to: Boot,
        /// The sender has delivered all payloads up to this number.
        upto: u32,
    },
    /// The session has ended, though both incarnations are alive: only if links are queues, which notice what they
    /// lose.
    Over,
}

impl<M> Periodic for Frame<M> {}

impl<M: Lane> Lane for Frame<M> {
    fn lane(&self) -> LaneId {
        match self {
            Self::Hello { .. } | Self::Ack { .. } | Self::Over => CHANNEL,
            Self::Data { payload, .. } => payload.lane(),
        }
    }
}

/// What the node does for its channel, in addition to sending frames: frames are no events of the node's clocks,
/// payloads are.
pub trait Carries {
    /// The node's era.
    fn era(&self) -> Era;
    /// A payload is sent for the first time, as `fact` says; returns the stamp of that event, if the node stamps.
    fn sent(&mut self, fact: ChannelFact) -> Option<Arc<Stamp>>;
    /// A payload is delivered, as `fact` says; its sending has this `stamp`.
    fn delivered(&mut self, fact: ChannelFact, stamp: Option<Stamp>);
}

/// The timers of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelTimer {
    /// The peer has been silent for too long.
    Resend(NodeId),
    /// The queue from the peer has lost a message.
    Over(NodeId),
}

impl Periodic for ChannelTimer {}
