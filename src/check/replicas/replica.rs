//! One replica according to the entries of its disk: what it holds and covers now, and what a crash would leave of that.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::preload::{self, Preload};
use crate::check::{Derived, RunOnly, Witness};
use crate::clocks::{Dot, Dots};
use crate::identity::{Boot, EventId, NodeId};

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
    /// The resolutions that it holds, by key.
    choices: BTreeMap<Arc<str>, Choice>,
    /// How many versions it had before its first start, and goes back to.
    preloaded: u64,
    /// How many versions it holds.
    held: Derived<u64>,
    /// The live versions that it holds: the sum, without carries, of a hash of each.
    print: Derived<u64>,
    /// The resolutions that it holds: the sum, without carries, of a hash of each.
    choices_print: Derived<u64>,
    /// The keys with a resolution whose chosen version is not covered yet.
    waiting: Derived<BTreeSet<Arc<str>>>,
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

/// A resolution that a replica holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Choice {
    pub(super) dot: Dot,
    pub(super) stamp: u64,
    /// The version that it chooses.
    pub(super) chosen: Dot,
    /// The entry by which it came.
    pub(super) event: Witness<EventId>,
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

/// A resolution that a replica accepts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolved<'a> {
    pub(super) key: &'a Arc<str>,
    pub(super) choice: Choice,
    /// The older ones that it replaces.
    pub(super) replaces: &'a Dots,
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
    /// The resolutions of keys that were held before each step of the change.
    choices: Vec<(Arc<str>, Option<Choice>)>,
}

impl Choice {
    /// Its place in the order of resolutions.
    const fn rank(&self) -> (u64, Dot) {
        (self.stamp, self.dot)
    }

    /// As something that is held and is no tombstone.
    const fn held(&self) -> Held {
        Held { is_tombstone: false, event: Witness(Some(self.event.0)) }
    }
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
    /// Its disk begins with so many versions of the preload.
    pub(super) fn preload(&mut self, preload: &Preload, count: u64) {
        if self.preloaded > 0 {
            return;
        }
        self.preloaded = count;
        self.covered.merge(&preload::first(count));
        self.ever.merge(&preload::first(count));
        *self.held += count;
        *self.print ^= preload.print(count);
    }

    /// It has lost everything, if it had anything.
    pub(super) fn reset(&mut self) {
        if self.covered.is_empty() {
            return;
        }
        let (is_known, lives, boot, disk) = (self.is_known, self.lives, self.boot, self.disk);
        let ever = std::mem::take(&mut self.ever);
        *self = Self { is_known, lives, boot, disk, ever, spoilt: RunOnly(true), ..Self::default() };
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
        let choices = self.drop_void(Some(key), preload);
        let (key, added) = (Some(Arc::clone(key)), Some(dot));
        let number = Derived(event.number);
        self.pending.push(Pending { number, covered, key, removed, added, applied, named, choices });
        was_covered
    }

    /// Accepts a resolution; returns whether it covered it already.
    pub(super) fn resolve(&mut self, event: EventId, resolved: Resolved<'_>, preload: Option<&Preload>) -> bool {
        let Resolved { key, choice, replaces } = resolved;
        let was_covered = self.covered.contains(choice.dot);
        let mut news = replaces.clone();
        news.insert(choice.dot);
        let covered = self.cover(&news);
        let yields = |held: &Choice| replaces.contains(held.dot) || choice.rank() > held.rank();
        let wins = self.choices.get(key).is_none_or(yields);
        let mut choices = Vec::new();
        if wins {
            choices.push((Arc::clone(key), self.choose(key, Some(choice))));
        }
        choices.extend(self.drop_void(Some(key), preload));
        self.pending.push(Pending { number: Derived(event.number), covered, choices, ..Pending::default() });
        was_covered
    }

    /// Drops versions, or the resolution; returns those that it held.
    pub(super) fn drop(
        &mut self,
        event: EventId,
        key: &Arc<str>,
        dots: &[Dot],
        preload: Option<&Preload>,
    ) -> Vec<(Dot, Held)> {
        let removed = self.take(key, dots, preload);
        let mut dropped = removed.clone();
        let mut choices = Vec::new();
        if let Some(choice) = self.choices.get(key).copied().filter(|choice| dots.contains(&choice.dot)) {
            dropped.push((choice.dot, choice.held()));
            choices.push((Arc::clone(key), self.choose(key, None)));
        }
        choices.extend(self.drop_void(Some(key), preload));
        let (number, key) = (Derived(event.number), Some(Arc::clone(key)));
        self.pending.push(Pending { number, key, removed, choices, ..Pending::default() });
        dropped
    }

