//! The locks of a participant: grants, and a queue of those that may wait (wait-die: Rosenkrantz, Stearns and Lewis 1978,
//! *System Level Concurrency Control for Distributed Database Systems*).

use std::sync::Arc;

use super::words::{Operation, Part};
use crate::observation::{Claims, LockMode, Resource, TransactionId, TransactionStamp};
use crate::protocols::grants::{Claiming, Grants};

/// What one transaction locks here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    claims: Claims,
    stamp: TransactionStamp,
}

impl Claiming for Wanted {
    fn claims(&self) -> &Claims {
        &self.claims
    }
}

impl Wanted {
    /// What the operations of a part lock: their keys, and nothing above them.
    pub(super) fn of(part: &Part) -> Self {
        let lock = |operation: &Operation| (Resource::new(operation.key().as_str()), operation.mode());
        Self { claims: Claims::flat(part.operations.iter().map(lock)), stamp: part.stamp }
    }

    /// By key.
    pub(super) fn modes(&self) -> Vec<(Arc<str>, LockMode)> {
        self.claims.iter().map(|(resource, mode)| (resource.path().into(), mode)).collect()
    }
}

/// The answer to a request for locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// All of them are held.
    Granted,
    /// None is held: it waits behind this one.
    Waits(TransactionId),
    /// None is held, and it may not wait: this one, which is in its way, is not later.
    Dies(TransactionId),
}

/// The grants and the queue of one participant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct LockTable {
    held: Grants<TransactionId, Wanted>,
    /// First come, first served.
    queue: Vec<(TransactionId, Wanted)>,
}

impl LockTable {
    /// A transaction asks for all its locks here, or none. It may wait only behind transactions that are all later than
    /// itself; else two could wait for each other. With `past_waiters` those that wait are not compared.
    pub(super) fn request(&mut self, id: TransactionId, wanted: Wanted, past_waiters: bool) -> Answer {
        let holders = self.held.clashing(&wanted.claims);
        let waiters = self.queue.iter().filter(|(_, waits)| waits.claims.conflicts(&wanted.claims));
        let obstacles = holders.chain(waiters.map(|(id, waits)| (id, waits)));
        let least = obstacles.map(|(id, obstacle)| (obstacle.stamp, *id)).min();
        // Flaw x08: it waits behind those that wait, whichever is earlier.
        if past_waiters && let Some((_, behind)) = least {
            let holders = self.held.clashing(&wanted.claims);
            if holders.map(|(_, held)| held.stamp).min().is_none_or(|stamp| stamp > wanted.stamp) {
                self.queue.push((id, wanted));
                return Answer::Waits(behind);
            }
        }
        match least {
            None => {
                self.held.insert(id, wanted);
                Answer::Granted
            }
            Some((stamp, by)) if stamp <= wanted.stamp => Answer::Dies(by),
            Some((_, behind)) => {
                self.queue.push((id, wanted));
                Answer::Waits(behind)
            }
        }
    }

    /// Takes the locks of a transaction whatever else is held: after a start, when its record says that it has them.
    pub(super) fn seize(&mut self, id: TransactionId, wanted: Wanted) {
        self.held.insert(id, wanted);
    }

    /// What a transaction holds.
    pub(super) fn held(&self, id: TransactionId) -> Option<&Wanted> {
        self.held.get(&id)
    }

    /// A transaction holds nothing any more, and waits for nothing; returns whether it held anything, and which transactions
    /// hold their locks now, in the order in which they waited.
    pub(super) fn release(&mut self, id: TransactionId) -> (bool, Vec<TransactionId>) {
        let held = self.held.remove(&id).is_some();
        self.queue.retain(|(known, _)| *known != id);
        let (mut granted, mut still) = (Vec::new(), Vec::new());
        for (id, wanted) in std::mem::take(&mut self.queue) {
            let is_held = self.held.clashing(&wanted.claims).next().is_some();
            let overtakes = still.iter().any(|(_, waits): &(_, Wanted)| waits.claims.conflicts(&wanted.claims));
            if is_held || overtakes {
                still.push((id, wanted));
            } else {
                self.held.insert(id, wanted);
                granted.push(id);
            }
        }
        self.queue = still;
        (held, granted)
    }
}
