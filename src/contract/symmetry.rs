//! Interchangeable nodes: a subject declares them, so that an exploration treats their permutations as one state.

use std::fmt;

use crate::identity::NodeId;
use crate::process::Process;

/// Nodes that differ only in their names, and how to rename everything when they are permuted.
///
/// A subject that declares it promises that the order of these nodes does not matter: for any renaming, a step of
/// the renamed state is the renamed step. Such a node must neither draw anything nor break a tie by a name.
pub struct Symmetry<P: Process> {
    /// The interchangeable nodes.
    pub nodes: Vec<NodeId>,
    /// A renamed process. Two old names may have one new name; then the process keeps one state for both.
    pub process: fn(&P, &Names) -> P,
    /// A renamed message.
    pub message: fn(&P::Message, &Names) -> P::Message,
    /// A renamed timer.
    pub timer: fn(P::Timer, &Names) -> P::Timer,
    /// A renamed disk entry.
    pub entry: fn(&P::Entry, &Names) -> P::Entry,
}

impl<P: Process> Symmetry<P> {
    /// Interchangeable nodes whose timers and disk entries name no nodes.
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
    /// Old and new name; other names do not change.
    changed: Vec<(NodeId, NodeId)>,
}

impl Names {
    /// Renames the first of each pair to the second.
    #[must_use]
    pub fn new(changed: impl IntoIterator<Item = (NodeId, NodeId)>) -> Self {
        Self { changed: changed.into_iter().collect() }
    }

    /// The new name of a node.
    #[must_use]
    pub fn of(&self, node: NodeId) -> NodeId {
        self.changed.iter().find(|(old, _)| *old == node).map_or(node, |(_, new)| *new)
    }
}
