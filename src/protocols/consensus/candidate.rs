//! The candidate: it gathers promises, and finds out what may have been decided before.

use std::collections::BTreeMap;

use super::log::Log;
use super::messages::{Report, Reported};
use super::quorum::VoteCount;
use super::spec::Rules;
use super::value::Value;
use crate::identity::NodeId;
use crate::observation::{Ballot, Round, Slot};

/// The reports that a candidate has gathered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Candidate {
    round: Round,
    promises: VoteCount,
    /// For each reported slot: the value that was confirmed under the highest ballot, if any.
    slots: BTreeMap<Slot, Option<(Ballot, Value)>>,
    /// The voter that has compacted the most slots, and the last of these slots: its state has to be fetched first.
    behind: Option<(Slot, NodeId)>,
}

/// The state of an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ElectionState {
    /// A quorum is still missing.
    Open,
    /// A quorum has promised, but slots that may be decided are available only as a state, from this node.
    FetchFirst(NodeId),
    /// A quorum has promised.
    Elected,
}

/// What an elected candidate has to settle before it proposes anything new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recovery {
    /// The highest slot that any report or this node's log mentions.
    pub(super) highest: Slot,
    /// The open slots up to it, in order, with the value that may have been decided, if any.
    pub(super) slots: Vec<(Slot, Option<Value>)>,
}

impl Candidate {
    pub(super) fn new(round: Round) -> Self {
        Self { round, promises: VoteCount::default(), slots: BTreeMap::new(), behind: None }
    }

    pub(super) const fn round(&self) -> Round {
        self.round
    }

    /// A voter has promised a round; returns whether the promise counts.
    pub(super) fn on_promise(&mut self, from: NodeId, round: Round, report: &Report, rules: &Rules) -> bool {
        if self.round != round || !self.promises.add(from) {
            return false;
        }
        if report.compacted > self.behind.map_or(Slot::default(), |(slot, _)| slot) {
            self.behind = Some((report.compacted, from));
        }
        // Flaw k09: the lowest ballot counts.
        let lowest = rules.flaws.k09;
        for (slot, reported) in &report.slots {
            let known = self.slots.entry(*slot).or_default();
            if let Reported::Confirmed(ballot, value) = reported
                && known.as_ref().is_none_or(|(highest, _)| (ballot > highest) != lowest)
            {
                *known = Some((*ballot, value.clone()));
            }
        }
        true
    }

    /// The state of the election, where `first` is the first open slot of this node's log.
    pub(super) fn state(&self, quorum: u32, first: Slot, rules: &Rules) -> ElectionState {
        // Flaw e02: no promises are needed.
        if self.promises.count() < quorum && !rules.flaws.e02 {
            return ElectionState::Open;
        }
        match self.behind {
            Some((slot, keeper)) if slot >= first => ElectionState::FetchFirst(keeper),
            Some(_) | None => ElectionState::Elected,
        }
    }

    /// What has to be settled, given this node's own log.
    pub(super) fn recovery(&self, log: &Log) -> Recovery {
        let reported = self.slots.last_key_value().map(|(slot, _)| *slot).unwrap_or_default();
        let highest = log.highest().max(reported);
        let open = (log.first_open().0..=highest.0).map(Slot).filter(|slot| !log.is_decided(*slot));
        let slots = open.map(|slot| (slot, self.confirmed(slot).cloned())).collect();
        Recovery { highest, slots }
    }

    /// The value that was confirmed for a slot under the highest ballot.
    fn confirmed(&self, slot: Slot) -> Option<&Value> {
        self.slots.get(&slot)?.as_ref().map(|(_, value)| value)
    }
}
