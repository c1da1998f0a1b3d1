//! How long requests for locks wait, and how many messages they take.

use std::collections::BTreeMap;

use super::deaths::decoded;
use crate::identity::OpId;
use crate::node::Fact;
use crate::protocols::channel::ChannelFact;
use crate::protocols::locks::LockFact;
use crate::protocols::{LOCKS, LaneName};
use crate::time::{Span, Time};
use crate::trace::{Event, Trace};

/// The waits of every request that was granted, from its asking on, in one or more runs.
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
            match decoded(fact) {
                Fact::Locks(LockFact::Asked { op, .. }) => _ = asked.insert(op, record.time),
                Fact::Locks(LockFact::Granted { stamp, .. }) => {
                    self.waits.extend(asked.remove(&stamp.op).map(|since| record.time.since(since)));
                }
                Fact::Channel(ChannelFact::Sent { lane: LaneName(LOCKS), .. }) => self.messages += 1,
                Fact::Locks(
                    LockFact::Recovered { .. }
                    | LockFact::Requested { .. }
                    | LockFact::Deferred { .. }
                    | LockFact::Released { .. }
                    | LockFact::Withdrawn { .. }
                    | LockFact::Refused { .. }
                    | LockFact::Abandoned { .. },
                )
                | Fact::Channel(_)
                | Fact::Register(_)
                | Fact::Consensus(_) => {}
            }
        }
        self.waits.sort_unstable();
    }

    /// How many requests were granted.
    #[must_use]
    pub fn grants(&self) -> u64 {
        self.waits.len() as u64
    }

    /// How many messages the lock managers sent.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// The mean wait; zero if there was none.
    #[must_use]
    pub fn mean(&self) -> Span {
        let sum: u64 = self.waits.iter().map(|wait| wait.as_nanos()).sum();
        Span::from_nanos(sum / self.grants().max(1))
    }

    /// The wait that so many percent do not exceed; zero if there was none.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Span {
        let place = (self.grants() * percent).div_ceil(100).saturating_sub(1);
        usize::try_from(place).ok().and_then(|place| self.waits.get(place)).copied().unwrap_or_default()
    }
}
