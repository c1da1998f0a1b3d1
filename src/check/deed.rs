//! Who does what in a record: the node itself, its fate, or the world around it.

use crate::trace::Event;

/// What a record on a node's line says of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// A life begins.
    Start,
    /// It handles a message, a timer or a command: it takes a step.
    Input,
    /// Its disk answers.
    Answer,
    /// It does something.
    Effect,
    /// It dies.
    Death,
    /// It stands still.
    Pause,
    /// It goes on.
    Unpause,
    /// Something happens to it, or around it, and it does nothing: an arrival that failed, an effect that never was,
    /// a client's or the environment's event.
    World,
}

impl Deed {
    /// What `event` is.
    #[inline]
    pub(super) const fn of(event: &Event<'_>) -> Self {
        match event {
            Event::Start { .. } => Self::Start,
            Event::Receive { .. } | Event::Timer { .. } | Event::Command { .. } => Self::Input,
            Event::Synced { .. } => Self::Answer,
            Event::Send { .. }
            | Event::Append { .. }
            | Event::Rewrite { .. }
            | Event::Sync
            | Event::Reply { .. }
            | Event::Fact { .. } => Self::Effect,
            Event::Killed { .. } | Event::IoError | Event::Panicked { .. } => Self::Death,
            Event::Paused => Self::Pause,
            Event::Unpaused => Self::Unpause,
            Event::Dropped { .. }
            | Event::Lost { .. }
            | Event::Garbled { .. }
            | Event::Held { .. }
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
            | Event::Pending { .. } => Self::World,
        }
    }
}
