//! Versions that are held though another one truly names them: what `causal-precedence` and `no-resurrection` share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::model::{Change, Replicas, Version};
use super::quiescence::{Quiescence, Spread};
use super::replica::{By, Held, Replica};
use crate::check::{End, broken};
use crate::clocks::{Dot, Dots};
use crate::identity::{EventId, NodeId};
use crate::time::Time;
use crate::trace::{Kinds, Record, Verdict, Violation};

/// The kinds of records at which a version may come to be held and named.
pub(super) const WANTS: Kinds = Replicas::ENTRIES.with(Kinds::REPLICA_WRITTEN).with(Kinds::DEATHS);

/// A version that names one that is held.
#[derive(Clone, Copy)]
struct Namer<'m> {
    dot: Dot,
    version: &'m Version,
}

impl Namer<'_> {
    /// The entries by which both came.
    fn witnesses(&self, held: Held) -> Vec<EventId> {
        held.event.iter().copied().chain([*self.version.wrote]).collect()
    }
}

impl fmt::Display for Namer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.version.is_tombstone() { "delete" } else { "put" };
        match self.version.written {
            Some((_, op)) => write!(f, "{}, the {what} of {op}, which names it", self.dot),
            None => write!(f, "{}, a {what} which names it", self.dot),
        }
    }
}

/// After quiescence: whether a judged replica holds what is named though all cover what they owe to cover. Then the run goes
/// on to the bound.
#[derive(Clone, Debug, Default)]
pub(super) struct Outlives {
    spread: Spread,
    is_found: bool,
}

impl Outlives {
    /// Takes a record in.
    pub(super) fn see(&mut self, record: &Record<'_>, model: &Replicas, by: By) {
        self.spread.see(record, model);
        if self.spread.quiescence.is_reached() {
            let quiescence = &self.spread.quiescence;
            self.is_found = self.spread.is_done() && after(quiescence, model, record.time, by).is_some();
        }
    }

    /// Whether all cover what they owe to cover, and hold nothing that is named.
    pub(super) fn is_settled(&self) -> bool {
        self.spread.is_done() && !self.is_found
    }

    /// The verdict at the end of a run in which so many versions that name others were accepted.
    pub(super) fn conclude(&self, end: &End<'_>, by: By, exercised: u64, vacuous: &str) -> Verdict {
        let held = after(&self.spread.quiescence, end.common.replicas(), end.time, by);
        held.map_or_else(|| Verdict::of(exercised, vacuous), Verdict::Violated)
    }
}

/// Checks the keys at replicas that a record touches: no version is held that one accepted there names, unless the disk was
/// ever wiped or damaged.
pub(super) fn check(record: &Record<'_>, model: &Replicas, by: By) -> Result<(), Violation> {
    let (_, touched) = model.news(record);
    for (node, key) in touched {
        let Some((dot, held)) = model.outlived(*node, key, by) else { continue };
        let replica = model.replica(*node).expect("it holds something");
        // It has lost what it covered, and a context may have left out what all had covered.
        if *replica.spoilt {
            continue;
        }
        let namer = model.namer(replica, key, dot, by).map(|(dot, version)| Namer { dot, version });
        // In a forged trace it may be gone: an origin may write a version that others have accepted before.
        let what = namer.map_or_else(|| "a version which names it".to_owned(), |namer| namer.to_string());
        let sentence = format!("{node} holds {dot} of `{key}`, and has accepted {what}");
        let mut witnesses = namer.map_or_else(Vec::new, |namer| namer.witnesses(held));
        if !witnesses.contains(&record.id) {
            witnesses.push(record.id);
        }
        return Err(broken(record, sentence, &witnesses));
    }
    Ok(())
}

/// The number of versions that this record shows accepted, and that name others.
pub(super) fn accepted(record: &Record<'_>, model: &Replicas, by: By) -> u64 {
    let (changes, _) = model.news(record);
    let names = |change: &&Change| match change {
        Change::Accepted { dot, .. } => model
            .version(*dot)
            .is_some_and(|version| !version.context.is_empty() && (by == By::Writes || version.is_tombstone())),
        Change::Resolved { .. } | Change::Dropped { .. } | Change::Started { .. } => false,
    };
    changes.iter().filter(names).count() as u64
}

/// After quiescence, a live version that a judged replica holds, though one that is owed to it names it.
fn after(quiescence: &Quiescence, model: &Replicas, end: Time, by: By) -> Option<Violation> {
    let when = quiescence.before(end)?;
    let owed = quiescence.owed(model);
    let namers = owed.iter().filter(|(_, version)| by == By::Writes || version.is_tombstone());
    let mut named: BTreeMap<&Arc<str>, Dots> = BTreeMap::new();
    namers.clone().for_each(|(_, version)| named.entry(&version.key).or_default().merge(&version.context));
    let (node, key, dot, held) =
        quiescence.judged(model).find_map(|(node, replica)| held_of(model, node, replica, &named))?;
    let (by, version) =
        namers.clone().find(|(_, one)| one.key == *key && one.context.contains(dot)).expect("one names it");
    let namer = Namer { dot: *by, version };
    let sentence = format!("{when} {node} holds {dot} of `{key}`, in spite of {namer}");
    Some(Violation { time: end, sentence, witnesses: namer.witnesses(held) })
}

/// A live version that a replica holds and that is named. A tombstone that is named shows nothing, and is collected.
fn held_of<'m>(
    model: &Replicas,
    node: NodeId,
    replica: &Replica,
    named: &BTreeMap<&'m Arc<str>, Dots>,
) -> Option<(NodeId, &'m Arc<str>, Dot, Held)> {
    named.iter().find_map(|(key, dots)| {
        let held = replica.held_of(key, model.preload());
        held.iter()
            .find(|(dot, held)| !held.is_tombstone && dots.contains(**dot))
            .map(|(dot, held)| (node, *key, *dot, *held))
    })
}
