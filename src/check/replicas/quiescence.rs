//! What replicas owe after quiescence: which of them are judged, and which versions each of them must know.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Replicas, Version};
use super::replica::Replica;
use crate::check::core::Core;
use crate::check::event_class::EventClass;
use crate::clocks::{Dot, Dots};
use crate::identity::{Actor, NodeId};
use crate::time::Time;
use crate::trace::{Event, Kinds, Record};

/// When a run quiesces, and the nodes that this heals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Quiescence {
    since: Option<Time>,
    core: Core,
}

impl Quiescence {
    /// The kinds of records that it needs.
    pub(super) const WANTS: Kinds = Kinds::CALM.with(Core::WANTS);

    pub(super) fn see(&mut self, record: &Record<'_>) {
        self.core.see(&record.event);
        if matches!(record.event, Event::Calm) {
            self.since = Some(record.time);
        }
    }

    pub(super) const fn is_reached(&self) -> bool {
        self.since.is_some()
    }

    /// `7.000ms after quiescence`, at this time, if it is reached.
    pub(super) fn before(&self, end: Time) -> Option<String> {
        self.since.map(|since| format!("{}ms after quiescence", Time::ZERO + end.since(since)))
    }

    /// Whether a replica is judged: it is live, and quiescence heals it.
    pub(super) fn judges(&self, node: NodeId, replica: &Replica) -> bool {
        *replica.lives && self.core.has(node)
    }

    /// The replicas that are judged.
    pub(super) fn judged<'m>(&'m self, model: &'m Replicas) -> impl Iterator<Item = (NodeId, &'m Replica)> {
        model.known().filter(|(node, replica)| self.judges(*node, replica))
    }

    /// The versions that every judged replica owes to cover: acknowledged by a node whose disk was never wiped or
    /// damaged, and which is judged itself; or, if it is not, known to a replica that is.
    pub(super) fn owed<'m>(&self, model: &'m Replicas) -> BTreeMap<Dot, &'m Version> {
        let mut known = Dots::new();
        self.judged(model).for_each(|(_, replica)| known.merge(replica.covered()));
        let is_owed = |dot: Dot, version: &Version| {
            let origin = dot.source.incarnation.node;
            let replica = model.replica(origin).filter(|replica| !*replica.spoilt);
            version.written.is_some()
                && replica.is_some_and(|replica| self.judges(origin, replica) || known.contains(dot))
        };
        model.versions().iter().map(|(dot, version)| (*dot, version)).filter(|(dot, one)| is_owed(*dot, one)).collect()
    }
}

/// Which replicas do not cover all that they owe to cover, kept up to date with every record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spread {
    pub(super) quiescence: Quiescence,
    owed: Dots,
    behind: BTreeSet<NodeId>,
}

impl Spread {
    /// The kinds of records that it needs.
    pub(super) const WANTS: Kinds = Quiescence::WANTS.with(Replicas::WANTS);

    pub(super) fn see(&mut self, record: &Record<'_>, model: &Replicas) {
        self.quiescence.see(record);
        if !self.quiescence.is_reached() {
            return;
        }
        let Actor::Node(node) = record.id.actor else { return self.begin(model) };
        match EventClass::of(&record.event) {
            EventClass::Start | EventClass::Death => self.begin(model),
            EventClass::Effect if matches!(record.event, Event::Fact { .. }) => self.begin(model),
            // What others than the core have written is owed once a node of the core knows of it.
            EventClass::Effect if !self.quiescence.core.is_all() => self.begin(model),
            EventClass::Effect => self.update(node, model),
            EventClass::Input | EventClass::Answer | EventClass::Pause | EventClass::Unpause | EventClass::World => {}
        }
    }

    /// Whether all cover what they owe to cover.
    pub(super) fn is_done(&self) -> bool {
        self.behind.is_empty()
    }

    fn begin(&mut self, model: &Replicas) {
        self.owed = self.quiescence.owed(model).into_keys().collect();
        self.behind.clear();
        model.known().for_each(|(node, _)| self.update(node, model));
    }

    fn update(&mut self, node: NodeId, model: &Replicas) {
        let judged = model.replica(node).filter(|replica| self.quiescence.judges(node, replica));
        if judged.is_some_and(|replica| !replica.covered().covers(&self.owed)) {
            self.behind.insert(node);
        } else {
            self.behind.remove(&node);
        }
    }
}

/// The maximum number of items in a sentence.
const NAMED: usize = 3;

/// `n1, n2, n3 and 2 more`.
pub(super) fn list(items: impl IntoIterator<Item: ToString>) -> String {
    let mut items = items.into_iter();
    let named: Vec<String> = items.by_ref().take(NAMED).map(|item| item.to_string()).collect();
    let (named, more) = (named.join(", "), items.count());
    if more > 0 { format!("{named} and {more} more") } else { named }
}

/// `n1.1-2 n2.1`, or `nothing`.
pub(super) fn named(dots: &Dots) -> String {
    if dots.is_empty() { "nothing".to_owned() } else { dots.to_string() }
}
