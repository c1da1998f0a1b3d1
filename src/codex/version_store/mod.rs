//! What one replica holds and covers, as pure data: versions by key, a vector, a log, and the claims of syncs under way.
//!
//! Everything that changes a replica is a [`Change`], which its journal keeps in order: what a replica is after a crash
//! follows from the changes that were durable, by the same function as while it ran.

mod preloaded;
mod slot;

pub use preloaded::Preloaded;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use self::slot::Slot;
use super::conflict::Resolution;
use super::{CausalContext, Item, Key, Path, PathRange, Root, Trie, Version};
use crate::clocks::{Dot, Dots};
use crate::identity::{Boot, Era, Incarnation, NodeId};

/// One change of a replica: an entry of its journal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// A version is accepted: its dot and its context are covered, and what its context names is dropped.
    Version(Arc<Version>),
    /// Versions, or a resolution, are dropped, because a peer that covers them holds them no more.
    Dropped {
        /// Their key.
        key: Key,
        /// Which.
        dots: Vec<Dot>,
    },
    /// Tombstones are dropped that every replica covers.
    Collected {
        /// Their key.
        key: Key,
        /// Which.
        dots: Vec<Dot>,
    },
    /// All these are covered.
    Joined {
        /// Which.
        vector: Arc<Dots>,
    },
    /// A sync of the whole store has come so far, or ends.
    Claimed(Option<Arc<Claim>>),
    /// In place of all changes before: what is covered, and from where on the log is gone.
    Base(Arc<Base>),
    /// After a base: what is held.
    Held(Item),
    /// A resolution is accepted: its dot and those that it replaces are covered, and it is held if it wins.
    Resolution(Arc<Resolution>),
    /// In place of all changes before: what the run began with.
    Preloaded(Arc<Preloaded>),
}

impl From<Item> for Change {
    /// It is accepted.
    fn from(item: Item) -> Self {
        match item {
            Item::Version(version) => Self::Version(version),
            Item::Resolution(resolution) => Self::Resolution(resolution),
        }
    }
}

/// What stands at the head of a journal that was compacted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Base {
    /// What is covered.
    pub vector: Dots,
    /// What the log does not tell of.
    pub floor: Dots,
    /// The greatest stamp.
    pub stamp: u64,
    /// The log: accepted versions and resolutions in the order in which they were accepted.
    pub log: Vec<Logged>,
}

/// A version or a resolution in a log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Logged {
    /// Its name.
    pub dot: Dot,
    /// Its context, or what it replaces.
    pub context: Dots,
}

/// What a sync of the whole store may claim: its start vector, when all keys are done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Claim {
    /// What the sender covered before it read its first chunk.
    pub start: Arc<Dots>,
    /// How far it is: all keys up to this path are done.
    pub upto: Option<Path>,
    /// The versions that came from elsewhere into keys that were done, and that the start vector covers: their chunk lacked
    /// them.
    pub late: BTreeSet<(Path, Dot)>,
}

/// Which sync a claim belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClaimId {
    /// The sync of the whole store; it outlives a crash.
    Full,
    /// The walk down the trie of a peer; it ends when either end restarts.
    Walk(NodeId),
}

/// What a replica holds in a range of keys, read at one instant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Chunk {
    /// The paths of the keys.
    pub range: PathRange,
    /// What is held of them and the receiver may lack.
    pub items: Vec<Item>,
    /// The dots of the others: what the receiver covers, and what found no room.
    pub others: Dots,
    /// What the sender covers.
    pub vector: Arc<Dots>,
}

/// Which guards of a replica are left out: all stand, save with flaws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lax {
    /// Applying a version covers its dot alone.
    pub context_uncovered: bool,
    /// A version is news unless what is held names it.
    pub news_by_holding: bool,
    /// A context has all dots of a source up to the greatest.
    pub context_filled: bool,
    /// A context leaves out every dot that all replicas have reported.
    pub context_trimmed: bool,
    /// Nothing is dropped because a chunk lacks it.
    pub absence_ignored: bool,
    /// A join leaves what came late.
    pub late_kept: bool,
    /// A delete leaves nothing behind.
    pub no_tombstones: bool,
    /// Of concurrent resolutions each replica keeps the first that it has, and tells nobody.
    pub resolutions_apart: bool,
    /// A resolution outlives what it chooses.
    pub void_kept: bool,
}

