//! A state of an exploration: nodes, messages in flight, clients, and the remaining budget.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use smallvec::SmallVec;

use super::Rules;
use super::fingerprint::{Fingerprint, Part};
use super::symmetry_class::SymmetryClass;
use crate::fault::Budget;
use crate::identity::{Boot, MessageId, NodeId};
use crate::network::Discipline;
use crate::process::{Lane as _, Process};
use crate::sim::clients::Client;
use crate::sim::node::Node;
use crate::time::{Span, Time};

/// A state. It shares its parts with the states before it: a step replaces only those that it changes.
#[derive(Clone, Debug)]
pub(crate) struct State<P: Process> {
    pub(crate) nodes: Box<[Arc<Placed<P>>]>,
    /// In the order in which they were sent, if their lanes are queues.
    pub(crate) flights: Vec<Arc<Flight<P::Message>>>,
    pub(crate) patrons: Box<[Arc<Patron<P>>]>,
    pub(crate) spent: Spent,
    /// The fingerprint of all parts except the messages in queues.
    pub(crate) loose: Fingerprint,
    /// The number of steps from the root.
    pub(crate) depth: u32,
}

/// A node, and how often its timers expired.
#[derive(Clone, Debug)]
pub(crate) struct Placed<P: Process> {
    pub(crate) node: Node<P>,
    pub(crate) fired: Fired<P::Timer>,
    pub(crate) fingerprint: Fingerprint,
}

/// How often each timer expired, in the order of the timers; empty if that is not bounded.
pub(crate) type Fired<T> = SmallVec<[(T, u32); 2]>;

/// A client, and how often its timeouts expired.
#[derive(Clone, Debug)]
pub(crate) struct Patron<P: Process> {
    pub(crate) client: Client<P>,
    pub(crate) lapses: u32,
    pub(crate) fingerprint: Fingerprint,
}

/// A copy of a message under way.
#[derive(Clone, Debug)]
pub(crate) struct Flight<M> {
    pub(crate) id: MessageId,
    pub(crate) to: NodeId,
    pub(crate) copy: u16,
    pub(crate) message: M,
    pub(crate) fingerprint: Fingerprint,
}

/// The used part of the budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Spent {
    pub(crate) loss: u32,
    pub(crate) duplicates: u32,
    pub(crate) crashes: u32,
}

impl<P: Process> State<P> {
    /// When it was reached: each step takes a millisecond.
    pub(crate) fn instant(&self) -> Time {
        Time::ZERO + Span::from_millis(self.depth.into())
    }

    /// Its fingerprint, the same for all permutations of the interchangeable nodes.
    pub(crate) fn fingerprint(&self, rules: &Rules<P>) -> Fingerprint {
        match &rules.symmetry {
            Some(symmetry) => SymmetryClass { rules, symmetry, state: self }.fingerprint(),
            None => self.own_fingerprint(rules),
        }
    }

    pub(super) fn own_fingerprint(&self, rules: &Rules<P>) -> Fingerprint {
        if !rules.has_queues() {
            return self.loose;
        }
        let flights = self.flights.iter().map(|flight| &**flight);
        self.loose.and(queued::<P>(flights, &rules.disciplines))
    }

    /// The same state, with all counts of expired timers reset.
    pub(crate) fn unspent(mut self) -> Self {
        for (id, placed) in (0..).map(NodeId::new).zip(&mut self.nodes) {
            let fresh = Placed::new(id, placed.node.clone(), Fired::default());
            self.loose = self.loose.less(placed.fingerprint).and(fresh.fingerprint);
            *placed = Arc::new(fresh);
        }
        self
    }

    /// When the next step is taken: a millisecond later; the starts at the root take no time.
    pub(crate) fn next_instant(&self) -> Time {
        let begun = self.nodes.iter().all(|placed| placed.node.boot > Boot::default());
        Time::ZERO + Span::from_millis(u64::from(self.depth) + u64::from(begun))
    }
}

impl<P: Process> Placed<P> {
    pub(crate) fn new(id: NodeId, node: Node<P>, fired: Fired<P::Timer>) -> Self {
        let fingerprint = Fingerprint::of(Part::Node(id.index() as u32), &(&node, &fired));
        Self { node, fired, fingerprint }
    }

    /// How often a timer expired.
    pub(crate) fn count(&self, timer: P::Timer) -> u32 {
        self.fired.iter().find(|(name, _)| *name == timer).map_or(0, |(_, count)| *count)
    }
}

impl<P: Process> Patron<P> {
    pub(crate) fn new(index: u32, client: Client<P>, lapses: u32) -> Self {
        let fingerprint = Fingerprint::of(Part::Client(index), &(&client, lapses));
        Self { client, lapses, fingerprint }
    }
}

impl<M: Hash> Flight<M> {
    pub(crate) fn new(id: MessageId, to: NodeId, copy: u16, message: M) -> Self {
        let fingerprint = Fingerprint::of(Part::Flight, &(id.sender, to, &message));
        Self { id, to, copy, message, fingerprint }
    }
}

impl<M> Flight<M> {
    /// Whether both are under way from the same node to the same node.
    pub(crate) fn has_ends_of(&self, other: &Self) -> bool {
        (self.id.sender, self.to) == (other.id.sender, other.to)
    }
}

impl Spent {
    pub(crate) fn fingerprint(self) -> Fingerprint {
        Fingerprint::of(Part::Spent, &self)
    }

    pub(crate) const fn may_lose(self, budget: &Budget) -> bool {
        self.loss < budget.loss
    }

    pub(crate) const fn may_double(self, budget: &Budget) -> bool {
        self.duplicates < budget.duplicates
    }

    pub(crate) const fn may_crash(self, budget: &Budget) -> bool {
        self.crashes < budget.crashes
    }
}

/// Increments the count of a timer.
pub(crate) fn count_up<T: Copy + Ord>(fired: &mut Fired<T>, timer: T) {
    match fired.binary_search_by_key(&timer, |(name, _)| *name) {
        Ok(at) => fired[at].1 += 1,
        Err(at) => fired.insert(at, (timer, 1)),
    }
}

/// The fingerprint of the messages in queues, each with its index in its queue.
pub(crate) fn queued<'a, P: Process>(
    flights: impl Iterator<Item = &'a Flight<P::Message>> + Clone,
    disciplines: &[Discipline],
) -> Fingerprint {
    let queues = |flight: &&Flight<P::Message>| disciplines[flight.message.lane().index()].is_queue();
    let in_queues = flights.filter(queues);
    let mut fingerprint = Fingerprint::default();
    for (index, flight) in in_queues.clone().enumerate() {
        let before = in_queues.clone().take(index).filter(|other| other.has_ends_of(flight)).count();
        fingerprint = fingerprint.and(Fingerprint::of(Part::Queued(before as u32), &flight.fingerprint));
    }
    fingerprint
}

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0 as u64);
        state.write_u64((self.0 >> 64) as u64);
    }
}
