//! The meaning of a record for its node's clock.

use std::borrow::Cow;

use crate::clocks::{HybridStamp, Stamp, VectorClock};
use crate::identity::{Boot, EventId, Incarnation, MessageId};
use crate::observation::{ChannelSeen, Observation};
use crate::time::Time;
use crate::trace::{EffectKind, Event, Said};

/// A record of a node, reduced to what clocks depend on. The stamp is borrowed from the record until the step must be
/// stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Step<'a> {
    pub(super) time: Time,
    pub(super) id: EventId,
    pub(super) stamp: Option<Cow<'a, Stamp>>,
    pub(super) kind: Kind,
}

/// The effect on the clock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A new incarnation begins, and ticks.
    Start(Start),
    /// It learns the knowledge of the message, and ticks.
    Hear(Box<Sent>),
    /// It learns nothing, and ticks: a timer, a command, or a corrupted message.
    Tick(&'static str),
    /// It ticks, and its knowledge is sent with the message.
    Send { message: MessageId, copies: u16 },
    /// A frame of a channel is sent, which is not an event of the clock.
    Frame { message: MessageId, copies: u16 },
    /// It ticks when a payload is sent on a channel: the payload's ordinal in the session with that incarnation.
    Post { to: Incarnation, number: u64 },
    /// It ticked, but the node crashed before the message left.
    Cut,
    /// It ticked, and may have learnt something, according to its stamp: a payload was sent or delivered, and the node
    /// crashed before it noted that.
    Unsaid,
    /// Its knowledge will be durable when the disk answers.
    Sync,
    /// The disk answered this sync.
    Synced(u32),
    /// The handler of the previous event panicked: its stamp is unknown.
    Panicked,
    /// Nothing.
    Rest,
}

/// The entries that a start found on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Start {
    pub(super) boot: Boot,
    pub(super) intact: u32,
    pub(super) damaged: u32,
}

/// The knowledge in a sent message, by the reference and by the sender.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sent {
    pub(super) event: EventId,
    /// The sender's knowledge by the reference.
    pub(super) vector: VectorClock,
    /// The sender's stamp.
    pub(super) hybrid: Option<HybridStamp>,
    /// The number of copies under way.
    pub(super) left: u16,
    /// Whether it is a frame of a channel, which carries no knowledge.
    pub(super) is_frame: bool,
}

impl Kind {
    /// The kind of `event`, with or without a stamp; not for receipts and deliveries, which depend on what was sent.
    pub(super) fn of(event: &Event<'_>, is_stamped: bool) -> Self {
        match *event {
            Event::Start { boot, intact, torn: _, damaged } => Self::Start(Start { boot, intact, damaged }),
            Event::Receive { .. } => Self::Tick("the receipt of a corrupted message"),
            Event::Timer { .. } => Self::Tick("a timer step"),
            Event::Command { .. } => Self::Tick("a client's command"),
            Event::Send { message, copies, ref said, .. } if is_frame(said) => Self::Frame { message, copies },
            Event::Send { message, copies, .. } => Self::Send { message, copies },
            // A dropped message has no body in the trace: it may be a frame, which has no stamp.
            Event::Dropped { effect: EffectKind::Send, .. } if is_stamped => Self::Cut,
            Event::Dropped { effect: EffectKind::Fact, .. } if is_stamped => Self::Unsaid,
            Event::Fact { ref fact } => Self::of_fact(&fact.observations),
            Event::Sync => Self::Sync,
            Event::Synced { sync } => Self::Synced(sync),
            Event::Panicked { .. } => Self::Panicked,
            Event::Dropped {
                effect:
                    EffectKind::Send
                    | EffectKind::Append
                    | EffectKind::Rewrite
                    | EffectKind::Sync
                    | EffectKind::Reply
                    | EffectKind::Fact,
                ..
            }
            | Event::Append { .. }
            | Event::Rewrite { .. }
            | Event::Reply { .. }
            | Event::Lost { .. }
            | Event::Garbled { .. }
            | Event::Held { .. }
            | Event::Killed { .. }
            | Event::Paused
            | Event::Unpaused
            | Event::IoError
            | Event::Damaged { .. }
            | Event::Invoked { .. }
            | Event::Retried { .. }
            | Event::Returned { .. }
            | Event::GaveUp { .. }
            | Event::Fault { .. }
            | Event::FaultEnded { .. }
            | Event::Calm
            | Event::Core { .. }
            | Event::Touched { .. }
            | Event::Stuck { .. }
            | Event::Unmet { .. }
            | Event::Pending { .. } => Self::Rest,
        }
    }

