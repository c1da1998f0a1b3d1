//! What all replicas hold and cover, and what the versions in a trace truly name: the state that the checkers share.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::preload::Preload;
use super::quiescence::named;
use super::replica::{Accepted, By, Choice, Held, Replica, Resolved};
use crate::check::event_class::EventClass;
use crate::check::slots::Slots;
use crate::check::{Derived, Witness};
use crate::clocks::{Dot, Dots};
use crate::identity::{Actor, EventId, NodeId, OpId};
use crate::observation::{Basis, Observation, ReplicaSeen, ValueId};
use crate::trace::{Event, Kinds, Record};

/// All replicas, according to the entries of their disks and to their facts.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Replicas {
    nodes: Slots<Replica>,
    preload: Option<Preload>,
    versions: BTreeMap<Dot, Version>,
    resolutions: BTreeMap<Dot, Resolution>,
    news: Derived<News>,
}

/// A version that an entry or a fact told of.
#[derive(Clone, Debug, Hash)]
pub(super) struct Version {
    pub(super) key: Arc<str>,
    /// The value's digest; none for a tombstone.
    pub(super) value: Option<ValueId>,
    /// What it truly names: what its writer had read, or what the accepting replica held, with all that these name; until
    /// that is told, its context as it is stored.
    pub(super) context: Dots,
    /// What the accepting replica held of the key before, until its fact.
    before: Vec<Dot>,
    /// Whether its origin itself wrote it.
    pub(super) is_genuine: bool,
    /// Its first entry, or its fact if there is none.
    pub(super) wrote: Witness<EventId>,
    /// The fact that it is accepted and durable, and whose operation it is.
    pub(super) written: Option<(Witness<EventId>, OpId)>,
}

/// A resolution that an entry told of.
#[derive(Clone, Debug, Hash)]
pub(super) struct Resolution {
    pub(super) content: Content,
    /// Whether its arbiter itself wrote it.
    pub(super) is_genuine: bool,
    /// Its first entry.
    pub(super) wrote: Witness<EventId>,
}

/// What a resolution says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Content {
    pub(super) key: Arc<str>,
    pub(super) stamp: u64,
    pub(super) chosen: Dot,
    pub(super) settled: Dots,
    pub(super) replaces: Dots,
}

/// A client's write, as its fact tells of it.
#[derive(Clone, Copy, Debug)]
struct Write<'a> {
    op: OpId,
    key: &'a Arc<str>,
    value: Option<ValueId>,
}

/// A change that a record told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The node accepted a version.
    Accepted {
        key: Arc<str>,
        dot: Dot,
        /// The node covered it before.
        was_covered: bool,
    },
    /// The node accepted a resolution.
    Resolved {
        key: Arc<str>,
        dot: Dot,
        /// The node covered it before.
        was_covered: bool,
    },
    /// The node dropped a version, or a resolution.
    Dropped { key: Arc<str>, dot: Dot, was_held: Option<Held>, is_collected: bool },
    /// The node started.
    Started {
        /// What it covered durably, and covers no more.
        lacking: Dots,
        /// How many versions it held durably.
        held: u64,
        /// Its disk was wiped, or an entry of it damaged.
        may_lose: bool,
    },
}

/// What the last record changed.
#[derive(Clone, Debug, Default)]
struct News {
    event: Option<EventId>,
    changes: Vec<Change>,
    /// The keys at replicas of which something was accepted, named or restored.
    touched: Vec<(NodeId, Arc<str>)>,
}

impl Version {
    pub(super) const fn is_tombstone(&self) -> bool {
        self.value.is_none()
    }
}

impl Content {
    /// The name of a resolution and what it says, by its entry.
    pub(super) fn of(seen: &ReplicaSeen) -> Option<(Dot, Self)> {
        let ReplicaSeen::WroteResolution { key, dot, stamp, chosen, settled, replaces } = seen else { return None };
        let (key, settled, replaces) = (Arc::clone(key), settled.clone(), replaces.clone());
        Some((*dot, Self { key, stamp: *stamp, chosen: *chosen, settled, replaces }))
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, stamp, chosen, settled, replaces } = self;
        let (settled, replaces) = (named(settled), named(replaces));
        write!(f, "a choice of {chosen} for `{key}` at {stamp}, which settles {settled} and replaces {replaces}")
    }
}

