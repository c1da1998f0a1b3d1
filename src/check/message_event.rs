//! The event in the transmission of a message that a record reports.

use crate::identity::{MessageId, NodeId};
use crate::trace::{Cause, Event};

/// An event of a message, or of one of its copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageEvent {
    /// It was sent.
    Sent { message: MessageId, to: NodeId, copies: u16 },
    /// It was dropped before it was sent.
    Dropped { message: MessageId },
    /// A copy reached the protocol, possibly corrupted.
    Received { message: MessageId, copy: u16, corrupted: bool },
    /// A copy was lost.
    Lost { message: MessageId, copy: u16, cause: Cause },
    /// A copy could not be decoded.
    Garbled { message: MessageId, copy: u16 },
    /// A copy is held on its way.
    Held { message: MessageId, copy: u16 },
}

impl MessageEvent {
    /// The event of a message in `event`, if there is one.
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
            | Event::Damaged { .. }
            | Event::Panicked { .. }
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
            | Event::Pending { .. } => None,
        }
    }
}
