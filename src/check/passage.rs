//! What a record tells of a message on its way.

use crate::identity::{MessageId, NodeId};
use crate::trace::{Cause, Event};

/// A step in the life of a message, or of one of its copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// It was sent.
    Sent { message: MessageId, to: NodeId, copies: u16 },
    /// It was to be sent, and never was.
    Dropped { message: MessageId },
    /// A copy reached the protocol, perhaps with bits flipped.
    Received { message: MessageId, copy: u16, corrupted: bool },
    /// A copy was lost.
    Lost { message: MessageId, copy: u16, cause: Cause },
    /// A copy was no message any more.
    Garbled { message: MessageId, copy: u16 },
    /// A copy is held on its way.
    Held { message: MessageId, copy: u16 },
}

impl Passage {
    /// What `event` tells of a message, if it speaks of one.
    #[inline]
    pub(super) const fn of(event: &Event<'_>) -> Option<Self> {
        match *event {
            Event::Send { message, to, copies, .. } => Some(Self::Sent { message, to, copies }),
            Event::Dropped { message: Some(message), .. } => Some(Self::Dropped { message }),
            Event::Receive { message, copy, ref corrupted } => {
                Some(Self::Received { message, copy, corrupted: corrupted.is_some() })
            }
            Event::Lost { message, copy, cause } => Some(Self::Lost { message, copy, cause }),
            Event::Garbled { message, copy } => Some(Self::Garbled { message, copy }),
            Event::Held { message, copy } => Some(Self::Held { message, copy }),
            Event::Start { .. }
            | Event::Timer { .. }
            | Event::Command { .. }
            | Event::Synced { .. }
            | Event::Append { .. }
            | Event::Rewrite { .. }
            | Event::Sync
            | Event::Reply { .. }
            | Event::Fact { .. }
            | Event::Dropped { message: None, .. }
            | Event::Killed { .. }
            | Event::Paused
            | Event::Unpaused
            | Event::IoError
            | Event::Panicked { .. }
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
            | Event::Pending { .. } => None,
        }
    }
}
