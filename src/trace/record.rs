//! One record of a trace: event, time and actor, without any protocol's types.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::Value;

use crate::clocks::Stamp;
use crate::identity::{Boot, EventId, LaneId, MessageId, NodeId, OpId};
use crate::observation::Observation;
use crate::time::Time;

/// One record. It borrows from the kernel while a run is under way, and from the trace's bytes when it is read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record<'a> {
    /// Its global virtual time.
    pub time: Time,
    /// Its id: the actor and the actor's count. For effects it is assigned at the call: these numbers give a node's
    /// program order, even if a sync delayed an event.
    pub id: EventId,
    /// The clocks that the node gave for it.
    #[serde(default)]
    pub stamp: Option<Cow<'a, Stamp>>,
    /// What happened.
    #[serde(borrow)]
    pub event: Event<'a>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event<'a> {
    /// A node started, with these entries from its disk.
    Start {
        /// Its boot.
        boot: Boot,
        /// Entries as they were written.
        intact: u32,
        /// Unsynced tails cut short by a crash.
        torn: u32,
        /// Synced entries that can't be read.
        damaged: u32,
    },
    /// A message reached the node's protocol.
    Receive {
        /// Which message.
        message: MessageId,
        /// Which of its copies, from 0.
        copy: u16,
        /// What it had become, if bits were flipped on the way.
        #[serde(borrow)]
        corrupted: Option<Said<'a>>,
    },
    /// A timer expired.
    Timer {
        /// Its name.
        #[serde(borrow)]
        timer: Said<'a>,
    },
    /// A client's operation reached the node.
    Command {
        /// Which operation.
        op: OpId,
    },
    /// The disk answered a sync.
    Synced {
        /// The number of the event that asked for it.
        sync: u32,
    },
    /// The node sent a message.
    Send {
        /// Its name.
        message: MessageId,
        /// To whom.
        to: NodeId,
        /// How many copies the network made of it.
        copies: u16,
        /// The message.
        #[serde(borrow)]
        said: Said<'a>,
    },
    /// The node added an entry to a file of its disk.
    Append {
        /// The entry.
        #[serde(borrow)]
        entry: Said<'a>,
    },
    /// The node replaced one file of its disk.
    Rewrite {
        /// The lane whose file it is.
        file: LaneId,
        /// How many entries the new one has.
        entries: u32,
    },
    /// The node called a sync, which makes everything before durable.
    Sync,
    /// The node answered an operation.
    Reply {
        /// Which operation.
        op: OpId,
        /// The answer.
        #[serde(borrow)]
        reply: Said<'a>,
    },
    /// The node noted a fact.
    Fact {
        /// The fact.
        #[serde(borrow)]
        fact: Said<'a>,
    },
    /// An effect was dropped: the node crashed before it, or the run ended while it waited for the disk.
    Dropped {
        /// The kind of effect.
        effect: EffectKind,
        /// The message, if it was a send.
        message: Option<MessageId>,
    },
    /// A copy of a message did not arrive; recorded at its receiver, at its arrival time.
    Lost {
        /// Which message.
        message: MessageId,
        /// Which of its copies, from 0.
        copy: u16,
        /// Why.
        cause: Cause,
    },
    /// A copy of a message arrived so corrupted that it does not decode.
    Garbled {
        /// Which message.
        message: MessageId,
        /// Which of its copies, from 0.
        copy: u16,
    },
    /// A copy of a message is held by a clogged link.
    Held {
        /// Which message.
        message: MessageId,
        /// Which of its copies, from 0.
        copy: u16,
    },
    /// The node was killed.
    Killed {
        /// The number of appends and rewrites that were not durable, and are lost.
        unsynced: u32,
    },
    /// The node was paused.
    Paused,
    /// The pause ended.
    Unpaused,
    /// The disk failed, and the node with it.
    IoError,
    /// A synced entry on the disk of a node that is down cannot be read any more.
    Damaged {
        /// The lane whose file it stands in.
        file: LaneId,
        /// Its place in that file, from 1.
        entry: u32,
    },
    /// A handler panicked, and the node crashed.
    Panicked {
        /// The panic's message.
        reason: Cow<'a, str>,
    },
    /// A client invoked an operation.
    Invoked {
        /// Its operation.
        op: OpId,
        /// The node that it asked.
        to: NodeId,
        /// The command.
        #[serde(borrow)]
        command: Said<'a>,
    },
    /// A client retried an operation.
    Retried {
        /// Its operation.
        op: OpId,
        /// The node that it asked.
        to: NodeId,
        /// The number of the attempt; the first retry is 2.
        attempt: u32,
    },
    /// A client got its answer.
    Returned {
        /// Its operation.
        op: OpId,
        /// The answer.
        #[serde(borrow)]
        reply: Said<'a>,
    },
    /// A client gave up: it never learns whether the operation took effect.
    GaveUp {
        /// Its operation.
        op: OpId,
    },
    /// A planned fault acted.
    Fault {
        /// Its number in the plan, from 1.
        fault: u32,
        /// What it did, with its targets by name.
        what: Cow<'a, str>,
    },
    /// A fault ended.
    FaultEnded {
        /// Its number in the plan, from 1.
        fault: u32,
    },
    /// Quiescence: no more faults, and no new operations of clients.
    Calm,
    /// At the end of the run: what a planned fault touched.
    Touched {
        /// Its number in the plan, from 1.
        fault: u32,
        /// How many messages, nodes or disk answers.
        count: u64,
    },
    /// Time does not advance: too many events at one instant.
    Stuck {
        /// The number of events.
        events: u64,
    },
    /// At the end of the run: a message whose fate was fixed was never sent.
    Unmet {
        /// Which.
        message: MessageId,
    },
    /// At the end of a run with quiescence: something was pending that is not periodic.
    Pending {
        /// The number of messages, timers, disk answers, and clients' operations.
        count: u64,
    },
    /// Just before quiescence: only these nodes are healed then, and the links between them.
    Core {
        /// The nodes, in order.
        nodes: Cow<'a, [NodeId]>,
    },
}