/// A replica's versions, and what it covers.
#[derive(Clone, Default)]
pub struct VersionStore {
    slots: BTreeMap<Path, Slot>,
    by_dot: BTreeMap<Dot, Path>,
    tombstones: BTreeSet<Dot>,
    /// The choices of resolutions that are not held: where a join makes them void.
    awaited: BTreeMap<Dot, Path>,
    /// The live siblings by key, and the resolution: their names tell their values.
    live: Trie<SmallVec<[Dot; 1]>>,
    vector: Arc<Dots>,
    stamp: u64,
    log: VecDeque<Logged>,
    floor: Dots,
    /// How many entries the log has at the most.
    longest_log: usize,
    /// How many entries were ever in the log.
    logged: u64,
    claims: BTreeMap<ClaimId, Arc<Claim>>,
    lax: Lax,
}

/// It comes before every dot, and is none: they count from 1.
const BEFORE_ALL: Dot = Dot::new(Incarnation::new(NodeId::new(0), Boot::new(0)), Era(0), 0);
/// How many bytes the dot of a version takes in a chunk, about.
const DOT_ROOM: usize = 12;

impl VersionStore {
    /// A replica that holds and covers nothing, with a log of so many entries at the most.
    #[must_use]
    pub fn new(longest_log: usize, lax: Lax) -> Self {
        Self { longest_log, lax, ..Self::default() }
    }

    /// What it covers.
    #[must_use]
    pub const fn vector(&self) -> &Arc<Dots> {
        &self.vector
    }

    /// What stands for all live versions, and the resolutions.
    #[must_use]
    pub fn root(&self) -> Root {
        self.live.root()
    }

    /// The trie of what the root stands for, to be walked.
    #[must_use]
    pub const fn trie(&self) -> &Trie<SmallVec<[Dot; 1]>> {
        &self.live
    }

