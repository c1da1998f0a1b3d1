//! The fingerprint of a state for all that it becomes when interchangeable nodes change places.
//!
//! Nodes are put in the order of what each is by itself: the state's fingerprint with that node called by one name and
//! all the others by another. Those that are alike in this are tried in every order, unless to change any two neighbours
//! of them changes nothing; the least fingerprint stands for all.

use super::Rules;
use super::print::{Part, Print};
use super::state::{Flight, Placed, State};
use crate::identity::NodeId;
use crate::process::Process;
use crate::symmetry::{Names, Symmetry};

/// Finds the fingerprints of states under new names.
pub(super) struct Orbit<'a, P: Process> {
    pub(super) rules: &'a Rules<P>,
    pub(super) symmetry: &'a Symmetry<P>,
    pub(super) state: &'a State<P>,
}

impl<P: Process> Orbit<'_, P> {
    /// The fingerprint that all states have which are this one but for the order of the nodes. A state in which a node
    /// waits for its disk stands for itself alone.
    pub(super) fn print(&self) -> Print {
        let Self { rules, symmetry, state } = self;
        if state.nodes.iter().any(|placed| placed.node.has_backlog()) {
            return state.own_print(rules);
        }
        let mut signed: Vec<(Print, NodeId)> =
            symmetry.nodes.iter().map(|node| (self.under(&self.singling(*node)), *node)).collect();
        signed.sort_unstable();
        let mut orders = vec![Vec::new()];
        for alike in signed.chunk_by(|one, other| one.0 == other.0) {
            let alike: Vec<NodeId> = alike.iter().map(|(_, node)| *node).collect();
            let tried = if self.is_free(&alike) { vec![alike] } else { permutations(&alike) };
            orders = orders.iter().flat_map(|order| tried.iter().map(|next| [&order[..], next].concat())).collect();
        }
        let prints = orders.into_iter().map(|order| self.under(&Names::new(order.into_iter().zip(self.names()))));
        prints.min().expect("there is an order")
    }

    fn names(&self) -> impl Iterator<Item = NodeId> {
        self.symmetry.nodes.iter().copied()
    }

    /// One node by one name, all those that may change places with it by another.
    fn singling(&self, node: NodeId) -> Names {
        let mut names = self.names();
        let (one, other) = (names.next().unwrap_or(node), names.next().unwrap_or(node));
        Names::new(self.names().map(|id| (id, if id == node { one } else { other })))
    }

    /// Whether to change places changes nothing, for any of these.
    fn is_free(&self, alike: &[NodeId]) -> bool {
        let before = self.under(&Names::default());
        alike.windows(2).all(|pair| {
            let swapped = Names::new([(pair[0], pair[1]), (pair[1], pair[0])]);
            self.under(&swapped) == before
        })
    }

    /// The state's fingerprint under new names.
    pub(super) fn under(&self, names: &Names) -> Print {
        let Self { rules, state, .. } = self;
        let patrons = state.patrons.iter().map(|patron| patron.print);
        let nodes = rules.nodes().zip(&state.nodes).map(|(id, placed)| self.node(id, placed, names));
        let flights = (0..state.flights.len()).map(|at| self.flight(at, names));
        patrons.chain(nodes).chain(flights).fold(state.spent.print(), Print::and)
    }

    fn node(&self, id: NodeId, placed: &Placed<P>, names: &Names) -> Print {
        let Symmetry { process, timer, entry, .. } = self.symmetry;
        let Placed { node, fired, .. } = placed;
        let renamed = node.process.as_ref().map(|it| process(it, names));
        let disk = node.disk.reworded(|one| entry(one, names));
        let mut timers: Vec<P::Timer> = node.timers.set_ones().map(|one| timer(one, names)).collect();
        timers.sort_unstable();
        let mut fired: Vec<(P::Timer, u32)> = fired.iter().map(|(one, count)| (timer(*one, names), *count)).collect();
        fired.sort_unstable();
        Print::of(Part::Node(names.of(id).index() as u32), &(node.life, node.boot, renamed, disk, timers, fired))
    }

    fn flight(&self, at: usize, names: &Names) -> Print {
        let flight = &*self.state.flights[at];
        let mut id = flight.id;
        id.sender = names.of(id.sender);
        let message = (self.symmetry.message)(&flight.message, names);
        let print = Flight::new(id, names.of(flight.to), 0, message).print;
        if !self.rules.discipline(&flight.message).is_queue() {
            return print;
        }
        let before = self.state.flights[..at].iter().filter(|other| self.rules.share_queue(other, flight)).count();
        Print::of(Part::Queued(before as u32), &print)
    }
}

/// All orders of some nodes.
pub(super) fn permutations(nodes: &[NodeId]) -> Vec<Vec<NodeId>> {
    let Some((last, rest)) = nodes.split_last() else { return vec![Vec::new()] };
    let with_last = |order: Vec<NodeId>| {
        (0..=order.len()).map(move |at| {
            let mut order = order.clone();
            order.insert(at, *last);
            order
        })
    };
    permutations(rest).into_iter().flat_map(with_last).collect()
}
