//! How long requests for locks wait, and how many messages they take.

use std::collections::BTreeMap;

use crate::identity::OpId;
use crate::observation::{ChannelSeen, LockSeen, Observation};
use crate::protocols::LOCKS;
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
        for record in trace.records() {
            let Event::Fact { fact } = &record.event else { continue };
            for seen in fact.observations.iter() {
                match seen {
                    Observation::Lock(LockSeen::Asked { op, .. }) => _ = asked.insert(*op, record.time),
                    Observation::Lock(LockSeen::Granted { stamp, .. }) => {
                        self.waits.extend(asked.remove(&stamp.op).map(|since| record.time.since(since)));
                    }
                    Observation::Channel(ChannelSeen::Sent { lane: LOCKS, .. }) => self.messages += 1,
                    Observation::Lock(
                        LockSeen::Requested { .. }
                        | LockSeen::Deferred { .. }
                        | LockSeen::Released { .. }
                        | LockSeen::Withdrawn { .. }
                        | LockSeen::Refused { .. }
                        | LockSeen::Guarded { .. }
                        | LockSeen::Fenced { .. },
                    )
                    | Observation::Channel(_)
                    | Observation::Broadcast { .. }
                    | Observation::Compared { .. }
                    | Observation::Delivered { .. }
                    | Observation::Forged
                    | Observation::Resumed { .. } => {}
                }
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
