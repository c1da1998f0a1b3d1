//! What a record means for its node's clock.

use std::borrow::Cow;

use crate::clocks::{HybridStamp, Stamp, VectorClock};
use crate::identity::{Boot, EventId, MessageId};
use crate::time::Time;
use crate::trace::{EffectKind, Event};

/// A record of a node, reduced to what clocks depend on. The stamp is the record's own until the record must wait.
#[derive(Clone, Debug)]
pub(super) struct Step<'a> {
    pub(super) time: Time,
    pub(super) id: EventId,
    pub(super) stamp: Option<Cow<'a, Stamp>>,
    pub(super) kind: Kind,
}

/// What happened to the clock.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A new incarnation begins, and ticks.
    Start(Start),
    /// It learns what the message knew, and ticks.
    Hear(Sent),
    /// It learns nothing, and ticks: a timer, a command, a message that had become another.
    Tick(&'static str),
    /// It ticks, and what it knows then travels.
    Send { message: MessageId, copies: u16 },
    /// It ticked, but died before the message left.
    Cut,
    /// What it knows will be durable when the disk answers.
    Sync,
    /// The disk answered this sync.
    Synced(u32),
    /// The handler of the event before panicked: what it would have stamped is not known.
    Panicked,
    /// Nothing.
    Rest,
}

/// What a start was handed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) boot: Boot,
    pub(super) intact: u32,
    pub(super) damaged: u32,
}

/// What the reference and the sender say of a sent message.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) event: EventId,
    /// What the sender knew by the reference.
    pub(super) vector: VectorClock,
    /// The sender's claim.
    pub(super) hybrid: Option<HybridStamp>,
    /// How many copies are under way.
    pub(super) left: u16,
}

impl Kind {
    /// What `event` is; receipts, which need to know what was sent, are not its business.
    pub(super) const fn of(event: &Event<'_>) -> Self {
        match *event {
            Event::Start { boot, intact, torn: _, damaged } => Self::Start(Start { boot, intact, damaged }),
            Event::Receive { .. } => Self::Tick("the receipt of a corrupted message"),
            Event::Timer { .. } => Self::Tick("a timer step"),
            Event::Command { .. } => Self::Tick("a client's command"),
            Event::Send { message, copies, .. } => Self::Send { message, copies },
            Event::Dropped { effect: EffectKind::Send, .. } => Self::Cut,
            Event::Sync => Self::Sync,
            Event::Synced { sync } => Self::Synced(sync),
            Event::Panicked { .. } => Self::Panicked,
            Event::Dropped {
                effect:
                    EffectKind::Append | EffectKind::Rewrite | EffectKind::Sync | EffectKind::Reply | EffectKind::Fact,
                ..
            }
            | Event::Append { .. }
            | Event::Rewrite { .. }
            | Event::Reply { .. }
            | Event::Fact { .. }
            | Event::Lost { .. }
            | Event::Garbled { .. }
            | Event::Held { .. }
            | Event::Killed { .. }
            | Event::Paused
            | Event::Unpaused
            | Event::IoError
            | Event::Invoked { .. }
            | Event::Retried { .. }
            | Event::Returned { .. }
            | Event::GaveUp { .. }
            | Event::Fault { .. }
            | Event::FaultEnded { .. }
            | Event::Calm
            | Event::Touched { .. }
            | Event::Stuck { .. }
            | Event::Unmet { .. }
            | Event::Pending { .. } => Self::Rest,
        }
    }

    /// Whether the clock ticks.
    pub(super) const fn ticks(&self) -> bool {
        match self {
            Self::Start(_) | Self::Hear(_) | Self::Tick(_) | Self::Send { .. } | Self::Cut => true,
            Self::Sync | Self::Synced(_) | Self::Panicked | Self::Rest => false,
        }
    }

    /// Whether a node that stamps must have stamped it. A send that never was need not bear a stamp.
    pub(super) const fn needs_stamp(&self) -> bool {
        match self {
            Self::Start(_) | Self::Hear(_) | Self::Tick(_) | Self::Send { .. } => true,
            Self::Cut | Self::Sync | Self::Synced(_) | Self::Panicked | Self::Rest => false,
        }
    }

    /// The event of another node that it directly follows.
    pub(super) const fn cause(&self) -> Option<EventId> {
        match self {
            Self::Hear(sent) => Some(sent.event),
            Self::Start(_)
            | Self::Tick(_)
            | Self::Send { .. }
            | Self::Cut
            | Self::Sync
            | Self::Synced(_)
            | Self::Panicked
            | Self::Rest => None,
        }
    }

    /// In words, after the event's name: `n2#7, the receipt of what n1#5 sent`.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Start(start) => format!("the start of boot {}", start.boot),
            Self::Hear(sent) => format!("the receipt of what {} sent", sent.event),
            Self::Tick(what) => (*what).to_owned(),
            Self::Send { .. } => "a send".to_owned(),
            Self::Cut => "a send that never was".to_owned(),
            Self::Sync | Self::Synced(_) | Self::Panicked | Self::Rest => "which is no event that ticks".to_owned(),
        }
    }
}

impl Step<'_> {
    /// The same, owning its stamp: a record is lent for the moment only.
    pub(super) fn into_owned(self) -> Step<'static> {
        let Self { time, id, stamp, kind } = self;
        Step { time, id, stamp: stamp.map(|stamp| Cow::Owned(stamp.into_owned())), kind }
    }
}