    fn of_fact(seen: &[Observation]) -> Self {
        let sent = seen.iter().find_map(|seen| match seen {
            Observation::Channel(ChannelSeen::Sent { to, number, .. }) => Some((*to, *number)),
            Observation::Channel(ChannelSeen::Delivered { .. } | ChannelSeen::Reset { .. })
            | Observation::Compared { .. }
            | Observation::Broadcast { .. }
            | Observation::Delivered { .. }
            | Observation::Resumed { .. }
            | Observation::Forged
            | Observation::Replica(_)
            | Observation::Transaction(_)
            | Observation::Lock(_)
            | Observation::Consensus(_)
            | Observation::Store(_) => None,
        });
        sent.map_or(Self::Rest, |(to, number)| Self::Post { to, number })
    }

    /// Whether the clock ticks.
    pub(super) const fn ticks(&self) -> bool {
        match self {
            Self::Start(_) | Self::Hear(_) | Self::Tick(_) | Self::Send { .. } | Self::Post { .. } => true,
            Self::Cut | Self::Unsaid => true,
            Self::Frame { .. } | Self::Sync | Self::Synced(_) | Self::Panicked | Self::Rest => false,
        }
    }

    /// Whether a node that stamps must have stamped it. A dropped send need not have a stamp.
    pub(super) const fn needs_stamp(&self) -> bool {
        match self {
            Self::Start(_) | Self::Hear(_) | Self::Tick(_) | Self::Send { .. } | Self::Post { .. } => true,
            Self::Frame { .. }
            | Self::Unsaid
            | Self::Cut
            | Self::Sync
            | Self::Synced(_)
            | Self::Panicked
            | Self::Rest => false,
        }
    }

    /// The event of another node that directly precedes it.
    pub(super) const fn cause(&self) -> Option<EventId> {
        match self {
            Self::Hear(sent) => Some(sent.event),
            Self::Start(_)
            | Self::Tick(_)
            | Self::Send { .. }
            | Self::Frame { .. }
            | Self::Post { .. }
            | Self::Cut
            | Self::Unsaid
            | Self::Sync
            | Self::Synced(_)
            | Self::Panicked
            | Self::Rest => None,
        }
    }

    /// A text to follow the event's name: `n2#7, the receipt of what n1#5 sent`.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Start(start) => format!("the start of boot {}", start.boot),
            Self::Hear(sent) => format!("the receipt of what {} sent", sent.event),
            Self::Tick(what) => (*what).to_owned(),
            Self::Send { .. } => "a send".to_owned(),
            Self::Post { to, .. } => format!("the sending of a payload to {to}"),
            Self::Cut => "a send that never was".to_owned(),
            Self::Unsaid => "a payload's sending or delivery that was never told".to_owned(),
            Self::Frame { .. } | Self::Sync | Self::Synced(_) | Self::Panicked | Self::Rest => {
                "which is no event that ticks".to_owned()
            }
        }
    }
}

/// Whether a message is a frame of a channel.
pub(super) fn is_frame(said: &Said<'_>) -> bool {
    said.label.outer == "channel"
}

impl Step<'_> {
    /// The same step with an owned stamp: a record is only borrowed.
    pub(super) fn into_owned(self) -> Step<'static> {
        let Self { time, id, stamp, kind } = self;
        Step { time, id, stamp: stamp.map(|stamp| Cow::Owned(stamp.into_owned())), kind }
    }
}
