//! The protocols of the codex node, and what they share: the contract of a [`Protocol`], the [`Port`] through which each
//! acts, the reliable [`channel`] between nodes, the nodes' [`clocks`], and the envelope of datagrams.
//!
//! A protocol is a folder: a plain struct that implements [`Protocol`]. Its handlers take, beside the message, what it sees
//! of what protocols share, and a port for its own messages, timers, entries and facts. What another protocol is to hear of
//! it tells as an outcome, which the node routes; no protocol knows another.

pub mod channel;
pub mod clocks;
pub mod conflicts;
pub mod consensus;
mod drawn;
mod envelope;
pub mod gossip;
pub mod grants;
#[cfg(test)]
pub mod herald;
pub mod locks;
#[cfg(test)]
pub mod ping;
pub mod replica;
pub mod resending;
pub mod sync;
#[cfg(test)]
pub(crate) mod test_port;
pub mod transactions;

use std::fmt::{self, Debug};
use std::hash::Hash;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use crate::identity::Era;
pub use crate::signature::{Registry, Signature};
pub use consensus::Decided;
pub use envelope::{Datagram, SnapshotId, Tag};

use crate::check::{self, AnyChecker};
use crate::codex::StoreReply;
use crate::identity::{Boot, ClientId, LaneId, NodeId, OpId};
use crate::observation::Observe;
use crate::process::{Client, ClientPlan, Data, Stored};
use crate::subject::{Needs, Objection, Row, Setup, Turn, World};
use crate::time::{LocalTime, Span};
use replica::ReplicaPort;

/// What comes again and again for as long as a protocol runs, though nobody asks anything: see
/// [`Lane::is_periodic`](crate::process::Lane::is_periodic).
pub trait Periodic {
    /// Whether it is such.
    fn is_periodic(&self) -> bool {
        false
    }
}

impl Periodic for crate::process::Never {}

/// The kinds of things that a protocol says through its port; [`Never`](crate::process::Never) for what it does not have.
pub trait Words {
    /// Its datagrams.
    type Message: Data + Periodic;
    /// What it has the channel carry.
    type Payload: Data;
    /// The names of its timers.
    type Timer: Data + Copy + Periodic;
    /// The names of what follows a sync.
    type Completion: Data + Copy;
    /// What clients ask of it alone.
    type Command: Data + Observe;
    /// What they get.
    type Reply: Data + Observe;
    /// What it writes to its file on the disk.
    type Entry: Data + Observe;
    /// What happened, in its own words.
    type Fact: Data + Observe;
    /// What it tells the node, which routes it to whom it concerns, within the step.
    type Outcome: Debug;
}

/// What stands under a protocol's name in a scenario.
pub trait Settings:
    Clone + Debug + Default + PartialEq + Eq + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static
{
    /// What keeps the protocol from working with these settings, if anything does.
    fn objection(&self) -> Option<Objection> {
        None
    }
}

/// What the node has for all protocols before it starts.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The cluster.
    pub setup: &'a Setup,
    /// The nodes' secrets.
    pub registry: &'a Registry,
}

/// What may be open in a protocol at quiescence.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// What each client may do with what it holds, or waits for.
    pub turns: Vec<Turn>,
    /// What clients may write.
    pub written: Written,
    /// What the running protocols before this one take until they are quiet, together: so long what a replica writes takes to
    /// reach all.
    pub quieted: Span,
}

/// What clients may write to replicated keys in a run, at the most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many versions.
    pub versions: u64,
    /// How many bytes these take, about.
    pub bytes: u64,
}

impl Written {
    /// This and that.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { versions: self.versions + other.versions, bytes: self.bytes + other.bytes }
    }
}

/// How long a protocol takes after quiescence, at the most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// How many payloads wait for one peer.
    pub payloads: u64,
    /// Until all that is open has ended, where the channel delivers at once.
    pub ended: Span,
    /// Until its other claims of liveness hold, from the same instant.
    pub claims: Vec<(&'static str, Span)>,
    /// Until nothing is sent any more but what is periodic, once all that was open has ended.
    pub quiet: Span,
}

