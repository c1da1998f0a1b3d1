//! A value for every index that was asked for: what checkers keep per node, per client, per lane.

use std::collections::BTreeMap;

/// A list that grows to the index that is asked for, with defaults. Beyond [`DENSE`] it is a map: a forged trace names
/// the four-thousand-millionth node as lightly as the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slots<T> {
    dense: Vec<T>,
    sparse: BTreeMap<usize, T>,
}

const DENSE: usize = 1 << 16;

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { dense: Vec::new(), sparse: BTreeMap::new() }
    }
}

impl<T: Default> Slots<T> {
    /// The value at `index`; a default if it is asked for the first time.
    #[inline]
    pub(super) fn at(&mut self, index: usize) -> &mut T {
        if index >= self.dense.len() {
            if index >= DENSE {
                return self.sparse.entry(index).or_default();
            }
            self.dense.resize_with(index + 1, T::default);
        }
        &mut self.dense[index]
    }
}

impl<T> Slots<T> {
    /// The value at `index`, if it was ever asked for.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<&T> {
        self.dense.get(index).or_else(|| self.sparse.get(&index))
    }

    /// All values with their indices, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let sparse = self.sparse.iter().map(|(index, value)| (*index, value));
        self.dense.iter().enumerate().chain(sparse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_beyond_all_reason_costs_one_entry() {
        let mut slots = Slots::default();
        *slots.at(3) = 'a';
        *slots.at(u32::MAX as usize) = 'b';
        assert_eq!(slots.get(u32::MAX as usize), Some(&'b'));
        assert_eq!(slots.iter().filter(|(_, value)| **value != char::default()).count(), 2);
        assert_eq!(slots.iter().last(), Some((u32::MAX as usize, &'b')));
    }
}
