//! A value for every index in use: state of checkers per node, per client or per lane.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

/// A list that grows to the requested index, filled with defaults. Beyond [`DENSE`] it is a map, because a forged trace
/// may name a node with an enormous index.
///
/// Default values are ignored by comparison and hash.
#[derive(Clone, Debug)]
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
    /// The value at `index`; a default value if it is requested for the first time.
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
    /// The value at `index`, if it was ever requested.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<&T> {
        self.dense.get(index).or_else(|| self.sparse.get(&index))
    }

    /// All values with their indices, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let sparse = self.sparse.iter().map(|(index, value)| (*index, value));
        self.dense.iter().enumerate().chain(sparse)
    }

    /// The same, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut T)> {
        let sparse = self.sparse.iter_mut().map(|(index, value)| (*index, value));
        self.dense.iter_mut().enumerate().chain(sparse)
    }
}

impl<T: Default + PartialEq> Slots<T> {
    /// The values that are not defaults.
    fn had(&self) -> impl Iterator<Item = (usize, &T)> {
        let nothing = T::default();
        self.iter().filter(move |(_, value)| **value != nothing)
    }
}

impl<T: Default + PartialEq> PartialEq for Slots<T> {
    fn eq(&self, other: &Self) -> bool {
        self.had().eq(other.had())
    }
}

impl<T: Default + Eq> Eq for Slots<T> {}

impl<T: Default + PartialEq + Hash> Hash for Slots<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.had().for_each(|one| one.hash(state));
        usize::MAX.hash(state);
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