impl Replicas {
    /// The kinds of records that it needs.
    pub(in crate::check) const WANTS: Kinds = Kinds::START
        .with(Kinds::SYNCED)
        .with(Kinds::DAMAGED)
        .with(Kinds::DEATHS)
        .with(Kinds::REPLICA_STARTED)
        .with(Kinds::REPLICA_PRELOADED)
        .with(Kinds::REPLICA_WRITTEN)
        .with(Self::ENTRIES);

    /// The entries of disks among them.
    pub(super) const ENTRIES: Kinds = Kinds::REPLICA_WROTE_VERSION
        .with(Kinds::REPLICA_WROTE_RESOLUTION)
        .with(Kinds::REPLICA_WROTE_DROPPED)
        .with(Kinds::REPLICA_WROTE_COLLECTED)
        .with(Kinds::REPLICA_WROTE_JOINED);

    /// Processes a record, which is of these kinds.
    #[inline]
    pub(in crate::check) fn see(&mut self, record: &Record<'_>, kinds: Kinds) {
        if Self::WANTS.meets(kinds) {
            self.hear(record);
        }
    }

    fn hear(&mut self, record: &Record<'_>) {
        let Actor::Node(node) = record.id.actor else { return };
        self.news.event = Some(record.id);
        self.news.changes.clear();
        self.news.touched.clear();
        match EventClass::of(&record.event) {
            EventClass::Start => self.start(node, &record.event),
            EventClass::Death => self.die(node),
            EventClass::Answer => {
                if let Event::Synced { sync } = record.event {
                    self.nodes.at(node.index()).synced(sync);
                }
            }
            EventClass::Effect => {
                for seen in record.event.said().map_or(&[][..], |said| &said.observations[..]) {
                    if let Observation::Replica(seen) = seen {
                        self.told(record.id, node, seen);
                    }
                }
            }
            EventClass::World => {
                if matches!(record.event, Event::Damaged { .. }) {
                    let replica = self.nodes.at(node.index());
                    *replica.spoilt = true;
                    replica.disk.is_damaged = true;
                }
            }
            EventClass::Input | EventClass::Pause | EventClass::Unpause => {}
        }
    }

    fn start(&mut self, node: NodeId, event: &Event<'_>) {
        let Event::Start { boot, intact, torn, damaged } = *event else { return };
        let replica = self.nodes.at(node.index());
        let is_first = !replica.is_known;
        (replica.is_known, *replica.lives, replica.boot) = (true, true, boot);
        let is_empty = (intact, torn, damaged) == (0, 0, 0);
        if is_empty && replica.disk.has_entries {
            *replica.spoilt = true;
            replica.reset();
        }
        // A torn entry was not durable, and is gone after this start.
        replica.disk.has_entries = intact + damaged > 0;
        replica.disk.was_empty = is_empty && !is_first;
        replica.disk.is_damaged |= damaged > 0;
    }

    fn die(&mut self, node: NodeId) {
        let replica = self.nodes.at(node.index());
        *replica.lives = false;
        let keys = replica.crash();
        self.news.touched.extend(keys.into_iter().map(|key| (node, key)));
    }

    fn told(&mut self, event: EventId, node: NodeId, seen: &ReplicaSeen) {
        match seen {
            ReplicaSeen::Started { vector, held, lost } => self.started(node, vector, *held, *lost),
            ReplicaSeen::Preloaded { prefix, count, value } => self.preloaded(node, prefix, *count, *value),
            ReplicaSeen::Written { op, key, dot, stamp: _, basis, value } => {
                self.written(event, node, *dot, basis, Write { op: *op, key, value: *value });
            }
            ReplicaSeen::WroteVersion { key, dot, stamp: _, context, value } => {
                self.wrote(event, node, key, *dot, context, *value);
            }
            ReplicaSeen::WroteResolution { .. } => {
                let (dot, content) = Content::of(seen).expect("it is the entry of one");
                self.resolved(event, node, dot, content);
            }
            ReplicaSeen::WroteDropped { key, dots } => self.dropped(event, node, key, dots, false),
            ReplicaSeen::WroteCollected { key, dots } => self.dropped(event, node, key, dots, true),
            ReplicaSeen::WroteJoined { vector } => {
                self.nodes.at(node.index()).join(event, vector, self.preload.as_ref());
            }
            ReplicaSeen::Keyspace { .. }
            | ReplicaSeen::Refused { .. }
            | ReplicaSeen::Shown { .. }
            | ReplicaSeen::Pushed { .. }
            | ReplicaSeen::Suspected { .. }
            | ReplicaSeen::Trusted { .. }
            | ReplicaSeen::SyncBegun { .. }
            | ReplicaSeen::SyncEnded { .. }
            | ReplicaSeen::Ruled { .. }
            | ReplicaSeen::Opened { .. }
            | ReplicaSeen::Closed { .. }
            | ReplicaSeen::Settled { .. } => {}
        }
    }

