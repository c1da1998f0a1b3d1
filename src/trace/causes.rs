//! The causes of events, according to a trace.

use std::collections::{BTreeMap, BTreeSet};

use super::{Event, Record};
use crate::identity::{Actor, EventId, MessageId, OpId};
use crate::time::Time;

/// The causes of every event of a trace.
///
/// A node's or client's event is caused by the one before it in program order, which is the order of their numbers. A
/// receipt is caused by the send, a node's command by the client's call, a client's return by the node's reply, and what
/// the environment does to a node by the fault that acts at that instant. What merely ends on a node's line, such as the
/// loss of a message, is caused but causes nothing; the environment's own events have no order.
#[derive(Clone, Debug, Default)]
pub struct Causes {
    events: BTreeMap<EventId, Known>,
    sends: BTreeMap<MessageId, EventId>,
    /// The last call, and the last reply, of each operation.
    calls: BTreeMap<OpId, EventId>,
    replies: BTreeMap<OpId, EventId>,
    /// The environment's last event, and when.
    environment: Option<(Time, EventId)>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    /// The event's index in the trace.
    place: u64,
    /// Whether the actor itself did it, so that it is a cause of what the actor did later.
    own: bool,
    /// The cause on another line.
    other: Option<EventId>,
}

impl Causes {
    /// Adds the next record.
    pub fn see(&mut self, record: &Record<'_>) {
        let Record { time, id, event, .. } = record;
        let (own, other) = match event {
            Event::Send { message, .. } => {
                self.sends.insert(*message, *id);
                (true, None)
            }
            Event::Invoked { op, .. } | Event::Retried { op, .. } => {
                self.calls.insert(*op, *id);
                (true, None)
            }
            Event::Reply { op, .. } => {
                self.replies.insert(*op, *id);
                (true, None)
            }
            Event::Receive { message, .. } => (true, self.sends.get(message).copied()),
            Event::Lost { message, .. } | Event::Garbled { message, .. } | Event::Held { message, .. } => {
                (false, self.sends.get(message).copied())
            }
            Event::Command { op } => (true, self.calls.get(op).copied()),
            Event::Returned { op, .. } => (true, self.replies.get(op).copied()),
            Event::Start { .. }
            | Event::Killed { .. }
            | Event::Paused
            | Event::Unpaused
            | Event::IoError
            | Event::Damaged { .. } => {
                let now = self.environment.filter(|(then, _)| then == time);
                (true, now.map(|(_, fault)| fault))
            }
            Event::Fault { .. } | Event::FaultEnded { .. } => {
                self.environment = Some((*time, *id));
                (false, None)
            }
            Event::Dropped { .. }
            | Event::Calm
            | Event::Core { .. }
            | Event::Touched { .. }
            | Event::Stuck { .. }
            | Event::Unmet { .. }
            | Event::Pending { .. } => (false, None),
            Event::Timer { .. }
            | Event::Synced { .. }
            | Event::Append { .. }
            | Event::Rewrite { .. }
            | Event::Sync
            | Event::Fact { .. }
            | Event::Panicked { .. }
            | Event::GaveUp { .. } => (true, None),
        };
        let place = self.events.len() as u64;
        self.events.insert(*id, Known { place, own, other });
    }

    /// The direct causes of an event: its actor's previous event, and an event of another actor.
    pub fn of(&self, event: EventId) -> impl Iterator<Item = EventId> {
        let before = match event.actor {
            Actor::Environment => None,
            Actor::Node(_) | Actor::Client(_) => self.before(event),
        };
        let other = self.events.get(&event).and_then(|known| known.other);
        before.into_iter().chain(other)
    }

    /// Whether the actor itself did it, so that it is a cause of what the actor did later.
    #[must_use]
    pub fn is_own(&self, event: EventId) -> bool {
        self.events.get(&event).is_some_and(|known| known.own)
    }

    /// The actor's own previous event.
    fn before(&self, event: EventId) -> Option<EventId> {
        let first = EventId { actor: event.actor, number: 0 };
        let mut earlier = self.events.range(first..event).rev();
        earlier.find(|(_, known)| known.own).map(|(id, _)| *id)
    }

    /// The known causal past of events, including them: the last `most` in the order of the trace.
    #[must_use]
    pub fn past(&self, events: impl IntoIterator<Item = EventId>, most: usize) -> Vec<EventId> {
        let placed = |id: EventId| Some((self.events.get(&id)?.place, id));
        let mut open: BTreeSet<(u64, EventId)> = events.into_iter().filter_map(placed).collect();
        let mut past = Vec::new();
        while past.len() < most {
            let Some((_, last)) = open.pop_last() else { break };
            past.push(last);
            open.extend(self.of(last).filter_map(placed));
        }
        past.reverse();
        past
    }
}
