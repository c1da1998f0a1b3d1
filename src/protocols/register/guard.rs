//! The keys and their tokens: who may still read and write what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::observation::{Access, LockStamp, Resource};

/// How one key stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// What was written last.
    pub value: Option<u64>,
    /// The highest token of a write.
    pub written: Option<LockStamp>,
    /// The highest token of a read.
    pub read: Option<LockStamp>,
}

impl Cell {
    /// Whether a token may still do this.
    #[must_use]
    pub fn admits(&self, access: Access, token: LockStamp) -> bool {
        let after = |highest: Option<LockStamp>| highest.is_none_or(|highest| token >= highest);
        match access {
            Access::Read => after(self.written),
            Access::Write => after(self.written) && after(self.read),
        }
    }
}

/// All keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Guard(BTreeMap<Resource, Cell>);

impl Guard {
    /// How a key stands.
    #[must_use]
    pub fn cell(&self, key: &Resource) -> Cell {
        self.0.get(key).copied().unwrap_or_default()
    }

    /// Puts a key as it stands now.
    pub fn put(&mut self, key: Resource, cell: Cell) {
        self.0.insert(key, cell);
    }

    /// All keys that were ever read or written.
    pub fn iter(&self) -> impl Iterator<Item = (&Resource, &Cell)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(time: u64) -> Option<LockStamp> {
        Some(LockStamp { time: crate::clocks::LamportClock::new(time), ..LockStamp::default() })
    }

    #[test]
    fn a_token_below_an_incompatible_one_is_refused() {
        let cell = Cell { value: Some(7), written: token(5), read: token(8) };
        let admits = |access, time| cell.admits(access, token(time).expect("a token"));
        assert!(!admits(Access::Read, 4) && admits(Access::Read, 5) && admits(Access::Read, 6));
        assert!(!admits(Access::Write, 7) && admits(Access::Write, 8));
        assert!(Cell::default().admits(Access::Write, LockStamp::default()));
    }
}
