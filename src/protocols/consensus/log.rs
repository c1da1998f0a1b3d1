//! The log: what a voter has voted for, confirmed and learnt, slot by slot.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::certificate::Decided;
use super::value::Value;
use crate::observation::{Ballot, Slot};

/// One slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cell {
    /// The last value that was voted on, whatever the vote was.
    pub voted: Option<(Ballot, Value)>,
    /// The last value that was confirmed.
    pub confirmed: Option<(Ballot, Value)>,
    /// What was decided.
    pub decided: Option<Arc<Decided>>,
}

/// The slots above those that a snapshot stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Log {
    cells: BTreeMap<Slot, Cell>,
    /// Of the slots up to this one nothing is kept but the state that they came to.
    pub(super) compacted: Slot,
    /// Up to here every slot is decided.
    prefix: Slot,
}

impl Log {
    /// The first slot of which no decision is known.
    pub(super) const fn first_open(&self) -> Slot {
        self.prefix.next()
    }

    /// The highest slot of which anything is known.
    pub(super) fn highest(&self) -> Slot {
        self.cells.last_key_value().map_or(self.prefix, |(slot, _)| *slot).max(self.prefix)
    }

    pub(super) fn cell(&self, slot: Slot) -> Option<&Cell> {
        self.cells.get(&slot)
    }

    pub(super) fn decided(&self, slot: Slot) -> Option<&Arc<Decided>> {
        self.cells.get(&slot)?.decided.as_ref()
    }

    /// Whether a slot is decided, as far as this node knows.
    pub(super) fn is_decided(&self, slot: Slot) -> bool {
        slot <= self.prefix || self.decided(slot).is_some()
    }

    /// The slots from `from` on, in order.
    pub(super) fn from(&self, from: Slot) -> impl Iterator<Item = (Slot, &Cell)> {
        self.cells.range(from..).map(|(slot, cell)| (*slot, cell))
    }

    /// Flaw k13: whether anything was voted on or confirmed in a later try of the same round, in whatever slot.
    pub(super) fn has_later_try(&self, ballot: Ballot) -> bool {
        let later = |(known, _): &(Ballot, Value)| known.round == ballot.round && *known > ballot;
        self.cells.values().any(|cell| cell.voted.iter().chain(&cell.confirmed).any(later))
    }

    pub(super) fn vote(&mut self, slot: Slot, ballot: Ballot, value: Value) {
        self.cells.entry(slot).or_default().voted = Some((ballot, value));
    }

    pub(super) fn confirm(&mut self, slot: Slot, ballot: Ballot, value: Value) {
        self.cells.entry(slot).or_default().confirmed = Some((ballot, value));
    }

    /// Takes in a decision; tells whether it is news.
    pub(super) fn decide(&mut self, decided: &Arc<Decided>) -> bool {
        if self.is_decided(decided.slot) {
            return false;
        }
        self.cells.entry(decided.slot).or_default().decided = Some(Arc::clone(decided));
        while self.decided(self.first_open()).is_some() {
            self.prefix = self.prefix.next();
        }
        true
    }

    /// Forgets the slots up to `slot`, which are decided, but keeps what was said of all above.
    pub(super) fn compact(&mut self, slot: Slot) {
        self.cells = self.cells.split_off(&slot.next());
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
        assert_eq!((log.first_open(), log.highest()), (Slot(1), Slot(2)));
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
        assert!(log.cell(Slot(5)).is_some_and(|cell| cell.confirmed.is_some()));
        assert!(log.is_decided(Slot(1)) && log.decided(Slot(1)).is_none());
    }
}
