//! What it costs a replica to bring itself up to date.

use super::crashes::decoded;
use crate::codex::Change;
use crate::identity::{Actor, NodeId};
use crate::node::{Body, Entry, Fact, Payload};
use crate::protocols::channel::Frame;
use crate::protocols::replica::ReplicaEntry;
use crate::protocols::sync::{Parts, SyncFact};
use crate::protocols::{self, Datagram};
use crate::time::{Span, Time};
use crate::trace::{Event, Record, Trace};

/// All that passed while a node brought itself up to date, from its first question on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncCosts {
    /// How many messages the two sent, without acknowledgements and hellos.
    messages: u64,
    /// What these said.
    parts: Parts,
    /// How many versions the node lacked.
    needed: u64,
    begun: Option<Time>,
    done: Option<Time>,
}

impl SyncCosts {
    /// The costs of the first sync of a node, which begins before the other's and ends before that begins, where a message
    /// takes `delay`.
    #[must_use]
    pub fn of(trace: &Trace, node: NodeId, delay: Span) -> Self {
        let mut costs = Self::default();
        for record in trace.raw_records() {
            if costs.done.is_some_and(|done| record.time > done + delay.times(3)) {
                break;
            }
            let is_its = record.id.actor == Actor::Node(node);
            if let Event::Send { message, said, .. } = &record.event
                && Some(message.lane) == protocols::lane("sync")
            {
                assert!(is_its || costs.begun.is_some(), "the node asks first");
                costs.begun = costs.begun.or(Some(record.time));
                costs.add(&decoded(said));
            } else if is_its {
                costs.take(&record);
            }
        }
        costs
    }

    /// A message of the two.
    fn add(&mut self, datagram: &Datagram<Body>) {
        let parts = if let Body::Sync(message) = &datagram.body {
            Parts::of(message)
        } else if let Body::Channel(Frame::Data { payload: Payload::Sync(payload), .. }) = &datagram.body {
            Parts::of_payload(payload)
        } else {
            return;
        };
        self.messages += 1;
        self.parts += parts;
    }

    /// What the node did beside that.
    fn take(&mut self, record: &Record<'_>) {
        if let Event::Append { entry } = &record.event
            && let Entry::Replica(ReplicaEntry(Change::Version(_))) = decoded(entry)
        {
            self.needed += 1;
            self.done = None;
        }
        let has_ended = if let Event::Fact { fact } = &record.event {
            matches!(decoded(fact), Fact::Sync(SyncFact::Ended { .. }))
        } else {
            self.needed > 0 && matches!(record.event, Event::Synced { .. })
        };
        if has_ended {
            self.done = Some(record.time);
        }
    }

    /// How many messages were sent.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// What they said.
    #[must_use]
    pub const fn parts(&self) -> &Parts {
        &self.parts
    }

    /// How many versions the node lacked.
    #[must_use]
    pub const fn needed(&self) -> u64 {
        self.needed
    }

    /// How long it took until the node had all of them durably, and the sync had ended unless it is a stream.
    #[must_use]
    pub fn took(&self) -> Span {
        self.begun.zip(self.done).map_or(Span::ZERO, |(begun, done)| done.since(begun))
    }
}
