//! Replicas judged without any bookkeeping: everything is computed anew for every prefix of the list of events.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::event_class::EventClass;
use crate::clocks::{Dot, Dots};
use crate::identity::{Actor, NodeId};
use crate::observation::{Basis, Observation, ReplicaSeen};
use crate::trace::{Event, Record};

pub(super) type Records<'h> = &'h [Record<'static>];

/// What a replica holds and covers.
#[derive(Default)]
pub(super) struct State {
    pub(super) covered: BTreeSet<Dot>,
    pub(super) applied: BTreeSet<Dot>,
    /// By version: its key, and whether it is a tombstone.
    pub(super) held: BTreeMap<Dot, (String, bool)>,
    /// By key: the stamp and dot of the resolution that it holds, and what it chooses.
    pub(super) choices: BTreeMap<String, ((u64, Dot), Dot)>,
}

impl State {
    pub(super) fn of_key(&self, key: &str) -> Vec<Dot> {
        self.held.iter().filter(|(_, (at, _))| at == key).map(|(dot, _)| *dot).collect()
    }

    fn is_held(&self, dot: Dot) -> bool {
        self.held.contains_key(&dot) || self.choices.values().any(|((_, held), _)| *held == dot)
    }

    fn resolve(&mut self, key: &str, rank: (u64, Dot), chosen: Dot, replaces: &Dots) {
        self.covered.insert(rank.1);
        self.covered.extend(replaces.iter());
        let before = self.choices.get(key).map(|(held, _)| *held);
        if before.is_none_or(|held| replaces.contains(held.1) || rank > held) {
            self.choices.insert(key.to_owned(), (rank, chosen));
        }
    }

    fn drop_void(&mut self) {
        let Self { covered, held, choices, .. } = self;
        choices
            .retain(|key, (_, chosen)| !covered.contains(chosen) || held.get(chosen).is_some_and(|(of, _)| of == key));
    }
}

pub(super) fn seen_in<'r>(record: &'r Record<'static>) -> impl Iterator<Item = &'r ReplicaSeen> {
    let observations = record.event.said().map_or(&[][..], |said| &said.observations[..]);
    observations.iter().filter_map(|seen| if let Observation::Replica(seen) = seen { Some(seen) } else { None })
}

pub(super) fn of_node(records: Records<'_>, node: NodeId) -> impl Iterator<Item = &Record<'static>> {
    records.iter().filter(move |record| record.id.actor == Actor::Node(node))
}

/// The entries on a node's disk; only the durable ones, if that is asked for.
fn entries(records: Records<'_>, node: NodeId, durable: bool) -> Vec<&ReplicaSeen> {
    let mut entries: Vec<(u32, &ReplicaSeen, bool)> = Vec::new();
    let mut is_damaged = false;
    for record in of_node(records, node) {
        if let Event::Append { .. } = record.event {
            entries.extend(seen_in(record).map(|seen| (record.id.number, seen, false)));
        } else if let Event::Synced { sync } = record.event {
            entries.iter_mut().for_each(|(number, _, durable)| *durable |= *number < sync);
        } else if let Event::Start { intact, damaged, .. } = record.event {
            is_damaged |= damaged > 0;
            entries.retain(|_| intact + damaged > 0);
        } else if let Event::Killed { .. } = record.event {
            entries.retain(|(_, _, durable)| *durable);
        }
        for seen in seen_in(record) {
            if let ReplicaSeen::Started { lost, .. } = seen {
                entries.retain(|_| !(*lost && is_damaged));
                is_damaged = false;
            }
        }
    }
    entries.into_iter().filter(|(_, _, is_durable)| *is_durable || !durable).map(|(_, seen, _)| seen).collect()
}

fn state_of(entries: &[&ReplicaSeen]) -> State {
    let mut state = State::default();
    for seen in entries {
        if let ReplicaSeen::WroteVersion { key, dot, context, value, .. } = seen {
            state.covered.insert(*dot);
            state.applied.insert(*dot);
            state.covered.extend(context.iter());
            state.held.retain(|held, (at, _)| **at != **key || !context.contains(*held));
            state.held.insert(*dot, (key.to_string(), value.is_none()));
        } else if let ReplicaSeen::WroteDropped { dots, .. } | ReplicaSeen::WroteCollected { dots, .. } = seen {
            state.held.retain(|held, _| !dots.contains(held));
            state.choices.retain(|_, ((_, held), _)| !dots.contains(held));
        } else if let ReplicaSeen::WroteJoined { vector } = seen {
            state.covered.extend(vector.iter());
        } else if let ReplicaSeen::WroteResolution { key, dot, stamp, chosen, replaces, .. } = seen {
            state.resolve(key, (*stamp, *dot), *chosen, replaces);
        }
        state.drop_void();
    }
    state
}

pub(super) fn state(records: Records<'_>, node: NodeId) -> State {
    state_of(&entries(records, node, false))
}

/// What a node ever covered durably.
fn ever(records: Records<'_>, node: NodeId) -> BTreeSet<Dot> {
    (0..=records.len()).flat_map(|end| state_of(&entries(&records[..end], node, true)).covered).collect()
}

pub(super) fn nodes(records: Records<'_>) -> BTreeSet<NodeId> {
    let started = |record: &Record<'static>| match (record.id.actor, &record.event) {
        (Actor::Node(node), Event::Start { .. }) => Some(node),
        _ => None,
    };
    records.iter().filter_map(started).collect()
}

/// A node's own entry of a version or resolution.
pub(super) fn wrote(records: Records<'_>, name: Dot) -> Option<(usize, &ReplicaSeen)> {
    let own = |record: &&Record<'static>| record.id.actor == Actor::Node(name.source.incarnation.node);
    records.iter().enumerate().filter(|(_, record)| own(record)).find_map(|(place, record)| {
        let is_it = |seen: &&ReplicaSeen| {
            matches!(seen, ReplicaSeen::WroteVersion { dot, .. } | ReplicaSeen::WroteResolution { dot, .. } if *dot == name)
        };
        seen_in(record).find(is_it).map(|seen| (place, seen))
    })
}

fn written(records: Records<'_>, name: Dot) -> Option<(usize, &Basis, &str, bool)> {
    records.iter().enumerate().find_map(|(place, record)| {
        seen_in(record).find_map(|seen| {
            let ReplicaSeen::Written { dot, basis, key, value, .. } = seen else { return None };
            (*dot == name).then_some((place, basis, &**key, value.is_none()))
        })
    })
}

/// What a version truly names.
pub(super) fn context(records: Records<'_>, name: Dot) -> BTreeSet<Dot> {
    let Some((place, basis, key, _)) = written(records, name) else {
        let Some((_, ReplicaSeen::WroteVersion { context, .. })) = wrote(records, name) else {
            return BTreeSet::new();
        };
        return context.iter().collect();
    };
    let read = match basis {
        Basis::Read(dots) => dots.clone(),
        Basis::Held => {
            let (entry, _) = wrote(records, name).expect("its entry came before");
            state(&records[..entry], name.source.incarnation.node).of_key(key)
        }
        Basis::Nothing => Vec::new(),
    };
    let mut all: BTreeSet<Dot> = read.iter().copied().collect();
    read.into_iter().for_each(|dot| all.extend(context(&records[..place], dot)));
    all
}

fn versions(records: Records<'_>) -> BTreeMap<Dot, (String, bool)> {
    let seen = records.iter().flat_map(seen_in).filter_map(|seen| {
        let ReplicaSeen::WroteVersion { dot, key, value, .. } = seen else { return None };
        Some((*dot, (key.to_string(), value.is_none())))
    });
    seen.collect()
}

/// Whether a replica holds what a version names that it has accepted.
fn outlives(records: Records<'_>, deletes: bool) -> bool {
    let versions = versions(records);
    let lasting = nodes(records).into_iter().filter(|node| !is_spoilt(records, *node));
    lasting.map(|node| state(records, node)).any(|state| {
        state.applied.iter().filter(|dot| !deletes || versions[dot].1).any(|dot| {
            let names = context(records, *dot);
            state.of_key(&versions[dot].0).iter().any(|held| names.contains(held))
        })
    })
}

/// The place of the first record after which a replica holds what a version names that it has accepted.
pub(super) fn precedence(records: Records<'_>, deletes: bool) -> Option<usize> {
    (0..records.len())
        .find(|place| outlives(&records[..=*place], deletes) || (deletes && collects_early(&records[..=*place])))
}

/// Whether the last record collects a tombstone that another node never covered durably.
fn collects_early(records: Records<'_>) -> bool {
    records.last().into_iter().flat_map(seen_in).any(|seen| {
        let ReplicaSeen::WroteCollected { dots, .. } = seen else { return false };
        let others = nodes(records)
            .into_iter()
            .filter(|node| records.last().map(|last| last.id.actor) != Some(Actor::Node(*node)));
        others.into_iter().any(|node| !dots.iter().all(|dot| ever(records, node).contains(dot)))
    })
}

/// The place of the first record that shows a regression.
pub(super) fn regression(records: Records<'_>) -> Option<usize> {
    (0..records.len()).find(|place| {
        let record = &records[*place];
        let Actor::Node(node) = record.id.actor else { return false };
        let before = state(&records[..*place], node);
        let after = state(&records[..=*place], node);
        seen_in(record).any(|seen| match seen {
            ReplicaSeen::WroteVersion { dot, .. } | ReplicaSeen::WroteResolution { dot, .. } => {
                before.covered.contains(dot)
            }
            ReplicaSeen::WroteDropped { dots, .. } => dots.iter().any(|dot| !before.is_held(*dot)),
            ReplicaSeen::WroteCollected { dots, .. } => {
                dots.iter().any(|dot| before.held.get(dot).is_none_or(|(_, is_tombstone)| !is_tombstone))
            }
            ReplicaSeen::Shown { key, held, resolution, .. } => {
                let choice = before.choices.get(&**key).map(|((_, dot), _)| *dot);
                *held != before.of_key(key) || *resolution != choice
            }
            ReplicaSeen::Started { vector, held, lost } => {
                *held != after.held.len() as u64
                    || after.covered.iter().any(|dot| !vector.contains(*dot))
                    || (*lost && !may_lose(&records[..*place], node))
            }
            ReplicaSeen::Preloaded { .. }
            | ReplicaSeen::Keyspace { .. }
            | ReplicaSeen::Written { .. }
            | ReplicaSeen::Refused { .. }
            | ReplicaSeen::Pushed { .. }
            | ReplicaSeen::Suspected { .. }
            | ReplicaSeen::Trusted { .. }
            | ReplicaSeen::SyncBegun { .. }
            | ReplicaSeen::SyncEnded { .. }
            | ReplicaSeen::Ruled { .. }
            | ReplicaSeen::Opened { .. }
            | ReplicaSeen::Closed { .. }
            | ReplicaSeen::Settled { .. }
            | ReplicaSeen::WroteJoined { .. } => false,
        })
    })
}

/// Whether what a node has written may be lost at its last start.
fn may_lose(records: Records<'_>, node: NodeId) -> bool {
    let last = of_node(records, node).filter(|record| EventClass::of(&record.event) == EventClass::Start).last();
    matches!(last.map(|record| &record.event), Some(Event::Start { boot, intact, damaged, .. })
        if *damaged > 0 || (*intact == 0 && boot.number() > 1))
}

/// Whether a disk was ever wiped or damaged.
fn is_spoilt(records: Records<'_>, node: NodeId) -> bool {
    records.iter().enumerate().filter(|(_, record)| record.id.actor == Actor::Node(node)).any(|(place, record)| {
        let is_empty = matches!(record.event, Event::Start { intact: 0, damaged: 0, .. });
        matches!(record.event, Event::Damaged { .. }) || (is_empty && durable(&records[..place], node) > 0)
    })
}

/// How many entries of a node are durable.
pub(super) fn durable(records: Records<'_>, node: NodeId) -> usize {
    entries(records, node, true).len()
}

/// The acknowledged versions of nodes whose disks lasted. All nodes live.
fn owed(records: Records<'_>) -> Vec<Dot> {
    let lasts = |dot: &Dot| !is_spoilt(records, dot.source.incarnation.node);
    versions(records).into_keys().filter(|dot| written(records, *dot).is_some()).filter(lasts).collect()
}

/// Whether an acknowledged put is lost at the end.
pub(super) fn loses(records: Records<'_>) -> bool {
    let versions = versions(records);
    let known: BTreeSet<Dot> = nodes(records)
        .into_iter()
        .flat_map(|node| ever(records, node).into_iter().chain(state(records, node).applied))
        .collect();
    let named: BTreeSet<Dot> =
        versions.keys().filter(|dot| known.contains(dot)).flat_map(|dot| context(records, *dot)).collect();
    nodes(records).into_iter().map(|node| state(records, node)).any(|state| {
        owed(records)
            .into_iter()
            .filter(|dot| !versions[dot].1)
            .any(|dot| !state.covered.contains(&dot) || !(state.held.contains_key(&dot) || named.contains(&dot)))
    })
}

/// Whether at the end a replica holds a live version that an acknowledged version names.
pub(super) fn outlives_at_the_end(records: Records<'_>, deletes: bool) -> bool {
    let versions = versions(records);
    nodes(records).into_iter().map(|node| state(records, node)).any(|state| {
        owed(records).into_iter().filter(|dot| !deletes || versions[dot].1).any(|dot| {
            let names = context(records, dot);
            state.of_key(&versions[&dot].0).iter().any(|held| names.contains(held) && !versions[held].1)
        })
    })
}

/// Whether at the end replicas hold different resolutions, or one without its version, or a conflict is open. All nodes
/// live.
pub(super) fn disagrees(records: Records<'_>) -> bool {
    let states: Vec<State> = nodes(records).into_iter().map(|node| state(records, node)).collect();
    let differs = states.iter().any(|one| one.choices != states[0].choices);
    let waits = |one: &State| one.choices.values().any(|(_, chosen)| !one.held.contains_key(chosen));
    let rules: Vec<_> = nodes(records).into_iter().map(|node| rules(records, node)).collect();
    let differs = differs || rules.iter().any(|one| *one != rules[0]);
    differs || states.iter().any(waits) || nodes(records).into_iter().any(|node| has_open(records, node))
}

/// By key, what a node has told since its last start of the rule by which it resolves a conflict.
fn rules(records: Records<'_>, node: NodeId) -> BTreeMap<&str, (&[Dot], Option<Dot>)> {
    let mut rules = BTreeMap::new();
    for record in of_node(records, node) {
        if matches!(record.event, Event::Start { .. }) {
            rules.clear();
        }
        for seen in seen_in(record) {
            if let ReplicaSeen::Ruled { key, siblings, shown, .. } = seen {
                rules.insert(&**key, (&siblings[..], *shown));
            } else if let ReplicaSeen::Opened { key, .. } | ReplicaSeen::Closed { key } = seen {
                rules.remove(&**key);
            }
        }
    }
    rules
}

/// Whether a node has told of an open conflict since its last start, and not of its end.
fn has_open(records: Records<'_>, node: NodeId) -> bool {
    let mut open = BTreeSet::new();
    for record in of_node(records, node) {
        if matches!(record.event, Event::Start { .. }) {
            open.clear();
        }
        for seen in seen_in(record) {
            if let ReplicaSeen::Opened { key, .. } = seen {
                open.insert(key);
            } else if let ReplicaSeen::Closed { key } | ReplicaSeen::Ruled { key, .. } = seen {
                open.remove(key);
            }
        }
    }
    !open.is_empty()
}
