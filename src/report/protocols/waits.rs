//! How long requests for locks wait, and how many messages they take.

use std::collections::BTreeMap;

use super::crashes::decoded;
use crate::identity::OpId;
use crate::node::Fact;
use crate::protocols::channel::ChannelFact;
use crate::protocols::locks::{LockFact, Locks};
use crate::protocols::{self, FactOf, LaneName};
use crate::time::{Span, Time};
use crate::trace::{Event, Trace};

/// The waits of all granted requests, from the request to the grant, in one or more runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    waits: Vec<Span>,
    messages: u64,
}

impl Waits {
    /// Adds a run.
    pub fn add(&mut self, trace: &Trace) {
        let mut asked: BTreeMap<OpId, Time> = BTreeMap::new();
        for record in trace.raw_records() {
            let Event::Fact { fact } = &record.event else { continue };
            let fact: Fact = decoded(fact);
            if let Fact::Channel(ChannelFact::Sent { lane: LaneName(lane), .. }) = fact {
                self.messages += u64::from(Some(lane) == protocols::lane("locks"));
            } else if let Some(LockFact::Asked { op, .. }) = FactOf::<Locks>::get(&fact) {
                asked.insert(*op, record.time);
            } else if let Some(LockFact::Granted { stamp, .. }) = FactOf::<Locks>::get(&fact) {
                self.waits.extend(asked.remove(&stamp.op).map(|since| record.time.since(since)));
            }
        }
        self.waits.sort_unstable();
    }

    /// The number of granted requests.
    #[must_use]
    pub fn grants(&self) -> u64 {
        self.waits.len() as u64
    }

    /// The number of messages that the lock managers sent.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// The mean wait; zero if there are none.
    #[must_use]
    pub fn mean(&self) -> Span {
        let sum: u64 = self.waits.iter().map(|wait| wait.as_nanos()).sum();
        Span::from_nanos(sum / self.grants().max(1))
    }

    /// A percentile of the waits; zero if there are none.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Span {
        let place = (self.grants() * percent).div_ceil(100).saturating_sub(1);
        usize::try_from(place).ok().and_then(|place| self.waits.get(place)).copied().unwrap_or_default()
    }
}
