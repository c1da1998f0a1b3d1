//! Clients' calls of the lock manager, until they are answered.

use std::collections::BTreeMap;

use crate::check::Witness;
use crate::identity::{EventId, OpId};
use crate::observation::{LockCall, LockSeen, Observation};
use crate::trace::{Event, Kinds, Record};

/// Open calls, each with its event. A call that its client gave up remains, because its node may have been paused.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Calls(BTreeMap<OpId, (LockCall, Witness<EventId>)>);

impl Calls {
    /// The kinds of records that it needs.
    pub(super) const WANTS: Kinds = Kinds::LOCK_CALLED.with(Kinds::RETURNED);

    /// Processes a client's record.
    #[inline]
    pub(super) fn see(&mut self, record: &Record<'_>) {
        if let Event::Invoked { op, command, .. } = &record.event {
            for seen in command.observations.iter() {
                if let Observation::Lock(LockSeen::Called { call }) = seen {
                    self.0.insert(*op, (call.clone(), Witness(record.id)));
                }
            }
        } else if let Event::Returned { op, .. } = &record.event {
            self.0.remove(op);
        }
    }

    /// The call of an operation, and its event.
    pub(super) fn get(&self, op: OpId) -> Option<(&LockCall, EventId)> {
        self.0.get(&op).map(|(call, event)| (call, **event))
    }
}
