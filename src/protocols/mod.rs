//! The protocols of the codex node, and what they share: the [`Port`] through which each acts, the reliable [`channel`]
//! between nodes, and signatures.
//!
//! A protocol here is a plain struct that implements [`Protocol`]. Its handlers take, beside the message, what they may
//! touch: a port for its own messages, timers, entries and facts. What another protocol is to hear of they tell as
//! outcomes, which the node routes; none of them knows another.

#[cfg(test)]
pub(crate) mod bench;
pub mod channel;
pub mod consensus;
pub mod locks;
pub mod register;
pub mod resending;
mod signature;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use signature::{Registry, Signature};

use crate::identity::{Boot, LaneId, NodeId, OpId};
use crate::time::{LocalTime, Span};

/// The kinds of things that a protocol says through its port; [`Infallible`] for what it does not have.
///
/// [`Infallible`]: std::convert::Infallible
pub trait Words {
    /// Its datagrams.
    type Message;
    /// What it has the channel carry.
    type Payload;
    /// The names of its timers.
    type Timer;
    /// What it writes to the disk.
    type Entry;
    /// What happened, in its own words.
    type Fact;
    /// What its clients ask.
    type Command;
    /// What they get.
    type Reply;
    /// What it tells the node, which routes it to whom it concerns, within the step.
    type Outcome;
}

/// A protocol that a node hosts: a state machine that acts through a port. What it has no use for, it leaves out.
pub trait Protocol: Words + Sized {
    /// A datagram of a peer, whose signature fits.
    fn on_message(&mut self, _from: NodeId, _message: Self::Message, _port: &mut impl Port<Self>) {}

    /// A payload of a peer: once, and in order within a session.
    fn on_payload(&mut self, _from: NodeId, _payload: Self::Payload, _port: &mut impl Port<Self>) {}

    /// The session with a peer is over: nothing of it will be delivered any more, on either side.
    fn on_reset(&mut self, _peer: NodeId, _port: &mut impl Port<Self>) {}

    /// A timer ran out.
    fn on_timer(&mut self, _timer: Self::Timer, _port: &mut impl Port<Self>) {}

    /// The disk has answered a [`Port::sync_then`].
    fn on_synced(&mut self, _port: &mut impl Port<Self>) {}

    /// A client asks; the same operation may come again.
    fn on_command(&mut self, _op: OpId, _command: Self::Command, _port: &mut impl Port<Self>) {}
}

/// What a handler of the protocol `Q` may see and do. Effects are done in the order of the calls, and a crash may fall
/// between any two.
pub trait Port<Q: Words> {
    /// This node.
    fn me(&self) -> NodeId;
    /// This node's boot.
    fn boot(&self) -> Boot;
    /// How many nodes there are.
    fn node_count(&self) -> u32;
    /// The node's wall clock.
    fn wall(&self) -> LocalTime;
    /// The node's monotonic clock.
    fn monotonic(&self) -> LocalTime;
    /// A span from `low` to `high`, both included, drawn under `label`.
    fn jitter(&mut self, label: &str, low: Span, high: Span) -> Span;
    /// Sends a datagram.
    fn send(&mut self, to: NodeId, message: Q::Message);
    /// Has the channel carry a payload: in order, and once within the session.
    fn post(&mut self, to: NodeId, payload: Q::Payload);
    /// Sets a timer, or moves it; acts at once, whatever the disk does.
    fn set_timer(&mut self, timer: Q::Timer, after: Span);
    /// Cancels a timer; acts at once.
    fn cancel_timer(&mut self, timer: Q::Timer);
    /// Adds an entry to the disk's log; durable when a later sync has been answered.
    fn append(&mut self, entry: Q::Entry);
    /// A barrier: what follows waits until all before is durable.
    fn sync(&mut self);
    /// The same; the protocol is told when the disk has answered, and all that followed the call by then is done.
    fn sync_then(&mut self);
    /// Writes a fact into the trace.
    fn note(&mut self, fact: Q::Fact);
    /// Answers a client's operation.
    fn reply(&mut self, op: OpId, reply: Q::Reply);
    /// Tells the node what others are to hear of, once the handler has returned.
    fn tell(&mut self, outcome: Q::Outcome);

    /// All nodes but this one.
    fn peers(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<Q, Self> {
        let me = self.me();
        NodeId::all(self.node_count()).filter(move |node| *node != me)
    }
}

/// The lanes of the codex node, by their place. Their order is part of every trace: only ever add at the end.
pub const LANES: &[&str] = &["channel", "locks", "register", "consensus"];
/// The lane of hellos and acknowledgements.
pub const CHANNEL: LaneId = LaneId::new(0);
/// The lane of the lock manager.
pub const LOCKS: LaneId = LaneId::new(1);
/// The lane of the guarded register.
pub const REGISTER: LaneId = LaneId::new(2);
/// The lane of consensus.
pub const CONSENSUS: LaneId = LaneId::new(3);

/// A lane that is written by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneName(pub LaneId);

impl fmt::Display for LaneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(LANES.get(self.0.index()).copied().unwrap_or("unknown"))
    }
}

impl Serialize for LaneName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for LaneName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return LaneId::deserialize(deserializer).map(Self);
        }
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let place = LANES.iter().position(|lane| *lane == text).and_then(|place| u8::try_from(place).ok());
        let place = place.ok_or_else(|| de::Error::custom(format!("`{text}` is no lane")))?;
        Ok(Self(LaneId::new(place)))
    }
}
