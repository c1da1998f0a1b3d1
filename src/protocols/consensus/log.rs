//! The log: the votes, confirmations and decisions that a voter knows, slot by slot.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::certificate::Decided;
use super::messages::{Report, Reported};
use super::value::Value;
use crate::observation::{Ballot, Slot};

/// One slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SlotEntry {
    /// The last value that was voted on, whatever the vote was.
    pub voted: Option<(Ballot, Value)>,
    /// The last value that was confirmed.
    pub confirmed: Option<(Ballot, Value)>,
    /// The decision, if it is known.
    pub decided: Option<Arc<Decided>>,
}

/// The slots above those that a snapshot replaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Log {
    entries: BTreeMap<Slot, SlotEntry>,
    /// The slots up to this one are compacted: only the state after them is kept.
    pub(super) compacted: Slot,
    /// Up to here every slot is decided.
    prefix: Slot,
}

impl Log {
    /// The first slot without a known decision.
    pub(super) const fn first_open(&self) -> Slot {
        self.prefix.next()
    }

    /// The highest slot that the log knows anything about.
    pub(super) fn highest(&self) -> Slot {
        self.entries.last_key_value().map_or(self.prefix, |(slot, _)| *slot).max(self.prefix)
    }

    /// The ballot of the last vote on a slot.
    pub(super) fn voted(&self, slot: Slot) -> Option<Ballot> {
        self.entries.get(&slot)?.voted.as_ref().map(|(ballot, _)| *ballot)
    }

    /// The ballot of the last confirmation for a slot.
    pub(super) fn confirmed(&self, slot: Slot) -> Option<Ballot> {
        self.entries.get(&slot)?.confirmed.as_ref().map(|(ballot, _)| *ballot)
    }

    pub(super) fn decided(&self, slot: Slot) -> Option<&Arc<Decided>> {
        self.entries.get(&slot)?.decided.as_ref()
    }

    /// Whether a slot is decided, as far as this node knows.
    pub(super) fn is_decided(&self, slot: Slot) -> bool {
        slot <= self.prefix || self.decided(slot).is_some()
    }

    /// The last slot that is decided, as far as this node knows; slots before it may be open.
    pub(super) fn last_decided(&self) -> Slot {
        let later = self.entries.iter().rev().find(|(_, entry)| entry.decided.is_some());
        later.map_or(self.prefix, |(slot, _)| self.prefix.max(*slot))
    }

    /// The slots from `from` on, in order.
    pub(super) fn from(&self, from: Slot) -> impl Iterator<Item = (Slot, &SlotEntry)> {
        self.entries.range(from..).map(|(slot, entry)| (*slot, entry))
    }

    /// The kept decisions from `from` on, in order.
    pub(super) fn decisions(&self, from: Slot) -> impl Iterator<Item = Arc<Decided>> {
        self.from(from).filter_map(|(_, entry)| entry.decided.clone())
    }

    /// A voter's report on the slots from `from` on, with this log.
    pub(super) fn report(&self, from: Slot) -> Report {
        let known = |entry: &SlotEntry| match (&entry.decided, &entry.confirmed, &entry.voted) {
            (Some(decided), ..) => Some(Reported::Decided(Arc::clone(decided))),
            (None, Some((ballot, value)), _) => Some(Reported::Confirmed(*ballot, value.clone())),
            (None, None, Some((ballot, value))) => Some(Reported::Voted(*ballot, value.clone())),
            (None, None, None) => None,
        };
        let slots = self.from(from).filter_map(|(slot, entry)| Some((slot, known(entry)?))).collect();
        Report { compacted: self.compacted, slots }
    }

    /// Flaw k13: whether this voter voted or confirmed in a later try of the same round, in any slot.
    pub(super) fn has_later_try(&self, ballot: Ballot) -> bool {
        let later = |(known, _): &(Ballot, Value)| known.round == ballot.round && *known > ballot;
        self.entries.values().any(|entry| entry.voted.iter().chain(&entry.confirmed).any(later))
    }

    pub(super) fn vote(&mut self, slot: Slot, ballot: Ballot, value: Value) {
        self.entries.entry(slot).or_default().voted = Some((ballot, value));
    }

    pub(super) fn confirm(&mut self, slot: Slot, ballot: Ballot, value: Value) {
        self.entries.entry(slot).or_default().confirmed = Some((ballot, value));
    }

    /// Adds a decision; returns whether it is new.
    pub(super) fn decide(&mut self, decided: &Arc<Decided>) -> bool {
        if self.is_decided(decided.slot) {
            return false;
        }
        self.entries.entry(decided.slot).or_default().decided = Some(Arc::clone(decided));
        while self.decided(self.first_open()).is_some() {
            self.prefix = self.prefix.next();
        }
        true
    }

    /// Removes the slots up to `slot`, which are decided, and keeps everything about the slots above.
    pub(super) fn compact(&mut self, slot: Slot) {
        self.entries = self.entries.split_off(&slot.next());
        self.compacted = self.compacted.max(slot);
        self.prefix = self.prefix.max(slot);
        while self.decided(self.first_open()).is_some() {
            self.prefix = self.prefix.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(slot: u64) -> Arc<Decided> {
        Arc::new(Decided { slot: Slot(slot), ballot: Ballot::default(), value: Value::noop(), seals: Vec::new() })
    }

    #[test]
    fn the_first_open_slot_is_behind_a_row_without_gaps() {
        let mut log = Log::default();
        assert!(log.decide(&decided(2)));
        assert_eq!((log.first_open(), log.highest(), log.last_decided()), (Slot(1), Slot(2), Slot(2)));
        assert!(log.decide(&decided(1)) && !log.decide(&decided(1)));
        assert_eq!(log.first_open(), Slot(3));
    }

    #[test]
    fn compaction_keeps_what_was_said_of_later_slots() {
        let mut log = Log::default();
        log.confirm(Slot(5), Ballot::default(), Value::noop());
        log.decide(&decided(4));
        log.compact(Slot(3));
        assert_eq!((log.first_open(), log.compacted), (Slot(5), Slot(3)));
        assert!(log.confirmed(Slot(5)).is_some());
        assert!(log.is_decided(Slot(1)) && log.decided(Slot(1)).is_none());
    }
}
