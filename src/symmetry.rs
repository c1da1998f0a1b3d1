//! Nodes that may change places: what a subject declares so that an exploration takes their orders for one another.

use std::fmt;

use crate::identity::NodeId;
use crate::process::Process;

/// Nodes that are told apart by their names alone, and what everything is called when they change places.
///
/// Whoever declares it promises that what happens does not hang on the order of those nodes: for any new names, a step of
/// the renamed state is the renamed step. A node of them must neither draw anything nor break a tie by a name.
pub struct Symmetry<P: Process> {
    /// Those that may change places with one another.
    pub nodes: Vec<NodeId>,
    /// A process under new names. Two old names may have one new name; what the process keeps for both is then one.
    pub process: fn(&P, &Names) -> P,
    /// A message under new names.
    pub message: fn(&P::Message, &Names) -> P::Message,
    /// A timer under new names.
    pub timer: fn(P::Timer, &Names) -> P::Timer,
    /// An entry of a disk under new names.
    pub entry: fn(&P::Entry, &Names) -> P::Entry,
}

impl<P: Process> Symmetry<P> {
    /// Nodes that may change places, where timers and disks name no nodes.
    #[must_use]
    pub fn new(
        nodes: impl IntoIterator<Item = NodeId>,
        process: fn(&P, &Names) -> P,
        message: fn(&P::Message, &Names) -> P::Message,
    ) -> Self {
        let nodes = nodes.into_iter().collect();
        Self { nodes, process, message, timer: |timer, _| timer, entry: |entry, _| entry.clone() }
    }
}

impl<P: Process> Clone for Symmetry<P> {
    fn clone(&self) -> Self {
        let Self { nodes, process, message, timer, entry } = self;
        Self { nodes: nodes.clone(), process: *process, message: *message, timer: *timer, entry: *entry }
    }
}

impl<P: Process> fmt::Debug for Symmetry<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Symmetry").field("nodes", &self.nodes).finish_non_exhaustive()
    }
}

/// New names of nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Old and new name; of the others the name stays.
    changed: Vec<(NodeId, NodeId)>,
}

impl Names {
    /// The names in which each of the pairs' first is called by its second.
    #[must_use]
    pub fn new(changed: impl IntoIterator<Item = (NodeId, NodeId)>) -> Self {
        Self { changed: changed.into_iter().collect() }
    }

    /// What a node is called.
    #[must_use]
    pub fn of(&self, node: NodeId) -> NodeId {
        self.changed.iter().find(|(old, _)| *old == node).map_or(node, |(_, new)| *new)
    }
}
