//! Counts what happened in a run: messages by lane, facts by label, what each planned fault touched.

use std::cmp::Ordering;

use super::passage::Passage;
use super::slots::Slots;
use crate::identity::LaneId;
use crate::trace::{Cause, Event, Label, Record};

/// How much of everything a run had, from its records; for reports, and to tell whether a green proves anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// All records.
    pub records: u64,
    /// Nodes' starts.
    pub starts: u64,
    /// Nodes' deaths: killed, by an io error, by a panic.
    pub deaths: u64,
    /// Clients' operations.
    pub operations: OperationCount,
    lanes: Slots<LaneCount>,
    facts: Vec<Labelled>,
    faults: Slots<FaultCount>,
}

/// What became of clients' operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperationCount {
    /// Asked.
    pub invoked: u64,
    /// Asked again.
    pub retried: u64,
    /// Answered.
    pub returned: u64,
    /// Given up.
    pub given_up: u64,
}

/// What became of the messages of one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneCount {
    /// Messages sent.
    pub sent: u64,
    /// Messages that were to be sent when their sender died.
    pub dropped: u64,
    /// Copies received, those that were corrupted included.
    pub received: u64,
    /// Copies received with bits flipped.
    pub corrupted: u64,
    /// Copies that were no message any more.
    pub garbled: u64,
    /// Copies lost by chance.
    pub lost: u64,
    /// Copies lost at a cut link.
    pub cut: u64,
    /// Copies lost because the receiver was down.
    pub missed: u64,
    /// Copies held by a clogged link.
    pub held: u64,
    /// Copies that the network made beyond the first.
    pub doubled: u64,
}

/// What one planned fault did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultCount {
    /// How often it acted.
    pub acted: u64,
    /// How many messages, nodes or disk answers it touched.
    pub touched: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Labelled {
    outer: String,
    inner: Option<String>,
    count: u64,
}

impl Census {
    /// Counts one record.
    pub fn see(&mut self, record: &Record<'_>) {
        self.records += 1;
        if let Some(passage) = Passage::of(&record.event) {
            self.passage(passage);
            return;
        }
        match &record.event {
            Event::Start { .. } => self.starts += 1,
            Event::Killed { .. } | Event::IoError | Event::Panicked { .. } => self.deaths += 1,
            Event::Invoked { .. } => self.operations.invoked += 1,
            Event::Retried { .. } => self.operations.retried += 1,
            Event::Returned { .. } => self.operations.returned += 1,
            Event::GaveUp { .. } => self.operations.given_up += 1,
            Event::Fact { fact } => self.fact(&fact.label),
            Event::Fault { fault, .. } => self.faults.at(*fault as usize).acted += 1,
            Event::Touched { fault, count } => self.faults.at(*fault as usize).touched += count,
            Event::Receive { .. }
            | Event::Timer { .. }
            | Event::Command { .. }
            | Event::Synced { .. }
            | Event::Send { .. }
            | Event::Append { .. }
            | Event::Rewrite { .. }
            | Event::Sync
            | Event::Reply { .. }
            | Event::Dropped { .. }
            | Event::Lost { .. }
            | Event::Garbled { .. }
            | Event::Held { .. }
            | Event::Paused
            | Event::Unpaused
            | Event::FaultEnded { .. }
            | Event::Calm
            | Event::Stuck { .. } => {}
        }
    }

    /// What became of the messages of `lane`.
    #[must_use]
    pub fn lane(&self, lane: LaneId) -> LaneCount {
        self.lanes.get(lane.index()).copied().unwrap_or_default()
    }

    /// What the `fault`-th fault of the plan did, from 1.
    #[must_use]
    pub fn fault(&self, fault: u32) -> FaultCount {
        self.faults.get(fault as usize).copied().unwrap_or_default()
    }

    /// The labels of the facts that were noted, in order, and how many there were of each.
    pub fn facts(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        self.facts.iter().map(|fact| (fact.name(), fact.count))
    }

    /// How many facts with this label were noted: `locks.deferred`.
    #[must_use]
    pub fn facts_of(&self, label: &str) -> u64 {
        self.facts.iter().filter(|fact| fact.name() == label).map(|fact| fact.count).sum()
    }

    fn passage(&mut self, passage: Passage) {
        match passage {
            Passage::Sent { message, copies, .. } => {
                let lane = self.lanes.at(message.lane.index());
                lane.sent += 1;
                lane.doubled += u64::from(copies.saturating_sub(1));
            }
            Passage::Dropped { message } => self.lanes.at(message.lane.index()).dropped += 1,
            Passage::Received { message, corrupted, .. } => {
                let lane = self.lanes.at(message.lane.index());
                lane.received += 1;
                lane.corrupted += u64::from(corrupted);
            }
            Passage::Garbled { message, .. } => self.lanes.at(message.lane.index()).garbled += 1,
            Passage::Held { message, .. } => self.lanes.at(message.lane.index()).held += 1,
            Passage::Lost { message, cause, .. } => {
                let lane = self.lanes.at(message.lane.index());
                match cause {
                    Cause::Loss => lane.lost += 1,
                    Cause::Partition => lane.cut += 1,
                    Cause::Down => lane.missed += 1,
                }
            }
        }
    }

    fn fact(&mut self, label: &Label<'_>) {
        match self.facts.binary_search_by(|fact| fact.order(label)) {
            Ok(place) => self.facts[place].count += 1,
            Err(place) => {
                let (outer, inner) = (label.outer.to_string(), label.inner.as_ref().map(ToString::to_string));
                self.facts.insert(place, Labelled { outer, inner, count: 1 });
            }
        }
    }
}

impl Labelled {
    fn order(&self, label: &Label<'_>) -> Ordering {
        (self.outer.as_str(), self.inner.as_deref()).cmp(&(&label.outer, label.inner.as_deref()))
    }

    fn name(&self) -> String {
        self.inner.as_ref().map_or_else(|| self.outer.clone(), |inner| format!("{}.{inner}", self.outer))
    }
}
