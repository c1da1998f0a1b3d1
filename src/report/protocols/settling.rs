//! How long the replicated log takes after quiescence to decide what is open then.

use std::collections::{BTreeMap, BTreeSet};

use super::crashes::decoded;
use super::{millis, tenths};
use crate::check;
use crate::identity::{Actor, NodeId, OpId};
use crate::node::{Fact, Settings};
use crate::observation::Slot;
use crate::protocols::consensus::ConsensusFact;
use crate::run;
use crate::scenario::Resolved;
use crate::time::{Span, Time};
use crate::trace::{Event, Record, Trace};

/// How long operations and slots that were open at quiescence took, in some runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settling {
    /// Sorted.
    waits: Vec<Span>,
    /// The greatest ratio of a wait to its bound, in thousandths.
    share: u64,
    /// The greatest bound of a run.
    bound: Span,
}

/// The open operations and slots while a trace is read.
#[derive(Default)]
struct Open {
    quiescence: Option<Time>,
    /// By operation: the nodes that hold it; since when one has held it without a crash.
    held: BTreeMap<OpId, (BTreeSet<NodeId>, Option<Time>)>,
    slots: BTreeSet<Slot>,
    decided: BTreeSet<Slot>,
    applied: BTreeSet<OpId>,
    waits: Vec<Span>,
}

impl Settling {
    /// Adds a run, if it has quiescence and a replicated log.
    pub fn add(&mut self, resolved: &Resolved, trace: &Trace) {
        let mut open = Open::default();
        for record in trace.raw_records() {
            open.see(&record);
        }
        let Some(bound) = bound(resolved) else { return };
        self.bound = self.bound.max(bound);
        for wait in open.waits {
            self.share = self.share.max(wait.as_nanos().saturating_mul(1_000) / bound.as_nanos().max(1));
            self.waits.push(wait);
        }
        self.waits.sort_unstable();
    }

    /// The row of the report for this scenario.
    #[must_use]
    pub fn row(&self, scenario: &str) -> String {
        format!(
            "| {scenario} | {} | {} | {} | {} | {} % | {} |\n",
            self.count(),
            millis(self.percentile(50)),
            millis(self.percentile(99)),
            millis(self.percentile(100)),
            tenths(self.share()),
            millis(self.bound()),
        )
    }

    /// The number of open operations and slots.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.waits.len() as u64
    }

    /// The greatest ratio of a wait to its bound, in thousandths.
    #[must_use]
    pub const fn share(&self) -> u64 {
        self.share
    }

    /// The greatest bound of a run; it grows with the number of open operations.
    #[must_use]
    pub const fn bound(&self) -> Span {
        self.bound
    }

    /// A percentile of the waits; zero if nothing was open.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Span {
        let place = (self.count() * percent).div_ceil(100).saturating_sub(1);
        usize::try_from(place).ok().and_then(|place| self.waits.get(place)).copied().unwrap_or_default()
    }
}

/// The bound on the time to decide everything, if there is a replicated log.
fn bound(resolved: &Resolved) -> Option<Span> {
    let settings: Settings = serde_json::from_value(resolved.settings().clone()).ok()?;
    settings.consensus?;
    let due = run::codex().deadlines(resolved).due(check::TERMINATION.name)?;
    Some(due.since(resolved.setup.quiescence))
}

impl Open {
    fn see(&mut self, record: &Record<'_>) {
        let now = record.time;
        if matches!(record.event, Event::Calm) {
            self.calmed(now);
        } else if let Event::GaveUp { op } = record.event {
            self.held.remove(&op);
        }
        let Actor::Node(node) = record.id.actor else { return };
        if let Event::Command { op } = record.event
            && !self.applied.contains(&op)
        {
            let (nodes, since) = self.held.entry(op).or_default();
            nodes.insert(node);
            if self.quiescence.is_some() {
                since.get_or_insert(now);
            }
        } else if matches!(record.event, Event::Killed { .. } | Event::Panicked { .. }) {
            self.held.values_mut().for_each(|(nodes, _)| _ = nodes.remove(&node));
        } else if let Event::Fact { fact } = &record.event
            && let Fact::Consensus(fact) = decoded(fact)
        {
            self.told(&fact, now);
        }
    }

    fn calmed(&mut self, now: Time) {
        self.quiescence = Some(now);
        self.held.values_mut().filter(|(nodes, _)| !nodes.is_empty()).for_each(|(_, since)| *since = Some(now));
    }

    fn told(&mut self, fact: &ConsensusFact, now: Time) {
        if let ConsensusFact::Proposed { bid, .. } = fact {
            if self.quiescence.is_none() && !self.decided.contains(&bid.slot) {
                self.slots.insert(bid.slot);
            }
        } else if let ConsensusFact::Committed { bid } = fact {
            self.decided.insert(bid.slot);
            if self.slots.remove(&bid.slot) {
                self.waits.extend(self.quiescence.map(|quiescence| now.since(quiescence)));
            }
        } else if let ConsensusFact::Applied { done, refused, .. } = fact {
            for op in done.iter().chain(refused.iter().map(|(op, _)| op)) {
                self.applied.insert(*op);
                if let Some((_, Some(since))) = self.held.remove(op) {
                    self.waits.push(now.since(since));
                }
            }
        }
    }
}
