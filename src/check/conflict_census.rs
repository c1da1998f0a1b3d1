//! Counts the conflicts of replicated keys, and tells one of each class from its writes to its outcome.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use xxhash_rust::xxh3::Xxh3Default;

use crate::clocks::Dot;
use crate::identity::OpId;
use crate::observation::{ChoiceBasis, ConflictClass, ReplicaSeen};

/// The conflicts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConflictCensus {
    counts: BTreeMap<ConflictClass, ConflictCount>,
    /// The hashes of keys with their siblings: what one replica sees, others see too.
    known: BTreeSet<u64>,
    /// What is polled about by key.
    open: BTreeMap<Arc<str>, (ConflictClass, Vec<Dot>)>,
    /// Whose writes versions are, as long as a class has no example.
    written: BTreeMap<Dot, OpId>,
}

/// The conflicts of one class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConflictCount {
    /// Sets of siblings that a rule resolved, at each replica by itself.
    pub ruled: u64,
    /// Sets of siblings about which voters were to be polled.
    pub polled: u64,
    /// Choices that the poll made.
    pub by_poll: u64,
    /// Choices of the text nearest to the canonical one, because the poll was split.
    pub by_canon: u64,
    /// Choices of the last version, because the poll was split.
    pub by_rank: u64,
    /// One of them: the key, its versions with their operations, and the outcome.
    pub example: Option<String>,
}

/// The number of classes.
const CLASSES: usize = 3;

impl ConflictCensus {
    /// Counts what a fact tells.
    pub(super) fn see(&mut self, seen: &ReplicaSeen) {
        match seen {
            ReplicaSeen::Written { op, dot, .. } if !self.has_examples() => _ = self.written.insert(*dot, *op),
            ReplicaSeen::Ruled { key, class, siblings, shown } => self.ruled(key, *class, siblings, *shown),
            ReplicaSeen::Opened { key, class, siblings } => {
                let is_new = self.is_new(key, siblings);
                self.counts.entry(*class).or_default().polled += u64::from(is_new);
                self.open.insert(Arc::clone(key), (*class, siblings.clone()));
            }
            ReplicaSeen::Settled { key, chosen, basis, .. } => self.settled(key, *chosen, *basis),
            ReplicaSeen::Started { .. }
            | ReplicaSeen::Preloaded { .. }
            | ReplicaSeen::Keyspace { .. }
            | ReplicaSeen::Written { .. }
            | ReplicaSeen::Refused { .. }
            | ReplicaSeen::Shown { .. }
            | ReplicaSeen::Pushed { .. }
            | ReplicaSeen::Suspected { .. }
            | ReplicaSeen::Trusted { .. }
            | ReplicaSeen::SyncBegun { .. }
            | ReplicaSeen::SyncEnded { .. }
            | ReplicaSeen::Closed { .. }
            | ReplicaSeen::WroteVersion { .. }
            | ReplicaSeen::WroteResolution { .. }
            | ReplicaSeen::WroteDropped { .. }
            | ReplicaSeen::WroteCollected { .. }
            | ReplicaSeen::WroteJoined { .. } => {}
        }
    }

    /// By class, in order.
    pub fn counts(&self) -> impl Iterator<Item = (ConflictClass, &ConflictCount)> {
        self.counts.iter().map(|(class, count)| (*class, count))
    }

    fn has_examples(&self) -> bool {
        self.counts.len() == CLASSES && self.counts.values().all(|count| count.example.is_some())
    }

    fn is_new(&mut self, key: &str, siblings: &[Dot]) -> bool {
        let mut hash = Xxh3Default::new();
        hash.update(key.as_bytes());
        siblings.iter().for_each(|dot| hash.update(dot.to_string().as_bytes()));
        self.known.insert(hash.digest())
    }

    fn ruled(&mut self, key: &str, class: ConflictClass, siblings: &[Dot], shown: Option<Dot>) {
        if !self.is_new(key, siblings) {
            return;
        }
        let outcome = shown.map_or_else(|| "their merge".to_owned(), |dot| dot.to_string());
        let example = format!("{} show {outcome} by rule", self.told(key, siblings));
        let count = self.counts.entry(class).or_default();
        count.ruled += 1;
        count.example.get_or_insert(example);
        self.forget();
    }

    fn settled(&mut self, key: &Arc<str>, chosen: Dot, basis: ChoiceBasis) {
        let Some((class, siblings)) = self.open.get(key) else { return };
        let class = *class;
        let by = match basis {
            ChoiceBasis::Poll => "by poll",
            ChoiceBasis::Canon => "as the nearest to the canon, the poll being split",
            ChoiceBasis::Local => "as the last one, the poll being split",
        };
        let example = format!("{} come to {chosen} {by}", self.told(key, siblings));
        let count = self.counts.entry(class).or_default();
        match basis {
            ChoiceBasis::Poll => count.by_poll += 1,
            ChoiceBasis::Canon => count.by_canon += 1,
            ChoiceBasis::Local => count.by_rank += 1,
        }
        // A poll tells more than a rule.
        if count.example.as_ref().is_none_or(|known| known.ends_with("by rule")) {
            count.example = Some(example);
        }
        self.forget();
    }

    /// ``of `documents/d3`, n1.4 of c1#9 and n2.7 of c3#2``.
    fn told(&self, key: &str, siblings: &[Dot]) -> String {
        let writer = |dot: &Dot| match self.written.get(dot) {
            Some(op) => format!("{dot} of {op}"),
            None => dot.to_string(),
        };
        let named: Vec<String> = siblings.iter().map(writer).collect();
        let (last, rest) = named.split_last().expect("a conflict has versions");
        format!("of `{key}`, {} and {last}", rest.join(", "))
    }

    fn forget(&mut self) {
        if self.has_examples() {
            self.written.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clocks::Dots;

    fn dots(names: &[&str]) -> Vec<Dot> {
        names.iter().map(|name| name.parse().expect("a dot")).collect()
    }

    #[test]
    fn conflicts_are_counted_once_and_told_from_write_to_outcome() {
        let mut census = ConflictCensus::default();
        let siblings = dots(&["n1.1", "n2.1"]);
        let key: Arc<str> = "k".into();
        let opened =
            ReplicaSeen::Opened { key: Arc::clone(&key), class: ConflictClass::Value, siblings: siblings.clone() };
        census.written.insert(siblings[0], "c1#3".parse().expect("an operation"));
        census.see(&opened);
        census.see(&opened);
        let settled = ReplicaSeen::Settled {
            key: Arc::clone(&key),
            dot: dots(&["n3.1"])[0],
            stamp: 1,
            chosen: siblings[1],
            settled: Dots::new(),
            basis: ChoiceBasis::Poll,
        };
        census.see(&settled);
        let class = ConflictClass::Structural;
        census.see(&ReplicaSeen::Ruled { key, class, siblings: dots(&["n1.2", "n2.1"]), shown: None });
        let told: Vec<_> = census.counts().collect();
        assert_eq!((told[0].1.polled, told[0].1.by_poll, told[1].1.ruled), (1, 1, 1));
        let examples = told.iter().map(|(_, count)| count.example.clone().expect("one"));
        assert_eq!(
            examples.collect::<Vec<_>>(),
            ["of `k`, n1.1 of c1#3 and n2.1 come to n2.1 by poll", "of `k`, n1.2 and n2.1 show their merge by rule"]
        );
    }
}
