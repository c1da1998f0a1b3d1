//! What the replicated log costs its clients and its network.

use std::collections::{BTreeMap, BTreeSet};

use super::crashes::decoded;
use crate::identity::OpId;
use crate::node::Fact;
use crate::observation::Slot;
use crate::protocols;
use crate::protocols::consensus::ConsensusFact;
use crate::time::{Span, Time};
use crate::trace::{Body, Event, Trace};

/// The decisions of some runs, and their waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// How long clients waited for each answer, sorted.
    waits: Vec<Span>,
    slots: u64,
    messages: u64,
    bytes: u64,
}

impl Decisions {
    /// Adds a run.
    pub fn add(&mut self, trace: &Trace) {
        let mut asked: BTreeMap<OpId, Time> = BTreeMap::new();
        let mut slots: BTreeSet<Slot> = BTreeSet::new();
        for record in trace.raw_records() {
            if let Event::Invoked { op, .. } = record.event {
                asked.insert(op, record.time);
            } else if let Event::Returned { op, .. } = record.event {
                self.waits.extend(asked.remove(&op).map(|since| record.time.since(since)));
            } else if let Event::Send { message, said, .. } = &record.event
                && Some(message.lane) == protocols::lane("consensus")
                && let Body::Encoded(bytes) = said.body
            {
                self.messages += 1;
                self.bytes += bytes.len() as u64;
            } else if let Event::Fact { fact } = &record.event
                && let Fact::Consensus(ConsensusFact::Committed { bid }) = decoded(fact)
            {
                slots.insert(bid.slot);
            }
        }
        self.slots += slots.len() as u64;
        self.waits.sort_unstable();
    }

    /// The number of answered operations.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.waits.len() as u64
    }

    /// The number of decided slots.
    #[must_use]
    pub const fn slots(&self) -> u64 {
        self.slots
    }

    /// The number of messages sent.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// The number of encoded bytes in them.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A percentile of the waits; zero if there are none.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Span {
        let place = (self.answers() * percent).div_ceil(100).saturating_sub(1);
        usize::try_from(place).ok().and_then(|place| self.waits.get(place)).copied().unwrap_or_default()
    }
}
