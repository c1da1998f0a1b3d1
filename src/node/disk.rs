//! What a node finds on its disk when it starts.

use super::words::Entry;
use crate::clocks::LamportClock;
use crate::process::Stored;
use crate::protocols::consensus::Kept;
use crate::protocols::locks::LockEntry;
use crate::protocols::register::{Guard, RegisterEntry};

/// Each protocol's part of the log, read to its end.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The reserve of the lock manager's clock.
    pub(super) below: LamportClock,
    /// The keys of the guarded register.
    pub(super) guard: Guard,
    /// What consensus has written.
    pub(super) kept: Kept,
}

impl Found {
    /// Reads the log. A torn tail was never synced, and counts for nothing; damage is more than the lock manager bears,
    /// and ends a voter's part in consensus.
    pub(super) fn on(disk: &[Stored<Entry>]) -> Self {
        let mut found = Self::default();
        for stored in disk {
            match stored {
                Stored::Intact(Entry::Locks(LockEntry::Reserve { below })) => found.below = found.below.max(*below),
                Stored::Intact(Entry::Register(RegisterEntry { key, cell })) => found.guard.put(key.clone(), *cell),
                Stored::Intact(Entry::Consensus(entry)) => found.kept.take(entry),
                Stored::Damaged => found.kept.damaged = true,
                Stored::Torn => {}
            }
        }
        found
    }
}
