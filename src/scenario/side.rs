//! The senders or the receivers of links, and whether two such sides have a node in common.

use crate::identity::NodeId;

/// Nodes in order; all of them if there is no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Side(Option<Vec<NodeId>>);

impl Side {
    /// Every node.
    pub(super) const ALL: Self = Self(None);

    /// These nodes.
    pub(super) fn of(mut nodes: Vec<NodeId>) -> Self {
        nodes.sort_unstable();
        Self(Some(nodes))
    }

    /// Whether a node stands on both sides.
    pub(super) fn meets(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, _) | (_, None) => true,
            (Some(a), Some(b)) => a.iter().any(|node| b.binary_search(node).is_ok()),
        }
    }
}