    /// How many versions and resolutions it holds, tombstones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_dot.len()
    }

    /// How many versions it holds, tombstones included. It counts them.
    #[must_use]
    pub fn count_versions(&self) -> usize {
        self.slots.values().map(|slot| slot.versions.len()).sum()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_dot.is_empty()
    }

    /// The greatest stamp that it has seen.
    #[must_use]
    pub const fn stamp(&self) -> u64 {
        self.stamp
    }

    /// The versions of a key, in the order of their dots.
    #[must_use]
    pub fn held(&self, key: &Key) -> &[Arc<Version>] {
        self.slots.get(&Path::of(key)).map_or(&[], |slot| &slot.versions)
    }

    /// The version of this name, if it is held.
    #[must_use]
    pub fn version(&self, dot: Dot) -> Option<&Arc<Version>> {
        self.slots.get(self.by_dot.get(&dot)?)?.version(dot)
    }

    /// The resolution of a key.
    #[must_use]
    pub fn resolution(&self, key: &Key) -> Option<&Arc<Resolution>> {
        self.slots.get(&Path::of(key))?.resolution.as_ref()
    }

    /// The version of these that was applied first, of those that are held of a key.
    #[must_use]
    pub fn first_of(&self, key: &Key, among: &[Dot]) -> Option<Dot> {
        self.slots.get(&Path::of(key))?.first_of(among)
    }

    /// What is held, by key, in no order that matters.
    pub fn by_keys(&self) -> impl Iterator<Item = (&Key, &[Arc<Version>])> {
        self.slots.values().map(|slot| (&slot.key, &slot.versions[..]))
    }

    /// The keys whose resolution chooses what is not held.
    pub fn awaiting(&self) -> impl Iterator<Item = &Key> {
        self.awaited.values().filter_map(|path| self.slots.get(path)).map(|slot| &slot.key)
    }

    /// The version or resolution of this name, if it is held.
    fn item(&self, dot: Dot) -> Option<Item> {
        let slot = self.slots.get(self.by_dot.get(&dot)?)?;
        let resolution = slot.resolution.as_ref().filter(|resolution| resolution.dot == dot);
        slot.version(dot).cloned().map(Item::Version).or_else(|| resolution.cloned().map(Item::Resolution))
    }

    /// Whether a version or a resolution is to be accepted.
    #[must_use]
    pub fn is_news(&self, item: &Item) -> bool {
        if let Item::Version(version) = item
            && self.lax.news_by_holding
        {
            let held = self.held(&version.key);
            return !held.iter().any(|held| held.dot == version.dot || held.context.contains(version.dot));
        }
        !self.vector.contains(item.dot())
    }

    /// What a read of a key may claim to know, where `reported` says whether all replicas have reported that they cover a
    /// dot: the context of a live version that they have is left out.
    #[must_use]
    pub fn context(&self, key: &Key, reported: impl Fn(Dot) -> bool) -> CausalContext {
        let mut known = CausalContext::default();
        for version in self.held(key) {
            known.held.push(version.dot);
            known.stamp = known.stamp.max(version.stamp);
            known.covered.insert(version.dot);
            // Whoever covers a live version by a join holds it, and has dropped what it names. A tombstone may be covered by
            // a join without being held, beside an older tombstone that it names.
            if version.is_tombstone() || !reported(version.dot) {
                known.covered.merge(&version.context);
            }
        }
        if self.lax.context_filled {
            known.covered = filled(&known.covered);
        }
        if self.lax.context_trimmed {
            known.covered = known.covered.iter().filter(|dot| !reported(*dot)).collect();
        }
        known
    }

    /// Makes a change.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Version(version) => self.accept(version),
            Change::Dropped { key, dots } | Change::Collected { key, dots } => self.forget(key, dots),
            Change::Joined { vector } => {
                self.floor.merge(&vector.without(&self.vector));
                Arc::make_mut(&mut self.vector).merge(vector);
                self.stop_awaiting();
            }
            Change::Claimed(claim) => self.set_claim(ClaimId::Full, claim.clone()),
            Change::Base(base) => {
                let Base { vector, floor, stamp, log } = &**base;
                *self = Self::new(self.longest_log, self.lax);
                (self.vector, self.floor, self.stamp) = (Arc::new(vector.clone()), floor.clone(), *stamp);
                self.log = log.iter().cloned().collect();
                self.logged = self.log.len() as u64;
            }
            Change::Held(Item::Version(version)) => self.hold(version),
            Change::Held(Item::Resolution(resolution)) => self.resolve(resolution),
            Change::Resolution(resolution) => {
                let vector = Arc::make_mut(&mut self.vector);
                vector.insert(resolution.dot);
                vector.merge(&resolution.replaces);
                self.log(resolution.dot, &resolution.replaces);
                self.resolve(resolution);
            }
            Change::Preloaded(preloaded) => *self = preloaded.store(self.longest_log, self.lax),
        }
    }

    fn accept(&mut self, version: &Arc<Version>) {
        let vector = Arc::make_mut(&mut self.vector);
        vector.insert(version.dot);
        if !self.lax.context_uncovered {
            vector.merge(&version.context);
        }
        self.log(version.dot, &version.context);
        self.hold(version);
    }

    fn log(&mut self, dot: Dot, context: &Dots) {
        self.logged += 1;
        self.log.push_back(Logged { dot, context: context.clone() });
        while self.log.len() > self.longest_log {
            let Logged { dot, context } = self.log.pop_front().expect("it is longer than that");
            self.floor.insert(dot);
            self.floor.merge(&context);
        }
    }

    /// Holds a version instead of those that its context names.
    fn hold(&mut self, version: &Arc<Version>) {
        self.stamp = self.stamp.max(version.stamp);
        let path = Path::of(&version.key);
        self.note_late(path, version.dot);
        let is_kept = !(self.lax.no_tombstones && version.is_tombstone());
        let slot = self.slots.entry(path).or_insert_with(|| Slot::new(version.key.clone()));
        for dot in slot.hold(version, is_kept) {
            self.by_dot.remove(&dot);
            self.tombstones.remove(&dot);
        }
        if is_kept {
            self.by_dot.insert(version.dot, path);
            if version.is_tombstone() {
                self.tombstones.insert(version.dot);
            }
        }
        self.show(path);
    }

    /// Holds a resolution, if it wins.
    fn resolve(&mut self, resolution: &Arc<Resolution>) {
        self.stamp = self.stamp.max(resolution.stamp);
        let path = Path::of(&resolution.key);
        self.note_late(path, resolution.dot);
        let slot = self.slots.entry(path).or_insert_with(|| Slot::new(resolution.key.clone()));
        let loser = slot.resolve(resolution, self.lax.resolutions_apart);
        self.by_dot.insert(resolution.dot, path);
        self.awaited.insert(resolution.chosen, path);
        if let Some(loser) = loser {
            self.forget_resolution(&loser);
        }
        self.show(path);
    }

    /// A resolution is held no more: the log does not tell why.
    fn forget_resolution(&mut self, resolution: &Resolution) {
        self.by_dot.remove(&resolution.dot);
        self.floor.insert(resolution.dot);
        self.floor.merge(&resolution.replaces);
    }

    /// What has been covered by a join and is not held makes resolutions void.
    fn stop_awaiting(&mut self) {
        let covered = self.awaited.iter().filter(|(chosen, _)| self.vector.contains(**chosen));
        let paths: Vec<Path> = covered.map(|(_, path)| *path).collect();
        paths.into_iter().for_each(|path| self.show(path));
    }

    /// What comes to keys that a sync is done with, and that its start covers, came late.
    fn note_late(&mut self, path: Path, dot: Dot) {
        for claim in self.claims.values_mut() {
            if claim.upto.is_some_and(|upto| path <= upto) && claim.start.contains(dot) {
                Arc::make_mut(claim).late.insert((path, dot));
            }
        }
    }

    /// Drops versions, or the resolution, which stay covered.
    fn forget(&mut self, key: &Key, dots: &[Dot]) {
        let path = Path::of(key);
        let Some(slot) = self.slots.get_mut(&path) else { return };
        for dot in dots {
            self.floor.insert(*dot);
            self.by_dot.remove(dot);
            self.tombstones.remove(dot);
        }
        let going = slot.versions.iter().filter(|held| dots.contains(&held.dot));
        going.for_each(|held| self.floor.merge(&held.context));
        slot.remove(|dot| dots.contains(&dot));
        if let Some(resolution) = slot.resolution.take_if(|resolution| dots.contains(&resolution.dot)) {
            self.forget_resolution(&resolution);
        }
        self.show(path);
    }

    /// Brings the trie up to date with a key.
    fn show(&mut self, path: Path) {
        let Some(slot) = self.slots.get_mut(&path) else { return };
        let void = if self.lax.void_kept { None } else { slot.drop_void(&self.vector) };
        let told = slot.resolution.as_ref().filter(|_| !self.lax.resolutions_apart).map(|resolution| resolution.dot);
        let live = slot.versions.iter().filter(|version| !version.is_tombstone()).map(|version| version.dot);
        let live: SmallVec<[Dot; 1]> = live.chain(told).collect();
        if live.is_empty() {
            self.live.remove(path);
        } else {
            self.live.put(path, slot.key.clone(), live);
        }
        let awaits = slot.resolution.as_ref().is_some_and(|resolution| slot.version(resolution.chosen).is_none());
        if slot.is_empty() {
            self.slots.remove(&path);
        }
        if !awaits {
            self.awaited.retain(|_, awaiting| *awaiting != path);
        }
        if let Some(void) = void {
            self.forget_resolution(&void);
        }
    }

    /// The tombstones that may go, where `reported` says whether all replicas have reported that they cover a dot.
    #[must_use]
    pub fn collectable(&self, reported: impl Fn(Dot) -> bool) -> Vec<Change> {
        let dots = self.tombstones.iter().copied().filter(|dot| reported(*dot));
        self.by_key(dots, |key, dots| Change::Collected { key, dots })
    }

    /// A change for each key of these versions, as far as they are held.
    fn by_key(&self, dots: impl Iterator<Item = Dot>, change: impl Fn(Key, Vec<Dot>) -> Change) -> Vec<Change> {
        let mut keys: BTreeMap<Path, Vec<Dot>> = BTreeMap::new();
        for dot in dots {
            if let Some(path) = self.by_dot.get(&dot) {
                keys.entry(*path).or_default().push(dot);
            }
        }
        keys.into_iter().map(|(path, dots)| change(self.slots[&path].key.clone(), dots)).collect()
    }

    /// What is held and a vector does not cover, up to about so many bytes, and at least one.
    #[must_use]
    pub fn missing(&self, vector: &Dots, room: usize) -> Vec<Item> {
        let (mut missing, mut left) = (Vec::new(), room);
        for run in self.vector.without(vector).runs() {
            let (first, last) = run.ends();
            for (dot, _) in self.by_dot.range(first..=last) {
                let item = self.item(*dot).expect("what the index names is held");
                let size = item.size();
                if size > left && !missing.is_empty() {
                    return missing;
                }
                left = left.saturating_sub(size);
                missing.push(item);
            }
        }
        missing
    }

    /// How many versions and resolutions were ever accepted: the position of the next in the log.
    #[must_use]
    pub const fn logged(&self) -> u64 {
        self.logged
    }

    /// Whether the log holds all that a replica lacks which covers this.
    #[must_use]
    pub fn reaches(&self, vector: &Dots) -> bool {
        vector.covers(&self.floor)
    }

    /// What is in the log from a position on, as far as it is held and not covered by a vector, up to about so many bytes and
    /// at least one; and the position after them. None if the log does not reach back so far.
    #[must_use]
    pub fn logged_from(&self, position: u64, vector: &Dots, room: usize) -> Option<(Vec<Item>, u64)> {
        let first = self.logged - self.log.len() as u64;
        let skip = usize::try_from(position.checked_sub(first)?).ok()?;
        let (mut items, mut left, mut next) = (Vec::new(), room, position);
        for Logged { dot, .. } in self.log.iter().skip(skip) {
            if let Some(item) = self.item(*dot).filter(|_| !vector.contains(*dot)) {
                let size = item.size();
                if size > left && !items.is_empty() {
                    break;
                }
                left = left.saturating_sub(size);
                items.push(item);
            }
            next += 1;
        }
        Some((items, next))
    }

    /// The position of the oldest entry of the log.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        self.logged - self.log.len() as u64
    }

    /// What is held in a range of keys, or in the first of them: what `beyond` does not cover, up to about so many bytes, and the
    /// dots of the rest.
    #[must_use]
    pub fn chunk(&self, range: PathRange, beyond: Option<&Dots>, room: usize) -> Chunk {
        let mut chunk = Chunk { range, items: Vec::new(), others: Dots::new(), vector: Arc::clone(&self.vector) };
        let mut left = room;
        let mut last = None;
        for (path, slot) in self.slots.range(range.from..=range.to) {
            let sized = |item: Item| {
                let lacks = beyond.is_none_or(|beyond| !beyond.contains(item.dot()));
                (lacks.then(|| item.size()), item)
            };
            let items: SmallVec<[(Option<usize>, Item); 2]> = slot.items().map(sized).collect();
            let needed = items.iter().map(|(size, _)| size.unwrap_or_default() + DOT_ROOM).sum::<usize>();
            if let Some(last) = last.filter(|_| needed > left) {
                chunk.range.to = last;
                break;
            }
            last = Some(*path);
            for (size, item) in items {
                match size.filter(|size| left >= *size || chunk.items.is_empty()) {
                    Some(size) => {
                        left = left.saturating_sub(size);
                        chunk.items.push(item);
                    }
                    None => {
                        left = left.saturating_sub(DOT_ROOM);
                        chunk.others.insert(item.dot());
                    }
                }
            }
        }
        chunk
    }

    /// Whether a chunk whose items are accepted was all that there is: the rest of it is covered.
    #[must_use]
    pub fn has_all(&self, chunk: &Chunk) -> bool {
        self.vector.covers(&chunk.others)
    }

    /// What is to be dropped because a chunk lacks it, though its sender covers it.
    #[must_use]
    pub fn absent(&self, chunk: &Chunk) -> Vec<Change> {
        if self.lax.absence_ignored {
            return Vec::new();
        }
        let listed: BTreeSet<Dot> = chunk.items.iter().map(Item::dot).collect();
        let range = self.slots.range(chunk.range.from..=chunk.range.to);
        let absent = |dot: &Dot| chunk.vector.contains(*dot) && !chunk.others.contains(*dot) && !listed.contains(dot);
        let gone = range.filter_map(|(_, slot)| {
            let dots: Vec<Dot> = slot.dots().filter(absent).collect();
            (!dots.is_empty()).then(|| Change::Dropped { key: slot.key.clone(), dots })
        });
        gone.collect()
    }

    /// Whether a peer that covers `vector` and has told of a range by `chunk` lacks anything there that is held here, or holds
    /// there what this replica covers and holds no more.
    #[must_use]
    pub fn differs(&self, chunk: &Chunk) -> bool {
        let theirs: BTreeSet<Dot> = chunk.items.iter().map(Item::dot).collect();
        let lists = |dot: Dot| theirs.contains(&dot) || chunk.others.contains(dot);
        let mut range = self.slots.range(chunk.range.from..=chunk.range.to);
        range.any(|(_, slot)| slot.dots().any(|held| !chunk.vector.contains(held) && !lists(held)))
            || theirs
                .into_iter()
                .chain(chunk.others.iter())
                .any(|dot| self.vector.contains(dot) && !self.by_dot.contains_key(&dot))
    }

    /// The claim of a sync.
    #[must_use]
    pub fn claim(&self, id: ClaimId) -> Option<&Arc<Claim>> {
        self.claims.get(&id)
    }

    /// Sets, or ends, the claim of a sync. That of the whole store is set by a change.
    pub fn set_claim(&mut self, id: ClaimId, claim: Option<Arc<Claim>>) {
        match claim {
            Some(claim) => _ = self.claims.insert(id, claim),
            None => _ = self.claims.remove(&id),
        }
    }

    /// Begins the claim of a walk, which looks at all keys from its start on.
    pub fn begin_walk(&mut self, peer: NodeId, start: Arc<Dots>) {
        let claim = Claim { start, upto: Some(Path::LAST), late: BTreeSet::new() };
        self.set_claim(ClaimId::Walk(peer), Some(Arc::new(claim)));
    }

    /// A walk has compared a range: what came before is no longer late.
    pub fn settle_walk(&mut self, peer: NodeId, range: PathRange) {
        let Some(claim) = self.claims.get_mut(&ClaimId::Walk(peer)) else { return };
        let late = claim.late.range((range.from, BEFORE_ALL)..).take_while(|(path, _)| *path <= range.to);
        let settled: Vec<(Path, Dot)> = late.copied().collect();
        if !settled.is_empty() {
            let claim = Arc::make_mut(claim);
            settled.iter().for_each(|one| _ = claim.late.remove(one));
        }
    }

    /// What is to change when a sync has come to its end: what came late is dropped, and its start vector is joined.
    #[must_use]
    pub fn join(&self, id: ClaimId) -> Vec<Change> {
        let Some(claim) = self.claims.get(&id) else { return Vec::new() };
        let late = claim.late.iter().map(|(_, dot)| *dot).filter(|_| !self.lax.late_kept);
        let mut changes = self.by_key(late, |key, dots| Change::Dropped { key, dots });
        if !self.vector.covers(&claim.start) {
            changes.push(Change::Joined { vector: Arc::clone(&claim.start) });
        }
        if id == ClaimId::Full {
            changes.push(Change::Claimed(None));
        }
        changes
    }

    /// A journal of this state alone.
    #[must_use]
    pub fn journal(&self) -> Vec<Change> {
        let base = Base {
            vector: (*self.vector).clone(),
            floor: self.floor.clone(),
            stamp: self.stamp,
            log: self.log.iter().cloned().collect(),
        };
        let held = self.slots.values().flat_map(Slot::history).map(Change::Held);
        let claim = self.claims.get(&ClaimId::Full).map(|claim| Change::Claimed(Some(Arc::clone(claim))));
        [Change::Base(Arc::new(base))].into_iter().chain(held).chain(claim).collect()
    }
}

