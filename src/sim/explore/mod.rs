//! The step relation of an exploration: the same cluster as in a timed run, without time.
//!
//! A state holds everything that may determine the future: nodes, messages in flight, clients, and the remaining
//! budget. Everything that may happen in it is an action: a message arrives, is lost or duplicated; a timer expires, at
//! any time; a disk answers; a client invokes an operation, or its timeout expires; a node crashes, between two steps
//! or between two effects of one, or starts.

mod action;
mod change;
mod fingerprint;
mod state;
mod state_builder;
mod step;
mod step_executor;
mod symmetry_class;
#[cfg(test)]
mod tests;

pub(crate) use action::Action;
pub use fingerprint::Fingerprint;
pub(crate) use fingerprint::Part;
pub(crate) use state::State;
pub(crate) use state_builder::StateBuilder;
pub(crate) use step_executor::Ears;

use std::sync::Arc;

use crate::chance::Seed;
use crate::fault::Budget;
use crate::identity::NodeId;
use crate::network::Discipline;
use crate::process::{Lane as _, Operation, Process};
use crate::symmetry::Symmetry;
use crate::time::{LocalTime, Time};

use super::clients::Client;
use super::node::Node;
use super::outside::Clocks;
use super::{Cast, ClockError};
use state::{Flight, Patron, Placed, Spent};

/// The part that is the same on all paths of an exploration.
#[derive(Clone, Debug)]
pub(crate) struct Rules<P: Process> {
    pub(crate) seed: Seed,
    pub(crate) config: P::Config,
    disks: Vec<Vec<P::Entry>>,
    clients: Vec<Client<P>>,
    pub(crate) budget: Budget,
    /// By lane.
    disciplines: Vec<Discipline>,
    /// The reading of each node's wall clock.
    walls: Vec<LocalTime>,
    /// The timer by which a node learns that the session with a peer has ended.
    pub(crate) over: fn(NodeId) -> Option<P::Timer>,
    /// The interchangeable nodes.
    symmetry: Option<Symmetry<P>>,
}

impl<P: Process> Rules<P> {
    /// The rules for a cast; clocks as in [`Conditions`](super::Conditions).
    pub(crate) fn new(
        seed: Seed,
        cast: Cast<P>,
        clocks: &[ClockError],
        budget: Budget,
        disciplines: Vec<Discipline>,
    ) -> Self {
        let Cast { config, nodes, disk, clients } = cast;
        assert!(disciplines.len() == P::LANES.len(), "every lane has a discipline");
        assert!(budget.duplicates <= u16::MAX.into(), "copies are counted in 16 bits");
        let wall = |node: NodeId| {
            let error = clocks.get(node.index()).copied().unwrap_or_default();
            Clocks::of(&error).wall.read(Time::ZERO)
        };
        let walls = NodeId::all(nodes).map(wall).collect();
        Self {
            seed,
            config,
            disks: NodeId::all(nodes).map(disk).collect(),
            clients: clients.into_iter().map(Client::new).collect(),
            budget,
            disciplines,
            walls,
            over: |_| None,
            symmetry: None,
        }
    }

    /// Adds these operations, to be invoked by clients of their own, each client's in the given order.
    pub(crate) fn ask(&mut self, operations: Vec<Operation<P::Command>>) {
        let cast = self.clients.len();
        self.clients.extend(Client::all_written(operations, cast));
    }

    /// Identifies states that differ only by a permutation of these nodes. Has no effect if there are clients, because
    /// they know nodes by name, or if those nodes differ at the beginning.
    pub(crate) fn interchange(&mut self, symmetry: Symmetry<P>) {
        let [first, rest @ ..] = &symmetry.nodes[..] else { return };
        let like_first = |node: &NodeId| {
            let (first, node) = (first.index(), node.index());
            self.walls[first] == self.walls[node] && self.disks[first] == self.disks[node]
        };
        if self.clients.is_empty() && rest.iter().all(like_first) {
            self.symmetry = Some(symmetry);
        }
    }

    /// The interchangeable nodes: states that differ only by a permutation of them are identified.
    pub(crate) fn interchangeable(&self) -> &[NodeId] {
        self.symmetry.as_ref().map_or(&[], |symmetry| &symmetry.nodes)
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeId> + use<P> {
        NodeId::all(u32::try_from(self.disks.len()).expect("few nodes are explored"))
    }

    fn discipline(&self, message: &P::Message) -> Discipline {
        self.disciplines[message.lane().index()]
    }

    /// Whether both are in one queue.
    fn share_queue(&self, one: &Flight<P::Message>, other: &Flight<P::Message>) -> bool {
        one.has_ends_of(other) && [one, other].iter().all(|flight| self.discipline(&flight.message).is_queue())
    }

    fn has_queues(&self) -> bool {
        self.disciplines.iter().any(|discipline| discipline.is_queue())
    }

    /// The state before any event, even before the nodes' starts.
    pub(crate) fn nothing(&self) -> State<P> {
        let placed = |(id, disk): (NodeId, &Vec<P::Entry>)| {
            Arc::new(Placed::new(id, Node::new(disk.clone()), Default::default()))
        };
        let nodes: Box<[_]> = self.nodes().zip(&self.disks).map(placed).collect();
        let patron = |(index, client): (u32, &Client<P>)| {
            let mut client = client.clone();
            client.begin();
            Arc::new(Patron::new(index, client, 0))
        };
        let patrons: Box<[_]> = (0..).zip(&self.clients).map(patron).collect();
        let spent = Spent::default();
        let fingerprints =
            nodes.iter().map(|placed| placed.fingerprint).chain(patrons.iter().map(|patron| patron.fingerprint));
        let loose = fingerprints.fold(spent.fingerprint(), Fingerprint::and);
        State { nodes, flights: Vec::new(), patrons, spent, loose, depth: 0 }
    }
}
