//! One replica according to the entries of its disk: what it holds and covers now, and what a crash would leave of that.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::preload::Preload;
use crate::check::{Derived, RunOnly, Witness};
use crate::clocks::{Dot, Dots};
use crate::identity::{Boot, EventId};

/// One replica.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Replica {
    /// Whether it ever started.
    pub(super) is_known: bool,
    pub(super) lives: RunOnly<bool>,
    /// Whether its disk was ever wiped or damaged.
    pub(super) spoilt: RunOnly<bool>,
    pub(super) boot: Boot,
    pub(super) disk: Disk,
    covered: Dots,
    /// The versions that it accepted as such, not only covered.
    applied: Dots,
    /// All that it ever covered durably, whatever became of its disk.
    ever: Dots,
    /// The keys that an entry named. Another one is held as the preload has it.
    keys: BTreeMap<Arc<str>, Key>,
    /// Whether it has the preload.
    is_preloaded: bool,
    /// How many versions it holds.
    held: Derived<u64>,
    /// The live versions that it holds: the sum, without carries, of a hash of each, less those of the preload.
    print: Derived<u64>,
    pending: Vec<Pending>,
}

/// What is known of the disk, beside the entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Disk {
    /// It has entries that are durable.
    pub(super) has_entries: bool,
    /// The last start found it empty, and was not the first.
    pub(super) was_empty: bool,
    /// An entry of it was damaged, and no replica has started with it since.
    pub(super) is_damaged: bool,
}

/// A key at a replica.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) held: BTreeMap<Dot, Held>,
    /// What the true contexts of the versions that were accepted here name.
    named: Named,
}

/// A version that a replica holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Held {
    pub(super) is_tombstone: bool,
    /// The entry by which it came; none for a version of the preload.
    pub(super) event: Witness<Option<EventId>>,
}

/// Versions that are named by others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Named {
    by_writes: Dots,
    by_deletes: Dots,
}

/// Whose contexts count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Those of puts and deletes.
    Writes,
    /// Those of deletes.
    Deletes,
}

/// A version that a replica accepts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accepted<'a> {
    pub(super) key: &'a Arc<str>,
    pub(super) dot: Dot,
    pub(super) is_tombstone: bool,
    /// As it is stored.
    pub(super) stored: &'a Dots,
    /// Untrimmed, as far as it is known.
    pub(super) context: &'a Dots,
}

/// A change that is not durable, and what undoes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Pending {
    /// The number of the entry. Which of them a sync covers is part of the disk's own state.
    number: Derived<u32>,
    covered: Dots,
    key: Option<Arc<str>>,
    removed: Vec<(Dot, Held)>,
    added: Option<Dot>,
    applied: Option<Dot>,
    named: Named,
}

impl Named {
    /// Adds what a version names; returns what is new.
    fn add(&mut self, context: &Dots, is_tombstone: bool) -> Self {
        let nothing = Dots::new();
        let deleted = if is_tombstone { context } else { &nothing };
        let new = Self { by_writes: context.without(&self.by_writes), by_deletes: deleted.without(&self.by_deletes) };
        self.merge(&new);
        new
    }

    fn merge(&mut self, other: &Self) {
        self.by_writes.merge(&other.by_writes);
        self.by_deletes.merge(&other.by_deletes);
    }

    fn remove(&mut self, other: &Self) {
        self.by_writes = self.by_writes.without(&other.by_writes);
        self.by_deletes = self.by_deletes.without(&other.by_deletes);
    }
}

impl Key {
    /// A version held here that one accepted here names.
    pub(super) fn outlived(&self, by: By) -> Option<(Dot, Held)> {
        let named = match by {
            By::Writes => &self.named.by_writes,
            By::Deletes => &self.named.by_deletes,
        };
        self.held.iter().find(|(dot, _)| named.contains(**dot)).map(|(dot, held)| (*dot, *held))
    }
}

impl Replica {
    /// It has what every replica has before its first start.
    pub(super) fn preload(&mut self, preload: &Preload) {
        if self.is_preloaded || *self.spoilt {
            return;
        }
        self.is_preloaded = true;
        self.covered.merge(preload.dots());
        self.ever.merge(preload.dots());
        *self.held += preload.count();
    }

