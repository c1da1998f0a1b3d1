//! Writes out the draws of the seed, faults and operations, as entries of the scenario's file.

use std::collections::BTreeMap;

use crate::identity::{Actor, NodeId, OpId};
use crate::scenario::{FaultEntry, Homes, OperationEntry, Resolved};
use crate::time::{Span, Time};
use crate::trace::{Body, Event, Said, Trace};

/// The planned faults as entries.
pub(super) fn faults(resolved: &Resolved) -> Vec<FaultEntry> {
    let faults = resolved.plan.faults.iter();
    faults
        .map(|planned| FaultEntry { drawn: false, ..FaultEntry::of(planned, resolved.settings(), &resolved.profile) })
        .collect()
}

/// The operations that clients invoked in `trace`, with the timeouts that they had.
pub(super) fn operations(trace: &Trace) -> Vec<OperationEntry> {
    let mut order: Vec<OpId> = Vec::new();
    let mut shown: BTreeMap<OpId, Shown> = BTreeMap::new();
    for record in trace.select(|record| matches!(record.id.actor, Actor::Client(_))) {
        let time = record.time;
        if let Event::Invoked { op, to, command: Said { body: Body::Json(command), .. } } = record.event {
            let entry = OperationEntry::new(op, time.since(Time::ZERO), Homes(vec![to]), command);
            order.push(op);
            shown.insert(op, Shown { entry, last: time, timeout: None, ended: false, lasting: true });
        } else if let Event::Retried { op, to, .. } = record.event {
            shown.entry(op).and_modify(|shown| shown.retried(to, time));
        } else if let Event::GaveUp { op } = record.event {
            shown.entry(op).and_modify(|shown| shown.gave_up(time));
        } else if let Event::Returned { op, .. } = record.event {
            shown.entry(op).and_modify(|shown| shown.ended = true);
        }
    }
    let end = trace.footer.time;
    order.into_iter().filter_map(|op| Some(shown.remove(&op)?.entry(end))).collect()
}

/// A client's attempts of one operation.
struct Shown {
    entry: OperationEntry,
    /// The time of the last attempt.
    last: Time,
    /// The client's timeout, if it expired.
    timeout: Option<Span>,
    ended: bool,
    /// Whether it never gave up.
    lasting: bool,
}

impl Shown {
    fn retried(&mut self, to: NodeId, now: Time) {
        self.waited(now);
        self.entry.to.0.push(to);
    }

    fn gave_up(&mut self, now: Time) {
        self.waited(now);
        self.entry.retries = u32::try_from(self.entry.to.0.len() - 1).unwrap_or(u32::MAX);
        (self.ended, self.lasting) = (true, false);
    }

    fn waited(&mut self, now: Time) {
        self.timeout = Some(now.since(self.last));
        self.last = now;
    }

    /// The entry of an operation of a run that ended at `end`.
    fn entry(mut self, end: Time) -> OperationEntry {
        let waits = end.since(self.last) + Span::from_millis(1);
        if let Some(timeout) = self.timeout {
            self.entry.timeout = timeout;
        } else if !self.ended && waits > self.entry.timeout {
            self.entry.timeout = waits;
        }
        let homes = &mut self.entry.to.0;
        if self.lasting {
            self.entry.retries = self.entry.retries.max(u32::try_from(homes.len()).unwrap_or(u32::MAX));
        }
        // The list of nodes is cyclic, so one round is enough.
        let round = (1..=homes.len()).find(|round| (0..homes.len()).all(|at| homes[at] == homes[at % round]));
        homes.truncate(round.unwrap_or(homes.len()));
        self.entry
    }
}
