//! A value for every index that was asked for: what checkers keep per node, per client, per lane.

/// A list that grows to the index that is asked for, with defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slots<T>(Vec<T>);

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Default> Slots<T> {
    /// The value at `index`; a default if it is asked for the first time.
    #[inline]
    pub(super) fn at(&mut self, index: usize) -> &mut T {
        if index >= self.0.len() {
            self.0.resize_with(index + 1, T::default);
        }
        &mut self.0[index]
    }
}

impl<T> Slots<T> {
    /// The value at `index`, if it was ever asked for.
    pub(super) fn get(&self, index: usize) -> Option<&T> {
        self.0.get(index)
    }

    /// All values in order of their indices.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}
