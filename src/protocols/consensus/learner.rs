//! The learner: the applied state, decisions that are being fetched, and operations that wait for an outcome.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::certificate::Decided;
use super::log::Log;
use super::messages::Told;
use super::replica::{Effects, Replica, Snapshot};
use super::request::{Request, RequestId};
use super::spec::Rules;
use super::value::Value;
use crate::observation::Slot;
use crate::time::LocalTime;

/// A node as a learner. The decisions that it knows are in its [`Log`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Learner {
    pub(super) replica: Replica,
    pub(super) fetching: Fetching,
    /// The entries for which this node's clients, and its own decrees, wait.
    asked: BTreeMap<RequestId, Asked>,
}

/// The state of a node's requests for missing decisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Fetching {
    /// Whether a request is open.
    waits: bool,
    /// The number of consecutive requests without an answer.
    failures: u32,
}

/// An entry of the log that this node waits for, for a client or for itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    request: Arc<Request>,
    /// Since when it waits.
    since: LocalTime,
    /// For a read, once it is known: the slot up to which the log must be applied before the answer.
    readable: Option<Slot>,
}

/// The meaning of a decision that came from another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Learnt {
    /// The slot is known to be decided.
    Known,
    /// Its certificate proves nothing.
    Unproven,
    /// It is new and proven.
    News,
}

/// A slot that was just applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) slot: Slot,
    pub(super) value: Value,
    /// The root of the state after it.
    pub(super) root: u64,
    pub(super) effects: Effects,
}

impl Fetching {
    pub(super) const fn waits(&self) -> bool {
        self.waits
    }

    /// Decisions are asked for; returns the number of consecutive requests before it without an answer.
    pub(super) const fn begin(&mut self) -> u32 {
        self.waits = true;
        self.failures
    }

    /// No answer has come: at the next heartbeat that shows missing decisions, the node asks again.
    pub(super) const fn fail(&mut self) {
        self.waits = false;
        self.failures += 1;
    }

    /// An answer has come, or no decision is missing any more; returns whether that changes anything.
    pub(super) fn end(&mut self) -> bool {
        std::mem::take(self) != Self::default()
    }
}

impl Learner {
    pub(super) fn new(replica: Replica) -> Self {
        Self { replica, fetching: Fetching::default(), asked: BTreeMap::new() }
    }

    /// The meaning of a decision for a node with this log.
    pub(super) fn judge(decided: &Decided, log: &Log, rules: &Rules) -> Learnt {
        if log.is_decided(decided.slot) {
            return Learnt::Known;
        }
        // Flaws e01, e24 and k02: certificates are not verified.
        let unread = rules.flaws.e01 || rules.flaws.e24 || rules.flaws.k02;
        if unread || decided.proves(rules.voters, &rules.registry) { Learnt::News } else { Learnt::Unproven }
    }

    /// Applies the next slot, if it is decided.
    pub(super) fn apply_next(&mut self, log: &Log, rules: &Rules) -> Option<Applied> {
        let decided = log.decided(self.replica.applied.next())?;
        let effects = self.replica.apply(&decided.value, rules);
        Some(Applied { slot: decided.slot, value: decided.value.clone(), root: self.replica.root(), effects })
    }

    /// Applies the decisions that were on the disk, without telling anyone.
    pub(super) fn replay(&mut self, log: &Log, rules: &Rules) {
        while let Some(decided) = log.decided(self.replica.applied.next()) {
            self.replica.apply(&decided.value, rules);
        }
    }

    /// Installs a state of a later slot than this node has applied; returns whether it did. The caller makes it
    /// durable.
    pub(super) fn install(&mut self, snapshot: &Snapshot, log: &mut Log, rules: &Rules) -> bool {
        // Flaw k03: a state is installed even if it is older.
        if snapshot.slot < log.first_open() && !rules.flaws.k03 {
            return false;
        }
        self.replica = Replica::of(snapshot);
        log.compact(snapshot.slot);
        true
    }

    /// Whether no entry waits for an outcome.
    pub(super) fn is_idle(&self) -> bool {
        self.asked.is_empty()
    }

    /// Waits for the outcome of an entry, from now on.
    pub(super) fn await_outcome(&mut self, request: &Arc<Request>, now: LocalTime) {
        let asked = Asked { request: Arc::clone(request), since: now, readable: None };
        self.asked.entry(request.id).or_insert(asked);
    }

    /// All entries that wait for an outcome, and since when.
    pub(super) fn awaited(&self) -> Vec<(Arc<Request>, LocalTime)> {
        self.asked.values().map(|asked| (Arc::clone(&asked.request), asked.since)).collect()
    }

    /// Stops waiting for an outcome; returns whether the entry was waiting.
    pub(super) fn forget(&mut self, id: RequestId) -> bool {
        self.asked.remove(&id).is_some()
    }

    /// Forgets entries for which no client waits any more.
    pub(super) fn forget_stale(&mut self) {
        let Self { asked, replica, .. } = self;
        asked.retain(|_, asked| !replica.is_stale(&asked.request));
    }

    /// The outcomes that the state has for the waiting entries.
    pub(super) fn known(&self) -> Told {
        let known = |asked: &Asked| Some((asked.request.id, self.replica.answer(&asked.request)?));
        self.asked.values().filter_map(known).collect()
    }

    /// A read may be answered when `slot` is applied.
    pub(super) fn set_readable(&mut self, id: RequestId, slot: Slot) {
        if let Some(asked) = self.asked.get_mut(&id) {
            asked.readable = Some(asked.readable.map_or(slot, |known| known.min(slot)));
        }
    }

    /// Removes the reads that may be answered now, and returns them with their values.
    pub(super) fn take_readable(&mut self) -> Told {
        let Self { asked, replica, .. } = self;
        let is_ready = |asked: &Asked| asked.readable.is_some_and(|slot| slot <= replica.applied);
        let see = |asked: &Asked| Some((asked.request.id, replica.read(&asked.request)?));
        let seen: Told = asked.values().filter(|asked| is_ready(asked)).filter_map(see).collect();
        for (id, _) in &seen {
            asked.remove(id);
        }
        seen
    }
}
