//! Kinds of records, as sets: what a checker wants to be shown.

use super::Event;

/// A set of kinds of records, by what happened.
///
/// ```
/// use stemmata::trace::{Event, Kinds};
/// let wanted = Kinds::FACT.with(Kinds::DEATHS);
/// assert!(wanted.has(&Event::IoError) && !wanted.has(&Event::Sync));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u32);

/// A constant for each kind, and which one an event is of.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $place:literal: $event:pat,)+) => {
        impl Kinds {
            $($(#[$doc])* pub const $kind: Self = Self(1 << $place);)+
            /// All kinds.
            pub const ALL: Self = Self(0 $(| 1 << $place)+);

            /// The kind of an event.
            #[inline]
            #[must_use]
            pub const fn of(event: &Event<'_>) -> Self {
                match event {
                    $($event => Self::$kind,)+
                }
            }
        }
    };
}

kinds! {
    /// A node started.
    START = 0: Event::Start { .. },
    /// A message reached a node's protocol.
    RECEIVE = 1: Event::Receive { .. },
    /// A timer ran out.
    TIMER = 2: Event::Timer { .. },
    /// A client's operation reached a node.
    COMMAND = 3: Event::Command { .. },
    /// A disk answered.
    SYNCED = 4: Event::Synced { .. },
    /// A message was sent.
    SEND = 5: Event::Send { .. },
    /// An entry was written.
    APPEND = 6: Event::Append { .. },
    /// A log was replaced.
    REWRITE = 7: Event::Rewrite { .. },
    /// A disk was asked.
    SYNC = 8: Event::Sync,
    /// A node answered a client.
    REPLY = 9: Event::Reply { .. },
    /// A fact was noted.
    FACT = 10: Event::Fact { .. },
    /// An effect never was.
    DROPPED = 11: Event::Dropped { .. },
    /// A copy was lost.
    LOST = 12: Event::Lost { .. },
    /// A copy was no message any more.
    GARBLED = 13: Event::Garbled { .. },
    /// A copy is held on its way.
    HELD = 14: Event::Held { .. },
    /// A node was killed.
    KILLED = 15: Event::Killed { .. },
    /// A node stands still.
    PAUSED = 16: Event::Paused,
    /// A node goes on.
    UNPAUSED = 17: Event::Unpaused,
    /// A disk failed, and its node with it.
    IO_ERROR = 18: Event::IoError,
    /// A handler panicked.
    PANICKED = 19: Event::Panicked { .. },
    /// A client asked.
    INVOKED = 20: Event::Invoked { .. },
    /// A client asked again.
    RETRIED = 21: Event::Retried { .. },
    /// A client got its answer.
    RETURNED = 22: Event::Returned { .. },
    /// A client gave up.
    GAVE_UP = 23: Event::GaveUp { .. },
    /// A fault acted.
    FAULT = 24: Event::Fault { .. },
    /// A fault ended.
    FAULT_ENDED = 25: Event::FaultEnded { .. },
    /// Quiescence.
    CALM = 26: Event::Calm,
    /// What a fault touched.
    TOUCHED = 27: Event::Touched { .. },
    /// The time does not advance.
    STUCK = 28: Event::Stuck { .. },
    /// A message with a fixed fate was never sent.
    UNMET = 29: Event::Unmet { .. },
    /// Something was pending at the end.
    PENDING = 30: Event::Pending { .. },
}

impl Kinds {
    /// The ends of a node's incarnation.
    pub const DEATHS: Self = Self::KILLED.with(Self::IO_ERROR).with(Self::PANICKED);

    /// These, and those of the other set.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any of the other set is among these.
    #[inline]
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether the event's kind is among these.
    #[inline]
    #[must_use]
    pub const fn has(self, event: &Event<'_>) -> bool {
        self.meets(Self::of(event))
    }
}