    /// It has lost everything, if it had anything.
    pub(super) fn reset(&mut self, preload: Option<&Preload>) {
        if self.covered.is_empty() {
            return;
        }
        let (is_known, lives, boot, disk) = (self.is_known, self.lives, self.boot, self.disk);
        let ever = std::mem::take(&mut self.ever);
        *self = Self { is_known, lives, boot, disk, ever, spoilt: RunOnly(true), ..Self::default() };
        *self.print = preload.map_or(0, |preload| preload.iter().fold(0, |sum, (key, dot)| sum ^ print(&key, dot)));
    }

    /// Accepts a version; returns whether it covered it already.
    pub(super) fn accept(&mut self, event: EventId, version: Accepted<'_>, preload: Option<&Preload>) -> bool {
        let Accepted { key, dot, is_tombstone, stored, context } = version;
        let was_covered = self.covered.contains(dot);
        let mut news = stored.clone();
        news.insert(dot);
        let covered = self.cover(&news);
        let at = self.key(key, preload);
        let mut gone: Vec<Dot> = at.held.keys().filter(|held| stored.contains(**held)).copied().collect();
        if at.held.contains_key(&dot) && !stored.contains(dot) {
            gone.push(dot);
        }
        let named = at.named.add(context, is_tombstone);
        let removed = self.take(key, &gone, preload);
        self.put(key, dot, Held { is_tombstone, event: Witness(Some(event)) });
        let applied = self.applied.insert(dot).then_some(dot);
        let (key, added) = (Some(Arc::clone(key)), Some(dot));
        let number = Derived(event.number);
        self.pending.push(Pending { number, covered, key, removed, added, applied, named });
        was_covered
    }

    /// Drops versions; returns those that it held.
    pub(super) fn drop(
        &mut self,
        event: EventId,
        key: &Arc<str>,
        dots: &[Dot],
        preload: Option<&Preload>,
    ) -> Vec<(Dot, Held)> {
        let removed = self.take(key, dots, preload);
        let (number, key) = (Derived(event.number), Some(Arc::clone(key)));
        self.pending.push(Pending { number, key, removed: removed.clone(), ..Pending::default() });
        removed
    }

    /// Covers all of a vector.
    pub(super) fn join(&mut self, event: EventId, vector: &Dots) {
        let covered = self.cover(vector);
        self.pending.push(Pending { number: Derived(event.number), covered, ..Pending::default() });
    }