/// A protocol that a node hosts: a state machine that acts through a port. What it has no use for, it leaves out.
pub trait Protocol: Words + Clone + Eq + Hash + Debug + Send + Sync + Sized + 'static {
    /// What is said of it outside its machine.
    const ROW: Row;
    /// What scenarios can say about it.
    type Settings: Settings;
    /// What each node's machine goes by.
    type Rules: Clone + Debug + PartialEq + Eq + Send + Sync + 'static;
    /// Its file, read to its end.
    type Kept: Debug + Default;
    /// What it may touch beside itself of what protocols share; `()` for nothing.
    type Sees<'a>;

    /// What its machines go by with these settings.
    fn rules(settings: &Self::Settings, given: Given<'_>) -> Self::Rules;

    /// What its file holds before a node's first boot.
    fn fresh_disk(_rules: &Self::Rules, _node: NodeId) -> Vec<Self::Entry> {
        Vec::new()
    }

    /// Whether it has payloads for the channel.
    fn carries(_settings: &Self::Settings) -> bool {
        Self::ROW.needs.contains(&channel::ROW.name)
    }

    /// Takes in the next entry of its file.
    fn read(kept: &mut Self::Kept, stored: Stored<&Self::Entry>);

    /// Starts, with what its file held.
    fn start(rules: &Arc<Self::Rules>, kept: Self::Kept, sees: Self::Sees<'_>, port: &mut impl Port<Self>) -> Self;

    /// Whether it takes a datagram in though the signature does not fit: with a flaw alone.
    fn trusts(_rules: &Self::Rules, _message: &Self::Message) -> bool {
        false
    }

    /// A datagram of a peer, whose signature fits.
    fn on_message(&mut self, from: NodeId, message: Self::Message, sees: Self::Sees<'_>, port: &mut impl Port<Self>);

    /// A payload of a peer: once, and in order within a session.
    fn on_payload(&mut self, from: NodeId, payload: Self::Payload, sees: Self::Sees<'_>, port: &mut impl Port<Self>);

    /// The session with a peer is over: nothing of it will be delivered any more, on either side.
    fn on_reset(&mut self, _peer: NodeId, _sees: Self::Sees<'_>, _port: &mut impl Port<Self>) {}

    /// A timer ran out.
    fn on_timer(&mut self, timer: Self::Timer, sees: Self::Sees<'_>, port: &mut impl Port<Self>);

    /// The disk has answered a [`Port::sync_then`].
    fn on_synced(&mut self, completion: Self::Completion, sees: Self::Sees<'_>, port: &mut impl Port<Self>);

    /// What a client's command requires.
    fn needs(_command: &Self::Command) -> Needs {
        Needs { protocols: vec![Self::ROW.name], ..Needs::default() }
    }

    /// A client asks; the same operation may come again.
    fn on_command(&mut self, op: OpId, command: Self::Command, sees: Self::Sees<'_>, port: &mut impl Port<Self>);

    /// How long it takes after quiescence, in a world that is no worse.
    fn bound(_settings: &Self::Settings, _load: &Load, _world: &World) -> Bound {
        Bound::default()
    }

    /// The checker of an invariant that its row claims: by default the built-in one of that name.
    fn checker<F: FactOf<Self>>(invariant: &str) -> Option<AnyChecker<F>> {
        check::checker(invariant)
    }
}

/// One word of many protocols, some of which are commands of `Q`.
pub trait CommandOf<Q: Words>: Sized {
    /// A command of that protocol.
    fn of(command: Q::Command) -> Self;
    /// The command, if it is that protocol's.
    fn get(&self) -> Option<&Q::Command>;
}

/// One word of many protocols, some of which are replies of `Q`.
pub trait ReplyOf<Q: Words> {
    /// The reply, if it is that protocol's.
    fn get(&self) -> Option<&Q::Reply>;
}

/// One word of many protocols, some of which are facts of `Q`.
pub trait FactOf<Q: Words> {
    /// The fact, if it is that protocol's.
    fn get(&self) -> Option<&Q::Fact>;
}

/// One word of many protocols, some of which are replies of the store.
pub trait AsStore {
    /// The reply, if it is the store's.
    fn as_store(&self) -> Option<&StoreReply>;
}

/// An entry of a scenario's workload, whose clients ask `C` and get `R`.
pub trait Work<C, R> {
    /// A client of it.
    type Client: Client<C, R>;

    /// How many clients it has.
    fn clients(&self) -> u32;

    /// One of them, whose home is `home`.
    fn client(
        &self,
        client: ClientId,
        home: NodeId,
        setup: &Setup,
        dice: &mut crate::chance::Dice,
    ) -> ClientPlan<Self::Client>;

    /// What it cannot do without.
    fn needs(&self) -> Needs;

    /// Why it can't be done, if it can't.
    fn objection(&self) -> Option<String> {
        None
    }

    /// What a client may write to replicated keys.
    fn written(_client: &Self::Client) -> Written {
        Written::default()
    }

    /// The most that a client does with what it holds, or waits for, if it holds anything.
    fn longest_turn(_client: &Self::Client) -> Option<Turn> {
        None
    }
}

/// What a handler of the protocol `Q` may see and do. Effects are done in the order of the calls, and a crash may fall
/// between any two.
pub trait Port<Q: Words>: ReplicaPort {
    /// This node.
    fn me(&self) -> NodeId;
    /// This node's boot.
    fn boot(&self) -> Boot;
    /// How many nodes there are.
    fn node_count(&self) -> u32;
    /// Which attempt of its client brings the command that is being handled: 1 for the first.
    fn attempt(&self) -> u32;
    /// The node's wall clock.
    fn wall(&self) -> LocalTime;
    /// The node's monotonic clock.
    fn monotonic(&self) -> LocalTime;
    /// A span from `low` to `high`, both included, drawn under `label`.
    fn jitter(&mut self, label: &str, low: Span, high: Span) -> Span;
    /// A number below `n`, which is not zero, drawn under `label`.
    fn choose(&mut self, label: &str, n: u64) -> u64;
    /// Sends a datagram, which the node tags, stamps and signs.
    fn send(&mut self, to: NodeId, message: Q::Message);
    /// Has the channel carry a payload: in order, and once within the session.
    fn post(&mut self, to: NodeId, payload: Q::Payload);
    /// Sets a timer, or moves it; acts at once, whatever the disk does.
    fn set_timer(&mut self, timer: Q::Timer, after: Span);
    /// Cancels a timer; acts at once.
    fn cancel_timer(&mut self, timer: Q::Timer);
    /// Adds an entry to the protocol's file; durable when a later sync has been answered.
    fn append(&mut self, entry: Q::Entry);
    /// Replaces the protocol's file, and no other; durable when a later sync has been answered.
    fn rewrite(&mut self, entries: Vec<Q::Entry>);
    /// A barrier: what follows waits until all before is durable.
    fn sync(&mut self);
    /// The same; the protocol is told by this completion when the disk has answered, and all that followed the call by then
    /// is done.
    fn sync_then(&mut self, completion: Q::Completion);
    /// Writes a fact into the trace.
    fn note(&mut self, fact: Q::Fact);
    /// Answers a client's operation.
    fn reply(&mut self, op: OpId, reply: Q::Reply);
    /// Answers a client's operation on the store.
    fn answer(&mut self, op: OpId, reply: StoreReply);
    /// Tells the node what others are to hear of, once the handler has returned.
    fn tell(&mut self, outcome: Q::Outcome);

    /// All nodes but this one.
    fn peers(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<Q, Self> {
        let me = self.me();
        NodeId::all(self.node_count()).filter(move |node| *node != me)
    }
}

/// The lanes of the codex node, by their place: of each protocol the one of its name, which is also the name of its file.
/// The clocks have a file, and send nothing of their own.
/// Their order is part of every trace: only ever add at the end.
pub const LANES: &[&str] = &[
    "channel",
    "clocks",
    "locks",
    "consensus",
    "replica",
    "sync",
    "gossip",
    "conflicts",
    "transactions",
    #[cfg(test)]
    "ping",
    #[cfg(test)]
    "herald",
];
/// The lane of hellos and acknowledgements.
pub const CHANNEL: LaneId = LaneId::new(0);
/// Where the clocks' file stands. They send nothing of their own.
pub const CLOCKS: LaneId = LaneId::new(1);

/// The lane of the protocol of this name.
#[must_use]
pub fn lane(name: &str) -> Option<LaneId> {
    let place = LANES.iter().position(|lane| *lane == name)?;
    u8::try_from(place).ok().map(LaneId::new)
}

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
        lane(&text).map(Self).ok_or_else(|| de::Error::custom(format!("`{text}` is no lane")))
    }
}
