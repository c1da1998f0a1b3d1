//! One replica: what clients and peers do to it, and what its disk keeps of that.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{ReplicaEntry, ReplicaFact, Rules};
use crate::clocks::{Dot, Dots};
use crate::codex::conflict::{
    Choice, Class, Poll, Resolution, Sibling, Strategy, View, meaning, view, view_of_immutable,
};
use crate::codex::digest;
use crate::codex::{
    AnchorRule, CausalContext, Change, Item, Key, Keyspace, MOST_CONTEXT, MOST_SIBLINGS, MOST_VALUE, Refusal,
    StoreReply, Value, Version, VersionStore,
};
use crate::encoding;
use crate::identity::{Boot, Era, Incarnation, NodeId, OpId};
use crate::observation::Basis;
use crate::process::Stored;
use crate::signature::Signature;
use crate::time::LocalTime;

/// What a replica does beside the protocols that use it: every port of theirs can.
///
/// A port of a protocol that sees no replica need not implement any of it.
pub trait ReplicaPort {
    /// Adds an entry to the replica's file; durable when a later sync has been answered.
    fn keep(&mut self, _entry: ReplicaEntry) {
        unreachable!("this port has no replica")
    }
    /// Replaces the replica's file; durable when a later sync has been answered.
    fn rewrite_replica(&mut self, _entries: Vec<ReplicaEntry>) {
        unreachable!("this port has no replica")
    }
    /// A barrier: what follows waits until all before is durable.
    fn persist(&mut self) {
        unreachable!("this port has no replica")
    }
    /// Writes a fact of the replica into the trace.
    fn note_replica(&mut self, _fact: ReplicaFact) {
        unreachable!("this port has no replica")
    }
}

/// A journal, read to its end.
#[derive(Debug, Default)]
pub struct Kept {
    changes: Vec<Change>,
    lost: bool,
}

/// What came of what a peer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It is news, and accepted.
    Applied,
    /// It is covered.
    Old,
    /// It is refused.
    Refused,
}

/// A replica of one node.
#[derive(Clone, Debug)]
pub struct Replica {
    rules: Arc<Rules>,
    me: Incarnation,
    era: Era,
    store: VersionStore,
    /// How many versions this incarnation has written.
    written: u64,
    /// What each node has reported to cover, durably.
    reports: BTreeMap<NodeId, Arc<Dots>>,
    /// What the last operations of each client came to.
    answered: BTreeMap<OpId, StoreReply>,
    /// How many entries the journal has.
    journal: usize,
    /// Whether entries wait for a sync.
    unsynced: bool,
    /// Whether the journal was damaged.
    lost: bool,
    /// How many changes there were.
    changes: u64,
    /// The keys that have changed since they were last asked for, if anybody asks.
    touched: Option<BTreeSet<Key>>,
    /// The strategies that were decreed, by the prefix of the keyspace.
    strategies: BTreeMap<String, Strategy>,
}

/// A conflict between the versions that are shown of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Conflict {
    /// The versions to choose from.
    pub siblings: Vec<Dot>,
    /// All versions of the key that are held, hidden ones too.
    pub held: Dots,
    /// In what respect they differ.
    pub class: Class,
    /// What voters are to be asked, if the strategy wants a poll.
    pub poll: Option<Poll>,
    /// Whether whoever sees the conflict decides it with whom it likes: with flaw e08 alone.
    pub alone: bool,
}

/// The answers to so many operations of a client are kept.
const ANSWERS: u32 = 16;

impl Kept {
    /// Takes in the next entry of the file.
    pub fn read(&mut self, stored: Stored<&ReplicaEntry>) {
        match stored {
            Stored::Intact(ReplicaEntry(change)) => self.changes.push(change.clone()),
            Stored::Torn(_) => {}
            Stored::Damaged(_) => self.lost = true,
        }
    }
}