/// All dots of each source up to the greatest.
fn filled(dots: &Dots) -> Dots {
    let mut all = Dots::new();
    for run in dots.runs() {
        all.extend((1..=run.last).map(|number| Dot { source: run.source, number }));
    }
    all
}

#[cfg(test)]
mod tests;

/// What tells one replica from another: a version or resolution is told by its name.
impl VersionStore {
    fn essence(&self) -> impl PartialEq + Hash + '_ {
        let log: Vec<Dot> = self.log.iter().map(|logged| logged.dot).collect();
        let orders: Vec<&[Dot]> = self.slots.values().map(Slot::order).filter(|order| !order.is_empty()).collect();
        (&self.by_dot, &self.vector, &self.floor, &self.claims, self.stamp, (log, orders))
    }
}

impl PartialEq for VersionStore {
    fn eq(&self, other: &Self) -> bool {
        let contexts = |replica: &Self| -> Vec<Dots> {
            let versions = replica.slots.values().flat_map(|slot| &slot.versions);
            versions.map(|version| version.context.clone()).collect()
        };
        self.essence() == other.essence() && contexts(self) == contexts(other)
    }
}

impl Eq for VersionStore {}

impl Hash for VersionStore {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.essence().hash(state);
        for version in self.slots.values().flat_map(|slot| &slot.versions) {
            version.context.hash(state);
        }
    }
}

impl fmt::Debug for VersionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let vector = self.vector.to_string();
        f.debug_struct("VersionStore").field("versions", &self.len()).field("vector", &vector).finish_non_exhaustive()
    }
}
