//! Classifies the events of a node: its own actions, its starts and crashes, and everything around it.

use crate::trace::Event;

/// The class of an event in a node's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventClass {
    /// An incarnation starts.
    Start,
    /// The node handles a message, a timer or a command in a step.
    Input,
    /// Its disk answers.
    Answer,
    /// The node performs an effect.
    Effect,
    /// The node crashes.
    Death,
    /// The node is paused.
    Pause,
    /// The node resumes.
    Unpause,
    /// An event at the node in which the node does nothing: a failed arrival, a dropped effect, or an event of a client
    /// or the environment.
    World,
}

impl EventClass {
    /// The class of `event`.
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
            | Event::Damaged { .. }
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
            | Event::Core { .. }
            | Event::Touched { .. }
            | Event::Stuck { .. }
            | Event::Unmet { .. }
            | Event::Pending { .. } => Self::World,
        }
    }
}