    fn started(&mut self, node: NodeId, vector: &Dots, held: u64, lost: bool) {
        let replica = self.nodes.at(node.index());
        // An empty disk that never had an entry is a new one, or a wiped one: the replica itself knows.
        let is_wiped = replica.disk.was_empty && vector.is_empty() && held == 0;
        let may_lose = replica.disk.is_damaged || replica.disk.was_empty;
        if is_wiped || (lost && may_lose) {
            replica.reset();
        }
        let lacking = replica.covered().without(vector);
        self.news.changes.push(Change::Started { lacking, held: replica.held(), may_lose });
        replica.disk.is_damaged = false;
    }

    fn preloaded(&mut self, node: NodeId, prefix: &Arc<str>, count: u64, value: ValueId) {
        let preload = self.preload.get_or_insert_with(|| Preload::new(prefix, value));
        preload.has(count);
        self.nodes.at(node.index()).preload(preload, count);
    }

    /// An entry: the node accepts a version.
    fn wrote(&mut self, event: EventId, node: NodeId, key: &Arc<str>, dot: Dot, stored: &Dots, value: Option<ValueId>) {
        let replica = self.nodes.at(node.index());
        let is_genuine = replica.writes(node, dot);
        let known = self.versions.get(&dot).map(|known| known.is_genuine);
        if known.is_none() || (is_genuine && known == Some(false)) {
            let before = replica.held_of(key, self.preload.as_ref()).keys().copied().collect();
            let (key, context) = (Arc::clone(key), stored.clone());
            let wrote = Witness(event);
            self.versions.insert(dot, Version { key, value, context, before, is_genuine, wrote, written: None });
        }
        if is_genuine && known == Some(false) {
            self.name_again(dot, false);
        }
        let context = &self.versions[&dot].context;
        let accepted = Accepted { key, dot, is_tombstone: value.is_none(), stored, context };
        let was_covered = self.nodes.at(node.index()).accept(event, accepted, self.preload.as_ref());
        self.news.changes.push(Change::Accepted { key: Arc::clone(key), dot, was_covered });
        self.news.touched.push((node, Arc::clone(key)));
    }

    /// An entry: the node accepts a resolution.
    fn resolved(&mut self, event: EventId, node: NodeId, dot: Dot, content: Content) {
        let replica = self.nodes.at(node.index());
        let choice = Choice { dot, stamp: content.stamp, chosen: content.chosen, event: Witness(event) };
        let resolved = Resolved { key: &content.key, choice, replaces: &content.replaces };
        let was_covered = replica.resolve(event, resolved, self.preload.as_ref());
        let is_genuine = replica.writes(node, dot);
        self.news.changes.push(Change::Resolved { key: Arc::clone(&content.key), dot, was_covered });
        let known = self.resolutions.get(&dot).map(|known| known.is_genuine);
        if known.is_none() || (is_genuine && known == Some(false)) {
            self.resolutions.insert(dot, Resolution { content, is_genuine, wrote: Witness(event) });
        }
    }

    fn dropped(&mut self, event: EventId, node: NodeId, key: &Arc<str>, dots: &[Dot], is_collected: bool) {
        let held: BTreeMap<Dot, Held> =
            self.nodes.at(node.index()).drop(event, key, dots, self.preload.as_ref()).into_iter().collect();
        self.news.changes.extend(dots.iter().map(|dot| Change::Dropped {
            key: Arc::clone(key),
            dot: *dot,
            was_held: held.get(dot).copied(),
            is_collected,
        }));
    }

    /// A fact: the node has accepted a client's write, and what it names is known.
    fn written(&mut self, event: EventId, node: NodeId, dot: Dot, basis: &Basis, write: Write<'_>) {
        let Write { op, key, value } = write;
        let known = self.versions.get_mut(&dot);
        if known.as_ref().is_some_and(|version| version.written.is_some()) {
            return;
        }
        let before = known.map(|version| std::mem::take(&mut version.before));
        if before.is_none() {
            self.nodes.at(node.index()).apply(dot);
        }
        let context = match basis {
            Basis::Read(dots) => self.named_by(dots),
            Basis::Held => {
                let now = || self.held_of(node, key).keys().copied().collect();
                self.named_by(&before.unwrap_or_else(now))
            }
            Basis::Nothing => Dots::new(),
        };
        let version = self.versions.entry(dot).or_insert_with(|| Version {
            key: Arc::clone(key),
            value,
            context: Dots::new(),
            before: Vec::new(),
            is_genuine: true,
            wrote: Witness(event),
            written: None,
        });
        let grows = context.covers(&version.context);
        version.context = context;
        version.written = Some((Witness(event), op));
        self.name_again(dot, grows);
    }