    /// Covers all of a vector.
    pub(super) fn join(&mut self, event: EventId, vector: &Dots, preload: Option<&Preload>) {
        let covered = self.cover(vector);
        let choices = self.drop_void(None, preload);
        self.pending.push(Pending { number: Derived(event.number), covered, choices, ..Pending::default() });
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
        for Pending { number: _, covered, key, removed, added, applied, named, choices } in
            std::mem::take(&mut self.pending).into_iter().rev()
        {
            self.covered = self.covered.without(&covered);
            self.applied = self.applied.without(&applied.into_iter().collect());
            choices.into_iter().rev().for_each(|(key, before)| _ = self.choose(&key, before));
            let Some(key) = key else { continue };
            added.into_iter().for_each(|dot| _ = self.take(&key, &[dot], None));
            removed.into_iter().for_each(|(dot, held)| self.put(&key, dot, held));
            if let Some(at) = self.keys.get_mut(&key) {
                at.named.remove(&named);
            }
            keys.push(key);
        }
        let waits = |choice: &Choice| !self.covered.contains(choice.chosen);
        let waiting = self.choices.iter().filter(|(_, choice)| waits(choice)).map(|(key, _)| Arc::clone(key));
        *self.waiting = waiting.collect();
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

    /// The resolutions that it holds, by key.
    pub(super) const fn choices(&self) -> &BTreeMap<Arc<str>, Choice> {
        &self.choices
    }

    pub(super) const fn choices_print(&self) -> u64 {
        self.choices_print.0
    }

    /// The keys with a resolution whose chosen version is not there yet. Where it was and is no more, the resolution is
    /// dropped.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Arc<str>> {
        self.waiting.iter()
    }

    /// Whether a write of this name is that of the node's present incarnation.
    pub(super) fn writes(&self, node: NodeId, dot: Dot) -> bool {
        let origin = dot.source.incarnation;
        origin.node == node && origin.boot == self.boot
    }

    /// How many versions of the preload it goes back to.
    pub(super) const fn preloaded(&self) -> u64 {
        self.preloaded
    }

    /// The keys that entries named.
    pub(super) const fn keys(&self) -> &BTreeMap<Arc<str>, Key> {
        &self.keys
    }

    /// What it holds of a key, tombstones too.
    pub(super) fn held_of(&self, key: &str, preload: Option<&Preload>) -> Cow<'_, BTreeMap<Dot, Held>> {
        let untouched = || preload?.of(key).filter(|dot| dot.number <= self.preloaded);
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

    /// Holds this resolution of a key, or none; returns the one that it held.
    fn choose(&mut self, key: &Arc<str>, choice: Option<Choice>) -> Option<Choice> {
        let before = match choice {
            Some(choice) => self.choices.insert(Arc::clone(key), choice),
            None => self.choices.remove(key),
        };
        choice.iter().chain(&before).for_each(|one| *self.choices_print ^= print(key, one.dot));
        before
    }

    /// Drops the resolutions that are void: of this key, and of those whose chosen version was not covered. Returns them.
    fn drop_void(&mut self, key: Option<&Arc<str>>, preload: Option<&Preload>) -> Vec<(Arc<str>, Option<Choice>)> {
        let mut void = Vec::new();
        for key in std::mem::take(&mut *self.waiting).into_iter().chain(key.cloned()) {
            let Some(chosen) = self.choices.get(&key).map(|choice| choice.chosen) else { continue };
            if !self.covered.contains(chosen) {
                self.waiting.insert(key);
            } else if !self.held_of(&key, preload).contains_key(&chosen) {
                let before = self.choose(&key, None);
                void.push((key, before));
            }
        }
        void
    }

    fn turn(&mut self, key: &str, dot: Dot, held: Held) {
        if !held.is_tombstone {
            *self.print ^= print(key, dot);
        }
    }
}

const PRELOADED: Held = Held { is_tombstone: false, event: Witness(None) };

/// The hash of a version or resolution of a key.
pub(super) fn print(key: &str, dot: Dot) -> u64 {
    let source = dot.source;
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&(source.incarnation.node.index() as u32).to_le_bytes());
    bytes[4..8].copy_from_slice(&source.incarnation.boot.number().to_le_bytes());
    bytes[8..12].copy_from_slice(&source.era.0.to_le_bytes());
    bytes[12..20].copy_from_slice(&dot.number.to_le_bytes());
    xxh3_64_with_seed(key.as_bytes(), xxh3_64(&bytes))
}
