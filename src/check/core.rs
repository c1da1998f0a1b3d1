//! The nodes that quiescence heals, as a trace tells of them.

use std::collections::BTreeSet;

use crate::identity::NodeId;
use crate::trace::{Event, Kinds};

/// The nodes for which liveness is judged: all, unless the trace tells of a core.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Core(Option<BTreeSet<NodeId>>);

impl Core {
    /// The kinds of records that it needs.
    pub(super) const WANTS: Kinds = Kinds::CORE;

    /// Processes a record of the environment.
    pub(super) fn see(&mut self, event: &Event<'_>) {
        if let Event::Core { nodes } = event {
            self.0 = Some(nodes.iter().copied().collect());
        }
    }

    /// Whether all are.
    pub(super) const fn is_all(&self) -> bool {
        self.0.is_none()
    }

    /// Whether this node is one of them.
    pub(super) fn has(&self, node: NodeId) -> bool {
        self.0.as_ref().is_none_or(|nodes| nodes.contains(&node))
    }
}
