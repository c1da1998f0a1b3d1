//! Sorts one node's records into program order, by number; the trace has effects in the order in which they were
//! performed.

use std::collections::BTreeMap;

/// The records of one node that precede in the trace a record with a lower number, which must follow.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Line<T> {
    next: u32,
    waiting: BTreeMap<u32, T>,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { next: 1, waiting: BTreeMap::new() }
    }
}

impl<T> Line<T> {
    /// Whether `number` is the next one; if so, the number after it is expected from now on.
    #[inline]
    pub(super) fn turn(&mut self, number: u32) -> bool {
        let turn = number == self.next;
        self.next += u32::from(turn);
        turn
    }

    /// Stores a record that is too early.
    pub(super) fn wait(&mut self, number: u32, thing: T) {
        self.waiting.insert(number, thing);
    }

    /// The next record in order, if it has been stored.
    #[inline]
    pub(super) fn next(&mut self) -> Option<(u32, T)> {
        let (number, _) = self.waiting.first_key_value()?;
        let turn = *number == self.next;
        self.next += u32::from(turn);
        if turn { self.waiting.pop_first() } else { None }
    }

    /// The number for which the stored records wait.
    pub(super) fn missing(&self) -> Option<u32> {
        (!self.waiting.is_empty()).then_some(self.next)
    }
}
