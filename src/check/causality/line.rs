//! Puts one node's records into program order: by their numbers, where the trace has them as effects came to be.

use std::collections::BTreeMap;

/// The records of one node that came before one with a lower number, which must be on its way.
#[derive(Clone, Debug)]
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
    /// Whether it is `number`'s turn; if so, the next one is awaited from now on.
    #[inline]
    pub(super) fn turn(&mut self, number: u32) -> bool {
        let turn = number == self.next;
        self.next += u32::from(turn);
        turn
    }

    /// Keeps what can't have its turn yet.
    pub(super) fn wait(&mut self, number: u32, thing: T) {
        self.waiting.insert(number, thing);
    }

    /// The next in order, if it has come.
    #[inline]
    pub(super) fn next(&mut self) -> Option<(u32, T)> {
        let (number, _) = self.waiting.first_key_value()?;
        let turn = *number == self.next;
        self.next += u32::from(turn);
        if turn { self.waiting.pop_first() } else { None }
    }

    /// The number that those still waiting wait for.
    pub(super) fn missing(&self) -> Option<u32> {
        (!self.waiting.is_empty()).then_some(self.next)
    }
}