impl Replica {
    /// Starts with what its file held.
    pub(super) fn begin(rules: &Arc<Rules>, kept: Kept, me: NodeId, boot: Boot, port: &mut impl ReplicaPort) -> Self {
        let lost = kept.lost && !rules.s09;
        let mut replica = Self {
            rules: Arc::clone(rules),
            me: Incarnation::new(me, boot),
            era: Era::default(),
            store: VersionStore::new(rules.settings.log as usize, rules.lax),
            written: 0,
            reports: BTreeMap::new(),
            answered: BTreeMap::new(),
            journal: kept.changes.len(),
            unsynced: false,
            lost,
            changes: 0,
            touched: None,
            strategies: BTreeMap::new(),
        };
        if lost {
            replica.journal = 0;
            port.rewrite_replica(Vec::new());
            port.persist();
        } else {
            kept.changes.iter().for_each(|change| replica.store.apply(change));
        }
        if let (Some(Change::Preloaded(_)), Some(preload), false) = (kept.changes.first(), &rules.preload, lost) {
            port.note_replica(preload.fact(me));
        }
        if boot == Boot::new(1) {
            for (prefix, keyspace) in rules.keyspaces.iter() {
                let replicated = keyspace.owner == super::spec::OWNER;
                port.note_replica(ReplicaFact::Keyspace { prefix: prefix.to_owned(), replicated });
            }
            for (prefix, rule) in rules.anchors.seen() {
                port.note_replica(ReplicaFact::Anchored { prefix, rule });
            }
        }
        let vector = (**replica.store.vector()).clone();
        port.note_replica(ReplicaFact::Started { vector, held: replica.store.count_versions() as u64, lost });
        replica
    }

    /// What the replica holds and covers.
    #[must_use]
    pub const fn store(&self) -> &VersionStore {
        &self.store
    }

    /// The same, for claims of walks: what its journal does not keep.
    pub const fn store_mut(&mut self) -> &mut VersionStore {
        &mut self.store
    }