    /// These, and all that they name.
    fn named_by(&self, dots: &[Dot]) -> Dots {
        let mut all: Dots = dots.iter().copied().collect();
        dots.iter().filter_map(|dot| self.versions.get(dot)).for_each(|version| all.merge(&version.context));
        all
    }

    /// It is known what a version names, and whether that is more than before: it holds where the version was accepted.
    fn name_again(&mut self, dot: Dot, grows: bool) {
        let Version { key, value, context, .. } = &self.versions[&dot];
        let (is_tombstone, nothing) = (value.is_none(), Dots::new());
        let accepted = Accepted { key, dot, is_tombstone, stored: &nothing, context };
        let of_key = self.versions.iter().filter(|(_, version)| version.key == *key);
        let names = of_key.map(|(dot, version)| (*dot, version.is_tombstone(), &version.context));
        for (index, replica) in self.nodes.iter_mut().filter(|(_, replica)| replica.applied().contains(dot)) {
            if grows {
                replica.name(accepted, self.preload.as_ref());
            } else {
                replica.rename(key, names.clone());
            }
            self.news.touched.push((NodeId::new(index as u32), Arc::clone(key)));
        }
    }
}

impl Replicas {
    /// What this record changed, and the keys at replicas of which something was accepted, named or restored.
    pub(super) fn news(&self, record: &Record<'_>) -> (&[Change], &[(NodeId, Arc<str>)]) {
        if self.news.event == Some(record.id) { (&self.news.changes, &self.news.touched) } else { (&[], &[]) }
    }

    /// The replicas that ever started.
    pub(super) fn known(&self) -> impl Iterator<Item = (NodeId, &Replica)> {
        let named = |(index, replica)| (NodeId::new(index as u32), replica);
        self.nodes.iter().map(named).filter(|(_, replica)| replica.is_known)
    }

    pub(super) fn replica(&self, node: NodeId) -> Option<&Replica> {
        self.nodes.get(node.index()).filter(|replica| replica.is_known)
    }

    pub(super) fn version(&self, dot: Dot) -> Option<&Version> {
        self.versions.get(&dot)
    }

    pub(super) fn resolution(&self, dot: Dot) -> Option<&Resolution> {
        self.resolutions.get(&dot)
    }

    /// The first entry of a version or resolution, or its fact.
    pub(super) fn wrote_first(&self, dot: Dot) -> Option<EventId> {
        let resolution = || self.resolution(dot).map(|resolution| *resolution.wrote);
        self.version(dot).map(|version| *version.wrote).or_else(resolution)
    }

    /// All versions of which an entry or a fact told.
    pub(super) const fn versions(&self) -> &BTreeMap<Dot, Version> {
        &self.versions
    }

    pub(super) const fn preload(&self) -> Option<&Preload> {
        self.preload.as_ref()
    }

    /// What a replica holds of a key, tombstones too.
    pub(super) fn held_of(&self, node: NodeId, key: &str) -> Cow<'_, BTreeMap<Dot, Held>> {
        self.replica(node).map(|replica| replica.held_of(key, self.preload())).unwrap_or_default()
    }

    /// The resolution that a replica holds of a key.
    pub(super) fn choice_of(&self, node: NodeId, key: &str) -> Option<&Choice> {
        self.replica(node)?.choices().get(key)
    }

    /// A version that a replica holds of a key, though one that it has accepted truly names it.
    pub(super) fn outlived(&self, node: NodeId, key: &str, by: By) -> Option<(Dot, Held)> {
        self.replica(node)?.keys().get(key)?.outlived(by)
    }

    /// The first version, of those that a replica has accepted, that truly names a version of its key.
    pub(super) fn namer(&self, replica: &Replica, key: &str, named: Dot, by: By) -> Option<(Dot, &Version)> {
        let names = |(dot, version): &(&Dot, &Version)| {
            *version.key == *key
                && (by == By::Writes || version.is_tombstone())
                && version.context.contains(named)
                && replica.applied().contains(**dot)
        };
        self.versions.iter().find(names).map(|(dot, version)| (*dot, version))
    }
}
