//! The fingerprint that a state shares with all its permutations of interchangeable nodes.
//!
//! Nodes are sorted by a signature: the state's fingerprint with that node under one name and all others under another.
//! Nodes with equal signatures are tried in every order, unless swapping any two neighbours of them changes nothing;
//! the least fingerprint represents all.

use super::Rules;
use super::fingerprint::{Fingerprint, Part};
use super::state::{Flight, Placed, State};
use crate::identity::NodeId;
use crate::process::Process;
use crate::symmetry::{Names, Symmetry};

/// Computes the fingerprints of states under permuted names.
pub(super) struct SymmetryClass<'a, P: Process> {
    pub(super) rules: &'a Rules<P>,
    pub(super) symmetry: &'a Symmetry<P>,
    pub(super) state: &'a State<P>,
}

impl<P: Process> SymmetryClass<'_, P> {
    /// The fingerprint of all states that differ from this one only by a permutation of the nodes. A state in which a
    /// node waits for its disk is not identified with others.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let Self { rules, symmetry, state } = self;
        if state.nodes.iter().any(|placed| placed.node.has_backlog()) {
            return state.own_fingerprint(rules);
        }
        let mut signed: Vec<(Fingerprint, NodeId)> =
            symmetry.nodes.iter().map(|node| (self.under(&self.singling(*node)), *node)).collect();
        signed.sort_unstable();
        let mut orders = vec![Vec::new()];
        for alike in signed.chunk_by(|one, other| one.0 == other.0) {
            let alike: Vec<NodeId> = alike.iter().map(|(_, node)| *node).collect();
            let tried = if self.is_free(&alike) { vec![alike] } else { permutations(&alike) };
            orders = orders.iter().flat_map(|order| tried.iter().map(|next| [&order[..], next].concat())).collect();
        }
        let fingerprints = orders.into_iter().map(|order| self.under(&Names::new(order.into_iter().zip(self.names()))));
        fingerprints.min().expect("there is an order")
    }

    fn names(&self) -> impl Iterator<Item = NodeId> {
        self.symmetry.nodes.iter().copied()
    }

    /// One node under one name, and all interchangeable others under another.
    fn singling(&self, node: NodeId) -> Names {
        let mut names = self.names();
        let (one, other) = (names.next().unwrap_or(node), names.next().unwrap_or(node));
        Names::new(self.names().map(|id| (id, if id == node { one } else { other })))
    }

    /// Whether swapping any of these nodes changes nothing.
    fn is_free(&self, alike: &[NodeId]) -> bool {
        let before = self.under(&Names::default());
        alike.windows(2).all(|pair| {
            let swapped = Names::new([(pair[0], pair[1]), (pair[1], pair[0])]);
            self.under(&swapped) == before
        })
    }

    /// The state's fingerprint under permuted names.
    pub(super) fn under(&self, names: &Names) -> Fingerprint {
        let Self { rules, state, .. } = self;
        let patrons = state.patrons.iter().map(|patron| patron.fingerprint);
        let nodes = rules.nodes().zip(&state.nodes).map(|(id, placed)| self.node(id, placed, names));
        let flights = (0..state.flights.len()).map(|at| self.flight(at, names));
        patrons.chain(nodes).chain(flights).fold(state.spent.fingerprint(), Fingerprint::and)
    }

    fn node(&self, id: NodeId, placed: &Placed<P>, names: &Names) -> Fingerprint {
        let Symmetry { process, timer, entry, .. } = self.symmetry;
        let Placed { node, fired, .. } = placed;
        let renamed = node.process.as_ref().map(|it| process(it, names));
        let disk = node.disk.reworded(|one| entry(one, names));
        let mut timers: Vec<P::Timer> = node.timers.set_ones().map(|one| timer(one, names)).collect();
        timers.sort_unstable();
        let mut fired: Vec<(P::Timer, u32)> = fired.iter().map(|(one, count)| (timer(*one, names), *count)).collect();
        fired.sort_unstable();
        Fingerprint::of(Part::Node(names.of(id).index() as u32), &(node.life, node.boot, renamed, disk, timers, fired))
    }

    fn flight(&self, at: usize, names: &Names) -> Fingerprint {
        let flight = &*self.state.flights[at];
        let mut id = flight.id;
        id.sender = names.of(id.sender);
        let message = (self.symmetry.message)(&flight.message, names);
        let fingerprint = Flight::new(id, names.of(flight.to), 0, message).fingerprint;
        if !self.rules.discipline(&flight.message).is_queue() {
            return fingerprint;
        }
        let before = self.state.flights[..at].iter().filter(|other| self.rules.share_queue(other, flight)).count();
        Fingerprint::of(Part::Queued(before as u32), &fingerprint)
    }
}

/// All orders of these nodes.
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