    /// Whether it has to be brought up to date before anything else: its disk was damaged or wiped.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.lost || (self.me.boot > Boot::new(1) && self.store.vector().is_empty())
    }

    /// How many changes there were since the start.
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// Whether a key is in a replicated keyspace.
    #[must_use]
    pub fn owns(&self, key: &Key) -> bool {
        self.rules.keyspaces.of(key.as_str()).is_some_and(|(_, keyspace)| keyspace.owner == super::spec::OWNER)
    }

    /// Makes a change, and writes it down.
    pub fn change(&mut self, change: Change, port: &mut impl ReplicaPort) {
        self.touch(&change);
        self.store.apply(&change);
        self.journal += 1;
        self.changes += 1;
        self.unsynced = true;
        port.keep(ReplicaEntry(change));
    }

    fn touch(&mut self, change: &Change) {
        let Some(touched) = &mut self.touched else { return };
        match change {
            Change::Version(version) => _ = touched.insert(version.key.clone()),
            Change::Resolution(resolution) => _ = touched.insert(resolution.key.clone()),
            Change::Dropped { key, .. } | Change::Collected { key, .. } => _ = touched.insert(key.clone()),
            Change::Joined { .. } => touched.extend(self.store.awaiting().cloned()),
            Change::Claimed(_) | Change::Base(_) | Change::Held(_) | Change::Preloaded(_) => {}
        }
    }

    /// From now on the keys that change are kept until they are asked for; those that are held now are among them.
    pub fn watch(&mut self) {
        self.touched = Some(self.store.by_keys().map(|(key, _)| key.clone()).collect());
    }

    /// The keys that have changed since this was last asked.
    pub fn take_touched(&mut self) -> BTreeSet<Key> {
        self.touched.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// A barrier, if anything is not durable yet: before anything is said that it may show.
    pub fn persist(&mut self, port: &mut impl ReplicaPort) {
        // Flaw s08: nobody waits for the disk.
        if self.unsynced && !self.rules.s08 {
            port.persist();
            self.unsynced = false;
        }
    }

    /// Shows a client what the replica holds of a key.
    pub fn read(&mut self, op: OpId, key: &Key, port: &mut impl ReplicaPort) -> StoreReply {
        self.persist(port);
        let seen = Arc::new(self.context(key));
        let View { value, dot, open, class: _ } = self.view(key);
        let (held, digest) = (seen.held.clone(), value.as_ref().map(digest));
        let resolution = self.store.resolution(key).map(|resolution| resolution.dot);
        port.note_replica(ReplicaFact::Shown { op, key: key.clone(), held, dot, value: digest, resolution, open });
        StoreReply::View { value, seen, open }
    }

    /// What the replica shows of a key.
    #[must_use]
    pub fn view(&self, key: &Key) -> View {
        let (siblings, keyspace) = (self.siblings(key), self.keyspace(key));
        if keyspace.anchors.contains(&AnchorRule::Immutable) {
            return view_of_immutable(&siblings);
        }
        let allows = |value: &Value| self.rules.anchors.broken(key, None, Some(value)).is_none();
        view(&siblings, self.strategy(key), self.canon(key), allows)
    }

    /// The live versions of a key that its resolution lets be shown: all of them without one, or while it waits for what it
    /// chooses.
    #[must_use]
    pub fn siblings(&self, key: &Key) -> Vec<Sibling<'_>> {
        let held = self.store.held(key);
        let stands = |resolution: &&Arc<Resolution>| held.iter().any(|version| version.dot == resolution.chosen);
        let resolution = self.store.resolution(key).filter(stands);
        let is_shown = |dot: Dot| resolution.is_none_or(|resolution| resolution.shows(dot));
        held.iter().filter(|version| is_shown(version.dot)).filter_map(|version| version.sibling()).collect()
    }

    /// The conflict of a key, if its values differ.
    #[must_use]
    pub fn conflict(&self, key: &Key) -> Option<Conflict> {
        let keyspace =
            self.rules.keyspaces.of(key.as_str()).filter(|(_, keyspace)| keyspace.owner == super::spec::OWNER)?.1;
        let siblings = self.siblings(key);
        let class = Class::of(&siblings);
        if class == Class::None {
            return None;
        }
        let is_immutable = keyspace.anchors.contains(&AnchorRule::Immutable);
        let poll = self.strategy(key).route(class, self.canon(key)).poll.filter(|_| !is_immutable);
        let held = self.store.held(key).iter().map(|version| version.dot).collect();
        Some(Conflict {
            siblings: siblings.iter().map(|sibling| sibling.dot).collect(),
            held,
            class,
            poll,
            alone: self.rules.lax.resolutions_apart,
        })
    }

    /// The canonical text of a key, if it has one.
    #[must_use]
    pub fn canon(&self, key: &Key) -> Option<&str> {
        self.keyspace(key).canon.get(key).map(String::as_str)
    }

    /// The version of these, of those that are held of a key, whose meaning most keys under its prefix bear; of several the
    /// last by rank.
    #[must_use]
    pub fn most_borne(&self, key: &Key, among: &[Dot]) -> Option<Dot> {
        let (prefix, _) = self.rules.keyspaces.of(key.as_str())?;
        let candidates = self.store.held(key).iter().filter(|version| among.contains(&version.dot));
        let bears = |versions: &[Arc<Version>], wanted: Option<&Value>| {
            versions.iter().any(|version| version.value.as_ref().is_some_and(|value| meaning(value) == wanted))
        };
        let weight = |version: &&Arc<Version>| {
            let wanted = version.value.as_ref().and_then(meaning);
            let keys = self.store.by_keys().filter(|(key, _)| key.as_str().starts_with(prefix));
            let count = keys.filter(|(_, versions)| bears(versions, wanted)).count();
            (count, version.stamp, version.dot)
        };
        candidates.max_by_key(weight).map(|version| version.dot)
    }

    /// Mints the choice of an arbiter; it is durable when the port has done all until then.
    pub fn resolve(
        &mut self,
        key: &Key,
        choice: Choice,
        wall: LocalTime,
        port: &mut impl ReplicaPort,
    ) -> Arc<Resolution> {
        self.written += 1;
        let held = self.store.held(key).iter().map(|version| version.dot);
        let shown = || self.siblings(key).iter().map(|sibling| sibling.dot).collect();
        let mut resolution = Resolution {
            key: key.clone(),
            dot: Dot::new(self.me, self.era, self.written),
            stamp: wall.as_nanos().max(self.store.stamp() + 1),
            chosen: choice.dot,
            basis: choice.basis,
            // Flaw r03: what an earlier resolution has hidden is not settled.
            settled: if self.rules.settles_shown { shown() } else { held.collect() },
            replaces: self.store.resolution(key).iter().map(|resolution| resolution.dot).collect(),
            signature: Signature::default(),
        };
        resolution.signature = self.rules.registry.sign(self.me.node, &resolution.signed());
        let resolution = Arc::new(resolution);
        self.change(Change::Resolution(Arc::clone(&resolution)), port);
        self.drop_settled(&resolution, port);
        self.persist(port);
        resolution
    }

    /// Flaw r05: a resolution drops what it settles.
    fn drop_settled(&mut self, resolution: &Resolution, port: &mut impl ReplicaPort) {
        if !self.rules.r05 {
            return;
        }
        let held = self.store.held(&resolution.key).iter().map(|version| version.dot);
        let dots: Vec<Dot> =
            held.filter(|dot| *dot != resolution.chosen && resolution.settled.contains(*dot)).collect();
        if !dots.is_empty() {
            self.change(Change::Dropped { key: resolution.key.clone(), dots }, port);
        }
    }

    /// The keyspace of a key, which is replicated.
    fn keyspace(&self, key: &Key) -> &Keyspace {
        self.rules.keyspaces.of(key.as_str()).expect("its owner was asked").1
    }

    /// The era.
    #[must_use]
    pub const fn era(&self) -> Era {
        self.era
    }

    /// How the conflicts of a key are resolved: as was decreed last for its keyspace, or else as the scenario says.
    fn strategy(&self, key: &Key) -> Strategy {
        let (prefix, keyspace) = self.rules.keyspaces.of(key.as_str()).expect("its owner was asked");
        self.strategies.get(prefix).copied().unwrap_or(keyspace.strategy)
    }

    /// A strategy was decreed for a keyspace; returns whether that changes anything.
    pub fn adopt(&mut self, prefix: &str, strategy: Strategy) -> bool {
        let Some((_, keyspace)) = self.rules.keyspaces.iter().find(|(known, _)| *known == prefix) else { return false };
        let before = self.strategies.get(prefix).copied().unwrap_or(keyspace.strategy);
        self.strategies.insert(prefix.to_owned(), strategy);
        if let Some(touched) = &mut self.touched {
            let keys = self.store.by_keys().map(|(key, _)| key);
            touched.extend(keys.filter(|key| key.as_str().starts_with(prefix)).cloned());
        }
        before != strategy
    }

    /// What the replica knows of a key.
    fn context(&self, key: &Key) -> CausalContext {
        self.store.context(key, |dot| self.is_reported(dot))
    }

    /// Writes a key for a client, or deletes it. The answer may be given when the port has done all until then. None for an
    /// operation that was done before; the version is new otherwise.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn write(
        &mut self,
        op: OpId,
        key: Key,
        value: Option<Value>,
        seen: Option<&CausalContext>,
        wall: LocalTime,
        port: &mut impl ReplicaPort,
    ) -> Result<Arc<Version>, Refusal> {
        let (basis, mut known) = self.basis(&key, value.is_none(), seen);
        self.check(&key, value.as_ref(), seen, &known)?;
        let mut stamp = wall.as_nanos().max(self.store.stamp().max(known.stamp) + 1);
        if self.rules.e07 {
            // Flaw e07: the wall clock alone orders.
            (stamp, known.covered) = (wall.as_nanos(), Dots::new());
        }
        self.written += 1;
        let dot = Dot::new(self.me, self.era, self.written);
        let version = Version::signed(key, value, dot, stamp, known.covered, &self.rules.registry);
        self.change(Change::Version(Arc::clone(&version)), port);
        self.keep_latest(&version.key, port);
        // Flaw s07: the client is answered before the disk.
        if !self.rules.s07 {
            self.persist(port);
        }
        let (key, value) = (version.key.clone(), version.digest());
        port.note_replica(ReplicaFact::Written { op, key, dot, stamp, basis, value });
        Ok(version)
    }

    /// What a write is to know, and from where.
    fn basis(&self, key: &Key, is_delete: bool, seen: Option<&CausalContext>) -> (Basis, CausalContext) {
        match seen {
            Some(seen) => (Basis::Read(seen.held.clone()), seen.clone()),
            None if is_delete || self.strategy(key) == Strategy::LastWriteWins => (Basis::Held, self.context(key)),
            None => (Basis::Nothing, CausalContext::default()),
        }
    }

    fn check(
        &self,
        key: &Key,
        value: Option<&Value>,
        seen: Option<&CausalContext>,
        known: &CausalContext,
    ) -> Result<(), Refusal> {
        let held = self.store.held(key);
        if known.covered.count() > MOST_CONTEXT {
            return Err(Refusal::ContextFull);
        }
        if value.is_some() && seen.is_none() && held.len() >= MOST_SIBLINGS {
            return Err(Refusal::TooManySiblings);
        }
        let is_immutable = self.keyspace(key).anchors.contains(&AnchorRule::Immutable);
        // Flaw s10: nobody looks at anchors.
        if is_immutable && !self.rules.s10 && (value.is_none() || seen.is_some() || !held.is_empty()) {
            return Err(Refusal::Immutable);
        }
        let Some(value) = value else { return Ok(()) };
        let mut bytes = Vec::new();
        encoding::write(value, &mut bytes);
        if bytes.len() > MOST_VALUE {
            return Err(Refusal::TooLarge);
        }
        let broken = self.rules.anchors.broken(key, None, Some(value)).filter(|_| !self.rules.s10);
        broken.map_or(Ok(()), |place| Err(Refusal::Anchor(place)))
    }

    /// Takes in what a peer sends.
    pub fn offer(&mut self, item: &Item, port: &mut impl ReplicaPort) -> Offered {
        let rules = Arc::clone(&self.rules);
        self.take(item, || !item.is_genuine(rules.nodes, &rules.registry), port)
    }

    /// The same, without a look at the signature: with flaws e29 and g03 alone.
    pub fn believe(&mut self, item: &Item, port: &mut impl ReplicaPort) -> Offered {
        self.take(item, || false, port)
    }

    fn take(&mut self, item: &Item, is_forged: impl FnOnce() -> bool, port: &mut impl ReplicaPort) -> Offered {
        if !self.store.is_news(item) {
            return Offered::Old;
        }
        let forged = is_forged();
        if forged || self.is_broken(item) {
            port.note_replica(ReplicaFact::Refused { dot: item.dot(), forged });
            return Offered::Refused;
        }
        self.change(item.clone().into(), port);
        if let Item::Resolution(resolution) = item {
            self.drop_settled(resolution, port);
        }
        self.keep_latest(item.key(), port);
        Offered::Applied
    }

    /// Whether an anchor forbids it.
    fn is_broken(&self, item: &Item) -> bool {
        let Item::Version(version) = item else { return false };
        let is_broken = |value| self.rules.anchors.broken(&version.key, None, Some(value)).is_some();
        !self.rules.s10 && version.value.as_ref().is_some_and(is_broken)
    }

    /// Flaw e07: of a key only the version with the latest time is kept.
    fn keep_latest(&mut self, key: &Key, port: &mut impl ReplicaPort) {
        if !self.rules.e07 {
            return;
        }
        let held = self.store.held(key);
        let latest = held.iter().map(|version| (version.stamp, version.dot)).max();
        let others = held.iter().map(|version| (version.stamp, version.dot)).filter(|one| Some(*one) != latest);
        let dots: Vec<Dot> = others.map(|(_, dot)| dot).collect();
        if !dots.is_empty() {
            self.change(Change::Dropped { key: key.clone(), dots }, port);
        }
    }

    /// A peer has told that it covers a vector.
    pub fn report(&mut self, peer: NodeId, vector: &Arc<Dots>) {
        let known = self.reports.entry(peer).or_default();
        if !Arc::ptr_eq(known, vector) && !known.covers(vector) {
            if vector.covers(known) {
                *known = Arc::clone(vector);
            } else {
                Arc::make_mut(known).merge(vector);
            }
        }
    }

    /// Whether every configured replica has reported that it covers a dot.
    fn is_reported(&self, dot: Dot) -> bool {
        let mut others = NodeId::all(self.rules.nodes).filter(|node| *node != self.me.node);
        let reported = |node: NodeId| self.reports.get(&node).is_some_and(|vector| vector.contains(dot));
        let by_all = if self.rules.s04 {
            // Flaw s04: those that nothing was heard of do not count.
            others.all(|node| !self.reports.contains_key(&node) || reported(node))
        } else {
            others.all(reported)
        };
        by_all && self.store.vector().contains(dot)
    }

    /// Collects the tombstones that every replica covers.
    pub fn collect(&mut self, port: &mut impl ReplicaPort) {
        for change in self.store.collectable(|dot| self.is_reported(dot)) {
            self.change(change, port);
        }
    }

    /// Joins a vector, of which all is held or was replaced.
    pub fn join(&mut self, vector: &Arc<Dots>, port: &mut impl ReplicaPort) {
        if !self.store.vector().covers(vector) {
            self.change(Change::Joined { vector: Arc::clone(vector) }, port);
        }
    }

    /// The end of a step: a journal that has grown too long is compacted.
    pub fn settle(&mut self, port: &mut impl ReplicaPort) {
        if self.journal > 2 * self.store.len() + self.rules.settings.compact_after as usize {
            let entries: Vec<ReplicaEntry> = self.store.journal().into_iter().map(ReplicaEntry).collect();
            self.journal = entries.len();
            port.rewrite_replica(entries);
            self.unsynced = true;
        }
        self.persist(port);
    }

    /// The answer to an operation that was answered before in this incarnation.
    #[must_use]
    pub fn answer(&self, op: OpId) -> Option<&StoreReply> {
        self.answered.get(&op)
    }

    /// Keeps the answer to an operation, for one that comes again.
    pub fn answered(&mut self, op: OpId, reply: StoreReply) {
        self.answered.insert(op, reply);
        let least = OpId { number: op.number.saturating_sub(ANSWERS), ..op };
        let first = OpId { number: 0, ..op };
        let old: Vec<OpId> = self.answered.range(first..least).map(|(op, _)| *op).collect();
        old.iter().for_each(|op| _ = self.answered.remove(op));
    }
}

/// The rules never change, and so tell no state from another.
impl Replica {
    fn essence(&self) -> impl PartialEq + Hash + '_ {
        let Self { me, era, store, written, reports, answered, journal, unsynced, lost, strategies, .. } = self;
        ((me, era, store, written, reports), (answered, journal, unsynced, lost, strategies))
    }
}

impl PartialEq for Replica {
    fn eq(&self, other: &Self) -> bool {
        self.essence() == other.essence()
    }
}

impl Eq for Replica {}

impl Hash for Replica {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.essence().hash(state);
    }
}
