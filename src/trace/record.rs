//! One record of a trace: what happened, when, to whom; in words that need no protocol's types.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::Value;

use crate::clocks::Stamp;
use crate::identity::{Boot, EventId, MessageId, NodeId, OpId};
use crate::observation::Observation;
use crate::time::Time;

/// One record. It borrows from the kernel while a run is under way, and from the trace's bytes when it is read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record<'a> {
    /// When it happened, in global virtual time.
    pub time: Time,
    /// Its name: whose event, and that one's own count. For effects it is given at the call: by these numbers a node's
    /// events stand in program order, also where a sync delayed them.
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
    /// A node started, and was handed so many entries from its disk.
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
    /// A timer ran out.
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
    /// The node added an entry to its disk's log.
    Append {
        /// The entry.
        #[serde(borrow)]
        entry: Said<'a>,
    },
    /// The node replaced its disk's log.
    Rewrite {
        /// How many entries the new one has.
        entries: u32,
    },
    /// The node asked its disk to make durable all before.
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
    /// An effect that never came to be: the node died before it, or the run ended while it waited for the disk.
    Dropped {
        /// What it would have been.
        effect: EffectKind,
        /// The message, if it was a send.
        message: Option<MessageId>,
    },
    /// A copy of a message did not arrive; recorded with its receiver, when it would have.
    Lost {
        /// Which message.
        message: MessageId,
        /// Which of its copies, from 0.
        copy: u16,
        /// Why.
        cause: Cause,
    },
    /// A copy of a message arrived so corrupted that it was none any more.
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
    /// The node died.
    Killed {
        /// How many appends and rewrites were not durable, and are gone.
        unsynced: u32,
    },
    /// The node stands still.
    Paused,
    /// The node goes on.
    Unpaused,
    /// The disk failed, and the node with it.
    IoError,
    /// A handler panicked, and the node is dead.
    Panicked {
        /// What the panic said.
        reason: Cow<'a, str>,
    },
    /// A client asked.
    Invoked {
        /// Its operation.
        op: OpId,
        /// Whom it asked.
        to: NodeId,
        /// What it asked.
        #[serde(borrow)]
        command: Said<'a>,
    },
    /// A client asked again.
    Retried {
        /// Its operation.
        op: OpId,
        /// Whom it asked.
        to: NodeId,
        /// The how-many-eth attempt this is; the first retry is 2.
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
    /// A client gave up: whether the operation happened, it never learns.
    GaveUp {
        /// Its operation.
        op: OpId,
    },
    /// A planned fault acted.
    Fault {
        /// Its place in the plan, from 1.
        fault: u32,
        /// What it did, with its targets by name.
        what: Cow<'a, str>,
    },
    /// A fault ended.
    FaultEnded {
        /// Its place in the plan, from 1.
        fault: u32,
    },
    /// Faults and clients' new operations have ended for good.
    Calm,
    /// At the end of the run: what a planned fault touched.
    Touched {
        /// Its place in the plan, from 1.
        fault: u32,
        /// How many messages, nodes or disk answers.
        count: u64,
    },
    /// The time does not advance any more: too many events at one instant.
    Stuck {
        /// How many events there were.
        events: u64,
    },
    /// At the end of the run: a message whose fate was fixed was never sent.
    Unmet {
        /// Which.
        message: MessageId,
    },
    /// At the end of a run that was quiescent, and yet had not come to rest: something was pending that is not periodic.
    Pending {
        /// How many messages, timers, disk answers, and clients' operations.
        count: u64,
    },
}

/// Why a copy of a message was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// By chance, as links do.
    Loss,
    /// The link was cut, or was cut while it was under way.
    Partition,
    /// The receiver was down.
    Down,
}

/// What an effect is.
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

/// What a protocol said, in its own words: a message, timer, entry, command, reply or fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<'a> {
    /// Its name.
    pub label: Label<'a>,
    /// What checkers see in it.
    pub observations: Cow<'a, [Observation]>,
    /// The whole of it.
    pub body: Body<'a>,
}

/// The name of what was said: the variant, and the variant inside it where one protocol of several speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label<'a> {
    /// The outer variant: the protocol's name where several speak.
    pub outer: Cow<'a, str>,
    /// The inner variant.
    pub inner: Option<Cow<'a, str>>,
}

/// The whole of what was said.
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

    /// Whether this is the label that is written `text`.
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

/// In the canonical encoding the body alone, since all else follows from it; in JSON all of it.
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
    /// What was said in it, if anything was.
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
            | Self::Panicked { .. }
            | Self::Retried { .. }
            | Self::GaveUp { .. }
            | Self::Fault { .. }
            | Self::FaultEnded { .. }
            | Self::Calm
            | Self::Touched { .. }
            | Self::Stuck { .. }
            | Self::Unmet { .. }
            | Self::Pending { .. } => None,
        }
    }
}
