//! What the replicated log costs its clients and its network.

use std::collections::{BTreeMap, BTreeSet};

use super::deaths::decoded;
use crate::identity::OpId;
use crate::node::Fact;
use crate::observation::Slot;
use crate::protocols::CONSENSUS;
use crate::protocols::consensus::ConsensusFact;
use crate::time::{Span, Time};
use crate::trace::{Body, Event, Trace};

/// What was decided in some runs, and how long it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// How long clients waited for each answer, in order.
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
                && message.lane == CONSENSUS
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

    /// How many operations were answered.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.waits.len() as u64
    }

    /// How many slots were decided.
    #[must_use]
    pub const fn slots(&self) -> u64 {
        self.slots
    }

    /// How many messages were sent.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// How many bytes they have, encoded.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The wait that so many percent do not exceed; zero if there was none.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Span {
        let place = (self.answers() * percent).div_ceil(100).saturating_sub(1);
        usize::try_from(place).ok().and_then(|place| self.waits.get(place)).copied().unwrap_or_default()
    }
}