    /// More is known of what a version names that was accepted here.
    pub(super) fn name(&mut self, version: Accepted<'_>, preload: Option<&Preload>) {
        let new = self.key(version.key, preload).named.add(version.context, version.is_tombstone);
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.added == Some(version.dot)) {
            pending.named.merge(&new);
        }
    }

    /// What versions of a key name is known anew: all that it truly names by those that were accepted here.
    pub(super) fn rename<'v>(&mut self, key: &str, versions: impl Iterator<Item = (Dot, bool, &'v Dots)> + Clone) {
        let Some(at) = self.keys.get_mut(key) else { return };
        at.named = Named::default();
        let pending = |dot: Dot| self.pending.iter().any(|pending| pending.applied == Some(dot));
        for (dot, is_tombstone, context) in versions.clone() {
            if self.applied.contains(dot) && !pending(dot) {
                at.named.add(context, is_tombstone);
            }
        }
        for change in self.pending.iter_mut().filter(|change| change.key.as_deref() == Some(key)) {
            change.named = Named::default();
            if let Some((_, is_tombstone, context)) = versions.clone().find(|(dot, ..)| change.added == Some(*dot)) {
                change.named = at.named.add(context, is_tombstone);
            }
        }
    }

    /// Counts a version as accepted and durable whose entry was not seen.
    pub(super) fn apply(&mut self, dot: Dot) {
        self.applied.insert(dot);
    }

    /// The entries before the event `sync` are durable.
    pub(super) fn synced(&mut self, sync: u32) {
        let durable = self.pending.iter().take_while(|pending| *pending.number < sync).count();
        for pending in self.pending.drain(..durable) {
            self.ever.merge(&pending.covered);
            self.disk.has_entries = true;
        }
    }

    /// Undoes what is not durable; returns the keys that it was about.
    pub(super) fn crash(&mut self) -> Vec<Arc<str>> {
        let mut keys = Vec::new();
        for Pending { number: _, covered, key, removed, added, applied, named } in
            std::mem::take(&mut self.pending).into_iter().rev()
        {
            self.covered = self.covered.without(&covered);
            self.applied = self.applied.without(&applied.into_iter().collect());
            let Some(key) = key else { continue };
            added.into_iter().for_each(|dot| _ = self.take(&key, &[dot], None));
            removed.into_iter().for_each(|(dot, held)| self.put(&key, dot, held));
            if let Some(at) = self.keys.get_mut(&key) {
                at.named.remove(&named);
            }
            keys.push(key);
        }
        keys
    }

    pub(super) const fn covered(&self) -> &Dots {
        &self.covered
    }

    pub(super) const fn applied(&self) -> &Dots {
        &self.applied
    }

    pub(super) const fn ever(&self) -> &Dots {
        &self.ever
    }

    pub(super) const fn held(&self) -> u64 {
        self.held.0
    }

    pub(super) const fn print(&self) -> u64 {
        self.print.0
    }

    pub(super) const fn is_preloaded(&self) -> bool {
        self.is_preloaded
    }

    /// The keys that entries named.
    pub(super) const fn keys(&self) -> &BTreeMap<Arc<str>, Key> {
        &self.keys
    }

    /// What it holds of a key, tombstones too.
    pub(super) fn held_of(&self, key: &str, preload: Option<&Preload>) -> Cow<'_, BTreeMap<Dot, Held>> {
        let untouched = || preload.filter(|_| self.is_preloaded).and_then(|preload| preload.of(key));
        match self.keys.get(key) {
            Some(at) => Cow::Borrowed(&at.held),
            None => Cow::Owned(untouched().map(|dot| (dot, PRELOADED)).into_iter().collect()),
        }
    }

    /// Adds to what it covers; returns what is new.
    fn cover(&mut self, more: &Dots) -> Dots {
        let new = more.without(&self.covered);
        self.covered.merge(&new);
        new
    }

    fn key(&mut self, key: &Arc<str>, preload: Option<&Preload>) -> &mut Key {
        if !self.keys.contains_key(key) {
            let held = self.held_of(key, preload).into_owned();
            self.keys.insert(Arc::clone(key), Key { held, named: Named::default() });
        }
        self.keys.get_mut(key).expect("it was just put there")
    }

    fn take(&mut self, key: &Arc<str>, dots: &[Dot], preload: Option<&Preload>) -> Vec<(Dot, Held)> {
        let at = self.key(key, preload);
        let taken: Vec<(Dot, Held)> = dots.iter().filter_map(|dot| at.held.remove_entry(dot)).collect();
        *self.held -= taken.len() as u64;
        taken.iter().for_each(|(dot, held)| self.turn(key, *dot, *held));
        taken
    }

    /// Holds a version that it does not hold.
    fn put(&mut self, key: &Arc<str>, dot: Dot, held: Held) {
        let at = self.keys.get_mut(key).expect("an entry has named it");
        let before = at.held.insert(dot, held);
        debug_assert!(before.is_none(), "what is held is taken first");
        *self.held += 1;
        self.turn(key, dot, held);
    }

    fn turn(&mut self, key: &str, dot: Dot, held: Held) {
        if !held.is_tombstone {
            *self.print ^= print(key, dot);
        }
    }
}

const PRELOADED: Held = Held { is_tombstone: false, event: Witness(None) };

/// The hash of a version of a key.
fn print(key: &str, dot: Dot) -> u64 {
    let source = dot.source;
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&(source.incarnation.node.index() as u32).to_le_bytes());
    bytes[4..8].copy_from_slice(&source.incarnation.boot.number().to_le_bytes());
    bytes[8..12].copy_from_slice(&source.era.0.to_le_bytes());
    bytes[12..20].copy_from_slice(&dot.number.to_le_bytes());
    xxh3_64_with_seed(key.as_bytes(), xxh3_64(&bytes))
}
