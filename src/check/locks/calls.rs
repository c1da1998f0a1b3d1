//! What clients ask of the lock manager and of the guarded register, until they have an answer.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use crate::identity::{EventId, OpId};
use crate::observation::{LockCall, LockSeen, Observation};
use crate::trace::{Event, Record};

/// Calls that are open, each with where it was made. One that its client gave up stays: its node may have been paused.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls(BTreeMap<OpId, (LockCall, EventId)>);

impl Calls {
    /// Takes in what a client does.
    #[inline]
    pub(super) fn see(&mut self, record: &Record<'_>) {
        if let Event::Invoked { op, command, .. } = &record.event {
            for seen in command.observations.iter() {
                if let Observation::Lock(LockSeen::Called { call }) = seen {
                    self.0.insert(*op, (call.clone(), record.id));
                }
            }
        } else if let Event::Returned { op, .. } = &record.event {
            self.0.remove(op);
        }
    }

    /// What an operation asks, and where it was asked.
    pub(super) fn get(&self, op: OpId) -> Option<(&LockCall, EventId)> {
        self.0.get(&op).map(|(call, event)| (call, *event))
    }

    /// Writes what is remembered, without the events that told of it.
    pub(super) fn memory(&self, mut state: &mut dyn Hasher) {
        self.0.iter().for_each(|(op, (call, _))| (op, call).hash(&mut state));
    }

    /// Whether such an event can change its memory.
    pub(super) const fn heeds(event: &Event<'_>) -> bool {
        matches!(event, Event::Invoked { .. } | Event::Returned { .. })
    }
}