/// Why a copy of a message was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The link lost it.
    Loss,
    /// The link was cut, or was cut while it was under way.
    Partition,
    /// The receiver was down.
    Down,
}

/// The kind of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectKind {
    /// A message.
    Send,
    /// An entry for the disk.
    Append,
    /// A new log for the disk.
    Rewrite,
    /// A sync.
    Sync,
    /// An answer.
    Reply,
    /// A fact.
    Fact,
}

/// A value of a protocol: a message, timer, entry, command, reply or fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<'a> {
    /// Its name.
    pub label: Label<'a>,
    /// The observations in it.
    pub observations: Cow<'a, [Observation]>,
    /// Its content.
    pub body: Body<'a>,
}

/// The name of a value: the variant, and the variant inside it if the outer one is a protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label<'a> {
    /// The outer variant: the protocol's name, if there are several.
    pub outer: Cow<'a, str>,
    /// The inner variant.
    pub inner: Option<Cow<'a, str>>,
}

/// The content of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// In the canonical encoding.
    Encoded(&'a [u8]),
    /// As JSON, for people and for programs that lack the protocol's types.
    Json(Value),
}

impl Label<'_> {
    /// The last word: the variant's own name, without the protocol's.
    #[must_use]
    pub fn word(&self) -> &str {
        self.inner.as_deref().unwrap_or(&self.outer)
    }

    /// Whether the label is written `text`.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        match &self.inner {
            None => text == self.outer,
            Some(inner) => {
                let dot = self.outer.len();
                text.len() == dot + 1 + inner.len()
                    && text.ends_with(&**inner)
                    && text.as_bytes()[dot] == b'.'
                    && text.starts_with(&*self.outer)
            }
        }
    }
}

/// `consensus.promise`, or the one word.
impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.inner {
            None => f.write_str(&self.outer),
            Some(inner) => write!(f, "{}.{inner}", self.outer),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SaidInFull<'a> {
    label: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "<[Observation]>::is_empty")]
    sees: Cow<'a, [Observation]>,
    body: Cow<'a, Value>,
}

/// In the canonical encoding only the body, because the rest follows from it; in JSON everything.
impl Serialize for Said<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (&self.body, serializer.is_human_readable()) {
            (Body::Encoded(bytes), false) => serializer.serialize_bytes(bytes),
            (Body::Json(value), true) => SaidInFull {
                label: Cow::Owned(self.label.to_string()),
                sees: Cow::Borrowed(&self.observations),
                body: Cow::Borrowed(value),
            }
            .serialize(serializer),
            (Body::Encoded(_), true) => Err(ser::Error::custom("a record is decoded before it is written as JSON")),
            (Body::Json(_), false) => Err(ser::Error::custom("JSON is not the canonical encoding")),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Said<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            let bytes = <&'de [u8]>::deserialize(deserializer)?;
            return Ok(Self { label: Label::default(), observations: Cow::Borrowed(&[]), body: Body::Encoded(bytes) });
        }
        let SaidInFull { label, sees, body } = SaidInFull::deserialize(deserializer)?;
        let label = match label.split_once('.') {
            None if label.is_empty() => return Err(de::Error::custom("a label has a name")),
            None => Label { outer: Cow::Owned(label.into_owned()), inner: None },
            Some((outer, inner)) => {
                Label { outer: Cow::Owned(outer.to_owned()), inner: Some(Cow::Owned(inner.to_owned())) }
            }
        };
        Ok(Self { label, observations: Cow::Owned(sees.into_owned()), body: Body::Json(body.into_owned()) })
    }
}

impl<'a> Event<'a> {
    /// The value in it, if any.
    #[must_use]
    pub const fn said(&self) -> Option<&Said<'a>> {
        match self {
            Self::Timer { timer: said }
            | Self::Send { said, .. }
            | Self::Append { entry: said }
            | Self::Reply { reply: said, .. }
            | Self::Fact { fact: said }
            | Self::Invoked { command: said, .. }
            | Self::Returned { reply: said, .. } => Some(said),
            Self::Receive { corrupted, .. } => corrupted.as_ref(),
            Self::Start { .. }
            | Self::Command { .. }
            | Self::Synced { .. }
            | Self::Rewrite { .. }
            | Self::Sync
            | Self::Dropped { .. }
            | Self::Lost { .. }
            | Self::Garbled { .. }
            | Self::Held { .. }
            | Self::Killed { .. }
            | Self::Paused
            | Self::Unpaused
            | Self::IoError
            | Self::Damaged { .. }
            | Self::Panicked { .. }
            | Self::Retried { .. }
            | Self::GaveUp { .. }
            | Self::Fault { .. }
            | Self::FaultEnded { .. }
            | Self::Calm
            | Self::Touched { .. }
            | Self::Stuck { .. }
            | Self::Unmet { .. }
            | Self::Pending { .. }
            | Self::Core { .. } => None,
        }
    }
}
