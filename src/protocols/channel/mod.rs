//! The channel: reliable FIFO between each two nodes, over datagrams that may be lost, doubled and overtaken.
//!
//! A positive acknowledgement protocol with a window (Cerf and Kahn 1974), whose connections are told apart by the lives
//! of both ends, as TCP tells them by initial sequence numbers (Tomlinson 1975): every frame of data and every
//! acknowledgement names the boots of sender and receiver. Within such a *session* payloads are delivered once, in
//! their order. What the peer does not acknowledge is sent again, ever more rarely; acknowledgements are cumulative, ride
//! on data, and go alone at the end of a step that has nothing to say.
//!
//! - Data waits until the boot of the peer is known. A frame of a lower boot of the peer is dropped; one that names
//!   another boot of mine is answered by a hello; a higher boot of the peer ends the session: what was not delivered in
//!   it is dropped, and the user is told ([`Upshot::Reset`]) before anything of the new session is delivered.
//! - A node that starts opens a session to every peer, and says hello again until it knows that the peer knows its boot,
//!   since a peer that waits for it must learn that it was reborn. In its first boot there is nobody to tell: a hello
//!   from the peer is enough, and the lower-numbered node of each pair speaks first. A hello says whether it asks for an
//!   answer: one that shows the receiver's boot may ask too, since frames of an earlier boot of the sender can have told
//!   it that, and it would otherwise ask for ever.
//! - Any frame that names the peer's boot for the first time opens the session, and what waited for it is sent.
//! - The session opened first drops nothing.
//!
//! Hellos and acknowledgements have the lane `channel`, data that of its payload. Facts: see [`ChannelFact`].

mod bound;
mod link;
mod machine;
mod promise;
mod spec;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use machine::{Channel, Upshot, Upshots};
pub use promise::Promise;
pub use spec::{ChannelFact, ChannelSettings, ROW};

use super::{CHANNEL, Signature};
use crate::identity::{Boot, LaneId, NodeId};
use crate::process::Lane;

/// What channels send to one another.
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
        /// By the sender.
        signature: Signature,
    },
    /// A payload.
    Data {
        /// The sender's boot.
        boot: Boot,
        /// The receiver's boot.
        to: Boot,
        /// The how-many-eth payload of the session, from 1.
        number: u32,
        /// The sender has delivered all up to this number of the other direction.
        upto: u32,
        /// The payload.
        payload: M,
        /// By the sender.
        signature: Signature,
    },
    /// An acknowledgement alone.
    Ack {
        /// The sender's boot.
        boot: Boot,
        /// The receiver's boot.
        to: Boot,
        /// The sender has delivered all up to this number.
        upto: u32,
        /// By the sender.
        signature: Signature,
    },
    /// The session is over, though both live: only where links are taken for queues, which see what they lose.
    Over {
        /// By the sender.
        signature: Signature,
    },
}

impl<M> Frame<M> {
    /// The place of the signature.
    pub const fn signature_mut(&mut self) -> &mut Signature {
        match self {
            Self::Hello { signature, .. }
            | Self::Data { signature, .. }
            | Self::Ack { signature, .. }
            | Self::Over { signature } => signature,
        }
    }
}

impl<M: Lane> Lane for Frame<M> {
    fn lane(&self) -> LaneId {
        match self {
            Self::Hello { .. } | Self::Ack { .. } | Self::Over { .. } => CHANNEL,
            Self::Data { payload, .. } => payload.lane(),
        }
    }
}

/// What a channel waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelTimer {
    /// The peer has been silent for too long.
    Resend(NodeId),
    /// A queue that came from the peer has lost something.
    Over(NodeId),
}
